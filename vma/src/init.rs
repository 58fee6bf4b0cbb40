//! The first process of a container: starts the agent proper as its child and reaps whatever loses its parent.
//!
//! The kernel gives every orphan of a process namespace to its first process, and discards signals that this process does
//! not handle. A process of its own keeps that duty out of the agent, whose runtime waits for its own children only.
//! Nothing is forwarded but the wish to stop, and that to the agent alone. When the agent ends, so does the container.

use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Runs the agent with the same arguments; gives its exit code when it ended and everything was reaped.
pub(crate) fn run() -> ExitCode {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGPWR] {
        signals.add(signal);
    }
    let started = signals
        .thread_block()
        .map_err(std::io::Error::from)
        .and_then(|()| Command::new("/proc/self/exe").args(std::env::args_os().skip(1)).spawn());
    let agent = match started {
        Ok(child) => Pid::from_raw(child.id().cast_signed()),
        Err(error) => {
            eprintln!("cannot start the agent: {error}");
            return ExitCode::FAILURE;
        }
    };
    loop {
        match signals.wait() {
            Ok(Signal::SIGCHLD) => {
                if let Some(code) = reap(agent) {
                    return code;
                }
            }
            // The agent may be gone already; then its SIGCHLD is waiting.
            Ok(_) => drop(kill(agent, Signal::SIGTERM)),
            Err(_) => {}
        }
    }
}

/// Reaps everything that has ended; the agent's exit code if it was among them.
fn reap(agent: Pid) -> Option<ExitCode> {
    let mut code = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) if pid == agent => {
                code = Some(ExitCode::from(u8::try_from(status).unwrap_or(1)));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == agent => {
                code = Some(ExitCode::from((signal as u8).saturating_add(128)));
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return code,
            Ok(_) | Err(_) => {}
        }
    }
}
