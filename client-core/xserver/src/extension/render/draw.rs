//! What composites onto a picture: Composite, rectangles, trapezoids, triangles; and cursors, made of pictures.

use std::sync::Arc;

use x11rb_protocol::protocol::render::{
    AddTrapsRequest, CompositeRequest, CreateAnimCursorRequest, CreateCursorRequest, FillRectanglesRequest,
    PictOp, Pointfix, Trapezoid, TrapezoidsRequest, TriFanRequest, TriStripRequest, Triangle,
    TrianglesRequest,
};
use x11rb_protocol::protocol::xproto::{Point, Rectangle};

use super::picture::{Destination, Held, Picture, solid};
use super::{format, operator};
use crate::client::ClientId;
use crate::cursor::{Cursor, CursorImage};
use crate::error::{Outcome, XError};
use crate::raster::{self, Canvas, CopyBox, CopySource, Pixmap};
use crate::region::{Rect, Region};
use crate::render::trapezoid::{Coverage, extents, format_of_bits, sharp_spans, trapezoids_of};
use crate::render::{Format, Geometry, Op, Solid, Source, Target, TargetAlpha, composite, whole};
use crate::resource::{Resource, Xid};
use crate::server::Server;
use crate::surface::Pair;

impl Server {
    /// Composites within `clip`; geometry and clip are in the surface's coordinates.
    pub(super) fn compose(
        &mut self,
        op: Op,
        source: &Source<'_>,
        mask: Option<&Source<'_>>,
        to: &Destination,
        clip: &Region,
        geometry: Geometry,
    ) {
        self.compose_each(op, source, to, clip, [(mask.copied(), geometry)]);
    }

    /// As [`compose`](Self::compose), through one mask after the other.
    pub(super) fn compose_each<'m>(
        &mut self,
        op: Op,
        source: &Source<'_>,
        to: &Destination,
        clip: &Region,
        masks: impl IntoIterator<Item = (Option<Source<'m>>, Geometry)>,
    ) {
        // The alpha map is drawn on beside the surface itself, so it is worked on outside of the table.
        let mut alpha = to.alpha.map(|(surface, format, offset)| {
            ((*self.surfaces.share(surface)).clone(), surface, format, offset)
        });
        let mut target = Target {
            pixmap: self.surfaces.get_mut(to.target.surface),
            format: to.format,
            clip,
            alpha_map: alpha.as_mut().map(|(pixmap, _, format, offset)| TargetAlpha {
                pixmap,
                format,
                offset: *offset,
            }),
        };
        for (mask, geometry) in masks {
            composite(op, source, mask.as_ref(), &mut target, geometry);
        }
        if let Some((pixmap, surface, ..)) = alpha {
            self.surfaces.replace(surface, pixmap);
        }
    }

    /// Notes what was drawn, in the surface's coordinates.
    pub(super) fn composed(&mut self, to: &Destination, bounds: Rect) {
        let (x, y) = to.target.origin;
        let bounds = bounds.intersect(&to.target.clip.extents());
        self.touched(to.drawable, &to.target, bounds.translate(-x, -y));
    }
}

pub(super) fn composite_request(server: &mut Server, r: &CompositeRequest) -> Outcome {
    let op = operator(r.op)?;
    let to = server.destination(r.dst)?;
    let source = server.picture(r.src)?.clone();
    let mask = if r.mask == 0 { None } else { Some(server.picture(r.mask)?.clone()) };
    let size = (i32::from(r.width), i32::from(r.height));
    let at = |x: i16, y: i16| (i32::from(x), i32::from(y));
    let (origin, dst) = (to.target.origin, at(r.dst_x, r.dst_y));
    let (src, msk) = (at(r.src_x, r.src_y), at(r.mask_x, r.mask_y));
    let geometry = Geometry { source: src, mask: msk, target: (dst.0 + origin.0, dst.1 + origin.1), size };
    // The clips of the pictures that are read have no say: they tell where those are drawn on.
    let clip = to.target.clip.intersect_rect(&geometry.bounds());
    if clip.is_empty() || (mask.is_none() && copy_plainly(server, op, &source, &to, &clip, r)) {
        return Ok(());
    }
    let surface = Some(to.target.surface);
    let area = |corner: (i32, i32)| Rect::new(corner.0, corner.1, corner.0 + size.0, corner.1 + size.1);
    let held = server.hold(&source, surface, area(src))?;
    let held_mask = mask.map(|mask| server.hold(&mask, surface, area(msk))).transpose()?;
    let mask = held_mask.as_ref().map(Held::source);
    server.compose(op, &held.source(), mask.as_ref(), &to, &clip, geometry);
    server.composed(&to, clip.extents());
    Ok(())
}

