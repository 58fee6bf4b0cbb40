//! Linear, radial and conical gradients.
//!
//! A gradient maps a point to a position along its colour line, in 16.16 fixed point, and the position to a colour.
//! Colours are interpolated without premultiplication, then premultiplied. How a position outside 0..=1 counts is the
//! picture's repeat.

use std::f64::consts::TAU;

use bytemuck::cast;
use wide::{f32x4, i16x8, i32x4, i32x8, u8x16};

use super::op::Float;
use super::repeat::Repeat;
use super::transform::{Homogeneous, ONE, advance, divide};

/// A colour stop: position in 16.16 from 0 to 1, colour in 16 bits to a channel, not premultiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Position, 0..=65536.
    pub position: i32,
    /// Alpha, red, green, blue.
    pub colour: [u16; 4],
}

/// The stops of a gradient: at least one, at positions that never fall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stops(Vec<Stop>);

impl Stops {
    /// Checks the order and the range; none when there is no stop, or one lies outside 0..=1 or before another.
    pub fn new(stops: Vec<Stop>) -> Option<Self> {
        let mut last = 0;
        for stop in &stops {
            if stop.position < last || i64::from(stop.position) > ONE {
                return None;
            }
            last = stop.position;
        }
        (!stops.is_empty()).then_some(Self(stops))
    }

    fn ends(&self) -> (Stop, Stop) {
        match self.0.as_slice() {
            [first, .., last] => (*first, *last),
            [only] => (*only, *only),
            [] => (Stop { position: 0, colour: [0; 4] }, Stop { position: 0, colour: [0; 4] }),
        }
    }

    /// Whether every stop is opaque.
    pub(super) fn are_opaque(&self) -> bool {
        self.0.iter().all(|s| s.colour[0] == 0xffff)
    }
}

/// What maps points to positions. Coordinates are 16.16 in the source's plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// 0 at the first point, 1 at the second, constant across.
    Linear {
        /// Position 0.
        p1: (i32, i32),
        /// Position 1.
        p2: (i32, i32),
    },
    /// 0 on the inner circle, 1 on the outer, and on the circles between and beyond.
    Radial {
        /// Centre of the circle at position 0.
        inner: (i32, i32),
        /// Its radius.
        inner_radius: i32,
        /// Centre of the circle at position 1.
        outer: (i32, i32),
        /// Its radius.
        outer_radius: i32,
    },
    /// By the angle around the centre.
    Conical {
        /// Centre.
        centre: (i32, i32),
        /// Where position 0 is, in degrees, 16.16.
        angle: i32,
    },
}

/// A gradient picture's contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gradient {
    /// The geometry.
    pub shape: Shape,
    /// The colour line.
    pub stops: Stops,
}

impl Gradient {
    /// Fills a row: the first pixel's centre is at `v`, each next one `step` further.
    pub(super) fn row(&self, repeat: Repeat, v: Homogeneous, step: &Homogeneous, out: &mut [u32]) {
        let mut line = ColourLine::new(&self.stops, repeat);
        self.fill(repeat, v, step, 0, |at| line.pixel(at), out);
    }

    /// As [`row`](Self::row), in floating point.
    pub(super) fn row_float(&self, repeat: Repeat, v: Homogeneous, step: &Homogeneous, out: &mut [Float]) {
        let mut line = ColourLine::new(&self.stops, repeat);
        self.fill(repeat, v, step, [0.0; 4], |at| line.colour(at).to_array(), out);
    }

