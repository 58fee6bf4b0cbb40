//! Keyboards in the words of XKB: what one client sets and another one hears, and what keys do then.

use super::{KEYS, map, window};
use crate::bench::{ROOT, Wire};

const XKB: &str = "XKEYBOARD";
const CORE: i64 = 0x100;
const A: u8 = 38;
const S: u8 = 39;
const SHIFT: u8 = 50;
const CONTROL: u8 = 37;
const CAPS_LOCK: u8 = 66;
const NUM_LOCK: u8 = 77;

/// Two clients: one that hears everything and has a window that keys reach, and one that does things; a third one knows
/// nothing of XKB.
fn start(w: &mut Wire<'_>) -> (usize, usize) {
    let hears = w.connect();
    let does = w.connect();
    let plain = w.connect();
    for client in [hears, does] {
        w.send_to(client, XKB, 0, "22", &[1, 0]);
    }
    // All details of all events
    w.send_to(hears, XKB, 1, "222222", &[CORE, 0xfff, 0, 0xfff, 0xff, 0xff]);
    let shown = window(w, hears, 1, ROOT, [0, 0, 100, 100, 0], KEYS | 0xc);
    map(w, hears, shown);
    let other = window(w, plain, 1, ROOT, [200, 0, 100, 100, 0], KEYS | 0xc | 0x30);
    map(w, plain, other);
    w.motion(does, 20, 20);
    (hears, does)
}

fn click(w: &mut Wire<'_>, c: usize, code: u8) {
    w.key(c, code, true);
    w.key(c, code, false);
}

fn get_state(w: &mut Wire<'_>, c: usize) {
    w.send_to(c, XKB, 4, "22", &[CORE, 0]);
    w.send_to(c, XKB, 12, "22", &[CORE, 0]);
}

