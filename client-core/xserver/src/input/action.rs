//! What keys do (XKB protocol, 6): the actions of keys that go down and up.
//!
//! An action goes on as long as its key is held, a latch until another key breaks it; what goes on is a [`Running`]
//! action, which is told of every key. Some actions swallow the key's event: then clients hear nothing of it.

use x11rb_protocol::protocol::xproto;

use super::beep::Beep;
use super::{Origin, RawEvent, RawKind};
use crate::extension::xkb::{self, Cause};
use crate::keymap::compatibility::action as kind;
use crate::keymap::{Action, MIN_KEYCODE, control, option};
use crate::server::Server;

/// Flags of actions on modifiers and groups.
const CLEAR_LOCKS: u8 = 1 << 0;
const LATCH_TO_LOCK: u8 = 1 << 1;
const GROUP_ABSOLUTE: u8 = 1 << 2;
/// Flags of locks.
const NO_LOCK: u8 = 1 << 0;
const NO_UNLOCK: u8 = 1 << 1;
/// Flags of actions on the pointer.
const NO_ACCELERATION: u8 = 1 << 0;
const ABSOLUTE_X: u8 = 1 << 1;
const ABSOLUTE_Y: u8 = 1 << 2;
const DEFAULT_BUTTON_ABSOLUTE: u8 = 1 << 2;
/// Flags of messages.
const ON_PRESS: u8 = 1 << 0;
const ON_RELEASE: u8 = 1 << 1;
const WITH_EVENT: u8 = 1 << 2;
/// Flags of `ISOLock`.
const DEFAULT_IS_GROUP: u8 = 1 << 7;
const SPARE_MODIFIERS: u8 = 1 << 6;
const SPARE_GROUP: u8 = 1 << 5;
const SPARE_POINTER: u8 = 1 << 4;
const SPARE_CONTROLS: u8 = 1 << 3;

/// The key of latches that clients make.
const NO_KEY: u8 = 1;
/// More latches than this are the same ones again.
const MOST_RUNNING: usize = 64;

/// What an action does until its key goes up, or longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Holds modifiers or adds to the group.
    Holding,
    /// Will latch if no other key is pressed before the key goes up.
    Latching,
    /// Has latched for the next key.
    Latched,
    /// Keeps modifiers locked that were not before; those given were.
    Locking(u8),
    /// Locks what is pressed meanwhile, or itself (true) if nothing is.
    IsoLocking(bool),
    Moving,
    Pressing,
    /// Has switched controls on.
    Controlling(u32),
    Telling,
    Redirecting,
}

/// An action that goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    code: u8,
    doing: Doing,
    action: Action,
}

/// What a key event does to modifiers held and to the group.
#[derive(Debug, Default)]
struct Step {
    set: u8,
    clear: u8,
    group: i16,
    /// Latched, locked and unlocked again.
    stuck: [bool; 3],
}

fn group_of(action: Action) -> i16 {
    i16::from(action[2] as i8)
}

fn changes_modifiers(action: Action) -> bool {
    matches!(action[0], kind::SET_MODS | kind::LATCH_MODS | kind::LOCK_MODS)
}

/// Actions that are the key for which something was latched.
fn breaks_latches(action: Action) -> bool {
    matches!(
        action[0],
        kind::NONE
            | kind::PTR_BTN
            | kind::LOCK_PTR_BTN
            | kind::TERMINATE
            | kind::SWITCH_SCREEN
            | kind::SET_CONTROLS
            | kind::LOCK_CONTROLS
            | kind::ACTION_MESSAGE
            | kind::REDIRECT_KEY
            | kind::DEVICE_BTN
            | kind::LOCK_DEVICE_BTN
    )
}

impl super::Keyboard {
    /// The group in effect for a key, among those that it has (XKB protocol, 4.2.1).
    fn group_for(&self, code: u8) -> u8 {
        const CLAMP: u8 = 0x40;
        const REDIRECT: u8 = 0x80;
        let info = self.description.key(code).group_info;
        let (group, count) = (self.state.group, info & 0xf);
        if group < count || count == 0 {
            return if count == 0 { 0 } else { group };
        }
        match info & 0xc0 {
            REDIRECT => {
                let other = info >> 4 & 3;
                if other >= count { 0 } else { other }
            }
            CLAMP => count - 1,
            _ => group % count,
        }
    }

