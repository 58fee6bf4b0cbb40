//! Keymaps that are loaded by name, from a small database.

use xserver::{Config, KeyboardNames};

use super::*;

fn load(world: &mut World, client: ClientId, major: u8, symbols: &str) {
    let mut bytes = vec![major, 23, 0, 0];
    for half in [CORE_KEYBOARD, 0xbf, 0xff] {
        bytes.extend(half.to_ne_bytes());
    }
    bytes.extend([1, 0, 0, 0, 0, 0, symbols.len() as u8]);
    bytes.extend(symbols.bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes[2] = (bytes.len() / 4) as u8;
    world.send_bytes(client, &bytes);
}

#[test]
fn a_keymap_is_loaded_by_name_and_everybody_told() {
    let mut world = World::with(Config { keymaps: Some(keymaps::SMALL), ..Config::default() });
    let (client, extension) = start(&mut world);
    let (other, _) = start(&mut world);
    select(&mut world, other, extension.major_opcode, 1);
    let plain = world.client();
    load(&mut world, client, extension.major_opcode, "pc+small");
    let answers = world.answers_among_events(client);
    let (reply, _) = GetKbdByNameReply::try_parse(&answers[0]).unwrap();
    assert!(reply.loaded && reply.new_keyboard);
    assert_eq!((u16::from(reply.found), u16::from(reply.reported)), (0xbf, 0xbf));
    let told = world.events(other);
    assert_eq!((told[0][0], told[0][1]), (extension.first_event, 0), "NewKeyboardNotify");
    assert_eq!(world.codes(plain), [xproto::MAPPING_NOTIFY_EVENT; 2]);

    assert_eq!(core_keysyms(&mut world, plain, 24), [0x71, 0x51, 0x71, 0x51, 0x40, OMEGA]);
    assert_eq!(core_keysyms(&mut world, plain, A), [0; 6], "what the map leaves out means nothing");
    let map = whole_map(&mut world, client, extension.major_opcode).map;
    assert_eq!(map.syms_rtrn.unwrap()[24 - 8].syms, [0x71, 0x51, 0x40, OMEGA]);
    // The third level is reached with its own modifier.
    world.server.key(108, true);
    assert_eq!(u16::from(state(&mut world, client, extension.major_opcode).mods), 1 << 7);
}

#[test]
fn a_keymap_that_does_not_exist_or_cannot_be_read_changes_nothing() {
    let mut world = World::with(Config { keymaps: Some(keymaps::SMALL), ..Config::default() });
    let (client, extension) = start(&mut world);
    let wrong = [
        "pc+none",
        "pc+us(none)",
        "pc+us(endless)",
        "pc+us(upwards)",
        "pc+../symbols/us",
        "/symbols/us",
        "pc+us:9",
        "pc+us:x",
        "pc+us(basic",
        "pc++us",
        "cut",
        "deep",
        "long",
    ];
    for symbols in wrong {
        load(&mut world, client, extension.major_opcode, symbols);
        let answers = world.answers(client);
        let (reply, _) = GetKbdByNameReply::try_parse(&answers[0]).unwrap();
        assert!(!reply.loaded, "{symbols}");
        assert_eq!(u16::from(reply.found), 0, "{symbols}");
    }
    assert_eq!(core_keysyms(&mut world, client, A)[..2], [0x61, 0x41]);
}

#[test]
fn what_overrides_with_a_type_of_its_own_has_as_many_levels_as_it_says() {
    let mut world = World::with(Config { keymaps: Some(keymaps::SMALL), ..Config::default() });
    let (client, extension) = start(&mut world);
    load(&mut world, client, extension.major_opcode, "pc+small+us(own)");
    world.answers_among_events(client);
    let map = whole_map(&mut world, client, extension.major_opcode).map;
    assert_eq!(map.syms_rtrn.unwrap()[24 - 8].syms, [0x7a, 0, 0, 0]);
}

#[test]
fn what_is_said_by_another_name_of_a_key_that_is_known_is_said_of_that_key() {
    let mut world = World::with(Config { keymaps: Some(keymaps::SMALL), ..Config::default() });
    let (client, extension) = start(&mut world);
    load(&mut world, client, extension.major_opcode, "us(right)+us(twice)");
    world.answers_among_events(client);
    assert_eq!(core_keysyms(&mut world, client, 108)[0], 0x7a, "and what is said after it overrides");
}

#[test]
fn what_a_database_says_of_a_keyboard_is_told() {
    let keyboard = KeyboardNames {
        layout: "us,de".to_owned(),
        options: "swap:letters,no:such".to_owned(),
        ..KeyboardNames::default()
    };
    let mut world = World::with(Config { keyboard, keymaps: Some(keymaps::SMALL), ..Config::default() });
    let (client, extension) = start(&mut world);
    let major = extension.major_opcode;
    let request = GetNamesRequest { device_spec: CORE_KEYBOARD, which: 0x3fff_u16.into() };
    let names = world.ask_of(client, major, request);
    let list = names.value_list;
    let components = [list.keycodes_name, list.types_name, list.compat_name, list.symbols_name];
    let components = components.map(|atom| name_of(&mut world, client, atom.unwrap()));
    assert_eq!(components, ["evdev+aliases(qwerty)", "complete", "complete", "pc+us+de:2+swap(letters)"]);
    let groups = list.groups.unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(name_of(&mut world, client, groups[1]), "German");
    let lamps: Vec<String> =
        list.indicator_names.unwrap().iter().map(|atom| name_of(&mut world, client, *atom)).collect();
    assert_eq!(
        lamps,
        ["Caps Lock", "Group 2", "Elsewhere"],
        "one without a number takes the first that is free"
    );
    let aliases = list.key_aliases.unwrap();
    assert_eq!(aliases.len(), 2, "not one of a key that there is not");
    assert_eq!((&aliases[1].real, &aliases[1].alias), (b"AD01", b"LatQ"));

    let map = whole_map(&mut world, client, major).map;
    let syms = map.syms_rtrn.unwrap();
    let of = |code: u8| &syms[usize::from(code) - 8];
    // What follows a plus sign overrides level by level, however the sections put it themselves.
    assert_eq!(of(24).syms[..2], [0x77, 0x51]);
    assert_eq!(of(24).group_info & 0xf, 2);
    assert_eq!((of(25).syms.as_slice(), of(25).group_info), (&[0x71, 0x57][..], 1));
    assert_eq!(of(26).syms, [0x61, 0x41]);
    let explicit = map.explicit_rtrn.unwrap();
    let explicit: Vec<(u8, u8)> = explicit.iter().map(|key| (key.keycode, key.explicit.into())).collect();
    assert_eq!(explicit, [(24, 3), (25, 1), (26, 1), (50, 1), (64, 0x21), (108, 1)]);
    let types = map.types_rtrn.unwrap();
    let names: Vec<String> =
        list.type_names.unwrap().iter().map(|atom| name_of(&mut world, client, *atom)).collect();
    assert_eq!(
        names[..4],
        ["ONE_LEVEL", "TWO_LEVEL", "ALPHABETIC", "KEYPAD"],
        "one is left out, and there all the same"
    );
    let semialphabetic = &types[5];
    assert!(semialphabetic.has_preserve);
    assert_eq!((semialphabetic.num_levels, semialphabetic.map.len()), (4, 5));

    let request = GetIndicatorMapRequest { device_spec: CORE_KEYBOARD, which: 2 };
    let maps = world.ask_of(client, major, request).maps;
    assert_eq!(
        (u8::from(maps[0].flags), u8::from(maps[0].which_groups), u8::from(maps[0].groups)),
        (0x80, 8, 0xfe)
    );
}

#[test]
fn the_geometry_of_a_keyboard_is_told() {
    let keyboard = KeyboardNames {
        layout: "small".to_owned(),
        options: "look:plain".to_owned(),
        ..KeyboardNames::default()
    };
    let mut world = World::with(Config { keyboard, keymaps: Some(keymaps::SMALL), ..Config::default() });
    let (client, extension) = start(&mut world);
    let mut bytes = vec![extension.major_opcode, 19, 3, 0];
    bytes.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    world.send_bytes(client, &bytes);
    let reply = world.answers(client).remove(0);
    let half = |at: usize| u16::from_ne_bytes([reply[at], reply[at + 1]]);
    let name = u32::from_ne_bytes([reply[8], reply[9], reply[10], reply[11]]);
    assert_eq!((name_of(&mut world, client, name).as_str(), reply[12]), ("plain", 1));
    assert_eq!([half(14), half(16)], [1000, 205], "millimetres by ten");
    let counts: Vec<u16> = (0..6).map(|index| half(18 + 2 * index)).collect();
    assert_eq!(counts, [1, 4, 1, 1, 1, 1], "properties, colors, shapes, sections, doodads, aliases");
    assert_eq!(reply[30..32], [1, 0], "the colors of the keyboard and its labels");
    let texts =
        ["-*-helvetica-medium-r-normal--*-120-*-*-*-*-iso8859-1", "description", "A plain one", "black"];
    let mut at = 32;
    for text in texts {
        let length = usize::from(half(at));
        assert_eq!(&reply[at + 2..at + 2 + length], text.as_bytes());
        at += (length + 2).next_multiple_of(4);
    }
}

#[test]
fn the_keyboard_begins_with_the_map_that_its_names_stand_for() {
    let keyboard = KeyboardNames { layout: "small".into(), ..KeyboardNames::default() };
    let mut world = World::with(Config { keyboard, keymaps: Some(keymaps::SMALL), ..Config::default() });
    let client = world.client();
    assert_eq!(core_keysyms(&mut world, client, 24)[4..6], [0x40, OMEGA]);
}
