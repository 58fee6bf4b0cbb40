//! One session: from the connect request to the last byte.
//!
//! ```text
//!   window ── Input ──▶ display thread ── NX ──▶ channel ──▶ yamux ──▶ WebSocket ──▶ server
//!     ▲                  nx + xserver  ◀── NX ──
//!     └── Frame, SessionEvent ──┘
//! ```
//!
//! The display thread alone owns the NX decoder and the X server. Whatever it is sent arrives through one inbox:
//! input at once and without limit (it is small and made by hand), link bytes only as fast as they are worked off.
//! The picture leaves through a [`Frame`] that the window takes when it is ready to paint.

mod cache;
mod channel;
mod display;
mod frame;
mod link;
mod tuning;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use futures::{SinkExt, StreamExt};
use qvd_protocol::api::{Holder, VERSION};
use qvd_protocol::connect::{ClientMessage, DisplayParameters, ServerMessage, Stage};
use qvd_protocol::session::{Geometry, SessionParameters};
use qvd_protocol::{ErrorBody, ErrorCode, VmId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::api::{Api, WebSocket, text_message, web_socket_error};
use crate::clipboard::Clipboard;
use crate::{Error, keyboard, locale};

pub(crate) use cache::Cache;
pub use display::{Cursor, Input, Selection};
pub use frame::{Buffer, Frame, Rect};
pub(crate) use link::LEAVING;
pub use tuning::Tuning;

/// Called from any thread when there is something new to poll for or to paint.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A running session. Dropping it disconnects; what runs on the desktop goes on running.
pub struct Session {
    inbox: InputSender,
    frame: Arc<Frame>,
    events: Receiver<SessionEvent>,
    clipboard: Option<Clipboard>,
    stop: Option<oneshot::Sender<Stop>>,
    task: Option<JoinHandle<()>>,
}

/// Why the window wants the session to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Leave it running over there.
    Disconnect,
    /// End it and all programs in it.
    LogOut,
}

/// What a session tells its window.
#[derive(Debug)]
pub enum SessionEvent {
    /// The pointer has another shape.
    Cursor(Cursor),
    /// A program rang the bell.
    Bell,
    /// The session is over. Always the last event.
    Ended(End),
}

/// How a session ended.
#[derive(Debug)]
pub enum End {
    /// As the window wished.
    Disconnected,
    /// The server or the desktop ended it and said why.
    Closed {
        /// For a program.
        code: ErrorCode,
        /// For a person.
        message: String,
        /// Who has it now, if it was taken over.
        by: Option<Holder>,
    },
    /// Something broke.
    Broken(Error),
}

/// Sends input to a session, from any thread, and never waits.
#[derive(Clone)]
pub struct InputSender(Sender<display::Message>);

impl InputSender {
    /// Passes one input on; nothing happens after the session's end.
    pub fn send(&self, input: Input) {
        let _ = self.0.send(display::Message::Input(input));
    }
}

impl Session {
    /// Asks the server for a desktop's session and waits until it is there. What is kept of the display is in the
    /// client's `folder`. `progress` is told of every step. The link and the images of `parameters` are settled by
    /// `tuning`.
    pub(crate) async fn open(
        api: &Api,
        folder: &Path,
        desktop: VmId,
        mut parameters: SessionParameters,
        tuning: Tuning,
        wake: Wake,
        mut progress: impl FnMut(Stage, String),
    ) -> Result<Self, Error> {
        let mut socket = api.web_socket(desktop).await?;
        (parameters.link, parameters.images) = tuning.settle(&mut socket).await?;
        let (folder, address, forget) = (folder.to_owned(), api.address().clone(), tuning.forget);
        let opening = tokio::task::spawn_blocking(move || {
            if forget {
                Cache::forget_all(&folder);
                None
            } else {
                Some(Cache::open(&folder, &address, desktop))
            }
        });
        let cache = opening.await.map_err(|error| Error::Lost(error.into()))?;
        parameters.cache = cache.as_ref().map(Cache::id);
        let (geometry, dpi, keyboard) = (parameters.geometry, parameters.dpi, parameters.keyboard.clone());
        let open = ClientMessage::Open { version: VERSION, host: locale::host(), session: parameters };
        socket.send(text_message(&open)?).await.map_err(web_socket_error)?;
        let display = ready(&mut socket, &mut progress).await?;
        let screen = display::Screen { geometry, dpi, keyboard, cookie: display.cookie };
        Self::start(socket, &screen, cache, wake)
    }

