//! Touches (XI 2.2): fingers on the embedder's touchscreen, to whom they are told, and who owns them.
//!
//! A touch is told to listeners: those who have a passive grab for touches on a window above it (the outermost first),
//! then the one who selects touches on the innermost window. The first listener owns it; those behind are told only if
//! they want to know of ownership, and otherwise hear all of it when those before them have rejected it. The first finger
//! also is the pointer, for those who listen to that and not to touches: then the pointer is one of the listeners.
//!
//! The slave's touches and the master's are touches by themselves, with listeners of their own.

use std::collections::VecDeque;

use super::two::valuator;
use super::{CoreEvent, MASTER_POINTER, Message, Server, TOUCHSCREEN, number};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::extension::sync;
use crate::input::{Activator, Device, Origin, Part, RawEvent, RawKind};
use crate::resource::Xid;
use crate::server::ROOT;

/// Kinds of event.
const BEGIN: u8 = 18;
const UPDATE: u8 = 19;
const END: u8 = 20;
const OWNERSHIP: u8 = 21;
const RAW_BEGIN: u8 = 22;
const BEGIN_BIT: u32 = 1 << BEGIN;
const OWNERSHIP_BIT: u32 = 1 << OWNERSHIP;
/// What comes in wholes: touches, and the gestures of pinching and swiping.
const WHOLES: [u64; 3] = [0b111 << BEGIN, 0b111 << 27, 0b111 << 30];
/// The beginnings of these are for one client on a window.
pub(super) const EXCLUSIVE: u64 = 1 << BEGIN | 1 << 27 | 1 << 30;
/// The finger is up, and the owner has not decided yet.
const PENDING_END: u32 = 1 << 16;
/// This touch is the one that is the pointer.
const EMULATING: u32 = 1 << 17;
/// The valuators go from 0 to this.
pub(super) const RANGE: i32 = 0xffff;
/// Motions remembered for listeners that become owners late; of more, those at first are left out.
const MAX_HISTORY: usize = 256;

/// Whether a mask has touches and gestures in a whole: beginning, update and end or none, and ownership only with them.
pub(super) fn is_whole(events: u64) -> bool {
    let ownership = events & u64::from(OWNERSHIP_BIT) == 0 || events & u64::from(BEGIN_BIT) != 0;
    ownership && WHOLES.iter().all(|whole| matches!(events & whole, some if some == 0 || some == *whole))
}

/// The touches there are.
#[derive(Debug, Default)]
pub(super) struct Touches {
    list: Vec<Touch>,
    last_id: u32,
}

/// A finger on the screen, as one device tells it.
#[derive(Debug, Clone)]
struct Touch {
    /// What the embedder calls it.
    finger: u32,
    /// What clients call it.
    id: u32,
    device: u8,
    emulating: bool,
    /// The innermost window where it began.
    source: Xid,
    /// Times and places from the beginning on.
    history: Vec<(u32, (i32, i32))>,
    /// The first is the owner.
    listeners: VecDeque<Listener>,
    /// The finger is up.
    ended: bool,
}

/// Who a touch is told to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener {
    pub(crate) client: ClientId,
    pub(crate) window: Xid,
    how: How,
    /// It has been told that the touch began.
    hears: bool,
    /// It wants the touch, and those behind it get nothing.
    accepted: bool,
    wants_ownership: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Grab,
    Selection,
    Pointer,
}

/// The valuators that a touchscreen has.
pub(super) fn classes(server: &mut Server, source: u16, classes: &mut Vec<Message>) {
    for (number, label) in ["Abs MT Position X", "Abs MT Position Y"].iter().enumerate() {
        classes.push(valuator(server, source, (number, label), [0, RANGE], 0, true));
    }
    // XITouchClass: direct touches, so many
    let touches = server.config.touches;
    classes.push(Message::part().short(8).short(2).short(source).byte(1).byte(touches));
}

