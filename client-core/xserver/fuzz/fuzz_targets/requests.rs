//! Two clients send whatever the fuzzer makes, in portions, while there is input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xserver::{Config, Limits, Server};

#[path = "../../tests/fixture/keymaps.rs"]
mod keymaps;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { pixmap_bytes: 16 << 20, output_bytes: 16 << 20, ..Limits::default() };
    let mut server = Server::new(Config {
        width: 64,
        height: 48,
        limits,
        keymaps: Some(keymaps::SMALL),
        ..Config::default()
    });
    let clients: Vec<_> = (0..2).filter_map(|_| server.connect()).collect();
    for (client, order) in clients.iter().zip([b'l', b'B']) {
        let version = if order == b'l' { [11, 0] } else { [0, 11] };
        let _ = server.receive(*client, &[order, 0, version[0], version[1], 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    let mut time = 1;
    for portion in data.chunks(64) {
        let Some((control, bytes)) = portion.split_first() else { continue };
        let client = clients[usize::from(control & 1)];
        if server.receive(client, bytes).is_err() {
            break;
        }
        time += u32::from(*control);
        server.set_time(time);
        match control >> 1 & 3 {
            0 => server.pointer_motion(i16::from(*control), i16::from(bytes.first().copied().unwrap_or(0))),
            1 => server.button(control >> 3 & 7, control & 0x80 != 0),
            2 => server.key(*control, control & 0x40 != 0),
            _ => {}
        }
        let _ = server.take_damage();
    }
    for client in clients {
        server.disconnect(client);
    }
});
