//! `GetMap`: types, keysyms, actions, behaviours, explicit components, and modifiers of keys.

use super::keyboard;
use super::wire::{Message, Reader, bad_match, bad_value, check_legal, fault, fault_of_three, fault_of_two};
use crate::error::Outcome;
use crate::keymap::{
    Description, Key, KeyType, MAX_KEYCODE, MIN_KEYCODE, Range, VIRTUAL_MODIFIERS, behavior, part,
};
use crate::server::Server;

/// What was asked of each part of a map.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    present: u16,
    types: Range,
    syms: Range,
    actions: Range,
    behaviors: Range,
    explicit: Range,
    modifiers: Range,
    virtual_map: Range,
    virtuals: u16,
}

impl Parts {
    /// Those parts, whole.
    pub(super) fn whole(description: &Description, present: u16) -> Self {
        let keys = |bit: u16| if present & bit != 0 { Range::ALL_KEYS } else { Range::default() };
        let types = if present & part::TYPES != 0 { description.types.len() as u8 } else { 0 };
        Self {
            present,
            types: Range::new(0, types),
            syms: keys(part::SYMS),
            actions: keys(part::ACTIONS),
            behaviors: keys(part::BEHAVIORS),
            explicit: keys(part::EXPLICIT),
            modifiers: keys(part::MODIFIERS),
            virtual_map: keys(part::VIRTUAL_MODIFIER_MAP),
            virtuals: if present & part::VIRTUAL_MODIFIERS != 0 { u16::MAX } else { 0 },
        }
    }
}

/// A range of keys has to be among those that there are.
fn check_keys(place: u8, keys: Range) -> Outcome {
    let Range { first, count } = keys;
    if i32::from(first) + i32::from(count) - 1 > i32::from(MAX_KEYCODE) {
        Err(bad_value(fault_of_three(place, first.into(), count.into(), MAX_KEYCODE.into())))
    } else if first < MIN_KEYCODE {
        Err(bad_value(fault_of_two(place + 1, first.into(), MIN_KEYCODE.into())))
    } else {
        Ok(())
    }
}

pub(super) fn get(server: &Server, spec: u16, request: &mut Reader<'_>, swapped: bool) -> Outcome<Message> {
    let (full, partial) = (request.half()?, request.half()?);
    let mut range = || request.array().map(|[first, count]| Range { first, count });
    let (types, syms, actions, behaviors) = (range()?, range()?, range()?, range()?);
    let virtuals = request.half()?;
    let mut range = || request.array().map(|[first, count]| Range { first, count });
    let (explicit, modifiers, virtual_map) = (range()?, range()?, range()?);
    let device = keyboard(spec)?;
    if full & partial != 0 {
        return Err(bad_match(fault(1, u32::from(full & partial))));
    }
    check_legal(2, full.into(), part::ALL.into())?;
    check_legal(3, partial.into(), part::ALL.into())?;
    let description = &server.input.keyboard.description;
    let mut parts = Parts::whole(description, full);
    parts.present = full | partial;
    if partial & part::TYPES != 0 {
        let total = description.types.len();
        if usize::from(types.first) + usize::from(types.count) > total {
            let value = fault_of_three(4, total as u32, types.first.into(), types.count.into());
            return Err(bad_value(value));
        }
        parts.types = types;
    }
    for (bit, place, slot, range) in [
        (part::SYMS, 5, &mut parts.syms, syms),
        (part::ACTIONS, 7, &mut parts.actions, actions),
        (part::BEHAVIORS, 9, &mut parts.behaviors, behaviors),
        (part::EXPLICIT, 0xb, &mut parts.explicit, explicit),
        (part::MODIFIERS, 0xd, &mut parts.modifiers, modifiers),
        (part::VIRTUAL_MODIFIER_MAP, 0xf, &mut parts.virtual_map, virtual_map),
    ] {
        if partial & bit != 0 {
            check_keys(place, range)?;
            *slot = range;
        }
    }
    if partial & part::VIRTUAL_MODIFIERS != 0 {
        parts.virtuals = virtuals;
    }
    Ok(reply(description, device, parts, swapped))
}

