//! What a picture gives when it is read: rows of pixels in the destination's coordinates.
//!
//! A source is endless: outside its pixels it is transparent, or its repeat says what is there. A transform maps the
//! destination's plane to the source's; then the filter decides how pixels around the mapped point count.

use super::format::{Format, bytes_at, words_at};
use super::gradient::Gradient;
use super::op::{Float, to_float};
use super::repeat::Repeat;
use super::transform::{Homogeneous, ONE, Transform, advance, divide, untransformed};
use crate::raster::Pixmap;

/// How pixels around a point count (RENDER filters).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// The pixel the point is in.
    #[default]
    Nearest,
    /// The four pixels around it, by distance.
    Bilinear,
    /// A kernel of weights around it.
    Convolution(Kernel),
}

/// A convolution kernel: weights in 16.16, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) weights: Vec<i32>,
}

impl Kernel {
    /// The most weights a kernel may have: what one pixel may cost.
    pub const MAX_WEIGHTS: usize = 4096;

    /// The pixel that the first weight is for, around a point in 16.16.
    pub(super) fn corner(&self, (x, y): (i64, i64)) -> (i64, i64) {
        let half = |size: u16| (i64::from(size) * ONE - ONE) >> 1;
        ((x - 1 - half(self.width)) >> 16, (y - 1 - half(self.height)) >> 16)
    }

    /// From the parameters of `SetPictureFilter`: width and height in 16.16, then the weights. None where their number
    /// does not fit, or is above [`MAX_WEIGHTS`](Self::MAX_WEIGHTS).
    pub fn new(parameters: &[i32]) -> Option<Self> {
        let [width, height, weights @ ..] = parameters else { return None };
        if (width | height) & 0xffff != 0 {
            return None;
        }
        let (width, height) = (u16::try_from(width >> 16).ok()?, u16::try_from(height >> 16).ok()?);
        let count = usize::from(width) * usize::from(height);
        (count == weights.len() && (1..=Self::MAX_WEIGHTS).contains(&count)).then(|| Self {
            width,
            height,
            weights: weights.to_vec(),
        })
    }
}

/// Pixels of a drawable, as a picture format sees them.
#[derive(Clone, Copy, Debug)]
pub struct Bits<'a> {
    /// Where the pixels are.
    pub pixmap: &'a Pixmap,
    /// The drawable's corner in the pixmap.
    pub origin: (i32, i32),
    /// The drawable's size.
    pub size: (i32, i32),
    /// What the pixels mean.
    pub format: &'static Format,
}

impl<'a> Bits<'a> {
    /// The part of `from..from + n` that is inside 0..size, as (skip, count).
    fn inside(from: i64, n: usize, size: i32) -> (usize, usize) {
        let n = n as i64;
        let start = (-from).clamp(0, n);
        let end = (i64::from(size) - from).clamp(start, n);
        (start as usize, (end - start) as usize)
    }

    /// Whether a rectangle lies within the drawable.
    pub(super) fn covers(&self, x: i32, y: i32, width: i32, height: i32) -> bool {
        let fits = |from: i32, length: i32, size: i32| {
            from >= 0 && i64::from(from) + i64::from(length) <= i64::from(size)
        };
        fits(x, width, self.size.0) && fits(y, height, self.size.1)
    }

