//! Core requests with a coding of their own (NX part 3 §5): windows, properties, grabs, fonts, colours, queries.
//! Drawing is in [`drawing`](super::drawing).

use super::caches::RequestCaches;
use super::drawing;
use super::store::StoreId;
use crate::coding::block;
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at16, at32, pad4};
use crate::error::Error;

pub(crate) const GET_INPUT_FOCUS: u8 = 43;
pub(crate) const PUT_IMAGE: u8 = 72;
pub(crate) const ALLOC_COLOR: u8 = 84;
pub(crate) const QUERY_EXTENSION: u8 = 98;
pub(crate) const LIST_EXTENSIONS: u8 = 99;
pub(crate) const NO_OPERATION: u8 = 127;

/// Widths of the values of `ConfigureWindow`, by mask bit (NX part 2 §B.10).
pub(crate) const CONFIGURE_WIDTHS: [u32; 7] = [16, 16, 16, 16, 16, 29, 3];

/// True for the opcodes described here or in [`drawing`]; all others are generic requests.
pub(crate) fn is_coded(opcode: u8) -> bool {
    matches!(
        opcode,
        1..=5
            | 7..=10
            | 12
            | 14..=20
            | 22..=26
            | 28
            | 31
            | 36..=38
            | 40
            | 43
            | 45..=47
            | 49
            | 53..=77
            | 84
            | 85
            | 88
            | 91
            | 92
            | 95
            | 97..=99
            | 101
            | 103
            | 117
            | 119
            | 127
    )
}

/// The store of a core request.
pub(crate) fn store(opcode: u8) -> Option<StoreId> {
    Some(match opcode {
        12 => StoreId::ConfigureWindow,
        16 => StoreId::InternAtom,
        18 => StoreId::ChangeProperty,
        20 => StoreId::GetProperty,
        25 => StoreId::SendEvent,
        40 => StoreId::TranslateCoords,
        _ => return drawing::store(opcode),
    })
}

/// The full form.
pub(crate) fn full<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        1 => create_window(p, k),
        2 => change_window_attributes(p, k),
        3 | 5 | 8 | 9 | 10 | 15 | 38 => {
            p.size(8)?;
            p.xid(at32(4), &mut k.window)?;
            Ok(())
        }
        4 => {
            p.size(8)?;
            p.free_xid(at32(4), &mut k.free_window)?;
            Ok(())
        }
        7 => {
            p.size(16)?;
            p.xid(at32(4), &mut k.window)?;
            p.xid(at32(8), &mut k.window)?;
            p.value(at16(12), 16, 11)?;
            p.value(at16(14), 16, 11)?;
            Ok(())
        }
        12 => configure_window(p, k),
        14 => {
            p.size(8)?;
            p.xid(at32(4), &mut k.drawable)?;
            Ok(())
        }
        16..=20 => property(opcode, p, k),
        22..=25 => selection(opcode, p, k),
        26 | 28 | 31 => grab(opcode, p, k),
        40 => {
            p.size(16)?;
            p.cached(at32(4), 29, &mut k.translate_source, 9)?;
            p.cached(at32(8), 29, &mut k.translate_target, 9)?;
            p.cached(at16(12), 16, &mut k.translate_x, 8)?;
            p.cached(at16(14), 16, &mut k.translate_y, 8)?;
            Ok(())
        }
        45 => {
            p.size(12)?;
            let n = p.value(at16(8), 16, 7)? as usize;
            p.stepped(at32(4), 29, 5, &mut k.last_font)?;
            p.size(pad4(12 + n))?;
            p.memory(12, n)
        }
        46 | 47 => {
            p.size(8)?;
            p.stepped(at32(4), 29, 5, &mut k.last_font)?;
            Ok(())
        }
        49 => {
            p.size(8)?;
            let n = p.value(at16(6), 16, 6)? as usize;
            p.value(at16(4), 16, 6)?;
            p.size(8 + pad4(n))?;
            p.memory(8, n)
        }
        84 | 85 | 88 | 91 | 92 => colour(opcode, p, k),
        95 => {
            p.size(8)?;
            p.cached(at32(4), 29, &mut k.cursor, 9)?;
            Ok(())
        }
        97 => {
            p.size(12)?;
            p.value(at8(1), 2, 0)?;
            p.xid(at32(4), &mut k.drawable)?;
            p.value(at16(8), 16, 8)?;
            p.value(at16(10), 16, 8)?;
            Ok(())
        }
        QUERY_EXTENSION => {
            p.size(8)?;
            let n = p.value(at16(4), 16, 6)? as usize;
            p.size(8 + pad4(n))?;
            for i in 0..n {
                p.value(at8(8 + i), 8, 0)?;
            }
            Ok(())
        }
        101 => {
            p.size(8)?;
            p.value(at8(4), 8, 0)?;
            p.value(at8(5), 8, 0)?;
            Ok(())
        }
        36 | 37 | GET_INPUT_FOCUS | LIST_EXTENSIONS | 103 | 117 | 119 | NO_OPERATION => p.size(4),
        _ => drawing::full(opcode, p, k),
    }
}

