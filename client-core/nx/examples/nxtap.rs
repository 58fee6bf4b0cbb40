//! A proxy of either role that shows what it carries.
//!
//! `cargo run --release -p nx --example nxtap -- [--trace|--quiet] display LINK N [COOKIE] [store=FILE]` is the display side: it carries
//! the session of an `nxagent` or `nxproxy -C` to the local X server `:N`.
//!
//! `cargo run --release -p nx --example nxtap -- [--trace|--quiet] application LINK N [OPTION...]` is the application side: X
//! clients connect to it as to a display `:N`, and it carries them to an `nxproxy -S`. Options are `delta=0|1`,
//! `stream=0..9`, `cache=BYTES`, `link=modem|isdn|adsl|wan|lan` and `store=FILE`. What both sides remember at the end is kept
//! in FILE for the next time.
//!
//! LINK is `HOST:PORT` or the path of a Unix socket; with `listen:` in front it is listened on. `--trace` prints
//! every message with its size in X11 and on the link; `--quiet` keeps no record at all. At the end (or after a line on standard input, which ends the
//! session in good order) a summary by kind of message follows.
//!
//! The codec does no I/O, so this program is only sockets: one thread waits for any of them, and never for a single one.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nx::{
    Application, ApplicationConfig, ChannelId, Coded, Config, Cookie, Direction, Display, Event, LinkType,
    Options, SavedStores,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let trace = args.first().is_some_and(|a| a == "--trace");
    let quiet = args.first().is_some_and(|a| a == "--quiet");
    if trace || quiet {
        args.remove(0);
    }
    let [role, link, number, rest @ ..] = &args[..] else {
        return Err(
            "usage: nxtap [--trace|--quiet] display|application [listen:]LINK N [COOKIE|OPTION...]".into()
        );
    };
    let socket = format!("/tmp/.X11-unix/X{number}");
    let mut tap = Tap {
        connections: BTreeMap::new(),
        listener: None,
        early: Vec::new(),
        quiet,
        store: None,
        summary: Summary { trace, ..Summary::default() },
    };
    match role.as_str() {
        "display" => {
            let (saved, rest) = tap.saved(rest);
            let cookie: Option<Cookie> = rest.first().map(|c| c.parse()).transpose()?;
            let link = connect(link)?;
            let save = tap.store.is_some();
            let config = Config { cookie, saved, save, ..Config::default() };
            tap.run(Session::Display(Box::new(Display::new(config, Instant::now())), socket), link)?;
        }
        "application" => {
            let (saved, rest) = tap.saved(rest);
            let options = options(&rest)?;
            let save = tap.store.is_some();
            let config = ApplicationConfig { options, saved, save, ..ApplicationConfig::default() };
            let listener = UnixListener::bind(&socket)?;
            listener.set_nonblocking(true)?;
            tap.listener = Some(listener);
            let result = connect(link).and_then(|link| {
                let session = Application::new(config, Instant::now());
                tap.run(Session::Application(Box::new(session)), link)
            });
            std::fs::remove_file(&socket)?;
            result?;
        }
        other => return Err(format!("unknown role {other}").into()),
    }
    tap.summary.print();
    Ok(())
}

fn options(words: &[String]) -> Result<Options, Box<dyn Error>> {
    let mut options =
        Options { link: LinkType::Adsl, delta: true, stream: 4, cache: 8 << 20, ..Options::default() };
    for word in words {
        match word.split_once('=') {
            Some(("delta", v)) => options.delta = v != "0",
            Some(("stream", v)) => options.stream = v.parse()?,
            Some(("cache", v)) => options.cache = v.parse()?,
            Some(("link", v)) => {
                options.link = match v {
                    "modem" => LinkType::Modem,
                    "isdn" => LinkType::Isdn,
                    "adsl" => LinkType::Adsl,
                    "wan" => LinkType::Wan,
                    "lan" => LinkType::Lan,
                    _ => return Err(format!("unknown link {v}").into()),
                }
            }
            _ => return Err(format!("unknown option {word}").into()),
        }
    }
    Ok(options)
}

