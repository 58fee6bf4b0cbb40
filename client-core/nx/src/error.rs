//! What can go wrong on a link. Every cause has its own variant; none of them can be repaired, so each ends the
//! session (NX part 1 §2.9: nothing is told to the peer, the link is closed).

/// Why a session ended, or why bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A handshake word is longer than its bound (NX part 1 §2.1).
    #[error("handshake word is longer than {limit} bytes")]
    WordTooLong {
        /// The bound in bytes, with the closing space.
        limit: usize,
    },
    /// The version word cannot be read.
    #[error("expected a version word like NXPROXY-3.5.0-3.5.99, found {found:?}")]
    VersionWord {
        /// The word as received.
        found: String,
    },
    /// The peer speaks a protocol older than 3.5.
    #[error("peer speaks NX {major}.{minor}, expected 3.5 or later")]
    VersionTooOld {
        /// Effective major version.
        major: u32,
        /// Effective minor version.
        minor: u32,
    },
    /// An option that this role demands is missing.
    #[error("handshake option {name:?} is missing")]
    MissingOption {
        /// Name of the option.
        name: &'static str,
    },
    /// An option has a value that cannot be used.
    #[error("handshake option {name:?} has the value {value:?}, expected {expected}")]
    BadOption {
        /// Name of the option.
        name: String,
        /// Value as received.
        value: String,
        /// What would have been understood.
        expected: &'static str,
    },
    /// The peer did not show our session cookie.
    #[error("peer showed a wrong session cookie or none")]
    WrongCookie,
    /// The persistent-cache word is malformed.
    #[error("expected a cache word starting with {expected:?}, found {found:?}")]
    CacheWord {
        /// Its fixed beginning.
        expected: &'static str,
        /// The word as received.
        found: String,
    },
    /// A file of saved message stores cannot be used.
    #[error("saved message stores cannot be used: {0}")]
    SavedStores(&'static str),
    /// The cookie given to us is not 32 hexadecimal digits.
    #[error("session cookie must be 32 hexadecimal digits")]
    CookieFormat,
    /// A data item announces more bytes than any legal one has.
    #[error("frame announces {announced} bytes, the limit is {limit}")]
    FrameTooLong {
        /// Announced length (saturated).
        announced: u64,
        /// Our bound.
        limit: usize,
    },
    /// A control code that only a faulty peer sends (NX part 1 §3.4, "quits").
    #[error("control code {code} must not be sent to this side")]
    ForbiddenControl {
        /// The code.
        code: u8,
    },
    /// The peer gave back more tokens than it was asked for.
    #[error("peer returned {returned} {class} tokens beyond the limit of {limit}")]
    TokenOverflow {
        /// Which counter.
        class: &'static str,
        /// Tokens in the reply.
        returned: u8,
        /// The limit of the counter.
        limit: i32,
    },
    /// The compressed stream of the link is damaged.
    #[error("compressed link stream is damaged: {0}")]
    Inflate(String),
    /// A message runs past the end of its frame.
    #[error("frame ends inside a message, {missing} more bits were needed")]
    FrameEnd {
        /// How many bits at least were missing.
        missing: usize,
    },
    /// A cache index beyond the entries the cache has.
    #[error("cache entry {index} does not exist, the cache holds {len}")]
    CacheEntry {
        /// The coded index.
        index: usize,
        /// Entries in the cache.
        len: usize,
    },
    /// A hit or removal of an empty slot, or an addition beyond the store.
    #[error("store action {action} names slot {slot} of {slots}, which is out of range or empty")]
    Slot {
        /// The action: 0 hit, 1 added, 3 removed.
        action: u8,
        /// The coded slot.
        slot: u16,
        /// Slots of the store.
        slots: u16,
    },
    /// The peer's additions exceed the memory it announced.
    #[error("message stores hold more than {limit} bytes")]
    StoreMemory {
        /// Our bound, derived from the announced `cache` option.
        limit: usize,
    },
    /// A coded message is larger than X11 or NX allows.
    #[error("message of {size} bytes is out of range, expected {min} to {max}")]
    MessageSize {
        /// Size in bytes (saturated).
        size: usize,
        /// Smallest legal size.
        min: usize,
        /// Largest legal size.
        max: usize,
    },
    /// A message that no conforming peer codes (split transfers, unknown reply families).
    #[error("{what} is not part of the protocol spoken here")]
    Unsupported {
        /// What was met.
        what: &'static str,
    },
    /// A compressed data block inside a message is damaged.
    #[error("compressed data block of a message is damaged")]
    DataBlock,
    /// The X side wrote something that is not X11.
    #[error("X11 stream of channel {channel} is damaged: {what}")]
    X11 {
        /// Channel number.
        channel: u8,
        /// What was wrong.
        what: &'static str,
    },
    /// The handshake was not finished in time.
    #[error("handshake was not finished within {seconds} s")]
    HandshakeTimeout {
        /// The limit.
        seconds: u64,
    },
    /// Nothing was heard from the peer for too long.
    #[error("peer was silent for {seconds} s")]
    Silence {
        /// The limit.
        seconds: u64,
    },
    /// The link closed without a `shutdown_req` (NX part 1 §7.2).
    #[error("link closed without goodbye")]
    LinkLost,
}
