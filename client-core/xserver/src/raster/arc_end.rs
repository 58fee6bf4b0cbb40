//! The ends of wide arcs: caps and joins.
//!
//! A cap or a join is a convex polygon; round ones have a corner every pixel or so. Polygons are filled row by row between
//! an edge on the left and one on the right, which are followed downwards from the highest corner.

use std::ops::Range;

use super::arc_slice::{Point, cosine, sine};
use super::band::column;
use super::{CapStyle, Gc, JoinStyle};

/// Angles that other servers take for equal, and places of ends.
const NEAR: f64 = 0.000_001;

/// Arcs with less than 11 degrees between them are not mitered.
const MITER_LIMIT: f64 = 169.0;

/// Rounds of wider lines have no more corners than those of this width.
const ROUNDEST: f64 = 4096.0;

/// An end of an arc, y down: the middle of the line across the band, and its ends as seen from there on along the arc's
/// outside: that with the clock from the middle, and that against it.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) middle: Point,
    pub(super) clockwise: Point,
    pub(super) counter: Point,
    /// Where the corner of the arc's box is, and its centre from there.
    pub(super) corner: (i32, i32),
    pub(super) centre: Point,
}

impl End {
    /// What the cap style adds.
    pub(super) fn cap(&self, gc: &Gc) -> Option<Polygon> {
        let (middle, a, b) = (self.middle, self.clockwise, self.counter);
        let points = match gc.cap_style {
            CapStyle::Butt | CapStyle::NotLast => return None,
            CapStyle::Projecting => vec![
                b,
                a,
                (a.0 - (middle.1 - a.1), a.1 + (middle.0 - a.0)),
                (b.0 - (b.1 - middle.1), b.1 + (b.0 - middle.0)),
                b,
            ],
            CapStyle::Round => {
                let from = -direction(middle, a);
                let extent = -direction(middle, b) - from;
                let extent = if extent < 0.0 { extent + 360.0 } else { extent };
                let mut points = Vec::new();
                round(middle, gc.line_width.into(), from, extent, &mut points);
                points
            }
        };
        Some(Polygon { points, corner: self.corner, centre: self.centre })
    }

    /// What the join style adds between this end of an arc and the start of the next.
    pub(super) fn join(&self, next: &Self, gc: &Gc) -> Option<Polygon> {
        let corner =
            (i32::midpoint(next.corner.0, self.corner.0), i32::midpoint(next.corner.1, self.corner.1));
        let centre =
            (f64::midpoint(self.centre.0, next.centre.0), f64::midpoint(self.centre.1, next.centre.1));
        let (before, after) = (self.seen_from(corner, centre), next.seen_from(corner, centre));
        if after.clockwise == before.counter {
            return None;
        }
        let middle = after.middle;
        let (mut from, mut to) = (after.clockwise, before.counter);
        let mut angle = angle_between(middle, from, to);
        if !(0.0..=180.0).contains(&angle) {
            (from, to) = (before.clockwise, after.counter);
            angle = angle_between(middle, from, to);
        }
        let mut points = vec![from, middle, to];
        match gc.join_style {
            JoinStyle::Round => {
                points.reverse();
                let start = -direction(middle, from);
                round(middle, gc.line_width.into(), start, angle, &mut points);
                // Other servers leave out the last three corners: from there a straight edge closes it.
                points.truncate(points.len().saturating_sub(3));
            }
            JoinStyle::Miter if angle < MITER_LIMIT => {
                points.push(miter(middle, from, to));
                points.push(from);
            }
            JoinStyle::Miter | JoinStyle::Bevel => points.push(from),
        }
        Some(Polygon { points, corner, centre })
    }

    /// The same end, measured from the centre of another box.
    fn seen_from(&self, corner: (i32, i32), centre: Point) -> Self {
        let dx = (centre.0 - self.centre.0) + f64::from(corner.0 - self.corner.0);
        let dy = (centre.1 - self.centre.1) + f64::from(corner.1 - self.corner.1);
        let moved = |(x, y): Point| (x - dx, y - dy);
        Self {
            middle: moved(self.middle),
            clockwise: moved(self.clockwise),
            counter: moved(self.counter),
            corner,
            centre,
        }
    }
}

fn miter(middle: Point, from: Point, to: Point) -> Point {
    let square = |(ax, ay): Point, (bx, by): Point| (ax - bx) * (ax - bx) + (ay - by) * (ay - by);
    // Half the way from one corner to the other, and from the middle to there; squared.
    let across = square(from, to) / 4.0;
    let along = (square(from, middle) - across).sqrt();
    let further = across / along;
    let (x, y) = (f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1));
    (x + further * (x - middle.0) / along, y + further * (y - middle.1) / along)
}

/// The angle of a direction in degrees, with the clock as y is down. Multiples of 45 degrees are exact.
fn direction(from: Point, to: Point) -> f64 {
    angle_of(to.0 - from.0, to.1 - from.1)
}

fn angle_of(dx: f64, dy: f64) -> f64 {
    let diagonal = dx.abs() - dy.abs();
    if dy == 0.0 {
        if dx >= 0.0 { 0.0 } else { 180.0 }
    } else if dx == 0.0 {
        if dy > 0.0 { 90.0 } else { -90.0 }
    } else if diagonal == 0.0 {
        match (dx > 0.0, dy > 0.0) {
            (true, true) => 45.0,
            (false, true) => 135.0,
            (true, false) => 315.0,
            (false, false) => 225.0,
        }
    } else {
        dy.atan2(dx) * (180.0 / std::f64::consts::PI)
    }
}

