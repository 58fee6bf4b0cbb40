//! Coverage of trapezoids and triangles.
//!
//! Coverage is counted on a fixed grid of sample points per pixel: 17 by 15 for eight bits of coverage (which make 255),
//! 5 by 3 for four bits (15), one in the middle for one bit. The grid is the one that X servers have agreed on, so that
//! polygons that share an edge cover each pixel between them exactly once. A point on an edge belongs to the shape on
//! its right; coordinates are 16.16.
//!
//! A row of samples changes a running sum at its two ends only, so a row of pixels costs its samples' rows and its
//! width, whatever the shape.

use x11rb_protocol::protocol::render::{Linefix, Pointfix, Trap, Trapezoid, Triangle};

use super::format::Format;
use crate::raster::Pixmap;
use crate::region::Rect;

const ONE: i64 = 1 << 16;

/// The sample points of a pixel, for a coverage of so many bits.
#[derive(Clone, Copy, Debug)]
struct Grid {
    /// Rows of samples in a pixel.
    rows: i64,
    /// Columns of samples in a pixel.
    columns: i64,
    /// From one row to the next.
    row_step: i64,
    /// The first row.
    first_row: i64,
    /// From one column to the next.
    column_step: i64,
    /// The first column.
    first_column: i64,
}

impl Grid {
    const fn of_bits(bits: u8) -> Self {
        let (rows, columns) = match bits {
            1 => (1, 1),
            4 => (3, 5),
            _ => (15, 17),
        };
        let (row_step, column_step) = (ONE / rows, ONE / columns);
        Self {
            rows,
            columns,
            row_step,
            // What the division leaves over lies across the pixel's border, half on each side.
            first_row: (ONE - (rows - 1) * row_step) / 2,
            column_step,
            first_column: (ONE - (columns - 1) * column_step) / 2,
        }
    }

    /// The number of the first row of samples at or below `y`, counted from row 0 of pixel 0.
    #[inline]
    fn first_at(&self, y: i64) -> i64 {
        let (pixel, part) = (y >> 16, y & 0xffff);
        let row = -(-(part - self.first_row)).div_euclid(self.row_step);
        pixel * self.rows + row.clamp(0, self.rows)
    }

    /// The height of a row of samples.
    #[inline]
    fn y_of(&self, row: i64) -> i64 {
        row.div_euclid(self.rows) * ONE + self.first_row + row.rem_euclid(self.rows) * self.row_step
    }

    /// How many sample columns of its pixel are left of `x`.
    #[inline]
    fn columns_left_of(&self, x: i64) -> i32 {
        let past = (x & 0xffff) as u32 + self.first_column as u32;
        (past / self.column_step as u32) as i32
    }
}

/// A line that never turns back in y: from its upper to its lower end.
#[derive(Clone, Copy, Debug)]
struct Edge {
    x: i64,
    y: i64,
    dx: i64,
    dy: i64,
}

impl Edge {
    fn new(p1: (i64, i64), p2: (i64, i64)) -> Self {
        let (top, bottom) = if p1.1 <= p2.1 { (p1, p2) } else { (p2, p1) };
        Self { x: top.0, y: top.1, dx: bottom.0 - top.0, dy: bottom.1 - top.1 }
    }

    /// What is subtracted from a place before it is rounded down: a line that goes right is just left of the points it
    /// touches, as the stepping line drawers of other servers count them.
    fn bias(&self) -> i64 {
        i64::from(self.dx >= 0)
    }

    /// Where a walk begins at a height: from `x` on, and how many `dy`ths further; none where numbers are too great.
    fn begin(&self, y: i64) -> Option<(i64, i64)> {
        let (rows, bias) = (y - self.y, self.bias());
        let whole = rows.checked_mul(self.dx.checked_div(self.dy)?)?;
        let part = rows.checked_mul(self.dx % self.dy)?;
        let carried = if (rows >= 0) == (self.dx >= 0) && part < self.dy + bias {
            // Less than a 65536th to the right is as good as nothing to other servers: there the walk begins at the
            // end of the line, and goes on from there.
            (0, -bias)
        } else {
            let part = part.checked_sub(bias)?;
            (part.div_euclid(self.dy), part.rem_euclid(self.dy))
        };
        Some((whole.checked_add(carried.0)?, carried.1))
    }

