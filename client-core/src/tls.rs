//! A TLS connection to a server whose certificate is the pinned one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::trust::{Fingerprint, PinVerifier};
use crate::{Error, ServerAddress};

/// Longest wait for TCP and TLS together.
const PATIENCE: Duration = Duration::from_secs(15);

/// Opens a connection. `expected` is the certificate that was trusted; without it, or with another one, the
/// handshake fails and the error carries what was shown.
pub(crate) async fn dial(
    address: &ServerAddress,
    expected: Option<Fingerprint>,
) -> Result<TlsStream<TcpStream>, Error> {
    tokio::time::timeout(PATIENCE, handshake(address, expected)).await.unwrap_or_else(|_| {
        Err(Error::TimedOut { address: address.authority(), seconds: PATIENCE.as_secs() })
    })
}

async fn handshake(
    address: &ServerAddress,
    expected: Option<Fingerprint>,
) -> Result<TlsStream<TcpStream>, Error> {
    let tcp = reach(address).await?;
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(PinVerifier::new(expected, provider.clone()));
    let tls = |source| Error::Tls { address: address.authority(), source };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls(io::Error::other(error)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name =
        ServerName::try_from(address.host().to_owned()).map_err(|error| tls(io::Error::other(error)))?;
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .map_err(|error| verifier.refusal().unwrap_or_else(|| tls(error)))
}

async fn reach(address: &ServerAddress) -> Result<TcpStream, Error> {
    let candidates: Vec<_> = lookup_host((address.host(), address.port()))
        .await
        .map_err(|source| Error::Resolve { host: address.host().into(), source })?
        .collect();
    let tcp = TcpStream::connect(&candidates[..])
        .await
        .map_err(|source| Error::Unreachable { address: address.authority(), source })?;
    // A key press is a small packet that must not wait for the next one.
    tcp.set_nodelay(true).map_err(|source| Error::Unreachable { address: address.authority(), source })?;
    Ok(tcp)
}
