//! Arcs with a width, solid and dashed.
//!
//! A wide arc covers what lies within half the line width of the ellipse, measured along the ellipse's normals. A whole
//! circle is a ring, worked out exactly; anything else is an outline of points on the two offset curves, close enough to
//! the curves that pixel centres do not notice, and filled by the winding rule.

use std::f64::consts::{PI, TAU};

use x11rb_protocol::protocol::xproto::Arc;

use super::dash::Dashes;
use super::fill::Painter;
use super::fill_arc::{FULL, MANY, Sweep, ellipse_row};
use super::wide_line::{draws_twice_alike, unite};
use super::{CapStyle, Gc, JoinStyle, LineStyle};
use crate::region::Rect;

impl<'a> Painter<'a> {
    /// Draws arcs whose line width is not 0. Arcs that follow one another end to start are joined.
    pub(super) fn wide_arcs(&mut self, gc: &'a Gc, arcs: &[Arc]) {
        let bounds = self.bounds();
        let mut arcs = arcs;
        if gc.line_style == LineStyle::Solid {
            // Whole ellipses ahead of all others are drawn each by itself.
            while let [arc, rest @ ..] = arcs
                && Sweep::new(arc).extent == FULL
                && arc.width > 0
                && arc.height > 0
            {
                let mut spans = Vec::new();
                let mut pen = Pen { gc, bounds, out: &mut spans };
                if arc.width == arc.height {
                    pen.ring(arc);
                } else {
                    pen.ellipse(arc);
                }
                self.spans(&spans);
                arcs = rest;
            }
        }
        let mut even = Vec::new();
        let mut odd = Vec::new();
        let mut dashes = Dashes::new(gc);
        let mut before: Option<End> = None;
        for arc in arcs {
            let (curve, from, to) = Curve::new(arc, gc.line_width);
            let extent = Sweep::new(arc).extent;
            if (arc.width == 0 && arc.height == 0) || (extent == 0 && arc.angle2 != 0) {
                continue;
            }
            let whole = extent == FULL;
            let start = curve.end(from, false);
            let joined = before.as_ref().is_some_and(|b| b.meets(&start));
            if !joined {
                dashes.position = gc.dash_offset.into();
            }
            let mut pen = Pen { gc, bounds, out: &mut even };
            if gc.line_style == LineStyle::Solid {
                if whole && arc.width == arc.height {
                    pen.ring(arc);
                } else {
                    pen.stretch(&curve, from, to);
                    if !whole {
                        pen.cap(&curve.end(from, true));
                        pen.cap(&curve.end(to, false));
                    }
                }
            } else {
                for dash in curve.dashes(from, to, &mut dashes) {
                    let gap = dash.odd;
                    if gap && gc.line_style == LineStyle::OnOffDash {
                        continue;
                    }
                    let mut pen = Pen { gc, bounds, out: if gap { &mut odd } else { &mut even } };
                    pen.stretch(&curve, dash.from, dash.to);
                    if gc.line_style == LineStyle::OnOffDash {
                        pen.cap(&curve.end(dash.from, dash.from < dash.to));
                        pen.cap(&curve.end(dash.to, dash.from > dash.to));
                    }
                }
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

struct Dash {
    odd: bool,
    from: f64,
    to: f64,
}

impl End {
    fn meets(&self, other: &Self) -> bool {
        (self.x - other.x).abs() < 0.01 && (self.y - other.y).abs() < 0.01
    }
}

impl Curve {
    /// The curve, and the angles where the arc begins and ends in the direction it is drawn.
    fn new(arc: &Arc, line_width: u16) -> (Self, f64, f64) {
        let (a, b) = (f64::from(arc.width) / 2.0, f64::from(arc.height) / 2.0);
        let curve = Self {
            x: f64::from(arc.x) + a,
            y: f64::from(arc.y) + b,
            a,
            b,
            half: f64::from(line_width) / 2.0,
        };
        let radians = |angle: i32| f64::from(angle) * PI / f64::from(FULL / 2);
        let extent = i32::from(arc.angle2).clamp(-FULL, FULL);
        let from = i32::from(arc.angle1);
        (curve, radians(from), radians(from + extent))
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

    fn end(&self, t: f64, backwards: bool) -> End {
        let ((x, y), (nx, ny)) = (self.at(t.sin_cos()), self.normal(t.sin_cos()));
        // Against the clock, seen with y down: the normal turned by a quarter.
        let tangent = if backwards { (-ny, nx) } else { (ny, -nx) };
        End { x, y, tangent }
    }

    /// An angle step that keeps straight pieces within a few thousandths of a pixel of the curve.
    fn step(&self) -> f64 {
        let radius = self.a.max(self.b) + self.half;
        (8.0 * 0.003 / radius.max(0.5)).sqrt().clamp(0.002, 0.25)
    }

    /// The dashes between two angles, by length along the curve.
    fn dashes(&self, from: f64, to: f64, dashes: &mut Dashes) -> Vec<Dash> {
        let step = self.step().max((to - from).abs() / 20000.0).copysign(to - from);
        let count = ((to - from) / step).ceil().max(0.0) as usize;
        let mut out = Vec::new();
        let (mut odd, left) = dashes.at(dashes.position);
        let mut left = left as f64;
        let mut begin = from;
        let mut t = from;
        let mut points = turns(from, to, count).map(|at| self.at(at));
        let Some((mut x1, mut y1)) = points.next() else { return out };
        for (i, (x2, y2)) in points.enumerate() {
            let next = from + (to - from) * (i + 1) as f64 / count as f64;
            let length = ((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1)).sqrt();
            (x1, y1) = (x2, y2);
            let mut gone = 0.0;
            while length - gone >= left {
                gone += left;
                let at = t + (next - t) * (gone / length);
                out.push(Dash { odd, from: begin, to: at });
                begin = at;
                let (_, whole) = dashes.at(dashes.position);
                dashes.position += whole;
                (odd, left) = {
                    let (o, l) = dashes.at(dashes.position);
                    (o, l as f64)
                };
            }
            left -= length - gone;
            t = next;
        }
        if (to - begin).abs() > 1e-12 {
            out.push(Dash { odd, from: begin, to });
        }
        out
    }
}

/// The band around an ellipse that is not a circle.
///
/// A row at some height touches the circle around a point of the ellipse where that point's height solves an equation of
/// the fourth degree. Its resolvent of the third degree has one real root or three; which of the solutions lies outside
/// and which inside depends on that.
struct Band {
    /// Half axes.
    w: f64,
    h: f64,
    /// Half the line width, and its square.
    r: f64,
    rs: f64,
    hs: f64,
    n: f64,
    f: f64,
    v: f64,
}

/// How near to the ellipse's top a point is taken for the top.
const NEAR_TOP: f64 = 0.000_001;

impl Band {
    fn new(width: f64, height: f64, line: i32) -> Self {
        let (w, h, r) = (width / 2.0, height / 2.0, f64::from(line) / 2.0);
        let hs = h * h;
        let difference = w * w - hs;
        let wr = w * r;
        let hf = hs * hs;
        Self {
            w,
            h,
            r,
            rs: r * r,
            hs,
            n: (hf - wr * wr) / difference,
            f: hf / difference,
            v: (wr * hs) / (difference + difference),
        }
    }

    /// Where the ellipse is at a height (its top at most), and how far the circle around that point reaches at row `k`;
    /// none where it does not.
    fn point(&self, y: f64, k: f64) -> (f64, Option<f64>) {
        let y = if y > self.h - NEAR_TOP { self.h } else { y };
        let t = y / self.h;
        let x = self.w * (1.0 - t * t).sqrt();
        let t = k - y;
        let square = self.rs - t * t;
        (x, (square >= 0.0).then(|| square.sqrt()))
    }

    /// How far out the band reaches on row `k`, counted from the middle, and where its inner edge is; 0 or less where
    /// there is none. `outer` is what holds where no solution says otherwise.
    fn at(&self, k: f64, mut outer: f64) -> (f64, f64) {
        let n = (k * k + self.n) / 6.0;
        let cube = n * n * n;
        let v = self.v * k;
        let t = cube + v * v;
        let mut d = cube + t;
        let (z, flip);
        if d < 0.0 {
            d = cube;
            let mut b = n;
            if (b < 0.0) == (t < 0.0) {
                b = -b;
                d = -d;
            }
            z = n - 2.0 * b * ((-t / d).acos() / 3.0).cos();
            flip = if (z < 0.0) == (v < 0.0) { 2 } else { 1 };
        } else {
            d = v * d.sqrt();
            z = n + (t + d).cbrt() + (t - d).cbrt();
            flip = 0;
        }
        let a = ((z + z) - self.n).sqrt();
        let t = (self.f - z) * k / a;
        let mut inner = 0.0;
        let mut solved = false;
        let b = -a + k;
        let d = b * b - 4.0 * (z + t);
        if d >= 0.0 {
            let y = f64::midpoint(b, d.sqrt());
            if y >= 0.0 && y < self.h + NEAR_TOP {
                solved = true;
                let (x, reach) = self.point(y, k);
                let reach = reach.unwrap_or(0.0);
                if flip == 2 {
                    inner = x - reach;
                } else {
                    outer = x + reach;
                }
            }
        }
        let b = a + k;
        let mut d = b * b - 4.0 * (z - t);
        if d < 0.0 && !solved {
            // Near the axis what is left of the digits may have the wrong sign.
            d = 0.0;
        }
        if d >= 0.0 {
            let d = d.sqrt();
            let y = f64::midpoint(b, d);
            if y < self.h + NEAR_TOP {
                let (x, reach) = self.point(y, k);
                inner = x - reach.unwrap_or(0.0);
            }
            let y = (b - d) / 2.0;
            if y >= 0.0 {
                let (x, reach) = self.point(y, k);
                let reach = reach.unwrap_or(0.0);
                if flip == 1 {
                    inner = x - reach;
                } else {
                    outer = x + reach;
                }
            }
        }
        (outer, inner)
    }

    fn outer_middle(&self) -> f64 {
        self.w + self.r
    }

    fn inner_middle(&self) -> f64 {
        if self.r >= self.h && self.r <= self.w {
            0.0
        } else if self.n < 0.0 && -self.n < self.hs {
            let x = self.w * (1.0 + self.n / self.hs).sqrt() - (self.rs + self.n).sqrt();
            if x > self.w - self.r { self.w - self.r } else { x }
        } else {
            self.w - self.r
        }
    }

    /// The pixels of a row, from the middle column: all between the outer edges, or those on either side.
    fn spans(width: i32, outer: f64, inner: f64) -> ((i32, i32), Option<(i32, i32)>) {
        let middle = if width & 1 == 1 { 0.5 } else { 0.0 };
        let at = |x: f64| (middle + x).ceil() as i32;
        if inner <= 0.0 {
            ((at(-outer), at(outer)), None)
        } else {
            ((at(-outer), at(-inner)), Some((at(inner), at(outer))))
        }
    }
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

    fn ring(&mut self, arc: &Arc) {
        let (size, line) = (i64::from(arc.width), i64::from(self.gc.line_width));
        let (outer, inner) = (size + line, size - line);
        let top = i64::from(arc.y) - line / 2;
        let bottom = i64::from(arc.y) + size + (line + 1) / 2;
        for y in top.max(self.bounds.y1.into())..=bottom.min(i64::from(self.bounds.y2) - 1) {
            let v = 2 * (y - i64::from(arc.y)) - size;
            let Some((first, end)) = ellipse_row(v, outer, outer) else { continue };
            let x = |u: i64| i64::from(arc.x) + (u + size + 1).div_euclid(2);
            let hole = if inner > 0 { ellipse_row(v, inner, inner) } else { None };
            match hole {
                Some((hole_first, hole_end)) => {
                    self.push(y as i32, x(first), x(hole_first));
                    self.push(y as i32, x(hole_end), x(end));
                }
                None => self.push(y as i32, x(first), x(end)),
            }
        }
    }

    /// What lies within half the line width of a whole ellipse, row by row from the outside to the middle.
    fn ellipse(&mut self, arc: &Arc) {
        let line = i32::from(self.gc.line_width);
        let (width, height) = (i32::from(arc.width), i32::from(arc.height));
        let band = Band::new(width.into(), height.into(), line);
        let x = i32::from(arc.x) + (width >> 1);
        let reach = (height >> 1) + ((line - 1) >> 1);
        let mut above = i32::from(arc.y) + (height >> 1) - reach;
        let mut below = i32::from(arc.y) + (height >> 1) + (height & 1) + reach;
        let put =
            |pen: &mut Self, y: i32, span: (i32, i32)| pen.push(y, (x + span.0).into(), (x + span.1).into());
        let top = line & 1 == 0 && width & 1 == 0;
        if top {
            put(self, above - 1, (0, 1));
        }
        let mut rows = Vec::with_capacity(reach.max(0) as usize + 1);
        let mut distance = f64::from(height) / 2.0 + f64::from((line - 1) >> 1);
        let mut outer = 0.0;
        while distance > 0.0 {
            let inner;
            (outer, inner) = band.at(distance, outer);
            rows.push(Band::spans(width, outer, inner));
            distance -= 1.0;
        }
        // With both even the last closed row is open at its middle, in the upper half only.
        let hole = top && height * line <= width * width && line < height;
        if hole
            && let Some(at) = rows.iter().filter(|(_, second)| second.is_none()).count().checked_sub(1)
            && let Some(row) = rows.get_mut(at)
        {
            let ((left, _), _) = *row;
            *row = ((left, 0), Some((1, 1 - left)));
            put(self, below - at as i32, (0, 1));
        }
        for (first, second) in rows {
            for y in [above, below] {
                put(self, y, first);
                if let Some(second) = second {
                    put(self, y, second);
                }
            }
            above += 1;
            below -= 1;
        }
        if height & 1 == 0 {
            let (first, second) = Band::spans(width, band.outer_middle(), band.inner_middle());
            put(self, above, first);
            if let Some(second) = second {
                put(self, above, second);
            }
        }
    }

    /// What lies within half the line width of the curve between two angles.
    fn stretch(&mut self, curve: &Curve, from: f64, to: f64) {
        let step = curve.step();
        let count = (((to - from).abs() / step).ceil() as usize).clamp(1, 6000);
        let (least, greatest) = (curve.a.min(curve.b), curve.a.max(curve.b));
        if curve.half * greatest > least * least {
            // The inner curve turns back on itself where the ellipse is narrow: piece by piece nothing cancels.
            let (outer, inner) = curve.both(from, to, count.min(800));
            for (a, c) in outer.windows(2).zip(inner.windows(2)) {
                self.winding(&[&[a[0], a[1], c[1], c[0]]]);
            }
            return;
        }
        let (mut outer, inner) = curve.both(from, to, count);
        if (to - from).abs() >= TAU - 1e-9 {
            let back: Vec<_> = inner.into_iter().rev().collect();
            self.winding(&[&outer, &back]);
        } else {
            outer.extend(inner.into_iter().rev());
            self.winding(&[&outer]);
        }
    }

    fn cap(&mut self, end: &End) {
        let half = f64::from(self.gc.line_width) / 2.0;
        let (tx, ty) = end.tangent;
        let (x, y) = (end.x, end.y);
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
