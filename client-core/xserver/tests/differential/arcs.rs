//! Filled, thin and wide arcs, dashed ones, and chains of them.

use x11rb::protocol::xproto::{self, ConnectionExt};
use xserver::raster::{ArcMode, CapStyle, Function, Gc, JoinStyle, LineStyle};

use crate::bench::{Bench, SIDE, Scene, Vary, ours, run};
use crate::dice::Dice;
use crate::{depth, line_gc, vary};

/// An arc that usually fits, with angles that are often quarters.
fn arc(dice: &mut Dice, full: bool) -> xproto::Arc {
    let size = |dice: &mut Dice| match dice.word() % 16 {
        0 => dice.range(0, 3),
        1 => dice.range(0, 790),
        _ => dice.range(0, SIDE),
    };
    let (width, height) = (size(dice), size(dice));
    let height = if dice.one_in(4) { width } else { height };
    let angle = |dice: &mut Dice| match dice.word() % 4 {
        0 => dice.range(-8, 8) * 45 * 64,
        1 => dice.range(-400, 400) * 64,
        _ => dice.range(-400 * 64, 400 * 64),
    };
    let (angle1, angle2) = (angle(dice), angle(dice));
    xproto::Arc {
        x: dice.range(-width.min(300), SIDE) as i16,
        y: dice.range(-height.min(300), SIDE) as i16,
        width: width as u16,
        height: height as u16,
        angle1: angle1 as i16,
        angle2: if full { 360 * 64 } else { angle2 as i16 },
    }
}

fn arc_text(arcs: &[xproto::Arc]) -> String {
    format!(
        "{:?}",
        arcs.iter().map(|a| (a.x, a.y, a.width, a.height, a.angle1, a.angle2)).collect::<Vec<_>>()
    )
}

fn filled_arcs(bench: &Bench, dice: &mut Dice, full: bool, mode: ArcMode, vary: Vary) -> (Scene, String) {
    let depth = depth(dice);
    let gc = Gc { arc_mode: mode, ..Gc::default() };
    let mut scene = Scene::new(bench, dice, depth, gc, vary);
    let arcs: Vec<xproto::Arc> = (0..dice.range(1, 2)).map(|_| arc(dice, full)).collect();
    bench.connection.poly_fill_arc(scene.pair.theirs, scene.id, &arcs).unwrap();
    ours(&mut scene, |canvas, gc| canvas.poly_fill_arc(gc, &arcs));
    (scene, arc_text(&arcs))
}

#[test]
fn filled_ellipses_are_as_in_xvfb() {
    run(1500, |bench, dice| {
        let vary = vary(dice);
        filled_arcs(bench, dice, true, ArcMode::PieSlice, vary)
    });
}

#[test]
fn pie_slices_are_as_in_xvfb() {
    run(1500, |bench, dice| filled_arcs(bench, dice, false, ArcMode::PieSlice, Vary::default()));
}

#[test]
fn chords_are_as_in_xvfb() {
    run(1500, |bench, dice| filled_arcs(bench, dice, false, ArcMode::Chord, Vary::default()));
}

fn thin_arcs(bench: &Bench, dice: &mut Dice, full: bool, dashed: bool, vary: Vary) -> (Scene, String) {
    let depth = depth(dice);
    let gc = line_gc(dice, 0, dashed);
    let mut scene = Scene::new(bench, dice, depth, gc, vary);
    let mut arcs: Vec<xproto::Arc> = (0..dice.range(1, 2)).map(|_| arc(dice, full)).collect();
    // Where the eighths of a circle meet Xvfb draws pixels twice, which some functions show.
    for arc in arcs.iter_mut().filter(|arc| vary.function && arc.width == arc.height) {
        arc.width |= 1;
    }
    bench.connection.poly_arc(scene.pair.theirs, scene.id, &arcs).unwrap();
    ours(&mut scene, |canvas, gc| canvas.poly_arc(gc, &arcs));
    (scene, arc_text(&arcs))
}

