//! Compositing: source IN mask OP destination, within a clip region.
//!
//! Works row by row in pieces of [`PIECE`] pixels, so that all of a piece stays in the first-level cache. Where source
//! or destination are in memory as the arithmetic wants them, they are used in place.

use super::format::{Format, fill_row, words_at_mut};
use super::op::{Float, MaskRow, Op, combine, combine_float, over_through, over_through_channels};
use super::source::{Bits, Filter, Source};
use crate::raster::Pixmap;
use crate::region::{Rect, Region};

/// Pixels composited at a time.
const PIECE: usize = 512;

/// A picture as a destination.
#[derive(Debug)]
pub struct Target<'a> {
    /// Where the pixels are.
    pub pixmap: &'a mut Pixmap,
    /// What they mean.
    pub format: &'static Format,
    /// What may change, in the pixmap's coordinates.
    pub clip: &'a Region,
    /// What takes the alpha of the pixels, and its corner in the pixmap's coordinates.
    pub alpha_map: Option<TargetAlpha<'a>>,
}

/// The alpha map of a destination.
#[derive(Debug)]
pub struct TargetAlpha<'a> {
    /// Where its pixels are.
    pub pixmap: &'a mut Pixmap,
    /// What they mean.
    pub format: &'static Format,
    /// What to add to the destination pixmap's coordinates to get the map's pixmap's.
    pub offset: (i32, i32),
}

/// Which pixels meet: corners in the coordinates of source, mask and destination pixmap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Geometry {
    /// Source corner.
    pub source: (i32, i32),
    /// Mask corner.
    pub mask: (i32, i32),
    /// Destination corner.
    pub target: (i32, i32),
    /// Columns and rows.
    pub size: (i32, i32),
}

impl Geometry {
    /// The destination rectangle.
    pub fn bounds(&self) -> Rect {
        let ((x, y), (w, h)) = (self.target, self.size);
        Rect::new(x, y, x.saturating_add(w), y.saturating_add(h))
    }
}

/// Composites. Pixels outside the clip or the destination stay as they are.
pub fn composite(
    op: Op,
    source: &Source<'_>,
    mask: Option<&Source<'_>>,
    target: &mut Target<'_>,
    geometry: Geometry,
) {
    let mut op = op.plainest();
    // A mask that is white is none; where one colour goes to native pixels, so is one that is all there.
    let native = target.format.is_native() || target.format.is_native_opaque();
    let plain = native && source.as_solid().is_some();
    // The weights of a kernel need not add up to one, which is of no account where there is no mask, as in Xvfb.
    let is_convolved = |s: &Source<'_>| matches!(s.filter, Filter::Convolution(_));
    let is_all_there = |m: &Source<'_>| !m.component_alpha && m.is_opaque() && !is_convolved(m);
    let mask = mask.filter(|m| m.as_solid() != Some(u32::MAX) && !(plain && is_all_there(m)));
    let opaque = match mask {
        Some(m) => source.is_opaque() && is_all_there(m) && !is_convolved(source),
        None => source.is_opaque() || source.is_opaque_within(geometry.source, geometry.size),
    };
    if opaque {
        op = op.with_opaque_source();
    }
    if op == Op::Dst {
        return;
    }
    let bounds = geometry.bounds().intersect(&target.pixmap.bounds());
    if fill_rows(op, source, mask, target, &bounds)
        || copy_rows(op, source, mask, target, geometry, &bounds)
        || over_rows(op, source, mask, target, geometry, &bounds)
        || add_rows(op, source, mask, target, geometry, &bounds)
    {
        return;
    }
    let deep =
        op.divides() || target.format.is_deep() || source.is_deep() || mask.is_some_and(Source::is_deep);
    let clip = target.clip;
    let mut rows = Rows::new(op, source, mask, geometry);
    for rect in clip.rects() {
        let rect = rect.intersect(&bounds);
        for y in rect.y1..rect.y2 {
            let mut x = rect.x1;
            while x < rect.x2 {
                let n = ((rect.x2 - x) as usize).min(PIECE);
                if deep {
                    rows.float_piece(target, x, y, n);
                } else {
                    rows.piece(target, x, y, n);
                }
                x += n as i32;
            }
        }
    }
}

