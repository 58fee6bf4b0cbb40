//! The command line.

use std::io::{self, BufRead, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use qvd_server::hypervisor::Choice;

/// The QVD server: lets people use Linux desktops that run in virtual machines or containers.
///
/// One daemon holds the front door for clients (TLS, one port), the house-keeping of the machines, and the database.
/// Everything it keeps is below one data directory, which it makes on first run together with a self-signed
/// certificate.
#[derive(Debug, Parser)]
#[command(
    name = "qvd-server",
    version,
    after_long_help = "\
EXIT STATUS:
  0  done; of run: ended by SIGTERM or SIGINT, machines keep running
  1  failed; the reason is on standard error
  2  the command line is wrong

ENVIRONMENT:
  QVD_DATA       data directory, as --data
  QVD_CONFIG     configuration file, as --config
  QVD_LOG        what to log, such as debug or qvd_server=debug; default info
  NOTIFY_SOCKET  where systemd wants to be told that the daemon is ready

FILES:
  DATA/qvd-server.toml        configuration; written by init with every key at its default
  DATA/qvd.db                 database
  DATA/server.crt server.key  self-signed certificate and its key
  DATA/vms/ID/                one machine each

EXAMPLES:
  qvd-server init
  qvd-server user add demo --random
  qvd-server image add debian /srv/images/debian
  qvd-server vm add desk --user demo --image debian
  qvd-server run"
)]
pub(crate) struct Cli {
    /// Data directory; made if it is missing, for its owner only
    #[arg(long, value_name = "DIR", env = "QVD_DATA", default_value = "/var/lib/qvd", global = true)]
    pub(crate) data: PathBuf,
    /// Configuration file; without it DATA/qvd-server.toml, if there is one
    #[arg(long, value_name = "FILE", env = "QVD_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the daemon
    ///
    /// Prints one line with address and certificate fingerprint when clients can connect, and logs to standard error.
    /// SIGTERM ends it in order: clients are told, machines keep running and are found again by the next run.
    Run(Run),
    /// Make data directory, configuration, database and certificate
    ///
    /// What is there already stays as it is. Prints the certificate's fingerprint, which clients show on their first
    /// connect.
    Init,
    /// Add and list users, change passwords
    #[command(subcommand)]
    User(UserCommand),
    /// Add and list images
    #[command(subcommand)]
    Image(ImageCommand),
    /// Add and list machines
    #[command(subcommand)]
    Vm(VmCommand),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Address and port to listen at, in place of the configured one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// What runs the machines, in place of the configured one: auto, qemu or container
    #[arg(long, value_name = "NAME")]
    pub(crate) hypervisor: Option<Choice>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user
    ///
    /// The password is asked for at a terminal; otherwise it is the first line of standard input.
    Add {
        /// Login name
        name: String,
        /// Make a password and print it
        #[arg(long)]
        random: bool,
    },
    /// Give a user another password; logins made with the old one end
    Password {
        /// Login name
        name: String,
        /// Make a password and print it
        #[arg(long)]
        random: bool,
    },
    /// List the users, one a line
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Add an image
    Add {
        /// Name
        name: String,
        /// Its directory, with an image.toml in it
        directory: PathBuf,
    },
    /// List the images: name and directory
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VmCommand {
    /// Add a machine; prints its id
    Add {
        /// Name, as its user sees it
        name: String,
        /// Whose it is
        #[arg(long)]
        user: String,
        /// What it runs
        #[arg(long)]
        image: String,
        /// Memory limit in MiB
        #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(64..=1_048_576))]
        memory: u32,
        /// Virtual processors
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=256))]
        cpus: u32,
        /// Largest size of the user's home in MiB
        #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(16..=16_777_216))]
        home: u32,
    },
    /// List the machines: id, user, name, image, state, user's state, who is connected, last fault
    List,
}

/// One line of standard input; at a terminal asked for twice, and not shown.
pub(crate) fn read_password() -> anyhow::Result<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(line()?);
    }
    let before = tcgetattr(&stdin)?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSANOW, &hidden)?;
    let typed = ask("Password: ").and_then(|first| Ok((first, ask("Again: ")?)));
    tcsetattr(&stdin, SetArg::TCSANOW, &before)?;
    let (first, second) = typed?;
    anyhow::ensure!(first == second, "the two passwords differ");
    Ok(first)
}

fn ask(prompt: &str) -> io::Result<String> {
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let typed = line();
    writeln!(terminal)?;
    typed
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
