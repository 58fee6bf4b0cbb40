//! Devices whose events wait: synchronous grabs (X11 §9, `GrabPointer`, `AllowEvents`).

use super::{Device, RawEvent};
use crate::client::ClientId;
use crate::server::Server;

/// Whether a device's events wait, and for whom.
#[derive(Debug, Default)]
pub(crate) struct Freeze {
    /// Frozen by the grab of this very device.
    pub(crate) own: Option<ClientId>,
    /// Frozen by the grab of the other device.
    pub(crate) other: Option<ClientId>,
    /// Frozen by the grab of an extension's device, of this number (XI 1, `other-devices-mode`).
    pub(crate) extension: Option<(ClientId, u8)>,
    /// The next event reported to the grab freezes the device again (`SyncPointer`, `SyncKeyboard`).
    pub(crate) after_next: bool,
    /// It freezes the other one as well (`SyncBoth`).
    pub(crate) both: bool,
    /// And the extension's devices (XI 1, `SyncAll`): whichever of them reports an event first freezes them all.
    pub(crate) all: bool,
    /// The event that froze it, for replaying.
    pub(crate) event: Option<RawEvent>,
}

impl Freeze {
    pub(super) fn is_frozen(&self) -> bool {
        self.holders().next().is_some()
    }

    /// For whom it is frozen.
    pub(crate) fn holders(&self) -> impl Iterator<Item = ClientId> {
        [self.own, self.other, self.extension.map(|(client, _)| client)].into_iter().flatten()
    }

    pub(crate) fn by(&self, client: ClientId) -> bool {
        self.holders().any(|holder| holder == client)
    }

    pub(crate) fn thaw(&mut self, client: ClientId) {
        for holder in [&mut self.own, &mut self.other] {
            holder.take_if(|holder| *holder == client);
        }
        self.extension.take_if(|(holder, _)| *holder == client);
    }

    /// What the next event would freeze it does not.
    pub(super) fn forget_next(&mut self) {
        (self.after_next, self.both, self.all) = (false, false, false);
    }
}

impl Server {
    /// After an event was reported to a grab: a synchronous one freezes again.
    pub(super) fn freeze_after(&mut self, device: Device, event: RawEvent) {
        let Some(client) = self.input.grab(device).map(|grab| grab.client) else { return };
        let freeze = self.input.freeze(device);
        if !freeze.after_next {
            return;
        }
        let all = freeze.all;
        self.freeze_now(device, client);
        self.input.freeze(device).event = Some(event);
        if all {
            self.freeze_all();
        }
    }

    /// Freezes what was to be frozen after an event that was reported.
    fn freeze_now(&mut self, device: Device, client: ClientId) {
        let freeze = self.input.freeze(device);
        freeze.own = Some(client);
        let both = freeze.both;
        freeze.forget_next();
        if both {
            let freeze = self.input.freeze(device.other());
            freeze.other = Some(client);
            freeze.forget_next();
        }
    }

    /// Freezes all devices for which the next event of any of them was to do it (XI 1, `SyncAll`).
    pub(crate) fn freeze_all(&mut self) {
        for device in [Device::Pointer, Device::Keyboard] {
            let grabber = self.input.grab(device).map(|grab| grab.client);
            if let Some(client) = grabber.filter(|_| self.input.freeze(device).all) {
                self.freeze_now(device, client);
            }
        }
        self.xi_freeze_all();
    }

    /// Lets go of the pointer and the keyboard as far as they are frozen for a client; `again` until the next event of
    /// any device (XI 1, `AllowDeviceEvents`).
    pub(crate) fn allow_core(&mut self, client: ClientId, again: bool) {
        for device in [Device::Pointer, Device::Keyboard] {
            let grabbed = self.input.grab(device).is_some_and(|grab| grab.client == client);
            let both = self.input.freeze(device.other()).other == Some(client);
            let freeze = self.input.freeze(device);
            if freeze.by(client) && grabbed {
                freeze.forget_next();
                (freeze.after_next, freeze.all, freeze.both) = (again, again, again && both);
            }
        }
        for device in [Device::Pointer, Device::Keyboard] {
            self.input.freeze(device).thaw(client);
        }
    }
}
