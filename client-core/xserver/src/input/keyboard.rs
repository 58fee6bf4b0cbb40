//! The keyboard: what it means, which keys are held, and how their events reach clients.

use x11rb_protocol::protocol::xproto::{self, GetInputFocusReply, QueryKeymapReply};

use super::access::Access;
use super::action::Running;
use super::crossing::MODE_WHILE_GRABBED;
use super::state::State;
use super::{Device, DeviceEvent, Focus, Origin, RawEvent, Until};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::extension::xkb;
use crate::keymap::{
    Controls, Description, INDICATORS, MAX_KEYCODE, MIN_KEYCODE, behavior, control, indicator,
};
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::{ROOT, Server};

const NUM_LOCK: u32 = 0xff7f;

/// The keyboard: its description, its state, and what goes on with it.
#[derive(Debug)]
pub(crate) struct Keyboard {
    pub(crate) description: Description,
    pub(crate) state: State,
    /// Keys held: a bit per keycode.
    pub(crate) down: [u8; 32],
    /// Keys held as the devices say, told or not.
    posted: [u8; 32],
    pub(super) running: Vec<Running>,
    /// How many keys hold each modifier.
    pub(super) holders: [u8; 8],
    pub(super) access: Access,
    /// Buttons that keys have locked.
    pub(super) locked_buttons: Vec<u8>,
    /// The key that is down of each group of keys of which one is down at a time.
    radio: [u8; 33],
    /// Keys held that stand for others, and those.
    overlaid: Vec<(u8, u8)>,
    pub(crate) lamps: Lamps,
    /// Modifiers that the user has locked, and no client has.
    pub(crate) users_locks: u8,
    /// The press being told is the second half of a repetition.
    pub(crate) repeating_press: bool,
    /// The release being told is the first half of a repetition.
    pub(crate) repeating: bool,
    pub(super) click_percent: u8,
    pub(super) bell: (u8, u16, u16),
    /// The core protocol's map of modifiers as it was set, with its places left free.
    pub(super) modifiers_as_set: Option<[Vec<u8>; 8]>,
}

pub(super) const DEFAULT_BELL: (u8, u16, u16) = (50, 400, 100);

/// Indicators: a bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lamps {
    /// Lit by clients.
    pub(crate) explicit: u32,
    /// Lit by what the keyboard's state is.
    automatic: u32,
}

impl Lamps {
    pub(crate) fn lit(self) -> u32 {
        self.explicit | self.automatic
    }
}

fn bit_is_set(bits: &[u8; 32], code: u8) -> bool {
    bits[usize::from(code / 8)] >> (code % 8) & 1 == 1
}

fn set_bit(bits: &mut [u8; 32], code: u8, on: bool) {
    let bit = 1 << (code % 8);
    let byte = &mut bits[usize::from(code / 8)];
    *byte = if on { *byte | bit } else { *byte & !bit };
}

impl Keyboard {
    pub(crate) fn new(description: Description) -> Self {
        let mut keyboard = Self {
            description,
            state: State::default(),
            down: [0; 32],
            posted: [0; 32],
            running: Vec::new(),
            holders: [0; 8],
            access: Access::default(),
            locked_buttons: Vec::new(),
            radio: [0; 33],
            overlaid: Vec::new(),
            lamps: Lamps::default(),
            users_locks: 0,
            repeating_press: false,
            repeating: false,
            click_percent: 0,
            bell: DEFAULT_BELL,
            modifiers_as_set: None,
        };
        keyboard.update_lamps(u32::MAX);
        keyboard
    }

    /// Takes another description. Keys that are held, settings, and modifiers and groups that are locked stay so.
    pub(crate) fn take(&mut self, description: Description) {
        let old = std::mem::replace(&mut self.description, description);
        let groups = self.description.controls.groups;
        let repeats = self.description.controls.repeats;
        self.description.controls = Controls { groups, repeats, ..old.controls };
        self.forget_modifier_map();
        self.update_lamps(u32::MAX);
    }

    /// The core protocol's map of modifiers is what the description says.
    pub(crate) fn forget_modifier_map(&mut self) {
        self.modifiers_as_set = None;
    }

    /// Modifiers as in the state of events.
    pub(crate) fn state(&self) -> u16 {
        self.state.of_events() & 0xff
    }

    pub(super) fn derive(&mut self, buttons: u16) {
        self.state.derive(&self.description, buttons);
    }

