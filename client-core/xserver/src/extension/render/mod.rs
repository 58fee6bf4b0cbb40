//! RENDER 0.11: image compositing, the requests. The pixels are made in [`crate::render`].
//!
//! - `picture.rs`: pictures, their attributes, and how they are read;
//! - `draw.rs`: everything that composites onto a picture;
//! - `glyphs.rs`: glyph sets and text.
//!
//! Requests the protocol names but no version of it defines (`QueryDithers`, `Scale`, `ColorTrapezoids`,
//! `ColorTriangles`, `Transform`, `AddGlyphsFromPicture`) are answered with Request errors, as their absence is elsewhere.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use x11rb_protocol::protocol::render::{
    ADD_GLYPHS_REQUEST, ADD_TRAPS_REQUEST, AddGlyphsRequest, AddTrapsRequest, CHANGE_PICTURE_REQUEST,
    COMPOSITE_GLYPHS8_REQUEST, COMPOSITE_GLYPHS16_REQUEST, COMPOSITE_GLYPHS32_REQUEST, COMPOSITE_REQUEST,
    CREATE_ANIM_CURSOR_REQUEST, CREATE_CONICAL_GRADIENT_REQUEST, CREATE_CURSOR_REQUEST,
    CREATE_GLYPH_SET_REQUEST, CREATE_LINEAR_GRADIENT_REQUEST, CREATE_PICTURE_REQUEST,
    CREATE_RADIAL_GRADIENT_REQUEST, CREATE_SOLID_FILL_REQUEST, CompositeGlyphs8Request,
    CompositeGlyphs16Request, CompositeGlyphs32Request, CompositeRequest, CreateAnimCursorRequest,
    CreateConicalGradientRequest, CreateCursorRequest, CreateGlyphSetRequest, CreateLinearGradientRequest,
    CreateRadialGradientRequest, CreateSolidFillRequest, Directformat, FILL_RECTANGLES_REQUEST,
    FREE_GLYPH_SET_REQUEST, FREE_GLYPHS_REQUEST, FREE_PICTURE_REQUEST, FillRectanglesRequest,
    FreeGlyphsRequest, GLYPH_ERROR, GLYPH_SET_ERROR, PICT_FORMAT_ERROR, PICT_OP_ERROR, PICTURE_ERROR, PictOp,
    PictType, Pictdepth, Pictforminfo, Pictscreen, Pictvisual, QUERY_FILTERS_REQUEST,
    QUERY_PICT_FORMATS_REQUEST, QUERY_PICT_INDEX_VALUES_REQUEST, QUERY_VERSION_REQUEST, QueryFiltersReply,
    QueryPictFormatsReply, QueryVersionReply, QueryVersionRequest, REFERENCE_GLYPH_SET_REQUEST,
    ReferenceGlyphSetRequest, SET_PICTURE_CLIP_RECTANGLES_REQUEST, SET_PICTURE_FILTER_REQUEST,
    SET_PICTURE_TRANSFORM_REQUEST, SetPictureClipRectanglesRequest, SetPictureFilterRequest,
    SetPictureTransformRequest, SubPixel, TRAPEZOIDS_REQUEST, TRI_FAN_REQUEST, TRI_STRIP_REQUEST,
    TRIANGLES_REQUEST, TrapezoidsRequest, TriFanRequest, TriStripRequest, TrianglesRequest,
};
use x11rb_protocol::protocol::xproto;
use x11rb_protocol::x11_utils::RequestHeader;

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::extension::{Extension, number};
use crate::render::{FORMATS, Format, Op};
use crate::resource::{Xid, XidHasher};
use crate::server::Server;
use crate::setup::{ARGB_VISUAL, DIRECT_VISUAL, ROOT_VISUAL};
use crate::value_list::{half, word};

mod draw;
mod glyphs;
mod layouts;
mod picture;

pub(crate) use glyphs::{GlyphSetKey, GlyphSets};
pub(crate) use layouts::swap_reply;
pub(crate) use picture::Picture;

pub(crate) const EXTENSION: Extension = Extension {
    name: "RENDER",
    major: number::RENDER,
    first_event: 0,
    first_error: number::RENDER_ERROR,
    dispatch,
    layouts: &layouts::LAYOUTS,
};

