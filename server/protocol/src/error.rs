//! Stable error codes: what a program acts on. The sentence beside a code is for a person and may change.

use serde::{Deserialize, Serialize};

/// Why something was refused or failed. On the wire a snake-case string; a code that this release does not know
/// reads as [`ErrorCode::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request could not be read, or a value in it is out of range.
    InvalidRequest,
    /// The two sides have no protocol version in common.
    VersionUnsupported,
    /// User or password is wrong. Which of them is not told.
    WrongCredentials,
    /// Too many failed attempts to log in; `retry_after_s` says when to try again.
    TooManyAttempts,
    /// There is no valid token with the request: none was sent, or it has expired or been withdrawn.
    NotLoggedIn,
    /// The user may not do this.
    NotAllowed,
    /// There is no such desktop, or the user may not know of it.
    NotFound,
    /// The desktop is in a state that does not allow this now, such as starting or stopping.
    Busy,
    /// The desktop's image is missing on the node.
    ImageMissing,
    /// The image is there but the machine did not start from it.
    BootFailed,
    /// The node, or the machine's own limit, has not enough memory.
    OutOfMemory,
    /// The node's disk is full.
    NoSpace,
    /// The machine started, but its agent did not report in time.
    AgentTimeout,
    /// The connection to the agent broke.
    AgentLost,
    /// The desktop session inside the machine did not start.
    SessionFailed,
    /// The desktop session inside the machine ended unexpectedly.
    SessionCrashed,
    /// The session ended because the user logged out of the desktop.
    SessionEnded,
    /// Another client of the same user has taken the session over.
    TakenOver,
    /// The machine was stopped.
    DesktopStopped,
    /// The server is shutting down.
    ServerStopping,
    /// A fault of the server's own; its log has the details.
    Internal,
    /// A code of a later release.
    #[serde(other)]
    Unknown,
}

/// The JSON body of every HTTP answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What happened, for a program.
    pub code: ErrorCode,
    /// What happened and what to do, for a person: one or two sentences.
    pub message: String,
    /// Seconds after which the same request may succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_snake_case_string_and_a_foreign_one_is_unknown() {
        assert_eq!(serde_json::to_string(&ErrorCode::WrongCredentials).unwrap(), "\"wrong_credentials\"");
        assert_eq!(serde_json::from_str::<ErrorCode>("\"invented_later\"").unwrap(), ErrorCode::Unknown);
    }
}
