//! Geometry and stacking: `ConfigureWindow`, `CirculateWindow`, gravity.

use x11rb_protocol::protocol::xproto::{
    self, CirculateNotifyEvent, CirculateRequestEvent, ConfigWindow, ConfigureRequestEvent,
    GravityNotifyEvent, ResizeRequestEvent,
};

use super::{Background, BitsAfterResize, Border};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::region::{Rect, Region};
use crate::resource::Xid;
use crate::server::{Server, wire};
use crate::value_list::{ValueList, half, tail, word};

/// x, y, width, height, border width.
pub(crate) type Geometry = (i16, i16, u16, u16, u16);

const ABOVE: u32 = 0;
const BELOW: u32 = 1;
const TOP_IF: u32 = 2;
const BOTTOM_IF: u32 = 3;
const OPPOSITE: u32 = 4;

/// How far gravity moves what is inside when the inside grows by `grown` and its corner moves by `moved`.
fn gravity_shift(gravity: u8, grown: (i32, i32), moved: (i32, i32)) -> (i32, i32) {
    let (w, h) = grown;
    match gravity {
        2 => (w / 2, 0),
        3 => (w, 0),
        4 => (0, h / 2),
        5 => (w / 2, h / 2),
        6 => (w, h / 2),
        7 => (0, h),
        8 => (w / 2, h),
        9 => (w, h),
        10 => (-moved.0, -moved.1),
        _ => (0, 0),
    }
}

impl Server {
    pub(crate) fn configure_window(&mut self, client: ClientId, body: &[u8]) -> Outcome {
        let id = word(body, 0)?;
        let window = self.window(id)?;
        let values = ValueList::new(u32::from(half(body, 4)?), tail(body, 8)?)?.within(0x7f)?;
        let mut geometry = (window.x, window.y, window.width, window.height, window.border_width);
        let before = geometry;
        let (parent, input_only, override_redirect) =
            (window.parent, window.input_only, window.override_redirect);
        let mut sibling = None;
        let mut stack_mode = None;
        for (bit, value) in values.iter() {
            match bit {
                0 => geometry.0 = value as i16,
                1 => geometry.1 = value as i16,
                2 | 3 => {
                    let size = value as u16;
                    if size == 0 {
                        return Err(XError::value(0));
                    }
                    *(if bit == 2 { &mut geometry.2 } else { &mut geometry.3 }) = size;
                }
                4 => {
                    if input_only {
                        return Err(XError::MATCH);
                    }
                    geometry.4 = value as u16;
                }
                5 => sibling = Some(value),
                _ => stack_mode = Some(value & 0xff),
            }
        }
        if let Some(sibling) = sibling {
            if stack_mode.is_none() {
                return Err(XError::MATCH);
            }
            if self.window(sibling)?.parent != parent || sibling == id {
                return Err(XError::MATCH);
            }
        }
        if let Some(mode) = stack_mode.filter(|mode| *mode > OPPOSITE) {
            return Err(XError::value(mode));
        }
        if parent == 0 {
            return Ok(());
        }
        if !override_redirect
            && self.redirect(client, parent, mask::SUBSTRUCTURE_REDIRECT, || {
                wire(&ConfigureRequestEvent {
                    response_type: xproto::CONFIGURE_REQUEST_EVENT,
                    stack_mode: stack_mode.unwrap_or(ABOVE).into(),
                    sequence: 0,
                    parent,
                    window: id,
                    sibling: sibling.unwrap_or(0),
                    x: geometry.0,
                    y: geometry.1,
                    width: geometry.2,
                    height: geometry.3,
                    border_width: geometry.4,
                    value_mask: ConfigWindow::from(values.mask() as u16),
                })
            })
        {
            return Ok(());
        }
        if self.is_managed(id) && self.window(id)?.mapped && geometry != before {
            // ICCCM §4.1.5: a window manager that changes nothing says so.
            geometry = before;
            self.notify_configure_synthetically(id);
        }
        if (geometry.2, geometry.3) != (before.2, before.3)
            && self.redirect(client, id, mask::RESIZE_REDIRECT, || {
                wire(&ResizeRequestEvent {
                    response_type: xproto::RESIZE_REQUEST_EVENT,
                    sequence: 0,
                    window: id,
                    width: geometry.2,
                    height: geometry.3,
                })
            })
        {
            (geometry.2, geometry.3) = (before.2, before.3);
        }
        let corner = self.window(parent).map_or((0, 0), |parent| parent.origin);
        let twice = 2 * u32::from(geometry.4);
        let area = Rect::from_size(
            corner.0 + i32::from(geometry.0),
            corner.1 + i32::from(geometry.1),
            u32::from(geometry.2) + twice,
            u32::from(geometry.3) + twice,
        );
        let restacked = stack_mode.is_some_and(|mode| self.restack(id, area, sibling, mode));
        if geometry != before {
            self.place(id, geometry);
            self.check_confinement(id);
        } else if restacked {
            self.notify_configure(id);
            self.restacked(id);
        }
        Ok(())
    }

