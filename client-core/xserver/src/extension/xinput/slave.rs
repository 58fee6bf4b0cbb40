//! Slaves by themselves: their grabs, how these freeze them, and what they tell when their master hears nothing of it.
//!
//! A grab of version 1 takes a slave's own events and leaves the master's alone; one of version 2 takes the slave away
//! from its master for as long as it lasts. What a frozen slave does waits and is never told as the master's (as in
//! Xvfb).

use x11rb_protocol::protocol::xproto::{self, GrabStatus};

use super::one::classes;
use super::{CoreEvent, Device, POINTER, TEST_POINTER, TOUCHSCREEN, device};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::input::{ANY_MODIFIER, Combinations, MODE_GRAB, MODE_UNGRAB, Origin, RawEvent, RawKind};
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::{ROOT, Server};

/// Nobody needs more passive grabs of devices.
const MAX_PASSIVE: usize = 4096;

/// What a grab reports.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Version 1: kinds, as selected.
    Classes(u32),
    /// Version 2: a bit per kind.
    Kinds(u32),
}

impl Wanted {
    fn version(&self) -> u8 {
        if matches!(self, Self::Classes(_)) { 1 } else { 2 }
    }
}

/// An active grab of a slave.
#[derive(Debug, Clone)]
pub(super) struct SlaveGrab {
    pub(super) client: ClientId,
    pub(super) window: Xid,
    pub(super) owner_events: bool,
    pub(super) wanted: Wanted,
    pub(super) time: u32,
    /// The key or button that activated it: it ends when that key, or all buttons, are released.
    pub(super) until: Option<u8>,
    /// Whether the device goes on, and whether the others do.
    pub(super) asynchronous: (bool, bool),
}

/// A grab of a slave that a key or button activates.
#[derive(Debug, Clone)]
pub(super) struct PassiveSlaveGrab {
    pub(super) client: ClientId,
    pub(super) window: Xid,
    /// 0 is all.
    pub(super) device: u8,
    /// Activated by a button rather than a key.
    pub(super) button: bool,
    pub(super) of: Combinations,
    pub(super) owner_events: bool,
    pub(super) asynchronous: (bool, bool),
    pub(super) wanted: Wanted,
}

impl PassiveSlaveGrab {
    fn is_alike(&self, other: &Self) -> bool {
        let kind = |grab: &Self| (grab.window, grab.device, grab.button, grab.wanted.version());
        kind(self) == kind(other)
    }

    fn collides(&self, other: &Self) -> bool {
        self.is_alike(other) && self.of.meet(&other.of)
    }
}

/// Whether a slave's events wait.
#[derive(Debug, Clone, Copy, Default)]
enum Freezing {
    #[default]
    Thawed,
    /// The next event that is reported to the grab freezes it.
    AfterNext,
    /// As [`Self::AfterNext`], with all devices of that client.
    AllAfterNext,
    /// By a grab, or by this event.
    Frozen(Option<CoreEvent>),
}

/// What is known of a slave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slave {
    pub(super) grab: Option<SlaveGrab>,
    freezing: Freezing,
    /// Frozen by the grab of another device: for whom, and of which.
    other: Option<(ClientId, u8)>,
    /// Keys or buttons held: a bit each.
    held: [u32; 8],
    /// Lights that are on at a keyboard.
    pub(super) leds: u32,
    /// Where a pointer is that has been taken away from its master.
    place: Option<(i32, i32)>,
}

impl Slave {
    fn is_frozen(&self) -> bool {
        matches!(self.freezing, Freezing::Frozen(_)) || self.other.is_some()
    }

    /// Whether its events wait for this client.
    fn is_frozen_by(&self, client: ClientId) -> bool {
        let grabbed = self.grab.as_ref().is_some_and(|grab| grab.client == client);
        grabbed && matches!(self.freezing, Freezing::Frozen(_))
            || self.other.is_some_and(|(holder, _)| holder == client)
    }

    /// A grab has taken it away from its master.
    pub(super) fn is_detached(&self) -> bool {
        self.grab.as_ref().is_some_and(|grab| matches!(grab.wanted, Wanted::Kinds(_)))
    }

