//! Arcs with a width, solid and dashed.
//!
//! A wide arc covers what lies within half the line width of the ellipse, measured along the ellipse's normals: a band
//! (`band`), of which arcs and dashes are cut out (`arc_slice`), and the ends of which get caps and joins (`arc_end`).
//!
//! Arcs that follow one another end to start are a chain: they are joined, their dashes go on from one to the next, and no
//! pixel of a chain is drawn twice. Double dashes are drawn in two passes: the odd ones first, the even ones over them.

use x11rb_protocol::protocol::xproto::Arc;

use super::arc_dash::Lengths;
use super::arc_end::End;
use super::arc_slice::{Ellipse, Face, Point, QUARTER, cosine, degrees, sine, slices};
use super::band::{BandRows, column};
use super::dash::Dashes;
use super::fill::Painter;
use super::fill_arc::{FULL, MANY};
use super::wide_line::draws_twice_alike;
use super::{CapStyle, Gc, LineStyle};
use crate::region::{Rect, Region};

impl<'a> Painter<'a> {
    /// Draws arcs whose line width is not 0.
    pub(super) fn wide_arcs(&mut self, gc: &'a Gc, arcs: &[Arc]) {
        let mut rows = BandRows::default();
        let mut arcs = arcs;
        if gc.line_style == LineStyle::Solid {
            // Whole ellipses ahead of all others are drawn each by itself.
            while let [arc, rest @ ..] = arcs
                && is_whole(arc)
                && !is_flat(arc)
            {
                self.wide_ellipse(gc, arc, &mut rows);
                arcs = rest;
            }
        }
        let path = Path::new(arcs);
        if gc.line_style == LineStyle::DoubleDash {
            self.with_gap_source(gc, |painter| Pen::new(painter, gc, &mut rows, true).draw(&path));
        }
        Pen::new(self, gc, &mut rows, false).draw(&path);
    }

    fn wide_ellipse(&mut self, gc: &Gc, arc: &Arc, rows: &mut BandRows) {
        let bounds = self.bounds();
        let middle = i32::from(arc.x) + i32::from(arc.width >> 1);
        let mut spans = Vec::new();
        rows.take(arc, gc.line_width);
        rows.whole(arc, bounds.y1..bounds.y2, |y, row| {
            let (left, right) = (row.left, row.right);
            let parts = if left.1 == right.0 { [(left.0, right.1), (0, 0)] } else { [left, right] };
            let parts = parts.map(|(x1, x2)| (middle.saturating_add(x1), middle.saturating_add(x2)));
            spans.extend(parts.iter().filter_map(|(x1, x2)| seen(&bounds, y, *x1, *x2)));
        });
        self.spans(&spans);
    }
}

fn seen(bounds: &Rect, y: i32, x1: i32, x2: i32) -> Option<Rect> {
    let (x1, x2) = (x1.max(bounds.x1), x2.min(bounds.x2));
    (x1 < x2 && y >= bounds.y1 && y < bounds.y2).then_some(Rect { x1, y1: y, x2, y2: y + 1 })
}

/// How far an arc goes, a full turn at most.
fn extent(arc: &Arc) -> i32 {
    i32::from(arc.angle2).clamp(-FULL, FULL)
}

fn is_whole(arc: &Arc) -> bool {
    extent(arc).abs() == FULL
}

fn is_flat(arc: &Arc) -> bool {
    arc.width == 0 || arc.height == 0
}

/// The angles an arc lies between, against the clock, the first in the first turn; and whether it is drawn with the clock.
fn turn(arc: &Arc) -> (i32, i32, bool) {
    let (from, extent) = (i32::from(arc.angle1), extent(arc));
    if extent.abs() == FULL {
        return (0, FULL, extent < 0);
    }
    let start = (from + extent.min(0)).rem_euclid(FULL);
    (start, start + extent.abs(), extent < 0)
}

/// Arcs in the order they are drawn in, and which of them are joined to the next.
struct Path<'p> {
    arcs: &'p [Arc],
    joined: Vec<bool>,
    /// The first arc of a chain, if any chain has one.
    first: Option<usize>,
}

