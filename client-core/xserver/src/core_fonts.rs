//! Requests about core fonts. The fonts themselves are in [`crate::font`].

use x11rb_protocol::protocol::xproto::{
    Charinfo, FontDraw, Fontprop, GetFontPathReply, ListFontsReply, ListFontsRequest, ListFontsWithInfoReply,
    ListFontsWithInfoRequest, OpenFontRequest, QueryFontReply, QueryTextExtentsReply, SetFontPathRequest,
    Str,
};

use crate::client::ClientId;
use crate::drawing::codes;
use crate::error::{Outcome, XError};
use crate::font::{Font, Metrics, PropertyValue};
use crate::resource::{Resource, Xid};
use crate::server::Server;
use crate::value_list::{tail, word};

fn char_info(metrics: Metrics) -> Charinfo {
    Charinfo {
        left_side_bearing: metrics.left,
        right_side_bearing: metrics.right,
        character_width: metrics.width,
        ascent: metrics.ascent,
        descent: metrics.descent,
        attributes: metrics.attributes,
    }
}

fn direction(font: &Font) -> FontDraw {
    if font.info().right_to_left { FontDraw::RIGHT_TO_LEFT } else { FontDraw::LEFT_TO_RIGHT }
}

/// The font of a GC that was given none.
const DEFAULT_FONT: &str = "fixed";

/// Font names are Latin-1.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn to_latin1(name: &str) -> Vec<u8> {
    name.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

impl Server {
    pub(crate) fn open_font(&mut self, client: ClientId, request: &OpenFontRequest<'_>) -> Outcome {
        self.check_new_id(client, request.fid)?;
        let font = self.fonts.open(&latin1(&request.name)).ok_or(XError::NAME)?;
        self.add_resource(client, request.fid, Resource::Font(font));
        Ok(())
    }

    pub(crate) fn close_font(&mut self, id: Xid) -> Outcome {
        self.font_resource(id)?;
        self.free_resource(id);
        Ok(())
    }

    /// A FONTABLE: a font, or the font of a GC.
    fn fontable(&mut self, id: Xid) -> Outcome<std::sync::Arc<Font>> {
        match self.resources.get(&id) {
            Some(Resource::Font(font)) => Ok(font.clone()),
            Some(Resource::Gc(gc)) => match &gc.raster.font {
                Some(font) => Ok(font.clone()),
                None => self.fonts.open(DEFAULT_FONT).ok_or(XError::font(id)),
            },
            _ => Err(XError::font(id)),
        }
    }

    fn font_properties(&mut self, font: &Font) -> Vec<Fontprop> {
        font.info()
            .properties
            .iter()
            .map(|property| Fontprop {
                name: self.atoms.intern(property.name.as_bytes()),
                value: match &property.value {
                    PropertyValue::Text(text) => self.atoms.intern(text.as_bytes()),
                    PropertyValue::Number(number) => *number as u32,
                },
            })
            .collect()
    }

    pub(crate) fn query_font(&mut self, client: ClientId, id: Xid) -> Outcome {
        let font = self.fontable(id)?;
        let properties = self.font_properties(&font);
        let info = font.info();
        let reply = QueryFontReply {
            sequence: 0,
            length: 0,
            min_bounds: char_info(info.min_bounds),
            max_bounds: char_info(info.max_bounds),
            min_char_or_byte2: info.min_byte2,
            max_char_or_byte2: info.max_byte2,
            default_char: info.default_char,
            draw_direction: direction(&font),
            min_byte1: info.min_byte1,
            max_byte1: info.max_byte1,
            all_chars_exist: info.all_chars_exist,
            font_ascent: info.ascent,
            font_descent: info.descent,
            properties,
            char_infos: font.char_infos().map(char_info).collect(),
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn query_text_extents(&mut self, client: ClientId, odd: u8, body: &[u8]) -> Outcome {
        let font = self.fontable(word(body, 0)?)?;
        let mut text = tail(body, 4)?;
        if odd != 0 {
            text = text.get(..text.len().checked_sub(2).ok_or(XError::LENGTH)?).unwrap_or(&[]);
        }
        let extents = font.text_extents(codes(text, true).iter().copied());
        let info = font.info();
        let reply = QueryTextExtentsReply {
            draw_direction: direction(&font),
            sequence: 0,
            length: 0,
            font_ascent: info.ascent,
            font_descent: info.descent,
            overall_ascent: extents.ascent as i16,
            overall_descent: extents.descent as i16,
            overall_width: extents.width,
            overall_left: extents.left,
            overall_right: extents.right,
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn list_fonts(&mut self, client: ClientId, request: &ListFontsRequest<'_>) -> Outcome {
        let names = self
            .fonts
            .list(&latin1(&request.pattern), usize::from(request.max_names))
            .into_iter()
            .map(|name| Str { name: to_latin1(name) })
            .collect();
        self.reply(client, &ListFontsReply { sequence: 0, length: 0, names });
        Ok(())
    }

    pub(crate) fn list_fonts_with_info(
        &mut self,
        client: ClientId,
        request: &ListFontsWithInfoRequest<'_>,
    ) -> Outcome {
        let names: Vec<String> = self
            .fonts
            .list(&latin1(&request.pattern), usize::from(request.max_names))
            .into_iter()
            .map(str::to_owned)
            .collect();
        let count = names.len();
        for (index, name) in names.into_iter().enumerate() {
            let Some(font) = self.fonts.open(&name) else { continue };
            let properties = self.font_properties(&font);
            let info = font.info();
            let reply = ListFontsWithInfoReply {
                sequence: 0,
                length: 0,
                min_bounds: char_info(info.min_bounds),
                max_bounds: char_info(info.max_bounds),
                min_char_or_byte2: info.min_byte2,
                max_char_or_byte2: info.max_byte2,
                default_char: info.default_char,
                draw_direction: direction(&font),
                min_byte1: info.min_byte1,
                max_byte1: info.max_byte1,
                all_chars_exist: info.all_chars_exist,
                font_ascent: info.ascent,
                font_descent: info.descent,
                replies_hint: (count - index - 1) as u32,
                properties,
                name: to_latin1(&name),
            };
            self.reply(client, &reply);
        }
        // The last reply has a name of length 0 (byte 1) and 7 words more than 32 bytes.
        let end = ListFontsWithInfoReply::default();
        self.reply(client, &end);
        Ok(())
    }

    /// The fonts are built in: the path is remembered, and only what it names can be asked for again.
    pub(crate) fn set_font_path(&mut self, request: &SetFontPathRequest<'_>) -> Outcome {
        let known = |name: &[u8]| name == b"built-ins";
        if request.font.iter().any(|entry| !known(&entry.name)) {
            return Err(XError::value(0));
        }
        self.font_path = vec![b"built-ins".to_vec()];
        Ok(())
    }

    pub(crate) fn get_font_path(&mut self, client: ClientId) -> Outcome {
        let path = self.font_path.iter().map(|name| Str { name: name.clone() }).collect();
        self.reply(client, &GetFontPathReply { sequence: 0, length: 0, path });
        Ok(())
    }
}
