//! RENDER on this server and on a private Xvfb: random but valid programs go over the same wire to both, and every pixel
//! of what they drew is compared. Results are the same but for one step of eight bits where arithmetic rounds.
//!
//! `RENDER_SEED=n RENDER_CASES=1` shows one case again.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be had fails it")]

mod bench;
#[path = "../fixture/dice.rs"]
mod dice;
#[path = "../fixture/own.rs"]
mod own;
#[path = "../fixture/xvfb.rs"]
mod xvfb;

use std::fmt::Write as _;

use bench::{Drawn, Programs};
use dice::Dice;
use x11rb::connection::Connection;
use x11rb::protocol::render::{self, ConnectionExt as _, PictOp};
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, Rectangle};
use x11rb::wrapper::ConnectionExt as _;

const SIDE: u16 = 48;

/// All operators but the four that blend whole colours.
const OPS: [u8; 49] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19,
    0x1a, 0x1b, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x30, 0x31, 0x32,
    0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a,
];
/// Those four: hue, saturation, colour, luminosity.
const WHOLE_COLOUR_OPS: [u8; 4] = [0x3b, 0x3c, 0x3d, 0x3e];
const COMMON_OPS: [u8; 8] = [1, 3, 3, 3, 12, 5, 8, 9];

/// What one program draws with: a connection to either server, and the formats in the order both list them by shape.
struct Canvas<'a, C: Connection> {
    c: &'a C,
    formats: Vec<render::Pictforminfo>,
    root: u32,
}

/// A format in a report: depth, then (lowest bit, mask) of alpha, red, green, blue.
fn shape(f: &render::Pictforminfo) -> String {
    let d = &f.direct;
    let channels = [
        (d.alpha_shift, d.alpha_mask),
        (d.red_shift, d.red_mask),
        (d.green_shift, d.green_mask),
        (d.blue_shift, d.blue_mask),
    ];
    format!("{} {channels:x?}", f.depth)
}

fn xy(p: render::Pointfix) -> (i32, i32) {
    (p.x, p.y)
}

impl<'a, C: Connection> Canvas<'a, C> {
    fn new(c: &'a C) -> Self {
        let mut formats = c.render_query_pict_formats().unwrap().reply().unwrap().formats;
        // Four bits of coverage are offered by this server only.
        formats.retain(|f| f.depth != 4);
        formats.sort_by_key(|f| {
            let d = &f.direct;
            (f.depth, d.alpha_mask, d.alpha_shift, d.red_mask, d.red_shift, d.green_mask, d.blue_shift)
        });
        Self { c, formats, root: c.setup().roots[0].root }
    }

    fn format(&self, depth: u8, alpha: u16, red: u16) -> u32 {
        let fits = |f: &&render::Pictforminfo| {
            f.depth == depth
                && f.direct.alpha_mask == alpha
                && f.direct.red_mask == red
                && f.direct.blue_shift == 0
        };
        self.formats.iter().find(fits).unwrap().id
    }

    fn a8(&self) -> u32 {
        self.format(8, 0xff, 0)
    }

    fn a1(&self) -> u32 {
        self.format(1, 1, 0)
    }

    fn argb(&self) -> u32 {
        self.format(32, 0xff, 0xff)
    }

    /// A pixmap of noise, premultiplied where the format has alpha and colours of eight bits.
    fn noise(&self, dice: &mut Dice, depth: u8, width: u16, height: u16) -> u32 {
        let pixmap = self.c.generate_id().unwrap();
        self.c.create_pixmap(depth, pixmap, self.root, width, height).unwrap();
        let gc = self.c.generate_id().unwrap();
        self.c.create_gc(gc, pixmap, &CreateGCAux::new()).unwrap();
        let bits = match depth {
            1 => 1,
            8 => 8,
            16 => 16,
            _ => 32,
        };
        let stride = (usize::from(width) * bits).div_ceil(32) * 4;
        let mut data = vec![0; stride * usize::from(height)];
        let flat = dice.one_in(4).then(|| dice.word());
        for word in data.chunks_exact_mut(4) {
            let mut value = flat.unwrap_or_else(|| dice.word());
            if depth == 32 {
                let a = match value >> 24 & 3 {
                    0 => 0,
                    1 => 255,
                    _ => value >> 16 & 0xff,
                };
                let part = |c: u32| c * a / 255;
                value = a << 24
                    | part(value & 0xff) << 16
                    | part(value >> 8 & 0xff) << 8
                    | part(value >> 4 & 0xff);
            }
            word.copy_from_slice(&value.to_ne_bytes());
        }
        self.c
            .put_image(
                x11rb::protocol::xproto::ImageFormat::Z_PIXMAP,
                pixmap,
                gc,
                width,
                height,
                0,
                0,
                0,
                depth,
                &data,
            )
            .unwrap();
        self.c.free_gc(gc).unwrap();
        pixmap
    }

