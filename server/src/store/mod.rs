//! The database: the only truth that outlives the daemon.
//!
//! Principles:
//!
//! * A change of state is one `UPDATE` guarded by what the row was believed to be; when no row matches, somebody
//!   else was first and the caller hears [`StoreError::Changed`]. There are no transactions across several rows.
//! * Each such change is announced once to [`Store::events`], after the row is written.
//! * Queries and migrations keep to what SQLite and PostgreSQL share: `$1` parameters, `TEXT`, `BIGINT`, the words
//!   of the protocol for states.
//!
//! One file for each table that has behaviour.

mod lease;
mod token;
mod user;
mod vm;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use qvd_protocol::VmId;
use qvd_protocol::api::{Holder, UserState, VmState};
use sqlx::AnyPool;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use thiserror::Error;
use tokio::sync::broadcast;

pub use lease::LeaseRow;
pub use user::User;
pub use vm::{DesktopRow, Fault, ImageRow, NewVm, VmRow};

/// A handle on the database; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    events: broadcast::Sender<Event>,
}

/// A change that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A machine changed its state.
    Vm {
        /// Which.
        id: VmId,
        /// To what.
        state: VmState,
    },
    /// The lease of a machine's session was taken, or its holder's state changed.
    Lease {
        /// Which machine's.
        vm: VmId,
        /// The lease's number now.
        epoch: u64,
        /// The holder's state.
        state: UserState,
        /// Who holds it, while anybody does.
        holder: Option<Holder>,
    },
}

/// Why the database did not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema cannot be brought up to date: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// The row is not what it was believed to be.
    #[error("{0} was changed by somebody else")]
    Changed(String),
    /// The name is taken.
    #[error("there is a {what} called {name:?} already")]
    Exists {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// There is no such thing.
    #[error("there is no {what} called {name:?}")]
    Missing {
        /// What it would be.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A value in the database is not one that this release writes.
    #[error("the database holds {value:?} where {expected} was expected")]
    Unreadable {
        /// What it should have been.
        expected: &'static str,
        /// What it is.
        value: String,
    },
}

impl Store {
    /// Opens the SQLite database in `file`, made if it is missing, and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        install_default_drivers();
        let url = format!("sqlite://{}?mode=rwc", percent_encode(&file.to_string_lossy()));
        let pool = AnyPoolOptions::new()
            .max_connections(4)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Readers go on while one writes, and a second process (the command line) waits its turn.
                    for pragma in [
                        "PRAGMA journal_mode = WAL",
                        "PRAGMA synchronous = NORMAL",
                        "PRAGMA busy_timeout = 5000",
                    ] {
                        sqlx::query(pragma).execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .connect(&url)
            .await?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        Ok(Self { pool, events: broadcast::Sender::new(256) })
    }

    /// All changes from now on. A receiver that falls 256 events behind is told so and reads the rows anew.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn announce(&self, event: Event) {
        // Nobody listening is nobody interested.
        let _ = self.events.send(event);
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// An insert that failed because the name is taken says so.
fn taken(error: sqlx::Error, what: &'static str, name: &str) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Exists { what, name: name.into() },
        _ => error.into(),
    }
}

fn read<T: std::str::FromStr>(expected: &'static str, value: &str) -> Result<T, StoreError> {
    value.parse().map_err(|_| StoreError::Unreadable { expected, value: value.into() })
}

/// RFC 3986 §2.1, for the characters that end the path of a URL.
fn percent_encode(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23").replace(' ', "%20")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A database with the user `ann`, the image `img` and the machine `desk` of 64 MiB.
    pub(crate) async fn furnished(directory: &Path) -> (Store, VmId) {
        let store = Store::open(&directory.join("test.db")).await.unwrap();
        store.add_user("ann", "hash").await.unwrap();
        store.add_image("img", Path::new("/nowhere")).await.unwrap();
        let vm = NewVm {
            name: "desk".into(),
            user: "ann".into(),
            image: "img".into(),
            memory_mib: 64,
            cpus: 1,
            home_mib: 16,
        };
        let id = store.add_vm(&vm).await.unwrap();
        (store, id)
    }

    #[tokio::test]
    async fn a_second_user_of_the_same_name_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (store, _) = furnished(home.path()).await;
        let refusal = store.add_user("ann", "other").await.unwrap_err();
        assert_eq!(refusal.to_string(), "there is a user called \"ann\" already");
    }

    #[tokio::test]
    async fn a_path_with_signs_of_a_url_in_it_is_a_path() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a b?c#d%e.db");
        Store::open(&file).await.unwrap();
        assert!(file.exists());
    }
}
