//! CRTCs and the outputs they are shown on.

use x11rb_protocol::protocol::randr::{
    GetCrtcGammaReply, GetCrtcGammaSizeReply, GetCrtcInfoReply, GetCrtcTransformReply, GetOutputInfoReply,
    GetOutputPrimaryReply, GetPanningReply, Rotation, SetConfig, SetCrtcConfigReply, SetCrtcConfigRequest,
    SetPanningReply,
};
use x11rb_protocol::protocol::render::{SubPixel, Transform};
use x11rb_protocol::x11_utils::RequestHeader;

use super::properties;
use super::{CRTC, GAMMA_SIZE, OUTPUT, bad_crtc, bad_mode, bad_output, ids, name};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::Server;
use crate::value_list::{half, tail, word};

/// 1 in 16.16 fixed point
const ONE: i32 = 0x1_0000;

pub(super) fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let id = word(body, 0)?;
    let minor = header.minor_opcode;
    match minor {
        30 => {
            server.window(id)?;
            return set_primary(server, word(body, 4)?);
        }
        31 => {
            server.window(id)?;
            let output = server.randr.primary.map_or(0, |primary| OUTPUT + primary as Xid);
            server.reply(client, &GetOutputPrimaryReply { sequence: 0, length: 0, output });
            return Ok(());
        }
        _ => {}
    }
    let index = server.randr.crtc_index(id).ok_or(bad_crtc(id))?;
    let timestamp = server.randr.set;
    match minor {
        20 => crtc_info(server, client, index),
        21 => {
            let request = SetCrtcConfigRequest::try_parse_request(header, body)?;
            let status = set_crtc(server, index, &request)?;
            let timestamp = server.randr.set;
            server.reply(client, &SetCrtcConfigReply { status, sequence: 0, length: 0, timestamp });
        }
        22 => server.reply(client, &GetCrtcGammaSizeReply { sequence: 0, length: 0, size: GAMMA_SIZE }),
        23 => {
            let straight = || (0..GAMMA_SIZE).map(|step| step << 8 | step).collect();
            let ramps = server.randr.crtcs[index].gamma.clone();
            let [red, green, blue] = ramps.unwrap_or_else(|| [straight(), straight(), straight()]);
            server.reply(client, &GetCrtcGammaReply { sequence: 0, length: 0, red, green, blue });
        }
        24 => set_gamma(server, index, body)?,
        26 => {
            // No transformation is all there is.
            for (at, expected) in [ONE, 0, 0, 0, ONE, 0, 0, 0, ONE].into_iter().enumerate() {
                if word(body, 4 + 4 * at)? != expected as u32 {
                    return Err(XError::value(word(body, 4 + 4 * at)?));
                }
            }
        }
        27 => {
            let identity = Transform { matrix11: ONE, matrix22: ONE, matrix33: ONE, ..Transform::default() };
            let reply = GetCrtcTransformReply {
                sequence: 0,
                length: 0,
                pending_transform: identity,
                has_transforms: false,
                current_transform: identity,
                pending_filter_name: Vec::new(),
                pending_params: Vec::new(),
                current_filter_name: Vec::new(),
                current_params: Vec::new(),
            };
            server.reply(client, &reply);
        }
        28 => server.reply(client, &GetPanningReply { timestamp, ..GetPanningReply::default() }),
        29 => {
            let none = body.get(8..32).is_some_and(|panning| panning.iter().all(|byte| *byte == 0));
            let status = if none { SetConfig::SUCCESS } else { SetConfig::FAILED };
            server.reply(client, &SetPanningReply { status, sequence: 0, length: 0, timestamp });
        }
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

fn set_primary(server: &mut Server, id: Xid) -> Outcome {
    let primary = match id {
        0 => None,
        id => Some(server.randr.output_index(id).ok_or(bad_output(id))?),
    };
    let old = std::mem::replace(&mut server.randr.primary, primary);
    if old != primary {
        for index in [old, primary].into_iter().flatten() {
            server.randr.outputs[index].changed = true;
        }
        server.randr.layout_changed = true;
        server.tell_configuration();
    }
    Ok(())
}

pub(super) fn output_info(server: &mut Server, client: ClientId, id: Xid) -> Outcome {
    let index = server.randr.output_index(id).ok_or(bad_output(id))?;
    let output = &server.randr.outputs[index];
    let crtc = server.randr.crtc_of(index);
    let reply = GetOutputInfoReply {
        status: SetConfig::SUCCESS,
        sequence: 0,
        length: 0,
        timestamp: server.randr.set,
        crtc: crtc.map_or(0, |crtc| CRTC + crtc as Xid),
        mm_width: output.size.0,
        mm_height: output.size.1,
        connection: server.connection(index),
        subpixel_order: SubPixel::UNKNOWN,
        num_preferred: u16::from(output.mode != 0),
        crtcs: vec![CRTC + index as Xid],
        modes: output.modes(),
        clones: Vec::new(),
        name: name(index),
    };
    server.reply(client, &reply);
    Ok(())
}

fn crtc_info(server: &mut Server, client: ClientId, index: usize) {
    let crtc = &server.randr.crtcs[index];
    let (x, y, width, height) = server.randr.shown(crtc).unwrap_or((crtc.x, crtc.y, 0, 0));
    let reply = GetCrtcInfoReply {
        status: SetConfig::SUCCESS,
        sequence: 0,
        length: 0,
        timestamp: server.randr.set,
        x,
        y,
        width,
        height,
        mode: crtc.mode,
        rotation: Rotation::ROTATE0,
        rotations: Rotation::ROTATE0,
        outputs: ids(OUTPUT, crtc.outputs.iter().copied()),
        possible: vec![OUTPUT + index as Xid],
    };
    server.reply(client, &reply);
}

fn set_crtc(server: &mut Server, index: usize, request: &SetCrtcConfigRequest<'_>) -> Outcome<SetConfig> {
    let size = if request.mode == 0 {
        if !request.outputs.is_empty() {
            return Err(XError::MATCH);
        }
        None
    } else {
        let mode = server.randr.mode(request.mode).ok_or(bad_mode(request.mode))?;
        if request.outputs.is_empty() {
            return Err(XError::MATCH);
        }
        Some((mode.info.width, mode.info.height))
    };
    let mut outputs = Vec::with_capacity(request.outputs.len());
    for id in request.outputs.iter() {
        let output = server.randr.output_index(*id).ok_or(bad_output(*id))?;
        // A CRTC is for the output of its number, with a mode of that.
        if output != index || !server.randr.outputs[output].modes().contains(&request.mode) {
            return Err(XError::MATCH);
        }
        outputs.push(output);
    }
    // Nothing turns: what shows nothing may say so.
    let rotation = u16::from(request.rotation);
    if !matches!(rotation & 0xf, 1 | 2 | 4 | 8) || (size.is_some() && rotation != 1) {
        return Err(XError::value(u32::from(rotation)));
    }
    if let Some((width, height)) = size {
        let screen = server.size();
        for (at, side, whole) in [(request.x, width, screen.0), (request.y, height, screen.1)] {
            if at < 0 || i32::from(at) + i32::from(side) > i32::from(whole) {
                return Err(XError::value(at as u32));
            }
        }
    }
    // Who knows of an older configuration is told so; zero is the current time of both.
    let randr = &server.randr;
    if request.timestamp != 0 && is_before(request.timestamp, randr.set) {
        return Ok(SetConfig::INVALID_TIME);
    }
    if request.config_timestamp != 0 && request.config_timestamp != randr.changed {
        return Ok(SetConfig::INVALID_CONFIG_TIME);
    }
    server.randr.configure(server.time);
    let crtc = &mut server.randr.crtcs[index];
    let new = (request.x, request.y, request.mode);
    if (crtc.x, crtc.y, crtc.mode) != new || crtc.outputs != outputs {
        (crtc.x, crtc.y, crtc.mode) = new;
        crtc.changed = true;
        // An output changes with the CRTC that it shows; what that shows is told of the CRTC.
        let both = |output: &usize| crtc.outputs.contains(output) && outputs.contains(output);
        for output in crtc.outputs.iter().chain(&outputs).filter(|output| !both(output)) {
            if let Some(output) = server.randr.outputs.get_mut(*output) {
                output.changed = true;
            }
        }
        server.randr.crtcs[index].outputs.clone_from(&outputs);
        server.tell_configuration();
    }
    for output in outputs {
        properties::take_effect(server, output);
    }
    Ok(SetConfig::SUCCESS)
}

fn set_gamma(server: &mut Server, index: usize, body: &[u8]) -> Outcome {
    let size = half(body, 4)?;
    if body.len() != 8 + (6 * usize::from(size)).next_multiple_of(4) {
        return Err(XError::LENGTH);
    }
    if size != GAMMA_SIZE {
        return Err(XError::MATCH);
    }
    let steps = tail(body, 8)?.chunks_exact(2).map(|step| u16::from_ne_bytes([step[0], step[1]]));
    let all: Vec<u16> = steps.collect();
    let mut ramps = all.chunks_exact(usize::from(GAMMA_SIZE)).map(<[u16]>::to_vec);
    if let (Some(red), Some(green), Some(blue)) = (ramps.next(), ramps.next(), ramps.next()) {
        server.randr.crtcs[index].gamma = Some([red, green, blue]);
    }
    Ok(())
}
