//! Programs made by chance: windows, input, grabs, focus, selections, properties, regions and alarms of several clients,
//! each request as likely to be in the way of another as in a busy session. What no one thinks of writing as a scenario is
//! found here.
//!
//! A program is a list of operations with all their values in it, so that one that shows a difference can be made
//! shorter by leaving operations out.
//!
//! One session in some thousands still shows a difference. Now and then a program ends Xvfb itself.

use crate::bench::{Order, ROOT, Wire, Xvfb, differences_in};

mod keyboards;
mod screens;

/// A value of a request.
#[derive(Debug, Clone, Copy)]
enum Value {
    Is(i64),
    /// A client's id of this number.
    Id(usize, u32),
}

#[derive(Debug, Clone)]
enum Op {
    Request { client: usize, major: u8, data: u8, layout: &'static str, values: Vec<Value> },
    Extension { client: usize, name: &'static str, minor: u8, layout: &'static str, values: Vec<Value> },
    Fake { kind: u8, detail: u8, x: i16, y: i16 },
    Close { client: usize },
}

use Value::{Id, Is};

/// What a program has: so many clients, each with so many windows.
const CLIENTS: usize = 3;
const WINDOWS: u32 = 5;
/// Buttons and keys that are pressed, each once: where a device is frozen, Xvfb loses a release that is followed by a
/// press of the same.
const BUTTONS: [u8; 6] = [1, 2, 3, 8, 9, 10];
const KEYS: [u8; 8] = [38, 39, 40, 41, 42, 43, 44, 45];

/// Numbers from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: i64) -> i64 {
        (self.next() >> 1) as i64 % end.max(1)
    }

    fn range(&mut self, from: i64, to: i64) -> i64 {
        from + self.below(to - from)
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as i64) as usize]
    }

    fn client(&mut self) -> usize {
        self.below(CLIENTS as i64) as usize
    }

    fn own_window(&mut self, client: usize) -> Value {
        Id(client, 1 + self.below(i64::from(WINDOWS)) as u32)
    }

    fn window(&mut self) -> Value {
        let client = self.client();
        self.own_window(client)
    }

    fn window_or_root(&mut self) -> Value {
        if self.one_in(6) { Is(ROOT) } else { self.window() }
    }

    /// A mask of what a window tells; only one client may have some of it. Motion hints are not among it: by the
    /// protocol a key makes the next motion worth another one, in Xvfb it does not.
    ///
    /// Keys are only for the first client: where several hear of one, Xvfb at times tells all but one of them a release
    /// before the press.
    fn events(&mut self, client: usize) -> i64 {
        let groups: [i64; 10] =
            [1 | 2, 4, 8, 0x30, 0x40, 0x2000, 0x1_8000, 0x2_0000, 0x8_0000, 0x20_0000 | 0x4000];
        let mut mask = 0;
        for group in groups {
            if self.one_in(3) {
                mask |= group;
            }
        }
        if self.one_in(12) {
            mask |= 0x10_0000;
        }
        if self.one_in(12) {
            mask |= 0x4_0000;
        }
        if self.one_in(6) {
            mask |= 0x100_0000 | 0x40_0000 | 0x700;
        }
        if client == 0 { mask } else { mask & !3 }
    }

    fn modifiers(&mut self) -> i64 {
        self.of(&[0, 0, 0x8000, 0x8000, 1, 4])
    }
}

fn request(client: usize, major: u8, data: u8, layout: &'static str, values: &[Value]) -> Op {
    Op::Request { client, major, data, layout, values: values.to_vec() }
}

fn create(chance: &mut Chance, client: usize, n: u32) -> Op {
    let parent = if chance.one_in(2) { Is(ROOT) } else { chance.window() };
    let class = chance.of(&[1, 1, 1, 0, 2]);
    let border = if class == 2 { 0 } else { chance.below(4) };
    let (x, y) = (chance.range(-20, 200), chance.range(-20, 150));
    let (width, height) = (chance.range(1, 250), chance.range(1, 200));
    let override_redirect = chance.below(2);
    // Of a window with children that keeps bits elsewhere than at its corner Xvfb exposes more than it has to.
    // Not Unmap: a child of a window that is not viewable Xvfb leaves mapped.
    let (bit, win) = (chance.below(2), chance.range(1, 11));
    let events = chance.events(client);
    let mut values = vec![Id(client, n), parent];
    values.extend([x, y, width, height, border, class, 0].map(Is));
    if class == 2 {
        values.extend([1 << 5 | 1 << 9 | 1 << 11, win, override_redirect, events].map(Is));
    } else {
        let mask = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 9 | 1 << 11;
        values.extend([mask, 0x55, bit, win, override_redirect, events].map(Is));
    }
    request(client, 1, 0, "4422222244*4", &values)
}

