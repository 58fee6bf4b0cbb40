//! The keyboard's map in the words of XKB, derived from the core map of keysyms and modifiers (XKB protocol, 12.3).
//!
//! A key of a map with several layouts has a group for each, as the map says. Any other has one group: columns one and two of the core map are its first two levels. Levels three and four are columns
//! five and six, reached with `ISO_Level3_Shift`, or, where a map has none of those, columns three and four, which the
//! core protocol reaches with `Mode_switch` and which are reached with the same modifier here. Letters of
//! Latin-1 and Unicode keysyms follow Caps Lock. Modifiers are real ones throughout, so there are no virtual modifiers.

use super::{INDICATORS, LOCK, Message, Names, SHIFT};
use crate::byte_order::swap_fields;
use crate::error::{Outcome, XError};
use crate::input::Keyboard;
use crate::server::Server;
use crate::value_list::{half, word};

/// Parts of a map (`MAPPART`).
pub(super) const TYPES: u16 = 1 << 0;
pub(super) const SYMS: u16 = 1 << 1;
pub(super) const MODIFIERS: u16 = 1 << 2;
const EXPLICIT: u16 = 1 << 3;
pub(super) const ACTIONS: u16 = 1 << 4;
const BEHAVIORS: u16 = 1 << 5;
const VIRTUAL_MODIFIER_MAP: u16 = 1 << 7;

/// Names of the key types and of their levels; the position is the type's index. The first four are XKB's canonical ones.
const TYPE_NAMES: [(&str, &[&str]); 6] = [
    ("ONE_LEVEL", &["Any"]),
    ("TWO_LEVEL", &["Base", "Shift"]),
    ("ALPHABETIC", &["Base", "Caps"]),
    ("KEYPAD", &["Base", "Number"]),
    ("FOUR_LEVEL", &["Base", "Shift", "Alt Base", "Shift Alt"]),
    ("FOUR_LEVEL_ALPHABETIC", &["Base", "Shift", "Alt Base", "Shift Alt"]),
];
pub(super) const TYPE_COUNT: u8 = TYPE_NAMES.len() as u8;
const ONE_LEVEL: u8 = 0;
const TWO_LEVEL: u8 = 1;
const ALPHABETIC: u8 = 2;
const KEYPAD: u8 = 3;
const FOUR_LEVEL: u8 = 4;
const FOUR_LEVEL_ALPHABETIC: u8 = 5;

/// Actions, and the flag that they act on the modifiers of the modifier map.
const SET_MODIFIERS: u8 = 1;
const LOCK_MODIFIERS: u8 = 3;
const USE_MODIFIER_MAP: u8 = 1 << 2;

/// A group of a key of the map: its type, and a keysym for each level.
struct Group {
    kind: u8,
    syms: Vec<u32>,
}

/// A letter's capital, if it has one that is one keysym.
fn capital(sym: u32) -> Option<u32> {
    let letter = match sym {
        0x20..=0xff => char::from_u32(sym)?,
        0x0100_0100..=0x0110_ffff => char::from_u32(sym - 0x0100_0000)?,
        _ => return None,
    };
    let mut upper = letter.to_uppercase();
    let (first, None) = (upper.next()?, upper.next()) else { return None };
    if first == letter {
        return None;
    }
    let code = u32::from(first);
    match sym {
        // y with diaeresis has its capital outside of Latin-1, as has the micro sign.
        0x20..=0xff if code > 0xff => None,
        0x20..=0xff => Some(code),
        _ => Some(code + 0x0100_0000),
    }
}

fn is_keypad(sym: u32) -> bool {
    matches!(sym, 0xff80..=0xffbd | 0x1100_0000..=0x1100_ffff)
}

/// The groups of a key.
fn groups(keyboard: &Keyboard, code: u8) -> Vec<Group> {
    let Some(several) = keyboard.groups.of(code) else { return vec![only_group(keyboard, code)] };
    several
        .iter()
        .map(|levels| {
            let level = |index: usize| levels.get(index).copied().unwrap_or(0);
            let alphabetic = level(1) != 0 && capital(level(0)) == Some(level(1));
            group([level(0), level(1), level(2), level(3)], alphabetic)
        })
        .collect()
}