impl<'p> Path<'p> {
    fn new(arcs: &'p [Arc]) -> Self {
        let ends: Vec<(Point, Point)> = arcs.iter().map(places).collect();
        let next = |i: usize| if i + 1 == arcs.len() { 0 } else { i + 1 };
        let leads: Vec<bool> = (0..arcs.len())
            .map(|i| i != next(i) && meet(ends[i].1, ends[next(i)].0) && !is_whole(&arcs[i]))
            .collect();
        // Whole ellipses are joined to nothing; but in other servers the arcs that lead to the first one go before it.
        let joined = leads.iter().enumerate().map(|(i, leads)| *leads && !is_whole(&arcs[next(i)])).collect();
        let first = leads.iter().rposition(|leads| !leads).map(next);
        Self { arcs, joined, first }
    }

    fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let first = self.first.unwrap_or(0);
        (first..self.arcs.len()).chain(0..first)
    }

    fn is_last(&self, i: usize) -> bool {
        (i + 1) % self.arcs.len() == self.first.unwrap_or(0)
    }
}

/// Where an arc starts and ends.
fn places(arc: &Arc) -> (Point, Point) {
    let place = |angle: i32| {
        let angle = degrees(angle);
        (
            f64::from(arc.x) + f64::from(arc.width) / 2.0 * (1.0 + cosine(angle)),
            f64::from(arc.y) + f64::from(arc.height) / 2.0 * (1.0 - sine(angle)),
        )
    };
    let from = i32::from(arc.angle1);
    (place(from), place(from + extent(arc)))
}

fn meet(a: Point, b: Point) -> bool {
    const NEAR: f64 = 0.000_001;
    (a.0 - b.0).abs() <= NEAR && (a.1 - b.1).abs() <= NEAR
}

/// Draws arcs, or of double-dashed ones the odd or the even dashes.
struct Pen<'p, 'a> {
    painter: &'p mut Painter<'a>,
    gc: &'p Gc,
    bounds: Rect,
    rows: &'p mut BandRows,
    lengths: Lengths,
    /// Whether odd dashes are drawn.
    odd: bool,
    /// Whether a pixel must not be drawn twice.
    careful: bool,
    /// What has been gathered of a chain, and the first of its caps.
    spans: Vec<Rect>,
    first_cap: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Start,
    End,
}

/// What an arc begins with.
enum Seam {
    /// Nothing, or what is not drawn in this pass.
    Open,
    Capped,
    /// A join to the end of another one.
    Joined(Arc),
}

/// A dash, or all of an arc: an arc of its own.
struct Dash {
    arc: Arc,
    odd: bool,
    /// Whether it begins where its arc does, and ends where that ends.
    starts: bool,
    ends: bool,
}

impl<'p, 'a> Pen<'p, 'a> {
    fn new(painter: &'p mut Painter<'a>, gc: &'p Gc, rows: &'p mut BandRows, odd: bool) -> Self {
        let bounds = painter.bounds();
        let careful = !draws_twice_alike(gc.function);
        let (spans, first_cap, lengths) = (Vec::new(), None, Lengths::default());
        Self { painter, gc, bounds, rows, lengths, odd, careful, spans, first_cap }
    }

