//! Compatibility: what keysyms do, what groups are to clients that know none, and when indicators are lit.

use super::action::Defaults;
use super::keycodes::Keycodes;
use super::masks::{controls, groups, nth, states};
use super::syntax::{Expr, Item, Merge, What};
use super::{Body, Context, Fault};
use crate::atom::Atoms;
use crate::keymap::compatibility::matching;
use crate::keymap::{
    Action, Description, GROUPS, INDICATORS, IndicatorMap, Interpretation, Modifiers, indicator,
};

/// A section of compatibility.
#[derive(Default)]
pub(super) struct Compatibility {
    interprets: Vec<Interpret>,
    defaults: Said,
    actions: Defaults,
    /// Modifiers of groups.
    groups: [Option<(u8, u16)>; GROUPS],
    lamps: Vec<(Vec<u8>, Lamp)>,
    lamp_defaults: Lamp,
}

/// What is interpreted: a keysym (0 is any), modifiers and how they have to match.
struct Interpret {
    sym: u32,
    modifiers: u8,
    operation: u8,
    said: Said,
}

/// What was said of an interpretation.
#[derive(Clone, Copy, Default)]
struct Said {
    virtual_modifier: Option<u8>,
    action: Option<Action>,
    repeats: Option<bool>,
    locks: Option<bool>,
    level_one_only: Option<bool>,
}

/// What was said of an indicator.
#[derive(Clone, Copy, Default)]
struct Lamp {
    flags: [Option<bool>; 3],
    which_groups: Option<u8>,
    groups: Option<u8>,
    which_modifiers: Option<u8>,
    modifiers: Option<(u8, u16)>,
    controls: Option<u32>,
}

/// Of a [`Lamp`], as they are in its flags.
const FLAGS: [u8; 3] = [indicator::NO_EXPLICIT, indicator::NO_AUTOMATIC, indicator::DRIVES_KEYBOARD];

/// One said before or after another.
fn joined<T>(old: Option<T>, new: Option<T>, how: Merge) -> Option<T> {
    if how == Merge::Augment { old.or(new) } else { new.or(old) }
}

impl Said {
    fn join(&mut self, new: Self, how: Merge) {
        if how == Merge::Replace {
            *self = new;
            return;
        }
        *self = Self {
            virtual_modifier: joined(self.virtual_modifier, new.virtual_modifier, how),
            action: joined(self.action, new.action, how),
            repeats: joined(self.repeats, new.repeats, how),
            locks: joined(self.locks, new.locks, how),
            level_one_only: joined(self.level_one_only, new.level_one_only, how),
        };
    }

    /// Takes a field; none if it is not one.
    fn take(&mut self, context: &Context, actions: &Defaults, field: &str, value: &Expr) -> Option<()> {
        match field {
            "virtualmodifier" | "virtualmod" => {
                let Expr::Name(name) = value else { return None };
                self.virtual_modifier = Some(context.virtual_modifier(name)?);
            }
            "action" => self.action = Some(actions.action(context, value)?),
            "repeat" => self.repeats = Some(value.flag()?),
            "locking" => self.locks = Some(value.flag()?),
            "usemodmap" | "usemodmapmods" => {
                self.level_one_only = Some(match value.word()?.as_str() {
                    "level1" | "levelone" => true,
                    "anylevel" | "any" => false,
                    _ => return None,
                });
            }
            _ => return None,
        }
        Some(())
    }
}

impl Lamp {
    fn join(&mut self, new: Self, how: Merge) {
        if how == Merge::Replace {
            *self = new;
            return;
        }
        for (old, new) in self.flags.iter_mut().zip(new.flags) {
            *old = joined(*old, new, how);
        }
        // Groups and their state are said together, and so are modifiers.
        let whole = |old: (bool, bool), new: (bool, bool)| {
            let (old, new) = (old.0 || old.1, new.0 || new.1);
            new && (how != Merge::Augment || !old)
        };
        let are_groups = |lamp: &Self| (lamp.which_groups.is_some(), lamp.groups.is_some());
        if whole(are_groups(self), are_groups(&new)) {
            (self.which_groups, self.groups) = (new.which_groups, new.groups);
        }
        let are_modifiers = |lamp: &Self| (lamp.which_modifiers.is_some(), lamp.modifiers.is_some());
        if whole(are_modifiers(self), are_modifiers(&new)) {
            (self.which_modifiers, self.modifiers) = (new.which_modifiers, new.modifiers);
        }
        self.controls = joined(self.controls, new.controls, how);
    }

