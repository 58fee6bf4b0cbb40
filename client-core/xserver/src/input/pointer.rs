//! The pointer: its events, and the requests about it.

use x11rb_protocol::protocol::xproto::{
    self, GetMotionEventsReply, GetMotionEventsRequest, GetPointerControlReply, GetPointerMappingReply,
    Mapping, MappingNotifyEvent, MappingStatus, QueryPointerReply, SetPointerMappingReply,
    WarpPointerRequest,
};

use super::{Device, DeviceEvent, Grab, RawEvent, Until};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::extension::xinput::CoreEvent;
use crate::region::Rect;
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::{ROOT, Server, ServerEvent, wire};
use crate::value_list::half;

impl Server {
    pub(super) fn process_motion(&mut self, x: i32, y: i32, raw: RawEvent) {
        let bounds = self.bounds();
        let state = self.input.state();
        // The device tells of it before the pointer has moved: at the window in which that was.
        let pointer = &mut self.input.pointer;
        let (to_x, to_y) = bounds.nearest(x, y);
        pointer.moved = (to_x - pointer.x, to_y - pointer.y);
        let slave = CoreEvent {
            kind: xproto::MOTION_NOTIFY_EVENT,
            detail: 0,
            time: raw.time,
            state,
            source: pointer.window,
            place: raw.place,
        };
        if !self.xi_slave_event(&slave) {
            return;
        }
        self.move_pointer(x, y, bounds, raw.time);
        let state = self.input.state();
        let held = u32::from(state >> 8) & 0x1f;
        let mut events = mask::POINTER_MOTION | (held * mask::BUTTON1_MOTION);
        if self.input.pointer.any_held() {
            events |= mask::BUTTON_MOTION;
        }
        let event = DeviceEvent {
            response_type: xproto::MOTION_NOTIFY_EVENT,
            detail: 0,
            time: raw.time,
            state,
            events,
            source: self.input.pointer.window,
            place: raw.place,
        };
        if self.input.pointer_grab.is_some() {
            self.deliver_grabbed(&event, Device::Pointer, Some(ROOT));
        } else {
            self.propagate(&event, ROOT);
        }
    }

    pub(super) fn process_button(&mut self, number: u8, pressed: bool, raw: RawEvent, below: Option<Xid>) {
        let replayed = below.is_some();
        let state = self.input.state();
        let Some(logical) = self.input.pointer.map.get(usize::from(number).wrapping_sub(1)).copied() else {
            return;
        };
        let Some(held) = self.input.pointer.held.get_mut(usize::from(number)) else { return };
        // A replayed event has changed the state already.
        let state = if replayed && pressed && (1..=5).contains(&logical) {
            state & !(1 << (7 + logical))
        } else {
            state
        };
        if !replayed {
            if *held == pressed {
                return;
            }
            *held = pressed;
        }
        self.input.pointer.hint = None;
        if logical == 0 {
            return;
        }
        let (response_type, events) = if pressed {
            (xproto::BUTTON_PRESS_EVENT, mask::BUTTON_PRESS)
        } else {
            (xproto::BUTTON_RELEASE_EVENT, mask::BUTTON_RELEASE)
        };
        let place = raw.place;
        // What waited for a grab tells where the device is by then, as in Xvfb; replayed, it is in the window there.
        let source = if replayed { self.window_at(place.0, place.1) } else { self.input.pointer.window };
        let event =
            DeviceEvent { response_type, detail: logical, time: raw.time, state, events, source, place };
        if !replayed && !self.xi_slave_event(&event.core()) {
            // The master has not seen it.
            if let Some(held) = self.input.pointer.held.get_mut(usize::from(number)) {
                *held = false;
            }
            return;
        }
        if self.input.pointer_grab.is_some() {
            let reported = self.deliver_grabbed(&event, Device::Pointer, Some(ROOT));
            let ends = !pressed
                && !self.input.pointer.any_held()
                && self.input.pointer_grab.as_ref().is_some_and(|grab| grab.until == Until::ButtonsReleased);
            if ends {
                self.deactivate(Device::Pointer);
            } else if reported {
                self.freeze_after(Device::Pointer, raw);
            }
            return;
        }
        if pressed && self.activate_button_grab(&event, raw, below) {
            return;
        }
        let Some((client, window, xi)) = self.propagate(&event, ROOT) else { return };
        if pressed {
            // X11 §10, ButtonPress: the automatic grab until all buttons are released.
            let events = self.window(window).map_or(0, |window| window.mask_of(client));
            let grab = Grab {
                client,
                window,
                owner_events: events & mask::OWNER_GRAB_BUTTON != 0,
                events,
                confine_to: 0,
                cursor: None,
                xi,
                until: Until::ButtonsReleased,
            };
            *self.input.grab_time(Device::Pointer) = raw.time;
            self.activate(Device::Pointer, grab, (true, true), None);
        }
    }

