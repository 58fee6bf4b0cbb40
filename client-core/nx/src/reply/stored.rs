//! Replies that are remembered whole (NX part 4 §4.3).

use super::caches::ReplyCaches;
use crate::coding::bits::MAX_MEMORY;
use crate::coding::block;
use crate::coding::coder::Coder;
use crate::coding::pass::{ByteOrder, Pass, at8, at16, at32, pad4};
use crate::coding::policy::{Head, Identity, Shape};
use crate::error::Error;

/// A store, by the class of replies it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyStore {
    Generic,
    GetProperty,
    QueryFont,
    ListFonts,
    GetImage,
}

impl ReplyStore {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] =
        [Self::Generic, Self::GetProperty, Self::QueryFont, Self::ListFonts, Self::GetImage];

    /// The store for replies to `opcode`; `None` if they have none.
    pub(crate) fn of(opcode: u8) -> Option<Self> {
        Some(match opcode {
            20 => Self::GetProperty,
            47 => Self::QueryFont,
            49 => Self::ListFonts,
            73 => Self::GetImage,
            _ => return None,
        })
    }

    /// The store's number: the opcode of the requests that its replies answer; 1 for all others (NX part 2 §C.10).
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Generic => 1,
            Self::GetProperty => 20,
            Self::QueryFont => 47,
            Self::ListFonts => 49,
            Self::GetImage => 73,
        }
    }

    /// True if a reply of `n` bytes can be in the store.
    pub(crate) fn may_hold(self, n: usize) -> bool {
        let least = if self == Self::QueryFont { 60 } else { 32 };
        (least..=MAX_MEMORY).contains(&n)
    }

    /// What the name of a persistent cache says of a reply in the store (NX part 2 §C.13).
    pub(crate) fn head(self) -> Head {
        match self {
            Self::Generic => Head { size: 32, kept: &[(1, 1), (8, 24)] },
            Self::GetProperty => Head { size: 32, kept: &[(1, 1), (8, 12)] },
            Self::QueryFont => Head { size: 8, kept: &[] },
            Self::ListFonts => Head { size: 32, kept: &[(8, 2)] },
            Self::GetImage => Head { size: 32, kept: &[(1, 1), (8, 4)] },
        }
    }

    pub(crate) fn shape(self) -> Shape {
        let (slots, upper, lower, overhead) = match self {
            Self::Generic => (400, 5, 1, 96),
            Self::GetProperty => (400, 5, 1, 80),
            Self::QueryFont => (200, 20, 5, 64),
            Self::ListFonts => (200, 20, 5, 72),
            Self::GetImage => (1000, 20, 2, 72),
        };
        Shape { slots, upper, lower, overhead }
    }

    pub(crate) fn identity(self) -> Identity {
        match self {
            Self::Generic => Identity { ranges: &[], data: 32 },
            Self::GetProperty => Identity { ranges: &[(1, 1), (8, 12)], data: 32 },
            Self::QueryFont => Identity { ranges: &[], data: 8 },
            Self::ListFonts => Identity { ranges: &[(8, 2)], data: 32 },
            Self::GetImage => Identity { ranges: &[(1, 1)], data: 32 },
        }
    }

    /// Zeroes the bytes without meaning, so that they do not spoil hits (NX part 2 §C.6).
    pub(crate) fn clean(self, order: ByteOrder, message: &mut [u8]) {
        let unused = match self {
            Self::Generic | Self::GetImage => return,
            Self::GetProperty => {
                let unit = property_unit(message.get(1).copied().unwrap_or(0));
                32_usize.saturating_add(unit.saturating_mul(order.u32(message, 16) as usize))
            }
            Self::QueryFont => {
                order.set(message, at32(20), 0);
                order.set(message, at32(36), 0);
                return;
            }
            Self::ListFonts => {
                let names = order.u16(message, 8);
                (0..names).fold(32, |o, _| o + 1 + usize::from(message.get(o).copied().unwrap_or(0)))
            }
        };
        if let Some(padding) = message.get_mut(unused..) {
            padding.fill(0);
        }
    }

    /// The full form.
    pub(super) fn full<C: Coder>(self, p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
        match self {
            Self::Generic => {
                tail(p, 15)?;
                p.byte(at8(1), &mut k.generic_byte, 0)?;
                for (o, cache) in (8..32).step_by(4).zip(&mut k.generic_int) {
                    p.cached(at32(o), 32, cache, 0)?;
                }
                data(p)
            }
            Self::GetProperty => {
                let format = p.byte(at8(1), &mut k.property_format, 0)?;
                let items = p.value(at32(16), 32, 9)? as usize;
                p.size(32_usize.saturating_add(pad4(items.saturating_mul(property_unit(format)))))?;
                p.cached(at32(8), 29, &mut k.property_type, 9)?;
                p.value(at32(12), 32, 9)?;
                data(p)
            }
            Self::QueryFont => query_font(p, k),
            Self::ListFonts => {
                tail(p, 8)?;
                let names = p.value(at16(8), 16, 6)?;
                if !p.coder.flag(true)? {
                    return block::code(p, 32);
                }
                let mut o = 32;
                for _ in 0..names {
                    let n = p.value(at8(o), 8, 0)? as usize;
                    p.memory(o + 1, n)?;
                    o += 1 + n;
                }
                Ok(())
            }
            Self::GetImage => {
                p.byte(at8(1), &mut k.depth, 0)?;
                tail(p, 9)?;
                p.cached(at32(8), 29, &mut k.visual, 0)?;
                data(p)
            }
        }
    }

    /// The variant fields, for a reply found in its store.
    pub(super) fn update<C: Coder>(self, p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
        match self {
            Self::Generic => {
                p.byte(at8(1), &mut k.generic_byte, 0)?;
                for (i, cache) in k.generic_int.iter_mut().enumerate() {
                    p.cached(at16(8 + 2 * i), 16, cache, 0)?;
                }
            }
            Self::GetImage => {
                p.cached(at32(8), 29, &mut k.visual, 0)?;
            }
            Self::GetProperty | Self::QueryFont | Self::ListFonts => {}
        }
        Ok(())
    }
}

