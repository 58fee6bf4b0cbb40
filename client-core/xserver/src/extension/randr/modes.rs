//! Modes: what there are, and those that clients make for outputs.

use x11rb_protocol::protocol::randr::{CreateModeReply, GetScreenResourcesReply, ModeInfo};
use x11rb_protocol::x11_utils::TryParse;

use super::{CRTC, MAX_MODES, OUTPUT, bad_mode, bad_output, ids};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::resource::Xid;
use crate::server::Server;
use crate::value_list::{tail, word};

/// Bytes of a `MODEINFO`.
const MODE_INFO: usize = 32;

pub(super) fn dispatch(server: &mut Server, client: ClientId, minor: u8, body: &[u8]) -> Outcome {
    match minor {
        16 => create(server, client, body),
        17 => {
            let id = word(body, 0)?;
            let mode = server.randr.mode(id).ok_or(bad_mode(id))?;
            if !mode.by_client {
                return Err(XError::MATCH);
            }
            let shown = server.randr.crtcs.iter().any(|crtc| crtc.mode == id);
            if shown || server.randr.outputs.iter().any(|output| output.added.contains(&id)) {
                return Err(XError::ACCESS);
            }
            server.randr.modes.retain(|mode| mode.info.id != id);
            server.randr.resources_changed = true;
            server.tell_configuration();
            Ok(())
        }
        _ => {
            let (id, mode) = (word(body, 0)?, word(body, 4)?);
            let index = server.randr.output_index(id).ok_or(bad_output(id))?;
            server.randr.mode(mode).ok_or(bad_mode(mode))?;
            if minor == 18 { add(server, index, mode) } else { remove(server, index, mode) }
        }
    }
}

fn create(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    server.window(word(body, 0)?)?;
    let (info, _) = ModeInfo::try_parse(tail(body, 4)?)?;
    let length = usize::from(info.name_len);
    if body.len() != 4 + MODE_INFO + length.next_multiple_of(4) {
        return Err(XError::LENGTH);
    }
    let name = tail(body, 4 + MODE_INFO)?.get(..length).ok_or(XError::LENGTH)?.to_vec();
    if server.randr.modes.iter().any(|mode| mode.name == name) {
        return Err(XError::NAME);
    }
    if server.randr.modes.len() >= MAX_MODES {
        return Err(XError::ALLOC);
    }
    let mode = server.randr.add_mode(info, name, true);
    server.reply(client, &CreateModeReply { sequence: 0, length: 0, mode });
    server.tell_configuration();
    Ok(())
}

fn add(server: &mut Server, output: usize, mode: Xid) -> Outcome {
    let state = &mut server.randr.outputs[output];
    if state.mode == mode {
        return Err(XError::MATCH);
    }
    if !state.added.contains(&mode) {
        state.added.push(mode);
        state.changed = true;
        server.randr.change(server.time);
        server.tell_configuration();
    }
    Ok(())
}

fn remove(server: &mut Server, output: usize, mode: Xid) -> Outcome {
    let shown = server.randr.crtc_of(output).is_some_and(|crtc| server.randr.crtcs[crtc].mode == mode);
    let state = &mut server.randr.outputs[output];
    if !state.added.contains(&mode) {
        return Err(XError::ACCESS);
    }
    if shown {
        return Err(XError::MATCH);
    }
    state.added.retain(|added| *added != mode);
    state.changed = true;
    server.randr.change(server.time);
    server.tell_configuration();
    Ok(())
}

pub(super) fn resources(server: &mut Server, client: ClientId, window: Xid) -> Outcome {
    server.window(window)?;
    let randr = &server.randr;
    let reply = GetScreenResourcesReply {
        sequence: 0,
        length: 0,
        timestamp: randr.set,
        config_timestamp: randr.changed,
        crtcs: ids(CRTC, 0..randr.crtcs.len()),
        outputs: ids(OUTPUT, 0..randr.outputs.len()),
        modes: randr.modes.iter().map(|mode| mode.info).collect(),
        names: randr.modes.iter().flat_map(|mode| mode.name.iter().copied()).collect(),
    };
    server.reply(client, &reply);
    Ok(())
}