    fn picture(&self, drawable: u32, format: u32, aux: &render::CreatePictureAux) -> u32 {
        let id = self.c.generate_id().unwrap();
        self.c.render_create_picture(id, drawable, format, aux).unwrap();
        id
    }

    fn colour(dice: &mut Dice) -> render::Color {
        let alpha = if dice.one_in(3) { 0xffff } else { dice.word() as u16 };
        let part = |c: u32| (u32::from(c as u16) * u32::from(alpha) / 0xffff) as u16;
        render::Color { alpha, red: part(dice.word()), green: part(dice.word()), blue: part(dice.word()) }
    }

    /// A picture to read: any format, repeat, transform and filter, or a colour or gradient.
    fn source(&self, dice: &mut Dice, exact: bool) -> (u32, String) {
        let kind = dice.range(0, if exact { 5 } else { 9 });
        let id = self.c.generate_id().unwrap();
        let repeat = dice.pick(&[0_u32, 0, 1, 2, 3]);
        let text;
        match kind {
            0 => {
                self.c.render_create_solid_fill(id, Self::colour(dice)).unwrap();
                return (id, "solid".to_owned());
            }
            7..=9 => {
                let n = dice.range(1, 5) as usize;
                let mut stops: Vec<i32> = (0..n).map(|_| dice.range(0, 65536)).collect();
                stops.sort_unstable();
                let colours: Vec<_> = (0..n)
                    .map(|_| render::Color {
                        alpha: dice.word() as u16,
                        red: dice.word() as u16,
                        green: dice.word() as u16,
                        blue: dice.word() as u16,
                    })
                    .collect();
                let point = |dice: &mut Dice| render::Pointfix {
                    x: dice.range(-10, 60) << 16,
                    y: dice.range(-10, 60) << 16,
                };
                match kind {
                    7 => {
                        let (a, b) = (point(dice), point(dice));
                        self.c.render_create_linear_gradient(id, a, b, &stops, &colours).unwrap();
                        text = format!("linear {:?} {:?} {stops:?}", xy(a), xy(b));
                    }
                    8 => {
                        let centre = point(dice);
                        let other = if dice.one_in(2) { centre } else { point(dice) };
                        let (r1, r2) = (dice.range(0, 20) << 16, dice.range(21, 50) << 16);
                        self.c
                            .render_create_radial_gradient(id, centre, other, r1, r2, &stops, &colours)
                            .unwrap();
                        text = format!("radial {:?} {r1} {:?} {r2} {stops:?}", xy(centre), xy(other));
                    }
                    _ => {
                        let centre = point(dice);
                        let angle = dice.range(0, 360) << 16;
                        self.c.render_create_conical_gradient(id, centre, angle, &stops, &colours).unwrap();
                        text = format!("conical {:?} {angle} {stops:?}", xy(centre));
                    }
                }
                self.c
                    .render_change_picture(
                        id,
                        &render::ChangePictureAux::new().repeat(render::Repeat::from(repeat)),
                    )
                    .unwrap();
                return (id, format!("{text} repeat {repeat}"));
            }
            _ => {
                let format = dice.pick(&self.formats);
                let (w, h) = if dice.one_in(6) {
                    (1, 1)
                } else {
                    (dice.range(2, 60) as u16, dice.range(2, 60) as u16)
                };
                let pixmap = self.noise(dice, format.depth, w, h);
                let mut aux = render::CreatePictureAux::new().repeat(render::Repeat::from(repeat));
                let component = dice.one_in(3);
                if component {
                    aux = aux.componentalpha(1);
                }
                self.c.render_create_picture(id, pixmap, format.id, &aux).unwrap();
                let more = self.restrict(dice, id);
                text = format!("{} {w}x{h} repeat {repeat} component {component}{more}", shape(&format));
            }
        }
        if kind >= 5 {
            let f = |dice: &mut Dice, low: i32, high: i32| dice.range(low, high) * 4096;
            let whole = kind == 5;
            let one = 65536;
            let t = if whole {
                let (x, y) = (dice.range(-9, 9) * one, dice.range(-9, 9) * one);
                [one, 0, x, 0, one, y, 0, 0, one]
            } else {
                [
                    f(dice, -40, 40),
                    f(dice, -9, 9),
                    f(dice, -99, 99),
                    f(dice, -9, 9),
                    f(dice, -40, 40),
                    f(dice, -99, 99),
                    0,
                    0,
                    one,
                ]
            };
            let filters = ["nearest", "bilinear", "good", "fast", "convolution"];
            let filter = if whole { "nearest" } else { dice.pick(&filters) };
            let mut values = Vec::new();
            if filter == "convolution" {
                let (columns, rows) = (dice.range(1, 4), dice.range(1, 4));
                values.extend([columns << 16, rows << 16]);
                // They add up to about one, as a blur's do. None is below zero: where channels have more than eight bits
                // Xvfb takes sums below zero for very large ones.
                values.extend((0..columns * rows).map(|_| dice.range(0, 131_072 / (columns * rows))));
            }
            self.c
                .render_set_picture_transform(
                    id,
                    render::Transform {
                        matrix11: t[0],
                        matrix12: t[1],
                        matrix13: t[2],
                        matrix21: t[3],
                        matrix22: t[4],
                        matrix23: t[5],
                        matrix31: t[6],
                        matrix32: t[7],
                        matrix33: t[8],
                    },
                )
                .unwrap();
            self.c.render_set_picture_filter(id, filter.as_bytes(), &values).unwrap();
            return (id, format!("{text} {t:?} {filter} {values:?}"));
        }
        (id, text)
    }

