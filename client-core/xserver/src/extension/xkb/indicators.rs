//! Indicators: their maps, their states, and those that are found by name.

use super::notify::{
    Cause, NameChanges, device_changed, feature, indicator_maps_changed, indicators_changed, names_changed,
    state_may_have_changed, tell_indicators, update_indicators,
};
use super::wire::{Message, Reader, check_legal, fault};
use super::{BAD_CLASS, BAD_ID, DEFAULT_CLASS, DEFAULT_ID, device_with_indicators, keyboard, number};
use crate::error::{Outcome, XError};
use crate::keymap::{Description, GROUPS, INDICATORS, IndicatorMap, indicator};
use crate::server::Server;

/// Which groups and modifiers a map may use.
const ANY_GROUPS: u32 = 0x0f;
const ANY_MODIFIERS: u32 = 0x1f;
/// The classes of feedbacks with indicators.
const KEYBOARD_FEEDBACK: u16 = 0;

pub(super) fn get_maps(
    server: &Server,
    spec: u16,
    request: &mut Reader<'_>,
    swapped: bool,
) -> Outcome<Message> {
    request.skip(2)?;
    let which = request.word()?;
    Ok(reply(&server.input.keyboard.description, keyboard(spec)?, which, swapped))
}

/// The reply with these maps.
pub(super) fn reply(description: &Description, device: u8, which: u32, swapped: bool) -> Message {
    let mut reply = Message::reply(device, swapped)
        .long(which)
        .long(description.physical_indicators)
        .bytes(&[which.count_ones() as u8])
        .filled(32);
    for index in (0..INDICATORS).filter(|index| which >> index & 1 == 1) {
        reply = write_map(reply, &description.indicators[index]);
    }
    reply
}

pub(super) fn write_map(message: Message, map: &IndicatorMap) -> Message {
    message
        .bytes(&[map.flags, map.which_groups, map.groups, map.which_modifiers])
        .bytes(&[map.modifiers.mask, map.modifiers.real])
        .short(map.modifiers.virtuals)
        .long(map.controls)
}

pub(super) fn read_map(description: &Description, request: &mut Reader<'_>) -> Outcome<IndicatorMap> {
    let [flags, which_groups, groups, which_modifiers, real, _] = request.array()?;
    let modifiers = description.modifiers(real, request.half()?);
    Ok(IndicatorMap { flags, which_groups, groups, which_modifiers, modifiers, controls: request.word()? })
}

pub(super) fn set_maps(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    request.skip(2)?;
    let which = request.word()?;
    keyboard(spec)?;
    if which == 0 {
        return Ok(());
    }
    if request.left() != 12 * which.count_ones() as usize {
        return Err(XError::LENGTH);
    }
    let description = &server.input.keyboard.description;
    let mut maps = description.indicators;
    for index in (0..INDICATORS).filter(|index| which >> index & 1 == 1) {
        let map = read_map(description, request)?;
        check_legal(index as u8, map.which_groups.into(), ANY_GROUPS)?;
        check_legal(index as u8, map.which_modifiers.into(), ANY_MODIFIERS)?;
        maps[index] = map;
    }
    server.input.keyboard.description.indicators = maps;
    maps_changed(server, which);
    Ok(())
}

/// Indicators have other maps.
pub(super) fn maps_changed(server: &mut Server, which: u32) {
    let changed = server.input.keyboard.update_lamps(which);
    indicator_maps_changed(server, which);
    let lit = if tell_indicators(server, changed) { feature::INDICATOR_STATE } else { 0 };
    device_changed(server, feature::INDICATOR_MAPS | lit, 0, 0);
}

/// The keyboard's one set of indicators has to be meant.
pub(super) fn check_feedback(class: u16, id: u16) -> Outcome {
    let bad =
        |what: u8, value: u16| XError { code: number::XKEYBOARD_ERROR, value: fault(what, value.into()) };
    if class != KEYBOARD_FEEDBACK && class != DEFAULT_CLASS {
        return Err(bad(BAD_CLASS, class));
    }
    if id != 0 && id != DEFAULT_ID { Err(bad(BAD_ID, id)) } else { Ok(()) }
}

pub(super) fn get_named(
    server: &Server,
    spec: u16,
    request: &mut Reader<'_>,
    swapped: bool,
) -> Outcome<Message> {
    let (class, id) = (request.half()?, request.half()?);
    request.skip(2)?;
    let name = request.word()?;
    let device = device_with_indicators(spec)?;
    server.atoms.check(name)?;
    check_feedback(class, id)?;
    let keyboard = &server.input.keyboard;
    let description = &keyboard.description;
    let found = description.names.indicators.iter().position(|known| *known == name);
    let reply = Message::reply(device, swapped).long(name);
    Ok(match found {
        None => reply.bytes(&[0, 0, 0, 0xff]).bytes(&[0; 12]).bytes(&[1]),
        Some(index) => {
            let has = |bits: u32| (bits >> index & 1) as u8;
            let (lit, real) = (has(keyboard.lamps.lit()), has(description.physical_indicators));
            write_map(reply.bytes(&[1, lit, real, index as u8]), &description.indicators[index]).bytes(&[1])
        }
    })
}

