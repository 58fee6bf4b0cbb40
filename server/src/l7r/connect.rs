//! A client's way to its desktop: open, lease, machine, session, bytes, end.
//!
//! One task does it all for one client. Whatever happens meanwhile - another client takes the lease, the machine stops,
//! the server goes down, the client falls silent - is an event it listens to at every stage. However it ends, the
//! client hears why (if it still listens), the lease is given back and one log line is written.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use qvd_protocol::agent::SessionState;
use qvd_protocol::api::{Desktop, Holder, VmState};
use qvd_protocol::connect::{DisplayParameters, ServerMessage, Stage};
use qvd_protocol::session::SessionParameters;
use qvd_protocol::{ErrorCode, VmId};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::caller::Caller;
use super::client::{Client, End, Pulse};
use super::splice::{self, SpliceEnd};
use super::{Peer, Shared};
use crate::hkd::{AgentError, LinkStream, Ready, VmStatus};
use crate::store::{Event, Store, StoreError};

/// For the fact that explains an end to come after the end itself.
const EXPLANATION: Duration = Duration::from_secs(1);

/// Serves one connect from the upgrade to the end.
pub(super) async fn serve(
    socket: WebSocket,
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    caller: Caller,
    desktop: Desktop,
) {
    let mut client = Client::new(socket, shared.config.timeouts.silence());
    let began = Instant::now();
    let (mut epoch, mut ready) = (None, false);
    let end = match run(&shared, &peer, &caller, &desktop, &mut client, &mut epoch, &mut ready).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    if let Some(epoch) = epoch
        && let Err(error) = shared.store.release_lease(desktop.id, epoch).await
    {
        warn!(desktop = desktop.name, "cannot release the lease: {error}");
    }
    let (user, desktop, address) = (&caller.name, &desktop.name, peer.address);
    let seconds = began.elapsed().as_secs();
    match end {
        End::Client(why) => info!(user, desktop, %address, epoch, seconds, "disconnected: {why}"),
        End::Server { code, message, by } => {
            info!(user, desktop, %address, epoch, seconds, ?code, "ended by the server: {message}");
            let last = if ready {
                ServerMessage::Closing { code, message, by }
            } else {
                ServerMessage::Failed { code, message }
            };
            client.say_goodbye(&last).await;
        }
    }
}

async fn run(
    shared: &Arc<Shared>,
    peer: &Peer,
    caller: &Caller,
    desktop: &Desktop,
    client: &mut Client,
    epoch: &mut Option<u64>,
    ready: &mut bool,
) -> Result<std::convert::Infallible, End> {
    let (host, parameters) = client.open(shared.config.limits.request()).await?;
    let holder = Holder { user: caller.name.clone(), host, address: peer.address.to_string() };
    let shown = holder.host.escape_debug().to_string();
    info!(user = caller.name, desktop = desktop.name, address = holder.address, host = shown, "connect");
    client.progress(Stage::Reserving).await?;
    let mut lease = Lease::take(&shared.store, desktop.id, &holder).await.map_err(|error| {
        tracing::error!("cannot take the lease: {error}");
        End::server(ErrorCode::Internal, "The server's database failed; try again.")
    })?;
    *epoch = Some(lease.epoch);

    let session = {
        let (progress, mut stages) = mpsc::unbounded_channel();
        let establish = establish(shared, desktop.id, lease.epoch, parameters, progress);
        let mut establish = std::pin::pin!(establish);
        let mut pulse = Pulse::new(client.silence);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                session = &mut establish => break session?,
                Some(stage) = stages.recv() => client.progress(stage).await?,
                by = lease.lost() => return Err(End::taken_over(by)),
                () = shared.stopping.cancelled() => return Err(End::stopping()),
                message = client.rx.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                            let text = "The client sent a message before the session was ready.";
                            return Err(End::server(ErrorCode::InvalidRequest, text));
                        }
                        Some(Ok(Message::Close(_))) => return Err(End::client("it gave up")),
                        Some(Err(_)) | None => return Err(End::client("its connection broke")),
                    }
                }
                () = pulse.tick() => {
                    if heard.elapsed() > pulse.silence() {
                        return Err(End::client("nothing was heard of it"));
                    }
                    client.send_frame(Message::Ping(bytes::Bytes::new())).await?;
                }
            }
        }
    };

    let still_ours = shared.store.lease_connected(desktop.id, lease.epoch, &holder).await;
    if !still_ours.unwrap_or(true) {
        return Err(End::taken_over(lease.lost().await));
    }
    client.send(&ServerMessage::Ready { epoch: lease.epoch, display: session.display.clone() }).await?;
    *ready = true;
    info!(user = caller.name, desktop = desktop.name, epoch = lease.epoch, "connected");

    let Session { stream, ready: Ready { agent, mut status }, .. } = session;
    let end = tokio::select! {
        end = splice::run(client, stream) => end,
        by = lease.lost() => return Err(End::taken_over(by)),
        () = shared.stopping.cancelled() => return Err(End::stopping()),
        ended = not_running(&mut status) => return Err(ended),
    };
    match end {
        SpliceEnd::Client(why) => Err(End::Client(why)),
        SpliceEnd::Broke(why) => Err(End::server(ErrorCode::InvalidRequest, why)),
        SpliceEnd::Agent => {
            // What ended it may be told a moment later than the end itself.
            let mut states = agent.session();
            let told = async {
                let over =
                    |state: &SessionState| matches!(state, SessionState::Ended | SessionState::Crashed);
                let state = states.wait_for(over).await.map(|state| *state);
                match state {
                    Ok(state) => Some(state),
                    // The agent is gone too; only its machine can explain that.
                    Err(_) => std::future::pending().await,
                }
            };
            let explained = timeout(EXPLANATION, async {
                tokio::select! {
                    told = told => told,
                    _ = not_running(&mut status) => None,
                }
            });
            let explained = explained.await.ok().flatten();
            if status.borrow().state() != VmState::Running {
                return Err(machine_ended(&status.borrow()));
            }
            Err(match explained {
                Some(SessionState::Crashed) => End::server(
                    ErrorCode::SessionCrashed,
                    "The desktop session ended unexpectedly; connect again for a new one.",
                ),
                Some(_) => End::server(ErrorCode::SessionEnded, "You have logged out of the desktop."),
                None => End::server(
                    ErrorCode::AgentLost,
                    "The connection to the desktop broke; connect again to go on with your session.",
                ),
            })
        }
    }
}

