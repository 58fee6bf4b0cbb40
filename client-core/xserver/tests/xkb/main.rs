//! XKEYBOARD as its clients see it, on the wire.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../fixture/mod.rs"]
mod fixture;
#[path = "../fixture/keymaps.rs"]
mod keymaps;
mod loading;

use std::borrow::Cow;

use fixture::{ROOT, World};
use x11rb_protocol::protocol::xkb::*;
use x11rb_protocol::protocol::xproto;
use x11rb_protocol::x11_utils::TryParse;
use xserver::{ClientId, Config, KeyboardNames, ServerEvent};

const CORE_KEYBOARD: u16 = 0x100;
const SHIFT: u16 = 1;
const LOCK: u16 = 2;
const NUM: u16 = 1 << 4;
const A: u8 = 38;
const LEFT_SHIFT: u8 = 50;
const CAPS_LOCK: u8 = 66;
const NUM_LOCK: u8 = 77;
/// The capital omega, by its code point.
const OMEGA: u32 = 0x0100_03a9;

/// A client that has said that it will use XKB; the extension's opcode, first event and first error.
fn start(world: &mut World) -> (ClientId, xproto::QueryExtensionReply) {
    let client = world.client();
    let name = Cow::Borrowed(&b"XKEYBOARD"[..]);
    let extension = world.ask(client, xproto::QueryExtensionRequest { name });
    assert!(extension.present);
    let request = UseExtensionRequest { wanted_major: 1, wanted_minor: 0 };
    let reply = world.ask_of(client, extension.major_opcode, request);
    assert!(reply.supported);
    (client, extension)
}

fn state(world: &mut World, client: ClientId, major: u8) -> GetStateReply {
    world.ask_of(client, major, GetStateRequest { device_spec: CORE_KEYBOARD })
}

fn whole_map(world: &mut World, client: ClientId, major: u8) -> GetMapReply {
    let request = GetMapRequest {
        device_spec: CORE_KEYBOARD,
        full: MapPart::from(0xff_u8),
        partial: MapPart::default(),
        first_type: 0,
        n_types: 0,
        first_key_sym: 0,
        n_key_syms: 0,
        first_key_action: 0,
        n_key_actions: 0,
        first_key_behavior: 0,
        n_key_behaviors: 0,
        virtual_mods: VMod::default(),
        first_key_explicit: 0,
        n_key_explicit: 0,
        first_mod_map_key: 0,
        n_mod_map_keys: 0,
        first_v_mod_map_key: 0,
        n_v_mod_map_keys: 0,
    };
    world.ask_of(client, major, request)
}

/// Selects all details of some types of events.
fn select(world: &mut World, client: ClientId, major: u8, types: u16) {
    let mut bytes = vec![major, 1, 4, 0];
    for half in [CORE_KEYBOARD, types, 0, types, 0xff, 0xff] {
        bytes.extend(half.to_ne_bytes());
    }
    world.send_bytes(client, &bytes);
}

fn click(world: &mut World, code: u8) {
    world.server.key(code, true);
    world.server.key(code, false);
}

#[test]
fn the_root_window_tells_the_names_of_the_keyboard() {
    let keyboard = KeyboardNames {
        layout: "es,us".into(),
        variant: "nodeadkeys,".into(),
        options: "compose:menu".into(),
        ..KeyboardNames::default()
    };
    let mut world = World::with(Config { keyboard, ..Config::default() });
    let client = world.client();
    let name = Cow::Borrowed(&b"_XKB_RULES_NAMES"[..]);
    let atom = world.ask(client, xproto::InternAtomRequest { only_if_exists: true, name }).atom;
    let request = xproto::GetPropertyRequest {
        delete: false,
        window: ROOT,
        property: atom,
        type_: xproto::AtomEnum::STRING.into(),
        long_offset: 0,
        long_length: 100,
    };
    let property = world.ask(client, request);
    assert_eq!(property.value, b"evdev\0pc105\0es,us\0nodeadkeys,\0compose:menu\0");
}

