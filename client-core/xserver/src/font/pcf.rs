//! Reading PCF, the Portable Compiled Format of X bitmap fonts, plain or gzipped.
//!
//! A file is a list of tables, each in its own byte and bit order. Nothing in it is believed: every offset and count is
//! checked against what is there, and what a font may take is bounded.

use std::io::Read;

use super::{Font, FontInfo, Glyph, Metrics, Property, PropertyValue};

/// Why a font file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PcfError {
    /// The gzip stream is damaged or unpacks to more than [`MAX_FILE`] bytes.
    #[error("not a gzip stream of at most {MAX_FILE} bytes")]
    Gzip,
    /// The first four bytes are not those of PCF.
    #[error("no PCF header")]
    Magic,
    /// A table that every font needs is not there.
    #[error("no {0} table")]
    Missing(&'static str),
    /// A table ends before what it announces.
    #[error("{0} table is cut short")]
    Short(&'static str),
    /// A table's numbers make no sense.
    #[error("{0} table holds an impossible value")]
    Value(&'static str),
}

/// The largest font file, unpacked.
pub(super) const MAX_FILE: u64 = 16 << 20;
/// The most bits, in 32-bit words, that the glyphs of a font may come to.
const MAX_WORDS: usize = 8 << 20;

const PROPERTIES: u32 = 1;
const ACCELERATORS: u32 = 2;
const METRICS: u32 = 4;
const BITMAPS: u32 = 8;
const INK_METRICS: u32 = 16;
const ENCODINGS: u32 = 32;
const BDF_ACCELERATORS: u32 = 256;

const MSB_BYTE_FIRST: u32 = 4;
const MSB_BIT_FIRST: u32 = 8;
const COMPRESSED_METRICS: u32 = 0x100;
const INK_BOUNDS: u32 = 0x100;

impl Font {
    /// From the bytes of a `.pcf` or `.pcf.gz` file.
    pub fn from_pcf(file: &[u8]) -> Result<Self, PcfError> {
        if file.starts_with(&[0x1f, 0x8b]) {
            let mut plain = Vec::new();
            let stream = flate2::read::GzDecoder::new(file);
            stream.take(MAX_FILE + 1).read_to_end(&mut plain).map_err(|_| PcfError::Gzip)?;
            if plain.len() as u64 > MAX_FILE {
                return Err(PcfError::Gzip);
            }
            return parse(&plain);
        }
        parse(file)
    }
}

fn parse(file: &[u8]) -> Result<Font, PcfError> {
    if !file.starts_with(b"\x01fcp") {
        return Err(PcfError::Magic);
    }
    let mut info = FontInfo::default();
    if let Some(table) = Table::find(file, PROPERTIES, "properties")? {
        info.properties = properties(table)?;
    }
    let table = match Table::find(file, BDF_ACCELERATORS, "accelerators")? {
        Some(table) => table,
        None => Table::need(file, ACCELERATORS, "accelerators")?,
    };
    accelerators(table, &mut info)?;
    let metrics = metrics(Table::need(file, METRICS, "metrics")?)?;
    let (mut glyphs, bits) = bitmaps(Table::need(file, BITMAPS, "bitmaps")?, &metrics)?;
    if let Some(table) = Table::find(file, INK_METRICS, "ink metrics")? {
        let ink = self::metrics(table)?;
        if ink.len() != glyphs.len() {
            return Err(PcfError::Value("ink metrics"));
        }
        for (glyph, ink) in glyphs.iter_mut().zip(ink) {
            glyph.ink = ink;
        }
    }
    let glyphs = encodings(Table::need(file, ENCODINGS, "encodings")?, &glyphs, &mut info)?;
    Ok(Font { info, glyphs, bits })
}

/// A table being read, front to back.
#[derive(Clone, Copy)]
struct Table<'f> {
    name: &'static str,
    format: u32,
    rest: &'f [u8],
}

impl<'f> Table<'f> {
    fn find(file: &'f [u8], kind: u32, name: &'static str) -> Result<Option<Self>, PcfError> {
        let word = |at: usize| -> Option<u32> {
            file.get(at..at.checked_add(4)?)?.first_chunk().map(|b| u32::from_le_bytes(*b))
        };
        let short = PcfError::Short("contents");
        let count = word(4).ok_or(short.clone())?.min(64) as usize;
        for entry in (0..count).map(|i| 8 + 16 * i) {
            if word(entry).ok_or(short.clone())? == kind {
                let size = word(entry + 8).ok_or(short.clone())? as usize;
                let start = word(entry + 12).ok_or(short)? as usize;
                let short = PcfError::Short(name);
                let body = file.get(start..).ok_or(short.clone())?;
                // Some writers give a size without the padding; what is read is checked anyway.
                let body = &body[..body.len().min(size.saturating_add(4))];
                let (format, rest) = body.split_first_chunk().ok_or(short)?;
                return Ok(Some(Self { name, format: u32::from_le_bytes(*format), rest }));
            }
        }
        Ok(None)
    }

    fn need(file: &'f [u8], kind: u32, name: &'static str) -> Result<Self, PcfError> {
        Self::find(file, kind, name)?.ok_or(PcfError::Missing(name))
    }

    fn take(&mut self, count: usize) -> Result<&'f [u8], PcfError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(PcfError::Short(self.name))?;
        self.rest = rest;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8, PcfError> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, PcfError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(PcfError::Short(self.name))?;
        self.rest = rest;
        Ok(if self.format & MSB_BYTE_FIRST == 0 {
            u16::from_le_bytes(*bytes)
        } else {
            u16::from_be_bytes(*bytes)
        })
    }

    fn i16(&mut self) -> Result<i16, PcfError> {
        Ok(self.u16()?.cast_signed())
    }

    fn u32(&mut self) -> Result<u32, PcfError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(PcfError::Short(self.name))?;
        self.rest = rest;
        Ok(if self.format & MSB_BYTE_FIRST == 0 {
            u32::from_le_bytes(*bytes)
        } else {
            u32::from_be_bytes(*bytes)
        })
    }

    /// A count of items of at least `size` bytes each, so that what is allocated for them is bounded by the file.
    fn count(&mut self, count: u32, size: usize) -> Result<usize, PcfError> {
        let count = usize::try_from(count).map_err(|_| PcfError::Value(self.name))?;
        if count.saturating_mul(size) > self.rest.len() { Err(PcfError::Short(self.name)) } else { Ok(count) }
    }

    fn wide_metrics(&mut self) -> Result<Metrics, PcfError> {
        Ok(Metrics {
            left: self.i16()?,
            right: self.i16()?,
            width: self.i16()?,
            ascent: self.i16()?,
            descent: self.i16()?,
            attributes: self.u16()?,
        })
    }

    fn byte_metrics(&mut self) -> Result<Metrics, PcfError> {
        let mut next = || self.u8().map(|b| i16::from(b) - 0x80);
        Ok(Metrics {
            left: next()?,
            right: next()?,
            width: next()?,
            ascent: next()?,
            descent: next()?,
            attributes: 0,
        })
    }
}

