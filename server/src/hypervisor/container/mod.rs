//! Containers: a machine is a set of namespaces around the agent, run by `runc`.
//!
//! ```text
//! DIRECTORY/link/       node.sock, agent.json          → /run/qvd
//!           home.img    the user's home, ext4; stays   → mounted at home/ → /home
//!           system/     what the machine wrote over its image; overlay, thrown away at its end
//!           root/       image and overlay, mounted     → /
//!           runc/       config.json and the runtime's state
//!           init        mark of the container's first process
//!           console.log what the agent wrote to its standard output and error
//! ```
//!
//! The runtime does not stay: the container's first process becomes our child (we are the reaper of orphans), and
//! that of the host's first process when we end, which is why it survives us. Its exit status is ours to read unless
//! it was adopted.

mod bundle;
mod cgroup;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::process::Signal;
use tracing::{debug, info, warn};

use super::image::{Image, existing};
use super::process::{Process, Status};
use super::watch::Watch;
use super::{End, Hypervisor, Machine, MachineSpec, StartError, console, home, replace};

/// Runs machines as containers of this host.
#[derive(Debug)]
pub struct Container {
    _private: (),
}

impl Container {
    /// Makes this process the reaper of the containers it starts.
    pub fn new() -> io::Result<Self> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        Ok(Self { _private: () })
    }
}

#[async_trait]
impl Hypervisor for Container {
    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, StartError> {
        let place = Place::of(spec);
        let spec = spec.clone();
        let runtime = tokio::runtime::Handle::current();
        let started = tokio::task::spawn_blocking(move || {
            place
                .clean()
                .map_err(|error| StartError::from_io("removing what an earlier run left", &error))?;
            let process = launch(&spec, &place, &runtime).inspect_err(|_| {
                if let Err(error) = place.clean() {
                    warn!(vm = %spec.id, "what a failed start left cannot be removed: {error}");
                }
            })?;
            Ok((process, place))
        });
        let (process, place) = started.await.map_err(|error| StartError::Failed(error.to_string()))??;
        info!(vm = %place.id, pid = process.pid(), "container started");
        Ok(Box::new(RunningContainer::watch(process, place)))
    }

    async fn adopt(&self, spec: &MachineSpec) -> io::Result<Option<Box<dyn Machine>>> {
        let place = Place::of(spec);
        if let Some(process) = Process::find(&place.mark()) {
            info!(vm = %place.id, pid = process.pid(), "container adopted");
            return Ok(Some(Box::new(RunningContainer::watch(process, place))));
        }
        tokio::task::spawn_blocking(move || place.clean()).await.map_err(io::Error::other)??;
        Ok(None)
    }
}

/// A container that runs.
struct RunningContainer {
    process: Arc<Process>,
    /// Whether its end was asked for.
    requested: Arc<AtomicBool>,
    watch: Watch,
}

impl RunningContainer {
    fn watch(process: Process, place: Place) -> Self {
        let process = Arc::new(process);
        let requested = Arc::new(AtomicBool::new(false));
        let watch = Watch::new(place.id.clone(), {
            let (process, requested) = (Arc::clone(&process), Arc::clone(&requested));
            async move {
                let status = process.ended().await.unwrap_or(Status::Unknown);
                let requested = requested.load(Ordering::Relaxed);
                debug!(vm = %place.id, ?status, "the first process ended");
                let end = tokio::task::spawn_blocking(move || {
                    let killed_for_memory = cgroup::killed_for_memory(&place.cgroup);
                    let words = console::last_words(&place.console());
                    match place.clean() {
                        Ok(()) => verdict(status, requested, killed_for_memory, &words),
                        Err(error) => End::Zombie(error.to_string()),
                    }
                });
                end.await.unwrap_or_else(|error| End::Zombie(error.to_string()))
            }
        });
        Self { process, requested, watch }
    }
}

#[async_trait]
impl Machine for RunningContainer {
    async fn power_off(&self) -> io::Result<()> {
        self.requested.store(true, Ordering::Relaxed);
        self.process.signal(Signal::TERM)
    }

    async fn kill(&self) -> io::Result<()> {
        self.requested.store(true, Ordering::Relaxed);
        self.process.signal(Signal::KILL)?;
        self.watch.gone().await
    }

    async fn ended(&self) -> End {
        self.watch.ended().await
    }
}