#[test]
fn nothing_is_answered_before_the_version_is_agreed_on() {
    let mut world = World::new();
    let (_, extension) = start(&mut world);
    let other = world.client();
    world.send_to(other, extension.major_opcode, GetStateRequest { device_spec: CORE_KEYBOARD });
    assert_eq!(world.take_error(other).unwrap().0, xproto::ACCESS_ERROR);
    let request = UseExtensionRequest { wanted_major: 2, wanted_minor: 0 };
    assert!(!world.ask_of(other, extension.major_opcode, request).supported);
}

#[test]
fn a_device_that_is_not_the_keyboard_is_refused() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    world.send_to(client, extension.major_opcode, GetStateRequest { device_spec: 9 });
    let (code, value, _) = world.take_error(client).unwrap();
    // It could be one, and then the input extension would know it.
    let name = Cow::Borrowed(&b"XInputExtension"[..]);
    let input = world.ask(client, xproto::QueryExtensionRequest { name });
    assert_eq!((code, value), (input.first_error, 0xff00_0009));
    world.send_to(client, extension.major_opcode, GetStateRequest { device_spec: 0x200 });
    let (code, value, _) = world.take_error(client).unwrap();
    assert_eq!((code, value), (extension.first_error, 0xfe00_0200), "the pointer is no keyboard");
}

#[test]
fn requests_that_are_too_short_or_not_offered_are_refused() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    for minor in [9, 11, 14, 16, 18, 20, 25, 101] {
        world.send_bytes(client, &[extension.major_opcode, minor, 1, 0]);
        assert_eq!(world.take_error(client).unwrap().0, xproto::LENGTH_ERROR);
    }
    world.send_bytes(client, &[extension.major_opcode, 77, 1, 0]);
    assert_eq!(world.take_error(client).unwrap().0, xproto::REQUEST_ERROR);
}

/// `GetKbdByName` for all components, to be loaded, by the name of the symbols alone.
fn core_keysyms(world: &mut World, client: ClientId, code: u8) -> Vec<u32> {
    let request = xproto::GetKeyboardMappingRequest { first_keycode: code, count: 1 };
    world.ask(client, request).keysyms
}

fn name_of(world: &mut World, client: ClientId, atom: u32) -> String {
    String::from_utf8(world.ask(client, xproto::GetAtomNameRequest { atom }).name).unwrap()
}

#[test]
fn a_map_that_a_client_sends_changes_what_keys_mean() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let mut bytes = vec![extension.major_opcode, 9, 0, 0];
    // Symbols and the modifier map; no flags
    for half in [CORE_KEYBOARD, 1 << 1 | 1 << 2, 0] {
        bytes.extend(half.to_ne_bytes());
    }
    bytes.extend([8, 255, 0, 0, A, 1]);
    bytes.extend(4_u16.to_ne_bytes());
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // One key in the modifier map, of a range of two
    bytes.extend([A, 2, 1, 0, 0, 0, 0, 0]);
    assert_eq!(bytes.len(), 4 + 32);
    // Two groups of two levels
    bytes.extend([2, 2, 0, 0, 2, 2]);
    bytes.extend(4_u16.to_ne_bytes());
    for sym in [0x78_u32, 0x58, 0x79, 0x59] {
        bytes.extend(sym.to_ne_bytes());
    }
    bytes.extend([A, 1 << 3, 0, 0]);
    bytes[2] = (bytes.len() / 4) as u8;
    world.send_bytes(client, &bytes);
    assert_eq!(core_keysyms(&mut world, client, A)[..4], [0x78, 0x58, 0x79, 0x59]);
    assert_eq!(core_keysyms(&mut world, client, A + 1)[..2], [0x73, 0x53], "others stay");
    let map = whole_map(&mut world, client, extension.major_opcode).map;
    let modifiers = map.modmap_rtrn.unwrap();
    assert!(modifiers.iter().any(|map| map.keycode == A && u16::from(map.mods) == 1 << 3));
}

