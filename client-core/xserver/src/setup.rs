//! Connection setup (X11 §8) and what it announces: formats, visuals, the screen.

use x11rb_protocol::protocol::xproto::{
    BackingStore, Depth, EventMask, Format, ImageOrder, Screen, Setup, SetupFailed, VisualClass, Visualtype,
};
use x11rb_protocol::x11_utils::Serialize;

use crate::byte_order;
use crate::client::{ClientId, Phase};
use crate::error::Fault;
use crate::server::{DEFAULT_COLORMAP, ROOT, Server};

/// The depth of the root window.
pub(crate) const ROOT_DEPTH: u8 = 24;
/// The root's visual: TrueColor, depth 24.
pub(crate) const ROOT_VISUAL: u32 = 0x21;
/// `DirectColor`, depth 24.
pub(crate) const DIRECT_VISUAL: u32 = 0x22;
/// TrueColor with alpha, depth 32.
pub(crate) const ARGB_VISUAL: u32 = 0x23;
/// Depths of pixmaps, with bits per pixel.
pub(crate) const FORMATS: [(u8, u8); 7] = [(1, 1), (4, 8), (8, 8), (15, 16), (16, 16), (24, 32), (32, 32)];

const RELEASE: u32 = 10_000_000;

/// Whether the visual exists (and has the depth, if one is given).
pub(crate) fn is_visual(visual: u32, depth: Option<u8>) -> bool {
    match visual {
        ROOT_VISUAL | DIRECT_VISUAL => depth.is_none_or(|depth| depth == 24),
        ARGB_VISUAL => depth.is_none_or(|depth| depth == 32),
        _ => false,
    }
}

/// Pixels to millimetres, at least 1.
pub(crate) fn millimetres(pixels: u16, dpi: u16) -> u16 {
    let millimetres = (u32::from(pixels) * 254 + u32::from(dpi) * 5) / (u32::from(dpi.max(1)) * 10);
    millimetres.clamp(1, u32::from(u16::MAX)) as u16
}

/// Executes the setup request if it is complete; returns its length or 0.
pub(crate) fn run(server: &mut Server, id: ClientId, bytes: &[u8]) -> usize {
    let Some(&order) = bytes.first() else { return 0 };
    let big_endian = match order {
        b'B' => true,
        b'l' => false,
        other => {
            if let Some(client) = server.client_mut(id) {
                client.fault = Some(Fault::ByteOrder(other));
            }
            return bytes.len();
        }
    };
    let Some(header) = bytes.first_chunk::<12>() else { return 0 };
    let half = |at: usize| {
        let pair = [header[at], header[at + 1]];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    };
    let major = half(2);
    let length = 12 + usize::from(half(6)).next_multiple_of(4) + usize::from(half(8)).next_multiple_of(4);
    if bytes.len() < length {
        return 0;
    }
    let mut reply = Vec::new();
    let accepted = major == 11;
    if accepted {
        describe(server, id).serialize_into(&mut reply);
    } else {
        let reason = b"protocol version 11 expected".to_vec();
        let refusal = SetupFailed {
            status: 0,
            protocol_major_version: 11,
            protocol_minor_version: 0,
            length: 0,
            reason,
        };
        refusal.serialize_into(&mut reply);
        reply.resize(reply.len().next_multiple_of(4), 0);
    }
    let words = ((reply.len() - 8) / 4) as u16;
    reply[6..8].copy_from_slice(&words.to_ne_bytes());
    let Some(client) = server.client_mut(id) else { return length };
    client.swapped = big_endian != cfg!(target_endian = "big");
    if client.swapped {
        byte_order::swap_setup(&mut reply);
    }
    client.output.extend_from_slice(&reply);
    if accepted {
        client.phase = Phase::Running;
    } else {
        client.fault = Some(Fault::SetupRefused("protocol version 11 expected"));
    }
    length
}

/// The answer to a good setup request.
fn describe(server: &Server, id: ClientId) -> Setup {
    let native = if cfg!(target_endian = "big") { ImageOrder::MSB_FIRST } else { ImageOrder::LSB_FIRST };
    let ((width, height), (mwidth, mheight)) = (server.size(), server.size_in_millimetres());
    let visual = |visual_id| Visualtype {
        visual_id,
        class: if visual_id == DIRECT_VISUAL { VisualClass::DIRECT_COLOR } else { VisualClass::TRUE_COLOR },
        bits_per_rgb_value: 8,
        colormap_entries: 256,
        red_mask: 0x00ff_0000,
        green_mask: 0x0000_ff00,
        blue_mask: 0x0000_00ff,
    };
    let depth = |depth: u8| Depth {
        depth,
        visuals: match depth {
            24 => vec![visual(ROOT_VISUAL), visual(DIRECT_VISUAL)],
            32 => vec![visual(ARGB_VISUAL)],
            _ => Vec::new(),
        },
    };
    let root_masks = server.window(ROOT).map_or(0, crate::window::Window::all_masks);
    Setup {
        status: 1,
        protocol_major_version: 11,
        protocol_minor_version: 0,
        length: 0,
        release_number: RELEASE,
        resource_id_base: id.0 << server.id_shift,
        resource_id_mask: (1 << server.id_shift) - 1,
        motion_buffer_size: crate::input::MOTION_HISTORY as u32,
        maximum_request_length: u16::MAX,
        image_byte_order: native,
        bitmap_format_bit_order: native,
        bitmap_format_scanline_unit: 32,
        bitmap_format_scanline_pad: 32,
        min_keycode: server.input.keyboard.min_keycode(),
        max_keycode: server.input.keyboard.max_keycode(),
        vendor: server.config.vendor.bytes().take(256).collect(),
        pixmap_formats: FORMATS
            .iter()
            .map(|(depth, bits_per_pixel)| Format {
                depth: *depth,
                bits_per_pixel: *bits_per_pixel,
                scanline_pad: 32,
            })
            .collect(),
        roots: vec![Screen {
            root: ROOT,
            default_colormap: DEFAULT_COLORMAP,
            white_pixel: 0x00ff_ffff,
            black_pixel: 0,
            current_input_masks: EventMask::from(root_masks),
            width_in_pixels: width,
            height_in_pixels: height,
            width_in_millimeters: mwidth,
            height_in_millimeters: mheight,
            min_installed_maps: 1,
            max_installed_maps: 1,
            root_visual: ROOT_VISUAL,
            backing_stores: BackingStore::NOT_USEFUL,
            save_unders: false,
            root_depth: ROOT_DEPTH,
            allowed_depths: [24, 1, 4, 8, 15, 16, 32].into_iter().map(depth).collect(),
        }],
    }
}