    #[expect(
        clippy::unused_self,
        reason = "the range belongs to the keyboard, though all keyboards here have the same"
    )]
    pub(crate) fn min_keycode(&self) -> u8 {
        MIN_KEYCODE
    }

    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) fn max_keycode(&self) -> u8 {
        MAX_KEYCODE
    }

    pub(crate) fn has_keycode(&self, code: u8) -> bool {
        code >= self.min_keycode() && code <= self.max_keycode()
    }

    pub(crate) fn is_down(&self, code: u8) -> bool {
        bit_is_set(&self.down, code)
    }

    /// Keys that their devices say are held.
    pub(crate) fn held_keys(&self) -> Vec<u8> {
        (MIN_KEYCODE..=MAX_KEYCODE).filter(|code| bit_is_set(&self.posted, *code)).collect()
    }

    pub(crate) fn modifiers_of(&self, code: u8) -> u8 {
        self.description.key(code).modifiers
    }

    /// The modifier that Num Lock is.
    pub(crate) fn num_lock(&self) -> u8 {
        let keys = self.description.keys().filter(|(_, key)| key.syms.contains(&NUM_LOCK));
        keys.fold(0, |all, (_, key)| all | key.modifiers)
    }

    fn does_repeat(&self, code: u8) -> bool {
        let controls = &self.description.controls;
        controls.is_on(control::REPEAT_KEYS) && self.modifiers_of(code) == 0 && controls.repeats(code)
    }

    /// Lights the indicators among those asked for as their maps say; those that have changed.
    pub(crate) fn update_lamps(&mut self, which: u32) -> u32 {
        let before = self.lamps.lit();
        for index in (0..INDICATORS).filter(|index| which >> index & 1 == 1) {
            let bit = 1 << index;
            let lit = self.is_lit(index);
            self.lamps.automatic = if lit { self.lamps.automatic | bit } else { self.lamps.automatic & !bit };
        }
        before ^ self.lamps.lit()
    }

    /// XKB protocol, 9.2: whether the state lights an indicator.
    fn is_lit(&self, index: usize) -> bool {
        let map = &self.description.indicators[index];
        if map.flags & indicator::NO_AUTOMATIC != 0 {
            return false;
        }
        let state = &self.state;
        let uses = |which: u8, what: u8| which & what != 0;
        let mut lit = false;
        if map.which_modifiers & 0x1f != 0 {
            let modifiers = [
                (indicator::USE_BASE, state.base),
                (indicator::USE_LATCHED, state.latched),
                (indicator::USE_LOCKED, state.locked),
                (indicator::USE_EFFECTIVE, state.modifiers),
                (indicator::USE_COMPATIBLE, state.compatible),
            ]
            .into_iter()
            .filter(|(which, _)| uses(map.which_modifiers, *which))
            .fold(0, |all, (_, modifiers)| all | modifiers);
            let none = modifiers == 0 && map.modifiers.mask == 0 && map.modifiers.virtuals == 0;
            lit = map.modifiers.mask & modifiers != 0 || none;
        }
        if map.which_groups & 0x0f != 0 {
            let groups = [
                (indicator::USE_BASE, i32::from(state.group_base)),
                (indicator::USE_LATCHED, i32::from(state.group_latched)),
                (indicator::USE_LOCKED, i32::from(state.group_locked)),
                (indicator::USE_EFFECTIVE, i32::from(state.group)),
            ]
            .into_iter()
            .filter(|(which, _)| uses(map.which_groups, *which))
            .fold(0, |all, (_, group)| all | 1_u32.checked_shl(group as u32).unwrap_or(0));
            lit |= u32::from(map.groups) & groups != 0 || map.groups == 0;
        }
        lit || self.description.controls.is_on(map.controls)
    }
}

impl Server {
    pub(super) fn process_key(&mut self, code: u8, pressed: bool, raw: RawEvent, below: Option<Xid>) {
        let keyboard = &self.input.keyboard;
        if !keyboard.has_keycode(code) {
            return;
        }
        if below.is_some() {
            // Replayed: the state has changed already, and the event tells what was before.
            let state = raw.state.unwrap_or_else(|| self.input.state());
            self.report_key(code, pressed, state, raw, below);
            return;
        }
        let is_posted = bit_is_set(&keyboard.posted, code);
        if pressed && is_posted {
            // Only the user's keys repeat so; that a client presses one again (XTEST) is nothing new.
            if keyboard.does_repeat(code) && raw.origin == Origin::User {
                self.repeat_key(code, raw);
            }
            return;
        }
        if !pressed && !is_posted {
            return;
        }
        set_bit(&mut self.input.keyboard.posted, code, pressed);
        let told = if pressed { self.may_press(code, raw) } else { self.may_release(code) };
        if told {
            self.press_or_release(code, pressed, raw);
        }
    }

