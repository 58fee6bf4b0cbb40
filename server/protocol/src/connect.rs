//! The connect WebSocket: text frames of JSON, then binary frames that carry the session.
//!
//! ```text
//! client                               L7R
//!   ── ClientMessage::Open ─────────────▶
//!   ◀──────── ServerMessage::Progress ───   any number
//!   ◀──────── ServerMessage::Ready ──────   or Failed, and close
//!   ◀═════════ binary frames ═══════════▶   one byte stream: yamux, client to agent
//!   ◀──────── ServerMessage::Closing ────   why the session ends, and close
//! ```
//!
//! A client that gives up closes the WebSocket, at any point; the desktop's session stays.
//! After `Ready` the client is the yamux *client* and the agent the yamux *server* of the byte stream; frame borders
//! mean nothing. [`channel`](crate::channel) says how the streams in it open.

use serde::{Deserialize, Serialize};

use crate::api::Holder;
use crate::session::SessionParameters;
use crate::{ErrorCode, Secret};

/// Longest text frame either side sends, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;
/// Longest binary frame either side sends, in bytes. A longer one ends the connection.
pub const MAX_BINARY: usize = 256 * 1024;

/// From the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first frame: what the session should look like.
    Open {
        /// Contract version of the client: [`api::VERSION`](crate::api::VERSION).
        version: u32,
        /// Name of the client's computer, told to a client that is displaced.
        host: String,
        /// The client's window, keyboard, language.
        session: SessionParameters,
    },
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Something has begun that takes time.
    Progress {
        /// Which step, for pictures and translations.
        stage: Stage,
        /// The same in a sentence.
        message: String,
    },
    /// The agent has the session; binary frames follow.
    Ready {
        /// Lease of this connection: grows with every connect to the desktop.
        epoch: u64,
        /// How to speak to the session's nxagent.
        display: DisplayParameters,
    },
    /// The connection could not be made.
    Failed {
        /// What happened, for a program.
        code: ErrorCode,
        /// What happened and what to do, for a person.
        message: String,
    },
    /// The connection ends after `Ready`.
    Closing {
        /// Why, for a program.
        code: ErrorCode,
        /// Why, and what to do, for a person.
        message: String,
        /// Who has taken over, when the code says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Holder>,
    },
}

/// The steps of a connect, in order; those that have nothing to do are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Checking rights and taking the lease, from another client if need be.
    Reserving,
    /// The machine is being stopped first.
    Stopping,
    /// The hypervisor is starting the machine.
    Starting,
    /// The machine boots; its agent has not reported yet.
    Booting,
    /// The agent starts a new desktop session.
    StartingSession,
    /// The agent brings the suspended session back.
    ResumingSession,
}

/// What the client's NX side needs to know of the session's nxagent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayParameters {
    /// The NX session cookie, 32 lower-case hex digits (NX part 1 §2.3), new at every start and resume.
    pub cookie: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tagged_json() {
        let text = serde_json::to_string(&ServerMessage::Progress {
            stage: Stage::Booting,
            message: "The desktop is booting.".into(),
        })
        .unwrap();
        assert_eq!(text, r#"{"type":"progress","stage":"booting","message":"The desktop is booting."}"#);
    }
}
