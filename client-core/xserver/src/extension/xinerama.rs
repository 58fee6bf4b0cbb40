//! XINERAMA: the monitors, for those who ask the old way. They are RANDR's.

use x11rb_protocol::protocol::xinerama::{
    GetScreenCountReply, GetScreenSizeReply, GetScreenSizeRequest, GetStateReply, IsActiveReply,
    QueryScreensReply, QueryVersionReply, ScreenInfo,
};
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;
use crate::value_list::word;

pub(crate) const EXTENSION: Extension = Extension {
    name: "XINERAMA",
    major: number::XINERAMA,
    first_event: 0,
    first_error: 0,
    dispatch,
    layouts: &Layouts {
        requests: &["", "4", "4", "44", "", ""],
        replies: &["22", "4", "4", "4444", "4", "4@*2222"],
        events: &[],
    },
};

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let monitors = server.monitor_infos(true);
    let count = monitors.len();
    match (header.minor_opcode, header.remaining_length) {
        (0, 1) => server.reply(client, &QueryVersionReply { sequence: 0, length: 0, major: 1, minor: 1 }),
        (1, 1) => {
            let window = word(body, 0)?;
            server.window(window)?;
            server
                .reply(client, &GetStateReply { state: u8::from(count > 0), sequence: 0, length: 0, window });
        }
        (2, 1) => {
            let window = word(body, 0)?;
            server.window(window)?;
            server.reply(
                client,
                &GetScreenCountReply { screen_count: count as u8, sequence: 0, length: 0, window },
            );
        }
        (3, 2) => {
            let request = GetScreenSizeRequest::try_parse_request(header, body)?;
            server.window(request.window)?;
            // Of whichever one, as in Xvfb: the size of all
            let (width, height) = server.size();
            let reply = GetScreenSizeReply {
                sequence: 0,
                length: 0,
                width: u32::from(width),
                height: u32::from(height),
                window: request.window,
                screen: request.screen,
            };
            server.reply(client, &reply);
        }
        (4, 0) => {
            server.reply(client, &IsActiveReply { sequence: 0, length: 0, state: u32::from(count > 0) });
        }
        (5, 0) => {
            let screen_info = monitors
                .iter()
                .map(|monitor| ScreenInfo {
                    x_org: monitor.x,
                    y_org: monitor.y,
                    width: monitor.width,
                    height: monitor.height,
                })
                .collect();
            server.reply(client, &QueryScreensReply { sequence: 0, length: 0, screen_info });
        }
        (0..=5, _) => return Err(XError::LENGTH),
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}
