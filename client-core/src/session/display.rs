//! The display thread: NX in, X11 between, pixels out.
//!
//! It sleeps until something is in its inbox or the NX link has a timer due, works off everything that is there,
//! then sends what came of it and hands over the picture. It waits for nothing else.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use qvd_protocol::Secret;
use qvd_protocol::session::{Geometry, Keyboard};
use tokio::sync::OwnedSemaphorePermit;
pub use xserver::Selection;
use xserver::{ClientId, CursorImage, Server, ServerEvent};

use super::cache::Cache;
use super::frame::{Frame, Rect};
use super::link::Work;
use super::{SessionEvent, Wake};
use crate::Error;
use crate::clipboard::ClipboardSender;
use crate::keyboard::Locks;

/// Bytes for the server that may wait to be written; more means that it takes nothing any more.
const MAX_BACKLOG: usize = 32 << 20;
/// Messages worked off before their results are sent: enough to catch a burst, few enough not to be felt.
const BATCH: usize = 64;

/// What the person does at the window, and what the window does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key by X keycode. Pressed while it is down is a repetition.
    Key {
        /// evdev code plus 8.
        code: u8,
        /// Down or up.
        pressed: bool,
    },
    /// The pointer, in pixels of the desktop.
    Motion {
        /// Column.
        x: i16,
        /// Row.
        y: i16,
    },
    /// A button: 1 left, 2 middle, 3 right, 4 to 7 the wheels, 8 and 9 back and forward.
    Button {
        /// Which.
        number: u8,
        /// Down or up.
        pressed: bool,
    },
    /// The window has the keyboard, or has lost it; then nothing stays pressed.
    Focus(bool),
    /// What is switched on at the keyboard.
    Locks(Locks),
    /// The view has another size in pixels.
    Resize(Geometry),
    /// Somebody copied or marked text on this computer.
    Text {
        /// Where.
        selection: Selection,
        /// What.
        text: String,
    },
    /// The window has taken the last picture.
    FrameTaken,
}

/// What the display thread is sent.
pub(super) enum Message {
    Input(Input),
    /// NX bytes; the permit makes room for more.
    Link {
        bytes: Vec<u8>,
        _permit: OwnedSemaphorePermit,
    },
    LinkEnded,
    /// The person leaves: say goodbye.
    Close,
}

/// The pointer's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The computer's own.
    Default,
    /// None at all.
    Hidden,
    /// An image.
    Image {
        /// Columns and rows.
        size: [u16; 2],
        /// Column and row of the point that points.
        hotspot: [u16; 2],
        /// Rows of R, G, B, A; colours multiplied by alpha.
        rgba: Vec<u8>,
    },
}

/// How the session's screen is set up.
pub(super) struct Screen {
    pub geometry: Geometry,
    pub dpi: u16,
    /// The layout the session takes from this display (`keyboard=clone`).
    pub keyboard: Keyboard,
    /// The NX session cookie.
    pub cookie: Secret,
}

/// Tells the window.
#[derive(Clone)]
pub(super) struct Reporter {
    pub events: Sender<SessionEvent>,
    pub wake: Wake,
    /// This computer's clipboard, if it has one.
    pub clipboard: Option<ClipboardSender>,
}

