//! How RENDER's messages look to a client of the other byte order.
//!
//! What the layouts cannot say because it depends on counts within the message is turned around here as well, by
//! [`native`], before the request is parsed.

use std::borrow::Cow;

use x11rb_protocol::protocol::render::{
    ADD_GLYPHS_REQUEST, COMPOSITE_GLYPHS8_REQUEST, COMPOSITE_GLYPHS16_REQUEST, COMPOSITE_GLYPHS32_REQUEST,
    CREATE_CONICAL_GRADIENT_REQUEST, CREATE_LINEAR_GRADIENT_REQUEST, CREATE_RADIAL_GRADIENT_REQUEST,
    QUERY_PICT_FORMATS_REQUEST, SET_PICTURE_FILTER_REQUEST,
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
        // QueryVersion
        "44",
        // QueryPictFormats: see [`swap_reply`]
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
        "",
        // QueryFilters: the aliases
        "44@222222",
    ],
    events: &[],
};

/// Turns a reply around whose layout depends on what is in it; whether it is one.
pub(crate) fn swap_reply(minor: u8, reply: &mut [u8]) -> bool {
    if minor != QUERY_PICT_FORMATS_REQUEST {
        return false;
    }
    // Formats, screens, depths of all screens, visuals of all depths, subpixel orders
    let (formats, screens) = (word(reply, 8), word(reply, 12));
    swap_fields(reply, 8, "44444");
    let mut at = 32;
    for _ in 0..formats {
        swap_part(reply, at, at + 28, "41111222222224");
        at += 28;
    }
    for _ in 0..screens {
        let depths = word(reply, at);
        swap_part(reply, at, at + 8, "44");
        at += 8;
        for _ in 0..depths {
            let visuals = reply.get(at + 2..at + 4).map_or(0, |n| u16::from_ne_bytes([n[0], n[1]]));
            swap_part(reply, at, at + 4, "112");
            let end = at + 8 + 8 * usize::from(visuals);
            swap_part(reply, at + 8, end, "*4");
            at = end;
        }
    }
    let end = reply.len();
    swap_part(reply, at, end, "*4");
    true
}

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

#[cfg(test)]
mod tests {
    use x11rb_protocol::protocol::render::QUERY_PICT_FORMATS_REQUEST;

    use crate::extension::number::RENDER;
    use crate::{Config, Server};

    /// The reply to `QueryPictFormats` as numbers, told to a client of a byte order.
    fn formats(big: bool) -> Vec<u32> {
        let half = |bytes: &[u8]| {
            let pair = [bytes[0], bytes[1]];
            u32::from(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
        };
        let word = |bytes: &[u8]| {
            let word = [bytes[0], bytes[1], bytes[2], bytes[3]];
            if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        };
        let mut server = Server::new(Config::default());
        let Some(client) = server.connect() else { panic!("there is room for a client") };
        let (setup, request) = if big {
            ([b'B', 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0], [RENDER, QUERY_PICT_FORMATS_REQUEST, 0, 1])
        } else {
            ([b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0], [RENDER, QUERY_PICT_FORMATS_REQUEST, 1, 0])
        };
        assert!(server.receive(client, &setup).is_ok());
        let said = server.output(client).map(std::mem::take).unwrap_or_default();
        assert_eq!(said[0], 1, "it is connected");
        assert!(server.receive(client, &request).is_ok());
        let reply = server.output(client).map(std::mem::take).unwrap_or_default();
        let mut numbers: Vec<u32> = reply[4..28].chunks(4).map(word).collect();
        assert_eq!(numbers[0] as usize * 4 + 32, reply.len());
        let [_, count, screens, ..] = numbers[..] else { panic!("the counts are there") };
        let mut rest = &reply[32..];
        for _ in 0..count {
            numbers.extend([word(rest), u32::from(rest[4]), u32::from(rest[5])]);
            numbers.extend(rest[8..24].chunks(2).map(half));
            numbers.push(word(&rest[24..]));
            rest = &rest[28..];
        }
        for _ in 0..screens {
            let depths = word(rest);
            numbers.extend([depths, word(&rest[4..])]);
            rest = &rest[8..];
            for _ in 0..depths {
                let visuals = half(&rest[2..]);
                numbers.extend([u32::from(rest[0]), visuals]);
                numbers.extend(rest[8..].chunks(4).take(2 * visuals as usize).map(word));
                rest = &rest[8 + 8 * visuals as usize..];
            }
        }
        numbers.extend(rest.chunks(4).map(word));
        numbers
    }

    #[test]
    fn picture_formats_are_the_same_in_both_byte_orders() {
        assert_eq!(formats(true), formats(false));
    }
}
