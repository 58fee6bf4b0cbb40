//! Clients of the other byte order: their requests are turned around before they are read, and what they are sent after
//! it was written. Everything else in this crate knows one byte order, the machine's.
//!
//! A message is described by a string, read from left to right: `1`, `2`, `4` are fields of so many bytes, `@` goes to
//! byte 32 (where lists of replies begin), and what follows `*` is repeated to the end. Fields not described (padding,
//! strings, images, which travel in the server's order) are left alone. Messages whose layout depends on their
//! contents have a function of their own.

use crate::extension;

/// Which way a message goes: counts within it can be read before turning (outgoing) or after (incoming).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Incoming,
    Outgoing,
}

/// The layouts of an extension: requests (after the 4 bytes of the header) and replies (from byte 8) by minor opcode,
/// events (from byte 4) by number from the extension's first.
#[derive(Debug)]
pub(crate) struct Layouts {
    pub(crate) requests: &'static [&'static str],
    pub(crate) replies: &'static [&'static str],
    pub(crate) events: &'static [&'static str],
}

/// Turns the fields of a message around, from byte `start`.
pub(crate) fn swap_fields(bytes: &mut [u8], start: usize, layout: &str) {
    let mut at = start;
    let layout = layout.as_bytes();
    let repeated = layout.iter().position(|field| *field == b'*');
    let (once, again) = match repeated {
        Some(star) => (&layout[..star], &layout[star + 1..]),
        None => (layout, &[][..]),
    };
    for field in once {
        at = swap_field(bytes, at, *field);
    }
    while !again.is_empty() && at < bytes.len() {
        for field in again {
            at = swap_field(bytes, at, *field);
        }
    }
}

fn swap_field(bytes: &mut [u8], at: usize, field: u8) -> usize {
    let size = match field {
        b'2' => 2,
        b'4' => 4,
        b'@' => return 32,
        _ => 1,
    };
    if let Some(field) = bytes.get_mut(at..at + size) {
        field.reverse();
    }
    at + size
}

fn half(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()).map_or(0, |half| u16::from_ne_bytes(*half))
}

/// How items of a property's format are laid out.
fn items(format: u8) -> &'static str {
    match format {
        16 => "*2",
        32 => "*4",
        _ => "",
    }
}

/// Turns the body of a request around (what follows the header).
pub(crate) fn swap_request(major: u8, minor: u8, body: &mut [u8]) {
    match major {
        // ChangeProperty: window, property, type, format, count, items
        18 => {
            let format = body.get(12).copied().unwrap_or(8);
            swap_fields(body, 0, "44411114");
            swap_fields(body, 20, items(format));
        }
        // SendEvent
        25 => {
            swap_fields(body, 0, "44");
            if let Some(event) = body.get_mut(8..40) {
                swap_event(event, Direction::Incoming);
            }
        }
        extension::number::XKEYBOARD if extension::xkb::swap_request(minor, body) => {}
        extension::number::RANDR if extension::randr::swap_request(minor, body) => {}
        extension::number::XINPUT if extension::xinput::swap_request(minor, body) => {}
        0..=127 => {
            if let Some(layout) = CORE_REQUESTS.get(usize::from(major)) {
                swap_fields(body, 0, layout);
            }
        }
        _ => {
            let extension = extension::by_major(major);
            if let Some(layout) =
                extension.and_then(|extension| extension.layouts.requests.get(usize::from(minor)))
            {
                swap_fields(body, 0, layout);
            }
        }
    }
}

