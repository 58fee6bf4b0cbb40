//! Arcs with a width, solid and dashed.
//!
//! A wide arc covers what lies within half the line width of the ellipse, measured along the ellipse's normals: a band,
//! of which arcs and dashes are cut out. Where the line is so wide that normals meet within the band, a part of it is made
//! of the quadrangles between points on the two offset curves, close enough together that pixel centres do not notice,
//! and filled by the winding rule; so are caps and joins.

use std::f64::consts::{FRAC_PI_2, PI};
use std::ops::Range;

use x11rb_protocol::protocol::xproto::Arc;

use super::band::{BandRows, QUARTER, Reach, Tail, quarters};
use super::dash::Dashes;
use super::fill::Painter;
use super::fill_arc::{FULL, MANY, Sweep, point_at};
use super::wide_line::{draws_twice_alike, unite};
use super::{CapStyle, Gc, JoinStyle, LineStyle};
use crate::region::Rect;

impl<'a> Painter<'a> {
    /// Draws arcs whose line width is not 0. Arcs that follow one another end to start are joined.
    pub(super) fn wide_arcs(&mut self, gc: &'a Gc, arcs: &[Arc]) {
        let bounds = self.bounds();
        let mut rows = BandRows::default();
        let mut arcs = arcs;
        if gc.line_style == LineStyle::Solid {
            // Whole ellipses ahead of all others are drawn each by itself.
            while let [arc, rest @ ..] = arcs
                && Sweep::new(arc).extent == FULL
                && arc.width > 0
                && arc.height > 0
            {
                let mut spans = Vec::new();
                rows.take(arc, gc.line_width);
                Pen { gc, bounds, out: &mut spans }.whole(arc, &rows);
                self.spans(&spans);
                arcs = rest;
            }
        }
        let mut even = Vec::new();
        let mut odd = Vec::new();
        let mut dashes = Dashes::new(gc);
        let mut lengths = Lengths::default();
        let mut before: Option<End> = None;
        for arc in arcs {
            let extent = i32::from(arc.angle2).clamp(-FULL, FULL);
            if extent == 0 {
                continue;
            }
            let (from, to) = (i32::from(arc.angle1), i32::from(arc.angle1) + extent);
            let whole = extent.abs() == FULL;
            let curve = Curve::new(arc, gc.line_width);
            let start = curve.end(from, false);
            let joined = before.as_ref().is_some_and(|b| b.meets(&start));
            if !joined {
                dashes.position = gc.dash_offset.into();
            }
            if arc.width > 0 && arc.height > 0 {
                rows.take(arc, gc.line_width);
            }
            if gc.line_style == LineStyle::Solid {
                let mut pen = Pen { gc, bounds, out: &mut even };
                pen.stretch(arc, &curve, &rows, from, to);
                if !whole {
                    pen.cap(&curve.end(from, from < to));
                    pen.cap(&curve.end(to, from > to));
                }
            } else {
                lengths.take(arc);
                let alone = gc.line_style == LineStyle::OnOffDash;
                lengths.dashes(from, to, &mut dashes, |gap, begin, end| {
                    if gap && alone {
                        return;
                    }
                    let mut pen = Pen { gc, bounds, out: if gap { &mut odd } else { &mut even } };
                    pen.stretch(arc, &curve, &rows, begin, end);
                    // Dashes that follow one another have no ends but those of the arc.
                    if alone || (begin == from && !whole) {
                        pen.cap(&curve.end(begin, begin < end));
                    }
                    if alone || (end == to && !whole) {
                        pen.cap(&curve.end(end, begin > end));
                    }
                });
            }
            if let (true, Some(before)) = (joined, &before) {
                Pen { gc, bounds, out: &mut even }.join(before, &start);
            }
            before = (!whole).then(|| curve.end(to, false));
            if even.len() >= MANY && gc.line_style != LineStyle::DoubleDash && draws_twice_alike(gc.function)
            {
                self.spans(&even);
                even.clear();
            }
        }
        self.stroked(gc, &even, &odd);
    }

    /// Draws the spans of dashes and of gaps. Pixels that are in several of them are drawn once; by a function that draws
    /// twice what it draws once they need not be sought.
    fn stroked(&mut self, gc: &'a Gc, even: &[Rect], odd: &[Rect]) {
        if draws_twice_alike(gc.function) {
            self.with_gap_source(gc, |painter| painter.spans(odd));
            self.spans(even);
            return;
        }
        let even = unite(even);
        if !odd.is_empty() {
            let gaps = unite(odd).subtract(&even);
            self.with_gap_source(gc, |painter| painter.spans(gaps.rects()));
        }
        self.spans(even.rects());
    }
}

