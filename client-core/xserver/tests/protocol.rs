//! The server as its clients see it, on the wire.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixture;

use std::borrow::Cow;

use fixture::{ROOT, World};
use x11rb_protocol::protocol::randr::ScreenChangeNotifyEvent;
use x11rb_protocol::protocol::xproto::*;
use x11rb_protocol::protocol::xtest::FakeInputRequest;
use xserver::{ClientId, Config, Fault, Limits, Selection, ServerEvent};

const RED: u32 = 0x00ff_0000;
const BLUE: u32 = 0x0000_00ff;

fn bits(mask: EventMask) -> u32 {
    u32::from(mask)
}

fn configure(window: u32, values: ConfigureWindowAux) -> ConfigureWindowRequest<'static> {
    ConfigureWindowRequest { window, value_list: Cow::Owned(values) }
}

#[test]
fn a_mapped_window_is_painted_and_exposed() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(
        client,
        ROOT,
        (10, 20, 30, 40),
        RED,
        bits(EventMask::EXPOSURE | EventMask::STRUCTURE_NOTIFY),
    );
    world.map(client, window);
    assert_eq!(world.codes(client), [MAP_NOTIFY_EVENT, EXPOSE_EVENT]);
    assert_eq!((world.pixel(10, 20), world.pixel(39, 59)), (RED, RED));
    assert_eq!((world.pixel(9, 20), world.pixel(40, 59)), (0, 0));
    let damage = world.server.take_damage();
    assert!(damage.contains(39, 59));
    assert!(!world.server.has_damage());
}

#[test]
fn a_background_and_a_tile_show_what_their_pixmap_holds_now() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 20, 20), RED, 0);
    let [pixmap, painter, tiler] = [(); 3].map(|()| world.new_id(client));
    world.send(client, CreatePixmapRequest { depth: 24, pid: pixmap, drawable: ROOT, width: 4, height: 4 });
    for (gc, values) in [
        (painter, CreateGCAux::new().foreground(RED)),
        (tiler, CreateGCAux::new().tile(pixmap).fill_style(FillStyle::TILED)),
    ] {
        let value_list = Cow::Owned(values);
        world.send(client, CreateGCRequest { cid: gc, drawable: pixmap, value_list });
    }
    let fill = |drawable, gc, rectangle| PolyFillRectangleRequest {
        drawable,
        gc,
        rectangles: Cow::Owned(vec![rectangle]),
    };
    let whole = Rectangle { x: 0, y: 0, width: 4, height: 4 };
    world.send(client, fill(pixmap, painter, whole));
    let value_list = Cow::Owned(ChangeWindowAttributesAux::new().background_pixmap(pixmap));
    world.send(client, ChangeWindowAttributesRequest { window, value_list });
    world.map(client, window);
    assert_eq!(world.pixel(10, 10), RED);

    let value_list = Cow::Owned(ChangeGCAux::new().foreground(BLUE));
    world.send(client, ChangeGCRequest { gc: painter, value_list });
    world.send(client, fill(pixmap, painter, whole));
    world.send(client, FreePixmapRequest { pixmap });
    world.send(client, fill(window, tiler, whole));
    assert_eq!((world.pixel(2, 2), world.pixel(10, 10)), (BLUE, RED), "only the tile has been painted again");
    world.send(client, ClearAreaRequest { exposures: false, window, x: 0, y: 0, width: 0, height: 0 });
    assert_eq!(world.pixel(10, 10), BLUE);
}

#[test]
fn a_window_raised_above_its_sibling_is_exposed() {
    let mut world = World::new();
    let client = world.client();
    let lower = world.window(client, ROOT, (0, 0, 50, 50), RED, bits(EventMask::EXPOSURE));
    let upper = world.window(client, ROOT, (25, 0, 50, 50), BLUE, bits(EventMask::EXPOSURE));
    world.map(client, lower);
    world.map(client, upper);
    world.events(client);
    assert_eq!(world.pixel(30, 10), BLUE);
    world.send(client, configure(lower, ConfigureWindowAux::new().stack_mode(StackMode::ABOVE)));
    let exposed = world.events_of::<ExposeEvent>(client, EXPOSE_EVENT);
    assert_eq!(exposed.len(), 1);
    let part = exposed[0];
    assert_eq!((part.window, part.x, part.y, part.width, part.height), (lower, 25, 0, 25, 50));
    assert_eq!(world.pixel(30, 10), RED);
}

