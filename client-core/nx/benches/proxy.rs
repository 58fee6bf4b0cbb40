//! Our codec beside the reference's, on the X11 traffic of real desktops: CPU time of both ends as processes, bytes on
//! the link, memory, and the throughput of the codec alone. Then the bytes of sessions of other kinds: text that scrolls,
//! an editor of GTK, pictures.
//!
//! `cargo bench -p nx --bench proxy`; needs the packages nxagent, nxproxy, xvfb, xterm, x11-apps, openbox, xdotool, zenity and
//! imagemagick, and the example `nxtap` in the release profile (`cargo build --release -p nx --example nxtap`). The traffic is recorded once,
//! from nxagent on a plain X server, and kept in the build's folder.
#![expect(clippy::expect_used, reason = "a benchmark says what it relies on")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nx::{Application, ApplicationConfig, ChannelId, Config, Display, Event, LinkType, Options};

/// A process that ends with its owner.
struct Process(Child);

impl Process {
    fn start(program: &str, args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        for (name, value) in environment {
            command.env(name, value);
        }
        Self(command.spawn().unwrap_or_else(|error| panic!("{program}: {error}")))
    }

    /// User and system time so far, in seconds.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("a process");
        let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
        // Fields 14 and 15, in ticks of 10 ms.
        [11, 12].iter().map(|i| fields[*i].parse::<f64>().expect("a number") / 100.0).sum()
    }

    /// Greatest resident size, in MiB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("a process");
        let line = status.lines().find(|l| l.starts_with("VmHWM:")).expect("a size");
        let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
        kib / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_mins(2), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn free_number(from: u32) -> u32 {
    let taken = |n: &u32| Path::new(&socket(*n)).exists() || Path::new(&format!("/tmp/.X{n}-lock")).exists();
    (from..from + 1000).find(|n| !taken(n)).expect("a free display number")
}

fn socket(number: u32) -> String {
    format!("/tmp/.X11-unix/X{number}")
}

