//! XFIXES 5.0: regions, selection and cursor notification, cursor images and names, hidden cursors, save sets.

use std::sync::Arc;

use x11rb_protocol::protocol::xfixes::{
    ChangeCursorByNameRequest, ChangeCursorRequest, ChangeSaveSetRequest, CreateRegionFromWindowRequest,
    CreateRegionRequest, CursorNotifyEvent, ExpandRegionRequest, FetchRegionReply,
    GetCursorImageAndNameReply, GetCursorImageReply, GetCursorNameReply, QueryVersionReply,
    QueryVersionRequest, SelectSelectionInputRequest, SelectionNotifyEvent, SetCursorNameRequest,
    SetGCClipRegionRequest, SetRegionRequest, SetWindowShapeRegionRequest,
};
use x11rb_protocol::x11_utils::RequestHeader;

use super::shape::{effective_shape, rect, rectangle, set_shape};
use super::{Extension, number};
use crate::atom::Atom;
use crate::byte_order::{self, Layouts};
use crate::client::{ClientId, Saved};
use crate::error::{Outcome, XError};
use crate::gc::bitmap_region;
use crate::region::{Rect, Region};
use crate::resource::{Resource, Xid};
use crate::server::{Server, wire};
use crate::value_list::{half, word};

pub(crate) const EXTENSION: Extension = Extension {
    name: "XFIXES",
    major: number::XFIXES,
    first_event: number::XFIXES_EVENT,
    first_error: number::XFIXES_ERROR,
    dispatch,
    layouts: &Layouts {
        #[rustfmt::skip]
        requests: &[
            "44", "11114", "444", "44", "", "4*2", "44", "441", "44", "44", "4", "4*2", "44", "444", "444", "444",
            "4222244", "422", "44", "4", "4422", "41111224", "4422", "42", "4", "", "44", "42", "442222", "4", "4",
            "44222242*2", "4",
        ],
        #[rustfmt::skip]
        replies: &[
            "44", "", "", "", "2222224@*4", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "2222@*2222", "", "",
            "", "", "42", "",
        ],
        events: &["44444", "4444"],
    },
};

/// Turns around the one reply that has text after its list, but for the header; whether this is it.
pub(crate) fn swap_reply(minor: u8, reply: &mut [u8]) -> bool {
    // GetCursorImageAndName
    if minor != 25 {
        return false;
    }
    let side = |at: usize| half(reply, at).map_or(0, usize::from);
    let pixels = 4 * side(12) * side(14);
    byte_order::swap_fields(reply, 8, "222222442");
    if let Some(pixels) = reply.get_mut(32..32 + pixels) {
        byte_order::swap_fields(pixels, 0, "*4");
    }
    true
}

pub(crate) fn bad_region(id: Xid) -> XError {
    XError { code: number::XFIXES_ERROR, value: id }
}

/// What XFIXES remembers.
#[derive(Debug, Default)]
pub(crate) struct Xfixes {
    /// Client, window, selection, events.
    selections: Vec<(ClientId, Xid, Atom, u32)>,
    /// Clients that want `CursorNotify`, and on which window.
    cursors: Vec<(ClientId, Xid)>,
    /// How often each client has hidden the cursor.
    hidden: Vec<(ClientId, u32)>,
}

impl Xfixes {
    pub(crate) fn client_gone(&mut self, client: ClientId) {
        self.selections.retain(|(id, ..)| *id != client);
        self.cursors.retain(|(id, _)| *id != client);
        self.hidden.retain(|(id, _)| *id != client);
    }

    pub(crate) fn window_gone(&mut self, window: Xid) {
        self.selections.retain(|(_, id, ..)| *id != window);
        self.cursors.retain(|(_, id)| *id != window);
    }

    pub(crate) fn cursor_hidden(&self) -> bool {
        !self.hidden.is_empty()
    }
}

/// Why a selection has another owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SelectionChange {
    Owner,
    WindowDestroyed,
    ClientClosed,
}

