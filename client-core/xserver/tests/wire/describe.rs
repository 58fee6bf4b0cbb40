//! What a server says, in words that are the same for both: what may differ is taken out.

use std::fmt::Write as _;

use crate::bench::{OUR_ROOT, Order, Wire};

/// How many bytes of an event mean something, by its code: what the protocol leaves unused may have anything.
const USED_BYTES: [usize; 35] = [
    32, 32, 31, 31, 31, 31, 31, 32, 32, 9, 9, 32, 18, 21, 11, 9, 23, 12, 13, 13, 12, 21, 27, 28, 16, 12, 17,
    17, 17, 16, 28, 24, 14, 32, 7,
];

impl Wire<'_> {
    /// A message, with what may differ taken out.
    pub(crate) fn describe(&self, message: &[u8]) -> String {
        if message == b"closed" {
            return "closed".to_owned();
        }
        let mut bytes = message.to_vec();
        let replaced = match (message[0], self.last_major) {
            (0 | 12..=14, _) => 4..8,
            // Maps, in which a byte may happen to be the root's id
            (1, 44 | 101 | 103 | 117 | 119) => 0..0,
            (1, major) if self.major_name(major) == "XKEYBOARD" => 0..0,
            (code, _) if code & 0x7f >= 64 && self.event_name(code & 0x7f) == "XKEYBOARD+0" => 0..0,
            // What comes after the windows of an event is numbers.
            (2..=8, _) => 8..20,
            (16 | 24, _) => 4..12,
            (21..=23, _) => 4..16,
            _ => 4..bytes.len(),
        };
        for at in replaced.step_by(4) {
            if self.root != OUR_ROOT && bytes.len() >= at + 4 && self.get32(&bytes[at..]) == self.root {
                let same = self.put32(OUR_ROOT);
                bytes[at..at + 4].copy_from_slice(&same);
            }
        }
        let mut hide = |range: std::ops::Range<usize>| {
            if let Some(part) = bytes.get_mut(range) {
                part.fill(0xee);
            }
        };
        match message[0] {
            0 => {
                let (code, major) = (message[1], message[10]);
                let value = self.get32(&bytes[4..]);
                // Length and Request errors have no value, nor have Alloc and others; Xvfb leaves old ones there.
                // It forgets which pixmap or font of a GC is bad, names another atom than the bad one of ConvertSelection,
                // and no value at all for a key twice in a modifier map.
                let forgotten =
                    matches!((code, major), (4, 55 | 56) | (7, 55 | 56 | 74 | 75) | (5, 24) | (2, 25 | 118));
                // So it does in many requests of the input extension.
                let forgotten = forgotten || self.major_name(major) == "XInputExtension";
                // The codes of an extension's events are its own affair.
                let forgotten =
                    forgotten || (self.major_name(major) == "XTEST" && (64..128).contains(&value));
                let silent = matches!(code, 1 | 8 | 10 | 11 | 15 | 16 | 17) || forgotten;
                let value = if silent { 0 } else { value };
                let value = match self.major_name(major).as_str() {
                    "RANDR" => self.written_id(value).unwrap_or(value),
                    _ => value,
                };
                return format!(
                    "error {} value {value:#x} minor {} major {} sequence {}",
                    self.error_name(code),
                    self.get16(&bytes[8..]),
                    self.major_name(major),
                    self.get16(&bytes[2..]),
                );
            }
            1 => {
                match self.last_major {
                    // GetKeyboardControl: whether key 255 repeats, which another request has changed
                    103 => hide(51..52),
                    // GetMotionEvents: times
                    39 => (32..message.len()).step_by(8).for_each(|at| hide(at..at + 4)),
                    // ListProperties: those of the root are the extensions'
                    21 => (32..message.len()).step_by(4).for_each(|at| {
                        if self.get32(&message[at..]) > 68 {
                            hide(at..at + 4);
                        }
                    }),
                    // QueryFont: atoms and strings' atoms of the properties
                    47 => hide(60..60 + 8 * usize::from(self.get16(&message[46..]))),
                    // GetFontPath: where fonts are is nobody's business
                    52 => return "reply".to_owned(),
                    // GetImage: visuals have other numbers there
                    73 => hide(8..12),
                    // ListInstalledColormaps: what Xvfb left there
                    83 => {
                        hide(1..2);
                        hide(10..32);
                    }
                    // XIPassiveGrabDevice: a grab that another client has in the way is AlreadyGrabbed by the
                    // protocol, in Xvfb it is the number of an error.
                    _ if message[1] == 54 && self.major_name(self.last_major) == "XInputExtension" => {
                        for at in (36..bytes.len()).step_by(8) {
                            bytes[at] = u8::from(bytes[at] != 0);
                        }
                        return format!("reply {}", hex(&bytes));
                    }
                    // GetDeviceFocus: when it was set
                    _ if message[1] == 20 && self.major_name(self.last_major) == "XInputExtension" => {
                        hide(12..16);
                    }
                    // GetFeedbackControl: whether key 255 repeats, which scenarios before have changed for core keyboards
                    _ if message[1] == 22
                        && message[32] == 0
                        && self.major_name(self.last_major) == "XInputExtension" =>
                    {
                        hide(83..84);
                    }
                    // … and of a pointer: two bytes are not used.
                    _ if message[1] == 22
                        && message[32] == 1
                        && self.major_name(self.last_major) == "XInputExtension" =>
                    {
                        hide(36..38);
                    }
                    // GetDeviceControl: what is not used
                    _ if message[1] == 34
                        && message.get(36..).is_some_and(|rest| rest.len() == 4)
                        && self.major_name(self.last_major) == "XInputExtension" =>
                    {
                        hide(37..40);
                    }
                    // QueryDeviceState: Xvfb's mouse has three buttons.
                    _ if message[1] == 30
                        && message[32] == 1
                        && self.major_name(self.last_major) == "XInputExtension" =>
                    {
                        hide(34..35);
                    }
                    // GetSelectedExtensionEvents and GetDeviceDontPropagateList: classes from the extension's first event
                    _ if matches!(message[1], 7 | 9)
                        && self.major_name(self.last_major) == "XInputExtension" =>
                    {
                        let first = u32::from(self.extensions["XInputExtension"].event);
                        for at in (32..message.len()).step_by(4) {
                            let class = self.get32(&message[at..]);
                            if class & 0xff >= first {
                                bytes[at..at + 4].copy_from_slice(&self.put32(class - first + 64));
                            }
                        }
                        return format!("reply {}", hex(&bytes));
                    }
                    // FetchRegion: where an empty region is means nothing.
                    _ if message[12..16] == [0; 4] && self.major_name(self.last_major) == "XFIXES" => {
                        bytes[8..12].fill(0);
                        return format!("reply {}", hex(&bytes));
                    }
                    _ if self.major_name(self.last_major) == "XKEYBOARD" => self.hide_in_xkb(&mut bytes),
                    // What screens, outputs and monitors are called, how large they may be, which modes and properties
                    // there are and which output is the first is each server's own; Xvfb's gamma ramps are black at
                    // first.
                    _ if self.major_name(self.last_major) == "RANDR" => match self.last_minor {
                        5 | 6 | 8 | 9 | 10 | 23 | 25 | 31 => return "reply".to_owned(),
                        42 => return self.describe_monitors(&bytes),
                        minor => {
                            for at in (8..bytes.len()).step_by(4) {
                                if let Some(id) = self.written_id(self.get32(&bytes[at..])) {
                                    bytes[at..at + 4].copy_from_slice(&self.put32(id));
                                }
                            }
                            // Times
                            if matches!(minor, 2 | 20 | 21 | 28 | 29) {
                                bytes[8..12].fill(0xee);
                            }
                            return format!("reply {}", hex(&bytes));
                        }
                    },
                    // QueryExtension: the numbers
                    98 => hide(9..12),
                    _ => {}
                }
                return format!("reply {}", hex(&bytes));
            }
            _ => {}
        }
        let (code, sent) = (message[0] & 0x7f, message[0] & 0x80 != 0);
        if !sent {
            match code {
                2..=8 | 29..=31 => hide(4..8),
                28 => hide(12..16),
                _ => {}
            }
            let used = USED_BYTES.get(usize::from(code)).copied().unwrap_or(32);
            let length = bytes.len();
            if used < length && !matches!(code, 11 | 35) {
                bytes[used..].fill(0);
            }
            // CirculateNotify and CirculateRequest: not used, but the parent in Xvfb
            if matches!(code, 26 | 27) {
                bytes[12..16].fill(0);
            }
            if matches!(code, 12..=32) {
                bytes[1] = 0;
            }
            if code == 34 {
                bytes[1] = 0;
            }
        }
        if code >= 64 && self.event_name(code).starts_with("RANDR+") {
            for at in (8..32).step_by(4) {
                if let Some(id) = self.written_id(self.get32(&bytes[at..])) {
                    bytes[at..at + 4].copy_from_slice(&self.put32(id));
                }
            }
            // Times; of a ScreenChangeNotify also the number of the size
            let screen = self.event_name(code) == "RANDR+0";
            let times = match (screen, bytes[1]) {
                (true, _) | (_, 1) => 4..12,
                (_, 2) => 16..20,
                _ => 4..8,
            };
            bytes[times].fill(0xee);
            if screen {
                bytes[20..22].fill(0xee);
            }
            let used = match (screen, bytes[1]) {
                (true, _) | (_, 0 | 1) => 32,
                // Xvfb does not say to clients of the other byte order whether a property is new.
                (_, 2) if self.order == Order::Big => 20,
                (_, 2) => 21,
                _ => 12,
            };
            bytes[used..].fill(0);
        }
        if code >= 64 && self.event_name(code) == "MIT-SCREEN-SAVER+0" {
            // The time, and the window, whose id each server chooses for itself
            bytes[4..8].fill(0xee);
            bytes[12..16].fill(0xee);
            bytes[18..].fill(0);
        }
        if code >= 64 && self.event_name(code) == "SHAPE+0" {
            bytes[16..20].fill(0xee);
            bytes[21..].fill(0);
            // Where an empty shape lies means nothing.
            if bytes[12..14] == [0, 0] || bytes[14..16] == [0, 0] {
                bytes[8..12].fill(0);
            }
        }
        if code >= 64
            && let Some(kind) = self.event_name(code).strip_prefix("XInputExtension+")
        {
            // DeviceValuator has no time; DeviceMappingNotify has it elsewhere.
            match kind {
                "0" => {}
                "11" => bytes[8..12].fill(0xee),
                _ => bytes[4..8].fill(0xee),
            }
            let used = match kind {
                "6" | "7" => 14,
                "11" => 12,
                _ => 32,
            };
            bytes[used..].fill(0);
        }
        if code >= 64 && self.event_name(code) == "XKEYBOARD+0" {
            bytes[4..8].fill(0xee);
            // The number of the extension in causes, and what is not used
            let (major, unused) = match bytes[1] {
                0 => (14, 18..32),
                2 => (30, 32..32),
                3 => (26, 28..32),
                _ => (9, 32..32),
            };
            if self.extensions.values().any(|it| it.major == bytes[major]) || bytes[1] == 1 {
                bytes[major] = 0;
            }
            bytes[unused].fill(0);
            if bytes[1] == 3 {
                bytes[10..12].fill(0);
            }
            // BellNotify, NamesNotify, and others
            match bytes[1] {
                7 | 10 => bytes[16..].fill(0),
                8 => {
                    // Names of bells are of the servers' own making.
                    if self.get32(&message[16..]) > 68 {
                        bytes[16..20].fill(0xee);
                    }
                    bytes[25..].fill(0);
                }
                9 => bytes[20..].fill(0),
                // Xvfb does not say what of the core protocol it was, nor has it the groups in the byte order of others.
                3 if self.last_major == 102 => bytes[24..28].fill(0),
                2 if self.is_swapped_xvfb() => {
                    bytes[14..16].reverse();
                    bytes[16..18].reverse();
                }
                _ => {}
            }
            // MapNotify: Xvfb does not say that a client has set explicit components, and which keys are mapped to
            // modifiers, and miscounts the keys with other actions.
            if bytes[1] == 1 {
                let changed = self.get16(&bytes[10..]) & !0x8c;
                let changed = self.lay("2", &[changed.into()]);
                bytes[10..12].copy_from_slice(&changed);
                bytes[18..20].fill(0xee);
                bytes[22..28].fill(0xee);
                // Xvfb has the virtual modifiers in one byte order for everybody.
                if self.is_swapped_xvfb() {
                    bytes[28..30].reverse();
                }
            }
        }
        if code >= 64 && self.event_name(code) == "XFIXES+0" {
            bytes[16..].fill(0);
            // Xvfb leaves the kind out for clients of the other byte order.
            bytes[1] = 0;
        }
        if code >= 64 && self.event_name(code).starts_with("SYNC+") {
            bytes[24..28].fill(0xee);
            // What is not used of AlarmNotify
            if self.event_name(code) == "SYNC+1" {
                bytes[29..].fill(0);
            }
        }
        if code >= 64 && self.event_name(code) == "DAMAGE+0" {
            bytes[12..16].fill(0xee);
            // Xvfb leaves the level out for clients of the other byte order.
            bytes[1] = 0;
        }
        if code == 35 {
            bytes[1] = 0;
            // The time of each event of the input extension
            bytes[12..16].fill(0xee);
            // The time since a barrier was told of last
            if matches!(self.get16(&message[8..]), 25 | 26) {
                bytes[32..36].fill(0xee);
                // Xvfb has the flags in one byte order for everybody.
                let flags = message[36] | message[39];
                bytes[36..40].copy_from_slice(&[flags, 0, 0, 0]);
            }
            // The buttons of crossing are in part anything in Xvfb, those of focus of some time ago.
            if matches!(self.get16(&message[8..]), 7..=10) && message.len() > 72 {
                bytes[72..].fill(0);
            }
        }
        let name = if code >= 64 { self.event_name(code) } else { core_event(code).to_owned() };
        format!("{}{name} {}", if sent { "sent " } else { "" }, hex(&bytes[1..]))
    }

    /// Monitors without the time, in any order, and without the names and millimetres of those that nobody has described.
    fn describe_monitors(&self, reply: &[u8]) -> String {
        let mut monitors = Vec::new();
        let mut at = 32;
        while let Some(monitor) = reply.get(at..at + 24) {
            let (automatic, outputs) = (monitor[5] != 0, usize::from(self.get16(&monitor[6..])));
            let name = if automatic { 0 } else { self.get32(monitor) };
            // Xvfb has the millimetres in one byte order for everybody.
            let hidden = automatic || self.order == Order::Big;
            let size = if hidden { String::new() } else { hex(&monitor[16..]) };
            monitors.push(format!("{name} {} {size}", hex(&monitor[4..16])));
            at += 24 + 4 * outputs;
        }
        monitors.sort_unstable();
        format!("monitors {} {}: {monitors:?}", self.get32(&reply[12..]), self.get32(&reply[16..]))
    }

    fn is_swapped_xvfb(&self) -> bool {
        self.order == Order::Big && self.root != OUR_ROOT
    }

    /// What differs of replies about keyboards: atoms, and whether keys repeat that there are not.
    fn hide_in_xkb(&self, bytes: &mut [u8]) {
        const GET_STATE: u8 = 4;
        const GET_CONTROLS: u8 = 6;
        const GET_MAP: u8 = 8;
        const GET_NAMES: u8 = 17;
        const GET_DEVICE_INFO: u8 = 24;
        match self.last_minor {
            GET_STATE if self.is_swapped_xvfb() => {
                bytes[14..16].reverse();
                bytes[16..18].reverse();
            }
            GET_CONTROLS if bytes.len() >= 92 => {
                bytes[60] = 0xee;
                bytes[91] = 0xee;
            }
            // Virtual modifiers are not in the byte order of others.
            GET_MAP if self.order == Order::Big => bytes[38..].fill(0xee),
            GET_NAMES => {
                if self.order == Order::Big {
                    bytes[26..28].fill(0xee);
                }
                // Nobody has given this server a geometry.
                if bytes.len() > 40 && self.get32(&bytes[8..]) & 3 == 3 {
                    bytes[36..40].fill(0xee);
                }
                for at in (32..bytes.len()).step_by(4) {
                    if self.get32(&bytes[at..]) > 68 {
                        bytes[at..at + 4].fill(0xee);
                    }
                }
            }
            GET_DEVICE_INFO if bytes.len() > 34 => {
                // The kind of device; its name; names of indicators
                bytes[28..32].fill(0xee);
                let name = usize::from(self.get16(&bytes[32..]));
                let leds = (34 + name).next_multiple_of(4);
                bytes[32..leds].fill(0xee);
                if bytes.len() > leds + 20 {
                    let names = self.get32(&bytes[leds + 4..]).count_ones() as usize;
                    bytes[leds + 20..leds + 20 + 4 * names].fill(0xee);
                }
            }
            _ => {}
        }
    }

    fn error_name(&self, code: u8) -> String {
        const NAMES: [&str; 18] = [
            "",
            "Request",
            "Value",
            "Window",
            "Pixmap",
            "Atom",
            "Cursor",
            "Font",
            "Match",
            "Drawable",
            "Access",
            "Alloc",
            "Colormap",
            "GContext",
            "IDChoice",
            "Name",
            "Length",
            "Implementation",
        ];
        if let Some(name) = NAMES.get(usize::from(code)) {
            return (*name).to_owned();
        }
        let of = self.extensions.iter().filter(|(_, it)| it.error != 0 && it.error <= code);
        of.max_by_key(|(_, it)| it.error)
            .map_or(format!("{code}"), |(name, it)| format!("{name}+{}", code - it.error))
    }

    fn event_name(&self, code: u8) -> String {
        let of = self.extensions.iter().filter(|(_, it)| it.event != 0 && it.event <= code);
        of.max_by_key(|(_, it)| it.event)
            .map_or(format!("{code}"), |(name, it)| format!("{name}+{}", code - it.event))
    }

    fn major_name(&self, major: u8) -> String {
        self.extensions
            .iter()
            .find(|(_, it)| it.major == major)
            .map_or(format!("{major}"), |(name, _)| (*name).to_owned())
    }
}

fn core_event(code: u8) -> &'static str {
    const NAMES: [&str; 36] = [
        "",
        "",
        "KeyPress",
        "KeyRelease",
        "ButtonPress",
        "ButtonRelease",
        "Motion",
        "Enter",
        "Leave",
        "FocusIn",
        "FocusOut",
        "Keymap",
        "Expose",
        "GraphicsExposure",
        "NoExposure",
        "Visibility",
        "Create",
        "Destroy",
        "Unmap",
        "Map",
        "MapRequest",
        "Reparent",
        "Configure",
        "ConfigureRequest",
        "Gravity",
        "ResizeRequest",
        "Circulate",
        "CirculateRequest",
        "Property",
        "SelectionClear",
        "SelectionRequest",
        "SelectionNotify",
        "Colormap",
        "ClientMessage",
        "Mapping",
        "Generic",
    ];
    NAMES.get(usize::from(code)).copied().unwrap_or("?")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate().take(4096) {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}
