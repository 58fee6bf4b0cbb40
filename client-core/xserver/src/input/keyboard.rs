//! The keyboard: keys held, modifiers, the core map of keysyms, the focus, and the requests about them.

use std::borrow::Cow;

use x11rb_protocol::protocol::xproto::{
    self, AutoRepeatMode, ChangeKeyboardMappingRequest, GetInputFocusReply, GetKeyboardControlReply,
    GetKeyboardMappingReply, GetKeyboardMappingRequest, GetModifierMappingReply, Mapping, MappingStatus,
    QueryKeymapReply, SetModifierMappingReply,
};

use super::crossing::MODE_WHILE_GRABBED;
use super::grab::{Grab, Until};
use super::group::Groups;
use super::{Device, DeviceEvent, Focus, Origin, RawEvent};
use crate::client::ClientId;
use crate::config::{Key, Keymap};
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::extension::xkb;
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::{ROOT, Server, ServerEvent};
use crate::value_list::{ValueList, tail, word};

const MIN_KEYCODE: u8 = 8;
const MAX_KEYCODE: u8 = 255;

const CAPS_LOCK: u32 = 0xffe5;
const SHIFT_LOCK: u32 = 0xffe6;
const NUM_LOCK: u32 = 0xff7f;

/// The keyboard's state and maps.
#[derive(Debug, Clone)]
pub(crate) struct Keyboard {
    /// Keys held: a bit per keycode.
    pub(crate) down: [u8; 32],
    /// Modifiers of the keys held.
    pub(crate) base: u8,
    /// Modifiers that hold for the next key.
    pub(crate) latched: u8,
    /// Modifiers that stay on.
    pub(crate) locked: u8,
    /// Those of them that the user has locked, and no client has.
    pub(crate) users_locks: u8,
    /// Modifiers to be unlocked when their key goes up.
    unlocking: u8,
    pub(crate) groups: Groups,
    /// Keysyms by keycode, from 8.
    pub(crate) keysyms: Vec<Vec<u32>>,
    pub(crate) keysyms_per_keycode: u8,
    /// Keycodes of each of the eight modifiers.
    pub(crate) modifiers: [Vec<u8>; 8],
    /// Keys held down repeat.
    pub(crate) repeat: bool,
    /// Which of them may: a bit per keycode.
    pub(crate) repeats: [u8; 32],
    /// Milliseconds until the first repetition and between the others, as clients want them. The embedder, which
    /// repeats keys, has its own.
    pub(crate) repeat_timing: (u16, u16),
    /// The press being told is the second half of a repetition.
    pub(crate) repeating_press: bool,
    /// The release being told is the first half of a repetition.
    pub(crate) repeating: bool,
    click_percent: u8,
    bell: (u8, u16, u16),
    led_mask: u32,
}

const DEFAULT_BELL: (u8, u16, u16) = (50, 400, 100);

