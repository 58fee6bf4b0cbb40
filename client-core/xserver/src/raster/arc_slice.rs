//! Parts of a wide arc's band, cut along the ellipse's normals.
//!
//! An ellipse is symmetric: a part of it is cut in the first quarter and mirrored into those it is in. There it lies
//! between two normals. What is between them on a row ends where the band does, as long as the band's edge belongs to the
//! part; beyond that, where a normal crosses the row. Where the line is so wide that normals meet within it, those of the
//! part touch the row furthest out at the evolute, and the band's inner edge turns back beyond an axis (its tail).
//!
//! The last bits of floating point decide pixels; so the formulas are in the order that other X servers have them in.

use std::f64::consts::PI;
use std::ops::{Range, RangeInclusive};

use x11rb_protocol::protocol::xproto::Arc;

use super::band::{Band, BandRow, BandRows, Row, column};
use super::fill_arc::FULL;

pub(super) const QUARTER: i32 = FULL / 4;

/// A point of the plane.
pub(super) type Point = (f64, f64);

/// The sine of an angle in degrees. Quarters are exact, but for whole turns backwards: there other servers' are not.
pub(super) fn sine(degrees: f64) -> f64 {
    quarter_turn(degrees).map_or_else(|| (degrees * PI / 180.0).sin(), |turn| [0.0, 1.0, 0.0, -1.0][turn])
}

pub(super) fn cosine(degrees: f64) -> f64 {
    quarter_turn(degrees).map_or_else(|| (degrees * PI / 180.0).cos(), |turn| [1.0, 0.0, -1.0, 0.0][turn])
}

fn quarter_turn(degrees: f64) -> Option<usize> {
    let quarters = degrees / 90.0;
    let turn = quarters.rem_euclid(4.0);
    (quarters.fract() == 0.0 && (quarters >= 0.0 || turn != 0.0)).then_some(turn as usize)
}

/// The protocol's 64ths of a degree as degrees.
pub(super) fn degrees(angle: i32) -> f64 {
    f64::from(angle) / 64.0
}

/// An ellipse that has a width and a height, with a line around it; measured from its centre, y up.
pub(super) struct Ellipse {
    is_circle: bool,
    /// Half axes, and half the line width.
    w: f64,
    h: f64,
    half: f64,
    w2: f64,
    h2: f64,
    w4: f64,
    h4: f64,
    /// `h² - w²`
    difference: f64,
    /// From the middle pixel's centre to that of the ellipse: half a pixel in boxes of odd size.
    odd: (f64, f64),
    /// The height of the point of the ellipse beneath which the inner edge turns back.
    turn: f64,
    band: Band,
    /// The middle column, and the middle rows of the upper and of the lower half.
    middle: i32,
    upper: i32,
    lower: i32,
}

impl Ellipse {
    pub(super) fn new(arc: &Arc, line_width: u16) -> Self {
        let (width, height, line) = (f64::from(arc.width), f64::from(arc.height), f64::from(line_width));
        let (w, h, half) = (width / 2.0, height / 2.0, line / 2.0);
        let (w2, h2) = (w * w, h * h);
        let odd = |size: u16| if size & 1 == 1 { 0.5 } else { 0.0 };
        let upper = i32::from(arc.y) + i32::from(arc.height >> 1);
        let mut ellipse = Self {
            is_circle: arc.width == arc.height,
            w,
            h,
            half,
            w2,
            h2,
            w4: w2 * w2,
            h4: h2 * h2,
            difference: h2 - w2,
            odd: (odd(arc.width), odd(arc.height)),
            turn: 0.0,
            band: Band::new(width, height, line),
            middle: i32::from(arc.x) + i32::from(arc.width >> 1),
            upper,
            lower: upper + i32::from(arc.height & 1),
        };
        ellipse.turn = ellipse.turn().unwrap_or(0.0);
        ellipse
    }

    fn turn(&self) -> Option<f64> {
        /// 2 and 4 to the third.
        const ROOT_2: f64 = 1.259_921_049_894_873_2;
        const ROOT_4: f64 = 1.587_401_051_968_199_3;
        let t = self.half * self.w;
        if self.is_circle || (self.w > self.h && t < self.h2) || (self.w < self.h && t > self.h2) {
            return None;
        }
        let t = 2.0 * self.h * t;
        let t = (ROOT_4 * self.h2 - (t * t).cbrt()) / self.difference;
        (t > 0.0).then(|| self.h / ROOT_2 * t.sqrt())
    }

