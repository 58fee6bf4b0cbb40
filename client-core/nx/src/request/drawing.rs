//! Core requests that draw, and what they draw with: pixmaps, graphics contexts, shapes, images, text
//! (NX part 3 §5.5 to 5.10).

use super::caches::RequestCaches;
use super::store::StoreId;
use crate::coding::cache::IntCache;
use crate::coding::coder::Coder;
use crate::coding::pass::{ByteOrder, Field, Pass, at8, at16, at32, pad4};
use crate::error::Error;

/// Widths of the values of a graphics context, by mask bit (NX part 2 §B.10).
pub(crate) const GC_WIDTHS: [u32; 23] =
    [4, 32, 32, 32, 16, 2, 2, 2, 2, 1, 29, 29, 16, 16, 29, 1, 1, 16, 16, 29, 16, 8, 1];

pub(super) fn store(opcode: u8) -> Option<StoreId> {
    Some(match opcode {
        53 => StoreId::CreatePixmap,
        55 => StoreId::CreateGc,
        56 => StoreId::ChangeGc,
        59 => StoreId::SetClipRectangles,
        61 => StoreId::ClearArea,
        62 => StoreId::CopyArea,
        64 => StoreId::PolyPoint,
        65 => StoreId::PolyLine,
        66 => StoreId::PolySegment,
        68 => StoreId::PolyArc,
        69 => StoreId::FillPoly,
        70 => StoreId::PolyFillRectangle,
        71 => StoreId::PolyFillArc,
        72 => StoreId::PutImage,
        73 => StoreId::GetImage,
        74 => StoreId::PolyText8,
        75 => StoreId::PolyText16,
        76 => StoreId::ImageText8,
        77 => StoreId::ImageText16,
        _ => return None,
    })
}

