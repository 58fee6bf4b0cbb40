//! RENDER requests, by minor opcode (NX part 3 §6).

use super::caches::RequestCaches;
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at16, at32};
use crate::error::Error;

/// The full form, from the minor opcode on.
pub(super) fn full<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.size(4)?;
    let minor = p.opcode(at8(1), &mut k.render_opcode)?;
    match minor {
        4 => {
            let n = length(p, k, 20)?;
            p.new_xid(at32(4), &mut k.ids, &mut k.render_source, &mut k.render_free_picture)?;
            p.xid(at32(8), &mut k.drawable)?;
            p.cached(at32(12), 32, &mut k.render_format, 0)?;
            p.cached(at32(16), 32, &mut k.render_value_mask, 0)?;
            p.memory(20, n)?;
        }
        5 => {
            let n = length(p, k, 8)?;
            p.xid(at32(4), &mut k.render_source)?;
            p.memory(8, n)?;
        }
        6 => {
            let n = length(p, k, 12)?;
            p.xid(at32(4), &mut k.render_source)?;
            point(p, k, 8)?;
            p.memory(12, n)?;
        }
        7 => {
            p.size(8)?;
            p.free_xid(at32(4), &mut k.render_free_picture)?;
        }
        8 => {
            p.size(36)?;
            p.byte(at8(4), &mut k.render_op, 0)?;
            pictures(p, k)?;
            for o in [20, 24, 28] {
                point(p, k, o)?;
            }
            p.cached(at16(32), 16, &mut k.render_width, 11)?;
            p.cached(at16(34), 16, &mut k.render_height, 11)?;
        }
        10 | 11 => {
            let n = length(p, k, 24)?;
            p.byte(at8(4), &mut k.render_op, 0)?;
            p.xid(at32(8), &mut k.render_source)?;
            p.xid(at32(12), &mut k.render_target)?;
            p.cached(at32(16), 32, &mut k.render_format, 0)?;
            point(p, k, 20)?;
            if n > 0 {
                p.memory(24, n)?;
            }
        }
        17 => {
            p.size(12)?;
            p.new_id(at32(4), &mut k.ids, &mut k.glyph_set, &mut k.free_glyph_set)?;
            p.cached(at32(8), 32, &mut k.render_format, 0)?;
        }
        19 => {
            p.size(8)?;
            p.free_xid(at32(4), &mut k.free_glyph_set)?;
        }
        20 => {
            let n = length(p, k, 12)?;
            p.cached(at32(4), 29, &mut k.glyph_set, 0)?;
            p.cached(at32(8), 32, &mut k.render_glyph_count, 8)?;
            p.memory(12, n)?;
        }
        23..=25 => composite_glyphs(p, k)?,
        26 => {
            let n = length(p, k, 12)?;
            p.byte(at8(4), &mut k.render_op, 0)?;
            // The destination, but coded as a source.
            p.xid(at32(8), &mut k.render_source)?;
            p.memory(12, n)?;
        }
        28 => {
            p.size(44)?;
            p.xid(at32(4), &mut k.render_source)?;
            p.memory(8, 36)?;
        }
        30 => {
            let n = length(p, k, 12)?;
            p.xid(at32(4), &mut k.render_source)?;
            p.cached(at16(8), 16, &mut k.render_length, 5)?;
            p.memory(12, n)?;
        }
        _ => {
            let n = length(p, k, 0)?.max(4);
            p.memory(4, n - 4)?;
        }
    }
    Ok(())
}

