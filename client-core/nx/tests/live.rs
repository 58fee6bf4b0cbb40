//! Live sessions with the reference programs of the distribution: `nxagent` and `nxproxy`, on X servers of their own
//! (`Xvfb`). What is on the screen through our codec must be what is on it through the reference's.
//!
//! Needs the packages nxagent, nxproxy, xvfb, openbox, x11-apps, x11-utils, xterm, xdotool, zenity and imagemagick, and the example `nxtap` (which
//! `cargo test` builds, but not when it is told to build this test alone).
#![expect(clippy::expect_used, reason = "a test says what it relies on")]

mod programs;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use programs::{Directory, PATIENCE, Process, free_number, nxproxy, wait_for, x11_socket};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat, Window};
use x11rb::rust_connection::RustConnection;

/// Size of the screens.
const WIDTH: usize = 900;
const HEIGHT: usize = 700;

/// An X server in memory; it picks its own number.
struct Screen {
    connection: RustConnection,
    root: Window,
    number: String,
    // Ended last.
    _server: Process,
}

impl Screen {
    fn new() -> Self {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                &format!("{WIDTH}x{HEIGHT}x24"),
                "-nolisten",
                "tcp",
                "-ac",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        let out = server.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut number).expect("the number of the display");
        let number = number.trim().to_owned();
        let (connection, screen) = x11rb::connect(Some(&format!(":{number}"))).expect("a screen");
        let root = connection.setup().roots[screen].root;
        Self { connection, root, number, _server: Process(server) }
    }

    /// All pixels, of four bytes.
    fn pixels(&self) -> Vec<u8> {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, WIDTH as u16, HEIGHT as u16, !0)
            .expect("the screen answers")
            .reply()
            .expect("a picture of the screen");
        let mut pixels = image.data;
        assert_eq!(pixels.len(), WIDTH * HEIGHT * 4, "pixels of four bytes");
        // The fourth byte means nothing.
        pixels.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 0);
        pixels
    }

    /// Waits until the window manager has put `window` into its frame.
    fn await_frame(&self, window: &str) {
        let window: Window = window.parse().expect("the number of a window");
        wait_for("a frame", || {
            let tree = self.connection.query_tree(window).expect("the screen answers").reply();
            (tree.expect("the window stands").parent != self.root).then_some(())
        });
    }

    /// The pixels once they no longer change, and are not those of an empty screen.
    fn settled(&self, which: &str) -> Vec<u8> {
        let mut last = Vec::new();
        let mut since = Instant::now();
        wait_for(&format!("a still picture of {which}"), || {
            let now = self.pixels();
            let drawn = now.iter().filter(|b| **b != 0).count() > 20_000;
            if now != last || !drawn {
                last = now;
                since = Instant::now();
            }
            (since.elapsed() > Duration::from_millis(1500)).then(|| last.clone())
        })
    }
}

/// Waits until `ours` looks as `theirs` does. Programs that a busy computer keeps waiting paint late, on either side.
fn await_same(which: &str, ours: impl Fn() -> Vec<u8>, theirs: impl Fn() -> Vec<u8>) {
    let deadline = Instant::now() + PATIENCE;
    while let Some(how) = difference(&ours(), &theirs()) {
        assert!(Instant::now() < deadline, "{which}: {how}");
    }
}

/// Where two pictures differ; `None` if they do not.
fn difference(a: &[u8], b: &[u8]) -> Option<String> {
    assert_eq!(a.len(), b.len(), "the pictures have different sizes");
    let places: Vec<(usize, usize)> = std::iter::zip(a.chunks_exact(4), b.chunks_exact(4))
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .map(|(i, _)| (i % WIDTH, i / WIDTH))
        .collect();
    let (x1, x2) = (places.iter().map(|p| p.0).min()?, places.iter().map(|p| p.0).max()?);
    let (y1, y2) = (places.iter().map(|p| p.1).min()?, places.iter().map(|p| p.1).max()?);
    Some(format!("{} pixels differ, from {x1},{y1} to {x2},{y2}", places.len()))
}

