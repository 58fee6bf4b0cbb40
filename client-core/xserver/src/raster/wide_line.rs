//! Lines with a width, solid and dashed.
//!
//! X11 §8 draws a wide line as if a path were stroked: each line is a rectangle around its centre line; where lines meet
//! the join style fills the notch; where the path ends the cap style adds to it. Every such piece is an intersection of
//! half planes whose edges have whole-numbered directions, so that pixels on edges fall by the polygon rule alone. A path
//! draws every pixel once, which matters to functions like Xor: there the pieces are united first.
//!
//! Where edges fall between pixels the last bits of a floating point number decide. They are computed in the order that
//! other X servers compute them in, so that lines have the same pixels.

use super::dash::Dashes;
use super::double_dash::apart;
use super::fill::Painter;
use super::fill_arc::{MANY, ellipse_row};
use super::half_plane::{Chain, Face, HalfPlane, Walls, Wedge};
use super::{CapStyle, FillStyle, Function, Gc, JoinStyle, LineStyle};
use crate::region::Rect;

/// From here on spans are united as they come.
const MANY_SPANS: usize = 1 << 19;

/// Beyond what coordinates and line widths reach.
const FAR_LEFT: i32 = -(1 << 20);
const FAR_RIGHT: i32 = 1 << 20;

/// (1 / sin(11°/2))²: X11 §8, miter joins below 11 degrees are beveled.
pub(super) const MITER_LIMIT: f64 = 108.856_472_512_142;

impl<'a> Painter<'a> {
    /// Draws a path whose line width is not 0.
    pub(super) fn wide_path(&mut self, gc: &'a Gc, path: &[(i32, i32)]) {
        // Both kinds of dashes of a pattern that has its own colours are the same.
        let one_pattern = gc.line_style == LineStyle::DoubleDash
            && matches!(gc.fill_style, FillStyle::Tiled | FillStyle::OpaqueStippled);
        let careful = !draws_twice_alike(gc.function) && (path.len() >= 3 || gc.cap_style == CapStyle::Round);
        let mut bounds = self.bounds();
        let columns = (bounds.x1, bounds.x2);
        let two_kinds = gc.line_style == LineStyle::DoubleDash && !one_pattern;
        if careful && two_kinds {
            // Which dash is in front depends on the rows they have, seen or not (see `apart`): one row more than is seen,
            // above and below, stands for all that are not.
            bounds = Rect::new(FAR_LEFT, bounds.y1.saturating_sub(1), FAR_RIGHT, bounds.y2.saturating_add(1));
        }
        let mut stroke = Stroke::new(gc, bounds, columns, careful);
        if gc.line_style == LineStyle::Solid || one_pattern {
            stroke.solid(path);
        } else {
            stroke.dashed(path);
        }
        let (spans, mut pieces) = (stroke.spans, stroke.pieces);
        pieces.push((spans.len(), stroke.in_gap));
        if careful {
            let (even, odd) = apart(&spans, &pieces, columns);
            if !odd.is_empty() {
                self.with_gap_source(gc, |painter| painter.spans(&odd));
            }
            self.spans(&even);
            return;
        }
        // Where dashes overlap, the later one is in front.
        let mut from = 0;
        for (to, in_gap) in pieces {
            let part = spans.get(from..to).unwrap_or(&[]);
            if in_gap {
                self.with_gap_source(gc, |painter| painter.spans(part));
            } else {
                self.spans(part);
            }
            from = to;
        }
    }

    /// Draws lines that do not join, whose width is not 0.
    pub(super) fn wide_lines(&mut self, gc: &'a Gc, lines: impl Iterator<Item = ((i32, i32), (i32, i32))>) {
        let united = !draws_twice_alike(gc.function) && gc.cap_style == CapStyle::Round;
        if united || gc.line_style != LineStyle::Solid {
            lines.for_each(|(a, b)| self.wide_path(gc, &[a, b]));
            return;
        }
        let bounds = self.bounds();
        let mut stroke = Stroke::new(gc, bounds, (bounds.x1, bounds.x2), false);
        for (a, b) in lines {
            stroke.solid(&[a, b]);
            if stroke.spans.len() >= MANY {
                self.spans(&stroke.spans);
                stroke.spans.clear();
            }
        }
        self.spans(&stroke.spans);
    }

