//! nxagent: its files, its options, its process, its log.

use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use qvd_protocol::Secret;
use qvd_protocol::session::{ImageQuality, LinkSpeed, SessionParameters};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::UnixListener;
use tokio::process::{Child, ChildStderr};
use tokio::sync::mpsc;
use tracing::{debug, warn};
use uuid::Uuid;

use super::account::Account;
use super::xauthority;

/// Longest options line nxagent reads (NX part 5 §E.2).
const MAX_OPTIONS: usize = 1024;
/// Longest piece of a log line that is looked at, in bytes.
const MAX_LOG_LINE: u64 = 4096;
/// How long the folder of a display cache may take to be made.
const CACHE_PATIENCE: Duration = Duration::from_secs(2);
/// Clients whose display caches are kept.
const MAX_CACHES: usize = 8;
/// Display numbers to choose from.
const DISPLAYS: std::ops::Range<u16> = 10..1000;
/// No keystroke belongs to nxagent; all go to the programs (NX part 5 §D.7).
const KEYSTROKES: &str =
    "<?xml version=\"1.0\"?>\n<!DOCTYPE NXAgentKeystroke>\n<keystrokes>\n</keystrokes>\n";

/// Where nxagent's files are.
#[derive(Debug)]
pub(super) struct Files {
    /// Root's directory: the account can read in it, and change nothing.
    directory: PathBuf,
    /// X authority of the programs, the account's own.
    pub(super) authority: PathBuf,
    /// The account's directory for files that nxagent itself writes.
    root: PathBuf,
}

impl Files {
    /// Makes the directories.
    pub(super) fn create(directory: &Path, account: &Account) -> anyhow::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o711))?;
        let root = account.runtime.join("nx");
        account.own_directory(&root)?;
        let files =
            Self { directory: directory.to_owned(), authority: account.runtime.join("Xauthority"), root };
        let longest = files.socket().as_os_str().len();
        if longest > 100 {
            bail!("{} is too long a path for a socket", files.socket().display());
        }
        super::write_file(&files.keystrokes(), KEYSTROKES.as_bytes(), 0o644, 0, 0)?;
        Ok(files)
    }

    /// Listens for nxagent, which can connect to the socket and cannot remove it.
    pub(super) fn listen(&self, account: &Account) -> std::io::Result<UnixListener> {
        let path = self.socket();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        chown(&path, Some(account.uid), Some(account.gid))?;
        Ok(listener)
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("nx.sock")
    }

    fn options(&self) -> PathBuf {
        self.directory.join("options")
    }

    /// X authority of nxagent, both as a server and towards its client's display: it looks for either in one file.
    fn both_authorities(&self) -> PathBuf {
        self.directory.join("authority")
    }

    fn keystrokes(&self) -> PathBuf {
        self.directory.join("keystrokes.xml")
    }

    /// Writes what nxagent reads at each start and resume.
    async fn write(
        &self,
        account: &Account,
        display: u16,
        parameters: &SessionParameters,
        cookie: &Secret,
        inner: &Secret,
    ) -> anyhow::Result<()> {
        let cache = match parameters.cache.filter(|_| parameters.link != LinkSpeed::Lan) {
            None => None,
            Some(id) => {
                cache(account, id).await.inspect_err(|error| warn!("no display cache: {error:#}")).ok()
            }
        };
        let options = options(&self.socket(), &self.root, cache.as_deref(), display, parameters, cookie)?;
        super::write_file(&self.options(), options.as_bytes(), 0o640, 0, account.gid)?;
        // Towards the client's display the first entry counts; of its own programs nxagent takes either.
        let name = machine()?;
        let authority = [cookie, inner].map(|cookie| xauthority::file(&name, display, cookie)).concat();
        super::write_file(&self.both_authorities(), &authority, 0o640, 0, account.gid)?;
        Ok(())
    }
}

/// The name of the machine.
fn machine() -> std::io::Result<String> {
    Ok(nix::unistd::gethostname()?.to_string_lossy().into_owned())
}

/// Makes the folder in which nxagent keeps what it remembers of one client's display (NX part 1 §6). Each client has its
/// own: the names that NX gives what it keeps do not tell everything that must be equal on both sides. Those not used for
/// longest go. The account does it all, because it can put anything in the way.
async fn cache(account: &Account, id: Uuid) -> anyhow::Result<PathBuf> {
    let folder = account.home.join(".cache/qvd/displays");
    let own = folder.join(id.simple().to_string());
    let script = "umask 077 && mkdir -p \"$1/$2\" && touch \"$1/$2\" && cd \"$1\" && \
                  ls -t | tail -n +\"$3\" | while read -r old; do rm -rf \"./$old\"; done";
    let first_to_go = (MAX_CACHES + 1).to_string();
    let mut command = account.command("/bin/sh");
    command.args(["-c", script, "sh"]).arg(&folder).arg(id.simple().to_string()).arg(first_to_go);
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let status = tokio::time::timeout(CACHE_PATIENCE, command.status()).await??;
    if !status.success() {
        bail!("cannot make {}: {status}", own.display());
    }
    Ok(own)
}

