//! What keys and buttons mean: the mappings of keys, modifiers and buttons.

use x11rb_protocol::protocol::xproto::{self, Mapping, MappingStatus};

use super::super::{EVENT, Message};
use super::{classes, opened};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;
use crate::value_list::{tail, word};

pub(super) fn dispatch(server: &mut Server, client: ClientId, minor: u8, body: &[u8]) -> Outcome {
    let words = body.len() / 4;
    match minor {
        24 => {
            let found = opened(server, body[0])?;
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
            let found = opened(server, body[0])?;
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
            let changes = server.replace_keysyms(&request)?;
            mapping_changed(server, found.id, Mapping::KEYBOARD, body[1], body[3]);
            server.notify_keymap(&changes, Mapping::KEYBOARD);
        }
        26 => {
            let found = opened(server, body[0])?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            let modifiers = server.input.keyboard.modifier_map();
            let width = modifiers.iter().map(Vec::len).max().unwrap_or(0);
            let keys: Vec<u8> = modifiers
                .iter()
                .flat_map(|keys| (0..width).map(|column| keys.get(column).copied().unwrap_or(0)))
                .collect();
            server.xi_reply(client, &Message::reply(26).byte(width as u8).filled(32).raw(&keys));
        }
        27 => {
            let found = opened(server, body[0])?;
            if words != 1 + 2 * usize::from(body[1]) {
                return Err(XError::LENGTH);
            }
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            let (status, changes) = server.replace_modifiers(body[1], tail(body, 4)?)?;
            if status == MappingStatus::SUCCESS {
                mapping_changed(server, found.id, Mapping::MODIFIER, 0, 0);
                server.notify_keymap(&changes, Mapping::MODIFIER);
            }
            server.xi_reply(client, &Message::reply(27).byte(status.into()).filled(32));
        }
        28 => {
            let found = opened(server, body[0])?;
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
            let found = opened(server, body[0])?;
            if !found.is_pointer() {
                return Err(XError::MATCH);
            }
            let status = server.replace_buttons(tail(body, 4)?.get(..count).unwrap_or(&[]))?;
            if status == MappingStatus::SUCCESS {
                mapping_changed(server, found.id, Mapping::POINTER, 0, 0);
                server.notify_pointer_mapping();
            }
            server.xi_reply(client, &Message::reply(29).byte(status.into()).filled(32));
        }
        other => return Err(XError::value(u32::from(other))),
    }
    Ok(())
}

/// `DeviceMappingNotify`: to everybody who selects it of the device.
fn mapping_changed(server: &mut Server, id: u8, request: Mapping, first: u8, count: u8) {
    let mut receivers = server.xinput.selecting(id, classes::MAPPING);
    receivers.sort_unstable();
    receivers.dedup();
    let message = Message::event(EVENT + 11, id)
        .byte(request.into())
        .byte(first)
        .byte(count)
        .byte(0)
        .long(server.time)
        .filled(32);
    for client in receivers {
        server.xi_send(client, &message);
    }
}
