//! Grabs: active, passive, synchronous, and what waits for them.

use super::{ALL, BUTTONS, CROSSING, FOCUS, KEYS, MOTION, REDIRECT, configure, map, select, unmap, window};
use crate::bench::{ROOT, Wire};

/// A kind of passive grab: how it is asked for, ended, and activated.
struct Kind {
    /// The first of three buttons or keys.
    first: u8,
    grab: fn(&mut Wire<'_>, usize, i64, u8, i64),
    ungrab: fn(&mut Wire<'_>, usize, i64, u8, i64),
    press: fn(&mut Wire<'_>, usize, u8, bool),
}

/// Passive grabs of which parts are taken away again: what is left, whom it keeps off, and that it can be grabbed anew.
pub(crate) fn parts_of_passive_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], 0);
    map(w, c, a);
    w.motion(c, 40, 40);
    let any = 0x8000;
    let buttons = Kind {
        first: 1,
        grab: |w, client, window, button, modifiers| {
            w.send(client, 28, 0, "421144112", &[window, 0xc, 1, 1, 0, 0, button.into(), 0, modifiers]);
        },
        ungrab: |w, client, window, button, modifiers| {
            w.send(client, 29, button, "422", &[window, modifiers, 0]);
        },
        press: |w, client, button, pressed| w.button(client, button, pressed),
    };
    let keys = Kind {
        first: 38,
        grab: |w, client, window, key, modifiers| {
            w.send(client, 33, 0, "42111111", &[window, modifiers, key.into(), 1, 1, 0, 0, 0]);
        },
        ungrab: |w, client, window, key, modifiers| {
            w.send(client, 34, key, "422", &[window, modifiers, 0]);
        },
        press: |w, client, key, pressed| w.key(client, key, pressed),
    };
    for Kind { first, grab, ungrab, press } in [buttons, keys] {
        let [one, two, three] = [first, first + 1, first + 2];
        for (gone, modifiers) in [(two, 0), (0, 1), (three, any), (one, 0)] {
            grab(w, c, a, 0, any);
            ungrab(w, c, a, two, 0);
            ungrab(w, c, a, gone, modifiers);
            for (detail, modifiers) in
                [(one, 0), (two, 0), (three, 1), (three, 0), (0, 1), (two, any), (0, any)]
            {
                grab(w, other, a, detail, modifiers);
            }
            for detail in [one, two, three] {
                press(w, c, detail, true);
                press(w, c, detail, false);
            }
            ungrab(w, other, a, 0, any);
            grab(w, c, a, one, 1);
            grab(w, c, a, 0, any);
            grab(w, other, a, two, 0);
            ungrab(w, c, a, 0, any);
            grab(w, other, a, 0, any);
            ungrab(w, other, a, 0, any);
        }
    }
    w.close(other);
    w.close(c);
}

/// A device that two grabs freeze: which of them lets it go, and that none replays what it has not stopped at.
pub(crate) fn frozen_twice(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], BUTTONS | MOTION | KEYS);
    map(w, c, a);
    w.motion(c, 40, 40);
    for allowed in 0..3 {
        w.send(c, 26, 0, "4211444", &[a, 1 << 2 | 1 << 3 | MOTION, 0, 1, 0, 0, 0]);
        w.send(c, 35, 1, "4", &[0]);
        w.send(c, 31, 0, "44112", &[a, 0, 0, 1, 0]);
        w.button(c, 1, true);
        w.motion(c, 45, 45);
        w.send(c, 35, allowed, "4", &[0]);
        w.send(c, 35, 0, "4", &[0]);
        w.send(c, 27, 0, "4", &[0]);
        w.send(c, 32, 0, "4", &[0]);
        w.button(c, 1, false);
    }
    w.send(c, 42, 2, "44", &[a, 0]);
    w.send(c, 33, 0, "42111111", &[a, 0, 39, 1, 1, 0, 0, 0]);
    for allowed in 3..6 {
        w.key(c, 39, true);
        w.send(c, 26, 0, "4211444", &[a, 0, 1, 0, 0, 0, 0]);
        w.send(c, 35, allowed, "4", &[0]);
        w.key(c, 40, true);
        w.send(c, 27, 0, "4", &[0]);
        w.send(c, 32, 0, "4", &[0]);
        w.key(c, 40, false);
        w.key(c, 39, false);
    }
    w.close(c);
}

