//! The bit stream of a frame (NX part 2 §A.1 to A.4).
//!
//! Two rules explain every byte: bits fill each byte from its most significant bit down, and numbers go out least
//! significant bit first. A number coded on a byte boundary therefore looks bit-reversed.

use crate::error::Error;

/// Most bytes one raw copy may move (NX part 2 §A.1).
pub const MAX_MEMORY: usize = 4 << 20;

/// The low `bits` bits set. `bits` is 0 to 32.
pub(crate) const fn mask(bits: u32) -> u32 {
    if bits >= 32 { u32::MAX } else { (1 << bits) - 1 }
}

/// Collects the bits of one frame payload.
#[derive(Debug, Default, Clone)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits not yet in `bytes`, right-aligned; always fewer than 8 between calls.
    pending: u64,
    count: u32,
}

impl BitWriter {
    /// Bytes the payload would have now, without the postfix byte.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + usize::from(self.count > 0)
    }

    /// Bits written so far.
    pub(crate) fn bit_len(&self) -> usize {
        self.bytes.len() * 8 + self.count as usize
    }

    /// The payload, padded with zero bits to a byte, without the postfix byte. The writer is empty afterwards.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.align();
        std::mem::take(&mut self.bytes)
    }

    fn align(&mut self) {
        if self.count > 0 {
            self.push(0, 8 - self.count);
        }
    }

    /// Appends `count` bits, most significant first. `count` is at most 32.
    fn push(&mut self, bits: u32, count: u32) {
        self.pending = (self.pending << count) | u64::from(bits);
        self.count += count;
        if self.count >= 8 {
            let whole = self.count / 8;
            self.count %= 8;
            let bytes = (self.pending >> self.count).to_be_bytes();
            self.bytes.extend_from_slice(bytes.get(8 - whole as usize..).unwrap_or_default());
            self.pending &= (1 << self.count) - 1;
        }
    }

    /// Appends the low `count` bits of `v`, least significant first. `count` is 1 to 32.
    fn push_reversed(&mut self, v: u32, count: u32) {
        self.push((v & mask(count)).reverse_bits() >> (32 - count), count);
    }

    /// `value(v, bits, block)` (NX part 2 §A.2).
    pub(crate) fn value(&mut self, v: u32, bits: u32, block: u32) {
        if bits == 0 {
            self.push(0, 1);
            return;
        }
        let v = v & mask(bits);
        let mut block = if block == 0 { bits } else { block };
        let mut done = 0;
        let mut chunk = 1;
        loop {
            if chunk == 4 {
                block = bits;
            }
            let n = block.min(bits - done);
            self.push_reversed(v >> done, n);
            let last = (v >> (done + n - 1)) & 1;
            done += n;
            if done == bits {
                return;
            }
            let free = if last == 1 { mask(bits - done) } else { 0 };
            if v >> done == free {
                self.push(0, 1);
                return;
            }
            self.push(1, 1);
            block = (block / 2).max(2);
            chunk += 1;
        }
    }

    /// The index code for entry `i` of a cache (NX part 2 §A.5).
    pub(crate) fn index(&mut self, i: usize) {
        let mut zeros = if i < 2 { i } else { i + 1 };
        while zeros >= 31 {
            self.push(0, 31);
            zeros -= 31;
        }
        self.push(1, zeros as u32 + 1);
    }

    /// The index code for "not in the cache".
    pub(crate) fn miss(&mut self) {
        self.push(1, 3);
    }

    /// `memory(bytes)`: aligns, even for no bytes, then copies (NX part 2 §A.3).
    pub(crate) fn memory(&mut self, bytes: &[u8]) {
        self.align();
        self.bytes.extend_from_slice(bytes);
    }
}

/// Reads the bits of one frame payload. The payload is given without its postfix byte.
#[derive(Debug, Clone)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Position of the next bit.
    bit: usize,
}

impl<'a> BitReader<'a> {
    /// Reads `payload` from the bit `at`.
    pub(crate) fn new(payload: &'a [u8], at: usize) -> Self {
        Self { bytes: payload, bit: at }
    }

    /// Position of the next bit, to continue later.
    pub(crate) fn position(&self) -> usize {
        self.bit
    }

    fn left(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(self.bit)
    }

    /// Takes `count` bits, most significant first. `count` is 1 to 32.
    fn pull(&mut self, count: u32) -> Result<u32, Error> {
        let left = self.left();
        if left < count as usize {
            return Err(Error::FrameEnd { missing: count as usize - left });
        }
        let first = self.bit / 8;
        let skip = (self.bit % 8) as u32;
        let source = self.bytes.get(first..).unwrap_or_default();
        let window = if let Some(window) = source.first_chunk() {
            u64::from_be_bytes(*window)
        } else {
            // The last bytes of a payload.
            let bytes = source.iter().fold(0, |v, b| v << 8 | u64::from(*b));
            bytes.unbounded_shl(64 - 8 * source.len() as u32)
        };
        self.bit += count as usize;
        Ok(((window << skip) >> (64 - count)) as u32)
    }

