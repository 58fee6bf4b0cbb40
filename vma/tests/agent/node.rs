//! A node and its clients, as far as the agent can tell.

use std::future::poll_fn;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::task::Poll;
use std::time::Duration;

use qvd_protocol::agent::{
    AgentConfig, AgentEvent, AgentMessage, Answer, Method, NodeRequest, Outcome, SessionState, SessionStream,
    SessionUser,
};
use qvd_protocol::channel::{Header, Refusal, Verdict, name};
use qvd_protocol::control::{AgentControl, ClientControl};
use qvd_protocol::handshake::{HandshakeError, NodeHandshake, Step};
use qvd_protocol::session::{Geometry, ImageQuality, Keyboard, LinkSpeed, SessionParameters};
use qvd_protocol::{ErrorCode, Secret, VmId};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};

/// Longer than anything takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);
const AGENT: &str = env!("CARGO_BIN_EXE_qvd-vma");
const SECRET: &str = "the machine's secret";

pub(crate) type Stream = Compat<yamux::Stream>;

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not happen"))
}

pub(crate) fn parameters() -> SessionParameters {
    SessionParameters {
        geometry: Geometry { width: 1024, height: 700 },
        dpi: 96,
        keyboard: Keyboard::default(),
        locale: "es_ES".into(),
        timezone: "Europe/Madrid".into(),
        link: LinkSpeed::default(),
        images: ImageQuality::default(),
        cache: None,
    }
}

/// One agent in its own surroundings; all of it goes on drop.
pub(crate) struct World {
    pub(crate) agent: Child,
    user: SessionUser,
    listener: UnixListener,
    _directory: tempfile::TempDir,
}

impl World {
    pub(crate) fn new(number: u32) -> Self {
        Self::with(number, Command::new(AGENT))
    }

    /// With the agent as the first process of a process namespace.
    pub(crate) fn container(number: u32) -> Self {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--mount-proc", AGENT]);
        Self::with(number, command)
    }

    fn with(number: u32, mut command: Command) -> Self {
        assert!(nix::unistd::geteuid().is_root(), "the agent runs as root, and so do its tests");
        let directory = tempfile::Builder::new().prefix("qvd-vma-test").tempdir().unwrap();
        let at = |file: &str| directory.path().join(file);
        // The session's account must reach its files below.
        std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))
            .unwrap();
        let user = SessionUser { name: format!("qvdtest{number}"), uid: 47_000 + number };
        let config = AgentConfig { vm: VmId::random(), secret: Secret::new(SECRET), user: user.clone() };
        std::fs::write(at("agent.json"), serde_json::to_vec(&config).unwrap()).unwrap();
        let listener = UnixListener::bind(at("node.sock")).unwrap();
        let agent = command
            .arg("--config")
            .arg(at("agent.json"))
            .arg("--link")
            .arg(at("node.sock"))
            .arg("--runtime")
            .arg(at("run"))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { agent, user, listener, _directory: directory }
    }

    /// The agent's next attempt to open the link.
    pub(crate) async fn accept(&self) -> UnixStream {
        soon("the agent's link", self.listener.accept()).await.unwrap().0
    }

    pub(crate) async fn handshake(&self, secret: &str) -> Result<UnixStream, HandshakeError> {
        let mut link = self.accept().await;
        let (mut handshake, hello) = NodeHandshake::start(Secret::new(secret), [9; 16]);
        link.write_all(&hello).await.unwrap();
        let mut byte = [0; 1];
        loop {
            // One byte at a time, so that nothing of what follows is taken.
            soon("the handshake", link.read_exact(&mut byte)).await.unwrap();
            match handshake.receive(&byte)? {
                Step::Continue(send) => link.write_all(&send).await.unwrap(),
                Step::Done { send, .. } => {
                    link.write_all(&send).await.unwrap();
                    return Ok(link);
                }
            }
        }
    }

    pub(crate) async fn node(&self) -> Node {
        let link = self.handshake(SECRET).await.unwrap();
        Node::new(link).await
    }

    /// Ids and names of the account's processes that run.
    pub(crate) fn programs(&self) -> Vec<(i32, String)> {
        self.processes(false)
    }

    /// Those that have ended and that nobody has reaped.
    pub(crate) fn zombies(&self) -> Vec<(i32, String)> {
        self.processes(true)
    }

    fn processes(&self, zombies: bool) -> Vec<(i32, String)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else { continue };
            let field =
                |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim();
            let dead = field("State:").starts_with(['Z', 'X']);
            if dead == zombies && field("Uid:").split_whitespace().next() == Some(&self.user.uid.to_string())
            {
                found.push((pid, field("Name:").to_owned()));
            }
        }
        found
    }

    /// The process of the account that is called `program`, as soon as there is one.
    pub(crate) async fn program(&self, program: &str) -> i32 {
        let find = async {
            loop {
                if let Some((pid, _)) = self.programs().into_iter().find(|(_, name)| name == program) {
                    return pid;
                }
                // A process's start is no event for somebody who is not its parent.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon(program, find).await
    }
}

pub(crate) fn kill(pid: i32) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.agent.start_kill();
        let kill = ["-c", "kill -s KILL -- -1"];
        let _ = std::process::Command::new("/bin/sh")
            .args(kill)
            .uid(self.user.uid)
            .gid(self.user.uid)
            .stderr(Stdio::null())
            .status();
        let removed = std::process::Command::new("userdel")
            .args(["--force", "--remove", &self.user.name])
            .stderr(Stdio::null())
            .status();
        drop(removed);
        let _ = std::fs::remove_dir_all(PathBuf::from("/run/user").join(self.user.uid.to_string()));
    }
}

