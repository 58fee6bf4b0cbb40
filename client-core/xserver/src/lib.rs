//! An X11 display server in memory.
