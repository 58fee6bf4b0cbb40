//! Grabs of devices in the words of version 1.

use super::super::slave::{Allow, PassiveSlaveGrab, SlaveGrab, Wanted};
use super::super::{Device, Message};
use super::{classes, modifier_keyboard, opened};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::input::{ANY_MODIFIER, Combinations};
use crate::server::Server;
use crate::value_list::{half, tail, word};

pub(super) fn dispatch(server: &mut Server, client: ClientId, minor: u8, body: &[u8]) -> Outcome {
    match minor {
        13 => grab_device(server, client, body),
        14 => {
            let found = opened(server, body[4])?;
            server.xi_ungrab_slave(client, found.id, word(body, 0)?);
            Ok(())
        }
        15 => {
            let (count, modifiers, modifier_device) = (half(body, 4)?, half(body, 6)?, body[8]);
            let (found, key) = (opened(server, body[9])?, body[10]);
            let kinds = classes::parse_of(server, tail(body, 16)?, count, found.id)?;
            if found.is_pointer() {
                return Err(XError::MATCH);
            }
            check_key(server, key)?;
            let ways = ([body[11], body[12]], body[13]);
            passive_grab(
                server,
                client,
                (word(body, 0)?, found, key, modifier_device),
                modifiers,
                ways,
                kinds,
            )
        }
        17 => {
            let (found, modifier_device) = (opened(server, body[4])?, body[5]);
            let (count, modifiers) = (half(body, 6)?, half(body, 8)?);
            let kinds = classes::parse_of(server, tail(body, 16)?, count, found.id)?;
            if !found.is_pointer() {
                return Err(XError::MATCH);
            }
            let ways = ([body[10], body[11]], body[13]);
            let place = (word(body, 0)?, found, body[12], modifier_device);
            passive_grab(server, client, place, modifiers, ways, kinds)
        }
        16 | 18 => {
            let (window, modifiers) = (word(body, 0)?, half(body, 4)?);
            let (modifier_device, detail, id) = (body[6], body[7], body[8]);
            let found = opened(server, id)?;
            if found.is_pointer() != (minor == 18) {
                return Err(XError::MATCH);
            }
            modifier_keyboard(server, modifier_device)?;
            server.window(window)?;
            if minor == 16 {
                check_key(server, detail)?;
            }
            server.xi_remove_passive(client, window, (found.id, 1, found.is_pointer()), detail, modifiers)
        }
        _ => {
            let found = opened(server, body[5])?;
            let mode = match body[4] {
                0 => Allow::Async,
                1 => Allow::Sync,
                2 => Allow::Replay,
                3 => Allow::AsyncOthers,
                4 => Allow::AsyncAll,
                5 => Allow::SyncAll,
                mode => return Err(XError::value(u32::from(mode))),
            };
            server.xi_allow(client, found.id, mode, word(body, 0)?);
            Ok(())
        }
    }
}

/// A key of a passive grab; 0 is any.
fn check_key(server: &Server, key: u8) -> Outcome {
    if key != 0 && !server.input.keyboard.has_keycode(key) {
        Err(XError::value(u32::from(key)))
    } else {
        Ok(())
    }
}

fn check_modes(modes: [u8; 2], owner_events: u8) -> Outcome<bool> {
    for mode in modes {
        if mode > 1 {
            return Err(XError::value(u32::from(mode)));
        }
    }
    if owner_events > 1 { Err(XError::value(u32::from(owner_events))) } else { Ok(owner_events == 1) }
}

fn grab_device(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (window, time, count) = (word(body, 0)?, word(body, 4)?, half(body, 8)?);
    let (this_mode, other_mode, owner_events, id) = (body[10], body[11], body[12], body[13]);
    if tail(body, 16)?.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    let found = opened(server, id)?;
    let wanted = Wanted::Classes(classes::parse_of(server, tail(body, 16)?, count, found.id)?);
    let owner_events = check_modes([this_mode, other_mode], owner_events)?;
    let asynchronous = (this_mode == 1, other_mode == 1);
    let grab = SlaveGrab { client, window, owner_events, wanted, time, until: None, asynchronous };
    let status = server.xi_grab_slave(found, grab)?;
    server.xi_reply(client, &Message::reply(13).byte(u8::from(status)).filled(32));
    Ok(())
}

/// `place` is the window, the device, the key or button, and the device of the modifiers; `how` the modes and whether
/// the owner's events are told.
fn passive_grab(
    server: &mut Server,
    client: ClientId,
    place: (u32, Device, u8, u8),
    modifiers: u16,
    how: ([u8; 2], u8),
    kinds: u32,
) -> Outcome {
    let (window, found, detail, modifier_device) = place;
    modifier_keyboard(server, modifier_device)?;
    let owner_events = check_modes(how.0, how.1)?;
    if modifiers != ANY_MODIFIER && modifiers & !0xff != 0 {
        return Err(XError::value(u32::from(modifiers)));
    }
    server.xi_add_passive(PassiveSlaveGrab {
        client,
        window,
        device: found.id,
        button: found.is_pointer(),
        of: Combinations::new(detail, modifiers),
        owner_events,
        asynchronous: (how.0[0] == 1, how.0[1] == 1),
        wanted: Wanted::Classes(kinds),
    })
}
