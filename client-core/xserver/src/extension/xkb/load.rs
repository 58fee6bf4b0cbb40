//! Other keymaps: by name, compiled by the embedder (`GetKbdByName`, [`crate::CompileKeymap`]), or as a client sends
//! them (`SetMap`).
//!
//! A map is taken as its keysyms, its modifiers and which keys repeat, from which the core map and all that XKB tells
//! follow. Who has selected it hears `NewKeyboardNotify` and `MapNotify`; everybody else `MappingNotify`.

use super::{DEVICE, Message, NEW_KEYBOARD_NOTIFY, Names, number, tell};
use crate::byte_order::swap_fields;
use crate::client::ClientId;
use crate::config::{Key, KeyboardNames, Keymap, KeymapNames};
use crate::error::{Outcome, XError};
use crate::server::Server;
use crate::value_list::{half, tail, word};
use x11rb_protocol::protocol::xproto::Mapping;

/// Components of `GetKbdByName`: all but the geometry of the keyboard, which no map here has.
const FOUND: u16 = 0xbf;
const GET_KBD_BY_NAME: u8 = 23;

/// The map that the embedder's names stand for. The built-in one is a US keyboard already.
pub(crate) fn load_first_keymap(server: &mut Server) {
    let names = server.config.keyboard.clone();
    let Some(compile) = server.config.keymaps.filter(|_| names != KeyboardNames::default()) else { return };
    let symbols = format!("pc+{}", names.layout);
    if let Some(keymap) = compile(&KeymapNames::Rules(names)) {
        server.input.keyboard.set_map(&keymap);
        server.xkb.names.symbols = symbols;
    } else {
        tracing::warn!("no keymap for the keyboard's names");
    }
}

/// `GetKbdByName`. What is found is said, loaded if that was asked for, and then reported; not to a client of the other
/// byte order, which has the requests that read maps.
pub(super) fn get_keyboard_by_name(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome<Message> {
    let (need, want) = (half(body, 2)?, half(body, 4)?);
    let load = body.get(6).is_some_and(|load| *load != 0);
    let mut rest = tail(body, 8)?;
    let mut names = Vec::new();
    for _ in 0..6 {
        let (length, more) = rest.split_first().ok_or(XError::LENGTH)?;
        let (name, after) = more.split_at_checked(usize::from(*length)).ok_or(XError::LENGTH)?;
        names.push(String::from_utf8_lossy(name).into_owned());
        rest = after;
    }
    let [_, keycodes, types, compatibility, symbols, _] =
        <[String; 6]>::try_from(names).map_err(|_| XError::LENGTH)?;
    // What is not named stays what it is.
    let current = &server.xkb.names;
    let or = |name: String, current: &str| if name.is_empty() { current.to_owned() } else { name };
    let names = Names {
        keycodes: or(keycodes, &current.keycodes),
        types: or(types, &current.types),
        compatibility: or(compatibility, &current.compatibility),
        symbols: or(symbols, &current.symbols),
    };
    let wanted = KeymapNames::Components {
        keycodes: names.keycodes.clone(),
        types: names.types.clone(),
        compatibility: names.compatibility.clone(),
        symbols: names.symbols.clone(),
    };
    let keymap = server.config.keymaps.and_then(|compile| compile(&wanted));
    let found = if keymap.is_some() { FOUND } else { 0 };
    let mut loaded = false;
    if let Some(keymap) = keymap.filter(|_| load && need & !FOUND == 0) {
        server.xkb.names = names;
        take(server, &keymap, GET_KBD_BY_NAME);
        loaded = true;
    }
    let swapped = server.client(client).is_some_and(|client| client.swapped);
    let reported = if loaded && !swapped { want & found } else { 0 };
    let keyboard = &server.input.keyboard;
    let flag = u8::from(loaded);
    let mut reply = Message::reply()
        .bytes(&[keyboard.min_keycode(), keyboard.max_keycode(), flag, flag])
        .short(found)
        .short(reported)
        .bytes(&[0; 16]);
    for part in report(server, reported)? {
        reply = reply.bytes(&part);
    }
    Ok(reply)
}

/// The replies of the requests that read the parts of a map, whole.
fn report(server: &mut Server, parts: u16) -> Outcome<Vec<Vec<u8>>> {
    const MAP: u16 = 0x0d;
    const COMPATIBILITY: u16 = 0x02;
    const INDICATORS: u16 = 0x10;
    const NAMES: u16 = 0xa0;
    let asked = |fields: &[u8]| {
        let mut body = vec![0; 28];
        body[..fields.len()].copy_from_slice(fields);
        body
    };
    let all = 0xff_u16.to_ne_bytes();
    let which = 0x3fff_u32.to_ne_bytes();
    let mut replies = Vec::new();
    if parts & MAP != 0 {
        replies.push(super::map::get_map(&server.input.keyboard, &asked(&[0, 0, all[0], all[1]]))?);
    }
    if parts & COMPATIBILITY != 0 {
        replies.push(super::map::get_compatibility_map(&asked(&[0, 0, 0, 1]))?);
    }
    if parts & INDICATORS != 0 {
        replies.push(super::get_indicator_map(server, &asked(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]))?);
    }
    if parts & NAMES != 0 {
        replies.push(super::map::get_names(
            server,
            &asked(&[0, 0, 0, 0, which[0], which[1], which[2], which[3]]),
        )?);
    }
    Ok(replies
        .into_iter()
        .map(|Message(mut bytes)| {
            bytes.resize(bytes.len().next_multiple_of(4).max(32), 0);
            let words = ((bytes.len() - 32) / 4) as u32;
            bytes[4..8].copy_from_slice(&words.to_ne_bytes());
            bytes
        })
        .collect())
}