    pub(super) fn spans(&mut self, spans: &[Rect]) {
        self.rects(spans.iter().copied());
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

/// A path being turned into spans.
struct Stroke<'g> {
    gc: &'g Gc,
    width: f64,
    bounds: Rect,
    /// The first and the end of the columns that are seen.
    columns: (i32, i32),
    /// Whether no pixel may be drawn twice.
    careful: bool,
    spans: Vec<Rect>,
    /// Up to which span there are pieces of even or (true) odd dashes.
    pieces: Vec<(usize, bool)>,
    /// Whether pieces go to the odd dashes.
    in_gap: bool,
    /// How many spans are too many.
    limit: usize,
}

/// A line's length and the way of half a line width along it.
fn half_way(dx: i64, dy: i64, half: f64) -> (f64, (f64, f64)) {
    let (fx, fy) = (dx as f64, dy as f64);
    if dx == 0 {
        (fy.abs(), (0.0, half.copysign(fy)))
    } else if dy == 0 {
        (fx.abs(), (half.copysign(fx), 0.0))
    } else {
        let length = fx.hypot(fy);
        let r = half / length;
        (length, (r * fx, r * fy))
    }
}

impl<'g> Stroke<'g> {
    fn new(gc: &'g Gc, bounds: Rect, columns: (i32, i32), careful: bool) -> Self {
        Self {
            gc,
            width: gc.line_width.into(),
            bounds,
            columns,
            careful,
            spans: Vec::new(),
            pieces: Vec::new(),
            in_gap: false,
            limit: MANY_SPANS,
        }
    }

    /// A shape is whole: what it hides of others is decided for it alone.
    fn shape_ends(&mut self) {
        if self.careful && self.gc.line_style == LineStyle::DoubleDash {
            self.pieces.push((self.spans.len(), self.in_gap));
        }
    }

    /// A shape of these rows, if it is wholly above or below what is seen, shows nothing, but there its kind of dashes has
    /// a row.
    fn unseen(&mut self, top: i32, bottom: i32) {
        if !self.careful || self.gc.line_style != LineStyle::DoubleDash || top >= bottom {
            return;
        }
        let y = match self.bounds {
            Rect { y2, .. } if top >= y2 => y2 - 1,
            Rect { y1, .. } if bottom <= y1 => y1,
            _ => return,
        };
        self.spans.push(Rect { x1: FAR_RIGHT - 1, y1: y, x2: FAR_RIGHT, y2: y + 1 });
    }

    /// What comes now belongs to even or odd dashes.
    fn switch(&mut self, in_gap: bool) {
        if in_gap != self.in_gap {
            self.pieces.push((self.spans.len(), self.in_gap));
            self.in_gap = in_gap;
        }
    }

    fn solid(&mut self, path: &[(i32, i32)]) {
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
        let closed = path.len() > 1 && first == last;
        let projecting = self.gc.cap_style == CapStyle::Projecting && !closed;
        let (mut opening, mut previous): (Option<Face>, Option<Face>) = (None, None);
        for (i, pair) in path.windows(2).enumerate() {
            let (a, b) = (pair[0], pair[1]);
            if a == b {
                continue;
            }
            let is_last = i + 2 == path.len();
            let (start, end) = self.line(a, b, projecting && previous.is_none(), projecting && is_last);
            match previous {
                Some(previous) => self.join(start, previous),
                None if !closed => self.round_cap(&start),
                None => {}
            }
            opening.get_or_insert(start);
            previous = Some(end);
        }
        match (opening, previous) {
            (Some(start), Some(end)) if closed => self.join(start, end),
            (_, Some(end)) => self.round_cap(&end),
            _ => self.dot(*first),
        }
    }

