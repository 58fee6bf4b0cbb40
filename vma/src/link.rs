//! The node link: opening it, proving the peer, and serving the node's channels on it.

use std::convert::Infallible;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use qvd_protocol::agent::{
    AgentConfig, AgentEvent, AgentMessage, Answer, CONTAINER_LINK, MAX_LINE, Method, NodeRequest, Outcome,
    SessionStream, VERSION, VIRTIO_PORT,
};
use qvd_protocol::channel::{Refusal, name};
use qvd_protocol::handshake::{AgentHandshake, Step};
use qvd_protocol::{ErrorCode, Secret};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::client;
use crate::session::Session;
use crate::stream::{self, Connection, Stream};

/// First and longest pause between attempts to open the link. There is no event for "the node listens again".
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));
/// Most responses that wait to be written.
const MAX_REQUESTS: usize = 16;

trait Io: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// Opens the link, serves it, and opens it again whenever it breaks.
pub(crate) async fn keep(
    config: &AgentConfig,
    path: Option<&Path>,
    session: &Session,
    shutdown: &Notify,
) -> Infallible {
    let mut pause = PAUSE.0;
    let mut told = false;
    loop {
        let opened = match open(path).await {
            Ok(io) => prove(io, &config.secret).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok(io) => {
                info!("the node link is open");
                (pause, told) = (PAUSE.0, false);
                match serve(io, session, shutdown).await {
                    Ok(()) => info!("the node closed its link"),
                    Err(error) => warn!("the node link broke: {error:#}"),
                }
            }
            Err(error) => {
                // Once is enough: the next attempt is milliseconds away.
                if !std::mem::replace(&mut told, true) {
                    warn!("cannot open the node link, trying again: {error:#}");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            }
        }
    }
}

/// Opens `path`, else the machine's virtio-serial port, else the container's socket.
async fn open(path: Option<&Path>) -> anyhow::Result<Box<dyn Io>> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => virtio_port().unwrap_or_else(|| CONTAINER_LINK.into()),
    };
    let context = || format!("{}", path.display());
    if std::fs::metadata(&path).with_context(context)?.file_type().is_socket() {
        return Ok(Box::new(UnixStream::connect(&path).await.with_context(context)?));
    }
    let port = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags((nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY).bits())
        .open(&path)
        .with_context(context)?;
    // A character device that is ready and not ready like a pipe is driven like one.
    let reader = pipe::Receiver::from_file_unchecked(port.try_clone()?)?;
    let writer = pipe::Sender::from_file_unchecked(port)?;
    Ok(Box::new(tokio::io::join(reader, writer)))
}

/// The device of the port that bears the link's name: by udev's link, or from sysfs where udev does not run.
fn virtio_port() -> Option<PathBuf> {
    let link = Path::new("/dev/virtio-ports").join(VIRTIO_PORT);
    if link.exists() {
        return Some(link);
    }
    let ports = std::fs::read_dir("/sys/class/virtio-ports").ok()?;
    ports.flatten().find_map(|port| {
        let name = std::fs::read_to_string(port.path().join("name")).ok()?;
        (name.trim_end() == VIRTIO_PORT).then(|| Path::new("/dev").join(port.file_name()))
    })
}

/// Runs the handshake. What came behind it is read first by whoever gets the result.
async fn prove(mut io: Box<dyn Io>, secret: &Secret) -> anyhow::Result<Box<dyn Io>> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| anyhow!("no random numbers: {error}"))?;
    let mut handshake = AgentHandshake::new(secret.clone(), nonce);
    let mut buffer = vec![0; 4096];
    loop {
        let read = io.read(&mut buffer).await?;
        let received = buffer.get(..read).unwrap_or_default();
        if received.is_empty() {
            bail!("closed before the handshake was done");
        }
        match handshake.receive(received)? {
            Step::Continue(send) => io.write_all(&send).await?,
            Step::Done { send, rest } => {
                io.write_all(&send).await?;
                let (reader, writer) = tokio::io::split(io);
                return Ok(Box::new(tokio::io::join(std::io::Cursor::new(rest).chain(reader), writer)));
            }
        }
        io.flush().await?;
    }
}

