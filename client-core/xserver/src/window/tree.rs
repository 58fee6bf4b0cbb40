//! The tree of windows: destroying, reparenting, save sets, and the requests that ask about it.

use x11rb_protocol::protocol::xproto::{
    self, DestroyNotifyEvent, GetGeometryReply, QueryTreeReply, ReparentNotifyEvent,
    TranslateCoordinatesReply,
};

use super::Background;
use crate::client::{ClientId, Saved};
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::resource::{Resource, Xid};
use crate::server::{ROOT, Server, wire};

/// Windows within windows; more than any program makes.
const MAX_NESTING: usize = 256;

impl Server {
    pub(crate) fn destroy_window(&mut self, id: Xid) -> Outcome {
        self.window(id)?;
        self.destroy_window_tree(id);
        Ok(())
    }

    pub(crate) fn destroy_subwindows(&mut self, id: Xid) -> Outcome {
        let children = self.window(id)?.children.clone();
        self.unmap_subwindows(id)?;
        // X11 §9: bottom to top.
        for child in children {
            self.destroy_window_tree(child);
        }
        Ok(())
    }

    /// Destroys a window and all below it. The root stays.
    pub(crate) fn destroy_window_tree(&mut self, id: Xid) {
        if id == ROOT || self.window(id).is_err() {
            return;
        }
        self.unmap(id, false);
        self.destroy_unmapped(id);
    }

    /// Destroys the windows among these ids with all below them; clips are computed at the end.
    pub(crate) fn destroy_windows(&mut self, ids: &[Xid]) {
        let mut parents = std::collections::BTreeSet::new();
        for id in ids.iter().copied().filter(|id| *id != ROOT) {
            let Ok(parent) = self.window(id).map(|window| window.parent) else { continue };
            if self.unmap_one(id, false) {
                parents.insert(parent);
            }
            if self.is_inferior(self.input.pointer.window, id) {
                // It leaves while there still is something to leave.
                self.pointer_window_may_have_changed();
            }
            self.destroy_unmapped(id);
        }
        for parent in parents {
            self.revalidate(parent);
        }
    }

    fn destroy_unmapped(&mut self, id: Xid) {
        let Ok(window) = self.window_mut(id) else { return };
        // X11 §10, DestroyNotify: inferiors before the window itself; of siblings Xvfb begins with the topmost.
        for child in std::mem::take(&mut window.children).into_iter().rev() {
            self.destroy_unmapped(child);
        }
        let event = DestroyNotifyEvent {
            response_type: xproto::DESTROY_NOTIFY_EVENT,
            sequence: 0,
            event: id,
            window: id,
        };
        self.deliver_structure(id, wire(&event));
        // Its properties go with it, the last one first. The protocol tells nobody of that (X11 §10, PropertyNotify: of
        // what DeleteProperty and GetProperty delete); Xvfb tells the client whose window it was.
        let owner = self.owner(id);
        if let Ok(window) = self.window_mut(id) {
            window.selections.retain(|(client, _)| *client == owner);
        }
        let properties: Vec<_> = self
            .window(id)
            .map_or(Vec::new(), |window| window.properties.iter().map(|(atom, _)| *atom).collect());
        for atom in properties.into_iter().rev() {
            let _ = self.delete_property(id, atom);
        }
        self.window_gone(id);
        let Some(Resource::Window(window)) = self.remove_resource(id) else { return };
        if let Ok(parent) = self.window_mut(window.parent)
            && let Some(at) = if parent.children.first() == Some(&id) {
                Some(0)
            } else {
                parent.children.iter().rposition(|child| *child == id)
            }
        {
            parent.children.remove(at);
        }
        self.property_bytes -= window.properties.iter().map(|(_, property)| property.cost()).sum::<usize>();
    }

