//! The words before the binary stream (NX part 1 §2): versions, options, cache names. Roles decide what is sent,
//! never who connected.

use crate::error::Error;

/// What we say first: compatible with 3.5.0, actual 3.5.99, the only protocol step there is.
pub(crate) const VERSION: &str = "NXPROXY-3.5.0-3.5.99 ";

/// Longest version or option word in bytes, with the space (NX part 1 §2.1).
pub(crate) const WORD_LIMIT: usize = 511;

/// Longest cache list word in bytes, with the space.
pub(crate) const CACHE_LIST_LIMIT: usize = 3511;

/// The link speed a session was tuned for (NX part 1 §2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkType {
    /// 33k or 56k.
    Modem,
    /// 64k or 128k.
    Isdn,
    /// 256k or 640k.
    Adsl,
    /// 1m to 34m.
    Wan,
    /// 10m, 100m, local.
    #[default]
    Lan,
}

impl LinkType {
    fn parse(value: &str) -> Option<Self> {
        Some(match value.to_ascii_lowercase().as_str() {
            "modem" | "33k" | "56k" => Self::Modem,
            "isdn" | "64k" | "128k" => Self::Isdn,
            "adsl" | "256k" | "640k" => Self::Adsl,
            "wan" | "1m" | "2m" | "34m" => Self::Wan,
            "lan" | "10m" | "100m" | "local" => Self::Lan,
            _ => return None,
        })
    }

    /// Number in the reply to `GetControlParameters`.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Modem => 1,
            Self::Isdn => 2,
            Self::Adsl => 3,
            Self::Wan => 4,
            Self::Lan => 5,
        }
    }

    /// Bytes that one token of flow control stands for.
    pub(crate) fn token_size(self) -> u32 {
        match self {
            Self::Modem => 256,
            Self::Isdn => 384,
            Self::Adsl | Self::Wan => 1408,
            Self::Lan => 1536,
        }
    }

    /// How long a pointer motion may wait for a newer one, in milliseconds.
    pub fn motion_delay_ms(self) -> u64 {
        match self {
            Self::Modem => 50,
            Self::Isdn => 20,
            Self::Adsl => 10,
            Self::Wan => 5,
            Self::Lan => 0,
        }
    }
}

/// What the application side chose for the session (its option word, NX part 1 §2.4). Only `delta` and `stream`
/// change the bits; the rest informs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Tuned for this kind of link.
    pub link: LinkType,
    /// The `pack` method as written, for example `16m-jpeg-9`. It restricts nothing here: the agent picks among
    /// the methods the display side offers.
    pub pack: String,
    /// Size of the message stores in bytes.
    pub cache: u64,
    /// Session type as written, for example `unix-desktop`.
    pub session: String,
    /// Differential coding of X messages, in both directions.
    pub delta: bool,
    /// zlib level of the application side's stream; 0 is uncompressed.
    pub stream: u8,
    /// zlib level of the application side's data blocks.
    pub data: u8,
    /// The application side answers some round trips of X clients itself (NX part 3 §11.3). For sessions of plain X
    /// clients only: see [`is_proxy`](Self::is_proxy).
    pub taint: bool,
    /// Only half as many bytes may be under way unanswered.
    pub strict: bool,
}

impl Default for Options {
    /// A LAN session: nothing compressed, nothing coded.
    fn default() -> Self {
        Self {
            link: LinkType::Lan,
            pack: "none".to_owned(),
            cache: 0,
            session: "default".to_owned(),
            delta: false,
            stream: 0,
            data: 0,
            taint: false,
            strict: false,
        }
    }
}

impl Options {
    /// True for a session of plain X clients, false for that of an agent (NX part 1 §2.4).
    pub fn is_proxy(&self) -> bool {
        ["proxy", "application", "raw"].iter().any(|kind| self.session.starts_with(kind))
    }

    /// The option word, with its closing space.
    pub(crate) fn word(&self) -> String {
        let link = format!("{:?}", self.link).to_ascii_uppercase();
        format!(
            "link={link},pack={},cache={}b,render=1,taint={},type={},{}images=0b,delta={},stream={},data={} ",
            self.pack,
            self.cache,
            u8::from(self.taint),
            self.session,
            if self.strict { "strict=1," } else { "" },
            u8::from(self.delta),
            self.stream.min(9),
            self.data.min(9),
        )
    }

    /// Reads the application side's option word.
    pub(crate) fn parse(word: &str) -> Result<Self, Error> {
        let pairs = pairs(word)?;
        let get = |name: &'static str| {
            pairs
                .iter()
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, v)| *v)
                .ok_or(Error::MissingOption { name })
        };
        let bad = |name: &'static str, value: &str, expected| Error::BadOption {
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        };
        let level = |name| {
            let value = get(name)?;
            number(value).filter(|n| *n <= 9).map(|n| n as u8).ok_or_else(|| bad(name, value, "0 to 9"))
        };
        let link = get("link")?;
        let cache = get("cache")?;
        let delta = get("delta")?;
        get("images")?;
        let options = Self {
            link: LinkType::parse(link)
                .ok_or_else(|| bad("link", link, "a link type such as adsl or lan"))?,
            pack: get("pack")?.to_owned(),
            cache: size(cache).ok_or_else(|| bad("cache", cache, "a size such as 8m"))?,
            session: get("type")?.to_owned(),
            delta: number(delta).ok_or_else(|| bad("delta", delta, "0 or 1"))? != 0,
            stream: level("stream")?,
            data: level("data")?,
            taint: get("taint").ok().and_then(number) == Some(1),
            strict: get("strict").ok().and_then(number) == Some(1),
        };
        Ok(options)
    }
}

