//! Sets of pixels as rectangles: what a window shows, what a GC clips to, what was damaged.
//!
//! A [`Region`] is a list of rectangles in *y-x bands*: rectangles are sorted by `y1`, then by `x1`; two rectangles
//! either share both `y1` and `y2` (one band) or do not overlap in y at all; within a band they do not touch; and two
//! bands that touch differ in their spans. This form is unique, so equality of regions is equality of lists, and every
//! operation is one merge over both lists: O(n + m).
//!
//! The common region is one rectangle; it owns no list and costs no allocation.
//!
//! Coordinates are pixels in whatever space the caller works in; rectangles are half-open (`x1 <= x < x2`).

use std::slice;

/// A half-open rectangle of pixels: `x1 <= x < x2`, `y1 <= y < y2`. Empty when either range is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rect {
    /// First column inside.
    pub x1: i32,
    /// First row inside.
    pub y1: i32,
    /// First column past the right edge.
    pub x2: i32,
    /// First row past the lower edge.
    pub y2: i32,
}

impl Rect {
    /// The rectangle without pixels.
    pub const EMPTY: Self = Self { x1: 0, y1: 0, x2: 0, y2: 0 };

    /// From its edges.
    pub const fn new(x1: i32, y1: i32, x2: i32, y2: i32) -> Self {
        Self { x1, y1, x2, y2 }
    }

    /// From corner and size, as requests carry it.
    pub const fn from_size(x: i32, y: i32, width: u32, height: u32) -> Self {
        Self { x1: x, y1: y, x2: x.saturating_add_unsigned(width), y2: y.saturating_add_unsigned(height) }
    }

    /// Columns, 0 when empty.
    pub const fn width(&self) -> i32 {
        if self.x2 > self.x1 { self.x2.saturating_sub(self.x1) } else { 0 }
    }

    /// Rows, 0 when empty.
    pub const fn height(&self) -> i32 {
        if self.y2 > self.y1 { self.y2.saturating_sub(self.y1) } else { 0 }
    }

    /// Whether it has no pixels.
    pub const fn is_empty(&self) -> bool {
        self.x1 >= self.x2 || self.y1 >= self.y2
    }

    /// Whether the pixel is inside.
    pub const fn contains(&self, x: i32, y: i32) -> bool {
        x >= self.x1 && x < self.x2 && y >= self.y1 && y < self.y2
    }

    /// The pixel inside that is nearest to one; the rectangle is not empty.
    pub fn nearest(&self, x: i32, y: i32) -> (i32, i32) {
        (x.clamp(self.x1, self.x2 - 1), y.clamp(self.y1, self.y2 - 1))
    }

    /// Whether every pixel of `other` is inside (an empty rectangle is inside everything).
    pub const fn contains_rect(&self, other: &Self) -> bool {
        other.is_empty()
            || (other.x1 >= self.x1 && other.x2 <= self.x2 && other.y1 >= self.y1 && other.y2 <= self.y2)
    }

    /// Whether the two share a pixel.
    pub const fn overlaps(&self, other: &Self) -> bool {
        !self.intersect(other).is_empty()
    }

    /// The pixels in both; [`Rect::EMPTY`] when there are none.
    #[must_use]
    pub const fn intersect(&self, other: &Self) -> Self {
        let r = Self {
            x1: if self.x1 > other.x1 { self.x1 } else { other.x1 },
            y1: if self.y1 > other.y1 { self.y1 } else { other.y1 },
            x2: if self.x2 < other.x2 { self.x2 } else { other.x2 },
            y2: if self.y2 < other.y2 { self.y2 } else { other.y2 },
        };
        if r.is_empty() { Self::EMPTY } else { r }
    }

    /// The smallest rectangle around both; an empty one adds nothing.
    #[must_use]
    pub fn bound(&self, other: &Self) -> Self {
        if self.is_empty() {
            *other
        } else if other.is_empty() {
            *self
        } else {
            Self {
                x1: self.x1.min(other.x1),
                y1: self.y1.min(other.y1),
                x2: self.x2.max(other.x2),
                y2: self.y2.max(other.y2),
            }
        }
    }

