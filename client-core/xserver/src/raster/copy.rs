//! Copies between drawables: `CopyArea`, `CopyPlane`.

use x11rb_protocol::protocol::xproto::Point;

use super::gc::Gc;
use super::pattern::choose_row;
use super::pixmap::{Pixel, Pixels, with_pixels};
use super::rop::Rop;
use super::{Canvas, Pixmap};
use crate::region::{Rect, Region};

/// Where a copy reads from.
#[derive(Clone, Copy, Debug)]
pub struct CopySource<'a> {
    /// The source's pixmap; none for the very pixmap that is drawn to (another place of the same screen).
    pub pixmap: Option<&'a Pixmap>,
    /// Where the source drawable's corner lies in its pixmap.
    pub origin: (i32, i32),
    /// The part of the source that has contents, in coordinates of its pixmap: what is visible of a window, all of a
    /// pixmap.
    pub valid: &'a Region,
}

/// A source rectangle and where it goes, both drawable-relative.
#[derive(Clone, Copy, Debug)]
pub struct CopyBox {
    /// Upper left corner in the source drawable.
    pub from: Point,
    /// Upper left corner in the destination drawable.
    pub to: Point,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What a copy did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// What may have changed, drawable-relative.
    pub touched: Rect,
    /// The part of the destination (under the clip, drawable-relative) whose source has no contents: to be painted with
    /// the background and reported by `GraphicsExposure`.
    pub missing: Region,
}

impl Canvas<'_> {
    /// X11 §9 `CopyArea`. Pixels of different sizes copy nothing; that drawables are of one depth is the server's to see to.
    pub fn copy_area(&mut self, gc: &Gc, source: &CopySource<'_>, area: CopyBox) -> Copied {
        let plan = self.plan(source, area);
        let mask = self.pixmap.write_mask();
        let rop = Rop::new(gc.function, gc.plane_mask & mask);
        if !rop.is_noop() {
            let (width, depth) = (self.pixmap.width() as usize, self.pixmap.depth());
            match (&mut self.pixmap.pixels, source.pixmap) {
                (Pixels::Bytes(data), None) => copy_within(data, width, &plan, rop, mask),
                (Pixels::Words(data), None) => copy_within(data, width, &plan, rop, mask),
                (Pixels::Bytes(data), Some(from)) if from.depth() == depth => {
                    if let Pixels::Bytes(pixels) = &from.pixels {
                        copy_from(data, width, (pixels, from.width() as usize), &plan, rop, mask);
                    }
                }
                // Of whichever depth: windows of 32 bits are on a screen of 24.
                (Pixels::Words(data), Some(from)) => {
                    if let Pixels::Words(pixels) = &from.pixels {
                        copy_from(data, width, (pixels, from.width() as usize), &plan, rop, mask);
                    }
                }
                _ => {}
            }
        }
        self.copied(&plan)
    }

    /// X11 §9 `CopyPlane`: the foreground where the source has a one in `plane` (one bit), else the background.
    pub fn copy_plane(&mut self, gc: &Gc, source: &CopySource<'_>, area: CopyBox, plane: u32) -> Copied {
        let plan = self.plan(source, area);
        let rop = Rop::new(gc.function, gc.plane_mask & self.pixmap.write_mask());
        if !rop.is_noop() {
            let (one, zero) = (rop.for_source(gc.foreground), rop.for_source(gc.background));
            let width = self.pixmap.width() as usize;
            if let Some(bitmap @ Pixmap { pixels: Pixels::Bytes(data), .. }) = source.pixmap
                && (bitmap.depth(), plane) == (1, 1)
            {
                // What is read is what chooses.
                with_pixels!(&mut self.pixmap.pixels, to => {
                    for (part, y) in plan.rows() {
                        let bits = row(data, bitmap.width() as usize, part, y, plan.delta);
                        choose_row(row_mut(to, width, part, y), bits, one, zero);
                    }
                });
                return self.copied(&plan);
            }
            // All bits are read before the first pixel is drawn: source and destination may overlap.
            let from = source.pixmap.unwrap_or(self.pixmap);
            let mut bits = Vec::with_capacity(plan.region.area() as usize);
            with_pixels!(&from.pixels, data => {
                for (part, y) in plan.rows() {
                    let row = row(data, from.width() as usize, part, y, plan.delta);
                    bits.extend(row.iter().map(|p| u8::from(p.value() & plane != 0)));
                }
            });
            let mut rest = bits.as_slice();
            with_pixels!(&mut self.pixmap.pixels, data => {
                for (part, y) in plan.rows() {
                    let (row_bits, after) = rest.split_at(rest.len().min(part.width() as usize));
                    rest = after;
                    choose_row(row_mut(data, width, part, y), row_bits, one, zero);
                }
            });
        }
        self.copied(&plan)
    }

    fn plan(&self, source: &CopySource<'_>, area: CopyBox) -> Plan {
        let (sx, sy) = source.origin;
        let from =
            Rect::from_size(area.from.x.into(), area.from.y.into(), area.width.into(), area.height.into())
                .translate(sx, sy);
        let delta = (
            self.origin.0 + i32::from(area.to.x) - (sx + i32::from(area.from.x)),
            self.origin.1 + i32::from(area.to.y) - (sy + i32::from(area.from.y)),
        );
        let bounds = source.pixmap.unwrap_or(self.pixmap).bounds();
        let mut region = source.valid.intersect_rect(&from.intersect(&bounds));
        region.translate(delta.0, delta.1);
        let region = region.intersect(&self.clip);
        let wanted = self.clip.intersect_rect(&from.translate(delta.0, delta.1));
        Plan { region, wanted, delta }
    }

    fn copied(&self, plan: &Plan) -> Copied {
        let mut missing = plan.wanted.subtract(&plan.region);
        missing.translate(-self.origin.0, -self.origin.1);
        let touched = plan.region.extents();
        let touched =
            if touched.is_empty() { Rect::EMPTY } else { touched.translate(-self.origin.0, -self.origin.1) };
        Copied { touched, missing }
    }
}

