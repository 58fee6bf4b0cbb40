//! The contract between client, server and agent: every type that crosses a process border.
//!
//! ```text
//!  client ── HTTPS: api ──▶ L7R            log in, list, start, stop
//!  client ══ WebSocket: connect ══▶ L7R    progress, then the session's bytes
//!                                   L7R ══ node link: agent ══▶ agent in the VM
//!  client ══════════ channels: channel, control (end to end) ══════════▶ agent
//! ```
//!
//! * [`api`]: JSON bodies of the HTTP calls, all below [`api::PREFIX`].
//! * [`connect`]: the text frames of the connect WebSocket. After [`connect::ServerMessage::Ready`] the binary
//!   frames of the same WebSocket carry one byte stream, a yamux connection between client and agent.
//! * [`channel`]: the header that opens each yamux stream, on both the session and the node link.
//! * [`control`]: the messages of the session's `control` channel.
//! * [`agent`]: what the node gives the agent at start, how the two prove themselves to each other, and the
//!   requests and events between them.
//! * [`session`]: how the user's side of a session looks: window size, keyboard, language.
//! * [`error`]: the stable codes that programs act on.
//!
//! This crate holds types, their encoding and the checks that belong to the contract itself. Whatever only one
//! side does lives on that side.

pub mod agent;
pub mod api;
pub mod channel;
pub mod connect;
pub mod control;
pub mod error;
pub mod handshake;
pub mod id;
pub mod secret;
pub mod session;

pub use error::{ErrorBody, ErrorCode};
pub use id::{UserId, VmId};
pub use secret::Secret;
