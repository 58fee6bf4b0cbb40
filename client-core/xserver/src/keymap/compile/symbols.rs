//! Symbols: what is on the keys, and which modifiers they are.

use super::action::Defaults;
use super::keycodes::Keycodes;
use super::masks::{nth, real_modifier};
use super::syntax::{Expr, Item, Merge, What};
use super::{Body, Context, Fault};
use crate::atom::{Atom, Atoms};
use crate::keymap::case::cases;
use crate::keymap::core_map::is_keypad;
use crate::keymap::{Action, Description, GROUPS, Key, ONE_LEVEL, TWO_LEVEL, behavior, explicit};

/// A section of symbols.
#[derive(Default)]
pub(super) struct Symbols {
    /// Names of groups.
    names: [Option<Vec<u8>>; GROUPS],
    /// In the order in which they were named first.
    keys: Vec<(Name, Said, Merge)>,
    /// What is said of all keys that follow.
    defaults: Said,
    actions: Defaults,
    /// Which modifier (none takes it away) by key or keysym.
    modifiers: Vec<(Place, Option<u8>, Merge)>,
    /// The group that the first one is, where sections are included for another.
    group: Option<u8>,
}

/// What a key is called where something is said of it, and by its keycode.
#[derive(Debug, Clone, Copy)]
struct Name {
    said: [u8; 4],
    real: [u8; 4],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Key([u8; 4]),
    Sym(u32),
}

/// What was said of a key.
#[derive(Debug, Clone, Default)]
struct Said {
    groups: [Group; GROUPS],
    /// The type of groups of which none is said.
    kind: Option<Vec<u8>>,
    repeats: Option<bool>,
    virtuals: Option<u16>,
    behavior: Option<[u8; 2]>,
    /// What is done about groups that there are not.
    beyond: Option<u8>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Group {
    syms: Vec<u32>,
    actions: Vec<Action>,
    kind: Option<Vec<u8>>,
}

/// Levels of a key's group.
const MOST_LEVELS: usize = 63;

impl Group {
    fn levels(&self) -> usize {
        self.syms.len().max(self.actions.len())
    }

    fn is_empty(&self) -> bool {
        self.levels() == 0
    }

    /// Level by level: what is nothing leaves the other as it is. What overrides with a type of its own has as many levels
    /// as it says, and what the other had beyond them goes.
    fn join(&mut self, new: Self, how: Merge) {
        fn join<T: Copy + Default + PartialEq>(old: &mut Vec<T>, new: &[T], how: Merge) {
            let nothing = T::default();
            old.resize(old.len().max(new.len()), nothing);
            for (old, new) in old.iter_mut().zip(new) {
                if *new != nothing && (how != Merge::Augment || *old == nothing) {
                    *old = *new;
                }
            }
        }
        if how != Merge::Augment && new.kind.is_some() && !new.is_empty() {
            self.syms.truncate(new.levels());
            self.actions.truncate(new.levels());
        }
        join(&mut self.syms, &new.syms, how);
        join(&mut self.actions, &new.actions, how);
        join_field(&mut self.kind, new.kind, how);
    }
}

fn join_field<T>(old: &mut Option<T>, new: Option<T>, how: Merge) {
    if new.is_some() && (how != Merge::Augment || old.is_none()) {
        *old = new;
    }
}

impl Said {
    fn join(&mut self, new: Self, how: Merge) {
        if how == Merge::Replace {
            *self = new;
            return;
        }
        for (old, new) in self.groups.iter_mut().zip(new.groups) {
            if old.is_empty() && !new.is_empty() {
                (old.syms, old.actions) = (new.syms, new.actions);
                join_field(&mut old.kind, new.kind, how);
            } else {
                old.join(new, how);
            }
        }
        join_field(&mut self.kind, new.kind, how);
        join_field(&mut self.repeats, new.repeats, how);
        join_field(&mut self.virtuals, new.virtuals, how);
        join_field(&mut self.behavior, new.behavior, how);
        join_field(&mut self.beyond, new.beyond, how);
    }