impl Reporter {
    pub(super) fn send(&self, event: SessionEvent) {
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

/// The NX link, the X server, and the ways out.
pub(super) struct Display {
    nx: nx::Display,
    x: Server,
    /// The X connection of each NX channel.
    clients: HashMap<nx::ChannelId, ClientId>,
    /// Channels whose far client does not read.
    stopped: HashSet<nx::ChannelId>,
    /// What clients own and this computer may want to have.
    owned: HashSet<Selection>,
    dpi: u16,
    frame: Arc<Frame>,
    reporter: Reporter,
    work: Work,
    /// Where to keep what the link remembers, if it is to be kept.
    cache: Option<Cache>,
    /// Both ends have something to keep, which takes a goodbye.
    remembers: bool,
    /// The person leaves: the picture stays as it is.
    closing: bool,
    started: Instant,
}

impl Display {
    pub(super) fn new(
        screen: &Screen,
        frame: Arc<Frame>,
        reporter: Reporter,
        work: Work,
        mut cache: Option<Cache>,
    ) -> Result<Self, Error> {
        let now = Instant::now();
        let cookie = screen
            .cookie
            .reveal()
            .parse::<nx::Cookie>()
            .map_err(|_| Error::Desktop("session cookie is not 32 hex digits".into()))?;
        let config = xserver::Config {
            width: screen.geometry.width,
            height: screen.geometry.height,
            dpi: screen.dpi,
            manage_top_levels: true,
            keyboard: keyboard_names(screen.keyboard.clone()),
            ..xserver::Config::default()
        };
        let saved = cache.as_mut().and_then(Cache::take);
        let link = nx::Config { cookie: Some(cookie), saved, save: cache.is_some(), ..nx::Config::default() };
        let nx = nx::Display::new(link, now);
        Ok(Self {
            nx,
            x: Server::new(config),
            clients: HashMap::new(),
            stopped: HashSet::new(),
            owned: HashSet::new(),
            dpi: screen.dpi,
            frame,
            reporter,
            work,
            cache,
            remembers: false,
            closing: false,
            started: now,
        })
    }

    /// Runs until the link is closed or nobody is left to send anything.
    pub(super) fn run(mut self, inbox: &Receiver<Message>) {
        loop {
            if let Err(error) = self.exchange() {
                tracing::debug!(%error, "display ended");
                self.work.end((!self.closing).then_some(error));
                return;
            }
            if !self.closing {
                self.publish();
            }
            let wait = self
                .nx
                .poll_timeout()
                .map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
            let mut message = match inbox.recv_timeout(wait) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.x.set_time(self.started.elapsed().as_millis() as u32);
            let mut left = BATCH;
            while let Some(now) = message {
                left -= 1;
                message = if left > 0 { inbox.try_recv().ok() } else { None };
                // Only where the pointer is in the end matters.
                let overtaken = matches!(&now, Message::Input(Input::Motion { .. }))
                    && matches!(&message, Some(Message::Input(Input::Motion { .. })));
                if !overtaken {
                    self.handle(now);
                }
            }
            self.nx.handle_timeout(Instant::now());
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Link { bytes, _permit } => {
                tracing::trace!(length = bytes.len(), "received");
                // What is wrong with them comes as the link's last event.
                let _ = self.nx.receive(&bytes, Instant::now());
            }
            Message::LinkEnded => self.nx.end_of_stream(Instant::now()),
            Message::Close => {
                self.closing = true;
                if self.remembers {
                    self.nx.close(Instant::now());
                } else {
                    // nxagent suspends soonest when its link is cut.
                    self.nx.end_of_stream(Instant::now());
                }
            }
            Message::Input(input) => self.input(input),
        }
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Key { code, pressed } => self.x.key(code, pressed),
            Input::Motion { x, y } => self.x.pointer_motion(x, y),
            Input::Button { number, pressed } => self.x.button(number, pressed),
            Input::Focus(focused) => {
                self.x.focus(focused);
                if !focused {
                    // Text may have been marked further since its owner announced it.
                    for selection in self.owned.clone() {
                        self.x.request_text(selection);
                    }
                }
            }
            Input::Locks(Locks { caps, num }) => self.x.set_locks(caps, num),
            Input::Resize(Geometry { width, height }) => self.x.resize(width, height, self.dpi),
            Input::Text { selection, text } => {
                self.owned.remove(&selection);
                self.x.set_text(selection, text);
            }
            // Whatever has piled up meanwhile is published after this.
            Input::FrameTaken => {}
        }
    }

    /// Lets NX link and X server talk until neither has more to say.
    fn exchange(&mut self) -> Result<(), Error> {
        loop {
            let now = Instant::now();
            let mut quiet = true;
            while let Some(event) = self.nx.poll_event(now) {
                quiet = false;
                self.link_event(event)?;
            }
            while let Some(event) = self.x.poll_event() {
                self.server_event(event);
            }
            for (&channel, &client) in &self.clients {
                if self.stopped.contains(&channel) {
                    continue;
                }
                if let Some(output) = self.x.output(client)
                    && !output.is_empty()
                {
                    quiet = false;
                    tracing::trace!(channel = channel.0, length = output.len(), "to nx");
                    self.nx.x11_from_server(channel, output, now);
                    output.clear();
                }
            }
            if quiet {
                break;
            }
        }
        let bytes = self.nx.transmit(Instant::now());
        tracing::trace!(length = bytes.len(), "sent");
        if !bytes.is_empty() && self.work.send(bytes) > MAX_BACKLOG {
            return Err(Error::Lost(io::Error::new(
                io::ErrorKind::TimedOut,
                "the server takes no more input",
            )));
        }
        Ok(())
    }

    fn link_event(&mut self, event: nx::Event) -> Result<(), Error> {
        match event {
            nx::Event::Connected(options) => {
                tracing::debug!(?options, "nx link is up");
                self.remembers = self.cache.is_some() && options.cache > 0;
            }
            nx::Event::Loaded => tracing::info!("the display begins with what is kept of it"),
            nx::Event::ChannelOpened(channel) => match self.x.connect() {
                Some(client) => {
                    self.clients.insert(channel, client);
                }
                None => self.nx.refuse(channel),
            },
            nx::Event::X11 { channel, bytes } => {
                tracing::trace!(channel = channel.0, length = bytes.len(), "from nx");
                if let Some(&client) = self.clients.get(&channel)
                    && let Err(fault) = self.x.receive(client, &bytes)
                {
                    tracing::warn!(%fault, "x connection closed");
                    self.close(channel);
                }
            }
            nx::Event::Congestion { channel, stop } => {
                if stop {
                    self.stopped.insert(channel);
                } else {
                    self.stopped.remove(&channel);
                }
            }
            nx::Event::ChannelClosed(channel) => {
                self.stopped.remove(&channel);
                if let Some(client) = self.clients.remove(&channel) {
                    self.x.disconnect(client);
                }
            }
            nx::Event::Alert(alert) => {
                if let Some(meaning) = alert.meaning() {
                    tracing::warn!(code = alert.0, meaning, "alert from the session");
                }
            }
            nx::Event::StoresOutdated => {
                self.cache.iter().for_each(Cache::forget);
            }
            nx::Event::Saved(stores) => {
                self.cache.iter().for_each(|cache| cache.keep(&stores));
            }
            nx::Event::Closed(nx::End::Clean) => {
                return Err(Error::Lost(io::ErrorKind::ConnectionReset.into()));
            }
            nx::Event::Closed(nx::End::Broken(nx::Error::LinkLost)) => {
                return Err(Error::Lost(io::ErrorKind::UnexpectedEof.into()));
            }
            nx::Event::Closed(nx::End::Broken(error)) => return Err(Error::Desktop(format!("nx: {error}"))),
        }
        Ok(())
    }

    fn server_event(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Bell { .. } => self.reporter.send(SessionEvent::Bell),
            ServerEvent::CursorChanged => {
                if let Some(image) = self.x.cursor() {
                    self.reporter.send(SessionEvent::Cursor(cursor(image)));
                }
            }
            ServerEvent::SelectionOwner { selection, owned: true } => {
                self.owned.insert(selection);
                self.x.request_text(selection);
            }
            ServerEvent::SelectionOwner { selection, owned: false } => {
                self.owned.remove(&selection);
            }
            ServerEvent::SelectionText { selection, text: Some(text) } => {
                if let Some(clipboard) = &self.reporter.clipboard {
                    clipboard.set(selection, text);
                }
            }
            ServerEvent::ClientFault { client, fault } => {
                tracing::warn!(%fault, "x connection closed");
                let channel = self.clients.iter().find(|(_, known)| **known == client).map(|(c, _)| *c);
                if let Some(channel) = channel {
                    self.close(channel);
                }
            }
            // Titles are the desktop's own affair, and a pointer that jumps by itself would annoy.
            _ => {}
        }
    }