    /// From a point of the ellipse half a line width along the normal.
    fn out_by_half(&self, (x, y): Point) -> Point {
        let length = (x * x * self.h4 + y * y * self.w4).sqrt();
        ((x * (self.h2 * self.half)) / length, (y * (self.w2 * self.half)) / length)
    }

    /// The line across the band at an angle of the first quarter.
    pub(super) fn face(&self, angle: i32) -> Face {
        let degrees = degrees(angle);
        let y = sine(degrees) * self.h;
        let x = if angle == QUARTER / 2 && self.is_circle { y } else { cosine(degrees) * self.w };
        let (dx, dy) = self.out_by_half((x, y));
        Face { inner: (x - dx, y - dy), on: (x, y), outer: (x + dx, y + dy) }
    }

    /// Where a row's columns begin from `x` on.
    fn column(&self, x: f64) -> i32 {
        column(self.odd.0 + x)
    }

    /// The height of a row above the centre.
    fn height(&self, y: i32) -> f64 {
        f64::from(y) + self.odd.1
    }
}

/// A line across the band: its points on the inner edge, on the ellipse and on the outer edge.
#[derive(Clone, Copy)]
pub(super) struct Face {
    pub(super) inner: Point,
    pub(super) on: Point,
    pub(super) outer: Point,
}

/// A face as the edge of a part.
struct Edge {
    face: Face,
    /// Slope, and where it is at the height 0; none if it is level.
    line: Option<(f64, f64)>,
}

impl Edge {
    fn new(face: Face) -> Self {
        let (inner, outer) = (face.inner, face.outer);
        let line = (inner.1 < outer.1).then(|| {
            let slope = (inner.0 - outer.0) / (inner.1 - outer.1);
            (slope, inner.0 - inner.1 * slope)
        });
        Self { face, line }
    }

    /// Where the normal is at a height, within the band or beyond it.
    fn beyond(&self, y: f64) -> Option<f64> {
        self.line.map(|(slope, at_0)| slope * y + at_0)
    }

    /// Where it is within the band.
    fn at(&self, y: f64) -> Option<f64> {
        let within = self.face.inner.1 <= y && y <= self.face.outer.1;
        self.beyond(y).filter(|_| within)
    }
}

/// A part of the band within the first quarter, in which and in whose mirror images it lies.
pub(super) struct Slice<'e> {
    ellipse: &'e Ellipse,
    /// The edges of the lower and of the greater angle.
    first: Edge,
    last: Edge,
    /// Whether it goes on to the top.
    to_top: bool,
    /// Heights between which the part has the band's inner edge, and its outer one.
    inner: RangeInclusive<f64>,
    outer: RangeInclusive<f64>,
    inner_rows: RangeInclusive<i32>,
    outer_rows: RangeInclusive<i32>,
    /// A bit for each quarter, against the clock from the upper right one.
    quarters: u8,
}

const UPPER: u8 = 0b0011;
const LOWER: u8 = 0b1100;
const RIGHT: u8 = 0b1001;
const LEFT: u8 = 0b0110;

