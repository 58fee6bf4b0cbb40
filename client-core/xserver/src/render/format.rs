//! Picture formats: how the bits of a pixel are its alpha, red, green and blue.
//!
//! Compositing works on premultiplied `a8r8g8b8` words. A channel of fewer bits is widened by repeating its bits and
//! narrowed by dropping the low ones; a missing alpha is opaque, missing colours are black. Formats of ten bits to a
//! channel are composited in floating point.

use super::op::{Float, Op, from_unit, to_float};
use crate::raster::Pixmap;

/// Where one channel is in a pixel: the lowest bit, and how many. No bits: the format lacks the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Number of the lowest bit.
    pub shift: u8,
    /// Number of bits: 0 to 10.
    pub bits: u8,
}

impl Channel {
    /// The channel's mask, shifted down to bit 0, as PICTFORMINFO carries it.
    pub fn mask(self) -> u16 {
        (1_u16 << self.bits) - 1
    }

    /// The value in eight bits; `missing` when the format lacks the channel.
    #[inline]
    fn widen(self, pixel: u32, missing: u32) -> u32 {
        let v = pixel >> self.shift & u32::from(self.mask());
        match self.bits {
            0 => missing,
            1 => v * 0xff,
            2 => v * 0x55,
            4 => v * 0x11,
            5 => v << 3 | v >> 2,
            6 => v << 2 | v >> 4,
            8 => v,
            bits => from_unit(v as f32 / f32::from((1_u16 << bits) - 1), 8),
        }
    }

    #[inline]
    fn narrow(self, value: u32) -> u32 {
        match self.bits {
            0 => 0,
            bits @ 1..=8 => (value >> (8 - bits)) << self.shift,
            bits => from_unit(value as f32 / 255.0, u32::from(bits)) << self.shift,
        }
    }

    fn to_unit(self, pixel: u32, missing: f32) -> f32 {
        if self.bits == 0 {
            missing
        } else {
            // Times the reciprocal: equal channels of different widths need not be equal here, as elsewhere.
            (pixel >> self.shift & u32::from(self.mask())) as f32 * (1.0 / f32::from(self.mask()))
        }
    }

    fn pack(self, value: f32) -> u32 {
        match self.bits {
            0 => 0,
            // Through eight bits, as in the eight-bit formats.
            1..=8 => self.narrow(from_unit(value, 8)),
            bits => from_unit(value, u32::from(bits)) << self.shift,
        }
    }
}

/// A picture format: PICTFORMINFO of type Direct, without colormap.
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
    /// PICTFORMAT: its resource id, in the server's range.
    pub id: u32,
    /// Depth of the drawables it fits.
    pub depth: u8,
    /// Alpha.
    pub alpha: Channel,
    /// Red.
    pub red: Channel,
    /// Green.
    pub green: Channel,
    /// Blue.
    pub blue: Channel,
}

const fn format(index: u32, depth: u8, channels: [(u8, u8); 4]) -> Format {
    let [a, r, g, b] = channels;
    Format {
        id: FIRST_ID + index,
        depth,
        alpha: Channel { shift: a.0, bits: a.1 },
        red: Channel { shift: r.0, bits: r.1 },
        green: Channel { shift: g.0, bits: g.1 },
        blue: Channel { shift: b.0, bits: b.1 },
    }
}

/// The lowest PICTFORMAT id.
pub const FIRST_ID: u32 = 0x60;

