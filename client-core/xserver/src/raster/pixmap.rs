//! A rectangle of pixels in memory: the storage of windows (the screen) and pixmaps.
//!
//! Depths up to 8 take a byte per pixel, deeper ones a 32-bit word. One pixel is always one machine element: no
//! drawing loop ever shifts or masks within an element, so rows vectorise by themselves. Depths 24 and 32 are thereby
//! what a window system wants to upload, rows of BGRX or BGRA.
//!
//! Invariant: below depth 24 the bits above the depth are zero in every element. At depth 24 the upper byte is kept as
//! the client wrote it, as it is in other servers with 32 bits per pixel.

use crate::region::Rect;

/// The depths that pixmaps can have, in bits per pixel.
pub const DEPTHS: [u8; 7] = [1, 4, 8, 15, 16, 24, 32];

/// Why a pixmap could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixmapError {
    /// X11 §8 `CreatePixmap`: a zero size is a Value error, and no coordinate reaches past 32767.
    #[error("pixmap size {width}x{height} is not within 1x1 and 32767x32767")]
    Size {
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
    },
    /// The depth is not one of [`DEPTHS`].
    #[error("depth {0} is not one of 1, 4, 8, 15, 16, 24, 32")]
    Depth(u8),
    /// More pixel memory than [`Pixmap::MAX_BYTES`], or more than the machine has.
    #[error("no memory for a pixmap of {0} bytes")]
    Memory(u64),
}

/// A rectangle of pixels, all zero at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixmap {
    width: u16,
    height: u16,
    depth: u8,
    pub(crate) pixels: Pixels,
}

/// The pixels of a pixmap, row after row without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pixels {
    /// Depths 1 to 8.
    Bytes(Vec<u8>),
    /// Depths 15 to 32.
    Words(Vec<u32>),
}

/// Runs the same code over either element type.
macro_rules! with_pixels {
    ($pixels:expr, $data:ident => $body:expr) => {
        match $pixels {
            $crate::raster::pixmap::Pixels::Bytes($data) => $body,
            $crate::raster::pixmap::Pixels::Words($data) => $body,
        }
    };
}
pub(crate) use with_pixels;

/// An element of pixel memory.
pub(crate) trait Pixel:
    Copy
    + Eq
    + std::ops::BitAnd<Output = Self>
    + std::ops::BitOr<Output = Self>
    + std::ops::BitXor<Output = Self>
    + std::ops::Not<Output = Self>
{
    /// From a pixel value as requests carry it; the low bits count.
    fn from_value(value: u32) -> Self;
    /// To a pixel value.
    fn value(self) -> u32;
}

impl Pixel for u8 {
    #[inline]
    fn from_value(value: u32) -> Self {
        value as u8
    }
    #[inline]
    fn value(self) -> u32 {
        u32::from(self)
    }
}

impl Pixel for u32 {
    #[inline]
    fn from_value(value: u32) -> Self {
        value
    }
    #[inline]
    fn value(self) -> u32 {
        self
    }
}

impl Pixmap {
    /// The largest width and height.
    pub const MAX_SIDE: u32 = 32767;
    /// The most memory one pixmap may take.
    pub const MAX_BYTES: u64 = 1 << 30;

    /// A pixmap of zeros.
    pub fn new(width: u32, height: u32, depth: u8) -> Result<Self, PixmapError> {
        if !(1..=Self::MAX_SIDE).contains(&width) || !(1..=Self::MAX_SIDE).contains(&height) {
            return Err(PixmapError::Size { width, height });
        }
        if !DEPTHS.contains(&depth) {
            return Err(PixmapError::Depth(depth));
        }
        let count = u64::from(width) * u64::from(height);
        let bytes = if depth <= 8 { count } else { count * 4 };
        let too_big = PixmapError::Memory(bytes);
        if bytes > Self::MAX_BYTES {
            return Err(too_big);
        }
        let count = usize::try_from(count).map_err(|_| too_big)?;
        // `vec![0; n]` takes zeroed pages from the system and touches none; the reservation before it turns an
        // allocation failure into an error instead of an abort.
        let pixels = if depth <= 8 {
            Vec::<u8>::new().try_reserve_exact(count).map_err(|_| too_big)?;
            Pixels::Bytes(vec![0; count])
        } else {
            Vec::<u32>::new().try_reserve_exact(count).map_err(|_| too_big)?;
            Pixels::Words(vec![0; count])
        };
        Ok(Self { width: width as u16, height: height as u16, depth, pixels })
    }

