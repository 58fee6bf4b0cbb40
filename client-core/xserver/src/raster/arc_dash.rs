//! Dashes along an ellipse.
//!
//! Dashes are as long as the straight lines from degree to degree are; in between, length grows with the angle. Other
//! servers count so, and begin each dash at a whole 64th of a degree.

use x11rb_protocol::protocol::xproto::Arc;

use super::arc_slice::{QUARTER, cosine, sine};
use super::dash::Dashes;
use super::fill_arc::FULL;

/// The protocol's units in a degree.
const DEGREE: i32 = 64;

/// Lengths along the first quarter of an ellipse, kept for the next arc of the same size.
pub(super) struct Lengths {
    size: (u16, u16),
    /// From 0 degrees to each whole one.
    to_degree: [f64; 91],
}

impl Default for Lengths {
    fn default() -> Self {
        Self { size: (0, 0), to_degree: [0.0; 91] }
    }
}

impl Lengths {
    pub(super) fn take(&mut self, arc: &Arc) {
        if self.size == (arc.width, arc.height) {
            return;
        }
        self.size = (arc.width, arc.height);
        let (a, b) = (f64::from(arc.width) / 2.0, f64::from(arc.height) / 2.0);
        let point = |degree: usize| (a * cosine(degree as f64), b * sine(degree as f64));
        for degree in 1..=90 {
            let ((x1, y1), (x2, y2)) = (point(degree - 1), point(degree));
            self.to_degree[degree] = self.to_degree[degree - 1] + (x2 - x1).hypot(y2 - y1);
        }
    }

    fn quarter(&self) -> f64 {
        self.to_degree[90]
    }

    /// The length from the angle 0 to another one. Quarter by quarter, since rounding is.
    fn length_to(&self, mut angle: i32) -> f64 {
        let (mut length, mut mirrored) = (0.0, false);
        while angle >= QUARTER {
            angle -= QUARTER;
            length += self.quarter();
            mirrored = !mirrored;
        }
        if mirrored {
            angle = QUARTER - angle;
        }
        let (degree, part) = ((angle / DEGREE) as usize, angle % DEGREE);
        let mut within = self.to_degree.get(degree).copied().unwrap_or(self.quarter());
        if part > 0 {
            let next = self.to_degree.get(degree + 1).copied().unwrap_or(within);
            within += (next - within) * f64::from(part) / f64::from(DEGREE);
        }
        length + if mirrored { self.quarter() - within } else { within }
    }

    /// The angle at a length from the angle 0, or one that is beyond all where the ellipse has no length.
    fn angle_at(&self, mut length: f64) -> i32 {
        let quarter = self.quarter();
        if quarter <= 0.0 {
            return i32::MAX;
        }
        let (mut angle, mut mirrored) = (0, false);
        while length >= quarter {
            angle += QUARTER;
            length -= quarter;
            mirrored = !mirrored;
        }
        if mirrored {
            length = quarter - length;
        }
        let degree = self.to_degree.partition_point(|to| *to < length).clamp(1, 90) - 1;
        let (from, to) = (self.to_degree[degree], self.to_degree[degree + 1]);
        let whole = f64::from(degree as i32 * DEGREE);
        let within = (whole + (length - from) / (to - from) * f64::from(DEGREE)) as i32;
        angle + if mirrored { QUARTER - within } else { within }
    }

    /// Calls `dash(odd, from, to)` for each dash between two angles, `from` in the first turn, and leaves the pattern where
    /// the arc ends.
    pub(super) fn dashes(
        &self,
        from: i32,
        to: i32,
        dashes: &mut Dashes,
        mut dash: impl FnMut(bool, i32, i32),
    ) {
        // Against the clock; what is drawn with it is mirrored.
        let mirror = |angle: i32| if to < from { FULL - angle } else { angle };
        let (mut at, end) = (mirror(from), mirror(to));
        while at != end {
            let (odd, left) = dashes.at(dashes.position);
            let before = self.length_to(at);
            let mut next = self.angle_at(before + left as f64);
            let mut used = left;
            if next > end {
                next = end;
                used -= (left as f64 - (self.length_to(end) - before)) as u64;
            } else if next == at {
                next += 1;
            }
            dashes.position += used;
            dash(odd, mirror(at), mirror(next));
            at = next;
        }
    }
}
