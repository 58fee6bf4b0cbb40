//! The node's end of a machine's link: accepts, proves the agent, multiplexes.
//!
//! Principles:
//!
//! * A link is worth nothing until the handshake is done and the agent has said hello; whatever connects and does
//!   neither is dropped after [`PROVE`] and costs a bounded buffer. At most [`CANDIDATES`] may try at once.
//! * The newest proved link is the machine's; an older one is closed.
//! * An agent that says nothing for the silence limit is asked ([`Method::Ping`]); one that does not answer has lost
//!   its link, whatever the socket says.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use futures::future::poll_fn;
use qvd_protocol::agent::{
    self, AgentEvent, AgentMessage, Answer, Method, NodeRequest, Outcome, SessionState, SessionStream,
};
use qvd_protocol::channel::{Header, HeaderError, Verdict, name};
use qvd_protocol::connect::DisplayParameters;
use qvd_protocol::handshake::{HandshakeError, NodeHandshake, Step};
use qvd_protocol::session::SessionParameters;
use qvd_protocol::{ErrorCode, Secret};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::rest::Rest;
use crate::store::Fault;

/// Connections that may be in their handshake at once.
const CANDIDATES: usize = 4;
/// Before an unanswered hello is said again: what took the first may have been an agent that died since.
const REPEAT: Duration = Duration::from_secs(10);
/// From a proved secret to the agent's hello on its channel.
const PROVE: Duration = Duration::from_secs(20);
/// Streams of one link: sessions of clients that come and go, and the agent channel.
const STREAMS: usize = 32;
/// Bytes of all streams that may wait to be read: yamux wants 256 KiB for each.
const WINDOW: usize = 16 << 20;

/// One byte stream of a link.
pub(crate) type LinkStream = Compat<yamux::Stream>;

/// A proved agent. Clones share the link.
#[derive(Clone, Debug)]
pub(crate) struct AgentLink {
    requests: mpsc::Sender<Asked>,
    streams: mpsc::Sender<oneshot::Sender<Result<yamux::Stream, yamux::ConnectionError>>>,
    session: watch::Receiver<SessionState>,
    /// Cancelled when the link is gone.
    closed: CancellationToken,
}

#[derive(Debug)]
struct Asked {
    method: Method,
    reply: oneshot::Sender<Outcome>,
}

/// What a machine's link tells its actor.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// An agent has proved itself.
    Up(AgentLink),
    /// Something that knows the secret is no agent that this daemon can use.
    Unusable(Fault),
}