    /// A repetition looks like going up and down at one time.
    pub(super) fn repeat_key(&mut self, code: u8, raw: RawEvent) {
        if !self.input.keyboard.is_down(code) {
            return;
        }
        self.input.keyboard.repeating = true;
        self.press_or_release(code, false, raw);
        self.input.keyboard.repeating = false;
        self.input.keyboard.repeating_press = true;
        self.press_or_release(code, true, raw);
        self.input.keyboard.repeating_press = false;
    }

    /// A key goes down or up as far as the keyboard is concerned: what it does depends on its behaviour.
    pub(super) fn press_or_release(&mut self, code: u8, pressed: bool, raw: RawEvent) {
        let keyboard = &mut self.input.keyboard;
        let [kind, data] = keyboard.description.key(code).behavior;
        match kind {
            behavior::LOCK => {
                if pressed {
                    let down = keyboard.is_down(code);
                    self.key_event(code, !down, raw);
                }
                return;
            }
            behavior::RADIO_GROUP => {
                const MAY_BE_NONE: u8 = 0x80;
                if !pressed {
                    return;
                }
                let Some(down) = keyboard.radio.get_mut(usize::from(data & !MAY_BE_NONE)) else { return };
                let before = *down;
                if before == code {
                    if data & MAY_BE_NONE != 0 {
                        *down = 0;
                        self.key_event(code, false, raw);
                    }
                    return;
                }
                *down = code;
                if before != 0 {
                    self.key_event(before, false, raw);
                }
            }
            behavior::OVERLAY_1 | behavior::OVERLAY_2 => {
                let which = if kind == behavior::OVERLAY_1 { control::OVERLAY_1 } else { control::OVERLAY_2 };
                let is_on = keyboard.description.controls.is_on(which) && data >= MIN_KEYCODE;
                let held = keyboard.overlaid.iter().position(|(held, _)| *held == code);
                if let Some(at) = held.filter(|_| !pressed) {
                    let (_, other) = keyboard.overlaid.swap_remove(at);
                    self.key_event(other, false, raw);
                    return;
                }
                if pressed && is_on {
                    if held.is_none() {
                        keyboard.overlaid.push((code, data));
                    }
                    self.key_event(data, true, raw);
                    return;
                }
            }
            _ => {}
        }
        self.key_event(code, pressed, raw);
    }

    pub(super) fn set_down(&mut self, code: u8, down: bool) {
        set_bit(&mut self.input.keyboard.down, code, down);
    }

    /// A key that went down is not held: what it did ends.
    fn forget_press(&mut self, code: u8, raw: RawEvent) {
        self.act(code, false, raw);
        self.set_down(code, false);
        set_bit(&mut self.input.keyboard.posted, code, false);
    }

    /// A key's action, its event, and what follows from both.
    fn key_event(&mut self, code: u8, pressed: bool, raw: RawEvent) {
        let before = self.input.keyboard.state;
        let state = self.input.state();
        let raw = RawEvent { state: Some(state), ..raw };
        let told = self.act(code, pressed, raw);
        if !self.input.keyboard.repeating {
            self.set_down(code, pressed);
        }
        self.input.pointer.hint = None;
        if told {
            self.report_key(code, pressed, state, raw, None);
        }
        let event_type = if pressed { xproto::KEY_PRESS_EVENT } else { xproto::KEY_RELEASE_EVENT };
        xkb::state_may_have_changed(self, &before, xkb::Cause::key(code, event_type));
    }

