//! The description that a keyboard begins with: a US keyboard of 105 keys with evdev keycodes, as the rules `evdev` make
//! it of the keymap database that X installations share, with all of its key types and interpretations.

use super::{
    Changes, Controls, Description, GROUPS, Geometry, INDICATORS, IndicatorMap, Interpretation, Key, KeyType,
    LevelEntry, Modifiers, Names, Range, VIRTUAL_MODIFIERS, control, explicit,
};
use crate::atom::Atoms;

/// A key type: its name, real and virtual modifiers, its levels' names, and its entries: real and virtual modifiers, the
/// level, and what of the modifiers is preserved.
type Type = (&'static str, u8, u16, &'static [&'static str], &'static [(u8, u16, u8, u8, u16)]);

/// An indicator: its number, flags, which groups, groups, which modifiers, real and virtual ones, controls.
type Indicator = (usize, u8, u8, u8, u8, u8, u16, u32);

/// A keyboard as it begins, with its keys.
fn built_in(atoms: &mut Atoms) -> Description {
    let mut description = blank(atoms);
    for (code, _, kind, syms) in KEYS {
        let key = description.key_mut(code);
        key.types = [kind & !OWN, 0, 0, 0];
        if kind & OWN != 0 {
            key.explicit = explicit::TYPES & 1;
        }
        if !syms.is_empty() {
            key.set_syms(1, syms.len() as u8, syms.to_vec());
        }
    }
    for (code, modifiers) in MODIFIERS {
        description.key_mut(code).modifiers = modifiers;
    }
    description.settle();
    description
}

/// A keyboard whose keys mean nothing, with the types, interpretations, indicators and names of all.
fn blank(atoms: &mut Atoms) -> Description {
    let mut atom = |name: &str| atoms.intern(name.as_bytes());
    let types = TYPES
        .iter()
        .map(|(name, real, virtuals, level_names, entries)| KeyType {
            name: atom(name),
            modifiers: said(*real, *virtuals),
            levels: level_names.len() as u8,
            entries: entries
                .iter()
                .map(|(real, virtuals, level, kept, kept_virtuals)| LevelEntry {
                    active: true,
                    modifiers: said(*real, *virtuals),
                    level: *level,
                    preserved: said(*kept, *kept_virtuals),
                })
                .collect(),
            preserves: entries.iter().any(|(.., kept, kept_virtuals)| *kept != 0 || *kept_virtuals != 0),
            level_names: level_names.iter().map(|name| atom(name)).collect(),
        })
        .collect();
    let mut names = Names {
        keycodes: atom("evdev+aliases(qwerty)"),
        symbols: atom("pc+us+inet(evdev)"),
        physical_symbols: atom("pc+us+inet(evdev)"),
        types: atom("complete"),
        compatibility: atom("complete"),
        ..Names::default()
    };
    for (index, name) in INDICATOR_NAMES {
        names.indicators[index] = atom(name);
    }
    for (slot, name) in names.virtual_modifiers.iter_mut().zip(VIRTUAL_MODIFIER_NAMES) {
        *slot = atom(name);
    }
    names.groups[0] = atom("English (US)");
    names.aliases = ALIASES
        .iter()
        .map(|(real, alias)| {
            let ([a, b, c, d], [e, f, g, h]) = (place(real), place(alias));
            [a, b, c, d, e, f, g, h]
        })
        .collect();
    let mut indicators = [IndicatorMap::default(); INDICATORS];
    for (index, flags, which_groups, groups, which_modifiers, real, virtuals, controls) in INDICATOR_MAPS {
        indicators[index] = IndicatorMap {
            flags,
            which_groups,
            groups,
            which_modifiers,
            modifiers: said(real, virtuals),
            controls,
        };
    }
    let interpretations = INTERPRETATIONS
        .iter()
        .map(|(sym, modifiers, matching, virtual_modifier, flags, action)| Interpretation {
            sym: *sym,
            modifiers: *modifiers,
            matching: *matching,
            virtual_modifier: *virtual_modifier,
            flags: *flags,
            action: *action,
        })
        .collect();
    let second = said(0, 1 << ALT_GR);
    let mut description = Description {
        types,
        interpretations,
        group_modifiers: [Modifiers::default(), second, second, second],
        indicators,
        physical_indicators: 0x7ff,
        names,
        ..Description::empty()
    };
    for (code, name, ..) in KEYS {
        description.key_mut(code).name = place(name);
    }
    description
}

impl Description {
    /// The keyboard that every server begins with.
    pub(crate) fn built_in(atoms: &mut Atoms) -> Self {
        built_in(atoms)
    }

    /// A keyboard of which nothing is said but its settings.
    pub(super) fn empty() -> Self {
        Self {
            types: Vec::new(),
            keys: Box::new(std::array::from_fn(|_| Key::default())),
            virtual_modifiers: [0; VIRTUAL_MODIFIERS],
            interpretations: Vec::new(),
            group_modifiers: [Modifiers::default(); GROUPS],
            indicators: [IndicatorMap::default(); INDICATORS],
            physical_indicators: 0,
            controls: CONTROLS,
            names: Names::default(),
            geometry: None::<Geometry>,
        }
    }

    /// All that follows from keys and modifiers is as if it had always been so.
    pub(super) fn settle(&mut self) {
        let mut changes = Changes { parts: super::part::MODIFIERS, ..Changes::default() };
        self.update_actions(Range::ALL_KEYS, &mut changes);
        // Types and others of virtual modifiers that stand for nothing have to know that as well.
        let mut changes = Changes::default();
        changes.parts |= super::part::VIRTUAL_MODIFIERS;
        changes.virtuals = u16::MAX;
        self.update_actions(Range::default(), &mut changes);
        self.controls.groups = self.count_groups();
    }
}

fn said(real: u8, virtuals: u16) -> Modifiers {
    Modifiers { mask: real, real, virtuals }
}

fn place(name: &str) -> [u8; 4] {
    let mut bytes = [0; 4];
    for (byte, letter) in bytes.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    bytes
}

/// The virtual modifier `AltGr`.
const ALT_GR: usize = 9;

/// The settings that keyboards begin with.
const CONTROLS: Controls = Controls {
    default_button: 1,
    groups: 1,
    groups_wrap: 1,
    internal: Modifiers { mask: 0, real: 0, virtuals: 0 },
    ignored_locks: Modifiers { mask: 0, real: 0, virtuals: 0 },
    repeat_delay: 660,
    repeat_interval: 40,
    slow_keys_delay: 300,
    debounce_delay: 300,
    mouse_delay: 160,
    mouse_interval: 40,
    mouse_time_to_max: 30,
    mouse_max_speed: 30,
    mouse_curve: 500,
    options: 0x0cef,
    timeout: 120,
    timeout_options: [0x10, 0],
    idle_switches: [
        control::SLOW_KEYS | control::BOUNCE_KEYS | control::STICKY_KEYS | control::MOUSE_KEYS,
        0,
    ],
    enabled: control::REPEAT_KEYS
        | control::MOUSE_KEYS_ACCEL
        | control::ACCESSX_TIMEOUT
        | control::ACCESSX_FEEDBACK
        | control::AUDIBLE_BELL
        | control::IGNORE_GROUP_LOCK,
    repeats: REPEATS,
};

/// Which keys repeat, but for what their actions say of it: all that there are.
const REPEATS: [u8; 32] = {
    let mut repeats = [0xff; 32];
    repeats[0] = 0;
    repeats
};

/// Mark of a key whose type is explicit.
const OWN: u8 = 0x80;

/// Indicators by number.
const INDICATOR_NAMES: [(usize, &str); 14] = [
    (0, "Caps Lock"),
    (1, "Num Lock"),
    (2, "Scroll Lock"),
    (3, "Compose"),
    (4, "Kana"),
    (5, "Sleep"),
    (6, "Suspend"),
    (7, "Mute"),
    (8, "Misc"),
    (9, "Mail"),
    (10, "Charging"),
    (11, "Shift Lock"),
    (12, "Group 2"),
    (13, "Mouse Keys"),
];

/// Virtual modifiers, from 0.
const VIRTUAL_MODIFIER_NAMES: [&str; 13] = [
    "NumLock",
    "Alt",
    "LevelThree",
    "LAlt",
    "RAlt",
    "RControl",
    "LControl",
    "ScrollLock",
    "LevelFive",
    "AltGr",
    "Meta",
    "Super",
    "Hyper",
];

/// Other names of keys: the key, and what else it is called.
const ALIASES: [(&str, &str); 72] = [
    ("BKSL", "AC12"),
    ("COMP", "MENU"),
    ("TLDE", "HZTG"),
    ("LWIN", "LMTA"),
    ("RWIN", "RMTA"),
    ("I235", "OUTP"),
    ("I236", "KITG"),
    ("I237", "KIDN"),
    ("I238", "KIUP"),
    ("MUTE", "I121"),
    ("VOL-", "I122"),
    ("VOL+", "I123"),
    ("POWR", "I124"),
    ("KPEQ", "I125"),
    ("PAUS", "I127"),
    ("HNGL", "I130"),
    ("HJCV", "I131"),
    ("AE13", "I132"),
    ("LWIN", "I133"),
    ("RWIN", "I134"),
    ("COMP", "I135"),
    ("STOP", "I136"),
    ("AGAI", "I137"),
    ("PROP", "I138"),
    ("UNDO", "I139"),
    ("FRNT", "I140"),
    ("COPY", "I141"),
    ("OPEN", "I142"),
    ("PAST", "I143"),
    ("FIND", "I144"),
    ("CUT", "I145"),
    ("HELP", "I146"),
    ("FK13", "I191"),
    ("FK14", "I192"),
    ("FK15", "I193"),
    ("FK16", "I194"),
    ("FK17", "I195"),
    ("FK18", "I196"),
    ("FK19", "I197"),
    ("FK20", "I198"),
    ("FK21", "I199"),
    ("FK22", "I200"),
    ("FK23", "I201"),
    ("FK24", "I202"),
    ("RALT", "ALGR"),
    ("I129", "KPPT"),
    ("AD01", "LatQ"),
    ("AD02", "LatW"),
    ("AD03", "LatE"),
    ("AD04", "LatR"),
    ("AD05", "LatT"),
    ("AD06", "LatY"),
    ("AD07", "LatU"),
    ("AD08", "LatI"),
    ("AD09", "LatO"),
    ("AD10", "LatP"),
    ("AC01", "LatA"),
    ("AC02", "LatS"),
    ("AC03", "LatD"),
    ("AC04", "LatF"),
    ("AC05", "LatG"),
    ("AC06", "LatH"),
    ("AC07", "LatJ"),
    ("AC08", "LatK"),
    ("AC09", "LatL"),
    ("AB01", "LatZ"),
    ("AB02", "LatX"),
    ("AB03", "LatC"),
    ("AB04", "LatV"),
    ("AB05", "LatB"),
    ("AB06", "LatN"),
    ("AB07", "LatM"),
];

/// Key types: name, real and virtual modifiers, names of the levels, and which modifiers lead where: real, virtual,
/// level, and those of them that are preserved.
#[rustfmt::skip]
const TYPES: [Type; 28] = [
    ("ONE_LEVEL", 0x0, 0x0, &["Any"], &[]),
    ("TWO_LEVEL", 0x1, 0x0, &["Base", "Shift"], &[
        (0x1, 0x0, 1, 0x0, 0x0),
    ]),
    ("ALPHABETIC", 0x3, 0x0, &["Base", "Caps"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x2, 0x0, 1, 0x0, 0x0),
    ]),
    ("KEYPAD", 0x1, 0x1, &["Base", "Number"], &[
        (0x0, 0x1, 1, 0x0, 0x0),
    ]),
    ("SHIFT+ALT", 0x1, 0x2, &["Base", "Shift+Alt"], &[
        (0x1, 0x2, 1, 0x0, 0x0),
    ]),
    ("PC_SUPER_LEVEL2", 0x40, 0x0, &["Base", "Super"], &[
        (0x40, 0x0, 1, 0x0, 0x0),
    ]),
    ("PC_CONTROL_LEVEL2", 0x4, 0x0, &["Base", "Control"], &[
        (0x4, 0x0, 1, 0x0, 0x0),
    ]),
    ("PC_LCONTROL_LEVEL2", 0x0, 0x40, &["Base", "LControl"], &[
        (0x0, 0x40, 1, 0x0, 0x0),
    ]),
    ("PC_RCONTROL_LEVEL2", 0x0, 0x20, &["Base", "RControl"], &[
        (0x0, 0x20, 1, 0x0, 0x0),
    ]),
    ("PC_ALT_LEVEL2", 0x0, 0x2, &["Base", "Alt"], &[
        (0x0, 0x2, 1, 0x0, 0x0),
    ]),
    ("PC_LALT_LEVEL2", 0x0, 0x8, &["Base", "LAlt"], &[
        (0x0, 0x8, 1, 0x0, 0x0),
    ]),
    ("PC_RALT_LEVEL2", 0x0, 0x10, &["Base", "RAlt"], &[
        (0x0, 0x10, 1, 0x0, 0x0),
    ]),
    ("CTRL+ALT", 0x5, 0x6, &["Base", "Shift", "Alt Base", "Shift Alt", "Ctrl+Alt"], &[
        (0x1, 0x0, 1, 0x1, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x1, 0x0), (0x4, 0x2, 4, 0x0, 0x0),
    ]),
    ("LOCAL_EIGHT_LEVEL", 0x7, 0x4, &["Base", "Shift", "Level3", "Shift Level3", "Ctrl", "Shift Ctrl", "Level3 Ctrl", "Shift Level3 Ctrl"], &[
        (0x3, 0x0, 0, 0x0, 0x0), (0x1, 0x0, 1, 0x0, 0x0), (0x2, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0),
        (0x3, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0), (0x2, 0x4, 3, 0x0, 0x0), (0x4, 0x0, 4, 0x0, 0x0),
        (0x7, 0x0, 4, 0x0, 0x0), (0x5, 0x0, 5, 0x0, 0x0), (0x6, 0x0, 5, 0x0, 0x0), (0x4, 0x4, 6, 0x0, 0x0),
        (0x7, 0x4, 6, 0x0, 0x0), (0x5, 0x4, 7, 0x0, 0x0), (0x6, 0x4, 7, 0x0, 0x0),
    ]),
    ("THREE_LEVEL", 0x1, 0x4, &["Base", "Shift", "Level3"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 2, 0x0, 0x0),
    ]),
    ("EIGHT_LEVEL", 0x1, 0x104, &["Base", "Shift", "Alt Base", "Shift Alt", "X", "X Shift", "X Alt Base", "X Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0), (0x0, 0x100, 4, 0x0, 0x0),
        (0x1, 0x100, 5, 0x0, 0x0), (0x0, 0x104, 6, 0x0, 0x0), (0x1, 0x104, 7, 0x0, 0x0),
    ]),
    ("EIGHT_LEVEL_ALPHABETIC", 0x3, 0x104, &["Base", "Shift", "Alt Base", "Shift Alt", "X", "X Shift", "X Alt Base", "X Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x2, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0),
        (0x2, 0x4, 3, 0x0, 0x0), (0x3, 0x4, 2, 0x0, 0x0), (0x0, 0x100, 4, 0x0, 0x0), (0x1, 0x100, 5, 0x0, 0x0),
        (0x2, 0x100, 5, 0x0, 0x0), (0x0, 0x104, 6, 0x0, 0x0), (0x1, 0x104, 7, 0x0, 0x0),
        (0x2, 0x104, 7, 0x0, 0x0), (0x3, 0x104, 6, 0x0, 0x0),
    ]),
    ("EIGHT_LEVEL_LEVEL_FIVE_LOCK", 0x3, 0x105, &["Base", "Shift", "Alt Base", "Shift Alt", "X", "X Shift", "X Alt Base", "X Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0), (0x0, 0x100, 4, 0x0, 0x0),
        (0x1, 0x100, 5, 0x1, 0x0), (0x0, 0x104, 6, 0x0, 0x0), (0x1, 0x104, 7, 0x0, 0x0),
        (0x0, 0x1, 4, 0x0, 0x0), (0x1, 0x1, 5, 0x1, 0x0), (0x0, 0x5, 6, 0x0, 0x0), (0x1, 0x5, 7, 0x0, 0x0),
        (0x1, 0x101, 1, 0x0, 0x0), (0x0, 0x105, 2, 0x0, 0x0), (0x1, 0x105, 3, 0x0, 0x0),
        (0x3, 0x0, 1, 0x0, 0x0), (0x2, 0x4, 2, 0x0, 0x0), (0x3, 0x4, 3, 0x0, 0x0), (0x2, 0x100, 4, 0x0, 0x0),
        (0x3, 0x100, 5, 0x1, 0x0), (0x2, 0x104, 6, 0x0, 0x0), (0x3, 0x104, 7, 0x0, 0x0),
        (0x2, 0x1, 4, 0x0, 0x0), (0x3, 0x1, 5, 0x1, 0x0), (0x2, 0x5, 6, 0x0, 0x0), (0x3, 0x5, 7, 0x0, 0x0),
        (0x3, 0x101, 1, 0x0, 0x0), (0x2, 0x105, 2, 0x0, 0x0), (0x3, 0x105, 3, 0x0, 0x0),
    ]),
    ("EIGHT_LEVEL_ALPHABETIC_LEVEL_FIVE_LOCK", 0x3, 0x105, &["Base", "Shift", "Alt Base", "Shift Alt", "X", "X Shift", "X Alt Base", "X Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0), (0x0, 0x100, 4, 0x0, 0x0),
        (0x1, 0x100, 5, 0x1, 0x0), (0x0, 0x104, 6, 0x0, 0x0), (0x1, 0x104, 7, 0x0, 0x0),
        (0x0, 0x1, 4, 0x0, 0x0), (0x1, 0x1, 5, 0x1, 0x0), (0x0, 0x5, 6, 0x0, 0x0), (0x1, 0x5, 7, 0x0, 0x0),
        (0x1, 0x101, 1, 0x0, 0x0), (0x0, 0x105, 2, 0x0, 0x0), (0x1, 0x105, 3, 0x0, 0x0),
        (0x2, 0x0, 1, 0x0, 0x0), (0x2, 0x4, 2, 0x0, 0x0), (0x3, 0x4, 3, 0x0, 0x0), (0x2, 0x100, 4, 0x0, 0x0),
        (0x3, 0x100, 5, 0x0, 0x0), (0x2, 0x104, 6, 0x0, 0x0), (0x3, 0x104, 7, 0x0, 0x0),
        (0x2, 0x1, 4, 0x0, 0x0), (0x3, 0x1, 5, 0x0, 0x0), (0x2, 0x5, 6, 0x0, 0x0), (0x3, 0x5, 7, 0x0, 0x0),
        (0x2, 0x101, 1, 0x0, 0x0), (0x2, 0x105, 3, 0x0, 0x0), (0x3, 0x105, 2, 0x0, 0x0),
    ]),
    ("EIGHT_LEVEL_SEMIALPHABETIC", 0x3, 0x104, &["Base", "Shift", "Alt Base", "Shift Alt", "X", "X Shift", "X Alt Base", "X Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x2, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0),
        (0x2, 0x4, 2, 0x2, 0x0), (0x3, 0x4, 3, 0x2, 0x0), (0x0, 0x100, 4, 0x0, 0x0), (0x1, 0x100, 5, 0x0, 0x0),
        (0x2, 0x100, 5, 0x2, 0x0), (0x3, 0x100, 5, 0x2, 0x0), (0x0, 0x104, 6, 0x0, 0x0),
        (0x1, 0x104, 7, 0x0, 0x0), (0x2, 0x104, 6, 0x2, 0x0), (0x3, 0x104, 7, 0x2, 0x0),
    ]),
    ("FOUR_LEVEL", 0x1, 0x4, &["Base", "Shift", "Alt Base", "Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0),
    ]),
    ("FOUR_LEVEL_ALPHABETIC", 0x3, 0x4, &["Base", "Shift", "Alt Base", "Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x2, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0),
        (0x2, 0x4, 3, 0x0, 0x0), (0x3, 0x4, 2, 0x0, 0x0),
    ]),
    ("FOUR_LEVEL_SEMIALPHABETIC", 0x3, 0x4, &["Base", "Shift", "Alt Base", "Shift Alt"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x2, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0),
        (0x2, 0x4, 2, 0x2, 0x0), (0x3, 0x4, 3, 0x2, 0x0),
    ]),
    ("FOUR_LEVEL_MIXED_KEYPAD", 0x1, 0x5, &["Base", "Number", "Alt Base", "Shift Alt"], &[
        (0x1, 0x1, 0, 0x0, 0x0), (0x0, 0x1, 1, 0x0, 0x0), (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0),
        (0x0, 0x5, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0), (0x1, 0x5, 3, 0x0, 0x0),
    ]),
    ("FOUR_LEVEL_X", 0x5, 0x6, &["Base", "Alt Base", "Shift Alt", "Ctrl+Alt"], &[
        (0x0, 0x4, 1, 0x0, 0x0), (0x1, 0x4, 2, 0x0, 0x0), (0x4, 0x2, 3, 0x0, 0x0),
    ]),
    ("SEPARATE_CAPS_AND_SHIFT_ALPHABETIC", 0x3, 0x4, &["Base", "Shift", "AltGr Base", "Shift AltGr"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x2, 0x0, 3, 0x2, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0),
        (0x2, 0x4, 2, 0x2, 0x0), (0x3, 0x4, 2, 0x0, 0x0),
    ]),
    ("FOUR_LEVEL_PLUS_LOCK", 0x3, 0x4, &["Base", "Shift", "Alt Base", "Shift Alt", "Lock"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0), (0x2, 0x0, 4, 0x0, 0x0),
        (0x3, 0x0, 1, 0x0, 0x0), (0x2, 0x4, 2, 0x0, 0x0), (0x3, 0x4, 3, 0x0, 0x0),
    ]),
    ("FOUR_LEVEL_KEYPAD", 0x1, 0x5, &["Base", "Number", "Alt Base", "Alt Number"], &[
        (0x1, 0x0, 1, 0x0, 0x0), (0x0, 0x1, 1, 0x0, 0x0), (0x0, 0x4, 2, 0x0, 0x0), (0x1, 0x4, 3, 0x0, 0x0),
        (0x0, 0x5, 3, 0x0, 0x0), (0x1, 0x5, 2, 0x0, 0x0),
    ]),
];

