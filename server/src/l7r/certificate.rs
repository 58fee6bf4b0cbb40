//! The certificate of the front door: a given one, or one of our own making that clients pin by its fingerprint.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::config::Tls;
use crate::data::{DataDirectory, write_private};

/// A certificate with its key, ready to serve.
#[derive(Clone, Debug)]
pub struct Identity {
    /// For the listener.
    pub tls: Arc<ServerConfig>,
    /// SHA-256 of the certificate (DER), as clients show it: upper-case hex pairs with colons.
    pub fingerprint: String,
}

/// There is no usable certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{file}: {error}")]
    File {
        /// Which.
        file: String,
        /// Why.
        error: String,
    },
    /// The self-signed one could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// Certificate and key do not work together.
    #[error("certificate and key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Identity {
    /// The configured certificate, or the one in the data directory, which is made if it is missing.
    pub fn load(data: &DataDirectory, tls: &Tls) -> Result<Self, CertificateError> {
        if !tls.certificate.as_os_str().is_empty() {
            return Self::read(&tls.certificate, &tls.key);
        }
        let (certificate, key) = data.certificate();
        if !certificate.exists() {
            make(&certificate, &key)?;
        }
        Self::read(&certificate, &key)
    }

    fn read(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let failed =
            |file: &Path, error: String| CertificateError::File { file: file.display().to_string(), error };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failed(certificate, error.to_string()))?;
        let Some(first) = chain.first() else {
            return Err(failed(certificate, "there is no certificate in it".into()));
        };
        let fingerprint = fingerprint(first);
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { tls: Arc::new(tls), fingerprint })
    }
}

fn make(certificate: &Path, key: &Path) -> Result<(), CertificateError> {
    let host = crate::config::host_name();
    let mut parameters = rcgen::CertificateParams::new(vec![host.clone(), "localhost".into()])?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, format!("QVD server {host}"));
    let pair = rcgen::KeyPair::generate()?;
    let made = parameters.self_signed(&pair)?;
    let failed = |file: &Path, error: std::io::Error| CertificateError::File {
        file: file.display().to_string(),
        error: error.to_string(),
    };
    // The key first: a certificate without its key would be taken for a whole identity.
    write_private(key, pair.serialize_pem().as_bytes()).map_err(|error| failed(key, error))?;
    write_private(certificate, made.pem().as_bytes()).map_err(|error| failed(certificate, error))
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let hex = crate::hex(&Sha256::digest(certificate)).to_uppercase();
    let pairs: Vec<&str> = (0..hex.len()).step_by(2).filter_map(|at| hex.get(at..at + 2)).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_made_on_first_run_stays() {
        let home = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(home.path()).unwrap();
        let first = Identity::load(&data, &Tls::default()).unwrap();
        let second = Identity::load(&data, &Tls::default()).unwrap();
        assert_eq!(first.fingerprint, second.fingerprint);
        assert_eq!(first.fingerprint.len(), 32 * 3 - 1);
    }
}