/// Bytes that may wait for a socket before nothing more is read that could add to them.
const BACKLOG: usize = 1 << 18;

/// What has come in pieces is sent in one, but for this many of them.
const READS: usize = 8;

/// A socket, and what it does not take yet.
struct Socket {
    stream: Stream,
    out: Vec<u8>,
    closed: bool,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn new(stream: Stream) -> std::io::Result<Self> {
        match &stream {
            Stream::Tcp(stream) => {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
            }
            Stream::Unix(stream) => stream.set_nonblocking(true)?,
        }
        Ok(Self { stream, out: Vec::new(), closed: false })
    }

    fn send(&mut self, bytes: &[u8]) {
        if self.out.is_empty() {
            let taken = self.write(bytes);
            self.out.extend_from_slice(&bytes[taken..]);
        } else {
            self.out.extend_from_slice(bytes);
        }
    }

    fn flush(&mut self) {
        let out = std::mem::take(&mut self.out);
        let taken = self.write(&out);
        self.out.extend_from_slice(&out[taken..]);
    }

    /// How much of it was taken; a closed socket takes all.
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && !self.closed {
            let result = match &mut self.stream {
                Stream::Tcp(stream) => stream.write(&bytes[taken..]),
                Stream::Unix(stream) => stream.write(&bytes[taken..]),
            };
            match result {
                Ok(n @ 1..) => taken += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return taken,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => self.closed = true,
            }
        }
        bytes.len()
    }

    /// What has come; `None` if there is nothing. The end shows in `closed`.
    fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let result = match &mut self.stream {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        };
        match result {
            Ok(n @ 1..) => return Some(&buffer[..n]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Ok(_) | Err(_) => self.closed = true,
        }
        None
    }

    fn interest(&self, reads: bool) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, reads);
        flags.set(PollFlags::OUT, !self.out.is_empty());
        flags
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

/// An agent's socket can be seen a moment before it is listened on.
fn patiently<T>(connect: impl Fn() -> std::io::Result<T>) -> std::io::Result<T> {
    const TRIES: u32 = 50;
    for _ in 1..TRIES {
        match connect() {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                std::thread::sleep(Duration::from_millis(100));
            }
            result => return result,
        }
    }
    connect()
}

fn connect(link: &str) -> Result<Socket, Box<dyn Error>> {
    let stream = match link.strip_prefix("listen:") {
        Some(path) if path.starts_with('/') => Stream::Unix(UnixListener::bind(path)?.accept()?.0),
        Some(address) => Stream::Tcp(TcpListener::bind(address)?.accept()?.0),
        None if link.starts_with('/') => Stream::Unix(patiently(|| UnixStream::connect(link))?),
        None => Stream::Tcp(TcpStream::connect(link)?),
    };
    Ok(Socket::new(stream)?)
}

/// Either role. The display side has the path of its X server's socket.
enum Session {
    Display(Box<Display>, String),
    Application(Box<Application>),
}

/// Calls what both roles have.
macro_rules! either {
    ($session:expr, $name:ident($($argument:expr),*)) => {
        match $session {
            Session::Display(session, _) => session.$name($($argument),*),
            Session::Application(session) => session.$name($($argument),*),
        }
    };
}

impl Session {
    fn x11(&mut self, channel: ChannelId, bytes: &[u8]) {
        match self {
            Self::Display(session, _) => session.x11_from_server(channel, bytes, Instant::now()),
            Self::Application(session) => session.x11_from_client(channel, bytes),
        }
    }

    /// False while X connections should not be read.
    fn wants_x11(&self) -> bool {
        match self {
            Self::Display(..) => true,
            Self::Application(session) => session.wants_x11(),
        }
    }
}

struct Tap {
    connections: BTreeMap<ChannelId, Socket>,
    /// Where X clients come to.
    listener: Option<UnixListener>,
    /// X clients that came before the link is up, or while all numbers are in use.
    early: Vec<UnixStream>,
    quiet: bool,
    /// Where what both sides remember is kept.
    store: Option<PathBuf>,
    summary: Summary,
}