    /// Computes clips after a window went up or down among its siblings.
    fn restacked(&mut self, id: Xid) {
        if let Ok(window) = self.window(id)
            && window.viewable
        {
            let (parent, area) = (window.parent, Region::from_rect(window.outer_rect()));
            self.revalidate_area(parent, &area);
        }
    }

    fn notify_configure_synthetically(&mut self, id: Xid) {
        let Ok(window) = self.window(id) else { return };
        let event = xproto::ConfigureNotifyEvent {
            response_type: xproto::CONFIGURE_NOTIFY_EVENT | 0x80,
            sequence: 0,
            event: id,
            window: id,
            above_sibling: 0,
            x: window.x,
            y: window.y,
            width: window.width,
            height: window.height,
            border_width: window.border_width,
            override_redirect: window.override_redirect,
        };
        self.deliver(id, mask::STRUCTURE_NOTIFY, &wire(&event));
    }

    /// Gives a window a geometry: tells it, moves its children by gravity, and computes clips.
    pub(crate) fn place(&mut self, id: Xid, geometry: Geometry) {
        let Ok(window) = self.window_mut(id) else { return };
        let old = (window.x, window.y, window.width, window.height, window.border_width);
        (window.x, window.y, window.width, window.height, window.border_width) = geometry;
        let before = window.outer_rect_of(old);
        // What only moves takes its clips along, and its border, unless the tile of that has its origin in the parent.
        let relative =
            matches!((&window.background, &window.border), (Background::ParentRelative, Border::Pixmap(_)));
        window.dirty |= relative || (old.2, old.3, old.4) != (geometry.2, geometry.3, geometry.4);
        let (parent, bit_gravity) = (window.parent, window.bit_gravity);
        self.notify_configure(id);
        let grown = (i32::from(geometry.2) - i32::from(old.2), i32::from(geometry.3) - i32::from(old.3));
        let moved = (
            i32::from(geometry.0) + i32::from(geometry.4) - i32::from(old.0) - i32::from(old.4),
            i32::from(geometry.1) + i32::from(geometry.4) - i32::from(old.1) - i32::from(old.4),
        );
        if grown != (0, 0) {
            let children = self.window(id).map_or(Vec::new(), |window| window.children.clone());
            let bits = if bit_gravity == 0 {
                BitsAfterResize::Forget
            } else {
                let (dx, dy) = gravity_shift(bit_gravity, grown, moved);
                BitsAfterResize::Shift(dx, dy)
            };
            self.set_bits_after_resize(id, bits);
            for child in children.iter().rev() {
                if self.window(*child).is_ok_and(|child| child.win_gravity == 0) {
                    self.unmap_one(*child, true);
                }
            }
            for child in children.into_iter().rev() {
                self.apply_window_gravity(child, grown, moved);
            }
        }
        let Ok(window) = self.window(id) else { return };
        if !window.viewable {
            self.place_unviewable(id);
            return;
        }
        let Ok(above) = self.window(parent) else {
            // The root changes with the screen.
            self.revalidate(id);
            return;
        };
        let (_, after) = window.place_in(above.origin);
        self.revalidate_area(parent, &Region::from_rects(&[before, after]));
    }

    fn apply_window_gravity(&mut self, child: Xid, grown: (i32, i32), moved: (i32, i32)) {
        let Ok(window) = self.window_mut(child) else { return };
        let (dx, dy) = gravity_shift(window.win_gravity, grown, moved);
        if (dx, dy) == (0, 0) {
            return;
        }
        window.x = (i32::from(window.x) + dx) as i16;
        window.y = (i32::from(window.y) + dy) as i16;
        window.dirty = true;
        let event = GravityNotifyEvent {
            response_type: xproto::GRAVITY_NOTIFY_EVENT,
            sequence: 0,
            event: child,
            window: child,
            x: window.x,
            y: window.y,
        };
        self.deliver_structure(child, wire(&event));
    }