/// A session that is ready for bytes.
struct Session {
    stream: LinkStream,
    display: DisplayParameters,
    ready: Ready,
}

/// Machine, agent, session.
async fn establish(
    shared: &Shared,
    vm: VmId,
    epoch: u64,
    parameters: SessionParameters,
    progress: mpsc::UnboundedSender<Stage>,
) -> Result<Session, End> {
    // Bounded by the number of stages.
    let tell = |stage| {
        let _ = progress.send(stage);
    };
    let ready =
        shared.hkd.ensure_running(vm, tell).await.map_err(|fault| End::server(fault.code, fault.message))?;
    let resumes =
        matches!(*ready.agent.session().borrow(), SessionState::Suspended | SessionState::Connected);
    tell(if resumes { Stage::ResumingSession } else { Stage::StartingSession });
    let limit = shared.config.timeouts.session_start();
    let session = async {
        let display = ready.agent.start_session(epoch, parameters, limit).await?;
        Ok((display, ready.agent.open_session(epoch, limit).await?))
    };
    let mut status = ready.status.clone();
    let session = tokio::select! {
        session = session => session,
        ended = not_running(&mut status) => return Err(ended),
    };
    let (display, stream) = match session {
        Ok(session) => session,
        // A machine that ends takes its agent with it, and is heard of a moment later.
        Err(AgentError::Lost) => {
            let ended = timeout(EXPLANATION, not_running(&mut status)).await;
            return Err(ended.unwrap_or_else(|_| agent_failed(AgentError::Lost)));
        }
        Err(error) => return Err(agent_failed(error)),
    };
    Ok(Session { stream, display, ready })
}

fn agent_failed(error: AgentError) -> End {
    warn!("no session: {error}");
    match error {
        AgentError::Lost => End::server(
            ErrorCode::AgentLost,
            "The connection to the desktop broke while the session was being made; connect again.",
        ),
        AgentError::Timeout => End::server(
            ErrorCode::SessionFailed,
            "The desktop did not make a session in time; restart the desktop if it happens again.",
        ),
        AgentError::Protocol(_) => End::server(
            ErrorCode::SessionFailed,
            "The desktop's image does not fit this server; tell the administrator.",
        ),
        AgentError::Refused { code, message } => End::server(code, message),
    }
}

/// Resolves when the machine does not run any more.
async fn not_running(status: &mut watch::Receiver<VmStatus>) -> End {
    match status.wait_for(|status| status.state() != VmState::Running).await {
        Ok(status) => machine_ended(&status),
        Err(_) => End::stopping(),
    }
}

fn machine_ended(status: &VmStatus) -> End {
    match status.fault() {
        Some(fault) => End::server(fault.code, fault.message.clone()),
        None => End::server(ErrorCode::DesktopStopped, "The desktop was stopped."),
    }
}

/// A lease that was taken.
struct Lease {
    store: Store,
    vm: VmId,
    epoch: u64,
    events: broadcast::Receiver<Event>,
}

impl Lease {
    async fn take(store: &Store, vm: VmId, holder: &Holder) -> Result<Self, StoreError> {
        // Listening begins before the lease does: nothing is missed in between.
        let events = store.events();
        let epoch = store.take_lease(vm, holder).await?;
        Ok(Self { store: store.clone(), vm, epoch, events })
    }

    /// Resolves when another client has taken it; gives who. Cancelling loses nothing.
    async fn lost(&mut self) -> Option<Holder> {
        loop {
            match self.events.recv().await {
                Ok(Event::Lease { vm, epoch, holder, .. }) if vm == self.vm && epoch > self.epoch => {
                    return holder;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    if let Ok(row) = self.store.lease(self.vm).await
                        && row.epoch > self.epoch
                    {
                        return row.holder;
                    }
                }
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