/// Serves the channels of one link until it ends; the clients of it are cut with it.
async fn serve(io: Box<dyn Io>, session: &Session, shutdown: &Notify) -> anyhow::Result<()> {
    let mut connection = Connection::new(io);
    let mut channels = JoinSet::new();
    let (asked, mut asks) = mpsc::channel::<()>(1);
    loop {
        tokio::select! {
            stream = connection.accept() => match stream {
                Some(stream) => {
                    channels.spawn(channel(stream?, session.clone(), asked.clone()));
                }
                None => return Ok(()),
            },
            Some(()) = asks.recv() => shutdown.notify_one(),
            Some(done) = channels.join_next() => {
                if let Ok(Err(error)) = done {
                    return Err(error);
                }
            }
        }
    }
}

/// One channel of the link. An error is the link's end: the node does not keep to the contract.
async fn channel(mut stream: Stream, session: Session, shutdown: mpsc::Sender<()>) -> anyhow::Result<()> {
    let header = match stream::read_header(&mut stream).await {
        Ok(header) => header,
        Err(error) => {
            warn!("a stream of the node link is not served: {error}");
            return Ok(());
        }
    };
    match header.name() {
        name::AGENT => agent(stream, &session, &shutdown).await.context("agent channel"),
        name::SESSION => {
            match header.parameters::<SessionStream>() {
                Ok(parameters) => client::serve(stream, parameters.epoch, &session).await,
                Err(error) => stream::refuse(&mut stream, Refusal::Malformed, error.to_string()).await,
            }
            Ok(())
        }
        other => {
            warn!(channel = other, "the node asked for a channel that is not known here");
            stream::refuse(&mut stream, Refusal::UnknownChannel, "the agent knows no such channel").await;
            Ok(())
        }
    }
}

/// The `agent` channel: requests in, responses and events out.
async fn agent(mut stream: Stream, session: &Session, shutdown: &mpsc::Sender<()>) -> anyhow::Result<()> {
    stream::accept(&mut stream).await?;
    let mut events = session.subscribe();
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    let hello = AgentEvent::Hello {
        version: VERSION,
        release: env!("CARGO_PKG_VERSION").into(),
        session: session.state(),
    };
    stream::write_json(&mut writer, &AgentMessage::Event { event: hello }).await?;
    let (answer, mut answers) = mpsc::channel(MAX_REQUESTS);
    let mut requests = JoinSet::new();
    let mut line = Vec::new();
    loop {
        let message = tokio::select! {
            biased;
            Ok(event) = events.recv() => AgentMessage::Event { event },
            Some(response) = answers.recv() => response,
            Some(_) = requests.join_next() => continue,
            request = stream::read_json(&mut reader, &mut line, MAX_LINE), if requests.len() < MAX_REQUESTS => {
                let Some(request) = request? else { return Ok(()) };
                let id = request.get("id").and_then(serde_json::Value::as_u64);
                match (serde_json::from_value::<NodeRequest>(request), id) {
                    (Ok(request), _) => {
                        if request.method == Method::Shutdown {
                            let done = Outcome::Ok(Answer::Done);
                            stream::write_json(&mut writer, &AgentMessage::Response { id: request.id, outcome: done }).await?;
                            let _ = shutdown.try_send(());
                            continue;
                        }
                        let (session, answer) = (session.clone(), answer.clone());
                        requests.spawn(async move {
                            let outcome = perform(&session, request.method).await;
                            let _ = answer.send(AgentMessage::Response { id: request.id, outcome }).await;
                        });
                        continue;
                    }
                    (Err(error), Some(id)) => AgentMessage::Response {
                        id,
                        outcome: Outcome::Failed {
                            code: ErrorCode::InvalidRequest,
                            message: format!("The agent does not understand the request: {error}."),
                        },
                    },
                    (Err(_), None) => bail!("a request without a number"),
                }
            }
        };
        stream::write_json(&mut writer, &message).await?;
    }
}

async fn perform(session: &Session, method: Method) -> Outcome {
    match method {
        Method::StartSession { epoch, session: parameters } => match session.begin(epoch, parameters).await {
            Ok(display) => Outcome::Ok(Answer::Session { display }),
            Err(failure) => Outcome::Failed { code: failure.code, message: failure.message },
        },
        Method::EndSession => {
            session.end().await;
            Outcome::Ok(Answer::Done)
        }
        // A shutdown begins when its answer is written.
        Method::Ping | Method::Shutdown => Outcome::Ok(Answer::Done),
    }
}