    #[inline]
    fn fill<P: Copy>(
        &self,
        repeat: Repeat,
        mut v: Homogeneous,
        step: &Homogeneous,
        clear: P,
        mut colour: impl FnMut(i64) -> P,
        out: &mut [P],
    ) {
        match self.shape {
            Shape::Linear { p1, p2 } => {
                let (dx, dy) = (f64::from(p2.0) - f64::from(p1.0), f64::from(p2.1) - f64::from(p1.1));
                let length = dx * dx + dy * dy;
                let (x1, y1) = (f64::from(p1.0), f64::from(p1.1));
                let first = |at: Homogeneous, scale: f64| {
                    let w = at[2] as f64 / ONE as f64;
                    ((dx * at[0] as f64 + dy * at[1] as f64 - (dx * x1 + dy * y1) * w) * scale) as i64
                };
                let scale = |at: Homogeneous| (ONE * ONE) as f64 / (length * at[2] as f64);
                if step[2] != 0 && length != 0.0 {
                    for pixel in out {
                        *pixel = colour(if v[2] == 0 { 0 } else { first(v, scale(v)) });
                        advance(&mut v, step);
                    }
                } else if length == 0.0 || v[2] == 0 {
                    out.fill_with(|| colour(0));
                } else {
                    // Whole sixteenths-of-thousandths at the row's start, then exact multiples of the step.
                    let first = first(v, scale(v));
                    let along = (dx * step[0] as f64 + dy * step[1] as f64) * scale(v);
                    for (i, pixel) in out.iter_mut().enumerate() {
                        *pixel = colour(first.saturating_add((along * i as f64) as i64));
                    }
                }
            }
            Shape::Radial { inner, inner_radius, outer, outer_radius } => {
                let one = ONE as f64;
                let r1 = f64::from(inner_radius);
                let (dx, dy, dr) = (
                    f64::from(outer.0) - f64::from(inner.0),
                    f64::from(outer.1) - f64::from(inner.1),
                    f64::from(outer_radius) - r1,
                );
                let a = dx * dx + dy * dy - dr * dr;
                let inverse = one / a;
                let lowest = -r1 * one;
                for pixel in out {
                    let (x, y) = divide(v);
                    let (px, py) = (x as f64 - f64::from(inner.0), y as f64 - f64::from(inner.1));
                    let b = px * dx + py * dy + r1 * dr;
                    let c = px * px + py * py - r1 * r1;
                    // The largest position whose circle goes through the point and has no negative radius.
                    let fits = |t: f64| {
                        if repeat == Repeat::None { (0.0..=one).contains(&t) } else { t * dr >= lowest }
                    };
                    let position = if a == 0.0 {
                        (b != 0.0).then(|| 0.5 * one * c / b).filter(|t| fits(*t))
                    } else {
                        let discriminant = b * b - a * c;
                        if discriminant >= 0.0 {
                            let root = discriminant.sqrt();
                            let t = (b + root) * inverse;
                            if fits(t) { Some(t) } else { Some((b - root) * inverse).filter(|t| fits(*t)) }
                        } else {
                            None
                        }
                    };
                    *pixel = match position {
                        Some(t) if v[2] != 0 => colour(t as i64),
                        _ => clear,
                    };
                    advance(&mut v, step);
                }
            }
            Shape::Conical { centre, angle } => {
                let angle = (f64::from(angle) / 65536.0).to_radians();
                for pixel in out {
                    let (x, y) = divide(v);
                    let turn = (y as f64 - f64::from(centre.1)).atan2(x as f64 - f64::from(centre.0)) + angle;
                    let turn = match turn {
                        _ if (0.0..TAU).contains(&turn) => turn,
                        _ if (-TAU..0.0).contains(&turn) => turn + TAU,
                        _ => turn.rem_euclid(TAU),
                    };
                    let t = 1.0 - turn / TAU;
                    *pixel = colour((t * ONE as f64) as i64);
                    advance(&mut v, step);
                }
            }
        }
    }
}

/// Farther than any position.
const FAR: i64 = i64::MAX / 4;

/// Colours by position; remembers the stretch between two stops that the last position fell into.
struct ColourLine<'a> {
    stops: &'a Stops,
    repeat: Repeat,
    /// Positions for which slope and base hold.
    valid: std::ops::Range<i64>,
    slope: f32x4,
    base: f32x4,
}

impl<'a> ColourLine<'a> {
    fn new(stops: &'a Stops, repeat: Repeat) -> Self {
        Self { stops, repeat, valid: 0..0, slope: f32x4::ZERO, base: f32x4::ZERO }
    }

