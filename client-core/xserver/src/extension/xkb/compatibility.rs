//! The compatibility map: interpretations of keysyms, and modifiers that stand for groups.

use super::keyboard;
use super::notify::{Cause, compatibility_changed, keymap_changed};
use super::wire::{Message, Reader, bad_value, fault};
use crate::error::Outcome;
use crate::keymap::compatibility::action;
use crate::keymap::{Changes, Description, GROUPS, Interpretation, Range};
use crate::server::Server;

/// No more interpretations are kept: an X server has about a hundred.
const MOST: usize = 4096;

pub(super) fn get(server: &Server, spec: u16, request: &mut Reader<'_>, swapped: bool) -> Outcome<Message> {
    let [groups, all] = request.array()?;
    let (first, count) = (request.half()?, request.half()?);
    let device = keyboard(spec)?;
    let description = &server.input.keyboard.description;
    let total = description.interpretations.len();
    if all == 0 && count > 0 && usize::from(first) + usize::from(count) > total {
        return Err(bad_value(fault(5, total as u32)));
    }
    let (first, count) = if all != 0 { (0, total as u16) } else { (first, count) };
    Ok(reply(description, device, groups, (first, count), swapped))
}

/// The reply with some of the interpretations, and these groups.
pub(super) fn reply(
    description: &Description,
    device: u8,
    groups: u8,
    (first, count): (u16, u16),
    swapped: bool,
) -> Message {
    let total = description.interpretations.len() as u16;
    let mut reply =
        Message::reply(device, swapped).bytes(&[groups, 0]).short(first).short(count).short(total).filled(32);
    for known in description.interpretations.iter().skip(first.into()).take(count.into()) {
        let Interpretation { sym, modifiers, matching, virtual_modifier, flags, action } = *known;
        reply = reply.long(sym).bytes(&[modifiers, matching, virtual_modifier, flags]).bytes(&action);
    }
    for group in (0..GROUPS).filter(|group| groups >> group & 1 == 1) {
        let modifiers = description.group_modifiers[group];
        reply = reply.bytes(&[modifiers.mask, modifiers.real]).short(modifiers.virtuals);
    }
    reply
}

pub(super) fn set(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    request.skip(1)?;
    let [recompute, truncate, groups] = request.array()?;
    let (first, count) = (request.half()?, request.half()?);
    request.skip(2)?;
    keyboard(spec)?;
    let description = &mut server.input.keyboard.description;
    let total = description.interpretations.len();
    let start = usize::from(first);
    if (count > 0 || truncate != 0) && start > total || start + usize::from(count) > MOST {
        return Err(bad_value(fault(2, total as u32)));
    }
    let mut given = Vec::new();
    for _ in 0..count {
        let sym = request.word()?;
        let [modifiers, matching, virtual_modifier, flags] = request.array()?;
        let action = request.array()?;
        // Some maps have one that would make every key do what no key is to do.
        let broken = (sym, modifiers, matching, action[0]) == (0, 0xff, 1, action::PRIVATE);
        if !broken {
            given.push(Interpretation { sym, modifiers, matching, virtual_modifier, flags, action });
        }
    }
    let mut stand_for = description.group_modifiers;
    for group in (0..GROUPS).filter(|group| groups >> group & 1 == 1) {
        let [_mask, real] = request.array()?;
        stand_for[group] = description.modifiers(real, request.half()?);
    }
    request.end()?;
    if count > 0 || truncate != 0 {
        let known = &mut description.interpretations;
        let end = if truncate != 0 { known.len() } else { (start + usize::from(count)).min(known.len()) };
        known.splice(start..end.max(start), given);
    }
    description.group_modifiers = stand_for;
    compatibility_changed(server, groups, first, count);
    let mut changes = Changes::default();
    if recompute != 0 {
        server.input.keyboard.description.update_actions(Range::ALL_KEYS, &mut changes);
    }
    keymap_changed(server, &changes, Cause::request(11));
    Ok(())
}
