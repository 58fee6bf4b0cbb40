//! Lines with a width, solid and dashed.
//!
//! X11 §8 draws a wide line as if a path were stroked: each line is a rectangle around its centre line; where lines meet
//! the join style fills the notch; where the path ends the cap style adds to it. Every such piece is an intersection of
//! half planes whose edges have whole-numbered directions, so that pixels on edges fall by the polygon rule alone. A path
//! draws every pixel once, which matters to functions like Xor: there the pieces are united first.

use super::dash::Dashes;
use super::fill::Painter;
use super::fill_arc::ellipse_row;
use super::{CapStyle, Function, Gc, JoinStyle, LineStyle};
use crate::region::{Rect, Region};

/// (1 / sin(11°/2))²: X11 §8, miter joins below 11 degrees are beveled.
pub(super) const MITER_LIMIT: f64 = 108.856_472_512_142;

impl<'a> Painter<'a> {
    /// Draws a path whose line width is not 0.
    pub(super) fn wide_path(&mut self, gc: &'a Gc, path: &[(i32, i32)]) {
        let mut stroke = Stroke::new(gc, self.bounds());
        if gc.line_style == LineStyle::Solid {
            stroke.solid(path);
        } else {
            stroke.dashed(path);
        }
        let once = draws_twice_alike(gc.function);
        if gc.line_style == LineStyle::DoubleDash {
            let odd = std::mem::take(&mut stroke.odd);
            // Where dashes overlap at joins and caps, even ones are in front.
            if once {
                self.with_gap_source(gc, |painter| painter.spans(&odd));
            } else {
                let even = unite(&stroke.even);
                let odd = unite(&odd).subtract(&even);
                self.with_gap_source(gc, |painter| painter.spans(odd.rects()));
            }
        }
        if once {
            self.spans(&stroke.even);
        } else {
            self.spans(unite(&stroke.even).rects());
        }
    }

    pub(super) fn spans(&mut self, spans: &[Rect]) {
        for span in spans {
            self.rect(*span);
        }
    }
}

/// Whether drawing a pixel twice is as good as once.
pub(super) fn draws_twice_alike(function: Function) -> bool {
    !matches!(
        function,
        Function::Xor
            | Function::Invert
            | Function::Equiv
            | Function::Nor
            | Function::Nand
            | Function::AndReverse
            | Function::OrReverse
    )
}

pub(super) fn unite(spans: &[Rect]) -> Region {
    Region::from_rects(spans)
}

/// Keeps a span for later. Spans that pile up are united, so that no request holds more of them than the clip has pixels
/// (and then some).
pub(super) fn add(spans: &mut Vec<Rect>, span: Rect) {
    if spans.len() >= 1 << 18 && spans.len() == spans.capacity() {
        *spans = unite(spans).rects().to_vec();
        spans.reserve(1 << 18);
    }
    spans.push(span);
}

/// A path being turned into spans.
struct Stroke<'g> {
    gc: &'g Gc,
    width: f64,
    bounds: Rect,
    even: Vec<Rect>,
    odd: Vec<Rect>,
    /// Whether pieces go to the odd dashes.
    in_gap: bool,
}

/// Where a line ends: its end point, seen looking out of the line.
#[derive(Clone, Copy, Debug)]
struct Face {
    x: f64,
    y: f64,
    /// The line's direction, as from its first point to its last.
    dx: i64,
    dy: i64,
    /// From the end point to the line's left edge (in the direction of the line), in pixels.
    across: (f64, f64),
}

impl<'g> Stroke<'g> {
    fn new(gc: &'g Gc, bounds: Rect) -> Self {
        Self { gc, width: gc.line_width.into(), bounds, even: Vec::new(), odd: Vec::new(), in_gap: false }
    }

    fn out(&mut self) -> &mut Vec<Rect> {
        if self.in_gap { &mut self.odd } else { &mut self.even }
    }

