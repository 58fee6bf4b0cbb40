//! Selections (X11 §4): who owns what, and handing requests on. The embedder's clipboard is an owner like any other,
//! see `clipboard.rs`.

use x11rb_protocol::protocol::xproto::{
    self, ConvertSelectionRequest, GetSelectionOwnerReply, SelectionClearEvent, SelectionNotifyEvent,
    SelectionRequestEvent,
};

use crate::atom::Atom;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::extension::xfixes::SelectionChange;
use crate::resource::Xid;
use crate::server::{Server, wire};

/// One selection that has (or had) an owner.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) selection: Atom,
    /// 0 when nobody owns it.
    pub(crate) window: Xid,
    pub(crate) client: ClientId,
    /// When it was taken.
    pub(crate) time: u32,
}

/// All selections.
#[derive(Debug, Default)]
pub(crate) struct Selections {
    pub(crate) owners: Vec<Owner>,
}

impl Selections {
    pub(crate) fn get(&self, selection: Atom) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.selection == selection && owner.window != 0)
    }
}

/// Whether `a` is before `b` on the server's clock, which wraps around.
pub(crate) fn is_before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

impl Server {
    pub(crate) fn set_selection_owner(
        &mut self,
        client: ClientId,
        window: Xid,
        selection: Atom,
        time: u32,
    ) -> Outcome {
        let now = self.time;
        let time_given = if time == 0 { now } else { time };
        if window != 0 {
            self.window(window)?;
        }
        self.atoms.check(selection)?;
        let old = self.selections.owners.iter().find(|owner| owner.selection == selection);
        if is_before(now, time_given) || old.is_some_and(|old| is_before(time_given, old.time)) {
            return Ok(());
        }
        // nxagent says so hundreds of times a second: what changes nothing costs nothing. Those who watch the selection are
        // told all the same: there is something new to be had.
        if let Some(old) = self.selections.owners.iter_mut().find(|owner| owner.selection == selection)
            && old.window == window
            && (window == 0 || old.client == client)
        {
            old.time = time_given;
            crate::extension::xfixes::selection_changed(self, selection, SelectionChange::Owner);
            return Ok(());
        }
        self.change_owner(selection, window, if window == 0 { ClientId::SERVER } else { client }, time_given);
        Ok(())
    }

    /// Makes somebody the owner; the one before is told.
    pub(crate) fn change_owner(&mut self, selection: Atom, window: Xid, client: ClientId, time: u32) {
        if !self.selections.owners.iter().any(|owner| owner.selection == selection) {
            self.selections.owners.push(Owner { selection, window: 0, client: ClientId::SERVER, time });
        }
        let Some(owner) = self.selections.owners.iter_mut().find(|owner| owner.selection == selection) else {
            return;
        };
        let old = std::mem::replace(owner, Owner { selection, window, client, time });
        if old.window != 0 && (old.client != client || window == 0) && old.client != ClientId::SERVER {
            let event = SelectionClearEvent {
                response_type: xproto::SELECTION_CLEAR_EVENT,
                sequence: 0,
                time,
                owner: old.window,
                selection,
            };
            self.send_event(old.client, &wire(&event));
        }
        crate::extension::xfixes::selection_changed(self, selection, SelectionChange::Owner);
        self.clipboard_owner_changed(selection);
    }

    pub(crate) fn get_selection_owner(&mut self, client: ClientId, selection: Atom) -> Outcome {
        self.atoms.check(selection)?;
        let owner = self.selections.get(selection).map_or(0, |owner| owner.window);
        self.reply(client, &GetSelectionOwnerReply { sequence: 0, length: 0, owner });
        Ok(())
    }

