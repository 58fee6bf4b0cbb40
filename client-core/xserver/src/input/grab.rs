//! Active grabs of both devices, and `AllowEvents` (X11 §9).

use std::sync::Arc;

use x11rb_protocol::protocol::xproto::{
    ChangeActivePointerGrabRequest, GrabKeyboardReply, GrabKeyboardRequest, GrabMode, GrabPointerReply,
    GrabPointerRequest, GrabStatus,
};

use super::crossing::{MODE_GRAB, MODE_UNGRAB};
use super::{Device, Origin, RawEvent, RawKind};
use crate::client::ClientId;
use crate::cursor::Cursor;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::Server;

/// An active grab.
#[derive(Debug, Clone)]
pub(crate) struct Grab {
    pub(crate) client: ClientId,
    pub(crate) window: Xid,
    pub(crate) owner_events: bool,
    /// Pointer grabs: what is reported with respect to the grab window.
    pub(crate) events: u32,
    /// 0 for none.
    pub(crate) confine_to: Xid,
    pub(crate) cursor: Option<Arc<Cursor>>,
    /// A grab of the input extension: the kinds of event that are reported.
    pub(crate) xi: Option<u32>,
    /// Ends when this is released: the key of a passive grab; for the pointer, all buttons.
    pub(crate) until: Until,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    Ungrabbed,
    ButtonsReleased,
    KeyReleased(u8),
    /// The pointer, or the focus, leaves the grab window (XI 2).
    Left,
}

/// What a grab of the input extension (version 2) asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct XiGrab {
    pub(crate) window: Xid,
    /// 0 for none.
    pub(crate) cursor: Xid,
    pub(crate) asynchronous: bool,
    /// The same of the other device.
    pub(crate) paired_asynchronous: bool,
    pub(crate) owner_events: bool,
    /// A bit per kind of event.
    pub(crate) events: u32,
}

/// 0 is synchronous, 1 asynchronous.
fn check_mode(mode: u8) -> Outcome<bool> {
    match mode {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(XError::value(u32::from(other))),
    }
}

fn check_owner_events(value: u8) -> Outcome<bool> {
    if value > 1 { Err(XError::value(u32::from(value))) } else { Ok(value == 1) }
}

/// What all core requests of grabs have: owner-events, and whether (the pointer, the keyboard) go on meanwhile.
pub(super) fn check_modes(
    owner_events: u8,
    pointer: GrabMode,
    keyboard: GrabMode,
) -> Outcome<(bool, (bool, bool))> {
    Ok((check_owner_events(owner_events)?, (check_mode(pointer.into())?, check_mode(keyboard.into())?)))
}

impl XiGrab {
    /// What becomes active, with its cursor.
    pub(super) fn grab(&self, client: ClientId, cursor: Option<Arc<Cursor>>) -> Grab {
        Grab {
            client,
            window: self.window,
            owner_events: self.owner_events,
            events: 0,
            confine_to: 0,
            cursor,
            xi: Some(self.events),
            until: Until::Ungrabbed,
        }
    }

    /// Whether (the pointer, the keyboard) go on while a device is grabbed.
    pub(super) fn modes(&self, device: Device) -> (bool, bool) {
        let (own, other) = (self.asynchronous, self.paired_asynchronous);
        if device == Device::Pointer { (own, other) } else { (other, own) }
    }
}

impl Server {
    pub(super) fn optional_cursor(&self, id: Xid) -> Outcome<Option<Arc<Cursor>>> {
        if id == 0 { Ok(None) } else { Ok(Some(self.cursor_resource(id)?.clone())) }
    }

    fn grab_status(
        &self,
        client: ClientId,
        device: Device,
        window: Xid,
        confine_to: Xid,
        time: u32,
    ) -> GrabStatus {
        let (grab, freeze, last) = match device {
            Device::Pointer => {
                (&self.input.pointer_grab, &self.input.pointer_freeze, self.input.pointer_grab_time)
            }
            Device::Keyboard => {
                (&self.input.keyboard_grab, &self.input.keyboard_freeze, self.input.keyboard_grab_time)
            }
        };
        let confined = self.window(confine_to).ok();
        if grab.as_ref().is_some_and(|grab| grab.client != client) {
            GrabStatus::ALREADY_GRABBED
        } else if !self.window(window).is_ok_and(|window| window.viewable)
            || confined.is_some_and(|window| !window.viewable || self.reach(confine_to).is_empty())
        {
            GrabStatus::NOT_VIEWABLE
        } else if is_before(self.time, time) || is_before(time, last) {
            GrabStatus::INVALID_TIME
        } else if freeze.holders().any(|holder| holder != client) {
            GrabStatus::FROZEN
        } else {
            GrabStatus::SUCCESS
        }
    }

