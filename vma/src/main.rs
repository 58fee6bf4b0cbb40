//! `qvd-vma`, the agent that runs as root in every desktop machine.
//!
//! ```text
//!  node ══ node link ══▶ link ── agent channel ──▶ session        one actor owns the desktop session
//!                          └──── session channels ─▶ client ──▶ session (display, control)
//!  session ──▶ nxagent (as the user) ──▶ desktop programs (as the user)
//! ```
//!
//! Principles:
//!
//! * **Nothing is polled.** States come from nxagent's own log lines, its end and its connection to the agent's
//!   socket; the node's wishes come over the link.
//! * **The session outlives its link.** A broken link cuts the clients of that link and nothing else: nxagent
//!   suspends, the programs run on, and the agent opens the link again.
//! * **Nothing of a client reaches a shell or a file as it came.** Options and environment are written from parameters
//!   that passed [`SessionParameters::check`](qvd_protocol::session::SessionParameters::check).
//! * **Root only starts things.** nxagent and the programs run in the session's account, which belongs to the
//!   session alone: whatever that account still runs when the session is over is ended.
//!
//! What the image must have: `nxagent`, `passwd` (for `useradd`), `xkb-data` and `x11-xkb-utils` (nxagent compiles its
//! keymap in `/tmp`), a font package that has `fixed` and `cursor`, and the desktop itself as the executable
//! [`/usr/lib/qvd/desktop-session`](session::desktop::SCRIPT), which runs until the user logs out. Without it the agent
//! starts openbox with an xterm. `dbus-run-session` (package `dbus-daemon`) is used when it is there. `/tmp/.X11-unix`, the
//! machine's name in `/etc/hosts`, the account and its runtime directory are made by the agent. As a systemd service:
//!
//! ```text
//! [Unit]
//! Description=QVD desktop agent
//! [Service]
//! ExecStart=/usr/lib/qvd/qvd-vma
//! LoadCredential=qvd.agent
//! Restart=always
//! [Install]
//! WantedBy=multi-user.target
//! ```
//!
//! In a container it is the first process, and then also reaps orphans ([`init`]); the container ends with it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use nix::sys::signal::SigSet;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

mod client;
mod config;
mod init;
mod link;
mod power;
mod session;
mod stream;

/// The agent in a QVD desktop machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Agent configuration (JSON); by default the systemd credential, else the container's file.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Node link: a character device or a Unix socket; by default the virtio-serial port, else the container's socket.
    #[arg(long)]
    link: Option<PathBuf>,
    /// Directory for the agent's own files; it and its parents must belong to root.
    #[arg(long, default_value = "/run/qvd-vma")]
    runtime: PathBuf,
    #[command(subcommand)]
    task: Option<Task>,
}

/// What the agent runs itself for.
#[derive(Subcommand)]
enum Task {
    /// Keeps the keyboard of the display in $DISPLAY with the active window.
    #[command(hide = true)]
    KeepFocus,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if std::process::id() == 1 {
        return init::run();
    }
    if let Some(Task::KeepFocus) = arguments.task {
        return match session::focus::keep() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("QVD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    // A blocked signal is inherited by all that is started from here, and nxagent waits forever for children that it
    // stops with signals. The first process of a container blocks some.
    if let Err(error) = SigSet::all().thread_unblock() {
        error!("cannot unblock signals: {error}");
    }
    match start(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn start(arguments: &Arguments) -> anyhow::Result<()> {
    let config =
        config::load(arguments.config.as_deref()).context("cannot read the agent's configuration")?;
    let session = session::start(config.user.clone(), &arguments.runtime)
        .await
        .context("cannot prepare the machine for a desktop session")?;
    info!(vm = %config.vm, "agent {} is up", env!("CARGO_PKG_VERSION"));
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = tokio::sync::Notify::new();
    let by_node = tokio::select! {
        never = link::keep(&config, arguments.link.as_deref(), &session, &shutdown) => match never {},
        _ = terminate.recv() => false,
        () = shutdown.notified() => true,
    };
    info!("ending the session and stopping");
    session.end().await;
    if by_node {
        power::off().await.context("cannot power the machine off")?;
    }
    Ok(())
}
