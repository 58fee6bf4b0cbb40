//! A bitmap font in another size: each pixel is the one of the original that its middle falls on.

use super::xlfd::Instance;
use super::{Font, Glyph, Metrics, Property, PropertyValue};

/// Properties that are lengths in pixels, and are scaled with the characters: true along x.
const LENGTHS: [(&str, bool); 17] = [
    ("MIN_SPACE", true),
    ("NORM_SPACE", true),
    ("MAX_SPACE", true),
    ("END_SPACE", true),
    ("AVG_CAPITAL_WIDTH", true),
    ("AVG_LOWERCASE_WIDTH", true),
    ("QUAD_WIDTH", true),
    ("FIGURE_WIDTH", true),
    ("SUPERSCRIPT_X", true),
    ("SUBSCRIPT_X", true),
    ("SUPERSCRIPT_Y", false),
    ("SUBSCRIPT_Y", false),
    ("UNDERLINE_POSITION", false),
    ("UNDERLINE_THICKNESS", false),
    ("X_HEIGHT", false),
    ("CAP_HEIGHT", false),
    ("STRIKEOUT_ASCENT", false),
];

/// Properties that stay as they are in every size: they are the name's, or say something of the face.
const KEPT: [&str; 14] = [
    "FONTNAME_REGISTRY",
    "FOUNDRY",
    "FAMILY_NAME",
    "WEIGHT_NAME",
    "SLANT",
    "SETWIDTH_NAME",
    "ADD_STYLE_NAME",
    "SPACING",
    "CHARSET_REGISTRY",
    "CHARSET_ENCODING",
    "COPYRIGHT",
    "WEIGHT",
    "DEFAULT_CHAR",
    "ITALIC_ANGLE",
];

fn scaled(length: i32, by: f64) -> i16 {
    (f64::from(length) * by).round().clamp(-32768.0, 32767.0) as i16
}

impl Font {
    /// The font in another size; none if its bits would take more than so many words. What its characters say of their
    /// ink is their whole cell.
    pub(crate) fn scaled(&self, to: &Instance<'_>, words: usize) -> Option<Self> {
        let (along, up) = to.scale;
        let resize = |metrics: Metrics| Metrics {
            left: scaled(metrics.left.into(), along),
            right: scaled(metrics.right.into(), along),
            // What moved on still does.
            width: match scaled(metrics.width.into(), along) {
                0 => metrics.width.signum(),
                width => width,
            },
            ascent: scaled(metrics.ascent.into(), up),
            descent: scaled(metrics.descent.into(), up),
            attributes: metrics.attributes,
        };
        let mut bits = Vec::new();
        let mut glyphs = Vec::with_capacity(self.glyphs.len());
        for glyph in &self.glyphs {
            let Some(glyph) = glyph else {
                glyphs.push(None);
                continue;
            };
            let (original, metrics) = (glyph.metrics, resize(glyph.metrics));
            let start = bits.len();
            glyphs.push(Some(Glyph { metrics, ink: metrics, start }));
            let stride = metrics.ink_width().div_ceil(32);
            let taken = stride * metrics.ink_height();
            if start + taken > words {
                return None;
            }
            if taken == 0 {
                continue;
            }
            bits.resize(start + taken, 0u32);
            // From a pixel's middle to the original's pixel, both counted from the corner of the ink.
            let within = |at: usize, corner: i32, by: f64, original: i32| {
                ((f64::from(corner) + at as f64 + 0.5) / by - f64::from(original)).floor().max(0.0) as usize
            };
            let rows: Vec<&[u32]> = glyph.rows(self).collect();
            let columns: Vec<usize> = (0..metrics.ink_width())
                .map(|x| within(x, metrics.left.into(), along, original.left.into()))
                .map(|x| x.min(original.ink_width().saturating_sub(1)))
                .collect();
            for (y, row) in bits[start..].chunks_exact_mut(stride).enumerate() {
                let y = within(y, -i32::from(metrics.ascent), up, -i32::from(original.ascent));
                let Some(original) = rows.get(y.min(rows.len().saturating_sub(1))) else { continue };
                for (x, from) in columns.iter().enumerate() {
                    let bit = original.get(from / 32).map_or(0, |word| word >> (from % 32) & 1);
                    row[x / 32] |= bit << (x % 32);
                }
            }
        }
        let mut info = self.info.clone();
        let mut all = glyphs.iter().flatten().map(|glyph| glyph.metrics);
        let first = all.next().unwrap_or_default();
        (info.min_bounds, info.max_bounds) = all.fold((first, first), |(min, max), metrics| {
            (bounds(min, metrics, i16::min, u16::min), bounds(max, metrics, i16::max, u16::max))
        });
        info.ascent = scaled(info.ascent.into(), up);
        info.descent = scaled(info.descent.into(), up);
        info.properties = self.info.properties.iter().filter_map(|property| resized(property, to)).collect();
        Some(Self { info, glyphs, bits })
    }
}

