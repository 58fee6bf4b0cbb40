//! The core protocol's requests about what keys mean: keysyms and modifiers.

use x11rb_protocol::protocol::xproto::{
    ChangeKeyboardMappingRequest, GetKeyboardMappingReply, GetKeyboardMappingRequest,
    GetModifierMappingReply, Mapping, MappingStatus, SetModifierMappingReply,
};

use super::Keyboard;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::extension::xkb;
use crate::keymap::{Changes, MAX_KEYCODE, MIN_KEYCODE, Range, part};
use crate::server::Server;

impl Keyboard {
    /// Columns per key, and the keysyms of these keycodes, key by key.
    pub(crate) fn columns(&self, first: u8, count: u8) -> (u8, Vec<u32>) {
        let width = self.description.core_width();
        let keys = Range::new(first, count).each();
        (width, keys.flat_map(|code| self.description.core_syms(code, width)).collect())
    }

    /// The keys of each of the eight modifiers; 0 where a place was left free.
    pub(crate) fn modifier_map(&self) -> [Vec<u8>; 8] {
        self.modifiers_as_set.clone().unwrap_or_else(|| self.description.modifier_keys())
    }
}

impl Server {
    pub(crate) fn get_keyboard_mapping(
        &mut self,
        client: ClientId,
        request: &GetKeyboardMappingRequest,
    ) -> Outcome {
        let keyboard = &self.input.keyboard;
        if request.first_keycode < keyboard.min_keycode() {
            return Err(XError::value(u32::from(request.first_keycode)));
        }
        let end = u16::from(request.first_keycode) + u16::from(request.count);
        if end > u16::from(keyboard.max_keycode()) + 1 {
            return Err(XError::value(u32::from(request.count)));
        }
        let (width, keysyms) = keyboard.columns(request.first_keycode, request.count);
        let reply = GetKeyboardMappingReply { keysyms_per_keycode: width, sequence: 0, keysyms };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn change_keyboard_mapping(&mut self, request: &ChangeKeyboardMappingRequest<'_>) -> Outcome {
        let changes = self.replace_keysyms(request)?;
        self.notify_keymap(&changes, Mapping::KEYBOARD);
        Ok(())
    }

    /// Gives keys other meanings, of which nobody is told yet.
    pub(crate) fn replace_keysyms(&mut self, request: &ChangeKeyboardMappingRequest<'_>) -> Outcome<Changes> {
        let (first, count, width) =
            (request.first_keycode, request.keycode_count, request.keysyms_per_keycode);
        if first < MIN_KEYCODE || u16::from(first) + u16::from(count) > u16::from(MAX_KEYCODE) + 1 {
            return Err(XError::value(u32::from(first)));
        }
        if width == 0 {
            return Err(XError::value(0));
        }
        let mut changes = Changes::default();
        let description = &mut self.input.keyboard.description;
        let taken = description.take_core_syms(first, usize::from(width), &request.keysyms, &mut changes);
        description.update_actions(taken, &mut changes);
        Ok(changes)
    }

    pub(crate) fn get_modifier_mapping(&mut self, client: ClientId) -> Outcome {
        let modifiers = self.input.keyboard.modifier_map();
        let width = modifiers.iter().map(Vec::len).max().unwrap_or(0);
        let keycodes = modifiers
            .iter()
            .flat_map(|keys| (0..width).map(|column| keys.get(column).copied().unwrap_or(0)))
            .collect();
        self.reply(client, &GetModifierMappingReply { sequence: 0, length: 0, keycodes });
        Ok(())
    }

    pub(crate) fn set_modifier_mapping(&mut self, client: ClientId, width: u8, map: &[u8]) -> Outcome {
        let (status, changes) = self.replace_modifiers(width, map)?;
        if status == MappingStatus::SUCCESS {
            self.notify_keymap(&changes, Mapping::MODIFIER);
        }
        self.reply(client, &SetModifierMappingReply { status, sequence: 0, length: 0 });
        Ok(())
    }

    /// Takes other modifiers unless a key that changes is held; of which nobody is told yet.
    pub(crate) fn replace_modifiers(&mut self, width: u8, map: &[u8]) -> Outcome<(MappingStatus, Changes)> {
        let keyboard = &mut self.input.keyboard;
        let mut modifiers: [Vec<u8>; 8] = Default::default();
        let mut seen = Vec::new();
        for (index, code) in map.iter().copied().enumerate().filter(|(_, code)| *code != 0) {
            if !keyboard.has_keycode(code) || seen.contains(&code) {
                return Err(XError::value(u32::from(code)));
            }
            seen.push(code);
            let (modifier, column) = (index / usize::from(width.max(1)), index % usize::from(width.max(1)));
            if let Some(keys) = modifiers.get_mut(modifier) {
                // The places left free stay free: whoever asks is told what was set.
                keys.resize(column, 0);
                keys.push(code);
            }
        }
        let busy = keyboard.modifier_map().iter().zip(&modifiers).any(|(old, new)| {
            let changed = |code: &&u8| old.contains(code) != new.contains(code);
            old.iter().chain(new).filter(changed).any(|code| keyboard.is_down(*code))
        });
        let mut changes = Changes::default();
        if busy {
            return Ok((MappingStatus::BUSY, changes));
        }
        for code in Range::ALL_KEYS.each() {
            let of_key = modifiers.iter().enumerate().filter(|(_, keys)| keys.contains(&code));
            keyboard.description.key_mut(code).modifiers = of_key.fold(0, |all, (bit, _)| all | 1 << bit);
        }
        keyboard.modifiers_as_set = Some(modifiers);
        changes.parts |= part::MODIFIERS;
        changes.modifiers = Range::ALL_KEYS;
        keyboard.description.update_actions(Range::ALL_KEYS, &mut changes);
        Ok((MappingStatus::SUCCESS, changes))
    }

    /// Tells of keys that mean something else since a core request, or one of the input extension.
    pub(crate) fn notify_keymap(&mut self, changes: &Changes, request: Mapping) {
        xkb::keymap_changed(self, changes, xkb::Cause::core(request));
    }
}
