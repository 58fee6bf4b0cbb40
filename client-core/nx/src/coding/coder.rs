//! One description of a message, two directions.
//!
//! Every message is described once, as a sequence of fields sent through coders (the notation of NX part 3 §1). The
//! description is generic over [`Coder`]: with [`Encoder`] a field is read from the message and its bits are
//! written; with [`Decoder`] the bits are read and the field is set. Whatever both ends must do alike - promote a
//! cache entry, move a register - is therefore written once and cannot get out of step.

use super::bits::{BitReader, BitWriter, mask};
use super::cache::{ActionCache, CharCache, IntCache, OpcodeCache, XidCache};
use crate::error::Error;

/// Sends numbers and bytes through the bit stream, in one of the two directions.
///
/// Each method takes the value that an encoder has and returns the value that both ends agree on: the argument
/// reduced to its width when encoding, the number off the wire when decoding (where the argument is ignored).
pub(crate) trait Coder {
    /// True for the direction that writes the bit stream.
    const ENCODES: bool;

    /// How many bits were coded so far.
    fn position(&self) -> usize;

    /// `value(v, bits, block)` (NX part 2 §A.2).
    fn value(&mut self, v: u32, bits: u32, block: u32) -> Result<u32, Error>;

    /// `cached_int` (NX part 2 §A.6).
    fn cached(&mut self, v: u32, bits: u32, cache: &mut IntCache, block: u32) -> Result<u32, Error>;

    /// `cached_char` (NX part 2 §A.7).
    fn cached_char(&mut self, v: u8, bits: u32, cache: &mut CharCache, block: u32) -> Result<u8, Error>;

    /// `cached_char` as every message uses it: 8 bits wide.
    fn byte(&mut self, v: u8, cache: &mut CharCache, block: u32) -> Result<u8, Error> {
        self.cached_char(v, 8, cache, block)
    }

    /// `memory` (NX part 2 §A.3): writes `bytes`, or fills them.
    fn memory(&mut self, bytes: &mut [u8]) -> Result<(), Error>;

    /// One bit: the low bit of `v` (NX part 2 §A.4).
    fn flag(&mut self, v: bool) -> Result<bool, Error> {
        Ok(self.value(v.into(), 1, 0)? == 1)
    }

    /// `opcode` (NX part 2 §A.9).
    fn opcode(&mut self, v: u8, cache: &mut OpcodeCache) -> Result<u8, Error> {
        let v = self.byte(v, cache.current(), 8)?;
        cache.slot = v;
        Ok(v)
    }

    /// `xid` (NX part 2 §A.11): a reference to an existing resource.
    fn xid(&mut self, v: u32, cache: &mut XidCache) -> Result<u32, Error> {
        let last = cache.last;
        let step = self.cached(v.wrapping_sub(last), 29, cache.current(), 0)?;
        let v = last.wrapping_add(step) & mask(29);
        cache.last = v;
        cache.slot = v as u8;
        Ok(v)
    }

    /// A number as its difference to a register, less `bias` (NX part 2 §A.8; `DELTA` and `DIFF` of part 3 §1.1).
    fn relative(
        &mut self,
        v: u32,
        bits: u32,
        cache: &mut IntCache,
        block: u32,
        register: &mut u32,
        bias: u32,
    ) -> Result<u32, Error> {
        let base = register.wrapping_add(bias);
        let d = self.cached(v.wrapping_sub(base), bits, cache, block)?;
        *register = base.wrapping_add(d) & mask(bits);
        Ok(*register)
    }

    /// A number as its plain difference to a register.
    fn stepped(&mut self, v: u32, bits: u32, block: u32, register: &mut u32) -> Result<u32, Error> {
        let d = self.value(v.wrapping_sub(*register), bits, block)?;
        *register = register.wrapping_add(d) & mask(bits);
        Ok(*register)
    }

    /// A store action and its slot (NX part 2 §A.10).
    fn action(&mut self, action: u8, slot: u16, cache: &mut ActionCache) -> Result<(u8, u16), Error> {
        let v = u32::from(action) << 13 | u32::from(slot);
        let last = cache.last;
        let d = self.cached(v.wrapping_sub(last), 15, cache.current(), 0)?;
        cache.last = last.wrapping_add(d) & mask(15);
        Ok(((cache.last >> 13) as u8, (cache.last & mask(13)) as u16))
    }
}

/// Writes.
#[derive(Debug)]
pub(crate) struct Encoder<'a>(pub(crate) &'a mut BitWriter);

impl Coder for Encoder<'_> {
    const ENCODES: bool = true;

    fn position(&self) -> usize {
        self.0.bit_len()
    }

    fn value(&mut self, v: u32, bits: u32, block: u32) -> Result<u32, Error> {
        self.0.value(v, bits, block);
        Ok(v & mask(bits))
    }

    fn cached(&mut self, v: u32, bits: u32, cache: &mut IntCache, block: u32) -> Result<u32, Error> {
        let v = v & mask(bits);
        if let Some(i) = cache.find(v) {
            cache.hit(i);
            self.0.index(i);
        } else {
            let block = cache.effective_block(block);
            let d = cache.miss(v, bits);
            self.0.miss();
            self.0.value(d, bits, block);
        }
        Ok(v)
    }

    fn cached_char(&mut self, v: u8, bits: u32, cache: &mut CharCache, block: u32) -> Result<u8, Error> {
        if let Some(i) = cache.find(v) {
            cache.hit(i);
            self.0.index(i);
        } else {
            cache.miss(v);
            self.0.miss();
            self.0.value(v.into(), bits, block);
        }
        Ok(v)
    }

    fn memory(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.memory(bytes);
        Ok(())
    }
}

/// Reads.
#[derive(Debug)]
pub(crate) struct Decoder<'a>(pub(crate) BitReader<'a>);

impl Coder for Decoder<'_> {
    const ENCODES: bool = false;

    fn position(&self) -> usize {
        self.0.position()
    }

    fn value(&mut self, _: u32, bits: u32, block: u32) -> Result<u32, Error> {
        self.0.value(bits, block)
    }

    fn cached(&mut self, _: u32, bits: u32, cache: &mut IntCache, block: u32) -> Result<u32, Error> {
        if let Some(index) = self.0.index()? {
            cache.hit(index).ok_or(Error::CacheEntry { index, len: cache.len() })
        } else {
            let d = self.0.value(bits, cache.effective_block(block))?;
            Ok(cache.miss_by(d, bits))
        }
    }

    fn cached_char(&mut self, _: u8, bits: u32, cache: &mut CharCache, block: u32) -> Result<u8, Error> {
        if let Some(index) = self.0.index()? {
            cache.hit(index).ok_or(Error::CacheEntry { index, len: cache.len() })
        } else {
            let v = self.0.value(bits, block)? as u8;
            cache.miss(v);
            Ok(v)
        }
    }

    fn memory(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.copy_from_slice(self.0.memory(bytes.len())?);
        Ok(())
    }
}