    fn holds(&self, detail: u8) -> bool {
        self.held.get(usize::from(detail / 32)).is_some_and(|word| word & (1 << (detail % 32)) != 0)
    }

    fn hold(&mut self, detail: u8, held: bool) {
        if let Some(word) = self.held.get_mut(usize::from(detail / 32)) {
            *word = *word & !(1 << (detail % 32)) | u32::from(held) << (detail % 32);
        }
    }

    /// Begins a grab, frozen by the event that activated it if it is synchronous; the window of the one before.
    fn seize(&mut self, grab: SlaveGrab, event: Option<CoreEvent>) -> Option<Xid> {
        self.freezing = if grab.asynchronous.0 { Freezing::Thawed } else { Freezing::Frozen(event) };
        self.grab.replace(grab).map(|grab| grab.window)
    }

    /// Ends its grab; its window.
    fn release(&mut self) -> Option<Xid> {
        let window = self.grab.take().map(|grab| grab.window);
        self.freezing = Freezing::Thawed;
        self.place = None;
        window
    }
}

/// What a client allows a frozen slave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allow {
    Async,
    Sync,
    Replay,
    AsyncOthers,
    AsyncAll,
    SyncAll,
}

impl super::Xinput {
    pub(super) fn slave(&self, id: u8) -> Option<&Slave> {
        self.slaves.get(usize::from(id.wrapping_sub(TEST_POINTER)))
    }

    pub(super) fn slave_mut(&mut self, id: u8) -> Option<&mut Slave> {
        self.slaves.get_mut(usize::from(id.wrapping_sub(TEST_POINTER)))
    }

    /// Whether a client has actively grabbed a slave from which events of a kind come: it hears of them as that device's
    /// and not as the core device's as well (as in Xvfb).
    pub(crate) fn holds_slave(&self, client: ClientId, kind: u8) -> bool {
        let pointer = matches!(kind, xproto::BUTTON_PRESS_EVENT..=xproto::MOTION_NOTIFY_EVENT);
        let parity = usize::from(!pointer);
        self.used
            && self.slaves.iter().skip(parity).step_by(2).any(|slave| {
                slave.grab.as_ref().is_some_and(|grab| grab.client == client && grab.until.is_none())
            })
    }
}

impl Server {
    /// The slave that an event comes from.
    fn xi_slave_of(event: &RawEvent) -> u8 {
        let keyboard = matches!(event.kind, RawKind::Key { .. });
        match event.origin {
            Origin::Test => TEST_POINTER + u8::from(keyboard),
            Origin::User => POINTER + u8::from(keyboard),
            Origin::Touch => TOUCHSCREEN,
        }
    }

    /// Whether the slave's part of an event has to wait.
    pub(crate) fn xi_is_frozen(&self, event: &RawEvent) -> bool {
        self.xinput.used && self.xinput.slave(Self::xi_slave_of(event)).is_some_and(Slave::is_frozen)
    }

    /// Whether the event's slave belongs to no master for now.
    pub(crate) fn xi_is_detached(&self, event: &RawEvent) -> bool {
        self.xinput.used && self.xinput.slave(Self::xi_slave_of(event)).is_some_and(Slave::is_detached)
    }

    /// Ends grabs of slaves on a window that can be seen no more, and on those below it.
    pub(crate) fn xi_became_unviewable(&mut self, id: Xid) {
        if !self.xinput.used {
            return;
        }
        let windows: Vec<Xid> = self
            .xinput
            .slaves
            .iter()
            .filter_map(|slave| slave.grab.as_ref().map(|grab| grab.window))
            .filter(|window| self.is_inferior(*window, id))
            .collect();
        if !windows.is_empty() && self.xi_end_grabs(|grab| windows.contains(&grab.window)) {
            self.run_queue();
        }
    }

    /// Ends the grabs of slaves that a condition holds for; whether there was one.
    pub(super) fn xi_end_grabs(&mut self, condition: impl Fn(&SlaveGrab) -> bool) -> bool {
        let held: Vec<u8> = (TEST_POINTER..)
            .zip(&self.xinput.slaves)
            .filter(|(_, slave)| slave.grab.as_ref().is_some_and(&condition))
            .map(|(id, _)| id)
            .collect();
        for id in &held {
            self.xi_release(*id);
        }
        !held.is_empty()
    }

