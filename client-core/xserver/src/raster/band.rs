//! The band of pixels within half a line width of an ellipse, row by row.
//!
//! A wide arc is a part of such a band. The rows of the whole band are worked out once for all ellipses of one size; a
//! part is cut out of them quarter by quarter, along the ellipse's normals at the two ends of the part. Within its quarter
//! no normal meets another one; where the line is so wide that normals reach over the longer axis, what they cover there
//! is not cut but added ([`Tail`]).

use std::f64::consts::PI;
use std::ops::Range;

use x11rb_protocol::protocol::xproto::Arc;

use super::fill_arc::{FULL, ellipse_row};
use crate::region::Rect;

pub(super) const QUARTER: i32 = FULL / 4;

/// The rows of a band from the top down, kept for the next arc of the same size.
#[derive(Default)]
pub(super) struct BandRows {
    /// Width and height of the ellipse's box, and the line width.
    size: (i32, i32, i32),
    /// The first row, from the top of the ellipse's box.
    first: i32,
    rows: Vec<Row>,
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

/// The pieces of an arc that lie each in one quarter (0 to 3, against the clock from the upper right one), in angles of the
/// first quarter.
pub(super) fn quarters(angles: Range<i32>) -> impl Iterator<Item = (i32, Range<i32>)> {
    let mut from = angles.start;
    std::iter::from_fn(move || {
        if from >= angles.end {
            return None;
        }
        let quarter = from.div_euclid(QUARTER);
        let begin = quarter * QUARTER;
        let to = angles.end.min(begin + QUARTER);
        let (a, b) = (from - begin, to - begin);
        from = to;
        Some((quarter & 3, if quarter & 1 == 0 { a..b } else { QUARTER - b..QUARTER - a }))
    })
}

/// A piece of an arc within one quarter, in angles of the first quarter.
struct Piece {
    quarter: i32,
    from: Option<Normal>,
    to: Option<Normal>,
    /// Distances from the middle that its rows lie within.
    reach: (f64, f64),
}

/// How far normals reach inwards.
pub(super) enum Reach {
    /// Not to the longer axis: no two meet.
    Within,
    /// Over the longer axis.
    OverOne(Tail),
    /// Over both.
    OverBoth,
}

impl Reach {
    pub(super) fn of(arc: &Arc, line: u16) -> Self {
        let (width, height) = (f64::from(arc.width) / 2.0, f64::from(arc.height) / 2.0);
        let (a, b, half) = (width.max(height), width.min(height), f64::from(line) / 2.0);
        if half * b > a * a {
            Self::OverBoth
        } else if half * a > b * b {
            Self::OverOne(Tail { a, b, half })
        } else {
            Self::Within
        }
    }
}

/// What the normals of a piece of an arc cover beyond the longer axis, where the line is wider than the ellipse is bent.
///
/// There normals meet on the evolute. From the axis to it they lie side by side, and beyond it again, the other way
/// round: so these are two shapes neither of which lies on itself.
pub(super) struct Tail {
    /// Longer and shorter half axis.
    a: f64,
    b: f64,
    /// Half the line width.
    half: f64,
}

/// A point by its places along the longer and the shorter axis.
pub(super) type OnAxes = (f64, f64);

impl Tail {
    /// The outlines of what a piece within one quarter covers; angles in radians, from the longer axis.
    pub(super) fn outlines(&self, from: f64, to: f64, step: f64) -> [Vec<OnAxes>; 2] {
        let Self { a, b, half } = *self;
        let difference = a * a - b * b;
        // Up to where normals reach over the axis, and up to where they reach over the evolute.
        let angle = |square: f64| (square - b * b).max(0.0).sqrt().atan2((a * a - square).max(0.0).sqrt());
        let last = to.min(angle((half * a / b).powi(2)));
        let folded = angle((half * a * b).cbrt().powi(2)).clamp(from, last.max(from));
        // On the axis, on the evolute or where the normal ends before it, and where those that go on beyond it end.
        let (mut near, mut ends, mut far) = (Vec::new(), Vec::new(), Vec::new());
        for (from, to, beyond) in [(from, folded, true), (folded, last, false)] {
            if from >= to {
                continue;
            }
            let count = ((to - from) / step).ceil().clamp(1.0, 2000.0);
            for i in 0..=count as usize {
                let (sin, cos) = (from + (to - from) * i as f64 / count).sin_cos();
                let length = (b * b + difference * sin * sin).sqrt();
                let inner = (cos * (a - half * b / length), sin * (b - half * a / length));
                near.push((cos * difference / a, 0.0));
                if beyond {
                    ends.push((difference / a * cos.powi(3), -difference / b * sin.powi(3)));
                    far.push(inner);
                } else {
                    ends.push(inner);
                }
            }
        }
        near.extend(ends.iter().rev());
        ends.truncate(far.len());
        ends.extend(far.into_iter().rev());
        [near, ends]
    }
}

/// The line across the band at an angle of the first quarter that is none of its ends.
#[derive(Clone, Copy)]
struct Normal {
    x: f64,
    y: f64,
    /// What it goes to the right by for each row upwards.
    slope: f64,
    /// What the band reaches up and down from the ellipse.
    rise: f64,
}

impl Normal {
    fn new(angle: i32, (a, b): (f64, f64), half: f64) -> Option<Self> {
        if angle == 0 || angle == QUARTER {
            return None;
        }
        let (sin, cos) = (f64::from(angle) * (PI / f64::from(FULL / 2))).sin_cos();
        let (across, up) = (b * cos, a * sin);
        let length = across.hypot(up);
        Some(Self { x: a * cos, y: b * sin, slope: across / up, rise: half * up / length })
    }

