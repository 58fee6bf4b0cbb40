//! What an X server sees instead of the NX requests, and what their replies are (NX part 4 §6 and §7, part 5 §A).
//!
//! The rule that keeps both ends in step: every request becomes exactly one request. Where an answer is due the
//! substitute is one that is answered, and its answer is replaced by ours.

use crate::coding::pass::{ByteOrder, at16};
use crate::reply::nx::PACK_METHODS;
use crate::request::core::{ALLOC_COLOR, GET_INPUT_FOCUS, LIST_EXTENSIONS, NO_OPERATION, QUERY_EXTENSION};
use crate::request::{Opcodes, nx};
use crate::unpack::{Unpacker, offers};

/// Extensions that must not be seen through NX, by the beginning of their names (NX part 4 §4.4).
const HIDDEN: [&[u8]; 3] = [b"MIT-SHM", b"BIG-REQUESTS", b"XFree86-Bigfont"];
/// How a query for an extension is remembered.
const SHAPE: u16 = 128;
const RENDER: u16 = 129;

/// The display end of the NX requests of one X connection.
#[derive(Debug)]
pub(crate) struct Substitutes {
    pub(crate) order: ByteOrder,
    /// Which exposure events the X client wants, by event code 12, 13, 14 (`SetExposeParameters`).
    exposures: [bool; 3],
    unpacker: Unpacker,
}

/// A reply that must be awaited: the opcode its layout belongs to, and what it needs to know of the request.
pub(crate) type Awaited = (u8, [u16; 3]);

impl Default for Substitutes {
    fn default() -> Self {
        Self { order: ByteOrder::default(), exposures: [true; 3], unpacker: Unpacker::default() }
    }
}

impl Substitutes {
    /// Learns from the X server's answer to the connection setup.
    pub(crate) fn setup_answered(&mut self, reply: &[u8]) {
        if let [1, ..] = reply
            && reply.get(30) == Some(&1)
        {
            self.unpacker.image_order = ByteOrder::Msb;
        }
    }

    /// Appends exactly one X request that stands for `request`.
    pub(crate) fn execute(&mut self, request: &[u8], out: &mut Vec<u8>) -> Option<Awaited> {
        let order = self.order;
        let opcode = request.first().copied().unwrap_or(0);
        match opcode {
            nx::GET_UNPACK_PARAMETERS | nx::GET_FONT_PARAMETERS => {
                put_request(out, order, GET_INPUT_FOCUS, &[]);
                return Some((opcode, [0; 3]));
            }
            nx::GET_SHMEM_PARAMETERS => match request.get(1) {
                Some(0) => {
                    let mut body = Vec::from([0; 4]);
                    order.set(&mut body, at16(0), 7);
                    body.extend_from_slice(b"NO-MIT-\0");
                    put_request(out, order, QUERY_EXTENSION, &body);
                    return Some((opcode, [0; 3]));
                }
                Some(2) => {
                    put_request(out, order, GET_INPUT_FOCUS, &[]);
                    return Some((opcode, [2, 0, 0]));
                }
                _ => put_request(out, order, NO_OPERATION, &[]),
            },
            nx::PUT_PACKED_IMAGE => {
                if !self.unpacker.put_image(order, request, out) {
                    put_request(out, order, NO_OPERATION, &[]);
                }
            }
            _ if nx::is_coded(opcode) => {
                match opcode {
                    nx::SET_EXPOSE_PARAMETERS => {
                        for (wanted, flag) in self.exposures.iter_mut().zip(request.iter().skip(4)) {
                            *wanted = *flag != 0;
                        }
                    }
                    nx::SET_UNPACK_GEOMETRY => self.unpacker.set_geometry(order, request),
                    nx::SET_UNPACK_ALPHA => self.unpacker.set_alpha(order, request),
                    nx::FREE_UNPACK => self.unpacker.free(request),
                    _ => {}
                }
                put_request(out, order, NO_OPERATION, &[]);
            }
            QUERY_EXTENSION => {
                out.extend_from_slice(request);
                return Some((opcode, extension_asked(order, request)));
            }
            LIST_EXTENSIONS => {
                out.extend_from_slice(request);
                return Some((opcode, [0; 3]));
            }
            ALLOC_COLOR => {
                out.extend_from_slice(request);
                return Some((opcode, [8, 10, 12].map(|at| order.u16(request, at))));
            }
            _ => out.extend_from_slice(request),
        }
        None
    }

    /// False for an exposure event that the X client has no use for.
    pub(crate) fn wants(&self, event: u8) -> bool {
        match event {
            12..=14 => self.exposures.get(usize::from(event - 12)).copied().unwrap_or(true),
            _ => true,
        }
    }

    /// Turns the X server's reply into what the X client must get for the request it made.
    pub(crate) fn answer(&self, awaited: Awaited, reply: &mut Vec<u8>) {
        let (opcode, data) = awaited;
        match opcode {
            QUERY_EXTENSION => {
                if data[0] != 0
                    && let Some(present_and_major) = reply.get_mut(8..10)
                {
                    present_and_major.fill(0);
                }
            }
            LIST_EXTENSIONS => hide_extensions(reply),
            nx::GET_CONTROL_PARAMETERS..=nx::SET_CACHE_PARAMETERS => {
                let sequence = self.order.u16(reply, 2);
                *reply = own_reply(opcode, data[0]);
                self.order.set(reply, at16(2), sequence.into());
            }
            _ => {}
        }
    }
}

/// What is remembered of a `QueryExtension`: whether to hide the answer, and whether to learn from it.
pub(crate) fn extension_asked(order: ByteOrder, request: &[u8]) -> [u16; 3] {
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
    [hidden.into(), known, 0]
}

/// Learns the opcode of an extension from the answer to a query, as coded.
pub(crate) fn learn(asked: [u16; 3], reply: &[u8], opcodes: &mut Opcodes) {
    let major = reply.get(9).copied().unwrap_or(0);
    match asked[1] {
        SHAPE => opcodes.shape = major,
        RENDER => opcodes.render = major,
        _ => {}
    }
}

/// A request of the display side's own making.
fn put_request(out: &mut Vec<u8>, order: ByteOrder, opcode: u8, body: &[u8]) {
    let mut head = [opcode, 0, 0, 0];
    order.set(&mut head, at16(2), (1 + body.len() / 4) as u32);
    out.extend_from_slice(&head);
    out.extend_from_slice(body);
}

/// The reply to an NX request, as far as the display end makes it up. Sequence number and length are missing.
fn own_reply(opcode: u8, stage: u16) -> Vec<u8> {
    match opcode {
        nx::GET_UNPACK_PARAMETERS => {
            let mut reply = vec![0; 32 + PACK_METHODS];
            reply[0] = 1;
            for (place, offered) in reply.iter_mut().skip(32).zip(offers()) {
                *place = offered.into();
            }
            reply
        }
        // No font server: an empty string.
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
