//! Glyph sets and the text drawn with them.

use x11rb_protocol::protocol::render::{
    AddGlyphsRequest, CreateGlyphSetRequest, FreeGlyphsRequest, PictOp, ReferenceGlyphSetRequest,
};

use super::{bad_glyph, bad_glyph_set, format, operator};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::raster::Pixmap;
use crate::region::{Rect, Region};
use crate::render::trapezoid::format_of_bits;
use crate::render::{
    Format, Geometry, Glyph, GlyphSet, Op, Source, Target, add_coverage, composite as composite_pixels, whole,
};
use crate::resource::{Resource, Xid};
use crate::server::Server;

/// The glyph sets, each counted by the ids that name it.
#[derive(Debug, Default)]
pub(crate) struct GlyphSets {
    slots: Vec<Option<(GlyphSet, u32)>>,
}

/// Names a glyph set among [`GlyphSets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GlyphSetKey(usize);

impl GlyphSets {
    fn add(&mut self, set: GlyphSet) -> GlyphSetKey {
        let free = self.slots.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[index] = Some((set, 1));
        GlyphSetKey(index)
    }

    fn get(&self, key: GlyphSetKey) -> Option<&GlyphSet> {
        self.slots.get(key.0)?.as_ref().map(|(set, _)| set)
    }

    fn get_mut(&mut self, key: GlyphSetKey) -> Option<&mut GlyphSet> {
        self.slots.get_mut(key.0)?.as_mut().map(|(set, _)| set)
    }

    fn retain(&mut self, key: GlyphSetKey) {
        if let Some(Some((_, references))) = self.slots.get_mut(key.0) {
            *references += 1;
        }
    }

    /// One id less; the last one frees the glyphs.
    pub(crate) fn release(&mut self, key: GlyphSetKey) {
        if let Some(slot) = self.slots.get_mut(key.0)
            && let Some((_, references)) = slot
        {
            *references -= 1;
            if *references == 0 {
                *slot = None;
            }
        }
    }
}

pub(super) fn create(server: &mut Server, client: ClientId, r: CreateGlyphSetRequest) -> Outcome {
    server.check_new_id(client, r.gsid)?;
    let format = format(r.format)?;
    if ![1, 4, 8, 16, 32].contains(&format.depth) {
        return Err(XError::MATCH);
    }
    let key = server.render.glyph_sets.add(GlyphSet::new(format));
    server.add_resource(client, r.gsid, Resource::GlyphSet(key));
    Ok(())
}

pub(super) fn reference(server: &mut Server, client: ClientId, r: ReferenceGlyphSetRequest) -> Outcome {
    server.check_new_id(client, r.gsid)?;
    let key = *server.glyph_set(r.existing)?;
    server.render.glyph_sets.retain(key);
    server.add_resource(client, r.gsid, Resource::GlyphSet(key));
    Ok(())
}

pub(super) fn add(server: &mut Server, r: &AddGlyphsRequest<'_>) -> Outcome {
    let key = *server.glyph_set(r.glyphset)?;
    let set = server.render.glyph_sets.get_mut(key).ok_or(bad_glyph_set(r.glyphset))?;
    set.add(&r.glyphids, &r.glyphs, &r.data).map_err(|error| match error {
        crate::render::GlyphError::Length { .. } => XError::LENGTH,
        crate::render::GlyphError::Memory => XError::ALLOC,
    })
}

pub(super) fn free(server: &mut Server, r: &FreeGlyphsRequest<'_>) -> Outcome {
    let key = *server.glyph_set(r.glyphset)?;
    let set = server.render.glyph_sets.get_mut(key).ok_or(bad_glyph_set(r.glyphset))?;
    for id in r.glyphs.iter() {
        if !set.remove(*id) {
            return Err(bad_glyph(*id));
        }
    }
    Ok(())
}

/// A `CompositeGlyphs` request of any width of glyph numbers, without its items.
pub(super) struct Text {
    op: PictOp,
    source: Xid,
    destination: Xid,
    mask_format: u32,
    glyph_set: Xid,
    source_corner: (i32, i32),
    /// Bytes of a glyph number.
    width: usize,
}