    /// A client goes, and its grabs end.
    pub(crate) fn xi_release_grabs(&mut self, client: ClientId) {
        self.xi_end_grabs(|grab| grab.client == client);
    }

    /// A client is done with a device: it selects nothing of it any more, and grabs it neither now nor later.
    pub(super) fn xi_close_device(&mut self, client: ClientId, id: u8) {
        let grab = self.xinput.slave(id).and_then(|slave| slave.grab.as_ref());
        if grab.is_some_and(|grab| grab.client == client) {
            self.xi_release(id);
            self.run_queue();
        }
        for selected in self.xinput.classes.values_mut() {
            selected.retain(|it| (it.client, it.device) != (client, id));
        }
        self.xinput.passive.retain(|grab| (grab.client, grab.device) != (client, id));
    }

    /// Whether another client's grab keeps this one from a device: its own, or a core one that has frozen it.
    pub(super) fn xi_hindrance(&self, client: ClientId, found: Device) -> GrabStatus {
        let slave = self.xinput.slave(found.id);
        let grab = slave.and_then(|slave| slave.grab.as_ref());
        let other = slave.and_then(|slave| slave.other).map(|(holder, _)| holder);
        let freeze =
            if found.is_pointer() { &self.input.pointer_freeze } else { &self.input.keyboard_freeze };
        if grab.is_some_and(|grab| grab.client != client) {
            GrabStatus::ALREADY_GRABBED
        } else if freeze.holders().chain(other).any(|holder| holder != client) {
            GrabStatus::FROZEN
        } else {
            GrabStatus::SUCCESS
        }
    }

    /// Freezes all devices but one for the grab of that one, or lets go of those that it has frozen.
    fn xi_freeze_others(&mut self, id: u8, by: Option<ClientId>) {
        let of_this = |holder: &mut (ClientId, u8)| holder.1 == id;
        let others = (TEST_POINTER..).zip(&mut self.xinput.slaves).filter(|(other, _)| *other != id);
        let slaves = others.map(|(_, slave)| &mut slave.other);
        let cores = [&mut self.input.pointer_freeze, &mut self.input.keyboard_freeze];
        for holder in slaves.chain(cores.map(|freeze| &mut freeze.extension)) {
            holder.take_if(of_this);
            if let Some(client) = by {
                *holder = Some((client, id));
            }
        }
    }

    /// Freezes the slaves for which the next event of any device was to do it.
    pub(crate) fn xi_freeze_all(&mut self) {
        for slave in &mut self.xinput.slaves {
            if matches!(slave.freezing, Freezing::AllAfterNext) {
                slave.freezing = Freezing::Frozen(None);
            }
        }
    }

    /// Ends the grab of a slave; the focus of a keyboard goes back to where it was.
    fn xi_release(&mut self, id: u8) {
        self.xi_freeze_others(id, None);
        if let Some(window) = self.xinput.slave_mut(id).and_then(Slave::release) {
            self.xi_focus_of_grab(id, window, self.device_focus_window(id), MODE_UNGRAB);
        }
    }

