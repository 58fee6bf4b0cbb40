//! A program under test: its lines as events, its end by its own process id.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A running program. Ended with SIGTERM, and after five seconds with SIGKILL, when it is dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    lines: Receiver<String>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts `command` with its standard output and error read as one sequence of lines, and no input.
    pub fn start(command: &mut Command) -> Result<Self> {
        Self::start_with_input(command, "")
    }

    /// The same, with `input` as one line of standard input.
    pub fn start_with_input(command: &mut Command, input: &str) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read it may be gone already.
            let _ = writeln!(stdin, "{input}");
        }
        let (sender, lines) = channel();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
            child.stderr.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
        ];
        for stream in streams.into_iter().flatten() {
            let (sender, seen) = (sender.clone(), Arc::clone(&seen));
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Ok(mut seen) = seen.lock() {
                        seen.push(line.clone());
                    }
                    let _ = sender.send(line);
                }
            });
        }
        Ok(Self { name, child, lines, seen })
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// What it has in memory now, in bytes, and how much of that only it has (proportional set size).
    pub fn memory(&self) -> Result<(u64, u64)> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid()))?;
        let field = |name: &str| -> Result<u64> {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name)).context("no such field")?;
            Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
        };
        Ok((field("Rss:")?, field("Pss:")?))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.pid(), signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Waits for a line that `wanted` makes something of. Lines before it are used up.
    pub fn wait_for<T>(
        &self,
        what: &str,
        timeout: Duration,
        mut wanted: impl FnMut(&str) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(found) = wanted(&line) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!(
                        "{} did not print {what} within {timeout:?}; it printed:\n{}",
                        self.name,
                        self.output()
                    )
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("{} ended before it printed {what}; it printed:\n{}", self.name, self.output())
                }
            }
        }
    }

    /// Waits for a line that contains `text`, and gives it.
    pub fn wait_for_line(&self, text: &str, timeout: Duration) -> Result<String> {
        self.wait_for(&format!("{text:?}"), timeout, |line| line.contains(text).then(|| line.to_owned()))
    }

    /// Waits until it ends by itself: until both its streams are closed, then for its status.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(self.child.wait()?),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("{} still runs after {timeout:?}; it printed:\n{}", self.name, self.output())
                }
            }
        }
    }

    /// Everything it has printed, whether waited for or not.
    pub fn output(&self) -> String {
        self.seen.lock().map(|seen| seen.join("\n")).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_some() || self.signal(Signal::SIGTERM).is_err() {
            let _ = self.child.wait();
            return;
        }
        if self.wait(Duration::from_secs(5)).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- {} printed:\n{}", self.name, self.output());
        }
    }
}
