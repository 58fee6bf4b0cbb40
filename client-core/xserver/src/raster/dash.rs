//! Dash patterns along a line.

use super::Gc;

/// Where a path is in its GC's dash pattern.
#[derive(Clone, Debug)]
pub(super) struct Dashes {
    /// Lengths of dashes and gaps in turn, an even number of them.
    lengths: Vec<u64>,
    total: u64,
    /// Pixels from the start of the pattern.
    pub(super) position: u64,
    /// For each pixel of the pattern whether it is in an odd dash; empty where that would be long.
    odd: Vec<bool>,
}

/// The longest pattern that is laid out by pixels.
const LAID_OUT: u64 = 1024;

impl Dashes {
    pub(super) fn new(gc: &Gc) -> Self {
        let mut lengths: Vec<u64> = gc.dashes.iter().map(|d| u64::from(*d).max(1)).collect();
        if lengths.is_empty() {
            lengths.push(1);
        }
        if lengths.len() % 2 == 1 {
            // X11 §9 SetDashes: an odd list is taken twice.
            lengths.extend_from_within(..);
        }
        let total = lengths.iter().sum();
        let mut odd = Vec::new();
        if total <= LAID_OUT {
            for (i, length) in lengths.iter().enumerate() {
                odd.extend(std::iter::repeat_n(i % 2 == 1, *length as usize));
            }
        }
        Self { lengths, total, position: gc.dash_offset.into(), odd }
    }

    /// Whether `position` is in an odd dash, and how many pixels of that dash are left.
    pub(super) fn at(&self, position: u64) -> (bool, u64) {
        let mut rest = position % self.total;
        for (i, length) in self.lengths.iter().enumerate() {
            if rest < *length {
                return (i % 2 == 1, length - rest);
            }
            rest -= length;
        }
        (false, 1)
    }

    /// For each pixel of the pattern whether it is in an odd dash; none where the pattern is long.
    pub(super) fn pattern(&self) -> Option<&[bool]> {
        (!self.odd.is_empty()).then_some(&self.odd)
    }

    /// How many pixels the dash at `position` has in all.
    pub(super) fn length_at(&self, position: u64) -> u64 {
        let mut rest = position % self.total;
        for length in &self.lengths {
            if rest < *length {
                return *length;
            }
            rest -= length;
        }
        1
    }

    /// From `position` on, without end: whether a dash is odd, and how many pixels of it are left.
    pub(super) fn runs(&self, position: u64) -> impl Iterator<Item = (bool, u64)> {
        let mut rest = position % self.total;
        let mut first = 0;
        while let Some(length) = self.lengths.get(first)
            && rest >= *length
        {
            rest -= length;
            first += 1;
        }
        let from_here = self.lengths.iter().enumerate().cycle().skip(first);
        from_here
            .enumerate()
            .map(move |(nth, (i, length))| (i % 2 == 1, if nth == 0 { length - rest } else { *length }))
    }
}

#[cfg(test)]
mod tests {
    use x11rb_protocol::protocol::xproto::Point;

    use crate::raster::{Canvas, CapStyle, Gc, ImageFormat, LineStyle, Pixmap};
    use crate::region::Region;

    #[test]
    fn round_dashes_of_a_long_side_are_those_of_a_short_one() {
        // Ten pixels along, where a period ends, are (6, 8): two sides that differ by whole periods look the same.
        let gc = Gc {
            foreground: 1,
            line_width: 11,
            line_style: LineStyle::OnOffDash,
            cap_style: CapStyle::Round,
            dashes: vec![3, 7].into(),
            ..Gc::default()
        };
        let picture = |periods: i16| {
            let end = |sign: i16| Point { x: 45 + sign * 6 * periods, y: 45 + sign * 8 * periods };
            let mut pixmap = Pixmap::new(90, 90, 8).expect("a pixmap");
            let clip = Region::from_rect(pixmap.bounds());
            Canvas::new(&mut pixmap, (0, 0), &clip).poly_line(&gc, false, &[end(-1), end(1)]);
            let mut pixels = Vec::new();
            pixmap.get_image(pixmap.bounds(), ImageFormat::ZPixmap, !0, &mut pixels);
            pixels
        };
        assert!(picture(100).contains(&1), "nothing was drawn");
        assert!(picture(100) == picture(4000), "the long side's dashes differ");
    }
}
