//! Caps Lock and Num Lock.
//!
//! They belong to the keyboard and not to a window: what was switched on elsewhere holds in the session too, so they are
//! told to it whenever its window gets the keyboard. From then on it sees the keys themselves.

/// Which of them are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locks {
    /// Caps Lock.
    pub caps: bool,
    /// Num Lock.
    pub num: bool,
}

/// Those of this computer's keyboard. None where nobody can be asked: a Wayland compositor keeps them to itself.
#[cfg(target_os = "linux")]
pub(crate) fn locks() -> Option<Locks> {
    if std::env::var_os("WAYLAND_DISPLAY").is_some() {
        return None;
    }
    from_x11().inspect_err(|error| tracing::debug!(%error, "the locks of the keyboard are not known")).ok()
}

/// Those of this computer's keyboard; nobody is asked on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn locks() -> Option<Locks> {
    None
}

/// Asks by the names of the lamps, which keymaps share (XKB protocol, "Named indicators").
#[cfg(target_os = "linux")]
fn from_x11() -> Result<Locks, x11rb::errors::ReplyOrIdError> {
    use x11rb::errors::ConnectionError;
    use x11rb::protocol::xkb::{ConnectionExt as _, ID, LedClass};
    use x11rb::protocol::xproto::ConnectionExt as _;

    let (connection, _) = x11rb::connect(None).map_err(|_| ConnectionError::UnknownError)?;
    connection.xkb_use_extension(1, 0)?.reply()?;
    let keyboard = u16::from(ID::USE_CORE_KBD);
    let lit = |name: &[u8]| -> Result<bool, x11rb::errors::ReplyOrIdError> {
        let name = connection.intern_atom(true, name)?.reply()?.atom;
        let (class, id) = (LedClass::DFLT_XI_CLASS, u16::from(ID::DFLT_XI_ID));
        Ok(connection.xkb_get_named_indicator(keyboard, class, id, name)?.reply()?.on)
    };
    Ok(Locks { caps: lit(b"Caps Lock")?, num: lit(b"Num Lock")? })
}
