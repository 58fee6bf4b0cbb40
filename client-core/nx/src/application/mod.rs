//! The application side of a link (C role): next to the X clients, as inside an agent.
//!
//! The mirror of [`Display`](crate::Display): X11 of clients goes in by
//! [`x11_from_client`](Application::x11_from_client), what the X server answers comes as [`Event::X11`]. The same
//! descriptions of messages are used in the other direction. Beyond the mirror it has duties of its own: it opens
//! the channels, spends tokens for what it sends (and asks its owner to wait when they are used up), pings an idle
//! link, answers the parameter requests that need no far side, and decides what the stores remember.

mod channel;

use std::time::{Duration, Instant};

use self::channel::ClientSide;
use crate::channel::Channel;
use crate::error::Error;
use crate::event::{ChannelId, End, Event};
use crate::link::control::{ChannelKind, Control, TokenClass};
use crate::link::handshake::{self, Greeting, Options};
use crate::link::tokens::Tokens;
use crate::reply::ReplyCodec;
use crate::request::RequestCodec;
use crate::saved::{self, SavedStores, WORTH_SAVING};
use crate::session::{Incoming, Phase, Role, Session};
use crate::trace::Direction;
use crate::tunnel::Tunnels;
use crate::x11::cookie::Cookie;

/// An idle direction is pinged after this time (NX part 1 §4.3).
const PING_AFTER: Duration = Duration::from_secs(5);

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

/// The application side of one link.
pub type Application = Session<ApplicationRole>;

/// What only the application side has.
#[derive(Debug)]
pub struct ApplicationRole {
    config: ApplicationConfig,
    greeting: Option<Greeting>,
    /// The stores were saved.
    saved: bool,
    tokens: Tokens,
}

impl Application {
    /// A session that waits for the display side's greeting.
    pub fn new(config: ApplicationConfig, now: Instant) -> Self {
        let options = &config.options;
        let packing = options.pack != "none";
        let codecs = (
            RequestCodec::new(options.delta, options.cache, packing),
            ReplyCodec::new(options.delta, options.cache),
        );
        let tokens = Tokens::new(TokenClass::Control, options);
        let tunnels = Tunnels::new(false, config.tunnels.clone(), options);
        let silence = config.silence;
        let role = ApplicationRole { config, greeting: None, saved: false, tokens };
        Self::begin(role, codecs, tunnels, silence, now)
    }

