//! What follows from requests, step by step: events in their order, to whom they go, and what can be asked afterwards.

use crate::bench::{Order, ROOT, Wire};
use crate::requests::{CHILD, CURSOR, WINDOW, furnish};

/// All that a window can tell.
const ALL: i64 = 0x01ff_ffff;
const STRUCTURE: i64 = 1 << 17;
const SUBSTRUCTURE: i64 = 1 << 19;
const EXPOSURE: i64 = 1 << 15;
const VISIBILITY: i64 = 1 << 16;
const REDIRECT: i64 = 1 << 20;
const CROSSING: i64 = 3 << 4;
const FOCUS: i64 = 1 << 21;
const BUTTONS: i64 = 3 << 2;
const KEYS: i64 = 3;
const MOTION: i64 = 1 << 6;

/// A window (x, y, width, height, border) that tells of these events.
fn window(w: &mut Wire<'_>, c: usize, n: u32, parent: i64, place: [i64; 5], events: i64) -> i64 {
    let id = i64::from(w.id(c, n));
    let [x, y, width, height, border] = place;
    // With a background, a border and an event mask
    let values =
        [id, parent, x, y, width, height, border, 1, 0, 1 << 1 | 1 << 3 | 1 << 11, 0x77, 0x99, events];
    w.send(c, 1, 0, "4422222244444", &values);
    id
}

fn map(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 8, 0, "4", &[window]);
}

fn unmap(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 10, 0, "4", &[window]);
}

fn select(w: &mut Wire<'_>, c: usize, window: i64, events: i64) {
    w.send(c, 2, 0, "444", &[window, 1 << 11, events]);
}

fn configure(w: &mut Wire<'_>, c: usize, window: i64, mask: i64, values: &[i64]) {
    let mut all = vec![window, mask, 0];
    all.extend(values);
    w.send(c, 12, 0, "422*4", &all);
}

fn query_tree(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 15, 0, "4", &[window]);
}

fn attributes(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 3, 0, "4", &[window]);
    w.send(c, 14, 0, "4", &[window]);
}

/// Structure, exposure and visibility of a small tree.
pub(crate) fn mapping_and_configuring(w: &mut Wire<'_>) {
    let c = w.connect();
    let told = STRUCTURE | SUBSTRUCTURE | EXPOSURE | VISIBILITY;
    let a = window(w, c, 1, ROOT, [10, 10, 200, 150, 3], told);
    let b = window(w, c, 2, a, [10, 20, 80, 60, 2], told);
    let d = window(w, c, 3, a, [50, 40, 80, 60, 1], told);
    let e = window(w, c, 4, b, [5, 5, 30, 30, 0], told);
    w.send(c, 9, 0, "4", &[a]);
    attributes(w, c, b);
    map(w, c, e);
    map(w, c, a);
    attributes(w, c, b);
    query_tree(w, c, a);
    for mode in 0..5 {
        configure(w, c, b, 1 << 6, &[mode]);
        query_tree(w, c, a);
        configure(w, c, b, 3 << 5, &[d, mode]);
        query_tree(w, c, a);
    }
    for direction in [0, 1, 0, 0, 1, 1] {
        w.send(c, 13, direction, "4", &[a]);
        query_tree(w, c, a);
    }
    // The same place again, a move, a resize, a border, all of them
    configure(w, c, b, 3, &[10, 20]);
    configure(w, c, b, 3, &[12, 25]);
    configure(w, c, b, 3 << 2, &[90, 70]);
    configure(w, c, b, 3 << 2, &[40, 30]);
    configure(w, c, b, 1 << 4, &[5]);
    configure(w, c, b, 0x1f, &[-3, -4, 60, 60, 1]);
    configure(w, c, a, 3 << 2, &[100, 100]);
    configure(w, c, a, 3, &[0, 0]);
    unmap(w, c, b);
    unmap(w, c, b);
    configure(w, c, b, 3, &[30, 30]);
    map(w, c, b);
    w.send(c, 11, 0, "4", &[a]);
    w.send(c, 9, 0, "4", &[a]);
    w.send(c, 61, 1, "42222", &[a, 5, 5, 0, 0]);
    w.send(c, 61, 1, "42222", &[a, 5, 5, 20, 10]);
    w.send(c, 5, 0, "4", &[a]);
    w.send(c, 4, 0, "4", &[a]);
    w.close(c);
}

