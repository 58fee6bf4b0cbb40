//! Pointer, buttons, keys and focus, without a grab.

use super::{BUTTONS, CROSSING, FOCUS, KEYS, MOTION, configure, map, select, unmap, window};
use crate::bench::{ROOT, Wire};

/// Two trees beside each other, three windows deep, all mapped; they and the root select `told`.
fn two_trees(w: &mut Wire<'_>, c: usize, told: i64) -> [i64; 6] {
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
    [a, b, d, e, f, g]
}

/// The pointer goes through a tree of windows: enter, leave and motion with all details.
pub(crate) fn crossing(w: &mut Wire<'_>) {
    let c = w.connect();
    let told = CROSSING | MOTION;
    let [a, b, d, e, f, _] = two_trees(w, c, told);
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
    let [a, b, d, e, _, g] = two_trees(w, c, told);
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
