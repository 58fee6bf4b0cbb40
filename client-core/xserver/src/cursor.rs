//! Cursors: made of bitmaps or glyphs, and the image the embedder is to show.

use std::sync::Arc;

use x11rb_protocol::protocol::xproto::{
    CreateCursorRequest, CreateGlyphCursorRequest, QueryBestSizeReply, QueryBestSizeRequest,
    RecolorCursorRequest,
};

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::font::Font;
use crate::resource::Resource;
use crate::server::{Server, ServerEvent};

/// A pointer image for the embedder to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorImage {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Column of the hot spot.
    pub hot_x: u16,
    /// Row of the hot spot.
    pub hot_y: u16,
    /// Rows of premultiplied `0xAARRGGBB` words (BGRA in memory on little-endian machines).
    pub pixels: Vec<u32>,
}

/// What a cursor's pixels come from.
#[derive(Debug, Clone)]
enum Source {
    /// Per pixel: 0 transparent, 1 background, 2 foreground.
    TwoColors { shape: Vec<u8> },
    /// RENDER.
    Argb,
}

/// A cursor resource. It is replaced, not changed, so that whoever holds it sees it as it was.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    pub(crate) image: Arc<CursorImage>,
    source: Source,
    /// The XFIXES name, an atom or 0.
    pub(crate) name: u32,
    /// Counts up with every image: XFIXES tells clients which one it is.
    pub(crate) serial: u32,
    /// Images of an animation, each with the milliseconds it is shown; none for a still cursor.
    frames: Vec<(Arc<CursorImage>, u32)>,
}

/// Larger cursors than this are refused: nobody can show them.
const MAX_SIDE: u16 = 1024;

impl Cursor {
    fn two_colors(
        serial: u32,
        size: (u16, u16),
        hot: (u16, u16),
        shape: Vec<u8>,
        colors: (u32, u32),
    ) -> Self {
        let (foreground, background) = colors;
        let pixels = shape
            .iter()
            .map(|kind| match kind {
                2 => 0xff00_0000 | foreground,
                1 => 0xff00_0000 | background,
                _ => 0,
            })
            .collect();
        let image = CursorImage { width: size.0, height: size.1, hot_x: hot.0, hot_y: hot.1, pixels };
        let source = Source::TwoColors { shape };
        Self { image: Arc::new(image), source, name: 0, serial, frames: Vec::new() }
    }

    /// A cursor of premultiplied ARGB pixels (RENDER).
    pub(crate) fn from_argb(serial: u32, image: CursorImage) -> Self {
        Self { image: Arc::new(image), source: Source::Argb, name: 0, serial, frames: Vec::new() }
    }

    /// A cursor that shows images in turn, each for so many milliseconds (RENDER); none without images.
    pub(crate) fn animated(serial: u32, frames: Vec<(Arc<CursorImage>, u32)>) -> Option<Self> {
        let image = frames.first()?.0.clone();
        Some(Self { image, source: Source::Argb, name: 0, serial, frames })
    }

    pub(crate) fn is_animated(&self) -> bool {
        !self.frames.is_empty()
    }

    /// The place of the image to show at a time, and the image.
    fn frame_at(&self, time: u32) -> (usize, &Arc<CursorImage>) {
        let turn: u64 = self.frames.iter().map(|(_, delay)| u64::from(*delay)).sum();
        let mut left = u64::from(time).checked_rem(turn).unwrap_or(0);
        for (place, (image, delay)) in self.frames.iter().enumerate() {
            if left < u64::from(*delay) {
                return (place, image);
            }
            left -= u64::from(*delay);
        }
        (0, &self.image)
    }
}

fn color(red: u16, green: u16, blue: u16) -> u32 {
    u32::from(red >> 8) << 16 | u32::from(green >> 8) << 8 | u32::from(blue >> 8)
}

impl Server {
    /// A number for a new cursor image.
    pub(crate) fn next_cursor_serial(&mut self) -> u32 {
        self.input.cursor_serial = self.input.cursor_serial.wrapping_add(1);
        self.input.cursor_serial
    }

