//! Event classes: a device and a kind of event, as clients select them in version 1.
//!
//! Kinds are kept as a bit each, with the core protocol's bits where it has the same kind. Two classes that share a bit
//! are selected together (as in Xvfb): coming and going of the focus, or of a pen.

use super::opened;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::extension::xinput::{CoreEvent, EVENT, bad_class};
use crate::server::Server;
use crate::value_list::word;
use x11rb_protocol::protocol::xproto;

const PROXIMITY: u32 = 1 << 4;
pub(in crate::extension::xinput) const STATE: u32 = 1 << 5;
pub(in crate::extension::xinput) const HINT: u32 = mask::POINTER_MOTION_HINT;
pub(in crate::extension::xinput) const FOCUS: u32 = 1 << 14;
pub(in crate::extension::xinput) const MAPPING: u32 = 1 << 15;
const CHANGE: u32 = 1 << 16;
/// A press grabs the device until all buttons are up.
pub(in crate::extension::xinput) const BUTTON_GRAB: u32 = 1 << 17;
/// … with the events of its owner told where they happen.
pub(in crate::extension::xinput) const OWNER_GRAB: u32 = 1 << 18;
pub(in crate::extension::xinput) const PROPERTY: u32 = 1 << 19;
/// Those whose way up the tree can be stopped.
pub(super) const PROPAGATED: u32 =
    mask::KEY_PRESS | mask::KEY_RELEASE | mask::BUTTON_PRESS | mask::BUTTON_RELEASE | mask::POINTER_MOTION;
/// The class of devices coming and going, which is of no device. None do.
const PRESENCE: u32 = 0x1_0000;

/// The codes of the classes, from those that are no event of their own on, and the kinds they stand for.
const CODES: [(u8, u32); 22] = [
    (0, HINT),
    (1, mask::BUTTON1_MOTION),
    (2, mask::BUTTON1_MOTION << 1),
    (3, mask::BUTTON1_MOTION << 2),
    (4, mask::BUTTON1_MOTION << 3),
    (5, mask::BUTTON1_MOTION << 4),
    (6, mask::BUTTON_MOTION),
    (7, BUTTON_GRAB),
    (8, OWNER_GRAB),
    (EVENT + 1, mask::KEY_PRESS),
    (EVENT + 2, mask::KEY_RELEASE),
    (EVENT + 3, mask::BUTTON_PRESS),
    (EVENT + 4, mask::BUTTON_RELEASE),
    (EVENT + 5, mask::POINTER_MOTION),
    (EVENT + 6, FOCUS),
    (EVENT + 7, FOCUS),
    (EVENT + 8, PROXIMITY),
    (EVENT + 9, PROXIMITY),
    (EVENT + 10, STATE),
    (EVENT + 11, MAPPING),
    (EVENT + 12, CHANGE),
    (EVENT + 16, PROPERTY),
];
/// Selects nothing.
const NOTHING: u8 = 9;

/// What a client selects of a device on a window.
#[derive(Debug, Clone, Copy)]
pub(in crate::extension::xinput) struct Choice {
    pub(in crate::extension::xinput) client: ClientId,
    pub(in crate::extension::xinput) device: u8,
    pub(in crate::extension::xinput) kinds: u32,
}

/// The kinds that let an event of a device through.
pub(in crate::extension::xinput) fn wanted(event: &CoreEvent) -> u32 {
    if event.kind != xproto::MOTION_NOTIFY_EVENT {
        return 1 << event.kind.saturating_sub(xproto::KEY_PRESS_EVENT);
    }
    // The bits of buttons in the state are those that select motion with these buttons.
    let held = u32::from(event.state) & (0x1f * mask::BUTTON1_MOTION);
    mask::POINTER_MOTION | held | if held == 0 { 0 } else { mask::BUTTON_MOTION }
}

/// The classes of a device that some kinds stand for, those with the highest bits first.
pub(super) fn classes_of(device: u8, kinds: u32) -> Vec<u32> {
    // Whoever selects one of these is told of both, as in Xvfb.
    let grabs = BUTTON_GRAB | OWNER_GRAB;
    let kinds = if kinds & grabs == 0 { kinds } else { kinds | grabs };
    let mut codes: Vec<(u8, u32)> = CODES.into_iter().filter(|(_, kind)| kinds & kind != 0).collect();
    codes.sort_by_key(|(_, kind)| std::cmp::Reverse(if *kind == OWNER_GRAB { BUTTON_GRAB } else { *kind }));
    codes.into_iter().map(|(code, _)| u32::from(device) << 8 | u32::from(code)).collect()
}

/// Reads a list of classes, all of devices that exist (or of `only` that one): what they select of each device. A class
/// of no known kind selects nothing.
pub(super) fn parse(server: &Server, bytes: &[u8], count: u16, only: Option<u8>) -> Outcome<Vec<(u8, u32)>> {
    if bytes.len() != usize::from(count) * 4 {
        return Err(XError::LENGTH);
    }
    let mut found: Vec<(u8, u32)> = Vec::new();
    for item in bytes.chunks_exact(4) {
        let class = word(item, 0)?;
        if class == PRESENCE && only.is_none() {
            continue;
        }
        let device = u8::try_from(class >> 8)
            .ok()
            .filter(|id| only.is_none_or(|only| only == *id) && opened(server, *id).is_ok())
            .ok_or(bad_class(class))?;
        let code = class as u8;
        let kinds = CODES.iter().find(|(known, _)| *known == code).map(|(_, kinds)| *kinds);
        let Some(kinds) = kinds.or((code == NOTHING).then_some(0)) else { continue };
        match found.iter_mut().find(|(known, _)| *known == device) {
            Some((_, all)) => *all |= kinds,
            None => found.push((device, kinds)),
        }
    }
    Ok(found)
}

/// What a list of classes selects of one device, which all of them have to be of.
pub(super) fn parse_of(server: &Server, bytes: &[u8], count: u16, device: u8) -> Outcome<u32> {
    Ok(parse(server, bytes, count, Some(device))?.first().map_or(0, |(_, kinds)| *kinds))
}
