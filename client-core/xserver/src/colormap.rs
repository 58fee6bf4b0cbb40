//! Colormaps. Both visuals are TrueColor, so a colormap holds nothing: pixel and colour follow from the masks
//! (X11 §3, "TrueColor"), and what would change cells is answered as the protocol says for read-only maps.

use x11rb_protocol::protocol::xproto::{
    AllocColorCellsRequest, AllocColorPlanesRequest, AllocColorReply, AllocColorRequest,
    AllocNamedColorReply, AllocNamedColorRequest, CreateColormapRequest, FreeColorsRequest,
    ListInstalledColormapsReply, LookupColorReply, LookupColorRequest, QueryColorsReply, QueryColorsRequest,
    Rgb, StoreNamedColorRequest,
};

use crate::client::ClientId;
use crate::color_names::named_color;
use crate::error::{Outcome, XError};
use crate::resource::{Resource, Xid};
use crate::server::{DEFAULT_COLORMAP, Server};
use crate::setup::{ROOT_VISUAL, is_visual};

/// A colormap of a TrueColor visual.
#[derive(Debug, Clone)]
pub(crate) struct Colormap {
    pub(crate) visual: u32,
    pub(crate) installed: bool,
}

/// 8 bits as the 16 bits of the protocol.
fn widen(component: u32) -> u16 {
    ((component & 0xff) * 0x101) as u16
}

fn rgb_of_pixel(pixel: u32) -> (u16, u16, u16) {
    (widen(pixel >> 16), widen(pixel >> 8), widen(pixel))
}

fn pixel_of_rgb(red: u16, green: u16, blue: u16) -> u32 {
    u32::from(red >> 8) << 16 | u32::from(green >> 8) << 8 | u32::from(blue >> 8)
}

impl Server {
    pub(crate) fn make_default_colormap(&mut self) {
        let colormap = Colormap { visual: ROOT_VISUAL, installed: true };
        self.resources.insert(DEFAULT_COLORMAP, Resource::Colormap(Box::new(colormap)));
    }

    pub(crate) fn is_installed(&self, colormap: Xid) -> bool {
        self.colormap(colormap).is_ok_and(|colormap| colormap.installed)
    }

    pub(crate) fn create_colormap(
        &mut self,
        client: ClientId,
        alloc: u8,
        request: &CreateColormapRequest,
    ) -> Outcome {
        self.check_new_id(client, request.mid)?;
        if alloc > 1 {
            return Err(XError::value(u32::from(alloc)));
        }
        self.window(request.window)?;
        if !is_visual(request.visual, None) {
            return Err(XError::value(request.visual));
        }
        // X11 §9: AllocAll needs a visual whose cells can be written.
        if alloc == 1 {
            return Err(XError::MATCH);
        }
        let colormap = Colormap { visual: request.visual, installed: false };
        self.add_resource(client, request.mid, Resource::Colormap(Box::new(colormap)));
        Ok(())
    }

    pub(crate) fn free_colormap(&mut self, id: Xid) -> Outcome {
        self.colormap(id)?;
        if id != DEFAULT_COLORMAP {
            self.free_colormap_resource(id);
        }
        Ok(())
    }

    /// Frees a colormap; windows that have it get none (X11 §9, `FreeColormap`).
    pub(crate) fn free_colormap_resource(&mut self, id: Xid) {
        if self.is_installed(id) {
            let _ = self.install_colormap(DEFAULT_COLORMAP);
        }
        self.remove_resource(id);
        for window in self.windows_with_colormap(id) {
            if let Ok(state) = self.window_mut(window) {
                state.colormap = 0;
            }
            self.notify_colormap(window, 0, true);
        }
    }

