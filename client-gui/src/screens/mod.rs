//! One struct for each thing the window can show. A screen draws itself and answers with what the person wants;
//! [`App`](crate::app::App) does it. No screen knows of another.

pub(crate) mod certificate;
pub(crate) mod desktops;
pub(crate) mod ended;
pub(crate) mod login;
pub(crate) mod progress;
pub(crate) mod session;
