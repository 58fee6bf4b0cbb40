//! The requests of version 1 (X11 Input Extension Protocol, "Requests").

use x11rb_protocol::protocol::xproto::{self, GrabStatus};
use x11rb_protocol::x11_utils::RequestHeader;

use super::{
    DEVICES, Device, DeviceGrab, EVENT, Message, PassiveDeviceGrab, bad_class, bad_device, bad_mode, device,
    properties,
};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::input::Focus;
use crate::selection::is_before;
use crate::server::Server;
use crate::value_list::{half, tail, word};

/// Kinds of event from the extension's first.
const LAST_EVENT: u8 = 16;
const KEY_CLASS: u8 = 0;
const BUTTON_CLASS: u8 = 1;
const VALUATOR_CLASS: u8 = 2;
const FEEDBACK_CLASS: u8 = 3;
const FOCUS_CLASS: u8 = 5;
const OTHER_CLASS: u8 = 6;
const ANY_MODIFIER: u16 = 0x8000;
/// Nobody needs more passive grabs of devices.
const MAX_PASSIVE: usize = 4096;

pub(super) fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let words = header.remaining_length as usize;
    let (least, exact) = LENGTHS[usize::from(header.minor_opcode)];
    if words < least || (exact && words != least) {
        return Err(XError::LENGTH);
    }
    let ok = |server: &mut Server, minor: u8| server.xi_reply(client, &Message::reply(minor).filled(32));
    match header.minor_opcode {
        1 => {
            if words != 1 + usize::from(half(body, 0)?).div_ceil(4) {
                return Err(XError::LENGTH);
            }
            server.xi_reply(client, &Message::reply(1).short(2).short(4).byte(1).filled(32));
        }
        2 => list_devices(server, client),
        3 => open_device(server, client, body[0])?,
        4 => {
            slave_or_master(body[0])?;
        }
        5 => {
            let found = opened(body[0])?;
            if body[1] > 1 {
                return Err(XError::value(u32::from(body[1])));
            }
            if !found.is_pointer() || found.is_master() {
                return Err(XError::MATCH);
            }
            // The mode of the valuators is fixed.
            return Err(bad_mode());
        }
        6 => select_events(server, client, body)?,
        7 => selected_events(server, client, word(body, 0)?)?,
        8 => change_dont_propagate(server, body)?,
        9 => {
            let window = word(body, 0)?;
            server.window(window)?;
            let classes = server.xinput.dont_propagate.get(&window).cloned().unwrap_or_default();
            let mut message = Message::reply(9).short(classes.len() as u16).filled(32);
            for class in classes {
                message = message.long(class);
            }
            server.xi_reply(client, &message);
        }
        10 => motion_events(server, client, body)?,
        11 | 12 => {
            opened(if header.minor_opcode == 11 { body[0] } else { body[2] })?;
            // Which device is the core one is not for clients to say.
            return Err(XError::MATCH);
        }
        13 => grab_device(server, client, body)?,
        14 => {
            let found = opened(body[4])?;
            let time = word(body, 0)?;
            let now = server.time;
            let time = if time == 0 { now } else { time };
            if server
                .xinput
                .grabs
                .get(&found.id)
                .is_some_and(|grab| grab.client == client && !is_before(time, grab.time))
                && !is_before(now, time)
            {
                server.xinput.grabs.remove(&found.id);
                server.xinput.until_released.remove(&found.id);
            }
        }
        15 => {
            let count = half(body, 4)?;
            let (modifiers, modifier_device, id, key) = (half(body, 6)?, body[8], body[9], body[10]);
            let modes = [body[11], body[12]];
            let found = opened(id)?;
            let classes = classes(tail(body, 16)?, count)?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            if key != 0 && !server.input.keyboard.has_keycode(key) {
                return Err(XError::value(u32::from(key)));
            }
            passive_grab(
                server,
                client,
                (word(body, 0)?, found, key, modifier_device),
                modifiers,
                (modes, body[13]),
                classes,
            )?;
        }
        17 => {
            let (id, modifier_device) = (body[4], body[5]);
            let (count, modifiers) = (half(body, 6)?, half(body, 8)?);
            let modes = [body[10], body[11]];
            let found = opened(id)?;
            let classes = classes(tail(body, 16)?, count)?;
            if !found.is_pointer() {
                return Err(XError::MATCH);
            }
            passive_grab(
                server,
                client,
                (word(body, 0)?, found, body[12], modifier_device),
                modifiers,
                (modes, body[13]),
                classes,
            )?;
        }
        16 => {
            let (window, modifiers) = (word(body, 0)?, half(body, 4)?);
            let (modifier_device, key, id) = (body[6], body[7], body[8]);
            let found = opened(id)?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            modifier_keyboard(modifier_device)?;
            server.window(window)?;
            if key != 0 && !server.input.keyboard.has_keycode(key) {
                return Err(XError::value(u32::from(key)));
            }
            passive_ungrab(server, client, window, found.id, key, modifiers)?;
        }
        18 => {
            let (window, modifiers) = (word(body, 0)?, half(body, 4)?);
            let (modifier_device, button, id) = (body[6], body[7], body[8]);
            let found = opened(id)?;
            if !found.is_pointer() {
                return Err(XError::MATCH);
            }
            modifier_keyboard(modifier_device)?;
            server.window(window)?;
            passive_ungrab(server, client, window, found.id, button, modifiers)?;
        }
        19 => {
            opened(body[5])?;
            if body[4] > 5 {
                return Err(XError::value(u32::from(body[4])));
            }
            // Slaves are never frozen.
        }
        20 => {
            let found = opened(body[0])?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            let focus = server.device_focus(found);
            let message =
                Message::reply(20).long(focus.window).long(focus.time).byte(focus.revert_to).filled(32);
            server.xi_reply(client, &message);
        }
        21 => set_focus(server, body)?,
        22 => feedback(server, client, body[0])?,
        23 => change_feedback(server, body)?,
        24 => {
            let found = opened(body[0])?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            let (first, count) = (body[1], body[2]);
            let keyboard = &server.input.keyboard;
            if first < keyboard.min_keycode() {
                return Err(XError::value(u32::from(first)));
            }
            if u16::from(first) + u16::from(count) > u16::from(keyboard.max_keycode()) + 1 {
                return Err(XError::value(u32::from(count)));
            }
            let (width, syms) = keyboard.columns(first, count);
            let mut message = Message::reply(24).byte(width).filled(32);
            for sym in syms {
                message = message.long(sym);
            }
            server.xi_reply(client, &message);
        }
        25 => {
            let found = opened(body[0])?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            if words != 1 + usize::from(body[2]) * usize::from(body[3]) {
                return Err(XError::LENGTH);
            }
            let keysyms: Vec<u32> =
                tail(body, 4)?.chunks_exact(4).filter_map(|sym| word(sym, 0).ok()).collect();
            let request = xproto::ChangeKeyboardMappingRequest {
                keycode_count: body[3],
                first_keycode: body[1],
                keysyms_per_keycode: body[2],
                keysyms: keysyms.into(),
            };
            server.change_keyboard_mapping(&request)?;
            mapping_changed(server, found.id, 1, body[1], body[3]);
        }
        26 => {
            let found = opened(body[0])?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            let modifiers = &server.input.keyboard.modifiers;
            let width = modifiers.iter().map(Vec::len).max().unwrap_or(0);
            let keys: Vec<u8> = modifiers
                .iter()
                .flat_map(|keys| (0..width).map(|column| keys.get(column).copied().unwrap_or(0)))
                .collect();
            server.xi_reply(client, &Message::reply(26).byte(width as u8).filled(32).raw(&keys));
        }
        27 => {
            let found = opened(body[0])?;
            if words != 1 + 2 * usize::from(body[1]) {
                return Err(XError::LENGTH);
            }
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            let status = server.replace_modifiers(body[1], tail(body, 4)?)?;
            if status == 0 {
                mapping_changed(server, found.id, 0, 0, 0);
            }
            server.xi_reply(client, &Message::reply(27).byte(status).filled(32));
        }
        28 => {
            let found = opened(body[0])?;
            if !found.is_pointer() {
                return Err(XError::MATCH);
            }
            let map = server.input.pointer.map.clone();
            let message = Message::reply(28).byte(map.len() as u8).filled(32).raw(&map).padded();
            server.xi_reply(client, &message);
        }
        29 => {
            let count = usize::from(body[1]);
            if words != 1 + count.div_ceil(4) {
                return Err(XError::LENGTH);
            }
            let found = opened(body[0])?;
            if !found.is_pointer() {
                return Err(XError::MATCH);
            }
            let status = server.replace_buttons(tail(body, 4)?.get(..count).unwrap_or(&[]))?;
            if status == 0 {
                mapping_changed(server, found.id, 2, 0, 0);
            }
            server.xi_reply(client, &Message::reply(29).byte(status).filled(32));
        }
        30 => device_state(server, client, body[0])?,
        31 => send_event(server, body)?,
        32 => {
            let (id, feedback, class, percent) = (body[0], body[1], body[2], body[3] as i8);
            let found = opened(id)?;
            if !(-100..=100).contains(&percent) {
                return Err(XError::value(percent as u32));
            }
            if class != 0 && class != 5 {
                return Err(XError::value(u32::from(class)));
            }
            if found.is_pointer() || feedback != 0 || class != 0 {
                return Err(XError::value(u32::from(feedback)));
            }
            server.bell(percent)?;
        }
        33 => {
            let found = opened(body[0])?;
            if words != 1 + usize::from(body[2]) {
                return Err(XError::LENGTH);
            }
            if !found.is_pointer() {
                return Err(XError::MATCH);
            }
            if usize::from(body[1]) + usize::from(body[2]) > 4 {
                return Err(XError::value(u32::from(body[1])));
            }
            // The valuators of relative devices are where the user has them.
            return Err(XError::MATCH);
        }
        34 => device_control(server, client, half(body, 0)?, body[2])?,
        35 => {
            let control = half(body, 0)?;
            let found = opened(body[2])?;
            match control {
                1 if found.is_pointer() => server.xi_reply(client, &Message::reply(35).byte(0).filled(32)),
                1..=5 => return Err(XError::MATCH),
                other => return Err(XError::value(u32::from(other))),
            }
        }
        36 => properties::list(server, client, 36, u16::from(body[0]))?,
        37 => properties::change_one(server, body)?,
        38 => properties::delete(server, u16::from(body[4]), word(body, 0)?)?,
        39 => properties::get_one(server, client, body)?,
        other => ok(server, other),
    }
    Ok(())
}

