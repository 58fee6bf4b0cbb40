//! Pictures: a drawable with a format, a colour or a gradient, and the attributes that say how it is drawn and read.

use std::sync::Arc;

use x11rb_protocol::protocol::render::{
    Color, CreateConicalGradientRequest, CreateLinearGradientRequest, CreateRadialGradientRequest,
    CreateSolidFillRequest, SetPictureClipRectanglesRequest, SetPictureFilterRequest,
    SetPictureTransformRequest,
};

use super::{FILTERS, NOT_AN_ALIAS, bad_picture, format};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::gc::bitmap_region;
use crate::raster::Pixmap;
use crate::region::{Rect, Region};
use crate::render::{
    AlphaMap, Bits, Content, Filter, Format, Gradient, Kernel, Repeat, Shape, Solid, Source, Stop, Stops,
    Transform,
};
use crate::resource::{Resource, Xid};
use crate::server::Server;
use crate::surface::{SurfaceId, Target};
use crate::value_list::{ValueList, tail, word};

/// A picture. Clones are snapshots for the length of a request: only the resource itself holds on to surfaces.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    what: What,
    repeat: Repeat,
    transform: Option<Transform>,
    filter: Arc<Filter>,
    alpha_map: Option<AlphaMapping>,
    clip: Option<Arc<Region>>,
    clip_origin: (i32, i32),
    alpha_origin: (i32, i32),
    include_inferiors: bool,
    sharp_edges: bool,
    component_alpha: bool,
}

#[derive(Debug, Clone)]
enum What {
    Solid(Solid),
    Gradient(Arc<Gradient>),
    Window(Xid, &'static Format),
    Pixmap(Xid, Target, &'static Format),
}

/// The pixmap whose alpha stands for the picture's.
#[derive(Debug, Clone)]
struct AlphaMapping {
    target: Target,
    format: &'static Format,
}

/// A destination, and what to add to another picture's coordinates to have its own.
pub(super) type Shifted = (Destination, (i32, i32));

/// A picture to draw on.
#[derive(Clone)]
pub(super) struct Destination {
    pub(super) drawable: Xid,
    /// Its clip is that of the picture too.
    pub(super) target: Target,
    pub(super) format: &'static Format,
    /// Alpha map: surface, format, and what to add to the target surface's coordinates.
    pub(super) alpha: Option<(SurfaceId, &'static Format, (i32, i32))>,
    pub(super) sharp_edges: bool,
}

/// A picture to read, with all it refers to kept alive.
pub(super) struct Held {
    content: HeldContent,
    picture: Picture,
    alpha: Option<HeldBits>,
}

enum HeldContent {
    Solid(Solid),
    Gradient(Arc<Gradient>),
    Bits(HeldBits),
}

struct HeldBits {
    pixmap: Arc<Pixmap>,
    origin: (i32, i32),
    size: (i32, i32),
    format: &'static Format,
}

impl HeldBits {
    fn bits(&self) -> Bits<'_> {
        Bits { pixmap: &self.pixmap, origin: self.origin, size: self.size, format: self.format }
    }
}

impl Held {
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            content: match &self.content {
                HeldContent::Solid(colour) => Content::Solid(*colour),
                HeldContent::Gradient(gradient) => Content::Gradient(gradient),
                HeldContent::Bits(bits) => Content::Bits(bits.bits()),
            },
            repeat: self.picture.repeat,
            transform: self.picture.transform.as_ref(),
            filter: &self.picture.filter,
            alpha_map: self
                .alpha
                .as_ref()
                .map(|bits| AlphaMap { bits: bits.bits(), origin: self.picture.alpha_origin }),
            component_alpha: self.picture.component_alpha,
        }
    }
}

impl Picture {
    fn new(what: What) -> Self {
        Self {
            what,
            repeat: Repeat::None,
            transform: None,
            filter: Arc::new(Filter::Nearest),
            alpha_map: None,
            clip: None,
            clip_origin: (0, 0),
            alpha_origin: (0, 0),
            include_inferiors: false,
            sharp_edges: true,
            component_alpha: false,
        }
    }

    fn is_drawable(&self) -> bool {
        matches!(self.what, What::Window(..) | What::Pixmap(..))
    }

