//! Groups of keysyms: which one is in effect, and the keys that change that (XKB protocol, 4 and 6.3).
//!
//! A keymap of several layouts has a group for each. The effective group is that of the keys held, the latched and the
//! locked one together, wrapped into the groups there are. What a keysym does is what XKB's usual interpretations say of
//! it: `ISO_Next_Group` locks the next one, and so on.

use std::collections::HashMap;

use super::Keyboard;
use crate::config::Keymap;

const LEVEL3_SHIFT: u32 = 0xfe03;
const SHIFT: u8 = 1;
const ALT: u8 = 1 << 3;
/// XKB has no more.
const MAX_GROUPS: usize = 4;

/// Which group is in effect, and the keys that have several.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    /// Keysyms by group and level, of keys with more than one group.
    keys: HashMap<u8, Vec<Vec<u32>>>,
    /// What keys held add.
    pub(crate) base: i16,
    /// What is added for the next key.
    pub(crate) latched: i16,
    pub(crate) locked: u8,
    /// Keys held that did something else when they were pressed than what they are modifiers for.
    held: Vec<Held>,
}

/// A key held, what it adds to the group, and the modifiers it stands for.
#[derive(Debug, Clone, Copy)]
struct Held {
    code: u8,
    adds: i16,
    modifiers: u8,
}

/// What a key does to the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// While it is held.
    Shift,
    Latch,
    /// So many further.
    Move(i16),
    Lock(u8),
}

impl Action {
    fn of(sym: u32) -> Option<Self> {
        match sym {
            // Mode_switch is ISO_Group_Shift.
            0xff7e => Some(Self::Shift),
            0xfe06 => Some(Self::Latch),
            0xfe07 | 0xfe08 => Some(Self::Move(1)),
            0xfe0a => Some(Self::Move(-1)),
            0xfe0c => Some(Self::Lock(0)),
            0xfe0e => Some(Self::Lock(u8::MAX)),
            _ => None,
        }
    }
}

impl Groups {
    /// How many groups there are: at least one.
    pub(crate) fn count(&self) -> u8 {
        self.keys.values().map(Vec::len).max().unwrap_or(1).clamp(1, MAX_GROUPS) as u8
    }

    fn wrap(&self, group: i16) -> u8 {
        group.rem_euclid(i16::from(self.count())) as u8
    }

    /// The group in effect, from 0.
    pub(crate) fn effective(&self) -> u8 {
        self.wrap(self.base.saturating_add(self.latched).saturating_add(i16::from(self.locked)))
    }

    /// The groups of a key that has several.
    pub(crate) fn of(&self, code: u8) -> Option<&[Vec<u32>]> {
        self.keys.get(&code).map(Vec::as_slice)
    }

    /// Takes the groups of a map. The group that is locked stays, as far as there still is one.
    pub(super) fn set(&mut self, keymap: &Keymap) {
        let several = keymap.keys.iter().filter(|key| key.groups.len() > 1);
        self.keys = several
            .map(|key| {
                let groups = key.groups.iter().take(MAX_GROUPS);
                (
                    key.code,
                    groups.map(|group| group.iter().copied().take(usize::from(u8::MAX)).collect()).collect(),
                )
            })
            .collect();
        self.locked = self.wrap(i16::from(self.locked));
    }

    /// The core map has another list of keysyms for a key: it has one group.
    pub(super) fn forget(&mut self, code: u8) {
        self.keys.remove(&code);
        self.locked = self.wrap(i16::from(self.locked));
    }

    /// Locks a group, wrapped into those there are.
    pub(crate) fn lock(&mut self, group: i16) {
        self.locked = self.wrap(group);
    }

    /// What a key held stands for, if that is not what it is a modifier for.
    pub(super) fn modifiers_instead(&self, code: u8) -> Option<u8> {
        self.held.iter().find(|held| held.code == code).map(|held| held.modifiers)
    }

    fn release(&mut self, code: u8) {
        self.held.retain(|held| held.code != code);
        self.base = self.held.iter().fold(0, |all, held| all.saturating_add(held.adds));
    }
}

impl Keyboard {
    /// The keysym that a key stands for now.
    fn symbol(&self, code: u8) -> Option<u32> {
        let several = self.groups.of(code);
        let group = usize::from(self.groups.effective());
        let levels: Vec<u32> = match several {
            Some(groups) => groups.get(group % groups.len().max(1))?.clone(),
            None => self.keysyms.get(usize::from(code.saturating_sub(self.min_keycode())))?.clone(),
        };
        let modifiers = self.state() as u8;
        // Of a Shift key itself, another modifier leads to the second level.
        let shift = if self.modifiers_of(code) & SHIFT != 0 { ALT } else { SHIFT };
        let third = self.third_level();
        let level = usize::from(modifiers & shift != 0) + 2 * usize::from(modifiers & third != 0);
        levels.get(level).copied().filter(|sym| *sym != 0).or_else(|| levels.first().copied())
    }

    /// A key goes down or up: it may change the group, and then is no modifier as long as it is held.
    pub(super) fn change_group(&mut self, code: u8, pressed: bool) {
        if !pressed {
            self.groups.release(code);
            return;
        }
        if self.groups.count() == 1 {
            return;
        }
        let symbol = self.symbol(code);
        let Some(action) = symbol.and_then(Action::of) else {
            if symbol == Some(LEVEL3_SHIFT) {
                // A key may be that in one group and something else in another.
                let modifiers = self.third_level();
                self.groups.held.push(Held { code, adds: 0, modifiers });
            } else if self.modifiers_of(code) == 0 {
                self.groups.latched = 0;
            }
            return;
        };
        let groups = &mut self.groups;
        let mut adds = 0;
        match action {
            Action::Shift => adds = 1,
            Action::Latch => groups.latched = groups.latched.saturating_add(1),
            Action::Move(by) => groups.lock(i16::from(groups.locked) + by),
            Action::Lock(group) => groups.locked = group.min(groups.count() - 1),
        }
        groups.held.push(Held { code, adds, modifiers: 0 });
        groups.base = groups.base.saturating_add(adds);
    }
}