    fn solid(&mut self, path: &[(i32, i32)]) {
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
        let closed = path.len() > 2 && first == last;
        let lines: Vec<_> = path.windows(2).filter(|w| w[0] != w[1]).map(|w| (w[0], w[1])).collect();
        let projecting = self.gc.cap_style == CapStyle::Projecting;
        let Some(final_line) = lines.len().checked_sub(1) else {
            self.dot(*first);
            return;
        };
        let mut faces: Option<(Face, Face)> = None;
        let mut previous: Option<Face> = None;
        for (i, (a, b)) in lines.iter().enumerate() {
            let at_start = i == 0 && !closed;
            let at_end = i == final_line && !closed;
            let (start, end) = self.line(point(*a), point(*b), at_start && projecting, at_end && projecting);
            if at_start && self.gc.cap_style == CapStyle::Round {
                self.round_cap(&start, -1);
            }
            if at_end && self.gc.cap_style == CapStyle::Round {
                self.round_cap(&end, 1);
            }
            if let Some(previous) = previous {
                self.join(&previous, &start);
            }
            previous = Some(end);
            faces = Some((faces.map_or(start, |f| f.0), end));
        }
        if let (true, Some((start, end))) = (closed, faces) {
            self.join(&end, &start);
        }
    }

    /// A path without length: only caps show.
    fn dot(&mut self, at: (i32, i32)) {
        match self.gc.cap_style {
            CapStyle::Round => self.disc(at.0, at.1, &[]),
            CapStyle::Projecting => {
                let width = i32::from(self.gc.line_width);
                let rect =
                    Rect::from_size(at.0 - (width >> 1), at.1 - (width >> 1), width as u32, width as u32);
                let rect = rect.intersect(&self.bounds);
                if !rect.is_empty() {
                    self.out().push(rect);
                }
            }
            CapStyle::Butt | CapStyle::NotLast => {}
        }
    }

    /// The rectangle around a line, longer by half a width at ends that project. Gives its ends.
    fn line(&mut self, a: (f64, f64), b: (f64, f64), project_start: bool, project_end: bool) -> (Face, Face) {
        let (dx, dy) = ((b.0 - a.0) as i64, (b.1 - a.1) as i64);
        let length = (dx as f64).hypot(dy as f64);
        let half = self.width / 2.0;
        let (ux, uy) = (dx as f64 * half / length, dy as f64 * half / length);
        let across = (uy, -ux);
        let reach = |p: (f64, f64), far: bool, sign: f64| {
            if far { (p.0 + sign * ux, p.1 + sign * uy) } else { p }
        };
        let (from, to) = (reach(a, project_start, -1.0), reach(b, project_end, 1.0));
        let along = half * length;
        let level = |p: (f64, f64)| p.0 * dx as f64 + p.1 * dy as f64;
        let base = a.0 * dy as f64 - a.1 * dx as f64;
        // across points to the left edge: x dy - y dx grows by (dx² + dy²) half / length there.
        let sides = [
            HalfPlane::new(dx, dy, base + along, false),
            HalfPlane::new(dx, dy, base - along, true),
            HalfPlane::new(-dy, dx, level(a) - if project_start { along } else { 0.0 }, true),
            HalfPlane::new(-dy, dx, level(b) + if project_end { along } else { 0.0 }, false),
        ];
        let corners =
            [from, to].map(|p| [(p.0 + across.0, p.1 + across.1), (p.0 - across.0, p.1 - across.1)]).concat();
        self.convex(&sides, &corners);
        (Face { x: a.0, y: a.1, dx, dy, across }, Face { x: b.0, y: b.1, dx, dy, across })
    }