fn property_unit(format: u8) -> usize {
    match format {
        16 => 2,
        32 => 4,
        _ => 1,
    }
}

/// The length field, and with it the size.
fn tail<C: Coder>(p: &mut Pass<C>, block: u32) -> Result<(), Error> {
    let words = p.value(at32(4), 32, block)? as usize;
    p.size(32_usize.saturating_add(words.saturating_mul(4)))
}

/// All that follows the first 32 bytes.
fn data<C: Coder>(p: &mut Pass<C>) -> Result<(), Error> {
    match p.len() - 32 {
        0 => Ok(()),
        n => p.memory(32, n),
    }
}

fn query_font<C: Coder>(p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    if !p.coder.flag(true)? {
        // The form of old peers: one data block.
        let words = p.coder.value(0, 32, 16)? as usize;
        p.size(32_usize.saturating_add(words.saturating_mul(4)))?;
        return block::code(p, 8);
    }
    let properties = p.coder.value(p.get(at16(46)), 16, 8)? as usize;
    let chars = p.coder.value(p.get(at32(56)), 32, 10)? as usize;
    let end = 60_usize.saturating_add(8 * properties).saturating_add(chars.saturating_mul(12));
    p.size(end)?;
    p.set(at16(46), properties as u32);
    p.set(at32(56), chars as u32);
    char_info(p, k, 8)?;
    char_info(p, k, 24)?;
    for o in [40, 42, 44] {
        p.value(at16(o), 16, 9)?;
    }
    p.flag(at8(48))?;
    p.value(at8(49), 8, 0)?;
    p.value(at8(50), 8, 0)?;
    p.flag(at8(51))?;
    p.value(at16(52), 16, 9)?;
    p.value(at16(54), 16, 9)?;
    // A resumed agent remembers fonts of its former link, so that its indexes are not ours (NX part 4 §2.1); but
    // agents never ask for fonts, and a proxy that does lives for one link only.
    let known = k.fonts.find(p.message.get(60..end).unwrap_or_default());
    if p.coder.flag(known.is_some())? {
        let index = p.coder.value(known.unwrap_or(0) as u32, 4, 0)? as usize;
        let len = k.fonts.len();
        let font = k.fonts.hit(index).ok_or(Error::CacheEntry { index, len })?;
        return match p.message.get_mut(60..end) {
            Some(place) if place.len() == font.len() => {
                place.copy_from_slice(font);
                Ok(())
            }
            _ => Err(Error::MessageSize { size: font.len(), min: end - 60, max: end - 60 }),
        };
    }
    for i in 0..2 * properties {
        p.value(at32(60 + 4 * i), 32, 9)?;
    }
    for i in 0..chars {
        char_info(p, k, 60 + 8 * properties + 12 * i)?;
    }
    k.fonts.insert(p.message.get(60..end).unwrap_or_default().to_vec());
    Ok(())
}

fn char_info<C: Coder>(p: &mut Pass<C>, k: &mut ReplyCaches, o: usize) -> Result<(), Error> {
    let [first, rest @ ..] = &mut k.char_info;
    // The left bearing and the attributes share a number.
    let both = p.get(at16(o)) | p.get(at16(o + 10)) << 16;
    let both = p.coder.cached(both, 32, first, 6)?;
    p.set(at16(o), both);
    p.set(at16(o + 10), both >> 16);
    for (i, cache) in rest.iter_mut().enumerate() {
        p.cached(at16(o + 2 + 2 * i), 16, cache, 6)?;
    }
    Ok(())
}
