//! One X11 channel at the application side: the X client's output becomes coded requests, coded messages become
//! X11 for it.

use crate::channel::{Channel, Stage};
use crate::coding::bits::{BitReader, BitWriter};
use crate::coding::coder::{Coder, Decoder, Encoder};
use crate::coding::pass::{at16, at32};
use crate::error::Error;
use crate::link::handshake::Options;
use crate::reply::nx::PACK_METHODS;
use crate::reply::{ERROR, KEYMAP_NOTIFY, REPLY, ReplyCodec};
use crate::request::core::{ALLOC_COLOR, GET_INPUT_FOCUS, QUERY_EXTENSION};
use crate::request::{Opcodes, RequestCodec, is_never_raw, nx};
use crate::substitute::{extension_asked, learn};
use crate::trace::{Direction, Trace};
use crate::unproxied::{Pack, control_parameters};
use crate::x11::expect::is_typed;

const CLIENT_MESSAGE: u8 = 33;
/// Round trips answered here before one is let through.
const ANSWERS: u8 = 8;
/// Requests whose errors X clients of a proxy session do not see: `ReparentWindow`, `ConfigureWindow`, `GrabKey`.
const HIDDEN_ERRORS: [u8; 3] = [7, 12, 33];

/// What the application side keeps of a channel.
#[derive(Debug, Default)]
pub struct ClientSide {
    /// Round trips answered here since the last one that was let through.
    answers: u8,
    /// The last sequence number the X client has seen.
    seen: u16,
    /// `SetCacheParameters` switched remembering off.
    forgets: bool,
}

impl Channel<ClientSide> {
    /// Codes all complete messages of the X client; what it is answered without the far side goes to `local`. False
    /// if its connection setup is longer than NX can carry.
    pub(super) fn encode_client(
        &mut self,
        writer: &mut BitWriter,
        codec: &mut RequestCodec,
        options: &Options,
        local: &mut Vec<u8>,
        number: u8,
        trace: &mut Trace,
    ) -> Result<bool, Error> {
        if self.stage == Stage::Fresh {
            let Some(setup) = self.from_x.setup() else { return Ok(true) };
            let Ok(size) = u8::try_from(setup.len()) else { return Ok(false) };
            self.set_up(&setup);
            let mut encoder = Encoder(writer);
            for byte in [size].into_iter().chain(setup) {
                encoder.value(byte.into(), 8, 0)?;
            }
        }
        let order = self.order();
        let mut request = Vec::new();
        while self.from_x.request(order, &mut request) {
            self.sequence = self.sequence.wrapping_add(1);
            if request.first() == Some(&nx::GET_SHMEM_PARAMETERS)
                && let [_, stage, _, _, enabled @ ..] = request.as_mut_slice()
            {
                // Two bits are all that the far side gets of it.
                *stage &= 3;
                // This side has no shared memory to offer.
                enabled.iter_mut().take(2).for_each(|flag| *flag = 0);
            }
            let keep = !self.side.forgets;
            let start = writer.bit_len();
            let record = trace.begin(number, Direction::ToServer, &request);
            if options.taint && request.first() == Some(&GET_INPUT_FOCUS) && self.may_answer() {
                codec.encode_replaced(writer, &mut request)?;
                trace.end(record, writer.bit_len() - start);
                let mut reply = [0; 32];
                reply[0] = REPLY;
                order.set(&mut reply, at16(2), self.sequence.into());
                self.side.seen = self.sequence;
                local.extend(reply);
                continue;
            }
            let opcode = codec.encode(writer, &mut request, &mut self.requests, keep)?;
            trace.end(record, writer.bit_len() - start);
            self.await_reply(opcode, &request, codec.delta() || options.taint);
            match opcode {
                nx::GET_CONTROL_PARAMETERS => local.extend(self.control_parameters(options)),
                nx::END_SPLIT => local.extend(self.no_split(&request)),
                nx::SET_CACHE_PARAMETERS => self.side.forgets = request.get(4).is_none_or(|on| *on == 0),
                _ => {}
            }
        }
        Ok(true)
    }

    /// True if a round trip may be answered here (NX part 3 §11.3). To be asked once for each.
    fn may_answer(&mut self) -> bool {
        if self.side.answers == ANSWERS {
            self.side.answers = 0;
            return false;
        }
        let may = self.sequence != u16::MAX && self.replies.expected.is_empty();
        self.side.answers += u8::from(may);
        may
    }

