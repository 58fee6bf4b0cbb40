//! Programs that every X user has, run against the `headless` example: what they say, compared with what they say of
//! Xvfb where both have to say the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How many servers this process has started.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// A server that ends with the test.
struct Display {
    process: Child,
    name: String,
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(format!("/tmp/.X11-unix/X{}", &self.name[1..]));
    }
}

impl Display {
    /// The example, on a display whose number nobody else has.
    fn headless() -> Self {
        let test = std::env::current_exe().unwrap();
        let example: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/headless");
        let number = 20_000 + std::process::id() % 10_000 * 3 + STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!(":{number}");
        let process = Command::new(example)
            .args([&name, "640x480"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("the example is built with the tests: {error}"));
        let socket = format!("/tmp/.X11-unix/X{number}");
        let start = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "the server does not listen on {socket}");
            std::thread::yield_now();
        }
        Self { process, name }
    }

    fn xvfb() -> Option<Self> {
        let spawned = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-dpi", "96"])
            .args(["-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = spawned.ok()?;
        let mut number = String::new();
        BufReader::new(process.stdout.take()?).read_line(&mut number).ok()?;
        Some(Self { process, name: format!(":{}", number.trim()) })
    }

    /// What a program says, if it is installed and ends well; none, with a word, if it is not installed.
    fn says(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let spawned = Command::new(program)
            .args(arguments)
            .env("DISPLAY", &self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = spawned else {
            eprintln!("not run: {program} is not installed");
            return None;
        };
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{program} {arguments:?} ends with {status}");
        Some(said)
    }

    fn says_what(&self, program: &str, arguments: &[&str], expected: &[&str]) {
        let Some(said) = self.says(program, arguments) else { return };
        for line in expected {
            assert!(said.contains(line), "{program} {arguments:?} says {line:?}, not:\n{said}");
        }
    }
}

#[test]
fn programs_that_ask_about_a_display_get_their_answers() {
    let display = Display::headless();
    display.says_what(
        "xdpyinfo",
        &[],
        &["640x480 pixels", "XInputExtension", "DirectColor", "MIT-SCREEN-SAVER"],
    );
    display.says_what("xrandr", &["--verbose"], &["640x480", "connected"]);
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
fn programs_say_the_same_of_xvfb() {
    let Some(xvfb) = Display::xvfb() else {
        eprintln!("not compared: Xvfb does not start");
        return;
    };
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
    if let (Some(ours), Some(theirs)) = (display.says("xmodmap", &["-pke"]), xvfb.says("xmodmap", &["-pke"]))
    {
        assert_eq!(written(&ours), written(&theirs));
    }
}

/// The keys that write, as `xmodmap -pke` says them.
fn written(said: &str) -> Vec<&str> {
    let typed = |code: &u32| matches!(code, 10..=21 | 24..=35 | 38..=49 | 51..=61);
    let code = |line: &str| line.split_whitespace().nth(1)?.parse().ok().filter(typed);
    said.lines().filter(|line| code(line).is_some()).collect()
}

#[test]
fn keyboards_are_laid_out_as_by_xvfb() {
    let Some(xvfb) = Display::xvfb() else {
        eprintln!("not compared: Xvfb does not start");
        return;
    };
    let display = Display::headless();
    for layout in [&["-layout", "de"][..], &["-layout", "fr", "-variant", "oss"], &["-layout", "us"]] {
        let mut said = Vec::new();
        for server in [&display, &xvfb] {
            if server.says("setxkbmap", layout).is_none() {
                return;
            }
            server.says_what("setxkbmap", &["-query"], &[layout[1]]);
            said.push(server.says("xmodmap", &["-pke"]));
        }
        if let [Some(ours), Some(theirs)] = &said[..] {
            assert_eq!(written(ours), written(theirs), "{layout:?}");
        }
    }
    // A map that is compiled elsewhere and sent
    let file = std::env::temp_dir().join(format!("xserver-{}.xkb", std::process::id()));
    let path = file.to_str().unwrap();
    xvfb.says("setxkbmap", &["-layout", "es"]);
    if xvfb.says("xkbcomp", &["-w0", &xvfb.name, path]).is_some() {
        display.says("xkbcomp", &["-w0", path, &display.name]);
        if let (Some(ours), Some(theirs)) =
            (display.says("xmodmap", &["-pke"]), xvfb.says("xmodmap", &["-pke"]))
        {
            assert_eq!(written(&ours), written(&theirs), "sent");
        }
    }
    let _ = std::fs::remove_file(file);
}
