//! Devices of the input extension's version 1: where the protocol's text and other servers part, the text is obeyed.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be had fails it")]

mod fixture;

use fixture::{ROOT, World};
use x11rb_protocol::protocol::xinput::{
    AllowDeviceEventsRequest, ChangeDeviceKeyMappingRequest, DeviceInputMode, DeviceStateNotifyEvent,
    GetDeviceFocusRequest, GrabDeviceRequest, OpenDeviceRequest, QueryDeviceStateRequest,
    SelectExtensionEventRequest, SetDeviceFocusRequest, UngrabDeviceRequest,
};
use x11rb_protocol::protocol::xproto::{
    ChangeWindowAttributesAux, ChangeWindowAttributesRequest, DestroyWindowRequest, EventMask,
    GetModifierMappingRequest, GrabKeyboardRequest, GrabMode, GrabStatus, InputFocus, KEY_PRESS_EVENT,
    MAPPING_NOTIFY_EVENT, MOTION_NOTIFY_EVENT, QueryExtensionRequest, SetModifierMappingRequest,
    UngrabKeyboardRequest,
};
use x11rb_protocol::x11_utils::TryParse;
use xserver::ClientId;

const POINTER: u8 = 6;
const KEYBOARD: u8 = 7;
/// The classes that are no event of their own.
const BUTTON_GRAB: u8 = 7;
const POINTER_HINT: u8 = 0;
/// Kinds of event, counted from the extension's first.
const KEY_PRESS: u8 = 1;
const BUTTON_PRESS: u8 = 3;
const MOTION: u8 = 5;
const FOCUS_IN: u8 = 6;
const FOCUS_OUT: u8 = 7;
const STATE: u8 = 10;
const MAPPING: u8 = 11;
const KEY_STATE: u8 = 13;

/// A server and the numbers the extension has in it.
struct Devices {
    world: World,
    major: u8,
    first: u8,
}

impl Devices {
    fn new() -> Self {
        let mut world = World::new();
        let client = world.client();
        let name = b"XInputExtension".to_vec();
        let found = world.ask(client, QueryExtensionRequest { name: name.into() });
        Self { world, major: found.major_opcode, first: found.first_event }
    }

    /// A client that has opened the devices of the user.
    fn client(&mut self) -> ClientId {
        let client = self.world.client();
        for device_id in [POINTER, KEYBOARD] {
            self.world.ask_of(client, self.major, OpenDeviceRequest { device_id });
        }
        client
    }

    fn window(&mut self, client: ClientId, parent: u32, geometry: (i16, i16, u16, u16)) -> u32 {
        let window = self.world.window(client, parent, geometry, 0, 0);
        self.world.map(client, window);
        window
    }

    /// Selects kinds of event, and classes that are none.
    fn select(&mut self, client: ClientId, window: u32, device: u8, events: &[u8], others: &[u8]) {
        let codes = events.iter().map(|kind| self.first + kind).chain(others.iter().copied());
        let classes: Vec<u32> = codes.map(|code| u32::from(device) << 8 | u32::from(code)).collect();
        let request = SelectExtensionEventRequest { window, classes: classes.into() };
        self.world.send_to(client, self.major, request);
    }

    fn focus(&mut self, client: ClientId, focus: u32) {
        let revert_to = InputFocus::PARENT;
        let request = SetDeviceFocusRequest { focus, time: 0, revert_to, device_id: KEYBOARD };
        self.world.send_to(client, self.major, request);
    }

    fn grab(&mut self, client: ClientId, window: u32, device_id: u8) -> GrabStatus {
        self.grab_in_modes(client, window, device_id, [GrabMode::ASYNC, GrabMode::ASYNC])
    }

    /// Grabs a device; the modes are its own and that of the others. What is selected is reported.
    fn grab_in_modes(
        &mut self,
        client: ClientId,
        window: u32,
        device_id: u8,
        [this_device_mode, other_device_mode]: [GrabMode; 2],
    ) -> GrabStatus {
        let request = GrabDeviceRequest {
            grab_window: window,
            time: 0,
            this_device_mode,
            other_device_mode,
            owner_events: true,
            device_id,
            classes: Vec::new().into(),
        };
        self.world.ask_of(client, self.major, request).status
    }