/// The one group of a key that the core map describes.
fn only_group(keyboard: &Keyboard, code: u8) -> Group {
    let columns = keyboard.keysyms.get(usize::from(code.saturating_sub(keyboard.min_keycode())));
    let column = |index: usize| columns.and_then(|syms| syms.get(index)).copied().unwrap_or(0);
    let (mut base, mut shifted) = (column(0), column(1));
    let mut alphabetic = false;
    if shifted == 0 {
        // X11, 5: a letter alone stands for both of its cases.
        let small = (0..=0xff).find(|sym| base != 0 && capital(*sym) == Some(base));
        if let Some(upper) = capital(base) {
            (shifted, alphabetic) = (upper, true);
        } else if let Some(small) = small {
            (base, shifted, alphabetic) = (small, base, true);
        }
    } else if capital(base) == Some(shifted) {
        alphabetic = true;
    }
    let more = columns.is_some_and(|syms| syms.len() > 4);
    // A group that is there twice is one group.
    let again = (column(2), column(3)) == (column(0), column(1));
    let (third, fourth) = match (more, again) {
        (true, _) => (column(4), column(5)),
        (false, true) => (0, 0),
        (false, false) => (column(2), column(3)),
    };
    group([base, shifted, third, fourth], alphabetic)
}

/// A group of these levels.
fn group(syms: [u32; 4], alphabetic: bool) -> Group {
    let [base, shifted, ..] = syms;
    let (kind, levels) = if syms[2] != 0 || syms[3] != 0 {
        (if alphabetic { FOUR_LEVEL_ALPHABETIC } else { FOUR_LEVEL }, 4)
    } else if alphabetic {
        (ALPHABETIC, 2)
    } else if shifted != 0 && (is_keypad(base) || is_keypad(shifted)) {
        (KEYPAD, 2)
    } else if shifted != 0 {
        (TWO_LEVEL, 2)
    } else {
        (ONE_LEVEL, usize::from(base != 0))
    };
    Group { kind, syms: syms[..levels].to_vec() }
}

/// How many groups a key has, and levels in the widest: none of either where it has no keysym.
fn shape(groups: &[Group]) -> (u8, u8) {
    let width = groups.iter().map(|group| group.syms.len()).max().unwrap_or(0) as u8;
    (if width == 0 { 0 } else { groups.len() as u8 }, width)
}

/// Which combinations of modifiers lead to which level, beside none to the first.
fn levels_of(keyboard: &Keyboard, kind: u8) -> Vec<(u8, u8)> {
    let (num, third) = (keyboard.num_lock(), keyboard.third_level());
    let mut entries = match kind {
        TWO_LEVEL | FOUR_LEVEL => vec![(SHIFT, 1)],
        ALPHABETIC | FOUR_LEVEL_ALPHABETIC => vec![(SHIFT, 1), (LOCK, 1)],
        KEYPAD => vec![(SHIFT, 1), (num, 1)],
        _ => Vec::new(),
    };
    if third != 0 && matches!(kind, FOUR_LEVEL | FOUR_LEVEL_ALPHABETIC) {
        entries.extend([(third, 2), (SHIFT | third, 3)]);
        if kind == FOUR_LEVEL_ALPHABETIC {
            entries.extend([(LOCK | third, 3), (SHIFT | LOCK | third, 2)]);
        }
    }
    // Without a Num Lock key there is no way to the second level by it.
    entries.retain(|(modifiers, _)| *modifiers != 0);
    entries
}

/// What was asked of one component: first and how many.
fn range(full: bool, partial: bool, asked: [u8; 2], whole: [u8; 2]) -> Outcome<Option<[u8; 2]>> {
    if full {
        return Ok(Some(whole));
    }
    if !partial {
        return Ok(None);
    }
    let [first, count] = asked;
    let ([start, every], end) = (whole, u16::from(first) + u16::from(count));
    if first < start || end > u16::from(start) + u16::from(every) {
        return Err(XError::value(u32::from(first)));
    }
    Ok(Some(asked))
}

fn codes([first, count]: [u8; 2]) -> impl Iterator<Item = u8> {
    (u16::from(first)..u16::from(first) + u16::from(count)).filter_map(|code| u8::try_from(code).ok())
}

