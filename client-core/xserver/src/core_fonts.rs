//! Requests about core fonts. The fonts themselves are in [`crate::font`].

use std::collections::HashSet;
use std::sync::{Arc, OnceLock, Weak};

use x11rb_protocol::protocol::xproto::{
    Charinfo, FontDraw, Fontprop, GetFontPathReply, ListFontsReply, ListFontsRequest, ListFontsWithInfoReply,
    ListFontsWithInfoRequest, OpenFontRequest, QueryFontReply, QueryTextExtentsReply, SetFontPathRequest,
    Str,
};

use crate::client::ClientId;
use crate::config::Config;
use crate::drawing::codes;
use crate::error::{Outcome, XError};
use crate::font::xlfd::{Request, scalable};
use crate::font::{Font, Metrics, PropertyValue, matches};
use crate::resource::{Resource, Xid};
use crate::server::Server;
use crate::value_list::{tail, word};

/// The element of the path that stands for the built-in fonts.
const BUILT_INS: &[u8] = b"built-ins";
/// More names than this of one directory are left out.
const MAX_NAMES: usize = 20_000;
/// More elements than this make no path.
const MAX_ELEMENTS: usize = 64;

/// The most that one scaled font may take, in 32-bit words of bits.
const MAX_SCALED: usize = 1 << 20;
/// The most that all of them may take at a time, in bytes.
const MAX_ALL_SCALED: usize = 64 << 20;

/// A font in a size that no file has, as long as somebody uses it.
#[derive(Debug)]
pub(crate) struct ScaledFont {
    source: Weak<Font>,
    name: String,
    font: Weak<Font>,
}

/// Where fonts are looked for, beside the built-in ones.
#[derive(Debug)]
pub(crate) struct FontPath {
    elements: Vec<Vec<u8>>,
    /// By lower-case name: in the order of the path, sorted within each directory.
    files: Vec<FontFile>,
}

#[derive(Debug)]
struct FontFile {
    name: String,
    directory: Arc<str>,
    file: String,
    /// Read when it is first opened; none in it if it could not be.
    font: OnceLock<Option<Arc<Font>>>,
}

impl FontPath {
    /// The path that counts until clients set one: those of the embedder's directories that there are, and the built-in
    /// fonts.
    pub(crate) fn default_of(config: &Config) -> Self {
        let mut path = Self { elements: Vec::new(), files: Vec::new() };
        for directory in &config.font_path {
            if let Some(found) = font_files(directory, config) {
                path.elements.push(directory.clone().into_bytes());
                path.files.extend(found);
            }
        }
        path.elements.push(BUILT_INS.to_vec());
        path
    }

    /// The index of an element that names nothing is the error.
    fn new(elements: Vec<Vec<u8>>, config: &Config) -> Result<Self, usize> {
        let mut files = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            if element != BUILT_INS {
                files.extend(font_files(&String::from_utf8_lossy(element), config).ok_or(index)?);
            }
        }
        Ok(Self { elements, files })
    }
}

