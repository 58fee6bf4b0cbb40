//! Points, and lines one pixel wide.

use std::ops::Range;

use x11rb_protocol::protocol::xproto::{Point, Rectangle, Segment};

use super::bresenham::Line;
use super::dash::Dashes;
use super::fill::Painter;
use super::pixmap::Pixel;
use super::plain::PlainShape;
use super::{Canvas, CapStyle, FillStyle, Gc, JoinStyle, LineStyle};
use crate::region::Rect;

/// The corners of a path as requests give them, made absolute. `relative` is the coordinate mode Previous; sums stay
/// within 16 bits as they do on the wire's own number range.
pub(super) fn absolute(relative: bool, points: &[Point]) -> impl ExactSizeIterator<Item = (i32, i32)> {
    let mut at = (0i16, 0i16);
    points.iter().enumerate().map(move |(i, p)| {
        at = if relative && i > 0 { (at.0.wrapping_add(p.x), at.1.wrapping_add(p.y)) } else { (p.x, p.y) };
        (i32::from(at.0), i32::from(at.1))
    })
}

/// The rectangle around points.
fn around(points: &[Point]) -> Rect {
    let (mut x1, mut y1, mut x2, mut y2) = (i16::MAX, i16::MAX, i16::MIN, i16::MIN);
    for p in points {
        (x1, y1) = (x1.min(p.x), y1.min(p.y));
        (x2, y2) = (x2.max(p.x), y2.max(p.y));
    }
    if points.is_empty() {
        return Rect::EMPTY;
    }
    Rect::new(x1.into(), y1.into(), i32::from(x2) + 1, i32::from(y2) + 1)
}

/// Single pixels.
struct Pixels<'p>(&'p [Point]);

impl PlainShape for Pixels<'_> {
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, (dx, dy): (i32, i32), combine: impl Fn(&mut P)) {
        for p in self.0 {
            let at = (i32::from(p.y) + dy) as usize * stride + (i32::from(p.x) + dx) as usize;
            if let Some(pixel) = data.get_mut(at) {
                combine(pixel);
            }
        }
    }
}

/// Outlines one pixel wide of rectangles that have a width and a height. No pixel of one is drawn twice.
struct Outlines<'r>(&'r [Rectangle]);

impl Outlines<'_> {
    fn hull(rectangles: &[Rectangle]) -> Rect {
        let around = |r: &Rectangle| {
            Rect::from_size(r.x.into(), r.y.into(), u32::from(r.width) + 1, u32::from(r.height) + 1)
        };
        rectangles.iter().fold(Rect::EMPTY, |hull, r| hull.bound(&around(r)))
    }
}

impl PlainShape for Outlines<'_> {
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, (dx, dy): (i32, i32), combine: impl Fn(&mut P)) {
        for r in self.0 {
            let (width, height) = (usize::from(r.width), usize::from(r.height));
            let top = (i32::from(r.y) + dy) as usize * stride + (i32::from(r.x) + dx) as usize;
            for row in [top, top + height * stride] {
                data.get_mut(row..row + width + 1).unwrap_or_default().iter_mut().for_each(&combine);
            }
            for row in 1..height {
                for at in [top + row * stride, top + row * stride + width] {
                    if let Some(pixel) = data.get_mut(at) {
                        combine(pixel);
                    }
                }
            }
        }
    }
}

/// Lines one pixel wide between points that lie within pixel memory.
struct Lines<'p> {
    /// Where each line begins and the one before it ends, or (`apart`) begins and ends in turns.
    points: &'p [(i32, i32)],
    apart: bool,
    /// Whether the last point is drawn: of each line that is apart, or of the path.
    with_last: bool,
}

