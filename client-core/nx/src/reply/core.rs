//! Replies to core requests, without a store (NX part 4 §4.2).

use super::caches::ReplyCaches;
use super::event::position;
use crate::coding::block;
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at16, at32, pad4};
use crate::error::Error;
use crate::request::core::{ALLOC_COLOR, GET_INPUT_FOCUS, LIST_EXTENSIONS, QUERY_EXTENSION};
use crate::x11::expect::Expected;

/// The body of the reply to a request.
pub(super) fn reply<C: Coder>(to: &Expected, p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    match to.opcode {
        3 => window_attributes(p, k)?,
        14 => {
            p.byte(at8(1), &mut k.depth, 0)?;
            p.cached(at32(8), 29, &mut k.geometry_root, 9)?;
            for (i, cache) in k.geometry.iter_mut().enumerate() {
                p.cached(at16(12 + 2 * i), 16, cache, 8)?;
            }
        }
        15 => {
            let n = p.value(at16(16), 16, 8)? as usize;
            p.size(32 + 4 * n)?;
            for o in [8, 12] {
                p.cached(at32(o), 29, &mut k.tree_window, 0)?;
            }
            for i in 0..n {
                p.cached(at32(32 + 4 * i), 29, &mut k.tree_window, 0)?;
            }
        }
        16 => {
            p.value(at32(8), 29, 9)?;
        }
        17 => {
            let n = p.value(at16(8), 16, 6)? as usize;
            p.size(32 + pad4(n))?;
            p.memory(32, n)?;
        }
        23 => {
            p.cached(at32(8), 29, &mut k.selection_owner, 9)?;
        }
        26 | 31 => {
            p.value(at8(1), 3, 0)?;
        }
        38 => {
            p.flag(at8(1))?;
            p.cached(at32(8), 29, &mut k.pointer_root, 9)?;
            p.cached(at32(12), 29, &mut k.pointer_child, 9)?;
            position(p, k, 16, 8)?;
            p.cached(at16(24), 16, &mut k.pointer_state, 0)?;
        }
        40 => {
            p.flag(at8(1))?;
            p.cached(at32(8), 29, &mut k.translate_child, 9)?;
            p.cached(at16(12), 16, &mut k.translate_x, 8)?;
            p.cached(at16(14), 16, &mut k.translate_y, 8)?;
        }
        GET_INPUT_FOCUS => {
            p.value(at8(1), 2, 0)?;
            p.cached(at32(8), 29, &mut k.focus, 0)?;
        }
        ALLOC_COLOR => {
            for (i, asked) in to.data.iter().enumerate() {
                let field = at16(8 + 2 * i);
                let mut base = u32::from(*asked);
                if p.coder.flag(p.get(field) == base)? {
                    p.set(field, base);
                } else {
                    p.stepped(field, 16, 6, &mut base)?;
                }
            }
            p.value(at32(16), 32, 9)?;
        }
        85 | 92 => {
            let mut o = 8;
            if to.opcode == 85 {
                p.value(at32(8), 32, 9)?;
                o = 12;
            }
            for i in [0, 2, 4] {
                let mut exact = p.value(at16(o + i), 16, 9)?;
                p.stepped(at16(o + 6 + i), 16, 5, &mut exact)?;
            }
        }
        91 => query_colors(p, k)?,
        97 => {
            p.value(at16(8), 16, 8)?;
            p.value(at16(10), 16, 8)?;
        }
        QUERY_EXTENSION => {
            p.flag(at8(8))?;
            for o in 9..12 {
                p.value(at8(o), 8, 0)?;
            }
        }
        LIST_EXTENSIONS => list_extensions(p)?,
        101 => keyboard_mapping(p, k)?,
        103 => {
            p.value(at8(1), 8, 2)?;
            let words = p.value(at32(4), 32, 8)? as usize;
            p.size(32_usize.saturating_add(words.saturating_mul(4)))?;
            for o in 8..p.len() {
                p.value(at8(o), 8, 4)?;
            }
        }
        117 => {
            p.value(at8(1), 8, 4)?;
            let words = p.value(at32(4), 32, 4)? as usize;
            p.size(32_usize.saturating_add(words.saturating_mul(4)))?;
            for o in 32..p.len() {
                p.value(at8(o), 8, 4)?;
            }
        }
        119 => modifier_mapping(p, k)?,
        _ => return Err(Error::Unsupported { what: "a reply to a request without one" }),
    }
    Ok(())
}

