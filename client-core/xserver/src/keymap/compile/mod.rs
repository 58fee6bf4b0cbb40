//! Keymaps compiled from their sources: the text files of the keymap database that X installations share, which the
//! embedder reads ([`crate::KeymapFiles`]).
//!
//! A keymap is made of five sections: keycodes, types, compatibility, symbols, and geometry. Each is named by the files
//! it is put together from (`pc+de+inet(evdev)`), and these include others. [`include`] puts a section together in the
//! same way for all kinds, and each kind is a module that knows its statements ([`Body`]). What is put together becomes
//! a [`Description`] in the order in which the sections depend on each other.
//!
//! A database is trusted no further than a client: everything is bounded, and what is wrong with it is a [`Fault`].

use std::collections::HashMap;
use std::rc::Rc;

use self::compatibility::Compatibility;
use self::geometry::Looks;
use self::keycodes::Keycodes;
use self::symbols::Symbols;
use self::syntax::{Expr, Item, Merge, Section, What};
use self::types::Types;
use super::{Description, VIRTUAL_MODIFIERS};
use crate::atom::Atoms;
use crate::config::KeymapFiles;

mod action;
mod compatibility;
mod geometry;
mod keycodes;
mod masks;
pub(crate) mod rules;
mod symbols;
mod syntax;
mod types;

/// What the sections of a keymap are put together from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Components {
    pub(crate) keycodes: String,
    pub(crate) types: String,
    pub(crate) compatibility: String,
    pub(crate) symbols: String,
    /// None if it is empty.
    pub(crate) geometry: String,
}

/// Why there is no keymap.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Fault {
    #[error("line {line} of a keymap file cannot be read")]
    Syntax { line: u32 },
    #[error("no file {0} in the keymap database")]
    NoFile(String),
    #[error("no such section: {0}")]
    NoSection(String),
    #[error("not a name of sections: {0}")]
    Name(String),
    #[error("keymap files include each other more than {MOST_INCLUDES} times or {DEEPEST} deep")]
    TooManyIncludes,
    #[error("more than {VIRTUAL_MODIFIERS} virtual modifiers")]
    TooManyVirtualModifiers,
    #[error("the rules say nothing of {0}")]
    NoRule(&'static str),
}

impl Description {
    /// Compiles the keymap that is put together from these components.
    pub(crate) fn compile(
        files: KeymapFiles,
        atoms: &mut Atoms,
        components: &Components,
    ) -> Result<Self, Fault> {
        let mut context = Context::new(files);
        context.keycodes = context.section(&components.keycodes)?;
        let types: Types = context.section(&components.types)?;
        let compatibility: Compatibility = context.section(&components.compatibility)?;
        let symbols: Symbols = context.section(&components.symbols)?;
        let keycodes = &context.keycodes;
        let mut description = Self::empty();
        keycodes.give(&mut description, atoms);
        types.give(&mut description, atoms);
        compatibility.give(&mut description, atoms, keycodes);
        symbols.give(&mut description, atoms, keycodes);
        let names = &mut description.names;
        names.keycodes = atoms.intern(components.keycodes.as_bytes());
        names.types = atoms.intern(components.types.as_bytes());
        names.compatibility = atoms.intern(components.compatibility.as_bytes());
        names.symbols = atoms.intern(components.symbols.as_bytes());
        names.physical_symbols = names.symbols;
        for (slot, name) in names.virtual_modifiers.iter_mut().zip(&context.virtuals) {
            *slot = atoms.intern(name.as_bytes());
        }
        description.settle();
        if !components.geometry.is_empty() {
            // How it looks is of no use to the keys: one that is not there leaves the keymap as it is.
            match context.section::<Looks>(&components.geometry) {
                Ok(looks) => {
                    let name = atoms.intern(components.geometry.as_bytes());
                    description.names.geometry = name;
                    description.geometry = looks.into_geometry(atoms, &context, name);
                }
                Err(fault) => tracing::debug!(%fault, "no geometry"),
            }
        }
        Ok(description)
    }
}

/// Files may include each other so often in a keymap, and so deep.
const MOST_INCLUDES: u32 = 2000;
const DEEPEST: u32 = 15;

/// What is known while a keymap is compiled.
struct Context {
    files: KeymapFiles,
    read: HashMap<String, Rc<Vec<Rc<Section>>>>,
    includes: u32,
    /// Virtual modifiers by their bits.
    virtuals: Vec<String>,
    /// Known when keycodes are.
    keycodes: Keycodes,
}

/// What a kind of section has in it.
trait Body: Sized + Default {
    /// The folder its files are in.
    const FOLDER: &'static str;
    /// What its sections may be called, without `xkb_`.
    const KEYWORDS: &'static [&'static str];

    /// One that is included in this; for a group, if one was said.
    fn included(&self, group: Option<u8>) -> Self {
        let _ = group;
        Self::default()
    }

    /// Takes a statement.
    fn take(&mut self, context: &mut Context, item: &Item) -> Result<(), Fault>;

    /// Takes all that is in another.
    fn merge(&mut self, other: Self, how: Merge);
}

/// A part of a name of sections: `+us(dvorak):2`.
struct Part<'a> {
    merge: Merge,
    file: &'a str,
    section: Option<&'a str>,
    group: Option<u8>,
}

impl Context {
    fn new(files: KeymapFiles) -> Self {
        Self { files, read: HashMap::new(), includes: 0, virtuals: Vec::new(), keycodes: Keycodes::default() }
    }