    /// Columns, 1 to 32767.
    pub fn width(&self) -> i32 {
        i32::from(self.width)
    }

    /// Rows, 1 to 32767.
    pub fn height(&self) -> i32 {
        i32::from(self.height)
    }

    /// Bits per pixel that count: one of [`DEPTHS`].
    pub fn depth(&self) -> u8 {
        self.depth
    }

    /// All of it: (0, 0) to (width, height).
    pub fn bounds(&self) -> Rect {
        Rect::new(0, 0, self.width(), self.height())
    }

    /// The memory its pixels take, in bytes.
    pub fn bytes(&self) -> usize {
        match &self.pixels {
            Pixels::Bytes(b) => b.len(),
            Pixels::Words(w) => w.len() * 4,
        }
    }

    /// The value of one pixel; none outside.
    pub fn get(&self, x: i32, y: i32) -> Option<u32> {
        let i = self.index(x, y)?;
        with_pixels!(&self.pixels, data => data.get(i).map(|p| p.value()))
    }

    /// Sets one pixel; outside nothing happens.
    pub fn set(&mut self, x: i32, y: i32, value: u32) {
        let mask = self.write_mask();
        if let Some(i) = self.index(x, y) {
            with_pixels!(&mut self.pixels, data => if let Some(p) = data.get_mut(i) {
                *p = Pixel::from_value(value & mask);
            });
        }
    }

    /// The words of a pixmap deeper than 8, row after row, `width` to a row; none for shallower ones.
    pub fn words(&self) -> Option<&[u32]> {
        match &self.pixels {
            Pixels::Words(w) => Some(w),
            Pixels::Bytes(_) => None,
        }
    }

    /// As [`words`](Self::words), to write. Below depth 24 the bits above the depth must stay zero.
    pub fn words_mut(&mut self) -> Option<&mut [u32]> {
        match &mut self.pixels {
            Pixels::Words(w) => Some(w),
            Pixels::Bytes(_) => None,
        }
    }

    /// The pixels of a pixmap of depth 1, 4 or 8, a byte each, row after row; none for deeper ones.
    pub fn byte_pixels(&self) -> Option<&[u8]> {
        match &self.pixels {
            Pixels::Bytes(b) => Some(b),
            Pixels::Words(_) => None,
        }
    }

    /// As [`byte_pixels`](Self::byte_pixels), to write. Below depth 8 the bits above the depth must stay zero.
    pub fn byte_pixels_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.pixels {
            Pixels::Bytes(b) => Some(b),
            Pixels::Words(_) => None,
        }
    }

    /// The bits that a pixel value has: `depth` ones.
    pub fn depth_mask(&self) -> u32 {
        u32::MAX >> (32 - u32::from(self.depth))
    }

    /// The bits that drawing may change: as [`depth_mask`](Self::depth_mask), and the unused byte at depth 24.
    pub(crate) fn write_mask(&self) -> u32 {
        if self.depth >= 24 { u32::MAX } else { self.depth_mask() }
    }

    fn index(&self, x: i32, y: i32) -> Option<usize> {
        self.bounds().contains(x, y).then(|| y as usize * usize::from(self.width) + x as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_depths_outside_the_limits_are_refused() {
        assert_eq!(Pixmap::new(0, 1, 24).unwrap_err(), PixmapError::Size { width: 0, height: 1 });
        assert!(matches!(Pixmap::new(1, 32768, 24), Err(PixmapError::Size { .. })));
        assert_eq!(Pixmap::new(1, 1, 2).unwrap_err(), PixmapError::Depth(2));
        assert!(matches!(Pixmap::new(32767, 32767, 32), Err(PixmapError::Memory(_))));
    }

    #[test]
    fn a_pixel_keeps_the_bits_of_its_depth() {
        for depth in DEPTHS {
            let mut pixmap = Pixmap::new(3, 2, depth).unwrap();
            pixmap.set(2, 1, u32::MAX);
            assert_eq!(pixmap.get(2, 1).unwrap() & pixmap.depth_mask(), pixmap.depth_mask());
            assert_eq!(pixmap.get(2, 1).unwrap(), pixmap.write_mask());
            assert_eq!(pixmap.get(1, 1), Some(0));
            assert_eq!(pixmap.get(3, 1), None);
        }
    }
}
