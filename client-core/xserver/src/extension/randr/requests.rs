//! The requests of RANDR by their numbers, and those about the screen as a whole.

use x11rb_protocol::protocol::randr::{
    GetProvidersReply, GetScreenInfoReply, GetScreenSizeRangeReply, QueryVersionReply, QueryVersionRequest,
    RefreshRates, Rotation, ScreenSize, SetConfig, SetScreenConfigReply, SetScreenConfigRequest,
    SetScreenSizeRequest,
};
use x11rb_protocol::protocol::render::SubPixel;
use x11rb_protocol::x11_utils::RequestHeader;

use super::{bad_provider, crtcs, modes, monitors, properties};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::selection::is_before;
use crate::server::{MAX_SIDE, ROOT, Server, ServerEvent};
use crate::value_list::{half, word};

/// Lengths of the bodies in words, and whether they are exact.
#[rustfmt::skip]
const LENGTHS: [(u32, bool); 45] = [
    (2, true), (0, false), (5, true), (0, false), (2, true), (1, true), (1, true), (4, true), (1, true), (2, true),
    (1, true), (2, true), (3, false), (5, false), (2, true), (6, true), (9, false), (1, true), (2, true), (2, true),
    (2, true), (6, false), (1, true), (1, true), (2, false), (1, true), (11, false), (1, true), (1, true), (8, true),
    (2, true), (1, true), (1, true), (1, false), (1, false), (1, false), (1, false), (1, false), (1, false),
    (1, false), (1, false), (1, false), (2, true), (7, false), (2, true),
];

pub(super) fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let words = header.remaining_length;
    let (least, exact) = *LENGTHS.get(usize::from(header.minor_opcode)).ok_or(XError::REQUEST)?;
    if words < least || (exact && words != least) {
        return Err(XError::LENGTH);
    }
    match header.minor_opcode {
        0 => {
            let request = QueryVersionRequest::try_parse_request(header, body)?;
            let version = (request.major_version, request.minor_version).min((1, 5));
            let (major_version, minor_version) = version;
            server.reply(client, &QueryVersionReply { sequence: 0, length: 0, major_version, minor_version });
            Ok(())
        }
        2 => set_screen_config(server, client, &SetScreenConfigRequest::try_parse_request(header, body)?),
        4 => select_input(server, client, word(body, 0)?, half(body, 4)?),
        5 => screen_info(server, client, word(body, 0)?),
        6 => {
            server.window(word(body, 0)?)?;
            let reply = GetScreenSizeRangeReply {
                sequence: 0,
                length: 0,
                min_width: 1,
                min_height: 1,
                max_width: MAX_SIDE,
                max_height: MAX_SIDE,
            };
            server.reply(client, &reply);
            Ok(())
        }
        7 => set_screen_size(server, &SetScreenSizeRequest::try_parse_request(header, body)?),
        8 | 25 => modes::resources(server, client, word(body, 0)?),
        9 => crtcs::output_info(server, client, word(body, 0)?),
        10..=15 => properties::dispatch(server, client, header.minor_opcode, body),
        16..=19 => modes::dispatch(server, client, header.minor_opcode, body),
        20..=24 | 26..=31 => crtcs::dispatch(server, client, header, body),
        32 => {
            server.window(word(body, 0)?)?;
            let timestamp = server.randr.set;
            server.reply(
                client,
                &GetProvidersReply { sequence: 0, length: 0, timestamp, providers: Vec::new() },
            );
            Ok(())
        }
        33..=41 => Err(bad_provider(word(body, 0)?)),
        42..=44 => monitors::dispatch(server, client, header, body),
        _ => Err(XError::REQUEST),
    }
}

fn select_input(server: &mut Server, client: ClientId, window: u32, events: u16) -> Outcome {
    server.window(window)?;
    if events & !0x7f != 0 {
        return Err(XError::value(u32::from(events)));
    }
    let listeners = &mut server.randr.listeners;
    listeners.retain(|(id, other, _)| (*id, *other) != (client, window));
    if events != 0 {
        listeners.push((client, window, events));
    }
    // What has been configured since the client came it may not have heard of.
    let now = server.randr.configurations;
    if server.client(client).is_some_and(|client| client.configurations != now) {
        let count = server.randr.outputs.len();
        server.tell_listener((client, window, events), &vec![true; count], &vec![true; count]);
    }
    Ok(())
}

fn set_screen_config(server: &mut Server, client: ClientId, request: &SetScreenConfigRequest) -> Outcome {
    server.drawable_depth(request.window)?;
    if request.size_id != 0 {
        return Err(XError::value(u32::from(request.size_id)));
    }
    let rotation = u16::from(request.rotation);
    if rotation != 1 {
        return Err(XError::value(u32::from(rotation)));
    }
    let changed = server.randr.changed;
    let late = is_before(request.config_timestamp, changed);
    let status = if late { SetConfig::INVALID_CONFIG_TIME } else { SetConfig::SUCCESS };
    let reply = SetScreenConfigReply {
        status,
        sequence: 0,
        length: 0,
        new_timestamp: changed,
        config_timestamp: changed,
        root: ROOT,
        subpixel_order: SubPixel::UNKNOWN,
    };
    server.reply(client, &reply);
    Ok(())
}

/// Version 1.0 knows one size: the screen's.
fn screen_info(server: &mut Server, client: ClientId, window: u32) -> Outcome {
    server.window(window)?;
    let ((width, height), (mwidth, mheight)) = (server.size(), server.size_in_millimetres());
    let reply = GetScreenInfoReply {
        rotations: Rotation::ROTATE0,
        sequence: 0,
        length: 0,
        root: ROOT,
        timestamp: server.randr.set,
        config_timestamp: server.randr.changed,
        size_id: 0,
        rotation: Rotation::ROTATE0,
        rate: 60,
        n_info: 2,
        sizes: vec![ScreenSize { width, height, mwidth, mheight }],
        rates: vec![RefreshRates { rates: vec![60] }],
    };
    server.reply(client, &reply);
    Ok(())
}

fn set_screen_size(server: &mut Server, request: &SetScreenSizeRequest) -> Outcome {
    server.window(request.window)?;
    let (width, height) = (request.width, request.height);
    for side in [width, height] {
        if side == 0 || side > MAX_SIDE {
            return Err(XError::value(u32::from(side)));
        }
    }
    // What is shown has to fit.
    let beyond = server.randr.crtcs.iter().filter_map(|crtc| server.randr.shown(crtc)).any(|shown| {
        i32::from(shown.0) + i32::from(shown.2) > i32::from(width)
            || i32::from(shown.1) + i32::from(shown.3) > i32::from(height)
    });
    // Where the embedder has its windows fill the screen, the size is the embedder's.
    if beyond || (server.config.manage_top_levels && (width, height) != server.size()) {
        return Err(XError::MATCH);
    }
    if request.mm_width == 0 || request.mm_height == 0 {
        return Err(XError::value(0));
    }
    let most = u32::from(u16::MAX);
    let size = (request.mm_width.min(most) as u16, request.mm_height.min(most) as u16);
    if (width, height) != server.size() {
        server.resize_screen(width, height, server.config.dpi);
        server.randr.size = Some(size);
        server.tell_configuration();
        server.follow_screen();
        server.events.push_back(ServerEvent::ScreenResized { width, height });
    } else if size != server.size_in_millimetres() {
        server.randr.size = Some(size);
        server.randr.layout_changed = true;
        server.tell_configuration();
    }
    Ok(())
}
