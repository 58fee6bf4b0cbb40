//! Every key to the session, even those that a window manager keeps for itself (Alt+Tab, Print, Super).
//!
//! On X11 a connection of our own grabs the keyboard and gets all keys with their real keycodes, while the window's
//! own connection gets none. Without an X server - under Wayland - there is no grab.

use std::sync::Arc;

use x11rb::connection::Connection;
use x11rb::errors::ReplyOrIdError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, GrabMode, GrabStatus, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;

use crate::input::Input;

/// A grab, until it is dropped.
pub(crate) struct Grab {
    connection: Arc<RustConnection>,
    window: Window,
    stop: Atom,
}

impl Grab {
    /// Grabs the keyboard; none if there is no X server or somebody else has it just now.
    pub(crate) fn start(input: Input) -> Option<Self> {
        Self::take(input).inspect_err(|error| tracing::debug!(%error, "no keyboard grab")).ok().flatten()
    }

    fn take(input: Input) -> Result<Option<Self>, ReplyOrIdError> {
        let (connection, screen) =
            x11rb::connect(None).map_err(|_| x11rb::errors::ConnectionError::UnknownError)?;
        let root = connection.setup().roots.get(screen).map_or(0, |screen| screen.root);
        let stop = connection.intern_atom(false, b"QVD_STOP")?.reply()?.atom;
        let window = connection.generate_id()?;
        let (class, plain) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &plain)?;
        let grab = connection
            .grab_keyboard(false, root, x11rb::CURRENT_TIME, GrabMode::ASYNC, GrabMode::ASYNC)?
            .reply()?;
        if grab.status != GrabStatus::SUCCESS {
            return Ok(None);
        }
        let connection = Arc::new(connection);
        let listener = connection.clone();
        std::thread::Builder::new()
            .name("keyboard grab".into())
            .spawn(move || {
                while let Ok(event) = listener.wait_for_event() {
                    match event {
                        Event::KeyPress(key) => input.grabbed_key(key.detail, true),
                        Event::KeyRelease(key) => input.grabbed_key(key.detail, false),
                        Event::ClientMessage(message) if message.type_ == stop => break,
                        _ => {}
                    }
                }
            })
            .map_err(|error| ReplyOrIdError::ConnectionError(error.into()))?;
        Ok(Some(Self { connection, window, stop }))
    }
}

impl Drop for Grab {
    fn drop(&mut self) {
        let message = ClientMessageEvent::new(32, self.window, self.stop, [0; 5]);
        let released = self.connection.ungrab_keyboard(x11rb::CURRENT_TIME).is_ok()
            && self.connection.send_event(false, self.window, EventMask::NO_EVENT, message).is_ok()
            && self.connection.flush().is_ok();
        if !released {
            tracing::debug!("the x server went before the keyboard grab");
        }
    }
}