/// The window of a grab goes while a press waits: who would have heard of it there hears nothing.
pub(crate) fn windows_of_grabs_that_go(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], BUTTONS | MOTION);
    for passive in [false, true] {
        map(w, c, a);
        w.motion(c, 40, 40);
        w.send(other, 26, 1, "4211444", &[a, 1 << 2, 0, 0, 0, 0, 0]);
        w.button(c, 1, true);
        if passive {
            w.send(other, 28, 0, "421144112", &[ROOT, 0xc, 1, 1, 0, 0, 1, 0, 0]);
        }
        unmap(w, c, a);
        w.button(c, 1, false);
    }
    w.send(other, 29, 1, "422", &[ROOT, 0x8000, 0]);
    w.close(other);
    w.close(c);
}

/// Active grabs of the pointer and what they do to events and to others' grabs.
pub(crate) fn active_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let told = CROSSING | BUTTONS | MOTION;
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], told);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], told);
    let d = window(w, other, 3, ROOT, [250, 10, 100, 100, 1], told | FOCUS | KEYS);
    let hidden = window(w, c, 4, ROOT, [0, 0, 10, 10, 0], 0);
    map(w, c, b);
    map(w, c, a);
    map(w, other, d);
    w.motion(c, 40, 40);
    let grab = |w: &mut Wire<'_>, client, window, owner, events, confine| {
        w.send(client, 26, owner, "4211444", &[window, events, 1, 1, confine, 0, 0]);
    };
    grab(w, c, hidden, 0, told, 0);
    for owner in [0, 1] {
        grab(w, c, a, owner, told, 0);
        grab(w, other, d, owner, told, 0);
        w.motion(c, 300, 40);
        w.button(c, 1, true);
        w.button(c, 1, false);
        w.motion(c, 45, 45);
        w.send(c, 30, 0, "4422", &[0, 0, 1 << 2, 0]);
        w.button(c, 1, true);
        w.button(c, 1, false);
        w.motion(c, 400, 400);
        w.send(other, 27, 0, "4", &[0]);
        w.send(c, 27, 0, "4", &[0]);
        w.motion(c, 40, 40);
    }
    // Confined
    grab(w, c, a, 0, told, b);
    w.motion(c, 400, 400);
    w.send(c, 38, 0, "4", &[ROOT]);
    w.send(c, 41, 0, "44222222", &[0, ROOT, 0, 0, 0, 0, 1, 1]);
    w.send(c, 38, 0, "4", &[ROOT]);
    unmap(w, c, b);
    grab(w, other, d, 0, told, 0);
    unmap(w, other, d);
    map(w, other, d);
    map(w, c, b);
    // From one of its windows to the other
    grab(w, c, a, 0, told, 0);
    grab(w, c, b, 0, told, 0);
    grab(w, other, d, 0, told, 0);
    w.close(c);
    grab(w, other, d, 0, told, 0);
    // The keyboard
    w.send(other, 31, 0, "44112", &[d, 0, 1, 1, 0]);
    w.key(other, 38, true);
    w.key(other, 38, false);
    w.send(other, 42, 0, "44", &[0, 0]);
    w.send(other, 42, 0, "44", &[d, 0]);
    w.send(other, 32, 0, "4", &[0]);
    w.key(other, 38, true);
    w.key(other, 38, false);
    w.send(other, 31, 1, "44112", &[ROOT, 0, 1, 1, 0]);
    w.key(other, 38, true);
    w.key(other, 38, false);
    w.send(other, 32, 0, "4", &[0]);
    w.close(other);
}