    /// A path without length: only caps show.
    fn dot(&mut self, at: (i32, i32)) {
        match self.gc.cap_style {
            CapStyle::Round => self.disc(at.0, at.1, &Wedge::default()),
            CapStyle::Projecting => {
                let width = i32::from(self.gc.line_width);
                let (x, y) = (at.0 - (width >> 1), at.1 - (width >> 1));
                self.rect(Rect::from_size(x, y, width as u32, width as u32));
            }
            CapStyle::Butt | CapStyle::NotLast => {}
        }
    }

    /// The rectangle around a line, longer by half a width at ends that project. Gives its ends, seen into the line.
    fn line(&mut self, a: (i32, i32), b: (i32, i32), project_start: bool, project_end: bool) -> (Face, Face) {
        // Drawn from the top down.
        let swapped = (b.1, b.0) < (a.1, a.0);
        let (top, bottom) = if swapped { (b, a) } else { (a, b) };
        let (project_top, project_bottom) =
            if swapped { (project_end, project_start) } else { (project_start, project_end) };
        let (dx, dy) = (i64::from(bottom.0) - i64::from(top.0), i64::from(bottom.1) - i64::from(top.1));
        let half = self.width / 2.0;
        let (length, (rx, ry)) = half_way(dx, dy, half);
        let edge = half * length;
        let near = Face { x: top.0, y: top.1, dx, dy, across: (ry, -rx), edge };
        let far = Face { x: bottom.0, y: bottom.1, dx: -dx, dy: -dy, across: (-ry, rx), edge };
        let (lower, upper) = (i32::from(self.gc.line_width >> 1), i32::from(self.gc.line_width.div_ceil(2)));
        let before = if project_top { lower } else { 0 };
        let after = if project_bottom { upper } else { 0 };
        if dy == 0 {
            self.rect(Rect::new(top.0 - before, top.1 - lower, bottom.0 + after, top.1 + upper));
        } else if dx == 0 {
            self.rect(Rect::new(top.0 - lower, top.1 - before, top.0 + upper, bottom.1 + after));
        } else {
            // The projecting ends, by the corner that other servers take.
            let side = if dx > 0 { 1.0 } else { -1.0 };
            let (fx, fy) = (dx as f64, dy as f64);
            let from = if project_top { (side * ry - rx) * fx + (side * -rx - ry) * fy } else { 0.0 };
            let to = if project_bottom { (side * ry + rx) * fx + (side * -rx + ry) * fy } else { 0.0 };
            let planes = [
                HalfPlane::new(dx, dy, edge, false).moved(top.0, top.1),
                HalfPlane::new(dx, dy, -edge, true).moved(top.0, top.1),
                HalfPlane::new(-dy, dx, from, true).moved(top.0, top.1),
                HalfPlane::new(-dy, dx, to, false).moved(bottom.0, bottom.1),
            ];
            let reach = |on: bool| if on { ry } else { 0.0 };
            let rows = (
                f64::from(top.1) - rx.abs() - reach(project_top),
                f64::from(bottom.1) + rx.abs() + reach(project_bottom),
            );
            self.convex(&planes, rows);
        }
        if swapped { (far, near) } else { (near, far) }
    }