/// One colour that replaces what was there. Tells whether it was so.
fn fill_rows(
    op: Op,
    source: &Source<'_>,
    mask: Option<&Source<'_>>,
    target: &mut Target<'_>,
    bounds: &Rect,
) -> bool {
    if op != Op::Src || mask.is_some() || target.alpha_map.is_some() || target.format.is_deep() {
        return false;
    }
    let Some(colour) = source.as_solid() else { return false };
    let pixel = target.format.write(colour);
    for rect in target.clip.from_row(bounds.y1) {
        if rect.y1 >= bounds.y2 {
            break;
        }
        let rect = rect.intersect(bounds);
        for y in rect.y1..rect.y2 {
            fill_row(target.pixmap, rect.x1, y, rect.width() as usize, pixel);
        }
    }
    true
}

/// Source pixels that are stored as they are read: rows are copied. Tells whether it was so.
fn copy_rows(
    op: Op,
    source: &Source<'_>,
    mask: Option<&Source<'_>>,
    target: &mut Target<'_>,
    g: Geometry,
    bounds: &Rect,
) -> bool {
    let native = target.format.is_native() || target.format.is_native_opaque();
    if op != Op::Src || mask.is_some() || !native || target.alpha_map.is_some() {
        return false;
    }
    let Some(from) = source.rows_for(target.format) else { return false };
    let (dx, dy) = (g.source.0.saturating_sub(g.target.0), g.source.1.saturating_sub(g.target.1));
    let inside =
        |r: &Rect| from.covers(r.x1.saturating_add(dx), r.y1.saturating_add(dy), r.width(), r.height());
    if !inside(&bounds.intersect(&target.clip.extents())) {
        return false;
    }
    for rect in target.clip.rects() {
        let rect = rect.intersect(bounds);
        let n = rect.width() as usize;
        for y in rect.y1..rect.y2 {
            if let (Some(from), Some(to)) =
                (from.words(rect.x1 + dx, y + dy, n), words_at_mut(target.pixmap, rect.x1, y, n))
            {
                to.copy_from_slice(from);
            }
        }
    }
    true
}

/// A mask's pixels, where they are coverage as it stands and lie below all that is drawn: them, and the way from a place
/// of the target to theirs.
fn coverage_over<'a>(
    mask: &Source<'a>,
    target: &Target<'_>,
    g: Geometry,
    bounds: &Rect,
) -> Option<(Bits<'a>, i32, i32)> {
    let coverage = mask.coverage()?;
    let (dx, dy) = (g.mask.0.saturating_sub(g.target.0), g.mask.1.saturating_sub(g.target.1));
    let reach = bounds.intersect(&target.clip.extents());
    let (x, y) = (reach.x1.saturating_add(dx), reach.y1.saturating_add(dy));
    coverage.covers(x, y, reach.width(), reach.height()).then_some((coverage, dx, dy))
}

/// One colour over pixels through a mask of coverage, which is what text is. Tells whether it was so.
fn over_rows(
    op: Op,
    source: &Source<'_>,
    mask: Option<&Source<'_>>,
    target: &mut Target<'_>,
    g: Geometry,
    bounds: &Rect,
) -> bool {
    let opaque = target.format.is_native_opaque();
    if op != Op::Over || !(target.format.is_native() || opaque) || target.alpha_map.is_some() {
        return false;
    }
    let (Some(colour), Some(mask)) = (source.as_solid(), mask) else { return false };
    let Some((coverage, dx, dy)) = coverage_over(mask, target, g, bounds) else { return false };
    // Where there is no alpha the bits in its place stay clear.
    let keep = if opaque { 0x00ff_ffff } else { u32::MAX };
    let all_or_nothing = coverage.format == Format::a1();
    let mut widened = Vec::new();
    for rect in target.clip.rects() {
        let rect = rect.intersect(bounds);
        let n = rect.width() as usize;
        for y in rect.y1..rect.y2 {
            let Some(to) = words_at_mut(target.pixmap, rect.x1, y, n) else { continue };
            let (mx, my) = (rect.x1 + dx, y + dy);
            if mask.component_alpha {
                if let Some(row) = coverage.words(mx, my, n) {
                    over_through_channels(colour, row, to, keep);
                }
            } else if let Some(row) = coverage.bytes(mx, my, n) {
                if all_or_nothing {
                    widened.clear();
                    widened.extend(row.iter().map(|there| 0_u8.wrapping_sub(*there)));
                    over_through(colour, &widened, to, keep);
                } else {
                    over_through(colour, row, to, keep);
                }
            }
        }
    }
    true
}

