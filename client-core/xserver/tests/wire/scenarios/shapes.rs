//! Shapes of windows, and rectangles in the orders that clients claim.

use super::{EXPOSURE, VISIBILITY, configure, map, window};
use crate::bench::{ROOT, Wire};

const SHAPE: &str = "SHAPE";

/// Rectangles that are in none of the orders.
const MIXED: [i64; 16] = [0, 0, 20, 20, 10, 10, 30, 30, 50, 5, 200, 10, -10, 60, 30, 10];
/// Sorted by y alone, by y and x, in bands.
const BY_Y: [i64; 12] = [50, 0, 20, 20, 0, 0, 30, 30, 50, 5, 20, 10];
const BY_Y_X: [i64; 12] = [0, 0, 30, 30, 20, 0, 20, 20, 50, 5, 20, 10];
const BANDS: [i64; 12] = [0, 0, 20, 10, 30, 0, 20, 10, 5, 10, 9, 9];
/// … in bands but for one that is higher than its neighbour.
const UNEVEN: [i64; 12] = [0, 0, 20, 10, 30, 0, 20, 9, 5, 10, 9, 9];

fn ask(w: &mut Wire<'_>, c: usize, window: i64) {
    for kind in 0..3 {
        w.send_to(c, SHAPE, 8, "41111", &[window, kind, 0, 0, 0]);
    }
    w.send_to(c, SHAPE, 5, "4", &[window]);
}

fn rectangles(w: &mut Wire<'_>, c: usize, window: i64, [operation, kind, ordering]: [i64; 3], list: &[i64]) {
    let mut values = vec![operation, kind, ordering, 0, window, 3, -2];
    values.extend(list);
    w.send_to(c, SHAPE, 1, "1111422*2", &values);
}

/// Shapes are set, combined and moved, of all kinds, and who selects it is told.
pub(crate) fn shapes(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [50, 50, 100, 80, 0], EXPOSURE);
    let b = window(w, c, 2, ROOT, [60, 60, 60, 40, 0], EXPOSURE);
    map(w, c, b);
    map(w, c, a);
    for (client, window) in [(c, a), (other, a), (other, b)] {
        w.send_to(client, SHAPE, 6, "41111", &[window, 1, 0, 0, 0]);
        w.send_to(client, SHAPE, 7, "4", &[window]);
    }
    ask(w, c, a);
    for kind in 0..3 {
        for (operation, list) in [(0, &MIXED[..]), (1, &BY_Y), (3, &BANDS), (2, &BY_Y), (4, &MIXED)] {
            rectangles(w, c, a, [operation, kind, 0], list);
            ask(w, c, a);
        }
    }
    for kind in 0..3 {
        w.send_to(c, SHAPE, 4, "1111422", &[kind, 0, 0, 0, a, 11, -3]);
    }
    for kind in 0..3 {
        w.send_to(c, SHAPE, 3, "11114224", &[0, kind, kind, 0, b, 5, 6, a]);
        ask(w, c, b);
    }
    configure(w, c, a, 0xc, &[50, 50]);
    for kind in 0..3 {
        // None, twice
        w.send_to(c, SHAPE, 2, "11224224", &[0, kind, 0, 0, a, 0, 0, 0]);
        w.send_to(c, SHAPE, 2, "11224224", &[0, kind, 0, 0, a, 0, 0, 0]);
        w.send_to(c, SHAPE, 2, "11224224", &[1, kind, 0, 0, a, 0, 0, 0]);
    }
    ask(w, c, a);
    w.send_to(c, SHAPE, 6, "41111", &[a, 0, 0, 0, 0]);
    w.send_to(c, SHAPE, 7, "4", &[a]);
    rectangles(w, c, a, [0, 0, 0], &MIXED);
    w.close(other);
    w.close(c);
}

/// A window that shows in full is unobscured, however far its shape goes beyond it.
pub(crate) fn shapes_beyond(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [50, 50, 50, 55, 2], VISIBILITY);
    map(w, c, a);
    rectangles(w, c, a, [3, 0, 0], &[97, -7, 37, 85, 16, 68, 106, 1]);
    rectangles(w, c, a, [1, 0, 0], &[24, 1, 80, 123, 28, 98, 49, 78]);
    rectangles(w, c, a, [0, 0, 0], &[-9, -9, 90, 90]);
    rectangles(w, c, a, [0, 0, 0], &[-9, -9, 90, 40, 60, -9, 9, 9]);
    rectangles(w, c, a, [0, 0, 0], &[-9, -9, 90, 40]);
    rectangles(w, c, a, [0, 0, 0], &[-9, -9, 5, 5]);
    w.close(c);
}

/// Children where what they are in does not show: with a shape they are not found there, without one they are.
pub(crate) fn shaped_children(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 100, 80, 3], 0);
    let b = window(w, c, 2, a, [20, 20, 150, 120, 2], 0);
    map(w, c, b);
    rectangles(w, c, a, [0, 1, 0], &[-3, 2, 60, 60]);
    for mapped in [false, true] {
        if mapped {
            map(w, c, a);
        }
        for shaped in [false, true] {
            let all: &[i64] = if shaped { &[-9, -9, 300, 300] } else { &[] };
            w.send_to(c, SHAPE, 2, "11114224", &[0, 0, 0, 0, b, 0, 0, 0]);
            if shaped {
                rectangles(w, c, b, [0, 0, 0], all);
            }
            for (x, y) in [(40, 40), (50, 70), (80, 50), (105, 50), (50, 100), (120, 60)] {
                w.send(c, 40, 0, "4422", &[ROOT, a, x, y]);
                w.motion(c, x as i16, y as i16);
                w.send(c, 38, 0, "4", &[a]);
            }
        }
    }
    w.close(c);
}

/// Rectangles in wrong orders are refused.
pub(crate) fn clip_orders(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [50, 50, 100, 80, 0], 0);
    let gc = i64::from(w.id(c, 9));
    w.send(c, 55, 0, "444", &[gc, a, 0]);
    for list in [&MIXED[..], &BY_Y, &BY_Y_X, &BANDS, &UNEVEN, &[]] {
        for ordering in 0..5 {
            rectangles(w, c, a, [0, 0, ordering], list);
            w.send_to(c, SHAPE, 8, "41111", &[a, 0, 0, 0, 0]);
            let mut values = vec![gc, 0, 0];
            values.extend(list);
            w.send(c, 59, ordering as u8, "422*2", &values);
        }
    }
    w.close(c);
}

/// A window takes the shapes of regions (XFIXES).
pub(crate) fn shapes_of_regions(w: &mut Wire<'_>) {
    let c = w.connect();
    w.send_to(c, "XFIXES", 0, "44", &[5, 0]);
    let shaped = window(w, c, 1, ROOT, [10, 10, 100, 80, 2], 0);
    map(w, c, shaped);
    let region = i64::from(w.id(c, 2));
    w.send_to(c, "XFIXES", 5, "4*2", &[region, 3, 4, 20, 30]);
    for kind in [0, 1, 2, 3] {
        w.send_to(c, "XFIXES", 21, "41111224", &[shaped, kind, 0, 0, 0, 5, -6, region]);
        w.send_to(c, "SHAPE", 5, "4", &[shaped]);
    }
    w.send_to(c, "XFIXES", 21, "41111224", &[shaped, 0, 0, 0, 0, 0, 0, 0]);
    w.send_to(c, "SHAPE", 5, "4", &[shaped]);
}