    fn start(
        socket: WebSocket,
        screen: &display::Screen,
        cache: Option<Cache>,
        wake: Wake,
    ) -> Result<Self, Error> {
        let (inbox, messages) = mpsc::channel();
        let (event_sender, events) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let frame = Arc::new(Frame::default());
        let (link, work) = link::channel(inbox.clone());
        let clipboard = Clipboard::start(InputSender(inbox.clone()))
            .inspect_err(|error| tracing::warn!(%error, "no clipboard on this computer"))
            .ok();
        let reporter = display::Reporter {
            events: event_sender,
            wake,
            clipboard: clipboard.as_ref().map(Clipboard::sender),
        };
        let display = display::Display::new(screen, frame.clone(), reporter.clone(), work, cache)?;
        std::thread::Builder::new()
            .name("display".into())
            .spawn(move || display.run(&messages))
            .map_err(Error::Lost)?;
        let inbox = InputSender(inbox);
        let task = Handle::current().spawn(async move {
            let end = link::run(socket, link, stopped).await;
            reporter.send(SessionEvent::Ended(end));
        });
        Ok(Self { inbox, frame, events, clipboard, stop: Some(stop), task: Some(task) })
    }

    /// The next thing the session has to tell; none until the wake call comes again.
    pub fn poll(&mut self) -> Option<SessionEvent> {
        self.events.try_recv().ok()
    }

    /// Where keys and the pointer go.
    pub fn input(&self) -> &InputSender {
        &self.inbox
    }

    /// Hands over what of the picture has changed since the last call, if anything has. The session goes on drawing
    /// into the frame when `paint` returns.
    pub fn paint(&self, paint: impl FnOnce(&Buffer)) {
        if self.frame.take(paint) {
            self.inbox.send(Input::FrameTaken);
        }
    }

    /// The window's size in pixels has changed: the desktop follows.
    pub fn resize(&self, geometry: Geometry) {
        self.inbox.send(Input::Resize(geometry));
    }

    /// The window has or has not the keyboard. Its locks and the clipboards of both sides are brought together.
    pub fn focus(&self, focused: bool) {
        self.inbox.send(Input::Focus(focused));
        if focused && let Some(locks) = keyboard::locks() {
            self.inbox.send(Input::Locks(locks));
        }
        if let Some(clipboard) = &self.clipboard {
            clipboard.focus(focused);
        }
    }

    /// Leaves the session; [`SessionEvent::Ended`] follows.
    pub fn disconnect(&mut self) {
        self.stop(Stop::Disconnect);
    }

    /// Ends the session over there; [`SessionEvent::Ended`] follows.
    pub fn log_out(&mut self) {
        self.stop(Stop::LogOut);
    }

    fn stop(&mut self, stop: Stop) {
        if let Some(sender) = self.stop.take() {
            let _ = sender.send(stop);
        }
    }

    /// The task that ends when the server has been told of the end.
    pub(crate) fn into_farewell(mut self) -> Option<JoinHandle<()>> {
        self.disconnect();
        self.task.take()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.disconnect();
    }
}

/// Waits until the session is there.
async fn ready(
    socket: &mut WebSocket,
    progress: &mut impl FnMut(Stage, String),
) -> Result<DisplayParameters, Error> {
    let mut pulse = link::Pulse::new();
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            beat = pulse.beat() => {
                beat?;
                socket.send(Message::Ping(bytes::Bytes::new())).await.map_err(web_socket_error)?;
                continue;
            }
        };
        pulse.heard();
        match link::server_message(message)? {
            None => {}
            Some(ServerMessage::Progress { stage, message }) => progress(stage, message),
            Some(ServerMessage::Ready { epoch, display }) => {
                tracing::info!(epoch, "session is ready");
                return Ok(display);
            }
            Some(ServerMessage::Failed { code, message } | ServerMessage::Closing { code, message, .. }) => {
                return Err(Error::Refused(ErrorBody { code, message, retry_after_s: None }));
            }
        }
    }
}
