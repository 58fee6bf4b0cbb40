//! The fonts that a server offers: names (X Logical Font Descriptions), aliases and patterns.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::Font;

/// The fonts of a server by name. Names compare without case (X11 §9 `OpenFont`), in Latin-1.
#[derive(Debug)]
pub struct Catalogue {
    /// By lower-case name; sorted, as listings are.
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
enum Entry {
    Font(&'static Builtin),
    /// The lower-case name, or pattern, of another entry.
    Alias(&'static str),
}

/// A font compiled into the crate, read when it is first opened.
#[derive(Debug)]
struct Builtin {
    name: &'static str,
    file: &'static [u8],
    font: OnceLock<Option<Arc<Font>>>,
}

macro_rules! builtin {
    ($name:literal, $file:literal) => {
        Builtin {
            name: $name,
            file: include_bytes!(concat!("../../../../assets/fonts/misc/", $file)),
            font: OnceLock::new(),
        }
    };
}

/// See `assets/fonts/README.md` for where these come from.
static BUILTIN: [Builtin; 47] = [
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-70-iso10646-1", "7x13B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-70-iso8859-1", "7x13B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso10646-1", "8x13B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso8859-1", "8x13B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--14-130-75-75-c-70-iso10646-1", "7x14B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--14-130-75-75-c-70-iso8859-1", "7x14B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--15-140-75-75-c-90-iso10646-1", "9x15B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--15-140-75-75-c-90-iso8859-1", "9x15B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso10646-1", "9x18B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso8859-1", "9x18B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-bold-r-semicondensed--13-120-75-75-c-60-iso10646-1", "6x13B.pcf.gz"),
    builtin!("-misc-fixed-bold-r-semicondensed--13-120-75-75-c-60-iso8859-1", "6x13B-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-70-iso10646-1", "7x13O.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-70-iso8859-1", "7x13O-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-80-iso10646-1", "8x13O.pcf.gz"),
    builtin!("-misc-fixed-medium-o-normal--13-120-75-75-c-80-iso8859-1", "8x13O-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-o-semicondensed--13-120-75-75-c-60-iso10646-1", "6x13O.pcf.gz"),
    builtin!("-misc-fixed-medium-o-semicondensed--13-120-75-75-c-60-iso8859-1", "6x13O-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--10-100-75-75-c-60-iso10646-1", "6x10.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--10-100-75-75-c-60-iso8859-1", "6x10-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-70-iso10646-1", "7x13.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-70-iso8859-1", "7x13-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-80-iso10646-1", "8x13.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--13-120-75-75-c-80-iso8859-1", "8x13-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso10646-1", "7x14.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso8859-1", "7x14-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--15-140-75-75-c-90-iso10646-1", "9x15.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--15-140-75-75-c-90-iso8859-1", "9x15-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso10646-1", "9x18.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso8859-1", "9x18-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--20-200-75-75-c-100-iso10646-1", "10x20.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--20-200-75-75-c-100-iso8859-1", "10x20-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--6-60-75-75-c-40-iso10646-1", "4x6.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--6-60-75-75-c-40-iso8859-1", "4x6-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--7-70-75-75-c-50-iso10646-1", "5x7.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--7-70-75-75-c-50-iso8859-1", "5x7-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--8-80-75-75-c-50-iso10646-1", "5x8.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--8-80-75-75-c-50-iso8859-1", "5x8-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--9-90-75-75-c-60-iso10646-1", "6x9.pcf.gz"),
    builtin!("-misc-fixed-medium-r-normal--9-90-75-75-c-60-iso8859-1", "6x9-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--12-110-75-75-c-60-iso10646-1", "6x12.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--12-110-75-75-c-60-iso8859-1", "6x12-ISO8859-1.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso10646-1", "6x13.pcf.gz"),
    builtin!("-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1", "6x13-ISO8859-1.pcf.gz"),
    builtin!("-misc-nil-medium-r-normal--2-20-75-75-c-10-misc-fontspecific", "nil2.pcf.gz"),
    builtin!("cursor", "cursor.pcf.gz"),
    builtin!("micro", "micro.pcf.gz"),
];

/// The short names that programs have always used.
const ALIASES: [(&str, &str); 24] = [
    ("fixed", "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1"),
    ("4x6", "-misc-fixed-medium-r-normal--6-60-75-75-c-40-iso8859-1"),
    ("5x7", "-misc-fixed-medium-r-normal--7-70-75-75-c-50-iso8859-1"),
    ("5x8", "-misc-fixed-medium-r-normal--8-80-75-75-c-50-iso8859-1"),
    ("6x9", "-misc-fixed-medium-r-normal--9-90-75-75-c-60-iso8859-1"),
    ("6x10", "-misc-fixed-medium-r-normal--10-100-75-75-c-60-iso8859-1"),
    ("6x12", "-misc-fixed-medium-r-semicondensed--12-110-75-75-c-60-iso8859-1"),
    ("6x13", "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso8859-1"),
    ("6x13bold", "-misc-fixed-bold-r-semicondensed--13-120-75-75-c-60-iso8859-1"),
    ("7x13", "-misc-fixed-medium-r-normal--13-120-75-75-c-70-iso8859-1"),
    ("7x13bold", "-misc-fixed-bold-r-normal--13-120-75-75-c-70-iso8859-1"),
    ("7x14", "-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso8859-1"),
    ("7x14bold", "-misc-fixed-bold-r-normal--14-130-75-75-c-70-iso8859-1"),
    ("8x13", "-misc-fixed-medium-r-normal--13-120-75-75-c-80-iso8859-1"),
    ("8x13bold", "-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso8859-1"),
    ("9x15", "-misc-fixed-medium-r-normal--15-140-75-75-c-90-iso8859-1"),
    ("9x15bold", "-misc-fixed-bold-r-normal--15-140-75-75-c-90-iso8859-1"),
    ("9x18", "-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso8859-1"),
    ("9x18bold", "-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso8859-1"),
    ("10x20", "-misc-fixed-medium-r-normal--20-200-75-75-c-100-iso8859-1"),
    ("a14", "-misc-fixed-medium-r-normal--14-130-75-75-c-70-iso8859-1"),
    ("variable", "-misc-fixed-bold-r-normal--13-120-75-75-c-80-iso8859-1"),
    ("nil2", "-misc-nil-medium-r-normal--2-20-75-75-c-10-misc-fontspecific"),
    ("unifixed", "-misc-fixed-medium-r-semicondensed--13-120-75-75-c-60-iso10646-1"),
];

impl Default for Catalogue {
    fn default() -> Self {
        let fonts = BUILTIN.iter().map(|font| (font.name.to_ascii_lowercase(), Entry::Font(font)));
        let aliases = ALIASES.iter().map(|(name, of)| ((*name).to_owned(), Entry::Alias(of)));
        Self { entries: fonts.chain(aliases).collect() }
    }
}

impl Catalogue {
    /// X11 §9 `ListFonts`: the names that match `pattern`, at most `max` of them, sorted.
    pub fn list(&self, pattern: &str, max: usize) -> Vec<&str> {
        let pattern = pattern.to_lowercase();
        self.entries.keys().filter(|name| matches(&pattern, name)).take(max).map(String::as_str).collect()
    }

    /// X11 §9 `OpenFont`: by name, alias or pattern; a full description of a size that is not there gets the nearest
    /// size of the same face. None if nothing is like it.
    pub fn open(&self, name: &str) -> Option<Arc<Font>> {
        self.find(&name.to_lowercase(), 4).and_then(Builtin::load)
    }

    /// The font's full name, for what [`open`](Self::open) would open.
    pub fn resolve(&self, name: &str) -> Option<&str> {
        self.find(&name.to_lowercase(), 4).map(|font| font.name)
    }

    fn find(&self, name: &str, aliases_left: u8) -> Option<&'static Builtin> {
        let entry = match self.entries.get(name) {
            Some(entry) => entry,
            None if name.contains(['*', '?']) => {
                self.entries.iter().find(|(known, _)| matches(name, known)).map(|(_, entry)| entry)?
            }
            None => return self.nearest(name),
        };
        match entry {
            Entry::Font(font) => Some(font),
            Entry::Alias(of) => self.find(of, aliases_left.checked_sub(1)?),
        }
    }

    /// The nearest pixel size of the same face, where a full description is given.
    fn nearest(&self, name: &str) -> Option<&'static Builtin> {
        let face = Face::of(name)?;
        // With a point size alone, the pixel size follows from the resolution: 722.7 decipoints to the inch.
        let size = match (face.pixels, face.points, face.resolution) {
            (0, 0, _) => 13,
            (0, points, resolution) => (points * resolution + 361) / 722,
            (pixels, ..) => pixels,
        };
        self.entries
            .values()
            .filter_map(|entry| if let Entry::Font(font) = entry { Some(*font) } else { None })
            .filter_map(|font| Some((font, Face::of(font.name)?)))
            .filter(|(_, of)| of.style == face.style && of.charset == face.charset)
            .min_by_key(|(_, of)| of.pixels.abs_diff(size))
            .map(|(font, _)| font)
    }
}

impl Builtin {
    fn load(&self) -> Option<Arc<Font>> {
        self.font.get_or_init(|| Font::from_pcf(self.file).ok().map(Arc::new)).clone()
    }
}

/// The fields of an X Logical Font Description that choose among scaled fonts.
struct Face<'n> {
    /// Foundry, family, weight, slant.
    style: [&'n str; 4],
    pixels: u32,
    points: u32,
    resolution: u32,
    /// Registry and encoding.
    charset: [&'n str; 2],
}

impl<'n> Face<'n> {
    fn of(name: &'n str) -> Option<Self> {
        let fields: Vec<&str> = name.strip_prefix('-')?.split('-').collect();
        let &[foundry, family, weight, slant, _, _, pixels, points, _, resolution, _, _, registry, encoding] =
            fields.as_slice()
        else {
            return None;
        };
        let number = |field: &str| field.parse::<u16>().map_or(0, u32::from);
        Some(Self {
            style: [foundry, family, weight, slant],
            pixels: number(pixels),
            points: number(points),
            resolution: number(resolution),
            charset: [registry, encoding],
        })
    }
}

/// X11 §9 `ListFonts`: `?` matches any one character, `*` any number. Both in lower case already. Linear but for the
/// last star, so that no pattern takes exponential time.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on when a match fails: behind the last star, one character further.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                p += 1;
                retry = Some((p, n));
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match &mut retry {
                Some((star, from)) => {
                    *from += 1;
                    (p, n) = (*star, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_font_can_be_read_and_has_its_name() {
        for builtin in &BUILTIN {
            let font = builtin.load().unwrap_or_else(|| panic!("{} cannot be read", builtin.name));
            let named = font.info().properties.iter().any(|p| {
                p.name == "FONT" && matches!(&p.value, super::super::PropertyValue::Text(t) if t.eq_ignore_ascii_case(builtin.name))
            });
            assert!(named || !builtin.name.starts_with('-'), "{}", builtin.name);
        }
    }

    #[test]
    fn every_alias_leads_to_a_font() {
        let catalogue = Catalogue::default();
        for (alias, name) in ALIASES {
            assert_eq!(catalogue.resolve(alias), Some(name));
            assert!(catalogue.open(alias).is_some());
        }
    }

    #[test]
    fn patterns_match_as_the_protocol_says() {
        let catalogue = Catalogue::default();
        assert_eq!(catalogue.list("CURSOR", 10), ["cursor"]);
        assert_eq!(catalogue.list("?ixed", 10), ["fixed"]);
        assert_eq!(catalogue.list("*", 5).len(), 5);
        assert!(catalogue.list("-*-*-*-*-*-*-*-*-*-*-*-*-*-*", 1000).len() > 30);
        assert_eq!(catalogue.list("-*-*-*-*-*-*-13-*-*-*-*-60-iso8859-1", 10).len(), 3);
        assert!(catalogue.list("no*thing", 10).is_empty());
        assert!(!matches(&"a*".repeat(200), &"a".repeat(199)));
    }

    #[test]
    fn a_size_that_is_not_there_gets_the_nearest_of_its_face() {
        let catalogue = Catalogue::default();
        assert_eq!(
            catalogue.resolve("-misc-fixed-bold-r-normal--17-0-75-75-c-0-iso8859-1"),
            Some("-misc-fixed-bold-r-normal--18-120-100-100-c-90-iso8859-1")
        );
        assert_eq!(catalogue.resolve("-adobe-times-bold-r-normal--17-0-75-75-c-0-iso8859-1"), None);
        assert!(catalogue.open("-*-fixed-medium-r-*-*-13-*-*-*-*-*-iso8859-1").is_some());
    }
}
