//! Cuts the byte stream of an X server into messages (X11 §1.2): setup reply, then replies, events, errors. And that
//! of an X client: setup, then requests. Messages may arrive in any pieces.

use super::cookie::setup_size;
use crate::coding::bits::MAX_MEMORY;
use crate::coding::pass::ByteOrder;

/// Bytes of one X stream that do not yet make a message.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    buffer: Vec<u8>,
    consumed: usize,
    /// Bytes still to come of a message that is thrown away.
    skip: usize,
}

/// A message of an X server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Complete, as it is.
    Whole(Vec<u8>),
    /// Longer than NX can carry: its first 32 bytes; the rest is thrown away as it comes.
    TooLong(Vec<u8>),
}

impl Splitter {
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        if self.skip > 0 {
            let n = self.skip.min(bytes.len());
            self.skip -= n;
            bytes = bytes.get(n..).unwrap_or_default();
        }
        if self.consumed > 0 {
            self.buffer.drain(..self.consumed);
            self.consumed = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn pending(&self) -> usize {
        self.buffer.len() - self.consumed
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.consumed..).unwrap_or_default()
    }

    fn take(&mut self, size: usize) -> Option<Vec<u8>> {
        let message = self.rest().get(..size)?.to_vec();
        self.consumed += size;
        Some(message)
    }

    /// The X server's answer to the setup.
    pub(crate) fn setup_reply(&mut self, order: ByteOrder) -> Option<Vec<u8>> {
        let head = self.rest().get(..8)?;
        self.take(8 + 4 * usize::from(order.u16(head, 6)))
    }

    /// A reply, event or error.
    pub(crate) fn server_message(&mut self, order: ByteOrder) -> Option<Message> {
        let head = self.rest().get(..32)?;
        let size = match head[0] & 0x7f {
            1 | 35 if head[0] == 1 || head[0] & 0x7f == 35 => 32_u64 + 4 * u64::from(order.u32(head, 4)),
            _ => 32,
        };
        if size <= MAX_MEMORY as u64 {
            return self.take(size as usize).map(Message::Whole);
        }
        let head = head.to_vec();
        let here = (self.pending() as u64).min(size) as usize;
        self.consumed += here;
        self.skip = (size - here as u64) as usize;
        Some(Message::TooLong(head))
    }

    /// An X client's connection setup.
    pub(crate) fn setup(&mut self) -> Option<Vec<u8>> {
        self.take(setup_size(self.rest())?)
    }

    /// An X client's request. A length field of 0 counts as 4 bytes: BIG-REQUESTS does not exist through NX
    /// (NX part 3 §2.5).
    /// It comes in the place of what is in `request`; false if there is none yet.
    pub(crate) fn request(&mut self, order: ByteOrder, request: &mut Vec<u8>) -> bool {
        let rest = self.rest();
        let size = rest.get(..4).map(|head| 4 * usize::from(order.u16(head, 2)).max(1));
        let Some(bytes) = size.and_then(|size| rest.get(..size)) else { return false };
        request.clear();
        request.extend_from_slice(bytes);
        self.consumed += request.len();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_cut_by_its_length_and_an_event_by_32() {
        let mut reply = vec![1; 40];
        reply[4..8].copy_from_slice(&2_u32.to_le_bytes());
        let event = vec![12; 32];
        let mut splitter = Splitter::default();
        for byte in reply.iter().chain(&event).take(71) {
            splitter.push(&[*byte]);
        }
        assert_eq!(splitter.server_message(ByteOrder::Lsb), Some(Message::Whole(reply)));
        assert_eq!(splitter.server_message(ByteOrder::Lsb), None);
        splitter.push(&[12]);
        assert_eq!(splitter.server_message(ByteOrder::Lsb), Some(Message::Whole(event)));
    }

    #[test]
    fn a_reply_that_nx_cannot_carry_is_skipped() {
        let mut head = vec![1; 32];
        head[4..8].copy_from_slice(&(2_u32 << 20).to_le_bytes());
        let mut splitter = Splitter::default();
        splitter.push(&head);
        assert_eq!(splitter.server_message(ByteOrder::Lsb), Some(Message::TooLong(head)));
        for _ in 0..8 {
            splitter.push(&vec![0xff; 1 << 20]);
        }
        splitter.push(&[12; 32]);
        assert_eq!(splitter.server_message(ByteOrder::Lsb), Some(Message::Whole(vec![12; 32])));
        assert_eq!(splitter.pending(), 0);
    }
}
