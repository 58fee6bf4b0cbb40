//! Projective transforms in 16.16 fixed point: from the destination's plane to the source's.

use x11rb_protocol::protocol::render;

/// One in 16.16 fixed point.
pub(super) const ONE: i64 = 1 << 16;

/// A 3 by 3 matrix of 16.16 numbers, row by row (RENDER TRANSFORM). Never the identity: that is no transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transform([[i32; 3]; 3]);

/// A point before its division by the third coordinate, in 16.16.
pub(super) type Homogeneous = [i64; 3];

impl Transform {
    /// The transform of a request; none for the identity.
    pub fn new(t: &render::Transform) -> Option<Self> {
        let rows = [
            [t.matrix11, t.matrix12, t.matrix13],
            [t.matrix21, t.matrix22, t.matrix23],
            [t.matrix31, t.matrix32, t.matrix33],
        ];
        (rows != [[1 << 16, 0, 0], [0, 1 << 16, 0], [0, 0, 1 << 16]]).then_some(Self(rows))
    }

    /// Whether it is a shift by whole pixels, and by how many.
    pub(super) fn whole_shift(&self) -> Option<(i32, i32)> {
        let [[a, b, x], [c, d, y], last] = self.0;
        let one = 1 << 16;
        let whole = [a, b, c, d] == [one, 0, 0, one] && last == [0, 0, one] && (x | y).trailing_zeros() >= 16;
        whole.then_some((x >> 16, y >> 16))
    }

    /// Whether lines that are parallel stay so: no division is needed.
    pub(super) fn is_affine(&self) -> bool {
        self.0[2] == [0, 0, 1 << 16]
    }

    /// Where the centre of the destination's pixel (x, y) falls.
    pub(super) fn centre_of(&self, x: i32, y: i32) -> Homogeneous {
        if x.unsigned_abs() < 1 << 14 && y.unsigned_abs() < 1 << 14 {
            // As below, where all of it fits 64 bits.
            let (x, y) = (i64::from(x) * ONE + ONE / 2, i64::from(y) * ONE + ONE / 2);
            let [one, two, three] = &self.0;
            let of = |[a, b, c]: &[i32; 3]| {
                (i64::from(*a) * x + i64::from(*b) * y + i64::from(*c) * ONE + 0x8000) >> 16
            };
            return [of(one), of(two), of(three)];
        }
        let v = [i128::from(x) * 65536 + 32768, i128::from(y) * 65536 + 32768, 65536];
        self.0.map(|row| {
            let [a, b, c] = row.map(i128::from);
            let [x, y, z] = v;
            // Three products of 32 by 33 bits, rounded to 16.16: fits 64 bits.
            ((a * x + b * y + c * z + 0x8000) >> 16) as i64
        })
    }

    /// What one pixel to the right adds.
    pub(super) fn step(&self) -> Homogeneous {
        self.0.map(|[a, ..]| i64::from(a))
    }
}

/// The centre of a pixel, and the step to the next, without a transform.
pub(super) fn untransformed(x: i32, y: i32) -> (Homogeneous, Homogeneous) {
    ([i64::from(x) * ONE + ONE / 2, i64::from(y) * ONE + ONE / 2, ONE], [ONE, 0, 0])
}

/// The point in the plane, in 16.16.
#[inline]
pub(super) fn divide([x, y, w]: Homogeneous) -> (i64, i64) {
    if w == ONE {
        (x, y)
    } else if w == 0 {
        (0, 0)
    } else {
        let far = 1_i64 << 47;
        let one = |v: i64| match v.checked_mul(ONE).and_then(|wide| wide.checked_div(w)) {
            Some(quotient) => quotient.clamp(-far, far),
            None => (i128::from(v) * 65536 / i128::from(w)).clamp(-i128::from(far), i128::from(far)) as i64,
        };
        (one(x), one(y))
    }
}

/// The next point.
#[inline]
pub(super) fn advance(v: &mut Homogeneous, step: &Homogeneous) {
    for (v, s) in v.iter_mut().zip(step) {
        *v = v.saturating_add(*s);
    }
}