    pub(crate) fn convert_selection(
        &mut self,
        client: ClientId,
        request: &ConvertSelectionRequest,
    ) -> Outcome {
        self.window(request.requestor)?;
        self.atoms.check(request.selection)?;
        self.atoms.check(request.target)?;
        if request.property != 0 {
            self.atoms.check(request.property)?;
        }
        let time = request.time;
        match self.selections.get(request.selection) {
            Some(owner) if owner.client != ClientId::SERVER => {
                let (owner, to) = (owner.window, owner.client);
                let event = SelectionRequestEvent {
                    response_type: xproto::SELECTION_REQUEST_EVENT,
                    sequence: 0,
                    time,
                    owner,
                    requestor: request.requestor,
                    selection: request.selection,
                    target: request.target,
                    property: request.property,
                };
                self.send_event(to, &wire(&event));
            }
            Some(_) => {
                let property = self.convert_embedder_text(request);
                self.notify_selection(client, request, property);
            }
            None => self.notify_selection(client, request, 0),
        }
        Ok(())
    }

    fn notify_selection(&mut self, client: ClientId, request: &ConvertSelectionRequest, property: Atom) {
        let event = SelectionNotifyEvent {
            response_type: xproto::SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property,
        };
        self.send_event(client, &wire(&event));
    }

    /// A window goes: it owns nothing any more.
    pub(crate) fn forget_selection_window(&mut self, window: Xid) {
        self.forget_owners(|owner| owner.window == window, SelectionChange::WindowDestroyed);
    }

    /// A client goes: it owns nothing any more.
    pub(crate) fn forget_selections(&mut self, client: ClientId) {
        self.forget_owners(|owner| owner.client == client, SelectionChange::ClientClosed);
    }

    fn forget_owners(&mut self, which: impl Fn(&Owner) -> bool, change: SelectionChange) {
        let mut gone = Vec::new();
        for owner in &mut self.selections.owners {
            if owner.window != 0 && which(owner) {
                owner.window = 0;
                owner.client = ClientId::SERVER;
                gone.push(owner.selection);
            }
        }
        for selection in gone {
            crate::extension::xfixes::selection_changed(self, selection, change);
            self.clipboard_owner_changed(selection);
        }
    }

    /// X11 §9, `SendEvent`.
    pub(crate) fn send_event_request(
        &mut self,
        client: ClientId,
        propagate: u8,
        destination: Xid,
        events: u32,
        event: &[u8; 32],
    ) -> Outcome {
        let code = event[0] & 0x7f;
        let known = (2..=34).contains(&code)
            || crate::extension::EXTENSIONS.iter().any(|extension| {
                extension.first_event != 0
                    && (extension.first_event
                        ..extension.first_event + extension.layouts.events.len().max(8) as u8)
                        .contains(&code)
            });
        if !known {
            return Err(XError::value(u32::from(code)));
        }
        if events & !crate::event::mask::ALL != 0 {
            return Err(XError::value(events));
        }
        if propagate > 1 {
            return Err(XError::value(u32::from(propagate)));
        }
        let pointer = self.input.pointer.window;
        let mut to = match destination {
            0 => pointer,
            1 => match self.input.focus.window {
                0 => return Ok(()),
                1 => pointer,
                // X11 §9: if the focus window is an inferior… the pointer's window, if that is inside the focus.
                focus if self.is_inferior(pointer, focus) => pointer,
                focus => focus,
            },
            window => {
                self.window(window)?;
                window
            }
        };
        let focus_limit = if destination == 1 { self.input.focus.window } else { 0 };
        let mut event = *event;
        event[0] |= 0x80;
        if events == 0 {
            let creator = self.owner(to);
            // The embedder asks for selections through a window of the server's own.
            if creator == ClientId::SERVER {
                self.clipboard_event(client, to, &event);
            } else {
                self.send_event(creator, &event);
            }
            return Ok(());
        }
        let mut events = events;
        loop {
            if self.deliver(to, events, &event) || propagate == 0 || to == focus_limit {
                return Ok(());
            }
            let Ok(window) = self.window(to) else { return Ok(()) };
            events &= !window.do_not_propagate;
            if window.parent == 0 || events == 0 {
                return Ok(());
            }
            to = window.parent;
        }
    }
}