/// Grabs that buttons and keys activate.
pub(crate) fn passive_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let told = CROSSING | BUTTONS | MOTION | FOCUS;
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], told);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], told);
    map(w, c, b);
    map(w, c, a);
    w.motion(c, 40, 40);
    for (owner, modifiers) in [(0, 0), (1, 0x8000), (0, 1), (0, 4)] {
        w.send(other, 28, owner, "421144112", &[a, BUTTONS, 1, 1, 0, 0, 1, 0, modifiers]);
        w.send(c, 28, owner, "421144112", &[a, BUTTONS, 1, 1, 0, 0, 1, 0, modifiers]);
        w.send(c, 28, owner, "421144112", &[a, BUTTONS, 1, 1, 0, 0, 0, 0, 0x8000]);
        w.button(c, 1, true);
        w.motion(c, 41, 41);
        w.button(c, 2, true);
        w.button(c, 1, false);
        w.button(c, 2, false);
        w.key(c, 50, true);
        w.button(c, 1, true);
        w.button(c, 1, false);
        w.key(c, 50, false);
        w.send(other, 29, 1, "422", &[a, modifiers, 0]);
    }
    w.send(other, 28, 0, "421144112", &[a, BUTTONS, 1, 1, 0, 0, 0, 0, 0x8000]);
    w.send(other, 29, 3, "422", &[a, 0, 0]);
    for number in [1, 3] {
        w.button(c, number, true);
        w.button(c, number, false);
    }
    w.send(other, 29, 0, "422", &[a, 0x8000, 0]);
    // Keys
    w.send(c, 42, 0, "44", &[b, 0]);
    for (key, modifiers) in [(38, 0), (0, 0), (39, 0x8000)] {
        w.send(other, 33, 0, "42111", &[a, modifiers, key, 1, 1]);
        w.send(c, 33, 0, "42111", &[a, modifiers, key, 1, 1]);
        w.key(c, 38, true);
        w.key(c, 40, true);
        w.key(c, 40, false);
        w.key(c, 38, false);
        w.key(c, 37, true);
        w.key(c, 39, true);
        w.key(c, 39, false);
        w.key(c, 37, false);
        w.send(other, 34, 0, "422", &[a, 0x8000, 0]);
    }
    w.send(other, 33, 0, "42111", &[ROOT, 0, 38, 1, 1]);
    w.key(c, 38, true);
    w.close(other);
    w.key(c, 38, false);
    w.close(c);
}

/// A press that activates a grab is told at the grab window, even to an owner that selects it where it happened.
pub(crate) fn grabs_of_owners(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], BUTTONS | KEYS | MOTION);
    map(w, c, a);
    w.motion(c, 40, 40);
    w.send(c, 28, 1, "421144112", &[ROOT, 1 << 3, 1, 1, 0, 0, 1, 0, 0x8000]);
    w.send(c, 33, 1, "421111", &[ROOT, 0x8000, 38, 1, 1, 0]);
    w.button(c, 1, true);
    w.motion(c, 41, 41);
    w.button(c, 1, false);
    w.key(c, 38, true);
    w.key(c, 39, true);
    w.key(c, 39, false);
    w.key(c, 38, false);
    w.close(c);
}

/// Frozen devices, and every way to thaw them.
pub(crate) fn synchronous_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let told = BUTTONS | MOTION | KEYS;
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], told);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], told);
    map(w, c, b);
    map(w, c, a);
    w.motion(c, 40, 40);
    w.send(c, 42, 0, "44", &[a, 0]);
    for mode in 0..8 {
        // The pointer's grab freezes both.
        w.send(other, 26, 0, "4211444", &[a, BUTTONS | MOTION, 0, 0, 0, 0, 0]);
        w.motion(c, 41, 41);
        w.button(c, 1, true);
        w.button(c, 1, false);
        w.key(c, 38, true);
        w.key(c, 38, false);
        for _ in 0..4 {
            w.send(other, 35, mode, "4", &[0]);
        }
        w.send(c, 35, mode, "4", &[0]);
        w.send(c, 38, 0, "4", &[a]);
        w.send(other, 27, 0, "4", &[0]);
        w.motion(c, 40, 40);
        // The keyboard's freezes itself.
        w.send(other, 31, 0, "44112", &[a, 0, 1, 0, 0]);
        w.key(c, 38, true);
        w.button(c, 1, true);
        w.key(c, 38, false);
        w.button(c, 1, false);
        for _ in 0..4 {
            w.send(other, 35, mode, "4", &[0]);
        }
        w.send(other, 32, 0, "4", &[0]);
        // A button's, replayed or not
        w.send(other, 28, 0, "421144112", &[a, BUTTONS, 0, 1, 0, 0, 1, 0, 0]);
        w.button(c, 1, true);
        w.motion(c, 41, 41);
        w.button(c, 1, false);
        for _ in 0..4 {
            w.send(other, 35, mode, "4", &[0]);
        }
        w.send(other, 27, 0, "4", &[0]);
        w.send(other, 29, 1, "422", &[a, 0, 0]);
        // A key's; AsyncBoth and SyncBoth want both devices grabbed in Xvfb, frozen in the protocol.
        w.send(other, 33, 0, "42111", &[a, 0, 38, i64::from(mode >= 6), 0]);
        w.key(c, 38, true);
        w.key(c, 39, true);
        w.button(c, 1, true);
        w.key(c, 39, false);
        w.key(c, 38, false);
        w.button(c, 1, false);
        for _ in 0..4 {
            w.send(other, 35, mode, "4", &[0]);
        }
        w.send(other, 32, 0, "4", &[0]);
        w.send(other, 27, 0, "4", &[0]);
        w.send(other, 34, 38, "422", &[a, 0, 0]);
    }
    w.send(other, 31, 0, "44112", &[a, 0, 0, 0, 0]);
    w.send(c, 26, 0, "4211444", &[a, BUTTONS | MOTION, 0, 0, 0, 0, 0]);
    w.button(c, 1, true);
    w.key(c, 38, true);
    w.close(other);
    w.key(c, 38, false);
    w.button(c, 1, false);
    w.close(c);
}