#[test]
fn a_moved_window_takes_its_bits_along() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 40, 40), RED, bits(EventMask::EXPOSURE));
    world.map(client, window);
    let gc = world.new_id(client);
    let values = CreateGCAux::new().foreground(BLUE);
    world.send(client, CreateGCRequest { cid: gc, drawable: window, value_list: Cow::Owned(values) });
    let rectangles = Cow::Owned(vec![Rectangle { x: 5, y: 5, width: 1, height: 1 }]);
    world.send(client, PolyFillRectangleRequest { drawable: window, gc, rectangles });
    world.events(client);
    world.send(client, configure(window, ConfigureWindowAux::new().x(7).y(3)));
    assert_eq!(world.events(client).len(), 0, "nothing of it was lost");
    assert_eq!(world.pixel(12, 8), BLUE);
    assert_eq!(world.pixel(5, 5), 0, "the root is behind");
}

#[test]
fn copying_from_a_covered_part_tells_what_is_missing() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 40, 40), RED, 0);
    world.map(client, window);
    let cover = world.window(client, window, (0, 0, 10, 10), BLUE, 0);
    world.map(client, cover);
    let gc = world.new_id(client);
    world.send(
        client,
        CreateGCRequest { cid: gc, drawable: window, value_list: Cow::Owned(CreateGCAux::new()) },
    );
    let mut copy = CopyAreaRequest {
        src_drawable: window,
        dst_drawable: window,
        gc,
        src_x: 0,
        src_y: 0,
        dst_x: 20,
        dst_y: 20,
        width: 15,
        height: 10,
    };
    world.send(client, copy);
    let missing = world.events_of::<GraphicsExposureEvent>(client, GRAPHICS_EXPOSURE_EVENT);
    assert_eq!(missing.len(), 1);
    assert_eq!((missing[0].x, missing[0].y, missing[0].width, missing[0].height), (20, 20, 10, 10));
    copy.src_x = 10;
    world.send(client, copy);
    assert_eq!(world.codes(client), [NO_EXPOSURE_EVENT]);
}