/// The opening side of a yamux connection, driven by a task.
struct Mux {
    asks: mpsc::UnboundedSender<oneshot::Sender<yamux::Stream>>,
    task: tokio::task::JoinHandle<()>,
}

impl Mux {
    fn new(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (asks, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<yamux::Stream>>();
        let mut connection =
            yamux::Connection::new(io.compat(), yamux::Config::default(), yamux::Mode::Client);
        let task = tokio::spawn(async move {
            let mut wanted = Vec::new();
            poll_fn(|context| {
                while let Poll::Ready(Some(ask)) = asked.poll_recv(context) {
                    wanted.push(ask);
                }
                while !wanted.is_empty() {
                    match connection.poll_new_outbound(context) {
                        Poll::Ready(Ok(stream)) => drop(wanted.remove(0).send(stream)),
                        Poll::Ready(Err(_)) => return Poll::Ready(()),
                        Poll::Pending => break,
                    }
                }
                loop {
                    match connection.poll_next_inbound(context) {
                        Poll::Ready(Some(Ok(_))) => {}
                        Poll::Ready(_) => return Poll::Ready(()),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            })
            .await;
        });
        Self { asks, task }
    }

    async fn stream(&self) -> Stream {
        let (ask, answer) = oneshot::channel();
        self.asks.send(ask).unwrap();
        soon("a stream", answer).await.unwrap().compat()
    }

    /// Opens a channel and gives its stream, or the refusal.
    async fn open(&self, header: &Header) -> Result<Stream, Refusal> {
        let mut stream = self.stream().await;
        stream.write_all(&header.encode()).await.unwrap();
        match verdict(&mut stream).await {
            Verdict::Accepted => Ok(stream),
            Verdict::Refused { code, .. } => Err(code),
        }
    }
}

async fn verdict(stream: &mut Stream) -> Verdict {
    let mut bytes = Vec::new();
    loop {
        bytes.push(soon("a verdict", stream.read_u8()).await.unwrap());
        if let Some((verdict, _)) = Verdict::decode(&bytes).unwrap() {
            return verdict;
        }
    }
}

impl Drop for Mux {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) struct Node {
    pub(crate) hello: AgentEvent,
    mux: Mux,
    raw: std::os::fd::OwnedFd,
    lines: tokio::io::Lines<BufReader<tokio::io::ReadHalf<Stream>>>,
    writer: tokio::io::WriteHalf<Stream>,
    next: u64,
    /// Events that were not waited for yet, then those that were.
    pending: Vec<AgentEvent>,
    past: Vec<AgentEvent>,
}

impl Node {
    async fn new(link: UnixStream) -> Self {
        let link = link.into_std().unwrap();
        let raw = link.try_clone().unwrap().into();
        let mux = Mux::new(UnixStream::from_std(link).unwrap());
        let stream = mux.open(&Header::new(name::AGENT)).await.unwrap();
        let (reader, writer) = tokio::io::split(stream);
        let lines = BufReader::new(reader).lines();
        let hello = AgentEvent::Resuming;
        let mut node = Self { hello, mux, raw, lines, writer, next: 1, pending: vec![], past: vec![] };
        let AgentMessage::Event { event } = node.message().await else { panic!("no hello") };
        node.hello = event;
        node
    }

    async fn message(&mut self) -> AgentMessage {
        let line =
            soon("a message of the agent", self.lines.next_line()).await.unwrap().expect("the link is open");
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) async fn ask(&mut self, method: Method) -> Result<Answer, (ErrorCode, String)> {
        let id = self.next;
        self.next += 1;
        let mut line = serde_json::to_vec(&NodeRequest { id, method }).unwrap();
        line.push(b'\n');
        self.writer.write_all(&line).await.unwrap();
        loop {
            match self.message().await {
                AgentMessage::Event { event } => self.pending.push(event),
                AgentMessage::Response { id: answered, outcome } => {
                    assert_eq!(answered, id);
                    return match outcome {
                        Outcome::Ok(answer) => Ok(answer),
                        Outcome::Failed { code, message } => Err((code, message)),
                    };
                }
            }
        }
    }

    pub(crate) async fn begin(&mut self, epoch: u64) -> Result<Secret, (ErrorCode, String)> {
        self.begin_with(epoch, parameters()).await
    }

    pub(crate) async fn begin_with(
        &mut self,
        epoch: u64,
        session: SessionParameters,
    ) -> Result<Secret, (ErrorCode, String)> {
        match self.ask(Method::StartSession { epoch, session }).await? {
            Answer::Session { display } => Ok(display.cookie),
            Answer::Done => panic!("no display"),
        }
    }

    pub(crate) async fn attach(&mut self, epoch: u64) -> Result<Client, Refusal> {
        let stream = self.open(&Header::with(name::SESSION, &SessionStream { epoch }).unwrap()).await?;
        Ok(Client { mux: Mux::new(stream) })
    }

    pub(crate) async fn open(&mut self, header: &Header) -> Result<Stream, Refusal> {
        self.mux.open(header).await
    }

    /// Waits for the session's next change to `wanted`.
    pub(crate) async fn state(&mut self, wanted: SessionState) {
        loop {
            while !self.pending.is_empty() {
                let event = self.pending.remove(0);
                let found = event == AgentEvent::Session { state: wanted };
                self.past.push(event);
                if found {
                    return;
                }
            }
            if let AgentMessage::Event { event } = self.message().await {
                self.pending.push(event);
            }
        }
    }

    /// Whether the agent has told `event` so far.
    pub(crate) fn seen(&self, event: &AgentEvent) -> bool {
        self.past.iter().chain(&self.pending).any(|seen| seen == event)
    }

    /// Writes a yamux frame of 4 GiB into the link behind the multiplexer's back.
    pub(crate) async fn break_framing(self) {
        let frame = [0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff];
        nix::unistd::write(&self.raw, &frame).unwrap();
        let mut lines = self.lines;
        // The agent closes the link.
        while let Ok(Some(_)) = soon("the end of the link", lines.next_line()).await {}
    }
}

pub(crate) struct Client {
    mux: Mux,
}

impl Client {
    pub(crate) async fn open(&mut self, header: &Header) -> Result<Stream, Refusal> {
        self.mux.open(header).await
    }

    /// Sends bytes in place of a header.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) -> Verdict {
        let mut stream = self.mux.stream().await;
        stream.write_all(bytes).await.unwrap();
        verdict(&mut stream).await
    }

    pub(crate) async fn control(&mut self) -> Control {
        let (reader, writer) = tokio::io::split(self.open(&Header::new(name::CONTROL)).await.unwrap());
        Control { lines: BufReader::new(reader).lines(), writer }
    }

    /// Waits until the agent has ended the client's stream.
    pub(crate) async fn ended(&mut self) {
        soon("the end of the client's stream", &mut self.mux.task).await.unwrap();
    }
}

pub(crate) struct Control {
    lines: tokio::io::Lines<BufReader<tokio::io::ReadHalf<Stream>>>,
    writer: tokio::io::WriteHalf<Stream>,
}

impl Control {
    pub(crate) async fn send(&mut self, message: &ClientControl) {
        let mut line = serde_json::to_vec(message).unwrap();
        line.push(b'\n');
        self.writer.write_all(&line).await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> Option<AgentControl> {
        let line = soon("a control message", self.lines.next_line()).await.unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }
}