/// Coverage added to coverage, which is how shapes are gathered. Tells whether it was so.
fn add_rows(
    op: Op,
    source: &Source<'_>,
    mask: Option<&Source<'_>>,
    target: &mut Target<'_>,
    g: Geometry,
    bounds: &Rect,
) -> bool {
    let plain = std::ptr::eq(target.format, Format::a8()) && target.alpha_map.is_none();
    let Some(mask) = mask.filter(|mask| plain && op == Op::Add && !mask.component_alpha) else {
        return false;
    };
    if source.as_solid().is_none_or(|colour| colour >> 24 != 0xff) {
        return false;
    }
    let Some((coverage, dx, dy)) = coverage_over(mask, target, g, bounds) else { return false };
    if coverage.format != Format::a8() {
        return false;
    }
    let width = target.pixmap.width() as usize;
    for rect in target.clip.rects() {
        let rect = rect.intersect(bounds);
        let n = rect.width() as usize;
        for y in rect.y1..rect.y2 {
            let start = y as usize * width + rect.x1 as usize;
            if let Some(row) = coverage.bytes(rect.x1 + dx, y + dy, n)
                && let Some(to) = target.pixmap.byte_pixels_mut().and_then(|p| p.get_mut(start..start + n))
            {
                for (to, more) in to.iter_mut().zip(row) {
                    *to = to.saturating_add(*more);
                }
            }
        }
    }
    true
}

struct Rows<'a> {
    op: Op,
    source: &'a Source<'a>,
    mask: Option<&'a Source<'a>>,
    /// What to add to a destination coordinate.
    to_source: (i32, i32),
    to_mask: (i32, i32),
    s: Vec<u32>,
    m: Vec<u32>,
    d: Vec<u32>,
    solid_source: bool,
    solid_mask: bool,
    float: [Vec<Float>; 3],
}

impl<'a> Rows<'a> {
    fn new(op: Op, source: &'a Source<'a>, mask: Option<&'a Source<'a>>, g: Geometry) -> Self {
        let n = (g.size.0.max(0) as usize).min(PIECE);
        let offset = |(x, y): (i32, i32)| (x.saturating_sub(g.target.0), y.saturating_sub(g.target.1));
        let (solid_s, solid_m) = (source.as_solid(), mask.and_then(Source::as_solid));
        Self {
            op,
            source,
            mask,
            to_source: offset(g.source),
            to_mask: offset(g.mask),
            s: vec![solid_s.unwrap_or(0); n],
            m: vec![solid_m.unwrap_or(0); n],
            d: vec![0; n],
            solid_source: solid_s.is_some(),
            solid_mask: solid_m.is_some(),
            float: Default::default(),
        }
    }

    fn piece(&mut self, target: &mut Target<'_>, x: i32, y: i32, n: usize) {
        let at = |(dx, dy): (i32, i32)| (x.saturating_add(dx), y.saturating_add(dy));
        let (sx, sy) = at(self.to_source);
        let (mx, my) = at(self.to_mask);
        let opaque = target.format.is_native_opaque();
        let native = target.format.is_native() || opaque;
        if self.op == Op::Src
            && self.mask.is_none()
            && native
            && target.alpha_map.is_none()
            && let Some(d) = words_at_mut(target.pixmap, x, y, n)
        {
            self.source.row(sx, sy, d);
            if opaque {
                for p in d {
                    *p &= 0x00ff_ffff;
                }
            }
            return;
        }
        let source: &[u32] = if let Some(words) = self.source.direct(sx, sy, n) {
            words
        } else {
            let s = &mut self.s[..n];
            if !self.solid_source {
                self.source.row(sx, sy, s);
            }
            s
        };
        let mask = match self.mask {
            None => MaskRow::None,
            Some(mask) => {
                let m: &[u32] = if let Some(words) = mask.direct(mx, my, n) {
                    words
                } else {
                    let m = &mut self.m[..n];
                    if !self.solid_mask {
                        mask.row(mx, my, m);
                    }
                    m
                };
                if mask.component_alpha { MaskRow::Component(m) } else { MaskRow::Alpha(m) }
            }
        };
        if target.alpha_map.is_none()
            && native
            && let Some(d) = words_at_mut(target.pixmap, x, y, n)
        {
            if opaque && self.op.reads_destination_alpha() {
                for p in &mut *d {
                    *p |= 0xff00_0000;
                }
            }
            combine(self.op, source, mask, d);
            if opaque {
                for p in d {
                    *p &= 0x00ff_ffff;
                }
            }
            return;
        }
        let d = &mut self.d[..n];
        target.format.read_row(target.pixmap, x, y, d);
        if let Some(map) = &target.alpha_map {
            map.read(x, y, d);
        }
        combine(self.op, source, mask, d);
        target.format.write_row(target.pixmap, x, y, d);
        if let Some(map) = &mut target.alpha_map {
            map.write(x, y, d);
        }
    }