/// What the end of the first process means.
fn verdict(status: Status, requested: bool, killed_for_memory: bool, words: &str) -> End {
    match status {
        _ if requested => End::PoweredOff,
        // A program that was killed for its memory does not end the machine; the first process does.
        Status::Signalled(9) | Status::Unknown if killed_for_memory => End::OutOfMemory,
        Status::Exited(0) | Status::Unknown => End::PoweredOff,
        Status::Exited(code) => End::Failed(with_words(format!("the agent ended with status {code}"), words)),
        Status::Signalled(signal) => {
            End::Failed(with_words(format!("signal {signal} ended the agent"), words))
        }
    }
}

fn with_words(what: String, words: &str) -> String {
    if words.is_empty() { what } else { format!("{what}: {words}") }
}

/// The files of a machine that is a container.
#[derive(Clone, Debug)]
struct Place {
    id: String,
    directory: PathBuf,
    cgroup: String,
}

impl Place {
    fn of(spec: &MachineSpec) -> Self {
        Self { id: spec.id.to_string(), directory: spec.directory.clone(), cgroup: bundle::cgroup(spec) }
    }

    fn mark(&self) -> PathBuf {
        self.directory.join("init")
    }

    fn root(&self) -> PathBuf {
        self.directory.join("root")
    }

    fn home(&self) -> PathBuf {
        self.directory.join("home")
    }

    fn system(&self) -> PathBuf {
        self.directory.join("system")
    }

    fn runtime(&self) -> PathBuf {
        self.directory.join("runc")
    }

    fn console(&self) -> PathBuf {
        self.directory.join("console.log")
    }

    fn runc(&self) -> Command {
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.runtime().join("state"));
        command
    }

    /// Ends whatever runs of the container and removes everything of it but home and console.
    /// Does nothing where there is nothing.
    fn clean(&self) -> io::Result<()> {
        if self.runtime().join("state").join(&self.id).exists() {
            home::run(self.runc().args(["delete", "--force"]).arg(&self.id))?;
        }
        cgroup::remove(&self.cgroup)?;
        for mounted in [self.root(), self.home()] {
            unmount(&mounted)?;
        }
        for directory in [self.system(), self.runtime()] {
            ignore_missing(fs::remove_dir_all(directory))?;
        }
        ignore_missing(fs::remove_file(self.mark()))
    }
}

/// Makes the parts of the container and starts it.
fn launch(
    spec: &MachineSpec,
    place: &Place,
    runtime: &tokio::runtime::Handle,
) -> Result<Process, StartError> {
    let image = Image::read(&spec.image)?;
    let Some(parts) = &image.container else {
        return Err(StartError::ImageBroken(format!("{} is not made for containers", spec.image.display())));
    };
    existing(&image.agent)?;
    existing(&parts.rootfs)?;
    existing(&parts.rootfs.join("usr/bin"))?;
    spec.check_room()?;

    let failed = |what: &'static str| move |error: io::Error| StartError::from_io(what, &error);
    let home_file = home::prepare(spec).map_err(failed("making the home"))?;
    for directory in [
        place.root(),
        place.home(),
        place.runtime(),
        place.system().join("upper"),
        place.system().join("work"),
    ] {
        fs::create_dir_all(directory).map_err(failed("making the machine's directories"))?;
    }
    home::mount(&home_file, &place.home()).map_err(failed("mounting the home"))?;
    mount_root(&parts.rootfs, place).map_err(failed("mounting the system"))?;

    let link = spec.link_directory().map_err(failed("making the link's directory"))?;
    spec.write_agent_config().map_err(failed("writing the agent's configuration"))?;
    let (root, home) = (place.root(), place.home());
    let config =
        bundle::config(spec, &bundle::Parts { root: &root, home: &home, link: &link, agent: &image.agent });
    let config = serde_json::to_vec(&config).map_err(|error| StartError::Failed(error.to_string()))?;
    replace(&place.runtime().join("config.json"), &config)
        .map_err(failed("writing the container's configuration"))?;

    let pid = run(place)?;
    let _entered = runtime.enter();
    let process = Process::open(pid).map_err(failed("taking hold of the container"))?;
    process.leave_mark(&place.mark()).map_err(failed("marking the container"))?;
    Ok(process)
}

/// Lays the disposable layer over the image.
fn mount_root(lower: &Path, place: &Place) -> io::Result<()> {
    let options = overlay_options(lower, &place.system().join("upper"), &place.system().join("work"))?;
    rustix::mount::mount(c"qvd", place.root(), c"overlay", MountFlags::empty(), options.as_c_str())?;
    Ok(())
}

