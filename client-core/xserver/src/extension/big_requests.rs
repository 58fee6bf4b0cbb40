//! BIG-REQUESTS: requests longer than 65535 words.

use x11rb_protocol::protocol::bigreq::EnableReply;
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;

pub(crate) const EXTENSION: Extension = Extension {
    name: "BIG-REQUESTS",
    major: number::BIG_REQUESTS,
    first_event: 0,
    first_error: 0,
    dispatch,
    layouts: &Layouts { requests: &[""], replies: &["4"], events: &[] },
};

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, _body: &[u8]) -> Outcome {
    if header.minor_opcode != 0 {
        return Err(XError::REQUEST);
    }
    if header.remaining_length != 0 {
        return Err(XError::LENGTH);
    }
    let maximum_request_length = (server.config.limits.request_bytes / 4) as u32;
    if let Some(state) = server.client_mut(client) {
        state.big_requests = true;
    }
    server.reply(client, &EnableReply { sequence: 0, length: 0, maximum_request_length });
    Ok(())
}
