//! One X11 channel at the display side: requests become X11, the X server's output becomes coded messages.

use super::Config;
use crate::coding::bits::BitWriter;
use crate::coding::coder::{Coder, Decoder, Encoder};
use crate::coding::pass::{ByteOrder, at16};
use crate::error::Error;
use crate::reply::nx::PACK_METHODS;
use crate::reply::{ReplyCodec, ReplyState};
use crate::request::core::{ALLOC_COLOR, GET_INPUT_FOCUS, LIST_EXTENSIONS, NO_OPERATION, QUERY_EXTENSION};
use crate::request::{Opcodes, RequestCodec, nx};
use crate::x11::cookie::setup_size;
use crate::x11::expect::is_typed;
use crate::x11::split::{Message, Splitter};

const MOTION_NOTIFY: u8 = 6;
const GENERIC_EVENT: u8 = 35;
const BAD_ALLOC: u8 = 11;

/// Extensions that must not be seen through NX, by the beginning of their names (NX part 4 §4.4).
const HIDDEN: [&[u8]; 3] = [b"MIT-SHM", b"BIG-REQUESTS", b"XFree86-Bigfont"];
/// How a query for an extension is remembered.
const SHAPE: u16 = 128;
const RENDER: u16 = 129;

/// Which exposure events the far X client wants (NX part 5 §A.5), by event code 12, 13, 14.
#[derive(Debug)]
struct Exposures([bool; 3]);

/// How far the connection setup has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    /// The X client's setup has passed.
    Setup,
    /// The X server's answer has passed.
    Answered,
}

/// State of one X11 channel.
#[derive(Debug)]
pub(super) struct Channel {
    stage: Stage,
    finishing: bool,
    pub(super) congested: bool,
    /// Requests so far, modulo 2^16.
    sequence: u16,
    delta: bool,
    replies: ReplyState,
    exposures: Exposures,
    pub(super) from_server: Splitter,
    held_motion: Option<Vec<u8>>,
    /// The request at hand, kept for its allocation.
    message: Vec<u8>,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            stage: Stage::Fresh,
            finishing: false,
            congested: false,
            sequence: 0,
            delta: false,
            replies: ReplyState::default(),
            exposures: Exposures([true; 3]),
            from_server: Splitter::default(),
            held_motion: None,
            message: Vec::new(),
        }
    }
}

impl Channel {
    /// True after our `finish`: what still arrives is decoded and thrown away.
    pub(super) fn finishing(&self) -> bool {
        self.finishing
    }

    /// True once the X client's connection setup has passed.
    pub(super) fn setup_seen(&self) -> bool {
        self.stage != Stage::Fresh
    }

    pub(super) fn set_finishing(&mut self) {
        self.finishing = true;
        self.from_server = Splitter::default();
        self.held_motion = None;
    }

    fn order(&self) -> ByteOrder {
        self.replies.order
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
        self.stage = Stage::Setup;
        self.replies.order = ByteOrder::announced_by(setup.first().copied().unwrap_or(0));
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
        let mut request = std::mem::take(&mut self.message);
        let position = codec.decode(payload, position, self.order(), &mut request)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.delta = codec.delta();
        self.execute(&request, out);
        self.message = request;
        Ok(position)
    }

    /// Writes exactly one X request (NX part 4 §7).
    fn execute(&mut self, request: &[u8], out: &mut Vec<u8>) {
        let order = self.order();
        let opcode = request.first().copied().unwrap_or(0);
        let expected = &mut self.replies.expected;
        match opcode {
            nx::GET_UNPACK_PARAMETERS | nx::GET_FONT_PARAMETERS => {
                expected.push(self.sequence, opcode, [0; 3]);
                put_request(out, order, GET_INPUT_FOCUS, &[]);
            }
            nx::GET_SHMEM_PARAMETERS => match request.get(1) {
                Some(0) => {
                    expected.push(self.sequence, opcode, [0; 3]);
                    let mut body = Vec::from([7, 0, 0, 0]);
                    if order == ByteOrder::Msb {
                        body.swap(0, 1);
                    }
                    body.extend_from_slice(b"NO-MIT-\0");
                    put_request(out, order, QUERY_EXTENSION, &body);
                }
                Some(2) => {
                    expected.push(self.sequence, opcode, [2, 0, 0]);
                    put_request(out, order, GET_INPUT_FOCUS, &[]);
                }
                _ => put_request(out, order, NO_OPERATION, &[]),
            },
            nx::SET_EXPOSE_PARAMETERS => {
                for (wanted, flag) in self.exposures.0.iter_mut().zip(request.iter().skip(4)) {
                    *wanted = *flag != 0;
                }
                put_request(out, order, NO_OPERATION, &[]);
            }
            _ if nx::is_coded(opcode) => put_request(out, order, NO_OPERATION, &[]),
            QUERY_EXTENSION => {
                let n = usize::from(order.u16(request, 4));
                let name = request.get(8..).map_or(&[][..], |r| r.get(..n).unwrap_or(r));
                let hidden = HIDDEN.iter().any(|h| name.starts_with(h));
                let known = if name.starts_with(b"SHAPE") {
                    SHAPE
                } else if name.starts_with(b"RENDER") {
                    RENDER
                } else {
                    0
                };
                expected.push(self.sequence, opcode, [hidden.into(), known, 0]);
                out.extend_from_slice(request);
            }
            LIST_EXTENSIONS => {
                expected.push(self.sequence, opcode, [0; 3]);
                out.extend_from_slice(request);
            }
            _ => {
                if self.delta && is_typed(opcode) {
                    let data = match opcode {
                        ALLOC_COLOR => [8, 10, 12].map(|o| order.u16(request, o)),
                        _ => [0; 3],
                    };
                    expected.push(self.sequence, opcode, data);
                }
                out.extend_from_slice(request);
            }
        }
    }

