//! Input: the pointer, the keyboard, the focus, grabs, and the order in which events reach clients.
//!
//! What the embedder injects ([`Server::key`], [`Server::button`], [`Server::pointer_motion`]) becomes a raw event. A
//! device that is frozen (a synchronous grab) queues its events; when they are processed in the end, all of them tell
//! where the device is by then (as in Xvfb). Otherwise they are processed at once: state changes,
//! passive grabs are looked for, and the event goes to the grab's client or up the tree. Replaying (`AllowEvents`)
//! processes the event that froze the device once more.

use std::collections::VecDeque;
use std::sync::Arc;

use x11rb_protocol::protocol::xproto::{self, EnterNotifyEvent, FocusInEvent, KeyPressEvent, Timecoord};

use crate::client::ClientId;
use crate::cursor::Cursor;
use crate::event::mask;
use crate::extension::xinput::CoreEvent;
use crate::extension::xkb;
use crate::region::Rect;
use crate::resource::Xid;
use crate::server::{ROOT, Server, wire};

mod access;
mod action;
mod barrier;
mod beep;
mod combinations;
mod crossing;
mod feedback;
mod freeze;
mod grab;
mod keyboard;
mod mapping;
mod passive;
mod pointer;
mod state;

pub(crate) use barrier::{Barrier, BarrierEvent};
pub(crate) use beep::Beep;
pub(crate) use combinations::{ANY_MODIFIER, Combinations};
pub(crate) use crossing::{MODE_GRAB, MODE_UNGRAB, MODE_WHILE_GRABBED};
use freeze::Freeze;
pub(crate) use grab::{Grab, Until, XiGrab};
pub(crate) use keyboard::Keyboard;
pub(crate) use passive::{Activator, PassiveGrab};
pub(crate) use state::{State, state_part};

/// How many positions `GetMotionEvents` can answer.
pub(crate) const MOTION_HISTORY: usize = 256;
/// Events of frozen devices beyond this many are lost.
const MAX_QUEUED: usize = 4096;

/// Something an input device did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawEvent {
    pub(crate) time: u32,
    /// Where the pointer's device was when it was processed; a replayed event tells that again.
    pub(crate) place: (i32, i32),
    /// Modifiers, buttons and the group before a key of it was processed, for replaying.
    pub(crate) state: Option<u16>,
    pub(crate) origin: Origin,
    pub(crate) part: Part,
    pub(crate) kind: RawKind,
}

/// Who made an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The user, at the embedder's.
    User,
    /// A client (XTEST).
    Test,
    /// The pointer, which a touch seems to be.
    Touch,
}

/// Whose part of an event is still to be told: of the slave it comes from, of its master, or of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Both,
    Slave,
    Master,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum RawKind {
    Key {
        code: u8,
        pressed: bool,
    },
    Button {
        number: u8,
        pressed: bool,
    },
    /// Screen coordinates.
    Motion {
        x: i32,
        y: i32,
    },
}

impl RawKind {
    fn device(self) -> Device {
        if matches!(self, Self::Key { .. }) { Device::Keyboard } else { Device::Pointer }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Pointer,
    Keyboard,
}

impl Device {
    fn other(self) -> Self {
        if self == Self::Pointer { Self::Keyboard } else { Self::Pointer }
    }
}

#[derive(Debug)]
pub(crate) struct Pointer {
    pub(crate) x: i32,
    pub(crate) y: i32,
    /// Where the device itself is: elsewhere only while it is frozen. Keys and buttons tell of that.
    pub(crate) device: (i32, i32),
    /// The innermost viewable window it is in.
    pub(crate) window: Xid,
    /// How far it was moved last.
    pub(crate) moved: (i32, i32),
    /// The window last entered: another one than that while a grab makes it seem so.
    pub(crate) entered: Xid,
    /// Physical buttons held.
    pub(crate) held: [bool; 256],
    /// Logical button of each physical one; 0 disables.
    pub(crate) map: Vec<u8>,
    pub(crate) history: VecDeque<Timecoord>,
    /// The window at which a motion hint was given: those who want hints hear no more of motion there until something
    /// else happens (X11 §10, `MotionNotify`).
    pub(crate) hint: Option<Xid>,
    pub(crate) acceleration: (u16, u16),
    pub(crate) threshold: u16,
}

impl Pointer {
    /// Buttons 1 to 5 as in the state of events.
    pub(crate) fn state(&self) -> u16 {
        let mut state = 0;
        for (number, _) in self.held.iter().enumerate().filter(|(_, held)| **held) {
            let logical = self.map.get(number.wrapping_sub(1)).copied().unwrap_or(0);
            if (1..=5).contains(&logical) {
                state |= 1 << (7 + logical);
            }
        }
        state
    }

