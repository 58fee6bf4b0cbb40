//! Properties of devices, in both versions' words.

use super::one::classes;
use super::{EVENT, Message, device};
use crate::atom::Atom;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::extension::number;
use crate::property::Property;
use crate::server::Server;
use crate::value_list::{half, tail, word};

/// A device with more properties than this gets no other.
const MAX_PROPERTIES: usize = 256;
/// All properties of a device may take so many bytes.
const MAX_BYTES: usize = 1 << 20;
const PROPERTY_EVENT: u16 = 12;

pub(super) fn list(server: &mut Server, client: ClientId, minor: u8, id: u16) -> Outcome {
    let device = device(server, id)?;
    let names: Vec<Atom> = server
        .xinput
        .properties
        .get(&device.id)
        .map_or_else(Vec::new, |properties| properties.iter().map(|(name, _)| *name).collect());
    let mut message = Message::reply(minor).short(names.len() as u16).filled(32);
    for name in names {
        message = message.long(name);
    }
    server.xi_reply(client, &message);
    Ok(())
}

/// Whom a change is told: 0 deleted, 1 created, 2 modified.
fn tell(server: &mut Server, id: u8, name: Atom, what: u8) {
    let mut receivers = std::collections::BTreeSet::new();
    for selections in server.xinput.selections.values() {
        for it in selections {
            let same = it.device == u16::from(id) || it.device == 0 || (it.device == 1 && id <= 3);
            if same && it.events & (1 << PROPERTY_EVENT) != 0 {
                receivers.insert(it.client);
            }
        }
    }
    let message = Message::generic(number::XINPUT, PROPERTY_EVENT, u16::from(id))
        .long(server.time)
        .long(name)
        .byte(what)
        .filled(32);
    for client in receivers {
        server.xi_send(client, &message);
    }
    let first = server.xinput.selecting(id, classes::PROPERTY);
    // Version 1 has the core protocol's states: 0 new value, 1 deleted.
    let message =
        Message::event(EVENT + 16, u8::from(what == 0)).long(server.time).long(name).filled(31).byte(id);
    for client in first {
        server.xi_send(client, &message);
    }
}

struct Change<'a> {
    device: u16,
    mode: u8,
    format: u8,
    name: Atom,
    kind: Atom,
    items: u32,
    data: &'a [u8],
}

pub(super) fn change_one(server: &mut Server, body: &[u8]) -> Outcome {
    change(
        server,
        &Change {
            device: u16::from(body[8]),
            mode: body[10],
            format: body[9],
            name: word(body, 0)?,
            kind: word(body, 4)?,
            items: word(body, 12)?,
            data: tail(body, 16)?,
        },
    )
}

pub(super) fn change_two(server: &mut Server, body: &[u8]) -> Outcome {
    change(
        server,
        &Change {
            device: half(body, 0)?,
            mode: body[2],
            format: body[3],
            name: word(body, 4)?,
            kind: word(body, 8)?,
            items: word(body, 12)?,
            data: tail(body, 16)?,
        },
    )
}

fn change(server: &mut Server, change: &Change<'_>) -> Outcome {
    if change.mode > 2 {
        return Err(XError::value(u32::from(change.mode)));
    }
    if !matches!(change.format, 8 | 16 | 32) {
        return Err(XError::value(u32::from(change.format)));
    }
    let bytes = usize::from(change.format / 8).checked_mul(change.items as usize).ok_or(XError::LENGTH)?;
    if change.data.len() != bytes.checked_next_multiple_of(4).ok_or(XError::LENGTH)? {
        return Err(XError::LENGTH);
    }
    let device = device(server, change.device)?;
    server.atoms.check(change.name)?;
    server.atoms.check(change.kind)?;
    let data = change.data.get(..bytes).ok_or(XError::LENGTH)?;
    let properties = server.xinput.properties.entry(device.id).or_default();
    let used: usize = properties.iter().map(|(_, property)| property.cost()).sum();
    if used + data.len() > MAX_BYTES {
        return Err(XError::ALLOC);
    }
    let full = properties.len() >= MAX_PROPERTIES;
    let what = match properties.iter_mut().find(|(name, _)| *name == change.name) {
        Some((_, old)) if change.mode == 0 => {
            *old = Property { kind: change.kind, format: change.format, data: data.to_vec() };
            2
        }
        Some((_, old)) => {
            if old.format != change.format || old.kind != change.kind {
                return Err(XError::MATCH);
            }
            let at = if change.mode == 1 { 0 } else { old.data.len() };
            old.data.splice(at..at, data.iter().copied());
            2
        }
        None if full => return Err(XError::ALLOC),
        None => {
            let new = Property { kind: change.kind, format: change.format, data: data.to_vec() };
            properties.push((change.name, new));
            1
        }
    };
    tell(server, device.id, change.name, what);
    Ok(())
}