    /// Codes all complete messages of the X server. True if a pointer motion is being held.
    pub(super) fn encode_server(
        &mut self,
        number: u8,
        writer: &mut BitWriter,
        codec: &mut ReplyCodec,
        opcodes: &mut Opcodes,
    ) -> Result<bool, Error> {
        let order = self.order();
        if self.stage == Stage::Fresh {
            return Err(Error::X11 { channel: number, what: "the X server spoke before the X client" });
        }
        if self.stage == Stage::Setup {
            let Some(mut setup) = self.from_server.setup_reply(order) else { return Ok(false) };
            self.stage = Stage::Answered;
            codec.setup(&mut Encoder(writer), order, &mut setup)?;
        }
        while let Some(message) = self.from_server.server_message(order) {
            match message {
                Message::Whole(message) => self.encode_message(message, writer, codec, opcodes)?,
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
        Ok(self.held_motion.is_some())
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
            12..=14 if !self.exposures.0[usize::from(first - 12)] => return Ok(()),
            MOTION_NOTIFY => {
                self.held_motion = Some(message);
                return Ok(());
            }
            // The wire has no room for a tail, and an event without it has no meaning.
            _ if first & 0x7f == GENERIC_EVENT && message.len() > 32 => return Ok(()),
            1 => {}
            _ => self.release_motion(writer, codec)?,
        }
        if first != 1 {
            codec.encode(writer, &mut self.replies, &mut message)?;
            return Ok(());
        }
        let order = self.order();
        let sequence = order.u16(&message, 2);
        let known = match self.replies.expected.head(sequence) {
            Some(expected) if expected.opcode == QUERY_EXTENSION => {
                let [hidden, known, _] = expected.data;
                if hidden != 0
                    && let Some(answer) = message.get_mut(8..10)
                {
                    answer.fill(0);
                }
                known
            }
            Some(expected) if expected.opcode == LIST_EXTENSIONS => {
                hide_extensions(&mut message);
                0
            }
            Some(expected) if expected.opcode >= nx::GET_CONTROL_PARAMETERS => {
                message = own_reply(expected.opcode, expected.data[0]);
                order.set(&mut message, at16(2), sequence.into());
                0
            }
            _ => 0,
        };
        codec.encode(writer, &mut self.replies, &mut message)?;
        let major = message.get(9).copied().unwrap_or(0);
        match known {
            SHAPE => opcodes.shape = major,
            RENDER => opcodes.render = major,
            _ => {}
        }
        Ok(())
    }

    /// Codes the motion that was held back, if there is one.
    pub(super) fn release_motion(
        &mut self,
        writer: &mut BitWriter,
        codec: &mut ReplyCodec,
    ) -> Result<(), Error> {
        if let Some(mut motion) = self.held_motion.take() {
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

/// A request of the display side's own making.
fn put_request(out: &mut Vec<u8>, order: ByteOrder, opcode: u8, body: &[u8]) {
    let mut head = [opcode, 0, 0, 0];
    order.set(&mut head, at16(2), (1 + body.len() / 4) as u32);
    out.extend_from_slice(&head);
    out.extend_from_slice(body);
}

/// The reply to an NX request, as far as this side makes it up. Only the sequence number is missing.
fn own_reply(opcode: u8, stage: u16) -> Vec<u8> {
    match opcode {
        nx::GET_UNPACK_PARAMETERS => {
            let mut reply = vec![0; 32 + PACK_METHODS];
            reply[0] = 1;
            reply
        }
        nx::GET_FONT_PARAMETERS => {
            let mut reply = vec![0; 36];
            reply[0] = 1;
            reply
        }
        // No shared memory.
        _ => {
            let mut reply = vec![0; 32];
            reply[0] = 1;
            reply[1] = stage as u8;
            reply
        }
    }
}

/// Makes the names of hidden extensions unrecognisable in the answer to `ListExtensions`.
fn hide_extensions(message: &mut [u8]) {
    let names = message.get(1).copied().unwrap_or(0);
    let mut at = 32;
    for _ in 0..names {
        let Some(n) = message.get(at).map(|n| usize::from(*n)) else { return };
        if let Some(name) = message.get_mut(at + 1..at + 1 + n)
            && HIDDEN.iter().any(|h| name.starts_with(h))
            && let Some(start) = name.get_mut(..3)
        {
            start.copy_from_slice(b"NO-");
        }
        at += 1 + n;
    }
}
