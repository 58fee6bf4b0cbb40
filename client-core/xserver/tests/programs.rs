//! Programs that every X user has, run against the `headless` example: what they say, compared with what they say of
//! Xvfb where both have to say the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "fixture/xvfb.rs"]
mod xvfb;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::ConnectionExt;
use xvfb::Xvfb;

/// How many servers this process has started.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// A server that ends with the test.
struct Display {
    name: String,
    _headless: Option<Headless>,
    _xvfb: Option<Xvfb>,
}

/// The example's process, with the socket that is left of it when it is killed.
struct Headless(Child, String);

impl Drop for Headless {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = std::fs::remove_file(&self.1);
    }
}

impl Display {
    /// The example, on a display whose number nobody else has.
    fn headless() -> Self {
        Self::headless_with("640x480", &[])
    }

    fn headless_with(size: &str, arguments: &[&str]) -> Self {
        let test = std::env::current_exe().unwrap();
        let example: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/headless");
        let number = 20_000 + std::process::id() % 10_000 * 3 + STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!(":{number}");
        let mut process = Command::new(example)
            // What one program sets, the next one is to find.
            .args([&name, size, "--no-reset"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("the example is built with the tests: {error}"));
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said.trim(), format!("listening on {name}"));
        let socket = format!("/tmp/.X11-unix/X{number}");
        Self { name, _headless: Some(Headless(process, socket)), _xvfb: None }
    }

    fn xvfb() -> Self {
        let server = Xvfb::start(640, 480);
        Self { name: server.display(), _headless: None, _xvfb: Some(server) }
    }