#[test]
fn shift_held_and_caps_lock_pressed_are_in_the_state() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    world.server.key(LEFT_SHIFT, true);
    click(&mut world, CAPS_LOCK);
    let told = state(&mut world, client, extension.major_opcode);
    assert_eq!(u16::from(told.base_mods), SHIFT);
    assert_eq!(u16::from(told.locked_mods), LOCK);
    assert_eq!(u16::from(told.mods), SHIFT | LOCK);
}

#[test]
fn caps_lock_and_num_lock_are_told_with_their_indicators() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    select(&mut world, client, extension.major_opcode, 1 << 2 | 1 << 4);
    world.server.key(CAPS_LOCK, true);
    let events = world.events(client);
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event[0] == extension.first_event));
    let (told, _) = StateNotifyEvent::try_parse(&events[0]).unwrap();
    assert_eq!((told.xkb_type, told.keycode, told.event_type), (2, CAPS_LOCK, xproto::KEY_PRESS_EVENT));
    assert_eq!((u16::from(told.locked_mods), u16::from(told.mods)), (LOCK, LOCK));
    let parts = StatePart::MODIFIER_STATE | StatePart::MODIFIER_BASE | StatePart::MODIFIER_LOCK;
    assert_eq!(u16::from(told.changed) & 0xff, u16::from(parts));
    let (lit, _) = IndicatorStateNotifyEvent::try_parse(&events[1]).unwrap();
    assert_eq!((lit.xkb_type, lit.state, lit.state_changed), (4, 1, 1));
    world.server.key(CAPS_LOCK, false);
    click(&mut world, NUM_LOCK);
    world.events(client);
    let told = state(&mut world, client, extension.major_opcode);
    assert_eq!(u16::from(told.locked_mods), LOCK | NUM);
    let request = GetIndicatorStateRequest { device_spec: CORE_KEYBOARD };
    assert_eq!(world.ask_of(client, extension.major_opcode, request).state, 3);
    let control = world.ask(client, xproto::GetKeyboardControlRequest);
    assert_eq!(control.led_mask, 3);
}

#[test]
fn only_selected_details_of_the_state_are_told() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let mut bytes = vec![extension.major_opcode, 1, 5, 0];
    // StateNotify, only locked modifiers
    for half in [CORE_KEYBOARD, 1 << 2, 0, 0, 0, 0, 1 << 3, 1 << 3] {
        bytes.extend(half.to_ne_bytes());
    }
    world.send_bytes(client, &bytes);
    click(&mut world, LEFT_SHIFT);
    assert!(world.events(client).is_empty());
    click(&mut world, CAPS_LOCK);
    assert_eq!(world.events(client).len(), 1);
}

#[test]
fn selections_that_do_not_fit_their_length_are_refused() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let mut bytes = vec![extension.major_opcode, 1, 4, 0];
    for half in [CORE_KEYBOARD, 1 << 2, 0, 0, 0, 0] {
        bytes.extend(half.to_ne_bytes());
    }
    world.send_bytes(client, &bytes);
    assert_eq!(world.take_error(client).unwrap().0, xproto::LENGTH_ERROR);
}