#[test]
fn thin_ellipses_are_as_in_xvfb() {
    run(1500, |bench, dice| {
        let vary = vary(dice);
        thin_arcs(bench, dice, true, false, vary)
    });
}

#[test]
fn thin_arcs_are_as_in_xvfb() {
    run(1500, |bench, dice| {
        let vary = vary(dice);
        thin_arcs(bench, dice, false, false, vary)
    });
}

#[test]
fn thin_dashed_arcs_are_as_in_xvfb() {
    run(1000, |bench, dice| {
        let (full, vary) = (dice.one_in(2), vary(dice));
        thin_arcs(bench, dice, full, true, vary)
    });
}

#[test]
fn wide_ellipses_are_as_in_xvfb() {
    run(1500, |bench, dice| {
        let width = if dice.one_in(2) { dice.range(1, 5) } else { dice.range(1, 40) } as u16;
        let gc = line_gc(dice, width, false);
        let (depth, vary) = (depth(dice), vary(dice));
        let mut scene = Scene::new(bench, dice, depth, gc, vary);
        let mut arc = arc(dice, true);
        arc.width = arc.width.max(1);
        arc.height = if dice.one_in(2) { arc.width } else { arc.height.max(1) };
        bench.connection.poly_arc(scene.pair.theirs, scene.id, &[arc]).unwrap();
        ours(&mut scene, |canvas, gc| canvas.poly_arc(gc, &[arc]));
        (scene, arc_text(&[arc]))
    });
}

/// An arc the pixels of which say something of arcs.
fn wide_arc(dice: &mut Dice, full: bool, line_width: u16) -> xproto::Arc {
    loop {
        let arc = arc(dice, full);
        if !draws_a_whole_ellipse_for_nothing(&arc) && !cube_root_decides(&arc, line_width) {
            return arc;
        }
    }
}

/// Whether Xvfb draws a whole ellipse for an arc that ends where it begins: if that is a full turn from the right.
fn draws_a_whole_ellipse_for_nothing(arc: &xproto::Arc) -> bool {
    arc.angle2 == 0 && arc.angle1.unsigned_abs() == 360 * 64
}

/// Whether an edge of an ellipse's line passes through pixels' centres, or the evolute has its cusp in a row of them. Then
/// the last bit of a cube root decides, which is not the same in one C library and the next.
fn cube_root_decides(arc: &xproto::Arc, line_width: u16) -> bool {
    let (w, h) = (f64::from(arc.width) / 2.0, f64::from(arc.height) / 2.0);
    let half = f64::from(line_width) / 2.0;
    if arc.width == arc.height || arc.width == 0 || arc.height == 0 {
        return false;
    }
    let is_whole = |v: f64| (v - v.round()).abs() < 1e-9;
    if is_whole(h + (h * h - w * w) / h) {
        return true;
    }
    // Where the normal at an angle ends.
    let offset = |angle: f64, by: f64| {
        let (sin, cos) = angle.sin_cos();
        let length = (h * cos).hypot(w * sin);
        (w * cos + by * h * cos / length, h * sin + by * w * sin / length)
    };
    let rows = (0..=(h + half) as i32).map(|row| h.fract() + f64::from(row));
    let mut rows = rows.filter(|row| *row > 0.0);
    rows.any(|row| {
        [half, -half].into_iter().any(|by| {
            let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
            for _ in 0..60 {
                let middle = f64::midpoint(low, high);
                if offset(middle, by).1 < row { low = middle } else { high = middle }
            }
            let (x, y) = offset(low, by);
            (y - row).abs() < 1e-9 && is_whole(x + w)
        })
    })
}

fn wide_arcs(bench: &Bench, dice: &mut Dice, dashed: bool) -> (Scene, String) {
    let width = dice.range(1, 30) as u16;
    let gc = line_gc(dice, width, dashed);
    let depth = depth(dice);
    let mut scene = Scene::new(bench, dice, depth, gc, Vary::default());
    let full = dice.one_in(2);
    let arc = wide_arc(dice, full, width);
    bench.connection.poly_arc(scene.pair.theirs, scene.id, &[arc]).unwrap();
    ours(&mut scene, |canvas, gc| canvas.poly_arc(gc, &[arc]));
    (scene, arc_text(&[arc]))
}