/// The full form of opcodes 53 to 77.
pub(super) fn full<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        53 => {
            p.size(16)?;
            p.byte(at8(1), &mut k.depth, 0)?;
            p.new_xid(at32(4), &mut k.ids, &mut k.drawable, &mut k.free_drawable)?;
            p.xid(at32(8), &mut k.window)?;
            p.cached(at16(12), 16, &mut k.pixmap_width, 8)?;
            p.cached(at16(14), 16, &mut k.pixmap_height, 8)?;
        }
        54 => {
            p.size(8)?;
            p.free_xid(at32(4), &mut k.free_drawable)?;
        }
        55 => {
            p.size(16)?;
            p.new_xid(at32(4), &mut k.ids, &mut k.gc, &mut k.free_gc)?;
            p.xid(at32(8), &mut k.drawable)?;
            gc_values(p, k, 12)?;
        }
        56 => {
            p.size(12)?;
            p.xid(at32(4), &mut k.gc)?;
            gc_values(p, k, 8)?;
        }
        57 => {
            p.size(16)?;
            p.xid(at32(4), &mut k.gc)?;
            p.xid(at32(8), &mut k.gc)?;
            p.cached(at32(12), 23, &mut k.gc_mask, 0)?;
        }
        58 => {
            p.size(12)?;
            let n = p.cached(at16(10), 16, &mut k.dashes_length, 5)? as usize;
            p.size(12 + pad4(n))?;
            p.xid(at32(4), &mut k.gc)?;
            p.cached(at16(8), 16, &mut k.dashes_offset, 5)?;
            for i in 0..n {
                p.byte(at8(12 + i), &mut k.dashes[i % 2], 5)?;
            }
        }
        59 => {
            let n = p.coder.value((p.len().saturating_sub(12) / 8) as u32, 15, 4)? as usize;
            p.size(12 + 8 * n)?;
            p.value(at8(1), 2, 0)?;
            p.xid(at32(4), &mut k.gc)?;
            p.cached(at16(8), 16, &mut k.clip_x, 8)?;
            p.cached(at16(10), 16, &mut k.clip_y, 8)?;
            for i in 0..4 * n {
                p.cached(at16(12 + 2 * i), 16, &mut k.clip_geometry[i % 4], 8)?;
            }
        }
        60 => {
            p.size(8)?;
            p.free_xid(at32(4), &mut k.free_gc)?;
        }
        61 => {
            p.size(16)?;
            p.flag(at8(1))?;
            p.xid(at32(4), &mut k.window)?;
            for (i, cache) in k.clear_area_geometry.iter_mut().enumerate() {
                p.cached(at16(8 + 2 * i), 16, cache, 8)?;
            }
        }
        62 => {
            p.size(28)?;
            copy_ids(p, k)?;
            for (i, cache) in k.copy_area_geometry.iter_mut().enumerate() {
                p.cached(at16(16 + 2 * i), 16, cache, 8)?;
            }
        }
        63 => {
            p.size(32)?;
            copy_ids(p, k)?;
            for (i, cache) in k.copy_plane_geometry.iter_mut().enumerate() {
                p.cached(at16(16 + 2 * i), 16, cache, 8)?;
            }
            p.cached(at32(28), 32, &mut k.copy_plane_plane, 10)?;
        }
        64 | 65 => {
            let n = p.coder.value((p.len() / 4).saturating_sub(3) as u32, 16, 4)? as usize;
            p.size(12 + 4 * n)?;
            p.flag(at8(1))?;
            target(p, k)?;
            let [xs, ys] = if opcode == 64 { &mut k.point } else { &mut k.line };
            let (mut x, mut y) = (0, 0);
            for i in 0..n {
                p.delta(at16(12 + 4 * i), 16, &mut xs[i % 2], 8, &mut x)?;
                p.delta(at16(14 + 4 * i), 16, &mut ys[i % 2], 8, &mut y)?;
            }
        }
        66 => {
            let n = p.coder.value(((p.len() / 4).saturating_sub(3) / 2) as u32, 16, 4)? as usize;
            p.size(12 + 8 * n)?;
            target(p, k)?;
            for i in 0..2 * n {
                near_point(p, k, 12 + 4 * i)?;
            }
        }
        67 => {
            let n = p.coder.value(((p.len() / 4).saturating_sub(3) / 2) as u32, 16, 3)? as usize;
            p.size(12 + 8 * n)?;
            target(p, k)?;
            for i in 0..4 * n {
                p.cached(at16(12 + 2 * i), 16, &mut k.rectangle_geometry[i % 4], 8)?;
            }
        }
        68 => {
            p.size(12)?;
            target(p, k)?;
            items(p, &mut k.arc)?;
        }
        69 => fill_poly(p, k)?,
        70 => {
            p.size(12)?;
            target(p, k)?;
            items(p, &mut k.fill_rectangle)?;
        }
        71 => {
            p.size(12)?;
            target(p, k)?;
            items(p, &mut k.fill_arc)?;
        }
        72 => put_image(p, k)?,
        73 => {
            p.size(20)?;
            p.value(at8(1), 2, 0)?;
            p.xid(at32(4), &mut k.drawable)?;
            p.delta(at16(8), 16, &mut k.image_x, 8, &mut k.image_last.0)?;
            p.delta(at16(10), 16, &mut k.image_y, 8, &mut k.image_last.1)?;
            p.cached(at16(12), 16, &mut k.image_width, 8)?;
            p.cached(at16(14), 16, &mut k.image_height, 8)?;
            p.cached(at32(16), 32, &mut k.get_image_planes, 5)?;
        }
        74 | 75 => {
            p.size(16)?;
            target(p, k)?;
            p.delta(at16(12), 16, &mut k.poly_text_x, 0, &mut k.poly_text_last.0)?;
            p.delta(at16(14), 16, &mut k.poly_text_y, 0, &mut k.poly_text_last.1)?;
            text_items(p, k, if opcode == 74 { 1 } else { 2 })?;
        }
        76 | 77 => {
            p.size(16)?;
            let n = p.cached(at8(1), 8, &mut k.image_text_length, 4)? as usize & 0xff;
            let n = if opcode == 76 { n } else { 2 * n };
            p.size(16 + pad4(n))?;
            target(p, k)?;
            p.delta(at16(12), 16, &mut k.image_text_x, 0, &mut k.image_text_last.0)?;
            p.delta(at16(14), 16, &mut k.image_text_y, 0, &mut k.image_text_last.1)?;
            p.memory(16, n)?;
        }
        _ => return Err(Error::Unsupported { what: "an unknown core request" }),
    }
    Ok(())
}

