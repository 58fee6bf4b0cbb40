//! The caches both ends keep in step (NX part 2 §B).
//!
//! A cache is plain state with deterministic updates. How a number goes through one is the business of
//! [`Coder`](super::coder::Coder); here is only what is remembered.

use super::bits::mask;

/// Entries per message-byte cache (NX part 2 §B.2).
const BYTE_ENTRIES: usize = 7;
/// Entries of each table behind an xid or action cache (NX part 2 §B.4, B.6).
const TABLE_ENTRIES: u8 = 8;

/// A short list in its own place: most of coding is to look into such lists, and to move their entries.
#[derive(Debug, Clone)]
pub(crate) struct Entries<T, const N: usize> {
    items: [T; N],
    len: usize,
}

impl<T: Copy + Default + PartialEq, const N: usize> Entries<T, N> {
    fn new() -> Self {
        Self { items: [T::default(); N], len: 0 }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        self.items.get(..self.len).unwrap_or_default()
    }

    fn find(&self, value: T) -> Option<usize> {
        self.as_slice().iter().position(|e| *e == value)
    }

    /// Moves the entry at `i` half way to the front and returns it.
    fn promote(&mut self, i: usize) -> Option<T> {
        if i == 0 {
            return self.as_slice().first().copied();
        }
        let value = *self.as_slice().get(i)?;
        let to = i / 2;
        self.items.copy_within(to..i, to + 1);
        *self.items.get_mut(to)? = value;
        Some(value)
    }

    /// Enters a value at `at`, or at the end of a shorter list; the last of `capacity` entries goes.
    fn insert(&mut self, at: usize, capacity: usize, value: T) {
        let at = self.len.min(at);
        let capacity = capacity.min(N);
        if at >= capacity {
            return;
        }
        self.len = (self.len + 1).min(capacity);
        self.items.copy_within(at..self.len - 1, at + 1);
        if let Some(place) = self.items.get_mut(at) {
            *place = value;
        }
    }
}

/// Entries of the largest integer cache.
const INT_ENTRIES: usize = 16;
/// Where new values enter.
const ENTRY: usize = 2;

/// Integer cache (NX part 2 §B.1). A free cache (§B.3) is one with 16 entries.
#[derive(Debug, Clone)]
pub(crate) struct IntCache {
    pub(crate) entries: Entries<u32, INT_ENTRIES>,
    capacity: u8,
    pub(crate) predicted: u8,
    pub(crate) last_diff: u32,
    pub(crate) last_value: u32,
}

impl IntCache {
    /// A cache of at most 16 entries.
    pub(crate) fn new(capacity: u8) -> Self {
        Self { entries: Entries::new(), capacity, predicted: 0, last_diff: 0, last_value: 0 }
    }

    /// `N` independent caches.
    pub(crate) fn array<const N: usize>(capacity: u8) -> [Self; N] {
        std::array::from_fn(|_| Self::new(capacity))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len
    }

    /// Block size for a miss; 0 means "all bits at once".
    pub(crate) fn effective_block(&self, block: u32) -> u32 {
        let predicted = u32::from(self.predicted);
        if block > 0 { predicted.min(block) } else { predicted }
    }

    pub(crate) fn find(&self, v: u32) -> Option<usize> {
        self.entries.find(v)
    }

    pub(crate) fn hit(&mut self, i: usize) -> Option<u32> {
        self.entries.promote(i)
    }

    /// Enters a value that missed; returns the difference that goes on the wire.
    pub(crate) fn miss(&mut self, v: u32, bits: u32) -> u32 {
        let d = v.wrapping_sub(self.last_value) & mask(bits);
        self.enter(v, d, bits);
        d
    }

    /// Enters the value that the difference `d` off the wire stands for, and returns it.
    pub(crate) fn miss_by(&mut self, d: u32, bits: u32) -> u32 {
        let v = self.last_value.wrapping_add(d) & mask(bits);
        self.enter(v, d, bits);
        v
    }

    fn enter(&mut self, v: u32, d: u32, bits: u32) {
        self.entries.insert(ENTRY, self.capacity.into(), v);
        self.last_value = v;
        if d != self.last_diff {
            self.last_diff = d;
            // Bits that differ from the bit below, 1 to bits-1: the highest tells the width of d.
            let changes = (d ^ (d << 1)) & mask(bits) & !1;
            let top = changes.checked_ilog2().unwrap_or(0);
            self.predicted = (top + 1).max(2) as u8;
        }
    }

