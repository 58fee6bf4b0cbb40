//! Flow control of the sender (NX part 1 §4.1): so many unanswered bytes and no more.

use crate::error::Error;

/// Control tokens at the start.
const LIMIT: i32 = 24;

/// The control tokens, which X requests and pings cost.
#[derive(Debug)]
pub(super) struct Tokens {
    left: i32,
    /// Bytes per token.
    size: usize,
    /// Bytes sent since the last token was spent.
    bytes: usize,
}

impl Tokens {
    pub(super) fn new(size: usize) -> Self {
        Self { left: LIMIT, size, bytes: 0 }
    }

    /// True while more may be sent.
    pub(super) fn left(&self) -> bool {
        self.left > 0
    }

    pub(super) fn spend(&mut self, count: u8) {
        self.left -= i32::from(count);
    }

    /// Counts the bytes of a frame; how many tokens to ask back in front of it.
    pub(super) fn charge(&mut self, bytes: usize) -> Option<u8> {
        self.bytes += bytes;
        if self.bytes <= self.size {
            return None;
        }
        let count = (self.bytes / self.size).min(255) as u8;
        self.bytes %= self.size;
        self.spend(count);
        Some(count)
    }

    /// The peer gave tokens back.
    pub(super) fn returned(&mut self, count: u8) -> Result<(), Error> {
        self.left += i32::from(count);
        if self.left > LIMIT {
            return Err(Error::TokenOverflow { class: "control", returned: count, limit: LIMIT });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_were_spent() {
        let mut tokens = Tokens::new(100);
        assert_eq!(tokens.charge(100), None);
        assert_eq!(tokens.charge(150), Some(2));
        assert_eq!(tokens.charge(2200), Some(22));
        assert!(!tokens.left());
        assert_eq!(tokens.returned(24), Ok(()));
        assert!(tokens.left());
        assert!(tokens.returned(1).is_err());
    }
}
