//! A private X screen with the eyes and hands of a user.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::BufWriter;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEventMask};
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat, Window,
    WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::process::Program;

const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;
const BUTTON_PRESS: u8 = 4;
const BUTTON_RELEASE: u8 = 5;
const MOTION: u8 = 6;

/// X keycode of the Caps Lock key.
pub const CAPS_LOCK: u8 = 66;
/// X keycode of the Num Lock key.
pub const NUM_LOCK: u8 = 77;
/// X keycode of the key that is 1 with Num Lock, and End without.
pub const KEYPAD_1: u8 = 87;

/// An Xvfb of its own, with a window manager.
pub struct Screen {
    name: String,
    root: Window,
    connection: RustConnection,
    clipboard_owner: Cell<Window>,
    window_manager: Option<Program>,
    // Last: everything above speaks to it.
    _xvfb: Program,
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Screen({})", self.name)
    }
}

impl Screen {
    /// Starts an Xvfb of `width` by `height` pixels, depth 24, on the first free display, and openbox on it.
    pub fn start(width: u16, height: u16) -> Result<Self> {
        let xvfb = Program::start(
            Command::new("Xvfb")
                .args([
                    "-displayfd",
                    "1",
                    "-nolisten",
                    "tcp",
                    "-noreset",
                    "+extension",
                    "GLX",
                    "-screen",
                    "0",
                ])
                .arg(format!("{width}x{height}x24")),
        )?;
        let number = xvfb.wait_for("its display number", Duration::from_secs(20), |line| {
            line.trim().parse::<u16>().ok()
        })?;
        let name = format!(":{number}");
        let (connection, screen) = RustConnection::connect(Some(&name))?;
        let root = connection.setup().roots[screen].root;
        connection.damage_query_version(1, 1)?.reply()?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, root, ReportLevel::RAW_RECTANGLES)?.check()?;
        connection.xfixes_query_version(5, 0)?.reply()?;
        let clipboard = connection.intern_atom(false, b"CLIPBOARD")?.reply()?.atom;
        connection
            .xfixes_select_selection_input(root, clipboard, SelectionEventMask::SET_SELECTION_OWNER)?
            .check()?;
        let mut this = Self {
            name,
            root,
            connection,
            clipboard_owner: Cell::new(x11rb::NONE),
            window_manager: None,
            _xvfb: xvfb,
        };
        this.window_manager = Some(Program::start(this.command("openbox").args(["--sm-disable"]))?);
        this.wait_for_window_manager(Duration::from_secs(20))?;
        Ok(this)
    }

    /// Waits until openbox manages a window of ours. It may have read our request before it began to serve events, and
    /// would then look at it only when the next event comes: the pointer moves until it has. A window that was mapped
    /// while openbox looked for those that are there already may never be managed: then the next one is.
    fn wait_for_window_manager(&self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        let events = CreateWindowAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        while Instant::now() < deadline {
            let window = self.connection.generate_id()?;
            self.connection
                .create_window(0, window, self.root, 0, 0, 8, 8, 0, WindowClass::INPUT_OUTPUT, 0, &events)?
                .check()?;
            self.connection.map_window(window)?.check()?;
            let mut managed = false;
            for step in 0..20 {
                while let Some(event) = self.connection.poll_for_event()? {
                    managed |= matches!(event, Event::ReparentNotify(event) if event.window == window);
                }
                if managed {
                    break;
                }
                self.point(step % 2, 0)?;
                self.event_within(Duration::from_millis(100))?;
            }
            self.connection.destroy_window(window)?.check()?;
            if managed {
                return Ok(());
            }
        }
        bail!("openbox did not manage a window within {timeout:?}")
    }

    /// Its display name, such as `:7`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that will show its windows here.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.name)
            .env("WINIT_X11_SCALE_FACTOR", "1")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XAUTHORITY");
        command
    }

    /// A picture of it as it is now.
    pub fn picture(&self) -> Result<Picture> {
        let size = self.connection.get_geometry(self.root)?.reply()?;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, size.width, size.height, !0)?
            .reply()?;
        let pixels = image.data.chunks_exact(4).map(|p| u32::from_le_bytes([p[0], p[1], p[2], 0])).collect();
        Ok(Picture { width: size.width.into(), height: size.height.into(), pixels })
    }

    /// Does something and waits until a part of the screen (x, y, width, height) changes: how long that took.
    pub fn until_changed(
        &self,
        (x, y, width, height): (i16, i16, u16, u16),
        timeout: Duration,
        act: impl FnOnce() -> Result<()>,
    ) -> Result<Duration> {
        let part = || -> Result<Vec<u8>> {
            let image =
                self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, !0)?;
            Ok(image.reply()?.data)
        };
        let before = part()?;
        while self.connection.poll_for_event()?.is_some() {}
        let start = Instant::now();
        act()?;
        while start.elapsed() < timeout {
            if self.event_within(timeout)? && part()? != before {
                return Ok(start.elapsed());
            }
        }
        bail!("nothing changed within {timeout:?}")
    }

    /// Waits until `found` makes something of a picture of it: looks now, and again whenever something was drawn.
    /// When `timeout` is over, the last picture is left as `target/screens/<what>.png`.
    pub fn wait_for<T>(
        &self,
        what: &str,
        timeout: Duration,
        mut found: impl FnMut(&Picture) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + timeout;
        loop {
            while self.connection.poll_for_event()?.is_some() {}
            let picture = self.picture()?;
            if let Some(found) = found(&picture) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.event_within(left)? {
                let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screens");
                std::fs::create_dir_all(&directory)?;
                let file = directory.join(format!("{}.png", what.replace([' ', '/'], "-")));
                picture.save(&file)?;
                bail!("{what} did not appear within {timeout:?}; the screen is in {}", file.display());
            }
        }
    }

    /// Waits for the next event, such as damage; `false` when `timeout` is over first.
    fn event_within(&self, timeout: Duration) -> Result<bool> {
        if self.connection.poll_for_event()?.is_some() {
            return Ok(true);
        }
        let stream = self.connection.stream();
        let mut descriptors = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        Ok(poll(&mut descriptors, timeout)? > 0)
    }

    /// Moves the pointer.
    pub fn point(&self, x: i16, y: i16) -> Result<()> {
        self.input(MOTION, 0, x, y)
    }

    /// Clicks with a button at a place.
    pub fn click(&self, button: u8, x: i16, y: i16) -> Result<()> {
        self.point(x, y)?;
        self.input(BUTTON_PRESS, button, 0, 0)?;
        self.input(BUTTON_RELEASE, button, 0, 0)
    }

    /// Presses or releases the key with an X keycode (the evdev code + 8).
    pub fn key(&self, keycode: u8, pressed: bool) -> Result<()> {
        self.input(if pressed { KEY_PRESS } else { KEY_RELEASE }, keycode, 0, 0)
    }

    /// Presses and releases a key.
    pub fn tap(&self, keycode: u8) -> Result<()> {
        self.key(keycode, true)?;
        self.key(keycode, false)
    }

    /// Changes the keyboard layout.
    pub fn set_layout(&self, layout: &str) -> Result<()> {
        let status = self.command("setxkbmap").args(["-layout", layout]).status()?;
        ensure!(status.success(), "setxkbmap: {status}");
        Ok(())
    }

    /// Types text that the screen's own keyboard layout has, `\n` as Return.
    pub fn type_text(&self, text: &str) -> Result<()> {
        let setup = self.connection.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let map = self.connection.get_keyboard_mapping(first, count)?.reply()?;
        let columns = usize::from(map.keysyms_per_keycode);
        let locate = |symbol: u32| {
            let at = map.keysyms.iter().enumerate().position(|(i, s)| *s == symbol && i % columns < 2)?;
            Some((first + (at / columns) as u8, at % columns == 1))
        };
        let (shift, _) = locate(0xffe1).context("the layout has no shift key")?;
        for character in text.chars() {
            let symbol = if character == '\n' { 0xff0d } else { u32::from(character) };
            let (key, shifted) =
                locate(symbol).with_context(|| format!("the layout has no {character:?}"))?;
            if shifted {
                self.key(shift, true)?;
            }
            self.tap(key)?;
            if shifted {
                self.key(shift, false)?;
            }
        }
        Ok(())
    }

    /// Waits until somebody else owns the clipboard than at the last call.
    pub fn wait_for_clipboard_owner(&self, timeout: Duration) -> Result<()> {
        let deadline = Instant::now() + timeout;
        let clipboard = self.connection.intern_atom(false, b"CLIPBOARD")?.reply()?.atom;
        loop {
            let owner = self.connection.get_selection_owner(clipboard)?.reply()?.owner;
            if self.clipboard_owner.replace(owner) != owner {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            ensure!(
                !left.is_zero() && self.event_within(left)?,
                "the clipboard has no new owner within {timeout:?}"
            );
        }
    }

    /// The window with a text in its name: its id.
    pub fn window(&self, text: &str) -> Result<Window> {
        let mut below = vec![self.root];
        while let Some(window) = below.pop() {
            let name = self
                .connection
                .get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 256)?
                .reply()?;
            if String::from_utf8_lossy(&name.value).contains(text) {
                return Ok(window);
            }
            below.extend(self.connection.query_tree(window)?.reply()?.children);
        }
        bail!("no window has {text:?} in its name")
    }

    /// Asks the window manager for another size of a window.
    pub fn resize(&self, window: Window, width: u32, height: u32) -> Result<()> {
        let size = ConfigureWindowAux::new().x(20).y(30).width(width).height(height);
        self.connection.configure_window(window, &size)?.check()?;
        Ok(())
    }

    fn input(&self, kind: u8, detail: u8, x: i16, y: i16) -> Result<()> {
        self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?;
        self.connection.flush()?;
        Ok(())
    }
}

