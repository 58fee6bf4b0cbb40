//! How the keyboard sounds and repeats: `ChangeKeyboardControl`, `GetKeyboardControl` and `Bell`.

use x11rb_protocol::protocol::xproto::{
    AutoRepeatMode, CHANGE_KEYBOARD_CONTROL_REQUEST, GetKeyboardControlReply,
};

use super::Keyboard;
use super::keyboard::DEFAULT_BELL;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::extension::xkb;
use crate::keymap::{Changes, control, explicit, part};
use crate::server::{Server, ServerEvent};
use crate::value_list::{ValueList, tail, word};

impl Keyboard {
    /// Key click in percent, the bell (percent, hertz, milliseconds), and which keys repeat.
    pub(crate) fn feedback(&self) -> (u8, (u8, u16, u16), bool, [u8; 32]) {
        let controls = &self.description.controls;
        (self.click_percent, self.bell, controls.is_on(control::REPEAT_KEYS), controls.repeats)
    }
}

impl Server {
    pub(crate) fn change_keyboard_control(&mut self, body: &[u8]) -> Outcome {
        let values = ValueList::new(word(body, 0)?, tail(body, 4)?)?.within(0xff)?;
        let mut led = None;
        let mut key = None;
        let before = self.input.keyboard.description.controls;
        let mut lamps = (0, 0);
        let mut changes = Changes::default();
        for (bit, value) in values.iter() {
            // Numbers are signed, of a byte or two within their word; what is chosen among few is a byte.
            let bad = XError::value(match bit {
                0 | 1 => i32::from(value as i8) as u32,
                2 | 3 => i32::from(value as i16) as u32,
                _ => value & 0xff,
            });
            let value = if bit >= 4 { value & 0xff } else { value };
            let keyboard = &mut self.input.keyboard;
            // Numbers are signed bytes or words, -1 restores the default.
            let percent = |default: u8| match value as i8 {
                -1 => Ok(default),
                percent @ 0..=100 => Ok(percent as u8),
                _ => Err(bad),
            };
            let word = |default: u16| match value as i16 {
                -1 => Ok(default),
                word if word >= 0 => Ok(word as u16),
                _ => Err(bad),
            };
            match bit {
                0 => keyboard.click_percent = percent(0)?,
                1 => keyboard.bell.0 = percent(DEFAULT_BELL.0)?,
                2 => keyboard.bell.1 = word(DEFAULT_BELL.1)?,
                3 => keyboard.bell.2 = word(DEFAULT_BELL.2)?,
                4 => {
                    if !(1..=32).contains(&(value as u8)) {
                        return Err(bad);
                    }
                    if values.mask() & (1 << 5) == 0 {
                        return Err(XError::MATCH);
                    }
                    led = Some(value as u8);
                }
                5 => {
                    let bits = led.map_or(u32::MAX, |led| 1 << (led - 1));
                    match value {
                        0 | 1 => lamps = (bits, if value == 1 { bits } else { 0 }),
                        _ => return Err(bad),
                    }
                }
                6 => {
                    if !keyboard.has_keycode(value as u8) {
                        return Err(bad);
                    }
                    if values.mask() & (1 << 7) == 0 {
                        return Err(XError::MATCH);
                    }
                    key = Some(value as u8);
                }
                _ => {
                    if value > 2 {
                        return Err(bad);
                    }
                    if let Some(key) = key {
                        // What was said of a key holds, whatever is on it later.
                        keyboard.description.controls.set_repeats(key, value != 0);
                        keyboard.description.key_mut(key).explicit |= explicit::AUTO_REPEAT;
                        changes.parts |= part::EXPLICIT;
                        changes.explicit.add(key);
                    } else {
                        let enabled = &mut keyboard.description.controls.enabled;
                        *enabled = *enabled & !control::REPEAT_KEYS
                            | if value == 0 { 0 } else { control::REPEAT_KEYS };
                    }
                }
            }
        }
        let cause = xkb::Cause::core_request(CHANGE_KEYBOARD_CONTROL_REQUEST);
        xkb::keymap_changed(self, &changes, cause);
        xkb::controls_may_have_changed(self, &before, cause);
        if lamps.0 != 0 {
            xkb::set_indicators(self, lamps.0, lamps.1, cause);
        }
        Ok(())
    }

    pub(crate) fn get_keyboard_control(&mut self, client: ClientId) -> Outcome {
        let keyboard = &self.input.keyboard;
        let (_, _, repeat, auto_repeats) = keyboard.feedback();
        let reply = GetKeyboardControlReply {
            global_auto_repeat: if repeat { AutoRepeatMode::ON } else { AutoRepeatMode::OFF },
            sequence: 0,
            length: 5,
            led_mask: keyboard.lamps.lit(),
            key_click_percent: keyboard.click_percent,
            bell_percent: keyboard.bell.0,
            bell_pitch: keyboard.bell.1,
            bell_duration: keyboard.bell.2,
            auto_repeats,
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn bell(&mut self, percent: i8) -> Outcome {
        let sound = self.bell_sound(percent)?;
        let (percent, pitch, duration) = sound;
        self.events.push_back(ServerEvent::Bell { percent, pitch, duration });
        xkb::bell_rang(self, sound, 0, 0, false);
        Ok(())
    }

    /// Loudness in percent, pitch in hertz and duration in milliseconds of a bell asked for with -100 to 100 percent.
    pub(crate) fn bell_sound(&self, percent: i8) -> Outcome<(u8, u16, u16)> {
        if !(-100..=100).contains(&percent) {
            return Err(XError::value(percent as u32));
        }
        let (base, pitch, duration) = self.input.keyboard.bell;
        let (base, percent) = (i32::from(base), i32::from(percent));
        // X11 §9, Bell.
        let volume =
            if percent >= 0 { base - base * percent / 100 + percent } else { base + base * percent / 100 };
        Ok((volume.clamp(0, 100) as u8, pitch, duration))
    }
}
