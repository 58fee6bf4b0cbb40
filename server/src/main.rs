//! The program `qvd-server`: the daemon, and the tools to furnish its database.

mod cli;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{CommandFactory, Parser};
use qvd_server::config::REFERENCE;
use qvd_server::l7r::{Identity, hash_password};
use qvd_server::store::NewVm;
use qvd_server::{Config, Daemon, DataDirectory, Store};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command, ImageCommand, Run, UserCommand, VmCommand};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("QVD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(execute(cli)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qvd-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(cli: Cli) -> Result<()> {
    if let Command::Completions { shell } = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "qvd-server", &mut std::io::stdout());
        return Ok(());
    }
    let data = DataDirectory::open(&cli.data)
        .with_context(|| format!("cannot use {} as data directory", cli.data.display()))?;
    match cli.command {
        Command::Run(options) => run(&data, cli.config.as_deref(), &options).await,
        Command::Init => init(&data, cli.config.as_deref()).await,
        Command::User(command) => user(&store(&data).await?, command).await,
        Command::Image(command) => image(&store(&data).await?, command).await,
        Command::Vm(command) => vm(&store(&data).await?, command).await,
        Command::Completions { .. } => Ok(()),
    }
}

async fn store(data: &DataDirectory) -> Result<Store> {
    let file = data.database();
    Store::open(&file).await.with_context(|| format!("cannot open {}", file.display()))
}

fn config(data: &DataDirectory, file: Option<&Path>) -> Result<Config> {
    Ok(match file {
        Some(file) => Config::load(file, true)?,
        None => Config::load(&data.config(), false)?,
    })
}

async fn init(data: &DataDirectory, file: Option<&Path>) -> Result<()> {
    if file.is_none() && !data.config().exists() {
        std::fs::write(data.config(), REFERENCE)
            .with_context(|| format!("cannot write {}", data.config().display()))?;
    }
    let config = config(data, file)?;
    store(data).await?;
    let identity = Identity::load(data, &config.tls)?;
    println!("data directory {}", data.path().display());
    println!("configuration {}", file.unwrap_or(&data.config()).display());
    println!("certificate SHA-256 {}", identity.fingerprint);
    Ok(())
}

async fn run(data: &DataDirectory, file: Option<&Path>, options: &Run) -> Result<()> {
    let mut config = config(data, file)?;
    config.listen = options.listen.unwrap_or(config.listen);
    config.hypervisor = options.hypervisor.unwrap_or(config.hypervisor);
    let choice = config.hypervisor;
    let hypervisor =
        choice.open().await.with_context(|| format!("cannot use the hypervisor ({choice:?})"))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // A terminal that goes away takes nobody's desktop with it.
    let _hangup = signal(SignalKind::hangup())?;
    let daemon = Daemon::start(data, config, hypervisor).await?;
    println!("qvd-server ready at {}, certificate SHA-256 {}", daemon.address(), daemon.fingerprint());
    std::io::stdout().flush()?;
    notify("READY=1")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    notify("STOPPING=1")?;
    tracing::info!("stopping; machines keep running");
    daemon.stop().await;
    Ok(())
}

/// Tells systemd, if it asked to be told (`sd_notify(3)`).
fn notify(state: &str) -> Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let address = match path.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&path),
    };
    address
        .and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address))
        .context("cannot tell systemd")?;
    Ok(())
}

async fn user(store: &Store, command: UserCommand) -> Result<()> {
    match command {
        UserCommand::Add { name, random } => {
            if name.is_empty() || name.len() > 64 || name.chars().any(|c| c.is_control() || c.is_whitespace())
            {
                bail!("a user name has 1 to 64 bytes and no blanks, found {name:?}");
            }
            let password = password(random)?;
            store.add_user(&name, &hash_password(&password)?).await?;
            tell(random, &password);
        }
        UserCommand::Password { name, random } => {
            let password = password(random)?;
            store.set_password(&name, &hash_password(&password)?).await?;
            tell(random, &password);
        }
        UserCommand::List => store.user_names().await?.iter().for_each(|name| println!("{name}")),
    }
    Ok(())
}

/// A random password is shown this once.
fn tell(random: bool, password: &str) {
    if random {
        println!("{password}");
    }
}

/// 100 random bits in letters that are not taken for each other, or what was typed or piped in.
fn password(random: bool) -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    if random {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes).context("there are no random numbers")?;
        return Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect());
    }
    let password = cli::read_password()?;
    if password.is_empty() || password.len() > qvd_protocol::api::MAX_CREDENTIAL {
        bail!("a password has 1 to {} bytes", qvd_protocol::api::MAX_CREDENTIAL);
    }
    Ok(password)
}

async fn image(store: &Store, command: ImageCommand) -> Result<()> {
    match command {
        ImageCommand::Add { name, directory } => {
            let directory: PathBuf = directory
                .canonicalize()
                .with_context(|| format!("cannot find the image's directory {}", directory.display()))?;
            if !directory.join("image.toml").is_file() {
                bail!("{} is no image: there is no image.toml in it", directory.display());
            }
            store.add_image(&name, &directory).await?;
        }
        ImageCommand::List => {
            for image in store.images().await? {
                println!("{}\t{}", image.name, image.directory.display());
            }
        }
    }
    Ok(())
}

async fn vm(store: &Store, command: VmCommand) -> Result<()> {
    match command {
        VmCommand::Add { name, user, image, memory, cpus, home } => {
            let vm = NewVm { name, user, image, memory_mib: memory, cpus, home_mib: home };
            println!("{}", store.add_vm(&vm).await?);
        }
        VmCommand::List => {
            for row in store.desktops(None).await? {
                let (desktop, holder) = (&row.desktop, row.desktop.holder.as_ref());
                println!(
                    "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    desktop.id,
                    row.user,
                    desktop.name,
                    desktop.image,
                    desktop.state.as_str(),
                    desktop.user_state.as_str(),
                    holder.map_or_else(String::new, |holder| format!("{} ({})", holder.host, holder.address)),
                    desktop.fault.as_deref().unwrap_or_default(),
                );
            }
        }
    }
    Ok(())
}