    /// The premultiplied colour at a position: alpha, red, green, blue.
    #[inline]
    fn colour(&mut self, position: i64) -> f32x4 {
        let position = position.clamp(-FAR, FAR);
        if !self.valid.contains(&position) {
            self.find(position);
        }
        let t = position as f32 * (1.0 / 65536.0);
        let colour = self.slope * t + self.base;
        let [a, ..] = colour.to_array();
        colour * f32x4::new([1.0, a, a, a])
    }

    /// The premultiplied colour at a position, in eight bits to a channel.
    #[inline]
    fn pixel(&mut self, position: i64) -> u32 {
        let sums = (self.colour(position) * 255.0 + 0.5).fast_trunc_int();
        let halves = i16x8::from_i32x8_saturate(cast::<[i32x4; 2], i32x8>([sums, sums]));
        let [pixel, ..] = cast::<u8x16, [[u8; 4]; 4]>(u8x16::narrow_i16x8(halves, halves));
        u32::from_be_bytes(pixel)
    }

    fn find(&mut self, position: i64) {
        let (first, last) = self.stops.ends();
        // The position in 0..=1, and how far it was moved; in a mirrored period it runs backwards.
        let (x, mirrored) = match self.repeat {
            Repeat::Reflect if position & 0x1_0000 != 0 => (0x1_0000 - (position & 0xffff), true),
            Repeat::Normal | Repeat::Reflect => (position & 0xffff, false),
            Repeat::None | Repeat::Pad => (position, false),
        };
        let next = self.stops.0.partition_point(|s| i64::from(s.position) <= x);
        let stop_before = next.checked_sub(1).and_then(|i| self.stops.0.get(i)).copied();
        let stop_after = self.stops.0.get(next).copied();
        let clear = [0; 4];
        let at = |s: Stop| (i64::from(s.position), s.colour);
        let (mut left, mut right) = match (stop_before, stop_after) {
            (Some(l), Some(r)) => (at(l), at(r)),
            (None, Some(r)) => match self.repeat {
                Repeat::None => ((-FAR, clear), (i64::from(r.position), clear)),
                Repeat::Pad => ((-FAR, r.colour), at(r)),
                Repeat::Normal => ((i64::from(last.position) - ONE, last.colour), at(r)),
                Repeat::Reflect => ((-i64::from(first.position), first.colour), at(r)),
            },
            (Some(l), None) => match self.repeat {
                Repeat::None => ((i64::from(l.position), clear), (FAR, clear)),
                Repeat::Pad => (at(l), (FAR, l.colour)),
                Repeat::Normal => (at(l), (i64::from(first.position) + ONE, first.colour)),
                Repeat::Reflect => (at(l), (2 * ONE - i64::from(last.position), last.colour)),
            },
            (None, None) => ((-FAR, clear), (FAR, clear)),
        };
        self.valid = left.0..right.0;
        if mirrored {
            (left, right) = ((2 * ONE - right.0, right.1), (2 * ONE - left.0, left.1));
            let period = position - (position & 0x1_ffff);
            left.0 += period;
            right.0 += period;
            // The border between two stretches belongs to what comes before it, as seen in the mirror.
            self.valid = left.0 + 1..right.0 + 1;
        } else if matches!(self.repeat, Repeat::Normal | Repeat::Reflect) {
            left.0 += position - x;
            right.0 += position - x;
            self.valid = left.0..right.0;
        }
        if self.repeat == Repeat::Reflect {
            // A stretch ends with its period.
            let period = position - (position & 0xffff);
            self.valid = self.valid.start.max(period)..self.valid.end.min(period + ONE);
        }
        let flat = right.0 <= left.0 || left.0 <= -FAR || right.0 >= FAR;
        let (lx, rx) = (left.0 as f32 / 65536.0, right.0 as f32 / 65536.0);
        let (mut slope, mut base) = ([0.0; 4], [0.0; 4]);
        for i in 0..4 {
            let (l, r) = (f32::from(left.1[i]) / 65535.0, f32::from(right.1[i]) / 65535.0);
            if flat {
                base[i] = l.midpoint(r);
            } else {
                let reciprocal = 1.0 / (rx - lx);
                (slope[i], base[i]) = ((r - l) * reciprocal, (l * rx - r * lx) * reciprocal);
            }
        }
        (self.slope, self.base) = (f32x4::new(slope), f32x4::new(base));
    }
}

