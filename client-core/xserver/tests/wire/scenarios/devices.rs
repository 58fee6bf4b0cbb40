//! The devices behind the core ones: their events, grabs and freezing, in both versions of the input extension.
//!
//! Input comes from the devices of XTEST, which have the same numbers (4 and 5) everywhere.

use super::{BUTTONS, CROSSING, FOCUS, KEYS, MOTION, map, window};
use crate::bench::{ROOT, Wire};

const XI: &str = "XInputExtension";
const POINTER: i64 = 4;
const KEYBOARD: i64 = 5;
/// Any modifiers, in version 2
const ANY: i64 = 0x8000_0000;
/// Kinds of version 2: keys, buttons and motion; crossing and focus.
const INPUT: i64 = 0x7c;
const CROSSED: i64 = 0x780;

/// The bytes of a mask of version 2, which are in one order everywhere.
fn mask(events: i64) -> [i64; 4] {
    std::array::from_fn(|at| events >> (8 * at) & 0xff)
}

/// Selects events of version 1, by kind, of one device.
fn select_one(w: &mut Wire<'_>, c: usize, window: i64, device: i64, kinds: &[i64]) {
    let mut values = vec![window, kinds.len() as i64, 0];
    for kind in kinds {
        let class = w.xi_class(c, device, *kind);
        values.push(class);
    }
    w.send_to(c, XI, 6, "422*4", &values);
}

/// Selects events of version 2 of one device.
fn select_two(w: &mut Wire<'_>, c: usize, window: i64, device: i64, events: i64) {
    let [a, b, d, e] = mask(events);
    w.send_to(c, XI, 46, "422221111", &[window, 1, 0, device, 1, a, b, d, e]);
}

/// Grabs a device in the words of version 1; modes are of this device and of the others.
fn grab_one(
    w: &mut Wire<'_>,
    c: usize,
    window: i64,
    device: i64,
    owner: i64,
    modes: [i64; 2],
    kinds: &[i64],
) {
    let mut values = vec![window, 0, kinds.len() as i64, modes[0], modes[1], owner, device, 0];
    for kind in kinds {
        let class = w.xi_class(c, device, *kind);
        values.push(class);
    }
    w.send_to(c, XI, 13, "44211112*4", &values);
}

fn ungrab_one(w: &mut Wire<'_>, c: usize, device: i64) {
    w.send_to(c, XI, 14, "41111", &[0, device, 0, 0, 0]);
}

fn allow_one(w: &mut Wire<'_>, c: usize, device: i64, mode: i64) {
    w.send_to(c, XI, 19, "41111", &[0, mode, device, 0, 0]);
}

/// Grabs a device in the words of version 2; modes are of this device and of its pair.
fn grab_two(w: &mut Wire<'_>, c: usize, window: i64, device: i64, owner: i64, modes: [i64; 2], events: i64) {
    let mut values = vec![window, 0, 0, device, modes[0], modes[1], owner, 0, 1];
    values.extend(mask(events));
    w.send_to(c, XI, 51, "4442111121111", &values);
}

fn ungrab_two(w: &mut Wire<'_>, c: usize, device: i64) {
    w.send_to(c, XI, 52, "422", &[0, device, 0]);
}

fn allow_two(w: &mut Wire<'_>, c: usize, device: i64, mode: i64) {
    w.send_to(c, XI, 53, "4211", &[0, device, mode, 0]);
}

/// A passive grab in the words of version 2: `kind` is button, key, enter, focus or touch from 0 on.
fn passive_two(
    w: &mut Wire<'_>,
    c: usize,
    window: i64,
    (device, kind, detail): (i64, i64, i64),
    modes: [i64; 2],
    events: i64,
    modifiers: &[i64],
) {
    let mut values =
        vec![0, window, 0, detail, device, modifiers.len() as i64, 1, kind, modes[0], modes[1], 0, 0];
    values.extend(mask(events));
    values.extend(modifiers);
    w.send_to(c, XI, 54, "4444222111121111*4", &values);
}

fn unpassive_two(
    w: &mut Wire<'_>,
    c: usize,
    window: i64,
    device: i64,
    (kind, detail): (i64, i64),
    modifiers: &[i64],
) {
    let mut values = vec![window, detail, device, modifiers.len() as i64, kind, 0, 0];
    values.extend(modifiers);
    w.send_to(c, XI, 55, "4422112*4", &values);
}