/// What became ready.
enum Ready {
    Input,
    Link,
    Listener,
    Connection(ChannelId),
}

impl Tap {
    /// What the last session remembered, if the words name a file for it, and the other words.
    fn saved(&mut self, words: &[String]) -> (Option<SavedStores>, Vec<String>) {
        let (files, rest): (Vec<String>, Vec<String>) =
            words.iter().cloned().partition(|word| word.starts_with("store="));
        self.store = files.first().and_then(|word| word.strip_prefix("store=")).map(PathBuf::from);
        let file = self.store.as_deref().and_then(|path| std::fs::read(path).ok());
        let saved = file.and_then(|bytes| SavedStores::open(&bytes).ok());
        println!("saved stores: {}", saved.as_ref().map_or("none".to_owned(), SavedStores::name));
        (saved, rest)
    }

    fn run(&mut self, mut session: Session, mut link: Socket) -> Result<(), Box<dyn Error>> {
        if !self.quiet {
            either!(&mut session, enable_trace());
        }
        let mut buffer = vec![0; 64 << 10];
        // The end of standard input is no wish to quit: the program may run in the background.
        let mut listens = true;
        loop {
            let now = Instant::now();
            while let Some(event) = either!(&mut session, poll_event(now)) {
                if self.event(event, &mut session)? {
                    return Ok(());
                }
            }
            if let Session::Application(application) = &mut session {
                while !self.early.is_empty()
                    && let Some(channel) = application.open()
                {
                    let stream = self.early.remove(0);
                    self.connected(channel, stream)?;
                }
            }
            while let Some(record) = either!(&mut session, poll_trace()) {
                self.summary.add(&record);
            }
            let bytes = either!(&mut session, transmit(now));
            self.summary.sent += bytes.len();
            link.send(&bytes);
            if link.closed {
                either!(&mut session, end_of_stream(now));
                continue;
            }
            let timeout = either!(&session, poll_timeout())
                .map_or(Duration::from_secs(1), |at| at.saturating_duration_since(Instant::now()));
            for ready in self.wait(&session, &link, listens, timeout)? {
                match ready {
                    Ready::Input => {
                        let mut line = [0; 64];
                        match std::io::stdin().read(&mut line) {
                            Ok(1..) => either!(&mut session, close(Instant::now())),
                            Ok(0) | Err(_) => listens = false,
                        }
                    }
                    Ready::Listener => {
                        if let Some(Ok((stream, _))) = self.listener.as_ref().map(UnixListener::accept) {
                            self.early.push(stream);
                        }
                    }
                    Ready::Link => {
                        link.flush();
                        for _ in 0..READS {
                            let Some(bytes) = link.read(&mut buffer) else { break };
                            self.summary.received += bytes.len();
                            if let Err(error) = either!(&mut session, receive(bytes, Instant::now())) {
                                println!("error: {error}");
                            }
                        }
                    }
                    Ready::Connection(channel) => {
                        let Some(socket) = self.connections.get_mut(&channel) else { continue };
                        socket.flush();
                        for _ in 0..READS {
                            let waiting = link.out.len() + either!(&session, pending_output());
                            if !session.wants_x11() || waiting >= BACKLOG {
                                break;
                            }
                            let Some(bytes) = socket.read(&mut buffer) else { break };
                            session.x11(channel, bytes);
                        }
                        if socket.closed {
                            self.connections.remove(&channel);
                            either!(&mut session, x11_closed(channel));
                        }
                    }
                }
            }
            either!(&mut session, handle_timeout(Instant::now()));
        }
    }

