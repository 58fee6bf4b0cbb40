//! The byte stream of a session on the runtime: WebSocket, yamux, and the `display` and `control` channels in it.
//!
//! Several things can end a session at about the same time, and some know more than others: the agent's last
//! control message and the server's closing message say why; a channel that just closes does not. So the first
//! reason that *tells* wins, and one that does not waits a moment for one that does.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use qvd_protocol::channel::{Header, name};
use qvd_protocol::connect::{MAX_BINARY, ServerMessage};
use qvd_protocol::control::{AgentControl, ClientControl, MAX_LINE};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::compat::TokioAsyncReadCompatExt;
use yamux::{Connection, Mode};

use super::channel::{Channels, channels, drive};
use super::display;
use super::{End, Stop};
use crate::Error;
use crate::api::{WebSocket, web_socket_error};

/// How often we ask for a sign of life.
const BEAT: Duration = Duration::from_secs(10);
/// A peer that is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(35);
/// Pieces of link bytes under way to the display thread, and the most of each.
const PIECES: usize = 32;
const PIECE: usize = 64 * 1024;
/// How long an end without a reason waits for one.
const GRACE: Duration = Duration::from_secs(2);
/// How long a log-out or the last goodbye may take.
const FAREWELL: Duration = Duration::from_secs(15);
const GOODBYE: Duration = Duration::from_secs(1);
/// How long the display may take to say goodbye.
const CLOSING: Duration = Duration::from_secs(2);
/// How long leaving a session takes at most.
pub(crate) const LEAVING: Duration = CLOSING.saturating_add(GOODBYE);

/// The runtime's end of the display's byte stream.
pub(super) struct Link {
    inbox: Sender<display::Message>,
    outbound: mpsc::UnboundedReceiver<Vec<u8>>,
    backlog: Arc<AtomicUsize>,
    ended: oneshot::Receiver<Option<Error>>,
}

/// The display thread's end of it.
pub(super) struct Work {
    outbound: mpsc::UnboundedSender<Vec<u8>>,
    /// Bytes sent and not yet written.
    backlog: Arc<AtomicUsize>,
    ended: Option<oneshot::Sender<Option<Error>>>,
}

pub(super) fn channel(inbox: Sender<display::Message>) -> (Link, Work) {
    let (sender, outbound) = mpsc::unbounded_channel();
    let (ended_sender, ended) = oneshot::channel();
    let backlog = Arc::new(AtomicUsize::new(0));
    let work = Work { outbound: sender, backlog: backlog.clone(), ended: Some(ended_sender) };
    (Link { inbox, outbound, backlog, ended }, work)
}

impl Work {
    /// Sends bytes; gives how many wait to be written.
    pub(super) fn send(&self, bytes: Vec<u8>) -> usize {
        let waiting = self.backlog.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        let _ = self.outbound.send(bytes);
        waiting
    }

    /// Says why the display thread stops; nothing if it was told to.
    pub(super) fn end(&mut self, error: Option<Error>) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(error);
        }
    }
}

/// Signs of life while nothing else is said.
pub(super) struct Pulse {
    interval: tokio::time::Interval,
    last: Instant,
}

impl Pulse {
    pub(super) fn new() -> Self {
        let start = tokio::time::Instant::now() + BEAT;
        Self { interval: tokio::time::interval_at(start, BEAT), last: Instant::now() }
    }

    /// Waits until it is time to ask again; fails if the peer has been silent for too long.
    pub(super) async fn beat(&mut self) -> Result<(), Error> {
        self.interval.tick().await;
        if self.last.elapsed() < SILENCE { Ok(()) } else { Err(silent()) }
    }

    pub(super) fn heard(&mut self) {
        self.last = Instant::now();
    }
}

/// What came instead of binary frames, if it matters.
pub(super) fn server_message(
    message: Option<Result<Message, tungstenite::Error>>,
) -> Result<Option<ServerMessage>, Error> {
    match message {
        None | Some(Ok(Message::Close(_))) => Err(lost()),
        Some(Err(error)) => Err(web_socket_error(error)),
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| Error::Protocol(format!("connect message: {error}"))),
        Some(Ok(Message::Binary(_))) => {
            Err(Error::Protocol("binary frame before the session is ready".into()))
        }
        Some(Ok(_)) => Ok(None),
    }
}

