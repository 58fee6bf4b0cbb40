//! Core drawing: every drawing request of the X11 protocol (§9), on pixels in memory.
//!
//! A [`Canvas`] is a place to draw: a [`Pixmap`], where the drawable's corner lies in it, and the clip. Its methods are
//! the protocol's requests. The principles they obey:
//!
//! - **Spans are the only way to a pixel.** A shape is turned into rows of pixels (X11 §9: a pixel is inside when its
//!   centre is, ties going to the left and the top); a painter clips them and fills them by the [`Gc`]'s fill style,
//!   function and plane mask. Shapes never look at pixels and painters never look at shapes.
//! - **A clip never changes a pixel that it lets through.** Long lines and huge arcs are entered at the clip's edge with
//!   the same error terms that walking there would have given.
//! - **Time is bounded by the pixels drawn** and the number of points given, not by coordinates.
//! - **Coordinates are drawable-relative** as in requests; the clip is in pixmap coordinates, since windows share the
//!   pixmap of their screen.
//!
//! Each method returns the rectangle (drawable-relative, clipped) that it may have changed, for damage.

mod arc;
mod arc_dash;
mod arc_end;
mod arc_slice;
mod band;
mod bresenham;
mod copy;
mod dash;
mod double_dash;
mod fill;
mod fill_arc;
mod gc;
mod half_plane;
mod image;
mod line;
mod pattern;
mod pixmap;
mod plain;
mod polygon;
mod rop;
mod text;
mod wide_arc;
mod wide_line;

use std::borrow::Cow;

pub use copy::{Copied, CopyBox, CopySource};
pub use gc::{
    ArcMode, CapStyle, FillRule, FillStyle, Function, Gc, JoinStyle, LineStyle, SubwindowMode, Tile,
};
pub use image::{Image, ImageFormat, bits_per_pixel, image_bytes, row_bytes};
pub use pixmap::{DEPTHS, Pixmap, PixmapError};

use crate::region::Region;
use fill::Painter;

/// A place to draw.
#[derive(Debug)]
pub struct Canvas<'a> {
    pixmap: &'a mut Pixmap,
    origin: (i32, i32),
    clip: Cow<'a, Region>,
}

impl<'a> Canvas<'a> {
    /// `origin` is where the drawable's corner lies in the pixmap; `clip` is what drawing may touch, in pixmap
    /// coordinates (see [`Gc::clipped`]); what of it lies outside the pixmap does not count.
    pub fn new(pixmap: &'a mut Pixmap, origin: (i32, i32), clip: &'a Region) -> Self {
        let bounds = pixmap.bounds();
        let clip = if bounds.contains_rect(&clip.extents()) {
            Cow::Borrowed(clip)
        } else {
            Cow::Owned(clip.intersect_rect(&bounds))
        };
        Self { pixmap, origin, clip }
    }

    /// The pixmap that is drawn to.
    pub fn pixmap(&self) -> &Pixmap {
        self.pixmap
    }

    /// The clip, in pixmap coordinates, within the pixmap.
    pub fn clip(&self) -> &Region {
        &self.clip
    }

    #[inline]
    fn painter<'c>(&'c mut self, gc: &'c Gc) -> Painter<'c> {
        Painter::new(self.pixmap, self.origin, &self.clip, gc)
    }
}