/// Children move with the corners of their parent.
pub(crate) fn gravity(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE);
    for gravity in 0..11_u32 {
        let child = window(w, c, 10 + gravity, a, [8 * i64::from(gravity), 40, 8, 20, 0], STRUCTURE);
        w.send(c, 2, 0, "444", &[child, 1 << 5, i64::from(gravity)]);
    }
    w.send(c, 9, 0, "4", &[a]);
    map(w, c, a);
    for bit_gravity in [0, 1, 5, 9, 10] {
        w.send(c, 2, 0, "444", &[a, 1 << 4, bit_gravity]);
        configure(w, c, a, 3 << 2, &[121, 133]);
        configure(w, c, a, 0xf, &[20, 30, 90, 80]);
        configure(w, c, a, 3 << 2, &[100, 100]);
        w.send(c, 9, 0, "4", &[a]);
    }
    for gravity in 0..11 {
        let child = i64::from(w.id(c, 10 + gravity));
        attributes(w, c, child);
    }
    w.close(c);
}

/// The bits of a window that is resized stay where its bit gravity says.
pub(crate) fn bit_gravity(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE | EXPOSURE);
    map(w, c, a);
    for gravity in 0..11 {
        w.send(c, 2, 0, "444", &[a, 1 << 4, gravity]);
        configure(w, c, a, 3 << 2, &[121, 133]);
        configure(w, c, a, 0xf, &[20, 30, 90, 80]);
        configure(w, c, a, 0xf, &[10, 10, 90, 90]);
        configure(w, c, a, 1 << 4, &[5]);
        configure(w, c, a, 0x1f, &[30, 10, 100, 100, 3]);
    }
    w.close(c);
}

/// A window manager hears what others want.
pub(crate) fn redirection(w: &mut Wire<'_>) {
    let (manager, c) = (w.connect(), w.connect());
    select(w, manager, ROOT, REDIRECT | SUBSTRUCTURE);
    select(w, c, ROOT, REDIRECT);
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE);
    let b = window(w, c, 2, ROOT, [60, 60, 100, 100, 3], STRUCTURE);
    map(w, c, a);
    configure(w, c, a, 1, &[50]);
    configure(w, c, a, 3 << 5, &[b, 1]);
    configure(w, c, a, 0, &[]);
    map(w, manager, a);
    map(w, manager, b);
    configure(w, manager, a, 1, &[50]);
    w.send(c, 13, 0, "4", &[ROOT]);
    w.send(c, 13, 1, "4", &[ROOT]);
    w.send(manager, 13, 0, "4", &[ROOT]);
    w.send(c, 9, 0, "4", &[ROOT]);
    // Who is override-redirect is not asked about.
    w.send(c, 2, 0, "444", &[a, 1 << 9, 1]);
    unmap(w, c, a);
    map(w, c, a);
    configure(w, c, a, 1, &[70]);
    // Resizing is somebody's business too.
    select(w, manager, b, 1 << 18);
    select(w, c, b, 1 << 18);
    configure(w, manager, b, 0xf, &[20, 20, 77, 66]);
    attributes(w, c, b);
    w.send(c, 7, 0, "4422", &[b, a, 5, 5]);
    w.send(c, 7, 0, "4422", &[b, ROOT, 5, 5]);
    w.close(manager);
    map(w, c, b);
    w.close(c);
}

/// A frame that a window manager puts around a window, and what is left when it dies.
pub(crate) fn save_sets(w: &mut Wire<'_>) {
    let (c, manager) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE | EXPOSURE | FOCUS);
    let b = window(w, c, 2, ROOT, [200, 10, 100, 100, 1], STRUCTURE | EXPOSURE);
    map(w, c, a);
    select(w, c, ROOT, SUBSTRUCTURE);
    let frame = window(w, manager, 1, ROOT, [30, 40, 120, 130, 2], STRUCTURE | SUBSTRUCTURE);
    let inner = window(w, manager, 2, frame, [3, 4, 110, 110, 2], STRUCTURE | SUBSTRUCTURE);
    w.send(manager, 6, 0, "4", &[a]);
    w.send(manager, 6, 0, "4", &[b]);
    w.send(manager, 6, 0, "4", &[inner]);
    w.send(manager, 7, 0, "4422", &[a, inner, 5, 6]);
    w.send(manager, 7, 0, "4422", &[b, inner, 50, 60]);
    w.send(manager, 9, 0, "4", &[frame]);
    map(w, manager, frame);
    w.send(manager, 40, 0, "4422", &[a, ROOT, 0, 0]);
    w.send(manager, 40, 0, "4422", &[ROOT, frame, 50, 60]);
    w.send(manager, 6, 1, "4", &[b]);
    w.send(manager, 6, 0, "4", &[b]);
    w.close(manager);
    attributes(w, c, a);
    attributes(w, c, b);
    query_tree(w, c, ROOT);
    w.close(c);
}

