//! Properties of outputs: what clients keep there, and which values it may have.

use x11rb_protocol::protocol::randr::{
    ListOutputPropertiesReply, Notify, OutputProperty as Told, QueryOutputPropertyReply,
};
use x11rb_protocol::protocol::xproto::Property as State;

use super::super::message::Message;
use super::{OUTPUT, OUTPUT_PROPERTY, bad_output};
use crate::atom::Atom;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::property::Property;
use crate::server::Server;
use crate::value_list::{tail, word};

/// What an output has room for.
const MAX_BYTES: usize = 1 << 20;
const MAX_PROPERTIES: usize = 256;

/// A property, and which values it may have.
#[derive(Debug, Clone, Default)]
pub(super) struct OutputProperty {
    /// None until one is given.
    value: Option<Property>,
    /// What clients change is for the future, when a CRTC is set to show on the output.
    pending: bool,
    /// The value for the future, where that is another one.
    waiting: Option<Property>,
    /// The values are the ends of ranges rather than all there are.
    range: bool,
    valid: Vec<i32>,
}

impl OutputProperty {
    fn cost(&self) -> usize {
        let values = [&self.value, &self.waiting].into_iter().flatten().map(Property::cost);
        64 + 4 * self.valid.len() + values.sum::<usize>()
    }

    /// The value for the future: the present one, unless another is waiting.
    fn future(&self) -> Option<&Property> {
        self.waiting.as_ref().or(self.value.as_ref())
    }
}

pub(super) fn dispatch(server: &mut Server, client: ClientId, minor: u8, body: &[u8]) -> Outcome {
    let id = word(body, 0)?;
    let output = server.randr.output_index(id).ok_or(bad_output(id))?;
    if minor == 10 {
        let atoms = server.randr.outputs[output].properties.iter().map(|(name, _)| *name).collect();
        server.reply(client, &ListOutputPropertiesReply { sequence: 0, length: 0, atoms });
        return Ok(());
    }
    let name = word(body, 4)?;
    match minor {
        11 => {
            let found = find(server, output, name).ok_or(XError::name(name))?;
            let reply = QueryOutputPropertyReply {
                sequence: 0,
                pending: found.pending,
                range: found.range,
                immutable: false,
                valid_values: found.valid.clone(),
            };
            server.reply(client, &reply);
            Ok(())
        }
        12 => configure(server, output, name, body),
        13 => change(server, output, name, body),
        14 => {
            server.atoms.check(name)?;
            let properties = &mut server.randr.outputs[output].properties;
            let before = properties.len();
            properties.retain(|(known, _)| *known != name);
            if properties.len() == before {
                return Err(XError::name(name));
            }
            tell(server, output, name, State::DELETE);
            Ok(())
        }
        _ => get(server, client, output, name, body),
    }
}

fn find(server: &Server, output: usize, name: Atom) -> Option<&OutputProperty> {
    server.randr.outputs[output].properties.iter().find(|(known, _)| *known == name).map(|(_, found)| found)
}

/// A property to be changed, made if there is none.
fn place(server: &mut Server, output: usize, name: Atom, bytes: usize) -> Outcome<&mut OutputProperty> {
    let properties = &mut server.randr.outputs[output].properties;
    let used: usize = properties.iter().map(|(_, property)| property.cost()).sum();
    let at = properties.iter().position(|(known, _)| *known == name);
    if used + bytes > MAX_BYTES || (at.is_none() && properties.len() >= MAX_PROPERTIES) {
        return Err(XError::ALLOC);
    }
    let at = at.unwrap_or_else(|| {
        properties.push((name, OutputProperty::default()));
        properties.len() - 1
    });
    Ok(&mut properties[at].1)
}

fn configure(server: &mut Server, output: usize, name: Atom, body: &[u8]) -> Outcome {
    let (pending, range) = (body[8], body[9]);
    let valid: Vec<i32> = tail(body, 12)?
        .chunks_exact(4)
        .filter_map(|value| word(value, 0).ok())
        .map(|value| value as i32)
        .collect();
    server.atoms.check(name)?;
    for flag in [pending, range] {
        if flag > 1 {
            return Err(XError::value(u32::from(flag)));
        }
    }
    if range == 1 && !valid.len().is_multiple_of(2) {
        return Err(XError::MATCH);
    }
    let property = place(server, output, name, 4 * valid.len())?;
    (property.pending, property.range, property.valid) = (pending == 1, range == 1, valid);
    Ok(())
}

