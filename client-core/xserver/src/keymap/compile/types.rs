//! Key types: which modifiers lead to which level.

use super::masks::nth;
use super::syntax::{Item, Merge, What};
use super::{Body, Context, Fault};
use crate::atom::Atoms;
use crate::keymap::{Description, KeyType, LevelEntry, Modifiers};

/// A section of types.
#[derive(Default)]
pub(super) struct Types {
    types: Vec<Type>,
}

struct Type {
    name: Vec<u8>,
    modifiers: Said,
    entries: Vec<Entry>,
    /// Modifiers that are preserved where others lead somewhere.
    preserved: Vec<(Said, Said)>,
    level_names: Vec<Vec<u8>>,
}

/// Real and virtual modifiers.
type Said = (u8, u16);
/// Modifiers and the level they lead to.
type Entry = (Said, u8);

/// Levels of a type.
const LEVELS: u8 = 63;
/// Their number, and that of types, is told in a byte.
const MOST_TYPES: usize = 255;

/// The types that have to be there, first.
const REQUIRED: [&[u8]; 4] = [b"ONE_LEVEL", b"TWO_LEVEL", b"ALPHABETIC", b"KEYPAD"];

impl Body for Types {
    const FOLDER: &'static str = "types";
    const KEYWORDS: &'static [&'static str] = &["types"];

    fn take(&mut self, context: &mut Context, item: &Item) -> Result<(), Fault> {
        if let What::Block { keyword, head: Some(head), body } = &item.what
            && keyword == "type"
            && let Some(name) = head.text()
        {
            let mut kind = Type {
                name: name.to_vec(),
                modifiers: (0, 0),
                entries: Vec::new(),
                preserved: Vec::new(),
                level_names: Vec::new(),
            };
            for item in body {
                match &item.what {
                    What::VirtualModifiers(items) => context.declare(items)?,
                    _ => drop(kind.take(context, item)),
                }
            }
            self.add(kind, item.merge != Merge::Augment);
        }
        Ok(())
    }

    fn merge(&mut self, other: Self, how: Merge) {
        for kind in other.types {
            self.add(kind, how != Merge::Augment);
        }
    }
}

impl Type {
    /// Takes a field; none if it is not one.
    fn take(&mut self, context: &Context, item: &Item) -> Option<()> {
        let ((_, field, index), value) = item.assignment()?;
        match field.as_str() {
            "modifiers" => self.modifiers = context.modifiers(&value)?,
            "map" => {
                let modifiers = context.modifiers(index?)?;
                let level = nth(&value, "level", LEVELS)?;
                put(&mut self.entries, modifiers, level);
            }
            "preserve" => {
                let modifiers = context.modifiers(index?)?;
                put(&mut self.preserved, modifiers, context.modifiers(&value)?);
            }
            "level_name" | "levelname" => {
                let level = usize::from(nth(index?, "level", LEVELS)?);
                let wanted = self.level_names.len().max(level + 1);
                self.level_names.resize(wanted, Vec::new());
                *self.level_names.get_mut(level)? = value.text()?.to_vec();
            }
            _ => return None,
        }
        Some(())
    }
}

/// Says something of modifiers, instead of what was said before.
fn put<T>(list: &mut Vec<(Said, T)>, modifiers: Said, what: T) {
    match list.iter_mut().find(|(known, _)| *known == modifiers) {
        Some((_, known)) => *known = what,
        None => list.push((modifiers, what)),
    }
}

impl Types {
    fn add(&mut self, kind: Type, overrides: bool) {
        match self.types.iter_mut().find(|known| known.name == kind.name) {
            Some(known) if overrides => *known = kind,
            Some(_) => {}
            None => self.types.push(kind),
        }
    }

    pub(super) fn give(self, description: &mut Description, atoms: &mut Atoms) {
        let mut types = self.types;
        for (at, name) in REQUIRED.into_iter().enumerate() {
            let found = types.iter().position(|kind| kind.name == name);
            let kind = match found {
                Some(from) => types.remove(from),
                None => required(at),
            };
            types.insert(at, kind);
        }
        types.truncate(MOST_TYPES);
        description.types = types.into_iter().map(|kind| kind.finish(atoms)).collect();
    }
}

/// A required type that the sections have left out (XKB protocol, 7.2).
fn required(index: usize) -> Type {
    const NUM_LOCK: Said = (1 << 4, 0);
    let entry = |modifiers| (modifiers, 1);
    let (modifiers, entries): (Said, _) = match index {
        0 => ((0, 0), Vec::new()),
        1 => ((1, 0), vec![entry((1, 0))]),
        2 => ((3, 0), vec![entry((1, 0)), entry((2, 0))]),
        _ => ((1 | NUM_LOCK.0, 0), vec![entry((1, 0)), entry(NUM_LOCK)]),
    };
    Type {
        name: REQUIRED[index.min(3)].to_vec(),
        modifiers,
        entries,
        preserved: Vec::new(),
        level_names: Vec::new(),
    }
}

impl Type {
    fn finish(self, atoms: &mut Atoms) -> KeyType {
        let said = |(real, virtuals): Said| Modifiers { mask: real, real, virtuals };
        let highest = self.entries.iter().map(|entry| entry.1 + 1).max().unwrap_or(1);
        let levels = highest.max(self.level_names.len() as u8);
        let mut level_names: Vec<u32> = self
            .level_names
            .iter()
            .map(|name| if name.is_empty() { 0 } else { atoms.intern(name) })
            .collect();
        if !level_names.is_empty() {
            level_names.resize(levels.into(), 0);
        }
        // What leads to the first level does so anyway. Keymap compilers leave it out, but for what follows such a one.
        let mut after_one = false;
        let mut told: Vec<Entry> = Vec::new();
        for entry in self.entries {
            after_one = entry.1 == 0 && !after_one;
            if !after_one {
                told.push(entry);
            }
        }
        // What is preserved on the first level has to be told all the same.
        for (modifiers, _) in &self.preserved {
            if told.iter().all(|(known, _)| known != modifiers) {
                told.push((*modifiers, 0));
            }
        }
        let preserved = |modifiers: Said| {
            let found = self.preserved.iter().find(|(known, _)| *known == modifiers);
            found.map_or((0, 0), |(_, preserved)| *preserved)
        };
        let entries: Vec<LevelEntry> = told
            .iter()
            .map(|(modifiers, level)| LevelEntry {
                active: true,
                modifiers: said(*modifiers),
                level: *level,
                preserved: said(preserved(*modifiers)),
            })
            .take(usize::from(u8::MAX))
            .collect();
        KeyType {
            name: atoms.intern(&self.name),
            modifiers: said(self.modifiers),
            levels,
            preserves: entries.iter().any(|entry| entry.preserved != Modifiers::default()),
            entries,
            level_names,
        }
    }
}
