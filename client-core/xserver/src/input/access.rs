//! Keys for those who cannot press them as others do (XKB protocol, 4.4 to 4.7): slow, bouncing and sticky keys, keys
//! that move the pointer, and keys of XTEST that repeat. Timers are deadlines of the server's clock.

use x11rb_protocol::protocol::xproto;

use super::beep::Beep;
use super::{Origin, RawEvent};
use crate::extension::xkb::{self, AccessEvent, Cause};
use crate::keymap::{Controls, control, option};
use crate::selection::is_before;
use crate::server::Server;

const SHIFT_L: u32 = 0xffe1;
const SHIFT_R: u32 = 0xffe2;
/// Shift held so long (milliseconds) is warned of, and for as long again it switches slow keys; pressed so often within
/// so long, sticky keys.
const SLOW_BY_SHIFT: u32 = 4000;
const STICKY_BY_SHIFT: u8 = 5;
const SHIFTS_WITHIN: u32 = 15_000;

/// What is waited for.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// The key pressed that is not told yet, and when it will be.
    slow: Option<(RawEvent, u8, Option<u32>)>,
    /// The key that was released just now, and until when it bounces.
    bouncing: Option<(u8, u32)>,
    /// The key that repeats, and when next.
    repeating: Option<(RawEvent, u8, u32)>,
    moving: Option<Moving>,
    /// When slow keys are switched since Shift is held; whether that has been said beforehand.
    shift_held: Option<(u32, bool)>,
    /// How often Shift alone was pressed, and when last.
    shifts: (u8, u32),
    /// When what was switched on is switched off since nothing happens.
    idle: Option<u32>,
}

/// A key that moves the pointer.
#[derive(Debug, Clone, Copy)]
struct Moving {
    code: u8,
    absolute: [bool; 2],
    by: [i32; 2],
    accelerated: bool,
    steps: u16,
    next: u32,
}

impl Access {
    pub(super) fn cancel_repeat(&mut self, code: u8) {
        self.repeating.take_if(|(_, repeating, _)| *repeating == code);
    }

    pub(super) fn move_on(
        &mut self,
        code: u8,
        absolute: [bool; 2],
        by: [i32; 2],
        accelerated: bool,
        now: u32,
        controls: &Controls,
    ) {
        let next = now.wrapping_add(controls.mouse_delay.max(1).into());
        self.moving = Some(Moving { code, absolute, by, accelerated, steps: 0, next });
    }

    pub(super) fn stop_moving(&mut self, code: u8) {
        self.moving.take_if(|moving| moving.code == code);
    }

    /// A button was pressed or the pointer moved: that was no Shift alone.
    pub(super) fn pointer_used(&mut self) {
        self.shifts.0 = 0;
    }

    fn is_moving(&self, code: u8) -> bool {
        self.moving.is_some_and(|moving| moving.code == code)
    }

    /// When the next of these is.
    fn next(&self) -> Option<u32> {
        [
            self.slow.and_then(|(.., at)| at),
            self.bouncing.map(|(_, at)| at),
            self.repeating.map(|(.., at)| at),
            self.moving.map(|moving| moving.next),
            self.shift_held.map(|(at, _)| at),
            self.idle,
        ]
        .into_iter()
        .flatten()
        .reduce(|one, other| if is_before(one, other) { one } else { other })
    }
}

impl Moving {
    /// How far it goes next (XKB protocol, 4.5).
    fn step(&mut self, controls: &Controls) -> [i32; 2] {
        if !self.accelerated {
            return self.by;
        }
        let curve = 1.0 + f64::from(controls.mouse_curve) * 0.001;
        let (max, time) = (f64::from(controls.mouse_max_speed), f64::from(controls.mouse_time_to_max));
        let factor = if self.steps < controls.mouse_time_to_max {
            self.steps += 1;
            max / time.max(1.0).powf(curve) * f64::from(self.steps).powf(curve)
        } else {
            max
        };
        let mut by = [0; 2];
        for ((by, start), absolute) in by.iter_mut().zip(self.by).zip(self.absolute) {
            let far = f64::from(start) * factor;
            let far = if far < 0.0 { far.floor() } else { far.ceil() };
            *by = if absolute { start } else { far.clamp(-32767.0, 32767.0) as i32 };
        }
        by
    }
}

