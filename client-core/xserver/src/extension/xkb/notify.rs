//! What clients are told: each event to those that selected some of what it is about.

use x11rb_protocol::protocol::xproto::{self, Mapping, MappingNotifyEvent};

use super::wire::Message;
use super::{DEVICES, Watcher, number};
use crate::client::ClientId;
use crate::input::{Beep, State, state_part};
use crate::keymap::{Action, Changes, Controls, INDICATORS, KEYCODES, MAX_KEYCODE, MIN_KEYCODE, Range, part};
use crate::server::{Server, wire};

/// Types of events (XKB protocol, 16.4).
pub(super) const NEW_KEYBOARD: usize = 0;
pub(super) const MAP: usize = 1;
const STATE: usize = 2;
const CONTROLS: usize = 3;
const INDICATOR_STATE: usize = 4;
const INDICATOR_MAP: usize = 5;
const NAMES: usize = 6;
const COMPATIBILITY: usize = 7;
const BELL: usize = 8;
const ACTION_MESSAGE: usize = 9;
const ACCESS_X: usize = 10;
const EXTENSION_DEVICE: usize = 11;

/// What of a keyboard is new (`NewKeyboardNotify`).
pub(super) const NEW_KEYCODES: u16 = 1 << 0;
pub(super) const NEW_GEOMETRY: u16 = 1 << 1;

/// Features of a device (`ExtensionDeviceNotify`).
pub(super) mod feature {
    /// XKB itself, of devices beside the core keyboard.
    pub(in super::super) const KEYBOARDS: u16 = 1 << 0;
    pub(in super::super) const BUTTON_ACTIONS: u16 = 1 << 1;
    pub(in super::super) const INDICATOR_NAMES: u16 = 1 << 2;
    pub(in super::super) const INDICATOR_MAPS: u16 = 1 << 3;
    pub(in super::super) const INDICATOR_STATE: u16 = 1 << 4;
    pub(in super::super) const INDICATORS: u16 = INDICATOR_NAMES | INDICATOR_MAPS | INDICATOR_STATE;
    pub(in super::super) const ALL: u16 = 0x1f;
}

/// What caused a change: a key or button, or a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause {
    detail: u8,
    event_type: u8,
    major: u8,
    minor: u8,
}

impl Cause {
    pub(crate) fn key(detail: u8, event_type: u8) -> Self {
        Self { detail, event_type, major: 0, minor: 0 }
    }

    pub(super) fn request(minor: u8) -> Self {
        Self { detail: 0, event_type: 0, major: number::XKEYBOARD, minor }
    }

    /// A core request.
    pub(crate) fn core_request(major: u8) -> Self {
        Self { detail: 0, event_type: 0, major, minor: 0 }
    }

    /// The core request that changes what keys mean.
    pub(crate) fn core(request: Mapping) -> Self {
        Self::core_request(if request == Mapping::MODIFIER {
            xproto::SET_MODIFIER_MAPPING_REQUEST
        } else {
            xproto::CHANGE_KEYBOARD_MAPPING_REQUEST
        })
    }

    fn bytes(self) -> [u8; 4] {
        [self.detail, self.event_type, self.major, self.minor]
    }
}

/// What happens to slow keys (`AccessXNotify`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessEvent {
    Press = 0,
    Accept = 1,
    Reject = 2,
    Release = 3,
}

/// Sends an event to those that have selected some of its details, of the device on which they have.
fn tell(server: &mut Server, kind: usize, details: u32, event: Message) {
    let event = event.filled(32).into_bytes();
    let wants = |watcher: &Watcher, device: u8| {
        watcher.of(device).and_then(|selected| selected.get(kind)).is_some_and(|mask| mask & details != 0)
    };
    let mut receivers: Vec<(ClientId, u8)> = Vec::new();
    for (client, watcher) in &server.xkb.clients {
        receivers.extend(DEVICES.iter().filter(|id| wants(watcher, **id)).map(|id| (*client, *id)));
    }
    receivers.sort_unstable();
    for (client, device) in receivers {
        let mut event = event.clone();
        event[8] = device;
        server.send_event(client, &event);
    }
}

