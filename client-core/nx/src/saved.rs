//! Persistent caches (NX part 1 §6, part 2 §C.13): the message stores of a session that ended, for the next one.
//!
//! Both ends of a link keep the same messages under the same name, so that their next session agrees on them by the name
//! alone. A name is the MD5 of what both ends can say of every message: its slot, the number of its store, its size, and
//! its identity. (This was found by experiment: the reference loads what has any name, and the names it gives follow
//! this rule.) Rules obeyed here:
//!
//! - A name does not cover the data of messages. So stores are only offered to the peer they were kept with, and are no
//!   longer used once that peer may have saved later ones: see [`Event::StoresOutdated`](crate::Event::StoresOutdated).
//! - A file is our own affair: other than the reference's it holds whole messages of both directions, because our
//!   encoders compare messages and never digests.
//! - A file is not trusted. Its digest, its name and the bounds of every message are checked before it is offered.

use std::fmt::Write as _;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use md5::{Digest, Md5};

use crate::coding::policy::Head;
use crate::coding::store::Messages;
use crate::error::Error;
use crate::reply::ReplyCodec;
use crate::reply::stored::ReplyStore;
use crate::request::store::StoreId;
use crate::request::{MAX_REQUEST, RequestCodec};

/// First bytes of a file: what it is, and the version of the layout.
const MAGIC: &[u8; 8] = b"NXSTORE1";
/// Most bytes a file may stand for.
const MAX_BODY: usize = 64 << 20;
/// Stores that hold less than this are not worth saving, in bytes (NX part 1 §6).
pub(crate) const WORTH_SAVING: usize = 100 << 10;

/// The message stores of a session that ended.
///
/// An end of a link hands them over as [`Event::Saved`](crate::Event::Saved); the next session of the same two ends
/// gets them by [`Config::saved`](crate::Config::saved) or
/// [`ApplicationConfig::saved`](crate::ApplicationConfig::saved), and begins warm if both still have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedStores {
    name: [u8; 16],
    pub(crate) requests: Vec<Messages>,
    pub(crate) replies: Vec<Messages>,
}

impl SavedStores {
    /// What both codecs remember. `None` if a message came in a foreign byte order, in which names are not known.
    pub(crate) fn of(requests: &RequestCodec, replies: &ReplyCodec) -> Option<Self> {
        Some(Self::new(requests.messages()?, replies.messages()?))
    }

    fn new(requests: Vec<Messages>, replies: Vec<Messages>) -> Self {
        let mut digest = Md5::new();
        let mut add = |number: u8, slot: u16, head: Head, message: &[u8]| {
            for v in [slot.into(), number.into(), message.len() as u32, 0] {
                digest.update(u32::to_le_bytes(v));
            }
            digest.update(head.of(message));
        };
        for (id, store) in StoreId::ALL.into_iter().zip(&requests) {
            for (slot, message) in store {
                add(id.number(), *slot, id.head(message), message);
            }
        }
        for (id, store) in ReplyStore::ALL.into_iter().zip(&replies) {
            for (slot, message) in store {
                add(id.number(), *slot, id.head(), message);
            }
        }
        Self { name: digest.finalize().into(), requests, replies }
    }

    /// Their name as both ends give it: 32 hexadecimal digits.
    pub fn name(&self) -> String {
        self.name.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }

