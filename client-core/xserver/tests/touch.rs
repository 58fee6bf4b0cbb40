//! Touches (XI 2.2): to whom fingers are told, who owns them, and when they are the pointer.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be had fails it")]

mod fixture;

use fixture::{ROOT, World};
use x11rb_protocol::protocol::xinput::{
    self, EventMode, GrabMode22, GrabOwner, GrabType, XIAllowEventsRequest, XIEventMask,
    XIPassiveGrabDeviceRequest, XIQueryDeviceRequest, XISelectEventsRequest,
};
use x11rb_protocol::protocol::xproto::{
    self, AllowEventsRequest, EventMask, GrabButtonRequest, GrabMode, QueryExtensionRequest,
};
use x11rb_protocol::x11_utils::TryParse;
use xserver::{ClientId, Config};

const TOUCHES: u32 = 0b111 << 18;
const OWNERSHIP: u32 = 1 << 21;
const POINTER: u16 = 2;
const TOUCHSCREEN: u16 = 8;

/// A server with a touchscreen, and clients that know the extension.
struct Screen {
    world: World,
    major: u8,
}

/// What a client is told of a touch: kind, id, window, flags, and where it is on the screen.
type Told = (u16, u32, u32, u32, (i32, i32));

impl Screen {
    fn new() -> Self {
        let mut world = World::with(Config { width: 200, height: 150, touches: 5, ..Config::default() });
        let client = world.client();
        let name = b"XInputExtension".to_vec();
        let major = world.ask(client, QueryExtensionRequest { name: name.into() }).major_opcode;
        Self { world, major }
    }

    fn select(&mut self, client: ClientId, window: u32, device: u16, events: u32) {
        let masks = vec![xinput::EventMask { deviceid: device, mask: vec![XIEventMask::from(events)] }];
        self.world.send_to(client, self.major, XISelectEventsRequest { window, masks: masks.into() });
    }

    fn grab(&mut self, client: ClientId, window: u32, events: u32) {
        let request = XIPassiveGrabDeviceRequest {
            time: 0,
            grab_window: window,
            cursor: 0,
            detail: 0,
            deviceid: POINTER,
            grab_type: GrabType::TOUCH_BEGIN,
            grab_mode: GrabMode22::TOUCH,
            paired_device_mode: GrabMode::ASYNC,
            owner_events: GrabOwner::NO_OWNER,
            mask: vec![events].into(),
            modifiers: vec![1 << 31].into(),
        };
        let reply = self.world.ask_of(client, self.major, request);
        assert!(reply.modifiers.is_empty(), "nobody has it");
    }

    fn allow(&mut self, client: ClientId, window: u32, id: u32, mode: EventMode) {
        let request = XIAllowEventsRequest {
            time: 0,
            deviceid: POINTER,
            event_mode: mode,
            touchid: id,
            grab_window: window,
        };
        self.world.send_to(client, self.major, request);
    }

    fn window(&mut self, client: ClientId, parent: u32, geometry: (i16, i16, u16, u16), events: u32) -> u32 {
        let window = self.world.window(client, parent, geometry, 0, events);
        self.world.map(client, window);
        window
    }

    fn told(&mut self, client: ClientId) -> Vec<Told> {
        let events = self.world.events(client);
        events
            .iter()
            .filter(|event| event[0] == 35)
            .map(|event| {
                let kind = u16::from_ne_bytes([event[8], event[9]]);
                let word = |at: usize| u32::from_ne_bytes(event[at..at + 4].try_into().unwrap());
                match kind {
                    21 => (kind, word(16), word(24), word(36), (0, 0)),
                    22..=24 => (kind, word(16), 0, word(24), (0, 0)),
                    _ => {
                        let (told, _) = xinput::TouchBeginEvent::try_parse(event).unwrap();
                        let place = (told.root_x >> 16, told.root_y >> 16);
                        (kind, told.detail, told.event, told.flags.into(), place)
                    }
                }
            })
            .collect()
    }
}

const EMULATING: u32 = 1 << 17;
const PENDING: u32 = 1 << 16;

#[test]
fn a_touch_is_told_to_who_selects_it_on_the_innermost_window() {
    let mut s = Screen::new();
    let (outer, inner) = (s.world.client(), s.world.client());
    let a = s.window(outer, ROOT, (10, 10, 100, 100), 0);
    let b = s.window(outer, a, (10, 10, 50, 50), 0);
    s.select(outer, a, POINTER, TOUCHES);
    s.select(inner, b, POINTER, TOUCHES);
    s.world.server.touch_begin(7, 30, 31);
    s.world.server.touch_update(7, 190, 140);
    s.world.server.touch_begin(8, 80, 81);
    s.world.server.touch_end(8);
    s.world.server.touch_end(7);
    assert_eq!(
        s.told(inner),
        [
            (18, 1, b, EMULATING, (30, 31)),
            (19, 1, b, EMULATING, (190, 140)),
            (20, 1, b, EMULATING, (190, 140))
        ]
    );
    assert_eq!(s.told(outer), [(18, 2, a, 0, (80, 81)), (20, 2, a, 0, (80, 81))]);
}