/// An ellipse and a line width. Angles are those of the protocol's skewed circle, in radians.
struct Curve {
    x: f64,
    y: f64,
    /// Half axes.
    a: f64,
    b: f64,
    half: f64,
}

/// An end of an arc: where it is, and the direction onwards.
#[derive(Clone, Copy)]
struct End {
    x: f64,
    y: f64,
    tangent: (f64, f64),
}

impl End {
    fn meets(&self, other: &Self) -> bool {
        (self.x - other.x).abs() < 0.01 && (self.y - other.y).abs() < 0.01
    }
}

impl Curve {
    fn new(arc: &Arc, line_width: u16) -> Self {
        let (a, b) = (f64::from(arc.width) / 2.0, f64::from(arc.height) / 2.0);
        let (x, y) = (f64::from(arc.x) + a, f64::from(arc.y) + b);
        Self { x, y, a, b, half: f64::from(line_width) / 2.0 }
    }

    fn at(&self, (sin, cos): (f64, f64)) -> (f64, f64) {
        (self.x + self.a * cos, self.y - self.b * sin)
    }

    /// Out of the ellipse, of length 1.
    fn normal(&self, (sin, cos): (f64, f64)) -> (f64, f64) {
        let (x, y) = (self.b * cos, -self.a * sin);
        let length = (x * x + y * y).sqrt();
        if length > 0.0 {
            (x / length, y / length)
        } else if self.a > 0.0 {
            (0.0, -sin.signum())
        } else {
            (cos.signum(), 0.0)
        }
    }

    /// The points of the outer and of the inner curve at `count` + 1 angles between two.
    fn both(&self, from: f64, to: f64, count: usize) -> (Vec<Point>, Vec<Point>) {
        let (mut outer, mut inner) = (Vec::with_capacity(2 * count + 2), Vec::with_capacity(count + 1));
        for at in turns(from, to, count) {
            let ((x, y), (nx, ny)) = (self.at(at), self.normal(at));
            let (dx, dy) = (self.half * nx, self.half * ny);
            outer.push((x + dx, y + dy));
            inner.push((x - dx, y - dy));
        }
        (outer, inner)
    }

    fn end(&self, angle: i32, backwards: bool) -> End {
        let turn = radians(angle).sin_cos();
        let ((x, y), (nx, ny)) = (self.at(turn), self.normal(turn));
        // Against the clock, seen with y down: the normal turned by a quarter.
        let tangent = if backwards { (-ny, nx) } else { (ny, -nx) };
        End { x, y, tangent }
    }

    /// An angle step that keeps straight pieces within a few thousandths of a pixel of the curve.
    fn step(&self) -> f64 {
        let radius = self.a.max(self.b) + self.half;
        (8.0 * 0.003 / radius.max(0.5)).sqrt().clamp(0.002, 0.25)
    }
}

/// Lengths along the first quarter of an ellipse, kept for the next arc of the same size.
///
/// Dashes are as long as the straight lines from degree to degree are; in between, length grows with the angle. Other
/// servers count so, and begin each dash at a whole 64th of a degree.
#[derive(Default)]
struct Lengths {
    size: (u16, u16),
    /// From 0 degrees to each whole one.
    to_degree: Vec<f64>,
}

/// The protocol's units in a degree.
const DEGREE: i32 = 64;

impl Lengths {
    fn take(&mut self, arc: &Arc) {
        if self.size == (arc.width, arc.height) && !self.to_degree.is_empty() {
            return;
        }
        self.size = (arc.width, arc.height);
        let (a, b) = (f64::from(arc.width) / 2.0, f64::from(arc.height) / 2.0);
        let mut points = (0..=90).map(|degree| match degree {
            90 => (0.0, b),
            degree => {
                let (sin, cos) = radians(degree * DEGREE).sin_cos();
                (a * cos, b * sin)
            }
        });
        let (mut x, mut y) = points.next().unwrap_or_default();
        let mut sum = 0.0;
        self.to_degree = vec![0.0];
        for (x2, y2) in points {
            sum += (x2 - x).hypot(y2 - y);
            self.to_degree.push(sum);
            (x, y) = (x2, y2);
        }
    }

    fn quarter(&self) -> f64 {
        self.to_degree.last().copied().unwrap_or(0.0)
    }

