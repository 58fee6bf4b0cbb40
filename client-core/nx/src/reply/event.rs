//! Events and errors (NX part 4 §5.3 to 5.5). All are 32 bytes here.

use super::ERROR;
use super::caches::ReplyCaches;
use crate::coding::coder::Coder;
use crate::coding::pass::{Pass, at8, at16, at32};
use crate::error::Error;

const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;
const MOTION_NOTIFY: u8 = 6;
const ENTER_NOTIFY: u8 = 7;
const LEAVE_NOTIFY: u8 = 8;

/// The body of an event or error, behind its code and sequence number.
pub(super) fn code<C: Coder>(code: u8, p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    match code {
        ERROR => error(p, k)?,
        KEY_PRESS..=LEAVE_NOTIFY => input(code, p, k)?,
        9 | 10 => {
            p.value(at8(1), 3, 0)?;
            p.cached(at32(4), 29, &mut k.focus_window, 9)?;
            p.value(at8(8), 2, 0)?;
        }
        11 => {
            let same = p.message.get(1..32) == Some(&k.keys);
            if p.coder.flag(same)? {
                if !C::ENCODES && k.keys.len() == 31 {
                    p.message[1..32].copy_from_slice(&k.keys);
                }
            } else {
                for o in 1..32 {
                    p.value(at8(o), 8, 0)?;
                }
                k.keys = p.message.get(1..32).unwrap_or_default().to_vec();
            }
        }
        12 => {
            p.cached(at32(4), 29, &mut k.expose_window, 9)?;
            for (i, cache) in k.expose_geometry.iter_mut().enumerate() {
                p.cached(at16(8 + 2 * i), 16, cache, 6)?;
            }
        }
        14 => {
            p.cached(at32(4), 29, &mut k.no_expose_drawable, 9)?;
            p.cached(at16(8), 16, &mut k.no_expose_minor, 0)?;
            p.byte(at8(10), &mut k.no_expose_major, 0)?;
        }
        15 => {
            p.cached(at32(4), 29, &mut k.visibility_window, 9)?;
            p.value(at8(8), 2, 0)?;
        }
        16 => {
            p.cached(at32(4), 29, &mut k.create_window, 9)?;
            p.stepped(at32(8), 29, 5, &mut k.created_last)?;
            for o in [12, 14, 16, 18, 20] {
                p.value(at16(o), 16, 9)?;
            }
            p.flag(at8(22))?;
        }
        17..=19 => {
            p.cached(at32(4), 29, &mut k.map_event, 9)?;
            p.cached(at32(8), 29, &mut k.map_window, 9)?;
            if code != 17 {
                p.flag(at8(12))?;
            }
        }
        21 => {
            for o in [4, 8, 12] {
                p.cached(at32(o), 29, &mut k.reparent_window, 9)?;
            }
            p.value(at16(16), 16, 6)?;
            p.value(at16(18), 16, 6)?;
            p.flag(at8(20))?;
        }
        22 => {
            for (i, cache) in k.configure_windows.iter_mut().enumerate() {
                p.cached(at32(4 + 4 * i), 29, cache, 9)?;
            }
            for (i, cache) in k.configure_geometry.iter_mut().enumerate() {
                p.cached(at16(16 + 2 * i), 16, cache, 8)?;
            }
            p.flag(at8(26))?;
        }
        28 => {
            p.cached(at32(4), 29, &mut k.notify_window, 9)?;
            p.cached(at32(8), 29, &mut k.notify_atom, 9)?;
            p.stepped(at32(12), 32, 9, &mut k.time)?;
            p.flag(at8(16))?;
        }
        29 => {
            p.stepped(at32(4), 32, 9, &mut k.time)?;
            p.cached(at32(8), 29, &mut k.selection_window, 9)?;
            p.cached(at32(12), 29, &mut k.selection_atom, 9)?;
        }
        30 => {
            p.stepped(at32(4), 32, 9, &mut k.time)?;
            for o in [8, 12] {
                p.cached(at32(o), 29, &mut k.selection_window, 9)?;
            }
            for o in [16, 20, 24] {
                p.cached(at32(o), 29, &mut k.selection_atom, 9)?;
            }
        }
        32 => {
            p.cached(at32(4), 29, &mut k.colormap_window, 8)?;
            p.cached(at32(8), 29, &mut k.colormap_map, 8)?;
            p.flag(at8(12))?;
            p.flag(at8(13))?;
        }
        _ => {
            p.byte(at8(1), &mut k.event_byte, 0)?;
            for (i, cache) in k.event_int.iter_mut().enumerate() {
                p.cached(at16(4 + 2 * i), 16, cache, 0)?;
            }
        }
    }
    Ok(())
}