    /// Moved by `dx`, `dy`, stopping at the ends of the number range.
    #[must_use]
    pub const fn translate(&self, dx: i32, dy: i32) -> Self {
        Self {
            x1: self.x1.saturating_add(dx),
            y1: self.y1.saturating_add(dy),
            x2: self.x2.saturating_add(dx),
            y2: self.y2.saturating_add(dy),
        }
    }
}

/// How a rectangle lies to a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// No pixel of it is inside.
    Out,
    /// Every pixel of it is inside.
    In,
    /// Some are and some are not.
    Part,
}

/// A set of pixels, as disjoint rectangles in y-x bands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    extents: Rect,
    /// Empty when the region is exactly `extents`; otherwise two or more rectangles.
    bands: Vec<Rect>,
}

impl Region {
    /// The region without pixels.
    pub const fn new() -> Self {
        Self { extents: Rect::EMPTY, bands: Vec::new() }
    }

    /// The pixels of one rectangle.
    pub const fn from_rect(rect: Rect) -> Self {
        Self { extents: if rect.is_empty() { Rect::EMPTY } else { rect }, bands: Vec::new() }
    }

    /// The union of any rectangles, in any order, overlapping or not: O(n log n) for lists that do not pile up.
    pub fn from_rects(rects: &[Rect]) -> Self {
        if is_banded(rects) {
            let mut build = Builder::with_capacity(rects.len());
            let mut rest = rects;
            while let Some(first) = rest.first() {
                let n = band_len(rest);
                build.begin(first.y1, first.y2);
                for r in &rest[..n] {
                    build.span(r.x1, r.x2);
                }
                build.end();
                rest = &rest[n..];
            }
            return build.finish();
        }
        match rects {
            [] => Self::new(),
            [one] => Self::from_rect(*one),
            _ => {
                let (a, b) = rects.split_at(rects.len() / 2);
                Self::from_rects(a).union(&Self::from_rects(b))
            }
        }
    }

    /// From rows of spans: `(y, x1, x2)` half-open, sorted by `y` then `x1`, disjoint within a row. Spans that touch or
    /// overlap are joined, empty ones dropped; rows out of order are taken in by a union.
    pub fn from_spans(spans: impl IntoIterator<Item = (i32, i32, i32)>) -> Self {
        let mut build = Builder::with_capacity(16);
        let mut stray = Vec::new();
        let mut row: Option<(i32, i32)> = None;
        for (y, x1, x2) in spans {
            if x1 >= x2 || y == i32::MAX {
                continue;
            }
            match row {
                Some((ry, rx)) if ry == y && x1 >= rx => {}
                Some((ry, _)) if y <= ry => {
                    stray.push(Rect::new(x1, y, x2, y + 1));
                    continue;
                }
                _ => {
                    build.end();
                    build.begin(y, y + 1);
                }
            }
            build.span(x1, x2);
            row = Some((y, x1));
        }
        build.end();
        let region = build.finish();
        if stray.is_empty() { region } else { region.union(&Self::from_rects(&stray)) }
    }

    /// Whether it has no pixels.
    pub const fn is_empty(&self) -> bool {
        self.extents.is_empty()
    }

    /// The smallest rectangle around it; [`Rect::EMPTY`] for the empty region.
    pub const fn extents(&self) -> Rect {
        self.extents
    }

    /// The region as one rectangle, when it is one.
    pub fn as_rect(&self) -> Option<Rect> {
        (self.bands.is_empty() && !self.is_empty()).then_some(self.extents)
    }

    /// Its rectangles in y-x order.
    pub fn rects(&self) -> &[Rect] {
        if !self.bands.is_empty() {
            &self.bands
        } else if self.is_empty() {
            &[]
        } else {
            slice::from_ref(&self.extents)
        }
    }

