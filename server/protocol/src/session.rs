//! The user's side of a session: window size, keyboard, language, link.
//!
//! These values travel from an untrusted client through the server into the agent, which writes them into
//! nxagent's options and the session's environment. [`SessionParameters::check`] is therefore strict about
//! characters and ranges; server and agent both call it.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// What the agent must know of the client to start or resume a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionParameters {
    /// Size of the client's view.
    pub geometry: Geometry,
    /// Dots per inch, 48 to 480; 96 is the usual one.
    pub dpi: u16,
    /// The client's keyboard.
    pub keyboard: Keyboard,
    /// POSIX locale without encoding, such as `es_ES`; empty for the image's own.
    pub locale: String,
    /// IANA time zone, such as `Europe/Madrid`; empty for the image's own.
    pub timezone: String,
    /// How fast the way between client and desktop is.
    #[serde(default)]
    pub link: LinkSpeed,
    /// How much an image may lose on the way.
    #[serde(default)]
    pub images: ImageQuality,
    /// What this client and the agent keep of the display from one session to the next goes by this name. It is random
    /// and no other client's. `None` keeps nothing.
    #[serde(default)]
    pub cache: Option<Uuid>,
}

/// The kind of link the display is tuned for: the presets of NX (NX part 1 §2.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkSpeed {
    /// Less than 128 kbit/s.
    Modem,
    /// Less than 1 Mbit/s.
    Adsl,
    /// More, over a distance.
    Wan,
    /// A local network; nothing is worth being compressed hard.
    #[default]
    Lan,
}

/// How images travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageQuality {
    /// Photographs may blur.
    Low,
    /// Photographs lose what is hard to see.
    Medium,
    /// Photographs lose next to nothing.
    High,
    /// Every pixel as it is.
    #[default]
    Lossless,
}

/// A size in pixels, each side from 64 to 16384.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geometry {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
}

/// A keyboard in the words of XKB: rules, model, layout, variant, options (RMLVO). Empty parts mean the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyboard {
    /// Such as `evdev`.
    pub rules: String,
    /// Such as `pc105`.
    pub model: String,
    /// Such as `es` or `us,ru`.
    pub layout: String,
    /// Such as `nodeadkeys`.
    pub variant: String,
    /// Such as `compose:menu,grp:alt_shift_toggle`.
    pub options: String,
}

/// A value that the contract does not allow.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidParameter {
    /// A number is out of its range.
    #[error("{what} is {value}, expected {min} to {max}")]
    Range {
        /// Which one.
        what: &'static str,
        /// What was sent.
        value: u32,
        /// Least allowed.
        min: u32,
        /// Most allowed.
        max: u32,
    },
    /// A text is too long or has a character that it may not have.
    #[error("{what} has more than {max} bytes or a character other than letters, digits and {allowed:?}")]
    Text {
        /// Which one.
        what: &'static str,
        /// Longest allowed, in bytes.
        max: usize,
        /// Characters allowed beside ASCII letters and digits.
        allowed: &'static str,
    },
}

impl SessionParameters {
    /// Checks every value against the ranges above.
    pub fn check(&self) -> Result<(), InvalidParameter> {
        range("width", self.geometry.width, 64, 16384)?;
        range("height", self.geometry.height, 64, 16384)?;
        range("dpi", self.dpi, 48, 480)?;
        text("keyboard rules", &self.keyboard.rules, 32, "-_")?;
        text("keyboard model", &self.keyboard.model, 32, "-_")?;
        text("keyboard layout", &self.keyboard.layout, 64, "-_,")?;
        text("keyboard variant", &self.keyboard.variant, 64, "-_,")?;
        text("keyboard options", &self.keyboard.options, 128, "-_,:")?;
        text("locale", &self.locale, 32, "_@-")?;
        text("time zone", &self.timezone, 64, "/_+-")
    }
}

fn range(what: &'static str, value: u16, min: u16, max: u16) -> Result<(), InvalidParameter> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(InvalidParameter::Range { what, value: value.into(), min: min.into(), max: max.into() })
}

fn text(what: &'static str, value: &str, max: usize, allowed: &'static str) -> Result<(), InvalidParameter> {
    let fits = value.len() <= max && value.chars().all(|c| c.is_ascii_alphanumeric() || allowed.contains(c));
    if fits { Ok(()) } else { Err(InvalidParameter::Text { what, max, allowed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinary() -> SessionParameters {
        SessionParameters {
            geometry: Geometry { width: 1280, height: 800 },
            dpi: 96,
            keyboard: Keyboard {
                rules: "evdev".into(),
                model: "pc105".into(),
                layout: "us,ru".into(),
                variant: ",phonetic".into(),
                options: "compose:menu,grp:alt_shift_toggle".into(),
            },
            locale: "es_ES".into(),
            timezone: "America/Argentina/Buenos_Aires".into(),
            link: LinkSpeed::Adsl,
            images: ImageQuality::Medium,
            cache: None,
        }
    }

    #[test]
    fn ordinary_parameters_pass() {
        assert_eq!(ordinary().check(), Ok(()));
    }

    #[test]
    fn a_client_that_says_nothing_of_its_link_gets_a_local_one() {
        let mut value = serde_json::to_value(ordinary()).unwrap();
        assert_eq!(value["link"], "adsl");
        assert_eq!(value["images"], "medium");
        for key in ["link", "images"] {
            value.as_object_mut().unwrap().remove(key);
        }
        let read: SessionParameters = serde_json::from_value(value).unwrap();
        assert_eq!((read.link, read.images), (LinkSpeed::Lan, ImageQuality::Lossless));
    }

    #[test]
    fn text_that_could_break_out_of_an_options_line_is_refused() {
        for evil in ["us\nfoo", "us:1", "us#", "us%2C", "us=1", "us\0", "us;rm", "ñ"] {
            let mut parameters = ordinary();
            parameters.keyboard.layout = evil.into();
            assert!(parameters.check().is_err(), "{evil:?} passed");
        }
    }

    #[test]
    fn a_window_without_area_is_refused() {
        let mut parameters = ordinary();
        parameters.geometry.width = 0;
        assert_eq!(parameters.check().unwrap_err().to_string(), "width is 0, expected 64 to 16384");
    }
}
