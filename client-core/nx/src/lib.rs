//! The NX 3 wire protocol.
