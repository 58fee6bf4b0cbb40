//! What is left when nobody is connected any more (X11 §10).

mod fixture;

use fixture::{ROOT, World};
use x11rb_protocol::protocol::randr::GetMonitorsRequest;
use x11rb_protocol::protocol::xproto::{
    self, Atom, AtomEnum, ChangePropertyRequest, CloseDown, CreatePixmapRequest, GetGeometryRequest,
    GetPointerControlRequest, GetSelectionOwnerRequest, InternAtomRequest, ListPropertiesRequest, PropMode,
    QueryExtensionRequest, QueryPointerRequest, SetCloseDownModeRequest, Window,
};
use x11rb_protocol::protocol::xtest::FakeInputRequest;
use xserver::{ClientId, Config, Monitor, Selection};

fn intern(world: &mut World, client: ClientId, name: &'static str, only_if_exists: bool) -> Atom {
    world.ask(client, InternAtomRequest { only_if_exists, name: name.as_bytes().into() }).atom
}

/// Makes an atom and a property of the root, changes a setting, and leaves a pixel red.
fn leave_marks(world: &mut World, client: ClientId) {
    let property = intern(world, client, "MARK", false);
    world.send(
        client,
        ChangePropertyRequest {
            mode: PropMode::REPLACE,
            window: ROOT,
            property,
            type_: AtomEnum::STRING.into(),
            format: 8,
            data_len: 1,
            data: b"x".as_slice().into(),
        },
    );
    let control = xproto::ChangePointerControlRequest {
        acceleration_numerator: 7,
        acceleration_denominator: 1,
        threshold: 9,
        do_acceleration: true,
        do_threshold: true,
    };
    world.send(client, control);
    let window = world.window(client, ROOT, (0, 0, 20, 20), 0x00ff_0000, 0);
    world.map(client, window);
}

fn marks(world: &mut World) -> (bool, usize, u16) {
    let client = world.client();
    let known = intern(world, client, "MARK", true) != 0;
    let properties = world.ask(client, ListPropertiesRequest { window: ROOT }).atoms.len();
    let threshold = world.ask(client, GetPointerControlRequest).threshold;
    (known, properties, threshold)
}

fn retaining(world: &mut World, mode: CloseDown) -> (ClientId, u32) {
    let client = world.client();
    let pixmap = world.new_id(client);
    let request = CreatePixmapRequest { depth: 24, pid: pixmap, drawable: ROOT, width: 5, height: 5 };
    world.send(client, request);
    world.send(client, SetCloseDownModeRequest { mode });
    (client, pixmap)
}

#[test]
fn the_last_client_to_go_leaves_nothing_behind() {
    let mut world = World::new();
    let fresh = World::new().server.screen().to_vec();
    let client = world.client();
    let before = world.ask(client, ListPropertiesRequest { window: ROOT }).atoms.len();
    let (retainer, pixmap) = retaining(&mut world, CloseDown::RETAIN_PERMANENT);
    world.server.disconnect(retainer);
    leave_marks(&mut world, client);
    assert_eq!(world.pixel(3, 3), 0x00ff_0000);
    world.server.take_damage();
    world.server.disconnect(client);
    assert_eq!(world.server.screen(), fresh);
    assert!(world.server.has_damage(), "the embedder is told that the screen is another");
    assert_eq!(marks(&mut world), (false, before, 4));
    let client = world.client();
    let (error, value, _) = world.fail(client, GetGeometryRequest { drawable: pixmap });
    assert_eq!((error, value), (xproto::DRAWABLE_ERROR, pixmap));
}

#[test]
fn while_another_client_is_connected_everything_stays() {
    let mut world = World::new();
    let (client, _other) = (world.client(), world.client());
    leave_marks(&mut world, client);
    world.server.disconnect(client);
    let (known, _, threshold) = marks(&mut world);
    assert!(known);
    assert_eq!(threshold, 9);
}

