//! Any bytes behind a good handshake, at the application side: frames, control items, coded replies, events, errors. The
//! first byte chooses between raw and differential coding, the second says how many requests are awaited.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use nx::{Application, ApplicationConfig, Options};

fuzz_target!(|data: &[u8]| {
    let [delta, awaited, rest @ ..] = data else { return };
    let now = Instant::now();
    let options = Options { delta: delta & 1 == 1, cache: 1 << 20, ..Options::default() };
    let mut application = Application::new(ApplicationConfig { options, ..ApplicationConfig::default() }, now);
    let _ = application.receive(b"NXPROXY-3.5.0-3.5.99 stream=0,data=0 cachefile=none ", now);
    let Some(channel) = application.open() else { return };
    application.x11_from_client(channel, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // Requests whose replies have layouts of their own, each long enough.
    let typed = [3, 14, 15, 16, 17, 20, 23, 38, 40, 43, 47, 49, 73, 84, 85, 91, 97, 98, 99, 101, 103, 117, 119];
    for opcode in typed.iter().cycle().skip(*awaited as usize).take(*awaited as usize % 32) {
        let mut request = [0; 24];
        request[0] = *opcode;
        request[2] = 6;
        application.x11_from_client(channel, &request);
    }
    let _ = application.receive(&[0, 5, 1], now);
    for piece in rest.chunks(200) {
        let _ = application.receive(piece, now);
        while application.poll_event(now).is_some() {}
        application.transmit(now);
    }
});