/// The line of options (NX part 5 §E.2). `parameters` have been checked, so none of them can add an option.
fn options(
    socket: &Path,
    root: &Path,
    cache: Option<&Path>,
    display: u16,
    parameters: &SessionParameters,
    cookie: &Secret,
) -> anyhow::Result<String> {
    let coding = coding(parameters.link, parameters.images, cache.is_some());
    // `clone`: the display's own rules, model and layout, which are the client's (NX part 5 §D.7).
    let line = format!(
        "nx/nx,root={},connect=unix:{},cookie={},{coding},shmem=0,shpix=0,keyboard=clone,geometry={}x{},resize=0,\
         fullscreen=0,clipboard=both,menu=0,client=linux:{display}\n",
        cache.unwrap_or(root).display(),
        socket.display(),
        cookie.reveal(),
        parameters.geometry.width,
        parameters.geometry.height,
    );
    if line.len() > MAX_OPTIONS {
        bail!("nxagent's options take {} bytes, expected at most {MAX_OPTIONS}", line.len());
    }
    Ok(line)
}

/// How messages and images are coded on the link (NX part 1 §2.8, part 5 §B.6). Blocks inside messages are never
/// compressed by themselves: the stream is.
fn coding(link: LinkSpeed, images: ImageQuality, caches: bool) -> String {
    let messages = match link {
        LinkSpeed::Modem => "link=modem,delta=1,stream=9,cache=8m",
        LinkSpeed::Adsl => "link=adsl,delta=1,stream=4,cache=8m",
        LinkSpeed::Wan => "link=wan,delta=1,stream=1,cache=8m",
        LinkSpeed::Lan => "link=lan,delta=0,stream=0,cache=0",
    };
    let pack = match images {
        ImageQuality::Low => "adaptive-3",
        ImageQuality::Medium => "adaptive-7",
        ImageQuality::High => "adaptive-9",
        ImageQuality::Lossless => "lossless",
    };
    let caches = u8::from(caches);
    format!("{messages},pack={pack},images=0,data=0,load={caches},save={caches}")
}

/// What nxagent's log tells of the session's state (NX part 5 §E.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogEvent {
    Started,
    Suspending,
    Suspended,
    Resuming,
    Resumed,
    Terminating,
    Aborting,
}

impl LogEvent {
    fn parse(line: &str) -> Option<Self> {
        let event = line.strip_prefix("Session: ")?;
        let (words, _) = event.split_once(" at '")?;
        Some(match words {
            "Session started" => Self::Started,
            "Suspending session" | "Display failure detected" => Self::Suspending,
            "Session suspended" => Self::Suspended,
            "Resuming session" => Self::Resuming,
            "Session resumed" => Self::Resumed,
            "Terminating session" => Self::Terminating,
            "Aborting session" => Self::Aborting,
            _ => return None,
        })
    }
}

/// A running nxagent.
pub(super) struct Nxagent {
    child: Child,
    log: mpsc::Receiver<LogEvent>,
    last: Arc<Mutex<String>>,
    display: Display,
    /// What opens its display to the programs, as long as it lives.
    inner: Secret,
    parameters: SessionParameters,
}

impl Nxagent {
    /// Starts one, which will connect to the agent's socket.
    pub(super) async fn launch(
        account: &Account,
        files: &Files,
        parameters: &SessionParameters,
        cookie: &Secret,
    ) -> anyhow::Result<Self> {
        let display = Display::reserve()?;
        let number = display.number;
        let inner = xauthority::cookie()?;
        files.write(account, number, parameters, cookie, &inner).await?;
        let authority = xauthority::file(&machine()?, number, &inner);
        super::write_file(&files.authority, &authority, 0o600, account.uid, account.gid)?;
        let mut child = account
            .command("nxagent")
            .args(["-D", "-persistent", "-nolisten", "tcp", "-name", "QVD", "-dpi"])
            .arg(parameters.dpi.to_string())
            .arg("-auth")
            .arg(files.both_authorities())
            .arg("-keystrokefile")
            .arg(files.keystrokes())
            .arg("-display")
            .arg(format!("nx/nx,options={}:{number}", files.options().display()))
            .arg("-options")
            .arg(files.options())
            .arg(format!(":{number}"))
            .env("XAUTHORITY", files.both_authorities())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("nxagent")?;
        let stderr = child.stderr.take().context("nxagent's log")?;
        let (events, log) = mpsc::channel(16);
        let last = Arc::new(Mutex::new(String::new()));
        tokio::spawn(read_log(stderr, events, last.clone()));
        Ok(Self { child, log, last, display, inner, parameters: parameters.clone() })
    }

