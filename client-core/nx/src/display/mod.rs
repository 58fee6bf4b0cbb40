//! The display side of a link (S role): next to the X server, here inside the client.
//!
//! [`Display`] does no I/O. Bytes from the link go in by [`receive`](Display::receive), bytes for it come out of
//! [`transmit`](Display::transmit); what the X server must see comes as [`Event`]s, what it writes goes in by
//! [`x11_from_server`](Display::x11_from_server). Time is an argument. Rules it obeys:
//!
//! - Every request of the far X client becomes exactly one request here, so sequence numbers need no translation.
//! - What is decoded waits in a queue of bounded size: while it is full, link bytes stay unprocessed
//!   ([`wants_input`](Display::wants_input)). No announced length allocates anything.
//! - Data of a channel that is going away is decoded all the same, because coder state belongs to the link.

mod channel;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use self::channel::Channel;
use crate::coding::bits::{BitReader, BitWriter};
use crate::coding::coder::Decoder;
use crate::error::Error;
use crate::link::control::{ChannelKind, Control, TokenClass};
use crate::link::engine::{Engine, HANDSHAKE_LIMIT};
use crate::link::frame::Item;
use crate::link::handshake::{self, LinkType, Options};
use crate::reply::ReplyCodec;
use crate::request::RequestCodec;
use crate::saved::{self, SavedStores};
use crate::session::{Alert, ChannelId, EVENT_BYTES, End, Event, Events};
use crate::trace::{Coded, Direction, Trace};
use crate::tunnel::{TunnelEvent, Tunnels};
use crate::x11::cookie::Cookie;

/// We ping after this much silence, and then again and again (NX part 1 §4.3).
const PING_AFTER: Duration = Duration::from_secs(20);
const PING_EVERY: Duration = Duration::from_secs(5);
/// A peer that is about to save is pinged this often: the reference goes on only when something comes over the link, and
/// sleeps for seconds otherwise.
const WAKE_EVERY: Duration = Duration::from_millis(100);
/// How long a closing session waits for the peer to drop its channels (NX part 1 §7.2).
const CLEANUP: Duration = Duration::from_secs(3);
/// How long it then waits for the end of the byte stream.
const GOODBYE: Duration = Duration::from_secs(10);

/// How a display session is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The session cookie. With one, X connections must show it too; it is then replaced by
    /// [`x11_cookie`](Self::x11_cookie).
    pub cookie: Option<Cookie>,
    /// The X server's own cookie, for setups that showed the session cookie. `None` sends zeros.
    pub x11_cookie: Option<Cookie>,
    /// zlib level 0 to 9 of what we send; `None` takes the level the application side announces.
    pub stream: Option<u8>,
    /// Kinds of tunnels the far side may open here; others are refused.
    pub tunnels: Vec<ChannelKind>,
    /// Message stores of the last session with the same peer. They are used if it still has them too.
    pub saved: Option<SavedStores>,
    /// At the end the stores are handed over as [`Event::Saved`], if the peer saves its own; a session that is closed
    /// here then waits a moment for it.
    pub save: bool,
    /// The session is given up after this much silence of the peer; `None` is never.
    pub silence: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cookie: None,
            x11_cookie: None,
            stream: None,
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
    CacheList,
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

/// The display side of one link.
///
/// ```
/// use std::time::Instant;
/// let now = Instant::now();
/// let mut display = nx::Display::new(nx::Config::default(), now);
/// // Ours is the first word; it goes to the link at once.
/// assert!(display.transmit(now).starts_with(b"NXPROXY-3.5.0-3.5.99 "));
/// ```
#[derive(Debug)]
pub struct Display {
    config: Config,
    link: Engine,
    phase: Phase,
    options: Option<Options>,
    channels: BTreeMap<u8, Channel>,
    requests: RequestCodec,
    replies: ReplyCodec,
    /// The channel that the peer's data items belong to.
    current: Option<u8>,
    /// The next data item is statistics text.
    statistics: bool,
    incoming: Option<Incoming>,
    /// The X11 of the message at hand, kept for its allocation.
    decoded: Vec<u8>,
    /// What is coded and not yet framed, and its channel.
    writer: BitWriter,
    writing: Option<u8>,
    events: Events,
    /// Saved stores that were agreed on and wait for the peer to say that it has loaded its own.
    agreed: Option<SavedStores>,
    /// The last channel has ended, so that the peer may save its stores.
    outdated: bool,
    /// It has.
    saved: bool,
    /// When held pointer motions are sent.
    motion: Option<Instant>,
    failure: Option<Error>,
    trace: Trace,
    tunnels: Tunnels,
}

