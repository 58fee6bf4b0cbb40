//! `GetControls` and `SetControls`.

use super::keyboard;
use super::notify::{Cause, controls_may_have_changed};
use super::wire::{Message, Reader, bad_value, check_affected, check_legal, fault, fault_of_two};
use crate::error::Outcome;
use crate::keymap::{Controls, control, option};
use crate::server::Server;

pub(super) fn get(server: &Server, spec: u16, swapped: bool) -> Outcome<Message> {
    let device = keyboard(spec)?;
    let controls = &server.input.keyboard.description.controls;
    let (internal, ignored) = (controls.internal, controls.ignored_locks);
    Ok(Message::reply(device, swapped)
        .bytes(&[controls.default_button, controls.groups, controls.groups_wrap])
        .bytes(&[internal.mask, ignored.mask, internal.real, ignored.real, 0])
        .short(internal.virtuals)
        .short(ignored.virtuals)
        .short(controls.repeat_delay)
        .short(controls.repeat_interval)
        .short(controls.slow_keys_delay)
        .short(controls.debounce_delay)
        .short(controls.mouse_delay)
        .short(controls.mouse_interval)
        .short(controls.mouse_time_to_max)
        .short(controls.mouse_max_speed)
        .short(controls.mouse_curve as u16)
        .short(controls.options)
        .short(controls.timeout)
        .short(controls.timeout_options[0])
        .short(controls.timeout_options[1])
        .short(0)
        .long(controls.idle_switches[0])
        .long(controls.idle_switches[1])
        .long(controls.enabled)
        .bytes(&controls.repeats))
}

pub(super) fn set(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    let [affect_internal, internal, affect_ignored, ignored] = request.array()?;
    let [affect_internal_virtuals, internal_virtuals, affect_ignored_virtuals, ignored_virtuals] =
        [request.half()?, request.half()?, request.half()?, request.half()?];
    let [button, wrap] = request.array()?;
    let options = request.half()?;
    request.skip(2)?;
    let [affect, enabled, change] = [request.word()?, request.word()?, request.word()?];
    let [delay, interval, slow, debounce] =
        [request.half()?, request.half()?, request.half()?, request.half()?];
    let mouse = [request.half()?, request.half()?, request.half()?, request.half()?];
    let curve = request.half()? as i16;
    let timeout = request.half()?;
    let timeout_controls = [request.word()?, request.word()?];
    let timeout_options = [request.half()?, request.half()?];
    let repeats = request.array()?;
    keyboard(spec)?;
    check_legal(1, change, control::ALL)?;
    let changes = |bit: u32| change & bit != 0;
    let description = &server.input.keyboard.description;
    let old = description.controls;
    let mut new = old;
    if changes(control::INTERNAL_MODS) {
        check_affected(2, affect_internal.into(), internal.into())?;
        check_affected(3, affect_internal_virtuals.into(), internal_virtuals.into())?;
        new.internal = description.modifiers(
            old.internal.real & !affect_internal | internal,
            old.internal.virtuals & !affect_internal_virtuals | internal_virtuals,
        );
    }
    if changes(control::IGNORE_LOCK_MODS) {
        check_affected(4, affect_ignored.into(), ignored.into())?;
        check_affected(5, affect_ignored_virtuals.into(), ignored_virtuals.into())?;
        new.ignored_locks = description.modifiers(
            old.ignored_locks.real & !affect_ignored | ignored,
            old.ignored_locks.virtuals & !affect_ignored_virtuals | ignored_virtuals,
        );
    }
    check_affected(6, affect, enabled)?;
    check_legal(7, affect, control::BOOLEAN)?;
    new.enabled = old.enabled & !affect | enabled;
    if changes(control::REPEAT_KEYS) {
        if delay < 1 || interval < 1 {
            return Err(bad_value(fault_of_two(8, delay.into(), interval.into())));
        }
        (new.repeat_delay, new.repeat_interval) = (delay, interval);
    }
    for (bit, place, value, slot) in [
        (control::SLOW_KEYS, 9, slow, &mut new.slow_keys_delay),
        (control::BOUNCE_KEYS, 0xa, debounce, &mut new.debounce_delay),
    ] {
        if changes(bit) {
            if value < 1 {
                return Err(bad_value(fault(place, value.into())));
            }
            *slot = value;
        }
    }
    if changes(control::MOUSE_KEYS) {
        const MOST_BUTTONS: u8 = 5;
        if button > MOST_BUTTONS {
            return Err(bad_value(fault(0xb, button.into())));
        }
        new.default_button = button;
    }
    if changes(control::MOUSE_KEYS_ACCEL) {
        if mouse.contains(&0) || curve < -1000 {
            return Err(bad_value(fault(0xc, 0)));
        }
        [new.mouse_delay, new.mouse_interval, new.mouse_time_to_max, new.mouse_max_speed] = mouse;
        new.mouse_curve = curve;
    }
    if changes(control::GROUPS_WRAP) {
        check_wrap(&new, wrap)?;
        new.groups_wrap = wrap;
    }
    check_legal(0xf, options.into(), option::ALL.into())?;
    let chosen = if changes(control::ACCESSX_KEYS) {
        option::ALL
    } else {
        let sticky = if changes(control::STICKY_KEYS) { option::STICKY } else { 0 };
        sticky | if changes(control::ACCESSX_FEEDBACK) { option::FEEDBACK } else { 0 }
    };
    new.options = new.options & !chosen | options & chosen;
    if changes(control::ACCESSX_TIMEOUT) {
        if timeout < 1 {
            return Err(bad_value(fault(0x10, timeout.into())));
        }
        check_affected(0x11, timeout_controls[0], timeout_controls[1])?;
        check_legal(0x12, timeout_controls[0], control::BOOLEAN)?;
        check_affected(0x13, timeout_options[0].into(), timeout_options[1].into())?;
        check_legal(0x14, timeout_options[0].into(), option::ALL.into())?;
        new.timeout = timeout;
        new.idle_switches = timeout_controls;
        new.timeout_options = timeout_options;
    }
    if changes(control::PER_KEY_REPEAT) {
        new.repeats = repeats;
    }
    server.input.keyboard.description.controls = new;
    controls_may_have_changed(server, &old, Cause::request(7));
    let before = server.input.keyboard.state;
    if old.is_on(control::STICKY_KEYS) && !new.is_on(control::STICKY_KEYS) {
        server.input.keyboard.clear_latches_and_locks();
    }
    // Modifiers may also be internal now, or none for grabs, and groups may wrap.
    super::state_may_have_changed(server, &before, Cause::request(7));
    Ok(())
}

/// What is done about groups that there are not: they wrap, are the last one, or a certain one.
fn check_wrap(controls: &Controls, wrap: u8) -> Outcome {
    const REDIRECT: u8 = 0x80;
    match wrap & 0xc0 {
        REDIRECT if wrap >> 4 & 3 >= controls.groups => {
            Err(bad_value(fault_of_two(0xd, controls.groups.into(), (wrap >> 4 & 3).into())))
        }
        0 | 0x40 | REDIRECT => Ok(()),
        other => Err(bad_value(fault(0xe, other.into()))),
    }
}