/// What clients leave behind, and who takes it away.
pub(crate) fn close_down_modes(w: &mut Wire<'_>) {
    let (watcher, permanent, temporary, plain) = (w.connect(), w.connect(), w.connect(), w.connect());
    let a = window(w, permanent, 1, ROOT, [0, 0, 10, 10, 0], 0);
    let b = window(w, temporary, 1, ROOT, [20, 0, 10, 10, 0], 0);
    let d = window(w, plain, 1, ROOT, [40, 0, 10, 10, 0], 0);
    for window in [a, b, d] {
        select(w, watcher, window, STRUCTURE);
        map(w, watcher, window);
    }
    w.send(permanent, 112, 1, "", &[]);
    w.send(temporary, 112, 2, "", &[]);
    select(w, temporary, ROOT, SUBSTRUCTURE);
    w.close(permanent);
    w.close(temporary);
    w.close(plain);
    for window in [a, b, d] {
        attributes(w, watcher, window);
    }
    w.send(watcher, 113, 0, "4", &[0]);
    w.send(watcher, 113, 0, "4", &[a + 1]);
    w.send(watcher, 113, 0, "4", &[a]);
    w.send(watcher, 113, 0, "4", &[a]);
    w.close(watcher);
}

/// The pointer goes through a tree of windows: enter, leave and motion with all details.
pub(crate) fn crossing(w: &mut Wire<'_>) {
    let c = w.connect();
    let told = CROSSING | MOTION;
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], told);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], told);
    let d = window(w, c, 3, b, [10, 10, 50, 50, 1], told);
    let e = window(w, c, 4, ROOT, [250, 10, 200, 200, 2], told);
    let f = window(w, c, 5, e, [10, 10, 100, 100, 1], told);
    let g = window(w, c, 6, f, [10, 10, 50, 50, 1], told);
    for window in [d, b, a, g, f, e] {
        map(w, c, window);
    }
    select(w, c, ROOT, told);
    let places = [
        (5, 5),
        (40, 40),
        (12, 12),
        (40, 40),
        (5, 5),
        (290, 40),
        (40, 40),
        (260, 14),
        (45, 45),
        (25, 25),
        (30, 70),
        (280, 100),
        (5, 5),
    ];
    for (x, y) in places {
        w.motion(c, x, y);
        w.send(c, 38, 0, "4", &[a]);
    }
    w.motion(c, 40, 40);
    unmap(w, c, d);
    map(w, c, d);
    unmap(w, c, b);
    map(w, c, b);
    configure(w, c, a, 3, &[300, 300]);
    configure(w, c, e, 3, &[0, 0]);
    w.send(c, 4, 0, "4", &[f]);
    w.send(c, 7, 0, "4422", &[b, e, 0, 0]);
    w.send(c, 4, 0, "4", &[e]);
    // Warps, near and far, with a source and without
    configure(w, c, a, 3, &[10, 10]);
    w.send(c, 41, 0, "44222222", &[0, a, 0, 0, 0, 0, 5, 6]);
    w.send(c, 41, 0, "44222222", &[0, 0, 0, 0, 0, 0, 5, 6]);
    w.send(c, 41, 0, "44222222", &[a, 0, 0, 0, 5, 5, 5, 6]);
    w.send(c, 41, 0, "44222222", &[a, a, 0, 0, 0, 0, 1, 2]);
    w.send(c, 41, 0, "44222222", &[0, ROOT, 0, 0, 0, 0, 5000, -20]);
    w.send(c, 38, 0, "4", &[ROOT]);
    w.close(c);
}