    fn draw(&mut self, path: &Path<'_>) {
        let mut pattern = Dashes::new(self.gc);
        let start = pattern.position;
        let mut seam = match path.first {
            Some(_) if self.is_drawn(self.is_odd(&pattern)) => Seam::Capped,
            _ => Seam::Open,
        };
        let mut first = None;
        for i in path.order() {
            let (arc, joined) = (&path.arcs[i], path.joined[i]);
            let is_last = path.is_last(i);
            // Whether the start of a whole ellipse has no end to it.
            let closed = is_whole(arc) && self.is_drawn(self.is_odd(&pattern));
            let (mut last, mut last_drawn) = (None, None);
            self.each_dash(arc, &mut pattern, |pen, dash| {
                first.get_or_insert(dash.arc);
                pen.dash(&dash, &seam);
                last_drawn = pen.is_drawn(dash.odd).then_some(dash.odd).or(last_drawn);
                last = Some(dash);
            });
            let (Some(first), Some(last)) = (first, last) else { continue };
            if is_last || !joined {
                pattern.position = start;
            }
            let next_is_odd = self.is_odd(&pattern);
            let (ends, begins) = (self.is_drawn(last.odd), self.is_drawn(next_is_odd));
            let closed = closed && ends && last.ends;
            seam = if joined && ends && begins {
                // Where an even dash meets an odd one, the join is even.
                let is_drawn_now = (last.odd && next_is_odd) == self.odd;
                if is_drawn_now && is_last {
                    self.join(&last.arc, &first);
                }
                if is_drawn_now && !is_last { Seam::Joined(last.arc) } else { Seam::Open }
            } else {
                if last.odd == self.odd && !closed {
                    self.cap(&last.arc, Side::End);
                }
                if joined && is_last && begins && next_is_odd == self.odd {
                    self.cap(&first, Side::Start);
                }
                if begins { Seam::Capped } else { Seam::Open }
            };
            // Where nothing is drawn of a chain's last arc, other servers draw it together with the next chain.
            if !joined && last_drawn == Some(self.odd) {
                self.flush(closed);
            }
        }
        self.flush(false);
    }

    /// Whether the pattern is in an odd dash.
    fn is_odd(&self, pattern: &Dashes) -> bool {
        self.gc.line_style != LineStyle::Solid && pattern.at(pattern.position).0
    }

    /// Whether odd or even dashes are drawn at all.
    fn is_drawn(&self, odd: bool) -> bool {
        !odd || self.gc.line_style == LineStyle::DoubleDash
    }

    /// Draws a dash, what its arc begins with, and the caps of dashes that have gaps between them.
    fn dash(&mut self, dash: &Dash, seam: &Seam) {
        if !self.is_drawn(dash.odd) {
            return;
        }
        if dash.starts
            && let Seam::Joined(before) = seam
        {
            self.join(before, &dash.arc);
        }
        if dash.odd != self.odd {
            return;
        }
        self.spill();
        self.arc(&dash.arc);
        let alone = self.gc.line_style == LineStyle::OnOffDash;
        if if dash.starts { matches!(seam, Seam::Capped) } else { alone } {
            self.cap(&dash.arc, Side::Start);
        }
        if alone && !dash.ends {
            self.cap(&dash.arc, Side::End);
        }
    }

    /// Cuts an arc into its dashes, and leaves the pattern where it ends.
    fn each_dash(&mut self, arc: &Arc, pattern: &mut Dashes, mut each: impl FnMut(&mut Self, Dash)) {
        if self.gc.line_style == LineStyle::Solid {
            each(self, Dash { arc: *arc, odd: false, starts: true, ends: true });
            return;
        }
        let extent = extent(arc);
        // Flat ones from end to end are dashed like lines.
        let level = arc.height == 0 && (arc.angle1, arc.angle2) == (HALF, HALF);
        let upright = arc.width == 0 && (arc.angle1, arc.angle2) == (HALF / 2, HALF);
        if level || upright {
            let (begin, length) = if level { (arc.x, arc.width) } else { (arc.y, arc.height) };
            let (mut at, end) = (i32::from(begin), i32::from(begin) + i32::from(length));
            while at < end {
                let (odd, left) = pattern.at(pattern.position);
                let part = left.min((end - at) as u64) as i32;
                let piece = if level {
                    Arc { x: at as i16, width: part as u16, ..*arc }
                } else {
                    Arc { y: at as i16, height: part as u16, ..*arc }
                };
                pattern.position += part as u64;
                let starts = at == i32::from(begin);
                at += part;
                each(self, Dash { arc: piece, odd, starts, ends: at == end });
            }
            if length > 0 {
                return;
            }
        } else if extent != 0 {
            let from = i32::from(arc.angle1).rem_euclid(FULL);
            self.lengths.take(arc);
            let mut dashes = Vec::new();
            self.lengths
                .dashes(from, from + extent, pattern, |odd, begin, end| dashes.push((odd, begin, end)));
            for (odd, begin, end) in dashes {
                let angle1 = begin.rem_euclid(FULL) as i16;
                let piece = Arc { angle1, angle2: (end - begin) as i16, ..*arc };
                each(self, Dash { arc: piece, odd, starts: begin == from, ends: end == from + extent });
            }
            return;
        }
        // Where there is nothing to dash, at least its ends are drawn.
        let odd = pattern.at(pattern.position).0 && self.gc.line_style == LineStyle::DoubleDash;
        each(self, Dash { arc: *arc, odd, starts: true, ends: true });
    }

