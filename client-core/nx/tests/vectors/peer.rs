//! The other end of a link, as far as vectors need one: handshake and frames by hand, uncompressed.

use std::time::Instant;

use nx::{Application, ApplicationConfig, ChannelId, Config, Display, Event, Options};

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

/// An application side that is fed X11 and captured payloads.
pub(crate) struct Driven {
    pub(crate) application: Application,
    now: Instant,
    current: Option<u8>,
}

impl Driven {
    /// An application side whose handshake is done.
    pub(crate) fn new(options: Options) -> Self {
        let now = Instant::now();
        let config =
            ApplicationConfig { options: Options { stream: 0, ..options }, ..ApplicationConfig::default() };
        let mut application = Application::new(config, now);
        application.receive(b"NXPROXY-3.5.0-3.5.99 stream=0,data=0 cachefile=none ", now).unwrap();
        application.transmit(now);
        assert!(matches!(application.poll_event(now), Some(Event::Connected(_))));
        Self { application, now, current: None }
    }

    /// Opens a channel; its number.
    pub(crate) fn open(&mut self) -> u8 {
        self.application.open().unwrap().0
    }

    /// The X client writes; the payloads of the frames that result, and what it is answered without the far side.
    pub(crate) fn client(&mut self, channel: u8, bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
        self.application.x11_from_client(ChannelId(channel), bytes);
        let frames = payloads(&self.application.transmit(self.now));
        // Tokens come back at once.
        let local = self.x11(channel).unwrap_or_default();
        (frames, local)
    }

    /// Feeds a payload of the display side (without its postfix byte); what the X client gets for it.
    pub(crate) fn payload(&mut self, channel: u8, payload: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        if self.current != Some(channel) {
            self.current = Some(channel);
            bytes.extend_from_slice(&[0, 5, channel]);
        }
        put_data(&mut bytes, payload);
        self.application.receive(&bytes, self.now).map_err(|e| e.to_string())?;
        self.x11(channel)
    }

    fn x11(&mut self, channel: u8) -> Result<Vec<u8>, String> {
        let mut x11 = Vec::new();
        while let Some(event) = self.application.poll_event(self.now) {
            match event {
                Event::X11 { channel: ChannelId(n), bytes } if n == channel => x11.extend(bytes),
                Event::ChannelClosed(_) => {}
                other => return Err(format!("unexpected {other:?}")),
            }
        }
        Ok(x11)
    }

    /// The display side drops a channel.
    pub(crate) fn drop(&mut self, channel: u8) {
        self.application.receive(&[0, 6, channel], self.now).unwrap();
        while self.application.poll_event(self.now).is_some() {}
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
