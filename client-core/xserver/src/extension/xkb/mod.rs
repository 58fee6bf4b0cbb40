//! XKEYBOARD: the one keyboard's state, locks, indicators and map, described and reported to clients that ask.
//!
//! What is here tells what the core keyboard does, in the words of XKB (version 1.0): the modifiers of [`Keyboard`] and
//! its latches, the map as [`map`] derives it from the core keysyms, two indicators that follow Caps Lock and Num Lock,
//! and the repetition of keys. There is one keyboard, with a group for each layout. The names of the user's layout (rules, model,
//! layout, variant, options: [`crate::KeyboardNames`]) are on the root window as `_XKB_RULES_NAMES`, where a program
//! that compiles keymaps itself finds them. Other maps are in [`load`]. Types, interpretations and indicators follow
//! from keysyms and modifiers: those that a client sets are checked for their length and otherwise left alone.
//! Controls other than the repetition are answered with `BadAccess`.

use std::collections::HashMap;

use x11rb_protocol::protocol::xproto::{self, PropMode};
use x11rb_protocol::x11_utils::{RequestHeader, Serialize};

use super::{Extension, number};
use crate::atom::STRING;
use crate::byte_order::{Layouts, swap_fields};
use crate::client::ClientId;
use crate::config::KeyboardNames;
use crate::error::{Outcome, XError};
use crate::input::{Input, Keyboard};
use crate::server::{ROOT, Server, ServerEvent};
use crate::value_list::{half, tail, word};

mod load;
mod map;

pub(crate) use load::load_first_keymap;

pub(crate) const EXTENSION: Extension = Extension {
    name: "XKEYBOARD",
    major: number::XKEYBOARD,
    first_event: number::XKEYBOARD_EVENT,
    first_error: number::XKEYBOARD_ERROR,
    dispatch,
    // SelectEvents, GetMap, GetNames and the events (one code for all of them) have functions of their own.
    layouts: &Layouts {
        requests: &[
            "22",
            "",
            "",
            "222111122244",
            "2",
            "2111111112",
            "2",
            "211112222112244422222222224422",
            "222111111112",
            "",
            "21122",
            "2",
            "2",
            "224",
            "224",
            "22224",
            "",
            "224",
            "",
            "224",
            "",
            "2244444",
            "22",
            "222",
            "22111122",
        ],
        replies: &[
            "22",
            "",
            "",
            "",
            "111111221111112",
            "",
            "111111112222222222222222444",
            "",
            "",
            "",
            "11222@*4111111111111",
            "",
            "4",
            "44@*11111124",
            "",
            "4111111111124",
            "",
            "",
            "",
            "",
            "",
            "4444",
            "",
            "111122",
            "222211111122242",
        ],
        events: &[""],
    },
};

/// The keyboard's device id.
const DEVICE: u8 = 3;
const USE_CORE_KEYBOARD: u16 = 0x100;
/// The real modifiers by name.
const SHIFT: u8 = 1;
const LOCK: u8 = 2;

/// Event types (XKB protocol, 16.4): how many bytes each detail mask of `SelectEvents` has. `MapNotify` has its own place.
const DETAIL_SIZES: [usize; 12] = [2, 0, 2, 4, 4, 4, 2, 1, 1, 1, 2, 2];
const NEW_KEYBOARD_NOTIFY: usize = 0;
const MAP_NOTIFY: usize = 1;
const STATE_NOTIFY: usize = 2;
const CONTROLS_NOTIFY: usize = 3;
const INDICATOR_STATE_NOTIFY: usize = 4;
const BELL_NOTIFY: usize = 8;

/// Indicators: Caps Lock and Num Lock.
const INDICATORS: [&str; 2] = ["Caps Lock", "Num Lock"];
const ALL_INDICATORS: u32 = 0b11;

const REPEAT_KEYS: u32 = 1 << 0;
const AUDIBLE_BELL: u32 = 1 << 9;
const PER_KEY_REPEAT: u32 = 1 << 30;
const CONTROLS_ENABLED: u32 = 1 << 31;
const DETECTABLE_AUTO_REPEAT: u32 = 1;

