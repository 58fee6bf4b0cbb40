//! The band of pixels within half a line width of an ellipse, row by row.
//!
//! A wide arc is a part of such a band. Its rows are worked out once for all ellipses of one size; the lower half mirrors
//! the upper one, so only that is kept. A whole ellipse is these rows; a part is cut out of them (see `arc_slice`).

use std::ops::Range;

use x11rb_protocol::protocol::xproto::Arc;

use super::fill_arc::ellipse_row;

/// The rows of the upper half of a band, kept for the next arc of the same size.
#[derive(Default)]
pub(super) struct BandRows {
    /// Width and height of the ellipse's box, and the line width.
    size: (i32, i32, i32),
    /// How many rows the first one is above the middle row, or above the upper one of two.
    pub(super) reach: i32,
    /// Whether one more pixel tops the upper half.
    pub(super) top: bool,
    /// From the outside to the middle; without the middle row of a box of even height.
    pub(super) rows: Vec<BandRow>,
    /// How many of the rows from the outside go through from side to side.
    pub(super) closed: usize,
    /// Whether the first row with a gap has it in the upper half only, one pixel wide.
    pub(super) hole: bool,
    /// The middle row of a box of even height.
    pub(super) middle: Option<BandRow>,
}

#[derive(Clone, Copy, Default, Debug)]
pub(super) struct BandRow {
    pub(super) row: Row,
    /// Where the inner edge is beyond the middle: up to which column what comes from the right side goes to the left, and
    /// from which column on the other.
    pub(super) tail: Option<(i32, i32)>,
}

/// The columns of a row from one up to another, from the middle column of the ellipse's box: left of the middle, and from
/// it on.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) left: (i32, i32),
    pub(super) right: (i32, i32),
}

impl Row {
    fn without_hole(from: i32, to: i32) -> Self {
        Self { left: (from.min(0), to.min(0)), right: (from.max(0), to.max(0)) }
    }
}

impl BandRows {
    /// Makes the rows those of an arc's whole ellipse; it has a width and a height.
    pub(super) fn take(&mut self, arc: &Arc, line: u16) {
        let size = (i32::from(arc.width), i32::from(arc.height), i32::from(line));
        if self.size == size {
            return;
        }
        let (width, height, line) = size;
        self.size = size;
        self.reach = (height >> 1) + ((line - 1) >> 1);
        self.top = line & 1 == 0 && width & 1 == 0;
        self.rows.clear();
        if width == height { self.circle() } else { self.ellipse() }
    }

    /// Calls `span(y, row)` for the rows of a whole ellipse whose number is at least `rows.start` and less than `rows.end`.
    pub(super) fn whole(&self, arc: &Arc, rows: Range<i32>, mut span: impl FnMut(i32, Row)) {
        let upper = i32::from(arc.y) + i32::from(arc.height >> 1);
        let lower = upper + i32::from(arc.height & 1);
        let (top, bottom) = (upper - self.reach, lower + self.reach);
        let dot = Row::without_hole(0, 1);
        if self.top && rows.contains(&(top - 1)) {
            span(top - 1, dot);
        }
        let seen = |from: i32, to: i32| {
            let count = self.rows.len() as i32;
            let (from, to) = (from.clamp(0, count), to.clamp(0, count));
            (from..).zip(self.rows.get(from as usize..to as usize).unwrap_or(&[]))
        };
        for (i, row) in seen(rows.start.saturating_sub(top), rows.end.saturating_sub(top)) {
            span(top + i, row.row);
        }
        if let Some(middle) = &self.middle
            && rows.contains(&upper)
        {
            span(upper, middle.row);
        }
        for (i, row) in seen((bottom + 1).saturating_sub(rows.end), (bottom + 1).saturating_sub(rows.start)) {
            span(bottom - i, row.row);
        }
        let hole = bottom - self.closed as i32;
        if self.hole && rows.contains(&hole) {
            span(hole, dot);
        }
    }

