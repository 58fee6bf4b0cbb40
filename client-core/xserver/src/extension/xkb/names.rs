//! `GetNames` and `SetNames`: what the description and its parts are called.

use super::keyboard;
use super::notify::{NameChanges, device_changed, feature, names_changed};
use super::wire::{Message, Reader, bad_match, bad_value, check_legal, fault, fault_of_three, fault_of_two};
use crate::atom::{Atom, Atoms};
use crate::error::{Outcome, XError};
use crate::keymap::{Description, KEYCODES, MAX_KEYCODE, MIN_KEYCODE, Names, REQUIRED_TYPES, Range};
use crate::server::Server;

/// Names of the six components, by bit: keycodes, geometry, symbols, physical symbols, types, compatibility.
const COMPONENTS: u32 = 0x3f;
const KEY_TYPES: u32 = 1 << 6;
const LEVELS: u32 = 1 << 7;
pub(super) const INDICATORS: u16 = 1 << 8;
const KEYS: u32 = 1 << 9;
const ALIASES: u32 = 1 << 10;
const VIRTUAL_MODIFIERS: u32 = 1 << 11;
const GROUPS: u32 = 1 << 12;
const RADIO_GROUPS: u32 = 1 << 13;
/// All names there are.
pub(super) const ALL: u32 = 0x3fff;

pub(super) fn get(server: &Server, spec: u16, request: &mut Reader<'_>, swapped: bool) -> Outcome<Message> {
    request.skip(2)?;
    let which = request.word()?;
    let device = keyboard(spec)?;
    check_legal(1, which, ALL)?;
    Ok(reply(&server.input.keyboard.description, device, which, swapped))
}

fn components(names: &Names) -> [Atom; 6] {
    [names.keycodes, names.geometry, names.symbols, names.physical_symbols, names.types, names.compatibility]
}

/// Which of some atoms are names: a bit each.
fn present(atoms: &[Atom]) -> u32 {
    atoms.iter().enumerate().filter(|(_, atom)| **atom != 0).fold(0, |all, (bit, _)| all | 1 << bit)
}

fn named(atoms: &[Atom]) -> Vec<Atom> {
    atoms.iter().copied().filter(|atom| *atom != 0).collect()
}

/// The reply with these names, as far as there are any.
pub(super) fn reply(description: &Description, device: u8, asked: u32, swapped: bool) -> Message {
    let names = &description.names;
    let mut which = asked;
    for (bit, none) in [
        (u32::from(INDICATORS), present(&names.indicators) == 0),
        (VIRTUAL_MODIFIERS, present(&names.virtual_modifiers) == 0),
        (GROUPS, present(&names.groups) == 0),
        (ALIASES, names.aliases.is_empty()),
        (RADIO_GROUPS, names.radio_groups.is_empty()),
    ] {
        if none {
            which &= !bit;
        }
    }
    let has = |bit: u32| which & bit != 0;
    let given = |bit: u32, bits: u32| if has(bit) { bits } else { 0 };
    let types = &description.types;
    let levels: usize = types.iter().map(|kind| kind.level_names.len()).sum();
    // Radio groups are counted whether they are asked for or not.
    let mut reply = Message::reply(device, swapped)
        .long(which)
        .bytes(&[MIN_KEYCODE, MAX_KEYCODE, types.len() as u8])
        .bytes(&[given(GROUPS, present(&names.groups)) as u8])
        .short(given(VIRTUAL_MODIFIERS, present(&names.virtual_modifiers)) as u16)
        .bytes(&[MIN_KEYCODE, KEYCODES])
        .long(given(INDICATORS.into(), present(&names.indicators)))
        .bytes(&[names.radio_groups.len() as u8, given(ALIASES, names.aliases.len() as u32) as u8])
        .short(if has(LEVELS) { levels as u16 } else { 0 })
        .filled(32);
    for (bit, atom) in components(names).into_iter().enumerate() {
        if which >> bit & 1 == 1 {
            reply = reply.long(atom);
        }
    }
    if has(KEY_TYPES) {
        for kind in types {
            reply = reply.long(kind.name);
        }
    }
    if has(LEVELS) {
        for kind in types {
            reply = reply.bytes(&[kind.level_names.len() as u8]);
        }
        reply = reply.padded();
        for kind in types {
            reply = reply.longs(&kind.level_names);
        }
    }
    if has(INDICATORS.into()) {
        reply = reply.longs(&named(&names.indicators));
    }
    if has(VIRTUAL_MODIFIERS) {
        reply = reply.longs(&named(&names.virtual_modifiers));
    }
    if has(GROUPS) {
        reply = reply.longs(&named(&names.groups));
    }
    if has(KEYS) {
        for (_, key) in description.keys() {
            reply = reply.bytes(&key.name);
        }
    }
    if has(ALIASES) {
        for alias in &names.aliases {
            reply = reply.bytes(alias);
        }
    }
    if has(RADIO_GROUPS) {
        reply = reply.longs(&names.radio_groups);
    }
    reply
}

/// Atoms, each of which has to be a name or none.
fn atoms(atoms: &Atoms, request: &mut Reader<'_>, count: usize) -> Outcome<Vec<Atom>> {
    if request.left() < 4 * count {
        return Err(XError::LENGTH);
    }
    let mut read = Vec::with_capacity(count);
    for _ in 0..count {
        let atom = request.word()?;
        if atom != 0 {
            atoms.check(atom)?;
        }
        read.push(atom);
    }
    Ok(read)
}