/// What clients have asked for.
#[derive(Debug, Default)]
pub(crate) struct Xkb {
    /// Those that have sent `UseExtension`.
    clients: HashMap<ClientId, Watcher>,
    /// What the map is made from.
    names: Names,
}

/// The components of the map.
#[derive(Debug)]
struct Names {
    keycodes: String,
    types: String,
    compatibility: String,
    symbols: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            keycodes: "evdev".to_owned(),
            types: "complete".to_owned(),
            compatibility: "complete".to_owned(),
            symbols: "pc+us".to_owned(),
        }
    }
}

#[derive(Debug, Default)]
struct Watcher {
    /// Details selected, by type of event.
    selected: [u32; 12],
    /// A key that repeats is told as pressed again and again, and released once.
    detectable_repeat: bool,
}

impl Xkb {
    pub(crate) fn client_gone(&mut self, client: ClientId) {
        self.clients.remove(&client);
    }

    pub(crate) fn has_detectable_repeat(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_some_and(|watcher| watcher.detectable_repeat)
    }

    /// Whether the client learns about changes of the map from `MapNotify`, and not from `MappingNotify`.
    fn watches_map(&self, client: ClientId, parts: u16) -> bool {
        self.clients.get(&client).is_some_and(|watcher| watcher.selected[MAP_NOTIFY] & u32::from(parts) != 0)
    }
}

/// Modifiers and buttons at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    base: u8,
    latched: u8,
    locked: u8,
    /// Of the group: by keys held, latched, locked, and in effect.
    group_base: i16,
    group_latched: i16,
    group_locked: u8,
    group: u8,
    buttons: u16,
    indicators: u32,
}

impl State {
    pub(crate) fn of(input: &Input) -> Self {
        let keyboard = &input.keyboard;
        Self {
            base: keyboard.base,
            latched: keyboard.latched,
            locked: keyboard.locked,
            group_base: keyboard.groups.base,
            group_latched: keyboard.groups.latched,
            group_locked: keyboard.groups.locked,
            group: keyboard.groups.effective(),
            buttons: input.pointer.state(),
            indicators: indicators(keyboard),
        }
    }

    fn effective(self) -> u8 {
        self.base | self.latched | self.locked
    }

    /// What differs (XKB protocol, `STATEPART`).
    fn changes(self, new: Self) -> u16 {
        let mut parts = 0;
        for (changed, part) in [
            // Modifiers, compatibility, grab, and lookup states are all the effective modifiers here.
            (self.effective() != new.effective(), 0x1f01),
            (self.base != new.base, 1 << 1),
            (self.latched != new.latched, 1 << 2),
            (self.locked != new.locked, 1 << 3),
            (self.group != new.group, 1 << 4),
            (self.group_base != new.group_base, 1 << 5),
            (self.group_latched != new.group_latched, 1 << 6),
            (self.group_locked != new.group_locked, 1 << 7),
            (self.buttons != new.buttons, 1 << 13),
        ] {
            if changed {
                parts |= part;
            }
        }
        parts
    }
}

/// Indicators that are lit: a bit each.
pub(crate) fn indicators(keyboard: &Keyboard) -> u32 {
    let caps = u32::from(keyboard.locked & LOCK != 0);
    let num = u32::from(keyboard.locked & keyboard.num_lock() != 0);
    caps | num << 1
}

/// What caused a change of the state: a key or button, or a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause {
    pub(crate) detail: u8,
    pub(crate) event_type: u8,
    pub(crate) minor: u8,
}

impl Cause {
    fn request(minor: u8) -> Self {
        Self { detail: 0, event_type: 0, minor }
    }

    fn bytes(self) -> [u8; 4] {
        let major = if self.event_type == 0 { number::XKEYBOARD } else { 0 };
        [self.detail, self.event_type, major, self.minor]
    }
}

/// A reply or an event as it grows.
struct Message(Vec<u8>);

impl Message {
    fn reply() -> Self {
        Self(vec![1, DEVICE, 0, 0, 0, 0, 0, 0])
    }

