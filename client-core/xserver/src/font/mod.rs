//! Core fonts: bitmap fonts of the X11 protocol (§5 metrics, §9 requests).

/// A bitmap font.
#[derive(Debug)]
pub struct Font {
    /// Rows above the base line.
    pub ascent: i16,
    /// Rows below it.
    pub descent: i16,
}