    fn destination(&self, dice: &mut Dice) -> (u32, u32, render::Pictforminfo, String) {
        let format = dice.pick(&self.formats);
        let pixmap = self.noise(dice, format.depth, SIDE, SIDE);
        let picture = self.picture(pixmap, format.id, &render::CreatePictureAux::new());
        let text = format!("on {}{}", shape(&format), self.restrict(dice, picture));
        (pixmap, picture, format, text)
    }

    /// Now and then a clip, of rectangles or of a bitmap, and alpha from another picture.
    fn restrict(&self, dice: &mut Dice, picture: u32) -> String {
        let mut text = String::new();
        match dice.range(0, 5) {
            0 | 1 => {
                let rects = rectangles_within(dice, 4, 1);
                self.c.render_set_picture_clip_rectangles(picture, 1, 2, &rects).unwrap();
                text += " clipped";
            }
            2 => {
                let (w, h) = (dice.range(20, 60), dice.range(20, 60));
                let bitmap = self.noise(dice, 1, w as u16, h as u16);
                let aux = render::ChangePictureAux::new()
                    .clipmask(bitmap)
                    .clipxorigin(dice.range(-9, 9))
                    .clipyorigin(dice.range(-9, 9));
                self.c.render_change_picture(picture, &aux).unwrap();
                text += " clipped by a bitmap";
            }
            _ => {}
        }
        if dice.one_in(6) {
            let (depth, format) = dice.pick(&[(8, self.a8()), (32, self.argb()), (1, self.a1())]);
            let (w, h) = (dice.range(20, 60), dice.range(20, 60));
            let map = self.noise(dice, depth, w as u16, h as u16);
            let map = self.picture(map, format, &render::CreatePictureAux::new());
            let (x, y) = (dice.range(-9, 9), dice.range(-9, 9));
            let aux = render::ChangePictureAux::new().alphamap(map).alphaxorigin(x).alphayorigin(y);
            self.c.render_change_picture(picture, &aux).unwrap();
            write!(text, " alpha of depth {depth} at {x},{y}").unwrap();
        }
        text
    }

    fn image(&self, pixmap: u32) -> Vec<u8> {
        let image = self.c.get_image(
            x11rb::protocol::xproto::ImageFormat::Z_PIXMAP,
            pixmap,
            0,
            0,
            SIDE,
            SIDE,
            u32::MAX,
        );
        image.unwrap().reply().unwrap().data
    }

    fn op(dice: &mut Dice) -> PictOp {
        PictOp::from(if dice.one_in(2) { dice.pick(&OPS) } else { dice.pick(&COMMON_OPS) })
    }
}

fn composites<C: Connection>(c: &C, dice: &mut Dice, exact: bool) -> Drawn {
    composites_by(c, dice, exact, true, Canvas::<C>::op)
}

