//! Hypervisors: what makes a machine run on this host.
//!
//! House-keeping knows machines through [`Hypervisor`] and [`Machine`] only. Whatever differs between QEMU and
//! containers - disks, control sockets, how to ask for an orderly power-off, how to see the end - is behind them.
//! Both keep these principles:
//!
//! * Everything of a machine lives in its own directory ([`MachineSpec::directory`]); what is needed to find it again
//!   after a restart of the daemon is a file there, so [`Hypervisor::adopt`] needs nothing but the spec.
//! * The node listens ([`MachineSpec::listen`]) before it starts or adopts the machine; the machine's end of that
//!   socket is the only way between node and agent.
//! * The end of a machine is an event ([`Machine::ended`]), never found by looking again and again.

mod console;
pub mod container;
mod home;
mod image;
mod process;
pub mod qemu;
mod watch;

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use qvd_protocol::VmId;
use qvd_protocol::agent::AgentConfig;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::net::UnixListener;

/// Free space that a machine starts with, in MiB. Its files are sparse: without space behind them, what it writes
/// would be lost after it was told that it is written.
const LEAST_DISK_MIB: u64 = 256;

/// Which hypervisor a node uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// QEMU where the processor executes guests, containers where it does not.
    #[default]
    Auto,
    /// QEMU, however slow.
    Qemu,
    /// Containers.
    Container,
}

impl Choice {
    /// Makes the chosen hypervisor ready; looks at the processor if it has to, which takes less than a second.
    pub async fn open(self) -> io::Result<Arc<dyn Hypervisor>> {
        if self != Self::Container {
            let qemu = qemu::Qemu::probe().await;
            if self == Self::Qemu || qemu.is_fast() {
                return Ok(Arc::new(qemu));
            }
        }
        Ok(Arc::new(container::Container::new()?))
    }
}

impl FromStr for Choice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "qemu" => Ok(Self::Qemu),
            "container" => Ok(Self::Container),
            _ => Err(UnknownChoice(text.to_owned())),
        }
    }
}

/// There is no such hypervisor.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("expected auto, qemu or container, found {0:?}")]
pub struct UnknownChoice(String);

/// A way to run machines.
#[async_trait]
pub trait Hypervisor: Send + Sync {
    /// Starts a machine; returns when the hypervisor has taken it, long before its agent reports.
    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, StartError>;

    /// Finds a machine that an earlier run of the daemon started; `None` when nothing of it runs.
    /// Whatever a machine that is gone left behind is removed.
    async fn adopt(&self, spec: &MachineSpec) -> io::Result<Option<Box<dyn Machine>>>;
}

/// A machine that runs. Dropping it leaves it running.
#[async_trait]
pub trait Machine: Send + Sync {
    /// Asks for an orderly power-off through the hypervisor, for a machine whose agent does not answer.
    /// Returns when the request is made.
    async fn power_off(&self) -> io::Result<()>;

    /// Ends it at once and removes what it used; returns when nothing of it is left.
    async fn kill(&self) -> io::Result<()>;

    /// Resolves when the machine has ended, by whatever cause, and what it used was removed. May be called again.
    async fn ended(&self) -> End;
}

/// What to run.
#[derive(Clone, Debug)]
pub struct MachineSpec {
    /// The machine.
    pub id: VmId,
    /// Host name inside.
    pub name: String,
    /// Directory of the image: what is in it is said by `image.toml` there, and depends on the hypervisor.
    pub image: PathBuf,
    /// The machine's own directory: overlay, home, sockets, marks. Exists, mode 0700.
    pub directory: PathBuf,
    /// Memory limit in MiB.
    pub memory_mib: u32,
    /// Virtual processors.
    pub cpus: u32,
    /// Largest size of the user's home, in MiB.
    pub home_mib: u32,
    /// What to give the agent.
    pub agent: AgentConfig,
}

impl MachineSpec {
    /// Listens on the Unix socket that the machine's link leads to. A socket that an earlier run of the daemon
    /// left there is replaced; the machine's agent finds the new one.
    pub fn listen(&self) -> io::Result<UnixListener> {
        let directory = self.link_directory()?;
        let socket = directory.join("node.sock");
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A socket's path is at most 107 bytes long, a directory's is not.
        let handle = std::fs::File::open(&directory)?;
        let listener = UnixListener::bind(format!("/proc/self/fd/{}/node.sock", handle.as_raw_fd()))?;
        std::fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(listener)
    }