pub(super) fn set_named(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    let (class, id) = (request.half()?, request.half()?);
    request.skip(2)?;
    let name = request.word()?;
    let [set_state, on, set_map, create] = request.array()?;
    request.skip(1)?;
    let [flags, which_groups, groups, which_modifiers, real] = request.array()?;
    let virtuals = request.half()?;
    let controls = request.word()?;
    device_with_indicators(spec)?;
    server.atoms.check(name)?;
    check_legal(0x10, which_groups.into(), ANY_GROUPS)?;
    check_legal(0x11, which_modifiers.into(), ANY_MODIFIERS)?;
    check_feedback(class, id)?;
    let _ = create;
    let description = &mut server.input.keyboard.description;
    let known = description.names.indicators.iter().position(|known| *known == name);
    let free = || {
        (0..INDICATORS).find(|index| {
            description.names.indicators[*index] == 0 && !description.indicators[*index].is_used()
        })
    };
    let index = known.or_else(free).ok_or(XError::ALLOC)?;
    let bit = 1_u32 << index;
    description.names.indicators[index] = name;
    let mut reasons = feature::INDICATOR_NAMES;
    if set_map != 0 {
        description.indicators[index] = IndicatorMap {
            flags,
            which_groups,
            groups,
            which_modifiers,
            modifiers: description.modifiers(real, virtuals),
            controls,
        };
        reasons |= feature::INDICATOR_MAPS;
    }
    let names = NameChanges { which: super::names::INDICATORS, indicators: bit, ..NameChanges::default() };
    let mut lit = if set_map != 0 { server.input.keyboard.update_lamps(bit) } else { 0 };
    let flags = server.input.keyboard.description.indicators[index].flags;
    if set_state != 0 && flags & indicator::NO_EXPLICIT == 0 {
        lit ^= light(server, bit, if on != 0 { bit } else { 0 }, Cause::request(16));
    }
    if set_map != 0 {
        indicator_maps_changed(server, bit);
    }
    if tell_indicators(server, lit) {
        reasons |= feature::INDICATOR_STATE;
    }
    names_changed(server, &names);
    device_changed(server, reasons, 0, 0);
    Ok(())
}

/// Lights indicators, or puts them out, as far as their maps allow that; those that have changed.
fn light(server: &mut Server, affected: u32, values: u32, cause: Cause) -> u32 {
    let before = server.input.keyboard.lamps.lit();
    for index in (0..INDICATORS).filter(|index| affected >> index & 1 == 1) {
        let bit = 1_u32 << index;
        let on = values & bit != 0;
        let keyboard = &mut server.input.keyboard;
        let map = keyboard.description.indicators[index];
        let explicit = &mut keyboard.lamps.explicit;
        if map.flags & indicator::NO_EXPLICIT != 0 {
            *explicit &= !bit;
            continue;
        }
        *explicit = if on { *explicit | bit } else { *explicit & !bit };
        if map.flags & indicator::DRIVES_KEYBOARD != 0 {
            drive(server, &map, on, cause);
        }
    }
    before ^ server.input.keyboard.lamps.lit()
}

/// XKB protocol, 9.2.1: an indicator is lit, and the keyboard is made what that says.
fn drive(server: &mut Server, map: &IndicatorMap, on: bool, cause: Cause) {
    use indicator::{USE_BASE, USE_EFFECTIVE, USE_LATCHED, USE_LOCKED};
    let keyboard = &mut server.input.keyboard;
    let (before, old) = (keyboard.state, keyboard.description.controls);
    let enabled = &mut keyboard.description.controls.enabled;
    *enabled = if on { *enabled | map.controls } else { *enabled & !map.controls };
    let groups = if on { map.groups } else { !map.groups };
    if map.groups != 0 && map.which_groups & !USE_BASE != 0 {
        let group = (0..GROUPS as u8).find(|group| groups >> group & 1 == 1).unwrap_or(GROUPS as u8);
        if map.which_groups & (USE_LOCKED | USE_EFFECTIVE) != 0 {
            keyboard.state.group_locked = group;
        } else if map.which_groups & USE_LATCHED != 0 {
            keyboard.state.group_locked = 0;
            keyboard.latch_group(i16::from(group));
        }
    }
    let mask = map.modifiers.mask;
    if mask != 0 && map.which_modifiers & (USE_LOCKED | USE_EFFECTIVE) != 0 {
        let locked = &mut keyboard.state.locked;
        *locked = if on { *locked | mask } else { *locked & !mask };
    }
    if mask != 0 && map.which_modifiers & (USE_LATCHED | USE_EFFECTIVE) != 0 {
        keyboard.latch_modifiers(mask, if on { mask } else { 0 });
    }
    state_may_have_changed(server, &before, cause);
    super::controls_may_have_changed(server, &old, cause);
}

/// The core protocol, or the input extension, lights indicators or puts them out.
pub(crate) fn set_indicators(server: &mut Server, affected: u32, values: u32, cause: Cause) {
    let changed = light(server, affected, values, cause);
    indicators_changed(server, changed);
    update_indicators(server, u32::MAX);
}
