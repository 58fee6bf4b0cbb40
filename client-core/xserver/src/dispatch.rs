//! The core requests: their lengths, and which function executes each.

#[allow(
    clippy::wildcard_imports,
    reason = "nearly every request and opcode of the protocol is named here"
)]
use x11rb_protocol::protocol::xproto::*;
use x11rb_protocol::x11_utils::RequestHeader;

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;
use crate::value_list::{half, tail, word};

/// How long the requests are, in words with the header: exactly (`Some(true)`) or at least.
const LENGTHS: [(u8, bool); 120] = [
    (0, false), // no request 0
    (8, false),
    (3, false),
    (2, true),
    (2, true),
    (2, true),
    (2, true),
    (4, true),
    (2, true),
    (2, true),
    (2, true),
    (2, true),
    (3, false),
    (2, true),
    (2, true),
    (2, true),
    (2, false),
    (2, true),
    (6, false),
    (3, true),
    (6, true),
    (2, true),
    (4, true),
    (2, true),
    (6, true),
    (11, true),
    (6, true),
    (2, true),
    (6, true),
    (3, true),
    (4, true),
    (4, true),
    (2, true),
    (4, true),
    (3, true),
    (2, true),
    (1, true),
    (1, true),
    (2, true),
    (4, true),
    (4, true),
    (6, true),
    (3, true),
    (1, true),
    (1, true),
    (3, false),
    (2, true),
    (2, true),
    (2, false),
    (2, false),
    (2, false),
    (2, false),
    (1, true),
    (4, true),
    (2, true),
    (4, false),
    (3, false),
    (4, true),
    (3, false),
    (3, false),
    (2, true),
    (4, true),
    (7, true),
    (8, true),
    (3, false),
    (3, false),
    (3, false),
    (3, false),
    (3, false),
    (4, false),
    (3, false),
    (3, false),
    (6, false),
    (5, true),
    (4, false),
    (4, false),
    (4, false),
    (4, false),
    (4, true),
    (2, true),
    (3, true),
    (2, true),
    (2, true),
    (2, true),
    (4, true),
    (3, false),
    (3, true),
    (4, true),
    (3, false),
    (2, false),
    (4, false),
    (2, false),
    (3, false),
    (8, true),
    (8, true),
    (2, true),
    (5, true),
    (3, true),
    (2, false),
    (1, true),
    (2, false),
    (2, true),
    (2, false),
    (1, true),
    (1, true),
    (3, true),
    (1, true),
    (3, true),
    (1, true),
    (2, false),
    (1, true),
    (1, true),
    (1, true),
    (2, true),
    (3, false),
    (1, true),
    (1, false),
    (1, true),
    (1, false),
    (1, true),
];