    /// Where it is at a height, which may be beyond its ends.
    fn x_at(&self, y: i64) -> i64 {
        if self.dy == 0 {
            return self.x;
        }
        // 33 by 33 bits: the product may need more than 64.
        let product = i128::from(y - self.y) * i128::from(self.dx) - i128::from(self.bias());
        let quotient = match i64::try_from(product) {
            Ok(product) => product.div_euclid(self.dy),
            Err(_) => product.div_euclid(i128::from(self.dy)).clamp(-(1 << 60), 1 << 60) as i64,
        };
        self.x + quotient
    }
}

/// An edge on its way down the rows of samples.
#[derive(Clone, Copy, Debug)]
struct Walk {
    edge: Edge,
    x: i64,
    /// In `dy`ths; -1 where the walk is right on a line that goes right, of which it has not gone a step yet.
    rest: i64,
    dy: i64,
    /// What a row adds to `x` and `rest`: within a pixel, and over its lower border.
    within: (i64, i64),
    over: (i64, i64),
    /// Whether numbers are so great that `x` is worked out on each row.
    far: bool,
}

impl Walk {
    /// The walk that begins at a row, once it has come to another one at or below that.
    #[inline]
    fn new(edge: Edge, begin: i64, row: i64, grid: &Grid) -> Self {
        let y = grid.y_of(begin);
        let dy = edge.dy.max(1);
        let over = ONE - (grid.rows - 1) * grid.row_step;
        let split = |product: i64| (product.div_euclid(dy), product.rem_euclid(dy));
        let (within, over) = (split(grid.row_step * edge.dx), split(over * edge.dx));
        let near = edge.begin(y).filter(|(whole, _)| whole.abs() <= 1 << 60 && over.0.abs() <= 1 << 40);
        let (x, rest, far) = match near {
            Some((whole, rest)) => (edge.x + whole, rest, false),
            None => (edge.x_at(y), 0, true),
        };
        let mut walk = Self { edge, x, rest, dy, within, over, far };
        if row > begin {
            walk.go_down(grid.y_of(row), grid.y_of(row) - y);
        }
        walk
    }

    /// Goes down by a height at once, to `y`.
    fn go_down(&mut self, y: i64, height: i64) {
        let product = height.checked_mul(self.edge.dx).filter(|product| product.abs() <= 1 << 60);
        let Some(product) = product.filter(|_| !self.far) else {
            self.far = true;
            self.x = self.edge.x_at(y);
            return;
        };
        self.x += product.div_euclid(self.dy);
        self.rest += product.rem_euclid(self.dy);
        // A walk that advances by whole 65536ths stays right on its line.
        if (self.within.1, self.over.1) != (0, 0) {
            self.x += self.rest.div_euclid(self.dy);
            self.rest = self.rest.rem_euclid(self.dy);
        }
    }

    /// Goes down to the next row, at `y`.
    #[inline]
    fn down(&mut self, y: i64, over_border: bool) {
        if self.far {
            self.x = self.edge.x_at(y);
            return;
        }
        let (whole, rest) = if over_border { self.over } else { self.within };
        self.x += whole;
        self.rest += rest;
        if self.rest >= self.dy {
            self.rest -= self.dy;
            self.x += 1;
        }
    }
}

fn fixed(v: i32) -> i64 {
    i64::from(v)
}

fn edge_of(line: &Linefix) -> Edge {
    let end = |p: &Pointfix| (fixed(p.x), fixed(p.y));
    Edge::new(end(&line.p1), end(&line.p2))
}

/// A mask of coverage: pixels of a format that is but alpha, and where its corner is in the shapes' plane.
#[derive(Debug)]
pub struct Coverage<'a> {
    /// Pixels of depth 1, 4 or 8.
    pub pixmap: &'a mut Pixmap,
    /// The pixel of the shapes' plane that is the pixmap's first.
    pub corner: (i32, i32),
    /// Which pixels of the pixmap may change.
    pub bounds: Rect,
    /// The row of the shapes' plane above which no walk down an edge begins, as other servers have it. What a shape covers
    /// depends on that by a sample here and there, and not on the bounds.
    first_row: i64,
    /// What each pixel of a row has more than the one before it; all zero between shapes.
    changes: Vec<i32>,
}

