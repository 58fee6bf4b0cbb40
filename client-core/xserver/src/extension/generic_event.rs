//! Generic Event Extension: the version handshake; the events themselves belong to other extensions.

use x11rb_protocol::protocol::ge::QueryVersionReply;
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;

pub(crate) const EXTENSION: Extension = Extension {
    name: "Generic Event Extension",
    major: number::GENERIC_EVENT,
    first_event: 0,
    first_error: 0,
    dispatch,
    layouts: &Layouts { requests: &["22"], replies: &["22"], events: &[] },
};

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, _body: &[u8]) -> Outcome {
    match (header.minor_opcode, header.remaining_length) {
        (0, 1) => {
            server.reply(
                client,
                &QueryVersionReply { sequence: 0, length: 0, major_version: 1, minor_version: 0 },
            );
            Ok(())
        }
        (0, _) => Err(XError::LENGTH),
        _ => Err(XError::REQUEST),
    }
}
