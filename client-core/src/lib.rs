//! The client without its window.
