//! The desktop session of the machine: one actor that owns nxagent, the programs and everything that is true of them.
//!
//! ```text
//!            begin                 "Session started"             link cut
//!   None ─────────────▶ Starting ───────────────────▶ Connected ──────────▶ Suspending
//!    ▲                     │                             ▲   │                   │ "Session suspended"
//!    │ nxagent's end       │             "Session resumed"   │ end               ▼
//!    └──── Ending ◀────────┴───────────────── Resuming ◀─────┼────────────── Suspended
//!                                                        begin
//! ```
//!
//! A wish that the present phase cannot grant waits for the event that changes the phase: a client that connects while
//! nxagent still suspends for its predecessor is served when the log says "suspended".
//!
//! *Suspending is cutting.* nxagent that loses its link suspends in a quarter of a second; nxagent that is told to suspend
//! (SIGHUP) takes a leave of the other side first, for a second and more (NX part 1 §7.1).
//!
//! *nxagent connects to the agent*, over a Unix socket whose directory is root's, and only the process that was started is
//! let in. So "nxagent waits for its client" is an event and not a guess, and nothing in the machine listens for a display.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::Signal;
use qvd_protocol::agent::{AgentEvent, SessionState, SessionUser};
use qvd_protocol::channel::Refusal;
use qvd_protocol::connect::DisplayParameters;
use qvd_protocol::session::SessionParameters;
use qvd_protocol::{ErrorCode, Secret};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Child;
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

mod account;
pub(crate) mod desktop;
pub(crate) mod focus;
mod machine;
mod nxagent;
mod phase;
mod xauthority;

use account::Account;
use nxagent::{LogEvent, Nxagent};
use phase::Phase;

/// How long nxagent may take to ask for its client, and to suspend.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the programs may take to end when they are told to.
const GRACE: Duration = Duration::from_secs(3);
/// nxagent loses a SIGHUP that comes in the first 50 ms after it said that it is suspended (measured); and no event tells
/// when it listens.
const DEAF: Duration = Duration::from_millis(100);
/// It says that it resumes within milliseconds of a SIGHUP, if it heard it; after this time it did not.
const UNHEARD: Duration = Duration::from_secs(1);

/// Why a session cannot be begun.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Failure {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// How the session ended, for its client.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

/// A client that is let in.
pub(crate) struct Attached {
    /// Set when the session is over.
    pub(crate) ended: watch::Receiver<Option<Ended>>,
    /// Cancelled when a newer client takes over.
    pub(crate) cut: CancellationToken,
    /// Tells the session that the client is gone.
    pub(crate) gone: Gone,
}

/// On drop reports that the client of an epoch is gone.
pub(crate) struct Gone(u64, mpsc::UnboundedSender<Command>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.1.send(Command::Detach { epoch: self.0 });
    }
}

