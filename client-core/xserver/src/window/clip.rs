//! What of each window is visible, and what follows when that changes: bits that move, borders, exposures.
//!
//! After a change to the tree the caller marks windows [dirty](Server::mark_dirty) and calls [`Server::revalidate`] with
//! the parent. Clips are computed anew from the top of the stack down, but a subtree whose visible part, place and
//! contents are as before is not entered. Then, in this order: bits that moved are copied (all of them from the
//! picture as it was), borders are painted, visibility is told, backgrounds are painted, exposures are told.

use std::sync::Arc;

use x11rb_protocol::protocol::xproto::{self, ExposeEvent, VisibilityNotifyEvent};

use super::{Background, Border, NOT_VIEWABLE, Window};
use crate::event::mask;
use crate::raster::Canvas;
use crate::region::{Rect, Region};
use crate::resource::Xid;
use crate::server::{ROOT, Server, wire};
use crate::surface::SurfaceId;

/// What a change of size does to the bits of a window (bit gravity).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BitsAfterResize {
    /// Not resized.
    Keep,
    /// All are lost.
    Forget,
    /// They move by this much relative to the window's inside.
    Shift(i32, i32),
}

/// What has to be done after clips are known.
#[derive(Default)]
struct Effects {
    /// Bits that moved: by how much, and where they are to be now.
    copies: Vec<((i32, i32), Region)>,
    /// Borders to paint, less what was seen of them before.
    borders: Vec<(Xid, Option<Arc<Region>>)>,
    visibility: Vec<(Xid, u8)>,
    exposed: Vec<(Xid, Region)>,
}

/// Each child is compared with no more of those above it than these.
const AT_ONCE: usize = 256;

/// What of a window its children leave of it, from the top of the stack down. Most children do not overlap: these are
/// taken away all at once.
struct Rest {
    region: Region,
    /// Children that show, apart from one another, and are still to be taken away.
    children: Vec<Rect>,
}

impl Rest {
    fn new(region: Region) -> Self {
        Self { region, children: Vec::new() }
    }

    /// What shows of the next child, which is at `place` and within `outer`.
    fn child(&mut self, child: &Window, place: (i32, i32), outer: Rect) -> Region {
        if !self.region.extents().overlaps(&outer) {
            return Region::new();
        }
        if self.children.len() == AT_ONCE || self.children.iter().any(|above| above.overlaps(&outer)) {
            self.take_away();
        }
        if let Some(shape) = &child.shapes.bounding {
            let shape = shape.translated(place.0, place.1).intersect_rect(&outer);
            let visible = self.region.intersect(&shape);
            self.region = self.region.subtract(&visible);
            return visible;
        }
        let visible = self.region.intersect_rect(&outer);
        if !visible.is_empty() {
            self.children.push(outer);
        }
        visible
    }

    fn take_away(&mut self) {
        // From the top down they are joined in one pass where they lie in rows.
        self.children.sort_unstable_by_key(|child| (child.y1, child.x1));
        self.region = self.region.subtract(&Region::from_rects(&self.children));
        self.children.clear();
    }

    fn without_children(mut self) -> Region {
        self.take_away();
        self.region
    }
}

/// A client that would be told of more boxes than this is told of their hull, as by Xvfb.
const MAX_EXPOSED: usize = 25;

impl Server {
    /// Says that the window's size, shape, stacking or list of children changed.
    pub(crate) fn mark_dirty(&mut self, id: Xid) {
        if let Ok(window) = self.window_mut(id) {
            window.dirty = true;
        }
    }

    /// Says what a resize does to the bits of the window.
    pub(crate) fn set_bits_after_resize(&mut self, id: Xid, bits: BitsAfterResize) {
        if let Ok(window) = self.window_mut(id) {
            window.bits = bits;
            window.dirty = true;
        }
    }

