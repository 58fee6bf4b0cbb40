//! Tiles and stipples over pixel memory: rows of a pattern repeated from where the pattern has its corner.

use super::Pixmap;
use super::pixmap::Pixel;
use super::rop::Rop;
use crate::region::Rect;

/// Every `step`th row of `rect` in pixel memory `width` wide. Rows outside the memory do not come.
fn rows<P>(data: &mut [P], width: usize, rect: Rect, step: i32) -> impl Iterator<Item = &mut [P]> {
    let (x1, x2) = (rect.x1.max(0) as usize, rect.x2.max(0) as usize);
    let step = step.max(1) as usize;
    data.chunks_exact_mut(width)
        .skip(rect.y1.max(0) as usize)
        .step_by(step)
        .take((rect.height() as usize).div_ceil(step))
        .filter_map(move |row| row.get_mut(x1..x2))
}

/// Lays out `out` as the pattern `row` repeated, beginning at its element `phase`.
fn repeat_row<P: Copy>(row: &[P], phase: usize, len: usize, out: &mut Vec<P>) {
    out.clear();
    let (before, after) = row.split_at(phase.min(row.len()));
    out.extend_from_slice(&after[..after.len().min(len)]);
    let n = (len - out.len()).min(before.len());
    out.extend_from_slice(&before[..n]);
    while out.len() < len && !out.is_empty() {
        // `out` holds whole periods here.
        let n = (len - out.len()).min(out.len());
        out.extend_from_within(..n);
    }
}

/// Covers `out` with a pattern row, beginning at its element `phase`: `piece(part, from)` gets each stretch that does not
/// wrap, and where in the row it begins.
#[inline]
fn wrapped<P>(out: &mut [P], size: usize, phase: usize, mut piece: impl FnMut(&mut [P], usize)) {
    let mut rest = out;
    let mut from = phase;
    while !rest.is_empty() {
        let n = rest.len().min(size - from);
        let (now, later) = rest.split_at_mut(n);
        piece(now, from);
        rest = later;
        from = 0;
    }
}

pub(super) fn fill_tiled<P: Pixel>(
    data: &mut [P],
    width: usize,
    rect: Rect,
    (source, tile): (&[P], &Pixmap),
    corner: (i32, i32),
    rop: Rop,
    scratch: &mut Vec<P>,
) {
    let (tw, th) = (tile.width() as usize, tile.height() as usize);
    let mask = tile.write_mask();
    let phase_x = phase(rect.x1, corner.0, tile.width());
    let mut ty = phase(rect.y1, corner.1, tile.height());
    let (length, height) = (rect.width() as usize, rect.height() as usize);
    let first = rect.y1.max(0) as usize * width + rect.x1.max(0) as usize;
    if rop.is_copy(mask) && phase_x + length <= tw {
        // All columns lie side by side in the tile.
        for i in 0..height {
            let (start, from) = (first + i * width, ty * tw + phase_x);
            if let (Some(out), Some(row)) =
                (data.get_mut(start..start + length), source.get(from..from + length))
            {
                out.copy_from_slice(row);
            }
            ty = if ty + 1 == th { 0 } else { ty + 1 };
        }
        return;
    }
    if rop.is_copy(mask) {
        for i in 0..height {
            let start = first + i * width;
            if i >= th && length < 4 * tw.max(16) {
                // Narrow rows are cheap to take from the row that shows the same of the tile.
                let same = start - th * width;
                data.copy_within(same..same + length, start);
                continue;
            }
            let (Some(row), Some(out)) =
                (source.get(ty * tw..(ty + 1) * tw), data.get_mut(start..start + length))
            else {
                return;
            };
            if length > 4 * tw {
                // One period from the tile, and doubled on and on.
                let (head, _) = out.split_at_mut(tw);
                wrapped(head, tw, phase_x, |part, from| part.copy_from_slice(&row[from..from + part.len()]));
                let mut done = tw;
                while done < length {
                    let n = done.min(length - done);
                    out.copy_within(..n, done);
                    done += n;
                }
            } else {
                wrapped(out, tw, phase_x, |part, from| {
                    let row = &row[from..from + part.len()];
                    if part.len() < 16 {
                        for (d, s) in part.iter_mut().zip(row) {
                            *d = *s;
                        }
                    } else {
                        part.copy_from_slice(row);
                    }
                });
            }
            ty = if ty + 1 == th { 0 } else { ty + 1 };
        }
        return;
    }
    // Each row of the tile is laid out once and used for every row of the rectangle that shows it.
    for i in 0..height.min(th) {
        let Some(row) = source.get(ty * tw..(ty + 1) * tw) else { return };
        let pattern = if phase_x + length <= tw {
            &row[phase_x..phase_x + length]
        } else {
            repeat_row(row, phase_x, length, scratch);
            &scratch[..]
        };
        let column = Rect { y1: rect.y1.saturating_add(i as i32), ..rect };
        for out in rows(data, width, column, tile.height()) {
            rop.row(out, pattern, mask);
        }
        ty = if ty + 1 == th { 0 } else { ty + 1 };
    }
}

