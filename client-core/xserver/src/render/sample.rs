//! Sampling: rows of a picture that is scaled, turned or seen in perspective, by each of the filters.
//!
//! Most pictures that are scaled are held in words as compositing wants them, and most points of a row have all the
//! pixels that count inside the picture: those are read without asking what repeats, what the format is, or whether
//! the alpha comes from elsewhere. All others are fetched one by one.

use std::ops::Range;

use bytemuck::cast;
use wide::{i16x8, i32x4, i32x8, u8x16, u32x4};

use super::format::Format;
use super::repeat::Repeat;
use super::source::{Bits, Filter, Kernel, Source};
use super::transform::{Homogeneous, ONE, Transform, advance, divide};

/// The words of a drawable whose format is that of compositing, but for the alpha.
struct Plane<'a> {
    words: &'a [u32],
    stride: usize,
    size: (i64, i64),
    /// What is set in every pixel: the alpha of a format that has none.
    fill: u32,
}

impl<'a> Plane<'a> {
    fn new(bits: &Bits<'a>) -> Option<Self> {
        let fill = fill_of(bits.format)?;
        let (x, y) = bits.origin;
        let whole = bits.pixmap.bounds();
        let inside = bits.size.0 > 0
            && bits.size.1 > 0
            && x >= 0
            && y >= 0
            && x <= whole.x2 - bits.size.0
            && y <= whole.y2 - bits.size.1;
        let stride = bits.pixmap.width() as usize;
        let words = bits.pixmap.words().filter(|_| inside)?.get(y as usize * stride + x as usize..)?;
        Some(Self { words, stride, size: (bits.size.0.into(), bits.size.1.into()), fill })
    }

    #[inline]
    fn pixel(&self, x: i64, y: i64) -> Option<u32> {
        if !(0..self.size.0).contains(&x) || !(0..self.size.1).contains(&y) {
            return None;
        }
        Some(*self.words.get(y as usize * self.stride + x as usize)? | self.fill)
    }

    /// A row and the one below it.
    fn rows(&self, y: i64) -> Option<(&'a [u32], &'a [u32])> {
        if y < 0 || y >= self.size.1 - 1 {
            return None;
        }
        let rows = self.words.get(y as usize * self.stride..)?;
        Some((rows.get(..self.size.0 as usize)?, rows.get(self.stride..self.stride + self.size.0 as usize)?))
    }

    /// The word of a pixel, its right neighbour, and the two below them.
    #[inline]
    fn corners(&self, x: i64, y: i64) -> Option<Corners> {
        let inside = x >= 0 && y >= 0 && x < self.size.0 - 1 && y < self.size.1 - 1;
        if !inside {
            return None;
        }
        let at = y as usize * self.stride + x as usize;
        let (above, rest) = self.words.get(at..at + self.stride + 2)?.split_first_chunk::<2>()?;
        let below = rest.last_chunk::<2>()?;
        Some([*above, *below])
    }
}

/// What makes a word of a format a pixel as compositing wants it, if that is all it takes.
fn fill_of(format: &Format) -> Option<u32> {
    if format.is_native() { Some(0) } else { format.is_native_opaque().then_some(0xff00_0000) }
}

/// The points that the pixels of a row fall on.
struct Points {
    at: Homogeneous,
    step: Homogeneous,
    affine: bool,
}

impl Points {
    #[inline]
    fn next(&mut self) -> (i64, i64) {
        let point = if self.affine { (self.at[0], self.at[1]) } else { divide(self.at) };
        advance(&mut self.at, &self.step);
        point
    }

    /// Whether all of them lie on one row of the source.
    fn are_level(&self) -> bool {
        self.affine && self.step[1] == 0
    }
}

