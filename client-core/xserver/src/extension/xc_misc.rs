//! XC-MISC: resource ids for clients that have used theirs up.

use x11rb_protocol::protocol::xc_misc::{
    GetVersionReply, GetXIDListReply, GetXIDListRequest, GetXIDRangeReply,
};
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::resource::Xid;
use crate::server::Server;

pub(crate) const EXTENSION: Extension = Extension {
    name: "XC-MISC",
    major: number::XC_MISC,
    first_event: 0,
    first_error: 0,
    dispatch,
    layouts: &Layouts { requests: &["22", "", "4"], replies: &["22", "44", "4"], events: &[] },
};

/// No list is longer than this.
const MAX_LIST: u32 = 65_536;

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    match (header.minor_opcode, header.remaining_length) {
        (0, 1) => {
            let reply =
                GetVersionReply { sequence: 0, length: 0, server_major_version: 1, server_minor_version: 1 };
            server.reply(client, &reply);
        }
        (1, 0) => {
            let (start_id, count) = largest_gap(server, client);
            server.reply(client, &GetXIDRangeReply { sequence: 0, length: 0, start_id, count });
        }
        (2, 1) => {
            let wanted = GetXIDListRequest::try_parse_request(header, body)?.count.min(MAX_LIST);
            let base = client.0 << server.id_shift;
            let end = base + (1 << server.id_shift);
            let ids: Vec<Xid> = (base + 1..end)
                .filter(|id| !server.resources.contains_key(id))
                .take(wanted as usize)
                .collect();
            server.reply(client, &GetXIDListReply { sequence: 0, length: 0, ids });
        }
        (0..=2, _) => return Err(XError::LENGTH),
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

/// The largest run of ids of the client that nothing uses.
fn largest_gap(server: &Server, client: ClientId) -> (Xid, u32) {
    let base = client.0 << server.id_shift;
    let end = base + (1 << server.id_shift);
    let mut used: Vec<Xid> = server.resources.keys().copied().filter(|id| (base..end).contains(id)).collect();
    used.sort_unstable();
    used.push(end);
    let mut best = (0, 0);
    let mut start = base + 1;
    for id in used {
        if id.saturating_sub(start) > best.1 {
            best = (start, id - start);
        }
        start = start.max(id + 1);
    }
    best
}
