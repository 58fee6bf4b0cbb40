//! `GetDeviceInfo` and `SetDeviceInfo`: actions of the buttons of pointers, and indicators of keyboards.
//!
//! Actions of buttons are kept and answered; as in Xvfb, nothing is done by them.

use super::indicators::{check_feedback, maps_changed, read_map, set_indicators, write_map};
use super::notify::{Cause, NameChanges, device_changed, feature, names_changed};
use super::wire::{Message, Reader, bad_match, bad_value, check_legal, fault, fault_of_three};
use super::{BAD_CLASS, DEVICES, any_device, number};
use crate::error::{Outcome, XError};
use crate::extension::xinput;
use crate::keymap::{Action, INDICATORS, IndicatorMap};
use crate::server::Server;

/// Ids of feedbacks that there are none of.
const NO_FEEDBACK: u16 = 0xff00;

/// How many buttons a device has; none for keyboards.
fn buttons(server: &Server, device: u8) -> Option<u8> {
    (!DEVICES.contains(&device)).then_some(server.input.pointer.map.len() as u8)
}

pub(super) fn get(
    server: &mut Server,
    spec: u16,
    request: &mut Reader<'_>,
    swapped: bool,
) -> Outcome<Message> {
    let mut wanted = request.half()?;
    let [all, first, count, _] = request.array()?;
    let (class, id) = (request.half()?, request.half()?);
    let device = any_device(spec)?;
    check_legal(1, wanted.into(), u32::from(feature::ALL & !feature::KEYBOARDS))?;
    let buttons = buttons(server, device);
    if buttons.is_none() || count < 1 && all == 0 {
        wanted &= !feature::BUTTON_ACTIONS;
    }
    let is_keyboard = DEVICES.contains(&device);
    if !is_keyboard {
        wanted &= !feature::INDICATORS;
    }
    let total = buttons.unwrap_or(0);
    let (mut asked, mut actions, mut first_given) = ([0, 0], Vec::new(), 0);
    if wanted & feature::BUTTON_ACTIONS != 0 {
        let (first, count) = if all != 0 { (0, total) } else { (first, count) };
        if u16::from(first) + u16::from(count) > u16::from(total) {
            return Err(bad_value(fault_of_three(2, total.into(), first.into(), count.into())));
        }
        asked = [first, count];
        if let Some(known) = server.xkb.button_actions.get(&device) {
            (first_given, actions) = given(known, first, count);
        }
    }
    let mut leds = Message::part(swapped);
    if wanted & feature::INDICATORS != 0 {
        check_feedback(class, id)?;
        leds = indicators(server, wanted, leds);
    }
    let name = xinput::name_of(device);
    let kind = server.atoms.intern(if is_keyboard { b"KEYBOARD" } else { b"MOUSE" });
    let feedback = if is_keyboard { 0 } else { NO_FEEDBACK };
    let mut reply = Message::reply(device, swapped)
        .short(wanted)
        .short(feature::ALL & !feature::KEYBOARDS)
        .short(0)
        .short(u16::from(wanted & feature::INDICATORS != 0))
        .bytes(&asked)
        .bytes(&[first_given, actions.len() as u8, total, u8::from(is_keyboard)])
        .short(feedback)
        .short(NO_FEEDBACK)
        .short(0)
        .long(kind)
        .short(name.len() as u16)
        .bytes(name.as_bytes())
        .padded();
    for action in actions {
        reply = reply.bytes(&action);
    }
    Ok(reply.bytes(&leds.into_bytes()))
}

/// The actions of some buttons, without those at both ends that do nothing.
fn given(known: &[Action], first: u8, count: u8) -> (u8, Vec<Action>) {
    let asked: Vec<Action> = known.iter().copied().skip(first.into()).take(count.into()).collect();
    let does = |action: &Action| action[0] != 0;
    let Some(start) = asked.iter().position(does) else { return (first.saturating_add(count), Vec::new()) };
    let end = asked.iter().rposition(does).map_or(start, |last| last + 1);
    (first.saturating_add(start as u8), asked.get(start..end).unwrap_or_default().to_vec())
}

fn indicators(server: &Server, wanted: u16, list: Message) -> Message {
    let keyboard = &server.input.keyboard;
    let description = &keyboard.description;
    let which = |is: &dyn Fn(usize) -> bool| {
        (0..INDICATORS).filter(|index| is(*index)).fold(0_u32, |all, index| all | 1 << index)
    };
    let names = which(&|index| description.names.indicators[index] != 0);
    let maps = which(&|index| description.indicators[index].is_used());
    let _ = wanted;
    let mut list = list
        .short(0)
        .short(0)
        .long(names)
        .long(maps)
        .long(description.physical_indicators)
        .long(keyboard.lamps.lit());
    for index in (0..INDICATORS).filter(|index| names >> index & 1 == 1) {
        list = list.long(description.names.indicators[index]);
    }
    for index in (0..INDICATORS).filter(|index| maps >> index & 1 == 1) {
        list = write_map(list, &description.indicators[index]);
    }
    list
}

