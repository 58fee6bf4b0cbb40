//! One connection: its buffers, its place in the protocol, and what it has asked the server to remember.

use x11rb_protocol::x11_utils::Serialize;

use crate::byte_order;
use crate::error::{Fault, XError};
use crate::inbox::{Inbox, PORTION};
use crate::resource::Xid;

/// Names a connection of one [`crate::Server`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub(crate) u32);

impl ClientId {
    /// The owner of the root window and of what the server made itself.
    pub(crate) const SERVER: Self = Self(0);
}

/// Where the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The setup request has not been answered yet.
    Setup,
    /// Requests are executed.
    Running,
    /// The client has gone, its resources were retained (`SetCloseDownMode`).
    Retained,
}

/// What happens to a client's resources when it goes (X11 §12, `SetCloseDownMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseDown {
    Destroy,
    RetainPermanent,
    RetainTemporary,
}

/// A window of another client that survives this one's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) window: Xid,
    /// Reparent to the root rather than to the nearest other ancestor (XFIXES).
    pub(crate) to_root: bool,
    /// Map it as well.
    pub(crate) map: bool,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) phase: Phase,
    /// The client's byte order is not ours.
    pub(crate) swapped: bool,
    pub(crate) big_requests: bool,
    /// The number of the request executed last, modulo 2^16 on the wire.
    pub(crate) sequence: u16,
    pub(crate) input: Inbox,
    pub(crate) output: Vec<u8>,
    /// Bytes still to be thrown away of a request that was too long.
    pub(crate) skip: usize,
    pub(crate) fault: Option<Fault>,
    /// The embedder has been told of the fault.
    pub(crate) fault_told: bool,
    pub(crate) output_limit: usize,
    pub(crate) close_down: CloseDown,
    pub(crate) save_set: Vec<Saved>,
    /// Waiting on SYNC counters: its requests are not executed.
    pub(crate) blocked: bool,
    /// Its requests are executed though another client has grabbed the server (XTEST).
    pub(crate) impervious: bool,
    pub(crate) resources: usize,
    pub(crate) pixmap_bytes: usize,
    /// How often the screen had been configured (RANDR) when the client came.
    pub(crate) configurations: u32,
}

impl Client {
    pub(crate) fn new(id: ClientId, output_limit: usize) -> Self {
        Self {
            id,
            configurations: 0,
            phase: Phase::Setup,
            swapped: false,
            big_requests: false,
            sequence: 0,
            input: Inbox::default(),
            output: Vec::new(),
            skip: 0,
            fault: None,
            fault_told: false,
            output_limit,
            close_down: CloseDown::Destroy,
            save_set: Vec::new(),
            blocked: false,
            impervious: false,
            resources: 0,
            pixmap_bytes: 0,
        }
    }

    /// Whether it has not gone, nor been ended from this side.
    pub(crate) fn is_connected(&self) -> bool {
        self.phase != Phase::Retained && self.fault != Some(Fault::Killed)
    }

    /// How many bytes may come next: what is missing of a request, if it has begun and is not too long, and no little.
    pub(crate) fn expects(&self, limit: usize) -> usize {
        let waiting = self.input.waiting();
        let Some(&[_, _, a, b]) = waiting.first_chunk::<4>() else { return PORTION };
        let short = u16::from_ne_bytes([a, b]);
        let words = match (short, waiting.get(4..).and_then(|rest| rest.first_chunk::<4>())) {
            (0, Some(long)) if self.big_requests => {
                let long = u32::from_ne_bytes(*long);
                if self.swapped { long.swap_bytes() } else { long }
            }
            (short, _) => u32::from(if self.swapped { short.swap_bytes() } else { short }),
        };
        let length = (words as usize).saturating_mul(4);
        let missing = if length > limit { 0 } else { length.saturating_sub(waiting.len()) };
        missing.max(PORTION)
    }