/// The variant fields of opcodes 53 to 77.
pub(super) fn update<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        53 => p.new_xid(at32(4), &mut k.ids, &mut k.drawable, &mut k.free_drawable)?,
        55 => p.new_xid(at32(4), &mut k.ids, &mut k.gc, &mut k.free_gc)?,
        56 | 59 => {
            p.xid(at32(4), &mut k.gc)?;
        }
        62 => copy_ids(p, k)?,
        64..=66 | 68 | 70 | 71 => target(p, k)?,
        69 => {
            target(p, k)?;
            if p.len() >= 20 {
                p.cached(at16(16), 16, &mut k.fill_poly_x_absolute[0], 8)?;
                p.cached(at16(18), 16, &mut k.fill_poly_y_absolute[0], 8)?;
            }
        }
        72 => {
            target(p, k)?;
            p.delta_old(at16(16), 16, &mut k.image_x, 8)?;
            p.delta_old(at16(18), 16, &mut k.image_y, 8)?;
        }
        73 => {
            p.xid(at32(4), &mut k.drawable)?;
        }
        74 | 75 => {
            target(p, k)?;
            p.delta_old(at16(12), 16, &mut k.poly_text_x, 0)?;
            p.delta_old(at16(14), 16, &mut k.poly_text_y, 0)?;
        }
        76 | 77 => {
            target(p, k)?;
            p.delta_old(at16(12), 16, &mut k.image_text_x, 0)?;
            p.delta_old(at16(14), 16, &mut k.image_text_y, 0)?;
        }
        // ClearArea has nothing that varies.
        _ => {}
    }
    Ok(())
}

/// The drawable and the graphics context most drawing requests begin with.
fn target<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.xid(at32(4), &mut k.drawable)?;
    p.xid(at32(8), &mut k.gc)?;
    Ok(())
}

fn copy_ids<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.xid(at32(4), &mut k.drawable)?;
    p.xid(at32(8), &mut k.drawable)?;
    p.xid(at32(12), &mut k.gc)?;
    Ok(())
}

/// The mask at `at` and the values it announces, which follow it.
fn gc_values<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches, at: usize) -> Result<(), Error> {
    let mask = p.cached(at32(at), 23, &mut k.gc_mask, 0)?;
    let mut o = at + 4;
    for (i, cache) in k.gc_values.iter_mut().enumerate() {
        if mask >> i & 1 == 1 {
            p.size(o + 4)?;
            if GC_WIDTHS[i] <= 4 {
                p.value(at32(o), GC_WIDTHS[i], 0)?;
            } else {
                p.cached(at32(o), GC_WIDTHS[i], cache, 0)?;
            }
            o += 4;
        }
    }
    Ok(())
}

/// Rectangles or arcs from byte 12 on: at least one, each followed by "one more". Every 16-bit field of an item is
/// coded against the item before; `N` fields, `M` alternating caches for each.
fn items<C: Coder, const N: usize, const M: usize>(
    p: &mut Pass<C>,
    caches: &mut [[IntCache; M]; N],
) -> Result<(), Error> {
    let mut last = [0; N];
    let mut o = 12;
    for i in (0..M).cycle() {
        p.size(o + 2 * N)?;
        for (last, caches) in last.iter_mut().zip(caches.iter_mut()) {
            p.delta(at16(o), 16, &mut caches[i], 8, last)?;
            o += 2;
        }
        if !p.coder.flag(o < p.len())? {
            break;
        }
    }
    Ok(())
}

/// Codes a point against the nearer of two remembered ones (NX part 3 §5.7).
fn near_point<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches, o: usize) -> Result<(), Error> {
    let (x, y) = (p.get(at16(o)), p.get(at16(o + 2)));
    let distance = |(px, py): (u32, u32)| x.abs_diff(px) + y.abs_diff(py);
    let [first, second] = k.near.points;
    let near = if p.coder.flag(distance(first) >= distance(second))? { second } else { first };
    let (mut x, mut y) = near;
    p.delta(at16(o), 16, &mut k.segment_x, 6, &mut x)?;
    p.delta(at16(o + 2), 16, &mut k.segment_y, 6, &mut y)?;
    k.near.points[k.near.next] = (x, y);
    k.near.next ^= 1;
    Ok(())
}

