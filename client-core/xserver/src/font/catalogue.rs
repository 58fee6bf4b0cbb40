//! The fonts that a server offers: names (X Logical Font Descriptions), aliases and patterns.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Font;
use super::builtin::{ALIASES, BUILTIN, Builtin};

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