    /// False while the tokens are used up: the X clients should not be read (NX part 1 §4.1).
    pub fn wants_x11(&self) -> bool {
        self.phase == Phase::Running && self.role.tokens.left()
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
        if self.open_channel(channel.0).is_none() {
            return;
        }
        self.write_on(channel.0);
        let Some(state) = self.channels.get_mut(&channel.0) else { return };
        state.from_x.push(bytes);
        let mut local = Vec::new();
        let result = state.encode_client(
            &mut self.writer,
            &mut self.requests,
            &self.role.config.options,
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

    /// The peer's greeting has come: answers with what this side chooses.
    fn answer(&mut self, word: &str) -> Result<(), Error> {
        let greeting = Greeting::parse(word)?;
        let config = &mut self.role.config;
        if let Some(cookie) = &config.cookie
            && !handshake::cookie_matches(&cookie.hex(), greeting.cookie.as_deref())
        {
            return Err(Error::WrongCookie);
        }
        self.role.greeting = Some(greeting);
        self.link.put_word(handshake::VERSION);
        self.link.put_word(&config.options.word());
        config.saved = config.saved.take().filter(|saved| {
            config.options.delta && self.requests.holds(&saved.requests) && self.replies.holds(&saved.replies)
        });
        let name = config.saved.as_ref().map(|saved| format!("C-{}", saved.name()));
        self.link.put_word(&format!("cachelist={} ", name.as_deref().unwrap_or("none")));
        self.phase = Phase::Stores;
        Ok(())
    }

    /// Begins the binary stream. `word` names the saved stores that the peer has too.
    fn start(&mut self, word: String, now: Instant) -> Result<(), Error> {
        let name = saved::names(&word, "cachefile=")?.first().map(|n| n.to_ascii_uppercase());
        let agreed = self.role.config.saved.take().filter(|saved| name == Some(saved.name()));
        if name.is_some() && agreed.is_none() {
            return Err(Error::CacheWord { expected: "cachefile=, one of ours", found: word });
        }
        let options = self.role.config.options.clone();
        let theirs = self.role.greeting.as_ref().and_then(|g| g.stream).unwrap_or(options.stream);
        self.link.start(theirs, options.stream);
        if let Some(saved) = agreed {
            self.requests.load(saved.requests)?;
            self.replies.load(saved.replies)?;
            self.events.push(Event::Loaded);
            self.link.put_control(Control::LoadRequest, 0);
        }
        self.link.last_ping = now;
        self.phase = Phase::Running;
        self.events.push(Event::Connected(options));
        Ok(())
    }

    /// Saves the stores once no X client is left that could change them, if there is enough in them.
    fn save(&mut self) {
        let worth = self.requests.used() + self.replies.used() >= WORTH_SAVING;
        let config = &self.role.config;
        if self.role.saved || !config.save || !config.options.delta || !self.channels.is_empty() || !worth {
            return;
        }
        if let Some(saved) = SavedStores::of(&self.requests, &self.replies) {
            self.role.saved = true;
            self.link.put_control(Control::SaveRequest, 0);
            self.events.push(Event::Saved(saved));
        }
    }
}

impl Role for ApplicationRole {
    type Side = ClientSide;

    fn handshake(session: &mut Application, now: Instant) -> Result<bool, Error> {
        let Some(word) = session.link.next_word(handshake::WORD_LIMIT)? else { return Ok(false) };
        if session.phase == Phase::Options {
            session.answer(&word)?;
        } else {
            session.start(word, now)?;
        }
        Ok(true)
    }

    fn control(session: &mut Application, control: Control, arg: u8, _now: Instant) -> Result<(), Error> {
        match control {
            // Only this side opens X11 channels.
            Control::New(_) => session.link.put_control(Control::Drop, arg),
            // The display side shows what we bounce, but for what it said about us.
            Control::Alert if !matches!(arg, 4 | 6 | 10) => session.link.put_control(Control::Alert, arg),
            Control::TokenReply(TokenClass::Control) => session.role.tokens.returned(arg)?,
            // We spend no others: nothing is ever split.
            Control::TokenReply(class) => {
                return Err(Error::TokenOverflow { class: class.name(), returned: arg, limit: 0 });
            }
            Control::LoadRequest => return Err(Error::ForbiddenControl { code: control.code() }),
            // The peer is about to go.
            Control::FinishListeners => session.save(),
            _ => {}
        }
        Ok(())
    }

    fn decode(session: &mut Application, mut incoming: Incoming) -> Result<Option<Incoming>, Error> {
        let number = incoming.channel;
        let Some(channel) = session.channels.get_mut(&number) else { return Ok(None) };
        let opcodes = &mut session.requests.opcodes;
        let proxy = session.role.config.options.is_proxy();
        let (payload, start) = (&incoming.payload, incoming.position);
        let decoded = channel.decode_server(payload, start, &mut session.replies, opcodes, proxy)?;
        let Some((position, message)) = decoded else { return Ok(None) };
        let record = session.trace.begin(number, Direction::ToClient, &message);
        session.trace.end(record, position - start);
        incoming.position = position;
        if channel.is_open() {
            session.events.x11(ChannelId(number), &message);
        }
        Ok(Some(incoming))
    }

    fn next_ping(session: &Application) -> Option<Instant> {
        let idle = session.link.last_input.min(session.link.last_output);
        let running = session.phase == Phase::Running;
        running.then(|| idle.max(session.link.last_ping) + PING_AFTER)
    }

    fn pinged(&mut self) {
        self.tokens.spend(1);
    }

    fn charge(&mut self, bytes: usize) -> Option<u8> {
        self.tokens.charge(bytes)
    }

    fn may_leave(session: &mut Application) -> bool {
        session.save();
        true
    }
}
