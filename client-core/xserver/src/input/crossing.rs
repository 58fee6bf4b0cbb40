//! Enter, leave and focus events, with the virtual ones in between (X11 §10, `EnterNotify` and `FocusIn`).

use x11rb_protocol::protocol::xproto;

use super::Device;
use crate::event::mask;
use crate::extension::xinput;
use crate::resource::Xid;
use crate::server::{ROOT, Server};

const ANCESTOR: u8 = 0;
const VIRTUAL: u8 = 1;
const INFERIOR: u8 = 2;
const NONLINEAR: u8 = 3;
const NONLINEAR_VIRTUAL: u8 = 4;
const POINTER: u8 = 5;
const POINTER_ROOT: u8 = 6;
const NONE: u8 = 7;

/// Mode of events that a grab's beginning causes.
pub(crate) const MODE_GRAB: u8 = 1;
/// Mode of events that a grab's end causes.
pub(crate) const MODE_UNGRAB: u8 = 2;
/// Modes of events of the input extension that a grab by crossing causes.
pub(super) const MODE_PASSIVE_GRAB: u8 = 4;
pub(super) const MODE_PASSIVE_UNGRAB: u8 = 5;
/// Mode of focus events during a keyboard grab.
pub(crate) const MODE_WHILE_GRABBED: u8 = 3;

/// Which way a window is passed, with what detail.
#[derive(Debug, Clone, Copy)]
struct Step {
    window: Xid,
    /// In (enter, focus in) rather than out.
    into: bool,
    detail: u8,
}

impl Server {
    /// The windows strictly between `inner` and its ancestor `outer`, innermost first.
    fn between(&self, inner: Xid, outer: Xid) -> Vec<Xid> {
        let mut windows = Vec::new();
        if inner == outer {
            return windows;
        }
        let mut at = self.window(inner).map_or(0, |window| window.parent);
        while at != outer && at != 0 {
            windows.push(at);
            at = self.window(at).map_or(0, |window| window.parent);
        }
        windows
    }

    fn common_ancestor(&self, a: Xid, b: Xid) -> Xid {
        let (a, b) = (self.path(a), self.path(b));
        a.iter().zip(&b).take_while(|(a, b)| a == b).last().map_or(ROOT, |(a, _)| *a)
    }

