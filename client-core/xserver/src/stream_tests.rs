//! Streams of requests, sensible and senseless, from several clients and devices, with what has to hold checked after
//! each. `STREAM_SECONDS` says how long, `STREAM_SEED` which.

#[path = "../tests/fixture/dice.rs"]
mod dice;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dice::Dice;

use crate::client::{ClientId, Phase};
use crate::resource::{Resource, Xid};
use crate::server::{ROOT, Server};
use crate::{Config, Limits};

/// Something that happens to the server.
#[derive(Debug, Clone)]
enum Op {
    Connect,
    Disconnect(usize),
    Request { client: usize, bytes: Vec<u8> },
    Key(u8, bool),
    Button(u8, bool),
    Motion(i16, i16),
    Pass(u32),
    Resize(u16, u16),
}

/// The shapes of the core requests' bodies: `w` window, `d` drawable, `p` pixmap, `g` GC, `f` font, `c` cursor, `m`
/// colormap, `n` new id, `a` atom, `t` time, `2` a number, `4` four bytes of anything, `k` a small mask, `s` the name of a
/// font or a pattern, with its length.
const BODIES: [(u8, &str); 85] = [
    (1, "nw2222kk4k4"),
    (1, "nw222210400000000"),
    (1, "nw222210400000000"),
    (2, "wk4"),
    (3, "w"),
    (4, "w"),
    (5, "w"),
    (6, "w"),
    (7, "ww22"),
    (8, "w"),
    (8, "w"),
    (9, "w"),
    (10, "w"),
    (11, "w"),
    (12, "wk4"),
    (12, "wk44"),
    (13, "w"),
    (14, "d"),
    (15, "w"),
    (17, "a"),
    (18, "waa40"),
    (19, "wa"),
    (20, "wat44"),
    (21, "w"),
    (22, "wat"),
    (23, "a"),
    (24, "waaat"),
    (25, "wk44444444"),
    (26, "wk4wct"),
    (27, "t"),
    (28, "wk4wc4"),
    (29, "w4"),
    (30, "ctk"),
    (31, "wt4"),
    (32, "t"),
    (33, "w44"),
    (34, "w4"),
    (35, "t"),
    (36, ""),
    (37, ""),
    (38, "w"),
    (40, "ww2"),
    (41, "ww2222"),
    (42, "wt"),
    (43, ""),
    (45, "ns"),
    (45, "ns"),
    (45, "ns"),
    (46, "f"),
    (47, "f"),
    (48, "f44"),
    (49, "s"),
    (50, "s"),
    (53, "nd22"),
    (54, "p"),
    (55, "ndk4"),
    (56, "gk4"),
    (57, "ggk"),
    (59, "g2222"),
    (60, "g"),
    (61, "w2222"),
    (62, "ddg222222"),
    (65, "dg22222222"),
    (68, "dg222222"),
    (69, "dgk222222"),
    (70, "dg22222222"),
    (71, "dg222222"),
    (73, "d2222k"),
    (74, "dg22442"),
    (75, "dg22442"),
    (76, "dg224"),
    (77, "dg2244"),
    (78, "nw4"),
    (79, "m"),
    (80, "nm"),
    (81, "m"),
    (84, "m2222"),
    (86, "m2"),
    (88, "mk44"),
    (93, "npp2222222"),
    (94, "nff22222222"),
    (95, "c"),
    (112, ""),
    (113, "w"),
    (115, ""),
];

fn number(dice: &mut Dice) -> u16 {
    match dice.below(8) {
        0 => dice.word() as u16,
        1 => 0,
        2 => (dice.below(60) as i16 - 30) as u16,
        _ => dice.below(80) as u16,
    }
}

fn any_id(dice: &mut Dice, base: u32) -> u32 {
    match dice.below(12) {
        0 => ROOT,
        1 => dice.below(3),
        2 => dice.word(),
        3 => ((1 + dice.below(4)) << 21) + dice.below(24),
        _ => base + dice.below(24),
    }
}

