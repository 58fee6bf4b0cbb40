//! The daemon: store, house-keeping and router put together, and taken apart in order.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use nix::fcntl::{Flock, FlockArg};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::data::DataDirectory;
use crate::hkd::{Hkd, Node};
use crate::hypervisor::Hypervisor;
use crate::l7r::{self, CertificateError, Identity};
use crate::store::{Store, StoreError};

/// A running daemon. Dropping it without [`Daemon::stop`] ends it without last words to the clients.
#[derive(Debug)]
pub struct Daemon {
    address: SocketAddr,
    fingerprint: String,
    stopping: CancellationToken,
    serving: JoinHandle<()>,
    /// No second daemon on the same data.
    _lock: Flock<File>,
}

/// The daemon did not start.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// Another one runs on the same data.
    #[error("another daemon uses {}", .0.display())]
    Running(PathBuf),
    /// The lock of the data directory cannot be made.
    #[error("cannot lock {}: {error}", file.display())]
    Lock {
        /// Which file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The port is taken, or the address is not ours.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The password hash does not work at all.
    #[error("argon2 failed: {0}")]
    Argon2(#[from] argon2::password_hash::Error),
}

impl Daemon {
    /// Starts on `data`; returns when clients can connect. Machines that run from an earlier daemon are being adopted.
    pub async fn start(
        data: &DataDirectory,
        config: Config,
        hypervisor: Arc<dyn Hypervisor>,
    ) -> Result<Self, DaemonError> {
        let lock = lock(data)?;
        let store = Store::open(&data.database()).await?;
        let identity = Identity::load(data, &config.tls)?;
        let listen = config.listen;
        let failed = |error| DaemonError::Listen { address: listen, error };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        store.release_all_leases().await?;
        let node = Node {
            store: store.clone(),
            hypervisor,
            timeouts: config.timeouts,
            name: config.node.clone(),
            data: data.path().into(),
        };
        let hkd = Hkd::start(node).await?;
        let stopping = CancellationToken::new();
        let shared = l7r::Shared::new(store, hkd, config, stopping.clone())?;
        let serving = tokio::spawn(l7r::serve(listener, identity.tls, Arc::new(shared)));
        Ok(Self { address, fingerprint: identity.fingerprint, stopping, serving, _lock: lock })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// SHA-256 fingerprint of its certificate.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Tells the clients and ends. The machines keep running.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if let Err(error) = (&mut self.serving).await {
            tracing::error!("the router failed: {error}");
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.serving.abort();
    }
}

fn lock(data: &DataDirectory) -> Result<Flock<File>, DaemonError> {
    let file = data.path().join("lock");
    let failed = |error| DaemonError::Lock { file: file.clone(), error };
    let opened = File::options().create(true).truncate(false).write(true).open(&file).map_err(failed)?;
    Flock::lock(opened, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| match error {
        nix::errno::Errno::EWOULDBLOCK => DaemonError::Running(data.path().into()),
        error => failed(error.into()),
    })
}