    fn float_piece(&mut self, target: &mut Target<'_>, x: i32, y: i32, n: usize) {
        let at = |(dx, dy): (i32, i32)| (x.saturating_add(dx), y.saturating_add(dy));
        let (sx, sy) = at(self.to_source);
        let (mx, my) = at(self.to_mask);
        for row in &mut self.float {
            row.resize(n, [0.0; 4]);
        }
        let [s, m, d] = &mut self.float;
        self.source.row_float(sx, sy, s);
        let mask = match self.mask {
            None => MaskRow::None,
            Some(mask) => {
                mask.row_float(mx, my, m);
                if mask.component_alpha { MaskRow::Component(&*m) } else { MaskRow::Alpha(&*m) }
            }
        };
        target.format.read_row_float(target.pixmap, x, y, d);
        let alpha = &mut self.d[..n];
        if let Some(map) = &target.alpha_map {
            map.read(x, y, alpha);
            for (d, a) in d.iter_mut().zip(alpha.iter()) {
                d[0] = (a >> 24) as f32 / 255.0;
            }
        }
        combine_float(self.op, s, mask, d);
        target.format.write_row_float(target.pixmap, x, y, d);
        if let Some(map) = &mut target.alpha_map {
            for (a, d) in alpha.iter_mut().zip(d.iter()) {
                *a = super::op::from_float(*d);
            }
            map.write(x, y, alpha);
        }
    }
}

impl TargetAlpha<'_> {
    fn at(&self, x: i32, y: i32) -> (i32, i32) {
        (x.saturating_add(self.offset.0), y.saturating_add(self.offset.1))
    }

    fn read(&self, x: i32, y: i32, pixels: &mut [u32]) {
        let (x, y) = self.at(x, y);
        for (i, p) in pixels.iter_mut().enumerate() {
            let alpha = self.pixmap.get(x.saturating_add(i as i32), y).map_or(0, |p| self.format.read(p));
            *p = *p & 0x00ff_ffff | alpha & 0xff00_0000;
        }
    }

    fn write(&mut self, x: i32, y: i32, pixels: &[u32]) {
        let (x, y) = self.at(x, y);
        for (i, p) in pixels.iter().enumerate() {
            self.pixmap.set(x.saturating_add(i as i32), y, self.format.write(*p));
        }
    }
}

/// All of a pixmap, as its format sees it.
pub fn whole<'a>(pixmap: &'a Pixmap, format: &'static Format) -> Bits<'a> {
    Bits { pixmap, origin: (0, 0), size: (pixmap.width(), pixmap.height()), format }
}

#[cfg(test)]
mod tests {
    use super::super::format::FORMATS;
    use super::super::op::{from_float, to_float};
    use super::*;

    fn filled(width: u32, height: u32, format: &'static Format, argb: u32) -> Pixmap {
        let mut pixmap = Pixmap::new(width, height, format.depth).unwrap();
        let row = vec![argb; width as usize];
        for y in 0..height {
            format.write_row(&mut pixmap, 0, y as i32, &row);
        }
        pixmap
    }

    fn draw(
        op: Op,
        source: &Source<'_>,
        mask: Option<&Source<'_>>,
        pixmap: &mut Pixmap,
        format: &'static Format,
    ) {
        let size = (pixmap.width(), pixmap.height());
        let clip = Region::from(pixmap.bounds());
        let mut target = Target { pixmap, format, clip: &clip, alpha_map: None };
        composite(op, source, mask, &mut target, Geometry { size, ..Geometry::default() });
    }