/// What `SetDeviceInfo` says of a set of indicators.
struct Leds {
    names: (u32, Vec<u32>),
    maps: (u32, Vec<IndicatorMap>),
    lit: u32,
}

fn leds(server: &Server, device: u8, request: &mut Reader<'_>) -> Outcome<Leds> {
    let (class, id) = (request.half()?, request.half()?);
    let [names, maps, _physical, lit] = [request.word()?, request.word()?, request.word()?, request.word()?];
    if !DEVICES.contains(&device) {
        return Err(XError { code: number::XKEYBOARD_ERROR, value: fault(BAD_CLASS, class.into()) });
    }
    check_feedback(class, id)?;
    let mut read = Leds { names: (names, Vec::new()), maps: (maps, Vec::new()), lit };
    for _ in 0..names.count_ones() {
        let atom = request.word()?;
        if atom != 0 {
            server.atoms.check(atom)?;
        }
        read.names.1.push(atom);
    }
    for _ in 0..maps.count_ones() {
        let map = read_map(&server.input.keyboard.description, request)?;
        check_legal(0x21, map.which_groups.into(), 0x0f)?;
        check_legal(0x22, map.which_modifiers.into(), 0x1f)?;
        read.maps.1.push(map);
    }
    Ok(read)
}

pub(super) fn set(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    const BUTTON_CLASS: u8 = 1;
    let [first, count] = request.array()?;
    let (change, feedbacks) = (request.half()?, request.half()?);
    let device = any_device(spec)?;
    check_legal(1, change.into(), u32::from(feature::ALL))?;
    let mut actions: Vec<Action> = Vec::new();
    if change & feature::BUTTON_ACTIONS != 0 {
        for _ in 0..count {
            actions.push(request.array()?);
        }
        let Some(total) = buttons(server, device) else {
            let value = fault(BAD_CLASS, BUTTON_CLASS.into());
            return Err(XError { code: number::XKEYBOARD_ERROR, value });
        };
        if u16::from(first) + u16::from(count) > u16::from(total) {
            return Err(bad_match(fault_of_three(2, first.into(), count.into(), total.into())));
        }
    }
    let mut sets = Vec::new();
    if change & feature::INDICATORS != 0 {
        for _ in 0..feedbacks {
            sets.push(leds(server, device, request)?);
        }
    }
    request.end()?;
    if change & feature::BUTTON_ACTIONS != 0 {
        let total = buttons(server, device).unwrap_or(0);
        let known = server.xkb.button_actions.entry(device).or_default();
        known.resize(total.into(), [0; 8]);
        for (slot, action) in known.iter_mut().skip(first.into()).zip(actions) {
            *slot = action;
        }
        device_changed(server, feature::BUTTON_ACTIONS, first, count);
    }
    for set in sets {
        set_leds(server, change, set);
    }
    Ok(())
}

fn set_leds(server: &mut Server, change: u16, set: Leds) {
    let description = &mut server.input.keyboard.description;
    if change & feature::INDICATOR_NAMES != 0 {
        let (which, names) = set.names;
        description.names.indicators = [0; INDICATORS];
        let slots = description.names.indicators.iter_mut().enumerate();
        for ((_, slot), name) in slots.filter(|(bit, _)| which >> bit & 1 == 1).zip(names) {
            *slot = name;
        }
        let changes =
            NameChanges { which: super::names::INDICATORS, indicators: u32::MAX, ..NameChanges::default() };
        names_changed(server, &changes);
        device_changed(server, feature::INDICATOR_NAMES, 0, 0);
    }
    if change & feature::INDICATOR_MAPS != 0 {
        let (which, maps) = set.maps;
        let description = &mut server.input.keyboard.description;
        description.indicators = [IndicatorMap::default(); INDICATORS];
        let slots = description.indicators.iter_mut().enumerate();
        for ((_, slot), map) in slots.filter(|(bit, _)| which >> bit & 1 == 1).zip(maps) {
            *slot = map;
        }
        maps_changed(server, u32::MAX);
    }
    if change & feature::INDICATOR_STATE != 0 {
        set_indicators(server, u32::MAX, set.lit, Cause::request(25));
    }
}