impl Text {
    pub(super) fn new(
        op: PictOp,
        (source, destination): (Xid, Xid),
        mask_format: u32,
        glyph_set: Xid,
        (x, y): (i16, i16),
        width: usize,
    ) -> Self {
        Self {
            op,
            source,
            destination,
            mask_format,
            glyph_set,
            source_corner: (i32::from(x), i32::from(y)),
            width,
        }
    }
}

/// A glyph in its place, relative to the destination.
struct Placed {
    glyph: Glyph,
    format: &'static Format,
    corner: (i32, i32),
}

impl Placed {
    fn bounds(&self) -> Rect {
        Rect::from_size(
            self.corner.0,
            self.corner.1,
            u32::from(self.glyph.info.width),
            u32::from(self.glyph.info.height),
        )
    }
}

/// Reads the items: glyphs that have pixels, in their places, and the first item's offset.
fn place(server: &Server, text: &Text, items: &[u8]) -> Outcome<(Vec<Placed>, (i32, i32))> {
    let lookup = |id: Xid| -> Outcome<&GlyphSet> {
        let key = *server.glyph_set(id)?;
        server.render.glyph_sets.get(key).ok_or(bad_glyph_set(id))
    };
    let mut set = lookup(text.glyph_set)?;
    let mut placed = Vec::new();
    let mut first = None;
    let (mut x, mut y) = (0_i32, 0_i32);
    let mut rest = items;
    // Eight bytes or less at the end are no item, as in Xvfb.
    while rest.len() > 8
        && let Some((header, tail)) = rest.split_first_chunk::<8>()
    {
        let [count, _, _, _, x0, x1, y0, y1] = *header;
        if count == 0xff {
            // RENDER §12: another glyph set follows.
            let (id, tail) = tail.split_first_chunk::<4>().ok_or(XError::LENGTH)?;
            set = lookup(u32::from_ne_bytes(*id))?;
            rest = tail;
            continue;
        }
        let delta = |a: u8, b: u8| i32::from(i16::from_ne_bytes([a, b]));
        x = x.wrapping_add(delta(x0, x1));
        y = y.wrapping_add(delta(y0, y1));
        first.get_or_insert((x, y));
        let bytes = usize::from(count) * text.width;
        let ids = tail.get(..bytes).ok_or(XError::LENGTH)?;
        rest = tail.get(bytes.next_multiple_of(4)..).unwrap_or(&[]);
        for id in ids.chunks_exact(text.width) {
            let id = match *id {
                [a] => u32::from(a),
                [a, b] => u32::from(u16::from_ne_bytes([a, b])),
                [a, b, c, d] => u32::from_ne_bytes([a, b, c, d]),
                _ => continue,
            };
            // A number without a glyph draws nothing and goes nowhere.
            let Some(glyph) = set.get(id) else { continue };
            if glyph.image.is_some() {
                let corner =
                    (x.wrapping_sub(i32::from(glyph.info.x)), y.wrapping_sub(i32::from(glyph.info.y)));
                placed.push(Placed { glyph: glyph.clone(), format: set.format(), corner });
            }
            x = x.wrapping_add(i32::from(glyph.info.x_off));
            y = y.wrapping_add(i32::from(glyph.info.y_off));
        }
    }
    Ok((placed, first.unwrap_or((0, 0))))
}