    /// The drawable and its format, where the picture is read as it lies: no transform, no alpha map, no kernel.
    pub(super) fn plain_drawable(&self) -> Option<(Xid, &'static Format)> {
        let plain = self.transform.is_none()
            && self.alpha_map.is_none()
            && !matches!(*self.filter, Filter::Convolution(_));
        match &self.what {
            What::Window(id, format) | What::Pixmap(id, _, format) if plain => Some((*id, format)),
            _ => None,
        }
    }

    /// The clip in the picture's coordinates, if it has one.
    pub(super) fn clip(&self) -> Option<Region> {
        self.clip.as_ref().map(|clip| clip.translated(self.clip_origin.0, self.clip_origin.1))
    }

    /// The surfaces that the resource keeps.
    fn surfaces(&self) -> impl Iterator<Item = SurfaceId> {
        let own = match &self.what {
            What::Pixmap(_, target, _) => Some(target.surface),
            _ => None,
        };
        own.into_iter().chain(self.alpha_map.as_ref().map(|map| map.target.surface))
    }
}

impl Server {
    /// Frees what a picture resource that was taken out of the table held.
    pub(crate) fn release_picture(&mut self, id: Xid, picture: &Picture) {
        for surface in picture.surfaces() {
            self.surfaces.release(surface);
        }
        if let What::Window(window, _) = picture.what
            && let Some(pictures) = self.render.window_pictures.get_mut(&window)
        {
            pictures.retain(|other| *other != id);
            if pictures.is_empty() {
                self.render.window_pictures.remove(&window);
            }
        }
    }

    /// A window is destroyed: so are the pictures on it.
    pub(crate) fn free_window_pictures(&mut self, window: Xid) {
        for picture in self.render.window_pictures.remove(&window).unwrap_or_default() {
            self.free_resource(picture);
        }
    }

    /// The picture to draw on; a Drawable error where it is not one of a drawable.
    pub(super) fn destination(&self, id: Xid) -> Outcome<Destination> {
        let picture = self.picture(id)?;
        let mut to = self.without_alpha_map(picture, id)?;
        let target = &mut to.target;
        let maps = picture.alpha_map.as_ref().filter(|map| map.target.surface != target.surface);
        to.alpha = maps.map(|map| {
            let corner = (picture.alpha_origin.0 + target.origin.0, picture.alpha_origin.1 + target.origin.1);
            let size = map.target.size;
            let within = Rect::from_size(corner.0, corner.1, u32::from(size.0), u32::from(size.1));
            target.clip = Arc::new(target.clip.intersect_rect(&within));
            (map.target.surface, map.format, (-corner.0, -corner.1))
        });
        Ok(to)
    }

    /// The picture and its alpha map, to be filled each by itself: filling is not limited to where the map is, and
    /// leaves all of a colour in it. With the map, what to add to the picture's coordinates.
    pub(super) fn destinations_to_fill(&self, id: Xid) -> Outcome<(Destination, Option<Shifted>)> {
        let picture = self.picture(id)?;
        let to = self.without_alpha_map(picture, id)?;
        let map = picture.alpha_map.as_ref().map(|map| {
            let shift = (-picture.alpha_origin.0, -picture.alpha_origin.1);
            let mut target = map.target.clone();
            if let Some(clip) = picture.clip() {
                target.clip = Arc::new(target.clip.intersect(&clip.translated(shift.0, shift.1)));
            }
            (Destination { target, format: map.format, ..to.clone() }, shift)
        });
        Ok((to, map))
    }

    fn without_alpha_map(&self, picture: &Picture, id: Xid) -> Outcome<Destination> {
        let (drawable, mut target, format) = match &picture.what {
            What::Window(window, format) => {
                (*window, self.target(*window, picture.include_inferiors)?, *format)
            }
            What::Pixmap(pixmap, target, format) => (*pixmap, target.clone(), *format),
            What::Solid(_) | What::Gradient(_) => return Err(XError::drawable(id)),
        };
        let origin = target.origin;
        if let Some(clip) = picture.clip() {
            target.clip = Arc::new(target.clip.intersect(&clip.translated(origin.0, origin.1)));
        }
        Ok(Destination { drawable, target, format, alpha: None, sharp_edges: picture.sharp_edges })
    }