impl PlainShape for Lines<'_> {
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, (dx, dy): (i32, i32), combine: impl Fn(&mut P)) {
        let place = |p: (i32, i32)| (p.1 + dy) as usize * stride + (p.0 + dx) as usize;
        let dot = |data: &mut [P], p: (i32, i32)| {
            if let Some(pixel) = data.get_mut(place(p)) {
                combine(pixel);
            }
        };
        // So short that it has no more than its ends.
        let is_short = |a: (i32, i32), b: (i32, i32)| (a.0 - b.0).abs() <= 1 && (a.1 - b.1).abs() <= 1;
        let long = |data: &mut [P], a: (i32, i32), b: (i32, i32), with_last: bool| {
            if a.1 == b.1 {
                let (from, to) = if a.0 <= b.0 {
                    (place(a), place(b) + usize::from(with_last))
                } else {
                    (place(b) + usize::from(!with_last), place(a) + 1)
                };
                data.get_mut(from..to).unwrap_or_default().iter_mut().for_each(&combine);
            } else {
                let line = Line::new(a, b).translate((dx, dy));
                super::plain::walk(&line, stride, data, line.count + i64::from(with_last), &combine);
            }
        };
        let whole = |data: &mut [P], a: (i32, i32), b: (i32, i32), with_last: bool| {
            if !is_short(a, b) {
                long(data, a, b, with_last);
                return;
            }
            if with_last || a != b {
                dot(data, a);
            }
            if with_last && a != b {
                dot(data, b);
            }
        };
        if self.apart {
            self.points.chunks_exact(2).for_each(|ends| whole(data, ends[0], ends[1], self.with_last));
            return;
        }
        let [rest @ .., last] = self.points else { return };
        for pair in rest.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if is_short(a, b) {
                if a != b {
                    dot(data, a);
                }
            } else {
                long(data, a, b, false);
            }
        }
        if let Some(before) = rest.last() {
            whole(data, *before, *last, self.with_last);
        }
    }
}

/// The rectangle around corners.
fn hull(corners: &[(i32, i32)]) -> Rect {
    let start = Rect { x1: i32::MAX, y1: i32::MAX, x2: i32::MIN, y2: i32::MIN };
    let hull = corners.iter().fold(start, |r, p| Rect {
        x1: r.x1.min(p.0),
        y1: r.y1.min(p.1),
        x2: r.x2.max(p.0),
        y2: r.y2.max(p.1),
    });
    if corners.is_empty() { Rect::EMPTY } else { Rect { x2: hull.x2 + 1, y2: hull.y2 + 1, ..hull } }
}

impl Canvas<'_> {
    /// X11 §9 `PolyPoint`; `relative` is the coordinate mode Previous. Points are always solid.
    pub fn poly_point(&mut self, gc: &Gc, relative: bool, points: &[Point]) -> Rect {
        let mut painter = self.solid_painter(gc);
        if relative || !painter.plain_shape(around(points), &Pixels(points)) {
            painter.dots(absolute(relative, points));
        }
        painter.finish()
    }

    /// X11 §9 `PolyLine`; `relative` is the coordinate mode Previous.
    pub fn poly_line(&mut self, gc: &Gc, relative: bool, points: &[Point]) -> Rect {
        let mut painter = self.painter(gc);
        let path: Vec<_> = absolute(relative, points).collect();
        painter.path(gc, &path);
        painter.finish()
    }

    /// X11 §9 `PolySegment`: lines that do not join.
    pub fn poly_segment(&mut self, gc: &Gc, segments: &[Segment]) -> Rect {
        let mut painter = self.painter(gc);
        let ends = |s: &Segment| ((s.x1.into(), s.y1.into()), (s.x2.into(), s.y2.into()));
        if gc.line_width > 0 {
            painter.wide_lines(gc, segments.iter().map(ends));
        } else {
            let with_last = gc.cap_style != CapStyle::NotLast;
            if gc.line_style == LineStyle::Solid {
                let mut points = Vec::with_capacity(2 * segments.len());
                for (a, b) in segments.iter().map(ends) {
                    points.extend([a, b]);
                }
                if painter.plain_shape(hull(&points), &Lines { points: &points, apart: true, with_last }) {
                    return painter.finish();
                }
            }
            painter.thin_lines(gc, segments.iter().map(ends), with_last);
        }
        painter.finish()
    }

    /// X11 §9 `PolyRectangle`: outlines, each a closed path of five points.
    pub fn poly_rectangle(&mut self, gc: &Gc, rectangles: &[Rectangle]) -> Rect {
        let mut painter = self.painter(gc);
        let mitered =
            gc.line_width > 0 && gc.line_style == LineStyle::Solid && gc.join_style == JoinStyle::Miter;
        if gc.line_width == 0
            && gc.line_style == LineStyle::Solid
            && rectangles.iter().all(|r| r.width > 0 && r.height > 0)
            && painter.plain_shape(Outlines::hull(rectangles), &Outlines(rectangles))
        {
            return painter.finish();
        }
        for r in rectangles {
            // One without width and height is a point, and has caps.
            if mitered && (r.width > 0 || r.height > 0) {
                painter.frame(*r, gc.line_width.into());
                continue;
            }
            let (x1, y1) = (i32::from(r.x), i32::from(r.y));
            let (x2, y2) = (x1 + i32::from(r.width), y1 + i32::from(r.height));
            let path = [(x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1)];
            if gc.line_width == 0 && gc.line_style == LineStyle::Solid && (r.width > 0 || r.height > 0) {
                // No pixel is drawn twice, so not the one that the path comes back to.
                painter.thin_path_to(gc, &path, false);
            } else {
                painter.path(gc, &path);
            }
        }
        painter.finish()
    }
}