impl Source<'_> {
    /// A pixel of the picture, with the alpha map's alpha if it has one.
    fn fetch(&self, bits: &Bits<'_>, x: i64, y: i64) -> u32 {
        let pixel = bits.pixel(x, y, self.repeat);
        let Some(map) = &self.alpha_map else { return pixel };
        // The map does not repeat of itself: it is looked up where the picture's pixel is.
        let (Some(x), Some(y)) = (self.repeat.wrap(x, bits.size.0), self.repeat.wrap(y, bits.size.1)) else {
            return 0;
        };
        let (x, y) = (i64::from(x) - i64::from(map.origin.0), i64::from(y) - i64::from(map.origin.1));
        pixel & 0x00ff_ffff | map.bits.pixel(x, y, Repeat::None) & 0xff00_0000
    }

    /// Reads a row whose first pixel is (x, y), through transform and filter.
    pub(super) fn transformed_row(&self, bits: &Bits<'_>, x: i32, y: i32, out: &mut [u32]) {
        let (at, step) = self.start(x, y);
        let mut points = Points { at, step, affine: self.transform.is_none_or(Transform::is_affine) };
        let plane = if self.alpha_map.is_none() { Plane::new(bits) } else { None };
        match (self.filter, plane) {
            (Filter::Nearest, _) if self.level_row(bits, &points, out) => {}
            (Filter::Nearest, plane) => {
                for pixel in out {
                    let (x, y) = points.next();
                    // A point on the border between two pixels belongs to the left or upper one.
                    let (x, y) = ((x - 1) >> 16, (y - 1) >> 16);
                    *pixel = plane
                        .as_ref()
                        .and_then(|plane| plane.pixel(x, y))
                        .unwrap_or_else(|| self.fetch(bits, x, y));
                }
            }
            (Filter::Bilinear, Some(plane)) if self.level_bilinear_row(bits, &plane, &points, out) => {}
            (Filter::Bilinear, plane) => {
                let fill = plane.as_ref().map_or(0, |plane| plane.fill);
                for pixel in out {
                    let (x, y) = points.next();
                    let (x, y) = (x - ONE / 2, y - ONE / 2);
                    let (right, down) = (weights(x >> 9), weights(y >> 9));
                    *pixel = match plane.as_ref().and_then(|plane| plane.corners(x >> 16, y >> 16)) {
                        Some(corners) => bilinear(corners, right, down) | fill,
                        None => bilinear(self.corners(bits, x >> 16, y >> 16), right, down),
                    };
                }
            }
            (Filter::Convolution(kernel), _) => {
                for pixel in out {
                    *pixel = self.convolved(bits, kernel, points.next());
                }
            }
        }
    }

    /// A row of nearest pixels of a source that is scaled but not turned: all of them are in one row of the source. Tells
    /// whether it was so.
    fn level_row(&self, bits: &Bits<'_>, points: &Points, out: &mut [u32]) -> bool {
        if !points.are_level() || self.alpha_map.is_some() {
            return false;
        }
        let y = (points.at[1] - 1) >> 16;
        let row =
            self.repeat.wrap(y, bits.size.1).and_then(|y| bits.words(0, y, bits.size.0.max(0) as usize));
        let (Some(row), false) = (row, row.is_none_or(<[u32]>::is_empty)) else { return false };
        let (format, fill) = (bits.format, fill_of(bits.format));
        let (x, dx) = (points.at[0] - 1, points.step[0]);
        let within = run_within(x, dx, (row.len() as i64) << 16, out.len());
        let at = |i: usize| x.saturating_add(dx.saturating_mul(i as i64));
        let (out, right) = out.split_at_mut(within.end);
        let (left, out) = out.split_at_mut(within.start);
        match fill {
            Some(alpha) => gather_row(row, (at(within.start) as u32, dx as u32), alpha, out),
            None => {
                for (i, pixel) in (within.start..).zip(out) {
                    *pixel = row.get((at(i) >> 16) as usize).map_or(0, |word| format.read(*word));
                }
            }
        }
        for (first, side) in [(0, left), (within.end, right)] {
            if self.repeat == Repeat::None {
                side.fill(0);
                continue;
            }
            for (i, pixel) in (first..).zip(side) {
                let at = self.repeat.wrap(at(i) >> 16, bits.size.0);
                *pixel = at.and_then(|x| row.get(x as usize)).map_or(0, |word| format.read(*word));
            }
        }
        true
    }

    /// A row between pixels of a source that is scaled but not turned: all of it lies between two rows of the source.
    /// Tells whether it was so.
    fn level_bilinear_row(
        &self,
        bits: &Bits<'_>,
        plane: &Plane<'_>,
        points: &Points,
        out: &mut [u32],
    ) -> bool {
        let y = points.at[1] - ONE / 2;
        let (true, Some((above, below))) = (points.are_level(), plane.rows(y >> 16)) else { return false };
        let down = weights(y >> 9);
        let (x, dx) = (points.at[0] - ONE / 2, points.step[0]);
        let within = run_within(x, dx, (plane.size.0 - 1) << 16, out.len());
        let at = |i: usize| x.saturating_add(dx.saturating_mul(i as i64));
        let (out, right) = out.split_at_mut(within.end);
        let (left, out) = out.split_at_mut(within.start);
        mix_row((above, below), (at(within.start) as u32, dx as u32), down, plane.fill, out);
        for (first, side) in [(0, left), (within.end, right)] {
            for (i, pixel) in (first..).zip(side) {
                let x = at(i);
                *pixel = bilinear(self.corners(bits, x >> 16, y >> 16), weights(x >> 9), down);
            }
        }
        true
    }

    /// A pixel, its right neighbour, and the two below them, wherever they are.
    #[cold]
    fn corners(&self, bits: &Bits<'_>, x: i64, y: i64) -> Corners {
        [y, y + 1].map(|y| [x, x + 1].map(|x| self.fetch(bits, x, y)))
    }

    fn convolved(&self, bits: &Bits<'_>, kernel: &Kernel, at: (i64, i64)) -> u32 {
        let (left, top) = kernel.corner(at);
        let mut sums = [0_i64; 4];
        for (row, weights) in kernel.weights.chunks(usize::from(kernel.width)).enumerate() {
            for (column, weight) in weights.iter().enumerate() {
                if *weight != 0 {
                    let p = self.fetch(bits, left + column as i64, top + row as i64).to_be_bytes();
                    for (sum, c) in sums.iter_mut().zip(p) {
                        *sum += i64::from(c) * i64::from(*weight);
                    }
                }
            }
        }
        u32::from_be_bytes(sums.map(|s| ((s + ONE / 2) / ONE).clamp(0, 255) as u8))
    }
}

