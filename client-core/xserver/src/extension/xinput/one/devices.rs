//! What devices there are, what they are made of, and where they are and have been.

use super::super::{EVENT, Message, TOUCHSCREEN, bad_device, devices, touch};
use super::{BUTTON_CLASS, FEEDBACK_CLASS, FOCUS_CLASS, KEY_CLASS, OTHER_CLASS, VALUATOR_CLASS, opened};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::selection::is_before;
use crate::server::Server;
use crate::value_list::word;

/// Mode of valuators that tell where they are.
const ABSOLUTE: u8 = 1;

pub(super) fn list_devices(server: &mut Server, client: ClientId) {
    let mut message = Message::reply(2).byte(devices(server).len() as u8).filled(32);
    for found in devices(server) {
        let kind = match (found.id, found.is_pointer()) {
            (TOUCHSCREEN, _) => "TOUCHSCREEN",
            (_, true) => "MOUSE",
            (_, false) => "KEYBOARD",
        };
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
    for found in devices(server) {
        if found.is_pointer() {
            let buttons = server.input.pointer.map.len() as u16;
            message = message.byte(BUTTON_CLASS).byte(4).short(buttons);
            // A touchscreen's are absolute.
            let (mode, least, most) =
                if found.id == TOUCHSCREEN { (1, 0, touch::RANGE as u32) } else { (0, u32::MAX, u32::MAX) };
            message = message.byte(VALUATOR_CLASS).byte(8 + 2 * 12).byte(2).byte(mode).long(0);
            for _ in 0..2 {
                message = message.long(0).long(least).long(most);
            }
        } else {
            let (first, last) = (server.input.keyboard.min_keycode(), server.input.keyboard.max_keycode());
            let count = u16::from(last) - u16::from(first) + 1;
            message = message.byte(KEY_CLASS).byte(8).byte(first).byte(last).short(count).short(0);
        }
    }
    for found in devices(server) {
        message = message.byte(found.name.len() as u8).raw(found.name.as_bytes());
    }
    server.xi_reply(client, &message.padded());
}

pub(super) fn open_device(server: &mut Server, client: ClientId, id: u8) -> Outcome {
    let found = opened(server, id)?;
    if found.is_master() {
        return Err(bad_device(u16::from(id)));
    }
    // From now on, what the device does is followed.
    server.xinput.used = true;
    // Each class with the first of its events.
    let classes: &[(u8, u8)] = if found.is_pointer() {
        &[
            (BUTTON_CLASS, EVENT + 3),
            (VALUATOR_CLASS, EVENT + 5),
            (FEEDBACK_CLASS, 0),
            (OTHER_CLASS, EVENT + 10),
        ]
    } else {
        &[(KEY_CLASS, EVENT + 1), (FEEDBACK_CLASS, 0), (FOCUS_CLASS, EVENT + 6), (OTHER_CLASS, EVENT + 10)]
    };
    let mut message = Message::reply(3).byte(classes.len() as u8).filled(32);
    for (class, first) in classes {
        message = message.byte(*class).byte(*first);
    }
    server.xi_reply(client, &message.padded());
    Ok(())
}

pub(super) fn motion_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let found = opened(server, body[8])?;
    if !found.is_pointer() {
        return Err(XError::MATCH);
    }
    server.xi_end_hint(client, found.id);
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
    let mut message = Message::reply(10).long(events.len() as u32).byte(2).byte(ABSOLUTE).filled(32);
    for at in events {
        message = message.long(at.time).long(at.x as u32).long(at.y as u32);
    }
    server.xi_reply(client, &message);
    Ok(())
}

pub(super) fn device_state(server: &mut Server, client: ClientId, id: u8) -> Outcome {
    let found = opened(server, id)?;
    server.xi_end_hint(client, id);
    let message = if found.is_pointer() {
        let buttons = server.xi_buttons_of(id);
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
        let keys = server.xi_keys_of(id);
        Message::reply(30).byte(1).filled(32).byte(KEY_CLASS).byte(36).byte(count).byte(0).raw(&keys)
    };
    server.xi_reply(client, &message);
    Ok(())
}

pub(super) fn device_control(server: &mut Server, client: ClientId, control: u16, id: u8) -> Outcome {
    let found = opened(server, id)?;
    match control {
        // DEVICE_RESOLUTION
        1 if found.is_pointer() => {
            let mut message = Message::reply(34).byte(0).filled(32).short(1).short(8 + 2 * 12).long(2);
            // Of neither valuator is it known.
            for _ in 0..6 {
                message = message.long(0);
            }
            server.xi_reply(client, &message);
            Ok(())
        }
        // DEVICE_CORE and DEVICE_ENABLE
        3 | 4 => {
            let message = Message::reply(34).byte(0).filled(32).short(control).short(8).byte(1).raw(&[0; 3]);
            server.xi_reply(client, &message);
            Ok(())
        }
        1 | 2 | 5 => Err(XError::MATCH),
        other => Err(XError::value(u32::from(other))),
    }
}