fn composites_by<C: Connection>(
    c: &C,
    dice: &mut Dice,
    exact: bool,
    masked: bool,
    op: impl Fn(&mut Dice) -> PictOp,
) -> Drawn {
    let canvas = Canvas::new(c);
    let (pixmap, to, format, to_text) = canvas.destination(dice);
    let (source, source_text) = canvas.source(dice, exact);
    let (mask, mask_text) =
        if masked && dice.one_in(2) { canvas.source(dice, exact) } else { (0, "no mask".to_owned()) };
    let op = op(dice);
    let at = |dice: &mut Dice| (dice.range(-10, 30) as i16, dice.range(-10, 30) as i16);
    let (s, m, d) = (at(dice), at(dice), at(dice));
    let size = (dice.range(1, 60) as u16, dice.range(1, 60) as u16);
    c.render_composite(op, source, mask, to, s.0, s.1, m.0, m.1, d.0, d.1, size.0, size.1).unwrap();
    Drawn::new(
        &format,
        canvas.image(pixmap),
        format!("{op:?} {source_text} {s:?}; mask {mask_text} {m:?}; {to_text} {d:?} {size:?}"),
    )
}

#[test]
fn untransformed_pictures_are_composited_as_in_xvfb() {
    Programs::run(1500, 1, |dice, c| composites(c, dice, true), |dice, c| composites(c, dice, true));
}

#[test]
fn transformed_pictures_and_gradients_are_composited_as_in_xvfb() {
    Programs::run(1500, 1, |dice, c| composites(c, dice, false), |dice, c| composites(c, dice, false));
}

#[test]
fn whole_colours_are_blended_as_in_xvfb() {
    fn blends<C: Connection>(dice: &mut Dice, c: &C) -> Drawn {
        // Without a mask: Xvfb lets one scale green twice and blue not at all, which the protocol does not know.
        composites_by(c, dice, true, false, |dice| PictOp::from(dice.pick(&WHOLE_COLOUR_OPS)))
    }
    Programs::run(500, 1, blends, blends);
}

/// Up to `most` rectangles, no smaller than `least`, that lie partly outside of a picture.
fn rectangles_within(dice: &mut Dice, most: i32, least: i32) -> Vec<Rectangle> {
    (0..dice.range(1, most))
        .map(|_| Rectangle {
            x: dice.range(-5, 40) as i16,
            y: dice.range(-5, 40) as i16,
            width: dice.range(least, 40) as u16,
            height: dice.range(least, 40) as u16,
        })
        .collect()
}

fn rectangles<C: Connection>(c: &C, dice: &mut Dice) -> Drawn {
    let canvas = Canvas::new(c);
    let (pixmap, to, format, text) = canvas.destination(dice);
    let op = Canvas::<C>::op(dice);
    let colour = Canvas::<C>::colour(dice);
    let parts = [colour.alpha, colour.red, colour.green, colour.blue];
    let rects = rectangles_within(dice, 5, 0);
    c.render_fill_rectangles(op, to, colour, &rects).unwrap();
    Drawn::new(
        &format,
        canvas.image(pixmap),
        format!(
            "{op:?} {parts:x?} {:?} {text}",
            rects.iter().map(|r| (r.x, r.y, r.width, r.height)).collect::<Vec<_>>()
        ),
    )
}

#[test]
fn rectangles_are_filled_as_in_xvfb() {
    Programs::run(500, 1, |dice, c| rectangles(c, dice), |dice, c| rectangles(c, dice));
}