/// What the display side says about itself (NX part 1 §2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) cookie: Option<String>,
    /// `None` is "default": the level the application side announces.
    pub(crate) stream: Option<u8>,
}

impl Greeting {
    /// Reads the display side's option word.
    pub(crate) fn parse(word: &str) -> Result<Self, Error> {
        let pairs = pairs(word)?;
        let find = |name| pairs.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| *v);
        let level = |name: &'static str| {
            let value = find(name).ok_or(Error::MissingOption { name })?;
            if value.eq_ignore_ascii_case("default") {
                return Ok(None);
            }
            number(value).filter(|n| *n <= 9).map(|n| Some(n as u8)).ok_or_else(|| Error::BadOption {
                name: name.to_owned(),
                value: value.to_owned(),
                expected: "default or 0 to 9",
            })
        };
        level("data")?;
        Ok(Self { cookie: find("cookie").map(str::to_owned), stream: level("stream")? })
    }
}

/// Checks a version word: the smaller of both versions must be 3.5 or later (NX part 1 §2.2).
pub(crate) fn check_version(word: &str) -> Result<(), Error> {
    let unreadable = || Error::VersionWord { found: word.to_owned() };
    let rest = word.strip_prefix("NXPROXY-").ok_or_else(unreadable)?;
    let triple = |text: &str| {
        let mut numbers = text.split('.').map(|n| n.parse().ok());
        Some((numbers.next()??, numbers.next()??, numbers.next()??))
    };
    let mut triples = rest.splitn(2, '-');
    let first: (u32, u32, u32) = triples.next().and_then(triple).ok_or_else(unreadable)?;
    let compatible = match triples.next() {
        // 1.2.2 in front is how the first 3.5.0 peers announced themselves.
        Some(second) if first == (1, 2, 2) => triple(second).ok_or_else(unreadable)?,
        _ => first,
    };
    let (major, minor, _) = compatible;
    if major > 3 || (major == 3 && minor >= 5) { Ok(()) } else { Err(Error::VersionTooOld { major, minor }) }
}

/// True if `shown` is our cookie or begins with it, in any case of letters (NX part 1 §2.3).
pub(crate) fn cookie_matches(ours: &str, shown: Option<&str>) -> bool {
    shown.and_then(|s| s.get(..ours.len())).is_some_and(|s| s.eq_ignore_ascii_case(ours))
}

fn pairs(word: &str) -> Result<Vec<(&str, &str)>, Error> {
    word.split(',')
        .map(|pair| {
            pair.split_once('=')
                .filter(|(_, v)| !v.is_empty() && v.len() < 256 && !v.contains('='))
                .ok_or_else(|| Error::BadOption {
                    name: pair.to_owned(),
                    value: String::new(),
                    expected: "name=value with a value of 1 to 255 bytes",
                })
        })
        .collect()
}

/// A decimal number as C's `atoi` reads it, but never negative.
fn number(value: &str) -> Option<u64> {
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if value.starts_with('-') {
        return None;
    }
    if digits == 0 { Some(0) } else { value.get(..digits)?.parse().ok() }
}

/// A size with a suffix. Without one the reference writes what is below 1024 (NX part 1 §10.1).
fn size(value: &str) -> Option<u64> {
    let (digits, factor) = match value.char_indices().last()? {
        (at, 'k' | 'K') => (value.get(..at)?, 1024.0),
        (at, 'm' | 'M') => (value.get(..at)?, 1024.0 * 1024.0),
        (at, 'g' | 'G') => (value.get(..at)?, 1024.0 * 1024.0 * 1024.0),
        (at, 'b' | 'B') => (value.get(..at)?, 1.0),
        _ => (value, 1.0),
    };
    let n: f64 = digits.parse().ok()?;
    (n.is_finite() && n >= 0.0).then_some((n * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_judged_by_the_smaller_one() {
        for good in
            ["NXPROXY-3.5.0-3.5.99", "NXPROXY-3.5.0", "NXPROXY-3.6.1", "NXPROXY-4.1.2", "NXPROXY-1.2.2-3.5.0"]
        {
            assert_eq!(check_version(good), Ok(()), "{good}");
        }
        for bad in ["NXPROXY-3.4.0", "NXPROXY-1.2.2", "NXPROXY-", "HTTP/1.1", "NXPROXY-3.5"] {
            assert!(check_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_application_sides_options_are_read_in_any_order() {
        let word = "link=ADSL,pack=16m-jpeg-7,cache=8192k,limit=64k,render=1,taint=0,type=unix-kde,strict=1,shseg=2m,images=0,delta=1,stream=4,data=1";
        let options = Options::parse(word).unwrap();
        assert_eq!(options.link, LinkType::Adsl);
        assert_eq!(options.cache, 8 << 20);
        assert!(options.delta);
        assert_eq!((options.stream, options.data), (4, 1));
        let mut reversed: Vec<_> = word.split(',').collect();
        reversed.reverse();
        assert_eq!(Options::parse(&reversed.join(",")).unwrap(), options);
    }

    #[test]
    fn a_missing_or_impossible_option_is_named() {
        assert_eq!(Options::parse("link=lan"), Err(Error::MissingOption { name: "cache" }));
        let word = "link=lan,pack=none,cache=0,type=default,images=0,delta=0,stream=12,data=0";
        assert!(matches!(Options::parse(word), Err(Error::BadOption { name, .. }) if name == "stream"));
    }

    #[test]
    fn a_longer_cookie_with_ours_in_front_is_accepted() {
        assert!(cookie_matches("00ff", Some("00FF77")));
        assert!(!cookie_matches("00ff", Some("00f")));
        assert!(!cookie_matches("00ff", None));
    }
}