fn change(server: &mut Server, output: usize, name: Atom, body: &[u8]) -> Outcome {
    let (kind, format, mode, items) = (word(body, 8)?, body[12], body[13], word(body, 16)?);
    if mode > 2 {
        return Err(XError::value(u32::from(mode)));
    }
    if !matches!(format, 8 | 16 | 32) {
        return Err(XError::value(u32::from(format)));
    }
    let bytes = usize::from(format / 8).checked_mul(items as usize).ok_or(XError::LENGTH)?;
    let data = tail(body, 20)?;
    if data.len() != bytes.checked_next_multiple_of(4).ok_or(XError::LENGTH)? {
        return Err(XError::LENGTH);
    }
    server.atoms.check(name)?;
    server.atoms.check(kind)?;
    let data = data.get(..bytes).ok_or(XError::LENGTH)?.to_vec();
    // What has only been configured is of no type.
    if mode != 0 && find(server, output, name).is_some_and(|found| found.future().is_none()) {
        return Err(XError::MATCH);
    }
    let property = place(server, output, name, data.len())?;
    let value = match property.future() {
        Some(old) if mode != 0 => {
            if old.format != format || old.kind != kind {
                return Err(XError::MATCH);
            }
            let [first, second] = if mode == 1 { [&data, &old.data] } else { [&old.data, &data] };
            let both: Vec<u8> = first.iter().chain(second).copied().collect();
            Property { kind, format, data: both }
        }
        _ => Property { kind, format, data },
    };
    if property.pending {
        property.waiting = Some(value);
    } else {
        (property.value, property.waiting) = (Some(value), None);
    }
    tell(server, output, name, State::NEW_VALUE);
    Ok(())
}

fn get(server: &mut Server, client: ClientId, output: usize, name: Atom, body: &[u8]) -> Outcome {
    let (kind, offset, length) = (word(body, 8)?, word(body, 12)?, word(body, 16)?);
    let (delete, pending) = (body[20], body[21]);
    server.atoms.check(name)?;
    for flag in [delete, pending] {
        if flag > 1 {
            return Err(XError::value(u32::from(flag)));
        }
    }
    if kind != 0 {
        server.atoms.check(kind)?;
    }
    let answer = |format: u8, kind: Atom, after: u32, items: u32| {
        Message { bytes: vec![1, format, 0, 0, 0, 0, 0, 0], fields: Vec::new() }
            .long(kind)
            .long(after)
            .long(items)
            .filled(32)
    };
    let Some(found) = find(server, output, name) else {
        server.randr_reply(client, &answer(0, 0, 0, 0));
        return Ok(());
    };
    // One that has only been configured is empty, of no type.
    let found = if pending == 1 { found.future() } else { found.value.as_ref() };
    let found = found.cloned().unwrap_or(Property { kind: 0, format: 0, data: Vec::new() });
    let total = found.data.len() as u64;
    if kind != 0 && kind != found.kind {
        server.randr_reply(client, &answer(found.format, found.kind, total as u32, 0));
        return Ok(());
    }
    let start = 4 * u64::from(offset);
    if start > total {
        return Err(XError::value(offset));
    }
    let taken = (total - start).min(4 * u64::from(length));
    let after = (total - start - taken) as u32;
    let value = found.data.get(start as usize..(start + taken) as usize).unwrap_or(&[]);
    let unit = usize::from(found.format / 8).max(1);
    let mut message = answer(found.format, found.kind, after, (value.len() / unit) as u32);
    for item in value.chunks_exact(unit) {
        message = match *item {
            [a, b] => message.short(u16::from_ne_bytes([a, b])),
            [a, b, c, d] => message.long(u32::from_ne_bytes([a, b, c, d])),
            _ => message.raw(item),
        };
    }
    if delete == 1 && after == 0 {
        server.randr.outputs[output].properties.retain(|(known, _)| *known != name);
        tell(server, output, name, State::DELETE);
    }
    server.randr_reply(client, &message.padded());
    Ok(())
}

/// What was waiting for a CRTC to be set becomes the value.
pub(super) fn take_effect(server: &mut Server, output: usize) {
    let Some(state) = server.randr.outputs.get_mut(output) else { return };
    let mut changed = Vec::new();
    for (name, property) in &mut state.properties {
        if property.pending
            && let Some(value) = property.waiting.take()
        {
            if property.value.as_ref() != Some(&value) {
                changed.push(*name);
            }
            property.value = Some(value);
        }
    }
    for name in changed {
        tell(server, output, name, State::NEW_VALUE);
    }
}

fn tell(server: &mut Server, output: usize, atom: Atom, status: State) {
    let timestamp = server.time;
    for (client, window, events) in server.randr.listeners.clone() {
        if events & OUTPUT_PROPERTY != 0 {
            let data = Told { window, output: OUTPUT + output as u32, atom, timestamp, status };
            server.send_randr_notify(client, Notify::OUTPUT_PROPERTY, data.into());
        }
    }
}
