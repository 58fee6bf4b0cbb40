//! Drawing requests: from the wire to the raster, and the damage they do.

use std::borrow::Cow;

use x11rb_protocol::protocol::xproto::{
    self, CopyAreaRequest, CopyPlaneRequest, GetImageReply, GetImageRequest, GraphicsExposureEvent,
    NoExposureEvent,
};

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::raster::{self, Canvas, Copied, CopyBox, CopySource, Image, ImageFormat, SubwindowMode};
use crate::region::{Rect, Region};
use crate::resource::{Resource, Xid};
use crate::server::{Server, wire};
use crate::surface::{Pair, SurfaceId, Target};
use crate::value_list::{arcs, half, points, rectangles, segments, tail, word};

impl Server {
    /// Draws with a GC on a drawable; `paint` returns what it touched, relative to the drawable.
    pub(crate) fn draw(
        &mut self,
        drawable: Xid,
        gc: Xid,
        paint: impl FnOnce(&mut Canvas<'_>, &raster::Gc) -> Rect,
    ) -> Outcome {
        self.draw_checked(drawable, gc, |_| Ok(()), |canvas, gc, ()| paint(canvas, gc))
    }

    /// Draws what `check` makes of the request, if it is right for a drawable of this depth.
    fn draw_checked<T>(
        &mut self,
        drawable: Xid,
        gc: Xid,
        check: impl FnOnce(u8) -> Outcome<T>,
        paint: impl FnOnce(&mut Canvas<'_>, &raster::Gc, T) -> Rect,
    ) -> Outcome {
        // What nearly all requests draw on needs nothing counted or copied.
        let Some(Resource::Gc(context)) = self.resources.get(&gc) else {
            // X11 §9: an InputOnly window is a Match error, whatever the GC.
            self.drawable_depth(drawable)?;
            return Err(XError::gc(gc));
        };
        let through = context.raster.subwindow_mode == SubwindowMode::IncludeInferiors;
        let (surface, origin, visible, depth) = match self.resources.get(&drawable) {
            Some(Resource::Window(window)) if window.input_only => return Err(XError::matching(drawable)),
            Some(Resource::Window(window)) => {
                let visible = if through && !window.children.is_empty() {
                    Cow::Owned(window.inner_clip())
                } else {
                    Cow::Borrowed(&*window.clip)
                };
                (SurfaceId::SCREEN, window.origin, visible, window.depth)
            }
            Some(Resource::Pixmap(pixmap)) => {
                (pixmap.surface, (0, 0), Cow::Borrowed(&*pixmap.clip), pixmap.depth)
            }
            _ => return Err(XError::drawable(drawable)),
        };
        if depth != context.depth {
            return Err(XError::MATCH);
        }
        let checked = check(depth)?;
        let clip = context.raster.clipped(&visible, origin);
        if clip.is_empty() {
            return Ok(());
        }
        let gc = context.painting(&self.surfaces);
        let mut canvas = Canvas::new(self.surfaces.get_mut(surface), origin, &clip);
        let touched = paint(&mut canvas, &gc, checked);
        if touched.is_empty() {
            return Ok(());
        }
        let touched = touched.translate(origin.0, origin.1).intersect(&visible.extents());
        if surface == SurfaceId::SCREEN {
            self.damage_screen(touched);
        }
        if !self.damages.is_empty() {
            let region = self.target(drawable, through)?.clip.intersect_rect(&touched);
            crate::extension::damage::drawn(self, drawable, surface, &region);
        }
        Ok(())
    }

    /// The target of drawing, and whether it goes through to children; errors for a GC of another depth.
    fn check_drawing(&self, drawable: Xid, gc: Xid) -> Outcome<(Target, bool)> {
        // X11 §9: an InputOnly window is a Match error, whatever the GC.
        let Some(Resource::Gc(context)) = self.resources.get(&gc) else {
            self.drawable_depth(drawable)?;
            return Err(XError::gc(gc));
        };
        let through = context.raster.subwindow_mode == SubwindowMode::IncludeInferiors;
        let target = self.target(drawable, through)?;
        if target.depth != context.depth {
            return Err(XError::MATCH);
        }
        Ok((target, through))
    }

    /// Notes that a part of a drawable (relative to it) has changed.
    pub(crate) fn touched(&mut self, drawable: Xid, target: &Target, rect: Rect) {
        if rect.is_empty() {
            return;
        }
        let rect = rect.translate(target.origin.0, target.origin.1);
        if target.surface == SurfaceId::SCREEN {
            let rect = rect.intersect(&target.clip.extents());
            self.damage_screen(rect);
        }
        if !self.damages.is_empty() {
            let region = target.clip.intersect_rect(&rect);
            crate::extension::damage::drawn(self, drawable, target.surface, &region);
        }
    }

    /// Notes that a region of the screen changed that belongs to one window.
    pub(crate) fn touched_window(&mut self, id: Xid, region: &Region) {
        for part in region.rects() {
            self.damage_screen(*part);
        }
        if !self.damages.is_empty() {
            crate::extension::damage::drawn(self, id, SurfaceId::SCREEN, region);
        }
    }

    /// Notes that a region of the screen changed, whichever windows are there.
    pub(crate) fn touched_screen(&mut self, region: &Region) {
        for part in region.rects() {
            self.damage_screen(*part);
        }
        if !self.damages.is_empty() {
            crate::extension::damage::screen_changed(self, region);
        }
    }

    pub(crate) fn poly_point(&mut self, mode: u8, body: &[u8]) -> Outcome {
        check_mode(mode)?;
        let points = points(tail(body, 8)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.poly_point(gc, mode == 1, &points))
    }

    pub(crate) fn poly_line(&mut self, mode: u8, body: &[u8]) -> Outcome {
        check_mode(mode)?;
        let points = points(tail(body, 8)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.poly_line(gc, mode == 1, &points))
    }

    pub(crate) fn poly_segment(&mut self, body: &[u8]) -> Outcome {
        let segments = segments(tail(body, 8)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.poly_segment(gc, &segments))
    }

    pub(crate) fn poly_rectangle(&mut self, body: &[u8]) -> Outcome {
        let rectangles = rectangles(tail(body, 8)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.poly_rectangle(gc, &rectangles))
    }

    pub(crate) fn poly_arc(&mut self, body: &[u8]) -> Outcome {
        let arcs = arcs(tail(body, 8)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.poly_arc(gc, &arcs))
    }

    pub(crate) fn fill_poly(&mut self, body: &[u8]) -> Outcome {
        let (Some(&shape), Some(&mode)) = (body.get(8), body.get(9)) else { return Err(XError::LENGTH) };
        if shape > 2 {
            return Err(XError::value(u32::from(shape)));
        }
        check_mode(mode)?;
        let points = points(tail(body, 12)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.fill_poly(gc, mode == 1, &points))
    }

    pub(crate) fn poly_fill_rectangle(&mut self, body: &[u8]) -> Outcome {
        let rectangles = rectangles(tail(body, 8)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.poly_fill_rectangle(gc, &rectangles))
    }

    pub(crate) fn poly_fill_arc(&mut self, body: &[u8]) -> Outcome {
        let arcs = arcs(tail(body, 8)?);
        self.draw(word(body, 0)?, word(body, 4)?, |canvas, gc| canvas.poly_fill_arc(gc, &arcs))
    }

    pub(crate) fn copy_area(&mut self, client: ClientId, request: &CopyAreaRequest) -> Outcome {
        let area = CopyBox {
            from: xproto::Point { x: request.src_x, y: request.src_y },
            to: xproto::Point { x: request.dst_x, y: request.dst_y },
            width: request.width,
            height: request.height,
        };
        self.copy(client, (request.src_drawable, request.dst_drawable, request.gc), area, None)
    }

    pub(crate) fn copy_plane(&mut self, client: ClientId, request: &CopyPlaneRequest) -> Outcome {
        let area = CopyBox {
            from: xproto::Point { x: request.src_x, y: request.src_y },
            to: xproto::Point { x: request.dst_x, y: request.dst_y },
            width: request.width,
            height: request.height,
        };
        self.copy(
            client,
            (request.src_drawable, request.dst_drawable, request.gc),
            area,
            Some(request.bit_plane),
        )
    }

    fn copy(&mut self, client: ClientId, ids: (Xid, Xid, Xid), area: CopyBox, plane: Option<u32>) -> Outcome {
        let (source_id, destination, gc_id) = ids;
        let (target, through) = self.check_drawing(destination, gc_id)?;
        let source = self.target(source_id, through)?;
        match plane {
            None if source.depth != target.depth => return Err(XError::MATCH),
            Some(plane) if plane.count_ones() != 1 || (source.depth < 32 && plane >> source.depth != 0) => {
                return Err(XError::value(plane));
            }
            _ => {}
        }
        let Some(Resource::Gc(gc)) = self.resources.get(&gc_id) else { return Err(XError::gc(gc_id)) };
        let exposures = gc.raster.graphics_exposures;
        let clip = gc.raster.clipped(&target.clip, target.origin);
        let copy = |canvas: &mut Canvas<'_>, pixmap: Option<&raster::Pixmap>| {
            let from = CopySource { pixmap, origin: source.origin, valid: &source.clip };
            match plane {
                None => canvas.copy_area(&gc.raster, &from, area),
                Some(plane) => canvas.copy_plane(&gc.raster, &from, area, plane),
            }
        };
        let Copied { touched, missing } = match self.surfaces.pair(source.surface, target.surface) {
            Pair::Same(pixmap) => copy(&mut Canvas::new(pixmap, target.origin, &clip), None),
            Pair::Two(from, to) => copy(&mut Canvas::new(to, target.origin, &clip), Some(from)),
        };
        drop(clip);
        self.touched(destination, &target, touched);
        if !missing.is_empty() && self.window(destination).is_ok() {
            // The background is the window's own: whatever the GC draws through, inferiors are not painted over.
            let own = self.target(destination, false)?.clip;
            let bare = missing.translated(target.origin.0, target.origin.1).intersect(&own);
            self.paint_background(destination, &bare);
        }
        if exposures {
            self.report_missing(client, destination, &missing, if plane.is_some() { 63 } else { 62 });
        }
        Ok(())
    }

    /// `GraphicsExposure` for what could not be copied, or `NoExposure`.
    fn report_missing(&mut self, client: ClientId, drawable: Xid, missing: &Region, major_opcode: u8) {
        if missing.is_empty() {
            let event = NoExposureEvent {
                response_type: xproto::NO_EXPOSURE_EVENT,
                sequence: 0,
                drawable,
                minor_opcode: 0,
                major_opcode,
            };
            self.send_event(client, &wire(&event));
            return;
        }
        let boxes = missing.rects();
        for (index, part) in boxes.iter().enumerate() {
            let event = GraphicsExposureEvent {
                response_type: xproto::GRAPHICS_EXPOSURE_EVENT,
                sequence: 0,
                drawable,
                x: part.x1 as u16,
                y: part.y1 as u16,
                width: part.width() as u16,
                height: part.height() as u16,
                minor_opcode: 0,
                count: (boxes.len() - 1 - index) as u16,
                major_opcode,
            };
            self.send_event(client, &wire(&event));
        }
    }

    pub(crate) fn put_image(&mut self, format: u8, body: &[u8]) -> Outcome {
        let (drawable, gc) = (word(body, 0)?, word(body, 4)?);
        let (width, height) = (half(body, 8)?, half(body, 10)?);
        let (x, y) = (half(body, 12)? as i16, half(body, 14)? as i16);
        let (Some(&left_pad), Some(&depth)) = (body.get(16), body.get(17)) else {
            return Err(XError::LENGTH);
        };
        let data = tail(body, 20)?;
        let check = |drawn_depth: u8| {
            let format = ImageFormat::from_wire(format).ok_or(XError::value(u32::from(format)))?;
            match format {
                ImageFormat::XyBitmap if depth != 1 || left_pad >= 32 => return Err(XError::MATCH),
                ImageFormat::XyPixmap if depth != drawn_depth || left_pad >= 32 => return Err(XError::MATCH),
                ImageFormat::ZPixmap if depth != drawn_depth || left_pad != 0 => return Err(XError::MATCH),
                _ => {}
            }
            let bytes = raster::image_bytes(format, depth, width, height, left_pad);
            if data.len() != bytes.next_multiple_of(4) {
                return Err(XError::LENGTH);
            }
            Ok(format)
        };
        self.draw_checked(drawable, gc, check, |canvas, gc, format| {
            canvas.put_image(gc, x, y, &Image { format, width, height, depth, left_pad, data })
        })
    }

    pub(crate) fn get_image(&mut self, client: ClientId, format: u8, request: &GetImageRequest) -> Outcome {
        let format = match format {
            1 => ImageFormat::XyPixmap,
            2 => ImageFormat::ZPixmap,
            other => return Err(XError::value(u32::from(other))),
        };
        let target = self.target(request.drawable, true)?;
        let rect = Rect::from_size(
            i32::from(request.x),
            i32::from(request.y),
            u32::from(request.width),
            u32::from(request.height),
        );
        let mut visual = 0;
        if let Ok(window) = self.window(request.drawable) {
            visual = window.visual;
            let border = i32::from(window.border_width);
            let own = Rect::new(
                -border,
                -border,
                i32::from(window.width) + border,
                i32::from(window.height) + border,
            );
            // X11 §9, GetImage: viewable, within the window with its border, and on the screen.
            let on_screen = rect.translate(window.origin.0, window.origin.1);
            if !window.viewable || !own.contains_rect(&rect) || !self.screen_rect().contains_rect(&on_screen)
            {
                return Err(XError::MATCH);
            }
        } else {
            let all = Rect::from_size(0, 0, u32::from(target.size.0), u32::from(target.size.1));
            if !all.contains_rect(&rect) {
                return Err(XError::MATCH);
            }
        }
        let bytes = raster::image_bytes(format, target.depth, request.width, request.height, 0);
        if bytes > self.config.limits.output_bytes {
            return Err(XError::ALLOC);
        }
        let rect = rect.translate(target.origin.0, target.origin.1);
        let depth_mask = if target.depth >= 32 { u32::MAX } else { (1 << target.depth) - 1 };
        let planes = request.plane_mask & depth_mask;
        let head = GetImageReply { depth: target.depth, sequence: 0, visual, data: Vec::new() };
        self.reply_pixels(client, &head, |surfaces, output| {
            surfaces.get(target.surface).get_image(rect, format, planes, output);
        });
        Ok(())
    }

    /// X11 §9, `PolyText8` and `PolyText16`: items of text and of fonts.
    pub(crate) fn poly_text(
        &mut self,
        drawable: Xid,
        gc_id: Xid,
        x: u16,
        y: u16,
        items: &[u8],
        wide: bool,
    ) -> Outcome {
        self.check_drawing(drawable, gc_id)?;
        let (mut x, y) = (i32::from(x as i16), i32::from(y as i16));
        let mut font = self.font_of_gc(gc_id)?;
        let mut rest = items;
        let mut outcome = Ok(());
        while let [length, tail @ ..] = rest {
            if *length == 255 {
                let Some((id, tail)) = tail.split_first_chunk::<4>() else { break };
                rest = tail;
                // The font's bytes are most significant first, whatever the client's order.
                let id = u32::from_be_bytes(*id);
                match self.font_resource(id).cloned() {
                    Ok(new) => {
                        self.gc_mut(gc_id)?.raster.font = Some(new.clone());
                        font = Some(new);
                    }
                    Err(error) => {
                        outcome = Err(error);
                        break;
                    }
                }
                continue;
            }
            let Some((delta, tail)) = tail.split_first() else { break };
            if *length == 0 && tail.is_empty() {
                break;
            }
            let bytes = usize::from(*length) * if wide { 2 } else { 1 };
            let Some((text, tail)) = tail.split_at_checked(bytes) else {
                outcome = Err(XError::LENGTH);
                break;
            };
            rest = tail;
            x = x.saturating_add(i32::from(*delta as i8));
            if let Some(font) = &font {
                let codes = codes(text, wide);
                let mut advance = 0;
                self.draw(drawable, gc_id, |canvas, gc| {
                    let (touched, width) = canvas.poly_text(gc, font, x, y, &codes);
                    advance = width;
                    touched
                })?;
                if advance == 0 {
                    advance = font.text_width(&codes);
                }
                x = x.saturating_add(advance);
            }
        }
        outcome
    }

    pub(crate) fn image_text(
        &mut self,
        drawable: Xid,
        gc: Xid,
        x: u16,
        y: u16,
        text: &[u8],
        wide: bool,
    ) -> Outcome {
        self.check_drawing(drawable, gc)?;
        let Some(font) = self.font_of_gc(gc)? else { return Ok(()) };
        let codes = codes(text, wide);
        self.draw(drawable, gc, |canvas, gc| {
            canvas.image_text(gc, &font, i32::from(x as i16), i32::from(y as i16), &codes)
        })
    }
}

fn check_mode(mode: u8) -> Outcome {
    if mode > 1 { Err(XError::value(u32::from(mode))) } else { Ok(()) }
}

/// Characters of a text of the wire: bytes, or CHAR2B (first byte above the second).
pub(crate) fn codes(text: &[u8], wide: bool) -> Cow<'static, [u16]> {
    if wide {
        text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    } else {
        text.iter().map(|byte| u16::from(*byte)).collect()
    }
}
