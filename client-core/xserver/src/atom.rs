//! Atoms: names for small numbers (X11 §9, `InternAtom`), the first 68 of them given by the protocol.

use std::collections::HashMap;

use x11rb_protocol::protocol::xproto::{GetAtomNameReply, InternAtomReply};

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;

/// An atom.
pub(crate) type Atom = u32;

pub(crate) const PRIMARY: Atom = 1;
pub(crate) const ATOM: Atom = 4;
pub(crate) const INTEGER: Atom = 19;
pub(crate) const STRING: Atom = 31;
pub(crate) const WM_NAME: Atom = 39;

/// X11 appendix "Predefined Atoms", from 1.
const PREDEFINED: [&str; 68] = [
    "PRIMARY",
    "SECONDARY",
    "ARC",
    "ATOM",
    "BITMAP",
    "CARDINAL",
    "COLORMAP",
    "CURSOR",
    "CUT_BUFFER0",
    "CUT_BUFFER1",
    "CUT_BUFFER2",
    "CUT_BUFFER3",
    "CUT_BUFFER4",
    "CUT_BUFFER5",
    "CUT_BUFFER6",
    "CUT_BUFFER7",
    "DRAWABLE",
    "FONT",
    "INTEGER",
    "PIXMAP",
    "POINT",
    "RECTANGLE",
    "RESOURCE_MANAGER",
    "RGB_COLOR_MAP",
    "RGB_BEST_MAP",
    "RGB_BLUE_MAP",
    "RGB_DEFAULT_MAP",
    "RGB_GRAY_MAP",
    "RGB_GREEN_MAP",
    "RGB_RED_MAP",
    "STRING",
    "VISUALID",
    "WINDOW",
    "WM_COMMAND",
    "WM_HINTS",
    "WM_CLIENT_MACHINE",
    "WM_ICON_NAME",
    "WM_ICON_SIZE",
    "WM_NAME",
    "WM_NORMAL_HINTS",
    "WM_SIZE_HINTS",
    "WM_ZOOM_HINTS",
    "MIN_SPACE",
    "NORM_SPACE",
    "MAX_SPACE",
    "END_SPACE",
    "SUPERSCRIPT_X",
    "SUPERSCRIPT_Y",
    "SUBSCRIPT_X",
    "SUBSCRIPT_Y",
    "UNDERLINE_POSITION",
    "UNDERLINE_THICKNESS",
    "STRIKEOUT_ASCENT",
    "STRIKEOUT_DESCENT",
    "ITALIC_ANGLE",
    "X_HEIGHT",
    "QUAD_WIDTH",
    "WEIGHT",
    "POINT_SIZE",
    "RESOLUTION",
    "COPYRIGHT",
    "NOTICE",
    "FONT_NAME",
    "FAMILY_NAME",
    "FULL_NAME",
    "CAP_HEIGHT",
    "WM_CLASS",
    "WM_TRANSIENT_FOR",
];

/// All atoms of a server.
#[derive(Debug)]
pub(crate) struct Atoms {
    names: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, Atom>,
}

impl Atoms {
    pub(crate) fn new() -> Self {
        let mut atoms = Self { names: Vec::new(), numbers: HashMap::new() };
        for name in PREDEFINED {
            atoms.intern(name.as_bytes());
        }
        atoms
    }

    /// The atom of a name, made if need be.
    pub(crate) fn intern(&mut self, name: &[u8]) -> Atom {
        if let Some(atom) = self.find(name) {
            return atom;
        }
        self.names.push(name.into());
        let atom = self.names.len() as Atom;
        self.numbers.insert(name.into(), atom);
        atom
    }

    pub(crate) fn find(&self, name: &[u8]) -> Option<Atom> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn name(&self, atom: Atom) -> Option<&[u8]> {
        self.names.get((atom as usize).checked_sub(1)?).map(|name| &**name)
    }

    /// The atom itself, or the error for it not being one.
    pub(crate) fn check(&self, atom: Atom) -> Outcome<Atom> {
        self.name(atom).map(|_| atom).ok_or(XError::atom(atom))
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

impl Server {
    pub(crate) fn intern_atom(&mut self, client: ClientId, only_if_exists: bool, name: &[u8]) -> Outcome {
        let atom = match self.atoms.find(name) {
            Some(atom) => atom,
            None if only_if_exists => 0,
            None if self.atoms.len() >= self.config.limits.atoms => return Err(XError::ALLOC),
            None => self.atoms.intern(name),
        };
        self.reply(client, &InternAtomReply { sequence: 0, length: 0, atom });
        Ok(())
    }

    pub(crate) fn get_atom_name(&mut self, client: ClientId, atom: Atom) -> Outcome {
        let name = self.atoms.name(atom).ok_or(XError::atom(atom))?.to_vec();
        self.reply(client, &GetAtomNameReply { sequence: 0, length: 0, name });
        Ok(())
    }
}
