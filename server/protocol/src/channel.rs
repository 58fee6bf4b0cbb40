//! The header that opens a stream of a multiplexed connection and names what it carries.
//!
//! The side that opens the stream writes a [`Header`]; the other answers with a [`Verdict`]; after an accepting
//! verdict the stream carries the channel's own bytes. The opener may write those at once, without waiting.
//!
//! ```text
//! header:   1 /* VERSION */ + 1 /* name length n */ + n /* name, ASCII */ + 2 /* parameter length p, big endian */
//!           + p /* parameters, JSON; nothing when p = 0 */
//! verdict:  2 /* code, big endian; 0 accepts */ + 2 /* text length t, big endian */ + t /* why, UTF-8 */
//! ```
//!
//! Both decoders take a growing buffer: `Ok(None)` asks for more bytes, and no length is believed beyond its limit.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// First byte of every header.
pub const VERSION: u8 = 1;
/// Longest name, in bytes.
pub const MAX_NAME: usize = 32;
/// Longest parameters, in bytes.
pub const MAX_PARAMETERS: usize = 4096;
/// Longest text of a verdict, in bytes.
pub const MAX_TEXT: usize = 512;

/// Names of the channels of a session, opened by the client.
pub mod name {
    /// NX between the client and the session's nxagent. One at a time.
    pub const DISPLAY: &str = "display";
    /// [`control`](crate::control) messages. One at a time.
    pub const CONTROL: &str = "control";
    /// On the node link: [`agent`](crate::agent) requests, responses and events. One at a time.
    pub const AGENT: &str = "agent";
    /// On the node link: the byte stream of one client's session, with
    /// [`SessionStream`](crate::agent::SessionStream) as parameters.
    pub const SESSION: &str = "session";
}

/// Opens a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    name: String,
    parameters: Vec<u8>,
}

impl Header {
    /// A header without parameters. `name` is one of [`name`].
    pub fn new(name: &str) -> Self {
        debug_assert!(valid_name(name.as_bytes()));
        Self { name: name.into(), parameters: Vec::new() }
    }

    /// A header with parameters, which must fit into [`MAX_PARAMETERS`] bytes of JSON.
    pub fn with<T: Serialize>(name: &str, parameters: &T) -> Result<Self, HeaderError> {
        let parameters = serde_json::to_vec(parameters).map_err(|_| HeaderError::Parameters)?;
        if parameters.len() > MAX_PARAMETERS {
            return Err(HeaderError::TooLong {
                what: "parameters",
                length: parameters.len(),
                max: MAX_PARAMETERS,
            });
        }
        Ok(Self { name: name.into(), parameters })
    }

    /// What the channel carries.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads the parameters.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T, HeaderError> {
        serde_json::from_slice(&self.parameters).map_err(|_| HeaderError::Parameters)
    }

    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 1 + self.name.len() + 2 + self.parameters.len());
        bytes.extend([VERSION, self.name.len() as u8]);
        bytes.extend(self.name.as_bytes());
        bytes.extend((self.parameters.len() as u16).to_be_bytes());
        bytes.extend(&self.parameters);
        bytes
    }

    /// Reads a header from the start of `bytes`; gives it and how many bytes it took, or `None` for "more".
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let Some((&version, rest)) = bytes.split_first() else { return Ok(None) };
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        let Some((&length, rest)) = rest.split_first() else { return Ok(None) };
        let length = usize::from(length);
        if length > MAX_NAME {
            return Err(HeaderError::TooLong { what: "name", length, max: MAX_NAME });
        }
        let Some((name, rest)) = rest.split_at_checked(length) else { return Ok(None) };
        if !valid_name(name) {
            return Err(HeaderError::Name);
        }
        let Some(parameters) = counted(rest, "parameters", MAX_PARAMETERS)? else {
            return Ok(None);
        };
        let name = String::from_utf8_lossy(name).into_owned();
        let used = 1 + 1 + length + 2 + parameters.len();
        Ok(Some((Self { name, parameters: parameters.into() }, used)))
    }
}

/// Answers a [`Header`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The channel is open.
    Accepted,
    /// It is not, and the stream closes.
    Refused {
        /// Why, for a program.
        code: Refusal,
        /// Why, for a person; at most [`MAX_TEXT`] bytes are sent.
        text: String,
    },
}