/// Takes a map and tells of it.
fn take(server: &mut Server, keymap: &Keymap, minor: u8) {
    const KEYCODES: u16 = 1;
    let keyboard = &mut server.input.keyboard;
    keyboard.set_map(keymap);
    let (min, max) = (keyboard.min_keycode(), keyboard.max_keycode());
    let event = Message::event(NEW_KEYBOARD_NOTIFY, server.time)
        .bytes(&[DEVICE, min, max, min, max, number::XKEYBOARD, minor])
        .short(KEYCODES);
    tell(server, NEW_KEYBOARD_NOTIFY, u32::from(KEYCODES), event);
    server.notify_mapping(Mapping::KEYBOARD, min, max - min + 1);
    server.notify_mapping(Mapping::MODIFIER, 0, 0);
}

/// Where the parts of `SetMap` are in its body, after the header of 32 bytes.
struct Parts {
    syms: usize,
    modifiers: usize,
}

fn parts(body: &[u8]) -> Outcome<Parts> {
    let byte = |at: usize| body.get(at).copied().map(usize::from).ok_or(XError::LENGTH);
    let mut at = 32;
    for _ in 0..byte(9)? {
        let (entries, preserves) = (byte(at + 5)?, byte(at + 6)? != 0);
        at += 8 + entries * if preserves { 8 } else { 4 };
    }
    let syms = at;
    for _ in 0..byte(11)? {
        at += 8 + 4 * usize::from(half(body, at + 6)?);
    }
    let actions = byte(15)?;
    if actions > 0 {
        at += actions.next_multiple_of(4) + 8 * usize::from(half(body, 16)?);
    }
    at += 4 * byte(20)?;
    at += (half(body, 30)?.count_ones() as usize).next_multiple_of(4);
    at += (2 * byte(23)?).next_multiple_of(4);
    Ok(Parts { syms, modifiers: at })
}