/// Lengths of the bodies in words, and whether they are exact.
const LENGTHS: [(usize, bool); 40] = [
    (0, true),
    (1, false),
    (0, true),
    (1, true),
    (1, true),
    (1, true),
    (2, false),
    (1, true),
    (2, false),
    (1, true),
    (3, true),
    (1, true),
    (1, true),
    (4, false),
    (2, true),
    (4, false),
    (3, true),
    (4, false),
    (3, true),
    (2, true),
    (1, true),
    (3, true),
    (1, true),
    (3, false),
    (1, true),
    (1, false),
    (1, true),
    (1, false),
    (1, true),
    (1, false),
    (1, true),
    (3, false),
    (1, true),
    (1, false),
    (1, true),
    (2, false),
    (1, true),
    (4, false),
    (2, true),
    (5, true),
];

fn opened(id: u8) -> Outcome<Device> {
    device(u16::from(id))
}

fn slave_or_master(id: u8) -> Outcome<Device> {
    opened(id)
}

/// The keyboard whose modifiers count: none is the core one.
fn modifier_keyboard(id: u8) -> Outcome {
    if id == 0xff {
        return Ok(());
    }
    let found = opened(id)?;
    if found.is_pointer() { Err(XError::MATCH) } else { Ok(()) }
}

/// A list of event classes, each of a device that exists.
fn classes(bytes: &[u8], count: u16) -> Outcome<Vec<u32>> {
    if bytes.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    let mut found = Vec::with_capacity(usize::from(count));
    for item in bytes.chunks_exact(4) {
        let class = word(item, 0)?;
        let known = u8::try_from(class >> 8).is_ok_and(|id| opened(id).is_ok())
            && (EVENT..=EVENT + LAST_EVENT).contains(&(class as u8));
        if !known {
            return Err(bad_class(class));
        }
        found.push(class);
    }
    Ok(found)
}

