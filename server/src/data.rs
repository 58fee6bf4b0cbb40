//! The data directory: what is where, and made how.
//!
//! ```text
//! DATA/                    0700
//!   qvd-server.toml        configuration
//!   qvd.db                 database
//!   server.crt server.key  the self-signed certificate, and its key (0600)
//!   vms/<id>/              one machine each (0700)
//! ```

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The data directory.
#[derive(Clone, Debug)]
pub struct DataDirectory {
    path: PathBuf,
}

impl DataDirectory {
    /// Opens it; makes it if it is missing. Others than its owner lose access.
    pub fn open(path: &Path) -> io::Result<Self> {
        make_private_directory(path)?;
        make_private_directory(&path.join("vms"))?;
        Ok(Self { path: path.canonicalize()? })
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration, unless another file was given.
    pub fn config(&self) -> PathBuf {
        self.path.join("qvd-server.toml")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path.join("qvd.db")
    }

    /// Certificate and key, both PEM.
    pub fn certificate(&self) -> (PathBuf, PathBuf) {
        (self.path.join("server.crt"), self.path.join("server.key"))
    }
}

/// Makes a directory, and those above it, that only its owner may enter.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Writes a file that only its owner may read; whoever reads it meanwhile sees the old or the new one whole.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    // One that a crash left behind may have other rights.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_enter_and_read() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(&home.path().join("a/b")).unwrap();
        write_private(&data.path().join("s"), b"1").unwrap();
        write_private(&data.path().join("s"), b"2").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(data.path()), mode(&data.path().join("s"))), (0o700, 0o600));
        assert_eq!(fs::read(data.path().join("s")).unwrap(), b"2");
    }
}