    /// What a key does now.
    fn action_of(&self, code: u8) -> Action {
        let key = self.description.key(code);
        let group = self.group_for(code);
        let level = self.description.type_of(key, group).map_or(0, |kind| kind.level(self.state.modifiers));
        let column = usize::from(group) * usize::from(key.width) + usize::from(level);
        let action = key.actions.get(column).copied().unwrap_or_default();
        let controls = &self.description.controls;
        let flags = if controls.options & option::LATCH_TO_LOCK != 0 {
            CLEAR_LOCKS | LATCH_TO_LOCK
        } else {
            CLEAR_LOCKS
        };
        match action[0] {
            kind::MOVE_PTR | kind::PTR_BTN | kind::LOCK_PTR_BTN | kind::SET_PTR_DFLT
                if !controls.is_on(control::MOUSE_KEYS) =>
            {
                [0; 8]
            }
            kind::SET_MODS if controls.is_on(control::STICKY_KEYS) => {
                [kind::LATCH_MODS, flags, action[2], action[3], action[4], action[5], 0, 0]
            }
            kind::SET_GROUP if controls.is_on(control::STICKY_KEYS) => {
                [kind::LATCH_GROUP, flags, action[2], 0, 0, 0, 0, 0]
            }
            _ => action,
        }
    }

    /// Latches modifiers as a client wants it, for the next key.
    pub(crate) fn latch_modifiers(&mut self, affected: u8, latches: u8) {
        self.state.latched &= !(affected & !latches);
        self.break_latches();
        let latched = affected & latches;
        self.state.latched |= latched;
        if latched != 0 {
            self.run(Running {
                code: NO_KEY,
                doing: Doing::Latched,
                action: [kind::LATCH_MODS, 0, latched, latched, 0, 0, 0, 0],
            });
        }
    }

    /// Adds to the group for the next key as a client wants it.
    pub(crate) fn latch_group(&mut self, group: i16) {
        let group = group as i8;
        self.state.group_latched = self.state.group_latched.saturating_add(group.into());
        if group != 0 {
            self.run(Running {
                code: NO_KEY,
                doing: Doing::Latched,
                action: [kind::LATCH_GROUP, 0, group as u8, 0, 0, 0, 0, 0],
            });
        }
    }

    /// Nothing is latched or locked any more.
    pub(crate) fn clear_latches_and_locks(&mut self) {
        // If one latch is broken, all are: that of a key that is still held too.
        if self.running.iter().any(|running| running.doing == Doing::Latched) {
            for running in self.running.iter_mut().filter(|running| running.doing == Doing::Latching) {
                running.doing = Doing::Holding;
            }
        }
        self.running.retain(|running| running.doing != Doing::Latched);
        let state = &mut self.state;
        (state.latched, state.group_latched, state.locked, state.group_locked) = (0, 0, 0, 0);
    }

    /// If one latch is broken, all are.
    fn break_latches(&mut self) {
        let before = self.running.len();
        self.running.retain(|running| running.doing != Doing::Latched);
        if self.running.len() != before {
            (self.state.latched, self.state.group_latched) = (0, 0);
        }
    }

    fn lock_group(&mut self, action: Action) {
        let before = if action[1] & GROUP_ABSOLUTE != 0 { 0 } else { self.state.group_locked };
        self.state.group_locked = before.wrapping_add(action[2]);
    }

    fn run(&mut self, running: Running) {
        if self.running.len() < MOST_RUNNING {
            self.running.push(running);
        }
    }

