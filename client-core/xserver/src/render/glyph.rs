//! Glyph sets: small masks by number, drawn side by side.
//!
//! A glyph keeps its mask as a pixmap of its set's depth, so that any set of any format can be drawn with any mask
//! format. Glyphs drawn through a mask are first added up in it, so that overlapping ones do not show twice.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use x11rb_protocol::protocol::render::Glyphinfo;

use super::format::Format;
use crate::raster::Pixmap;
use crate::resource::XidHasher;

/// Adds a row of a glyph's channels to a row of a mask.
pub(crate) fn add_coverage(glyph: &[u32], mask: &mut [u32]) {
    super::op::add_rows(glyph, mask);
}

/// One glyph.
#[derive(Clone, Debug)]
pub struct Glyph {
    /// Size, origin and advance.
    pub info: Glyphinfo,
    /// Its pixels; none for a glyph without width or height.
    pub image: Option<Arc<Pixmap>>,
}

/// The glyphs of one format.
#[derive(Clone, Debug)]
pub struct GlyphSet {
    format: &'static Format,
    glyphs: HashMap<u32, Glyph, BuildHasherDefault<XidHasher>>,
    bytes: usize,
}

/// Why glyphs could not be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlyphError {
    /// The images are shorter or longer than the glyphs' sizes say.
    #[error("glyph images of {found} bytes, expected {expected}")]
    Length {
        /// Bytes the sizes ask for.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// The set would take more memory than [`GlyphSet::MAX_BYTES`].
    #[error("glyph set of more than {} bytes", GlyphSet::MAX_BYTES)]
    Memory,
}

impl GlyphSet {
    /// The most memory the images of one set may take.
    pub const MAX_BYTES: usize = 256 << 20;

    /// A set without glyphs.
    pub fn new(format: &'static Format) -> Self {
        Self { format, glyphs: HashMap::default(), bytes: 0 }
    }

    /// The format of its glyphs.
    pub fn format(&self) -> &'static Format {
        self.format
    }

    /// One of its glyphs.
    pub fn get(&self, id: u32) -> Option<&Glyph> {
        self.glyphs.get(&id)
    }

    /// Takes a glyph out; whether there was one.
    pub fn remove(&mut self, id: u32) -> bool {
        let removed = self.glyphs.remove(&id);
        self.bytes -= removed.as_ref().map_or(0, Glyph::bytes);
        removed.is_some()
    }

    /// Puts glyphs in, in place of those of the same numbers. `images` is what `AddGlyphs` carries: the glyphs' images one
    /// after the other, rows padded to 32 bits, least significant bit or byte first.
    pub fn add(&mut self, ids: &[u32], infos: &[Glyphinfo], images: &[u8]) -> Result<(), GlyphError> {
        let bits_per_pixel = match self.format.depth {
            1 => 1,
            4 | 8 => 8,
            16 => 16,
            _ => 32,
        };
        let stride = |info: &Glyphinfo| (usize::from(info.width) * bits_per_pixel).div_ceil(32) * 4;
        let length = |info: &Glyphinfo| stride(info) * usize::from(info.height);
        let expected = infos.iter().map(length).fold(0, usize::saturating_add);
        // All of it, or nothing is added.
        if images.len() != expected {
            return Err(GlyphError::Length { expected, found: images.len() });
        }
        let mut rest = images;
        for (id, info) in ids.iter().zip(infos) {
            let (width, stride, length) = (usize::from(info.width), stride(info), length(info));
            let Some((image, later)) = rest.split_at_checked(length) else {
                return Err(GlyphError::Length { expected, found: images.len() });
            };
            rest = later;
            let mut glyph = Glyph { info: *info, image: None };
            if length != 0 {
                if self.bytes.saturating_add(width * usize::from(info.height) * 4) > Self::MAX_BYTES {
                    return Err(GlyphError::Memory);
                }
                let mut pixmap =
                    Pixmap::new(u32::from(info.width), u32::from(info.height), self.format.depth)
                        .map_err(|_| GlyphError::Memory)?;
                for (y, row) in image.chunks_exact(stride).enumerate() {
                    for x in 0..width {
                        pixmap.set(x as i32, y as i32, value_at(row, x, bits_per_pixel));
                    }
                }
                glyph.image = Some(Arc::new(pixmap));
            }
            self.remove(*id);
            self.bytes += glyph.bytes();
            self.glyphs.insert(*id, glyph);
        }
        Ok(())
    }
}

impl Glyph {
    fn bytes(&self) -> usize {
        self.image.as_ref().map_or(0, |i| i.bytes())
    }
}

fn value_at(row: &[u8], x: usize, bits_per_pixel: usize) -> u32 {
    let byte = |i: usize| row.get(i).copied().map_or(0, u32::from);
    match bits_per_pixel {
        1 => byte(x / 8) >> (x % 8) & 1,
        8 => byte(x),
        16 => byte(x * 2) | byte(x * 2 + 1) << 8,
        _ => byte(x * 4) | byte(x * 4 + 1) << 8 | byte(x * 4 + 2) << 16 | byte(x * 4 + 3) << 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(width: u16, height: u16) -> Glyphinfo {
        Glyphinfo { width, height, x: 0, y: 0, x_off: 8, y_off: 0 }
    }

    #[test]
    fn glyph_images_are_read_with_their_padding() {
        let mut set = GlyphSet::new(Format::a8());
        set.add(&[5, 6], &[info(2, 2), info(1, 1)], &[1, 2, 0, 0, 3, 4, 0, 0, 9, 0, 0, 0]).unwrap();
        let first = set.get(5).unwrap().image.as_ref().unwrap();
        assert_eq!(first.byte_pixels().unwrap(), [1, 2, 3, 4]);
        assert_eq!(set.get(6).unwrap().image.as_ref().unwrap().get(0, 0), Some(9));
        let mut set = GlyphSet::new(Format::a1());
        set.add(&[1], &[info(9, 1)], &[0b0000_0101, 1, 0, 0]).unwrap();
        assert_eq!(
            set.get(1).unwrap().image.as_ref().unwrap().byte_pixels().unwrap(),
            [1, 0, 1, 0, 0, 0, 0, 0, 1]
        );
    }

    #[test]
    fn images_that_are_too_short_are_refused() {
        let mut set = GlyphSet::new(Format::a8r8g8b8());
        assert_eq!(
            set.add(&[1], &[info(2, 2)], &[0; 15]),
            Err(GlyphError::Length { expected: 16, found: 15 })
        );
        assert_eq!(
            set.add(&[1], &[info(u16::MAX, u16::MAX)], &[]),
            Err(GlyphError::Length { expected: 65535 * 65535 * 4, found: 0 })
        );
    }

    #[test]
    fn a_space_has_no_image_but_an_advance() {
        let mut set = GlyphSet::new(Format::a8());
        set.add(&[32], &[info(0, 0)], &[]).unwrap();
        assert!(set.get(32).unwrap().image.is_none());
        assert!(set.remove(32) && !set.remove(32));
    }
}
