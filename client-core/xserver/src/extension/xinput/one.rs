//! The requests of version 1 (X11 Input Extension Protocol, "Requests").

use x11rb_protocol::protocol::xproto::GrabStatus;
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Device, EVENT, Message, bad_class, bad_device, bad_mode, device, properties};
use classes::Choice;

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::{ROOT, Server};
use crate::value_list::{half, tail, word};

pub(super) mod classes;
mod devices;
mod feedback;
mod focus;
mod grabs;
mod mapping;

/// Kinds of event from the extension's first.
const LAST_EVENT: u8 = 16;
const KEY_CLASS: u8 = 0;
const BUTTON_CLASS: u8 = 1;
const VALUATOR_CLASS: u8 = 2;
const FEEDBACK_CLASS: u8 = 3;
const FOCUS_CLASS: u8 = 5;
const OTHER_CLASS: u8 = 6;

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
        2 => devices::list_devices(server, client),
        3 => devices::open_device(server, client, body[0])?,
        4 => {
            let found = opened(server, body[0])?;
            server.xi_close_device(client, found.id);
        }
        5 => {
            opened(server, body[0])?;
            // The mode of the valuators is fixed.
            return Err(XError::MATCH);
        }
        6 => select_events(server, client, body)?,
        7 => selected_events(server, client, word(body, 0)?)?,
        8 => change_dont_propagate(server, body)?,
        9 => {
            let window = word(body, 0)?;
            server.window(window)?;
            let stopped = server.xinput.dont_propagate.get(&window).map_or(&[][..], Vec::as_slice);
            let listed: Vec<u32> =
                stopped.iter().flat_map(|(device, kinds)| classes::classes_of(*device, *kinds)).collect();
            let mut message = Message::reply(9).short(listed.len() as u16).filled(32);
            for class in listed {
                message = message.long(class);
            }
            server.xi_reply(client, &message);
        }
        10 => devices::motion_events(server, client, body)?,
        11 | 12 => {
            let keyboard = header.minor_opcode == 11;
            let found = opened(server, if keyboard { body[0] } else { body[2] })?;
            // Which device is the core one is not for clients to say: none is fit for it.
            if found.is_master() || found.is_pointer() == keyboard {
                return Err(XError::MATCH);
            }
            if !keyboard && (body[0] >= 2 || body[1] >= 2) {
                return Err(XError::MATCH);
            }
            match server.xi_hindrance(client, found) {
                GrabStatus::SUCCESS => return Err(XError::MATCH),
                status => server
                    .xi_reply(client, &Message::reply(header.minor_opcode).byte(u8::from(status)).filled(32)),
            }
        }
        13..=19 => grabs::dispatch(server, client, header.minor_opcode, body)?,
        20 => {
            let found = opened(server, body[0])?;
            if found.is_pointer() {
                return Err(bad_device(u16::from(found.id)));
            }
            let focus = server.device_focus(found);
            let message =
                Message::reply(20).long(focus.window).long(focus.time).byte(focus.revert_to).filled(32);
            server.xi_reply(client, &message);
        }
        21 => focus::set_focus(server, body)?,
        22 => feedback::feedback(server, client, body[0])?,
        23 => feedback::change_feedback(server, body)?,
        24..=29 => mapping::dispatch(server, client, header.minor_opcode, body)?,
        30 => devices::device_state(server, client, body[0])?,
        31 => send_event(server, body)?,
        32 => {
            let (id, feedback, class, percent) = (body[0], body[1], body[2], body[3] as i8);
            let found = opened(server, id)?;
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
            let found = opened(server, body[0])?;
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
        34 => devices::device_control(server, client, half(body, 0)?, body[2])?,
        35 => {
            let control = half(body, 0)?;
            let found = opened(server, body[2])?;
            // Resolutions, one for each of so many valuators.
            let valuators = body.get(9).map_or(0, |count| usize::from(*count));
            if control == 1
                && words != 3 + valuators
                && !matches!(found.id, super::TEST_POINTER | super::TEST_KEYBOARD)
            {
                return Err(XError::LENGTH);
            }
            return Err(if (1..=5).contains(&control) {
                XError::MATCH
            } else {
                XError::value(u32::from(control))
            });
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

fn opened(server: &Server, id: u8) -> Outcome<Device> {
    device(server, u16::from(id))
}

/// The keyboard whose modifiers count: none is the core one.
fn modifier_keyboard(server: &Server, id: u8) -> Outcome {
    if id == 0xff {
        return Ok(());
    }
    let found = opened(server, id)?;
    if found.is_pointer() { Err(XError::MATCH) } else { Ok(()) }
}

fn select_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (window, count) = (word(body, 0)?, half(body, 4)?);
    let list = tail(body, 8)?;
    if list.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    server.window(window)?;
    let wanted = classes::parse(server, list, count, None)?;
    for (device, kinds) in wanted {
        let selected = server.xinput.classes.entry(window).or_default();
        let grabs = classes::BUTTON_GRAB | classes::OWNER_GRAB;
        let taken =
            |other: &Choice| other.client != client && other.device == device && other.kinds & grabs != 0;
        // One client alone may grab by the button.
        if kinds & grabs != 0 && selected.iter().any(taken) {
            return Err(XError::ACCESS);
        }
        match selected.iter_mut().find(|it| (it.client, it.device) == (client, device)) {
            Some(old) => old.kinds = kinds,
            None => selected.push(Choice { client, device, kinds }),
        }
    }
    server.xinput.used = true;
    Ok(())
}

fn selected_events(server: &mut Server, client: ClientId, window: u32) -> Outcome {
    server.window(window)?;
    let selected = server.xinput.classes.get(&window).map_or(&[][..], |selected| selected);
    let of = |client: ClientId| -> Vec<u32> {
        let mut mine: Vec<&Choice> = selected.iter().filter(|it| it.client == client).collect();
        mine.sort_unstable_by_key(|it| it.device);
        mine.iter().flat_map(|it| classes::classes_of(it.device, it.kinds)).collect()
    };
    // The clients that came last come first.
    let mut clients: Vec<ClientId> = Vec::new();
    for it in selected {
        if !clients.contains(&it.client) {
            clients.insert(0, it.client);
        }
    }
    let (mine, all) = (of(client), clients.into_iter().flat_map(of).collect::<Vec<u32>>());
    let mut message = Message::reply(7).short(mine.len() as u16).short(all.len() as u16).filled(32);
    for class in mine.into_iter().chain(all) {
        message = message.long(class);
    }
    server.xi_reply(client, &message);
    Ok(())
}

fn change_dont_propagate(server: &mut Server, body: &[u8]) -> Outcome {
    let (window, count, mode) = (word(body, 0)?, half(body, 4)?, body[6]);
    let list = tail(body, 8)?;
    if list.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    server.window(window)?;
    if mode > 1 {
        return Err(bad_mode());
    }
    for (device, kinds) in classes::parse(server, list, count, None)? {
        if mode == 0 && kinds & !classes::PROPAGATED != 0 {
            return Err(bad_class(kinds));
        }
        let stopped = server.xinput.dont_propagate.entry(window).or_default();
        match stopped.iter_mut().find(|(of, _)| *of == device) {
            Some((_, old)) if mode == 0 => *old |= kinds,
            Some((_, old)) => *old &= !kinds,
            None if mode == 0 => stopped.push((device, kinds)),
            None => {}
        }
    }
    server.xinput.used = true;
    Ok(())
}

fn send_event(server: &mut Server, body: &[u8]) -> Outcome {
    let (destination, id, propagate) = (word(body, 0)?, body[4], body[5]);
    let (count, events) = (half(body, 6)?, usize::from(body[8]));
    if tail(body, 12)?.len() != events * 32 + usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    let found = opened(server, id)?;
    let list = tail(body, 12)?.get(..events * 32).ok_or(XError::LENGTH)?.to_vec();
    if list.chunks_exact(32).any(|event| !(EVENT..=EVENT + LAST_EVENT).contains(&(event[0] & 0x7f))) {
        return Err(XError::value(u32::from(list[0])));
    }
    let wanted = classes::parse(server, tail(body, 12 + events * 32)?, count, None)?;
    let mut kinds = wanted.iter().find(|(device, _)| *device == id).map_or(0, |(_, kinds)| *kinds);
    let pointer = server.input.pointer.window;
    // The last window that is asked
    let mut limit = ROOT;
    let mut at = match destination {
        0 => pointer,
        1 => {
            let focus = if found.is_pointer() { pointer } else { server.device_focus_window(found.id) };
            match focus {
                0 => return Ok(()),
                1 => pointer,
                focus if server.is_inferior(pointer, focus) => {
                    limit = focus;
                    pointer
                }
                focus => {
                    limit = focus;
                    focus
                }
            }
        }
        window => {
            server.window(window)?;
            window
        }
    };
    if propagate > 1 {
        return Err(XError::value(u32::from(propagate)));
    }
    loop {
        let selected = server.xinput.classes.get(&at).map_or(&[][..], |selected| selected);
        let mut receivers: Vec<ClientId> = selected
            .iter()
            .filter(|it| it.device == id && it.kinds & kinds != 0)
            .map(|it| it.client)
            .collect();
        if kinds == 0 {
            receivers = vec![server.owner(at)];
        }
        for client in &receivers {
            for event in list.chunks_exact(32) {
                let mut event = event.to_vec();
                event[0] |= 0x80;
                server.send_event(*client, &event);
            }
        }
        let parent = server.window(at).map_or(0, |window| window.parent);
        let stopped = server.xinput.dont_propagate.get(&at).into_iter().flatten();
        kinds &= !stopped.filter(|(device, _)| *device == id).fold(0, |all, (_, kinds)| all | kinds);
        if !receivers.is_empty() || propagate == 0 || at == limit || parent == 0 || kinds == 0 {
            return Ok(());
        }
        at = parent;
    }
}