/// What RENDER keeps beside the resources.
#[derive(Debug, Default)]
pub(crate) struct Render {
    /// The pictures on a window: they go with it.
    window_pictures: HashMap<Xid, Vec<Xid>, BuildHasherDefault<XidHasher>>,
    pub(crate) glyph_sets: GlyphSets,
}

/// `PictFormat`: no such format.
fn bad_format(id: u32) -> XError {
    XError { code: number::RENDER_ERROR + PICT_FORMAT_ERROR, value: id }
}

/// `Picture`: no such picture.
pub(crate) fn bad_picture(id: Xid) -> XError {
    XError { code: number::RENDER_ERROR + PICTURE_ERROR, value: id }
}

/// `PictOp`: no such operator.
fn bad_op(op: u8) -> XError {
    XError { code: number::RENDER_ERROR + PICT_OP_ERROR, value: u32::from(op) }
}

/// `GlyphSet`: no such glyph set.
pub(crate) fn bad_glyph_set(id: Xid) -> XError {
    XError { code: number::RENDER_ERROR + GLYPH_SET_ERROR, value: id }
}

/// `Glyph`: no such glyph.
fn bad_glyph(id: u32) -> XError {
    XError { code: number::RENDER_ERROR + GLYPH_ERROR, value: id }
}

fn format(id: u32) -> Outcome<&'static Format> {
    Format::by_id(id).ok_or(bad_format(id))
}

fn operator(op: PictOp) -> Outcome<Op> {
    let code = u8::from(op);
    Op::from_code(code).ok_or(bad_op(code))
}

/// How long a request is in words: at least so many; then groups of so many (0: none may follow).
fn check_length(minor: u8, body: &[u8]) -> Outcome {
    let words = body.len() / 4 + 1;
    let (least, group) = match minor {
        QUERY_VERSION_REQUEST | CREATE_GLYPH_SET_REQUEST | REFERENCE_GLYPH_SET_REQUEST => (3, 0),
        QUERY_PICT_FORMATS_REQUEST => (1, 0),
        QUERY_PICT_INDEX_VALUES_REQUEST
        | FREE_PICTURE_REQUEST
        | FREE_GLYPH_SET_REQUEST
        | QUERY_FILTERS_REQUEST => (2, 0),
        CREATE_PICTURE_REQUEST => (5, 1),
        CHANGE_PICTURE_REQUEST | ADD_GLYPHS_REQUEST | SET_PICTURE_FILTER_REQUEST => (3, 1),
        SET_PICTURE_CLIP_RECTANGLES_REQUEST => (3, 2),
        COMPOSITE_REQUEST => (9, 0),
        TRAPEZOIDS_REQUEST => (6, 10),
        TRIANGLES_REQUEST => (6, 6),
        TRI_STRIP_REQUEST | TRI_FAN_REQUEST => (6, 2),
        FREE_GLYPHS_REQUEST => (2, 1),
        COMPOSITE_GLYPHS8_REQUEST | COMPOSITE_GLYPHS16_REQUEST | COMPOSITE_GLYPHS32_REQUEST => (7, 1),
        FILL_RECTANGLES_REQUEST => (5, 2),
        CREATE_CURSOR_REQUEST => (4, 0),
        // Xvfb takes a longer one as well.
        CREATE_SOLID_FILL_REQUEST => (4, 1),
        SET_PICTURE_TRANSFORM_REQUEST => (11, 0),
        CREATE_ANIM_CURSOR_REQUEST => (2, 2),
        ADD_TRAPS_REQUEST => (3, 6),
        CREATE_LINEAR_GRADIENT_REQUEST => (7, 3),
        CREATE_RADIAL_GRADIENT_REQUEST => (9, 3),
        CREATE_CONICAL_GRADIENT_REQUEST => (6, 3),
        _ => return Err(XError::REQUEST),
    };
    let more = words.checked_sub(least).ok_or(XError::LENGTH)?;
    let fits = if group == 0 { more == 0 } else { more.is_multiple_of(group) };
    if fits || is_gradient(minor) { Ok(()) } else { Err(XError::LENGTH) }
}

fn is_gradient(minor: u8) -> bool {
    matches!(
        minor,
        CREATE_LINEAR_GRADIENT_REQUEST | CREATE_RADIAL_GRADIENT_REQUEST | CREATE_CONICAL_GRADIENT_REQUEST
    )
}