#[test]
fn errors_name_the_code_the_value_and_the_request() {
    let mut world = World::new();
    let client = world.client();
    assert_eq!(
        world.fail(client, MapWindowRequest { window: 0x77 }),
        (WINDOW_ERROR, 0x77, MAP_WINDOW_REQUEST)
    );
    assert_eq!(
        world.fail(client, GetAtomNameRequest { atom: 9999 }),
        (ATOM_ERROR, 9999, GET_ATOM_NAME_REQUEST)
    );
    let taken = world.window(client, ROOT, (0, 0, 1, 1), 0, 0);
    let again = CreatePixmapRequest { depth: 24, pid: taken, drawable: ROOT, width: 1, height: 1 };
    assert_eq!(world.fail(client, again), (ID_CHOICE_ERROR, taken, CREATE_PIXMAP_REQUEST));
    // MapWindow of three words, and an opcode that is not there
    world.send_bytes(client, &[MAP_WINDOW_REQUEST, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(world.take_error(client), Some((LENGTH_ERROR, 0, MAP_WINDOW_REQUEST)));
    world.send_bytes(client, &[120, 0, 1, 0]);
    assert_eq!(world.take_error(client), Some((REQUEST_ERROR, 0, 120)));
}

#[test]
fn requests_may_arrive_in_any_portions() {
    let mut world = World::new();
    let client = world.client();
    let request = [GET_GEOMETRY_REQUEST, 0, 2, 0, 0, 1, 0, 0, GET_GEOMETRY_REQUEST, 0, 2, 0, 0, 1, 0, 0];
    for byte in request {
        world.server.receive(client, &[byte]).unwrap();
    }
    assert_eq!(world.server.output(client).unwrap().len(), 64);
}

#[test]
fn a_client_of_the_other_byte_order_is_understood_and_answered() {
    let mut world = World::new();
    let server = &mut world.server;
    let client = server.connect().unwrap();
    server.receive(client, &[b'B', 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    let setup = std::mem::take(server.output(client).unwrap());
    assert_eq!(setup[..4], [1, 0, 0, 11]);
    assert_eq!(usize::from(u16::from_be_bytes([setup[6], setup[7]])) * 4 + 8, setup.len());
    server.receive(client, &[GET_GEOMETRY_REQUEST, 0, 0, 2, 0, 0, 1, 0]).unwrap();
    let reply = std::mem::take(server.output(client).unwrap());
    assert_eq!(reply[..4], [1, 24, 0, 1]);
    assert_eq!(reply[8..12], [0, 0, 1, 0], "the root");
    assert_eq!(reply[16..20], [0, 200, 0, 150], "its size");
    server.receive(client, &[MAP_WINDOW_REQUEST, 0, 0, 2, 0, 0, 0, 9]).unwrap();
    let error = std::mem::take(server.output(client).unwrap());
    assert_eq!(
        (error[0], error[1], &error[2..4], &error[4..8]),
        (0, WINDOW_ERROR, &[0, 2][..], &[0, 0, 0, 9][..])
    );
}

#[test]
fn properties_are_stored_told_and_read_in_parts() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 1, 1), 0, bits(EventMask::PROPERTY_CHANGE));
    let (property, kind) = (u32::from(AtomEnum::WM_NAME), u32::from(AtomEnum::STRING));
    let data = Cow::Borrowed(&b"a long enough name"[..]);
    let change = ChangePropertyRequest {
        mode: PropMode::REPLACE,
        window,
        property,
        type_: kind,
        format: 8,
        data_len: 18,
        data,
    };
    world.send(client, change);
    assert_eq!(world.codes(client), [PROPERTY_NOTIFY_EVENT]);
    assert_eq!(
        world.server.poll_event(),
        Some(ServerEvent::TopLevelTitle { window, title: "a long enough name".to_owned() })
    );
    let request =
        GetPropertyRequest { delete: false, window, property, type_: 0, long_offset: 1, long_length: 2 };
    let reply = world.ask(client, request);
    assert_eq!((&reply.value[..], reply.bytes_after, reply.type_), (&b"ng enoug"[..], 6, kind));
}

#[test]
fn an_unmapped_window_that_moves_is_told_each_time() {
    // nxagent counts on it (NX part 5 §D.5).
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 1, 1), 0, bits(EventMask::STRUCTURE_NOTIFY));
    for x in 1..=256 {
        world.send(client, configure(window, ConfigureWindowAux::new().x(-x).y(-2)));
    }
    let told = world.events_of::<ConfigureNotifyEvent>(client, CONFIGURE_NOTIFY_EVENT);
    assert_eq!(
        told.iter().map(|event| event.x).collect::<Vec<_>>(),
        (1..=256).map(|x| -x).collect::<Vec<_>>()
    );
}

#[test]
fn a_window_manager_decides_about_the_windows_of_others() {
    let mut world = World::new();
    let (manager, client) = (world.client(), world.client());
    let select = |mask: EventMask| ChangeWindowAttributesRequest {
        window: ROOT,
        value_list: Cow::Owned(ChangeWindowAttributesAux::new().event_mask(mask)),
    };
    world.send(manager, select(EventMask::SUBSTRUCTURE_REDIRECT));
    assert_eq!(
        world.fail(client, select(EventMask::SUBSTRUCTURE_REDIRECT)),
        (ACCESS_ERROR, ROOT, CHANGE_WINDOW_ATTRIBUTES_REQUEST)
    );
    let window = world.window(client, ROOT, (0, 0, 10, 10), RED, 0);
    world.map(client, window);
    assert_eq!(world.codes(manager), [MAP_REQUEST_EVENT]);
    assert_eq!(world.pixel(5, 5), 0);
    world.map(manager, window);
    assert_eq!(world.pixel(5, 5), RED);
}