/// Keysyms of a US keyboard with evdev keycodes: a first keycode, then base and shifted keysyms in turn.
#[rustfmt::skip]
const US: &[(u8, &[(u32, u32)])] = &[
    (9, &[(0xff1b, 0), (0x31, 0x21), (0x32, 0x40), (0x33, 0x23), (0x34, 0x24), (0x35, 0x25), (0x36, 0x5e), (0x37, 0x26),
        (0x38, 0x2a), (0x39, 0x28), (0x30, 0x29), (0x2d, 0x5f), (0x3d, 0x2b), (0xff08, 0), (0xff09, 0xfe20)]),
    (24, &[(0x71, 0x51), (0x77, 0x57), (0x65, 0x45), (0x72, 0x52), (0x74, 0x54), (0x79, 0x59), (0x75, 0x55), (0x69, 0x49),
        (0x6f, 0x4f), (0x70, 0x50), (0x5b, 0x7b), (0x5d, 0x7d), (0xff0d, 0), (0xffe3, 0)]),
    (38, &[(0x61, 0x41), (0x73, 0x53), (0x64, 0x44), (0x66, 0x46), (0x67, 0x47), (0x68, 0x48), (0x6a, 0x4a), (0x6b, 0x4b),
        (0x6c, 0x4c), (0x3b, 0x3a), (0x27, 0x22), (0x60, 0x7e), (0xffe1, 0), (0x5c, 0x7c)]),
    (52, &[(0x7a, 0x5a), (0x78, 0x58), (0x63, 0x43), (0x76, 0x56), (0x62, 0x42), (0x6e, 0x4e), (0x6d, 0x4d), (0x2c, 0x3c),
        (0x2e, 0x3e), (0x2f, 0x3f), (0xffe2, 0), (0xffaa, 0), (0xffe9, 0xffe7), (0x20, 0x20), (0xffe5, 0)]),
    (67, &[(0xffbe, 0), (0xffbf, 0), (0xffc0, 0), (0xffc1, 0), (0xffc2, 0), (0xffc3, 0), (0xffc4, 0), (0xffc5, 0),
        (0xffc6, 0), (0xffc7, 0), (0xff7f, 0), (0xff14, 0)]),
    (79, &[(0xff95, 0xffb7), (0xff97, 0xffb8), (0xff9a, 0xffb9), (0xffad, 0), (0xff96, 0xffb4), (0xff9d, 0xffb5),
        (0xff98, 0xffb6), (0xffab, 0), (0xff9c, 0xffb1), (0xff99, 0xffb2), (0xff9b, 0xffb3), (0xff9e, 0xffb0),
        (0xff9f, 0xffae)]),
    (94, &[(0x3c, 0x3e), (0xffc8, 0), (0xffc9, 0)]),
    (104, &[(0xff8d, 0), (0xffe4, 0), (0xffaf, 0), (0xff61, 0xff15), (0xffea, 0xffe8), (0xff0a, 0), (0xff50, 0),
        (0xff52, 0), (0xff55, 0), (0xff51, 0), (0xff53, 0), (0xff57, 0), (0xff54, 0), (0xff56, 0), (0xff63, 0),
        (0xffff, 0)]),
    (121, &[(0x1008_ff12, 0), (0x1008_ff11, 0), (0x1008_ff13, 0)]),
    (127, &[(0xff13, 0xff6b)]),
    (133, &[(0xffeb, 0), (0xffec, 0), (0xff67, 0)]),
    // Keys that no keyboard has, for modifiers that none of its keys is
    (92, &[(0xfe03, 0)]),
    (203, &[(0xff7e, 0), (0, 0xffe9), (0, 0xffe7), (0, 0xffeb), (0, 0xffed)]),
];

impl Default for Keyboard {
    fn default() -> Self {
        let mut keysyms = vec![Vec::new(); usize::from(MAX_KEYCODE - MIN_KEYCODE) + 1];
        for (first, keys) in US {
            for (offset, (base, shifted)) in keys.iter().enumerate() {
                keysyms[usize::from(first - MIN_KEYCODE) + offset] = vec![*base, *shifted];
            }
        }
        let mut repeats = [0xff; 32];
        // No keycodes, modifiers, and what stands for modifiers in groups
        for silent in (0..8).chain([37_usize, 50, 62, 64, 66, 77, 92, 105, 108, 133, 134, 203, 255]) {
            repeats[silent / 8] &= !(1 << (silent % 8));
        }
        Self {
            down: [0; 32],
            base: 0,
            latched: 0,
            locked: 0,
            users_locks: 0,
            unlocking: 0,
            groups: Groups::default(),
            keysyms,
            keysyms_per_keycode: 7,
            modifiers: [
                vec![50, 62],
                vec![66],
                vec![37, 105],
                vec![64, 108, 205],
                vec![77],
                Vec::new(),
                vec![133, 134, 206, 207],
                vec![92, 203],
            ],
            repeat: true,
            repeats,
            repeat_timing: (660, 40),
            repeating: false,
            repeating_press: false,
            click_percent: 0,
            bell: DEFAULT_BELL,
            led_mask: 0,
        }
    }
}