/// The reply with these parts.
pub(super) fn reply(description: &Description, device: u8, asked: Parts, swapped: bool) -> Message {
    let mut parts = asked;
    // A part of which nothing was asked is not there.
    for (bit, range) in [
        (part::TYPES, &mut parts.types),
        (part::SYMS, &mut parts.syms),
        (part::ACTIONS, &mut parts.actions),
        (part::BEHAVIORS, &mut parts.behaviors),
        (part::EXPLICIT, &mut parts.explicit),
        (part::MODIFIERS, &mut parts.modifiers),
        (part::VIRTUAL_MODIFIER_MAP, &mut parts.virtual_map),
    ] {
        if range.count == 0 || parts.present & bit == 0 {
            *range = Range::default();
            parts.present &= !bit;
        }
    }
    if parts.virtuals == 0 || parts.present & part::VIRTUAL_MODIFIERS == 0 {
        parts.virtuals = 0;
        parts.present &= !part::VIRTUAL_MODIFIERS;
    }
    let mut list = Message::part(swapped);
    for index in parts.types.each() {
        if let Some(kind) = description.types.get(usize::from(index)) {
            list = key_type(list, kind);
        }
    }
    let mut syms = 0_u16;
    for code in parts.syms.each() {
        let key = description.key(code);
        syms = syms.wrapping_add(key.syms.len() as u16);
        list = list
            .bytes(&key.types)
            .bytes(&[key.group_info, key.width])
            .short(key.syms.len() as u16)
            .longs(&key.syms);
    }
    let mut actions = 0_u16;
    let acting = || parts.actions.each().map(|code| &description.key(code).actions);
    for key in acting() {
        actions = actions.wrapping_add(key.len() as u16);
        list = list.bytes(&[key.len() as u8]);
    }
    list = list.padded();
    for action in acting().flatten() {
        list = list.bytes(action);
    }
    let mut behaviors = 0_u8;
    for code in parts.behaviors.each() {
        let [kind, data] = description.key(code).behavior;
        if kind != behavior::DEFAULT {
            behaviors = behaviors.saturating_add(1);
            list = list.bytes(&[code, kind, data, 0]);
        }
    }
    for bit in (0..VIRTUAL_MODIFIERS).filter(|bit| parts.virtuals >> bit & 1 == 1) {
        list = list.bytes(&[description.virtual_modifiers[bit]]);
    }
    list = list.padded();
    let pairs = |range: Range, of: fn(&Key) -> u8, list: Message| {
        let mut count = 0_u8;
        let mut list = list;
        for (code, value) in range.each().map(|code| (code, of(description.key(code)))) {
            if value != 0 {
                count = count.saturating_add(1);
                list = list.bytes(&[code, value]);
            }
        }
        (count, list.padded())
    };
    let (explicit, list) = pairs(parts.explicit, |key| key.explicit, list);
    let (modifiers, mut list) = pairs(parts.modifiers, |key| key.modifiers, list);
    let mut virtuals = 0_u8;
    for code in parts.virtual_map.each() {
        let mapped = description.key(code).virtuals;
        if mapped != 0 {
            virtuals = virtuals.saturating_add(1);
            list = list.bytes(&[code, 0]).short(mapped);
        }
    }
    let pair = |range: Range| [range.first, range.count];
    Message::reply(device, swapped)
        .bytes(&[0, 0, MIN_KEYCODE, MAX_KEYCODE])
        .short(parts.present)
        .bytes(&pair(parts.types))
        .bytes(&[description.types.len() as u8, parts.syms.first])
        .short(syms)
        .bytes(&[parts.syms.count, parts.actions.first])
        .short(actions)
        .bytes(&[parts.actions.count])
        .bytes(&pair(parts.behaviors))
        .bytes(&[behaviors])
        .bytes(&pair(parts.explicit))
        .bytes(&[explicit])
        .bytes(&pair(parts.modifiers))
        .bytes(&[modifiers])
        .bytes(&pair(parts.virtual_map))
        .bytes(&[virtuals, 0])
        .short(parts.virtuals)
        .bytes(&list.into_bytes())
}

fn key_type(list: Message, kind: &KeyType) -> Message {
    let KeyType { modifiers, levels, entries, preserves, .. } = kind;
    let mut list = list.bytes(&[modifiers.mask, modifiers.real]).short(modifiers.virtuals).bytes(&[
        *levels,
        entries.len() as u8,
        u8::from(*preserves && !entries.is_empty()),
        0,
    ]);
    for entry in entries {
        list = list
            .bytes(&[u8::from(entry.active), entry.modifiers.mask, entry.level, entry.modifiers.real])
            .short(entry.modifiers.virtuals)
            .short(0);
    }
    if *preserves {
        for kept in entries.iter().map(|entry| entry.preserved) {
            list = list.bytes(&[kept.mask, kept.real]).short(kept.virtuals);
        }
    }
    list
}
