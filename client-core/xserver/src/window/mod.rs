//! Windows: what one is, and the requests about its attributes. The tree, its geometry, mapping and clipping have
//! their own files here.
//!
//! Principles:
//! - `x` and `y` are the outer corner relative to the parent's inside, as on the wire; `origin` is the inside's corner
//!   on the screen, kept current for every window.
//! - `clip` and `outer_clip` are regions of the screen. They are empty unless the window is viewable, and nothing but
//!   `clip.rs` writes them.
//! - Children are listed from the bottom of the stack to its top, as `QueryTree` answers.

use std::sync::Arc;

use x11rb_protocol::protocol::xproto::{self, ColormapNotifyEvent, GetWindowAttributesReply};

use crate::client::ClientId;
use crate::cursor::Cursor;
use crate::error::{Outcome, XError};
use crate::event::mask;
use crate::input::PassiveGrab;
use crate::property::Property;
use crate::region::{Rect, Region};
use crate::resource::{Resource, Xid};
use crate::server::{DEFAULT_COLORMAP, ROOT, Server, wire};
use crate::setup::{self, ROOT_DEPTH, ROOT_VISUAL};
use crate::surface::{Paint, SurfaceId, Target};
use crate::value_list::ValueList;

mod clip;
mod configure;
mod map;
mod tree;

pub(crate) use clip::BitsAfterResize;

/// What an exposed part of a window is filled with.
#[derive(Debug, Clone)]
pub(crate) enum Background {
    None,
    ParentRelative,
    Pixel(u32),
    Pixmap(Paint),
}

/// What a window's border is filled with.
#[derive(Debug, Clone)]
pub(crate) enum Border {
    Pixel(u32),
    Pixmap(Paint),
}

/// The shapes of a window (SHAPE), relative to its origin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shapes {
    pub(crate) bounding: Option<Arc<Region>>,
    pub(crate) clip: Option<Arc<Region>>,
    pub(crate) input: Option<Arc<Region>>,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the protocol's attributes of a window are booleans")]
pub(crate) struct Window {
    pub(crate) id: Xid,
    /// 0 for the root.
    pub(crate) parent: Xid,
    /// Bottom to top.
    pub(crate) children: Vec<Xid>,
    pub(crate) x: i16,
    pub(crate) y: i16,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) border_width: u16,
    pub(crate) depth: u8,
    pub(crate) visual: u32,
    pub(crate) input_only: bool,
    pub(crate) background: Background,
    pub(crate) border: Border,
    pub(crate) bit_gravity: u8,
    pub(crate) win_gravity: u8,
    pub(crate) backing_store: u8,
    pub(crate) backing_planes: u32,
    pub(crate) backing_pixel: u32,
    pub(crate) override_redirect: bool,
    pub(crate) save_under: bool,
    pub(crate) selections: Vec<(ClientId, u32)>,
    pub(crate) do_not_propagate: u32,
    pub(crate) colormap: Xid,
    pub(crate) cursor: Option<Arc<Cursor>>,
    pub(crate) mapped: bool,
    /// This and all ancestors are mapped.
    pub(crate) viewable: bool,
    pub(crate) properties: Vec<(u32, Property)>,
    pub(crate) grabs: Vec<PassiveGrab>,
    pub(crate) shapes: Shapes,
    /// Clients that want `ShapeNotify`.
    pub(crate) shape_clients: Vec<ClientId>,
    /// The inside's corner on the screen.
    pub(crate) origin: (i32, i32),
    /// Visible part of the inside that no child covers.
    pub(crate) clip: Arc<Region>,
    /// Visible part of inside, border and children.
    pub(crate) outer_clip: Arc<Region>,
    /// 0 unobscured, 1 partially, 2 fully obscured, or [`NOT_VIEWABLE`].
    visibility: u8,
    /// Something about it or its children changed since clips were computed.
    dirty: bool,
    /// What a resize does to the bits.
    bits: BitsAfterResize,
}