    /// Takes a field; none if it is not one.
    fn take(&mut self, context: &Context, field: &str, value: &Expr) -> Option<()> {
        match field {
            "modifiers" | "mods" => self.modifiers = Some(context.modifiers(value)?),
            "groups" => self.groups = Some(groups(value)?),
            "controls" | "ctrls" => self.controls = Some(controls(value)?),
            "whichmodstate" | "whichmodifierstate" => self.which_modifiers = Some(states(value)?),
            "whichgroupstate" => self.which_groups = Some(states(value)?),
            "allowexplicit" => self.flags[0] = Some(!value.flag()?),
            "drivesfromkbd" | "drivesfromkeyboard" => self.flags[1] = Some(!value.flag()?),
            "driveskbd"
            | "driveskeyboard"
            | "leddriveskbd"
            | "leddriveskeyboard"
            | "indicatordriveskbd"
            | "indicatordriveskeyboard" => self.flags[2] = Some(value.flag()?),
            _ => return None,
        }
        Some(())
    }

    fn map(&self) -> IndicatorMap {
        let set = FLAGS.iter().zip(self.flags).filter(|(_, on)| *on == Some(true));
        let (real, virtuals) = self.modifiers.unwrap_or_default();
        let groups = self.groups.unwrap_or(0);
        let which =
            |said: Option<u8>, any: bool| said.unwrap_or(if any { indicator::USE_EFFECTIVE } else { 0 });
        IndicatorMap {
            flags: set.fold(0, |all, (flag, _)| all | flag),
            which_groups: which(self.which_groups, groups != 0),
            groups,
            which_modifiers: which(self.which_modifiers, real != 0 || virtuals != 0),
            modifiers: Modifiers { mask: real, real, virtuals },
            controls: self.controls.unwrap_or(0),
        }
    }
}

