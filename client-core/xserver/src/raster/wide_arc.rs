//! Arcs with a width, solid and dashed.
//!
//! A wide arc covers what lies within half the line width of the ellipse, measured along the ellipse's normals. A whole
//! circle is a ring, worked out exactly; anything else is an outline of points on the two offset curves, close enough to
//! the curves that pixel centres do not notice, and filled by the winding rule.

use std::f64::consts::{PI, TAU};

use x11rb_protocol::protocol::xproto::Arc;

use super::dash::Dashes;
use super::fill::Painter;
use super::fill_arc::{FULL, Sweep, ellipse_row};
use super::wide_line::{draws_twice_alike, unite};
use super::{CapStyle, Gc, JoinStyle, LineStyle};
use crate::region::Rect;

impl<'a> Painter<'a> {
    /// Draws arcs whose line width is not 0. Arcs that follow one another end to start are joined.
    pub(super) fn wide_arcs(&mut self, gc: &'a Gc, arcs: &[Arc]) {
        let bounds = self.bounds();
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
        }
        let once = draws_twice_alike(gc.function);
        if !odd.is_empty() {
            let gaps = if once { unite(&odd) } else { unite(&odd).subtract(&unite(&even)) };
            self.with_gap_source(gc, |painter| painter.spans(gaps.rects()));
        }
        if once && even.len() < 64 {
            self.spans(&even);
        } else {
            self.spans(unite(&even).rects());
        }
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

    fn at(&self, t: f64) -> (f64, f64) {
        (self.x + self.a * t.cos(), self.y - self.b * t.sin())
    }

    /// Out of the ellipse, of length 1.
    fn normal(&self, t: f64) -> (f64, f64) {
        let (x, y) = (self.b * t.cos(), -self.a * t.sin());
        let length = x.hypot(y);
        if length > 0.0 {
            (x / length, y / length)
        } else if self.a > 0.0 {
            (0.0, -t.sin().signum())
        } else {
            (t.cos().signum(), 0.0)
        }
    }

    fn offset(&self, t: f64, by: f64) -> (f64, f64) {
        let ((x, y), (nx, ny)) = (self.at(t), self.normal(t));
        (x + by * nx, y + by * ny)
    }

    fn end(&self, t: f64, backwards: bool) -> End {
        let ((x, y), (nx, ny)) = (self.at(t), self.normal(t));
        // Against the clock, seen with y down: the normal turned by a quarter.
        let tangent = if backwards { (-ny, nx) } else { (ny, -nx) };
        End { x, y, tangent }
    }

    /// An angle step that keeps straight pieces within a thousandth of a pixel of the curve.
    fn step(&self) -> f64 {
        let radius = self.a.max(self.b) + self.half;
        (8.0 * 0.001 / radius.max(0.5)).sqrt().clamp(0.002, 0.25)
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
        for i in 1..=count {
            let next = if i == count { to } else { from + step * i as f64 };
            let ((x1, y1), (x2, y2)) = (self.at(t), self.at(next));
            let length = (x2 - x1).hypot(y2 - y1);
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

    /// What lies within half the line width of the curve between two angles.
    fn stretch(&mut self, curve: &Curve, from: f64, to: f64) {
        let step = curve.step();
        let count = (((to - from).abs() / step).ceil() as usize).clamp(1, 6000);
        let (least, greatest) = (curve.a.min(curve.b), curve.a.max(curve.b));
        if curve.half * greatest > least * least {
            // The inner curve turns back on itself where the ellipse is narrow: piece by piece nothing cancels.
            let count = count.min(800);
            let corner = |i: usize, by: f64| curve.offset(from + (to - from) * i as f64 / count as f64, by);
            for i in 0..count {
                let half = curve.half;
                let (a, b) = (corner(i, half), corner(i + 1, half));
                let (c, d) = (corner(i + 1, -half), corner(i, -half));
                self.outline(vec![a, b, c, d]);
            }
            return;
        }
        let angle = |i: usize| from + (to - from) * i as f64 / count as f64;
        let outer = (0..=count).map(|i| curve.offset(angle(i), curve.half));
        let inner = (0..=count).rev().map(|i| curve.offset(angle(i), -curve.half));
        if (to - from).abs() >= TAU - 1e-9 {
            let mut edges = Vec::new();
            close(&mut edges, outer.collect());
            close(&mut edges, inner.collect());
            self.winding(&edges);
        } else {
            self.outline(outer.chain(inner).collect());
        }
    }

    fn cap(&mut self, end: &End) {
        let half = f64::from(self.gc.line_width) / 2.0;
        let (tx, ty) = end.tangent;
        let (x, y) = (end.x, end.y);
        match self.gc.cap_style {
            CapStyle::Round => self.half_disc(x, y, half, end.tangent),
            CapStyle::Projecting => self.outline(vec![
                (x - half * ty, y + half * tx),
                (x - half * ty + half * tx, y + half * tx + half * ty),
                (x + half * ty + half * tx, y - half * tx + half * ty),
                (x + half * ty, y - half * tx),
            ]),
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
        self.outline(arc.collect());
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
        self.outline(corners);
    }

    fn outline(&mut self, corners: Vec<(f64, f64)>) {
        let mut edges = Vec::with_capacity(corners.len());
        close(&mut edges, corners);
        self.winding(&edges);
    }

    /// Fills between edges by the winding rule.
    fn winding(&mut self, edges: &[Edge]) {
        let mut crossings: Vec<(i32, f64, i32)> = Vec::new();
        for &((x1, y1), (x2, y2)) in edges {
            let (top, bottom, winding) = if y1 < y2 { (y1, y2, 1) } else { (y2, y1, -1) };
            let first = (top.ceil() as i32).max(self.bounds.y1);
            let end = (bottom.ceil() as i32).min(self.bounds.y2);
            for y in first..end {
                let x = x1 + (f64::from(y) - y1) * (x2 - x1) / (y2 - y1);
                crossings.push((y, x, winding));
            }
        }
        crossings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut around = 0;
        let mut from = 0.0;
        for (y, x, winding) in crossings {
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

/// From corner to corner.
type Edge = ((f64, f64), (f64, f64));

fn close(edges: &mut Vec<Edge>, corners: Vec<(f64, f64)>) {
    let Some(last) = corners.last().copied() else { return };
    let mut before = last;
    for corner in corners {
        edges.push((before, corner));
        before = corner;
    }
}

/// Keeps a span for later.
fn add(spans: &mut Vec<Rect>, span: Rect) {
    if spans.len() >= 1 << 18 && spans.len() == spans.capacity() {
        *spans = unite(spans).rects().to_vec();
        spans.reserve(1 << 18);
    }
    spans.push(span);
}