/// What was on a screen.
#[derive(Clone)]
pub struct Picture {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Row by row, each `0x00RRGGBB`.
    pub pixels: Vec<u32>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

impl Picture {
    /// One pixel, `0x00RRGGBB`.
    pub fn pixel(&self, x: usize, y: usize) -> Option<u32> {
        (x < self.width).then(|| self.pixels.get(y * self.width + x).copied()).flatten()
    }

    /// How many pixels have exactly this colour.
    pub fn count(&self, colour: u32) -> usize {
        self.pixels.iter().filter(|p| **p == colour).count()
    }

    /// The smallest box around all pixels of a colour: x, y, width, height.
    pub fn extent(&self, colour: u32) -> Option<(usize, usize, usize, usize)> {
        let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
        for (at, _) in self.pixels.iter().enumerate().filter(|(_, p)| **p == colour) {
            let (x, y) = (at % self.width, at / self.width);
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        (left != usize::MAX).then(|| (left, top, right - left + 1, bottom - top + 1))
    }

    /// Writes it as a PNG file.
    pub fn save(&self, path: &Path) -> Result<()> {
        ensure!(self.pixels.len() == self.width * self.height, "a picture of {} pixels", self.pixels.len());
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let rgb: Vec<u8> =
            self.pixels.iter().flat_map(|p| [(p >> 16) as u8, (p >> 8) as u8, *p as u8]).collect();
        encoder.write_header()?.write_image_data(&rgb)?;
        Ok(())
    }
}
