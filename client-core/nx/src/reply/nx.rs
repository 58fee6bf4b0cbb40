//! Replies to the NX parameter requests (NX part 4 §6). The display side makes them up; what the X server answered
//! to the substitute only triggers them.

use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, pad4};
use crate::error::Error;
use crate::request::nx::{GET_FONT_PARAMETERS, GET_SHMEM_PARAMETERS, GET_UNPACK_PARAMETERS};

/// Pack methods there are: the length of the list of offers.
pub(crate) const PACK_METHODS: usize = 128;

/// The body of the reply to an NX request, over its X11 form.
pub(crate) fn reply<C: Coder>(opcode: u8, p: &mut Pass<C>) -> Result<(), Error> {
    match opcode {
        GET_UNPACK_PARAMETERS => {
            p.size(32 + PACK_METHODS)?;
            for o in 32..32 + PACK_METHODS {
                p.flag(at8(o))?;
            }
        }
        GET_SHMEM_PARAMETERS => {
            if p.value(at8(1), 2, 0)? == 2 {
                p.flag(at8(8))?;
                p.flag(at8(9))?;
            }
        }
        GET_FONT_PARAMETERS => {
            p.size(36)?;
            let n = p.value(at8(32), 8, 0)? as usize;
            p.size(32 + pad4(n + 1))?;
            p.memory(33, n)?;
        }
        _ => return Err(Error::Unsupported { what: "a reply to an NX request without one" }),
    }
    Ok(())
}
