//! What a window holds: commands that return at once, and events to poll for.
//!
//! Every command starts a job on the runtime; a job reports through its own channel and is dropped, unfinished or
//! not, when its outcome no longer matters. So nothing that was cancelled can be heard of later.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use qvd_protocol::api::{Desktop, DesktopAction};
use qvd_protocol::connect::Stage;
use qvd_protocol::session::SessionParameters;
use qvd_protocol::{Secret, VmId};
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use crate::api::Api;
use crate::session::{Cache, LEAVING, Session, Tuning, Wake};
use crate::trust::{Fingerprint, KnownServers};
use crate::{Error, ServerAddress};

/// What a client can do for its window.
pub struct Client {
    runtime: Runtime,
    folder: PathBuf,
    known: KnownServers,
    wake: Wake,
    /// Set while logged in.
    api: Option<Api>,
    /// Logging in or connecting: one at a time, and cancellable.
    foreground: Option<Job>,
    /// Asking for the list.
    listing: Option<Job>,
    /// Starting and stopping desktops.
    actions: Vec<Job>,
}

/// What became of a command.
pub enum Event {
    /// [`Client::log_in`] succeeded.
    LoggedIn {
        /// The account's name as the server writes it.
        user: String,
    },
    /// [`Client::log_in`] failed.
    LoginFailed(Error),
    /// The user's desktops.
    Desktops(Vec<Desktop>),
    /// The list could not be had.
    ListFailed(Error),
    /// A desktop after [`Client::act`].
    Desktop(Desktop),
    /// A step of [`Client::connect`] has begun.
    Progress {
        /// Which.
        stage: Stage,
        /// The server's sentence for it.
        message: String,
    },
    /// [`Client::connect`] succeeded.
    Connected(Session),
    /// [`Client::connect`] failed.
    ConnectFailed(Error),
    /// [`Client::act`] was refused.
    ActionFailed {
        /// Which desktop.
        desktop: VmId,
        /// Why.
        error: Error,
    },
}

/// Carries what a job has to say.
enum Report {
    Event(Event),
    LoggedIn { api: Api, user: String },
}

/// Ends when it is dropped.
struct Job {
    abort: AbortHandle,
    reports: Receiver<Report>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// A job's way to the window.
struct Reporter {
    sender: Sender<Report>,
    wake: Wake,
}

impl Reporter {
    fn send(&self, report: Report) {
        // Nobody listens to a job that was dropped.
        if self.sender.send(report).is_ok() {
            (self.wake)();
        }
    }
}

impl Client {
    /// A client that keeps its files in `folder`.
    pub fn new(folder: &Path, wake: Wake) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("network")
            .enable_all()
            .build()?;
        let known = KnownServers::in_folder(folder);
        let folder = folder.to_owned();
        Ok(Self {
            runtime,
            folder,
            known,
            wake,
            api: None,
            foreground: None,
            listing: None,
            actions: Vec::new(),
        })
    }

    /// Where trusted certificates are remembered.
    pub fn known_servers(&self) -> &KnownServers {
        &self.known
    }

    /// Trusts a certificate from now on.
    pub fn trust(&self, address: &ServerAddress, fingerprint: Fingerprint) -> Result<(), Error> {
        self.known.trust(address, fingerprint)
    }

    /// Logs in: [`Event::LoggedIn`] or [`Event::LoginFailed`].
    pub fn log_in(&mut self, address: ServerAddress, user: String, password: Secret) {
        let known = self.known.clone();
        self.foreground = Some(self.start(async move |reporter| {
            reporter.send(match Api::log_in(address, known, user, password).await {
                Ok((api, user)) => Report::LoggedIn { api, user },
                Err(error) => Report::Event(Event::LoginFailed(error)),
            });
        }));
    }

    /// Connects to a desktop: any number of [`Event::Progress`], then [`Event::Connected`] or
    /// [`Event::ConnectFailed`]. `tuning` settles what `parameters` say of the link.
    pub fn connect(&mut self, desktop: VmId, parameters: SessionParameters, tuning: Tuning) {
        let Some(api) = self.api.clone() else { return };
        let wake = self.wake.clone();
        let folder = self.folder.clone();
        self.foreground = Some(self.start(async move |reporter| {
            let progress = |stage, message| reporter.send(Report::Event(Event::Progress { stage, message }));
            let outcome = Session::open(&api, &folder, desktop, parameters, tuning, wake, progress).await;
            reporter.send(Report::Event(match outcome {
                Ok(session) => Event::Connected(session),
                Err(error) => Event::ConnectFailed(error),
            }));
        }));
    }

