//! Any bytes behind a good handshake: frames, control items, coded requests, packed images. The first byte chooses
//! between raw and differential coding, the second whether the stream is compressed.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use nx::{ChannelId, Config, Display, Event};

fuzz_target!(|data: &[u8]| {
    let [delta, stream, rest @ ..] = data else { return };
    let now = Instant::now();
    let mut display = Display::new(Config::default(), now);
    let words = format!(
        "NXPROXY-3.5.0-3.5.99 link=adsl,pack=none,cache=1m,type=agent,images=0,delta={},stream={},data=0 cachelist=none ",
        delta & 1,
        stream & 1,
    );
    let _ = display.receive(words.as_bytes(), now);
    if stream & 1 == 0 {
        // An open channel whose setup has passed.
        let _ = display.receive(&[0, 0, 1, 0, 5, 1, 14, 0x30, 0x36, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], now);
        display.x11_from_server(ChannelId(1), &[1, 0, 11, 0, 0, 0, 0, 0], now);
    }
    for piece in rest.chunks(200) {
        let _ = display.receive(piece, now);
        let mut delivered = 0;
        while let Some(event) = display.poll_event(now) {
            if let Event::X11 { bytes, .. } = event {
                delivered += bytes.len();
            }
            // A few bytes can stand for much X11; an owner stops reading, we stop looking.
            if delivered > 64 << 20 {
                return;
            }
        }
        display.transmit(now);
    }
});
