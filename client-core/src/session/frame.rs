//! The picture on its way from the display thread to the window.
//!
//! It is handed over, not shared: while the window has not taken the last changes, the display thread leaves the
//! frame alone and lets damage pile up on its own side; so neither ever waits for the other's lock, and a window
//! that paints slowly gets fewer, larger changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// More rectangles than this are taken as the one around them all.
const MAX_RECTS: usize = 96;

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// First column.
    pub x: u16,
    /// First row.
    pub y: u16,
    /// Columns, at least 1.
    pub width: u16,
    /// Rows, at least 1.
    pub height: u16,
}

/// A picture and what of it is new.
#[derive(Debug, Default)]
pub struct Buffer {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Rows of `0x??RRGGBB` words, one after the other.
    pub pixels: Vec<u32>,
    /// What has changed; everything after a change of size.
    pub damage: Vec<Rect>,
    /// The size is another than in the last picture.
    pub resized: bool,
}

/// Hands a picture over.
#[derive(Debug, Default)]
pub struct Frame {
    buffer: Mutex<Buffer>,
    /// The window has not taken the changes yet.
    pending: AtomicBool,
}

impl Frame {
    /// Whether there is something that the window has not taken.
    pub(super) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Copies what has changed of a screen of `size` into the frame. Only when nothing is pending.
    pub(super) fn put(&self, size: (u16, u16), screen: &[u32], damage: &[Rect]) {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        let (width, height) = size;
        let whole = Rect { x: 0, y: 0, width, height };
        buffer.damage.clear();
        buffer.resized = (buffer.width, buffer.height) != size;
        if buffer.resized {
            (buffer.width, buffer.height) = size;
            buffer.pixels.clear();
            buffer.pixels.extend_from_slice(screen);
            buffer.damage.push(whole);
        } else {
            if damage.len() > MAX_RECTS {
                buffer.damage.extend(around(damage));
            } else {
                buffer.damage.extend_from_slice(damage);
            }
            let Buffer { pixels, damage, .. } = &mut *buffer;
            for rect in damage.iter() {
                copy(screen, pixels, width.into(), *rect);
            }
        }
        drop(buffer);
        self.pending.store(true, Ordering::Release);
    }

    /// Lets the window take the changes; whether there were any.
    pub(super) fn take(&self, paint: impl FnOnce(&Buffer)) -> bool {
        if !self.is_pending() {
            return false;
        }
        paint(&self.buffer.lock().unwrap_or_else(PoisonError::into_inner));
        self.pending.store(false, Ordering::Release);
        true
    }
}

fn copy(from: &[u32], to: &mut [u32], stride: usize, rect: Rect) {
    for y in usize::from(rect.y)..usize::from(rect.y) + usize::from(rect.height) {
        let start = y * stride + usize::from(rect.x);
        let row = start..start + usize::from(rect.width);
        if let (Some(from), Some(to)) = (from.get(row.clone()), to.get_mut(row)) {
            to.copy_from_slice(from);
        }
    }
}

/// The rectangle around all.
fn around(rects: &[Rect]) -> Option<Rect> {
    let left = rects.iter().map(|r| r.x).min()?;
    let top = rects.iter().map(|r| r.y).min()?;
    let right = rects.iter().map(|r| r.x + r.width).max()?;
    let bottom = rects.iter().map(|r| r.y + r.height).max()?;
    Some(Rect { x: left, y: top, width: right - left, height: bottom - top })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(frame: &Frame) -> Option<(Vec<u32>, Vec<Rect>, bool)> {
        let mut seen = None;
        frame.take(|buffer| seen = Some((buffer.pixels.clone(), buffer.damage.clone(), buffer.resized)));
        seen
    }

    #[test]
    fn only_the_damaged_part_is_copied() {
        let frame = Frame::default();
        frame.put((3, 2), &[0; 6], &[]);
        taken(&frame);
        let spot = Rect { x: 1, y: 1, width: 2, height: 1 };
        frame.put((3, 2), &[9; 6], &[spot]);
        assert_eq!(taken(&frame), Some((vec![0, 0, 0, 0, 9, 9], vec![spot], false)));
    }

    #[test]
    fn a_change_of_size_damages_everything() {
        let frame = Frame::default();
        frame.put((2, 2), &[1; 4], &[]);
        assert_eq!(taken(&frame), Some((vec![1; 4], vec![Rect { x: 0, y: 0, width: 2, height: 2 }], true)));
    }

    #[test]
    fn changes_are_taken_once() {
        let frame = Frame::default();
        assert_eq!(taken(&frame), None);
        frame.put((1, 1), &[1], &[]);
        assert!(frame.is_pending());
        assert!(taken(&frame).is_some());
        assert_eq!(taken(&frame), None);
    }

    #[test]
    fn a_multitude_of_rectangles_becomes_one() {
        let frame = Frame::default();
        frame.put((200, 2), &[0; 400], &[]);
        taken(&frame);
        let many: Vec<Rect> = (0..100).map(|i| Rect { x: i * 2, y: 1, width: 1, height: 1 }).collect();
        frame.put((200, 2), &[7; 400], &many);
        let (_, damage, _) = taken(&frame).unwrap();
        assert_eq!(damage, [Rect { x: 0, y: 1, width: 199, height: 1 }]);
    }
}
