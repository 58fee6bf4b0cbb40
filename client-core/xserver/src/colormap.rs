//! Colormaps (X11 §9, "Colormaps"): what their cells hold and who has allocated them, and the requests about them.
//!
//! Both classes of visual offered have a table of 256 cells for each of red, green and blue. In a TrueColor map the cells
//! are read-only ramps; in a `DirectColor` map clients allocate and write them. The screen shows pixels as if every map
//! were a ramp: a `DirectColor` map is kept faithfully for those who ask, and is not applied to what is seen.

use x11rb_protocol::protocol::xproto::{
    AllocColorCellsReply, AllocColorCellsRequest, AllocColorPlanesReply, AllocColorPlanesRequest,
    AllocColorReply, AllocColorRequest, AllocNamedColorReply, AllocNamedColorRequest, CreateColormapRequest,
    FreeColorsRequest, ListInstalledColormapsReply, LookupColorReply, LookupColorRequest, QueryColorsReply,
    QueryColorsRequest, Rgb, StoreNamedColorRequest,
};

use crate::client::ClientId;
use crate::color_names::named_color;
use crate::error::{Outcome, XError};
use crate::resource::{Resource, Xid};
use crate::server::{DEFAULT_COLORMAP, Server};
use crate::setup::{ARGB_VISUAL, DIRECT_VISUAL, ROOT_VISUAL, is_visual};
use crate::value_list::{half, tail, word};

/// Cells of a channel.
const CELLS: usize = 256;
/// Allocations kept for a map beyond this many are refused: one client's counting must not fill the memory.
const MAX_ALLOCATIONS: usize = 1 << 20;

/// Who may do what with a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Free,
    /// Read-only, allocated so many times.
    Shared(u32),
    /// Written by whoever knows the pixel.
    Private,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    value: u16,
    used: Use,
}

/// A colormap.
#[derive(Debug, Clone)]
pub(crate) struct Colormap {
    pub(crate) visual: u32,
    pub(crate) installed: bool,
    /// The cells of a `DirectColor` map: red, green, blue.
    cells: Option<Box<[[Cell; CELLS]; 3]>>,
    /// Made with `alloc` `All` by this client.
    all_by: Option<ClientId>,
    /// What each client has allocated: channel, cell, how often.
    allocated: Vec<(ClientId, u8, u8, u32)>,
    allocations: usize,
}

impl Colormap {
    fn new(visual: u32) -> Self {
        let cells =
            (visual == DIRECT_VISUAL).then(|| Box::new([[Cell { value: 0, used: Use::Free }; CELLS]; 3]));
        Self { visual, installed: false, cells, all_by: None, allocated: Vec::new(), allocations: 0 }
    }

    /// The bits of a pixel that mean something.
    fn pixel_mask(&self) -> u32 {
        if self.visual == ARGB_VISUAL { u32::MAX } else { 0x00ff_ffff }
    }

    fn color(&self, pixel: u32) -> (u16, u16, u16) {
        let [red, green, blue] = parts(pixel);
        match &self.cells {
            None => (widen(red.into()), widen(green.into()), widen(blue.into())),
            Some(cells) => (
                cells[0][usize::from(red)].value,
                cells[1][usize::from(green)].value,
                cells[2][usize::from(blue)].value,
            ),
        }
    }

    fn note(&mut self, client: ClientId, channel: usize, cell: u8) -> Outcome {
        if self.allocations >= MAX_ALLOCATIONS {
            return Err(XError::ALLOC);
        }
        self.allocations += 1;
        let key = (client, channel as u8, cell);
        match self.allocated.iter_mut().find(|entry| (entry.0, entry.1, entry.2) == key) {
            Some(entry) => entry.3 += 1,
            None => self.allocated.push((client, channel as u8, cell, 1)),
        }
        Ok(())
    }

    /// Takes back one allocation; whether the client had it.
    fn release(&mut self, client: ClientId, channel: usize, cell: u8) -> bool {
        let key = (client, channel as u8, cell);
        let Some(at) = self.allocated.iter().position(|entry| (entry.0, entry.1, entry.2) == key) else {
            return false;
        };
        self.allocations = self.allocations.saturating_sub(1);
        if let Some(entry) = self.allocated.get_mut(at) {
            entry.3 -= 1;
            if entry.3 == 0 {
                self.allocated.swap_remove(at);
            }
        }
        if let Some(cells) = &mut self.cells {
            let used = &mut cells[channel][usize::from(cell)].used;
            *used = match *used {
                Use::Shared(count) if count > 1 => Use::Shared(count - 1),
                _ => Use::Free,
            };
        }
        true
    }