/// A gradient says how many stops it has: each is a position and a colour. Its id is looked at before.
fn check_gradient(server: &Server, client: ClientId, minor: u8, body: &[u8]) -> Outcome {
    server.check_new_id(client, word(body, 0)?)?;
    let head = match minor {
        CREATE_LINEAR_GRADIENT_REQUEST => 24,
        CREATE_RADIAL_GRADIENT_REQUEST => 32,
        _ => 20,
    };
    let stops = u64::from(word(body, head - 4)?);
    if body.len() as u64 == head as u64 + 12 * stops { Ok(()) } else { Err(XError::LENGTH) }
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    check_length(header.minor_opcode, body)?;
    if is_gradient(header.minor_opcode) {
        check_gradient(server, client, header.minor_opcode, body)?;
    }
    let swapped = server.client(client).is_some_and(|client| client.swapped);
    let body = &*layouts::native(header.minor_opcode, body, swapped);
    macro_rules! parse {
        ($request:ident) => {
            $request::try_parse_request(header, body)?
        };
    }
    match header.minor_opcode {
        QUERY_VERSION_REQUEST => {
            query_version(server, client, parse!(QueryVersionRequest));
            Ok(())
        }
        QUERY_PICT_FORMATS_REQUEST => {
            query_formats(server, client);
            Ok(())
        }
        QUERY_PICT_INDEX_VALUES_REQUEST => {
            // All formats are direct ones.
            format(word(body, 0)?)?;
            Err(XError::MATCH)
        }
        CREATE_PICTURE_REQUEST => picture::create(server, client, body),
        CHANGE_PICTURE_REQUEST => picture::change(server, body),
        SET_PICTURE_CLIP_RECTANGLES_REQUEST => {
            picture::set_clip_rectangles(server, &parse!(SetPictureClipRectanglesRequest))
        }
        FREE_PICTURE_REQUEST => {
            let id = word(body, 0)?;
            server.picture(id)?;
            server.free_resource(id);
            Ok(())
        }
        COMPOSITE_REQUEST => draw::composite_request(server, &parse!(CompositeRequest)),
        TRAPEZOIDS_REQUEST => draw::trapezoids(server, &parse!(TrapezoidsRequest)),
        TRIANGLES_REQUEST => draw::triangles(server, &parse!(TrianglesRequest)),
        TRI_STRIP_REQUEST => draw::triangle_strip(server, &parse!(TriStripRequest)),
        TRI_FAN_REQUEST => draw::triangle_fan(server, &parse!(TriFanRequest)),
        CREATE_GLYPH_SET_REQUEST => glyphs::create(server, client, parse!(CreateGlyphSetRequest)),
        REFERENCE_GLYPH_SET_REQUEST => glyphs::reference(server, client, parse!(ReferenceGlyphSetRequest)),
        FREE_GLYPH_SET_REQUEST => {
            let id = word(body, 0)?;
            server.glyph_set(id)?;
            server.free_resource(id);
            Ok(())
        }
        ADD_GLYPHS_REQUEST => glyphs::add(server, &parse!(AddGlyphsRequest)),
        FREE_GLYPHS_REQUEST => glyphs::free(server, &parse!(FreeGlyphsRequest)),
        COMPOSITE_GLYPHS8_REQUEST => {
            let r = parse!(CompositeGlyphs8Request);
            glyphs::composite(
                server,
                &glyphs::Text::new(r.op, (r.src, r.dst), r.mask_format, r.glyphset, (r.src_x, r.src_y), 1),
                &r.glyphcmds,
            )
        }
        COMPOSITE_GLYPHS16_REQUEST => {
            let r = parse!(CompositeGlyphs16Request);
            glyphs::composite(
                server,
                &glyphs::Text::new(r.op, (r.src, r.dst), r.mask_format, r.glyphset, (r.src_x, r.src_y), 2),
                &r.glyphcmds,
            )
        }
        COMPOSITE_GLYPHS32_REQUEST => {
            let r = parse!(CompositeGlyphs32Request);
            glyphs::composite(
                server,
                &glyphs::Text::new(r.op, (r.src, r.dst), r.mask_format, r.glyphset, (r.src_x, r.src_y), 4),
                &r.glyphcmds,
            )
        }
        FILL_RECTANGLES_REQUEST => draw::fill_rectangles(server, &parse!(FillRectanglesRequest)),
        CREATE_CURSOR_REQUEST => draw::create_cursor(server, client, &parse!(CreateCursorRequest)),
        SET_PICTURE_TRANSFORM_REQUEST => picture::set_transform(server, &parse!(SetPictureTransformRequest)),
        QUERY_FILTERS_REQUEST => query_filters(server, client, word(body, 0)?),
        SET_PICTURE_FILTER_REQUEST => {
            // The name is padded, the values are words.
            if usize::from(half(body, 4)?).next_multiple_of(4) + 8 > body.len() {
                return Err(XError::LENGTH);
            }
            picture::set_filter(server, &parse!(SetPictureFilterRequest))
        }
        CREATE_ANIM_CURSOR_REQUEST => {
            draw::create_animated_cursor(server, client, &parse!(CreateAnimCursorRequest))
        }
        ADD_TRAPS_REQUEST => draw::add_traps(server, &parse!(AddTrapsRequest)),
        CREATE_SOLID_FILL_REQUEST => picture::create_solid(server, client, &parse!(CreateSolidFillRequest)),
        CREATE_LINEAR_GRADIENT_REQUEST => {
            picture::create_linear(server, client, &parse!(CreateLinearGradientRequest))
        }
        CREATE_RADIAL_GRADIENT_REQUEST => {
            picture::create_radial(server, client, &parse!(CreateRadialGradientRequest))
        }
        CREATE_CONICAL_GRADIENT_REQUEST => {
            picture::create_conical(server, client, &parse!(CreateConicalGradientRequest))
        }
        _ => Err(XError::REQUEST),
    }
}

