//! From colours to pixels of the display (NX part 5 §B.4).

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::coding::pass::ByteOrder;

/// What is added to dark channels, by mask index 1 to 10: the bits that masking took away.
const CORRECTION: [u8; 11] = [0, 63, 7, 0, 5, 4, 3, 0, 1, 0, 0];

/// An image of 8 bits each of red, green and blue.
pub(super) struct Pixels {
    rgb: Vec<u8>,
}

impl Pixels {
    /// Decodes a JPEG of exactly this size.
    pub(super) fn from_jpeg(data: &[u8], width: usize, height: usize) -> Option<Self> {
        let options = DecoderOptions::default()
            .set_max_width(width)
            .set_max_height(height)
            .set_strict_mode(true)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(Cursor::new(data), options);
        decoder.decode_headers().ok()?;
        if decoder.dimensions() != Some((width, height)) {
            return None;
        }
        let rgb = decoder.decode().ok()?;
        (rgb.len() == 3 * width * height).then_some(Self { rgb })
    }

    /// Decodes a PNG of exactly this size.
    pub(super) fn from_png(data: &[u8], width: usize, height: usize) -> Option<Self> {
        let limits = png::Limits { bytes: 4 << 20 };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(data), limits);
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().ok()?;
        let info = reader.info();
        if (info.width as usize, info.height as usize) != (width, height) {
            return None;
        }
        // The decoder takes on trust that colours have three bytes and are no more than an index can name.
        let palette = info.palette.as_deref();
        let sound = palette.is_none_or(|p| p.len().is_multiple_of(3) && (3..=3 * 256).contains(&p.len()));
        if !sound || (info.color_type == png::ColorType::Indexed && palette.is_none()) {
            return None;
        }
        let (colour, _) = reader.output_color_type();
        let samples = colour.samples();
        let mut raw = vec![0; reader.output_buffer_size().filter(|n| *n == samples * width * height)?];
        reader.next_frame(&mut raw).ok()?;
        let rgb = match samples {
            3 => raw,
            4 => raw.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect(),
            n => raw.chunks_exact(n).flat_map(|p| [p[0]; 3]).collect(),
        };
        Some(Self { rgb })
    }
}

/// A ZPixmap being filled.
pub(super) struct Target<'a> {
    pub(super) pixels: &'a mut [u8],
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bytes per row, padded.
    pub(super) row: usize,
    /// Bits per pixel.
    pub(super) bits: usize,
    /// Red, green, blue.
    pub(super) masks: [u32; 3],
    pub(super) order: ByteOrder,
}