    #[test]
    fn every_operator_in_every_format_is_near_the_float_reference() {
        for op in Op::ALL {
            for target in &FORMATS {
                for source in [Format::a8r8g8b8(), Format::a8(), Format::x8r8g8b8(), &FORMATS[20]] {
                    let s = filled(3, 1, source, 0x9060_3010);
                    let mut d = filled(3, 1, target, 0xc040_8020);
                    let mut expected = [[0.0; 4]];
                    target.read_row_float(&d, 0, 0, &mut expected);
                    let mut src = [[0.0; 4]];
                    source.read_row_float(&s, 0, 0, &mut src);
                    combine_float(op, &src, MaskRow::None, &mut expected);
                    draw(op, &Source::bits(whole(&s, source)), None, &mut d, target);
                    let mut got = [[0.0; 4]];
                    target.read_row_float(&d, 2, 0, &mut got);
                    for ((got, expected), channel) in got[0].iter().zip(expected[0]).zip([
                        target.alpha,
                        target.red,
                        target.green,
                        target.blue,
                    ]) {
                        // Truncation to the format's bits, and two steps of eight bits on the way.
                        let tolerance = 1.0 / f32::from(channel.mask().max(1)) + 2.0 / 255.0;
                        assert!(
                            channel.bits == 0 || (got - expected).abs() <= tolerance,
                            "{op:?} {source:?} -> {target:?}: {got} for {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn pixels_outside_the_clip_stay() {
        let mut d = filled(10, 10, Format::a8r8g8b8(), 0xff00_0000);
        let clip = Region::from_rects(&[Rect::new(2, 2, 4, 4), Rect::new(6, 6, 8, 20)]);
        let mut target = Target { pixmap: &mut d, format: Format::a8r8g8b8(), clip: &clip, alpha_map: None };
        let g = Geometry { target: (-5, -5), size: (100, 100), ..Geometry::default() };
        composite(Op::Over, &Source::solid(u32::MAX), None, &mut target, g);
        for y in 0..10 {
            for x in 0..10 {
                let white = d.get(x, y) == Some(u32::MAX);
                assert_eq!(white, clip.contains(x, y), "{x} {y}");
            }
        }
    }

    #[test]
    fn a_component_mask_scales_channels_by_themselves() {
        let mut d = filled(5, 1, Format::x8r8g8b8(), 0);
        let m = filled(5, 1, Format::a8r8g8b8(), 0xffff_8000);
        let mask = Source { component_alpha: true, ..Source::bits(whole(&m, Format::a8r8g8b8())) };
        draw(Op::Over, &Source::solid(u32::MAX), Some(&mask), &mut d, Format::x8r8g8b8());
        assert_eq!(d.get(4, 0).map(|p| p & 0x00ff_ffff), Some(0x00ff_8000));
    }

    #[test]
    fn an_alpha_map_of_the_destination_takes_the_alpha() {
        let mut d = filled(3, 1, Format::x8r8g8b8(), 0);
        let mut a = filled(3, 1, Format::a8(), 0);
        let clip = Region::from(d.bounds());
        let alpha_map = Some(TargetAlpha { pixmap: &mut a, format: Format::a8(), offset: (0, 0) });
        let mut target = Target { pixmap: &mut d, format: Format::x8r8g8b8(), clip: &clip, alpha_map };
        let g = Geometry { size: (2, 1), ..Geometry::default() };
        composite(Op::Over, &Source::solid(0x8040_2010), None, &mut target, g);
        assert_eq!((a.get(0, 0), a.get(1, 0), a.get(2, 0)), (Some(0x80), Some(0x80), Some(0)));
        assert_eq!(d.get(1, 0).map(|p| p & 0x00ff_ffff), Some(0x0040_2010));
    }

    #[test]
    fn long_rows_are_composited_to_their_end() {
        let n = PIECE as u32 * 2 + 7;
        let s = filled(n, 1, Format::x8r8g8b8(), 0x0012_3456);
        let mut d = filled(n, 1, Format::a8r8g8b8(), 0);
        draw(Op::Over, &Source::bits(whole(&s, Format::x8r8g8b8())), None, &mut d, Format::a8r8g8b8());
        assert!(d.words().unwrap().iter().all(|p| *p == 0xff12_3456));
    }

    #[test]
    fn float_and_back_keeps_every_byte() {
        for v in 0..=255_u32 {
            assert_eq!(from_float(to_float(v * 0x0101_0101)), v * 0x0101_0101);
        }
    }
}