/// The columns of the core map (XKB protocol, 12.4): two levels of each of two groups, then what is left of the first
/// group and of the second. A key with one group has it twice.
fn core_columns(groups: &[Vec<u32>]) -> Vec<u32> {
    let Some(first) = groups.first() else { return Vec::new() };
    let second = groups.get(1);
    let level = |group: &[u32], index: usize| group.get(index).copied().unwrap_or(0);
    if second.is_none() && first.len() <= 2 {
        return first.clone();
    }
    let other = second.unwrap_or(first);
    let mut columns = vec![level(first, 0), level(first, 1), level(other, 0), level(other, 1)];
    columns.extend(first.iter().skip(2));
    if let Some(second) = second {
        columns.resize(columns.len().max(6), 0);
        columns.extend(second.iter().skip(2));
    }
    columns
}

/// X11 §5, "Keyboards": what a list of one or two keysyms stands for.
fn all_columns(syms: &[u32]) -> Cow<'_, [u32]> {
    let (lower, upper) = match *syms {
        [sym @ 0x61..=0x7a] | [sym @ 0x61..=0x7a, 0] => (sym, sym - 0x20),
        [sym @ 0x41..=0x5a] | [sym @ 0x41..=0x5a, 0] => (sym + 0x20, sym),
        [sym] => (sym, 0),
        [lower, upper] => (lower, upper),
        _ => return Cow::Borrowed(syms),
    };
    Cow::Owned(vec![lower, upper, lower, upper])
}

