//! The application side of a link (C role): next to the X clients, as inside an agent.
//!
//! The mirror of [`Display`](crate::Display): X11 of clients goes in by
//! [`x11_from_client`](Application::x11_from_client), what the X server answers comes as [`Event::X11`]. The same
//! descriptions of messages are used in the other direction. Beyond the mirror it has duties of its own: it opens
//! the channels, spends tokens for what it sends (and asks its owner to wait when they are used up), pings an idle
//! link, answers the parameter requests that need no far side, and decides what the stores remember.

mod channel;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use self::channel::Channel;
use crate::coding::bits::BitWriter;
use crate::error::Error;
use crate::link::control::{ChannelKind, Control, TokenClass};
use crate::link::engine::{Engine, HANDSHAKE_LIMIT};
use crate::link::frame::Item;
use crate::link::handshake::{self, Greeting, Options};
use crate::link::tokens::Tokens;
use crate::reply::ReplyCodec;
use crate::request::RequestCodec;
use crate::saved::{self, SavedStores, WORTH_SAVING};
use crate::session::{ChannelId, EVENT_BYTES, End, Event, Events};
use crate::trace::{Coded, Direction, Trace};
use crate::tunnel::{TunnelEvent, Tunnels};
use crate::x11::cookie::Cookie;

/// An idle direction is pinged after this time (NX part 1 §4.3).
const PING_AFTER: Duration = Duration::from_secs(5);
/// How long a closing session waits for its channels to be dropped.
const CLEANUP: Duration = Duration::from_secs(3);
/// How long it then waits for the end of the byte stream.
const GOODBYE: Duration = Duration::from_secs(10);

/// How an application session is set up.
#[derive(Debug, Clone)]
pub struct ApplicationConfig {
    /// The session cookie the display side must show; `None` accepts any peer.
    pub cookie: Option<Cookie>,
    /// What this side chooses for the link.
    pub options: Options,
    /// Kinds of tunnels the far side may open here; others are refused.
    pub tunnels: Vec<ChannelKind>,
    /// Message stores of the last session with the same peer. They are offered, and used if it still has them too.
    pub saved: Option<SavedStores>,
    /// At the end the stores are handed over as [`Event::Saved`], and the peer is told to save its own.
    pub save: bool,
    /// The session is given up after this much silence of the peer; `None` is never.
    pub silence: Option<Duration>,
}