impl Window {
    /// One without a size, with the attributes of a window of which none is given (X11 §9, `CreateWindow`).
    fn new(id: Xid, parent: Xid) -> Self {
        Self {
            id,
            parent,
            children: Vec::new(),
            x: 0,
            y: 0,
            width: 0,
            height: 0,
            border_width: 0,
            depth: 0,
            visual: 0,
            input_only: false,
            background: Background::None,
            border: Border::Pixel(0),
            bit_gravity: 0,
            win_gravity: 1,
            backing_store: 0,
            backing_planes: u32::MAX,
            backing_pixel: 0,
            override_redirect: false,
            save_under: false,
            selections: Vec::new(),
            do_not_propagate: 0,
            colormap: 0,
            cursor: None,
            mapped: false,
            viewable: false,
            properties: Vec::new(),
            grabs: Vec::new(),
            shapes: Shapes::default(),
            shape_clients: Vec::new(),
            origin: (0, 0),
            clip: Arc::new(Region::new()),
            outer_clip: Arc::new(Region::new()),
            visibility: NOT_VIEWABLE,
            dirty: true,
            bits: BitsAfterResize::Keep,
        }
    }

    /// All events any client selects.
    pub(crate) fn all_masks(&self) -> u32 {
        self.selections.iter().fold(0, |all, (_, events)| all | events)
    }

    pub(crate) fn mask_of(&self, client: ClientId) -> u32 {
        self.selections.iter().find(|(id, _)| *id == client).map_or(0, |(_, events)| *events)
    }

    /// All events other clients select.
    pub(crate) fn others_mask(&self, client: ClientId) -> u32 {
        self.selections.iter().filter(|(id, _)| *id != client).fold(0, |all, (_, events)| all | events)
    }

    /// The inside on the screen.
    pub(crate) fn inner_rect(&self) -> Rect {
        Rect::from_size(self.origin.0, self.origin.1, u32::from(self.width), u32::from(self.height))
    }

    /// Inside and border on the screen.
    pub(crate) fn outer_rect(&self) -> Rect {
        let border = i32::from(self.border_width);
        Rect::from_size(
            self.origin.0 - border,
            self.origin.1 - border,
            u32::from(self.width) + 2 * u32::from(self.border_width),
            u32::from(self.height) + 2 * u32::from(self.border_width),
        )
    }

    /// Where it lies in a parent whose inside has its corner at `parent`: its own inside's corner, and inside and border.
    pub(crate) fn place_in(&self, parent: (i32, i32)) -> ((i32, i32), Rect) {
        let corner = (parent.0 + i32::from(self.x), parent.1 + i32::from(self.y));
        let border = i32::from(self.border_width);
        let twice = 2 * u32::from(self.border_width);
        let outer = Rect::from_size(
            corner.0,
            corner.1,
            u32::from(self.width) + twice,
            u32::from(self.height) + twice,
        );
        ((corner.0 + border, corner.1 + border), outer)
    }

    /// What inside and border of another geometry were to the screen, when its inside had its corner at `origin`.
    pub(crate) fn outer_rect_of(&self, (_, _, width, height, border): configure::Geometry) -> Rect {
        let (x, y) = (self.origin.0 - i32::from(border), self.origin.1 - i32::from(border));
        let twice = 2 * u32::from(border);
        Rect::from_size(x, y, u32::from(width) + twice, u32::from(height) + twice)
    }

    /// Inside and border on the screen, less what the bounding shape cuts off.
    pub(crate) fn outer_shape(&self) -> Region {
        match &self.shapes.bounding {
            None => Region::from_rect(self.outer_rect()),
            Some(shape) => shape.translated(self.origin.0, self.origin.1).intersect_rect(&self.outer_rect()),
        }
    }

    /// Whether what the shapes leave of this window within an area of the screen overlaps what they leave of another.
    fn shape_overlaps(&self, area: &Rect, other: &Self) -> bool {
        if self.shapes.bounding.is_none() && other.shapes.bounding.is_none() {
            return true;
        }
        let own = match &self.shapes.bounding {
            None => Region::from_rect(*area),
            Some(shape) => shape.translated(self.origin.0, self.origin.1).intersect_rect(area),
        };
        !own.intersect(&other.outer_shape()).is_empty()
    }

    /// The inside on the screen, less what the shapes cut off.
    pub(crate) fn inner_shape(&self) -> Region {
        let mut region = Region::from_rect(self.inner_rect());
        for shape in [&self.shapes.bounding, &self.shapes.clip].into_iter().flatten() {
            region = region.intersect(&shape.translated(self.origin.0, self.origin.1));
        }
        region
    }

