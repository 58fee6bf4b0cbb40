//! What both ends of a link do alike: a session from its first word to its goodbye.
//!
//! A [`Session`] does no I/O. Bytes from the link go in by [`receive`](Session::receive), bytes for it come out of
//! [`transmit`](Session::transmit); what its X end must see comes as [`Event`]s. Time is an argument. Rules it obeys:
//!
//! - What is decoded waits in a queue of bounded size: while it is full, link bytes stay unprocessed
//!   ([`wants_input`](Session::wants_input)). No announced length allocates anything.
//! - Data of a channel that is going away is decoded all the same, because coder state belongs to the link.
//!
//! What the ends do each in their own way is a [`Role`]: [`Display`](crate::Display) and
//! [`Application`](crate::Application).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use crate::channel::Channel;
use crate::coding::bits::BitWriter;
use crate::error::Error;
use crate::event::{ChannelId, EVENT_BYTES, End, Event, Events};
use crate::link::control::{ChannelKind, Control, TokenClass};
use crate::link::engine::{Engine, HANDSHAKE_LIMIT};
use crate::link::frame::Item;
use crate::link::handshake;
use crate::reply::ReplyCodec;
use crate::request::RequestCodec;
use crate::trace::{Coded, Trace};
use crate::tunnel::{TunnelEvent, Tunnels};

/// How long a closing session waits for the peer to drop its channels (NX part 1 §7.2).
const CLEANUP: Duration = Duration::from_secs(3);
/// How long it then waits for the end of the byte stream.
const GOODBYE: Duration = Duration::from_secs(10);

/// What an end of a link does in its own way. There are two, [`Display`](crate::Display) and
/// [`Application`](crate::Application); others cannot be made.
pub trait Role: Sized + Debug {
    /// What the role alone keeps of an X11 channel.
    type Side: Debug + Default;

    /// Takes the next word of the handshake after the version, in [`Phase::Options`] or [`Phase::Stores`]. False if it
    /// has not come.
    fn handshake(session: &mut Session<Self>, now: Instant) -> Result<bool, Error>;

    /// Obeys what the ends do not obey alike.
    fn control(session: &mut Session<Self>, control: Control, arg: u8, now: Instant) -> Result<(), Error>;

    /// Decodes one message of `incoming`; what is left of it, if anything.
    fn decode(session: &mut Session<Self>, incoming: Incoming) -> Result<Option<Incoming>, Error>;

    /// When the peer is to be pinged, while the session runs or closes.
    fn next_ping(session: &Session<Self>) -> Option<Instant>;

    /// A ping goes out.
    fn pinged(&mut self) {}

    /// How many tokens a payload of so many bytes costs, to be asked for in front of it.
    fn charge(&mut self, _bytes: usize) -> Option<u8> {
        None
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    fn timeout(&self) -> Option<Instant> {
        None
    }

    /// Does what the role alone has to do at a time.
    fn handle_timeout(_session: &mut Session<Self>, _now: Instant) {}

    /// Either end has finished an X11 channel.
    fn channel_finished(_session: &mut Session<Self>) {}

    /// Whether a closing session without channels may say goodbye.
    fn may_leave(session: &mut Session<Self>) -> bool;
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The peer's version is awaited.
    Version,
    /// What the peer announces next.
    Options,
    /// What it says of saved stores.
    Stores,
    /// The binary stream has begun.
    Running,
    /// We said `finish` on every channel and wait for the drops until then.
    Closing(Instant),
    /// We said goodbye and wait for the end of the byte stream until then.
    Goodbye(Instant),
    /// It is over.
    Closed,
}

/// A payload being decoded.
#[derive(Debug)]
pub struct Incoming {
    pub(crate) channel: u8,
    pub(crate) payload: Vec<u8>,
    /// In bits.
    pub(crate) position: usize,
}

/// One end of one link. See [`Display`](crate::Display) and [`Application`](crate::Application).
#[derive(Debug)]
pub struct Session<R: Role> {
    pub(crate) role: R,
    pub(crate) link: Engine,
    pub(crate) phase: Phase,
    pub(crate) channels: BTreeMap<u8, Channel<R::Side>>,
    pub(crate) requests: RequestCodec,
    pub(crate) replies: ReplyCodec,
    /// The channel that the peer's data items belong to.
    current: Option<u8>,
    /// The next data item is statistics text.
    statistics: bool,
    incoming: Option<Incoming>,
    /// What is coded and not yet framed, and its channel.
    pub(crate) writer: BitWriter,
    writing: Option<u8>,
    pub(crate) events: Events,
    /// The session is given up after this much silence of the peer.
    silence: Option<Duration>,
    failure: Option<Error>,
    pub(crate) trace: Trace,
    pub(crate) tunnels: Tunnels,
}

impl<R: Role> Session<R> {
    /// A session whose peer has said nothing yet.
    pub(crate) fn begin(
        role: R,
        (requests, replies): (RequestCodec, ReplyCodec),
        tunnels: Tunnels,
        silence: Option<Duration>,
        now: Instant,
    ) -> Self {
        Self {
            role,
            link: Engine::new(now),
            phase: Phase::Version,
            channels: BTreeMap::new(),
            requests,
            replies,
            current: None,
            statistics: false,
            incoming: None,
            writer: BitWriter::default(),
            writing: None,
            events: Events::default(),
            silence,
            failure: None,
            trace: Trace::default(),
            tunnels,
        }
    }

