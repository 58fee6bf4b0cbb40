//! What the server says is what Xvfb says: the same bytes are sent to both, in both byte orders, and all errors, replies
//! and events compared.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be had fails it")]

mod bench;
mod describe;
mod extensions;
mod random;
mod requests;
mod scenarios;
#[path = "../fixture/xvfb.rs"]
mod xvfb;

use bench::Order::{Big, Little};
use bench::{Xvfb, differences, none};

#[test]
fn every_core_request_is_refused_and_granted_as_by_xvfb() {
    let xvfb = Xvfb::start();
    let only: Option<u8> = std::env::var("WIRE_MAJOR").ok().and_then(|major| major.parse().ok());
    let mut found = Vec::new();
    for good in requests::CORE.iter().filter(|good| only.is_none_or(|only| only == good.major)) {
        found.extend(differences(&xvfb, &format!("request {}", good.major), |w| {
            requests::try_all(w, None, good);
        }));
    }
    none(&found);
}

/// Tries the requests of an extension.
fn extension(name: &'static str, requests: &[requests::Good]) {
    let xvfb = Xvfb::start();
    let mut found = Vec::new();
    let only: Option<u8> = std::env::var("WIRE_MINOR").ok().and_then(|minor| minor.parse().ok());
    for good in requests.iter().filter(|good| only.is_none_or(|only| only == good.major)) {
        found.extend(differences(&xvfb, &format!("{name} {}", good.major), |w| {
            requests::try_all(w, Some(name), good);
        }));
    }
    none(&found);
}

#[test]
fn requests_of_the_input_extension_are_answered_as_by_xvfb() {
    extension("XInputExtension", requests::XINPUT);
}

#[test]
fn requests_about_shapes_are_answered_as_by_xvfb() {
    extension("SHAPE", requests::SHAPE);
}

#[test]
fn requests_of_xtest_are_answered_as_by_xvfb() {
    extension("XTEST", requests::XTEST);
}

#[test]
fn requests_about_the_screen_saver_are_answered_as_by_xvfb() {
    extension("MIT-SCREEN-SAVER", requests::SCREEN_SAVER);
}

#[test]
fn requests_of_xfixes_are_answered_as_by_xvfb() {
    extension("XFIXES", extensions::XFIXES);
}

#[test]
fn requests_about_damage_are_answered_as_by_xvfb() {
    extension("DAMAGE", extensions::DAMAGES);
}

#[test]
fn requests_of_sync_are_answered_as_by_xvfb() {
    extension("SYNC", extensions::SYNCS);
}

#[test]
fn requests_of_render_are_answered_as_by_xvfb() {
    extension("RENDER", extensions::RENDERS);
}

#[test]
fn requests_of_xinerama_are_answered_as_by_xvfb() {
    extension("XINERAMA", extensions::XINERAMA);
}

#[test]
fn requests_of_randr_are_answered_as_by_xvfb() {
    extension("RANDR", extensions::RANDRS);
}

#[test]
fn requests_about_keyboards_are_answered_as_by_xvfb() {
    extension("XKEYBOARD", extensions::XKBS);
}