    fn wait(
        &self,
        session: &Session,
        link: &Socket,
        listens: bool,
        timeout: Duration,
    ) -> Result<Vec<Ready>, Box<dyn Error>> {
        let stdin = std::io::stdin();
        let backlog: usize = self.connections.values().map(|socket| socket.out.len()).sum();
        let reads_link = backlog < BACKLOG && either!(session, wants_input());
        let reads_x11 = session.wants_x11() && link.out.len() < BACKLOG;
        let mut fds = vec![PollFd::new(link, link.interest(reads_link))];
        let mut what = vec![Ready::Link];
        for (channel, socket) in &self.connections {
            let interest = socket.interest(reads_x11);
            // The end of a connection that is not read would be told again and again.
            if !interest.is_empty() {
                fds.push(PollFd::new(socket, interest));
                what.push(Ready::Connection(*channel));
            }
        }
        if let Some(listener) = &self.listener {
            fds.push(PollFd::new(listener, PollFlags::IN));
            what.push(Ready::Listener);
        }
        if listens {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
            what.push(Ready::Input);
        }
        match poll(&mut fds, Some(&Timespec::try_from(timeout)?)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = fds.iter().zip(what).filter(|(fd, _)| !fd.revents().is_empty());
        Ok(ready.map(|(_, what)| what).collect())
    }

    fn connected(&mut self, channel: ChannelId, stream: UnixStream) -> std::io::Result<()> {
        println!("channel {} opened", channel.0);
        self.connections.insert(channel, Socket::new(Stream::Unix(stream))?);
        Ok(())
    }

    /// True at the end.
    fn event(&mut self, event: Event, session: &mut Session) -> std::io::Result<bool> {
        match event {
            Event::Connected(options) => println!("connected: {options:?}"),
            Event::ChannelOpened(channel) => {
                let Session::Display(display, path) = session else { return Ok(false) };
                match UnixStream::connect(&*path) {
                    Ok(stream) => self.connected(channel, stream)?,
                    Err(error) => {
                        println!("{path}: {error}");
                        display.refuse(channel);
                    }
                }
            }
            Event::X11 { channel, bytes } => {
                // Whether it is closed shows when it is read.
                if let Some(socket) = self.connections.get_mut(&channel) {
                    socket.send(&bytes);
                }
            }
            Event::ChannelClosed(channel) => {
                println!("channel {} closed", channel.0);
                self.connections.remove(&channel);
            }
            Event::Loaded => println!("begins warm"),
            Event::StoresOutdated => {
                if let Some(path) = &self.store {
                    // There may be none.
                    let _ = std::fs::remove_file(path);
                }
            }
            Event::Saved(stores) => {
                println!("saved {}", stores.name());
                if let Some(path) = &self.store {
                    std::fs::write(path, stores.to_bytes())?;
                }
            }
            Event::Alert(alert) => println!("alert {}: {}", alert.0, alert.meaning().unwrap_or("unknown")),
            Event::Closed(end) => {
                println!("closed: {end:?}");
                return Ok(true);
            }
            // What is written meanwhile waits in the codec.
            Event::Congestion { .. } => {}
        }
        Ok(false)
    }
}

#[derive(Default)]
struct Summary {
    trace: bool,
    received: usize,
    sent: usize,
    kinds: BTreeMap<String, (usize, usize, usize)>,
}

impl Summary {
    fn add(&mut self, record: &Coded) {
        let kind = kind(record);
        if self.trace {
            let Coded { channel, x11, bits, .. } = record;
            println!("{:3} {kind:28} {x11:7} bytes {bits:8} bits", channel.0);
        }
        let (count, x11, bits) = self.kinds.entry(kind).or_default();
        *count += 1;
        *x11 += record.x11;
        *bits += record.bits;
    }