impl Keyboard {
    /// Modifiers as in the state of events.
    pub(crate) fn state(&self) -> u16 {
        u16::from(self.base | self.latched | self.locked)
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

    /// Takes another map. Keys that are held and modifiers that are locked stay so.
    pub(crate) fn set_map(&mut self, keymap: &Keymap) {
        for syms in &mut self.keysyms {
            syms.clear();
        }
        self.modifiers = Default::default();
        self.groups.set(keymap);
        for key in &keymap.keys {
            if !self.has_keycode(key.code) {
                continue;
            }
            if let Some(syms) = self.keysyms.get_mut(usize::from(key.code - MIN_KEYCODE)) {
                *syms = core_columns(&key.groups);
                // No keyboard has more groups or levels.
                syms.truncate(usize::from(u8::MAX));
            }
            for (_, keys) in
                self.modifiers.iter_mut().enumerate().filter(|(bit, _)| key.modifiers >> bit & 1 == 1)
            {
                if !keys.contains(&key.code) {
                    keys.push(key.code);
                }
            }
            let bit = 1 << (key.code % 8);
            let byte = &mut self.repeats[usize::from(key.code / 8)];
            *byte = if key.repeats { *byte | bit } else { *byte & !bit };
        }
        for keys in &mut self.modifiers {
            keys.sort_unstable();
        }
        let widest = self.keysyms.iter().map(Vec::len).max().unwrap_or(0);
        let width = widest.clamp(7, usize::from(u8::MAX));
        self.keysyms_per_keycode = width as u8;
        // A key with one group has the rest of it twice too, as far as there is room.
        for syms in &mut self.keysyms {
            if syms.len() > 4 && syms.get(..2) == syms.get(2..4) {
                syms.extend_from_within(4..);
                syms.truncate(width);
            }
        }
    }

    /// The map, key by key.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let level = |syms: &[u32], at: [usize; 2]| {
            let mut group: Vec<u32> = at.map(|index| syms.get(index).copied().unwrap_or(0)).to_vec();
            if group[1] == 0 {
                group.pop();
            }
            group
        };
        (MIN_KEYCODE..=MAX_KEYCODE)
            .zip(&self.keysyms)
            .map(|(code, syms)| {
                let mut first = level(syms, [0, 1]);
                let mut groups = Vec::new();
                if syms.len() > 4 {
                    first.resize(2, 0);
                    first.extend(syms.iter().skip(4).take(2));
                }
                let second = level(syms, [2, 3]);
                let one = syms.len() <= 2 || syms.get(..2) == syms.get(2..4);
                if let Some(several) = self.groups.of(code) {
                    groups = several.to_vec();
                } else {
                    groups.push(first);
                    if !one {
                        groups.push(second);
                    }
                }
                let repeats = self.repeats[usize::from(code / 8)] & (1 << (code % 8)) != 0;
                Key { code, groups, modifiers: self.modifiers_of(code), repeats }
            })
            .collect()
    }

    /// The modifier that leads to levels three and four: `ISO_Level3_Shift` where keys have them as levels, else
    /// `Mode_switch`, by which the core protocol reaches the second group.
    pub(crate) fn third_level(&self) -> u8 {
        const LEVEL3_SHIFT: u32 = 0xfe03;
        const MODE_SWITCH: u32 = 0xff7e;
        let as_levels = self.keysyms.iter().any(|syms| syms.iter().skip(4).any(|sym| *sym != 0));
        self.modifiers_with(if as_levels { LEVEL3_SHIFT } else { MODE_SWITCH })
    }

    /// Columns per key, and the keysyms of these keycodes, key by key.
    pub(crate) fn columns(&self, first: u8, count: u8) -> (u8, Vec<u32>) {
        let width = usize::from(self.keysyms_per_keycode);
        let first = usize::from(first.saturating_sub(self.min_keycode()));
        let mut keysyms = Vec::with_capacity(width * usize::from(count));
        for syms in self.keysyms.iter().skip(first).take(usize::from(count)) {
            let columns = all_columns(syms);
            keysyms.extend((0..width).map(|column| columns.get(column).copied().unwrap_or(0)));
        }
        (width as u8, keysyms)
    }

    /// Key click in percent, the bell (percent, hertz, milliseconds), and which keys repeat.
    pub(crate) fn feedback(&self) -> (u8, (u8, u16, u16), bool, [u8; 32]) {
        (self.click_percent, self.bell, self.repeat, self.repeats)
    }

    /// Whether keys repeat, which, and when.
    pub(crate) fn repetition(&self) -> (bool, [u8; 32], (u16, u16)) {
        (self.repeat, self.repeats, self.repeat_timing)
    }

    pub(crate) fn has_keycode(&self, code: u8) -> bool {
        code >= self.min_keycode() && code <= self.max_keycode()
    }

    pub(crate) fn is_down(&self, code: u8) -> bool {
        self.down[usize::from(code / 8)] & (1 << (code % 8)) != 0
    }

    pub(crate) fn held_keys(&self) -> Vec<u8> {
        (MIN_KEYCODE..=MAX_KEYCODE).filter(|code| self.is_down(*code)).collect()
    }

    pub(crate) fn modifiers_of(&self, code: u8) -> u8 {
        self.modifiers
            .iter()
            .enumerate()
            .filter(|(_, keys)| keys.contains(&code))
            .fold(0, |all, (bit, _)| all | 1 << bit)
    }

    /// Modifiers of the keys that have this keysym.
    pub(crate) fn modifiers_with(&self, sym: u32) -> u8 {
        let has_sym = |code: &u8| {
            // It is a modifier for what it is in the first group.
            let first = self.groups.of(*code).and_then(<[Vec<u32>]>::first);
            let syms = first.or_else(|| self.keysyms.get(usize::from(code.saturating_sub(MIN_KEYCODE))));
            syms.is_some_and(|syms| syms.contains(&sym))
        };
        let modifiers = self.modifiers.iter().enumerate();
        modifiers.filter(|(_, keys)| keys.iter().any(has_sym)).fold(0, |all, (bit, _)| all | 1 << bit)
    }

    /// The modifier that Num Lock is.
    pub(crate) fn num_lock(&self) -> u8 {
        self.modifiers_with(NUM_LOCK)
    }

    pub(crate) fn is_locking(&self, code: u8) -> bool {
        let syms = self.keysyms.get(usize::from(code.saturating_sub(MIN_KEYCODE)));
        syms.is_some_and(|syms| syms.iter().any(|sym| matches!(*sym, CAPS_LOCK | SHIFT_LOCK | NUM_LOCK)))
    }

    fn does_repeat(&self, code: u8) -> bool {
        self.repeat && self.repeats[usize::from(code / 8)] & (1 << (code % 8)) != 0
    }

    /// Changes keys held and modifiers.
    fn apply(&mut self, code: u8, pressed: bool) {
        let bit = 1 << (code % 8);
        let byte = &mut self.down[usize::from(code / 8)];
        *byte = if pressed { *byte | bit } else { *byte & !bit };
        self.change_group(code, pressed);
        let modifiers = self.modifiers_of(code);
        if modifiers != 0 && self.is_locking(code) {
            if pressed {
                self.unlocking |= self.locked & modifiers;
                self.locked |= modifiers;
            } else {
                self.locked &= !(self.unlocking & modifiers);
                self.unlocking &= !modifiers;
            }
        }
        self.base = (MIN_KEYCODE..=MAX_KEYCODE)
            .filter(|code| self.is_down(*code))
            .map(|code| self.groups.modifiers_instead(code).unwrap_or_else(|| self.modifiers_of(code)))
            .fold(0, |all, modifiers| all | modifiers);
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
            let mut before = keyboard.clone();
            before.base = 0;
            for held in before.held_keys().into_iter().filter(|held| *held != code || !pressed) {
                before.base |= before.modifiers_of(held);
            }
            let group = u16::from(before.groups.effective()) << 13;
            let state = before.state() | group | self.input.pointer.state();
            self.report_key(code, pressed, state, raw, below);
            return;
        }
        if pressed && keyboard.is_down(code) {
            // Only the user's keys repeat; that a client presses one again (XTEST) is nothing new.
            if keyboard.does_repeat(code) && raw.origin == Origin::User {
                // A repetition looks like going up and down at one time.
                let state = self.input.state();
                self.input.keyboard.repeating = true;
                self.report_key(code, false, state, raw, None);
                self.input.keyboard.repeating = false;
                self.input.keyboard.repeating_press = true;
                self.report_key(code, true, state, raw, None);
                self.input.keyboard.repeating_press = false;
            }
            return;
        }
        if !pressed && !keyboard.is_down(code) {
            return;
        }
        let state = self.input.state();
        self.input.keyboard.apply(code, pressed);
        if pressed && self.input.keyboard.modifiers_of(code) == 0 {
            self.input.keyboard.latched = 0;
        }
        self.input.pointer.hint = None;
        self.report_key(code, pressed, state, raw, None);
    }

    fn report_key(&mut self, code: u8, pressed: bool, state: u16, raw: RawEvent, below: Option<Xid>) {
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
                self.input.keyboard.apply(code, false);
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
            path.retain(|window| !self.is_inferior(below, *window));
        }
        let Some((window, passive)) = self.find_passive(&path, Device::Keyboard, event.detail, event.state)
        else {
            return false;
        };
        let grab = Grab {
            client: passive.client,
            window,
            owner_events: passive.owner_events,
            events: passive.events,
            confine_to: 0,
            cursor: None,
            xi: passive.xi,
            until: Until::KeyReleased(event.detail),
        };
        self.input.keyboard_grab_time = raw.time;
        self.activate(Device::Keyboard, grab, (passive.pointer_async, passive.keyboard_async), Some(raw));
        let event = DeviceEvent { source: self.input.pointer.window, ..*event };
        if passive.xi.is_some() {
            self.xi_grab_event(passive.client, window, &event.core());
        } else {
            self.send_device_event(&event, window, passive.client, mask::KEY_PRESS);
        }
        true
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

    pub(crate) fn get_keyboard_mapping(
        &mut self,
        client: ClientId,
        request: &GetKeyboardMappingRequest,
    ) -> Outcome {
        let keyboard = &self.input.keyboard;
        if request.first_keycode < keyboard.min_keycode() {
            return Err(XError::value(u32::from(request.first_keycode)));
        }
        let end = u16::from(request.first_keycode) + u16::from(request.count);
        if end > u16::from(keyboard.max_keycode()) + 1 {
            return Err(XError::value(u32::from(request.count)));
        }
        let (width, keysyms) = keyboard.columns(request.first_keycode, request.count);
        let reply = GetKeyboardMappingReply { keysyms_per_keycode: width, sequence: 0, keysyms };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn change_keyboard_mapping(&mut self, request: &ChangeKeyboardMappingRequest<'_>) -> Outcome {
        self.replace_keysyms(request)?;
        self.notify_mapping(Mapping::KEYBOARD, request.first_keycode, request.keycode_count);
        Ok(())
    }

    /// Gives keys other meanings, of which nobody is told yet.
    pub(crate) fn replace_keysyms(&mut self, request: &ChangeKeyboardMappingRequest<'_>) -> Outcome {
        let keyboard = &mut self.input.keyboard;
        let (first, count, width) =
            (request.first_keycode, request.keycode_count, request.keysyms_per_keycode);
        if first < MIN_KEYCODE || u16::from(first) + u16::from(count) > u16::from(MAX_KEYCODE) + 1 {
            return Err(XError::value(u32::from(first)));
        }
        if width == 0 {
            return Err(XError::value(0));
        }
        let place = usize::from(first - MIN_KEYCODE);
        for (syms, slot) in
            request.keysyms.chunks_exact(usize::from(width)).zip(keyboard.keysyms.iter_mut().skip(place))
        {
            *slot = syms.to_vec();
        }
        for code in first..=first.saturating_add(count.saturating_sub(1)) {
            keyboard.groups.forget(code);
        }
        keyboard.keysyms_per_keycode = keyboard.keysyms_per_keycode.max(width);
        Ok(())
    }

    pub(crate) fn get_modifier_mapping(&mut self, client: ClientId) -> Outcome {
        let modifiers = &self.input.keyboard.modifiers;
        let width = modifiers.iter().map(Vec::len).max().unwrap_or(0);
        let keycodes = modifiers
            .iter()
            .flat_map(|keys| (0..width).map(|column| keys.get(column).copied().unwrap_or(0)))
            .collect();
        self.reply(client, &GetModifierMappingReply { sequence: 0, length: 0, keycodes });
        Ok(())
    }

    pub(crate) fn set_modifier_mapping(&mut self, client: ClientId, width: u8, map: &[u8]) -> Outcome {
        let status = self.replace_modifiers(width, map)?;
        if status == MappingStatus::SUCCESS {
            self.notify_mapping(Mapping::MODIFIER, 0, 0);
        }
        self.reply(client, &SetModifierMappingReply { status, sequence: 0, length: 0 });
        Ok(())
    }

    /// Takes other modifiers unless a key that changes is held; of which nobody is told yet.
    pub(crate) fn replace_modifiers(&mut self, width: u8, map: &[u8]) -> Outcome<MappingStatus> {
        let keyboard = &mut self.input.keyboard;
        let mut modifiers: [Vec<u8>; 8] = Default::default();
        let mut seen = Vec::new();
        for (index, code) in map.iter().copied().enumerate().filter(|(_, code)| *code != 0) {
            if !keyboard.has_keycode(code) || seen.contains(&code) {
                return Err(XError::value(u32::from(code)));
            }
            seen.push(code);
            let (modifier, column) = (index / usize::from(width.max(1)), index % usize::from(width.max(1)));
            if let Some(keys) = modifiers.get_mut(modifier) {
                // The places left free stay free: whoever asks is told what was set.
                keys.resize(column, 0);
                keys.push(code);
            }
        }
        let busy = keyboard.modifiers.iter().zip(&modifiers).any(|(old, new)| {
            let changed = |code: &&u8| old.contains(code) != new.contains(code);
            old.iter().chain(new).filter(changed).any(|code| keyboard.is_down(*code))
        });
        if busy {
            return Ok(MappingStatus::BUSY);
        }
        keyboard.modifiers = modifiers;
        Ok(MappingStatus::SUCCESS)
    }

    pub(crate) fn change_keyboard_control(&mut self, body: &[u8]) -> Outcome {
        let values = ValueList::new(word(body, 0)?, tail(body, 4)?)?.within(0xff)?;
        let mut led = None;
        let mut key = None;
        let before = self.input.keyboard.repetition();
        for (bit, value) in values.iter() {
            // Numbers are signed, of a byte or two within their word; what is chosen among few is a byte.
            let bad = XError::value(match bit {
                0 | 1 => i32::from(value as i8) as u32,
                2 | 3 => i32::from(value as i16) as u32,
                _ => value & 0xff,
            });
            let value = if bit >= 4 { value & 0xff } else { value };
            let keyboard = &mut self.input.keyboard;
            // Numbers are signed bytes or words, -1 restores the default.
            let percent = |default: u8| match value as i8 {
                -1 => Ok(default),
                percent @ 0..=100 => Ok(percent as u8),
                _ => Err(bad),
            };
            let word = |default: u16| match value as i16 {
                -1 => Ok(default),
                word if word >= 0 => Ok(word as u16),
                _ => Err(bad),
            };
            match bit {
                0 => keyboard.click_percent = percent(0)?,
                1 => keyboard.bell.0 = percent(DEFAULT_BELL.0)?,
                2 => keyboard.bell.1 = word(DEFAULT_BELL.1)?,
                3 => keyboard.bell.2 = word(DEFAULT_BELL.2)?,
                4 => {
                    if !(1..=32).contains(&(value as u8)) {
                        return Err(bad);
                    }
                    if values.mask() & (1 << 5) == 0 {
                        return Err(XError::MATCH);
                    }
                    led = Some(value as u8);
                }
                5 => {
                    let bits = led.map_or(u32::MAX, |led| 1 << (led - 1));
                    match value {
                        0 => keyboard.led_mask &= !bits,
                        1 => keyboard.led_mask |= bits,
                        _ => return Err(bad),
                    }
                }
                6 => {
                    if !keyboard.has_keycode(value as u8) {
                        return Err(bad);
                    }
                    if values.mask() & (1 << 7) == 0 {
                        return Err(XError::MATCH);
                    }
                    key = Some(value as u8);
                }
                _ => {
                    if value > 2 {
                        return Err(bad);
                    }
                    match key {
                        Some(key) => {
                            let bit = 1 << (key % 8);
                            let byte = &mut keyboard.repeats[usize::from(key / 8)];
                            *byte = if value == 0 { *byte & !bit } else { *byte | bit };
                        }
                        None => keyboard.repeat = value != 0,
                    }
                }
            }
        }
        xkb::repetition_may_have_changed(self, before, None);
        Ok(())
    }

    pub(crate) fn get_keyboard_control(&mut self, client: ClientId) -> Outcome {
        let keyboard = &self.input.keyboard;
        let reply = GetKeyboardControlReply {
            global_auto_repeat: if keyboard.repeat { AutoRepeatMode::ON } else { AutoRepeatMode::OFF },
            sequence: 0,
            length: 5,
            // The first two are Caps Lock and Num Lock.
            led_mask: (keyboard.led_mask & !0b11) | xkb::indicators(keyboard),
            key_click_percent: keyboard.click_percent,
            bell_percent: keyboard.bell.0,
            bell_pitch: keyboard.bell.1,
            bell_duration: keyboard.bell.2,
            auto_repeats: keyboard.repeats,
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn bell(&mut self, percent: i8) -> Outcome {
        let sound = self.bell_sound(percent)?;
        let (percent, pitch, duration) = sound;
        self.events.push_back(ServerEvent::Bell { percent, pitch, duration });
        xkb::bell_rang(self, sound, 0, 0, false);
        Ok(())
    }

    /// Loudness in percent, pitch in hertz and duration in milliseconds of a bell asked for with -100 to 100 percent.
    pub(crate) fn bell_sound(&self, percent: i8) -> Outcome<(u8, u16, u16)> {
        if !(-100..=100).contains(&percent) {
            return Err(XError::value(percent as u32));
        }
        let (base, pitch, duration) = self.input.keyboard.bell;
        let (base, percent) = (i32::from(base), i32::from(percent));
        // X11 §9, Bell.
        let volume =
            if percent >= 0 { base - base * percent / 100 + percent } else { base + base * percent / 100 };
        Ok((volume.clamp(0, 100) as u8, pitch, duration))
    }
}
