//! The input extension, versions 1.5 and 2.4: the devices behind the core pointer and keyboard, one by one.
//!
//! There are six of them, as in every X server of today: the master pointer and keyboard, which the core protocol knows, a
//! pair of slaves through which the embedder's input comes, and a pair for XTEST. An event comes from a slave
//! ([`deliver`]), is told to who wants that slave's events, and goes on as the master's. A wheel also moves a scroll valuator,
//! from which programs scroll smoothly. An embedder with a touchscreen has one more slave ([`touch`]). No device can be
//! made or moved between masters.

use std::collections::HashMap;

use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::atom::Atom;
use crate::byte_order::{self, Layouts};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::input::Focus;
use crate::property::Property;
use crate::resource::Xid;
use crate::server::Server;

mod deliver;
mod fake;
mod grabs;
mod one;
mod properties;
mod slave;
mod touch;
mod two;

use super::message::Message;
pub(crate) use deliver::CoreEvent;
pub(crate) use fake::FakeDeviceEvent;
use slave::{PassiveSlaveGrab, Slave};
use touch::Touches;

pub(crate) const MASTER_POINTER: u8 = 2;
pub(crate) const MASTER_KEYBOARD: u8 = 3;
pub(crate) const TEST_POINTER: u8 = 4;
pub(crate) const TEST_KEYBOARD: u8 = 5;
pub(crate) const POINTER: u8 = 6;
pub(crate) const KEYBOARD: u8 = 7;
pub(crate) const TOUCHSCREEN: u8 = 8;

/// First of the numbers of XI 1's events: `DeviceValuator`.
const EVENT: u8 = number::XINPUT_EVENT;

pub(crate) const EXTENSION: Extension = Extension {
    name: "XInputExtension",
    major: number::XINPUT,
    first_event: number::XINPUT_EVENT,
    first_error: number::XINPUT_ERROR,
    dispatch,
    layouts: &Layouts {
        requests: &REQUESTS,
        // Replies are turned around as they are written.
        replies: &[],
        events: &[
            // DeviceValuator: state, how many and from which on, six values
            "211444444",
            // Keys, buttons, motion
            "44442222211",
            "44442222211",
            "44442222211",
            "44442222211",
            "44442222211",
            // Focus
            "44",
            "44",
            // Proximity
            "44442222211",
            "44442222211",
            // DeviceStateNotify: time, counts, buttons, keys, three values
            "4111111111111444",
            // DeviceMappingNotify, ChangeDeviceNotify
            "11114",
            "4",
            // DeviceKeyStateNotify, DeviceButtonStateNotify
            "",
            "",
            // DevicePresenceNotify, DevicePropertyNotify
            "4112",
            "44",
        ],
    },
};

#[rustfmt::skip]
const REQUESTS: [&str; 62] = [
    "", "2", "", "", "", "", "4211*4", "4", "4211*4", "4", "44", "", "", "442111111*4", "4", "42211111111*4", "42",
    "41122111111*4", "42", "4", "", "44", "", "", "", "1111*4", "", "", "", "", "", "", "", "1111*4", "2", "211221111*4",
    "", "", "4", "4444",
    // 40 XIQueryPointer
    "42", "444422442", "442", "", "42", "4", "", "22", "2", "442", "2", "444211112", "42", "4211*4", "",
    "44221111*4", "2", "", "2114", "2114444", "4", "4*2244",
];

/// One device.
#[derive(Debug, Clone, Copy)]
struct Device {
    id: u8,
    name: &'static str,
    /// The master of a slave, the other master of a master.
    attached: u8,
}

impl Device {
    fn is_master(self) -> bool {
        self.id <= MASTER_KEYBOARD
    }

    fn is_pointer(self) -> bool {
        self.id.is_multiple_of(2)
    }
}

/// What a device is called; nothing where there is none of that number.
pub(crate) fn name_of(id: u8) -> &'static str {
    DEVICES.iter().find(|device| device.id == id).map_or("", |device| device.name)
}

