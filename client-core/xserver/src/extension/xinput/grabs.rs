//! Grabs of version 2. They are the masters' own, told in other words: see `input/grab.rs`.

use x11rb_protocol::protocol::xproto::GrabStatus;

use super::{Message, two};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::input::{Device, XiGrab};
use crate::server::Server;
use crate::value_list::{half, tail, word};

fn kind(pointer: bool) -> Device {
    if pointer { Device::Pointer } else { Device::Keyboard }
}

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
    let pointer = two::master(half(body, 12)?)?;
    let grab = XiGrab {
        window: word(body, 0)?,
        cursor: word(body, 8)?,
        asynchronous: flag(body[14])?,
        paired_asynchronous: flag(body[15])?,
        owner_events: flag(body[16])?,
        events: mask(body, 20, usize::from(half(body, 18)?))?,
    };
    let status = server.xi_grab(client, kind(pointer), &grab, word(body, 4)?)?;
    server.xinput.used = true;
    server.xi_reply(client, &Message::reply(51).byte(u8::from(status)).filled(32));
    Ok(())
}

pub(super) fn ungrab_device(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let time = word(body, 0)?;
    if two::master(half(body, 4)?)? {
        server.ungrab_pointer(client, time)
    } else {
        server.ungrab_keyboard(client, time)
    }
}

pub(super) fn allow_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let pointer = two::master(half(body, 4)?)?;
    // The core protocol's modes: three of the pointer, three of the keyboard, two of both.
    let (own, other) = if pointer { (0, 3) } else { (3, 0) };
    let mode = match body[6] {
        mode @ 0..=2 => own + mode,
        3 => other,
        mode @ (4 | 5) => mode + 2,
        // Touches: there are none.
        6 | 7 => return Ok(()),
        mode => return Err(XError::value(u32::from(mode))),
    };
    server.allow_events(client, mode, word(body, 0)?)
}

/// The core modifiers of a set of version 2, whose "any" is the highest bit.
fn modifiers(value: u32) -> Outcome<u16> {
    match value {
        0x8000_0000 => Ok(0x8000),
        value if value <= 0xff => Ok(value as u16),
        value => Err(XError::value(value)),
    }
}

pub(super) fn passive_grab(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let pointer = two::master_for(half(body, 16)?, body[22])?;
    let (count, words) = (usize::from(half(body, 18)?), usize::from(half(body, 20)?));
    let detail = word(body, 12)?;
    match (body[22], pointer) {
        (0, true) | (1, false) => {}
        (0 | 1, _) => return Err(super::bad_device(half(body, 16)?)),
        // Grabs that crossing, focus or touches activate
        (2..=6, _) => return Err(XError { code: 17, value: 0 }),
        (kind, _) => return Err(XError::value(u32::from(kind))),
    }
    let detail = u8::try_from(detail).map_err(|_| XError::value(detail))?;
    let grab = XiGrab {
        window: word(body, 4)?,
        cursor: word(body, 8)?,
        asynchronous: flag(body[23])?,
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
        match server.xi_passive_grab(client, kind(pointer), &grab, detail, modifiers(wanted)?) {
            Ok(()) => {}
            Err(error) if error == XError::ACCESS => failed.push(wanted),
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

pub(super) fn passive_ungrab(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (window, detail) = (word(body, 0)?, word(body, 4)?);
    let pointer = two::master_for(half(body, 8)?, body[12])?;
    let count = usize::from(half(body, 10)?);
    let detail = u8::try_from(detail).map_err(|_| XError::value(detail))?;
    if body[12] > 6 {
        return Err(XError::value(u32::from(body[12])));
    }
    server.window(window)?;
    let list = tail(body, 16)?;
    if list.len() != count * 4 {
        return Err(XError::LENGTH);
    }
    for item in list.chunks_exact(4) {
        server.remove_passive(client, window, kind(pointer), detail, modifiers(word(item, 0)?)?)?;
    }
    Ok(())
}