    /// A picture to read `area` of (in its own plane, before its transform) while `onto` is drawn on. Pixels that are
    /// on the same surface are copied: what is read is how they were.
    pub(super) fn hold(&self, picture: &Picture, onto: Option<SurfaceId>, area: Rect) -> Outcome<Held> {
        let whole = picture.transform.is_some()
            || picture.repeat != Repeat::None
            || matches!(*picture.filter, Filter::Convolution(_));
        let bits = |target: &Target, format, area: Option<Rect>| -> Outcome<HeldBits> {
            let size = (i32::from(target.size.0), i32::from(target.size.1));
            if onto != Some(target.surface) {
                return Ok(HeldBits {
                    pixmap: self.surfaces.share(target.surface),
                    origin: target.origin,
                    size,
                    format,
                });
            }
            let pixels = self.surfaces.get(target.surface);
            let (x, y) = target.origin;
            let own = Rect::new(x, y, x + size.0, y + size.1).intersect(&pixels.bounds());
            let part = area.map_or(own, |area| own.intersect(&area.translate(x, y)));
            let copy = copy_part(pixels, part)?;
            Ok(HeldBits { pixmap: Arc::new(copy), origin: (x - part.x1, y - part.y1), size, format })
        };
        let content = match &picture.what {
            What::Solid(colour) => HeldContent::Solid(*colour),
            What::Gradient(gradient) => HeldContent::Gradient(gradient.clone()),
            What::Window(window, format) => {
                HeldContent::Bits(bits(&self.target(*window, true)?, format, (!whole).then_some(area))?)
            }
            What::Pixmap(_, target, format) => {
                HeldContent::Bits(bits(target, format, (!whole).then_some(area))?)
            }
        };
        let alpha = match &picture.alpha_map {
            Some(map) if picture.is_drawable() => Some(bits(&map.target, map.format, None)?),
            _ => None,
        };
        Ok(Held { content, picture: picture.clone(), alpha })
    }

    /// The size of a picture's drawable.
    pub(super) fn picture_size(&self, id: Xid) -> Outcome<(u16, u16)> {
        match &self.picture(id)?.what {
            What::Window(window, _) => Ok(self.target(*window, true)?.size),
            What::Pixmap(_, target, _) => Ok(target.size),
            What::Solid(_) | What::Gradient(_) => Err(XError::drawable(id)),
        }
    }
}

/// Copies the rows of a rectangle.
fn rows<P: Copy>(from: &[P], to: &mut [P], stride: usize, part: Rect, width: usize) {
    let rows = from.chunks_exact(stride).skip(part.y1 as usize);
    for (to, from) in to.chunks_exact_mut(width).zip(rows) {
        if let Some(from) = from.get(part.x1 as usize..part.x1 as usize + width) {
            to.copy_from_slice(from);
        }
    }
}

/// The pixels of a rectangle within a pixmap.
fn copy_part(pixels: &Pixmap, part: Rect) -> Outcome<Pixmap> {
    let (width, height) = (part.width() as usize, part.height() as usize);
    let size = |side: usize| (side as u32).max(1);
    let mut copy = Pixmap::new(size(width), size(height), pixels.depth()).map_err(|_| XError::ALLOC)?;
    if part.is_empty() {
        return Ok(copy);
    }
    let stride = pixels.width() as usize;
    match (pixels.words(), pixels.byte_pixels()) {
        (Some(from), _) => {
            if let Some(to) = copy.words_mut() {
                rows(from, to, stride, part, width);
            }
        }
        (None, Some(from)) => {
            if let Some(to) = copy.byte_pixels_mut() {
                rows(from, to, stride, part, width);
            }
        }
        (None, None) => {}
    }
    Ok(copy)
}

const ALL_ATTRIBUTES: u32 = (1 << 13) - 1;

