//! The actor of one machine: carries out what its [`Lifecycle`] says, one input after another.
//!
//! Whatever takes time - the hypervisor's answers, the agent's, the machine's end - runs in tasks of its own that
//! report back as inputs, tagged with the run they belong to: a late word of an earlier run is dropped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use qvd_protocol::agent::{AgentConfig, SessionUser};
use qvd_protocol::api::VmState;
use qvd_protocol::{ErrorCode, Secret, VmId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use super::lifecycle::{Deadline, Effect, Input, Lifecycle, Phase};
use super::link::{self, AgentError, AgentLink, LinkEvent};
use super::{Node, VmStatus};
use crate::hypervisor::{Machine, MachineSpec, StartError};
use crate::store::{Fault, StoreError, VmRow};

/// Where the secret of a machine's run is kept for a daemon that takes the machine over, mode 0600.
const SECRET: &str = "agent.secret";

/// To an actor.
#[derive(Debug)]
pub(crate) struct Request {
    /// [`Input::Start`], [`Input::Stop`] or [`Input::Restart`].
    pub(crate) input: Input,
    /// Told when the input has been taken in and the status shows it.
    pub(crate) done: oneshot::Sender<()>,
}

/// What a task of the actor reports.
enum Report {
    Swept(std::io::Result<Option<Box<dyn Machine>>>),
    Launched(Result<Box<dyn Machine>, StartError>),
    Input(Input),
    Link(LinkEvent),
    /// A link is gone.
    LinkDown,
}

pub(crate) struct Actor {
    node: Arc<Node>,
    row: VmRow,
    life: Lifecycle,
    /// State and epoch that the row has.
    saved: (VmState, u64),
    status: watch::Sender<VmStatus>,
    machine: Option<Arc<dyn Machine>>,
    agent: Option<AgentLink>,
    /// Counts what is forgotten.
    run: u64,
    tasks: JoinSet<()>,
    reports: mpsc::Sender<(u64, Report)>,
    deadline: Option<Instant>,
}

impl Actor {
    /// Lives until the node goes.
    pub(crate) async fn run(
        node: Arc<Node>,
        row: VmRow,
        status: watch::Sender<VmStatus>,
        mut requests: mpsc::Receiver<Request>,
    ) {
        let (reports, mut inbox) = mpsc::channel(32);
        let (life, effects) = Lifecycle::restore(row.state, row.fault.clone());
        let saved = (row.state, row.epoch);
        let (machine, agent, deadline) = (None, None, None);
        let tasks = JoinSet::new();
        let mut actor =
            Self { node, row, life, saved, status, machine, agent, run: 0, tasks, reports, deadline };
        actor.carry_out(effects).await;
        actor.publish();
        loop {
            let deadline = actor.deadline;
            tokio::select! {
                request = requests.recv() => {
                    let Some(Request { input, done }) = request else { return };
                    actor.handle(input).await;
                    let _ = done.send(());
                }
                Some((run, report)) = inbox.recv() => {
                    if run == actor.run {
                        actor.take(report).await;
                    }
                }
                // Ended tasks are nothing but memory to free.
                Some(_) = actor.tasks.join_next() => {}
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    actor.deadline = None;
                    actor.handle(Input::Deadline).await;
                }
            }
        }
    }

    async fn take(&mut self, report: Report) {
        let input = match report {
            Report::Swept(Ok(None)) => Input::Swept(Ok(false)),
            Report::Swept(Ok(Some(machine))) => {
                self.watch(machine);
                Input::Swept(Ok(true))
            }
            Report::Swept(Err(error)) => Input::Swept(Err(error.to_string())),
            Report::Launched(Ok(machine)) => {
                self.watch(machine);
                Input::Launched(Ok(()))
            }
            Report::Launched(Err(error)) => Input::Launched(Err(start_fault(&error))),
            Report::Input(input) => input,
            Report::Link(LinkEvent::Up(link)) => {
                self.agent = Some(link.clone());
                let (run, reports) = (self.run, self.reports.clone());
                self.tasks.spawn(async move {
                    link.closed().await;
                    let _ = reports.send((run, Report::LinkDown)).await;
                });
                Input::AgentUp
            }
            Report::Link(LinkEvent::Unusable(fault)) => Input::AgentUnusable(fault),
            Report::LinkDown => {
                // A newer link may have come first.
                if self.agent.as_ref().is_some_and(|agent| !agent.is_closed()) {
                    return;
                }
                self.agent = None;
                Input::AgentDown
            }
        };
        self.handle(input).await;
    }

    async fn handle(&mut self, input: Input) {
        let effects = self.life.handle(input);
        self.carry_out(effects).await;
        self.publish();
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Save(state) => self.save(state).await,
                Effect::Forget => {
                    self.run += 1;
                    self.tasks.abort_all();
                    (self.machine, self.agent) = (None, None);
                }
                Effect::Arm(deadline) => {
                    let limit = match deadline {
                        Deadline::Boot => self.node.timeouts.boot(),
                        Deadline::Stop => self.node.timeouts.stop(),
                    };
                    self.deadline = Some(Instant::now() + limit);
                }
                Effect::Disarm => self.deadline = None,
                Effect::Sweep => self.sweep(),
                Effect::Launch => self.launch().await,
                Effect::AskAgent => self.ask_agent(),
                Effect::PowerOff => self.power_off(),
                Effect::Kill => self.kill(),
            }
        }
    }

    /// One guarded row update. A row that somebody else has changed is a fault of ours: it is read again, and
    /// the next change starts from what it says.
    async fn save(&mut self, state: VmState) {
        let (from, epoch) = self.saved;
        let node = &self.node;
        let moved =
            node.store.move_vm(self.row.id, (from, state), epoch, &node.name, self.life.fault()).await;
        let (vm, id) = (&self.row.name, self.row.id);
        match moved {
            Ok(()) => {
                self.saved = (state, epoch + u64::from(state == VmState::Starting));
                let fault = self.life.fault().map(|fault| fault.message.as_str());
                info!(vm, %id, from = from.as_str(), to = state.as_str(), fault, "machine");
            }
            Err(StoreError::Changed(what)) => {
                error!(vm, %id, "cannot write {}: {what}", state.as_str());
                if let Ok(Some(row)) = node.store.vm(self.row.id).await {
                    self.saved = (row.state, row.epoch);
                }
            }
            Err(error) => error!(vm, %id, "cannot write {}: {error}", state.as_str()),
        }
    }

    fn publish(&self) {
        let status = VmStatus {
            phase: self.life.phase(),
            fault: self.life.fault().cloned(),
            agent: self.agent.clone(),
        };
        self.status.send_replace(status);
    }

    fn report(&mut self, work: impl Future<Output = Report> + Send + 'static) {
        let (run, reports) = (self.run, self.reports.clone());
        self.tasks.spawn(async move {
            let report = work.await;
            let _ = reports.send((run, report)).await;
        });
    }

    /// Watches for the machine's end.
    fn watch(&mut self, machine: Box<dyn Machine>) {
        let machine: Arc<dyn Machine> = machine.into();
        self.machine = Some(machine.clone());
        self.report(async move { Report::Input(Input::Ended(machine.ended().await)) });
    }

    fn sweep(&mut self) {
        let adopting = matches!(self.life.phase(), Phase::Adopting(_));
        let directory = self.node.vm_directory(self.row.id);
        let secret = std::fs::read_to_string(directory.join(SECRET)).map(Secret::new);
        // Without its secret the agent cannot be proved; the machine can still be found, and ended.
        let secret = secret.unwrap_or_else(|_| Secret::new(""));
        let spec = self.spec(directory, secret.clone());
        if adopting && !secret.reveal().is_empty() && spec.directory.is_dir() {
            match spec.listen() {
                Ok(listener) => self.serve_link(listener, secret),
                Err(error) => warn!(vm = self.row.name, "cannot listen for the agent: {error}"),
            }
        }
        let node = self.node.clone();
        self.report(async move { Report::Swept(node.hypervisor.adopt(&spec).await) });
    }

    async fn launch(&mut self) {
        if self.saved.0 != VmState::Starting {
            let fault = Fault {
                code: ErrorCode::Internal,
                message: "The server's database did not take the start; try again.".into(),
            };
            self.report(async move { Report::Input(Input::Launched(Err(fault))) });
            return;
        }
        // The administrator may have changed the machine since.
        match self.node.store.vm(self.row.id).await {
            Ok(Some(row)) => self.row = row,
            Ok(None) => {}
            Err(error) => warn!(vm = self.row.name, "cannot read the row again: {error}"),
        }
        match self.prepare() {
            Ok((spec, listener)) => {
                self.serve_link(listener, spec.agent.secret.clone());
                let node = self.node.clone();
                self.report(async move { Report::Launched(node.hypervisor.start(&spec).await) });
            }
            Err(error) => {
                let error = match error.kind() {
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                        StartError::NoSpace(error.to_string())
                    }
                    _ => StartError::Failed(format!("cannot make the machine's directory: {error}")),
                };
                self.report(async move { Report::Launched(Err(error)) });
            }
        }
    }

    /// Directory, secret and socket of a new run.
    fn prepare(&self) -> std::io::Result<(MachineSpec, tokio::net::UnixListener)> {
        let directory = self.node.vm_directory(self.row.id);
        crate::data::make_private_directory(&directory)?;
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let secret = Secret::new(crate::hex(&bytes));
        crate::data::write_private(&directory.join(SECRET), secret.reveal().as_bytes())?;
        let spec = self.spec(directory, secret);
        let listener = spec.listen()?;
        Ok((spec, listener))
    }

    fn spec(&self, directory: PathBuf, secret: Secret) -> MachineSpec {
        MachineSpec {
            id: self.row.id,
            name: self.row.name.clone(),
            image: self.row.image.clone(),
            directory,
            memory_mib: self.row.memory_mib,
            cpus: self.row.cpus,
            home_mib: self.row.home_mib,
            agent: AgentConfig { vm: self.row.id, secret, user: session_user(&self.row.user) },
        }
    }

    fn serve_link(&mut self, listener: tokio::net::UnixListener, secret: Secret) {
        let (events, mut happened) = mpsc::channel(4);
        let silence = self.node.timeouts.silence();
        self.tasks.spawn(link::serve(self.row.name.clone(), listener, secret, silence, events));
        let (run, reports) = (self.run, self.reports.clone());
        self.tasks.spawn(async move {
            while let Some(event) = happened.recv().await {
                if reports.send((run, Report::Link(event))).await.is_err() {
                    return;
                }
            }
        });
    }

    fn ask_agent(&mut self) {
        let Some(agent) = self.agent.clone() else {
            return self.report(async { Report::Input(Input::AgentRefused) });
        };
        let (limit, vm) = (self.node.timeouts.stop(), self.row.name.clone());
        self.tasks.spawn({
            let (run, reports) = (self.run, self.reports.clone());
            async move {
                if let Err(error) = agent.shutdown(limit).await {
                    // An agent that is quick is gone before its answer; the power button does no harm then.
                    match error {
                        AgentError::Lost => info!(vm, "the agent's link broke while the machine shuts down"),
                        error => warn!(vm, "the agent does not shut down: {error}"),
                    }
                    let _ = reports.send((run, Report::Input(Input::AgentRefused))).await;
                }
            }
        });
    }

    fn power_off(&mut self) {
        let Some(machine) = self.machine.clone() else {
            return self.report(async { Report::Input(Input::PowerOffFailed) });
        };
        let vm = self.row.name.clone();
        let (run, reports) = (self.run, self.reports.clone());
        self.tasks.spawn(async move {
            if let Err(error) = machine.power_off().await {
                warn!(vm, "cannot ask for the power-off: {error}");
                let _ = reports.send((run, Report::Input(Input::PowerOffFailed))).await;
            }
        });
    }

    fn kill(&mut self) {
        let machine = self.machine.clone();
        self.report(async move {
            let killed = match machine {
                Some(machine) => machine.kill().await.map_err(|error| error.to_string()),
                None => Ok(()),
            };
            Report::Input(Input::Killed(killed))
        });
    }
}

/// The account of the desktop session for a user of the server: the same name where the contract allows it.
fn session_user(name: &str) -> SessionUser {
    let user = SessionUser { name: name.into(), uid: 1000 };
    // Root exists in every image, with another number.
    if user.is_valid() && name != "root" { user } else { SessionUser { name: "user".into(), uid: 1000 } }
}

fn start_fault(error: &StartError) -> Fault {
    let code = match error {
        StartError::ImageMissing(_) => ErrorCode::ImageMissing,
        StartError::ImageBroken(_) | StartError::Failed(_) => ErrorCode::BootFailed,
        StartError::OutOfMemory(_) => ErrorCode::OutOfMemory,
        StartError::NoSpace(_) => ErrorCode::NoSpace,
    };
    Fault { code, message: format!("The desktop did not start: {error}.") }
}

/// Directory of one machine.
pub(crate) fn vm_directory(data: &Path, id: VmId) -> PathBuf {
    data.join("vms").join(id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_runs_in_the_users_own_account_where_the_name_allows() {
        assert_eq!(session_user("demo").name, "demo");
        assert_eq!(session_user("Ann@example.org").name, "user");
        assert_eq!(session_user("root").name, "user");
    }
}
