//! Any bytes from the X server: replies, events and errors to be coded.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use nx::{ChannelId, Config, Display};

fuzz_target!(|data: &[u8]| {
    let now = Instant::now();
    let mut display = Display::new(Config::default(), now);
    let words = "NXPROXY-3.5.0-3.5.99 link=adsl,pack=none,cache=1m,type=agent,images=0,delta=1,stream=0,data=0 cachelist=none ";
    let _ = display.receive(words.as_bytes(), now);
    let _ = display.receive(&[0, 0, 1, 0, 5, 1, 14, 0x30, 0x36, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], now);
    // The first byte says how long a piece of the payload comes first: requests that expect replies.
    let [n, rest @ ..] = data else { return };
    let (requests, server) = rest.split_at((*n as usize).min(rest.len()).min(126));
    let mut item = vec![requests.len() as u8 + 1];
    item.extend_from_slice(requests);
    item.push(0);
    let _ = display.receive(&item, now);
    while display.poll_event(now).is_some() {}
    display.x11_from_server(ChannelId(1), &[1, 0, 11, 0, 0, 0, 0, 0], now);
    for piece in server.chunks(100) {
        display.x11_from_server(ChannelId(1), piece, now);
    }
    display.handle_timeout(now + Duration::from_secs(1));
    display.transmit(now);
});
