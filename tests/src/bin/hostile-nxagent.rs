//! What an attacker who owns a machine could put in nxagent's place: it greets as nxagent does, and then attacks the
//! client. `hostile-nxagent ATTACK <nxagent's arguments>`; the tests of `faults.rs` say which attacks there are.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use nx::{Application, ApplicationConfig, ChannelId, Event, Options};
use x11rb::protocol::xproto::Setup;
use x11rb::x11_utils::TryParse;

/// The colour in which the session is seen after malformed requests.
const ALIVE: u32 = 0x0036_5A27;
/// MIT-MAGIC-COOKIE-1, as in the X11 setup.
const COOKIE: &[u8] = b"MIT-MAGIC-COOKIE-1";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let attack = arguments.get(1).context("no attack")?;
    let options = arguments.iter().position(|argument| argument == "-options").context("no -options")?;
    let options = std::fs::read_to_string(arguments.get(options + 1).context("no options")?)?;
    let option = |name: &str| options.split([',', ':']).find_map(|pair| pair.strip_prefix(name));
    let socket = options.split_once("connect=unix:").context("no socket")?.1.split(',').next().unwrap_or("");
    let cookie = option("cookie=").context("no cookie")?;
    let mut link = UnixStream::connect(socket)?;
    match attack.as_str() {
        "noise" => link.write_all(&noise(1 << 20))?,
        "frame-of-noise" => {
            let options = Options { delta: true, cache: 1 << 23, ..Options::default() };
            let mut session = Session::greet(&mut link, cookie, options)?;
            session.connect(cookie)?;
            // NX part 1 §3.1: seven bits a byte, the highest first; 1024 bytes.
            link.write_all(&[0x88, 0x00])?;
            link.write_all(&noise(1024))?;
        }
        "frame-of-four-gigabytes" => {
            Session::greet(&mut link, cookie, Options::default())?;
            // The same for 2^32 bytes.
            link.write_all(&[0x90, 0x80, 0x80, 0x80, 0x00])?;
            link.write_all(&noise(1 << 20))?;
        }
        "malformed-requests" => malformed_requests(&mut link, cookie)?,
        _ => bail!("no attack {attack}"),
    }
    // The client decides when it is over.
    std::io::copy(&mut link, &mut std::io::sink())?;
    Ok(())
}

/// Bytes without a meaning, the same ones every time (xorshift).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(length)
    .collect()
}

/// The application side of an NX link, with an X connection in it.
struct Session<'l> {
    link: &'l mut UnixStream,
    nx: Application,
}

impl<'l> Session<'l> {
    /// Goes through the handshake.
    fn greet(link: &'l mut UnixStream, cookie: &str, options: Options) -> Result<Self> {
        let config = ApplicationConfig {
            cookie: Some(cookie.parse()?),
            options: Options { session: "unix-desktop".into(), ..options },
            ..ApplicationConfig::default()
        };
        let mut session = Self { link, nx: Application::new(config, Instant::now()) };
        session.until(|event| matches!(event, Event::Connected(_)).then_some(()))?;
        Ok(session)
    }

    /// Opens an X connection.
    fn connect(&mut self, cookie: &str) -> Result<(ChannelId, Setup)> {
        let channel = self.nx.open().context("no channel")?;
        let mut setup = vec![b'l', 0, 11, 0, 0, 0, COOKIE.len() as u8, 0, 16, 0, 0, 0];
        setup.extend(COOKIE);
        setup.extend([0, 0]);
        let digits = (0..32).step_by(2).map(|at| cookie.get(at..at + 2).unwrap_or_default());
        setup.extend(digits.map(|pair| u8::from_str_radix(pair, 16)).collect::<Result<Vec<u8>, _>>()?);
        self.send(channel, &setup)?;
        let mut answer = Vec::new();
        self.until(|event| {
            if let Event::X11 { bytes, .. } = event {
                answer.extend(bytes);
            }
            Setup::try_parse(&answer).ok().map(|(setup, _)| (channel, setup))
        })
    }

    /// Speaks with the client until an event is `wanted`.
    fn until<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> Result<T> {
        let mut bytes = [0; 16384];
        loop {
            while let Some(event) = self.nx.poll_event(Instant::now()) {
                if let Event::Closed(end) = event {
                    bail!("the client ended the link: {end:?}");
                }
                if let Some(found) = wanted(event) {
                    self.flush()?;
                    return Ok(found);
                }
            }
            self.flush()?;
            let length = self.link.read(&mut bytes)?;
            if length == 0 {
                bail!("the client closed the link");
            }
            self.nx.receive(bytes.get(..length).unwrap_or_default(), Instant::now())?;
        }
    }

    fn send(&mut self, channel: ChannelId, request: &[u8]) -> Result<()> {
        self.nx.x11_from_client(channel, request);
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        let out = self.nx.transmit(Instant::now());
        self.link.write_all(&out)?;
        Ok(())
    }
}

/// Requests that are whole and make no sense, and then one window that covers the screen: whoever sees it has survived.
fn malformed_requests(link: &mut UnixStream, cookie: &str) -> Result<()> {
    let mut session = Session::greet(link, cookie, Options::default())?;
    let (channel, setup) = session.connect(cookie)?;
    let root = setup.roots.first().context("no screen")?.root;
    let window = setup.resource_id_base | 1;

    let mut chaos = noise(1 << 20).into_iter();
    // Every opcode, core and extension, with nothing in it and with noise in it; GrabServer and KillClient are no attack.
    for opcode in (0..=255_u8).filter(|opcode| ![36, 113].contains(opcode)) {
        for length in [1_u16, 2, 4, 9, 40] {
            let body: Vec<u8> = chaos.by_ref().take(usize::from(length) * 4 - 4).collect();
            let [low, high] = length.to_le_bytes();
            session.send(channel, &[&[opcode, chaos.next().unwrap_or(0), low, high], &body[..]].concat())?;
        }
    }
    // A pixmap of 16 GiB, and an image that says that it fills it.
    let huge = |opcode: u8, words: &[u32]| {
        let length = (words.len() + 1) as u16;
        let body = words.iter().flat_map(|word| word.to_le_bytes());
        [opcode, 32].into_iter().chain(length.to_le_bytes()).chain(body).collect::<Vec<u8>>()
    };
    session.send(channel, &huge(53, &[window + 1, root, u32::MAX]))?;
    session.send(channel, &huge(72, &[window + 1, window + 2, u32::MAX, 0, 0x2000]))?;

    // CreateWindow with background and override-redirect, depth and visual of the root; MapWindow.
    let create = [window, root, 0, u32::MAX >> 1 & 0x7fff_7fff, 0, 0, 1 << 1 | 1 << 9, ALIVE, 1];
    let mut create = huge(1, &create);
    create[1] = 0;
    session.send(channel, &create)?;
    session.send(channel, &huge(8, &[window]))?;
    session.until(|_| None)
}