    /// The length from the angle 0 to another one.
    fn length_to(&self, angle: i32) -> f64 {
        let (quarters, rest) = (angle.div_euclid(QUARTER), angle.rem_euclid(QUARTER));
        let within = |angle: i32| {
            let degree = (angle / DEGREE) as usize;
            let at = |degree: usize| self.to_degree.get(degree).copied().unwrap_or(self.quarter());
            at(degree) + (at(degree + 1) - at(degree)) * f64::from(angle % DEGREE) / f64::from(DEGREE)
        };
        let part = if quarters & 1 == 0 { within(rest) } else { self.quarter() - within(QUARTER - rest) };
        f64::from(quarters) * self.quarter() + part
    }

    /// The angle at a length from the angle 0.
    fn angle_at(&self, length: f64) -> i32 {
        let quarter = self.quarter();
        let quarters = (length / quarter).floor();
        let rest = length - quarters * quarter;
        let within = |length: f64| {
            let degree = self.to_degree.partition_point(|to| *to <= length).clamp(1, 90);
            let (from, to) = (self.to_degree[degree - 1], self.to_degree[degree]);
            let past = if to > from { (length - from) / (to - from) * f64::from(DEGREE) } else { 0.0 };
            (degree as i32 - 1) * DEGREE + past as i32
        };
        let part = if quarters % 2.0 == 0.0 { within(rest) } else { QUARTER - within(quarter - rest) };
        quarters as i32 * QUARTER + part
    }

    /// Calls `dash(odd, from, to)` for each dash between two angles, and leaves the pattern where the arc ends.
    fn dashes(&self, from: i32, to: i32, dashes: &mut Dashes, mut dash: impl FnMut(bool, i32, i32)) {
        if self.quarter() <= 0.0 {
            dash(dashes.at(dashes.position).0, from, to);
            return;
        }
        // Against the clock; what is drawn with it is mirrored.
        let sign = (to - from).signum();
        let (mut at, end) = (from * sign, to * sign);
        while at < end {
            let (odd, left) = dashes.at(dashes.position);
            let before = self.length_to(at);
            let next = self.angle_at(before + left as f64).max(at + 1);
            let next = if next > end {
                let left_over = left.saturating_sub((self.length_to(end) - before) as u64).max(1);
                dashes.position += left - left_over;
                end
            } else {
                dashes.position += left;
                next
            };
            dash(odd, at * sign, next * sign);
            at = next;
        }
    }
}

fn radians(angle: i32) -> f64 {
    f64::from(angle) * PI / f64::from(FULL / 2)
}

/// Draws into a list of spans.
struct Pen<'p> {
    gc: &'p Gc,
    bounds: Rect,
    out: &'p mut Vec<Rect>,
}

