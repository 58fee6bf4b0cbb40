//! Graphics contexts: the requests that make and change them. Drawing reads [`crate::raster::Gc`], kept within.

use std::borrow::Cow;
use std::sync::Arc;

use x11rb_protocol::protocol::xproto::{CreatePixmapRequest, Rectangle, SetClipRectanglesRequest};

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::raster::{
    self, ArcMode, CapStyle, FillRule, FillStyle, Function, JoinStyle, LineStyle, SubwindowMode, Tile,
};
use crate::region::{Rect, Region};
use crate::resource::{PixmapResource, Resource, Xid};
use crate::server::Server;
use crate::setup::FORMATS;
use crate::surface::{Paint, Surfaces};
use crate::value_list::{ValueList, tail, word};

/// A GC: the depth it is for, and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Gc {
    pub(crate) depth: u8,
    /// Without the pixels of tile and stipple, which [`Gc::painting`] adds.
    pub(crate) raster: raster::Gc,
    tile: Option<Paint>,
    stipple: Option<Paint>,
}

impl Gc {
    /// What to draw with: tile and stipple as their pixmaps are now.
    pub(crate) fn painting(&self, surfaces: &Surfaces) -> Cow<'_, raster::Gc> {
        if self.raster.fill_style == FillStyle::Solid {
            return Cow::Borrowed(&self.raster);
        }
        let mut raster = self.raster.clone();
        if let Some(tile) = &self.tile {
            raster.tile = Tile::Pixmap(surfaces.painted(tile));
        }
        raster.stipple = self.stipple.as_ref().map(|stipple| surfaces.painted(stipple));
        Cow::Owned(raster)
    }
}

const ALL_BITS: u32 = (1 << 23) - 1;

impl Server {
    pub(crate) fn create_pixmap(&mut self, client: ClientId, request: &CreatePixmapRequest) -> Outcome {
        self.check_new_id(client, request.pid)?;
        self.drawable_depth(request.drawable)?;
        let (depth, width, height) = (request.depth, request.width, request.height);
        if width == 0 || height == 0 {
            return Err(XError::value(0));
        }
        if !FORMATS.iter().any(|(known, _)| *known == depth) {
            return Err(XError::value(u32::from(depth)));
        }
        let rect = Rect::from_size(0, 0, u32::from(width), u32::from(height));
        let mut resource = PixmapResource {
            surface: crate::surface::SurfaceId::SCREEN,
            width,
            height,
            depth,
            clip: Arc::new(Region::from_rect(rect)),
        };
        let used = self.client(client).map_or(0, |client| client.pixmap_bytes);
        if used.saturating_add(resource.bytes()) > self.config.limits.pixmap_bytes {
            return Err(XError::ALLOC);
        }
        let pixels =
            raster::Pixmap::new(u32::from(width), u32::from(height), depth).map_err(|_| XError::ALLOC)?;
        resource.surface = self.surfaces.add(pixels);
        self.add_resource(client, request.pid, Resource::Pixmap(resource));
        Ok(())
    }

    /// The depth of a window or pixmap.
    pub(crate) fn drawable_depth(&self, drawable: Xid) -> Outcome<u8> {
        match self.resources.get(&drawable) {
            Some(Resource::Window(window)) => Ok(window.depth),
            Some(Resource::Pixmap(pixmap)) => Ok(pixmap.depth),
            _ => Err(XError::drawable(drawable)),
        }
    }

    pub(crate) fn create_gc(&mut self, client: ClientId, body: &[u8]) -> Outcome {
        let id = word(body, 0)?;
        let drawable = word(body, 4)?;
        self.check_new_id(client, id)?;
        if self.window(drawable).is_ok_and(|window| window.input_only) {
            return Err(XError::matching(drawable));
        }
        let depth = self.drawable_depth(drawable)?;
        let values = ValueList::new(word(body, 8)?, tail(body, 12)?)?.within(ALL_BITS)?;
        let mut gc = Gc { depth, raster: raster::Gc::default(), tile: None, stipple: None };
        self.apply_gc_values(&mut gc, values)?;
        // X11 §8, CreateGC: the default tile is a pixmap filled with the foreground.
        if values.mask() & (1 << 10) == 0 {
            gc.raster.tile = Tile::Pixel(gc.raster.foreground);
        }
        self.add_resource(client, id, Resource::Gc(Box::new(gc)));
        Ok(())
    }

