//! The process that a machine is, held by a pidfd: its end is an event, and its number cannot be taken over by
//! another process while we look.
//!
//! A restarted daemon finds the process again by a mark, a file with its number and the moment it was started;
//! both together belong to one process only.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A process of this host.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    fd: AsyncFd<OwnedFd>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// It was not our child, as after a restart of the daemon: nobody tells.
    Unknown,
}

impl Process {
    /// Takes hold of process `pid`, which the caller knows to be the right one.
    ///
    /// Must be called in a tokio runtime.
    pub(super) fn open(pid: i32) -> io::Result<Self> {
        let pid =
            Pid::from_raw(pid).ok_or_else(|| io::Error::other(format!("{pid} is no process number")))?;
        let fd = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)?;
        #[expect(
            deprecated,
            reason = "an owned descriptor keeps the promise that the unsafe successor asks for"
        )]
        let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
        Ok(Self { pid, fd })
    }

    /// The process that wrote `mark` describes, if it still runs.
    pub(super) fn find(mark: &Path) -> Option<Self> {
        let text = fs::read_to_string(mark).ok()?;
        let (pid, started) = text.trim().split_once(' ')?;
        let pid = pid.parse().ok()?;
        // First the hold, then the comparison: the other way round the number could change hands in between.
        let process = Self::open(pid).ok()?;
        (start_time(pid).as_deref() == Some(started) && !process.is_over()).then_some(process)
    }

    /// Writes the mark by which [`Process::find`] finds it.
    pub(super) fn leave_mark(&self, mark: &Path) -> io::Result<()> {
        let pid = self.pid.as_raw_nonzero().get();
        let started = start_time(pid).ok_or_else(|| io::Error::other(format!("process {pid} is gone")))?;
        fs::write(mark, format!("{pid} {started}\n"))
    }

    /// Its number.
    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Sends a signal; a process that has ended is no error.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match rustix::process::pidfd_send_signal(self.fd.get_ref(), signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for its end, and reaps it if it is a child.
    pub(super) async fn ended(&self) -> io::Result<Status> {
        let _ = self.fd.readable().await?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        Ok(match rustix::process::waitid(WaitId::PidFd(self.fd.as_fd()), options) {
            Ok(Some(status)) => match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Status::Exited(code),
                (None, Some(signal)) => Status::Signalled(signal),
                (None, None) => Status::Unknown,
            },
            _ => Status::Unknown,
        })
    }

    /// Whether it is a zombie or gone.
    fn is_over(&self) -> bool {
        let state = stat_fields(self.pid()).and_then(|fields| fields.first().cloned());
        state.is_none_or(|state| state == "Z" || state == "X")
    }
}

/// When process `pid` was started, in clock ticks after boot (`proc(5)`, field 22 of `stat`).
fn start_time(pid: i32) -> Option<String> {
    stat_fields(pid)?.get(19).cloned()
}

/// The fields of `/proc/PID/stat` from the third on: the second is a name that may hold anything.
fn stat_fields(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Starts a shell that [`Process::ended`] is to reap.
    fn spawn(script: &str) -> i32 {
        Command::new("sh").args(["-c", script]).spawn().unwrap().id() as i32
    }

    #[tokio::test]
    async fn the_end_of_a_child_is_seen_with_its_code() {
        let process = Process::open(spawn("exit 7")).unwrap();
        assert_eq!(process.ended().await.unwrap(), Status::Exited(7));
    }

    #[tokio::test]
    async fn a_marked_process_is_found_again_until_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        Process::open(spawn("exec sleep 1000")).unwrap().leave_mark(&mark).unwrap();
        let found = Process::find(&mark).unwrap();
        found.signal(Signal::KILL).unwrap();
        assert_eq!(found.ended().await.unwrap(), Status::Signalled(9));
        assert!(Process::find(&mark).is_none());
    }

    #[tokio::test]
    async fn a_process_with_the_same_number_but_another_start_is_not_taken_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        fs::write(&mark, format!("{} 1\n", std::process::id())).unwrap();
        assert!(Process::find(&mark).is_none());
    }
}