/// Waits until so many bytes arrived, or no more come: the end of a request may be written later.
fn arrived(count: &AtomicUsize, expected: usize) {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let now = count.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if now >= expected || since.elapsed() > Duration::from_millis(100) {
            return;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// One X11 connection, as it was written: who, and what.
type Trace = Vec<(bool, Vec<u8>)>;

/// Starts a program on the recorded display.
type Run<'a> = dyn Fn(&str, &[&str]) -> Process + 'a;

/// The traffic of an agent on a plain X server while somebody acts on its display.
fn record(name: &str, act: impl FnOnce(&Run)) -> Trace {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("x11");
    if let Ok(bytes) = std::fs::read(&file) {
        let mut rest = &bytes[..];
        let mut trace = Trace::new();
        while let Some((head, tail)) = rest.split_first_chunk::<5>() {
            let size = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
            trace.push((head[0] == 1, tail[..size].to_vec()));
            rest = &tail[size..];
        }
        return trace;
    }
    let [screen, between, inner] = [2100, 2200, 2300].map(free_number);
    let _server = Process::start(
        "Xvfb",
        &[&format!(":{screen}"), "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-ac", "-noreset"],
        &[],
    );
    wait_for("Xvfb", || UnixStream::connect(socket(screen)).ok());
    let listener = UnixListener::bind(socket(between)).expect("a socket");
    let inner_name = format!(":{inner}");
    let _agent = Process::start(
        "nxagent",
        &[
            "-D",
            "-ac",
            "-nolisten",
            "tcp",
            "-geometry",
            "800x600",
            "-display",
            &format!(":{between}"),
            &inner_name,
        ],
        &[],
    );
    let trace = Arc::new(Mutex::new(Trace::new()));
    let (client, _) = listener.accept().expect("the agent");
    let server = UnixStream::connect(socket(screen)).expect("Xvfb");
    let copy = |mut from: UnixStream, mut to: UnixStream, is_client: bool| {
        let trace = trace.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                let mut bytes = buffer[..n].to_vec();
                // Long requests do not exist through NX.
                let name = b"BIG-REQUESTS";
                if let Some(at) = bytes.windows(name.len()).position(|w| w == name) {
                    bytes[at..at + 3].copy_from_slice(b"NO-");
                }
                trace.lock().expect("the trace").push((is_client, bytes.clone()));
                if to.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
    };
    copy(client.try_clone().expect("a socket"), server.try_clone().expect("a socket"), true);
    copy(server, client, false);
    wait_for("the agent's display", || UnixStream::connect(socket(inner)).ok());
    let run = |program: &str, args: &[&str]| Process::start(program, args, &[("DISPLAY", &inner_name)]);
    act(&run);
    std::thread::sleep(Duration::from_secs(1));
    let _ = std::fs::remove_file(socket(between));
    let trace = trace.lock().expect("the trace").clone();
    let mut bytes = Vec::new();
    for (is_client, chunk) in &trace {
        bytes.push(u8::from(*is_client));
        bytes.extend((chunk.len() as u32).to_le_bytes());
        bytes.extend(chunk);
    }
    std::fs::write(&file, bytes).expect("the build's folder");
    trace
}

/// A window manager, a terminal, clocks, messages, and some drawing.
fn desktop(run: &Run) {
    let mut running = vec![run("openbox", &[])];
    std::thread::sleep(Duration::from_secs(1));
    running.push(run(
        "xterm",
        &[
            "-geometry",
            "100x30+10+30",
            "-e",
            "for i in 1 2 3; do seq 1 1500; ls -lR /usr/share/doc | head -800; done; sleep 60",
        ],
    ));
    running.push(run("xclock", &["-update", "1", "-geometry", "200x200+560+20"]));
    running.push(run("xeyes", &["-geometry", "200x120+560+260"]));
    for _ in 0..3 {
        running.push(run("xmessage", &["-geometry", "260x80+300+420", "A message for everybody"]));
        std::thread::sleep(Duration::from_millis(700));
        running.pop();
    }
    let mut perf =
        run("x11perf", &["-repeat", "1", "-reps", "20", "-putimage100", "-scroll100", "-ftext", "-circle10"]);
    wait_for("x11perf", || perf.0.try_wait().expect("ours"));
    std::thread::sleep(Duration::from_secs(1));
}

/// Sessions of other kinds, as shell scripts that end with their programs.
const OTHERS: [(&str, &str); 3] = [
    (
        "text",
        "xterm -fa Monospace -geometry 110x40 -e sh -c 'ls -lR /usr/share/doc | head -1500; \
         for i in 1 2 3 4 5 6 7 8; do tail -n +$((40 * i)) /usr/share/common-licenses/GPL-3 | head -40; sleep .3; done'",
    ),
    (
        "editor",
        "zenity --text-info --editable --filename=/usr/share/common-licenses/GPL-3 --width 700 --height 500 & \
         w=$(xdotool search --sync --onlyvisible --class zenity | head -1); xdotool windowfocus --sync $w; sleep 1; \
         xdotool type --delay 40 'The quick brown fox jumps over the lazy dog. '; \
         for i in 1 2 3 4 5 6 7 8 9; do xdotool key Next; sleep .2; done; \
         xdotool type --delay 40 'Pack my box with five dozen liquor jugs. '; sleep 1; kill %1",
    ),
    (
        "pictures",
        "for s in 1 2 3; do display -immutable -seed $s -geometry +$((s * 90))+$((s * 60)) -size 300x220 \
         plasma:fractal & done; sleep 3; for w in $(xdotool search --onlyvisible --class display); do for i in 1 2 3 4; do \
         xdotool windowraise $w windowmove $w $((60 * i)) $((200 - 40 * i)); sleep .3; done; done; kill %1 %2 %3",
    ),
];

/// Both ends of a link as processes, and the bytes between them.
struct Pair {
    application: Process,
    display: Process,
    up: Arc<AtomicUsize>,
    down: Arc<AtomicUsize>,
    directory: PathBuf,
    number: u32,
    server: UnixListener,
    server_number: u32,
}

impl Drop for Pair {
    fn drop(&mut self) {
        for file in [socket(self.number), socket(self.server_number)] {
            let _ = std::fs::remove_file(file);
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Pair {
    fn new(reference: bool, options: &Options) -> Self {
        let number = free_number(2400);
        let server_number = free_number(number + 1);
        let directory = std::env::temp_dir().join(format!("nx-bench-{number}-{}", std::process::id()));
        let [there, here] = ["c", "s"].map(|side| directory.join(side));
        for side in [&there, &here] {
            std::fs::create_dir_all(side).expect("a folder");
        }
        let [there, here] = [there, here].map(|p| p.display().to_string());
        let server = UnixListener::bind(socket(server_number)).expect("a socket");
        let link = format!("{:?}", options.link).to_lowercase();
        let (delta, stream, cache) = (u8::from(options.delta), options.stream, options.cache);
        let (application, display) = if reference {
            let words = format!(
                "link={link},delta={delta},stream={stream},data=0,cache={cache}b,pack=none,load=0,save=0"
            );
            let server_name = format!("unix:{server_number}");
            (
                Process::start(
                    "nxproxy",
                    &[
                        "-C",
                        &format!("nx/nx,root={there},listen=unix:{there}/link,{words},session=s:{number}"),
                    ],
                    &[("HOME", &there)],
                ),
                Process::start(
                    "nxproxy",
                    &["-S", &format!("nx/nx,root={here},listen=unix:{here}/link,session=s:{number}")],
                    &[("HOME", &here), ("DISPLAY", &server_name)],
                ),
            )
        } else {
            let tap = std::env::current_exe().expect("our path");
            let tap = tap.parent().and_then(Path::parent).expect("the build's folder").join("examples/nxtap");
            let tap = tap.display().to_string();
            let (delta, stream, cache) =
                (format!("delta={delta}"), format!("stream={stream}"), format!("cache={cache}"));
            (
                Process::start(
                    &tap,
                    &[
                        "--quiet",
                        "application",
                        &format!("listen:{there}/link"),
                        &number.to_string(),
                        &delta,
                        &stream,
                        &cache,
                        &format!("link={link}"),
                    ],
                    &[],
                ),
                Process::start(
                    &tap,
                    &["--quiet", "display", &format!("listen:{here}/link"), &server_number.to_string()],
                    &[],
                ),
            )
        };
        let [a, d] = [&there, &here]
            .map(|side| wait_for("a link", || UnixStream::connect(format!("{side}/link")).ok()));
        let count = |mut from: UnixStream, mut to: UnixStream| {
            let bytes = Arc::new(AtomicUsize::new(0));
            let counted = bytes.clone();
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65536];
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    counted.fetch_add(n, Ordering::Relaxed);
                    if to.write_all(&buffer[..n]).is_err() {
                        return;
                    }
                }
            });
            bytes
        };
        let clone = |s: &UnixStream| s.try_clone().expect("a socket");
        let up = count(clone(&a), clone(&d));
        let down = count(d, a);
        Self { application, display, up, down, directory, number, server, server_number }
    }

    /// Sends the trace through several times, because time is counted in steps of 10 ms; the bytes are those of the first.
    fn replays(&self, trace: &Trace) -> Result {
        let first = self.replay(trace);
        let others: f64 = (1..5).map(|_| self.replay(trace).cpu).sum();
        Result { cpu: first.cpu + others, ..first }
    }

    /// Sends the trace through; seconds of CPU of both ends, bytes of both directions, MiB of both.
    fn replay(&self, trace: &Trace) -> Result {
        let mut client = wait_for("the display", || UnixStream::connect(socket(self.number)).ok());
        let at_server = Arc::new(AtomicUsize::new(0));
        client.write_all(&trace[0].1).expect("the setup");
        let (mut server, _) = self.server.accept().expect("the display side");
        let drain = |mut from: UnixStream, count: Arc<AtomicUsize>| {
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65536];
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    count.fetch_add(n, Ordering::Relaxed);
                }
            });
        };
        drain(server.try_clone().expect("a socket"), at_server.clone());
        let at_client = Arc::new(AtomicUsize::new(0));
        drain(client.try_clone().expect("a socket"), at_client.clone());
        let start = self.cpu();
        let mut sent = trace[0].1.len();
        let mut owed = 0;
        for (is_client, bytes) in &trace[1..] {
            if *is_client {
                // A client that knows of an extension has its answer.
                arrived(&at_client, owed);
                client.write_all(bytes).expect("the application side");
                sent += bytes.len();
            } else {
                arrived(&at_server, sent);
                server.write_all(bytes).expect("the display side");
                owed += bytes.len();
            }
        }
        arrived(&at_server, sent);
        Result {
            cpu: self.cpu() - start,
            up: self.up.load(Ordering::Relaxed),
            down: self.down.load(Ordering::Relaxed),
            memory: self.application.memory() + self.display.memory(),
        }
    }

    fn cpu(&self) -> f64 {
        self.application.cpu() + self.display.cpu()
    }
}

