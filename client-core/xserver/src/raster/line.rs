//! Points and one-pixel lines.

use x11rb_protocol::protocol::xproto::Point;

use super::{Canvas, Gc};
use crate::region::Rect;

/// The corners of a path as requests give them, made absolute. `relative` is the coordinate mode Previous; sums stay
/// within 16 bits as they do on the wire's own number range.
pub(super) fn absolute(relative: bool, points: &[Point]) -> impl Iterator<Item = (i32, i32)> {
    let mut at = (0i16, 0i16);
    points.iter().enumerate().map(move |(i, p)| {
        at = if relative && i > 0 { (at.0.wrapping_add(p.x), at.1.wrapping_add(p.y)) } else { (p.x, p.y) };
        (i32::from(at.0), i32::from(at.1))
    })
}

impl Canvas<'_> {
    /// X11 §9 `PolyPoint`; `relative` is the coordinate mode Previous.
    pub fn poly_point(&mut self, gc: &Gc, relative: bool, points: &[Point]) -> Rect {
        let mut painter = self.painter(gc);
        for (x, y) in absolute(relative, points) {
            painter.span(y, x, x + 1);
        }
        painter.finish()
    }
}