/// An operation on windows.
fn about_windows(chance: &mut Chance) -> Op {
    let c = chance.client();
    match chance.below(22) {
        0 | 1 => {
            let n = 1 + chance.below(i64::from(WINDOWS)) as u32;
            create(chance, c, n)
        }
        2..=4 => request(c, 8, 0, "4", &[chance.window()]),
        5 => request(c, 9, 0, "4", &[chance.window_or_root()]),
        6 => request(c, 10, 0, "4", &[chance.window()]),
        7 => request(c, 11, 0, "4", &[chance.window()]),
        8 if chance.one_in(2) => request(c, 4, 0, "4", &[chance.window()]),
        8 => request(c, 5, 0, "4", &[chance.window()]),
        9..=12 => {
            let window = chance.window();
            // Not the place or the border and the size at a time: then Xvfb at times exposes more than it has to.
            // Nor the place and the stacking: then it at times does not tell windows that they are unobscured.
            let mask = chance.of(&[3, 0xc, 0x10, 0x13, 0x40, 0x60, 0x60, 0x6c]);
            // With a sibling or the size, only above or below: whether a window covers another one is by the protocol
            // asked of their outer edges, as they are going to be; by Xvfb of what parents leave of the sibling, and of
            // all of a shape.
            let stack_modes = if mask & 0x20 != 0 { 2 } else { 5 };
            let all = [
                Is(chance.range(-20, 200)),
                Is(chance.range(-20, 150)),
                Is(chance.range(1, 250)),
                Is(chance.range(1, 200)),
                Is(chance.below(5)),
                chance.window(),
                Is(chance.below(stack_modes)),
            ];
            let mut values = vec![window, Is(mask), Is(0)];
            values.extend(
                all.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, value)| *value),
            );
            request(c, 12, 0, "422*4", &values)
        }
        13 => request(c, 13, chance.below(2) as u8, "4", &[chance.window_or_root()]),
        14 => {
            let (x, y) = (chance.range(-20, 200), chance.range(-20, 150));
            request(c, 7, 0, "4422", &[chance.window(), chance.window_or_root(), Is(x), Is(y)])
        }
        15 => request(c, 6, chance.below(2) as u8, "4", &[chance.window()]),
        16 | 17 => {
            let window = chance.window_or_root();
            let events =
                if window_is_root(window) { chance.events(c) & !0x10_0000 } else { chance.events(c) };
            request(c, 2, 0, "444", &[window, Is(1 << 11), Is(events)])
        }
        18 => {
            let (bit, win, value) = (chance.below(2), chance.range(1, 11), chance.below(2));
            match chance.below(4) {
                0 => request(c, 2, 0, "444", &[chance.window(), Is(1 << 4), Is(bit)]),
                1 => request(c, 2, 0, "444", &[chance.window(), Is(1 << 5), Is(win)]),
                2 => request(c, 2, 0, "444", &[chance.window(), Is(1 << 9), Is(value)]),
                _ => request(
                    c,
                    2,
                    0,
                    "444",
                    &[chance.window(), Is(1 << 12), Is(chance.of(&[0, 1, 4, 8, 0x4c]))],
                ),
            }
        }
        19 => request(c, 3, 0, "4", &[chance.window()]),
        20 => request(c, 15, 0, "4", &[chance.window()]),
        _ => {
            let values = [
                chance.window(),
                Is(chance.range(-5, 50)),
                Is(chance.range(-5, 50)),
                Is(chance.below(60)),
                Is(40),
            ];
            request(c, 61, 1, "42222", &values)
        }
    }
}

fn window_is_root(window: Value) -> bool {
    matches!(window, Is(_))
}