fn query_version(server: &mut Server, client: ClientId, request: QueryVersionRequest) {
    let asked = (request.client_major_version, request.client_minor_version);
    let (major_version, minor_version) = asked.min((0, 11));
    server.reply(client, &QueryVersionReply { sequence: 0, length: 0, major_version, minor_version });
}

fn query_formats(server: &mut Server, client: ClientId) {
    let info = |f: &Format| Pictforminfo {
        id: f.id,
        type_: PictType::DIRECT,
        depth: f.depth,
        direct: Directformat {
            red_shift: u16::from(f.red.shift),
            red_mask: f.red.mask(),
            green_shift: u16::from(f.green.shift),
            green_mask: f.green.mask(),
            blue_shift: u16::from(f.blue.shift),
            blue_mask: f.blue.mask(),
            alpha_shift: u16::from(f.alpha.shift),
            alpha_mask: f.alpha.mask(),
        },
        colormap: 0,
    };
    let depth = |depth: u8| Pictdepth {
        depth,
        visuals: match depth {
            24 => [ROOT_VISUAL, DIRECT_VISUAL]
                .map(|visual| Pictvisual { visual, format: Format::x8r8g8b8().id })
                .to_vec(),
            32 => vec![Pictvisual { visual: ARGB_VISUAL, format: Format::a8r8g8b8().id }],
            _ => Vec::new(),
        },
    };
    let depths: Vec<Pictdepth> = [24, 1, 4, 8, 15, 16, 32].into_iter().map(depth).collect();
    let reply = QueryPictFormatsReply {
        sequence: 0,
        length: 0,
        num_depths: depths.len() as u32,
        num_visuals: depths.iter().map(|depth| depth.visuals.len() as u32).sum(),
        formats: FORMATS.iter().map(info).collect(),
        screens: vec![Pictscreen { fallback: Format::x8r8g8b8().id, depths }],
        subpixels: vec![SubPixel::UNKNOWN],
    };
    server.reply(client, &reply);
}

/// The filters by name, and for aliases the place of the filter they stand for.
const FILTERS: [(&str, u16); 6] = [
    ("nearest", NOT_AN_ALIAS),
    ("bilinear", NOT_AN_ALIAS),
    ("convolution", NOT_AN_ALIAS),
    ("fast", 0),
    ("good", 1),
    ("best", 1),
];
const NOT_AN_ALIAS: u16 = 0xffff;

fn query_filters(server: &mut Server, client: ClientId, drawable: Xid) -> Outcome {
    server.drawable_depth(drawable)?;
    let reply = QueryFiltersReply {
        sequence: 0,
        length: 0,
        aliases: FILTERS.iter().map(|(_, alias)| *alias).collect(),
        filters: FILTERS.iter().map(|(name, _)| xproto::Str { name: name.as_bytes().to_vec() }).collect(),
    };
    server.reply(client, &reply);
    Ok(())
}
