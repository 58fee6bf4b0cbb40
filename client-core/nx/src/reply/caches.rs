//! State of reply coding, one per link (NX part 2 §B.12, part 4 §2.1).

use crate::coding::cache::{IntCache, OpcodeCache};

/// Caches and registers of the X server → X client direction.
#[derive(Debug, Clone)]
pub(crate) struct ReplyCaches {
    pub(crate) opcode: OpcodeCache,
    pub(crate) reply_sequence: IntCache,
    pub(crate) event_sequence: IntCache,
    /// The last setup reply from its byte 8 on.
    pub(crate) setup: Vec<u8>,
}

impl Default for ReplyCaches {
    fn default() -> Self {
        Self {
            opcode: OpcodeCache::default(),
            reply_sequence: IntCache::new(6),
            event_sequence: IntCache::new(6),
            setup: Vec::new(),
        }
    }
}