/// An operation on shapes and on what is copied.
fn about_areas(chance: &mut Chance) -> Op {
    let c = chance.client();
    let rect = |chance: &mut Chance| {
        [chance.range(-10, 100), chance.range(-10, 100), chance.range(0, 150), chance.range(0, 150)].map(Is)
    };
    match chance.below(6) {
        0 => {
            // Not of input: Xvfb tells the visibility of a window that is not mapped when that changes.
            let kind = chance.below(2);
            let mut values =
                vec![Is(chance.of(&[0, 0, 1, 2, 3])), Is(kind), Is(0), Is(0), chance.window(), Is(0), Is(0)];
            values.extend(rect(chance));
            values.extend(rect(chance));
            Op::Extension { client: c, name: "SHAPE", minor: 1, layout: "11114222222222222", values }
        }
        1 => {
            let values = vec![Is(0), Is(chance.below(2)), Is(0), Is(0), chance.window(), Is(0), Is(0), Is(0)];
            Op::Extension { client: c, name: "SHAPE", minor: 2, layout: "11114224", values }
        }
        2 => {
            let values = vec![chance.window(), Is(1), Is(0), Is(0), Is(0)];
            Op::Extension { client: c, name: "SHAPE", minor: 6, layout: "41111", values }
        }
        3 => {
            let values = vec![
                Is(chance.below(2)),
                Is(0),
                Is(0),
                Is(0),
                chance.window(),
                Is(chance.range(-20, 20)),
                Is(3),
            ];
            Op::Extension { client: c, name: "SHAPE", minor: 4, layout: "1111422", values }
        }
        _ => {
            let (from, to) = (chance.window_or_root(), chance.window());
            let mut values = vec![from, to, Id(c, 20)];
            values.extend([chance.range(-20, 100), chance.range(-20, 100)].map(Is));
            values.extend([chance.range(-20, 100), chance.range(-20, 100)].map(Is));
            values.extend([chance.range(1, 120), chance.range(1, 120)].map(Is));
            request(c, 62, 0, "444222222", &values)
        }
    }
}

/// Something that devices do, or what is asked about them.
fn about_input(chance: &mut Chance) -> Op {
    let c = chance.client();
    match chance.below(16) {
        0..=5 => {
            Op::Fake { kind: 6, detail: 0, x: chance.range(0, 300) as i16, y: chance.range(0, 250) as i16 }
        }
        6..=8 => Op::Fake { kind: 4, detail: 0, x: 0, y: 0 },
        9 => Op::Fake { kind: 5, detail: 0, x: 0, y: 0 },
        10..=12 => Op::Fake { kind: 2, detail: 0, x: 0, y: 0 },
        13 => Op::Fake { kind: 3, detail: 0, x: 0, y: 0 },
        14 => {
            let (x, y) = (chance.range(-10, 100), chance.range(-10, 100));
            let source = if chance.one_in(4) { chance.window() } else { Is(0) };
            let to = if chance.one_in(4) { Is(0) } else { chance.window_or_root() };
            // All that is right of and below the source's corner: by the protocol the right and the lower border are beyond
            // a rectangle that ends with the window, in Xvfb they are in it.
            request(c, 41, 0, "44222222", &[source, to, Is(0), Is(0), Is(999), Is(999), Is(x), Is(y)])
        }
        _ => request(c, 38, 0, "4", &[chance.window_or_root()]),
    }
}

