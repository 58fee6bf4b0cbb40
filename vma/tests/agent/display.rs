//! A client's display: Xvfb, and `nxproxy -S` between it and a `display` channel.

use std::process::Stdio;
use std::time::Duration;

use qvd_protocol::Secret;
use tokio::io::AsyncReadExt;
use tokio::net::UnixListener;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::node::Stream;

pub(crate) struct Display {
    number: u16,
    _server: Child,
}

impl Display {
    pub(crate) async fn start(number: u16) -> Self {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let server = Command::new("Xvfb")
            .arg(format!(":{number}"))
            .args(["-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset", "-displayfd", "1"])
            .stdout(Stdio::from(writer))
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut ready = tokio::net::unix::pipe::Receiver::from_owned_fd(reader).unwrap();
        let byte = tokio::time::timeout(Duration::from_secs(20), ready.read_u8()).await;
        byte.expect("Xvfb in time").expect("Xvfb");
        Self { number, _server: server }
    }

    /// Shows what comes through `channel` on this display, until dropped.
    pub(crate) async fn proxy(&self, cookie: &Secret, mut channel: Stream) -> Proxy {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("link");
        let listener = UnixListener::bind(&socket).unwrap();
        let options = format!(
            "nx/nx,root={},connect=unix:{},cookie={},session=session:{}",
            directory.path().display(),
            socket.display(),
            cookie.reveal(),
            self.number
        );
        let proxy = Command::new("nxproxy")
            .args(["-S", &options])
            .env("DISPLAY", format!(":{}", self.number))
            .env("HOME", directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let accepted = tokio::time::timeout(Duration::from_secs(20), listener.accept()).await;
        let (mut link, _) = accepted.expect("nxproxy in time").unwrap();
        let bridge = tokio::spawn(async move {
            let _ = tokio::io::copy_bidirectional(&mut channel, &mut link).await;
        });
        Proxy { _program: proxy, bridge, _directory: directory }
    }
}

pub(crate) struct Proxy {
    _program: Child,
    bridge: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.bridge.abort();
    }
}
