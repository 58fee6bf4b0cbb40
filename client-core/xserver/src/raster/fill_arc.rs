//! Filled arcs: pie slices and chords of ellipses whose axes lie along the pixel grid.
//!
//! Everything is measured in half pixels from the centre, where the ellipse of a `width` by `height` box is
//! `u² height² + v² width² = width² height²` and pixels have coordinates of the parity of the box. A row's span is what
//! lies strictly inside plus the left edge point, cut by the slice's straight edges.

use x11rb_protocol::protocol::xproto::Arc;

use super::fill::Painter;
use super::half_plane::Wall;
use super::{ArcMode, Canvas, Gc};
use crate::region::Rect;

/// A full turn in the protocol's units, 64ths of a degree.
pub(super) const FULL: i32 = 360 * 64;
pub(super) const HALF: i32 = FULL / 2;

impl Canvas<'_> {
    /// X11 §9 `PolyFillArc`.
    pub fn poly_fill_arc(&mut self, gc: &Gc, arcs: &[Arc]) -> Rect {
        let mut painter = self.painter(gc);
        let mut spans = Vec::new();
        for arc in arcs {
            painter.fill_arc(arc, gc.arc_mode, &mut spans);
            if spans.len() >= MANY {
                painter.rects(spans.drain(..));
            }
        }
        painter.rects(spans.into_iter());
        painter.finish()
    }
}

/// Spans that are drawn at once.
pub(super) const MANY: usize = 4096;

/// The angles of an arc, brought to a start within the first turn and a sweep against the clock; full turns are cut to
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sweep {
    /// 0 to a full turn, without the latter.
    pub(super) start: i32,
    /// 0 to a full turn.
    pub(super) extent: i32,
}

impl Sweep {
    pub(super) fn new(arc: &Arc) -> Self {
        let (start, extent) = (i32::from(arc.angle1), i32::from(arc.angle2).clamp(-FULL, FULL));
        let from = if extent < 0 { start + extent } else { start };
        Self { start: from.rem_euclid(FULL), extent: extent.abs() }
    }
}

impl Painter<'_> {
    /// Adds the spans of an arc to `spans`.
    fn fill_arc(&self, arc: &Arc, mode: ArcMode, spans: &mut Vec<Rect>) {
        let sweep = Sweep::new(arc);
        let (width, height) = (i64::from(arc.width), i64::from(arc.height));
        // The box of one pixel holds no pixel's centre.
        if sweep.extent == 0 || width == 0 || height == 0 || (width, height) == (1, 1) {
            return;
        }
        let (left, top) = (i32::from(arc.x), i32::from(arc.y));
        let bounds = self.bounds();
        let rows = top.max(bounds.y1)..(top + i32::from(arc.height) + 1).min(bounds.y2);
        let middle = (top + (i32::from(arc.height) + 1) / 2).clamp(rows.start, rows.end.max(rows.start));
        let cut = if sweep.extent == FULL { Cut::Nothing } else { Cut::new(sweep, mode, width, height) };
        let v_of = |y: i32| 2 * i64::from(y - top) - height;
        for half in [rows.start..middle, middle..rows.end] {
            let mut wedges = cut.wedges(v_of(half.start));
            for y in half {
                let v = v_of(y);
                let Some((first, end)) = ellipse_row(v, width, height) else { break };
                let (first, end) = cut.narrow(v, first, end);
                for (from, to) in wedges.iter_mut().flatten() {
                    // From half pixels of u to pixels: x = left + (u + width) / 2.
                    let (a, b) = (first.max(from.x), end.min(to.x));
                    if a < b {
                        let x = |u: i64| (i64::from(left) + (u + width + 1).div_euclid(2)) as i32;
                        spans.push(Rect { x1: x(a), y1: y, x2: x(b), y2: y + 1 });
                    }
                    from.down();
                    to.down();
                }
            }
        }
    }
}