fn bounds(
    one: Metrics,
    other: Metrics,
    of: fn(i16, i16) -> i16,
    of_attributes: fn(u16, u16) -> u16,
) -> Metrics {
    Metrics {
        left: of(one.left, other.left),
        right: of(one.right, other.right),
        width: of(one.width, other.width),
        ascent: of(one.ascent, other.ascent),
        descent: of(one.descent, other.descent),
        attributes: of_attributes(one.attributes, other.attributes),
    }
}

/// A property as the new size has it; none if nobody knows what it would be.
fn resized(property: &Property, to: &Instance<'_>) -> Option<Property> {
    let name = property.name.as_str();
    let size = match name {
        "PIXEL_SIZE" => Some(to.pixels),
        "POINT_SIZE" => Some(to.points),
        "RESOLUTION_X" => Some(to.resolution.0),
        "RESOLUTION_Y" => Some(to.resolution.1),
        "AVERAGE_WIDTH" => Some(to.width),
        _ => None,
    };
    let value = match &property.value {
        _ if name == "FONT" => PropertyValue::Text(to.name.clone()),
        PropertyValue::Number(_) if size.is_some() => PropertyValue::Number(size?.cast_signed()),
        PropertyValue::Number(length) => match LENGTHS.iter().find(|(known, _)| *known == name) {
            Some((_, true)) => PropertyValue::Number(scaled(*length, to.scale.0).into()),
            Some((_, false)) => PropertyValue::Number(scaled(*length, to.scale.1).into()),
            None => KEPT.contains(&name).then_some(property.value.clone())?,
        },
        PropertyValue::Text(_) => KEPT.contains(&name).then_some(property.value.clone())?,
    };
    Some(Property { name: property.name.clone(), value })
}

#[cfg(test)]
mod tests {
    use super::super::xlfd::Request;
    use super::*;

    const NAME: &str = "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1";

    fn fixed(size: &str, words: usize) -> Option<(Font, Font)> {
        let font =
            Font::from_pcf(include_bytes!("../../../../assets/fonts/misc/6x13-ISO8859-1.pcf.gz")).unwrap();
        let name = format!("-misc-fixed-medium-r-semicondensed--{size}-iso8859-1");
        let instance = Request::of(&name).unwrap().instance([NAME].into_iter()).unwrap();
        let scaled = font.scaled(&instance, words)?;
        Some((font, scaled))
    }

    fn picture(font: &Font, code: char) -> Vec<String> {
        let glyph = font.glyph(code as u16).unwrap();
        (0..glyph.metrics.ink_height())
            .map(|y| {
                let bit = |x| if glyph.bit(font, x, y) { '#' } else { '.' };
                (0..glyph.metrics.ink_width()).map(bit).collect()
            })
            .collect()
    }

    #[test]
    fn twice_the_size_is_every_pixel_four_times() {
        let (font, twice) = fixed("26-0-75-75-c-0", 1 << 20).unwrap();
        for code in ['A', 'g', '@', '\u{ff}'] {
            let doubled: Vec<String> = picture(&font, code)
                .iter()
                .map(|row| row.chars().flat_map(|pixel| [pixel, pixel]).collect::<String>())
                .flat_map(|row: String| [row.clone(), row])
                .collect();
            assert_eq!(picture(&twice, code), doubled, "{code}");
        }
        assert_eq!((twice.info.ascent, twice.info.descent, twice.info.max_bounds.width), (22, 4, 12));
    }

    #[test]
    fn a_scaled_font_says_its_own_size() {
        let (_, small) = fixed("7-0-75-75-c-0", 1 << 20).unwrap();
        let property =
            |name: &str| small.info.properties.iter().find(|p| p.name == name).map(|p| p.value.clone());
        assert_eq!(property("PIXEL_SIZE"), Some(PropertyValue::Number(7)));
        assert_eq!(property("X_HEIGHT"), Some(PropertyValue::Number(3)));
        assert_eq!(property("AVERAGE_WIDTH"), Some(PropertyValue::Number(30)));
        let name = "-misc-fixed-medium-r-semicondensed--7-67-75-75-c-30-iso8859-1";
        assert_eq!(property("FONT"), Some(PropertyValue::Text(name.to_owned())));
        assert_eq!(property("RESOLUTION"), None);
        assert_eq!(small.info.max_bounds.width, 3);
    }

    #[test]
    fn what_would_take_too_much_memory_is_not_made() {
        assert!(fixed("9999-0-75-75-c-0", 1 << 20).is_none());
        assert!(fixed("26-0-9999-1-c-0", 1 << 20).is_none());
        let (_, least) = fixed("1-0-75-75-c-0", 1 << 20).unwrap();
        assert_eq!(least.info.max_bounds.width, 1);
    }
}