    /// Computes clips from this window down and does what follows from the difference.
    pub(crate) fn revalidate(&mut self, top: Xid) {
        let Ok(window) = self.window(top) else { return };
        let (viewable, origin) = (window.viewable, window.origin);
        let outer = if top == ROOT {
            Arc::new(Region::from_rect(self.screen_rect()))
        } else {
            window.outer_clip.clone()
        };
        self.mark_dirty(top);
        if viewable {
            let mut effects = Effects::default();
            self.validate(top, outer, origin, &mut effects);
            self.apply(effects);
        } else {
            self.place_subtree(top, origin);
        }
        self.pointer_window_may_have_changed();
    }

    /// Computes clips after one child of `parent` (or several) changed place, size or stacking, which can show only
    /// within `area` of the screen: what the child covered before and what it covers now. Siblings elsewhere are not
    /// looked at, and of the parent's clip only that part changes.
    pub(crate) fn revalidate_area(&mut self, parent: Xid, area: &Region) {
        let Ok(window) = self.window_mut(parent) else { return };
        if !window.viewable || window.input_only {
            self.revalidate(parent);
            return;
        }
        let origin = window.origin;
        let inner = if window.shapes.bounding.is_none() && window.shapes.clip.is_none() {
            window.outer_clip.intersect_rect(&window.inner_rect())
        } else {
            window.outer_clip.intersect(&window.inner_shape())
        };
        let children = std::mem::take(&mut window.children);
        let mut rest = Rest::new(inner.intersect(area));
        let mut effects = Effects::default();
        effects.exposed.push((parent, Region::new()));
        let around = area.extents();
        for child in children.iter().rev() {
            let Ok(state) = self.window(*child) else { continue };
            let (place, outer) = state.place_in(origin);
            if !state.mapped || state.input_only {
                // What is in it may have moved by gravity.
                if state.origin != place || (state.dirty && !state.children.is_empty()) {
                    self.place_subtree(*child, place);
                }
                continue;
            }
            if !state.dirty && state.origin == place && !outer.overlaps(&around) {
                continue;
            }
            let visible = rest.child(state, place, outer);
            let elsewhere = state.outer_clip.subtract(area);
            let visible = if elsewhere.is_empty() { visible } else { elsewhere.union(&visible) };
            self.validate(*child, Arc::new(visible), place, &mut effects);
        }
        let Ok(window) = self.window_mut(parent) else { return };
        window.children = children;
        let rest = rest.without_children();
        effects.exposed[0].1 = rest.subtract(&window.clip);
        let elsewhere = window.clip.subtract(area);
        window.clip = Arc::new(if rest.is_empty() { elsewhere } else { elsewhere.union(&rest) });
        self.apply(effects);
        self.pointer_window_may_have_changed();
    }

    /// Moves a subtree that shows exactly as much as before, elsewhere.
    fn translate_subtree(&mut self, id: Xid, by: (i32, i32)) {
        let Ok(window) = self.window_mut(id) else { return };
        window.origin = (window.origin.0 + by.0, window.origin.1 + by.1);
        for clip in [&mut window.clip, &mut window.outer_clip] {
            if !clip.is_empty() {
                Arc::make_mut(clip).translate(by.0, by.1);
            }
        }
        if window.children.is_empty() {
            return;
        }
        let children = std::mem::take(&mut window.children);
        for child in &children {
            self.translate_subtree(*child, by);
        }
        if let Ok(window) = self.window_mut(id) {
            window.children = children;
        }
    }

    /// A window that is not viewable changed its place: nothing shows.
    pub(crate) fn place_unviewable(&mut self, id: Xid) {
        let Ok(window) = self.window(id) else { return };
        let Ok(parent) = self.window(window.parent) else { return };
        let (place, _) = window.place_in(parent.origin);
        self.place_subtree(id, place);
    }

    /// Gives an invisible subtree its origins.
    fn place_subtree(&mut self, id: Xid, origin: (i32, i32)) {
        let Ok(window) = self.window_mut(id) else { return };
        window.dirty = false;
        window.bits = BitsAfterResize::Keep;
        window.origin = origin;
        let children = std::mem::take(&mut window.children);
        for child in &children {
            if let Some(origin) = self.child_origin(origin, *child) {
                self.place_subtree(*child, origin);
            }
        }
        if let Ok(window) = self.window_mut(id) {
            window.children = children;
        }
    }