/// Events of a frozen device wait and are told in their order, all with the place that the pointer has by then.
pub(crate) fn waiting_events(w: &mut Wire<'_>) {
    let c = w.connect();
    select(w, c, ROOT, BUTTONS | MOTION);
    w.send(c, 26, 1, "4211444", &[ROOT, BUTTONS | MOTION, 0, 1, 0, 0, 0]);
    for (x, y) in [(10, 20), (30, 40), (50, 60), (70, 80)] {
        w.motion(c, x, y);
    }
    w.button(c, 1, true);
    w.motion(c, 90, 91);
    w.key(c, 38, true);
    w.button(c, 1, false);
    w.key(c, 38, false);
    w.motion(c, 100, 101);
    w.send(c, 35, 0, "4", &[0]);
    w.send(c, 27, 0, "4", &[0]);
    // Warps take the place of the motion before them.
    w.send(c, 26, 1, "4211444", &[ROOT, BUTTONS | MOTION, 0, 1, 0, 0, 0]);
    w.motion(c, 10, 20);
    w.send(c, 41, 0, "44222222", &[0, ROOT, 0, 0, 0, 0, 50, 50]);
    w.motion(c, 60, 60);
    w.send(c, 41, 0, "44222222", &[0, 0, 0, 0, 0, 0, 10, 10]);
    w.send(c, 41, 0, "44222222", &[0, ROOT, 0, 0, 0, 0, 80, 80]);
    w.send(c, 27, 0, "4", &[0]);
    // Buttons that wait for a grab of the keyboard
    w.button(c, 1, true);
    w.send(c, 31, 1, "44112", &[ROOT, 0, 0, 1, 0]);
    w.button(c, 1, false);
    w.button(c, 2, true);
    w.button(c, 2, false);
    w.send(c, 38, 0, "4", &[ROOT]);
    w.send(c, 32, 0, "4", &[0]);
    w.close(c);
}

/// A grab confines the pointer to a window, which then moves, shrinks and goes out of sight.
pub(crate) fn confinement(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let told = ALL & !REDIRECT & !(1 << 18);
    let a = window(w, c, 1, ROOT, [10, 10, 50, 50, 1], told);
    let b = window(w, c, 2, ROOT, [0, 20, 200, 30, 1], told);
    map(w, c, a);
    map(w, c, b);
    select(w, other, a, CROSSING | 1 << 14);
    select(w, other, b, CROSSING | 1 << 14);
    for owner in [1, 0] {
        w.motion(c, 300, 200);
        w.send(c, 26, owner, "4211444", &[b, 0x2070, 1 - i64::from(owner), 1, a, 0, 0]);
        w.send(c, 38, 0, "4", &[ROOT]);
        w.send(c, 31, 1, "44112", &[ROOT, 0, 1, 1, 0]);
        w.send(c, 32, 0, "4", &[0]);
        w.send(c, 27, 0, "4", &[0]);
    }
    w.send(c, 26, 0, "4211444", &[b, 0x2070, 1, 1, a, 0, 0]);
    w.motion(c, 300, 200);
    configure(w, c, a, 3, &[90, 90]);
    w.send(c, 38, 0, "4", &[ROOT]);
    configure(w, c, a, 12, &[5, 5]);
    w.send(c, 38, 0, "4", &[ROOT]);
    configure(w, c, a, 3, &[900, 900]);
    w.send(c, 38, 0, "4", &[ROOT]);
    w.send(c, 27, 0, "4", &[0]);
    // Confined while motion waits
    w.motion(c, 300, 200);
    w.send(c, 26, 0, "4211444", &[b, 0x2070, 0, 1, 0, 0, 0]);
    w.motion(c, 120, 30);
    w.send(c, 26, 0, "4211444", &[a, 0x2070, 1, 1, ROOT, 0, 0]);
    w.send(c, 38, 0, "4", &[ROOT]);
    w.send(c, 27, 0, "4", &[0]);
    w.close(other);
    w.close(c);
}