/// A reason to end.
enum Reason {
    /// It says why.
    Told(End),
    /// Something closed or broke; another part may know why.
    Untold(Error),
}

/// Runs the session to its end.
pub(super) async fn run(socket: WebSocket, link: Link, stop: oneshot::Receiver<Stop>) -> End {
    let (near, far) = tokio::io::duplex(256 * 1024);
    let connection = Connection::new(near.compat(), yamux::Config::default(), Mode::Client);
    let (channels, orders) = channels();
    let (log_out, wish) = oneshot::channel();
    let inbox = link.inbox.clone();

    let pump = tokio::spawn(pump(socket, far));
    let mut parts = JoinSet::new();
    parts.spawn(async move { Reason::Untold(drive(connection, orders).await.err().unwrap_or_else(lost)) });
    parts.spawn(carry_display(channels.clone(), link));
    parts.spawn(carry_control(channels, wish));
    parts.spawn(async move {
        match stop.await {
            Ok(Stop::LogOut) => {
                let _ = log_out.send(());
                tokio::time::sleep(FAREWELL).await;
                Reason::Told(End::Disconnected)
            }
            Ok(Stop::Disconnect) | Err(_) => {
                // Both ends of the display keep what they remember, if there is time for it.
                let _ = inbox.send(display::Message::Close);
                tokio::time::sleep(CLOSING).await;
                Reason::Told(End::Disconnected)
            }
        }
    });
    let mut pump = pump;
    let end = first_told(&mut parts, &mut pump).await;
    // Without the channels the pump says goodbye to the server and ends.
    parts.shutdown().await;
    if !pump.is_finished() {
        let _ = tokio::time::timeout(GOODBYE, pump).await;
    }
    end
}

async fn first_told(parts: &mut JoinSet<Reason>, pump: &mut tokio::task::JoinHandle<Reason>) -> End {
    let mut untold: Option<Error> = None;
    let grace = tokio::time::sleep(Duration::MAX);
    tokio::pin!(grace);
    let mut pumping = true;
    loop {
        let reason = tokio::select! {
            reason = &mut *pump, if pumping => {
                pumping = false;
                reason.unwrap_or_else(|_| Reason::Untold(lost()))
            }
            Some(reason) = parts.join_next() => reason.unwrap_or_else(|_| Reason::Untold(lost())),
            () = &mut grace => return End::Broken(untold.unwrap_or_else(lost)),
        };
        match reason {
            Reason::Told(end) => return end,
            // Whatever the agent would say of it: the desktop was cut from here.
            Reason::Untold(error @ Error::Desktop(_)) => return End::Broken(error),
            Reason::Untold(error) => {
                tracing::debug!(%error, "part of the session ended");
                if untold.is_none() {
                    untold = Some(error);
                    grace.as_mut().reset(tokio::time::Instant::now() + GRACE);
                }
            }
        }
    }
}

/// Moves bytes between the WebSocket and the multiplexer.
async fn pump(socket: WebSocket, stream: DuplexStream) -> Reason {
    let (mut sink, mut frames) = socket.split();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let inbound = async {
        loop {
            let Ok(message) = tokio::time::timeout(SILENCE, frames.next()).await else {
                return Reason::Told(End::Broken(silent()));
            };
            if let Some(Ok(Message::Binary(bytes))) = &message {
                if writer.write_all(bytes).await.is_err() {
                    return Reason::Told(End::Disconnected);
                }
                continue;
            }
            match server_message(message) {
                Ok(Some(ServerMessage::Closing { code, message, by })) => {
                    return Reason::Told(End::Closed { code, message, by });
                }
                Ok(Some(ServerMessage::Failed { code, message })) => {
                    return Reason::Told(End::Closed { code, message, by: None });
                }
                Ok(_) => {}
                Err(error) => return Reason::Untold(error),
            }
        }
    };
    let outbound = async {
        let mut beat = tokio::time::interval(BEAT);
        let mut bytes = BytesMut::new();
        loop {
            bytes.reserve(PIECE);
            let message = tokio::select! {
                read = reader.read_buf(&mut bytes) => match read {
                    Ok(0) | Err(_) => {
                        let _ = sink.close().await;
                        return Reason::Told(End::Disconnected);
                    }
                    Ok(_) => Message::Binary(bytes.split_to(bytes.len().min(MAX_BINARY)).freeze()),
                },
                _ = beat.tick() => Message::Ping(Bytes::new()),
            };
            if let Err(error) = sink.send(message).await {
                return Reason::Untold(web_socket_error(error));
            }
        }
    };
    tokio::select! {
        reason = inbound => reason,
        reason = outbound => reason,
    }
}

