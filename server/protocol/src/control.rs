//! The `control` channel of a session, end to end between client and agent: one JSON object a line, at most
//! [`MAX_LINE`] bytes each, UTF-8, ended by a line feed.

use serde::{Deserialize, Serialize};

use crate::ErrorCode;

/// Longest line, in bytes, with its line feed.
pub const MAX_LINE: usize = 16 * 1024;

/// From the client to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientControl {
    /// End the desktop session and all programs in it (the user chose "log out").
    EndSession,
    /// Asks for a [`AgentControl::Pong`] with the same number: liveness, and the round trip.
    Ping {
        /// Any number.
        id: u64,
    },
}

/// From the agent to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentControl {
    /// Answer to [`ClientControl::Ping`].
    Pong {
        /// The number of the ping.
        id: u64,
    },
    /// The session is over; the channels close after this.
    Ended {
        /// Why: [`ErrorCode::SessionEnded`] or [`ErrorCode::SessionCrashed`].
        code: ErrorCode,
        /// The same for a person.
        message: String,
    },
}