/// A grab or the end of one.
fn about_grabs(chance: &mut Chance) -> Op {
    let c = chance.client();
    let owner = chance.below(2) as u8;
    let (pointer_mode, keyboard_mode) = (chance.of(&[1, 1, 0]), chance.of(&[1, 1, 0]));
    let events = chance.events(c) & 0x7ffc;
    // Nothing is confined: in Xvfb that ends when somebody else tries to grab the pointer, even in vain.
    let to = Is(0);
    match chance.below(17) {
        0..=2 => {
            let values =
                [chance.window_or_root(), Is(events), Is(pointer_mode), Is(keyboard_mode), to, Is(0), Is(0)];
            request(c, 26, owner, "4211444", &values)
        }
        3 => request(c, 27, 0, "4", &[Is(0)]),
        4 | 5 => {
            let button = chance.of(&[0, 1, 2]);
            let modifiers = chance.modifiers();
            let mut values =
                vec![chance.window_or_root(), Is(events), Is(pointer_mode), Is(keyboard_mode), to];
            values.extend([0, button, 0, modifiers].map(Is));
            request(c, 28, owner, "421144112", &values)
        }
        6 => request(
            c,
            29,
            chance.of(&[0, 1, 2]),
            "422",
            &[chance.window_or_root(), Is(chance.modifiers()), Is(0)],
        ),
        7 => request(c, 30, 0, "4422", &[Is(0), Is(0), Is(events), Is(0)]),
        8 | 9 => {
            let values = [chance.window_or_root(), Is(0), Is(pointer_mode), Is(keyboard_mode), Is(0)];
            request(c, 31, owner, "44112", &values)
        }
        10 => request(c, 32, 0, "4", &[Is(0)]),
        11 => {
            let key = chance.of(&[0, 38, 39]);
            let modifiers = chance.modifiers();
            let values = [
                chance.window_or_root(),
                Is(modifiers),
                Is(key),
                Is(pointer_mode),
                Is(keyboard_mode),
                Is(0),
                Is(0),
                Is(0),
            ];
            request(c, 33, owner, "42111111", &values)
        }
        12 => request(
            c,
            34,
            chance.of(&[0, 38, 39]),
            "422",
            &[chance.window_or_root(), Is(chance.modifiers()), Is(0)],
        ),
        // Not AsyncBoth and SyncBoth, which Xvfb heeds only where the client has grabbed both devices.
        _ => request(c, 35, chance.below(6) as u8, "4", &[Is(0)]),
    }
}

/// Focus, selections, properties, events of clients.
fn about_clients(chance: &mut Chance) -> Op {
    let c = chance.client();
    match chance.below(16) {
        0..=4 => {
            // Not None: in Xvfb a grab then takes the focus from nowhere, without a word.
            let to = match chance.below(6) {
                0 => Is(1),
                1 => Is(ROOT),
                _ => chance.window(),
            };
            request(c, 42, 1 + chance.below(2) as u8, "44", &[to, Is(0)])
        }
        5 => request(c, 43, 0, "", &[]),
        6 => {
            let owner = if chance.one_in(4) { Is(0) } else { chance.own_window(c) };
            request(c, 22, 0, "444", &[owner, Is(chance.range(1, 3)), Is(0)])
        }
        7 => {
            let values = [chance.own_window(c), Is(chance.range(1, 3)), Is(31), Is(39), Is(0)];
            request(c, 24, 0, "44444", &values)
        }
        8 => request(c, 23, 0, "4", &[Is(chance.range(1, 3))]),
        9 => {
            let values = [
                chance.window(),
                Is(chance.range(40, 43)),
                Is(31),
                Is(8),
                Is(0),
                Is(0),
                Is(0),
                Is(4),
                Is(77),
            ];
            request(c, 18, chance.below(3) as u8, "444111144", &values)
        }
        10 => {
            let values = [chance.window(), Is(chance.range(40, 43)), Is(0), Is(0), Is(chance.below(3))];
            request(c, 20, chance.below(2) as u8, "44444", &values)
        }
        11 => request(c, 19, 0, "44", &[chance.window(), Is(chance.range(40, 43))]),
        12 => request(c, 114, 0, "422*4", &[chance.window(), Is(2), Is(chance.range(-2, 3)), Is(40), Is(41)]),
        13 => {
            let to = match chance.below(4) {
                0 => Is(0),
                1 => Is(1),
                _ => chance.window(),
            };
            let mask = chance.of(&[0, 4, 8, 1, 0x2_0000]);
            let values =
                [to, Is(mask), Is(33), Is(32), Is(0), Is(7), Is(8), Is(9), Is(10), Is(11), Is(12), Is(13)];
            request(c, 25, chance.below(2) as u8, "44112*4", &values)
        }
        14 => {
            let (x, y) = (chance.range(-20, 200), chance.range(-20, 150));
            request(c, 40, 0, "4422", &[chance.window_or_root(), chance.window_or_root(), Is(x), Is(y)])
        }
        _ => request(c, 14, 0, "4", &[chance.window()]),
    }
}

