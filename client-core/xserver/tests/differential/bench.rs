//! The bench where both servers draw: a private Xvfb, a pixmap there and one here, and the comparison of the two.

use std::sync::Arc;

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    self, ConnectionExt, Gcontext, ImageFormat as WireFormat, Pixmap as PixmapId, Point,
};
use x11rb::rust_connection::RustConnection;
use xserver::raster::{Canvas, FillStyle, Function, Gc, Image, ImageFormat, Pixmap, Tile};
use xserver::region::{Rect, Region};

use crate::dice::Dice;
use crate::xvfb::Xvfb;

impl Dice {
    /// A coordinate: usually near the pixmap, sometimes far away.
    pub(crate) fn coordinate(&mut self) -> i16 {
        match self.word() % 40 {
            0 => self.range(-32768, 32767) as i16,
            1 | 2 => self.range(-400, 400) as i16,
            3..=20 => self.range(0, SIDE) as i16,
            _ => self.range(-20, SIDE + 20) as i16,
        }
    }

    pub(crate) fn point(&mut self) -> Point {
        Point { x: self.coordinate(), y: self.coordinate() }
    }
}

/// Width and height of the pixmaps drawn on.
pub(crate) const SIDE: i32 = 90;

/// One Xvfb with a connection to it.
pub(crate) struct Bench {
    _xvfb: Xvfb,
    pub(crate) connection: RustConnection,
    pub(crate) root: u32,
}

/// A drawable on both sides.
pub(crate) struct Pair {
    pub(crate) theirs: PixmapId,
    pub(crate) ours: Pixmap,
}

impl Bench {
    pub(crate) fn start() -> Self {
        let xvfb = Xvfb::start(640, 480);
        let connection = xvfb.connect();
        let root = connection.setup().roots[0].root;
        Self { _xvfb: xvfb, connection, root }
    }

    /// A pair filled with noise, or with one value.
    pub(crate) fn pair(&self, dice: &mut Dice, width: i32, height: i32, depth: u8, noise: bool) -> Pair {
        let c = &self.connection;
        let theirs = c.generate_id().unwrap();
        c.create_pixmap(depth, theirs, self.root, width as u16, height as u16).unwrap();
        let mut ours = Pixmap::new(width as u32, height as u32, depth).unwrap();
        let flat = dice.word();
        for y in 0..height {
            for x in 0..width {
                ours.set(x, y, if noise { dice.word() } else { flat });
            }
        }
        let mut data = Vec::new();
        // All 32 bits at depth 24 too: the unused byte is compared as well.
        ours.get_image(ours.bounds(), ImageFormat::ZPixmap, u32::MAX, &mut data);
        let gc = c.generate_id().unwrap();
        c.create_gc(gc, theirs, &xproto::CreateGCAux::default()).unwrap();
        c.put_image(WireFormat::Z_PIXMAP, theirs, gc, width as u16, height as u16, 0, 0, 0, depth, &data)
            .unwrap();
        c.free_gc(gc).unwrap();
        let clip = Region::from_rect(ours.bounds());
        let image = Image {
            format: ImageFormat::ZPixmap,
            width: width as u16,
            height: height as u16,
            depth,
            left_pad: 0,
            data: &data,
        };
        Canvas::new(&mut ours, (0, 0), &clip).put_image(&Gc::default(), 0, 0, &image);
        Pair { theirs, ours }
    }

    /// A GC with the same values there. `clip` rectangles have been put into `gc` as well.
    pub(crate) fn gc(&self, drawable: u32, gc: &Gc, clip: Option<&[Rect]>, pixmaps: &Patterns) -> Gcontext {
        let c = &self.connection;
        let id = c.generate_id().unwrap();
        let mut values = xproto::CreateGCAux::new()
            .function(xproto::GX::from(gc.function as u8))
            .plane_mask(gc.plane_mask)
            .foreground(gc.foreground)
            .background(gc.background)
            .line_width(u32::from(gc.line_width))
            .line_style(xproto::LineStyle::from(gc.line_style as u8))
            .cap_style(xproto::CapStyle::from(gc.cap_style as u8))
            .join_style(xproto::JoinStyle::from(gc.join_style as u8))
            .fill_style(xproto::FillStyle::from(gc.fill_style as u8))
            .fill_rule(xproto::FillRule::from(gc.fill_rule as u8))
            .arc_mode(xproto::ArcMode::from(gc.arc_mode as u8))
            .tile_stipple_x_origin(i32::from(gc.tile_origin.0))
            .tile_stipple_y_origin(i32::from(gc.tile_origin.1));
        if let Some(tile) = &pixmaps.tile {
            values = values.tile(tile.theirs);
        }
        if let Some(stipple) = &pixmaps.stipple {
            values = values.stipple(stipple.theirs);
        }
        c.create_gc(id, drawable, &values).unwrap();
        c.set_dashes(id, gc.dash_offset, &gc.dashes).unwrap();
        if let Some(clip) = clip {
            let rectangles: Vec<xproto::Rectangle> = clip.iter().map(wire_rectangle).collect();
            c.set_clip_rectangles(
                xproto::ClipOrdering::UNSORTED,
                id,
                gc.clip_origin.0,
                gc.clip_origin.1,
                &rectangles,
            )
            .unwrap();
        }
        id
    }