    /// Writes what a suspended one reads when it resumes.
    pub(super) async fn set(
        &self,
        account: &Account,
        files: &Files,
        parameters: &SessionParameters,
        cookie: &Secret,
    ) -> anyhow::Result<()> {
        files.write(account, self.display.number, parameters, cookie, &self.inner).await
    }

    /// Makes a suspended one connect to the agent's socket again.
    pub(super) fn hang_up(&self) -> anyhow::Result<()> {
        // The child is not reaped before its end was seen here, so the number is still its own.
        let pid = self.pid().context("nxagent has ended")?;
        kill(Pid::from_raw(pid), Signal::SIGHUP).context("nxagent")
    }

    /// Its log and its end.
    pub(super) fn events(&mut self) -> (&mut mpsc::Receiver<LogEvent>, &mut Child) {
        (&mut self.log, &mut self.child)
    }

    /// Process id, while it runs.
    pub(super) fn pid(&self) -> Option<i32> {
        self.child.id().map(u32::cast_signed)
    }

    /// Number of the display it is to the programs.
    pub(super) fn display(&self) -> u16 {
        self.display.number
    }

    /// What the session was started with.
    pub(super) fn parameters(&self) -> &SessionParameters {
        &self.parameters
    }

    /// The last error of its log; empty when there was none.
    pub(super) fn last_words(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read_log(stderr: ChildStderr, events: mpsc::Sender<LogEvent>, last: Arc<Mutex<String>>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(MAX_LOG_LINE).read_until(b'\n', &mut line).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        debug!("nxagent: {text}");
        if text.starts_with("Error: ") || text.starts_with("Fatal ") {
            text.clone_into(&mut last.lock().unwrap_or_else(PoisonError::into_inner));
        }
        if let Some(event) = LogEvent::parse(text)
            && events.send(event).await.is_err()
        {
            return;
        }
    }
}

/// A display number that no other X server and no other agent uses.
#[derive(Debug)]
struct Display {
    number: u16,
    /// Keeps other agents on the same kernel from choosing the number until nxagent has it.
    _claim: StdListener,
}

impl Display {
    fn reserve() -> anyhow::Result<Self> {
        for number in DISPLAYS {
            let files = [format!("/tmp/.X{number}-lock"), format!("/tmp/.X11-unix/X{number}")];
            if files.iter().any(|file| std::fs::symlink_metadata(file).is_ok()) {
                continue;
            }
            let name = SocketAddr::from_abstract_name(format!("qvd-vma/display/{number}"))?;
            if let Ok(claim) = StdListener::bind_addr(&name) {
                return Ok(Self { number, _claim: claim });
            }
        }
        bail!("every display number from {} to {} is in use", DISPLAYS.start, DISPLAYS.end - 1)
    }
}

#[cfg(test)]
mod tests {
    use qvd_protocol::session::{Geometry, Keyboard};

    use super::*;

    #[test]
    fn log_lines_become_events() {
        let at = |words: &str| LogEvent::parse(&format!("Session: {words} at 'Sun Nov 22 16:27:39 2026'."));
        assert_eq!(at("Session started"), Some(LogEvent::Started));
        assert_eq!(at("Display failure detected"), Some(LogEvent::Suspending));
        assert_eq!(at("Session suspended"), Some(LogEvent::Suspended));
        assert_eq!(at("Something new"), None);
        assert_eq!(LogEvent::parse("Info: Agent running with pid '1'."), None);
    }

    #[test]
    fn the_options_are_one_short_line() {
        let parameters = SessionParameters {
            geometry: Geometry { width: 1280, height: 800 },
            dpi: 96,
            keyboard: Keyboard::default(),
            locale: String::new(),
            timezone: String::new(),
            link: LinkSpeed::Adsl,
            images: ImageQuality::High,
            cache: None,
        };
        let cookie = Secret::new("0".repeat(32));
        let line = |cache| options(Path::new("/run/a"), Path::new("/run/b"), cache, 10, &parameters, &cookie);
        let kept = line(Some(Path::new("/home/c"))).unwrap();
        assert!(kept.starts_with("nx/nx,root=/home/c,") && kept.contains(",load=1,save=1,"), "{kept}");
        let line = line(None).unwrap();
        assert!(line.contains(",load=0,save=0,"), "{line}");
        assert!(line.starts_with("nx/nx,root=/run/b,connect=unix:/run/a,cookie=0000"), "{line}");
        assert!(line.contains(",link=adsl,delta=1,stream=4,cache=8m,pack=adaptive-9,"), "{line}");
        assert!(line.contains(",geometry=1280x800,") && line.ends_with(":10\n"), "{line}");
        let long = PathBuf::from("/".repeat(1000));
        assert!(options(&long, Path::new("/run/b"), None, 10, &parameters, &cookie).is_err());
    }
}