impl Display {
    /// A session that has not begun. Its greeting is ready to be transmitted.
    pub fn new(config: Config, now: Instant) -> Self {
        let mut link = Engine::new(now);
        link.put_word(handshake::VERSION);
        let cookie = config.cookie.as_ref().map_or_else(String::new, |c| format!("cookie={},", c.hex()));
        let level = config.stream.map_or_else(|| "default".to_owned(), |level| level.min(9).to_string());
        link.put_word(&format!("{cookie}stream={level},data=0 "));
        let tunnels = config.tunnels.clone();
        Self {
            config,
            link,
            phase: Phase::Version,
            options: None,
            channels: BTreeMap::new(),
            requests: RequestCodec::new(false, 0, false),
            replies: ReplyCodec::new(false, 0),
            current: None,
            statistics: false,
            incoming: None,
            decoded: Vec::new(),
            writer: BitWriter::default(),
            writing: None,
            events: Events::default(),
            agreed: None,
            outdated: false,
            saved: false,
            motion: None,
            failure: None,
            trace: Trace::default(),
            tunnels: Tunnels::new(true, tunnels, &Options::default()),
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
    /// reading the X server when this grows.
    pub fn pending_output(&self) -> usize {
        self.link.pending_output() + self.writer.len()
    }

    /// What the application side chose; `None` before [`Event::Connected`].
    pub fn options(&self) -> Option<&Options> {
        self.options.as_ref()
    }

    /// Takes what the X server wrote on a channel, in any pieces. Ignored for a channel that is not open.
    pub fn x11_from_server(&mut self, channel: ChannelId, bytes: &[u8], now: Instant) {
        let Some(state) = self.channels.get_mut(&channel.0).filter(|c| !c.finishing()) else { return };
        state.from_server.push(bytes);
        if self.writing != Some(channel.0) {
            self.flush();
            self.writing = Some(channel.0);
        }
        let Some(state) = self.channels.get_mut(&channel.0) else { return };
        let opcodes = &mut self.requests.opcodes;
        let result =
            state.encode_server(channel.0, &mut self.writer, &mut self.replies, opcodes, &mut self.trace);
        match result {
            Ok(true) if self.motion.is_none() => {
                self.motion = Some(now + Duration::from_millis(self.link_type().motion_delay_ms()));
            }
            Ok(_) => {}
            Err(error) => self.end(End::Broken(error)),
        }
    }

    /// The connection to the X server could not be opened.
    pub fn refuse(&mut self, channel: ChannelId) {
        if self.channels.remove(&channel.0).is_some() {
            self.flush();
            self.link.put_control(Control::Drop, channel.0);
        }
    }

    /// The X server closed the connection of a channel.
    pub fn x11_closed(&mut self, channel: ChannelId) {
        if self.channels.get(&channel.0).is_some_and(|c| !c.finishing()) {
            self.finish(channel.0);
        }
    }

    /// Asks the peer to stop (or to go on) sending requests for a channel, because the X server does not take them.
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

    /// What there is to do about tunnels. They exist only where [`tunnels`](Config::tunnels) or
    /// [`open_tunnel`](Self::open_tunnel) ask for them.
    pub fn poll_tunnel(&mut self) -> Option<TunnelEvent> {
        self.tunnels.poll()
    }

    /// Ends the session from this side (NX part 1 §7.2). [`Event::Closed`] follows.
    pub fn close(&mut self, now: Instant) {
        match self.phase {
            Phase::Version | Phase::Options | Phase::CacheList => self.end(End::Clean),
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
            Phase::Version | Phase::Options | Phase::CacheList => {
                return Some(self.link.started + HANDSHAKE_LIMIT);
            }
            Phase::Running => Some(self.next_ping()),
            Phase::Closing(end) if self.awaits_saving() => Some(end.min(self.next_ping())),
            Phase::Closing(end) | Phase::Goodbye(end) => Some(end),
            Phase::Closed => return None,
        };
        [silence, own, self.motion].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.motion.is_some_and(|at| at <= now) {
            self.release_motions();
        }
        match self.phase {
            Phase::Version | Phase::Options | Phase::CacheList => {
                if now >= self.link.started + HANDSHAKE_LIMIT {
                    let seconds = HANDSHAKE_LIMIT.as_secs();
                    self.end(End::Broken(Error::HandshakeTimeout { seconds }));
                }
                return;
            }
            Phase::Closing(end) if end <= now => self.goodbye(now),
            Phase::Running | Phase::Closing(_) => {
                let pings = self.phase == Phase::Running || self.awaits_saving();
                if pings && now >= self.next_ping() {
                    self.link.last_ping = now;
                    self.link.put_control(Control::TokenRequest(TokenClass::Control), 1);
                }
            }
            Phase::Goodbye(end) if end <= now => return self.end(End::Clean),
            Phase::Goodbye(_) | Phase::Closed => {}
        }
        if let Some(limit) = self.config.silence.filter(|l| now >= self.link.last_input + *l) {
            self.end(End::Broken(Error::Silence { seconds: limit.as_secs() }));
        }
    }

    fn link_type(&self) -> LinkType {
        self.options.as_ref().map_or(LinkType::Lan, |o| o.link)
    }

    fn next_ping(&self) -> Instant {
        if self.awaits_saving() {
            return self.link.last_ping + WAKE_EVERY;
        }
        (self.link.last_input + PING_AFTER).max(self.link.last_ping + PING_EVERY)
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
            Phase::Options => {
                let Some(word) = self.link.next_word(handshake::WORD_LIMIT)? else { return Ok(false) };
                self.options = Some(Options::parse(&word)?);
                self.phase = Phase::CacheList;
            }
            Phase::CacheList => {
                let Some(word) = self.link.next_word(handshake::CACHE_LIST_LIMIT)? else { return Ok(false) };
                let names = saved::names(&word, "cachelist=")?;
                self.start(&names, now);
            }
            Phase::Running | Phase::Closing(_) | Phase::Goodbye(_) => {
                if self.incoming.is_some() {
                    self.decode()?;
                    return Ok(true);
                }
                let Some(item) = self.link.next_item()? else { return Ok(false) };
                match item {
                    Item::Control(control, arg) => self.control(control, arg, now)?,
                    Item::Data(payload) => self.data(payload)?,
                }
            }
            Phase::Closed => return Ok(false),
        }
        Ok(true)
    }

    /// Begins the binary stream. `names` are the stores that the peer has saved.
    fn start(&mut self, names: &[&str], now: Instant) {
        let Some(options) = self.options.clone() else { return };
        self.tunnels = Tunnels::new(true, self.config.tunnels.clone(), &options);
        self.requests = RequestCodec::new(options.delta, options.cache, false);
        self.replies = ReplyCodec::new(options.delta, options.cache);
        self.agreed = self.config.saved.take().filter(|saved| {
            options.delta
                && names.iter().any(|name| name.eq_ignore_ascii_case(&saved.name()))
                && self.requests.holds(&saved.requests)
                && self.replies.holds(&saved.replies)
        });
        let name =
            self.agreed.as_ref().map_or_else(|| "none".to_owned(), |saved| format!("C-{}", saved.name()));
        self.link.put_word(&format!("cachefile={name} "));
        self.link.start(options.stream, self.config.stream.unwrap_or(options.stream));
        self.link.last_ping = now;
        self.phase = Phase::Running;
        self.events.push(Event::Connected(options));
    }

    fn control(&mut self, control: Control, arg: u8, now: Instant) -> Result<(), Error> {
        match control {
            Control::New(ChannelKind::X11) => self.open(arg),
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
                if self.channels.remove(&arg).is_some_and(|c| !c.finishing()) {
                    self.outdate();
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
            Control::Alert => self.events.push(Event::Alert(Alert(arg))),
            Control::TokenRequest(class) => self.link.put_control(Control::TokenReply(class), arg),
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
            Control::LoadRequest => {
                if !self.channels.is_empty() {
                    return Err(Error::ForbiddenControl { code: control.code() });
                }
                if let Some(saved) = self.agreed.take() {
                    self.requests.load(saved.requests)?;
                    self.replies.load(saved.replies)?;
                    self.events.push(Event::Loaded);
                }
            }
            Control::SaveRequest => {
                if self.saves() && self.channels.values().all(Channel::finishing) {
                    if let Some(saved) = SavedStores::of(&self.requests, &self.replies) {
                        self.events.push(Event::Saved(saved));
                    }
                    self.saved = true;
                    self.say_goodbye_when_done(now);
                }
            }
            Control::TokenReply(TokenClass::Data) => self.tunnels.returned(arg)?,
            // Our pings are answered by token replies; the others ask for nothing.
            Control::TokenReply(_) | Control::FinishListeners | Control::Unknown(_) => {}
        }
        Ok(())
    }

    /// A channel of the far side, which may use numbers that are no multiples of 8 (NX part 1 §3.3).
    fn open(&mut self, number: u8) {
        if number.is_multiple_of(8) || self.channels.contains_key(&number) || self.phase != Phase::Running {
            self.link.put_control(Control::Drop, number);
            return;
        }
        self.channels.insert(number, Channel::default());
        self.outdated = false;
        self.events.push(Event::ChannelOpened(ChannelId(number)));
    }

    fn data(&mut self, payload: Vec<u8>) -> Result<(), Error> {
        if std::mem::take(&mut self.statistics) {
            return Ok(());
        }
        if let Some(number) = self.current.filter(|n| self.tunnels.contains(*n)) {
            self.tunnels.data(number, &payload)?;
        }
        if let Some(channel) = self.current.filter(|n| self.channels.contains_key(n)) {
            self.incoming = Some(Incoming { channel, payload, position: 0 });
        }
        Ok(())
    }

    /// Decodes one message of the payload at hand.
    fn decode(&mut self) -> Result<(), Error> {
        let Some(mut incoming) = self.incoming.take() else { return Ok(()) };
        let number = incoming.channel;
        let Some(channel) = self.channels.get_mut(&number) else { return Ok(()) };
        let mut decoder = Decoder(BitReader::new(&incoming.payload, incoming.position));
        if decoder.0.at_end() {
            return Ok(());
        }
        let mut out = std::mem::take(&mut self.decoded);
        out.clear();
        let start = incoming.position;
        if channel.setup_seen() {
            incoming.position =
                channel.decode_request(&incoming.payload, incoming.position, &mut self.requests, &mut out)?;
            let record = self.trace.begin(number, Direction::ToServer, channel.last_request());
            self.trace.end(record, incoming.position - start);
        } else {
            let accepted = channel.decode_setup(&mut decoder, &self.config, &mut out)?;
            incoming.position = decoder.0.position();
            if !accepted && !channel.finishing() {
                // The X server never sees a connection without the session cookie.
                self.events.push(Event::ChannelClosed(ChannelId(number)));
                self.finish(number);
            }
        }
        self.incoming = Some(incoming);
        if self.channels.get(&number).is_some_and(|c| !c.finishing()) {
            self.events.x11(ChannelId(number), &out);
        }
        self.decoded = out;
        Ok(())
    }

    /// Frames what was coded.
    fn flush(&mut self) {
        let payload = self.writer.take();
        if let Some(channel) = self.writing {
            self.link.put_data(channel, &payload);
        }
    }

    /// Our end of the channel is closed; its data is still decoded until the peer drops it.
    fn finish(&mut self, number: u8) {
        self.flush();
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.set_finishing();
            self.link.put_control(Control::Finish, number);
            self.outdate();
        }
    }

    /// True if the stores are wanted at the end.
    fn saves(&self) -> bool {
        self.config.save && self.options.as_ref().is_some_and(|o| o.delta)
    }

    /// With the last channel gone the peer may save.
    fn outdate(&mut self) {
        if self.saves() && !self.saved && self.channels.values().all(Channel::finishing) {
            self.outdated = true;
            self.events.push(Event::StoresOutdated);
        }
    }

    /// True while the peer may be about to save.
    fn awaits_saving(&self) -> bool {
        self.outdated && !self.saved && self.channels.is_empty()
    }

    fn release_motions(&mut self) {
        self.motion = None;
        let numbers: Vec<u8> = self.channels.keys().copied().collect();
        for number in numbers {
            if self.writing != Some(number) {
                self.flush();
                self.writing = Some(number);
            }
            if let Some(channel) = self.channels.get_mut(&number)
                && let Err(error) = channel.release_motion(&mut self.writer, &mut self.replies)
            {
                return self.end(End::Broken(error));
            }
        }
    }

    fn say_goodbye_when_done(&mut self, now: Instant) {
        // A peer that saves says so a little later (NX part 1 §7); one that does not takes its leave.
        let done = self.channels.is_empty() && self.tunnels.is_empty() && !self.awaits_saving();
        if matches!(self.phase, Phase::Closing(_)) && done {
            self.goodbye(now);
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