    /// The bytes of a file that [`open`](Self::open) takes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for store in self.requests.iter().chain(&self.replies) {
            body.extend((store.len() as u16).to_le_bytes());
            for (slot, message) in store {
                body.extend(slot.to_le_bytes());
                body.extend((message.len() as u32).to_le_bytes());
                body.extend_from_slice(message);
            }
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.digest(&body));
        let mut deflate = Compress::new(Compression::fast(), true);
        loop {
            let taken = deflate.total_in() as usize;
            bytes.reserve(64 << 10);
            let rest = body.get(taken..).unwrap_or_default();
            // Memory cannot fail to be compressed: without room there is another turn.
            if let Ok(Status::StreamEnd) = deflate.compress_vec(rest, &mut bytes, FlushCompress::Finish) {
                return bytes;
            }
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::SavedStores`] if anything about it is not as [`to_bytes`](Self::to_bytes) writes it.
    pub fn open(bytes: &[u8]) -> Result<Self, Error> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Error::SavedStores("it is no file of saved stores"))?;
        let (digest, rest) =
            rest.split_first_chunk::<16>().ok_or(Error::SavedStores("it ends before its digest"))?;
        let body = inflate(rest)?;
        let mut left = &body[..];
        let mut requests = Vec::new();
        for id in StoreId::ALL {
            let fits = |n: usize| (4..=MAX_REQUEST).contains(&n);
            requests.push(messages(&mut left, id.shape(false).slots, fits)?);
        }
        let mut replies = Vec::new();
        for id in ReplyStore::ALL {
            replies.push(messages(&mut left, id.shape().slots, |n| id.may_hold(n))?);
        }
        let saved = Self::new(requests, replies);
        if !left.is_empty() || saved.digest(&body) != *digest {
            return Err(Error::SavedStores("it is not what its digest tells"));
        }
        Ok(saved)
    }

    fn digest(&self, body: &[u8]) -> [u8; 16] {
        Md5::new().chain_update(body).chain_update(self.name).finalize().into()
    }
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, Error> {
    let mut zlib = Decompress::new(true);
    let mut body = Vec::new();
    loop {
        let taken = zlib.total_in() as usize;
        body.reserve(64 << 10);
        let rest = packed.get(taken..).unwrap_or_default();
        let before = zlib.total_out();
        match zlib.decompress_vec(rest, &mut body, FlushDecompress::None) {
            Ok(Status::StreamEnd) => return Ok(body),
            Ok(_) if body.len() > MAX_BODY => return Err(Error::SavedStores("it holds too much")),
            Ok(_) if zlib.total_out() > before => {}
            _ => return Err(Error::SavedStores("its compressed part is damaged")),
        }
    }
}

/// Takes the messages of one store.
fn messages(left: &mut &[u8], slots: u16, fits: impl Fn(usize) -> bool) -> Result<Messages, Error> {
    let wrong = || Error::SavedStores("a message in it is out of range");
    let count = u16::from_le_bytes(take(left)?);
    let mut messages = Messages::new();
    for _ in 0..count {
        let slot = u16::from_le_bytes(take(left)?);
        let size = u32::from_le_bytes(take(left)?) as usize;
        let (message, rest) = left.split_at_checked(size).ok_or_else(wrong)?;
        *left = rest;
        let rising = messages.last().is_none_or(|(last, _)| *last < slot);
        if !rising || slot >= slots || !fits(size) || !size.is_multiple_of(4) {
            return Err(wrong());
        }
        messages.push((slot, message.to_vec()));
    }
    Ok(messages)
}

fn take<const N: usize>(left: &mut &[u8]) -> Result<[u8; N], Error> {
    let (bytes, rest) = left.split_first_chunk().ok_or(Error::SavedStores("it ends inside a store"))?;
    *left = rest;
    Ok(*bytes)
}

/// The names in a word of the handshake, without their `C-` (NX part 1 §2.5).
pub(crate) fn names<'a>(word: &'a str, key: &'static str) -> Result<Vec<&'a str>, Error> {
    let wrong = || Error::CacheWord { expected: key, found: word.to_owned() };
    let list = word.strip_prefix(key).ok_or_else(wrong)?;
    if list.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    list.split(',')
        .map(|name| {
            name.strip_prefix("C-")
                .filter(|n| n.len() == 32 && n.bytes().all(|b| b.is_ascii_hexdigit()))
                .ok_or_else(wrong)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One message in one store, the others empty.
    fn one(store: ReplyStore, slot: u16, message: Vec<u8>) -> SavedStores {
        let mut replies = vec![Messages::new(); ReplyStore::ALL.len()];
        replies[store as usize].push((slot, message));
        SavedStores::new(vec![Messages::new(); StoreId::ALL.len()], replies)
    }

    #[test]
    fn stores_are_named_as_the_reference_names_them() {
        // What nxproxy saved after it was given files with this one message.
        let saved = one(ReplyStore::GetImage, 999, vec![0; 32 + 120_000]);
        assert_eq!(saved.name(), "1C04DF7A9D962250EF64DA7F85775E54");
        let mut requests = vec![Messages::new(); StoreId::ALL.len()];
        requests[StoreId::ConfigureWindow as usize].push((0, vec![0; 12 + 120_000]));
        let saved = SavedStores::new(requests, vec![Messages::new(); ReplyStore::ALL.len()]);
        assert_eq!(saved.name(), "673DE04454B8705EA73E36B980495F67");
    }

    #[test]
    fn a_file_gives_back_what_was_saved() {
        let saved = one(ReplyStore::Generic, 7, (0..64).collect());
        assert_eq!(SavedStores::open(&saved.to_bytes()), Ok(saved));
    }

    #[test]
    fn a_file_with_any_bit_changed_or_its_end_missing_is_refused() {
        let bytes = one(ReplyStore::Generic, 7, (0..64).collect()).to_bytes();
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << (at % 8);
            // A bit of the zlib head or end may mean nothing.
            assert!(
                SavedStores::open(&wrong).is_err() || SavedStores::open(&wrong) == SavedStores::open(&bytes)
            );
            assert!(SavedStores::open(&bytes[..at]).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn names_in_a_cache_word_are_checked() {
        const NAME: &str = "1C04DF7A9D962250EF64DA7F85775E54";
        assert_eq!(names("cachelist=none", "cachelist="), Ok(vec![]));
        let word = format!("cachelist=C-{NAME},C-{NAME}");
        assert_eq!(names(&word, "cachelist="), Ok(vec![NAME, NAME]));
        for wrong in
            ["cachefile=none", "cachelist=", "cachelist=S-1C04", "cachelist=C-1C04", "cachelist=none,"]
        {
            assert!(names(wrong, "cachelist=").is_err(), "{wrong}");
        }
    }
}
