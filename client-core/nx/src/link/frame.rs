//! Items of the binary stream (NX part 1 §3): control items of three bytes, data items with a length in front.

use super::control::Control;
use crate::error::Error;

/// Longest data item accepted, in bytes. The largest legal message is a 4 MiB reply; a frame of the reference peer
/// ends with the loop pass that filled it, so a few of them can share one.
pub const MAX_FRAME: usize = 16 << 20;

/// One item of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Control(Control, u8),
    /// A payload without its postfix byte.
    Data(Vec<u8>),
}

/// Cuts a byte stream into items. Nothing is allocated because of an announced length: the buffer grows with the
/// bytes that really arrive.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    buffer: Vec<u8>,
    /// Bytes of `buffer` already handed out.
    consumed: usize,
}

impl Parser {
    /// Bytes waiting for the rest of their item, or to be asked for.
    pub(crate) fn pending(&self) -> usize {
        self.buffer.len() - self.consumed
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.room(0).extend_from_slice(bytes);
    }

    /// The buffer, to append `n` more bytes.
    pub(crate) fn room(&mut self, n: usize) -> &mut Vec<u8> {
        if self.consumed > 0 && (self.consumed == self.buffer.len() || self.consumed > 64 << 10) {
            self.buffer.drain(..self.consumed);
            self.consumed = 0;
        }
        self.buffer.reserve(n);
        &mut self.buffer
    }

    /// The next complete item.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, Error> {
        let Some(bytes) = self.buffer.get(self.consumed..) else { return Ok(None) };
        let mut length = 0_u64;
        let mut header = 0;
        loop {
            let Some(byte) = bytes.get(header) else {
                return Ok(None);
            };
            header += 1;
            length = length << 7 | u64::from(byte & 0x7f);
            if length > MAX_FRAME as u64 || header > 5 {
                return Err(Error::FrameTooLong { announced: length, limit: MAX_FRAME });
            }
            if byte & 0x80 == 0 {
                break;
            }
        }
        if length == 0 {
            let [code, arg] = *bytes.get(header..).unwrap_or_default().first_chunk().unwrap_or(&[0, 0]);
            if bytes.len() < header + 2 {
                return Ok(None);
            }
            self.consumed += header + 2;
            return Ok(Some(Item::Control(Control::from(code), arg)));
        }
        let end = header + length as usize;
        // The last byte of every payload has no meaning.
        let Some(payload) = bytes.get(header..end - 1).filter(|_| bytes.len() >= end) else {
            return Ok(None);
        };
        let item = Item::Data(payload.to_vec());
        self.consumed += end;
        Ok(Some(item))
    }
}

/// Appends a control item.
pub(crate) fn put_control(out: &mut Vec<u8>, control: Control, arg: u8) {
    out.extend_from_slice(&[0, control.code(), arg]);
}

/// Appends a data item with `payload` and a postfix byte of 0. An empty payload would read as a control item and
/// must not be sent.
pub(crate) fn put_data(out: &mut Vec<u8>, payload: &[u8]) {
    let length = payload.len() + 1;
    for shift in [28, 21, 14, 7] {
        if length >> shift != 0 {
            out.push((length >> shift) as u8 | 0x80);
        }
    }
    out.push(length as u8 & 0x7f);
    out.extend_from_slice(payload);
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_the_page_lists_them() {
        for (length, expected) in
            [(14, &[0x0e][..]), (773, &[0x86, 5]), (9558, &[0xca, 0x56]), (65606, &[0x84, 0x80, 0x46])]
        {
            let mut out = Vec::new();
            put_data(&mut out, &vec![7; length - 1]);
            assert_eq!(&out[..expected.len()], expected);
            let mut parser = Parser::default();
            for byte in &out[..out.len() - 1] {
                parser.push(&[*byte]);
                assert_eq!(parser.next(), Ok(None));
            }
            parser.push(&out[out.len() - 1..]);
            assert_eq!(parser.next(), Ok(Some(Item::Data(vec![7; length - 1]))));
            assert_eq!(parser.pending(), 0);
        }
    }

    #[test]
    fn a_frame_of_four_gigabytes_is_refused_before_it_arrives() {
        let mut parser = Parser::default();
        parser.push(&[0x90, 0x80, 0x80, 0x80, 0x00]);
        assert!(matches!(parser.next(), Err(Error::FrameTooLong { .. })));
    }

    #[test]
    fn control_items_are_three_bytes() {
        let mut parser = Parser::default();
        parser.push(&[0, 20]);
        assert_eq!(parser.next(), Ok(None));
        parser.push(&[1, 0, 18, 0]);
        let class = super::super::control::TokenClass::Control;
        assert_eq!(parser.next(), Ok(Some(Item::Control(Control::TokenRequest(class), 1))));
        assert_eq!(parser.next(), Ok(Some(Item::Control(Control::Shutdown, 0))));
        assert_eq!(parser.next(), Ok(None));
    }
}