    /// Iterates over its rectangles in y-x order.
    pub fn iter(&self) -> slice::Iter<'_, Rect> {
        self.rects().iter()
    }

    /// The number of pixels.
    pub fn area(&self) -> u64 {
        self.iter().map(|r| r.width() as u64 * r.height() as u64).sum()
    }

    /// Whether the pixel is inside: O(log n + band).
    pub fn contains(&self, x: i32, y: i32) -> bool {
        self.extents.contains(x, y)
            && (self.bands.is_empty()
                || self.from_row(y).iter().take_while(|r| r.y1 <= y).any(|r| x >= r.x1 && x < r.x2))
    }

    /// The rectangles from the band that holds row `y` (or the first below it) on.
    pub fn from_row(&self, y: i32) -> &[Rect] {
        let rects = self.rects();
        &rects[rects.partition_point(|r| r.y2 <= y)..]
    }

    /// How `rect` lies to the region. An empty rectangle is [`Overlap::Out`].
    pub fn overlap(&self, rect: &Rect) -> Overlap {
        let hit = self.extents.intersect(rect);
        if hit.is_empty() {
            return Overlap::Out;
        }
        if self.bands.is_empty() {
            return if hit == *rect { Overlap::In } else { Overlap::Part };
        }
        let mut inside: u64 = 0;
        for r in self.from_row(rect.y1) {
            if r.y1 >= rect.y2 {
                break;
            }
            let part = r.intersect(rect);
            inside += part.width() as u64 * part.height() as u64;
        }
        if inside == 0 {
            Overlap::Out
        } else if inside == rect.width() as u64 * rect.height() as u64 {
            Overlap::In
        } else {
            Overlap::Part
        }
    }

    /// The pixels in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() || (self.bands.is_empty() && self.extents.contains_rect(&other.extents)) {
            return self.clone();
        }
        if self.is_empty() || (other.bands.is_empty() && other.extents.contains_rect(&self.extents)) {
            return other.clone();
        }
        merge(self.rects(), other.rects(), |a, b| a | b)
    }

    /// The pixels in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        if !self.extents.overlaps(&other.extents) {
            return Self::new();
        }
        match (self.bands.is_empty(), other.bands.is_empty()) {
            (true, true) => Self::from_rect(self.extents.intersect(&other.extents)),
            (true, false) => other.intersect_rect(&self.extents),
            (false, true) => self.intersect_rect(&other.extents),
            (false, false) => merge(&self.bands, &other.bands, |a, b| a & b),
        }
    }

    /// The pixels that are also in `rect`.
    #[must_use]
    pub fn intersect_rect(&self, rect: &Rect) -> Self {
        if rect.contains_rect(&self.extents) {
            return self.clone();
        }
        if self.bands.is_empty() {
            return Self::from_rect(self.extents.intersect(rect));
        }
        if rect.is_empty() {
            return Self::new();
        }
        merge(self.from_row(rect.y1), slice::from_ref(rect), |a, b| a & b)
    }

    /// The pixels of `self` that are not in `other`.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        if !self.extents.overlaps(&other.extents) {
            return self.clone();
        }
        if other.bands.is_empty() && other.extents.contains_rect(&self.extents) {
            return Self::new();
        }
        merge(self.rects(), other.rects(), |a, b| a && !b)
    }

    /// Adds the pixels of one rectangle.
    pub fn add_rect(&mut self, rect: Rect) {
        if rect.is_empty() || (self.bands.is_empty() && self.extents.contains_rect(&rect)) {
            return;
        }
        *self = self.union(&Self::from_rect(rect));
    }

    /// Moves the region by `dx`, `dy`; what would leave the number range is cut off.
    pub fn translate(&mut self, dx: i32, dy: i32) {
        if dx == 0 && dy == 0 {
            return;
        }
        let e = self.extents;
        let fits = |v: i32, d: i32| v.checked_add(d).is_some();
        if fits(e.x1, dx) && fits(e.x2, dx) && fits(e.y1, dy) && fits(e.y2, dy) {
            if !e.is_empty() {
                self.extents = e.translate(dx, dy);
            }
            for r in &mut self.bands {
                *r = r.translate(dx, dy);
            }
        } else {
            let moved: Vec<Rect> = self.iter().map(|r| r.translate(dx, dy)).collect();
            *self = Self::from_rects(&moved);
        }
    }

    /// A copy moved by `dx`, `dy`.
    #[must_use]
    pub fn translated(&self, dx: i32, dy: i32) -> Self {
        let mut moved = self.clone();
        moved.translate(dx, dy);
        moved
    }
}