impl Server {
    fn is_shift(&self, code: u8) -> bool {
        matches!(self.input.keyboard.description.key(code).syms.first(), Some(&(SHIFT_L | SHIFT_R)))
    }

    /// A key goes down; whether that is told now.
    pub(super) fn may_press(&mut self, code: u8, raw: RawEvent) -> bool {
        let (now, controls) = (self.time, self.input.keyboard.description.controls);
        let is_shift = self.is_shift(code);
        let access = &mut self.input.keyboard.access;
        access.idle = None;
        if controls.is_on(control::ACCESSX_KEYS) {
            access.shift_held = is_shift.then(|| (now.wrapping_add(SLOW_BY_SHIFT), false));
            if is_shift && !controls.is_on(control::SLOW_KEYS) {
                let (count, last) = access.shifts;
                let again = now.wrapping_sub(last) <= SHIFTS_WITHIN;
                access.shifts = (if again { count.saturating_add(1) } else { 1 }, now);
            }
        }
        let mut told = true;
        if controls.is_on(control::SLOW_KEYS) {
            if access.slow.is_some_and(|(_, slow, _)| slow == code) {
                return false;
            }
            access.slow = Some((raw, code, Some(now.wrapping_add(controls.slow_keys_delay.into()))));
            xkb::access_notify(self, AccessEvent::Press, code);
            self.beep(Beep::SlowPress);
            told = false;
        } else if controls.is_on(control::BOUNCE_KEYS)
            && access.bouncing.is_some_and(|(bouncing, _)| bouncing == code)
        {
            self.beep(Beep::BounceReject);
            told = false;
        }
        self.start_repeating(code, raw, &controls);
        if controls.is_on(control::STICKY_KEYS)
            && self.input.keyboard.state.base != 0
            && controls.options & option::TWO_KEYS != 0
        {
            // Two keys at a time are pressed by somebody who can do that.
            let cause = Cause::key(code, xproto::KEY_PRESS_EVENT);
            self.switch_controls(controls.enabled & !control::STICKY_KEYS, cause);
            self.beep(Beep::FeatureOff);
        }
        told
    }

    /// Keys that a client presses repeat; the user's are repeated by the embedder.
    fn start_repeating(&mut self, code: u8, raw: RawEvent, controls: &Controls) {
        let both = control::SLOW_KEYS | control::REPEAT_KEYS;
        if raw.origin == Origin::Test
            && controls.enabled & both == control::REPEAT_KEYS
            && controls.repeats(code)
        {
            let at = self.time.wrapping_add(controls.repeat_delay.into());
            self.input.keyboard.access.repeating = Some((raw, code, at));
        }
    }

    /// A key goes up; whether that is told.
    pub(super) fn may_release(&mut self, code: u8) -> bool {
        let (now, controls) = (self.time, self.input.keyboard.description.controls);
        let is_shift = self.is_shift(code);
        let is_down = self.input.keyboard.is_down(code);
        let access = &mut self.input.keyboard.access;
        let is_moving = access.is_moving(code);
        let mut told = true;
        if controls.is_on(control::BOUNCE_KEYS) {
            told = is_moving || is_down;
            access.bouncing = Some((code, now.wrapping_add(controls.debounce_delay.into())));
        }
        access.shift_held = None;
        access.cancel_repeat(code);
        access.idle = (controls.is_on(control::ACCESSX_TIMEOUT) && controls.timeout > 0)
            .then(|| now.wrapping_add(u32::from(controls.timeout) * 1000));
        if controls.is_on(control::SLOW_KEYS) {
            access.slow.take_if(|(_, slow, _)| *slow == code);
            let accepted = is_down || is_moving;
            told &= accepted;
            let (event, beep) = if accepted {
                (AccessEvent::Release, Beep::SlowRelease)
            } else {
                (AccessEvent::Reject, Beep::SlowReject)
            };
            xkb::access_notify(self, event, code);
            self.beep(beep);
        }
        let access = &mut self.input.keyboard.access;
        if told && access.shifts.0 > 0 {
            if !is_shift {
                access.shifts.0 = 0;
            } else if access.shifts.0 >= STICKY_BY_SHIFT {
                access.shifts.0 = 0;
                let cause = Cause::key(code, xproto::KEY_PRESS_EVENT);
                self.switch_by_shift(control::STICKY_KEYS, cause);
            }
        }
        told
    }

