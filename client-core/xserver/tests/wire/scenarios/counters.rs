//! Counters of SYNC: who waits for them hears of them when they get there, and when they go.

use crate::bench::Wire;

const SYNC: &str = "SYNC";
const CREATE: u8 = 2;
const SET: u8 = 3;
const CHANGE: u8 = 4;
const DESTROY: u8 = 6;
const AWAIT: u8 = 7;
const SET_PRIORITY: u8 = 12;
const ABSOLUTE: i64 = 0;
const RELATIVE: i64 = 1;
const POSITIVE_TRANSITION: i64 = 0;
const NEGATIVE_COMPARISON: i64 = 3;

/// A condition of `Await`: the counter, the kind of value and the value, the test, and the threshold.
fn until(counter: i64, kind: i64, value: i64, test: i64, threshold: i64) -> [i64; 7] {
    [counter, kind, value >> 32, value, test, threshold >> 32, threshold]
}

/// A client waits until one of some conditions holds; what it hears then is a part of what ends its waiting.
fn wait(w: &mut Wire<'_>, c: usize, conditions: &[[i64; 7]]) {
    w.waits(c, true);
    w.send_to(c, SYNC, AWAIT, "*4", &conditions.concat());
    w.waits(c, false);
}

pub(crate) fn awaited_counters(w: &mut Wire<'_>) {
    const FAR: i64 = 0x0102_0304_0506_0708;
    let (waits, does) = (w.connect(), w.connect());
    for client in [waits, does] {
        w.send_to(client, SYNC, 0, "112", &[3, 1, 0]);
    }
    // Its requests are executed first where both have sent some.
    w.send_to(waits, SYNC, SET_PRIORITY, "44", &[0, 1]);
    let counters = [w.id(does, 1), w.id(does, 2)].map(i64::from);
    for counter in counters {
        w.send_to(does, SYNC, CREATE, "444", &[counter, 0, 0x10]);
    }
    // A threshold of nothing is passed by whatever is enough.
    wait(w, waits, &[until(counters[0], ABSOLUTE, FAR, POSITIVE_TRANSITION, 0)]);
    w.send_to(does, SYNC, SET, "444", &[counters[0], FAR >> 32, FAR + 3]);
    // Not one that is far
    wait(w, waits, &[until(counters[1], RELATIVE, 5, POSITIVE_TRANSITION, 1 << 40)]);
    w.send_to(does, SYNC, CHANGE, "444", &[counters[1], 0, 5]);
    // Two conditions: of both is told, in their order.
    wait(
        w,
        waits,
        &[
            until(counters[0], ABSOLUTE, FAR, NEGATIVE_COMPARISON, -1),
            until(counters[1], ABSOLUTE, -2, NEGATIVE_COMPARISON, -1),
        ],
    );
    w.send_to(does, SYNC, SET, "444", &[counters[1], -1, -9]);
    // One that goes
    wait(w, waits, &[until(counters[1], ABSOLUTE, 1 << 50, POSITIVE_TRANSITION, 0)]);
    w.send_to(does, SYNC, DESTROY, "4", &[counters[1]]);
}