impl From<Rect> for Region {
    fn from(rect: Rect) -> Self {
        Self::from_rect(rect)
    }
}

impl FromIterator<Rect> for Region {
    fn from_iter<I: IntoIterator<Item = Rect>>(rects: I) -> Self {
        Self::from_rects(&rects.into_iter().collect::<Vec<_>>())
    }
}

impl<'a> IntoIterator for &'a Region {
    type Item = &'a Rect;
    type IntoIter = slice::Iter<'a, Rect>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Whether the list already is in y-x bands (touching spans and bands may still need joining).
fn is_banded(rects: &[Rect]) -> bool {
    rects.iter().all(|r| !r.is_empty())
        && rects.windows(2).all(|w| {
            let (a, b) = (&w[0], &w[1]);
            (a.y1 == b.y1 && a.y2 == b.y2 && a.x2 <= b.x1) || a.y2 <= b.y1
        })
}

/// The number of rectangles in the first band of a non-empty list.
fn band_len(rects: &[Rect]) -> usize {
    rects.iter().take_while(|r| r.y1 == rects[0].y1).count()
}

/// Sweeps over both band lists and keeps the pixels where `keep(in a, in b)` holds; `keep(false, false)` must not.
fn merge(a: &[Rect], b: &[Rect], keep: impl Fn(bool, bool) -> bool) -> Region {
    let mut build = Builder::with_capacity(a.len() + b.len());
    // What lies above all of the other, as what lies below it, is kept as it is or not at all.
    let above = |list: &[Rect], other: &[Rect]| {
        other.first().map_or(0, |first| list.partition_point(|r| r.y2 <= first.y1))
    };
    let ((head_a, mut a), (head_b, mut b)) = (a.split_at(above(a, b)), b.split_at(above(b, a)));
    for (head, kept) in [(head_a, keep(true, false)), (head_b, keep(false, true))] {
        if kept {
            build.copy(head);
        }
    }
    let (mut band_a, mut band_b) = (&a[..0], &b[..0]);
    let mut y = i32::MIN;
    loop {
        // Load the bands that reach below `y`.
        if band_a.first().is_none_or(|r| r.y2 <= y) {
            let n = if a.is_empty() { 0 } else { band_len(a) };
            (band_a, a) = a.split_at(n);
        }
        if band_b.first().is_none_or(|r| r.y2 <= y) {
            let n = if b.is_empty() { 0 } else { band_len(b) };
            (band_b, b) = b.split_at(n);
        }
        let last = match (band_a.is_empty(), band_b.is_empty()) {
            (false, false) => None,
            (_, true) => Some((band_a, a, keep(true, false))),
            (true, false) => Some((band_b, b, keep(false, true))),
        };
        if let Some((band, rest, kept)) = last {
            if let Some(first) = band.first().filter(|_| kept) {
                build.begin(first.y1.max(y), first.y2);
                for r in band {
                    build.span(r.x1, r.x2);
                }
                build.end();
                build.copy(rest);
            }
            break;
        }
        let edge = |band: &[Rect]| band.first().map(|r| if r.y1 > y { r.y1 } else { r.y2 });
        let starts = [band_a, band_b].into_iter().filter_map(|s| s.first()).map(|r| r.y1.max(y)).min();
        let Some(top) = starts else { break };
        if top > y {
            y = top;
            continue;
        }
        let bottom = match (edge(band_a), edge(band_b)) {
            (Some(p), Some(q)) => p.min(q),
            (Some(p), None) | (None, Some(p)) => p,
            (None, None) => break,
        };
        let in_a = if band_a.first().is_some_and(|r| r.y1 <= y) { band_a } else { &[] };
        let in_b = if band_b.first().is_some_and(|r| r.y1 <= y) { band_b } else { &[] };
        build.begin(y, bottom);
        merge_band(in_a, in_b, &keep, &mut build);
        build.end();
        y = bottom;
    }
    build.finish()
}

fn merge_band(a: &[Rect], b: &[Rect], keep: &impl Fn(bool, bool) -> bool, build: &mut Builder) {
    match (a, b) {
        (_, []) => {
            if keep(true, false) {
                for r in a {
                    build.span(r.x1, r.x2);
                }
            }
            return;
        }
        ([], _) => {
            if keep(false, true) {
                for r in b {
                    build.span(r.x1, r.x2);
                }
            }
            return;
        }
        _ => {}
    }
    let (mut i, mut j) = (0, 0);
    let (mut in_a, mut in_b) = (false, false);
    let mut start = 0;
    let mut on = false;
    while i < a.len() || j < b.len() {
        let edge_a = a.get(i).map_or(i32::MAX, |r| if in_a { r.x2 } else { r.x1 });
        let edge_b = b.get(j).map_or(i32::MAX, |r| if in_b { r.x2 } else { r.x1 });
        let x = edge_a.min(edge_b);
        if edge_a == x && i < a.len() {
            in_a = !in_a;
            i += usize::from(!in_a);
        }
        if edge_b == x && j < b.len() {
            in_b = !in_b;
            j += usize::from(!in_b);
        }
        let now = keep(in_a, in_b);
        if now != on {
            if now {
                start = x;
            } else {
                build.span(start, x);
            }
            on = now;
        }
    }
}

/// Collects bands from top to bottom, joining spans and bands that touch.
struct Builder {
    rects: Vec<Rect>,
    /// Where the last finished band begins in `rects`.
    previous: usize,
    /// Where the band being built begins.
    current: usize,
    y1: i32,
    y2: i32,
}

impl Builder {
    fn with_capacity(n: usize) -> Self {
        Self { rects: Vec::with_capacity(n), previous: 0, current: 0, y1: 0, y2: 0 }
    }

