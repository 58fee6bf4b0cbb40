//! The other end of a link, as far as vectors need one: handshake and frames by hand, uncompressed.

use std::time::Instant;

use nx::{ChannelId, Config, Display, Event};

/// A display side that is fed captured payloads.
pub(crate) struct Fed {
    pub(crate) display: Display,
    pub(crate) now: Instant,
    current: Option<u8>,
}

impl Fed {
    /// A display side whose handshake is done.
    pub(crate) fn new(config: Config, options: &str) -> Self {
        let now = Instant::now();
        let mut display = Display::new(Config { stream: Some(0), ..config }, now);
        let words = format!("NXPROXY-3.5.0-3.5.99 {options} cachelist=none ");
        display.receive(words.as_bytes(), now).unwrap();
        display.transmit(now);
        let mut fed = Self { display, now, current: None };
        assert!(matches!(fed.display.poll_event(now), Some(Event::Connected(_))));
        fed
    }

    /// Opens an X11 channel.
    pub(crate) fn open(&mut self, channel: u8) {
        self.display.receive(&[0, 0, channel], self.now).unwrap();
        assert_eq!(self.display.poll_event(self.now), Some(Event::ChannelOpened(ChannelId(channel))));
    }

    /// Feeds a payload (without its postfix byte); what the X server gets for it.
    pub(crate) fn payload(&mut self, channel: u8, payload: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        if self.current != Some(channel) {
            self.current = Some(channel);
            bytes.extend_from_slice(&[0, 5, channel]);
        }
        put_data(&mut bytes, payload);
        self.display.receive(&bytes, self.now).map_err(|e| e.to_string())?;
        let mut x11 = Vec::new();
        while let Some(event) = self.display.poll_event(self.now) {
            match event {
                Event::X11 { channel: ChannelId(n), bytes } if n == channel => x11.extend(bytes),
                Event::ChannelClosed(_) => {}
                other => return Err(format!("unexpected {other:?}")),
            }
        }
        Ok(x11)
    }

    /// The X server writes; the payloads of the frames that result, without postfix bytes.
    pub(crate) fn x11(&mut self, channel: u8, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.display.x11_from_server(ChannelId(channel), bytes, self.now);
        self.frames()
    }

    /// The payloads that wait for the link, without postfix bytes.
    pub(crate) fn frames(&mut self) -> Vec<Vec<u8>> {
        payloads(&self.display.transmit(self.now))
    }

    /// The far side drops a channel.
    pub(crate) fn drop(&mut self, channel: u8) {
        self.display.receive(&[0, 6, channel], self.now).unwrap();
        while self.display.poll_event(self.now).is_some() {}
        self.current = None;
    }
}

/// Appends a data item with a postfix byte that must not matter.
pub(crate) fn put_data(out: &mut Vec<u8>, payload: &[u8]) {
    let length = payload.len() + 1;
    for shift in [28, 21, 14, 7] {
        if length >> shift != 0 {
            out.push((length >> shift) as u8 | 0x80);
        }
    }
    out.push(length as u8 & 0x7f);
    out.extend_from_slice(payload);
    out.push(0xa5);
}

/// The payloads among the items of an uncompressed stream.
pub(crate) fn payloads(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let header = bytes.iter().position(|b| b & 0x80 == 0).unwrap() + 1;
        let length = bytes[..header].iter().fold(0, |n, b| n << 7 | usize::from(b & 0x7f));
        if length == 0 {
            bytes = &bytes[3..];
        } else {
            found.push(bytes[header..header + length - 1].to_vec());
            bytes = &bytes[header + length..];
        }
    }
    found
}
