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
    BackPixmap, Circulate, ConfigureWindowAux, ConnectionExt, CreateGCAux, CreateWindowAux, Gravity,
    ImageFormat, Rectangle, StackMode, WindowClass,
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
    windows: Vec<u32>,
}

impl<'c> Tree<'c> {
    fn new(c: &'c RustConnection) -> Self {
        let gc = c.generate_id().unwrap();
        c.create_gc(gc, c.setup().roots[0].root, &CreateGCAux::new()).unwrap();
        // Above whatever the root shows by itself.
        let base = c.generate_id().unwrap();
        let aux = CreateWindowAux::new().background_pixel(0x0020_2020).override_redirect(1);
        let root = c.setup().roots[0].root;
        c.create_window(24, base, root, 0, 0, SIDE, SIDE, 0, WindowClass::INPUT_OUTPUT, 0, &aux).unwrap();
        c.map_window(base).unwrap();
        Self { c, gc, windows: vec![base] }
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
        let border = dice.pick(&[0, 0, 1, 5]);
        match (dice.range(0, 13), child) {
            (0..=2, _) | (_, None) if self.windows.len() < 12 => {
                let parent = dice.pick(&self.windows);
                let id = c.generate_id().unwrap();
                let mut aux = CreateWindowAux::new()
                    .border_pixel(dice.word() & 0x00ff_ffff)
                    .bit_gravity(dice.pick(&GRAVITIES))
                    .win_gravity(dice.pick(&GRAVITIES[1..]));
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
                format!("create {} in {}", id & 0xfff, parent & 0xfff)
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
                format!("resize {} to {width}x{height}", id & 0xfff)
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
            _ => {
                let id = dice.pick(&self.windows);
                let colour = dice.word() & 0x00ff_ffff;
                c.change_gc(self.gc, &x11rb::protocol::xproto::ChangeGCAux::new().foreground(colour))
                    .unwrap();
                let part = Rectangle { x: x as i16, y: y as i16, width: width as u16, height: height as u16 };
                c.poly_fill_rectangle(id, self.gc, &[part]).unwrap();
                format!("draw on {} at {x},{y}", id & 0xfff)
            }
        }
    }

    fn screen(&self) -> Vec<u8> {
        let root = self.c.setup().roots[0].root;
        let image = self.c.get_image(ImageFormat::Z_PIXMAP, root, 0, 0, SIDE, SIDE, 0x00ff_ffff);
        image.unwrap().reply().unwrap().data
    }
}

#[test]
fn the_screen_looks_as_on_xvfb_whatever_windows_do() {
    let Some(xvfb) = Xvfb::start(SIDE, SIDE) else { return };
    let (theirs, ours) = (xvfb.connect(), own::connect(SIDE, SIDE));
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let first = number("WINDOWS_SEED").unwrap_or(1);
    for seed in first..first + number("WINDOWS_CASES").unwrap_or(40) {
        let seeded = || Dice::new(seed);
        let (mut a, mut b) = (Tree::new(&theirs), Tree::new(&ours));
        let (mut dice_a, mut dice_b) = (seeded(), seeded());
        let mut said = Vec::new();
        for _ in 0..40 {
            said.push(a.step(&mut dice_a));
            b.step(&mut dice_b);
            let (expected, found) = (a.screen(), b.screen());
            let differ = expected.chunks(4).zip(found.chunks(4)).position(|(e, f)| e[..3] != f[..3]);
            if let Some(at) = differ {
                let count = expected.chunks(4).zip(found.chunks(4)).filter(|(e, f)| e[..3] != f[..3]).count();
                let (x, y) = (at % usize::from(SIDE), at / usize::from(SIDE));
                panic!("seed {seed}: {count} pixels differ, the first at {x},{y}:\n{}", said.join("\n"));
            }
        }
        for tree in [a, b] {
            tree.c.destroy_window(tree.windows[0]).unwrap();
            tree.c.free_gc(tree.gc).unwrap();
        }
    }
}