    /// The pixels there, `ZPixmap`.
    pub(crate) fn pixels(&self, pair: &Pair) -> Vec<u8> {
        let (width, height) = (pair.ours.width() as u16, pair.ours.height() as u16);
        let reply =
            self.connection.get_image(WireFormat::Z_PIXMAP, pair.theirs, 0, 0, width, height, u32::MAX);
        reply.unwrap().reply().unwrap().data
    }

    /// Whether both sides hold the same pixels; a picture of the difference if not.
    pub(crate) fn compare(&self, pair: &Pair) -> Result<(), String> {
        let theirs = self.pixels(pair);
        let mut ours = Vec::new();
        pair.ours.get_image(pair.ours.bounds(), ImageFormat::ZPixmap, u32::MAX, &mut ours);
        let mut theirs = theirs;
        if pair.ours.depth() == 4 {
            // Xvfb keeps the unused half of the byte as it comes.
            for byte in &mut theirs {
                *byte &= 0xf;
            }
        }
        if theirs == ours {
            return Ok(());
        }
        let stride = ours.len() / pair.ours.height() as usize;
        let bits = usize::from(xserver::raster::bits_per_pixel(pair.ours.depth()));
        let value = |data: &[u8], x: i32, y: i32| -> u32 {
            let at = y as usize * stride;
            match bits {
                1 => u32::from(data[at + x as usize / 8] >> (x % 8) & 1),
                8 => u32::from(data[at + x as usize]),
                16 => {
                    u32::from(u16::from_le_bytes([data[at + 2 * x as usize], data[at + 2 * x as usize + 1]]))
                }
                _ => u32::from_le_bytes(data[at + 4 * x as usize..][..4].try_into().unwrap()),
            }
        };
        let mut picture = String::new();
        let mut first = None;
        let mut count = 0;
        for y in 0..pair.ours.height() {
            for x in 0..pair.ours.width() {
                let (a, b) = (value(&theirs, x, y), value(&ours, x, y));
                if a != b {
                    count += 1;
                    first.get_or_insert((x, y, a, b));
                }
                let ground = value(&ours, pair.ours.width() - 1, pair.ours.height() - 1);
                picture.push(match (a == b, a == ground, b == ground) {
                    (true, true, _) => '.',
                    (true, false, _) => '#',
                    (false, false, true) => 'X',
                    (false, true, false) => 'o',
                    (false, ..) => '?',
                });
            }
            picture.push('\n');
        }
        let (x, y, a, b) = first.unwrap_or_default();
        Err(format!(
            "{count} pixels differ, the first at {x},{y}: Xvfb {a:#x}, ours {b:#x}\n(# both, X Xvfb only, o ours only)\n{picture}"
        ))
    }

    pub(crate) fn free(&self, pair: &Pair) {
        self.connection.free_pixmap(pair.theirs).unwrap();
    }
}

/// The patterns of a GC, on both sides.
#[derive(Default)]
pub(crate) struct Patterns {
    pub(crate) tile: Option<Pair>,
    pub(crate) stipple: Option<Pair>,
}

pub(crate) fn wire_rectangle(r: &Rect) -> xproto::Rectangle {
    xproto::Rectangle { x: r.x1 as i16, y: r.y1 as i16, width: r.width() as u16, height: r.height() as u16 }
}

/// What to vary in a GC.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Vary {
    pub(crate) fill: bool,
    pub(crate) function: bool,
    pub(crate) clip: bool,
}

/// A case's world: where it draws and with what.
pub(crate) struct Scene {
    pub(crate) pair: Pair,
    pub(crate) gc: Gc,
    pub(crate) id: Gcontext,
    pub(crate) clip: Region,
    patterns: Patterns,
}