fn shapes<C: Connection>(c: &C, dice: &mut Dice) -> Drawn {
    let canvas = Canvas::new(c);
    let (pixmap, to, format, mut text) = canvas.destination(dice);
    let (source, source_text) = canvas.source(dice, true);
    let op = PictOp::from(dice.pick(&COMMON_OPS));
    let mask = dice.pick(&[0, canvas.a8(), canvas.a8(), canvas.a1()]);
    if dice.one_in(4) {
        c.render_change_picture(to, &render::ChangePictureAux::new().polyedge(render::PolyEdge::SMOOTH))
            .unwrap();
    }
    let whole = dice.one_in(3);
    text.push_str(if whole { " whole" } else { " fractions" });
    let at =
        |dice: &mut Dice| if whole { dice.range(-4, 52) << 16 } else { dice.range(-4 * 65536, 52 * 65536) };
    let point = |dice: &mut Dice| render::Pointfix { x: at(dice), y: at(dice) };
    let n = dice.range(1, 4);
    let what = match dice.range(0, 3) {
        0 => {
            let traps: Vec<_> = (0..n)
                .map(|_| {
                    let (top, bottom) = (at(dice), at(dice));
                    // Xvfb counts along lines that are nearly level in 32 bits, which overflow.
                    let level = |l: &render::Linefix| {
                        let (dx, dy) = (l.p1.x.abs_diff(l.p2.x), l.p1.y.abs_diff(l.p2.y));
                        dx / 400 > dy
                    };
                    let line = |dice: &mut Dice| loop {
                        let line = render::Linefix { p1: point(dice), p2: point(dice) };
                        if !level(&line) {
                            break line;
                        }
                    };
                    render::Trapezoid {
                        top: top.min(bottom),
                        bottom: top.max(bottom),
                        left: line(dice),
                        right: line(dice),
                    }
                })
                .collect();
            c.render_trapezoids(op, source, to, mask, 3, 4, &traps).unwrap();
            let lines = traps
                .iter()
                .map(|t| (t.top, t.bottom, [t.left.p1, t.left.p2, t.right.p1, t.right.p2].map(xy)));
            format!("{:?}", lines.collect::<Vec<_>>())
        }
        1 => {
            let triangles: Vec<_> = (0..n)
                .map(|_| render::Triangle { p1: point(dice), p2: point(dice), p3: point(dice) })
                .collect();
            c.render_triangles(op, source, to, mask, 3, 4, &triangles).unwrap();
            format!("{:?}", triangles.iter().map(|t| [t.p1, t.p2, t.p3].map(xy)).collect::<Vec<_>>())
        }
        kind => {
            let points: Vec<_> = (0..n + 2).map(|_| point(dice)).collect();
            if kind == 2 {
                c.render_tri_strip(op, source, to, mask, 3, 4, &points).unwrap();
            } else {
                c.render_tri_fan(op, source, to, mask, 3, 4, &points).unwrap();
            }
            format!("{kind} {:?}", points.iter().copied().map(xy).collect::<Vec<_>>())
        }
    };
    Drawn::new(&format, canvas.image(pixmap), format!("{op:?} {source_text} mask {mask:x} {what} {text}"))
}

#[test]
fn trapezoids_and_triangles_are_drawn_as_in_xvfb() {
    Programs::run(1000, 1, |dice, c| shapes(c, dice), |dice, c| shapes(c, dice));
}

fn traps<C: Connection>(c: &C, dice: &mut Dice) -> Drawn {
    let canvas = Canvas::new(c);
    let coverage: Vec<_> = canvas.formats.iter().filter(|f| f.direct.red_mask == 0).copied().collect();
    let format = dice.pick(&coverage);
    let pixmap = canvas.noise(dice, format.depth, SIDE, SIDE);
    let to = canvas.picture(pixmap, format.id, &render::CreatePictureAux::new());
    let at = |dice: &mut Dice| dice.range(-4 * 65536, 52 * 65536);
    let traps: Vec<_> = (0..dice.range(1, 4))
        .map(|_| {
            let (a, b) = (at(dice), at(dice));
            let span = |dice: &mut Dice, y| render::Spanfix { l: at(dice), r: at(dice), y };
            render::Trap { top: span(dice, a.min(b)), bot: span(dice, a.max(b)) }
        })
        .collect();
    let off = (dice.range(-9, 9) as i16, dice.range(-9, 9) as i16);
    c.render_add_traps(to, off.0, off.1, &traps).unwrap();
    Drawn::new(
        &format,
        canvas.image(pixmap),
        format!(
            "{off:?} {:?}",
            traps.iter().map(|t| [t.top, t.bot].map(|s| (s.l, s.r, s.y))).collect::<Vec<_>>()
        ),
    )
}

#[test]
fn coverage_is_added_as_in_xvfb() {
    Programs::run(400, 0, |dice, c| traps(c, dice), |dice, c| traps(c, dice));
}

/// A shape that begins about a row of samples, with a side about their columns: its top and bottom, and that side's ends.
fn on_samples(dice: &mut Dice) -> ([i32; 2], [i32; 2]) {
    const ONE: i32 = 65536;
    // The first sample of a pixel, and the way to the next.
    let row = |dice: &mut Dice| dice.range(-3, 9) * ONE + 2185 + dice.range(0, 14) * 4369;
    let column = |dice: &mut Dice| dice.range(-2, 20) * ONE + 1928 + dice.range(0, 16) * 3855;
    let (top, left) = (row(dice) + dice.pick(&[0, 1, -1, -12]), column(dice) + dice.pick(&[0, 1, -1]));
    let (across, down) = (dice.range(1, 9 * ONE), dice.range(1, 40 * ONE));
    let slant = dice.pick(&[-1, 1]) * dice.pick(&[0, 1, 1000, ONE, across]);
    let bottom = top + dice.pick(&[2 * ONE, 4 * ONE + 7, 4369, down]);
    if dice.one_in(2) {
        // From sample to sample.
        let steps = dice.range(12, 80);
        return ([top, top + steps * 4369], [left, left + steps * 3855]);
    }
    ([top, bottom], [left, left + slant])
}