    /// The slave's part of an event, told for itself: its master hears of it later, or never.
    pub(crate) fn xi_alone(&mut self, event: &RawEvent) {
        if !self.xinput.used {
            return;
        }
        let id = Self::xi_slave_of(event);
        let (detail, kind) = match event.kind {
            RawKind::Motion { .. } => (0, xproto::MOTION_NOTIFY_EVENT),
            RawKind::Button { number, pressed } => {
                let Some(logical) = self.input.pointer.map.get(usize::from(number).wrapping_sub(1)).copied()
                else {
                    return;
                };
                let kind = if pressed { xproto::BUTTON_PRESS_EVENT } else { xproto::BUTTON_RELEASE_EVENT };
                (logical, kind)
            }
            RawKind::Key { code, pressed } => {
                (code, if pressed { xproto::KEY_PRESS_EVENT } else { xproto::KEY_RELEASE_EVENT })
            }
        };
        let Some(slave) = self.xinput.slave_mut(id) else { return };
        let pressed = matches!(kind, xproto::BUTTON_PRESS_EVENT | xproto::KEY_PRESS_EVENT);
        let alone = slave.is_detached();
        if kind != xproto::MOTION_NOTIFY_EVENT && (detail == 0 || slave.holds(detail) == pressed) {
            return;
        }
        if let RawKind::Motion { x, y } = event.kind
            && alone
        {
            slave.place = Some((x, y));
        }
        let (held, place) = (slave.held, slave.place);
        let pointer = id.is_multiple_of(2);
        let size = self.size();
        let place = match place {
            Some(place) => place,
            // A keyboard by itself is nowhere; Xvfb says the middle.
            None if alone && !pointer => (i32::from(size.0 / 2), i32::from(size.1 / 2)),
            None => self.input.pointer.device,
        };
        let of_keys = |server: &Self| {
            (0..=255_u8)
                .filter(|code| {
                    held.get(usize::from(code / 32)).is_some_and(|word| word & (1 << (code % 32)) != 0)
                })
                .fold(0_u16, |all, code| all | u16::from(server.input.keyboard.modifiers_of(code)))
        };
        let state = if pointer {
            // One that is alone has no keyboard.
            (if alone { 0 } else { self.input.keyboard.state() & 0xff }) | ((held[0] >> 1) as u16 & 0x1f) << 8
        } else {
            of_keys(self) | if alone { 0 } else { self.input.pointer.state() }
        };
        let source = self.window_at(place.0, place.1);
        let origin = std::mem::replace(&mut self.input.origin, event.origin);
        self.xi_slave_event(&CoreEvent { kind, detail, time: event.time, state, source, place });
        self.input.origin = origin;
    }

    /// The keys that are down on a keyboard: a bit each.
    pub(super) fn xi_keys_of(&self, id: u8) -> [u8; 32] {
        let Some(slave) = self.xinput.slave(id).filter(|_| self.xinput.used) else {
            return self.input.keyboard.down;
        };
        let mut keys = [0; 32];
        for (bytes, word) in keys.chunks_exact_mut(4).zip(slave.held) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        keys
    }

    /// The buttons that are down on a pointer: a bit each.
    pub(super) fn xi_buttons_of(&self, id: u8) -> [u8; 4] {
        match self.xinput.slave(id).filter(|_| self.xinput.used) {
            Some(slave) => slave.held[0].to_le_bytes(),
            None => self.xi_buttons(None),
        }
    }

    /// A client asks where a device is: it wants to hear of motion again that it had a hint of.
    pub(super) fn xi_end_hint(&mut self, client: ClientId, id: u8) {
        let Some(window) = self.xinput.hints.get(&id) else { return };
        let selected = self.xinput.classes.get(window).into_iter().flatten();
        let kinds =
            selected.filter(|it| it.device == id && it.client == client).fold(0, |all, it| all | it.kinds);
        let wants = match self.xinput.slave(id).and_then(|slave| slave.grab.as_ref()) {
            Some(SlaveGrab { client: holder, owner_events, wanted: Wanted::Classes(wanted), .. }) => {
                *holder == client && (wanted | if *owner_events { kinds } else { 0 }) & classes::HINT != 0
            }
            Some(_) => false,
            None => kinds & classes::HINT != 0,
        };
        if wants {
            self.xinput.hints.remove(&id);
        }
    }

    /// Notes what the slave holds.
    pub(super) fn xi_track(&mut self, id: u8, event: &CoreEvent) {
        let Some(slave) = self.xinput.slave_mut(id) else { return };
        match event.kind {
            xproto::KEY_PRESS_EVENT | xproto::BUTTON_PRESS_EVENT => slave.hold(event.detail, true),
            xproto::KEY_RELEASE_EVENT | xproto::BUTTON_RELEASE_EVENT => slave.hold(event.detail, false),
            _ => return,
        }
        self.xinput.hints.remove(&id);
    }