/// The formats offered: alpha, red, green, blue as (lowest bit, bits).
pub static FORMATS: [Format; 24] = [
    format(0, 1, [(0, 1), (0, 0), (0, 0), (0, 0)]),
    format(1, 8, [(0, 8), (0, 0), (0, 0), (0, 0)]),
    format(2, 32, [(24, 8), (16, 8), (8, 8), (0, 8)]),
    format(3, 32, [(0, 0), (16, 8), (8, 8), (0, 8)]),
    format(4, 32, [(0, 8), (8, 8), (16, 8), (24, 8)]),
    format(5, 32, [(0, 0), (8, 8), (16, 8), (24, 8)]),
    format(6, 24, [(0, 0), (16, 8), (8, 8), (0, 8)]),
    format(7, 24, [(0, 0), (0, 8), (8, 8), (16, 8)]),
    format(8, 4, [(0, 4), (0, 0), (0, 0), (0, 0)]),
    format(9, 16, [(0, 0), (8, 4), (4, 4), (0, 4)]),
    format(10, 16, [(0, 0), (0, 4), (4, 4), (8, 4)]),
    format(11, 16, [(0, 0), (10, 5), (5, 5), (0, 5)]),
    format(12, 16, [(0, 0), (0, 5), (5, 5), (10, 5)]),
    format(13, 16, [(15, 1), (10, 5), (5, 5), (0, 5)]),
    format(14, 16, [(15, 1), (0, 5), (5, 5), (10, 5)]),
    format(15, 16, [(0, 0), (11, 5), (5, 6), (0, 5)]),
    format(16, 16, [(0, 0), (0, 5), (5, 6), (11, 5)]),
    format(17, 16, [(12, 4), (8, 4), (4, 4), (0, 4)]),
    format(18, 16, [(12, 4), (0, 4), (4, 4), (8, 4)]),
    format(19, 32, [(0, 0), (0, 8), (8, 8), (16, 8)]),
    format(20, 32, [(30, 2), (20, 10), (10, 10), (0, 10)]),
    format(21, 32, [(0, 0), (20, 10), (10, 10), (0, 10)]),
    format(22, 32, [(30, 2), (0, 10), (10, 10), (20, 10)]),
    format(23, 32, [(0, 0), (0, 10), (10, 10), (20, 10)]),
];