/// Our proxy, of either role.
fn nxtap(args: &[&str]) -> Process {
    let mut path = std::env::current_exe().expect("our own path");
    // The examples are built beside the tests.
    path.pop();
    path.pop();
    let child = Command::new(path.join("examples/nxtap"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the example nxtap is built");
    Process(child)
}

fn quit(tap: &mut Process) -> bool {
    if let Some(stdin) = &mut tap.0.stdin {
        stdin.write_all(b"quit\n").expect("nxtap reads");
    }
    let status = wait_for("the end of nxtap", || tap.0.try_wait().expect("nxtap is ours"));
    status.success()
}

fn client(display: u32, program: &str, args: &[&str]) -> Process {
    let child = Command::new(program)
        .args(args)
        .env("DISPLAY", format!(":{display}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("an X client is installed");
    Process(child)
}

/// A picture that does not move: text, shapes, an image.
fn desktop(display: u32) -> Vec<Process> {
    vec![
        client(
            display,
            "xterm",
            &["-geometry", "80x24+0+0", "-e", "seq 1 400; printf '\\033[?25l'; sleep 600"],
        ),
        client(display, "xlogo", &["-geometry", "200x200+600+20"]),
        client(display, "xmessage", &["-geometry", "300x100+20+500", "A message for everybody"]),
    ]
}

/// A window that is dragged about, a dialog of GTK, and an image with more colours than a palette has.
fn busy_desktop(display: u32) -> Vec<Process> {
    let mut running = desktop(display);
    // The dialog lies over the terminal.
    window_of(display, "XTerm");
    running.push(client(
        display,
        "zenity",
        &["--info", "--no-wrap", "--text", "Made with GTK", "--title", "GTK"],
    ));
    let image = ["-immutable", "-geometry", "+320+330", "-size", "240x160", "gradient:#ff3010-#1030ff"];
    running.push(client(display, "display", &image));
    let logo = window_of(display, "XLogo");
    let drag = "set -e; \
                for i in 1 2 3 4 5 6 7 8; do xdotool windowmove $0 $((580 - 30 * i)) $((20 + 25 * i)); done; \
                xdotool windowmove --sync $0 590 30";
    let mut drag = client(display, "sh", &["-c", drag, &logo]);
    let status = wait_for("the end of the drag", || drag.0.try_wait().expect("our process"));
    assert!(status.success(), "the drag failed");
    // Programs that a busy computer keeps waiting would come into a picture that stood still.
    for class in ["Xmessage", "Zenity", "Display"] {
        window_of(display, class);
    }
    running
}

/// The window that a program of `class` shows on `display`.
fn window_of(display: u32, class: &str) -> String {
    wait_for(&format!("a window of {class}"), || {
        // It fails when another program's window goes while it looks.
        let found = Command::new("xdotool")
            .args(["search", "--onlyvisible", "--class", class])
            .env("DISPLAY", format!(":{display}"))
            .output()
            .expect("xdotool is installed");
        String::from_utf8_lossy(&found.stdout).lines().next().map(str::to_owned)
    })
}

/// An agent that waits for its display side on a Unix socket.
struct Agent {
    directory: Directory,
    process: Process,
    number: u32,
}

impl Agent {
    fn new(name: &str, options: &str, number: u32) -> Self {
        let directory = Directory::new(name);
        let root = directory.0.display();
        let line = format!(
            "nx/nx,root={root},listen=unix:{root}/link,state={root}/state,session=s,{options},type=unix-desktop,geometry=800x600:{number}"
        );
        let file = directory.0.join("options");
        std::fs::write(&file, line).expect("a temporary file");
        let log = std::fs::File::create(directory.0.join("log")).expect("a temporary file");
        let process = Command::new("nxagent")
            .args(["-D", "-persistent", "-ac", "-nolisten", "tcp", "-display"])
            .arg(format!("nx/nx,options={}:{number}", file.display()))
            .arg("-options")
            .arg(&file)
            .arg(format!(":{number}"))
            .env("HOME", &directory.0)
            .env("XAUTHORITY", directory.0.join("xauth"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("nxagent is installed");
        let agent = Self { directory, process: Process(process), number };
        wait_for("the agent's link", || agent.link().exists().then_some(()));
        agent
    }

    fn link(&self) -> PathBuf {
        self.directory.0.join("link")
    }

    /// Brings a suspended agent back, to wait for another display side.
    fn wake(&self) {
        let _ = std::fs::remove_file(self.link());
        // It does not hear what comes at once after it suspended.
        wait_for("the agent's link", || {
            self.hang_up();
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(1) {
                if self.link().exists() {
                    return Some(());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            None
        });
    }

    /// Suspends a running agent, wakes a suspended one.
    fn hang_up(&self) {
        let told = Command::new("kill").args(["-HUP", &self.process.0.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "the agent is gone");
    }

    fn await_state(&self, state: &str) {
        wait_for(&format!("state {state}"), || {
            let now = std::fs::read_to_string(self.directory.0.join("state")).ok()?;
            (now.trim() == state).then_some(())
        });
    }
}

/// Passes one connection on and counts the bytes of the answers.
fn relay(here: &Path, there: &Path) -> Arc<AtomicU64> {
    let _ = std::fs::remove_file(here);
    let listener = UnixListener::bind(here).expect("a socket");
    let count = Arc::new(AtomicU64::new(0));
    let (counted, there) = (count.clone(), there.to_owned());
    std::thread::spawn(move || {
        let (near, _) = listener.accept().expect("a connection");
        let far = UnixStream::connect(there).expect("the agent's link");
        let copy = |mut from: UnixStream, mut to: UnixStream, count: Option<Arc<AtomicU64>>| {
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65536];
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    if let Some(count) = &count {
                        count.fetch_add(n as u64, Ordering::Relaxed);
                    }
                    if to.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
        };
        copy(near.try_clone().expect("a socket"), far.try_clone().expect("a socket"), None);
        copy(far, near, Some(counted));
    });
    count
}

/// The scripted desktop through a display side.
struct Shown {
    // Ended in this order.
    _clients: Vec<Process>,
    display_side: Process,
    _home: Option<Directory>,
    agent: Agent,
    screen: Screen,
}

/// The scripted desktop through our display side.
fn through_ours(name: &str, options: &str, first: u32) -> Shown {
    let screen = Screen::new();
    let agent = Agent::new(name, options, free_number(first));
    let display_side = nxtap(&["display", &agent.link().display().to_string(), &screen.number]);
    agent.await_state("RUNNING");
    let clients = busy_desktop(agent.number);
    Shown { screen, agent, display_side, _clients: clients, _home: None }
}

/// The same through the reference's display side.
fn through_the_reference(name: &str, options: &str, first: u32) -> Shown {
    let screen = Screen::new();
    let agent = Agent::new(&format!("{name}-reference"), options, free_number(first));
    let options = format!("connect=unix:{},retry=5,session=s:{}", agent.link().display(), agent.number);
    let home = Directory::new(&format!("{name}-display"));
    let display_side = nxproxy("-S", &options, &format!(":{}", screen.number), &home);
    agent.await_state("RUNNING");
    let clients = busy_desktop(agent.number);
    Shown { screen, agent, display_side, _clients: clients, _home: Some(home) }
}

#[test]
fn a_desktop_looks_the_same_through_our_display_side_and_the_reference() {
    for (name, options) in [
        ("lan", "link=lan,pack=nopack"),
        ("raw", "link=wan,delta=0,stream=1,pack=16m-rle"),
        ("adsl", "link=adsl,pack=lossless"),
        ("isdn", "link=isdn,pack=16m-rgb"),
        ("modem", "link=modem,pack=16m-png-9"),
    ] {
        // Some ways of packing lose something at the agent already.
        let (reference, mut ours) = std::thread::scope(|scope| {
            let reference = scope.spawn(|| through_the_reference(name, options, 1600));
            let ours = through_ours(name, options, 600);
            (reference.join().expect("the reference's desktop"), ours)
        });
        await_same(name, || ours.screen.settled(name), || reference.screen.settled(name));
        assert!(quit(&mut ours.display_side), "nxtap ended badly");
        ours.agent.await_state("SUSPENDED");
    }
}

#[test]
fn x_clients_look_the_same_through_our_application_side_and_the_reference_display_side() {
    let direct = {
        let screen = Screen::new();
        let _clients = desktop(screen.number.parse().expect("a number"));
        screen.settled("the X server alone")
    };
    for options in
        [&["delta=0", "stream=0"][..], &["delta=1", "stream=0", "cache=65536"], &["delta=1", "stream=6"]]
    {
        let directory = Directory::new(&options.concat().replace('=', "-"));
        let screen = Screen::new();
        let number = free_number(800);
        let link = directory.0.join("link");
        let words = format!("listen=unix:{},session=s:{number}", link.display());
        let _proxy = nxproxy("-S", &words, &format!(":{}", screen.number), &directory);
        wait_for("the link", || link.exists().then_some(()));
        let link = link.display().to_string();
        let display = number.to_string();
        let mut args = vec!["application", &link, &display];
        args.extend(options);
        let mut tap = nxtap(&args);
        wait_for("our display", || x11_socket(number).exists().then_some(()));
        let clients = desktop(number);
        let which = options.concat();
        await_same(&which, || screen.settled(&which), || direct.clone());
        drop(clients);
        assert!(quit(&mut tap), "nxtap ended badly with {options:?}");
    }
}

/// Peak signal-to-noise ratio of two pictures, in dB.
fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    20.0 * 255_f64.log10() - 10.0 * (squares / a.len() as f64).max(1e-9).log10()
}

#[test]
fn a_resumed_desktop_looks_as_it_did_and_a_lossy_one_nearly_so() {
    // The link is cut each time: an agent whose display side takes its leave does not listen for a while.
    let first = Screen::new();
    let agent = Agent::new("resume", "link=adsl,pack=lossless", free_number(1000));
    let tap = nxtap(&["display", &agent.link().display().to_string(), &first.number]);
    agent.await_state("RUNNING");
    let _clients = busy_desktop(agent.number);
    let before = first.settled("the desktop");
    drop(tap);
    agent.await_state("SUSPENDED");
    for (options, least) in [("link=wan,pack=lossless", f64::INFINITY), ("link=modem,pack=adaptive-7", 30.0)]
    {
        // The options are read again when the agent resumes.
        let file = agent.directory.0.join("options");
        let line = std::fs::read_to_string(&file).expect("the options");
        let (head, tail) = line.split_once("link=").expect("a link");
        let tail = tail.split_once(",type=").expect("a type").1;
        std::fs::write(&file, format!("{head}{options},type={tail}")).expect("the options");
        let screen = Screen::new();
        agent.wake();
        let tap = nxtap(&["display", &agent.link().display().to_string(), &screen.number]);
        agent.await_state("RUNNING");
        let after = || screen.settled("the desktop that came back");
        if least.is_infinite() {
            await_same(options, after, || before.clone());
        } else {
            let psnr = psnr(&after(), &before);
            assert!(psnr >= least, "{options}: {psnr:.1} dB");
        }
        drop(tap);
        agent.await_state("SUSPENDED");
    }
}

#[test]
fn x_clients_look_the_same_through_both_of_our_ends() {
    let direct = {
        let screen = Screen::new();
        let _clients = busy_desktop(screen.number.parse().expect("a number"));
        screen.settled("the X server alone")
    };
    let directory = Directory::new("both");
    let link = directory.0.join("link").display().to_string();
    let screen = Screen::new();
    let number = free_number(1200);
    let mut display = nxtap(&["display", &format!("listen:{link}"), &screen.number]);
    wait_for("the link", || Path::new(&link).exists().then_some(()));
    let mut application = nxtap(&["application", &link, &number.to_string(), "delta=1", "stream=4"]);
    wait_for("our display", || x11_socket(number).exists().then_some(()));
    let clients = busy_desktop(number);
    await_same("our ends", || screen.settled("our ends"), || direct.clone());
    drop(clients);
    assert!(quit(&mut application), "the application side ended badly");
    let status = wait_for("the end of the display side", || display.0.try_wait().expect("our process"));
    assert!(status.success(), "the display side ended badly");
}

#[test]
fn a_second_login_to_an_agent_starts_warm() {
    let directory = Directory::new("warm");
    let store = directory.0.join("store");
    let argument = format!("store={}", store.display());
    let screen = Screen::new();
    let agent = Agent::new("warm-agent", "link=adsl,pack=lossless", free_number(1300));
    let sizes: Vec<u64> = [true, false]
        .into_iter()
        .map(|ours_closes| {
            let link = directory.0.join("relay");
            let count = relay(&link, &agent.link());
            let mut tap = nxtap(&["display", &link.display().to_string(), &screen.number, &argument]);
            agent.await_state("RUNNING");
            let clients = busy_desktop(agent.number);
            screen.settled("the desktop");
            drop(clients);
            // The agent's end, or ours.
            if ours_closes {
                assert!(quit(&mut tap), "nxtap ended badly");
            } else {
                agent.hang_up();
                let status = wait_for("the end of nxtap", || tap.0.try_wait().expect("nxtap is ours"));
                assert!(status.success(), "nxtap ended badly");
            }
            agent.await_state("SUSPENDED");
            // What we saved has the name that the agent gave its own.
            let stores = std::fs::read(&store).expect("stores were saved");
            let name = nx::SavedStores::open(&stores).expect("our own file").name();
            let theirs = agent.directory.0.join("cache-unix-desktop").join(format!("C-{name}"));
            assert!(theirs.exists(), "the agent has no {name}");
            if ours_closes {
                agent.wake();
            }
            count.load(Ordering::Relaxed)
        })
        .collect();
    let [cold, warm] = sizes[..] else { unreachable!("two sessions") };
    assert!(warm * 2 < cold, "{cold} bytes cold, {warm} bytes warm");
}

/// What a person drags with the pointer on `screen`: windows of X clients on `display`, which a window manager there
/// decorates. Waits until it looks as `expected`.
fn dragged(screen: &Screen, display: u32, which: &str, expected: Option<&[u8]>) -> Vec<u8> {
    let manager = client(display, "openbox", &["--sm-disable"]);
    let mut clients = desktop(display);
    clients.push(manager);
    let screen_number: u32 = screen.number.parse().expect("a number");
    // By the title bar, in many small steps, there and half the way back.
    let drag = "set -e; \
        for w in $0 $1; do \
            eval $(xwininfo -id $w | awk '/Abs.*X/ {print \"X=\" $4} /Abs.*Y/ {print \"Y=\" $4} /Width/ {print \"WIDTH=\" $2}'); \
            x=$((X + WIDTH / 2)); y=$((Y - 8)); xdotool mousemove $x $y sleep 0.3 mousedown 1 sleep 0.1; \
            xdotool $(for i in $(seq 1 30) $(seq 29 -1 15); do \
                echo mousemove $((x - 4 * i)) $((y + 3 * i)) sleep 0.01; done); \
            xdotool sleep 0.3 mouseup 1 sleep 0.2; \
        done; xdotool mousemove 899 699";
    let windows = ["XLogo", "Xmessage"].map(|class| window_of(screen_number, class));
    for window in &windows {
        screen.await_frame(window);
    }
    let before = screen.settled(which);
    let [logo, message] = windows;
    let mut drag = client(screen_number, "sh", &["-c", drag, &logo, &message]);
    let status = wait_for("the end of the drag", || drag.0.try_wait().expect("our process"));
    assert!(status.success(), "{which}: the drag failed");
    let after = screen.settled(which);
    assert!(after != before, "{which}: nothing was dragged");
    if let Some(expected) = expected {
        await_same(which, || screen.settled(which), || expected.to_vec());
    }
    after
}

#[test]
fn windows_dragged_by_the_pointer_end_where_they_do_without_a_link() {
    let direct = {
        let screen = Screen::new();
        dragged(&screen, screen.number.parse().expect("a number"), "the X server alone", None)
    };
    for ours in [true, false] {
        let which = if ours { "both of our ends" } else { "our display side and nxproxy" };
        let directory = Directory::new(if ours { "drag-ours" } else { "drag-nxproxy" });
        let link = directory.0.join("link").display().to_string();
        let screen = Screen::new();
        let number = free_number(1400);
        let application = if ours {
            nxtap(&["application", &format!("listen:{link}"), &number.to_string(), "link=modem", "stream=9"])
        } else {
            nxproxy("-C", &format!("listen=unix:{link},link=modem,session=s:{number}"), "", &directory)
        };
        wait_for("the link", || Path::new(&link).exists().then_some(()));
        let display = nxtap(&["display", &link, &screen.number]);
        wait_for("the display", || x11_socket(number).exists().then_some(()));
        dragged(&screen, number, which, Some(&direct));
        drop((display, application));
    }
}