/// Two windows, one in the other, both mapped, with the pointer in the inner one and the focus on the outer one.
fn two_windows(w: &mut Wire<'_>, c: usize, told: i64) -> (i64, i64) {
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], told);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], told);
    map(w, c, b);
    map(w, c, a);
    w.motion(c, 40, 40);
    w.send(c, 42, 0, "44", &[a, 0]);
    (a, b)
}

fn click(w: &mut Wire<'_>, c: usize, number: u8) {
    w.button(c, number, true);
    w.button(c, number, false);
}

fn tap(w: &mut Wire<'_>, c: usize, code: u8) {
    w.key(c, code, true);
    w.key(c, code, false);
}

/// Grabs of slaves in the words of version 1: who hears what, what waits, and every way to thaw it. The other devices go
/// on in all of them, as they do in Xvfb even where the protocol has them wait; and pointers do, for which Xvfb takes the
/// two modes for each other.
pub(crate) fn device_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, b) = two_windows(w, c, BUTTONS | KEYS);
    select_one(w, c, b, POINTER, &[3, 4, 5]);
    select_one(w, c, a, KEYBOARD, &[1, 2]);
    click(w, c, 1);
    tap(w, c, 38);
    for owner in [0, 1] {
        grab_one(w, other, a, KEYBOARD, owner, [1, 1], &[1, 2]);
        grab_one(w, c, a, KEYBOARD, owner, [1, 1], &[1, 2]);
        tap(w, c, 38);
        ungrab_one(w, c, KEYBOARD);
        ungrab_one(w, other, KEYBOARD);
        tap(w, c, 38);
    }
    grab_one(w, c, a, KEYBOARD, 0, [0, 1], &[1]);
    for mode in 0..6 {
        w.key(c, 38, true);
        w.key(c, 38, false);
        w.key(c, 39, true);
        w.key(c, 39, false);
        allow_one(w, other, KEYBOARD, mode);
        for _ in 0..5 {
            allow_one(w, c, KEYBOARD, mode);
        }
        ungrab_one(w, c, KEYBOARD);
        grab_one(w, c, a, KEYBOARD, 0, [0, 1], &[1, 2]);
    }
    ungrab_one(w, c, KEYBOARD);
    grab_one(w, other, b, POINTER, 0, [1, 1], &[3, 4]);
    w.button(c, 1, true);
    w.button(c, 1, false);
    tap(w, c, 38);
    allow_one(w, other, POINTER, 1);
    allow_one(w, other, POINTER, 1);
    allow_one(w, other, POINTER, 0);
    click(w, c, 2);
    w.send(other, 35, 6, "4", &[0]);
    ungrab_one(w, other, POINTER);
    for (grabber, window) in [(c, a), (other, a), (other, b)] {
        grab_one(w, grabber, window, KEYBOARD, 0, [1, 1], &[1, 2]);
        tap(w, c, 38);
        ungrab_one(w, grabber, KEYBOARD);
        grab_one(w, grabber, window, KEYBOARD, 0, [0, 1], &[1, 2]);
        tap(w, c, 38);
        ungrab_one(w, grabber, KEYBOARD);
        grab_one(w, grabber, window, POINTER, 0, [1, 1], &[3, 4]);
        tap(w, c, 38);
        click(w, c, 1);
        ungrab_one(w, grabber, POINTER);
    }
    w.close(other);
    click(w, c, 1);
    tap(w, c, 38);
    w.close(c);
}

/// Grabs of slaves that a key or a button activates, in the words of version 1.
pub(crate) fn device_passive_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, _) = two_windows(w, c, BUTTONS | KEYS);
    for (modifiers, this_mode) in [(0, 1), (0x8000, 1), (1, 1), (0, 0)] {
        let (press, release) = (w.xi_class(c, KEYBOARD, 1), w.xi_class(c, KEYBOARD, 2));
        let key = [a, 2, modifiers, 0xff, KEYBOARD, 38, this_mode, 1, 0, 0, press, release];
        w.send_to(c, XI, 15, "4221111112*4", &key);
        w.send_to(other, XI, 15, "4221111112*4", &key);
        tap(w, c, 38);
        w.key(c, 39, true);
        tap(w, c, 38);
        w.key(c, 39, false);
        if this_mode == 1 {
            // Of events that waited, Xvfb does not know which modifiers were held.
            w.key(c, 50, true);
            tap(w, c, 38);
            w.key(c, 50, false);
        }
        for mode in [1, 1, 2, 0] {
            allow_one(w, c, KEYBOARD, mode);
        }
        ungrab_one(w, c, KEYBOARD);
        w.send_to(c, XI, 16, "421111", &[a, modifiers, 0xff, 38, KEYBOARD, 0]);
        if this_mode == 0 {
            // Xvfb takes the modes of a button's grab for each other's.
            continue;
        }
        let (press, release) = (w.xi_class(c, POINTER, 3), w.xi_class(c, POINTER, 4));
        w.send_to(
            c,
            XI,
            17,
            "4112211112*4",
            &[a, POINTER, 0xff, 2, modifiers, 1, 1, 1, 0, 0, press, release],
        );
        click(w, c, 1);
        w.button(c, 1, true);
        w.button(c, 3, true);
        w.button(c, 1, false);
        w.button(c, 3, false);
        for mode in [1, 1, 2, 0] {
            allow_one(w, c, POINTER, mode);
        }
        ungrab_one(w, c, POINTER);
        w.send_to(c, XI, 18, "421111", &[a, modifiers, 0xff, 1, POINTER, 0]);
    }
    w.close(other);
    w.close(c);
}

