//! What an encoder must look at before it codes a request (NX part 3 §10 and §14): whether the coding can carry it,
//! which of its bytes mean nothing, and whether a reference decoder would damage it when storing it.

use super::core::CONFIGURE_WIDTHS;
use super::drawing::GC_WIDTHS;
use super::nx;
use super::{Family, MAX_REQUEST};
use crate::coding::bits::mask;
use crate::coding::pass::{ByteOrder, at32, pad4};

/// True if the coding reproduces the request, but for bytes beyond its regular end. What it cannot carry must be
/// replaced by a request without effect.
pub(super) fn is_codable(family: Family, order: ByteOrder, m: &[u8]) -> bool {
    let len = m.len();
    let opcode = m.first().copied().unwrap_or(0);
    if !(4..=MAX_REQUEST).contains(&len) || opcode == nx::SPLIT_DATA {
        return false;
    }
    match family {
        Family::Shape | Family::Generic => true,
        Family::Nx => len >= nx_size(opcode, order, m),
        Family::Render => render_fits(order, m),
        Family::Core => core_fits(opcode, order, m),
    }
}

fn nx_size(opcode: u8, order: ByteOrder, m: &[u8]) -> usize {
    match opcode {
        nx::COMMIT_SPLIT => 12,
        nx::SET_EXPOSE_PARAMETERS | nx::SET_CACHE_PARAMETERS => 8,
        nx::SET_UNPACK_GEOMETRY => 24,
        nx::SET_UNPACK_COLORMAP | nx::SET_UNPACK_ALPHA => {
            16_usize.saturating_add(pad4(order.u32(m, 8) as usize)).max(16)
        }
        nx::PUT_PACKED_IMAGE => 40,
        nx::GET_SHMEM_PARAMETERS => 16,
        _ => 4,
    }
}

fn render_fits(order: ByteOrder, m: &[u8]) -> bool {
    let len = m.len();
    match m.get(1).copied().unwrap_or(0) {
        4 => len >= 20,
        5 => len >= 8,
        6 | 20 | 26 => len >= 12,
        7 | 19 => len == 8,
        8 => len == 36,
        10 | 11 => len >= 24,
        17 => len == 12,
        23..=25 => len >= 28,
        28 => len == 44,
        30 => len >= 12 + usize::from(order.u16(m, 8)),
        _ => true,
    }
}

#[expect(clippy::match_same_arms, reason = "in the order of the opcodes")]
fn core_fits(opcode: u8, order: ByteOrder, m: &[u8]) -> bool {
    let len = m.len();
    let name = |at: usize, from: usize| from + pad4(order.u16(m, at).into());
    let values = |at: usize, bits: u32| (order.u32(m, at) & mask(bits)).count_ones() as usize * 4;
    match opcode {
        1 => len >= 32 && len >= 32 + values(28, 15),
        2 => (12 + values(8, 15)..=12 + 4 * 15).contains(&len),
        12 => {
            let mask = order.u16(m, 8) & 0x7f;
            len >= 12 + 4 * mask.count_ones() as usize
        }
        16 => len >= 8 && len >= name(4, 8),
        18 => {
            let unit = m.get(16).copied().unwrap_or(0);
            let items = order.u32(m, 20) as usize;
            let known = matches!(unit, 8 | 16 | 32) || items == 0;
            known
                && len >= 24
                && len >= 24_usize.saturating_add(pad4(items.saturating_mul((unit / 8).into())))
        }
        7 | 22 | 31 | 40 | 53 | 57 | 61 | 84 => len >= 16,
        3..=5 | 8..=10 | 14 | 15 | 17 | 23 | 38 | 46 | 47 | 54 | 60 | 95 | 101 => len >= 8,
        19 | 59 | 88 | 97 => len >= 12,
        20 | 24 | 26 | 28 => len >= 24,
        25 => len >= 44,
        45 => len >= 12 && len >= name(8, 12),
        49 => len >= 8 && len >= name(6, 8),
        55 => len >= 16 && len >= 16 + values(12, 23),
        56 => len >= 12 && len >= 12 + values(8, 23),
        58 => len >= 12 && len >= name(10, 12),
        62 => len >= 28,
        63 => len >= 32,
        64..=67 => len >= 12,
        // Items of 12 or 8 bytes, at least one: the coding has no way to say "none".
        68 | 71 => len > 12 && (len - 12).is_multiple_of(12),
        70 => len > 12 && (len - 12).is_multiple_of(8),
        69 => len >= 16,
        72 => len >= 24,
        73 => len >= 20,
        74 | 75 => len >= 16,
        76 | 77 => {
            let n = usize::from(m.get(1).copied().unwrap_or(0));
            len >= 16 + pad4(if opcode == 76 { n } else { 2 * n })
        }
        85 | 92 => len >= 12 && len >= name(8, 12),
        91 => len >= 8,
        98 => len >= 8 && len >= name(4, 8),
        _ => true,
    }
}

