//! A message on its way through a coder: fields by offset, in the byte order of the X client (NX part 3 §1.2).

use super::cache::{CharCache, IntCache, OpcodeCache, XidCache};
use super::coder::Coder;
use crate::error::Error;

/// Byte order of an X connection, from the first byte of its setup (NX part 3 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByteOrder {
    /// Least significant byte first; everything but `B`.
    #[default]
    Lsb,
    /// Most significant byte first; announced by `B` (0x42).
    Msb,
}

impl ByteOrder {
    /// The order that the first byte of a connection setup announces.
    pub fn announced_by(first: u8) -> Self {
        if first == b'B' { Self::Msb } else { Self::Lsb }
    }

    /// The 16-bit number at `at`; 0 where there are no bytes.
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        self.get(bytes, at16(at)) as u16
    }

    /// The 32-bit number at `at`; 0 where there are no bytes.
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        self.get(bytes, at32(at))
    }

    /// The field's number; 0 where the message has no such bytes.
    pub(crate) fn get(self, bytes: &[u8], field: Field) -> u32 {
        let bytes =
            field.at.checked_add(field.width).and_then(|end| bytes.get(field.at..end)).unwrap_or_default();
        match self {
            Self::Lsb => bytes.iter().rev().fold(0, |v, b| v << 8 | u32::from(*b)),
            Self::Msb => bytes.iter().fold(0, |v, b| v << 8 | u32::from(*b)),
        }
    }

    /// Sets the field; nothing happens where the message has no such bytes.
    pub(crate) fn set(self, bytes: &mut [u8], field: Field, v: u32) {
        let Some(bytes) = field.at.checked_add(field.width).and_then(|end| bytes.get_mut(field.at..end))
        else {
            return;
        };
        let width = bytes.len();
        for (i, b) in bytes.iter_mut().enumerate() {
            let shift = match self {
                Self::Lsb => i,
                Self::Msb => width - 1 - i,
            };
            *b = (v >> (8 * shift)) as u8;
        }
    }
}

/// A 1-, 2- or 4-byte field at an offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    at: usize,
    width: usize,
}

pub(crate) const fn at8(at: usize) -> Field {
    Field { at, width: 1 }
}

pub(crate) const fn at16(at: usize) -> Field {
    Field { at, width: 2 }
}

pub(crate) const fn at32(at: usize) -> Field {
    Field { at, width: 4 }
}

/// `n` rounded up to a multiple of 4.
pub(crate) const fn pad4(n: usize) -> usize {
    n.saturating_add(3) & !3
}

/// The last new id and the cache of its steps, shared by all kinds of resources (NX part 2 §A.11).
#[derive(Debug, Clone)]
pub(crate) struct NewIds {
    pub(crate) last: u32,
    pub(crate) cache: IntCache,
}

/// A message and the coder it goes through.
///
/// When encoding, `message` is the whole message and is only read. When decoding it starts empty (or as the stored
/// image, on a store hit), grows by [`size`](Self::size) and is filled field by field; bytes no field names are 0.
#[derive(Debug)]
pub(crate) struct Pass<'a, C> {
    pub(crate) coder: &'a mut C,
    pub(crate) message: &'a mut Vec<u8>,
    pub(crate) order: ByteOrder,
    /// Largest message size allowed here.
    pub(crate) limit: usize,
    /// When encoding a store hit: the stored image.
    pub(crate) stored: Option<&'a [u8]>,
    /// On a store hit: the byte order of the stored image.
    pub(crate) stored_order: ByteOrder,
}

