//! Programs about keyboards: what clients say of them in the words of XKB and of the core protocol, in turns with keys
//! that are pressed and let go of.

use super::{Chance, Id, Is, Op, Subject, Value, request};
use crate::bench::{MODIFIERS, Order, ROOT, Wire};

pub(super) const SUBJECT: Subject = Subject { clients: 3, program, start, end, leaves_traces: true };

const CORE: i64 = 0x100;
/// Letters, Shift twice, Control, Alt, Caps Lock, Num Lock, and one that clients give actions.
const KEYS: [u8; 10] = [38, 39, 40, 50, 62, 37, 64, 66, 77, 24];
/// All but bells.
const EVENTS: i64 = 0xeff;
/// Keys whose symbols and actions clients change.
const CHANGED: [i64; 3] = [24, 39, 40];

const CONTROLS: &str = "211112222112244422222222224422*1";

/// The first client hears everything, the second what it asks for, and the third knows nothing of XKB.
fn start(w: &mut Wire<'_>, clients: &[usize]) {
    for client in &clients[..2] {
        w.send_to(*client, "XKEYBOARD", 0, "22", &[1, 0]);
    }
    // Not of bells: Xvfb beeps where sticky keys stick.
    w.send_to(clients[0], "XKEYBOARD", 1, "222222", &[CORE, EVENTS, 0, EVENTS, 0xff, 0xff]);
    // Two keys at a time do not end sticky ones: Xvfb does not put out the lamps that go with what was locked.
    let mut values = vec![CORE];
    values.resize(62, 0);
    (values[11], values[15]) = (0xfbf, 8);
    w.send_to(clients[0], "XKEYBOARD", 7, CONTROLS, &values);
    // One key has two groups from the beginning: where their number changes Xvfb tells the state later.
    w.send(clients[0], 100, 1, "112*4", &[41, 4, 0, 0x61, 0x41, 0x6c1, 0x6e1]);
    for (client, x) in clients.iter().copied().zip([0, 150, 300]) {
        let window = i64::from(w.id(client, 1));
        // Keys, entering and the focus. Not entering for who knows nothing of XKB: whether groups stand for modifiers
        // there too Xvfb says now so and now so.
        let mask = 0x3 | 0x20_0000 | if client == clients[2] { 0 } else { 0x30 };
        w.send(client, 1, 0, "4422222244*4", &[window, ROOT, x, 0, 100, 100, 0, 1, 0, 1 << 11, mask]);
        w.send(client, 8, 0, "4", &[window]);
    }
    w.motion(0, 20, 20);
}

fn end(w: &mut Wire<'_>, _: &[usize]) {
    for key in KEYS {
        w.key(0, key, false);
    }
}

fn xkb(client: usize, minor: u8, layout: &'static str, values: &[i64]) -> Op {
    let values: Vec<Value> = values.iter().map(|value| Is(*value)).collect();
    Op::Extension { client, name: "XKEYBOARD", minor, layout, values }
}

fn program(seed: u64) -> Vec<Op> {
    let mut chance = Chance(seed);
    let order = if seed.is_multiple_of(2) { Order::Little } else { Order::Big };
    let mut held = Vec::new();
    (0..chance.range(40, 120))
        .map(|_| {
            let c = chance.below(2) as usize;
            match chance.below(20) {
                0..=8 => key(&mut chance, &mut held),
                9 => place(&mut chance),
                10 | 11 => question(&mut chance, c),
                // Where a key is held, these are for Xvfb like other keys.
                12 if held.is_empty() => state(&mut chance, c),
                // Whether a key that is held latches yet when sticky keys end depends in Xvfb on what was latched before.
                13 if held.is_empty() => controls(&mut chance, c),
                14 => core(&mut chance, held.is_empty()),
                15 => indicators(&mut chance, c),
                16 => selection(&mut chance),
                // Lists Xvfb reads in one byte order only.
                _ if order == Order::Big => question(&mut chance, c),
                12 | 13 => question(&mut chance, c),
                17 => names(&mut chance, c),
                _ => map(&mut chance, c),
            }
        })
        .collect()
}

fn key(chance: &mut Chance, held: &mut Vec<u8>) -> Op {
    let detail = if held.len() > 2 || (!held.is_empty() && chance.one_in(2)) {
        held[chance.below(held.len() as i64) as usize]
    } else {
        chance.of(&KEYS)
    };
    let known = held.iter().position(|held| *held == detail);
    if let Some(at) = known {
        held.remove(at);
    } else {
        held.push(detail);
    }
    Op::Fake { kind: if known.is_some() { 3 } else { 2 }, detail, x: 0, y: 0 }
}

/// Where keys go: by the pointer and by the focus.
fn place(chance: &mut Chance) -> Op {
    let c = chance.below(3) as usize;
    match chance.below(3) {
        0 => Op::Fake { kind: 6, detail: 0, x: chance.of(&[20, 170, 320]), y: 20 },
        1 => request(c, 42, 1, "44", &[Id(chance.below(3) as usize, 1), Is(0)]),
        _ => request(c, 42, 1, "44", &[Is(1), Is(0)]),
    }
}

