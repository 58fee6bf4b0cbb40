//! How events of devices reach the clients that select them by device.

use x11rb_protocol::protocol::xproto;

use super::{
    Device, EVENT, KEYBOARD, MASTER_KEYBOARD, MASTER_POINTER, Message, POINTER, TEST_KEYBOARD, TEST_POINTER,
    TOUCHSCREEN, device, number,
    one::classes::{self, Choice},
    slave::{Slave, SlaveGrab, Wanted},
    two,
};
use crate::client::ClientId;
use crate::input::{BarrierEvent, Origin};
use crate::resource::Xid;
use crate::server::{ROOT, Server};

/// A device's event in the words of the core protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CoreEvent {
    /// `KeyPress` to `MotionNotify`; the extension's kinds have the same numbers.
    pub(crate) kind: u8,
    pub(crate) detail: u8,
    pub(crate) time: u32,
    pub(crate) state: u16,
    /// The innermost window.
    pub(crate) source: Xid,
    /// The pointer's place on the screen.
    pub(crate) place: (i32, i32),
}

/// The device is a wheel's button, which programs that scroll smoothly leave alone.
const POINTER_EMULATED: u32 = 1 << 16;
/// A key's repetition.
const KEY_REPEAT: u32 = 1 << 16;
const DEVICE_CHANGED: u16 = 1;
/// Raw kinds are eleven after the plain ones.
const RAW: u16 = 11;
/// Words of the masks of buttons and valuators in events: as many as Xvfb sends, for 256 buttons and 36 valuators.
const BUTTON_WORDS: u16 = 8;
/// On a device's number in an event of version 1: another event follows that belongs to it.
const MORE_EVENTS: u8 = 0x80;
pub(super) const AXES_WORDS: u16 = 2;

impl Server {
    /// The slave from which the event being processed came.
    pub(super) fn xi_source(&self, pointer: bool) -> u8 {
        match (self.input.origin, pointer) {
            (Origin::Test, true) => TEST_POINTER,
            (Origin::Test, false) => TEST_KEYBOARD,
            (Origin::User, true) => POINTER,
            (Origin::User, false) => KEYBOARD,
            (Origin::Touch, _) => TOUCHSCREEN,
        }
    }

    /// Tells an event of a slave to those who want it from that very device; whether it goes on to the master.
    pub(crate) fn xi_slave_event(&mut self, event: &CoreEvent) -> bool {
        if !self.xinput.used || self.input.slave_told {
            return true;
        }
        let pointer = matches!(event.kind, xproto::BUTTON_PRESS_EVENT..=xproto::MOTION_NOTIFY_EVENT);
        let source = self.xi_source(pointer);
        if pointer && event.kind == xproto::BUTTON_PRESS_EVENT {
            self.xi_scroll(event, source);
        }
        self.xi_raw(event, source);
        let Ok(slave) = device(self, u16::from(source)) else { return true };
        self.xi_track(source, event);
        self.xi_take_shape(source);
        if self.xi_to_grab(slave, event, None) {
            // Even when that has just ended it
            return !self.xinput.slave(source).is_some_and(Slave::is_detached);
        }
        self.xi_to_selecting(slave, event);
        true
    }

    /// A wheel's notch as motion of a scroll valuator.
    fn xi_scroll(&mut self, event: &CoreEvent, source: u8) {
        let (axis, step) = match event.detail {
            4 => (0, -1),
            5 => (0, 1),
            6 => (1, -1),
            7 => (1, 1),
            _ => return,
        };
        let position = &mut self.xinput.scrolled[axis];
        *position = position.wrapping_add(step);
        let axes = vec![(2 + axis as u32, *position)];
        let event = CoreEvent { kind: xproto::MOTION_NOTIFY_EVENT, detail: 0, ..*event };
        for device in [source, MASTER_POINTER] {
            let grab = self.input.pointer_grab.as_ref().map(|grab| (grab.client, grab.window, grab.xi));
            if device == MASTER_POINTER
                && let Some((client, window, events)) = grab
            {
                if events.is_some_and(|events| events & (1 << 6) != 0) {
                    let message = self.xi_event(&event, window, device, source, 0, &axes);
                    self.xi_send(client, &message);
                }
                continue;
            }
            let mut at = event.source;
            while let Ok(window) = self.window(at) {
                let parent = window.parent;
                let receivers = self.xi_receivers(at, u16::from(device), 6);
                for client in &receivers {
                    let message = self.xi_event(&event, at, device, source, 0, &axes);
                    self.xi_send(*client, &message);
                }
                if !receivers.is_empty() || parent == 0 {
                    break;
                }
                at = parent;
            }
        }
    }

