//! The account of the session: made if missing, and nothing of it left when the session is over.

use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::unistd::{Uid, User};
use qvd_protocol::agent::SessionUser;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::Command;
use tracing::{info, warn};

/// How long killed processes may take to end.
const LINGER: Duration = Duration::from_secs(2);

/// An unprivileged account that belongs to the session alone.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: PathBuf,
    pub(super) shell: PathBuf,
    /// `$XDG_RUNTIME_DIR`.
    pub(super) runtime: PathBuf,
}

/// What to do to every process of the account.
#[derive(Clone, Copy, Debug)]
pub(super) enum All {
    Terminate,
    Kill,
}

impl Account {
    /// Finds or makes the account, its home and its runtime directory.
    pub(super) async fn provide(user: &SessionUser) -> anyhow::Result<Self> {
        let found = match User::from_name(&user.name)? {
            Some(found) => found,
            None => create(user).await?,
        };
        if found.uid != Uid::from_raw(user.uid) {
            bail!("account {} has id {}, expected {}", user.name, found.uid, user.uid);
        }
        let account = Self {
            name: user.name.clone(),
            uid: user.uid,
            gid: found.gid.as_raw(),
            home: found.dir,
            shell: if found.shell.as_os_str().is_empty() { "/bin/sh".into() } else { found.shell },
            runtime: Path::new("/run/user").join(user.uid.to_string()),
        };
        account.own_directory(&account.home).context("home directory")?;
        account.own_directory(&account.runtime).context("runtime directory")?;
        Ok(account)
    }

    /// Makes `path` a directory of the account, for it alone when new.
    pub(super) fn own_directory(&self, path: &Path) -> std::io::Result<()> {
        // What is above it is everybody's.
        if let Some(above) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o755).create(above)?;
        }
        match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let found = std::fs::symlink_metadata(path)?;
        if !found.is_dir() {
            return Err(std::io::Error::other(format!("{} is not a directory", path.display())));
        }
        // A fresh volume for the home belongs to root.
        if found.uid() != self.uid {
            chown(path, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// A command that runs in the account, with its plain environment, in a process group of its own.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        // Without supplementary groups: setting the id of a child of root empties them.
        command
            .uid(self.uid)
            .gid(self.gid)
            .process_group(0)
            .current_dir(&self.home)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/games")
            .env("HOME", &self.home)
            .env("USER", &self.name)
            .env("LOGNAME", &self.name)
            .env("SHELL", &self.shell)
            .env("XDG_RUNTIME_DIR", &self.runtime)
            .stdin(Stdio::null());
        command
    }

    /// Signals all processes of the account in one step, so that none can slip through by forking.
    pub(super) fn signal_all(&self, all: All) {
        let account = self.clone();
        tokio::spawn(async move { account.signal(all).await });
    }

    /// Kills all processes of the account; ready when they are gone.
    pub(super) async fn kill_all(&self) {
        self.signal(All::Kill).await;
        if tokio::time::timeout(LINGER, self.gone()).await.is_err() {
            warn!("processes of {} are left, killed but in the kernel", self.name);
        }
    }

    /// Waits for the end of every process of the account.
    async fn gone(&self) {
        for pid in processes(self.uid) {
            let Some(process) = rustix::process::Pid::from_raw(pid) else { continue };
            // One that has gone since cannot be opened any more.
            let Ok(process) = rustix::process::pidfd_open(process, rustix::process::PidfdFlags::NONBLOCK)
            else {
                continue;
            };
            // A process descriptor becomes readable when the process ends (pidfd_open(2)).
            #[expect(deprecated, reason = "sound here: an OwnedFd is the one owner of its descriptor")]
            let process = AsyncFd::with_interest(process, Interest::READABLE);
            if let Ok(process) = process {
                let _ = process.readable().await;
            }
        }
    }

    async fn signal(&self, all: All) {
        // kill(2) to -1 by an unprivileged process reaches every process of its account but itself.
        let script = match all {
            All::Terminate => "kill -s TERM -- -1",
            All::Kill => "kill -s KILL -- -1",
        };
        let mut command = self.command("/bin/sh");
        command.current_dir("/").args(["-c", script]).stdout(Stdio::null()).stderr(Stdio::null());
        // Its failure means that there was no process to signal.
        if let Err(error) = command.status().await {
            warn!("cannot signal the processes of {}: {error}", self.name);
        }
    }
}

/// The processes of an account.
fn processes(uid: u32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let uid = uid.to_string();
    // Not the owner of the entry: that is root for a program with a set-id bit, such as xterm (proc(5)).
    let owned = |status: &str| {
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        ids.and_then(|ids| ids.split_whitespace().next()) == Some(&uid)
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            owned(&std::fs::read_to_string(entry.path().join("status")).ok()?).then_some(pid)
        })
        .collect()
}

async fn create(user: &SessionUser) -> anyhow::Result<User> {
    info!(name = user.name, uid = user.uid, "making the account");
    let made = Command::new("useradd")
        .args(["--create-home", "--user-group", "--shell", "/bin/bash", "--uid"])
        .arg(user.uid.to_string())
        .arg("--")
        .arg(&user.name)
        .stdin(Stdio::null())
        .output()
        .await
        .context("useradd")?;
    if !made.status.success() {
        bail!("useradd: {}", String::from_utf8_lossy(&made.stderr).trim());
    }
    User::from_name(&user.name)?.with_context(|| format!("account {} is missing after useradd", user.name))
}