    fn ungrab(&mut self, client: ClientId, device_id: u8) {
        self.world.send_to(client, self.major, UngrabDeviceRequest { time: 0, device_id });
    }

    fn allow(&mut self, client: ClientId, device_id: u8, mode: DeviceInputMode) {
        self.world.send_to(client, self.major, AllowDeviceEventsRequest { time: 0, mode, device_id });
    }

    /// Grabs the user's keyboard, synchronously for both core devices.
    fn grab_core_keyboard(&mut self, client: ClientId, window: u32) {
        let request = GrabKeyboardRequest {
            owner_events: false,
            grab_window: window,
            time: 0,
            pointer_mode: GrabMode::SYNC,
            keyboard_mode: GrabMode::SYNC,
        };
        assert_eq!(self.world.ask(client, request).status, GrabStatus::SUCCESS);
    }

    /// The kinds of event a client was told.
    fn told(&mut self, client: ClientId) -> Vec<u8> {
        let first = self.first;
        self.world.codes(client).iter().filter_map(|code| code.checked_sub(first)).collect()
    }

    /// The motions among what a client was told, without the places that follow them.
    fn motions(&mut self, client: ClientId) -> Vec<u8> {
        self.told(client).into_iter().filter(|kind| *kind == MOTION).collect()
    }

    /// What a client was told of the focus: kind, detail, window.
    fn told_of_focus(&mut self, client: ClientId) -> Vec<(u8, u8, u32)> {
        let events = self.world.events(client);
        let window = |event: &[u8]| u32::from_ne_bytes(event[8..12].try_into().unwrap());
        events.iter().map(|event| (event[0] - self.first, event[1], window(event))).collect()
    }
}

#[test]
fn a_press_grabs_a_device_only_for_who_selects_that_it_does() {
    for (others, status) in [(&[][..], GrabStatus::SUCCESS), (&[BUTTON_GRAB], GrabStatus::ALREADY_GRABBED)] {
        let mut d = Devices::new();
        let (one, two) = (d.client(), d.client());
        let window = d.window(one, ROOT, (10, 10, 100, 100));
        d.world.server.pointer_motion(50, 50);
        d.select(one, window, POINTER, &[BUTTON_PRESS], others);
        d.world.server.button(1, true);
        assert_eq!(d.told(one), [BUTTON_PRESS]);
        assert_eq!(d.grab(two, window, POINTER), status, "with {others:?}");
        d.world.server.button(1, false);
        assert_eq!(d.grab(two, window, POINTER), GrabStatus::SUCCESS, "the last button is up");
    }
}

#[test]
fn the_state_of_a_keyboard_follows_the_coming_of_its_focus() {
    let mut d = Devices::new();
    let client = d.client();
    let window = d.window(client, ROOT, (10, 10, 100, 100));
    d.select(client, window, KEYBOARD, &[FOCUS_IN, STATE], &[]);
    d.world.server.key(38, true);
    d.focus(client, window);
    let events = d.world.events(client);
    let kinds: Vec<u8> = events.iter().map(|event| event[0] - d.first).collect();
    assert_eq!(kinds, [FOCUS_IN, STATE, KEY_STATE]);
    let (state, _) = DeviceStateNotifyEvent::try_parse(&events[1]).unwrap();
    assert_eq!(state.device_id, KEYBOARD | 0x80, "more is to come");
    assert_eq!((state.num_keys, state.num_buttons, state.num_valuators), (248, 0, 0));
    assert_eq!(state.keys, [0; 4], "keys 0 to 31");
    let mut rest = [0; 28];
    rest[0] = 1 << (38 - 32);
    assert_eq!(events[2][4..], rest, "keys 32 to 255");
}

#[test]
fn the_root_is_told_of_a_focus_that_passes_through_it() {
    let mut d = Devices::new();
    let client = d.client();
    let a = d.window(client, ROOT, (0, 0, 50, 50));
    let b = d.window(client, ROOT, (60, 0, 50, 50));
    d.world.server.pointer_motion(150, 100);
    d.focus(client, a);
    for window in [ROOT, a, b] {
        d.select(client, window, KEYBOARD, &[FOCUS_IN], &[]);
    }
    d.focus(client, b);
    assert_eq!(d.told_of_focus(client), [(FOCUS_OUT, 3, a), (FOCUS_IN, 3, b)], "they meet in the root");
    d.focus(client, ROOT);
    assert_eq!(d.told_of_focus(client), [(FOCUS_OUT, 0, b), (FOCUS_IN, 2, ROOT)]);
    d.focus(client, a);
    assert_eq!(d.told_of_focus(client), [(FOCUS_OUT, 2, ROOT), (FOCUS_IN, 0, a)]);
}