    /// Joins the start of one line to the end of the one before it.
    fn join(&mut self, start: Face, end: Face) {
        let denominator = -(start.dx as f64) * end.dy as f64 + end.dx as f64 * start.dy as f64;
        let thin = self.gc.line_width == 1 && !self.careful;
        if thin {
            // One of the lines may have drawn the pixel.
            let draws = |face: &Face| face.dx > 0 || (face.dx == 0 && face.dy > 0);
            if draws(&start) || draws(&end) {
                return;
            }
            if self.gc.join_style != JoinStyle::Miter {
                if self.gc.join_style == JoinStyle::Round || denominator != 0.0 {
                    self.rect(Rect::from_size(start.x, start.y, 1, 1));
                }
                return;
            }
        } else if self.gc.join_style == JoinStyle::Round {
            self.round_join(start, end);
            return;
        }
        if denominator == 0.0 {
            return;
        }
        // On the outer side of the turn.
        let (left, right) = if denominator > 0.0 { (start.turned(), end) } else { (start, end.turned()) };
        let ((lx, ly), (rx, ry)) = (left.across, right.across);
        let moved = |plane: HalfPlane| plane.moved(start.x, start.y);
        let mut planes = vec![start.plane(true), end.plane(true)];
        let (ldx, ldy, rdx, rdy) = (left.dx as f64, left.dy as f64, right.dx as f64, right.dy as f64);
        let my = (ldy * (rx * rdy - ry * rdx) - rdy * (lx * ldy - ly * ldx)) / denominator;
        let mx = if left.dy == 0 { rx + (my - ry) * rdx / rdy } else { lx + (my - ly) * ldx / ldy };
        let sharp = (mx * mx + my * my) * 4.0 > MITER_LIMIT * self.width * self.width;
        let mut rows = (0.0_f64.min(ly).min(ry), 0.0_f64.max(ly).max(ry));
        if self.gc.join_style == JoinStyle::Miter && !sharp {
            let sign = if denominator > 0.0 { 1.0 } else { -1.0 };
            for (face, edge) in [(&start, -sign * start.edge), (&end, sign * end.edge)] {
                planes.push(moved(HalfPlane::new(face.dx, face.dy, edge, edge < 0.0)));
            }
            rows = (rows.0.min(my), rows.1.max(my));
        } else {
            // From corner to corner, the direction brought to whole numbers.
            let (ex, ey) = (rx - lx, ry - ly);
            let scale = ex.abs().max(ey.abs());
            if scale == 0.0 {
                return;
            }
            let (dx, dy) = ((ex * 65536.0 / scale) as i64, (ey * 65536.0 / scale) as i64);
            let edge = ((lx + rx) * dy as f64 - (ly + ry) * dx as f64) / 2.0;
            planes.push(moved(HalfPlane::new(dx, dy, edge, edge < 0.0)));
        }
        self.convex(&planes, (f64::from(start.y) + rows.0, f64::from(start.y) + rows.1));
    }

    /// Whether round caps and joins are cut where the line itself begins.
    fn cuts_rounds(&self) -> bool {
        let gc = self.gc;
        (gc.line_style != LineStyle::Solid || gc.line_width > 2)
            && ((gc.cap_style == CapStyle::Round && gc.join_style != JoinStyle::Round)
                || (gc.join_style == JoinStyle::Round && gc.cap_style == CapStyle::Butt))
    }

    fn round_join(&mut self, mut start: Face, mut end: Face) {
        let mut wedge = Wedge::default();
        if self.cuts_rounds() {
            let denominator = -(start.dx as f64) * end.dy as f64 + end.dx as f64 * start.dy as f64;
            let turned = if denominator >= 0.0 { &mut start } else { &mut end };
            turned.across = (-turned.across.0, -turned.across.1);
            for face in [&start, &end] {
                // From the corner down, or from the middle where the corner is below.
                wedge.cut(face, face.across.1.min(0.0), face.across.1, 0.0);
            }
        }
        self.disc(start.x, start.y, &wedge);
    }

    /// A round cap at a line's end.
    fn round_cap(&mut self, face: &Face) {
        if self.gc.cap_style != CapStyle::Round {
            return;
        }
        if self.gc.line_width == 1 && !self.careful && self.gc.line_style == LineStyle::Solid {
            self.rect(Rect::from_size(face.x, face.y, 1, 1));
            return;
        }
        let mut wedge = Wedge::default();
        if self.cuts_rounds() {
            wedge.cut(face, -face.across.1.abs(), face.across.1, 0.0);
        }
        self.disc(face.x, face.y, &wedge);
    }

    /// The disc around a pixel, within a wedge.
    fn disc(&mut self, x: i32, y: i32, wedge: &Wedge) {
        if self.cuts_rounds() {
            self.loose_disc((x.into(), y.into()), wedge);
            return;
        }
        let width = i64::from(self.gc.line_width);
        let reach = (width / 2) as i32;
        self.unseen(y.saturating_sub(reach), y.saturating_add(reach));
        for dy in -reach..=reach {
            let row = y.saturating_add(dy);
            let Some((first, end)) = ellipse_row(2 * i64::from(dy), width, width) else { continue };
            let half = |u: i64| i64::from(x) + (u + 1).div_euclid(2);
            self.push_within(row, half(first), half(end), wedge);
        }
        self.shape_ends();
    }