/// Buttons and motion: to whom, with which state, propagated or not.
pub(crate) fn buttons(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], BUTTONS | MOTION | CROSSING);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], 0);
    let d = window(w, c, 3, b, [10, 10, 50, 50, 1], 1 << 3);
    for window in [d, b, a] {
        map(w, c, window);
    }
    select(w, other, a, 1 << 2);
    select(w, other, a, 1 << 3 | MOTION);
    w.motion(c, 40, 40);
    for number in [1, 3, 9, 10] {
        w.button(c, number, true);
        w.motion(c, 300, 300);
        w.button(c, 2, true);
        w.motion(c, 40, 41);
        w.button(c, number, false);
        w.motion(c, 40, 40);
        w.button(c, 2, false);
    }
    // Not up the tree
    w.send(c, 2, 0, "444", &[b, 1 << 12, 1 << 2]);
    w.button(c, 1, true);
    w.button(c, 1, false);
    w.send(c, 2, 0, "444", &[b, 1 << 12, 0]);
    // Motion with buttons only, and hints
    for mask in [1 << 8, 1 << 9, 1 << 13, MOTION | 1 << 7, 1 << 13 | 1 << 7] {
        select(w, c, a, mask | BUTTONS);
        w.motion(c, 41, 41);
        w.button(c, 1, true);
        w.motion(c, 42, 42);
        w.motion(c, 43, 43);
        w.send(c, 38, 0, "4", &[a]);
        w.motion(c, 44, 42);
        w.button(c, 1, false);
        w.motion(c, 45, 45);
    }
    // Another mapping of the buttons
    w.send(c, 116, 10, "*1", &[3, 2, 1, 4, 5, 6, 7, 8, 9, 0]);
    w.button(c, 1, true);
    w.send(c, 116, 10, "*1", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    w.button(c, 1, false);
    w.button(c, 10, true);
    w.button(c, 10, false);
    w.send(c, 116, 10, "*1", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    select(w, c, a, BUTTONS | 1 << 24);
    w.button(c, 1, true);
    w.send(c, 4, 0, "4", &[d]);
    w.send(c, 4, 0, "4", &[a]);
    w.button(c, 1, false);
    w.close(c);
    w.close(other);
}

/// The focus goes from window to window, to the root, to nowhere, and back when its window goes.
pub(crate) fn focus(w: &mut Wire<'_>) {
    let c = w.connect();
    let told = FOCUS | 1 << 14;
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], told);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], told);
    let d = window(w, c, 3, b, [10, 10, 50, 50, 1], told);
    let e = window(w, c, 4, ROOT, [250, 10, 200, 200, 2], told);
    let f = window(w, c, 5, e, [10, 10, 100, 100, 1], told);
    let g = window(w, c, 6, f, [10, 10, 50, 50, 1], told);
    for window in [d, b, a, g, f, e] {
        map(w, c, window);
    }
    select(w, c, ROOT, told);
    for (x, y) in [(5, 5), (40, 40), (290, 40), (12, 12)] {
        w.motion(c, x, y);
        for target in [a, d, a, g, d, 0, d, 1, g, ROOT, b, ROOT, 0, 1, 0, ROOT, 1, ROOT, b, e, e] {
            w.send(c, 42, 1, "44", &[target, 0]);
        }
        w.send(c, 43, 0, "", &[]);
    }
    for revert in 0..3 {
        w.send(c, 42, revert, "44", &[d, 0]);
        unmap(w, c, b);
        w.send(c, 43, 0, "", &[]);
        map(w, c, b);
        w.send(c, 42, revert, "44", &[d, 0]);
        unmap(w, c, a);
        w.send(c, 43, 0, "", &[]);
        map(w, c, a);
    }
    w.send(c, 42, 2, "44", &[d, 0]);
    w.send(c, 7, 0, "4422", &[d, e, 0, 0]);
    w.send(c, 43, 0, "", &[]);
    w.send(c, 42, 2, "44", &[g, 0]);
    w.send(c, 4, 0, "4", &[g]);
    w.send(c, 43, 0, "", &[]);
    w.send(c, 42, 2, "44", &[e, 0]);
    w.send(c, 4, 0, "4", &[e]);
    w.send(c, 43, 0, "", &[]);
    w.close(c);
}