/// The formats that coverage comes in, by their bits.
pub fn format_of_bits(bits: u8) -> &'static Format {
    match bits {
        1 => Format::a1(),
        4 => Format::a4(),
        _ => Format::a8(),
    }
}

impl<'a> Coverage<'a> {
    /// Coverage of a pixmap whose first pixel is `corner` of the shapes' plane, within `bounds` of the pixmap.
    /// `first_row` is the first of that plane that the shapes are drawn on, if they are not drawn as a whole.
    pub fn new(pixmap: &'a mut Pixmap, corner: (i32, i32), bounds: Rect, first_row: Option<i32>) -> Self {
        Self { pixmap, corner, bounds, first_row: fixed(first_row.unwrap_or(i32::MIN)), changes: Vec::new() }
    }

    /// Adds a trapezoid of the protocol; one that is upside down, or has a level side, has no pixels.
    pub fn add_trapezoid(&mut self, t: &Trapezoid) {
        if is_valid(t) {
            self.add(fixed(t.top), fixed(t.bottom), edge_of(&t.left), edge_of(&t.right));
        }
    }

    /// Adds a triangle.
    pub fn add_triangle(&mut self, t: &Triangle) {
        for trapezoid in trapezoids_of(t) {
            self.add_trapezoid(&trapezoid);
        }
    }

    /// Adds a trapezoid given by its level sides (`AddTraps`).
    pub fn add_trap(&mut self, t: &Trap) {
        let (top, bottom) = (fixed(t.top.y), fixed(t.bot.y));
        if top < bottom {
            let left = Edge::new((fixed(t.top.l), top), (fixed(t.bot.l), bottom));
            let right = Edge::new((fixed(t.top.r), top), (fixed(t.bot.r), bottom));
            self.add(top, bottom, left, right);
        }
    }

    /// Pixels are there or not: nothing adds up.
    fn add_sharp(&mut self, top: i64, bottom: i64, left: Edge, right: Edge) {
        let (corner, width) = (self.corner, self.pixmap.width() as usize);
        let bounds = self.bounds.intersect(&self.pixmap.bounds());
        let Some(pixels) = self.pixmap.byte_pixels_mut() else { return };
        let seen = bounds.translate(corner.0, corner.1);
        sharp_spans_between((top, bottom), (left, right), self.first_row, &seen, |y, x1, x2| {
            let row = (y - corner.1) as usize * width;
            if let Some(pixels) =
                pixels.get_mut(row + (x1 - corner.0) as usize..row + (x2 - corner.0) as usize)
            {
                pixels.fill(1);
            }
        });
    }

    fn add(&mut self, top: i64, bottom: i64, left: Edge, right: Edge) {
        match self.pixmap.depth() {
            1 => self.add_sharp(top, bottom, left, right),
            4 => self.add_counted::<4>(top, bottom, left, right),
            _ => self.add_counted::<8>(top, bottom, left, right),
        }
    }