fn fill_poly<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    let n = p.coder.cached((p.len().saturating_sub(16) / 4) as u32, 16, &mut k.fill_poly_count, 4)? as usize;
    p.size(16_usize.saturating_add(n.saturating_mul(4)))?;
    target(p, k)?;
    p.value(at8(12), 2, 0)?;
    let relative = p.flag(at8(13))?;
    for i in 0..n {
        let (x, y) = (at16(16 + 4 * i), at16(18 + 4 * i));
        if relative {
            p.cached(x, 16, &mut k.fill_poly_x_relative[i % 10], 8)?;
            p.cached(y, 16, &mut k.fill_poly_y_relative[i % 10], 8)?;
        } else {
            recent_point(p, k, x, y, i % 10)?;
        }
    }
    Ok(())
}

/// Codes a point as one of eight remembered ones, or in full (NX part 3 §5.8).
fn recent_point<C: Coder>(
    p: &mut Pass<C>,
    k: &mut RequestCaches,
    x: Field,
    y: Field,
    i: usize,
) -> Result<(), Error> {
    let point = (p.get(x), p.get(y));
    let known = k.recent.points.iter().position(|r| *r == point);
    if p.coder.flag(known.is_some())? {
        let index = p.coder.value(known.unwrap_or(0) as u32, 3, 0)? as usize;
        let (px, py) = k.recent.points[index];
        p.set(x, px);
        p.set(y, py);
        return Ok(());
    }
    let px = p.cached(x, 16, &mut k.fill_poly_x_absolute[i], 8)?;
    let py = p.cached(y, 16, &mut k.fill_poly_y_absolute[i], 8)?;
    k.recent.points[k.recent.next] = (px, py);
    k.recent.next = (k.recent.next + 1) % 8;
    Ok(())
}

fn put_image<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    let size = 4 * p.coder.value((p.len() / 4) as u32, 16, 8)? as usize;
    p.size(size.max(24))?;
    p.value(at8(1), 2, 0)?;
    target(p, k)?;
    p.cached(at16(12), 16, &mut k.image_width, 8)?;
    p.cached(at16(14), 16, &mut k.image_height, 8)?;
    p.delta(at16(16), 16, &mut k.image_x, 8, &mut k.image_last.0)?;
    p.delta(at16(18), 16, &mut k.image_y, 8, &mut k.image_last.1)?;
    p.byte(at8(20), &mut k.image_left_pad, 0)?;
    p.byte(at8(21), &mut k.depth, 0)?;
    if size > 24 {
        p.memory(24, size - 24)?;
    }
    Ok(())
}

/// The items of `PolyText8` (`width` 1) or `PolyText16` (2), from byte 16 on. What does not make a whole item is
/// padding and not coded.
fn text_items<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches, width: usize) -> Result<(), Error> {
    /// A first byte that announces a font instead of text.
    const FONT: u32 = 255;
    let mut o = 16;
    loop {
        let size = match p.get(at8(o)) {
            FONT => 5,
            n => 2 + n as usize * width,
        };
        if !p.coder.flag(o + 1 < p.len() && o + size <= p.len())? {
            break;
        }
        p.size(o + 1)?;
        let n = p.value(at8(o), 8, 0)?;
        if n == FONT {
            p.size(o + 5)?;
            // X11 itself fixes the byte order of the font.
            let font = ByteOrder::Msb.get(p.message, at32(o + 1));
            let font = p.coder.cached(font, 29, &mut k.poly_text_font, 0)?;
            if !C::ENCODES {
                ByteOrder::Msb.set(p.message, at32(o + 1), font);
            }
            o += 5;
        } else {
            let text = n as usize * width;
            p.size(o + 2 + text)?;
            p.byte(at8(o + 1), &mut k.poly_text_delta, 0)?;
            p.memory(o + 2, text)?;
            o += 2 + text;
        }
    }
    p.size(pad4(o))
}