    /// Leaves a session and waits, for a few seconds at most, until the server knows.
    pub fn leave(&self, session: Session) {
        if let Some(farewell) = session.into_farewell() {
            let _ = self.runtime.block_on(async { tokio::time::timeout(LEAVING, farewell).await });
        }
    }

    /// Calls `end` when the system asks this program to end, so that its session is left in order.
    #[cfg(unix)]
    pub fn on_terminate(&self, end: impl FnOnce() + Send + 'static) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};

        let _entered = self.runtime.enter();
        let mut terminate = signal(SignalKind::terminate())?;
        self.runtime.spawn(async move {
            terminate.recv().await;
            end();
        });
        Ok(())
    }

    /// Removes what is kept on this computer of the desktops' pictures.
    pub fn forget_displays(&self) {
        Cache::forget_all(&self.folder);
    }

    /// Drops the login or connect that is under way.
    pub fn cancel(&mut self) {
        self.foreground = None;
    }

    /// Logs out and forgets what was being done.
    pub fn log_out(&mut self) {
        self.foreground = None;
        self.listing = None;
        self.actions.clear();
        if let Some(api) = self.api.take() {
            self.runtime.spawn(async move {
                if let Err(error) = api.log_out().await {
                    tracing::debug!(%error, "log out");
                }
            });
        }
    }

    /// Asks for the list, unless it is being asked for: [`Event::Desktops`] or [`Event::ListFailed`].
    pub fn refresh(&mut self) {
        let Some(api) = self.api.clone() else { return };
        if self.listing.is_some() {
            return;
        }
        self.listing = Some(self.start(async move |reporter| {
            reporter.send(Report::Event(match api.desktops().await {
                Ok(desktops) => Event::Desktops(desktops),
                Err(error) => Event::ListFailed(error),
            }));
        }));
    }

    /// Starts, stops or restarts a desktop: [`Event::Desktop`] or [`Event::ActionFailed`].
    pub fn act(&mut self, desktop: VmId, action: DesktopAction) {
        let Some(api) = self.api.clone() else { return };
        let job = self.start(async move |reporter| {
            reporter.send(Report::Event(match api.act(desktop, action).await {
                Ok(desktop) => Event::Desktop(desktop),
                Err(error) => Event::ActionFailed { desktop, error },
            }));
        });
        self.actions.push(job);
    }

    /// The next event; none until [`Wake`] is called again.
    pub fn poll(&mut self) -> Option<Event> {
        let reports = |job: &Option<Job>| job.as_ref().map(|job| job.reports.try_recv());
        match reports(&self.foreground) {
            Some(Ok(Report::Event(event))) => return Some(event),
            Some(Ok(Report::LoggedIn { api, user })) => {
                self.api = Some(api);
                return Some(Event::LoggedIn { user });
            }
            Some(Err(mpsc::TryRecvError::Disconnected)) => self.foreground = None,
            _ => {}
        }
        if let Some(Ok(Report::Event(event))) = reports(&self.listing) {
            self.listing = None;
            return Some(event);
        }
        let done =
            self.actions.iter().enumerate().find_map(|(i, job)| Some((i, job.reports.try_recv().ok()?)));
        if let Some((i, Report::Event(event))) = done {
            self.actions.swap_remove(i);
            return Some(event);
        }
        None
    }

    fn start<F>(&self, work: impl FnOnce(Reporter) -> F) -> Job
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, reports) = mpsc::channel();
        let task = self.runtime.spawn(work(Reporter { sender, wake: self.wake.clone() }));
        Job { abort: task.abort_handle(), reports }
    }
}

impl Drop for Client {
    /// Gives the token back, if the server answers at once.
    fn drop(&mut self) {
        if let Some(api) = self.api.take() {
            let farewell = async move { tokio::time::timeout(Duration::from_secs(1), api.log_out()).await };
            let _ = self.runtime.block_on(farewell);
        }
    }
}