    /// The disc around a point that may lie between pixels, within a wedge. What the circle's equation leaves over is
    /// carried from row to row, widening down to the middle and narrowing from there.
    fn loose_disc(&mut self, (x, y): (f64, f64), wedge: &Wedge) {
        let (column, middle) = (x.floor(), y.ceil());
        let (x0, y0) = (x - column, y - middle);
        let radius = self.width / 2.0;
        let (left_step, right_step, row_step) = (x0 + x0 + 1.0, x0 + x0 - 1.0, y0 + y0 - 1.0);
        let column = column as i64;
        let middle = middle as i32;
        self.unseen((y - radius).ceil() as i32, (y + radius).ceil() as i32);
        // Rows above the middle.
        let mut above = (radius - y0 + 1.0).floor() as i32;
        let height = f64::from(above) + y0;
        let mut left_error = radius * radius - height * height - x0 * x0;
        let mut right_error = left_error + right_step;
        let (mut left, mut right) = (1_i32, 0_i32);
        if x0 < 0.5 {
            left = 0;
            left_error -= left_step;
        }
        let twice = |v: i32| f64::from(2 * v);
        // A cut at a row ends the disc there; one above the middle ends it as far below.
        let ends = |last: i32| if middle - last > wedge.bottom { wedge.bottom - middle } else { last };
        let lowest = ends(i32::from(y0 < -0.5));
        while above > lowest && middle - above < self.bounds.y2 {
            let change = twice(above) + row_step;
            right_error += change;
            while right_error > 0.0 {
                right += 1;
                right_error += right_step - twice(right);
            }
            left_error += change;
            while left_error >= 0.0 {
                left -= 1;
                left_error += twice(left) - left_step;
            }
            above -= 1;
            self.push_within(middle - above, column + i64::from(left), column + i64::from(right) + 1, wedge);
        }
        right_error = right_step - twice(right) - right_error;
        left_error = twice(left) - left_step - left_error;
        let lowest = ends((1.0 - y0 - radius).floor() as i32);
        while above > lowest && middle - above < self.bounds.y2 {
            let change = twice(above) + row_step;
            right_error -= change;
            while right_error >= 0.0 && right >= 0 {
                right -= 1;
                right_error += right_step - twice(right);
            }
            left_error -= change;
            while left_error > 0.0 && left <= 0 {
                left += 1;
                left_error += twice(left) - left_step;
            }
            above -= 1;
            self.push_within(middle - above, column + i64::from(left), column + i64::from(right) + 1, wedge);
        }
        self.shape_ends();
    }

    fn push_within(&mut self, row: i32, mut x1: i64, mut x2: i64, wedge: &Wedge) {
        if row >= self.bounds.y1 && row < self.bounds.y2 && wedge.admits(row, &mut x1, &mut x2) {
            self.push(row, x1, x2);
        }
    }

    fn rect(&mut self, rect: Rect) {
        if rect.is_empty() {
            return;
        }
        self.unseen(rect.y1, rect.y2);
        let rect = rect.intersect(&self.bounds);
        if !rect.is_empty() {
            self.spans.push(rect);
        }
        self.shape_ends();
    }

    /// The pixels in all of the half planes, between two heights that bound them.
    fn convex(&mut self, planes: &[HalfPlane], (low, high): (f64, f64)) {
        let (mut top, mut bottom) = (low.ceil() as i32, high.ceil() as i32);
        for plane in planes {
            plane.limit_rows(&mut top, &mut bottom);
        }
        self.unseen(top, bottom);
        (top, bottom) = (top.max(self.bounds.y1), bottom.min(self.bounds.y2));
        let (mut left, mut right) = (Walls::default(), Walls::default());
        for plane in planes.iter().filter(|plane| plane.dy != 0) {
            if plane.greater { &mut left } else { &mut right }.add(plane.wall(top));
        }
        for y in top..bottom {
            let x1 = left.iter().fold(i64::from(self.bounds.x1), |x, wall| x.max(wall.x));
            let x2 = right.iter().fold(i64::from(self.bounds.x2), |x, wall| x.min(wall.x));
            if x1 < x2 {
                self.spans.push(Rect { x1: x1 as i32, y1: y, x2: x2 as i32, y2: y + 1 });
            }
            left.down();
            right.down();
        }
        self.shape_ends();
        self.compact();
    }