    fn windows_with_colormap(&self, colormap: Xid) -> Vec<Xid> {
        let mut found: Vec<Xid> = self
            .resources
            .values()
            .filter_map(|resource| match resource {
                Resource::Window(window) if window.colormap == colormap && !window.input_only => {
                    Some(window.id)
                }
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found
    }

    pub(crate) fn copy_colormap_and_free(&mut self, client: ClientId, id: Xid, source: Xid) -> Outcome {
        self.check_new_id(client, id)?;
        let visual = self.colormap(source)?.visual;
        self.add_resource(client, id, Resource::Colormap(Box::new(Colormap { visual, installed: false })));
        Ok(())
    }

    pub(crate) fn install_colormap(&mut self, id: Xid) -> Outcome {
        if self.colormap(id)?.installed {
            return Ok(());
        }
        let installed: Vec<Xid> = self
            .resources
            .iter()
            .filter(|(_, resource)| matches!(resource, Resource::Colormap(colormap) if colormap.installed))
            .map(|(id, _)| *id)
            .collect();
        for old in installed {
            self.colormap_mut(old)?.installed = false;
            for window in self.windows_with_colormap(old) {
                self.notify_colormap(window, old, false);
            }
        }
        self.colormap_mut(id)?.installed = true;
        for window in self.windows_with_colormap(id) {
            self.notify_colormap(window, id, false);
        }
        Ok(())
    }

    pub(crate) fn uninstall_colormap(&mut self, id: Xid) -> Outcome {
        if self.colormap(id)?.installed && id != DEFAULT_COLORMAP {
            self.install_colormap(DEFAULT_COLORMAP)?;
        }
        Ok(())
    }

    pub(crate) fn list_installed_colormaps(&mut self, client: ClientId, window: Xid) -> Outcome {
        self.window(window)?;
        let mut cmaps: Vec<Xid> = self
            .resources
            .iter()
            .filter(|(_, resource)| matches!(resource, Resource::Colormap(colormap) if colormap.installed))
            .map(|(id, _)| *id)
            .collect();
        cmaps.sort_unstable();
        self.reply(client, &ListInstalledColormapsReply { sequence: 0, length: 0, cmaps });
        Ok(())
    }

    pub(crate) fn alloc_color(&mut self, client: ClientId, request: &AllocColorRequest) -> Outcome {
        self.colormap(request.cmap)?;
        let pixel = pixel_of_rgb(request.red, request.green, request.blue);
        let (red, green, blue) = rgb_of_pixel(pixel);
        self.reply(client, &AllocColorReply { sequence: 0, length: 0, red, green, blue, pixel });
        Ok(())
    }

    pub(crate) fn alloc_named_color(
        &mut self,
        client: ClientId,
        request: &AllocNamedColorRequest<'_>,
    ) -> Outcome {
        self.colormap(request.cmap)?;
        let pixel = named_color(&request.name).ok_or(XError::NAME)?;
        let (red, green, blue) = rgb_of_pixel(pixel);
        let reply = AllocNamedColorReply {
            sequence: 0,
            length: 0,
            pixel,
            exact_red: red,
            exact_green: green,
            exact_blue: blue,
            visual_red: red,
            visual_green: green,
            visual_blue: blue,
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn lookup_color(&mut self, client: ClientId, request: &LookupColorRequest<'_>) -> Outcome {
        self.colormap(request.cmap)?;
        let pixel = named_color(&request.name).ok_or(XError::NAME)?;
        let (red, green, blue) = rgb_of_pixel(pixel);
        let reply = LookupColorReply {
            sequence: 0,
            length: 0,
            exact_red: red,
            exact_green: green,
            exact_blue: blue,
            visual_red: red,
            visual_green: green,
            visual_blue: blue,
        };
        self.reply(client, &reply);
        Ok(())
    }

    /// TrueColor has no cells to give away.
    pub(crate) fn alloc_color_cells(&mut self, contiguous: u8, request: &AllocColorCellsRequest) -> Outcome {
        self.colormap(request.cmap)?;
        if contiguous > 1 {
            return Err(XError::value(u32::from(contiguous)));
        }
        if request.colors == 0 {
            return Err(XError::value(0));
        }
        Err(XError::ALLOC)
    }

    pub(crate) fn alloc_color_planes(
        &mut self,
        contiguous: u8,
        request: &AllocColorPlanesRequest,
    ) -> Outcome {
        self.colormap(request.cmap)?;
        if contiguous > 1 {
            return Err(XError::value(u32::from(contiguous)));
        }
        if request.colors == 0 {
            return Err(XError::value(0));
        }
        Err(XError::ALLOC)
    }

    pub(crate) fn free_colors(&mut self, request: &FreeColorsRequest<'_>) -> Outcome {
        self.colormap(request.cmap)?;
        match request.pixels.iter().find(|pixel| **pixel & 0xff00_0000 != 0) {
            Some(pixel) => Err(XError::value(*pixel)),
            None => Ok(()),
        }
    }

    /// X11 §9, `StoreColors`: the cells of TrueColor are read-only.
    pub(crate) fn store_colors(&mut self, colormap: Xid) -> Outcome {
        self.colormap(colormap)?;
        Err(XError::ACCESS)
    }

    pub(crate) fn store_named_color(&mut self, request: &StoreNamedColorRequest<'_>) -> Outcome {
        self.colormap(request.cmap)?;
        named_color(&request.name).ok_or(XError::NAME)?;
        Err(XError::ACCESS)
    }

    pub(crate) fn query_colors(&mut self, client: ClientId, request: &QueryColorsRequest<'_>) -> Outcome {
        let mask = if self.colormap(request.cmap)?.visual == ROOT_VISUAL { 0x00ff_ffff } else { u32::MAX };
        if request.pixels.len() > usize::from(u16::MAX) {
            return Err(XError::LENGTH);
        }
        if let Some(bad) = request.pixels.iter().find(|pixel| **pixel & !mask != 0) {
            return Err(XError::value(*bad));
        }
        let colors = request
            .pixels
            .iter()
            .map(|pixel| {
                let (red, green, blue) = rgb_of_pixel(*pixel);
                Rgb { red, green, blue }
            })
            .collect();
        self.reply(client, &QueryColorsReply { sequence: 0, length: 0, colors });
        Ok(())
    }
}