/// Where compositing comes to copying pixels, does that: what is copied may overlap what it is copied to. Tells whether
/// it was so.
fn copy_plainly(
    server: &mut Server,
    op: Op,
    source: &Picture,
    to: &Destination,
    clip: &Region,
    r: &CompositeRequest,
) -> bool {
    let Some((id, format)) = source.plain_drawable() else { return false };
    if to.alpha.is_some() || !format.copies_to(to.format, op) {
        return false;
    }
    // A pixmap's picture outlives its id; then the slow way finds the pixels.
    let Ok(from) = server.target(id, true) else { return false };
    let area = Rect::from_size(r.src_x.into(), r.src_y.into(), r.width.into(), r.height.into());
    let own = Rect::from_size(0, 0, from.size.0.into(), from.size.1.into());
    let (x, y) = from.origin;
    let on_surface = server.surfaces.get(from.surface).bounds();
    if !own.contains_rect(&area) || !on_surface.contains_rect(&area.translate(x, y)) {
        return false;
    }
    let copied = CopyBox {
        from: Point { x: r.src_x, y: r.src_y },
        to: Point { x: r.dst_x, y: r.dst_y },
        width: r.width,
        height: r.height,
    };
    let valid = Region::from_rect(on_surface);
    let gc = raster::Gc::default();
    let (origin, target) = (to.target.origin, to.target.surface);
    let copy = |pixmap: &mut Pixmap, other: Option<&Pixmap>| {
        let from = CopySource { pixmap: other, origin: from.origin, valid: &valid };
        Canvas::new(pixmap, origin, clip).copy_area(&gc, &from, copied);
    };
    match server.surfaces.pair(from.surface, target) {
        Pair::Same(pixmap) => copy(pixmap, None),
        Pair::Two(other, pixmap) => copy(pixmap, Some(other)),
    }
    server.composed(to, clip.extents());
    true
}

pub(super) fn fill_rectangles(server: &mut Server, r: &FillRectanglesRequest<'_>) -> Outcome {
    let mut op = operator(r.op)?;
    if op == Op::Over && r.color.alpha == u16::MAX {
        op = Op::Src;
    }
    let colour = Source::colour(if op == Op::Clear { Solid([0; 4]) } else { solid(r.color) });
    let areas = |shift| r.rects.iter().map(move |rect| area_of(rect, shift));
    let to = if matches!(op, Op::Src | Op::Clear) {
        let (to, map) = server.destinations_to_fill(r.dst)?;
        if let Some((map, shift)) = map {
            fill(server, op, &colour, &map, areas(shift));
        }
        to
    } else {
        server.destination(r.dst)?
    };
    let touched = fill(server, op, &colour, &to, areas((0, 0)));
    server.composed(&to, touched);
    Ok(())
}

fn area_of(rect: &Rectangle, (dx, dy): (i32, i32)) -> Rect {
    let (x, y) = (i32::from(rect.x) + dx, i32::from(rect.y) + dy);
    Rect::from_size(x, y, u32::from(rect.width), u32::from(rect.height))
}

/// Gives what it touched, in the surface's coordinates.
fn fill(
    server: &mut Server,
    op: Op,
    colour: &Source<'_>,
    to: &Destination,
    areas: impl Iterator<Item = Rect>,
) -> Rect {
    let (x, y) = to.target.origin;
    let mut touched = Rect::EMPTY;
    for area in areas {
        let area = area.translate(x, y);
        let geometry = Geometry {
            target: (area.x1, area.y1),
            size: (area.width(), area.height()),
            ..Geometry::default()
        };
        let bounds = geometry.bounds().intersect(&to.target.clip.extents());
        if !bounds.is_empty() {
            server.compose(op, colour, None, to, &to.target.clip, geometry);
            touched = touched.bound(&bounds);
        }
    }
    touched
}

/// Shapes that are drawn together, one after the other through masks of their own or all through one.
struct Shapes<'a> {
    op: PictOp,
    source: Xid,
    destination: Xid,
    mask_format: u32,
    /// What lies at the first point.
    source_corner: (i16, i16),
    first: Option<Pointfix>,
    trapezoids: &'a [Trapezoid],
    /// How many trapezoids make a shape.
    group: usize,
}