pub(super) fn delete(server: &mut Server, id: u16, name: Atom) -> Outcome {
    let device = device(server, id)?;
    server.atoms.check(name)?;
    let properties = server.xinput.properties.entry(device.id).or_default();
    let before = properties.len();
    properties.retain(|(known, _)| *known != name);
    if properties.len() != before {
        tell(server, device.id, name, 0);
    }
    Ok(())
}

pub(super) fn get_one(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let ask = Ask {
        device: u16::from(body[16]),
        delete: body[17],
        name: word(body, 0)?,
        kind: word(body, 4)?,
        offset: word(body, 8)?,
        length: word(body, 12)?,
    };
    get(server, client, 39, &ask)
}

pub(super) fn get_two(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let ask = Ask {
        device: half(body, 0)?,
        delete: body[2],
        name: word(body, 4)?,
        kind: word(body, 8)?,
        offset: word(body, 12)?,
        length: word(body, 16)?,
    };
    get(server, client, 59, &ask)
}

struct Ask {
    device: u16,
    delete: u8,
    name: Atom,
    kind: Atom,
    offset: u32,
    length: u32,
}

fn get(server: &mut Server, client: ClientId, minor: u8, ask: &Ask) -> Outcome {
    let device = device(server, ask.device)?;
    if ask.delete > 1 {
        return Err(XError::value(u32::from(ask.delete)));
    }
    server.atoms.check(ask.name)?;
    if ask.kind != 0 {
        server.atoms.check(ask.kind)?;
    }
    let found = server
        .xinput
        .properties
        .get(&device.id)
        .and_then(|properties| properties.iter().find(|(name, _)| *name == ask.name))
        .map(|(_, property)| property.clone());
    let answer = |kind: u32, after: u32, items: u32, format: u8| {
        let message = Message::reply(minor).long(kind).long(after).long(items).byte(format);
        // Version 1 tells the device as well.
        if minor == 39 { message.byte(device.id).filled(32) } else { message.filled(32) }
    };
    let Some(property) = found else {
        server.xi_reply(client, &answer(0, 0, 0, 0));
        return Ok(());
    };
    let total = property.data.len() as u64;
    if ask.kind != 0 && ask.kind != property.kind {
        server.xi_reply(client, &answer(property.kind, total as u32, 0, property.format));
        return Ok(());
    }
    let start = 4 * u64::from(ask.offset);
    if start > total {
        return Err(XError::value(ask.offset));
    }
    let length = (total - start).min(4 * u64::from(ask.length));
    let after = total - start - length;
    let unit = usize::from(property.format / 8);
    let value = property.data.get(start as usize..(start + length) as usize).unwrap_or(&[]);
    let mut message = answer(property.kind, after as u32, (value.len() / unit) as u32, property.format);
    for item in value.chunks_exact(unit) {
        message = match *item {
            [a, b] => message.short(u16::from_ne_bytes([a, b])),
            [a, b, c, d] => message.long(u32::from_ne_bytes([a, b, c, d])),
            _ => message.raw(item),
        };
    }
    if ask.delete == 1 && after == 0 {
        delete(server, ask.device, ask.name)?;
    }
    server.xi_reply(client, &message.padded());
    Ok(())
}