impl Target<'_> {
    /// Three bytes per pixel become four; other depths are copied.
    pub(super) fn bitmap(&mut self, data: &[u8]) -> Option<()> {
        if self.bits != 32 {
            return (data.len() == self.pixels.len()).then(|| self.pixels.copy_from_slice(data));
        }
        if data.len() != 3 * self.width * self.height {
            return None;
        }
        let first = usize::from(self.order == ByteOrder::Msb);
        for (pixel, bytes) in self.pixels.chunks_exact_mut(4).zip(data.chunks_exact(3)) {
            pixel.get_mut(first..first + 3)?.copy_from_slice(bytes);
        }
        Some(())
    }

    /// The masked methods 1 to 10.
    pub(super) fn masked(&mut self, index: u8, data: &[u8]) -> Option<()> {
        let (size, depth) = match index {
            1..=3 => (1, 8),
            4..=7 => (2, 16),
            _ => (3, 24),
        };
        let count = self.width * self.height;
        if self.bits != 32 || data.len() < size * count {
            return None;
        }
        let correction = u32::from(*CORRECTION.get(usize::from(index))?) * 0x01_01_01;
        let white = if depth == 16 { 0xffff } else { (1 << depth) - 1 };
        for (pixel, bytes) in self.pixels.chunks_exact_mut(4).zip(data.chunks_exact(size)) {
            let packed = match *bytes {
                [p] => u32::from(p),
                [low, high] => u32::from(low) | u32::from(high) << 8,
                [r, g, b] => u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b),
                _ => return None,
            };
            let colour = match (packed, depth) {
                (0, _) => 0,
                (p, _) if p == white => 0xff_ff_ff,
                (p, 8) => (p >> 4 & 3) << 22 | (p >> 2 & 3) << 14 | (p & 3) << 6 | correction,
                (p, 16) => (p >> 10 & 31) << 19 | (p >> 5 & 31) << 11 | (p & 31) << 3 | correction,
                (p, _) => p | correction,
            };
            let bytes = match self.order {
                ByteOrder::Lsb => colour.to_le_bytes(),
                ByteOrder::Msb => colour.to_be_bytes(),
            };
            pixel.copy_from_slice(&bytes);
        }
        Some(())
    }

    /// Puts colours in the display's own layout, brightened as the method's mask index asks.
    pub(super) fn draw(&mut self, image: &Pixels, index: u8) -> Option<()> {
        let correction = *CORRECTION.get(usize::from(index))?;
        let channels = self.masks.map(Channel::new);
        let size = self.bits / 8;
        if !matches!(self.bits, 16 | 24 | 32) {
            return None;
        }
        for (line, source) in
            self.pixels.chunks_exact_mut(self.row).zip(image.rgb.chunks_exact(3 * self.width))
        {
            for (pixel, rgb) in line.chunks_exact_mut(size).zip(source.as_chunks().0) {
                let [r, g, b] = *rgb;
                match self.bits {
                    32 => {
                        let [cr, cg, cb] = &channels;
                        let mut p =
                            u32::from(r) << cr.shift | u32::from(g) << cg.shift | u32::from(b) << cb.shift;
                        if p != 0 && p != u32::MAX {
                            p |= u32::from(correction) * 0x01_01_01;
                        }
                        pixel.copy_from_slice(&match self.order {
                            ByteOrder::Lsb => p.to_le_bytes(),
                            ByteOrder::Msb => p.to_be_bytes(),
                        });
                    }
                    16 => {
                        let scaled = channels.iter().zip(rgb).map(|(c, v)| c.scale(*v));
                        let p = brighten16(scaled.fold(0, |p, c| p | c) as u16, correction);
                        pixel.copy_from_slice(&match self.order {
                            ByteOrder::Lsb => p.to_le_bytes(),
                            ByteOrder::Msb => p.to_be_bytes(),
                        });
                    }
                    _ => pixel.copy_from_slice(&match self.order {
                        ByteOrder::Lsb => [r, g, b],
                        ByteOrder::Msb => [b, g, r],
                    }),
                }
            }
        }
        Some(())
    }
}

/// One colour channel of a pixel.
struct Channel {
    shift: u32,
    max: u32,
}

impl Channel {
    fn new(mask: u32) -> Self {
        let shift = mask.trailing_zeros().min(31);
        Self { shift, max: mask >> shift }
    }

    fn scale(&self, v: u8) -> u32 {
        (u32::from(v).wrapping_mul(self.max).wrapping_add(127) / 255) << self.shift
    }
}

/// The correction for 16 bits per pixel, over channels widened to 8 bits.
fn brighten16(p: u16, correction: u8) -> u16 {
    if p == 0 || p == 0xffff || correction == 0 {
        return p;
    }
    let correction = u16::from(correction);
    let r = (p & 0xf100) >> 8 | correction;
    let g = (p & 0x7c0) >> 3 | correction;
    let b = (p & 0x1f) << 3 | correction;
    (r >> 3) << 11 | (g >> 2) << 5 | b >> 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(palette: Vec<u8>) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 2, 2);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&[0, 1, 1, 0]).expect("an image");
        drop(writer);
        file
    }

    #[test]
    fn a_palette_with_a_part_of_a_colour_or_too_many_is_refused() {
        assert!(Pixels::from_png(&indexed(vec![7; 6]), 2, 2).is_some());
        for wrong in [1, 4, 8, 769, 900] {
            assert!(Pixels::from_png(&indexed(vec![7; wrong]), 2, 2).is_none(), "{wrong} bytes");
        }
    }
}
