//! From rectangles and spans to pixels: clipping, fill styles, functions, plane masks.

use std::ops::Range;

use x11rb_protocol::protocol::xproto::Rectangle;

use super::dash::Dashes;
use super::gc::{FillStyle, Gc, Tile};
use super::line::Line;
use super::pixmap::{Pixel, Pixels, with_pixels};
use super::rop::{Rop, fill_row};
use super::{Canvas, Pixmap};
use crate::region::{Overlap, Rect, Region};

impl Canvas<'_> {
    /// X11 §9 `PolyFillRectangle`.
    pub fn poly_fill_rectangle(&mut self, gc: &Gc, rectangles: &[Rectangle]) -> Rect {
        let mut painter = self.painter(gc);
        painter.rects(
            rectangles
                .iter()
                .map(|r| Rect::from_size(r.x.into(), r.y.into(), r.width.into(), r.height.into())),
        );
        painter.finish()
    }

    /// Fills a rectangle with a pixel value, under the clip: a window's plain background, `ClearArea`.
    pub fn fill_pixel(&mut self, rect: Rect, pixel: u32) -> Rect {
        let mut painter = self.painter_of(Source::Solid { and: 0, xor: pixel });
        painter.rect(rect);
        painter.finish()
    }

    /// Fills a rectangle with a tile of the drawable's depth that has its corner at `tile_origin` (drawable-relative),
    /// under the clip: a window's background pixmap, `ClearArea`.
    pub fn fill_tile(&mut self, rect: Rect, tile: &Pixmap, tile_origin: (i32, i32)) -> Rect {
        let rop = Rop::new(super::Function::Copy, u32::MAX);
        let corner =
            (self.origin.0.saturating_add(tile_origin.0), self.origin.1.saturating_add(tile_origin.1));
        let mut painter = self.painter_of(Source::tile(self.pixmap.depth(), tile, corner, rop));
        painter.rect(rect);
        painter.finish()
    }

    /// A painter that takes no notice of the GC's fill style.
    pub(super) fn solid_painter(&mut self, gc: &Gc) -> Painter<'_> {
        let rop = Rop::new(gc.function, gc.plane_mask & self.pixmap.write_mask());
        let (and, xor) = rop.for_source(gc.foreground);
        self.painter_of(if rop.is_noop() { Source::Nothing } else { Source::Solid { and, xor } })
    }

    fn painter_of<'c>(&'c mut self, source: Source<'c>) -> Painter<'c> {
        Painter {
            pixmap: self.pixmap,
            origin: self.origin,
            clip: &self.clip,
            source,
            touched: Rect::EMPTY,
            scratch: Scratch::default(),
        }
    }
}

/// What a pixel becomes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// Nothing is drawn.
    Nothing,
    /// `dst & and ^ xor` everywhere.
    Solid { and: u32, xor: u32 },
    /// The tile, its corner at `corner` (pixmap coordinates), combined by `rop`.
    Tile { tile: &'a Pixmap, corner: (i32, i32), rop: Rop },
    /// `dst & and ^ xor`, with `one` where the bitmap has ones and `zero` elsewhere.
    Stipple { bitmap: &'a Pixmap, corner: (i32, i32), one: (u32, u32), zero: (u32, u32) },
}

impl<'a> Source<'a> {
    fn tile(depth: u8, tile: &'a Pixmap, corner: (i32, i32), rop: Rop) -> Self {
        // The server answers a tile of another depth with Match; here it only must not mix element types.
        if tile.depth() == depth && !rop.is_noop() { Self::Tile { tile, corner, rop } } else { Self::Nothing }
    }

    /// What fills the odd dashes of double-dashed lines (X11 §8, fill style): as the even ones, but with the background
    /// for the foreground where a colour or a stipple is drawn.
    fn of_gap(gc: &'a Gc, pixmap: &Pixmap, origin: (i32, i32)) -> Self {
        let rop = Rop::new(gc.function, gc.plane_mask & pixmap.write_mask());
        let colour = rop.for_source(gc.background);
        match Self::of_gc(gc, pixmap, origin) {
            _ if rop.is_noop() => Self::Nothing,
            Self::Solid { .. } if gc.fill_style != FillStyle::Tiled => {
                Self::Solid { and: colour.0, xor: colour.1 }
            }
            Self::Stipple { bitmap, corner, zero, .. } if gc.fill_style == FillStyle::Stippled => {
                Self::Stipple { bitmap, corner, one: colour, zero }
            }
            same => same,
        }
    }

    /// By the GC's fill style.
    pub(super) fn of_gc(gc: &'a Gc, pixmap: &Pixmap, origin: (i32, i32)) -> Self {
        let rop = Rop::new(gc.function, gc.plane_mask & pixmap.write_mask());
        if rop.is_noop() {
            return Self::Nothing;
        }
        let corner = (
            origin.0.saturating_add(i32::from(gc.tile_origin.0)),
            origin.1.saturating_add(i32::from(gc.tile_origin.1)),
        );
        let foreground = rop.for_source(gc.foreground);
        let solid = |(and, xor)| Self::Solid { and, xor };
        match (gc.fill_style, &gc.stipple) {
            (FillStyle::Solid, _) | (FillStyle::Stippled | FillStyle::OpaqueStippled, None) => {
                solid(foreground)
            }
            (FillStyle::Tiled, _) => match &gc.tile {
                Tile::Pixel(pixel) => solid(rop.for_source(*pixel)),
                Tile::Pixmap(tile) => Self::tile(pixmap.depth(), tile, corner, rop),
            },
            (FillStyle::Stippled, Some(bitmap)) => {
                Self::Stipple { bitmap, corner, one: foreground, zero: (u32::MAX, 0) }
            }
            (FillStyle::OpaqueStippled, Some(bitmap)) => {
                Self::Stipple { bitmap, corner, one: foreground, zero: rop.for_source(gc.background) }
            }
        }
    }
}

/// Clips shapes and fills them. Made once per request.
pub(super) struct Painter<'a> {
    pixmap: &'a mut Pixmap,
    origin: (i32, i32),
    clip: &'a Region,
    source: Source<'a>,
    /// In pixmap coordinates.
    touched: Rect,
    scratch: Scratch,
}