    fn any_held(&self) -> bool {
        self.held.iter().any(|held| *held)
    }
}

/// Who gets key events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Focus {
    /// 0 is None, 1 is `PointerRoot`.
    pub(crate) window: Xid,
    /// 0 None, 1 `PointerRoot`, 2 Parent.
    pub(crate) revert_to: u8,
    pub(crate) time: u32,
}

#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) pointer: Pointer,
    pub(crate) keyboard: Keyboard,
    pub(crate) focus: Focus,
    pub(crate) pointer_grab: Option<Grab>,
    pub(crate) keyboard_grab: Option<Grab>,
    pub(crate) pointer_freeze: Freeze,
    pub(crate) keyboard_freeze: Freeze,
    pub(crate) pointer_grab_time: u32,
    pub(crate) keyboard_grab_time: u32,
    pub(crate) queue: VecDeque<RawEvent>,
    pub(crate) barriers: Vec<Barrier>,
    /// An event is being processed: those that wait for it do so until it is done.
    processing: bool,
    /// Who made the event being processed.
    pub(crate) origin: Origin,
    /// The slave's part of the event being processed has been told before.
    pub(crate) slave_told: bool,
    pub(crate) cursor_serial: u32,
    pub(crate) shown_cursor: u32,
    /// Which image of an animated cursor is shown.
    pub(crate) shown_frame: usize,
    pub(crate) cursor_changed: bool,
}

impl Input {
    pub(crate) fn new(root: Xid, keyboard: Keyboard) -> Self {
        Self {
            pointer: Pointer {
                x: 0,
                y: 0,
                device: (0, 0),
                window: root,
                moved: (0, 0),
                entered: root,
                held: [false; 256],
                map: (1..=10).collect(),
                history: VecDeque::new(),
                hint: None,
                acceleration: (2, 1),
                threshold: 4,
            },
            keyboard,
            focus: Focus { window: 1, revert_to: 0, time: 0 },
            pointer_grab: None,
            keyboard_grab: None,
            pointer_freeze: Freeze::default(),
            keyboard_freeze: Freeze::default(),
            pointer_grab_time: 0,
            keyboard_grab_time: 0,
            queue: VecDeque::new(),
            barriers: Vec::new(),
            processing: false,
            origin: Origin::User,
            slave_told: false,
            cursor_serial: 0,
            shown_cursor: 0,
            shown_frame: 0,
            cursor_changed: true,
        }
    }

    /// Modifiers, buttons and the group as in the state of events.
    pub(crate) fn state(&self) -> u16 {
        self.keyboard.state.of_events() | self.pointer.state()
    }

    pub(crate) fn grab(&self, device: Device) -> Option<&Grab> {
        match device {
            Device::Pointer => self.pointer_grab.as_ref(),
            Device::Keyboard => self.keyboard_grab.as_ref(),
        }
    }

    /// When a device was grabbed last.
    pub(crate) fn grab_time(&mut self, device: Device) -> &mut u32 {
        match device {
            Device::Pointer => &mut self.pointer_grab_time,
            Device::Keyboard => &mut self.keyboard_grab_time,
        }
    }

    pub(crate) fn freeze(&mut self, device: Device) -> &mut Freeze {
        match device {
            Device::Pointer => &mut self.pointer_freeze,
            Device::Keyboard => &mut self.keyboard_freeze,
        }
    }

    pub(crate) fn grab_cursor(&self) -> Option<&Arc<Cursor>> {
        self.pointer_grab.as_ref()?.cursor.as_ref()
    }

    /// A cursor was recolored.
    pub(crate) fn replace_grab_cursor(&mut self, old: &Arc<Cursor>, new: &Arc<Cursor>) {
        if let Some(cursor) = self.pointer_grab.as_mut().and_then(|grab| grab.cursor.as_mut())
            && Arc::ptr_eq(cursor, old)
        {
            *cursor = new.clone();
        }
    }
}

