//! Pixels on the wire: `PutImage` and `GetImage`.
//!
//! The formats are those that a server announces at connection setup (X11 §8): least significant byte and bit first,
//! scan lines padded to 32 bits, bitmap units of 32 bits, and per depth the bits per pixel of [`bits_per_pixel`]. The
//! client adapts to them whatever its own byte order is.

use super::copy::row_mut;
use super::gc::Gc;
use super::pattern::choose_row;
use super::pixmap::{Pixel, Pixels, with_pixels};
use super::rop::Rop;
use super::{Canvas, Pixmap};
use crate::region::Rect;

/// How the pixels of an image are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// One plane, drawn with foreground and background.
    XyBitmap,
    /// Plane after plane, the most significant first.
    XyPixmap,
    /// Pixel after pixel.
    ZPixmap,
}

impl ImageFormat {
    /// By the protocol's code.
    pub fn from_wire(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::XyBitmap),
            1 => Some(Self::XyPixmap),
            2 => Some(Self::ZPixmap),
            _ => None,
        }
    }
}

/// The `ZPixmap` format of a depth: bits per pixel.
pub fn bits_per_pixel(depth: u8) -> u8 {
    match depth {
        1 => 1,
        2..=8 => 8,
        9..=16 => 16,
        _ => 32,
    }
}

/// Bytes per scan line of `width` pixels at `bits` per pixel, padded to 32 bits.
pub fn row_bytes(width: u32, bits: u8) -> usize {
    (u64::from(width) * u64::from(bits)).div_ceil(32) as usize * 4
}

/// The bytes that an image takes on the wire: what `PutImage` has to carry and `GetImage` answers (with all planes).
pub fn image_bytes(format: ImageFormat, depth: u8, width: u16, height: u16, left_pad: u8) -> usize {
    let (width, height) = (u32::from(width) + u32::from(left_pad), usize::from(height));
    match format {
        ImageFormat::XyBitmap => row_bytes(width, 1) * height,
        ImageFormat::XyPixmap => row_bytes(width, 1) * height * usize::from(depth),
        ImageFormat::ZPixmap => row_bytes(width, bits_per_pixel(depth)) * height,
    }
}

/// An image to put.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// Layout of `data`.
    pub format: ImageFormat,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Planes of an `XyPixmap`: the depth of the window drawn to, which may be more than its screen's.
    pub depth: u8,
    /// Bits to skip at the left of each scan line; 0 with `ZPixmap`.
    pub left_pad: u8,
    /// At least [`image_bytes`] for the drawable's depth; rows that are missing are not drawn.
    pub data: &'a [u8],
}

impl Canvas<'_> {
    /// X11 §9 `PutImage`: the image is of the drawable's depth, or a bitmap; its corner goes to `x`, `y`.
    pub fn put_image(&mut self, gc: &Gc, x: i16, y: i16, image: &Image<'_>) -> Rect {
        let whole = Rect::from_size(x.into(), y.into(), image.width.into(), image.height.into())
            .translate(self.origin.0, self.origin.1);
        let hit = whole.intersect(&self.clip.extents());
        let mut planes = gc.plane_mask & self.pixmap.write_mask();
        if image.format == ImageFormat::XyPixmap {
            // An image by planes has no more planes than the depth.
            planes &= u32::MAX >> (32 - u32::from(image.depth.clamp(1, 32)));
        }
        let rop = Rop::new(gc.function, planes);
        if hit.is_empty() || rop.is_noop() {
            return Rect::EMPTY;
        }
        let colours = (rop.for_source(gc.foreground), rop.for_source(gc.background));
        let depth = self.pixmap.depth();
        let mask = self.pixmap.write_mask();
        let width = self.pixmap.width() as usize;
        let mut row = Vec::new();
        for clip in self.clip.from_row(hit.y1) {
            if clip.y1 >= hit.y2 {
                break;
            }
            let part = clip.intersect(&hit);
            let from = (part.x1 - whole.x1) as usize..(part.x2 - whole.x1).max(0) as usize;
            for at in part.y1..part.y2 {
                let line = (at - whole.y1) as usize;
                match image.format {
                    ImageFormat::XyBitmap => {
                        row.clear();
                        row.extend(bits(image, line, 0, from.start).take(from.len()));
                        with_pixels!(&mut self.pixmap.pixels, data => {
                            choose_row(row_mut(data, width, &part, at), &row, colours.0, colours.1);
                        });
                    }
                    ImageFormat::XyPixmap => with_pixels!(&mut self.pixmap.pixels, data => {
                        let source = read_planes(image, line, from.start, from.len());
                        rop.row(row_mut(data, width, &part, at), &source, mask);
                    }),
                    ImageFormat::ZPixmap => {
                        let stride = row_bytes(image.width.into(), bits_per_pixel(depth));
                        let Some(source) = image.data.get(line * stride..(line + 1) * stride) else { break };
                        match &mut self.pixmap.pixels {
                            Pixels::Bytes(data) => {
                                put_bytes(row_mut(data, width, &part, at), source, from.start, depth, rop);
                            }
                            Pixels::Words(data) => {
                                put_words(row_mut(data, width, &part, at), source, from.start, depth, rop);
                            }
                        }
                    }
                }
            }
        }
        hit.translate(-self.origin.0, -self.origin.1)
    }
}