    /// Tells a slave's event to its grab, if it has one or the event activates one; whether it has. `below` leaves out
    /// passive grabs at and above that window (replaying).
    pub(super) fn xi_to_grab(&mut self, slave: Device, event: &CoreEvent, below: Option<Xid>) -> bool {
        let press = matches!(event.kind, xproto::KEY_PRESS_EVENT | xproto::BUTTON_PRESS_EVENT);
        let grabbed = self.xinput.slave(slave.id).is_some_and(|slave| slave.grab.is_some());
        if press && !grabbed && self.xi_activate_passive(slave, event, below) {
            return true;
        }
        let Some(grab) = self.xinput.slave(slave.id).and_then(|slave| slave.grab.clone()) else {
            return false;
        };
        let reported = self.xi_grabbed(&grab, slave, event);
        if reported && let Some(state) = self.xinput.slave_mut(slave.id) {
            let freezing = state.freezing;
            if matches!(freezing, Freezing::AfterNext | Freezing::AllAfterNext) {
                state.freezing = Freezing::Frozen(Some(*event));
            }
            if matches!(freezing, Freezing::AllAfterNext) {
                self.freeze_all();
            }
        }
        self.xi_after_event(slave, event);
        true
    }

    /// Looks for a grab that a key or button of a slave activates, and tells it that.
    fn xi_activate_passive(&mut self, device: Device, event: &CoreEvent, below: Option<Xid>) -> bool {
        if self.xinput.passive.is_empty() {
            return false;
        }
        let mut path = match if device.is_pointer() { 1 } else { self.device_focus_window(device.id) } {
            0 => Vec::new(),
            1 => self.path(event.source),
            focus if self.is_inferior(event.source, focus) => self.path(event.source),
            focus => self.path(focus),
        };
        if let Some(below) = below {
            path.retain(|window| !self.is_inferior(below, *window));
        }
        let modifiers = event.state & 0xff;
        let button = event.kind == xproto::BUTTON_PRESS_EVENT;
        let found = path.iter().find_map(|window| {
            self.xinput.passive.iter().find(|grab| {
                grab.window == *window
                    && (grab.device == device.id || grab.device == 0)
                    && grab.button == button
                    && grab.of.hold(event.detail, modifiers)
            })
        });
        let Some(found) = found.cloned() else { return false };
        let one = matches!(found.wanted, Wanted::Classes(_));
        let grab = SlaveGrab {
            client: found.client,
            window: found.window,
            owner_events: found.owner_events,
            wanted: found.wanted,
            time: event.time,
            until: Some(event.detail),
            asynchronous: found.asynchronous,
        };
        self.xi_freeze_others(device.id, (!grab.asynchronous.1).then_some(grab.client));
        if let Some(slave) = self.xinput.slave_mut(device.id) {
            if !one && device.is_pointer() {
                slave.place = Some(event.place);
            }
            slave.seize(grab, Some(*event));
        }
        self.xi_focus_of_grab(device.id, self.device_focus_window(device.id), found.window, MODE_GRAB);
        // At the grab window, whatever the grab reports otherwise.
        if one {
            self.xi_send_one(found.client, event, found.window, device.id, 0);
        } else {
            self.xi_send_two(found.client, event, found.window, device.id);
        }
        true
    }

    /// An event of a slave has been told: a grab that a key or button had activated may be over.
    fn xi_after_event(&mut self, device: Device, event: &CoreEvent) {
        let Some(slave) = self.xinput.slave_mut(device.id) else { return };
        let Some(until) = slave.grab.as_ref().and_then(|grab| grab.until) else { return };
        let ends = match event.kind {
            xproto::BUTTON_RELEASE_EVENT => slave.held.iter().all(|word| *word == 0),
            xproto::KEY_RELEASE_EVENT => until == event.detail,
            _ => false,
        };
        if ends {
            self.xi_release(device.id);
        }
    }

