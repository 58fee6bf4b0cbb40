//! The program's own mark: for the window, the task bar and the pages.

use eframe::egui;
use egui::{ColorImage, IconData, TextureHandle, TextureOptions, Ui, Vec2};

/// 256 pixels square, drawn from `assets/icons/qvd.svg`.
const PNG: &[u8] = include_bytes!("../../assets/icons/qvd-256.png");

/// For the window manager.
pub(crate) fn window() -> IconData {
    let (size, rgba) = decode().unwrap_or_default();
    IconData { rgba, width: size[0] as u32, height: size[1] as u32 }
}

/// On a page, `size` points square.
pub(crate) fn show(ui: &mut Ui, size: f32) {
    let id = egui::Id::unique("program icon");
    let known = ui.data(|data| data.get_temp::<TextureHandle>(id));
    let Some(texture) = known.or_else(|| {
        let (size, rgba) = decode()?;
        let image = ColorImage::from_rgba_unmultiplied(size, &rgba);
        let options = TextureOptions::LINEAR.with_mipmap_mode(Some(egui::TextureFilter::Linear));
        let texture = ui.load_texture("program icon", image, options);
        ui.data_mut(|data| data.insert_temp(id, texture.clone()));
        Some(texture)
    }) else {
        return;
    };
    ui.add(egui::Image::new(&texture).fit_to_exact_size(Vec2::splat(size)).alt_text("QVD"));
}

fn decode() -> Option<([usize; 2], Vec<u8>)> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(PNG)).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut rgba).ok()?;
    (info.color_type == png::ColorType::Rgba).then_some(([info.width as usize, info.height as usize], rgba))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_mark_is_a_square_with_transparency() {
        let (size, rgba) = super::decode().unwrap();
        assert_eq!(size, [256, 256]);
        assert_eq!(rgba.len(), 256 * 256 * 4);
    }
}