    /// Clients that select a kind of event of version 2 from a device on a window.
    pub(super) fn xi_receivers(&self, window: Xid, device: u16, kind: u16) -> Vec<ClientId> {
        let Some(selections) = self.xinput.selections.get(&window) else { return Vec::new() };
        let master = device <= u16::from(MASTER_KEYBOARD);
        let mut found: Vec<ClientId> = selections
            .iter()
            .filter(|it| it.device == device || it.device == 0 || (it.device == 1 && master))
            .filter(|it| it.events & (1 << kind) != 0)
            .map(|it| it.client)
            .collect();
        found.dedup();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What a client selects of version 2 from a device on a window.
    pub(crate) fn xi_mask_of(&self, client: ClientId, window: Xid, device: u8) -> u32 {
        let Some(selections) = self.xinput.selections.get(&window) else { return 0 };
        let master = device <= MASTER_KEYBOARD;
        selections
            .iter()
            .filter(|it| it.client == client)
            .filter(|it| it.device == u16::from(device) || it.device == 0 || (it.device == 1 && master))
            .fold(0, |all, it| all | it.events as u32)
    }

    /// Tells an event of the master at one window on its way up; the first client told, and what it selects there.
    pub(crate) fn xi_master_at(
        &mut self,
        window: Xid,
        event: &CoreEvent,
        only: Option<ClientId>,
    ) -> Option<(ClientId, u32)> {
        let half_of_repetition = self.input.keyboard.repeating && event.kind == xproto::KEY_RELEASE_EVENT;
        if !self.xinput.used || half_of_repetition {
            return None;
        }
        let pointer = matches!(event.kind, xproto::BUTTON_PRESS_EVENT..=xproto::MOTION_NOTIFY_EVENT);
        let device = if pointer { MASTER_POINTER } else { MASTER_KEYBOARD };
        let client = self.xi_deliver_at(window, event, device, only)?;
        Some((client, self.xi_mask_of(client, window, device)))
    }

    /// Tells an event of a device to those who select it on a window: in the words of version 2 if anybody has, else in
    /// those of version 1; the first client told.
    pub(super) fn xi_deliver_at(
        &mut self,
        window: Xid,
        event: &CoreEvent,
        device: u8,
        only: Option<ClientId>,
    ) -> Option<ClientId> {
        let pointer = device.is_multiple_of(2);
        let source = self.xi_source(pointer);
        let mut receivers = self.xi_receivers(window, u16::from(device), u16::from(event.kind));
        receivers.retain(|client| only.is_none_or(|only| only == *client));
        if !receivers.is_empty() {
            let message = self.xi_plain_event(event, window, device, source);
            for client in &receivers {
                self.xi_send(*client, &message);
            }
            return receivers.first().copied();
        }
        let wanted = classes::wanted(event);
        let selected = self.xinput.classes.get(&window)?;
        let receivers: Vec<Choice> = selected
            .iter()
            .filter(|it| it.device == device && it.kinds & wanted != 0)
            .filter(|it| only.is_none_or(|only| only == it.client))
            .copied()
            .collect();
        for receiver in &receivers {
            self.xi_send_one(receiver.client, event, window, device, receiver.kinds);
        }
        let first = receivers.first()?.client;
        if event.kind == xproto::MOTION_NOTIFY_EVENT {
            self.xinput.hints.insert(device, window);
        }
        Some(first)
    }

    /// Tells a grab of version 2 on the master an event.
    pub(crate) fn xi_grab_event(&mut self, client: ClientId, window: Xid, event: &CoreEvent) {
        let pointer = matches!(event.kind, xproto::BUTTON_PRESS_EVENT..=xproto::MOTION_NOTIFY_EVENT);
        self.xi_send_two(client, event, window, if pointer { MASTER_POINTER } else { MASTER_KEYBOARD });
    }

    /// An event with what its kind has of flags and valuators.
    fn xi_plain_event(&self, event: &CoreEvent, window: Xid, device: u8, source: u8) -> Message {
        let wheel = matches!(event.kind, xproto::BUTTON_PRESS_EVENT | xproto::BUTTON_RELEASE_EVENT)
            && (4..=7).contains(&event.detail);
        let emulated = self.input.origin == Origin::Touch && device == MASTER_POINTER;
        let mut flags = if wheel || emulated { POINTER_EMULATED } else { 0 };
        if self.input.keyboard.repeating_press && event.kind == xproto::KEY_PRESS_EVENT {
            flags |= KEY_REPEAT;
        }
        let axes = if event.kind == xproto::MOTION_NOTIFY_EVENT {
            vec![(0, event.place.0), (1, event.place.1)]
        } else {
            Vec::new()
        };
        self.xi_event(event, window, device, source, flags, &axes)
    }

    /// XI 2, `DeviceEvent`.
    pub(super) fn xi_event(
        &self,
        event: &CoreEvent,
        window: Xid,
        device: u8,
        source: u8,
        flags: u32,
        axes: &[(u32, i32)],
    ) -> Message {
        let origin = self.window(window).map_or((0, 0), |window| window.origin);
        let (x, y) = event.place;
        let message = Message::generic(number::XINPUT, u16::from(event.kind), u16::from(device))
            .long(event.time)
            .long(u32::from(event.detail))
            .long(ROOT)
            .long(window)
            .long(self.child_towards(window, event.source))
            .fixed16(x)
            .fixed16(y)
            .fixed16(x - origin.0)
            .fixed16(y - origin.1)
            .short(BUTTON_WORDS)
            .short(AXES_WORDS)
            .short(u16::from(source))
            .short(0)
            .long(flags);
        let message = self.xi_state(message, Some(event.state));
        let buttons = message.bytes.len() + 4 * usize::from(BUTTON_WORDS);
        let message = message.raw(&self.xi_buttons(Some(event))).filled(buttons);
        Self::xi_axes(message, axes, 1)
    }

    /// The valuators' mask, and their values as often as wanted.
    pub(super) fn xi_axes(message: Message, axes: &[(u32, i32)], times: usize) -> Message {
        let mask = axes.iter().fold(0, |mask, (axis, _)| mask | 1_u8 << axis);
        let mut message = message.raw(&[mask, 0, 0, 0, 0, 0, 0, 0]);
        for _ in 0..times {
            for (_, value) in axes {
                message = message.fixed32(*value);
            }
        }
        message
    }

    /// Modifiers (base, latched, locked, effective) and groups.
    pub(super) fn xi_state(&self, message: Message, state: Option<u16>) -> Message {
        let keyboard = &self.input.keyboard;
        let effective = state.map_or(u32::from(keyboard.state()), |state| u32::from(state & 0xff));
        let now = &keyboard.state;
        let base = effective & !u32::from(now.latched | now.locked);
        message.long(base).long(u32::from(now.latched)).long(u32::from(now.locked)).long(effective).raw(&[
            now.group_base as u8,
            now.group_latched as u8,
            now.group_locked,
            now.group,
        ])
    }

    /// The buttons held before an event (or now): a bit per button, in a word.
    pub(super) fn xi_buttons(&self, event: Option<&CoreEvent>) -> [u8; 4] {
        let mut bits = 0_u32;
        for (number, _) in self.input.pointer.held.iter().enumerate().filter(|(_, held)| **held) {
            let logical = self.input.pointer.map.get(number.wrapping_sub(1)).copied().unwrap_or(0);
            bits |= 1_u32.checked_shl(u32::from(logical)).unwrap_or(0);
        }
        if let Some(event) = event {
            let bit = 1_u32.checked_shl(u32::from(event.detail)).unwrap_or(0);
            match event.kind {
                xproto::BUTTON_PRESS_EVENT => bits &= !bit,
                xproto::BUTTON_RELEASE_EVENT => bits |= bit,
                _ => {}
            }
        }
        (bits & !1).to_le_bytes()
    }

    /// XI 2, `RawEvent`: on the root, whoever has a grab.
    fn xi_raw(&mut self, event: &CoreEvent, source: u8) {
        let kind = u16::from(event.kind) + RAW;
        let master = if source.is_multiple_of(2) { MASTER_POINTER } else { MASTER_KEYBOARD };
        for device in [source, master] {
            let receivers = self.xi_receivers(ROOT, u16::from(device), kind);
            if receivers.is_empty() {
                continue;
            }
            let axes = if event.kind == xproto::MOTION_NOTIFY_EVENT {
                vec![(0, self.input.pointer.moved.0), (1, self.input.pointer.moved.1)]
            } else {
                Vec::new()
            };
            let message = Message::generic(number::XINPUT, kind, u16::from(device))
                .long(event.time)
                .long(u32::from(event.detail))
                .short(u16::from(source))
                .short(AXES_WORDS)
                .long(0)
                .long(0);
            let message = Self::xi_axes(message, &axes, 2);
            for client in receivers {
                self.xi_send(client, &message);
            }
        }
    }

    /// XI 1, `DeviceKeyPress` and their like, with `DeviceValuator` after it where the device has valuators. To a client
    /// whose `kinds` want hints, motion becomes one, or nothing if a hint is out.
    pub(super) fn xi_send_one(
        &mut self,
        client: ClientId,
        event: &CoreEvent,
        window: Xid,
        device: u8,
        kinds: u32,
    ) {
        let origin = self.window(window).map_or((0, 0), |window| window.origin);
        // A button's event says nothing of valuators, as in Xvfb.
        let motion = event.kind == xproto::MOTION_NOTIFY_EVENT;
        // A device's motion tells where the pointer was before; where it goes is in the valuators.
        let (x, y) = if motion { (self.input.pointer.x, self.input.pointer.y) } else { event.place };
        let hinted = motion && kinds & classes::HINT != 0;
        if hinted && self.xinput.hints.get(&device) == Some(&window) {
            return;
        }
        let detail = if hinted { 1 } else { event.detail };
        let message = Message::event(EVENT + event.kind - 1, detail)
            .long(event.time)
            .long(ROOT)
            .long(window)
            .long(self.child_towards(window, event.source))
            .short(x as u16)
            .short(y as u16)
            .short((x - origin.0) as u16)
            .short((y - origin.1) as u16)
            .short(event.state)
            .byte(1)
            .byte(if motion { device | MORE_EVENTS } else { device });
        self.xi_send(client, &message);
        if motion {
            let valuators = Message::event(EVENT, device)
                .short(event.state)
                .byte(2)
                .byte(0)
                .long(event.place.0 as u32)
                .long(event.place.1 as u32)
                .filled(32);
            self.xi_send(client, &valuators);
        }
    }

    /// Tells an event to the holder of a slave's grab; whether it was told.
    pub(super) fn xi_grabbed(&mut self, grab: &SlaveGrab, device: Device, event: &CoreEvent) -> bool {
        if grab.owner_events {
            let focus = if device.is_pointer() { 1 } else { self.device_focus_window(device.id) };
            let (mut at, limit) = match focus {
                0 => (0, 0),
                1 => (event.source, ROOT),
                focus if self.is_inferior(event.source, focus) => (event.source, focus),
                focus => (focus, focus),
            };
            while let Ok(window) = self.window(at) {
                let parent = window.parent;
                if self.xi_deliver_at(at, event, device.id, Some(grab.client)).is_some() {
                    return true;
                }
                if at == limit {
                    break;
                }
                at = parent;
            }
        }
        match &grab.wanted {
            Wanted::Classes(kinds) if kinds & classes::wanted(event) != 0 => {
                self.xi_send_one(grab.client, event, grab.window, device.id, *kinds);
                if event.kind == xproto::MOTION_NOTIFY_EVENT {
                    self.xinput.hints.insert(device.id, grab.window);
                }
                true
            }
            Wanted::Kinds(kinds) if kinds & (1 << event.kind) != 0 => {
                self.xi_send_two(grab.client, event, grab.window, device.id);
                true
            }
            _ => false,
        }
    }

    /// Sends an event in the words of version 2.
    pub(super) fn xi_send_two(&mut self, client: ClientId, event: &CoreEvent, window: Xid, device: u8) {
        let source = self.xi_source(device.is_multiple_of(2));
        let message = self.xi_plain_event(event, window, device, source);
        self.xi_send(client, &message);
    }

    /// Tells that the pointer has crossed a window's edge, or that the focus of a device has come to a window or gone.
    pub(crate) fn xi_crossing(&mut self, device: u8, window: Xid, kind: u16, mode: u8, detail: u8) {
        self.xi_crossing_two(device, window, kind, mode, detail);
        if kind > 8 {
            self.xi_focus_one(device, window, kind % 2 == 1, mode, detail);
        }
    }

    /// XI 1, `DeviceFocusIn` and `DeviceFocusOut`; after the first what state the device is in, for those who want that.
    fn xi_focus_one(&mut self, device: u8, window: Xid, into: bool, mode: u8, detail: u8) {
        let Some(selected) = self.xinput.classes.get(&window) else { return };
        let selected: Vec<Choice> = selected.iter().filter(|it| it.device == device).copied().collect();
        let message = Message::event(if into { EVENT + 6 } else { EVENT + 7 }, detail)
            .long(self.time)
            .long(window)
            .byte(mode)
            .byte(device)
            .filled(32);
        for it in selected.iter().filter(|it| it.kinds & classes::FOCUS != 0) {
            self.xi_send(it.client, &message);
        }
        for it in selected.iter().filter(|it| into && it.kinds & classes::STATE != 0) {
            for message in self.xi_state_notify(device) {
                self.xi_send(it.client, &message);
            }
        }
    }

    /// XI 1, `DeviceStateNotify` of a keyboard, and `DeviceKeyStateNotify` for the keys for which that has no room.
    fn xi_state_notify(&self, device: u8) -> [Message; 2] {
        const KEY_CLASS: u8 = 1 << 0;
        let keys = self.xi_keys_of(device);
        let (first, last) = (self.input.keyboard.min_keycode(), self.input.keyboard.max_keycode());
        let state = Message::event(EVENT + 10, device | MORE_EVENTS)
            .long(self.time)
            .byte(last - first + 1)
            .byte(0)
            .byte(0)
            .byte(KEY_CLASS)
            .raw(&[0; 4])
            .raw(&keys[..4])
            .filled(32);
        [state, Message::event(EVENT + 13, device).raw(&keys[4..]).filled(32)]
    }

    /// XI 2, `EnterEvent`, and what has the same form: Enter, Leave, `FocusIn`, `FocusOut` by kind.
    fn xi_crossing_two(&mut self, device: u8, window: Xid, kind: u16, mode: u8, detail: u8) {
        if !self.xinput.used {
            return;
        }
        let pointer = kind <= 8;
        // A grab by crossing tells of coming when it begins and of going when it ends.
        let into = kind % 2 == 1;
        if (mode == 4 && !into) || (mode == 5 && into) {
            return;
        }
        let grab = self.input.pointer_grab.as_ref().filter(|_| pointer);
        // A grab in the words of version 2 tells it of every window; in others', it changes nothing.
        let receivers = match grab.and_then(|grab| grab.xi.map(|wanted| (grab.client, wanted))) {
            Some((client, wanted)) if wanted & (1 << kind) != 0 => vec![client],
            Some(_) => Vec::new(),
            None => self.xi_receivers(window, u16::from(device), kind),
        };
        if receivers.is_empty() {
            return;
        }
        let origin = self.window(window).map_or((0, 0), |window| window.origin);
        let (x, y) = (self.input.pointer.x, self.input.pointer.y);
        let focus = self.input.focus.window;
        let focused = focus == 1 || (focus != 0 && self.is_inferior(window, focus));
        // What no device did is the master's own.
        let source = if pointer && mode == 0 { self.xi_source(pointer) } else { device };
        let message = Message::generic(number::XINPUT, kind, u16::from(device))
            .long(self.time)
            .short(u16::from(source))
            .byte(mode)
            .byte(detail)
            .long(ROOT)
            .long(window)
            // No child, as in Xvfb
            .long(0)
            .fixed16(x)
            .fixed16(y)
            .fixed16(x - origin.0)
            .fixed16(y - origin.1)
            .byte(1)
            .byte(u8::from(pointer && focused))
            .short(if pointer { 1 } else { BUTTON_WORDS });
        let message = self.xi_state(message, None);
        let end = message.bytes.len() + if pointer { 4 } else { 4 * usize::from(BUTTON_WORDS) };
        let message = message.raw(&self.xi_buttons(None)).filled(end);
        for client in receivers {
            self.xi_send(client, &message);
        }
    }

    /// A slave is used: its master is made of what it is made of, and whoever wants to know is told (XI 2,
    /// `DeviceChangedEvent`).
    pub(super) fn xi_take_shape(&mut self, slave: u8) {
        /// Another slave is used.
        const SLAVE_SWITCH: u8 = 1;
        let keyboard = !slave.is_multiple_of(2);
        let shaped_by = &mut self.xinput.shaped_by[usize::from(keyboard)];
        if std::mem::replace(shaped_by, slave) == slave {
            return;
        }
        let master = if keyboard { MASTER_KEYBOARD } else { MASTER_POINTER };
        let windows: Vec<Xid> = self.xinput.selections.keys().copied().collect();
        let mut receivers: Vec<ClientId> = windows
            .into_iter()
            .flat_map(|window| self.xi_receivers(window, u16::from(master), DEVICE_CHANGED))
            .collect();
        receivers.sort_unstable();
        receivers.dedup();
        if receivers.is_empty() {
            return;
        }
        let Ok(found) = device(self, u16::from(master)) else { return };
        let classes = two::classes(self, found);
        let mut message = Message::generic(number::XINPUT, DEVICE_CHANGED, u16::from(master))
            .long(self.time)
            .short(classes.len() as u16)
            .short(u16::from(slave))
            .byte(SLAVE_SWITCH)
            .filled(32);
        for class in &classes {
            message = message.with(class);
        }
        for client in receivers {
            self.xi_send(client, &message);
        }
    }

    /// XI 2.3, `BarrierHit` and `BarrierLeave`.
    pub(crate) fn xi_barrier(&mut self, event: &BarrierEvent, place: (i32, i32)) {
        const RELEASED: u32 = 1;
        const GRABBED: u32 = 2;
        let kind = if event.leaves { 26 } else { 25 };
        // Told to whose it is alone
        let owner = self.owner(event.barrier);
        if !self.xi_receivers(event.window, u16::from(MASTER_POINTER), kind).contains(&owner) {
            return;
        }
        // Where the barrier goes and not the pointer, no device did it.
        let source = if event.way == (0, 0) { 0 } else { self.xi_source(true) };
        let flags = if event.released { RELEASED } else { 0 }
            | if self.input.pointer_grab.is_some() { GRABBED } else { 0 };
        let message = Message::generic(number::XINPUT, kind, u16::from(MASTER_POINTER))
            .long(self.time)
            .long(event.event)
            .long(ROOT)
            .long(event.window)
            .long(event.barrier)
            .long(event.elapsed)
            .long(flags)
            .short(u16::from(source))
            .short(0)
            .fixed16(place.0)
            .fixed16(place.1)
            .fixed32(event.way.0)
            .fixed32(event.way.1);
        self.xi_send(owner, &message);
    }
}