    /// What refers to a window forgets it.
    fn window_gone(&mut self, id: Xid) {
        // Who listens to selections at this window hears nothing of its own end.
        self.xfixes.window_gone(id);
        self.forget_selection_window(id);
        self.input_window_gone(id);
        crate::extension::damage::drawable_gone(self, id);
        self.randr.window_gone(id);
        self.xinput.window_gone(id);
        self.forget_barriers_of(id);
        self.xi_forget_touches(|listener| listener.window == id);
        self.free_window_pictures(id);
        for client in self.clients_mut() {
            client.save_set.retain(|saved| saved.window != id);
        }
    }

    /// Whether `id` is `ancestor` or below it.
    pub(crate) fn is_inferior(&self, id: Xid, ancestor: Xid) -> bool {
        let mut at = id;
        while at != ancestor {
            match self.window(at) {
                Ok(window) if window.parent != 0 => at = window.parent,
                _ => return false,
            }
        }
        true
    }

    /// Whether a window with `levels` levels (itself included) may be put into `parent`: walks down the tree recurse, so
    /// that it must not be deeper than the stack is.
    pub(crate) fn check_nesting(&self, parent: Xid, levels: usize) -> Outcome {
        if self.path(parent).len() + levels > MAX_NESTING { Err(XError::ALLOC) } else { Ok(()) }
    }

    /// The levels of a subtree.
    fn levels(&self, id: Xid) -> usize {
        let children = self.window(id).map_or(&[][..], |window| &window.children);
        1 + children.iter().map(|child| self.levels(*child)).max().unwrap_or(0)
    }

    pub(crate) fn reparent_window(
        &mut self,
        client: ClientId,
        id: Xid,
        parent: Xid,
        x: i16,
        y: i16,
    ) -> Outcome {
        let window = self.window(id)?;
        let above = self.window(parent)?;
        if id == ROOT
            || self.is_inferior(parent, id)
            || (above.input_only && !window.input_only)
            || (matches!(window.background, Background::ParentRelative) && above.depth != window.depth)
        {
            return Err(XError::MATCH);
        }
        self.check_nesting(parent, self.levels(id))?;
        self.reparent(id, parent, x, y, client);
        Ok(())
    }

    fn reparent(&mut self, id: Xid, parent: Xid, x: i16, y: i16, client: ClientId) {
        let Ok(window) = self.window(id) else { return };
        let (was_mapped, override_redirect, old_parent) =
            (window.mapped, window.override_redirect, window.parent);
        self.unmap(id, false);
        let event = wire(&ReparentNotifyEvent {
            response_type: xproto::REPARENT_NOTIFY_EVENT,
            sequence: 0,
            event: id,
            window: id,
            parent,
            x,
            y,
            override_redirect,
        });
        self.deliver_to(id, mask::STRUCTURE_NOTIFY, event);
        self.deliver_to(old_parent, mask::SUBSTRUCTURE_NOTIFY, event);
        // Twice if it is the same one, as by Xvfb.
        self.deliver_to(parent, mask::SUBSTRUCTURE_NOTIFY, event);
        if let Ok(old) = self.window_mut(old_parent) {
            old.children.retain(|child| *child != id);
        }
        if let Ok(new) = self.window_mut(parent) {
            new.children.push(id);
        }
        if let Ok(window) = self.window_mut(id) {
            window.parent = parent;
            window.x = x;
            window.y = y;
            window.dirty = true;
        }
        self.revalidate(parent);
        self.check_confinement(id);
        if was_mapped {
            let _ = self.map_window(client, id);
        }
    }

    pub(crate) fn change_save_set(&mut self, client: ClientId, mode: u8, window: Xid) -> Outcome {
        self.window(window)?;
        if self.owner(window) == client {
            return Err(XError::MATCH);
        }
        if mode > 1 {
            return Err(XError::value(u32::from(mode)));
        }
        self.set_saved(client, Saved { window, to_root: false, map: true }, mode == 0);
        Ok(())
    }

    /// Puts a window into a client's save set or takes it out.
    pub(crate) fn set_saved(&mut self, client: ClientId, saved: Saved, insert: bool) {
        if let Some(state) = self.client_mut(client) {
            state.save_set.retain(|other| other.window != saved.window);
            if insert {
                state.save_set.push(saved);
            }
        }
    }