/// The last is there only where the embedder has one.
const DEVICES: [Device; 7] = [
    Device { id: MASTER_POINTER, name: "Virtual core pointer", attached: MASTER_KEYBOARD },
    Device { id: MASTER_KEYBOARD, name: "Virtual core keyboard", attached: MASTER_POINTER },
    Device { id: TEST_POINTER, name: "Virtual core XTEST pointer", attached: MASTER_POINTER },
    Device { id: TEST_KEYBOARD, name: "Virtual core XTEST keyboard", attached: MASTER_KEYBOARD },
    Device { id: POINTER, name: "User's pointer", attached: MASTER_POINTER },
    Device { id: KEYBOARD, name: "User's keyboard", attached: MASTER_KEYBOARD },
    Device { id: TOUCHSCREEN, name: "User's touchscreen", attached: MASTER_POINTER },
];

/// The error for there being no such device.
fn bad_device(id: u16) -> XError {
    XError { code: number::XINPUT_ERROR, value: u32::from(id) }
}

fn bad_mode() -> XError {
    XError { code: number::XINPUT_ERROR + 2, value: 0 }
}

fn bad_class(class: u32) -> XError {
    XError { code: number::XINPUT_ERROR + 4, value: class }
}

/// The devices there are.
fn devices(server: &Server) -> &'static [Device] {
    let count = if server.config.touches == 0 { DEVICES.len() - 1 } else { DEVICES.len() };
    &DEVICES[..count]
}

fn device(server: &Server, id: u16) -> Outcome<Device> {
    devices(server).iter().copied().find(|device| u16::from(device.id) == id).ok_or_else(|| bad_device(id))
}

/// Events of version 2 that a client selects on a window.
#[derive(Debug, Clone, Copy)]
struct Selection {
    client: ClientId,
    /// 0 is all devices, 1 all masters.
    device: u16,
    /// A bit per kind of event.
    events: u64,
}

/// What the extension remembers.
#[derive(Debug, Default)]
pub(crate) struct Xinput {
    selections: HashMap<Xid, Vec<Selection>>,
    /// Version 1: event classes by window.
    classes: HashMap<Xid, Vec<one::classes::Choice>>,
    /// Version 1: kinds of a device's events that do not go up the tree from a window.
    dont_propagate: HashMap<Xid, Vec<(u8, u32)>>,
    /// Version 1, by device: the window at which a hint of motion was given.
    hints: HashMap<u8, Xid>,
    properties: HashMap<u8, Vec<(Atom, Property)>>,
    /// Those of XTEST, then the user's.
    slaves: [Slave; 5],
    /// The slaves that the master pointer and keyboard took their shape from last; 0 at first.
    shaped_by: [u8; 2],
    touches: Touches,
    /// Grabs of slaves that keys and buttons activate.
    passive: Vec<PassiveSlaveGrab>,
    /// The focus of keyboards that have one of their own.
    focus: HashMap<u8, Focus>,
    /// Where the scroll valuators are: up and down, left and right.
    scrolled: [i32; 2],
    /// Whether anybody has ever selected anything: as long as nobody has, events pass by without a look.
    used: bool,
}

impl Xinput {
    pub(crate) fn is_used(&self) -> bool {
        self.used
    }

    /// Who selects a kind of event of version 1 of a device, on whatever window: a client once for each.
    fn selecting(&self, device: u8, kind: u32) -> Vec<ClientId> {
        let selected = self.classes.values().flatten();
        selected.filter(|it| it.device == device && it.kinds & kind != 0).map(|it| it.client).collect()
    }

    pub(crate) fn window_gone(&mut self, window: Xid) {
        if self.used {
            self.selections.remove(&window);
            self.classes.remove(&window);
            self.dont_propagate.remove(&window);
            self.passive.retain(|grab| grab.window != window);
            self.hints.retain(|_, hint| *hint != window);
        }
    }

