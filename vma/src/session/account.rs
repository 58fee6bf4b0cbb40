//! The account of the session: made if missing, and nothing of it left when the session is over.

use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use nix::unistd::{Uid, User};
use qvd_protocol::agent::SessionUser;
use tokio::process::Command;
use tracing::{info, warn};

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
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
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

    /// Kills all processes of the account; ready when they were signalled.
    pub(super) async fn kill_all(&self) {
        self.signal(All::Kill).await;
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