#[test]
fn a_managed_window_fills_the_screen_and_follows_it() {
    let mut world =
        World::with(Config { width: 200, height: 150, manage_top_levels: true, ..Config::default() });
    let client = world.client();
    let redirect = ChangeWindowAttributesRequest {
        window: ROOT,
        value_list: Cow::Owned(ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_REDIRECT)),
    };
    assert_eq!(world.fail(client, redirect), (ACCESS_ERROR, ROOT, CHANGE_WINDOW_ATTRIBUTES_REQUEST));
    let window = world.window(client, ROOT, (30, 30, 10, 10), RED, bits(EventMask::STRUCTURE_NOTIFY));
    world.map(client, window);
    assert_eq!((world.pixel(0, 0), world.pixel(199, 149)), (RED, RED));
    let focus = world.ask(client, GetInputFocusRequest);
    assert_eq!(focus.focus, window);
    world.send_to(
        client,
        132,
        x11rb_protocol::protocol::randr::SelectInputRequest { window: ROOT, enable: 1_u16.into() },
    );
    world.events(client);
    world.server.resize(300, 100, 96);
    let events = world.events(client);
    let configured = events.iter().position(|event| event[0] == CONFIGURE_NOTIFY_EVENT).unwrap();
    assert_eq!(events[configured + 1][0], NO_EXPOSURE_EVENT, "one more event wakes nxagent");
    assert_eq!((world.pixel(299, 99), world.server.screen().len()), (RED, 30_000));
    let change = events.iter().find(|event| event[0] == 70).unwrap();
    let change =
        <ScreenChangeNotifyEvent as x11rb_protocol::x11_utils::TryParse>::try_parse(change).unwrap().0;
    assert_eq!((change.width, change.height), (300, 100));
}

/// A client that hears of keys: its window has the focus.
fn client_with_the_focus(world: &mut World) -> ClientId {
    let client = world.client();
    let keys = bits(EventMask::KEY_PRESS | EventMask::KEY_RELEASE);
    let window = world.window(client, ROOT, (0, 0, 10, 10), RED, keys);
    world.map(client, window);
    world.send(client, SetInputFocusRequest { revert_to: InputFocus::PARENT, focus: window, time: 0 });
    client
}

#[test]
fn a_key_that_a_client_presses_again_does_not_repeat() {
    let mut world = World::new();
    let client = client_with_the_focus(&mut world);
    let major = world.ask(client, QueryExtensionRequest { name: b"XTEST".as_slice().into() }).major_opcode;
    let (press, release) = (KEY_PRESS_EVENT, KEY_RELEASE_EVENT);
    for type_ in [press, press, release, release] {
        let request =
            FakeInputRequest { type_, detail: 38, time: 0, root: 0, root_x: 0, root_y: 0, deviceid: 0 };
        world.send_to(client, major, request);
    }
    assert_eq!(world.codes(client), [press, release]);
}

#[test]
fn keys_go_to_the_focus_and_repeat_as_pairs() {
    let mut world = World::new();
    let client = client_with_the_focus(&mut world);
    world.server.pointer_motion(100, 100);
    for pressed in [true, true, false] {
        world.server.key(38, pressed);
    }
    world.server.key(50, true);
    world.server.key(38, true);
    let codes: Vec<(u8, u8, u16)> = world
        .events(client)
        .iter()
        .map(|event| (event[0], event[1], u16::from_ne_bytes([event[28], event[29]])))
        .collect();
    let (press, release) = (KEY_PRESS_EVENT, KEY_RELEASE_EVENT);
    assert_eq!(
        codes,
        [(press, 38, 0), (release, 38, 0), (press, 38, 0), (release, 38, 0), (press, 50, 0), (press, 38, 1)]
    );
    world.server.focus(false);
    assert_eq!(world.codes(client), [release, release], "nothing stays pressed");
}

#[test]
fn crossing_windows_tells_the_ones_in_between() {
    let mut world = World::new();
    let client = world.client();
    let crossing = bits(EventMask::ENTER_WINDOW | EventMask::LEAVE_WINDOW);
    let outer = world.window(client, ROOT, (0, 0, 100, 100), RED, crossing);
    let inner = world.window(client, outer, (10, 10, 50, 50), BLUE, crossing);
    world.server.pointer_motion(150, 140);
    world.map(client, outer);
    world.map(client, inner);
    world.server.pointer_motion(20, 20);
    let entered = world.events_of::<EnterNotifyEvent>(client, ENTER_NOTIFY_EVENT);
    let seen: Vec<_> = entered.iter().map(|event| (event.event, event.detail, event.child)).collect();
    assert_eq!(seen, [(outer, NotifyDetail::VIRTUAL, inner), (inner, NotifyDetail::ANCESTOR, 0)]);
}

