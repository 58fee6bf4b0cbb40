//! Arcs, one pixel wide.
//!
//! An ellipse is stepped through pixel by pixel in one quadrant, from the top to the side, and mirrored. Each step goes
//! straight or diagonally, whichever pixel is nearer: the sign of the ellipse's equation half way between them tells
//! (Pitteway, "Algorithm for drawing ellipses or hyperbolae with a digital plotter", 1967). Coordinates are half pixels
//! from the centre, as for filled arcs.

use x11rb_protocol::protocol::xproto::Arc;

use super::dash::Dashes;
use super::fill::Painter;
use super::fill_arc::{FULL, Sweep, point_at};
use super::{Canvas, Gc, LineStyle};
use crate::region::Rect;

const QUARTER: i32 = FULL / 4;

impl Canvas<'_> {
    /// X11 §9 `PolyArc`.
    pub fn poly_arc(&mut self, gc: &Gc, arcs: &[Arc]) -> Rect {
        let mut painter = self.painter(gc);
        if gc.line_width > 0 {
            painter.wide_arcs(gc, arcs);
            return painter.finish();
        }
        for arc in arcs {
            if gc.line_style == LineStyle::Solid {
                painter.thin_arc(arc);
            } else {
                painter.thin_dashed_arc(gc, arc);
            }
        }
        painter.finish()
    }
}

impl<'a> Painter<'a> {
    /// Dashes count the pixels along the arc from where it starts, in the direction it is drawn.
    fn thin_dashed_arc(&mut self, gc: &'a Gc, arc: &Arc) {
        let (width, height) = (i64::from(arc.width), i64::from(arc.height));
        if width == 0 && height == 0 {
            return;
        }
        let sweep = Sweep::new(arc);
        let ends = Ends::new(sweep, width, height);
        let pixels = quadrant(width, height);
        let first = sweep.start / QUARTER;
        let mut along: Vec<(i64, i64)> = Vec::new();
        // One quarter more than a turn: the first is entered again behind the start.
        for turn in 0..=4 {
            let quarter = (first + turn) % 4;
            let mut part: Vec<(i64, i64)> = pixels
                .iter()
                .filter(|(u, v)| ends.include(quarter, u.abs(), v.abs()))
                .map(|(u, v)| match quarter {
                    0 => (*u, *v),
                    1 => (-*u, *v),
                    2 => (-*u, -*v),
                    _ => (*u, -*v),
                })
                .collect();
            if quarter % 2 == 0 {
                part.reverse();
            }
            if first == quarter {
                let (px, py) = point_at(sweep.start, width as f64, -height as f64);
                let at = part
                    .iter()
                    .enumerate()
                    .min_by(|(_, a), (_, b)| distance(**a, px, py).total_cmp(&distance(**b, px, py)))
                    .map_or(0, |(i, _)| i);
                if turn == 0 {
                    part.drain(..at);
                } else if sweep.start + sweep.extent > (first + 4) * QUARTER {
                    part.truncate(at);
                } else {
                    part.clear();
                }
            }
            along.extend(part);
        }
        along.dedup();
        if arc.angle2 < 0 {
            along.reverse();
        }
        let dashes = Dashes::new(gc);
        for (position, (u, v)) in (dashes.position..).zip(along) {
            let (odd, _) = dashes.at(position);
            let x = (i64::from(arc.x) + i64::midpoint(u, width)) as i32;
            let y = (i64::from(arc.y) + i64::midpoint(v, height)) as i32;
            if !odd {
                self.span(y, x, x + 1);
            } else if gc.line_style == LineStyle::DoubleDash {
                self.with_gap_source(gc, |painter| painter.span(y, x, x + 1));
            }
        }
    }