    fn push(&mut self, y: i32, x1: i32, x2: i32) {
        if let Some(span) = seen(&self.bounds, y, x1, x2) {
            add(&mut self.spans, span);
        }
    }

    fn arc(&mut self, arc: &Arc) {
        if is_flat(arc) {
            let line = self.flat(arc).line;
            for y in line.y1.max(self.bounds.y1)..line.y2.min(self.bounds.y2) {
                self.push(y, line.x1, line.x2);
            }
            return;
        }
        let (from, to, _) = turn(arc);
        let ellipse = Ellipse::new(arc, self.gc.line_width);
        self.rows.take(arc, self.gc.line_width);
        let (bounds, spans, rows) = (self.bounds, &mut self.spans, &*self.rows);
        slices(&ellipse, from..to, |slice| {
            slice.draw(rows, bounds.y1..bounds.y2, |y, x1, x2| {
                if let Some(span) = seen(&bounds, y, x1, x2) {
                    add(spans, span);
                }
            });
        });
    }

    fn cap(&mut self, arc: &Arc, side: Side) {
        if !matches!(self.gc.cap_style, CapStyle::Round | CapStyle::Projecting) {
            return;
        }
        let end = self.end(arc, side);
        if self.first_cap.is_some() {
            self.cap_at_last(&end);
        } else {
            // It is not drawn before it is known whether a whole ellipse's end meets it.
            self.first_cap = Some(end);
        }
    }

    fn cap_at_last(&mut self, end: &End) {
        if let Some(cap) = end.cap(self.gc) {
            cap.rows(self.bounds.y1..self.bounds.y2, |y, x1, x2| self.push(y, x1, x2));
        }
    }

    /// Joins the end of an arc and the start of another one.
    fn join(&mut self, before: &Arc, after: &Arc) {
        let (end, start) = (self.end(before, Side::End), self.end(after, Side::Start));
        if let Some(join) = end.join(&start, self.gc) {
            join.rows(self.bounds.y1..self.bounds.y2, |y, x1, x2| self.push(y, x1, x2));
        }
    }

    /// Draws what has been gathered, without the first cap if that is where a whole ellipse closes.
    fn flush(&mut self, closed: bool) {
        if let Some(cap) = self.first_cap.take()
            && !closed
        {
            self.cap_at_last(&cap);
        }
        if self.careful {
            self.painter.spans(united(&self.spans).rects());
        } else {
            self.painter.spans(&self.spans);
        }
        self.spans.clear();
    }

    /// Draws what may be drawn before it is whole.
    fn spill(&mut self) {
        if !self.careful && self.spans.len() >= MANY {
            self.painter.spans(&self.spans);
            self.spans.clear();
        }
    }

    fn end(&self, arc: &Arc, side: Side) -> End {
        if is_flat(arc) {
            let Flat { start, end, .. } = self.flat(arc);
            return if side == Side::Start { start } else { end };
        }
        let (from, to, backwards) = turn(arc);
        let last = (side == Side::End) != backwards;
        let angle = if last { to } else { from };
        // An end belongs to the quarter that leads to it.
        let quarter = if last && to > from { (to - 1) / QUARTER } else { angle / QUARTER };
        let within = angle - quarter * QUARTER;
        let Face { inner, on, outer } = Ellipse::new(arc, self.gc.line_width).face(if quarter & 1 == 0 {
            within
        } else {
            QUARTER - within
        });
        let right = if matches!(quarter & 3, 0 | 3) { 1.0 } else { -1.0 };
        let down = if matches!(quarter & 3, 0 | 1) { -1.0 } else { 1.0 };
        let [inner, middle, outer] = [inner, on, outer].map(|(x, y)| (x * right, y * down));
        let (clockwise, counter) = if last { (outer, inner) } else { (inner, outer) };
        End { middle, clockwise, counter, corner: corner(arc), centre: centre(arc) }
    }