/// Grabs of slaves in the words of version 2.
pub(crate) fn slave_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, b) = two_windows(w, c, BUTTONS | KEYS);
    select_two(w, c, a, 0, INPUT);
    click(w, c, 1);
    tap(w, c, 38);
    for owner in [0, 1] {
        for device in [POINTER, KEYBOARD] {
            grab_two(w, other, b, device, owner, [1, 1], INPUT);
            grab_two(w, c, a, device, owner, [1, 1], INPUT);
            click(w, c, 1);
            tap(w, c, 38);
            ungrab_two(w, c, device);
            ungrab_two(w, other, device);
        }
    }
    for mode in 0..6 {
        // Of a pointer that is alone and frozen, Xvfb says that it is in the middle of the screen.
        for (device, pair) in [(KEYBOARD, 0), (KEYBOARD, 1)] {
            grab_two(w, other, b, device, 0, [0, pair], INPUT);
            w.button(c, 1, true);
            w.key(c, 38, true);
            w.button(c, 1, false);
            w.key(c, 38, false);
            for _ in 0..4 {
                allow_two(w, other, device, mode);
            }
            ungrab_two(w, other, device);
        }
    }
    w.close(other);
    w.close(c);
}

/// Grabs of the masters in the words of version 2.
pub(crate) fn two_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, b) = two_windows(w, c, BUTTONS | KEYS | CROSSING | FOCUS);
    select_two(w, c, b, 2, INPUT | CROSSED);
    select_two(w, c, a, 3, INPUT | CROSSED);
    for owner in [0, 1] {
        for device in [2, 3] {
            grab_two(w, other, b, device, owner, [1, 1], INPUT | CROSSED);
            grab_two(w, c, a, device, owner, [1, 1], INPUT);
            w.motion(c, 300, 300);
            click(w, c, 1);
            tap(w, c, 38);
            w.motion(c, 40, 40);
            ungrab_two(w, c, device);
            ungrab_two(w, other, device);
            grab_two(w, c, a, device, owner, [1, 1], 0);
            click(w, c, 1);
            tap(w, c, 38);
            ungrab_two(w, c, device);
        }
    }
    grab_two(w, other, b, 2, 0, [1, 1], INPUT);
    w.close(other);
    click(w, c, 1);
    w.close(c);
}

/// Frozen masters, and every way of version 2 to thaw them.
pub(crate) fn two_allow_events(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (_, b) = two_windows(w, c, BUTTONS | KEYS);
    for mode in 0..6 {
        for (device, pair) in [(2, 0), (3, 0), (2, 1), (3, 1)] {
            grab_two(w, other, b, device, 0, [0, pair], INPUT);
            if mode >= 3 {
                // What is said of a pair, Xvfb does only where both are grabbed.
                grab_two(w, other, b, 5 - device, 0, [0, 1], INPUT);
            }
            w.button(c, 1, true);
            w.key(c, 38, true);
            w.button(c, 1, false);
            w.key(c, 38, false);
            for _ in 0..4 {
                allow_two(w, other, device, mode);
            }
            allow_two(w, c, device, mode);
            ungrab_two(w, other, device);
            ungrab_two(w, other, 5 - device);
        }
        passive_two(w, other, b, (2, 0, 1), [0, 1], INPUT, &[0]);
        w.button(c, 1, true);
        w.button(c, 1, false);
        for _ in 0..3 {
            allow_two(w, other, 2, mode);
        }
        ungrab_two(w, other, 2);
        unpassive_two(w, other, b, 2, (0, 1), &[0]);
        passive_two(w, other, b, (3, 1, 38), [0, 1], INPUT, &[0]);
        w.key(c, 38, true);
        w.key(c, 38, false);
        for _ in 0..3 {
            allow_two(w, other, 3, mode);
        }
        ungrab_two(w, other, 3);
        unpassive_two(w, other, b, 3, (1, 38), &[0]);
    }
    w.close(other);
    w.close(c);
}