    fn child_origin(&self, parent: (i32, i32), child: Xid) -> Option<(i32, i32)> {
        let child = self.window(child).ok()?;
        let border = i32::from(child.border_width);
        Some((parent.0 + i32::from(child.x) + border, parent.1 + i32::from(child.y) + border))
    }

    fn validate(&mut self, id: Xid, outer: Arc<Region>, origin: (i32, i32), effects: &mut Effects) {
        let Ok(window) = self.window_mut(id) else { return };
        let old_origin = window.origin;
        if !window.dirty && old_origin == origin && *window.outer_clip == *outer {
            return;
        }
        let moved = (origin.0 - old_origin.0, origin.1 - old_origin.1);
        if !window.dirty
            && window.bits == BitsAfterResize::Keep
            && !window.input_only
            && !outer.is_empty()
            && window.outer_clip.translated(moved.0, moved.1) == *outer
        {
            effects.copies.push((moved, (*outer).clone()));
            self.translate_subtree(id, moved);
            return;
        }
        window.origin = origin;
        let stays = old_origin == origin && !window.dirty;
        let outer_changed = !stays || *window.outer_clip != *outer;
        window.dirty = false;
        let bits = std::mem::replace(&mut window.bits, BitsAfterResize::Keep);
        if window.input_only {
            // It neither shows nor hides anything, but its children (InputOnly too) have places.
            let children = std::mem::take(&mut window.children);
            for child in &children {
                if let Some(origin) = self.child_origin(origin, *child) {
                    self.place_subtree(*child, origin);
                }
            }
            if let Ok(window) = self.window_mut(id) {
                window.children = children;
            }
            return;
        }
        let inner = if window.shapes.bounding.is_none() && window.shapes.clip.is_none() {
            outer.intersect_rect(&window.inner_rect())
        } else {
            outer.intersect(&window.inner_shape())
        };
        if window.border_width > 0 && outer_changed && !outer.is_empty() {
            effects.borders.push((id, stays.then(|| window.outer_clip.clone())));
        }
        let visibility = match &window.shapes.bounding {
            _ if outer.is_empty() => 2,
            _ if *outer == Region::from_rect(window.outer_rect()) => 0,
            None => 1,
            // Boxes of the shape that lie beyond the window are obscured too, as in Xvfb.
            Some(shape) => {
                let (shape, bounds) = (shape.translated(origin.0, origin.1), window.outer_rect());
                let beyond = shape.rects().iter().any(|part| !part.overlaps(&bounds));
                u8::from(beyond || *outer != shape.intersect_rect(&bounds))
            }
        };
        if visibility != window.visibility {
            window.visibility = visibility;
            if window.all_masks() & mask::VISIBILITY_CHANGE != 0 {
                effects.visibility.push((id, visibility));
            }
        }
        window.outer_clip = outer;
        let at_exposed = effects.exposed.len();
        effects.exposed.push((id, Region::new()));

        let children = std::mem::take(&mut window.children);
        let mut rest = Rest::new(inner);
        for child in children.iter().rev() {
            let Ok(state) = self.window(*child) else { continue };
            let border = i32::from(state.border_width);
            let place = (origin.0 + i32::from(state.x) + border, origin.1 + i32::from(state.y) + border);
            if !state.mapped || state.input_only {
                if state.origin != place || (state.dirty && !state.children.is_empty()) {
                    self.place_subtree(*child, place);
                }
                continue;
            }
            let outer = Rect::from_size(
                place.0 - border,
                place.1 - border,
                u32::from(state.width) + 2 * u32::from(state.border_width),
                u32::from(state.height) + 2 * u32::from(state.border_width),
            );
            let visible = rest.child(state, place, outer);
            self.validate(*child, Arc::new(visible), place, effects);
        }

        let Ok(window) = self.window_mut(id) else { return };
        window.children = children;
        let old = std::mem::replace(&mut window.clip, Arc::new(rest.without_children()));
        let clip = &window.clip;
        let shift = match bits {
            BitsAfterResize::Keep => Some((0, 0)),
            BitsAfterResize::Forget => None,
            BitsAfterResize::Shift(dx, dy) => Some((dx, dy)),
        };
        let kept = match shift {
            None => Region::new(),
            Some(_) if old.is_empty() => Region::new(),
            Some((dx, dy)) => {
                let delta = (origin.0 - old_origin.0 + dx, origin.1 - old_origin.1 + dy);
                if delta == (0, 0) {
                    old.intersect(clip)
                } else {
                    let kept = old.translated(delta.0, delta.1).intersect(clip);
                    if !kept.is_empty() {
                        effects.copies.push((delta, kept.clone()));
                    }
                    kept
                }
            }
        };
        effects.exposed[at_exposed].1 = clip.subtract(&kept);
    }