impl<'a> Painter<'a> {
    /// A wide outline with square corners: four rectangles, or one where the middle is filled up.
    fn frame(&mut self, r: Rectangle, line: i32) {
        let (width, height) = (i32::from(r.width), i32::from(r.height));
        let (near, far) = (line >> 1, line - (line >> 1));
        let (x1, y1) = (i32::from(r.x), i32::from(r.y));
        let (x2, y2) = (x1 + width, y1 + height);
        if width < near || height < line {
            // Without a width or a height it is a line, which does not reach over its ends.
            let (left, right) = if height == 0 { (x1, x2) } else { (x1 - near, x2 + far) };
            let (top, bottom) = if width == 0 { (y1, y2) } else { (y1 - near, y2 + far) };
            self.rect(Rect::new(left, top, right, bottom));
        } else {
            self.rect(Rect::new(x1 - near, y1 - near, x2 + far, y1 + far));
            self.rect(Rect::new(x1 - near, y1 + far, x1 + far, y2 - near));
            self.rect(Rect::new(x2 - near, y1 + far, x2 + far, y2 - near));
            self.rect(Rect::new(x1 - near, y2 - near, x2 + far, y2 + far));
        }
    }

    /// Draws a path by the GC's line attributes.
    fn path(&mut self, gc: &'a Gc, path: &[(i32, i32)]) {
        if gc.line_width == 0 {
            self.thin_path(gc, path);
        } else {
            self.wide_path(gc, path);
        }
    }

    /// Lines one pixel wide that do not join.
    fn thin_lines(
        &mut self,
        gc: &'a Gc,
        lines: impl Iterator<Item = ((i32, i32), (i32, i32))>,
        with_last: bool,
    ) {
        let last = i64::from(with_last);
        if gc.line_style == LineStyle::Solid {
            self.plain_lines(lines, with_last, |painter, a, b| {
                let line = Line::new(a, b);
                painter.line(&line, 0..line.count + last);
            });
            return;
        }
        // Each line begins the pattern anew.
        let mut dashes = Dashes::new(gc);
        let start = dashes.position;
        for (a, b) in lines {
            let line = Line::new(a, b);
            dashes.position = start;
            self.thin_dashed(gc, &line, 0..line.count + last, &mut dashes);
        }
    }

    /// One pixel wide. Each line leaves its last point to the next; the last point of all is drawn unless the cap style
    /// is `NotLast`, and once if the path is closed.
    fn thin_path(&mut self, gc: &'a Gc, path: &[(i32, i32)]) {
        let (Some(first), Some(last), Some(before)) = (path.first(), path.last(), path.iter().nth_back(1))
        else {
            return;
        };
        let with_last =
            gc.cap_style != CapStyle::NotLast && !(first == last && self.closes_quickly(gc, *before, *last));
        self.thin_path_to(gc, path, with_last);
    }

    /// `with_last` is whether its last point is drawn.
    fn thin_path_to(&mut self, gc: &'a Gc, path: &[(i32, i32)], with_last: bool) {
        let lines = path.len().saturating_sub(1);
        if gc.line_style == LineStyle::Solid {
            if self.plain_shape(hull(path), &Lines { points: path, apart: false, with_last }) {
                return;
            }
            let pairs = path.windows(2).map(|pair| (pair[0], pair[1]));
            self.plain_lines(pairs.clone().take(lines.saturating_sub(1)), false, Self::thin_line);
            self.plain_lines(pairs.skip(lines.saturating_sub(1)), with_last, |painter, a, b| {
                let line = Line::new(a, b);
                painter.line(&line, 0..line.count + i64::from(with_last));
            });
            return;
        }
        let mut dashes = Dashes::new(gc);
        for (i, pair) in path.windows(2).enumerate() {
            let line = Line::new(pair[0], pair[1]);
            // The last point of all is one step more.
            let count = line.count + i64::from(with_last && i + 1 == lines);
            self.thin_dashed(gc, &line, 0..count, &mut dashes);
        }
    }

