//! Coding of what an X server sends: setup reply, replies, events, errors (NX part 4).
//!
//! One [`ReplyCodec`] serves all channels of a link; it must see their messages in link order.

pub(crate) mod caches;
pub(crate) mod core;
mod event;
pub(crate) mod nx;
pub(crate) mod stored;

use self::caches::ReplyCaches;
use self::stored::ReplyStore;
use crate::coding::bits::{BitReader, BitWriter, MAX_MEMORY};
use crate::coding::coder::{Coder, Decoder, Encoder};
use crate::coding::pass::{ByteOrder, Pass, at8, at16, at32};
use crate::coding::policy::{Budget, Policy};
use crate::coding::store::{Action, Memory, Messages, Store};
use crate::error::Error;
use crate::request::core::{LIST_EXTENSIONS, QUERY_EXTENSION};
use crate::x11::expect::{Expectations, Expected};

/// First byte of a reply.
pub(crate) const REPLY: u8 = 1;
/// The one event without a sequence number: its keys begin at byte 1.
pub(crate) const KEYMAP_NOTIFY: u8 = 11;
/// In the place of an event: how a split transfer went. It is for the application side alone (NX part 4 §5.8).
pub(crate) const SPLIT_REPORT: u8 = 244;
/// First byte of an error.
pub(crate) const ERROR: u8 = 0;

/// What reply coding remembers of one channel (NX part 4 §2.2).
#[derive(Debug, Default)]
pub(crate) struct ReplyState {
    pub(crate) order: ByteOrder,
    /// Sequence number of the last message coded.
    pub(crate) sequence: u32,
    pub(crate) expected: Expectations,
}

/// Caches and stores of the X server → X client direction.
#[derive(Debug)]
pub(crate) struct ReplyCodec {
    caches: ReplyCaches,
    stores: Vec<(Store, Policy)>,
    memory: Memory,
    budget: Budget,
    delta: bool,
    /// What the message coded last answers, and where its body begins.
    body: (Option<Expected>, usize),
}

impl ReplyCodec {
    /// A codec for a link whose stores were announced with `cache` bytes.
    pub(crate) fn new(delta: bool, cache: u64) -> Self {
        let stores = ReplyStore::ALL.iter().map(|id| {
            let shape = id.shape();
            (Store::new(shape.slots), Policy::new(shape))
        });
        let memory = Memory::for_cache(cache);
        Self {
            caches: ReplyCaches::default(),
            stores: stores.collect(),
            budget: Budget::new((cache as usize).min(memory.limit)),
            memory,
            delta,
            body: (None, 0),
        }
    }

    /// All that is remembered; `None` if some of it is in the byte order with the most significant byte first.
    pub(crate) fn messages(&self) -> Option<Vec<Messages>> {
        self.stores.iter().map(|(store, _)| store.messages()).collect()
    }

    /// Bytes that the stores take.
    pub(crate) fn used(&self) -> usize {
        self.memory.used
    }

    /// True if these messages find room.
    pub(crate) fn holds(&self, stores: &[Messages]) -> bool {
        self.memory.holds(stores)
    }

    /// Remembers what an earlier session did. An encoder may use it at once; a decoder's policies do not count.
    pub(crate) fn load(&mut self, stores: Vec<Messages>) -> Result<(), Error> {
        for ((id, (store, policy)), messages) in ReplyStore::ALL.into_iter().zip(&mut self.stores).zip(stores)
        {
            for (slot, message) in messages {
                policy.load(slot, &id.identity(), &message, &mut self.budget);
                store.put(slot, message, ByteOrder::Lsb, &mut self.memory)?;
            }
        }
        Ok(())
    }

