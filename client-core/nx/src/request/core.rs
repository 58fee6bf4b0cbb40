//! Core requests with a coding of their own (NX part 3 §5).

use super::caches::RequestCaches;
use super::store::StoreId;
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at16, pad4};
use crate::error::Error;

pub(crate) const QUERY_EXTENSION: u8 = 98;
pub(crate) const LIST_EXTENSIONS: u8 = 99;

pub(crate) fn is_coded(opcode: u8) -> bool {
    matches!(opcode, 98 | 99)
}

pub(crate) fn store(_: u8) -> Option<StoreId> {
    None
}

/// The full form.
pub(crate) fn full<C: Coder>(opcode: u8, p: &mut Pass<C>, _: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        QUERY_EXTENSION => {
            p.size(8)?;
            let n = p.value(at16(4), 16, 6)? as usize;
            p.size(8 + pad4(n))?;
            for i in 0..n {
                p.value(at8(8 + i), 8, 0)?;
            }
        }
        _ => p.size(4)?,
    }
    Ok(())
}

/// The variant fields.
pub(crate) fn update<C: Coder>(_: u8, _: &mut Pass<C>, _: &mut RequestCaches) -> Result<(), Error> {
    Ok(())
}
