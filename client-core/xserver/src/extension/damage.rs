//! DAMAGE: what of a drawable has changed.

use x11rb_protocol::protocol::damage::{
    AddRequest, CreateRequest, NotifyEvent, QueryVersionReply, QueryVersionRequest, SubtractRequest,
};
use x11rb_protocol::protocol::xproto::Rectangle;
use x11rb_protocol::x11_utils::RequestHeader;

use super::{Extension, number};
use crate::byte_order::Layouts;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::region::{Rect, Region};
use crate::resource::{Resource, Xid};
use crate::server::{Server, wire};
use crate::surface::SurfaceId;

pub(crate) const EXTENSION: Extension = Extension {
    name: "DAMAGE",
    major: number::DAMAGE,
    first_event: number::DAMAGE_EVENT,
    first_error: number::DAMAGE_ERROR,
    dispatch,
    layouts: &Layouts {
        requests: &["44", "441111", "4", "444", "44"],
        replies: &["44"],
        events: &["44422222222"],
    },
};

/// A damage object.
#[derive(Debug)]
pub(crate) struct Damage {
    client: ClientId,
    drawable: Xid,
    /// 0 raw rectangles, 1 delta rectangles, 2 bounding box, 3 non-empty.
    level: u8,
    /// Relative to the drawable.
    region: Region,
}

pub(crate) fn bad_damage(id: Xid) -> XError {
    XError { code: number::DAMAGE_ERROR, value: id }
}

fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    match (header.minor_opcode, header.remaining_length) {
        (0, 2) => {
            let request = QueryVersionRequest::try_parse_request(header, body)?;
            let version = (request.client_major_version, request.client_minor_version).min((1, 1));
            let reply = QueryVersionReply {
                sequence: 0,
                length: 0,
                major_version: version.0,
                minor_version: version.1,
            };
            server.reply(client, &reply);
        }
        (1, 3) => {
            let request = CreateRequest::try_parse_request(header, body)?;
            server.check_new_id(client, request.damage)?;
            server.drawable_depth(request.drawable)?;
            let level = u8::from(request.level);
            if level > 3 {
                return Err(XError::value(u32::from(level)));
            }
            let damage = Damage { client, drawable: request.drawable, level, region: Region::new() };
            server.add_resource(client, request.damage, Resource::Damage(Box::new(damage)));
            server.damages.push(request.damage);
            // A window has contents already: it is damaged as a whole.
            if let Ok(window) = server.window(request.drawable)
                && window.viewable
            {
                // With its border, as in Xvfb
                let (origin, whole) = (window.origin, window.outer_clip.clone());
                add(server, request.damage, &whole.translated(-origin.0, -origin.1));
            }
        }
        (2, 1) => {
            let id = crate::value_list::word(body, 0)?;
            server.damage_object(id)?;
            destroy(server, id);
        }
        (3, 3) => {
            let request = SubtractRequest::try_parse_request(header, body)?;
            let region = server.damage_object(request.damage)?.region.clone();
            let repaired = match request.repair {
                0 => region.clone(),
                id => region.intersect(server.region(id)?),
            };
            if request.parts != 0 {
                *server.region_mut(request.parts)? = repaired.clone();
            }
            let damage = server.damage_object_mut(request.damage)?;
            damage.region = region.subtract(&repaired);
            let rest = damage.region.clone();
            if !rest.is_empty() {
                notify(server, request.damage, &rest);
            }
        }
        (4, 2) => {
            let request = AddRequest::try_parse_request(header, body)?;
            server.drawable_depth(request.drawable)?;
            if server.window(request.drawable).is_ok_and(|window| window.input_only) {
                return Err(XError::matching(request.drawable));
            }
            let region = server.region(request.region)?.clone();
            let on = server.damages.iter().copied().filter(|id| {
                server.damage_object(*id).is_ok_and(|damage| damage.drawable == request.drawable)
            });
            for id in on.collect::<Vec<_>>() {
                add(server, id, &region);
            }
        }
        (0..=4, _) => return Err(XError::LENGTH),
        _ => return Err(XError::REQUEST),
    }
    Ok(())
}