/// Regions, counters and alarms, each of which a client has some.
fn about_extensions(chance: &mut Chance) -> Op {
    let c = chance.client();
    let fixes = |minor: u8, layout: &'static str, values: Vec<Value>| Op::Extension {
        client: c,
        name: "XFIXES",
        minor,
        layout,
        values,
    };
    let sync = |minor: u8, layout: &'static str, values: Vec<Value>| Op::Extension {
        client: c,
        name: "SYNC",
        minor,
        layout,
        values,
    };
    let region = |chance: &mut Chance| Id(c, 30 + chance.below(4) as u32);
    let counter = |chance: &mut Chance| Id(c, 34 + chance.below(2) as u32);
    let rect = |chance: &mut Chance| {
        [chance.range(-20, 60), chance.range(-20, 60), chance.range(0, 80), chance.range(0, 80)].map(Is)
    };
    match chance.below(22) {
        0..=2 => {
            let mut values = vec![region(chance)];
            (0..chance.below(4)).for_each(|_| values.extend(rect(chance)));
            fixes(5, "4*2", values)
        }
        3 | 4 => {
            let mut values = vec![region(chance)];
            (0..chance.below(5)).for_each(|_| values.extend(rect(chance)));
            fixes(11, "4*2", values)
        }
        5 => fixes(12, "44", vec![region(chance), region(chance)]),
        6..=8 => {
            let minor = 13 + chance.below(3) as u8;
            fixes(minor, "444", vec![region(chance), region(chance), region(chance)])
        }
        9 => {
            let mut values = vec![region(chance)];
            values.extend(rect(chance));
            values.push(region(chance));
            fixes(16, "422224", values)
        }
        10 => fixes(17, "422", vec![region(chance), Is(chance.range(-30, 30)), Is(chance.range(-30, 30))]),
        11 => fixes(18, "44", vec![region(chance), region(chance)]),
        12 | 13 => fixes(19, "4", vec![region(chance)]),
        14 => {
            let mut values = vec![region(chance), region(chance)];
            values.extend((0..4).map(|_| Is(chance.below(6))));
            fixes(28, "442222", values)
        }
        15 => fixes(7, "44111", vec![region(chance), chance.window(), Is(chance.below(2)), Is(0), Is(0)]),
        16 => fixes(2, "444", vec![chance.window(), Is(chance.range(1, 3)), Is(chance.below(8))]),
        17 => sync(2, "444", vec![counter(chance), Is(0), Is(chance.below(10))]),
        18 => {
            let minor = chance.of(&[3, 3, 4]);
            sync(minor, "444", vec![counter(chance), Is(0), Is(chance.below(20))])
        }
        19 => sync(5, "4", vec![counter(chance)]),
        20 => {
            // A counter, a value, a test, a delta, and whether it is told
            let alarm = Id(c, 36 + chance.below(2) as u32);
            let test = chance.below(4);
            let delta = if test % 2 == 0 { [0, chance.below(3)] } else { [-1, -1 - chance.below(3)] };
            let mut values = vec![alarm, Is(0x3d), counter(chance), Is(0), Is(chance.below(20)), Is(test)];
            values.extend(delta.map(Is));
            values.push(Is(chance.below(2)));
            sync(8 + chance.below(2) as u8, "44*4", values)
        }
        _ => {
            let minor = chance.of(&[10, 11]);
            sync(minor, "4", vec![Id(c, 36 + chance.below(2) as u32)])
        }
    }
}

/// What has to be done before an operation so that Xvfb does by it what is to be done.
fn before(chance: &mut Chance, op: &Op) -> Option<Op> {
    let Op::Extension { client, name, minor, values, .. } = op else { return None };
    let (client, first) = (*client, *values.first()?);
    match (*name, minor) {
        // The region whose extents are asked or which is expanded has something in it: for an empty one Xvfb makes a
        // rectangle without a size, or leaves the destination as it was.
        ("XFIXES", 18 | 28) => {
            let mut with = vec![first];
            with.extend([chance.range(-20, 60), chance.range(-20, 60)].map(Is));
            with.extend([chance.range(1, 80), chance.range(1, 80)].map(Is));
            Some(Op::Extension { client, name: "XFIXES", minor: 11, layout: "4*2", values: with })
        }
        // The counter of an alarm is there: if not, Xvfb has changed some of the alarm already, which it may.
        ("SYNC", 9) => {
            let with = vec![*values.get(2)?, Is(0), Is(chance.below(10))];
            Some(Op::Extension { client, name: "SYNC", minor: 2, layout: "444", values: with })
        }
        _ => None,
    }
}