impl<C: Coder> Pass<'_, C> {
    /// The length of the message in bytes.
    pub(crate) fn len(&self) -> usize {
        self.message.len()
    }

    /// The message is `n` bytes long, or will be at least that.
    pub(crate) fn size(&mut self, n: usize) -> Result<(), Error> {
        if n > self.limit || (C::ENCODES && n > self.len()) {
            let max = if C::ENCODES { self.len() } else { self.limit };
            return Err(Error::MessageSize { size: n, min: 0, max });
        }
        if !C::ENCODES {
            self.message.resize(n, 0);
        }
        Ok(())
    }

    pub(crate) fn get(&self, field: Field) -> u32 {
        self.order.get(self.message, field)
    }

    /// Sets a field that is not coded (decoding only; an encoder's message is as it is).
    pub(crate) fn set(&mut self, field: Field, v: u32) {
        if !C::ENCODES {
            self.order.set(self.message, field, v);
        }
    }

    /// `V(bits, block)`
    pub(crate) fn value(&mut self, field: Field, bits: u32, block: u32) -> Result<u32, Error> {
        let v = self.coder.value(self.get(field), bits, block)?;
        self.set(field, v);
        Ok(v)
    }

    /// `B`
    pub(crate) fn flag(&mut self, field: Field) -> Result<bool, Error> {
        Ok(self.value(field, 1, 0)? == 1)
    }

    /// `C(bits, cache, block)`
    pub(crate) fn cached(
        &mut self,
        field: Field,
        bits: u32,
        cache: &mut IntCache,
        block: u32,
    ) -> Result<u32, Error> {
        let v = self.coder.cached(self.get(field), bits, cache, block)?;
        self.set(field, v);
        Ok(v)
    }

    /// `K(cache, block)`
    pub(crate) fn byte(&mut self, field: Field, cache: &mut CharCache, block: u32) -> Result<u8, Error> {
        let v = self.coder.byte(self.get(field) as u8, cache, block)?;
        self.set(field, v.into());
        Ok(v)
    }

    /// `OP(cache)`
    pub(crate) fn opcode(&mut self, field: Field, cache: &mut OpcodeCache) -> Result<u8, Error> {
        let v = self.coder.opcode(self.get(field) as u8, cache)?;
        self.set(field, v.into());
        Ok(v)
    }

    /// `X(cache)`
    pub(crate) fn xid(&mut self, field: Field, cache: &mut XidCache) -> Result<u32, Error> {
        let v = self.coder.xid(self.get(field), cache)?;
        self.set(field, v);
        Ok(v)
    }

    /// The coded part of `NX`: a new id as the step from the last new one.
    fn step_id(&mut self, field: Field, ids: &mut NewIds) -> Result<u32, Error> {
        let v = self.coder.relative(self.get(field), 29, &mut ids.cache, 0, &mut ids.last, 1)?;
        self.set(field, v);
        Ok(v)
    }

    /// `NX(cache, free)` where later references go through an xid cache.
    pub(crate) fn new_xid(
        &mut self,
        field: Field,
        ids: &mut NewIds,
        references: &mut XidCache,
        free: &mut IntCache,
    ) -> Result<(), Error> {
        let v = self.step_id(field, ids)?;
        references.created(v);
        free.push(v);
        Ok(())
    }

    /// `NX(cache, free)` where later references go through an integer cache (glyph sets).
    pub(crate) fn new_id(
        &mut self,
        field: Field,
        ids: &mut NewIds,
        references: &mut IntCache,
        free: &mut IntCache,
    ) -> Result<(), Error> {
        let v = self.step_id(field, ids)?;
        references.push(v);
        free.push(v);
        Ok(())
    }

    /// `F(free)`
    pub(crate) fn free_xid(&mut self, field: Field, free: &mut IntCache) -> Result<u32, Error> {
        self.cached(field, 29, free, 0)
    }

    /// `DELTA(bits, cache, block, register)`
    pub(crate) fn delta(
        &mut self,
        field: Field,
        bits: u32,
        cache: &mut IntCache,
        block: u32,
        register: &mut u32,
    ) -> Result<u32, Error> {
        let v = self.coder.relative(self.get(field), bits, cache, block, register, 0)?;
        self.set(field, v);
        Ok(v)
    }

    /// `DIFF(bits, cache, block, register)`
    pub(crate) fn diff(
        &mut self,
        field: Field,
        bits: u32,
        cache: &mut IntCache,
        block: u32,
        register: &mut u32,
    ) -> Result<u32, Error> {
        let v = self.coder.relative(self.get(field), bits, cache, block, register, 1)?;
        self.set(field, v);
        Ok(v)
    }

    /// `DELTA(bits, None, block, register)`
    pub(crate) fn stepped(
        &mut self,
        field: Field,
        bits: u32,
        block: u32,
        register: &mut u32,
    ) -> Result<u32, Error> {
        let v = self.coder.stepped(self.get(field), bits, block, register)?;
        self.set(field, v);
        Ok(v)
    }

    /// The field as it is in the stored message.
    fn old(&self, field: Field) -> u32 {
        self.stored_order.get(self.stored.unwrap_or(self.message), field)
    }

    /// `DELTA_OLD(bits, cache, block)`
    pub(crate) fn delta_old(
        &mut self,
        field: Field,
        bits: u32,
        cache: &mut IntCache,
        block: u32,
    ) -> Result<u32, Error> {
        let mut old = self.old(field);
        self.delta(field, bits, cache, block, &mut old)
    }

    /// `DIFF_OLD(bits, cache, block)`
    pub(crate) fn diff_old(
        &mut self,
        field: Field,
        bits: u32,
        cache: &mut IntCache,
        block: u32,
    ) -> Result<u32, Error> {
        let mut old = self.old(field);
        self.diff(field, bits, cache, block, &mut old)
    }

    /// `MEM(at, n)`: the alignment takes place even for no bytes.
    pub(crate) fn memory(&mut self, at: usize, n: usize) -> Result<(), Error> {
        let size = self.len();
        let end = at.saturating_add(n);
        let bytes =
            self.message.get_mut(at..end).ok_or(Error::MessageSize { size, min: end, max: self.limit })?;
        self.coder.memory(bytes)
    }
}
