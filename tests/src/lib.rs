//! Fixtures of the end-to-end tests and benchmarks: real programs, started privately and ended by their own process
//! id, and a screen to look at and type on.
//!
//! * [`process::Program`] is a program whose output is read line by line; waiting for it is waiting for a line.
//! * [`screen::Screen`] is an Xvfb with the eyes and hands of a user: pictures of it, keys, pointer. Waiting for
//!   something to appear is waiting for damage, never sleeping.
//! * [`desktop::Desktop`] is a session of the demo image, worked through the client's window.
//! * [`world::World`] is a server of one's own, with a data directory, users, machines, and the real client.

pub mod desktop;
pub mod process;
pub mod screen;
pub mod world;