/// Why a channel is refused: code on the wire from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 1: the header could not be read.
    Malformed,
    /// 2: no channel has this name here.
    UnknownChannel,
    /// 3: policy forbids it.
    NotAllowed,
    /// 4: only one may be open, and one is.
    Busy,
    /// 5: what it would carry does not run.
    Unavailable,
    /// A code of a later release.
    Unknown(u16),
}

impl Refusal {
    /// Number on the wire.
    pub const fn code(self) -> u16 {
        match self {
            Self::Malformed => 1,
            Self::UnknownChannel => 2,
            Self::NotAllowed => 3,
            Self::Busy => 4,
            Self::Unavailable => 5,
            Self::Unknown(code) => code,
        }
    }

    const fn from_code(code: u16) -> Self {
        match code {
            1 => Self::Malformed,
            2 => Self::UnknownChannel,
            3 => Self::NotAllowed,
            4 => Self::Busy,
            5 => Self::Unavailable,
            code => Self::Unknown(code),
        }
    }
}

impl Verdict {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        let (code, text) = match self {
            Self::Accepted => (0, ""),
            Self::Refused { code, text } => (code.code(), text.as_str()),
        };
        let text = &text[..text.floor_char_boundary(MAX_TEXT)];
        let mut bytes = Vec::with_capacity(2 + 2 + text.len());
        bytes.extend(code.to_be_bytes());
        bytes.extend((text.len() as u16).to_be_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }

    /// Reads a verdict from the start of `bytes`; gives it and how many bytes it took, or `None` for "more".
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let Some((code, rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let Some(text) = counted(rest, "text", MAX_TEXT)? else { return Ok(None) };
        let used = 2 + 2 + text.len();
        let verdict = match u16::from_be_bytes(*code) {
            0 => Self::Accepted,
            code => Self::Refused {
                code: Refusal::from_code(code),
                text: String::from_utf8_lossy(text).into_owned(),
            },
        };
        Ok(Some((verdict, used)))
    }
}

/// A header or verdict that does not follow the form above.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HeaderError {
    /// The first byte is not [`VERSION`].
    #[error("channel header of version {0}, expected {VERSION}")]
    Version(u8),
    /// A length is beyond its limit.
    #[error("channel {what} of {length} bytes, expected at most {max}")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// Announced length.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// The name is empty or has other characters than lower-case letters, digits and `-`.
    #[error("channel name is not lower-case ASCII")]
    Name,
    /// The parameters are not the JSON that the channel expects.
    #[error("channel parameters are not the expected json")]
    Parameters,
}

fn valid_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-')
}

/// The bytes behind a 2-byte length at the start of `bytes`, or `None` for "more".
fn counted<'a>(bytes: &'a [u8], what: &'static str, max: usize) -> Result<Option<&'a [u8]>, HeaderError> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes(*length));
    if length > max {
        return Err(HeaderError::TooLong { what, length, max });
    }
    Ok(rest.get(..length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_is_version_name_and_parameters() {
        let header = Header::with(name::SESSION, &serde_json::json!({"epoch": 7})).unwrap();
        let bytes = header.encode();
        assert_eq!(bytes, b"\x01\x07session\x00\x0b{\"epoch\":7}");
        assert_eq!(Header::decode(&bytes).unwrap(), Some((header, bytes.len())));
    }

    #[test]
    fn an_announced_length_beyond_the_limit_is_refused_before_the_bytes_arrive() {
        assert_eq!(
            Header::decode(b"\x01\x07display\xff\xff"),
            Err(HeaderError::TooLong { what: "parameters", length: 65535, max: MAX_PARAMETERS })
        );
    }

    #[test]
    fn a_long_refusal_is_cut_at_a_character() {
        let verdict = Verdict::Refused { code: Refusal::Busy, text: "ñ".repeat(MAX_TEXT) };
        let (back, _) = Verdict::decode(&verdict.encode()).unwrap().unwrap();
        assert_eq!(back, Verdict::Refused { code: Refusal::Busy, text: "ñ".repeat(MAX_TEXT / 2) });
    }

    proptest! {
        #[test]
        fn any_prefix_of_a_header_asks_for_more(cut in 0_usize..12) {
            let bytes = Header::new("display").encode();
            if cut < bytes.len() {
                prop_assert_eq!(Header::decode(&bytes[..cut]), Ok(None));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = Header::decode(&bytes);
            let _ = Verdict::decode(&bytes);
        }
    }
}
