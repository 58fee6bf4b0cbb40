//! Two clients at one screen: what one of them sets, the other hears of, in the ways in which it wants to.

use super::window;
use crate::bench::{CRTC, MADE_MODES, MODE, OUTPUT, ROOT, Wire};

const RANDR: &str = "RANDR";

/// One that hears and one that does. The first output is made the first by both servers.
fn start(w: &mut Wire<'_>) -> (usize, usize) {
    let hears = w.connect();
    let does = w.connect();
    for client in [hears, does] {
        w.send_to(client, RANDR, 0, "44", &[1, 5]);
    }
    w.find_outputs(does);
    w.make_modes(does);
    // Xvfb tells the root's size with the first thing it tells, whatever that is.
    primary(w, does, OUTPUT);
    primary(w, does, 0);
    (hears, does)
}

fn select(w: &mut Wire<'_>, c: usize, window: i64, events: i64) {
    w.send_to(c, RANDR, 4, "422", &[window, events, 0]);
}

fn primary(w: &mut Wire<'_>, c: usize, output: i64) {
    w.send_to(c, RANDR, 30, "44", &[ROOT, output]);
}

fn show(w: &mut Wire<'_>, c: usize, (x, y): (i64, i64), mode: i64) {
    let mut values = vec![CRTC, 0, 0, x, y, mode, 1, 0];
    if mode != 0 {
        values.push(OUTPUT);
    }
    w.send_to(c, RANDR, 21, "4442242244", &values);
}

fn resize(w: &mut Wire<'_>, c: usize, size: [i64; 4]) {
    let [width, height, mm_width, mm_height] = size;
    w.send_to(c, RANDR, 7, "42244", &[ROOT, width, height, mm_width, mm_height]);
}

/// Each kind of event by itself, then all of them; with the window that was named.
pub(crate) fn randr_selections(w: &mut Wire<'_>) {
    let (hears, does) = start(w);
    let own = window(w, hears, 1, ROOT, [0, 0, 100, 100, 0], 0);
    w.send_to(does, RANDR, 18, "44", &[OUTPUT, MADE_MODES[0]]);
    for events in [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x7f] {
        for window in [ROOT, own] {
            // What has been configured since the client came is told at once.
            select(w, hears, window, events);
            show(w, does, (10, 20), MADE_MODES[0]);
            show(w, does, (10, 20), MADE_MODES[0]);
            show(w, does, (0, 0), 0);
            primary(w, does, OUTPUT);
            primary(w, does, OUTPUT);
            primary(w, does, 0);
            w.send_to(does, RANDR, 13, "4441111444", &[OUTPUT, 39, 19, 32, 0, 0, 0, 1, 5]);
            w.send_to(does, RANDR, 14, "44", &[OUTPUT, 39]);
            show(w, does, (0, 0), MODE);
            select(w, hears, window, 0);
        }
    }
    // Two windows of one client
    select(w, hears, ROOT, 1);
    select(w, hears, own, 2);
    show(w, does, (0, 0), 0);
    w.send(hears, 4, 0, "4", &[own]);
    show(w, does, (0, 0), MODE);
    w.close(hears);
    show(w, does, (0, 0), 0);
}

/// The screen's size, for those who know RANDR and those who only know the root.
pub(crate) fn randr_sizes(w: &mut Wire<'_>) {
    let (hears, does) = start(w);
    let plain = w.connect();
    w.send(plain, 2, 0, "44*4", &[ROOT, 1 << 11, 0x2_0000]);
    select(w, hears, ROOT, 0x4f);
    resize(w, does, [300, 200, 79, 53]);
    show(w, does, (0, 0), 0);
    resize(w, does, [300, 200, 79, 53]);
    w.send(plain, 14, 0, "4", &[ROOT]);
    w.send(plain, 38, 0, "4", &[ROOT]);
    // Only the millimetres, nothing, and none
    resize(w, does, [300, 200, 40, 30]);
    resize(w, does, [300, 200, 40, 30]);
    resize(w, does, [300, 200, 0, 30]);
    resize(w, does, [300, 200, 40, 0]);
    resize(w, does, [0, 200, 40, 30]);
    // What does not fit; not what begins before the screen, which Xvfb takes
    w.send_to(does, RANDR, 18, "44", &[OUTPUT, MADE_MODES[1]]);
    show(w, does, (1, 0), MADE_MODES[1]);
    show(w, does, (0, 51), MADE_MODES[1]);
    show(w, does, (0, 50), MADE_MODES[1]);
    resize(w, does, [299, 200, 40, 30]);
    resize(w, does, [640, 480, 169, 127]);
    show(w, does, (0, 0), MODE);
    w.send(plain, 14, 0, "4", &[ROOT]);
}