    fn finish(&mut self, step: &Step) {
        let state = &mut self.state;
        state.group_base = state.group_base.saturating_add(step.group);
        for (bit, count) in self.holders.iter_mut().enumerate() {
            let modifier = 1 << bit;
            if step.set & modifier != 0 {
                *count = count.saturating_add(1);
                state.base |= modifier;
            }
            if step.clear & modifier != 0 {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    state.base &= !modifier;
                }
            }
        }
    }

    /// A key goes down while actions go on: what that does to them, and to what the key does.
    fn pressed_meanwhile(&mut self, running: &mut Running, action: &mut Action) -> bool {
        match running.doing {
            Doing::Holding => running.action[1] &= !CLEAR_LOCKS,
            Doing::Latching => {
                // It was no latch but a modifier to that key.
                running.doing = Doing::Holding;
                running.action[1] &= !CLEAR_LOCKS;
            }
            // As in Xvfb each lock that goes on does it too: with one of them held, the next group but one is locked.
            Doing::Locking(_) if action[0] == kind::LOCK_GROUP => self.lock_group(*action),
            Doing::Latched if breaks_latches(*action) => {
                (self.state.latched, self.state.group_latched) = (0, 0);
                return false;
            }
            Doing::IsoLocking(_) => {
                let flags = running.action[1];
                let locks = match action[0] {
                    kind::SET_MODS | kind::LATCH_MODS if flags & SPARE_MODIFIERS == 0 => kind::LOCK_MODS,
                    kind::SET_GROUP | kind::LATCH_GROUP if flags & SPARE_GROUP == 0 => kind::LOCK_GROUP,
                    kind::PTR_BTN if flags & SPARE_POINTER == 0 => kind::LOCK_PTR_BTN,
                    kind::SET_CONTROLS if flags & SPARE_CONTROLS == 0 => kind::LOCK_CONTROLS,
                    _ => return true,
                };
                action[0] = locks;
                running.doing = Doing::IsoLocking(false);
            }
            _ => {}
        }
        true
    }
}

/// What is heard of [`Step::stuck`].
const STICKING: [Beep; 3] = [Beep::StickyLatch, Beep::StickyLock, Beep::StickyUnlock];

impl Server {
    /// Does what a key does when it goes down or up; whether its event is told.
    pub(super) fn act(&mut self, code: u8, pressed: bool, raw: RawEvent) -> bool {
        let mut step = Step::default();
        let sent = if pressed {
            let mut action = self.input.keyboard.action_of(code);
            self.tell_running(code, &mut action);
            self.begin(code, action, raw, &mut step)
        } else {
            // What is held then has not been operated alone, and unlocks nothing.
            let others = self.input.keyboard.running.iter_mut().filter(|running| running.code != code);
            for running in others.filter(|running| running.doing == Doing::Holding) {
                running.action[1] &= !CLEAR_LOCKS;
            }
            self.end(code, raw, &mut step)
        };
        let sticks = self.input.keyboard.description.controls.is_on(control::STICKY_KEYS);
        for (_, beep) in step.stuck.into_iter().zip(STICKING).filter(|(stuck, _)| sticks && *stuck) {
            self.beep(beep);
        }
        self.input.keyboard.finish(&step);
        sent
    }

    /// A key goes down: those that go on hear of it.
    fn tell_running(&mut self, code: u8, action: &mut Action) {
        let mut all = std::mem::take(&mut self.input.keyboard.running);
        all.retain_mut(|running| {
            running.code == code && running.doing != Doing::Latched
                || self.input.keyboard.pressed_meanwhile(running, action)
        });
        self.input.keyboard.running = all;
    }