/// Mount options of an overlay; commas and colons in a path are escaped (kernel, `filesystems/overlayfs`).
fn overlay_options(lower: &Path, upper: &Path, work: &Path) -> io::Result<std::ffi::CString> {
    let mut options = OsString::new();
    for (name, path) in [("lowerdir=", lower), (",upperdir=", upper), (",workdir=", work)] {
        options.push(name);
        let escaped = path.as_os_str().as_bytes().iter().flat_map(|&byte| {
            let escape = matches!(byte, b'\\' | b',' | b':').then_some(b'\\');
            escape.into_iter().chain([byte])
        });
        options.push(OsString::from_vec(escaped.collect()));
    }
    // The layer does not outlive the machine, so nothing of it needs to reach the disk.
    options.push(",volatile");
    std::ffi::CString::new(options.into_vec()).map_err(io::Error::other)
}

/// Has the runtime start the container; returns the number of its first process.
fn run(place: &Place) -> Result<i32, StartError> {
    let failed = |what: &'static str| move |error: io::Error| StartError::from_io(what, &error);
    replace(&place.console(), b"").map_err(failed("making the console's file"))?;
    let console = || fs::OpenOptions::new().append(true).open(place.console());
    let log = place.runtime().join("log");
    let pid_file = place.runtime().join("pid");
    let status = place
        .runc()
        .arg("--log")
        .arg(&log)
        .args(["--log-format", "json", "run", "--detach", "--pid-file"])
        .arg(&pid_file)
        .arg("--bundle")
        .arg(place.runtime())
        .arg(&place.id)
        .stdin(Stdio::null())
        .stdout(console().map_err(failed("opening the console's file"))?)
        .stderr(console().map_err(failed("opening the console's file"))?)
        .status()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StartError::Failed("runc is not installed".into()),
            _ => StartError::from_io("running runc", &error),
        })?;
    if !status.success() {
        let log = fs::read_to_string(log).unwrap_or_default();
        return Err(StartError::Failed(complaint(&log).unwrap_or_else(|| format!("runc failed ({status})"))));
    }
    let text =
        fs::read_to_string(pid_file).map_err(failed("reading the number of the container's process"))?;
    text.trim().parse().map_err(|_| StartError::Failed(format!("runc gave {text:?} as a process number")))
}

/// The last message of the runtime's log of JSON lines.
fn complaint(log: &str) -> Option<String> {
    let message = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(entry.get("msg")?.as_str()?.to_owned())
    };
    log.lines().rev().find_map(message)
}

/// Unmounts what is mounted at `target`, if anything is.
fn unmount(target: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    loop {
        match rustix::mount::unmount(target, UnmountFlags::NOFOLLOW) {
            // There may be several mounts one over the other.
            Ok(()) => {}
            Err(Errno::INVAL | Errno::NOENT) => return Ok(()),
            Err(error) => {
                return Err(io::Error::new(
                    io::Error::from(error).kind(),
                    format!("{} cannot be unmounted: {error}", target.display()),
                ));
            }
        }
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_killed_for_its_memory_is_told_from_one_that_crashed() {
        let words = "last words";
        assert_eq!(verdict(Status::Signalled(9), false, true, words), End::OutOfMemory);
        let crashed = End::Failed("signal 11 ended the agent: last words".into());
        assert_eq!(verdict(Status::Signalled(11), false, true, words), crashed);
        assert_eq!(verdict(Status::Exited(0), false, true, words), End::PoweredOff);
        assert_eq!(verdict(Status::Signalled(9), true, false, words), End::PoweredOff);
    }

    #[test]
    fn a_path_with_separators_is_escaped_for_the_overlay() {
        let options = overlay_options(Path::new("/a:b"), Path::new("/c,d"), Path::new("/e\\f")).unwrap();
        assert_eq!(options.to_str().unwrap(), r"lowerdir=/a\:b,upperdir=/c\,d,workdir=/e\\f,volatile");
    }

    #[test]
    fn the_runtimes_last_message_is_its_complaint() {
        let log = "{\"level\":\"warning\",\"msg\":\"first\"}\n{\"level\":\"error\",\"msg\":\"no such file\"}\nnoise\n";
        assert_eq!(complaint(log).as_deref(), Some("no such file"));
        assert_eq!(complaint(""), None);
    }
}
