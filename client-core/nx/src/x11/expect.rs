//! The queue of requests that will be answered (NX part 3 §11.2, part 4 §4.1). Each side keeps one per X channel; it
//! tells which layout a reply has.

use std::collections::VecDeque;

/// Most unanswered requests one channel may have. X clients have a few; nothing but a hostile peer has more.
const LIMIT: usize = 1 << 16;

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) sequence: u16,
    /// The opcode the layout belongs to: a core one, or an NX one (230 to 252).
    pub(crate) opcode: u8,
    /// What the reply coder must know of the request.
    pub(crate) data: [u16; 3],
}

#[derive(Debug, Default)]
pub(crate) struct Expectations {
    queue: VecDeque<Expected>,
}

impl Expectations {
    pub(crate) fn push(&mut self, sequence: u16, opcode: u8, data: [u16; 3]) {
        if self.queue.len() >= LIMIT {
            self.queue.pop_front();
        }
        self.queue.push_back(Expected { sequence, opcode, data });
    }

    /// True if nothing is awaited.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Pops the head if it is the request with this sequence number.
    pub(crate) fn answer(&mut self, sequence: u16) -> Option<Expected> {
        self.queue.pop_front_if(|head| head.sequence == sequence)
    }

    /// The head, if it is the request with this sequence number.
    pub(crate) fn head(&self, sequence: u16) -> Option<Expected> {
        self.queue.front().filter(|head| head.sequence == sequence).copied()
    }
}

/// Core requests whose replies have a coding of their own (NX part 3 §11.2), those with remembered data apart.
pub(crate) fn is_typed(opcode: u8) -> bool {
    matches!(
        opcode,
        3 | 14
            | 15
            | 16
            | 17
            | 20
            | 23
            | 26
            | 31
            | 38
            | 40
            | 43
            | 47
            | 49
            | 73
            | 84
            | 85
            | 91
            | 92
            | 97
            | 98
            | 99
            | 101
            | 103
            | 117
            | 119
    )
}