fn window_attributes<C: Coder>(p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    p.size(44)?;
    p.value(at8(1), 2, 0)?;
    p.cached(at32(8), 29, &mut k.visual, 0)?;
    p.cached(at16(12), 16, &mut k.attributes_class, 3)?;
    p.byte(at8(14), &mut k.attributes_bit_gravity, 0)?;
    p.byte(at8(15), &mut k.attributes_win_gravity, 0)?;
    p.cached(at32(16), 32, &mut k.attributes_planes, 9)?;
    p.cached(at32(20), 32, &mut k.attributes_pixel, 9)?;
    p.flag(at8(24))?;
    p.flag(at8(25))?;
    p.value(at8(26), 2, 0)?;
    p.flag(at8(27))?;
    p.cached(at32(28), 29, &mut k.colormap, 9)?;
    p.cached(at32(32), 32, &mut k.attributes_all_events, 0)?;
    p.cached(at32(36), 32, &mut k.attributes_your_events, 0)?;
    p.cached(at16(40), 16, &mut k.attributes_dont_propagate, 0)?;
    Ok(())
}

fn query_colors<C: Coder>(p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    if !p.coder.flag(true)? {
        // The form of old peers: one data block.
        let n = p.coder.value(0, 16, 5)? as usize;
        p.size(32 + 8 * n)?;
        p.set(at16(8), n as u32);
        return block::code(p, 32);
    }
    // The colours without the two unused bytes of each.
    let colors = |message: &[u8]| -> Vec<u8> {
        let bytes = message.get(32..).unwrap_or_default();
        bytes.chunks_exact(8).flat_map(|c| c.iter().take(6).copied()).collect()
    };
    let same = colors(p.message) == k.colors;
    let n = if p.coder.flag(same)? {
        let n = k.colors.len() / 6;
        p.size(32 + 8 * n)?;
        if !C::ENCODES {
            for (to, from) in p.message[32..].chunks_exact_mut(8).zip(k.colors.chunks_exact(6)) {
                to[..6].copy_from_slice(from);
            }
        }
        n
    } else {
        let n = p.coder.value((p.len().saturating_sub(32) / 8) as u32, 16, 5)? as usize;
        p.size(32 + 8 * n)?;
        for i in 0..n {
            for o in [0, 2, 4] {
                p.value(at16(32 + 8 * i + o), 16, 0)?;
            }
        }
        k.colors = colors(p.message);
        n
    };
    p.set(at16(8), n as u32);
    Ok(())
}

/// The form the reference's decoder reads; its encoder is broken (NX part 4 §4.2).
fn list_extensions<C: Coder>(p: &mut Pass<C>) -> Result<(), Error> {
    let words = p.value(at32(4), 32, 8)? as usize;
    p.size(32_usize.saturating_add(words.saturating_mul(4)))?;
    let names = p.value(at8(1), 8, 0)?;
    let mut o = 32;
    for _ in 0..names {
        let n = p.value(at8(o), 8, 0)? as usize;
        for i in o + 1..=o + n {
            p.value(at8(i), 8, 0)?;
        }
        o += 1 + n;
    }
    Ok(())
}

fn keyboard_mapping<C: Coder>(p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    let same = p.message.get(32..) == Some(&k.keymap) && p.get(at8(1)) == k.keymap_per_code;
    if p.coder.flag(same)? {
        if !C::ENCODES {
            p.set(at8(1), k.keymap_per_code);
            p.message.extend_from_slice(&k.keymap);
        }
        return Ok(());
    }
    let per_code = p.get(at8(1)) as usize;
    let codes = if per_code == 0 { 0 } else { p.len().saturating_sub(32) / (4 * per_code) };
    let codes = p.coder.value(codes as u32, 8, 0)? as usize;
    let per_code = p.value(at8(1), 8, 4)? as usize;
    let symbols = codes * per_code;
    p.size(32 + 4 * symbols)?;
    let mut previous = 0;
    for i in 0..symbols {
        let field = at32(32 + 4 * i);
        let symbol = p.get(field);
        if p.coder.flag(symbol == 0)? {
            continue;
        }
        let high = p.coder.cached(symbol >> 8, 24, &mut k.keymap_symbol, 9)?;
        let low = p.coder.byte((symbol as u8).wrapping_sub(previous), &mut k.keymap_byte, 5)?;
        previous = previous.wrapping_add(low);
        p.set(field, high << 8 | u32::from(previous));
    }
    k.keymap = p.message.get(32..).unwrap_or_default().to_vec();
    k.keymap_per_code = per_code as u32;
    Ok(())
}

fn modifier_mapping<C: Coder>(p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    let per_modifier = p.value(at8(1), 8, 0)? as usize;
    let same = p.message.get(32..) == Some(&k.modifiers);
    if p.coder.flag(same)? {
        if !C::ENCODES {
            p.message.extend_from_slice(&k.modifiers);
        }
        return Ok(());
    }
    p.size(32 + 8 * per_modifier)?;
    for o in 32..32 + 8 * per_modifier {
        if !p.coder.flag(p.get(at8(o)) == 0)? {
            p.value(at8(o), 8, 0)?;
        }
    }
    k.modifiers = p.message.get(32..).unwrap_or_default().to_vec();
    Ok(())
}
