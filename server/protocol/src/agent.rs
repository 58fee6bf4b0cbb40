//! Between a node and the agent in one of its machines.
//!
//! They share one byte stream, the *node link*, which belongs to that machine alone: a virtio-serial port of a QEMU
//! machine, a Unix socket of a container. The node listens on the host's end of it; nothing of it is on a network.
//! First both prove that they know the machine's secret ([`handshake`](crate::handshake)); then the stream is a
//! yamux connection with the node as yamux *client*. The node opens the [`AGENT`](crate::channel::name::AGENT)
//! channel at once, and a [`SESSION`](crate::channel::name::SESSION) channel for each client that connects.
//!
//! The `agent` channel carries one JSON object a line, at most [`MAX_LINE`] bytes: [`NodeRequest`] one way,
//! [`AgentMessage`] the other. The agent's first message is [`AgentEvent::Hello`].

use serde::{Deserialize, Serialize};

use crate::connect::DisplayParameters;
use crate::session::SessionParameters;
use crate::{ErrorCode, Secret, VmId};

/// Version of the node's side of this contract; an agent of another version is refused.
pub const VERSION: u32 = 1;
/// Longest line, in bytes, with its line feed.
pub const MAX_LINE: usize = 64 * 1024;
/// Name of the virtio-serial port that is the node link of a QEMU machine.
pub const VIRTIO_PORT: &str = "org.qvd.agent.0";
/// Name of the systemd credential that holds the [`AgentConfig`] as JSON in a QEMU machine
/// (`-fw_cfg name=opt/io.systemd.credentials/qvd.agent`).
pub const CREDENTIAL: &str = "qvd.agent";
/// Where a container finds its [`AgentConfig`] as JSON, readable by root only.
pub const CONTAINER_CONFIG: &str = "/run/qvd/agent.json";
/// Where a container finds the socket that is its node link.
pub const CONTAINER_LINK: &str = "/run/qvd/node.sock";

/// What the node tells the agent at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// The machine.
    pub vm: VmId,
    /// What both sides prove to know; new at every start of the machine.
    pub secret: Secret,
    /// The account to run the desktop in.
    pub user: SessionUser,
}

/// The unprivileged account of the desktop session inside the machine. The agent makes it if it is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionUser {
    /// Login name: a lower-case letter, then up to 31 lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Numeric id, 1000 to 60000.
    pub uid: u32,
}

impl SessionUser {
    /// Whether name and id keep to the ranges above.
    pub fn is_valid(&self) -> bool {
        let mut letters = self.name.bytes();
        letters.next().is_some_and(|c| c.is_ascii_lowercase())
            && self.name.len() <= 32
            && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_')
            && (1000..=60000).contains(&self.uid)
    }
}

/// Parameters of a `session` channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStream {
    /// Lease of the connect; the agent refuses one older than the newest it was asked to start.
    pub epoch: u64,
}

/// One request of the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRequest {
    /// Repeated in the response.
    pub id: u64,
    /// What to do.
    #[serde(flatten)]
    pub method: Method,
}

/// What a node asks of an agent.
#[expect(
    clippy::large_enum_variant,
    reason = "one exists at a time, and only for as long as it is written or read"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Method {
    /// Start a desktop session, or resume the suspended one; answered with [`Answer::Session`] when nxagent waits
    /// for the client. A session stream of an older epoch is cut first.
    StartSession {
        /// Lease of the connect.
        epoch: u64,
        /// What the client asked for, checked.
        session: SessionParameters,
    },
    /// End the desktop session and its programs; answered when they are gone.
    EndSession,
    /// Power the machine off in order; answered at once.
    Shutdown,
    /// Nothing; answered at once. A node that hears nothing for a while asks this: the link of a QEMU machine stays
    /// open when the agent behind it dies or begins anew, so silence is the only sign.
    Ping,
}

/// From the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentMessage {
    /// Answers one request.
    Response {
        /// The request's number.
        id: u64,
        /// How it went.
        outcome: Outcome,
    },
    /// Something happened.
    Event {
        /// What.
        event: AgentEvent,
    },
}

/// How a request went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Ok(Answer),
    /// Not done.
    Failed {
        /// Why, for a program.
        code: ErrorCode,
        /// Why, for a person.
        message: String,
    },
}

/// What a successful request gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing but the fact.
    Done,
    /// [`Method::StartSession`]: nxagent waits for the client's `display` channel.
    Session {
        /// How to speak to it.
        display: DisplayParameters,
    },
}

/// What an agent reports unasked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AgentEvent {
    /// First message after the channel opened.
    Hello {
        /// [`VERSION`] of the agent.
        version: u32,
        /// The agent's own release.
        release: String,
        /// State of the desktop session now.
        session: SessionState,
    },
    /// A step of [`Method::StartSession`]: a suspended session is being resumed rather than a new one started.
    Resuming,
    /// The desktop session changed its state.
    Session {
        /// To which.
        state: SessionState,
    },
}

/// State of the desktop session in a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// There is none.
    None,
    /// nxagent was started or told to resume and has not reported to be up.
    Starting,
    /// A client is connected to it.
    Connected,
    /// It runs without a client.
    Suspended,
    /// It ended by itself or by request.
    Ended,
    /// nxagent died.
    Crashed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_flat_object() {
        let text = serde_json::to_string(&NodeRequest { id: 3, method: Method::EndSession }).unwrap();
        assert_eq!(text, r#"{"id":3,"method":"end_session"}"#);
        assert_eq!(
            serde_json::from_str::<NodeRequest>(&text).unwrap(),
            NodeRequest { id: 3, method: Method::EndSession }
        );
    }

    #[test]
    fn only_plain_unprivileged_accounts_are_valid() {
        let user = |name: &str, uid| SessionUser { name: name.into(), uid };
        assert!(user("demo", 1000).is_valid());
        for bad in [user("root", 0), user("", 1000), user("-x", 1000), user("a:b", 1000), user("Demo", 1000)]
        {
            assert!(!bad.is_valid(), "{bad:?}");
        }
    }
}
