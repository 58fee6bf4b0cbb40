//! The embedder's side of the selections: text both ways.
//!
//! Outward: a client owns CLIPBOARD or PRIMARY; [`Server::request_text`] asks it (`UTF8_STRING`, then STRING) through a
//! window of the server's own, and the answer comes as [`crate::ServerEvent::SelectionText`]. Owners may answer in
//! portions (ICCCM §2.7.2, INCR). Inward: [`Server::set_text`] makes the server itself the owner; clients get the text
//! as `UTF8_STRING`, STRING or TEXT, and TARGETS, in one piece.

use x11rb_protocol::protocol::xproto::{self, ConvertSelectionRequest, PropMode, SelectionRequestEvent};

use crate::atom::{ATOM, Atom, INTEGER, PRIMARY, STRING};
use crate::client::ClientId;
use crate::resource::Xid;
use crate::server::{ROOT, Server, ServerEvent, wire};

/// The selections that carry the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Selection {
    /// What was copied.
    Clipboard,
    /// What is marked.
    Primary,
}

/// A request for text that has not been answered.
#[derive(Debug)]
struct Pending {
    selection: Selection,
    target: Atom,
    property: Atom,
    /// Portions received so far, once the owner has announced INCR.
    portions: Option<Vec<u8>>,
}

/// What the embedder offers and asks for.
#[derive(Debug, Default)]
pub(crate) struct Clipboard {
    copied: Option<String>,
    marked: Option<String>,
    pending: Vec<Pending>,
}

/// Text from an owner that never ends is cut off here.
const MAX_TEXT: usize = 64 << 20;

impl Server {
    fn selection_atom(&mut self, selection: Selection) -> Atom {
        match selection {
            Selection::Clipboard => self.atoms.intern(b"CLIPBOARD"),
            Selection::Primary => PRIMARY,
        }
    }

    fn selection_of_atom(&self, atom: Atom) -> Option<Selection> {
        if atom == PRIMARY {
            Some(Selection::Primary)
        } else if self.atoms.find(b"CLIPBOARD") == Some(atom) {
            Some(Selection::Clipboard)
        } else {
            None
        }
    }

    /// The server itself owns the selection from now on, with this text.
    pub fn set_text(&mut self, selection: Selection, text: String) {
        let atom = self.selection_atom(selection);
        let slot = match selection {
            Selection::Clipboard => &mut self.clipboard.copied,
            Selection::Primary => &mut self.clipboard.marked,
        };
        *slot = Some(text);
        let time = self.time;
        self.change_owner(atom, ROOT, ClientId::SERVER, time);
    }

    /// The embedder's texts that are offered.
    pub(crate) fn offered_texts(&mut self) -> Vec<(Selection, String)> {
        let clipboard = &mut self.clipboard;
        let copied = clipboard.copied.take().map(|text| (Selection::Clipboard, text));
        let marked = clipboard.marked.take().map(|text| (Selection::Primary, text));
        copied.into_iter().chain(marked).collect()
    }

    /// Asks the owner of a selection for its text; the answer is a [`ServerEvent::SelectionText`]. Whether there is a
    /// client to ask.
    pub fn request_text(&mut self, selection: Selection) -> bool {
        let target = self.atoms.intern(b"UTF8_STRING");
        self.ask_for_text(selection, target)
    }

    fn ask_for_text(&mut self, selection: Selection, target: Atom) -> bool {
        let atom = self.selection_atom(selection);
        let Some(owner) = self.selections.get(atom) else { return false };
        let (window, client) = (owner.window, owner.client);
        if client == ClientId::SERVER {
            return false;
        }
        let property = self.atoms.intern(match selection {
            Selection::Clipboard => b"_XSERVER_CLIPBOARD",
            Selection::Primary => b"_XSERVER_PRIMARY",
        });
        self.clipboard.pending.retain(|pending| pending.selection != selection);
        self.clipboard.pending.push(Pending { selection, target, property, portions: None });
        let event = SelectionRequestEvent {
            response_type: xproto::SELECTION_REQUEST_EVENT,
            sequence: 0,
            time: 0,
            owner: window,
            requestor: ROOT,
            selection: atom,
            target,
            property,
        };
        self.send_event(client, &wire(&event));
        true
    }

    /// Tells the embedder that a selection it cares for has another owner.
    pub(crate) fn clipboard_owner_changed(&mut self, atom: Atom) {
        let Some(selection) = self.selection_of_atom(atom) else { return };
        let by_client = self.selections.get(atom).map(|owner| owner.client != ClientId::SERVER);
        if by_client == Some(false) {
            return;
        }
        match selection {
            Selection::Clipboard => self.clipboard.copied = None,
            Selection::Primary => self.clipboard.marked = None,
        }
        self.events.push_back(ServerEvent::SelectionOwner { selection, owned: by_client.is_some() });
    }

