//! RENDER: image compositing (X Rendering Extension 0.11), the engine.
//!
//! Pixels are premultiplied `a8r8g8b8`, eight bits to a channel with exact rounding, so that results equal those of the
//! compositor other X servers use; only operators that divide, and formats of ten bits, go through floating point.
//! Nothing here knows of clients, ids or windows: the requests are in `extension::render`.
//!
//! - [`Op`] – the operators, a row at a time; [`Format`] – the pixel formats;
//! - [`Source`] – what is read, with repeat, [`Transform`], [`Filter`] and [`Gradient`];
//! - [`composite`] – the loop over clip rectangles and rows;
//! - [`trapezoid`] – coverage of trapezoids and triangles; [`GlyphSet`] – glyphs.

mod composite;
mod format;
mod glyph;
mod gradient;
mod op;
mod px;
mod repeat;
mod sample;
mod source;
mod transform;
pub mod trapezoid;

pub use composite::{Geometry, Target, TargetAlpha, composite, whole};
pub use format::{Channel, FIRST_ID, FORMATS, Format};
pub(crate) use glyph::add_coverage;
pub use glyph::{Glyph, GlyphError, GlyphSet};
pub use gradient::{Gradient, Shape, Stop, Stops};
pub use op::Op;
pub use repeat::Repeat;
pub use source::{AlphaMap, Bits, Content, Filter, Kernel, Solid, Source};
pub use transform::Transform;