/// How the event of a device is to be made for a window.
#[derive(Clone, Copy)]
struct DeviceEvent {
    response_type: u8,
    detail: u8,
    time: u32,
    state: u16,
    /// The bits of a mask that select it.
    events: u32,
    /// The innermost window.
    source: Xid,
    /// The pointer's place on the screen.
    place: (i32, i32),
}

impl DeviceEvent {
    fn core(&self) -> CoreEvent {
        CoreEvent {
            kind: self.response_type,
            detail: self.detail,
            time: self.time,
            state: self.state,
            source: self.source,
            place: self.place,
        }
    }
}

impl Server {
    /// A key went down or up. `code` is an X keycode (evdev code + 8). Going down while it is down is a repetition.
    pub fn key(&mut self, code: u8, pressed: bool) {
        let before = self.input.keyboard.state.locked;
        self.inject(RawKind::Key { code, pressed });
        let keyboard = &mut self.input.keyboard;
        let now = keyboard.state.locked;
        let changed = before ^ now;
        keyboard.users_locks = keyboard.users_locks & !changed | now & changed;
    }

    /// The pointer is at a place of the screen, in pixels.
    pub fn pointer_motion(&mut self, x: i16, y: i16) {
        self.inject(RawKind::Motion { x: i32::from(x), y: i32::from(y) });
    }

    /// A pointer button went down or up: 1 left, 2 middle, 3 right, 4 to 7 the wheels, 8 and 9 back and forward.
    pub fn button(&mut self, number: u8, pressed: bool) {
        self.inject(RawKind::Button { number, pressed });
    }

    /// The embedder's window has the focus, or has lost it: then nothing stays pressed.
    pub fn focus(&mut self, focused: bool) {
        if focused {
            return;
        }
        for code in self.input.keyboard.held_keys() {
            self.key(code, false);
        }
        for number in 0..=255 {
            if self.input.pointer.held[usize::from(number)] {
                self.button(number, false);
            }
        }
    }

    /// What is switched on at the user's keyboard: Caps Lock and Num Lock.
    pub fn set_locks(&mut self, caps: bool, num: bool) {
        let before = self.input.keyboard.state;
        let keyboard = &mut self.input.keyboard;
        for (on, modifiers) in [(caps, 1 << u8::from(xproto::MapIndex::LOCK)), (num, keyboard.num_lock())] {
            let locked = &mut keyboard.state.locked;
            *locked = if on { *locked | modifiers } else { *locked & !modifiers };
        }
        keyboard.users_locks = keyboard.state.locked;
        xkb::state_may_have_changed(self, &before, xkb::Cause::key(0, xproto::KEY_PRESS_EVENT));
    }

    /// Takes an event of a device; one of a frozen device waits.
    pub(crate) fn inject(&mut self, kind: RawKind) {
        self.take_raw(RawEvent {
            time: self.time,
            place: (0, 0),
            state: None,
            origin: Origin::User,
            part: Part::Both,
            kind,
        });
    }

    /// Takes an event that a client made (XTEST).
    pub(crate) fn inject_test(&mut self, kind: RawKind) {
        self.take_raw(RawEvent {
            time: self.time,
            place: (0, 0),
            state: None,
            origin: Origin::Test,
            part: Part::Both,
            kind,
        });
    }

    pub(crate) fn take_raw(&mut self, event: RawEvent) {
        let mut event = event;
        if let RawKind::Motion { x, y } = &mut event.kind {
            let bounds = self.bounds();
            *x = (*x).clamp(bounds.x1, bounds.x2 - 1);
            *y = (*y).clamp(bounds.y1, bounds.y2 - 1);
            self.input.pointer.device = (*x, *y);
        }
        let kind = event.kind;
        crate::extension::sync::user_active(self);
        let both = event.part == Part::Both;
        let detached = both && self.xi_is_detached(&event);
        if both && self.xi_is_frozen(&event) {
            event.part = Part::Master;
            self.queue(RawEvent { part: Part::Slave, ..event });
        } else if detached {
            self.xi_alone(&event);
        }
        if detached {
            self.run_queue();
            return;
        }
        if self.input.freeze(kind.device()).is_frozen() {
            if event.part == Part::Both && self.xinput.is_used() {
                self.xi_alone(&event);
                event.part = Part::Master;
            }
            self.queue(event);
            return;
        }
        self.process(event, None);
        self.run_queue();
    }