/// Grabs that a key or button activates, of masters, slaves and all devices, in the words of version 2.
pub(crate) fn two_passive_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, b) = two_windows(w, c, BUTTONS | KEYS);
    for device in [2, 1, 0, POINTER] {
        for modifiers in [&[0][..], &[0, 1], &[ANY]] {
            passive_two(w, other, a, (device, 0, 1), [1, 1], INPUT, modifiers);
            passive_two(w, c, a, (device, 0, 1), [1, 1], INPUT, modifiers);
            passive_two(w, c, b, (device, 0, 0), [1, 1], INPUT, &[1, 4]);
            click(w, c, 1);
            w.key(c, 50, true);
            click(w, c, 1);
            click(w, c, 2);
            w.key(c, 50, false);
            unpassive_two(w, c, b, device, (0, 0), &[1, 4]);
            unpassive_two(w, other, a, device, (0, 1), modifiers);
            click(w, c, 1);
        }
    }
    for device in [3, 1, 0, KEYBOARD] {
        for modifiers in [&[0][..], &[0, 1], &[ANY]] {
            passive_two(w, other, a, (device, 1, 38), [1, 1], INPUT, modifiers);
            passive_two(w, c, a, (device, 1, 38), [1, 1], INPUT, modifiers);
            tap(w, c, 38);
            w.key(c, 50, true);
            tap(w, c, 38);
            tap(w, c, 39);
            w.key(c, 50, false);
            unpassive_two(w, other, a, device, (1, 38), modifiers);
            tap(w, c, 38);
        }
    }
    // What is wrong
    for (kind, detail) in [(1, 7), (0, 5), (2, 1), (3, 1), (4, 1), (5, 0), (6, 0), (7, 0)] {
        passive_two(w, c, a, (2, kind, detail), [1, 1], 0, &[0]);
        passive_two(w, c, a, (3, kind, detail), [1, 1], 0, &[0]);
    }
    for mode in [0, 1, 2] {
        passive_two(w, c, a, (2, 4, 0), [mode, 1], 0x1c_0000, &[0]);
        passive_two(w, c, a, (2, 4, 0), [mode, 1], 0, &[0]);
        passive_two(w, c, a, (2, 0, 1), [mode, 2], 0, &[0x100]);
    }
    w.close(other);
    w.close(c);
}

/// Grabs that the pointer's entering a window, and the focus coming to it, activate.
pub(crate) fn crossing_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, b) = two_windows(w, c, BUTTONS | KEYS | CROSSING | FOCUS);
    let e = window(w, c, 3, ROOT, [250, 10, 100, 100, 1], BUTTONS | KEYS | CROSSING | FOCUS);
    map(w, c, e);
    // Grabs of all masters that focus activates end Xvfb.
    for (device, kind) in [(2, 2), (3, 3), (2, 2), (3, 3)] {
        passive_two(w, other, b, (device, kind, 0), [1, 1], INPUT | CROSSED, &[0]);
        passive_two(w, other, e, (device, kind, 0), [1, 1], INPUT | CROSSED, &[0x8000_0000]);
        passive_two(w, c, e, (device, kind, 0), [1, 1], INPUT | CROSSED, &[0]);
        for (x, y, focus) in [(5, 5, ROOT), (40, 40, b), (12, 12, a), (300, 50, e), (40, 40, b), (5, 5, ROOT)]
        {
            w.motion(c, x, y);
            click(w, c, 1);
            w.send(c, 42, 0, "44", &[focus, 0]);
            tap(w, c, 38);
        }
        w.motion(c, 40, 40);
        w.motion(c, 45, 45);
        for window in [a, b, e] {
            select_two(w, c, window, 3, CROSSED);
        }
        ungrab_two(w, other, 2);
        w.send(c, 42, 0, "44", &[b, 0]);
        ungrab_two(w, other, 3);
        unpassive_two(w, other, b, device, (kind, 0), &[0]);
        unpassive_two(w, other, e, device, (kind, 0), &[0x8000_0000]);
        w.motion(c, 300, 50);
        w.send(c, 42, 0, "44", &[e, 0]);
        w.motion(c, 5, 5);
        w.send(c, 42, 0, "44", &[a, 0]);
    }
    w.close(other);
    w.close(c);
}