    /// Grabs a slave actively.
    pub(super) fn xi_grab_slave(&mut self, found: Device, mut grab: SlaveGrab) -> Outcome<GrabStatus> {
        let id = found.id;
        let viewable = self.window(grab.window)?.viewable;
        let now = self.time;
        if grab.time == 0 {
            grab.time = now;
        }
        let place = self.input.pointer.device;
        let focus = self.device_focus_window(id);
        let hindrance = self.xi_hindrance(grab.client, found);
        let Some(slave) = self.xinput.slave_mut(id) else { return Err(super::bad_device(u16::from(id))) };
        let held = slave.grab.as_ref();
        if held.is_some_and(|held| held.client != grab.client) {
            return Ok(GrabStatus::ALREADY_GRABBED);
        }
        if !viewable {
            return Ok(GrabStatus::NOT_VIEWABLE);
        }
        if is_before(now, grab.time) || held.is_some_and(|held| is_before(grab.time, held.time)) {
            return Ok(GrabStatus::INVALID_TIME);
        }
        // Version 2 takes the device away from whom the master is frozen for.
        if grab.wanted.version() == 1 && hindrance != GrabStatus::SUCCESS {
            return Ok(hindrance);
        }
        let detaches = matches!(grab.wanted, Wanted::Kinds(_)) && id.is_multiple_of(2);
        slave.place = detaches.then_some(place);
        let (window, freezes) = (grab.window, (!grab.asynchronous.1).then_some(grab.client));
        let before = slave.seize(grab, None).unwrap_or(focus);
        self.xi_freeze_others(id, freezes);
        self.xinput.used = true;
        self.xi_focus_of_grab(id, before, window, MODE_GRAB);
        self.run_queue();
        Ok(GrabStatus::SUCCESS)
    }

    /// Ends a client's grab of a slave.
    pub(super) fn xi_ungrab_slave(&mut self, client: ClientId, id: u8, time: u32) {
        let now = self.time;
        let time = if time == 0 { now } else { time };
        let Some(slave) = self.xinput.slave_mut(id) else { return };
        let mine =
            slave.grab.as_ref().is_some_and(|grab| grab.client == client && !is_before(time, grab.time));
        if mine && !is_before(now, time) {
            self.xi_release(id);
            self.run_queue();
        }
    }

    /// A passive grab of a slave.
    pub(super) fn xi_add_passive(&mut self, grab: PassiveSlaveGrab) -> Outcome {
        self.window(grab.window)?;
        let passive = &mut self.xinput.passive;
        if passive.iter().any(|old| old.client != grab.client && old.collides(&grab)) {
            return Err(XError::ACCESS);
        }
        if passive.len() >= MAX_PASSIVE {
            return Err(XError::ALLOC);
        }
        passive.retain(|old| !old.is_alike(&grab) || old.client != grab.client || !old.of.same(&grab.of));
        passive.push(grab);
        self.xinput.used = true;
        Ok(())
    }

    /// Takes passive grabs of a slave away: those that these keys or buttons and modifiers cover.
    pub(super) fn xi_remove_passive(
        &mut self,
        client: ClientId,
        window: Xid,
        (id, version, button): (u8, u8, bool),
        detail: u8,
        modifiers: u16,
    ) -> Outcome {
        if modifiers != ANY_MODIFIER && modifiers & !0xff != 0 {
            return Err(XError::value(u32::from(modifiers)));
        }
        self.xinput.passive.retain_mut(|grab| {
            grab.client != client
                || grab.window != window
                || grab.device != id
                || grab.wanted.version() != version
                || grab.button != button
                || grab.of.take_away(detail, modifiers)
        });
        Ok(())
    }