    /// Moves a window within its parent's stack; whether that changed anything. `area` is inside and border as they are
    /// going to be (X11 §9, `ConfigureWindow`: occlusion is "with respect to the window's final size and position").
    fn restack(&mut self, id: Xid, area: Rect, sibling: Option<Xid>, mode: u32) -> bool {
        let Ok(window) = self.window(id) else { return false };
        let (parent, mapped) = (window.parent, window.mapped);
        // Only mapped windows cover one another.
        let overlaps = |other: Xid| {
            mapped
                && self.window(other).is_ok_and(|other| {
                    other.mapped && other.outer_rect().overlaps(&area) && window.shape_overlaps(&area, other)
                })
        };
        let Ok(children) = self.window(parent).map(|window| &window.children) else { return false };
        let Some(at) = children.iter().position(|child| *child == id) else { return false };
        let covered = || match sibling {
            Some(other) => {
                children.iter().position(|child| *child == other).is_some_and(|index| index > at)
                    && overlaps(other)
            }
            None => children[at + 1..].iter().any(|other| overlaps(*other)),
        };
        let covers = || match sibling {
            Some(other) => {
                children.iter().position(|child| *child == other).is_some_and(|index| index < at)
                    && overlaps(other)
            }
            None => children[..at].iter().any(|other| overlaps(*other)),
        };
        let top = children.len() - 1;
        let index_of = |other: Xid| children.iter().position(|child| *child == other).unwrap_or(at);
        // The index the window shall have once it is taken out and put in again.
        let to = match (mode, sibling) {
            (ABOVE, None) => top,
            (ABOVE, Some(other)) => index_of(other) + usize::from(index_of(other) < at),
            (BELOW, None) => 0,
            (BELOW, Some(other)) => index_of(other) - usize::from(index_of(other) > at),
            (TOP_IF | OPPOSITE, _) if covered() => top,
            (BOTTOM_IF | OPPOSITE, _) if covers() => 0,
            _ => at,
        };
        if to == at {
            return false;
        }
        if let Ok(parent) = self.window_mut(parent) {
            parent.children.remove(at);
            parent.children.insert(to, id);
        }
        true
    }

    pub(crate) fn circulate_window(&mut self, client: ClientId, direction: u8, id: Xid) -> Outcome {
        if direction > 1 {
            return Err(XError::value(u32::from(direction)));
        }
        // Only mapped children cover one another.
        let children: Vec<(Xid, Rect)> = self
            .window(id)?
            .children
            .iter()
            .filter_map(|child| self.window(*child).ok())
            .filter(|child| child.mapped)
            .map(|child| (child.id, child.outer_rect()))
            .collect();
        let overlap = |one: &(Xid, Rect), other: &(Xid, Rect)| {
            other.1.overlaps(&one.1)
                && match (self.window(one.0), self.window(other.0)) {
                    (Ok(upper), Ok(lower)) => upper.shape_overlaps(&one.1, lower),
                    _ => false,
                }
        };
        let found = if direction == 0 {
            // RaiseLowest: the lowest mapped child that another one covers.
            (0..children.len())
                .find(|at| children[at + 1..].iter().any(|other| overlap(&children[*at], other)))
        } else {
            (0..children.len())
                .rev()
                .find(|at| children[..*at].iter().any(|other| overlap(&children[*at], other)))
        };
        let Some((child, area)) = found.and_then(|at| children.get(at)).copied() else { return Ok(()) };
        if self.redirect(client, id, mask::SUBSTRUCTURE_REDIRECT, || {
            wire(&CirculateRequestEvent {
                response_type: xproto::CIRCULATE_REQUEST_EVENT,
                sequence: 0,
                event: id,
                window: child,
                place: direction.into(),
            })
        }) {
            return Ok(());
        }
        if self.restack(child, area, None, if direction == 0 { ABOVE } else { BELOW }) {
            let event = CirculateNotifyEvent {
                response_type: xproto::CIRCULATE_NOTIFY_EVENT,
                sequence: 0,
                event: child,
                window: child,
                place: direction.into(),
            };
            self.deliver_structure(child, wire(&event));
            self.restacked(child);
        }
        Ok(())
    }
}