/// Lines that the pointer does not cross when it is moved by a way, and what is told of it.
pub(crate) fn barriers(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, _) = two_windows(w, c, BUTTONS | MOTION);
    for client in [c, other] {
        w.send_to(client, "XFIXES", 0, "44", &[5, 0]);
        select_two(w, client, ROOT, 2, 3 << 25);
        select_two(w, client, a, 2, 3 << 25);
    }
    let create = |w: &mut Wire<'_>, n: u32, window: i64, ends: [i64; 4], open: i64, devices: &[i64]| {
        let id = i64::from(w.id(c, n));
        let mut values = vec![id, window];
        values.extend(ends);
        values.extend([open, 0, devices.len() as i64]);
        values.extend(devices);
        w.send_to(c, "XFIXES", 31, "442222422*2", &values);
        id
    };
    let by = |w: &mut Wire<'_>, x: i16, y: i16| w.fake(c, 6, 1, x, y);
    let vertical = create(w, 60, ROOT, [100, 50, 100, 150], 0, &[]);
    create(w, 61, a, [200, 200, 120, 200], 2, &[]);
    create(w, 62, ROOT, [300, 0, 300, 479], 4, &[]);
    // What is wrong
    create(w, 63, ROOT, [300, 0, 301, 479], 0, &[]);
    create(w, 63, ROOT, [300, 10, 300, 10], 0, &[]);
    create(w, 63, 0x77, [300, 0, 300, 479], 0, &[]);
    create(w, 62, ROOT, [300, 0, 300, 479], 0, &[]);
    create(w, 63, ROOT, [300, 0, 300, 479], 0, &[3, 99]);
    create(w, 63, ROOT, [300, 0, 300, 479], 0, &[4]);
    for (x, y) in [
        (50, 50),
        (30, 0),
        (5, 5),
        (-1, 0),
        (-1, 0),
        (-1, 0),
        (2, 0),
        (9, 0),
        (0, 70),
        (20, 0),
        (0, 50),
        (0, 40),
        (0, -60),
        (-40, 0),
        (-80, -10),
        (500, 100),
        (-200, 0),
        (500, -100),
    ] {
        by(w, x, y);
    }
    // Released, for as long as it is pushed against
    w.motion(c, 90, 100);
    for event in [1, 2, 3, 4] {
        by(w, 20, 0);
        w.send_to(c, XI, 61, "4*2244", &[1, 2, 0, vertical, event]);
        by(w, 20, 0);
        w.motion(c, 90, 100);
    }
    w.send_to(other, XI, 61, "4*2244", &[1, 2, 0, vertical, 1]);
    w.send_to(c, XI, 61, "4*2244", &[1, 4, 0, vertical, 1]);
    w.send_to(c, XI, 61, "4*2244", &[1, 2, 0, a, 1]);
    w.send_to(c, XI, 61, "4*2244", &[2, 2, 0, vertical, 1]);
    w.send_to(other, "XFIXES", 32, "4", &[vertical]);
    by(w, 20, 0);
    w.send_to(c, "XFIXES", 32, "4", &[vertical]);
    w.send_to(c, "XFIXES", 32, "4", &[vertical]);
    by(w, 20, 0);
    w.close(c);
    w.close(other);
}

/// Touches are selected in a whole and by one client.
pub(crate) fn touch_selections(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let (a, b) = two_windows(w, c, 0);
    for events in
        [0x1c_0000, 0x3c_0000, 0x04_0000, 0x20_0000, 0x0c_0000, 1 << 24, 0x1c_0000, 7 << 27, 1 << 27, 0]
    {
        for device in [2, 1, 0, 3, POINTER] {
            select_two(w, c, a, device, events);
            select_two(w, other, a, device, events);
        }
        w.send_to(c, XI, 60, "4", &[a]);
    }
    for modes in [[2, 1], [1, 1], [2, 0]] {
        passive_two(w, c, b, (2, 4, 0), modes, 0x1c_0000, &[0, 4]);
        passive_two(w, other, b, (2, 4, 0), modes, 0x1c_0000, &[ANY]);
    }
    for mode in [6, 7, 8] {
        w.send_to(c, XI, 53, "421144", &[0, 2, mode, 0, 5, b]);
        allow_two(w, c, 2, mode);
    }
    w.close(other);
    w.close(c);
}