/// Tells who asked that a selection has another owner.
pub(crate) fn selection_changed(server: &mut Server, selection: Atom, change: SelectionChange) {
    let owner = server.selections.owners.iter().find(|owner| owner.selection == selection);
    let (window, time) = owner.map_or((0, 0), |owner| (owner.window, owner.time));
    let subtype = change as u8;
    let listeners: Vec<_> = server
        .xfixes
        .selections
        .iter()
        .copied()
        .filter(|(_, _, wanted, events)| *wanted == selection && events & (1 << subtype) != 0)
        .collect();
    for (client, listener, ..) in listeners {
        let event = SelectionNotifyEvent {
            response_type: number::XFIXES_EVENT,
            subtype: subtype.into(),
            sequence: 0,
            window: listener,
            owner: window,
            selection,
            timestamp: server.time,
            selection_timestamp: time,
        };
        server.send_event(client, &wire(&event));
    }
}

/// Tells who asked that the cursor has another image.
pub(crate) fn cursor_changed(server: &mut Server) {
    let (cursor_serial, name) = server.current_cursor().map_or((0, 0), |cursor| (cursor.serial, cursor.name));
    for (client, window) in server.xfixes.cursors.clone() {
        let event = CursorNotifyEvent {
            response_type: number::XFIXES_EVENT + 1,
            subtype: 0.into(),
            sequence: 0,
            window,
            cursor_serial,
            timestamp: server.time,
            name,
        };
        server.send_event(client, &wire(&event));
    }
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let words = header.remaining_length;
    let exactly = |expected: u32| if words == expected { Ok(()) } else { Err(XError::LENGTH) };
    match header.minor_opcode {
        0 => {
            exactly(2)?;
            let request = QueryVersionRequest::try_parse_request(header, body)?;
            let version = (request.client_major_version, request.client_minor_version).min((5, 0));
            let reply = QueryVersionReply {
                sequence: 0,
                length: 0,
                major_version: version.0,
                minor_version: version.1,
            };
            server.reply(client, &reply);
            Ok(())
        }
        1 => {
            exactly(2)?;
            change_save_set(server, client, &ChangeSaveSetRequest::try_parse_request(header, body)?)
        }
        2 => {
            exactly(3)?;
            let request = SelectSelectionInputRequest::try_parse_request(header, body)?;
            let events = u32::from(request.event_mask);
            server.window(request.window)?;
            server.atoms.check(request.selection)?;
            if events & !7 != 0 {
                return Err(XError::value(events));
            }
            let listeners = &mut server.xfixes.selections;
            listeners.retain(|(id, window, selection, _)| {
                (*id, *window, *selection) != (client, request.window, request.selection)
            });
            if events != 0 {
                listeners.push((client, request.window, request.selection, events));
            }
            Ok(())
        }
        3 => {
            exactly(2)?;
            let (window, events) = (word(body, 0)?, word(body, 4)?);
            server.window(window)?;
            if events > 1 {
                return Err(XError::value(events));
            }
            let listeners = &mut server.xfixes.cursors;
            listeners.retain(|listener| *listener != (client, window));
            if events == 1 {
                listeners.push((client, window));
            }
            Ok(())
        }
        4 | 25 => {
            exactly(0)?;
            get_cursor_image(server, client, header.minor_opcode == 25);
            Ok(())
        }
        5..=20 | 22 | 28 => region_request(server, client, header, body),
        21 => {
            exactly(4)?;
            let request = SetWindowShapeRegionRequest::try_parse_request(header, body)?;
            server.window(request.dest)?;
            let kind = u8::from(request.dest_kind);
            if kind > 2 {
                return Err(XError::value(u32::from(kind)));
            }
            let region = optional_region(server, request.region)?
                .map(|region| region.translated(i32::from(request.x_offset), i32::from(request.y_offset)));
            set_shape(server, request.dest, kind, region);
            Ok(())
        }
        23 => {
            let length = half(body, 4)?;
            exactly(2 + u32::from(length).div_ceil(4))?;
            let request = SetCursorNameRequest::try_parse_request(header, body)?;
            let cursor = server.cursor_resource(request.cursor)?.clone();
            if server.atoms.find(&request.name).is_none() && server.atoms.len() >= server.config.limits.atoms
            {
                return Err(XError::ALLOC);
            }
            let name = server.atoms.intern(&request.name);
            let mut named = (*cursor).clone();
            named.name = name;
            server.replace_cursor(&cursor, &Arc::new(named));
            Ok(())
        }
        24 => {
            exactly(1)?;
            let atom = server.cursor_resource(word(body, 0)?)?.name;
            let name = server.atoms.name(atom).unwrap_or(b"").to_vec();
            server.reply(client, &GetCursorNameReply { sequence: 0, length: 0, atom, name });
            Ok(())
        }
        26 => {
            exactly(2)?;
            let request = ChangeCursorRequest::try_parse_request(header, body)?;
            let source = server.cursor_resource(request.source)?.clone();
            let old = server.cursor_resource(request.destination)?.clone();
            server.replace_cursor(&old, &source);
            Ok(())
        }
        27 => {
            let length = half(body, 4)?;
            exactly(2 + u32::from(length).div_ceil(4))?;
            let request = ChangeCursorByNameRequest::try_parse_request(header, body)?;
            let source = server.cursor_resource(request.src)?.clone();
            let Some(name) = server.atoms.find(&request.name) else { return Ok(()) };
            let named: Vec<_> = server
                .resources
                .values()
                .filter_map(|resource| match resource {
                    Resource::Cursor(cursor) if cursor.name == name => Some(cursor.clone()),
                    _ => None,
                })
                .collect();
            for old in named {
                server.replace_cursor(&old, &source);
            }
            Ok(())
        }
        29 | 30 => {
            exactly(1)?;
            server.window(word(body, 0)?)?;
            let hidden = &mut server.xfixes.hidden;
            let at = hidden.iter().position(|(id, _)| *id == client);
            match (header.minor_opcode, at) {
                (29, Some(at)) => hidden[at].1 = hidden[at].1.saturating_add(1),
                (29, None) => hidden.push((client, 1)),
                (_, Some(at)) if hidden[at].1 > 1 => hidden[at].1 -= 1,
                (_, Some(at)) => {
                    hidden.remove(at);
                }
                // ShowCursor without HideCursor
                (_, None) => return Err(XError::MATCH),
            }
            server.update_cursor();
            Ok(())
        }
        31 => create_barrier(server, client, words, body),
        32 => {
            exactly(1)?;
            let id = word(body, 0)?;
            if !matches!(server.resources.get(&id), Some(Resource::Barrier)) {
                return Err(XError { code: number::XFIXES_ERROR + 1, value: id });
            }
            if server.owner(id) != client {
                return Err(XError::ACCESS);
            }
            server.free_resource(id);
            Ok(())
        }
        _ => Err(XError::REQUEST),
    }
}

