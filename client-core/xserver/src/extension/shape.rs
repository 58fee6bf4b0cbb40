//! SHAPE 1.1: windows that are not rectangles.

use std::sync::Arc;

use x11rb_protocol::protocol::shape::{
    CombineRequest, GetRectanglesReply, GetRectanglesRequest, InputSelectedReply, MaskRequest, NotifyEvent,
    OffsetRequest, QueryExtentsReply, QueryVersionReply, RectanglesRequest,
};
use x11rb_protocol::protocol::xproto::{ClipOrdering, Rectangle};
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::gc::are_ordered;
use crate::gc::bitmap_region;
use crate::region::{Rect, Region};
use crate::resource::Xid;
use crate::server::{Server, wire};
use crate::value_list::word;
use crate::window::Window;

pub(crate) const EXTENSION: Extension = Extension {
    name: "SHAPE",
    major: number::SHAPE,
    first_event: number::SHAPE_EVENT,
    first_error: 0,
    dispatch,
    layouts: &Layouts {
        requests: &["", "11114*2", "11114224", "11114224", "1111422", "4", "4", "4", "4"],
        replies: &["22", "", "", "", "", "112222222222", "", "", "4@*2222"],
        events: &["422224"],
    },
};

/// Which shape of a window.
const BOUNDING: u8 = 0;
const CLIP: u8 = 1;
const INPUT: u8 = 2;