    /// Joins the end of one line to the start of the next.
    fn join(&mut self, end: &Face, start: &Face) {
        if self.gc.join_style == JoinStyle::Round {
            let beyond = [end.plane(true), start.plane(false)];
            self.disc(end.x as i32, end.y as i32, &beyond);
            return;
        }
        let turn = start.dx as i128 * end.dy as i128 - end.dx as i128 * start.dy as i128;
        if turn == 0 {
            return;
        }
        // The outer side is left of a turn to the right. y points down.
        let side = if turn < 0 { 1.0 } else { -1.0 };
        let p = (side * end.across.0, side * end.across.1);
        let q = (side * start.across.0, side * start.across.1);
        let (x, y) = (end.x, end.y);
        let mut planes = vec![end.plane(true), start.plane(false)];
        let denominator = turn as f64;
        let c_end = p.0 * end.dy as f64 - p.1 * end.dx as f64;
        let c_start = q.0 * start.dy as f64 - q.1 * start.dx as f64;
        let miter = (
            (c_end * start.dx as f64 - c_start * end.dx as f64) / denominator,
            (c_end * start.dy as f64 - c_start * end.dy as f64) / denominator,
        );
        let mut corners = vec![(x, y), (x + p.0, y + p.1), (x + q.0, y + q.1)];
        let sharp = (miter.0 * miter.0 + miter.1 * miter.1) * 4.0 > MITER_LIMIT * self.width * self.width;
        if self.gc.join_style == JoinStyle::Miter && !sharp {
            for (face, c) in [(end, c_end), (start, c_start)] {
                let base = x * face.dy as f64 - y * face.dx as f64 + c;
                planes.push(HalfPlane::new(face.dx, face.dy, base, side < 0.0));
            }
            corners.push((x + miter.0, y + miter.1));
        } else {
            // From corner to corner, the direction brought to whole numbers.
            let (ex, ey) = (q.0 - p.0, q.1 - p.1);
            let scale = ex.abs().max(ey.abs());
            if scale == 0.0 {
                return;
            }
            let (dx, dy) = ((ex * 65536.0 / scale) as i64, (ey * 65536.0 / scale) as i64);
            // Half way between the corners; the joint itself adds a whole number, which must not blur a tie.
            let base = ((p.0 + q.0) * dy as f64 - (p.1 + q.1) * dx as f64) / 2.0;
            let joint = x * dy as f64 - y * dx as f64;
            planes.push(HalfPlane::near(dx, dy, base, joint, base < 0.0));
        }
        self.convex(&planes, &corners);
    }

    fn round_cap(&mut self, face: &Face, sign: i32) {
        let plane = face.plane(sign > 0);
        self.disc(face.x as i32, face.y as i32, &[plane]);
    }

    /// The disc around a point, within all the half planes.
    fn disc(&mut self, x: i32, y: i32, within: &[HalfPlane]) {
        let width = i64::from(self.gc.line_width);
        let reach = (width / 2) as i32;
        for dy in -reach..=reach {
            let row = y.saturating_add(dy);
            if row < self.bounds.y1 || row >= self.bounds.y2 {
                continue;
            }
            let Some((first, end)) = ellipse_row(2 * i64::from(dy), width, width) else { continue };
            let half = |u: i64| i64::from(x) + (u + 1).div_euclid(2);
            let (mut x1, mut x2) = (half(first), half(end));
            for plane in within {
                plane.cut_inclusive(row, &mut x1, &mut x2);
            }
            self.push(row, x1, x2);
        }
    }

    /// The pixels in all of the half planes; `corners` bound them.
    fn convex(&mut self, planes: &[HalfPlane], corners: &[(f64, f64)]) {
        let low = corners.iter().map(|c| c.1).fold(f64::INFINITY, f64::min);
        let high = corners.iter().map(|c| c.1).fold(f64::NEG_INFINITY, f64::max);
        let top = (low.ceil() as i32).max(self.bounds.y1);
        let bottom = (high.ceil() as i32).min(self.bounds.y2);
        for y in top..bottom {
            let (mut x1, mut x2) = (i64::from(self.bounds.x1), i64::from(self.bounds.x2));
            for plane in planes {
                plane.cut(y, &mut x1, &mut x2);
            }
            self.push(y, x1, x2);
        }
    }

    fn push(&mut self, y: i32, x1: i64, x2: i64) {
        let (x1, x2) = (x1.max(self.bounds.x1.into()), x2.min(self.bounds.x2.into()));
        if x1 < x2 {
            add(self.out(), Rect { x1: x1 as i32, y1: y, x2: x2 as i32, y2: y + 1 });
        }
    }