#[test]
fn a_replayed_button_press_reaches_the_window_below_the_grab() {
    let mut world = World::new();
    let (manager, client) = (world.client(), world.client());
    let window = world.window(client, ROOT, (0, 0, 50, 50), RED, bits(EventMask::BUTTON_PRESS));
    world.map(client, window);
    world.send(
        manager,
        GrabButtonRequest {
            owner_events: false,
            grab_window: ROOT,
            event_mask: EventMask::BUTTON_PRESS,
            pointer_mode: GrabMode::SYNC,
            keyboard_mode: GrabMode::ASYNC,
            confine_to: 0,
            cursor: 0,
            button: ButtonIndex::ANY,
            modifiers: ModMask::ANY,
        },
    );
    world.server.pointer_motion(10, 10);
    world.server.button(1, true);
    world.server.button(1, false);
    assert_eq!(world.codes(manager), [BUTTON_PRESS_EVENT]);
    assert_eq!(world.codes(client), [] as [u8; 0], "the pointer is frozen");
    world.send(manager, AllowEventsRequest { mode: Allow::REPLAY_POINTER, time: 0 });
    assert_eq!(world.codes(client), [BUTTON_PRESS_EVENT]);
    let pointer = world.ask(client, QueryPointerRequest { window: ROOT });
    assert_eq!(u16::from(pointer.mask), 0, "the release that waited was processed");
}

#[test]
fn a_grabbed_server_keeps_others_waiting() {
    let mut world = World::new();
    let (holder, other) = (world.client(), world.client());
    world.send(holder, GrabServerRequest);
    let window = world.window(other, ROOT, (0, 0, 10, 10), RED, 0);
    world.map(other, window);
    assert_eq!(world.pixel(0, 0), 0);
    world.send(holder, UngrabServerRequest);
    assert_eq!(world.pixel(0, 0), RED);
}

#[test]
fn the_embedders_text_can_be_pasted() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 1, 1), 0, 0);
    world.server.set_text(Selection::Clipboard, "schön".to_owned());
    let atom = |world: &mut World, name: &'static [u8]| {
        world.ask(client, InternAtomRequest { only_if_exists: false, name: Cow::Borrowed(name) }).atom
    };
    let (clipboard, utf8, property) =
        (atom(&mut world, b"CLIPBOARD"), atom(&mut world, b"UTF8_STRING"), atom(&mut world, b"PASTE"));
    world.send(
        client,
        ConvertSelectionRequest { requestor: window, selection: clipboard, target: utf8, property, time: 0 },
    );
    let told = world.events_of::<SelectionNotifyEvent>(client, SELECTION_NOTIFY_EVENT);
    assert_eq!(told[0].property, property);
    let request =
        GetPropertyRequest { delete: true, window, property, type_: 0, long_offset: 0, long_length: 100 };
    assert_eq!(world.ask(client, request).value, "schön".as_bytes());
}

#[test]
fn a_clients_text_can_be_fetched() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 1, 1), 0, 0);
    let primary = u32::from(AtomEnum::PRIMARY);
    world.send(client, SetSelectionOwnerRequest { owner: window, selection: primary, time: 0 });
    assert_eq!(
        world.server.poll_event(),
        Some(ServerEvent::SelectionOwner { selection: Selection::Primary, owned: true })
    );
    assert!(world.server.request_text(Selection::Primary));
    let asked = world.events_of::<SelectionRequestEvent>(client, SELECTION_REQUEST_EVENT)[0];
    let data = Cow::Borrowed(&b"marked"[..]);
    world.send(
        client,
        ChangePropertyRequest {
            mode: PropMode::REPLACE,
            window: asked.requestor,
            property: asked.property,
            type_: asked.target,
            format: 8,
            data_len: 6,
            data,
        },
    );
    let answer = SelectionNotifyEvent {
        response_type: SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: asked.time,
        requestor: asked.requestor,
        selection: asked.selection,
        target: asked.target,
        property: asked.property,
    };
    let event = Cow::Owned(<[u8; 32]>::from(answer));
    world.send(
        client,
        SendEventRequest {
            propagate: false,
            destination: asked.requestor,
            event_mask: EventMask::NO_EVENT,
            event,
        },
    );
    assert_eq!(
        world.server.poll_event(),
        Some(ServerEvent::SelectionText { selection: Selection::Primary, text: Some("marked".to_owned()) })
    );
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let limits = Limits { output_bytes: 1000, ..Limits::default() };
    let mut world = World::with(Config { limits, ..Config::default() });
    let client = world.server.connect().unwrap();
    world.server.receive(client, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    world.server.output(client).unwrap().clear();
    let questions = [GET_INPUT_FOCUS_REQUEST, 0, 1, 0].repeat(100);
    assert_eq!(world.server.receive(client, &questions), Err(Fault::SlowReader { limit: 1000 }));
    world.server.disconnect(client);
    assert_eq!(world.server.receive(client, &[]), Err(Fault::UnknownClient));
}