#[expect(clippy::too_many_arguments, reason = "one inner loop with its constants")]
pub(super) fn fill_stippled<P: Pixel>(
    data: &mut [P],
    width: usize,
    rect: Rect,
    (bits, bitmap): (&[u8], &Pixmap),
    corner: (i32, i32),
    one: (u32, u32),
    zero: (u32, u32),
    scratch: &mut Vec<u8>,
) {
    let (tw, th) = (bitmap.width(), bitmap.height());
    let phase = phase(rect.x1, corner.0, tw);
    let length = rect.width() as usize;
    if rect.height() <= th || length <= 2 * tw as usize {
        // A small area, or a large pattern: laying rows out ahead is not worth it.
        let tw = tw as usize;
        let mut ty = self::phase(rect.y1, corner.1, th);
        for out in rows(data, width, rect, 1) {
            let Some(row) = bits.get(ty * tw..(ty + 1) * tw) else { return };
            wrapped(out, tw, phase, |part, from| {
                let row = &row[from..from + part.len()];
                choose_row(part, row, one, zero);
            });
            ty = if ty + 1 == th as usize { 0 } else { ty + 1 };
        }
        return;
    }
    for first in rect.y1..rect.y2.min(rect.y1.saturating_add(th)) {
        let ty = self::phase(first, corner.1, th);
        let Some(row) = bits.get(ty * tw as usize..(ty + 1) * tw as usize) else { continue };
        repeat_row(row, phase, length, scratch);
        let column = Rect { y1: first, ..rect };
        for out in rows(data, width, column, th) {
            choose_row(out, scratch, one, zero);
        }
    }
}

/// `dst & and ^ xor` with the constants chosen by each element of a bitmap row (0 or 1).
pub(super) fn choose_row<P: Pixel>(dst: &mut [P], bits: &[u8], one: (u32, u32), zero: (u32, u32)) {
    let (zero_and, zero_xor) = (P::from_value(zero.0), P::from_value(zero.1));
    if (one.0 | zero.0) & P::from_value(u32::MAX).value() == 0 {
        // Nothing of the destination stays: it need not be read.
        let flip = P::from_value(one.1 ^ zero.1);
        for (d, &bit) in dst.iter_mut().zip(bits) {
            *d = zero_xor ^ (P::from_value(u32::from(bit).wrapping_neg()) & flip);
        }
        return;
    }
    let and_flip = P::from_value(one.0 ^ zero.0);
    let xor_flip = P::from_value(one.1 ^ zero.1);
    for (d, &bit) in dst.iter_mut().zip(bits) {
        let on = P::from_value(u32::from(bit).wrapping_neg());
        *d = *d & (zero_and ^ (on & and_flip)) ^ (zero_xor ^ (on & xor_flip));
    }
}

/// Where coordinate `at` falls in a pattern of `size` that begins at `corner`.
fn phase(at: i32, corner: i32, size: i32) -> usize {
    let size = size.max(1);
    match at.checked_sub(corner) {
        Some(distance) if size & (size - 1) == 0 => (distance & (size - 1)) as usize,
        Some(distance) => distance.rem_euclid(size) as usize,
        None => (i64::from(at) - i64::from(corner)).rem_euclid(i64::from(size)) as usize,
    }
}
