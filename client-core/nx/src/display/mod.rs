//! The display side of a link (S role): next to the X server, here inside the client.
//!
//! What the X server must see comes as [`Event`]s, what it writes goes in by
//! [`x11_from_server`](Display::x11_from_server). Every request of the far X client becomes exactly one request here, so
//! sequence numbers need no translation. Pointer motions are held back for a moment, since the next one makes up for
//! them.

mod channel;

use std::time::{Duration, Instant};

use self::channel::ServerSide;
use crate::channel::Channel;
use crate::coding::bits::BitReader;
use crate::coding::coder::Decoder;
use crate::error::Error;
use crate::event::{Alert, ChannelId, End, Event};
use crate::link::control::{ChannelKind, Control};
use crate::link::handshake::{self, LinkType, Options};
use crate::reply::ReplyCodec;
use crate::request::RequestCodec;
use crate::saved::{self, SavedStores};
use crate::session::{Incoming, Phase, Role, Session};
use crate::trace::Direction;
use crate::tunnel::Tunnels;
use crate::x11::cookie::Cookie;

/// We ping after this much silence, and then again and again (NX part 1 §4.3).
const PING_AFTER: Duration = Duration::from_secs(20);
const PING_EVERY: Duration = Duration::from_secs(5);
/// A peer that is about to save is pinged this often: the reference goes on only when something comes over the link, and
/// sleeps for seconds otherwise.
const WAKE_EVERY: Duration = Duration::from_millis(100);

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

/// The display side of one link.
///
/// ```
/// use std::time::Instant;
/// let now = Instant::now();
/// let mut display = nx::Display::new(nx::Config::default(), now);
/// // Ours is the first word; it goes to the link at once.
/// assert!(display.transmit(now).starts_with(b"NXPROXY-3.5.0-3.5.99 "));
/// ```
pub type Display = Session<DisplayRole>;

/// What only the display side has.
#[derive(Debug)]
pub struct DisplayRole {
    config: Config,
    options: Option<Options>,
    /// The X11 of the message at hand, kept for its allocation.
    decoded: Vec<u8>,
    /// Saved stores that were agreed on and wait for the peer to say that it has loaded its own.
    agreed: Option<SavedStores>,
    /// The last channel has ended, so that the peer may save its stores.
    outdated: bool,
    /// It has.
    saved: bool,
    /// When held pointer motions are sent.
    motion: Option<Instant>,
}

impl Display {
    /// A session that has not begun. Its greeting is ready to be transmitted.
    pub fn new(config: Config, now: Instant) -> Self {
        let cookie = config.cookie.as_ref().map_or_else(String::new, |c| format!("cookie={},", c.hex()));
        let level = config.stream.map_or_else(|| "default".to_owned(), |level| level.min(9).to_string());
        let (tunnels, silence) = (config.tunnels.clone(), config.silence);
        let role = DisplayRole {
            config,
            options: None,
            decoded: Vec::new(),
            agreed: None,
            outdated: false,
            saved: false,
            motion: None,
        };
        // The peer's options say how both are to be.
        let codecs = (RequestCodec::new(false, 0, false), ReplyCodec::new(false, 0));
        let tunnels = Tunnels::new(true, tunnels, &Options::default());
        let mut session = Self::begin(role, codecs, tunnels, silence, now);
        session.link.put_word(handshake::VERSION);
        session.link.put_word(&format!("{cookie}stream={level},data=0 "));
        session
    }

    /// What the application side chose; `None` before [`Event::Connected`].
    pub fn options(&self) -> Option<&Options> {
        self.role.options.as_ref()
    }