/// Rows of pattern laid out ahead, kept between spans to save allocations.
#[derive(Default)]
struct Scratch {
    bytes: Vec<u8>,
    words: Vec<u32>,
}

impl<'a> Painter<'a> {
    pub(super) fn new(pixmap: &'a mut Pixmap, origin: (i32, i32), clip: &'a Region, gc: &'a Gc) -> Self {
        let source = Source::of_gc(gc, pixmap, origin);
        Self { pixmap, origin, clip, source, touched: Rect::EMPTY, scratch: Scratch::default() }
    }

    /// What may have changed, drawable-relative.
    pub(super) fn finish(self) -> Rect {
        if self.touched.is_empty() {
            return Rect::EMPTY;
        }
        self.touched.translate(-self.origin.0, -self.origin.1)
    }

    /// Nothing outside this rectangle (drawable-relative) is drawn.
    pub(super) fn bounds(&self) -> Rect {
        self.clip.extents().translate(self.origin.0.saturating_neg(), self.origin.1.saturating_neg())
    }

    /// Where the drawable's corner lies in the pixmap.
    pub(super) fn origin(&self) -> (i32, i32) {
        self.origin
    }

    /// The depth that is drawn to.
    pub(super) fn depth(&self) -> u8 {
        self.pixmap.depth()
    }

