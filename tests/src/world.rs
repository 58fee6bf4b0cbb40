//! A server of one's own: data directory, users, images, machines, and the daemon, all private and all gone afterwards.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use qvd_client_core::api::Api;
use qvd_client_core::protocol::Secret;
use qvd_client_core::protocol::VmId;
use qvd_client_core::protocol::api::{DesktopAction, VmState};
use qvd_client_core::trust::KnownServers;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::process::Program;
use crate::screen::Screen;

/// The password of every user that a [`World`] makes.
pub const PASSWORD: &str = "correct horse battery staple";
/// Longest for anything that takes a moment.
pub const SOON: Duration = Duration::from_secs(30);

/// A program of this workspace, as `cargo build` left it beside this test.
pub fn program(name: &str) -> PathBuf {
    // target/<profile>/deps/<this test>
    let mut directory = std::env::current_exe().unwrap_or_default();
    directory.pop();
    directory.pop();
    directory.join(name)
}

/// The demo image that `tests/run` has built: `QVD_TEST_IMAGE`, else `target/image`.
pub fn image() -> Result<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/image");
    let image = std::env::var_os("QVD_TEST_IMAGE").map_or_else(usual, PathBuf::from);
    image.canonicalize().with_context(|| format!("{} is not built; tests/run does it", image.display()))
}

/// A server with everything that belongs to it.
#[derive(Debug)]
pub struct World {
    hypervisor: &'static str,
    daemon: Option<Program>,
    listen: SocketAddr,
    fingerprint: String,
    runtime: Runtime,
    data: TempDir,
    machines: Vec<String>,
}

impl World {
    /// A running server with the user `demo`, the demo image `debian`, and no machine.
    pub fn start(hypervisor: &'static str) -> Result<Self> {
        Self::configured(hypervisor, "")
    }

    /// The same with a configuration file.
    pub fn configured(hypervisor: &'static str, configuration: &str) -> Result<Self> {
        let mut world = Self {
            hypervisor,
            daemon: None,
            listen: ([127, 0, 0, 1], 0).into(),
            fingerprint: String::new(),
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?,
            data: TempDir::with_prefix("qvd-test-")?,
            machines: Vec::new(),
        };
        std::fs::write(world.data.path().join("qvd-server.toml"), configuration)?;
        world.server(&["init"], None)?;
        world.add_user("demo")?;
        world.add_image("debian", &image()?)?;
        world.run()?;
        Ok(world)
    }

    /// Adds a user whose password is [`PASSWORD`].
    pub fn add_user(&self, name: &str) -> Result<()> {
        self.server(&["user", "add", name], Some(PASSWORD)).map(drop)
    }

    /// Adds an image.
    pub fn add_image(&self, name: &str, directory: &Path) -> Result<()> {
        self.server(&["image", "add", name, &directory.to_string_lossy()], None).map(drop)
    }

    /// Adds a machine `name` of user `demo`, from `image`, with further options of `vm add`.
    pub fn add_machine(&mut self, name: &str, image: &str, options: &[&str]) -> Result<VmId> {
        let usual = ["vm", "add", name, "--user", "demo", "--image", image, "--home", "64"];
        let printed = self.server(&[&usual[..], options].concat(), None)?;
        self.machines.push(name.to_owned());
        printed.trim().parse().context("vm add prints an id")
    }

    /// Starts the daemon; after the first time at the same port.
    pub fn run(&mut self) -> Result<()> {
        let daemon =
            Program::start(Command::new(program("qvd-server")).arg("--data").arg(self.data.path()).args([
                "run",
                "--hypervisor",
                self.hypervisor,
                "--listen",
                &self.listen.to_string(),
            ]))?;
        let line = daemon.wait_for_line("qvd-server ready at ", SOON)?;
        let mut words = line.trim_start_matches("qvd-server ready at ").split(", certificate SHA-256 ");
        self.listen = words.next().unwrap_or_default().parse().with_context(|| line.clone())?;
        words.next().context("no fingerprint in the ready line")?.clone_into(&mut self.fingerprint);
        self.daemon = Some(daemon);
        Ok(())
    }