#[cfg(test)]
mod tests {
    use super::super::transform::untransformed;
    use super::*;

    fn black_to_white() -> Stops {
        Stops::new(vec![
            Stop { position: 0, colour: [0xffff, 0, 0, 0] },
            Stop { position: 1 << 16, colour: [0xffff; 4] },
        ])
        .unwrap()
    }

    fn row(repeat: Repeat, shape: Shape, y: i32, from: i32, n: usize) -> Vec<u32> {
        let (v, step) = untransformed(from, y);
        let mut out = vec![0; n];
        Gradient { shape, stops: black_to_white() }.row(repeat, v, &step, &mut out);
        out.iter().map(|p| if p >> 24 == 0 { 0x100 } else { p & 0xff }).collect()
    }

    const ACROSS: Shape = Shape::Linear { p1: (0, 0), p2: (4 << 16, 0) };

    #[test]
    fn a_linear_gradient_is_sampled_at_pixel_centres() {
        assert_eq!(row(Repeat::Pad, ACROSS, 7, 0, 4), [32, 96, 159, 223]);
    }

    #[test]
    fn beyond_its_ends_a_gradient_follows_the_repeat() {
        assert_eq!(row(Repeat::None, ACROSS, 0, -1, 6), [0x100, 32, 96, 159, 223, 0x100]);
        assert_eq!(row(Repeat::Pad, ACROSS, 0, -1, 6), [0, 32, 96, 159, 223, 255]);
        assert_eq!(row(Repeat::Normal, ACROSS, 0, -1, 6), [223, 32, 96, 159, 223, 32]);
        assert_eq!(row(Repeat::Reflect, ACROSS, 0, -2, 8), [96, 32, 32, 96, 159, 223, 223, 159]);
    }

    #[test]
    fn a_radial_gradient_grows_from_the_inner_circle() {
        let shape = Shape::Radial { inner: (0, 0), inner_radius: 0, outer: (0, 0), outer_radius: 10 << 16 };
        let out = row(Repeat::None, shape, 0, 0, 12);
        assert!(out[..9].is_sorted());
        assert_eq!(out[11], 0x100);
    }

    #[test]
    fn a_conical_gradient_turns_once_around() {
        let shape = Shape::Conical { centre: (0, 0), angle: 0 };
        let right_and_below = row(Repeat::Pad, shape, 0, 1000, 1)[0];
        let right_and_above = row(Repeat::Pad, shape, -1, 1000, 1)[0];
        assert!(right_and_below > 250 && right_and_above < 5);
    }

    #[test]
    fn stops_out_of_order_or_range_are_refused() {
        let at = |position| Stop { position, colour: [0; 4] };
        assert!(Stops::new(vec![]).is_none());
        assert!(Stops::new(vec![at(5), at(4)]).is_none());
        assert!(Stops::new(vec![at(-1)]).is_none());
        assert!(Stops::new(vec![at(65537)]).is_none());
        assert!(Stops::new(vec![at(0), at(0), at(65536)]).is_some());
    }

    #[test]
    fn positions_at_the_ends_of_the_number_line_are_harmless() {
        let mut line_stops = black_to_white();
        for repeat in [Repeat::None, Repeat::Normal, Repeat::Pad, Repeat::Reflect] {
            let mut line = ColourLine::new(&line_stops, repeat);
            for p in [i64::MIN / 2, -1, 0, 65536, 65537, i64::MAX / 2] {
                line.colour(p);
            }
        }
        line_stops.0.truncate(1);
        ColourLine::new(&line_stops, Repeat::Normal).colour(12345);
    }
}