/// A font's name, mostly of one that is there or can be made.
fn font_name(dice: &mut Dice) -> String {
    let size = |dice: &mut Dice| match dice.below(6) {
        0 => "*".to_owned(),
        1 => dice.word().to_string(),
        2 => "0".to_owned(),
        _ => dice.below(60).to_string(),
    };
    match dice.below(5) {
        0 => "fixed".to_owned(),
        1 => "?ix*d".to_owned(),
        2 => format!("-misc-*-{}", size(dice)),
        _ => {
            let [pixels, points, x, y, width] = [(); 5].map(|()| size(dice));
            format!("-misc-fixed-medium-r-*--{pixels}-{points}-{x}-{y}-c-{width}-iso8859-1")
        }
    }
}

fn request(dice: &mut Dice, base: u32) -> Vec<u8> {
    let mut body = Vec::new();
    let major;
    let mut data = dice.below(4) as u8;
    if dice.one_in(3) {
        // An extension's: ids, masks and numbers in any order
        major = 128 + dice.below(15) as u8;
        data = dice.below(64) as u8;
        for _ in 0..dice.below(14) {
            let word = match dice.below(5) {
                0 | 1 => any_id(dice, base),
                2 => u32::from(number(dice)) | u32::from(number(dice)) << 16,
                3 => dice.below(8),
                _ => 1_u32.checked_shl(dice.below(34)).unwrap_or(0),
            };
            body.extend(word.to_ne_bytes());
        }
    } else if dice.one_in(12) {
        major = dice.below(128) as u8;
        for _ in 0..dice.below(12) {
            body.extend(any_id(dice, base).to_ne_bytes());
        }
    } else {
        let (opcode, shape) = BODIES[dice.below(BODIES.len() as u32) as usize];
        major = opcode;
        if matches!(major, 1 | 53) {
            data = [0, 0, 1, 24, 32][dice.below(5) as usize];
        }
        for field in shape.bytes() {
            match field {
                b'2' => body.extend(number(dice).to_ne_bytes()),
                b'1' => body.extend([1, 0]),
                b'0' => body.push(0),
                b'k' => {
                    let bits = 1_u32.checked_shl(dice.below(26)).unwrap_or(0) | 1_u32 << dice.below(16);
                    body.extend(if dice.one_in(3) { 0 } else { bits }.to_ne_bytes());
                }
                b'4' => body.extend(if dice.one_in(3) { dice.word() } else { dice.below(6) }.to_ne_bytes()),
                b'a' => body.extend((1 + dice.below(70)).to_ne_bytes()),
                b't' => body.extend([0; 4]),
                b'n' => body.extend((base + dice.below(24)).to_ne_bytes()),
                b's' => {
                    let name = font_name(dice);
                    // How many names are wanted comes first, where names are listed; else bytes that say nothing.
                    let length = name.len() as u16;
                    let halves = if major == 45 { [length, 0] } else { [dice.below(40) as u16, length] };
                    body.extend(halves.into_iter().flat_map(u16::to_ne_bytes));
                    body.extend(name.into_bytes());
                }
                _ => body.extend(any_id(dice, base).to_ne_bytes()),
            }
        }
        // Masks and lists of values have to fit each other, mostly.
        if major == 1 && body.len() >= 28 {
            let count = u32::from_ne_bytes([body[24], body[25], body[26], body[27]]).count_ones() as usize;
            body.resize(28 + 4 * count, dice.below(3) as u8);
        }
        if matches!(major, 2 | 56) && body.len() >= 8 {
            let count = u32::from_ne_bytes([body[4], body[5], body[6], body[7]]).count_ones() as usize;
            let value = any_id(dice, base).to_ne_bytes();
            body.truncate(8);
            (0..count).for_each(|_| body.extend(value));
        }
        if major == 12 && body.len() >= 8 {
            let mask = dice.below(128) as u16;
            body[4..8].copy_from_slice(&[mask as u8, 0, 0, 0]);
            body.truncate(8);
            for _ in 0..mask.count_ones() {
                body.extend((u32::from(number(dice))).to_ne_bytes());
            }
        }
    }
    body.resize(body.len().next_multiple_of(4), 0);
    let mut bytes = vec![major, data];
    bytes.extend(((body.len() / 4 + 1) as u16).to_ne_bytes());
    bytes.extend(body);
    bytes
}

