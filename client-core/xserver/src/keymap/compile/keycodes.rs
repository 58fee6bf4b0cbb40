//! Keycodes: which key has which, other names of keys, and indicators.

use super::syntax::{Expr, Item, Merge, What};
use super::{Body, Context, Fault};
use crate::atom::Atoms;
use crate::keymap::{Description, INDICATORS, MIN_KEYCODE};

/// A section of keycodes.
#[derive(Default)]
pub(super) struct Keycodes {
    /// Keys by their codes.
    names: Vec<(u8, [u8; 4])>,
    /// Other names of keys, and the names they have.
    aliases: Vec<([u8; 4], [u8; 4])>,
    /// By number from 0: the name, and whether it is one that no lamp shows.
    indicators: Vec<(u8, Vec<u8>, bool)>,
}

impl Body for Keycodes {
    const FOLDER: &'static str = "keycodes";
    const KEYWORDS: &'static [&'static str] = &["keycodes"];

    fn take(&mut self, _: &mut Context, item: &Item) -> Result<(), Fault> {
        let overrides = item.merge != Merge::Augment;
        match &item.what {
            What::Assign(Expr::Key(name), code) => {
                let code = code.number().and_then(|code| u8::try_from(code).ok());
                if let Some(code) = code.filter(|code| *code >= MIN_KEYCODE) {
                    self.name(code, *name, overrides);
                }
            }
            What::Define { keyword, head: Expr::Key(alias), value: Expr::Key(real) }
                if keyword == "alias" =>
            {
                self.alias(*alias, *real, overrides);
            }
            What::Define { keyword, head, value } => {
                let number = head.number().and_then(|number| u8::try_from(number - 1).ok());
                let number = number.filter(|number| usize::from(*number) < INDICATORS);
                let is_virtual = keyword == "virtual_indicator";
                if let (Some(number), Some(name)) = (number, value.text())
                    && (is_virtual || keyword == "indicator")
                {
                    self.indicator(number, name.to_vec(), is_virtual, overrides);
                }
            }
            // The smallest and the largest one: here they are what they are.
            _ => {}
        }
        Ok(())
    }

    fn merge(&mut self, other: Self, how: Merge) {
        let overrides = how != Merge::Augment;
        for (code, name) in other.names {
            self.name(code, name, overrides);
        }
        for (alias, real) in other.aliases {
            self.alias(alias, real, overrides);
        }
        for (number, name, is_virtual) in other.indicators {
            self.indicator(number, name, is_virtual, overrides);
        }
    }
}

impl Keycodes {
    fn name(&mut self, code: u8, name: [u8; 4], overrides: bool) {
        let clashes = |known: &(u8, [u8; 4])| known.0 == code || known.1 == name;
        if overrides {
            self.names.retain(|known| !clashes(known));
        } else if self.names.iter().any(clashes) {
            return;
        }
        self.names.push((code, name));
    }

    fn alias(&mut self, alias: [u8; 4], real: [u8; 4], overrides: bool) {
        match self.aliases.iter_mut().find(|(known, _)| *known == alias) {
            Some(known) if overrides => known.1 = real,
            Some(_) => {}
            None => self.aliases.push((alias, real)),
        }
    }

    fn indicator(&mut self, number: u8, name: Vec<u8>, is_virtual: bool, overrides: bool) {
        let clashes = |known: &(u8, Vec<u8>, bool)| known.0 == number || known.1 == name;
        if overrides {
            self.indicators.retain(|known| !clashes(known));
        } else if self.indicators.iter().any(clashes) {
            return;
        }
        self.indicators.push((number, name, is_virtual));
    }

    /// The code of a key by its name or another one.
    pub(super) fn code(&self, name: [u8; 4]) -> Option<u8> {
        let find = |name| self.names.iter().find(|known| known.1 == name).map(|known| known.0);
        find(name).or_else(|| find(self.aliases.iter().find(|(alias, _)| *alias == name)?.1))
    }

    /// The name of a key that is meant by this name.
    pub(super) fn real_name(&self, name: [u8; 4]) -> [u8; 4] {
        let is_key = self.names.iter().any(|known| known.1 == name);
        let alias = self.aliases.iter().find(|(alias, _)| *alias == name && !is_key);
        alias.map_or(name, |(_, real)| *real)
    }

    /// The number of an indicator by its name.
    pub(super) fn indicator_of(&self, name: &[u8]) -> Option<u8> {
        self.indicators.iter().find(|known| known.1 == name).map(|known| known.0)
    }

    pub(super) fn give(&self, description: &mut Description, atoms: &mut Atoms) {
        for (code, name) in &self.names {
            description.key_mut(*code).name = *name;
        }
        description.physical_indicators = 0;
        for (number, name, is_virtual) in &self.indicators {
            if let Some(slot) = description.names.indicators.get_mut(usize::from(*number)) {
                *slot = atoms.intern(name);
                if !is_virtual {
                    description.physical_indicators |= 1 << number;
                }
            }
        }
        let is_key = |name: &[u8; 4]| self.names.iter().any(|known| known.1 == *name);
        let useful = self.aliases.iter().filter(|(alias, real)| is_key(real) && !is_key(alias));
        let pairs = useful.map(|(alias, real)| {
            let ([a, b, c, d], [e, f, g, h]) = (*real, *alias);
            [a, b, c, d, e, f, g, h]
        });
        // Their number is told in a byte.
        description.names.aliases = pairs.take(usize::from(u8::MAX)).collect();
    }
}