#[test]
fn a_device_focus_on_a_window_that_goes_is_its_parents() {
    let mut d = Devices::new();
    let client = d.client();
    let outer = d.window(client, ROOT, (10, 10, 100, 100));
    let inner = d.window(client, outer, (10, 10, 50, 50));
    d.focus(client, inner);
    d.world.send(client, DestroyWindowRequest { window: inner });
    let now = d.world.ask_of(client, d.major, GetDeviceFocusRequest { device_id: KEYBOARD });
    assert_eq!((now.focus, now.revert_to), (outer, InputFocus::NONE));
}

#[test]
fn keys_of_a_device_go_where_its_focus_is() {
    let mut d = Devices::new();
    let client = d.client();
    let (a, b) = (d.window(client, ROOT, (0, 0, 50, 50)), d.window(client, ROOT, (60, 0, 50, 50)));
    d.select(client, a, KEYBOARD, &[KEY_PRESS], &[]);
    d.world.server.pointer_motion(20, 20);
    d.focus(client, b);
    d.world.server.key(38, true);
    assert_eq!(d.told(client), [], "the pointer is elsewhere than the focus");
    d.world.server.key(38, false);
    d.focus(client, a);
    d.world.server.key(38, true);
    assert_eq!(d.told(client), [KEY_PRESS]);
}

#[test]
fn of_a_device_that_only_hints_one_motion_is_told_until_it_is_asked() {
    let mut d = Devices::new();
    let client = d.client();
    let window = d.window(client, ROOT, (10, 10, 100, 100));
    d.world.server.pointer_motion(20, 20);
    d.select(client, window, POINTER, &[MOTION], &[POINTER_HINT]);
    d.world.server.pointer_motion(30, 30);
    d.world.server.pointer_motion(40, 40);
    assert_eq!(d.motions(client), [MOTION]);
    d.world.ask_of(client, d.major, QueryDeviceStateRequest { device_id: POINTER });
    d.world.server.pointer_motion(50, 50);
    d.world.server.pointer_motion(60, 60);
    assert_eq!(d.motions(client), [MOTION]);
}

#[test]
fn a_modifier_map_is_read_as_it_was_set() {
    let mut d = Devices::new();
    let client = d.client();
    let before = d.world.ask(client, GetModifierMappingRequest {}).keycodes;
    let width = before.len() / 8;
    let mut map = vec![0; 8 * (width + 1)];
    for (row, keys) in before.chunks(width).enumerate() {
        map[row * (width + 1) + 1..][..width].copy_from_slice(keys);
    }
    let request = SetModifierMappingRequest { keycodes: map.clone().into() };
    d.world.ask(client, request);
    assert_eq!(d.world.ask(client, GetModifierMappingRequest {}).keycodes, map, "no position is moved");
}

#[test]
fn who_selects_the_mapping_of_a_device_hears_of_it_before_that_of_the_user() {
    let mut d = Devices::new();
    let client = d.client();
    d.select(client, ROOT, KEYBOARD, &[MAPPING], &[]);
    let request = ChangeDeviceKeyMappingRequest {
        device_id: KEYBOARD,
        first_keycode: 20,
        keysyms_per_keycode: 1,
        keycode_count: 2,
        keysyms: vec![0x5678, 0x5679].into(),
    };
    d.world.send_to(client, d.major, request);
    assert_eq!(d.world.codes(client), [d.first + MAPPING, MAPPING_NOTIFY_EVENT]);
}

