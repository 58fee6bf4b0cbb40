//! The description of a keyboard in the words of XKB (protocol version 1.0): what keys mean and do.
//!
//! One description stands for every keyboard. It is the only source of what keys mean: the core protocol's map of
//! keysyms is derived from it ([`core_map`]), and what a client changes there is brought back into it. What keys do
//! (actions) follows from keysyms by the interpretations of the compatibility map ([`compatibility`]), unless a client
//! has said explicitly what it is to be. Whoever changes something is told what else changed with it ([`Changes`]), so
//! that it can be told to others.

use crate::atom::Atom;

mod built_in;
mod case;
pub(crate) mod compatibility;
pub(crate) mod compile;
mod controls;
pub(crate) mod core_map;

pub(crate) use controls::{Controls, control, option};

pub(crate) const MIN_KEYCODE: u8 = 8;
pub(crate) const MAX_KEYCODE: u8 = 255;
/// How many keycodes there are.
pub(crate) const KEYCODES: u8 = MAX_KEYCODE - MIN_KEYCODE + 1;

/// XKB has no more.
pub(crate) const GROUPS: usize = 4;
pub(crate) const VIRTUAL_MODIFIERS: usize = 16;
pub(crate) const INDICATORS: usize = 32;
/// The four key types that every keyboard has, by index.
pub(crate) const ONE_LEVEL: u8 = 0;
pub(crate) const TWO_LEVEL: u8 = 1;
pub(crate) const ALPHABETIC: u8 = 2;
pub(crate) const KEYPAD: u8 = 3;
pub(crate) const REQUIRED_TYPES: u8 = 4;

/// Which of a key's components a client has given (`EXPLICIT`): types of its four groups first.
pub(crate) mod explicit {
    pub(crate) const TYPES: u8 = 0x0f;
    pub(crate) const INTERPRET: u8 = 1 << 4;
    pub(crate) const AUTO_REPEAT: u8 = 1 << 5;
    pub(crate) const BEHAVIOR: u8 = 1 << 6;
    pub(crate) const VIRTUAL_MODIFIER_MAP: u8 = 1 << 7;
}

/// Parts of a map (`MAPPART`).
pub(crate) mod part {
    pub(crate) const TYPES: u16 = 1 << 0;
    pub(crate) const SYMS: u16 = 1 << 1;
    pub(crate) const MODIFIERS: u16 = 1 << 2;
    pub(crate) const EXPLICIT: u16 = 1 << 3;
    pub(crate) const ACTIONS: u16 = 1 << 4;
    pub(crate) const BEHAVIORS: u16 = 1 << 5;
    pub(crate) const VIRTUAL_MODIFIERS: u16 = 1 << 6;
    pub(crate) const VIRTUAL_MODIFIER_MAP: u16 = 1 << 7;
    pub(crate) const ALL: u16 = 0xff;
}

/// What keys do (`KB`): behaviours of which something follows here.
pub(crate) mod behavior {
    pub(crate) const DEFAULT: u8 = 0;
    pub(crate) const LOCK: u8 = 1;
    pub(crate) const RADIO_GROUP: u8 = 2;
    pub(crate) const OVERLAY_1: u8 = 3;
    pub(crate) const OVERLAY_2: u8 = 4;
    /// The hardware does it.
    pub(crate) const PERMANENT: u8 = 0x80;
}

/// Modifiers: real and virtual ones as they were said, and the real ones that both come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Modifiers {
    pub(crate) mask: u8,
    pub(crate) real: u8,
    pub(crate) virtuals: u16,
}

/// A combination of modifiers that leads to a level, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LevelEntry {
    /// Not with virtual modifiers that stand for nothing.
    pub(crate) active: bool,
    pub(crate) modifiers: Modifiers,
    pub(crate) level: u8,
    /// Modifiers that are not used up by reaching the level.
    pub(crate) preserved: Modifiers,
}

/// How modifiers lead to the levels of a key's group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyType {
    pub(crate) name: Atom,
    pub(crate) modifiers: Modifiers,
    pub(crate) levels: u8,
    pub(crate) entries: Vec<LevelEntry>,
    /// The entries say what they preserve.
    pub(crate) preserves: bool,
    /// One for each level, or none at all.
    pub(crate) level_names: Vec<Atom>,
}

impl KeyType {
    /// The level that modifiers lead to.
    pub(crate) fn level(&self, modifiers: u8) -> u8 {
        let modifiers = modifiers & self.modifiers.mask;
        let entry = self.entries.iter().find(|entry| entry.active && entry.modifiers.mask == modifiers);
        entry.map_or(0, |entry| entry.level)
    }
}