/// Windows with grabs go, one within the other: the grab of the outer one ends first.
pub(crate) fn grabs_of_windows_that_go(w: &mut Wire<'_>) {
    let (c, far) = (w.connect(), w.connect());
    for inner_has_pointer in [true, false] {
        let top = window(w, c, 1, ROOT, [10, 50, 16, 61, 2], 0);
        let outer = window(w, c, 2, top, [5, 5, 15, 100, 1], FOCUS | 0x4000);
        let inner = window(w, far, 1, outer, [190, -10, 100, 90, 1], FOCUS | CROSSING | 0x4000);
        for shown in [inner, outer, top] {
            map(w, c, shown);
        }
        w.motion(c, 300, 200);
        let (of_keyboard, of_pointer) = if inner_has_pointer { (outer, inner) } else { (inner, outer) };
        w.send(c, 31, 1, "44112", &[of_keyboard, 0, 1, 1, 0]);
        w.send(c, 26, 1, "4211444", &[of_pointer, BUTTONS, 1, 1, 0, 0, 0]);
        unmap(w, c, top);
        w.send(c, 4, 0, "4", &[top]);
    }
    w.close(far);
    w.close(c);
}

/// A key is replayed that activates a grab further down, if the pointer is somewhere there.
pub(crate) fn replayed_keys(w: &mut Wire<'_>) {
    let (c, other, third) = (w.connect(), w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], 0);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], KEYS);
    let d = window(w, c, 3, ROOT, [300, 10, 100, 100, 1], KEYS);
    for shown in [b, a, d] {
        map(w, c, shown);
    }
    for (x, above, focus) in [
        (40, ROOT, b),
        (15, ROOT, b),
        (500, ROOT, b),
        (310, ROOT, b),
        (40, a, b),
        (15, a, b),
        (310, a, b),
        (40, ROOT, 1),
        (500, ROOT, 1),
        (40, a, 1),
    ] {
        w.send(c, 42, 0, "44", &[focus, 0]);
        for (pointer, keyboard) in [(1, 1), (1, 0), (0, 1), (0, 0)] {
            w.motion(third, x, 40);
            let below = if above == a { b } else { a };
            w.send(c, 33, 0, "421111", &[below, 0x8000, 38, pointer, keyboard, 0]);
            w.send(other, 33, 0, "421111", &[above, 0x8000, 0, 1, 0, 0]);
            w.key(third, 38, true);
            w.send(other, 35, 5, "4", &[0]);
            w.send(third, 31, 0, "44112", &[ROOT, 0, 1, 1, 0]);
            w.motion(third, 41, 41);
            w.key(third, 38, false);
            w.send(c, 35, 0, "4", &[0]);
            w.send(c, 35, 3, "4", &[0]);
            for client in [c, other, third] {
                w.send(client, 32, 0, "4", &[0]);
            }
            w.send(c, 34, 38, "422", &[below, 0x8000, 0]);
            w.send(other, 34, 0, "422", &[above, 0x8000, 0]);
        }
    }
    for client in [c, other, third] {
        w.close(client);
    }
}

/// A client goes that has grabbed a device synchronously, and events that wait activate its grab once more.
pub(crate) fn gone_while_keys_wait(w: &mut Wire<'_>) {
    let (watcher, one, other) = (w.connect(), w.connect(), w.connect());
    let a = window(w, watcher, 1, ROOT, [10, 10, 200, 200, 2], FOCUS | KEYS);
    map(w, watcher, a);
    w.send(watcher, 42, 1, "44", &[a, 0]);
    for (c, keyboard) in [(one, 0), (other, 1)] {
        w.send(c, 33, 0, "42111111", &[ROOT, 0x8000, 0, 0, 0, keyboard, 0, 0]);
        for (key, pressed) in [(38, true), (38, false), (40, true), (40, false), (41, true), (42, true)] {
            w.key(c, key, pressed);
        }
        w.close(c);
        w.key(watcher, 41, false);
        w.key(watcher, 42, false);
    }
    w.close(watcher);
}
