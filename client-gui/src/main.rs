//! The client's window.
//!
//! [`window`] runs the event loop and lets [`input`] pick out what belongs to the session; [`app`] holds the client
//! and one of the [`screens`], and does what the screens ask for. [`theme`] is how everything looks, [`words`] what
//! it says. No socket and no protocol here: all of that is `qvd_client_core`.

mod app;
mod cli;
#[cfg(target_os = "linux")]
mod grab;
mod icon;
mod input;
mod screens;
mod texture;
mod theme;
mod window;
mod words;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use qvd_client_core::protocol::Secret;
use qvd_client_core::settings::Settings;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match start(cli::Arguments::parse()) {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("qvd-client: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn start(arguments: cli::Arguments) -> anyhow::Result<u8> {
    let filter = EnvFilter::try_new(&arguments.log)
        .with_context(|| format!("cannot understand the log filter {:?}", arguments.log))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let folder = match arguments.config_dir {
        Some(folder) => folder,
        None => Settings::usual_folder().context("give one with --config-dir")?,
    };
    let mut settings = Settings::load(&folder).context("correct or remove the file, then start again")?;
    if let Some(theme) = arguments.theme {
        settings.theme = theme.into();
    }
    if let Some(server) = arguments.server {
        settings.server = server;
    }
    if let Some(user) = arguments.user {
        settings.user = user;
    }
    let password = if arguments.password_stdin {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("cannot read the password")?;
        Some(Secret::new(line.trim_end_matches(['\r', '\n'])))
    } else {
        None
    };
    window::run(app::Setup {
        folder,
        settings,
        password,
        connect: arguments.connect,
        accept: arguments.accept_fingerprint,
        full_screen: arguments.fullscreen,
        once: arguments.once,
        exit: std::rc::Rc::default(),
    })
}