    /// The clip, in pixmap coordinates.
    pub(super) fn clip(&self) -> &'a Region {
        self.clip
    }

    /// Draws with what fills the odd dashes of a double-dashed line.
    pub(super) fn with_gap_source(&mut self, gc: &'a Gc, draw: impl FnOnce(&mut Self)) {
        let even = self.source;
        self.source = Source::of_gap(gc, self.pixmap, self.origin);
        draw(self);
        self.source = even;
    }

    /// The one rectangle that is the clip, and the colour, where both are as plain as that.
    pub(super) fn plain(&self) -> Option<(Rect, (u32, u32))> {
        match (self.source, self.clip.as_rect()) {
            (Source::Solid { and, xor }, Some(clip)) => Some((clip, (and, xor))),
            _ => None,
        }
    }

    /// What the odd dashes of a double-dashed line become, where that is one colour.
    pub(super) fn plain_gap(&self, gc: &'a Gc) -> Option<(u32, u32)> {
        match Source::of_gap(gc, self.pixmap, self.origin) {
            Source::Solid { and, xor } => Some((and, xor)),
            _ => None,
        }
    }

    /// Draws lines (drawable-relative) that lie within the clip, which is one rectangle; those that do not are handed to
    /// `other`. A request of a thousand short lines pays for clip, colour and element type once. `with_last` is whether
    /// the last point of each line is drawn.
    pub(super) fn plain_lines(
        &mut self,
        lines: impl Iterator<Item = ((i32, i32), (i32, i32))>,
        with_last: bool,
        mut other: impl FnMut(&mut Self, (i32, i32), (i32, i32)),
    ) {
        let Some((clip, colour)) = self.plain() else {
            lines.for_each(|(a, b)| other(self, a, b));
            return;
        };
        let (dx, dy) = self.origin;
        let width = self.pixmap.width() as usize;
        let mut outside = Vec::new();
        let inside = lines.filter_map(|(a, b)| {
            let shift = |p: (i32, i32)| (p.0.saturating_add(dx), p.1.saturating_add(dy));
            let (p, q) = (shift(a), shift(b));
            if clip.contains(p.0, p.1) && clip.contains(q.0, q.1) {
                return Some((p, q));
            }
            outside.push((a, b));
            None
        });
        let touched =
            with_pixels!(&mut self.pixmap.pixels, data => draw_lines(data, width, inside, with_last, colour));
        self.touched = self.touched.bound(&touched);
        for (a, b) in outside {
            other(self, a, b);
        }
    }

    /// Draws a line's `steps` where all of it lies within a clip of one rectangle, dash by dash: `odd` is what odd dashes
    /// become, none where they are left out. Tells whether it was so.
    pub(super) fn plain_dashes(
        &mut self,
        line: &Line,
        steps: i64,
        dashes: &Dashes,
        odd: Option<(u32, u32)>,
    ) -> bool {
        let Some((clip, even)) = self.plain() else { return false };
        let (a, b) = line.ends();
        if steps <= 0 || !clip.contains(a.0, a.1) || !clip.contains(b.0, b.1) {
            return false;
        }
        self.touched = self.touched.bound(&around(a, b));
        let mut walk = Walk::new(line, self.pixmap.width() as usize);
        with_pixels!(&mut self.pixmap.pixels, data => {
            if let Some(pattern) = dashes.pattern() {
                walk.draw_pattern(data, steps, (pattern, dashes.position), even, odd);
                return true;
            }
            let mut left = steps;
            for (is_odd, length) in dashes.runs(dashes.position) {
                let count = left.min(length as i64);
                match (is_odd, odd) {
                    (false, _) => walk.draw(data, count, even),
                    (true, Some(odd)) => walk.draw(data, count, odd),
                    (true, None) => walk.skip(count),
                }
                left -= count;
                if left == 0 {
                    break;
                }
            }
        });
        true
    }

    /// Draws the set bits of a bitmap, 32 columns to a word from the lowest bit on, with its corner at `x`, `y`
    /// (drawable-relative).
    pub(super) fn bitmap<'b>(
        &mut self,
        x: i32,
        y: i32,
        size: (u32, u32),
        rows: impl Iterator<Item = &'b [u32]>,
    ) {
        let rect = Rect::from_size(x, y, size.0, size.1).translate(self.origin.0, self.origin.1);
        let extents = self.clip.extents();
        if !rect.overlaps(&extents) {
            return;
        }
        if let (Source::Solid { and, xor }, Some(clip)) = (self.source, self.clip.as_rect())
            && clip.contains_rect(&rect)
        {
            self.touched = self.touched.bound(&rect);
            let width = self.pixmap.width() as usize;
            let start = rect.y1 as usize * width + rect.x1 as usize;
            with_pixels!(&mut self.pixmap.pixels, data => draw_bits(data, width, start, rows, (and, xor)));
            return;
        }
        for (row, y) in rows.zip(y..) {
            for (word, x) in row.iter().zip((x..).step_by(32)) {
                let mut bits = *word;
                let mut x = x;
                // Runs of ones are spans.
                while bits != 0 {
                    let gap = bits.trailing_zeros();
                    bits >>= gap;
                    let run = bits.trailing_ones();
                    x += gap as i32;
                    self.span(y, x, x + run as i32);
                    x += run as i32;
                    bits = bits.checked_shr(run).unwrap_or(0);
                }
            }
        }
    }

    /// Draws single pixels, drawable-relative.
    pub(super) fn dots(&mut self, points: impl Iterator<Item = (i32, i32)>) {
        let (Source::Solid { and, xor }, Some(clip)) = (self.source, self.clip.as_rect()) else {
            for (x, y) in points {
                self.span(y, x, x.saturating_add(1));
            }
            return;
        };
        let width = self.pixmap.width() as usize;
        let (dx, dy) = self.origin;
        let inside = points
            .map(|(x, y)| (x.saturating_add(dx), y.saturating_add(dy)))
            .filter(|(x, y)| clip.contains(*x, *y));
        let touched =
            with_pixels!(&mut self.pixmap.pixels, data => draw_dots(data, width, inside, (and, xor)));
        self.touched = self.touched.bound(&touched);
    }

    /// Draws a shape straight into pixel memory, where `bounds` (drawable-relative) lies within the clip and the fill
    /// is one colour; tells whether it was so.
    pub(super) fn plain_shape(&mut self, bounds: Rect, shape: &impl PlainShape) -> bool {
        let Source::Solid { and, xor } = self.source else { return false };
        let rect = bounds.translate(self.origin.0, self.origin.1);
        if self.clip.overlap(&rect) != Overlap::In {
            return false;
        }
        self.touched = self.touched.bound(&rect);
        let width = self.pixmap.width() as usize;
        with_pixels!(&mut self.pixmap.pixels, data => draw_shape(data, width, self.origin, (and, xor), shape));
        true
    }

    /// Draws steps of a line in pixmap coordinates, all of which are within the clip.
    pub(super) fn walk(&mut self, line: &Line, steps: Range<i64>) {
        let first = line.at(steps.start);
        self.touched = self.touched.bound(&around(first, line.at(steps.end - 1)));
        if let Source::Solid { and, xor } = self.source {
            let mut walk = Walk::new(line, self.pixmap.width() as usize);
            walk.enter(line, steps.start, first);
            let count = steps.end - steps.start;
            with_pixels!(&mut self.pixmap.pixels, data => walk.draw(data, count, (and, xor)));
        } else {
            for (x, y) in steps.map(|step| line.at(step)) {
                self.fill(Rect { x1: x, y1: y, x2: x + 1, y2: y + 1 });
            }
        }
    }

    /// Fills rectangles, drawable-relative.
    pub(super) fn rects(&mut self, rects: impl Iterator<Item = Rect>) {
        let Some((clip, colour)) = self.plain() else {
            rects.for_each(|rect| self.rect(rect));
            return;
        };
        let (dx, dy) = self.origin;
        let width = self.pixmap.width() as usize;
        let inside = rects.map(|r| r.translate(dx, dy).intersect(&clip)).filter(|r| !r.is_empty());
        let touched = with_pixels!(&mut self.pixmap.pixels, data => fill_rects(data, width, inside, colour));
        self.touched = self.touched.bound(&touched);
    }

    /// Fills a rectangle, drawable-relative.
    pub(super) fn rect(&mut self, rect: Rect) {
        self.fill_clipped(rect.translate(self.origin.0, self.origin.1));
    }

    /// Fills what the clip lets through of a rectangle in pixmap coordinates.
    pub(super) fn fill_clipped(&mut self, rect: Rect) {
        let hit = rect.intersect(&self.clip.extents());
        if hit.is_empty() {
            return;
        }
        self.touched = self.touched.bound(&hit);
        let clip = self.clip;
        if clip.as_rect().is_some() {
            self.fill(hit);
            return;
        }
        for r in clip.from_row(hit.y1) {
            if r.y1 >= hit.y2 {
                break;
            }
            let part = r.intersect(&hit);
            if !part.is_empty() {
                self.fill(part);
            }
        }
    }

    /// Fills one row's pixels `x1 <= x < x2`, drawable-relative.
    #[inline]
    pub(super) fn span(&mut self, y: i32, x1: i32, x2: i32) {
        self.rect(Rect { x1, y1: y, x2, y2: y.saturating_add(1) });
    }

    /// Fills a rectangle in pixmap coordinates that lies within the clip.
    fn fill(&mut self, rect: Rect) {
        let width = self.pixmap.width() as usize;
        match (&mut self.pixmap.pixels, self.source) {
            (_, Source::Nothing) => {}
            (Pixels::Bytes(data), Source::Solid { and, xor }) => fill_solid(data, width, rect, and, xor),
            (Pixels::Words(data), Source::Solid { and, xor }) => fill_solid(data, width, rect, and, xor),
            (Pixels::Bytes(data), Source::Tile { tile, corner, rop }) => {
                if let Pixels::Bytes(source) = &tile.pixels {
                    fill_tiled(data, width, rect, (source, tile), corner, rop, &mut self.scratch.bytes);
                }
            }
            (Pixels::Words(data), Source::Tile { tile, corner, rop }) => {
                if let Pixels::Words(source) = &tile.pixels {
                    fill_tiled(data, width, rect, (source, tile), corner, rop, &mut self.scratch.words);
                }
            }
            (pixels, Source::Stipple { bitmap, corner, one, zero }) => {
                let Pixels::Bytes(bits) = &bitmap.pixels else { return };
                let scratch = &mut self.scratch.bytes;
                with_pixels!(pixels, data => fill_stippled(data, width, rect, (bits, bitmap), corner, one, zero, scratch));
            }
        }
    }
}

