//! Every key to the session, even those that a window manager keeps for itself (Alt+Tab, Print, Super).
//!
//! On X11 a connection of our own grabs the keyboard and gets all keys with their real keycodes, while the window's
//! own connection gets none. The grab looks to that connection like a loss of the focus, so meanwhile the truth about
//! the focus comes from here. Without an X server - under Wayland - there is no grab.

use std::sync::Arc;

use winit::raw_window_handle::{HasWindowHandle, RawWindowHandle};
use x11rb::connection::Connection;
use x11rb::errors::ReplyOrIdError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, GrabMode,
    GrabStatus, NotifyMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use crate::input::Input;

/// A grab, until it is dropped.
pub(crate) struct Grab {
    connection: Arc<RustConnection>,
    window: Window,
    stop: Atom,
    input: Input,
}

/// A window's name for the X server, if it is one of an X server's.
pub(crate) fn window_id(window: &impl HasWindowHandle) -> Option<Window> {
    match window.window_handle().ok()?.as_raw() {
        RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok(),
        RawWindowHandle::Xcb(handle) => Some(handle.window.get()),
        _ => None,
    }
}

impl Grab {
    /// Grabs the keyboard for a window that has the focus; none if somebody else has grabbed it just now.
    pub(crate) fn start(window: Window, input: Input) -> Option<Self> {
        Self::take(window, input)
            .inspect_err(|error| tracing::debug!(%error, "no keyboard grab"))
            .ok()
            .flatten()
    }

    fn take(viewer: Window, input: Input) -> Result<Option<Self>, ReplyOrIdError> {
        let (connection, screen) =
            x11rb::connect(None).map_err(|_| x11rb::errors::ConnectionError::UnknownError)?;
        let root = connection.setup().roots.get(screen).map_or(0, |screen| screen.root);
        let stop = connection.intern_atom(false, b"QVD_STOP")?.reply()?.atom;
        let window = connection.generate_id()?;
        let (class, plain) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &plain)?;
        let focus = ChangeWindowAttributesAux::new().event_mask(EventMask::FOCUS_CHANGE);
        connection.change_window_attributes(viewer, &focus)?.check()?;
        input.set_grabbed(true);
        let grab = connection
            .grab_keyboard(false, root, x11rb::CURRENT_TIME, GrabMode::ASYNC, GrabMode::ASYNC)?
            .reply()?;
        if grab.status != GrabStatus::SUCCESS {
            input.set_grabbed(false);
            return Ok(None);
        }
        let connection = Arc::new(connection);
        let listener = connection.clone();
        let sink = input.clone();
        std::thread::Builder::new()
            .name("keyboard grab".into())
            .spawn(move || {
                while let Ok(event) = listener.wait_for_event() {
                    match event {
                        Event::KeyPress(key) => sink.grabbed_key(key.detail, true),
                        Event::KeyRelease(key) => sink.grabbed_key(key.detail, false),
                        Event::FocusOut(focus)
                            if !matches!(focus.mode, NotifyMode::GRAB | NotifyMode::UNGRAB) =>
                        {
                            sink.set_grabbed(false);
                        }
                        Event::ClientMessage(message) if message.type_ == stop => break,
                        _ => {}
                    }
                }
            })
            .map_err(|error| ReplyOrIdError::ConnectionError(error.into()))?;
        Ok(Some(Self { connection, window, stop, input }))
    }
}

impl Drop for Grab {
    fn drop(&mut self) {
        self.input.set_grabbed(false);
        let message = ClientMessageEvent::new(32, self.window, self.stop, [0; 5]);
        let released = self.connection.ungrab_keyboard(x11rb::CURRENT_TIME).is_ok()
            && self.connection.send_event(false, self.window, EventMask::NO_EVENT, message).is_ok()
            && self.connection.flush().is_ok();
        if !released {
            tracing::debug!("the x server went before the keyboard grab");
        }
    }
}