fn question(chance: &mut Chance, c: usize) -> Op {
    match chance.below(9) {
        0 | 1 => xkb(c, 4, "22", &[CORE, 0]),
        2 => xkb(c, 6, "22", &[CORE, 0]),
        3 => xkb(c, 12, "22", &[CORE, 0]),
        4 => xkb(c, 13, "224", &[CORE, 0, -1]),
        5 => xkb(c, 17, "224", &[CORE, 0, 0x3fff]),
        6 => {
            let key = chance.of(&CHANGED);
            let two = [key, 1];
            // Not of actions: of those that are none any more Xvfb keeps the rest.
            let mut values = vec![CORE, 0, 0xee, 0, 0];
            (0..3).for_each(|_| values.extend(two));
            values.push(0xffff);
            (0..3).for_each(|_| values.extend(two));
            values.push(0);
            xkb(c, 8, "2221111111121111112", &values)
        }
        7 => request(c, 101, 0, "11", &[Is(38), Is(3)]),
        _ => request(c, chance.of(&[103, 119, 44]), 0, "", &[]),
    }
}

/// Locks and latches of modifiers and groups.
fn state(chance: &mut Chance, c: usize) -> Op {
    let mask = |chance: &mut Chance| chance.of(&[0, 1, 2, 4, 0x10, 0xff]);
    let (locked, latched) = (mask(chance), mask(chance));
    let values = [
        CORE,
        locked,
        chance.below(256) & locked,
        chance.below(2),
        chance.below(4),
        latched,
        chance.below(256) & latched,
        0,
        // Not of groups: those stay latched in Xvfb when sticky keys end.
        0,
        0,
    ];
    xkb(c, 5, "2111111112", &values)
}

/// Not those that act at their times.
fn controls(chance: &mut Chance, c: usize) -> Op {
    // Sticky keys and overlays. Not that locked groups are ignored: what grabs see then Xvfb tells later.
    let affected = chance.of(&[0, 8, 8, 0xc00]);
    let enabled = chance.below(0x2000) & affected;
    // Groups' wrapping and numbers. Not modifiers that are internal, or that grabs do not see: Xvfb tells later.
    let change = chance.of(&[0, 1 << 27, 0x80, 0x20, 0x2]);
    let mut values = vec![CORE, 0, 0, 0, 0];
    values.extend([0; 4]);
    values.extend([1, chance.of(&[0, 0x40, 0x80, 0x81]), 0, 0]);
    values.extend([affected, enabled, change]);
    // Repetition, slow and bouncing keys, the pointer's, timeouts
    values.extend([30_000, 10, 20_000, 20_000, 30_000, 30_000, 30, 500, 0, 500, 0, 0, 0, 0]);
    values.extend([0; 32]);
    xkb(c, 7, CONTROLS, &values)
}

/// What the core protocol sets. Modifiers only while no key is held: Xvfb is busy also where those that change are not.
fn core(chance: &mut Chance, free: bool) -> Op {
    let c = chance.below(3) as usize;
    match chance.below(3) {
        0 => {
            let key = chance.of(&CHANGED);
            let symbol = |chance: &mut Chance| Is(chance.of(&[0, 0x61, 0x41, 0x6c1, 0x6e1, 0xffe1, 0x31]));
            let per_key = chance.range(1, 5);
            let mut values = vec![Is(key), Is(per_key), Is(0)];
            values.extend((0..per_key).map(|_| symbol(chance)));
            request(c, 100, 1, "112*4", &values)
        }
        1 if free => {
            // A letter on the modifier that no key is. Where others change, what groups stand for does, and Xvfb tells
            // that later.
            let mut keys: Vec<Value> = MODIFIERS.into_iter().map(Is).collect();
            keys[20] = Is(chance.of(&[0, 24, 39, 40]));
            request(c, 118, 4, "*1", &keys)
        }
        _ => request(c, 102, 0, "4*4", &[Is(1 << 4 | 1 << 5), Is(chance.range(1, 12)), Is(chance.below(2))]),
    }
}

fn indicators(chance: &mut Chance, c: usize) -> Op {
    let index = chance.below(8);
    // None drives the keyboard: then Xvfb does not tell of the state that it has changed.
    let flags = chance.of(&[0, 0, 0x40]);
    let groups = chance.of(&[[0, 0], [0, 0], [4, 2], [1, 1]]);
    let modifiers = chance.of(&[[0, 0], [4, 2], [1, 1], [2, 0x10]]);
    // None shows controls: Xvfb tells of those apart from others that change with them.
    let controls = 0;
    let values = [
        CORE,
        0,
        1 << index,
        flags,
        groups[0],
        groups[1],
        modifiers[0],
        modifiers[1],
        modifiers[1],
        0,
        controls,
    ];
    match chance.below(3) {
        0 => {
            let values = [
                CORE,
                0x300,
                0x400,
                0,
                chance.range(39, 43),
                chance.below(2),
                chance.below(2),
                0,
                1,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            ];
            xkb(c, 16, "22224111111111124", &values)
        }
        _ => xkb(c, 14, "22411111124", &values),
    }
}

