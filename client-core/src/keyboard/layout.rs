//! Which layout the user has chosen, in the words of XKB.
//!
//! Under X11 the server's root window says (`_XKB_RULES_NAMES`, five texts each ended by NUL: rules, model, layout,
//! variant, options). A Wayland compositor keeps its choice to itself and its X server answers with a default, so
//! there, and without any display, the system's own setting counts (keyboard(5)).

use qvd_protocol::session::Keyboard;

/// The user's keyboard; a US one with 105 keys where nothing can be found out.
pub fn detect() -> Keyboard {
    let wayland = std::env::var_os("WAYLAND_DISPLAY").is_some();
    let from_system =
        || std::fs::read_to_string("/etc/default/keyboard").ok().and_then(|t| from_defaults(&t));
    let found = if wayland { from_system().or_else(from_x11) } else { from_x11().or_else(from_system) };
    found.unwrap_or_else(|| Keyboard {
        rules: "evdev".into(),
        model: "pc105".into(),
        layout: "us".into(),
        ..Keyboard::default()
    })
}

#[cfg(target_os = "linux")]
fn from_x11() -> Option<Keyboard> {
    use x11rb::connection::Connection;
    use x11rb::protocol::xproto::{AtomEnum, ConnectionExt};

    let (connection, screen) = x11rb::connect(None).ok()?;
    let root = connection.setup().roots.get(screen)?.root;
    let atom = connection.intern_atom(true, b"_XKB_RULES_NAMES").ok()?.reply().ok()?.atom;
    let property = connection.get_property(false, root, atom, AtomEnum::STRING, 0, 256).ok()?.reply().ok()?;
    from_property(&property.value)
}

#[cfg(not(target_os = "linux"))]
fn from_x11() -> Option<Keyboard> {
    None
}

fn from_property(value: &[u8]) -> Option<Keyboard> {
    let mut parts = value.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned());
    let mut next = || parts.next().unwrap_or_default();
    checked(Keyboard { rules: next(), model: next(), layout: next(), variant: next(), options: next() })
}

fn from_defaults(text: &str) -> Option<Keyboard> {
    let value = |name: &str| {
        let line = text.lines().rev().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned())
    };
    checked(Keyboard {
        rules: "evdev".into(),
        model: value("XKBMODEL").filter(|model| !model.is_empty()).unwrap_or_else(|| "pc105".into()),
        layout: value("XKBLAYOUT")?,
        variant: value("XKBVARIANT").unwrap_or_default(),
        options: value("XKBOPTIONS").unwrap_or_default(),
    })
}

/// None for a keyboard without a layout, or with names that the contract does not let through.
fn checked(keyboard: Keyboard) -> Option<Keyboard> {
    use qvd_protocol::session::{Geometry, ImageQuality, LinkSpeed, SessionParameters};
    let parameters = SessionParameters {
        geometry: Geometry { width: 64, height: 64 },
        dpi: 96,
        keyboard,
        locale: String::new(),
        timezone: String::new(),
        link: LinkSpeed::default(),
        images: ImageQuality::default(),
        cache: None,
    };
    let valid = parameters.check().is_ok() && !parameters.keyboard.layout.is_empty();
    valid.then_some(parameters.keyboard)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyboard([rules, model, layout, variant, options]: [&str; 5]) -> Keyboard {
        Keyboard {
            rules: rules.into(),
            model: model.into(),
            layout: layout.into(),
            variant: variant.into(),
            options: options.into(),
        }
    }

    #[test]
    fn the_root_property_holds_five_names() {
        assert_eq!(
            from_property(b"evdev\0pc105\0es,us\0nodeadkeys,\0compose:menu\0"),
            Some(keyboard(["evdev", "pc105", "es,us", "nodeadkeys,", "compose:menu"]))
        );
    }

    #[test]
    fn a_property_that_is_missing_cut_or_hostile_counts_for_nothing() {
        for value in [&b""[..], b"evdev\0pc105", b"evdev\0pc105\0us;rm\0\0\0", b"\xff\0\xff\0\xff\0"] {
            assert_eq!(from_property(value), None, "{value:?}");
        }
    }

    #[test]
    fn the_system_setting_is_read_as_a_shell_would() {
        let text = "# comment\nXKBMODEL=\"pc104\"\nXKBLAYOUT=\"de\"\nXKBVARIANT=''\nXKBOPTIONS=\n";
        assert_eq!(from_defaults(text), Some(keyboard(["evdev", "pc104", "de", "", ""])));
        assert_eq!(from_defaults("BACKSPACE=guess"), None);
    }
}