/// A copy worked out, in coordinates of the destination pixmap.
struct Plan {
    /// What is copied.
    region: Region,
    /// What would be, had the source contents everywhere.
    wanted: Region,
    /// From source to destination.
    delta: (i32, i32),
}

impl Plan {
    /// The rectangles to copy, row by row.
    fn rows(&self) -> impl Iterator<Item = (&Rect, i32)> {
        self.region.iter().flat_map(|part| (part.y1..part.y2).map(move |y| (part, y)))
    }

    /// The rectangles in an order that reads every pixel before it is overwritten, when source and destination overlap:
    /// bands against the direction of the move, and within a band likewise.
    fn safe_order(&self) -> Vec<Rect> {
        let mut rects = self.region.rects().to_vec();
        match (self.delta.0 > 0, self.delta.1 > 0) {
            (false, false) => {}
            (true, true) => rects.reverse(),
            (true, false) => rects.sort_by_key(|r| (r.y1, -r.x1)),
            (false, true) => rects.sort_by_key(|r| (-r.y1, r.x1)),
        }
        rects
    }
}

/// Row `y` of `part` in the source: both in destination coordinates.
fn row<'p, P>(data: &'p [P], width: usize, part: &Rect, y: i32, delta: (i32, i32)) -> &'p [P] {
    let start = (y - delta.1) as usize * width + (part.x1 - delta.0) as usize;
    data.get(start..start + part.width() as usize).unwrap_or(&[])
}

/// Row `y` of `part`, to write.
pub(super) fn row_mut<'p, P>(data: &'p mut [P], width: usize, part: &Rect, y: i32) -> &'p mut [P] {
    let start = y as usize * width + part.x1 as usize;
    data.get_mut(start..start + part.width() as usize).unwrap_or(&mut [])
}

fn copy_from<P: Pixel>(
    data: &mut [P],
    width: usize,
    (pixels, stride): (&[P], usize),
    plan: &Plan,
    rop: Rop,
    mask: u32,
) {
    let plain = rop.is_copy(mask);
    for part in &plan.region {
        let length = part.width() as usize;
        let mut to = part.y1 as usize * width + part.x1 as usize;
        let mut from = (part.y1 - plan.delta.1) as usize * stride + (part.x1 - plan.delta.0) as usize;
        for _ in part.y1..part.y2 {
            let (Some(dst), Some(src)) = (data.get_mut(to..to + length), pixels.get(from..from + length))
            else {
                break;
            };
            if plain {
                dst.copy_from_slice(src);
            } else {
                rop.row(dst, src, mask);
            }
            to += width;
            from += stride;
        }
    }
}

