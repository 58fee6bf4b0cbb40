//! Any bytes as a file of saved stores: what opens is what would be written, and
//! a session can begin with it.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use nx::{Config, Display, SavedStores};

fuzz_target!(|data: &[u8]| {
    let Ok(saved) = SavedStores::open(data) else { return };
    assert_eq!(SavedStores::open(&saved.to_bytes()).as_ref(), Ok(&saved));
    let now = Instant::now();
    let words = format!(
        "NXPROXY-3.5.0-3.5.99 link=adsl,pack=none,cache=8m,type=agent,images=0,delta=1,stream=0,data=0 cachelist=C-{} ",
        saved.name(),
    );
    let mut display = Display::new(Config { saved: Some(saved), ..Config::default() }, now);
    let _ = display.receive(words.as_bytes(), now);
    let _ = display.receive(&[0, 14, 0, 0, 0, 1], now);
});
