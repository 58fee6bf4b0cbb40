//! Grabs of version 2. They are the masters' own, told in other words: see `input/grab.rs`.

use x11rb_protocol::protocol::xproto::GrabStatus;

use super::slave::{Allow, PassiveSlaveGrab, SlaveGrab, Wanted};
use super::{Message, device};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::input::{ANY_MODIFIER, Activator, Combinations, Device, XiGrab};
use crate::server::Server;
use crate::value_list::{half, tail, word};

fn flag(value: u8) -> Outcome<bool> {
    if value > 1 { Err(XError::value(u32::from(value))) } else { Ok(value == 1) }
}

fn mask(body: &[u8], at: usize, words: usize) -> Outcome<u32> {
    let bytes = tail(body, at)?.get(..words * 4).ok_or(XError::LENGTH)?;
    Ok(bytes.iter().take(4).enumerate().fold(0, |all, (at, byte)| all | u32::from(*byte) << (8 * at)))
}

pub(super) fn grab_device(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    if tail(body, 20)?.len() != usize::from(half(body, 18)?) * 4 {
        return Err(XError::LENGTH);
    }
    let found = device(server, half(body, 12)?)?;
    let grab = XiGrab {
        window: word(body, 0)?,
        cursor: word(body, 8)?,
        asynchronous: flag(body[14])?,
        paired_asynchronous: flag(body[15])?,
        owner_events: flag(body[16])?,
        events: mask(body, 20, usize::from(half(body, 18)?))?,
    };
    let time = word(body, 4)?;
    let status = if found.is_master() {
        server.xi_grab(
            client,
            if found.is_pointer() { Device::Pointer } else { Device::Keyboard },
            &grab,
            time,
        )?
    } else {
        if grab.cursor != 0 {
            server.cursor_resource(grab.cursor)?;
        }
        let wanted = Wanted::Kinds(grab.events);
        let slave = SlaveGrab {
            client,
            window: grab.window,
            owner_events: grab.owner_events,
            wanted,
            time,
            until: None,
            // A slave has no paired device.
            asynchronous: (grab.asynchronous, true),
        };
        server.xi_grab_slave(found, slave)?
    };
    server.xinput.used = true;
    server.xi_reply(client, &Message::reply(51).byte(u8::from(status)).filled(32));
    Ok(())
}

pub(super) fn ungrab_device(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let time = word(body, 0)?;
    let found = device(server, half(body, 4)?)?;
    match (found.is_master(), found.is_pointer()) {
        (true, true) => server.ungrab_pointer(client, time),
        (true, false) => server.ungrab_keyboard(client, time),
        (false, _) => {
            server.xi_ungrab_slave(client, found.id, time);
            Ok(())
        }
    }
}

pub(super) fn allow_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let found = device(server, half(body, 4)?)?;
    let time = word(body, 0)?;
    let mode = body[6];
    if !found.is_master() {
        let allowed = match mode {
            0 => Allow::Async,
            1 => Allow::Sync,
            2 => Allow::Replay,
            // Of pairs there are only masters.
            3..=5 => return Ok(()),
            // Version 2.0 has no touch there.
            6 | 7 if body.len() < 16 => return Err(XError::value(0)),
            6 | 7 => {
                return server.xi_allow_touch(client, found.id, word(body, 8)?, word(body, 12)?, mode == 6);
            }
            mode => return Err(XError::value(u32::from(mode))),
        };
        server.xi_allow(client, found.id, allowed, time);
        return Ok(());
    }
    // The core protocol's modes: three of the pointer, three of the keyboard, two of both.
    let (own, other) = if found.is_pointer() { (0, 3) } else { (3, 0) };
    let mode = match mode {
        mode @ 0..=2 => own + mode,
        3 => other,
        mode @ (4 | 5) => mode + 2,
        // Version 2.0 has no touch there.
        6 | 7 if body.len() < 16 => return Err(XError::value(0)),
        6 | 7 => return server.xi_allow_touch(client, found.id, word(body, 8)?, word(body, 12)?, mode == 6),
        mode => return Err(XError::value(u32::from(mode))),
    };
    server.allow_events(client, mode, time)
}

/// The core modifiers of a set of version 2, whose "any" is the highest bit.
fn modifiers(value: u32) -> Outcome<u16> {
    match value {
        0x8000_0000 => Ok(ANY_MODIFIER),
        value if value <= 0xff => Ok(value as u16),
        value => Err(XError::value(value)),
    }
}