#[test]
fn wide_arcs_are_as_in_xvfb() {
    run(500, |bench, dice| wide_arcs(bench, dice, false));
}

#[test]
fn wide_dashed_arcs_are_as_in_xvfb() {
    run(500, |bench, dice| wide_arcs(bench, dice, true));
}

#[test]
fn thin_arcs_too_large_to_be_stepped_through_are_as_in_xvfb() {
    run(200, |bench, dice| {
        let dashed = dice.one_in(2);
        let gc = line_gc(dice, 0, dashed);
        let depth = depth(dice);
        let mut scene = Scene::new(bench, dice, depth, gc, Vary::default());
        let full = dice.one_in(4);
        let mut arc = wide_arc(dice, full, 1);
        let large = dice.range(801, 3000);
        // Some of its edge is seen: at the top, at the right, at the left or at the bottom.
        let (at, small) = (dice.range(0, SIDE), dice.range(1, 200));
        (arc.width, arc.height) = (large as u16, small as u16);
        (arc.x, arc.y) = ((at - large / dice.pick(&[2, 4, 300])) as i16, (at - small / 2) as i16);
        if dice.one_in(2) {
            (arc.width, arc.height) = (arc.height, arc.width);
            (arc.x, arc.y) = (arc.y, arc.x);
        }
        if cube_root_decides(&arc, 1) {
            arc.width = arc.height;
        }
        bench.connection.poly_arc(scene.pair.theirs, scene.id, &[arc]).unwrap();
        ours(&mut scene, |canvas, gc| canvas.poly_arc(gc, &[arc]));
        (scene, arc_text(&[arc]))
    });
}

/// Arcs most of which begin where the one before ends: at the ends of axes, which are whole pixels in boxes of even size.
fn arc_chain(dice: &mut Dice, line_width: u16) -> Vec<xproto::Arc> {
    const QUARTER: i32 = 90 * 64;
    // Where an arc is at a quarter, from the corner of its box.
    let at = |arc: &xproto::Arc, quarter: i32| {
        let (w, h) = (arc.width as i16 / 2, arc.height as i16 / 2);
        [(2 * w, h), (w, 0), (0, h), (w, 2 * h)][quarter.rem_euclid(4) as usize]
    };
    let mut arcs: Vec<xproto::Arc> = Vec::new();
    let mut ended = None;
    let count = dice.range(2, 5);
    while (arcs.len() as i32) < count {
        let size = |dice: &mut Dice| if dice.one_in(8) { 0 } else { 2 * dice.range(1, 30) as u16 };
        let (width, height) = (size(dice), size(dice));
        let (from, turn) = (dice.range(-4, 4), dice.range(-4, 4));
        let (x, y) = (dice.range(0, 60) as i16, dice.range(0, 60) as i16);
        let (angle1, angle2) = ((from * QUARTER) as i16, (turn * QUARTER) as i16);
        let mut arc = xproto::Arc { x, y, width, height, angle1, angle2 };
        if cube_root_decides(&arc, line_width) || draws_a_whole_ellipse_for_nothing(&arc) {
            continue;
        }
        if let Some((x, y)) = ended
            && !dice.one_in(5)
        {
            let start = at(&arc, from);
            (arc.x, arc.y) = (x - start.0, y - start.1);
        }
        let end = at(&arc, from + turn);
        ended = Some((arc.x + end.0, arc.y + end.1));
        arcs.push(arc);
    }
    if dice.one_in(3) {
        // Corners that close: as of a rectangle with round corners, without its sides.
        let (x, y, size) = (arcs[0].x, arcs[0].y, arcs[0].width.max(2));
        let corner = |quarter: i32| xproto::Arc {
            x,
            y,
            width: size,
            height: size,
            angle1: (quarter * QUARTER) as i16,
            angle2: QUARTER as i16,
        };
        arcs = (0..4).map(corner).collect();
    }
    arcs
}