    fn circle(&mut self) {
        let (size, _, line) = self.size;
        let (outer, inner) = (i64::from(size) + i64::from(line), i64::from(size) - i64::from(line));
        let x = |u: i64| ((u + i64::from(size) + 1).div_euclid(2) - i64::from(size >> 1)) as i32;
        let row = |distance: i32| {
            let v = -2 * i64::from(distance) - i64::from(size & 1);
            let hole = if inner > 0 { ellipse_row(v, inner, inner) } else { None };
            // Where a box of odd size is touched between two pixels, nothing of it is open.
            let hole = hole.filter(|(from, to)| x(*from) < x(*to));
            match (ellipse_row(v, outer, outer), hole) {
                (Some((from, to)), None) => {
                    // Beyond the middle nothing is known of the inner edge: that is for the ends of the part to say.
                    BandRow { row: Row::without_hole(x(from), x(to)), tail: Some((0, 0)) }
                }
                (Some((from, to)), Some((hole_from, hole_to))) => BandRow {
                    row: Row { left: (x(from), x(hole_from)), right: (x(hole_to), x(to)) },
                    tail: None,
                },
                (None, _) => BandRow::default(),
            }
        };
        let last = i32::from(size & 1 == 0);
        self.rows.extend((last..=self.reach).rev().map(row));
        self.closed = self.rows.iter().filter(|row| row.tail.is_some()).count();
        self.hole = self.top && inner > 0;
        self.middle = (last == 1).then(|| {
            let beyond = (line - size) >> 1;
            let tail = (inner <= 0 && beyond > 0).then_some((beyond, -beyond));
            BandRow { tail, ..row(0) }
        });
    }

    fn ellipse(&mut self) {
        let (width, height, line) = self.size;
        let band = Band::new(width.into(), height.into(), line.into());
        let mut distance = f64::from(height) / 2.0 + f64::from((line - 1) >> 1);
        let mut outer = 0.0;
        self.closed = 0;
        while distance > 0.0 {
            let inner;
            (outer, inner) = band.at(distance, outer);
            self.closed += usize::from(inner <= 0.0);
            self.rows.push(Band::row(width, outer, inner));
            distance -= 1.0;
        }
        self.middle = (height & 1 == 0).then(|| Band::row(width, band.outer_middle(), band.inner_middle()));
        // With both even the last closed row is open at its middle, in the upper half only.
        self.hole = false;
        if self.top
            && i64::from(height) * i64::from(line) <= i64::from(width) * i64::from(width)
            && line < height
            && let Some(last) = self.closed.checked_sub(1)
            && let Some(row) = self.rows.get_mut(last)
        {
            let left = row.row.left.0;
            *row = BandRow { row: Row { left: (left, 0), right: (1, 1 - left) }, tail: None };
            self.closed = last;
            self.hole = true;
        }
    }
}

/// A column's number; what is not a number is left of everything.
pub(super) fn column(x: f64) -> i32 {
    if x.is_nan() { i32::MIN / 2 } else { x.ceil() as i32 }
}

/// The band around an ellipse that is not a circle.
///
/// A row at some height touches the circle around a point of the ellipse where that point's height solves an equation of
/// the fourth degree. Its resolvent of the third degree has one real root or three; which of the solutions lies outside
/// and which inside depends on that.
pub(super) struct Band {
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

/// The two factors of the second degree that the equation falls into: `y² - b y + ...`, as `b` and discriminant.
struct Factors {
    minus: (f64, f64),
    plus: (f64, f64),
    kind: Kind,
}

/// What the solutions mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The resolvent has one real root.
    Single,
    /// It has three: the lesser solution of `plus` is inside, or the greater one of `minus` is.
    LesserInside,
    GreaterInside,
}

/// How near to the ellipse's top a point is taken for the top.
const NEAR_TOP: f64 = 0.000_001;