pub(super) fn create(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (id, drawable) = (word(body, 0)?, word(body, 4)?);
    server.check_new_id(client, id)?;
    let values = ValueList::new(word(body, 12)?, tail(body, 16)?)?.within(ALL_ATTRIBUTES)?;
    let depth = server.drawable_depth(drawable)?;
    let format = format(word(body, 8)?)?;
    let what = match server.resources.get(&drawable) {
        Some(Resource::Window(window)) if window.input_only => return Err(XError::matching(drawable)),
        Some(Resource::Window(_)) => What::Window(drawable, format),
        _ => What::Pixmap(drawable, server.target(drawable, true)?, format),
    };
    if format.depth != depth {
        return Err(XError::MATCH);
    }
    let mut picture = Picture::new(what);
    apply(server, &mut picture, values)?;
    add(server, client, id, picture);
    Ok(())
}

/// Makes the resource, which holds on to what it refers to.
fn add(server: &mut Server, client: ClientId, id: Xid, picture: Picture) {
    for surface in picture.surfaces() {
        server.surfaces.retain(surface);
    }
    if let What::Window(window, _) = picture.what {
        server.render.window_pictures.entry(window).or_default().push(id);
    }
    server.add_resource(client, id, Resource::Picture(Box::new(picture)));
}

pub(super) fn change(server: &mut Server, body: &[u8]) -> Outcome {
    let id = word(body, 0)?;
    let values = ValueList::new(word(body, 4)?, tail(body, 8)?)?.within(ALL_ATTRIBUTES)?;
    let old = server.picture(id)?.clone();
    let mut picture = old.clone();
    let outcome = apply(server, &mut picture, values);
    // Values before a wrong one count: the picture is left in between, as everywhere in X.
    for surface in picture.surfaces() {
        server.surfaces.retain(surface);
    }
    for surface in old.surfaces() {
        server.surfaces.release(surface);
    }
    *server.picture_mut(id)? = picture;
    outcome
}