#[test]
fn a_latched_shift_holds_for_one_key() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let events = u32::from(xproto::EventMask::KEY_PRESS);
    let window = world.window(client, ROOT, (0, 0, 50, 50), 0, events);
    world.map(client, window);
    world.events(client);
    // LatchLockState: latch Shift
    let mut bytes = vec![extension.major_opcode, 5, 4, 0];
    bytes.extend(CORE_KEYBOARD.to_ne_bytes());
    bytes.extend([0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
    world.send_bytes(client, &bytes);
    assert_eq!(u16::from(state(&mut world, client, extension.major_opcode).latched_mods), SHIFT);
    click(&mut world, A);
    click(&mut world, A);
    let states: Vec<u16> = world
        .events_of::<xproto::KeyPressEvent>(client, xproto::KEY_PRESS_EVENT)
        .iter()
        .map(|event| u16::from(event.state))
        .collect();
    assert_eq!(states, [SHIFT, 0]);
}

#[test]
fn the_map_has_the_keysyms_types_and_modifiers_of_the_core_map() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let reply = whole_map(&mut world, client, extension.major_opcode);
    assert_eq!((reply.min_key_code, reply.max_key_code), (8, 255));
    let types = reply.map.types_rtrn.unwrap();
    let caps: Vec<(u16, u8)> =
        types[2].map.iter().map(|entry| (u16::from(entry.mods_mask), entry.level)).collect();
    assert_eq!(caps, [(SHIFT, 1), (LOCK, 1)]);
    assert_eq!(u16::from(types[3].mods_mask), SHIFT | NUM);
    let syms = reply.map.syms_rtrn.unwrap();
    let key = |code: u8| &syms[usize::from(code) - 8];
    assert_eq!((key(A).kt_index[0], &key(A).syms[..]), (2, &[0x61, 0x41][..]));
    assert_eq!((key(10).kt_index[0], &key(10).syms[..]), (1, &[0x31, 0x21][..]));
    assert_eq!((key(79).kt_index[0], &key(79).syms[..]), (3, &[0xff95, 0xffb7][..]));
    assert_eq!((key(65).kt_index[0], &key(65).syms[..]), (0, &[0x20][..]));
    assert_eq!((key(8).group_info, key(8).syms.len()), (0, 0));
    let modifiers = reply.map.modmap_rtrn.unwrap();
    let of = |code: u8| modifiers.iter().find(|map| map.keycode == code).map(|map| u16::from(map.mods));
    assert_eq!((of(LEFT_SHIFT), of(CAPS_LOCK), of(NUM_LOCK)), (Some(SHIFT), Some(LOCK), Some(NUM)));
    assert_eq!(of(A), None);
}

#[test]
fn columns_three_and_four_are_reached_with_mode_switch() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let request = xproto::ChangeKeyboardMappingRequest {
        keycode_count: 1,
        first_keycode: 24,
        keysyms_per_keycode: 4,
        keysyms: Cow::Owned(vec![0x71, 0x51, 0x40, OMEGA]),
    };
    world.send(client, request);
    world.events(client);
    let reply = whole_map(&mut world, client, extension.major_opcode);
    let key = &reply.map.syms_rtrn.unwrap()[24 - 8];
    // Two groups: of a letter, and of what is no letter.
    assert_eq!((key.group_info & 0xf, &key.kt_index[..2]), (2, &[2, 1][..]));
    assert_eq!(key.syms, [0x71, 0x51, 0x40, OMEGA]);
    world.server.key(203, true);
    assert_eq!(u8::from(state(&mut world, client, extension.major_opcode).group), 1);
    assert_eq!(
        state_of_press_by_core_client(&mut world),
        1 << 7,
        "those who know no groups are told a modifier"
    );
}

#[test]
fn a_changed_map_is_told_once_in_the_words_the_client_chose() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let other = world.client();
    select(&mut world, client, extension.major_opcode, 1 << 1);
    let request = xproto::ChangeKeyboardMappingRequest {
        keycode_count: 1,
        first_keycode: 24,
        keysyms_per_keycode: 1,
        keysyms: Cow::Owned(vec![0x40]),
    };
    world.send(other, request);
    assert_eq!(world.codes(other), [xproto::MAPPING_NOTIFY_EVENT]);
    let events = world.events(client);
    // Each of the devices that make up the keyboard
    assert_eq!(events.len(), 3);
    let (told, _) = MapNotifyEvent::try_parse(&events[0]).unwrap();
    assert_eq!((told.xkb_type, told.first_key_sym, told.n_key_syms), (1, 24, 1));
}