    fn push(&mut self, y: i32, x1: i64, x2: i64) {
        let (x1, x2) = (x1.max(self.bounds.x1.into()), x2.min(self.bounds.x2.into()));
        if x1 < x2 {
            self.spans.push(Rect { x1: x1 as i32, y1: y, x2: x2 as i32, y2: y + 1 });
        }
    }

    /// Spans that pile up are united, so that no request holds more of them than the clip has pixels (and then some).
    fn compact(&mut self) {
        if self.spans.len() < self.limit {
            return;
        }
        self.pieces.push((self.spans.len(), self.in_gap));
        let (even, odd) = apart(&self.spans, &self.pieces, self.columns);
        self.spans = odd;
        self.pieces = vec![(self.spans.len(), true)];
        self.spans.extend_from_slice(&even);
        if self.in_gap {
            self.pieces.push((self.spans.len(), false));
        }
        self.limit = MANY_SPANS.max(2 * self.spans.len());
    }

    /// Dashes are pieces of the path by length along it. A dash that goes round a corner joins there; its ends are capped
    /// where dashes alone are drawn.
    fn dashed(&mut self, path: &[(i32, i32)]) {
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
        let closed = first == last;
        let double = self.gc.line_style == LineStyle::DoubleDash;
        let projecting = self.gc.cap_style == CapStyle::Projecting;
        let mut dashes = Dashes::new(self.gc);
        let (mut opening, mut previous): (Option<Face>, Option<(Face, bool)>) = (None, None);
        let mut opens_even = false;
        for (i, pair) in path.windows(2).enumerate() {
            let (a, b) = (pair[0], pair[1]);
            if a == b {
                continue;
            }
            let is_last = i + 2 == path.len();
            let project_start = projecting && !closed && previous.is_none();
            let project_end = projecting && is_last && (!closed || !opens_even);
            let starts_odd = dashes.at(dashes.position).0;
            let (start, end) = self.dashed_line(a, b, project_start, project_end, &mut dashes);
            let (odd_now, left) = dashes.at(dashes.position);
            // At the very end of a dash the next one has not begun.
            let ends_odd = if left == dashes.length_at(dashes.position) { !odd_now } else { odd_now };
            if double || !starts_odd {
                self.switch(starts_odd);
                match previous {
                    None if closed => (opening, opens_even) = (Some(start), !starts_odd),
                    Some((previous, before_odd)) if double || !before_odd => self.join(start, previous),
                    _ => self.round_cap(&start),
                }
            }
            previous = Some((end, ends_odd));
        }
        let Some((end, ends_odd)) = previous else {
            let (odd, _) = dashes.at(dashes.position);
            if double || !odd {
                self.switch(odd);
                self.dot(*first);
            }
            return;
        };
        if double || !ends_odd {
            self.switch(ends_odd);
            match opening {
                Some(start) => self.join(start, end),
                None => self.round_cap(&end),
            }
        } else if let Some(start) = opening.filter(|_| opens_even) {
            // The path comes back to its first dash in a gap: that dash has an end of its own there.
            self.switch(false);
            if projecting {
                self.projecting_cap(&start);
            } else {
                self.round_cap(&start);
            }
        }
    }