impl Default for ApplicationConfig {
    fn default() -> Self {
        Self {
            cookie: None,
            options: Options::default(),
            tunnels: Vec::new(),
            saved: None,
            save: false,
            silence: Some(Duration::from_mins(2)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Version,
    Options,
    CacheFile,
    Running,
    /// We said `finish` on every channel and wait for the drops until then.
    Closing(Instant),
    /// We said goodbye and wait for the end of the byte stream until then.
    Goodbye(Instant),
    Closed,
}

/// A payload being decoded.
#[derive(Debug)]
struct Incoming {
    channel: u8,
    payload: Vec<u8>,
    position: usize,
}

/// The application side of one link.
#[derive(Debug)]
pub struct Application {
    config: ApplicationConfig,
    link: Engine,
    phase: Phase,
    greeting: Option<Greeting>,
    channels: BTreeMap<u8, Channel>,
    requests: RequestCodec,
    replies: ReplyCodec,
    current: Option<u8>,
    statistics: bool,
    incoming: Option<Incoming>,
    /// The stores were saved.
    saved: bool,
    writer: BitWriter,
    writing: Option<u8>,
    events: Events,
    tokens: Tokens,
    failure: Option<Error>,
    trace: Trace,
    tunnels: Tunnels,
}

impl Application {
    /// A session that waits for the display side's greeting.
    pub fn new(config: ApplicationConfig, now: Instant) -> Self {
        let options = &config.options;
        let packing = options.pack != "none";
        Self {
            link: Engine::new(now),
            phase: Phase::Version,
            greeting: None,
            channels: BTreeMap::new(),
            requests: RequestCodec::new(options.delta, options.cache, packing),
            replies: ReplyCodec::new(options.delta, options.cache),
            current: None,
            statistics: false,
            incoming: None,
            saved: false,
            writer: BitWriter::default(),
            writing: None,
            events: Events::default(),
            tokens: Tokens::new(TokenClass::Control, options),
            failure: None,
            trace: Trace::default(),
            tunnels: Tunnels::new(false, config.tunnels.clone(), options),
            config,
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

    /// The next thing to do.
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

    /// False while the tokens are used up: the X clients should not be read (NX part 1 §4.1).
    pub fn wants_x11(&self) -> bool {
        self.phase == Phase::Running && self.tokens.left()
    }

    /// Bytes to write to the link now; empty if there are none.
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

    /// Bytes that wait for [`transmit`](Self::transmit), before compression.
    pub fn pending_output(&self) -> usize {
        self.link.pending_output() + self.writer.len()
    }

    /// Opens a channel for an X client. `None` before [`Event::Connected`], after the end, and when all numbers of
    /// this side (those that are no multiples of 8) are in use.
    pub fn open(&mut self) -> Option<ChannelId> {
        if self.phase != Phase::Running {
            return None;
        }
        let number = self.tunnels.free_number(|n| self.channels.contains_key(&n))?;
        self.flush();
        self.link.put_control(Control::New(ChannelKind::X11), number);
        self.channels.insert(number, Channel::default());
        Some(ChannelId(number))
    }

    /// Takes what the X client of a channel wrote, in any pieces. Ignored for a channel that is not open.
    pub fn x11_from_client(&mut self, channel: ChannelId, bytes: &[u8]) {
        let Some(state) = self.channels.get_mut(&channel.0).filter(|c| !c.finishing()) else { return };
        state.from_client.push(bytes);
        if self.writing != Some(channel.0) {
            self.flush();
            self.writing = Some(channel.0);
        }
        let Some(state) = self.channels.get_mut(&channel.0) else { return };
        let mut local = Vec::new();
        let result = state.encode_client(
            &mut self.writer,
            &mut self.requests,
            &self.config.options,
            &mut local,
            channel.0,
            &mut self.trace,
        );
        self.events.x11(channel, &local);
        match result {
            Ok(true) => {}
            // The connection cannot be carried at all.
            Ok(false) => {
                self.events.push(Event::ChannelClosed(channel));
                self.finish(channel.0);
            }
            Err(error) => self.end(End::Broken(error)),
        }
    }

    /// The X client of a channel closed its connection.
    pub fn x11_closed(&mut self, channel: ChannelId) {
        if self.channels.get(&channel.0).is_some_and(|c| !c.finishing()) {
            self.finish(channel.0);
        }
    }

    /// Asks the peer to stop (or to go on) sending what the X server writes on a channel.
    pub fn set_congested(&mut self, channel: ChannelId, stop: bool) {
        if let Some(state) = self.channels.get_mut(&channel.0).filter(|c| c.congested != stop) {
            state.congested = stop;
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

    /// What there is to do about tunnels. They exist only where [`tunnels`](ApplicationConfig::tunnels) or
    /// [`open_tunnel`](Self::open_tunnel) ask for them.
    pub fn poll_tunnel(&mut self) -> Option<TunnelEvent> {
        self.tunnels.poll()
    }

    /// Ends the session from this side (NX part 1 §7.1). [`Event::Closed`] follows.
    pub fn close(&mut self, now: Instant) {
        match self.phase {
            Phase::Version | Phase::Options | Phase::CacheFile => self.end(End::Clean),
            Phase::Running => {
                let open: Vec<u8> =
                    self.channels.iter().filter(|(_, c)| !c.finishing()).map(|(n, _)| *n).collect();
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
        let silence = self.config.silence.map(|limit| self.link.last_input + limit);
        let own = match self.phase {
            Phase::Version | Phase::Options | Phase::CacheFile => {
                return Some(self.link.started + HANDSHAKE_LIMIT);
            }
            Phase::Running => self.next_ping(),
            Phase::Closing(end) | Phase::Goodbye(end) => end,
            Phase::Closed => return None,
        };
        Some(silence.map_or(own, |s| s.min(own)))
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Version | Phase::Options | Phase::CacheFile => {
                if now >= self.link.started + HANDSHAKE_LIMIT {
                    let seconds = HANDSHAKE_LIMIT.as_secs();
                    self.end(End::Broken(Error::HandshakeTimeout { seconds }));
                }
                return;
            }
            Phase::Running => {
                if now >= self.next_ping() {
                    self.link.last_ping = now;
                    self.tokens.spend(1);
                    self.link.put_control(Control::TokenRequest(TokenClass::Control), 1);
                }
            }
            Phase::Closing(end) if end <= now => self.goodbye(now),
            Phase::Goodbye(end) if end <= now => return self.end(End::Clean),
            Phase::Closing(_) | Phase::Goodbye(_) | Phase::Closed => {}
        }
        if let Some(limit) = self.config.silence.filter(|l| now >= self.link.last_input + *l) {
            self.end(End::Broken(Error::Silence { seconds: limit.as_secs() }));
        }
    }

    fn next_ping(&self) -> Instant {
        let idle = self.link.last_input.min(self.link.last_output);
        idle.max(self.link.last_ping) + PING_AFTER
    }

    fn has_room(&self) -> bool {
        self.events.bytes() < EVENT_BYTES && self.tunnels.bytes() < EVENT_BYTES
    }

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
            Phase::Options => {
                let Some(word) = self.link.next_word(handshake::WORD_LIMIT)? else { return Ok(false) };
                let greeting = Greeting::parse(&word)?;
                if let Some(cookie) = &self.config.cookie
                    && !handshake::cookie_matches(&cookie.hex(), greeting.cookie.as_deref())
                {
                    return Err(Error::WrongCookie);
                }
                self.greeting = Some(greeting);
                self.link.put_word(handshake::VERSION);
                self.link.put_word(&self.config.options.word());
                let options = &self.config.options;
                let saved = self.config.saved.take();
                self.config.saved = saved.filter(|saved| {
                    options.delta
                        && self.requests.holds(&saved.requests)
                        && self.replies.holds(&saved.replies)
                });
                let name = self.config.saved.as_ref().map(|saved| format!("C-{}", saved.name()));
                self.link.put_word(&format!("cachelist={} ", name.as_deref().unwrap_or("none")));
                self.phase = Phase::CacheFile;
            }
            Phase::CacheFile => {
                let Some(word) = self.link.next_word(handshake::WORD_LIMIT)? else { return Ok(false) };
                let name = saved::names(&word, "cachefile=")?.first().map(|n| n.to_ascii_uppercase());
                let agreed = self.config.saved.take().filter(|saved| name == Some(saved.name()));
                if name.is_some() && agreed.is_none() {
                    return Err(Error::CacheWord { expected: "cachefile=, one of ours", found: word });
                }
                let stream = self.config.options.stream;
                let theirs = self.greeting.as_ref().and_then(|g| g.stream).unwrap_or(stream);
                self.link.start(theirs, stream);
                if let Some(saved) = agreed {
                    self.requests.load(saved.requests)?;
                    self.replies.load(saved.replies)?;
                    self.events.push(Event::Loaded);
                    self.link.put_control(Control::LoadRequest, 0);
                }
                self.link.last_ping = now;
                self.phase = Phase::Running;
                self.events.push(Event::Connected(self.config.options.clone()));
            }
            Phase::Running | Phase::Closing(_) | Phase::Goodbye(_) => {
                if self.incoming.is_some() {
                    self.decode()?;
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
            Control::New(kind) => {
                let taken = self.channels.contains_key(&arg) || self.phase != Phase::Running;
                self.tunnels.accept(kind, arg, taken, &mut self.link);
            }
            Control::Switch => self.current = Some(arg),
            Control::Drop => {
                self.tunnels.remove(arg);
                if self.channels.remove(&arg).is_some_and(|c| !c.finishing()) {
                    self.events.push(Event::ChannelClosed(ChannelId(arg)));
                }
                self.say_goodbye_when_done(now);
            }
            Control::Finish => {
                self.tunnels.remove(arg);
                if self.channels.get(&arg).is_some_and(|c| !c.finishing()) {
                    self.events.push(Event::ChannelClosed(ChannelId(arg)));
                }
                self.flush();
                self.channels.remove(&arg);
                self.link.put_control(Control::Drop, arg);
                self.say_goodbye_when_done(now);
            }
            Control::BeginCongestion | Control::EndCongestion => {
                if self.channels.contains_key(&arg) {
                    let stop = control == Control::BeginCongestion;
                    self.events.push(Event::Congestion { channel: ChannelId(arg), stop });
                }
            }
            // The display side shows what we bounce, but for what it said about us.
            Control::Alert if !matches!(arg, 4 | 6 | 10) => self.link.put_control(Control::Alert, arg),
            Control::TokenRequest(class) => self.link.put_control(Control::TokenReply(class), arg),
            Control::TokenReply(TokenClass::Control) => self.tokens.returned(arg)?,
            Control::TokenReply(TokenClass::Data) => self.tunnels.returned(arg)?,
            // We spend no others: nothing is ever split.
            Control::TokenReply(class) => {
                return Err(Error::TokenOverflow { class: class.name(), returned: arg, limit: 0 });
            }
            Control::StatisticsRequest => {
                self.link.put_control(Control::StatisticsReply, 3);
                self.link.put_statistics(&[0xc0]);
            }
            Control::StatisticsReply => self.statistics = true,
            Control::SyncRequest => self.link.put_control(Control::SyncReply, arg),
            Control::Shutdown => self.end(End::Clean),
            Control::SyncReply | Control::LoadRequest | Control::Forbidden(_) => {
                return Err(Error::ForbiddenControl { code: control.code() });
            }
            // The peer is about to go.
            Control::FinishListeners => self.save(),
            Control::Alert | Control::SaveRequest | Control::Unknown(_) => {}
        }
        Ok(())
    }

    /// Decodes one message of the payload at hand.
    fn decode(&mut self) -> Result<(), Error> {
        let Some(mut incoming) = self.incoming.take() else { return Ok(()) };
        let number = incoming.channel;
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let opcodes = &mut self.requests.opcodes;
        let proxy = self.config.options.is_proxy();
        let decoded =
            channel.decode_server(&incoming.payload, incoming.position, &mut self.replies, opcodes, proxy)?;
        let Some((position, message)) = decoded else { return Ok(()) };
        let record = self.trace.begin(number, Direction::ToClient, &message);
        self.trace.end(record, position - incoming.position);
        incoming.position = position;
        self.incoming = Some(incoming);
        if !channel.finishing() {
            self.events.x11(ChannelId(number), &message);
        }
        Ok(())
    }

    /// Frames what was coded, with the tokens it costs in front.
    fn flush(&mut self) {
        let payload = self.writer.take();
        let Some(channel) = self.writing.filter(|_| !payload.is_empty()) else { return };
        if let Some(count) = self.tokens.charge(payload.len()) {
            self.link.put_control(Control::TokenRequest(TokenClass::Control), count);
        }
        self.link.put_data(channel, &payload);
    }

    /// Our end of the channel is closed; its data is still decoded until the peer drops it.
    fn finish(&mut self, number: u8) {
        self.flush();
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.set_finishing();
            self.link.put_control(Control::Finish, number);
        }
    }

    fn say_goodbye_when_done(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Closing(_)) && self.channels.is_empty() && self.tunnels.is_empty() {
            self.save();
            self.goodbye(now);
        }
    }

    /// Saves the stores once no X client is left that could change them, if there is enough in them.
    fn save(&mut self) {
        let worth = self.requests.used() + self.replies.used() >= WORTH_SAVING;
        if self.saved
            || !self.config.save
            || !self.config.options.delta
            || !self.channels.is_empty()
            || !worth
        {
            return;
        }
        if let Some(saved) = SavedStores::of(&self.requests, &self.replies) {
            self.saved = true;
            self.link.put_control(Control::SaveRequest, 0);
            self.events.push(Event::Saved(saved));
        }
    }

    fn goodbye(&mut self, now: Instant) {
        self.link.put_control(Control::Shutdown, 0);
        self.phase = Phase::Goodbye(now + GOODBYE);
    }

    fn end(&mut self, end: End) {
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
            if !channel.finishing() {
                self.events.push(Event::ChannelClosed(ChannelId(number)));
            }
        }
        self.events.push(Event::Closed(end));
    }
}