impl Server {
    /// A finger touches the screen at a place, in pixels. `finger` tells it from others that touch at the same time.
    /// Without a touchscreen ([`crate::Config::touches`]) nothing happens.
    pub fn touch_begin(&mut self, finger: u32, x: i16, y: i16) {
        let touches = &self.xinput.touches.list;
        let fingers = touches.iter().filter(|touch| !touch.ended && touch.device == TOUCHSCREEN).count();
        let known = touches.iter().any(|touch| touch.finger == finger && !touch.ended);
        if known || fingers >= usize::from(self.config.touches) {
            return;
        }
        let place = self.touch_place(x, y);
        sync::user_active(self);
        let touches = &mut self.xinput.touches;
        touches.last_id = touches.last_id.wrapping_add(1).max(1);
        let id = touches.last_id;
        self.xi_take_shape(TOUCHSCREEN);
        self.raw_touch(RAW_BEGIN, id, place);
        self.begin_touch(TOUCHSCREEN, finger, id, place);
        if !self.xinput.slave(TOUCHSCREEN).is_some_and(super::Slave::is_detached) {
            self.begin_touch(MASTER_POINTER, finger, id, place);
        }
    }

    /// A finger that touches the screen has moved.
    pub fn touch_update(&mut self, finger: u32, x: i16, y: i16) {
        let place = self.touch_place(x, y);
        let time = self.time;
        let Some(id) = self.finger_id(finger) else { return };
        sync::user_active(self);
        self.raw_touch(RAW_BEGIN + 1, id, place);
        for device in [TOUCHSCREEN, MASTER_POINTER] {
            let Some(touch) = self.touch_mut(device, id) else { continue };
            if touch.history.len() >= MAX_HISTORY {
                touch.history.remove(1);
            }
            touch.history.push((time, place));
            let touch = touch.clone();
            self.tell_touch(&touch, UPDATE, 0, |_| true);
            if touch.listeners.front().is_some_and(|owner| owner.how == How::Pointer) {
                self.emulate(RawKind::Motion { x: place.0, y: place.1 }, time, None);
            }
        }
    }

    /// A finger has left the screen.
    pub fn touch_end(&mut self, finger: u32) {
        let Some(id) = self.finger_id(finger) else { return };
        let place = self.touch_mut(TOUCHSCREEN, id).and_then(|touch| touch.history.last()).map(|at| at.1);
        sync::user_active(self);
        self.raw_touch(RAW_BEGIN + 2, id, place.unwrap_or_default());
        for device in [TOUCHSCREEN, MASTER_POINTER] {
            let Some(touch) = self.touch_mut(device, id) else { continue };
            touch.ended = true;
            let touch = touch.clone();
            match touch.listeners.front() {
                Some(owner) if owner.how == How::Pointer => {
                    let accepted = owner.accepted;
                    self.emulate(RawKind::Button { number: 1, pressed: false }, self.time, None);
                    if accepted {
                        self.tell_touch(&touch, END, 0, |_| true);
                        self.remove_touch(device, id);
                    }
                }
                Some(owner) if owner.how == How::Grab && !owner.accepted => {
                    self.tell_touch(&touch, UPDATE, PENDING_END, |_| true);
                }
                _ => {
                    self.tell_touch(&touch, END, 0, |_| true);
                    self.remove_touch(device, id);
                }
            }
        }
    }

    fn touch_place(&self, x: i16, y: i16) -> (i32, i32) {
        let (width, height) = self.size();
        (i32::from(x).clamp(0, i32::from(width) - 1), i32::from(y).clamp(0, i32::from(height) - 1))
    }

    fn finger_id(&self, finger: u32) -> Option<u32> {
        let touch = self.xinput.touches.list.iter().find(|touch| touch.finger == finger && !touch.ended);
        touch.map(|touch| touch.id)
    }

    fn touch_mut(&mut self, device: u8, id: u32) -> Option<&mut Touch> {
        self.xinput.touches.list.iter_mut().find(|touch| touch.device == device && touch.id == id)
    }

    fn remove_touch(&mut self, device: u8, id: u32) {
        self.xinput.touches.list.retain(|touch| touch.device != device || touch.id != id);
    }

    fn begin_touch(&mut self, device: u8, finger: u32, id: u32, place: (i32, i32)) {
        let source = self.window_at(place.0, place.1);
        let of_master =
            self.xinput.touches.list.iter().any(|touch| touch.device == MASTER_POINTER && !touch.ended);
        let held = self.input.pointer.held.iter().any(|held| *held);
        let emulating = device == MASTER_POINTER && !of_master && !held;
        let listeners = self.touch_listeners(device, source, emulating);
        // Without a listener it is kept all the same: it has a number, and the finger is there.
        let history = vec![(self.time, place)];
        let touch = Touch { finger, id, device, emulating, source, history, listeners, ended: false };
        self.xinput.touches.list.push(touch.clone());
        self.tell_touch_begin(&touch, |listener| listener.wants_ownership && listener.how != How::Pointer);
        if let Some(touch) = self.touch_mut(device, id) {
            for listener in touch.listeners.iter_mut().filter(|listener| listener.wants_ownership) {
                listener.hears = true;
            }
        }
        self.own_touch(device, id);
    }