/// `GetMap`.
pub(super) fn get_map(keyboard: &Keyboard, body: &[u8]) -> Outcome<Message> {
    let (full, partial) = (half(body, 2)?, half(body, 4)?);
    if (full | partial) & !0xff != 0 {
        return Err(XError::value(u32::from(full | partial)));
    }
    if full & partial != 0 {
        return Err(XError::MATCH);
    }
    let (min, max) = (keyboard.min_keycode(), keyboard.max_keycode());
    let whole = [min, max - min + 1];
    let asked = |part: u16, at: usize, whole: [u8; 2]| {
        let fields = *body.get(at..).and_then(|rest| rest.first_chunk()).ok_or(XError::LENGTH)?;
        range(full & part != 0, partial & part != 0, fields, whole)
    };
    let types = asked(TYPES, 6, [0, TYPE_COUNT])?;
    let syms = asked(SYMS, 8, whole)?;
    let actions = asked(ACTIONS, 10, whole)?;
    let behaviors = asked(BEHAVIORS, 12, whole)?.unwrap_or_default();
    let explicit = asked(EXPLICIT, 16, whole)?.unwrap_or_default();
    let modifiers = asked(MODIFIERS, 18, whole)?;
    let virtuals = asked(VIRTUAL_MODIFIER_MAP, 20, whole)?.unwrap_or_default();

    let mut list = Message(Vec::new());
    for kind in types.into_iter().flat_map(codes) {
        let entries = levels_of(keyboard, kind);
        let all = entries.iter().fold(0, |all, (modifiers, _)| all | modifiers);
        let levels = TYPE_NAMES.get(usize::from(kind)).map_or(1, |(_, levels)| levels.len() as u8);
        list = list.bytes(&[all, all, 0, 0, levels, entries.len() as u8, 0, 0]);
        for (modifiers, level) in entries {
            list = list.bytes(&[1, modifiers, level, modifiers, 0, 0, 0, 0]);
        }
    }
    let mut total_syms = 0_u16;
    for code in syms.into_iter().flat_map(codes) {
        let groups = groups(keyboard, code);
        let (count, width) = shape(&groups);
        let mut kinds = [0; 4];
        for (kind, group) in kinds.iter_mut().zip(&groups) {
            *kind = group.kind;
        }
        let syms = u16::from(count) * u16::from(width);
        total_syms += syms;
        list = list.bytes(&kinds).bytes(&[count, width]).short(syms);
        for group in groups.iter().take(usize::from(count)) {
            for level in 0..usize::from(width) {
                list = list.long(group.syms.get(level).copied().unwrap_or(0));
            }
        }
    }
    // Every level of a modifier's key acts alike.
    let mut total_actions = 0_u16;
    let mut acts = Message(Vec::new());
    for code in actions.into_iter().flat_map(codes) {
        let modifiers = keyboard.modifiers_of(code);
        let (groups, width) = shape(&groups(keyboard, code));
        let count = if modifiers == 0 { 0 } else { groups * width };
        let kind = if keyboard.is_locking(code) { LOCK_MODIFIERS } else { SET_MODIFIERS };
        for _ in 0..count {
            acts = acts.bytes(&[kind, USE_MODIFIER_MAP, modifiers, modifiers, 0, 0, 0, 0]);
        }
        total_actions += u16::from(count);
        list = list.bytes(&[count]);
    }
    list = list.padded().bytes(&acts.0);
    let acting = |code: &u8| keyboard.modifiers_of(*code) != 0;
    let mut total_modifiers = 0_u8;
    for code in modifiers.into_iter().flat_map(codes).filter(acting) {
        total_modifiers += 1;
        list = list.bytes(&[code, keyboard.modifiers_of(code)]);
    }
    list = list.padded();

    let [types, syms, actions, modifiers] = [types, syms, actions, modifiers].map(Option::unwrap_or_default);
    Ok(Message::reply()
        .bytes(&[0, 0, min, max])
        .short(full | partial)
        .bytes(&[types[0], types[1], TYPE_COUNT, syms[0]])
        .short(total_syms)
        .bytes(&[syms[1], actions[0]])
        .short(total_actions)
        .bytes(&[actions[1], behaviors[0], behaviors[1], 0])
        .bytes(&[explicit[0], explicit[1], 0])
        .bytes(&[modifiers[0], modifiers[1], total_modifiers])
        .bytes(&[virtuals[0], virtuals[1], 0, 0, 0, 0])
        .bytes(&list.0))
}

/// How keys get their actions: the keysyms that lock, then any other (0), act on the modifiers their key is mapped to.
const INTERPRETATIONS: [(u32, u8); 4] =
    [(0xffe5, LOCK_MODIFIERS), (0xffe6, LOCK_MODIFIERS), (0xff7f, LOCK_MODIFIERS), (0, SET_MODIFIERS)];

/// `GetCompatMap`: interpretations, and no compatibility of groups since there is one group.
pub(super) fn get_compatibility_map(body: &[u8]) -> Outcome<Message> {
    const ANY_OF: u8 = 2;
    let &[_, all] = body.get(2..).and_then(|rest| rest.first_chunk()).ok_or(XError::LENGTH)?;
    let total = INTERPRETATIONS.len() as u16;
    let (first, count) = if all != 0 { (0, total) } else { (half(body, 4)?, half(body, 6)?) };
    if u32::from(first) + u32::from(count) > u32::from(total) {
        return Err(XError::value(u32::from(first)));
    }
    let mut reply = Message::reply().bytes(&[0, 0]).short(first).short(count).short(total).bytes(&[0; 16]);
    for (sym, action) in INTERPRETATIONS.iter().skip(usize::from(first)).take(usize::from(count)) {
        reply = reply.long(*sym).bytes(&[0xff, ANY_OF, 0, 0, *action, USE_MODIFIER_MAP, 0, 0, 0, 0, 0, 0]);
    }
    Ok(reply)
}