#[test]
fn what_a_client_made_goes_with_it() {
    let mut world = World::new();
    let (gone, other) = (world.client(), world.client());
    let window = world.window(gone, ROOT, (0, 0, 10, 10), RED, 0);
    world.map(gone, window);
    world.server.disconnect(gone);
    assert_eq!(world.pixel(0, 0), 0);
    assert_eq!(world.fail(other, MapWindowRequest { window }), (WINDOW_ERROR, window, MAP_WINDOW_REQUEST));
}

#[test]
fn the_fonts_nxagent_needs_are_listed() {
    let mut world = World::new();
    let client = world.client();
    for pattern in ["fixed", "cursor"] {
        let request = ListFontsRequest { max_names: 10, pattern: Cow::Borrowed(pattern.as_bytes()) };
        assert_eq!(world.ask(client, request).names.len(), 1, "{pattern}");
    }
}

#[test]
fn windows_nested_deeper_than_the_limit_are_refused() {
    let mut world = World::new();
    let client = world.client();
    let mut parent = ROOT;
    for _ in 0..1000 {
        let window = world.window(client, parent, (0, 0, 10, 10), RED, 0);
        if world.take_error(client).is_some() {
            break;
        }
        world.map(client, window);
        parent = window;
    }
    assert_eq!(world.events(client).len(), 0);
    world.server.disconnect(client);
    assert_eq!(world.pixel(0, 0), 0);
}

#[test]
fn waiting_for_several_counters_ends_with_the_first() {
    use x11rb_protocol::protocol::sync::*;
    let mut world = World::new();
    let (client, other) = (world.client(), world.client());
    let (a, b) = (world.new_id(client), world.new_id(client));
    let zero = Int64 { hi: 0, lo: 0 };
    for id in [a, b] {
        world.send_to(client, 135, CreateCounterRequest { id, initial_value: zero });
    }
    let wait = |counter| Waitcondition {
        trigger: Trigger {
            counter,
            wait_type: VALUETYPE::ABSOLUTE,
            wait_value: Int64 { hi: 0, lo: 5 },
            test_type: TESTTYPE::POSITIVE_COMPARISON,
        },
        event_threshold: zero,
    };
    world.send_to(client, 135, AwaitRequest { wait_list: Cow::Owned(vec![wait(a), wait(b)]) });
    let window = world.window(client, ROOT, (0, 0, 10, 10), RED, 0);
    world.map(client, window);
    assert_eq!(world.pixel(0, 0), 0, "it waits");
    world.send_to(other, 135, SetCounterRequest { counter: b, value: Int64 { hi: 0, lo: 6 } });
    assert_eq!(world.pixel(0, 0), RED);
    assert_eq!(world.events_of::<CounterNotifyEvent>(client, 76).len(), 1);
}

