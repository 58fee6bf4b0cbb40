//! Who a server is: its certificate is remembered at the first meeting and has to be the same ever after.
//!
//! A QVD server makes its own certificate, so no authority vouches for it; like a secure shell, the client asks a
//! person once, shows the SHA-256 fingerprint, and pins it to host and port. Another certificate later is refused,
//! not asked about: whoever changed it must say so, and the person must forget the old one on purpose.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{Error, ServerAddress, file};

/// SHA-256 of a certificate in DER form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

/// Pairs of upper-case hex digits with colons between them, as other tools show it.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if i == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

/// A text that is not 32 pairs of hex digits.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("expected a SHA-256 fingerprint of 64 hex digits, with or without colons")]
pub struct InvalidFingerprint;

/// Reads 64 hex digits in any case; colons and a leading `SHA256:` are skipped.
impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let text = text.trim();
        let text = text.strip_prefix("SHA256:").unwrap_or(text);
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).map(|digit| digit as u8).ok_or(InvalidFingerprint))
            .collect::<Result<_, _>>()?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        if digits.len() != 64 {
            return Err(InvalidFingerprint);
        }
        bytes.try_into().map(Self).map_err(|_| InvalidFingerprint)
    }
}

/// The file of trusted servers: a line each of `host:port` and fingerprint.
#[derive(Clone, Debug)]
pub struct KnownServers {
    path: PathBuf,
}

impl KnownServers {
    /// The file below the configuration folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("known-servers") }
    }

    /// The certificate that was trusted for this server, if any.
    pub fn get(&self, address: &ServerAddress) -> Result<Option<Fingerprint>, Error> {
        let key = address.authority();
        Ok(self.lines()?.into_iter().find(|(name, _)| *name == key).map(|(_, fingerprint)| fingerprint))
    }

    /// Trusts this certificate, in place of any other, from now on.
    pub fn trust(&self, address: &ServerAddress, fingerprint: Fingerprint) -> Result<(), Error> {
        let key = address.authority();
        let mut lines = self.lines()?;
        lines.retain(|(name, _)| *name != key);
        lines.push((key, fingerprint));
        let mut text = String::new();
        for (name, fingerprint) in &lines {
            let _ = writeln!(text, "{name} {fingerprint}");
        }
        file::replace(&self.path, &text).map_err(|source| Error::File { path: self.path.clone(), source })
    }

    /// Where it is, to tell a person who has to change it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lines(&self) -> Result<Vec<(String, Fingerprint)>, Error> {
        let text =
            file::read(&self.path).map_err(|source| Error::File { path: self.path.clone(), source })?;
        let read = |line: &str| {
            let (name, fingerprint) = line.split_once(' ')?;
            Some((name.to_owned(), fingerprint.parse().ok()?))
        };
        Ok(text.unwrap_or_default().lines().filter_map(read).collect())
    }
}

/// Accepts one certificate, and tells afterwards which one was shown.
#[derive(Debug)]
pub(crate) struct PinVerifier {
    expected: Option<Fingerprint>,
    shown: Mutex<Option<Fingerprint>>,
    provider: Arc<CryptoProvider>,
}

impl PinVerifier {
    pub(crate) fn new(expected: Option<Fingerprint>, provider: Arc<CryptoProvider>) -> Self {
        Self { expected, shown: Mutex::new(None), provider }
    }

    /// Why the handshake failed, if it was the certificate.
    pub(crate) fn refusal(&self) -> Option<Error> {
        let found = (*self.shown.lock().unwrap_or_else(PoisonError::into_inner))?;
        match self.expected {
            None => Some(Error::UnknownCertificate(found)),
            Some(expected) if expected != found => Some(Error::CertificateChanged { expected, found }),
            Some(_) => None,
        }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Fingerprint::of(end_entity);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        if self.expected == Some(shown) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(byte: u8) -> Fingerprint {
        Fingerprint([byte; 32])
    }

    #[test]
    fn a_fingerprint_reads_back_as_it_shows() {
        let shown = fingerprint(0xa7).to_string();
        assert_eq!(shown.len(), 32 * 3 - 1);
        assert_eq!(shown.parse(), Ok(fingerprint(0xa7)));
        assert_eq!(format!("SHA256:{}", "a7".repeat(32)).parse(), Ok(fingerprint(0xa7)));
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        for text in ["", "a7", &"a7".repeat(33), &"g7".repeat(32)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(InvalidFingerprint), "{text}");
        }
    }

    #[test]
    fn a_server_is_remembered_by_host_and_port() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownServers::in_folder(&folder.path().join("made on demand"));
        let desk: ServerAddress = "desk".parse().unwrap();
        let other: ServerAddress = "desk:9000".parse().unwrap();
        assert_eq!(known.get(&desk).unwrap(), None);
        known.trust(&desk, fingerprint(1)).unwrap();
        known.trust(&other, fingerprint(2)).unwrap();
        known.trust(&desk, fingerprint(3)).unwrap();
        assert_eq!(known.get(&desk).unwrap(), Some(fingerprint(3)));
        assert_eq!(known.get(&other).unwrap(), Some(fingerprint(2)));
    }
}