fn create_barrier(server: &mut Server, client: ClientId, words: u32, body: &[u8]) -> Outcome {
    if words < 6 || words != 6 + u32::from(half(body, 22)?).div_ceil(2) {
        return Err(XError::LENGTH);
    }
    let (id, window) = (word(body, 0)?, word(body, 4)?);
    server.check_new_id(client, id)?;
    let at = |offset| half(body, offset).map(|value| value as i16);
    let ends = (at(8)?, at(10)?, at(12)?, at(14)?);
    let vertical = ends.0 == ends.2;
    if vertical == (ends.1 == ends.3) {
        return Err(XError::value(window));
    }
    server.window(window)?;
    let open = word(body, 16)?;
    for device in body.get(24..).unwrap_or(&[]).chunks_exact(2).take(usize::from(half(body, 22)?)) {
        super::xinput::check_master(server, half(device, 0)?)?;
    }
    server.add_barrier(id, window, ends, open)?;
    server.add_resource(client, id, Resource::Barrier);
    Ok(())
}

fn change_save_set(server: &mut Server, client: ClientId, request: &ChangeSaveSetRequest) -> Outcome {
    server.window(request.window)?;
    if server.owner(request.window) == client {
        return Err(XError::MATCH);
    }
    let (mode, target, map) = (u8::from(request.mode), u8::from(request.target), u8::from(request.map));
    for choice in [mode, target, map] {
        if choice > 1 {
            return Err(XError::value(u32::from(choice)));
        }
    }
    server.set_saved(
        client,
        Saved { window: request.window, to_root: target == 1, map: map == 0 },
        mode == 0,
    );
    Ok(())
}