/// What a key does when it is pressed, as it is on the wire: a type, and seven bytes of its own.
pub(crate) type Action = [u8; 8];

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Key {
    /// What its place is called.
    pub(crate) name: [u8; 4],
    /// Types of its groups, by index.
    pub(crate) types: [u8; GROUPS],
    /// How many groups it has (low four bits) and what is done when another one is in effect.
    pub(crate) group_info: u8,
    /// Levels of its widest group.
    pub(crate) width: u8,
    /// Keysyms by group and level: as many as it has groups times the width.
    pub(crate) syms: Vec<u32>,
    /// As many as keysyms, or none.
    pub(crate) actions: Vec<Action>,
    /// Type and data.
    pub(crate) behavior: [u8; 2],
    pub(crate) explicit: u8,
    /// Real modifiers it is mapped to.
    pub(crate) modifiers: u8,
    /// Virtual ones.
    pub(crate) virtuals: u16,
}

impl Key {
    pub(crate) fn groups(&self) -> u8 {
        self.group_info & 0xf
    }

    /// Gives it other keysyms; actions follow in number.
    pub(crate) fn set_syms(&mut self, group_info: u8, width: u8, mut syms: Vec<u32>) {
        let count = usize::from(group_info & 0xf) * usize::from(width);
        syms.resize(count, 0);
        self.group_info = group_info;
        self.width = width;
        self.syms = syms;
        if !self.actions.is_empty() {
            self.actions.resize(count, [0; 8]);
        }
    }
}

/// How keys get their actions from their keysyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interpretation {
    /// 0 is any.
    pub(crate) sym: u32,
    pub(crate) modifiers: u8,
    /// How the modifiers of the key have to match, and whether for the first level only.
    pub(crate) matching: u8,
    /// The virtual modifier that the key is mapped to; 0xff is none.
    pub(crate) virtual_modifier: u8,
    /// It repeats, it locks.
    pub(crate) flags: u8,
    pub(crate) action: Action,
}

/// When an indicator is lit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct IndicatorMap {
    pub(crate) flags: u8,
    pub(crate) which_groups: u8,
    pub(crate) groups: u8,
    pub(crate) which_modifiers: u8,
    pub(crate) modifiers: Modifiers,
    pub(crate) controls: u32,
}

impl IndicatorMap {
    pub(crate) fn is_used(&self) -> bool {
        self.flags != 0 || self.which_groups != 0 || self.which_modifiers != 0 || self.controls != 0
    }
}

/// Flags of an indicator's map.
pub(crate) mod indicator {
    pub(crate) const NO_EXPLICIT: u8 = 1 << 7;
    pub(crate) const NO_AUTOMATIC: u8 = 1 << 6;
    pub(crate) const DRIVES_KEYBOARD: u8 = 1 << 5;
    /// Which of the keyboard's modifiers or groups count.
    pub(crate) const USE_BASE: u8 = 1 << 0;
    pub(crate) const USE_LATCHED: u8 = 1 << 1;
    pub(crate) const USE_LOCKED: u8 = 1 << 2;
    pub(crate) const USE_EFFECTIVE: u8 = 1 << 3;
    pub(crate) const USE_COMPATIBLE: u8 = 1 << 4;
}

/// What the description and its parts are called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub(crate) keycodes: Atom,
    pub(crate) geometry: Atom,
    pub(crate) symbols: Atom,
    pub(crate) physical_symbols: Atom,
    pub(crate) types: Atom,
    pub(crate) compatibility: Atom,
    pub(crate) indicators: [Atom; INDICATORS],
    pub(crate) virtual_modifiers: [Atom; VIRTUAL_MODIFIERS],
    pub(crate) groups: [Atom; GROUPS],
    /// Other names of keys: the real one and the alias.
    pub(crate) aliases: Vec<[u8; 8]>,
    pub(crate) radio_groups: Vec<Atom>,
}

/// How a keyboard looks: to be drawn by clients, and of no other use.
#[derive(Debug, Clone)]
pub(crate) struct Geometry {
    pub(crate) name: Atom,
    /// Millimetres by ten.
    pub(crate) size: [u16; 2],
    /// Of properties, colours, shapes, sections, doodads, and aliases of keys.
    pub(crate) counts: [u16; 6],
    /// Indices of the colours of the keyboard and of its labels.
    pub(crate) colors: [u8; 2],
    /// The font of labels and those things, as on the wire in the machine's byte order.
    pub(crate) list: Vec<u8>,
}

