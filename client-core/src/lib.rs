//! The client without its window: find a server, log in, pick a desktop, run its session.
//!
//! ```text
//!  Client ── log_in ──▶ Api ── connect ──▶ session::Session ── frame, events ──▶ the window
//!    │                   │                        ▲ input
//!    └ poll: Event       └ trust (who is the server?)
//! ```
//!
//! * [`Client`] is what a window holds: commands that return at once, and [`Event`]s to poll for. It owns the
//!   runtime on which everything with a socket happens.
//! * [`api`] speaks the HTTP calls of `qvd_protocol::api`, over TLS whose certificate is pinned by [`trust`].
//! * [`session`] runs one session: the byte stream and its channels on the runtime, `nx` and `xserver` on a thread
//!   of their own, the picture in a [`session::Frame`].
//! * [`settings`] is what is remembered, [`keyboard`] and [`locale`] say what this computer is like.
//!
//! Three rules hold everywhere: the window never waits for the network, the display thread never waits for the
//! window, and no bytes of a server are believed before they are checked.

pub mod address;
pub mod api;
pub mod client;
mod clipboard;
pub mod error;
mod file;
pub mod keyboard;
pub mod locale;
pub mod session;
pub mod settings;
mod tls;
pub mod trust;

pub use address::ServerAddress;
pub use client::{Client, Event};
pub use error::Error;
pub use qvd_protocol as protocol;
pub use session::Wake;