    fn queue(&mut self, event: RawEvent) {
        let queue = &mut self.input.queue;
        if let (RawKind::Motion { .. }, false, Some(last)) =
            (event.kind, event.origin == Origin::Test, queue.back_mut())
            && matches!(last.kind, RawKind::Motion { .. })
            && last.part == event.part
        {
            *last = event;
            return;
        }
        if queue.len() < MAX_QUEUED {
            queue.push_back(event);
        }
    }

    fn waits(&self, event: &RawEvent) -> bool {
        match (event.part, event.kind.device()) {
            (Part::Slave, _) => self.xi_is_frozen(event),
            (_, Device::Pointer) => self.input.pointer_freeze.is_frozen(),
            (_, Device::Keyboard) => self.input.keyboard_freeze.is_frozen(),
        }
    }

    /// Processes what waited for devices that are frozen no more.
    pub(crate) fn run_queue(&mut self) {
        if self.input.processing {
            return;
        }
        while let Some(at) = self.input.queue.iter().position(|event| !self.waits(event)) {
            let Some(event) = self.input.queue.remove(at) else { return };
            if event.part == Part::Slave {
                let nested = std::mem::replace(&mut self.input.processing, true);
                self.xi_alone(&event);
                self.input.processing = nested;
            } else {
                self.process(event, None);
            }
        }
    }

    /// Processes an event; `below` leaves out passive grabs at and above that window (replaying).
    pub(crate) fn process(&mut self, event: RawEvent, below: Option<Xid>) {
        self.input.origin = event.origin;
        self.input.slave_told = event.part == Part::Master;
        let nested = std::mem::replace(&mut self.input.processing, true);
        self.process_now(event, below);
        self.input.processing = nested;
        self.input.slave_told = false;
    }

    fn process_now(&mut self, event: RawEvent, below: Option<Xid>) {
        let event =
            if below.is_none() { RawEvent { place: self.input.pointer.device, ..event } } else { event };
        match event.kind {
            RawKind::Motion { x, y } => {
                self.input.keyboard.access.pointer_used();
                self.process_motion(x, y, event);
            }
            RawKind::Key { code, pressed } => self.process_key(code, pressed, event, below),
            RawKind::Button { number, pressed } => {
                self.input.keyboard.access.pointer_used();
                let before = self.input.keyboard.state;
                self.process_button(number, pressed, event, below);
                self.button_was_used(number, pressed, &before);
            }
        }
    }

    /// The windows from the root down to `id`.
    pub(crate) fn path(&self, id: Xid) -> Vec<Xid> {
        let mut path = Vec::new();
        let mut at = id;
        while let Ok(window) = self.window(at) {
            path.push(at);
            at = window.parent;
        }
        path.reverse();
        path
    }

    /// The innermost viewable window at a place of the screen.
    pub(crate) fn window_at(&self, x: i32, y: i32) -> Xid {
        let mut at = ROOT;
        let mut inside = self.is_inside(at, x, y);
        while let Some(child) = self.child_at(at, x, y, inside) {
            inside = inside && self.is_inside(child, x, y);
            at = child;
        }
        at
    }

    /// The tree changed: perhaps the pointer is in another window now.
    pub(crate) fn pointer_window_may_have_changed(&mut self) {
        let (x, y) = (self.input.pointer.x, self.input.pointer.y);
        let window = self.window_at(x, y);
        let old = self.input.pointer.window;
        if window != old {
            self.leave_crossing_grab(Device::Pointer, old, window);
            self.input.pointer.window = window;
            if !self.enter_crossing_grab(Device::Pointer, old, window) {
                self.cross(old, window, 0);
            }
            self.update_cursor();
        }
    }

    /// Where the pointer can be in a window: inside and border, as far as they lie within all ancestors.
    fn reach(&self, id: Xid) -> Rect {
        let mut bounds = self.screen_rect();
        for at in self.path(id) {
            let Ok(window) = self.window(at) else { return Rect::EMPTY };
            let shape = if at == id { window.outer_shape() } else { window.inner_shape() };
            bounds = bounds.intersect(&shape.extents());
        }
        bounds
    }

    /// Where the pointer may be: what a grab confines it to, or the screen.
    fn bounds(&self) -> Rect {
        let confine_to = self.input.pointer_grab.as_ref().map_or(0, |grab| grab.confine_to);
        let confined = if confine_to == 0 { Rect::EMPTY } else { self.reach(confine_to) };
        if confined.is_empty() { self.screen_rect() } else { confined }
    }

