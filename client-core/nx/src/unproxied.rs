//! The NX requests without a link (NX part 5 §D.2): an agent started with `-forcenx` speaks plain X11 framing and
//! still sends packed images and asks for parameters. No coding, no caches; a local or LAN desktop needs no more.

use crate::coding::pass::{ByteOrder, at16};
use crate::error::Error;
use crate::link::handshake::LinkType;
use crate::request::core::GET_INPUT_FOCUS;
use crate::request::nx::GET_CONTROL_PARAMETERS;
use crate::substitute::Substitutes;
use crate::x11::expect::Expectations;
use crate::x11::split::{Message, Splitter};

const GENERIC_EVENT: u8 = 35;
const REPLY: u8 = 1;

/// The method an agent is told to pack images with, and how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pack {
    /// Method number (NX part 5 §B.1): 35 JPEG, 46 PNG, 63 RGB, 64 RLE, 67 bitmap, 0 none, 253 lossy, 254 lossless,
    /// 255 adaptive.
    pub method: u8,
    /// Quality 0 to 9 of lossy methods.
    pub quality: u8,
}

impl Pack {
    /// The method and quality that a `pack` option names, for example `16m-jpeg-9`; unknown names are adaptive.
    pub fn named(option: &str) -> Self {
        let option = option.to_ascii_lowercase();
        let (name, quality) = match option.rsplit_once('-') {
            Some((name, digit)) if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() => {
                (name, digit.as_bytes()[0] - b'0')
            }
            _ => (option.as_str(), 9),
        };
        let (colours, family) = name.split_once('-').unwrap_or((name, ""));
        let steps = ["8", "64", "256", "512", "4k", "32k", "64k", "256k", "2m", "16m"];
        let step = steps.iter().position(|s| *s == colours).map_or(0, |i| i as u8 + 1);
        let method = match (colours, family) {
            ("none" | "nopack" | "no" | "0", _) => 0,
            ("rgb", _) | (_, "rgb") => 63,
            ("rle", _) | (_, "rle") => 64,
            ("bitmap", _) | (_, "bitmap") => 67,
            ("lossy", _) => 253,
            ("lossless", _) => 254,
            (_, "jpeg") if step > 0 => 25 + step,
            (_, "png") if step > 0 => 36 + step,
            (_, "") if step > 0 => step,
            _ => 255,
        };
        Self { method, quality }
    }
}

/// One X11 connection of an agent started with `-forcenx`.
///
/// What the agent writes goes in by [`agent_wrote`](Self::agent_wrote) and comes out for the X server, message by
/// message, from [`poll_server`](Self::poll_server); the way back is [`server_wrote`](Self::server_wrote) and
/// [`poll_agent`](Self::poll_agent).
#[derive(Debug)]
pub struct Unproxied {
    link: LinkType,
    pack: Pack,
    from_agent: Splitter,
    from_server: Splitter,
    setup_seen: bool,
    setup_answered: bool,
    sequence: u16,
    expected: Expectations,
    substitutes: Substitutes,
}

impl Unproxied {
    /// A new connection, to be tuned for `link`.
    pub fn new(link: LinkType, pack: Pack) -> Self {
        Self {
            link,
            pack,
            from_agent: Splitter::default(),
            from_server: Splitter::default(),
            setup_seen: false,
            setup_answered: false,
            sequence: 0,
            expected: Expectations::default(),
            substitutes: Substitutes::default(),
        }
    }

    /// Takes bytes the agent wrote, in any pieces.
    pub fn agent_wrote(&mut self, bytes: &[u8]) {
        self.from_agent.push(bytes);
    }

    /// The next message for the X server.
    pub fn poll_server(&mut self) -> Option<Vec<u8>> {
        if !self.setup_seen {
            let setup = self.from_agent.setup()?;
            self.setup_seen = true;
            self.substitutes.order = ByteOrder::announced_by(setup.first().copied().unwrap_or(0));
            return Some(setup);
        }
        let order = self.substitutes.order;
        let mut request = Vec::new();
        if !self.from_agent.request(order, &mut request) {
            return None;
        }
        self.sequence = self.sequence.wrapping_add(1);
        if request.first() == Some(&GET_CONTROL_PARAMETERS) {
            self.expected.push(self.sequence, GET_CONTROL_PARAMETERS, [0; 3]);
            let mut substitute = vec![GET_INPUT_FOCUS, 0, 0, 0];
            order.set(&mut substitute, at16(2), 1);
            return Some(substitute);
        }
        let mut out = Vec::new();
        if let Some((opcode, data)) = self.substitutes.execute(&request, &mut out) {
            self.expected.push(self.sequence, opcode, data);
        }
        Some(out)
    }

    /// Takes bytes the X server wrote, in any pieces.
    pub fn server_wrote(&mut self, bytes: &[u8]) {
        self.from_server.push(bytes);
    }

    /// The next message for the agent.
    ///
    /// # Errors
    /// The X server wrote more than one message can hold.
    pub fn poll_agent(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let order = self.substitutes.order;
        if !self.setup_answered {
            let reply = self.from_server.setup_reply(order);
            if let Some(reply) = &reply {
                self.setup_answered = true;
                self.substitutes.setup_answered(reply);
            }
            return Ok(reply);
        }
        while let Some(message) = self.from_server.server_message(order) {
            let Message::Whole(mut message) = message else {
                return Err(Error::X11 { channel: 0, what: "a message is longer than 4 MiB" });
            };
            let first = message.first().copied().unwrap_or(0);
            if !self.substitutes.wants(first) {
                continue;
            }
            // Errors and replies answer; events, even those with a tail, pass.
            if first <= REPLY
                && first & 0x7f != GENERIC_EVENT
                && let Some(expected) = self.expected.answer(order.u16(&message, 2))
                && first == REPLY
            {
                if expected.opcode == GET_CONTROL_PARAMETERS {
                    message = self.control_parameters(expected.sequence);
                } else {
                    self.substitutes.answer((expected.opcode, expected.data), &mut message);
                    let words = (message.len() - 32) / 4;
                    order.set(&mut message, crate::coding::pass::at32(4), words as u32);
                }
            }
            return Ok(Some(message));
        }
        Ok(None)
    }

    /// The reply to `GetControlParameters` (NX part 5 §A.2).
    fn control_parameters(&self, sequence: u16) -> Vec<u8> {
        let order = self.substitutes.order;
        control_parameters(order, sequence, self.link, self.pack, [0; 6])
    }
}

/// The reply to `GetControlParameters`. `modes` are the levels of data and stream compression, differential coding,
/// loading and saving of caches, and whether one was loaded.
pub(crate) fn control_parameters(
    order: ByteOrder,
    sequence: u16,
    link: LinkType,
    pack: Pack,
    modes: [u8; 6],
) -> Vec<u8> {
    let mut reply = vec![0; 32];
    reply[0] = REPLY;
    reply[1] = link.number();
    order.set(&mut reply, at16(2), sequence.into());
    reply[8..14].copy_from_slice(&[3, 5, 99, 3, 5, 99]);
    order.set(&mut reply, at16(14), 50);
    order.set(&mut reply, at16(16), link.motion_delay_ms() as u32);
    reply[18] = 1;
    order.set(&mut reply, crate::coding::pass::at32(20), 4 * link.token_size());
    reply[24] = pack.method;
    reply[25] = pack.quality;
    reply[26..32].copy_from_slice(&modes);
    reply
}