/// Turns a reply to `GetMap` around; virtual modifiers are zero everywhere.
pub(super) fn swap_map(reply: &mut [u8]) {
    let byte = |reply: &[u8], at: usize| reply.get(at).copied().map_or(0, usize::from);
    let (types, keys) = (byte(reply, 15), byte(reply, 20));
    let mut at = 40;
    for _ in 0..types {
        at += 8 + 8 * byte(reply, at + 5);
    }
    for _ in 0..keys {
        let syms = half(reply, at + 6).map_or(0, usize::from);
        swap_fields(reply, at + 6, "2");
        if let Some(list) = reply.get_mut(at + 8..at + 8 + 4 * syms) {
            swap_fields(list, 0, "*4");
        }
        at += 8 + 4 * syms;
    }
    // The fields before are in the order of the specification, from byte 8.
    swap_fields(reply, 8, "1111211112112111111111111112");
}

const KEYCODES_NAME: u32 = 1 << 0;
const SYMBOLS_NAME: u32 = 1 << 2;
const PHYSICAL_SYMBOLS_NAME: u32 = 1 << 3;
const TYPES_NAME: u32 = 1 << 4;
const COMPATIBILITY_NAME: u32 = 1 << 5;
const KEY_TYPE_NAMES: u32 = 1 << 6;
const LEVEL_NAMES: u32 = 1 << 7;
const INDICATOR_NAMES: u32 = 1 << 8;
const KEY_NAMES: u32 = 1 << 9;
const GROUP_NAMES: u32 = 1 << 12;

/// Aliases and virtual modifiers: there are none, which is not the same as being asked in vain.
const KEY_ALIASES: u32 = 1 << 10;
const VIRTUAL_MODIFIER_NAMES: u32 = 1 << 11;

/// `GetNames`: those that the map has; there is no geometry, no alias, no virtual modifier and no radio group.
pub(super) fn get_names(server: &mut Server, body: &[u8]) -> Outcome<Message> {
    let asked = word(body, 4)?;
    if asked & !0x3fff != 0 {
        return Err(XError::value(asked));
    }
    let offered = KEYCODES_NAME
        | SYMBOLS_NAME
        | PHYSICAL_SYMBOLS_NAME
        | TYPES_NAME
        | COMPATIBILITY_NAME
        | KEY_TYPE_NAMES
        | LEVEL_NAMES
        | INDICATOR_NAMES
        | KEY_NAMES
        | KEY_ALIASES
        | VIRTUAL_MODIFIER_NAMES
        | GROUP_NAMES;
    let which = asked & offered;
    let has = |part: u32| which & part != 0;
    let (min, max) = (server.input.keyboard.min_keycode(), server.input.keyboard.max_keycode());
    let every = max - min + 1;
    let count = server.input.keyboard.groups.count();
    let levels: usize = TYPE_NAMES.iter().map(|(_, levels)| levels.len()).sum();
    let mut reply = Message::reply()
        .long(which)
        .bytes(&[min, max, TYPE_COUNT, if has(GROUP_NAMES) { (1 << count) - 1 } else { 0 }, 0, 0])
        .bytes(if has(KEY_NAMES) { [min, every] } else { [0, 0] }.as_slice())
        .long(if has(INDICATOR_NAMES) { super::ALL_INDICATORS } else { 0 })
        .bytes(&[0, 0])
        .short(if has(LEVEL_NAMES) { levels as u16 } else { 0 })
        .bytes(&[0; 4]);
    let atoms = &mut server.atoms;
    let Names { keycodes, types, compatibility, symbols } = &server.xkb.names;
    let components = [
        (KEYCODES_NAME, keycodes),
        (SYMBOLS_NAME, symbols),
        (PHYSICAL_SYMBOLS_NAME, symbols),
        (TYPES_NAME, types),
        (COMPATIBILITY_NAME, compatibility),
    ];
    for (_, name) in components.into_iter().filter(|(part, _)| has(*part)) {
        reply = reply.long(atoms.intern(name.as_bytes()));
    }
    if has(KEY_TYPE_NAMES) {
        for (name, _) in TYPE_NAMES {
            reply = reply.long(atoms.intern(name.as_bytes()));
        }
    }
    if has(LEVEL_NAMES) {
        reply = reply.bytes(&TYPE_NAMES.map(|(_, levels)| levels.len() as u8)).padded();
        for level in TYPE_NAMES.iter().flat_map(|(_, levels)| *levels) {
            reply = reply.long(atoms.intern(level.as_bytes()));
        }
    }
    if has(INDICATOR_NAMES) {
        for name in INDICATORS {
            reply = reply.long(atoms.intern(name.as_bytes()));
        }
    }
    if has(GROUP_NAMES) {
        for group in 0..count {
            reply = reply.long(atoms.intern(group_name(symbols, group).as_bytes()));
        }
    }
    if has(KEY_NAMES) {
        for code in min..=max {
            reply = reply.bytes(&key_name(code));
        }
    }
    Ok(reply)
}

