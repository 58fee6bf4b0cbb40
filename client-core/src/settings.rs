//! What the client remembers from one time to the next: a small TOML file in the user's configuration folder.
//!
//! ```toml
//! server = "desk.example.org"
//! user = "demo"
//! theme = "dark"        # or "light", or "system"
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::file;

/// The remembered values. A missing one has its default; an unknown one is an error, so that a slip of the pen is
/// not lost silently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The server last used, as it was typed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// The account last used.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Light, dark, or whatever the system says.
    pub theme: ThemeChoice,
    /// The kind of link desktops are reached over.
    pub link: LinkChoice,
    /// How much images may lose on it.
    pub images: ImageChoice,
    /// Keep nothing of a desktop's picture on this computer; what is kept makes the next start faster.
    pub forget: bool,
}

/// What the display's link is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkChoice {
    /// What it proves to be when connecting.
    #[default]
    Automatic,
    /// A telephone line.
    Modem,
    /// A thin line.
    Adsl,
    /// A good line.
    Wan,
    /// A local network.
    Lan,
}

/// How images travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageChoice {
    /// As the link can bear.
    #[default]
    Automatic,
    /// Small.
    Low,
    /// Good.
    Medium,
    /// Very good.
    High,
    /// Exact.
    Lossless,
}

/// Which colours the window wears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the rest of the desktop.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Why the settings cannot be read or written.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The system refuses.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("cannot understand {}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// The system does not say where this user's configuration belongs.
    #[error("this user has no folder for configuration")]
    NoFolder,
}

impl Settings {
    /// The user's configuration folder of this client, such as `~/.config/qvd`.
    pub fn usual_folder() -> Result<PathBuf, SettingsError> {
        directories::ProjectDirs::from("", "", "qvd")
            .map(|folders| folders.config_dir().to_owned())
            .ok_or(SettingsError::NoFolder)
    }

    /// Reads the settings in `folder`; the defaults if there are none yet.
    pub fn load(folder: &Path) -> Result<Self, SettingsError> {
        let path = path(folder);
        match file::read(&path) {
            Ok(None) => Ok(Self::default()),
            Ok(Some(text)) => toml::from_str(&text)
                .map_err(|error| SettingsError::Syntax { path, message: error.message().into() }),
            Err(source) => Err(SettingsError::File { path, source }),
        }
    }

    /// Writes the settings into `folder`.
    pub fn save(&self, folder: &Path) -> Result<(), SettingsError> {
        let path = path(folder);
        let text = toml::to_string(self)
            .map_err(|error| SettingsError::Syntax { path: path.clone(), message: error.to_string() })?;
        file::replace(&path, &text).map_err(|source| SettingsError::File { path, source })
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("client.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_again() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            server: "desk:9000".into(),
            user: "ñandú".into(),
            theme: ThemeChoice::Dark,
            link: LinkChoice::Adsl,
            images: ImageChoice::High,
            forget: true,
        };
        assert_eq!(Settings::load(folder.path()).unwrap(), Settings::default());
        settings.save(folder.path()).unwrap();
        assert_eq!(Settings::load(folder.path()).unwrap(), settings);
    }

    #[test]
    fn a_slip_of_the_pen_names_the_file_and_the_word() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("client.toml"), "sever = \"desk\"").unwrap();
        let error = Settings::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("client.toml") && error.contains("sever"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_settings() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Settings::default().save(folder.path()).unwrap();
        let mode = std::fs::metadata(folder.path().join("client.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
