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

    /// The full names of the fonts, without aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let fonts = self.entries.iter().filter(|(_, entry)| matches!(entry, Entry::Font(_)));
        fonts.map(|(name, _)| name.as_str())
    }

    /// X11 §9 `OpenFont`: by name, alias or pattern.
    pub fn open(&self, name: &str) -> Option<Arc<Font>> {
        self.find(&name.to_lowercase(), 4).and_then(Builtin::load)
    }

    fn find(&self, name: &str, aliases_left: u8) -> Option<&'static Builtin> {
        let entry = match self.entries.get(name) {
            Some(entry) => entry,
            None => self.entries.iter().find(|(known, _)| matches(name, known)).map(|(_, entry)| entry)?,
        };
        match entry {
            Entry::Font(font) => Some(font),
            Entry::Alias(of) => self.find(of, aliases_left.checked_sub(1)?),
        }
    }
}

impl Builtin {
    fn load(&self) -> Option<Arc<Font>> {
        self.font.get_or_init(|| Font::from_pcf(self.file).ok().map(Arc::new)).clone()
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
            let found = catalogue.find(alias, 1).unwrap();
            assert_eq!(found.name, name);
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
}