    /// Front insertion of a freshly created id.
    pub(crate) fn push(&mut self, v: u32) {
        self.entries.insert(0, self.capacity.into(), v);
    }
}

/// Byte cache (NX part 2 §B.2).
#[derive(Debug, Clone)]
pub(crate) struct CharCache {
    pub(crate) entries: Entries<u8, BYTE_ENTRIES>,
}

impl Default for CharCache {
    fn default() -> Self {
        Self { entries: Entries::new() }
    }
}

impl CharCache {
    pub(crate) fn len(&self) -> usize {
        self.entries.len
    }

    pub(crate) fn find(&self, v: u8) -> Option<usize> {
        self.entries.find(v)
    }

    pub(crate) fn hit(&mut self, i: usize) -> Option<u8> {
        self.entries.promote(i)
    }

    pub(crate) fn miss(&mut self, v: u8) {
        self.entries.insert(ENTRY, BYTE_ENTRIES, v);
    }
}

/// 256 caches of one kind, made when the first of them is used.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    pub(crate) caches: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { caches: Vec::new() }
    }
}

impl<T: Clone> Table<T> {
    /// The cache `slot`; `fresh` is what an untouched one looks like.
    fn get(&mut self, slot: u8, fresh: impl FnOnce() -> T) -> &mut T {
        if self.caches.is_empty() {
            self.caches = vec![fresh(); 256];
        }
        &mut self.caches[usize::from(slot)]
    }
}

/// Predicted opcodes: byte caches chosen by the previous opcode (NX part 2 §B.5).
#[derive(Debug, Clone, Default)]
pub(crate) struct OpcodeCache {
    pub(crate) table: Table<CharCache>,
    pub(crate) slot: u8,
}

impl OpcodeCache {
    pub(crate) fn current(&mut self) -> &mut CharCache {
        self.table.get(self.slot, CharCache::default)
    }
}

/// Resource ids by their transitions (NX part 2 §B.4).
#[derive(Debug, Clone, Default)]
pub(crate) struct XidCache {
    pub(crate) table: Table<IntCache>,
    pub(crate) slot: u8,
    pub(crate) last: u32,
}

impl XidCache {
    pub(crate) fn current(&mut self) -> &mut IntCache {
        self.table.get(self.slot, || IntCache::new(TABLE_ENTRIES))
    }

    /// What a creation does to the cache of later references (NX part 2 §A.11): the slot moves before the push.
    pub(crate) fn created(&mut self, id: u32) {
        let step = id.wrapping_sub(self.last) & mask(29);
        self.last = id;
        self.slot = id as u8;
        self.current().push(step);
    }
}

/// Store actions and slots (NX part 2 §B.6). `last` is the 15-bit quantity action·8192 + slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActionCache {
    pub(crate) table: Table<IntCache>,
    pub(crate) last: u32,
}

impl ActionCache {
    pub(crate) fn current(&mut self) -> &mut IntCache {
        self.table.get(self.last as u8, || IntCache::new(TABLE_ENTRIES))
    }
}

/// A list of byte strings (NX part 2 §B.8).
#[derive(Debug, Clone)]
pub(crate) struct BlockSet {
    pub(crate) blocks: Vec<Vec<u8>>,
    capacity: usize,
}

impl BlockSet {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self { blocks: Vec::new(), capacity }
    }

    /// The block at `i`, which moves half way to the front.
    pub(crate) fn hit(&mut self, i: usize) -> Option<&[u8]> {
        self.blocks.get_mut(i / 2..=i)?.rotate_right(1);
        self.blocks.get(i / 2).map(Vec::as_slice)
    }

    /// Enters a block in the middle.
    pub(crate) fn insert(&mut self, block: Vec<u8>) {
        let at = self.blocks.len() / 2;
        self.blocks.truncate(self.capacity - 1);
        self.blocks.insert(at.min(self.blocks.len()), block);
    }

    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(crate) fn find(&self, block: &[u8]) -> Option<usize> {
        self.blocks.iter().position(|b| b == block)
    }
}