    fn print(&self) {
        println!("{:28} {:>8} {:>12} {:>12} {:>7}", "message", "count", "X11 bytes", "NX bytes", "ratio");
        let row = |name: &str, count: usize, x11: usize, nx: usize| {
            let ratio = x11 as f64 / nx.max(1) as f64;
            println!("{name:28} {count:8} {x11:12} {nx:12} {ratio:7.1}");
        };
        let mut all = (0, 0, 0);
        for (kind, (count, x11, bits)) in &self.kinds {
            row(kind, *count, *x11, bits.div_ceil(8));
            all = (all.0 + count, all.1 + x11, all.2 + bits);
        }
        row("all", all.0, all.1, all.2.div_ceil(8));
        println!("on the link: {} bytes received, {} sent", self.received, self.sent);
    }
}

/// The core requests by opcode; others are named by number.
const REQUESTS: [&str; 120] = [
    "",
    "CreateWindow",
    "ChangeWindowAttributes",
    "GetWindowAttributes",
    "DestroyWindow",
    "DestroySubwindows",
    "ChangeSaveSet",
    "ReparentWindow",
    "MapWindow",
    "MapSubwindows",
    "UnmapWindow",
    "UnmapSubwindows",
    "ConfigureWindow",
    "CirculateWindow",
    "GetGeometry",
    "QueryTree",
    "InternAtom",
    "GetAtomName",
    "ChangeProperty",
    "DeleteProperty",
    "GetProperty",
    "ListProperties",
    "SetSelectionOwner",
    "GetSelectionOwner",
    "ConvertSelection",
    "SendEvent",
    "GrabPointer",
    "UngrabPointer",
    "GrabButton",
    "UngrabButton",
    "ChangeActivePointerGrab",
    "GrabKeyboard",
    "UngrabKeyboard",
    "GrabKey",
    "UngrabKey",
    "AllowEvents",
    "GrabServer",
    "UngrabServer",
    "QueryPointer",
    "GetMotionEvents",
    "TranslateCoords",
    "WarpPointer",
    "SetInputFocus",
    "GetInputFocus",
    "QueryKeymap",
    "OpenFont",
    "CloseFont",
    "QueryFont",
    "QueryTextExtents",
    "ListFonts",
    "ListFontsWithInfo",
    "SetFontPath",
    "GetFontPath",
    "CreatePixmap",
    "FreePixmap",
    "CreateGC",
    "ChangeGC",
    "CopyGC",
    "SetDashes",
    "SetClipRectangles",
    "FreeGC",
    "ClearArea",
    "CopyArea",
    "CopyPlane",
    "PolyPoint",
    "PolyLine",
    "PolySegment",
    "PolyRectangle",
    "PolyArc",
    "FillPoly",
    "PolyFillRectangle",
    "PolyFillArc",
    "PutImage",
    "GetImage",
    "PolyText8",
    "PolyText16",
    "ImageText8",
    "ImageText16",
    "CreateColormap",
    "FreeColormap",
    "CopyColormapAndFree",
    "InstallColormap",
    "UninstallColormap",
    "ListInstalledColormaps",
    "AllocColor",
    "AllocNamedColor",
    "AllocColorCells",
    "AllocColorPlanes",
    "FreeColors",
    "StoreColors",
    "StoreNamedColor",
    "QueryColors",
    "LookupColor",
    "CreateCursor",
    "CreateGlyphCursor",
    "FreeCursor",
    "RecolorCursor",
    "QueryBestSize",
    "QueryExtension",
    "ListExtensions",
    "ChangeKeyboardMapping",
    "GetKeyboardMapping",
    "ChangeKeyboardControl",
    "GetKeyboardControl",
    "Bell",
    "ChangePointerControl",
    "GetPointerControl",
    "SetScreenSaver",
    "GetScreenSaver",
    "ChangeHosts",
    "ListHosts",
    "SetAccessControl",
    "SetCloseDownMode",
    "KillClient",
    "RotateProperties",
    "ForceScreenSaver",
    "SetPointerMapping",
    "GetPointerMapping",
    "SetModifierMapping",
    "GetModifierMapping",
];

fn kind(record: &Coded) -> String {
    match (record.direction, record.code) {
        (Direction::ToServer, 127) => "request NoOperation".to_owned(),
        (Direction::ToServer, 243) => "request PutPackedImage".to_owned(),
        (Direction::ToServer, code @ 230..=252) => format!("request NX {code}"),
        (Direction::ToServer, code @ 128..) => format!("request {code}.{}", record.minor),
        (Direction::ToServer, code) => {
            let name = REQUESTS.get(usize::from(code)).copied().unwrap_or_default();
            format!("request {name}")
        }
        (Direction::ToClient, 0) => "error".to_owned(),
        (Direction::ToClient, 1) => "reply".to_owned(),
        (Direction::ToClient, code) => format!("event {}", code & 0x7f),
    }
}