/// Sends an event that is not selected of a device: it is told of each keyboard.
fn tell_of_all(server: &mut Server, kind: usize, details: u32, event: Message) {
    let event = event.filled(32).into_bytes();
    let wanted = server.xkb.clients.iter().filter(|(_, watcher)| watcher.watches(kind, details));
    let mut clients: Vec<ClientId> = wanted.map(|(client, _)| *client).collect();
    clients.sort_unstable();
    for device in DEVICES {
        let mut event = event.clone();
        event[8] = device;
        if kind == NEW_KEYBOARD {
            event[9] = device;
        }
        for client in &clients {
            server.send_event(*client, &event);
        }
    }
}

/// The state may be another since `before`: what follows from it follows, and is told.
pub(crate) fn state_may_have_changed(server: &mut Server, before: &State, cause: Cause) {
    let buttons = server.input.pointer.state();
    let keyboard = &mut server.input.keyboard;
    keyboard.state.derive(&keyboard.description, buttons);
    let now = keyboard.state;
    let mut changes = now.changes(before);
    if matches!(cause.event_type, xproto::BUTTON_PRESS_EVENT | xproto::BUTTON_RELEASE_EVENT) {
        changes |= state_part::POINTER_BUTTONS;
    }
    if changes == 0 {
        return;
    }
    let event = Message::event(STATE, server.time)
        .bytes(&[now.modifiers, now.base, now.latched, now.locked, now.group])
        .short(now.group_base as u16)
        .short(now.group_latched as u16)
        .bytes(&[now.group_locked, now.compatible, now.grab, now.compatible_grab])
        .bytes(&[now.lookup, now.compatible_lookup])
        .short(now.buttons)
        .short(changes)
        .bytes(&cause.bytes());
    tell(server, STATE, u32::from(changes), event);
    update_indicators(server, u32::MAX);
}

/// Lights the indicators of which the maps say so now, and tells of those that have changed.
pub(super) fn update_indicators(server: &mut Server, which: u32) {
    let changed = server.input.keyboard.update_lamps(which);
    indicators_changed(server, changed);
}

/// Indicators have been lit or put out.
pub(super) fn indicators_changed(server: &mut Server, changed: u32) {
    if tell_indicators(server, changed) {
        device_changed(server, feature::INDICATOR_STATE, 0, 0);
    }
}

/// Tells the keyboard's part of that; whether there is any.
pub(super) fn tell_indicators(server: &mut Server, changed: u32) -> bool {
    if changed == 0 {
        return false;
    }
    let lit = server.input.keyboard.lamps.lit();
    let event = Message::event(INDICATOR_STATE, server.time).bytes(&[0; 3]).long(lit).long(changed);
    tell(server, INDICATOR_STATE, changed, event);
    // One that is put out while others are lit sounds in Xvfb as if it were lit.
    server.beep(if lit == 0 { Beep::IndicatorOff } else { Beep::IndicatorOn });
    true
}

/// Indicators are lit by other rules.
pub(super) fn indicator_maps_changed(server: &mut Server, changed: u32) {
    let lit = server.input.keyboard.lamps.lit();
    let event = Message::event(INDICATOR_MAP, server.time).bytes(&[0; 3]).long(lit).long(changed);
    tell(server, INDICATOR_MAP, changed, event);
}