/// A shape that can draw itself into pixel memory, no pixel of it outside.
pub(super) trait PlainShape {
    /// Combines each of its pixels; `stride` is the memory's width, `origin` what to add to the shape's coordinates.
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, origin: (i32, i32), combine: impl Fn(&mut P));
}

fn draw_shape<P: Pixel>(
    data: &mut [P],
    width: usize,
    origin: (i32, i32),
    (and, xor): (u32, u32),
    shape: &impl PlainShape,
) {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        shape.draw(data, width, origin, move |pixel| *pixel = xor);
    } else {
        shape.draw(data, width, origin, move |pixel| *pixel = *pixel & and ^ xor);
    }
}

/// The rectangle around two pixels.
fn around(a: (i32, i32), b: (i32, i32)) -> Rect {
    Rect { x1: a.0.min(b.0), y1: a.1.min(b.1), x2: a.0.max(b.0) + 1, y2: a.1.max(b.1) + 1 }
}

/// Steps through pixel memory along a line.
struct Walk {
    width: isize,
    /// Where the next pixel is, and what a step adds: along the major axis, and along the minor one besides.
    at: isize,
    major: isize,
    minor: isize,
    /// Grows by `up` with each step; reaching 0 takes it `down` and along the minor axis.
    error: i64,
    up: i64,
    down: i64,
}

impl Walk {
    /// At a line's first point.
    #[inline]
    fn new(line: &Line, width: usize) -> Self {
        let width = width as isize;
        let offset = |(x, y): (i32, i32)| y as isize * width + x as isize;
        let (error, up, down) = line.first_error();
        Self {
            width,
            at: offset(line.ends().0),
            major: offset(line.major),
            minor: offset(line.minor),
            error,
            up,
            down,
        }
    }

