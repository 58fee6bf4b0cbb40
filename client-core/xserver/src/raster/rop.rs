//! Raster functions with a plane mask, brought to one formula that rows of pixels run through without a branch.
//!
//! For a fixed source bit, each of the 16 functions is `dst AND a XOR x` with constants `a` and `x`; as functions of the
//! source bit `a` and `x` are again `src AND c XOR d`. So four masks stand for any function, and a plane outside the
//! plane mask simply gets `a = 1, x = 0`.

use super::gc::Function;
use super::pixmap::Pixel;

/// `dst' = dst & (src & a_and ^ a_xor) ^ (src & x_and ^ x_xor)`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rop {
    a_and: u32,
    a_xor: u32,
    x_and: u32,
    x_xor: u32,
}

impl Rop {
    pub(crate) fn new(function: Function, plane_mask: u32) -> Self {
        // The codes are truth tables (X11 §8): bit 3 - (2 src + dst) of a code is its result for these two bits.
        let code = function as u32;
        let result = |src: u32, dst: u32| if code >> (3 - (2 * src + dst)) & 1 == 1 { u32::MAX } else { 0 };
        let x0 = result(0, 0);
        let x1 = result(1, 0);
        let a0 = result(0, 0) ^ result(0, 1);
        let a1 = result(1, 0) ^ result(1, 1);
        Self {
            a_and: (a0 ^ a1) & plane_mask,
            a_xor: (a0 & plane_mask) | !plane_mask,
            x_and: (x0 ^ x1) & plane_mask,
            x_xor: x0 & plane_mask,
        }
    }

    /// The constants `(a, x)` of `dst & a ^ x` for one source value.
    pub(crate) fn for_source(self, src: u32) -> (u32, u32) {
        (src & self.a_and ^ self.a_xor, src & self.x_and ^ self.x_xor)
    }

    #[cfg(test)]
    pub(crate) fn apply(self, src: u32, dst: u32) -> u32 {
        let (a, x) = self.for_source(src);
        dst & a ^ x
    }

    /// Whether the destination becomes the source in all bits of `mask`.
    pub(crate) fn is_copy(self, mask: u32) -> bool {
        (self.a_and | self.a_xor | self.x_xor) & mask == 0 && self.x_and & mask == mask
    }

    /// Whether nothing changes.
    pub(crate) fn is_noop(self) -> bool {
        self.a_and == 0 && self.a_xor == u32::MAX && self.x_and == 0 && self.x_xor == 0
    }

    /// Combines a row of source pixels into a row of destination pixels of the same length.
    pub(crate) fn row<P: Pixel>(self, dst: &mut [P], src: &[P], mask: u32) {
        if self.is_copy(mask) {
            let n = dst.len().min(src.len());
            dst[..n].copy_from_slice(&src[..n]);
            return;
        }
        let (aa, ax) = (P::from_value(self.a_and), P::from_value(self.a_xor));
        let (xa, xx) = (P::from_value(self.x_and), P::from_value(self.x_xor));
        for (d, &s) in dst.iter_mut().zip(src) {
            *d = *d & (s & aa ^ ax) ^ (s & xa ^ xx);
        }
    }
}

/// `dst' = dst & and ^ xor` over a row.
#[inline]
pub(crate) fn fill_row<P: Pixel>(dst: &mut [P], and: P, xor: P) {
    if and == P::from_value(0) {
        dst.fill(xor);
    } else {
        for d in dst {
            *d = *d & and ^ xor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_gives_the_protocols_result_within_the_plane_mask() {
        let (s, d, m) = (0b1100_1010_u32, 0b1010_0110_u32, 0x3f_u32);
        let expect = [
            0,
            s & d,
            s & !d,
            s,
            !s & d,
            d,
            s ^ d,
            s | d,
            !s & !d,
            !s ^ d,
            !d,
            s | !d,
            !s,
            !s | d,
            !s | !d,
            u32::MAX,
        ];
        for (code, want) in expect.into_iter().enumerate() {
            let function = Function::from_wire(code as u32).unwrap();
            assert_eq!(Rop::new(function, u32::MAX).apply(s, d), want, "{function:?}");
            assert_eq!(Rop::new(function, m).apply(s, d), want & m | d & !m, "{function:?}");
            let mut row = [d; 3];
            Rop::new(function, m).row(&mut row, &[s; 3], u32::MAX);
            assert_eq!(row, [want & m | d & !m; 3]);
        }
        assert!(Rop::new(Function::Copy, u32::MAX).is_copy(u32::MAX));
        assert!(Rop::new(Function::NoOp, 7).is_noop() && Rop::new(Function::Set, 0).is_noop());
    }
}