    fn pull_reversed(&mut self, count: u32) -> Result<u32, Error> {
        Ok((self.pull(count)? << (32 - count)).reverse_bits())
    }

    /// `value(bits, block)` (NX part 2 §A.2).
    pub(crate) fn value(&mut self, bits: u32, block: u32) -> Result<u32, Error> {
        if bits == 0 {
            self.pull(1)?;
            return Ok(0);
        }
        let mut block = if block == 0 { bits } else { block };
        let mut v = 0;
        let mut done = 0;
        let mut chunk = 1;
        loop {
            if chunk == 4 {
                block = bits;
            }
            let n = block.min(bits - done);
            let part = self.pull_reversed(n)?;
            v |= part << done;
            let last = (part >> (n - 1)) & 1;
            done += n;
            if done == bits {
                return Ok(v);
            }
            if self.pull(1)? == 0 {
                if last == 1 {
                    v |= mask(bits - done) << done;
                }
                return Ok(v);
            }
            block = (block / 2).max(2);
            chunk += 1;
        }
    }

    /// Zero bits before the next one bit, which is consumed too; `None` if only zeros are left.
    fn zeros(&mut self) -> Option<usize> {
        let mut zeros = 0;
        loop {
            let byte = *self.bytes.get(self.bit / 8)?;
            let skip = self.bit % 8;
            let run = (byte << skip).leading_zeros() as usize;
            if run < 8 - skip {
                self.bit += run + 1;
                return Some(zeros + run);
            }
            zeros += 8 - skip;
            self.bit += 8 - skip;
        }
    }

    /// The index code (NX part 2 §A.5): `None` is a miss.
    pub(crate) fn index(&mut self) -> Result<Option<usize>, Error> {
        match self.zeros() {
            Some(2) => Ok(None),
            Some(z) => Ok(Some(if z < 2 { z } else { z - 1 })),
            None => Err(Error::FrameEnd { missing: 1 }),
        }
    }

    /// True when no message follows: only zero bits are left (NX part 2 §A.12).
    pub(crate) fn at_end(&self) -> bool {
        self.clone().zeros().is_none()
    }

    /// `memory(n)`: aligns, then takes `n` bytes (NX part 2 §A.3).
    pub(crate) fn memory(&mut self, n: usize) -> Result<&'a [u8], Error> {
        let at = self.bit.div_ceil(8);
        if n > MAX_MEMORY {
            return Err(Error::MessageSize { size: n, min: 0, max: MAX_MEMORY });
        }
        let end = at.saturating_add(n);
        let taken = if n == 0 { Some(&[][..]) } else { self.bytes.get(at..end) };
        let Some(bytes) = taken else {
            let left = self.bytes.len().saturating_sub(at);
            return Err(Error::FrameEnd { missing: (n - left) * 8 });
        };
        self.bit = end * 8;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_coded_as_in_the_worked_examples() {
        for (v, bits, block, expected) in [
            (5, 8, 0, &[0xa0][..]),
            (0, 32, 8, &[0, 0]),
            (0xffff_ffff, 32, 8, &[0xff, 0]),
            (300, 32, 8, &[0x34, 0xc0]),
            (0x1234_5678, 32, 8, &[0x1e, 0xb6, 0xc5, 0x89, 0x00]),
            (0xffe0, 16, 6, &[0x04]),
            (100, 16, 6, &[0x27, 0]),
        ] {
            let mut w = BitWriter::default();
            w.value(v, bits, block);
            let bytes = w.take();
            assert_eq!(bytes, expected, "value({v}, {bits}, {block})");
            assert_eq!(BitReader::new(&bytes, 0).value(bits, block), Ok(v));
        }
    }

    #[test]
    fn raw_bytes_align_even_when_there_are_none() {
        let mut w = BitWriter::default();
        w.value(1, 1, 0);
        w.memory(&[]);
        w.value(1, 1, 0);
        assert_eq!(w.take(), [0x80, 0x80]);
    }

    #[test]
    fn a_frame_of_padding_holds_no_message() {
        assert!(BitReader::new(&[0x00], 3).at_end());
        assert!(!BitReader::new(&[0x01], 3).at_end());
    }

    #[test]
    fn reading_past_the_end_is_refused() {
        assert_eq!(BitReader::new(&[0xff], 0).value(9, 0), Err(Error::FrameEnd { missing: 1 }));
        assert_eq!(BitReader::new(&[0xff], 1).memory(1), Err(Error::FrameEnd { missing: 8 }));
    }
}