    /// The grid is known when this is compiled: what is divided by its numbers is multiplied instead.
    fn add_counted<const BITS: u8>(&mut self, top: i64, bottom: i64, left: Edge, right: Edge) {
        let grid = const { Grid::of_bits(BITS) };
        let full = const { (1 << BITS) - 1 };
        let (corner_x, corner_y) = (fixed(self.corner.0), fixed(self.corner.1));
        let (stride, bounds) = (self.pixmap.width(), self.bounds.intersect(&self.pixmap.bounds()));
        if bounds.is_empty() {
            return;
        }
        // Clip in the shapes' plane.
        let first_pixel_row = fixed(bounds.y1) + corner_y;
        let begin = grid.first_at(top).max(self.first_row * grid.rows);
        let first = begin.max(first_pixel_row * grid.rows);
        let end = grid.first_at(bottom).min((fixed(bounds.y2) + corner_y) * grid.rows);
        let walk = |edge: Edge| Walk::new(edge, begin, first, &grid);
        let (mut left, mut right) = (walk(left), walk(right));
        let (x1, x2) = (fixed(bounds.x1), fixed(bounds.x2));
        let width = (x2 - x1) as usize;
        // Changes of coverage from pixel to pixel; two more than pixels, for what ends past the last.
        self.changes.resize(width + 2, 0);
        let changes = &mut self.changes[..];
        let mut row = first;
        while row < end {
            let pixel_row = row.div_euclid(grid.rows);
            let row_end = ((pixel_row + 1) * grid.rows).min(end);
            let (mut from, mut to) = (width, 0);
            // Between the last of the left edge and the first of the right one nothing changes.
            let (mut inside, mut outside) = (0, width);
            while row < row_end {
                row += 1;
                // In pixels of the bounds.
                let (mut l, mut r) = (left.x - ((corner_x + x1) << 16), right.x - ((corner_x + x1) << 16));
                let next = if left.far || right.far { grid.y_of(row) } else { 0 };
                left.down(next, row == row_end);
                right.down(next, row == row_end);
                l = l.max(0);
                r = r.min((width as i64) << 16);
                if l >= r {
                    continue;
                }
                let (lp, rp) = ((l >> 16) as usize, (r >> 16) as usize);
                let (ls, rs) = (grid.columns_left_of(l), grid.columns_left_of(r));
                let columns = grid.columns as i32;
                // Right of the last pixel nothing is counted, but the sum has to come back to zero.
                if let Some([a, b]) = changes.get_mut(lp..lp + 2) {
                    *a += columns - ls;
                    *b += ls;
                }
                if let Some([a, b]) = changes.get_mut(rp..rp + 2) {
                    *a += rs - columns;
                    *b -= rs;
                }
                from = from.min(lp);
                to = to.max(rp + 1);
                inside = inside.max(lp + 2);
                outside = outside.min(rp);
            }
            if from >= to {
                continue;
            }
            let y = pixel_row - corner_y;
            let start = y * fixed(stride) + x1;
            if let (Some(pixels), Ok(start)) = (self.pixmap.byte_pixels_mut(), usize::try_from(start))
                && let Some(pixels) = pixels.get_mut(start..start + width)
            {
                let to = to.min(width);
                let mut sum = 0;
                let mut add = |pixels: &mut [u8], changes: &[i32]| {
                    for (pixel, change) in pixels.iter_mut().zip(changes) {
                        sum += change;
                        *pixel = (u32::from(*pixel) + sum as u32).min(full) as u8;
                    }
                    sum as u32
                };
                let inside = inside.clamp(from, to);
                let outside = outside.clamp(inside, to);
                let all = add(&mut pixels[from..inside], &changes[from..inside]);
                if all >= full {
                    pixels[inside..outside].fill(full as u8);
                } else {
                    add(&mut pixels[inside..outside], &changes[inside..outside]);
                }
                add(&mut pixels[outside..to], &changes[outside..to]);
            }
            let end = (to + 2).min(changes.len());
            changes[from..end].fill(0);
        }
    }
}

/// Calls `span(y, x1, x2)` for the pixels of coverage of one bit, from the top down, within bounds of the shapes' plane.
pub fn sharp_spans(t: &Trapezoid, bounds: &Rect, span: impl FnMut(i32, i32, i32)) {
    if is_valid(t) {
        sharp_spans_between(
            (fixed(t.top), fixed(t.bottom)),
            (edge_of(&t.left), edge_of(&t.right)),
            i64::from(i32::MIN),
            bounds,
            span,
        );
    }
}

fn sharp_spans_between(
    (top, bottom): (i64, i64),
    (left, right): (Edge, Edge),
    first_row: i64,
    bounds: &Rect,
    mut span: impl FnMut(i32, i32, i32),
) {
    if bounds.is_empty() {
        return;
    }
    let grid = const { Grid::of_bits(1) };
    let begin = grid.first_at(top).max(first_row);
    let first = begin.max(bounds.y1.into());
    let end = grid.first_at(bottom).min(bounds.y2.into());
    let walk = |edge: Edge| Walk::new(edge, begin, first, &grid);
    let (mut left, mut right) = (walk(left), walk(right));
    for row in first..end {
        let place =
            |x: i64| ((x + grid.first_column - 1) >> 16).clamp(bounds.x1.into(), bounds.x2.into()) as i32;
        let (x1, x2) = (place(left.x), place(right.x));
        if x1 < x2 {
            span(row as i32, x1, x2);
        }
        let next = grid.y_of(row + 1);
        left.down(next, true);
        right.down(next, true);
    }
}

