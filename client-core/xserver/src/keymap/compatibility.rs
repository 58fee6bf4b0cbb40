//! Actions of keys by what is on them (XKB protocol, 10): interpretations of keysyms, and what virtual modifiers stand
//! for.

use super::{
    Action, Changes, Description, GROUPS, INDICATORS, Interpretation, KeyType, Range, behavior, control,
    explicit, part,
};

/// Types of actions (`SA`).
pub(crate) mod action {
    pub(crate) const NONE: u8 = 0;
    pub(crate) const SET_MODS: u8 = 1;
    pub(crate) const LATCH_MODS: u8 = 2;
    pub(crate) const LOCK_MODS: u8 = 3;
    pub(crate) const SET_GROUP: u8 = 4;
    pub(crate) const LATCH_GROUP: u8 = 5;
    pub(crate) const LOCK_GROUP: u8 = 6;
    pub(crate) const MOVE_PTR: u8 = 7;
    pub(crate) const PTR_BTN: u8 = 8;
    pub(crate) const LOCK_PTR_BTN: u8 = 9;
    pub(crate) const SET_PTR_DFLT: u8 = 10;
    pub(crate) const ISO_LOCK: u8 = 11;
    pub(crate) const TERMINATE: u8 = 12;
    pub(crate) const SWITCH_SCREEN: u8 = 13;
    pub(crate) const SET_CONTROLS: u8 = 14;
    pub(crate) const LOCK_CONTROLS: u8 = 15;
    pub(crate) const ACTION_MESSAGE: u8 = 16;
    pub(crate) const REDIRECT_KEY: u8 = 17;
    pub(crate) const DEVICE_BTN: u8 = 18;
    pub(crate) const LOCK_DEVICE_BTN: u8 = 19;
    /// What X servers of `XFree86`'s line define for themselves.
    pub(crate) const PRIVATE: u8 = 0x86;
    /// Flag of actions on modifiers: those of the key's map.
    pub(crate) const USE_MODIFIER_MAP: u8 = 1 << 2;
}

/// How an interpretation's modifiers have to match those of the key.
pub(crate) mod matching {
    pub(crate) const LEVEL_ONE_ONLY: u8 = 0x80;
    pub(crate) const OPERATION: u8 = 0x7f;
    pub(crate) const NONE_OF: u8 = 0;
    pub(crate) const ANY_OF_OR_NONE: u8 = 1;
    pub(crate) const ANY_OF: u8 = 2;
    pub(crate) const ALL_OF: u8 = 3;
    pub(crate) const EXACTLY: u8 = 4;
}

const REPEATS: u8 = 1 << 0;
const LOCKING: u8 = 1 << 1;

impl Interpretation {
    fn matches(&self, sym: u32, modifiers: u8, level: usize) -> bool {
        if self.sym != 0 && self.sym != sym {
            return false;
        }
        let of_key = if level == 0 || self.matching & matching::LEVEL_ONE_ONLY == 0 { modifiers } else { 0 };
        let common = self.modifiers & of_key;
        match self.matching & matching::OPERATION {
            matching::NONE_OF => common == 0,
            matching::ANY_OF_OR_NONE => of_key == 0 || common != 0,
            matching::ANY_OF => common != 0,
            matching::ALL_OF => common == self.modifiers,
            matching::EXACTLY => self.modifiers == of_key,
            _ => false,
        }
    }
}

impl Description {
    /// The interpretation of a keysym on a level of a key mapped to these modifiers: one of the very keysym before any.
    fn interpretation(&self, sym: u32, modifiers: u8, level: usize) -> Option<Interpretation> {
        let found = |of_any: bool| {
            self.interpretations
                .iter()
                .find(|known| (known.sym == 0) == of_any && known.matches(sym, modifiers, level))
        };
        found(false).or_else(|| found(true)).copied().filter(|known| known.action[0] != action::NONE)
    }

