//! Where the agent finds what the node wants it to know: identity, secret, account.

use std::path::{Path, PathBuf};

use qvd_protocol::agent::{AgentConfig, CONTAINER_CONFIG, CREDENTIAL};
use thiserror::Error;

/// Longest configuration read, in bytes.
const MAX_SIZE: u64 = 64 * 1024;

/// Why there is no configuration.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// The file is not the JSON it should be. Its text has a secret, so nothing of it is told.
    #[error("{0}: expected an agent configuration as json, found something else in line {1}")]
    Parse(PathBuf, usize),
    /// The account is not one the agent may use.
    #[error("account {0:?} with id {1} is not an unprivileged account")]
    User(String, u32),
}

/// Reads `file`, else the systemd credential, else the container's file.
pub(crate) fn load(file: Option<&Path>) -> Result<AgentConfig, ConfigError> {
    let path = match (file, std::env::var_os("CREDENTIALS_DIRECTORY")) {
        (Some(file), _) => file.to_owned(),
        (None, Some(directory)) => Path::new(&directory).join(CREDENTIAL),
        (None, None) => PathBuf::from(CONTAINER_CONFIG),
    };
    let text = read(&path).map_err(|error| ConfigError::Read(path.clone(), error))?;
    let config: AgentConfig =
        serde_json::from_slice(&text).map_err(|error| ConfigError::Parse(path, error.line()))?;
    if !config.user.is_valid() {
        return Err(ConfigError::User(config.user.name, config.user.uid));
    }
    Ok(config)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(MAX_SIZE).read_to_end(&mut text)?;
    Ok(text)
}
