//! `GetKbdByName`: keymaps by name, compiled from the embedder's files ([`crate::KeymapFiles`]).

use super::notify::{NEW_KEYCODES, new_keyboard};
use super::wire::{Message, Reader, bad_match, check_legal};
use super::{
    Cause, DEVICE, compatibility, geometry, indicators, keyboard, map, names, state_may_have_changed,
};
use crate::client::ClientId;
use crate::config::KeyboardNames;
use crate::error::{Outcome, XError};
use crate::keymap::compile::{Components, rules};
use crate::keymap::{Description, part};
use crate::server::Server;

/// Components (`GBNDetail`).
const TYPES: u16 = 1 << 0;
const COMPATIBILITY: u16 = 1 << 1;
const CLIENT_SYMBOLS: u16 = 1 << 2;
const SERVER_SYMBOLS: u16 = 1 << 3;
const INDICATORS: u16 = 1 << 4;
const KEY_NAMES: u16 = 1 << 5;
const GEOMETRY: u16 = 1 << 6;
const OTHER_NAMES: u16 = 1 << 7;
const ALL: u16 = 0xff;

/// The map that the embedder's names stand for. The built-in one is a US keyboard already.
pub(crate) fn load_first_keymap(server: &mut Server) {
    let names = server.config.keyboard.clone();
    let Some(files) = server.config.keymaps.filter(|_| names != KeyboardNames::default()) else { return };
    let components = rules::components(files, &names);
    match components.and_then(|components| Description::compile(files, &mut server.atoms, &components)) {
        Ok(description) => server.input.keyboard.take(description),
        Err(fault) => tracing::warn!(%fault, "no keymap for the keyboard's names"),
    }
}

/// What is found is said, loaded if that was asked for, and then reported.
pub(super) fn get(server: &mut Server, client: ClientId, spec: u16, request: &mut Reader<'_>) -> Outcome {
    let (need, want) = (request.half()?, request.half()?);
    let [load, _] = request.array()?;
    let device = keyboard(spec)?;
    let mut given = Vec::new();
    for _ in 0..6 {
        let length = request.byte()?;
        let name = request.bytes(length.into())?;
        given.push(name.iter().filter(|byte| is_legal(**byte)).map(|byte| char::from(*byte)).collect());
    }
    if request.left() >= 4 {
        return Err(XError::LENGTH);
    }
    let [keymap, keycodes, types, compatibility, symbols, geometry] =
        <[String; 6]>::try_from(given).map_err(|_| XError::LENGTH)?;
    if !keymap.is_empty() {
        return Err(bad_match(0));
    }
    check_legal(1, want.into(), ALL.into())?;
    check_legal(2, need.into(), ALL.into())?;
    let atoms = &server.atoms;
    let names = &server.input.keyboard.description.names;
    // What is not named stays what it is; a percent sign stands for that within a name.
    let or = |name: String, current: u32| {
        let current = atoms.name(current).map(String::from_utf8_lossy).unwrap_or_default();
        if name.is_empty() { current.into_owned() } else { name.replace('%', &current) }
    };
    let components = Components {
        keycodes: or(keycodes, names.keycodes),
        types: or(types, names.types),
        compatibility: or(compatibility, names.compatibility),
        symbols: or(symbols, names.symbols),
        geometry: or(geometry, names.geometry),
    };
    let compiled = server.config.keymaps.and_then(|files| {
        let compiled = Description::compile(files, &mut server.atoms, &components);
        compiled.inspect_err(|fault| tracing::debug!(%fault, "a keymap that a client names")).ok()
    });
    let found = match &compiled {
        Some(Description { geometry: Some(_), .. }) => ALL,
        Some(_) => ALL & !GEOMETRY,
        None => 0,
    };
    let description = compiled;
    let loads = load != 0 && need & !found == 0 && description.is_some();
    let swapped = server.client(client).is_some_and(|client| client.swapped);
    let reported = if description.is_some() { (want | need) & found } else { 0 };
    let head = Message::reply(device, swapped);
    let sequence = server.client(client).map_or(0, |client| client.sequence);
    let parts = match &description {
        Some(description) => report(server, description, reported, swapped, sequence),
        None => Vec::new(),
    };
    let range = {
        let keyboard = &server.input.keyboard;
        [keyboard.min_keycode(), keyboard.max_keycode()]
    };
    let flag = u8::from(loads);
    let head = head.bytes(&range).bytes(&[flag, flag]).short(found).short(reported).filled(32);
    let reply = parts.iter().fold(head, |reply, part| reply.bytes(part));
    server.reply(client, &reply);
    if let Some(description) = description.filter(|_| loads) {
        let before = server.input.keyboard.state;
        server.input.keyboard.take(description);
        new_keyboard(server, NEW_KEYCODES, 23);
        state_may_have_changed(server, &before, Cause::request(23));
    }
    Ok(())
}

/// Letters of Latin 1 and what names of components are joined by.
fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"()*+-/?_|%:,.~^$#@!=".contains(&byte) || byte >= 0xc0
}

/// The replies of the requests that read the parts of a map, whole.
fn report(
    server: &Server,
    description: &Description,
    parts: u16,
    swapped: bool,
    sequence: u16,
) -> Vec<Vec<u8>> {
    let mut replies = Vec::new();
    let has = |part: u16| parts & part != 0;
    if has(TYPES | CLIENT_SYMBOLS | SERVER_SYMBOLS) {
        let mut present = 0;
        if has(TYPES | CLIENT_SYMBOLS) {
            present |= part::TYPES;
        }
        if has(CLIENT_SYMBOLS) {
            present |= part::SYMS | part::MODIFIERS;
        }
        if has(SERVER_SYMBOLS) {
            present |= part::ALL & !(part::TYPES | part::SYMS | part::MODIFIERS);
        }
        replies.push(map::reply(description, DEVICE, map::Parts::whole(description, present), swapped));
    }
    if has(COMPATIBILITY) {
        let all = (0, description.interpretations.len() as u16);
        replies.push(compatibility::reply(description, DEVICE, 0xf, all, swapped));
    }
    if has(INDICATORS) {
        replies.push(indicators::reply(description, DEVICE, u32::MAX, swapped));
    }
    if has(KEY_NAMES | OTHER_NAMES) {
        replies.push(names::reply(description, DEVICE, names::ALL, swapped));
    }
    if has(GEOMETRY)
        && let Some(known) = &description.geometry
    {
        replies.push(geometry::reply(server, known, DEVICE, swapped));
    }
    replies.into_iter().map(|reply| reply.into_inner_reply(sequence)).collect()
}
