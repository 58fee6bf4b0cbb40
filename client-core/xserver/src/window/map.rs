//! Mapping and unmapping.

use x11rb_protocol::protocol::xproto::{
    self, ConfigureNotifyEvent, MapNotifyEvent, MapRequestEvent, UnmapNotifyEvent,
};

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::region::Region;
use crate::resource::Xid;
use crate::server::{ROOT, Server, wire};

impl Server {
    pub(crate) fn map_window(&mut self, client: ClientId, id: Xid) -> Outcome {
        self.window(id)?;
        if let Some(parent) = self.map_one(client, id) {
            self.appeared_or_gone(parent, id);
            self.focus_managed(id);
        }
        Ok(())
    }

    pub(crate) fn map_subwindows(&mut self, client: ClientId, id: Xid) -> Outcome {
        // X11 §9: all unmapped children, top to bottom.
        let children: Vec<Xid> = self.window(id)?.children.iter().rev().copied().collect();
        let mut any = false;
        for child in &children {
            any |= self.map_one(client, *child).is_some();
        }
        if any {
            self.revalidate(id);
            for child in children {
                self.focus_managed(child);
            }
        }
        Ok(())
    }

    /// Maps a window unless somebody else decides about it; the parent whose clips are to be computed, if it did.
    fn map_one(&mut self, client: ClientId, id: Xid) -> Option<Xid> {
        let window = self.window(id).ok()?;
        if window.mapped || window.parent == 0 {
            return None;
        }
        let (parent, override_redirect) = (window.parent, window.override_redirect);
        if !override_redirect
            && self.redirect(client, parent, mask::SUBSTRUCTURE_REDIRECT, || {
                wire(&MapRequestEvent {
                    response_type: xproto::MAP_REQUEST_EVENT,
                    sequence: 0,
                    parent,
                    window: id,
                })
            })
        {
            return None;
        }
        self.manage_before_map(id);
        let viewable = self.window(parent).ok()?.viewable;
        self.window_mut(id).ok()?.mapped = true;
        let event = MapNotifyEvent {
            response_type: xproto::MAP_NOTIFY_EVENT,
            sequence: 0,
            event: id,
            window: id,
            override_redirect,
        };
        self.deliver_structure(id, wire(&event));
        if !viewable {
            return None;
        }
        self.set_viewable(id, true);
        Some(parent)
    }

    pub(crate) fn unmap_window(&mut self, id: Xid) -> Outcome {
        self.window(id)?;
        self.unmap(id, false);
        Ok(())
    }

    pub(crate) fn unmap_subwindows(&mut self, id: Xid) -> Outcome {
        // X11 §9: bottom to top.
        let children = self.window(id)?.children.clone();
        let mut any = false;
        for child in children {
            any |= self.unmap_one(child, false);
        }
        if any {
            self.revalidate(id);
        }
        Ok(())
    }

    /// Unmaps a window; `from_configure` says that its parent was resized and its gravity is `UnmapGravity`.
    pub(crate) fn unmap(&mut self, id: Xid, from_configure: bool) {
        let Ok(window) = self.window(id) else { return };
        let parent = window.parent;
        if self.unmap_one(id, from_configure) {
            self.appeared_or_gone(parent, id);
        }
    }

    /// Computes clips after one child was mapped or unmapped.
    fn appeared_or_gone(&mut self, parent: Xid, id: Xid) {
        let (Ok(above), Ok(window)) = (self.window(parent), self.window(id)) else { return };
        let (_, outer) = window.place_in(above.origin);
        self.revalidate_area(parent, &Region::from_rect(outer));
    }

    /// Unmaps a window without computing clips; whether it was viewable.
    pub(crate) fn unmap_one(&mut self, id: Xid, from_configure: bool) -> bool {
        let Ok(window) = self.window_mut(id) else { return false };
        if !window.mapped || window.parent == 0 {
            return false;
        }
        let viewable = window.viewable;
        window.mapped = false;
        let event = UnmapNotifyEvent {
            response_type: xproto::UNMAP_NOTIFY_EVENT,
            sequence: 0,
            event: id,
            window: id,
            from_configure,
        };
        self.deliver_structure(id, wire(&event));
        if viewable {
            self.set_viewable(id, false);
            self.became_unviewable(id);
        }
        viewable
    }

    /// The embedder is the window manager: a normal top-level window fills the screen.
    fn manage_before_map(&mut self, id: Xid) {
        if self.is_managed(id) {
            self.fill_screen(id);
        }
    }

    /// Whether the embedder manages this window.
    pub(crate) fn is_managed(&self, id: Xid) -> bool {
        self.config.manage_top_levels
            && self
                .window(id)
                .is_ok_and(|window| window.parent == ROOT && !window.override_redirect && !window.input_only)
    }

    /// Gives a managed window the place and size of the screen, and tells it so.
    pub(crate) fn fill_screen(&mut self, id: Xid) {
        let (width, height) = self.size();
        let Ok(window) = self.window(id) else { return };
        if (window.x, window.y, window.width, window.height, window.border_width) == (0, 0, width, height, 0)
        {
            return;
        }
        self.place(id, (0, 0, width, height, 0));
    }

    /// A managed window that is mapped gets the focus.
    fn focus_managed(&mut self, id: Xid) {
        if self.is_managed(id) && self.window(id).is_ok_and(|window| window.viewable) {
            self.focus_window(id);
        }
    }

    /// Tells a window and its parent where it is.
    pub(crate) fn notify_configure(&mut self, id: Xid) {
        let Ok(window) = self.window(id) else { return };
        let parent = self.window(window.parent);
        let asked = window.all_masks() & mask::STRUCTURE_NOTIFY != 0
            || parent.is_ok_and(|parent| parent.all_masks() & mask::SUBSTRUCTURE_NOTIFY != 0);
        if !asked {
            return;
        }
        let siblings = parent.map_or(&[][..], |parent| &parent.children);
        let at = siblings.iter().position(|sibling| *sibling == id).unwrap_or(0);
        let event = ConfigureNotifyEvent {
            response_type: xproto::CONFIGURE_NOTIFY_EVENT,
            sequence: 0,
            event: id,
            window: id,
            above_sibling: at.checked_sub(1).and_then(|below| siblings.get(below)).copied().unwrap_or(0),
            x: window.x,
            y: window.y,
            width: window.width,
            height: window.height,
            border_width: window.border_width,
            override_redirect: window.override_redirect,
        };
        self.deliver_structure(id, wire(&event));
    }

    /// X11 §9, `ClearArea`; coordinates are relative to the window.
    pub(crate) fn clear_area(&mut self, exposures: bool, id: Xid, area: (i16, i16, u16, u16)) -> Outcome {
        let window = self.window(id)?;
        if window.input_only {
            return Err(XError::matching(id));
        }
        let (x, y) = (i32::from(area.0), i32::from(area.1));
        // A width or height of 0 reaches to the edge.
        let right = if area.2 == 0 { i32::from(window.width) } else { x + i32::from(area.2) };
        let bottom = if area.3 == 0 { i32::from(window.height) } else { y + i32::from(area.3) };
        let rect = crate::region::Rect::new(x, y, right.max(x), bottom.max(y))
            .translate(window.origin.0, window.origin.1);
        let region = window.clip.intersect_rect(&rect);
        if region.is_empty() {
            return Ok(());
        }
        if exposures {
            self.expose(id, &region, true);
        } else {
            self.paint_background(id, &region);
        }
        Ok(())
    }
}
