//! Dashes of two kinds whose pixels are drawn once each: which of them are seen where they overlap.

use crate::region::{Rect, Region};

/// The pixels of even and of odd dashes, each once, between two columns: what was drawn later is in front.
pub(super) fn apart(spans: &[Rect], pieces: &[(usize, bool)], columns: (i32, i32)) -> (Vec<Rect>, Vec<Rect>) {
    if let [(_, false)] = pieces {
        return (Region::from_rects(spans).rects().to_vec(), Vec::new());
    }
    let mut strips = Vec::with_capacity(spans.len());
    // The rows that either kind has ever had.
    let mut rows = [(i32::MAX, i32::MIN); 2];
    let mut from = 0;
    for (to, in_gap) in pieces.iter().copied() {
        let piece = spans.get(from..to).unwrap_or(&[]);
        from = to;
        let top = piece.iter().fold(i32::MAX, |top, rect| top.min(rect.y1));
        let bottom = piece.iter().fold(i32::MIN, |bottom, rect| bottom.max(rect.y2 - 1));
        let other = rows[usize::from(!in_gap)];
        // A piece of one row at the edge of all others hides nothing: so it is elsewhere.
        let hides = other.0 < bottom && top < other.1;
        let own = &mut rows[usize::from(in_gap)];
        *own = (own.0.min(top), own.1.max(bottom));
        for rect in piece {
            let (x1, x2) = (rect.x1.max(columns.0), rect.x2.min(columns.1));
            if x1 < x2 {
                strips.extend((rect.y1..rect.y2).map(|y| Strip { y, x1, x2, in_gap, hides }));
            }
        }
    }
    // Of one row in the order in which they were drawn.
    strips.sort_by_key(|strip| strip.y);
    let mut row = vec![0_u8; (columns.1 - columns.0).max(0) as usize];
    let (mut even, mut odd) = (Vec::new(), Vec::new());
    for of_row in strips.chunk_by(|a, b| a.y == b.y) {
        let (mut left, mut right) = (columns.1, columns.0);
        for strip in of_row {
            (left, right) = (left.min(strip.x1), right.max(strip.x2));
            let (own, kept) = if strip.in_gap { (ODD, EVEN) } else { (EVEN, ODD) };
            let kept = if strip.hides { 0 } else { kept };
            for pixel in &mut row[(strip.x1 - columns.0) as usize..(strip.x2 - columns.0) as usize] {
                *pixel = *pixel & kept | own;
            }
        }
        let seen = &mut row[(left - columns.0) as usize..(right - columns.0) as usize];
        let mut x = left;
        for run in seen.chunk_by(|a, b| a == b) {
            let rect = Rect { x1: x, y1: of_row[0].y, x2: x + run.len() as i32, y2: of_row[0].y + 1 };
            x = rect.x2;
            if run[0] & EVEN != 0 {
                even.push(rect);
            }
            if run[0] & ODD != 0 {
                odd.push(rect);
            }
        }
        seen.fill(0);
    }
    (even, odd)
}

/// Whose pixel it is, in a row of them.
const EVEN: u8 = 1;
const ODD: u8 = 2;

/// A row of a piece.
struct Strip {
    y: i32,
    x1: i32,
    x2: i32,
    in_gap: bool,
    /// Nothing of the other kind is seen through it.
    hides: bool,
}