    /// Whether a point of the screen is in the window (border included), by bounding and input shape.
    pub(crate) fn holds_point(&self, x: i32, y: i32) -> bool {
        if !self.outer_rect().contains(x, y) {
            return false;
        }
        let (dx, dy) = (x - self.origin.0, y - self.origin.1);
        [&self.shapes.bounding, &self.shapes.input].into_iter().flatten().all(|shape| shape.contains(dx, dy))
    }

    /// Whether a point of the screen is inside the window, and what its shapes leave of it.
    fn holds_inside(&self, x: i32, y: i32) -> bool {
        let (dx, dy) = (x - self.origin.0, y - self.origin.1);
        let shapes = [&self.shapes.bounding, &self.shapes.clip];
        self.inner_rect().contains(x, y) && shapes.into_iter().flatten().all(|shape| shape.contains(dx, dy))
    }

    /// Visible part of the inside, children included (`IncludeInferiors`).
    pub(crate) fn inner_clip(&self) -> Region {
        self.outer_clip.intersect(&self.inner_shape())
    }
}

/// Attribute bits that an `InputOnly` window takes.
/// The visibility of a window that is not viewable: when it becomes so, it is told its visibility in any case.
const NOT_VIEWABLE: u8 = 3;
const INPUT_ONLY_BITS: u32 = 1 << 5 | 1 << 9 | 1 << 11 | 1 << 12 | 1 << 14;
const ALL_BITS: u32 = (1 << 15) - 1;

impl Server {
    /// All windows, in no order.
    pub(crate) fn windows_mut(&mut self) -> impl Iterator<Item = &mut Window> {
        self.resources.values_mut().filter_map(|resource| match resource {
            Resource::Window(window) => Some(&mut **window),
            _ => None,
        })
    }

    /// Makes the root window and what belongs to it.
    pub(crate) fn make_root(&mut self) {
        self.make_default_colormap();
        let screen = Arc::new(Region::from_rect(self.screen_rect()));
        let root = Window {
            width: self.config.width,
            height: self.config.height,
            depth: ROOT_DEPTH,
            visual: ROOT_VISUAL,
            background: Background::Pixel(0),
            colormap: DEFAULT_COLORMAP,
            mapped: true,
            viewable: true,
            clip: screen.clone(),
            outer_clip: screen,
            visibility: 0,
            dirty: false,
            ..Window::new(ROOT, 0)
        };
        self.resources.insert(ROOT, Resource::Window(Box::new(root)));
        self.damage_screen(self.screen_rect());
    }

    /// Where drawing to a drawable goes. `through` lets it go through to the children of a window.
    pub(crate) fn target(&self, drawable: Xid, through: bool) -> Outcome<Target> {
        match self.resources.get(&drawable) {
            Some(Resource::Window(window)) if window.input_only => Err(XError::matching(drawable)),
            Some(Resource::Window(window)) => Ok(Target {
                surface: SurfaceId::SCREEN,
                origin: window.origin,
                clip: if through && !window.children.is_empty() {
                    Arc::new(window.inner_clip())
                } else {
                    window.clip.clone()
                },
                depth: window.depth,
                size: (window.width, window.height),
            }),
            Some(Resource::Pixmap(pixmap)) => Ok(Target {
                surface: pixmap.surface,
                origin: (0, 0),
                clip: pixmap.clip.clone(),
                depth: pixmap.depth,
                size: (pixmap.width, pixmap.height),
            }),
            _ => Err(XError::drawable(drawable)),
        }
    }

