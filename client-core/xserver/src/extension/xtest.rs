//! XTEST: input made by clients.

use x11rb_protocol::protocol::xproto;
use x11rb_protocol::protocol::xtest::{
    CompareCursorReply, CompareCursorRequest, FakeInputRequest, GetVersionReply,
};
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number, xinput};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::input::{Origin, RawKind};
use crate::server::Server;

pub(crate) const EXTENSION: Extension = Extension {
    name: "XTEST",
    major: number::XTEST,
    first_event: 0,
    first_error: 0,
    dispatch,
    layouts: &Layouts { requests: &["112", "44", FAKE_INPUT, "1111"], replies: &["2", ""], events: &[] },
};

/// `FakeInput` has an event, and after it those that tell the valuators of a device.
const FAKE_INPUT: &str = "11244442211111111*112211444444";

/// Event codes from this on are of extensions.
const FIRST_OF_EXTENSIONS: u8 = 64;

/// Stands for the cursor of the server's own that the root has where it was given none.
const OF_ROOT: u32 = u32::MAX;

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    match (header.minor_opcode, header.remaining_length) {
        (0, 1) => server
            .reply(client, &GetVersionReply { major_version: 2, sequence: 0, length: 0, minor_version: 2 }),
        (1, 2) => {
            let request = CompareCursorRequest::try_parse_request(header, body)?;
            let window = server.window(request.window)?;
            let own = window.cursor.as_ref().map(|cursor| cursor.serial);
            let own = if window.parent == 0 { own.or(Some(OF_ROOT)) } else { own };
            let other = match request.cursor {
                0 => None,
                // CurrentCursor
                1 => Some(server.current_cursor().map_or(OF_ROOT, |cursor| cursor.serial)),
                id => Some(server.cursor_resource(id)?.serial),
            };
            server.reply(client, &CompareCursorReply { same: own == other, sequence: 0, length: 0 });
        }
        (2, length) if length > 0 && length.is_multiple_of(8) => {
            let kind = body.first().copied().unwrap_or(0) & 0x7f;
            if kind >= FIRST_OF_EXTENSIONS {
                let fake = xinput::FakeDeviceEvent::parse(server, body)?;
                server.xi_fake(fake);
            } else if length == 8 {
                fake_input(server, &FakeInputRequest::try_parse_request(header, body)?)?;
            } else {
                return Err(XError::LENGTH);
            }
        }
        // GrabControl: a client that goes on in spite of GrabServer.
        (3, 1) => {
            let impervious = body.first().copied().unwrap_or(0);
            if impervious > 1 {
                return Err(XError::value(u32::from(impervious)));
            }
            if let Some(client) = server.client_mut(client) {
                client.impervious = impervious == 1;
            }
        }
        (0..=3, _) => return Err(XError::LENGTH),
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

/// Delays are not waited for: the embedder's clock moves only between calls.
fn fake_input(server: &mut Server, request: &FakeInputRequest) -> Outcome {
    let detail = request.detail;
    let kind = match request.type_ {
        xproto::KEY_PRESS_EVENT | xproto::KEY_RELEASE_EVENT => {
            if !server.input.keyboard.has_keycode(detail) {
                return Err(XError::value(u32::from(detail)));
            }
            RawKind::Key { code: detail, pressed: request.type_ == xproto::KEY_PRESS_EVENT }
        }
        xproto::BUTTON_PRESS_EVENT | xproto::BUTTON_RELEASE_EVENT => {
            if detail == 0 || usize::from(detail) > server.input.pointer.map.len() {
                return Err(XError::value(u32::from(detail)));
            }
            RawKind::Button { number: detail, pressed: request.type_ == xproto::BUTTON_PRESS_EVENT }
        }
        xproto::MOTION_NOTIFY_EVENT => {
            if request.root != 0 {
                let window = server.window(request.root)?;
                if window.parent != 0 {
                    return Err(XError::value(request.root));
                }
            }
            let (x, y) = (i32::from(request.root_x), i32::from(request.root_y));
            match detail {
                0 => RawKind::Motion { x, y },
                1 => {
                    server.move_by(Origin::Test, x, y);
                    return Ok(());
                }
                other => return Err(XError::value(u32::from(other))),
            }
        }
        other => return Err(XError::value(u32::from(other))),
    };
    server.inject_test(kind);
    Ok(())
}