/// What activates a passive grab (XI 2, `GRABTYPE`): which of a master's devices, and how; none for pinching and swiping,
/// which no device here can tell.
fn activator(kind: u8) -> Outcome<Option<(Device, Activator)>> {
    match kind {
        0 => Ok(Some((Device::Pointer, Activator::Press))),
        1 => Ok(Some((Device::Keyboard, Activator::Press))),
        2 => Ok(Some((Device::Pointer, Activator::Crossing))),
        3 => Ok(Some((Device::Keyboard, Activator::Crossing))),
        4 => Ok(Some((Device::Pointer, Activator::Touch))),
        5 | 6 => Ok(None),
        other => Err(XError::value(u32::from(other))),
    }
}

fn is_master(server: &Server, id: u16) -> Outcome<bool> {
    Ok(id == 1 || (id > 1 && device(server, id)?.is_master()))
}

pub(super) fn passive_grab(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let id = half(body, 16)?;
    if id > 1 {
        device(server, id)?;
    }
    let (count, words) = (usize::from(half(body, 18)?), usize::from(half(body, 20)?));
    let detail = word(body, 12)?;
    let kind = activator(body[22])?;
    if body[22] > 1 && detail != 0 {
        return Err(XError::value(detail));
    }
    let touching = body[22] >= 4;
    // XIGrabModeTouch
    if body[22] == 4 && (body[23] != 2 || body[24] != 1) {
        return Err(XError::value(u32::from(body[23])));
    }
    let grab = XiGrab {
        window: word(body, 4)?,
        cursor: word(body, 8)?,
        asynchronous: touching || flag(body[23])?,
        paired_asynchronous: flag(body[24])?,
        owner_events: flag(body[25])?,
        events: mask(body, 28, words)?,
    };
    let list = tail(body, 28 + words * 4)?;
    if list.len() != count * 4 {
        return Err(XError::LENGTH);
    }
    server.window(grab.window)?;
    if grab.cursor != 0 {
        server.cursor_resource(grab.cursor)?;
    }
    let mut failed = Vec::new();
    for item in list.chunks_exact(4) {
        let wanted = word(item, 0)?;
        match add_passive(server, client, (id, kind), &grab, detail, modifiers(wanted)?) {
            Ok(()) => {}
            Err(error) if error == XError::ACCESS || error == XError::MATCH => failed.push(wanted),
            Err(error) => return Err(error),
        }
    }
    server.xinput.used = true;
    let mut message = Message::reply(54).short(failed.len() as u16).filled(32);
    for wanted in failed {
        message = message.long(wanted).byte(u8::from(GrabStatus::ALREADY_GRABBED)).raw(&[0; 3]);
    }
    server.xi_reply(client, &message);
    Ok(())
}

fn add_passive(
    server: &mut Server,
    client: ClientId,
    (id, kind): (u16, Option<(Device, Activator)>),
    grab: &XiGrab,
    detail: u32,
    modifiers: u16,
) -> Outcome {
    let Some((of, activator)) = kind else { return Ok(()) };
    let detail = u8::try_from(detail).map_err(|_| XError::value(detail))?;
    let pointer = of == Device::Pointer;
    if activator == Activator::Press && id > 1 && device(server, id)?.is_pointer() && !pointer {
        return Err(XError::MATCH);
    }
    if is_master(server, id)? || activator != Activator::Press {
        return server.xi_passive_grab(client, (of, activator), grab, detail, modifiers);
    }
    server.xi_add_passive(PassiveSlaveGrab {
        client,
        window: grab.window,
        device: id as u8,
        button: pointer,
        of: Combinations::new(detail, modifiers),
        owner_events: grab.owner_events,
        asynchronous: (grab.asynchronous, true),
        wanted: Wanted::Kinds(grab.events),
    })
}

pub(super) fn passive_ungrab(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (window, detail, id) = (word(body, 0)?, word(body, 4)?, half(body, 8)?);
    let of_master = is_master(server, id)?;
    let kind = activator(body[12])?;
    let count = usize::from(half(body, 10)?);
    if body[12] > 1 && detail != 0 {
        return Err(XError::value(detail));
    }
    let detail = u8::try_from(detail).map_err(|_| XError::value(detail))?;
    server.window(window)?;
    let list = tail(body, 16)?;
    if list.len() != count * 4 {
        return Err(XError::LENGTH);
    }
    let Some((of, activator)) = kind else { return Ok(()) };
    for item in list.chunks_exact(4) {
        let modifiers = modifiers(word(item, 0)?)?;
        if of_master || activator != Activator::Press {
            server.remove_passive(client, window, (of, activator, true), detail, modifiers)?;
        } else {
            let pointer = of == Device::Pointer;
            server.xi_remove_passive(client, window, (id as u8, 2, pointer), detail, modifiers)?;
        }
    }
    Ok(())
}