    /// An action begins; whether the event of its key is told.
    fn begin(&mut self, code: u8, mut action: Action, raw: RawEvent, step: &mut Step) -> bool {
        let doing = match action[0] {
            kind::SET_MODS => {
                step.set = action[2];
                Doing::Holding
            }
            kind::LATCH_MODS => {
                self.input.keyboard.access.cancel_repeat(code);
                step.set = action[2];
                Doing::Latching
            }
            kind::SET_GROUP | kind::LATCH_GROUP => {
                let base = self.input.keyboard.state.group_base;
                let change = group_of(action) - if action[1] & GROUP_ABSOLUTE != 0 { base } else { 0 };
                step.group = change;
                action[2] = change as u8;
                if action[0] == kind::SET_GROUP { Doing::Holding } else { Doing::Latching }
            }
            kind::LOCK_MODS => {
                let state = &mut self.input.keyboard.state;
                let before = state.locked & action[2];
                if action[1] & NO_LOCK == 0 {
                    state.locked |= action[2];
                }
                step.set = action[2];
                Doing::Locking(before)
            }
            kind::LOCK_GROUP => {
                self.input.keyboard.lock_group(action);
                return true;
            }
            kind::ISO_LOCK => {
                let state = &mut self.input.keyboard.state;
                if action[1] & DEFAULT_IS_GROUP != 0 {
                    step.group = i16::from(action[4] as i8);
                } else {
                    step.set = action[2];
                }
                if action[1] & SPARE_MODIFIERS == 0 && state.base != 0 {
                    state.locked ^= state.base;
                    Doing::IsoLocking(false)
                } else {
                    Doing::IsoLocking(true)
                }
            }
            kind::MOVE_PTR => {
                let at = |high: u8, low: u8| i32::from(i16::from_be_bytes([high, low]));
                let (x, y) = (at(action[2], action[3]), at(action[4], action[5]));
                let absolute = [action[1] & ABSOLUTE_X != 0, action[1] & ABSOLUTE_Y != 0];
                self.move_by_key(absolute, x, y);
                let controls = self.input.keyboard.description.controls;
                let accelerated =
                    action[1] & NO_ACCELERATION == 0 && controls.is_on(control::MOUSE_KEYS_ACCEL);
                self.input.keyboard.access.cancel_repeat(code);
                let now = self.time;
                self.input.keyboard.access.move_on(code, absolute, [x, y], accelerated, now, &controls);
                self.running_from(code, Doing::Moving, action);
                return false;
            }
            kind::PTR_BTN | kind::LOCK_PTR_BTN | kind::SET_PTR_DFLT => {
                self.begin_button(code, action);
                return false;
            }
            kind::SET_CONTROLS | kind::LOCK_CONTROLS => {
                let wanted = controls_of(action);
                let enabled = self.input.keyboard.description.controls.enabled;
                let before = if action[0] == kind::LOCK_CONTROLS { enabled & wanted } else { wanted };
                let cause = Cause::key(code, xproto::KEY_PRESS_EVENT);
                self.switch_controls(enabled | wanted, cause);
                if wanted & !enabled != 0 {
                    self.beep(Beep::FeatureOn);
                }
                Doing::Controlling(before)
            }
            kind::ACTION_MESSAGE => {
                if action[1] & ON_PRESS != 0 {
                    xkb::action_message(self, code, true, action);
                }
                if action[1] & ON_RELEASE != 0 || action[1] & WITH_EVENT == 0 {
                    self.running_from(code, Doing::Telling, action);
                }
                return action[1] & WITH_EVENT != 0;
            }
            kind::REDIRECT_KEY => {
                if action[1] < MIN_KEYCODE {
                    return true;
                }
                self.running_from(code, Doing::Redirecting, action);
                self.press_other(action, true, raw);
                return false;
            }
            // An embedded server ends when its embedder says so, and has one screen and the user's own buttons.
            kind::TERMINATE
            | kind::SWITCH_SCREEN
            | kind::DEVICE_BTN
            | kind::LOCK_DEVICE_BTN
            | kind::PRIVATE => {
                return false;
            }
            _ => return true,
        };
        self.running_from(code, doing, action);
        true
    }

    fn running_from(&mut self, code: u8, doing: Doing, action: Action) {
        self.input.keyboard.run(Running { code, doing, action });
    }

    /// A key goes up: what it did ends; whether its event is told.
    fn end(&mut self, code: u8, raw: RawEvent, step: &mut Step) -> bool {
        let mut sent = true;
        let mut all = std::mem::take(&mut self.input.keyboard.running);
        let mut ended = Vec::new();
        all.retain_mut(|running| {
            if running.code != code || running.doing == Doing::Latched {
                return true;
            }
            if running.doing == Doing::Latching {
                return self.input.keyboard.latch(running, step);
            }
            ended.push(*running);
            false
        });
        self.input.keyboard.running = all;
        for Running { doing, action, .. } in ended {
            sent &= self.end_one(code, doing, action, raw, step);
        }
        sent
    }