    pub(crate) fn create_window(&mut self, client: ClientId, depth: u8, body: &[u8]) -> Outcome {
        use crate::value_list::{half, tail, word};
        let id = word(body, 0)?;
        let parent = word(body, 4)?;
        let (x, y) = (half(body, 8)? as i16, half(body, 10)? as i16);
        let (width, height, border_width) = (half(body, 12)?, half(body, 14)?, half(body, 16)?);
        let class = half(body, 18)?;
        let visual = word(body, 20)?;
        self.check_new_id(client, id)?;
        self.window(parent)?;
        let values = ValueList::new(word(body, 24)?, tail(body, 28)?)?;
        self.check_nesting(parent, 1)?;
        let above = self.window(parent)?;
        let input_only = match class {
            0 => above.input_only,
            1 => false,
            2 => true,
            other => return Err(XError::value(u32::from(other))),
        };
        if width == 0 || height == 0 {
            return Err(XError::value(0));
        }
        if (!input_only && above.input_only) || (input_only && (border_width != 0 || depth != 0)) {
            return Err(XError::MATCH);
        }
        if input_only && values.mask() & !INPUT_ONLY_BITS != 0 {
            return Err(XError::MATCH);
        }
        let values = values.within(ALL_BITS)?;
        let visual = if visual == 0 { above.visual } else { visual };
        let depth = if depth == 0 && !input_only { above.depth } else { depth };
        if !setup::is_visual(visual, (!input_only).then_some(depth)) {
            return Err(XError::MATCH);
        }
        // X11 §9, CreateWindow: the border is copied from the parent unless given, and then depths must agree; so
        // must visuals for the colormap.
        if !input_only && depth != above.depth && values.mask() & (1 << 2 | 1 << 3) == 0 {
            return Err(XError::MATCH);
        }
        if !input_only && (visual != above.visual || above.colormap == 0) && values.mask() & (1 << 13) == 0 {
            return Err(XError::MATCH);
        }
        let origin = (
            above.origin.0 + i32::from(x) + i32::from(border_width),
            above.origin.1 + i32::from(y) + i32::from(border_width),
        );
        let window = Window {
            x,
            y,
            width,
            height,
            border_width,
            depth,
            visual,
            input_only,
            border: above.border.clone(),
            colormap: if input_only { 0 } else { above.colormap },
            origin,
            ..Window::new(id, parent)
        };
        self.add_resource(client, id, Resource::Window(Box::new(window)));
        if let Err(error) = self.change_attributes(client, id, values) {
            self.remove_resource(id);
            return Err(error);
        }
        let override_redirect = self.window(id)?.override_redirect;
        self.window_mut(parent)?.children.push(id);
        let event = xproto::CreateNotifyEvent {
            response_type: xproto::CREATE_NOTIFY_EVENT,
            sequence: 0,
            parent,
            window: id,
            x,
            y,
            width,
            height,
            border_width,
            override_redirect,
        };
        self.deliver(parent, mask::SUBSTRUCTURE_NOTIFY, &wire(&event));
        Ok(())
    }

    pub(crate) fn change_window_attributes(&mut self, client: ClientId, body: &[u8]) -> Outcome {
        use crate::value_list::{tail, word};
        let id = word(body, 0)?;
        let input_only = self.window(id)?.input_only;
        let values = ValueList::new(word(body, 4)?, tail(body, 8)?)?;
        if input_only && values.mask() & !INPUT_ONLY_BITS != 0 {
            return Err(XError::MATCH);
        }
        self.change_attributes(client, id, values.within(ALL_BITS)?)
    }

    fn change_attributes(&mut self, client: ClientId, id: Xid, values: ValueList<'_>) -> Outcome {
        let mut border_changed = false;
        let relative = |server: &Self| {
            server.window(id).is_ok_and(|window| matches!(window.background, Background::ParentRelative))
        };
        for (bit, value) in values.iter() {
            // What has few values is a byte within its word, as in Xvfb.
            let value = if matches!(bit, 4 | 5 | 6 | 9 | 10) { value & 0xff } else { value };
            match bit {
                // With the background, the border gets another origin of its tile.
                0 => {
                    let background = self.background_of(id, value)?;
                    border_changed |= relative(self);
                    self.window_mut(id)?.background = background;
                    border_changed |= relative(self);
                }
                1 => {
                    border_changed |= relative(self);
                    self.window_mut(id)?.background = Background::Pixel(value);
                }
                2 => {
                    let border = self.border_of(id, value)?;
                    self.window_mut(id)?.border = border;
                    border_changed = true;
                }
                3 => {
                    self.window_mut(id)?.border = Border::Pixel(value);
                    border_changed = true;
                }
                4 if value <= 10 => self.window_mut(id)?.bit_gravity = value as u8,
                5 if value <= 10 => self.window_mut(id)?.win_gravity = value as u8,
                6 if value <= 2 => self.window_mut(id)?.backing_store = value as u8,
                7 => self.window_mut(id)?.backing_planes = value,
                8 => self.window_mut(id)?.backing_pixel = value,
                9 if value <= 1 => self.window_mut(id)?.override_redirect = value != 0,
                10 if value <= 1 => self.window_mut(id)?.save_under = value != 0,
                11 => self.select_events(client, id, value)?,
                12 if value & !mask::DEVICE == 0 => self.window_mut(id)?.do_not_propagate = value,
                13 => self.set_window_colormap(id, value)?,
                14 => {
                    let cursor = if value == 0 { None } else { Some(self.cursor_resource(value)?.clone()) };
                    self.window_mut(id)?.cursor = cursor;
                    self.update_cursor();
                }
                _ => return Err(XError::value(value)),
            }
        }
        if border_changed && self.window(id)?.viewable {
            self.paint_border(id, None);
        }
        Ok(())
    }