/// Checks that the body has the length the request announces within itself.
fn check_length(major: u8, minor: u8, body: &[u8]) -> Outcome {
    let words = body.len() / 4 + 1;
    let Some((least, exact)) = LENGTHS.get(usize::from(major)).copied() else { return Ok(()) };
    let least = usize::from(least);
    if words < least || (exact && words != least) {
        return Err(XError::LENGTH);
    }
    let padded = |fixed: usize, bytes: usize| fixed + bytes.div_ceil(4);
    let multiple = |fixed: usize, item: usize| {
        (words - fixed).is_multiple_of(item).then_some(words).ok_or(XError::LENGTH)
    };
    let expected = match major {
        INTERN_ATOM_REQUEST
        | LOOKUP_COLOR_REQUEST
        | ALLOC_NAMED_COLOR_REQUEST
        | OPEN_FONT_REQUEST
        | QUERY_EXTENSION_REQUEST
        | STORE_NAMED_COLOR_REQUEST => {
            let at = match major {
                INTERN_ATOM_REQUEST | QUERY_EXTENSION_REQUEST => 0,
                STORE_NAMED_COLOR_REQUEST => 8,
                _ => 4,
            };
            padded(least, usize::from(half(body, at)?))
        }
        CHANGE_PROPERTY_REQUEST => {
            // The mode and the format are looked at before the length.
            if minor > 2 {
                return Err(XError::value(i32::from(minor as i8) as u32));
            }
            let format = body.get(12).copied().unwrap_or(0);
            if !matches!(format, 8 | 16 | 32) {
                return Err(XError::value(i32::from(format as i8) as u32));
            }
            let unit = usize::from(format / 8);
            let items = word(body, 16)? as usize;
            padded(least, items.checked_mul(unit.max(1)).ok_or(XError::LENGTH)?)
        }
        LIST_FONTS_REQUEST | LIST_FONTS_WITH_INFO_REQUEST | CHANGE_HOSTS_REQUEST => {
            padded(least, usize::from(half(body, 2)?))
        }
        POLY_TEXT8_REQUEST | POLY_TEXT16_REQUEST => {
            check_text_items(tail(body, 12)?, if major == POLY_TEXT16_REQUEST { 2 } else { 1 })?;
            words
        }
        SET_DASHES_REQUEST => padded(least, usize::from(half(body, 6)?)),
        SET_CLIP_RECTANGLES_REQUEST
        | POLY_SEGMENT_REQUEST
        | POLY_RECTANGLE_REQUEST
        | POLY_FILL_RECTANGLE_REQUEST => multiple(3, 2)?,
        POLY_ARC_REQUEST | POLY_FILL_ARC_REQUEST => multiple(3, 3)?,
        IMAGE_TEXT8_REQUEST => padded(4, usize::from(minor)),
        IMAGE_TEXT16_REQUEST => padded(4, 2 * usize::from(minor)),
        CHANGE_KEYBOARD_MAPPING_REQUEST => {
            least + usize::from(minor) * usize::from(body.get(1).copied().unwrap_or(0))
        }
        SET_FONT_PATH_REQUEST => {
            let mut rest = tail(body, 4)?;
            for _ in 0..half(body, 0)? {
                let (length, name) = rest.split_first().ok_or(XError::LENGTH)?;
                rest = tail(name, usize::from(*length))?;
            }
            words - rest.len() / 4
        }
        ROTATE_PROPERTIES_REQUEST => least + usize::from(half(body, 4)?),
        SET_POINTER_MAPPING_REQUEST => padded(least, usize::from(minor)),
        SET_MODIFIER_MAPPING_REQUEST => least + 2 * usize::from(minor),
        _ => words,
    };
    if expected == words { Ok(()) } else { Err(XError::LENGTH) }
}

/// Checks that the items of `PolyText8` (one byte a character) and `PolyText16` (two) that change the font are whole.
fn check_text_items(items: &[u8], bytes: usize) -> Outcome {
    let mut rest = items;
    while let [length, _, ..] = rest {
        rest = if *length == 255 {
            rest.get(5..).ok_or(XError::LENGTH)?
        } else {
            rest.get(2 + usize::from(*length) * bytes..).unwrap_or(&[])
        };
    }
    Ok(())
}