/// Which of `n` points, from `x` on and `dx` apart, lie within `0..limit`: they are one run.
fn run_within(x: i64, dx: i64, limit: i64, n: usize) -> Range<usize> {
    // Most often all do, which is told without dividing.
    let last = x.saturating_add(dx.saturating_mul((n as i64).saturating_sub(1)));
    if (0..limit).contains(&x) && (0..limit).contains(&last) {
        return 0..n;
    }
    // How many points come before the first that has gone so far.
    let before = |way: i64| {
        let count = way.saturating_add(dx.abs() - 1).div_euclid(dx.abs().max(1));
        count.clamp(0, n as i64) as usize
    };
    let (start, end) = match dx.signum() {
        1 => (before(x.saturating_neg()), before(limit.saturating_sub(x))),
        -1 => (before(x.saturating_sub(limit).saturating_add(1)), before(x.saturating_add(1))),
        _ => (0, if (0..limit).contains(&x) { n } else { 0 }),
    };
    start.min(end)..end
}

/// Picks the pixels of a row that all lie within it: from `x` on, in 16.16, which fits as columns are fewer than 32768.
fn gather_row(row: &[u32], (mut x, step): (u32, u32), fill: u32, out: &mut [u32]) {
    let mut next = || {
        let pixel = row.get((x >> 16) as usize).copied().unwrap_or(0) | fill;
        x = x.wrapping_add(step);
        pixel
    };
    let (fours, rest) = out.as_chunks_mut::<4>();
    for four in fours {
        *four = [next(), next(), next(), next()];
    }
    rest.fill_with(next);
}

/// Mixes pixels that all lie between those of two rows: from `x` on, in 16.16, which fits as columns are fewer than 32768.
fn mix_row(
    (above, below): (&[u32], &[u32]),
    (mut x, step): (u32, u32),
    down: i16x8,
    fill: u32,
    out: &mut [u32],
) {
    // Of one length, one comparison holds for both.
    let Some(below) = below.get(..above.len()) else { return };
    let mut next = || {
        let at = (x >> 16) as usize;
        let two = |row: &[u32]| row.get(at..at + 2).and_then(<[u32]>::first_chunk::<2>).copied();
        let sums = mix([two(above)?, two(below)?], weights(i64::from(x >> 9)), down);
        x = x.wrapping_add(step);
        Some(sums)
    };
    let half = |a: i32x4, b: i32x4| i16x8::from_i32x8_saturate(cast::<[i32x4; 2], i32x8>([a, b]));
    let fill = u32x4::splat(fill);
    let (fours, rest) = out.as_chunks_mut::<4>();
    for four in fours {
        let (Some(a), Some(b), Some(c), Some(d)) = (next(), next(), next(), next()) else { return };
        *four = cast(cast::<u8x16, u32x4>(u8x16::narrow_i16x8(half(a, b), half(c, d))) | fill);
    }
    for pixel in rest {
        let Some(sums) = next() else { return };
        let halves = half(sums, sums);
        *pixel = (cast::<u8x16, u32x4>(u8x16::narrow_i16x8(halves, halves)) | fill).to_array()[0];
    }
}

/// Pixels between four others: rows of top left and top right, bottom left and bottom right.
type Corners = [[u32; 2]; 2];

