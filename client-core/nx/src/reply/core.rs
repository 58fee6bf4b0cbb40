//! Replies to core requests (NX part 4 §4.2).

use super::caches::ReplyCaches;
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at32};
use crate::error::Error;
use crate::request::core::QUERY_EXTENSION;

/// The body of the reply to `opcode`.
pub(crate) fn reply<C: Coder>(opcode: u8, p: &mut Pass<C>, _: &mut ReplyCaches) -> Result<(), Error> {
    match opcode {
        QUERY_EXTENSION => {
            p.flag(at8(8))?;
            for o in 9..12 {
                p.value(at8(o), 8, 0)?;
            }
        }
        _ => {
            let words = p.value(at32(4), 32, 8)? as usize;
            p.size(32_usize.saturating_add(words.saturating_mul(4)))?;
            let names = p.value(at8(1), 8, 0)?;
            let mut o = 32;
            for _ in 0..names {
                let n = p.value(at8(o), 8, 0)? as usize;
                for i in o + 1..=o + n {
                    p.value(at8(i), 8, 0)?;
                }
                o += 1 + n;
            }
        }
    }
    Ok(())
}