#[test]
fn fonts_of_a_directory_that_the_embedder_gives_can_be_opened() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/misc/6x13.pcf.gz");
    assert!(std::path::Path::new(file).exists());
    let files = xserver::FontFiles {
        list: |directory| {
            let font = |name: &str| (name.to_owned(), "a.pcf".to_owned());
            (directory == "/fonts").then(|| vec![font("xtfont1"), font("ytfont"), font("xtfont0")])
        },
        read: |_, file| {
            assert_eq!(file, "a.pcf");
            std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/misc/6x13.pcf.gz")).ok()
        },
    };
    let mut world = World::with(Config { font_files: Some(files), ..Config::default() });
    let client = world.client();
    let (first, second) = (world.new_id(client), world.new_id(client));
    let open = |fid| OpenFontRequest { fid, name: Cow::Borrowed(&b"XTFont1"[..]) };
    assert_eq!(world.fail(client, open(first)).0, NAME_ERROR);
    let path = |name: &str| SetFontPathRequest {
        font: Cow::Owned(vec![Str { name: b"built-ins".to_vec() }, Str { name: name.as_bytes().to_vec() }]),
    };
    assert_eq!(world.fail(client, path("/nothing")).0, VALUE_ERROR);
    world.send(client, path("/fonts"));
    assert_eq!(world.ask(client, GetFontPathRequest).path.len(), 2);
    world.send(client, open(first));
    assert_eq!(world.ask(client, QueryFontRequest { font: first }).font_ascent, 11);
    let list = |pattern: &'static [u8]| ListFontsRequest { max_names: 9, pattern: Cow::Borrowed(pattern) };
    let names =
        |reply: ListFontsReply| -> Vec<Vec<u8>> { reply.names.into_iter().map(|name| name.name).collect() };
    assert_eq!(names(world.ask(client, list(b"xtf*"))), [b"xtfont0", b"xtfont1"]);
    // The built-in ones come after those of the path.
    assert_eq!(names(world.ask(client, list(b"?tf*")))[2], b"ytfont");
    let all = names(world.ask(client, list(b"*")));
    assert_eq!((&all[0][..], &all[2][..], all.len()), (&b"xtfont0"[..], &b"ytfont"[..], 9));
    // An empty path is the default one.
    world.send(client, SetFontPathRequest { font: Cow::Owned(Vec::new()) });
    assert_eq!(world.ask(client, list(b"xtf*")).names.len(), 0);
    assert_eq!(world.fail(client, open(second)).0, NAME_ERROR);
    // Which may have directories too; those that there are.
    let font_path = vec!["/nothing".to_owned(), "/fonts".to_owned()];
    let mut world = World::with(Config { font_files: Some(files), font_path, ..Config::default() });
    let client = world.client();
    let path = world.ask(client, GetFontPathRequest).path;
    assert_eq!(
        path.iter().map(|element| &element.name[..]).collect::<Vec<_>>(),
        [&b"/fonts"[..], b"built-ins"]
    );
    assert_eq!(world.ask(client, list(b"xtf*")).names.len(), 2);
}

#[test]
fn a_client_with_thousands_of_windows_goes_in_a_moment() {
    // A cost that grows with the square of the windows would be minutes here.
    let mut world = World::new();
    let (client, other) = (world.client(), world.client());
    let mut windows = Vec::new();
    for at in 0..8000 {
        let place = ((at % 190) as i16, (at / 190) as i16, 3, 3);
        windows.push(world.window(client, ROOT, place, RED, 0));
    }
    world.send(client, MapSubwindowsRequest { window: ROOT });
    let start = std::time::Instant::now();
    world.server.disconnect(client);
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "it took {:?}", start.elapsed());
    assert_eq!(world.ask(other, QueryTreeRequest { window: ROOT }).children.len(), 0);
    assert_eq!(world.pixel(1, 1), 0);
}