/// Keys go to the focus, with the modifiers that were held before.
pub(crate) fn keys(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], KEYS);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], 1);
    let d = window(w, c, 3, ROOT, [250, 10, 100, 100, 1], KEYS);
    for window in [b, a, d] {
        map(w, c, window);
    }
    select(w, other, a, KEYS);
    w.motion(c, 40, 40);
    for target in [1, a, b, d, 0] {
        w.send(c, 42, 1, "44", &[target, 0]);
        w.key(c, 38, true);
        w.key(c, 38, false);
        w.key(c, 50, true);
        w.key(c, 38, true);
        w.send(c, 44, 0, "", &[]);
        w.key(c, 50, false);
        w.key(c, 38, false);
        w.key(c, 66, true);
        w.key(c, 66, false);
        w.key(c, 37, true);
        w.button(c, 1, true);
        w.key(c, 37, false);
        w.button(c, 1, false);
        w.key(c, 66, true);
        w.key(c, 66, false);
        w.send(c, 38, 0, "4", &[a]);
    }
    w.close(c);
    w.close(other);
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
    w.close(other);
    w.close(c);
}

/// Selections change hands; requests for them are handed on.
pub(crate) fn selections(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], 0);
    let a2 = window(w, c, 2, ROOT, [10, 10, 20, 20, 2], 0);
    let b = window(w, other, 1, ROOT, [10, 10, 20, 20, 2], 1 << 22);
    // Each run its own, since Xvfb remembers when a selection last changed hands.
    let selection = if w.order == Order::Little { 1 } else { 2 };
    let own =
        |w: &mut Wire<'_>, client, window, time| w.send(client, 22, 0, "444", &[window, selection, time]);
    w.send(c, 23, 0, "4", &[selection]);
    own(w, c, a, 1);
    w.send(c, 23, 0, "4", &[selection]);
    w.send(other, 24, 0, "44444", &[b, selection, 31, 39, 0]);
    own(w, c, a2, 1);
    own(w, other, b, 1);
    w.send(other, 23, 0, "4", &[selection]);
    own(w, c, a, 0x7fff_ffff);
    own(w, c, 0, 0);
    w.send(other, 24, 0, "44444", &[b, selection, 31, 39, 0]);
    w.send(other, 24, 0, "44444", &[b, selection, 31, 0, 7]);
    own(w, other, b, 0);
    own(w, other, b, 1);
    w.send(other, 4, 0, "4", &[b]);
    w.send(c, 23, 0, "4", &[selection]);
    own(w, c, a, 0);
    w.close(c);
    w.send(other, 23, 0, "4", &[selection]);
    w.close(other);
}

/// Properties in all formats and modes, and who is told.
pub(crate) fn properties(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], 1 << 22);
    let put = |w: &mut Wire<'_>, mode: u8, property: i64, kind: i64, format: i64, items: &[i64]| {
        let layout = match format {
            8 => "44411114*1",
            16 => "44411114*2",
            _ => "44411114*4",
        };
        let mut values = vec![a, property, kind, format, 0, 0, 0, items.len() as i64];
        values.extend(items);
        w.send(other, 18, mode, layout, &values);
    };
    put(w, 0, 40, 31, 8, &[1, 2, 3, 4, 5]);
    put(w, 2, 40, 31, 8, &[6, 7]);
    put(w, 1, 40, 31, 8, &[0]);
    put(w, 1, 40, 31, 16, &[0]);
    put(w, 1, 40, 19, 8, &[0]);
    put(w, 0, 41, 19, 16, &[0x0102, 0x0304, 0x0506]);
    put(w, 2, 41, 19, 16, &[0x0708]);
    put(w, 0, 42, 6, 32, &[0x0102_0304, 5]);
    put(w, 0, 43, 6, 32, &[]);
    put(w, 1, 44, 6, 32, &[9]);
    let get = |w: &mut Wire<'_>, delete, property, kind, offset, length| {
        w.send(c, 20, delete, "44444", &[a, property, kind, offset, length]);
    };
    for property in 40..46 {
        get(w, 0, property, 0, 0, 100);
        get(w, 0, property, if property == 40 { 19 } else { 0 }, 0, 100);
        get(w, 0, property, 0, 0, 1);
        get(w, 0, property, 0, 1, 1);
        get(w, 0, property, 0, 2, 1);
        get(w, 0, property, 0, 3, 1);
        get(w, 0, property, 0, 0, 0x3fff_ffff);
    }
    w.send(c, 21, 0, "4", &[a]);
    w.send(c, 114, 0, "422*4", &[a, 3, 1, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, -4, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, 0, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, 3, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, 1, 40, 41, 40]);
    w.send(c, 114, 0, "422*4", &[a, 3, 1, 40, 41, 45]);
    get(w, 1, 40, 31, 0, 1);
    get(w, 1, 40, 19, 0, 100);
    for property in 40..46 {
        get(w, 1, property, 0, 0, 100);
    }
    w.send(c, 21, 0, "4", &[a]);
    w.send(c, 19, 0, "44", &[a, 44]);
    w.close(c);
    w.close(other);
}