/// Turns a reply around.
pub(crate) fn swap_reply(major: u8, minor: u8, reply: &mut [u8]) {
    match major {
        // GetProperty
        20 => {
            let format = reply.get(1).copied().unwrap_or(8);
            swap_fields(reply, 8, "444");
            swap_fields(reply, 32, items(format));
        }
        // QueryFont and ListFontsWithInfo
        47 | 50 => {
            let properties = usize::from(half(reply, 46));
            swap_fields(reply, 8, "2222221111222222111122221111224");
            let after = 60 + 8 * properties;
            if let Some(list) = reply.get_mut(60..after) {
                swap_fields(list, 0, "*44");
            }
            if major == 47 {
                swap_fields(reply, after, "*2");
            }
        }
        // ListHosts
        110 => {
            swap_fields(reply, 8, "2");
            let mut at = 32;
            while at + 4 <= reply.len() {
                let length = usize::from(half(reply, at + 2));
                swap_fields(reply, at + 2, "2");
                at += 4 + length.next_multiple_of(4);
            }
        }
        extension::number::XKEYBOARD if extension::xkb::swap_reply(minor, reply) => {}
        extension::number::RANDR if extension::randr::swap_reply(minor, reply) => {}
        extension::number::XFIXES if extension::xfixes::swap_reply(minor, reply) => {}
        extension::number::RENDER if extension::render::swap_reply(minor, reply) => {}
        0..=127 => {
            if let Some((_, layout)) = CORE_REPLIES.iter().find(|(opcode, _)| *opcode == major) {
                swap_fields(reply, 8, layout);
            }
        }
        _ => {
            let extension = extension::by_major(major);
            if let Some(layout) =
                extension.and_then(|extension| extension.layouts.replies.get(usize::from(minor)))
            {
                swap_fields(reply, 8, layout);
            }
        }
    }
    swap_fields(reply, 2, "24");
}

/// Turns an event around.
pub(crate) fn swap_event(event: &mut [u8], direction: Direction) {
    let Some(code) = event.first().map(|code| code & 0x7f) else { return };
    // KeymapNotify has nothing but bytes.
    if code == 11 {
        return;
    }
    // ClientMessage: window, type, data by format
    if code == 33 {
        let format = event.get(1).copied().unwrap_or(8);
        swap_fields(event, 2, "2");
        swap_fields(event, 4, "44");
        swap_fields(event, 12, items(format));
        return;
    }
    if direction == Direction::Outgoing && code == 35 {
        swap_fields(event, 2, "242");
        return;
    }
    swap_fields(event, 2, "2");
    if let Some(layout) = CORE_EVENTS.get(usize::from(code)) {
        swap_fields(event, 4, layout);
        return;
    }
    if code == extension::number::RANDR_EVENT + 1 {
        extension::randr::swap_notify(event);
        return;
    }
    if code == extension::number::XKEYBOARD_EVENT {
        extension::xkb::swap_event(event);
        return;
    }
    for extension in extension::EXTENSIONS {
        if extension.first_event != 0
            && let Some(layout) = code
                .checked_sub(extension.first_event)
                .and_then(|number| extension.layouts.events.get(usize::from(number)))
        {
            swap_fields(event, 4, layout);
            return;
        }
    }
}

/// Turns the answer to the setup request around.
pub(crate) fn swap_setup(reply: &mut [u8]) {
    let accepted = reply.first() == Some(&1);
    if accepted {
        let vendor = usize::from(half(reply, 24));
        let screens = reply.get(28).copied().unwrap_or(0);
        let formats = usize::from(reply.get(29).copied().unwrap_or(0));
        swap_fields(reply, 8, "444422");
        let mut at = 40 + vendor.next_multiple_of(4) + 8 * formats;
        for _ in 0..screens {
            swap_fields(reply, at, "444442222224");
            let depths = reply.get(at + 39).copied().unwrap_or(0);
            at += 40;
            for _ in 0..depths {
                let visuals = half(reply, at + 2);
                swap_fields(reply, at + 2, "2");
                at += 8;
                for _ in 0..visuals {
                    swap_fields(reply, at, "4112444");
                    at += 24;
                }
            }
        }
    }
    swap_fields(reply, 2, "222");
}

