//! Channels that carry the bytes of another service (NX part 1 §3.6): printing, files, sound, web, fonts, helpers.

use std::collections::{BTreeMap, VecDeque};

use crate::coding::bits::{BitReader, BitWriter, MAX_MEMORY};
use crate::error::Error;
use crate::event::ChannelId;
use crate::link::control::{ChannelKind, Control, TokenClass};
use crate::link::engine::Engine;
use crate::link::handshake::Options;
use crate::link::tokens::Tokens;

/// Bytes per block; a frame holds several.
const BLOCK: usize = 64 << 10;

/// What the owner of a session has to do about tunnels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelEvent {
    /// The far side wants to reach a service of this kind: connect to it, or say that it is closed.
    Opened {
        /// The channel.
        channel: ChannelId,
        /// The service.
        kind: ChannelKind,
    },
    /// Bytes for the service.
    Data {
        /// The channel.
        channel: ChannelId,
        /// Any part of its byte stream.
        bytes: Vec<u8>,
    },
    /// Close the connection to the service.
    Closed(ChannelId),
}

/// The tunnels of a link, by channel number, and what the owner has not yet heard of them.
#[derive(Debug)]
pub(crate) struct Tunnels {
    /// Which side this is: the kinds it may open, and the numbers it uses, follow from that.
    at_display: bool,
    /// Kinds that the other side may open here.
    served: Vec<ChannelKind>,
    tokens: Tokens,
    /// True after our `finish`: what still arrives is thrown away.
    open: BTreeMap<u8, bool>,
    events: VecDeque<TunnelEvent>,
    bytes: usize,
}

impl Tunnels {
    pub(crate) fn new(at_display: bool, served: Vec<ChannelKind>, options: &Options) -> Self {
        let tokens = Tokens::new(TokenClass::Data, options);
        Self { at_display, served, tokens, open: BTreeMap::new(), events: VecDeque::new(), bytes: 0 }
    }

    /// The lowest number that this side may use for a channel and that no other channel has (NX part 1 §3.3).
    pub(crate) fn free_number(&self, taken: impl Fn(u8) -> bool) -> Option<u8> {
        let free = |n: &u8| self.is_own(*n) && !taken(*n) && !self.contains(*n);
        (0..=u8::MAX).find(free)
    }

    /// The display side uses the multiples of 8.
    fn is_own(&self, number: u8) -> bool {
        number.is_multiple_of(8) == self.at_display
    }

    /// Opens a tunnel to a service next to the far side. `None` if the far side does not serve that kind, and when all
    /// numbers of this side are in use.
    pub(crate) fn open(
        &mut self,
        kind: ChannelKind,
        taken: impl Fn(u8) -> bool,
        link: &mut Engine,
    ) -> Option<ChannelId> {
        if !may_open(kind, !self.at_display) {
            return None;
        }
        let number = self.free_number(taken)?;
        link.put_control(Control::New(kind), number);
        self.open.insert(number, false);
        Some(ChannelId(number))
    }

    /// The far side wants to reach a service here. It is dropped if that is not served, or if the number is wrong or that
    /// of another channel.
    pub(crate) fn accept(&mut self, kind: ChannelKind, number: u8, taken: bool, link: &mut Engine) {
        let served = may_open(kind, self.at_display) && self.served.contains(&kind);
        if taken || self.contains(number) || !served || self.is_own(number) {
            link.put_control(Control::Drop, number);
            return;
        }
        self.open.insert(number, false);
        self.events.push_back(TunnelEvent::Opened { channel: ChannelId(number), kind });
    }

    /// Sends what the service behind a tunnel wrote, with the tokens it costs in front. Nothing happens for a tunnel that
    /// is not open.
    pub(crate) fn write(&mut self, channel: ChannelId, bytes: &[u8], link: &mut Engine) {
        if !self.is_open(channel.0) || bytes.is_empty() {
            return;
        }
        let payload = encode(bytes);
        if let Some(count) = self.tokens.charge(payload.len()) {
            link.put_control(Control::TokenRequest(TokenClass::Data), count);
        }
        link.put_data(channel.0, &payload);
    }

    /// False while the tokens are used up.
    pub(crate) fn wants_bytes(&self) -> bool {
        self.tokens.left()
    }

