//! Stream compression (NX part 1 §5.1): one zlib stream per direction that never ends.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::error::Error;

/// Inflates in steps, so that a few bytes cannot turn into unbounded memory.
#[derive(Debug)]
pub(crate) struct Inflater {
    zlib: Decompress,
    /// Compressed bytes not yet consumed.
    input: Vec<u8>,
    consumed: usize,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { zlib: Decompress::new(true), input: Vec::new(), consumed: 0 }
    }

    /// Compressed bytes waiting.
    pub(crate) fn pending(&self) -> usize {
        self.input.len() - self.consumed
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.input.drain(..self.consumed);
        self.consumed = 0;
        self.input.extend_from_slice(bytes);
    }

    /// Fills the spare capacity of `out`. False when nothing more comes without new input.
    pub(crate) fn step(&mut self, out: &mut Vec<u8>) -> Result<bool, Error> {
        let input = self.input.get(self.consumed..).unwrap_or_default();
        let (before_in, before_out) = (self.zlib.total_in(), self.zlib.total_out());
        let status = self
            .zlib
            .decompress_vec(input, out, FlushDecompress::Sync)
            .map_err(|e| Error::Inflate(e.to_string()))?;
        let read = (self.zlib.total_in() - before_in) as usize;
        self.consumed += read;
        if status == Status::StreamEnd {
            return Err(Error::Inflate("stream ended".to_owned()));
        }
        Ok(read > 0 || self.zlib.total_out() > before_out)
    }
}

/// Deflates with a sync flush after every write.
#[derive(Debug)]
pub(crate) struct Deflater {
    zlib: Compress,
}

impl Deflater {
    /// The announced level is no promise. The lower ones of this zlib are made for speed and do not look for short matches,
    /// which are most of what there is in frames: they cost up to an eighth more bytes than the reference's of the same
    /// number. The time is not missed on a link that is compressed at all.
    pub(crate) fn new(level: u8) -> Self {
        let level = if level < 6 { 4 } else { 9 };
        Self { zlib: Compress::new(Compression::new(level), true) }
    }

    /// Compresses all of `plain` onto `out` and flushes, so that the peer can inflate all of it at once.
    pub(crate) fn write(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        out.reserve(plain.len() / 2 + 64);
        let mut rest = plain;
        loop {
            let before = self.zlib.total_in();
            self.zlib
                .compress_vec(rest, out, FlushCompress::Sync)
                .map_err(|e| Error::Inflate(e.to_string()))?;
            let read = (self.zlib.total_in() - before) as usize;
            rest = rest.get(read..).unwrap_or_default();
            // A flush is complete when it left room in the output.
            if rest.is_empty() && out.len() < out.capacity() {
                return Ok(());
            }
            out.reserve(4096);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflate_all(inflater: &mut Inflater, bytes: &[u8]) -> Vec<u8> {
        inflater.push(bytes);
        let mut all = Vec::new();
        loop {
            let mut out = Vec::with_capacity(100);
            let more = inflater.step(&mut out).unwrap();
            all.extend(out);
            if !more {
                return all;
            }
        }
    }

    #[test]
    fn a_captured_stream_inflates_chunk_by_chunk() {
        let mut inflater = Inflater::new();
        let first = [0x78, 0x5e, 0x62, 0xe0, 0x63, 0, 0, 0, 0, 0xff, 0xff];
        assert_eq!(inflate_all(&mut inflater, &first), [0, 14, 0]);
        assert_eq!(inflate_all(&mut inflater, &[0x62, 0x60, 0x60, 4, 0, 0, 0, 0xff, 0xff]), [0, 0, 1]);
    }

    #[test]
    fn every_write_can_be_read_at_once() {
        let mut deflater = Deflater::new(6);
        let mut inflater = Inflater::new();
        for size in [1, 3, 5000, 200_000] {
            let plain: Vec<u8> =
                (0..size).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
            let mut packed = Vec::new();
            deflater.write(&plain, &mut packed).unwrap();
            assert_eq!(inflate_all(&mut inflater, &packed), plain);
        }
    }
}