    /// A line without its last point.
    fn thin_line(&mut self, a: (i32, i32), b: (i32, i32)) {
        let line = Line::new(a, b);
        self.line(&line, 0..line.count);
    }

    /// Whether the reference server draws the line from `a` to `b` by its quick path, which leaves out the last point of
    /// a closed path (it has been drawn), where the general path draws it again. It shows with functions like Xor.
    fn closes_quickly(&self, gc: &Gc, a: (i32, i32), b: (i32, i32)) -> bool {
        let bounds = self.bounds();
        gc.fill_style == FillStyle::Solid
            && gc.line_style == LineStyle::Solid
            && self.depth() > 1
            && self.clip().as_rect().is_some()
            && bounds.contains(a.0, a.1)
            && bounds.contains(b.0, b.1)
    }

    fn thin_dashed(&mut self, gc: &'a Gc, line: &Line, steps: Range<i64>, dashes: &mut Dashes) {
        let begin = dashes.position;
        let gap = if gc.line_style == LineStyle::DoubleDash { self.plain_gap(gc) } else { None };
        if (gap.is_some() || gc.line_style == LineStyle::OnOffDash)
            && steps.start == 0
            && self.plain_dashes(&line.translate(self.origin()), steps.end, dashes, gap)
        {
            dashes.position += steps.end.unsigned_abs();
            return;
        }
        dashes.position += (steps.end - steps.start).unsigned_abs();
        let bounds = self.bounds();
        let visible = line.within(&bounds, steps);
        let mut at = visible.start;
        while at < visible.end {
            let (odd, left) = dashes.at(begin + at.unsigned_abs());
            let end = visible.end.min(at.saturating_add_unsigned(left.max(1)));
            if !odd {
                self.line(line, at..end);
            } else if gc.line_style == LineStyle::DoubleDash {
                self.with_gap_source(gc, |painter| painter.line(line, at..end));
            }
            at = end;
        }
    }

    /// Draws the given steps of a line.
    fn line(&mut self, line: &Line, steps: Range<i64>) {
        let line = line.translate(self.origin());
        if line.minor_length == 0 && line.major.1 == 0 {
            // Level: one span.
            let (a, b) = (line.at(steps.start).0, line.at(steps.end - 1).0);
            if steps.start < steps.end {
                self.fill_clipped(Rect {
                    x1: a.min(b),
                    y1: line.start.1,
                    x2: a.max(b) + 1,
                    y2: line.start.1 + 1,
                });
            }
            return;
        }
        let (a, b) = line.ends();
        let around = Rect { x1: a.0.min(b.0), y1: a.1.min(b.1), x2: a.0.max(b.0) + 1, y2: a.1.max(b.1) + 1 };
        for rect in self.clip().from_row(around.y1) {
            if rect.y1 >= around.y2 {
                break;
            }
            if !rect.overlaps(&around) {
                continue;
            }
            if rect.contains_rect(&around) {
                if !steps.is_empty() {
                    self.walk(&line, steps);
                }
                return;
            }
            let inside = line.within(rect, steps.clone());
            if !inside.is_empty() {
                self.walk(&line, inside);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Function;
    use crate::raster::pixmap::{DEPTHS, Pixmap};
    use crate::region::Region;

    #[test]
    fn no_pixel_of_an_outline_one_pixel_wide_is_drawn_twice() {
        // Whole, and clipped to more than one rectangle.
        let clips = [[Rect::new(0, 0, 40, 40); 2], [Rect::new(0, 0, 9, 40), Rect::new(15, 0, 40, 20)]];
        for (depth, clip) in DEPTHS.iter().flat_map(|depth| clips.iter().map(|clip| (*depth, clip))) {
            let clip = Region::from_rects(clip);
            let drawn = [Function::Copy, Function::Xor].map(|function| {
                let mut pixmap = Pixmap::new(40, 40, depth).unwrap();
                let gc = Gc { foreground: 1, function, ..Gc::default() };
                Canvas::new(&mut pixmap, (0, 0), &clip)
                    .poly_rectangle(&gc, &[Rectangle { x: 3, y: 4, width: 20, height: 9 }]);
                pixmap
            });
            assert!(drawn[0] == drawn[1], "depth {depth}");
            assert_eq!(drawn[0].get(3, 4), Some(1));
        }
    }
}