    /// What a program says, which ends well.
    fn says(&self, program: &str, arguments: &[&str]) -> String {
        let mut child = Command::new(program)
            .args(arguments)
            .env("DISPLAY", &self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{program} {arguments:?} ends with {status}");
        said
    }

    /// A program that goes on until it is let go of.
    fn runs(&self, program: &str, arguments: &[&str]) -> Running {
        let child = Command::new(program)
            .args(arguments)
            .env("DISPLAY", &self.name)
            // Nothing outside of the display has a say in how it looks.
            .env("GTK_THEME", "Adwaita")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Running(child.unwrap_or_else(|error| panic!("{program} does not start: {error}")))
    }

    /// Whether there is a window of this title.
    fn has_window(&self, title: &str) -> bool {
        let tree = self.says("xwininfo", &["-root", "-tree"]);
        tree.contains(&format!("\"{title}\""))
    }

    /// Gives the focus to the window of this title.
    fn activate(&self, title: &str) {
        until("the window is active", || {
            // The search fails when another window goes while it looks.
            let search = ["search", "--onlyvisible", "--name", title, "windowactivate", "--sync"];
            let status = Command::new("xdotool")
                .args(search)
                .env("DISPLAY", &self.name)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            status.unwrap().success()
        });
    }

    /// The pixels of the screen.
    fn picture(&self) -> Vec<u8> {
        let output = Command::new("import")
            .args(["-window", "root", "-depth", "8", "rgb:-"])
            .env("DISPLAY", &self.name)
            .stderr(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "import ends with {}", output.status);
        output.stdout
    }

    fn says_what(&self, program: &str, arguments: &[&str], expected: &[&str]) {
        let said = self.says(program, arguments);
        for line in expected {
            assert!(said.contains(line), "{program} {arguments:?} says {line:?}, not:\n{said}");
        }
    }
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("xserver-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(150), "{what} in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_desktop_of_a_window_manager_and_programs_looks_as_on_xvfb() {
    let xvfb = Display::xvfb();
    let display = Display::headless();
    let mut running = Vec::new();
    for server in [&display, &xvfb] {
        server.says("xsetroot", &["-solid", "#336699"]);
        running.push(server.runs("openbox", &["--sm-disable"]));
        until("openbox manages windows", || {
            let said = server.says("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"]);
            said.contains("window id")
        });
        let shows = "printf 'one\\033[31m two\\033[0m'; exec cat";
        let terminal = ["-geometry", "40x10+20+30", "-T", "Terminal", "-e", "sh", "-c", shows];
        running.push(server.runs("xterm", &terminal));
    }
    // Windows are placed in the order in which they come.
    for server in [&display, &xvfb] {
        until("the terminal is there", || server.has_window("Terminal"));
    }
    let same = |what: &str, filled: usize| {
        until(what, || {
            let (ours, theirs) = (display.picture(), xvfb.picture());
            // Nothing but the root's colour is no picture of a desktop.
            let drawn = ours.chunks_exact(3).filter(|pixel| *pixel != [0x33, 0x66, 0x99]).count();
            ours == theirs && drawn > filled
        });
    };
    same("both show the terminal", 30_000);
    let mut dialogs = Vec::new();
    for server in [&display, &xvfb] {
        dialogs.push(server.runs("zenity", &["--info", "--text", "Hello there", "--width", "200"]));
    }
    for server in [&display, &xvfb] {
        until("the dialog is there", || server.has_window("Information"));
    }
    same("both show the dialog", 60_000);
    // Return is the dialog's OK.
    for (server, dialog) in [&display, &xvfb].into_iter().zip(&mut dialogs) {
        server.activate("Information");
        server.says("xdotool", &["key", "Return"]);
        until("the dialog takes Return", || dialog.0.try_wait().unwrap().is_some());
        assert!(dialog.0.wait().unwrap().success());
    }
    same("both show the terminal again", 30_000);
}

#[test]
fn the_frame_that_xfwm4_puts_around_a_window_looks_as_on_xvfb() {
    let xvfb = Display::xvfb();
    let display = Display::headless();
    // It asks a service on the session bus for its settings.
    let bus = Command::new("dbus-daemon")
        .args(["--session", "--nofork", "--nopidfile", "--print-address"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut bus = Running(bus.unwrap());
    let mut address = String::new();
    BufReader::new(bus.0.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let home = Scratch::new("home");
    let mut running = Vec::new();
    for server in [&display, &xvfb] {
        server.says("xsetroot", &["-solid", "#336699"]);
        let surroundings = [
            format!("DBUS_SESSION_BUS_ADDRESS={}", address.trim()),
            format!("HOME={}", home.0.display()),
            format!("XDG_RUNTIME_DIR={}", home.0.display()),
        ];
        let mut command: Vec<&str> = surroundings.iter().map(String::as_str).collect();
        command.extend(["xfwm4", "--compositor=off"]);
        running.push(server.runs("env", &command));
        until("xfwm4 manages windows", || {
            let said = server.says("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"]);
            said.contains("window id")
        });
        let terminal =
            ["-geometry", "40x10+20+30", "-T", "Terminal", "-e", "sh", "-c", "printf here; exec cat"];
        running.push(server.runs("xterm", &terminal));
    }
    for server in [&display, &xvfb] {
        until("the terminal is there", || server.has_window("Terminal"));
        until("the terminal has a frame", || {
            let said = server.says("xprop", &["-name", "Terminal", "_NET_FRAME_EXTENTS"]);
            said.contains("= ") && !said.contains("= 0, 0, 0, 0")
        });
        // A window that was there before xfwm4 had begun would not get it by itself.
        server.activate("Terminal");
    }
    until("both show the frame", || {
        let (ours, theirs) = (display.picture(), xvfb.picture());
        let drawn = ours.chunks_exact(3).filter(|pixel| *pixel != [0x33, 0x66, 0x99]).count();
        ours == theirs && drawn > 30_000
    });
}

#[test]
fn keys_of_a_german_keyboard_reach_a_program() {
    let display = Display::headless();
    display.says("setxkbmap", &["-layout", "de"]);
    let mut watcher = display.runs("xev", &["-event", "keyboard", "-geometry", "200x200+0+0"]);
    until("the window is there", || display.has_window("Event Tester"));
    display.says("xdotool", &["mousemove", "50", "50"]);
    // Keys by what they write: the third level is reached as a user reaches it.
    for keys in
        [&["key", "24"][..], &["keydown", "108", "key", "24", "keyup", "108"], &["key", "48"], &["key", "20"]]
    {
        display.says("xdotool", keys);
    }
    let mut seen = Vec::new();
    let mut lines = BufReader::new(watcher.0.stdout.take().unwrap()).lines();
    while seen.last().is_none_or(|last| last != "ssharp") {
        let line = lines.next().expect("xev goes on").unwrap();
        if let Some((_, keysym)) = line.split_once("(keysym ") {
            let name = keysym.split([',', ')']).nth(1).unwrap_or_default().trim().to_owned();
            if seen.last() != Some(&name) {
                seen.push(name);
            }
        }
    }
    assert_eq!(seen, ["q", "ISO_Level3_Shift", "at", "ISO_Level3_Shift", "adiaeresis", "ssharp"]);
}

#[test]
fn two_layouts_are_two_groups_of_the_map() {
    let display = Display::headless();
    let layouts = ["-layout", "us,de", "-option", "grp:alt_shift_toggle"];
    display.says("setxkbmap", &layouts);
    display.says_what("setxkbmap", &["-print"], &["pc+us+de:2", "group(alt_shift_toggle)"]);
    let told = ["symbols[Group2]", "ISO_Next_Group", "adiaeresis"];
    display.says_what("xkbcomp", &[&display.name, "-"], &told);
}

#[test]
fn a_program_of_qt_and_a_browser_look_as_on_xvfb() {
    let xvfb = Display::xvfb();
    let display = Display::headless();
    let page = std::env::temp_dir().join(format!("xserver-page-{}.html", std::process::id()));
    let text = "<html><body><h1>Heading</h1><p>Some <b>bold</b> words.<table border=1><td>one<td>two</table>";
    std::fs::write(&page, text).unwrap();
    let address = format!("file://{}", page.display());
    for (program, arguments) in [("qterminal", ["-e", "cat"].as_slice()), ("netsurf-gtk", &[&address])] {
        let _running = [&display, &xvfb].map(|server| server.runs(program, arguments));
        until(&format!("both show the same of {program}"), || {
            let (ours, theirs) = (display.picture(), xvfb.picture());
            let drawn = ours.chunks_exact(3).filter(|pixel| *pixel != [0, 0, 0]).count();
            ours == theirs && drawn > 20_000
        });
    }
    std::fs::remove_file(&page).unwrap();
}

/// The groups of rendercheck that take seconds. What fails on Xvfb fails here in the same pixels: six operators that clear
/// what lies outside a triangle, which rendercheck knows of their plain forms and not of the conjoint and disjoint ones.
const GROUPS: &str =
    "fill,dcoords,scoords,mcoords,tscoords,tmcoords,triangles,bug7366,gtk_argb_xbgr,libreoffice_xrgb";

#[test]
fn rendercheck_finds_the_same_as_of_xvfb() {
    let ours = Display::headless();
    let theirs = Display::xvfb();
    let [ours, theirs] = [ours, theirs].map(|display| {
        let output = Command::new("rendercheck").args(["-t", GROUPS]).env("DISPLAY", &display.name).output();
        String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
    });
    assert!(ours.contains("tests passed of"), "rendercheck came to an end: {ours}");
    let differs = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
    assert_eq!((differs, ours.len()), (None, theirs.len()));
}

/// Each operation once: what it draws is compared elsewhere, and how fast it is is no matter of a test.
#[test]
fn x11perf_carries_out_every_operation() {
    let display = Display::headless_with("1280x1024", &[]);
    let help = Command::new("x11perf").arg("-help").output().unwrap();
    // Options come first, operations from the dot on: `-dot    Dot`.
    let help = String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).into_owned();
    let operations: Vec<(&str, &str)> = help
        .lines()
        .filter_map(|line| line.trim_start().split_once("  "))
        .skip_while(|(name, _)| *name != "-dot")
        // Memory shared with a client is not offered.
        .filter(|(name, _)| !name.starts_with("-shm"))
        .map(|(name, words)| (name, words.trim()))
        .collect();
    assert!(operations.len() > 290, "x11perf lists its operations: {}", operations.len());

    let said = display.says("x11perf", &["-all", "-repeat", "1", "-reps", "1"]);
    let left_out: Vec<&str> = operations
        .iter()
        .filter(|(_, words)| !said.contains(&format!("/sec): {words}")))
        .map(|(name, _)| *name)
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}: {said}");
}

#[test]
fn programs_that_ask_about_a_display_get_their_answers() {
    let display = Display::headless();
    display.says_what(
        "xdpyinfo",
        &[],
        &["640x480 pixels", "XInputExtension", "DirectColor", "MIT-SCREEN-SAVER"],
    );
    display.says_what("xrandr", &["--verbose"], &["640x480", "connected", "Gamma:      1.0:1.0:1.0"]);
    display.says_what(
        "xinput",
        &["list", "--long"],
        &["Virtual core pointer", "Virtual core XTEST keyboard"],
    );
    display.says_what("xset", &["q"], &["timeout:  600", "acceleration:  2/1", "auto repeat:  on"]);
    display.says_what("xhost", &[], &["access control"]);
    display.says_what("setxkbmap", &["-print"], &["pc+us"]);
    display.says_what("xkbcomp", &[&display.name, "-"], &["xkb_symbols", "<AC01>", "Caps_Lock"]);
    display.says_what("xprop", &["-root"], &["_XKB_RULES_NAMES"]);
    display.says_what("xwininfo", &["-root", "-all"], &["-geometry 640x480+0+0", "IsViewable"]);
    display.says_what("xlsatoms", &["-range", "1-68"], &["PRIMARY", "WM_TRANSIENT_FOR"]);
    display.says_what("xlsfonts", &["fixed"], &["fixed"]);
}

#[test]
fn programs_find_the_monitors_that_there_are() {
    let display =
        Display::headless_with("640x480", &["--monitor", "400x480+0+0", "--monitor", "240x200+400+50"]);
    let both = ["400/106x480/127+0+0  screen-0", "240/64x200/53+400+50  screen-1"];
    display.says_what("xrandr", &["--listmonitors"], &["Monitors: 2", both[0], both[1]]);
    display.says_what(
        "xdpyinfo",
        &["-ext", "XINERAMA"],
        &["head #0: 400x480 @ 0,0", "head #1: 240x200 @ 400,50"],
    );
    display.says("xrandr", &["--output", "screen-1", "--off"]);
    display.says_what("xrandr", &["--listactivemonitors"], &["Monitors: 1", both[0]]);
    display.says_what("xdpyinfo", &["-ext", "XINERAMA"], &["head #0: 400x480 @ 0,0"]);
    display.says("xrandr", &["--output", "screen-1", "--auto", "--pos", "400x280", "--primary"]);
    display.says_what("xrandr", &["--listmonitors"], &["Monitors: 2", "+*screen-1 240/64x200/53+400+280"]);
    display.says(
        "xrandr",
        &["--newmode", "small", "10", "200", "200", "200", "200", "100", "100", "100", "100"],
    );
    display.says("xrandr", &["--addmode", "screen-0", "small"]);
    display.says("xrandr", &["--output", "screen-0", "--mode", "small"]);
    display.says_what("xrandr", &["--listmonitors"], &["200/106x100/127+0+0  screen-0"]);
    display.says("xrandr", &["--fb", "800x600"]);
    display.says_what("xdpyinfo", &[], &["800x600 pixels"]);
}

#[test]
fn what_programs_set_is_what_others_are_told() {
    let display = Display::headless();
    let settings = [
        ("xset r rate 500 20", "xset q", "auto repeat delay:  500    repeat rate:  20"),
        ("xset m 3/2 5", "xset q", "acceleration:  3/2    threshold:  5"),
        ("xset s 300 60", "xset q", "timeout:  300    cycle:  60"),
        ("xhost +local:", "xhost", "LOCAL:"),
        ("xset led 5", "xset q", "Kana:        on"),
        ("xset -r 38", "xset q", "auto repeating keys:  00ffffff9ffffbbf"),
        ("xrandr --dpi 120", "xdpyinfo", "640x480 pixels (135x101 millimeters)"),
        ("xrandr --setmonitor left 320/85x480/127+0+0 none", "xrandr --listmonitors", "left"),
    ];
    for (set, ask, told) in settings {
        let (set, ask): (Vec<&str>, Vec<&str>) = (set.split(' ').collect(), ask.split(' ').collect());
        display.says(set[0], &set[1..]);
        display.says_what(ask[0], &ask[1..], &[told]);
    }
}

#[test]
fn programs_say_the_same_of_xvfb() {
    let xvfb = Display::xvfb();
    let display = Display::headless();
    for (program, arguments) in
        [("xmodmap", &["-pm"][..]), ("xmodmap", &["-pp"]), ("xlsatoms", &["-range", "1-68"])]
    {
        assert_eq!(
            display.says(program, arguments),
            xvfb.says(program, arguments),
            "{program} {arguments:?}"
        );
    }
    // Letters and digits have the same keysyms in the same columns.
    let [ours, theirs] = [&display, &xvfb].map(|server| server.says("xmodmap", &["-pke"]));
    assert_eq!(written(&ours), written(&theirs));
}

/// The keys that write, as `xmodmap -pke` says them.
fn written(said: &str) -> Vec<&str> {
    let typed = |code: &u32| matches!(code, 10..=21 | 24..=35 | 38..=49 | 51..=61);
    let code = |line: &str| line.split_whitespace().nth(1)?.parse().ok().filter(typed);
    said.lines().filter(|line| code(line).is_some()).collect()
}

#[test]
fn keyboards_are_laid_out_as_by_xvfb() {
    let xvfb = Display::xvfb();
    let display = Display::headless();
    for layout in [&["-layout", "de"][..], &["-layout", "fr", "-variant", "oss"], &["-layout", "us"]] {
        let mut said = Vec::new();
        for server in [&display, &xvfb] {
            server.says("setxkbmap", layout);
            server.says_what("setxkbmap", &["-query"], &[layout[1]]);
            said.push(server.says("xmodmap", &["-pke"]));
        }
        assert_eq!(written(&said[0]), written(&said[1]), "{layout:?}");
    }
    // A map that is compiled elsewhere and sent
    let file = std::env::temp_dir().join(format!("xserver-{}.xkb", std::process::id()));
    let path = file.to_str().unwrap();
    xvfb.says("setxkbmap", &["-layout", "es"]);
    xvfb.says("xkbcomp", &["-w0", &xvfb.name, path]);
    display.says("xkbcomp", &["-w0", path, &display.name]);
    let [ours, theirs] = [&display, &xvfb].map(|server| server.says("xmodmap", &["-pke"]));
    assert_eq!(written(&ours), written(&theirs), "sent");
    let _ = std::fs::remove_file(file);
}

/// Layouts, variants and options that are loaded by name.
const LOADED: [&[&str]; 9] = [
    &["-layout", "us"],
    &["-layout", "de"],
    &["-layout", "fr"],
    &["-layout", "jp", "-model", "jp106"],
    &["-layout", "us", "-variant", "dvorak"],
    &["-layout", "us,ru", "-option", "grp:alt_shift_toggle"],
    &["-layout", "us,ru,bg,il", "-option", "grp:win_space_toggle", "-option", "grp_led:scroll"],
    &["-layout", "us", "-option", "keypad:pointerkeys", "-option", "shift:both_capslock"],
    &["-layout", "ch", "-variant", "fr", "-option", "numpad:microsoft", "-option", "compose:menu"],
];

#[test]
fn a_keymap_loaded_by_name_is_described_as_by_xvfb() {
    let xvfb = Display::xvfb();
    let display = Display::headless();
    for layout in LOADED {
        let dumps = [&display, &xvfb].map(|server| {
            server.says("setxkbmap", &["-model", "pc105", "-option", ""]);
            server.says("setxkbmap", layout);
            let dump = server.says("xkbcomp", &["-w0", &server.name, "-"]);
            (dump, server.says("xmodmap", &["-pke"]), server.says("xmodmap", &["-pm"]))
        });
        let [ours, theirs] = dumps;
        let differs = ours.0.lines().zip(theirs.0.lines()).find(|(ours, theirs)| ours != theirs);
        assert_eq!((differs, ours.0.len()), (None, theirs.0.len()), "{layout:?}");
        assert!(ours.0.contains("xkb_geometry"), "{layout:?}");
        assert_eq!((ours.1, ours.2), (theirs.1, theirs.2), "{layout:?}");
    }
}

/// What the server answers to requests of XKEYBOARD, byte for byte.
fn keyboard_replies(server: &Display, requests: &[&[u8]]) -> Vec<Vec<u8>> {
    let number = server.name.trim_start_matches(':');
    let mut stream = UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).unwrap();
    let mut ask = |request: &[u8], head: usize| {
        stream.write_all(request).unwrap();
        let mut answer = vec![0; head];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer[0], 1, "{request:?} is answered");
        // The setup counts its words in half as many bytes.
        let words = match head {
            8 => u32::from(u16::from_le_bytes([answer[6], answer[7]])),
            _ => u32::from_le_bytes([answer[4], answer[5], answer[6], answer[7]]),
        };
        answer.resize(head + 4 * words as usize, 0);
        stream.read_exact(&mut answer[head..]).unwrap();
        answer
    };
    ask(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0], 8);
    let major = ask(b"\x62\0\x05\0\x09\0\0\0XKEYBOARD\0\0\0", 32)[9];
    ask(&[major, 0, 2, 0, 1, 0, 0, 0], 32);
    let whole = |request: &&[u8]| {
        let mut bytes = vec![major, request[0], 0, 0, 0, 1];
        bytes.extend(&request[1..]);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes[2] = (bytes.len() / 4) as u8;
        ask(&bytes, 32)
    };
    requests.iter().map(whole).collect()
}

