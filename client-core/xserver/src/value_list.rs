//! Lists of values under a bit mask, as `CreateWindow`, `ConfigureWindow`, `CreateGC` and their like carry them.
//!
//! Read from the bytes rather than through parsed structures, because the errors name the raw value.

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
