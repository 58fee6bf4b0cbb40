//! Input made by clients as if by one of the devices (XTEST 2.1, `FakeInput` with an event of this extension).

use x11rb_protocol::protocol::xproto;

use super::{Device, EVENT, TEST_KEYBOARD, TOUCHSCREEN, bad_device, devices, touch};
use crate::error::{Outcome, XError};
use crate::input::{Origin, Part, RawEvent, RawKind};
use crate::server::Server;
use crate::value_list::word;

/// The valuators that version 1 tells of: where the device is.
const AXES: usize = 2;
const EVENT_SIZE: usize = 32;

/// What a device is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FakeDeviceEvent {
    device: Device,
    /// The kind of core event that says the same.
    kind: u8,
    detail: u8,
    relative: bool,
    /// Values for the valuators that are told.
    axes: [Option<i32>; AXES],
}

impl FakeDeviceEvent {
    /// Reads the body of a request whose event is not one of the core protocol.
    ///
    /// # Errors
    ///
    /// `Device` if there is no such one, `Value` if it has nothing with which to do it, `Length` where motion says no
    /// valuators.
    pub(crate) fn parse(server: &Server, body: &[u8]) -> Outcome<Self> {
        let (first, rest) = body.split_at_checked(EVENT_SIZE).ok_or(XError::LENGTH)?;
        let (code, detail, id) = (first[0], first[1], first[31] & 0x7f);
        let device = devices(server)
            .iter()
            .copied()
            .find(|device| device.id == id)
            .ok_or(bad_device(u16::from(id)))?;
        let bad = |value: u8| XError::value(u32::from(value));
        let kind = (code & 0x7f).checked_sub(EVENT).map_or(0, |kind| kind + 1);
        let (keys, motion) = (!device.is_pointer(), kind == xproto::MOTION_NOTIFY_EVENT);
        match kind {
            xproto::KEY_PRESS_EVENT | xproto::KEY_RELEASE_EVENT if keys => {}
            xproto::BUTTON_PRESS_EVENT | xproto::BUTTON_RELEASE_EVENT | xproto::MOTION_NOTIFY_EVENT
                if !keys => {}
            _ => return Err(bad(code)),
        }
        if motion && rest.is_empty() {
            return Err(XError::LENGTH);
        }
        if keys && !rest.is_empty() {
            return Err(bad(0));
        }
        let mut axes = [None; AXES];
        let mut next = if motion { usize::from(rest.get(7).copied().unwrap_or(0)) } else { 0 };
        if next > AXES {
            return Err(bad(code));
        }
        for valuators in rest.chunks_exact(EVENT_SIZE) {
            let (count, from) = (valuators[6], usize::from(valuators[7]));
            if valuators[0] != EVENT {
                return Err(bad(valuators[0]));
            }
            if from != next {
                return Err(bad(valuators[7]));
            }
            if !(1..=6).contains(&count) || next + usize::from(count) > AXES {
                return Err(bad(count));
            }
            for number in 0..usize::from(count) {
                if let Some(axis) = axes.get_mut(next + number) {
                    *axis = Some(word(valuators, 8 + 4 * number)? as i32);
                }
            }
            next += usize::from(count);
        }
        let known = match kind {
            xproto::KEY_PRESS_EVENT | xproto::KEY_RELEASE_EVENT => server.input.keyboard.has_keycode(detail),
            xproto::MOTION_NOTIFY_EVENT => detail <= 1,
            _ => detail != 0 && usize::from(detail) <= server.input.pointer.map.len(),
        };
        if !known {
            return Err(bad(detail));
        }
        Ok(Self { device, kind, detail, relative: motion && detail == 1, axes })
    }
}

impl Server {
    /// Makes a device do something, as its user would.
    pub(crate) fn xi_fake(&mut self, fake: FakeDeviceEvent) {
        // What is done to a master comes from its device of XTEST.
        let origin = match fake.device.id {
            TOUCHSCREEN => Origin::Touch,
            id if id <= TEST_KEYBOARD => Origin::Test,
            _ => Origin::User,
        };
        if fake.axes.iter().any(Option::is_some) {
            let (x, y) = self.input.pointer.device;
            let [to_x, to_y] = fake.axes;
            if fake.relative {
                self.move_by(origin, to_x.unwrap_or(0), to_y.unwrap_or(0));
            } else {
                let size = self.size();
                let place = |value: Option<i32>, now: i32, size: u16| match (value, origin) {
                    (None, _) => now,
                    (Some(value), Origin::Touch) => {
                        value.clamp(0, touch::RANGE) * (i32::from(size) - 1) / touch::RANGE
                    }
                    (Some(value), _) => value,
                };
                let (x, y) = (place(to_x, x, size.0), place(to_y, y, size.1));
                self.take_raw(self.raw_of(origin, RawKind::Motion { x, y }));
            }
        }
        let pressed = matches!(fake.kind, xproto::KEY_PRESS_EVENT | xproto::BUTTON_PRESS_EVENT);
        let kind = match fake.kind {
            xproto::KEY_PRESS_EVENT if self.input.keyboard.is_down(fake.detail) => return,
            xproto::KEY_PRESS_EVENT | xproto::KEY_RELEASE_EVENT => {
                RawKind::Key { code: fake.detail, pressed }
            }
            xproto::MOTION_NOTIFY_EVENT => return,
            _ => RawKind::Button { number: fake.detail, pressed },
        };
        self.take_raw(self.raw_of(origin, kind));
    }

    fn raw_of(&self, origin: Origin, kind: RawKind) -> RawEvent {
        RawEvent { time: self.time, place: (0, 0), state: None, origin, part: Part::Both, kind }
    }
}