fn get_map(w: &mut Wire<'_>, c: usize) {
    w.send_to(
        c,
        XKB,
        8,
        "222*1",
        &[CORE, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
}

/// Locks and latches: affected and set modifiers locked, whether and which group, the same of latches.
fn latch_lock(w: &mut Wire<'_>, c: usize, locks: [i64; 4], latches: [i64; 4]) {
    let [a, b, d, e] = locks;
    let [f, g, h, i] = latches;
    w.send_to(c, XKB, 5, "2111111112", &[CORE, a, b, d, e, f, g, 0, h, i]);
}

pub(crate) fn keyboard_state(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    for code in [A, SHIFT, CAPS_LOCK, A, NUM_LOCK, A, CAPS_LOCK, NUM_LOCK] {
        click(w, does, code);
        get_state(w, does);
    }
    // Held together
    w.key(does, SHIFT, true);
    w.key(does, CONTROL, true);
    click(w, does, A);
    w.motion(does, 220, 20);
    click(w, does, A);
    w.button(does, 1, true);
    get_state(w, does);
    w.button(does, 1, false);
    w.key(does, CONTROL, false);
    w.key(does, SHIFT, false);
    w.motion(does, 20, 20);
    // Both Shift keys
    w.key(does, SHIFT, true);
    w.key(does, 62, true);
    w.key(does, SHIFT, false);
    get_state(w, does);
    w.key(does, 62, false);
    // A lock goes with its key, unless another one is let go of meanwhile
    for other in [A, SHIFT] {
        latch_lock(w, does, [1, 1, 0, 0], [0, 0, 0, 0]);
        w.key(does, other, true);
        w.key(does, SHIFT, true);
        w.key(does, other, false);
        w.key(does, SHIFT, false);
        get_state(w, does);
    }
    latch_lock(w, does, [0xff, 0, 0, 0], [0, 0, 0, 0]);
    // Latches hold for a key
    latch_lock(w, does, [0, 0, 0, 0], [1, 1, 0, 0]);
    get_state(w, does);
    click(w, does, A);
    click(w, does, A);
    // That a button ends them is left out: in Xvfb it does so before its own event.
    latch_lock(w, does, [0, 0, 0, 0], [1, 1, 0, 0]);
    latch_lock(w, does, [0, 0, 0, 0], [4, 4, 0, 0]);
    get_state(w, does);
    latch_lock(w, does, [0, 0, 0, 0], [0xff, 0, 0, 0]);
    latch_lock(w, does, [0x12, 0x12, 0, 0], [0, 0, 0, 0]);
    get_state(w, does);
    latch_lock(w, does, [0xff, 0, 1, 1], [0, 0, 1, 1]);
    get_state(w, does);
    latch_lock(w, does, [0, 0, 1, 0], [0, 0, 0, 0]);
    click(w, does, A);
    // Flags of a client
    w.send_to(does, XKB, 21, "2244444", &[CORE, 0, 0x1f, 0x0b, 0, 0, 0]);
    w.send_to(does, XKB, 3, "222111122244", &[CORE, 0x300, 0x400, 20, 0, 1, 0, 0, 0, 0, 39, 0]);
    w.send_to(does, XKB, 3, "222111122244", &[CORE, 0x300, 0x400, -20, 0, 0, 0, 0, 0, 0, 0, 0]);
    w.send(does, 104, 50, "", &[]);
}

/// Values of `SetControls` with nothing in them.
fn no_controls() -> Vec<i64> {
    let mut values = vec![CORE];
    values.resize(1 + 4 + 4 + 2 + 2 + 3 + 4 + 4 + 2 + 2 + 2 + 32, 0);
    values
}

const CONTROLS: &str = "211112222112244422222222224422*1";
/// Places in those values.
const AFFECT: usize = 13;
const ENABLED: usize = 14;
const CHANGE: usize = 15;

fn set_controls(w: &mut Wire<'_>, c: usize, changes: &[(usize, i64)]) {
    let mut values = no_controls();
    for (at, value) in changes {
        values[*at] = *value;
    }
    w.send_to(c, XKB, 7, CONTROLS, &values);
    w.send_to(c, XKB, 6, "22", &[CORE, 0]);
}

pub(crate) fn keyboard_controls(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    // Repetition: when, whether, and of which keys
    set_controls(w, does, &[(CHANGE, 1), (16, 30_000), (17, 20)]);
    set_controls(w, does, &[(CHANGE, 1), (16, 0), (17, 20)]);
    set_controls(w, does, &[(AFFECT, 1), (ENABLED, 0)]);
    w.send(does, 103, 0, "", &[]);
    set_controls(w, does, &[(AFFECT, 1), (ENABLED, 1)]);
    set_controls(w, does, &[(AFFECT, 0), (ENABLED, 1)]);
    set_controls(w, does, &[(AFFECT, 0x2000), (ENABLED, 0)]);
    set_controls(w, does, &[(CHANGE, 0x2000)]);
    // Slow, bouncing, the pointer, and its acceleration
    set_controls(w, does, &[(CHANGE, 2), (18, 50)]);
    set_controls(w, does, &[(CHANGE, 2), (18, 0)]);
    set_controls(w, does, &[(CHANGE, 4), (19, 60)]);
    set_controls(w, does, &[(CHANGE, 0x10), (9, 3)]);
    set_controls(w, does, &[(CHANGE, 0x10), (9, 9)]);
    set_controls(w, does, &[(CHANGE, 0x20), (20, 1), (21, 2), (22, 3), (23, 4), (24, -5)]);
    set_controls(w, does, &[(CHANGE, 0x20), (20, 1), (21, 2), (22, 3), (23, 4), (24, -1001)]);
    // What is done about groups that there are not
    for wrap in [0x40, 0x80, 0x90, 0xc0, 0] {
        set_controls(w, does, &[(CHANGE, 1 << 27), (10, wrap)]);
    }
    // Modifiers that are internal, or not for grabs
    set_controls(w, does, &[(CHANGE, 1 << 28), (1, 0x10), (2, 0x10)]);
    click(w, does, NUM_LOCK);
    click(w, does, A);
    click(w, does, NUM_LOCK);
    set_controls(w, does, &[(CHANGE, 1 << 28), (1, 0x10), (2, 0)]);
    set_controls(w, does, &[(CHANGE, 1 << 29), (3, 2), (4, 2), (7, 1), (8, 1)]);
    click(w, does, CAPS_LOCK);
    get_state(w, does);
    click(w, does, CAPS_LOCK);
    // Timeouts
    set_controls(w, does, &[(CHANGE, 0x80), (25, 60), (26, 6), (27, 2), (28, 0x40), (29, 0x40)]);
    set_controls(w, does, &[(CHANGE, 0x80), (25, 0)]);
    set_controls(w, does, &[(CHANGE, 0x40), (11, 0x5)]);
    set_controls(w, does, &[(CHANGE, 0x8), (11, 0xfff)]);
    set_controls(w, does, &[(CHANGE, 0x8), (11, 0x1000)]);
    // By the core protocol
    w.send(does, 102, 0, "4*4", &[1 << 6 | 1 << 7, 38, 0]);
    w.send(does, 102, 0, "4*4", &[1 << 7, 0]);
    w.send(does, 102, 0, "4*4", &[1 << 7, 1]);
    w.send_to(does, XKB, 6, "22", &[CORE, 0]);
}

pub(crate) fn sticky_keys(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    let sticky = |on: i64| [(AFFECT, 8), (ENABLED, 8 * on)];
    set_controls(w, does, &sticky(1));
    click(w, does, SHIFT);
    get_state(w, does);
    click(w, does, A);
    get_state(w, does);
    // Twice is locked, three times unlocked
    click(w, does, SHIFT);
    click(w, does, SHIFT);
    get_state(w, does);
    click(w, does, A);
    click(w, does, A);
    click(w, does, SHIFT);
    get_state(w, does);
    // Several at a time
    click(w, does, CONTROL);
    click(w, does, SHIFT);
    get_state(w, does);
    click(w, does, A);
    click(w, does, CAPS_LOCK);
    click(w, does, SHIFT);
    set_controls(w, does, &sticky(0));
    get_state(w, does);
    // Slow keys that are let go of too soon, and bouncing ones
    set_controls(w, does, &[(AFFECT, 2), (ENABLED, 2), (CHANGE, 2), (18, 20_000)]);
    click(w, does, A);
    set_controls(w, does, &[(AFFECT, 6), (ENABLED, 4), (CHANGE, 4), (19, 20_000)]);
    click(w, does, A);
    click(w, does, A);
    click(w, does, S);
    set_controls(w, does, &[(AFFECT, 4), (ENABLED, 0)]);
    click(w, does, A);
}

pub(crate) fn keyboard_beeps(w: &mut Wire<'_>) {
    const SLOW: i64 = 1 << 1;
    const BOUNCE: i64 = 1 << 2;
    const STICKY: i64 = 1 << 3;
    const SHIFTS: i64 = 1 << 6;
    const FEEDBACK: i64 = 1 << 8;
    const AUDIBLE: i64 = 1 << 9;
    let (_, does) = start(w);
    // All of them, of which not all are wanted at the beginning
    for options in [0xfff, 0x7ff] {
        set_controls(w, does, &[(CHANGE, 0x40), (11, options)]);
        set_controls(w, does, &[(AFFECT, STICKY), (ENABLED, STICKY)]);
        for code in [SHIFT, SHIFT, SHIFT, CONTROL, A, CAPS_LOCK, NUM_LOCK, CAPS_LOCK] {
            click(w, does, code);
        }
        latch_lock(w, does, [0x12, 2, 0, 0], [0, 0, 0, 0]);
        latch_lock(w, does, [0x12, 0, 0, 0], [0, 0, 0, 0]);
        set_controls(w, does, &[(AFFECT, STICKY | SLOW), (ENABLED, SLOW), (CHANGE, 2), (18, 20_000)]);
        click(w, does, A);
        set_controls(w, does, &[(AFFECT, SLOW | BOUNCE), (ENABLED, BOUNCE), (CHANGE, 4), (19, 20_000)]);
        click(w, does, A);
        click(w, does, A);
        // Shift five times switches sticky keys on, and two keys at a time switch them off.
        set_controls(w, does, &[(AFFECT, BOUNCE | SHIFTS), (ENABLED, SHIFTS)]);
        (0..5).for_each(|_| click(w, does, SHIFT));
        w.key(does, CONTROL, true);
        w.key(does, A, true);
        w.key(does, A, false);
        w.key(does, CONTROL, false);
        (0..10).for_each(|_| click(w, does, SHIFT));
        set_controls(w, does, &[(AFFECT, SHIFTS), (ENABLED, 0)]);
        latch_lock(w, does, [0xff, 0, 0, 0], [0xff, 0, 0, 0]);
    }
    // Told, though nothing is heard; not told
    set_controls(w, does, &[(AFFECT, STICKY | AUDIBLE), (ENABLED, STICKY)]);
    click(w, does, SHIFT);
    set_controls(w, does, &[(AFFECT, AUDIBLE | FEEDBACK), (ENABLED, AUDIBLE)]);
    click(w, does, SHIFT);
    set_controls(w, does, &[(AFFECT, FEEDBACK), (ENABLED, FEEDBACK), (CHANGE, 0x40), (11, 0xfc0)]);
    click(w, does, SHIFT);
}

/// Parts of `SetMap`, each with first and how many, and the lists.
#[derive(Default)]
struct SetMap {
    present: i64,
    flags: i64,
    types: [i64; 2],
    syms: [i64; 3],
    actions: [i64; 3],
    behaviors: [i64; 3],
    explicit: [i64; 3],
    modifiers: [i64; 3],
    virtual_keys: [i64; 3],
    virtuals: i64,
}

fn set_map(w: &mut Wire<'_>, c: usize, map: &SetMap, layout: &str, list: &[i64]) {
    let SetMap {
        present,
        flags,
        types,
        syms,
        actions,
        behaviors,
        explicit,
        modifiers,
        virtual_keys,
        virtuals,
    } = map;
    let mut values = vec![CORE, *present, *flags, 8, 255];
    values.extend(types);
    values.extend(syms);
    values.extend(actions[..2].iter());
    values.push(actions[2]);
    for three in [behaviors, explicit, modifiers, virtual_keys] {
        values.extend(three);
    }
    values.push(*virtuals);
    values.extend(list);
    w.send_to(c, XKB, 9, &format!("22211111121121111111111112{layout}"), &values);
}

/// Gives a key of one group these actions.
fn set_actions(w: &mut Wire<'_>, c: usize, code: u8, first: [i64; 8], second: [i64; 8]) {
    let map = SetMap { present: 1 << 4, actions: [code.into(), 1, 2], ..SetMap::default() };
    let mut list = vec![2, 0, 0, 0];
    list.extend(first);
    list.extend(second);
    set_map(w, c, &map, &"1".repeat(20), &list);
}

/// Gives a key groups of two levels.
fn set_groups(w: &mut Wire<'_>, c: usize, code: u8, groups: &[[i64; 2]]) {
    let count = groups.len() as i64;
    let map = SetMap { present: 1 << 1, flags: 2, syms: [code.into(), 1, 2 * count], ..SetMap::default() };
    let mut list = vec![1, 1, 1, 1, count, 2, 2 * count];
    list.extend(groups.iter().flatten());
    set_map(w, c, &map, &format!("1111112{}", "4".repeat(2 * groups.len())), &list);
}

pub(crate) fn keyboard_maps(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    get_map(w, does);
    set_groups(w, does, A, &[[0x71, 0x51], [0x6d9, 0x6f9]]);
    get_map(w, does);
    w.send(does, 101, 0, "11", &[38, 1]);
    set_groups(w, does, S, &[[0x73, 0x53], [0, 0x40], [0x21, 0x22]]);
    w.send(does, 101, 0, "11", &[38, 2]);
    // A type that there was not, of three levels
    let map = SetMap { present: 1, flags: 1, types: [28, 1], ..SetMap::default() };
    set_map(w, does, &map, "1121111112112", &[0, 5, 1, 3, 2, 0, 0, 1, 1, 0, 2, 4, 1]);
    let map = SetMap { present: 1 << 1, syms: [54, 1, 3], ..SetMap::default() };
    set_map(w, does, &map, "1111112444", &[28, 0, 0, 0, 1, 3, 3, 0x63, 0x43, 0xa9]);
    // What is wrong: a type, widths, keys, lists
    set_map(w, does, &map, "1111112444", &[99, 0, 0, 0, 1, 3, 3, 0x63, 0x43, 0xa9]);
    set_map(w, does, &map, "1111112444", &[28, 0, 0, 0, 1, 2, 3, 0x63, 0x43, 0xa9]);
    set_map(w, does, &map, "111111244", &[28, 0, 0, 0, 1, 3, 3, 0x63, 0x43]);
    set_map(w, does, &map, "1111112444", &[28, 0, 0, 0, 5, 3, 3, 0x63, 0x43, 0xa9]);
    let narrow = SetMap { present: 1, types: [1, 1], ..SetMap::default() };
    set_map(w, does, &narrow, "11211111", &[0, 1, 0, 3, 0, 0, 0, 0]);
    set_map(w, does, &SetMap { present: 0x100, ..SetMap::default() }, "", &[]);
    // Modifiers, virtual modifiers, behaviours, explicit components
    let map = SetMap {
        present: 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7,
        flags: 2,
        behaviors: [30, 2, 1],
        explicit: [30, 2, 1],
        modifiers: [30, 2, 1],
        virtual_keys: [30, 2, 1],
        virtuals: 0x2000,
        ..SetMap::default()
    };
    set_map(
        w,
        does,
        &map,
        "1111111111111111112",
        &[30, 1, 0, 0, 0x20, 0, 0, 0, 30, 0x80, 0, 0, 30, 0x20, 0, 0, 30, 0, 0x2000],
    );
    get_map(w, does);
    click(w, does, 30);
    get_state(w, does);
    click(w, does, 30);
    w.send(does, 119, 0, "", &[]);
    // What the core protocol sets
    w.send(does, 100, 1, "1124", &[40, 1, 0, 0x61]);
    w.send(does, 100, 2, "112*4", &[41, 3, 0, 0x61, 0x62, 0xff8d, 0, 0x6c1, 0, 0x100_0431, 0x31, 0, 0, 0, 0]);
    w.send(does, 101, 0, "11", &[40, 4]);
    get_map(w, does);
    // Interpretations and what stands for groups
    w.send_to(
        does,
        XKB,
        11,
        "211112224111111111111112",
        &[CORE, 0, 1, 0, 2, 0, 1, 0, 0xffc8, 0xff, 1, 0xff, 0, 3, 0, 1, 1, 0, 0, 0, 0, 1, 8, 0],
    );
    w.send_to(does, XKB, 10, "211222", &[CORE, 0xf, 1, 0, 0, 0]);
}

pub(crate) fn keyboard_actions(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    set_groups(w, does, A, &[[0x71, 0x51], [0x6d9, 0x6f9]]);
    let none = [0; 8];
    let with = |w: &mut Wire<'_>, action: [i64; 8]| {
        set_actions(w, does, 24, action, none);
        w.key(does, 24, true);
        get_state(w, does);
        click(w, does, A);
        w.key(does, 24, false);
        get_state(w, does);
        click(w, does, A);
        get_state(w, does);
        click(w, does, 24);
        get_state(w, does);
    };
    // Groups: while held, by one more, a certain one; latched; locked
    with(w, [4, 0, 1, 0, 0, 0, 0, 0]);
    with(w, [4, 4, 1, 0, 0, 0, 0, 0]);
    with(w, [5, 0, 1, 0, 0, 0, 0, 0]);
    with(w, [6, 0, 1, 0, 0, 0, 0, 0]);
    with(w, [6, 0, -1, 0, 0, 0, 0, 0]);
    with(w, [6, 4, 1, 0, 0, 0, 0, 0]);
    with(w, [6, 4, 0, 0, 0, 0, 0, 0]);
    // Modifiers: held, with locks cleared; latched; locked, only locked, only unlocked
    with(w, [1, 0, 1, 1, 0, 0, 0, 0]);
    with(w, [2, 0, 1, 1, 0, 0, 0, 0]);
    with(w, [2, 3, 1, 1, 0, 0, 0, 0]);
    with(w, [3, 0, 2, 2, 0, 0, 0, 0]);
    with(w, [3, 1, 2, 2, 0, 0, 0, 0]);
    with(w, [3, 2, 2, 2, 0, 0, 0, 0]);
    with(w, [1, 1, 2, 2, 0, 0, 0, 0]);
    // ISOLock of Lock, while nothing or Shift is held
    with(w, [11, 0, 2, 2, 0, 0, 0, 0]);
    w.key(does, SHIFT, true);
    click(w, does, 24);
    w.key(does, SHIFT, false);
    get_state(w, does);
    latch_lock(w, does, [0xff, 0, 1, 0], [0xff, 0, 0, 0]);
    // Controls
    with(w, [14, 0, 0, 0, 0, 8, 0, 0]);
    with(w, [15, 0, 0, 0, 0, 0x10, 0, 0]);
    // Messages and other keys
    with(w, [16, 3, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66]);
    with(w, [16, 7, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66]);
    with(w, [17, 40, 1, 1, 0, 0, 0, 0]);
    // Keys that are the pointer, which goes on long after the test: not without their control
    set_controls(w, does, &[(CHANGE, 0x20), (20, 30_000), (21, 30_000), (22, 30), (23, 500), (24, 0)]);
    set_actions(w, does, 24, [7, 0, 0, 10, 0, 5, 0, 0], none);
    click(w, does, 24);
    w.send(does, 38, 0, "4", &[ROOT]);
    set_controls(w, does, &[(AFFECT, 0x10), (ENABLED, 0x10)]);
    click(w, does, 24);
    w.send(does, 38, 0, "4", &[ROOT]);
    set_actions(w, does, 24, [8, 0, 1, 0, 0, 0, 0, 0], none);
    w.key(does, 24, true);
    w.send(does, 38, 0, "4", &[ROOT]);
    w.key(does, 24, false);
    set_actions(w, does, 24, [8, 0, 0, 2, 0, 0, 0, 0], none);
    click(w, does, 24);
    set_actions(w, does, 24, [9, 0, 1, 0, 0, 0, 0, 0], none);
    click(w, does, 24);
    w.send(does, 38, 0, "4", &[ROOT]);
    click(w, does, 24);
    set_actions(w, does, 24, [10, 0, 1, 1, 0, 0, 0, 0], none);
    click(w, does, 24);
    w.send_to(does, XKB, 6, "22", &[CORE, 0]);
    set_controls(w, does, &[(AFFECT, 0x10), (ENABLED, 0)]);
}

pub(crate) fn keyboard_indicators(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    // By locked modifiers, by the group, by a control, and by hand
    let set = |w: &mut Wire<'_>,
               index: i64,
               flags: i64,
               groups: [i64; 2],
               modifiers: [i64; 2],
               controls: i64| {
        let values =
            [CORE, 0, 1 << index, flags, groups[0], groups[1], modifiers[0], modifiers[1], 0, 0, controls];
        w.send_to(does, XKB, 14, "22411111124", &values);
        get_state(w, does);
    };
    set(w, 4, 0, [0, 0], [4, 2], 0);
    click(w, does, CAPS_LOCK);
    click(w, does, CAPS_LOCK);
    set(w, 5, 0, [0, 0], [1, 1], 0);
    click(w, does, SHIFT);
    set(w, 6, 0, [0, 0], [0, 0], 8);
    set_controls(w, does, &[(AFFECT, 8), (ENABLED, 8)]);
    set_controls(w, does, &[(AFFECT, 8), (ENABLED, 0)]);
    set(w, 7, 0, [0x10, 0], [0, 0], 0);
    set(w, 7, 0, [0, 0], [0x20, 0], 0);
    w.send_to(does, XKB, 14, "224", &[CORE, 0, 2]);
    w.send_to(does, XKB, 13, "224", &[CORE, 0, -1]);
    // By name, with and without a map
    let named = |w: &mut Wire<'_>, atom: i64, state: [i64; 2], map: [i64; 2], drives: [i64; 3]| {
        let [flags, which, modifiers] = drives;
        let values = [
            CORE, 0x300, 0x400, 0, atom, state[0], state[1], map[0], map[1], 0, flags, 0, 0, which,
            modifiers, 0, 0,
        ];
        w.send_to(does, XKB, 16, "22224111111111124", &values);
        w.send_to(does, XKB, 15, "22224", &[CORE, 0x300, 0x400, 0, atom]);
        get_state(w, does);
    };
    named(w, 39, [1, 1], [0, 1], [0, 0, 0]);
    named(w, 39, [1, 0], [0, 0], [0, 0, 0]);
    named(w, 40, [0, 0], [1, 1], [0, 4, 1]);
    // One that drives the keyboard is left out: Xvfb does not tell of the state that it has changed.
    named(w, 42, [1, 1], [1, 1], [0x80, 4, 4]);
    named(w, 0, [1, 1], [1, 1], [0, 0, 0]);
    // By the core protocol
    w.send(does, 102, 0, "4*4", &[1 << 4 | 1 << 5, 9, 1]);
    w.send(does, 103, 0, "", &[]);
    w.send(does, 102, 0, "4*4", &[1 << 5, 0]);
    get_state(w, does);
    w.send(does, 103, 0, "", &[]);
}

