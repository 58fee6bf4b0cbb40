//! Windows that move, grow, come, go and change places in the stack look as on Xvfb: random but valid requests go over
//! the same wire to a private Xvfb and to this server, and the whole screen is compared after each of them.
//!
//! `WINDOWS_SEED=n WINDOWS_CASES=1` shows one case again.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be had fails it")]

#[path = "fixture/dice.rs"]
mod dice;
#[path = "fixture/own.rs"]
mod own;
#[path = "fixture/xvfb.rs"]
mod xvfb;

use dice::Dice;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    Arc, BackPixmap, ChangeGCAux, ChangeWindowAttributesAux, Circulate, ClipOrdering, ConfigureWindowAux,
    ConnectionExt, CoordMode, CreateGCAux, CreateWindowAux, FillStyle, GX, Gravity, ImageFormat, Point,
    Rectangle, StackMode, SubwindowMode, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use xvfb::Xvfb;

/// Width and height of the screen.
const SIDE: u16 = 160;

const GRAVITIES: [Gravity; 7] = [
    Gravity::BIT_FORGET,
    Gravity::NORTH_WEST,
    Gravity::NORTH_WEST,
    Gravity::CENTER,
    Gravity::SOUTH_EAST,
    Gravity::EAST,
    Gravity::STATIC,
];

/// A tree of windows on one server.
struct Tree<'c> {
    c: &'c RustConnection,
    gc: u32,
    /// Windows have borders. Then they are not drawn on through their parents, bits stay in the corner when they are
    /// resized, and so do children: Xvfb leaves pixels on a border that do not belong there, and of a bordered window
    /// forgets the bits that lie outside of the window moved as far as its children are.
    bordered: bool,
    /// 16 by 16 pixels.
    tile: u32,
    bitmap: u32,
    windows: Vec<u32>,
}

impl<'c> Tree<'c> {
    fn new(c: &'c RustConnection, bordered: bool) -> Self {
        let (gc, root) = (c.generate_id().unwrap(), c.setup().roots[0].root);
        let font = c.generate_id().unwrap();
        c.open_font(font, b"-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1").unwrap();
        c.create_gc(gc, root, &CreateGCAux::new().font(font)).unwrap();
        c.close_font(font).unwrap();
        let mut dice = Dice::new(0);
        let pixels = |dice: &mut Dice, depth: u8, side: u16| {
            let id = c.generate_id().unwrap();
            c.create_pixmap(depth, id, root, side, side).unwrap();
            let gc = c.generate_id().unwrap();
            c.create_gc(gc, id, &CreateGCAux::new()).unwrap();
            let words = usize::from(side) * usize::from(side).div_ceil(if depth == 1 { 32 } else { 1 });
            let data: Vec<u8> = (0..words).flat_map(|_| dice.word().to_ne_bytes()).collect();
            c.put_image(ImageFormat::Z_PIXMAP, id, gc, side, side, 0, 0, 0, depth, &data).unwrap();
            c.free_gc(gc).unwrap();
            id
        };
        let (tile, bitmap) = (pixels(&mut dice, 24, 16), pixels(&mut dice, 1, 64));
        // Above whatever the root shows by itself.
        let base = c.generate_id().unwrap();
        let aux = CreateWindowAux::new().background_pixel(0x0020_2020).override_redirect(1);
        c.create_window(24, base, root, 0, 0, SIDE, SIDE, 0, WindowClass::INPUT_OUTPUT, 0, &aux).unwrap();
        c.map_window(base).unwrap();
        Self { c, gc, bordered, tile, bitmap, windows: vec![base] }
    }