fn check_kind(kind: u8) -> Outcome<u8> {
    if kind > INPUT { Err(XError::value(u32::from(kind))) } else { Ok(kind) }
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    match (header.minor_opcode, header.remaining_length) {
        (0, 0) => server
            .reply(client, &QueryVersionReply { sequence: 0, length: 0, major_version: 1, minor_version: 1 }),
        (1, words @ 3..) if words % 2 == 1 => {
            let request = RectanglesRequest::try_parse_request(header, body)?;
            server.window(request.destination_window)?;
            let kind = check_kind(request.destination_kind.into())?;
            let ordering = u8::from(request.ordering);
            if ordering > 3 {
                return Err(XError::value(u32::from(ordering)));
            }
            if !are_ordered(&request.rectangles, ordering) {
                return Err(XError::MATCH);
            }
            let boxes: Vec<Rect> = request.rectangles.iter().map(|part| rect(*part)).collect();
            let source = Region::from_rects(&boxes)
                .translated(i32::from(request.x_offset), i32::from(request.y_offset));
            operate(server, request.destination_window, kind, request.operation.into(), Some(source))?;
        }
        (2, 4) => {
            let request = MaskRequest::try_parse_request(header, body)?;
            server.window(request.destination_window)?;
            let kind = check_kind(request.destination_kind.into())?;
            let source = match request.source_bitmap {
                0 => None,
                id => {
                    let pixmap = server.pixmap(id)?;
                    if pixmap.depth != 1 {
                        return Err(XError::MATCH);
                    }
                    let bits = bitmap_region(server.surfaces.get(pixmap.surface));
                    Some(bits.translated(i32::from(request.x_offset), i32::from(request.y_offset)))
                }
            };
            operate(server, request.destination_window, kind, request.operation.into(), source)?;
        }
        (3, 4) => {
            let request = CombineRequest::try_parse_request(header, body)?;
            server.window(request.destination_window)?;
            let kind = check_kind(request.destination_kind.into())?;
            let source = server.window(request.source_window)?;
            let source = effective_shape(source, check_kind(request.source_kind.into())?);
            let source = source.translated(i32::from(request.x_offset), i32::from(request.y_offset));
            operate(server, request.destination_window, kind, request.operation.into(), Some(source))?;
        }
        (4, 3) => {
            let request = OffsetRequest::try_parse_request(header, body)?;
            let window = server.window(request.destination_window)?;
            let kind = check_kind(request.destination_kind.into())?;
            match shape(window, kind) {
                Some(old) => {
                    let moved = old.translated(i32::from(request.x_offset), i32::from(request.y_offset));
                    set_shape(server, request.destination_window, kind, Some(moved));
                }
                // Nothing moves, but it is told all the same.
                None => notify(server, request.destination_window, kind),
            }
        }
        (5, 1) => {
            let window = server.window(word(body, 0)?)?;
            let extents = |kind| {
                shape(window, kind).map_or(default_shape(window, kind).extents(), |shape| shape.extents())
            };
            let (bounding, clip) = (rectangle(extents(BOUNDING)), rectangle(extents(CLIP)));
            let reply = QueryExtentsReply {
                sequence: 0,
                length: 0,
                bounding_shaped: window.shapes.bounding.is_some(),
                clip_shaped: window.shapes.clip.is_some(),
                bounding_shape_extents_x: bounding.x,
                bounding_shape_extents_y: bounding.y,
                bounding_shape_extents_width: bounding.width,
                bounding_shape_extents_height: bounding.height,
                clip_shape_extents_x: clip.x,
                clip_shape_extents_y: clip.y,
                clip_shape_extents_width: clip.width,
                clip_shape_extents_height: clip.height,
            };
            server.reply(client, &reply);
        }
        (6, 2) => {
            let id = word(body, 0)?;
            let enable = body.get(4).copied().unwrap_or(0);
            let window = server.window_mut(id)?;
            if enable > 1 {
                return Err(XError::value(u32::from(enable)));
            }
            window.shape_clients.retain(|other| *other != client);
            if enable == 1 {
                window.shape_clients.push(client);
            }
        }
        (7, 1) => {
            let enabled = server.window(word(body, 0)?)?.shape_clients.contains(&client);
            server.reply(client, &InputSelectedReply { enabled, sequence: 0, length: 0 });
        }
        (8, 2) => {
            let request = GetRectanglesRequest::try_parse_request(header, body)?;
            let window = server.window(request.window)?;
            let kind = check_kind(request.source_kind.into())?;
            let region = effective_shape(window, kind);
            let rectangles = region.rects().iter().map(|part| rectangle(*part)).collect();
            server.reply(
                client,
                &GetRectanglesReply { ordering: ClipOrdering::YX_BANDED, sequence: 0, length: 0, rectangles },
            );
        }
        (0..=8, _) => return Err(XError::LENGTH),
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

pub(crate) fn rect(from: Rectangle) -> Rect {
    Rect::from_size(i32::from(from.x), i32::from(from.y), u32::from(from.width), u32::from(from.height))
}

pub(crate) fn rectangle(rect: Rect) -> Rectangle {
    Rectangle {
        x: rect.x1 as i16,
        y: rect.y1 as i16,
        width: rect.width() as u16,
        height: rect.height() as u16,
    }
}

fn shape(window: &Window, kind: u8) -> Option<&Arc<Region>> {
    match kind {
        BOUNDING => window.shapes.bounding.as_ref(),
        CLIP => window.shapes.clip.as_ref(),
        _ => window.shapes.input.as_ref(),
    }
}

/// The shape of a window that has none: the inside for the clip, else with the border.
pub(crate) fn default_shape(window: &Window, kind: u8) -> Region {
    let border = if kind == CLIP { 0 } else { i32::from(window.border_width) };
    Region::from_rect(Rect::new(
        -border,
        -border,
        i32::from(window.width) + border,
        i32::from(window.height) + border,
    ))
}

/// The shape of a window, whether it has one or not.
pub(crate) fn effective_shape(window: &Window, kind: u8) -> Region {
    shape(window, kind).map_or_else(|| default_shape(window, kind), |shape| (**shape).clone())
}

/// Combines a window's shape with another; none takes the shape away. Where the window has no shape, Union leaves it
/// without, and Intersect and Invert see all of the plane and not only the window, as in Xvfb.
fn operate(server: &mut Server, id: Xid, kind: u8, operation: u8, source: Option<Region>) -> Outcome {
    if operation > 4 {
        return Err(XError::value(u32::from(operation)));
    }
    let window = server.window(id)?;
    let old = shape(window, kind);
    let new = match (operation, source) {
        (_, None) if old.is_none() => return Ok(()),
        (_, None) => None,
        (0, source) => source,
        (1, Some(source)) => old.map(|old| old.union(&source)),
        (2, Some(source)) => Some(old.map_or_else(|| source.clone(), |old| old.intersect(&source))),
        (3, Some(source)) => Some(effective_shape(window, kind).subtract(&source)),
        (_, Some(source)) => Some(old.map_or_else(Region::new, |old| source.subtract(old))),
    };
    set_shape(server, id, kind, new);
    Ok(())
}

/// Gives a window a shape, with what follows from it.
pub(crate) fn set_shape(server: &mut Server, id: Xid, kind: u8, region: Option<Region>) {
    let Ok(window) = server.window_mut(id) else { return };
    let region = region.map(Arc::new);
    match kind {
        BOUNDING => window.shapes.bounding = region,
        CLIP => window.shapes.clip = region,
        _ => window.shapes.input = region,
    }
    let parent = window.parent;
    server.mark_dirty(id);
    if parent != 0 {
        server.mark_dirty(parent);
        server.revalidate(parent);
    }
    server.check_confinement(id);
    notify(server, id, kind);
}

fn notify(server: &mut Server, id: Xid, kind: u8) {
    let Ok(window) = server.window(id) else { return };
    let extents = rectangle(effective_shape(window, kind).extents());
    let event = NotifyEvent {
        response_type: number::SHAPE_EVENT,
        shape_kind: kind.into(),
        sequence: 0,
        affected_window: id,
        extents_x: extents.x,
        extents_y: extents.y,
        extents_width: extents.width,
        extents_height: extents.height,
        server_time: server.time,
        shaped: shape(window, kind).is_some(),
    };
    for client in window.shape_clients.clone() {
        server.send_event(client, &wire(&event));
    }
}