/// The fonts of a directory, sorted; none if the embedder gives no such directory.
fn font_files(directory: &str, config: &Config) -> Option<Vec<FontFile>> {
    let listed = config.font_files.and_then(|files| (files.list)(directory))?;
    let directory: Arc<str> = directory.into();
    let mut found: Vec<FontFile> = listed
        .into_iter()
        .take(MAX_NAMES)
        .map(|(name, file)| FontFile {
            name: name.to_lowercase(),
            directory: directory.clone(),
            file,
            font: OnceLock::new(),
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Some(found)
}

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
        let font = self.find_font(&latin1(&request.name)).ok_or(XError::NAME)?;
        self.add_resource(client, request.fid, Resource::Font(font));
        Ok(())
    }

    /// The font of a name or pattern: of a directory of the path if one has it, else built in, else scaled.
    fn find_font(&mut self, name: &str) -> Option<Arc<Font>> {
        let wanted = name.to_lowercase();
        self.bitmap_font(&wanted).or_else(|| self.scaled_font(&wanted))
    }

    fn bitmap_font(&self, wanted: &str) -> Option<Arc<Font>> {
        let files = self.config.font_files;
        let found = self.font_path.files.iter().find(|file| matches(wanted, &file.name));
        if let (Some(found), Some(files)) = (found, files) {
            let font = found.font.get_or_init(|| {
                let bytes = (files.read)(&found.directory, &found.file)?;
                Font::from_pcf(&bytes).ok().map(Arc::new)
            });
            if let Some(font) = font {
                return Some(font.clone());
            }
        }
        self.fonts.open(wanted)
    }

    /// A size that no bitmap has, of the face that the description names. Who asks for the same again gets the same.
    fn scaled_font(&mut self, wanted: &str) -> Option<Arc<Font>> {
        let request = Request::of(wanted)?;
        let of_path = self.font_path.files.iter().map(|file| &*file.name);
        let instance = request.instance(of_path.chain(self.fonts.names()))?;
        let source = self.bitmap_font(instance.source)?;
        self.scaled_fonts.retain(|scaled| scaled.font.strong_count() > 0);
        let known = self
            .scaled_fonts
            .iter()
            .find(|scaled| scaled.name == instance.name && scaled.source.as_ptr() == Arc::as_ptr(&source));
        if let Some(font) = known.and_then(|known| known.font.upgrade()) {
            return Some(font);
        }
        let used: usize = self
            .scaled_fonts
            .iter()
            .filter_map(|scaled| scaled.font.upgrade())
            .map(|font| font.bytes())
            .sum();
        if used >= MAX_ALL_SCALED {
            return None;
        }
        let font = Arc::new(source.scaled(&instance, MAX_SCALED)?);
        self.scaled_fonts.push(ScaledFont {
            source: Arc::downgrade(&source),
            name: instance.name,
            font: Arc::downgrade(&font),
        });
        Some(font)
    }

    /// The names that match a pattern, each once: those of the path in its order, then the built-in ones, then the faces
    /// that can be scaled, under the name that stands for all their sizes and in the size that the pattern names.
    fn font_names(&self, pattern: &[u8], max: u16) -> Vec<String> {
        let (pattern, max) = (latin1(pattern).to_lowercase(), usize::from(max));
        let of_path = || self.font_path.files.iter().map(|file| &*file.name);
        let bitmaps = || of_path().chain(self.fonts.names());
        let listed = of_path().filter(|name| matches(&pattern, name)).map(str::to_owned);
        let built_in = self.fonts.list(&pattern, usize::MAX).into_iter().map(str::to_owned);
        let faces = bitmaps().filter_map(scalable).filter(|name| matches(&pattern, name));
        let sizes = Request::of(&pattern).map_or(Vec::new(), |request| request.listed(bitmaps()));
        let mut seen = HashSet::new();
        let all = listed.chain(built_in).chain(faces).chain(sizes);
        all.filter(|name| seen.insert(name.clone())).take(max).collect()
    }

    pub(crate) fn close_font(&mut self, id: Xid) -> Outcome {
        self.font_resource(id)?;
        self.free_resource(id);
        Ok(())
    }

    /// What a GC draws text with: the default font as long as it has been given none.
    pub(crate) fn font_of_gc(&self, id: Xid) -> Outcome<Option<Arc<Font>>> {
        let given = self.gc(id)?.raster.font.clone();
        Ok(given.or_else(|| self.fonts.open(DEFAULT_FONT)))
    }

    /// A FONTABLE: a font, or the font of a GC.
    fn fontable(&mut self, id: Xid) -> Outcome<Arc<Font>> {
        match self.resources.get(&id) {
            Some(Resource::Font(font)) => Ok(font.clone()),
            Some(Resource::Gc(_)) => self.font_of_gc(id)?.ok_or(XError::font(id)),
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
            .font_names(&request.pattern, request.max_names)
            .into_iter()
            .map(|name| Str { name: to_latin1(&name) })
            .collect();
        self.reply(client, &ListFontsReply { sequence: 0, length: 0, names });
        Ok(())
    }

    pub(crate) fn list_fonts_with_info(
        &mut self,
        client: ClientId,
        request: &ListFontsWithInfoRequest<'_>,
    ) -> Outcome {
        let names = self.font_names(&request.pattern, request.max_names);
        let count = names.len();
        for (index, name) in names.into_iter().enumerate() {
            let Some(font) = self.find_font(&name) else { continue };
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

    /// X11 §9, `SetFontPath`: the built-in fonts are always there; directories are what the embedder gives.
    pub(crate) fn set_font_path(&mut self, request: &SetFontPathRequest<'_>) -> Outcome {
        if request.font.len() > MAX_ELEMENTS {
            return Err(XError::ALLOC);
        }
        let elements: Vec<Vec<u8>> = request.font.iter().map(|element| element.name.clone()).collect();
        self.font_path = if elements.is_empty() {
            FontPath::default_of(&self.config)
        } else {
            FontPath::new(elements, &self.config).map_err(|index| XError::value(index as u32))?
        };
        Ok(())
    }

    pub(crate) fn get_font_path(&mut self, client: ClientId) -> Outcome {
        let path = self.font_path.elements.iter().map(|name| Str { name: name.clone() }).collect();
        self.reply(client, &GetFontPathReply { sequence: 0, length: 0, path });
        Ok(())
    }
}