fn list_devices(server: &mut Server, client: ClientId) {
    let mut message = Message::reply(2).byte(DEVICES.len() as u8).filled(32);
    for found in DEVICES {
        let kind = if found.is_pointer() { "MOUSE" } else { "KEYBOARD" };
        let kind = server.atoms.intern(kind.as_bytes());
        let usage = match (found.is_master(), found.is_pointer()) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 4,
            (false, false) => 3,
        };
        let classes = if found.is_pointer() { 2 } else { 1 };
        message = message.long(kind).byte(found.id).byte(classes).byte(usage).byte(found.attached);
    }
    for found in DEVICES {
        if found.is_pointer() {
            let buttons = server.input.pointer.map.len() as u16;
            message = message.byte(BUTTON_CLASS).byte(4).short(buttons);
            message = message.byte(VALUATOR_CLASS).byte(8 + 2 * 12).byte(2).byte(0).long(0);
            for _ in 0..2 {
                message = message.long(0).long(u32::MAX).long(u32::MAX);
            }
        } else {
            let (first, last) = (server.input.keyboard.min_keycode(), server.input.keyboard.max_keycode());
            let count = u16::from(last) - u16::from(first) + 1;
            message = message.byte(KEY_CLASS).byte(8).byte(first).byte(last).short(count).short(0);
        }
    }
    for found in DEVICES {
        message = message.byte(found.name.len() as u8).raw(found.name.as_bytes());
    }
    server.xi_reply(client, &message.padded());
}

