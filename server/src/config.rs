//! Configuration: one TOML file, every key optional.
//!
//! [`REFERENCE`] is the file with all keys at their defaults, as `qvd-server init` writes it into the data directory;
//! a test keeps the two equal. An unknown key is an error that names the line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::hypervisor::Choice;

/// All keys at their defaults, each with what it means.
pub const REFERENCE: &str = include_str!("../qvd-server.toml");

/// What the daemon was told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port of the front door.
    pub listen: SocketAddr,
    /// Name of this node in the database.
    pub node: String,
    /// What runs the machines.
    pub hypervisor: Choice,
    /// Certificate of the front door.
    pub tls: Tls,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Tokens and failed logins.
    pub login: Login,
    /// What one peer, and all together, may use.
    pub limits: Limits,
}

/// Where certificate and key are, if not in the data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate chain; empty for the self-signed one in the data directory.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
}

/// Deadlines, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// From the start of a machine to its agent's report.
    pub boot_s: u64,
    /// From the request for a desktop session to its being ready.
    pub session_start_s: u64,
    /// For each step of stopping a machine: through its agent, by the power button; then it is killed.
    pub stop_s: u64,
    /// For a running machine's agent to come back after its link broke, while a client waits.
    pub agent_return_s: u64,
    /// Without a sign of life of a client or an agent, until it counts as gone.
    pub silence_s: u64,
}

/// Tokens and failed logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Login {
    /// Life of an unused token, in seconds; each use renews it.
    pub token_lifetime_s: u64,
    /// Failed logins of one user within the window after which further ones wait.
    pub attempts_per_user: u32,
    /// Failed logins from one address within the window after which further ones wait.
    pub attempts_per_address: u32,
    /// The window, in seconds.
    pub window_s: u64,
}

/// What one peer, and all together, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open connections of all clients.
    pub connections: u32,
    /// Open connections from one address (of IPv6, one /64 network).
    pub connections_per_address: u32,
    /// For a client to finish its TLS handshake, a request, or the first message of a connect, in seconds.
    pub request_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], qvd_protocol::api::DEFAULT_PORT)),
            node: String::new(),
            hypervisor: Choice::Auto,
            tls: Tls::default(),
            timeouts: Timeouts::default(),
            login: Login::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { boot_s: 180, session_start_s: 60, stop_s: 30, agent_return_s: 30, silence_s: 30 }
    }
}

impl Default for Login {
    fn default() -> Self {
        Self { token_lifetime_s: 12 * 3600, attempts_per_user: 10, attempts_per_address: 50, window_s: 300 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4000, connections_per_address: 200, request_s: 15 }
    }
}

/// The configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not what is expected; the text names line and key.
    #[error("{}: {error}", file.display())]
    Malformed {
        /// Which file.
        file: PathBuf,
        /// Where, and what was expected.
        error: toml::de::Error,
    },
    /// A value is out of range.
    #[error("{key} is {value}, expected {expected}")]
    Range {
        /// Which key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What is allowed.
        expected: &'static str,
    },
    /// One of certificate and key without the other.
    #[error("tls.certificate and tls.key belong together: give both or neither")]
    HalfCertificate,
}

impl Config {
    /// Reads `file`; all defaults when it does not exist and `required` is false.
    pub fn load(file: &Path, required: bool) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => String::new(),
            Err(error) => return Err(ConfigError::Unreadable { file: file.into(), error }),
        };
        let mut config: Self =
            toml::from_str(&text).map_err(|error| ConfigError::Malformed { file: file.into(), error })?;
        if config.node.is_empty() {
            config.node = host_name();
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let Timeouts { boot_s, session_start_s, stop_s, agent_return_s, silence_s } = self.timeouts;
        let seconds = [
            ("timeouts.boot_s", boot_s),
            ("timeouts.session_start_s", session_start_s),
            ("timeouts.stop_s", stop_s),
            ("timeouts.agent_return_s", agent_return_s),
            ("timeouts.silence_s", silence_s),
            ("login.token_lifetime_s", self.login.token_lifetime_s),
            ("login.window_s", self.login.window_s),
            ("limits.request_s", self.limits.request_s),
        ];
        for (key, value) in seconds {
            if !(1..=31_536_000).contains(&value) {
                return Err(ConfigError::Range { key, value, expected: "1 second to a year" });
            }
        }
        let counts = [
            ("login.attempts_per_user", self.login.attempts_per_user),
            ("login.attempts_per_address", self.login.attempts_per_address),
            ("limits.connections", self.limits.connections),
            ("limits.connections_per_address", self.limits.connections_per_address),
        ];
        for (key, value) in counts {
            if value == 0 || value > 1_000_000 {
                return Err(ConfigError::Range { key, value: value.into(), expected: "1 to 1000000" });
            }
        }
        if self.tls.certificate.as_os_str().is_empty() != self.tls.key.as_os_str().is_empty() {
            return Err(ConfigError::HalfCertificate);
        }
        Ok(())
    }
}

impl Timeouts {
    pub(crate) fn boot(&self) -> Duration {
        Duration::from_secs(self.boot_s)
    }

    pub(crate) fn session_start(&self) -> Duration {
        Duration::from_secs(self.session_start_s)
    }

    pub(crate) fn stop(&self) -> Duration {
        Duration::from_secs(self.stop_s)
    }

    pub(crate) fn agent_return(&self) -> Duration {
        Duration::from_secs(self.agent_return_s)
    }

    pub(crate) fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_s)
    }
}

impl Limits {
    pub(crate) fn request(&self) -> Duration {
        Duration::from_secs(self.request_s)
    }
}

pub(crate) fn host_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_key_at_its_default() {
        // Uncomment every key: a comment that is a key has no space behind the sign.
        let text: String = REFERENCE
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        let config: Config = toml::from_str(&text).unwrap();
        assert_eq!(config, Config::default());
        for key in format!("{:?}", Config::default())
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| {
                word.ends_with("_s") || word.starts_with("attempts") || word.starts_with("connections")
            })
        {
            assert!(REFERENCE.contains(&format!("#{key} = ")), "{key} is not in the reference");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_line() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("c.toml");
        std::fs::write(&file, "[timeouts]\nboot_s = 3\nboots = 4\n").unwrap();
        let error = Config::load(&file, true).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("boots"), "{error}");
    }

    #[test]
    fn a_deadline_of_nothing_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("c.toml");
        std::fs::write(&file, "timeouts.boot_s = 0\n").unwrap();
        let error = Config::load(&file, true).unwrap_err().to_string();
        assert_eq!(error, "timeouts.boot_s is 0, expected 1 second to a year");
    }
}