    /// Takes what the X server wrote on a channel, in any pieces. Ignored for a channel that is not open.
    pub fn x11_from_server(&mut self, channel: ChannelId, bytes: &[u8], now: Instant) {
        if self.open_channel(channel.0).is_none() {
            return;
        }
        self.write_on(channel.0);
        let Some(state) = self.channels.get_mut(&channel.0) else { return };
        state.from_x.push(bytes);
        let opcodes = &mut self.requests.opcodes;
        let result =
            state.encode_server(channel.0, &mut self.writer, &mut self.replies, opcodes, &mut self.trace);
        match result {
            Ok(true) if self.role.motion.is_none() => {
                let link = self.role.options.as_ref().map_or(LinkType::Lan, |o| o.link);
                self.role.motion = Some(now + Duration::from_millis(link.motion_delay_ms()));
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

    /// Begins the binary stream. `names` are the stores that the peer has saved.
    fn start(&mut self, names: &[&str], now: Instant) {
        let role = &mut self.role;
        let Some(options) = role.options.clone() else { return };
        self.tunnels = Tunnels::new(true, role.config.tunnels.clone(), &options);
        self.requests = RequestCodec::new(options.delta, options.cache, false);
        self.replies = ReplyCodec::new(options.delta, options.cache);
        role.agreed = role.config.saved.take().filter(|saved| {
            options.delta
                && names.iter().any(|name| name.eq_ignore_ascii_case(&saved.name()))
                && self.requests.holds(&saved.requests)
                && self.replies.holds(&saved.replies)
        });
        let name =
            role.agreed.as_ref().map_or_else(|| "none".to_owned(), |saved| format!("C-{}", saved.name()));
        self.link.put_word(&format!("cachefile={name} "));
        self.link.start(options.stream, role.config.stream.unwrap_or(options.stream));
        self.link.last_ping = now;
        self.phase = Phase::Running;
        self.events.push(Event::Connected(options));
    }

    /// A channel of the far side, which may use numbers that are no multiples of 8 (NX part 1 §3.3).
    fn open(&mut self, number: u8) {
        if number.is_multiple_of(8) || self.channels.contains_key(&number) || self.phase != Phase::Running {
            self.link.put_control(Control::Drop, number);
            return;
        }
        self.channels.insert(number, Channel::default());
        self.role.outdated = false;
        self.events.push(Event::ChannelOpened(ChannelId(number)));
    }

    /// True while the peer may be about to save.
    fn awaits_saving(&self) -> bool {
        self.role.outdated && !self.role.saved && self.channels.is_empty()
    }
}

impl DisplayRole {
    /// True if the stores are wanted at the end.
    fn saves(&self) -> bool {
        self.config.save && self.options.as_ref().is_some_and(|o| o.delta)
    }
}

impl Role for DisplayRole {
    type Side = ServerSide;

    fn handshake(session: &mut Display, now: Instant) -> Result<bool, Error> {
        if session.phase == Phase::Options {
            let Some(word) = session.link.next_word(handshake::WORD_LIMIT)? else { return Ok(false) };
            session.role.options = Some(Options::parse(&word)?);
            session.phase = Phase::Stores;
        } else {
            let Some(word) = session.link.next_word(handshake::CACHE_LIST_LIMIT)? else { return Ok(false) };
            let names = saved::names(&word, "cachelist=")?;
            session.start(&names, now);
        }
        Ok(true)
    }

    fn control(session: &mut Display, control: Control, arg: u8, now: Instant) -> Result<(), Error> {
        match control {
            Control::New(_) => session.open(arg),
            Control::Alert => session.events.push(Event::Alert(Alert(arg))),
            Control::LoadRequest => {
                if !session.channels.is_empty() {
                    return Err(Error::ForbiddenControl { code: control.code() });
                }
                if let Some(saved) = session.role.agreed.take() {
                    session.requests.load(saved.requests)?;
                    session.replies.load(saved.replies)?;
                    session.events.push(Event::Loaded);
                }
            }
            Control::SaveRequest if session.role.saves() && !session.has_open_channels() => {
                if let Some(saved) = SavedStores::of(&session.requests, &session.replies) {
                    session.events.push(Event::Saved(saved));
                }
                session.role.saved = true;
                session.say_goodbye_when_done(now);
            }
            // Our pings are answered by token replies; the others ask for nothing.
            _ => {}
        }
        Ok(())
    }

    fn decode(session: &mut Display, mut incoming: Incoming) -> Result<Option<Incoming>, Error> {
        let number = incoming.channel;
        let Some(channel) = session.channels.get_mut(&number) else { return Ok(None) };
        let mut decoder = Decoder(BitReader::new(&incoming.payload, incoming.position));
        if decoder.0.at_end() {
            return Ok(None);
        }
        let mut out = std::mem::take(&mut session.role.decoded);
        out.clear();
        let start = incoming.position;
        if channel.setup_seen() {
            incoming.position =
                channel.decode_request(&incoming.payload, start, &mut session.requests, &mut out)?;
            let record = session.trace.begin(number, Direction::ToServer, channel.last_request());
            session.trace.end(record, incoming.position - start);
        } else {
            let accepted = channel.decode_setup(&mut decoder, &session.role.config, &mut out)?;
            incoming.position = decoder.0.position();
            if !accepted && channel.is_open() {
                // The X server never sees a connection without the session cookie.
                session.events.push(Event::ChannelClosed(ChannelId(number)));
                session.finish(number);
            }
        }
        if session.open_channel(number).is_some() {
            session.events.x11(ChannelId(number), &out);
        }
        session.role.decoded = out;
        Ok(Some(incoming))
    }

    fn next_ping(session: &Display) -> Option<Instant> {
        let link = &session.link;
        if session.awaits_saving() {
            return Some(link.last_ping + WAKE_EVERY);
        }
        let running = session.phase == Phase::Running;
        running.then(|| (link.last_input + PING_AFTER).max(link.last_ping + PING_EVERY))
    }

    fn timeout(&self) -> Option<Instant> {
        self.motion
    }

    /// Sends the pointer motions that were held back.
    fn handle_timeout(session: &mut Display, now: Instant) {
        if session.role.motion.is_none_or(|at| at > now) {
            return;
        }
        session.role.motion = None;
        let open = session.channels.iter().filter(|(_, channel)| channel.is_open());
        let numbers: Vec<u8> = open.map(|(number, _)| *number).collect();
        for number in numbers {
            session.write_on(number);
            if let Some(channel) = session.channels.get_mut(&number)
                && let Err(error) = channel.release_motion(&mut session.writer, &mut session.replies)
            {
                return session.end(End::Broken(error));
            }
        }
    }

    /// With the last channel gone the peer may save.
    fn channel_finished(session: &mut Display) {
        let saves = session.role.saves() && !session.role.saved;
        if saves && !session.has_open_channels() {
            session.role.outdated = true;
            session.events.push(Event::StoresOutdated);
        }
    }

    /// A peer that saves says so a little later (NX part 1 §7); one that does not takes its leave.
    fn may_leave(session: &mut Display) -> bool {
        !session.awaits_saving()
    }
}
