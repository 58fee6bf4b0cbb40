//! One end of our codec against the other end of the reference's, with traffic made up by the test, which plays the X
//! clients and the X server. What arrives must be what arrives between our own two ends, and our encoders must spend as
//! many bits on every message as the reference's.
//!
//! Needs the package nxproxy. Runs for a moment; `NX_SOAK_SECONDS` makes every test last so long.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::match_same_arms,
    reason = "a test says what it relies on"
)]

mod programs;
mod traffic;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nx::{
    Application, ApplicationConfig, ByteOrder, ChannelId, ChannelKind, Config, Direction, Display, Event,
    LinkType, Options,
};
use programs::{Directory, Process, free_number, nxproxy, wait_for, x11_socket};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use traffic::{RENDER, SHAPE, Session, Step, build, build_reply, set16, step};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Requests and messages after which the totals of both directions' stores, which only the reference adds up, may tell.
const COMPARED_BITS: usize = 3000;
/// The same for the smallest stores.
const COMPARED_BITS_OF_SMALL: usize = 500;

/// Our end of the link.
enum Half {
    /// In front of the X server that the test plays; the reference has its X clients.
    Display(Box<Display>),
    /// Behind the X clients that the test plays; the reference has its X server.
    Application(Box<Application>),
}

/// One link and what is at its ends.
struct World {
    half: Half,
    link: UnixStream,
    /// The reference's X side: its display, or the X server it connects to.
    x11: PathBuf,
    listener: Option<UnixListener>,
    channels: Vec<Channel>,
    proxy: Process,
    directory: Directory,
}

/// An X connection: the socket at the reference, and what came out of either end.
struct Channel {
    id: ChannelId,
    socket: UnixStream,
    ours: Vec<u8>,
    theirs: Vec<u8>,
}

impl World {
    fn new(options: &Options, ours: &str, first: u32) -> Self {
        let number = free_number(first);
        let directory = Directory::new(&format!("{ours}-{number}"));
        let x11 = x11_socket(number);
        std::fs::create_dir_all("/tmp/.X11-unix").expect("the folder of X sockets");
        let link = format!("{options:?}")
            .split_once("link: ")
            .expect("a link")
            .1
            .split(',')
            .next()
            .expect("it")
            .to_lowercase();
        let display = ours == "display";
        let (role, words) = if display {
            let (delta, stream, cache) = (u8::from(options.delta), options.stream, options.cache);
            let words = format!(
                "link={link},delta={delta},stream={stream},data=0,cache={cache}b,pack=none,type=default"
            );
            ("-C", words)
        } else {
            ("-S", "type=default".to_owned())
        };
        let listener = (!display).then(|| UnixListener::bind(&x11).expect("a display number"));
        let socket = directory.0.join("link");
        let words = format!("listen=unix:{},load=0,save=0,{words},session=s:{number}", socket.display());
        let proxy = nxproxy(role, &words, &format!("unix:{number}"), &directory);
        let link = wait_for("the link", || UnixStream::connect(&socket).ok());
        link.set_nonblocking(true).expect("a socket");
        let now = Instant::now();
        let half = if display {
            Half::Display(Box::new(Display::new(Config::default(), now)))
        } else {
            let config = ApplicationConfig { options: options.clone(), ..ApplicationConfig::default() };
            Half::Application(Box::new(Application::new(config, now)))
        };
        let mut world = Self { half, link, x11, listener, channels: Vec::new(), proxy, directory };
        world.pump_until("the handshake", |w| match &mut w.half {
            // The reference looks at its display only after something came over the link.
            Half::Display(display) => display.open_tunnel(ChannelKind::Font).is_some(),
            Half::Application(application) => application.wants_x11(),
        });
        world
    }

    /// Opens one more X connection.
    fn open(&mut self) {
        let (id, socket) = match &mut self.half {
            Half::Display(_) => {
                let socket = wait_for("the display", || UnixStream::connect(&self.x11).ok());
                (ChannelId(self.channels.len() as u8 + 1), socket)
            }
            Half::Application(application) => {
                let id = application.open().expect("a channel");
                let mut socket = None;
                let listener = self.listener.take().expect("a display");
                listener.set_nonblocking(true).expect("a socket");
                self.pump_until("the reference's connection", |_| {
                    socket = listener.accept().ok().map(|(s, _)| s);
                    socket.is_some()
                });
                self.listener = Some(listener);
                (id, socket.expect("it"))
            }
        };
        socket.set_nonblocking(true).expect("a socket");
        self.channels.push(Channel { id, socket, ours: Vec::new(), theirs: Vec::new() });
    }