impl Pixmap {
    /// X11 §9 `GetImage`: appends the pixels of `rect` (pixmap coordinates, cut to the pixmap by the caller; what lies
    /// outside is zero) to `out`. `ZPixmap` has zeros for planes outside `plane_mask`, `XyPixmap` leaves them out; the
    /// caller leaves out those that the drawable has not, which may be a deeper window than its screen.
    pub fn get_image(&self, rect: Rect, format: ImageFormat, plane_mask: u32, out: &mut Vec<u8>) {
        let planes = plane_mask & self.write_mask();
        match format {
            ImageFormat::ZPixmap => {
                let stride = row_bytes(rect.width() as u32, bits_per_pixel(self.depth()));
                out.reserve(stride * rect.height() as usize);
                for y in rect.y1..rect.y2 {
                    let end = out.len() + stride;
                    self.get_row(rect, y, planes, out);
                    out.resize(end, 0);
                }
            }
            ImageFormat::XyBitmap | ImageFormat::XyPixmap => {
                let stride = row_bytes(rect.width() as u32, 1);
                for plane in (0..u32::BITS).rev().filter(|p| planes >> p & 1 == 1) {
                    for y in rect.y1..rect.y2 {
                        let end = out.len() + stride;
                        self.get_bits(rect, y, plane, out);
                        out.resize(end, 0);
                    }
                }
            }
        }
    }

    fn get_row(&self, rect: Rect, y: i32, planes: u32, out: &mut Vec<u8>) {
        let inside = rect.intersect(&self.bounds()) == rect;
        let width = self.width() as usize;
        let start = if inside { y as usize * width + rect.x1 as usize } else { 0 };
        let range = start..start + rect.width() as usize;
        match (&self.pixels, self.depth(), inside) {
            (Pixels::Words(data), 24.., true) => {
                let row = data.get(range).unwrap_or(&[]);
                let start = out.len();
                out.resize(start + row.len() * 4, 0);
                let (bytes, _) = out[start..].as_chunks_mut::<4>();
                for (bytes, pixel) in bytes.iter_mut().zip(row) {
                    *bytes = (pixel & planes).to_le_bytes();
                }
            }
            (Pixels::Words(data), _, true) => {
                out.extend(
                    data.get(range).unwrap_or(&[]).iter().flat_map(|p| ((p & planes) as u16).to_le_bytes()),
                );
            }
            (Pixels::Bytes(data), 4.., true) => {
                out.extend(data.get(range).unwrap_or(&[]).iter().map(|p| p & planes as u8));
            }
            (Pixels::Bytes(_), ..4, _) => {
                if planes & 1 == 1 {
                    self.get_bits(rect, y, 0, out);
                }
            }
            _ => {
                for x in rect.x1..rect.x2 {
                    let value = self.get(x, y).unwrap_or(0) & planes;
                    let bytes = usize::from(bits_per_pixel(self.depth()) / 8);
                    out.extend_from_slice(&value.to_le_bytes()[..bytes.min(4)]);
                }
            }
        }
    }

    fn get_bits(&self, rect: Rect, y: i32, plane: u32, out: &mut Vec<u8>) {
        let mut x = rect.x1;
        while x < rect.x2 {
            let n = (rect.x2 - x).min(8);
            let byte = (0..n)
                .fold(0u8, |byte, i| byte | ((self.get(x + i, y).unwrap_or(0) >> plane & 1) as u8) << i);
            out.push(byte);
            x += n;
        }
    }
}

/// The bits of scan line `line` in plane number `plane` of the image (0 is the first sent), from column `x` on.
fn bits<'i>(image: &Image<'i>, line: usize, plane: usize, x: usize) -> impl Iterator<Item = u8> + 'i {
    let stride = row_bytes(u32::from(image.width) + u32::from(image.left_pad), 1);
    let start = (plane * usize::from(image.height) + line) * stride;
    let first = x + usize::from(image.left_pad);
    let row = image.data.get(start + first / 8..start + stride).unwrap_or(&[]);
    row.iter().flat_map(|byte| (0..8).map(move |i| byte >> i & 1)).skip(first % 8)
}

