//! Filled polygons.
//!
//! X11 §9: a pixel is inside when its centre is, and one whose centre lies on the edge when the inside is immediately to
//! its right, or below it. With corners on pixel centres this means: on row `y` an edge stands at `ceil(x)`, spans go from
//! edge up to edge without the latter, and an edge counts from its upper row up to its lower row without the latter.

use x11rb_protocol::protocol::xproto::Point;

use super::fill::Painter;
use super::line::absolute;
use super::{Canvas, FillRule, Gc};
use crate::region::{Rect, Region};

impl Canvas<'_> {
    /// X11 §9 `FillPoly`; `relative` is the coordinate mode Previous. The shape that the client promises is not needed.
    pub fn fill_poly(&mut self, gc: &Gc, relative: bool, points: &[Point]) -> Rect {
        let mut painter = self.painter(gc);
        painter.polygon(absolute(relative, points), gc.fill_rule);
        painter.finish()
    }
}

impl Region {
    /// The inside of a polygon, cut to `bounds` (which bounds the work too).
    pub fn from_polygon(corners: &[(i32, i32)], rule: FillRule, bounds: &Rect) -> Self {
        let mut spans = Vec::new();
        scan(corners.iter().copied(), rule, bounds, |y, x1, x2| {
            spans.push((y, x1.max(bounds.x1), x2.min(bounds.x2)));
        });
        Self::from_spans(spans)
    }
}

impl Painter<'_> {
    pub(super) fn polygon(&mut self, corners: impl ExactSizeIterator<Item = (i32, i32)>, rule: FillRule) {
        let bounds = self.bounds();
        let mut spans = [Rect::EMPTY; SPANS];
        let mut count = 0;
        scan(corners, rule, &bounds, |y, x1, x2| {
            spans[count] = Rect { x1, y1: y, x2, y2: y + 1 };
            count += 1;
            if count == SPANS {
                self.rects(spans.into_iter());
                count = 0;
            }
        });
        self.rects(spans[..count].iter().copied());
    }
}

/// Spans that are drawn at once.
const SPANS: usize = 32;

/// An edge on the way down.
#[derive(Clone, Copy, Default)]
struct Edge {
    /// First row.
    top: i32,
    /// First row past it.
    bottom: i32,
    /// Whole part of x on the current row, and its fraction in `height`ths.
    x: i64,
    fraction: i64,
    /// What a row adds to them.
    step: i64,
    fraction_step: i64,
    height: i64,
    /// 1 for an edge drawn downwards, -1 for one drawn upwards.
    winding: i32,
}

impl Edge {
    /// None for level edges and those outside the rows.
    fn new(a: (i32, i32), b: (i32, i32), bounds: &Rect) -> Option<Self> {
        let (upper, lower, winding) = if a.1 < b.1 { (a, b, 1) } else { (b, a, -1) };
        let (top, bottom) = (upper.1.max(bounds.y1), lower.1.min(bounds.y2));
        if top >= bottom {
            return None;
        }
        let height = i64::from(lower.1) - i64::from(upper.1);
        let run = i64::from(lower.0) - i64::from(upper.0);
        let ahead = (i64::from(top) - i64::from(upper.1)) * run;
        Some(Self {
            top,
            bottom,
            x: i64::from(upper.0) + ahead.div_euclid(height),
            fraction: ahead.rem_euclid(height),
            step: run.div_euclid(height),
            fraction_step: run.rem_euclid(height),
            height,
            winding,
        })
    }

    fn at(&self) -> i64 {
        self.x + i64::from(self.fraction > 0)
    }

    fn advance(&mut self) {
        self.x += self.step;
        self.fraction += self.fraction_step;
        if self.fraction >= self.height {
            self.fraction -= self.height;
            self.x += 1;
        }
    }
}

/// Polygons of so many corners, which most are, take no memory but the stack.
const FEW: usize = 8;

/// Calls `span(y, x1, x2)` for the polygon's pixels, row by row from the top, left to right.
fn scan(
    corners: impl ExactSizeIterator<Item = (i32, i32)>,
    rule: FillRule,
    bounds: &Rect,
    span: impl FnMut(i32, i32, i32),
) {
    let (mut few, mut many);
    let edges: &mut [Edge] = if corners.len() <= FEW {
        few = [Edge::default(); FEW];
        &mut few
    } else {
        many = vec![Edge::default(); corners.len()];
        &mut many
    };
    let mut count = 0;
    let mut add = |a: (i32, i32), b: (i32, i32)| {
        if let (Some(edge), Some(place)) = (Edge::new(a, b, bounds), edges.get_mut(count)) {
            *place = edge;
            count += 1;
        }
    };
    let mut corners = corners;
    let Some(first) = corners.next() else { return };
    let last = corners.fold(first, |a, b| {
        add(a, b);
        b
    });
    add(last, first);
    let edges = &mut edges[..count];
    edges.sort_unstable_by_key(|e| e.top);
    scan_edges(edges, rule, bounds, span);
}

/// Scans edges that are sorted by their tops.
fn scan_edges(edges: &mut [Edge], rule: FillRule, bounds: &Rect, mut span: impl FnMut(i32, i32, i32)) {
    // Those before `done` have ended, those from `waiting` on have not begun.
    let (mut done, mut waiting) = (0, 0);
    let mut y = edges.first().map_or(bounds.y2, |e| e.top);
    while y < bounds.y2 {
        // What has ended is moved to the front of those on the way.
        let mut at = done;
        while at < waiting {
            if edges[at].bottom <= y {
                edges.swap(at, done);
                done += 1;
            }
            at += 1;
        }
        while edges.get(waiting).is_some_and(|e| e.top <= y) {
            waiting += 1;
        }
        if done == waiting {
            match edges.get(waiting) {
                Some(edge) => y = edge.top,
                None => break,
            }
            continue;
        }
        let active = &mut edges[done..waiting];
        // From row to row edges hardly change places.
        for i in 1..active.len() {
            let mut at = i;
            while at > 0 && active[at - 1].at() > active[at].at() {
                active.swap(at - 1, at);
                at -= 1;
            }
        }
        let mut emit = |a: &Edge, b: &Edge| {
            let clamp = |x: i64| x.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            let (x1, x2) = (clamp(a.at()), clamp(b.at()));
            if x1 < x2 {
                span(y, x1, x2);
            }
        };
        match rule {
            FillRule::EvenOdd => active.chunks_exact(2).for_each(|pair| emit(&pair[0], &pair[1])),
            FillRule::Winding => {
                let mut around = 0;
                let mut from = 0;
                for (i, edge) in active.iter().enumerate() {
                    if around == 0 {
                        from = i;
                    }
                    around += edge.winding;
                    if around == 0 {
                        emit(&active[from], edge);
                    }
                }
            }
        }
        active.iter_mut().for_each(Edge::advance);
        y += 1;
    }
}