    fn flat(&self, arc: &Arc) -> Flat {
        Flat::new(arc, self.gc.line_width)
    }
}

const HALF: i16 = (FULL / 2) as i16;

fn corner(arc: &Arc) -> (i32, i32) {
    (arc.x.into(), arc.y.into())
}

fn centre(arc: &Arc) -> Point {
    (f64::from(arc.width) / 2.0, f64::from(arc.height) / 2.0)
}

/// An arc without width or without height: a rectangle along its other axis.
struct Flat {
    line: Rect,
    start: End,
    end: End,
}

impl Flat {
    fn new(arc: &Arc, line_width: u16) -> Self {
        let half = f64::from(line_width) / 2.0;
        let (w, h) = centre(arc);
        let (from, to) = (i32::from(arc.angle1), i32::from(arc.angle1) + extent(arc));
        // y down.
        let at = |angle: i32| (w * cosine(degrees(-angle)), h * sine(degrees(-angle)));
        let (first, last) = (at(from), at(to));
        let (low, high) = (from.min(to), from.max(to));
        let quarters = (low.div_euclid(QUARTER)..=high.div_euclid(QUARTER)).map(|quarter| quarter * QUARTER);
        let turning = quarters.filter(|angle| (low..=high).contains(angle)).map(at);
        let (mut x, mut y) = ((w, -w), (h, -h));
        for point in [first, last].into_iter().chain(turning) {
            x = (x.0.min(point.0), x.1.max(point.0));
            y = (y.0.min(point.1), y.1.max(point.1));
        }
        if y.0 < y.1 {
            x = (-half, half);
        } else {
            y = (-half, half);
        }
        let line = if x.0 < x.1 && y.0 < y.1 {
            let (left, top) = corner(arc);
            Rect::new(
                left + column(x.0 + w),
                top + column(y.0 + h),
                left + column(x.1 + w),
                top + column(y.1 + h),
            )
        } else {
            Rect::EMPTY
        };
        let side = if (last.0 - first.0) + (last.1 - first.1) < 0.0 { -half } else { half };
        let (dx, dy) = if h == 0.0 { (0.0, side) } else { (-side, 0.0) };
        let end = |middle: Point, (dx, dy): Point| End {
            middle,
            clockwise: (middle.0 - dx, middle.1 - dy),
            counter: (middle.0 + dx, middle.1 + dy),
            corner: corner(arc),
            centre: (w, h),
        };
        Self { line, start: end(first, (dx, dy)), end: end(last, (-dx, -dy)) }
    }
}

/// Keeps a span for later.
fn add(spans: &mut Vec<Rect>, span: Rect) {
    if spans.len() >= 1 << 18 && spans.len() == spans.capacity() {
        *spans = united(spans).rects().to_vec();
        spans.reserve(1 << 18);
    }
    spans.push(span);
}

/// The pixels of spans, or of what has been united of them.
fn united(spans: &[Rect]) -> Region {
    // They come from all quarters, each in order only by itself: they are put into their rows first.
    let rows = || spans.iter().flat_map(|span| (span.y1..span.y2).map(|y| (y, span.x1, span.x2)));
    let (Some(top), Some(bottom)) = (spans.iter().map(|s| s.y1).min(), spans.iter().map(|s| s.y2).max())
    else {
        return Region::new();
    };
    let row = |y: i32| (y - top) as usize;
    let mut ends = vec![0_usize; row(bottom) + 1];
    for (y, ..) in rows() {
        ends[row(y) + 1] += 1;
    }
    for y in 1..ends.len() {
        ends[y] += ends[y - 1];
    }
    let mut sorted = vec![(0, 0, 0); ends.last().copied().unwrap_or(0)];
    for span in rows() {
        let end = &mut ends[row(span.0)];
        sorted[*end] = span;
        *end += 1;
    }
    // By now each row's end is where it was to be.
    let mut from = 0;
    for to in ends {
        sorted[from..to].sort_unstable_by_key(|span| span.1);
        from = to;
    }
    Region::from_spans(sorted)
}