/// Calls `slice` for the parts of what lies between two angles, the first in the first turn, cut so that each is in its
/// quarters throughout.
pub(super) fn slices(ellipse: &Ellipse, angles: Range<i32>, mut slice: impl FnMut(&Slice<'_>)) {
    // In angles of the first quarter; a turn begins and ends in the same quarter at most.
    let mut pieces: [(u8, Range<i32>); 5] = Default::default();
    let mut cuts = [0; 10];
    let (mut count, mut from) = (0, angles.start);
    for piece in &mut pieces {
        let quarter = from.div_euclid(QUARTER);
        let begin = quarter * QUARTER;
        let to = angles.end.min(begin + QUARTER);
        let (a, b) = (from - begin, to - begin);
        let (a, b) = if quarter & 1 == 0 { (a, b) } else { (QUARTER - b, QUARTER - a) };
        *piece = (1 << (quarter & 3), a..b);
        (cuts[count], cuts[count + 1]) = (a, b);
        (count, from) = (count + 2, to);
        if from >= angles.end {
            break;
        }
    }
    let (pieces, cuts) = (&pieces[..count / 2], &mut cuts[..count]);
    if let [(quarter, piece)] = pieces {
        slice(&Slice::new(ellipse, piece.clone(), *quarter));
        return;
    }
    cuts.sort_unstable();
    for pair in cuts.windows(2).filter(|pair| pair[0] < pair[1]) {
        let (from, to) = (pair[0], pair[1]);
        let covering = pieces.iter().filter(|(_, piece)| piece.start <= from && to <= piece.end);
        let quarters = covering.fold(0, |bits, (quarter, _)| bits | quarter);
        if quarters != 0 {
            slice(&Slice::new(ellipse, from..to, quarters));
        }
    }
}

impl<'e> Slice<'e> {
    fn new(ellipse: &'e Ellipse, angles: Range<i32>, quarters: u8) -> Self {
        let (first, last) = (ellipse.face(angles.start), ellipse.face(angles.end));
        // The inner edge is furthest in at an end, or where it turns back.
        let y = ellipse.turn.min(last.on.1).max(first.on.1);
        let x = (ellipse.w / ellipse.h) * (ellipse.h2 - y * y).sqrt();
        let turn = y - ellipse.out_by_half((x, y)).1;
        let (a, b) = (first.inner.1, last.inner.1);
        let inner = a.min(b).min(turn)..=a.max(b).max(turn);
        let outer = first.outer.1..=last.outer.1;
        let rows = |heights: &RangeInclusive<f64>| {
            let (from, to) = (heights.start() - ellipse.odd.1, heights.end() - ellipse.odd.1);
            from.ceil() as i32..=to.floor() as i32
        };
        Self {
            ellipse,
            first: Edge::new(first),
            last: Edge::new(last),
            to_top: angles.end == QUARTER,
            inner_rows: rows(&inner),
            outer_rows: rows(&outer),
            inner,
            outer,
            quarters,
        }
    }

    /// Calls `span(y, x1, x2)` for what the part covers of rows at least `seen.start` and less than `seen.end`.
    pub(super) fn draw(&self, rows: &BandRows, seen: Range<i32>, mut span: impl FnMut(i32, i32, i32)) {
        let (upper, lower) = (self.ellipse.upper, self.ellipse.lower);
        let mut put = |quarters: u8, y: i32, (x1, x2): (i32, i32)| {
            if x1 < x2 {
                let (x1, x2) =
                    (x1.saturating_add(self.ellipse.middle), x2.saturating_add(self.ellipse.middle));
                let quarters = quarters & self.quarters;
                if quarters & UPPER != 0 {
                    span(upper - y, x1, x2);
                }
                if quarters & LOWER != 0 {
                    span(lower + y, x1, x2);
                }
            }
        };
        // Heights of rows that are seen.
        let above = |end: i32| upper.saturating_sub(end);
        let below = |end: i32| end.saturating_sub(lower);
        let is_seen = |y: i32| {
            (self.quarters & UPPER != 0 && seen.contains(&(upper - y)))
                || (self.quarters & LOWER != 0 && seen.contains(&(lower + y)))
        };
        let (mut from, mut to) = (i32::MAX, i32::MIN);
        if self.quarters & UPPER != 0 {
            (from, to) = (above(seen.end), above(seen.start));
        }
        if self.quarters & LOWER != 0 {
            (from, to) = (from.min(below(seen.start)), to.max(below(seen.end)));
        }
        if rows.top && self.to_top {
            put(0b0001, rows.reach + 1, (0, 1));
        }
        let bottom = *self.inner_rows.start().min(self.outer_rows.start());
        let top = *self.inner_rows.end().max(self.outer_rows.end());
        for y in (from.max(bottom)..=to.min(rows.reach)).rev().filter(|y| is_seen(*y)) {
            let nth = (rows.reach - y) as usize;
            if let Some(row) = rows.rows.get(nth) {
                if y > top {
                    continue;
                }
                if nth == rows.closed && rows.hole {
                    let hole = self.cut(y, Row { left: (0, 0), right: (0, 1) });
                    put(RIGHT & LOWER, y, hole.right);
                    put(LEFT & LOWER, y, hole.left);
                }
                self.row(y, row, u8::MAX, &mut put);
            } else if let (0, Some(row)) = (y, &rows.middle) {
                let row = BandRow { row: self.middle(row.row), tail: row.tail };
                self.row(y, &row, if y == bottom { LOWER } else { u8::MAX }, &mut put);
            } else {
                let x = self.inner_below(y);
                let row = BandRow { row: self.from(x), tail: None };
                self.row(y, &row, u8::MAX, &mut put);
            }
        }
    }

    fn row(&self, y: i32, row: &BandRow, quarters: u8, put: &mut impl FnMut(u8, i32, (i32, i32))) {
        let mut both = |row: Row| {
            put(RIGHT & quarters, y, row.right);
            put(LEFT & quarters, y, row.left);
        };
        both(self.cut(y, row.row));
        if let Some(tail) = row.tail {
            self.tail(y, tail, both);
        }
    }

    /// A row that begins on either side with the column at `x`, and goes nowhere.
    fn from(&self, x: f64) -> Row {
        let (left, right) = (self.ellipse.column(-x), self.ellipse.column(x));
        Row { left: (left, left), right: (right, right) }
    }

    /// What of a row of the band lies between the edges.
    fn cut(&self, y: i32, mut row: Row) -> Row {
        let height = self.ellipse.height(y);
        if !self.inner_rows.contains(&y) {
            let x = self.cut_inside(height);
            (row.left.1, row.right.0) = (self.ellipse.column(-x), self.ellipse.column(x));
        }
        if !self.outer_rows.contains(&y) {
            let x = self.cut_outside(height);
            (row.left.0, row.right.1) = (self.ellipse.column(-x), self.ellipse.column(x));
        }
        row
    }

    fn cut_inside(&self, y: f64) -> f64 {
        let x = self.normal(y, &self.last, &self.first, |curvature| curvature > 0.0);
        self.first.at(y).filter(|other| *other < x).unwrap_or(x)
    }

    fn cut_outside(&self, y: f64) -> f64 {
        let x = self.normal(y, &self.first, &self.last, |curvature| curvature < 0.0);
        self.last.at(y).filter(|other| x < *other).unwrap_or(x)
    }

    /// How far the part's normals reach at a height: to the evolute where they touch it there, to the one edge within
    /// the band, or else to the other wherever it is.
    fn normal(&self, y: f64, edge: &Edge, other: &Edge, touches: impl Fn(f64) -> bool) -> f64 {
        let Ellipse { w, h, h2, h4, difference, .. } = *self.ellipse;
        if !self.ellipse.is_circle {
            // The point of the ellipse whose normal touches the evolute at this height.
            let on = ((h4 * y) / difference).cbrt();
            if self.first.face.on.1 <= on && on <= self.last.face.on.1 {
                let curvature = on * on * on * difference - h2 * y * (3.0 * on * on - 2.0 * h2);
                if touches(curvature) {
                    return (h2 * y - on * difference) * (h2 - on * on).sqrt() / (h * w * on);
                }
            }
        }
        edge.at(y).or_else(|| other.beyond(y)).unwrap_or(w - self.ellipse.half)
    }

    /// The middle row's inner edge is no further out than where the last normal crosses the axis.
    fn middle(&self, mut row: Row) -> Row {
        if self.inner_rows.contains(&0)
            && self.last.at(0.0).is_some()
            && let Some((_, at_0)) = self.last.line
            && at_0 > 0.0
        {
            let x = self.ellipse.w - self.ellipse.half;
            let x = if at_0 < x { at_0 } else { x };
            (row.left.1, row.right.0) = (self.ellipse.column(-x), self.ellipse.column(x));
        }
        row
    }

    /// Where a row begins that is below all of the band's.
    fn inner_below(&self, y: i32) -> f64 {
        let height = self.ellipse.height(y);
        if self.ellipse.is_circle {
            let radius = self.ellipse.w - self.ellipse.half;
            return -(radius * radius - height * height).sqrt();
        }
        let mut x = self.inner_edge(height);
        for edge in [&self.last, &self.first] {
            if let Some(other) = edge.at(height)
                && other < x
            {
                x = other;
            }
        }
        x
    }

    /// Where the inner edge of the part is at a height; it may be there twice.
    fn inner_edge(&self, y: f64) -> f64 {
        match self.ellipse.band.inner(y) {
            (x, Some(second)) => {
                let last = self.last.at(y).is_some() && !self.outer.contains(&y) && x >= 0.0 && second >= 0.0;
                let first =
                    self.first.at(y).is_some() && !self.inner.contains(&y) && x <= 0.0 && second <= 0.0;
                if last || first { second } else { x }
            }
            (x, None) => x,
        }
    }

    /// What of a row lies beyond the middle: to the left what comes from the right side, and the other way round.
    #[expect(clippy::float_cmp, reason = "the last bits decide")]
    fn tail(&self, y: i32, (to, from): (i32, i32), mut put: impl FnMut(Row)) {
        let ellipse = self.ellipse;
        if self.outer_rows.contains(&y) {
            put(self.cut(y, Row { left: (0, to), right: (from, 0) }));
            return;
        }
        if ellipse.is_circle {
            return;
        }
        let height = ellipse.height(y);
        let x = self.inner_edge(height);
        let edge = f64::from(from) - ellipse.odd.0;
        if height == 0.0 && x == edge {
            return;
        }
        if let Some(other) = self.first.at(height) {
            let right = if other >= edge && other <= x { other } else { x };
            put(Row { left: (ellipse.column(-x), to), right: (from, ellipse.column(right)) });
        }
        put(self.cut(y, self.from(x)));
    }
}
