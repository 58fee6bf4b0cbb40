//! MIT-SCREEN-SAVER 1.1: telling clients when the screen saver comes on, and letting one of them draw it.

use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::{ROOT, Server, wire};
use crate::value_list::{ValueList, half, tail, word};
use x11rb_protocol::protocol::screensaver::{Kind, NotifyEvent, QueryInfoReply, QueryVersionReply, State};

pub(crate) const EXTENSION: Extension = Extension {
    name: "MIT-SCREEN-SAVER",
    major: number::SCREEN_SAVER,
    first_event: number::SCREEN_SAVER_EVENT,
    first_error: 0,
    dispatch,
    layouts: &Layouts {
        requests: &["", "4", "44", "4222221144*4", "4", "4"],
        replies: &["22", "44441", "", "", "", ""],
        events: &["444"],
    },
};

/// On and off, and cycles.
const ALL_EVENTS: u32 = 3;
/// The attributes of a window that can be given.
const ALL_BITS: u32 = (1 << 15) - 1;

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    match (header.minor_opcode, header.remaining_length) {
        (0, 1) => {
            let reply = QueryVersionReply {
                sequence: 0,
                length: 0,
                server_major_version: 1,
                server_minor_version: 1,
            };
            server.reply(client, &reply);
        }
        (1, 1) => {
            check_drawable(server, word(body, 0)?)?;
            query_info(server, client);
        }
        (2, 2) => {
            check_drawable(server, word(body, 0)?)?;
            let events = word(body, 4)?;
            if events & !ALL_EVENTS != 0 {
                return Err(XError::value(events));
            }
            let selections = &mut server.screen_saver.selections;
            selections.retain(|(id, _)| *id != client);
            if events != 0 {
                selections.push((client, events));
            }
        }
        (3, 6..) => set_attributes(server, client, body)?,
        (4, 1) => {
            check_drawable(server, word(body, 0)?)?;
            if server.screen_saver.attributes.as_ref().is_some_and(|(id, ..)| *id == client) {
                server.screen_saver.attributes = None;
            }
        }
        (5, 1) => {
            let saver = &mut server.screen_saver;
            match word(body, 0)? {
                0 => {
                    if let Some(at) = saver.suspended.iter().position(|id| *id == client) {
                        saver.suspended.remove(at);
                    }
                }
                // Nobody needs to say so more often.
                _ if saver.suspended.len() < 4096 => saver.suspended.push(client),
                _ => return Err(XError::ALLOC),
            }
        }
        (0..=5, _) => return Err(XError::LENGTH),
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

/// The drawable names the screen; a window without pixels does not.
fn check_drawable(server: &Server, drawable: u32) -> Outcome {
    server.target(drawable, false).map(|_| ())
}

fn kind(server: &Server) -> Kind {
    if server.screen_saver.attributes.is_some() { Kind::EXTERNAL } else { Kind::BLANKED }
}

fn query_info(server: &mut Server, client: ClientId) {
    let saver = &server.screen_saver;
    let (idle, limit) = (server.idle(), u32::from(saver.timeout) * 1000);
    let mask = saver.selections.iter().find(|(id, _)| *id == client).map_or(0, |(_, events)| *events);
    let state = match (saver.active, saver.timeout) {
        (true, _) => State::ON,
        (false, 0) => State::DISABLED,
        (false, _) => State::OFF,
    };
    let until = if saver.active { 0 } else { limit.saturating_sub(idle) };
    let reply = QueryInfoReply {
        state: state.into(),
        sequence: 0,
        length: 0,
        saver_window: saver.window,
        ms_until_server: until,
        ms_since_user_input: idle,
        event_mask: mask,
        kind: kind(server),
    };
    server.reply(client, &reply);
}

/// X Screen Saver Extension, `SetAttributes`: as `CreateWindow` has them, but with class and depth a byte each.
fn set_attributes(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    check_drawable(server, word(body, 0)?)?;
    let (width, height, border) = (half(body, 8)?, half(body, 10)?, half(body, 12)?);
    let (class, depth) = (body[14], body[15]);
    ValueList::new(word(body, 20)?, tail(body, 24)?)?.within(ALL_BITS)?;
    if width == 0 || height == 0 {
        return Err(XError::value(0));
    }
    if class > 2 {
        return Err(XError::value(u32::from(class)));
    }
    let saver = &mut server.screen_saver;
    if saver.attributes.as_ref().is_some_and(|(id, ..)| *id != client) {
        return Err(XError::ACCESS);
    }
    let mut attributes = ROOT.to_ne_bytes().to_vec();
    attributes.extend(&body[4..8]);
    for value in [width, height, border, u16::from(class)] {
        attributes.extend(value.to_ne_bytes());
    }
    attributes.extend(&body[16..]);
    saver.attributes = Some((client, attributes, depth));
    Ok(())
}

/// The screen saver came on or went.
pub(crate) fn tell(server: &mut Server, on: bool, forced: bool) {
    let event = wire(&NotifyEvent {
        response_type: number::SCREEN_SAVER_EVENT,
        state: if on { State::ON } else { State::OFF },
        sequence: 0,
        time: server.time,
        root: ROOT,
        window: server.screen_saver.window,
        kind: kind(server),
        forced,
    });
    for (client, events) in server.screen_saver.selections.clone() {
        if events & 1 != 0 {
            server.send_event(client, &event);
        }
    }
}