pub(crate) fn keyboard_names(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    let set = |w: &mut Wire<'_>, head: [i64; 12], layout: &str, list: &[i64]| {
        // Virtual modifiers; which; types; levels; indicators; groups, radio groups, keys, aliases
        let mut values = vec![CORE];
        values.extend(head);
        values.extend([0, 0]);
        values.extend(list);
        w.send_to(does, XKB, 18, &format!("224111141111112{layout}"), &values);
        w.send_to(does, XKB, 17, "224", &[CORE, 0, 0x3fff]);
    };
    set(w, [0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "444444", &[39, 40, 41, 42, 43, 44]);
    set(w, [0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "444444", &[39, 40, 41, 42, 43, 0x7777_7777]);
    set(w, [0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "44444", &[39, 40, 41, 42, 43]);
    set(w, [0, 0x40, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0], "4", &[39]);
    set(w, [0, 0x40, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0], "4", &[39]);
    set(w, [0, 0x80, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0], "111144", &[2, 0, 0, 0, 39, 40]);
    set(w, [0, 0x80, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0], "111144", &[3, 0, 0, 0, 39, 40]);
    set(w, [0, 0x100, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0], "44", &[39, 40]);
    set(w, [0, 0x100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "4", &[39]);
    set(w, [1, 0x800, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "4", &[39]);
    // Names of groups are left out: Xvfb tells of them as of virtual modifiers.
    set(w, [0, 0x200, 0, 0, 0, 0, 0, 0, 0, 38, 1, 0], "1111", &[65, 66, 67, 68]);
    set(w, [0, 0x200, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0], "1111", &[65, 66, 67, 68]);
    set(w, [0, 0x400, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "11111111", &[65, 66, 67, 68, 69, 70, 71, 72]);
    set(w, [0, 0x2000, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0], "44", &[39, 40]);
    set(w, [0, 0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "4", &[39]);
}

pub(crate) fn keyboard_geometry(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    // A font, a property, two colours, a shape of one outline, a section with a row of one key, a doodad, an alias
    let text = |w: &mut Wire<'_>, wrong: bool| {
        let sizes = [CORE, 1, 1, 39, 100, 50, 1, 2, 1, 1, 0, i64::from(!wrong)];
        let mut body = w.lay("211422222211", &sizes);
        body.extend([0, 0]);
        let strings = ["", "one", "value", "red", "blue"];
        for string in strings {
            body.extend(w.lay("2", &[string.len() as i64]));
            body.extend(string.bytes());
            body.resize(body.len().next_multiple_of(4), 0);
        }
        body.extend(w.lay("4111111112222", &[40, 1, 0, 255, 0, 2, 3, 0, 0, 1, 2, 30, 40]));
        body.extend(w.lay("422222111111", &[41, 1, 2, 3, 4, 0, 1, 1, 0, 0, 0, 0]));
        body.extend(w.lay("2211111111211", &[5, 6, 1, 0, 0, 0, 65, 66, 67, 68, 7, 0, 1]));
        body.extend(w.lay("41122211111111", &[42, 2, 9, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0]));
        body.extend(b"ABCDEFGH");
        w.send_body_to(does, XKB, 20, &body);
        w.send_to(does, XKB, 19, "224", &[CORE, 0, 0]);
    };
    text(w, false);
    text(w, true);
    w.send_to(does, XKB, 19, "224", &[CORE, 0, 39]);
    w.send_to(does, XKB, 19, "224", &[CORE, 0, 40]);
}

pub(crate) fn keyboard_group_locks(w: &mut Wire<'_>) {
    let (_, does) = start(w);
    set_groups(w, does, A, &[[0x71, 0x51], [0x6d9, 0x6f9], [0x72, 0x52]]);
    for action in [[6, 0, 1, 0, 0, 0, 0, 0], [6, 0, -1, 0, 0, 0, 0, 0], [6, 4, 1, 0, 0, 0, 0, 0]] {
        set_actions(w, does, 24, action, action);
        for held in [
            &[][..],
            &[SHIFT],
            &[CAPS_LOCK],
            &[CAPS_LOCK, SHIFT],
            &[CAPS_LOCK, NUM_LOCK],
            &[CONTROL, NUM_LOCK],
        ] {
            for key in held {
                w.key(does, *key, true);
            }
            click(w, does, 24);
            get_state(w, does);
            for key in held {
                w.key(does, *key, false);
            }
            latch_lock(w, does, [0xff, 0, 1, 0], [0xff, 0, 0, 0]);
            get_state(w, does);
        }
    }
}