    pub(crate) fn grab_pointer(
        &mut self,
        client: ClientId,
        owner_events: u8,
        request: &GrabPointerRequest,
    ) -> Outcome {
        let (owner_events, modes) = check_modes(owner_events, request.pointer_mode, request.keyboard_mode)?;
        let events = u32::from(request.event_mask);
        if events & !mask::POINTER != 0 {
            return Err(XError::value(events));
        }
        if request.confine_to != 0 {
            self.window(request.confine_to)?;
        }
        self.window(request.grab_window)?;
        let cursor = self.optional_cursor(request.cursor)?;
        let time = if request.time == 0 { self.time } else { request.time };
        let status = self.grab_status(client, Device::Pointer, request.grab_window, request.confine_to, time);
        if status == GrabStatus::SUCCESS {
            *self.input.grab_time(Device::Pointer) = time;
            let grab = Grab {
                client,
                window: request.grab_window,
                owner_events,
                events,
                confine_to: request.confine_to,
                cursor,
                xi: None,
                until: Until::Ungrabbed,
            };
            self.activate(Device::Pointer, grab, modes, None);
        }
        self.reply(client, &GrabPointerReply { status, sequence: 0, length: 0 });
        Ok(())
    }

    pub(crate) fn grab_keyboard(
        &mut self,
        client: ClientId,
        owner_events: u8,
        request: &GrabKeyboardRequest,
    ) -> Outcome {
        let (owner_events, modes) = check_modes(owner_events, request.pointer_mode, request.keyboard_mode)?;
        self.window(request.grab_window)?;
        let time = if request.time == 0 { self.time } else { request.time };
        let status = self.grab_status(client, Device::Keyboard, request.grab_window, 0, time);
        if status == GrabStatus::SUCCESS {
            *self.input.grab_time(Device::Keyboard) = time;
            let grab = Grab {
                client,
                window: request.grab_window,
                owner_events,
                events: mask::KEY_PRESS | mask::KEY_RELEASE,
                confine_to: 0,
                cursor: None,
                xi: None,
                until: Until::Ungrabbed,
            };
            self.activate(Device::Keyboard, grab, modes, None);
        }
        self.reply(client, &GrabKeyboardReply { status, sequence: 0, length: 0 });
        Ok(())
    }

    /// XI 2, `XIGrabDevice` of a master.
    pub(crate) fn xi_grab(
        &mut self,
        client: ClientId,
        device: Device,
        request: &XiGrab,
        time: u32,
    ) -> Outcome<GrabStatus> {
        self.window(request.window)?;
        let cursor = self.optional_cursor(request.cursor)?;
        let time = if time == 0 { self.time } else { time };
        let status = self.grab_status(client, device, request.window, 0, time);
        if status == GrabStatus::SUCCESS {
            *self.input.grab_time(device) = time;
            self.activate(device, request.grab(client, cursor), request.modes(device), None);
        }
        Ok(status)
    }

    /// Makes a grab active. `modes` says whether (pointer, keyboard) go on; `event` is what activated it.
    pub(super) fn activate(
        &mut self,
        device: Device,
        grab: Grab,
        modes: (bool, bool),
        event: Option<RawEvent>,
    ) {
        let from = match device {
            Device::Pointer => self.input.pointer.window,
            Device::Keyboard => self.input.focus.window,
        };
        self.activate_from(from, device, grab, modes, event);
    }

    /// Makes a grab active, as if the pointer or the focus came from a window, or from that of the grab before it.
    pub(super) fn activate_from(
        &mut self,
        from: Xid,
        device: Device,
        grab: Grab,
        modes: (bool, bool),
        event: Option<RawEvent>,
    ) {
        let client = grab.client;
        let (own_async, other_async) = if device == Device::Pointer { modes } else { (modes.1, modes.0) };
        let window = grab.window;
        match device {
            Device::Pointer => {
                let from = self.input.pointer_grab.as_ref().map_or(from, |old| old.window);
                // What leads to the grab window is told as before the grab.
                let bounds = self.reach(grab.confine_to);
                if grab.confine_to != 0 && !bounds.is_empty() {
                    let place = (self.input.pointer.x, self.input.pointer.y);
                    self.move_pointer(place.0, place.1, bounds, self.time);
                    let confined = (self.input.pointer.x, self.input.pointer.y);
                    // What waits for the end of a freeze is still where it was.
                    if confined != place {
                        self.input.pointer.device = confined;
                    }
                }
                self.cross(from, window, MODE_GRAB);
                self.input.pointer_grab = Some(grab);
                self.input.pointer.hint = None;
                self.update_cursor();
            }
            Device::Keyboard => {
                let old = self.input.keyboard_grab.as_ref().map(|old| old.window);
                if old != Some(window) {
                    self.focus_moved(old.unwrap_or(from), window, MODE_GRAB);
                }
                self.input.keyboard_grab = Some(grab);
            }
        }
        let freeze = self.input.freeze(device);
        freeze.own = (!own_async).then_some(client);
        if own_async && freeze.other == Some(client) {
            freeze.other = None;
        }
        freeze.event = event;
        freeze.forget_next();
        let freeze = self.input.freeze(device.other());
        if !other_async {
            freeze.other = Some(client);
        } else if freeze.other == Some(client) {
            freeze.other = None;
        }
        self.run_queue();
    }