    pub(crate) fn change_gc(&mut self, body: &[u8]) -> Outcome {
        let id = word(body, 0)?;
        self.gc(id)?;
        let values = ValueList::new(word(body, 4)?, tail(body, 8)?)?.within(ALL_BITS)?;
        // The few plain values that clients change all the time need no copy.
        if values.mask() & !0xf == 0 {
            let gc = self.gc_mut(id)?;
            for (bit, value) in values.iter() {
                match bit {
                    0 => gc.raster.function = function(value)?,
                    1 => gc.raster.plane_mask = value,
                    2 => gc.raster.foreground = value,
                    _ => gc.raster.background = value,
                }
            }
            return Ok(());
        }
        let mut gc = self.gc(id)?.clone();
        let outcome = self.apply_gc_values(&mut gc, values);
        // What came before the bad value stays changed.
        *self.gc_mut(id)? = gc;
        outcome
    }

    fn apply_gc_values(&self, gc: &mut Gc, values: ValueList<'_>) -> Outcome {
        let raster = &mut gc.raster;
        for (bit, value) in values.iter() {
            let bad = XError::value(value);
            match bit {
                0 => raster.function = function(value)?,
                1 => raster.plane_mask = value,
                2 => raster.foreground = value,
                3 => raster.background = value,
                4 => raster.line_width = value as u16,
                5 => raster.line_style = LineStyle::from_wire(value).ok_or(bad)?,
                6 => raster.cap_style = CapStyle::from_wire(value).ok_or(bad)?,
                7 => raster.join_style = JoinStyle::from_wire(value).ok_or(bad)?,
                8 => raster.fill_style = FillStyle::from_wire(value).ok_or(bad)?,
                9 => raster.fill_rule = FillRule::from_wire(value).ok_or(bad)?,
                10 => {
                    let pixmap = self.pixmap(value)?;
                    if pixmap.depth != gc.depth {
                        return Err(XError::MATCH);
                    }
                    gc.tile = Some(self.surfaces.paint(pixmap.surface));
                }
                11 => {
                    let pixmap = self.pixmap(value)?;
                    if pixmap.depth != 1 {
                        return Err(XError::MATCH);
                    }
                    gc.stipple = Some(self.surfaces.paint(pixmap.surface));
                }
                12 => raster.tile_origin.0 = value as i16,
                13 => raster.tile_origin.1 = value as i16,
                14 => raster.font = Some(self.font_resource(value)?.clone()),
                15 => raster.subwindow_mode = SubwindowMode::from_wire(value).ok_or(bad)?,
                16 if value <= 1 => raster.graphics_exposures = value != 0,
                17 => raster.clip_origin.0 = value as i16,
                18 => raster.clip_origin.1 = value as i16,
                19 if value == 0 => raster.clip = None,
                19 => {
                    let pixmap = self.pixmap(value)?;
                    if pixmap.depth != 1 {
                        return Err(XError::MATCH);
                    }
                    raster.clip = Some(Arc::new(bitmap_region(self.surfaces.get(pixmap.surface))));
                }
                20 => raster.dash_offset = value as u16,
                21 => {
                    let dash = value as u8;
                    if dash == 0 {
                        return Err(XError::value(0));
                    }
                    raster.dashes = Arc::new([dash, dash]);
                }
                22 => raster.arc_mode = ArcMode::from_wire(value).ok_or(bad)?,
                _ => return Err(bad),
            }
        }
        Ok(())
    }

