//! The NX 3 protocol, without I/O.
//!
//! NX carries X11 over slow links: messages of X clients are cached, predicted and packed on one side and restored on
//! the other. This crate is an independent implementation, written from a description of the wire only. It takes
//! bytes and returns bytes; sockets, threads and clocks are the owner's.
//!
//! - [`Display`] is the display side (S role), next to the X server.
//! - [`Application`] is the application side (C role), next to the X clients.
//! - [`Unproxied`] serves an agent that speaks plain X11 with NX requests in it (`-forcenx`).
//!
//! Everything a peer sends is checked: no announced length allocates, no byte panics, and what waits is bounded.

mod application;
mod channel;
mod coding;
mod display;
mod error;
mod event;
mod link;
mod reply;
mod request;
mod saved;
mod session;
mod substitute;
mod trace;
mod tunnel;
mod unpack;
mod unproxied;
mod x11;

pub use application::{Application, ApplicationConfig};
pub use coding::bits::MAX_MEMORY;
pub use coding::pass::ByteOrder;
pub use display::{Config, Display};
pub use error::Error;
pub use event::{Alert, ChannelId, EVENT_BYTES, End, Event};
pub use link::control::ChannelKind;
pub use link::frame::MAX_FRAME;
pub use link::handshake::{LinkType, Options};
pub use request::MAX_REQUEST;
pub use saved::SavedStores;
pub use session::Session;
pub use trace::{Coded, Direction};
pub use tunnel::TunnelEvent;
pub use unproxied::{Pack, Unproxied};
pub use x11::cookie::Cookie;