    /// Ends the active grab of a device.
    pub(crate) fn deactivate(&mut self, device: Device) {
        let grab = match device {
            Device::Pointer => self.input.pointer_grab.take(),
            Device::Keyboard => self.input.keyboard_grab.take(),
        };
        let Some(grab) = grab else { return };
        let freeze = self.input.freeze(device);
        freeze.own = None;
        freeze.event = None;
        freeze.forget_next();
        let freeze = self.input.freeze(device.other());
        freeze.other = None;
        match device {
            Device::Pointer => {
                self.input.pointer.hint = None;
                let to = self.input.pointer.window;
                self.cross(grab.window, to, MODE_UNGRAB);
                self.update_cursor();
            }
            Device::Keyboard => {
                let to = self.input.focus.window;
                self.focus_moved(grab.window, to, MODE_UNGRAB);
            }
        }
        self.run_queue();
    }

    fn ungrab(&mut self, client: ClientId, device: Device, time: u32) {
        let time = if time == 0 { self.time } else { time };
        let last = *self.input.grab_time(device);
        if self.holds(client, device) && !is_before(time, last) && !is_before(self.time, time) {
            self.deactivate(device);
        }
    }

    pub(crate) fn ungrab_pointer(&mut self, client: ClientId, time: u32) -> Outcome {
        self.ungrab(client, Device::Pointer, time);
        Ok(())
    }

    pub(crate) fn ungrab_keyboard(&mut self, client: ClientId, time: u32) -> Outcome {
        self.ungrab(client, Device::Keyboard, time);
        Ok(())
    }

    pub(crate) fn change_active_pointer_grab(
        &mut self,
        client: ClientId,
        request: &ChangeActivePointerGrabRequest,
    ) -> Outcome {
        let events = u32::from(request.event_mask);
        if events & !mask::POINTER != 0 {
            return Err(XError::value(events));
        }
        let cursor = self.optional_cursor(request.cursor)?;
        let time = if request.time == 0 { self.time } else { request.time };
        if is_before(time, self.input.pointer_grab_time) || is_before(self.time, time) {
            return Ok(());
        }
        if let Some(grab) = &mut self.input.pointer_grab
            && grab.client == client
        {
            grab.events = events;
            grab.cursor = cursor;
            self.update_cursor();
        }
        Ok(())
    }

    pub(crate) fn allow_events(&mut self, client: ClientId, mode: u8, time: u32) -> Outcome {
        if mode > 7 {
            return Err(XError::value(u32::from(mode)));
        }
        let given = time;
        let now = self.time;
        let in_time = |last: u32| given == 0 || (!is_before(given, last) && !is_before(now, given));
        let device = match mode {
            0..=2 => Device::Pointer,
            3..=5 => Device::Keyboard,
            _ => {
                self.allow_both(client, mode == 6);
                return Ok(());
            }
        };
        let last = *self.input.grab_time(device);
        if !in_time(last) {
            return Ok(());
        }
        let grabbed = self.holds(client, device);
        let freeze = self.input.freeze(device);
        if !freeze.by(client) {
            return Ok(());
        }
        let touched = freeze.event.is_some_and(|event| event.origin == Origin::Touch);
        if touched && grabbed && mode % 3 != 2 {
            freeze.event = None;
            self.xi_accept_emulated();
        }
        let freeze = self.input.freeze(device);
        match mode % 3 {
            0 => {
                freeze.thaw(client);
                if grabbed {
                    freeze.forget_next();
                }
            }
            1 if grabbed => {
                freeze.thaw(client);
                freeze.forget_next();
                freeze.after_next = true;
            }
            // It has to be frozen by an event, not by a grab of the other device.
            2 if grabbed && freeze.own.is_some() && freeze.event.is_some() => {
                let event = freeze.event.take();
                let window = self.input.grab(device).map(|grab| grab.window);
                self.release_alone(device);
                match event {
                    Some(event) if touched => self.xi_replay_emulated(event, window),
                    Some(event) => self.process(event, window),
                    None => {}
                }
            }
            _ => return Ok(()),
        }
        self.run_queue();
        Ok(())
    }

