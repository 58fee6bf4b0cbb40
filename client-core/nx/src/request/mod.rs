//! Coding of X requests (NX part 3): from the X client's bytes to bits and back.
//!
//! One [`RequestCodec`] serves all channels of a link; it must see their messages in link order.

pub(crate) mod caches;
mod check;
pub(crate) mod core;
mod drawing;
mod extension;
pub(crate) mod nx;
mod render;
pub(crate) mod store;

use self::caches::RequestCaches;
use self::store::StoreId;
use crate::coding::bits::{BitReader, BitWriter};
use crate::coding::coder::{Coder, Decoder, Encoder};
use crate::coding::pass::{ByteOrder, Pass, at16};
use crate::coding::policy::{Budget, Identity, Policy};
use crate::coding::store::{Action, Memory, Messages, Store};
use crate::error::Error;

/// Longest request in bytes: 65535 words, because BIG-REQUESTS does not exist through NX.
pub const MAX_REQUEST: usize = 262_140;

/// Major opcodes learned from the answers to `QueryExtension` (NX part 3 §4); 0 while unknown or absent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opcodes {
    pub(crate) render: u8,
    pub(crate) shape: u8,
}

/// Which description a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Core,
    Nx,
    Render,
    Shape,
    Generic,
}

impl Family {
    fn store(self, opcode: u8) -> Option<StoreId> {
        match self {
            Self::Core => core::store(opcode),
            Self::Nx => nx::store(opcode),
            Self::Render => Some(StoreId::Render),
            Self::Shape => Some(StoreId::Shape),
            Self::Generic => Some(StoreId::Generic),
        }
    }
}

/// What request coding remembers of one channel (NX part 3 §2.6).
#[derive(Debug, Default)]
pub(crate) struct RequestState {
    pub(crate) order: ByteOrder,
    /// The last position of a `CommitSplit`.
    pub(crate) commit: u32,
    /// Between `StartSplit` and `EndSplit`, where images keep their own coding even with `delta=0`.
    pub(crate) splitting: bool,
}

impl RequestState {
    /// True if the request travels as it is (NX part 3 §2.7). To be asked once for each request.
    fn raw(&mut self, delta: bool, opcode: u8) -> bool {
        match opcode {
            nx::START_SPLIT => self.splitting = true,
            nx::END_SPLIT => self.splitting = false,
            _ => {}
        }
        !(delta || is_never_raw(opcode) || self.splitting && opcode == core::PUT_IMAGE)
    }
}

/// Caches and stores of the request direction.
#[derive(Debug)]
pub(crate) struct RequestCodec {
    caches: RequestCaches,
    stores: Vec<Store>,
    memory: Memory,
    policies: Vec<Policy>,
    budget: Budget,
    delta: bool,
    pub(crate) opcodes: Opcodes,
}

impl RequestCodec {
    /// A codec for a link whose stores were announced with `cache` bytes. `packing` matters to an encoder only.
    pub(crate) fn new(delta: bool, cache: u64, packing: bool) -> Self {
        let shapes = || StoreId::ALL.iter().map(|id| id.shape(packing));
        let memory = Memory::for_cache(cache);
        Self {
            caches: RequestCaches::default(),
            stores: shapes().map(|shape| Store::new(shape.slots)).collect(),
            policies: shapes().map(Policy::new).collect(),
            budget: Budget::new((cache as usize).min(memory.limit)),
            memory,
            delta,
            opcodes: Opcodes::default(),
        }
    }

    /// All that is remembered; `None` if some of it is in the byte order with the most significant byte first.
    pub(crate) fn messages(&self) -> Option<Vec<Messages>> {
        self.stores.iter().map(Store::messages).collect()
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
        let all = StoreId::ALL.into_iter().zip(&mut self.stores).zip(&mut self.policies).zip(stores);
        for (((id, store), policy), messages) in all {
            for (slot, message) in messages {
                policy.load(slot, &id.identity(&message), &message, &mut self.budget);
                store.put(slot, message, ByteOrder::Lsb, &mut self.memory)?;
            }
        }
        Ok(())
    }

    /// Decodes the request at `position` of a payload into `message`; the position of the next one.
    pub(crate) fn decode(
        &mut self,
        payload: &[u8],
        position: usize,
        channel: &mut RequestState,
        message: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let order = channel.order;
        let mut decoder = Decoder(BitReader::new(payload, position));
        message.clear();
        let opcode = decoder.opcode(0, &mut self.caches.opcode)?;
        if channel.raw(self.delta, opcode) {
            message.extend_from_slice(decoder.0.memory(4)?);
            let size = 4 * usize::from(order.u16(message, 2)).max(1);
            message.extend_from_slice(decoder.0.memory(size - 4)?);
        } else {
            self.decode_body(&mut decoder, opcode, channel, message)?;
        }
        if let Some(first) = message.first_mut() {
            *first = opcode;
        }
        Ok(decoder.0.position())
    }

    /// Encodes a request, which may be changed on the way: bytes without meaning are cleared, and what cannot be
    /// carried becomes `NoOperation`. With `keep` it may be remembered. Returns the opcode that was coded.
    pub(crate) fn encode(
        &mut self,
        writer: &mut BitWriter,
        message: &mut Vec<u8>,
        channel: &mut RequestState,
        keep: bool,
    ) -> Result<u8, Error> {
        let mut opcode = message.first().copied().unwrap_or(0);
        let mut raw = channel.raw(self.delta, opcode);
        if !raw && !check::is_codable(self.family(opcode), channel.order, message) {
            opcode = core::NO_OPERATION;
            message.clear();
            message.extend_from_slice(&[opcode, 0, 0, 0]);
            channel.order.set(message, at16(2), 1);
            raw = channel.raw(self.delta, opcode);
        }
        Encoder(writer).opcode(opcode, &mut self.caches.opcode)?;
        if raw {
            Encoder(writer).memory(message)?;
        } else {
            self.encode_body(writer, opcode, message, channel, keep)?;
        }
        Ok(opcode)
    }

