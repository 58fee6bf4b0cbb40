//! Programs about the screen: its size, outputs, modes, monitors and properties, with several who want to hear of it.

use super::{Chance, Is, Op, Subject, Value, request};
use crate::bench::{CRTC, MADE_MODES, MODE, OUTPUT, ROOT, Wire};

pub(super) const SUBJECT: Subject = Subject { clients: 2, program, start, end, leaves_traces: true };

/// The property whose changes are for the future: from its beginning and always, as Xvfb forgets the value of one that
/// becomes such a one later.
const PENDING: i64 = 41;
/// Of the screen, CRTCs, outputs, their properties, and resources.
const EVENTS: i64 = 0x4f;

fn start(w: &mut Wire<'_>, clients: &[usize]) {
    for client in clients {
        w.send_to(*client, "RANDR", 0, "44", &[1, 5]);
        let window = i64::from(w.id(*client, 1));
        w.send(*client, 1, 0, "4422222244*4", &[window, ROOT, 0, 0, 100, 100, 0, 1, 0, 1 << 11, 0x2_0000]);
    }
    w.find_outputs(clients[0]);
    w.make_modes(clients[0]);
    w.send_to(clients[0], "RANDR", 12, "4411244", &[OUTPUT, PENDING, 1, 0, 0, 1, 5]);
    // Xvfb tells the root's size with the first thing it tells, whatever that is.
    w.send_to(clients[0], "RANDR", 30, "44", &[ROOT, OUTPUT]);
    w.send_to(clients[0], "RANDR", 30, "44", &[ROOT, 0]);
    // A root that changes its size is told as well.
    w.send(clients[1], 2, 0, "44*4", &[ROOT, 1 << 11, 0x2_0000]);
}

fn end(_: &mut Wire<'_>, _: &[usize]) {}

fn program(seed: u64) -> Vec<Op> {
    let mut chance = Chance(seed);
    let mut names = 39..69;
    let mut ops: Vec<Op> = (0..2).map(|client| select(client, ROOT, EVENTS)).collect();
    ops.extend((0..chance.range(30, 90)).map(|_| op(&mut chance, &mut names)));
    ops
}

fn randr(client: usize, minor: u8, layout: &'static str, values: &[i64]) -> Op {
    let values: Vec<Value> = values.iter().map(|value| Is(*value)).collect();
    Op::Extension { client, name: "RANDR", minor, layout, values }
}

fn select(client: usize, window: i64, events: i64) -> Op {
    randr(client, 4, "422", &[window, events, 0])
}

/// Monitors take their names from those that are left: Xvfb takes no name that a monitor already has.
fn op(chance: &mut Chance, names: &mut std::ops::Range<i64>) -> Op {
    let c = chance.below(2) as usize;
    match chance.below(24) {
        // All or nothing: who changes what it selects is told of changes by Xvfb in the way it had selected before.
        0 => select(c, ROOT, chance.of(&[0, EVENTS])),
        1..=4 => crtc(chance, c),
        5 | 6 => {
            // Of the screen, in pixels and millimetres; Xvfb's never grows beyond what it was at first.
            let (width, height) = (chance.of(&[200, 300, 640, 639]), chance.of(&[150, 200, 480]));
            randr(c, 7, "42244", &[ROOT, width, height, width * 254 / 960, height * 254 / 960])
        }
        // That an output no longer has a mode is left out: Xvfb tells nobody.
        7..=9 => randr(c, 18, "44", &[OUTPUT, chance.of(&MADE_MODES)]),
        10 => randr(c, 30, "44", &[ROOT, chance.of(&[0, OUTPUT])]),
        11 | 12 if let Some(name) = names.next() => monitor(chance, c, name),
        11..=14 => randr(c, 44, "44", &[ROOT, chance.range(names.start - 3, names.start)]),
        15 => randr(c, 42, "41111", &[ROOT, chance.below(2), 0, 0, 0]),
        16 => randr(c, 20, "44", &[CRTC, 0]),
        17 => randr(c, chance.of(&[27, 28]), "4", &[CRTC]),
        18 => request(c, 14, 0, "4", &[Is(ROOT)]),
        _ => property(chance, c),
    }
}

/// What a CRTC shows.
fn crtc(chance: &mut Chance, c: usize) -> Op {
    let (x, y) = (chance.of(&[0, 0, 10, 400]), chance.of(&[0, 0, 20]));
    let mode = chance.of(&[0, MODE, MADE_MODES[0], MADE_MODES[1]]);
    // Rotations that are not supported, and times of older configurations, are left out: Xvfb answers with other errors
    // than the protocol says, and forgives.
    let rotation = if chance.one_in(8) { chance.of(&[0, 3, 16]) } else { 1 };
    let mut values = vec![CRTC, 0, 0, x, y, mode, rotation, 0];
    if (mode != 0) != chance.one_in(8) {
        values.push(OUTPUT);
    }
    randr(c, 21, "4442242244", &values)
}

fn monitor(chance: &mut Chance, c: usize, name: i64) -> Op {
    // None is the first: in Xvfb there may be several then.
    let (primary, automatic) = (0, chance.below(2));
    let (x, y) = (chance.range(-10, 100), chance.range(0, 100));
    let (width, height) = (chance.of(&[0, 50, 300]), chance.of(&[0, 50, 300]));
    let outputs = chance.below(2);
    let mut values = vec![ROOT, name, primary, automatic, outputs, x, y, width, height, 10, 20];
    values.extend((0..outputs).map(|_| OUTPUT));
    randr(c, 43, "441122222444", &values)
}

fn property(chance: &mut Chance, c: usize) -> Op {
    let name = chance.range(39, 42);
    // All of one type: asked for another, Xvfb counts items where bytes are to be counted.
    let kind = 19;
    match chance.below(6) {
        0 | 1 => {
            let format = chance.of(&[8, 16, 32]);
            let mode = chance.below(3);
            match format {
                8 => randr(c, 13, "4441111441111", &[OUTPUT, name, kind, 8, mode, 0, 0, 4, 1, 2, 3, 4]),
                16 => randr(c, 13, "44411114422", &[OUTPUT, name, kind, 16, mode, 0, 0, 2, 1, 2]),
                _ => randr(c, 13, "4441111444", &[OUTPUT, name, kind, 32, mode, 0, 0, 1, 5]),
            }
        }
        2 => randr(c, 12, "4411244", &[OUTPUT, name, i64::from(name == PENDING), chance.below(2), 0, 1, 5]),
        3 if name != PENDING => randr(c, 14, "44", &[OUTPUT, name]),
        3 | 4 => randr(c, 11, "44", &[OUTPUT, name]),
        _ => {
            let (kind, pending) = (chance.of(&[0, kind]), chance.below(2));
            let delete = i64::from(name != PENDING) * chance.below(2);
            let offset = chance.of(&[0, 0, 1, 5]);
            randr(c, 15, "444441111", &[OUTPUT, name, kind, offset, chance.below(4), delete, pending, 0, 0])
        }
    }
}