    pub(crate) fn client_gone(&mut self, client: ClientId) {
        for selections in self.selections.values_mut() {
            selections.retain(|selection| selection.client != client);
        }
        self.selections.retain(|_, selections| !selections.is_empty());
        for classes in self.classes.values_mut() {
            classes.retain(|it| it.client != client);
        }
        self.classes.retain(|_, classes| !classes.is_empty());
        self.passive.retain(|grab| grab.client != client);
    }
}

impl Server {
    fn xi_reply(&mut self, client: ClientId, message: &Message) {
        if let Some(client) = self.client_mut(client) {
            client.marked_reply(&message.bytes, &message.fields);
        }
    }

    fn xi_send(&mut self, client: ClientId, message: &Message) {
        if let Some(client) = self.client_mut(client) {
            client.marked_event(&message.bytes, &message.fields);
        }
    }
}

/// Turns around the requests whose layout depends on their contents; whether this is one.
pub(crate) fn swap_request(minor: u8, body: &mut [u8]) -> bool {
    let half = |body: &[u8], at: usize| {
        body.get(at..).and_then(|rest| rest.first_chunk::<2>()).map_or(0, |half| u16::from_ne_bytes(*half))
    };
    let items = |format: u8| match format {
        16 => "*2",
        32 => "*4",
        _ => "",
    };
    match minor {
        // ChangeFeedbackControl: mask, device, feedback; then class, id, length and what the class has
        23 => {
            byte_order::swap_fields(body, 0, "4");
            let rest = match body.get(8) {
                Some(0) => "11211112244",
                Some(1) => "1122222",
                Some(2) => "11222*4",
                Some(3) => "1124",
                Some(4) => "11244",
                Some(5) => "1121122",
                _ => "112",
            };
            byte_order::swap_fields(body, 8, rest);
        }
        // SendExtensionEvent
        31 => {
            byte_order::swap_fields(body, 0, "4112");
            let events = usize::from(body.get(8).copied().unwrap_or(0)) * 32;
            if let Some(events) = body.get_mut(12..12 + events) {
                for event in events.chunks_exact_mut(32) {
                    byte_order::swap_event(event, byte_order::Direction::Incoming);
                }
            }
            byte_order::swap_fields(body, 12 + events, "*4");
        }
        // ChangeDeviceProperty
        37 => {
            let format = body.get(9).copied().unwrap_or(8);
            byte_order::swap_fields(body, 0, "4411114");
            byte_order::swap_fields(body, 16, items(format));
        }
        // XIChangeHierarchy
        43 => {
            let mut at = 4;
            while at + 4 <= body.len() {
                byte_order::swap_fields(body, at, "22");
                let length = usize::from(half(body, at + 2)) * 4;
                at += length.max(4);
            }
        }
        // XISelectEvents: window, count; then a device, a length and a mask each
        46 => {
            byte_order::swap_fields(body, 0, "42");
            let mut at = 8;
            while at + 4 <= body.len() {
                byte_order::swap_fields(body, at, "22");
                at += 4 + 4 * usize::from(half(body, at + 2));
            }
        }
        // XIPassiveGrabDevice: a mask, then modifiers
        54 => {
            byte_order::swap_fields(body, 0, "4444222111111");
            let mask = 4 * usize::from(half(body, 20));
            byte_order::swap_fields(body, 28 + mask, "*4");
        }
        // XIChangeProperty
        57 => {
            let format = body.get(3).copied().unwrap_or(8);
            byte_order::swap_fields(body, 0, "211444");
            byte_order::swap_fields(body, 16, items(format));
        }
        _ => return false,
    }
    true
}

/// Checks that there is a master of this number.
pub(super) fn check_master(server: &Server, id: u16) -> Outcome {
    if device(server, id)?.is_master() { Ok(()) } else { Err(bad_device(id)) }
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    if matches!(header.minor_opcode, 1..=39) {
        one::dispatch(server, client, header, body)
    } else {
        two::dispatch(server, client, header, body)
    }
}
