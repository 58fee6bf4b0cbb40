//! Text between this computer's clipboard and the session's, both ways.
//!
//! What is copied in the session is on this computer's clipboard at once. What is copied here is offered to the
//! session while its window has the focus - when it gets it, and, where X11 announces changes, at each change - so
//! that what passes between other windows stays there. On X11 and Wayland the marked text (PRIMARY) goes the same
//! way. The work has a thread of its own, because the owner of a clipboard may be slow to answer.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};

use xserver::Selection;

use crate::session::{Input, InputSender};

/// Longer text stays where it is, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// Keeps the clipboards together until it is dropped.
pub(crate) struct Clipboard {
    orders: ClipboardSender,
    #[cfg(target_os = "linux")]
    _watcher: Option<watcher::Watcher>,
}

/// Tells the clipboard's thread, from any other.
#[derive(Clone)]
pub(crate) struct ClipboardSender(Sender<Order>);

enum Order {
    /// The session has text.
    Set {
        selection: Selection,
        text: String,
    },
    Focus(bool),
    /// Something else on this computer has taken a selection.
    Changed(Selection),
    Stop,
}

impl Clipboard {
    /// Begins to bring text to the session.
    pub(crate) fn start(session: InputSender) -> Result<Self, io::Error> {
        let system = arboard::Clipboard::new().map_err(io::Error::other)?;
        let (sender, orders) = mpsc::channel();
        let sender = ClipboardSender(sender);
        let work = Work { system, session, focused: false, known: HashMap::new() };
        std::thread::Builder::new().name("clipboard".into()).spawn(move || work.run(&orders))?;
        Ok(Self {
            #[cfg(target_os = "linux")]
            _watcher: watcher::Watcher::start(sender.clone()),
            orders: sender,
        })
    }

    /// The window has or has not the keyboard.
    pub(crate) fn focus(&self, focused: bool) {
        self.orders.send(Order::Focus(focused));
    }

    /// The way in for others.
    pub(crate) fn sender(&self) -> ClipboardSender {
        self.orders.clone()
    }
}

impl Drop for Clipboard {
    fn drop(&mut self) {
        self.orders.send(Order::Stop);
    }
}

impl ClipboardSender {
    /// Puts the session's text on this computer's clipboard.
    pub(crate) fn set(&self, selection: Selection, text: String) {
        self.send(Order::Set { selection, text });
    }

    fn send(&self, order: Order) {
        // The thread may have ended with the session.
        let _ = self.0.send(order);
    }
}

struct Work {
    system: arboard::Clipboard,
    session: InputSender,
    focused: bool,
    /// What both sides have, so that nothing is sent back to where it came from.
    known: HashMap<Selection, String>,
}