impl Band {
    pub(super) fn new(width: f64, height: f64, line: f64) -> Self {
        let (w, h, r) = (width / 2.0, height / 2.0, line / 2.0);
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

    fn factors(&self, k: f64) -> Factors {
        let n = (k * k + self.n) / 6.0;
        let cube = n * n * n;
        let v = self.v * k;
        let t = cube + v * v;
        let mut d = cube + t;
        let (z, kind);
        if d < 0.0 {
            d = cube;
            let mut b = n;
            if (b < 0.0) == (t < 0.0) {
                b = -b;
                d = -d;
            }
            z = n - 2.0 * b * ((-t / d).acos() / 3.0).cos();
            kind = if (z < 0.0) == (v < 0.0) { Kind::GreaterInside } else { Kind::LesserInside };
        } else {
            d = v * d.sqrt();
            z = n + (t + d).cbrt() + (t - d).cbrt();
            kind = Kind::Single;
        }
        let a = ((z + z) - self.n).sqrt();
        let t = (self.f - z) * k / a;
        let (minus, plus) = (-a + k, a + k);
        Factors {
            minus: (minus, minus * minus - 4.0 * (z + t)),
            plus: (plus, plus * plus - 4.0 * (z - t)),
            kind,
        }
    }

    /// Where the ellipse is at a height (its top at most), and how far the circle around that point reaches at row `k`.
    fn point(&self, y: f64, k: f64) -> (f64, f64) {
        let y = if y > self.h - NEAR_TOP { self.h } else { y };
        let t = y / self.h;
        let x = self.w * (1.0 - t * t).sqrt();
        let t = k - y;
        let square = self.rs - t * t;
        (x, if square >= 0.0 { square.sqrt() } else { 0.0 })
    }

    /// How far out the band reaches on row `k`, counted from the middle, and where its inner edge is; 0 or less where
    /// there is none. `outer` is what holds where no solution says otherwise.
    fn at(&self, k: f64, mut outer: f64) -> (f64, f64) {
        let Factors { minus: (b, d), plus, kind } = self.factors(k);
        let mut inner = 0.0;
        let mut solved = false;
        if d >= 0.0 {
            let y = f64::midpoint(b, d.sqrt());
            if y >= 0.0 && y < self.h + NEAR_TOP {
                solved = true;
                let (x, reach) = self.point(y, k);
                if kind == Kind::GreaterInside {
                    inner = x - reach;
                } else {
                    outer = x + reach;
                }
            }
        }
        let (b, mut d) = plus;
        if d < 0.0 && !solved {
            // Near the axis what is left of the digits may have the wrong sign.
            d = 0.0;
        }
        if d >= 0.0 {
            let d = d.sqrt();
            let y = f64::midpoint(b, d);
            if y < self.h + NEAR_TOP {
                let (x, reach) = self.point(y, k);
                inner = x - reach;
            }
            let y = (b - d) / 2.0;
            if y >= 0.0 {
                let (x, reach) = self.point(y, k);
                if kind == Kind::LesserInside {
                    inner = x - reach;
                } else {
                    outer = x + reach;
                }
            }
        }
        (outer, inner)
    }

    /// Where the inner edge is on row `k`, which may lie below the middle: one or two places.
    pub(super) fn inner(&self, k: f64) -> (f64, Option<f64>) {
        if k == 0.0 {
            return if self.bends() {
                (self.inner_bend(), Some(self.w - self.r))
            } else {
                (self.w - self.r, None)
            };
        }
        let Factors { minus: (b, d), plus, kind } = self.factors(k);
        let edge = |y: f64| {
            let (x, reach) = self.point(y, k);
            x - reach
        };
        let below_top = |y: &f64| *y < self.h + NEAR_TOP;
        let (mut greater, mut lesser) = (None, None);
        if d >= 0.0 && kind == Kind::GreaterInside {
            greater = Some(f64::midpoint(b, d.sqrt())).filter(|y| *y >= 0.0).filter(below_top).map(edge);
        }
        let (b, mut d) = plus;
        if d < 0.0 && greater.is_none() {
            d = 0.0;
        }
        let mut other = None;
        if d >= 0.0 {
            let d = d.sqrt();
            other = Some(f64::midpoint(b, d)).filter(below_top).map(edge);
            if kind == Kind::LesserInside {
                lesser = Some((b - d) / 2.0).filter(|y| *y >= 0.0).map(edge);
            }
        }
        let mut places = [greater, other, lesser].into_iter().flatten();
        (places.next().unwrap_or(0.0), places.next())
    }

    fn outer_middle(&self) -> f64 {
        self.w + self.r
    }

    fn inner_middle(&self) -> f64 {
        if self.r >= self.h && self.r <= self.w {
            0.0
        } else if self.bends() {
            let x = self.inner_bend();
            if x > self.w - self.r { self.w - self.r } else { x }
        } else {
            self.w - self.r
        }
    }

    /// Whether another point's circle is what touches the middle row than that of the ellipse's end.
    fn bends(&self) -> bool {
        self.n < 0.0 && -self.n < self.hs
    }

    fn inner_bend(&self) -> f64 {
        self.w * (1.0 + self.n / self.hs).sqrt() - (self.rs + self.n).sqrt()
    }

    /// The pixels of a row: all between the outer edges, or those on either side.
    fn row(width: i32, outer: f64, inner: f64) -> BandRow {
        let middle = if width & 1 == 1 { 0.5 } else { 0.0 };
        let at = |x: f64| column(middle + x);
        if inner <= 0.0 {
            let (left, right) = (at(-inner), at(inner));
            let tail = (left != right).then_some((left, right));
            BandRow { row: Row { left: (at(-outer), 0), right: (0, at(outer)) }, tail }
        } else {
            let row = Row { left: (at(-outer), at(-inner)), right: (at(inner), at(outer)) };
            BandRow { row, tail: None }
        }
    }
}