    /// Takes bytes from the link and processes them as far as the event queue allows.
    ///
    /// # Errors
    /// Why the session is broken; the same comes as [`Event::Closed`].
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Result<(), Error> {
        if self.phase != Phase::Closed {
            self.link.receive(bytes, now);
            self.advance(now);
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// The link's byte stream ended.
    pub fn end_of_stream(&mut self, now: Instant) {
        self.advance(now);
        match self.phase {
            Phase::Closed => {}
            Phase::Goodbye(_) => self.end(End::Clean),
            _ => self.end(End::Broken(Error::LinkLost)),
        }
    }

    /// The next thing to do. `now` is needed because taking an event can make room for more input.
    pub fn poll_event(&mut self, now: Instant) -> Option<Event> {
        if self.events.is_empty() {
            self.advance(now);
        }
        self.events.pop()
    }

    /// False while so much is waiting that the link should not be read.
    pub fn wants_input(&self) -> bool {
        self.has_room() && self.link.unprocessed() < crate::MAX_FRAME
    }

    /// Bytes to write to the link now; empty if there are none. Each call ends in a flush of the compressed stream,
    /// so call it when the link can take bytes.
    pub fn transmit(&mut self, now: Instant) -> Vec<u8> {
        self.flush();
        match self.link.transmit(now) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.end(End::Broken(error));
                Vec::new()
            }
        }
    }

    /// Bytes that wait for [`transmit`](Self::transmit), before compression. An owner that cannot write should stop
    /// reading its X end when this grows.
    pub fn pending_output(&self) -> usize {
        self.link.pending_output() + self.writer.len()
    }

    /// The X end of a channel closed its connection.
    pub fn x11_closed(&mut self, channel: ChannelId) {
        if self.open_channel(channel.0).is_some() {
            self.finish(channel.0);
        }
    }

    /// Asks the peer to stop (or to go on) sending for a channel, because the X end does not take it.
    pub fn set_congested(&mut self, channel: ChannelId, stop: bool) {
        let Some(state) = self.channels.get_mut(&channel.0) else { return };
        if std::mem::replace(&mut state.congested, stop) != stop {
            let control = if stop { Control::BeginCongestion } else { Control::EndCongestion };
            self.link.put_control(control, channel.0);
        }
    }

    /// Opens a tunnel to a service next to the far side. `None` if the far side does not serve that kind, before
    /// [`Event::Connected`], after the end, and when all numbers of this side are in use.
    pub fn open_tunnel(&mut self, kind: ChannelKind) -> Option<ChannelId> {
        if self.phase != Phase::Running {
            return None;
        }
        self.tunnels.open(kind, |n| self.channels.contains_key(&n), &mut self.link)
    }

    /// Takes what the service behind a tunnel wrote. Ignored for a tunnel that is not open.
    pub fn tunnel_write(&mut self, channel: ChannelId, bytes: &[u8]) {
        self.flush();
        self.tunnels.write(channel, bytes, &mut self.link);
    }

    /// False while the tokens for tunnels are used up: the services behind them should not be read (NX part 1 §4.1).
    pub fn wants_tunnel_bytes(&self) -> bool {
        self.tunnels.wants_bytes()
    }

    /// The service behind a tunnel closed its connection, or cannot be reached.
    pub fn tunnel_closed(&mut self, channel: ChannelId) {
        self.tunnels.closed(channel, &mut self.link);
    }

    /// What there is to do about tunnels. They exist only where the configuration or
    /// [`open_tunnel`](Self::open_tunnel) ask for them.
    pub fn poll_tunnel(&mut self) -> Option<TunnelEvent> {
        self.tunnels.poll()
    }

