//! Why something between the client and a server failed, by cause.
//!
//! The texts here are for logs; a window makes sentences for a person out of the variants.

use std::io;
use std::path::PathBuf;

use qvd_protocol::ErrorBody;
use thiserror::Error;

use crate::trust::Fingerprint;

/// A failure between logging in and the end of a session.
#[derive(Debug, Error)]
pub enum Error {
    /// The name of the server leads to no address.
    #[error("cannot find the address of {host}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Nothing answers at the address.
    #[error("cannot reach {address}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The server did not answer in time.
    #[error("no answer from {address} within {seconds} s")]
    TimedOut {
        /// Host and port.
        address: String,
        /// How long was waited.
        seconds: u64,
    },
    /// Whatever listens there does not speak TLS as expected.
    #[error("no secure connection to {address}")]
    Tls {
        /// Host and port.
        address: String,
        /// What went wrong in the handshake.
        source: io::Error,
    },
    /// The server's certificate has not been seen before; a person has to say whether it is the right one.
    #[error("certificate {0} is not known yet")]
    UnknownCertificate(Fingerprint),
    /// The server shows another certificate than the one that was trusted.
    #[error("certificate {found} in place of the trusted {expected}")]
    CertificateChanged {
        /// The one remembered.
        expected: Fingerprint,
        /// The one shown.
        found: Fingerprint,
    },
    /// The server understood and said no.
    #[error("refused by the server: {} ({:?})", .0.message, .0.code)]
    Refused(ErrorBody),
    /// The other side does not keep to the contract; it may be no QVD server at all.
    #[error("unexpected answer: {0}")]
    Protocol(String),
    /// The desktop sends what nobody who keeps to the contract would; the session was cut.
    #[error("the desktop breaks the protocol: {0}")]
    Desktop(String),
    /// The connection broke.
    #[error("connection lost")]
    Lost(#[source] io::Error),
    /// A file of the client's own cannot be read or written.
    #[error("cannot use the file {}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