    /// The far side gave tokens back.
    pub(crate) fn returned(&mut self, count: u8) -> Result<(), Error> {
        self.tokens.returned(count)
    }

    /// The service behind a tunnel closed its connection, or cannot be reached.
    pub(crate) fn closed(&mut self, channel: ChannelId, link: &mut Engine) {
        if self.finish(channel.0) {
            link.put_control(Control::Finish, channel.0);
        }
    }

    pub(crate) fn contains(&self, number: u8) -> bool {
        self.open.contains_key(&number)
    }

    /// True if the tunnel is open at our end.
    fn is_open(&self, number: u8) -> bool {
        self.open.get(&number) == Some(&false)
    }

    /// Takes a payload of a tunnel.
    pub(crate) fn data(&mut self, number: u8, payload: &[u8]) -> Result<(), Error> {
        let bytes = decode(payload)?;
        if self.is_open(number) && !bytes.is_empty() {
            self.bytes += bytes.len();
            self.events.push_back(TunnelEvent::Data { channel: ChannelId(number), bytes });
        }
        Ok(())
    }

    /// Our end is closed; false if it was not open.
    fn finish(&mut self, number: u8) -> bool {
        self.open.get_mut(&number).is_some_and(|finishing| !std::mem::replace(finishing, true))
    }

    /// The far side released a tunnel.
    pub(crate) fn remove(&mut self, number: u8) {
        if self.open.remove(&number) == Some(false) {
            self.events.push_back(TunnelEvent::Closed(ChannelId(number)));
        }
    }

    /// Our side ends all tunnels and says so.
    pub(crate) fn close_all(&mut self, link: &mut Engine) {
        for number in self.finish_all() {
            link.put_control(Control::Finish, number);
        }
    }

    /// The end of all tunnels; the numbers of those that were open.
    pub(crate) fn finish_all(&mut self) -> Vec<u8> {
        let open: Vec<u8> = self.open.keys().copied().filter(|n| self.is_open(*n)).collect();
        for number in &open {
            self.finish(*number);
            self.events.push_back(TunnelEvent::Closed(ChannelId(*number)));
        }
        open
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn poll(&mut self) -> Option<TunnelEvent> {
        let event = self.events.pop_front();
        if let Some(TunnelEvent::Data { bytes, .. }) = &event {
            self.bytes -= bytes.len();
        }
        event
    }

    /// Bytes that wait for the owner.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// True for the kinds that this module carries and the other side may open here. The display side alone opens fonts.
fn may_open(kind: ChannelKind, at_display: bool) -> bool {
    match kind {
        ChannelKind::X11 | ChannelKind::Aux => false,
        ChannelKind::Cups | ChannelKind::Smb | ChannelKind::Media | ChannelKind::Http => at_display,
        ChannelKind::Font => !at_display,
        ChannelKind::Slave => true,
    }
}

/// The payload that carries `bytes`.
fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut writer = BitWriter::default();
    for block in bytes.chunks(BLOCK) {
        writer.value(block.len() as u32, 32, 14);
        writer.memory(block);
    }
    writer.value(0, 32, 14);
    writer.take()
}

/// The bytes a payload carries.
fn decode(payload: &[u8]) -> Result<Vec<u8>, Error> {
    let mut reader = BitReader::new(payload, 0);
    let mut bytes = Vec::new();
    loop {
        let n = reader.value(32, 14)? as usize;
        if n == 0 {
            return Ok(bytes);
        }
        if n > MAX_MEMORY {
            return Err(Error::MessageSize { size: n, min: 0, max: MAX_MEMORY });
        }
        bytes.extend_from_slice(reader.memory(n)?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_greeting_is_carried() {
        let payload = [0xa0, 0, b'h', b'e', b'l', b'l', b'o', 0, 0];
        assert_eq!(encode(b"hello"), payload);
        assert_eq!(decode(&payload), Ok(b"hello".to_vec()));
    }

    #[test]
    fn much_is_carried_in_several_blocks() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i / 7) as u8).collect();
        assert_eq!(decode(&encode(&bytes)), Ok(bytes));
    }

    #[test]
    fn a_tunnel_payload_without_an_end_is_refused() {
        assert!(decode(&[0xa0, 0, b'h']).is_err());
    }
}