/// Against the clock.
fn angle_between(middle: Point, from: Point, to: Point) -> f64 {
    let angle = |to: Point| angle_of(to.0 - middle.0, -(to.1 - middle.1));
    let between = angle(to) - angle(from);
    if between <= -180.0 {
        between + 360.0
    } else if between > 180.0 {
        between - 360.0
    } else {
        between
    }
}

/// Adds points of a circle, one every pixel or so, from an angle on against the clock, in degrees.
fn round(middle: Point, width: f64, from: f64, extent: f64, points: &mut Vec<Point>) {
    let (start, extent) = (-from, -extent);
    let radius = width / 2.0;
    let step = (1.0 / radius.clamp(1.0, ROUNDEST / 2.0)).asin() * (180.0 / std::f64::consts::PI);
    let step = if radius <= 1.0 { 90.0 } else { step };
    let count = (extent / step) as i32;
    let count = count.abs() + 1;
    let step = extent / f64::from(count);
    // By way of the corner of the circle's box.
    let (x, y) = (radius + (middle.0 - radius), radius + (middle.1 - radius));
    let first = points.len();
    let twice = 2.0 * cosine(step);
    let at = |angle: f64| (radius * cosine(angle), radius * sine(angle));
    let (mut before, mut now) = (at(start), at(start + step));
    points.push((x + before.0, y + before.1));
    for _ in 1..count {
        points.push((x + now.0, y + now.1));
        (before, now) = (now, (twice * now.0 - before.0, twice * now.1 - before.1));
    }
    let end = start + extent;
    points.push(if extent <= -360.0 {
        points[first]
    } else {
        (cosine(end) * width / 2.0 + x, sine(end) * width / 2.0 + y)
    });
}

/// A convex polygon.
pub(super) struct Polygon {
    points: Vec<Point>,
    /// Whole pixels and parts of them to add to the points.
    corner: (i32, i32),
    centre: Point,
}

/// The edge of a polygon that is being followed down.
struct Side {
    /// The point it goes to.
    to: usize,
    x: f64,
    slope: f64,
}

impl Polygon {
    /// Calls `span(y, x1, x2)` for its rows from the top down that are seen, and for some more.
    pub(super) fn rows(&self, seen: Range<i32>, mut span: impl FnMut(i32, i32, i32)) {
        /// Rows further above what is seen are skipped, and with them what rounding would add up.
        const FAR: i32 = 4096;
        let Self { points, corner, centre } = self;
        let count = points.len();
        if count < 3 || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return;
        }
        let mut top = 0;
        let mut lowest = points[0].1;
        for (i, (_, y)) in points.iter().enumerate() {
            if *y < points[top].1 {
                top = i;
            }
            lowest = lowest.max(*y);
        }
        let height = |point: usize| points[point].1 + centre.1;
        let last = column(lowest + centre.1 - 1.0).min(seen.end.saturating_sub(corner.1));
        let mut y = column(height(top));
        // How often a point was gone past; the highest is where both sides begin.
        let mut passed = vec![0_i8; count];
        passed[top] = -1;
        let side = || Side { to: top, x: 0.0, slope: 0.0 };
        let (mut left, mut right) = (side(), side());
        let turn = |side: &mut Side, next: usize, y: i32| {
            let from = side.to;
            side.to = next;
            let rise = points[next].1 - points[from].1;
            if rise != 0.0 {
                side.slope = (points[next].0 - points[from].0) / rise;
                let past = f64::from(y) - height(from);
                side.x = (points[from].0 + centre.0) + side.slope * past.max(0.0);
            }
        };
        // Outlines that are not quite convex must not be gone round for ever.
        let mut turns = 0..4 * count;
        while y <= last {
            let at = f64::from(y);
            let near = |side: &Side| (at - height(side.to)).abs() <= NEAR;
            if (at > height(left.to) || near(&left)) && passed[left.to] != 1 {
                passed[left.to] += 1;
                let next = (left.to + 1) % count;
                turn(&mut left, next, y);
            }
            if at > height(right.to) || (near(&right) && passed[right.to] != 1) {
                passed[right.to] = passed[right.to].saturating_add(1);
                let next = (right.to + count - 1) % count;
                turn(&mut right, next, y);
            }
            let rest = (points[left.to].1.min(points[right.to].1) + centre.1) - at;
            if rest < NEAR {
                if (passed[left.to] != 0 && passed[right.to] != 0) || turns.next().is_none() {
                    break;
                }
                continue;
            }
            let count = (rest as i32).max(1);
            let far =
                seen.start.saturating_sub(FAR).saturating_sub(corner.1).saturating_sub(y).clamp(0, count);
            y += far;
            left.x += left.slope * f64::from(far);
            right.x += right.slope * f64::from(far);
            for _ in far..count.min(last.saturating_sub(y).saturating_add(far + 1)) {
                let (a, b) = if left.x < right.x { (left.x, right.x) } else { (right.x, left.x) };
                span(y + corner.1, column(a).saturating_add(corner.0), column(b).saturating_add(corner.0));
                y += 1;
                left.x += left.slope;
                right.x += right.slope;
            }
        }
    }
}