/// Clears the bytes without meaning, so that they do not spoil hits (NX part 2 §C.6).
pub(super) fn clean(family: Family, order: ByteOrder, m: &mut [u8]) {
    let opcode = m.first().copied().unwrap_or(0);
    let unused = match (family, opcode) {
        (Family::Core, 12) => {
            reduce(order, m, (order.u16(m, 8) & 0x7f).into(), 12, &CONFIGURE_WIDTHS);
            return;
        }
        (Family::Core, 55) => {
            reduce(order, m, order.u32(m, 12), 16, &GC_WIDTHS);
            return;
        }
        (Family::Core, 56) => {
            reduce(order, m, order.u32(m, 8), 12, &GC_WIDTHS);
            return;
        }
        (Family::Core, 16) => 8 + usize::from(order.u16(m, 4)),
        (Family::Core, 18) => {
            let unit = match m.get(16) {
                Some(16) => 2,
                Some(32) => 4,
                _ => 1,
            };
            24_usize.saturating_add((order.u32(m, 20) as usize).saturating_mul(unit))
        }
        (Family::Core, 74) => text_end(m, 1),
        (Family::Core, 75) => text_end(m, 2),
        (Family::Core, 76) => 16 + usize::from(m.get(1).copied().unwrap_or(0)),
        (Family::Core, 77) => 16 + 2 * usize::from(m.get(1).copied().unwrap_or(0)),
        (Family::Render, _) if m.get(1) == Some(&30) => {
            let name = 12 + usize::from(order.u16(m, 8));
            if let Some(padding) = m.get_mut(name..pad4(name)) {
                padding.fill(0);
            }
            return;
        }
        _ => return,
    };
    if let Some(padding) = m.get_mut(unused..) {
        padding.fill(0);
    }
}

/// True for a request that a reference decoder would damage when told to store it: it blanks what it takes for
/// padding, but may be text items or the parameters of a picture filter (NX part 3 §10). Nor does it remember the four
/// bytes of a glyph request that ends inside its first element.
pub(super) fn must_not_be_stored(family: Family, order: ByteOrder, m: &[u8]) -> bool {
    let blanked_from = match (family, m.first()) {
        (Family::Core, Some(74)) => reference_text_end(order, m, 1),
        (Family::Core, Some(75)) => reference_text_end(order, m, 2),
        (Family::Render, _) if m.get(1) == Some(&30) => 12 + usize::from(order.u16(m, 8)),
        (Family::Render, _) => return matches!(m.get(1), Some(23..=25)) && m.len() == 32,
        _ => return false,
    };
    m.get(blanked_from..).is_some_and(|rest| rest.iter().any(|b| *b != 0))
}

/// Where the reference believes that the items of a text request end (NX part 2 §C.6): it reads the length and the
/// delta of an item as one number, and stops early.
fn reference_text_end(order: ByteOrder, m: &[u8], width: usize) -> usize {
    let (mut at, mut sum, mut items) = (16, 16, 0);
    if m.len() <= 16 {
        return m.len();
    }
    loop {
        let item = usize::from(order.u16(m, at));
        match item {
            0..255 => at += item * width + 2,
            255 => at += 5,
            _ => items -= 1,
        }
        items += 1;
        sum += at;
        if sum >= m.len() || item == 0 {
            return if items > 0 { at } else { m.len() };
        }
    }
}

/// Start and end of each complete item of a text request.
fn text_items(m: &[u8], width: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 16;
    std::iter::from_fn(move || {
        let size = match m.get(at)? {
            255 => 5,
            n => 2 + usize::from(*n) * width,
        };
        let start = at;
        at += size;
        (at <= m.len()).then_some((start, at))
    })
}

fn text_end(m: &[u8], width: usize) -> usize {
    text_items(m, width).last().map_or(16, |(_, end)| end)
}

/// Cuts each value of a list to its width.
fn reduce(order: ByteOrder, m: &mut [u8], values: u32, mut at: usize, widths: &[u32]) {
    for (i, width) in widths.iter().enumerate() {
        if values >> i & 1 == 1 {
            let v = order.u32(m, at) & mask(*width);
            order.set(m, at32(at), v);
            at += 4;
        }
    }
}
