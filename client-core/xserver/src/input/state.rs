//! The keyboard's state: modifiers and groups held, latched and locked, and what follows from them (XKB protocol, 2).

use x11rb_protocol::protocol::xproto;

use super::Until;
use crate::client::ClientId;
use crate::extension::xkb;
use crate::keymap::{Description, control};
use crate::server::Server;

/// Modifiers and groups. The first six are what keys and clients set, the others follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    pub(crate) base: u8,
    /// For the next key.
    pub(crate) latched: u8,
    pub(crate) locked: u8,
    pub(crate) group_base: i16,
    pub(crate) group_latched: i16,
    pub(crate) group_locked: u8,
    /// In effect.
    pub(crate) modifiers: u8,
    pub(crate) group: u8,
    /// Without those that are internal to the server.
    pub(crate) lookup: u8,
    /// As grabs see them: without locks that are to be ignored.
    pub(crate) grab: u8,
    /// With those that stand for the group, for clients that know no groups: of all, and of those two.
    pub(crate) compatible: u8,
    pub(crate) compatible_lookup: u8,
    pub(crate) compatible_grab: u8,
    /// Buttons as in the state of events.
    pub(crate) buttons: u16,
}

/// Parts of a state (`STATEPART`).
pub(crate) mod state_part {
    pub(crate) const POINTER_BUTTONS: u16 = 1 << 13;
}

impl State {
    /// Makes what follows follow.
    pub(crate) fn derive(&mut self, description: &Description, buttons: u16) {
        let controls = &description.controls;
        self.modifiers = self.base | self.latched | self.locked;
        self.lookup = self.modifiers & !controls.internal.mask;
        let ignored = controls.ignored_locks.mask;
        self.grab = self.lookup & !ignored | (self.base | self.latched) & ignored;
        // A locked group is a signed byte.
        if self.group_locked >= controls.groups {
            self.group_locked = controls.wrapped(i32::from(self.group_locked as i8));
        }
        let group = i32::from(self.group_base) + i32::from(self.group_latched) + i32::from(self.group_locked);
        self.group = controls.wrapped(group);
        let of_group = |group: u8| {
            description.group_modifiers.get(usize::from(group)).map_or(0, |modifiers| modifiers.mask)
        };
        let stands_for = of_group(self.group);
        self.compatible = self.modifiers | stands_for;
        self.compatible_lookup = self.lookup | stands_for;
        let for_grabs = if controls.is_on(control::IGNORE_GROUP_LOCK) {
            of_group(controls.wrapped(i32::from(self.group_base) + i32::from(self.group_latched)))
        } else {
            stands_for
        };
        self.compatible_grab = self.grab | for_grabs;
        self.buttons = buttons;
    }

    /// Modifiers and the group as in the state of events.
    pub(crate) fn of_events(&self) -> u16 {
        u16::from(self.lookup) | u16::from(self.group & 3) << 13
    }

    /// What differs from what was before.
    pub(crate) fn changes(&self, old: &Self) -> u16 {
        let differs = [
            self.modifiers != old.modifiers,
            self.base != old.base,
            self.latched != old.latched,
            self.locked != old.locked,
            self.group != old.group,
            self.group_base != old.group_base,
            self.group_latched != old.group_latched,
            self.group_locked != old.group_locked,
            self.compatible != old.compatible,
            self.grab != old.grab,
            self.compatible_grab != old.compatible_grab,
            self.lookup != old.lookup,
            self.compatible_lookup != old.compatible_lookup,
            self.buttons != old.buttons,
        ];
        differs.iter().enumerate().filter(|(_, differs)| **differs).fold(0, |all, (bit, _)| all | 1 << bit)
    }
}

impl Server {
    /// What a button does to the keyboard: a latch that holds for it is over when it goes up.
    pub(super) fn button_was_used(&mut self, number: u8, pressed: bool, before: &State) {
        let keyboard = &mut self.input.keyboard;
        if !pressed {
            keyboard.locked_buttons.retain(|locked| *locked != number);
            if keyboard.state.latched != 0 {
                keyboard.latch_modifiers(0xff, 0);
            }
        }
        let event_type = if pressed { xproto::BUTTON_PRESS_EVENT } else { xproto::BUTTON_RELEASE_EVENT };
        xkb::state_may_have_changed(self, before, xkb::Cause::key(number, event_type));
    }

    /// The state of an event as a client is told of it: those that know no groups are told modifiers instead, and those
    /// whose key grab was activated what grabs see (XKB protocol, 12.5).
    pub(super) fn state_for(&self, client: ClientId, state: u16, of_key: bool) -> u16 {
        let now = &self.input.keyboard.state;
        let buttons = state & 0x1f00;
        if !self.xkb.is_used_by(client) {
            let is_current = state & !0x1f00 == now.of_events();
            let modifiers = if is_current { now.compatible_lookup } else { now.compatible_grab };
            return buttons | u16::from(modifiers);
        }
        let grabbed = self.input.keyboard_grab.as_ref();
        if of_key && grabbed.is_some_and(|grab| grab.until != Until::Ungrabbed) {
            let (use_state, use_lookup) = self.xkb.grabs_of(client);
            let of_grab = match (use_state, use_lookup) {
                (true, true) => now.of_events(),
                (true, false) => {
                    let group = i32::from(now.group_base) + i32::from(now.group_latched);
                    let group = self.input.keyboard.description.controls.wrapped(group);
                    u16::from(now.grab) | u16::from(group) << 13
                }
                (false, true) => u16::from(now.compatible_lookup),
                (false, false) => u16::from(now.compatible_grab),
            };
            return buttons | of_grab;
        }
        state
    }
}
