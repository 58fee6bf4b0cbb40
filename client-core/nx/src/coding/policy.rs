//! What an encoder keeps in a store, where, and for how long (NX part 2 §C.5).
//!
//! The wire leaves all of this to the encoder. We follow the reference, slot for slot, because its decoders are
//! tuned to it and captures can be compared bit for bit - but for its expiry after an hour, which only matters when
//! memory is short. Equality is never decided by a digest alone: the stored message itself is compared.

use std::collections::HashMap;

use super::pass::ByteOrder;
use super::store::{Action, Store};

/// What makes two messages of a store equal: byte ranges (offset, length), the data part, and the size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) ranges: &'static [(usize, usize)],
    /// Where the data part starts.
    pub(crate) data: usize,
}

impl Identity {
    fn parts<'a>(&self, message: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let data = message.get(self.data..).unwrap_or_default();
        self.ranges
            .iter()
            .map(|(at, n)| {
                let end = (at + n).min(message.len());
                message.get(*at..end).unwrap_or_default()
            })
            .chain([data])
    }

    /// Equal bytes of X clients with different byte orders mean different things.
    fn hash(&self, message: &[u8], order: ByteOrder) -> u64 {
        let mut hash = mix(message.len() as u64, u64::from(order == ByteOrder::Msb));
        for part in self.parts(message) {
            let (words, rest) = part.as_chunks();
            hash = words.iter().fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
            hash = rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte) | 1 << 8));
        }
        hash
    }

    /// True if a hit on `stored` can stand for `message`.
    pub(crate) fn equal(&self, stored: &[u8], message: &[u8]) -> bool {
        stored.len() == message.len() && self.parts(stored).eq(self.parts(message))
    }
}

/// The part of a message that its class can say again from the fields it knows (NX part 2 §C.13): the first `size`
/// bytes, zero but for the `kept` ranges (offset, length).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) size: usize,
    pub(crate) kept: &'static [(usize, usize)],
}

impl Head {
    /// Those bytes of `message`.
    pub(crate) fn of(self, message: &[u8]) -> Vec<u8> {
        let mut head = vec![0; self.size.min(message.len())];
        for (at, n) in self.kept {
            let end = (at + n).min(head.len());
            if let (Some(to), Some(from)) = (head.get_mut(*at..end), message.get(*at..end)) {
                to.copy_from_slice(from);
            }
        }
        head
    }
}

/// One step of a hash by multiplication. It is no digest: who makes messages collide only loses hits.
fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    product as u64 ^ (product >> 64) as u64
}

/// Size and thresholds of a store (NX part 2 §C.10).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) slots: u16,
    /// Percent of the memory at which the store is cleaned, and to which.
    pub(crate) upper: u8,
    pub(crate) lower: u8,
    /// Bytes the reference's record takes beside the message.
    pub(crate) overhead: usize,
}

/// Memory estimates over all stores of a direction: ours and the peer's.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) limit: usize,
    local: usize,
    remote: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, local: 0, remote: 0 }
    }
}

const NEW_RATING: u8 = 20;
const BEST_RATING: u8 = 100;
const POOR_RATING: u8 = 10;
/// The cursor's start, whatever the size of the store.
const FIRST_ADDED: u16 = 6000;

#[derive(Debug, Clone)]
struct Rated {
    order: ByteOrder,
    hits: u8,
    size: usize,
    hash: u64,
}

/// The encoder's view of one store.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    shape: Shape,
    known: HashMap<u64, u16>,
    slots: Vec<Option<Rated>>,
    last_added: u16,
    last_removed: u16,
    candidate: Option<u16>,
    local: usize,
    remote: usize,
}

