//! SHAPE, and every request without a coding of its own (NX part 3 §7 and §8).

use super::caches::RequestCaches;
use crate::coding::cache::{CharCache, IntCache};
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at16};
use crate::error::Error;

/// The full form of a SHAPE request.
pub(super) fn full_shape<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    full(p, &mut k.shape_opcode, &mut k.shape_data)
}

/// The variant fields of a SHAPE request.
pub(super) fn update_shape<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    data(p, &mut k.shape_data)
}

/// The full form of a generic request.
pub(super) fn full_generic<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    full(p, &mut k.generic_opcode, &mut k.generic_data)
}

/// The variant fields of a generic request.
pub(super) fn update_generic<C: Coder>(p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.byte(at8(1), &mut k.generic_opcode, 0)?;
    data(p, &mut k.generic_data)
}

fn full<C: Coder>(p: &mut Pass<C>, minor: &mut CharCache, words: &mut [IntCache; 8]) -> Result<(), Error> {
    let size = 4 * p.coder.value((p.len() / 4) as u32, 16, 10)? as usize;
    p.size(size.max(4))?;
    p.byte(at8(1), minor, 0)?;
    data(p, words)?;
    if size > 20 {
        p.memory(20, size - 20)?;
    }
    Ok(())
}

/// The 16-bit words from byte 4 on, at most eight.
fn data<C: Coder>(p: &mut Pass<C>, words: &mut [IntCache; 8]) -> Result<(), Error> {
    for (o, cache) in (4..p.len()).step_by(2).zip(words) {
        p.cached(at16(o), 16, cache, 0)?;
    }
    Ok(())
}
