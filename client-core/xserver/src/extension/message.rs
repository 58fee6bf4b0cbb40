//! Messages written field by field. Where their layouts depend on what is in them, each remembers where its
//! fields are: that is how it is turned around for a client of the other byte order.

/// A reply or an event under way.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    /// Where the fields of more than one byte are, and their sizes; the header's are not among them.
    pub(crate) fields: Vec<(usize, u8)>,
}

impl Message {
    /// A reply to the request of this number.
    pub(crate) fn reply(minor: u8) -> Self {
        Self { bytes: vec![1, minor, 0, 0, 0, 0, 0, 0], fields: Vec::new() }
    }

    /// An event of 32 bytes.
    pub(crate) fn event(code: u8, detail: u8) -> Self {
        Self { bytes: vec![code, detail, 0, 0], fields: Vec::new() }
    }

    /// A generic event of this kind about a device.
    pub(crate) fn generic(major: u8, kind: u16, device: u16) -> Self {
        let head = vec![35, major, 0, 0, 0, 0, 0, 0];
        Self { bytes: head, fields: Vec::new() }.short(kind).short(device)
    }

    pub(crate) fn byte(mut self, value: u8) -> Self {
        self.bytes.push(value);
        self
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(crate) fn short(mut self, value: u16) -> Self {
        self.fields.push((self.bytes.len(), 2));
        self.raw(&value.to_ne_bytes())
    }

    pub(crate) fn long(mut self, value: u32) -> Self {
        self.fields.push((self.bytes.len(), 4));
        self.raw(&value.to_ne_bytes())
    }

    /// A whole number as 16.16 fixed point.
    pub(crate) fn fixed16(self, value: i32) -> Self {
        self.long((value << 16) as u32)
    }

    /// A whole number as 32.32 fixed point: two words, the whole one first.
    pub(crate) fn fixed32(self, value: i32) -> Self {
        self.long(value as u32).long(0)
    }

    /// Another detail of a generic event about a device.
    pub(crate) fn with_detail(mut self, detail: u32) -> Self {
        if let Some(place) = self.bytes.get_mut(16..20) {
            place.copy_from_slice(&detail.to_ne_bytes());
        }
        self
    }

    /// Fills up to a multiple of four.
    pub(crate) fn padded(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    /// Fills up to a length.
    pub(crate) fn filled(mut self, length: usize) -> Self {
        self.bytes.resize(self.bytes.len().max(length), 0);
        self
    }

    /// Appends another's fields.
    pub(crate) fn with(mut self, other: &Self) -> Self {
        let at = self.bytes.len();
        self.fields.extend(other.fields.iter().map(|(offset, size)| (at + offset, *size)));
        self.raw(&other.bytes)
    }

    /// Fields without a header, to be appended.
    pub(crate) fn part() -> Self {
        Self { bytes: Vec::new(), fields: Vec::new() }
    }
}
