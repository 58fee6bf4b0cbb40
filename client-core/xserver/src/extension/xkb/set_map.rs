//! `SetMap`: a client says what keys mean and do.
//!
//! The request is read whole and checked whole before anything of it is done. Keycodes are always 8 to 255; a request
//! that names a smaller range changes keys in that range.

use super::keyboard;
use super::notify::{Cause, keymap_changed};
use super::wire::{Reader, bad_match, bad_value, check_legal, fault_of_three, fault_of_two};
use crate::error::{Outcome, XError};
use crate::keymap::{
    ALPHABETIC, Action, Changes, Description, GROUPS, KEYPAD, KeyType, LevelEntry, MAX_KEYCODE, MIN_KEYCODE,
    Modifiers, ONE_LEVEL, REQUIRED_TYPES, Range, TWO_LEVEL, VIRTUAL_MODIFIERS, behavior, part,
};
use crate::server::Server;

const RESIZE_TYPES: u16 = 1 << 0;
const RECOMPUTE_ACTIONS: u16 = 1 << 1;

/// The keysyms of a key.
struct KeySyms {
    types: [u8; GROUPS],
    group_info: u8,
    width: u8,
    syms: Vec<u32>,
}

/// A request as it was read.
struct Request {
    present: u16,
    flags: u16,
    /// Least and greatest keycode.
    codes: [u8; 2],
    types: (Range, Vec<KeyType>),
    syms: (Range, Vec<KeySyms>),
    /// How many actions each key has, and all of them.
    actions: (Range, Vec<u8>, Vec<Action>),
    /// Keys with behaviours.
    behaviors: (Range, Vec<[u8; 3]>),
    virtuals: (u16, Vec<u8>),
    explicit: (Range, Vec<[u8; 2]>),
    modifiers: (Range, Vec<[u8; 2]>),
    virtual_map: (Range, Vec<(u8, u16)>),
}