    /// A row of its words, if it is held in words.
    pub(super) fn words(&self, x: i32, y: i32, len: usize) -> Option<&'a [u32]> {
        words_at(self.pixmap, x.checked_add(self.origin.0)?, y.checked_add(self.origin.1)?, len)
    }

    /// A row of its bytes, if it is held in bytes.
    pub(super) fn bytes(&self, x: i32, y: i32, len: usize) -> Option<&'a [u8]> {
        bytes_at(self.pixmap, x.checked_add(self.origin.0)?, y.checked_add(self.origin.1)?, len)
    }

    #[inline]
    pub(super) fn pixel(&self, x: i64, y: i64, repeat: Repeat) -> u32 {
        match (repeat.wrap(x, self.size.0), repeat.wrap(y, self.size.1)) {
            (Some(x), Some(y)) => {
                self.pixmap.get(x + self.origin.0, y + self.origin.1).map_or(0, |p| self.format.read(p))
            }
            _ => 0,
        }
    }

    /// A row of pixels without a transform, by `read`, which reads what lies within.
    fn row<P: Copy>(
        &self,
        x: i64,
        y: i64,
        repeat: Repeat,
        clear: P,
        out: &mut [P],
        read: impl Fn(&Format, &Pixmap, i32, i32, &mut [P]),
    ) {
        let Some(y) = repeat.wrap(y, self.size.1) else {
            out.fill(clear);
            return;
        };
        let y = y + self.origin.1;
        let (skip, count) = Self::inside(x, out.len(), self.size.0);
        if count == out.len() {
            read(self.format, self.pixmap, x as i32 + self.origin.0, y, out);
            return;
        }
        match repeat {
            Repeat::None => {
                out.fill(clear);
                if let Some(out) = out.get_mut(skip..skip + count) {
                    read(self.format, self.pixmap, (x + skip as i64) as i32 + self.origin.0, y, out);
                }
            }
            Repeat::Normal => {
                let mut x = x.rem_euclid(i64::from(self.size.0.max(1))) as i32;
                let mut rest = out;
                while !rest.is_empty() {
                    let n = rest.len().min((self.size.0 - x).max(1) as usize);
                    let (now, later) = rest.split_at_mut(n);
                    read(self.format, self.pixmap, x + self.origin.0, y, now);
                    rest = later;
                    x = 0;
                }
            }
            Repeat::Pad | Repeat::Reflect => {
                for (i, p) in out.iter_mut().enumerate() {
                    *p = clear;
                    if let Some(x) = repeat.wrap(x + i as i64, self.size.0) {
                        read(self.format, self.pixmap, x + self.origin.0, y, std::slice::from_mut(p));
                    }
                }
            }
        }
    }
}

/// A drawable whose alpha replaces that of a source, or takes that of a destination.
#[derive(Clone, Copy, Debug)]
pub struct AlphaMap<'a> {
    /// Its pixels.
    pub bits: Bits<'a>,
    /// Its corner in the picture's coordinates.
    pub origin: (i32, i32),
}

/// What the pixels of a source come from.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// One colour everywhere.
    Solid(Solid),
    /// A gradient.
    Gradient(&'a Gradient),
    /// A drawable.
    Bits(Bits<'a>),
}

/// A premultiplied colour: alpha, red, green, blue, in 16 bits each. All 16 count where compositing is in floating point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solid(pub [u16; 4]);

impl Solid {
    /// The colour of an `a8r8g8b8` pixel.
    pub fn from_pixel(pixel: u32) -> Self {
        Self(pixel.to_be_bytes().map(|c| u16::from(c) * 0x101))
    }

    /// In eight bits to a channel.
    pub fn pixel(self) -> u32 {
        u32::from_be_bytes(self.0.map(|c| (c >> 8) as u8))
    }

    fn float(self) -> Float {
        self.0.map(|c| f32::from(c) * (1.0 / 65535.0))
    }
}

/// A picture as a source or a mask.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its pixels.
    pub content: Content<'a>,
    /// What is outside of them.
    pub repeat: Repeat,
    /// From the destination's plane to the source's.
    pub transform: Option<&'a Transform>,
    /// How pixels around a point count.
    pub filter: &'a Filter,
    /// What replaces its alpha.
    pub alpha_map: Option<AlphaMap<'a>>,
    /// As a mask: each channel masks that channel.
    pub component_alpha: bool,
}

impl<'a> Source<'a> {
    /// One premultiplied `a8r8g8b8` colour.
    pub fn solid(pixel: u32) -> Self {
        Self::colour(Solid::from_pixel(pixel))
    }

    /// One colour.
    pub fn colour(colour: Solid) -> Self {
        Self::plain(Content::Solid(colour))
    }

    /// A drawable as it is.
    pub fn bits(bits: Bits<'a>) -> Self {
        Self::plain(Content::Bits(bits))
    }

    fn plain(content: Content<'a>) -> Self {
        static NEAREST: Filter = Filter::Nearest;
        Self {
            content,
            repeat: Repeat::None,
            transform: None,
            filter: &NEAREST,
            alpha_map: None,
            component_alpha: false,
        }
    }