    /// One random request; what it was.
    fn step(&mut self, dice: &mut Dice) -> String {
        let c = self.c;
        let child = if self.windows.len() > 1 {
            let at = dice.range(1, self.windows.len() as i32 - 1);
            Some(self.windows[at as usize])
        } else {
            None
        };
        let (x, y) = (dice.range(-30, 130), dice.range(-30, 130));
        let (width, height) = (dice.range(1, 90) as u32, dice.range(1, 90) as u32);
        let border = if self.bordered { dice.pick(&[0, 0, 1, 5]) } else { 0 };
        match (dice.range(0, 15), child) {
            (0..=2, _) | (_, None) if self.windows.len() < 12 => {
                let parent = dice.pick(&self.windows);
                let id = c.generate_id().unwrap();
                let gravities = &GRAVITIES[..if self.bordered { 3 } else { GRAVITIES.len() }];
                let mut aux = CreateWindowAux::new()
                    .border_pixel(dice.word() & 0x00ff_ffff)
                    .bit_gravity(dice.pick(gravities))
                    .win_gravity(dice.pick(&gravities[1..]));
                aux = if dice.one_in(8) {
                    aux.background_pixmap(u32::from(u8::from(BackPixmap::PARENT_RELATIVE)))
                } else {
                    aux.background_pixel(dice.word() & 0x00ff_ffff)
                };
                let class = WindowClass::INPUT_OUTPUT;
                let (w, h) = (width as u16, height as u16);
                c.create_window(24, id, parent, x as i16, y as i16, w, h, border, class, 0, &aux).unwrap();
                if !dice.one_in(4) {
                    c.map_window(id).unwrap();
                }
                self.windows.push(id);
                let bits = aux.bit_gravity.unwrap();
                let (a, b) = (id & 0xfff, parent & 0xfff);
                format!("create {a} in {b} at {x},{y} {width}x{height} border {border} bits {bits:?}")
            }
            (3 | 4, Some(id)) => {
                c.configure_window(id, &ConfigureWindowAux::new().x(x).y(y)).unwrap();
                format!("move {} to {x},{y}", id & 0xfff)
            }
            (5 | 6, Some(id)) => {
                let mut aux = ConfigureWindowAux::new().width(width).height(height);
                if dice.one_in(2) {
                    aux = aux.x(x).border_width(u32::from(border));
                }
                c.configure_window(id, &aux).unwrap();
                format!("resize {} to {width}x{height} {:?} {:?}", id & 0xfff, aux.x, aux.border_width)
            }
            (7, Some(id)) => {
                let mode = dice.pick(&[
                    StackMode::ABOVE,
                    StackMode::BELOW,
                    StackMode::OPPOSITE,
                    StackMode::TOP_IF,
                    StackMode::BOTTOM_IF,
                ]);
                c.configure_window(id, &ConfigureWindowAux::new().stack_mode(mode)).unwrap();
                format!("restack {} {mode:?}", id & 0xfff)
            }
            (8, Some(id)) => {
                c.map_window(id).unwrap();
                format!("map {}", id & 0xfff)
            }
            (9, Some(id)) => {
                c.unmap_window(id).unwrap();
                format!("unmap {}", id & 0xfff)
            }
            (10, _) => {
                let id = dice.pick(&self.windows);
                let way = dice.pick(&[Circulate::RAISE_LOWEST, Circulate::LOWER_HIGHEST]);
                c.circulate_window(way, id).unwrap();
                format!("circulate {} {way:?}", id & 0xfff)
            }
            (14 | 15, Some(id)) => self.dress(dice, id),
            (11, Some(id)) if self.windows.len() > 6 => {
                c.destroy_window(id).unwrap();
                let alive: Vec<u32> = self
                    .windows
                    .iter()
                    .copied()
                    .filter(|w| c.get_geometry(*w).unwrap().reply().is_ok())
                    .collect();
                self.windows = alive;
                format!("destroy {}", id & 0xfff)
            }
            _ => self.draw(dice),
        }
    }

