//! Passive grabs: what buttons, keys, crossings and touches activate (X11 §9; XI 2).

use x11rb_protocol::protocol::xproto::{
    GrabButtonRequest, GrabKeyRequest, UngrabButtonRequest, UngrabKeyRequest,
};

use super::crossing::{MODE_PASSIVE_GRAB, MODE_PASSIVE_UNGRAB};
use super::grab::check_modes;
use super::{ANY_MODIFIER, Combinations, Device, DeviceEvent, Grab, RawEvent, Until, XiGrab};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::resource::Xid;
use crate::server::Server;

/// What activates a passive grab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activator {
    /// A button or key.
    Press,
    /// The pointer enters the grab window, or the focus comes to it (XI 2).
    Crossing,
    /// A touch in the grab window (XI 2).
    Touch,
}

/// A grab that waits for something to activate it, among those of its window.
#[derive(Debug, Clone)]
pub(crate) struct PassiveGrab {
    pub(crate) device: Device,
    pub(crate) activator: Activator,
    pub(crate) of: Combinations,
    /// Whether (the pointer, the keyboard) go on when it is active.
    pub(crate) modes: (bool, bool),
    /// What becomes active.
    pub(crate) grab: Grab,
}

impl PassiveGrab {
    /// The device, what activates it, and whether it is one of the input extension.
    fn kind(&self) -> (Device, Activator, bool) {
        (self.device, self.activator, self.grab.xi.is_some())
    }

    fn is_alike(&self, other: &Self) -> bool {
        self.kind() == other.kind()
    }

    /// Whether there is a combination that activates both.
    fn collides(&self, other: &Self) -> bool {
        self.is_alike(other) && self.of.meet(&other.of)
    }
}

fn check_modifiers(modifiers: u16) -> Outcome {
    if modifiers == ANY_MODIFIER || modifiers & !0xff == 0 {
        Ok(())
    } else {
        Err(XError::value(u32::from(modifiers)))
    }
}

impl Server {
    /// XI 2, `XIPassiveGrabDevice` of a master.
    pub(crate) fn xi_passive_grab(
        &mut self,
        client: ClientId,
        (device, activator): (Device, Activator),
        request: &XiGrab,
        detail: u8,
        modifiers: u16,
    ) -> Outcome {
        self.window(request.window)?;
        let cursor = self.optional_cursor(request.cursor)?;
        let until = match (activator, device) {
            (Activator::Press, Device::Pointer) => Until::ButtonsReleased,
            (Activator::Press, Device::Keyboard) => Until::KeyReleased(detail),
            (Activator::Crossing | Activator::Touch, _) => Until::Left,
        };
        self.add_passive(PassiveGrab {
            device,
            activator,
            of: Combinations::new(detail, modifiers),
            modes: request.modes(device),
            grab: Grab { until, ..request.grab(client, cursor) },
        })
    }

    pub(crate) fn grab_button(
        &mut self,
        client: ClientId,
        owner_events: u8,
        request: &GrabButtonRequest,
    ) -> Outcome {
        let (owner_events, modes) = check_modes(owner_events, request.pointer_mode, request.keyboard_mode)?;
        let modifiers = u16::from(request.modifiers);
        check_modifiers(modifiers)?;
        let events = u32::from(request.event_mask);
        if events & !mask::POINTER != 0 {
            return Err(XError::value(events));
        }
        self.window(request.grab_window)?;
        if request.confine_to != 0 {
            self.window(request.confine_to)?;
        }
        let cursor = self.optional_cursor(request.cursor)?;
        let grab = Grab {
            client,
            window: request.grab_window,
            owner_events,
            events,
            confine_to: request.confine_to,
            cursor,
            xi: None,
            until: Until::ButtonsReleased,
        };
        self.add_passive(PassiveGrab {
            device: Device::Pointer,
            activator: Activator::Press,
            of: Combinations::new(request.button.into(), modifiers),
            modes,
            grab,
        })
    }

    pub(crate) fn grab_key(
        &mut self,
        client: ClientId,
        owner_events: u8,
        request: &GrabKeyRequest,
    ) -> Outcome {
        let (owner_events, modes) = check_modes(owner_events, request.pointer_mode, request.keyboard_mode)?;
        let modifiers = u16::from(request.modifiers);
        check_modifiers(modifiers)?;
        if request.key != 0 && !self.input.keyboard.has_keycode(request.key) {
            return Err(XError::value(u32::from(request.key)));
        }
        self.window(request.grab_window)?;
        let grab = Grab {
            client,
            window: request.grab_window,
            owner_events,
            events: mask::KEY_PRESS | mask::KEY_RELEASE,
            confine_to: 0,
            cursor: None,
            xi: None,
            until: Until::KeyReleased(request.key),
        };
        self.add_passive(PassiveGrab {
            device: Device::Keyboard,
            activator: Activator::Press,
            of: Combinations::new(request.key, modifiers),
            modes,
            grab,
        })
    }

    fn add_passive(&mut self, passive: PassiveGrab) -> Outcome {
        /// Nobody needs more on one window.
        const MAX_GRABS: usize = 20_000;
        let grabs = &mut self.window_mut(passive.grab.window)?.grabs;
        let client = passive.grab.client;
        if grabs.iter().any(|old| old.grab.client != client && old.collides(&passive)) {
            return Err(XError::ACCESS);
        }
        if grabs.len() >= MAX_GRABS {
            return Err(XError::ALLOC);
        }
        grabs.retain(|old| !old.is_alike(&passive) || old.grab.client != client || !old.of.same(&passive.of));
        grabs.push(passive);
        Ok(())
    }