fn draw_shapes(server: &mut Server, shapes: &Shapes<'_>) -> Outcome {
    let op = operator(shapes.op)?;
    let to = server.destination(shapes.destination)?;
    let picture = server.picture(shapes.source)?.clone();
    let format = if shapes.mask_format == 0 { None } else { Some(format(shapes.mask_format)?) };
    let Some(first) = shapes.first else { return Ok(()) };
    let origin = to.target.origin;
    // From the surface's coordinates to the source's.
    let shift = (
        i32::from(shapes.source_corner.0) - (first.x >> 16) - origin.0,
        i32::from(shapes.source_corner.1) - (first.y >> 16) - origin.1,
    );
    let clip = to.target.clip.clone();
    if clip.is_empty() {
        return Ok(());
    }
    let held = server.hold(&picture, Some(to.target.surface), clip.extents().translate(shift.0, shift.1))?;
    let source = held.source();
    let bits = match format {
        Some(format) => format.alpha.bits,
        None if to.sharp_edges => 1,
        None => 8,
    };
    let group = if format.is_some() { shapes.trapezoids.len() } else { shapes.group }.max(1);
    let mut touched = Rect::EMPTY;
    let mut spans = Vec::new();
    for shape in shapes.trapezoids.chunks(group) {
        let mut bounds = clip.extents();
        if op.ignores_transparent_source() {
            let reach = shape.iter().fold(Rect::EMPTY, |all, t| all.bound(&extents(t)));
            bounds = bounds.intersect(&reach.translate(origin.0, origin.1));
        }
        if bounds.is_empty() {
            continue;
        }
        let clips = op.ignores_transparent_source() && to.alpha.is_none();
        if let ([trapezoid], 1, true) = (shape, bits, clips) {
            // Pixels are all there or not at all: they are a clip, and need no mask. (With an alpha map, pixels that are
            // not there take its alpha.)
            let within = bounds.translate(-origin.0, -origin.1);
            sharp_spans(trapezoid, &within, |y, x1, x2| {
                spans.push((y + origin.1, x1 + origin.0, x2 + origin.0));
            });
            let mut pixels = Region::from_spans(spans.drain(..));
            if clip.as_rect().is_none() {
                pixels = pixels.intersect(&clip);
            }
            let geometry = Geometry {
                source: (bounds.x1 + shift.0, bounds.y1 + shift.1),
                target: (bounds.x1, bounds.y1),
                size: (bounds.width(), bounds.height()),
                ..Geometry::default()
            };
            server.compose(op, &source, None, &to, &pixels, geometry);
            touched = touched.bound(&bounds);
            continue;
        }
        let mut mask = Pixmap::new(bounds.width() as u32, bounds.height() as u32, format_of_bits(bits).depth)
            .map_err(|_| XError::ALLOC)?;
        let own = mask.bounds();
        let corner = (bounds.x1 - origin.0, bounds.y1 - origin.1);
        // As in Xvfb: where all of the target may change, shapes are drawn on all of it, and else on what they cover.
        let first_row = (!op.ignores_transparent_source()).then_some(-origin.1);
        let mut coverage = Coverage::new(&mut mask, corner, own, first_row);
        for trapezoid in shape {
            coverage.add_trapezoid(trapezoid);
        }
        let geometry = Geometry {
            source: (bounds.x1 + shift.0, bounds.y1 + shift.1),
            mask: (0, 0),
            target: (bounds.x1, bounds.y1),
            size: (bounds.width(), bounds.height()),
        };
        let mask = Source::bits(whole(&mask, format_of_bits(bits)));
        server.compose(op, &source, Some(&mask), &to, &clip, geometry);
        touched = touched.bound(&bounds);
    }
    server.composed(&to, touched);
    Ok(())
}

pub(super) fn trapezoids(server: &mut Server, r: &TrapezoidsRequest<'_>) -> Outcome {
    let shapes = Shapes {
        op: r.op,
        source: r.src,
        destination: r.dst,
        mask_format: r.mask_format,
        source_corner: (r.src_x, r.src_y),
        first: r.traps.first().map(|t| t.left.p1),
        trapezoids: &r.traps,
        group: 1,
    };
    draw_shapes(server, &shapes)
}

pub(super) fn triangles(server: &mut Server, r: &TrianglesRequest<'_>) -> Outcome {
    draw_triangles(
        server,
        (r.op, r.src, r.dst, r.mask_format),
        (r.src_x, r.src_y),
        r.triangles.iter().copied(),
    )
}

pub(super) fn triangle_strip(server: &mut Server, r: &TriStripRequest<'_>) -> Outcome {
    let triangles = r.points.windows(3).map(|p| Triangle { p1: p[0], p2: p[1], p3: p[2] });
    draw_triangles(server, (r.op, r.src, r.dst, r.mask_format), (r.src_x, r.src_y), triangles)
}

