//! Where pixels live: the screen and every pixmap, counted by who refers to them.
//!
//! A drawable names a surface. Several things may hold the same one (a pixmap's id, a picture on it after the id
//! was freed), so surfaces are counted. What a GC or a window is filled with (tiles, stipples, backgrounds) is held by
//! a [`Paint`] and is the surface itself, not a copy: what is drawn into the pixmap later is seen the next time it
//! fills something. X11 leaves that open; other servers do it, and nxagent sends the pixels of its backgrounds after
//! it has set them.

use std::sync::Arc;

use crate::raster::Pixmap;
use crate::region::Region;

/// Names a surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SurfaceId(u32);

impl SurfaceId {
    /// The one screen, into which all windows draw.
    pub(crate) const SCREEN: Self = Self(0);
}

/// Keeps a surface that something is filled with, also after the pixmap's id is gone.
#[derive(Debug, Clone)]
pub(crate) struct Paint {
    surface: SurfaceId,
    _held: Arc<()>,
}

/// Where a drawing request goes: a surface, the drawable's origin in it, and what of it is visible.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) surface: SurfaceId,
    /// The drawable's origin in the surface, in pixels.
    pub(crate) origin: (i32, i32),
    /// What may be touched, in the surface's coordinates.
    pub(crate) clip: Arc<Region>,
    pub(crate) depth: u8,
    /// Size of the drawable in pixels.
    pub(crate) size: (u16, u16),
}

/// Two surfaces to copy between.
pub(crate) enum Pair<'a> {
    /// Source and destination are one.
    Same(&'a mut Pixmap),
    Two(&'a Pixmap, &'a mut Pixmap),
}

#[derive(Debug)]
struct Slot {
    pixels: Arc<Pixmap>,
    references: u32,
    /// Shared with every [`Paint`] of this surface.
    held: Arc<()>,
}

impl Slot {
    fn new(pixels: Pixmap) -> Self {
        Self { pixels: Arc::new(pixels), references: 1, held: Arc::new(()) }
    }
}

/// All surfaces of a server.
#[derive(Debug)]
pub(crate) struct Surfaces {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Surfaces without a holder that are kept by paints only, or were when somebody last looked.
    painted: Vec<u32>,
    /// Length of `painted` at which to look again: twice what was left the last time.
    sweep_at: usize,
}

/// The least number of kept surfaces worth a look.
const SWEEP: usize = 64;

impl Surfaces {
    pub(crate) fn new(screen: Pixmap) -> Self {
        Self { slots: vec![Slot::new(screen)], free: Vec::new(), painted: Vec::new(), sweep_at: SWEEP }
    }

    pub(crate) fn add(&mut self, pixels: Pixmap) -> SurfaceId {
        let slot = Slot::new(pixels);
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = slot;
            SurfaceId(index)
        } else {
            self.slots.push(slot);
            SurfaceId(self.slots.len() as u32 - 1)
        }
    }

    /// One more holder.
    pub(crate) fn retain(&mut self, id: SurfaceId) {
        self.slots[id.0 as usize].references += 1;
    }

    /// One holder less; the last one frees the pixels.
    pub(crate) fn release(&mut self, id: SurfaceId) {
        let slot = &mut self.slots[id.0 as usize];
        slot.references = slot.references.saturating_sub(1);
        if slot.references > 0 {
            return;
        }
        if Arc::strong_count(&slot.held) == 1 {
            self.free(id.0);
            return;
        }
        self.painted.push(id.0);
        if self.painted.len() >= self.sweep_at {
            for index in std::mem::take(&mut self.painted) {
                if Arc::strong_count(&self.slots[index as usize].held) == 1 {
                    self.free(index);
                } else {
                    self.painted.push(index);
                }
            }
            self.sweep_at = SWEEP.max(self.painted.len() * 2);
        }
    }

    fn free(&mut self, index: u32) {
        if let Ok(nothing) = Pixmap::new(1, 1, 1) {
            self.slots[index as usize].pixels = Arc::new(nothing);
        }
        self.free.push(index);
    }

    /// Makes a surface something to fill with.
    pub(crate) fn paint(&self, id: SurfaceId) -> Paint {
        Paint { surface: id, _held: self.slots[id.0 as usize].held.clone() }
    }

    /// The pixels of a paint as they are now.
    pub(crate) fn painted(&self, paint: &Paint) -> Arc<Pixmap> {
        self.share(paint.surface)
    }

    pub(crate) fn get(&self, id: SurfaceId) -> &Pixmap {
        &self.slots[id.0 as usize].pixels
    }

    pub(crate) fn get_mut(&mut self, id: SurfaceId) -> &mut Pixmap {
        Arc::make_mut(&mut self.slots[id.0 as usize].pixels)
    }

    /// The pixels as they are now.
    pub(crate) fn share(&self, id: SurfaceId) -> Arc<Pixmap> {
        self.slots[id.0 as usize].pixels.clone()
    }

    pub(crate) fn replace(&mut self, id: SurfaceId, pixels: Pixmap) {
        self.slots[id.0 as usize].pixels = Arc::new(pixels);
    }

    /// Source and destination of a copy.
    pub(crate) fn pair(&mut self, source: SurfaceId, destination: SurfaceId) -> Pair<'_> {
        if source == destination {
            return Pair::Same(self.get_mut(destination));
        }
        let [a, b] = self
            .slots
            .get_disjoint_mut([source.0 as usize, destination.0 as usize])
            .unwrap_or_else(|_| unreachable!("surface ids are indices of slots, and these differ"));
        Pair::Two(&a.pixels, Arc::make_mut(&mut b.pixels))
    }
}