    pub(crate) fn create_cursor(&mut self, client: ClientId, request: &CreateCursorRequest) -> Outcome {
        self.check_new_id(client, request.cid)?;
        let source = self.pixmap(request.source)?;
        let mask = if request.mask == 0 { None } else { Some(self.pixmap(request.mask)?) };
        if source.depth != 1
            || mask.is_some_and(|mask| {
                mask.depth != 1 || (mask.width, mask.height) != (source.width, source.height)
            })
            || request.x > source.width
            || request.y > source.height
        {
            return Err(XError::MATCH);
        }
        let size = (source.width, source.height);
        if size.0 > MAX_SIDE || size.1 > MAX_SIDE {
            return Err(XError::ALLOC);
        }
        let bits = self.surfaces.get(source.surface).byte_pixels().unwrap_or(&[]);
        let shape: Vec<u8> = match mask {
            None => bits.iter().map(|bit| 1 + (bit & 1)).collect(),
            Some(mask) => {
                let mask = self.surfaces.get(mask.surface).byte_pixels().unwrap_or(&[]);
                bits.iter()
                    .zip(mask)
                    .map(|(bit, mask)| if mask & 1 == 0 { 0 } else { 1 + (bit & 1) })
                    .collect()
            }
        };
        let colors = (
            color(request.fore_red, request.fore_green, request.fore_blue),
            color(request.back_red, request.back_green, request.back_blue),
        );
        let serial = self.next_cursor_serial();
        let cursor = Cursor::two_colors(serial, size, (request.x, request.y), shape, colors);
        self.add_resource(client, request.cid, Resource::Cursor(Arc::new(cursor)));
        Ok(())
    }

    pub(crate) fn create_glyph_cursor(
        &mut self,
        client: ClientId,
        request: &CreateGlyphCursorRequest,
    ) -> Outcome {
        self.check_new_id(client, request.cid)?;
        let source = self.font_resource(request.source_font)?.clone();
        let mask =
            if request.mask_font == 0 { None } else { Some(self.font_resource(request.mask_font)?.clone()) };
        let glyph = ink(&source, request.source_char).ok_or(XError::value(u32::from(request.source_char)))?;
        let mask = match mask {
            None => None,
            Some(font) => {
                Some(ink(&font, request.mask_char).ok_or(XError::value(u32::from(request.mask_char)))?)
            }
        };
        // X11 §9, CreateGlyphCursor: origins coincide; the mask decides what shows, so its box is the cursor's.
        let frame = mask.as_ref().unwrap_or(&glyph);
        let (left, top, width, height) = (frame.left, frame.top, frame.width, frame.height);
        let mut shape = Vec::with_capacity(width * height);
        for y in 0..height as i32 {
            for x in 0..width as i32 {
                let (gx, gy) = (left + x, top + y);
                let shown = mask.as_ref().is_none_or(|mask| mask.at(gx, gy));
                shape.push(if shown { 1 + u8::from(glyph.at(gx, gy)) } else { 0 });
            }
        }
        if width == 0 || height == 0 {
            shape = vec![0];
        }
        let size = (width.max(1) as u16, height.max(1) as u16);
        let hot = ((-left).clamp(0, i32::from(size.0)) as u16, (-top).clamp(0, i32::from(size.1)) as u16);
        let colors = (
            color(request.fore_red, request.fore_green, request.fore_blue),
            color(request.back_red, request.back_green, request.back_blue),
        );
        let serial = self.next_cursor_serial();
        let cursor = Cursor::two_colors(serial, size, hot, shape, colors);
        self.add_resource(client, request.cid, Resource::Cursor(Arc::new(cursor)));
        Ok(())
    }

    pub(crate) fn recolor_cursor(&mut self, request: &RecolorCursorRequest) -> Outcome {
        let old = self.cursor_resource(request.cursor)?.clone();
        let Source::TwoColors { shape } = &old.source else { return Ok(()) };
        let colors = (
            color(request.fore_red, request.fore_green, request.fore_blue),
            color(request.back_red, request.back_green, request.back_blue),
        );
        let serial = self.next_cursor_serial();
        let image = &old.image;
        let mut new = Cursor::two_colors(
            serial,
            (image.width, image.height),
            (image.hot_x, image.hot_y),
            shape.clone(),
            colors,
        );
        new.name = old.name;
        let new = Arc::new(new);
        self.replace_cursor(&old, &new);
        Ok(())
    }

    /// Puts one cursor in the place of another wherever that is used.
    pub(crate) fn replace_cursor(&mut self, old: &Arc<Cursor>, new: &Arc<Cursor>) {
        for resource in self.resources.values_mut() {
            match resource {
                Resource::Cursor(cursor) if Arc::ptr_eq(cursor, old) => *cursor = new.clone(),
                Resource::Window(window) => {
                    if let Some(cursor) = &mut window.cursor
                        && Arc::ptr_eq(cursor, old)
                    {
                        *cursor = new.clone();
                    }
                }
                _ => {}
            }
        }
        self.input.replace_grab_cursor(old, new);
        self.update_cursor();
    }