    /// Draws on a window, with what a GC can say of windows.
    /// Another background, or another border.
    fn dress(&self, dice: &mut Dice, id: u32) -> String {
        let (aux, pixel) = (ChangeWindowAttributesAux::new(), dice.word() & 0x00ff_ffff);
        let aux = match dice.range(0, 5) {
            0 => aux.background_pixel(pixel),
            1 => aux.background_pixmap(self.tile),
            2 | 3 => aux.background_pixmap(u32::from(u8::from(BackPixmap::PARENT_RELATIVE))),
            4 => aux.border_pixel(pixel),
            _ => aux.border_pixmap(self.tile),
        };
        self.c.change_window_attributes(id, &aux).unwrap();
        if dice.one_in(2) {
            self.c.clear_area(false, id, 0, 0, 0, 0).unwrap();
        }
        format!("dress {} {:?} {:?}", id & 0xfff, aux.background_pixmap, aux.border_pixmap)
    }

    fn draw(&self, dice: &mut Dice) -> String {
        let c = self.c;
        let id = dice.pick(&self.windows);
        let through = !self.bordered && dice.one_in(3);
        let mode = if through { SubwindowMode::INCLUDE_INFERIORS } else { SubwindowMode::CLIP_BY_CHILDREN };
        let function = dice.pick(&[GX::COPY, GX::COPY, GX::XOR, GX::INVERT, GX::OR]);
        let kind = dice.range(0, 9);
        // What a copy leaves bare Xvfb clips as if the clip's origin were 0.
        let clip = if kind < 4 { (0, 0) } else { (dice.range(-9, 9), dice.range(-9, 9)) };
        let place = |dice: &mut Dice| (dice.range(-30, 90) as i16, dice.range(-30, 90) as i16);
        let aux = ChangeGCAux::new()
            .foreground(dice.word() & 0x00ff_ffff)
            .background(dice.word() & 0x00ff_ffff)
            .function(function)
            .plane_mask(if dice.one_in(5) { dice.word() } else { u32::MAX })
            .subwindow_mode(mode)
            .graphics_exposures(0)
            .line_width(dice.range(0, 6) as u32)
            .fill_style(dice.pick(&[
                FillStyle::SOLID,
                FillStyle::SOLID,
                FillStyle::TILED,
                FillStyle::STIPPLED,
            ]))
            .tile(self.tile)
            .stipple(self.bitmap)
            .tile_stipple_x_origin(dice.range(-9, 9))
            .tile_stipple_y_origin(dice.range(-9, 9))
            .clip_mask(if dice.one_in(4) { self.bitmap } else { 0 })
            .clip_x_origin(clip.0)
            .clip_y_origin(clip.1);
        c.change_gc(self.gc, &aux).unwrap();
        let mut clipped = if aux.clip_mask == Some(0) { "" } else { "clipped by a bitmap" };
        if dice.one_in(4) {
            clipped = "clipped";
            let part = |dice: &mut Dice| {
                let (x, y) = place(dice);
                Rectangle { x, y, width: dice.range(0, 60) as u16, height: dice.range(0, 60) as u16 }
            };
            let parts = [part(dice), part(dice)];
            c.set_clip_rectangles(ClipOrdering::UNSORTED, self.gc, clip.0 as i16, clip.1 as i16, &parts)
                .unwrap();
        }
        let ((x, y), (to_x, to_y)) = (place(dice), place(dice));
        let (width, height) = (dice.range(1, 90) as u16, dice.range(1, 90) as u16);
        let what = match kind {
            0 | 1 => {
                let from = dice.pick(&self.windows);
                c.copy_area(from, id, self.gc, x, y, to_x, to_y, width, height).unwrap();
                format!("copy {} to {to_x},{to_y} of", from & 0xfff)
            }
            2 => {
                let (from, plane) = (dice.pick(&self.windows), 1 << dice.range(0, 23));
                c.copy_plane(from, id, self.gc, x, y, to_x, to_y, width, height, plane).unwrap();
                format!("copy plane {plane:x} of {} to {to_x},{to_y} of", from & 0xfff)
            }
            3 => {
                c.copy_area(self.tile, id, self.gc, 0, 0, x, y, 16, 16).unwrap();
                "copy the tile to".to_owned()
            }
            4 => {
                c.clear_area(false, id, x, y, width, height).unwrap();
                "clear".to_owned()
            }
            5 => {
                let arc = Arc { x, y, width, height, angle1: 0, angle2: 360 * 64 };
                c.poly_fill_arc(id, self.gc, &[arc]).unwrap();
                "fill an ellipse on".to_owned()
            }
            6 => {
                let line = [Point { x, y }, Point { x: to_x, y: to_y }, Point { x: 40, y: 40 }];
                c.poly_line(CoordMode::ORIGIN, id, self.gc, &line).unwrap();
                format!("line to {to_x},{to_y} on")
            }
            7 => {
                c.image_text8(id, self.gc, x, y, b"some text").unwrap();
                "write on".to_owned()
            }
            _ => {
                c.poly_fill_rectangle(id, self.gc, &[Rectangle { x, y, width, height }]).unwrap();
                "fill".to_owned()
            }
        };
        format!("{what} {} at {x},{y} {width}x{height} {mode:?} {function:?} {clipped}", id & 0xfff)
    }