    /// Adds bands of a region, below all there are; the first of them touches none.
    fn copy(&mut self, bands: &[Rect]) {
        let Some(last) = bands.last() else { return };
        self.rects.extend_from_slice(bands);
        self.current = self.rects.len();
        self.previous = self.current - bands.iter().rev().take_while(|r| r.y1 == last.y1).count();
    }

    fn begin(&mut self, y1: i32, y2: i32) {
        self.y1 = y1;
        self.y2 = y2;
    }

    fn span(&mut self, x1: i32, x2: i32) {
        if x1 >= x2 {
            return;
        }
        if self.rects.len() > self.current
            && let Some(last) = self.rects.last_mut()
            && x1 <= last.x2
        {
            last.x2 = last.x2.max(x2);
            return;
        }
        self.rects.push(Rect::new(x1, self.y1, x2, self.y2));
    }

    fn end(&mut self) {
        if self.rects.len() == self.current {
            return;
        }
        let (done, band) = self.rects.split_at(self.current);
        let above = &done[self.previous..];
        let same = above.len() == band.len()
            && above.first().is_some_and(|r| r.y2 == self.y1)
            && above.iter().zip(band).all(|(p, q)| p.x1 == q.x1 && p.x2 == q.x2);
        if same {
            let bottom = self.y2;
            for r in &mut self.rects[self.previous..self.current] {
                r.y2 = bottom;
            }
            self.rects.truncate(self.current);
        } else {
            self.previous = self.current;
            self.current = self.rects.len();
        }
    }