    pub(crate) fn query_best_size(
        &mut self,
        client: ClientId,
        class: u8,
        request: &QueryBestSizeRequest,
    ) -> Outcome {
        if class > 2 {
            return Err(XError::value(u32::from(class)));
        }
        if let Ok(window) = self.window(request.drawable) {
            if window.input_only && class != 0 {
                return Err(XError::matching(request.drawable));
            }
        } else {
            self.drawable_depth(request.drawable)?;
        }
        let (width, height) = match class {
            // A cursor may be as large as the screen; a narrow pattern is widened to a power of two, as in Xvfb.
            0 => (request.width.min(self.config.width), request.height.min(self.config.height)),
            _ if (1..32).contains(&request.width) => (request.width.next_power_of_two(), request.height),
            _ => (request.width, request.height),
        };
        self.reply(client, &QueryBestSizeReply { sequence: 0, length: 0, width, height });
        Ok(())
    }

    /// The cursor to be seen where the pointer is: of the grab, else of the nearest window that has one.
    pub(crate) fn current_cursor(&self) -> Option<&Arc<Cursor>> {
        if let Some(cursor) = self.input.grab_cursor() {
            return Some(cursor);
        }
        let mut at = self.input.pointer.window;
        while let Ok(window) = self.window(at) {
            if let Some(cursor) = &window.cursor {
                return Some(cursor);
            }
            at = window.parent;
        }
        None
    }

    /// Compares the cursor with the one last told, and tells.
    pub(crate) fn update_cursor(&mut self) {
        let serial = if self.xfixes.cursor_hidden() {
            u32::MAX
        } else {
            self.current_cursor().map_or(0, |cursor| cursor.serial)
        };
        if serial != self.input.shown_cursor {
            self.input.shown_cursor = serial;
            self.input.cursor_changed = true;
            self.events.push_back(ServerEvent::CursorChanged);
            crate::extension::xfixes::cursor_changed(self);
        }
    }

    /// Goes on with an animated cursor.
    pub(crate) fn animate_cursor(&mut self) {
        let frame = self.current_cursor().map_or(0, |cursor| cursor.frame_at(self.time).0);
        if std::mem::replace(&mut self.input.shown_frame, frame) != frame && !self.xfixes.cursor_hidden() {
            self.input.cursor_changed = true;
            self.events.push_back(ServerEvent::CursorChanged);
        }
    }

    /// The image to show at the pointer, if it is another one than at the last call. An image of size 1x1 without any
    /// pixel stands for a hidden cursor; none at all (`Some(None)`) for the embedder's own default.
    pub fn cursor(&mut self) -> Option<Option<CursorImage>> {
        if !std::mem::take(&mut self.input.cursor_changed) {
            return None;
        }
        if self.xfixes.cursor_hidden() {
            return Some(Some(CursorImage { width: 1, height: 1, hot_x: 0, hot_y: 0, pixels: vec![0] }));
        }
        Some(self.current_cursor().map(|cursor| (**cursor.frame_at(self.time).1).clone()))
    }
}

/// A glyph's pixels around its origin.
struct Ink {
    left: i32,
    top: i32,
    width: usize,
    height: usize,
    bits: Vec<bool>,
}

impl Ink {
    fn at(&self, x: i32, y: i32) -> bool {
        let (x, y) = (x - self.left, y - self.top);
        x >= 0
            && y >= 0
            && (x as usize) < self.width
            && (y as usize) < self.height
            && self.bits.get(y as usize * self.width + x as usize).copied().unwrap_or(false)
    }
}

/// The pixels of a character; none if the font has no such code, though it would draw its default character there.
fn ink(font: &Font, code: u16) -> Option<Ink> {
    let info = font.info();
    let [row, column] = if info.max_byte1 == 0 { [0, code] } else { [code >> 8, code & 0xff] };
    let within = |value: u16, low: u16, high: u16| low <= value && value <= high;
    if !within(row, info.min_byte1.into(), info.max_byte1.into())
        || !within(column, info.min_byte2, info.max_byte2)
    {
        return None;
    }
    let glyph = font.glyph(code)?;
    let metrics = glyph.metrics;
    let (width, height) =
        (metrics.ink_width().min(usize::from(MAX_SIDE)), metrics.ink_height().min(usize::from(MAX_SIDE)));
    let bits = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| glyph.bit(font, x, y))
        .collect();
    Some(Ink { left: i32::from(metrics.left), top: -i32::from(metrics.ascent), width, height, bits })
}