pub(crate) fn destroy(server: &mut Server, id: Xid) {
    server.damages.retain(|other| *other != id);
    server.remove_resource(id);
}

/// A drawable goes, and its damage objects with it.
pub(crate) fn drawable_gone(server: &mut Server, drawable: Xid) {
    for id in server.damages.clone() {
        if server.damage_object(id).is_ok_and(|damage| damage.drawable == drawable) {
            destroy(server, id);
        }
    }
}

/// Drawing changed a region (surface coordinates) of a drawable: damage of it, and of the windows it is within.
pub(crate) fn drawn(server: &mut Server, drawable: Xid, surface: SurfaceId, region: &Region) {
    if region.is_empty() {
        return;
    }
    for id in server.damages.clone() {
        let Ok(on) = server.damage_object(id).map(|damage| damage.drawable) else { continue };
        if on == drawable || (surface == SurfaceId::SCREEN && server.is_inferior(drawable, on)) {
            add_from_surface(server, id, on, region);
        }
    }
}

/// A region of the screen changed, whichever windows are there.
pub(crate) fn screen_changed(server: &mut Server, region: &Region) {
    for id in server.damages.clone() {
        let Ok(on) = server.damage_object(id).map(|damage| damage.drawable) else { continue };
        if server.window(on).is_ok() {
            add_from_surface(server, id, on, region);
        }
    }
}

fn add_from_surface(server: &mut Server, id: Xid, drawable: Xid, region: &Region) {
    match server.window(drawable) {
        Ok(window) => {
            let (x, y) = window.origin;
            let region = region.intersect(&window.inner_clip()).translated(-x, -y);
            add(server, id, &region);
        }
        Err(_) => add(server, id, region),
    }
}

fn add(server: &mut Server, id: Xid, region: &Region) {
    if region.is_empty() {
        return;
    }
    let Ok(damage) = server.damage_object_mut(id) else { return };
    let before = std::mem::take(&mut damage.region);
    damage.region = before.union(region);
    // Many small boxes cost more than their hull.
    if damage.region.rects().len() > 256 {
        damage.region = Region::from_rect(damage.region.extents());
    }
    let report = match damage.level {
        0 => region.clone(),
        1 => region.subtract(&before),
        2 if damage.region.extents() == before.extents() && !before.is_empty() => return,
        2 => Region::from_rect(damage.region.extents()),
        _ if !before.is_empty() => return,
        _ => Region::from_rect(damage.region.extents()),
    };
    notify(server, id, &report);
}

fn rectangle(rect: Rect) -> Rectangle {
    Rectangle {
        x: rect.x1 as i16,
        y: rect.y1 as i16,
        width: rect.width() as u16,
        height: rect.height() as u16,
    }
}

fn notify(server: &mut Server, id: Xid, region: &Region) {
    let Ok(damage) = server.damage_object(id) else { return };
    let (client, drawable, level) = (damage.client, damage.drawable, damage.level);
    let geometry = match (server.window(drawable), server.pixmap(drawable)) {
        // Where it is on the screen, as in Xvfb
        (Ok(window), _) => {
            let (x, y) = (window.origin.0 as i16, window.origin.1 as i16);
            Rectangle { x, y, width: window.width, height: window.height }
        }
        (_, Ok(pixmap)) => Rectangle { x: 0, y: 0, width: pixmap.width, height: pixmap.height },
        _ => return,
    };
    let areas: Vec<Rect> = match level {
        0 | 1 => region.rects().to_vec(),
        2 => vec![region.extents()],
        // That there is damage at all says nothing of where.
        _ => vec![Rect::from_size(0, 0, geometry.width.into(), geometry.height.into())],
    };
    for (index, area) in areas.iter().enumerate() {
        // The top bit of the level says that more follow.
        let more = if index + 1 < areas.len() { 0x80 } else { 0 };
        let event = NotifyEvent {
            response_type: number::DAMAGE_EVENT,
            level: (level | more).into(),
            sequence: 0,
            drawable,
            damage: id,
            timestamp: server.time,
            area: rectangle(*area),
            geometry,
        };
        server.send_event(client, &wire(&event));
    }
}