#[test]
fn wide_arcs_that_follow_one_another_are_as_in_xvfb() {
    run(500, |bench, dice| {
        let width = dice.range(1, 30) as u16;
        let dashed = dice.one_in(2);
        let gc = line_gc(dice, width, dashed);
        // For functions that see what is there Xvfb draws nothing outside the boxes with half a line width around them,
        // which caps and joins reach out of.
        let within =
            matches!(gc.cap_style, CapStyle::Butt | CapStyle::NotLast) && gc.join_style == JoinStyle::Bevel;
        let (depth, vary) = (depth(dice), vary(dice));
        let vary = if within { vary } else { Vary { function: false, ..vary } };
        let mut scene = Scene::new(bench, dice, depth, gc, vary);
        let arcs = arc_chain(dice, width);
        bench.connection.poly_arc(scene.pair.theirs, scene.id, &arcs).unwrap();
        ours(&mut scene, |canvas, gc| canvas.poly_arc(gc, &arcs));
        (scene, arc_text(&arcs))
    });
}

/// Draws arcs inverted and dashed, which shows what is drawn together. The offset of their dashes is the seed.
fn inverted_arcs(
    dice: &mut Dice,
    bench: &Bench,
    line_width: u16,
    dash: u8,
    arcs: &[[i16; 6]],
) -> (Scene, String) {
    let gc = Gc {
        function: Function::Invert,
        line_width,
        line_style: dice.pick(&[LineStyle::OnOffDash, LineStyle::DoubleDash]),
        join_style: JoinStyle::Bevel,
        dash_offset: dice.seed as u16,
        dashes: vec![dash].into(),
        ..Gc::default()
    };
    let mut scene = Scene::new(bench, dice, 24, gc, Vary::default());
    let arc = |[x, y, width, height, angle1, angle2]: [i16; 6]| {
        let (width, height) = (width as u16, height as u16);
        xproto::Arc { x, y, width, height, angle1: angle1 * 64, angle2: angle2 * 64 }
    };
    let arcs: Vec<xproto::Arc> = arcs.iter().copied().map(arc).collect();
    bench.connection.poly_arc(scene.pair.theirs, scene.id, &arcs).unwrap();
    ours(&mut scene, |canvas, gc| canvas.poly_arc(gc, &arcs));
    (scene, arc_text(&arcs))
}

#[test]
fn arcs_that_lead_to_a_whole_ellipse_come_before_it() {
    const ELLIPSE: [i16; 6] = [40, 55, 54, 20, 90, 360];
    run(8, |bench, dice| {
        let turn = dice.pick(&[0, 2, -2]);
        inverted_arcs(dice, bench, 30, 2, &[ELLIPSE, [54, 55, 26, 58, 90 - turn, turn]])
    });
}

#[test]
fn a_chain_that_ends_in_a_gap_is_drawn_together_with_the_next() {
    run(40, |bench, dice| {
        let arcs = [(0, 30), (30, 30), (10, 10)].map(|(angle, extent)| [10, 10, 60, 60, angle, extent]);
        inverted_arcs(dice, bench, 6, 20, &arcs)
    });
}

#[test]
fn no_pixel_of_a_circle_is_drawn_twice_whatever_its_size() {
    // X11 §9, PolyArc. Xor shows it; Xvfb heeds it in bitmaps only.
    run(90, |bench, dice| {
        let gc = Gc { function: Function::Xor, ..Gc::default() };
        let mut scene = Scene::new(bench, dice, 1, gc, Vary::default());
        scene.gc.foreground = 1;
        bench.connection.change_gc(scene.id, &xproto::ChangeGCAux::new().foreground(1)).unwrap();
        let size = dice.seed as u16 % 90;
        let arc = xproto::Arc { x: 0, y: 0, width: size, height: size, angle1: 20_160, angle2: 360 * 64 };
        bench.connection.poly_arc(scene.pair.theirs, scene.id, &[arc]).unwrap();
        ours(&mut scene, |canvas, gc| canvas.poly_arc(gc, &[arc]));
        (scene, arc_text(&[arc]))
    });
}