    /// The one colour that it has everywhere, if it does.
    pub(super) fn as_solid(&self) -> Option<u32> {
        match self.content {
            Content::Solid(colour) => Some(colour.pixel()),
            _ => self.one_pixel().map(|bits| bits.pixel(0, 0, self.repeat)),
        }
        .filter(|_| !self.is_deep())
    }

    /// What it is without end: a pixel that is repeated. No filter changes it, not even a kernel whose weights do not add
    /// up to one.
    fn one_pixel(&self) -> Option<Bits<'a>> {
        match self.content {
            Content::Bits(bits)
                if bits.size == (1, 1) && self.repeat != Repeat::None && self.alpha_map.is_none() =>
            {
                Some(bits)
            }
            _ => None,
        }
    }

    /// Whether it is opaque everywhere.
    pub(super) fn is_opaque(&self) -> bool {
        if let Some(pixel) = self.as_solid() {
            return pixel >> 24 == 0xff;
        }
        if self.alpha_map.is_some() || self.repeat == Repeat::None {
            return false;
        }
        match self.content {
            Content::Gradient(g) => {
                !matches!(g.shape, super::gradient::Shape::Radial { .. }) && g.stops.are_opaque()
            }
            Content::Bits(b) => b.format.alpha.bits == 0,
            Content::Solid(_) => false,
        }
    }

    /// Its pixels where they lie as they are, without transform or alpha map; moved by what the transform shifts.
    fn plain_bits(&self) -> Option<Bits<'a>> {
        let Content::Bits(bits) = self.content else { return None };
        if self.alpha_map.is_some() {
            return None;
        }
        let (dx, dy) = self.shift()?;
        if (dx, dy) == (0, 0) { Some(bits) } else { None }
    }

    /// Whether it is opaque everywhere in a rectangle, whatever is outside of its pixels.
    pub(super) fn is_opaque_within(&self, (x, y): (i32, i32), (width, height): (i32, i32)) -> bool {
        let Content::Bits(bits) = self.content else { return false };
        if self.alpha_map.is_some() || bits.format.alpha.bits != 0 || width <= 0 || height <= 0 {
            return false;
        }
        let Some(transform) = self.transform else {
            return bits.covers(x, y, width, height);
        };
        let (right, bottom) = (x.saturating_add(width - 1), y.saturating_add(height - 1));
        // Where lines stay parallel, all is inside when the corners are.
        let inside = |x: i32, y: i32| {
            let [x, y, _] = transform.centre_of(x, y);
            let (least, reach) = match self.filter {
                Filter::Nearest => (1, 0),
                Filter::Bilinear => (ONE / 2, 1),
                Filter::Convolution(_) => return false,
            };
            let fits = |v: i64, size: i32| (0..i64::from(size) - reach).contains(&((v - least) >> 16));
            fits(x, bits.size.0) && fits(y, bits.size.1)
        };
        transform.is_affine()
            && inside(x, y)
            && inside(right, y)
            && inside(x, bottom)
            && inside(right, bottom)
    }

    /// Its pixels, where rows of them can be stored in a format as they are.
    pub(super) fn rows_for(&self, format: &Format) -> Option<Bits<'a>> {
        let bits = self.plain_bits()?;
        let same = bits.format.is_native() || (bits.format.is_native_opaque() && format.is_native_opaque());
        same.then_some(bits)
    }

    /// Its pixels, where they are coverage that can be used as it is: alpha in bytes of their own (of eight bits or of
    /// one), or as a mask of components eight bits for each.
    pub(super) fn coverage(&self) -> Option<Bits<'a>> {
        let bits = self.plain_bits()?;
        let fits = if self.component_alpha {
            bits.format.is_native()
        } else {
            [Format::a8(), Format::a1()].contains(&bits.format)
        };
        fits.then_some(bits)
    }

    /// Whether eight bits do not hold its channels.
    pub(super) fn is_deep(&self) -> bool {
        matches!(self.content, Content::Bits(b) if b.format.is_deep())
            || self.alpha_map.is_some_and(|a| a.bits.format.is_deep())
    }

    /// The shift by whole pixels that the transform is, if it is no more than that. With it no filter but the
    /// convolution mixes pixels.
    fn shift(&self) -> Option<(i32, i32)> {
        if matches!(self.filter, Filter::Convolution(_)) {
            return None;
        }
        match self.transform {
            None => Some((0, 0)),
            Some(t) => t.whole_shift(),
        }
    }

    /// The pixels themselves, where they are in memory as compositing wants them.
    pub(super) fn direct(&self, x: i32, y: i32, len: usize) -> Option<&'a [u32]> {
        let Content::Bits(bits) = self.content else { return None };
        if !bits.format.is_native() || self.alpha_map.is_some() {
            return None;
        }
        let (dx, dy) = self.shift()?;
        let (x, y) = (x.checked_add(dx)?, y.checked_add(dy)?);
        let fits = x >= 0 && y >= 0 && y < bits.size.1 && i64::from(x) + len as i64 <= i64::from(bits.size.0);
        if !fits {
            return None;
        }
        words_at(bits.pixmap, x + bits.origin.0, y + bits.origin.1, len)
    }

    /// Reads a row whose first pixel is (x, y).
    pub(super) fn row(&self, x: i32, y: i32, out: &mut [u32]) {
        if let Some(pixel) = self.as_solid() {
            out.fill(pixel);
            return;
        }
        match self.content {
            Content::Solid(colour) => out.fill(colour.pixel()),
            Content::Gradient(gradient) => {
                let (v, step) = self.start(x, y);
                gradient.row(self.repeat, v, &step, out);
            }
            Content::Bits(bits) => {
                if let (Some((dx, dy)), None) = (self.shift(), self.alpha_map) {
                    let (x, y) = (i64::from(x) + i64::from(dx), i64::from(y) + i64::from(dy));
                    bits.row(x, y, self.repeat, 0, out, Format::read_row);
                } else {
                    self.transformed_row(&bits, x, y, out);
                }
            }
        }
    }

    /// As [`row`](Self::row), in floating point.
    pub(super) fn row_float(&self, x: i32, y: i32, out: &mut [Float]) {
        if let (Content::Bits(bits), Some((dx, dy)), None) = (self.content, self.shift(), self.alpha_map) {
            let (x, y) = (i64::from(x) + i64::from(dx), i64::from(y) + i64::from(dy));
            bits.row(x, y, self.repeat, [0.0; 4], out, Format::read_row_float);
            return;
        }
        match self.content {
            Content::Gradient(gradient) => {
                let (v, step) = self.start(x, y);
                gradient.row_float(self.repeat, v, &step, out);
            }
            Content::Bits(bits) => {
                if let Some(bits) = self.one_pixel() {
                    out.fill(self.fetch_float(&bits, 0, 0));
                } else {
                    self.transformed_row_float(&bits, x, y, out);
                }
            }
            Content::Solid(colour) => out.fill(colour.float()),
        }
    }

    /// Where the centre of a pixel falls, and the step to the next.
    pub(super) fn start(&self, x: i32, y: i32) -> (Homogeneous, Homogeneous) {
        match self.transform {
            None => untransformed(x, y),
            Some(t) => (t.centre_of(x, y), t.step()),
        }
    }

    /// A pixel of the picture in floating point, with the alpha map's alpha if it has one.
    fn fetch_float(&self, bits: &Bits<'_>, x: i64, y: i64) -> Float {
        let (Some(x), Some(y)) = (self.repeat.wrap(x, bits.size.0), self.repeat.wrap(y, bits.size.1)) else {
            return [0.0; 4];
        };
        let mut pixel = [[0.0; 4]];
        bits.format.read_row_float(bits.pixmap, x + bits.origin.0, y + bits.origin.1, &mut pixel);
        let [mut pixel] = pixel;
        if let Some(map) = &self.alpha_map {
            let (x, y) = (i64::from(x) - i64::from(map.origin.0), i64::from(y) - i64::from(map.origin.1));
            let [alpha, ..] = to_float(map.bits.pixel(x, y, Repeat::None));
            pixel[0] = alpha;
        }
        pixel
    }

    /// A row through transform and filter. Formats of fewer bits than eight keep what they are, too.
    fn transformed_row_float(&self, bits: &Bits<'_>, x: i32, y: i32, out: &mut [Float]) {
        let (mut v, step) = self.start(x, y);
        for pixel in out {
            let (x, y) = divide(v);
            advance(&mut v, &step);
            *pixel = match self.filter {
                Filter::Nearest => self.fetch_float(bits, (x - 1) >> 16, (y - 1) >> 16),
                Filter::Bilinear => self.bilinear_float(bits, x - ONE / 2, y - ONE / 2),
                Filter::Convolution(kernel) => self.convolved_float(bits, kernel, (x, y)),
            };
        }
    }

    fn bilinear_float(&self, bits: &Bits<'_>, x: i64, y: i64) -> Float {
        let (px, py) = (x >> 16, y >> 16);
        let part = |v: i64| (v & 0xffff) as f32 / 65536.0;
        let (right, below) = (part(x), part(y));
        let corners = [
            ((px, py), (1.0 - right) * (1.0 - below)),
            ((px + 1, py), right * (1.0 - below)),
            ((px, py + 1), (1.0 - right) * below),
            ((px + 1, py + 1), right * below),
        ];
        let mut sums = [0.0; 4];
        for ((x, y), weight) in corners {
            for (sum, c) in sums.iter_mut().zip(self.fetch_float(bits, x, y)) {
                *sum += c * weight;
            }
        }
        sums
    }

    fn convolved_float(&self, bits: &Bits<'_>, kernel: &Kernel, at: (i64, i64)) -> Float {
        let (left, top) = kernel.corner(at);
        let mut sums = [0.0; 4];
        for (row, weights) in kernel.weights.chunks(usize::from(kernel.width)).enumerate() {
            for (column, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0) {
                let pixel = self.fetch_float(bits, left + column as i64, top + row as i64);
                for (sum, c) in sums.iter_mut().zip(pixel) {
                    *sum += c * (*weight as f32 / 65536.0);
                }
            }
        }
        sums.map(|sum: f32| sum.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use x11rb_protocol::protocol::render;

    use super::*;

    fn numbered(width: u32, height: u32) -> Pixmap {
        let mut pixmap = Pixmap::new(width, height, 32).unwrap();
        for y in 0..height {
            for x in 0..width {
                pixmap.set(x as i32, y as i32, 0xff00_0000 | y << 8 | x);
            }
        }
        pixmap
    }

    fn bits(pixmap: &Pixmap) -> Bits<'_> {
        Bits { pixmap, origin: (0, 0), size: (pixmap.width(), pixmap.height()), format: Format::a8r8g8b8() }
    }

    fn row(source: &Source<'_>, x: i32, y: i32, n: usize) -> Vec<u32> {
        let mut out = vec![0xdead_beef; n];
        source.row(x, y, &mut out);
        out.iter().map(|p| if *p == 0 { 99 } else { p & 0xff }).collect()
    }

    #[test]
    fn each_repeat_continues_the_pixels_its_own_way() {
        let pixmap = numbered(3, 1);
        for (repeat, expected) in [
            (Repeat::None, [99, 99, 0, 1, 2, 99, 99, 99]),
            (Repeat::Normal, [1, 2, 0, 1, 2, 0, 1, 2]),
            (Repeat::Pad, [0, 0, 0, 1, 2, 2, 2, 2]),
            (Repeat::Reflect, [1, 0, 0, 1, 2, 2, 1, 0]),
        ] {
            let source = Source { repeat, ..Source::bits(bits(&pixmap)) };
            assert_eq!(row(&source, -2, 0, 8), expected, "{repeat:?}");
            // A transform goes another way through the code, to the same pixels.
            let shift = Transform::new(&transform([1, 0, 0, 0, 1, 0, 0, 0, 1], 1)).unwrap();
            let moved = Source { transform: Some(&shift), ..source };
            assert_eq!(row(&moved, -2, 0, 8), expected, "{repeat:?}");
        }
    }

    /// A matrix of whole numbers, off by `off` 65536ths in its last column.
    fn transform(m: [i32; 9], off: i32) -> render::Transform {
        let f = m.map(|v| v << 16);
        render::Transform {
            matrix11: f[0],
            matrix12: f[1],
            matrix13: f[2] + off,
            matrix21: f[3],
            matrix22: f[4],
            matrix23: f[5],
            matrix31: f[6],
            matrix32: f[7],
            matrix33: f[8],
        }
    }

    #[test]
    fn a_scaled_source_takes_the_pixel_under_each_centre() {
        let pixmap = numbered(8, 1);
        let double = Transform::new(&transform([2, 0, 0, 0, 1, 0, 0, 0, 1], 0)).unwrap();
        let source = Source { transform: Some(&double), ..Source::bits(bits(&pixmap)) };
        assert_eq!(row(&source, 0, 0, 4), [0, 2, 4, 6]);
    }

    #[test]
    fn bilinear_halves_between_two_pixels() {
        let mut pixmap = Pixmap::new(2, 1, 32).unwrap();
        pixmap.set(0, 0, 0xff00_0000);
        pixmap.set(1, 0, 0xff00_00ff);
        let half = Transform::new(&transform([1, 0, 0, 0, 1, 0, 0, 0, 1], 0x8000)).unwrap();
        let source =
            Source { transform: Some(&half), filter: &Filter::Bilinear, ..Source::bits(bits(&pixmap)) };
        assert_eq!(row(&source, 0, 0, 1), [127]);
    }

    #[test]
    fn a_box_kernel_averages() {
        let pixmap = numbered(9, 1);
        let third = 0x1_0000 / 3;
        let kernel = Kernel::new(&[3 << 16, 1 << 16, third, third, third]).unwrap();
        let filter = Filter::Convolution(kernel);
        let source = Source { filter: &filter, ..Source::bits(bits(&pixmap)) };
        assert_eq!(row(&source, 1, 0, 5), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn kernels_whose_size_does_not_fit_their_weights_are_refused() {
        assert!(Kernel::new(&[]).is_none());
        assert!(Kernel::new(&[1 << 16, 1 << 16]).is_none());
        assert!(Kernel::new(&[1 << 16, 1 << 16, 5]).is_some());
        assert!(Kernel::new(&[-1 << 16, -1 << 16, 5]).is_none());
        assert!(Kernel::new(&[0x1_8000, 1 << 16, 5]).is_none());
        assert!(Kernel::new(&[i32::MAX, i32::MAX, 5]).is_none());
    }

    #[test]
    fn what_has_five_bits_has_no_others_in_floating_point_turned_or_not() {
        let format = super::super::format::FORMATS
            .iter()
            .find(|format| (format.alpha.bits, format.red.bits) == (1, 5))
            .unwrap();
        let mut pixmap = Pixmap::new(32, 1, 16).unwrap();
        for i in 0..32_u32 {
            pixmap.set(i as i32, 0, 1 << 15 | i << 10 | i);
        }
        let bits = Bits { pixmap: &pixmap, origin: (0, 0), size: (32, 1), format };
        let half = Transform::new(&transform([1, 0, 0, 0, 1, 0, 0, 0, 2], 0)).unwrap();
        for filter in
            [Filter::Nearest, Filter::Convolution(Kernel::new(&[1 << 16, 1 << 16, 1 << 16]).unwrap())]
        {
            let source = Source { transform: Some(&half), filter: &filter, ..Source::bits(bits) };
            let mut row = [[0.0; 4]; 64];
            source.row_float(0, 0, &mut row);
            for (i, pixel) in row.iter().enumerate() {
                assert!((pixel[1] - (i / 2) as f32 / 31.0).abs() < 1e-6, "{filter:?} {i}: {pixel:?}");
            }
        }
    }

    #[test]
    fn a_degenerate_projection_is_harmless() {
        let pixmap = numbered(4, 4);
        for repeat in [Repeat::None, Repeat::Normal, Repeat::Pad, Repeat::Reflect] {
            for m in [[0; 9], [1, 0, 0, 0, 1, 0, 1, 1, 0], [0x7fff; 9], [-0x8000; 9]] {
                let t = Transform::new(&transform(m, 0)).unwrap();
                for filter in [Filter::Nearest, Filter::Bilinear] {
                    let source = Source {
                        transform: Some(&t),
                        repeat,
                        filter: &filter,
                        ..Source::bits(bits(&pixmap))
                    };
                    let _ = row(&source, -32768, 32767, 70);
                }
            }
        }
    }
}
