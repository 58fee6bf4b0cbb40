//! What follows from requests, step by step: events in their order, to whom they go, and what can be asked afterwards.
//!
//! A scenario is a function that is run on both servers; those of one matter are in one module.

use crate::bench::Wire;

mod clients;
mod counters;
mod devices;
mod drawing;
mod grabs;
mod input;
mod one;
mod propagation;
mod randr;
mod shapes;
mod windows;
mod xkb;

pub(crate) use clients::{
    color_names, colormaps, hosts, killing, properties, properties_of_the_destroyed, screen_saver,
    selections, selections_of_the_destroyed, sent_events, server_grabs,
};
pub(crate) use counters::awaited_counters;
pub(crate) use devices::{
    barriers, crossing_grabs, device_grabs, device_passive_grabs, slave_grabs, touch_selections,
    two_allow_events, two_grabs, two_passive_grabs,
};
pub(crate) use drawing::{deep_tiles, rendering};
pub(crate) use grabs::{
    active_grabs, confinement, frozen_twice, gone_while_keys_wait, grabs_of_owners, grabs_of_windows_that_go,
    parts_of_passive_grabs, passive_grabs, replayed_keys, synchronous_grabs, waiting_events,
    windows_of_grabs_that_go,
};
pub(crate) use input::{buttons, crossing, focus, keys};
pub(crate) use one::{
    device_buttons, device_classes, device_focus, device_passive, device_requests, fake_devices,
    sent_device_events,
};
pub(crate) use propagation::{do_not_propagate, keys_pressed_twice};
pub(crate) use randr::{randr_monitors, randr_properties, randr_selections, randr_sizes};
pub(crate) use shapes::{clip_orders, shaped_children, shapes, shapes_beyond, shapes_of_regions};
pub(crate) use windows::{
    bit_gravity, close_down_modes, deep_images, gravity, gravity_in_input_only, mapping_and_configuring,
    redirection, save_sets,
};
pub(crate) use xkb::{
    keyboard_actions, keyboard_beeps, keyboard_controls, keyboard_geometry, keyboard_group_locks,
    keyboard_indicators, keyboard_maps, keyboard_names, keyboard_state, sticky_keys,
};

/// All that a window can tell.
pub(super) const ALL: i64 = 0x01ff_ffff;
pub(super) const STRUCTURE: i64 = 1 << 17;
pub(super) const SUBSTRUCTURE: i64 = 1 << 19;
pub(super) const EXPOSURE: i64 = 1 << 15;
pub(super) const VISIBILITY: i64 = 1 << 16;
pub(super) const REDIRECT: i64 = 1 << 20;
pub(super) const CROSSING: i64 = 3 << 4;
pub(super) const FOCUS: i64 = 1 << 21;
pub(super) const BUTTONS: i64 = 3 << 2;
pub(super) const KEYS: i64 = 3;
pub(super) const MOTION: i64 = 1 << 6;

/// A window (x, y, width, height, border) that tells of these events.
pub(super) fn window(w: &mut Wire<'_>, c: usize, n: u32, parent: i64, place: [i64; 5], events: i64) -> i64 {
    let id = i64::from(w.id(c, n));
    let [x, y, width, height, border] = place;
    // With a background, a border and an event mask
    let values =
        [id, parent, x, y, width, height, border, 1, 0, 1 << 1 | 1 << 3 | 1 << 11, 0x77, 0x99, events];
    w.send(c, 1, 0, "4422222244444", &values);
    id
}

pub(super) fn map(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 8, 0, "4", &[window]);
}

pub(super) fn unmap(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 10, 0, "4", &[window]);
}

pub(super) fn select(w: &mut Wire<'_>, c: usize, window: i64, events: i64) {
    w.send(c, 2, 0, "444", &[window, 1 << 11, events]);
}

pub(super) fn configure(w: &mut Wire<'_>, c: usize, window: i64, mask: i64, values: &[i64]) {
    let mut all = vec![window, mask, 0];
    all.extend(values);
    w.send(c, 12, 0, "422*4", &all);
}

pub(super) fn query_tree(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 15, 0, "4", &[window]);
}

pub(super) fn attributes(w: &mut Wire<'_>, c: usize, window: i64) {
    w.send(c, 3, 0, "4", &[window]);
    w.send(c, 14, 0, "4", &[window]);
}