    /// Ends the session from this side (NX part 1 §7). [`Event::Closed`] follows.
    pub fn close(&mut self, now: Instant) {
        match self.phase {
            Phase::Version | Phase::Options | Phase::Stores => self.end(End::Clean),
            Phase::Running => {
                let open: Vec<u8> =
                    self.channels.iter().filter(|(_, c)| c.is_open()).map(|(n, _)| *n).collect();
                for number in open {
                    self.events.push(Event::ChannelClosed(ChannelId(number)));
                    self.finish(number);
                }
                self.tunnels.close_all(&mut self.link);
                self.link.put_control(Control::FinishListeners, 0);
                self.phase = Phase::Closing(now + CLEANUP);
                self.say_goodbye_when_done(now);
            }
            Phase::Closing(_) | Phase::Goodbye(_) | Phase::Closed => {}
        }
    }

    /// Begins to keep a record of every message, for [`poll_trace`](Self::poll_trace).
    pub fn enable_trace(&mut self) {
        self.trace.enable();
    }

    /// The oldest record not yet taken.
    pub fn poll_trace(&mut self) -> Option<Coded> {
        self.trace.pop()
    }

    /// True after [`Event::Closed`] was queued.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called next, if nothing else happens.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (end, ping) = match self.phase {
            Phase::Version | Phase::Options | Phase::Stores => {
                return Some(self.link.started + HANDSHAKE_LIMIT);
            }
            Phase::Running => (None, R::next_ping(self)),
            Phase::Closing(end) => (Some(end), R::next_ping(self)),
            Phase::Goodbye(end) => (Some(end), None),
            Phase::Closed => return None,
        };
        let silence = self.silence.map(|limit| self.link.last_input + limit);
        [silence, end, ping, self.role.timeout()].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        R::handle_timeout(self, now);
        match self.phase {
            Phase::Version | Phase::Options | Phase::Stores => {
                if now >= self.link.started + HANDSHAKE_LIMIT {
                    let seconds = HANDSHAKE_LIMIT.as_secs();
                    self.end(End::Broken(Error::HandshakeTimeout { seconds }));
                }
                return;
            }
            Phase::Closing(end) if end <= now => self.goodbye(now),
            Phase::Running | Phase::Closing(_) => {
                if R::next_ping(self).is_some_and(|at| at <= now) {
                    self.link.last_ping = now;
                    self.role.pinged();
                    self.link.put_control(Control::TokenRequest(TokenClass::Control), 1);
                }
            }
            Phase::Goodbye(end) if end <= now => return self.end(End::Clean),
            Phase::Goodbye(_) | Phase::Closed => {}
        }
        if let Some(limit) = self.silence.filter(|l| now >= self.link.last_input + *l) {
            self.end(End::Broken(Error::Silence { seconds: limit.as_secs() }));
        }
    }

    fn has_room(&self) -> bool {
        self.events.bytes() < EVENT_BYTES && self.tunnels.bytes() < EVENT_BYTES
    }

    /// Processes what has arrived, until nothing is left or the owner must take some of it.
    fn advance(&mut self, now: Instant) {
        while self.has_room() && self.phase != Phase::Closed {
            match self.step(now) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => self.end(End::Broken(error)),
            }
        }
    }

    /// One word, item or message. False if there is none.
    fn step(&mut self, now: Instant) -> Result<bool, Error> {
        match self.phase {
            Phase::Version => {
                let Some(word) = self.link.next_word(handshake::WORD_LIMIT)? else { return Ok(false) };
                handshake::check_version(&word)?;
                self.phase = Phase::Options;
            }
            Phase::Options | Phase::Stores => return R::handshake(self, now),
            Phase::Running | Phase::Closing(_) | Phase::Goodbye(_) => {
                if let Some(incoming) = self.incoming.take() {
                    self.incoming = R::decode(self, incoming)?;
                    return Ok(true);
                }
                let Some(item) = self.link.next_item()? else { return Ok(false) };
                match item {
                    Item::Control(control, arg) => self.control(control, arg, now)?,
                    Item::Data(_) if std::mem::take(&mut self.statistics) => {}
                    Item::Data(payload) => {
                        if let Some(number) = self.current.filter(|n| self.tunnels.contains(*n)) {
                            self.tunnels.data(number, &payload)?;
                        }
                        if let Some(channel) = self.current.filter(|n| self.channels.contains_key(n)) {
                            self.incoming = Some(Incoming { channel, payload, position: 0 });
                        }
                    }
                }
            }
            Phase::Closed => return Ok(false),
        }
        Ok(true)
    }

    fn control(&mut self, control: Control, arg: u8, now: Instant) -> Result<(), Error> {
        match control {
            Control::New(kind) if kind != ChannelKind::X11 => {
                let taken = self.channels.contains_key(&arg) || self.phase != Phase::Running;
                self.tunnels.accept(kind, arg, taken, &mut self.link);
            }
            Control::Switch => self.current = Some(arg),
            Control::Drop => {
                self.tunnels.remove(arg);
                if self.channels.remove(&arg).is_some_and(|c| c.is_open()) {
                    self.events.push(Event::ChannelClosed(ChannelId(arg)));
                }
                self.say_goodbye_when_done(now);
            }
            Control::Finish => {
                self.tunnels.remove(arg);
                self.flush();
                if self.channels.remove(&arg).is_some_and(|c| c.is_open()) {
                    self.events.push(Event::ChannelClosed(ChannelId(arg)));
                    R::channel_finished(self);
                }
                self.link.put_control(Control::Drop, arg);
                self.say_goodbye_when_done(now);
            }
            Control::BeginCongestion | Control::EndCongestion => {
                if self.channels.contains_key(&arg) {
                    let stop = control == Control::BeginCongestion;
                    self.events.push(Event::Congestion { channel: ChannelId(arg), stop });
                }
            }
            Control::TokenRequest(class) => self.link.put_control(Control::TokenReply(class), arg),
            Control::TokenReply(TokenClass::Data) => self.tunnels.returned(arg)?,
            Control::StatisticsRequest => {
                // "Statistics are off": type 3, in 8 bits least significant first (NX part 1 §3.7).
                self.link.put_control(Control::StatisticsReply, 3);
                self.link.put_statistics(&[0xc0]);
            }
            Control::StatisticsReply => self.statistics = true,
            Control::SyncRequest => self.link.put_control(Control::SyncReply, arg),
            Control::Shutdown => self.end(End::Clean),
            Control::SyncReply | Control::Forbidden(_) => {
                return Err(Error::ForbiddenControl { code: control.code() });
            }
            _ => R::control(self, control, arg, now)?,
        }
        Ok(())
    }

    /// The state of an X11 channel that nobody has closed.
    pub(crate) fn open_channel(&mut self, number: u8) -> Option<&mut Channel<R::Side>> {
        self.channels.get_mut(&number).filter(|c| c.is_open())
    }

    pub(crate) fn has_open_channels(&self) -> bool {
        self.channels.values().any(Channel::is_open)
    }

    /// What is coded from now on belongs to an X11 channel.
    pub(crate) fn write_on(&mut self, number: u8) {
        if self.writing != Some(number) {
            self.flush();
            self.writing = Some(number);
        }
    }

    /// Frames what was coded, with the tokens it costs in front.
    pub(crate) fn flush(&mut self) {
        let payload = self.writer.take();
        let Some(channel) = self.writing.filter(|_| !payload.is_empty()) else { return };
        if let Some(count) = self.role.charge(payload.len()) {
            self.link.put_control(Control::TokenRequest(TokenClass::Control), count);
        }
        self.link.put_data(channel, &payload);
    }

    /// Our end of the channel is closed; its data is still decoded until the peer drops it.
    pub(crate) fn finish(&mut self, number: u8) {
        self.flush();
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.finish();
            self.link.put_control(Control::Finish, number);
            R::channel_finished(self);
        }
    }

    pub(crate) fn say_goodbye_when_done(&mut self, now: Instant) {
        let done = self.channels.is_empty() && self.tunnels.is_empty();
        if matches!(self.phase, Phase::Closing(_)) && done && R::may_leave(self) {
            self.goodbye(now);
        }
    }

    fn goodbye(&mut self, now: Instant) {
        self.link.put_control(Control::Shutdown, 0);
        self.phase = Phase::Goodbye(now + GOODBYE);
    }

    pub(crate) fn end(&mut self, end: End) {
        if self.phase == Phase::Closed {
            return;
        }
        if let End::Broken(error) = &end {
            self.failure = Some(error.clone());
            self.link.discard_output();
        }
        self.phase = Phase::Closed;
        self.writer = BitWriter::default();
        self.incoming = None;
        self.tunnels.finish_all();
        for (number, channel) in std::mem::take(&mut self.channels) {
            if channel.is_open() {
                self.events.push(Event::ChannelClosed(ChannelId(number)));
            }
        }
        self.events.push(Event::Closed(end));
    }
}
