//! From the number that the system gives a key to its X keycode.
//!
//! X servers on Linux number keys by their evdev code plus 8, and so does ours. Windows reports PC scan code set 1,
//! which evdev was modelled on: the plain codes 1 to 88 are the same, those with prefix E0 are in a table.

/// The numbering in which a system reports keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScancodeSet {
    /// Linux `input-event-codes.h`.
    Evdev,
    /// PC scan code set 1, with 0xE000 added where the prefix is E0.
    Set1,
}

impl ScancodeSet {
    /// The one of the system that this client was built for.
    pub const NATIVE: Self = if cfg!(windows) { Self::Set1 } else { Self::Evdev };

    /// The X keycode of a key, 9 to 255; none for one that X cannot express.
    pub fn x_keycode(self, scancode: u32) -> Option<u8> {
        let evdev = match self {
            Self::Evdev => scancode,
            Self::Set1 => evdev_from_set1(scancode)?,
        };
        if evdev == 0 { None } else { u8::try_from(evdev.checked_add(8)?).ok() }
    }
}

fn evdev_from_set1(scancode: u32) -> Option<u32> {
    Some(match scancode {
        1..=83 | 86..=88 => scancode,
        0x70 => 93,             // Katakana/Hiragana
        0x73 => 89,             // ろ, and / ? of ABNT
        0x79 => 92,             // Henkan
        0x7b => 94,             // Muhenkan
        0x7d => 124,            // ¥
        0x7e => 121,            // keypad comma of ABNT
        0xe010 => 165,          // previous song
        0xe019 => 163,          // next song
        0xe01c => 96,           // keypad Enter
        0xe01d => 97,           // right Control
        0xe020 => 113,          // mute
        0xe021 => 140,          // calculator
        0xe022 => 164,          // play or pause
        0xe024 => 166,          // stop
        0xe02e => 114,          // volume down
        0xe030 => 115,          // volume up
        0xe032 => 172,          // home page
        0xe035 => 98,           // keypad /
        0xe037 => 99,           // Print
        0xe038 => 100,          // right Alt
        0xe045 => 69,           // Num Lock
        0xe046 | 0xe11d => 119, // Pause
        0xe047 => 102,          // Home
        0xe048 => 103,          // Up
        0xe049 => 104,          // Page Up
        0xe04b => 105,          // Left
        0xe04d => 106,          // Right
        0xe04f => 107,          // End
        0xe050 => 108,          // Down
        0xe051 => 109,          // Page Down
        0xe052 => 110,          // Insert
        0xe053 => 111,          // Delete
        0xe05b => 125,          // left Super
        0xe05c => 126,          // right Super
        0xe05d => 127,          // Menu
        0xe05e => 116,          // power
        0xe05f => 142,          // sleep
        0xe065 => 217,          // search
        0xe066 => 156,          // bookmarks
        0xe067 => 173,          // refresh
        0xe069 => 159,          // forward
        0xe06a => 158,          // back
        0xe06c => 155,          // mail
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evdev_code_is_eight_less_than_the_keycode() {
        assert_eq!(ScancodeSet::Evdev.x_keycode(30), Some(38)); // A
        assert_eq!(ScancodeSet::Evdev.x_keycode(125), Some(133)); // Super
    }

    #[test]
    fn the_same_key_has_the_same_keycode_on_every_system() {
        for (evdev, set1) in [(30, 0x1e), (96, 0xe01c), (106, 0xe04d), (100, 0xe038), (86, 0x56)] {
            assert_eq!(ScancodeSet::Set1.x_keycode(set1), ScancodeSet::Evdev.x_keycode(evdev));
        }
    }

    #[test]
    fn a_key_beyond_the_range_of_x_is_dropped() {
        for scancode in [0, 248, 0x1000, u32::MAX] {
            assert_eq!(ScancodeSet::Evdev.x_keycode(scancode), None);
        }
    }
}