/// Something about devices beside their keys has changed.
pub(super) fn device_changed(server: &mut Server, reasons: u16, first_button: u8, buttons: u8) {
    const KEYBOARD_FEEDBACK: u16 = 0;
    let keyboard = &server.input.keyboard;
    let description = &keyboard.description;
    let named = (0..INDICATORS).filter(|index| description.names.indicators[*index] != 0);
    let mapped = (0..INDICATORS).filter(|index| description.indicators[*index].is_used());
    let defined = named.chain(mapped).fold(0_u32, |all, index| all | 1 << index);
    let lit = keyboard.lamps.lit();
    let event = Message::event(EXTENSION_DEVICE, server.time)
        .bytes(&[0])
        .short(reasons)
        .short(KEYBOARD_FEEDBACK)
        .short(0)
        .long(defined)
        .long(lit)
        .bytes(&[first_button, buttons])
        .short(feature::ALL)
        .short(0);
    tell(server, EXTENSION_DEVICE, u32::from(reasons), event);
}

/// Controls may be others since `before`.
pub(crate) fn controls_may_have_changed(server: &mut Server, before: &Controls, cause: Cause) {
    let controls = server.input.keyboard.description.controls;
    let changed = controls.changes(before);
    if changed != 0 || controls.groups != before.groups {
        tell_controls(server, changed, before.enabled ^ controls.enabled, cause);
    }
    update_indicators(server, u32::MAX);
}

fn tell_controls(server: &mut Server, changed: u32, switched: u32, cause: Cause) {
    let controls = server.input.keyboard.description.controls;
    let event = Message::event(CONTROLS, server.time)
        .bytes(&[controls.groups, 0, 0])
        .long(changed)
        .long(controls.enabled)
        .long(switched)
        .bytes(&cause.bytes());
    tell(server, CONTROLS, changed, event);
}

/// What keys mean or do has changed.
pub(crate) fn keymap_changed(server: &mut Server, changes: &Changes, cause: Cause) {
    let description = &server.input.keyboard.description;
    let types = description.types.len().min(usize::from(u8::MAX)) as u8;
    let pair = |range: Range| [range.first, range.count];
    if changes.parts != 0 {
        let event = Message::event(MAP, server.time)
            .bytes(&[0])
            .short(changes.parts)
            .bytes(&[MIN_KEYCODE, MAX_KEYCODE, changes.types.first, changes.types.count.min(types)])
            .bytes(&pair(changes.syms))
            .bytes(&pair(changes.actions))
            .bytes(&pair(changes.behaviors))
            .bytes(&pair(changes.explicit))
            .bytes(&pair(changes.modifiers))
            .bytes(&pair(changes.virtual_map))
            .short(changes.virtuals);
        tell_of_all(server, MAP, u32::from(changes.parts), event);
        let spared = watching(server, MAP, u32::from(changes.parts));
        let syms = Some(changes.syms).filter(|_| changes.parts & part::SYMS != 0);
        tell_core(server, syms, changes.parts & part::MODIFIERS != 0, &spared);
    }
    if changes.controls != 0 {
        tell_controls(server, changes.controls, 0, cause);
    }
    if changes.indicator_maps != 0 {
        indicator_maps_changed(server, changes.indicator_maps);
    }
    if changes.groups != 0 {
        compatibility_changed(server, changes.groups, 0, 0);
    }
    let state = server.input.keyboard.state;
    state_may_have_changed(server, &state, cause);
    update_indicators(server, u32::MAX);
}

fn watching(server: &Server, kind: usize, details: u32) -> Vec<ClientId> {
    let wanted = server.xkb.clients.iter().filter(|(_, watcher)| watcher.watches(kind, details));
    wanted.map(|(client, _)| *client).collect()
}

/// X11 §10, `MappingNotify`: to everybody who is not told in the words of XKB.
fn tell_core(server: &mut Server, syms: Option<Range>, modifiers: bool, spared: &[ClientId]) {
    let event = |request: Mapping, first_keycode: u8, count: u8| {
        wire(&MappingNotifyEvent {
            response_type: xproto::MAPPING_NOTIFY_EVENT,
            sequence: 0,
            request,
            first_keycode,
            count,
        })
    };
    let events = [
        syms.map(|keys| event(Mapping::KEYBOARD, keys.first, keys.count)),
        modifiers.then(|| event(Mapping::MODIFIER, 0, 0)),
    ];
    for client in server.clients_mut().filter(|client| !spared.contains(&client.id)) {
        for event in events.iter().flatten() {
            client.event(event);
        }
    }
}

