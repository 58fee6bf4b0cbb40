//! Lists of values under a bit mask, as `CreateWindow`, `ConfigureWindow`, `CreateGC` and their like carry them.
//!
//! Read from the bytes rather than through parsed structures, because the errors name the raw value.

use x11rb_protocol::protocol::xproto::{Arc, Point, Rectangle, Segment};

use crate::error::{Outcome, XError};

/// The values that a mask announces, in the order of its bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueList<'a> {
    mask: u32,
    values: &'a [u8],
}

impl<'a> ValueList<'a> {
    /// `values` has to be exactly as long as the mask says.
    pub(crate) fn new(mask: u32, values: &'a [u8]) -> Outcome<Self> {
        if values.len() != mask.count_ones() as usize * 4 {
            return Err(XError::LENGTH);
        }
        Ok(Self { mask, values })
    }

    /// The list itself if its mask has bits of `allowed` only.
    pub(crate) fn within(self, allowed: u32) -> Outcome<Self> {
        if self.mask & !allowed == 0 { Ok(self) } else { Err(XError::value(self.mask)) }
    }

    /// Bit numbers and values, lowest bit first.
    pub(crate) fn iter(self) -> impl Iterator<Item = (u32, u32)> + 'a {
        let mask = self.mask;
        (0..32).filter(move |bit| mask & (1 << bit) != 0).zip(
            self.values.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]])),
        )
    }

    pub(crate) fn mask(self) -> u32 {
        self.mask
    }
}

/// The 32-bit word at a byte offset.
pub(crate) fn word(bytes: &[u8], offset: usize) -> Outcome<u32> {
    let word = bytes.get(offset..).and_then(|rest| rest.first_chunk::<4>()).ok_or(XError::LENGTH)?;
    Ok(u32::from_ne_bytes(*word))
}

/// The 16-bit word at a byte offset.
pub(crate) fn half(bytes: &[u8], offset: usize) -> Outcome<u16> {
    let half = bytes.get(offset..).and_then(|rest| rest.first_chunk::<2>()).ok_or(XError::LENGTH)?;
    Ok(u16::from_ne_bytes(*half))
}

/// What follows a byte offset.
pub(crate) fn tail(bytes: &[u8], offset: usize) -> Outcome<&[u8]> {
    bytes.get(offset..).ok_or(XError::LENGTH)
}

/// The points that bytes hold; what is left over of the bytes is dropped.
pub(crate) fn points(bytes: &[u8]) -> Vec<Point> {
    let (points, _) = bytes.as_chunks::<4>();
    points.iter().map(|[a, b, c, d]| Point { x: signed(*a, *b), y: signed(*c, *d) }).collect()
}

/// The segments that bytes hold.
pub(crate) fn segments(bytes: &[u8]) -> Vec<Segment> {
    let (segments, _) = bytes.as_chunks::<8>();
    let segment = |[a, b, c, d, e, f, g, h]: &[u8; 8]| Segment {
        x1: signed(*a, *b),
        y1: signed(*c, *d),
        x2: signed(*e, *f),
        y2: signed(*g, *h),
    };
    segments.iter().map(segment).collect()
}

/// The rectangles that bytes hold.
pub(crate) fn rectangles(bytes: &[u8]) -> Vec<Rectangle> {
    let (rectangles, _) = bytes.as_chunks::<8>();
    let rectangle = |[a, b, c, d, e, f, g, h]: &[u8; 8]| Rectangle {
        x: signed(*a, *b),
        y: signed(*c, *d),
        width: u16::from_ne_bytes([*e, *f]),
        height: u16::from_ne_bytes([*g, *h]),
    };
    rectangles.iter().map(rectangle).collect()
}

/// The arcs that bytes hold.
pub(crate) fn arcs(bytes: &[u8]) -> Vec<Arc> {
    let (arcs, _) = bytes.as_chunks::<12>();
    let arc = |[a, b, c, d, e, f, g, h, i, j, k, l]: &[u8; 12]| Arc {
        x: signed(*a, *b),
        y: signed(*c, *d),
        width: u16::from_ne_bytes([*e, *f]),
        height: u16::from_ne_bytes([*g, *h]),
        angle1: signed(*i, *j),
        angle2: signed(*k, *l),
    };
    arcs.iter().map(arc).collect()
}

fn signed(a: u8, b: u8) -> i16 {
    i16::from_ne_bytes([a, b])
}
