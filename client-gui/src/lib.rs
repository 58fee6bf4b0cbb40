//! The client's window.