    /// Takes a field; none if it is not one.
    fn take(
        &mut self,
        context: &Context,
        actions: &Defaults,
        (field, index): (&str, Option<&Expr>),
        value: &Expr,
    ) -> Option<()> {
        let group = match index {
            Some(index) => Some(usize::from(nth(index, "group", GROUPS as u8)?)),
            None => None,
        };
        match field {
            "type" => {
                let name = Some(value.text()?.to_vec());
                match group {
                    Some(group) => self.groups.get_mut(group)?.kind = name,
                    None => self.kind = name,
                }
            }
            "symbols" | "actions" => {
                let Expr::List(list) = value else { return None };
                let group = group.or_else(|| {
                    self.groups.iter().position(|group| {
                        if field == "symbols" { group.syms.is_empty() } else { group.actions.is_empty() }
                    })
                })?;
                self.give(context, actions, group, list, field == "actions");
            }
            "virtualmods" | "virtualmodifiers" | "vmods" => {
                self.virtuals = Some(context.modifiers(value)?.1);
            }
            "locking" | "locks" => {
                let kind = match value.word()?.as_str() {
                    "permanent" => behavior::LOCK | behavior::PERMANENT,
                    _ if value.flag()? => behavior::LOCK,
                    _ => behavior::DEFAULT,
                };
                self.behavior = Some([kind, 0]);
            }
            "radiogroup" | "permanentradiogroup" => {
                let number = u8::try_from(value.number()?).ok()?.checked_sub(1)?;
                let lasting = if field == "radiogroup" { 0 } else { behavior::PERMANENT };
                self.behavior = Some([behavior::RADIO_GROUP | lasting, number]);
            }
            "overlay1" | "overlay2" | "permanentoverlay1" | "permanentoverlay2" => {
                let Expr::Key(name) = value else { return None };
                let kind = if field.ends_with('1') { behavior::OVERLAY_1 } else { behavior::OVERLAY_2 };
                let lasting = if field.starts_with("permanent") { behavior::PERMANENT } else { 0 };
                self.behavior = Some([kind | lasting, context.code(*name)?]);
            }
            "repeating" | "repeats" | "repeat" => self.repeats = Some(value.flag()?),
            "groupswrap" | "wrapgroups" if value.flag()? => self.beyond = Some(0),
            "groupsclamp" | "clampgroups" => self.beyond = Some(if value.flag()? { 0x40 } else { 0 }),
            "groupsredirect" | "redirectgroups" => {
                self.beyond = Some(0x80 | nth(value, "group", GROUPS as u8)? << 4);
            }
            _ => return None,
        }
        Some(())
    }

    /// Keysyms or actions of a group.
    fn give(
        &mut self,
        context: &Context,
        defaults: &Defaults,
        group: usize,
        list: &[Expr],
        are_actions: bool,
    ) {
        let Some(group) = self.groups.get_mut(group) else { return };
        let levels = list.iter().take(MOST_LEVELS);
        if are_actions {
            group.actions = levels.map(|one| defaults.action(context, one).unwrap_or_default()).collect();
        } else {
            // Of several at once there is room for the first.
            let first = |level: &Expr| match level {
                Expr::Together(syms) => syms.first().and_then(|sym| context.keysym(sym)),
                sym => context.keysym(sym),
            };
            group.syms = levels.map(|level| first(level).unwrap_or(0)).collect();
            // Levels at the end with nothing on them are none.
            let used = group.syms.iter().rposition(|sym| *sym != 0).map_or(0, |last| last + 1);
            group.syms.truncate(used);
        }
    }

    /// As it is on a key: groups that are alike are one, and those left out between others are as the first.
    fn settle(&mut self) {
        let Some(last) = self.groups.iter().rposition(|group| !group.is_empty()) else { return };
        let first = self.groups[0].clone();
        for group in self.groups.iter_mut().take(last + 1).skip(1) {
            if group.is_empty() {
                *group = first.clone();
            }
        }
        if last > 0 && self.groups.iter().take(last + 1).skip(1).all(|group| *group == first) {
            self.groups.iter_mut().skip(1).for_each(|group| *group = Group::default());
        }
    }
}

impl Body for Symbols {
    const FOLDER: &'static str = "symbols";
    const KEYWORDS: &'static [&'static str] = &["symbols"];