/// Monitors that one client describes and the other one finds.
pub(crate) fn randr_monitors(w: &mut Wire<'_>) {
    let (hears, does) = start(w);
    w.send(hears, 2, 0, "44*4", &[ROOT, 1 << 11, 0x2_0000]);
    select(w, hears, ROOT, 0x4f);
    let set = |w: &mut Wire<'_>, name: i64, place: [i64; 4], outputs: &[i64]| {
        let mut values = vec![ROOT, name, 0, 0, outputs.len() as i64];
        values.extend(place);
        values.extend([10, 20]);
        values.extend(outputs);
        w.send_to(does, RANDR, 43, "441122222444", &values);
        for active in [0, 1] {
            w.send_to(hears, RANDR, 42, "41111", &[ROOT, active, 0, 0, 0]);
        }
    };
    set(w, 39, [0, 0, 320, 480], &[]);
    set(w, 40, [320, 0, 320, 480], &[OUTPUT]);
    // An output is on one monitor, and who has lost its last one is no more.
    set(w, 41, [0, 0, 0, 0], &[OUTPUT]);
    show(w, does, (0, 0), 0);
    w.send_to(hears, RANDR, 42, "41111", &[ROOT, 1, 0, 0, 0]);
    show(w, does, (0, 0), MODE);
    w.send_to(hears, RANDR, 42, "41111", &[ROOT, 1, 0, 0, 0]);
    set(w, 42, [5, 5, 0, 0], &[]);
    for name in [40, 41, 41, 39, 0, 0x7777_7777] {
        w.send_to(does, RANDR, 44, "44", &[ROOT, name]);
    }
    w.send_to(hears, RANDR, 42, "41111", &[ROOT, 0, 0, 0, 0]);
    w.send_to(does, RANDR, 44, "44", &[ROOT, 42]);
}

/// Properties of outputs, present and to come.
pub(crate) fn randr_properties(w: &mut Wire<'_>) {
    let (hears, does) = start(w);
    select(w, hears, ROOT, 8);
    let get = |w: &mut Wire<'_>, name: i64, delete: i64| {
        for pending in [1, 0] {
            w.send_to(hears, RANDR, 15, "444441111", &[OUTPUT, name, 0, 0, 9, delete, pending, 0, 0]);
        }
    };
    let change = |w: &mut Wire<'_>, name: i64, mode: i64, value: i64| {
        w.send_to(does, RANDR, 13, "4441111444", &[OUTPUT, name, 19, 32, mode, 0, 0, 1, value]);
    };
    for mode in [1, 0, 2, 1] {
        change(w, 39, mode, mode + 5);
        get(w, 39, 0);
    }
    get(w, 39, 1);
    // For the future
    w.send_to(does, RANDR, 12, "4411244", &[OUTPUT, 40, 1, 0, 0, 1, 5]);
    get(w, 40, 0);
    change(w, 40, 1, 3);
    change(w, 40, 0, 4);
    get(w, 40, 0);
    show(w, does, (0, 0), MODE);
    get(w, 40, 0);
    change(w, 40, 0, 4);
    show(w, does, (0, 0), MODE);
    change(w, 40, 2, 6);
    show(w, does, (0, 0), 0);
    get(w, 40, 0);
    show(w, does, (0, 0), MODE);
    get(w, 40, 0);
}
