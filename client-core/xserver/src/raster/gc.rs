//! The graphics context: how a drawing request draws (X11 §8, `CreateGC`).
//!
//! Fields are plain and public: the server's `ChangeGC` checks values as they come off the wire with the `from_wire`
//! functions and stores them; drawing reads them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::font::Font;
use crate::raster::Pixmap;
use crate::region::Region;

/// The components of a GC that drawing needs. Starts with the protocol's defaults.
#[derive(Clone, Debug)]
pub struct Gc {
    /// How source and destination combine.
    pub function: Function,
    /// The bit planes that may change.
    pub plane_mask: u32,
    /// Pixel value of what is drawn.
    pub foreground: u32,
    /// Pixel value of gaps: double dashes, opaque stipples, image text, bitmaps.
    pub background: u32,
    /// In pixels; 0 asks for the quick one-pixel line.
    pub line_width: u16,
    /// Whether and how lines are dashed.
    pub line_style: LineStyle,
    /// How lines end.
    pub cap_style: CapStyle,
    /// How lines meet.
    pub join_style: JoinStyle,
    /// What fills areas, lines and text.
    pub fill_style: FillStyle,
    /// What is inside a polygon that crosses itself.
    pub fill_rule: FillRule,
    /// How filled arcs are closed.
    pub arc_mode: ArcMode,
    /// What [`FillStyle::Tiled`] fills with; of the depth of the drawable.
    pub tile: Tile,
    /// The bitmap of the stippled fill styles; none stands for all ones.
    pub stipple: Option<Arc<Pixmap>>,
    /// Where a tile or stipple has its corner, relative to the drawable.
    pub tile_origin: (i16, i16),
    /// The font of text; none draws nothing.
    pub font: Option<Arc<Font>>,
    /// Whether drawing into a window ignores its children. The server heeds it when it makes the clip.
    pub subwindow_mode: SubwindowMode,
    /// Whether `CopyArea` and `CopyPlane` report what they could not copy. The server heeds it.
    pub graphics_exposures: bool,
    /// The client's clip, relative to `clip_origin`; none clips nothing.
    pub clip: Option<Arc<Region>>,
    /// Where the clip's origin is, relative to the drawable.
    pub clip_origin: (i16, i16),
    /// Where in the dash pattern a line begins, in pixels.
    pub dash_offset: u16,
    /// Lengths in pixels of dashes and gaps in turn; never empty, no zeros. An odd list counts twice.
    pub dashes: Arc<[u8]>,
}

impl Default for Gc {
    fn default() -> Self {
        Self {
            function: Function::Copy,
            plane_mask: u32::MAX,
            foreground: 0,
            background: 1,
            line_width: 0,
            line_style: LineStyle::Solid,
            cap_style: CapStyle::Butt,
            join_style: JoinStyle::Miter,
            fill_style: FillStyle::Solid,
            fill_rule: FillRule::EvenOdd,
            arc_mode: ArcMode::PieSlice,
            tile: Tile::Pixel(0),
            stipple: None,
            tile_origin: (0, 0),
            font: None,
            subwindow_mode: SubwindowMode::ClipByChildren,
            graphics_exposures: true,
            clip: None,
            clip_origin: (0, 0),
            dash_offset: 0,
            dashes: Arc::new([4, 4]),
        }
    }
}

impl Gc {
    /// What drawing may touch, in pixmap coordinates: `visible` (the drawable's own clip, in pixmap coordinates) less
    /// what the client clips away. `origin` is where the drawable's corner is in the pixmap.
    pub fn clipped<'a>(&self, visible: &'a Region, origin: (i32, i32)) -> Cow<'a, Region> {
        match &self.clip {
            None => Cow::Borrowed(visible),
            Some(clip) => {
                let dx = origin.0.saturating_add(i32::from(self.clip_origin.0));
                let dy = origin.1.saturating_add(i32::from(self.clip_origin.1));
                // Moving the usually smaller window clip back and forth would cost two copies; this costs one.
                Cow::Owned(clip.translated(dx, dy).intersect(visible))
            }
        }
    }
}

/// A tile: a pixmap, or the one colour that a GC starts with.
#[derive(Clone, Debug)]
pub enum Tile {
    /// Filled with one pixel value: the default, made of the foreground that the GC was created with.
    Pixel(u32),
    /// A pixmap of the drawable's depth, repeated in both directions.
    Pixmap(Arc<Pixmap>),
}

/// Declares an enum with its protocol codes.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $code),+ }

        impl $name {
            /// By the protocol's code; none for codes that the protocol does not define.
            pub fn from_wire(code: u32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

wire_enum!(
    /// The 16 functions of source and destination, bit by bit.
    Function {
        /// 0
        Clear = 0,
        /// src AND dst
        And = 1,
        /// src AND NOT dst
        AndReverse = 2,
        /// src
        Copy = 3,
        /// NOT src AND dst
        AndInverted = 4,
        /// dst
        NoOp = 5,
        /// src XOR dst
        Xor = 6,
        /// src OR dst
        Or = 7,
        /// NOT src AND NOT dst
        Nor = 8,
        /// NOT src XOR dst
        Equiv = 9,
        /// NOT dst
        Invert = 10,
        /// src OR NOT dst
        OrReverse = 11,
        /// NOT src
        CopyInverted = 12,
        /// NOT src OR dst
        OrInverted = 13,
        /// NOT src OR NOT dst
        Nand = 14,
        /// 1
        Set = 15,
    }
);
wire_enum!(
    /// Whether and how lines are dashed.
    LineStyle {
        /// Drawn throughout.
        Solid = 0,
        /// Even dashes drawn, odd ones left.
        OnOffDash = 1,
        /// Even dashes drawn with the foreground, odd ones with the background.
        DoubleDash = 2,
    }
);
wire_enum!(
    /// How lines end.
    CapStyle {
        /// As Butt, and a zero-width line leaves out its last point.
        NotLast = 0,
        /// Square at the end point.
        Butt = 1,
        /// A half circle.
        Round = 2,
        /// Square, half a line width past the end point.
        Projecting = 3,
    }
);
wire_enum!(
    /// How lines meet.
    JoinStyle {
        /// Outer edges extended until they meet; below 11 degrees as Bevel.
        Miter = 0,
        /// A circle around the joint.
        Round = 1,
        /// The notch filled with a triangle.
        Bevel = 2,
    }
);
wire_enum!(
    /// What fills areas.
    FillStyle {
        /// The foreground.
        Solid = 0,
        /// The tile.
        Tiled = 1,
        /// The foreground where the stipple has ones.
        Stippled = 2,
        /// The foreground where the stipple has ones, the background elsewhere.
        OpaqueStippled = 3,
    }
);
wire_enum!(
    /// What is inside a polygon that crosses itself.
    FillRule {
        /// Points with an odd number of edges on the way out.
        EvenOdd = 0,
        /// Points that the path goes round.
        Winding = 1,
    }
);
wire_enum!(
    /// How filled arcs are closed.
    ArcMode {
        /// By a straight line between the end points.
        Chord = 0,
        /// By lines to the centre.
        PieSlice = 1,
    }
);
wire_enum!(
    /// Whether drawing into a window ignores its children.
    SubwindowMode {
        /// Children hide what is drawn below them.
        ClipByChildren = 0,
        /// Drawing goes through to children.
        IncludeInferiors = 1,
    }
);
