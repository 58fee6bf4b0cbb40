//! Data blocks inside messages that may be compressed (NX part 1 §5.2, part 2 §D). No message of the protocol step
//! spoken here needs one; old forms that must still be understood do.

use flate2::{Decompress, FlushDecompress, Status};

use super::coder::Coder;
use super::pass::Pass;
use crate::error::Error;

/// Codes the bytes of the message from `at` on: never compressed when encoding, as the peer says when decoding.
pub(crate) fn code<C: Coder>(p: &mut Pass<C>, at: usize) -> Result<(), Error> {
    let size = p.len().saturating_sub(at);
    if size == 0 {
        return Ok(());
    }
    if !p.coder.flag(false)? {
        return p.memory(at, size);
    }
    let packed = p.coder.value(0, 32, 14)? as usize;
    let plain = p.coder.value(0, 32, 14)? as usize;
    // A block that does not shrink is never sent compressed.
    if plain != size || packed > size {
        return Err(Error::DataBlock);
    }
    let mut z = vec![0; packed];
    p.coder.memory(&mut z)?;
    let target = p.message.get_mut(at..).ok_or(Error::DataBlock)?;
    inflate(&z, target)
}

/// Inflates one complete zlib stream that must fill `target` exactly.
pub(crate) fn inflate(z: &[u8], target: &mut [u8]) -> Result<(), Error> {
    let mut zlib = Decompress::new(true);
    match zlib.decompress(z, target, FlushDecompress::Finish) {
        Ok(Status::StreamEnd) if zlib.total_out() == target.len() as u64 => Ok(()),
        _ => Err(Error::DataBlock),
    }
}