/// Events that clients send.
pub(crate) fn sent_events(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], BUTTONS | STRUCTURE);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], 1 << 3);
    map(w, c, b);
    map(w, c, a);
    select(w, other, a, STRUCTURE | FOCUS);
    w.motion(c, 40, 40);
    let send = |w: &mut Wire<'_>, propagate: u8, to: i64, mask: i64, code: i64| {
        let values = [to, mask, code, 8, 0x0102, 0x0304_0506, 7, 8, 9, 10, 11, 12];
        w.send(other, 25, propagate, "44112*4", &values);
    };
    for to in [a, b, 0, 1, ROOT] {
        for mask in [0, 1 << 2, 1 << 3, STRUCTURE, ALL] {
            for propagate in [0, 1] {
                send(w, propagate, to, mask, 33);
            }
        }
    }
    for code in 2..35 {
        send(w, 0, a, 0, code);
    }
    w.send(c, 42, 0, "44", &[a, 0]);
    send(w, 1, 1, BUTTONS, 4);
    w.motion(c, 400, 400);
    send(w, 1, 1, BUTTONS, 4);
    send(w, 1, 0, BUTTONS, 4);
    w.send(c, 42, 0, "44", &[0, 0]);
    send(w, 1, 1, BUTTONS, 4);
    w.close(c);
    w.close(other);
}

/// Colormaps are made, installed, put on windows and freed; cells of all kinds are allocated.
pub(crate) fn colormaps(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    furnish(w, c);
    let a = i64::from(w.id(c, WINDOW));
    let child = i64::from(w.id(c, CHILD));
    select(w, c, a, 1 << 23);
    let new = |w: &mut Wire<'_>, n: u32, visual: i64, all: u8| {
        let id = i64::from(w.id(c, n));
        w.send(c, 78, all, "444", &[id, ROOT, visual]);
        id
    };
    let plain = new(w, 40, 0x21, 0);
    w.send(c, 2, 0, "444", &[a, 1 << 13, plain]);
    w.send(c, 2, 0, "444", &[child, 1 << 13, 0]);
    w.send(c, 81, 0, "4", &[plain]);
    attributes(w, c, a);
    w.send(c, 82, 0, "4", &[plain]);
    w.send(c, 81, 0, "4", &[plain]);
    w.send(c, 79, 0, "4", &[plain]);
    attributes(w, c, a);
    new(w, 41, 0x21, 1);
    let direct = new(w, 42, 0x22, 0);
    w.send(c, 2, 0, "444", &[a, 1 << 13, direct]);
    let all = new(w, 43, 0x22, 1);
    for map in [0x20, direct, all] {
        for client in [c, other] {
            w.send(client, 84, 0, "422222", &[map, 0x1234, 0x5678, 0x9abc, 0, 0]);
            w.send(client, 84, 0, "422222", &[map, 0x1234, 0xffff, 0x9abc, 0, 0]);
        }
        w.send(c, 85, 0, "422111111", &[map, 3, 0, 0x72, 0x65, 0x64, 0, 0, 0]);
        w.send(c, 86, 0, "422", &[map, 2, 0]);
        w.send(c, 86, 1, "422", &[map, 3, 2]);
        w.send(c, 86, 0, "422", &[map, 1, 7]);
        w.send(c, 86, 0, "422", &[map, 1, 8]);
        w.send(c, 87, 0, "42222", &[map, 2, 1, 2, 3]);
        w.send(c, 87, 1, "42222", &[map, 1, 0, 0, 1]);
        w.send(c, 87, 1, "42222", &[map, 300, 0, 0, 1]);
        w.send(c, 89, 0, "4422211", &[map, 0x0002_0202, 1000, 2000, 3000, 7, 0]);
        w.send(c, 89, 0, "4422211", &[map, 0x0002_0202, 0xffff, 0x8000, 3000, 5, 0]);
        w.send(other, 89, 0, "4422211", &[map, 0x0003_0303, 0xffff, 0x8000, 3000, 7, 0]);
        w.send(c, 90, 7, "4422111111", &[map, 0x0004_0404, 3, 0, 0x72, 0x65, 0x64, 0]);
        w.send(c, 91, 0, "4*4", &[map, 0x0001_0101, 0x0002_0202, 0x0003_0303, 0x0004_0404]);
        w.send(other, 88, 0, "44*4", &[map, 0, 0x0002_0202]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0002_0202]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0002_0202, 0x0003_0303]);
        w.send(c, 88, 0, "44*4", &[map, 0x0004_0404, 0x0008_0808]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0012_569a]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0012_569a]);
        w.send(c, 86, 0, "422", &[map, 2, 0]);
    }
    let copy = i64::from(w.id(c, 44));
    w.send(c, 80, 0, "44", &[copy, direct]);
    w.send(c, 91, 0, "4*4", &[copy, 0x0001_0101, 0x0002_0202, 0x0003_0303, 0x0004_0404]);
    w.send(c, 86, 0, "422", &[copy, 2, 0]);
    w.send(c, 86, 0, "422", &[direct, 2, 0]);
    let copied = i64::from(w.id(c, 45));
    w.send(c, 80, 0, "44", &[copied, all]);
    w.send(c, 86, 0, "422", &[copied, 2, 0]);
    w.send(c, 86, 0, "422", &[all, 2, 0]);
    w.close(other);
    w.close(c);
}