fn copy_within<P: Pixel>(data: &mut [P], width: usize, plan: &Plan, rop: Rop, mask: u32) {
    let (dx, dy) = plan.delta;
    let plain = rop.is_copy(mask);
    let mut scratch = Vec::new();
    for part in plan.safe_order() {
        let count = part.width() as usize;
        for i in 0..part.height() {
            let y = if dy > 0 { part.y2 - 1 - i } else { part.y1 + i };
            let from = (y - dy) as usize * width + (part.x1 - dx) as usize;
            if plain {
                let to = y as usize * width + part.x1 as usize;
                if from + count <= data.len() && to + count <= data.len() {
                    data.copy_within(from..from + count, to);
                }
            } else {
                scratch.clear();
                scratch.extend_from_slice(row(data, width, &part, y, plan.delta));
                rop.row(row_mut(data, width, &part, y), &scratch, mask);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Function;

    fn noise(width: u32, height: u32, depth: u8) -> Pixmap {
        let mut pixmap = Pixmap::new(width, height, depth).unwrap();
        for i in 0..(width * height) as i32 {
            pixmap.set(i % width as i32, i / width as i32, (i as u32).wrapping_mul(0x9e37_79b9) >> 3);
        }
        pixmap
    }

    /// A clip with holes, so that one move is many rectangles.
    fn holes() -> Region {
        Region::from_rect(Rect::new(1, 1, 39, 39)).subtract(&Region::from_rects(&[
            Rect::new(8, 8, 11, 30),
            Rect::new(20, 3, 30, 12),
            Rect::new(15, 25, 35, 28),
        ]))
    }

    #[test]
    fn a_move_within_one_pixmap_reads_every_pixel_before_it_is_overwritten() {
        for function in [Function::Copy, Function::Xor] {
            for (dx, dy) in [(3, 0), (-3, 0), (0, 5), (0, -5), (4, 7), (-4, 7), (4, -7), (-4, -7), (0, 0)] {
                let before = noise(40, 40, 24);
                let (clip, valid) = (holes(), holes());
                let mut pixmap = before.clone();
                let area = CopyBox {
                    from: Point { x: 5, y: 6 },
                    to: Point { x: 5 + dx, y: 6 + dy },
                    width: 28,
                    height: 27,
                };
                let gc = Gc { function, ..Gc::default() };
                let copied = Canvas::new(&mut pixmap, (0, 0), &clip).copy_area(
                    &gc,
                    &CopySource { pixmap: None, origin: (0, 0), valid: &valid },
                    area,
                );
                for y in 0..40i32 {
                    for x in 0..40i32 {
                        let (sx, sy) = (x - i32::from(dx), y - i32::from(dy));
                        let inside = (5..33).contains(&sx) && (6..33).contains(&sy) && clip.contains(x, y);
                        let old = before.get(x, y).unwrap();
                        let want = match (inside && valid.contains(sx, sy), function) {
                            (false, _) => old,
                            (true, Function::Copy) => before.get(sx, sy).unwrap(),
                            (true, _) => before.get(sx, sy).unwrap() ^ old,
                        };
                        assert_eq!(pixmap.get(x, y), Some(want), "{function:?} {dx},{dy} at {x},{y}");
                        assert_eq!(copied.missing.contains(x, y), inside && !valid.contains(sx, sy));
                    }
                }
            }
        }
    }

    #[test]
    fn a_plane_becomes_foreground_and_background() {
        let source = noise(20, 20, 24);
        let mut pixmap = Pixmap::new(30, 30, 8).unwrap();
        let (clip, valid) = (holes(), Region::from_rect(source.bounds()));
        let gc = Gc { foreground: 9, background: 4, ..Gc::default() };
        let area = CopyBox { from: Point { x: 2, y: 3 }, to: Point { x: 4, y: 5 }, width: 50, height: 10 };
        let from = CopySource { pixmap: Some(&source), origin: (0, 0), valid: &valid };
        let copied = Canvas::new(&mut pixmap, (0, 0), &clip).copy_plane(&gc, &from, area, 8);
        assert_eq!(copied.touched, Rect::new(4, 5, 22, 15));
        assert_eq!(copied.missing, clip.intersect_rect(&Rect::new(22, 5, 30, 15)));
        for y in 0..30 {
            for x in 0..30 {
                let hit = (4..22).contains(&x) && (5..15).contains(&y) && clip.contains(x, y);
                let want = match hit {
                    true if source.get(x - 2, y - 2).unwrap() & 8 != 0 => 9,
                    true => 4,
                    false => 0,
                };
                assert_eq!(pixmap.get(x, y), Some(want));
            }
        }
    }
}
