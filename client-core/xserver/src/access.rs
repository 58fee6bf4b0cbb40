//! Access control, close-down and killing (X11 §9: hosts, `SetCloseDownMode`, `KillClient`) and the questions about
//! extensions.

use std::net::Ipv6Addr;

use x11rb_protocol::protocol::xproto::{
    AccessControl, Host, ListExtensionsReply, ListHostsReply, QueryExtensionReply, Str,
};

use crate::client::{ClientId, CloseDown, Phase};
use crate::error::{Outcome, XError};
use crate::extension;
use crate::resource::Xid;
use crate::server::Server;
use crate::value_list::{half, tail};

/// The list of hosts. The embedder decides who connects; the list is kept for those who ask.
#[derive(Debug)]
pub(crate) struct Access {
    enabled: bool,
    hosts: Vec<(u8, Vec<u8>)>,
}

impl Default for Access {
    fn default() -> Self {
        Self { enabled: true, hosts: Vec::new() }
    }
}

/// More hosts than this are refused.
const MAX_HOSTS: usize = 1024;

/// Whether an address that the server interprets, a type and a value with a NUL between, is of a type known to X servers.
/// Which users and groups there are is not asked.
fn is_interpreted(address: &[u8]) -> bool {
    let Some(nul) = address.iter().position(|byte| *byte == 0) else { return false };
    let (kind, value) = (&address[..nul], &address[nul + 1..]);
    match kind {
        b"localuser" | b"localgroup" | b"hostname" => !value.is_empty(),
        b"ipv6" => std::str::from_utf8(value).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok()),
        _ => false,
    }
}

impl Server {
    pub(crate) fn change_hosts(&mut self, mode: u8, body: &[u8]) -> Outcome {
        if mode > 1 {
            return Err(XError::value(u32::from(mode)));
        }
        let family = body.first().copied().unwrap_or(0);
        let length = usize::from(half(body, 2)?);
        let address = tail(body, 4)?.get(..length).ok_or(XError::LENGTH)?.to_vec();
        let understood = match family {
            0 => length == 4,
            // DECnet and Chaos, which nobody can come from
            1 | 2 => false,
            5 => is_interpreted(&address),
            6 => length == 16,
            // All of this host
            252 => true,
            other => return Err(XError::value(u32::from(other))),
        };
        if !understood {
            return Err(XError::value(length as u32));
        }
        let hosts = &mut self.access.hosts;
        hosts.retain(|host| *host != (family, address.clone()));
        if mode == 0 {
            if hosts.len() >= MAX_HOSTS {
                return Err(XError::ALLOC);
            }
            hosts.push((family, address));
        }
        Ok(())
    }

    pub(crate) fn list_hosts(&mut self, client: ClientId) -> Outcome {
        let hosts = self
            .access
            .hosts
            .iter()
            .map(|(family, address)| {
                let mut address = address.clone();
                // Each host is padded to four bytes, which the structure leaves to us.
                let length = address.len();
                address.resize(length.next_multiple_of(4), 0);
                Host { family: (*family).into(), address: address[..length].to_vec() }
            })
            .collect();
        let mode = if self.access.enabled { AccessControl::ENABLE } else { AccessControl::DISABLE };
        self.reply(client, &ListHostsReply { mode, sequence: 0, length: 0, hosts });
        Ok(())
    }

    pub(crate) fn set_access_control(&mut self, mode: u8) -> Outcome {
        if mode > 1 {
            return Err(XError::value(u32::from(mode)));
        }
        self.access.enabled = mode == 1;
        Ok(())
    }

    pub(crate) fn set_close_down_mode(&mut self, client: ClientId, mode: u8) -> Outcome {
        let close_down = match mode {
            0 => CloseDown::Destroy,
            1 => CloseDown::RetainPermanent,
            2 => CloseDown::RetainTemporary,
            other => return Err(XError::value(u32::from(other))),
        };
        if let Some(state) = self.client_mut(client) {
            state.close_down = close_down;
        }
        Ok(())
    }

    pub(crate) fn kill_client(&mut self, id: Xid) -> Outcome {
        // X11 §9: 0 is AllTemporary.
        if id == 0 {
            for client in self.temporarily_retained() {
                self.destroy_retained(client);
            }
            return Ok(());
        }
        let owner = self.owner(id);
        if owner == ClientId::SERVER || !self.resources.contains_key(&id) {
            return Err(XError::value(id));
        }
        if self.client(owner).is_some_and(|client| client.phase == Phase::Retained) {
            self.destroy_retained(owner);
        } else {
            self.kill(owner);
        }
        Ok(())
    }

    pub(crate) fn query_extension(&mut self, client: ClientId, name: &[u8]) -> Outcome {
        let found = extension::by_name(name);
        let reply = QueryExtensionReply {
            sequence: 0,
            length: 0,
            present: found.is_some(),
            major_opcode: found.map_or(0, |extension| extension.major),
            first_event: found.map_or(0, |extension| extension.first_event),
            first_error: found.map_or(0, |extension| extension.first_error),
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn list_extensions(&mut self, client: ClientId) -> Outcome {
        let names = extension::EXTENSIONS
            .iter()
            .map(|extension| Str { name: extension.name.as_bytes().to_vec() })
            .collect();
        self.reply(client, &ListExtensionsReply { sequence: 0, length: 0, names });
        Ok(())
    }
}