#[test]
fn others_wait_for_a_synchronous_grab_of_a_device_until_it_lets_them_go_or_ends() {
    let mut d = Devices::new();
    let client = d.client();
    let window = d.window(client, ROOT, (10, 10, 100, 100));
    d.world.server.pointer_motion(50, 50);
    d.focus(client, window);
    d.select(client, window, KEYBOARD, &[KEY_PRESS], &[]);
    let modes = [GrabMode::ASYNC, GrabMode::SYNC];
    assert_eq!(d.grab_in_modes(client, window, POINTER, modes), GrabStatus::SUCCESS);
    d.world.server.key(38, true);
    d.allow(client, POINTER, DeviceInputMode::ASYNC_THIS_DEVICE);
    assert_eq!(d.told(client), [], "it is not about this device");
    d.allow(client, POINTER, DeviceInputMode::ASYNC_OTHER_DEVICES);
    assert_eq!(d.told(client), [KEY_PRESS]);
    d.grab_in_modes(client, window, POINTER, modes);
    d.world.server.key(39, true);
    assert_eq!(d.told(client), []);
    d.ungrab(client, POINTER);
    assert_eq!(d.told(client), [KEY_PRESS]);
}

#[test]
fn the_users_pointer_waits_for_a_synchronous_grab_of_a_device_and_goes_on_when_its_client_goes() {
    for goes in [false, true] {
        let mut d = Devices::new();
        let (client, watcher) = (d.client(), d.client());
        let window = d.window(client, ROOT, (10, 10, 100, 100));
        let value_list = ChangeWindowAttributesAux::new().event_mask(EventMask::POINTER_MOTION);
        let value_list = std::borrow::Cow::Owned(value_list);
        d.world.send(watcher, ChangeWindowAttributesRequest { window: ROOT, value_list });
        d.grab_in_modes(client, window, KEYBOARD, [GrabMode::SYNC, GrabMode::SYNC]);
        d.world.server.pointer_motion(150, 130);
        assert_eq!(d.world.codes(watcher), []);
        if goes {
            d.world.server.disconnect(client);
        } else {
            d.ungrab(client, KEYBOARD);
        }
        assert_eq!(d.world.codes(watcher), [MOTION_NOTIFY_EVENT], "goes: {goes}");
    }
}

#[test]
fn a_device_that_another_client_has_frozen_is_not_to_be_had() {
    let mut d = Devices::new();
    let (one, two) = (d.client(), d.client());
    let window = d.window(one, ROOT, (10, 10, 100, 100));
    d.grab_core_keyboard(one, window);
    for device in [POINTER, KEYBOARD] {
        assert_eq!(d.grab(two, window, device), GrabStatus::FROZEN);
    }
    d.world.send(one, UngrabKeyboardRequest { time: 0 });
    d.grab_in_modes(one, window, POINTER, [GrabMode::ASYNC, GrabMode::SYNC]);
    assert_eq!(d.grab(two, window, POINTER), GrabStatus::ALREADY_GRABBED);
    assert_eq!(d.grab(two, window, KEYBOARD), GrabStatus::FROZEN);
    d.ungrab(one, POINTER);
    assert_eq!(d.grab(two, window, KEYBOARD), GrabStatus::SUCCESS);
}

#[test]
fn devices_that_are_let_go_together_freeze_together() {
    for by_key in [false, true] {
        let mut d = Devices::new();
        let client = d.client();
        let window = d.window(client, ROOT, (10, 10, 100, 100));
        d.world.server.pointer_motion(50, 50);
        d.select(client, window, POINTER, &[BUTTON_PRESS, MOTION], &[]);
        d.grab_in_modes(client, window, POINTER, [GrabMode::SYNC, GrabMode::ASYNC]);
        d.grab_core_keyboard(client, window);
        d.world.events(client);
        d.allow(client, POINTER, DeviceInputMode::SYNC_ALL);
        if by_key {
            d.world.server.key(38, true);
            assert_eq!(d.world.codes(client), [KEY_PRESS_EVENT]);
        } else {
            d.world.server.button(1, true);
            assert_eq!(d.told(client), [BUTTON_PRESS]);
        }
        d.world.server.key(39, true);
        d.world.server.pointer_motion(60, 60);
        assert_eq!(d.world.codes(client), [], "by a key: {by_key}");
        d.allow(client, POINTER, DeviceInputMode::ASYNC_ALL);
        let codes = d.world.codes(client);
        assert!(codes.contains(&KEY_PRESS_EVENT) && codes.contains(&(d.first + MOTION)), "{codes:?}");
    }
}