/// What the second client wants to hear.
fn selection(chance: &mut Chance) -> Op {
    match chance.below(3) {
        0 => {
            let affected = chance.below(0x1000) & EVENTS & !2;
            let clear = chance.below(0x1000) & affected;
            xkb(1, 1, "222222", &[CORE, affected, clear, affected & !clear, 0, 0])
        }
        1 => {
            let details = chance.below(0x4000);
            xkb(1, 1, "22222222", &[CORE, 4, 0, 0, 0, 0, details, chance.below(0x4000) & details])
        }
        _ => xkb(
            chance.below(2) as usize,
            21,
            "2244444",
            &[CORE, 0, 0x1f, chance.of(&[0, 2, 8, 0xa]), 0, 0, 0],
        ),
    }
}

fn names(chance: &mut Chance, c: usize) -> Op {
    let name = |chance: &mut Chance| chance.range(39, 60);
    let first = chance.below(20);
    match chance.below(3) {
        0 => {
            let (a, b) = (name(chance), name(chance));
            let head = [CORE, 0, 0x100, 0, 0, 0, 0, 3 << first, 0, 0, 0, 0, 0, 0, 0];
            xkb(c, 18, "22411114111111244", &[&head[..], &[a, b]].concat())
        }
        1 => {
            let head = [CORE, 0, 0x40, first, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            xkb(c, 18, "2241111411111124", &[&head[..], &[name(chance)]].concat())
        }
        _ => {
            let head = [CORE, 0, 0x200, 0, 0, 0, 0, 0, 0, 0, chance.of(&[38, 39, 50]), 1, 0, 0, 0];
            xkb(c, 18, "2241111411111121111", &[&head[..], &[65, chance.range(65, 90), 67, 68]].concat())
        }
    }
}

/// No behaviours, explicit components, modifiers and virtual ones in a `SetMap`.
const NO: [i64; 12] = [0; 12];

/// Symbols, actions and the rest of keys.
fn map(chance: &mut Chance, c: usize) -> Op {
    let key = chance.of(&CHANGED);
    let head = |present: i64, flags: i64, syms: [i64; 3], actions: [i64; 3], others: [i64; 12]| {
        let mut values = vec![CORE, present, flags, 8, 255, 0, 0];
        values.extend(syms);
        values.extend(actions);
        values.extend(others);
        values.push(0);
        values
    };
    match chance.below(4) {
        0 => {
            let mut values = head(1 << 1, 2, [key, 1, 4], [0; 3], NO);
            let symbol = |chance: &mut Chance| chance.of(&[0x61, 0x41, 0x6d9, 0x6f9, 0x31, 0]);
            let kinds = [chance.range(1, 4), chance.range(1, 4)];
            values.extend([kinds[0], kinds[1], 1, 1, 2, 2, 4]);
            values.extend((0..4).map(|_| symbol(chance)));
            xkb(c, 9, "222111111211211111111111121111112*4", &values)
        }
        1 => {
            let key = 24;
            let mut values = head(1 << 4, 0, [0; 3], [key, 1, 2], NO);
            values.extend([2, 0, 0, 0]);
            for _ in 0..2 {
                values.extend(action(chance));
            }
            xkb(c, 9, "22211111121121111111111112*1", &values)
        }
        2 => {
            let explicit = chance.of(&[0, 1, 0x20, 0x80]);
            let mut values = head(1 << 3, 0, [0; 3], [0; 3], [0, 0, 0, key, 1, 1, 0, 0, 0, 0, 0, 0]);
            values.extend([key, explicit, 0, 0]);
            xkb(c, 9, "22211111121121111111111112*1", &values)
        }
        _ => {
            let modifiers = chance.of(&[0, 0x20, 0x80, 4]);
            let mut values = head(1 << 2, 0, [0; 3], [0; 3], [0, 0, 0, 0, 0, 0, key, 1, 1, 0, 0, 0]);
            values.extend([key, modifiers, 0, 0]);
            xkb(c, 9, "22211111121121111111111112*1", &values)
        }
    }
}

/// Of modifiers, groups, controls and messages; not of the pointer.
fn action(chance: &mut Chance) -> [i64; 8] {
    let modifier = chance.of(&[1, 2, 4, 0x10]);
    let group = chance.of(&[1, -1, 2]);
    match chance.below(9) {
        0 => [1, chance.below(2), modifier, modifier, 0, 0, 0, 0],
        1 => [2, chance.below(4), modifier, modifier, 0, 0, 0, 0],
        2 => [3, chance.below(4), modifier, modifier, 0, 0, 0, 0],
        3 => [4, 4 * chance.below(2) + chance.below(2), group, 0, 0, 0, 0, 0],
        4 => [5, 4 * chance.below(2) + chance.below(4), group, 0, 0, 0, 0, 0],
        5 => [6, 4 * chance.below(2), group, 0, 0, 0, 0, 0],
        6 => [14, 0, 0, 0, 0, 8, 0, 0],
        7 => [16, chance.below(8), 0x61, 0x62, 0x63, 0x64, 0x65, 0x66],
        _ => [0; 8],
    }
}