    /// Dashes are pieces of the path by length along it. A dash that goes round a corner joins there; its ends are capped
    /// unless the neighbouring dash is drawn too.
    fn dashed(&mut self, path: &[(i32, i32)]) {
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
        let closed = path.len() > 2 && first == last;
        let lines: Vec<_> =
            path.windows(2).filter(|w| w[0] != w[1]).map(|w| (point(w[0]), point(w[1]))).collect();
        let dashes = Dashes::new(self.gc);
        let (mut odd, left) = dashes.at(dashes.position);
        let mut left = left as f64;
        let mut index = dashes.position + left as u64;
        if lines.is_empty() {
            self.in_gap = odd;
            if self.draws(odd) {
                self.dot(*first);
            }
            return;
        }
        let started_odd = odd;
        let mut previous: Option<(Face, bool)> = None;
        let mut opening: Option<Face> = None;
        for (i, (a, b)) in lines.iter().enumerate() {
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let length = dx.hypot(dy);
            let face = |t: f64| self.face(*a, *b, t);
            let start = face(0.0);
            opening.get_or_insert(start);
            if let Some((end, _)) = previous {
                self.in_gap = odd;
                if self.draws(odd) {
                    self.join(&end, &start);
                }
            }
            // Dashes that are out of sight before the line reaches the clip are skipped by whole patterns.
            let mut at = 0.0;
            while at < length {
                let end = (at + left).min(length);
                let starts_line = at == 0.0;
                let ends_line = at + left >= length;
                self.in_gap = odd;
                if self.draws(odd) {
                    let begins_dash = !starts_line || (i == 0 && !closed);
                    let finishes_dash = !ends_line || (i + 1 == lines.len() && !closed);
                    self.piece((*a, *b, length), (at, end), (begins_dash, finishes_dash));
                }
                if at + left > length {
                    left -= length - at;
                    at = length;
                } else {
                    at = end;
                    let next = dashes.at(index);
                    odd = next.0;
                    left = next.1 as f64;
                    index += next.1;
                }
            }
            previous = Some((self.face(*a, *b, 1.0), odd));
        }
        if let (true, Some((end, odd)), Some(start)) = (closed, previous, opening)
            && odd == started_odd
            && self.draws(odd)
        {
            self.in_gap = odd;
            self.join(&end, &start);
        }
    }

    fn draws(&self, odd: bool) -> bool {
        !odd || self.gc.line_style == LineStyle::DoubleDash
    }

    fn face(&self, a: (f64, f64), b: (f64, f64), t: f64) -> Face {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let scale = self.width / 2.0 / dx.hypot(dy);
        Face {
            x: a.0 + t * dx,
            y: a.1 + t * dy,
            dx: dx as i64,
            dy: dy as i64,
            across: (dy * scale, -dx * scale),
        }
    }

    /// One dash on the line from `a` to `b`, between two distances from `a`; `ends` tells which ends are the dash's own.
    fn piece(
        &mut self,
        (a, b, length): ((f64, f64), (f64, f64), f64),
        (from, to): (f64, f64),
        ends: (bool, bool),
    ) {
        let (dx, dy) = ((b.0 - a.0) as i64, (b.1 - a.1) as i64);
        let half = self.width / 2.0;
        let cap = self.gc.cap_style;
        let double = self.gc.line_style == LineStyle::DoubleDash;
        let project = |own: bool| if own && cap == CapStyle::Projecting && !double { half } else { 0.0 };
        let (from_cap, to_cap) = (from - project(ends.0), to + project(ends.1));
        let base = a.0 * dy as f64 - a.1 * dx as f64;
        let level = a.0 * dx as f64 + a.1 * dy as f64;
        let planes = [
            HalfPlane::near(dx, dy, half * length, base, false),
            HalfPlane::near(dx, dy, -half * length, base, true),
            HalfPlane::near(-dy, dx, from_cap * length, level, true),
            HalfPlane::near(-dy, dx, to_cap * length, level, false),
        ];
        let face = self.face(a, b, 0.0);
        let at = |d: f64, side: f64| {
            let t = d / length;
            (a.0 + t * dx as f64 + side * face.across.0, a.1 + t * dy as f64 + side * face.across.1)
        };
        self.convex(&planes, &[at(from_cap, 1.0), at(from_cap, -1.0), at(to_cap, 1.0), at(to_cap, -1.0)]);
        if cap == CapStyle::Round && !double {
            for (own, distance, forward) in [(ends.0, from, false), (ends.1, to, true)] {
                if own {
                    let centre = at(distance, 0.0);
                    let plane = HalfPlane::near(-dy, dx, distance * length, level, forward);
                    self.loose_disc(centre, &[plane]);
                }
            }
        }
    }

