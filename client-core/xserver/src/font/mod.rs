//! Core fonts: the bitmap fonts of the X11 protocol (§5 metrics, §9 requests).
//!
//! A [`Font`] is read from a PCF file ([`Font::from_pcf`]); a [`Catalogue`] holds the fonts that a server offers under
//! their names, aliases and patterns: the free set compiled into this crate. Sizes that no file has are made of those
//! that are there (`xlfd` finds which, `scale` draws them).

mod builtin;
mod catalogue;
mod pcf;
mod scale;
pub(crate) mod xlfd;

pub use catalogue::Catalogue;
pub(crate) use catalogue::matches;
pub use pcf::PcfError;

/// A bitmap font: metrics, properties and glyphs, indexed by one or two bytes per character.
#[derive(Clone, Debug)]
pub struct Font {
    info: FontInfo,
    /// Row by row of the character range; none where the font has no glyph.
    glyphs: Vec<Option<Glyph>>,
    /// Set rows of all glyphs; see [`Glyph::rows`].
    bits: Vec<u32>,
}

/// What `QueryFont` answers besides the characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FontInfo {
    /// The least of each ink metric over all characters.
    pub min_bounds: Metrics,
    /// The greatest of each.
    pub max_bounds: Metrics,
    /// First column of the character table (`min-char-or-byte2`).
    pub min_byte2: u16,
    /// Last column.
    pub max_byte2: u16,
    /// First row.
    pub min_byte1: u8,
    /// Last row.
    pub max_byte1: u8,
    /// Shown for characters that are not there; nothing is shown if it is not there itself.
    pub default_char: u16,
    /// Whether text runs to the left.
    pub right_to_left: bool,
    /// Whether every position of the table has a glyph.
    pub all_chars_exist: bool,
    /// Rows of a line above the base line.
    pub ascent: i16,
    /// Rows below it.
    pub descent: i16,
    /// What the font says of itself.
    pub properties: Vec<Property>,
}

/// A font property: two atoms, or an atom and a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// To be interned.
    pub name: String,
    /// Its value.
    pub value: PropertyValue,
}

/// The value of a font property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertyValue {
    /// To be interned; the property's value is the atom.
    Text(String),
    /// A signed number.
    Number(i32),
}

/// CHARINFO (X11 §5): pixels from the character's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// To the left edge of the ink.
    pub left: i16,
    /// To the right edge.
    pub right: i16,
    /// To the next character's origin.
    pub width: i16,
    /// From the base line up to the top of the ink.
    pub ascent: i16,
    /// From the base line down.
    pub descent: i16,
    /// Whatever the font's maker meant by it.
    pub attributes: u16,
}

impl Metrics {
    /// Columns of ink, 0 or more.
    pub fn ink_width(&self) -> usize {
        usize::try_from(i32::from(self.right) - i32::from(self.left)).unwrap_or(0)
    }

    /// Rows of ink, 0 or more.
    pub fn ink_height(&self) -> usize {
        usize::try_from(i32::from(self.ascent) + i32::from(self.descent)).unwrap_or(0)
    }
}

/// A character of a font.
#[derive(Clone, Copy, Debug)]
pub struct Glyph {
    /// The metrics of its bitmap: what is drawn, and where the next character is.
    pub metrics: Metrics,
    /// The metrics of its ink alone: what queries answer.
    pub ink: Metrics,
    /// Where its first row is in the font's bits.
    start: usize,
}

impl Glyph {
    /// Its rows from the top: as many words of 32 columns each as its width needs, the leftmost column in the lowest bit.
    pub(crate) fn rows<'f>(&self, font: &'f Font) -> impl Iterator<Item = &'f [u32]> + 'f {
        let stride = self.metrics.ink_width().div_ceil(32).max(1);
        let bits = font.bits.get(self.start..).unwrap_or(&[]);
        bits.chunks_exact(stride).take(self.metrics.ink_height())
    }

    /// Whether the pixel, counted from the upper left of the ink, is set.
    pub fn bit(&self, font: &Font, x: usize, y: usize) -> bool {
        x < self.metrics.ink_width()
            && self
                .rows(font)
                .nth(y)
                .and_then(|row| row.get(x / 32))
                .is_some_and(|word| word >> (x % 32) & 1 == 1)
    }
}

/// What `QueryTextExtents` answers about a string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextExtents {
    /// The greatest ascent of its characters.
    pub ascent: i32,
    /// The greatest descent.
    pub descent: i32,
    /// The sum of the widths.
    pub width: i32,
    /// The leftmost ink.
    pub left: i32,
    /// The rightmost ink.
    pub right: i32,
}

impl Font {
    /// Metrics and properties of the whole.
    pub fn info(&self) -> &FontInfo {
        &self.info
    }

    /// The character at a 16-bit code (byte 1 above byte 2), by the font's own default character if it is not there;
    /// none if that is not there either.
    pub fn glyph(&self, code: u16) -> Option<&Glyph> {
        self.exact(code).or_else(|| self.exact(self.info.default_char))
    }

    /// The CHARINFOs of `QueryFont`, row by row of the table, zeros where there is no glyph; none at all if every
    /// character has the same metrics (X11 §9).
    pub fn char_infos(&self) -> impl Iterator<Item = Metrics> + '_ {
        let (min, max) = (&self.info.min_bounds, &self.info.max_bounds);
        let same = (min.left, min.right, min.width, min.ascent, min.descent)
            == (max.left, max.right, max.width, max.ascent, max.descent);
        let glyphs = if same { &[][..] } else { &self.glyphs[..] };
        glyphs.iter().map(|glyph| glyph.map(|g| g.ink).unwrap_or_default())
    }

    /// X11 §9 `QueryTextExtents`. Characters that are not there count as nothing.
    pub fn text_extents(&self, codes: impl IntoIterator<Item = u16>) -> TextExtents {
        let mut sum: Option<TextExtents> = None;
        for metrics in codes.into_iter().filter_map(|code| self.glyph(code)).map(|g| g.ink) {
            let [left, right, width, ascent, descent] =
                [metrics.left, metrics.right, metrics.width, metrics.ascent, metrics.descent].map(i32::from);
            sum = Some(match sum {
                None => TextExtents { ascent, descent, width, left, right },
                Some(s) => TextExtents {
                    ascent: s.ascent.max(ascent),
                    descent: s.descent.max(descent),
                    width: s.width.saturating_add(width),
                    left: s.left.min(s.width.saturating_add(left)),
                    right: s.right.max(s.width.saturating_add(right)),
                },
            });
        }
        sum.unwrap_or_default()
    }

    /// The width of a string: the sum of its characters' widths.
    pub fn text_width(&self, codes: &[u16]) -> i32 {
        codes.iter().filter_map(|code| self.glyph(*code)).map(|g| i32::from(g.metrics.width)).sum()
    }

    /// The memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.bits.len() * 4 + self.glyphs.len() * size_of::<Option<Glyph>>()
    }

    fn exact(&self, code: u16) -> Option<&Glyph> {
        let info = &self.info;
        let columns = usize::from(info.max_byte2).checked_sub(info.min_byte2.into())? + 1;
        let index = if info.max_byte1 == 0 {
            // X11 §5: with one row the code is one 16-bit number.
            let column = usize::from(code).checked_sub(info.min_byte2.into())?;
            (column < columns).then_some(column)?
        } else {
            let row = usize::from(code >> 8).checked_sub(info.min_byte1.into())?;
            let column = usize::from(code & 0xff).checked_sub(info.min_byte2.into())?;
            (column < columns).then_some(row * columns + column)?
        };
        self.glyphs.get(index)?.as_ref()
    }
}