#[test]
fn a_range_of_keys_beyond_the_last_is_refused() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let mut bytes = vec![extension.major_opcode, 8, 7, 0];
    for half in [CORE_KEYBOARD, 0, 2] {
        bytes.extend(half.to_ne_bytes());
    }
    bytes.extend([0, 0, 200, 100]);
    bytes.resize(28, 0);
    world.send_bytes(client, &bytes);
    assert_eq!(world.take_error(client).unwrap().0, xproto::VALUE_ERROR);
}

#[test]
fn the_names_parse_and_name_the_keys() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let request = GetNamesRequest { device_spec: CORE_KEYBOARD, which: NameDetail::from(0x3fff_u16) };
    let reply = world.ask_of(client, extension.major_opcode, request);
    let names = reply.value_list;
    let keys = names.key_names.unwrap();
    assert_eq!(
        (&keys[0].name, &keys[9 - 8].name, &keys[usize::from(A) - 8].name),
        (b"\0\0\0\0", b"ESC\0", b"AC01")
    );
    let types = names.type_names.unwrap();
    let name = world.ask(client, xproto::GetAtomNameRequest { atom: types[2] });
    assert_eq!(name.name, b"ALPHABETIC");
    let levels = names.kt_level_names.unwrap().n_levels_per_type;
    assert_eq!((&levels[..4], levels.len()), (&[1, 2, 2, 2][..], types.len()));
    assert_eq!((names.indicator_names.unwrap().len(), names.groups.unwrap().len()), (14, 1));
}

#[test]
fn indicators_are_found_by_name_and_follow_locks() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    click(&mut world, NUM_LOCK);
    let name = Cow::Borrowed(&b"Num Lock"[..]);
    let indicator = world.ask(client, xproto::InternAtomRequest { only_if_exists: false, name }).atom;
    let request = GetNamedIndicatorRequest {
        device_spec: CORE_KEYBOARD,
        led_class: LedClass::from(0x300_u16),
        led_id: 0x400,
        indicator,
    };
    let reply = world.ask_of(client, extension.major_opcode, request);
    assert!(reply.found && reply.on && reply.supported);
    assert_eq!((reply.ndx, u16::from(reply.map_mods)), (1, NUM));
    let request = GetIndicatorMapRequest { device_spec: CORE_KEYBOARD, which: u32::MAX };
    let reply = world.ask_of(client, extension.major_opcode, request);
    assert_eq!((reply.maps.len(), u16::from(reply.maps[0].mods)), (32, LOCK));
}

#[test]
fn controls_are_switched_and_that_is_told() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let watcher = start(&mut world).0;
    select(&mut world, watcher, extension.major_opcode, 1 << 3);
    let controls = GetControlsRequest { device_spec: CORE_KEYBOARD };
    let before = world.ask_of(client, extension.major_opcode, controls);
    assert_eq!(u32::from(before.enabled_controls) & (1 | 1 << 9), 1 | 1 << 9);
    let set = |world: &mut World, affect: u32, enabled: u32| {
        let mut bytes = vec![extension.major_opcode, 7, 25, 0];
        bytes.extend(CORE_KEYBOARD.to_ne_bytes());
        bytes.resize(24, 0);
        for word in [affect, enabled, 1 << 31] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.resize(100, 0);
        world.send_bytes(client, &bytes);
        world.take_error(client).map(|error| error.0)
    };
    assert_eq!(set(&mut world, 1 << 20, 1 << 20), Some(xproto::VALUE_ERROR));
    assert!(world.events(watcher).is_empty());
    assert_eq!(set(&mut world, 1, 0), None);
    let events = world.events(watcher);
    let (told, _) = ControlsNotifyEvent::try_parse(&events[0]).unwrap();
    assert_eq!((told.xkb_type, u32::from(told.enabled_control_changes)), (3, 1));
    let after = world.ask(client, xproto::GetKeyboardControlRequest);
    assert_eq!(after.global_auto_repeat, xproto::AutoRepeatMode::OFF);
}