/// A refusal and its reason.
type Refused = (Refusal, &'static str);

pub(crate) enum Command {
    Begin {
        epoch: u64,
        parameters: SessionParameters,
        reply: oneshot::Sender<Result<DisplayParameters, Failure>>,
    },
    End {
        reply: oneshot::Sender<()>,
    },
    Attach {
        epoch: u64,
        reply: oneshot::Sender<Result<Attached, Refused>>,
    },
    Display {
        epoch: u64,
        reply: oneshot::Sender<Result<UnixStream, Refused>>,
    },
    Detach {
        epoch: u64,
    },
}

/// The way to the session's actor.
#[derive(Clone)]
pub(crate) struct Session {
    commands: mpsc::UnboundedSender<Command>,
    events: broadcast::Sender<AgentEvent>,
    state: watch::Receiver<SessionState>,
    end_asked: std::sync::Arc<Notify>,
}

impl Session {
    /// Starts or resumes the session for the client of `epoch`; ready when nxagent waits for it.
    pub(crate) async fn begin(
        &self,
        epoch: u64,
        parameters: SessionParameters,
    ) -> Result<DisplayParameters, Failure> {
        let gone = || Failure::new(ErrorCode::Internal, "The agent is stopping.");
        self.ask(|reply| Command::Begin { epoch, parameters, reply }).await.unwrap_or_else(|| Err(gone()))
    }

    /// Ends the session; ready when nothing of it runs.
    pub(crate) async fn end(&self) {
        self.ask(|reply| Command::End { reply }).await;
    }

    /// Asks for the end without waiting for it.
    pub(crate) fn ask_end(&self) {
        self.end_asked.notify_one();
    }

    /// Lets the client of `epoch` in, if it is the newest and the only one.
    pub(crate) async fn attach(&self, epoch: u64) -> Result<Attached, Refused> {
        self.ask(|reply| Command::Attach { epoch, reply }).await.unwrap_or(Err(STOPPING))
    }

    /// nxagent's end of the NX link, once for each begin.
    pub(crate) async fn display(&self, epoch: u64) -> Result<UnixStream, Refused> {
        self.ask(|reply| Command::Display { epoch, reply }).await.unwrap_or(Err(STOPPING))
    }

    /// What happens from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<AgentEvent> {
        self.events.subscribe()
    }

    /// State now.
    pub(crate) fn state(&self) -> SessionState {
        *self.state.borrow()
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }
}

const STOPPING: Refused = (Refusal::Unavailable, "the agent is stopping");

/// Prepares the machine and starts the actor.
pub(crate) async fn start(user: SessionUser, directory: &Path) -> anyhow::Result<Session> {
    machine::prepare().context("cannot prepare /tmp and /etc")?;
    let account = Account::provide(&user).await.context("cannot provide the account of the session")?;
    let files = nxagent::Files::create(directory, &account).context("cannot make the agent's directory")?;
    let listener = files.listen(&account).context("cannot listen for nxagent")?;
    let (commands, inbox) = mpsc::unbounded_channel();
    let (events, _) = broadcast::channel(64);
    let (states, state) = watch::channel(SessionState::None);
    let end_asked = std::sync::Arc::new(Notify::new());
    let actor = Actor {
        account,
        files,
        listener,
        inbox,
        events: events.clone(),
        states,
        end_asked: end_asked.clone(),
        commands: commands.clone(),
        epoch: 0,
        phase: Phase::None,
        run: None,
        starter: None,
        waiting: None,
        enders: Vec::new(),
        client: None,
    };
    tokio::spawn(actor.run());
    Ok(Session { commands, events, state, end_asked })
}

/// The processes of one session.
struct Run {
    nxagent: Nxagent,
    desktop: Option<Child>,
    /// The program that keeps the keyboard with its window.
    focus: Option<Child>,
    /// The desktop's program ended before nxagent: a log-out, or nxagent's death seen from inside, which
    /// nxagent's own end tells apart.
    desktop_ended: bool,
    /// How nxagent ends is no news: its end was asked for while all was well, or it was overdue and killed.
    expected: bool,
    /// The session came up once.
    was_up: bool,
    link: Link,
    /// The cookie that nxagent expects on its link.
    cookie: Secret,
    /// When nxagent, or the end, is overdue.
    deadline: Option<Instant>,
    /// When it suspended last.
    suspended: Option<Instant>,
    /// When to tell it to resume, or to tell it again, because it has not said that it does.
    call: Option<Instant>,
}

/// The NX link between nxagent and the agent.
enum Link {
    /// nxagent has not asked for it since it was started or resumed.
    Awaited,
    /// nxagent is connected and waits for its client.
    Ready(UnixStream),
    /// A client has it, or had it.
    Taken,
}

struct Starter {
    epoch: u64,
    parameters: SessionParameters,
    reply: oneshot::Sender<Result<DisplayParameters, Failure>>,
}

struct Client {
    epoch: u64,
    cut: CancellationToken,
    ended: watch::Sender<Option<Ended>>,
}