/// Says which button or key: the next one to be pressed, or one that is held.
fn choose_details(chance: &mut Chance, ops: &mut Vec<Op>) {
    let (mut buttons, mut keys) = (BUTTONS.iter(), KEYS.iter());
    let mut held: [Vec<u8>; 2] = Default::default();
    ops.retain_mut(|op| {
        let Op::Fake { kind: kind @ 2..=5, detail, .. } = op else { return true };
        let held = &mut held[usize::from(*kind >= 4)];
        let next = match kind {
            2 => keys.next().copied(),
            4 => buttons.next().copied(),
            _ if held.is_empty() => None,
            _ => Some(held.remove(chance.below(held.len() as i64) as usize)),
        };
        if kind.is_multiple_of(2) {
            held.extend(next);
        }
        *detail = next.unwrap_or(0);
        next.is_some()
    });
}

fn program(seed: u64) -> Vec<Op> {
    let mut chance = Chance(seed);
    let mut ops = Vec::new();
    for client in 0..CLIENTS {
        ops.push(request(client, 55, 0, "444", &[Id(client, 20), Is(ROOT), Is(0)]));
        for n in 1..=WINDOWS {
            if chance.one_in(4) {
                continue;
            }
            ops.push(create(&mut chance, client, n));
            if !chance.one_in(4) {
                ops.push(request(client, 8, 0, "4", &[Id(client, n)]));
            }
        }
    }
    // Each program is mostly about some of it.
    let weights: Vec<i64> = (0..6).map(|_| chance.of(&[1, 1, 3, 8])).collect();
    for _ in 0..chance.range(40, 120) {
        let mut left = chance.below(weights.iter().sum());
        let kind = weights.iter().position(|weight| {
            left -= weight;
            left < 0
        });
        let op = match kind {
            Some(0) => about_windows(&mut chance),
            Some(1) => about_areas(&mut chance),
            Some(2) => about_input(&mut chance),
            Some(3) => about_grabs(&mut chance),
            Some(4) => about_extensions(&mut chance),
            _ => about_clients(&mut chance),
        };
        ops.extend(before(&mut chance, &op));
        ops.push(op);
    }
    choose_details(&mut chance, &mut ops);
    if chance.one_in(4) {
        let client = chance.range(1, CLIENTS as i64) as usize;
        ops.push(Op::Close { client });
        ops.extend((0..10).map(|_| about_windows(&mut chance)));
        ops.retain({
            let mut gone = false;
            move |op| {
                let by = match op {
                    Op::Close { client: going } => {
                        gone = true;
                        return *going == client;
                    }
                    Op::Request { client, .. } | Op::Extension { client, .. } => *client,
                    Op::Fake { .. } => 0,
                };
                !gone || by != client
            }
        });
    }
    ops
}

