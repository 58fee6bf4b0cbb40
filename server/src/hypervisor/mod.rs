//! Hypervisors: what makes a machine run on this host.
//!
//! House-keeping knows machines through [`Hypervisor`] and [`Machine`] only. Whatever differs between QEMU and
//! containers - disks, control sockets, how to ask for an orderly power-off, how to see the end - is behind them.
//! Both keep these principles:
//!
//! * Everything of a machine lives in its own directory ([`MachineSpec::directory`]); what is needed to find it again
//!   after a restart of the daemon is a file there, so [`Hypervisor::adopt`] needs nothing but the spec.
//! * The node listens on [`MachineSpec::link_socket`] before it starts the machine; the machine's end of it is the
//!   only way between node and agent.
//! * The end of a machine is an event ([`Machine::ended`]), never found by looking again and again.

use std::path::PathBuf;

use async_trait::async_trait;
use qvd_protocol::VmId;
use qvd_protocol::agent::AgentConfig;
use thiserror::Error;

/// A way to run machines.
#[async_trait]
pub trait Hypervisor: Send + Sync {
    /// Starts a machine; returns when the hypervisor has taken it, long before its agent reports.
    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, StartError>;

    /// Finds a machine that an earlier run of the daemon started; `None` when nothing of it runs.
    /// Whatever a machine that is gone left behind is removed.
    async fn adopt(&self, spec: &MachineSpec) -> std::io::Result<Option<Box<dyn Machine>>>;
}

/// A machine that runs. Dropping it leaves it running.
#[async_trait]
pub trait Machine: Send + Sync {
    /// Asks for an orderly power-off through the hypervisor, for a machine whose agent does not answer.
    /// Returns when the request is made.
    async fn power_off(&self) -> std::io::Result<()>;

    /// Ends it at once and removes what it used; returns when nothing of it is left.
    async fn kill(&self) -> std::io::Result<()>;

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
    /// The Unix socket that the node listens on and the machine's link leads to.
    pub fn link_socket(&self) -> PathBuf {
        self.directory.join("agent.sock")
    }
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
