//! One X11 channel of a session: what both ends of a link keep of it.

use crate::coding::pass::ByteOrder;
use crate::reply::ReplyState;
use crate::request::RequestState;
use crate::x11::split::Splitter;

/// How far the connection setup has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    #[default]
    Fresh,
    /// The X client's setup has passed.
    Setup,
    /// The X server's answer has passed.
    Answered,
}

/// State of one X11 channel. `S` is what an end of its kind keeps besides.
#[derive(Debug, Default)]
pub(crate) struct Channel<S> {
    pub(crate) stage: Stage,
    /// Requests so far, modulo 2^16.
    pub(crate) sequence: u16,
    pub(crate) requests: RequestState,
    pub(crate) replies: ReplyState,
    /// What the X end wrote.
    pub(crate) from_x: Splitter,
    pub(crate) side: S,
    finished: bool,
    /// Whether the peer was asked to stop sending.
    pub(crate) congested: bool,
}

impl<S> Channel<S> {
    pub(crate) fn order(&self) -> ByteOrder {
        self.replies.order
    }

    /// The X client's setup passes.
    pub(crate) fn set_up(&mut self, setup: &[u8]) {
        self.stage = Stage::Setup;
        let order = ByteOrder::announced_by(setup.first().copied().unwrap_or(0));
        self.replies.order = order;
        self.requests.order = order;
    }

    /// False after our `finish`: what still arrives is decoded and thrown away.
    pub(crate) fn is_open(&self) -> bool {
        !self.finished
    }

    /// Our `finish` was said.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
        self.from_x = Splitter::default();
    }
}