impl Request {
    fn read(request: &mut Reader<'_>) -> Outcome<Self> {
        let (present, flags) = (request.half()?, request.half()?);
        let codes = request.array()?;
        let [first_type, types] = request.array()?;
        let [first_sym, syms] = request.array()?;
        let _total_syms = request.half()?;
        let [first_action, acting] = request.array()?;
        let actions = request.half()?;
        let [first_behavior, behaviors, behaving] = request.array()?;
        let [first_explicit, explicit, explicits] = request.array()?;
        let [first_modifier, modifiers, modifying] = request.array()?;
        let [first_virtual, virtual_keys, mapped] = request.array()?;
        let virtuals = request.half()?;
        check_legal(1, present.into(), part::ALL.into())?;
        let has = |bit: u16, count: u8| if present & bit != 0 { count } else { 0 };
        let many = |bit: u16, count: u16| if present & bit != 0 { usize::from(count) } else { 0 };
        let mut read = Self {
            present,
            flags,
            codes,
            types: (Range::new(first_type, has(part::TYPES, types)), Vec::new()),
            syms: (Range::new(first_sym, has(part::SYMS, syms)), Vec::new()),
            actions: (Range::new(first_action, has(part::ACTIONS, acting)), Vec::new(), Vec::new()),
            behaviors: (Range::new(first_behavior, has(part::BEHAVIORS, behaviors)), Vec::new()),
            virtuals: (if present & part::VIRTUAL_MODIFIERS != 0 { virtuals } else { 0 }, Vec::new()),
            explicit: (Range::new(first_explicit, has(part::EXPLICIT, explicit)), Vec::new()),
            modifiers: (Range::new(first_modifier, has(part::MODIFIERS, modifiers)), Vec::new()),
            virtual_map: (
                Range::new(first_virtual, has(part::VIRTUAL_MODIFIER_MAP, virtual_keys)),
                Vec::new(),
            ),
        };
        for _ in 0..read.types.0.count {
            read.types.1.push(key_type(request)?);
        }
        for _ in 0..read.syms.0.count {
            let types = request.array()?;
            let [group_info, width] = request.array()?;
            let count = request.half()?;
            let syms = (0..count).map(|_| request.word()).collect::<Outcome<_>>()?;
            read.syms.1.push(KeySyms { types, group_info, width, syms });
        }
        read.actions.1 = request.padded(read.actions.0.count.into())?.to_vec();
        for _ in 0..many(part::ACTIONS, actions) {
            read.actions.2.push(request.array()?);
        }
        for _ in 0..has(part::BEHAVIORS, behaving) {
            let [code, kind, data, _] = request.array()?;
            read.behaviors.1.push([code, kind, data]);
        }
        read.virtuals.1 = request.padded(read.virtuals.0.count_ones() as usize)?.to_vec();
        let mut pairs = |count: u8| -> Outcome<Vec<[u8; 2]>> {
            let bytes = request.padded(2 * usize::from(count))?;
            Ok(bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
        };
        read.explicit.1 = pairs(has(part::EXPLICIT, explicits))?;
        read.modifiers.1 = pairs(has(part::MODIFIERS, modifying))?;
        for _ in 0..has(part::VIRTUAL_MODIFIER_MAP, mapped) {
            let [code, _] = request.array()?;
            read.virtual_map.1.push((code, request.half()?));
        }
        request.end()?;
        Ok(read)
    }

    /// Whether it can be done.
    fn check(&self, description: &Description) -> Outcome {
        let [least, greatest] = self.codes;
        if (least, greatest) != (MIN_KEYCODE, MAX_KEYCODE) {
            if least < MIN_KEYCODE {
                return Err(bad_value(fault_of_two(2, least.into(), greatest.into())));
            }
            if least > greatest {
                return Err(bad_match(fault_of_two(3, least.into(), greatest.into())));
            }
        }
        let widths = self.check_types(description)?;
        let mut counts = [0_usize; 256];
        for (code, key) in description.keys() {
            let mut width = 0;
            for (group, kind) in key.types.iter().enumerate().take(usize::from(key.groups())) {
                let Some(levels) = widths.get(usize::from(*kind)) else {
                    return Err(bad_value(fault_of_three(0x13, code.into(), group as u32, (*kind).into())));
                };
                width = width.max(usize::from(*levels));
            }
            counts[usize::from(code)] = width * usize::from(key.groups());
        }
        self.check_syms(&widths, &mut counts)?;
        self.check_actions(&counts)?;
        self.check_behaviors(description)?;
        for (bit, place, range, codes) in [
            (part::EXPLICIT, 0x51, self.explicit.0, keys_of(&self.explicit.1)),
            (part::MODIFIERS, 0x61, self.modifiers.0, keys_of(&self.modifiers.1)),
            (
                part::VIRTUAL_MODIFIER_MAP,
                0x71,
                self.virtual_map.0,
                self.virtual_map.1.iter().map(|(code, _)| *code).collect(),
            ),
        ] {
            if self.present & bit != 0 && range.count > 0 {
                self.check_within(place, range, &codes)?;
            }
        }
        Ok(())
    }

    /// A range has to be within the keycodes of the request, and keys within the range.
    fn check_within(&self, place: u8, range: Range, codes: &[u8]) -> Outcome {
        let [least, greatest] = self.codes;
        let (first, last) = (u32::from(range.first), u32::from(range.first) + u32::from(range.count) - 1);
        if range.first < least {
            return Err(bad_value(fault_of_two(place, first, least.into())));
        }
        if last > u32::from(greatest) {
            return Err(bad_value(fault_of_two(place + 1, last, greatest.into())));
        }
        match codes.iter().find(|code| !range.contains(**code)) {
            None => Ok(()),
            Some(code) => Err(bad_value(fault_of_three(place + 2, first, last, (*code).into()))),
        }
    }

    /// Checks types; how many levels each will have.
    fn check_types(&self, description: &Description) -> Outcome<Vec<u8>> {
        let mut widths: Vec<u8> = description.types.iter().map(|kind| kind.levels).collect();
        let known = widths.len();
        let Range { first, count } = self.types.0;
        if self.present & part::TYPES == 0 && self.flags & RESIZE_TYPES == 0 {
            return Ok(widths);
        }
        if usize::from(first) > known {
            return Err(bad_value(fault_of_two(1, first.into(), known as u32)));
        }
        let total = usize::from(first) + usize::from(count);
        if self.flags & RESIZE_TYPES != 0 {
            if total < usize::from(REQUIRED_TYPES) || total > usize::from(u8::MAX) {
                let least = u32::from(REQUIRED_TYPES);
                return Err(bad_value(fault_of_three(2, first.into(), count.into(), least)));
            }
            widths.resize(total, 1);
        } else if total > known {
            return Err(bad_value(total as u32));
        }
        for (index, kind) in (usize::from(first)..).zip(&self.types.1) {
            let width = kind.levels;
            let at = index as u32;
            if width < 1 {
                return Err(bad_value(fault_of_two(4, at, width.into())));
            }
            let needed = match u8::try_from(index) {
                Ok(ONE_LEVEL) => Some(1),
                Ok(TWO_LEVEL | ALPHABETIC | KEYPAD) => Some(2),
                _ => None,
            };
            if needed.is_some_and(|needed| width != needed) {
                return Err(bad_value(fault_of_two(5, at, width.into())));
            }
            for (number, entry) in (0_u32..).zip(&kind.entries) {
                check_entry(number, kind, entry)?;
            }
            if let Some(slot) = widths.get_mut(index) {
                *slot = width;
            }
        }
        Ok(widths)
    }

    fn check_syms(&self, widths: &[u8], counts: &mut [usize; 256]) -> Outcome {
        let (range, keys) = &self.syms;
        if self.present & part::SYMS == 0 {
            return Ok(());
        }
        self.check_keys(0x11, *range)?;
        for (code, key) in range.each().zip(keys) {
            let groups = key.group_info & 0xf;
            let at = u32::from(code);
            if usize::from(groups) > GROUPS {
                return Err(bad_value(fault_of_two(0x14, at, groups.into())));
            }
            let mut width = 0;
            for (group, kind) in key.types.iter().enumerate().take(usize::from(groups)) {
                let Some(levels) = widths.get(usize::from(*kind)) else {
                    return Err(bad_value(fault_of_three(0x15, at, group as u32, (*kind).into())));
                };
                width = width.max(*levels);
            }
            let count = usize::from(width) * usize::from(groups);
            if groups == 0 && !key.syms.is_empty() {
                return Err(bad_value(fault_of_two(0x17, at, key.syms.len() as u32)));
            }
            if groups > 0 && key.width != width {
                return Err(bad_value(fault_of_two(0x16, at, key.width.into())));
            }
            if groups > 0 && key.syms.len() != count {
                return Err(bad_value(fault_of_three(0x16, at, key.syms.len() as u32, count as u32)));
            }
            counts[usize::from(code)] = count;
        }
        Ok(())
    }

    fn check_keys(&self, place: u8, range: Range) -> Outcome {
        let [least, greatest] = self.codes;
        let Range { first, count } = range;
        if i32::from(first) + i32::from(count) - 1 > i32::from(greatest) {
            return Err(bad_value(fault_of_three(place, first.into(), count.into(), greatest.into())));
        }
        if first < least {
            return Err(bad_value(fault_of_two(place + 1, first.into(), least.into())));
        }
        Ok(())
    }

    fn check_actions(&self, counts: &[usize; 256]) -> Outcome {
        let (range, each, all) = &self.actions;
        if self.present & part::ACTIONS == 0 {
            return Ok(());
        }
        self.check_keys(0x21, *range)?;
        for (code, count) in range.each().zip(each).filter(|(_, count)| **count != 0) {
            if usize::from(*count) != counts[usize::from(code)] {
                return Err(bad_value(fault_of_two(0x23, code.into(), (*count).into())));
            }
        }
        let total: usize = each.iter().map(|count| usize::from(*count)).sum();
        if total == all.len() { Ok(()) } else { Err(XError::LENGTH) }
    }

    fn check_behaviors(&self, description: &Description) -> Outcome {
        const MOST_RADIO_GROUPS: u8 = 32;
        let (range, all) = &self.behaviors;
        if self.present & part::BEHAVIORS == 0 || range.count == 0 {
            return Ok(());
        }
        let codes: Vec<u8> = all.iter().map(|[code, ..]| *code).collect();
        self.check_within(0x31, *range, &codes)?;
        for [code, kind, data] in all {
            if kind & behavior::PERMANENT != 0 && description.key(*code).behavior != [*kind, *data] {
                return Err(bad_value(fault_of_two(0x33, (*code).into(), (*kind).into())));
            }
            if *kind == behavior::RADIO_GROUP && data & 0x7f > MOST_RADIO_GROUPS {
                let most = MOST_RADIO_GROUPS.into();
                return Err(bad_value(fault_of_three(0x34, (*code).into(), (*data).into(), most)));
            }
        }
        Ok(())
    }

    /// Does it.
    fn apply(self, description: &mut Description) -> Changes {
        let mut changes = Changes { parts: 0, ..Changes::default() };
        if self.present & part::TYPES != 0 {
            let Range { first, count } = self.types.0;
            for (index, mut kind) in (usize::from(first)..).zip(self.types.1) {
                description.resolve_type(&mut kind);
                if let Some(old) = description.types.get_mut(index) {
                    // The names stay as far as there are as many.
                    kind.name = old.name;
                    kind.level_names.clone_from(&old.level_names);
                    kind.level_names.resize(usize::from(kind.levels), 0);
                    *old = kind;
                } else {
                    kind.level_names = vec![0; usize::from(kind.levels)];
                    description.types.push(kind);
                }
            }
            description.widen_keys();
            changes.parts |= part::TYPES;
            changes.types = Range::new(first, count);
        }
        if self.present & part::SYMS != 0 {
            for (code, key) in self.syms.0.each().zip(self.syms.1) {
                let slot = description.key_mut(code);
                slot.types = key.types;
                slot.set_syms(key.group_info, key.width, key.syms);
            }
            changes.parts |= part::SYMS;
            changes.syms = self.syms.0;
            description.controls.groups = description.count_groups();
        }
        if self.present & part::ACTIONS != 0 {
            let (range, each, all) = self.actions;
            let mut rest = all.into_iter();
            for (code, count) in range.each().zip(each) {
                description.key_mut(code).actions = rest.by_ref().take(count.into()).collect();
            }
            changes.parts |= part::ACTIONS;
            changes.actions = range;
        }
        if self.present & part::BEHAVIORS != 0 && self.behaviors.0.count > 0 {
            for code in self.behaviors.0.each() {
                description.key_mut(code).behavior = [0, 0];
            }
            for [code, kind, data] in self.behaviors.1 {
                description.key_mut(code).behavior = [kind, data];
            }
            changes.parts |= part::BEHAVIORS;
            changes.behaviors = self.behaviors.0;
        }
        let mut values = self.virtuals.1.iter();
        for bit in (0..VIRTUAL_MODIFIERS).filter(|bit| self.virtuals.0 >> bit & 1 == 1) {
            if let Some(value) = values.next()
                && description.virtual_modifiers[bit] != *value
            {
                description.virtual_modifiers[bit] = *value;
                changes.parts |= part::VIRTUAL_MODIFIERS;
                changes.virtuals |= 1 << bit;
            }
        }
        if self.present & part::EXPLICIT != 0 && self.explicit.0.count > 0 {
            for code in self.explicit.0.each() {
                description.key_mut(code).explicit = 0;
            }
            for [code, explicit] in self.explicit.1 {
                description.key_mut(code).explicit = explicit;
            }
            changes.parts |= part::EXPLICIT;
            changes.explicit = self.explicit.0;
        }
        if self.present & part::MODIFIERS != 0 && self.modifiers.0.count > 0 {
            for code in self.modifiers.0.each() {
                description.key_mut(code).modifiers = 0;
            }
            for [code, modifiers] in self.modifiers.1 {
                description.key_mut(code).modifiers = modifiers;
            }
            changes.parts |= part::MODIFIERS;
            changes.modifiers = self.modifiers.0;
        }
        if self.present & part::VIRTUAL_MODIFIER_MAP != 0 && self.virtual_map.0.count > 0 {
            for code in self.virtual_map.0.each() {
                description.key_mut(code).virtuals = 0;
            }
            for (code, virtuals) in self.virtual_map.1 {
                description.key_mut(code).virtuals = virtuals;
            }
            changes.parts |= part::VIRTUAL_MODIFIER_MAP;
            changes.virtual_map = self.virtual_map.0;
        }
        let mut again = changes.syms;
        again.join(changes.modifiers);
        if self.flags & RECOMPUTE_ACTIONS != 0 && again.count > 0 {
            description.update_actions(again, &mut changes);
        } else if changes.virtuals != 0 {
            description.update_virtuals(&mut changes);
        }
        changes
    }
}

fn keys_of(pairs: &[[u8; 2]]) -> Vec<u8> {
    pairs.iter().map(|[code, _]| *code).collect()
}

/// Reads a type, of which real modifiers for virtual ones are not known yet.
fn key_type(request: &mut Reader<'_>) -> Outcome<KeyType> {
    let [_mask, real] = request.array()?;
    let virtuals = request.half()?;
    let [levels, count, preserves, _] = request.array()?;
    let mut entries = Vec::with_capacity(count.into());
    for _ in 0..count {
        let [level, real] = request.array()?;
        let modifiers = Modifiers { mask: real, real, virtuals: request.half()? };
        entries.push(LevelEntry { active: true, modifiers, level, preserved: Modifiers::default() });
    }
    if preserves != 0 {
        for entry in &mut entries {
            let [_mask, real] = request.array()?;
            entry.preserved = Modifiers { mask: real, real, virtuals: request.half()? };
        }
    }
    let modifiers = Modifiers { mask: real, real, virtuals };
    Ok(KeyType { name: 0, modifiers, levels, entries, preserves: preserves != 0, level_names: Vec::new() })
}

fn check_entry(number: u32, kind: &KeyType, entry: &LevelEntry) -> Outcome {
    let (of_type, of_entry, kept) = (kind.modifiers, entry.modifiers, entry.preserved);
    if of_entry.real & !of_type.real != 0 {
        return Err(bad_value(fault_of_three(6, number, of_entry.real.into(), of_type.real.into())));
    }
    if of_entry.virtuals & !of_type.virtuals != 0 {
        return Err(bad_value(fault_of_two(7, number, of_entry.virtuals.into())));
    }
    if entry.level >= kind.levels {
        return Err(bad_value(fault_of_three(8, number, kind.levels.into(), entry.level.into())));
    }
    if kept.real & !of_entry.real != 0 {
        return Err(bad_value(fault_of_three(9, number, kept.real.into(), of_entry.real.into())));
    }
    if kept.virtuals & !of_entry.virtuals != 0 {
        return Err(bad_value(fault_of_two(0xa, number, kept.virtuals.into())));
    }
    Ok(())
}

pub(super) fn set_map(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    keyboard(spec)?;
    let request = Request::read(request)?;
    request.check(&server.input.keyboard.description)?;
    let keyboard = &mut server.input.keyboard;
    let changes = request.apply(&mut keyboard.description);
    if changes.parts & part::MODIFIERS != 0 {
        keyboard.forget_modifier_map();
    }
    keymap_changed(server, &changes, Cause::request(9));
    Ok(())
}