    /// Who a touch is told to, the owner first.
    fn touch_listeners(&self, device: u8, source: Xid, emulating: bool) -> VecDeque<Listener> {
        let mut listeners = VecDeque::new();
        let listener = |client, window, how, events: u32| Listener {
            client,
            window,
            how,
            hears: false,
            accepted: false,
            wants_ownership: events & OWNERSHIP_BIT != 0,
        };
        let pointer = listener(ClientId(0), ROOT, How::Pointer, 0);
        if device == MASTER_POINTER
            && let Some(grab) = &self.input.pointer_grab
        {
            // An active grab has all there is.
            match grab.xi {
                Some(events) if events & BEGIN_BIT != 0 => {
                    listeners.push_back(listener(grab.client, grab.window, How::Selection, events));
                }
                _ if emulating => listeners.push_back(pointer),
                _ => {}
            }
            return listeners;
        }
        let path = self.path(source);
        let modifiers = self.input.keyboard.state() & 0xff;
        for window in &path {
            let Ok(state) = self.window(*window) else { continue };
            if device == MASTER_POINTER {
                let grabs = state.grabs.iter().rev().filter(|passive| passive.device == Device::Pointer);
                for passive in grabs {
                    let grab = &passive.grab;
                    match (passive.activator, grab.xi) {
                        (Activator::Touch, Some(events)) if passive.of.hold(0, modifiers) => {
                            listeners.push_back(listener(grab.client, *window, How::Grab, events));
                        }
                        (Activator::Press, _) if emulating && passive.of.hold(1, modifiers) => {
                            listeners.push_back(Listener { window: *window, ..pointer });
                        }
                        _ => {}
                    }
                }
            }
        }
        let core = mask::BUTTON_PRESS | mask::BUTTON_RELEASE | mask::POINTER_MOTION | mask::BUTTON_MOTION;
        for window in path.iter().rev() {
            let touching = self.touch_selection(*window, device);
            if let Some((client, events)) = touching {
                listeners.push_back(listener(client, *window, How::Selection, events));
                return listeners;
            }
            let wants_pointer = (4..=6)
                .any(|kind| !self.xi_receivers(*window, u16::from(MASTER_POINTER), kind).is_empty())
                || self.window(*window).is_ok_and(|state| state.all_masks() & core != 0);
            if emulating && wants_pointer {
                break;
            }
        }
        if emulating {
            listeners.push_back(pointer);
        }
        listeners
    }

    /// Who selects touches of a device on a window, and what else.
    fn touch_selection(&self, window: Xid, device: u8) -> Option<(ClientId, u32)> {
        let selections = self.xinput.selections.get(&window)?;
        let of_device = |wanted: u16| {
            wanted == u16::from(device) || wanted == 0 || (wanted == 1 && device == MASTER_POINTER)
        };
        selections
            .iter()
            .find(|it| it.events & u64::from(BEGIN_BIT) != 0 && of_device(it.device))
            .map(|it| (it.client, it.events as u32))
    }

    /// Hands a touch to the first of its listeners, with what has happened up to now.
    fn own_touch(&mut self, device: u8, id: u32) {
        let Some(touch) = self.touch_mut(device, id) else { return };
        let touch = touch.clone();
        let Some(owner) = touch.listeners.front().copied() else {
            if touch.ended {
                self.remove_touch(device, id);
            }
            return;
        };
        if owner.how == How::Pointer {
            self.own_as_pointer(&touch);
            return;
        }
        let first = |listener: &Listener| listener.window == owner.window && listener.client == owner.client;
        if !owner.hears {
            self.tell_touch_begin(&touch, first);
            for at in 1..touch.history.len() {
                let so_far = Touch { history: touch.history[..=at].to_vec(), ..touch.clone() };
                self.tell_touch_at(&so_far, &owner, UPDATE, 0);
            }
        }
        if owner.wants_ownership {
            self.tell_ownership(&touch, &owner);
        }
        if let Some(owner) = self.touch_mut(device, id).and_then(|touch| touch.listeners.front_mut()) {
            owner.hears = true;
        }
        if owner.how == How::Selection || owner.accepted {
            self.accept_touch(device, id);
        } else if touch.ended {
            self.tell_touch_at(&touch, &owner, UPDATE, PENDING_END);
        }
    }

