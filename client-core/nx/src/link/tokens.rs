//! Flow control of the sender (NX part 1 §4.1): so many unanswered bytes and no more.

use super::control::TokenClass;
use super::handshake::Options;
use crate::error::Error;

/// The tokens of one class.
#[derive(Debug)]
pub(crate) struct Tokens {
    class: TokenClass,
    limit: i32,
    left: i32,
    /// Bytes per token.
    size: usize,
    /// Bytes sent since the last token was spent.
    bytes: usize,
}

impl Tokens {
    /// As many as a link with these options has of a class.
    pub(crate) fn new(class: TokenClass, options: &Options) -> Self {
        let limit = match class {
            TokenClass::Control => 24,
            TokenClass::Split => 12,
            TokenClass::Data => 6,
        };
        let limit = if options.strict { limit / 2 } else { limit };
        Self { class, limit, left: limit, size: options.link.token_size() as usize, bytes: 0 }
    }

    /// True while more may be sent.
    pub(crate) fn left(&self) -> bool {
        self.left > 0
    }

    pub(crate) fn spend(&mut self, count: u8) {
        self.left -= i32::from(count);
    }

    /// Counts the bytes of a frame; how many tokens to ask back in front of it.
    pub(crate) fn charge(&mut self, bytes: usize) -> Option<u8> {
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
    pub(crate) fn returned(&mut self, count: u8) -> Result<(), Error> {
        self.left += i32::from(count);
        if self.left > self.limit {
            let class = self.class.name();
            return Err(Error::TokenOverflow { class, returned: count, limit: self.limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_were_spent() {
        let mut tokens = Tokens::new(TokenClass::Control, &Options::default());
        assert_eq!(tokens.charge(1536), None);
        assert_eq!(tokens.charge(1537), Some(2));
        assert_eq!(tokens.charge(22 * 1536), Some(22));
        assert!(!tokens.left());
        assert_eq!(tokens.returned(24), Ok(()));
        assert!(tokens.left());
        assert!(tokens.returned(1).is_err());
    }

    #[test]
    fn a_strict_link_has_half_as_many() {
        let mut tokens = Tokens::new(TokenClass::Data, &Options { strict: true, ..Options::default() });
        assert_eq!(tokens.charge(3 * 1536), Some(3));
        assert!(!tokens.left());
    }
}
