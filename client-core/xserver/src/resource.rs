//! Everything that has a resource id, and who owns it.
//!
//! The owner of a resource is read off the bits of its id (X11 §1.4: `resource-id-base` and `-mask`). A request
//! names resources by kind; the accessors here answer with the error the protocol wants for the kind.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::client::ClientId;
use crate::colormap::Colormap;
use crate::cursor::Cursor;
use crate::error::{Outcome, XError};
use crate::extension::damage::Damage;
use crate::extension::render::{GlyphSetKey, Picture};
use crate::extension::sync::{Alarm, Counter, Fence};
use crate::font::Font;
use crate::gc::Gc;
use crate::region::Region;
use crate::server::Server;
use crate::surface::SurfaceId;
use crate::window::Window;

/// A resource id.
pub(crate) type Xid = u32;

/// A pixmap's id; the pixels are in the surface.
#[derive(Debug, Clone)]
pub(crate) struct PixmapResource {
    pub(crate) surface: SurfaceId,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) depth: u8,
    /// All of it.
    pub(crate) clip: Arc<Region>,
}

impl PixmapResource {
    /// What the pixels take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        usize::from(self.width) * usize::from(self.height) * if self.depth > 8 { 4 } else { 1 }
    }
}

#[derive(Debug)]
pub(crate) enum Resource {
    Window(Box<Window>),
    Pixmap(PixmapResource),
    Gc(Box<Gc>),
    Font(Arc<Font>),
    Cursor(Arc<Cursor>),
    Colormap(Box<Colormap>),
    /// XFIXES region.
    Region(Box<Region>),
    Damage(Box<Damage>),
    Counter(Box<Counter>),
    Alarm(Box<Alarm>),
    Fence(Box<Fence>),
    /// XFIXES pointer barrier; what it is is in [`Server::input`].
    Barrier,
    /// RENDER picture.
    Picture(Box<Picture>),
    /// RENDER glyph set; the glyphs are in [`Server::render`].
    GlyphSet(GlyphSetKey),
}

/// Spreads ids: clients count theirs up, so the low bits carry the information.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct XidHasher(u64);

impl Hasher for XidHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

/// The table of resources.
pub(crate) type Resources = HashMap<Xid, Resource, BuildHasherDefault<XidHasher>>;

macro_rules! accessors {
    ($($variant:ident: $get:ident, $get_mut:ident -> $type:ty, $error:expr;)*) => {
        impl Server {
            $(
                #[doc = concat!("The ", stringify!($variant), " of this id, or the error for there being none.")]
                pub(crate) fn $get(&self, id: Xid) -> Outcome<&$type> {
                    match self.resources.get(&id) {
                        Some(Resource::$variant(it)) => Ok(it),
                        _ => Err($error(id)),
                    }
                }

                #[doc = concat!("The ", stringify!($variant), " of this id, to be changed.")]
                #[allow(dead_code, reason = "not every kind of resource is changed in place")]
                pub(crate) fn $get_mut(&mut self, id: Xid) -> Outcome<&mut $type> {
                    match self.resources.get_mut(&id) {
                        Some(Resource::$variant(it)) => Ok(it),
                        _ => Err($error(id)),
                    }
                }
            )*
        }
    };
}

accessors! {
    Window: window, window_mut -> Window, XError::window;
    Pixmap: pixmap, pixmap_mut -> PixmapResource, XError::pixmap;
    Gc: gc, gc_mut -> Gc, XError::gc;
    Font: font_resource, font_resource_mut -> Arc<Font>, XError::font;
    Cursor: cursor_resource, cursor_resource_mut -> Arc<Cursor>, XError::cursor;
    Colormap: colormap, colormap_mut -> Colormap, XError::colormap;
    Region: region, region_mut -> Region, crate::extension::xfixes::bad_region;
    Damage: damage_object, damage_object_mut -> Damage, crate::extension::damage::bad_damage;
    Counter: counter, counter_mut -> Counter, crate::extension::sync::bad_counter;
    Alarm: alarm, alarm_mut -> Alarm, crate::extension::sync::bad_alarm;
    Fence: fence, fence_mut -> Fence, crate::extension::sync::bad_fence;
    Picture: picture, picture_mut -> Picture, crate::extension::render::bad_picture;
    GlyphSet: glyph_set, glyph_set_mut -> GlyphSetKey, crate::extension::render::bad_glyph_set;
}

impl Server {
    /// The client that owns the id.
    pub(crate) fn owner(&self, id: Xid) -> ClientId {
        ClientId(id >> self.id_shift)
    }

    /// Checks that the client may use the id for something new.
    pub(crate) fn check_new_id(&self, client: ClientId, id: Xid) -> Outcome {
        if self.owner(id) != client || self.resources.contains_key(&id) {
            return Err(XError::id_choice(id));
        }
        let limit = self.config.limits.resources;
        match self.client(client) {
            Some(state) if state.resources < limit => Ok(()),
            _ => Err(XError::ALLOC),
        }
    }

    /// Adds a resource under an id that [`Self::check_new_id`] has found good.
    pub(crate) fn add_resource(&mut self, client: ClientId, id: Xid, resource: Resource) {
        if let Some(state) = self.client_mut(client) {
            state.resources += 1;
            if let Resource::Pixmap(pixmap) = &resource {
                state.pixmap_bytes += pixmap.bytes();
            }
        }
        self.resources.insert(id, resource);
    }

    /// Takes a resource out of the table. What refers to it is the caller's business.
    pub(crate) fn remove_resource(&mut self, id: Xid) -> Option<Resource> {
        let resource = self.resources.remove(&id)?;
        let owner = self.owner(id);
        if let Some(state) = self.client_mut(owner) {
            state.resources = state.resources.saturating_sub(1);
            if let Resource::Pixmap(pixmap) = &resource {
                state.pixmap_bytes = state.pixmap_bytes.saturating_sub(pixmap.bytes());
            }
        }
        Some(resource)
    }

    /// Frees a resource of any kind, as its own `Free…` or `Destroy…` request does.
    pub(crate) fn free_resource(&mut self, id: Xid) {
        match self.resources.get(&id) {
            None => {}
            Some(Resource::Window(_)) => self.destroy_window_tree(id),
            Some(Resource::Colormap(_)) => self.free_colormap_resource(id),
            Some(Resource::Damage(_)) => crate::extension::damage::destroy(self, id),
            Some(Resource::Counter(_)) => crate::extension::sync::destroy_counter(self, id),
            Some(Resource::Alarm(_)) => crate::extension::sync::destroy_alarm(self, id),
            Some(Resource::Fence(_)) => crate::extension::sync::destroy_fence(self, id),
            Some(Resource::Pixmap(pixmap)) => {
                let surface = pixmap.surface;
                crate::extension::damage::drawable_gone(self, id);
                self.remove_resource(id);
                self.surfaces.release(surface);
            }
            Some(Resource::Picture(_)) => {
                if let Some(Resource::Picture(picture)) = self.remove_resource(id) {
                    self.release_picture(id, &picture);
                }
            }
            Some(Resource::GlyphSet(key)) => {
                let key = *key;
                self.remove_resource(id);
                self.render.glyph_sets.release(key);
            }
            Some(Resource::Barrier) => {
                self.remove_resource(id);
                self.forget_barrier(id);
            }
            Some(_) => {
                self.remove_resource(id);
            }
        }
    }
}