/// Puts names where the bits say.
fn put(slots: &mut [Atom], bits: u32, names: Vec<Atom>) {
    let chosen = slots.iter_mut().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    for ((_, slot), name) in chosen.zip(names) {
        *slot = name;
    }
}

pub(super) fn set(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    let virtuals = request.half()?;
    let which = request.word()?;
    let [first_type, types, first_level, levels] = request.array()?;
    let indicators = request.word()?;
    let [groups, radio_groups, first_key, keys, aliases, _] = request.array()?;
    let _levels = request.half()?;
    keyboard(spec)?;
    check_legal(1, which, ALL)?;
    let has = |bit: u32| which & bit != 0;
    let known = &server.atoms;
    let description = &server.input.keyboard.description;
    let total = description.types.len();
    let mut names = description.names.clone();
    let mut changes = NameChanges { which: which as u16, ..NameChanges::default() };
    if has(COMPONENTS) || which == 0 {
        // Even one that names nothing has to have room for a name.
        if request.left() < 4 {
            return Err(XError::LENGTH);
        }
    }
    let given = atoms(known, request, (which & COMPONENTS).count_ones() as usize)?;
    let mut all = components(&names);
    put(&mut all, which & COMPONENTS, given);
    [
        names.keycodes,
        names.geometry,
        names.symbols,
        names.physical_symbols,
        names.types,
        names.compatibility,
    ] = all;
    let mut of_types = Vec::new();
    if has(KEY_TYPES) {
        if types < 1 {
            return Err(bad_value(fault(2, types.into())));
        }
        if usize::from(first_type) + usize::from(types) > total {
            return Err(bad_value(fault_of_three(3, first_type.into(), types.into(), total as u32)));
        }
        if first_type < REQUIRED_TYPES {
            return Err(XError { value: fault(4, first_type.into()), ..XError::ACCESS });
        }
        of_types = atoms(known, request, types.into())?;
        changes.types = Range::new(first_type, types);
    }
    let mut of_levels = Vec::new();
    if has(LEVELS) {
        if levels < 1 {
            return Err(bad_value(fault(5, levels.into())));
        }
        if usize::from(first_level) + usize::from(levels) > total {
            return Err(bad_value(fault_of_three(6, first_level.into(), levels.into(), total as u32)));
        }
        let widths = request.padded(levels.into())?;
        for (index, width) in (usize::from(first_level)..).zip(widths).filter(|(_, width)| **width != 0) {
            let has = description.types.get(index).map_or(0, |kind| kind.levels);
            if *width != has {
                return Err(bad_match(fault_of_three(7, index as u32, has.into(), (*width).into())));
            }
            of_levels.push((index, atoms(known, request, usize::from(*width))?));
        }
        changes.levels = types;
    }
    if has(INDICATORS.into()) {
        if indicators == 0 {
            return Err(bad_match(8));
        }
        put(&mut names.indicators, indicators, atoms(known, request, indicators.count_ones() as usize)?);
        changes.indicators = indicators;
    }
    if has(VIRTUAL_MODIFIERS) {
        if virtuals == 0 {
            return Err(bad_match(9));
        }
        let given = atoms(known, request, virtuals.count_ones() as usize)?;
        put(&mut names.virtual_modifiers, virtuals.into(), given);
        changes.virtuals = virtuals;
    }
    if has(GROUPS) {
        if groups == 0 {
            return Err(bad_match(0xa));
        }
        put(&mut names.groups, groups.into(), atoms(known, request, (groups & 0xf).count_ones() as usize)?);
        changes.groups = groups;
    }
    let mut of_keys: &[u8] = &[];
    if has(KEYS) {
        if first_key < MIN_KEYCODE {
            return Err(bad_value(fault_of_two(0xb, MIN_KEYCODE.into(), first_key.into())));
        }
        if keys < 1 || u16::from(first_key) + u16::from(keys) > u16::from(MAX_KEYCODE) + 1 {
            return Err(bad_value(fault_of_three(0xc, MAX_KEYCODE.into(), first_key.into(), keys.into())));
        }
        of_keys = request.bytes(4 * usize::from(keys))?;
        changes.keys = Range::new(first_key, keys);
    }
    if has(ALIASES) {
        let list = request.bytes(8 * usize::from(aliases))?;
        names.aliases = list.chunks_exact(8).filter_map(|alias| alias.try_into().ok()).collect();
    }
    if has(RADIO_GROUPS) {
        if radio_groups < 1 {
            return Err(bad_value(fault(0xd, radio_groups.into())));
        }
        names.radio_groups = atoms(known, request, radio_groups.into())?;
    }
    request.end()?;
    let description = &mut server.input.keyboard.description;
    description.names = names;
    for (kind, name) in description.types.iter_mut().skip(first_type.into()).zip(of_types) {
        kind.name = name;
    }
    for (index, given) in of_levels {
        if let Some(kind) = description.types.get_mut(index) {
            kind.level_names = given;
        }
    }
    for (code, name) in Range::new(first_key, keys).each().zip(of_keys.chunks_exact(4)) {
        description.key_mut(code).name.copy_from_slice(name);
    }
    if which != 0 {
        names_changed(server, &changes);
    }
    if has(INDICATORS.into()) {
        device_changed(server, feature::INDICATOR_NAMES, 0, 0);
    }
    Ok(())
}