pub(super) fn triangle_fan(server: &mut Server, r: &TriFanRequest<'_>) -> Outcome {
    let (hub, rim) = r.points.split_first().map_or((Pointfix::default(), &[][..]), |(hub, rim)| (*hub, rim));
    let triangles = rim.windows(2).map(|p| Triangle { p1: hub, p2: p[0], p3: p[1] });
    draw_triangles(server, (r.op, r.src, r.dst, r.mask_format), (r.src_x, r.src_y), triangles)
}

fn draw_triangles(
    server: &mut Server,
    (op, source, destination, mask_format): (PictOp, Xid, Xid, u32),
    source_corner: (i16, i16),
    triangles: impl Iterator<Item = Triangle> + Clone,
) -> Outcome {
    let first = triangles.clone().next().map(|t| t.p1);
    let trapezoids: Vec<Trapezoid> = triangles.flat_map(|t| trapezoids_of(&t)).collect();
    let shapes = Shapes {
        op,
        source,
        destination,
        mask_format,
        source_corner,
        first,
        trapezoids: &trapezoids,
        group: 2,
    };
    draw_shapes(server, &shapes)
}

/// `AddTraps`: coverage is added to a picture that is nothing but alpha.
pub(super) fn add_traps(server: &mut Server, r: &AddTrapsRequest<'_>) -> Outcome {
    let to = server.destination(r.picture)?;
    let origin = to.target.origin;
    let coverage_only = [Format::a1(), Format::a4(), Format::a8()].contains(&to.format);
    if !coverage_only {
        return Ok(());
    }
    let corner = (-i32::from(r.x_off) - origin.0, -i32::from(r.y_off) - origin.1);
    for part in to.target.clip.rects() {
        let surface = server.surfaces.get_mut(to.target.surface);
        let mut coverage = Coverage::new(surface, corner, *part, Some(corner.1));
        for trap in r.traps.iter() {
            coverage.add_trap(trap);
        }
    }
    server.composed(&to, to.target.clip.extents());
    Ok(())
}

/// Larger cursors than this are refused: nobody can show them.
const MAX_CURSOR_SIDE: u16 = 1024;

pub(super) fn create_cursor(server: &mut Server, client: ClientId, r: &CreateCursorRequest) -> Outcome {
    server.check_new_id(client, r.cid)?;
    let (width, height) = server.picture_size(r.source)?;
    if r.x > width || r.y > height {
        return Err(XError::MATCH);
    }
    if width > MAX_CURSOR_SIDE || height > MAX_CURSOR_SIDE {
        return Err(XError::ALLOC);
    }
    let area = Rect::from_size(0, 0, u32::from(width), u32::from(height));
    let held = server.hold(&server.picture(r.source)?.clone(), None, area)?;
    let mut image = Pixmap::new(u32::from(width), u32::from(height), Format::a8r8g8b8().depth)
        .map_err(|_| XError::ALLOC)?;
    let clip = Region::from_rect(image.bounds());
    let mut target = Target { pixmap: &mut image, format: Format::a8r8g8b8(), clip: &clip, alpha_map: None };
    let geometry = Geometry { size: (i32::from(width), i32::from(height)), ..Geometry::default() };
    composite(Op::Src, &held.source(), None, &mut target, geometry);
    let pixels = image.words().unwrap_or(&[]).to_vec();
    let serial = server.next_cursor_serial();
    let cursor = Cursor::from_argb(serial, CursorImage { width, height, hot_x: r.x, hot_y: r.y, pixels });
    server.add_resource(client, r.cid, Resource::Cursor(Arc::new(cursor)));
    Ok(())
}

pub(super) fn create_animated_cursor(
    server: &mut Server,
    client: ClientId,
    r: &CreateAnimCursorRequest<'_>,
) -> Outcome {
    server.check_new_id(client, r.cid)?;
    let mut frames = Vec::with_capacity(r.cursors.len());
    for element in r.cursors.iter() {
        let cursor = server.cursor_resource(element.cursor)?;
        // X11 RENDER, CreateAnimCursor: an animation is made of still images.
        if cursor.is_animated() {
            return Err(XError::MATCH);
        }
        frames.push((cursor.image.clone(), element.delay));
    }
    if frames.is_empty() {
        return Err(XError::value(0));
    }
    let serial = server.next_cursor_serial();
    let Some(cursor) = Cursor::animated(serial, frames) else { return Err(XError::value(0)) };
    server.add_resource(client, r.cid, Resource::Cursor(Arc::new(cursor)));
    Ok(())
}