    /// The directory with what is between node and agent; made if it is missing. A container has it at `/run/qvd`,
    /// the directory rather than the files, so that it sees the socket of a node that was restarted.
    fn link_directory(&self) -> io::Result<PathBuf> {
        let directory = self.directory.join("link");
        match std::fs::DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(directory),
        }
    }

    /// Writes what the agent is to be told, where only root can read it; returns the file.
    fn write_agent_config(&self) -> io::Result<PathBuf> {
        let path = self.link_directory()?.join("agent.json");
        let text = serde_json::to_vec(&self.agent)?;
        replace(&path, &text)?;
        Ok(path)
    }

    /// The name as a host name (RFC 1123): what is not allowed in one becomes a hyphen.
    fn host_name(&self) -> String {
        let name: String = self
            .name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(63)
            .collect();
        match name.trim_matches('-') {
            "" => "desktop".to_owned(),
            name => name.to_owned(),
        }
    }

    /// Refuses a machine that the node's memory or disk cannot hold.
    fn check_room(&self) -> Result<(), StartError> {
        self.check_memory()?;
        let disk = rustix::fs::statvfs(&self.directory)
            .map_err(|error| StartError::from_io("looking at the disk", &error.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
        if free < LEAST_DISK_MIB {
            return Err(StartError::NoSpace(format!(
                "{free} MiB are left, a machine starts with {LEAST_DISK_MIB} MiB or more"
            )));
        }
        Ok(())
    }

    fn check_memory(&self) -> Result<(), StartError> {
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let Some(available) = available_mib(&meminfo) else { return Ok(()) };
        if u64::from(self.memory_mib) <= available {
            return Ok(());
        }
        Err(StartError::OutOfMemory(format!(
            "the machine is to have {} MiB, the node has {available} MiB left",
            self.memory_mib
        )))
    }
}

/// `MemAvailable` of `/proc/meminfo`, in MiB.
fn available_mib(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib >> 10)
}

/// Writes a file of mode 0600 in place of one that may be there.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(content)
}

/// Why a machine did not start. The texts are sentences for a person.
#[derive(Debug, Error)]
pub enum StartError {
    /// The image, or a file of it, does not exist.
    #[error("the image is missing: {0}")]
    ImageMissing(String),
    /// The image is there but cannot be used.
    #[error("the image is broken: {0}")]
    ImageBroken(String),
    /// There is not enough memory on the node.
    #[error("the node has not enough memory: {0}")]
    OutOfMemory(String),
    /// There is no space left on the node's disk.
    #[error("the node's disk is full: {0}")]
    NoSpace(String),
    /// Something else that the node's log has the details of.
    #[error("the hypervisor failed: {0}")]
    Failed(String),
}

impl StartError {
    /// From an error of the operating system while doing `what`.
    fn from_io(what: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace(format!("{what}: {error}"))
            }
            io::ErrorKind::OutOfMemory => Self::OutOfMemory(format!("{what}: {error}")),
            _ => Self::Failed(format!("{what}: {error}")),
        }
    }
}

/// How a machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It powered itself off or was killed on request.
    PoweredOff,
    /// It ended with an error: last words of its console or of the hypervisor.
    Failed(String),
    /// It was ended because it used more memory than its limit.
    OutOfMemory,
    /// It ended, but something it used could not be removed: which, and why.
    Zombie(String),
}

#[cfg(test)]
mod tests {
    use qvd_protocol::Secret;
    use qvd_protocol::agent::SessionUser;

    use super::*;

    pub(super) fn spec(directory: &Path) -> MachineSpec {
        let id = VmId::random();
        MachineSpec {
            id,
            name: "Demo desktop".into(),
            image: directory.join("image"),
            directory: directory.to_owned(),
            memory_mib: 512,
            cpus: 1,
            home_mib: 64,
            agent: AgentConfig {
                vm: id,
                secret: Secret::new("a secret"),
                user: SessionUser { name: "demo".into(), uid: 1000 },
            },
        }
    }

    #[test]
    fn a_name_becomes_a_host_name() {
        let mut spec = spec(Path::new("/nowhere"));
        assert_eq!(spec.host_name(), "demo-desktop");
        spec.name = "Ünï/../;".into();
        assert_eq!(spec.host_name(), "n");
        spec.name = "\u{1f5a5}".into();
        assert_eq!(spec.host_name(), "desktop");
    }

    #[tokio::test]
    async fn a_node_can_listen_again_and_below_a_long_path() {
        let directory = tempfile::tempdir().unwrap();
        let long = directory.path().join("a".repeat(200));
        std::fs::create_dir(&long).unwrap();
        let spec = spec(&long);
        drop(spec.listen().unwrap());
        spec.listen().unwrap();
    }

    #[test]
    fn a_machine_larger_than_the_nodes_memory_is_refused() {
        assert_eq!(available_mib("MemTotal: 1 kB\nMemAvailable:    2097152 kB\n"), Some(2048));
        let mut spec = spec(Path::new("/nowhere"));
        spec.memory_mib = u32::MAX;
        let error = spec.check_memory().unwrap_err();
        assert!(matches!(error, StartError::OutOfMemory(_)), "{error}");
    }

    #[test]
    fn only_root_can_read_what_the_agent_is_told() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = spec(directory.path()).write_agent_config().unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