impl Policy {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            known: HashMap::new(),
            slots: Vec::new(),
            last_added: FIRST_ADDED,
            last_removed: 0,
            candidate: None,
            local: 0,
            remote: 0,
        }
    }

    /// Decides what to do with `message`. The slots in `removed` are emptied first.
    pub(crate) fn decide(
        &mut self,
        store: &Store,
        identity: &Identity,
        message: &[u8],
        order: ByteOrder,
        budget: &mut Budget,
        removed: &mut Vec<u16>,
    ) -> Action {
        if self.slots.is_empty() {
            self.slots = vec![None; self.shape.slots.into()];
        }
        while self.must_clean(budget) && self.can_clean(budget) {
            let Some(slot) = self.victim() else { break };
            self.last_removed = slot;
            self.drop_slot(slot, budget);
            removed.push(slot);
        }
        let hash = identity.hash(message, order);
        let candidate = self.candidate.unwrap_or_else(|| self.find_candidate());
        self.candidate = Some(candidate);
        let known = self.known.get(&hash).copied();
        if let Some(slot) = known
            && let Some(Some(rated)) = self.slots.get_mut(usize::from(slot))
            && rated.order == order
            && store.get(slot).is_some_and(|stored| identity.equal(stored, message))
        {
            if candidate == slot {
                self.candidate = None;
            }
            rated.hits = (rated.hits + 1).min(BEST_RATING);
            return Action::Hit(slot);
        }
        self.drop_slot(candidate, budget);
        self.enter(candidate, hash, message.len(), order, NEW_RATING, budget);
        self.last_added = candidate;
        self.candidate = None;
        Action::Added(candidate)
    }

    /// Knows a message of an earlier session, which an encoder may hit or replace at once.
    pub(crate) fn load(&mut self, slot: u16, identity: &Identity, message: &[u8], budget: &mut Budget) {
        if self.slots.is_empty() {
            self.slots = vec![None; self.shape.slots.into()];
        }
        self.enter(
            slot,
            identity.hash(message, ByteOrder::Lsb),
            message.len(),
            ByteOrder::Lsb,
            POOR_RATING,
            budget,
        );
    }

    fn enter(&mut self, slot: u16, hash: u64, size: usize, order: ByteOrder, hits: u8, budget: &mut Budget) {
        if let Some(place) = self.slots.get_mut(usize::from(slot)) {
            *place = Some(Rated { order, hits, size, hash });
        }
        self.known.insert(hash, slot);
        let (local, remote) = self.cost(size);
        self.local += local;
        self.remote += remote;
        budget.local += local;
        budget.remote += remote;
    }

    /// What a message of `size` bytes is reckoned to take here and at the peer.
    fn cost(&self, size: usize) -> (usize, usize) {
        (self.shape.overhead + 88, self.shape.overhead + size + 24)
    }

    fn must_clean(&self, budget: &Budget) -> bool {
        let share = budget.limit / 100 * usize::from(self.shape.upper);
        budget.remote > budget.limit
            || budget.local > budget.limit
            || self.remote > share
            || self.local > share
    }

    fn can_clean(&self, budget: &Budget) -> bool {
        let share = budget.limit / 100 * usize::from(self.shape.lower);
        (!self.known.is_empty() && self.remote > share) || self.local > share
    }

    fn drop_slot(&mut self, slot: u16, budget: &mut Budget) {
        let Some(old) = self.slots.get_mut(usize::from(slot)).and_then(Option::take) else { return };
        if self.known.get(&old.hash) == Some(&slot) {
            self.known.remove(&old.hash);
        }
        let (local, remote) = self.cost(old.size);
        self.local -= local;
        self.remote -= remote;
        budget.local -= local;
        budget.remote -= remote;
    }

    fn next(&self, slot: u16) -> u16 {
        if slot + 1 >= self.shape.slots { 0 } else { slot + 1 }
    }

    /// The slot for the next message: an empty one, or in a full store a message rarely hit.
    fn find_candidate(&mut self) -> u16 {
        let full = self.known.len() == usize::from(self.shape.slots);
        let start = self.last_added;
        let mut slot = self.next(start);
        // The cursor may start beyond a small store; then one turn is all there is.
        for _ in 0..self.shape.slots {
            if slot == start {
                break;
            }
            let Some(Some(rated)) = self.slots.get_mut(usize::from(slot)) else { return slot };
            if rated.hits == 0 || (full && rated.hits <= POOR_RATING) {
                return slot;
            }
            rated.hits = rated.hits.saturating_sub(2);
            slot = self.next(slot);
        }
        self.next(start)
    }

    /// A message to remove when memory is short.
    fn victim(&mut self) -> Option<u16> {
        let mut slot = self.next(self.last_removed);
        while slot != self.last_removed {
            if let Some(Some(rated)) = self.slots.get_mut(usize::from(slot)) {
                if rated.hits <= POOR_RATING {
                    return Some(slot);
                }
                rated.hits -= 2;
            }
            slot = self.next(slot);
        }
        let slot = self.next(self.last_removed);
        self.slots.get(usize::from(slot)).is_some_and(Option::is_some).then_some(slot)
    }
}