impl Format {
    /// The format of a PICTFORMAT id.
    pub fn by_id(id: u32) -> Option<&'static Self> {
        FORMATS.get(usize::try_from(id.checked_sub(FIRST_ID)?).ok()?)
    }

    /// One bit of coverage.
    pub fn a1() -> &'static Self {
        &FORMATS[0]
    }

    /// Four bits of coverage.
    pub fn a4() -> &'static Self {
        &FORMATS[8]
    }

    /// Eight bits of coverage.
    pub fn a8() -> &'static Self {
        &FORMATS[1]
    }

    /// What compositing itself works in.
    pub fn a8r8g8b8() -> &'static Self {
        &FORMATS[2]
    }

    /// Depth 24 TrueColor: the format of the default visual.
    pub fn x8r8g8b8() -> &'static Self {
        &FORMATS[6]
    }

    /// Whether it has red, green and blue.
    pub fn has_colour(&self) -> bool {
        self.red.bits != 0
    }

    /// Whether eight bits do not hold its channels.
    pub(super) fn is_deep(&self) -> bool {
        self.red.bits > 8
    }

    /// Whether its words are those that compositing works in, alpha included.
    pub(super) fn is_native(&self) -> bool {
        self.id == FIRST_ID + 2
    }

    /// Whether its words lack but the alpha of those that compositing works in.
    pub(super) fn is_native_opaque(&self) -> bool {
        self.alpha.bits == 0
            && self.red == Channel { shift: 16, bits: 8 }
            && self.blue == Channel { shift: 0, bits: 8 }
    }

    /// Whether an operator without a mask stores this format's pixels in another format just as they are.
    pub(crate) fn copies_to(&self, other: &Self, op: Op) -> bool {
        let opaque = self.is_native_opaque();
        let op = if opaque { op.with_opaque_source() } else { op };
        let fits = if opaque {
            other.is_native_opaque() && self.depth == other.depth
        } else {
            self.is_native() && std::ptr::eq(self, other)
        };
        op == Op::Src && fits
    }

    /// One pixel as `a8r8g8b8`.
    #[inline]
    pub(super) fn read(&self, pixel: u32) -> u32 {
        let black = |channel: Channel| channel.widen(pixel, 0);
        self.alpha.widen(pixel, 0xff) << 24
            | black(self.red) << 16
            | black(self.green) << 8
            | black(self.blue)
    }

    /// An `a8r8g8b8` pixel in this format.
    #[inline]
    pub(super) fn write(&self, argb: u32) -> u32 {
        self.alpha.narrow(argb >> 24)
            | self.red.narrow(argb >> 16 & 0xff)
            | self.green.narrow(argb >> 8 & 0xff)
            | self.blue.narrow(argb & 0xff)
    }

    /// A row of pixels of a pixmap as `a8r8g8b8`; transparent where the pixmap does not reach.
    pub(super) fn read_row(&self, pixmap: &Pixmap, x: i32, y: i32, out: &mut [u32]) {
        let (x, out) = reached(pixmap, x, out, 0);
        match row(pixmap, x, y, out.len()) {
            Some(Row::Bytes(bytes)) => match self.depth {
                8 => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = u32::from(*b) << 24),
                4 => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = u32::from(*b) * 0x1100_0000),
                _ => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = u32::from(*b) * 0xff00_0000),
            },
            Some(Row::Words(words)) => {
                if self.is_native() {
                    out.copy_from_slice(words);
                } else if self.is_native_opaque() {
                    out.iter_mut().zip(words).for_each(|(o, w)| *o = w | 0xff00_0000);
                } else {
                    out.iter_mut().zip(words).for_each(|(o, w)| *o = self.read(*w));
                }
            }
            None => out.fill(0),
        }
    }

    /// As [`read_row`](Self::read_row), in floating point.
    pub(super) fn read_row_float(&self, pixmap: &Pixmap, x: i32, y: i32, out: &mut [Float]) {
        let (x, out) = reached(pixmap, x, out, [0.0; 4]);
        let unit = |w: u32| {
            [
                self.alpha.to_unit(w, 1.0),
                self.red.to_unit(w, 0.0),
                self.green.to_unit(w, 0.0),
                self.blue.to_unit(w, 0.0),
            ]
        };
        match row(pixmap, x, y, out.len()) {
            Some(Row::Bytes(bytes)) => out.iter_mut().zip(bytes).for_each(|(o, b)| *o = unit(u32::from(*b))),
            Some(Row::Words(words)) if self.is_native() => {
                out.iter_mut().zip(words).for_each(|(o, w)| *o = to_float(*w));
            }
            Some(Row::Words(words)) => out.iter_mut().zip(words).for_each(|(o, w)| *o = unit(*w)),
            None => out.fill([0.0; 4]),
        }
    }

    /// Writes a row of `a8r8g8b8` pixels to a pixmap, which must hold them.
    pub(super) fn write_row(&self, pixmap: &mut Pixmap, x: i32, y: i32, pixels: &[u32]) {
        match row_mut(pixmap, x, y, pixels.len()) {
            Some(RowMut::Bytes(bytes)) => {
                let shift = 32 - u32::from(self.depth);
                bytes.iter_mut().zip(pixels).for_each(|(b, p)| *b = (p >> shift) as u8);
            }
            Some(RowMut::Words(words)) => {
                if self.is_native() {
                    words.copy_from_slice(pixels);
                } else if self.is_native_opaque() {
                    words.iter_mut().zip(pixels).for_each(|(w, p)| *w = p & 0x00ff_ffff);
                } else {
                    words.iter_mut().zip(pixels).for_each(|(w, p)| *w = self.write(*p));
                }
            }
            None => {}
        }
    }

    /// As [`write_row`](Self::write_row), from floating point.
    pub(super) fn write_row_float(&self, pixmap: &mut Pixmap, x: i32, y: i32, pixels: &[Float]) {
        let pack = |p: &Float| {
            let [a, r, g, b] = *p;
            self.alpha.pack(a) | self.red.pack(r) | self.green.pack(g) | self.blue.pack(b)
        };
        match row_mut(pixmap, x, y, pixels.len()) {
            Some(RowMut::Bytes(bytes)) => bytes.iter_mut().zip(pixels).for_each(|(b, p)| *b = pack(p) as u8),
            Some(RowMut::Words(words)) => words.iter_mut().zip(pixels).for_each(|(w, p)| *w = pack(p)),
            None => {}
        }
    }
}

/// Fills a part of a row with a pixel of the pixmap's format.
pub(super) fn fill_row(pixmap: &mut Pixmap, x: i32, y: i32, len: usize, pixel: u32) {
    match row_mut(pixmap, x, y, len) {
        Some(RowMut::Bytes(bytes)) => bytes.fill(pixel as u8),
        Some(RowMut::Words(words)) => words.fill(pixel),
        None => {}
    }
}