/// The variant fields, for a message found in its store.
pub(crate) fn update<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        12 | 16 | 20 | 40 => {}
        18 => {
            p.xid(at32(4), &mut k.window)?;
        }
        25 => event_head(p, k, 0)?,
        _ => drawing::update(opcode, p, k)?,
    }
    Ok(())
}

fn create_window<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.size(32)?;
    p.byte(at8(1), &mut k.depth, 0)?;
    p.xid(at32(8), &mut k.window)?;
    p.new_xid(at32(4), &mut k.ids, &mut k.window, &mut k.free_window)?;
    for (i, cache) in k.window_geometry.iter_mut().enumerate() {
        p.cached(at16(12 + 2 * i), 16, cache, 8)?;
    }
    p.cached(at32(24), 29, &mut k.visual, 0)?;
    let mask = p.cached(at32(28), 15, &mut k.window_mask, 0)?;
    let mut o = 32;
    for (i, cache) in k.window_values.iter_mut().enumerate() {
        if mask >> i & 1 == 1 {
            p.size(o + 4)?;
            p.cached(at32(o), 32, cache, 0)?;
            o += 4;
        }
    }
    Ok(())
}

fn change_window_attributes<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    let n = p.coder.value((p.len().saturating_sub(12) / 4) as u32, 4, 0)? as usize;
    p.size(12 + 4 * n)?;
    p.xid(at32(4), &mut k.window)?;
    let mask = p.cached(at32(8), 15, &mut k.window_mask, 0)?;
    let mut o = 12;
    for (i, cache) in k.window_values.iter_mut().enumerate() {
        if mask >> i & 1 == 1 {
            p.cached(at32(o), 32, cache, 0)?;
            o += 4;
        }
    }
    Ok(())
}

fn configure_window<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.size(12)?;
    p.xid(at32(4), &mut k.window)?;
    let mask = p.cached(at16(8), 7, &mut k.configure_mask, 0)?;
    let mut o = 12;
    for (i, cache) in k.configure_values.iter_mut().enumerate() {
        if mask >> i & 1 == 1 {
            p.size(o + 4)?;
            p.cached(at32(o), CONFIGURE_WIDTHS[i], cache, 8)?;
            o += 4;
        }
    }
    Ok(())
}

fn property<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        16 => {
            p.size(8)?;
            let n = p.value(at16(4), 16, 6)? as usize;
            p.flag(at8(1))?;
            p.size(8 + pad4(n))?;
            p.memory(8, n)?;
        }
        17 => {
            p.size(8)?;
            p.value(at32(4), 29, 9)?;
        }
        18 => {
            p.size(24)?;
            let format = p.byte(at8(16), &mut k.property_format, 0)?;
            let n = p.value(at32(20), 32, 6)? as usize;
            p.size(24_usize.saturating_add(pad4(n.saturating_mul(usize::from(format >> 3)))))?;
            p.value(at8(1), 2, 0)?;
            p.xid(at32(4), &mut k.window)?;
            p.cached(at32(8), 29, &mut k.property_property, 9)?;
            p.cached(at32(12), 29, &mut k.property_type, 9)?;
            match format {
                8 => p.memory(24, n)?,
                32 => {
                    for i in 0..n {
                        p.cached(at32(24 + 4 * i), 32, &mut k.property_data32, 0)?;
                    }
                }
                _ => {
                    for i in 0..n {
                        p.value(at16(24 + 2 * i), 16, 0)?;
                    }
                }
            }
        }
        19 => {
            p.size(12)?;
            p.xid(at32(4), &mut k.window)?;
            p.value(at32(8), 29, 9)?;
        }
        _ => {
            p.size(24)?;
            p.flag(at8(1))?;
            p.xid(at32(4), &mut k.window)?;
            p.value(at32(8), 29, 9)?;
            p.value(at32(12), 29, 9)?;
            p.value(at32(16), 32, 2)?;
            p.value(at32(20), 32, 8)?;
        }
    }
    Ok(())
}