/// All there is to say of a keyboard.
#[derive(Debug, Clone)]
pub(crate) struct Description {
    /// At least those that are required.
    pub(crate) types: Vec<KeyType>,
    keys: Box<[Key; 256]>,
    /// Real modifiers that the virtual ones stand for.
    pub(crate) virtual_modifiers: [u8; VIRTUAL_MODIFIERS],
    pub(crate) interpretations: Vec<Interpretation>,
    /// Modifiers that stand for groups to clients that know none.
    pub(crate) group_modifiers: [Modifiers; GROUPS],
    pub(crate) indicators: [IndicatorMap; INDICATORS],
    /// Those that are lamps.
    pub(crate) physical_indicators: u32,
    pub(crate) controls: Controls,
    pub(crate) names: Names,
    pub(crate) geometry: Option<Geometry>,
}

/// First and how many of a row of things, from 0 or from the first keycode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) first: u8,
    pub(crate) count: u8,
}

impl Range {
    pub(crate) const ALL_KEYS: Self = Self { first: MIN_KEYCODE, count: KEYCODES };

    pub(crate) fn new(first: u8, count: u8) -> Self {
        Self { first, count }
    }

    /// The numbers in it.
    pub(crate) fn each(self) -> impl Iterator<Item = u8> {
        (u16::from(self.first)..u16::from(self.first) + u16::from(self.count))
            .filter_map(|number| u8::try_from(number).ok())
    }

    pub(crate) fn contains(self, number: u8) -> bool {
        number.checked_sub(self.first).is_some_and(|offset| offset < self.count)
    }

    /// Takes in another number.
    pub(crate) fn add(&mut self, number: u8) {
        self.join(Self::new(number, 1));
    }

    pub(crate) fn join(&mut self, other: Self) {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                *self = other;
            }
            return;
        }
        let end = (u16::from(self.first) + u16::from(self.count))
            .max(u16::from(other.first) + u16::from(other.count));
        self.first = self.first.min(other.first);
        self.count = (end - u16::from(self.first)).min(0xff) as u8;
    }
}

/// What has changed, to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Changes {
    /// Parts of the map.
    pub(crate) parts: u16,
    pub(crate) types: Range,
    pub(crate) syms: Range,
    pub(crate) actions: Range,
    pub(crate) behaviors: Range,
    pub(crate) explicit: Range,
    pub(crate) modifiers: Range,
    pub(crate) virtual_map: Range,
    pub(crate) virtuals: u16,
    /// Controls.
    pub(crate) controls: u32,
    pub(crate) indicator_maps: u32,
    /// Groups with other compatibility modifiers.
    pub(crate) groups: u8,
}

impl Description {
    pub(crate) fn key(&self, code: u8) -> &Key {
        &self.keys[usize::from(code)]
    }

    pub(crate) fn key_mut(&mut self, code: u8) -> &mut Key {
        &mut self.keys[usize::from(code)]
    }

    /// All keys with their codes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (u8, &Key)> {
        (MIN_KEYCODE..=MAX_KEYCODE).zip(self.keys.iter().skip(usize::from(MIN_KEYCODE)))
    }

    /// The type of a key's group.
    pub(crate) fn type_of(&self, key: &Key, group: u8) -> Option<&KeyType> {
        self.types.get(usize::from(*key.types.get(usize::from(group))?))
    }

    /// Levels of a key's group.
    pub(crate) fn levels_of(&self, key: &Key, group: u8) -> u8 {
        self.type_of(key, group).map_or(0, |kind| kind.levels)
    }

    /// The real modifiers that virtual ones stand for.
    pub(crate) fn real(&self, virtuals: u16) -> u8 {
        let each = self.virtual_modifiers.iter().enumerate();
        each.filter(|(bit, _)| virtuals >> bit & 1 == 1).fold(0, |all, (_, real)| all | real)
    }

    pub(crate) fn modifiers(&self, real: u8, virtuals: u16) -> Modifiers {
        Modifiers { mask: real | self.real(virtuals), real, virtuals }
    }

    /// As many groups as the key that has most: at least one.
    pub(crate) fn count_groups(&self) -> u8 {
        self.keys().map(|(_, key)| key.groups()).max().unwrap_or(1).clamp(1, GROUPS as u8)
    }
}
