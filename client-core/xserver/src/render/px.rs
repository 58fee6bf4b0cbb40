//! Four pixels at a time, eight bits to a channel.
//!
//! A product of channels is `x * y / 255` rounded to nearest, in the form that the common software compositors use:
//! `t = x * y + 128; (t + (t >> 8)) >> 8`. It is exact for every pair of bytes, so results agree with theirs bit by
//! bit. A sum saturates.

use bytemuck::cast;
use wide::{u8x16, u16x8, u32x4};

/// Four pixels, or one value per channel of four pixels.
#[derive(Clone, Copy)]
pub(super) struct Px(u32x4);

impl Px {
    /// Pixels in a register.
    #[inline]
    pub(super) fn new(pixels: [u32; 4]) -> Self {
        Self(u32x4::new(pixels))
    }

    /// Four times the same pixel.
    #[inline]
    pub(super) fn splat(pixel: u32) -> Self {
        Self(u32x4::splat(pixel))
    }

    /// Pixels back in memory.
    #[inline]
    pub(super) fn to_array(self) -> [u32; 4] {
        self.0.to_array()
    }

    /// The alpha of each pixel in all its channels.
    #[inline]
    pub(super) fn alpha(self) -> Self {
        let a: u32x4 = self.0 >> 24_u32;
        let a = a | (a << 16_u32);
        Self(a | (a << 8_u32))
    }

    /// 255 minus each channel.
    #[inline]
    pub(super) fn inverse(self) -> Self {
        Self(self.0 ^ u32x4::splat(u32::MAX))
    }

    /// Channel by channel product.
    #[inline]
    pub(super) fn times(self, other: Self) -> Self {
        let low = u32x4::splat(0x00ff_00ff);
        let half = u16x8::splat(0x80);
        let even: u16x8 = cast::<u32x4, u16x8>(self.0 & low) * cast::<u32x4, u16x8>(other.0 & low) + half;
        let odd: u16x8 = cast::<u32x4, u16x8>((self.0 >> 8_u32) & low)
            * cast::<u32x4, u16x8>((other.0 >> 8_u32) & low)
            + half;
        let even: u16x8 = (even + (even >> 8_u32)) >> 8_u32;
        let odd: u16x8 = odd + (odd >> 8_u32);
        Self(cast::<u16x8, u32x4>(even) | (cast::<u16x8, u32x4>(odd) & u32x4::splat(0xff00_ff00)))
    }

    /// The bits that a mask has.
    #[inline]
    pub(super) fn masked(self, mask: Self) -> Self {
        Self(self.0 & mask.0)
    }

    /// Channel by channel sum, at most 255.
    #[inline]
    pub(super) fn plus(self, other: Self) -> Self {
        Self(cast::<u8x16, u32x4>(cast::<u32x4, u8x16>(self.0).saturating_add(cast::<u32x4, u8x16>(other.0))))
    }
}

/// `x * y / 255`, rounded to nearest.
#[inline]
pub(super) fn times(x: u32, y: u32) -> u32 {
    let t = x * y + 0x80;
    (t + (t >> 8)) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_channels_is_rounded_to_nearest_for_every_pair() {
        for x in 0..=255_u32 {
            for y in 0..=255_u32 {
                let exact = (2 * x * y + 255) / 510;
                assert_eq!(times(x, y), exact, "{x} * {y}");
                let px = Px::splat(x * 0x0101_0101).times(Px::splat(y * 0x0101_0101));
                assert_eq!(px.to_array(), [exact * 0x0101_0101; 4]);
            }
        }
    }

    #[test]
    fn a_sum_of_channels_saturates_each_by_itself() {
        let sum = Px::splat(0xff80_4001).plus(Px::splat(0x0180_4001));
        assert_eq!(sum.to_array(), [0xffff_8002; 4]);
    }
}