impl Work {
    fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::Set { selection, text } => self.set(selection, text),
                Order::Focus(focused) => {
                    self.focused = focused;
                    if focused {
                        self.offer(Selection::Clipboard);
                        self.offer(Selection::Primary);
                    }
                }
                Order::Changed(selection) if self.focused => self.offer(selection),
                Order::Changed(_) => {}
                Order::Stop => break,
            }
        }
    }

    fn offer(&mut self, selection: Selection) {
        let text = match self.read(selection) {
            Ok(text) => text,
            Err(error) => {
                // An empty clipboard and one with a picture are no errors of anybody's.
                tracing::debug!(%error, ?selection, "no text to offer");
                return;
            }
        };
        if text.is_empty() || text.len() > MAX_TEXT || self.known.get(&selection) == Some(&text) {
            return;
        }
        self.known.insert(selection, text.clone());
        self.session.send(Input::Text { selection, text });
    }

    fn set(&mut self, selection: Selection, text: String) {
        if text.is_empty() || self.known.get(&selection) == Some(&text) {
            return;
        }
        self.known.insert(selection, text.clone());
        if let Err(error) = self.write(selection, text) {
            tracing::warn!(%error, ?selection, "cannot set the clipboard");
        }
    }

    #[cfg(target_os = "linux")]
    fn read(&mut self, selection: Selection) -> Result<String, arboard::Error> {
        use arboard::GetExtLinux;
        self.system.get().clipboard(kind(selection)).text()
    }

    #[cfg(target_os = "linux")]
    fn write(&mut self, selection: Selection, text: String) -> Result<(), arboard::Error> {
        use arboard::SetExtLinux;
        self.system.set().clipboard(kind(selection)).text(text)
    }

    #[cfg(not(target_os = "linux"))]
    fn read(&mut self, selection: Selection) -> Result<String, arboard::Error> {
        match selection {
            Selection::Clipboard => self.system.get_text(),
            Selection::Primary => Err(arboard::Error::ClipboardNotSupported),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn write(&mut self, selection: Selection, text: String) -> Result<(), arboard::Error> {
        match selection {
            Selection::Clipboard => self.system.set_text(text),
            // There is no such thing on this system.
            Selection::Primary => Ok(()),
        }
    }
}

#[cfg(target_os = "linux")]
fn kind(selection: Selection) -> arboard::LinuxClipboardKind {
    match selection {
        Selection::Clipboard => arboard::LinuxClipboardKind::Clipboard,
        Selection::Primary => arboard::LinuxClipboardKind::Primary,
    }
}

/// Tells of changes, where X11 does (XFIXES §5, `SelectionNotify`).
#[cfg(target_os = "linux")]
mod watcher {
    use std::sync::Arc;

    use x11rb::connection::Connection;
    use x11rb::errors::ReplyOrIdError;
    use x11rb::protocol::Event;
    use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEventMask};
    use x11rb::protocol::xproto::{
        Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, Window,
        WindowClass,
    };
    use x11rb::rust_connection::RustConnection;
    use xserver::Selection;

    use super::{ClipboardSender, Order};

    /// Listens until it is dropped.
    pub(super) struct Watcher {
        connection: Arc<RustConnection>,
        window: Window,
        stop: Atom,
    }

    impl Watcher {
        /// None where there is no X server.
        pub(super) fn start(orders: ClipboardSender) -> Option<Self> {
            Self::listen(orders)
                .inspect_err(|error| tracing::debug!(%error, "clipboard changes are not announced"))
                .ok()
        }

        fn listen(orders: ClipboardSender) -> Result<Self, ReplyOrIdError> {
            let (connection, screen) =
                x11rb::connect(None).map_err(|_| x11rb::errors::ConnectionError::UnknownError)?;
            let root = connection.setup().roots.get(screen).map_or(0, |screen| screen.root);
            let clipboard = connection.intern_atom(false, b"CLIPBOARD")?.reply()?.atom;
            let stop = connection.intern_atom(false, b"QVD_STOP")?.reply()?.atom;
            connection.xfixes_query_version(5, 0)?.reply()?;
            let window = connection.generate_id()?;
            let (class, plain) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
            connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &plain)?;
            for selection in [clipboard, AtomEnum::PRIMARY.into()] {
                connection.xfixes_select_selection_input(
                    window,
                    selection,
                    SelectionEventMask::SET_SELECTION_OWNER,
                )?;
            }
            connection.flush()?;
            let connection = Arc::new(connection);
            let listener = connection.clone();
            std::thread::Builder::new()
                .name("clipboard watcher".into())
                .spawn(move || {
                    while let Ok(event) = listener.wait_for_event() {
                        match event {
                            Event::XfixesSelectionNotify(change) if change.selection == clipboard => {
                                orders.send(Order::Changed(Selection::Clipboard));
                            }
                            Event::XfixesSelectionNotify(_) => {
                                orders.send(Order::Changed(Selection::Primary));
                            }
                            Event::ClientMessage(message) if message.type_ == stop => break,
                            _ => {}
                        }
                    }
                })
                .map_err(|error| ReplyOrIdError::ConnectionError(error.into()))?;
            Ok(Self { connection, window, stop })
        }
    }

    impl Drop for Watcher {
        fn drop(&mut self) {
            let message = ClientMessageEvent::new(32, self.window, self.stop, [0; 5]);
            let sent = self
                .connection
                .send_event(false, self.window, EventMask::NO_EVENT, message)
                .is_ok_and(|_| self.connection.flush().is_ok());
            if !sent {
                tracing::debug!("the x server went before the clipboard watcher");
            }
        }
    }
}