/// The variant fields, for a message found in its store.
pub(super) fn update<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match p.get(at8(1)) {
        4 => {
            p.new_xid(at32(4), &mut k.ids, &mut k.render_source, &mut k.render_free_picture)?;
            p.xid(at32(8), &mut k.drawable)?;
        }
        5 | 28 | 30 => {
            p.xid(at32(4), &mut k.render_source)?;
        }
        6 => {
            p.xid(at32(4), &mut k.render_source)?;
            old_point(p, k, 8)?;
        }
        7 => {
            p.free_xid(at32(4), &mut k.render_free_picture)?;
        }
        8 => {
            pictures(p, k)?;
            old_point(p, k, 28)?;
        }
        10 | 11 => {
            p.xid(at32(8), &mut k.render_source)?;
            p.xid(at32(12), &mut k.render_target)?;
            old_point(p, k, 20)?;
        }
        17 => p.new_id(at32(4), &mut k.ids, &mut k.glyph_set, &mut k.free_glyph_set)?,
        19 => {
            p.free_xid(at32(4), &mut k.free_glyph_set)?;
        }
        20 => {
            p.cached(at32(4), 29, &mut k.glyph_set, 0)?;
        }
        23..=25 => {
            p.xid(at32(8), &mut k.render_source)?;
            p.xid(at32(12), &mut k.render_target)?;
            p.cached(at32(20), 29, &mut k.glyph_set, 0)?;
            let x = p.diff_old(at16(24), 16, &mut k.glyph_x, 11)?;
            let y = p.diff_old(at16(26), 16, &mut k.glyph_y, 11)?;
            if p.len() >= 36 {
                if p.coder.flag(p.get(at16(32)) != x || p.get(at16(34)) != y)? {
                    p.diff_old(at16(32), 16, &mut k.glyph_x, 11)?;
                    p.diff_old(at16(34), 16, &mut k.glyph_y, 11)?;
                } else {
                    p.set(at16(32), x);
                    p.set(at16(34), y);
                }
            }
        }
        26 => {
            p.xid(at32(8), &mut k.render_source)?;
        }
        _ => {
            let end = p.len().min(36);
            for (o, cache) in (4..end).step_by(2).zip(&mut k.render_data) {
                p.cached(at16(o), 16, cache, 0)?;
            }
        }
    }
    Ok(())
}

/// The length of the request in words beyond its fixed part of `fixed` bytes; returns it in bytes.
fn length<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches, fixed: usize) -> Result<usize, Error> {
    let words = (p.len().saturating_sub(fixed) / 4) as u32;
    let n = 4 * p.coder.cached(words, 16, &mut k.render_length, 5)? as usize;
    p.size(fixed.saturating_add(n).max(4))?;
    Ok(n)
}

/// A position, against the last one of any RENDER request.
fn point<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches, o: usize) -> Result<(), Error> {
    p.diff(at16(o), 16, &mut k.render_x, 11, &mut k.render_last.0)?;
    p.diff(at16(o + 2), 16, &mut k.render_y, 11, &mut k.render_last.1)?;
    Ok(())
}

/// A position, against the one in the stored message.
fn old_point<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches, o: usize) -> Result<(), Error> {
    p.diff_old(at16(o), 16, &mut k.render_x, 11)?;
    p.diff_old(at16(o + 2), 16, &mut k.render_y, 11)?;
    Ok(())
}

fn pictures<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.xid(at32(8), &mut k.render_source)?;
    p.xid(at32(12), &mut k.render_mask)?;
    p.xid(at32(16), &mut k.render_target)?;
    Ok(())
}

fn composite_glyphs<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    let n = length(p, k, 28)?;
    p.byte(at8(4), &mut k.render_op, 0)?;
    p.xid(at32(8), &mut k.render_source)?;
    p.xid(at32(12), &mut k.render_target)?;
    p.cached(at32(16), 32, &mut k.render_format, 0)?;
    p.cached(at32(20), 29, &mut k.glyph_set, 0)?;
    let (last_x, last_y) = (&mut k.glyph_last.0, &mut k.glyph_last.1);
    let x = p.diff(at16(24), 16, &mut k.glyph_x, 11, last_x)?;
    let y = p.diff(at16(26), 16, &mut k.glyph_y, 11, last_y)?;
    if n < 8 {
        return if n > 0 { p.memory(28, n) } else { Ok(()) };
    }
    p.cached(at8(28), 8, &mut k.render_glyph_count, 0)?;
    if p.coder.flag(p.get(at16(32)) != x || p.get(at16(34)) != y)? {
        p.diff(at16(32), 16, &mut k.glyph_x, 11, last_x)?;
        p.diff(at16(34), 16, &mut k.glyph_y, 11, last_y)?;
    } else {
        p.set(at16(32), x);
        p.set(at16(34), y);
    }
    p.memory(36, n - 8)
}