/// A pixel between its corners, by the [`weights`] of left and right, and of above and below.
#[inline]
fn bilinear(corners: Corners, across: i16x8, down: i16x8) -> u32 {
    let sums = mix(corners, across, down);
    let halves = i16x8::from_i32x8_saturate(cast::<[i32x4; 2], i32x8>([sums, sums]));
    let [pixel, ..] = cast::<u8x16, [u32; 4]>(u8x16::narrow_i16x8(halves, halves));
    pixel
}

/// The channels of a pixel between its corners.
#[inline]
fn mix([top, bottom]: Corners, across: i16x8, down: i16x8) -> i32x4 {
    let bytes = |row: [u32; 2]| cast::<[u64; 2], u8x16>([cast(row), 0]);
    // Above and below in turns, so that each sum of products is what lies between the two; all fit 16 bits.
    let pairs = u8x16::unpack_low(bytes(top), bytes(bottom));
    let left = i16x8::from_u8x16_low(pairs).dot(down);
    let right = i16x8::from_u8x16_high(pairs).dot(down);
    cast::<i32x4, i16x8>(left | (right << 16_u32)).dot(across) >> 14_u32
}

/// What two neighbours weigh, in turns, by the distance from the first in 128ths, of which whole ones do not count.
#[inline]
fn weights(part: i64) -> i16x8 {
    WEIGHTS[(part & 0x7f) as usize]
}

/// To be looked up is quicker than to be made for each pixel.
static WEIGHTS: [i16x8; 128] = {
    let mut all = [i16x8::ZERO; 128];
    let mut part = 0;
    while part < 128 {
        let (near, far) = (128 - part as i16, part as i16);
        all[part] = i16x8::new([near, far, near, far, near, far, near, far]);
        part += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use x11rb_protocol::protocol::render;

    use super::*;
    use crate::raster::Pixmap;

    #[test]
    fn four_pixels_mix_by_their_areas_channel_by_channel() {
        let corners = [[0xff80_4020, 0x0010_ffff], [0x7f00_3311, 0x1234_5678]];
        for x in 0..128 {
            for y in 0..128 {
                let areas = [(128 - x) * (128 - y), x * (128 - y), (128 - x) * y, x * y];
                let expected = [24, 16, 8, 0].map(|shift: u32| {
                    let channels = corners.as_flattened().iter().map(|p| p >> shift & 0xff);
                    (channels.zip(areas).map(|(c, area)| c * area).sum::<u32>() >> 14) as u8
                });
                let mixed = bilinear(corners, weights(x.into()), weights(y.into()));
                assert_eq!(mixed, u32::from_be_bytes(expected), "{x} {y}");
            }
        }
    }

    #[test]
    fn a_level_row_is_mixed_as_its_pixels_are_one_by_one() {
        let mut pixmap = Pixmap::new(150, 3, 32).unwrap();
        for i in 0..450_u32 {
            pixmap.set(i as i32 % 150, i as i32 / 150, i.wrapping_mul(0x9e37_79b1));
        }
        let format = Format::a8r8g8b8();
        let bits = Bits { pixmap: &pixmap, origin: (0, 0), size: (150, 3), format };
        for repeat in [Repeat::None, Repeat::Normal, Repeat::Pad, Repeat::Reflect] {
            for scale in [-0x1_8000, 0x3000, 0x8000, 0xffff, 0x1_0000, 0x1_8000, 0x2_0000, 0x5_4321] {
                for matrix13 in [-0x20_0000, 0x1234, 0x60_0000] {
                    let one = 1 << 16;
                    let transform = Transform::new(&render::Transform {
                        matrix11: scale,
                        matrix13,
                        matrix22: one / 2,
                        matrix33: one,
                        ..render::Transform::default()
                    });
                    let source = Source {
                        repeat,
                        transform: transform.as_ref(),
                        filter: &Filter::Bilinear,
                        ..Source::bits(bits)
                    };
                    for y in -2..8 {
                        let mut row = [0; 100];
                        source.row(3, y, &mut row);
                        let (at, step) = source.start(3, y);
                        for (i, pixel) in row.into_iter().enumerate() {
                            let (x, y) = (at[0] + step[0] * i as i64 - ONE / 2, at[1] - ONE / 2);
                            let corners = source.corners(&bits, x >> 16, y >> 16);
                            let across = weights(x >> 9);
                            let expected = bilinear(corners, across, weights(y >> 9));
                            assert_eq!(pixel, expected, "{repeat:?} {scale:x} {matrix13:x} {y} {i}");
                        }
                    }
                }
            }
        }
    }
}
