//! Where a server is, as a person writes it.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use qvd_protocol::api::DEFAULT_PORT;
use rustls::pki_types::ServerName;
use thiserror::Error;

/// Host name or IP address, and TCP port, of an L7R.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    host: String,
    port: u16,
}

impl ServerAddress {
    /// Host name or IP address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Always with the port: the key under which a certificate is remembered, and the HTTP `Host`.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Without the port where it is the usual one.
impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.port == DEFAULT_PORT { f.write_str(&self.host) } else { f.write_str(&self.authority()) }
    }
}

/// Why a text names no server.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidAddress {
    /// There is nothing.
    #[error("expected the name of a server")]
    Empty,
    /// The scheme is not `https`.
    #[error("expected https, found {0}")]
    Scheme(String),
    /// Not a host name or IP address.
    #[error("expected a host name or an IP address, found {0:?}")]
    Host(String),
    /// Not a number from 1 to 65535.
    #[error("expected a port from 1 to 65535, found {0:?}")]
    Port(String),
}

/// Reads `host`, `host:port`, `[v6]:port`, a bare IPv6 address, each with or without `https://`.
impl FromStr for ServerAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let text = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
            Some((scheme, _)) => return Err(InvalidAddress::Scheme(scheme.into())),
            None => text,
        };
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        let (host, port) = if text.parse::<Ipv6Addr>().is_ok() {
            (text, None)
        } else if let Some((host, rest)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(InvalidAddress::Host(text.into())),
            }
        } else {
            text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
        };
        let port = match port {
            None => DEFAULT_PORT,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| InvalidAddress::Port(digits.into()))?,
        };
        if ServerName::try_from(host).is_err() {
            return Err(InvalidAddress::Host(host.into()));
        }
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, u16), InvalidAddress> {
        text.parse::<ServerAddress>().map(|address| (address.host, address.port))
    }

    #[test]
    fn a_name_alone_means_the_usual_port() {
        assert_eq!(read(" Desk.Example.org "), Ok(("desk.example.org".into(), 8443)));
        assert_eq!(read("https://desk.example.org/"), Ok(("desk.example.org".into(), 8443)));
    }

    #[test]
    fn a_port_may_follow_a_name_or_an_address() {
        assert_eq!(read("10.0.0.7:443"), Ok(("10.0.0.7".into(), 443)));
        assert_eq!(read("[fe80::1]:443"), Ok(("fe80::1".into(), 443)));
        assert_eq!(read("fe80::1"), Ok(("fe80::1".into(), 8443)));
    }

    #[test]
    fn what_is_no_server_is_named_in_the_error() {
        assert_eq!(read(""), Err(InvalidAddress::Empty));
        assert_eq!(read("http://desk"), Err(InvalidAddress::Scheme("http".into())));
        assert_eq!(read("desk:0"), Err(InvalidAddress::Port("0".into())));
        assert_eq!(read("desk:99999"), Err(InvalidAddress::Port("99999".into())));
        assert_eq!(read("two words"), Err(InvalidAddress::Host("two words".into())));
    }

    #[test]
    fn an_address_reads_back_as_it_shows() {
        for text in ["desk", "desk:443", "fe80::1", "[fe80::1]:443", "127.0.0.1"] {
            assert_eq!(text.parse::<ServerAddress>().unwrap().to_string(), text);
        }
    }
}