    fn send(stream: &mut UnixStream, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(n) => bytes = &bytes[n..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => panic!("the reference closed a connection: {error}"),
            }
        }
    }

    fn pump_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        let mut buffer = vec![0; 65536];
        loop {
            let mut idle = true;
            let now = Instant::now();
            let out = match &mut self.half {
                Half::Display(display) => {
                    display.handle_timeout(now);
                    display.transmit(now)
                }
                Half::Application(application) => {
                    application.handle_timeout(now);
                    application.transmit(now)
                }
            };
            Self::send(&mut self.link, &out);
            match self.link.read(&mut buffer) {
                Ok(0) => self.fail(what, "the reference closed the link"),
                Ok(n) => {
                    idle = false;
                    let result = match &mut self.half {
                        Half::Display(display) => display.receive(&buffer[..n], now),
                        Half::Application(application) => application.receive(&buffer[..n], now),
                    };
                    if let Err(error) = result {
                        self.fail(what, &error.to_string());
                    }
                }
                Err(_) => {}
            }
            while let Some(event) = match &mut self.half {
                Half::Display(display) => display.poll_event(now),
                Half::Application(application) => application.poll_event(now),
            } {
                match event {
                    Event::X11 { channel, bytes } => {
                        let on = self.channels.iter_mut().find(|c| c.id == channel).expect("an open channel");
                        on.ours.extend(bytes);
                    }
                    Event::Closed(end) => self.fail(what, &format!("{end:?}")),
                    Event::ChannelClosed(channel) => self.fail(what, &format!("{channel:?} closed")),
                    _ => {}
                }
            }
            for channel in &mut self.channels {
                match channel.socket.read(&mut buffer) {
                    Ok(n) => channel.theirs.extend(&buffer[..n]),
                    Err(_) => continue,
                }
                idle = false;
            }
            if done(self) {
                return;
            }
            if start.elapsed() > PATIENCE {
                let waiting: Vec<_> = self.channels.iter().map(|c| (c.ours.len(), c.theirs.len())).collect();
                self.fail(what, &format!("nothing within {PATIENCE:?}; waiting {waiting:?}"));
            }
            if idle {
                std::thread::sleep(Duration::from_micros(30));
            }
        }
    }

    fn fail(&self, what: &str, why: &str) -> ! {
        let log = std::fs::read_to_string(self.directory.0.join("log")).unwrap_or_default();
        let log: Vec<&str> = log.lines().filter(|l| l.starts_with("Error")).collect();
        panic!("{what}: {why}; the reference says {log:?}");
    }

    /// The X client of a channel writes; what the X server gets, which is `size` bytes.
    fn request(&mut self, on: usize, bytes: &[u8], size: usize) -> Vec<u8> {
        let channel = &mut self.channels[on];
        match &mut self.half {
            Half::Display(_) => Self::send(&mut channel.socket, bytes),
            Half::Application(application) => application.x11_from_client(channel.id, bytes),
        }
        self.pump_until(&format!("requests {bytes:02x?}"), |w| w.at_server(on).len() >= size);
        std::mem::take(self.at_server(on))
    }

    /// The X server writes on a channel; what the X client gets, which is `size` bytes.
    fn reply(&mut self, on: usize, bytes: &[u8], size: usize) -> Vec<u8> {
        let channel = &mut self.channels[on];
        match &mut self.half {
            Half::Display(display) => display.x11_from_server(channel.id, bytes, Instant::now()),
            Half::Application(_) => Self::send(&mut channel.socket, bytes),
        }
        self.pump_until(&format!("messages {bytes:02x?}"), |w| w.at_client(on).len() >= size);
        std::mem::take(self.at_client(on))
    }

    fn at_server(&mut self, on: usize) -> &mut Vec<u8> {
        let channel = &mut self.channels[on];
        if matches!(self.half, Half::Display(_)) { &mut channel.ours } else { &mut channel.theirs }
    }

    fn at_client(&mut self, on: usize) -> &mut Vec<u8> {
        let channel = &mut self.channels[on];
        if matches!(self.half, Half::Display(_)) { &mut channel.theirs } else { &mut channel.ours }
    }

    /// Bits that our end saw spent on the messages of one direction, oldest first; those of the other are forgotten.
    fn bits(&mut self, direction: Direction) -> VecDeque<(u8, u8, usize)> {
        let mut bits = VecDeque::new();
        while let Some(coded) = match &mut self.half {
            Half::Display(display) => display.poll_trace(),
            Half::Application(application) => application.poll_trace(),
        } {
            if coded.direction == direction {
                bits.push_back((coded.code, coded.minor, coded.bits));
            }
        }
        bits
    }
}