fn open_device(server: &mut Server, client: ClientId, id: u8) -> Outcome {
    let found = opened(id)?;
    if found.is_master() {
        return Err(bad_device(u16::from(id)));
    }
    // Each class with the first of its events.
    let classes: &[(u8, u8)] = if found.is_pointer() {
        &[
            (BUTTON_CLASS, EVENT + 3),
            (VALUATOR_CLASS, EVENT + 5),
            (FEEDBACK_CLASS, 0),
            (OTHER_CLASS, EVENT + 10),
        ]
    } else {
        &[(KEY_CLASS, EVENT + 1), (FOCUS_CLASS, EVENT + 6), (FEEDBACK_CLASS, 0), (OTHER_CLASS, EVENT + 10)]
    };
    let mut message = Message::reply(3).byte(classes.len() as u8).filled(32);
    for (class, first) in classes {
        message = message.byte(*class).byte(*first);
    }
    server.xi_reply(client, &message.padded());
    Ok(())
}

fn select_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (window, count) = (word(body, 0)?, half(body, 4)?);
    if tail(body, 8)?.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    server.window(window)?;
    let wanted = classes(tail(body, 8)?, count)?;
    let mut devices: Vec<u32> = wanted.iter().map(|class| class >> 8).collect();
    devices.sort_unstable();
    devices.dedup();
    let selected = server.xinput.classes.entry(window).or_default();
    selected.retain(|(id, class)| *id != client || !devices.contains(&(class >> 8)));
    for class in wanted {
        if !selected.contains(&(client, class)) {
            selected.push((client, class));
        }
    }
    server.xinput.used = true;
    Ok(())
}

fn selected_events(server: &mut Server, client: ClientId, window: u32) -> Outcome {
    server.window(window)?;
    let selected = server.xinput.classes.get(&window).map_or(&[][..], |selected| selected);
    let mine: Vec<u32> = selected.iter().filter(|(id, _)| *id == client).map(|(_, class)| *class).collect();
    let all: Vec<u32> = selected.iter().map(|(_, class)| *class).collect();
    let mut message = Message::reply(7).short(mine.len() as u16).short(all.len() as u16).filled(32);
    for class in mine.into_iter().chain(all) {
        message = message.long(class);
    }
    server.xi_reply(client, &message);
    Ok(())
}

fn change_dont_propagate(server: &mut Server, body: &[u8]) -> Outcome {
    let (window, count, mode) = (word(body, 0)?, half(body, 4)?, body[6]);
    if tail(body, 8)?.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    server.window(window)?;
    if mode > 1 {
        return Err(bad_mode());
    }
    let wanted = classes(tail(body, 8)?, count)?;
    let list = server.xinput.dont_propagate.entry(window).or_default();
    list.retain(|class| !wanted.contains(class));
    if mode == 0 {
        list.extend(wanted);
    }
    server.xinput.used = true;
    Ok(())
}

fn motion_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let found = opened(body[8])?;
    if !found.is_pointer() {
        return Err(XError::MATCH);
    }
    let now = server.time;
    let (start, stop) = (word(body, 0)?, word(body, 4)?);
    let start = if start == 0 { now } else { start };
    let stop = if stop == 0 || is_before(now, stop) { now } else { stop };
    let events: Vec<_> = server
        .input
        .pointer
        .history
        .iter()
        .filter(|at| !is_before(at.time, start) && !is_before(stop, at.time))
        .copied()
        .collect();
    let mut message = Message::reply(10).long(events.len() as u32).byte(2).byte(0).filled(32);
    for at in events {
        message = message.long(at.time).long(at.x as u32).long(at.y as u32);
    }
    server.xi_reply(client, &message);
    Ok(())
}