    /// Remembers a request whose reply has a coding of its own.
    fn await_reply(&mut self, opcode: u8, request: &[u8], all: bool) {
        let order = self.order();
        let data = match opcode {
            QUERY_EXTENSION => extension_asked(order, request),
            ALLOC_COLOR => [8, 10, 12].map(|at| order.u16(request, at)),
            nx::GET_SHMEM_PARAMETERS => match request.get(1) {
                Some(stage @ (0 | 2)) => [u16::from(*stage), 0, 0],
                _ => return,
            },
            nx::GET_UNPACK_PARAMETERS | nx::GET_FONT_PARAMETERS => [0; 3],
            _ if is_typed(opcode) => [0; 3],
            _ => return,
        };
        if all || is_never_raw(opcode) {
            self.replies.expected.push(self.sequence, opcode, data);
        }
    }

    /// Decodes the setup reply, reply, event or error at `position`: the position of the next one, and the message,
    /// which is empty where the X client gets none. `None` if nothing is left.
    pub(super) fn decode_server(
        &mut self,
        payload: &[u8],
        position: usize,
        codec: &mut ReplyCodec,
        opcodes: &mut Opcodes,
        proxy: bool,
    ) -> Result<Option<(usize, Vec<u8>)>, Error> {
        let reader = BitReader::new(payload, position);
        if reader.at_end() {
            return Ok(None);
        }
        let order = self.order();
        let mut message = Vec::new();
        if self.stage != Stage::Answered {
            let mut decoder = Decoder(reader);
            codec.setup(&mut decoder, order, &mut message)?;
            self.stage = Stage::Answered;
            return Ok(Some((decoder.0.position(), message)));
        }
        let (position, answered) = codec.decode(payload, position, &mut self.replies, &mut message)?;
        if let Some(expected) = answered.filter(|_| message.first() == Some(&1)) {
            match expected.opcode {
                QUERY_EXTENSION => learn(expected.data, &message, opcodes),
                nx::GET_UNPACK_PARAMETERS => order.set(&mut message, at32(8), PACK_METHODS as u32),
                _ => {}
            }
        }
        if proxy {
            self.renumber(answered.is_some(), &mut message);
        }
        Ok(Some((position, message)))
    }

    /// Sees to it that sequence numbers do not go back in a proxy session, where some requests are answered here
    /// before those in front of them (NX part 4 §5.6), and takes away errors that its X clients do not expect (§6.6).
    fn renumber(&mut self, answers: bool, message: &mut Vec<u8>) {
        let order = self.order();
        let first = message.first().copied().unwrap_or(0);
        let number = self.replies.sequence as u16;
        let ahead = number.wrapping_sub(self.side.seen) < 0x8000;
        if ahead || first == REPLY || (first == ERROR && answers) {
            self.side.seen = number;
        }
        if first != REPLY && first != KEYMAP_NOTIFY {
            order.set(message, at16(2), self.side.seen.into());
        }
        if first == ERROR && message.get(10).is_some_and(|major| HIDDEN_ERRORS.contains(major)) {
            message.clear();
        }
    }

    /// The reply to `GetControlParameters`, which this side makes up alone.
    fn control_parameters(&self, options: &Options) -> Vec<u8> {
        let pack = Pack::named(&options.pack);
        let modes = [options.data, options.stream, options.delta.into(), 0, 0, 0];
        control_parameters(self.order(), self.sequence, options.link, pack, modes)
    }

    /// The notification that nothing of a split was split (NX part 4 §5.8).
    fn no_split(&self, request: &[u8]) -> Vec<u8> {
        const NO_SPLIT: u32 = 1;
        let order = self.order();
        let mut event = vec![0; 32];
        event[0] = CLIENT_MESSAGE;
        event[1] = 32;
        order.set(&mut event, at16(2), self.sequence.into());
        order.set(&mut event, at32(12), NO_SPLIT);
        order.set(&mut event, at32(16), request.get(1).copied().unwrap_or(0).into());
        order.set(&mut event, at32(20), u32::MAX);
        order.set(&mut event, at32(24), u32::MAX);
        event
    }
}