#[test]
fn parts_of_a_keymap_loaded_by_name_are_answered_as_by_xvfb() {
    // The map with all its parts, the controls, the compatibility map, the indicators, which components there are (Xvfb
    // lists none, as if its database were empty), and names.
    let map = [&[8, 0xff][..], &[0; 21]].concat();
    let any = [&[22, 100, 0][..], &[1, b'*'].repeat(6)].concat();
    let requests: [&[u8]; 6] = [
        &map,
        &[6, 0, 0],
        &[10, 0xf, 1, 0, 0, 0, 0],
        &[13, 0, 0, 0xff, 0xff, 0xff, 0xff],
        &any,
        &[17, 0, 0, 0xff, 0x3f, 0, 0],
    ];
    let xvfb = Display::xvfb();
    let display = Display::headless();
    for layout in ["us", "de", "fr", "us,ru"] {
        let replies = [&display, &xvfb].map(|server| {
            server.says("setxkbmap", &["-model", "pc105", "-layout", layout, "-option", ""]);
            keyboard_replies(server, &requests)
        });
        let [mut ours, mut theirs] = replies;
        assert!(ours[0].len() > 4000, "the map has all its keys");
        // Beyond their head names are atoms, whose numbers are each server's own.
        for names in [&mut ours, &mut theirs].map(|replies| replies.last_mut().unwrap()) {
            let length = names.len() as u32;
            names.truncate(32);
            names.extend(length.to_le_bytes());
        }
        for ((request, ours), theirs) in requests.iter().zip(&ours).zip(&theirs) {
            let differ = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
            assert_eq!((differ, ours.len()), (None, theirs.len()), "{} of {layout}", request[0]);
        }
    }
}