fn read_planes<P: Pixel>(image: &Image<'_>, line: usize, x: usize, count: usize) -> Vec<P> {
    let mut values = vec![0u32; count];
    for plane in 0..usize::from(image.depth) {
        for (value, bit) in values.iter_mut().zip(bits(image, line, plane, x)) {
            *value = *value << 1 | u32::from(bit);
        }
    }
    values.into_iter().map(P::from_value).collect()
}

fn put_bytes(out: &mut [u8], row: &[u8], x: usize, depth: u8, rop: Rop) {
    let mask = u8::MAX >> (8 - depth.clamp(1, 8));
    if depth == 1 {
        let source: Vec<u8> =
            (x..x + out.len()).map(|i| row.get(i / 8).map_or(0, |byte| byte >> (i % 8) & 1)).collect();
        rop.row(out, &source, 1);
    } else if let Some(row) = row.get(x..x + out.len()) {
        if depth == 8 {
            rop.row(out, row, 0xff);
        } else {
            let source: Vec<u8> = row.iter().map(|p| p & mask).collect();
            rop.row(out, &source, mask.into());
        }
    }
}

fn put_words(out: &mut [u32], row: &[u8], x: usize, depth: u8, rop: Rop) {
    let count = out.len();
    if depth >= 24 {
        let Some(row) = row.get(x * 4..(x + count) * 4) else { return };
        let (pixels, _) = row.as_chunks::<4>();
        if rop.is_copy(u32::MAX) {
            for (d, s) in out.iter_mut().zip(pixels) {
                *d = u32::from_le_bytes(*s);
            }
        } else {
            let source: Vec<u32> = pixels.iter().map(|s| u32::from_le_bytes(*s)).collect();
            rop.row(out, &source, u32::MAX);
        }
    } else {
        let Some(row) = row.get(x * 2..(x + count) * 2) else { return };
        let mask = u32::MAX >> (32 - u32::from(depth));
        let (pixels, _) = row.as_chunks::<2>();
        let source: Vec<u32> = pixels.iter().map(|s| u32::from(u16::from_le_bytes(*s)) & mask).collect();
        rop.row(out, &source, mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::DEPTHS;
    use crate::region::Region;

    #[test]
    fn an_image_put_and_got_again_is_the_same_in_every_format_and_depth() {
        for depth in DEPTHS {
            for format in [ImageFormat::XyPixmap, ImageFormat::ZPixmap] {
                let (width, height) = (21u16, 5u16);
                let mut source = Pixmap::new(width.into(), height.into(), depth).unwrap();
                for i in 0..21 * 5 {
                    source.set(i % 21, i / 21, (i as u32).wrapping_mul(0x9e37_79b9) & source.depth_mask());
                }
                let mut data = Vec::new();
                source.get_image(source.bounds(), format, source.depth_mask(), &mut data);
                assert_eq!(data.len(), image_bytes(format, depth, width, height, 0));
                let mut target = Pixmap::new(30, 9, depth).unwrap();
                let clip = Region::from_rects(&[Rect::new(0, 0, 9, 9), Rect::new(10, 3, 30, 9)]);
                let image = Image { format, width, height, depth, left_pad: 0, data: &data };
                let touched =
                    Canvas::new(&mut target, (1, 1), &clip).put_image(&Gc::default(), 2, -2, &image);
                assert_eq!(touched, Rect::new(2, -1, 23, 3));
                for y in 0..9 {
                    for x in 0..30 {
                        let put = clip.contains(x, y).then(|| source.get(x - 3, y + 1)).flatten();
                        assert_eq!(target.get(x, y), Some(put.unwrap_or(0)), "{format:?} {depth} {x},{y}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_image_cut_short_draws_the_rows_it_has() {
        let mut pixmap = Pixmap::new(4, 4, 24).unwrap();
        let clip = Region::from_rect(pixmap.bounds());
        let data = [0xff; 4 * 4 * 2 + 3];
        for format in [ImageFormat::ZPixmap, ImageFormat::XyPixmap, ImageFormat::XyBitmap] {
            let image = Image { format, width: 4, height: 4, depth: 24, left_pad: 0, data: &data };
            Canvas::new(&mut pixmap, (0, 0), &clip).put_image(&Gc::default(), 0, 0, &image);
        }
        assert_eq!(pixmap.get(0, 1), Some(0));
    }
}