pub(super) fn composite(server: &mut Server, text: &Text, items: &[u8]) -> Outcome {
    let op = operator(text.op)?;
    let to = server.destination(text.destination)?;
    let picture = server.picture(text.source)?.clone();
    let mask_format = if text.mask_format == 0 { None } else { Some(format(text.mask_format)?) };
    let (placed, first) = place(server, text, items)?;
    let clip = to.target.clip.clone();
    let (ox, oy) = to.target.origin;
    let visible = clip.extents().translate(-ox, -oy);
    let reach = placed.iter().fold(Rect::EMPTY, |all, glyph| all.bound(&glyph.bounds())).intersect(&visible);
    if reach.is_empty() {
        return Ok(());
    }
    // From the destination's coordinates to the source's.
    let shift = (text.source_corner.0.wrapping_sub(first.0), text.source_corner.1.wrapping_sub(first.1));
    let held = server.hold(&picture, Some(to.target.surface), reach.translate(shift.0, shift.1))?;
    let source = held.source();
    if let Some(mask_format) = mask_format {
        let format = if mask_format.has_colour() {
            Format::a8r8g8b8()
        } else {
            format_of_bits(mask_format.alpha.bits)
        };
        let mut mask = Pixmap::new(reach.width() as u32, reach.height() as u32, format.depth)
            .map_err(|_| XError::ALLOC)?;
        for glyph in &placed {
            accumulate(&mut mask, format, glyph, (reach.x1, reach.y1));
        }
        let mask = Source { component_alpha: format.has_colour(), ..Source::bits(whole(&mask, format)) };
        let geometry = Geometry {
            source: (reach.x1 + shift.0, reach.y1 + shift.1),
            mask: (0, 0),
            target: (reach.x1 + ox, reach.y1 + oy),
            size: (reach.width(), reach.height()),
        };
        server.compose(op, &source, Some(&mask), &to, &clip, geometry);
    } else {
        let glyphs = placed.iter().filter_map(|placed| {
            let image = placed.glyph.image.as_ref()?;
            let bounds = placed.bounds();
            if bounds.intersect(&visible).is_empty() {
                return None;
            }
            let mask = Source {
                component_alpha: placed.format.has_colour(),
                ..Source::bits(whole(image, placed.format))
            };
            let geometry = Geometry {
                source: (bounds.x1.wrapping_add(shift.0), bounds.y1.wrapping_add(shift.1)),
                mask: (0, 0),
                target: (bounds.x1 + ox, bounds.y1 + oy),
                size: (bounds.width(), bounds.height()),
            };
            Some((Some(mask), geometry))
        });
        server.compose_each(op, &source, &to, &clip, glyphs);
    }
    server.composed(&to, reach.translate(ox, oy));
    Ok(())
}

/// Adds a glyph to a mask whose first pixel is at `corner`.
fn accumulate(mask: &mut Pixmap, format: &'static Format, placed: &Placed, corner: (i32, i32)) {
    let Some(image) = &placed.glyph.image else { return };
    let bounds = placed.bounds().translate(-corner.0, -corner.1);
    let part = bounds.intersect(&mask.bounds());
    if part.is_empty() {
        return;
    }
    let (stride, from_stride) = (mask.width() as usize, image.width() as usize);
    let (left, top) = ((part.x1 - bounds.x1) as usize, (part.y1 - bounds.y1) as usize);
    let width = part.width() as usize;
    if std::ptr::eq(format, placed.format)
        && let (Some(to), Some(from)) = (mask.byte_pixels_mut(), image.byte_pixels())
    {
        let full = u8::MAX >> (8 - format.depth);
        let rows =
            to.chunks_exact_mut(stride).skip(part.y1 as usize).zip(from.chunks_exact(from_stride).skip(top));
        for (to, from) in rows.take(part.height() as usize) {
            let (Some(to), Some(from)) =
                (to.get_mut(part.x1 as usize..part.x1 as usize + width), from.get(left..left + width))
            else {
                return;
            };
            for (to, from) in to.iter_mut().zip(from) {
                *to = to.saturating_add(*from).min(full);
            }
        }
        return;
    }
    if std::ptr::eq(format, placed.format)
        && let (Some(to), Some(from)) = (mask.words_mut(), image.words())
    {
        let rows =
            to.chunks_exact_mut(stride).skip(part.y1 as usize).zip(from.chunks_exact(from_stride).skip(top));
        for (to, from) in rows.take(part.height() as usize) {
            if let (Some(to), Some(from)) =
                (to.get_mut(part.x1 as usize..part.x1 as usize + width), from.get(left..left + width))
            {
                add_coverage(from, to);
            }
        }
        return;
    }
    let clip = Region::from_rect(part);
    let mut target = Target { pixmap: mask, format, clip: &clip, alpha_map: None };
    let glyph = Source { component_alpha: true, ..Source::bits(whole(image, placed.format)) };
    let glyph = if placed.format.has_colour() { glyph } else { Source { component_alpha: false, ..glyph } };
    let geometry = Geometry {
        target: (bounds.x1, bounds.y1),
        size: (bounds.width(), bounds.height()),
        ..Geometry::default()
    };
    composite_pixels(Op::Add, &Source::solid(u32::MAX), Some(&glyph), &mut target, geometry);
}