/// The layouts that the rules of the database list, each alone and in all its variants; and one they do not list.
fn all_layouts() -> Vec<(String, String)> {
    let rules = std::fs::read_to_string("/usr/share/X11/xkb/rules/evdev.lst").unwrap();
    let mut all = vec![("nec_vndr/jp".to_owned(), String::new())];
    let mut kind = "";
    for line in rules.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("!"), Some(of)) => kind = of,
            (Some("custom"), _) => {}
            (Some(layout), _) if kind == "layout" => all.push((layout.to_owned(), String::new())),
            (Some(variant), Some(layout)) if kind == "variant" => {
                all.push((layout.trim_end_matches(':').to_owned(), variant.to_owned()));
            }
            _ => {}
        }
    }
    all.retain(|(layout, _)| layout != "custom");
    all
}

#[test]
fn every_layout_there_is_is_described_as_by_xvfb() {
    let layouts = all_layouts();
    assert!(layouts.len() > 50, "the database is there");
    let dumps_of = |server: &Display| -> Vec<String> {
        let dump_of = |(layout, variant): &(String, String)| {
            server.says("setxkbmap", &["-model", "pc105", "-layout", layout, "-variant", variant]);
            server.says("xkbcomp", &["-w0", &server.name, "-"])
        };
        layouts.iter().map(dump_of).collect()
    };
    let (ours, theirs) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| dumps_of(&Display::xvfb()));
        (dumps_of(&Display::headless()), theirs.join().unwrap())
    });
    let mut differ = Vec::new();
    for ((layout, ours), theirs) in layouts.iter().zip(&ours).zip(&theirs) {
        let mut lines: Vec<_> =
            ours.lines().zip(theirs.lines()).filter(|(ours, theirs)| ours != theirs).collect();
        // Of a Greek key of three levels xkbcomp asks whether there is a capital on the fourth one, and finds there what
        // other keys have left in its memory.
        if layout.0 == "gr" {
            lines.retain(|(ours, theirs)| {
                !(ours.contains("FOUR_LEVEL_SEMIALPHABETIC") && theirs.contains("FOUR_LEVEL_ALPHABETIC"))
            });
        }
        if !lines.is_empty() || ours.lines().count() != theirs.lines().count() {
            differ.push((layout, lines.first().copied()));
        }
    }
    assert!(differ.is_empty(), "{} of {}: {differ:#?}", differ.len(), layouts.len());
}