    fn end_one(&mut self, code: u8, doing: Doing, action: Action, raw: RawEvent, step: &mut Step) -> bool {
        let state = &mut self.input.keyboard.state;
        match doing {
            Doing::Holding if changes_modifiers(action) => {
                step.clear |= action[2];
                if action[1] & CLEAR_LOCKS != 0 {
                    state.locked &= !action[2];
                }
            }
            Doing::Holding => {
                step.group -= group_of(action);
                if action[1] & CLEAR_LOCKS != 0 {
                    state.group_locked = 0;
                }
            }
            Doing::Locking(before) => {
                step.clear |= action[2];
                if action[1] & NO_UNLOCK == 0 {
                    state.locked &= !before;
                }
            }
            Doing::IsoLocking(itself) if action[1] & DEFAULT_IS_GROUP != 0 => {
                step.group -= i16::from(action[4] as i8);
                if itself {
                    state.group_locked = state.group_locked.wrapping_add(action[4]);
                }
            }
            Doing::IsoLocking(itself) => {
                step.clear |= action[2];
                if itself {
                    state.locked ^= action[2];
                }
            }
            Doing::Moving => {
                self.input.keyboard.access.stop_moving(code);
                return false;
            }
            Doing::Pressing => {
                self.end_button(action);
                return false;
            }
            Doing::Controlling(switched) => {
                let enabled = self.input.keyboard.description.controls.enabled;
                self.switch_controls(enabled & !switched, Cause::key(code, xproto::KEY_RELEASE_EVENT));
                if enabled & switched != 0 {
                    self.beep(Beep::FeatureOff);
                }
            }
            Doing::Telling => {
                if action[1] & ON_RELEASE != 0 {
                    xkb::action_message(self, code, false, action);
                }
                return action[1] & WITH_EVENT != 0;
            }
            Doing::Redirecting => {
                self.press_other(action, false, raw);
                return false;
            }
            Doing::Latching | Doing::Latched => {}
        }
        true
    }

    /// Switches controls on and off; sticky keys leave nothing latched or locked behind.
    pub(super) fn switch_controls(&mut self, enabled: u32, cause: Cause) {
        let keyboard = &mut self.input.keyboard;
        let old = keyboard.description.controls;
        keyboard.description.controls.enabled = enabled;
        if old.is_on(control::STICKY_KEYS) && enabled & control::STICKY_KEYS == 0 {
            keyboard.clear_latches_and_locks();
        }
        xkb::controls_may_have_changed(self, &old, cause);
    }

    fn begin_button(&mut self, code: u8, mut action: Action) {
        let controls = &mut self.input.keyboard.description.controls;
        let old = *controls;
        let button = if action[3] == 0 { controls.default_button } else { action[3] };
        self.input.keyboard.access.cancel_repeat(code);
        match action[0] {
            kind::LOCK_PTR_BTN => {
                action[3] = button;
                let locked = self.input.keyboard.locked_buttons.contains(&button);
                if !locked && action[1] & NO_LOCK == 0 {
                    self.input.keyboard.locked_buttons.push(button);
                    self.press_by_key(button, true);
                    action[0] = kind::NONE;
                }
            }
            kind::PTR_BTN => {
                let clicks = action[2];
                action[3] = button;
                if clicks > 0 {
                    for _ in 0..clicks {
                        self.press_by_key(button, true);
                        self.press_by_key(button, false);
                    }
                    action[0] = kind::NONE;
                } else {
                    self.press_by_key(button, true);
                }
            }
            _ => {
                // Of defaults there is the button's alone.
                if action[2] == 1 {
                    let value = action[3] as i8;
                    controls.default_button = if action[1] & DEFAULT_BUTTON_ABSOLUTE != 0 {
                        value as u8
                    } else {
                        controls.default_button.saturating_add_signed(value).clamp(1, 5)
                    };
                    let cause = Cause::key(code, xproto::KEY_PRESS_EVENT);
                    xkb::controls_may_have_changed(self, &old, cause);
                }
                action[0] = kind::NONE;
            }
        }
        self.running_from(code, Doing::Pressing, action);
    }