    pub(crate) fn ungrab_button(&mut self, client: ClientId, request: &UngrabButtonRequest) -> Outcome {
        let modifiers = u16::from(request.modifiers);
        check_modifiers(modifiers)?;
        let kind = (Device::Pointer, Activator::Press, false);
        self.remove_passive(client, request.grab_window, kind, request.button.into(), modifiers)
    }

    pub(crate) fn ungrab_key(&mut self, client: ClientId, request: &UngrabKeyRequest) -> Outcome {
        let modifiers = u16::from(request.modifiers);
        check_modifiers(modifiers)?;
        if request.key != 0 && !self.input.keyboard.has_keycode(request.key) {
            return Err(XError::value(u32::from(request.key)));
        }
        let kind = (Device::Keyboard, Activator::Press, false);
        self.remove_passive(client, request.grab_window, kind, request.key, modifiers)
    }

    /// Takes combinations away of a device, an activator and the input extension or the core.
    pub(crate) fn remove_passive(
        &mut self,
        client: ClientId,
        window: Xid,
        kind: (Device, Activator, bool),
        detail: u8,
        modifiers: u16,
    ) -> Outcome {
        self.window_mut(window)?.grabs.retain_mut(|passive| {
            passive.grab.client != client || passive.kind() != kind || passive.of.take_away(detail, modifiers)
        });
        Ok(())
    }

    /// Activates the passive grab that a press activates on one of these windows (in this order), and reports the press
    /// to it; whether there is one.
    pub(super) fn activate_passive(
        &mut self,
        device: Device,
        windows: &[Xid],
        event: &DeviceEvent,
        raw: RawEvent,
    ) -> bool {
        let Some(PassiveGrab { mut grab, modes, .. }) = self.find_passive(windows, device, event) else {
            return false;
        };
        let (client, window) = (grab.client, grab.window);
        let (event, selected) = match device {
            Device::Pointer => (*event, mask::BUTTON_PRESS),
            Device::Keyboard => {
                grab.until = Until::KeyReleased(event.detail);
                (DeviceEvent { source: self.input.pointer.window, ..*event }, mask::KEY_PRESS)
            }
        };
        let of_xi = grab.xi.is_some();
        *self.input.grab_time(device) = raw.time;
        self.activate(device, grab, modes, Some(raw));
        // It is reported at the grab window even if the grab's mask does not select it, and even if it would be
        // reported elsewhere to its owner, as by Xvfb.
        if of_xi {
            self.xi_grab_event(client, window, &event.core());
        } else {
            self.send_device_event(&event, window, client, selected);
        }
        true
    }

    fn find_passive(&self, windows: &[Xid], device: Device, event: &DeviceEvent) -> Option<PassiveGrab> {
        let keyboard = &self.input.keyboard;
        let held = keyboard.state.base | keyboard.state.latched;
        let ignored = u16::from(keyboard.description.controls.ignored_locks.mask & !held);
        let modifiers = event.state & 0xff & !ignored;
        windows.iter().find_map(|id| {
            // The newest first, as in Xvfb
            let mut grabs = self.window(*id).ok()?.grabs.iter().rev();
            let found = grabs.find(|passive| {
                (passive.device, passive.activator) == (device, Activator::Press)
                    && passive.of.hold(event.detail, modifiers)
            })?;
            let confined = self
                .window(found.grab.confine_to)
                .map_or(found.grab.confine_to == 0, |window| window.viewable);
            confined.then(|| found.clone())
        })
    }

    /// XI 2: the pointer, or the focus, is about to go from one window to another, which ends a grab that its coming had
    /// activated.
    pub(super) fn leave_crossing_grab(&mut self, device: Device, from: Xid, to: Xid) {
        let Some(grab) = self.input.grab(device) else { return };
        if grab.until == Until::Left && !self.is_inferior(to, grab.window) {
            if device == Device::Pointer {
                self.xi_cross(from, to, MODE_PASSIVE_UNGRAB);
            }
            self.deactivate(device);
        }
    }

    /// XI 2: the pointer has entered a window, or the focus has come to it; whether that has activated a grab, whose
    /// events tell of it then.
    pub(super) fn enter_crossing_grab(&mut self, device: Device, from: Xid, to: Xid) -> bool {
        if !self.xinput.is_used() || self.input.grab(device).is_some() {
            return false;
        }
        let modifiers = self.input.state() & 0xff;
        let found = self.window(to).ok().and_then(|window| {
            window.grabs.iter().rev().find(|passive| {
                (passive.device, passive.activator) == (device, Activator::Crossing)
                    && passive.of.hold(0, modifiers)
            })
        });
        let Some(PassiveGrab { grab, modes, .. }) = found.cloned() else { return false };
        *self.input.grab_time(device) = self.time;
        self.activate_from(from, device, grab, modes, None);
        if device == Device::Pointer {
            self.input.pointer.entered = to;
            self.xi_cross(from, to, MODE_PASSIVE_GRAB);
        }
        true
    }
}