#[test]
fn detectable_repetition_has_one_release() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let events = u32::from(xproto::EventMask::KEY_PRESS | xproto::EventMask::KEY_RELEASE);
    let window = world.window(client, ROOT, (0, 0, 50, 50), 0, events);
    world.map(client, window);
    let request = PerClientFlagsRequest {
        device_spec: CORE_KEYBOARD,
        change: PerClientFlag::DETECTABLE_AUTO_REPEAT,
        value: PerClientFlag::DETECTABLE_AUTO_REPEAT,
        ctrls_to_change: BoolCtrl::default(),
        auto_ctrls: BoolCtrl::default(),
        auto_ctrls_values: BoolCtrl::default(),
    };
    let reply = world.ask_of(client, extension.major_opcode, request);
    assert_eq!(reply.value, PerClientFlag::DETECTABLE_AUTO_REPEAT);
    world.events(client);
    world.server.key(A, true);
    world.server.key(A, true);
    world.server.key(A, false);
    assert_eq!(world.codes(client), [2, 2, 3]);
}

#[test]
fn a_bell_rings_and_is_told() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    select(&mut world, client, extension.major_opcode, 1 << 8);
    while world.server.poll_event().is_some() {}
    world.send(client, xproto::BellRequest { percent: 0 });
    let events = world.events(client);
    let (told, _) = BellNotifyEvent::try_parse(&events[0]).unwrap();
    assert_eq!((told.xkb_type, told.percent, told.pitch), (8, 50, 400));
    assert!(matches!(world.server.poll_event(), Some(ServerEvent::Bell { percent: 50, .. })));
}

/// `SetControls` that switches some of them on and has all options of `AccessX`.
fn switch_on(world: &mut World, client: ClientId, major: u8, enabled: u32) {
    let mut bytes = vec![major, 7, 25, 0];
    bytes.extend(CORE_KEYBOARD.to_ne_bytes());
    bytes.resize(20, 0);
    bytes.extend(0xfff_u16.to_ne_bytes());
    bytes.extend([0, 0]);
    // Affected, on, and changed: the options
    for word in [enabled, enabled, 1 << 6] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.resize(100, 0);
    world.send_bytes(client, &bytes);
}

#[test]
fn what_happens_to_keys_rings_the_bell_of_the_embedder_by_name() {
    const SLOW: u32 = 1 << 1;
    const STICKY: u32 = 1 << 3;
    const BY_SHIFT: u32 = 1 << 6;
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    let major = extension.major_opcode;
    select(&mut world, client, major, 1 << 8);
    let heard = |world: &mut World| -> Vec<(String, u16, u16)> {
        let told: Vec<BellNotifyEvent> = world.events_of(client, extension.first_event);
        let mut rung = Vec::new();
        while let Some(event) = world.server.poll_event() {
            if let ServerEvent::Bell { pitch, duration, percent: 50 } = event {
                rung.push((pitch, duration));
            }
        }
        let heard: Vec<(u16, u16)> = told.iter().map(|bell| (bell.pitch, bell.duration)).collect();
        assert_eq!(rung, heard, "what is told is heard");
        told.iter().map(|bell| (name_of(world, client, bell.name), bell.pitch, bell.duration)).collect()
    };
    switch_on(&mut world, client, major, STICKY);
    heard(&mut world);
    let expected = |list: &[(&str, u16, u16)]| -> Vec<(String, u16, u16)> {
        list.iter().map(|(name, pitch, duration)| ((*name).to_owned(), *pitch, *duration)).collect()
    };
    click(&mut world, LEFT_SHIFT);
    assert_eq!(heard(&mut world), expected(&[("AX_StickyLatch", 500, 50)]));
    click(&mut world, LEFT_SHIFT);
    assert_eq!(heard(&mut world)[0], expected(&[("AX_StickyLock", 2000, 50)])[0]);
    click(&mut world, LEFT_SHIFT);
    assert_eq!(heard(&mut world)[0], expected(&[("AX_StickyUnlock", 500, 50)])[0]);
    click(&mut world, CAPS_LOCK);
    click(&mut world, CAPS_LOCK);
    let lamps = expected(&[("AX_IndicatorOn", 2000, 50), ("AX_IndicatorOff", 500, 50)]);
    assert_eq!(heard(&mut world), lamps);
    // Shift held switches slow keys, after a warning.
    switch_on(&mut world, client, major, BY_SHIFT);
    world.server.set_time(10_000);
    world.server.key(LEFT_SHIFT, true);
    heard(&mut world);
    for (time, bells) in [
        (13_999, expected(&[])),
        (14_000, expected(&[("AX_SlowKeysWarning", 2000, 50)])),
        (18_000, expected(&[("AX_FeatureOn", 500, 100)])),
    ] {
        world.server.set_time(time);
        assert_eq!(heard(&mut world), bells, "{time}");
    }
    world.server.key(LEFT_SHIFT, false);
    heard(&mut world);
    switch_on(&mut world, client, major, SLOW);
    world.server.key(A, true);
    world.server.key(A, false);
    let slow = expected(&[("AX_SlowKeyPress", 1500, 1), ("AX_SlowKeyReject", 250, 50)]);
    assert_eq!(heard(&mut world), slow);
}