/// Runs a scenario on servers that nobody has used before, for some byte orders: of the other one Xvfb reads no lists of
/// keys, names and shapes.
fn alone(name: &str, orders: &[bench::Order], scenario: impl Fn(&mut bench::Wire<'_>)) {
    for order in orders.iter().copied() {
        let xvfb = Xvfb::start();
        none(&bench::differences_in(&xvfb, name, order, &scenario));
    }
}

macro_rules! alone {
    ($($test:ident: $scenario:ident in $orders:expr;)*) => {
        $(
            #[test]
            fn $test() {
                alone(stringify!($scenario), &$orders, scenarios::$scenario);
            }
        )*
    };
}

alone! {
    the_state_of_keys_is_told_as_by_xvfb: keyboard_state in [Little, Big];
    controls_are_set_and_told_as_by_xvfb: keyboard_controls in [Little, Big];
    sticky_keys_stick_as_in_xvfb: sticky_keys in [Little];
    what_happens_to_keys_rings_the_bell_as_in_xvfb: keyboard_beeps in [Little];
    maps_are_set_and_told_as_by_xvfb: keyboard_maps in [Little];
    keys_do_what_their_actions_say_as_in_xvfb: keyboard_actions in [Little];
    groups_are_locked_while_locks_are_held_as_in_xvfb: keyboard_group_locks in [Little];
    indicators_are_lit_as_in_xvfb: keyboard_indicators in [Little, Big];
    names_of_keyboards_are_kept_as_by_xvfb: keyboard_names in [Little];
    looks_of_keyboards_are_kept_as_by_xvfb: keyboard_geometry in [Little];
    who_listens_hears_of_the_screen_as_from_xvfb: randr_selections in [Little, Big];
    the_screen_is_resized_as_by_xvfb: randr_sizes in [Little, Big];
    monitors_are_described_as_to_xvfb: randr_monitors in [Little, Big];
    properties_of_outputs_are_kept_as_by_xvfb: randr_properties in [Little, Big];
}

/// `WIRE_PROGRAMS` is how many programs of a subject are run, from the seed `WIRE_SEED` on.
fn programs(subject: random::Subject, count: u64) {
    let xvfb = Xvfb::start();
    let number = |name, else_| std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(else_);
    none(&random::compare(&xvfb, subject, number("WIRE_SEED", 1), number("WIRE_PROGRAMS", count)));
}

#[test]
fn programs_made_by_chance_hear_the_same_as_from_xvfb() {
    programs(random::SESSIONS, 120);
}

#[test]
fn programs_about_keyboards_made_by_chance_hear_the_same_as_from_xvfb() {
    programs(random::KEYBOARDS, 20);
}

#[test]
fn programs_about_screens_made_by_chance_hear_the_same_as_from_xvfb() {
    programs(random::SCREENS, 20);
}

macro_rules! scenarios {
    ($($test:ident: $scenario:ident;)*) => {
        $(
            #[test]
            fn $test() {
                let xvfb = Xvfb::start();
                none(&differences(&xvfb, stringify!($scenario), scenarios::$scenario));
            }
        )*
    };
}

scenarios! {
    windows_are_mapped_stacked_and_configured_as_by_xvfb: mapping_and_configuring;
    children_move_by_gravity_as_in_xvfb: gravity;
    children_of_what_shows_nothing_move_by_gravity_as_in_xvfb: gravity_in_input_only;
    bits_stay_by_gravity_as_in_xvfb: bit_gravity;
    images_of_deep_windows_are_as_in_xvfb: deep_images;
    tiles_of_deep_windows_are_as_in_xvfb: deep_tiles;
    what_render_draws_is_the_same_in_both_byte_orders_as_in_xvfb: rendering;
    motion_goes_up_as_far_as_in_xvfb: do_not_propagate;
    keys_pressed_twice_are_told_once_as_in_xvfb: keys_pressed_twice;
    a_window_manager_is_asked_as_by_xvfb: redirection;
    windows_survive_their_frames_as_in_xvfb: save_sets;
    clients_leave_behind_what_they_do_in_xvfb: close_down_modes;
    the_pointer_crosses_windows_as_in_xvfb: crossing;
    buttons_reach_whom_they_do_in_xvfb: buttons;
    the_focus_moves_as_in_xvfb: focus;
    keys_reach_whom_they_do_in_xvfb: keys;
    active_grabs_hold_as_in_xvfb: active_grabs;
    passive_grabs_activate_as_in_xvfb: passive_grabs;
    what_two_grabs_freeze_thaws_as_in_xvfb: frozen_twice;
    grabs_of_a_client_that_goes_take_what_waits_as_in_xvfb: gone_while_keys_wait;
    parts_of_passive_grabs_are_taken_away_as_in_xvfb: parts_of_passive_grabs;
    what_waits_for_a_window_that_goes_is_told_as_in_xvfb: windows_of_grabs_that_go;
    grabs_end_from_the_top_down_as_in_xvfb: grabs_of_windows_that_go;
    keys_are_replayed_as_in_xvfb: replayed_keys;
    presses_that_grab_are_told_as_by_xvfb: grabs_of_owners;
    frozen_devices_thaw_as_in_xvfb: synchronous_grabs;
    what_waited_for_a_grab_is_told_as_by_xvfb: waiting_events;
    the_pointer_stays_where_it_is_confined_as_in_xvfb: confinement;
    devices_are_grabbed_and_frozen_as_by_xvfb: device_grabs;
    keys_and_buttons_grab_devices_as_in_xvfb: device_passive_grabs;
    devices_do_what_clients_want_as_in_xvfb: fake_devices;
    classes_are_selected_as_in_xvfb: device_classes;
    buttons_of_devices_grab_them_as_in_xvfb: device_buttons;
    keyboards_have_a_focus_each_as_in_xvfb: device_focus;
    keys_and_buttons_of_devices_grab_them_as_in_xvfb: device_passive;
    devices_are_asked_and_changed_as_in_xvfb: device_requests;
    events_sent_of_devices_arrive_as_in_xvfb: sent_device_events;
    windows_take_shapes_as_in_xvfb: shapes;
    children_with_shapes_are_found_where_they_are_in_xvfb: shaped_children;
    shapes_beyond_a_window_obscure_what_they_do_in_xvfb: shapes_beyond;
    windows_take_shapes_of_regions_as_in_xvfb: shapes_of_regions;
    rectangles_are_ordered_as_xvfb_wants: clip_orders;
    slaves_are_grabbed_alone_as_in_xvfb: slave_grabs;
    masters_are_grabbed_as_in_xvfb: two_grabs;
    masters_thaw_as_in_xvfb: two_allow_events;
    keys_and_buttons_grab_masters_as_in_xvfb: two_passive_grabs;
    entering_and_the_focus_grab_as_in_xvfb: crossing_grabs;
    barriers_hold_the_pointer_as_in_xvfb: barriers;
    touches_are_selected_as_in_xvfb: touch_selections;
    selections_change_hands_as_in_xvfb: selections;
    selections_of_a_destroyed_window_are_told_as_by_xvfb: selections_of_the_destroyed;
    properties_are_kept_as_by_xvfb: properties;
    properties_go_with_their_windows_as_in_xvfb: properties_of_the_destroyed;
    events_of_clients_arrive_as_in_xvfb: sent_events;
    colormaps_are_kept_as_by_xvfb: colormaps;
    colors_have_the_names_they_have_in_xvfb: color_names;
    hosts_are_added_and_refused_as_by_xvfb: hosts;
    a_grabbed_server_serves_one_as_in_xvfb: server_grabs;
    a_killed_client_goes_as_in_xvfb: killing;
    the_screen_saver_comes_and_goes_as_in_xvfb: screen_saver;
    who_waits_for_a_counter_hears_of_it_as_from_xvfb: awaited_counters;
}