impl Scene {
    /// Takes the GC as the case has begun it, varies it, and sets everything up on both sides.
    pub(crate) fn new(bench: &Bench, dice: &mut Dice, depth: u8, mut gc: Gc, vary: Vary) -> Self {
        let noise = vary.function && dice.one_in(2);
        let pair = bench.pair(dice, SIDE, SIDE, depth, noise);
        gc.foreground = dice.word();
        gc.background = dice.word();
        if vary.function {
            gc.function = Function::from_wire(dice.word() % 16).unwrap();
            if dice.one_in(3) {
                gc.plane_mask = dice.word();
            }
        }
        let mut patterns = Patterns::default();
        if vary.fill {
            let (w, h) = (dice.range(1, 40), dice.range(1, 40));
            let tile = bench.pair(dice, w, h, depth, true);
            let (w, h) = (dice.range(1, 40), dice.range(1, 40));
            let stipple = bench.pair(dice, w, h, 1, true);
            gc.fill_style = FillStyle::from_wire(dice.word() % 4).unwrap();
            gc.tile = Tile::Pixmap(Arc::new(tile.ours.clone()));
            gc.stipple = Some(Arc::new(stipple.ours.clone()));
            gc.tile_origin = (dice.range(-50, 50) as i16, dice.range(-50, 50) as i16);
            patterns = Patterns { tile: Some(tile), stipple: Some(stipple) };
        }
        let mut rectangles = None;
        if vary.clip {
            let list: Vec<Rect> = (0..dice.range(1, 6))
                .map(|_| {
                    let (x, y) = (dice.range(-10, SIDE), dice.range(-10, SIDE));
                    Rect::new(x, y, x + dice.range(0, 50), y + dice.range(0, 50))
                })
                .collect();
            gc.clip_origin = (dice.range(-5, 5) as i16, dice.range(-5, 5) as i16);
            gc.clip = Some(Arc::new(Region::from_rects(&list)));
            rectangles = Some(list);
        }
        let bounds = Region::from_rect(pair.ours.bounds());
        let clip = gc.clipped(&bounds, (0, 0)).into_owned();
        let id = bench.gc(pair.theirs, &gc, rectangles.as_deref(), &patterns);
        Self { pair, gc, id, clip, patterns }
    }

    pub(crate) fn free(self, bench: &Bench) {
        bench.connection.free_gc(self.id).unwrap();
        for pair in [Some(self.pair), self.patterns.tile, self.patterns.stipple].into_iter().flatten() {
            bench.free(&pair);
        }
    }
}

/// Draws with our side.
pub(crate) fn ours<R>(scene: &mut Scene, draw: impl FnOnce(&mut Canvas<'_>, &Gc) -> R) -> R {
    let mut canvas = Canvas::new(&mut scene.pair.ours, (0, 0), &scene.clip);
    draw(&mut canvas, &scene.gc)
}

/// Runs seeded cases of one family; none may differ. `DIFFERENTIAL_CASES` sets how many instead of `cases`,
/// `DIFFERENTIAL_SEED` where to begin.
pub(crate) fn run(cases: u64, mut case: impl FnMut(&Bench, &mut Dice) -> (Scene, String)) {
    let bench = Bench::start();
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let cases = number("DIFFERENTIAL_CASES").unwrap_or(cases);
    let begin = number("DIFFERENTIAL_SEED").unwrap_or(1);
    let mut failed = 0;
    let mut report = String::new();
    for seed in begin..begin + cases {
        let mut dice = Dice::new(seed);
        let (scene, what) = case(&bench, &mut dice);
        if let Err(difference) = bench.compare(&scene.pair) {
            failed += 1;
            if failed <= 40 {
                let (width, first) = (scene.gc.line_width, difference.lines().next().unwrap_or_default());
                let Gc { function, line_style, cap_style, join_style, .. } = &scene.gc;
                let style = format!("{function:?} {line_style:?} {cap_style:?} {join_style:?}");
                eprintln!("seed {seed} width {width} {style}: {what}: {first}");
            }
            if report.is_empty() {
                let Gc { tile: _, stipple: _, clip, .. } = &scene.gc;
                report = format!(
                    "seed {seed}, depth {}: {what}\n{:?}\nclip {clip:?}\n{difference}",
                    scene.pair.ours.depth(),
                    Gc { tile: Tile::Pixel(0), stipple: None, clip: None, ..scene.gc.clone() },
                );
            }
        }
        scene.free(&bench);
    }
    eprintln!("{failed} of {cases} cases differ");
    assert!(failed == 0, "{failed} of {cases} cases differ from Xvfb; {report}");
}