    fn background_of(&self, id: Xid, value: u32) -> Outcome<Background> {
        let window = self.window(id)?;
        match value {
            0 => Ok(Background::None),
            1 => match self.window(window.parent) {
                // The root has no parent: its default background comes back.
                Err(_) => Ok(Background::Pixel(0)),
                Ok(parent) if parent.depth != window.depth => Err(XError::MATCH),
                Ok(_) => Ok(Background::ParentRelative),
            },
            pixmap => {
                let resource = self.pixmap(pixmap)?;
                if resource.depth != window.depth {
                    return Err(XError::MATCH);
                }
                Ok(Background::Pixmap(self.surfaces.paint(resource.surface)))
            }
        }
    }

    fn border_of(&self, id: Xid, value: u32) -> Outcome<Border> {
        let window = self.window(id)?;
        if value == 0 {
            return match self.window(window.parent) {
                Err(_) => Ok(Border::Pixel(0)),
                Ok(parent) if parent.depth != window.depth => Err(XError::MATCH),
                Ok(parent) => Ok(parent.border.clone()),
            };
        }
        let resource = self.pixmap(value)?;
        if resource.depth != window.depth {
            return Err(XError::MATCH);
        }
        Ok(Border::Pixmap(self.surfaces.paint(resource.surface)))
    }

    fn set_window_colormap(&mut self, id: Xid, value: u32) -> Outcome {
        let window = self.window(id)?;
        let colormap = if value == 0 {
            let parent = self.window(window.parent).map_err(|_| XError::MATCH)?;
            if parent.visual != window.visual || parent.colormap == 0 {
                return Err(XError::MATCH);
            }
            parent.colormap
        } else {
            if self.colormap(value)?.visual != window.visual {
                return Err(XError::MATCH);
            }
            value
        };
        if window.colormap != colormap {
            self.window_mut(id)?.colormap = colormap;
            self.notify_colormap(id, colormap, true);
        }
        Ok(())
    }

    pub(crate) fn notify_colormap(&mut self, window: Xid, colormap: Xid, new: bool) {
        let state = if self.is_installed(colormap) {
            xproto::ColormapState::INSTALLED
        } else {
            xproto::ColormapState::UNINSTALLED
        };
        let event = ColormapNotifyEvent {
            response_type: xproto::COLORMAP_NOTIFY_EVENT,
            sequence: 0,
            window,
            colormap,
            new,
            state,
        };
        self.deliver(window, mask::COLORMAP_CHANGE, &wire(&event));
    }

    pub(crate) fn get_window_attributes(&mut self, client: ClientId, id: Xid) -> Outcome {
        let window = self.window(id)?;
        let reply = GetWindowAttributesReply {
            backing_store: u32::from(window.backing_store).into(),
            sequence: 0,
            length: 0,
            visual: window.visual,
            class: if window.input_only {
                xproto::WindowClass::INPUT_ONLY
            } else {
                xproto::WindowClass::INPUT_OUTPUT
            },
            bit_gravity: u32::from(window.bit_gravity).into(),
            win_gravity: u32::from(window.win_gravity).into(),
            backing_planes: window.backing_planes,
            backing_pixel: window.backing_pixel,
            save_under: window.save_under,
            map_is_installed: self.is_installed(window.colormap),
            map_state: match (window.mapped, window.viewable) {
                (false, _) => xproto::MapState::UNMAPPED,
                (true, false) => xproto::MapState::UNVIEWABLE,
                (true, true) => xproto::MapState::VIEWABLE,
            },
            override_redirect: window.override_redirect,
            colormap: window.colormap,
            all_event_masks: window.all_masks().into(),
            your_event_mask: window.mask_of(client).into(),
            do_not_propagate_mask: (window.do_not_propagate as u16).into(),
        };
        self.reply(client, &reply);
        Ok(())
    }
}