fn op(dice: &mut Dice) -> Op {
    match dice.below(60) {
        0 => Op::Connect,
        1 if dice.one_in(3) => Op::Disconnect(dice.below(4) as usize),
        2..=4 => Op::Key([38, 50, 37, 66, 77, 200][dice.below(6) as usize], dice.one_in(2)),
        5..=7 => Op::Button(1 + dice.below(7) as u8, dice.one_in(2)),
        8..=11 => Op::Motion(dice.below(120) as i16 - 10, dice.below(100) as i16 - 10),
        12 => Op::Pass(dice.below(2000)),
        13 if dice.one_in(20) => Op::Resize(20 + dice.below(100) as u16, 20 + dice.below(80) as u16),
        _ => {
            let client = dice.below(4) as usize;
            Op::Request { client, bytes: request(dice, (client as u32 + 1) << 21) }
        }
    }
}

/// What has to hold between requests.
fn check(server: &Server) -> Result<(), String> {
    let mut owned: HashMap<ClientId, (usize, usize)> = HashMap::new();
    let mut property_bytes = 0;
    for (id, resource) in &server.resources {
        let owner = server.owner(*id);
        if owner != ClientId::SERVER && server.client(owner).is_none() {
            return Err(format!("{id:#x} is of a client that is no more"));
        }
        let used = owned.entry(owner).or_default();
        used.0 += 1;
        match resource {
            Resource::Pixmap(pixmap) => used.1 += pixmap.bytes(),
            Resource::Window(window) => {
                property_bytes += window.properties.iter().map(|(_, it)| it.cost()).sum::<usize>();
                check_window(server, *id)?;
            }
            _ => {}
        }
    }
    for client in server.clients() {
        let (resources, bytes) = owned.get(&client.id).copied().unwrap_or_default();
        if (client.resources, client.pixmap_bytes) != (resources, bytes) {
            return Err(format!("{:?} is said to have {} and has {resources}", client.id, client.resources));
        }
        if client.phase == Phase::Running && client.output.len() > client.output_limit {
            return Err(format!("{:?} has too much to read", client.id));
        }
    }
    if property_bytes != server.property_bytes {
        return Err(format!("properties have {property_bytes} bytes, not {}", server.property_bytes));
    }
    let input = &server.input;
    let viewable = |id: Xid| server.window(id).is_ok_and(|window| window.viewable);
    if !viewable(input.pointer.window) {
        return Err(format!("the pointer is in {:#x}, which is not viewable", input.pointer.window));
    }
    if input.focus.window > 1 && !viewable(input.focus.window) {
        return Err(format!("the focus is {:#x}, which is not viewable", input.focus.window));
    }
    for grab in [&input.pointer_grab, &input.keyboard_grab].into_iter().flatten() {
        if !viewable(grab.window) || (grab.confine_to != 0 && !viewable(grab.confine_to)) {
            return Err(format!("a grab is on {:#x}, which is not viewable", grab.window));
        }
        if server.client(grab.client).is_none_or(|client| client.phase != Phase::Running) {
            return Err(format!("a grab is of {:?}, which is no more", grab.client));
        }
    }
    for owner in &server.selections.owners {
        if owner.window != 0 && server.window(owner.window).is_err() {
            return Err(format!("a selection is owned by {:#x}, which is no more", owner.window));
        }
    }
    if let Some(damage) = server.damages.iter().find(|id| server.damage_object(**id).is_err()) {
        return Err(format!("damage {damage:#x} is listed and is no more"));
    }
    Ok(())
}

