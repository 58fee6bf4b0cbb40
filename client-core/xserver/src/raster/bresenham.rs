//! Lines by Bresenham, from the first point to the last; a tie moves along the minor axis.
//!
//! The protocol leaves the pixels of zero-width lines to the server but asks that they do not depend on the clip. The
//! minor coordinate after `i` steps has a closed form, so a line is entered at a clip's edge without walking there.

use std::ops::Range;

use crate::region::Rect;

/// A line by Bresenham, as steps along its major axis.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) start: (i32, i32),
    /// What a step adds.
    pub(super) major: (i32, i32),
    /// What a step adds besides when it moves along the minor axis.
    pub(super) minor: (i32, i32),
    /// Steps from the first point to the last: the last point is step `count`, and not part of the line.
    pub(super) count: i64,
    pub(super) minor_length: i64,
}

impl Line {
    pub(super) fn new(start: (i32, i32), end: (i32, i32)) -> Self {
        let dx = i64::from(end.0) - i64::from(start.0);
        let dy = i64::from(end.1) - i64::from(start.1);
        let (step_x, step_y) = (if dx < 0 { -1 } else { 1 }, if dy < 0 { -1 } else { 1 });
        let (ax, ay) = (dx.abs(), dy.abs());
        if ax > ay {
            Self { start, major: (step_x, 0), minor: (0, step_y), count: ax, minor_length: ay }
        } else {
            Self { start, major: (0, step_y), minor: (step_x, 0), count: ay, minor_length: ax }
        }
    }

    pub(super) fn translate(&self, by: (i32, i32)) -> Self {
        Self { start: (self.start.0.saturating_add(by.0), self.start.1.saturating_add(by.1)), ..self.clone() }
    }

    /// Steps along the minor axis after `step` along the major one.
    fn minor_at(&self, step: i64) -> i64 {
        if self.count == 0 {
            0
        } else {
            (2 * self.minor_length * step + self.count).div_euclid(2 * self.count)
        }
    }

    /// The first point and the last.
    pub(super) fn ends(&self) -> ((i32, i32), (i32, i32)) {
        let along = |start: i32, a: i32, b: i32| {
            (i64::from(start) + self.count * i64::from(a) + self.minor_length * i64::from(b)) as i32
        };
        let last = (
            along(self.start.0, self.major.0, self.minor.0),
            along(self.start.1, self.major.1, self.minor.1),
        );
        (self.start, last)
    }

    /// [`error_at`](Self::error_at) the first step, which is a matter of course.
    pub(super) fn first_error(&self) -> (i64, i64, i64) {
        (-self.count, 2 * self.minor_length, 2 * self.count)
    }

    pub(super) fn at(&self, step: i64) -> (i32, i32) {
        let minor = self.minor_at(step);
        let along = |start: i32, a: i32, b: i32| {
            (i64::from(start) + step * i64::from(a) + minor * i64::from(b)) as i32
        };
        (along(self.start.0, self.major.0, self.minor.0), along(self.start.1, self.major.1, self.minor.1))
    }

    /// The error term before step `step` is drawn, such that adding [`step_error`](Self::step_error) to it reaches 0
    /// exactly when the next step moves along the minor axis, and the two amounts.
    pub(super) fn error_at(&self, step: i64) -> (i64, i64, i64) {
        let (up, down) = (2 * self.minor_length, 2 * self.count);
        (up * step - self.count - down * self.minor_at(step), up, down)
    }

    /// Which of `steps` lie within the rectangle.
    pub(super) fn within(&self, rect: &Rect, steps: Range<i64>) -> Range<i64> {
        let empty = steps.start..steps.start;
        if rect.is_empty() || steps.is_empty() {
            return empty;
        }
        let horizontal = self.major.0 != 0;
        let (major_range, minor_range) = if horizontal {
            ((rect.x1, rect.x2), (rect.y1, rect.y2))
        } else {
            ((rect.y1, rect.y2), (rect.x1, rect.x2))
        };
        let (major_start, minor_start) =
            if horizontal { (self.start.0, self.start.1) } else { (self.start.1, self.start.0) };
        let (major_sign, minor_sign) = (self.major.0 + self.major.1, self.minor.0 + self.minor.1);
        // The distances along an axis, in its direction, at which it enters and leaves the range.
        let distances = |start: i32, sign: i32, (low, high): (i32, i32)| -> (i64, i64) {
            let (start, low, high) = (i64::from(start), i64::from(low), i64::from(high));
            if sign > 0 { (low - start, high - start) } else { (start - high + 1, start - low + 1) }
        };
        let (enter, leave) = distances(major_start, major_sign, major_range);
        let (first, last) = distances(minor_start, minor_sign, minor_range);
        // minor_at(step) >= k from this step on.
        let reaches = |k: i64| -> i64 {
            if k <= 0 {
                0
            } else if self.minor_length == 0 {
                i64::MAX
            } else {
                (2 * self.count * k - self.count + 2 * self.minor_length - 1)
                    .div_euclid(2 * self.minor_length)
            }
        };
        if last <= 0 {
            return empty;
        }
        let begin = steps.start.max(enter).max(reaches(first));
        let end = steps.end.min(leave).min(reaches(last));
        if begin < end { begin..end } else { empty }
    }
}