    fn event(kind: usize, time: u32) -> Self {
        Self(vec![number::XKEYBOARD_EVENT, kind as u8, 0, 0]).long(time).bytes(&[DEVICE])
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn short(self, value: u16) -> Self {
        self.bytes(&value.to_ne_bytes())
    }

    fn long(self, value: u32) -> Self {
        self.bytes(&value.to_ne_bytes())
    }

    fn padded(mut self) -> Self {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn into_event(mut self) -> Vec<u8> {
        self.0.resize(32, 0);
        self.0
    }
}

impl Serialize for Message {
    type Bytes = Vec<u8>;

    fn serialize(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn serialize_into(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.0);
    }
}

/// Writes the names of the layout on the root window.
pub(crate) fn set_rules_names(server: &mut Server) {
    let KeyboardNames { rules, model, layout, variant, options } = server.config.keyboard.clone();
    let mut value = Vec::new();
    for name in [rules, model, layout, variant, options] {
        value.extend(name.bytes().filter(|byte| *byte != 0));
        value.push(0);
    }
    let name = server.atoms.intern(b"_XKB_RULES_NAMES");
    // It fails only where the embedder allows no properties at all; then there is none.
    if server.change_property(ROOT, name, STRING, 8, PropMode::REPLACE, &value).is_err() {
        tracing::warn!("no room for the property with the keyboard's names");
    }
}

/// Tells those who want to know what has changed since `before`.
pub(crate) fn state_may_have_changed(server: &mut Server, before: State, cause: Cause) {
    let now = State::of(&server.input);
    let changes = before.changes(now);
    if changes == 0 {
        return;
    }
    let all = now.effective();
    let event = Message::event(STATE_NOTIFY, server.time)
        .bytes(&[all, now.base, now.latched, now.locked, now.group])
        .short(now.group_base as u16)
        .short(now.group_latched as u16)
        .bytes(&[now.group_locked, all, all, all, all, all])
        .short(now.buttons)
        .short(changes)
        .bytes(&cause.bytes());
    tell(server, STATE_NOTIFY, u32::from(changes), event);
    let lit = before.indicators ^ now.indicators;
    if lit != 0 {
        let event =
            Message::event(INDICATOR_STATE_NOTIFY, server.time).bytes(&[0; 3]).long(now.indicators).long(lit);
        tell(server, INDICATOR_STATE_NOTIFY, lit, event);
    }
}

/// Which keys repeat, or whether any do, may have been changed.
pub(crate) fn repetition_may_have_changed(
    server: &mut Server,
    before: (bool, [u8; 32], (u16, u16)),
    minor: Option<u8>,
) {
    let keyboard = &server.input.keyboard;
    let switched = u32::from(keyboard.repeat != before.0) * REPEAT_KEYS;
    let mut changed = 0;
    if switched != 0 {
        changed |= CONTROLS_ENABLED;
    }
    if keyboard.repeats != before.1 {
        changed |= PER_KEY_REPEAT;
    }
    if keyboard.repeat_timing != before.2 {
        changed |= REPEAT_KEYS;
    }
    if changed == 0 {
        return;
    }
    let cause = match minor {
        Some(minor) => [0, 0, number::XKEYBOARD, minor],
        None => [0, 0, xproto::CHANGE_KEYBOARD_CONTROL_REQUEST, 0],
    };
    let event = Message::event(CONTROLS_NOTIFY, server.time)
        .bytes(&[1, 0, 0])
        .long(changed)
        .long(enabled_controls(keyboard))
        .long(switched)
        .bytes(&cause);
    tell(server, CONTROLS_NOTIFY, changed, event);
}

/// The core map changed: keysyms from a keycode on, or the modifier map (none given). Says which clients do not
/// want to hear of it in the words of the core protocol.
pub(crate) fn map_changed(server: &mut Server, keys: Option<(u8, u8)>) -> Vec<ClientId> {
    let keyboard = &server.input.keyboard;
    let (min, max) = (keyboard.min_keycode(), keyboard.max_keycode());
    let every = max - min + 1;
    // Types and actions follow from keysyms and modifiers.
    let (parts, syms) = match keys {
        Some(keys) => (map::TYPES | map::SYMS | map::ACTIONS, keys),
        None => (map::TYPES | map::ACTIONS | map::MODIFIERS, (0, 0)),
    };
    let modifiers = if keys.is_some() { (0, 0) } else { (min, every) };
    let event = Message::event(MAP_NOTIFY, server.time)
        .bytes(&[0])
        .short(parts)
        .bytes(&[min, max, 0, map::TYPE_COUNT, syms.0, syms.1, min, every, 0, 0])
        .bytes(&[modifiers.0, modifiers.1, modifiers.0, modifiers.1, 0, 0]);
    tell(server, MAP_NOTIFY, u32::from(parts), event);
    let ids: Vec<ClientId> = server.clients().map(|client| client.id).collect();
    ids.into_iter().filter(|client| server.xkb.watches_map(*client, parts)).collect()
}

/// A bell was asked for; the name is an atom or 0.
pub(crate) fn bell_rang(
    server: &mut Server,
    (percent, pitch, duration): (u8, u16, u16),
    name: u32,
    window: u32,
    silent: bool,
) {
    let event = Message::event(BELL_NOTIFY, server.time)
        .bytes(&[0, 0, percent])
        .short(pitch)
        .short(duration)
        .long(name)
        .long(window)
        .bytes(&[u8::from(silent)]);
    tell(server, BELL_NOTIFY, 1, event);
}

fn tell(server: &mut Server, kind: usize, details: u32, event: Message) {
    let event = event.into_event();
    let wanted =
        server.xkb.clients.iter().filter(|(_, watcher)| {
            watcher.selected.get(kind).is_some_and(|selected| selected & details != 0)
        });
    let clients: Vec<ClientId> = wanted.map(|(client, _)| *client).collect();
    for client in clients {
        server.send_event(client, &event);
    }
}

fn enabled_controls(keyboard: &Keyboard) -> u32 {
    AUDIBLE_BELL | if keyboard.repeat { REPEAT_KEYS } else { 0 }
}

/// The device has to be the keyboard.
fn check_device(body: &[u8]) -> Outcome {
    match half(body, 0)? {
        USE_CORE_KEYBOARD => Ok(()),
        id if id == u16::from(DEVICE) => Ok(()),
        // The first byte says that there is no such device.
        id => Err(XError { code: number::XKEYBOARD_ERROR, value: 0xff00_0000 | u32::from(id) }),
    }
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let (minor, words) = (header.minor_opcode, header.remaining_length);
    if minor == 0 {
        return if words == 1 { use_extension(server, client, body) } else { Err(XError::LENGTH) };
    }
    if !server.xkb.clients.contains_key(&client) {
        return Err(XError::ACCESS);
    }
    let fits = match minor {
        1 | 11 => words >= 3,
        3 | 8 | 21 => words == 6,
        4 | 6 | 12 => words == 1,
        5 | 15 | 24 => words == 3,
        7 => words == 24,
        10 | 13 | 17 | 19 => words == 2,
        18 | 20 => words >= 6,
        9 => words >= 8,
        22 => words >= 1,
        14 | 23 => words >= 2,
        16 | 25 | 101 => {
            return Err(XError { code: xproto::IMPLEMENTATION_ERROR, value: 0 });
        }
        _ => return Err(XError::REQUEST),
    };
    if !fits {
        return Err(XError::LENGTH);
    }
    check_device(body)?;
    match minor {
        1 => return select_events(server, client, body),
        3 => return bell(server, body),
        5 => return latch_lock_state(server, body),
        7 => return set_controls(server, body),
        9 => return load::set_map(server, body),
        18 => return load::set_names(server, body),
        11 | 14 | 20 => return Ok(()),
        _ => {}
    }
    let reply = match minor {
        4 => get_state(server),
        6 => get_controls(server),
        8 => map::get_map(&server.input.keyboard, body)?,
        10 => map::get_compatibility_map(body)?,
        12 => Message::reply().long(indicators(&server.input.keyboard)),
        13 => get_indicator_map(server, body)?,
        15 => get_named_indicator(server, body)?,
        17 => map::get_names(server, body)?,
        21 => per_client_flags(server, client, body)?,
        23 => load::get_keyboard_by_name(server, client, body)?,
        24 => get_device_info(server, body)?,
        // GetGeometry: not found. ListComponents: none of any kind.
        _ => Message::reply(),
    };
    server.reply(client, &reply);
    Ok(())
}

fn use_extension(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let supported = half(body, 0)? == 1;
    if supported {
        server.xkb.clients.entry(client).or_default();
    }
    let reply = Message(vec![1, u8::from(supported), 0, 0, 0, 0, 0, 0]).short(1).short(0);
    server.reply(client, &reply);
    Ok(())
}

fn select_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (which, clear, all) = (half(body, 2)?, half(body, 4)?, half(body, 6)?);
    let (affect_map, map) = (half(body, 8)?, half(body, 10)?);
    if which & !0xfff != 0 {
        return Err(XError::value(u32::from(which)));
    }
    if (clear | all) & !which != 0 || clear & all != 0 || map & !affect_map != 0 {
        return Err(XError::MATCH);
    }
    let mut selected = server.xkb.clients.get(&client).ok_or(XError::ACCESS)?.selected;
    let mut at = 12;
    for (kind, (slot, size)) in selected.iter_mut().zip(DETAIL_SIZES).enumerate() {
        let bit = 1 << kind;
        if which & bit == 0 {
            continue;
        }
        if clear & bit != 0 {
            *slot = 0;
        } else if all & bit != 0 {
            *slot = u32::MAX;
        } else if kind == MAP_NOTIFY {
            *slot = (*slot & !u32::from(affect_map)) | u32::from(map);
        } else {
            let (affect, details) = (detail(body, at, size)?, detail(body, at + size, size)?);
            if details & !affect != 0 {
                return Err(XError::MATCH);
            }
            *slot = (*slot & !affect) | details;
            at += 2 * size;
        }
    }
    if at.next_multiple_of(4) != body.len() {
        return Err(XError::LENGTH);
    }
    if let Some(watcher) = server.xkb.clients.get_mut(&client) {
        watcher.selected = selected;
    }
    Ok(())
}

/// A detail mask of one, two or four bytes.
fn detail(body: &[u8], at: usize, size: usize) -> Outcome<u32> {
    match size {
        1 => Ok(u32::from(*body.get(at).ok_or(XError::LENGTH)?)),
        2 => half(body, at).map(u32::from),
        _ => word(body, at),
    }
}

fn bell(server: &mut Server, body: &[u8]) -> Outcome {
    let &[percent, force, silent] =
        body.get(6..).and_then(|rest| rest.first_chunk()).ok_or(XError::LENGTH)?;
    let (pitch, duration) = (half(body, 10)? as i16, half(body, 12)? as i16);
    let (name, window) = (word(body, 16)?, word(body, 20)?);
    if pitch < -1 || duration < -1 {
        return Err(XError::value(if pitch < -1 { pitch as u32 } else { duration as u32 }));
    }
    if force != 0 && silent != 0 {
        return Err(XError::MATCH);
    }
    if name != 0 {
        server.atoms.check(name)?;
    }
    if window != 0 {
        server.window(window)?;
    }
    let (volume, default_pitch, default_duration) = server.bell_sound(percent as i8)?;
    let chosen = |value: i16, default: u16| if value > 0 { value as u16 } else { default };
    let sound = (volume, chosen(pitch, default_pitch), chosen(duration, default_duration));
    if silent == 0 {
        server.events.push_back(ServerEvent::Bell { percent: sound.0, pitch: sound.1, duration: sound.2 });
    }
    bell_rang(server, sound, name, window, silent != 0);
    Ok(())
}

fn latch_lock_state(server: &mut Server, body: &[u8]) -> Outcome {
    let &[affect_locks, locks, lock_group, group_lock, affect_latches, latches, _, latch_group] =
        body.get(2..).and_then(|rest| rest.first_chunk()).ok_or(XError::LENGTH)?;
    let group_latch = half(body, 10)? as i16;
    if locks & !affect_locks != 0 || latches & !affect_latches != 0 {
        return Err(XError::MATCH);
    }
    let before = State::of(&server.input);
    let keyboard = &mut server.input.keyboard;
    keyboard.locked = (keyboard.locked & !affect_locks) | locks;
    keyboard.latched = (keyboard.latched & !affect_latches) | latches;
    if lock_group != 0 {
        keyboard.groups.lock(i16::from(group_lock));
    }
    if latch_group != 0 {
        keyboard.groups.latched = group_latch;
    }
    state_may_have_changed(server, before, Cause::request(5));
    Ok(())
}

fn get_state(server: &Server) -> Message {
    let state = State::of(&server.input);
    let all = state.effective();
    Message::reply()
        .bytes(&[all, state.base, state.latched, state.locked, state.group, state.group_locked])
        .short(state.group_base as u16)
        .short(state.group_latched as u16)
        .bytes(&[all, all, all, all, all, 0])
        .short(state.buttons)
}

fn get_controls(server: &Server) -> Message {
    let keyboard = &server.input.keyboard;
    Message::reply()
        .bytes(&[1, keyboard.groups.count(), 0, 0, 0, 0, 0, 0])
        .bytes(&[0; 4])
        .short(keyboard.repeat_timing.0)
        .short(keyboard.repeat_timing.1)
        .bytes(&[0; 24])
        .bytes(&[0; 8])
        .long(enabled_controls(keyboard))
        .bytes(&keyboard.repeats)
}

fn set_controls(server: &mut Server, body: &[u8]) -> Outcome {
    let (affect, enabled, change) = (word(body, 20)?, word(body, 24)?, word(body, 28)?);
    if change & !(PER_KEY_REPEAT | CONTROLS_ENABLED | REPEAT_KEYS) != 0 {
        return Err(XError::ACCESS);
    }
    let timing = (half(body, 32)?, half(body, 34)?);
    if change & REPEAT_KEYS != 0 && (timing.0 == 0 || timing.1 == 0) {
        return Err(XError::value(0));
    }
    let keyboard = &mut server.input.keyboard;
    let before = keyboard.repetition();
    if change & CONTROLS_ENABLED != 0 {
        if enabled & !affect != 0 {
            return Err(XError::MATCH);
        }
        let after = (enabled_controls(keyboard) & !affect) | enabled;
        if after & !REPEAT_KEYS != AUDIBLE_BELL {
            return Err(XError::ACCESS);
        }
        keyboard.repeat = after & REPEAT_KEYS != 0;
    }
    if change & REPEAT_KEYS != 0 {
        keyboard.repeat_timing = timing;
    }
    if change & PER_KEY_REPEAT != 0 {
        keyboard.repeats = *tail(body, 64)?.first_chunk().ok_or(XError::LENGTH)?;
    }
    repetition_may_have_changed(server, before, Some(7));
    Ok(())
}

/// An indicator's map: it follows locked modifiers (flags, groups, which modifiers, modifiers, virtual ones, controls),
/// and clients cannot set it themselves.
fn indicator_map(keyboard: &Keyboard, index: usize) -> [u8; 12] {
    const NO_EXPLICIT: u8 = 1 << 7;
    const USE_LOCKED: u8 = 1 << 2;
    let modifiers = if index == 0 { LOCK } else { keyboard.num_lock() };
    [NO_EXPLICIT, 0, 0, USE_LOCKED, modifiers, modifiers, 0, 0, 0, 0, 0, 0]
}

fn get_indicator_map(server: &Server, body: &[u8]) -> Outcome<Message> {
    let which = word(body, 4)? & ALL_INDICATORS;
    let mut reply =
        Message::reply().long(which).long(ALL_INDICATORS).bytes(&[which.count_ones() as u8]).bytes(&[0; 15]);
    for index in (0..INDICATORS.len()).filter(|index| which & (1 << index) != 0) {
        reply = reply.bytes(&indicator_map(&server.input.keyboard, index));
    }
    Ok(reply)
}

fn get_named_indicator(server: &Server, body: &[u8]) -> Outcome<Message> {
    let atom = server.atoms.check(word(body, 8)?)?;
    let name = server.atoms.name(atom);
    let index = INDICATORS.iter().position(|indicator| name == Some(indicator.as_bytes()));
    let reply = Message::reply().long(atom);
    Ok(match index {
        None => reply.bytes(&[0, 0, 0, 0]).bytes(&[0; 12]).bytes(&[1]),
        Some(index) => {
            let lit = indicators(&server.input.keyboard) & (1 << index) != 0;
            reply
                .bytes(&[1, u8::from(lit), 1, index as u8])
                .bytes(&indicator_map(&server.input.keyboard, index))
                .bytes(&[1])
        }
    })
}

fn per_client_flags(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome<Message> {
    let (change, value) = (word(body, 4)?, word(body, 8)?);
    // Five flags are defined; controls to change when the client goes cannot be asked for.
    if change & !0x1f != 0 {
        return Err(XError::value(change));
    }
    if value & !change != 0 {
        return Err(XError::MATCH);
    }
    let watcher = server.xkb.clients.get_mut(&client).ok_or(XError::ACCESS)?;
    if change & DETECTABLE_AUTO_REPEAT != 0 {
        watcher.detectable_repeat = value & DETECTABLE_AUTO_REPEAT != 0;
    }
    let value = u32::from(watcher.detectable_repeat) * DETECTABLE_AUTO_REPEAT;
    Ok(Message::reply().long(DETECTABLE_AUTO_REPEAT).long(value).long(0).long(0))
}

/// Of the features of input devices none is offered: no buttons with actions, no indicators beside the keyboard's own.
fn get_device_info(server: &mut Server, body: &[u8]) -> Outcome<Message> {
    const NAME: &[u8] = b"Virtual core keyboard";
    let wanted = half(body, 2)?;
    let kind = server.atoms.intern(b"KEYBOARD");
    Ok(Message::reply()
        .short(0)
        .short(0)
        .short(wanted)
        .short(0)
        .bytes(&[0; 6])
        .short(0)
        .short(0)
        .short(0)
        .long(kind)
        .short(NAME.len() as u16)
        .bytes(NAME)
        .padded())
}

/// Turns around a request whose layout depends on its contents.
pub(crate) fn swap_request(minor: u8, body: &mut [u8]) -> bool {
    match minor {
        1 => {}
        9 => {
            load::swap_set_map(body);
            return true;
        }
        18 => {
            load::swap_set_names(body);
            return true;
        }
        _ => return false,
    }
    swap_fields(body, 0, "222222");
    let (Ok(which), Ok(clear), Ok(all)) = (half(body, 2), half(body, 4), half(body, 6)) else { return true };
    let mut at = 12;
    for (kind, size) in DETAIL_SIZES.iter().enumerate() {
        if which & !clear & !all & (1 << kind) != 0 {
            swap_fields(body, at, ["", "11", "22", "", "44"][*size]);
            at += 2 * size;
        }
    }
    true
}

/// Turns around a reply whose layout depends on its contents, but for the header.
pub(crate) fn swap_reply(minor: u8, reply: &mut [u8]) -> bool {
    match minor {
        8 => map::swap_map(reply),
        17 => map::swap_names(reply),
        _ => return false,
    }
    true
}

/// Turns an event around, from byte 4: all have one code, the type is in the second byte.
pub(crate) fn swap_event(event: &mut [u8]) {
    let layout = match event.get(1).copied().map_or(0, usize::from) {
        NEW_KEYBOARD_NOTIFY => "4111111112",
        MAP_NOTIFY => "411211111111111111112",
        STATE_NOTIFY => "41111112211111122",
        CONTROLS_NOTIFY => "4112444",
        INDICATOR_STATE_NOTIFY => "4111144",
        BELL_NOTIFY => "411112244",
        _ => "4",
    };
    swap_fields(event, 4, layout);
}