    fn at(&self, height: f64) -> f64 {
        self.x + (height - self.y) * self.slope
    }
}

impl BandRows {
    /// Makes the rows those of an arc's whole ellipse; it has a width and a height.
    pub(super) fn take(&mut self, arc: &Arc, line: u16) {
        let size = (i32::from(arc.width), i32::from(arc.height), i32::from(line));
        if self.size == size {
            return;
        }
        self.size = size;
        self.rows.clear();
        if arc.width == arc.height { self.circle() } else { self.ellipse() }
    }

    /// The rows of an arc whose number is at least `top` and less than `bottom`.
    pub(super) fn within(&self, arc: &Arc, top: i32, bottom: i32) -> impl Iterator<Item = (i32, Row)> {
        let first = i32::from(arc.y) + self.first;
        let count = self.rows.len() as i32;
        let (from, to) = ((top - first).clamp(0, count), (bottom - first).clamp(0, count));
        let rows = self.rows.get(from as usize..to as usize).unwrap_or(&[]);
        (first + from..).zip(rows.iter().copied())
    }

    /// Calls `span(y, x1, x2)` for what of the band lies between two angles, in 64ths of a degree and the first below the
    /// second. Rows outside of the bounds do not come.
    pub(super) fn cut(
        &self,
        arc: &Arc,
        angles: Range<i32>,
        bounds: &Rect,
        mut span: impl FnMut(i32, i64, i64),
    ) {
        for (quarter, angles) in quarters(angles) {
            self.cut_piece(arc, &self.piece(quarter, angles), bounds, &mut span);
        }
    }

    fn piece(&self, quarter: i32, angles: Range<i32>) -> Piece {
        let (width, height, line) = self.size;
        let axes = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        let half = f64::from(line) / 2.0;
        let (from, to) = (Normal::new(angles.start, axes, half), Normal::new(angles.end, axes, half));
        let reach = (
            from.map_or(0.0, |normal| normal.y - normal.rise - 1.0),
            to.map_or(f64::INFINITY, |normal| normal.y + normal.rise + 1.0),
        );
        Piece { quarter, from, to, reach }
    }