    fn end_button(&mut self, action: Action) {
        let button = action[3];
        match action[0] {
            kind::LOCK_PTR_BTN => {
                let locked = self.input.keyboard.locked_buttons.contains(&button);
                if locked && action[1] & NO_UNLOCK == 0 {
                    self.input.keyboard.locked_buttons.retain(|locked| *locked != button);
                    self.press_by_key(button, false);
                }
            }
            kind::PTR_BTN => self.press_by_key(button, false),
            _ => {}
        }
    }

    /// A key is a button of the pointer.
    fn press_by_key(&mut self, number: u8, pressed: bool) {
        let pointer = &self.input.pointer;
        if number == 0 || usize::from(number) > pointer.map.len() {
            return;
        }
        if pointer.held[usize::from(number)] != pressed {
            self.inject_test(RawKind::Button { number, pressed });
        }
    }

    /// A key moves the pointer.
    pub(super) fn move_by_key(&mut self, absolute: [bool; 2], x: i32, y: i32) {
        if absolute == [false, false] {
            self.move_by(Origin::Test, x, y);
        } else {
            self.inject_test(RawKind::Motion { x, y });
        }
    }

    /// Another key is told, with other modifiers.
    fn press_other(&mut self, action: Action, pressed: bool, raw: RawEvent) {
        let keyboard = &mut self.input.keyboard;
        let description = &keyboard.description;
        let virtuals = |high: u8, low: u8| description.real(u16::from_be_bytes([high, low]));
        let mask = action[2] | virtuals(action[4], action[5]);
        let modifiers = (action[3] | virtuals(action[6], action[7])) & mask;
        let old = keyboard.state;
        for part in [&mut keyboard.state.base, &mut keyboard.state.latched, &mut keyboard.state.locked] {
            *part = *part & !mask | modifiers;
        }
        keyboard.derive(old.buttons);
        let state = self.input.state();
        self.set_down(action[1], pressed);
        self.report_key(action[1], pressed, state, raw, None);
        self.input.keyboard.state = old;
    }
}

impl super::Keyboard {
    /// The key of a latch goes up with no other pressed meanwhile; whether something is latched.
    fn latch(&mut self, running: &mut Running, step: &mut Step) -> bool {
        let flags = running.action[1];
        let state = &mut self.state;
        if running.action[0] == kind::LATCH_MODS {
            let mut mask = running.action[2];
            step.clear |= mask;
            if flags & CLEAR_LOCKS != 0 {
                let common = mask & state.locked;
                mask &= !common;
                state.locked &= !common;
                step.stuck[2] |= common != 0;
            }
            if flags & LATCH_TO_LOCK != 0 {
                let common = mask & state.latched;
                mask &= !common;
                state.locked |= common;
                state.latched &= !common;
                step.stuck[1] |= common != 0;
            }
            state.latched |= mask;
            step.stuck[0] |= mask != 0;
            running.doing = Doing::Latched;
            return mask != 0;
        }
        let group = group_of(running.action);
        step.group -= group;
        if flags & CLEAR_LOCKS != 0 && state.group_locked != 0 {
            state.group_locked = 0;
            return false;
        }
        if flags & LATCH_TO_LOCK != 0 && state.group_latched != 0 {
            state.group_locked = state.group_locked.wrapping_add(group as u8);
            state.group_latched = state.group_latched.saturating_sub(group);
            return false;
        }
        state.group_latched = state.group_latched.saturating_add(group);
        running.doing = Doing::Latched;
        group != 0
    }
}

/// The controls of an action.
fn controls_of(action: Action) -> u32 {
    u32::from_be_bytes([action[2], action[3], action[4], action[5]]) & control::BOOLEAN
}