    fn included(&self, group: Option<u8>) -> Self {
        Self { group: group.or(self.group), ..Self::default() }
    }

    fn take(&mut self, context: &mut Context, item: &Item) -> Result<(), Fault> {
        match &item.what {
            What::Block { keyword, head: Some(Expr::Key(name)), body } if keyword == "key" => {
                let said = self.key(context, body);
                let name = Name { said: *name, real: context.keycodes.real_name(*name) };
                self.add(name, said, item.merge);
            }
            What::Block { keyword, head: Some(head), body } if keyword == "modifier_map" => {
                let Expr::Name(name) = head else { return Ok(()) };
                let modifier = real_modifier(name);
                if modifier.is_none() && !name.eq_ignore_ascii_case("none") {
                    return Ok(());
                }
                for place in body {
                    let place = match &place.what {
                        What::Value(Expr::Key(name)) => Some(Place::Key(*name)),
                        What::Value(sym) => context.keysym(sym).map(Place::Sym),
                        _ => None,
                    };
                    if let Some(place) = place {
                        self.modify(place, modifier, item.merge);
                    }
                }
            }
            _ => {
                let Some(((of, field, index), value)) = item.assignment() else { return Ok(()) };
                match (of.as_str(), field.as_str()) {
                    ("", "name" | "groupname") => {
                        let group = index.and_then(|index| nth(index, "group", GROUPS as u8));
                        let group = usize::from(group.unwrap_or(0) + self.group.unwrap_or(0));
                        if let (Some(slot), Some(name)) = (self.names.get_mut(group), value.text()) {
                            *slot = Some(name.to_vec());
                        }
                    }
                    ("key", field) => {
                        self.defaults.take(context, &self.actions, (field, index), &value);
                    }
                    (of, field) => self.actions.take(of, field, &value),
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Self, how: Merge) {
        for (slot, name) in self.names.iter_mut().zip(other.names) {
            join_field(slot, name, how);
        }
        for (name, said, own) in other.keys {
            self.add(name, said, if how == Merge::Default { own } else { how });
        }
        for (place, modifier, own) in other.modifiers {
            self.modify(place, modifier, if how == Merge::Default { own } else { how });
        }
    }
}

impl Symbols {
    /// What is said of a key between its braces.
    fn key(&self, context: &Context, body: &[Item]) -> Said {
        let mut said = self.defaults.clone();
        let mut next = [0, 0];
        for item in body {
            // Lists without names are groups one after the other.
            if let What::Value(Expr::List(list)) = &item.what {
                let are_actions = list.iter().any(|one| matches!(one, Expr::Call(..)));
                let next = &mut next[usize::from(are_actions)];
                said.give(context, &self.actions, *next, list, are_actions);
                *next += 1;
            } else if let Some(((_, field, index), value)) = item.assignment() {
                said.take(context, &self.actions, (&field, index), &value);
            }
        }
        if let Some(group) = self.group.filter(|group| *group > 0) {
            let first = std::mem::take(&mut said.groups[0]);
            said.groups = Default::default();
            if let Some(slot) = said.groups.get_mut(usize::from(group)) {
                *slot = first;
            }
        }
        said
    }

    /// What is said by another name of a key is said of that key if it is known already, and else kept under that name.
    fn add(&mut self, name: Name, said: Said, how: Merge) {
        let find = |name| self.keys.iter().position(|(known, ..)| known.said == name);
        let found = find(name.said).or_else(|| find(name.real));
        match found.and_then(|at| self.keys.get_mut(at)) {
            Some((_, known, merge)) => {
                known.join(said, how);
                if how == Merge::Replace {
                    *merge = how;
                }
            }
            None => self.keys.push((name, said, how)),
        }
    }

    fn modify(&mut self, place: Place, modifier: Option<u8>, how: Merge) {
        match self.modifiers.iter_mut().find(|(known, ..)| *known == place) {
            Some(known) if how != Merge::Augment => *known = (place, modifier, how),
            Some(_) => {}
            None => self.modifiers.push((place, modifier, how)),
        }
    }

    pub(super) fn give(self, description: &mut Description, atoms: &mut Atoms, keycodes: &Keycodes) {
        for (slot, name) in description.names.groups.iter_mut().zip(&self.names) {
            *slot = name.as_ref().map_or(0, |name| atoms.intern(name));
        }
        // What is said of a key by another name of it is said of the key.
        let mut keys: Vec<(u8, Said)> = Vec::new();
        for (name, said, how) in self.keys {
            let Some(code) = keycodes.code(name.said) else { continue };
            match keys.iter_mut().find(|(known, _)| *known == code) {
                Some((_, known)) => known.join(said, how),
                None => keys.push((code, said)),
            }
        }
        for (code, mut said) in keys {
            said.settle();
            put(description, atoms, code, &said);
        }
        for (place, modifier, _) in self.modifiers {
            let code = match place {
                Place::Key(name) => keycodes.code(name),
                Place::Sym(sym) => key_with(description, sym),
            };
            if let (Some(code), Some(modifier)) = (code, modifier) {
                description.key_mut(code).modifiers |= 1 << modifier;
            }
        }
    }
}

/// The key that has a keysym: where it comes first among those of its key, then the one with the lowest code.
fn key_with(description: &Description, sym: u32) -> Option<u8> {
    let place = |key: &Key| key.syms.iter().position(|known| *known == sym);
    let having = description.keys().filter_map(|(code, key)| Some((place(key)?, code)));
    having.min().map(|(_, code)| code)
}

/// Puts on a key what was said of it.
fn put(description: &mut Description, atoms: &mut Atoms, code: u8, said: &Said) {
    let groups = said.groups.iter().rposition(|group| !group.is_empty()).map_or(0, |last| last + 1);
    let mut types = [ONE_LEVEL; GROUPS];
    let mut own = 0;
    for (index, group) in said.groups.iter().enumerate().take(groups) {
        let named = group.kind.as_ref().or(said.kind.as_ref());
        let (name, is_said) = match named {
            Some(name) => (name.as_slice(), true),
            None => usual_type(&group.syms, group.levels()),
        };
        let atom = atoms.intern(name);
        let found = type_named(description, atom);
        types[index] = found.unwrap_or(TWO_LEVEL);
        if found.is_some() && (is_said || group.levels() > 2) {
            own |= 1 << index;
        }
    }
    let levels =
        |kind: u8| description.types.get(usize::from(kind)).map_or(1, |kind| usize::from(kind.levels));
    let width = types.iter().take(groups).map(|kind| levels(*kind)).max().unwrap_or(0);
    let mut syms = vec![0; groups * width];
    let mut actions: Vec<Action> = vec![[0; 8]; groups * width];
    let mut has_actions = false;
    for (index, (group, kind)) in said.groups.iter().zip(types).enumerate().take(groups) {
        let room = levels(kind).min(width);
        let from = index * width;
        for (to, sym) in syms.iter_mut().skip(from).take(room).zip(&group.syms) {
            *to = *sym;
        }
        for (to, action) in actions.iter_mut().skip(from).take(room).zip(&group.actions) {
            *to = *action;
            has_actions = true;
        }
    }
    let key = description.key_mut(code);
    key.types = types;
    key.explicit = own;
    key.actions.clear();
    key.set_syms(groups as u8 | said.beyond.unwrap_or(0), width as u8, syms);
    if has_actions {
        key.actions = actions;
        key.explicit |= explicit::INTERPRET;
    }
    // Servers forget that these were said explicitly: what is on the key may give it others.
    key.virtuals = said.virtuals.unwrap_or(0);
    if let Some(behavior) = said.behavior {
        key.behavior = behavior;
        key.explicit |= explicit::BEHAVIOR;
    }
    if let Some(repeats) = said.repeats {
        key.explicit |= explicit::AUTO_REPEAT;
        description.controls.set_repeats(code, repeats);
    }
}

fn type_named(description: &Description, name: Atom) -> Option<u8> {
    description.types.iter().position(|kind| kind.name == name).map(|index| index as u8)
}

/// The type that keysyms suggest (XKB protocol, 12.2.3), and whether it is to stay when other keysyms come.
fn usual_type(syms: &[u32], levels: usize) -> (&'static [u8], bool) {
    let sym = |level: usize| syms.get(level).copied().unwrap_or(0);
    // A small letter and a capital: not always of one letter
    let is_letter = |level: usize| is_small(sym(level)) && is_capital(sym(level + 1));
    let is_number = is_keypad(sym(0)) || is_keypad(sym(1));
    match levels {
        0 | 1 => (b"ONE_LEVEL", false),
        2 if is_letter(0) => (b"ALPHABETIC", true),
        2 if is_number => (b"KEYPAD", false),
        3 | 4 if is_letter(0) && is_letter(2) => (b"FOUR_LEVEL_ALPHABETIC", false),
        3 | 4 if is_letter(0) => (b"FOUR_LEVEL_SEMIALPHABETIC", false),
        3 | 4 if is_number => (b"FOUR_LEVEL_KEYPAD", false),
        3 | 4 => (b"FOUR_LEVEL", false),
        _ => (b"TWO_LEVEL", false),
    }
}

/// Small letters whose capital is no keysym of the same row, or no single letter, or that are without one for servers.
const SMALL: [(u32, u32); 11] = [
    (0xb5, 0xb5),
    (0xdf, 0xdf),
    (0xff, 0xff),
    (0x7f3, 0x7f3),
    (0x13bd, 0x13bd),
    (0x0100_1f80, 0x0100_1f87),
    (0x0100_1f90, 0x0100_1f97),
    (0x0100_1fa0, 0x0100_1fa7),
    (0x0100_1fb3, 0x0100_1fb3),
    (0x0100_1fc3, 0x0100_1fc3),
    (0x0100_1ff3, 0x0100_1ff3),
];
/// The same of capitals.
const CAPITAL: [u32; 6] = [0x7a6, 0x7aa, 0x7d3, 0x13bc, 0x13be, 0x0100_0130];
/// Letters that have come to Unicode since keymap compilers learned its cases (4.0): to these they are no letters, and what
/// has its other case among them has none.
const LATER: [(u32, u32); 13] = [
    (0x0100_023a, 0x0100_024f),
    (0x0100_04cf, 0x0100_04cf),
    (0x0100_04f6, 0x0100_04f7),
    (0x0100_04fa, 0x0100_04ff),
    (0x0100_0510, 0x0100_052f),
    (0x0100_13f8, 0x0100_13fd),
    (0x0100_1c80, 0x0100_1cbf),
    (0x0100_1efa, 0x0100_1eff),
    (0x0100_214e, 0x0100_214e),
    (0x0100_2183, 0x0100_2184),
    (0x0100_2c00, 0x0100_2dff),
    (0x0100_a640, 0x0100_abff),
    (0x0101_0450, 0x0110_ffff),
];

fn is_among(rows: &[(u32, u32)], sym: u32) -> bool {
    rows.iter().any(|(first, last)| (*first..=*last).contains(&sym))
}

/// The small letter and the capital of a keysym's letter as keymap compilers know them.
fn known_cases(sym: u32) -> (u32, u32) {
    let (small, capital) = cases(sym);
    if is_among(&LATER, small) || is_among(&LATER, capital) { (sym, sym) } else { (small, capital) }
}

/// The keysym of a letter of Latin 1 that is written as one of Unicode.
fn plain(sym: u32) -> u32 {
    if matches!(sym, 0x0100_0000..=0x0100_00ff) { sym & 0xff } else { sym }
}

fn is_small(sym: u32) -> bool {
    let sym = plain(sym);
    let (small, capital) = known_cases(sym);
    is_among(&SMALL, sym) || (small == sym && capital != sym)
}

fn is_capital(sym: u32) -> bool {
    let sym = plain(sym);
    let (small, capital) = known_cases(sym);
    CAPITAL.contains(&sym) || (capital == sym && small != sym)
}