    /// As [`disc`](Self::disc) around a point between pixels.
    fn loose_disc(&mut self, (x, y): (f64, f64), within: &[HalfPlane]) {
        let half = self.width / 2.0;
        let top = ((y - half).ceil() as i32).max(self.bounds.y1);
        let bottom = ((y + half).ceil() as i32).min(self.bounds.y2);
        for row in top..bottom {
            let dy = f64::from(row) - y;
            let reach = (half * half - dy * dy).max(0.0).sqrt();
            let (mut x1, mut x2) = ((x - reach).ceil() as i64, (x + reach).ceil() as i64);
            for plane in within {
                plane.cut_inclusive(row, &mut x1, &mut x2);
            }
            self.push(row, x1, x2);
        }
    }
}

impl Face {
    /// The half plane beyond this end of the line: forward, or backward.
    fn plane(&self, forward: bool) -> HalfPlane {
        HalfPlane::new(-self.dy, self.dx, self.x * self.dx as f64 + self.y * self.dy as f64, !forward).flip()
    }
}

fn point(p: (i32, i32)) -> (f64, f64) {
    (p.0.into(), p.1.into())
}

/// One side of the line `x dy - y dx = constant`, `dy` not negative; where `dy` is 0, of the line `-y dx = constant`.
#[derive(Clone, Copy, Debug)]
struct HalfPlane {
    dx: i64,
    dy: i64,
    /// The least whole number not below the constant.
    constant: i64,
    /// Whether pixels with a greater `x dy - y dx` are kept; those on the line belong to this side.
    greater: bool,
}

impl HalfPlane {
    fn new(dx: i64, dy: i64, constant: f64, greater: bool) -> Self {
        if dy < 0 || (dy == 0 && dx > 0) {
            Self { dx: -dx, dy: -dy, constant: (-constant).ceil() as i64, greater: !greater }
        } else {
            Self { dx, dy, constant: constant.ceil() as i64, greater }
        }
    }

    /// As [`new`](Self::new) for the sum of a small constant and a great one that is as good as whole.
    fn near(dx: i64, dy: i64, small: f64, great: f64, greater: bool) -> Self {
        let plane = Self::new(dx, dy, small, greater);
        let shift = if plane.dy == dy && plane.dx == dx { great } else { -great };
        Self { constant: plane.constant + shift.round() as i64, ..plane }
    }

    fn flip(self) -> Self {
        Self { greater: !self.greater, ..self }
    }

    /// Cuts the span of row `y` to this side: from the edge on, or up to it.
    fn cut(&self, y: i32, x1: &mut i64, x2: &mut i64) {
        let right = self.constant + i64::from(y) * self.dx;
        if self.dy == 0 {
            // 0 >= constant + y dx, with dx negative: below the edge or on it.
            if (right <= 0) != self.greater {
                *x2 = *x1;
            }
            return;
        }
        let edge = -(-right).div_euclid(self.dy);
        if self.greater {
            *x1 = (*x1).max(edge);
        } else {
            *x2 = (*x2).min(edge);
        }
    }

    /// As [`cut`](Self::cut), but pixels on the line stay on either side.
    fn cut_inclusive(&self, y: i32, x1: &mut i64, x2: &mut i64) {
        let right = self.constant + i64::from(y) * self.dx;
        if !self.greater && right.rem_euclid(self.dy.max(1)) == 0 {
            if self.dy == 0 {
                if right < 0 {
                    *x2 = *x1;
                }
            } else {
                *x2 = (*x2).min(right.div_euclid(self.dy) + 1);
            }
        } else {
            self.cut(y, x1, x2);
        }
    }
}