/// One client has the server to itself.
pub(crate) fn server_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    w.waits(other, true);
    w.send(c, 36, 0, "", &[]);
    let a = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], STRUCTURE);
    map(w, c, a);
    w.waits(other, false);
    w.send(c, 37, 0, "", &[]);
    w.send(other, 14, 0, "4", &[a]);
    w.send(other, 37, 0, "", &[]);
    // XTEST's exception
    w.send_to(other, "XTEST", 3, "1111", &[1, 0, 0, 0]);
    w.send(c, 36, 0, "", &[]);
    w.send(other, 14, 0, "4", &[a]);
    w.send(c, 37, 0, "", &[]);
    w.close(c);
    w.close(other);
}

/// Cursors and shapes of windows that appear and go.
pub(crate) fn killing(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    furnish(w, other);
    let a = i64::from(w.id(other, WINDOW));
    select(w, c, a, STRUCTURE);
    let cursor = i64::from(w.id(other, CURSOR));
    w.send(other, 2, 0, "444", &[a, 1 << 14, cursor]);
    w.send(other, 95, 0, "4", &[cursor]);
    w.waits(other, true);
    w.send(c, 113, 0, "4", &[a]);
    w.close(other);
    attributes(w, c, a);
    w.close(c);
}

/// The screen saver is forced on, and goes with the next input.
pub(crate) fn screen_saver(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    w.send_to(c, "MIT-SCREEN-SAVER", 2, "44", &[ROOT, 3]);
    w.send(c, 115, 1, "", &[]);
    w.send(c, 115, 1, "", &[]);
    w.send(c, 115, 0, "", &[]);
    w.send(c, 107, 0, "22112", &[1, 1, 1, 1, 0]);
    w.send(c, 108, 0, "", &[]);
    w.send_to(c, "MIT-SCREEN-SAVER", 3, "4222221144", &[ROOT, 5, 6, 100, 90, 0, 1, 0, 0, 0]);
    w.send_to(other, "MIT-SCREEN-SAVER", 3, "4222221144", &[ROOT, 5, 6, 100, 90, 0, 1, 0, 0, 0]);
    w.send(other, 115, 1, "", &[]);
    w.close(c);
    query_tree(w, other, ROOT);
    w.send(other, 115, 0, "", &[]);
    w.close(other);
}