    fn cut_piece(&self, arc: &Arc, piece: &Piece, bounds: &Rect, span: &mut impl FnMut(i32, i64, i64)) {
        let (width, height, _) = self.size;
        let upper = piece.quarter < 2;
        let middle = i64::from(arc.x) + i64::from(width >> 1);
        let centre = f64::from(arc.y) + f64::from(height) / 2.0;
        // Columns are counted from the middle one, in the middle of which a box of even width has its own.
        let shift = f64::from(width & 1) / 2.0;
        let column = |x: f64| (shift + x).ceil() as i32;
        let (near, far) = piece.reach;
        // The middle row of a box of even height belongs to the lower half.
        let (top, bottom) = if upper {
            (
                (centre - far).floor() as i32,
                ((centre - near.max(0.0)).ceil() as i32).min(centre.ceil() as i32),
            )
        } else {
            (
                ((centre + near.max(0.0)).floor() as i32).max(centre.ceil() as i32),
                (centre + far).ceil() as i32,
            )
        };
        for (y, row) in self.within(arc, top.max(bounds.y1), bottom.min(bounds.y2)) {
            let distance = (centre - f64::from(y)).abs();
            // Out to the normal the piece begins at, counted from the axis, and in to the one it ends at.
            let outer = piece.from.map(|normal| normal.at(distance));
            let inner = piece.to.map(|normal| normal.at(distance));
            let (x1, x2) = if piece.quarter == 0 || piece.quarter == 3 {
                let (x1, x2) = row.right;
                (inner.map_or(x1, |x| x1.max(column(x))), outer.map_or(x2, |x| x2.min(column(x))))
            } else {
                let (x1, x2) = row.left;
                (outer.map_or(x1, |x| x1.max(column(-x))), inner.map_or(x2, |x| x2.min(column(-x))))
            };
            if x1 < x2 {
                span(y, middle + i64::from(x1), middle + i64::from(x2));
            }
        }
    }

    fn circle(&mut self) {
        let (size, _, line) = self.size;
        let (outer, inner) = (i64::from(size) + i64::from(line), i64::from(size) - i64::from(line));
        self.first = -(line / 2);
        for y in self.first..=size + (line + 1) / 2 {
            let v = 2 * i64::from(y) - i64::from(size);
            let x = |u: i64| ((u + i64::from(size) + 1).div_euclid(2) - i64::from(size >> 1)) as i32;
            let hole = if inner > 0 { ellipse_row(v, inner, inner) } else { None };
            self.rows.push(match (ellipse_row(v, outer, outer), hole) {
                (Some((from, to)), None) => Row::without_hole(x(from), x(to)),
                (Some((from, to)), Some((hole_from, hole_to))) => {
                    Row { left: (x(from), x(hole_from)), right: (x(hole_to), x(to)) }
                }
                (None, _) => Row::default(),
            });
        }
    }

    fn ellipse(&mut self) {
        let (width, height, line) = self.size;
        let band = Band::new(width.into(), height.into(), line);
        let reach = (height >> 1) + ((line - 1) >> 1);
        self.first = (height >> 1) - reach;
        // From the outside to the middle.
        let mut distance = f64::from(height) / 2.0 + f64::from((line - 1) >> 1);
        let mut outer = 0.0;
        while distance > 0.0 {
            let inner;
            (outer, inner) = band.at(distance, outer);
            self.rows.push(Band::row(width, outer, inner));
            distance -= 1.0;
        }
        let mut lower = self.rows.clone();
        // With both even the last closed row is open at its middle, in the upper half only.
        let top = line & 1 == 0 && width & 1 == 0;
        if top
            && height * line <= width * width
            && line < height
            && let Some(at) = self.rows.iter().filter(|row| row.left.1 == row.right.0).count().checked_sub(1)
            && let (Some(upper), Some(lower)) = (self.rows.get_mut(at), lower.get_mut(at))
        {
            let left = upper.left.0;
            upper.right = (1, 1 - left);
            *lower = Row::without_hole(left, 1 - left);
        }
        if height & 1 == 0 {
            self.rows.push(Band::row(width, band.outer_middle(), band.inner_middle()));
        }
        self.rows.extend(lower.into_iter().rev());
        if top {
            self.rows.insert(0, Row::without_hole(0, 1));
            self.first -= 1;
        }
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

    /// The pixels of a row: all between the outer edges, or those on either side.
    fn row(width: i32, outer: f64, inner: f64) -> Row {
        let middle = if width & 1 == 1 { 0.5 } else { 0.0 };
        let at = |x: f64| (middle + x).ceil() as i32;
        if inner <= 0.0 {
            Row::without_hole(at(-outer), at(outer))
        } else {
            Row { left: (at(-outer), at(-inner)), right: (at(inner), at(outer)) }
        }
    }
}