    /// Releases a grab without letting go of the events that waited for it.
    fn release_alone(&mut self, device: Device) {
        let queue = std::mem::take(&mut self.input.queue);
        self.deactivate(device);
        self.input.queue = queue;
    }

    fn allow_both(&mut self, client: ClientId, asynchronous: bool) {
        if !self.input.pointer_freeze.by(client) || !self.input.keyboard_freeze.by(client) {
            return;
        }
        for device in [Device::Pointer, Device::Keyboard] {
            let grabbed = self.holds(client, device);
            let freeze = self.input.freeze(device);
            freeze.thaw(client);
            freeze.forget_next();
            freeze.after_next = !asynchronous && grabbed;
            freeze.both = freeze.after_next;
        }
        self.run_queue();
    }

    /// A client goes: its grabs end, it freezes nothing, and no grab waits for it any more.
    pub(crate) fn release_grabs(&mut self, client: ClientId) {
        let devices = [Device::Pointer, Device::Keyboard];
        // Each event that waits for the end of a grab may activate one more of the client's.
        for _ in 0..2 * self.input.queue.len() + 2 {
            if let Some(device) = devices.into_iter().find(|device| self.holds(client, *device)) {
                self.deactivate(device);
            } else if devices.into_iter().any(|device| self.input.freeze(device).by(client)) {
                for device in devices {
                    self.input.freeze(device).thaw(client);
                }
                self.run_queue();
            } else {
                break;
            }
        }
        for window in self.windows_mut() {
            window.grabs.retain(|passive| passive.grab.client != client);
        }
        for device in devices {
            if self.holds(client, device) {
                self.deactivate(device);
            }
            self.input.freeze(device).thaw(client);
        }
        self.run_queue();
    }

    /// Whether a client has grabbed a device.
    fn holds(&self, client: ClientId, device: Device) -> bool {
        self.input.grab(device).is_some_and(|grab| grab.client == client)
    }

    /// Where a window is when all are gone through from the top down, each before its children.
    fn place_among_all(&self, window: Xid) -> Vec<usize> {
        let path = self.path(window);
        let from_top = |pair: &[Xid]| {
            let [parent, child] = *pair else { return 0 };
            let siblings = self.window(parent).map_or(&[][..], |parent| &parent.children);
            siblings.iter().rev().position(|sibling| *sibling == child).unwrap_or(0)
        };
        path.windows(2).map(from_top).collect()
    }

    /// A window can be seen no more: grabs on it end, what has waited for them is told, and the focus reverts.
    pub(crate) fn became_unviewable(&mut self, id: Xid) {
        // From the top down, as in Xvfb, which takes the pointer to be in its grab's window as long as it is grabbed: what
        // is told of an end depends on what has ended before. In one window grabs end before the focus goes.
        let mut ends = Vec::new();
        for device in [Device::Pointer, Device::Keyboard] {
            let Some(grab) = self.input.grab(device) else { continue };
            let windows = [grab.window, grab.confine_to].into_iter();
            let gone = windows.filter(|window| *window != 0 && self.is_inferior(*window, id));
            ends.extend(
                gone.map(|window| self.place_among_all(window)).min().map(|place| (place, Some(device))),
            );
        }
        let focus = self.input.focus.window;
        if focus > 1 && self.is_inferior(focus, id) {
            ends.push((self.place_among_all(focus), None));
        }
        ends.sort_by_key(|(place, device)| (place.clone(), device.is_none()));
        let released = ends.iter().any(|(_, device)| device.is_some());
        let reverts = ends.pop_if(|(_, device)| device.is_none()).is_some();
        for (_, device) in ends {
            match device {
                Some(device) => self.release_alone(device),
                None => self.revert_focus(),
            }
        }
        if released {
            // A button that has waited is told where the pointer is now, and not in a window that nobody sees; a motion
            // takes the pointer there by itself.
            if self.input.queue.front().is_some_and(|event| matches!(event.kind, RawKind::Button { .. })) {
                self.pointer_window_may_have_changed();
            }
            self.run_queue();
        }
        self.xi_became_unviewable(id);
        let focus = self.input.focus.window;
        if reverts && focus > 1 && self.is_inferior(focus, id) {
            self.revert_focus();
        }
        self.xi_revert_focus(id);
    }
}