    /// Puts a section together.
    fn section<B: Body>(&mut self, name: &str) -> Result<B, Fault> {
        let mut body = B::default();
        include(self, &mut body, name, Merge::Default, 0)?;
        Ok(body)
    }

    /// Finds a section of a file, the default one if none is named.
    fn find<B: Body>(&mut self, part: &Part<'_>) -> Result<Rc<Section>, Fault> {
        let path = format!("{}/{}", B::FOLDER, part.file);
        let file = if let Some(file) = self.read.get(&path) {
            Rc::clone(file)
        } else {
            let bytes = (self.files.read)(&path).ok_or_else(|| Fault::NoFile(path.clone()))?;
            let file = Rc::new(syntax::parse(&bytes)?);
            self.read.insert(path, Rc::clone(&file));
            file
        };
        let mut fitting = file.iter().filter(|section| B::KEYWORDS.contains(&section.keyword.as_str()));
        let found = match part.section {
            Some(name) => fitting.find(|section| section.name == name),
            None => fitting.clone().find(|section| section.is_default).or_else(|| fitting.next()),
        };
        found.map(Rc::clone).ok_or_else(|| {
            Fault::NoSection(format!("{} of {}", part.section.unwrap_or("a default one"), part.file))
        })
    }

    /// The keysym that an expression names.
    fn keysym(&self, expr: &Expr) -> Option<u32> {
        match expr {
            // A digit is the keysym of the digit.
            Expr::Number(tenths @ 0..=90) => Some(0x30 + (tenths / 10) as u32),
            Expr::Number(tenths) => u32::try_from(tenths / 10).ok(),
            Expr::Name(name) => {
                if matches!(name.to_ascii_lowercase().as_str(), "nosymbol" | "none") {
                    return Some(0);
                }
                if name.eq_ignore_ascii_case("voidsymbol") {
                    return Some(0x00ff_ffff);
                }
                if let Some(code) = name.strip_prefix('U').filter(|code| code.len() >= 4)
                    && let Ok(code) = u32::from_str_radix(code, 16)
                {
                    return Some(match code {
                        0x20..=0x7e | 0xa0..=0xff => code,
                        _ => 0x0100_0000 | code & 0x00ff_ffff,
                    });
                }
                (self.files.keysym)(name)
            }
            _ => None,
        }
    }

    /// The code of a key by its name.
    fn code(&self, name: [u8; 4]) -> Option<u8> {
        self.keycodes.code(name)
    }

    /// Virtual modifiers are declared.
    fn declare(&mut self, items: &[Item]) -> Result<(), Fault> {
        for item in items {
            let (What::Value(Expr::Name(name)) | What::Assign(Expr::Name(name), _)) = &item.what else {
                continue;
            };
            if self.virtuals.contains(name) {
                continue;
            }
            if self.virtuals.len() >= VIRTUAL_MODIFIERS {
                return Err(Fault::TooManyVirtualModifiers);
            }
            self.virtuals.push(name.clone());
        }
        Ok(())
    }
}

/// Includes sections by their name.
fn include<B: Body>(
    context: &mut Context,
    into: &mut B,
    name: &str,
    how: Merge,
    depth: u32,
) -> Result<(), Fault> {
    let mut all: Option<B> = None;
    for part in parts(name)? {
        context.includes += 1;
        if depth > DEEPEST || context.includes > MOST_INCLUDES {
            return Err(Fault::TooManyIncludes);
        }
        let section = context.find::<B>(&part)?;
        let mut body = into.included(part.group);
        for item in &section.items {
            match &item.what {
                What::Include(name) => include(context, &mut body, name, item.merge, depth + 1)?,
                What::VirtualModifiers(items) => context.declare(items)?,
                _ => body.take(context, item)?,
            }
        }
        match &mut all {
            None => all = Some(body),
            Some(all) => all.merge(body, part.merge),
        }
    }
    if let Some(all) = all {
        into.merge(all, how);
    }
    Ok(())
}

/// Takes a name of sections apart: each after the first overrides what is before it (`+`) or leaves that as it is (`|`).
fn parts(name: &str) -> Result<Vec<Part<'_>>, Fault> {
    let fault = || Fault::Name(name.to_owned());
    let mut parts = Vec::new();
    let mut rest = name;
    let mut merge = Merge::Default;
    loop {
        let end = rest.find(['+', '|']).unwrap_or(rest.len());
        let (part, after) = rest.split_at_checked(end).ok_or_else(fault)?;
        let (part, group) = match part.split_once(':') {
            Some((part, group)) => (part, Some(group.parse::<u8>().map_err(|_| fault())?)),
            None => (part, None),
        };
        let (file, section) = match part.split_once('(') {
            Some((file, section)) => (file, Some(section.strip_suffix(')').ok_or_else(fault)?)),
            None => (part, None),
        };
        // It is a path within the database.
        let is_inside =
            !file.starts_with('/') && !file.split('/').any(|step| step.is_empty() || step == "..");
        if !is_inside || group.is_some_and(|group| !(1..=super::GROUPS as u8).contains(&group)) {
            return Err(fault());
        }
        parts.push(Part { merge, file, section, group: group.map(|group| group - 1) });
        if after.is_empty() {
            return Ok(parts);
        }
        merge = if after.starts_with('+') { Merge::Override } else { Merge::Augment };
        rest = after.get(1..).unwrap_or_default();
    }
}