    /// The owner takes the touch: the others hear no more of it.
    fn accept_touch(&mut self, device: u8, id: u32) {
        let Some(touch) = self.touch_mut(device, id) else { return };
        let told = touch.clone();
        touch.listeners.truncate(1);
        let ended = touch.ended;
        if let Some(owner) = touch.listeners.front_mut() {
            owner.accepted = true;
        }
        for listener in told.listeners.iter().skip(1).filter(|listener| listener.hears) {
            self.tell_touch_at(&told, listener, END, 0);
        }
        if ended {
            if let Some(owner) = told.listeners.front().filter(|owner| owner.how != How::Pointer) {
                self.tell_touch_at(&told, owner, END, 0);
            }
            self.remove_touch(device, id);
        }
    }

    /// A listener does not want the touch.
    fn reject_touch(&mut self, device: u8, id: u32, at: usize) {
        let Some(touch) = self.touch_mut(device, id) else { return };
        let told = touch.clone();
        touch.listeners.remove(at);
        if let Some(listener) = told.listeners.get(at).filter(|listener| listener.hears) {
            self.tell_touch_at(&told, listener, END, 0);
        }
        if at == 0 {
            self.own_touch(device, id);
        }
    }

    /// XI 2.2, `XIAllowEvents` with `AcceptTouch` or `RejectTouch`.
    pub(super) fn xi_allow_touch(
        &mut self,
        client: ClientId,
        device: u8,
        id: u32,
        window: Xid,
        accepts: bool,
    ) -> Outcome {
        let Some(touch) = self.touch_mut(device, id) else { return Err(XError::value(id)) };
        let mine = |listener: &Listener| {
            listener.client == client && listener.window == window && listener.how == How::Grab
        };
        let Some(at) = touch.listeners.iter().position(mine) else { return Err(XError::ACCESS) };
        if !accepts {
            self.reject_touch(device, id, at);
        } else if at == 0 {
            self.accept_touch(device, id);
        } else {
            let told = touch.clone();
            touch.listeners.truncate(at + 1);
            touch.listeners[at].accepted = true;
            for listener in told.listeners.iter().skip(at + 1).filter(|listener| listener.hears) {
                self.tell_touch_at(&told, listener, END, 0);
            }
        }
        Ok(())
    }

    /// Listeners are gone: they want no touch any more.
    pub(crate) fn xi_forget_touches(&mut self, gone: impl Fn(&Listener) -> bool) {
        let touches: Vec<(u8, u32)> =
            self.xinput.touches.list.iter().map(|touch| (touch.device, touch.id)).collect();
        for (device, id) in touches {
            while let Some(at) = self.touch_mut(device, id).and_then(|touch| {
                touch.listeners.iter().position(|listener| listener.how != How::Pointer && gone(listener))
            }) {
                self.reject_touch(device, id, at);
            }
        }
    }

    /// The pointer owns a touch: what has happened is told as its motion and its first button.
    fn own_as_pointer(&mut self, touch: &Touch) {
        let mut places = touch.history.iter();
        if let Some((time, (x, y))) = places.next() {
            self.emulate(RawKind::Motion { x: *x, y: *y }, *time, None);
            self.emulate(RawKind::Button { number: 1, pressed: true }, *time, None);
        }
        for (time, (x, y)) in places {
            self.emulate(RawKind::Motion { x: *x, y: *y }, *time, None);
        }
        if touch.ended {
            self.emulate(RawKind::Button { number: 1, pressed: false }, self.time, None);
        }
        // Where a grab has frozen the pointer, its client has yet to decide.
        if self.input.pointer_freeze.event.is_none_or(|event| event.origin != Origin::Touch) {
            self.accept_touch(touch.device, touch.id);
        }
    }

    fn emulate(&mut self, kind: RawKind, time: u32, below: Option<Xid>) {
        let place = self.input.pointer.device;
        let event = RawEvent { time, place, state: None, origin: Origin::Touch, part: Part::Master, kind };
        if below.is_some() { self.process(event, below) } else { self.take_raw(event) }
    }

