//! Controls: settings of the whole keyboard (XKB protocol, 4).

use super::Modifiers;

/// Controls by their bits: those that can be switched on, and those that only have values.
pub(crate) mod control {
    pub(crate) const REPEAT_KEYS: u32 = 1 << 0;
    pub(crate) const SLOW_KEYS: u32 = 1 << 1;
    pub(crate) const BOUNCE_KEYS: u32 = 1 << 2;
    pub(crate) const STICKY_KEYS: u32 = 1 << 3;
    pub(crate) const MOUSE_KEYS: u32 = 1 << 4;
    pub(crate) const MOUSE_KEYS_ACCEL: u32 = 1 << 5;
    pub(crate) const ACCESSX_KEYS: u32 = 1 << 6;
    pub(crate) const ACCESSX_TIMEOUT: u32 = 1 << 7;
    pub(crate) const ACCESSX_FEEDBACK: u32 = 1 << 8;
    pub(crate) const AUDIBLE_BELL: u32 = 1 << 9;
    pub(crate) const OVERLAY_1: u32 = 1 << 10;
    pub(crate) const OVERLAY_2: u32 = 1 << 11;
    pub(crate) const IGNORE_GROUP_LOCK: u32 = 1 << 12;
    /// All of the above.
    pub(crate) const BOOLEAN: u32 = 0x1fff;
    pub(crate) const GROUPS_WRAP: u32 = 1 << 27;
    pub(crate) const INTERNAL_MODS: u32 = 1 << 28;
    pub(crate) const IGNORE_LOCK_MODS: u32 = 1 << 29;
    pub(crate) const PER_KEY_REPEAT: u32 = 1 << 30;
    pub(crate) const ENABLED: u32 = 1 << 31;
    pub(crate) const ALL: u32 = 0xf800_1fff;
}

/// The settings, in milliseconds where they are times (but for the timeout, in seconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Controls {
    /// The button of mouse keys, from 1.
    pub(crate) default_button: u8,
    pub(crate) groups: u8,
    /// What is done about a group that there is not.
    pub(crate) groups_wrap: u8,
    /// Modifiers that clients do not see.
    pub(crate) internal: Modifiers,
    /// Modifiers that grabs do not see when they are locked.
    pub(crate) ignored_locks: Modifiers,
    pub(crate) repeat_delay: u16,
    pub(crate) repeat_interval: u16,
    pub(crate) slow_keys_delay: u16,
    pub(crate) debounce_delay: u16,
    pub(crate) mouse_delay: u16,
    pub(crate) mouse_interval: u16,
    pub(crate) mouse_time_to_max: u16,
    pub(crate) mouse_max_speed: u16,
    pub(crate) mouse_curve: i16,
    pub(crate) options: u16,
    pub(crate) timeout: u16,
    pub(crate) timeout_options: [u16; 2],
    pub(crate) idle_switches: [u32; 2],
    pub(crate) enabled: u32,
    /// Which keys repeat: a bit each.
    pub(crate) repeats: [u8; 32],
}

/// Options of `AccessX`.
pub(crate) mod option {
    pub(crate) const TWO_KEYS: u16 = 1 << 6;
    pub(crate) const LATCH_TO_LOCK: u16 = 1 << 7;
    pub(crate) const STICKY: u16 = TWO_KEYS | LATCH_TO_LOCK;
    /// What there is a beep for.
    pub(crate) const FEEDBACK: u16 = 0xf3f;
    pub(crate) const ALL: u16 = 0xfff;
}

impl Controls {
    pub(crate) fn is_on(&self, control: u32) -> bool {
        self.enabled & control != 0
    }

    /// What differs from what was before.
    pub(crate) fn changes(&self, old: &Self) -> u32 {
        use control::{
            ACCESSX_FEEDBACK, ACCESSX_KEYS, ACCESSX_TIMEOUT, BOUNCE_KEYS, ENABLED, IGNORE_LOCK_MODS,
            INTERNAL_MODS, MOUSE_KEYS, MOUSE_KEYS_ACCEL, PER_KEY_REPEAT, REPEAT_KEYS, SLOW_KEYS, STICKY_KEYS,
        };
        let new = self;
        let options = old.options ^ new.options;
        let pairs = [
            (old.enabled != new.enabled, ENABLED),
            ((old.repeat_delay, old.repeat_interval) != (new.repeat_delay, new.repeat_interval), REPEAT_KEYS),
            (old.repeats != new.repeats, PER_KEY_REPEAT),
            (old.slow_keys_delay != new.slow_keys_delay, SLOW_KEYS),
            (old.debounce_delay != new.debounce_delay, BOUNCE_KEYS),
            (
                (old.mouse_delay, old.mouse_interval, old.default_button)
                    != (new.mouse_delay, new.mouse_interval, new.default_button),
                MOUSE_KEYS,
            ),
            (
                (old.mouse_time_to_max, old.mouse_curve, old.mouse_max_speed)
                    != (new.mouse_time_to_max, new.mouse_curve, new.mouse_max_speed),
                MOUSE_KEYS_ACCEL,
            ),
            (options != 0, ACCESSX_KEYS),
            (options & option::STICKY != 0, STICKY_KEYS),
            (options & option::FEEDBACK != 0, ACCESSX_FEEDBACK),
            (
                (old.timeout, old.timeout_options, old.idle_switches)
                    != (new.timeout, new.timeout_options, new.idle_switches),
                ACCESSX_TIMEOUT,
            ),
            (old.internal != new.internal, INTERNAL_MODS),
            (old.ignored_locks != new.ignored_locks, IGNORE_LOCK_MODS),
        ];
        pairs.iter().filter(|(differs, _)| *differs).fold(0, |all, (_, bit)| all | bit)
    }

    pub(crate) fn repeats(&self, code: u8) -> bool {
        self.repeats[usize::from(code / 8)] >> (code % 8) & 1 == 1
    }

    pub(crate) fn set_repeats(&mut self, code: u8, repeats: bool) {
        let bit = 1 << (code % 8);
        let byte = &mut self.repeats[usize::from(code / 8)];
        *byte = if repeats { *byte | bit } else { *byte & !bit };
    }

    /// A group brought among those that there are (XKB protocol, 4.2.1).
    pub(crate) fn wrapped(&self, group: i32) -> u8 {
        const CLAMP: u8 = 0x40;
        const REDIRECT: u8 = 0x80;
        let count = i32::from(self.groups.max(1));
        if (0..count).contains(&group) {
            return group as u8;
        }
        match self.groups_wrap & 0xc0 {
            CLAMP => group.clamp(0, count - 1) as u8,
            REDIRECT => {
                let other = i32::from(self.groups_wrap >> 4 & 3);
                if other >= count { 0 } else { other as u8 }
            }
            _ => group.rem_euclid(count) as u8,
        }
    }
}