fn traps_on_samples<C: Connection>(c: &C, dice: &mut Dice) -> Drawn {
    let canvas = Canvas::new(c);
    let format = canvas.formats.iter().find(|f| f.id == canvas.a8()).unwrap();
    let pixmap = canvas.noise(dice, 8, SIDE, SIDE);
    let to = canvas.picture(pixmap, format.id, &render::CreatePictureAux::new());
    let ([top, bottom], left) = on_samples(dice);
    let span = |y: i32, l: i32| render::Spanfix { l, r: 30 << 16, y };
    let trap = render::Trap { top: span(top, left[0]), bot: span(bottom, left[1]) };
    c.render_add_traps(to, 0, 0, &[trap]).unwrap();
    Drawn::new(format, canvas.image(pixmap), format!("{left:?} {top} to {bottom}"))
}

/// The same as trapezoids, some with the target's upper border across them.
fn trapezoids_on_samples<C: Connection>(c: &C, dice: &mut Dice) -> Drawn {
    let canvas = Canvas::new(c);
    let format = canvas.formats.iter().find(|f| f.id == canvas.a8()).unwrap();
    let [from, pixmap] = [1, 2].map(|_| canvas.noise(dice, 8, SIDE, SIDE));
    let [from, to] = [from, pixmap].map(|p| canvas.picture(p, format.id, &render::CreatePictureAux::new()));
    let ([top, bottom], left) = on_samples(dice);
    let line = |[from, to]: [i32; 2]| {
        let end = |x, y| render::Pointfix { x, y };
        render::Linefix { p1: end(from, top), p2: end(to, bottom) }
    };
    let trapezoid = render::Trapezoid { top, bottom, left: line(left), right: line([30 << 16; 2]) };
    let op = dice.pick(&[PictOp::OVER, PictOp::ADD, PictOp::SRC, PictOp::IN]);
    c.render_trapezoids(op, from, to, format.id, 0, 0, &[trapezoid]).unwrap();
    Drawn::new(format, canvas.image(pixmap), format!("{op:?} {left:?} {top} to {bottom}"))
}

#[test]
fn edges_that_begin_on_samples_cover_as_in_xvfb() {
    Programs::run(600, 0, |dice, c| traps_on_samples(c, dice), |dice, c| traps_on_samples(c, dice));
}

fn glyphs<C: Connection>(c: &C, dice: &mut Dice) -> Drawn {
    let canvas = Canvas::new(c);
    let (pixmap, to, format, text) = canvas.destination(dice);
    let (source, source_text) = canvas.source(dice, true);
    let op = PictOp::from(dice.pick(&COMMON_OPS));
    let mut sets = Vec::new();
    for _ in 0..2 {
        let (set_format, bits) =
            dice.pick(&[(canvas.a8(), 8), (canvas.a8(), 8), (canvas.a1(), 1), (canvas.argb(), 32)]);
        let set = c.generate_id().unwrap();
        c.render_create_glyph_set(set, set_format).unwrap();
        for id in 0..4 {
            let info = render::Glyphinfo {
                width: dice.range(0, 14) as u16,
                height: dice.range(0, 14) as u16,
                x: dice.range(-3, 5) as i16,
                y: dice.range(-3, 12) as i16,
                x_off: dice.range(0, 12) as i16,
                y_off: dice.range(-2, 2) as i16,
            };
            let stride = (usize::from(info.width) * bits).div_ceil(32) * 4;
            let data: Vec<u8> = (0..stride * usize::from(info.height)).map(|_| dice.word() as u8).collect();
            c.render_add_glyphs(set, &[id], &[info], &data).unwrap();
        }
        sets.push(set);
    }
    let mask = dice.pick(&[0, canvas.a8(), canvas.a1(), canvas.argb()]);
    let mut items = Vec::new();
    for _ in 0..dice.range(1, 3) {
        let n = dice.range(1, 5) as u8;
        items.extend([n, 0, 0, 0]);
        items.extend((dice.range(-5, 30) as i16).to_ne_bytes());
        items.extend((dice.range(-5, 30) as i16).to_ne_bytes());
        items.extend((0..n).map(|_| dice.range(0, 4) as u8));
        items.resize(items.len().next_multiple_of(4), 0);
        items.extend([0xff, 0, 0, 0, 0, 0, 0, 0]);
        items.extend(dice.pick(&sets).to_ne_bytes());
    }
    c.render_composite_glyphs8(op, source, to, mask, sets[0], 2, 3, &items).unwrap();
    Drawn::new(&format, canvas.image(pixmap), format!("{op:?} {source_text} mask {mask:x} {items:?} {text}"))
}