/// The half-open range of u inside the ellipse on the row at v: from the least u on or inside it up to the least u to the
/// right of the centre that is not strictly inside.
pub(super) fn ellipse_row(v: i64, width: i64, height: i64) -> Option<(i64, i64)> {
    if v.abs() > height || v == height {
        // The lowest point is not inside: what is inside lies above it.
        return None;
    }
    if v == -height {
        return Some((0, 1));
    }
    let (w2, h2) = (width.unsigned_abs().pow(2), height.unsigned_abs().pow(2));
    // u² h² <= w² (h² - v²)
    let below = h2 - v.unsigned_abs().pow(2);
    let (square, rest) = if width == height {
        (below, 0)
    } else {
        let room = w2 * below;
        let square = room / h2;
        (square, room - square * h2)
    };
    let root = square_root(square);
    // u <= root is on or inside the ellipse; exactly on it if the division and the root left nothing.
    let exact = rest == 0 && root * root == square;
    let root = root as i64;
    Some((-root, if exact { root } else { root + 1 }))
}

/// The square root, rounded down.
fn square_root(square: u64) -> u64 {
    // Where the square is exact in floating point, its root is rounded by less than reaches the next whole number.
    if square < 1 << 52 { (square as f64).sqrt() as u64 } else { square.isqrt() }
}

/// Further than any pixel.
const FAR: i64 = 1 << 40;

/// The straight edges of a slice.
enum Cut {
    /// The whole ellipse.
    Nothing,
    /// Rays from the centre: up to two wedges in the rows above it and two in those below, each from one ray to another.
    /// A slice that does not even touch the axis is `afloat`: the row nearest to the centre stays out of it, as it does
    /// in the reference server.
    Pie { above: [Option<(Ray, Ray)>; 2], below: [Option<(Ray, Ray)>; 2], afloat: bool },
    /// A line that is not level: `x dy - y dx = constant` on the pixel grid around the centre, y up; the slice is on its
    /// right, or on its left.
    Chord { dx: i64, dy: i64, constant: i64, right: bool, odd: (i64, i64) },
    /// A level line: the slice is below it, from `v` on, or above.
    Level { v: f64, below: bool },
}

/// The edge of a wedge in one half plane.
#[derive(Clone, Copy)]
enum Ray {
    /// Along the axis to the left.
    Left,
    /// Along the axis to the right.
    Right,
    /// By `run / rise` half pixels to the right per half pixel away from the axis.
    Slant { run: i64, rise: i64 },
}

impl Ray {
    fn new(angle: i32, width: i64, height: i64) -> Self {
        match angle.rem_euclid(FULL) {
            0 => Self::Right,
            HALF => Self::Left,
            angle => {
                let (x, y) = point_at(angle, width as f64, height as f64);
                let (run, rise) = slope(x, y.abs());
                if rise == 0 {
                    if run < 0 { Self::Left } else { Self::Right }
                } else {
                    Self::Slant { run, rise }
                }
            }
        }
    }

    /// Where the ray is from a row on, at `distance` half pixels from the axis; the next row is `further` away.
    fn wall(self, distance: i64, further: i64) -> Wall {
        match self {
            Self::Left => Wall::upright(-FAR),
            Self::Right => Wall::upright(FAR),
            Self::Slant { run, rise } => Wall::new(distance * run, further * run, rise),
        }
    }
}

/// The point of the ellipse with these half axes at an angle, y up. Quarters are exact.
pub(super) fn point_at(angle: i32, width: f64, height: f64) -> (f64, f64) {
    let angle = angle.rem_euclid(FULL);
    let (cos, sin) = if is_quarter(angle) {
        [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][(angle / (FULL / 4)) as usize % 4]
    } else {
        let radians = f64::from(angle) * std::f64::consts::PI / f64::from(HALF);
        (radians.cos(), radians.sin())
    };
    (cos * width, sin * height)
}

/// An end of a chord in pixels from the centre, y up. Where a chord touches pixel centres, the sines' last bits decide,
/// here and in the reference server.
fn chord_point(angle: i32, width: i64, height: i64) -> (f64, f64) {
    let (w, h) = (width as f64 / 2.0, height as f64 / 2.0);
    if is_quarter(angle) {
        return point_at(angle, w, h);
    }
    let radians = f64::from(angle.rem_euclid(FULL)) * (std::f64::consts::PI / f64::from(HALF));
    (radians.cos() * w, radians.sin() * h)
}