    /// Closes an X connection from this side.
    fn close(&mut self, channel: nx::ChannelId) {
        if let Some(client) = self.clients.remove(&channel) {
            self.x.disconnect(client);
            self.nx.x11_closed(channel);
        }
    }

    /// Hands the picture over, if the window is ready for it.
    fn publish(&mut self) {
        if self.frame.is_pending() || !self.x.has_damage() {
            return;
        }
        let damage = self.x.take_damage();
        let (width, height) = self.x.size();
        let inside = damage.intersect_rect(&xserver::region::Rect::new(0, 0, width.into(), height.into()));
        let rects: Vec<Rect> = inside
            .iter()
            .map(|rect| Rect {
                x: rect.x1 as u16,
                y: rect.y1 as u16,
                width: (rect.x2 - rect.x1) as u16,
                height: (rect.y2 - rect.y1) as u16,
            })
            .collect();
        self.frame.put((width, height), self.x.screen(), &rects);
        (self.reporter.wake)();
    }
}

/// The rules are `evdev`, whatever this computer uses: keys go out with evdev codes.
fn keyboard_names(keyboard: Keyboard) -> xserver::KeyboardNames {
    let Keyboard { rules: _, model, layout, variant, options } = keyboard;
    xserver::KeyboardNames { rules: "evdev".into(), model, layout, variant, options }
}

fn cursor(image: Option<CursorImage>) -> Cursor {
    let Some(image) = image else { return Cursor::Default };
    if image.pixels.iter().all(|pixel| *pixel == 0) {
        return Cursor::Hidden;
    }
    let rgba = image.pixels.iter().flat_map(|pixel| rgba(*pixel)).collect();
    Cursor::Image { size: [image.width, image.height], hotspot: [image.hot_x, image.hot_y], rgba }
}

/// R, G, B, A of `0xAARRGGBB`.
fn rgba(pixel: u32) -> [u8; 4] {
    let [b, g, r, a] = pixel.to_le_bytes();
    [r, g, b, a]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_without_a_pixel_is_hidden() {
        let image = CursorImage { width: 1, height: 1, hot_x: 0, hot_y: 0, pixels: vec![0] };
        assert_eq!(cursor(Some(image)), Cursor::Hidden);
        assert_eq!(cursor(None), Cursor::Default);
    }
}