fn get_cursor_image(server: &mut Server, client: ClientId, named: bool) {
    let (x, y) = (server.input.pointer.x as i16, server.input.pointer.y as i16);
    let cursor = server.current_cursor().cloned();
    let (image, serial, atom) = match &cursor {
        Some(cursor) => ((*cursor.image).clone(), cursor.serial, cursor.name),
        // No window says what the pointer looks like: the embedder's own, of which only the place is known.
        None => {
            (crate::cursor::CursorImage { width: 1, height: 1, hot_x: 0, hot_y: 0, pixels: vec![0] }, 0, 0)
        }
    };
    if named {
        let name = server.atoms.name(atom).unwrap_or(b"").to_vec();
        let reply = GetCursorImageAndNameReply {
            sequence: 0,
            length: 0,
            x,
            y,
            width: image.width,
            height: image.height,
            xhot: image.hot_x,
            yhot: image.hot_y,
            cursor_serial: serial,
            cursor_atom: atom,
            cursor_image: image.pixels,
            name,
        };
        server.reply(client, &reply);
    } else {
        let reply = GetCursorImageReply {
            sequence: 0,
            length: 0,
            x,
            y,
            width: image.width,
            height: image.height,
            xhot: image.hot_x,
            yhot: image.hot_y,
            cursor_serial: serial,
            cursor_image: image.pixels,
        };
        server.reply(client, &reply);
    }
}

fn optional_region(server: &Server, id: Xid) -> Outcome<Option<Region>> {
    if id == 0 { Ok(None) } else { server.region(id).cloned().map(Some) }
}

