//! How events of devices go up the tree of windows.

use super::{BUTTONS, CROSSING, KEYS, MOTION, map, select, window};
use crate::bench::{ROOT, Wire};

const BUTTON_MOTION: i64 = 1 << 13;
const BUTTON_1_MOTION: i64 = 1 << 8;

/// Motion has several kinds while buttons are held: what a window between does not let pass.
pub(crate) fn do_not_propagate(w: &mut Wire<'_>) {
    let c = w.connect();
    let outer = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], CROSSING);
    let middle = window(w, c, 2, outer, [10, 10, 150, 150, 1], 0);
    let inner = window(w, c, 3, middle, [10, 10, 100, 100, 0], 0);
    for id in [inner, middle, outer] {
        map(w, c, id);
    }
    for wanted in [MOTION, BUTTON_MOTION, BUTTON_1_MOTION, MOTION | BUTTON_MOTION, BUTTONS] {
        select(w, c, outer, wanted);
        for stopped in [0, MOTION, BUTTON_MOTION, BUTTON_1_MOTION, 1 << 9, BUTTONS, 1 << 2, KEYS] {
            // The do-not-propagate mask
            w.send(c, 2, 0, "444", &[middle, 1 << 12, stopped]);
            w.motion(c, 400, 400);
            for button in [1, 2] {
                w.button(c, button, true);
                w.motion(c, 60, 60);
                w.motion(c, 62, 61);
                w.button(c, button, false);
                w.motion(c, 400, 400);
            }
            w.motion(c, 60, 60);
            w.motion(c, 61, 61);
            w.button(c, 1, true);
            w.button(c, 1, false);
        }
    }
    // Under a grab that tells its owner's events as well
    select(w, c, ROOT, BUTTON_MOTION | MOTION);
    w.send(c, 2, 0, "444", &[middle, 1 << 12, MOTION]);
    for owner in [0, 1] {
        w.send(c, 26, owner, "4211444", &[outer, BUTTONS, 1, 1, 0, 0, 0]);
        w.button(c, 1, true);
        w.motion(c, 65, 65);
        w.motion(c, 300, 300);
        w.button(c, 1, false);
        w.send(c, 27, 0, "4", &[0]);
    }
    w.close(c);
}

/// A key that is pressed while it is down (XTEST) is not told again.
pub(crate) fn keys_pressed_twice(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], KEYS);
    map(w, c, a);
    w.motion(c, 40, 40);
    // The focus
    w.send(c, 42, 1, "44", &[a, 0]);
    for (code, pressed) in
        [(38, true), (38, true), (39, true), (38, true), (38, false), (38, false), (39, true), (39, false)]
    {
        w.key(c, code, pressed);
    }
    w.close(c);
}