    /// The touch that the pointer owns for now.
    fn emulated(&self) -> Option<(u8, u32)> {
        let owned = |touch: &&Touch| touch.listeners.front().is_some_and(|owner| owner.how == How::Pointer);
        self.xinput.touches.list.iter().find(owned).map(|touch| (touch.device, touch.id))
    }

    /// The client of a grab that has frozen the pointer, which a touch seems to be, goes on with it.
    pub(crate) fn xi_accept_emulated(&mut self) {
        if let Some((device, id)) = self.emulated() {
            self.accept_touch(device, id);
        }
    }

    /// The client of a grab that has frozen the pointer wants the press told to others: the next listeners, or those who
    /// listen to the pointer below the window of the grab.
    pub(crate) fn xi_replay_emulated(&mut self, press: RawEvent, below: Option<Xid>) {
        let Some((device, id)) = self.emulated() else { return self.process(press, below) };
        if let Some(touch) = self.touch_mut(device, id)
            && touch.listeners.len() > 1
        {
            touch.listeners.pop_front();
            let next = touch.listeners.front().is_some_and(|next| next.how != How::Pointer);
            if next {
                self.input.queue.retain(|event| event.origin != Origin::Touch);
                self.input.pointer.held[1] = false;
                self.own_touch(device, id);
                return;
            }
        }
        self.process(press, below);
        if self.input.pointer_freeze.event.is_none() {
            self.accept_touch(device, id);
        }
    }

    fn tell_touch_begin(&mut self, touch: &Touch, who: impl Fn(&Listener) -> bool) {
        let began = Touch { history: touch.history[..1].to_vec(), ..touch.clone() };
        for listener in
            touch.listeners.iter().filter(|listener| listener.how != How::Pointer && who(listener))
        {
            self.tell_touch_at(&began, listener, BEGIN, 0);
        }
    }

    /// Tells those who hear of a touch.
    fn tell_touch(&mut self, touch: &Touch, kind: u8, flags: u32, who: impl Fn(&Listener) -> bool) {
        for listener in touch.listeners.iter().filter(|listener| listener.hears && who(listener)) {
            self.tell_touch_at(touch, listener, kind, flags);
        }
    }

    fn tell_touch_at(&mut self, touch: &Touch, listener: &Listener, kind: u8, flags: u32) {
        let Some((time, place)) = touch.history.last().copied() else { return };
        let flags = flags | if touch.emulating { EMULATING } else { 0 };
        let event = CoreEvent {
            kind,
            detail: 0,
            time: if kind == END { self.time } else { time },
            state: self.input.state(),
            source: touch.source,
            place,
        };
        let axes = self.touch_axes(place);
        let message = self.xi_event(&event, listener.window, touch.device, TOUCHSCREEN, flags, &axes);
        self.xi_send(listener.client, &message.with_detail(touch.id));
    }

    fn touch_axes(&self, place: (i32, i32)) -> [(u32, i32); 2] {
        let (width, height) = self.size();
        let scaled = |at: i32, size: u16| at * RANGE / (i32::from(size) - 1).max(1);
        [(0, scaled(place.0, width)), (1, scaled(place.1, height))]
    }

    fn tell_ownership(&mut self, touch: &Touch, listener: &Listener) {
        let message = Message::generic(number::XINPUT, u16::from(OWNERSHIP), u16::from(touch.device))
            .long(self.time)
            .long(touch.id)
            .long(ROOT)
            .long(listener.window)
            .long(self.child_towards(listener.window, touch.source))
            .short(u16::from(TOUCHSCREEN))
            .short(0)
            .long(0)
            .filled(48);
        self.xi_send(listener.client, &message);
    }

    fn raw_touch(&mut self, kind: u8, id: u32, place: (i32, i32)) {
        let axes = self.touch_axes(place);
        for device in [TOUCHSCREEN, MASTER_POINTER] {
            let receivers = self.xi_receivers(ROOT, u16::from(device), u16::from(kind));
            if receivers.is_empty() {
                continue;
            }
            let message = Message::generic(number::XINPUT, u16::from(kind), u16::from(device))
                .long(self.time)
                .long(id)
                .short(u16::from(TOUCHSCREEN))
                .short(super::deliver::AXES_WORDS)
                .long(0)
                .long(0);
            let message = Self::xi_axes(message, &axes, 2);
            for client in receivers {
                self.xi_send(client, &message);
            }
        }
    }
}