fn check_modes(modes: [u8; 2], owner_events: u8) -> Outcome<bool> {
    for mode in modes {
        if mode > 1 {
            return Err(XError::value(u32::from(mode)));
        }
    }
    if owner_events > 1 { Err(XError::value(u32::from(owner_events))) } else { Ok(owner_events == 1) }
}

fn grab_device(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (window, time, count) = (word(body, 0)?, word(body, 4)?, half(body, 8)?);
    let (this_mode, other_mode, owner_events, id) = (body[10], body[11], body[12], body[13]);
    if tail(body, 16)?.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    let found = opened(id)?;
    let classes = classes(tail(body, 16)?, count)?;
    let owner_events = check_modes([this_mode, other_mode], owner_events)?;
    let viewable = server.window(window)?.viewable;
    let now = server.time;
    let time = if time == 0 { now } else { time };
    let held = server.xinput.grabs.get(&found.id);
    let status = if held.is_some_and(|grab| grab.client != client) {
        GrabStatus::ALREADY_GRABBED
    } else if !viewable {
        GrabStatus::NOT_VIEWABLE
    } else if is_before(now, time) || held.is_some_and(|grab| is_before(time, grab.time)) {
        GrabStatus::INVALID_TIME
    } else {
        server.xinput.grabs.insert(found.id, DeviceGrab { client, window, owner_events, classes, time });
        server.xinput.until_released.remove(&found.id);
        server.xinput.used = true;
        GrabStatus::SUCCESS
    };
    server.xi_reply(client, &Message::reply(13).byte(u8::from(status)).filled(32));
    Ok(())
}

/// `place` is the window, the device, the key or button, and the device of the modifiers; `how` the modes and whether
/// the owner's events are told.
fn passive_grab(
    server: &mut Server,
    client: ClientId,
    place: (u32, Device, u8, u8),
    modifiers: u16,
    how: ([u8; 2], u8),
    classes: Vec<u32>,
) -> Outcome {
    let (window, found, detail, modifier_device) = place;
    modifier_keyboard(modifier_device)?;
    let owner_events = check_modes(how.0, how.1)?;
    if modifiers != ANY_MODIFIER && modifiers & !0xff != 0 {
        return Err(XError::value(u32::from(modifiers)));
    }
    server.window(window)?;
    let passive = &mut server.xinput.passive;
    let collides = |grab: &&PassiveDeviceGrab| {
        grab.window == window
            && grab.device == found.id
            && (grab.detail == 0 || detail == 0 || grab.detail == detail)
            && (grab.modifiers == ANY_MODIFIER || modifiers == ANY_MODIFIER || grab.modifiers == modifiers)
    };
    if passive.iter().filter(collides).any(|grab| grab.client != client) {
        return Err(XError::ACCESS);
    }
    if passive.len() >= MAX_PASSIVE {
        return Err(XError::ALLOC);
    }
    passive.retain(|grab| {
        (grab.window, grab.device, grab.detail, grab.modifiers) != (window, found.id, detail, modifiers)
    });
    passive.push(PassiveDeviceGrab {
        client,
        window,
        device: found.id,
        detail,
        modifiers,
        owner_events,
        classes,
    });
    server.xinput.used = true;
    Ok(())
}

fn passive_ungrab(
    server: &mut Server,
    client: ClientId,
    window: u32,
    id: u8,
    detail: u8,
    modifiers: u16,
) -> Outcome {
    if modifiers != ANY_MODIFIER && modifiers & !0xff != 0 {
        return Err(XError::value(u32::from(modifiers)));
    }
    server.xinput.passive.retain(|grab| {
        grab.client != client
            || grab.window != window
            || grab.device != id
            || (detail != 0 && grab.detail != detail)
            || (modifiers != ANY_MODIFIER && grab.modifiers != modifiers)
    });
    Ok(())
}

/// Version 1: the focus follows the core keyboard's.
const FOLLOW_KEYBOARD: u32 = 3;

