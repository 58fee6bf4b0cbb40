//! From rectangles and spans to pixels: clipping, fill styles, functions, plane masks.

use std::ops::Range;

use x11rb_protocol::protocol::xproto::Rectangle;

use super::bresenham::Line;
use super::dash::Dashes;
use super::gc::{FillStyle, Gc, Tile};
use super::pattern::{fill_stippled, fill_tiled};
use super::pixmap::{Pixels, with_pixels};
use super::plain::{
    PlainShape, Walk, around, draw_bits, draw_dots, draw_lines, draw_shape, fill_rects, fill_solid,
};
use super::rop::Rop;
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
        let mut painter = self.painter_of(Source::tile(self.pixmap, tile, corner, rop));
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
    fn tile(pixmap: &Pixmap, tile: &'a Pixmap, corner: (i32, i32), rop: Rop) -> Self {
        // The server answers a tile of another depth with Match; here it only must not mix element types. A window of
        // depth 32 draws into the pixels of a screen of depth 24.
        let same = tile.write_mask() == pixmap.write_mask();
        if same && !rop.is_noop() { Self::Tile { tile, corner, rop } } else { Self::Nothing }
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
                Tile::Pixmap(tile) => Self::tile(pixmap, tile, corner, rop),
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