#[test]
fn no_keyboard_is_found_by_name_and_no_component_listed() {
    let mut world = World::new();
    let (client, extension) = start(&mut world);
    world.send_bytes(
        client,
        &[extension.major_opcode, 23, 5, 0, 0, 1, 0xff, 0, 0xff, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    world.send_bytes(client, &[extension.major_opcode, 22, 4, 0, 0, 1, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    world.send_bytes(client, &[extension.major_opcode, 24, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    world.send_bytes(client, &[extension.major_opcode, 10, 3, 0, 0, 1, 0xf, 1, 0, 0, 0, 0]);
    // Each is answered, and the connection is in step afterwards.
    let replies = world.answers(client);
    let (by_name, _) = GetKbdByNameReply::try_parse(&replies[0]).unwrap();
    assert!(!by_name.loaded && !by_name.new_keyboard);
    assert_eq!(u16::from(by_name.reported), 0);
    assert!(ListComponentsReply::try_parse(&replies[1]).unwrap().0.symbols.is_empty());
    let (device, _) = GetDeviceInfoReply::try_parse(&replies[2]).unwrap();
    assert_eq!((device.device_id, device.total_btns, device.name.len()), (3, 0, 21));
    let (compatibility, _) = GetCompatMapReply::try_parse(&replies[3]).unwrap();
    assert_eq!((compatibility.n_total_si, compatibility.si_rtrn.len()), (123, 123));
    assert_eq!(replies.len(), 4);
}

/// Two layouts of one writing key, and the two keys that together lead from one to the other.
fn with_two_layouts() -> World {
    let keyboard = KeyboardNames { layout: "us,de".to_owned(), ..KeyboardNames::default() };
    World::with(Config { keymaps: Some(keymaps::SMALL), keyboard, ..Config::default() })
}

/// What a key press says of modifiers and the group.
fn state_of_press(world: &mut World, client: ClientId, code: u8) -> u16 {
    world.events(client);
    click(world, code);
    let presses = world.events_of::<xproto::KeyPressEvent>(client, xproto::KEY_PRESS_EVENT);
    presses.first().map(|press| u16::from(press.state)).unwrap()
}

#[test]
fn the_group_is_switched_by_keys_and_told_in_events() {
    let mut world = with_two_layouts();
    let (client, extension) = start(&mut world);
    let major = extension.major_opcode;
    let window = world.window(client, ROOT, (0, 0, 100, 100), 0, 1);
    world.map(client, window);
    world.server.pointer_motion(5, 5);
    assert_eq!(state_of_press(&mut world, client, 24), 0);
    select(&mut world, client, major, 1 << 2);
    // Alt, then Shift, which is the way to the next group then and no modifier
    world.server.key(64, true);
    world.server.key(LEFT_SHIFT, true);
    let told = state(&mut world, client, major);
    assert_eq!((u8::from(told.group), u8::from(told.locked_group), u16::from(told.mods)), (1, 1, 1 << 3));
    let code = extension.first_event;
    let changes: Vec<StateNotifyEvent> = world.events_of(client, code);
    let last = changes.last().unwrap();
    assert_eq!((u8::from(last.group), last.base_group), (1, 0));
    assert_eq!(u16::from(last.changed) & 0xf0, 0x90, "the group in effect and the locked one");
    world.server.key(LEFT_SHIFT, false);
    world.server.key(64, false);
    assert_eq!(state_of_press(&mut world, client, 24), 1 << 13);
    // As long as Mode_switch is held, the next one, which here is the first again
    world.server.key(26, true);
    assert_eq!(state_of_press(&mut world, client, 24), 0);
    world.server.key(26, false);
    let pointer = world.ask(client, xproto::QueryPointerRequest { window: ROOT });
    assert_eq!(u16::from(pointer.mask), 1 << 13);
    // The other way round
    world.server.key(LEFT_SHIFT, true);
    world.server.key(64, true);
    world.server.key(64, false);
    world.server.key(LEFT_SHIFT, false);
    assert_eq!(state_of_press(&mut world, client, 24), 0);
}

#[test]
fn a_client_locks_and_latches_groups() {
    let mut world = with_two_layouts();
    let (client, extension) = start(&mut world);
    let major = extension.major_opcode;
    let change = |world: &mut World, lock: Option<Group>, latch: Option<u16>| {
        let request = LatchLockStateRequest {
            device_spec: CORE_KEYBOARD,
            affect_mod_locks: 0_u8.into(),
            mod_locks: 0_u8.into(),
            lock_group: lock.is_some(),
            group_lock: lock.unwrap_or_default(),
            affect_mod_latches: 0_u8.into(),
            latch_group: latch.is_some(),
            group_latch: latch.unwrap_or_default(),
        };
        world.send_to(client, major, request);
        let told = state(world, client, major);
        (u8::from(told.group), u8::from(told.locked_group), told.latched_group)
    };
    assert_eq!(change(&mut world, Some(Group::M2), None), (1, 1, 0));
    assert_eq!(change(&mut world, Some(Group::M1), Some(1)), (1, 0, 1));
    click(&mut world, 24);
    assert_eq!(change(&mut world, None, None), (0, 0, 0), "the latch held for one key");
    assert_eq!(change(&mut world, Some(Group::M4), None).0, 1, "there are two, one after the other");
}

#[test]
fn the_map_has_all_groups_and_their_names() {
    let mut world = with_two_layouts();
    let (client, extension) = start(&mut world);
    let map = whole_map(&mut world, client, extension.major_opcode).map;
    let keys = map.syms_rtrn.unwrap();
    let key = &keys[24 - 8];
    assert_eq!((key.group_info & 0xf, key.width), (2, 4));
    assert_eq!(key.syms, [0x71, 0x51, 0, 0, 0x7a, 0x5a, 0xb5, 0]);
    assert_eq!(keys[25 - 8].group_info & 0xf, 1, "another key has one");
    let request = GetControlsRequest { device_spec: CORE_KEYBOARD };
    assert_eq!(world.ask_of(client, extension.major_opcode, request).num_groups, 2);
    let request = GetNamesRequest { device_spec: CORE_KEYBOARD, which: NameDetail::GROUP_NAMES };
    let names = world.ask_of(client, extension.major_opcode, request);
    assert_eq!(names.value_list.groups.unwrap().len(), 2);
    assert_eq!(core_keysyms(&mut world, client, 24)[..4], [0x71, 0x51, 0x7a, 0x5a]);
}

/// What a key press says to a client that has never heard of XKB.
fn state_of_press_by_core_client(world: &mut World) -> u16 {
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 100, 100), 0, 1);
    world.map(client, window);
    world.server.pointer_motion(5, 5);
    state_of_press(world, client, A)
}