#[rustfmt::skip]
const CORE_REQUESTS: [&str; 128] = [
    "", "4422222244*4", "44*4", "4", "4", "4", "4", "4422", "4", "4", "4", "4", "422*4", "4", "4", "4",
    // 16 InternAtom
    "2", "4", "", "44", "44444", "4", "444", "4", "44444", "", "4211444", "4", "421144112", "42", "442", "44",
    // 32 UngrabKeyboard
    "4", "42", "42", "4", "", "", "4", "444", "4422", "44222222", "44", "", "", "42", "4", "4",
    // 48 QueryTextExtents
    "4", "22", "22", "2", "", "4422", "4", "444*4", "44*4", "444", "422", "422*2", "4", "42222", "444222222", "4442222224",
    // 64 PolyPoint
    "44*2", "44*2", "44*2", "44*2", "44*2", "44112*2", "44*2", "44*2", "442222", "422224", "4422", "4422", "4422", "4422",
    "444", "4",
    // 80 CopyColormapAndFree
    "44", "4", "4", "4", "4222", "42", "422", "42222", "44*4", "4*422211", "442", "4*4", "42", "44422222222",
    "44422222222", "4",
    // 96 RecolorCursor
    "4222222", "422", "2", "", "112*4", "", "4*4", "", "", "222", "", "22", "", "112", "", "",
    // 112 SetCloseDownMode
    "", "4", "422*4", "", "", "", "", "", "", "", "", "", "", "", "", "",
];

#[rustfmt::skip]
const CORE_REPLIES: [(u8, &str); 32] = [
    (3, "42114411114442"), (14, "422222"), (15, "442@*4"), (16, "4"), (17, "2"), (21, "2@*4"), (23, "4"),
    (38, "4422222"), (39, "4@*422"), (40, "422"), (43, "4"), (48, "2222444"), (49, "2"), (52, "2"), (73, "4"),
    (83, "2@*4"), (84, "22224"), (85, "4222222"), (86, "22@*4"), (87, "211444@*4"), (91, "2@*2"), (92, "222222"),
    (97, "22"), (98, ""), (99, ""), (101, "@*4"), (103, "41122"), (106, "222"), (108, "22"), (26, ""), (31, ""), (44, ""),
];

#[rustfmt::skip]
const CORE_EVENTS: [&str; 35] = [
    "", "", "44442222211", "44442222211", "44442222211", "44442222211", "44442222211", "44442222211", "44442222211",
    "4", "4", "", "422222", "4222222", "42", "4", "4422222", "44", "44", "44", "44", "44422", "44422222", "444222222",
    "4422", "422", "44", "44", "444", "444", "444444", "44444", "44", "", "",
];

#[cfg(test)]
mod tests {
    use super::{Direction, swap_event};
    use crate::extension::number::XINPUT_EVENT;

    #[test]
    fn events_of_devices_that_clients_send_are_turned_around_field_by_field() {
        let turned = |number: u8| {
            let mut event: [u8; 32] = std::array::from_fn(|at| at as u8);
            event[0] = XINPUT_EVENT + number;
            swap_event(&mut event, Direction::Incoming);
            assert_eq!(event[1..4], [1, 3, 2], "the sequence number of {number}");
            event[4..20].to_vec()
        };
        // State, two counts, values
        assert_eq!(turned(0), [5, 4, 6, 7, 11, 10, 9, 8, 15, 14, 13, 12, 19, 18, 17, 16]);
        // Time, four counts, eight bytes of buttons and keys
        assert_eq!(turned(10), [7, 6, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
        // Request, first key, count, time
        assert_eq!(turned(11), [4, 5, 6, 7, 11, 10, 9, 8, 12, 13, 14, 15, 16, 17, 18, 19]);
        // Time, what changed, device, control
        assert_eq!(turned(15), [7, 6, 5, 4, 8, 9, 11, 10, 12, 13, 14, 15, 16, 17, 18, 19]);
    }
}
