//! Descriptions made of a keymap that the embedder has compiled: keysyms and modifiers, from which all else follows.

use super::case::cases;
use super::core_map::is_keypad;
use super::{ALPHABETIC, Description, GROUPS, KEYPAD, MIN_KEYCODE, ONE_LEVEL, TWO_LEVEL, built_in};
use crate::atom::Atoms;
use crate::config::Keymap;

impl Description {
    /// The keyboard that every server begins with.
    pub(crate) fn built_in(atoms: &mut Atoms) -> Self {
        built_in::built_in(atoms)
    }

    /// A keyboard with this map, and types and interpretations as they usually are.
    pub(crate) fn given(atoms: &mut Atoms, keymap: &Keymap) -> Self {
        let mut description = built_in::blank(atoms);
        let mut kept = Vec::new();
        for key in keymap.keys.iter().filter(|key| key.code >= MIN_KEYCODE) {
            let groups: Vec<Vec<u32>> = key
                .groups
                .iter()
                .take(GROUPS)
                .map(|group| group.iter().copied().take(MOST_LEVELS).collect())
                .collect();
            let used = groups.iter().rposition(|group| !group.is_empty()).map_or(0, |last| last + 1);
            let groups = groups.get(..used).unwrap_or_default();
            let mut types = [ONE_LEVEL; GROUPS];
            for (kind, group) in types.iter_mut().zip(groups) {
                *kind = description.usual_type(atoms, group);
            }
            description.give(key.code, &types, groups);
            kept.push((key, groups.to_vec(), types));
            description.key_mut(key.code).modifiers = key.modifiers;
        }
        description.settle();
        // What modifiers lead to is known by now, and which of the types do what was said.
        for (key, groups, mut types) in kept {
            let mut changed = false;
            for ((kind, levels), group) in types.iter_mut().zip(&key.levels).zip(&groups) {
                let known = levels.is_empty() || description.leads(*kind, levels);
                if !known && let Some(other) = description.type_that_leads(levels, group.len()) {
                    *kind = other;
                    changed = true;
                }
            }
            if changed {
                description.give(key.code, &types, &groups);
            }
        }
        description.settle();
        for key in keymap.keys.iter().filter(|key| key.code >= MIN_KEYCODE) {
            description.controls.set_repeats(key.code, key.repeats);
        }
        description
    }

    /// Whether modifiers lead to the levels of a type as said.
    fn leads(&self, kind: u8, levels: &[(u8, u8)]) -> bool {
        let Some(kind) = self.types.get(usize::from(kind)) else { return false };
        let used = levels.iter().fold(0, |all, (modifiers, _)| all | modifiers);
        let said = |modifiers: u8| {
            let found = levels.iter().find(|(combination, _)| *combination == modifiers & used);
            found.map_or(0, |(_, level)| *level)
        };
        (0..=u8::MAX).all(|modifiers| kind.level(modifiers) == said(modifiers))
    }

    /// A type of so many levels to which modifiers lead as said, the narrowest there is.
    fn type_that_leads(&self, levels: &[(u8, u8)], count: usize) -> Option<u8> {
        let fits = (0..=u8::MAX)
            .zip(&self.types)
            .filter(|(index, kind)| usize::from(kind.levels) >= count && self.leads(*index, levels));
        fits.min_by_key(|(_, kind)| kind.levels).map(|(index, _)| index)
    }

    /// The type that the levels of a group suggest.
    fn usual_type(&self, atoms: &mut Atoms, group: &[u32]) -> u8 {
        let sym = |level: usize| group.get(level).copied().unwrap_or(0);
        let is_letter = |level: usize| {
            let (lower, upper) = cases(sym(level));
            lower != upper && (lower, upper) == (sym(level), sym(level + 1))
        };
        let is_number = is_keypad(sym(0)) || is_keypad(sym(1));
        let name = match group.len() {
            0 | 1 => return ONE_LEVEL,
            2 if is_letter(0) => return ALPHABETIC,
            2 if is_number => return KEYPAD,
            2 => return TWO_LEVEL,
            3 | 4 if is_letter(0) && is_letter(2) => "FOUR_LEVEL_ALPHABETIC",
            3 | 4 if is_letter(0) => "FOUR_LEVEL_SEMIALPHABETIC",
            3 | 4 if is_number => "FOUR_LEVEL_KEYPAD",
            3 | 4 => "FOUR_LEVEL",
            5 => "CTRL+ALT",
            _ if is_letter(0) && is_letter(2) => "EIGHT_LEVEL_ALPHABETIC",
            _ if is_letter(0) => "EIGHT_LEVEL_SEMIALPHABETIC",
            _ => "EIGHT_LEVEL",
        };
        let name = atoms.intern(name.as_bytes());
        self.types.iter().position(|kind| kind.name == name).map_or(TWO_LEVEL, |index| index as u8)
    }
}

/// No type of those there are has more.
const MOST_LEVELS: usize = 8;
