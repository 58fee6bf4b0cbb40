//! Any bytes as the first ones of a link.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use nx::{Config, Display};

fuzz_target!(|data: &[u8]| {
    let now = Instant::now();
    let mut display = Display::new(Config::default(), now);
    let _ = display.receive(data, now);
    while display.poll_event(now).is_some() {}
    display.transmit(now);
});