    /// The steps from one window to another.
    fn steps(&self, from: Xid, to: Xid) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut push = |window, into, detail| steps.push(Step { window, into, detail });
        if self.is_inferior(to, from) {
            push(from, false, INFERIOR);
            self.between(to, from).into_iter().rev().for_each(|window| push(window, true, VIRTUAL));
            push(to, true, ANCESTOR);
        } else if self.is_inferior(from, to) {
            push(from, false, ANCESTOR);
            self.between(from, to).into_iter().for_each(|window| push(window, false, VIRTUAL));
            push(to, true, INFERIOR);
        } else {
            let common = self.common_ancestor(from, to);
            push(from, false, NONLINEAR);
            self.between(from, common).into_iter().for_each(|window| push(window, false, NONLINEAR_VIRTUAL));
            self.between(to, common)
                .into_iter()
                .rev()
                .for_each(|window| push(window, true, NONLINEAR_VIRTUAL));
            push(to, true, NONLINEAR);
        }
        steps
    }

    /// The pointer went from one window to another (or a grab makes it seem so).
    pub(super) fn cross(&mut self, from: Xid, to: Xid, mode: u8) {
        if from == to || self.window(to).is_err() {
            return;
        }
        self.input.pointer.entered = to;
        let steps = self.pointer_steps(from, to);
        for step in &steps {
            let towards = if step.into { to } else { from };
            // X11 §10: the child that has the first or last position of the pointer, which is the window itself where
            // the pointer begins or ends.
            let child = match step.detail {
                VIRTUAL | NONLINEAR_VIRTUAL => self.child_towards(step.window, towards),
                _ => 0,
            };
            self.deliver_crossing(*step, mode, child);
        }
        self.xi_tell_steps(&steps, Device::Pointer, (from, to), mode);
    }

    fn pointer_steps(&self, from: Xid, to: Xid) -> Vec<Step> {
        if self.window(from).is_ok() {
            self.steps(from, to)
        } else {
            // It left a window that is no more.
            vec![Step { window: to, into: true, detail: NONLINEAR }]
        }
    }

    /// Tells the input extension's events of a crossing, after all the core's.
    fn xi_tell_steps(&mut self, steps: &[Step], device: Device, (from, to): (Xid, Xid), mode: u8) {
        if !self.xinput.is_used() || from == to {
            return;
        }
        let id = match device {
            Device::Pointer => xinput::MASTER_POINTER,
            Device::Keyboard => xinput::MASTER_KEYBOARD,
        };
        for step in steps {
            let kind = match (device, step.into) {
                (Device::Pointer, true) => xproto::ENTER_NOTIFY_EVENT,
                (Device::Pointer, false) => xproto::LEAVE_NOTIFY_EVENT,
                (Device::Keyboard, true) => xproto::FOCUS_IN_EVENT,
                (Device::Keyboard, false) => xproto::FOCUS_OUT_EVENT,
            };
            self.xi_crossing(id, step.window, u16::from(kind), mode, step.detail);
        }
    }

    /// The focus of a keyboard of its own went from one place to another.
    pub(crate) fn xi_focus_moved(&mut self, id: u8, from: Xid, to: Xid, mode: u8) {
        if from == to {
            return;
        }
        for step in self.focus_steps(from, to, mode) {
            let kind = if step.into { xproto::FOCUS_IN_EVENT } else { xproto::FOCUS_OUT_EVENT };
            self.xi_crossing(id, step.window, u16::from(kind), mode, step.detail);
        }
    }

    /// The input extension's events alone of a crossing: a grab that the pointer's coming activates begins or ends. Of
    /// the focus there are none, as in Xvfb.
    pub(super) fn xi_cross(&mut self, from: Xid, to: Xid, mode: u8) {
        if from != to && self.window(to).is_ok() {
            let steps = self.pointer_steps(from, to);
            self.xi_tell_steps(&steps, Device::Pointer, (from, to), mode);
        }
    }

    fn deliver_crossing(&mut self, step: Step, mode: u8, child: Xid) {
        if self.input.pointer.hint == Some(step.window) && step.detail != INFERIOR {
            self.input.pointer.hint = None;
        }
        let (response_type, bit) = if step.into {
            (xproto::ENTER_NOTIFY_EVENT, mask::ENTER_WINDOW)
        } else {
            (xproto::LEAVE_NOTIFY_EVENT, mask::LEAVE_WINDOW)
        };
        let Ok(window) = self.window(step.window) else { return };
        let mut receivers: Vec<(crate::client::ClientId, u32)> = window.selections.clone();
        if let Some(grab) = &self.input.pointer_grab {
            let own = if grab.owner_events { window.mask_of(grab.client) } else { 0 };
            let of_grab = if grab.window == step.window { grab.events } else { 0 };
            // The keymap goes with what the client itself selected.
            receivers = vec![(grab.client, own | of_grab)];
        }
        let keymap_wanted = if step.into { mask::KEYMAP_STATE } else { 0 };
        receivers.retain(|(_, events)| events & (bit | keymap_wanted) != 0);
        if receivers.is_empty() {
            return;
        }
        let event = self.enter_leave_event(response_type, step.window, step.detail, mode, child);
        self.tell_with_keymap(&receivers, bit, keymap_wanted, &event);
    }

    /// Sends an event to who selects it, then the keymap to who selects that (X11 §10, `KeymapNotify`).
    fn tell_with_keymap(
        &mut self,
        receivers: &[(crate::client::ClientId, u32)],
        bit: u32,
        keymap_wanted: u32,
        event: &[u8; 32],
    ) {
        let keymap = self.keymap_event();
        for (client, _) in receivers.iter().filter(|(_, events)| events & bit != 0) {
            let mut event = *event;
            if matches!(event[0], xproto::ENTER_NOTIFY_EVENT | xproto::LEAVE_NOTIFY_EVENT) {
                let state = u16::from_ne_bytes([event[28], event[29]]);
                let told = self.state_for(*client, state, false);
                event[28..30].copy_from_slice(&told.to_ne_bytes());
            }
            self.send_event(*client, &event);
        }
        for (client, _) in receivers.iter().filter(|(_, events)| events & keymap_wanted != 0) {
            self.send_event(*client, &keymap);
        }
    }

    /// The windows from the pointer's up to (not including) `limit`, innermost first; none if the pointer is elsewhere.
    fn pointer_chain(&self, limit: Xid) -> Vec<Xid> {
        let pointer = self.input.pointer.entered;
        if limit == 0 {
            let mut path = self.path(pointer);
            path.reverse();
            return path;
        }
        if pointer == limit || !self.is_inferior(pointer, limit) {
            return Vec::new();
        }
        let mut chain = vec![pointer];
        chain.extend(self.between(pointer, limit));
        chain
    }

    /// The steps of the focus from one place to another; each is a window, 0 (None) or 1 (`PointerRoot`).
    fn focus_steps(&self, from: Xid, to: Xid, mode: u8) -> Vec<Step> {
        // A grab is told even where it takes the focus nowhere.
        if from == to && !matches!(mode, MODE_GRAB | MODE_UNGRAB) {
            return Vec::new();
        }
        let pointer = self.input.pointer.entered;
        let mut steps: Vec<Step> = Vec::new();
        let mut push = |window, into, detail| steps.push(Step { window, into, detail });
        let is_window = |id: Xid| id > 1;
        let special = |id: Xid| if id == 1 { POINTER_ROOT } else { NONE };
        match (is_window(from), is_window(to)) {
            (true, true) if from != to && self.is_inferior(from, to) => {
                push(from, false, ANCESTOR);
                self.between(from, to).into_iter().for_each(|window| push(window, false, VIRTUAL));
                push(to, true, INFERIOR);
                if self.is_inferior(pointer, to)
                    && !self.is_inferior(pointer, from)
                    && !self.is_inferior(from, pointer)
                {
                    self.pointer_chain(to).into_iter().rev().for_each(|window| push(window, true, POINTER));
                }
            }
            (true, true) if from != to && self.is_inferior(to, from) => {
                if pointer == to
                    || (self.is_inferior(pointer, from)
                        && !self.is_inferior(pointer, to)
                        && !self.is_inferior(to, pointer))
                {
                    self.pointer_chain(from).into_iter().for_each(|window| push(window, false, POINTER));
                }
                push(from, false, INFERIOR);
                self.between(to, from).into_iter().rev().for_each(|window| push(window, true, VIRTUAL));
                push(to, true, ANCESTOR);
            }
            (true, true) => {
                let common = self.common_ancestor(from, to);
                self.pointer_chain(from).into_iter().for_each(|window| push(window, false, POINTER));
                push(from, false, NONLINEAR);
                self.between(from, common)
                    .into_iter()
                    .for_each(|window| push(window, false, NONLINEAR_VIRTUAL));
                self.between(to, common)
                    .into_iter()
                    .rev()
                    .for_each(|window| push(window, true, NONLINEAR_VIRTUAL));
                push(to, true, NONLINEAR);
                self.pointer_chain(to).into_iter().rev().for_each(|window| push(window, true, POINTER));
            }
            (true, false) => {
                self.pointer_chain(from).into_iter().for_each(|window| push(window, false, POINTER));
                push(from, false, NONLINEAR);
                if from != ROOT {
                    self.between(from, 0)
                        .into_iter()
                        .for_each(|window| push(window, false, NONLINEAR_VIRTUAL));
                }
                push(ROOT, true, special(to));
                if to == 1 {
                    self.pointer_chain(0).into_iter().rev().for_each(|window| push(window, true, POINTER));
                }
            }
            (false, to_window) => {
                if from == 1 && (to != 0 || pointer != ROOT) {
                    self.pointer_chain(0).into_iter().for_each(|window| push(window, false, POINTER));
                }
                push(ROOT, false, special(from));
                if to_window {
                    if to != ROOT {
                        self.between(to, 0)
                            .into_iter()
                            .rev()
                            .for_each(|window| push(window, true, NONLINEAR_VIRTUAL));
                    }
                    push(to, true, NONLINEAR);
                    self.pointer_chain(to).into_iter().rev().for_each(|window| push(window, true, POINTER));
                } else {
                    push(ROOT, true, special(to));
                    if to == 1 {
                        self.pointer_chain(0)
                            .into_iter()
                            .rev()
                            .for_each(|window| push(window, true, POINTER));
                    }
                }
            }
        }
        steps
    }

    /// The focus went from one place to another.
    pub(super) fn focus_moved(&mut self, from: Xid, to: Xid, mode: u8) {
        let steps = self.focus_steps(from, to, mode);
        for step in &steps {
            let response_type = if step.into { xproto::FOCUS_IN_EVENT } else { xproto::FOCUS_OUT_EVENT };
            let Ok(window) = self.window(step.window) else { continue };
            let keymap_wanted = if step.into { mask::KEYMAP_STATE } else { 0 };
            let wanted = mask::FOCUS_CHANGE | keymap_wanted;
            let receivers: Vec<_> =
                window.selections.iter().copied().filter(|(_, events)| events & wanted != 0).collect();
            let event = Self::focus_event(response_type, step.window, step.detail, mode);
            self.tell_with_keymap(&receivers, mask::FOCUS_CHANGE, keymap_wanted, &event);
        }
        self.xi_tell_steps(&steps, Device::Keyboard, (from, to), mode);
    }
}
