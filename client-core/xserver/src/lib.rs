//! An X11 display server in memory.

pub mod font;
pub mod raster;
pub mod region;
pub mod render;
