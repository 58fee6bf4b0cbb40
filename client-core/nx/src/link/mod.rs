//! The link itself, the same for both roles: handshake words, frames, stream compression, timers (NX part 1 §2 to 5).

pub(crate) mod control;
pub(crate) mod engine;
pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod stream;
pub(crate) mod tokens;