/// `SetMap`: keysyms and modifiers of the keys that are named.
pub(super) fn set_map(server: &mut Server, body: &[u8]) -> Outcome {
    let Parts { syms: mut at, modifiers } = parts(body)?;
    let byte = |at: usize| body.get(at).copied().ok_or(XError::LENGTH);
    let present = half(body, 2)?;
    let keyboard = &server.input.keyboard;
    let mut keys: Vec<Key> = keyboard.keys();
    if present & super::map::SYMS != 0 {
        let first = byte(10)?;
        for offset in 0..byte(11)? {
            let code = first.checked_add(offset).filter(|code| keyboard.has_keycode(*code));
            let code = code.ok_or(XError::value(u32::from(first)))?;
            let (groups, width, count) = (byte(at + 4)? & 0xf, byte(at + 5)?, half(body, at + 6)?);
            let list = tail(body, at + 8)?.get(..4 * usize::from(count)).ok_or(XError::LENGTH)?;
            let syms: Vec<u32> = list
                .chunks_exact(4)
                .filter_map(|sym| sym.first_chunk().map(|sym| u32::from_ne_bytes(*sym)))
                .collect();
            if usize::from(groups) * usize::from(width) != syms.len() {
                return Err(XError::value(u32::from(width)));
            }
            let groups = syms.chunks(usize::from(width.max(1))).map(trimmed).collect();
            if let Some(key) = keys.iter_mut().find(|key| key.code == code) {
                key.groups = groups;
            }
            at += 8 + 4 * usize::from(count);
        }
    }
    if present & super::map::MODIFIERS != 0 {
        let (first, count, total) = (byte(24)?, byte(25)?, usize::from(byte(26)?));
        for key in keys.iter_mut().filter(|key| key.code >= first && key.code - first < count) {
            key.modifiers = 0;
        }
        let list = tail(body, modifiers)?.get(..2 * total).ok_or(XError::LENGTH)?;
        for pair in list.chunks_exact(2) {
            if let Some(key) = keys.iter_mut().find(|key| key.code == pair[0]) {
                key.modifiers = pair[1];
            }
        }
    }
    take(server, &Keymap { keys }, 9);
    Ok(())
}

/// A group without the levels that have nothing.
fn trimmed(group: &[u32]) -> Vec<u32> {
    let levels = group.iter().rposition(|sym| *sym != 0).map_or(0, |last| last + 1);
    group.iter().take(levels).copied().collect()
}

/// `SetNames`: those of the components. Others follow from the map.
pub(super) fn set_names(server: &mut Server, body: &[u8]) -> Outcome {
    let which = word(body, 4)?;
    let mut at = 24;
    for bit in 0..6 {
        if which & 1 << bit == 0 {
            continue;
        }
        let atom = word(body, at)?;
        at += 4;
        if atom == 0 {
            continue;
        }
        server.atoms.check(atom)?;
        let name = server.atoms.name(atom).map(|name| String::from_utf8_lossy(name).into_owned());
        let names = &mut server.xkb.names;
        let slot = match bit {
            0 => &mut names.keycodes,
            2 => &mut names.symbols,
            4 => &mut names.types,
            5 => &mut names.compatibility,
            _ => continue,
        };
        *slot = name.unwrap_or_default();
    }
    Ok(())
}

/// Turns `SetMap` around as far as it is read.
pub(super) fn swap_set_map(body: &mut [u8]) {
    swap_fields(body, 0, "2221111112112111111111111112");
    let byte = |body: &[u8], at: usize| body.get(at).copied().map_or(0, usize::from);
    let mut at = 32;
    for _ in 0..byte(body, 9) {
        at += 8 + byte(body, at + 5) * if byte(body, at + 6) != 0 { 8 } else { 4 };
    }
    for _ in 0..byte(body, 11) {
        swap_fields(body, at + 6, "2");
        let count = half(body, at + 6).map_or(0, usize::from);
        if let Some(list) = body.get_mut(at + 8..at + 8 + 4 * count) {
            swap_fields(list, 0, "*4");
        }
        at += 8 + 4 * count;
    }
}

/// Turns `SetNames` around as far as it is read.
pub(super) fn swap_set_names(body: &mut [u8]) {
    swap_fields(body, 0, "2241111411111112");
    let count = word(body, 4).map_or(0, |which| (which & 0x3f).count_ones() as usize);
    if let Some(atoms) = body.get_mut(24..24 + 4 * count) {
        swap_fields(atoms, 0, "*4");
    }
}
