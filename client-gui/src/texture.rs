//! The session's picture on the graphics card.
//!
//! One texture for the life of the window. Damaged rectangles go into it straight from the session's buffer
//! (`glTexSubImage2D` with a row length), without a copy in between and without a change of colour order.
//!
//! This module speaks to OpenGL, whose calls are all unsafe.
#![allow(unsafe_code, reason = "every OpenGL call is; the buffer sizes are checked here, right before them")]

use std::sync::Arc;

use eframe::egui::TextureId;
use eframe::glow::{self, HasContext, PixelUnpackData};
use qvd_client_core::session::{Buffer, Rect};

/// The texture and what egui calls it.
pub(crate) struct ViewTexture {
    gl: Arc<glow::Context>,
    texture: glow::Texture,
    id: TextureId,
    /// Colour order of the pixels for the card.
    format: u32,
    kind: u32,
    size: [u16; 2],
}

impl ViewTexture {
    /// An empty texture; none if the card has no room or there is no OpenGL.
    pub(crate) fn new(frame: &mut eframe::Frame) -> Option<Self> {
        let gl = frame.gl()?.clone();
        let embedded = gl.version().is_embedded;
        // SAFETY: eframe has made its context current before any drawing of ours; the calls take plain values and
        // the name of the texture just made.
        let texture = unsafe {
            let texture = gl
                .create_texture()
                .inspect_err(|error| tracing::error!(error, "cannot make a texture"))
                .ok()?;
            gl.bind_texture(glow::TEXTURE_2D, Some(texture));
            for (parameter, value) in [
                (glow::TEXTURE_MIN_FILTER, glow::NEAREST),
                (glow::TEXTURE_MAG_FILTER, glow::NEAREST),
                (glow::TEXTURE_WRAP_S, glow::CLAMP_TO_EDGE),
                (glow::TEXTURE_WRAP_T, glow::CLAMP_TO_EDGE),
            ] {
                gl.tex_parameter_i32(glow::TEXTURE_2D, parameter, value as i32);
            }
            if embedded {
                // OpenGL ES takes no BGRA: the card swaps when it reads.
                for (parameter, value) in [
                    (glow::TEXTURE_SWIZZLE_R, glow::BLUE),
                    (glow::TEXTURE_SWIZZLE_B, glow::RED),
                    (glow::TEXTURE_SWIZZLE_A, glow::ONE),
                ] {
                    gl.tex_parameter_i32(glow::TEXTURE_2D, parameter, value as i32);
                }
            }
            gl.bind_texture(glow::TEXTURE_2D, None);
            texture
        };
        let (format, kind) = if embedded {
            (glow::RGBA, glow::UNSIGNED_BYTE)
        } else {
            (glow::BGRA, glow::UNSIGNED_INT_8_8_8_8_REV)
        };
        let id = frame.register_native_glow_texture(texture);
        Some(Self { gl, texture, id, format, kind, size: [0; 2] })
    }

    /// What egui calls it.
    pub(crate) fn id(&self) -> TextureId {
        self.id
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> [u16; 2] {
        self.size
    }

    /// Takes over what has changed.
    pub(crate) fn upload(&mut self, buffer: &Buffer) {
        let (width, height) = (usize::from(buffer.width), usize::from(buffer.height));
        if buffer.pixels.len() < width * height {
            return;
        }
        let gl = &self.gl;
        // SAFETY: as in `new`; the data of each call are checked below to reach at least to the last pixel that
        // OpenGL reads: rows of `width` pixels from the rectangle's first on.
        unsafe {
            gl.bind_texture(glow::TEXTURE_2D, Some(self.texture));
            gl.pixel_store_i32(glow::UNPACK_ALIGNMENT, 4);
            if self.size == [buffer.width, buffer.height] {
                gl.pixel_store_i32(glow::UNPACK_ROW_LENGTH, buffer.width.into());
                for rect in &buffer.damage {
                    let Some(pixels) = part(buffer, *rect) else { continue };
                    gl.tex_sub_image_2d(
                        glow::TEXTURE_2D,
                        0,
                        rect.x.into(),
                        rect.y.into(),
                        rect.width.into(),
                        rect.height.into(),
                        self.format,
                        self.kind,
                        PixelUnpackData::Slice(Some(bytemuck::cast_slice(pixels))),
                    );
                }
                gl.pixel_store_i32(glow::UNPACK_ROW_LENGTH, 0);
            } else {
                self.size = [buffer.width, buffer.height];
                let internal = if self.format == glow::RGBA { glow::RGBA8 } else { glow::RGB8 };
                gl.tex_image_2d(
                    glow::TEXTURE_2D,
                    0,
                    internal as i32,
                    buffer.width.into(),
                    buffer.height.into(),
                    0,
                    self.format,
                    self.kind,
                    PixelUnpackData::Slice(Some(bytemuck::cast_slice(&buffer.pixels))),
                );
            }
            gl.bind_texture(glow::TEXTURE_2D, None);
        }
    }
}

/// The pixels from a rectangle's first to its last; none if it is not inside.
fn part(buffer: &Buffer, rect: Rect) -> Option<&[u32]> {
    let (x, y) = (usize::from(rect.x), usize::from(rect.y));
    let (right, bottom) = (x + usize::from(rect.width), y + usize::from(rect.height));
    let (width, height) = (usize::from(buffer.width), usize::from(buffer.height));
    if rect.width == 0 || rect.height == 0 || right > width || bottom > height {
        return None;
    }
    buffer.pixels.get(y * width + x..(bottom - 1) * width + right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rectangles_inside_the_picture_reach_the_card() {
        let buffer =
            Buffer { width: 4, height: 3, pixels: (0..12).collect(), damage: vec![], resized: false };
        let rect = |x, y, width, height| Rect { x, y, width, height };
        assert_eq!(part(&buffer, rect(1, 1, 2, 2)), Some(&[5, 6, 7, 8, 9, 10][..]));
        assert_eq!(part(&buffer, rect(0, 0, 4, 3)).map(<[u32]>::len), Some(12));
        for outside in [rect(3, 0, 2, 1), rect(0, 2, 1, 2), rect(0, 0, 0, 1), rect(u16::MAX, 0, u16::MAX, 1)]
        {
            assert_eq!(part(&buffer, outside), None);
        }
    }
}