    /// A client goes: what it had allocated is free.
    pub(crate) fn forget_client(&mut self, client: ClientId) {
        if self.all_by == Some(client) {
            self.all_by = None;
            for cell in self.cells.iter_mut().flat_map(|cells| cells.iter_mut()).flatten() {
                cell.used = Use::Free;
            }
        }
        let mine: Vec<_> = self.allocated.iter().filter(|entry| entry.0 == client).copied().collect();
        for (_, channel, cell, count) in mine {
            for _ in 0..count {
                self.release(client, usize::from(channel), cell);
            }
        }
    }

    /// Allocates a read-only cell of each channel (X11 §9, `AllocColor`); the pixel.
    fn allocate(&mut self, client: ClientId, color: (u16, u16, u16)) -> Outcome<u32> {
        let wanted = [color.0, color.1, color.2];
        let mut found = [0_u8; 3];
        for channel in 0..3 {
            let value = widen(u32::from(wanted[channel] >> 8));
            let cell = match &mut self.cells {
                None => Some((value >> 8) as usize),
                Some(cells) => {
                    let cells = &mut cells[channel];
                    let same =
                        cells.iter().position(|it| matches!(it.used, Use::Shared(_)) && it.value == value);
                    same.or_else(|| cells.iter().position(|it| it.used == Use::Free))
                }
            };
            let Some(cell) = cell else {
                for (channel, cell) in found.iter().enumerate().take(channel) {
                    self.release(client, channel, *cell);
                }
                return Err(XError::ALLOC);
            };
            if let Some(cells) = &mut self.cells {
                let it = &mut cells[channel][cell];
                it.value = value;
                it.used = match it.used {
                    Use::Shared(count) => Use::Shared(count + 1),
                    _ => Use::Shared(1),
                };
            }
            found[channel] = cell as u8;
            self.note(client, channel, cell as u8)?;
        }
        // What is allocated is opaque.
        let opaque = self.pixel_mask() & 0xff00_0000;
        Ok(opaque | u32::from(found[0]) << 16 | u32::from(found[1]) << 8 | u32::from(found[2]))
    }

    /// Free cells of a channel: `count` of them, each with all combinations of `planes` further bits; the cells and the
    /// mask of the bits.
    fn free_cells(
        &self,
        channel: usize,
        count: usize,
        planes: u32,
        contiguous: bool,
    ) -> Option<(Vec<u8>, u8)> {
        let cells = &self.cells.as_ref()?[channel];
        if planes > 8 || count << planes > CELLS {
            return None;
        }
        let fits = |mask: u8| {
            let free =
                |base: &u8| subsets(mask).all(|bits| cells[usize::from(base | bits)].used == Use::Free);
            let found: Vec<u8> = (0..=255).filter(|base| base & mask == 0).filter(free).take(count).collect();
            (found.len() == count).then_some((found, mask))
        };
        let block = ((1_u32 << planes) - 1) as u8;
        let in_a_row =
            (0..=8 - planes).map(|shift| block << shift.min(7)).take(if planes == 0 { 1 } else { 9 });
        let scattered = (0..=255_u8).filter(|mask| !contiguous && mask.count_ones() == planes);
        in_a_row.chain(scattered).find_map(fits)
    }

    fn take_private(&mut self, client: ClientId, channel: usize, bases: &[u8], mask: u8) -> Outcome {
        for cell in bases.iter().flat_map(|base| subsets(mask).map(move |bits| base | bits)) {
            if let Some(cells) = &mut self.cells {
                cells[channel][usize::from(cell)].used = Use::Private;
            }
            self.note(client, channel, cell)?;
        }
        Ok(())
    }

    /// Writes a cell of each channel named by `flags`.
    fn store(&mut self, pixel: u32, color: (u16, u16, u16), flags: u8) -> Outcome {
        let Some(cells) = &mut self.cells else { return Err(XError::ACCESS) };
        if pixel & 0xff00_0000 != 0 {
            return Err(XError::value(pixel));
        }
        let mut outcome = Ok(());
        for (channel, (part, value)) in parts(pixel).into_iter().zip([color.0, color.1, color.2]).enumerate()
        {
            let cell = &mut cells[channel][usize::from(part)];
            if flags & (1 << channel) == 0 {
                continue;
            }
            if cell.used == Use::Private {
                cell.value = widen(u32::from(value >> 8));
            } else {
                outcome = Err(XError::ACCESS);
            }
        }
        outcome
    }
}

/// All combinations of the bits of a mask, from none to all.
fn subsets(mask: u8) -> impl Iterator<Item = u8> {
    let mut next = Some(0_u8);
    std::iter::from_fn(move || {
        let current = next?;
        next = (current != mask).then(|| current.wrapping_sub(mask) & mask);
        Some(current)
    })
}

