//! The NX requests, major opcodes 230 to 252 (NX part 3 §9, meaning: part 5 §A). They are coded the same with and
//! without differential coding.

use super::caches::RequestCaches;
use super::store::StoreId;
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at16, at32, pad4};
use crate::error::Error;

pub(crate) const GET_CONTROL_PARAMETERS: u8 = 230;
pub(crate) const GET_UNPACK_PARAMETERS: u8 = 233;
pub(crate) const START_SPLIT: u8 = 234;
pub(crate) const END_SPLIT: u8 = 235;
pub(crate) const SPLIT_DATA: u8 = 236;
pub(crate) const COMMIT_SPLIT: u8 = 237;
pub(crate) const SET_EXPOSE_PARAMETERS: u8 = 240;
pub(crate) const SET_UNPACK_GEOMETRY: u8 = 241;
pub(crate) const SET_UNPACK_COLORMAP: u8 = 242;
pub(crate) const PUT_PACKED_IMAGE: u8 = 243;
pub(crate) const GET_SHMEM_PARAMETERS: u8 = 245;
pub(crate) const SET_UNPACK_ALPHA: u8 = 246;
pub(crate) const FREE_UNPACK: u8 = 247;
pub(crate) const FINISH_SPLIT: u8 = 248;
pub(crate) const ABORT_SPLIT: u8 = 249;
pub(crate) const FREE_SPLIT: u8 = 250;
pub(crate) const GET_FONT_PARAMETERS: u8 = 251;
pub(crate) const SET_CACHE_PARAMETERS: u8 = 252;

/// The store of an NX request.
pub(crate) fn store(opcode: u8) -> Option<StoreId> {
    Some(match opcode {
        SET_UNPACK_GEOMETRY => StoreId::SetUnpackGeometry,
        SET_UNPACK_COLORMAP => StoreId::SetUnpackColormap,
        SET_UNPACK_ALPHA => StoreId::SetUnpackAlpha,
        PUT_PACKED_IMAGE => StoreId::PutPackedImage,
        _ => return None,
    })
}

/// True for the opcodes that have a coding here; the others of 230 to 252 are generic requests.
pub(crate) fn is_coded(opcode: u8) -> bool {
    matches!(opcode, 230..=235 | 237 | 240..=243 | 245..=252)
}

/// The full form.
pub(crate) fn full<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    match opcode {
        START_SPLIT | END_SPLIT | FREE_UNPACK | FINISH_SPLIT | ABORT_SPLIT | FREE_SPLIT => {
            p.size(4)?;
            p.byte(at8(1), &mut k.resource, 0)?;
        }
        COMMIT_SPLIT => {
            p.size(12)?;
            p.opcode(at8(5), &mut k.opcode)?;
            p.stepped(at32(8), 32, 5, &mut k.commit)?;
            p.byte(at8(1), &mut k.resource, 0)?;
            p.flag(at8(4))?;
        }
        SET_EXPOSE_PARAMETERS => {
            p.size(8)?;
            for o in 4..7 {
                p.flag(at8(o))?;
            }
        }
        SET_UNPACK_GEOMETRY => {
            p.size(24)?;
            p.byte(at8(1), &mut k.resource, 0)?;
            for o in 4..10 {
                p.byte(at8(o), &mut k.depth, 0)?;
            }
            for o in [12, 16, 20] {
                p.value(at32(o), 32, 0)?;
            }
        }
        SET_UNPACK_COLORMAP | SET_UNPACK_ALPHA => {
            p.size(16)?;
            let n = p.value(at32(8), 32, 9)? as usize;
            p.size(16_usize.saturating_add(pad4(n)))?;
            p.byte(at8(1), &mut k.resource, 0)?;
            p.byte(at8(4), &mut k.method, 0)?;
            p.value(at32(12), 32, 9)?;
            if n > 0 {
                p.memory(16, pad4(n))?;
            }
        }
        PUT_PACKED_IMAGE => {
            p.size(40)?;
            p.byte(at8(1), &mut k.resource, 0)?;
            let size = 4 * p.coder.value((p.len() / 4) as u32, 16, 10)? as usize;
            p.size(size.max(40))?;
            p.xid(at32(4), &mut k.drawable)?;
            p.xid(at32(8), &mut k.gc)?;
            p.byte(at8(12), &mut k.method, 0)?;
            p.value(at8(13), 2, 0)?;
            p.byte(at8(14), &mut k.depth, 0)?;
            p.byte(at8(15), &mut k.depth, 0)?;
            p.cached(at32(16), 24, &mut k.packed_source_length, 0)?;
            p.cached(at32(20), 24, &mut k.packed_target_length, 0)?;
            for o in [24, 32] {
                p.delta(at16(o), 16, &mut k.image_x, 8, &mut k.image_last.0)?;
                p.delta(at16(o + 2), 16, &mut k.image_y, 8, &mut k.image_last.1)?;
                p.cached(at16(o + 4), 16, &mut k.image_width, 8)?;
                p.cached(at16(o + 6), 16, &mut k.image_height, 8)?;
            }
            if size > 40 {
                p.memory(40, size - 40)?;
            }
        }
        GET_SHMEM_PARAMETERS => {
            p.size(16)?;
            if p.value(at8(1), 2, 0)? == 0 {
                p.flag(at8(4))?;
                p.flag(at8(5))?;
                p.value(at32(8), 29, 9)?;
                p.value(at32(12), 29, 9)?;
            }
        }
        SET_CACHE_PARAMETERS => {
            p.size(8)?;
            let modes = p.get(at8(6)) << 8 | p.get(at8(7));
            let modes = p.coder.cached(modes, 32, &mut k.cache_parameters, 0)?;
            p.set(at8(6), modes >> 8);
            p.set(at8(7), modes);
        }
        // The parameter requests are nothing but their opcode.
        _ => p.size(4)?,
    }
    Ok(())
}

/// The variant fields, for a message found in its store.
pub(crate) fn update<C: Coder>(opcode: u8, p: &mut Pass<C>, k: &mut RequestCaches) -> Result<(), Error> {
    p.byte(at8(1), &mut k.resource, 0)?;
    if opcode == PUT_PACKED_IMAGE {
        p.xid(at32(4), &mut k.drawable)?;
        p.xid(at32(8), &mut k.gc)?;
        p.delta_old(at16(32), 16, &mut k.image_x, 8)?;
        p.delta_old(at16(34), 16, &mut k.image_y, 8)?;
        p.cached(at16(36), 16, &mut k.image_width, 8)?;
        p.cached(at16(38), 16, &mut k.image_height, 8)?;
    }
    Ok(())
}
