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
//! The codec does no I/O, so this program is only sockets: a thread reads each of them, the main thread owns the
//! session.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nx::{
    Application, ApplicationConfig, ChannelId, Coded, Config, Cookie, Direction, Display, Event, LinkType,
    Options, SavedStores,
};

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
    let (sender, inputs) = channel();
    // The end of standard input is no wish to quit: the program may run in the background.
    std::thread::spawn({
        let sender = sender.clone();
        move || {
            if std::io::stdin().read_line(&mut String::new()).is_ok_and(|n| n > 0) {
                let _ = sender.send(Input::Quit);
            }
        }
    });
    let mut tap = Tap {
        sender,
        inputs,
        connections: HashMap::new(),
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
            tap.display(link, Config { cookie, saved, save, ..Config::default() }, &socket)?;
        }
        "application" => {
            let (saved, rest) = tap.saved(rest);
            let options = options(&rest)?;
            let save = tap.store.is_some();
            let config = ApplicationConfig { options, saved, save, ..ApplicationConfig::default() };
            let listener = UnixListener::bind(&socket)?;
            let result = connect(link).and_then(|link| tap.application(link, config, listener));
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

/// What the threads read.
enum Input {
    Link(Vec<u8>),
    LinkClosed,
    Client(UnixStream),
    X11(ChannelId, Vec<u8>),
    X11Closed(ChannelId),
    Quit,
}

/// A byte stream, whichever way it was made.
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn reader(&self) -> std::io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Tcp(stream) => Box::new(stream.try_clone()?),
            Self::Unix(stream) => Box::new(stream.try_clone()?),
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
        }
    }
}

fn connect(link: &str) -> Result<Stream, Box<dyn Error>> {
    let stream = match link.strip_prefix("listen:") {
        Some(path) if path.starts_with('/') => Stream::Unix(UnixListener::bind(path)?.accept()?.0),
        Some(address) => Stream::Tcp(TcpListener::bind(address)?.accept()?.0),
        None if link.starts_with('/') => Stream::Unix(UnixStream::connect(link)?),
        None => Stream::Tcp(TcpStream::connect(link)?),
    };
    if let Stream::Tcp(stream) = &stream {
        stream.set_nodelay(true)?;
    }
    Ok(stream)
}

fn read(mut from: impl Read, to: &Sender<Input>, wrap: impl Fn(Vec<u8>) -> Input, end: Input) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if to.send(wrap(buffer[..n].to_vec())).is_err() {
            return;
        }
    }
    let _ = to.send(end);
}

struct Tap {
    sender: Sender<Input>,
    inputs: Receiver<Input>,
    connections: HashMap<ChannelId, UnixStream>,
    quiet: bool,
    /// Where what both sides remember is kept.
    store: Option<PathBuf>,
    summary: Summary,
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

    fn display(&mut self, mut link: Stream, config: Config, socket: &str) -> Result<(), Box<dyn Error>> {
        self.read_link(&link)?;
        let mut session = Display::new(config, Instant::now());
        if !self.quiet {
            session.enable_trace();
        }
        loop {
            let now = Instant::now();
            while let Some(event) = session.poll_event(now) {
                match event {
                    Event::ChannelOpened(channel) => match UnixStream::connect(socket) {
                        Ok(stream) => self.connected(channel, stream)?,
                        Err(error) => {
                            println!("{socket}: {error}");
                            session.refuse(channel);
                        }
                    },
                    event => {
                        if self.common(event, |channel| session.x11_closed(channel)) {
                            return Ok(());
                        }
                    }
                }
            }
            while let Some(record) = session.poll_trace() {
                self.summary.add(&record);
            }
            let bytes = session.transmit(now);
            self.summary.sent += bytes.len();
            if link.write_all(&bytes).is_err() {
                session.end_of_stream(now);
                continue;
            }
            match self.wait(session.poll_timeout(), now) {
                Some(Input::Link(bytes)) => {
                    self.summary.received += bytes.len();
                    if let Err(error) = session.receive(&bytes, Instant::now()) {
                        println!("error: {error}");
                    }
                }
                Some(Input::LinkClosed) => session.end_of_stream(Instant::now()),
                Some(Input::X11(channel, bytes)) => session.x11_from_server(channel, &bytes, Instant::now()),
                Some(Input::X11Closed(channel)) => session.x11_closed(channel),
                Some(Input::Quit) => session.close(Instant::now()),
                Some(Input::Client(_)) => {}
                None => session.handle_timeout(Instant::now()),
            }
        }
    }

