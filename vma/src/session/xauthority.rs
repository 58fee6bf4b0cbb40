//! X authority files (Xau(3)): entries of counted strings that say which cookie opens which display.

use anyhow::anyhow;
use qvd_protocol::Secret;

/// Family of an entry for local connections; its address is the machine's name.
const FAMILY_LOCAL: u16 = 256;
/// Family of an entry that holds for every address.
const FAMILY_WILD: u16 = 65535;
const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";

/// A new cookie: 16 bytes as 32 lower-case hex digits, the form NX wants as well (NX part 1 §2.11).
pub(super) fn cookie() -> anyhow::Result<Secret> {
    use std::fmt::Write;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random numbers: {error}"))?;
    Ok(Secret::new(bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })))
}

/// A file in which `cookie` opens display `display`: for the machine's name, which nxagent's side of NX insists on (NX
/// part 5 §D.2), and for whatever the machine is called later.
pub(super) fn file(machine: &str, display: u16, cookie: &Secret) -> Vec<u8> {
    let digits = cookie.reveal().as_bytes();
    let cookie: Vec<u8> = digits
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let mut bytes = Vec::new();
    for (family, address) in [(FAMILY_LOCAL, machine), (FAMILY_WILD, "")] {
        bytes.extend(family.to_be_bytes());
        for part in [address.as_bytes(), display.to_string().as_bytes(), PROTOCOL, &cookie] {
            bytes.extend((part.len() as u16).to_be_bytes());
            bytes.extend(part);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_family_and_four_counted_fields() {
        let cookie = Secret::new("00112233445566778899aabbccddeeff");
        let bytes = file("vm", 10, &cookie);
        assert_eq!(bytes[..28], *b"\x01\x00\x00\x02vm\x00\x0210\x00\x12MIT-MAGIC-COOKIE");
        assert_eq!(bytes[28..34], *b"-1\x00\x10\x00\x11");
        let entry = 2 + 2 + 2 + 2 + 2 + 2 + 18 + 2 + 16;
        assert_eq!(bytes[entry..entry + 6], *b"\xff\xff\x00\x00\x00\x02");
        assert_eq!(bytes.len(), entry + entry - 2);
    }

    #[test]
    fn two_cookies_differ() {
        assert_ne!(cookie().unwrap(), cookie().unwrap());
    }
}