    fn finish(self) -> Region {
        match self.rects.as_slice() {
            [] => Region::new(),
            [one] => Region::from_rect(*one),
            all @ [first, .., last] => {
                let extents = Rect {
                    x1: all.iter().map(|r| r.x1).min().unwrap_or(0),
                    x2: all.iter().map(|r| r.x2).max().unwrap_or(0),
                    y1: first.y1,
                    y2: last.y2,
                };
                Region { extents, bands: self.rects }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIDE: i32 = 24;

    fn bitmap(region: &Region) -> Vec<bool> {
        let mut bits = vec![false; (SIDE * SIDE) as usize];
        for r in region {
            for y in r.y1..r.y2 {
                for x in r.x1..r.x2 {
                    let bit = &mut bits[(y * SIDE + x) as usize];
                    assert!(!*bit, "rectangles overlap: {region:?}");
                    *bit = true;
                }
            }
        }
        bits
    }

    fn check_form(region: &Region) {
        let rects = region.rects();
        assert_ne!(region.bands.len(), 1);
        let bound = rects.iter().fold(Rect::EMPTY, |b, r| b.bound(r));
        assert_eq!(bound, region.extents());
        for w in rects.windows(2) {
            assert!((w[0].y1 == w[1].y1 && w[0].y2 == w[1].y2 && w[0].x2 < w[1].x1) || w[0].y2 <= w[1].y1);
        }
        assert_eq!(*region, Region::from_rects(rects));
    }

    fn rects() -> impl Strategy<Value = Vec<Rect>> {
        let rect = (0..SIDE, 0..SIDE, 0..10i32, 0..10i32)
            .prop_map(|(x, y, w, h)| Rect::new(x, y, (x + w).min(SIDE), (y + h).min(SIDE)));
        proptest::collection::vec(rect, 0..8)
    }

    fn naive(rects: &[Rect]) -> Vec<bool> {
        (0..SIDE * SIDE).map(|i| rects.iter().any(|r| r.contains(i % SIDE, i / SIDE))).collect()
    }

    proptest! {
        #[test]
        fn every_operation_agrees_with_bitmaps(a in rects(), b in rects(), probe in rects()) {
            let (ra, rb) = (Region::from_rects(&a), Region::from_rects(&b));
            let (ba, bb) = (naive(&a), naive(&b));
            check_form(&ra);
            prop_assert_eq!(&bitmap(&ra), &ba);
            for (region, op) in [
                (ra.union(&rb), (|p, q| p || q) as fn(bool, bool) -> bool),
                (ra.intersect(&rb), |p, q| p && q),
                (ra.subtract(&rb), |p, q| p && !q),
            ] {
                check_form(&region);
                let want: Vec<bool> = ba.iter().zip(&bb).map(|(p, q)| op(*p, *q)).collect();
                prop_assert_eq!(&bitmap(&region), &want);
                prop_assert_eq!(region.area(), want.iter().filter(|b| **b).count() as u64);
            }
            for r in &probe {
                let inside = (0..SIDE * SIDE)
                    .filter(|i| r.contains(i % SIDE, i / SIDE) && ba[*i as usize]).count() as i32;
                let want = if inside == 0 { Overlap::Out }
                    else if inside == r.width() * r.height() { Overlap::In } else { Overlap::Part };
                prop_assert_eq!(ra.overlap(r), want);
                prop_assert_eq!(ra.intersect_rect(r), ra.intersect(&Region::from_rect(*r)));
            }
            for i in 0..SIDE * SIDE {
                prop_assert_eq!(ra.contains(i % SIDE, i / SIDE), ba[i as usize]);
            }
        }

        #[test]
        fn spans_make_the_region_they_cover(a in rects()) {
            let region = Region::from_rects(&a);
            let bits = bitmap(&region);
            let spans = (0..SIDE * SIDE).filter(|i| bits[*i as usize]).map(|i| (i / SIDE, i % SIDE, i % SIDE + 1));
            prop_assert_eq!(Region::from_spans(spans), region);
        }
    }

    #[test]
    fn a_region_moved_past_the_number_range_is_cut_off() {
        let mut region = Region::from_rects(&[Rect::new(0, 0, 10, 10), Rect::new(20, 0, 30, 10)]);
        region.translate(i32::MAX - 5, 0);
        assert_eq!(region.rects(), [Rect::new(i32::MAX - 5, 0, i32::MAX, 10)]);
    }

    #[test]
    fn spans_out_of_order_are_still_taken_in() {
        let region = Region::from_spans([(5, 0, 4), (2, 0, 4), (5, 2, 8), (5, 0, 1)]);
        assert_eq!(region.rects(), [Rect::new(0, 2, 4, 3), Rect::new(0, 5, 8, 6)]);
    }
}