#[test]
fn a_grab_from_further_out_owns_a_touch_until_it_rejects_it() {
    let mut s = Screen::new();
    let (manager, client) = (s.world.client(), s.world.client());
    let a = s.window(client, ROOT, (10, 10, 100, 100), 0);
    s.grab(manager, ROOT, TOUCHES | OWNERSHIP);
    s.select(client, a, POINTER, TOUCHES);
    s.world.server.touch_begin(1, 30, 31);
    s.world.server.touch_update(1, 32, 33);
    let begun =
        [(18, 1, ROOT, EMULATING, (30, 31)), (21, 1, ROOT, 0, (0, 0)), (19, 1, ROOT, EMULATING, (32, 33))];
    assert_eq!(s.told(manager), begun);
    assert_eq!(s.told(client), [], "it does not ask for what it does not own");
    s.allow(manager, ROOT, 1, EventMode::REJECT_TOUCH);
    assert_eq!(s.told(manager), [(20, 1, ROOT, EMULATING, (32, 33))]);
    assert_eq!(s.told(client), [(18, 1, a, EMULATING, (30, 31)), (19, 1, a, EMULATING, (32, 33))]);
    s.world.server.touch_end(1);
    assert_eq!(s.told(manager), []);
    assert_eq!(s.told(client), [(20, 1, a, EMULATING, (32, 33))]);
}

#[test]
fn who_wants_to_know_of_ownership_hears_a_touch_before_owning_it() {
    let mut s = Screen::new();
    let (manager, client) = (s.world.client(), s.world.client());
    let a = s.window(client, ROOT, (10, 10, 100, 100), 0);
    s.grab(manager, ROOT, TOUCHES);
    s.select(client, a, POINTER, TOUCHES | OWNERSHIP);
    s.world.server.touch_begin(1, 30, 31);
    s.world.server.touch_end(1);
    assert_eq!(
        s.told(manager),
        [(18, 1, ROOT, EMULATING, (30, 31)), (19, 1, ROOT, EMULATING | PENDING, (30, 31))]
    );
    assert_eq!(s.told(client), [(18, 1, a, EMULATING, (30, 31)), (19, 1, a, EMULATING | PENDING, (30, 31))]);
    s.allow(manager, ROOT, 1, EventMode::REJECT_TOUCH);
    assert_eq!(s.told(manager), [(20, 1, ROOT, EMULATING, (30, 31))]);
    assert_eq!(s.told(client), [(21, 1, a, 0, (0, 0)), (20, 1, a, EMULATING, (30, 31))]);
}

#[test]
fn an_accepted_touch_ends_for_those_behind() {
    let mut s = Screen::new();
    let (manager, client) = (s.world.client(), s.world.client());
    let a = s.window(client, ROOT, (10, 10, 100, 100), 0);
    s.grab(manager, ROOT, TOUCHES);
    s.select(client, a, POINTER, TOUCHES | OWNERSHIP);
    s.world.server.touch_begin(1, 30, 31);
    s.allow(manager, ROOT, 1, EventMode::ACCEPT_TOUCH);
    assert_eq!(s.told(client), [(18, 1, a, EMULATING, (30, 31)), (20, 1, a, EMULATING, (30, 31))]);
    s.world.server.touch_end(1);
    assert_eq!(s.told(manager), [(18, 1, ROOT, EMULATING, (30, 31)), (20, 1, ROOT, EMULATING, (30, 31))]);
    s.allow(manager, ROOT, 1, EventMode::ACCEPT_TOUCH);
    assert_eq!(s.world.take_error(manager).map(|error| error.0), Some(2), "there is no such touch any more");
}