    pub(super) fn report_key(
        &mut self,
        code: u8,
        pressed: bool,
        state: u16,
        raw: RawEvent,
        below: Option<Xid>,
    ) {
        let (response_type, events) = if pressed {
            (xproto::KEY_PRESS_EVENT, mask::KEY_PRESS)
        } else {
            (xproto::KEY_RELEASE_EVENT, mask::KEY_RELEASE)
        };
        let focus = self.input.focus.window;
        let pointer = self.input.pointer.window;
        // X11 §9, SetInputFocus: where events start, and the last window that is asked.
        let (source, limit) = match focus {
            0 => (0, None),
            1 => (pointer, Some(ROOT)),
            focus if self.is_inferior(pointer, focus) => (pointer, Some(focus)),
            focus => (focus, Some(focus)),
        };
        let place = raw.place;
        let event = DeviceEvent { response_type, detail: code, time: raw.time, state, events, source, place };
        let still_held = !pressed && self.input.keyboard.is_down(code);
        if below.is_none() {
            let slave = DeviceEvent { source: pointer, ..event };
            if !still_held && !self.xi_slave_event(&slave.core()) {
                // The master has not seen it.
                self.forget_press(code, raw);
                return;
            }
        }
        if self.input.keyboard_grab.is_some() {
            let event = if source == 0 { DeviceEvent { source: pointer, ..event } } else { event };
            let reported = self.deliver_grabbed(&event, Device::Keyboard, limit);
            let ends = !pressed
                && !still_held
                && self
                    .input
                    .keyboard_grab
                    .as_ref()
                    .is_some_and(|grab| grab.until == Until::KeyReleased(code));
            if ends {
                self.deactivate(Device::Keyboard);
            } else if reported {
                self.freeze_after(Device::Keyboard, raw);
            }
            return;
        }
        if pressed && self.activate_key_grab(&event, raw, below) {
            return;
        }
        if let Some(limit) = limit {
            self.propagate(&event, limit);
        }
    }

    fn activate_key_grab(&mut self, event: &DeviceEvent, raw: RawEvent, below: Option<Xid>) -> bool {
        let focus = self.input.focus.window;
        let mut path = match focus {
            0 => Vec::new(),
            1 => self.path(self.input.pointer.window),
            focus if self.is_inferior(self.input.pointer.window, focus) => {
                self.path(self.input.pointer.window)
            }
            focus => self.path(focus),
        };
        if let Some(below) = below {
            // Xvfb looks for the place to go on at where the pointer is, whatever the focus: with the pointer in no window
            // further down, a replayed key activates no grab there.
            let pointer = self.input.pointer.window;
            if pointer == below || !self.is_inferior(pointer, below) {
                return false;
            }
            path.retain(|window| !self.is_inferior(below, *window));
        }
        self.activate_passive(Device::Keyboard, &path, event, raw)
    }

    /// Gives a window the focus as the window manager that the embedder is.
    pub(crate) fn focus_window(&mut self, window: Xid) {
        let time = self.time;
        self.change_focus(Focus { window, revert_to: 1, time });
    }

    fn change_focus(&mut self, focus: Focus) {
        let mode = if self.input.keyboard_grab.is_some() { MODE_WHILE_GRABBED } else { 0 };
        self.leave_crossing_grab(Device::Keyboard, self.input.focus.window, focus.window);
        let old = std::mem::replace(&mut self.input.focus, focus);
        if !self.enter_crossing_grab(Device::Keyboard, old.window, focus.window) {
            self.focus_moved(old.window, focus.window, mode);
        }
    }

    pub(crate) fn set_input_focus(&mut self, revert_to: u8, window: Xid, time: u32) -> Outcome {
        if revert_to > 2 {
            return Err(XError::value(u32::from(revert_to)));
        }
        if window > 1 && !self.window(window)?.viewable {
            return Err(XError::MATCH);
        }
        let time = if time == 0 { self.time } else { time };
        if is_before(time, self.input.focus.time) || is_before(self.time, time) {
            return Ok(());
        }
        self.change_focus(Focus { window, revert_to, time });
        Ok(())
    }

    /// The focus window can be seen no more (X11 §9, `SetInputFocus`, revert-to).
    pub(crate) fn revert_focus(&mut self) {
        let old = self.input.focus;
        let focus = match old.revert_to {
            0 => Focus { window: 0, ..old },
            1 => Focus { window: 1, ..old },
            _ => {
                let mut parent = self.window(old.window).map_or(ROOT, |window| window.parent);
                while self.window(parent).is_ok_and(|window| !window.viewable) {
                    parent = self.window(parent).map_or(ROOT, |window| window.parent);
                }
                Focus { window: parent, revert_to: 0, ..old }
            }
        };
        self.change_focus(focus);
    }

    pub(crate) fn get_input_focus(&mut self, client: ClientId) -> Outcome {
        let focus = self.input.focus;
        let reply = GetInputFocusReply {
            revert_to: focus.revert_to.into(),
            sequence: 0,
            length: 0,
            focus: focus.window,
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn query_keymap(&mut self, client: ClientId) -> Outcome {
        let keys = self.input.keyboard.down;
        self.reply(client, &QueryKeymapReply { sequence: 0, length: 2, keys });
        Ok(())
    }
}