fn selection<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        22 => {
            p.size(16)?;
            p.cached(at32(4), 29, &mut k.selection_owner, 9)?;
            p.cached(at32(8), 29, &mut k.selection, 9)?;
            p.cached(at32(12), 32, &mut k.selection_time, 9)?;
        }
        23 => {
            p.size(8)?;
            p.cached(at32(4), 29, &mut k.selection, 9)?;
        }
        24 => {
            p.size(24)?;
            p.cached(at32(4), 29, &mut k.convert_requestor, 9)?;
            for (i, cache) in k.convert_atom.iter_mut().enumerate() {
                p.cached(at32(8 + 4 * i), 29, cache, 9)?;
            }
            p.stepped(at32(20), 32, 4, &mut k.convert_time)?;
        }
        _ => {
            p.size(44)?;
            event_head(p, k, 9)?;
            for o in 20..44 {
                p.byte(at8(o), &mut k.event_data, 0)?;
            }
        }
    }
    Ok(())
}

/// `SendEvent` up to byte 20 of the event, which both forms carry.
fn event_head<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches, mask_block: u32) -> Result<(), Error> {
    p.flag(at8(1))?;
    // PointerWindow (0) and InputFocus (1) are no windows.
    if p.coder.flag(p.get(at32(4)) < 2)? {
        p.flag(at32(4))?;
    } else {
        p.xid(at32(4), &mut k.window)?;
    }
    p.cached(at32(8), 32, &mut k.event_mask, mask_block)?;
    p.byte(at8(12), &mut k.event_code, 0)?;
    p.byte(at8(13), &mut k.event_byte, 0)?;
    p.stepped(at16(14), 16, 4, &mut k.event_sequence)?;
    p.cached(at32(16), 32, &mut k.event_int, 0)?;
    Ok(())
}

fn grab<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.size(if opcode == 31 { 16 } else { 24 })?;
    p.flag(at8(1))?;
    p.xid(at32(4), &mut k.window)?;
    if opcode == 31 {
        p.stepped(at32(8), 32, 4, &mut k.grab_time)?;
        p.flag(at8(12))?;
        p.flag(at8(13))?;
        return Ok(());
    }
    p.cached(at16(8), 16, &mut k.grab_mask, 0)?;
    p.flag(at8(10))?;
    p.flag(at8(11))?;
    p.cached(at32(12), 29, &mut k.grab_confine, 9)?;
    p.cached(at32(16), 29, &mut k.cursor, 9)?;
    if opcode == 26 {
        p.stepped(at32(20), 32, 4, &mut k.grab_time)?;
    } else {
        p.byte(at8(20), &mut k.grab_button, 0)?;
        p.cached(at16(22), 16, &mut k.grab_modifier, 0)?;
    }
    Ok(())
}

fn colour<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        ALLOC_COLOR => {
            p.size(16)?;
            p.cached(at32(4), 29, &mut k.colormap, 0)?;
            for (i, cache) in k.alloc_color_rgb.iter_mut().enumerate() {
                p.cached(at16(8 + 2 * i), 16, cache, 4)?;
            }
        }
        88 => {
            let n = p.coder.value((p.len() / 4).saturating_sub(3) as u32, 16, 4)? as usize;
            p.size(12 + 4 * n)?;
            p.cached(at32(4), 29, &mut k.colormap, 0)?;
            p.value(at32(8), 32, 4)?;
            for i in 0..n {
                p.value(at32(12 + 4 * i), 32, 8)?;
            }
        }
        91 => {
            if !p.coder.flag(true)? {
                // The form of old peers: one data block.
                let words = p.coder.value(0, 16, 10)? as usize;
                p.size(4 * words.max(1))?;
                return block::code(p, 4);
            }
            let n = p.coder.value((p.len().saturating_sub(8) / 4) as u32, 16, 5)? as usize;
            p.size(8 + 4 * n)?;
            p.cached(at32(4), 29, &mut k.colormap, 0)?;
            let mut predicted = k.query_colors_pixel;
            for i in 0..n {
                let field = at32(8 + 4 * i);
                if p.coder.flag(p.get(field) == predicted)? {
                    p.set(field, predicted);
                } else {
                    predicted = p.value(field, 32, 9)?;
                }
                if i == 0 {
                    k.query_colors_pixel = predicted;
                }
                predicted = predicted.wrapping_add(1);
            }
        }
        _ => {
            p.size(12)?;
            let n = p.value(at16(8), 16, 6)? as usize;
            p.cached(at32(4), 29, &mut k.colormap, 0)?;
            p.size(12 + pad4(n))?;
            p.memory(12, n)?;
        }
    }
    Ok(())
}