impl Body for Compatibility {
    const FOLDER: &'static str = "compat";
    const KEYWORDS: &'static [&'static str] = &["compatibility", "compat", "compatibility_map", "compat_map"];

    /// What was said of all that follows holds in what is included too.
    fn included(&self, _: Option<u8>) -> Self {
        Self {
            defaults: self.defaults,
            actions: self.actions.clone(),
            lamp_defaults: self.lamp_defaults,
            ..Self::default()
        }
    }

    fn take(&mut self, context: &mut Context, item: &Item) -> Result<(), Fault> {
        match &item.what {
            What::Block { keyword, head: Some(head), body } if keyword == "interpret" => {
                if let Some((sym, modifiers, operation)) = subject(context, head) {
                    let mut said = self.defaults;
                    for item in body {
                        if let Some(((_, field, _), value)) = item.assignment() {
                            said.take(context, &self.actions, &field, &value);
                        }
                    }
                    self.interpret(Interpret { sym, modifiers, operation, said }, item.merge);
                }
            }
            What::Block { keyword, head: Some(head), body } if keyword == "indicator" => {
                if let Some(name) = head.text() {
                    let mut lamp = self.lamp_defaults;
                    for item in body {
                        if let Some(((_, field, _), value)) = item.assignment() {
                            lamp.take(context, &field, &value);
                        }
                    }
                    self.lamp(name.to_vec(), lamp, item.merge);
                }
            }
            What::Define { keyword, head, value } if keyword == "group" => {
                if let Some(group) = nth(head, "group", GROUPS as u8)
                    && let Some(modifiers) = context.modifiers(value)
                    && let Some(slot) = self.groups.get_mut(usize::from(group))
                {
                    *slot = joined(*slot, Some(modifiers), item.merge);
                }
            }
            _ => {
                if let Some(((of, field, _), value)) = item.assignment() {
                    match of.as_str() {
                        "interpret" => drop(self.defaults.take(context, &self.actions, &field, &value)),
                        "indicator" => drop(self.lamp_defaults.take(context, &field, &value)),
                        of => self.actions.take(of, &field, &value),
                    }
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Self, how: Merge) {
        for interpret in other.interprets {
            self.interpret(interpret, how);
        }
        for (slot, new) in self.groups.iter_mut().zip(other.groups) {
            *slot = joined(*slot, new, how);
        }
        for (name, lamp) in other.lamps {
            self.lamp(name, lamp, how);
        }
    }
}

/// What an interpretation is of: `Num_Lock+AnyOf(all)`.
fn subject(context: &Context, head: &Expr) -> Option<(u32, u8, u8)> {
    let (sym, condition) = match head {
        Expr::Add(sym, condition) => (sym.as_ref(), Some(condition.as_ref())),
        sym => (sym, None),
    };
    let is_any = |expr: &Expr| expr.word().is_some_and(|word| word == "any");
    let (modifiers, operation) = match condition {
        None => (0xff, matching::ANY_OF_OR_NONE),
        Some(any) if is_any(any) => (0xff, matching::ANY_OF),
        Some(Expr::Call(name, arguments)) => {
            let operation = match name.to_ascii_lowercase().as_str() {
                "noneof" => matching::NONE_OF,
                "anyofornone" => matching::ANY_OF_OR_NONE,
                "anyof" => matching::ANY_OF,
                "allof" => matching::ALL_OF,
                "exactly" => matching::EXACTLY,
                _ => return None,
            };
            (context.modifiers(arguments.first()?)?.0, operation)
        }
        Some(modifiers) => (context.modifiers(modifiers)?.0, matching::EXACTLY),
    };
    let sym = if is_any(sym) { 0 } else { context.keysym(sym).filter(|sym| *sym != 0)? };
    Some((sym, modifiers, operation))
}

impl Compatibility {
    fn interpret(&mut self, new: Interpret, how: Merge) {
        let subject =
            |of: &Interpret| (of.sym, of.modifiers, of.operation, of.said.level_one_only == Some(true));
        match self.interprets.iter_mut().find(|known| subject(known) == subject(&new)) {
            Some(known) => known.said.join(new.said, how),
            None => self.interprets.push(new),
        }
    }

    fn lamp(&mut self, name: Vec<u8>, lamp: Lamp, how: Merge) {
        match self.lamps.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.join(lamp, how),
            None => self.lamps.push((name, lamp)),
        }
    }

    pub(super) fn give(self, description: &mut Description, atoms: &mut Atoms, keycodes: &Keycodes) {
        // What is more particular is found first: those of a keysym, and of these the ones with the narrower condition.
        let order = |of: &Interpret| {
            let narrow = match of.operation {
                matching::EXACTLY => 0,
                matching::ALL_OF | matching::NONE_OF => 1,
                matching::ANY_OF => 2,
                _ => 3,
            };
            (of.sym == 0, narrow)
        };
        let mut interprets = self.interprets;
        interprets.sort_by_key(order);
        description.interpretations = interprets
            .iter()
            .take(usize::from(u16::MAX))
            .map(|Interpret { sym, modifiers, operation, said }| Interpretation {
                sym: *sym,
                modifiers: *modifiers,
                matching: operation
                    | if said.level_one_only == Some(true) { matching::LEVEL_ONE_ONLY } else { 0 },
                virtual_modifier: said.virtual_modifier.unwrap_or(0xff),
                flags: u8::from(said.repeats == Some(true)) | u8::from(said.locks == Some(true)) << 1,
                action: said.action.unwrap_or_default(),
            })
            .collect();
        for (slot, group) in description.group_modifiers.iter_mut().zip(self.groups) {
            let (real, virtuals) = group.unwrap_or_default();
            *slot = Modifiers { mask: real, real, virtuals };
        }
        for (name, lamp) in &self.lamps {
            let known = keycodes.indicator_of(name).map(usize::from);
            let free = || {
                let names = &description.names.indicators;
                let is_free = |at: &usize| names.get(*at) == Some(&0);
                (0..INDICATORS).find(is_free)
            };
            let Some(index) = known.or_else(free) else { continue };
            description.names.indicators[index] = atoms.intern(name);
            description.indicators[index] = lamp.map();
        }
    }
}
