//! One X11 channel at the display side: requests become X11, the X server's output becomes coded messages.

use super::Config;
use crate::channel::{Channel, Stage};
use crate::coding::bits::BitWriter;
use crate::coding::coder::{Coder, Decoder, Encoder};
use crate::coding::pass::at16;
use crate::error::Error;
use crate::reply::{ReplyCodec, SPLIT_REPORT};
use crate::request::core::QUERY_EXTENSION;
use crate::request::{Opcodes, RequestCodec, is_never_raw};
use crate::substitute::{Substitutes, learn};
use crate::trace::{Direction, Trace};
use crate::x11::cookie::setup_size;
use crate::x11::expect::is_typed;
use crate::x11::split::Message;

const MOTION_NOTIFY: u8 = 6;
const GENERIC_EVENT: u8 = 35;
const BAD_ALLOC: u8 = 11;

/// What the display side keeps of a channel.
#[derive(Debug, Default)]
pub struct ServerSide {
    substitutes: Substitutes,
    held_motion: Option<Vec<u8>>,
    /// The request at hand, kept for its allocation.
    message: Vec<u8>,
}

impl Channel<ServerSide> {
    /// True once the X client's connection setup has passed.
    pub(super) fn setup_seen(&self) -> bool {
        self.stage != Stage::Fresh
    }

    /// Decodes the connection setup (NX part 3 §2.2). False if it must be refused.
    pub(super) fn decode_setup(
        &mut self,
        decoder: &mut Decoder,
        config: &Config,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let size = decoder.value(0, 8, 0)?;
        let mut setup = Vec::with_capacity(size as usize);
        for _ in 0..size {
            setup.push(decoder.value(0, 8, 0)? as u8);
        }
        if setup_size(&setup) != Some(setup.len()) {
            let (size, max) = (setup.len(), usize::from(u8::MAX));
            return Err(Error::MessageSize { size, min: setup_size(&setup).unwrap_or(12), max });
        }
        self.set_up(&setup);
        self.side.substitutes.order = self.order();
        let accepted =
            config.cookie.as_ref().is_none_or(|c| c.replace_in(&mut setup, config.x11_cookie.as_ref()));
        if accepted {
            out.append(&mut setup);
        }
        Ok(accepted)
    }

    /// Decodes the request at `position`, appends what the X server must see instead, and returns the position of
    /// the next request.
    pub(super) fn decode_request(
        &mut self,
        payload: &[u8],
        position: usize,
        codec: &mut RequestCodec,
        out: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let mut request = std::mem::take(&mut self.side.message);
        let position = codec.decode(payload, position, &mut self.requests, &mut request)?;
        self.sequence = self.sequence.wrapping_add(1);
        let opcode = request.first().copied().unwrap_or(0);
        let awaited = self.side.substitutes.execute(&request, out);
        // Without differential coding only the replies that keep their own form are awaited.
        if let Some((opcode, data)) = awaited
            .or((is_typed(opcode)).then_some((opcode, [0; 3])))
            .filter(|(o, _)| codec.delta() || is_never_raw(*o))
        {
            self.replies.expected.push(self.sequence, opcode, data);
        }
        self.side.message = request;
        Ok(position)
    }

    /// The request decoded last, as the X client made it.
    pub(super) fn last_request(&self) -> &[u8] {
        &self.side.message
    }

    /// Codes all complete messages of the X server. True if a pointer motion is being held.
    pub(super) fn encode_server(
        &mut self,
        number: u8,
        writer: &mut BitWriter,
        codec: &mut ReplyCodec,
        opcodes: &mut Opcodes,
        trace: &mut Trace,
    ) -> Result<bool, Error> {
        let order = self.order();
        if self.stage == Stage::Fresh {
            return Err(Error::X11 { channel: number, what: "the X server spoke before the X client" });
        }
        if self.stage == Stage::Setup {
            let Some(mut setup) = self.from_x.setup_reply(order) else { return Ok(false) };
            self.stage = Stage::Answered;
            self.side.substitutes.setup_answered(&setup);
            codec.setup(&mut Encoder(writer), order, &mut setup)?;
        }
        while let Some(message) = self.from_x.server_message(order) {
            match message {
                Message::Whole(message) => {
                    let start = writer.bit_len();
                    let record = trace.begin(number, Direction::ToClient, &message);
                    self.encode_message(message, writer, codec, opcodes)?;
                    trace.end(record, writer.bit_len() - start);
                }
                // A reply longer than NX can carry becomes an error, an event has no meaning without its tail.
                Message::TooLong(head) if head.first() == Some(&1) => {
                    let mut error = vec![0; 32];
                    error[1] = BAD_ALLOC;
                    order.set(&mut error, at16(2), order.u16(&head, 2).into());
                    self.encode_message(error, writer, codec, opcodes)?;
                }
                Message::TooLong(_) => {}
            }
        }
        Ok(self.side.held_motion.is_some())
    }

    fn encode_message(
        &mut self,
        mut message: Vec<u8>,
        writer: &mut BitWriter,
        codec: &mut ReplyCodec,
        opcodes: &mut Opcodes,
    ) -> Result<(), Error> {
        let first = message.first().copied().unwrap_or(0);
        match first {
            _ if !self.side.substitutes.wants(first) => return Ok(()),
            MOTION_NOTIFY => {
                self.side.held_motion = Some(message);
                return Ok(());
            }
            // Nor has it for such an event, whose code is that of a report of the display side (NX part 4 §5.8).
            SPLIT_REPORT => return Ok(()),
            // The wire has no room for a tail, and an event without it has no meaning.
            _ if first & 0x7f == GENERIC_EVENT && message.len() > 32 => return Ok(()),
            1 => {}
            _ => self.release_motion(writer, codec)?,
        }
        if first != 1 {
            codec.encode(writer, &mut self.replies, &mut message)?;
            return Ok(());
        }
        let sequence = self.order().u16(&message, 2);
        let expected = self.replies.expected.head(sequence);
        if let Some(expected) = expected {
            self.side.substitutes.answer((expected.opcode, expected.data), &mut message);
        }
        codec.encode(writer, &mut self.replies, &mut message)?;
        if let Some(expected) = expected.filter(|e| e.opcode == QUERY_EXTENSION) {
            learn(expected.data, &message, opcodes);
        }
        Ok(())
    }

    /// Codes the motion that was held back, if there is one.
    pub(super) fn release_motion(
        &mut self,
        writer: &mut BitWriter,
        codec: &mut ReplyCodec,
    ) -> Result<(), Error> {
        if let Some(mut motion) = self.side.held_motion.take() {
            let order = self.order();
            // A reply may have overtaken it; its number must not go back (modulo 2^16).
            let behind = order.u16(&motion, 2).wrapping_sub(self.replies.sequence as u16);
            if behind >= 0x8000 {
                order.set(&mut motion, at16(2), self.replies.sequence);
            }
            codec.encode(writer, &mut self.replies, &mut motion)?;
        }
        Ok(())
    }
}