    /// Codes the X server's answer to a connection setup (NX part 4 §3), in either direction.
    pub(crate) fn setup<C: Coder>(
        &mut self,
        coder: &mut C,
        order: ByteOrder,
        message: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut p = Pass { coder, message, order, limit: MAX_MEMORY, stored: None, stored_order: order };
        p.size(8)?;
        for o in [0, 1] {
            p.value(at8(o), 8, 0)?;
        }
        for o in [2, 4] {
            p.value(at16(o), 16, 0)?;
        }
        let words = p.value(at16(6), 16, 0)? as usize;
        p.size(8 + 4 * words)?;
        let same = p.message.get(8..) == Some(&self.caches.setup);
        if p.coder.flag(same)? {
            if !C::ENCODES {
                // Our length and the remembered block agree unless the peer is faulty.
                p.size(8 + self.caches.setup.len())?;
                p.message.truncate(8);
                p.message.extend_from_slice(&self.caches.setup);
            }
            return Ok(());
        }
        for o in 8..p.len() {
            p.value(at8(o), 8, 0)?;
        }
        self.caches.setup = p.message.get(8..).unwrap_or_default().to_vec();
        Ok(())
    }

    /// Codes a reply, event or error. When encoding, `message` is the whole of it; when decoding it is filled, or left
    /// empty where there is nothing for the X client. Returns what a reply or error answers.
    pub(crate) fn code<C: Coder>(
        &mut self,
        coder: &mut C,
        channel: &mut ReplyState,
        message: &mut Vec<u8>,
    ) -> Result<Option<Expected>, Error> {
        let k = &mut self.caches;
        let order = channel.order;
        let first = coder.opcode(message.first().copied().unwrap_or(0), &mut k.opcode)?;
        if first == SPLIT_REPORT && !C::ENCODES {
            message.clear();
            split_report(coder, k)?;
            return Ok(None);
        }
        let cache = if first == REPLY { &mut k.reply_sequence } else { &mut k.event_sequence };
        let sequence = order.u16(message, 2);
        let sequence = coder.relative(sequence.into(), 16, cache, 7, &mut channel.sequence, 0)? as u16;
        let answered = match first {
            REPLY | ERROR => channel.expected.answer(sequence),
            _ => None,
        };
        self.body = (answered, coder.position());
        let mut p = Pass { coder, message, order, limit: MAX_MEMORY, stored: None, stored_order: order };
        p.size(32)?;
        match answered {
            Some(to) if first == REPLY && to.opcode >= 230 => nx::reply(to.opcode, &mut p)?,
            Some(to) if first == REPLY && matches!(to.opcode, QUERY_EXTENSION | LIST_EXTENSIONS) => {
                core::reply(&to, &mut p, k)?;
            }
            _ if !self.delta => {
                whole(&mut p, first == REPLY)?;
                return Ok(answered);
            }
            _ if first != REPLY => event::code(first, &mut p, k)?,
            Some(to) => match ReplyStore::of(to.opcode) {
                Some(store) => {
                    self.remembered(store, coder, order, message)?;
                }
                None => core::reply(&to, &mut p, k)?,
            },
            None => {
                self.remembered(ReplyStore::Generic, coder, order, message)?;
            }
        }
        if !C::ENCODES {
            finish(first, sequence, order, message);
        }
        Ok(answered)
    }

    /// Codes the body of a reply of a class that has a store.
    pub(crate) fn remembered<C: Coder>(
        &mut self,
        id: ReplyStore,
        coder: &mut C,
        order: ByteOrder,
        message: &mut Vec<u8>,
    ) -> Result<Action, Error> {
        let Some((store, policy)) = self.stores.get_mut(id as usize) else { return Ok(Action::Discarded) };
        let mut removed = Vec::new();
        let mut action = Action::Discarded;
        if C::ENCODES {
            id.clean(order, message);
            action = policy.decide(store, &id.identity(), message, order, &mut self.budget, &mut removed);
        }
        let action = store.action(coder, &removed, action, &mut self.memory)?;
        match action {
            Action::Hit(slot) => {
                let stored = store.get(slot).map(Vec::as_slice).unwrap_or_default();
                if !C::ENCODES {
                    message.clear();
                    message.extend_from_slice(stored);
                }
                let stored = C::ENCODES.then_some(stored);
                let stored_order = store.order(slot);
                let mut p = Pass { coder, message, order, limit: MAX_MEMORY, stored, stored_order };
                id.update(&mut p, &mut self.caches)?;
                store.update(slot, message, order);
            }
            Action::Added(_) | Action::Discarded => {
                let mut p =
                    Pass { coder, message, order, limit: MAX_MEMORY, stored: None, stored_order: order };
                id.full(&mut p, &mut self.caches)?;
                if let Action::Added(slot) = action {
                    store.put(slot, message.clone(), order, &mut self.memory)?;
                }
            }
        }
        Ok(action)
    }