fn is_quarter(angle: i32) -> bool {
    angle % (FULL / 4) == 0
}

/// A direction as whole numbers, the greater of which is 32768: the precision that slices are cut with.
fn slope(x: f64, y: f64) -> (i64, i64) {
    let scale = x.abs().max(y.abs());
    let whole = |v: f64| (v.abs() * 32768.0 / scale + 0.5).floor().copysign(v) as i64;
    (whole(x), whole(y))
}

impl Cut {
    fn new(sweep: Sweep, mode: ArcMode, width: i64, height: i64) -> Self {
        let (start, end) = (sweep.start, sweep.start + sweep.extent);
        if mode == ArcMode::Chord {
            return Self::chord(start, end, width, height);
        }
        let ray = |angle| Ray::new(angle, width, height);
        let wedge = |from: i32, to: i32| {
            let (from, to) = (start.max(from), end.min(to));
            (from < to).then(|| (ray(from), ray(to)))
        };
        // Above the axis angles grow to the left.
        let swap = |wedge: Option<(Ray, Ray)>| wedge.map(|(from, to)| (to, from));
        Self::Pie {
            above: [swap(wedge(0, HALF)), swap(wedge(FULL, FULL + HALF))],
            below: [wedge(HALF, FULL), wedge(FULL + HALF, 2 * FULL)],
            afloat: start > 0 && end < HALF,
        }
    }

    fn chord(start: i32, end: i32, width: i64, height: i64) -> Self {
        let (a, b) = (chord_point(start, width, height), chord_point(end, width, height));
        // Against the clock, the slice is to the right of the way from start to end; y is up.
        let (run, rise) = (b.0 - a.0, b.1 - a.1);
        // Between the axes' ends directions are exact.
        let (dx, dy) = if is_quarter(start) && is_quarter(end) {
            ((2.0 * run) as i64, (2.0 * rise) as i64)
        } else {
            slope(run, rise)
        };
        if dy == 0 {
            return Self::Level { v: -2.0 * a.1, below: run > 0.0 };
        }
        // Both points by the pixel grid whose origin is the pixel at, or up and left of, the centre.
        let (odd_x, odd_y) = ((width & 1) as f64 / 2.0, (height & 1) as f64 / 2.0);
        let (sum_x, sum_y) = ((a.0 + odd_x) + (b.0 + odd_x), (a.1 - odd_y) + (b.1 - odd_y));
        let (dx, dy) = (dx * dy.signum(), dy.abs());
        let constant = ((sum_x * dy as f64 - sum_y * dx as f64) / 2.0).ceil() as i64;
        Self::Chord { dx, dy, constant, right: rise > 0.0, odd: (width & 1, height & 1) }
    }

    /// The walls between which the slice lies from the row at v on, as far as the axis if that is below.
    fn wedges(&self, v: i64) -> [Option<(Wall, Wall)>; 2] {
        let Self::Pie { above, below, .. } = self else {
            return [Some((Wall::upright(-FAR), Wall::upright(FAR))), None];
        };
        let (wedges, further) = if v < 0 { (above, -2) } else { (below, 2) };
        let wall = |ray: Ray| ray.wall(v.abs(), further);
        wedges.map(|wedge| wedge.map(|(from, to)| (wall(from), wall(to))))
    }

    /// What is left of the half-open range of u on the row at v, but for what [`Self::wedges`] say.
    fn narrow(&self, v: i64, first: i64, end: i64) -> (i64, i64) {
        match self {
            Self::Nothing => (first, end),
            Self::Pie { afloat, .. } => (first, if v == -1 && *afloat { first } else { end }),
            Self::Chord { dx, dy, constant, right, odd } => {
                let y = (-v - odd.1).div_euclid(2);
                let x = -(-(constant + y * dx)).div_euclid(*dy);
                let edge = 2 * x - odd.0;
                if *right { (first.max(edge), end) } else { (first, end.min(edge)) }
            }
            Self::Level { v: v0, below } => {
                let inside = (v as f64 >= *v0) == *below;
                (first, if inside { end } else { first })
            }
        }
    }
}