    /// The window that the pointer is confined to, or one around it, has changed: the pointer stays inside, or is
    /// confined (and grabbed) no more if there is no inside.
    pub(crate) fn check_confinement(&mut self, changed: Xid) {
        let Some(grab) = self.input.pointer_grab.as_ref().filter(|grab| grab.confine_to != 0) else { return };
        let confine_to = grab.confine_to;
        if self.reach(confine_to).is_empty() {
            self.deactivate(Device::Pointer);
        } else if self.is_inferior(confine_to, changed) {
            let (x, y) = self.input.pointer.device;
            let bounds = self.bounds();
            if !bounds.contains(x, y) {
                self.inject(RawKind::Motion { x, y });
            }
        }
    }

    /// Moves the pointer, within bounds.
    fn move_pointer(&mut self, x: i32, y: i32, bounds: Rect, time: u32) {
        let (x, y) = bounds.nearest(x, y);
        let pointer = &mut self.input.pointer;
        let moved = (pointer.x, pointer.y) != (x, y);
        pointer.moved = (x - pointer.x, y - pointer.y);
        (pointer.x, pointer.y) = (x, y);
        if moved {
            if pointer.history.len() >= MOTION_HISTORY {
                pointer.history.pop_front();
            }
            pointer.history.push_back(Timecoord { time, x: x as i16, y: y as i16 });
        }
        self.pointer_window_may_have_changed();
    }

    /// The child of `event_window` in which `source` is, or 0.
    pub(crate) fn child_towards(&self, event_window: Xid, source: Xid) -> Xid {
        let mut at = source;
        while at != event_window {
            match self.window(at) {
                Ok(window) if window.parent == event_window => return at,
                Ok(window) => at = window.parent,
                Err(_) => return 0,
            }
        }
        0
    }

    fn device_event(&self, event: &DeviceEvent, window: Xid) -> [u8; 32] {
        let origin = self.window(window).map_or((0, 0), |window| window.origin);
        let (x, y) = event.place;
        let mut bytes = wire(&KeyPressEvent {
            response_type: event.response_type,
            detail: event.detail,
            sequence: 0,
            time: event.time,
            root: ROOT,
            event: window,
            child: self.child_towards(window, event.source),
            root_x: x as i16,
            root_y: y as i16,
            event_x: (x - origin.0) as i16,
            event_y: (y - origin.1) as i16,
            state: event.state.into(),
            same_screen: true,
        });
        // ButtonPress, MotionNotify and their like have the same layout.
        bytes[0] = event.response_type;
        bytes
    }

    /// Reports an event up the tree from its source; `limit` is the last window that is asked. To whom and where, and
    /// what that client selects there if it was told in the words of the input extension.
    fn propagate(&mut self, event: &DeviceEvent, limit: Xid) -> Option<(ClientId, Xid, Option<u32>)> {
        let mut at = event.source;
        let events = event.events;
        loop {
            if let Some((client, selected)) = self.xi_master_at(at, &event.core(), None) {
                return Some((client, at, Some(selected)));
            }
            let window = self.window(at).ok()?;
            if window.all_masks() & events != 0 {
                let receivers: Vec<(ClientId, u32)> = window
                    .selections
                    .iter()
                    .copied()
                    .filter(|(client, selected)| {
                        selected & events != 0 && !self.xinput.holds_slave(*client, event.response_type)
                    })
                    .collect();
                if !receivers.is_empty() {
                    self.send_at(event, at, &receivers);
                    return receivers.first().map(|(client, _)| (*client, at, None));
                }
            }
            // Of the kinds that motion has with buttons held, one is enough.
            if at == limit || window.parent == 0 || events & window.do_not_propagate != 0 {
                return None;
            }
            at = window.parent;
        }
    }

    /// Sends an event to one client; motion may become a hint, or nothing if a hint is out.
    fn send_device_event(&mut self, event: &DeviceEvent, window: Xid, client: ClientId, selected: u32) {
        let mut event = *event;
        if self.input.keyboard.repeating
            && event.response_type == xproto::KEY_RELEASE_EVENT
            && self.xkb.has_detectable_repeat(client)
        {
            return;
        }
        if event.response_type == xproto::MOTION_NOTIFY_EVENT && selected & mask::POINTER_MOTION_HINT != 0 {
            if self.input.pointer.hint == Some(window) {
                return;
            }
            event.detail = 1;
        }
        event.state =
            self.state_for(client, event.state, event.events & (mask::KEY_PRESS | mask::KEY_RELEASE) != 0);
        let bytes = self.device_event(&event, window);
        self.send_event(client, &bytes);
    }

