//! XKEYBOARD: the keyboard's description, state, controls, indicators and names, told to clients and changed by them.
//!
//! There is one keyboard, with the [description](crate::keymap) that its clients see and its keys obey; the devices that
//! the input extension knows as keyboards all are that one, and answer by their own number. The names of the user's
//! layout (rules, model, layout, variant, options: [`crate::KeyboardNames`]) are on the root window as
//! `_XKB_RULES_NAMES`, where a program that compiles keymaps itself finds them.
//!
//! Each module has the requests about one part. Requests are read and replies written in the byte order of their client
//! ([`wire`]). What changes is told by [`notify`].

use std::collections::HashMap;

use x11rb_protocol::protocol::xproto::PropMode;
use x11rb_protocol::x11_utils::RequestHeader;

use self::notify::{MAP, NEW_KEYBOARD};
use self::wire::{Message, Reader, bad_match, bad_value, check_affected, check_legal, fault, fault_of_two};
use super::xinput::{KEYBOARD, MASTER_KEYBOARD, MASTER_POINTER, POINTER, TEST_KEYBOARD, TEST_POINTER};
use super::{Extension, number};
use crate::atom::STRING;
use crate::byte_order::{Layouts, swap_fields};
use crate::client::ClientId;
use crate::config::KeyboardNames;
use crate::error::{Outcome, XError};
use crate::keymap::control;
use crate::server::{ROOT, Server, ServerEvent};

mod by_name;
mod compatibility;
mod controls;
mod device;
mod geometry;
mod indicators;
mod map;
mod names;
mod notify;
mod set_map;
mod wire;

pub(crate) use by_name::load_first_keymap;
pub(crate) use indicators::set_indicators;
pub(crate) use notify::{
    AccessEvent, Cause, access_notify, action_message, bell_rang, controls_may_have_changed, keymap_changed,
    state_may_have_changed,
};

pub(crate) const EXTENSION: Extension = Extension {
    name: "XKEYBOARD",
    major: number::XKEYBOARD,
    first_event: number::XKEYBOARD_EVENT,
    first_error: number::XKEYBOARD_ERROR,
    dispatch,
    // All requests and replies, and the events (one code for all of them), are turned around here.
    layouts: &Layouts { requests: &[], replies: &[], events: &[] },
};

/// The keyboard's device id.
const DEVICE: u8 = MASTER_KEYBOARD;
/// All devices that are this keyboard.
const DEVICES: [u8; 3] = [MASTER_KEYBOARD, TEST_KEYBOARD, KEYBOARD];
const USE_CORE_KEYBOARD: u16 = 0x100;
const USE_CORE_POINTER: u16 = 0x200;
/// The class or id of a device that is meant by default.
const DEFAULT_CLASS: u16 = 0x300;
const DEFAULT_ID: u16 = 0x400;
/// What is wrong with a device: the class, or all.
const BAD_DEVICE: u8 = 0xff;
const BAD_CLASS: u8 = 0xfe;
const BAD_ID: u8 = 0xfd;

/// How many bytes each detail mask of `SelectEvents` has, by type of event, and the details there are. `MapNotify` has
/// its own place.
const DETAILS: [(usize, u32); 12] = [
    (2, 7),
    (0, 0),
    (2, 0x3fff),
    (4, control::ALL),
    (4, u32::MAX),
    (4, u32::MAX),
    (2, 0x3fff),
    (1, 3),
    (1, 1),
    (1, 1),
    (2, 0x7f),
    (2, 0x801f),
];

/// Flags of a client.
mod flag {
    pub(super) const DETECTABLE_REPEAT: u32 = 1 << 0;
    pub(super) const GRABS_USE_STATE: u32 = 1 << 1;
    pub(super) const RESET_CONTROLS: u32 = 1 << 2;
    pub(super) const LOOKUP_WHEN_GRABBED: u32 = 1 << 3;
    pub(super) const ALL: u32 = 0x1f;
}

