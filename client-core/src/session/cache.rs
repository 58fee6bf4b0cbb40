//! What sessions remembered of a display (NX's persistent caches), kept on this computer so that the next login to the
//! same desktop starts warm.
//!
//! There is a file for each server and desktop. It begins with a random id, by which the agent finds what *it* kept of
//! the same sessions: nothing is ever offered to a desktop that other sessions have changed it with. A file that cannot
//! be used is a cold start and nothing else. It holds pieces of pictures and texts, so it is for the user alone.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nx::SavedStores;
use qvd_protocol::VmId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{ServerAddress, file};

/// Longest file that is looked at, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// Files kept; those that were not used for longest go first.
const MAX_FILES: usize = 16;
const FOLDER: &str = "displays";
const SUFFIX: &str = "stores";

/// What is kept of one desktop.
#[derive(Debug)]
pub(crate) struct Cache {
    path: PathBuf,
    id: Uuid,
    stores: Option<SavedStores>,
}

impl Cache {
    /// Looks into the client's `folder` for what is kept of a desktop.
    pub(super) fn open(folder: &Path, server: &ServerAddress, desktop: VmId) -> Self {
        let digest = Sha256::digest(format!("{}/{desktop}", server.authority()));
        let (name, _) = digest.split_at(16);
        let name = Uuid::from_slice(name).unwrap_or_default().simple().to_string();
        let path = folder.join(FOLDER).join(name).with_extension(SUFFIX);
        let (id, stores) = match read(&path) {
            Ok(found) => found.unzip(),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "what was kept of the display cannot be used");
                (None, None)
            }
        };
        Self { path, id: id.unwrap_or_else(Uuid::new_v4), stores }
    }

    /// The name of it that this computer and the agent share.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// What the last session remembered, once.
    pub(super) fn take(&mut self) -> Option<SavedStores> {
        self.stores.take()
    }

    /// Throws away what is kept of every desktop.
    pub(crate) fn forget_all(folder: &Path) {
        let folder = folder.join(FOLDER);
        check_gone(&folder, fs::remove_dir_all(&folder));
    }

    /// Throws away what is kept.
    pub(super) fn forget(&self) {
        check_gone(&self.path, fs::remove_file(&self.path));
    }

    /// Keeps what a session remembered.
    pub(super) fn keep(&self, stores: &SavedStores) {
        let bytes = [self.id.as_bytes().as_slice(), &stores.to_bytes()].concat();
        tracing::debug!(name = stores.name(), bytes = bytes.len(), "display memory kept");
        match file::replace(&self.path, bytes) {
            Ok(()) => self.prune(),
            Err(error) => tracing::warn!(%error, path = %self.path.display(), "cannot keep display memory"),
        }
    }

    /// Removes the files that were not used for longest.
    fn prune(&self) {
        let Some(entries) = self.path.parent().and_then(|folder| fs::read_dir(folder).ok()) else { return };
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|suffix| suffix == SUFFIX))
            .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
            .collect();
        files.sort();
        for (_, path) in files.iter().rev().skip(MAX_FILES) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Warns unless what was to be removed is gone.
fn check_gone(path: &Path, removed: std::io::Result<()>) {
    if let Err(error) = removed
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "display memory is still there");
    }
}

fn read(path: &Path) -> std::io::Result<Option<(Uuid, SavedStores)>> {
    let mut file = match fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_FILE).read_to_end(&mut bytes)?;
    let (id, stores) = bytes.split_first_chunk::<16>().ok_or(ErrorKind::UnexpectedEof)?;
    let stores =
        SavedStores::open(stores).map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))?;
    Ok(Some((Uuid::from_bytes(*id), stores)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of empty stores, as `nx` writes it.
    fn stores() -> SavedStores {
        let now = std::time::Instant::now();
        let mut display = nx::Display::new(nx::Config { save: true, ..nx::Config::default() }, now);
        let words = "NXPROXY-3.5.0-3.5.99 link=adsl,pack=none,cache=8m,type=agent,images=0,delta=1,stream=0,data=0 \
                     cachelist=none ";
        display.receive(words.as_bytes(), now).unwrap();
        display.receive(&[0, 0, 1, 0, 7, 1, 0, 16, 0], now).unwrap();
        std::iter::from_fn(|| display.poll_event(now))
            .find_map(|event| if let nx::Event::Saved(stores) = event { Some(stores) } else { None })
            .unwrap()
    }

    fn open(folder: &Path, desktop: VmId) -> Cache {
        Cache::open(folder, &"desk.example.org".parse().unwrap(), desktop)
    }

    #[test]
    fn what_is_kept_is_found_again_for_the_same_desktop_alone() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [1, 2].map(|n| VmId(Uuid::from_u128(n)));
        let first = open(folder.path(), one);
        first.keep(&stores());
        let mut again = open(folder.path(), one);
        assert_eq!(again.id(), first.id());
        assert_eq!(again.take(), Some(stores()));
        let mut stranger = open(folder.path(), other);
        assert_ne!(stranger.id(), first.id());
        assert_eq!(stranger.take(), None);
        again.forget();
        assert_ne!(open(folder.path(), one).id(), first.id());
        stranger.keep(&stores());
        Cache::forget_all(folder.path());
        assert_ne!(open(folder.path(), other).id(), stranger.id());
    }

    #[test]
    fn a_damaged_file_is_a_cold_start_under_another_id() {
        let folder = tempfile::tempdir().unwrap();
        let desktop = VmId(Uuid::from_u128(1));
        let first = open(folder.path(), desktop);
        first.keep(&stores());
        let mut bytes = fs::read(&first.path).unwrap();
        bytes[30] ^= 1;
        fs::write(&first.path, &bytes).unwrap();
        let mut damaged = open(folder.path(), desktop);
        assert_ne!(damaged.id(), first.id());
        assert_eq!(damaged.take(), None);
        fs::write(&first.path, b"short").unwrap();
        assert_eq!(open(folder.path(), desktop).take(), None);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_what_is_kept_and_it_does_not_grow_for_ever() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for n in 0..20 {
            let cache = open(folder.path(), VmId(Uuid::from_u128(n)));
            cache.keep(&stores());
            assert_eq!(fs::metadata(&cache.path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), MAX_FILES);
    }
}
