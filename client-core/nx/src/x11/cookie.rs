//! The session cookie in an X11 connection setup (NX part 1 §2.11, part 3 §2.4).

use crate::coding::pass::{ByteOrder, pad4};
use crate::error::Error;

const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";

/// A session cookie: 16 bytes, written as 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie([u8; 16]);

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A secret never reaches a log.
        f.write_str("Cookie(..)")
    }
}

impl std::str::FromStr for Cookie {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut bytes = [0; 16];
        if text.len() != 32 {
            return Err(Error::CookieFormat);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let mut digits = pair.iter().map(|d| char::from(*d).to_digit(16));
            let value = digits.try_fold(0, |v, d| Some(v << 4 | d?));
            *byte = value.ok_or(Error::CookieFormat)? as u8;
        }
        Ok(Self(bytes))
    }
}

impl From<[u8; 16]> for Cookie {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl Cookie {
    /// The cookie as the handshake writes it.
    pub(crate) fn hex(&self) -> String {
        self.0.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(d.into(), 16)).collect()
    }

    /// Checks that a connection setup shows this cookie, and puts `real` (or nothing readable, where the X server
    /// wants none) in its place. False if the connection must be refused.
    pub(crate) fn replace_in(&self, setup: &mut [u8], real: Option<&Self>) -> bool {
        let order = match setup.first() {
            Some(b'l') => ByteOrder::Lsb,
            Some(b'B') => ByteOrder::Msb,
            _ => return false,
        };
        let name = usize::from(order.u16(setup, 6));
        let data = usize::from(order.u16(setup, 8));
        let at = 12 + pad4(name);
        if setup.get(12..12 + name) != Some(PROTOCOL) || data != self.0.len() {
            return false;
        }
        match setup.get_mut(at..at + data) {
            Some(shown) if shown == self.0 => {
                shown.copy_from_slice(&real.map_or([0; 16], |c| c.0));
                true
            }
            _ => false,
        }
    }
}

/// Bytes of a connection setup with the given first 12 bytes (X11 §8).
pub(crate) fn setup_size(head: &[u8]) -> Option<usize> {
    let order = ByteOrder::announced_by(*head.first()?);
    head.get(..12)?;
    Some(12 + pad4(order.u16(head, 6).into()) + pad4(order.u16(head, 8).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(cookie: [u8; 16]) -> Vec<u8> {
        let mut setup = vec![b'l', 0, 11, 0, 0, 0, 18, 0, 16, 0, 0, 0];
        setup.extend_from_slice(PROTOCOL);
        setup.extend_from_slice(&[0, 0]);
        setup.extend_from_slice(&cookie);
        setup
    }

    #[test]
    fn the_session_cookie_is_replaced_by_the_real_one() {
        let ours: Cookie = "0123456789abcdef0123456789ABCDEF".parse().unwrap();
        let mut bytes = setup(ours.0);
        assert_eq!(setup_size(&bytes), Some(bytes.len()));
        assert!(ours.replace_in(&mut bytes, Some(&Cookie([7; 16]))));
        assert_eq!(bytes, setup([7; 16]));
    }

    #[test]
    fn a_wrong_or_missing_cookie_is_refused() {
        let ours = Cookie([1; 16]);
        assert!(!ours.replace_in(&mut setup([2; 16]), None));
        assert!(!ours.replace_in(&mut [b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0], None));
        assert!(!ours.replace_in(&mut [], None));
    }

    #[test]
    fn a_cookie_is_32_hexadecimal_digits() {
        assert_eq!("0123".parse::<Cookie>(), Err(Error::CookieFormat));
        assert_eq!("g123456789abcdef0123456789abcdef".parse::<Cookie>(), Err(Error::CookieFormat));
    }
}