/// What clients have asked for.
#[derive(Debug, Default)]
pub(crate) struct Xkb {
    /// Those that have sent `UseExtension`.
    clients: HashMap<ClientId, Watcher>,
    /// What is written of itself, which nobody reads here: kept and answered.
    debug: [u32; 2],
    /// Actions of the buttons of pointers, by device: kept and answered.
    button_actions: HashMap<u8, Vec<crate::keymap::Action>>,
}

#[derive(Debug, Default)]
struct Watcher {
    /// Details selected, by type of event, on each keyboard; those of all keyboards with the first.
    selected: [[u32; 12]; 3],
    flags: u32,
    /// Controls to be set when the client goes, and how.
    resets: [u32; 2],
}

impl Watcher {
    /// What is selected on a device.
    fn of(&self, device: u8) -> Option<&[u32; 12]> {
        let index = DEVICES.iter().position(|known| *known == device)?;
        self.selected.get(index)
    }

    /// Whether an event about all keyboards is selected.
    fn watches(&self, kind: usize, details: u32) -> bool {
        self.selected[0].get(kind).is_some_and(|mask| mask & details != 0)
    }
}

impl Xkb {
    pub(crate) fn has_detectable_repeat(&self, client: ClientId) -> bool {
        self.flags_of(client) & flag::DETECTABLE_REPEAT != 0
    }

    /// Whether the client has said that it knows XKB.
    pub(crate) fn is_used_by(&self, client: ClientId) -> bool {
        self.clients.contains_key(&client)
    }

    /// Whether the client wants the state of XKB in events of its grabs, and the one that is for looking keysyms up.
    pub(crate) fn grabs_of(&self, client: ClientId) -> (bool, bool) {
        let flags = self.flags_of(client);
        (flags & flag::GRABS_USE_STATE != 0, flags & flag::LOOKUP_WHEN_GRABBED != 0)
    }

    fn flags_of(&self, client: ClientId) -> u32 {
        self.clients.get(&client).map_or(0, |watcher| watcher.flags)
    }
}

