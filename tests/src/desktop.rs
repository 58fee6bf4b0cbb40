//! A session of the demo image as its user meets it: the terminal that stands open in it, worked by keyboard and pointer
//! through the client's window.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use crate::process::Program;
use crate::screen::{Picture, Screen};
use crate::world::{SOON, World};

/// Background of the demo image's terminals.
pub const TERMINAL: u32 = 0x0010_151c;

/// A client on a screen, with its desktop in it.
#[derive(Debug)]
pub struct Desktop<'s> {
    screen: &'s Screen,
    client: Program,
}

impl<'s> Desktop<'s> {
    /// Connects to a desktop of `demo` and waits until the client says that it is.
    pub fn connect(
        world: &World,
        screen: &'s Screen,
        name: &str,
        options: &[&str],
        patience: Duration,
    ) -> Result<Self> {
        let client = world.client(screen, name, options)?;
        client.wait_for_line("connected", patience).or_else(|error| {
            let server = world.daemon()?.output();
            Err(error.context(format!("the server printed:\n{server}\nand the client did not connect")))
        })?;
        Ok(Self::of(screen, client))
    }

    /// The desktop of a client that says that it is connected.
    pub fn of(screen: &'s Screen, client: Program) -> Self {
        Self { screen, client }
    }

    /// The client.
    pub fn client(&self) -> &Program {
        &self.client
    }

    /// Waits until the terminal stands on the screen, and gives it the keyboard.
    pub fn terminal(&self, patience: Duration) -> Result<()> {
        let (x, y, _, _) = self.screen.wait_for("a terminal", patience, |picture| {
            picture.extent(TERMINAL).filter(|_| shows(picture, TERMINAL))
        })?;
        self.screen.click(1, x as i16 + 200, y as i16 + 300)
    }

    /// Types a command into the terminal.
    pub fn run(&self, command: &str) -> Result<()> {
        self.screen.type_text(&format!("{command}\n"))
    }

    /// Has the terminal paint itself in a colour if `condition`, a shell command, succeeds, and waits to see it. That
    /// proves the way of a key to the desktop and of a pixel back.
    pub fn paints_if(&self, condition: &str, colour: u32) -> Result<()> {
        self.run(&format!("{condition} && printf '\\e]11;#{colour:06x}\\a'"))?;
        self.sees(colour)
    }

    /// Types a command into the terminal of a session that is back, until it paints itself in the command's colour. No
    /// click is needed for it, but what is typed while nxagent still resumes may be lost.
    pub fn hears(&self, command: &str, colour: u32) -> Result<()> {
        let deadline = Instant::now() + SOON;
        loop {
            self.run(command)?;
            let seen = |picture: &Picture| shows(picture, colour).then_some(());
            match self.screen.wait_for("an answer", Duration::from_secs(1), seen) {
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => {}
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Waits until the terminal is seen in a colour.
    pub fn sees(&self, colour: u32) -> Result<()> {
        self.screen.wait_for(&format!("a terminal in #{colour:06x}"), SOON, |picture: &Picture| {
            shows(picture, colour).then_some(())
        })
    }

    /// Closes the client as a person does who turns to other things: the session stays.
    pub fn close(mut self) -> Result<()> {
        self.client.signal(Signal::SIGTERM)?;
        self.client.wait(SOON).map(drop)
    }
}

/// Whether a terminal in a colour is in the picture.
pub fn shows(picture: &Picture, colour: u32) -> bool {
    picture.count(colour) > 100_000
}

/// The text in the clipboard of a screen.
pub fn clipboard(screen: &Screen) -> Result<String> {
    let output = screen.command("xclip").args(["-selection", "clipboard", "-o"]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Puts a text into the clipboard of a screen, as another program there would. Hold the result while it is needed.
pub fn set_clipboard(screen: &Screen, text: &str) -> Result<Program> {
    let owner = Program::start_with_input(
        screen.command("xclip").args(["-selection", "clipboard", "-i", "-quiet", "-loops", "0"]),
        text,
    )?;
    screen.wait_for_clipboard_owner(SOON)?;
    Ok(owner)
}

/// Process ids of programs named `name` that are inside the container of a machine, seen from the host.
pub fn processes_in_container(machine: &str, name: &str) -> Result<Vec<i32>> {
    let found = Command::new("pgrep").args(["-x", name]).output().context("cannot run pgrep")?;
    let mut inside = Vec::new();
    for pid in String::from_utf8_lossy(&found.stdout).split_whitespace() {
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        if groups.contains(machine) {
            inside.push(pid.parse()?);
        }
    }
    ensure!(!inside.is_empty(), "no {name} runs in {machine}");
    Ok(inside)
}