    /// Goes to a later step, whose point is known.
    fn enter(&mut self, line: &Line, step: i64, (x, y): (i32, i32)) {
        self.at = y as isize * self.width + x as isize;
        (self.error, self.up, self.down) = line.error_at(step);
    }

    #[inline]
    fn advance(&mut self) {
        self.at += self.major;
        self.error += self.up;
        if self.error >= 0 {
            self.error -= self.down;
            self.at += self.minor;
        }
    }

    /// Passes over so many steps.
    fn skip(&mut self, count: i64) {
        for _ in 0..count {
            self.advance();
        }
    }

    /// Draws so many steps as `dst & and ^ xor`.
    #[inline]
    fn draw<P: Pixel>(&mut self, data: &mut [P], count: i64, (and, xor): (u32, u32)) {
        let (and, xor) = (P::from_value(and), P::from_value(xor));
        if and == P::from_value(0) {
            self.each(data, count, |pixel| *pixel = xor);
        } else {
            self.each(data, count, |pixel| *pixel = *pixel & and ^ xor);
        }
    }

    /// Draws steps by a pattern that tells for each whether it is odd, from a position in it on.
    fn draw_pattern<P: Pixel>(
        &mut self,
        data: &mut [P],
        count: i64,
        (pattern, position): (&[bool], u64),
        even: (u32, u32),
        odd: Option<(u32, u32)>,
    ) {
        let colour = |(and, xor): (u32, u32)| (P::from_value(and), P::from_value(xor));
        let (even, odd) = (colour(even), odd.map(colour));
        let mut rest = pattern.get((position % pattern.len().max(1) as u64) as usize..).unwrap_or(&[]);
        for _ in 0..count {
            let Some((is_odd, after)) = rest.split_first().or_else(|| pattern.split_first()) else { return };
            rest = after;
            let now = if *is_odd { odd } else { Some(even) };
            if let (Some((and, xor)), Some(pixel)) = (now, data.get_mut(self.at as usize)) {
                *pixel = *pixel & and ^ xor;
            }
            self.advance();
        }
    }

    #[inline]
    fn each<P: Pixel>(&mut self, data: &mut [P], count: i64, combine: impl Fn(&mut P)) {
        for _ in 0..count {
            if let Some(pixel) = data.get_mut(self.at as usize) {
                combine(pixel);
            }
            self.advance();
        }
    }
}

/// Combines the pixels of a line's first steps.
#[inline]
pub(super) fn walk<P: Pixel>(
    line: &Line,
    width: usize,
    data: &mut [P],
    count: i64,
    combine: impl Fn(&mut P),
) {
    Walk::new(line, width).each(data, count, combine);
}

/// Draws lines that lie within the pixels, and tells the rectangle around them.
fn draw_lines<P: Pixel>(
    data: &mut [P],
    width: usize,
    lines: impl Iterator<Item = ((i32, i32), (i32, i32))>,
    with_last: bool,
    colour: (u32, u32),
) -> Rect {
    let mut touched = Rect::new(i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    let (and, xor) = (P::from_value(colour.0), P::from_value(colour.1));
    for (a, b) in lines {
        let part = around(a, b);
        touched = Rect {
            x1: touched.x1.min(part.x1),
            y1: touched.y1.min(part.y1),
            x2: touched.x2.max(part.x2),
            y2: touched.y2.max(part.y2),
        };
        if (b.0 - a.0).abs() <= 1 && (b.1 - a.1).abs() <= 1 {
            // So short that it has no more than its ends.
            let ends = if with_last && a != b { 2 } else { usize::from(with_last || a != b) };
            for (x, y) in [a, b].into_iter().take(ends) {
                if let Some(pixel) = data.get_mut(y as usize * width + x as usize) {
                    *pixel = *pixel & and ^ xor;
                }
            }
            continue;
        }
        if a.1 == b.1 {
            // Level: a row, whose last pixel is at its left or right end.
            let row = a.1 as usize * width;
            let (from, to) = if a.0 <= b.0 {
                (a.0, b.0 + i32::from(with_last))
            } else {
                (b.0 + i32::from(!with_last), a.0 + 1)
            };
            if let Some(row) = data.get_mut(row + from as usize..row + to as usize) {
                fill_row(row, and, xor);
            }
            continue;
        }
        let line = Line::new(a, b);
        Walk::new(&line, width).draw(data, line.count + i64::from(with_last), colour);
    }
    if touched.is_empty() { Rect::EMPTY } else { touched }
}

/// Combines single pixels, and tells the rectangle around them.
fn draw_dots<P: Pixel>(
    data: &mut [P],
    width: usize,
    points: impl Iterator<Item = (i32, i32)>,
    (and, xor): (u32, u32),
) -> Rect {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    // Pixels that are only written need not be waited for: on a large screen each is a cache miss of its own.
    if and == P::from_value(0) {
        each_dot(data, width, points, |pixel| *pixel = xor)
    } else {
        each_dot(data, width, points, |pixel| *pixel = *pixel & and ^ xor)
    }
}

fn each_dot<P: Pixel>(
    data: &mut [P],
    width: usize,
    points: impl Iterator<Item = (i32, i32)>,
    combine: impl Fn(&mut P),
) -> Rect {
    let mut around = Rect::new(i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    for (x, y) in points {
        if let Some(pixel) = data.get_mut(y as usize * width + x as usize) {
            combine(pixel);
        }
        around = Rect {
            x1: around.x1.min(x),
            y1: around.y1.min(y),
            x2: around.x2.max(x + 1),
            y2: around.y2.max(y + 1),
        };
    }
    if around.is_empty() { Rect::EMPTY } else { around }
}

/// Combines the pixels at a bitmap's set bits; `start` is where its corner lies in memory.
fn draw_bits<'b, P: Pixel>(
    data: &mut [P],
    width: usize,
    start: usize,
    rows: impl Iterator<Item = &'b [u32]>,
    (and, xor): (u32, u32),
) {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        each_bit(data, width, start, rows, |pixel| *pixel = xor);
    } else {
        each_bit(data, width, start, rows, |pixel| *pixel = *pixel & and ^ xor);
    }
}

