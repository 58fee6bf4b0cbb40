//! What both roles tell their owner.

use std::collections::VecDeque;

use crate::error::Error;
use crate::link::handshake::Options;
use crate::saved::SavedStores;

/// Bytes of decoded X11 that may wait for the owner before link bytes are left unprocessed.
pub const EVENT_BYTES: usize = 1 << 20;
/// One X11 event holds at most about this many bytes.
const EVENT_CHUNK: usize = 64 << 10;
/// Number of a channel of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u8);

/// A message for the user that the far side asks for (NX part 1 §3.8 and appendix B).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert(pub u8);

impl Alert {
    /// True if the message shown before is to be taken away.
    pub fn withdraws(self) -> bool {
        self.0 == 14
    }

    /// What it is about; `None` for obsolete and unknown codes, which are to be ignored.
    pub fn meaning(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "internal error in the session",
            2 | 3 => "an X connection does not respond",
            4..=7 => "the link does not respond",
            8 => "the display does not respond",
            9 => "the peer has a wrong version",
            10 | 11 => "the peer cannot be reached",
            12 => "the persistent cache is missing",
            13 => "the link is broken",
            15 => "the session is starting",
            16 => "the session is being resumed",
            17 => "the session cannot be resumed: the display cannot be opened",
            18 => "the session cannot be resumed: the display is broken",
            19 => "the session cannot be resumed: the visuals differ",
            20 => "the session cannot be resumed: the colormaps differ",
            21 => "the session cannot be resumed: the pixmap formats differ",
            22 => "the session cannot be resumed: the depths differ",
            23 => "the session cannot be resumed: the render extension differs",
            24 => "the session cannot be resumed: the fonts differ",
            62 => "the negotiation was aborted",
            64 => "the shutdown was aborted",
            65 => "the XDMCP connection failed",
            _ => return None,
        })
    }
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The peer said goodbye, or answered ours.
    Clean,
    /// Anything else. The far session usually suspends and can be resumed by a new link.
    Broken(Error),
}

/// What the owner of a session has to do or know. Where two sides are named, the first is for
/// [`Display`](crate::Display), the second for [`Application`](crate::Application).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The handshake is done.
    Connected(Options),
    /// Both ends begin with what they kept of an earlier session.
    Loaded,
    /// Open a connection to the X server for this channel, or call [`Display::refuse`](crate::Display::refuse).
    ChannelOpened(ChannelId),
    /// X11 bytes for the X server (connection setup first, then requests), or for the X client (setup reply first,
    /// then replies, events, errors).
    X11 {
        /// The channel.
        channel: ChannelId,
        /// Whole messages, in the byte order the setup announced.
        bytes: Vec<u8>,
    },
    /// Stop or go on handing over what the X server, or the X client, writes on this channel: the far end does
    /// not take it.
    Congestion {
        /// The channel.
        channel: ChannelId,
        /// True to stop.
        stop: bool,
    },
    /// Close the connection to the X server, or to the X client, of this channel.
    ChannelClosed(ChannelId),
    /// Show or withdraw a message.
    Alert(Alert),
    /// The peer may save its message stores from now on: throw away those kept of an earlier session, whose name may be
    /// that of later ones. Only where saving was asked for.
    StoresOutdated,
    /// Keep these for the next session with the same peer: it has saved its own.
    Saved(SavedStores),
    /// The session is over: close the byte stream. Always the last event.
    Closed(End),
}

/// Events that wait for the owner.
#[derive(Debug, Default)]
pub(crate) struct Events {
    queue: VecDeque<Event>,
    bytes: usize,
}

impl Events {
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// X11 bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn push(&mut self, event: Event) {
        self.queue.push_back(event);
    }

    /// X11 bytes, together with those before them where possible.
    pub(crate) fn x11(&mut self, on: ChannelId, bytes: &[u8]) {
        self.bytes += bytes.len();
        match self.queue.back_mut() {
            Some(Event::X11 { channel, bytes: waiting })
                if *channel == on && waiting.len() + bytes.len() <= EVENT_CHUNK =>
            {
                waiting.extend_from_slice(bytes);
            }
            _ if bytes.is_empty() => {}
            _ => self.queue.push_back(Event::X11 { channel: on, bytes: bytes.to_vec() }),
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        let event = self.queue.pop_front();
        if let Some(Event::X11 { bytes, .. }) = &event {
            self.bytes -= bytes.len();
        }
        event
    }
}