    fn activate_button_grab(&mut self, event: &DeviceEvent, raw: RawEvent, below: Option<Xid>) -> bool {
        // X11 §9, GrabButton: "no other buttons … are logically down".
        if self.input.pointer.held.iter().filter(|held| **held).count() > 1 {
            return false;
        }
        let mut path = self.path(event.source);
        if let Some(below) = below {
            path.retain(|window| !self.is_inferior(below, *window));
        }
        self.activate_passive(Device::Pointer, &path, event, raw)
    }

    pub(crate) fn query_pointer(&mut self, client: ClientId, id: Xid) -> Outcome {
        let window = self.window(id)?;
        let origin = window.origin;
        self.follow_hint_up(client);
        let (x, y) = (self.input.pointer.x, self.input.pointer.y);
        let reply = QueryPointerReply {
            same_screen: true,
            sequence: 0,
            length: 0,
            root: ROOT,
            child: if self.is_inferior(self.input.pointer.window, id) {
                self.child_towards(id, self.input.pointer.window)
            } else {
                0
            },
            root_x: x as i16,
            root_y: y as i16,
            win_x: (x - origin.0) as i16,
            win_y: (y - origin.1) as i16,
            mask: self.input.state().into(),
        };
        self.reply(client, &reply);
        Ok(())
    }

    /// A client that was sent a motion hint asks where the pointer is: the next motion is worth another hint.
    fn follow_hint_up(&mut self, client: ClientId) {
        let Some(hinted) = self.input.pointer.hint else { return };
        let selects = || {
            self.window(hinted).is_ok_and(|window| window.mask_of(client) & mask::POINTER_MOTION_HINT != 0)
        };
        let asked_for = match &self.input.pointer_grab {
            None => selects(),
            Some(grab) => {
                grab.client == client
                    && (grab.events & mask::POINTER_MOTION_HINT != 0 || (grab.owner_events && selects()))
            }
        };
        if asked_for {
            self.input.pointer.hint = None;
        }
    }

    pub(crate) fn get_motion_events(
        &mut self,
        client: ClientId,
        request: &GetMotionEventsRequest,
    ) -> Outcome {
        let window = self.window(request.window)?;
        let (origin, area) = (window.origin, window.outer_rect());
        let start = if request.start == 0 { self.time } else { request.start };
        let stop =
            if request.stop == 0 || is_before(self.time, request.stop) { self.time } else { request.stop };
        let events = self
            .input
            .pointer
            .history
            .iter()
            .filter(|at| {
                !is_before(at.time, start)
                    && !is_before(stop, at.time)
                    && area.contains(i32::from(at.x), i32::from(at.y))
            })
            .map(|at| xproto::Timecoord {
                time: at.time,
                x: (i32::from(at.x) - origin.0) as i16,
                y: (i32::from(at.y) - origin.1) as i16,
            })
            .collect();
        self.follow_hint_up(client);
        self.reply(client, &GetMotionEventsReply { sequence: 0, length: 0, events });
        Ok(())
    }

    pub(crate) fn warp_pointer_request(&mut self, request: &WarpPointerRequest) -> Outcome {
        if request.dst_window != 0 {
            self.window(request.dst_window)?;
        }
        let (pointer_x, pointer_y) = self.input.pointer.device;
        if request.src_window != 0 {
            let source = self.window(request.src_window)?;
            let (x, y) =
                (source.origin.0 + i32::from(request.src_x), source.origin.1 + i32::from(request.src_y));
            let right = if request.src_width == 0 {
                source.origin.0 + i32::from(source.width)
            } else {
                x + i32::from(request.src_width)
            };
            let bottom = if request.src_height == 0 {
                source.origin.1 + i32::from(source.height)
            } else {
                y + i32::from(request.src_height)
            };
            // "If it contains the pointer": where something else covers it, it does not.
            let visible =
                source.outer_clip.contains(pointer_x, pointer_y) && source.holds_point(pointer_x, pointer_y);
            if !visible || !Rect::new(x, y, right, bottom).contains(pointer_x, pointer_y) {
                return Ok(());
            }
        }
        let base = if request.dst_window == 0 {
            (pointer_x, pointer_y)
        } else {
            self.window(request.dst_window)?.origin
        };
        let (x, y) = (base.0 + i32::from(request.dst_x), base.1 + i32::from(request.dst_y));
        self.inject(super::RawKind::Motion { x, y });
        let event =
            ServerEvent::PointerWarped { x: self.input.pointer.x as i16, y: self.input.pointer.y as i16 };
        self.events.push_back(event);
        Ok(())
    }