/// What programs are about: who takes part, what is done before and after the operations, and how they are made.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    clients: usize,
    program: fn(u64) -> Vec<Op>,
    start: fn(&mut Wire<'_>, &[usize]),
    end: fn(&mut Wire<'_>, &[usize]),
    /// What a program changes stays with Xvfb: each runs on one of its own.
    leaves_traces: bool,
}

/// Windows and all that happens to and in them.
pub(crate) const SESSIONS: Subject =
    Subject { clients: CLIENTS, program, start: start_session, end: end_session, leaves_traces: false };
/// Keyboards in the words of XKB and of the core protocol.
pub(crate) const KEYBOARDS: Subject = keyboards::SUBJECT;
/// Outputs, what shows on them, and monitors.
pub(crate) const SCREENS: Subject = screens::SUBJECT;

fn start_session(w: &mut Wire<'_>, clients: &[usize]) {
    w.motion(clients[0], 300, 200);
    for client in clients {
        // Without a version, Xvfb takes no other request.
        w.send_to(*client, "XFIXES", 0, "44", &[5, 0]);
        w.send_to(*client, "SYNC", 0, "112", &[3, 1, 0]);
    }
}

/// Buttons, keys and grabs are let go of.
fn end_session(w: &mut Wire<'_>, left: &[usize]) {
    for client in left {
        w.send(*client, 27, 0, "4", &[0]);
        w.send(*client, 32, 0, "4", &[0]);
    }
    for button in BUTTONS {
        w.button(0, button, false);
    }
    for key in KEYS {
        w.key(0, key, false);
    }
}

/// Nothing waits for any grab.
fn thaw(w: &mut Wire<'_>, left: &[usize]) {
    for client in left {
        for device in [0, 3] {
            w.send(*client, 35, device, "4", &[0]);
        }
    }
}

/// Runs a program.
fn run(w: &mut Wire<'_>, subject: Subject, ops: &[Op]) {
    let clients: Vec<usize> = (0..subject.clients).map(|_| w.connect()).collect();
    (subject.start)(w, &clients);
    let ids: Vec<u32> = clients.iter().map(|client| w.id(*client, 0)).collect();
    let mut left = clients;
    let values = |values: &[Value]| -> Vec<i64> {
        let value = |value: &Value| match value {
            Is(value) => *value,
            Id(client, n) => i64::from(ids[*client] + n),
        };
        values.iter().map(value).collect()
    };
    for op in ops {
        match op {
            Op::Request { client, major, data, layout, values: with } => {
                let with = values(with);
                // Where something waits for a grab of a window that goes, Xvfb's pointer leaves it without a word, or with
                // the buttons that are pressed only then.
                if matches!(major, 4 | 5 | 7 | 10 | 11) {
                    thaw(w, &left);
                }
                // Of a window that gets another size, Xvfb loses more bits than it has to where children move by gravity,
                // even children that are not mapped.
                if *major == 12 && with.get(1).is_some_and(|mask| mask & 0xc != 0) {
                    w.may_keep_more_bits();
                }
                w.send(*client, *major, *data, layout, &with);
            }
            Op::Extension { client, name, minor, layout, values: with } => {
                let with = values(with);
                w.send_to(*client, name, *minor, layout, &with);
            }
            Op::Fake { kind, detail, x, y } => w.fake(0, *kind, *detail, *x, *y),
            Op::Close { client } => {
                // Nothing waits, for its grabs or for others'. By the protocol its selections go before its grabs do
                // (X11 §10, Connection Close), so that what waited is not told to it; Xvfb tells it first, and a button
                // that one of its windows hears of grabs the pointer for it again. What waited for a grab of a window
                // that goes moves Xvfb's pointer out of it at times without a word.
                thaw(w, &left);
                left.retain(|other| other != client);
                w.close(*client);
            }
        }
    }
    (subject.end)(w, &left);
    for client in left.into_iter().rev() {
        w.close_unheard(client);
    }
}

/// Where programs run.
enum Ground<'a> {
    One(&'a Xvfb),
    Fresh,
}

fn differs(xvfb: &Ground<'_>, subject: Subject, order: Order, ops: &[Op]) -> Vec<String> {
    let run = |xvfb: &Xvfb| differences_in(xvfb, "program", order, |w| run(w, subject, ops));
    match xvfb {
        Ground::One(xvfb) => run(xvfb),
        Ground::Fresh => run(&Xvfb::start()),
    }
}

/// Leaves out what is not needed to see a difference.
fn shortened(xvfb: &Ground<'_>, subject: Subject, order: Order, mut ops: Vec<Op>) -> Vec<Op> {
    let mut step = ops.len() / 2;
    while step > 0 {
        let mut at = 0;
        while at < ops.len() {
            let mut fewer = ops.clone();
            fewer.drain(at..(at + step).min(ops.len()));
            if differs(xvfb, subject, order, &fewer).is_empty() {
                at += step;
            } else {
                ops = fewer;
            }
        }
        step /= 2;
    }
    ops
}

/// Runs the programs from a seed on; the differences of the first few that show one, each in its shortest form.
pub(crate) fn compare(xvfb: &Xvfb, subject: Subject, first: u64, count: u64) -> Vec<String> {
    const ENOUGH: usize = 5;
    let xvfb = if subject.leaves_traces { Ground::Fresh } else { Ground::One(xvfb) };
    let mut found = Vec::new();
    for seed in first..first + count {
        let order = if seed % 2 == 0 { Order::Little } else { Order::Big };
        let ops = (subject.program)(seed);
        let before = differs(&xvfb, subject, order, &ops);
        if before.is_empty() {
            continue;
        }
        let ops = shortened(&xvfb, subject, order, ops);
        let program: Vec<String> = ops.iter().map(|op| format!("  {op:?}")).collect();
        let program = program.join("\n");
        let after = differs(&xvfb, subject, order, &ops);
        let said = if after.is_empty() { before } else { after };
        let said = said.into_iter().take(2).collect::<Vec<_>>().join("\n");
        found.push(format!("seed {seed}, {order:?}\n{program}\n{said}"));
        if found.len() == ENOUGH {
            break;
        }
    }
    found
}