struct Result {
    cpu: f64,
    up: usize,
    down: usize,
    memory: f64,
}

/// The codec alone, both ends in one thread, without a system in between: MB of X11 per second.
fn alone(trace: &Trace, options: &Options) -> f64 {
    let now = Instant::now();
    let config = ApplicationConfig { options: options.clone(), ..ApplicationConfig::default() };
    let mut application = Application::new(config, now);
    let mut display = Display::new(Config::default(), now);
    let settle = |application: &mut Application, display: &mut Display| {
        let down = application.transmit(now);
        let up = display.transmit(now);
        display.receive(&down, now).expect("our own bytes");
        application.receive(&up, now).expect("our own bytes");
        while let Some(event) = display.poll_event(now) {
            assert!(!matches!(event, Event::Closed(_)), "{event:?}");
        }
        while application.poll_event(now).is_some() {}
    };
    for _ in 0..3 {
        settle(&mut application, &mut display);
    }
    let channel: ChannelId = application.open().expect("a channel");
    let start = Instant::now();
    for (is_client, bytes) in trace {
        if *is_client {
            application.x11_from_client(channel, bytes);
        } else {
            display.x11_from_server(channel, bytes, now);
        }
        settle(&mut application, &mut display);
    }
    let size: usize = trace.iter().map(|(_, bytes)| bytes.len()).sum();
    size as f64 / 1e6 / start.elapsed().as_secs_f64()
}