fn each_bit<'b, P: Pixel>(
    data: &mut [P],
    width: usize,
    start: usize,
    rows: impl Iterator<Item = &'b [u32]>,
    combine: impl Fn(&mut P),
) {
    for (words, start) in rows.zip((start..).step_by(width)) {
        for (word, start) in words.iter().zip((start..).step_by(32)) {
            let end = data.len().min(start + 32);
            let Some(row) = data.get_mut(start..end) else { return };
            let mut bits = *word;
            while bits != 0 {
                if let Some(pixel) = row.get_mut(bits.trailing_zeros() as usize) {
                    combine(pixel);
                }
                bits &= bits - 1;
            }
        }
    }
}

/// Every `step`th row of `rect` in pixel memory `width` wide. Rows outside the memory do not come.
fn rows<P>(data: &mut [P], width: usize, rect: Rect, step: i32) -> impl Iterator<Item = &mut [P]> {
    let (x1, x2) = (rect.x1.max(0) as usize, rect.x2.max(0) as usize);
    let step = step.max(1) as usize;
    data.chunks_exact_mut(width)
        .skip(rect.y1.max(0) as usize)
        .step_by(step)
        .take((rect.height() as usize).div_ceil(step))
        .filter_map(move |row| row.get_mut(x1..x2))
}

fn fill_solid<P: Pixel>(data: &mut [P], width: usize, rect: Rect, and: u32, xor: u32) {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        each_row(data, width, rect, |row| row.fill(xor));
    } else {
        each_row(data, width, rect, |row| row.iter_mut().for_each(|d| *d = *d & and ^ xor));
    }
}

/// Fills rectangles that lie within the pixels, and tells the rectangle around them.
fn fill_rects<P: Pixel>(
    data: &mut [P],
    width: usize,
    rects: impl Iterator<Item = Rect>,
    (and, xor): (u32, u32),
) -> Rect {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        each_rect(data, width, rects, |row| {
            // A call of the library's fill costs more than a few pixels do.
            if row.len() < 8 {
                for pixel in row {
                    *pixel = xor;
                }
            } else {
                row.fill(xor);
            }
        })
    } else {
        each_rect(data, width, rects, |row| row.iter_mut().for_each(|d| *d = *d & and ^ xor))
    }
}