/// There is another keyboard, or a part of it is another.
pub(super) fn new_keyboard(server: &mut Server, changed: u16, minor: u8) {
    let event = Message::event(NEW_KEYBOARD, server.time)
        .bytes(&[0, MIN_KEYCODE, MAX_KEYCODE, MIN_KEYCODE, MAX_KEYCODE, number::XKEYBOARD, minor])
        .short(changed);
    tell_of_all(server, NEW_KEYBOARD, u32::from(changed), event);
    if changed & NEW_KEYCODES != 0 {
        let spared = watching(server, NEW_KEYBOARD, u32::from(changed));
        tell_core(server, Some(Range { first: MIN_KEYCODE, count: KEYCODES }), true, &spared);
    }
}

/// What `NamesNotify` says has another name.
#[derive(Debug, Default)]
pub(super) struct NameChanges {
    pub(super) which: u16,
    pub(super) types: Range,
    pub(super) levels: u8,
    pub(super) indicators: u32,
    pub(super) virtuals: u16,
    pub(super) groups: u8,
    pub(super) keys: Range,
}

pub(super) fn names_changed(server: &mut Server, changes: &NameChanges) {
    let names = &server.input.keyboard.description.names;
    let count = |bit: u16, count: usize| if changes.which >> bit & 1 == 1 { count as u8 } else { 0 };
    let event = Message::event(NAMES, server.time)
        .bytes(&[0])
        .short(changes.which)
        .bytes(&[changes.types.first, changes.types.count, 0, changes.levels, 0])
        .bytes(&[count(13, names.radio_groups.len()), count(10, names.aliases.len()), changes.groups])
        .short(changes.virtuals)
        .bytes(&[changes.keys.first, changes.keys.count])
        .long(changes.indicators);
    tell(server, NAMES, u32::from(changes.which), event);
}

pub(super) fn compatibility_changed(server: &mut Server, groups: u8, first: u16, count: u16) {
    let total = server.input.keyboard.description.interpretations.len() as u16;
    let event =
        Message::event(COMPATIBILITY, server.time).bytes(&[groups]).short(first).short(count).short(total);
    tell(server, COMPATIBILITY, u32::MAX, event);
}

/// A bell was asked for; the name is an atom or 0.
pub(crate) fn bell_rang(
    server: &mut Server,
    (percent, pitch, duration): (u8, u16, u16),
    name: u32,
    window: u32,
    silent: bool,
) {
    let event = Message::event(BELL, server.time)
        .bytes(&[0, 0, percent])
        .short(pitch)
        .short(duration)
        .long(name)
        .long(window)
        .bytes(&[u8::from(silent)]);
    tell(server, BELL, u32::MAX, event);
}

/// A key says something to those who listen.
pub(crate) fn action_message(server: &mut Server, code: u8, pressed: bool, action: Action) {
    const EVENT_FOLLOWS: u8 = 1 << 2;
    let state = &server.input.keyboard.state;
    let event = Message::event(ACTION_MESSAGE, server.time)
        .bytes(&[code, u8::from(pressed), u8::from(action[1] & EVENT_FOLLOWS != 0)])
        .bytes(&[state.modifiers, state.group])
        .bytes(&action[2..])
        .bytes(&[0, 0]);
    tell(server, ACTION_MESSAGE, u32::MAX, event);
}

/// Something happened to a slow key.
pub(crate) fn access_notify(server: &mut Server, what: AccessEvent, code: u8) {
    let controls = &server.input.keyboard.description.controls;
    let event = Message::event(ACCESS_X, server.time)
        .bytes(&[code])
        .short(what as u16)
        .short(controls.slow_keys_delay)
        .short(controls.debounce_delay);
    tell(server, ACCESS_X, 1 << what as u32, event);
}
