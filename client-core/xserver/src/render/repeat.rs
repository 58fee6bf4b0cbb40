//! What is outside of a source's pixels, and beyond a gradient's ends.

/// What is outside a source's pixels (RENDER REPEAT).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: transparent.
    #[default]
    None,
    /// The same again.
    Normal,
    /// The nearest pixel at the border.
    Pad,
    /// The same mirrored.
    Reflect,
}

impl Repeat {
    /// The coordinate within 0..size that counts for one outside.
    #[inline]
    pub(super) fn wrap(self, v: i64, size: i32) -> Option<i32> {
        let size = i64::from(size);
        if (0..size).contains(&v) {
            return Some(v as i32);
        }
        match self {
            Self::None => None,
            _ if size <= 0 => None,
            Self::Normal => Some(v.rem_euclid(size) as i32),
            Self::Pad => Some(v.clamp(0, size - 1) as i32),
            Self::Reflect => {
                let v = v.rem_euclid(2 * size);
                Some(if v < size { v } else { 2 * size - 1 - v } as i32)
            }
        }
    }
}