/// Interpretations: keysym, modifiers, how they match, virtual modifier, flags, action.
#[rustfmt::skip]
const INTERPRETATIONS: [(u32, u8, u8, u8, u8, [u8; 8]); 123] = [
    (0xfe02, 0x1, 0x84, 0xff, 0, [2, 3, 1, 1, 0, 0, 0, 0]),
    (0xffe6, 0x3, 0x2, 0xff, 0, [3, 0, 1, 1, 0, 0, 0, 0]),
    (0xff7f, 0xff, 0x2, 0x0, 0, [3, 0, 0, 0, 0, 1, 0, 0]),
    (0xfe03, 0xff, 0x82, 0x2, 0, [1, 1, 0, 0, 0, 4, 0, 0]),
    (0xfe04, 0xff, 0x82, 0x2, 0, [2, 3, 0, 0, 0, 4, 0, 0]),
    (0xfe05, 0xff, 0x82, 0x2, 0, [3, 0, 0, 0, 0, 4, 0, 0]),
    (0xffe9, 0xff, 0x2, 0x1, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xffea, 0xff, 0x2, 0x1, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xffe7, 0xff, 0x2, 0xa, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xffe8, 0xff, 0x2, 0xa, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xffeb, 0xff, 0x2, 0xb, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xffec, 0xff, 0x2, 0xb, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xffed, 0xff, 0x2, 0xc, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xffee, 0xff, 0x2, 0xc, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
    (0xff14, 0xff, 0x2, 0x7, 0, [3, 4, 0, 0, 0, 0, 0, 0]),
    (0xfe11, 0xff, 0x82, 0x8, 0, [1, 1, 0, 0, 1, 0, 0, 0]),
    (0xfe12, 0xff, 0x82, 0x8, 0, [2, 3, 0, 0, 1, 0, 0, 0]),
    (0xfe13, 0xff, 0x82, 0x8, 0, [3, 0, 0, 0, 1, 0, 0, 0]),
    (0xff7e, 0xff, 0x81, 0x9, 0, [4, 0, 1, 0, 0, 0, 0, 0]),
    (0xfe03, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 0, 4, 0, 0]),
    (0xfe04, 0xff, 0x1, 0xff, 0, [2, 3, 0, 0, 0, 4, 0, 0]),
    (0xfe05, 0xff, 0x1, 0xff, 0, [3, 0, 0, 0, 0, 4, 0, 0]),
    (0xfe06, 0xff, 0x81, 0x9, 0, [5, 4, 1, 0, 0, 0, 0, 0]),
    (0xfe08, 0xff, 0x81, 0x9, 0, [6, 0, 1, 0, 0, 0, 0, 0]),
    (0xfe0a, 0xff, 0x81, 0x9, 0, [6, 0, 255, 0, 0, 0, 0, 0]),
    (0xfe0c, 0xff, 0x1, 0xff, 0, [6, 4, 0, 0, 0, 0, 0, 0]),
    (0xfe0e, 0xff, 0x1, 0xff, 0, [6, 4, 1, 0, 0, 0, 0, 0]),
    (0xffb1, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 0, 1, 0, 0]),
    (0xff9c, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 0, 1, 0, 0]),
    (0xffb2, 0xff, 0x1, 0xff, 1, [7, 0, 0, 0, 0, 1, 0, 0]),
    (0xff99, 0xff, 0x1, 0xff, 1, [7, 0, 0, 0, 0, 1, 0, 0]),
    (0xffb3, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 0, 1, 0, 0]),
    (0xff9b, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 0, 1, 0, 0]),
    (0xffb4, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 0, 0, 0, 0]),
    (0xff96, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 0, 0, 0, 0]),
    (0xffb6, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 0, 0, 0, 0]),
    (0xff98, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 0, 0, 0, 0]),
    (0xffb7, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 255, 255, 0, 0]),
    (0xff95, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 255, 255, 0, 0]),
    (0xffb8, 0xff, 0x1, 0xff, 1, [7, 0, 0, 0, 255, 255, 0, 0]),
    (0xff97, 0xff, 0x1, 0xff, 1, [7, 0, 0, 0, 255, 255, 0, 0]),
    (0xffb9, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 255, 255, 0, 0]),
    (0xff9a, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 255, 255, 0, 0]),
    (0xffb5, 0xff, 0x1, 0xff, 1, [8, 0, 0, 0, 0, 0, 0, 0]),
    (0xff9d, 0xff, 0x1, 0xff, 1, [8, 0, 0, 0, 0, 0, 0, 0]),
    (0xff92, 0xff, 0x1, 0xff, 1, [10, 4, 1, 1, 0, 0, 0, 0]),
    (0xffaf, 0xff, 0x1, 0xff, 1, [10, 4, 1, 1, 0, 0, 0, 0]),
    (0xff93, 0xff, 0x1, 0xff, 1, [10, 4, 1, 2, 0, 0, 0, 0]),
    (0xffaa, 0xff, 0x1, 0xff, 1, [10, 4, 1, 2, 0, 0, 0, 0]),
    (0xff94, 0xff, 0x1, 0xff, 1, [10, 4, 1, 3, 0, 0, 0, 0]),
    (0xffad, 0xff, 0x1, 0xff, 1, [10, 4, 1, 3, 0, 0, 0, 0]),
    (0xffac, 0xff, 0x1, 0xff, 1, [8, 0, 2, 0, 0, 0, 0, 0]),
    (0xffab, 0xff, 0x1, 0xff, 1, [8, 0, 2, 0, 0, 0, 0, 0]),
    (0xffb0, 0xff, 0x1, 0xff, 1, [9, 2, 0, 0, 0, 0, 0, 0]),
    (0xff9e, 0xff, 0x1, 0xff, 1, [9, 2, 0, 0, 0, 0, 0, 0]),
    (0xffae, 0xff, 0x1, 0xff, 1, [9, 1, 0, 0, 0, 0, 0, 0]),
    (0xff9f, 0xff, 0x1, 0xff, 1, [9, 1, 0, 0, 0, 0, 0, 0]),
    (0xffd6, 0xff, 0x1, 0xff, 1, [10, 4, 1, 1, 0, 0, 0, 0]),
    (0xffd7, 0xff, 0x1, 0xff, 1, [10, 4, 1, 2, 0, 0, 0, 0]),
    (0xffd8, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 255, 255, 0, 0]),
    (0xffda, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 255, 255, 0, 0]),
    (0xffdc, 0xff, 0x1, 0xff, 1, [8, 0, 0, 0, 0, 0, 0, 0]),
    (0xffde, 0xff, 0x1, 0xff, 1, [7, 0, 255, 255, 0, 1, 0, 0]),
    (0xffe0, 0xff, 0x1, 0xff, 1, [7, 0, 0, 1, 0, 1, 0, 0]),
    (0xfee8, 0xff, 0x1, 0xff, 0, [8, 0, 0, 0, 0, 0, 0, 0]),
    (0xfee9, 0xff, 0x1, 0xff, 0, [8, 0, 0, 1, 0, 0, 0, 0]),
    (0xfeea, 0xff, 0x1, 0xff, 0, [8, 0, 0, 2, 0, 0, 0, 0]),
    (0xfeeb, 0xff, 0x1, 0xff, 0, [8, 0, 0, 3, 0, 0, 0, 0]),
    (0xfeee, 0xff, 0x1, 0xff, 0, [8, 0, 2, 0, 0, 0, 0, 0]),
    (0xfeef, 0xff, 0x1, 0xff, 0, [8, 0, 2, 1, 0, 0, 0, 0]),
    (0xfef0, 0xff, 0x1, 0xff, 0, [8, 0, 2, 2, 0, 0, 0, 0]),
    (0xfef1, 0xff, 0x1, 0xff, 0, [8, 0, 2, 3, 0, 0, 0, 0]),
    (0xfef4, 0xff, 0x1, 0xff, 0, [9, 0, 0, 0, 0, 0, 0, 0]),
    (0xfef5, 0xff, 0x1, 0xff, 0, [9, 0, 0, 1, 0, 0, 0, 0]),
    (0xfef6, 0xff, 0x1, 0xff, 0, [9, 0, 0, 2, 0, 0, 0, 0]),
    (0xfef7, 0xff, 0x1, 0xff, 0, [9, 0, 0, 3, 0, 0, 0, 0]),
    (0xfef9, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 16, 0, 0]),
    (0xfefa, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 32, 0, 0]),
    (0xfefb, 0xff, 0x1, 0xff, 0, [10, 0, 1, 1, 0, 0, 0, 0]),
    (0xfefc, 0xff, 0x1, 0xff, 0, [10, 0, 1, 255, 0, 0, 0, 0]),
    (0xfe70, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 64, 0, 0]),
    (0xfe71, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 1, 0, 0, 0]),
    (0xfe72, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 1, 0, 0]),
    (0xfe73, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 2, 0, 0]),
    (0xfe74, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 4, 0, 0]),
    (0xfe75, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 8, 0, 0]),
    (0xfe76, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 16, 0, 0]),
    (0xfe77, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 0, 32, 0, 0]),
    (0xfe78, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 4, 0, 0, 0]),
    (0xfe79, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 8, 0, 0, 0]),
    (0xfe7a, 0xff, 0x1, 0xff, 0, [15, 0, 0, 0, 2, 0, 0, 0]),
    (0xfed5, 0xff, 0x1, 0xff, 0, [12, 0, 0, 0, 0, 0, 0, 0]),
    (0xffe9, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 0, 2, 0, 0]),
    (0xffea, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 0, 2, 0, 0]),
    (0xffe7, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 4, 0, 0, 0]),
    (0xffe8, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 4, 0, 0, 0]),
    (0xffeb, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 8, 0, 0, 0]),
    (0xffec, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 8, 0, 0, 0]),
    (0xffed, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 16, 0, 0, 0]),
    (0xffee, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 16, 0, 0, 0]),
    (0xffe1, 0xff, 0x1, 0xff, 0, [1, 1, 1, 1, 0, 0, 0, 0]),
    (0x1008_fe01, 0xff, 0x1, 0xff, 1, [13, 5, 1, 0, 0, 0, 0, 0]),
    (0x1008_fe02, 0xff, 0x1, 0xff, 1, [13, 5, 2, 0, 0, 0, 0, 0]),
    (0x1008_fe03, 0xff, 0x1, 0xff, 1, [13, 5, 3, 0, 0, 0, 0, 0]),
    (0x1008_fe04, 0xff, 0x1, 0xff, 1, [13, 5, 4, 0, 0, 0, 0, 0]),
    (0x1008_fe05, 0xff, 0x1, 0xff, 1, [13, 5, 5, 0, 0, 0, 0, 0]),
    (0x1008_fe06, 0xff, 0x1, 0xff, 1, [13, 5, 6, 0, 0, 0, 0, 0]),
    (0x1008_fe07, 0xff, 0x1, 0xff, 1, [13, 5, 7, 0, 0, 0, 0, 0]),
    (0x1008_fe08, 0xff, 0x1, 0xff, 1, [13, 5, 8, 0, 0, 0, 0, 0]),
    (0x1008_fe09, 0xff, 0x1, 0xff, 1, [13, 5, 9, 0, 0, 0, 0, 0]),
    (0x1008_fe0a, 0xff, 0x1, 0xff, 1, [13, 5, 10, 0, 0, 0, 0, 0]),
    (0x1008_fe0b, 0xff, 0x1, 0xff, 1, [13, 5, 11, 0, 0, 0, 0, 0]),
    (0x1008_fe0c, 0xff, 0x1, 0xff, 1, [13, 5, 12, 0, 0, 0, 0, 0]),
    (0x1008_fe25, 0xff, 0x1, 0xff, 1, [134, 80, 114, 71, 114, 98, 115, 0]),
    (0x1008_fe24, 0xff, 0x1, 0xff, 1, [134, 80, 114, 87, 105, 110, 115, 0]),
    (0x1008_fe22, 0xff, 0x1, 0xff, 1, [134, 43, 86, 77, 111, 100, 101, 0]),
    (0x1008_fe23, 0xff, 0x1, 0xff, 1, [134, 45, 86, 77, 111, 100, 101, 0]),
    (0xfe11, 0xff, 0x1, 0xff, 0, [1, 1, 0, 0, 1, 0, 0, 0]),
    (0xfe12, 0xff, 0x1, 0xff, 0, [2, 3, 0, 0, 1, 0, 0, 0]),
    (0xfe13, 0xff, 0x1, 0xff, 0, [3, 0, 0, 0, 1, 0, 0, 0]),
    (0xffe5, 0xff, 0x1, 0xff, 0, [3, 0, 2, 2, 0, 0, 0, 0]), (0x0, 0x2, 0x4, 0xff, 0, [3, 0, 2, 2, 0, 0, 0, 0]),
    (0x0, 0xff, 0x2, 0xff, 0, [1, 5, 0, 0, 0, 0, 0, 0]),
];

