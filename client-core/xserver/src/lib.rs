//! An X11 display server in memory.
//!
//! Sans-I/O: the embedder hands over the bytes that clients send ([`Server::receive`]) and takes away the bytes for
//! them ([`Server::output`]), injects input ([`Server::key`], [`Server::pointer_motion`], [`Server::button`],
//! [`Server::touch_begin`]), says which monitors there are ([`Server::set_monitors`]), tells the time
//! ([`Server::set_time`]) and takes the pixels that changed ([`Server::take_damage`], [`Server::screen`]). There is
//! no socket, no thread, no clock and no window here.
//!
//! ```
//! use xserver::{Config, Server};
//!
//! let mut server = Server::new(Config { width: 640, height: 480, ..Config::default() });
//! let client = server.connect().expect("there is room for a client");
//! // The setup request of a little-endian client without authorisation (X11 §8).
//! server.receive(client, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).expect("a good setup request");
//! assert_eq!(server.output(client).expect("it is connected")[0], 1, "success");
//! ```
//!
//! Principles:
//! - Nothing a client sends panics, overflows, or takes memory or time without bound: sizes are checked before they are
//!   allocated ([`Limits`]), and the answer to nonsense is the X error the protocol names.
//! - What is not offered is answered as absent, never half-offered.
//! - All windows draw into one screen; [`surface`](crate) targets are the seam for windows with pixels of their own.

#![expect(clippy::unnecessary_wraps, reason = "requests are executed by functions of one signature")]
#![expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "requests are passed as they were parsed, small or not"
)]

mod access;
mod atom;
mod byte_order;
mod client;
mod clipboard;
mod color_names;
mod colormap;
mod config;
mod core_fonts;
mod cursor;
mod dispatch;
mod drawing;
mod error;
mod event;
mod extension;
pub mod font;
mod gc;
mod inbox;
mod input;
mod keymap;
mod property;
pub mod raster;
pub mod region;
pub mod render;
mod resource;
mod screen_saver;
mod selection;
mod server;
mod setup;
#[cfg(test)]
mod stream_tests;
mod surface;
mod value_list;
mod window;

pub use client::ClientId;
pub use clipboard::Selection;
pub use config::{Config, FontFiles, FontNames, KeyboardNames, KeymapFiles, Limits};
pub use cursor::CursorImage;
pub use error::Fault;
pub use extension::randr::Monitor;
pub use server::{Server, ServerEvent};
