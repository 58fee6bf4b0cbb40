//! Random changes to a tree of windows: after each one the screen has to show exactly what a painter that draws every
//! window from the bottom up would have drawn.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixture;

use std::borrow::Cow;

use fixture::{ROOT, World};
use proptest::prelude::*;
use x11rb_protocol::protocol::xproto::*;
use xserver::{ClientId, Config, Limits};

const WIDTH: i32 = 60;
const HEIGHT: i32 = 40;

#[derive(Debug, Clone)]
enum Op {
    Create { parent: usize, geometry: (i16, i16, u16, u16), border: u16, bit_gravity: u32, win_gravity: u32 },
    Map(usize),
    Unmap(usize),
    Place { window: usize, geometry: (i16, i16, u16, u16) },
    Stack { window: usize, mode: u32 },
    StackBeside { window: usize, sibling: usize, mode: u32 },
    Reparent { window: usize, parent: usize, at: (i16, i16) },
    Destroy(usize),
}

fn geometry() -> impl Strategy<Value = (i16, i16, u16, u16)> {
    (-15..50_i16, -15..35_i16, 1..40_u16, 1..30_u16)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (any::<usize>(), geometry(), 0..4_u16, 0..11_u32, 0..11_u32).prop_map(
            |(parent, geometry, border, bit_gravity, win_gravity)| Op::Create { parent, geometry, border, bit_gravity, win_gravity }
        ),
        4 => any::<usize>().prop_map(Op::Map),
        1 => any::<usize>().prop_map(Op::Unmap),
        4 => (any::<usize>(), geometry()).prop_map(|(window, geometry)| Op::Place { window, geometry }),
        2 => (any::<usize>(), 0..5_u32).prop_map(|(window, mode)| Op::Stack { window, mode }),
        2 => (any::<usize>(), any::<usize>(), 0..5_u32).prop_map(|(window, sibling, mode)| Op::StackBeside { window, sibling, mode }),
        1 => (any::<usize>(), any::<usize>(), (-10..40_i16, -10..30_i16)).prop_map(|(window, parent, at)| Op::Reparent { window, parent, at }),
        1 => any::<usize>().prop_map(Op::Destroy),
    ]
}

/// Windows made so far that the test may pick; destroyed ones stay in the list and cause errors, as they should.
fn pick(windows: &[u32], index: usize) -> u32 {
    if windows.is_empty() { ROOT } else { windows[index % windows.len()] }
}

/// Pixels of a window: its background and its border, by its id.
fn colors(id: u32) -> (u32, u32) {
    let number = id & 0xffff;
    (0x10_0000 | number << 4, 0x20_0000 | number << 4)
}