#[test]
fn text_is_drawn_as_in_xvfb() {
    Programs::run(600, 1, |dice, c| glyphs(c, dice), |dice, c| glyphs(c, dice));
}

#[test]
fn both_servers_offer_the_same_formats_and_filters() {
    fn listed<C: Connection>(c: &C) -> String {
        let canvas = Canvas::new(c);
        let shapes: Vec<_> = canvas.formats.iter().map(shape).collect();
        let filters = c.render_query_filters(canvas.root).unwrap().reply().unwrap();
        let names: Vec<_> =
            filters.filters.iter().map(|f| String::from_utf8_lossy(&f.name).into_owned()).collect();
        c.sync().unwrap();
        // Clients that read the reply piece by piece go by these counts, and wait for ever when they are too high.
        let formats = c.render_query_pict_formats().unwrap().reply().unwrap();
        let depths = formats.screens.iter().flat_map(|screen| &screen.depths);
        let visuals: usize = depths.clone().map(|depth| depth.visuals.len()).sum();
        assert_eq!((formats.num_depths as usize, formats.num_visuals as usize), (depths.count(), visuals));
        format!("{shapes:?} {names:?} {:?}", filters.aliases)
    }
    Programs::run(1, 0, |_, c| Drawn::text(listed(c)), |_, c| Drawn::text(listed(c)));
}

/// A picture of 2 by 1 pixels at depth 32, and its pixmap.
fn pair<C: Connection>(canvas: &Canvas<'_, C>, pixels: [u32; 2]) -> (u32, u32) {
    let c = canvas.c;
    let pixmap = c.generate_id().unwrap();
    c.create_pixmap(32, pixmap, canvas.root, 2, 1).unwrap();
    let gc = c.generate_id().unwrap();
    c.create_gc(gc, pixmap, &CreateGCAux::new()).unwrap();
    let data = pixels.map(u32::to_ne_bytes).concat();
    let format = x11rb::protocol::xproto::ImageFormat::Z_PIXMAP;
    c.put_image(format, pixmap, gc, 2, 1, 0, 0, 0, 32, &data).unwrap();
    (canvas.picture(pixmap, canvas.argb(), &render::CreatePictureAux::new()), pixmap)
}

fn pixels_of<C: Connection>(c: &C, pixmap: u32) -> [u32; 2] {
    let format = x11rb::protocol::xproto::ImageFormat::Z_PIXMAP;
    let data = c.get_image(format, pixmap, 0, 0, 2, 1, u32::MAX).unwrap().reply().unwrap().data;
    [0, 4].map(|at| u32::from_ne_bytes(data[at..at + 4].try_into().unwrap()))
}

#[test]
fn the_clip_of_a_picture_that_is_read_has_no_say() {
    let c = own::connect(40, 30);
    let canvas = Canvas::new(&c);
    let (from, _) = pair(&canvas, [0xff11_1111, 0xff22_2222]);
    let (to, pixmap) = pair(&canvas, [0, 0]);
    let left = Rectangle { x: 0, y: 0, width: 1, height: 1 };
    c.render_set_picture_clip_rectangles(from, 0, 0, &[left]).unwrap();
    c.render_composite(PictOp::OVER, from, 0_u32, to, 0, 0, 0, 0, 0, 0, 2, 1).unwrap();
    assert_eq!(pixels_of(&c, pixmap), [0xff11_1111, 0xff22_2222]);
    c.render_set_picture_clip_rectangles(to, 0, 0, &[left]).unwrap();
    c.render_composite(PictOp::CLEAR, from, 0_u32, to, 0, 0, 0, 0, 0, 0, 2, 1).unwrap();
    assert_eq!(pixels_of(&c, pixmap), [0, 0xff22_2222], "that of the picture drawn on has");
}

