//! Message stores (NX part 2 §C): whole messages remembered on both sides, named by slot.
//!
//! A slot keeps the byte image of its message on either side. Every decision - what to keep, where, what to remove -
//! is the encoder's and travels as an action; a decoder obeys, within the memory the peer announced.

use super::cache::ActionCache;
use super::coder::Coder;
use super::pass::ByteOrder;
use crate::error::Error;

/// The messages of one store, with their slots, in rising order.
pub(crate) type Messages = Vec<(u16, Vec<u8>)>;

/// What an action value means (NX part 2 §A.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The message is the one in this slot, but for its variant fields.
    Hit(u16),
    /// The message follows in full and goes into this slot.
    Added(u16),
    /// The message follows in full and is not kept.
    Discarded,
}

const HIT: u8 = 0;
const ADDED: u8 = 1;
const DISCARDED: u8 = 2;
const REMOVED: u8 = 3;

/// Bytes kept by all stores of one direction, against their bound.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    pub(crate) used: usize,
    pub(crate) limit: usize,
}

/// Bytes one slot costs beside its message.
const SLOT_OVERHEAD: usize = 64;

impl Memory {
    /// The bound for a peer that announced stores of `cache` bytes: twice that and some room, because the peer
    /// estimates what a message costs here, and never more than 1 GiB.
    pub(crate) fn for_cache(cache: u64) -> Self {
        let limit = cache.saturating_mul(2).saturating_add(16 << 20).min(1 << 30);
        Self { used: 0, limit: limit as usize }
    }

    /// True if the messages of these stores find room.
    pub(crate) fn holds(&self, stores: &[Messages]) -> bool {
        let sizes = stores.iter().flatten().map(|(_, message)| message.len() + SLOT_OVERHEAD);
        sizes.fold(self.used, usize::saturating_add) <= self.limit
    }
}

/// The messages of one class.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    actions: ActionCache,
    slots: Vec<Option<Slot>>,
    count: u16,
}

/// A message, and the byte order of the X client that it was for last: what a hit codes relative to the numbers in it
/// is relative to what they were there.
#[derive(Debug, Clone)]
struct Slot {
    message: Vec<u8>,
    order: ByteOrder,
}

impl Store {
    /// A store with `count` slots, at most 8192.
    pub(crate) fn new(count: u16) -> Self {
        Self { actions: ActionCache::default(), slots: Vec::new(), count }
    }

    /// The message in `slot`.
    pub(crate) fn get(&self, slot: u16) -> Option<&Vec<u8>> {
        Some(&self.slots.get(usize::from(slot))?.as_ref()?.message)
    }

    /// All messages with their slots; `None` if one of them is in the byte order with the most significant byte first.
    pub(crate) fn messages(&self) -> Option<Messages> {
        let numbered = (0_u16..).zip(&self.slots).filter_map(|(i, slot)| Some((i, slot.as_ref()?)));
        numbered.map(|(i, slot)| (slot.order == ByteOrder::Lsb).then(|| (i, slot.message.clone()))).collect()
    }

    /// The byte order of the message in `slot`.
    pub(crate) fn order(&self, slot: u16) -> ByteOrder {
        self.slots.get(usize::from(slot)).and_then(Option::as_ref).map(|s| s.order).unwrap_or_default()
    }

    /// Puts a message into `slot`, whatever was there before.
    pub(crate) fn put(
        &mut self,
        slot: u16,
        message: Vec<u8>,
        order: ByteOrder,
        memory: &mut Memory,
    ) -> Result<(), Error> {
        if slot >= self.count {
            return Err(Error::Slot { action: ADDED, slot, slots: self.count });
        }
        let at = usize::from(slot);
        if self.slots.len() <= at {
            self.slots.resize(at + 1, None);
        }
        self.remove(slot, memory);
        memory.used += message.len() + SLOT_OVERHEAD;
        if memory.used > memory.limit {
            return Err(Error::StoreMemory { limit: memory.limit });
        }
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(Slot { message, order });
        }
        Ok(())
    }

    /// Empties `slot`; false if it was empty.
    pub(crate) fn remove(&mut self, slot: u16, memory: &mut Memory) -> bool {
        let old = self.slots.get_mut(usize::from(slot)).and_then(Option::take);
        if let Some(old) = &old {
            memory.used -= old.message.len() + SLOT_OVERHEAD;
        }
        old.is_some()
    }

    /// Writes back what a hit made of the message in `slot`, which has the same size.
    pub(crate) fn update(&mut self, slot: u16, message: &[u8], order: ByteOrder) {
        if let Some(Some(old)) = self.slots.get_mut(usize::from(slot)) {
            old.message.clear();
            old.message.extend_from_slice(message);
            old.order = order;
        }
    }

    /// Codes the removals and the action of one message. An encoder says what it decided; a decoder learns it, has
    /// emptied the removed slots, and has checked that a hit names a message.
    pub(crate) fn action<C: Coder>(
        &mut self,
        coder: &mut C,
        removed: &[u16],
        action: Action,
        memory: &mut Memory,
    ) -> Result<Action, Error> {
        if C::ENCODES {
            for slot in removed {
                coder.action(REMOVED, *slot, &mut self.actions)?;
                self.remove(*slot, memory);
            }
            let (number, slot) = match action {
                Action::Hit(slot) => (HIT, slot),
                Action::Added(slot) => (ADDED, slot),
                Action::Discarded => (DISCARDED, 0),
            };
            coder.action(number, slot, &mut self.actions)?;
            return Ok(action);
        }
        loop {
            let (action, slot) = coder.action(0, 0, &mut self.actions)?;
            let wrong = || Error::Slot { action, slot, slots: self.count };
            match action {
                HIT => return self.get(slot).map(|_| Action::Hit(slot)).ok_or_else(wrong),
                ADDED if slot < self.count => return Ok(Action::Added(slot)),
                DISCARDED => return Ok(Action::Discarded),
                REMOVED if self.get(slot).is_some() => self.remove(slot, memory),
                _ => return Err(wrong()),
            };
        }
    }
}