fn each_rect<P: Pixel>(
    data: &mut [P],
    width: usize,
    rects: impl Iterator<Item = Rect>,
    fill: impl Fn(&mut [P]),
) -> Rect {
    let mut touched = Rect::new(i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    for rect in rects {
        touched = Rect {
            x1: touched.x1.min(rect.x1),
            y1: touched.y1.min(rect.y1),
            x2: touched.x2.max(rect.x2),
            y2: touched.y2.max(rect.y2),
        };
        each_row(data, width, rect, &fill);
    }
    if touched.is_empty() { Rect::EMPTY } else { touched }
}

#[inline]
fn each_row<P: Pixel>(data: &mut [P], width: usize, rect: Rect, fill: impl Fn(&mut [P])) {
    let (x1, length) = (rect.x1.max(0) as usize, rect.width() as usize);
    let mut start = rect.y1.max(0) as usize * width + x1;
    for _ in rect.y1..rect.y2 {
        if let Some(row) = data.get_mut(start..start + length) {
            fill(row);
        }
        start += width;
    }
}

/// Lays out `out` as the pattern `row` repeated, beginning at its element `phase`.
fn repeat_row<P: Copy>(row: &[P], phase: usize, len: usize, out: &mut Vec<P>) {
    out.clear();
    let (before, after) = row.split_at(phase.min(row.len()));
    out.extend_from_slice(&after[..after.len().min(len)]);
    let n = (len - out.len()).min(before.len());
    out.extend_from_slice(&before[..n]);
    while out.len() < len && !out.is_empty() {
        // `out` holds whole periods here.
        let n = (len - out.len()).min(out.len());
        out.extend_from_within(..n);
    }
}

/// Covers `out` with a pattern row, beginning at its element `phase`: `piece(part, from)` gets each stretch that does not
/// wrap, and where in the row it begins.
#[inline]
fn wrapped<P>(out: &mut [P], size: usize, phase: usize, mut piece: impl FnMut(&mut [P], usize)) {
    let mut rest = out;
    let mut from = phase;
    while !rest.is_empty() {
        let n = rest.len().min(size - from);
        let (now, later) = rest.split_at_mut(n);
        piece(now, from);
        rest = later;
        from = 0;
    }
}

fn fill_tiled<P: Pixel>(
    data: &mut [P],
    width: usize,
    rect: Rect,
    (source, tile): (&[P], &Pixmap),
    corner: (i32, i32),
    rop: Rop,
    scratch: &mut Vec<P>,
) {
    let (tw, th) = (tile.width() as usize, tile.height() as usize);
    let mask = tile.write_mask();
    let phase_x = phase(rect.x1, corner.0, tile.width());
    let mut ty = phase(rect.y1, corner.1, tile.height());
    let (length, height) = (rect.width() as usize, rect.height() as usize);
    let first = rect.y1.max(0) as usize * width + rect.x1.max(0) as usize;
    if rop.is_copy(mask) {
        for i in 0..height {
            let start = first + i * width;
            if i >= th && length < 4 * tw.max(16) {
                // Narrow rows are cheap to take from the row that shows the same of the tile.
                let same = start - th * width;
                data.copy_within(same..same + length, start);
                continue;
            }
            let (Some(row), Some(out)) =
                (source.get(ty * tw..(ty + 1) * tw), data.get_mut(start..start + length))
            else {
                return;
            };
            if length > 4 * tw {
                // One period from the tile, and doubled on and on.
                let (head, _) = out.split_at_mut(tw);
                wrapped(head, tw, phase_x, |part, from| part.copy_from_slice(&row[from..from + part.len()]));
                let mut done = tw;
                while done < length {
                    let n = done.min(length - done);
                    out.copy_within(..n, done);
                    done += n;
                }
            } else {
                wrapped(out, tw, phase_x, |part, from| {
                    let row = &row[from..from + part.len()];
                    if part.len() < 16 {
                        for (d, s) in part.iter_mut().zip(row) {
                            *d = *s;
                        }
                    } else {
                        part.copy_from_slice(row);
                    }
                });
            }
            ty = if ty + 1 == th { 0 } else { ty + 1 };
        }
        return;
    }
    // Each row of the tile is laid out once and used for every row of the rectangle that shows it.
    for i in 0..height.min(th) {
        let Some(row) = source.get(ty * tw..(ty + 1) * tw) else { return };
        let pattern = if phase_x + length <= tw {
            &row[phase_x..phase_x + length]
        } else {
            repeat_row(row, phase_x, length, scratch);
            &scratch[..]
        };
        let column = Rect { y1: rect.y1.saturating_add(i as i32), ..rect };
        for out in rows(data, width, column, tile.height()) {
            rop.row(out, pattern, mask);
        }
        ty = if ty + 1 == th { 0 } else { ty + 1 };
    }
}

#[expect(clippy::too_many_arguments, reason = "one inner loop with its constants")]
fn fill_stippled<P: Pixel>(
    data: &mut [P],
    width: usize,
    rect: Rect,
    (bits, bitmap): (&[u8], &Pixmap),
    corner: (i32, i32),
    one: (u32, u32),
    zero: (u32, u32),
    scratch: &mut Vec<u8>,
) {
    let (tw, th) = (bitmap.width(), bitmap.height());
    let phase = phase(rect.x1, corner.0, tw);
    let length = rect.width() as usize;
    if rect.height() <= th || length <= 2 * tw as usize {
        // A small area, or a large pattern: laying rows out ahead is not worth it.
        let tw = tw as usize;
        let mut ty = self::phase(rect.y1, corner.1, th);
        for out in rows(data, width, rect, 1) {
            let Some(row) = bits.get(ty * tw..(ty + 1) * tw) else { return };
            wrapped(out, tw, phase, |part, from| {
                let row = &row[from..from + part.len()];
                choose_row(part, row, one, zero);
            });
            ty = if ty + 1 == th as usize { 0 } else { ty + 1 };
        }
        return;
    }
    for first in rect.y1..rect.y2.min(rect.y1.saturating_add(th)) {
        let ty = self::phase(first, corner.1, th);
        let Some(row) = bits.get(ty * tw as usize..(ty + 1) * tw as usize) else { continue };
        repeat_row(row, phase, length, scratch);
        let column = Rect { y1: first, ..rect };
        for out in rows(data, width, column, th) {
            choose_row(out, scratch, one, zero);
        }
    }
}

/// `dst & and ^ xor` with the constants chosen by each element of a bitmap row (0 or 1).
pub(super) fn choose_row<P: Pixel>(dst: &mut [P], bits: &[u8], one: (u32, u32), zero: (u32, u32)) {
    let (zero_and, zero_xor) = (P::from_value(zero.0), P::from_value(zero.1));
    if (one.0 | zero.0) & P::from_value(u32::MAX).value() == 0 {
        // Nothing of the destination stays: it need not be read.
        let flip = P::from_value(one.1 ^ zero.1);
        for (d, &bit) in dst.iter_mut().zip(bits) {
            *d = zero_xor ^ (P::from_value(u32::from(bit).wrapping_neg()) & flip);
        }
        return;
    }
    let and_flip = P::from_value(one.0 ^ zero.0);
    let xor_flip = P::from_value(one.1 ^ zero.1);
    for (d, &bit) in dst.iter_mut().zip(bits) {
        let on = P::from_value(u32::from(bit).wrapping_neg());
        *d = *d & (zero_and ^ (on & and_flip)) ^ (zero_xor ^ (on & xor_flip));
    }
}

/// Where coordinate `at` falls in a pattern of `size` that begins at `corner`.
fn phase(at: i32, corner: i32, size: i32) -> usize {
    let size = size.max(1);
    match at.checked_sub(corner) {
        Some(distance) if size & (size - 1) == 0 => (distance & (size - 1)) as usize,
        Some(distance) => distance.rem_euclid(size) as usize,
        None => (i64::from(at) - i64::from(corner)).rem_euclid(i64::from(size)) as usize,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::raster::Function;

    fn rectangle(x: i16, y: i16, width: u16, height: u16) -> Rectangle {
        Rectangle { x, y, width, height }
    }

    #[test]
    fn a_filled_rectangle_is_cut_by_the_clip_and_reported() {
        let mut pixmap = Pixmap::new(20, 20, 24).unwrap();
        let clip = Region::from_rects(&[Rect::new(2, 2, 8, 8), Rect::new(10, 2, 100, 8)]);
        let gc = Gc { foreground: 7, ..Gc::default() };
        let mut canvas = Canvas::new(&mut pixmap, (2, 1), &clip);
        let touched = canvas.poly_fill_rectangle(&gc, &[rectangle(-5, -5, 30, 9)]);
        assert_eq!(touched, Rect::new(0, 1, 18, 4));
        for y in 0..20 {
            for x in 0..20 {
                let want = if clip.contains(x, y) && y < 5 { 7 } else { 0 };
                assert_eq!(pixmap.get(x, y), Some(want), "{x},{y}");
            }
        }
    }

    #[test]
    fn tiles_and_stipples_repeat_from_their_origin_in_every_depth() {
        for depth in crate::raster::DEPTHS {
            let mut tile = Pixmap::new(3, 5, depth).unwrap();
            let mut stipple = Pixmap::new(3, 5, 1).unwrap();
            for i in 0..15 {
                tile.set(i % 3, i / 3, i as u32);
                stipple.set(i % 3, i / 3, (i as u32).wrapping_mul(0x9e37_79b9) >> 31);
            }
            let (tile, stipple) = (Arc::new(tile), Arc::new(stipple));
            for (style, function) in [
                (FillStyle::Tiled, Function::Copy),
                (FillStyle::Tiled, Function::Xor),
                (FillStyle::Stippled, Function::Copy),
                (FillStyle::OpaqueStippled, Function::Invert),
                (FillStyle::OpaqueStippled, Function::Xor),
            ] {
                let mut pixmap = Pixmap::new(17, 19, depth).unwrap();
                let before = 0x35;
                let clip = Region::from_rect(pixmap.bounds());
                let mut canvas = Canvas::new(&mut pixmap, (1, 2), &clip);
                canvas.fill_pixel(Rect::new(-1, -2, 30, 30), before);
                let gc = Gc {
                    function,
                    foreground: 5,
                    background: 2,
                    fill_style: style,
                    tile: Tile::Pixmap(Arc::clone(&tile)),
                    stipple: Some(Arc::clone(&stipple)),
                    tile_origin: (-7, 4),
                    ..Gc::default()
                };
                canvas.poly_fill_rectangle(&gc, &[rectangle(2, -1, 13, 15)]);
                let mask = pixmap.depth_mask();
                for y in 0..19 {
                    for x in 0..17 {
                        let old = before & mask;
                        let (tx, ty) = ((x - 1 + 7i32).rem_euclid(3), (y - 2 - 4i32).rem_euclid(5));
                        let bit = stipple.get(tx, ty) == Some(1);
                        let source = match style {
                            FillStyle::Tiled => tile.get(tx, ty),
                            FillStyle::Stippled => bit.then_some(5),
                            _ => Some(if bit { 5 } else { 2 }),
                        };
                        let inside = (3..16).contains(&x) && (1..16).contains(&y);
                        let want = match (inside, source) {
                            (true, Some(s)) => match function {
                                Function::Copy => s,
                                Function::Xor => s ^ old,
                                _ => !old,
                            },
                            _ => old,
                        };
                        let got = pixmap.get(x, y).unwrap();
                        assert_eq!(got & mask, want & mask, "depth {depth} {style:?} {function:?} {x},{y}");
                    }
                }
            }
        }
    }
}
