//! Requests as they are read and messages as they grow, in the byte order of the client they are from or for: most of
//! them depend on their contents too much to be turned around as a whole.

use x11rb_protocol::x11_utils::Serialize;

use super::{DEVICE, number};
use crate::error::{Outcome, XError};

/// Reads a request's body from front to back.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    swapped: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8], swapped: bool) -> Self {
        Self { rest: body, swapped }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Outcome<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(XError::LENGTH)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(XError::LENGTH)?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(super) fn byte(&mut self) -> Outcome<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn half(&mut self) -> Outcome<u16> {
        let half = u16::from_ne_bytes(self.array()?);
        Ok(if self.swapped { half.swap_bytes() } else { half })
    }

    pub(super) fn word(&mut self) -> Outcome<u32> {
        let word = u32::from_ne_bytes(self.array()?);
        Ok(if self.swapped { word.swap_bytes() } else { word })
    }

    /// Goes on after bytes that mean nothing.
    pub(super) fn skip(&mut self, count: usize) -> Outcome {
        self.bytes(count).map(|_| ())
    }

    /// A list of bytes, filled up to a multiple of four.
    pub(super) fn padded(&mut self, count: usize) -> Outcome<&'a [u8]> {
        let bytes = self.bytes(count.next_multiple_of(4))?;
        Ok(bytes.get(..count).unwrap_or(bytes))
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// There is nothing more.
    pub(super) fn end(&self) -> Outcome {
        if self.rest.is_empty() { Ok(()) } else { Err(XError::LENGTH) }
    }
}

/// A reply or an event as it grows.
#[derive(Debug, Clone)]
pub(super) struct Message {
    bytes: Vec<u8>,
    swapped: bool,
}

impl Message {
    /// A reply about a device, up to byte 8.
    pub(super) fn reply(device: u8, swapped: bool) -> Self {
        Self { bytes: vec![1, device, 0, 0, 0, 0, 0, 0], swapped }
    }

    /// Part of a message.
    pub(super) fn part(swapped: bool) -> Self {
        Self { bytes: Vec::new(), swapped }
    }

    /// An event, up to its device; events are turned around when they are sent.
    pub(super) fn event(kind: usize, time: u32) -> Self {
        let start = Self { bytes: vec![number::XKEYBOARD_EVENT, kind as u8, 0, 0], swapped: false };
        start.long(time).bytes(&[DEVICE])
    }

    pub(super) fn is_swapped(&self) -> bool {
        self.swapped
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn short(self, value: u16) -> Self {
        let value = if self.swapped { value.swap_bytes() } else { value };
        self.bytes(&value.to_ne_bytes())
    }

    pub(super) fn long(self, value: u32) -> Self {
        let value = if self.swapped { value.swap_bytes() } else { value };
        self.bytes(&value.to_ne_bytes())
    }

    pub(super) fn longs(self, values: &[u32]) -> Self {
        values.iter().fold(self, |message, value| message.long(*value))
    }

    pub(super) fn padded(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    pub(super) fn filled(mut self, length: usize) -> Self {
        self.bytes.resize(self.bytes.len().max(length), 0);
        self
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A reply within another one: with its length, but without a number.
    pub(super) fn into_inner_reply(self, sequence: u16) -> Vec<u8> {
        let swapped = self.swapped;
        let mut bytes = self.padded().filled(32).bytes;
        let words = ((bytes.len() - 32) / 4) as u32;
        let words = if swapped { words.swap_bytes() } else { words };
        let sequence = if swapped { sequence.swap_bytes() } else { sequence };
        bytes[2..4].copy_from_slice(&sequence.to_ne_bytes());
        bytes[4..8].copy_from_slice(&words.to_ne_bytes());
        bytes
    }
}

impl Serialize for Message {
    type Bytes = Vec<u8>;

    fn serialize(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    fn serialize_into(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.bytes);
    }
}

/// What is wrong with a value, in the way of XKB's errors: a number for the place, and up to three bytes.
pub(super) fn fault(place: u8, what: u32) -> u32 {
    u32::from(place) << 24 | what & 0x00ff_ffff
}

pub(super) fn fault_of_two(place: u8, one: u32, two: u32) -> u32 {
    fault(place, one << 16 | two)
}

pub(super) fn fault_of_three(place: u8, one: u32, two: u32, three: u32) -> u32 {
    fault_of_two(place, one, two << 8 | three)
}

pub(super) fn bad_value(value: u32) -> XError {
    XError::value(value)
}

pub(super) fn bad_match(value: u32) -> XError {
    XError { value, ..XError::MATCH }
}

/// Values beside those that there are.
pub(super) fn check_legal(place: u8, mask: u32, legal: u32) -> Outcome {
    if mask & !legal == 0 { Ok(()) } else { Err(bad_value(fault(place, mask & !legal))) }
}

/// Values for what is not affected.
pub(super) fn check_affected(place: u8, affected: u32, values: u32) -> Outcome {
    if values & !affected == 0 { Ok(()) } else { Err(bad_match(fault(place, values & !affected))) }
}
