//! A record of single messages and what they cost on the wire, for tools that explain traffic.

use std::collections::VecDeque;

use crate::event::ChannelId;

/// Most records kept; older ones are lost.
const LIMIT: usize = 1 << 16;

/// Where a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A request of an X client.
    ToServer,
    /// A reply, event or error of an X server.
    ToClient,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// Its channel.
    pub channel: ChannelId,
    /// Where it went.
    pub direction: Direction,
    /// First byte: opcode of a request, 1 for a reply, 0 for an error, else the event.
    pub code: u8,
    /// Second byte: minor opcode of an extension's request.
    pub minor: u8,
    /// Size in X11, in bytes.
    pub x11: usize,
    /// Size in the payload, in bits, with the padding a raw copy needed.
    pub bits: usize,
}

/// The records of a session, if it keeps any.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    records: Option<VecDeque<Coded>>,
}

impl Trace {
    pub(crate) fn enable(&mut self) {
        self.records.get_or_insert_default();
    }

    pub(crate) fn pop(&mut self) -> Option<Coded> {
        self.records.as_mut()?.pop_front()
    }

    /// Notes a message before it is coded; `None` if no record is kept.
    pub(crate) fn begin(&self, channel: u8, direction: Direction, message: &[u8]) -> Option<Coded> {
        self.records.as_ref()?;
        Some(Coded {
            channel: ChannelId(channel),
            direction,
            code: message.first().copied().unwrap_or(0),
            minor: message.get(1).copied().unwrap_or(0),
            x11: message.len(),
            bits: 0,
        })
    }

    /// Keeps the record of a message that took so many bits.
    pub(crate) fn end(&mut self, record: Option<Coded>, bits: usize) {
        if let (Some(record), Some(records)) = (record, &mut self.records) {
            if records.len() == LIMIT {
                records.pop_front();
            }
            records.push_back(Coded { bits, ..record });
        }
    }
}
