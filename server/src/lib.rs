//! The server: level-7 router (`l7r`), house-keeping (`hkd`), database (`store`) in one daemon.
//!
//! * [`Daemon`] is the whole of it, running.
//! * [`Config`] and [`DataDirectory`] are what it is told and where it keeps things.
//! * [`Store`] is the database; the command line works on it directly until there is an administration API.
//! * [`hypervisor`] is the seam to what runs the machines.

pub mod config;
mod daemon;
pub mod data;
mod hkd;
pub mod hypervisor;
pub mod l7r;
pub mod store;

pub use config::Config;
pub use daemon::{Daemon, DaemonError};
pub use data::DataDirectory;
pub use store::Store;

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