#[test]
fn a_client_about_to_connect_keeps_the_server_as_it_is() {
    let mut world = World::new();
    let client = world.client();
    let waiting = world.server.connect().unwrap();
    leave_marks(&mut world, client);
    world.server.disconnect(client);
    // It went without having said anything: now nobody is left.
    assert!(world.server.has_damage());
    world.server.disconnect(waiting);
    assert!(!marks(&mut world).0);
}

#[test]
fn the_last_client_may_retain_what_there_is() {
    let mut world = World::new();
    let (client, pixmap) = retaining(&mut world, CloseDown::RETAIN_TEMPORARY);
    leave_marks(&mut world, client);
    world.server.disconnect(client);
    assert!(marks(&mut world).0);
    let client = world.client();
    assert_eq!(world.ask(client, GetGeometryRequest { drawable: pixmap }).width, 5);
}

#[test]
fn a_client_that_kills_itself_is_the_last_one_too() {
    let mut world = World::new();
    let client = world.client();
    leave_marks(&mut world, client);
    let resource = world.new_id(client) - 1;
    let kill = xproto::KillClientRequest { resource };
    let (bytes, _) = x11rb_protocol::x11_utils::Request::serialize(kill, 0);
    assert!(world.server.receive(client, &bytes).is_err());
    assert!(!marks(&mut world).0);
    world.server.disconnect(client);
}

#[test]
fn what_the_embedder_has_said_outlives_all_clients() {
    let mut world = World::new();
    let monitors = [0, 100].map(|x| Monitor { x, y: 0, width: 100, height: 150, dpi: 96 });
    world.server.set_monitors(&monitors);
    world.server.set_text(Selection::Clipboard, "kept".to_owned());
    world.server.set_locks(true, false);
    world.server.pointer_motion(30, 40);
    let client = world.client();
    world.server.disconnect(client);
    let client = world.client();
    let selection = intern(&mut world, client, "CLIPBOARD", true);
    let owner: Window = world.ask(client, GetSelectionOwnerRequest { selection }).owner;
    assert_eq!(owner, ROOT);
    let pointer = world.ask(client, QueryPointerRequest { window: ROOT });
    assert_eq!((pointer.root_x, pointer.root_y, u16::from(pointer.mask)), (30, 40, 2));
    let major = world.ask(client, QueryExtensionRequest { name: b"RANDR".as_slice().into() }).major_opcode;
    let request = GetMonitorsRequest { window: ROOT, get_active: true };
    assert_eq!(world.ask_of(client, major, request).monitors.len(), 2);
}

/// The modifiers in effect.
fn modifiers(world: &mut World) -> u16 {
    let client = world.client();
    world.ask(client, QueryPointerRequest { window: ROOT }).mask.into()
}

#[test]
fn locks_that_clients_have_set_go_with_them() {
    const CAPS_LOCK: u8 = 66;
    let mut world = World::new();
    let press = |world: &mut World| {
        let client = world.client();
        let major =
            world.ask(client, QueryExtensionRequest { name: b"XTEST".as_slice().into() }).major_opcode;
        for type_ in [xproto::KEY_PRESS_EVENT, xproto::KEY_RELEASE_EVENT] {
            let request = FakeInputRequest {
                type_,
                detail: CAPS_LOCK,
                time: 0,
                root: 0,
                root_x: 0,
                root_y: 0,
                deviceid: 0,
            };
            world.send_to(client, major, request);
        }
        let state = u16::from(world.ask(client, QueryPointerRequest { window: ROOT }).mask);
        world.server.disconnect(client);
        state
    };
    assert_eq!(press(&mut world), 2);
    assert_eq!(press(&mut world), 2);
    for pressed in [true, false] {
        world.server.key(CAPS_LOCK, pressed);
    }
    assert_eq!(press(&mut world), 0);
    assert_eq!(modifiers(&mut world), 2);
}

#[test]
fn a_server_that_does_not_start_over_keeps_what_clients_did() {
    let mut world = World::with(Config { starts_over: false, ..Config::default() });
    let client = world.client();
    leave_marks(&mut world, client);
    world.server.disconnect(client);
    assert!(marks(&mut world).0);
}