/// Steps that the reference gets wrong (NX part 3 §14, part 4 §11) are made harmless or left out.
fn avoid_defects(step: &mut Step, display: bool) -> bool {
    // Zero would not tell a byte that was carried from one that was not.
    for byte in &mut step.fill {
        *byte = (*byte).max(1);
    }
    match step.opcode {
        // Its answer cannot be carried.
        99 => return false,
        // Erases all items but the first.
        74 | 75 if display => step.items = 1,
        // Forgets the bytes of a glyph request that ends inside its first element.
        RENDER if matches!(step.fill[4] % 37, 23..=25) && step.items == 1 => step.items = 2,
        // Polygons of no point and of one are taken for each other.
        69 => step.items = step.items.max(2),
        _ => {}
    }
    true
}

/// True if an event survives the reference.
fn is_sound(event: &[u8]) -> bool {
    match event[0] {
        // A combination of keys that its display side keeps for itself.
        2 if event[1] == 9 => false,
        // Motions wait for a clock.
        6 => false,
        // The tail of errors of extensions is overwritten.
        0 if event[1] >= 18 => false,
        _ => true,
    }
}

fn soak(options: &Options, ours: &str, first: u32) {
    let seconds = std::env::var("NX_SOAK_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2);
    let end = Instant::now() + Duration::from_secs(seconds);
    let display = ours == "display";
    // The reference takes equal bytes of X clients with different byte orders for equal requests, which its own display
    // side cannot stand; our encoder does not, so with both orders it spends other bits.
    let mixed = display && options.cache < 8 << 20;
    let compared = if options.cache < 1 << 20 { COMPARED_BITS_OF_SMALL } else { COMPARED_BITS };
    let orders = [ByteOrder::Lsb, if mixed { ByteOrder::Msb } else { ByteOrder::Lsb }, ByteOrder::Lsb];
    let mut own = Session::new(options.clone(), Some(0), 100_000, &orders);
    let mut world = World::new(options, ours, first);
    for (on, order) in orders.iter().enumerate() {
        let mut setup =
            vec![if *order == ByteOrder::Lsb { b'l' } else { b'B' }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        set16(*order, &mut setup, 2, 11);
        let mut reply = vec![1, 0, 0, 0, 0, 0, 0, 0];
        set16(*order, &mut reply, 2, 11);
        set16(*order, &mut reply, 6, 8);
        reply.extend((0..32).map(|i| i * 5));
        world.open();
        assert_eq!(world.request(on, &setup, setup.len()), setup);
        assert_eq!(world.reply(on, &reply, reply.len()), reply);
    }
    for (i, (name, major)) in [("RENDER", RENDER), ("SHAPE", SHAPE)].into_iter().enumerate() {
        let mut query = vec![98, 0, 4, 0, name.len() as u8, 0, 0, 0];
        query.extend_from_slice(name.as_bytes());
        query.resize(query.len().next_multiple_of(4), 0);
        query[2] = (query.len() / 4) as u8;
        world.request(0, &query, query.len());
        let mut reply = vec![0; 32];
        reply[0] = 1;
        reply[2] = i as u8 + 1;
        reply[8] = 1;
        reply[9] = major;
        world.reply(0, &reply, 32);
    }
    match &mut world.half {
        Half::Display(display) => display.enable_trace(),
        Half::Application(application) => application.enable_trace(),
    }
    own.link.application.enable_trace();
    let mut runner = TestRunner::deterministic();
    let mut requests = 0;
    let mut messages = 0;
    let mut expected_bits: VecDeque<(u8, u8, usize)> = VecDeque::new();
    while Instant::now() < end {
        let on = requests % orders.len();
        let order = orders[on];
        let mut sent = Vec::new();
        let mut arrived = Vec::new();
        let mut reply = None;
        let mut event = None;
        // The padding in front of raw bytes depends on what else is in the frame.
        let alone = display && !mixed && requests < compared;
        let batch = if alone { 1 } else { step().new_tree(&mut runner).expect("a step").current().items + 1 };
        for _ in 0..batch {
            let mut step = step().new_tree(&mut runner).expect("a step").current();
            if !avoid_defects(&mut step, display) {
                continue;
            }
            let mut request = build(&step, order);
            if let Some((which, at, byte)) = step.again
                && let sent = &own.channels[on].sent
                && let Some(earlier) = sent.len().checked_sub(which + 1).and_then(|i| sent.get(i))
            {
                request.clone_from(earlier);
                let fixed =
                    matches!(request[0], 2 | 12 | 16 | 18 | 45 | 49 | 55 | 56 | 58 | 85 | 92 | 98 | RENDER);
                if at < request.len() && (4..12).contains(&at) && !fixed {
                    request[at] = byte;
                }
            }
            let channel = &mut own.channels[on];
            channel.sent.push(request.clone());
            if channel.sent.len() > 100 {
                channel.sent.drain(..50);
            }
            requests += 1;
            arrived.extend(own.request(on, &request));
            sent.extend_from_slice(&request);
            event = step.event.map(|code| {
                [code].into_iter().chain(step.fill.iter().copied().take(31)).collect::<Vec<u8>>()
            });
            reply = build_reply(&request, &step, order);
            // What is awaited is answered before anything else is asked.
            if reply.is_some() {
                break;
            }
        }
        let got = world.request(on, &sent, arrived.len());
        let carried = |i: usize| display || sent.get(i) == Some(&arrived[i]);
        assert_eq!(got.len(), arrived.len(), "requests {sent:02x?} became {got:02x?}, not {arrived:02x?}");
        if let Some(i) = (0..got.len()).find(|i| carried(*i) && got[*i] != arrived[*i]) {
            panic!(
                "after {requests} requests: byte {i} of {sent:02x?} is {:02x}, not {:02x}",
                got[i], arrived[i]
            );
        }
        while let Some(coded) = own.link.application.poll_trace() {
            if coded.direction == Direction::ToServer {
                expected_bits.push_back((coded.code, coded.minor, coded.bits));
            }
        }
        for spent in world.bits(Direction::ToServer) {
            let expected = expected_bits.pop_front().expect("as many requests");
            if alone {
                assert_eq!(
                    spent.2, expected.2,
                    "bits for {expected:?} after {requests} requests: {sent:02x?}"
                );
            }
        }
        for (answer, mut message) in
            [(true, reply), (false, event)].into_iter().filter_map(|(a, m)| Some((a, m?)))
        {
            if !answer && !is_sound(&message) {
                continue;
            }
            messages += 1;
            let expected = own.reply(on, &mut message);
            let got = world.reply(on, &message, expected.len());
            // Approximated colours are lost at the reference's display side.
            let approximated = answer && !display && sent.len() >= 16 && sent[sent.len() - 16] == 84;
            let carried = |i: usize| !display || expected[i] == message[i];
            assert_eq!(got.len(), expected.len(), "{message:02x?} became {got:02x?}");
            // The reference's display side spends the same.
            let mut ours = Vec::new();
            while let Some(coded) = own.link.application.poll_trace() {
                ours.push(coded.bits);
            }
            let theirs: Vec<usize> =
                world.bits(Direction::ToClient).iter().map(|(_, _, bits)| *bits).collect();
            if !display && !approximated && messages < compared {
                assert_eq!(theirs, ours, "bits for {message:02x?} after {messages} messages");
            }
            if let Some(i) = (0..got.len()).find(|i| carried(*i) && got[*i] != expected[*i])
                && !approximated
            {
                panic!(
                    "after {messages} messages: byte {i} of {message:02x?} is {:02x}, not {:02x}",
                    got[i], expected[i]
                );
            }
        }
    }
    assert!(world.proxy.0.try_wait().expect("our process").is_none(), "the reference ended");
    println!("{ours} {options:?}: {requests} requests, {messages} messages of the X server");
}

fn presets() -> Vec<Options> {
    let preset = |link, delta, stream, cache| Options { link, delta, stream, cache, ..Options::default() };
    vec![
        preset(LinkType::Modem, true, 9, 8 << 20),
        preset(LinkType::Isdn, true, 6, 64 << 10),
        preset(LinkType::Adsl, true, 4, 8 << 20),
        preset(LinkType::Wan, true, 1, 1 << 20),
        preset(LinkType::Lan, false, 0, 0),
    ]
}

#[test]
fn our_display_side_keeps_in_step_with_the_references_application_side() {
    for options in presets() {
        soak(&options, "display", 1200);
    }
}

#[test]
fn the_references_display_side_keeps_in_step_with_our_application_side() {
    for options in presets() {
        soak(&options, "application", 3200);
    }
}