fn properties(mut table: Table<'_>) -> Result<Vec<Property>, PcfError> {
    let n = table.u32()?;
    let n = table.count(n, 9)?;
    let mut entries = Vec::with_capacity(n);
    for _ in 0..n {
        entries.push((table.u32()?, table.u8()? != 0, table.u32()?));
    }
    table.take((4 - n % 4) % 4)?;
    let size = table.u32()?;
    let size = table.count(size, 1)?;
    let strings = table.take(size)?;
    let text = |at: u32| -> Result<String, PcfError> {
        let tail = strings.get(at as usize..).ok_or(PcfError::Value("properties"))?;
        let text = tail.split(|b| *b == 0).next().unwrap_or(tail);
        // Latin-1, as all text of the core protocol.
        Ok(text.iter().map(|b| char::from(*b)).collect())
    };
    entries
        .into_iter()
        .map(|(name, is_text, value)| {
            let value = if is_text {
                PropertyValue::Text(text(value)?)
            } else {
                PropertyValue::Number(value.cast_signed())
            };
            Ok(Property { name: text(name)?, value })
        })
        .collect()
}

fn accelerators(mut table: Table<'_>, info: &mut FontInfo) -> Result<(), PcfError> {
    // No overlap, constant metrics, terminal font, constant width, ink inside, ink metrics.
    table.take(6)?;
    info.right_to_left = table.u8()? != 0;
    table.take(1)?;
    let line = |v: u32| i16::try_from(v.cast_signed()).map_err(|_| PcfError::Value("accelerators"));
    info.ascent = line(table.u32()?)?;
    info.descent = line(table.u32()?)?;
    table.take(4 /* overlap */)?;
    info.min_bounds = table.wide_metrics()?;
    info.max_bounds = table.wide_metrics()?;
    if table.format & INK_BOUNDS != 0 {
        info.min_bounds = table.wide_metrics()?;
        info.max_bounds = table.wide_metrics()?;
    }
    Ok(())
}

fn metrics(mut table: Table<'_>) -> Result<Vec<Metrics>, PcfError> {
    if table.format & COMPRESSED_METRICS != 0 {
        let n = table.u16()?;
        let n = table.count(n.into(), 5)?;
        (0..n).map(|_| table.byte_metrics()).collect()
    } else {
        let n = table.u32()?;
        let n = table.count(n, 12)?;
        (0..n).map(|_| table.wide_metrics()).collect()
    }
}