/// Sets of layouts and options that users have, and a file each is compiled into.
const LAYOUTS: [&[&str]; 4] = [
    &["-layout", "de,us", "-option", "grp:alt_shift_toggle", "-option", "caps:none"],
    &["-layout", "fr", "-variant", "oss", "-option", "lv3:ralt_switch", "-option", "ctrl:nocaps"],
    &["-layout", "us,ru,gr", "-option", "grp:win_space_toggle", "-option", "grp_led:scroll"],
    &["-layout", "us", "-option", "keypad:pointerkeys", "-option", "shift:both_capslock"],
];

#[test]
fn a_keymap_that_is_sent_comes_back_as_from_xvfb() {
    let xvfb = Display::xvfb();
    let display = Display::headless();
    let scratch = Scratch::new("keymaps");
    for (number, layout) in LAYOUTS.iter().enumerate() {
        let mut arguments = layout.to_vec();
        arguments.push("-print");
        let names = xvfb.says("setxkbmap", &arguments);
        let (source, map) = (scratch.0.join("names.xkb"), scratch.0.join(format!("{number}.xkb")));
        std::fs::write(&source, names).unwrap();
        let (source, map) = (source.to_str().unwrap(), map.to_str().unwrap());
        xvfb.says("xkbcomp", &["-w0", "-xkb", source, map]);
        let dumps = [&display, &xvfb].map(|server| {
            server.says("xkbcomp", &["-w0", map, &server.name]);
            let dump = server.says("xkbcomp", &["-w0", &server.name, "-"]);
            (dump, server.says("xmodmap", &["-pke"]), server.says("xmodmap", &["-pm"]))
        });
        let [ours, theirs] = dumps;
        let differs = ours.0.lines().zip(theirs.0.lines()).find(|(ours, theirs)| ours != theirs);
        assert_eq!((differs, ours.0.len()), (None, theirs.0.len()), "{layout:?}");
        assert!(ours.0.contains("xkb_geometry"), "all that was sent comes back");
        assert_eq!((ours.1, ours.2), (theirs.1, theirs.2), "{layout:?}");
    }
}

#[test]
fn a_client_finds_gone_what_belonged_to_one_that_went_before() {
    let display = Display::headless();
    let connect = || x11rb::connect(Some(&display.name)).unwrap();
    let (other, _) = connect();
    for _ in 0..300 {
        let (client, screen) = connect();
        let pixmap = client.generate_id().unwrap();
        let root = client.setup().roots[screen].root;
        client.create_pixmap(1, pixmap, root, 8, 8).unwrap().check().unwrap();
        // Programs that other tests start at this moment hold the connection as well, until they run.
        let stream = UnixStream::from(client.stream().as_fd().try_clone_to_owned().unwrap());
        stream.shutdown(Shutdown::Both).unwrap();
        assert!(other.get_geometry(pixmap).unwrap().reply().is_err(), "its connection was closed before");
    }
}