    /// Sends a reply: `sequence`, `length` and the padding to 32 bytes are filled in here.
    pub(crate) fn reply(&mut self, major: u8, minor: u8, reply: &impl Serialize) {
        self.reply_of(major, minor, |output| reply.serialize_into(output));
    }

    /// As [`reply`](Self::reply), where it lies: `write` adds its bytes to those that wait.
    pub(crate) fn reply_of(&mut self, major: u8, minor: u8, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.output.len();
        write(&mut self.output);
        let length = (self.output.len() - start).max(32).next_multiple_of(4);
        self.output.resize(start + length, 0);
        let bytes = &mut self.output[start..];
        bytes[2..4].copy_from_slice(&self.sequence.to_ne_bytes());
        bytes[4..8].copy_from_slice(&((length as u32 - 32) / 4).to_ne_bytes());
        if self.swapped {
            byte_order::swap_reply(major, minor, bytes);
        }
        self.check_output();
    }

    /// Sends a reply whose fields of more than one byte are where `fields` says (offset, size).
    pub(crate) fn marked_reply(&mut self, reply: &[u8], fields: &[(usize, u8)]) {
        self.marked(reply, fields, true);
    }

    /// Sends an event, generic or not, whose fields of more than one byte are where `fields` says (offset, size).
    pub(crate) fn marked_event(&mut self, event: &[u8], fields: &[(usize, u8)]) {
        if self.phase == Phase::Running {
            self.marked(event, fields, event.first() == Some(&35));
        }
    }

    fn marked(&mut self, message: &[u8], fields: &[(usize, u8)], long: bool) {
        let start = self.output.len();
        self.output.extend_from_slice(message);
        let length = message.len().max(32).next_multiple_of(4);
        self.output.resize(start + length, 0);
        let bytes = &mut self.output[start..];
        bytes[2..4].copy_from_slice(&self.sequence.to_ne_bytes());
        if long {
            bytes[4..8].copy_from_slice(&((length as u32 - 32) / 4).to_ne_bytes());
        }
        if self.swapped {
            bytes[2..4].reverse();
            if long {
                bytes[4..8].reverse();
            }
            for (at, size) in fields {
                if let Some(field) = bytes.get_mut(*at..*at + usize::from(*size)) {
                    field.reverse();
                }
            }
        }
        self.check_output();
    }

    /// Sends an event of 32 bytes (or a generic event of more); the sequence number is filled in here.
    pub(crate) fn event(&mut self, event: &[u8]) {
        if self.phase != Phase::Running {
            return;
        }
        let start = self.output.len();
        self.output.extend_from_slice(event);
        let bytes = &mut self.output[start..];
        // KeymapNotify (11) alone carries no sequence number.
        if bytes[0] & 0x7f != x11rb_protocol::protocol::xproto::KEYMAP_NOTIFY_EVENT {
            bytes[2..4].copy_from_slice(&self.sequence.to_ne_bytes());
        }
        if self.swapped {
            byte_order::swap_event(bytes, byte_order::Direction::Outgoing);
        }
        self.check_output();
    }

    /// Sends an error about the request executed last.
    pub(crate) fn error(&mut self, major: u8, minor: u16, error: XError) {
        let start = self.output.len();
        self.output.resize(start + 32, 0);
        let bytes = &mut self.output[start..];
        bytes[1] = error.code;
        bytes[2..4].copy_from_slice(&self.sequence.to_ne_bytes());
        bytes[4..8].copy_from_slice(&error.value.to_ne_bytes());
        bytes[8..10].copy_from_slice(&minor.to_ne_bytes());
        bytes[10] = major;
        if self.swapped {
            bytes[2..4].reverse();
            bytes[4..8].reverse();
            bytes[8..10].reverse();
        }
        self.check_output();
    }

    fn check_output(&mut self) {
        if self.fault.is_some() {
            self.output.clear();
        } else if self.output.len() > self.output_limit {
            self.output = Vec::new();
            self.fault = Some(Fault::SlowReader { limit: self.output_limit });
        }
    }
}