    fn screen(&self) -> Vec<u8> {
        let root = self.c.setup().roots[0].root;
        let image = self.c.get_image(ImageFormat::Z_PIXMAP, root, 0, 0, SIDE, SIDE, 0x00ff_ffff);
        image.unwrap().reply().unwrap().data
    }
}

#[test]
fn the_screen_looks_as_on_xvfb_whatever_windows_do() {
    let xvfb = Xvfb::start(SIDE, SIDE);
    let (theirs, ours) = (xvfb.connect(), own::connect(SIDE, SIDE));
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let (first, cases) = (number("WINDOWS_SEED").unwrap_or(1), number("WINDOWS_CASES").unwrap_or(40));
    let failures: Vec<String> =
        (first..first + cases).filter_map(|seed| difference(&theirs, &ours, seed)).collect();
    let shown = &failures[..failures.len().min(6)];
    assert!(failures.is_empty(), "{} of {cases} programs differ:\n{}", failures.len(), shown.join("\n\n"));
}

/// What was done up to the first step after which the screens differ; none if they never do.
fn difference(theirs: &RustConnection, ours: &RustConnection, seed: u64) -> Option<String> {
    let bordered = seed.is_multiple_of(2);
    let (mut a, mut b) = (Tree::new(theirs, bordered), Tree::new(ours, bordered));
    let (mut dice_a, mut dice_b) = (Dice::new(seed), Dice::new(seed));
    let mut said = Vec::new();
    let mut found = None;
    while said.len() < 40 && found.is_none() {
        said.push(a.step(&mut dice_a));
        b.step(&mut dice_b);
        let (expected, shown) = (a.screen(), b.screen());
        let pixels = expected.chunks(4).zip(shown.chunks(4));
        let differ: Vec<usize> =
            pixels.enumerate().filter(|(_, (e, f))| e[..3] != f[..3]).map(|p| p.0).collect();
        found = differ.first().map(|at| {
            let (x, y) = (at % usize::from(SIDE), at / usize::from(SIDE));
            let pixel = |screen: &[u8]| format!("{:02x?}", &screen[at * 4..at * 4 + 3]);
            let (count, was, is) = (differ.len(), pixel(&expected), pixel(&shown));
            format!(
                "seed {seed}: {count} pixels differ, the first at {x},{y}, {is} for {was}:\n{}",
                said.join("\n")
            )
        });
    }
    for tree in [a, b] {
        tree.c.destroy_window(tree.windows[0]).unwrap();
        tree.c.free_gc(tree.gc).unwrap();
        tree.c.free_pixmap(tree.tile).unwrap();
        tree.c.free_pixmap(tree.bitmap).unwrap();
    }
    found
}