#[test]
fn a_client_that_does_not_read_is_cut_off_and_the_embedder_told() {
    let limits = Limits { output_bytes: 10_000, ..Limits::default() };
    let mut world = World::with(Config { limits, ..Config::default() });
    let slow = world.server.connect().unwrap();
    world.server.receive(slow, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    // ChangeWindowAttributes: PropertyChange on the root
    let select = [2, 0, 4, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0x40, 0];
    world.server.receive(slow, &select).unwrap();
    let client = world.server.connect().unwrap();
    world.server.receive(client, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    for _ in 0..1000 {
        // ChangeProperty of no items
        let change = [18, 0, 6, 0, 0, 1, 0, 0, 39, 0, 0, 0, 31, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0];
        world.server.receive(client, &change).unwrap();
    }
    assert!(world.server.output(slow).unwrap().len() <= 10_000);
    let told = std::iter::from_fn(|| world.server.poll_event())
        .filter(|event| matches!(event, ServerEvent::ClientFault { client, fault: Fault::SlowReader { .. } } if *client == slow))
        .count();
    assert_eq!(told, 1);
    world.server.disconnect(slow);
    assert!(world.server.output(slow).is_none());
}

/// What Qt does with a window that may be translucent: it draws on a pixmap of its depth and copies that.
#[test]
fn a_pixmap_of_32_bits_is_copied_to_a_window_of_32_bits() {
    let mut world = World::new();
    let client = world.client();
    let visual = 0x23;
    let colormap = world.new_id(client);
    let alloc = ColormapAlloc::NONE;
    world.send(client, CreateColormapRequest { alloc, mid: colormap, window: ROOT, visual });
    let window = world.new_id(client);
    let values = CreateWindowAux::new().border_pixel(0).background_pixel(0).colormap(colormap);
    world.send(
        client,
        CreateWindowRequest {
            depth: 32,
            wid: window,
            parent: ROOT,
            x: 10,
            y: 10,
            width: 20,
            height: 20,
            border_width: 0,
            class: WindowClass::INPUT_OUTPUT,
            visual,
            value_list: Cow::Owned(values),
        },
    );
    world.map(client, window);
    let (pixmap, gc) = (world.new_id(client), world.new_id(client));
    let (width, height) = (20, 20);
    world.send(client, CreatePixmapRequest { depth: 32, pid: pixmap, drawable: ROOT, width, height });
    let values = CreateGCAux::new().foreground(0xff12_3456);
    world.send(client, CreateGCRequest { cid: gc, drawable: window, value_list: Cow::Owned(values) });
    let rectangles = vec![Rectangle { x: 0, y: 0, width, height }];
    world.send(client, PolyFillRectangleRequest { drawable: pixmap, gc, rectangles: rectangles.into() });
    world.send(
        client,
        CopyAreaRequest {
            src_drawable: pixmap,
            dst_drawable: window,
            gc,
            src_x: 0,
            src_y: 0,
            dst_x: 0,
            dst_y: 0,
            width,
            height,
        },
    );
    assert_eq!(world.pixel(15, 15), 0x12_3456);
}

#[test]
fn the_focus_begins_at_the_pointer_and_reverts_to_none() {
    let mut world = World::new();
    let client = world.client();
    let focus = world.ask(client, GetInputFocusRequest);
    assert_eq!((focus.focus, u8::from(focus.revert_to)), (1, 0));
}

#[test]
fn a_gc_that_was_given_no_font_draws_text_in_the_default_one() {
    let mut world = World::new();
    let client = world.client();
    let window = world.window(client, ROOT, (0, 0, 100, 50), 0, 0);
    world.map(client, window);
    let (plain, fixed, font) = (world.new_id(client), world.new_id(client), world.new_id(client));
    world.send(client, OpenFontRequest { fid: font, name: Cow::Borrowed(&b"fixed"[..]) });
    let colors = CreateGCAux::new().foreground(RED).background(BLUE);
    for (cid, values) in [(plain, colors), (fixed, colors.font(font))] {
        world.send(client, CreateGCRequest { cid, drawable: window, value_list: Cow::Owned(values) });
    }
    for (gc, y) in [(plain, 15), (fixed, 40)] {
        let text = ImageText8Request { drawable: window, gc, x: 5, y, string: Cow::Borrowed(b"text") };
        world.send(client, text);
        // A text of PolyText8: its length, how far to move, what it says
        let items = Cow::Borrowed(&[4, 0, b'm', b'o', b'r', b'e', 0, 0][..]);
        world.send(client, PolyText8Request { drawable: window, gc, x: 40, y, items });
    }
    let drawn: Vec<u32> = (0..100 * 25).map(|at| world.pixel(at % 100, at / 100)).collect();
    let again: Vec<u32> = (0..100 * 25).map(|at| world.pixel(at % 100, 25 + at / 100)).collect();
    assert!(drawn.contains(&RED) && drawn.contains(&BLUE));
    assert_eq!(drawn, again);
}