#[test]
fn a_touch_is_the_pointer_for_who_knows_no_touches() {
    let mut s = Screen::new();
    let client = s.world.client();
    let events = u32::from(EventMask::BUTTON_PRESS | EventMask::BUTTON_RELEASE | EventMask::POINTER_MOTION);
    let a = s.window(client, ROOT, (10, 10, 100, 100), events);
    s.world.server.touch_begin(1, 30, 31);
    s.world.server.touch_begin(2, 90, 91);
    s.world.server.touch_update(2, 91, 92);
    s.world.server.touch_update(1, 40, 41);
    s.world.server.touch_end(1);
    s.world.server.touch_end(2);
    let told: Vec<_> = s.world.events(client);
    assert_eq!(told.iter().map(|event| event[0]).collect::<Vec<_>>(), [6, 4, 6, 5]);
    let (press, _) = xproto::ButtonPressEvent::try_parse(&told[1]).unwrap();
    assert_eq!((press.detail, press.event, press.root_x, press.root_y), (1, a, 30, 31));
    let (release, _) = xproto::ButtonPressEvent::try_parse(&told[3]).unwrap();
    assert_eq!((release.root_x, release.root_y), (40, 41));
}

#[test]
fn a_press_that_is_replayed_is_a_touch_for_the_next_listener() {
    let mut s = Screen::new();
    let (manager, client) = (s.world.client(), s.world.client());
    let a = s.window(client, ROOT, (10, 10, 100, 100), 0);
    s.select(client, a, POINTER, TOUCHES);
    s.world.send(
        manager,
        GrabButtonRequest {
            owner_events: false,
            grab_window: ROOT,
            event_mask: EventMask::BUTTON_PRESS,
            pointer_mode: GrabMode::SYNC,
            keyboard_mode: GrabMode::ASYNC,
            confine_to: 0,
            cursor: 0,
            button: xproto::ButtonIndex::M1,
            modifiers: xproto::ModMask::ANY,
        },
    );
    s.world.server.touch_begin(1, 30, 31);
    s.world.server.touch_update(1, 34, 35);
    assert_eq!(s.world.codes(manager), [4]);
    assert_eq!(s.told(client), []);
    s.world.send(manager, AllowEventsRequest { mode: xproto::Allow::REPLAY_POINTER, time: 0 });
    assert_eq!(s.told(client), [(18, 1, a, EMULATING, (30, 31)), (19, 1, a, EMULATING, (34, 35))]);
    s.world.server.touch_end(1);
    assert_eq!(s.told(client), [(20, 1, a, EMULATING, (34, 35))]);
    // The pointer is free again.
    s.world.server.button(3, true);
    s.world.server.button(3, false);
    assert_eq!(s.world.codes(manager), [0_u8; 0]);
}

#[test]
fn a_client_that_goes_leaves_its_touches_to_the_next() {
    let mut s = Screen::new();
    let (manager, client) = (s.world.client(), s.world.client());
    let a = s.window(client, ROOT, (10, 10, 100, 100), 0);
    s.grab(manager, ROOT, TOUCHES);
    s.select(client, a, POINTER, TOUCHES);
    s.world.server.touch_begin(1, 30, 31);
    s.world.server.disconnect(manager);
    assert_eq!(s.told(client), [(18, 1, a, EMULATING, (30, 31))]);
}

#[test]
fn a_touchscreen_is_listed_and_shapes_its_master() {
    let mut s = Screen::new();
    let client = s.world.client();
    let major = s.major;
    s.select(client, ROOT, POINTER, 1 << 1);
    s.select(client, ROOT, TOUCHSCREEN, 1 << 22 | 1 << 24);
    let has_touches = |s: &mut Screen, device: u16| {
        let reply = s.world.ask_of(client, major, XIQueryDeviceRequest { deviceid: device });
        let classes = &reply.infos[0].classes;
        classes.iter().any(|class| matches!(class.data, xinput::DeviceClassData::Touch(_)))
    };
    assert!(has_touches(&mut s, TOUCHSCREEN) && !has_touches(&mut s, POINTER));
    s.world.server.touch_begin(9, 1, 1);
    s.world.server.touch_end(9);
    let kinds: Vec<u16> = s.world.events(client).iter().map(|event| u16::from(event[8])).collect();
    assert_eq!(kinds, [1, 22, 24]);
    assert!(has_touches(&mut s, POINTER));
    s.world.server.pointer_motion(5, 5);
    assert!(!has_touches(&mut s, POINTER));
}

#[test]
fn without_a_touchscreen_there_are_no_touches() {
    let mut world = World::new();
    world.server.touch_begin(1, 5, 5);
    world.server.touch_update(1, 6, 6);
    world.server.touch_end(1);
    let client = world.client();
    let name = b"XInputExtension".to_vec();
    let major = world.ask(client, QueryExtensionRequest { name: name.into() }).major_opcode;
    world.send_to(client, major, XIQueryDeviceRequest { deviceid: TOUCHSCREEN });
    assert!(world.take_error(client).is_some(), "no such device");
}
