//! The keymap database that X installations share (`/usr/share/X11/xkb`, or where `XKB_CONFIG_ROOT` says).

use std::fs::File;
use std::io::Read;
use std::path::Path;

use kbvm::Keysym;
use xserver::KeymapFiles;

pub(crate) const FILES: KeymapFiles = KeymapFiles { read, keysym };

fn read(path: &str) -> Option<Vec<u8>> {
    const LARGEST: u64 = 4 << 20;
    let root = std::env::var_os("XKB_CONFIG_ROOT").unwrap_or_else(|| "/usr/share/X11/xkb".into());
    let file = File::open(Path::new(&root).join(path)).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn keysym(name: &str) -> Option<u32> {
    Keysym::from_str(name).map(|keysym| keysym.0)
}