/// Carries NX between the agent and the display thread.
async fn carry_display(channels: Channels, link: Link) -> Reason {
    let Link { inbox, mut outbound, backlog, ended } = link;
    let stream = match channels.open(Header::new(name::DISPLAY)).await {
        Ok(stream) => stream,
        Err(error) => return Reason::Untold(error),
    };
    let (mut reader, mut writer) = tokio::io::split(stream);
    let room = Arc::new(Semaphore::new(PIECES));
    let inbound = async {
        loop {
            let Ok(permit) = room.clone().acquire_owned().await else { return lost() };
            let mut bytes = Vec::with_capacity(PIECE);
            match reader.read_buf(&mut bytes).await {
                Ok(0) => {
                    let _ = inbox.send(display::Message::LinkEnded);
                    return lost();
                }
                Ok(_) => {}
                Err(error) => return Error::Lost(error),
            }
            if inbox.send(display::Message::Link { bytes, _permit: permit }).is_err() {
                // The display thread has ended and says why.
                std::future::pending::<()>().await;
            }
        }
    };
    let outbound = async {
        while let Some(bytes) = outbound.recv().await {
            backlog.fetch_sub(bytes.len(), Ordering::Relaxed);
            if let Err(error) = writer.write_all(&bytes).await {
                return Error::Lost(error);
            }
        }
        std::future::pending().await
    };
    Reason::Untold(tokio::select! {
        error = inbound => error,
        error = outbound => error,
        error = ended => match error {
            Ok(Some(error)) => error,
            Ok(None) => return Reason::Told(End::Disconnected),
            Err(_) => lost(),
        },
    })
}

/// Listens to the agent, and tells it to end the session when asked to.
async fn carry_control(channels: Channels, log_out: oneshot::Receiver<()>) -> Reason {
    let stream = match channels.open(Header::new(name::CONTROL)).await {
        Ok(stream) => stream,
        Err(error) => return Reason::Untold(error),
    };
    let (reader, mut writer) = tokio::io::split(stream);
    let listening = async {
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = Vec::new();
            match (&mut reader).take(MAX_LINE as u64).read_until(b'\n', &mut line).await {
                Ok(0) => return Reason::Untold(lost()),
                Err(error) => return Reason::Untold(Error::Lost(error)),
                Ok(_) if line.last() != Some(&b'\n') => {
                    return Reason::Untold(Error::Desktop("control message without an end".into()));
                }
                Ok(_) => {}
            }
            match serde_json::from_slice(&line) {
                Ok(AgentControl::Ended { code, message }) => {
                    return Reason::Told(End::Closed { code, message, by: None });
                }
                Ok(AgentControl::Pong { .. }) => {}
                // A later agent may say more than this client knows.
                Err(error) => tracing::debug!(%error, "control message not understood"),
            }
        }
    };
    let speaking = async {
        if log_out.await.is_ok()
            && let Ok(mut line) = serde_json::to_vec(&ClientControl::EndSession)
        {
            line.push(b'\n');
            if let Err(error) = writer.write_all(&line).await {
                return Reason::Untold(Error::Lost(error));
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        reason = listening => reason,
        reason = speaking => reason,
    }
}

fn lost() -> Error {
    Error::Lost(io::ErrorKind::ConnectionReset.into())
}

fn silent() -> Error {
    Error::Lost(io::Error::new(io::ErrorKind::TimedOut, "the server has been silent for too long"))
}
