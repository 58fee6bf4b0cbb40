//! Bits, caches, stores and coders: what turns a message into bits and back (NX part 2).
//!
//! Principle: both ends hold the same state and apply the same updates in stream order. The state is shared by all
//! channels of a link and lives as long as the link.

pub(crate) mod bits;
pub(crate) mod block;
pub(crate) mod cache;
pub(crate) mod coder;
pub(crate) mod pass;
pub(crate) mod policy;
pub(crate) mod store;