impl Pen<'_> {
    fn push(&mut self, y: i32, x1: i64, x2: i64) {
        let (x1, x2) = (x1.max(self.bounds.x1.into()), x2.min(self.bounds.x2.into()));
        if x1 < x2 && y >= self.bounds.y1 && y < self.bounds.y2 {
            add(self.out, Rect { x1: x1 as i32, y1: y, x2: x2 as i32, y2: y + 1 });
        }
    }

    /// What lies within half the line width of a whole ellipse.
    fn whole(&mut self, arc: &Arc, rows: &BandRows) {
        let middle = i64::from(arc.x) + i64::from(arc.width >> 1);
        for (y, row) in rows.within(arc, self.bounds.y1, self.bounds.y2) {
            let [left, right] =
                [row.left, row.right].map(|(a, b)| (middle + i64::from(a), middle + i64::from(b)));
            if left.1 == right.0 {
                self.push(y, left.0, right.1);
            } else {
                self.push(y, left.0, left.1);
                self.push(y, right.0, right.1);
            }
        }
    }

    /// What lies within half the line width of the curve between two angles.
    fn stretch(&mut self, arc: &Arc, curve: &Curve, rows: &BandRows, from: i32, to: i32) {
        if arc.width == 0 || arc.height == 0 {
            self.flat(curve, from.min(to), from.max(to));
            return;
        }
        if (to - from).abs() == FULL {
            self.whole(arc, rows);
            return;
        }
        let angles = from.min(to)..from.max(to);
        let reach = Reach::of(arc, self.gc.line_width);
        if !matches!(reach, Reach::OverBoth) {
            let bounds = self.bounds;
            rows.cut(arc, angles.clone(), &bounds, |y, x1, x2| self.push(y, x1, x2));
            if let Reach::OverOne(tail) = reach {
                self.tail(curve, &tail, angles);
            }
            return;
        }
        // The line is wider than the ellipse: piece by piece nothing cancels.
        let (from, to) = (radians(from), radians(to));
        let count = (((to - from).abs() / curve.step()).ceil() as usize).clamp(1, 800);
        let (outer, inner) = curve.both(from, to, count);
        for (a, c) in outer.windows(2).zip(inner.windows(2)) {
            self.winding(&[&[a[0], a[1], c[1], c[0]]]);
        }
    }

    fn tail(&mut self, curve: &Curve, tail: &Tail, angles: Range<i32>) {
        let upright = curve.a < curve.b;
        for (quarter, angles) in quarters(angles) {
            let (from, to) = (radians(angles.start), radians(angles.end));
            // From the longer axis.
            let (from, to) = if upright { (FRAC_PI_2 - to, FRAC_PI_2 - from) } else { (from, to) };
            let right = if quarter == 0 || quarter == 3 { 1.0 } else { -1.0 };
            let up = if quarter < 2 { 1.0 } else { -1.0 };
            for mut outline in tail.outlines(from, to, curve.step()) {
                for point in &mut outline {
                    let (x, y) = if upright { (point.1, point.0) } else { *point };
                    *point = (curve.x + right * x, curve.y - up * y);
                    if x == 0.0 && right < 0.0 {
                        // Columns left of the middle end where whole ones do.
                        point.0 = point.0.floor();
                    }
                }
                self.winding(&[&outline]);
            }
        }
    }

    /// An arc without width or without height is a rectangle along its other axis, without its ends.
    fn flat(&mut self, curve: &Curve, from: i32, to: i32) {
        let turns = (from / QUARTER - 1..=to / QUARTER + 1).map(|quarter| quarter * QUARTER);
        let angles = turns.filter(|angle| (from..=to).contains(angle)).chain([from, to]);
        let points = angles.map(|angle| {
            let (x, y) = point_at(angle, curve.a, curve.b);
            (curve.x + x, curve.y - y)
        });
        let far = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut x, mut y) = points.fold((far, far), |(x, y), point| {
            ((x.0.min(point.0), x.1.max(point.0)), (y.0.min(point.1), y.1.max(point.1)))
        });
        let across = if curve.a == 0.0 { &mut x } else { &mut y };
        *across = (across.0 - curve.half, across.1 + curve.half);
        for row in (y.0.ceil() as i32).max(self.bounds.y1)..(y.1.ceil() as i32).min(self.bounds.y2) {
            self.push(row, x.0.ceil() as i64, x.1.ceil() as i64);
        }
    }

    fn cap(&mut self, end: &End) {
        let half = f64::from(self.gc.line_width) / 2.0;
        let (tx, ty) = end.tangent;
        let (x, y) = (end.x, end.y);
        if tx > 1.0 - 1e-9 && matches!(self.gc.cap_style, CapStyle::Round | CapStyle::Projecting) {
            // The columns left of the middle, which it goes on from, end where whole ones do.
            let whole = (x + 1e-9).floor();
            self.winding(&[&[(whole, y - half), (x, y - half), (x, y + half), (whole, y + half)]]);
        }
        match self.gc.cap_style {
            CapStyle::Round => self.half_disc(x, y, half, end.tangent),
            CapStyle::Projecting => self.winding(&[&[
                (x - half * ty, y + half * tx),
                (x - half * ty + half * tx, y + half * tx + half * ty),
                (x + half * ty + half * tx, y - half * tx + half * ty),
                (x + half * ty, y - half * tx),
            ]]),
            CapStyle::Butt | CapStyle::NotLast => {}
        }
    }

    fn half_disc(&mut self, x: f64, y: f64, half: f64, (tx, ty): (f64, f64)) {
        let count = ((half * 40.0).sqrt() as usize * 4).clamp(12, 2000);
        let arc = (0..=count).map(|i| {
            let angle = PI * i as f64 / count as f64;
            let (along, across) = (angle.sin() * half, angle.cos() * half);
            (x + along * tx - across * ty, y + along * ty + across * tx)
        });
        self.winding(&[&arc.collect::<Vec<_>>()]);
    }

    fn join(&mut self, before: &End, after: &End) {
        let half = f64::from(self.gc.line_width) / 2.0;
        let (x, y) = (after.x, after.y);
        let ((ax, ay), (bx, by)) = (before.tangent, after.tangent);
        let turn = ax * by - ay * bx;
        if self.gc.join_style == JoinStyle::Round {
            self.half_disc(x, y, half, before.tangent);
            self.half_disc(x, y, half, (-bx, -by));
            return;
        }
        if turn.abs() < 1e-9 {
            return;
        }
        // The notch is on the outer side of the turn.
        let side = turn.signum() * half;
        let (p, q) = ((side * ay, -side * ax), (side * by, -side * bx));
        let mut corners = vec![(x, y), (x + p.0, y + p.1)];
        let cos = ax * bx + ay * by;
        // 1 / sin² of half the angle between the lines.
        if self.gc.join_style == JoinStyle::Miter && 2.0 / (1.0 + cos) <= super::wide_line::MITER_LIMIT {
            let scale = 1.0 / (1.0 + cos);
            corners.push((x + (p.0 + q.0) * scale, y + (p.1 + q.1) * scale));
        }
        corners.push((x + q.0, y + q.1));
        self.winding(&[&corners]);
    }

    /// Fills what is within closed outlines by the winding rule.
    fn winding(&mut self, outlines: &[&[Point]]) {
        // Pixel centres have whole coordinates: an edge crosses the rows from the first below its upper end.
        let mut crossings: Vec<Crossing> = Vec::new();
        for corners in outlines {
            let Some(&last) = corners.last() else { continue };
            let mut before = (last, row_below(last.1));
            for &corner in *corners {
                let ((x1, y1), row) = before;
                let (x2, y2) = corner;
                let end = row_below(y2);
                before = (corner, end);
                if row == end {
                    continue;
                }
                let winding = if row < end { 1 } else { -1 };
                let slope = (x2 - x1) / (y2 - y1);
                for y in row.min(end).max(self.bounds.y1)..row.max(end).min(self.bounds.y2) {
                    crossings.push(Crossing { y, x: x1 + (f64::from(y) - y1) * slope, winding });
                }
            }
        }
        let crossings = by_rows(crossings);
        let mut around = 0;
        let mut from = 0.0;
        for Crossing { y, x, winding } in crossings {
            if around == 0 {
                from = x;
            }
            around += winding;
            if around == 0 {
                self.push(y, from.ceil() as i64, x.ceil() as i64);
            }
        }
    }
}