fn check_window(server: &Server, id: Xid) -> Result<(), String> {
    let window = server.window(id).map_err(|_| "no window".to_owned())?;
    let parent = server.window(window.parent).ok();
    if id != ROOT {
        let Some(parent) = parent else { return Err(format!("{id:#x} has no parent")) };
        if parent.children.iter().filter(|child| **child == id).count() != 1 {
            return Err(format!("{id:#x} is not once among its parent's children"));
        }
        if window.viewable != (window.mapped && parent.viewable) {
            return Err(format!("{id:#x} is viewable: {}", window.viewable));
        }
        let border = i32::from(window.border_width);
        let place =
            (parent.origin.0 + i32::from(window.x) + border, parent.origin.1 + i32::from(window.y) + border);
        if window.origin != place {
            return Err(format!("{id:#x} is at {:?} and should be at {place:?}", window.origin));
        }
    }
    let shows = !window.clip.is_empty() || !window.outer_clip.is_empty();
    if shows && !window.viewable {
        return Err(format!("{id:#x} is not viewable and shows"));
    }
    if !window.clip.subtract(&window.outer_clip).is_empty() {
        return Err(format!("{id:#x} shows more inside than out"));
    }
    let mut seen = window.clip.as_ref().clone();
    for child in &window.children {
        let Ok(child) = server.window(*child) else {
            return Err(format!("{child:#x} is a child and no more"));
        };
        if child.parent != id {
            return Err(format!("{:#x} is a child of two", child.id));
        }
        if !child.outer_clip.intersect(&seen).is_empty() {
            return Err(format!("{:#x} shows where another window does", child.id));
        }
        seen = seen.union(&child.outer_clip);
    }
    if !seen.subtract(&window.outer_clip).is_empty() {
        return Err(format!("the children of {id:#x} show outside of it"));
    }
    Ok(())
}

/// Runs some hundred operations; what was done last if something does not hold.
fn run(seed: u64, steps: usize) -> Result<(), String> {
    let limits = Limits { pixmap_bytes: 4 << 20, output_bytes: 1 << 20, clients: 255, ..Limits::default() };
    let mut server = Server::new(Config { width: 100, height: 80, limits, ..Config::default() });
    let mut dice = Dice::new(seed);
    let mut clients: Vec<Option<ClientId>> = vec![None; 4];
    let mut time = 1;
    let mut last = Vec::new();
    for step in 0..steps {
        let op = if step < 2 { Op::Connect } else { op(&mut dice) };
        last.push(op.clone());
        match op {
            Op::Connect => {
                if let Some(place) = clients.iter_mut().find(|place| place.is_none())
                    && let Some(id) = server.connect()
                {
                    let _ = server.receive(id, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                    *place = Some(id);
                }
            }
            Op::Disconnect(at) => {
                if let Some(id) = clients[at].take() {
                    server.disconnect(id);
                }
            }
            Op::Request { client, bytes } => {
                if let Some(id) = clients[client]
                    && server.receive(id, &bytes).is_err()
                {
                    clients[client] = None;
                    server.disconnect(id);
                }
            }
            Op::Key(code, pressed) => server.key(code, pressed),
            Op::Button(number, pressed) => server.button(number, pressed),
            Op::Motion(x, y) => server.pointer_motion(x, y),
            Op::Pass(milliseconds) => {
                time += milliseconds;
                server.set_time(time);
            }
            Op::Resize(width, height) => server.resize(width, height, 96),
        }
        while let Some(event) = server.poll_event() {
            if let crate::ServerEvent::ClientFault { client, .. } = event {
                clients.iter_mut().filter(|place| **place == Some(client)).for_each(|place| *place = None);
                server.disconnect(client);
            }
        }
        for id in clients.iter().flatten() {
            if let Some(output) = server.output(*id) {
                output.clear();
            }
        }
        if let Err(problem) = check(&server) {
            let tail = &last[last.len().saturating_sub(3)..];
            return Err(format!("seed {seed}, step {step}: {problem}, after {tail:?}"));
        }
    }
    for id in clients.into_iter().flatten() {
        server.disconnect(id);
        check(&server).map_err(|problem| format!("seed {seed}, at the end: {problem}"))?;
    }
    Ok(())
}

#[test]
fn nothing_that_clients_and_devices_do_breaks_what_has_to_hold() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let length = Duration::from_secs(setting("STREAM_SECONDS").unwrap_or(3));
    let start = Instant::now();
    let mut seed = setting("STREAM_SEED").unwrap_or(1);
    while start.elapsed() < length {
        if let Err(problem) = run(seed, 400) {
            panic!("{problem}");
        }
        seed += 1;
    }
    eprintln!("{seed} streams held");
}