fn presets() -> [Options; 5] {
    let preset = |link, delta, stream, cache| Options { link, delta, stream, cache, ..Options::default() };
    [
        preset(LinkType::Modem, true, 9, 8 << 20),
        preset(LinkType::Isdn, true, 6, 8 << 20),
        preset(LinkType::Adsl, true, 4, 8 << 20),
        preset(LinkType::Wan, true, 1, 8 << 20),
        preset(LinkType::Lan, false, 0, 0),
    ]
}

fn main() {
    let trace = record("desktop", desktop);
    let size = |client: bool| trace.iter().filter(|(c, _)| *c == client).map(|(_, b)| b.len()).sum::<usize>();
    println!(
        "trace: {} bytes of requests, {} bytes of the X server, {} writes",
        size(true),
        size(false),
        trace.len()
    );
    println!(
        "preset  CPU s ref/ours (ratio)   bytes up ref/ours (ratio)      down ref/ours    MiB ref/ours   alone MB/s"
    );
    let (mut sum_reference, mut sum_ours) = (0, 0);
    for options in presets() {
        let reference = Pair::new(true, &options).replays(&trace);
        let ours = Pair::new(false, &options).replays(&trace);
        sum_reference += reference.up;
        sum_ours += ours.up;
        println!(
            "{:<6} {:6.2} /{:6.2} ({:4.2})   {:>9} /{:>9} ({:5.3})   {:>8} /{:>8}   {:5.1} /{:5.1}   {:6.1}",
            format!("{:?}", options.link),
            reference.cpu,
            ours.cpu,
            reference.cpu / ours.cpu.max(0.01),
            reference.up,
            ours.up,
            ours.up as f64 / reference.up as f64,
            reference.down,
            ours.down,
            reference.memory,
            ours.memory,
            alone(&trace, &options),
        );
    }
    println!("all    bytes up {sum_reference} /{sum_ours} ({:5.3})", sum_ours as f64 / sum_reference as f64);
    let others = OTHERS.map(|(name, script)| {
        let trace = record(name, |run| {
            let mut shell = run("sh", &["-c", script]);
            wait_for("the end of the script", || shell.0.try_wait().expect("ours"));
        });
        (name, trace)
    });
    println!("session  preset  bytes up ref/ours (ratio)      down ref/ours (ratio)");
    for (name, trace) in &others {
        for options in presets() {
            let reference = Pair::new(true, &options).replay(trace);
            let ours = Pair::new(false, &options).replay(trace);
            println!(
                "{name:<8} {:<6} {:>9} /{:>9} ({:5.3})   {:>8} /{:>8} ({:5.3})",
                format!("{:?}", options.link),
                reference.up,
                ours.up,
                ours.up as f64 / reference.up as f64,
                reference.down,
                ours.down,
                ours.down as f64 / reference.down as f64,
            );
        }
    }
}