/// Why an agent did not do what it was asked.
#[derive(Debug, Error)]
pub(crate) enum AgentError {
    /// The link broke.
    #[error("the connection to the agent broke")]
    Lost,
    /// No answer in time.
    #[error("the agent did not answer in time")]
    Timeout,
    /// The agent refuses.
    #[error("the agent refuses: {message}")]
    Refused { code: ErrorCode, message: String },
    /// The agent answers something else than was asked.
    #[error("the agent broke the protocol: {0}")]
    Protocol(&'static str),
}

/// Why a connection is not a link.
#[derive(Debug, Error)]
enum LinkError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    #[error("{0}")]
    Mux(#[from] yamux::ConnectionError),
    #[error("{0}")]
    Header(#[from] HeaderError),
    #[error("the channel was refused: {0}")]
    Refused(String),
    #[error("the agent's contract is version {0}, expected {ours}", ours = agent::VERSION)]
    Version(u32),
    #[error("the agent's first message is not its hello")]
    NoHello,
    #[error("a line of the agent is longer than {max} bytes or not a message", max = agent::MAX_LINE)]
    Line,
    #[error("nothing was heard of it in time")]
    Silent,
}

/// Serves the link of one machine until it is dropped; reports to `events`. `who` is for the log.
pub(crate) async fn serve(
    who: String,
    listener: UnixListener,
    secret: Secret,
    silence: Duration,
    events: mpsc::Sender<LinkEvent>,
) {
    let mut links = JoinSet::new();
    let (proved, mut newest) = mpsc::channel::<AgentLink>(1);
    let mut current: Option<AgentLink> = None;
    loop {
        tokio::select! {
            accepted = listener.accept(), if links.len() < CANDIDATES => match accepted {
                Ok((socket, _)) => {
                    let (who, secret) = (who.clone(), secret.clone());
                    let (proved, events) = (proved.clone(), events.clone());
                    links.spawn(async move {
                        match link(socket, secret, silence, proved).await {
                            Ok(()) => debug!(vm = who, "link closed"),
                            Err(error @ LinkError::Version(_)) => {
                                let message = format!("The desktop's image does not fit this server: {error}.");
                                let fault = Fault { code: ErrorCode::BootFailed, message };
                                let _ = events.send(LinkEvent::Unusable(fault)).await;
                            }
                            Err(error) => warn!(vm = who, "link dropped: {error}"),
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors: the next end of a connection makes room.
                    warn!(vm = who, "cannot accept the link: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            },
            Some(_) = links.join_next() => {}
            Some(link) = newest.recv() => {
                if let Some(older) = current.replace(link.clone()) {
                    older.closed.cancel();
                }
                if events.send(LinkEvent::Up(link)).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// One connection from its first byte to its last.
async fn link(
    mut socket: UnixStream,
    secret: Secret,
    silence: Duration,
    proved: mpsc::Sender<AgentLink>,
) -> Result<(), LinkError> {
    let rest = prove(&mut socket, &secret).await?;
    let mut config = yamux::Config::default();
    config.set_max_num_streams(STREAMS).set_max_connection_receive_window(Some(WINDOW));
    let mux = yamux::Connection::new(Rest::new(rest, socket).compat(), config, yamux::Mode::Client);

    let closed = CancellationToken::new();
    let _gone = closed.clone().drop_guard();
    let (streams, opens) = mpsc::channel(8);
    let (requests, asked) = mpsc::channel(8);
    let (session, states) = watch::channel(SessionState::None);
    let link = AgentLink { requests, streams, session: states, closed: closed.clone() };
    tokio::select! {
        end = drive(mux, opens) => end.map_err(Into::into),
        end = converse(&link, asked, session, silence, &proved) => end,
        () = closed.cancelled() => Ok(()),
    }
}

/// The handshake; gives what came behind it.
async fn prove(socket: &mut UnixStream, secret: &Secret) -> Result<Vec<u8>, LinkError> {
    let mut buffer = vec![0; 4096];
    'again: loop {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(io::Error::from)?;
        let (mut handshake, hello) = NodeHandshake::start(secret.clone(), nonce);
        socket.write_all(&hello).await?;
        let repeat = Instant::now() + REPEAT;
        loop {
            let length = tokio::select! {
                length = socket.read(&mut buffer) => length?,
                () = sleep_until(repeat) => continue 'again,
            };
            if length == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            match handshake.receive(buffer.get(..length).unwrap_or_default())? {
                Step::Continue(send) => socket.write_all(&send).await?,
                Step::Done { send, rest } => {
                    socket.write_all(&send).await?;
                    return Ok(rest);
                }
            }
        }
    }
}

/// Moves the multiplexer: opens the streams that are asked for, until the connection ends.
async fn drive(
    mut mux: yamux::Connection<Compat<Rest<UnixStream>>>,
    mut opens: mpsc::Receiver<oneshot::Sender<Result<yamux::Stream, yamux::ConnectionError>>>,
) -> Result<(), yamux::ConnectionError> {
    let mut asked: Option<oneshot::Sender<_>> = None;
    poll_fn(|cx| {
        use std::task::Poll;
        loop {
            if asked.is_none()
                && let Poll::Ready(Some(next)) = opens.poll_recv(cx)
            {
                asked = Some(next);
            }
            if asked.is_some()
                && let Poll::Ready(stream) = mux.poll_new_outbound(cx)
            {
                if let Some(reply) = asked.take() {
                    let _ = reply.send(stream);
                }
                continue;
            }
            match mux.poll_next_inbound(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                // The agent has no reason to open a stream: dropping it resets it.
                Poll::Ready(Some(Ok(_))) => {}
            }
        }
    })
    .await
}

/// The agent channel: requests out, answers and events in.
async fn converse(
    link: &AgentLink,
    mut asked: mpsc::Receiver<Asked>,
    session: watch::Sender<SessionState>,
    silence: Duration,
    proved: &mpsc::Sender<AgentLink>,
) -> Result<(), LinkError> {
    let opened = async {
        let stream = link.open(&Header::new(name::AGENT)).await?;
        let (reader, writer) = tokio::io::split(stream);
        let mut lines = Lines::new(reader);
        let hello = lines.next().await?;
        Ok::<_, LinkError>((lines, writer, hello))
    };
    let (mut lines, mut writer, hello) = match timeout(PROVE, opened).await {
        Ok(opened) => opened?,
        Err(_) => return Err(LinkError::Silent),
    };
    match hello {
        Some(AgentMessage::Event { event: AgentEvent::Hello { version, release, session: state } }) => {
            if version != agent::VERSION {
                return Err(LinkError::Version(version));
            }
            info!(agent = release.escape_debug().to_string(), session = ?state, "agent reports");
            session.send_replace(state);
        }
        _ => return Err(LinkError::NoHello),
    }
    let _ = proved.send(link.clone()).await;

    let mut next_id = 1_u64;
    let mut open: HashMap<u64, oneshot::Sender<Outcome>> = HashMap::new();
    // Half of the silence passes before the question, half of it is for the answer.
    let half = silence / 2;
    let (mut deadline, mut questioned) = (Instant::now() + half, false);
    loop {
        tokio::select! {
            message = lines.next() => {
                (deadline, questioned) = (Instant::now() + half, false);
                match message? {
                    None => return Ok(()),
                    Some(AgentMessage::Response { id, outcome }) => {
                        if let Some(reply) = open.remove(&id) {
                            let _ = reply.send(outcome);
                        }
                    }
                    Some(AgentMessage::Event { event: AgentEvent::Session { state } }) => {
                        debug!(?state, "session");
                        session.send_replace(state);
                    }
                    Some(AgentMessage::Event { event: AgentEvent::Resuming | AgentEvent::Hello { .. } }) => {}
                }
            }
            Some(Asked { method, reply }) = asked.recv() => {
                // Whoever does not wait any longer is not answered.
                open.retain(|_, reply| !reply.is_closed());
                open.insert(next_id, reply);
                write_request(&mut writer, next_id, method, silence).await?;
                next_id += 1;
            }
            () = sleep_until(deadline) => {
                if questioned {
                    return Err(LinkError::Silent);
                }
                write_request(&mut writer, next_id, Method::Ping, silence).await?;
                next_id += 1;
                (deadline, questioned) = (Instant::now() + half, true);
            }
        }
    }
}

async fn write_request(
    writer: &mut (impl AsyncWriteExt + Unpin),
    id: u64,
    method: Method,
    limit: Duration,
) -> Result<(), LinkError> {
    let mut line = serde_json::to_vec(&NodeRequest { id, method }).map_err(io::Error::from)?;
    line.push(b'\n');
    let write = async {
        writer.write_all(&line).await?;
        writer.flush().await
    };
    match timeout(limit, write).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(LinkError::Silent),
    }
}

impl AgentLink {
    /// State of the desktop session as last reported.
    pub(crate) fn session(&self) -> watch::Receiver<SessionState> {
        self.session.clone()
    }

    /// Resolves when the link is gone.
    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Starts or resumes the desktop session.
    pub(crate) async fn start_session(
        &self,
        epoch: u64,
        session: SessionParameters,
        limit: Duration,
    ) -> Result<DisplayParameters, AgentError> {
        match self.ask(Method::StartSession { epoch, session }, limit).await? {
            Answer::Session { display } => Ok(display),
            Answer::Done => Err(AgentError::Protocol("a session was asked for, \"done\" was answered")),
        }
    }

    /// Asks the machine to power itself off.
    pub(crate) async fn shutdown(&self, limit: Duration) -> Result<(), AgentError> {
        self.ask(Method::Shutdown, limit).await.map(|_| ())
    }

    /// Opens the byte stream of the session with lease `epoch`.
    pub(crate) async fn open_session(&self, epoch: u64, limit: Duration) -> Result<LinkStream, AgentError> {
        let header = Header::with(name::SESSION, &SessionStream { epoch })
            .map_err(|_| AgentError::Protocol("the header does not fit"))?;
        match timeout(limit, self.open(&header)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(LinkError::Refused(message))) => {
                Err(AgentError::Refused { code: ErrorCode::SessionFailed, message })
            }
            Ok(Err(LinkError::Header(_))) => Err(AgentError::Protocol("its verdict cannot be read")),
            Ok(Err(_)) => Err(AgentError::Lost),
            Err(_) => Err(AgentError::Timeout),
        }
    }

    async fn ask(&self, method: Method, limit: Duration) -> Result<Answer, AgentError> {
        let (reply, answer) = oneshot::channel();
        let ask = async {
            self.requests.send(Asked { method, reply }).await.map_err(|_| AgentError::Lost)?;
            answer.await.map_err(|_| AgentError::Lost)
        };
        match timeout(limit, ask).await {
            Err(_) => Err(AgentError::Timeout),
            Ok(Err(lost)) => Err(lost),
            Ok(Ok(Outcome::Ok(answer))) => Ok(answer),
            Ok(Ok(Outcome::Failed { code, message })) => Err(AgentError::Refused { code, message }),
        }
    }

    /// Opens a stream, sends its header and waits for the verdict.
    async fn open(&self, header: &Header) -> Result<LinkStream, LinkError> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let (reply, stream) = oneshot::channel();
        self.streams.send(reply).await.map_err(|_| gone())?;
        let mut stream = stream.await.map_err(|_| gone())??.compat();
        stream.write_all(&header.encode()).await?;
        stream.flush().await?;
        // A verdict is short and tells its length: reading it byte by byte takes nothing of what follows.
        let mut verdict = Vec::with_capacity(64);
        loop {
            verdict.push(stream.read_u8().await?);
            match Verdict::decode(&verdict)? {
                None => {}
                Some((Verdict::Accepted, _)) => return Ok(stream),
                Some((Verdict::Refused { text, .. }, _)) => return Err(LinkError::Refused(text)),
            }
        }
    }
}

/// Messages of the agent channel, a line each.
struct Lines {
    reader: ReadHalf<LinkStream>,
    buffer: Vec<u8>,
}

impl Lines {
    fn new(reader: ReadHalf<LinkStream>) -> Self {
        Self { reader, buffer: Vec::new() }
    }

    /// The next message, `None` at the end. Cancelling loses nothing.
    async fn next(&mut self) -> Result<Option<AgentMessage>, LinkError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return serde_json::from_slice(&line).map(Some).map_err(|_| LinkError::Line);
            }
            if self.buffer.len() >= agent::MAX_LINE {
                return Err(LinkError::Line);
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}
