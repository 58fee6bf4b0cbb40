//! Text in core fonts.

use super::fill::Painter;
use super::{Canvas, FillStyle, Function, Gc};
use crate::font::{Font, Glyph};
use crate::region::Rect;

impl Canvas<'_> {
    /// X11 §9 `PolyText8`, `PolyText16`: one text item, its origin at `x`, `y`, in `font` (the GC's own font is not
    /// looked at, since items change it in passing). Also returns by how much the text moves the origin.
    pub fn poly_text(&mut self, gc: &Gc, font: &Font, x: i32, y: i32, codes: &[u16]) -> (Rect, i32) {
        let mut painter = self.painter(gc);
        let advance = painter.text(font, x, y, codes);
        (painter.finish(), advance)
    }

    /// X11 §9 `ImageText8`, `ImageText16`: text in the foreground on a box in the background, whatever the GC's function
    /// and fill style are.
    pub fn image_text(&mut self, gc: &Gc, font: &Font, x: i32, y: i32, codes: &[u16]) -> Rect {
        let solid = |foreground| Gc {
            function: Function::Copy,
            fill_style: FillStyle::Solid,
            plane_mask: gc.plane_mask,
            foreground,
            ..Gc::default()
        };
        let info = font.info();
        let end = x.saturating_add(font.text_width(codes));
        let ground = Rect {
            x1: x.min(end),
            y1: y.saturating_sub(info.ascent.into()),
            x2: x.max(end),
            y2: y.saturating_add(info.descent.into()),
        };
        let back = solid(gc.background);
        let mut painter = self.painter(&back);
        painter.rect(ground);
        let behind = painter.finish();
        let front = solid(gc.foreground);
        let mut painter = self.painter(&front);
        painter.text(font, x, y, codes);
        painter.finish().bound(&behind)
    }
}

impl Painter<'_> {
    fn text(&mut self, font: &Font, x: i32, y: i32, codes: &[u16]) -> i32 {
        let mut at = x;
        for glyph in codes.iter().filter_map(|code| font.glyph(*code)) {
            self.glyph(font, glyph, at, y);
            at = at.saturating_add(glyph.metrics.width.into());
        }
        at.saturating_sub(x)
    }

    fn glyph(&mut self, font: &Font, glyph: &Glyph, x: i32, y: i32) {
        let left = x.saturating_add(glyph.metrics.left.into());
        let top = y.saturating_sub(glyph.metrics.ascent.into());
        let size = (glyph.metrics.ink_width() as u32, glyph.metrics.ink_height() as u32);
        self.bitmap(left, top, size, glyph.rows(font));
    }
}