/// Keys: code, the name of the place, its type and whether that is explicit, and keysyms.
#[rustfmt::skip]
const KEYS: [(u8, &str, u8, &[u32]); 248] = [
    (8, "", 0, &[]), (9, "ESC", 0, &[0xff1b]), (10, "AE01", 1, &[0x31, 0x21]), (11, "AE02", 1, &[0x32, 0x40]),
    (12, "AE03", 1, &[0x33, 0x23]), (13, "AE04", 1, &[0x34, 0x24]), (14, "AE05", 1, &[0x35, 0x25]),
    (15, "AE06", 1, &[0x36, 0x5e]), (16, "AE07", 1, &[0x37, 0x26]), (17, "AE08", 1, &[0x38, 0x2a]),
    (18, "AE09", 1, &[0x39, 0x28]), (19, "AE10", 1, &[0x30, 0x29]), (20, "AE11", 1, &[0x2d, 0x5f]),
    (21, "AE12", 1, &[0x3d, 0x2b]), (22, "BKSP", 1, &[0xff08, 0xff08]), (23, "TAB", 1, &[0xff09, 0xfe20]),
    (24, "AD01", OWN + 2, &[0x71, 0x51]), (25, "AD02", OWN + 2, &[0x77, 0x57]),
    (26, "AD03", OWN + 2, &[0x65, 0x45]), (27, "AD04", OWN + 2, &[0x72, 0x52]),
    (28, "AD05", OWN + 2, &[0x74, 0x54]), (29, "AD06", OWN + 2, &[0x79, 0x59]),
    (30, "AD07", OWN + 2, &[0x75, 0x55]), (31, "AD08", OWN + 2, &[0x69, 0x49]),
    (32, "AD09", OWN + 2, &[0x6f, 0x4f]), (33, "AD10", OWN + 2, &[0x70, 0x50]), (34, "AD11", 1, &[0x5b, 0x7b]),
    (35, "AD12", 1, &[0x5d, 0x7d]), (36, "RTRN", 0, &[0xff0d]), (37, "LCTL", 0, &[0xffe3]),
    (38, "AC01", OWN + 2, &[0x61, 0x41]), (39, "AC02", OWN + 2, &[0x73, 0x53]),
    (40, "AC03", OWN + 2, &[0x64, 0x44]), (41, "AC04", OWN + 2, &[0x66, 0x46]),
    (42, "AC05", OWN + 2, &[0x67, 0x47]), (43, "AC06", OWN + 2, &[0x68, 0x48]),
    (44, "AC07", OWN + 2, &[0x6a, 0x4a]), (45, "AC08", OWN + 2, &[0x6b, 0x4b]),
    (46, "AC09", OWN + 2, &[0x6c, 0x4c]), (47, "AC10", 1, &[0x3b, 0x3a]), (48, "AC11", 1, &[0x27, 0x22]),
    (49, "TLDE", 1, &[0x60, 0x7e]), (50, "LFSH", 0, &[0xffe1]), (51, "BKSL", 1, &[0x5c, 0x7c]),
    (52, "AB01", OWN + 2, &[0x7a, 0x5a]), (53, "AB02", OWN + 2, &[0x78, 0x58]),
    (54, "AB03", OWN + 2, &[0x63, 0x43]), (55, "AB04", OWN + 2, &[0x76, 0x56]),
    (56, "AB05", OWN + 2, &[0x62, 0x42]), (57, "AB06", OWN + 2, &[0x6e, 0x4e]),
    (58, "AB07", OWN + 2, &[0x6d, 0x4d]), (59, "AB08", 1, &[0x2c, 0x3c]), (60, "AB09", 1, &[0x2e, 0x3e]),
    (61, "AB10", 1, &[0x2f, 0x3f]), (62, "RTSH", 0, &[0xffe2]),
    (63, "KPMU", OWN + 12, &[0xffaa, 0xffaa, 0xffaa, 0xffaa, 0x1008_fe21]), (64, "LALT", 1, &[0xffe9, 0xffe7]),
    (65, "SPCE", 0, &[0x20]), (66, "CAPS", 0, &[0xffe5]),
    (67, "FK01", OWN + 12, &[0xffbe, 0xffbe, 0xffbe, 0xffbe, 0x1008_fe01]),
    (68, "FK02", OWN + 12, &[0xffbf, 0xffbf, 0xffbf, 0xffbf, 0x1008_fe02]),
    (69, "FK03", OWN + 12, &[0xffc0, 0xffc0, 0xffc0, 0xffc0, 0x1008_fe03]),
    (70, "FK04", OWN + 12, &[0xffc1, 0xffc1, 0xffc1, 0xffc1, 0x1008_fe04]),
    (71, "FK05", OWN + 12, &[0xffc2, 0xffc2, 0xffc2, 0xffc2, 0x1008_fe05]),
    (72, "FK06", OWN + 12, &[0xffc3, 0xffc3, 0xffc3, 0xffc3, 0x1008_fe06]),
    (73, "FK07", OWN + 12, &[0xffc4, 0xffc4, 0xffc4, 0xffc4, 0x1008_fe07]),
    (74, "FK08", OWN + 12, &[0xffc5, 0xffc5, 0xffc5, 0xffc5, 0x1008_fe08]),
    (75, "FK09", OWN + 12, &[0xffc6, 0xffc6, 0xffc6, 0xffc6, 0x1008_fe09]),
    (76, "FK10", OWN + 12, &[0xffc7, 0xffc7, 0xffc7, 0xffc7, 0x1008_fe0a]), (77, "NMLK", 0, &[0xff7f]),
    (78, "SCLK", 0, &[0xff14]), (79, "KP7", 3, &[0xff95, 0xffb7]), (80, "KP8", 3, &[0xff97, 0xffb8]),
    (81, "KP9", 3, &[0xff9a, 0xffb9]), (82, "KPSU", OWN + 12, &[0xffad, 0xffad, 0xffad, 0xffad, 0x1008_fe23]),
    (83, "KP4", 3, &[0xff96, 0xffb4]), (84, "KP5", 3, &[0xff9d, 0xffb5]), (85, "KP6", 3, &[0xff98, 0xffb6]),
    (86, "KPAD", OWN + 12, &[0xffab, 0xffab, 0xffab, 0xffab, 0x1008_fe22]), (87, "KP1", 3, &[0xff9c, 0xffb1]),
    (88, "KP2", 3, &[0xff99, 0xffb2]), (89, "KP3", 3, &[0xff9b, 0xffb3]), (90, "KP0", 3, &[0xff9e, 0xffb0]),
    (91, "KPDL", 3, &[0xff9f, 0xffae]), (92, "LVL3", 0, &[0xfe03]), (93, "", 0, &[]),
    (94, "LSGT", OWN + 20, &[0x3c, 0x3e, 0x7c, 0xa6]),
    (95, "FK11", OWN + 12, &[0xffc8, 0xffc8, 0xffc8, 0xffc8, 0x1008_fe0b]),
    (96, "FK12", OWN + 12, &[0xffc9, 0xffc9, 0xffc9, 0xffc9, 0x1008_fe0c]), (97, "AB11", 0, &[]),
    (98, "KATA", 0, &[0xff26]), (99, "HIRA", 0, &[0xff25]), (100, "HENK", 0, &[0xff23]),
    (101, "HKTG", 0, &[0xff27]), (102, "MUHE", 0, &[0xff22]), (103, "JPCM", 0, &[]),
    (104, "KPEN", 0, &[0xff8d]), (105, "RCTL", 0, &[0xffe4]),
    (106, "KPDV", OWN + 12, &[0xffaf, 0xffaf, 0xffaf, 0xffaf, 0x1008_fe20]),
    (107, "PRSC", OWN + 9, &[0xff61, 0xff15]), (108, "RALT", OWN + 1, &[0xffea, 0xffe8]),
    (109, "LNFD", 0, &[0xff0a]), (110, "HOME", 0, &[0xff50]), (111, "UP", 0, &[0xff52]),
    (112, "PGUP", 0, &[0xff55]), (113, "LEFT", 0, &[0xff51]), (114, "RGHT", 0, &[0xff53]),
    (115, "END", 0, &[0xff57]), (116, "DOWN", 0, &[0xff54]), (117, "PGDN", 0, &[0xff56]),
    (118, "INS", 0, &[0xff63]), (119, "DELE", 0, &[0xffff]), (120, "I120", 0, &[]),
    (121, "MUTE", 0, &[0x1008_ff12]), (122, "VOL-", 0, &[0x1008_ff11]), (123, "VOL+", 0, &[0x1008_ff13]),
    (124, "POWR", 0, &[0x1008_ff2a]), (125, "KPEQ", 0, &[0xffbd]), (126, "I126", 0, &[0xb1]),
    (127, "PAUS", OWN + 6, &[0xff13, 0xff6b]), (128, "I128", 0, &[0x1008_ff4a]),
    (129, "I129", 3, &[0xffae, 0xffae]), (130, "HNGL", 0, &[0xff31]), (131, "HJCV", 0, &[0xff34]),
    (132, "AE13", 0, &[]), (133, "LWIN", 0, &[0xffeb]), (134, "RWIN", 0, &[0xffec]),
    (135, "COMP", 0, &[0xff67]), (136, "STOP", 0, &[0xff69]), (137, "AGAI", 0, &[0xff66]),
    (138, "PROP", 0, &[0x1005_ff70]), (139, "UNDO", 0, &[0xff65]), (140, "FRNT", 0, &[0x1005_ff71]),
    (141, "COPY", 0, &[0x1008_ff57]), (142, "OPEN", 0, &[0x1008_ff6b]), (143, "PAST", 0, &[0x1008_ff6d]),
    (144, "FIND", 0, &[0xff68]), (145, "CUT", 0, &[0x1008_ff58]), (146, "HELP", 0, &[0xff6a]),
    (147, "I147", 0, &[0x1008_ff65]), (148, "I148", 0, &[0x1008_ff1d]), (149, "I149", 0, &[]),
    (150, "I150", 0, &[0x1008_ff2f]), (151, "I151", 0, &[0x1008_ff2b]), (152, "I152", 0, &[0x1008_ff5d]),
    (153, "I153", 0, &[0x1008_ff7b]), (154, "I154", 0, &[]), (155, "I155", 0, &[0x1008_ff8a]),
    (156, "I156", 0, &[0x1008_ff41]), (157, "I157", 0, &[0x1008_ff42]), (158, "I158", 0, &[0x1008_ff2e]),
    (159, "I159", 0, &[0x1008_ff5a]), (160, "I160", 0, &[0x1008_ff2d]), (161, "I161", 0, &[0x1008_ff74]),
    (162, "I162", 0, &[0x1008_ff7f]), (163, "I163", 0, &[0x1008_ff19]), (164, "I164", 0, &[0x1008_ff30]),
    (165, "I165", 0, &[0x1008_ff33]), (166, "I166", 0, &[0x1008_ff26]), (167, "I167", 0, &[0x1008_ff27]),
    (168, "I168", 0, &[]), (169, "I169", 0, &[0x1008_ff2c]), (170, "I170", 0, &[0x1008_ff2c]),
    (171, "I171", 0, &[0x1008_ff17]), (172, "I172", 1, &[0x1008_ff14, 0x1008_ff31]),
    (173, "I173", 0, &[0x1008_ff16]), (174, "I174", 1, &[0x1008_ff15, 0x1008_ff2c]),
    (175, "I175", 0, &[0x1008_ff1c]), (176, "I176", 0, &[0x1008_ff3e]), (177, "I177", 0, &[0x1008_ff6e]),
    (178, "I178", 0, &[]), (179, "I179", 0, &[0x1008_ff81]), (180, "I180", 0, &[0x1008_ff18]),
    (181, "I181", 0, &[0x1008_ff73]), (182, "I182", 0, &[0x1008_ff56]), (183, "I183", 0, &[]),
    (184, "I184", 0, &[]), (185, "I185", 0, &[0x1008_ff78]), (186, "I186", 0, &[0x1008_ff79]),
    (187, "I187", 0, &[0x28]), (188, "I188", 0, &[0x29]), (189, "I189", 0, &[0x1008_ff68]),
    (190, "I190", 0, &[0xff66]), (191, "FK13", 0, &[0x1008_ff81]), (192, "FK14", 0, &[0x1008_ff45]),
    (193, "FK15", 0, &[0x1008_ff46]), (194, "FK16", 0, &[0x1008_ff47]), (195, "FK17", 0, &[0x1008_ff48]),
    (196, "FK18", 0, &[0x1008_ff49]), (197, "FK19", 0, &[]), (198, "FK20", 0, &[0x1008_ffb2]),
    (199, "FK21", 0, &[0x1008_ffa9]), (200, "FK22", 0, &[0x1008_ffb0]), (201, "FK23", 0, &[0x1008_ffb1]),
    (202, "FK24", 0, &[]), (203, "MDSW", 0, &[0xff7e]), (204, "ALT", 1, &[0x0, 0xffe9]),
    (205, "META", 1, &[0x0, 0xffe7]), (206, "SUPR", 1, &[0x0, 0xffeb]), (207, "HYPR", 1, &[0x0, 0xffed]),
    (208, "I208", 0, &[0x1008_ff14]), (209, "I209", 0, &[0x1008_ff31]), (210, "I210", 0, &[0x1008_ff43]),
    (211, "I211", 0, &[0x1008_ff44]), (212, "I212", 0, &[0x1008_ff4b]), (213, "I213", 0, &[0x1008_ffa7]),
    (214, "I214", 0, &[0x1008_ff56]), (215, "I215", 0, &[0x1008_ff14]), (216, "I216", 0, &[0x1008_ff97]),
    (217, "I217", 0, &[]), (218, "I218", 0, &[0xff61]), (219, "I219", 0, &[]), (220, "I220", 0, &[0x1008_ff8f]),
    (221, "I221", 0, &[0x1008_ffb6]), (222, "I222", 0, &[]), (223, "I223", 0, &[0x1008_ff19]),
    (224, "I224", 0, &[0x1008_ff8e]), (225, "I225", 0, &[0x1008_ff1b]), (226, "I226", 0, &[0x1008_ff5f]),
    (227, "I227", 0, &[0x1008_ff3c]), (228, "I228", 0, &[0x1008_ff5e]), (229, "I229", 0, &[0x1008_ff36]),
    (230, "I230", 0, &[]), (231, "I231", 0, &[0xff69]), (232, "I232", 0, &[0x1008_ff03]),
    (233, "I233", 0, &[0x1008_ff02]), (234, "I234", 0, &[0x1008_ff32]), (235, "I235", 0, &[0x1008_ff59]),
    (236, "I236", 0, &[0x1008_ff04]), (237, "I237", 0, &[0x1008_ff06]), (238, "I238", 0, &[0x1008_ff05]),
    (239, "I239", 0, &[0x1008_ff7b]), (240, "I240", 0, &[0x1008_ff72]), (241, "I241", 0, &[0x1008_ff90]),
    (242, "I242", 0, &[0x1008_ff77]), (243, "I243", 0, &[0x1008_ff5b]), (244, "I244", 0, &[0x1008_ff93]),
    (245, "I245", 0, &[0x1008_ff94]), (246, "I246", 0, &[0x1008_ff95]), (247, "I247", 0, &[0x1008_ff96]),
    (248, "I248", 0, &[]), (249, "I249", 0, &[0x1008_fe22]), (250, "I250", 0, &[0x1008_fe23]),
    (251, "I251", 0, &[0x1008_ff07]), (252, "I252", 0, &[0x1008_10f4]), (253, "I253", 0, &[0x1008_10f5]),
    (254, "I254", 0, &[0x1008_ffb4]), (255, "I255", 0, &[0x1008_ffb5]),
];

/// Modifiers of keys.
const MODIFIERS: [(u8, u8); 15] = [
    (37, 0x4),
    (50, 0x1),
    (62, 0x1),
    (64, 0x8),
    (66, 0x2),
    (77, 0x10),
    (92, 0x80),
    (105, 0x4),
    (108, 0x8),
    (133, 0x40),
    (134, 0x40),
    (203, 0x80),
    (205, 0x8),
    (206, 0x40),
    (207, 0x40),
];

/// When indicators are lit: number, flags, which groups, groups, which modifiers, real and virtual ones, controls.
const INDICATOR_MAPS: [Indicator; 6] = [
    (0, 0x80, 0, 0x0, 4, 0x2, 0x0, 0x0),
    (1, 0x80, 0, 0x0, 4, 0x0, 0x1, 0x0),
    (2, 0x0, 0, 0x0, 4, 0x0, 0x80, 0x0),
    (11, 0x80, 0, 0x0, 4, 0x1, 0x0, 0x0),
    (12, 0x80, 8, 0xfe, 0, 0x0, 0x0, 0x0),
    (13, 0x20, 0, 0x0, 0, 0x0, 0x0, 0x10),
];
