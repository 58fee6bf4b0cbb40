//! The client's end of a connect: its WebSocket, the messages on it, whether it is still there, and why it ends.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use qvd_protocol::ErrorCode;
use qvd_protocol::api::{self, Holder};
use qvd_protocol::connect::{ClientMessage, MAX_TEXT, ServerMessage, Stage};
use qvd_protocol::session::SessionParameters;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// For a message to a client that may not be listening any more.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The client's WebSocket.
pub(super) struct Client {
    pub(super) tx: SplitSink<WebSocket, Message>,
    pub(super) rx: SplitStream<WebSocket>,
    /// After how long without a word it counts as gone.
    pub(super) silence: Duration,
}

impl Client {
    pub(super) fn new(socket: WebSocket, silence: Duration) -> Self {
        let (tx, rx) = socket.split();
        Self { tx, rx, silence }
    }

    /// The first frame.
    pub(super) async fn open(&mut self, limit: Duration) -> Result<(String, SessionParameters), End> {
        let invalid = |text: String| Err(End::server(ErrorCode::InvalidRequest, text));
        let first = async {
            loop {
                match self.rx.next().await {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => return other,
                }
            }
        };
        let Ok(first) = timeout(limit, first).await else {
            return invalid("The client did not say what it wants in time.".into());
        };
        let text = match first {
            Some(Ok(Message::Text(text))) if text.len() <= MAX_TEXT => text,
            Some(Ok(Message::Close(_))) | None => return Err(End::client("it closed at once")),
            Some(Err(_)) => return Err(End::client("its first frame is not WebSocket or too long")),
            Some(Ok(_)) => return invalid("The first message of a connect is not its opening.".into()),
        };
        let open: ClientMessage = match serde_json::from_str(&text) {
            Ok(open) => open,
            Err(error) => return invalid(format!("The opening could not be read: {error}")),
        };
        let ClientMessage::Open { version, host, session } = open;
        if version != api::VERSION {
            let text = format!(
                "This server speaks version {} of the protocol and the client {version}: update the older one.",
                api::VERSION
            );
            return Err(End::server(ErrorCode::VersionUnsupported, text));
        }
        if host.len() > 255 {
            return invalid("The name of the client's computer is longer than 255 bytes.".into());
        }
        match session.check() {
            Ok(()) => Ok((host, session)),
            Err(error) => invalid(format!("The session cannot look like that: {error}.")),
        }
    }

    pub(super) async fn progress(&mut self, stage: Stage) -> Result<(), End> {
        let message = match stage {
            Stage::Reserving => "Reserving the desktop.",
            Stage::Stopping => "Waiting for the desktop to stop.",
            Stage::Starting => "Starting the desktop.",
            Stage::Booting => "The desktop is booting.",
            Stage::StartingSession => "Starting your session.",
            Stage::ResumingSession => "Bringing your session back.",
        };
        self.send(&ServerMessage::Progress { stage, message: message.into() }).await
    }

    pub(super) async fn send(&mut self, message: &ServerMessage) -> Result<(), End> {
        let text = serde_json::to_string(message)
            .map_err(|error| End::server(ErrorCode::Internal, error.to_string()))?;
        self.send_frame(Message::text(text)).await
    }

    pub(super) async fn send_frame(&mut self, frame: Message) -> Result<(), End> {
        match timeout(self.silence, self.tx.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::client("its connection broke")),
            Err(_) => Err(End::client("it reads nothing")),
        }
    }

    /// Says why, closes, and waits a moment for the client to have read it: a socket that is dropped with unread
    /// bytes in it takes the last words back.
    pub(super) async fn say_goodbye(mut self, last: &ServerMessage) {
        let goodbye = async {
            self.send(last).await.ok()?;
            let close = CloseFrame { code: close_code::NORMAL, reason: "".into() };
            self.tx.send(Message::Close(Some(close))).await.ok()?;
            while let Some(Ok(_)) = self.rx.next().await {}
            Some(())
        };
        let _ = timeout(LAST_WORDS, goodbye).await;
    }
}

/// When to ask a client whether it is still there.
pub(super) struct Pulse {
    silence: Duration,
    ticks: tokio::time::Interval,
}

impl Pulse {
    pub(super) fn new(silence: Duration) -> Self {
        let mut ticks = interval((silence / 3).max(Duration::from_millis(100)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { silence, ticks }
    }

    pub(super) async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    /// After how long without a word a client counts as gone.
    pub(super) fn silence(&self) -> Duration {
        self.silence
    }
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The client closed, or is gone.
    Client(String),
    /// The server ends it, and tells the client.
    Server { code: ErrorCode, message: String, by: Option<Holder> },
}

impl End {
    pub(super) fn client(why: &str) -> Self {
        Self::Client(why.into())
    }

    pub(super) fn server(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Server { code, message: message.into(), by: None }
    }

    pub(super) fn stopping() -> Self {
        Self::server(ErrorCode::ServerStopping, "The server is shutting down; connect again in a moment.")
    }

    pub(super) fn taken_over(by: Option<Holder>) -> Self {
        let message = match &by {
            Some(by) => format!(
                "{} has taken the desktop over from {} ({}). Connect again to take it back.",
                by.user, by.host, by.address
            ),
            None => "Another client has taken the desktop over. Connect again to take it back.".into(),
        };
        Self::Server { code: ErrorCode::TakenOver, message, by }
    }
}
