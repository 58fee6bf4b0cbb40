//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use qvd_client_core::settings::ThemeChoice;
use qvd_client_core::trust::Fingerprint;

/// Opens a Linux desktop that runs on a QVD server.
///
/// Without arguments it asks for everything. Given a server, a user, a password and a desktop, it goes straight
/// to the desktop.
#[derive(Debug, Parser)]
#[command(name = "qvd-client", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The server: name or address, and `:PORT` if it is not 8443.
    pub(crate) server: Option<String>,

    /// The account.
    #[arg(short, long)]
    pub(crate) user: Option<String>,

    /// Read the password from the first line of standard input and log in at once.
    #[arg(long)]
    pub(crate) password_stdin: bool,

    /// The desktop to connect to after logging in, by name.
    #[arg(short, long, value_name = "DESKTOP")]
    pub(crate) connect: Option<String>,

    /// Trust a new server if its certificate has this SHA-256 fingerprint.
    #[arg(long, value_name = "SHA256")]
    pub(crate) accept_fingerprint: Option<Fingerprint>,

    /// Show the desktop on the whole screen.
    #[arg(short, long)]
    pub(crate) fullscreen: bool,

    /// Close the window when the desktop's session ends or cannot be had, and say why by the exit code.
    #[arg(long)]
    pub(crate) once: bool,

    /// Colours of the window; remembered.
    #[arg(long, value_name = "THEME")]
    pub(crate) theme: Option<Theme>,

    /// Where settings and trusted certificates are kept.
    #[arg(long, value_name = "DIR", env = "QVD_CLIENT_CONFIG")]
    pub(crate) config_dir: Option<PathBuf>,

    /// What to write to standard error: `error`, `warn`, `info`, `debug`, or a filter such as
    /// `warn,qvd_client_core=debug`.
    #[arg(long, value_name = "FILTER", env = "QVD_LOG", default_value = "warn")]
    pub(crate) log: String,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  the person closed the window, or the session ended in order
  1  the client could not start
  2  the command line could not be understood
  3  --once: the server could not be reached, was not trusted, or refused the login
  4  --once: there is no such desktop, or its session could not be had
  5  --once: the session broke";

/// Colours, as on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// As the rest of the desktop.
    System,
}

impl From<Theme> for ThemeChoice {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
            Theme::System => Self::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