    /// Gives a key the actions that its keysyms are interpreted as, unless a client has given it its own.
    fn interpret(&mut self, code: u8, changes: &mut Changes) {
        let key = self.key(code);
        let (own, modifiers) = (key.explicit, key.modifiers);
        if own & explicit::INTERPRET != 0 {
            return;
        }
        let width = usize::from(key.width.max(1));
        let found: Vec<Option<Interpretation>> = key
            .syms
            .iter()
            .enumerate()
            .map(|(at, sym)| (*sym != 0).then(|| self.interpretation(*sym, modifiers, at % width))?)
            .collect();
        let first = found.first().copied().flatten();
        if found.iter().all(Option::is_none) {
            if !self.key(code).actions.is_empty() {
                self.key_mut(code).actions.clear();
                changes.parts |= part::ACTIONS;
                changes.actions.add(code);
            }
        } else {
            let mut virtuals = 0;
            let mut actions: Vec<Action> = Vec::with_capacity(found.len());
            for (at, interpretation) in found.iter().enumerate() {
                let Some(known) = interpretation else {
                    actions.push([0; 8]);
                    continue;
                };
                let applies = at == 0 || known.matching & matching::LEVEL_ONE_ONLY == 0;
                if applies && let Some(bit) = 1_u16.checked_shl(known.virtual_modifier.into()) {
                    virtuals |= bit;
                }
                actions.push(self.with_modifiers(known.action, if applies { modifiers } else { 0 }));
            }
            let key = self.key_mut(code);
            key.actions = actions;
            changes.parts |= part::ACTIONS;
            changes.actions.add(code);
            if own & explicit::VIRTUAL_MODIFIER_MAP == 0 && key.virtuals != virtuals {
                key.virtuals = virtuals;
                changes.parts |= part::VIRTUAL_MODIFIER_MAP;
                changes.virtual_map.add(code);
            }
        }
        let (locks, repeats) =
            first.map_or((false, true), |known| (known.flags & LOCKING != 0, known.flags & REPEATS != 0));
        let key = self.key_mut(code);
        if own & explicit::BEHAVIOR == 0 {
            let kind = &mut key.behavior[0];
            let new = match (first.is_some(), locks, *kind) {
                (_, true, _) => behavior::LOCK,
                (false, _, behavior::LOCK) => behavior::DEFAULT,
                (_, _, kind) => kind,
            };
            if *kind != new || locks {
                *kind = new;
                changes.parts |= part::BEHAVIORS;
                changes.behaviors.add(code);
            }
        }
        if own & explicit::AUTO_REPEAT == 0 && self.controls.repeats(code) != repeats {
            self.controls.set_repeats(code, repeats);
            changes.controls |= control::PER_KEY_REPEAT;
        }
    }

    /// An action on modifiers with the real ones that are meant by it.
    pub(crate) fn with_modifiers(&self, mut action: Action, of_key: u8) -> Action {
        if !acts_on_modifiers(action) {
            return action;
        }
        if action[1] & action::USE_MODIFIER_MAP != 0 {
            (action[2], action[3]) = (of_key, of_key);
        }
        action[2] |= self.real(virtuals_of(action));
        action
    }

    /// Keysyms or modifiers of keys have changed, or how they are interpreted: their actions follow.
    pub(crate) fn update_actions(&mut self, keys: Range, changes: &mut Changes) {
        for code in keys.each().filter(|code| *code >= super::MIN_KEYCODE) {
            self.interpret(code, changes);
        }
        if changes.parts & (part::VIRTUAL_MODIFIER_MAP | part::MODIFIERS) != 0 {
            let mut stand_for = [None; super::VIRTUAL_MODIFIERS];
            for (_, key) in self.keys() {
                for (bit, real) in stand_for.iter_mut().enumerate() {
                    if key.virtuals >> bit & 1 == 1 {
                        *real = Some(real.unwrap_or(0) | key.modifiers);
                    }
                }
            }
            for (bit, (old, new)) in self.virtual_modifiers.iter_mut().zip(stand_for).enumerate() {
                if let Some(new) = new.filter(|new| *new != *old) {
                    *old = new;
                    changes.parts |= part::VIRTUAL_MODIFIERS;
                    changes.virtuals |= 1 << bit;
                }
            }
        }
        if changes.parts & part::VIRTUAL_MODIFIERS != 0 {
            self.update_virtuals(changes);
        }
        changes.parts |= part::ACTIONS;
        changes.actions.join(keys);
    }