/// Key, button, motion and crossing events (NX part 4 §5.4).
fn input<C: Coder>(code: u8, p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    match code {
        KEY_PRESS => {
            p.value(at8(1), 8, 0)?;
        }
        KEY_RELEASE => {
            if p.coder.flag(p.get(at8(1)) == k.key_code)? {
                p.set(at8(1), k.key_code);
            } else {
                p.value(at8(1), 8, 0)?;
            }
        }
        MOTION_NOTIFY => {
            p.flag(at8(1))?;
        }
        ENTER_NOTIFY | LEAVE_NOTIFY => {
            p.value(at8(1), 3, 0)?;
        }
        _ => {
            p.byte(at8(1), &mut k.button, 0)?;
        }
    }
    p.delta(at32(4), 32, &mut k.input_time, 9, &mut k.time)?;
    if code == KEY_RELEASE {
        let same = p.message.get(8..31) == Some(&k.key_rest);
        if p.coder.flag(same)? {
            if !C::ENCODES {
                p.message[8..31].copy_from_slice(&k.key_rest);
            }
            return Ok(());
        }
    }
    for (i, cache) in k.input_windows.iter_mut().enumerate() {
        p.cached(at32(8 + 4 * i), 29, cache, 6)?;
    }
    position(p, k, 20, 6)?;
    p.cached(at16(28), 16, &mut k.pointer_state, 0)?;
    if matches!(code, ENTER_NOTIFY | LEAVE_NOTIFY) {
        p.value(at8(30), 2, 0)?;
        p.value(at8(31), 2, 0)?;
    } else {
        p.flag(at8(30))?;
    }
    if code == KEY_PRESS {
        k.key_code = p.get(at8(1));
        if let Some(rest) = p.message.get(8..31) {
            k.key_rest.copy_from_slice(rest);
        }
    }
    Ok(())
}

/// Root coordinates against the last ones, window coordinates against the root's; from `at` on.
pub(super) fn position<C: Coder>(
    p: &mut Pass<C>,
    k: &mut ReplyCaches,
    at: usize,
    block: u32,
) -> Result<(), Error> {
    let mut x = p.delta(at16(at), 16, &mut k.pointer_root_x, block, &mut k.pointer_last.0)?;
    let mut y = p.delta(at16(at + 2), 16, &mut k.pointer_root_y, block, &mut k.pointer_last.1)?;
    p.delta(at16(at + 4), 16, &mut k.pointer_event_x, block, &mut x)?;
    p.delta(at16(at + 6), 16, &mut k.pointer_event_y, block, &mut y)?;
    Ok(())
}

fn error<C: Coder>(p: &mut Pass<C>, k: &mut ReplyCaches) -> Result<(), Error> {
    /// From this code on errors belong to extensions and carry all their bytes.
    const EXTENSION: u8 = 18;
    let code = p.byte(at8(1), &mut k.error_code, 0)?;
    // Request, Match, Alloc and Length errors name no value.
    if !matches!(code, 1 | 8 | 11 | 15) {
        p.value(at32(4), 32, 16)?;
    }
    if code >= EXTENSION {
        p.cached(at16(8), 16, &mut k.error_minor, 0)?;
    }
    p.byte(at8(10), &mut k.error_major, 0)?;
    if code >= EXTENSION {
        for o in 11..32 {
            p.value(at8(o), 8, 0)?;
        }
    }
    Ok(())
}