    pub(crate) fn copy_gc(&mut self, source: Xid, destination: Xid, mask: u32) -> Outcome {
        let from = self.gc(source)?.clone();
        let to = self.gc_mut(destination)?;
        if from.depth != to.depth {
            return Err(XError::MATCH);
        }
        if mask & !ALL_BITS != 0 {
            return Err(XError::value(mask));
        }
        if mask & 1 << 10 != 0 {
            to.tile = from.tile;
        }
        if mask & 1 << 11 != 0 {
            to.stipple = from.stipple;
        }
        let (from, to) = (from.raster, &mut to.raster);
        for bit in (0..23).filter(|bit| mask & (1 << bit) != 0) {
            match bit {
                0 => to.function = from.function,
                1 => to.plane_mask = from.plane_mask,
                2 => to.foreground = from.foreground,
                3 => to.background = from.background,
                4 => to.line_width = from.line_width,
                5 => to.line_style = from.line_style,
                6 => to.cap_style = from.cap_style,
                7 => to.join_style = from.join_style,
                8 => to.fill_style = from.fill_style,
                9 => to.fill_rule = from.fill_rule,
                10 => to.tile = from.tile.clone(),
                11 => {}
                12 => to.tile_origin.0 = from.tile_origin.0,
                13 => to.tile_origin.1 = from.tile_origin.1,
                14 => to.font.clone_from(&from.font),
                15 => to.subwindow_mode = from.subwindow_mode,
                16 => to.graphics_exposures = from.graphics_exposures,
                17 => to.clip_origin.0 = from.clip_origin.0,
                18 => to.clip_origin.1 = from.clip_origin.1,
                19 => to.clip.clone_from(&from.clip),
                20 => to.dash_offset = from.dash_offset,
                21 => to.dashes.clone_from(&from.dashes),
                _ => to.arc_mode = from.arc_mode,
            }
        }
        Ok(())
    }

    pub(crate) fn set_dashes(&mut self, id: Xid, offset: u16, dashes: &[u8]) -> Outcome {
        let gc = self.gc_mut(id)?;
        if dashes.is_empty() || dashes.contains(&0) {
            return Err(XError::value(0));
        }
        gc.raster.dash_offset = offset;
        gc.raster.dashes = dashes.into();
        Ok(())
    }

    pub(crate) fn set_clip_rectangles(
        &mut self,
        ordering: u8,
        request: &SetClipRectanglesRequest<'_>,
    ) -> Outcome {
        if ordering > 3 {
            return Err(XError::value(u32::from(ordering)));
        }
        self.gc(request.gc)?;
        let rectangles = &request.rectangles;
        if !are_ordered(rectangles, ordering) {
            return Err(XError::MATCH);
        }
        let boxes: Vec<Rect> = rectangles
            .iter()
            .map(|part| {
                Rect::from_size(
                    i32::from(part.x),
                    i32::from(part.y),
                    u32::from(part.width),
                    u32::from(part.height),
                )
            })
            .collect();
        let gc = self.gc_mut(request.gc)?;
        gc.raster.clip_origin = (request.clip_x_origin, request.clip_y_origin);
        gc.raster.clip = Some(Arc::new(Region::from_rects(&boxes)));
        Ok(())
    }
}

/// Whether rectangles are as a client says they are: 1 sorted by y, 2 by y and x, 3 in bands. The protocol lets a
/// server answer a wrong order with `Match` (X11 §8, `SetClipRectangles`), and this one does, as Xvfb.
pub(crate) fn are_ordered(rectangles: &[Rectangle], ordering: u8) -> bool {
    let end = |from: i16, size: u16| i32::from(from) + i32::from(size);
    let in_bands = |a: &Rectangle, b: &Rectangle| {
        if a.y == b.y {
            a.height == b.height && i32::from(b.x) >= end(a.x, a.width)
        } else {
            i32::from(b.y) >= end(a.y, a.height)
        }
    };
    rectangles.windows(2).all(|pair| match (pair, ordering) {
        ([a, b], 1) => a.y <= b.y,
        ([a, b], 2) => (a.y, a.x) <= (b.y, b.x),
        ([a, b], 3) => in_bands(a, b),
        _ => true,
    })
}

/// A raster function is a byte within its word, as in Xvfb.
fn function(value: u32) -> Outcome<Function> {
    Function::from_wire(value & 0xff).ok_or(XError::value(value & 0xff))
}

/// The ones of a bitmap.
pub(crate) fn bitmap_region(bitmap: &raster::Pixmap) -> Region {
    let Some(bytes) = bitmap.byte_pixels() else { return Region::new() };
    let width = bitmap.width().max(1) as usize;
    let spans = bytes.chunks_exact(width).enumerate().flat_map(|(y, row)| {
        let mut x = 0;
        std::iter::from_fn(move || {
            let start = x + row.get(x..)?.iter().position(|bit| *bit != 0)?;
            let length = row[start..].iter().position(|bit| *bit == 0).unwrap_or(row.len() - start);
            x = start + length;
            Some((y as i32, start as i32, x as i32))
        })
    });
    Region::from_spans(spans)
}