    /// Encodes `NoOperation` in the place of a request (NX part 3 §11.3).
    pub(crate) fn encode_replaced(
        &mut self,
        writer: &mut BitWriter,
        request: &mut [u8],
    ) -> Result<(), Error> {
        Encoder(writer).opcode(core::NO_OPERATION, &mut self.caches.opcode)?;
        if self.delta { Ok(()) } else { Encoder(writer).memory(request) }
    }

    /// Everything behind the opcode of a request that has a coding.
    pub(crate) fn encode_body(
        &mut self,
        writer: &mut BitWriter,
        opcode: u8,
        message: &mut Vec<u8>,
        channel: &mut RequestState,
        keep: bool,
    ) -> Result<Action, Error> {
        let order = channel.order;
        let family = self.family(opcode);
        let mut removed = Vec::new();
        let mut action = Action::Discarded;
        if self.delta
            && keep
            && let Some(identity) = self.canonical(order, message)
            && let Some(id) = family.store(opcode)
            && let Some(policy) = self.policies.get_mut(id as usize)
            && let Some(store) = self.stores.get(id as usize)
            && !check::must_not_be_stored(family, order, message)
        {
            action = policy.decide(store, &identity, message, order, &mut self.budget, &mut removed);
        }
        self.code(&mut Encoder(writer), opcode, channel, message, &removed, action)?;
        Ok(action)
    }

    /// Decodes everything behind the opcode of a request that has a coding.
    pub(crate) fn decode_body(
        &mut self,
        decoder: &mut Decoder,
        opcode: u8,
        channel: &mut RequestState,
        message: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.code(decoder, opcode, channel, message, &[], Action::Discarded)?;
        let words = message.len() / 4;
        channel.order.set(message, at16(2), words as u32);
        Ok(())
    }

    /// Clears the bytes of a request that mean nothing; what makes it equal to another one, if it has a store.
    pub(crate) fn canonical(&self, order: ByteOrder, message: &mut [u8]) -> Option<Identity> {
        let opcode = message.first().copied().unwrap_or(0);
        let family = self.family(opcode);
        let store = family.store(opcode)?;
        check::clean(family, order, message);
        Some(store.identity(message))
    }

    /// True if messages are coded differentially.
    pub(crate) fn delta(&self) -> bool {
        self.delta
    }

    fn family(&self, opcode: u8) -> Family {
        match opcode {
            0 => Family::Generic,
            _ if opcode < 128 && core::is_coded(opcode) => Family::Core,
            _ if nx::is_coded(opcode) => Family::Nx,
            _ if opcode == self.opcodes.render => Family::Render,
            _ if opcode == self.opcodes.shape => Family::Shape,
            _ => Family::Generic,
        }
    }

    /// Everything behind the opcode, in either direction.
    fn code<C: Coder>(
        &mut self,
        coder: &mut C,
        opcode: u8,
        channel: &mut RequestState,
        message: &mut Vec<u8>,
        removed: &[u16],
        action: Action,
    ) -> Result<(), Error> {
        if opcode == nx::SPLIT_DATA {
            return Err(Error::Unsupported { what: "a split transfer" });
        }
        let order = channel.order;
        if opcode == nx::COMMIT_SPLIT {
            self.caches.commit = channel.commit;
        }
        let family = self.family(opcode);
        let Some(store) = family.store(opcode).and_then(|id| self.stores.get_mut(id as usize)) else {
            let mut pass =
                Pass { coder, message, order, limit: MAX_REQUEST, stored: None, stored_order: order };
            full(family, opcode, &mut pass, &mut self.caches)?;
            channel.commit = self.caches.commit;
            return Ok(());
        };
        match store.action(coder, removed, action, &mut self.memory)? {
            Action::Hit(slot) => {
                let stored = store.get(slot).map(Vec::as_slice).unwrap_or_default();
                if !C::ENCODES {
                    message.extend_from_slice(stored);
                }
                let stored = C::ENCODES.then_some(stored);
                let stored_order = store.order(slot);
                let mut pass = Pass { coder, message, order, limit: MAX_REQUEST, stored, stored_order };
                update(family, opcode, &mut pass, &mut self.caches)?;
                store.update(slot, message, order);
            }
            action => {
                let mut pass =
                    Pass { coder, message, order, limit: MAX_REQUEST, stored: None, stored_order: order };
                full(family, opcode, &mut pass, &mut self.caches)?;
                if let Action::Added(slot) = action {
                    store.put(slot, message.clone(), order, &mut self.memory)?;
                }
            }
        }
        Ok(())
    }
}

/// Requests that keep their own coding even with `delta=0` (NX part 3 §2.7).
pub(crate) fn is_never_raw(opcode: u8) -> bool {
    matches!(opcode, core::QUERY_EXTENSION | core::LIST_EXTENSIONS | 230..=252)
}

fn full<C: Coder>(family: Family, opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match family {
        Family::Core => core::full(opcode, p, k),
        Family::Nx => nx::full(opcode, p, k),
        Family::Render => render::full(p, k),
        Family::Shape => extension::full_shape(p, k),
        Family::Generic => extension::full_generic(p, k),
    }
}

fn update<C: Coder>(family: Family, opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match family {
        Family::Core => core::update(opcode, p, k),
        Family::Nx => nx::update(opcode, p, k),
        Family::Render => render::update(p, k),
        Family::Shape => extension::update_shape(p, k),
        Family::Generic => extension::update_generic(p, k),
    }
}
