//! A keymap database whose files are whatever the fuzzer makes, divided by NUL: rules, keycodes, types, compatibility,
//! symbols, geometry.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use xserver::{Config, KeyboardNames, KeymapFiles, Server};

thread_local! {
    static FILES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

const FOLDERS: [&str; 6] = ["rules", "keycodes", "types", "compat", "symbols", "geometry"];
const RULES: &[u8] =
    b"! model layout = symbols\n * * = %l(%v)+%l:2\n! model = keycodes\n * = a\n! model = types\n * = a\n\
    ! model = compat\n * = a\n! model = geometry\n * = a\n";

/// Any file of a folder is the same one.
fn read(path: &str) -> Option<Vec<u8>> {
    let folder = FOLDERS.iter().position(|folder| path.starts_with(folder))?;
    FILES.with_borrow(|files| match files.split(|byte| *byte == 0).nth(folder) {
        Some([]) if folder == 0 => Some(RULES.to_vec()),
        file => file.map(<[u8]>::to_vec),
    })
}

fn keysym(name: &str) -> Option<u32> {
    name.bytes().next().map(u32::from)
}

fuzz_target!(|data: &[u8]| {
    FILES.set(data.to_vec());
    let keyboard = KeyboardNames { variant: "b".to_owned(), ..KeyboardNames::default() };
    let keymaps = Some(KeymapFiles { read, keysym });
    let mut server = Server::new(Config { width: 8, height: 8, keyboard, keymaps, ..Config::default() });
    server.key(38, true);
    server.key(38, false);
});