    fn apply(&mut self, effects: Effects) {
        self.copy_bits(effects.copies);
        for (id, painted) in effects.borders {
            self.paint_border(id, painted.as_deref());
        }
        for (id, state) in effects.visibility {
            let event = VisibilityNotifyEvent {
                response_type: xproto::VISIBILITY_NOTIFY_EVENT,
                sequence: 0,
                window: id,
                state: state.into(),
            };
            self.deliver(id, mask::VISIBILITY_CHANGE, &wire(&event));
        }
        for (id, region) in effects.exposed {
            if !region.is_empty() {
                self.expose(id, &region, true);
            }
        }
    }

    /// Moves bits of the screen, all at once.
    fn copy_bits(&mut self, copies: Vec<((i32, i32), Region)>) {
        let mut by_delta: Vec<((i32, i32), Region)> = Vec::new();
        for (delta, region) in copies {
            match by_delta.iter_mut().find(|(known, _)| *known == delta) {
                Some((_, all)) => *all = all.union(&region),
                None => by_delta.push((delta, region)),
            }
        }
        // Several distances (children moved by gravity): the sources are what was there before all of them.
        let before = (by_delta.len() > 1).then(|| self.surfaces.get(SurfaceId::SCREEN).clone());
        for ((dx, dy), region) in by_delta {
            let width = usize::from(self.config.width);
            let screen = self.surfaces.get_mut(SurfaceId::SCREEN);
            if let Some(words) = screen.words_mut() {
                move_words(
                    words,
                    width,
                    &region,
                    (dx, dy),
                    before.as_ref().and_then(crate::raster::Pixmap::words),
                );
            }
            self.touched_screen(&region);
        }
    }

    /// Paints the background of a part of a window (screen coordinates) and tells that it is exposed.
    pub(crate) fn expose(&mut self, id: Xid, region: &Region, paint: bool) {
        if paint {
            self.paint_background(id, region);
        }
        let Ok(window) = self.window(id) else { return };
        if window.all_masks() & mask::EXPOSURE == 0 {
            return;
        }
        let origin = window.origin;
        let mut boxes: Vec<Rect> = region.rects().to_vec();
        if boxes.len() > MAX_EXPOSED {
            boxes = vec![region.extents()];
        }
        for (index, part) in boxes.iter().enumerate() {
            let event = ExposeEvent {
                response_type: xproto::EXPOSE_EVENT,
                sequence: 0,
                window: id,
                x: (part.x1 - origin.0) as u16,
                y: (part.y1 - origin.1) as u16,
                width: part.width() as u16,
                height: part.height() as u16,
                count: (boxes.len() - 1 - index).min(usize::from(u16::MAX)) as u16,
            };
            self.deliver(id, mask::EXPOSURE, &wire(&event));
        }
    }

    /// The screen, to paint on within a region of it.
    fn screen_canvas<'a>(&'a mut self, region: &'a Region) -> Canvas<'a> {
        Canvas::new(self.surfaces.get_mut(SurfaceId::SCREEN), (0, 0), region)
    }