    /// Thaws a slave that a client has frozen, or lets it freeze again (XI 1, `AllowDeviceEvents`).
    pub(super) fn xi_allow(&mut self, client: ClientId, id: u8, mode: Allow, time: u32) {
        let now = self.time;
        let by_client = |slave: &Slave| slave.grab.as_ref().is_some_and(|grab| grab.client == client);
        let Some(this) = self.xinput.slave(id) else { return };
        let grabbed = by_client(this);
        let last = self.xinput.slaves.iter().filter(|slave| by_client(slave));
        let last = last.filter_map(|slave| slave.grab.as_ref()).map(|grab| grab.time);
        let Some(last) = last.reduce(|a, b| if is_before(a, b) { b } else { a }) else { return };
        if time != 0 && (is_before(time, last) || is_before(now, time)) {
            return;
        }
        let others = (TEST_POINTER..).zip(&self.xinput.slaves).filter(|(other, _)| *other != id);
        let cores = [&self.input.pointer_freeze, &self.input.keyboard_freeze];
        let others_frozen = others.map(|(_, slave)| slave).any(|slave| slave.is_frozen_by(client))
            || cores.into_iter().any(|freeze| freeze.by(client));
        let thawed = |slave: &mut Slave| _ = slave.other.take_if(|(holder, _)| *holder == client);
        match mode {
            Allow::Async | Allow::Sync => {
                if let Some(slave) = self.xinput.slave_mut(id) {
                    thawed(slave);
                    if grabbed {
                        slave.freezing =
                            if mode == Allow::Async { Freezing::Thawed } else { Freezing::AfterNext };
                    }
                }
            }
            Allow::AsyncOthers | Allow::AsyncAll | Allow::SyncAll => {
                if !others_frozen {
                    return;
                }
                let again = mode == Allow::SyncAll;
                for (other, slave) in (TEST_POINTER..).zip(&mut self.xinput.slaves) {
                    if mode == Allow::AsyncOthers && other == id {
                        continue;
                    }
                    thawed(slave);
                    if by_client(slave) {
                        slave.freezing = if again { Freezing::AllAfterNext } else { Freezing::Thawed };
                    }
                }
                self.allow_core(client, again);
            }
            Allow::Replay => {
                let Some(slave) = self.xinput.slave_mut(id).filter(|_| grabbed) else { return };
                let Freezing::Frozen(Some(event)) = slave.freezing else { return };
                let below = slave.grab.as_ref().map(|grab| grab.window);
                self.xi_release(id);
                if let Ok(found) = device(self, u16::from(id))
                    && !self.xi_to_grab(found, &event, below)
                {
                    self.xi_to_selecting(found, &event);
                }
            }
        }
        self.run_queue();
    }

    /// Tells a slave's event to those who select it of that very device.
    pub(super) fn xi_to_selecting(&mut self, slave: Device, event: &CoreEvent) {
        let mut at = event.source;
        let mut limit = ROOT;
        if !slave.is_pointer() {
            match self.device_focus_window(slave.id) {
                0 => return,
                1 => {}
                window => {
                    limit = window;
                    if !self.is_inferior(at, window) {
                        at = window;
                    }
                }
            }
        }
        while let Ok(window) = self.window(at) {
            let parent = window.parent;
            if let Some(client) = self.xi_deliver_at(at, event, slave.id, None) {
                self.xi_automatic_grab(slave.id, client, at, event);
                break;
            }
            let stops = self.xinput.dont_propagate.get(&at).into_iter().flatten();
            let stopped = stops.filter(|(id, _)| *id == slave.id).fold(0, |all, (_, kinds)| all | kinds);
            if classes::wanted(event) & !stopped == 0 || at == limit || parent == 0 {
                break;
            }
            at = parent;
        }
    }

    /// A press that was told to a client that wants it to grab: until all buttons are up.
    fn xi_automatic_grab(&mut self, id: u8, client: ClientId, window: Xid, event: &CoreEvent) {
        if event.kind != xproto::BUTTON_PRESS_EVENT {
            return;
        }
        let selected = self.xinput.classes.get(&window).into_iter().flatten();
        let kinds =
            selected.filter(|it| it.device == id && it.client == client).fold(0, |all, it| all | it.kinds);
        if kinds & classes::BUTTON_GRAB == 0 {
            return;
        }
        let grab = SlaveGrab {
            client,
            window,
            owner_events: kinds & classes::OWNER_GRAB != 0,
            wanted: Wanted::Classes(kinds),
            time: event.time,
            until: Some(event.detail),
            asynchronous: (true, true),
        };
        if let Some(slave) = self.xinput.slave_mut(id).filter(|slave| slave.grab.is_none()) {
            slave.grab = Some(grab);
        }
    }
}