    /// A client goes: windows in its save set that are inside its own windows are put outside (X11 §9, `ChangeSaveSet`).
    pub(crate) fn forget_save_set(&mut self, client: ClientId) {
        let Some(state) = self.client_mut(client) else { return };
        for saved in std::mem::take(&mut state.save_set) {
            let Ok(window) = self.window(saved.window) else { continue };
            let mut ancestor = window.parent;
            while ancestor != 0 && self.owner(ancestor) == client {
                ancestor = self.window(ancestor).map_or(0, |window| window.parent);
            }
            let border = i32::from(window.border_width);
            let (x, y, mapped, direct) =
                (window.origin.0 - border, window.origin.1 - border, window.mapped, window.parent);
            if ancestor != 0 && ancestor != direct {
                let to = if saved.to_root { ROOT } else { ancestor };
                let origin = self.window(to).map_or((0, 0), |window| window.origin);
                self.reparent(saved.window, to, (x - origin.0) as i16, (y - origin.1) as i16, client);
            }
            if saved.map && !mapped {
                let _ = self.map_window(client, saved.window);
            }
        }
    }

    pub(crate) fn query_tree(&mut self, client: ClientId, id: Xid) -> Outcome {
        let window = self.window(id)?;
        let reply = QueryTreeReply {
            sequence: 0,
            length: 0,
            root: ROOT,
            parent: window.parent,
            children: window.children.iter().copied().take(usize::from(u16::MAX)).collect(),
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn get_geometry(&mut self, client: ClientId, id: Xid) -> Outcome {
        let reply = match self.resources.get(&id) {
            Some(Resource::Window(window)) => GetGeometryReply {
                depth: window.depth,
                sequence: 0,
                length: 0,
                root: ROOT,
                x: window.x,
                y: window.y,
                width: window.width,
                height: window.height,
                border_width: window.border_width,
            },
            Some(Resource::Pixmap(pixmap)) => GetGeometryReply {
                depth: pixmap.depth,
                sequence: 0,
                length: 0,
                root: ROOT,
                x: 0,
                y: 0,
                width: pixmap.width,
                height: pixmap.height,
                border_width: 0,
            },
            _ => return Err(XError::drawable(id)),
        };
        self.reply(client, &reply);
        Ok(())
    }

    /// The mapped child of a window that a point of the screen is in. As in Xvfb, one with a shape does not reach beyond
    /// the insides of what it is in, one without does: `inside` is whether the point is in those of the window and of all
    /// above it.
    pub(crate) fn child_at(&self, parent: Xid, x: i32, y: i32, inside: bool) -> Option<Xid> {
        let holds = |child: &super::Window| {
            child.mapped && child.holds_point(x, y) && (inside || child.shapes.bounding.is_none())
        };
        let children = &self.window(parent).ok()?.children;
        children.iter().rev().copied().find(|child| self.window(*child).is_ok_and(holds))
    }

    /// Whether a point of the screen is inside a window, and what its shapes leave of it.
    pub(crate) fn is_inside(&self, id: Xid, x: i32, y: i32) -> bool {
        self.window(id).is_ok_and(|window| window.holds_inside(x, y))
    }

    pub(crate) fn translate_coordinates(
        &mut self,
        client: ClientId,
        source: Xid,
        destination: Xid,
        x: i16,
        y: i16,
    ) -> Outcome {
        let from = self.window(source)?.origin;
        let to = self.window(destination)?;
        let (x, y) = (from.0 + i32::from(x), from.1 + i32::from(y));
        let inside = self.path(destination).into_iter().all(|above| self.is_inside(above, x, y));
        let child = self.child_at(destination, x, y, inside).unwrap_or(0);
        let reply = TranslateCoordinatesReply {
            same_screen: true,
            sequence: 0,
            length: 0,
            child,
            dst_x: (x - to.origin.0) as i16,
            dst_y: (y - to.origin.1) as i16,
        };
        self.reply(client, &reply);
        Ok(())
    }
}
