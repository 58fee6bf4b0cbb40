//! The byte side of a link, for either role: words while the handshake lasts, then items, through zlib where that was
//! agreed. It decides nothing; [`Display`](crate::Display) does.

use std::time::{Duration, Instant};

use super::control::Control;
use super::frame::{self, Item, Parser};
use super::stream::{Deflater, Inflater};
use crate::error::Error;

/// Inflated bytes made at a time.
const INFLATE_STEP: usize = 64 << 10;
/// The handshake must be finished by then (NX part 1 §2.8).
pub(crate) const HANDSHAKE_LIMIT: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Engine {
    /// Handshake bytes not yet made into words.
    words: Vec<u8>,
    running: bool,
    inflater: Option<Inflater>,
    deflater: Option<Deflater>,
    parser: Parser,
    /// Bytes ready for the link.
    ready: Vec<u8>,
    /// Items not yet compressed.
    items: Vec<u8>,
    /// The channel our data items belong to at present.
    current: Option<u8>,
    pub(crate) started: Instant,
    pub(crate) last_input: Instant,
    pub(crate) last_output: Instant,
    pub(crate) last_ping: Instant,
}

impl Engine {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            words: Vec::new(),
            running: false,
            inflater: None,
            deflater: None,
            parser: Parser::default(),
            ready: Vec::new(),
            items: Vec::new(),
            current: None,
            started: now,
            last_input: now,
            last_output: now,
            last_ping: now,
        }
    }

    /// Takes bytes from the link.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Instant) {
        if bytes.is_empty() {
            return;
        }
        self.last_input = now;
        match (self.running, &mut self.inflater) {
            (false, _) => self.words.extend_from_slice(bytes),
            (true, Some(inflater)) => inflater.push(bytes),
            (true, None) => self.parser.push(bytes),
        }
    }

    /// Bytes taken from the link and not yet processed.
    pub(crate) fn unprocessed(&self) -> usize {
        self.words.len() + self.parser.pending() + self.inflater.as_ref().map_or(0, Inflater::pending)
    }

    /// The next handshake word, without its space.
    pub(crate) fn next_word(&mut self, limit: usize) -> Result<Option<String>, Error> {
        let Some(space) = self.words.iter().take(limit).position(|b| *b == b' ') else {
            return if self.words.len() >= limit { Err(Error::WordTooLong { limit }) } else { Ok(None) };
        };
        let word = self.words.drain(..=space).take(space);
        Ok(Some(word.map(|b| if b.is_ascii_graphic() { char::from(b) } else { '?' }).collect()))
    }

    pub(crate) fn put_word(&mut self, word: &str) {
        self.ready.extend_from_slice(word.as_bytes());
    }

    /// Ends the handshake: what follows is binary in both directions. Levels of 0 mean "not compressed".
    pub(crate) fn start(&mut self, level_in: u8, level_out: u8) {
        self.running = true;
        self.inflater = (level_in > 0).then(Inflater::new);
        self.deflater = (level_out > 0).then(|| Deflater::new(level_out));
        let rest = std::mem::take(&mut self.words);
        match &mut self.inflater {
            Some(inflater) => inflater.push(&rest),
            None => self.parser.push(&rest),
        }
    }

    /// The next complete item.
    pub(crate) fn next_item(&mut self) -> Result<Option<Item>, Error> {
        loop {
            if let Some(item) = self.parser.next()? {
                return Ok(Some(item));
            }
            let Some(inflater) = &mut self.inflater else { return Ok(None) };
            if !inflater.step(self.parser.room(INFLATE_STEP))? {
                return Ok(None);
            }
        }
    }

    pub(crate) fn put_control(&mut self, control: Control, arg: u8) {
        frame::put_control(&mut self.items, control, arg);
        if control == Control::Drop && self.current == Some(arg) {
            self.current = None;
        }
    }

    /// Sends a payload (without postfix byte) on a channel; an empty one is nothing.
    pub(crate) fn put_data(&mut self, channel: u8, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        if self.current != Some(channel) {
            self.put_control(Control::Switch, channel);
            self.current = Some(channel);
        }
        frame::put_data(&mut self.items, payload);
    }

    /// Sends a payload that belongs to no channel.
    pub(crate) fn put_statistics(&mut self, payload: &[u8]) {
        frame::put_data(&mut self.items, payload);
    }

    /// Bytes waiting to be transmitted, before compression.
    pub(crate) fn pending_output(&self) -> usize {
        self.ready.len() + self.items.len()
    }

    /// All bytes that can go on the link now.
    pub(crate) fn transmit(&mut self, now: Instant) -> Result<Vec<u8>, Error> {
        if !self.items.is_empty() {
            match &mut self.deflater {
                Some(deflater) => {
                    deflater.write(&self.items, &mut self.ready)?;
                    self.items.clear();
                }
                None => self.ready.append(&mut self.items),
            }
        }
        if !self.ready.is_empty() {
            self.last_output = now;
        }
        Ok(std::mem::take(&mut self.ready))
    }

    /// Throws away what was not transmitted.
    pub(crate) fn discard_output(&mut self) {
        self.ready.clear();
        self.items.clear();
    }
}