/// What the symbols of a group are called in the name of all: `de` of `pc+us+de:2`.
fn group_name(symbols: &str, group: u8) -> &str {
    let parts = symbols.split('+').skip(1);
    let mut named = parts.filter_map(|part| match part.split_once(':') {
        Some((name, number)) => Some((name, number.parse::<u8>().ok()?)),
        None => Some((part, 1)),
    });
    named.find(|(_, number)| *number == group + 1).map_or(symbols, |(name, _)| name)
}

/// Turns a reply to `GetNames` around: atoms, but for the counts of levels and the names of keys.
pub(super) fn swap_names(reply: &mut [u8]) {
    let Ok(which) = word(reply, 8) else { return };
    let byte = |at: usize| reply.get(at).copied().map_or(0, usize::from);
    let (types, keys) = (byte(14), byte(19));
    let mut at = 32 + 4 * (which & 0x3f).count_ones() as usize;
    if which & KEY_TYPE_NAMES != 0 {
        at += 4 * types;
    }
    let counts = if which & LEVEL_NAMES != 0 { types.next_multiple_of(4) } else { 0 };
    let end = reply.len().saturating_sub(4 * keys);
    if let Some(list) = reply.get_mut(32..at) {
        swap_fields(list, 0, "*4");
    }
    if let Some(list) = reply.get_mut(at + counts..end) {
        swap_fields(list, 0, "*4");
    }
    swap_fields(reply, 8, "411112114112");
}

/// What the physical keys are called, by keycode (evdev code plus 8): a first keycode, then names in turn.
#[rustfmt::skip]
const KEY_NAMES_FROM: &[(u8, &[&str])] = &[
    (9, &["ESC", "AE01", "AE02", "AE03", "AE04", "AE05", "AE06", "AE07", "AE08", "AE09", "AE10", "AE11", "AE12", "BKSP",
        "TAB", "AD01", "AD02", "AD03", "AD04", "AD05", "AD06", "AD07", "AD08", "AD09", "AD10", "AD11", "AD12", "RTRN",
        "LCTL", "AC01", "AC02", "AC03", "AC04", "AC05", "AC06", "AC07", "AC08", "AC09", "AC10", "AC11", "TLDE", "LFSH",
        "BKSL", "AB01", "AB02", "AB03", "AB04", "AB05", "AB06", "AB07", "AB08", "AB09", "AB10", "RTSH", "KPMU", "LALT",
        "SPCE", "CAPS", "FK01", "FK02", "FK03", "FK04", "FK05", "FK06", "FK07", "FK08", "FK09", "FK10", "NMLK", "SCLK",
        "KP7", "KP8", "KP9", "KPSU", "KP4", "KP5", "KP6", "KPAD", "KP1", "KP2", "KP3", "KP0", "KPDL"]),
    (94, &["LSGT", "FK11", "FK12"]),
    (104, &["KPEN", "RCTL", "KPDV", "PRSC", "RALT", "LNFD", "HOME", "UP", "PGUP", "LEFT", "RGHT", "END", "DOWN", "PGDN",
        "INS", "DELE"]),
    (121, &["MUTE", "VOL-", "VOL+", "POWR", "KPEQ"]),
    (127, &["PAUS"]),
    (133, &["LWIN", "RWIN", "COMP"]),
    (203, &["MDSW"]),
];

fn key_name(code: u8) -> [u8; 4] {
    let known = KEY_NAMES_FROM
        .iter()
        .find_map(|(first, names)| code.checked_sub(*first).and_then(|at| names.get(usize::from(at))));
    let name = known.map_or_else(|| format!("I{code:03}"), |name| (*name).to_owned());
    let mut bytes = [0; 4];
    for (byte, letter) in bytes.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    bytes
}