struct Actor {
    account: Account,
    files: nxagent::Files,
    listener: UnixListener,
    inbox: mpsc::UnboundedReceiver<Command>,
    commands: mpsc::UnboundedSender<Command>,
    events: broadcast::Sender<AgentEvent>,
    states: watch::Sender<SessionState>,
    end_asked: std::sync::Arc<Notify>,
    /// Newest lease.
    epoch: u64,
    phase: Phase,
    run: Option<Run>,
    /// Whom nxagent is being started or resumed for.
    starter: Option<oneshot::Sender<Result<DisplayParameters, Failure>>>,
    /// Who waits for a phase in which the session can be begun.
    waiting: Option<Starter>,
    /// Who waits for the end.
    enders: Vec<oneshot::Sender<()>>,
    client: Option<Client>,
}

impl Actor {
    async fn run(mut self) {
        loop {
            let (log, exit, desktop, overdue, call) = Run::parts(self.run.as_mut());
            tokio::select! {
                command = self.inbox.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => return,
                },
                () = self.end_asked.notified() => self.end("you logged out"),
                event = log => self.logged(event).await,
                Ok((stream, _)) = self.listener.accept() => self.nxagent_connected(stream),
                status = exit => self.nxagent_ended(status).await,
                () = desktop => self.desktop_ended(),
                () = overdue => self.overdue().await,
                () = call => self.call(),
            }
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Begin { epoch, parameters, reply } => {
                self.begin(Starter { epoch, parameters, reply }).await;
            }
            Command::End { reply } => {
                self.enders.push(reply);
                self.end("the server ended it");
            }
            Command::Attach { epoch, reply } => {
                let outcome = self.attach(epoch);
                let _ = reply.send(outcome);
            }
            Command::Display { epoch, reply } => {
                let outcome = self.display(epoch);
                let _ = reply.send(outcome);
            }
            Command::Detach { epoch } => {
                if self.client.as_ref().is_some_and(|client| client.epoch == epoch) {
                    self.drop_client();
                }
            }
        }
    }

    async fn begin(&mut self, starter: Starter) {
        if starter.epoch < self.epoch {
            return refuse(starter, ErrorCode::TakenOver, "A newer client has taken the desktop over.");
        }
        if let Err(error) = starter.parameters.check() {
            warn!("the node sent session parameters that the contract does not allow: {error}");
            let message = format!("The session cannot look as asked for: {error}.");
            return refuse(starter, ErrorCode::InvalidRequest, message);
        }
        self.epoch = starter.epoch;
        self.drop_client();
        if let Some(older) = self.waiting.take() {
            refuse(older, ErrorCode::TakenOver, "A newer client has taken the desktop over.");
        }
        if let Some(older) = self.starter.take() {
            let _ = older
                .send(Err(Failure::new(ErrorCode::TakenOver, "A newer client has taken the desktop over.")));
        }
        self.waiting = Some(starter);
        self.try_begin().await;
    }

    /// Begins for whoever waits, if the phase allows.
    async fn try_begin(&mut self) {
        let Some(starter) = self.waiting.take() else { return };
        match (self.phase, &mut self.run) {
            (Phase::None, _) => self.launch(starter).await,
            (Phase::Suspended, Some(_)) => self.resume(starter).await,
            (Phase::Starting | Phase::Resuming, Some(run)) => match run.link {
                // nxagent is on its way already, for a client that has gone since.
                Link::Awaited => self.starter = Some(starter.reply),
                Link::Ready(_) => {
                    let _ = starter.reply.send(Ok(DisplayParameters { cookie: run.cookie.clone() }));
                }
                Link::Taken => self.waiting = Some(starter),
            },
            _ => self.waiting = Some(starter),
        }
    }

    async fn launch(&mut self, starter: Starter) {
        let launched = async {
            let cookie = xauthority::cookie()?;
            let nxagent = Nxagent::launch(&self.account, &self.files, &starter.parameters, &cookie).await?;
            anyhow::Ok((nxagent, cookie))
        };
        match launched.await {
            Ok((nxagent, cookie)) => {
                info!(display = nxagent.display(), "starting nxagent");
                let deadline = Some(Instant::now() + PATIENCE);
                self.run = Some(Run {
                    nxagent,
                    desktop: None,
                    focus: None,
                    desktop_ended: false,
                    expected: false,
                    was_up: false,
                    link: Link::Awaited,
                    cookie,
                    deadline,
                    suspended: None,
                    call: None,
                });
                self.starter = Some(starter.reply);
                self.enter(Phase::Starting);
            }
            Err(error) => {
                error!("cannot start nxagent: {error:#}");
                refuse(
                    starter,
                    ErrorCode::SessionFailed,
                    format!("The desktop session could not be started: {error}."),
                );
            }
        }
    }

    async fn resume(&mut self, starter: Starter) {
        let Some(run) = &mut self.run else { return };
        let resumed = async {
            let cookie = xauthority::cookie()?;
            run.nxagent.set(&self.account, &self.files, &starter.parameters, &cookie).await?;
            anyhow::Ok(cookie)
        };
        match resumed.await {
            Ok(cookie) => {
                run.cookie = cookie;
                run.link = Link::Awaited;
                let now = Instant::now();
                run.deadline = Some(now + PATIENCE);
                run.call = Some(run.suspended.map_or(now, |at| now.max(at + DEAF)));
                self.starter = Some(starter.reply);
                let _ = self.events.send(AgentEvent::Resuming);
                self.enter(Phase::Resuming);
            }
            Err(error) => {
                error!("cannot resume nxagent: {error:#}");
                refuse(
                    starter,
                    ErrorCode::SessionFailed,
                    format!("The desktop session could not be resumed: {error}."),
                );
            }
        }
    }

    /// Tells nxagent to resume.
    fn call(&mut self) {
        let Some(run) = &mut self.run else { return };
        run.call = Some(Instant::now() + UNHEARD);
        if let Err(error) = run.nxagent.hang_up() {
            // Its end is noticed by itself.
            warn!("cannot tell nxagent to resume: {error:#}");
            run.call = None;
        }
    }

    fn nxagent_connected(&mut self, stream: UnixStream) {
        let Some(run) = &mut self.run else { return };
        let pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
        if pid != run.nxagent.pid() || !matches!(run.link, Link::Awaited) {
            return warn!(?pid, "a process other than the awaited nxagent connected to the agent");
        }
        run.deadline = None;
        if let Some(starter) = self.starter.take() {
            run.link = Link::Ready(stream);
            let _ = starter.send(Ok(DisplayParameters { cookie: run.cookie.clone() }));
        } else {
            // Its client went before it came.
            run.link = Link::Taken;
        }
    }

    fn attach(&mut self, epoch: u64) -> Result<Attached, Refused> {
        if epoch != self.epoch || self.run.is_none() {
            return Err((Refusal::NotAllowed, "the session was begun for another client since"));
        }
        if self.client.is_some() {
            return Err((Refusal::Busy, "the client of this lease is connected already"));
        }
        let (ended, receiver) = watch::channel(None);
        let cut = CancellationToken::new();
        self.client = Some(Client { epoch, cut: cut.clone(), ended });
        Ok(Attached { ended: receiver, cut, gone: Gone(epoch, self.commands.clone()) })
    }

    fn display(&mut self, epoch: u64) -> Result<UnixStream, Refused> {
        let client = self.client.as_ref().is_some_and(|client| client.epoch == epoch);
        let Some(run) = self.run.as_mut().filter(|_| client) else {
            return Err((Refusal::Unavailable, "the session is over"));
        };
        match std::mem::replace(&mut run.link, Link::Taken) {
            Link::Ready(stream) => Ok(stream),
            Link::Taken => Err((Refusal::Busy, "the display was opened already; connect again")),
            Link::Awaited => {
                run.link = Link::Awaited;
                Err((Refusal::Unavailable, "the session does not wait for a display"))
            }
        }
    }

    /// The client is gone or must go; nxagent suspends when it sees its link end.
    fn drop_client(&mut self) {
        if let Some(client) = self.client.take() {
            client.cut.cancel();
            if let Some(run) = &mut self.run
                && matches!(run.link, Link::Ready(_))
            {
                run.link = Link::Taken;
            }
            match self.phase {
                Phase::Connected => self.enter(Phase::Suspending),
                // Nothing is lost with it yet, and nxagent itself would take seconds to give up.
                Phase::Starting => self.account.signal_all(account::All::Kill),
                _ => {}
            }
        }
        // nxagent sees the end of its link and suspends; from here on it may be overdue with that.
        if let (Phase::Suspending | Phase::Resuming, Some(run)) = (self.phase, &mut self.run) {
            run.deadline = Some(Instant::now() + PATIENCE);
        }
    }

    async fn logged(&mut self, event: LogEvent) {
        let Some(run) = &mut self.run else { return };
        match event {
            LogEvent::Started => {
                run.was_up = true;
                let display = run.nxagent.display();
                run.focus = focus::start(&self.account, &self.files, display)
                    .inspect_err(|error| warn!("the keyboard will not stay with its window: {error:#}"))
                    .ok();
                let parameters = run.nxagent.parameters();
                match desktop::launch(&self.account, &self.files, display, parameters).await {
                    Ok(desktop) => run.desktop = Some(desktop),
                    Err(error) => {
                        error!("cannot start the desktop: {error:#}");
                        return self.end("its desktop could not be started");
                    }
                }
            }
            LogEvent::Suspended => {
                run.deadline = None;
                run.suspended = Some(Instant::now());
            }
            LogEvent::Resumed => run.deadline = None,
            LogEvent::Resuming => run.call = None,
            LogEvent::Aborting => {
                warn!("nxagent aborts the session");
                // It would wait for seconds before it goes.
                self.account.signal_all(account::All::Kill);
            }
            _ => {}
        }
        let next = self.phase.after(event);
        // A client may have gone before nxagent noticed that it had come.
        let next = if next == Phase::Connected && self.client.is_none() { Phase::Suspending } else { next };
        if next != self.phase {
            self.enter(next);
        }
        if next == Phase::Suspended {
            if let Some(starter) = self.starter.take() {
                let message = "The desktop session did not come back. Try again.";
                let _ = starter.send(Err(Failure::new(ErrorCode::SessionFailed, message)));
            }
            // The beginning may wait for this.
            if self.waiting.is_some() {
                let Some(starter) = self.waiting.take() else { return };
                self.resume(starter).await;
            }
        }
    }

    fn desktop_ended(&mut self) {
        info!("the desktop's session program ended");
        if let Some(run) = &mut self.run {
            run.desktop = None;
            run.desktop_ended = true;
        }
        self.end("you logged out");
    }

    /// Tells everything of the session to end; [`nxagent_ended`](Self::nxagent_ended) is the end.
    fn end(&mut self, why: &'static str) {
        let Some(run) = &mut self.run else {
            for ender in self.enders.drain(..) {
                let _ = ender.send(());
            }
            return;
        };
        if self.phase == Phase::Ending {
            return;
        }
        info!("ending the session: {why}");
        if let Some(client) = &self.client
            && !run.desktop_ended
        {
            let message = format!("The desktop session is over: {why}.");
            client.ended.send_replace(Some(Ended { code: ErrorCode::SessionEnded, message }));
        }
        run.expected |= !run.desktop_ended;
        run.deadline = Some(Instant::now() + GRACE);
        self.account.signal_all(account::All::Terminate);
        self.enter(Phase::Ending);
    }

    async fn overdue(&mut self) {
        let Some(run) = &mut self.run else { return };
        run.deadline = None;
        run.expected = true;
        if self.phase != Phase::Ending {
            error!(phase = ?self.phase, "nxagent is overdue and is killed");
        }
        self.account.kill_all().await;
    }

    async fn nxagent_ended(&mut self, status: std::io::Result<ExitStatus>) {
        let Some(run) = self.run.take() else { return };
        // Programs that lost their display, and those that never had one.
        self.account.kill_all().await;
        let told = match &status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let was = std::mem::replace(&mut self.phase, Phase::None);
        let last = run.nxagent.last_words();
        let died = run.desktop_ended
            && !run.expected
            && status
                .as_ref()
                .is_ok_and(|status| status.signal().is_some_and(|signal| signal != Signal::SIGTERM as i32));
        let state = if was == Phase::Ending && !died {
            info!("the session ended ({told})");
            SessionState::Ended
        } else if run.was_up {
            warn!("nxagent died ({told}): {last}");
            SessionState::Crashed
        } else {
            warn!("nxagent ended before its session was up ({told}): {last}");
            SessionState::None
        };
        drop(run);
        if let Some(starter) = self.starter.take() {
            let message = format!("The desktop session did not start: nxagent ended with {told}.");
            let _ = starter.send(Err(Failure::new(ErrorCode::SessionFailed, message)));
        }
        if let Some(client) = self.client.take() {
            let ended = match state {
                SessionState::Ended => {
                    Ended { code: ErrorCode::SessionEnded, message: "The desktop session is over.".into() }
                }
                _ => Ended {
                    code: ErrorCode::SessionCrashed,
                    message: "The desktop session ended unexpectedly and its programs are lost. Connect again for a \
                              new one."
                        .into(),
                },
            };
            client.ended.send_if_modified(|told| {
                told.is_none() && {
                    *told = Some(ended);
                    true
                }
            });
        }
        self.tell(state);
        for ender in self.enders.drain(..) {
            let _ = ender.send(());
        }
        self.try_begin().await;
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        if let Some(state) = phase.state() {
            self.tell(state);
        }
    }

    fn tell(&mut self, state: SessionState) {
        if self.states.send_replace(state) != state {
            info!(?state, "the session");
            // Nobody listens while the link is down; the next hello tells the state.
            let _ = self.events.send(AgentEvent::Session { state });
        }
    }
}