    /// Switches a control the other way, as the user wants it by Shift.
    fn switch_by_shift(&mut self, control: u32, cause: Cause) {
        let enabled = self.input.keyboard.description.controls.enabled ^ control;
        self.switch_controls(enabled, cause);
        self.beep(if enabled & control == 0 { Beep::FeatureOff } else { Beep::FeatureOn });
    }

    /// In how many milliseconds keys have something to do.
    pub(crate) fn keyboard_timer(&self) -> Option<u32> {
        let next = self.input.keyboard.access.next()?;
        Some(if is_before(self.time, next) { next.wrapping_sub(self.time).max(1) } else { 1 })
    }

    /// Does what keys have to do by now.
    pub(crate) fn run_keyboard(&mut self) {
        let now = self.time;
        let due = |at: u32| !is_before(now, at);
        let controls = self.input.keyboard.description.controls;
        let access = &mut self.input.keyboard.access;
        access.bouncing.take_if(|(_, at)| due(*at));
        let slow =
            access.slow.as_mut().and_then(|(raw, code, at)| at.take_if(|at| due(*at)).map(|_| (*raw, *code)));
        if let Some((raw, code)) = slow {
            xkb::access_notify(self, AccessEvent::Accept, code);
            self.beep(Beep::SlowAccept);
            self.press_or_release(code, true, raw);
            if controls.is_on(control::ACCESSX_KEYS) && self.is_shift(code) {
                let shifts = &mut self.input.keyboard.access.shifts.0;
                *shifts = shifts.saturating_add(1);
            }
            let awake = Controls { enabled: controls.enabled & !control::SLOW_KEYS, ..controls };
            self.start_repeating(code, raw, &awake);
        }
        let access = &mut self.input.keyboard.access;
        if let Some((raw, code, at)) = access.repeating.as_mut().filter(|(.., at)| due(*at)) {
            // Of repetitions that were slept through one is left.
            *at = now.wrapping_add(controls.repeat_interval.max(1).into());
            let (raw, code) = (*raw, *code);
            self.repeat_key(code, raw);
        }
        let access = &mut self.input.keyboard.access;
        if let Some(moving) = access.moving.as_mut().filter(|moving| due(moving.next)) {
            let by = moving.step(&controls);
            moving.next = now.wrapping_add(controls.mouse_interval.max(1).into());
            let absolute = moving.absolute;
            self.move_by_key(absolute, by[0], by[1]);
        }
        let access = &mut self.input.keyboard.access;
        let none = Cause::key(0, 0);
        match access.shift_held.take_if(|(at, _)| due(*at)) {
            Some((at, false)) => {
                access.shift_held = Some((at.wrapping_add(SLOW_BY_SHIFT), true));
                self.beep(Beep::SlowWarning);
            }
            Some(_) => self.switch_by_shift(control::SLOW_KEYS, none),
            None => {}
        }
        let access = &mut self.input.keyboard.access;
        if access.idle.take_if(|at| due(*at)).is_some() {
            let [affected, values] = controls.idle_switches;
            let [changed, options] = controls.timeout_options;
            let old = controls;
            let new = &mut self.input.keyboard.description.controls;
            new.enabled = new.enabled & !affected | values & affected;
            new.options = new.options & !changed | options & changed;
            xkb::controls_may_have_changed(self, &old, none);
        }
    }
}
