//! Packed images (NX part 5 §B): `PutPackedImage` becomes `PutImage`.
//!
//! The requests before it say how: pixel geometry and, for images with transparency, an alpha channel, per client
//! of the agent ("resource"). An image that cannot be unpacked draws nothing and ends nothing: it becomes
//! `NoOperation`, so that sequence numbers stay in step. Sizes are checked against what one X request can carry
//! before anything is allocated.

mod block;
mod colour;

use std::collections::HashMap;

use self::colour::{Pixels, Target};
use crate::coding::pass::{ByteOrder, pad4};
use crate::reply::nx::PACK_METHODS;
use crate::request::MAX_REQUEST;

const PUT_IMAGE: u8 = 72;
const Z_PIXMAP: u8 = 2;
/// Largest image one `PutImage` can carry, in bytes.
const MAX_IMAGE: usize = MAX_REQUEST - 24;

/// How an image is packed (NX part 5 §B.1). `quality` of the correction is the colours per mask index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// Few bits per pixel: 1, 2 or 3 bytes each.
    Masked(u8),
    Jpeg(u8),
    Png(u8),
    /// A ZPixmap in a Z block, however it was compressed.
    Zlib,
    /// Three bytes per pixel.
    Bitmap,
}

impl Method {
    fn from_number(n: u8) -> Option<Self> {
        Some(match n {
            1..=10 => Self::Masked(n),
            26..=35 => Self::Jpeg(n - 25),
            37..=46 => Self::Png(n - 36),
            63 | 64 => Self::Zlib,
            67 => Self::Bitmap,
            _ => return None,
        })
    }
}

/// Data of `SetUnpackAlpha` and `SetUnpackColormap` in a Z block.
const ALPHA: u8 = 65;
const COLORMAP: u8 = 66;

/// The offers of `GetUnpackParameters`: every method that nxagent can choose and this module can unpack.
pub(crate) fn offers() -> [bool; PACK_METHODS] {
    std::array::from_fn(|n| {
        let n = n as u8;
        n == 0 || n == ALPHA || n == COLORMAP || Method::from_number(n).is_some()
    })
}

/// Pixel layout of the display, as nxagent knows it (`SetUnpackGeometry`).
#[derive(Debug, Clone, Copy)]
struct Geometry {
    /// Bits per pixel of depth 1, 4, 8, 16, 24, 32.
    bits: [u8; 6],
    /// Red, green, blue.
    masks: [u32; 3],
}

impl Geometry {
    fn bits_of(&self, depth: u8) -> Option<u8> {
        let index = match depth {
            1 => 0,
            4 => 1,
            8 => 2,
            15 | 16 => 3,
            24 => 4,
            32 => 5,
            _ => return None,
        };
        self.bits.get(index).copied()
    }
}

#[derive(Debug, Default)]
struct Resource {
    geometry: Option<Geometry>,
    alpha: Option<Vec<u8>>,
}

/// Unpacks the images of one X connection.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    resources: HashMap<u8, Resource>,
    /// Byte order of images on the display, from the setup reply.
    pub(crate) image_order: ByteOrder,
}

impl Unpacker {
    /// `SetUnpackGeometry`
    pub(crate) fn set_geometry(&mut self, order: ByteOrder, request: &[u8]) {
        let resource = request.get(1).copied().unwrap_or(0);
        let Some(bits) = request.get(4..10).and_then(|b| b.try_into().ok()) else { return };
        let masks = [12, 16, 20].map(|at| order.u32(request, at));
        self.resources.entry(resource).or_default().geometry = Some(Geometry { bits, masks });
    }

    /// `SetUnpackAlpha`
    pub(crate) fn set_alpha(&mut self, order: ByteOrder, request: &[u8]) {
        let resource = request.get(1).copied().unwrap_or(0);
        let method = request.get(4).copied().unwrap_or(0);
        let source = order.u32(request, 8) as usize;
        let target = order.u32(request, 12) as usize;
        let data = request.get(16..).and_then(|d| d.get(..source));
        let alpha = match (method, data) {
            (0, Some(data)) if source == target => Some(data.to_vec()),
            (ALPHA, Some(data)) if target <= MAX_IMAGE => block::expand(data, target),
            _ => None,
        };
        self.resources.entry(resource).or_default().alpha = alpha;
    }

    /// `FreeUnpack`
    pub(crate) fn free(&mut self, request: &[u8]) {
        self.resources.remove(&request.get(1).copied().unwrap_or(0));
    }

    /// `PutPackedImage`: appends the `PutImage` it stands for. False if it cannot be unpacked; nothing is appended
    /// then.
    pub(crate) fn put_image(&self, order: ByteOrder, request: &[u8], out: &mut Vec<u8>) -> bool {
        self.unpack(order, request, out).is_some()
    }

    fn unpack(&self, order: ByteOrder, request: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let &[_, resource, ..] = request else { return None };
        let resource = self.resources.get(&resource)?;
        let geometry = resource.geometry.as_ref()?;
        let header: &[u8; 40] = request.first_chunk()?;
        let method = Method::from_number(header[12])?;
        let depth = header[15];
        let [source_x, source_y, _, _, _, _, width, height] =
            [24, 26, 28, 30, 32, 34, 36, 38].map(|at| usize::from(order.u16(header, at)));
        let bits = usize::from(geometry.bits_of(depth)?);
        let row = pad4((width * bits).div_ceil(8));
        let size = row.checked_mul(height)?;
        if source_x != 0 || source_y != 0 || size > MAX_IMAGE || size == 0 {
            return None;
        }
        let data = request.get(40..)?.get(..order.u32(header, 16) as usize)?;
        let mut pixels = vec![0; size];
        let mut target = Target {
            pixels: &mut pixels,
            width,
            height,
            row,
            bits,
            masks: geometry.masks,
            order: self.image_order,
        };
        match method {
            Method::Zlib => block::expand_into(data, target.pixels)?,
            Method::Bitmap => target.bitmap(data)?,
            Method::Masked(index) => target.masked(index, data)?,
            Method::Jpeg(index) => target.draw(&Pixels::from_jpeg(data, width, height)?, index)?,
            Method::Png(index) => target.draw(&Pixels::from_png(data, width, height)?, index)?,
        }
        if depth == 32
            && bits == 32
            && let Some(alpha) = resource.alpha.as_ref().filter(|a| a.len() == size / 4)
        {
            let at = if self.image_order == ByteOrder::Lsb { 3 } else { 0 };
            for (pixel, alpha) in pixels.chunks_exact_mut(4).zip(alpha) {
                pixel[at] = *alpha;
            }
        }
        let words = ((24 + size) / 4) as u16;
        let (words, none) = match order {
            ByteOrder::Lsb => (words.to_le_bytes(), 0),
            ByteOrder::Msb => (words.to_be_bytes(), 0),
        };
        out.extend_from_slice(&[PUT_IMAGE, Z_PIXMAP, words[0], words[1]]);
        // Drawable and GC, then size and position as they are.
        out.extend_from_slice(&header[4..12]);
        out.extend_from_slice(&header[36..40]);
        out.extend_from_slice(&header[32..36]);
        out.extend_from_slice(&[none, depth, 0, 0]);
        out.extend_from_slice(&pixels);
        Some(())
    }
}