fn apply(server: &Server, picture: &mut Picture, values: ValueList<'_>) -> Outcome {
    for (bit, value) in values.iter() {
        let signed = i32::from(value as i16);
        let flag = || if value > 1 { Err(XError::value(value)) } else { Ok(value == 1) };
        match bit {
            0 => {
                picture.repeat = match value {
                    0 => Repeat::None,
                    1 => Repeat::Normal,
                    2 => Repeat::Pad,
                    3 => Repeat::Reflect,
                    _ => return Err(XError::value(value)),
                }
            }
            1 if value == 0 => picture.alpha_map = None,
            1 => {
                picture.alpha_map = match &server.picture(value)?.what {
                    What::Pixmap(_, target, format) => Some(AlphaMapping { target: target.clone(), format }),
                    _ => return Err(XError::MATCH),
                }
            }
            2 => picture.alpha_origin.0 = signed,
            3 => picture.alpha_origin.1 = signed,
            4 => picture.clip_origin.0 = signed,
            5 => picture.clip_origin.1 = signed,
            6 if value == 0 => picture.clip = None,
            6 => {
                let bitmap = server.pixmap(value)?;
                if bitmap.depth != 1 {
                    return Err(XError::MATCH);
                }
                picture.clip = Some(Arc::new(bitmap_region(server.surfaces.get(bitmap.surface))));
            }
            // Compositing makes no graphics exposures in any version of the protocol, and both ways of placing samples
            // (PolyMode) are met by the one grid: these are checked and say no more. So does the dither, a name.
            7 | 10 => {
                flag()?;
            }
            8 => picture.include_inferiors = flag()?,
            9 => picture.sharp_edges = !flag()?,
            12 => picture.component_alpha = flag()?,
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn set_clip_rectangles(
    server: &mut Server,
    request: &SetPictureClipRectanglesRequest<'_>,
) -> Outcome {
    let picture = server.picture_mut(request.picture)?;
    if !picture.is_drawable() {
        return Err(bad_picture(request.picture));
    }
    let boxes: Vec<Rect> = request
        .rectangles
        .iter()
        .map(|r| Rect::from_size(i32::from(r.x), i32::from(r.y), u32::from(r.width), u32::from(r.height)))
        .collect();
    picture.clip_origin = (i32::from(request.clip_x_origin), i32::from(request.clip_y_origin));
    picture.clip = Some(Arc::new(Region::from_rects(&boxes)));
    Ok(())
}

impl Server {
    /// Clips a picture to a region (XFIXES `SetPictureClipRegion`); none: not at all.
    pub(crate) fn set_picture_clip(&mut self, id: Xid, clip: Option<Region>, origin: (i16, i16)) -> Outcome {
        let picture = self.picture_mut(id)?;
        if !picture.is_drawable() {
            return Err(bad_picture(id));
        }
        picture.clip_origin = (i32::from(origin.0), i32::from(origin.1));
        picture.clip = clip.map(Arc::new);
        Ok(())
    }

    /// The clip of a picture relative to it (XFIXES `CreateRegionFromPicture`); Match where it has none.
    pub(crate) fn picture_clip(&self, id: Xid) -> Outcome<Region> {
        self.picture(id)?.clip().ok_or(XError::MATCH)
    }
}

pub(super) fn set_transform(server: &mut Server, request: &SetPictureTransformRequest) -> Outcome {
    server.picture_mut(request.picture)?.transform = Transform::new(&request.transform);
    Ok(())
}

pub(super) fn set_filter(server: &mut Server, request: &SetPictureFilterRequest<'_>) -> Outcome {
    let picture = server.picture_mut(request.picture)?;
    let place =
        FILTERS.iter().position(|(name, _)| name.as_bytes() == &*request.filter).ok_or(XError::NAME)?;
    let place = match FILTERS[place].1 {
        NOT_AN_ALIAS => place,
        alias => usize::from(alias),
    };
    let filter = match FILTERS[place].0 {
        "convolution" => Filter::Convolution(Kernel::new(&request.values).ok_or(XError::MATCH)?),
        _ if !request.values.is_empty() => return Err(XError::MATCH),
        "bilinear" => Filter::Bilinear,
        _ => Filter::Nearest,
    };
    picture.filter = Arc::new(filter);
    Ok(())
}

/// A colour of the wire.
pub(super) fn solid(c: Color) -> Solid {
    Solid([c.alpha, c.red, c.green, c.blue])
}

pub(super) fn create_solid(
    server: &mut Server,
    client: ClientId,
    request: &CreateSolidFillRequest,
) -> Outcome {
    server.check_new_id(client, request.picture)?;
    add(server, client, request.picture, Picture::new(What::Solid(solid(request.color))));
    Ok(())
}

fn create_gradient(
    server: &mut Server,
    client: ClientId,
    id: Xid,
    shape: Shape,
    stops: &[i32],
    colours: &[Color],
) -> Outcome {
    server.check_new_id(client, id)?;
    let stop = |(position, c): (&i32, &Color)| Stop {
        position: *position,
        colour: [c.alpha, c.red, c.green, c.blue],
    };
    let stops = Stops::new(stops.iter().zip(colours).map(stop).collect()).ok_or(XError::value(0))?;
    add(server, client, id, Picture::new(What::Gradient(Arc::new(Gradient { shape, stops }))));
    Ok(())
}

pub(super) fn create_linear(
    server: &mut Server,
    client: ClientId,
    r: &CreateLinearGradientRequest<'_>,
) -> Outcome {
    let shape = Shape::Linear { p1: (r.p1.x, r.p1.y), p2: (r.p2.x, r.p2.y) };
    create_gradient(server, client, r.picture, shape, &r.stops, &r.colors)
}

pub(super) fn create_radial(
    server: &mut Server,
    client: ClientId,
    r: &CreateRadialGradientRequest<'_>,
) -> Outcome {
    let shape = Shape::Radial {
        inner: (r.inner.x, r.inner.y),
        inner_radius: r.inner_radius,
        outer: (r.outer.x, r.outer.y),
        outer_radius: r.outer_radius,
    };
    create_gradient(server, client, r.picture, shape, &r.stops, &r.colors)
}

pub(super) fn create_conical(
    server: &mut Server,
    client: ClientId,
    r: &CreateConicalGradientRequest<'_>,
) -> Outcome {
    let shape = Shape::Conical { centre: (r.center.x, r.center.y), angle: r.angle };
    create_gradient(server, client, r.picture, shape, &r.stops, &r.colors)
}