#[test]
fn a_kernel_leaves_a_pixel_that_is_repeated_as_it_is() {
    let c = own::connect(40, 30);
    let canvas = Canvas::new(&c);
    let pixmap = c.generate_id().unwrap();
    c.create_pixmap(32, pixmap, canvas.root, 1, 1).unwrap();
    let aux = render::CreatePictureAux::new().repeat(render::Repeat::NORMAL);
    let from = canvas.picture(pixmap, canvas.argb(), &aux);
    let colour = render::Color { alpha: 0xffff, red: 0x8080, green: 0x4040, blue: 0 };
    let whole = Rectangle { x: 0, y: 0, width: 1, height: 1 };
    c.render_fill_rectangles(PictOp::SRC, from, colour, &[whole]).unwrap();
    // A single weight of a half.
    c.render_set_picture_filter(from, b"convolution", &[1 << 16, 1 << 16, 1 << 15]).unwrap();
    let (to, pixmap) = pair(&canvas, [0, 0]);
    c.render_composite(PictOp::SRC, from, 0_u32, to, 0, 0, 0, 0, 0, 0, 2, 1).unwrap();
    assert_eq!(pixels_of(&c, pixmap), [0xff80_4000; 2]);
}

/// A picture without alpha that is repeated: two pixels of one colour.
fn opaque<C: Connection>(canvas: &Canvas<'_, C>) -> u32 {
    let c = canvas.c;
    let pixmap = c.generate_id().unwrap();
    c.create_pixmap(24, pixmap, canvas.root, 2, 1).unwrap();
    let aux = render::CreatePictureAux::new().repeat(render::Repeat::NORMAL);
    let picture = canvas.picture(pixmap, canvas.format(24, 0, 0xff), &aux);
    let colour = render::Color { alpha: 0xffff, red: 0x8080, green: 0x4040, blue: 0 };
    let whole = Rectangle { x: 0, y: 0, width: 2, height: 1 };
    c.render_fill_rectangles(PictOp::SRC, picture, colour, &[whole]).unwrap();
    picture
}

#[test]
fn a_mask_without_alpha_dims_through_a_kernel_whose_weights_are_less_than_one() {
    let c = own::connect(40, 30);
    let canvas = Canvas::new(&c);
    let from = c.generate_id().unwrap();
    let white = render::Color { alpha: 0xffff, red: 0xffff, green: 0xffff, blue: 0xffff };
    c.render_create_solid_fill(from, white).unwrap();
    let mask = opaque(&canvas);
    c.render_set_picture_filter(mask, b"convolution", &[1 << 16, 1 << 16, 1 << 15]).unwrap();
    let (to, pixmap) = pair(&canvas, [0, 0]);
    c.render_composite(PictOp::SRC, from, mask, to, 0, 0, 0, 0, 0, 0, 2, 1).unwrap();
    assert_eq!(pixels_of(&c, pixmap), [0x8080_8080; 2]);
}

#[test]
fn what_leaves_a_target_as_it_is_leaves_its_own_alpha_too() {
    let c = own::connect(40, 30);
    let canvas = Canvas::new(&c);
    let (to, pixmap) = pair(&canvas, [0xff11_1111, 0x8022_2222]);
    let (map, map_pixmap) = pair(&canvas, [0x4000_0000, 0x4000_0000]);
    c.render_change_picture(to, &render::ChangePictureAux::new().alphamap(map)).unwrap();
    let (from, mask) = (opaque(&canvas), opaque(&canvas));
    c.render_composite(PictOp::IN_REVERSE, from, mask, to, 0, 0, 0, 0, 0, 0, 2, 1).unwrap();
    assert_eq!(pixels_of(&c, pixmap), [0xff11_1111, 0x8022_2222]);
    assert_eq!(pixels_of(&c, map_pixmap), [0x4000_0000; 2]);
}

#[test]
fn filling_fills_the_alpha_map_too_and_goes_on_beyond_it() {
    let c = own::connect(40, 30);
    let canvas = Canvas::new(&c);
    let (to, pixmap) = pair(&canvas, [0, 0]);
    let (map, map_pixmap) = pair(&canvas, [0, 0]);
    // The map lies over the second pixel alone.
    c.render_change_picture(to, &render::ChangePictureAux::new().alphamap(map).alphaxorigin(1)).unwrap();
    let colour = render::Color { alpha: 0x8080, red: 0x4040, green: 0x2020, blue: 0 };
    let whole = Rectangle { x: 0, y: 0, width: 2, height: 1 };
    c.render_fill_rectangles(PictOp::SRC, to, colour, &[whole]).unwrap();
    assert_eq!(pixels_of(&c, pixmap), [0x8040_2000; 2]);
    assert_eq!(pixels_of(&c, map_pixmap), [0x8040_2000, 0]);
}

#[test]
fn trapezoids_cut_off_at_the_top_cover_as_in_xvfb() {
    Programs::run(600, 0, |dice, c| trapezoids_on_samples(c, dice), |dice, c| trapezoids_on_samples(c, dice));
}