    /// Encodes a message of the X server.
    pub(crate) fn encode(
        &mut self,
        writer: &mut BitWriter,
        channel: &mut ReplyState,
        message: &mut Vec<u8>,
    ) -> Result<Option<Expected>, Error> {
        self.code(&mut Encoder(writer), channel, message)
    }

    /// Decodes the message at `position` of a payload; the position of the next one.
    pub(crate) fn decode(
        &mut self,
        payload: &[u8],
        position: usize,
        channel: &mut ReplyState,
        message: &mut Vec<u8>,
    ) -> Result<(usize, Option<Expected>), Error> {
        let mut decoder = Decoder(BitReader::new(payload, position));
        message.clear();
        match self.code(&mut decoder, channel, message) {
            Ok(answered) => Ok((decoder.0.position(), answered)),
            Err(Error::FrameEnd { .. }) if self.body.0.is_some_and(|to| to.opcode == LIST_EXTENSIONS) => {
                let position = nameless_extensions(payload, self.body.1)?;
                message.clear();
                message.resize(32, 0);
                finish(REPLY, channel.sequence as u16, channel.order, message);
                Ok((position, self.body.0))
            }
            Err(error) => Err(error),
        }
    }
}

/// Reads past the report of a split transfer; we never begin one.
fn split_report<C: Coder>(coder: &mut C, k: &mut ReplyCaches) -> Result<(), Error> {
    coder.byte(0, &mut k.split_resource, 0)?;
    if coder.flag(false)? {
        coder.opcode(0, &mut k.split_opcode)?;
        coder.value(0, 32, 14)?;
    }
    for _ in 0..16 {
        coder.value(0, 8, 0)?;
    }
    Ok(())
}

/// What the reference's encoder makes of an answer to `ListExtensions`: a byte for every name, and no names (NX part 4
/// §4.2). The X client is told that there are none; the link stays in step.
fn nameless_extensions(payload: &[u8], position: usize) -> Result<usize, Error> {
    let mut reader = BitReader::new(payload, position);
    reader.value(32, 8)?;
    for _ in 0..reader.value(8, 0)? {
        reader.value(8, 0)?;
    }
    Ok(reader.position())
}

/// The whole message as it is (`delta=0`, NX part 4 §4.5).
fn whole<C: Coder>(p: &mut Pass<C>, reply: bool) -> Result<(), Error> {
    let size = if C::ENCODES { p.len() } else { 32 };
    p.memory(0, size)?;
    if !C::ENCODES && reply {
        let tail = p.get(at32(4)) as usize;
        p.size(32_usize.saturating_add(tail.saturating_mul(4)))?;
        if tail > 0 {
            p.memory(32, 4 * tail)?;
        }
    }
    Ok(())
}

/// What every message has and no body carries: its code, sequence number and length.
fn finish(first: u8, sequence: u16, order: ByteOrder, message: &mut [u8]) {
    order.set(message, at8(0), first.into());
    if first != KEYMAP_NOTIFY {
        order.set(message, at16(2), sequence.into());
    }
    if first == REPLY {
        let words = message.len().saturating_sub(32) / 4;
        order.set(message, at32(4), words as u32);
    }
}
