//! Pointer barriers (XFIXES 5, XI 2.3): lines that the pointer, moved by a way rather than to a place, does not cross.

use super::{Origin, Part, RawEvent, RawKind};
use crate::error::{Outcome, XError};
use crate::resource::{Resource, Xid};
use crate::server::Server;

/// Ways: to the right, down, to the left, up.
const RIGHT: u32 = 1;
const DOWN: u32 = 2;
const LEFT: u32 = 4;
const UP: u32 = 8;
/// How near a pointer counts as still pushing against a barrier, in pixels.
const NEAR: i32 = 2;
/// Nobody needs more barriers.
const MAX_BARRIERS: usize = 1024;

/// A barrier, and what the pointer does at it.
#[derive(Debug, Clone)]
pub(crate) struct Barrier {
    pub(crate) id: Xid,
    /// Where it is told of.
    pub(crate) window: Xid,
    /// Its ends in pixels of the screen: x is the same for both, or y is.
    start: (i32, i32),
    end: (i32, i32),
    /// Ways in which it lets the pointer through.
    open: u32,
    /// The pointer pushes against it.
    hit: bool,
    /// Of the push that is on or comes next.
    event: u32,
    /// The push that is let through.
    released: u32,
    /// When the push was told of last, in milliseconds.
    told: u32,
}

/// What is told of a pointer at a barrier (XI 2.3, `BarrierHit` and `BarrierLeave`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct BarrierEvent {
    pub(crate) leaves: bool,
    pub(crate) barrier: Xid,
    pub(crate) window: Xid,
    pub(crate) event: u32,
    /// Milliseconds since it was told of last.
    pub(crate) elapsed: u32,
    pub(crate) released: bool,
    /// The way the pointer was moved, barriers or not.
    pub(crate) way: (i32, i32),
}

impl Barrier {
    fn is_vertical(&self) -> bool {
        self.start.0 == self.end.0
    }

    /// How far along a way the barrier stands in it, as a square of pixels; none if it does not.
    fn distance(&self, ways: u32, from: (i32, i32), to: (i32, i32)) -> Option<f64> {
        if self.open & ways == ways {
            return None;
        }
        // The coordinate that crosses it, and the one along it
        let turned = |at: (i32, i32)| if self.is_vertical() { at } else { (at.1, at.0) };
        let (from, to) = (turned(from), turned(to));
        let (line, least, most) = {
            let (start, end) = (turned(self.start), turned(self.end));
            (start.0, start.1, end.1)
        };
        let way = f64::from(to.0) - f64::from(from.0);
        let share = (f64::from(line) - f64::from(from.0)) / way;
        // Not reached, or left behind
        if !(0.0..=1.0).contains(&share) || (way > 0.0 && share == 0.0) {
            return None;
        }
        let along = share * f64::from(to.1 - from.1) + f64::from(from.1);
        if along < f64::from(least) || along > f64::from(most) {
            return None;
        }
        let across = f64::from(line - from.0);
        Some((along - f64::from(from.1)).powi(2) + across.powi(2))
    }

    /// Where it holds a pointer that goes these ways.
    fn clamp(&self, ways: u32, at: (i32, i32)) -> (i32, i32) {
        let blocked = ways & !self.open;
        if self.is_vertical() {
            let x = if blocked & LEFT != 0 { self.start.0 } else { self.start.0 - 1 };
            (if blocked & (LEFT | RIGHT) != 0 { x } else { at.0 }, at.1)
        } else {
            let y = if blocked & UP != 0 { self.start.1 } else { self.start.1 - 1 };
            (at.0, if blocked & (UP | DOWN) != 0 { y } else { at.1 })
        }
    }

    /// Whether a pointer there still pushes against it.
    fn is_near(&self, at: (i32, i32)) -> bool {
        let closed = !self.open;
        let widened = |before: u32, after: u32, from: i32, to: i32| {
            let before = if closed & before != 0 { NEAR } else { 0 };
            let after = if closed & after != 0 { NEAR } else { 0 };
            from - before..=to + after
        };
        if self.is_vertical() {
            widened(RIGHT, LEFT, self.start.0, self.end.0).contains(&at.0)
                && (self.start.1..=self.end.1).contains(&at.1)
        } else {
            (self.start.0..=self.end.0).contains(&at.0)
                && widened(DOWN, UP, self.start.1, self.end.1).contains(&at.1)
        }
    }
}

fn ways(from: (i32, i32), to: (i32, i32)) -> u32 {
    let mut ways = 0;
    for (bit, goes) in
        [(RIGHT, to.0 > from.0), (LEFT, to.0 < from.0), (DOWN, to.1 > from.1), (UP, to.1 < from.1)]
    {
        if goes {
            ways |= bit;
        }
    }
    ways
}

impl Server {
    /// The pointer is moved by a way, in pixels, as by a mouse whose place means nothing: barriers that clients have set
    /// hold it.
    pub fn pointer_moved_by(&mut self, dx: i16, dy: i16) {
        self.move_by(Origin::User, i32::from(dx), i32::from(dy));
    }