fn region_request(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let words = header.remaining_length;
    let exactly = |expected: u32| if words == expected { Ok(()) } else { Err(XError::LENGTH) };
    let boxes = |list: &[x11rb_protocol::protocol::xproto::Rectangle]| {
        let boxes: Vec<Rect> = list.iter().map(|part| rect(*part)).collect();
        Region::from_rects(&boxes)
    };
    // The id of a new region is looked at before what it is made of, as by Xvfb.
    if matches!(header.minor_opcode, 6..=9) && words == if header.minor_opcode == 7 { 3 } else { 2 } {
        server.check_new_id(client, word(body, 0)?)?;
    }
    match header.minor_opcode {
        5 if words >= 1 && words % 2 == 1 => {
            let request = CreateRegionRequest::try_parse_request(header, body)?;
            create(server, client, request.region, boxes(&request.rectangles))?;
        }
        6 => {
            exactly(2)?;
            let bitmap = server.pixmap(word(body, 4)?)?;
            if bitmap.depth != 1 {
                return Err(XError::MATCH);
            }
            let region = bitmap_region(server.surfaces.get(bitmap.surface));
            create(server, client, word(body, 0)?, region)?;
        }
        7 => {
            exactly(3)?;
            let request = CreateRegionFromWindowRequest::try_parse_request(header, body)?;
            let window = server.window(request.window)?;
            let kind = u8::from(request.kind);
            if kind > 1 {
                return Err(XError::value(u32::from(kind)));
            }
            let region = effective_shape(window, kind);
            create(server, client, request.region, region)?;
        }
        8 => {
            exactly(2)?;
            let gc = server.gc(word(body, 4)?)?;
            let region = gc.raster.clip.as_ref().map(|clip| {
                clip.translated(i32::from(gc.raster.clip_origin.0), i32::from(gc.raster.clip_origin.1))
            });
            create(server, client, word(body, 0)?, region.ok_or(XError::MATCH)?)?;
        }
        9 => {
            exactly(2)?;
            let region = server.picture_clip(word(body, 4)?)?;
            create(server, client, word(body, 0)?, region)?;
        }
        10 => {
            exactly(1)?;
            let id = word(body, 0)?;
            server.region(id)?;
            server.free_resource(id);
        }
        11 if words >= 1 && words % 2 == 1 => {
            let request = SetRegionRequest::try_parse_request(header, body)?;
            *server.region_mut(request.region)? = boxes(&request.rectangles);
        }
        12 => {
            exactly(2)?;
            let region = server.region(word(body, 0)?)?.clone();
            *server.region_mut(word(body, 4)?)? = region;
        }
        minor @ 13..=15 => {
            exactly(3)?;
            let (a, b) = (server.region(word(body, 0)?)?, server.region(word(body, 4)?)?);
            let region = match minor {
                13 => a.union(b),
                14 => a.intersect(b),
                _ => a.subtract(b),
            };
            *server.region_mut(word(body, 8)?)? = region;
        }
        16 => {
            exactly(4)?;
            let source = server.region(word(body, 0)?)?;
            let bounds = Rect::from_size(
                i32::from(half(body, 4)? as i16),
                i32::from(half(body, 6)? as i16),
                u32::from(half(body, 8)?),
                u32::from(half(body, 10)?),
            );
            let region = Region::from_rect(bounds).subtract(source);
            *server.region_mut(word(body, 12)?)? = region;
        }
        17 => {
            exactly(2)?;
            let (dx, dy) = (i32::from(half(body, 4)? as i16), i32::from(half(body, 6)? as i16));
            server.region_mut(word(body, 0)?)?.translate(dx, dy);
        }
        18 => {
            exactly(2)?;
            let extents = Region::from_rect(server.region(word(body, 0)?)?.extents());
            *server.region_mut(word(body, 4)?)? = extents;
        }
        19 => {
            exactly(1)?;
            let region = server.region(word(body, 0)?)?;
            let reply = FetchRegionReply {
                sequence: 0,
                extents: rectangle(region.extents()),
                rectangles: region.rects().iter().map(|part| rectangle(*part)).collect(),
            };
            server.reply(client, &reply);
        }
        20 => {
            exactly(3)?;
            let request = SetGCClipRegionRequest::try_parse_request(header, body)?;
            server.gc(request.gc)?;
            let region = optional_region(server, request.region)?;
            let gc = server.gc_mut(request.gc)?;
            gc.raster.clip_origin = (request.x_origin, request.y_origin);
            gc.raster.clip = region.map(Arc::new);
        }
        22 => {
            exactly(3)?;
            let region = optional_region(server, word(body, 4)?)?;
            server.set_picture_clip(
                word(body, 0)?,
                region,
                (half(body, 8)? as i16, half(body, 10)? as i16),
            )?;
        }
        28 => {
            exactly(4)?;
            let request = ExpandRegionRequest::try_parse_request(header, body)?;
            let source = server.region(request.source)?;
            let grown: Vec<Rect> = source
                .rects()
                .iter()
                .map(|part| {
                    Rect::new(
                        part.x1 - i32::from(request.left),
                        part.y1 - i32::from(request.top),
                        part.x2 + i32::from(request.right),
                        part.y2 + i32::from(request.bottom),
                    )
                })
                .collect();
            *server.region_mut(request.destination)? = Region::from_rects(&grown);
        }
        5 | 11 => return Err(XError::LENGTH),
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

fn create(server: &mut Server, client: ClientId, id: Xid, region: Region) -> Outcome {
    server.check_new_id(client, id)?;
    server.add_resource(client, id, Resource::Region(Box::new(region)));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_of_a_cursor_is_left_alone_where_its_image_is_turned_around() {
        let mut reply = [0; 40];
        // One by one pixel
        reply[12..16].copy_from_slice(&[1_u16.to_ne_bytes(), 1_u16.to_ne_bytes()].concat());
        reply[32..36].copy_from_slice(&[1, 2, 3, 4]);
        reply[36..40].copy_from_slice(b"name");
        assert!(super::swap_reply(25, &mut reply));
        assert_eq!((&reply[32..36], &reply[36..40]), (&[4, 3, 2, 1][..], &b"name"[..]));
    }
}
