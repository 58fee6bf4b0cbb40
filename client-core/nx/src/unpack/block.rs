//! Z blocks (NX part 5 §B.3): a flag byte, then raw data or one zlib stream.

use crate::coding::block::inflate;

/// Expands a block that must fill `target` exactly.
pub(super) fn expand_into(block: &[u8], target: &mut [u8]) -> Option<()> {
    match block.split_first()? {
        (0, raw) => (raw.len() == target.len()).then(|| target.copy_from_slice(raw)),
        (_, z) => inflate(z, target).ok(),
    }
}

/// Expands a block to `size` bytes, which the caller has bounded.
pub(super) fn expand(block: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut target = vec![0; size];
    expand_into(block, &mut target)?;
    Some(target)
}
