//! The level-7 router: the one door that clients knock at.
//!
//! ```text
//! TCP ─ limits ─ TLS ─ HTTP/1.1 or HTTP/2 ─ api ─┬─ login, desktops, start/stop/restart
//!                                                └─ connect: WebSocket ─ splice ─ agent
//! ```
//!
//! Principles: nothing that a stranger does is unbounded in time or memory (handshake, head, body, frames, connections
//! all have limits); after `Ready` bytes are moved and not looked at; every connect and refusal is one log line that
//! says who, what, why.

mod api;
mod caller;
mod certificate;
mod client;
mod connect;
mod login;
mod refusal;
mod splice;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{debug, warn};

pub use certificate::{CertificateError, Identity};
pub use login::hash_password;

use crate::config::Config;
use crate::hkd::Hkd;
use crate::store::Store;

/// Longest a connection that carries no session lives: a client simply opens the next.
const CONNECTION_AGE: Duration = Duration::from_mins(10);
/// Streams of one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 16;
/// Bytes of one head.
const HEAD: usize = 16 * 1024;
/// Unsent bytes that the kernel takes before it says "wait": more would only be delay on a slow link.
const UNSENT: u32 = 128 * 1024;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) hkd: Hkd,
    pub(crate) config: Config,
    pub(crate) passwords: login::Passwords,
    pub(crate) attempts: login::Attempts,
    /// The server is going down.
    pub(crate) stopping: CancellationToken,
}

/// The other end of a connection; lives as long as anything of the connection does.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    _place: Place,
    _tracked: TaskTrackerToken,
}

impl Shared {
    pub(crate) fn new(
        store: Store,
        hkd: Hkd,
        config: Config,
        stopping: CancellationToken,
    ) -> Result<Self, argon2::password_hash::Error> {
        let passwords = login::Passwords::new()?;
        let attempts = login::Attempts::new(config.login);
        Ok(Self { store, hkd, config, passwords, attempts, stopping })
    }
}

/// Serves `listener` until the server stops; returns when the last connection has ended.
pub(crate) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, shared: Arc<Shared>) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Places::new(&shared.config));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stopping.cancelled() => break,
        };
        let (socket, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                // Out of file descriptors, most likely: give one the time to become free.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(place) = Places::take(&places, from.ip()) else {
            warn!(%from, "connection refused: too many");
            continue;
        };
        let peer = Arc::new(Peer {
            address: from.ip().to_canonical(),
            _place: place,
            _tracked: connections.token(),
        });
        let (acceptor, shared) = (acceptor.clone(), shared.clone());
        connections.spawn(async move {
            if let Err(why) = serve_connection(socket, from, &acceptor, &shared, peer).await {
                debug!(%from, "connection ended: {why}");
            }
        });
    }
    drop(listener);
    connections.close();
    if timeout(Duration::from_secs(5), connections.wait()).await.is_err() {
        warn!("{} connections did not end in time", connections.len());
    }
}

async fn serve_connection(
    socket: TcpStream,
    from: SocketAddr,
    acceptor: &TlsAcceptor,
    shared: &Arc<Shared>,
    peer: Arc<Peer>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let request = shared.config.limits.request();
    tune(&socket, shared.config.timeouts.silence())?;
    let stream = match timeout(request, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            warn!(%from, "no TLS handshake: {error}");
            return Ok(());
        }
        Err(_) => {
            warn!(%from, "no TLS handshake within {} s", request.as_secs());
            return Ok(());
        }
    };
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(request).max_buf_size(HEAD);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(HEAD as u32)
        .keep_alive_interval(request)
        .keep_alive_timeout(request);
    // The protocol is agreed in the handshake: nothing is guessed from first bytes that may never come.
    let http = if http2 { http.http2_only() } else { http.http1_only() };
    let service = TowerToHyperService::new(api::router(shared.clone(), peer));
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        done = connection.as_mut() => return done,
        () = shared.stopping.cancelled() => {}
        () = tokio::time::sleep(CONNECTION_AGE) => {}
    }
    connection.as_mut().graceful_shutdown();
    timeout(request, connection).await.unwrap_or(Ok(()))
}

/// Small writes go out at once; a peer whose cable was pulled is noticed within `silence`.
fn tune(socket: &TcpStream, silence: Duration) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    let probe = (silence / 4).max(Duration::from_secs(1));
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(probe).with_interval(probe).with_retries(3))?;
    socket.set_tcp_user_timeout(Some(silence))?;
    socket.set_tcp_notsent_lowat(UNSENT)
}

/// Counts open connections.
#[derive(Debug)]
struct Places {
    all: u32,
    each: u32,
    taken: Mutex<HashMap<IpAddr, u32>>,
}

/// One counted connection.
#[derive(Debug)]
struct Place {
    places: Arc<Places>,
    network: IpAddr,
}

impl Places {
    fn new(config: &Config) -> Self {
        let limits = config.limits;
        Self { all: limits.connections, each: limits.connections_per_address, taken: Mutex::default() }
    }

    fn take(places: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = login::network(address);
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u32 = taken.values().sum();
        let here = taken.get(&network).copied().unwrap_or(0);
        if all >= places.all || here >= places.each {
            return None;
        }
        taken.insert(network, here + 1);
        Some(Place { places: places.clone(), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let mut config = Config::default();
        config.limits.connections_per_address = 2;
        let places = Arc::new(Places::new(&config));
        let at = |text: &str| Places::take(&places, text.parse().unwrap());
        let first = at("192.0.2.1");
        let _second = at("192.0.2.1");
        assert!(at("192.0.2.1").is_none() && at("::ffff:192.0.2.1").is_none());
        assert!(at("192.0.2.2").is_some());
        drop(first);
        assert!(at("192.0.2.1").is_some());
    }
}