    pub(crate) fn change_pointer_control(&mut self, body: &[u8]) -> Outcome {
        let (numerator, denominator, threshold) =
            (half(body, 0)? as i16, half(body, 2)? as i16, half(body, 4)? as i16);
        let (acceleration, do_threshold) =
            (body.get(6).copied().unwrap_or(0), body.get(7).copied().unwrap_or(0));
        for choice in [acceleration, do_threshold] {
            if choice > 1 {
                return Err(XError::value(u32::from(choice)));
            }
        }
        let mut new = (self.input.pointer.acceleration, self.input.pointer.threshold);
        if acceleration == 1 {
            // -1 restores the default.
            new.0.0 = if numerator == -1 {
                2
            } else {
                u16::try_from(numerator).map_err(|_| XError::value(numerator as u32))?
            };
            new.0.1 = if denominator == -1 {
                1
            } else {
                u16::try_from(denominator).map_err(|_| XError::value(denominator as u32))?
            };
            if new.0.1 == 0 {
                return Err(XError::value(0));
            }
        }
        if do_threshold == 1 {
            new.1 = if threshold == -1 {
                4
            } else {
                u16::try_from(threshold).map_err(|_| XError::value(threshold as u32))?
            };
        }
        (self.input.pointer.acceleration, self.input.pointer.threshold) = new;
        Ok(())
    }

    pub(crate) fn get_pointer_control(&mut self, client: ClientId) -> Outcome {
        let pointer = &self.input.pointer;
        let reply = GetPointerControlReply {
            sequence: 0,
            length: 0,
            acceleration_numerator: pointer.acceleration.0,
            acceleration_denominator: pointer.acceleration.1,
            threshold: pointer.threshold,
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn set_pointer_mapping(&mut self, client: ClientId, map: &[u8]) -> Outcome {
        let status = self.replace_buttons(map)?;
        if status == MappingStatus::SUCCESS {
            self.notify_pointer_mapping();
        }
        self.reply(client, &SetPointerMappingReply { status, sequence: 0, length: 0 });
        Ok(())
    }

    /// Takes another mapping of buttons unless one of those that change is held; of which nobody is told yet.
    pub(crate) fn replace_buttons(&mut self, map: &[u8]) -> Outcome<MappingStatus> {
        let pointer = &mut self.input.pointer;
        if map.len() != pointer.map.len() {
            return Err(XError::value(map.len() as u32));
        }
        for (index, number) in map.iter().enumerate() {
            if *number != 0 && map[..index].contains(number) {
                return Err(XError::value(u32::from(*number)));
            }
        }
        let busy = pointer
            .map
            .iter()
            .zip(map)
            .enumerate()
            .any(|(index, (old, new))| old != new && pointer.held[index + 1]);
        if busy {
            return Ok(MappingStatus::BUSY);
        }
        pointer.map = map.to_vec();
        Ok(MappingStatus::SUCCESS)
    }

    pub(crate) fn get_pointer_mapping(&mut self, client: ClientId) -> Outcome {
        let map = self.input.pointer.map.clone();
        self.reply(client, &GetPointerMappingReply { sequence: 0, length: 0, map });
        Ok(())
    }

    /// X11 §10, `MappingNotify`: to everybody, asked or not.
    pub(crate) fn notify_pointer_mapping(&mut self) {
        let event = wire(&MappingNotifyEvent {
            response_type: xproto::MAPPING_NOTIFY_EVENT,
            sequence: 0,
            request: Mapping::POINTER,
            first_keycode: 0,
            count: 0,
        });
        for client in self.clients_mut() {
            client.event(&event);
        }
    }
}