    /// What projects beyond a line's first end.
    fn projecting_cap(&mut self, face: &Face) {
        let (dx, dy) = (face.dx, face.dy);
        let (x, y) = (face.x, face.y);
        let (lower, upper) = (i32::from(self.gc.line_width >> 1), i32::from(self.gc.line_width.div_ceil(2)));
        if dy == 0 {
            self.rect(Rect::new(x - lower, y - lower, x + 1, y + upper));
        } else if dx == 0 {
            let (above, below) = if dy > 0 { (lower, 0) } else { (0, lower) };
            self.rect(Rect::new(x - lower, y - above, x + upper, y + dy.unsigned_abs() as i32 + below));
        } else {
            let (ax, ay) = face.across;
            // Across turned by a quarter is half a width back out of the line.
            let (bx, by) = (ay, -ax);
            let planes = [
                HalfPlane::new(dx, dy, face.edge, false).moved(x, y),
                HalfPlane::new(dx, dy, -face.edge, true).moved(x, y),
                HalfPlane::new(-dy, dx, bx * dx as f64 + by * dy as f64, true).moved(x, y),
                face.plane(true),
            ];
            let heights = [ay, -ay, ay + by, by - ay].map(|height| height + f64::from(y));
            let low = heights.into_iter().fold(f64::INFINITY, f64::min);
            let high = heights.into_iter().fold(f64::NEG_INFINITY, f64::max);
            self.convex(&planes, (low, high));
        }
    }

    /// The dashes of one line. Gives its ends, and leaves the pattern where the line ends.
    fn dashed_line(
        &mut self,
        a: (i32, i32),
        b: (i32, i32),
        project_start: bool,
        project_end: bool,
        dashes: &mut Dashes,
    ) -> (Face, Face) {
        let (dx, dy) = (i64::from(b.0) - i64::from(a.0), i64::from(b.1) - i64::from(a.1));
        let (fx, fy) = (dx as f64, dy as f64);
        let half = self.width / 2.0;
        let (length, (rx, ry)) = half_way(dx, dy, half);
        let edge = half * length;
        let start = Face { x: a.0, y: a.1, dx, dy, across: (ry, -rx), edge };
        let end = Face { x: b.0, y: b.1, dx: -dx, dy: -dy, across: (-ry, rx), edge };
        let double = self.gc.line_style == LineStyle::DoubleDash;
        let alone = !double;
        let projects = alone && self.gc.cap_style == CapStyle::Projecting;
        let rounds = alone && self.gc.cap_style == CapStyle::Round;
        // Corners of the dash being drawn, from `a`: where its front begins and ends, and its back.
        let (mut top, mut right) = ((ry, -rx), (ry, -rx));
        let (mut left, mut bottom) = ((-ry, rx), (-ry, rx));
        // `x dx + y dy` of its beginning, negated, and of its end.
        let mut begins = 0.0;
        if project_start {
            top = (top.0 - rx, top.1 - ry);
            left = (left.0 - rx, left.1 - ry);
            begins = rx * fx + ry * fy;
        }
        let mut centre = (f64::from(a.0), f64::from(a.1));
        let mut own_begin = false;
        let mut rest = length;
        let (mut odd, mut remaining) = dashes.at(dashes.position);
        let mut index = dashes.position;
        while rest > remaining as f64 {
            let step = (remaining as f64 * fx / length, remaining as f64 * fy / length);
            let next = (centre.0 + step.0, centre.1 + step.1);
            right = (right.0 + step.0, right.1 + step.1);
            bottom = (bottom.0 + step.0, bottom.1 + step.1);
            let ends = right.0 * fx + right.1 * fy;
            if double || !odd {
                self.switch(odd);
                let (mut from, mut to) = (begins, ends);
                let (mut back, mut front) = ((top, left), (right, bottom));
                if projects {
                    if own_begin {
                        back = ((top.0 - rx, top.1 - ry), (left.0 - rx, left.1 - ry));
                        from = back.1.0 * -fx - back.1.1 * fy;
                    }
                    front = ((right.0 + rx, right.1 + ry), (bottom.0 + rx, bottom.1 + ry));
                    to = front.0.0 * fx - front.0.1 * -fy;
                }
                self.dash(a, (dx, dy), edge, (from, to), [back.0, back.1, front.0, front.1]);
                if rounds {
                    if own_begin {
                        let across = if dx < 0 { (-left.0, -left.1) } else { top };
                        self.dash_cap(a, (dx, dy), across, -begins, centre);
                    }
                    let across = if dx < 0 { bottom } else { (-right.0, -right.1) };
                    self.dash_cap(a, (-dx, -dy), across, ends, next);
                }
            }
            rest -= remaining as f64;
            index += remaining;
            (odd, remaining) = dashes.at(index);
            centre = next;
            (top, left) = (right, bottom);
            begins = -ends;
            own_begin = true;
        }
        if double || !odd {
            self.switch(odd);
            // The last one is drawn from the line's end.
            top = (top.0 - fx, top.1 - fy);
            left = (left.0 - fx, left.1 - fy);
            let (mut right, mut bottom) = ((ry, -rx), (-ry, rx));
            let mut ends = 0.0;
            if project_end {
                right = (right.0 + rx, right.1 + ry);
                bottom = (bottom.0 + rx, bottom.1 + ry);
                ends = right.0 * fx - right.1 * -fy;
            }
            if own_begin && projects {
                top = (top.0 - rx, top.1 - ry);
                left = (left.0 - rx, left.1 - ry);
                begins = left.0 * -fx - left.1 * fy;
            } else {
                begins += (dx * dx + dy * dy) as f64;
            }
            self.dash(b, (dx, dy), edge, (begins, ends), [top, left, right, bottom]);
            if own_begin && rounds {
                let across = if dx < 0 { (-left.0, -left.1) } else { top };
                self.dash_cap(b, (dx, dy), across, -begins, centre);
            }
        }
        // The pattern goes on by whole pixels.
        let left_over = (remaining as f64 - rest) as u64;
        dashes.position = index + (remaining - left_over.min(remaining));
        (start, end)
    }