/// Red, green and blue of a pixel.
fn parts(pixel: u32) -> [u8; 3] {
    [(pixel >> 16) as u8, (pixel >> 8) as u8, pixel as u8]
}

/// 8 bits as the 16 bits of the protocol.
fn widen(component: u32) -> u16 {
    ((component & 0xff) * 0x101) as u16
}

fn rgb_of_pixel(pixel: u32) -> (u16, u16, u16) {
    (widen(pixel >> 16), widen(pixel >> 8), widen(pixel))
}

impl Server {
    pub(crate) fn make_default_colormap(&mut self) {
        let colormap = Colormap { installed: true, ..Colormap::new(ROOT_VISUAL) };
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
        if alloc > 1 {
            return Err(XError::value(u32::from(alloc)));
        }
        self.check_new_id(client, request.mid)?;
        self.window(request.window)?;
        if !is_visual(request.visual, None) {
            return Err(XError::MATCH);
        }
        let mut colormap = Colormap::new(request.visual);
        if alloc == 1 {
            // X11 §9: AllocAll needs a visual whose cells can be written.
            let Some(cells) = &mut colormap.cells else { return Err(XError::MATCH) };
            cells.iter_mut().flatten().for_each(|cell| cell.used = Use::Private);
            colormap.all_by = Some(client);
        }
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

    /// X11 §9, `CopyColormapAndFree`: the client's cells move to the new map.
    pub(crate) fn copy_colormap_and_free(&mut self, client: ClientId, id: Xid, source: Xid) -> Outcome {
        self.check_new_id(client, id)?;
        let source = self.colormap_mut(source)?;
        let mut new = Colormap::new(source.visual);
        if source.all_by == Some(client) {
            new.cells.clone_from(&source.cells);
            new.all_by = Some(client);
        } else {
            for (_, channel, cell, count) in source.allocated.iter().filter(|entry| entry.0 == client) {
                new.allocated.push((client, *channel, *cell, *count));
                new.allocations += *count as usize;
                if let (Some(to), Some(from)) = (&mut new.cells, &source.cells) {
                    let from = from[usize::from(*channel)][usize::from(*cell)];
                    let used = if from.used == Use::Private { Use::Private } else { Use::Shared(*count) };
                    to[usize::from(*channel)][usize::from(*cell)] = Cell { value: from.value, used };
                }
            }
        }
        source.forget_client(client);
        self.add_resource(client, id, Resource::Colormap(Box::new(new)));
        Ok(())
    }

    /// A client goes: what it allocated in maps that stay is free.
    pub(crate) fn forget_colors(&mut self, client: ClientId) {
        for resource in self.resources.values_mut() {
            if let Resource::Colormap(colormap) = resource {
                colormap.forget_client(client);
            }
        }
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
        let colormap = self.colormap_mut(request.cmap)?;
        let pixel = colormap.allocate(client, (request.red, request.green, request.blue))?;
        let (red, green, blue) = colormap.color(pixel);
        self.reply(client, &AllocColorReply { sequence: 0, length: 0, red, green, blue, pixel });
        Ok(())
    }

    pub(crate) fn alloc_named_color(
        &mut self,
        client: ClientId,
        request: &AllocNamedColorRequest<'_>,
    ) -> Outcome {
        let colormap = self.colormap_mut(request.cmap)?;
        let (exact_red, exact_green, exact_blue) =
            rgb_of_pixel(named_color(&request.name).ok_or(XError::NAME)?);
        let pixel = colormap.allocate(client, (exact_red, exact_green, exact_blue))?;
        let (visual_red, visual_green, visual_blue) = colormap.color(pixel);
        let reply = AllocNamedColorReply {
            sequence: 0,
            length: 0,
            pixel,
            exact_red,
            exact_green,
            exact_blue,
            visual_red,
            visual_green,
            visual_blue,
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

    /// X11 §9, `AllocColorCells`; TrueColor has no cells to give away.
    pub(crate) fn alloc_color_cells(
        &mut self,
        client: ClientId,
        contiguous: u8,
        request: &AllocColorCellsRequest,
    ) -> Outcome {
        let colormap = self.colormap_mut(request.cmap)?;
        let (count, planes) = (usize::from(request.colors), u32::from(request.planes));
        check_allocation(contiguous, count)?;
        let channels = [planes; 3];
        let (bases, masks) = colormap.allocate_direct(client, count, channels, contiguous == 1)?;
        // The first mask is the lowest plane of each channel, and so on.
        let nth = |mask: u8, n: u32| (0..8).filter(|bit| mask & (1 << bit) != 0).nth(n as usize);
        let masks = (0..planes)
            .map(|n| {
                let bit = |channel: usize| nth(masks[channel], n).map_or(0, |bit| 1_u32 << bit);
                bit(0) << 16 | bit(1) << 8 | bit(2)
            })
            .collect();
        let reply = AllocColorCellsReply { sequence: 0, length: 0, pixels: bases, masks };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn alloc_color_planes(
        &mut self,
        client: ClientId,
        contiguous: u8,
        request: &AllocColorPlanesRequest,
    ) -> Outcome {
        let colormap = self.colormap_mut(request.cmap)?;
        let count = usize::from(request.colors);
        check_allocation(contiguous, count)?;
        let channels = [request.reds.into(), request.greens.into(), request.blues.into()];
        let (pixels, masks) = colormap.allocate_direct(client, count, channels, contiguous == 1)?;
        let reply = AllocColorPlanesReply {
            sequence: 0,
            length: 0,
            red_mask: u32::from(masks[0]) << 16,
            green_mask: u32::from(masks[1]) << 8,
            blue_mask: u32::from(masks[2]),
            pixels,
        };
        self.reply(client, &reply);
        Ok(())
    }

    /// X11 §9, `FreeColors`: each pixel with each combination of the planes; what can be freed is, whatever the others
    /// are.
    pub(crate) fn free_colors(&mut self, client: ClientId, request: &FreeColorsRequest<'_>) -> Outcome {
        let colormap = self.colormap_mut(request.cmap)?;
        if colormap.all_by.is_some() {
            return Err(XError::ACCESS);
        }
        let mask = colormap.pixel_mask();
        if request.plane_mask & !mask != 0 {
            return Err(XError::value(request.plane_mask));
        }
        let mut outcome = Ok(());
        let planes = parts(request.plane_mask);
        for (channel, planes) in planes.into_iter().enumerate() {
            for pixel in request.pixels.iter() {
                if pixel & !mask != 0 {
                    outcome = Err(XError::value(*pixel));
                    continue;
                }
                for bits in subsets(planes) {
                    if !colormap.release(client, channel, parts(*pixel)[channel] | bits) && outcome.is_ok() {
                        outcome = Err(XError::ACCESS);
                    }
                }
            }
        }
        outcome
    }

    /// X11 §9, `StoreColors`; `body` is what follows the header.
    pub(crate) fn store_colors(&mut self, body: &[u8]) -> Outcome {
        let colormap = self.colormap_mut(word(body, 0)?)?;
        let items = tail(body, 4)?;
        if !items.len().is_multiple_of(12) {
            return Err(XError::LENGTH);
        }
        let mut outcome = Ok(());
        for item in items.chunks_exact(12) {
            let color = (half(item, 4)?, half(item, 6)?, half(item, 8)?);
            let stored = colormap.store(word(item, 0)?, color, item[10]);
            outcome = outcome.and(stored);
        }
        outcome
    }

    pub(crate) fn store_named_color(&mut self, flags: u8, request: &StoreNamedColorRequest<'_>) -> Outcome {
        let colormap = self.colormap_mut(request.cmap)?;
        let color = rgb_of_pixel(named_color(&request.name).ok_or(XError::NAME)?);
        colormap.store(request.pixel, color, flags)
    }

    pub(crate) fn query_colors(&mut self, client: ClientId, request: &QueryColorsRequest<'_>) -> Outcome {
        let colormap = self.colormap(request.cmap)?;
        let mask = colormap.pixel_mask();
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
                let (red, green, blue) = colormap.color(*pixel);
                Rgb { red, green, blue }
            })
            .collect();
        self.reply(client, &QueryColorsReply { sequence: 0, length: 0, colors });
        Ok(())
    }
}

impl Colormap {
    /// Allocates writable cells; the pixels, and the mask of each channel.
    fn allocate_direct(
        &mut self,
        client: ClientId,
        count: usize,
        planes: [u32; 3],
        contiguous: bool,
    ) -> Outcome<(Vec<u32>, [u8; 3])> {
        let mut pixels = vec![0; count.min(CELLS)];
        let mut masks = [0; 3];
        let mut found = Vec::with_capacity(3);
        for (channel, planes) in planes.into_iter().enumerate() {
            let cells = self.free_cells(channel, count, planes, contiguous).ok_or(XError::ALLOC)?;
            found.push(cells);
        }
        for (channel, (bases, mask)) in found.into_iter().enumerate() {
            for (pixel, base) in pixels.iter_mut().zip(&bases) {
                *pixel |= u32::from(*base) << (16 - 8 * channel);
            }
            masks[channel] = mask;
            self.take_private(client, channel, &bases, mask)?;
        }
        Ok((pixels, masks))
    }
}

fn check_allocation(contiguous: u8, colors: usize) -> Outcome {
    if contiguous > 1 {
        return Err(XError::value(u32::from(contiguous)));
    }
    if colors == 0 { Err(XError::value(0)) } else { Ok(()) }
}
