//! House-keeping: the life of the machines of this node.
//!
//! ```text
//!   l7r ── Hkd::ensure_running ──▶ actor (one for each machine) ── Lifecycle: what to do next, pure
//!    ▲                               │  ▲
//!    └───── VmStatus (watch) ────────┘  └── link: the agent · hypervisor: the machine
//! ```
//!
//! Principles: one actor for each machine and nobody else touches it; nothing polls; each change of state is written
//! before it is made true; dropping [`Hkd`] leaves the machines running, and the next one adopts them.

mod actor;
mod lifecycle;
pub(crate) mod link;
mod rest;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use qvd_protocol::api::{DesktopAction, VmState};
use qvd_protocol::connect::Stage;
use qvd_protocol::{ErrorCode, VmId};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(crate) use actor::vm_directory;
use actor::{Actor, Request};
use lifecycle::{Input, Phase};
pub(crate) use link::{AgentError, AgentLink, LinkStream};

use crate::config::Timeouts;
use crate::hypervisor::Hypervisor;
use crate::store::{Fault, Store, StoreError};

/// All machines of this node. Dropping it ends the actors, not the machines.
pub(crate) struct Hkd {
    node: Arc<Node>,
    actors: Mutex<Actors>,
}

#[derive(Default)]
struct Actors {
    handles: HashMap<VmId, Handle>,
    tasks: JoinSet<()>,
}

/// What all actors share.
pub(crate) struct Node {
    pub(crate) store: Store,
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) timeouts: Timeouts,
    /// Its name in the database.
    pub(crate) name: String,
    /// The data directory.
    pub(crate) data: PathBuf,
}

#[derive(Clone)]
struct Handle {
    requests: mpsc::Sender<Request>,
    status: watch::Receiver<VmStatus>,
}

/// What an actor shows of its machine.
#[derive(Clone, Debug)]
pub(crate) struct VmStatus {
    phase: Phase,
    fault: Option<Fault>,
    agent: Option<AgentLink>,
}

impl VmStatus {
    pub(crate) fn state(&self) -> VmState {
        self.phase.state()
    }

    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

impl Node {
    fn vm_directory(&self, id: VmId) -> PathBuf {
        vm_directory(&self.data, id)
    }
}

impl Hkd {
    /// Begins with the machines that the database says are not stopped: each is adopted or found to be gone.
    pub(crate) async fn start(node: Node) -> Result<Self, StoreError> {
        let hkd = Self { node: Arc::new(node), actors: Mutex::default() };
        for id in hkd.node.store.vms_not_stopped(&hkd.node.name).await? {
            hkd.handle(id).await?;
        }
        Ok(hkd)
    }

    /// Starts, stops or restarts a machine; returns when it is under way.
    pub(crate) async fn act(&self, id: VmId, action: DesktopAction) -> Result<(), StoreError> {
        let input = match action {
            DesktopAction::Start => Input::Start,
            DesktopAction::Stop => Input::Stop,
            DesktopAction::Restart => Input::Restart,
        };
        self.handle(id).await?.ask(input).await;
        Ok(())
    }

    /// Sees to it that a machine runs and its agent is there; tells `progress` what it waits for. Cancelling it leaves
    /// the machine as it is: a start goes on.
    pub(crate) async fn ensure_running(
        &self,
        id: VmId,
        mut progress: impl FnMut(Stage),
    ) -> Result<Ready, Fault> {
        let handle = self.handle(id).await.map_err(|error| {
            tracing::error!(%id, "cannot read the machine: {error}");
            Fault { code: ErrorCode::Internal, message: "The server's database failed; try again.".into() }
        })?;
        let mut status = handle.status.clone();
        let mut stage = None;
        // What was found before anything was asked of the machine.
        let before = status.borrow_and_update().clone();
        if before.phase != Phase::Running {
            if matches!(before.phase, Phase::Stopping(_)) {
                stage = Some(Stage::Stopping);
                progress(Stage::Stopping);
            }
            handle.ask(Input::Start).await;
        }
        loop {
            let now = status.borrow_and_update().clone();
            let next = match (now.phase, now.agent) {
                (Phase::Running, Some(agent)) if !agent.is_closed() => {
                    return Ok(Ready { agent, status });
                }
                (Phase::Running, _) => {
                    match timeout(self.node.timeouts.agent_return(), status.changed()).await {
                        Ok(Ok(())) => continue,
                        _ => {
                            return Err(Fault {
                                code: ErrorCode::AgentLost,
                                message: "The desktop runs, but does not answer; restart it.".into(),
                            });
                        }
                    }
                }
                (Phase::Stopped | Phase::Zombie, _) => {
                    return Err(now.fault.unwrap_or_else(|| Fault {
                        code: ErrorCode::DesktopStopped,
                        message: "The desktop was stopped.".into(),
                    }));
                }
                (Phase::Launching, _) => Some(Stage::Starting),
                (Phase::Booting, _) => Some(Stage::Booting),
                (Phase::Stopping(_), _) => Some(Stage::Stopping),
                (Phase::Adopting(_), _) => None,
            };
            if let Some(next) = next
                && stage != Some(next)
            {
                stage = Some(next);
                progress(next);
            }
            if status.changed().await.is_err() {
                return Err(Fault {
                    code: ErrorCode::ServerStopping,
                    message: "The server is shutting down; connect again in a moment.".into(),
                });
            }
        }
    }

    /// The actor of a machine, made on first use.
    async fn handle(&self, id: VmId) -> Result<Handle, StoreError> {
        let mut actors = self.actors.lock().await;
        if let Some(handle) = actors.handles.get(&id) {
            return Ok(handle.clone());
        }
        let row = self.node.store.vm(id).await?;
        let row = row.ok_or_else(|| StoreError::Missing { what: "machine", name: id.to_string() })?;
        let phase = lifecycle::Lifecycle::restore(row.state, None).0.phase();
        let (publish, status) = watch::channel(VmStatus { phase, fault: row.fault.clone(), agent: None });
        let (requests, inbox) = mpsc::channel(16);
        actors.tasks.spawn(Actor::run(self.node.clone(), row, publish, inbox));
        let handle = Handle { requests, status };
        actors.handles.insert(id, handle.clone());
        Ok(handle)
    }
}

impl Handle {
    async fn ask(&self, input: Input) {
        let (done, taken) = oneshot::channel();
        if self.requests.send(Request { input, done }).await.is_ok() {
            let _ = taken.await;
        }
    }
}

/// A machine that runs, with its agent.
pub(crate) struct Ready {
    pub(crate) agent: AgentLink,
    /// What becomes of the machine.
    pub(crate) status: watch::Receiver<VmStatus>,
}