    /// The daemon, to read its log.
    pub fn daemon(&self) -> Result<&Program> {
        self.daemon.as_ref().context("the daemon does not run")
    }

    /// Ends the daemon with a signal; its machines go on.
    pub fn end_daemon(&mut self, signal: Signal) -> Result<()> {
        let mut daemon = self.daemon.take().context("the daemon does not run")?;
        daemon.signal(signal)?;
        daemon.wait(SOON).map(drop)
    }

    /// Where the front door is.
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// SHA-256 of the server's certificate, as the server prints it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// A runtime to run the API's calls on.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Logs in without a window.
    pub fn api(&self, user: &str, password: &str) -> Result<Api> {
        let known = KnownServers::in_folder(&self.data.path().join("api-client"));
        let address = self.listen.to_string().parse()?;
        known.trust(&address, self.fingerprint.parse()?)?;
        let login = Api::log_in(address, known, user.to_owned(), Secret::new(password));
        Ok(self.runtime.block_on(login)?.0)
    }

    /// A client that goes straight to a desktop of `demo` and logs to its standard error. Its settings are new.
    pub fn client(&self, screen: &Screen, desktop: &str, options: &[&str]) -> Result<Program> {
        self.connecting(self.client_command(screen)?, desktop, options)
    }

    /// A client that goes straight to a desktop of `demo`, with settings and what was kept from other times.
    pub fn client_with(&self, screen: &Screen, desktop: &str, settings: &Path) -> Result<Program> {
        self.connecting(self.client_command_with(screen, settings), desktop, &["--fullscreen"])
    }

    fn connecting(&self, mut command: Command, desktop: &str, options: &[&str]) -> Result<Program> {
        command.args(["--user", "demo", "--connect", desktop, "--accept-fingerprint", &self.fingerprint]);
        command.args(options);
        Program::start_with_input(&mut command, PASSWORD)
    }

    /// A client that knows the server and has been told nothing else. Its settings are new.
    pub fn client_command(&self, screen: &Screen) -> Result<Command> {
        let settings = TempDir::with_prefix_in("client-", self.data.path())?.keep();
        Ok(self.client_command_with(screen, &settings))
    }

    /// As above, with a folder for its settings and what it keeps.
    pub fn client_command_with(&self, screen: &Screen, settings: &Path) -> Command {
        let mut command = screen.command(program("qvd-client"));
        command.arg(self.listen.to_string()).arg("--config-dir").arg(settings);
        command.args(["--password-stdin", "--theme", "light", "--log", "info"]);
        command
    }

    /// Stops a machine and waits until it is.
    pub fn stop_machine(&self, name: &str) -> Result<()> {
        let api = self.api("demo", PASSWORD)?;
        self.runtime.block_on(async {
            let find = async || {
                let desktops = api.desktops().await?;
                desktops.into_iter().find(|desktop| desktop.name == name).context("no such machine")
            };
            let desktop = find().await?;
            if desktop.state == VmState::Stopped {
                return Ok(());
            }
            api.act(desktop.id, DesktopAction::Stop).await?;
            // The API has no event for this: a test that has ended may look again and again.
            for _ in 0..600 {
                if find().await?.state == VmState::Stopped {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            bail!("{name} does not stop")
        })
    }

    fn server(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        let mut child = Command::new(program("qvd-server"))
            .arg("--data")
            .arg(self.data.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start qvd-server; tests/run builds it")?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            writeln!(stdin, "{input}")?;
        }
        let output = child.wait_with_output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "qvd-server {} failed: {errors}", arguments.join(" "));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.daemon.is_none() {
            let _ = self.run();
        }
        for name in &self.machines {
            if let Err(error) = self.stop_machine(name) {
                eprintln!("machine {name} was not stopped: {error:#}");
            }
        }
        if std::thread::panicking()
            && let Some(daemon) = &self.daemon
        {
            eprintln!("---- qvd-server printed:\n{}", daemon.output());
        }
    }
}