/// Executes a core request.
pub(crate) fn core(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let (major, minor) = (header.major_opcode, header.minor_opcode);
    check_length(major, minor, body)?;
    macro_rules! parse {
        ($request:ident) => {
            $request::try_parse_request(header, body)?
        };
    }
    let first = || word(body, 0);
    match major {
        CREATE_WINDOW_REQUEST => server.create_window(client, minor, body),
        CHANGE_WINDOW_ATTRIBUTES_REQUEST => server.change_window_attributes(client, body),
        GET_WINDOW_ATTRIBUTES_REQUEST => server.get_window_attributes(client, first()?),
        DESTROY_WINDOW_REQUEST => server.destroy_window(first()?),
        DESTROY_SUBWINDOWS_REQUEST => server.destroy_subwindows(first()?),
        CHANGE_SAVE_SET_REQUEST => server.change_save_set(client, minor, first()?),
        REPARENT_WINDOW_REQUEST => {
            let request = parse!(ReparentWindowRequest);
            server.reparent_window(client, request.window, request.parent, request.x, request.y)
        }
        MAP_WINDOW_REQUEST => server.map_window(client, first()?),
        MAP_SUBWINDOWS_REQUEST => server.map_subwindows(client, first()?),
        UNMAP_WINDOW_REQUEST => server.unmap_window(first()?),
        UNMAP_SUBWINDOWS_REQUEST => server.unmap_subwindows(first()?),
        CONFIGURE_WINDOW_REQUEST => server.configure_window(client, body),
        CIRCULATE_WINDOW_REQUEST => server.circulate_window(client, minor, first()?),
        GET_GEOMETRY_REQUEST => server.get_geometry(client, first()?),
        QUERY_TREE_REQUEST => server.query_tree(client, first()?),
        INTERN_ATOM_REQUEST => {
            if minor > 1 {
                return Err(XError::value(u32::from(minor)));
            }
            let request = parse!(InternAtomRequest);
            server.intern_atom(client, request.only_if_exists, &request.name)
        }
        GET_ATOM_NAME_REQUEST => server.get_atom_name(client, first()?),
        CHANGE_PROPERTY_REQUEST => server.change_property_request(&parse!(ChangePropertyRequest)),
        DELETE_PROPERTY_REQUEST => {
            let (window, atom) = (first()?, word(body, 4)?);
            server.window(window)?;
            server.atoms.check(atom)?;
            server.delete_property(window, atom)
        }
        GET_PROPERTY_REQUEST => server.get_property(client, minor, &parse!(GetPropertyRequest)),
        LIST_PROPERTIES_REQUEST => server.list_properties(client, first()?),
        SET_SELECTION_OWNER_REQUEST => {
            server.set_selection_owner(client, first()?, word(body, 4)?, word(body, 8)?)
        }
        GET_SELECTION_OWNER_REQUEST => server.get_selection_owner(client, first()?),
        CONVERT_SELECTION_REQUEST => server.convert_selection(client, &parse!(ConvertSelectionRequest)),
        SEND_EVENT_REQUEST => {
            let event = tail(body, 8)?.first_chunk::<32>().ok_or(XError::LENGTH)?;
            server.send_event_request(client, minor, first()?, word(body, 4)?, event)
        }
        GRAB_POINTER_REQUEST => server.grab_pointer(client, minor, &parse!(GrabPointerRequest)),
        UNGRAB_POINTER_REQUEST => server.ungrab_pointer(client, first()?),
        GRAB_BUTTON_REQUEST => server.grab_button(client, minor, &parse!(GrabButtonRequest)),
        UNGRAB_BUTTON_REQUEST => server.ungrab_button(client, &parse!(UngrabButtonRequest)),
        CHANGE_ACTIVE_POINTER_GRAB_REQUEST => {
            server.change_active_pointer_grab(client, &parse!(ChangeActivePointerGrabRequest))
        }
        GRAB_KEYBOARD_REQUEST => server.grab_keyboard(client, minor, &parse!(GrabKeyboardRequest)),
        UNGRAB_KEYBOARD_REQUEST => server.ungrab_keyboard(client, first()?),
        GRAB_KEY_REQUEST => server.grab_key(client, minor, &parse!(GrabKeyRequest)),
        UNGRAB_KEY_REQUEST => server.ungrab_key(client, &parse!(UngrabKeyRequest)),
        ALLOW_EVENTS_REQUEST => server.allow_events(client, minor, first()?),
        GRAB_SERVER_REQUEST => {
            server.grabbed_by = Some(client);
            Ok(())
        }
        UNGRAB_SERVER_REQUEST => {
            if server.grabbed_by == Some(client) {
                server.grabbed_by = None;
                server.wake = true;
            }
            Ok(())
        }
        QUERY_POINTER_REQUEST => server.query_pointer(client, first()?),
        GET_MOTION_EVENTS_REQUEST => server.get_motion_events(client, &parse!(GetMotionEventsRequest)),
        TRANSLATE_COORDINATES_REQUEST => {
            let request = parse!(TranslateCoordinatesRequest);
            server.translate_coordinates(
                client,
                request.src_window,
                request.dst_window,
                request.src_x,
                request.src_y,
            )
        }
        WARP_POINTER_REQUEST => server.warp_pointer_request(&parse!(WarpPointerRequest)),
        SET_INPUT_FOCUS_REQUEST => server.set_input_focus(minor, first()?, word(body, 4)?),
        GET_INPUT_FOCUS_REQUEST => server.get_input_focus(client),
        QUERY_KEYMAP_REQUEST => server.query_keymap(client),
        OPEN_FONT_REQUEST => server.open_font(client, &parse!(OpenFontRequest)),
        CLOSE_FONT_REQUEST => server.close_font(first()?),
        QUERY_FONT_REQUEST => server.query_font(client, first()?),
        QUERY_TEXT_EXTENTS_REQUEST => server.query_text_extents(client, minor, body),
        LIST_FONTS_REQUEST => server.list_fonts(client, &parse!(ListFontsRequest)),
        LIST_FONTS_WITH_INFO_REQUEST => {
            server.list_fonts_with_info(client, &parse!(ListFontsWithInfoRequest))
        }
        SET_FONT_PATH_REQUEST => server.set_font_path(&parse!(SetFontPathRequest)),
        GET_FONT_PATH_REQUEST => server.get_font_path(client),
        CREATE_PIXMAP_REQUEST => server.create_pixmap(client, &parse!(CreatePixmapRequest)),
        FREE_PIXMAP_REQUEST => {
            let id = first()?;
            server.pixmap(id)?;
            server.free_resource(id);
            Ok(())
        }
        CREATE_GC_REQUEST => server.create_gc(client, body),
        CHANGE_GC_REQUEST => server.change_gc(body),
        COPY_GC_REQUEST => server.copy_gc(first()?, word(body, 4)?, word(body, 8)?),
        SET_DASHES_REQUEST => {
            let request = parse!(SetDashesRequest);
            server.set_dashes(request.gc, request.dash_offset, &request.dashes)
        }
        SET_CLIP_RECTANGLES_REQUEST => server.set_clip_rectangles(minor, &parse!(SetClipRectanglesRequest)),
        FREE_GC_REQUEST => {
            let id = first()?;
            server.gc(id)?;
            server.free_resource(id);
            Ok(())
        }
        CLEAR_AREA_REQUEST => {
            if minor > 1 {
                return Err(XError::value(u32::from(minor)));
            }
            let request = parse!(ClearAreaRequest);
            server.clear_area(
                minor != 0,
                request.window,
                (request.x, request.y, request.width, request.height),
            )
        }
        COPY_AREA_REQUEST => server.copy_area(client, &parse!(CopyAreaRequest)),
        COPY_PLANE_REQUEST => server.copy_plane(client, &parse!(CopyPlaneRequest)),
        POLY_POINT_REQUEST => server.poly_point(minor, body),
        POLY_LINE_REQUEST => server.poly_line(minor, body),
        POLY_SEGMENT_REQUEST => server.poly_segment(body),
        POLY_RECTANGLE_REQUEST => server.poly_rectangle(body),
        POLY_ARC_REQUEST => server.poly_arc(body),
        FILL_POLY_REQUEST => server.fill_poly(body),
        POLY_FILL_RECTANGLE_REQUEST => server.poly_fill_rectangle(body),
        POLY_FILL_ARC_REQUEST => server.poly_fill_arc(body),
        PUT_IMAGE_REQUEST => server.put_image(minor, body),
        GET_IMAGE_REQUEST => server.get_image(client, minor, &parse!(GetImageRequest)),
        POLY_TEXT8_REQUEST => server.poly_text(
            first()?,
            word(body, 4)?,
            half(body, 8)?,
            half(body, 10)?,
            tail(body, 12)?,
            false,
        ),
        POLY_TEXT16_REQUEST => {
            server.poly_text(first()?, word(body, 4)?, half(body, 8)?, half(body, 10)?, tail(body, 12)?, true)
        }
        IMAGE_TEXT8_REQUEST => {
            let text = tail(body, 12)?.get(..usize::from(minor)).ok_or(XError::LENGTH)?;
            server.image_text(first()?, word(body, 4)?, half(body, 8)?, half(body, 10)?, text, false)
        }
        IMAGE_TEXT16_REQUEST => {
            let text = tail(body, 12)?.get(..2 * usize::from(minor)).ok_or(XError::LENGTH)?;
            server.image_text(first()?, word(body, 4)?, half(body, 8)?, half(body, 10)?, text, true)
        }
        CREATE_COLORMAP_REQUEST => server.create_colormap(client, minor, &parse!(CreateColormapRequest)),
        FREE_COLORMAP_REQUEST => server.free_colormap(first()?),
        COPY_COLORMAP_AND_FREE_REQUEST => server.copy_colormap_and_free(client, first()?, word(body, 4)?),
        INSTALL_COLORMAP_REQUEST => server.install_colormap(first()?),
        UNINSTALL_COLORMAP_REQUEST => server.uninstall_colormap(first()?),
        LIST_INSTALLED_COLORMAPS_REQUEST => server.list_installed_colormaps(client, first()?),
        ALLOC_COLOR_REQUEST => server.alloc_color(client, &parse!(AllocColorRequest)),
        ALLOC_NAMED_COLOR_REQUEST => server.alloc_named_color(client, &parse!(AllocNamedColorRequest)),
        ALLOC_COLOR_CELLS_REQUEST => server.alloc_color_cells(client, minor, &parse!(AllocColorCellsRequest)),
        ALLOC_COLOR_PLANES_REQUEST => {
            server.alloc_color_planes(client, minor, &parse!(AllocColorPlanesRequest))
        }
        FREE_COLORS_REQUEST => server.free_colors(client, &parse!(FreeColorsRequest)),
        STORE_COLORS_REQUEST => server.store_colors(body),
        STORE_NAMED_COLOR_REQUEST => server.store_named_color(minor, &parse!(StoreNamedColorRequest)),
        QUERY_COLORS_REQUEST => server.query_colors(client, &parse!(QueryColorsRequest)),
        LOOKUP_COLOR_REQUEST => server.lookup_color(client, &parse!(LookupColorRequest)),
        CREATE_CURSOR_REQUEST => server.create_cursor(client, &parse!(CreateCursorRequest)),
        CREATE_GLYPH_CURSOR_REQUEST => server.create_glyph_cursor(client, &parse!(CreateGlyphCursorRequest)),
        FREE_CURSOR_REQUEST => {
            let id = first()?;
            server.cursor_resource(id)?;
            server.free_resource(id);
            Ok(())
        }
        RECOLOR_CURSOR_REQUEST => server.recolor_cursor(&parse!(RecolorCursorRequest)),
        QUERY_BEST_SIZE_REQUEST => server.query_best_size(client, minor, &parse!(QueryBestSizeRequest)),
        QUERY_EXTENSION_REQUEST => server.query_extension(client, &parse!(QueryExtensionRequest).name),
        LIST_EXTENSIONS_REQUEST => server.list_extensions(client),
        CHANGE_KEYBOARD_MAPPING_REQUEST => {
            server.change_keyboard_mapping(&parse!(ChangeKeyboardMappingRequest))
        }
        GET_KEYBOARD_MAPPING_REQUEST => {
            server.get_keyboard_mapping(client, &parse!(GetKeyboardMappingRequest))
        }
        CHANGE_KEYBOARD_CONTROL_REQUEST => server.change_keyboard_control(body),
        GET_KEYBOARD_CONTROL_REQUEST => server.get_keyboard_control(client),
        BELL_REQUEST => server.bell(minor as i8),
        CHANGE_POINTER_CONTROL_REQUEST => server.change_pointer_control(body),
        GET_POINTER_CONTROL_REQUEST => server.get_pointer_control(client),
        SET_SCREEN_SAVER_REQUEST => server.set_screen_saver(&parse!(SetScreenSaverRequest)),
        GET_SCREEN_SAVER_REQUEST => server.get_screen_saver(client),
        CHANGE_HOSTS_REQUEST => server.change_hosts(minor, body),
        LIST_HOSTS_REQUEST => server.list_hosts(client),
        SET_ACCESS_CONTROL_REQUEST => server.set_access_control(minor),
        SET_CLOSE_DOWN_MODE_REQUEST => server.set_close_down_mode(client, minor),
        KILL_CLIENT_REQUEST => server.kill_client(first()?),
        ROTATE_PROPERTIES_REQUEST => server.rotate_properties(&parse!(RotatePropertiesRequest)),
        FORCE_SCREEN_SAVER_REQUEST => server.force_screen_saver(minor),
        SET_POINTER_MAPPING_REQUEST => {
            let map = body.get(..usize::from(minor)).ok_or(XError::LENGTH)?;
            server.set_pointer_mapping(client, map)
        }
        GET_POINTER_MAPPING_REQUEST => server.get_pointer_mapping(client),
        SET_MODIFIER_MAPPING_REQUEST => {
            let map = body.get(..8 * usize::from(minor)).ok_or(XError::LENGTH)?;
            server.set_modifier_mapping(client, minor, map)
        }
        GET_MODIFIER_MAPPING_REQUEST => server.get_modifier_mapping(client),
        NO_OPERATION_REQUEST => Ok(()),
        _ => Err(XError::REQUEST),
    }
}