    fn application(
        &mut self,
        mut link: Stream,
        config: ApplicationConfig,
        listener: UnixListener,
    ) -> Result<(), Box<dyn Error>> {
        self.read_link(&link)?;
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if sender.send(Input::Client(stream)).is_err() {
                    return;
                }
            }
        });
        let mut session = Application::new(config, Instant::now());
        if !self.quiet {
            session.enable_trace();
        }
        // While the link is full the X clients wait here.
        let mut waiting: Vec<(ChannelId, Vec<u8>)> = Vec::new();
        // Before the link is up, and while all numbers are in use, they wait outside.
        let mut early: Vec<UnixStream> = Vec::new();
        loop {
            let now = Instant::now();
            while let Some(event) = session.poll_event(now) {
                if self.common(event, |channel| session.x11_closed(channel)) {
                    return Ok(());
                }
            }
            while !early.is_empty()
                && let Some(channel) = session.open()
            {
                self.connected(channel, early.remove(0))?;
            }
            while session.wants_x11() && !waiting.is_empty() {
                let (channel, bytes) = waiting.remove(0);
                for piece in bytes.chunks(4096) {
                    session.x11_from_client(channel, piece);
                }
                let bytes = session.transmit(now);
                self.summary.sent += bytes.len();
                link.write_all(&bytes)?;
            }
            while let Some(record) = session.poll_trace() {
                self.summary.add(&record);
            }
            let bytes = session.transmit(now);
            self.summary.sent += bytes.len();
            if link.write_all(&bytes).is_err() {
                session.end_of_stream(now);
                continue;
            }
            match self.wait(session.poll_timeout(), now) {
                Some(Input::Link(bytes)) => {
                    self.summary.received += bytes.len();
                    if let Err(error) = session.receive(&bytes, Instant::now()) {
                        println!("error: {error}");
                    }
                }
                Some(Input::LinkClosed) => session.end_of_stream(Instant::now()),
                Some(Input::Client(stream)) => early.push(stream),
                Some(Input::X11(channel, bytes)) => waiting.push((channel, bytes)),
                Some(Input::X11Closed(channel)) => {
                    waiting.retain(|(on, _)| *on != channel);
                    session.x11_closed(channel);
                }
                Some(Input::Quit) => session.close(Instant::now()),
                None => session.handle_timeout(Instant::now()),
            }
        }
    }

    fn read_link(&self, link: &Stream) -> std::io::Result<()> {
        let reader = link.reader()?;
        let sender = self.sender.clone();
        std::thread::spawn(move || read(reader, &sender, Input::Link, Input::LinkClosed));
        Ok(())
    }

    /// Reads an X11 connection from now on.
    fn connected(&mut self, channel: ChannelId, stream: UnixStream) -> std::io::Result<()> {
        println!("channel {} opened", channel.0);
        let reader = stream.try_clone()?;
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            read(reader, &sender, |bytes| Input::X11(channel, bytes), Input::X11Closed(channel));
        });
        self.connections.insert(channel, stream);
        Ok(())
    }

    /// What is done alike in both roles; true at the end.
    fn common(&mut self, event: Event, mut failed: impl FnMut(ChannelId)) -> bool {
        match event {
            Event::Connected(options) => println!("connected: {options:?}"),
            Event::X11 { channel, bytes } => {
                if let Some(stream) = self.connections.get_mut(&channel)
                    && stream.write_all(&bytes).is_err()
                {
                    failed(channel);
                }
            }
            Event::ChannelClosed(channel) => {
                println!("channel {} closed", channel.0);
                if let Some(stream) = self.connections.remove(&channel) {
                    // It may be closed already.
                    let _ = stream.shutdown(std::net::Shutdown::Both);
                }
            }
            Event::StoresOutdated => {
                if let Some(path) = &self.store {
                    // There may be none.
                    let _ = std::fs::remove_file(path);
                }
            }
            Event::Saved(stores) => {
                println!("saved {}", stores.name());
                if let Some(path) = &self.store
                    && let Err(error) = std::fs::write(path, stores.to_bytes())
                {
                    println!("{}: {error}", path.display());
                }
            }
            Event::Alert(alert) => println!("alert {}: {}", alert.0, alert.meaning().unwrap_or("unknown")),
            Event::Closed(end) => {
                println!("closed: {end:?}");
                return true;
            }
            // What is written meanwhile waits in the codec.
            Event::ChannelOpened(_) | Event::Congestion { .. } => {}
        }
        false
    }

    fn wait(&self, until: Option<Instant>, now: Instant) -> Option<Input> {
        let time = until.map_or(Duration::from_secs(1), |at| at.saturating_duration_since(now));
        self.inputs.recv_timeout(time).ok()
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