/// A client goes, and controls are set as it wanted.
pub(crate) fn client_gone(server: &mut Server, client: ClientId) {
    let Some(watcher) = server.xkb.clients.remove(&client) else { return };
    let [affected, values] = watcher.resets;
    let controls = &mut server.input.keyboard.description.controls;
    let before = *controls;
    controls.enabled = controls.enabled & !affected | values & affected;
    if controls.enabled != before.enabled {
        controls_may_have_changed(server, &before, Cause::request(21));
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

/// Finds a device of any kind.
fn any_device(spec: u16) -> Outcome<u8> {
    match spec {
        USE_CORE_KEYBOARD => Ok(MASTER_KEYBOARD),
        USE_CORE_POINTER => Ok(MASTER_POINTER),
        id => {
            let known = [MASTER_POINTER, MASTER_KEYBOARD, TEST_POINTER, TEST_KEYBOARD, POINTER, KEYBOARD];
            let found = u8::try_from(id).ok().filter(|id| known.contains(id));
            // The error is the input extension's, BadDevice.
            found.ok_or(XError { code: number::XINPUT_ERROR, value: fault(BAD_DEVICE, id.into()) })
        }
    }
}

/// Finds a keyboard.
fn keyboard(spec: u16) -> Outcome<u8> {
    let device = any_device(if spec == DEFAULT_ID { USE_CORE_KEYBOARD } else { spec })?;
    if DEVICES.contains(&device) {
        Ok(device)
    } else {
        Err(XError { code: number::XKEYBOARD_ERROR, value: fault(BAD_CLASS, spec.into()) })
    }
}

/// Finds a device with indicators; by default that is the pointer, which has none.
fn device_with_indicators(spec: u16) -> Outcome<u8> {
    if spec == DEFAULT_ID {
        return Err(XError { code: number::XKEYBOARD_ERROR, value: fault(BAD_CLASS, spec.into()) });
    }
    keyboard(spec)
}

/// How long a request is, in words with the header.
enum Length {
    Of(u16),
    From(u16),
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let (minor, words) = (header.minor_opcode, header.remaining_length + 1);
    let length = match minor {
        0 | 4 | 6 | 12 => Length::Of(2),
        10 | 13 | 17 | 19 => Length::Of(3),
        5 | 15 | 24 => Length::Of(4),
        8 | 21 | 3 => Length::Of(7),
        16 => Length::Of(8),
        7 => Length::Of(25),
        1 | 11 => Length::From(4),
        9 => Length::From(9),
        14 | 23 | 25 => Length::From(3),
        18 | 20 => Length::From(7),
        22 => Length::From(2),
        101 => Length::From(6),
        _ => return Err(XError::REQUEST),
    };
    let fits = match length {
        Length::Of(length) => words == u32::from(length),
        Length::From(length) => words >= u32::from(length),
    };
    if !fits {
        return Err(XError::LENGTH);
    }
    let swapped = server.client(client).is_some_and(|client| client.swapped);
    let mut request = Reader::new(body, swapped);
    match minor {
        0 => return use_extension(server, client, &mut request),
        101 => return debug_flags(server, client, &mut request),
        _ => {}
    }
    if !server.xkb.clients.contains_key(&client) {
        return Err(XError::ACCESS);
    }
    let spec = request.half()?;
    match minor {
        1 => return select_events(server, client, spec, &mut request),
        3 => return bell(server, spec, &mut request),
        5 => return latch_lock_state(server, spec, &mut request),
        7 => return controls::set(server, spec, &mut request),
        9 => return set_map::set_map(server, spec, &mut request),
        11 => return compatibility::set(server, spec, &mut request),
        14 => return indicators::set_maps(server, spec, &mut request),
        16 => return indicators::set_named(server, spec, &mut request),
        18 => return names::set(server, spec, &mut request),
        20 => return geometry::set(server, spec, &mut request),
        25 => return device::set(server, spec, &mut request),
        _ => {}
    }
    let reply = match minor {
        4 => get_state(server, spec, swapped)?,
        6 => controls::get(server, spec, swapped)?,
        8 => map::get(server, spec, &mut request, swapped)?,
        10 => compatibility::get(server, spec, &mut request, swapped)?,
        12 => Message::reply(keyboard(spec)?, swapped).long(server.input.keyboard.lamps.lit()),
        13 => indicators::get_maps(server, spec, &mut request, swapped)?,
        15 => indicators::get_named(server, spec, &mut request, swapped)?,
        17 => names::get(server, spec, &mut request, swapped)?,
        19 => geometry::get(server, spec, &mut request, swapped)?,
        21 => per_client_flags(server, client, spec, &mut request)?,
        22 => list_components(spec, &mut request, swapped)?,
        23 => return by_name::get(server, client, spec, &mut request),
        _ => device::get(server, spec, &mut request, swapped)?,
    };
    server.reply(client, &reply);
    Ok(())
}

fn use_extension(server: &mut Server, client: ClientId, request: &mut Reader<'_>) -> Outcome {
    let (major, minor) = (request.half()?, request.half()?);
    // Version 0.65 was what became 1.0.
    let supported = major == 1 || (major, minor) == (0, 65);
    if supported {
        server.xkb.clients.entry(client).or_default();
    }
    let swapped = server.client(client).is_some_and(|client| client.swapped);
    server.reply(client, &Message::reply(u8::from(supported), swapped).short(1).short(0));
    Ok(())
}

fn debug_flags(server: &mut Server, client: ClientId, request: &mut Reader<'_>) -> Outcome {
    let _length = request.half()?;
    request.skip(2)?;
    let [affected, flags, affected_controls, controls] =
        [request.word()?, request.word()?, request.word()?, request.word()?];
    let debug = &mut server.xkb.debug;
    debug[0] = debug[0] & !affected | flags & affected;
    debug[1] = debug[1] & !affected_controls | controls & affected_controls;
    let [flags, controls] = *debug;
    let swapped = server.client(client).is_some_and(|client| client.swapped);
    // All of them are supported: none has to do anything.
    let reply = Message::reply(0, swapped).long(flags).long(controls).long(u32::MAX).long(u32::MAX);
    server.reply(client, &reply);
    Ok(())
}

fn select_events(server: &mut Server, client: ClientId, spec: u16, request: &mut Reader<'_>) -> Outcome {
    let device = any_device(spec)?;
    let [which, clear, all, affect_map, map] =
        [request.half()?, request.half()?, request.half()?, request.half()?, request.half()?];
    let watcher = server.xkb.clients.get_mut(&client).ok_or(XError::ACCESS)?;
    if which & 1 << MAP != 0 {
        let mask = &mut watcher.selected[0][MAP];
        *mask = *mask & !u32::from(affect_map) | u32::from(map & affect_map);
    }
    if which & !(1 << MAP) == 0 {
        return Ok(());
    }
    let index = DEVICES.iter().position(|known| *known == device);
    for kind in (0..16).filter(|kind| *kind != MAP && which >> kind & 1 == 1) {
        let bit = 1_u16 << kind;
        let Some((size, legal)) = DETAILS.get(kind).copied() else {
            return Err(bad_value(fault(33, bit.into())));
        };
        let (affected, details) = if clear & bit != 0 {
            (u32::MAX, 0)
        } else if all & bit != 0 {
            (u32::MAX, u32::MAX)
        } else {
            let mut detail = || match size {
                1 => request.byte().map(u32::from),
                2 => request.half().map(u32::from),
                _ => request.word(),
            };
            let (affected, details) = (detail()?, detail()?);
            if size == 1 {
                request.skip(2)?;
            }
            check_affected(kind as u8, affected, details)?;
            check_legal(kind as u8, affected, legal)?;
            (affected, details)
        };
        // That of new keyboards is of all devices; pointers tell nothing here.
        let index = if kind == NEW_KEYBOARD { Some(0) } else { index };
        if let Some(mask) = index.and_then(|index| watcher.selected.get_mut(index)?.get_mut(kind)) {
            *mask = *mask & !affected | details & affected;
        }
    }
    if request.left() > 2 { Err(XError::LENGTH) } else { Ok(()) }
}

fn bell(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    const KEYBOARD_FEEDBACK: u16 = 0;
    const BELL_FEEDBACK: u16 = 5;
    let [class, id] = [request.half()?, request.half()?];
    let [percent, force, silent] = request.array()?;
    request.skip(1)?;
    let (pitch, duration) = (request.half()? as i16, request.half()? as i16);
    request.skip(2)?;
    let (name, window) = (request.word()?, request.word()?);
    // The default one is none that has a bell, says Xvfb.
    any_device(spec)?;
    keyboard(spec)?;
    if name != 0 {
        server.atoms.check(name)?;
    }
    if force != 0 && silent != 0 {
        return Err(bad_match(fault_of_two(1, force.into(), silent.into())));
    }
    let percent = percent as i8;
    if !(-100..=100).contains(&percent) {
        return Err(bad_value(fault(2, percent as u32)));
    }
    if duration < -1 {
        return Err(bad_value(fault(3, duration as u32)));
    }
    if pitch < -1 {
        return Err(bad_value(fault(4, pitch as u32)));
    }
    if window != 0 {
        server.window(window)?;
    }
    match class {
        KEYBOARD_FEEDBACK | DEFAULT_CLASS if id == 0 || id == DEFAULT_ID => {}
        KEYBOARD_FEEDBACK | DEFAULT_CLASS => return Err(bad_value(fault(5, id.into()))),
        BELL_FEEDBACK => return Err(bad_value(fault(6, id.into()))),
        other => return Err(bad_value(fault(7, other.into()))),
    }
    let (volume, default_pitch, default_duration) = server.bell_sound(percent)?;
    let chosen = |value: i16, default: u16| if value > 0 { value as u16 } else { default };
    let sound = (volume, chosen(pitch, default_pitch), chosen(duration, default_duration));
    let audible = server.input.keyboard.description.controls.is_on(control::AUDIBLE_BELL);
    if silent == 0 && (force != 0 || audible) {
        server.events.push_back(ServerEvent::Bell { percent: sound.0, pitch: sound.1, duration: sound.2 });
    }
    // Whoever forces a bell wants nobody to do anything else instead.
    if force == 0 {
        bell_rang(server, sound, name, window, silent != 0);
    }
    Ok(())
}

fn latch_lock_state(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    let [affect_locks, locks, lock_group, group_lock, affect_latches, latches, _, latch_group] =
        request.array()?;
    let group_latch = request.half()? as i16;
    keyboard(spec)?;
    check_affected(1, affect_locks.into(), locks.into())?;
    check_affected(1, affect_latches.into(), latches.into())?;
    let before = server.input.keyboard.state;
    let keyboard = &mut server.input.keyboard;
    keyboard.state.locked = keyboard.state.locked & !affect_locks | locks;
    if lock_group != 0 {
        keyboard.state.group_locked = group_lock;
    }
    if affect_latches != 0 {
        keyboard.latch_modifiers(affect_latches, latches);
    }
    if latch_group != 0 {
        keyboard.latch_group(group_latch);
    }
    state_may_have_changed(server, &before, Cause::request(5));
    Ok(())
}

fn get_state(server: &Server, spec: u16, swapped: bool) -> Outcome<Message> {
    let state = server.input.keyboard.state;
    Ok(Message::reply(keyboard(spec)?, swapped)
        .bytes(&[state.lookup, state.base, state.latched, state.locked, state.group, state.group_locked])
        .short(state.group_base as u16)
        .short(state.group_latched as u16)
        // Xvfb tells no more than these.
        .bytes(&[state.compatible, 0, 0, 0, 0, 0])
        .short(state.buttons))
}

fn per_client_flags(
    server: &mut Server,
    client: ClientId,
    spec: u16,
    request: &mut Reader<'_>,
) -> Outcome<Message> {
    request.skip(2)?;
    let [change, value, affected, auto, values] =
        [request.word()?, request.word()?, request.word()?, request.word()?, request.word()?];
    let device = keyboard(spec)?;
    check_legal(1, change, flag::ALL)?;
    check_affected(2, change, value)?;
    let swapped = server.client(client).is_some_and(|client| client.swapped);
    let watcher = server.xkb.clients.get_mut(&client).ok_or(XError::ACCESS)?;
    watcher.flags = watcher.flags & !change | value;
    if change & flag::RESET_CONTROLS != 0 {
        if value & flag::RESET_CONTROLS == 0 {
            watcher.resets = [0, 0];
        } else {
            check_legal(3, affected, control::BOOLEAN)?;
            check_affected(4, affected, auto)?;
            check_affected(5, auto, values)?;
            let [set, how] = &mut watcher.resets;
            *set = *set & !affected | auto & affected;
            *how = *how & !affected | values & affected;
        }
    }
    let _ = device;
    Ok(Message::reply(0, swapped)
        .long(flag::ALL)
        .long(watcher.flags)
        .long(watcher.resets[0])
        .long(watcher.resets[1]))
}

/// None of any kind: keymaps are the embedder's.
fn list_components(spec: u16, request: &mut Reader<'_>, swapped: bool) -> Outcome<Message> {
    let _most = request.half()?;
    let device = keyboard(spec)?;
    for _ in 0..6 {
        let length = request.byte()?;
        request.skip(length.into())?;
    }
    if request.left() >= 4 {
        return Err(XError::LENGTH);
    }
    Ok(Message::reply(device, swapped))
}

/// Requests are read in the byte order they come in.
pub(crate) fn swap_request(_minor: u8, _body: &mut [u8]) -> bool {
    true
}

/// Replies are written in the byte order they go in, but for the header.
pub(crate) fn swap_reply(_minor: u8, _reply: &mut [u8]) -> bool {
    true
}

/// Turns an event around, from byte 4: all have one code, the type is in the second byte.
pub(crate) fn swap_event(event: &mut [u8]) {
    const LAYOUTS: [&str; 12] = [
        "4111111112",
        "411211111111111111112",
        "41111112211111122",
        "4112444",
        "4111144",
        "4111144",
        "4112111111112114",
        "411222",
        "411112244",
        "4",
        "411222",
        "4112224411221",
    ];
    let kind = event.get(1).copied().map_or(0, usize::from);
    swap_fields(event, 4, LAYOUTS.get(kind).copied().unwrap_or("4"));
}
