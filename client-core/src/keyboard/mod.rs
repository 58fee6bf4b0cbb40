//! The keyboard in front of the user: how it is laid out, and which key is which.
//!
//! A session gets the *physical* key as an X keycode and the layout as XKB names; characters, dead keys and
//! shortcuts are made of them inside the session, exactly as on a computer with that keyboard.

mod layout;
mod locks;
mod scancode;

pub use layout::detect;
pub use locks::Locks;
pub(crate) use locks::locks;
pub use scancode::ScancodeSet;