    fn thin_arc(&mut self, arc: &Arc) {
        let (width, height) = (i64::from(arc.width), i64::from(arc.height));
        let sweep = Sweep::new(arc);
        if width == 0 && height == 0 {
            return;
        }
        let ends = Ends::new(sweep, width, height);
        let (left, top) = (i64::from(arc.x), i64::from(arc.y));
        let mut points = Vec::new();
        for (u, v) in quadrant(width, height) {
            // u and v have the parity of the box.
            let (x1, x2) = ((left + ((width - u) >> 1)) as i32, (left + ((width + u) >> 1)) as i32);
            let (y1, y2) = ((top + ((height + v) >> 1)) as i32, (top + ((height - v) >> 1)) as i32);
            let mut add = |quarter: i32, x: i32, y: i32| {
                if ends.include(quarter, u, -v) {
                    points.push((x, y));
                }
            };
            // A pixel on an axis is its own mirror image.
            add(0, x2, y1);
            if u != 0 {
                add(1, x1, y1);
            }
            if v != 0 {
                if u != 0 {
                    add(2, x1, y2);
                }
                add(3, x2, y2);
            }
        }
        self.dots(points.into_iter());
    }
}

fn distance((u, v): (i64, i64), x: f64, y: f64) -> f64 {
    (u as f64 - x).powi(2) + (v as f64 - y).powi(2)
}

/// Where an arc begins and ends.
struct Ends {
    sweep: Sweep,
    width: i64,
    height: i64,
}

impl Ends {
    fn new(sweep: Sweep, width: i64, height: i64) -> Self {
        Self { sweep, width, height }
    }

    /// Whether the pixel at these distances from the centre, in quarter `quarter`, is part of the arc.
    #[inline]
    fn include(&self, quarter: i32, u: i64, v: i64) -> bool {
        let Sweep { start, extent } = self.sweep;
        if extent == FULL {
            return true;
        }
        let (low, high) = (quarter * QUARTER, (quarter + 1) * QUARTER);
        // The arc may enter this quarter in its first turn or its second.
        [0, FULL].into_iter().any(|turn| {
            let (from, to) = (start - turn, start + extent - turn);
            if to < low || from > high {
                return false;
            }
            (from <= low || self.side(from, quarter, u, v) >= 0)
                && (to >= high || self.side(to, quarter, u, v) <= 0)
        })
    }

    /// Whether the pixel comes after (1), before (-1), or at (0) an angle within its quarter, against the clock.
    fn side(&self, angle: i32, quarter: i32, u: i64, v: i64) -> i64 {
        let (w, h) = (self.width as f64, self.height as f64);
        let (x, y) = point_at(angle, 1.0, 1.0);
        let (x, y) = (x.abs(), y.abs());
        let (px, py) = (i64::midpoint(u, self.width & 1), i64::midpoint(v, self.height & 1));
        // Where the arc is flat its columns count, elsewhere its rows.
        let towards_top = if h * x < w * y {
            let at = (x * (w + 1.0) / 2.0) as i64;
            (at - px).signum()
        } else {
            let at = (y * (h + 1.0) / 2.0) as i64;
            (py - at).signum()
        };
        if quarter % 2 == 0 { towards_top } else { -towards_top }
    }
}

/// The pixels of the upper right quadrant, from the top to the right.
fn quadrant(width: i64, height: i64) -> Vec<(i64, i64)> {
    // Circles need no fourth powers, whatever their size.
    let (w2, h2) = if width == height { (1, 1) } else { (width * width, height * height) };
    let constant = if width == height { width * width } else { w2 * h2 };
    let outside = |u: i64, v: i64| h2 * u * u + w2 * v * v - constant;
    let (mut u, mut v) = (width & 1, -height);
    let mut steep = false;
    let mut pixels = Vec::with_capacity(width.min(height).clamp(0, 1024) as usize + 4);
    pixels.push((u, v));
    if u == 0 && u < width && v < 0 {
        // Next to a top on the axis there always is a level step, however narrow the ellipse.
        u = 2;
        pixels.push((u, v));
    }
    while v < -1 || (height & 1 == 0 && v < 0) {
        if !steep && outside(u, v - 1) - outside(u + 2, v + 1) < 0 {
            steep = true;
        }
        if steep {
            if outside(u + 1, v + 2) <= 0 {
                u += 2;
            }
            v += 2;
        } else {
            if outside(u + 2, v + 1) >= 0 {
                v += 2;
            }
            u += 2;
        }
        pixels.push((u, v));
    }
    while u < width {
        u += 2;
        pixels.push((u, v));
    }
    pixels
}