    /// Stores the embedder's text for a client that asked for it; the property, or 0 if it is refused.
    pub(crate) fn convert_embedder_text(&mut self, request: &ConvertSelectionRequest) -> Atom {
        let text = match self.selection_of_atom(request.selection) {
            Some(Selection::Clipboard) => self.clipboard.copied.clone(),
            Some(Selection::Primary) => self.clipboard.marked.clone(),
            None => None,
        };
        let Some(text) = text else { return 0 };
        // ICCCM §2.2: an old client that names no property means the one of the target's name.
        let property = if request.property == 0 { request.target } else { request.property };
        let utf8 = self.atoms.intern(b"UTF8_STRING");
        let targets = self.atoms.intern(b"TARGETS");
        let timestamp = self.atoms.intern(b"TIMESTAMP");
        let plain = self.atoms.intern(b"TEXT");
        let mime = self.atoms.intern(b"text/plain;charset=utf-8");
        let (kind, format, data) = if request.target == targets {
            let list = [targets, timestamp, utf8, mime, STRING, plain];
            (ATOM, 32, list.iter().flat_map(|atom| atom.to_ne_bytes()).collect())
        } else if request.target == timestamp {
            let time = self.selections.get(request.selection).map_or(0, |owner| owner.time);
            (INTEGER, 32, time.to_ne_bytes().to_vec())
        } else if request.target == utf8 || request.target == mime || request.target == plain {
            (if request.target == mime { mime } else { utf8 }, 8, text.into_bytes())
        } else if request.target == STRING {
            // STRING is ISO 8859-1.
            (STRING, 8, text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect())
        } else {
            return 0;
        };
        let data: Vec<u8> = data;
        match self.change_property(request.requestor, property, kind, format, PropMode::REPLACE, &data) {
            Ok(()) => property,
            Err(_) => 0,
        }
    }

    /// An event was sent to a window of the server: an owner answers.
    pub(crate) fn clipboard_event(&mut self, _from: ClientId, to: Xid, event: &[u8; 32]) {
        if to != ROOT || event[0] & 0x7f != xproto::SELECTION_NOTIFY_EVENT {
            return;
        }
        let field = |at: usize| u32::from_ne_bytes([event[at], event[at + 1], event[at + 2], event[at + 3]]);
        let (selection, target, property) = (field(12), field(16), field(20));
        let Some(selection) = self.selection_of_atom(selection) else { return };
        let Some(at) = self
            .clipboard
            .pending
            .iter()
            .position(|pending| pending.selection == selection && pending.target == target)
        else {
            return;
        };
        if property == 0 {
            let pending = self.clipboard.pending.remove(at);
            // An owner from before UTF-8.
            if pending.target != STRING && self.ask_for_text(selection, STRING) {
                return;
            }
            self.events.push_back(ServerEvent::SelectionText { selection, text: None });
            return;
        }
        let incremental = self.atoms.intern(b"INCR");
        let Some(value) = self.take_root_property(property) else {
            self.clipboard.pending.remove(at);
            self.events.push_back(ServerEvent::SelectionText { selection, text: None });
            return;
        };
        if value.kind == incremental {
            if let Some(pending) = self.clipboard.pending.get_mut(at) {
                pending.portions = Some(Vec::new());
            }
            return;
        }
        self.clipboard.pending.remove(at);
        self.text_arrived(selection, value.kind, &value.data);
    }

    /// A property of the root has a new value: perhaps a portion of a text.
    pub(crate) fn clipboard_portion(&mut self, property: Atom) {
        let waits = |pending: &Pending| pending.property == property && pending.portions.is_some();
        let Some(at) = self.clipboard.pending.iter().position(waits) else { return };
        let Some(value) = self.take_root_property(property) else { return };
        let Some(pending) = self.clipboard.pending.get_mut(at) else { return };
        let Some(portions) = pending.portions.as_mut() else { return };
        portions.extend_from_slice(&value.data);
        if value.data.is_empty() || portions.len() > MAX_TEXT {
            let pending = self.clipboard.pending.remove(at);
            self.text_arrived(pending.selection, value.kind, &pending.portions.unwrap_or_default());
        }
    }

    fn text_arrived(&mut self, selection: Selection, kind: Atom, data: &[u8]) {
        let text = if kind == STRING {
            data.iter().map(|byte| char::from(*byte)).collect()
        } else {
            String::from_utf8_lossy(data).into_owned()
        };
        self.events.push_back(ServerEvent::SelectionText { selection, text: Some(text) });
    }

    fn take_root_property(&mut self, name: Atom) -> Option<crate::property::Property> {
        let root = self.window(ROOT).ok()?;
        let (_, value) = root.properties.iter().find(|(other, _)| *other == name)?.clone();
        let _ = self.delete_property(ROOT, name);
        Some(value)
    }
}
