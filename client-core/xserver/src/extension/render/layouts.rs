//! How RENDER's messages look to a client of the other byte order.
//!
//! What the layouts cannot say because it depends on counts within the message is turned around here as well, by
//! [`native`], before the request is parsed.

use std::borrow::Cow;

use x11rb_protocol::protocol::render::{
    ADD_GLYPHS_REQUEST, COMPOSITE_GLYPHS8_REQUEST, COMPOSITE_GLYPHS16_REQUEST, COMPOSITE_GLYPHS32_REQUEST,
    CREATE_CONICAL_GRADIENT_REQUEST, CREATE_LINEAR_GRADIENT_REQUEST, CREATE_RADIAL_GRADIENT_REQUEST,
    SET_PICTURE_FILTER_REQUEST,
};

use crate::byte_order::{Layouts, swap_fields};

pub(super) const LAYOUTS: Layouts = Layouts {
    requests: &[
        // QueryVersion, QueryPictFormats, QueryPictIndexValues, QueryDithers
        "44",
        "",
        "4",
        "",
        // CreatePicture, ChangePicture, SetPictureClipRectangles, FreePicture
        "4444*4",
        "44*4",
        "422*2",
        "4",
        // Composite, Scale
        "111144422222222",
        "",
        // Trapezoids, Triangles, TriStrip, TriFan
        "111144422*4",
        "111144422*4",
        "111144422*4",
        "111144422*4",
        // ColorTrapezoids, ColorTriangles, Transform
        "",
        "",
        "",
        // CreateGlyphSet, ReferenceGlyphSet, FreeGlyphSet, AddGlyphs, AddGlyphsFromPicture, FreeGlyphs
        "44",
        "44",
        "4",
        "44",
        "",
        "4*4",
        // CompositeGlyphs8, CompositeGlyphs16, CompositeGlyphs32
        "1111444422",
        "1111444422",
        "1111444422",
        // FillRectangles, CreateCursor, SetPictureTransform, QueryFilters, SetPictureFilter
        "11114*2",
        "4422",
        "*4",
        "4",
        "42",
        // CreateAnimCursor, AddTraps, CreateSolidFill
        "*4",
        "422*4",
        "42222",
        // CreateLinearGradient, CreateRadialGradient, CreateConicalGradient
        "444444",
        "44444444",
        "44444",
    ],
    replies: &[
        // QueryVersion; QueryPictFormats: counts, 24 formats, the screen with its depths and visuals, the subpixels
        "44",
        "444444@41111222222224411112222222244111122222222441111222222224411112222222244111122222222441111222222224411112222222244111122222222441111222222224411112222222244111122222222441111222222224411112222222244111122222222441111222222224411112222222244111122222222441111222222224411112222222244111122222222441111222222224411112222222244111122222222444112444112411241124112411241124444",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        // QueryFilters: the aliases
        "44@222222",
    ],
    events: &[],
};

/// The body of a request in the machine's byte order throughout, for a client whose order is not (`swapped`) and
/// whose request was turned around as far as the layouts say.
pub(super) fn native(minor: u8, body: &[u8], swapped: bool) -> Cow<'_, [u8]> {
    let turned = matches!(
        minor,
        ADD_GLYPHS_REQUEST
            | COMPOSITE_GLYPHS8_REQUEST
            | COMPOSITE_GLYPHS16_REQUEST
            | COMPOSITE_GLYPHS32_REQUEST
            | SET_PICTURE_FILTER_REQUEST
            | CREATE_LINEAR_GRADIENT_REQUEST
            | CREATE_RADIAL_GRADIENT_REQUEST
            | CREATE_CONICAL_GRADIENT_REQUEST
    );
    if !swapped || !turned {
        return Cow::Borrowed(body);
    }
    let mut bytes = body.to_vec();
    match minor {
        ADD_GLYPHS_REQUEST => {
            let count = word(&bytes, 4);
            let (ids, infos) = (8_usize.saturating_add(count.saturating_mul(4)), count.saturating_mul(12));
            swap_part(&mut bytes, 8, ids, "*4");
            swap_part(&mut bytes, ids, ids.saturating_add(infos), "*2");
        }
        SET_PICTURE_FILTER_REQUEST => {
            let name = bytes.get(4..6).map_or(0, |n| usize::from(u16::from_ne_bytes([n[0], n[1]])));
            let end = bytes.len();
            swap_part(&mut bytes, 8 + name.next_multiple_of(4), end, "*4");
        }
        CREATE_LINEAR_GRADIENT_REQUEST => swap_stops(&mut bytes, 24),
        CREATE_RADIAL_GRADIENT_REQUEST => swap_stops(&mut bytes, 32),
        CREATE_CONICAL_GRADIENT_REQUEST => swap_stops(&mut bytes, 20),
        _ => swap_glyph_items(&mut bytes, 1 << (minor - COMPOSITE_GLYPHS8_REQUEST)),
    }
    Cow::Owned(bytes)
}

fn word(bytes: &[u8], at: usize) -> usize {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map_or(0, |word| u32::from_ne_bytes(*word) as usize)
}

fn swap_part(bytes: &mut [u8], from: usize, to: usize, layout: &str) {
    let to = to.min(bytes.len());
    if let Some(part) = bytes.get_mut(from..to) {
        swap_fields(part, 0, layout);
    }
}

/// Positions, then colours; `after` is where they begin, just after their count.
fn swap_stops(bytes: &mut [u8], after: usize) {
    let positions = after.saturating_add(word(bytes, after - 4).saturating_mul(4));
    let end = bytes.len();
    swap_part(bytes, after, positions, "*4");
    swap_part(bytes, positions, end, "*2");
}

fn swap_glyph_items(bytes: &mut [u8], width: usize) {
    let mut at = 24;
    while let Some(&count) = bytes.get(at) {
        if count == 0xff {
            swap_part(bytes, at + 8, at + 12, "4");
            at += 12;
            continue;
        }
        swap_part(bytes, at + 4, at + 8, "22");
        let ids = usize::from(count) * width;
        let layout = match width {
            1 => "",
            2 => "*2",
            _ => "*4",
        };
        swap_part(bytes, at + 8, at + 8 + ids, layout);
        at += 8 + ids.next_multiple_of(4);
    }
}