fn set_focus(server: &mut Server, body: &[u8]) -> Outcome {
    let (window, time, revert_to, id) = (word(body, 0)?, word(body, 4)?, body[8], body[9]);
    let found = opened(id)?;
    if found.is_pointer() {
        return Err(bad_device(u16::from(id)));
    }
    if found.is_master() {
        return server.set_input_focus(revert_to, window, time);
    }
    if revert_to > 3 {
        return Err(XError::value(u32::from(revert_to)));
    }
    if window > 1 && window != FOLLOW_KEYBOARD && !server.window(window)?.viewable {
        return Err(XError::MATCH);
    }
    let now = server.time;
    let time = if time == 0 { now } else { time };
    if is_before(time, server.device_focus(found).time) || is_before(now, time) {
        return Ok(());
    }
    server.xinput.focus.insert(found.id, Focus { window, revert_to, time });
    server.xinput.used = true;
    Ok(())
}

impl Server {
    fn device_focus(&self, found: Device) -> Focus {
        if found.is_master() {
            return self.input.focus;
        }
        let own = self.xinput.focus.get(&found.id).copied();
        own.unwrap_or(Focus { window: FOLLOW_KEYBOARD, revert_to: 3, time: 0 })
    }
}

fn feedback(server: &mut Server, client: ClientId, id: u8) -> Outcome {
    let found = opened(id)?;
    let (acceleration, threshold) = (server.input.pointer.acceleration, server.input.pointer.threshold);
    let message = if found.is_pointer() {
        // PtrFeedbackClass
        Message::reply(22)
            .short(1)
            .filled(32)
            .byte(1)
            .byte(0)
            .short(12)
            .short(0)
            .short(acceleration.0)
            .short(acceleration.1)
            .short(threshold)
    } else {
        // KbdFeedbackClass
        let (click, bell, repeat, repeats) = server.input.keyboard.feedback();
        Message::reply(22)
            .short(1)
            .filled(32)
            .byte(0)
            .byte(0)
            .short(52)
            .short(bell.1)
            .short(bell.2)
            .long(0)
            .long(0)
            .byte(u8::from(repeat))
            .byte(click)
            .byte(bell.0)
            .byte(0)
            .raw(&repeats)
    };
    server.xi_reply(client, &message);
    Ok(())
}

/// The core requests say the same of the core devices, which these are.
fn change_feedback(server: &mut Server, body: &[u8]) -> Outcome {
    let (mask, id, class) = (word(body, 0)?, body[4], body[8]);
    let found = opened(id)?;
    let length = usize::from(half(body, 10)?);
    if tail(body, 8)?.len() != length.next_multiple_of(4) {
        return Err(XError::LENGTH);
    }
    match (class, found.is_pointer()) {
        (0, false) if length == 20 => {
            let values = tail(body, 12)?;
            // key, auto-repeat, click, percent, pitch, duration, led mask, led values
            let (key, repeat, click, percent) = (values[0], values[1], values[2], values[3]);
            let (pitch, duration) = (half(values, 4)?, half(values, 6)?);
            let mut list = Vec::new();
            let core = [
                (0, u32::from(click)),
                (1, u32::from(percent)),
                (2, u32::from(pitch)),
                (3, u32::from(duration)),
            ];
            let mut core_mask = 0_u32;
            for (bit, value) in core {
                if mask & (1 << bit) != 0 {
                    core_mask |= 1 << bit;
                    list.extend(value.to_ne_bytes());
                }
            }
            for (bit, value) in [(6, u32::from(key)), (7, u32::from(repeat))] {
                if mask & (1 << bit) != 0 {
                    core_mask |= 1 << bit;
                    list.extend(value.to_ne_bytes());
                }
            }
            let mut request = core_mask.to_ne_bytes().to_vec();
            request.extend(list);
            server.change_keyboard_control(&request)
        }
        (1, true) if length == 12 => {
            let values = tail(body, 14)?;
            let mut request = values.get(..6).ok_or(XError::LENGTH)?.to_vec();
            request.extend([u8::from(mask & 0b11 != 0), u8::from(mask & 0b100 != 0)]);
            server.change_pointer_control(&request)
        }
        (0 | 1, _) if length != if class == 0 { 20 } else { 12 } => Err(XError::LENGTH),
        (0..=5, _) => Err(XError::MATCH),
        _ => Err(XError::value(u32::from(class))),
    }
}

