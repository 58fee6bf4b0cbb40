//! Events: who selects what on which window, and delivery of those that do not come from input devices.

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::resource::Xid;
use crate::server::Server;

/// The bits of an event mask (X11 §1.3, `SETofEVENT`).
pub(crate) mod mask {
    pub(crate) const KEY_PRESS: u32 = 1 << 0;
    pub(crate) const KEY_RELEASE: u32 = 1 << 1;
    pub(crate) const BUTTON_PRESS: u32 = 1 << 2;
    pub(crate) const BUTTON_RELEASE: u32 = 1 << 3;
    pub(crate) const ENTER_WINDOW: u32 = 1 << 4;
    pub(crate) const LEAVE_WINDOW: u32 = 1 << 5;
    pub(crate) const POINTER_MOTION: u32 = 1 << 6;
    pub(crate) const POINTER_MOTION_HINT: u32 = 1 << 7;
    /// Button 1 of five, in order.
    pub(crate) const BUTTON1_MOTION: u32 = 1 << 8;
    pub(crate) const BUTTON_MOTION: u32 = 1 << 13;
    pub(crate) const KEYMAP_STATE: u32 = 1 << 14;
    pub(crate) const EXPOSURE: u32 = 1 << 15;
    pub(crate) const VISIBILITY_CHANGE: u32 = 1 << 16;
    pub(crate) const STRUCTURE_NOTIFY: u32 = 1 << 17;
    pub(crate) const RESIZE_REDIRECT: u32 = 1 << 18;
    pub(crate) const SUBSTRUCTURE_NOTIFY: u32 = 1 << 19;
    pub(crate) const SUBSTRUCTURE_REDIRECT: u32 = 1 << 20;
    pub(crate) const FOCUS_CHANGE: u32 = 1 << 21;
    pub(crate) const PROPERTY_CHANGE: u32 = 1 << 22;
    pub(crate) const COLORMAP_CHANGE: u32 = 1 << 23;
    pub(crate) const OWNER_GRAB_BUTTON: u32 = 1 << 24;
    /// All that the protocol defines.
    pub(crate) const ALL: u32 = (1 << 25) - 1;
    /// `SETofPOINTEREVENT`.
    pub(crate) const POINTER: u32 = 0x7ffc;
    /// `SETofDEVICEEVENT`.
    pub(crate) const DEVICE: u32 = 0x3f4f;
    /// One client at a time may select these on a window.
    pub(crate) const EXCLUSIVE: u32 = RESIZE_REDIRECT | SUBSTRUCTURE_REDIRECT | BUTTON_PRESS;
}

impl Server {
    /// Selects events for a client (X11 §9, `ChangeWindowAttributes` `event-mask`).
    pub(crate) fn select_events(&mut self, client: ClientId, window: Xid, events: u32) -> Outcome {
        if events & !mask::ALL != 0 {
            return Err(XError::value(events));
        }
        let managed = self.config.manage_top_levels && window == self.root;
        let state = self.window_mut(window)?;
        let taken = state.others_mask(client) & events & mask::EXCLUSIVE;
        if taken != 0 || (managed && events & mask::SUBSTRUCTURE_REDIRECT != 0) {
            return Err(XError::access(window));
        }
        state.selections.retain(|(id, _)| *id != client);
        if events != 0 {
            state.selections.push((client, events));
        }
        Ok(())
    }

    /// Sends an event to every client that selects one of the bits on the window; whether there was any.
    pub(crate) fn deliver(&mut self, window: Xid, events: u32, event: &[u8]) -> bool {
        let Ok(state) = self.window(window) else { return false };
        let mut found = false;
        let mut index = 0;
        // Few clients select on one window: walking by index avoids a copy of the list.
        let count = state.selections.len();
        while index < count {
            let Ok(state) = self.window(window) else { return found };
            let Some((client, selected)) = state.selections.get(index).copied() else { return found };
            if selected & events != 0 {
                found = true;
                self.send_event(client, event);
            }
            index += 1;
        }
        found
    }

    /// Sends an event to the one client (other than `except`) that selects the redirecting bit on the window.
    pub(crate) fn redirect(
        &mut self,
        except: ClientId,
        window: Xid,
        bit: u32,
        event: impl FnOnce() -> [u8; 32],
    ) -> bool {
        let Ok(state) = self.window(window) else { return false };
        let holder = state.selections.iter().find(|(client, events)| *client != except && events & bit != 0);
        let Some((client, _)) = holder.copied() else { return false };
        self.send_event(client, &event());
        true
    }

    /// Sends a structure event to the window (`StructureNotify`) and to its parent (`SubstructureNotify`).
    ///
    /// The field `event`, where the window of the selection stands, is at bytes 4 to 8 in all of them.
    pub(crate) fn deliver_structure(&mut self, window: Xid, event: [u8; 32]) {
        let Ok(state) = self.window(window) else { return };
        let parent = state.parent;
        self.deliver_to(window, mask::STRUCTURE_NOTIFY, event);
        if parent != 0 {
            self.deliver_to(parent, mask::SUBSTRUCTURE_NOTIFY, event);
        }
    }

    /// Sends an event whose field `event` (bytes 4 to 8) is the window it is delivered to.
    pub(crate) fn deliver_to(&mut self, window: Xid, events: u32, mut event: [u8; 32]) {
        event[4..8].copy_from_slice(&window.to_ne_bytes());
        self.deliver(window, events, &event);
    }

    /// A client goes: it selects nothing any more.
    pub(crate) fn forget_event_selections(&mut self, client: ClientId) {
        for window in self.windows_mut() {
            window.selections.retain(|(id, _)| *id != client);
            window.shape_clients.retain(|id| *id != client);
        }
    }
}
