//! What the codec must know of X11 itself: where messages end, and which requests are answered.

pub(crate) mod cookie;
pub(crate) mod expect;
pub(crate) mod split;
