//! `images/`: packed images and the pixels the reference made of them (format: NX part 5 §F).

use nx::{LinkType, Pack, Unproxied};
use serde_json::Value;

use crate::{Report, bytes, list, load};

/// JPEG decoders round and interpolate otherwise than the reference's, so their pixels are compared by their peak
/// signal-to-noise ratio in dB. The correction of methods below 16M turns one step into many.
const JPEG_PSNR: f64 = 38.0;
const CORRECTED_JPEG_PSNR: f64 = 28.0;

#[test]
fn packed_images_become_the_pixels_the_reference_put() {
    let file = load("images/index.json");
    let mut report = Report::default();
    for vector in list(&file["vectors"]) {
        report.check(vector["name"].as_str().unwrap(), unpack(vector));
    }
    report.finish("packed images");
}

fn unpack(vector: &Value) -> Result<(), String> {
    let mut agent = Unproxied::new(LinkType::Lan, Pack { method: 35, quality: 9 });
    agent.agent_wrote(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    agent.poll_server().ok_or("no setup")?;
    let requests = bytes(&format!("images/{}", vector["requests"].as_str().unwrap()));
    agent.agent_wrote(&requests);
    let mut last = Vec::new();
    while let Some(request) = agent.poll_server() {
        if !last.is_empty() && last != [127, 0, 1, 0] {
            return Err(format!("a request before the last one became {:?}", &last[..4]));
        }
        last = request;
    }
    if vector["expect"] == "no-operation" {
        return if last == [127, 0, 1, 0] { Ok(()) } else { Err("became an image".to_owned()) };
    }
    if last.first() != Some(&72) {
        return Err("could not be unpacked".to_owned());
    }
    let header = crate::hex(&vector["reference_put_image_header"]);
    if last[..24] != header[..] && last[..22] != header[..22] {
        return Err(format!("header {:02x?}, expected {header:02x?}", &last[..24]));
    }
    let expected = bytes(&format!("images/{}", vector["raw"].as_str().unwrap()));
    let pixels = &last[24..];
    if pixels.len() != expected.len() {
        return Err(format!("{} bytes, expected {}", pixels.len(), expected.len()));
    }
    if vector["method_name"] == "jpeg" {
        // Red mask of the geometry: f800 is the layout of 16 bits per pixel.
        let psnr = if requests.get(12..16) == Some(&[0, 0xf8, 0, 0]) {
            psnr(&channels565(pixels), &channels565(&expected))
        } else {
            psnr(pixels, &expected)
        };
        let enough = if vector["method"] == 35 { JPEG_PSNR } else { CORRECTED_JPEG_PSNR };
        return if psnr >= enough { Ok(()) } else { Err(format!("{psnr:.1} dB")) };
    }
    let undefined = !list(&vector["undefined"]).is_empty();
    let bpp = if vector["dst_depth"] == 16 { 2 } else { 4 };
    let width = vector["width"].as_u64().unwrap() as usize * bpp;
    let row = width.next_multiple_of(4);
    for (at, (got, want)) in pixels.iter().zip(&expected).enumerate() {
        if undefined && (at % row >= width || (bpp == 4 && at % 4 == 3)) {
            continue;
        }
        if got != want {
            return Err(format!("byte {at} is {got:02x}, expected {want:02x}"));
        }
    }
    Ok(())
}

/// Pixels of 5, 6 and 5 bits as bytes of 8.
fn channels565(pixels: &[u8]) -> Vec<u8> {
    let widen = |p: &[u8]| {
        let p = u16::from_le_bytes([p[0], p[1]]);
        [(p >> 11 << 3) as u8, (p >> 5 << 2) as u8, (p << 3) as u8]
    };
    pixels.chunks_exact(2).flat_map(widen).collect()
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    20.0 * 255_f64.log10() - 10.0 * (squares / a.len() as f64).log10()
}