/// Draws the tree as the server tells it.
fn paint(
    world: &mut World,
    client: ClientId,
    id: u32,
    origin: (i32, i32),
    clip: (i32, i32, i32, i32),
    screen: &mut [u32],
) {
    let tree = world.ask(client, QueryTreeRequest { window: id });
    for child in tree.children {
        let attributes = world.ask(client, GetWindowAttributesRequest { window: child });
        if attributes.map_state != MapState::VIEWABLE {
            continue;
        }
        let geometry = world.ask(client, GetGeometryRequest { drawable: child });
        let border = i32::from(geometry.border_width);
        let (x, y) = (origin.0 + i32::from(geometry.x), origin.1 + i32::from(geometry.y));
        let (w, h) = (i32::from(geometry.width), i32::from(geometry.height));
        let cut = |x1: i32, y1: i32, x2: i32, y2: i32| {
            (x1.max(clip.0), y1.max(clip.1), x2.min(clip.2), y2.min(clip.3))
        };
        let outer = cut(x, y, x + w + 2 * border, y + h + 2 * border);
        let inner = cut(x + border, y + border, x + border + w, y + border + h);
        let (background, edge) = colors(child);
        for (area, pixel) in [(outer, edge), (inner, background)] {
            for row in area.1..area.3 {
                for column in area.0..area.2 {
                    screen[(row * WIDTH + column) as usize] = pixel;
                }
            }
        }
        paint(world, client, child, (x + border, y + border), inner, screen);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_screen_shows_the_tree_after_every_change(ops in prop::collection::vec(op(), 1..40)) {
        let mut world = World::with(Config { width: WIDTH as u16, height: HEIGHT as u16, ..Config::default() });
        let client = world.client();
        let mut windows: Vec<u32> = Vec::new();
        for op in &ops {
            match op.clone() {
                Op::Create { parent, geometry, border, bit_gravity, win_gravity } => {
                    let wid = world.new_id(client);
                    let parent = if parent % 3 == 0 { ROOT } else { pick(&windows, parent) };
                    let (background, edge) = colors(wid);
                    let values = CreateWindowAux::new()
                        .background_pixel(background)
                        .border_pixel(edge)
                        .bit_gravity(Gravity::from(bit_gravity))
                        .win_gravity(Gravity::from(win_gravity));
                    world.send(client, CreateWindowRequest {
                        depth: 0, wid, parent,
                        x: geometry.0, y: geometry.1, width: geometry.2, height: geometry.3, border_width: border,
                        class: WindowClass::INPUT_OUTPUT, visual: 0, value_list: Cow::Owned(values),
                    });
                    windows.push(wid);
                }
                Op::Map(window) => world.map(client, pick(&windows, window)),
                Op::Unmap(window) => world.send(client, UnmapWindowRequest { window: pick(&windows, window) }),
                Op::Place { window, geometry: (x, y, w, h) } => {
                    let values = ConfigureWindowAux::new().x(i32::from(x)).y(i32::from(y)).width(u32::from(w)).height(u32::from(h));
                    world.send(client, ConfigureWindowRequest { window: pick(&windows, window), value_list: Cow::Owned(values) });
                }
                Op::Stack { window, mode } => {
                    let values = ConfigureWindowAux::new().stack_mode(StackMode::from(mode));
                    world.send(client, ConfigureWindowRequest { window: pick(&windows, window), value_list: Cow::Owned(values) });
                }
                Op::StackBeside { window, sibling, mode } => {
                    let values = ConfigureWindowAux::new().sibling(pick(&windows, sibling)).stack_mode(StackMode::from(mode));
                    world.send(client, ConfigureWindowRequest { window: pick(&windows, window), value_list: Cow::Owned(values) });
                }
                Op::Reparent { window, parent, at } => {
                    let parent = if parent % 3 == 0 { ROOT } else { pick(&windows, parent) };
                    world.send(client, ReparentWindowRequest { window: pick(&windows, window), parent, x: at.0, y: at.1 });
                }
                Op::Destroy(window) => world.send(client, DestroyWindowRequest { window: pick(&windows, window) }),
            }
            while world.take_error(client).is_some() {}
            world.events(client);
            let mut expected = vec![0; (WIDTH * HEIGHT) as usize];
            paint(&mut world, client, ROOT, (0, 0), (0, 0, WIDTH, HEIGHT), &mut expected);
            for (at, pixel) in expected.iter().enumerate() {
                let shown = world.pixel(at % WIDTH as usize, at / WIDTH as usize);
                prop_assert_eq!(shown, *pixel, "at {},{} after {:?}", at as i32 % WIDTH, at as i32 / WIDTH, op);
            }
        }
    }

    #[test]
    fn no_stream_of_requests_brings_the_server_down(
        requests in prop::collection::vec((0..140_u8, 0..45_u8, prop::collection::vec(word(), 0..14)), 1..120)
    ) {
        let limits = Limits { pixmap_bytes: 1 << 20, output_bytes: 4 << 20, ..Limits::default() };
        let mut world = World::with(Config { width: 64, height: 48, limits, ..Config::default() });
        let client = world.server.connect().unwrap();
        world.server.receive(client, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        for (major, minor, body) in requests {
            let mut bytes = vec![major, minor, 0, 0];
            bytes[2..4].copy_from_slice(&(body.len() as u16 + 1).to_ne_bytes());
            bytes.extend(body.iter().flat_map(|word| word.to_ne_bytes()));
            let _ = world.server.receive(client, &bytes);
            world.server.pointer_motion(i16::from(minor), i16::from(major));
            world.server.button(1, minor % 2 == 0);
        }
        world.server.disconnect(client);
    }
}

/// Words that often mean something: small ids of the client, the root, masks, coordinates.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => (0..8_u32).prop_map(|id| (1 << 21) + id),
        1 => Just(ROOT),
        1 => Just(0x21),
        2 => 0..64_u32,
        1 => any::<u32>(),
        1 => (any::<i8>(), any::<i8>()).prop_map(|(x, y)| (i32::from(x) as u32 & 0xffff) | (i32::from(y) as u32) << 16),
    ]
}