/// The part of a row that a pixmap's columns reach, and where it begins; the rest is filled.
fn reached<'a, P: Copy>(pixmap: &Pixmap, x: i32, out: &'a mut [P], clear: P) -> (i32, &'a mut [P]) {
    let (from, length) = (i64::from(x), out.len() as i64);
    let start = (-from).clamp(0, length);
    let end = (i64::from(pixmap.width()) - from).clamp(start, length);
    let (start, end) = (start as usize, end as usize);
    if let Some(before) = out.get_mut(..start) {
        before.fill(clear);
    }
    if let Some(after) = out.get_mut(end..) {
        after.fill(clear);
    }
    (x.saturating_add(start as i32), out.get_mut(start..end).unwrap_or_default())
}

enum Row<'a> {
    Bytes(&'a [u8]),
    Words(&'a [u32]),
}

enum RowMut<'a> {
    Bytes(&'a mut [u8]),
    Words(&'a mut [u32]),
}

fn span(pixmap: &Pixmap, x: i32, y: i32, len: usize) -> Option<std::ops::Range<usize>> {
    let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
    let width = usize::try_from(pixmap.width()).ok()?;
    if x.checked_add(len)? > width {
        return None;
    }
    let start = y.checked_mul(width)?.checked_add(x)?;
    Some(start..start + len)
}

fn row(pixmap: &Pixmap, x: i32, y: i32, len: usize) -> Option<Row<'_>> {
    let span = span(pixmap, x, y, len)?;
    match pixmap.words() {
        Some(words) => words.get(span).map(Row::Words),
        None => pixmap.byte_pixels()?.get(span).map(Row::Bytes),
    }
}

fn row_mut(pixmap: &mut Pixmap, x: i32, y: i32, len: usize) -> Option<RowMut<'_>> {
    let span = span(pixmap, x, y, len)?;
    if pixmap.depth() <= 8 {
        pixmap.byte_pixels_mut()?.get_mut(span).map(RowMut::Bytes)
    } else {
        pixmap.words_mut()?.get_mut(span).map(RowMut::Words)
    }
}

/// A row of words to read, where the pixmap has words and holds all of it.
pub(super) fn words_at(pixmap: &Pixmap, x: i32, y: i32, len: usize) -> Option<&[u32]> {
    pixmap.words()?.get(span(pixmap, x, y, len)?)
}

/// A row of bytes to read, where the pixmap has bytes and holds all of it.
pub(super) fn bytes_at(pixmap: &Pixmap, x: i32, y: i32, len: usize) -> Option<&[u8]> {
    pixmap.byte_pixels()?.get(span(pixmap, x, y, len)?)
}

/// A row of words to write, where the pixmap has words and holds all of it.
pub(super) fn words_at_mut(pixmap: &mut Pixmap, x: i32, y: i32, len: usize) -> Option<&mut [u32]> {
    let span = span(pixmap, x, y, len)?;
    pixmap.words_mut()?.get_mut(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_written_and_read_back_is_the_same_in_every_format() {
        for format in &FORMATS {
            let all = u32::MAX >> (32 - u32::from(format.depth));
            for pixel in (0..=0xffff_u32).map(|p| (p.wrapping_mul(0x9e37_79b1)) & all) {
                let used = [format.alpha, format.red, format.green, format.blue]
                    .iter()
                    .fold(0, |mask, c| mask | u32::from(c.mask()) << c.shift);
                if !format.is_deep() {
                    assert_eq!(format.write(format.read(pixel)), pixel & used, "{format:?} {pixel:08x}");
                }
                if format.depth > 8 {
                    let mut pixmap = Pixmap::new(1, 1, format.depth).unwrap();
                    pixmap.set(0, 0, pixel);
                    let mut float = [[0.0; 4]];
                    format.read_row_float(&pixmap, 0, 0, &mut float);
                    format.write_row_float(&mut pixmap, 0, 0, &float);
                    assert_eq!(pixmap.get(0, 0), Some(pixel & used), "{format:?} {pixel:08x}");
                }
            }
        }
    }

    #[test]
    fn formats_are_found_by_the_ids_they_are_listed_with() {
        for format in &FORMATS {
            assert_eq!(Format::by_id(format.id), Some(format));
        }
        assert_eq!(Format::by_id(FIRST_ID - 1), None);
        assert_eq!(Format::by_id(FIRST_ID + 24), None);
        assert!(Format::x8r8g8b8().is_native_opaque() && !Format::x8r8g8b8().is_native());
    }
}