    /// Virtual modifiers stand for others: so does all that was said with them.
    pub(crate) fn update_virtuals(&mut self, changes: &mut Changes) {
        let changed = changes.virtuals;
        let mut types = std::mem::take(&mut self.types);
        for (index, kind) in types.iter_mut().enumerate() {
            if kind.modifiers.virtuals & changed != 0 {
                self.resolve_type(kind);
                changes.parts |= part::TYPES;
                changes.types.add(index.min(0xfe) as u8);
            }
        }
        self.types = types;
        for (modifiers, control) in [
            (self.controls.internal, control::INTERNAL_MODS),
            (self.controls.ignored_locks, control::IGNORE_LOCK_MODS),
        ] {
            let new = self.modifiers(modifiers.real, modifiers.virtuals);
            if modifiers.virtuals & changed != 0 && new != modifiers {
                if control == control::INTERNAL_MODS {
                    self.controls.internal = new;
                } else {
                    self.controls.ignored_locks = new;
                }
                changes.controls |= control;
            }
        }
        for index in 0..INDICATORS {
            let old = self.indicators[index].modifiers;
            let new = self.modifiers(old.real, old.virtuals);
            if old.virtuals & changed != 0 && new != old {
                self.indicators[index].modifiers = new;
                changes.indicator_maps |= 1 << index;
            }
        }
        for group in 0..GROUPS {
            let old = self.group_modifiers[group];
            let new = self.modifiers(old.real, old.virtuals);
            if new != old {
                self.group_modifiers[group] = new;
                changes.groups |= 1 << group;
            }
        }
        for code in super::MIN_KEYCODE..=super::MAX_KEYCODE {
            let mut actions = std::mem::take(&mut self.key_mut(code).actions);
            for action in &mut actions {
                if acts_on_modifiers(*action) && virtuals_of(*action) & changed != 0 {
                    action[2] = action[3] | self.real(virtuals_of(*action));
                    changes.parts |= part::ACTIONS;
                    changes.actions.add(code);
                }
            }
            self.key_mut(code).actions = actions;
        }
    }

    /// Sets the real modifiers of a type by what was said of virtual ones.
    pub(crate) fn resolve_type(&self, kind: &mut KeyType) {
        kind.modifiers = self.modifiers(kind.modifiers.real, kind.modifiers.virtuals);
        for entry in &mut kind.entries {
            entry.modifiers = self.modifiers(entry.modifiers.real, entry.modifiers.virtuals);
            entry.preserved = self.modifiers(entry.preserved.real, entry.preserved.virtuals);
            // One of virtual modifiers alone that stand for nothing would be one of no modifiers.
            entry.active = entry.modifiers.virtuals == 0 || self.real(entry.modifiers.virtuals) != 0;
        }
    }
}

fn acts_on_modifiers(action: Action) -> bool {
    matches!(action[0], action::SET_MODS | action::LATCH_MODS | action::LOCK_MODS | action::ISO_LOCK)
}

/// The virtual modifiers of an action on modifiers; those of `ISOLock` are elsewhere.
fn virtuals_of(action: Action) -> u16 {
    if action[0] == action::ISO_LOCK {
        u16::from_be_bytes([action[6], action[7]])
    } else {
        u16::from_be_bytes([action[4], action[5]])
    }
}