/// Whether a trapezoid has a height, and sides that have one.
pub fn is_valid(t: &Trapezoid) -> bool {
    t.left.p1.y != t.left.p2.y && t.right.p1.y != t.right.p2.y && t.bottom > t.top
}

/// A triangle as the two trapezoids above and below its middle corner.
pub fn trapezoids_of(t: &Triangle) -> [Trapezoid; 2] {
    let mut corners = [t.p1, t.p2, t.p3];
    corners.sort_by_key(|p| (p.y, p.x));
    let [top, mut left, mut right] = corners;
    let from_top = |p: &Pointfix| (fixed(p.x) - fixed(top.x), fixed(p.y) - fixed(top.y));
    let ((lx, ly), (rx, ry)) = (from_top(&left), from_top(&right));
    // Which of the other corners is left of the line to the other one.
    if i128::from(lx) * i128::from(ry) > i128::from(rx) * i128::from(ly) {
        std::mem::swap(&mut left, &mut right);
    }
    let line = |p1: Pointfix, p2: Pointfix| Linefix { p1, p2 };
    let upper =
        Trapezoid { top: top.y, bottom: left.y.min(right.y), left: line(top, left), right: line(top, right) };
    let lower = if right.y < left.y {
        Trapezoid { top: right.y, bottom: left.y, right: line(right, left), ..upper }
    } else {
        Trapezoid { top: left.y, bottom: right.y, left: line(left, right), ..upper }
    };
    [upper, lower]
}