/// `DeviceMappingNotify`: to everybody who selects it of the device.
fn mapping_changed(server: &mut Server, id: u8, request: u8, first: u8, count: u8) {
    let mut receivers = server.xinput.selecting(id, EVENT + 11);
    receivers.sort_unstable();
    receivers.dedup();
    let message = Message::event(EVENT + 11, id)
        .byte(request)
        .byte(first)
        .byte(count)
        .byte(0)
        .long(server.time)
        .filled(32);
    for client in receivers {
        server.xi_send(client, &message);
    }
}

fn device_state(server: &mut Server, client: ClientId, id: u8) -> Outcome {
    let found = opened(id)?;
    let message = if found.is_pointer() {
        let buttons = server.xi_buttons(None);
        let (x, y) = (server.input.pointer.x, server.input.pointer.y);
        Message::reply(30)
            .byte(2)
            .filled(32)
            .byte(BUTTON_CLASS)
            .byte(36)
            .byte(server.input.pointer.map.len() as u8)
            .byte(0)
            .raw(&buttons)
            .raw(&[0; 28])
            .byte(VALUATOR_CLASS)
            .byte(4 + 2 * 4)
            .byte(2)
            .byte(0)
            .long(x as u32)
            .long(y as u32)
    } else {
        let keyboard = &server.input.keyboard;
        let count = keyboard.max_keycode() - keyboard.min_keycode() + 1;
        Message::reply(30).byte(1).filled(32).byte(KEY_CLASS).byte(36).byte(count).byte(0).raw(&keyboard.down)
    };
    server.xi_reply(client, &message);
    Ok(())
}

fn send_event(server: &mut Server, body: &[u8]) -> Outcome {
    let (destination, id, propagate) = (word(body, 0)?, body[4], body[5]);
    let (count, events) = (half(body, 6)?, usize::from(body[8]));
    if tail(body, 12)?.len() != events * 32 + usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    let found = opened(id)?;
    if propagate > 1 {
        return Err(XError::value(u32::from(propagate)));
    }
    let list = tail(body, 12)?.get(..events * 32).ok_or(XError::LENGTH)?.to_vec();
    if list.chunks_exact(32).any(|event| !(EVENT..=EVENT + LAST_EVENT).contains(&(event[0] & 0x7f))) {
        return Err(XError::value(u32::from(list[0])));
    }
    let wanted = classes(tail(body, 12 + events * 32)?, count)?;
    let pointer = server.input.pointer.window;
    let mut at = match destination {
        0 => pointer,
        1 if found.is_pointer() => return Err(XError::window(1)),
        1 => match server.input.focus.window {
            0 => return Ok(()),
            1 => pointer,
            focus if server.is_inferior(pointer, focus) => pointer,
            focus => focus,
        },
        window => {
            server.window(window)?;
            window
        }
    };
    loop {
        let selected = server.xinput.classes.get(&at).map_or(&[][..], |selected| selected);
        let mut receivers: Vec<ClientId> =
            selected.iter().filter(|(_, class)| wanted.contains(class)).map(|(client, _)| *client).collect();
        if wanted.is_empty() {
            receivers = vec![server.owner(at)];
        }
        receivers.sort_unstable();
        receivers.dedup();
        for client in &receivers {
            for event in list.chunks_exact(32) {
                let mut event = event.to_vec();
                event[0] |= 0x80;
                server.send_event(*client, &event);
            }
        }
        let parent = server.window(at).map_or(0, |window| window.parent);
        if !receivers.is_empty() || propagate == 0 || parent == 0 {
            return Ok(());
        }
        at = parent;
    }
}

fn device_control(server: &mut Server, client: ClientId, control: u16, id: u8) -> Outcome {
    let found = opened(id)?;
    match control {
        // DEVICE_RESOLUTION
        1 if found.is_pointer() => {
            let mut message = Message::reply(34).byte(0).filled(32).short(1).short(8 + 2 * 12).long(2);
            for value in [0, 0, 0, 0, 1, 1] {
                message = message.long(value);
            }
            server.xi_reply(client, &message);
            Ok(())
        }
        // DEVICE_CORE and DEVICE_ENABLE
        3 | 5 => {
            let core = if control == 3 { [1, u8::from(!found.is_master())] } else { [1, 0] };
            let message =
                Message::reply(34).byte(0).filled(32).short(control).short(8).raw(&core).raw(&[0; 2]);
            server.xi_reply(client, &message);
            Ok(())
        }
        1 | 2 | 4 => Err(XError::MATCH),
        other => Err(XError::value(u32::from(other))),
    }
}