    /// Whose background a window shows, its own or that of an ancestor. There the tiles of both its background and its
    /// border have their origin (X11 §9, `CreateWindow`).
    fn background_holder(&self, id: Xid) -> Option<&Window> {
        let mut holder = self.window(id).ok()?;
        while matches!(holder.background, Background::ParentRelative) && holder.parent != 0 {
            holder = self.window(holder.parent).ok()?;
        }
        Some(holder)
    }

    /// Paints the background of a part of a window, in screen coordinates.
    pub(crate) fn paint_background(&mut self, id: Xid, region: &Region) {
        let Some(holder) = self.background_holder(id) else { return };
        let (background, origin) = (holder.background.clone(), holder.origin);
        match background {
            Background::None | Background::ParentRelative => return,
            Background::Pixel(pixel) => {
                self.screen_canvas(region).fill_pixel(region.extents(), pixel);
            }
            Background::Pixmap(paint) => {
                let tile = self.surfaces.painted(&paint);
                self.screen_canvas(region).fill_tile(region.extents(), &tile, origin);
            }
        }
        self.touched_window(id, region);
    }

    /// Paints what is visible of a window's border, but for what has been painted.
    pub(crate) fn paint_border(&mut self, id: Xid, painted: Option<&Region>) {
        let Ok(window) = self.window(id) else { return };
        if window.border_width == 0 {
            return;
        }
        let mut region = window.outer_clip.subtract(&window.inner_shape());
        if let Some(painted) = painted {
            region = region.subtract(painted);
        }
        if region.is_empty() {
            return;
        }
        let border = window.border.clone();
        let Some(origin) = self.background_holder(id).map(|holder| holder.origin) else { return };
        match border {
            Border::Pixel(pixel) => {
                self.screen_canvas(&region).fill_pixel(region.extents(), pixel);
            }
            Border::Pixmap(paint) => {
                let tile = self.surfaces.painted(&paint);
                self.screen_canvas(&region).fill_tile(region.extents(), &tile, origin);
            }
        }
        self.touched_screen(&region);
    }

    /// Sets whether a window and its mapped descendants are viewable, and takes their clips away if not.
    pub(crate) fn set_viewable(&mut self, id: Xid, viewable: bool) {
        self.set_subtree_viewable(id, viewable, &Arc::default());
    }

    fn set_subtree_viewable(&mut self, id: Xid, viewable: bool, nothing: &Arc<Region>) {
        let Ok(window) = self.window_mut(id) else { return };
        window.viewable = viewable;
        if !viewable {
            window.visibility = NOT_VIEWABLE;
            window.clip = nothing.clone();
            window.outer_clip = nothing.clone();
        }
        window.dirty = true;
        let children = std::mem::take(&mut window.children);
        for child in &children {
            if self.window(*child).is_ok_and(|child| child.mapped && child.viewable != viewable) {
                self.set_subtree_viewable(*child, viewable, nothing);
            }
        }
        if let Ok(window) = self.window_mut(id) {
            window.children = children;
        }
    }
}

/// Copies to `region` the words that are `by` before it, from `before` if given, else from the words themselves. Both
/// lie within the screen.
fn move_words(words: &mut [u32], width: usize, region: &Region, by: (i32, i32), before: Option<&[u32]>) {
    let mut boxes: Vec<Rect> = region.rects().to_vec();
    // Nothing may be overwritten before it was copied.
    boxes.sort_by_key(|part| {
        let y = if by.1 > 0 { -part.y1 } else { part.y1 };
        let x = if by.0 > 0 { -part.x1 } else { part.x1 };
        (y, x)
    });
    for part in boxes {
        let length = part.width().max(0) as usize;
        let mut row = |y: i32| {
            let to = y as usize * width + part.x1 as usize;
            let from = (y - by.1) as usize * width + (part.x1 - by.0) as usize;
            if to + length > words.len() || from + length > words.len() {
                return;
            }
            match before {
                Some(before) => words[to..to + length].copy_from_slice(&before[from..from + length]),
                None => words.copy_within(from..from + length, to),
            }
        };
        if by.1 > 0 {
            (part.y1..part.y2).rev().for_each(&mut row);
        } else {
            (part.y1..part.y2).for_each(&mut row);
        }
    }
}