/// A point of the plane.
type Point = (f64, f64);

/// Where an edge crosses a row, and whether it goes down there (1) or up (-1).
#[derive(Clone, Copy)]
struct Crossing {
    y: i32,
    x: f64,
    winding: i32,
}

/// Crossings from the top down, in each row from the left. There are few to a row: they are put into their rows first.
fn by_rows(crossings: Vec<Crossing>) -> Vec<Crossing> {
    let Some(first) = crossings.iter().map(|c| c.y).min() else { return crossings };
    // Where each row begins, and how much of it is there.
    let mut begins = vec![0_usize];
    for crossing in &crossings {
        let row = (crossing.y - first) as usize;
        if row + 1 >= begins.len() {
            begins.resize(row + 2, 0);
        }
        begins[row + 1] += 1;
    }
    let mut sum = 0;
    for begin in &mut begins {
        sum += *begin;
        *begin = sum;
    }
    let mut filled = vec![0_usize; begins.len()];
    let mut sorted = crossings.clone();
    for crossing in crossings {
        let row = (crossing.y - first) as usize;
        let begin = begins[row];
        let mut at = begin + filled[row];
        filled[row] += 1;
        while at > begin && sorted[at - 1].x > crossing.x {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        sorted[at] = crossing;
    }
    sorted
}

/// The first whole number that is not less.
fn row_below(y: f64) -> i32 {
    let whole = y as i32;
    whole.saturating_add(i32::from(f64::from(whole) < y))
}

/// Sine and cosine of `count` + 1 angles from one to another, each turned on from the one before.
fn turns(from: f64, to: f64, count: usize) -> impl Iterator<Item = (f64, f64)> {
    /// Steps after which what rounding has added up is dropped.
    const FRESH: usize = 64;
    let angle = move |i: usize| from + (to - from) * i as f64 / count.max(1) as f64;
    let (sin_step, cos_step) = angle(1).sin_cos();
    let (sin_from, cos_from) = from.sin_cos();
    // By the difference of the angles.
    let (sin_step, cos_step) =
        (sin_step * cos_from - cos_step * sin_from, cos_step * cos_from + sin_step * sin_from);
    let mut now = (0.0, 1.0);
    (0..=count).map(move |i| {
        now = if i % FRESH == 0 || i == count {
            angle(i).sin_cos()
        } else {
            let (sin, cos) = now;
            (sin * cos_step + cos * sin_step, cos * cos_step - sin * sin_step)
        };
        now
    })
}

/// Keeps a span for later.
fn add(spans: &mut Vec<Rect>, span: Rect) {
    if spans.len() >= 1 << 18 && spans.len() == spans.capacity() {
        *spans = unite(spans).rects().to_vec();
        spans.reserve(1 << 18);
    }
    spans.push(span);
}