    pub(crate) fn move_by(&mut self, origin: Origin, dx: i32, dy: i32) {
        let from = self.input.pointer.device;
        let (to, told) = self.hold_at_barriers(from, (from.0 + dx, from.1 + dy), (dx, dy));
        for event in &told {
            self.xi_barrier(event, to);
        }
        let kind = RawKind::Motion { x: to.0, y: to.1 };
        self.take_raw(RawEvent {
            time: self.time,
            place: (0, 0),
            state: None,
            origin,
            part: Part::Both,
            kind,
        });
    }

    /// Where the pointer gets, and what is told of the barriers on its way.
    fn hold_at_barriers(
        &mut self,
        from: (i32, i32),
        to: (i32, i32),
        way: (i32, i32),
    ) -> ((i32, i32), Vec<BarrierEvent>) {
        let mut told = Vec::new();
        if self.input.barriers.is_empty() {
            return (to, told);
        }
        let time = self.time;
        let (mut from, mut to) = (from, to);
        let mut going = ways(from, to);
        let mut seen = vec![false; self.input.barriers.len()];
        while going != 0 {
            let nearest = self
                .input
                .barriers
                .iter()
                .enumerate()
                .filter(|(at, _)| !seen[*at])
                .filter_map(|(at, barrier)| Some((at, barrier.distance(going, from, to)?)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            let Some((at, _)) = nearest else { break };
            seen[at] = true;
            let barrier = &mut self.input.barriers[at];
            let first = !std::mem::replace(&mut barrier.hit, true);
            if barrier.event == barrier.released {
                continue;
            }
            to = barrier.clamp(going, to);
            if barrier.is_vertical() {
                going &= !(LEFT | RIGHT);
                from.0 = to.0;
            } else {
                going &= !(UP | DOWN);
                from.1 = to.1;
            }
            let elapsed = if first { 0 } else { time.wrapping_sub(barrier.told) };
            barrier.told = time;
            let (id, window, event) = (barrier.id, barrier.window, barrier.event);
            told.push(BarrierEvent {
                leaves: false,
                barrier: id,
                window,
                event,
                elapsed,
                released: false,
                way,
            });
        }
        for barrier in self.input.barriers.iter_mut().filter(|barrier| barrier.hit) {
            if barrier.is_near(to) {
                continue;
            }
            barrier.hit = false;
            let released = barrier.event == barrier.released;
            let elapsed = time.wrapping_sub(barrier.told);
            barrier.told = time;
            let (id, window, event) = (barrier.id, barrier.window, barrier.event);
            told.push(BarrierEvent { leaves: true, barrier: id, window, event, elapsed, released, way });
            barrier.event = barrier.event.wrapping_add(1);
        }
        (to, told)
    }

    /// A new barrier, of an id that is free.
    pub(crate) fn add_barrier(
        &mut self,
        id: Xid,
        window: Xid,
        (x1, y1, x2, y2): (i16, i16, i16, i16),
        open: u32,
    ) -> Outcome {
        let (vertical, horizontal) = (x1 == x2, y1 == y2);
        if vertical == horizontal {
            return Err(XError::value(0));
        }
        if self.input.barriers.len() >= MAX_BARRIERS {
            return Err(XError::ALLOC);
        }
        let (x1, y1, x2, y2) = (i32::from(x1), i32::from(y1), i32::from(x2), i32::from(y2));
        // Ways along it are nothing it could close.
        let open =
            open & 0xf | if vertical { 0 } else { LEFT | RIGHT } | if vertical { UP | DOWN } else { 0 };
        self.input.barriers.push(Barrier {
            id,
            window,
            start: (x1.min(x2), y1.min(y2)),
            end: (x1.max(x2), y1.max(y2)),
            open,
            hit: false,
            event: 1,
            released: 0,
            told: 0,
        });
        Ok(())
    }

    pub(crate) fn forget_barrier(&mut self, id: Xid) {
        let Some(at) = self.input.barriers.iter().position(|barrier| barrier.id == id) else { return };
        let barrier = self.input.barriers.remove(at);
        if barrier.hit {
            let elapsed = self.time.wrapping_sub(barrier.told);
            let (window, event) = (barrier.window, barrier.event);
            let place = self.input.pointer.device;
            let event = BarrierEvent {
                leaves: true,
                barrier: id,
                window,
                event,
                elapsed,
                released: true,
                way: (0, 0),
            };
            self.xi_barrier(&event, place);
        }
    }

    /// Lets a push through a barrier.
    pub(crate) fn release_barrier(&mut self, id: Xid, event: u32) {
        if let Some(barrier) = self.input.barriers.iter_mut().find(|barrier| barrier.id == id)
            && barrier.event == event
        {
            barrier.released = event;
        }
    }

    /// A window goes, and the barriers it was told of with it.
    pub(crate) fn forget_barriers_of(&mut self, window: Xid) {
        let gone: Vec<Xid> =
            self.input.barriers.iter().filter(|barrier| barrier.window == window).map(|it| it.id).collect();
        for id in gone {
            if matches!(self.resources.get(&id), Some(Resource::Barrier)) {
                self.free_resource(id);
            }
        }
    }
}
