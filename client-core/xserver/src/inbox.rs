//! The bytes that a client has sent and that are not executed yet.
//!
//! They lie in one buffer that bytes are read into and requests are executed from where they lie. It grows to the
//! longest request, once, and shrinks again when none has been so long for a while.

/// The least room for what comes next.
pub(crate) const PORTION: usize = 1 << 16;
/// Up to where room is added because all of it was filled.
const MOST: usize = 1 << 18;
/// So many times less than a portion was there until a large buffer is given back.
const PATIENCE: u8 = 64;

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// Where waiting bytes begin and end.
    start: usize,
    end: usize,
    /// How often in turn little was waiting.
    quiet: u8,
}

impl Inbox {
    /// What has come and not been executed.
    pub(crate) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or(&[])
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Room behind what is waiting, for at least so many bytes. What is put there counts once it is [`Self::filled`].
    pub(crate) fn room(&mut self, least: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < least {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.bytes.len() - self.end < least {
                self.bytes.resize(self.end + least, 0);
            }
        }
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes have been put into the room.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
        if self.end == self.bytes.len() && self.end < MOST {
            // There is more to come: what goes on in the next portion would have to be moved.
            self.bytes.resize(2 * self.end, 0);
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if let Some(room) = self.room(bytes.len()).get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.filled(bytes.len());
    }

    /// So many of the waiting bytes have been executed.
    pub(crate) fn used(&mut self, count: usize) {
        self.quiet = if self.len() < PORTION { self.quiet.saturating_add(1) } else { 0 };
        self.start = (self.start + count).min(self.end);
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
            if self.quiet >= PATIENCE && self.bytes.len() > 2 * MOST {
                self.bytes = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_came_in_whatever_the_portions() {
        let sent: Vec<u8> = (0..100_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let mut inbox = Inbox::default();
        let mut got = Vec::new();
        let mut rest = &sent[..];
        for i in 0_usize.. {
            let (now, later) = rest.split_at(rest.len().min(1 + i * 37 % 900));
            rest = later;
            if i % 2 == 0 {
                inbox.push(now);
            } else {
                inbox.room(now.len())[..now.len()].copy_from_slice(now);
                inbox.filled(now.len());
            }
            let take = inbox.len().min(i * 53 % 800);
            got.extend_from_slice(&inbox.waiting()[..take]);
            inbox.used(take);
            if rest.is_empty() {
                break;
            }
        }
        got.extend_from_slice(inbox.waiting());
        assert!(got == sent);
    }

    #[test]
    fn a_large_buffer_is_given_back_when_requests_are_short_again() {
        let mut inbox = Inbox::default();
        inbox.push(&vec![1; 4 * MOST]);
        inbox.used(4 * MOST);
        assert!(inbox.bytes.len() >= 4 * MOST);
        for _ in 0..=PATIENCE {
            inbox.push(&[1, 2, 3]);
            inbox.used(3);
        }
        assert!(inbox.bytes.len() < 4 * MOST);
    }
}