/// Brings every glyph's rows to 32-bit words with the leftmost column in the lowest bit.
fn bitmaps(mut table: Table<'_>, metrics: &[Metrics]) -> Result<(Vec<Glyph>, Vec<u32>), PcfError> {
    let n = table.u32()?;
    let n = table.count(n, 4)?;
    if n != metrics.len() {
        return Err(PcfError::Value("bitmaps"));
    }
    let offsets: Vec<u32> = (0..n).map(|_| table.u32()).collect::<Result<_, _>>()?;
    table.take(16 /* sizes with each of the four row paddings */)?;
    let pad = 1usize << (table.format & 3);
    let unit = 1usize << (table.format >> 4 & 3);
    let msb_bit = table.format & MSB_BIT_FIRST != 0;
    let msb_byte = table.format & MSB_BYTE_FIRST != 0;
    // Where byte and bit order disagree, the bytes of each unit are swapped.
    let swap = if msb_bit == msb_byte { 0 } else { unit - 1 };
    let mut bits = Vec::new();
    let mut glyphs = Vec::with_capacity(n);
    for (metrics, offset) in metrics.iter().zip(offsets) {
        let (width, height) = (metrics.ink_width(), metrics.ink_height());
        let stride = width.div_ceil(8).next_multiple_of(pad);
        let data = table.rest.get(offset as usize..).ok_or(PcfError::Value("bitmaps"))?;
        let data = data.get(..stride * height).ok_or(PcfError::Short("bitmaps"))?;
        glyphs.push(Glyph { metrics: *metrics, ink: *metrics, start: bits.len() });
        if stride == 0 {
            continue;
        }
        if bits.len() + width.div_ceil(32) * height > MAX_WORDS {
            return Err(PcfError::Value("bitmaps"));
        }
        for row in data.chunks_exact(stride) {
            for first in (0..width).step_by(32) {
                let word = (first..width.min(first + 32)).step_by(8).fold(0u32, |word, x| {
                    let byte = row.get((x / 8) ^ swap).copied().unwrap_or(0);
                    let byte = if msb_bit { byte.reverse_bits() } else { byte };
                    word | u32::from(byte) << (x - first)
                });
                let valid = (width - first).min(32) as u32;
                bits.push(word & u32::MAX >> (32 - valid));
            }
        }
    }
    Ok((glyphs, bits))
}

fn encodings(
    mut table: Table<'_>,
    glyphs: &[Glyph],
    info: &mut FontInfo,
) -> Result<Vec<Option<Glyph>>, PcfError> {
    let impossible = || PcfError::Value("encodings");
    info.min_byte2 = table.u16()?;
    info.max_byte2 = table.u16()?;
    info.min_byte1 = table.u16()?.try_into().map_err(|_| impossible())?;
    info.max_byte1 = table.u16()?.try_into().map_err(|_| impossible())?;
    info.default_char = table.u16()?;
    let columns = usize::from(info.max_byte2).checked_sub(info.min_byte2.into()).ok_or_else(impossible)? + 1;
    let rows = usize::from(info.max_byte1).checked_sub(info.min_byte1.into()).ok_or_else(impossible)? + 1;
    if rows > 1 && info.max_byte2 > 255 {
        return Err(impossible());
    }
    let n = table.count((rows * columns) as u32, 2)?;
    let table: Vec<Option<Glyph>> = (0..n)
        .map(|_| Ok(glyphs.get(usize::from(table.u16()?)).copied()))
        .collect::<Result<_, PcfError>>()?;
    info.all_chars_exist = table.iter().all(Option::is_some);
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: &[u8] = include_bytes!("../../../../assets/fonts/misc/6x13-ISO8859-1.pcf.gz");

    fn plain() -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(FIXED).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn fixed_has_its_known_metrics_and_shapes() {
        let font = Font::from_pcf(FIXED).unwrap();
        let info = font.info();
        assert_eq!((info.ascent, info.descent), (11, 2));
        assert_eq!((info.max_bounds.width, info.min_bounds.width), (6, 6));
        assert!(
            info.properties
                .iter()
                .any(|p| p.name == "FAMILY_NAME" && p.value == PropertyValue::Text("Fixed".into()))
        );
        let l = font.glyph(u16::from(b'l')).unwrap();
        let picture: Vec<String> = (0..l.metrics.ink_height())
            .map(|y| (0..l.metrics.ink_width()).map(|x| if l.bit(&font, x, y) { '#' } else { '.' }).collect())
            .collect();
        assert!(picture.iter().any(|row| row.trim_matches('.') == "#"), "{picture:?}");
        assert!(picture.iter().any(|row| row.trim_matches('.') == "###"), "{picture:?}");
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_never_a_panic() {
        let plain = plain();
        for n in (0..plain.len()).step_by(7) {
            let _ = Font::from_pcf(&plain[..n]);
        }
        assert_eq!(Font::from_pcf(&plain[..3]).unwrap_err(), PcfError::Magic);
        assert_eq!(Font::from_pcf(&FIXED[..40]).unwrap_err(), PcfError::Gzip);
    }

    #[test]
    fn bytes_changed_anywhere_never_panic() {
        let plain = plain();
        for n in 0..plain.len().min(4000) {
            for value in [0x00, 0x7f, 0xff] {
                let mut bad = plain.clone();
                bad[n] = value;
                if let Ok(font) = Font::from_pcf(&bad) {
                    font.text_extents(0..300);
                    assert!(font.char_infos().count() <= 0x1_0000);
                }
            }
        }
    }
}