    /// Sends an event to some of the clients that select it on a window.
    fn send_at(&mut self, event: &DeviceEvent, window: Xid, receivers: &[(ClientId, u32)]) {
        for (client, selected) in receivers {
            self.send_device_event(event, window, *client, *selected);
        }
        let hinted = receivers.iter().any(|(_, selected)| selected & mask::POINTER_MOTION_HINT != 0);
        if hinted && event.response_type == xproto::MOTION_NOTIFY_EVENT {
            self.input.pointer.hint = Some(window);
        }
    }

    /// Reports an event under an active grab; whether it was reported.
    fn deliver_grabbed(&mut self, event: &DeviceEvent, device: Device, limit: Option<Xid>) -> bool {
        let Some(grab) = self.input.grab(device).cloned() else { return false };
        if grab.owner_events {
            // As without the grab, but to this client only.
            let mut at = event.source;
            let events = event.events;
            while let Some(limit) = limit {
                if self.xi_master_at(at, &event.core(), Some(grab.client)).is_some() {
                    return true;
                }
                let Ok(window) = self.window(at) else { break };
                let selected = window.mask_of(grab.client);
                if selected & events != 0 {
                    self.send_at(event, at, &[(grab.client, selected)]);
                    return true;
                }
                // Another client's selection stops propagation all the same.
                if window.all_masks() & events != 0 {
                    break;
                }
                if at == limit || window.parent == 0 || events & window.do_not_propagate != 0 {
                    break;
                }
                at = window.parent;
            }
        }
        // The child is where the pointer is, wherever the focus is.
        let event = &DeviceEvent { source: self.input.pointer.window, ..*event };
        if let Some(selected) = grab.xi {
            let wanted = selected & (1 << event.response_type) != 0;
            if wanted {
                self.xi_grab_event(grab.client, grab.window, &event.core());
            }
            return wanted;
        }
        if device == Device::Keyboard || grab.events & event.events != 0 {
            self.send_at(event, grab.window, &[(grab.client, grab.events)]);
            return true;
        }
        false
    }

    fn enter_leave_event(
        &self,
        response_type: u8,
        window: Xid,
        detail: u8,
        mode: u8,
        child: Xid,
    ) -> [u8; 32] {
        let origin = self.window(window).map_or((0, 0), |window| window.origin);
        let pointer = &self.input.pointer;
        let focus = self.input.focus.window;
        let focused = focus == 1 || (focus != 0 && self.is_inferior(window, focus));
        wire(&EnterNotifyEvent {
            response_type,
            detail: detail.into(),
            sequence: 0,
            time: self.time,
            root: ROOT,
            event: window,
            child,
            root_x: pointer.x as i16,
            root_y: pointer.y as i16,
            event_x: (pointer.x - origin.0) as i16,
            event_y: (pointer.y - origin.1) as i16,
            state: self.input.state().into(),
            mode: mode.into(),
            same_screen_focus: 2 | u8::from(focused),
        })
    }

    fn focus_event(response_type: u8, window: Xid, detail: u8, mode: u8) -> [u8; 32] {
        wire(&FocusInEvent {
            response_type,
            detail: detail.into(),
            sequence: 0,
            event: window,
            mode: mode.into(),
        })
    }

    /// X11 §10, `KeymapNotify`: right after `EnterNotify` and `FocusIn`.
    fn keymap_event(&self) -> [u8; 32] {
        let mut event = self.input.keyboard.down;
        event[0] = xproto::KEYMAP_NOTIFY_EVENT;
        event
    }

    /// A window goes: nothing refers to it any more.
    pub(crate) fn input_window_gone(&mut self, id: Xid) {
        self.became_unviewable(id);
        if self.input.pointer.entered == id {
            self.input.pointer.entered = self.window(id).map_or(ROOT, |window| window.parent);
        }
        if self.input.pointer.window == id {
            self.input.pointer.window = self.window(id).map_or(ROOT, |window| window.parent);
        }
        if self.input.pointer.hint == Some(id) {
            self.input.pointer.hint = None;
        }
    }
}