fn refuse(starter: Starter, code: ErrorCode, message: impl Into<String>) {
    let _ = starter.reply.send(Err(Failure::new(code, message)));
}

impl Run {
    /// The events of a run, which never come when there is none.
    fn parts(
        run: Option<&mut Self>,
    ) -> (
        impl Future<Output = LogEvent>,
        impl Future<Output = std::io::Result<ExitStatus>>,
        impl Future<Output = ()>,
        impl Future<Output = ()>,
        impl Future<Output = ()>,
    ) {
        let (nxagent, desktop, deadline, call) = match run {
            Some(run) => (Some(&mut run.nxagent), run.desktop.as_mut(), run.deadline, run.call),
            None => (None, None, None, None),
        };
        let at = |when: Option<Instant>| async move {
            match when {
                Some(when) => tokio::time::sleep_until(when).await,
                None => std::future::pending().await,
            }
        };
        let (log, child) = nxagent.map(Nxagent::events).unzip();
        (
            async {
                match log {
                    Some(log) => match log.recv().await {
                        Some(event) => event,
                        // The log ends a moment before the process.
                        None => std::future::pending().await,
                    },
                    None => std::future::pending().await,
                }
            },
            async {
                match child {
                    Some(child) => child.wait().await,
                    None => std::future::pending().await,
                }
            },
            async {
                match desktop {
                    Some(desktop) => drop(desktop.wait().await),
                    None => std::future::pending().await,
                }
            },
            at(deadline),
            at(call),
        )
    }
}

/// Writes a file that appears whole or not at all, `mode` and owned by `user` and `group`.
fn write_file(path: &Path, bytes: &[u8], mode: u32, user: u32, group: u32) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, fchown};
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    fchown(&file, Some(user), Some(group))?;
    file.write_all(bytes)?;
    std::fs::rename(&new, path)
}
