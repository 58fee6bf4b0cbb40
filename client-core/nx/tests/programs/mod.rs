//! The programs of others that a test starts: they end with the test, and their files go with them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A process that ends with its owner.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Asked to end, an X server takes its socket and its lock with it.
        if let Ok(None) = self.0.try_wait() {
            let _ = rustix::process::kill_process(
                rustix::process::Pid::from_child(&self.0),
                rustix::process::Signal::TERM,
            );
        }
        let asked = Instant::now();
        while let Ok(None) = self.0.try_wait() {
            if asked.elapsed() > Duration::from_secs(2) {
                let _ = self.0.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A directory that goes with its owner.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nx-test-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory for temporary files");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Waits until `ready` has something.
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not happen within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The socket of an X server.
pub(crate) fn x11_socket(number: u32) -> PathBuf {
    Path::new("/tmp/.X11-unix").join(format!("X{number}"))
}

/// A display number that no X server uses: their sockets tell.
pub(crate) fn free_number(from: u32) -> u32 {
    let taken = |n: &u32| x11_socket(*n).exists() || Path::new(&format!("/tmp/.X{n}-lock")).exists();
    let start = from + std::process::id() % 100;
    (start..start + 1000).find(|n| !taken(n)).expect("a free display number")
}

/// The reference proxy of a role, `-C` or `-S`, with its files (and what it says, in `log`) in `directory`. `options` are
/// its own, `display` is where its X clients are shown.
pub(crate) fn nxproxy(role: &str, options: &str, display: &str, directory: &Directory) -> Process {
    let log = std::fs::File::create(directory.0.join("log")).expect("a temporary file");
    let child = Command::new("nxproxy")
        .args([role, &format!("nx/nx,root={},{options}", directory.0.display())])
        .env("DISPLAY", display)
        .env("HOME", &directory.0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("nxproxy is installed");
    Process(child)
}