    /// One dash: between the line's edges, from where `x dx + y dy` is `-from` to where it is `to`.
    fn dash(
        &mut self,
        origin: (i32, i32),
        (dx, dy): (i64, i64),
        edge: f64,
        (from, to): (f64, f64),
        corners: [(f64, f64); 4],
    ) {
        let heights = corners.map(|corner| corner.1);
        let [top, left, right, bottom] = heights;
        let edges = [
            (HalfPlane::new(dx, dy, edge, false), top, right),
            (HalfPlane::new(-dx, -dy, edge, false), left, bottom),
            (HalfPlane::new(dy, -dx, from, false), top, left),
            (HalfPlane::new(-dy, dx, to, false), right, bottom),
        ];
        // Rows by the corners' own rounding: the origin is a whole number. Near a corner the edge that begins there counts
        // alone, wherever the one before it would lie.
        let row = |height: f64| (height.ceil() + f64::from(origin.1)) as i32;
        let (mut lefts, mut rights) = (Chain::default(), Chain::default());
        for (plane, one, other) in edges.into_iter().filter(|(plane, ..)| plane.dy != 0) {
            let side = if plane.greater { &mut lefts } else { &mut rights };
            side.add((row(one.min(other)), row(one.max(other))), plane.moved(origin.0, origin.1));
        }
        let first = row(heights.into_iter().fold(f64::INFINITY, f64::min));
        let end = row(heights.into_iter().fold(f64::NEG_INFINITY, f64::max));
        self.unseen(first, end);
        for y in first.max(self.bounds.y1)..end.min(self.bounds.y2) {
            let x1 = lefts.on(y).map_or(self.bounds.x1.into(), |x| x.max(self.bounds.x1.into()));
            let x2 = rights.on(y).map_or(self.bounds.x2.into(), |x| x.min(self.bounds.x2.into()));
            if x1 < x2 {
                self.spans.push(Rect { x1: x1 as i32, y1: y, x2: x2 as i32, y2: y + 1 });
            }
        }
        self.shape_ends();
        self.compact();
    }

    /// The round end of a dash between pixels. The line goes on to (dx, dy); `level` is `x dx + y dy` of the dash's end in
    /// the line's own direction.
    fn dash_cap(
        &mut self,
        origin: (i32, i32),
        (dx, dy): (i64, i64),
        across: (f64, f64),
        level: f64,
        centre: (f64, f64),
    ) {
        let mut wedge = Wedge::default();
        if self.cuts_rounds() {
            let face = Face { x: origin.0, y: origin.1, dx, dy, across, edge: 0.0 };
            wedge.cut(&face, if dx < 0 { -across.1 } else { across.1 }, across.1, level);
        }
        self.loose_disc(centre, &wedge);
    }
}