/// The pixels that drawing a trapezoid can touch: from its top to its bottom, and as wide as the ends of its sides.
/// Sides that go on beyond their ends are cut off there, which the protocol does not say but X servers agree on.
pub fn extents(t: &Trapezoid) -> Rect {
    if !is_valid(t) {
        return Rect::EMPTY;
    }
    let xs = [t.left.p1.x, t.left.p2.x, t.right.p1.x, t.right.p2.x];
    let (low, high) = xs.iter().fold((i32::MAX, i32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let ceiling = |v: i32| ((fixed(v) + ONE - 1) >> 16) as i32;
    Rect::new(low >> 16, t.top >> 16, ceiling(high), ceiling(t.bottom))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(x1: i32, y1: i32, x2: i32, y2: i32) -> Linefix {
        Linefix { p1: Pointfix { x: x1, y: y1 }, p2: Pointfix { x: x2, y: y2 } }
    }

    fn rectangle(x1: i32, y1: i32, x2: i32, y2: i32) -> Trapezoid {
        Trapezoid { top: y1, bottom: y2, left: line(x1, y1, x1, y2), right: line(x2, y1, x2, y2) }
    }

    fn coverage(depth: u8, draw: impl FnOnce(&mut Coverage<'_>)) -> Vec<u8> {
        let mut pixmap = Pixmap::new(4, 4, depth).unwrap();
        let bounds = pixmap.bounds();
        draw(&mut Coverage::new(&mut pixmap, (0, 0), bounds, None));
        pixmap.byte_pixels().unwrap().to_vec()
    }

    #[test]
    fn whole_pixels_are_covered_fully_and_their_neighbours_not_at_all() {
        for (depth, full) in [(1, 1), (4, 15), (8, 255)] {
            let t = rectangle(1 << 16, 1 << 16, 3 << 16, 2 << 16);
            let pixels = coverage(depth, |c| c.add_trapezoid(&t));
            let mut expected = [0; 16];
            expected[5] = full;
            expected[6] = full;
            assert_eq!(pixels, expected, "depth {depth}");
        }
    }

    #[test]
    fn half_a_pixel_is_half_covered() {
        let pixels = coverage(8, |c| c.add_trapezoid(&rectangle(0, 0, 1 << 15, 1 << 16)));
        assert!((120..=135).contains(&pixels[0]), "{}", pixels[0]);
    }

    #[test]
    fn a_triangle_and_its_complement_cover_every_pixel_once() {
        let at = |x: i32, y: i32| Pointfix { x: x << 16, y: y << 16 };
        for (a, b) in [((0, 0), (4, 4)), ((4, 0), (0, 4)), ((1, 0), (3, 4))] {
            let (a, b) = (at(a.0, a.1), at(b.0, b.1));
            let pixels = coverage(8, |c| {
                // The line from a to b and what is left and right of it, down to the square's corners.
                let t = |left, right| Trapezoid { top: 0, bottom: 4 << 16, left, right };
                let middle = Linefix { p1: a, p2: b };
                c.add_trapezoid(&t(line(0, 0, 0, 4 << 16), middle));
                c.add_trapezoid(&t(middle, line(4 << 16, 0, 4 << 16, 4 << 16)));
            });
            assert_eq!(pixels, [255; 16]);
        }
        let pixels = coverage(8, |c| {
            c.add_triangle(&Triangle { p1: at(0, 0), p2: at(4, 0), p3: at(0, 4) });
            c.add_triangle(&Triangle { p1: at(4, 4), p2: at(4, 0), p3: at(0, 4) });
        });
        assert_eq!(pixels, [255; 16]);
    }

    #[test]
    fn spans_of_one_bit_are_where_its_coverage_is() {
        let mut state = 1_u32;
        let mut next = |range: i32| {
            state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
            (state >> 8) as i32 % range - range / 4
        };
        for _ in 0..500 {
            let v = [(); 10].map(|()| next(9 << 15));
            let t = Trapezoid {
                top: v[0].min(v[1]),
                bottom: v[0].max(v[1]),
                left: line(v[2], v[3], v[4], v[5]),
                right: line(v[6], v[7], v[8], v[9]),
            };
            let mut spans = [0; 16];
            sharp_spans(&t, &Rect::new(0, 0, 4, 4), |y, x1, x2| {
                spans[(y * 4 + x1) as usize..(y * 4 + x2) as usize].fill(1);
            });
            assert_eq!(coverage(1, |c| c.add_trapezoid(&t)), spans, "{t:?}");
        }
    }

    #[test]
    fn trapezoids_without_height_have_no_pixels() {
        let upside_down = Trapezoid { top: 5, bottom: 4, ..rectangle(0, 0, 9, 9) };
        assert_eq!(extents(&upside_down), Rect::EMPTY);
        assert_eq!(coverage(8, |c| c.add_trapezoid(&upside_down)), [0; 16]);
    }

    proptest! {
        #[test]
        fn no_coordinates_reach_outside_the_mask(v in prop::array::uniform10(any::<i32>()), depth in prop::sample::select(vec![1_u8, 4, 8])) {
            let t = Trapezoid { top: v[0], bottom: v[1], left: line(v[2], v[3], v[4], v[5]), right: line(v[6], v[7], v[8], v[9]) };
            coverage(depth, |c| c.add_trapezoid(&t));
            let _ = extents(&t);
            let p = |i: usize| Pointfix { x: v[i], y: v[i + 1] };
            coverage(depth, |c| c.add_triangle(&Triangle { p1: p(0), p2: p(2), p3: p(4) }));
        }

        #[test]
        fn a_trapezoid_split_in_two_covers_what_the_whole_does(
            y in 0_i32..(4 << 16), x1 in 0_i32..(4 << 16), x2 in 0_i32..(4 << 16), depth in prop::sample::select(vec![1_u8, 4, 8])
        ) {
            let whole = Trapezoid { top: 0, bottom: 4 << 16, left: line(0, 0, x1, 4 << 16), right: line(4 << 16, 0, x2, 4 << 16) };
            let together = coverage(depth, |c| c.add_trapezoid(&whole));
            let parts = coverage(depth, |c| {
                c.add_trapezoid(&Trapezoid { bottom: y, ..whole });
                c.add_trapezoid(&Trapezoid { top: y, ..whole });
            });
            prop_assert_eq!(together, parts);
        }
    }
}
