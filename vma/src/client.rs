//! One client's session stream: a yamux connection of its own, whose channels are the client's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use qvd_protocol::ErrorCode;
use qvd_protocol::channel::{Refusal, name};
use qvd_protocol::control::{AgentControl, ClientControl, MAX_LINE};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use crate::session::{Attached, Ended, Session};
use crate::stream::{self, Connection, LineError, Stream};

/// How long a client may take to read the last words of its session.
const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes moved at once between nxagent and the client.
const COPY: usize = 64 * 1024;

/// Serves the client until it goes, is cut by a newer one, or the session is over.
pub(crate) async fn serve(mut stream: Stream, epoch: u64, session: &Session) {
    // Dropping `attached`, also when the link breaks, tells the session that the client is gone.
    let Attached { mut ended, cut, gone: _gone } = match session.attach(epoch).await {
        Ok(attached) => attached,
        Err((code, text)) => {
            info!(epoch, "a client's stream is refused: {text}");
            return stream::refuse(&mut stream, code, text).await;
        }
    };
    if stream::accept(&mut stream).await.is_err() {
        return;
    }
    info!(epoch, "a client is connected");
    let mut connection = Connection::new(stream);
    let mut channels = JoinSet::new();
    let open = Arc::new(Open::default());
    let for_channels = ended.clone();
    let over = loop {
        tokio::select! {
            inbound = connection.accept() => match inbound {
                Some(Ok(inbound)) => {
                    let (session, ended) = (session.clone(), for_channels.clone());
                    channels.spawn(channel(inbound, epoch, session, ended, open.clone()));
                }
                Some(Err(error)) => {
                    debug!(epoch, "the client's stream broke: {error}");
                    break false;
                }
                None => break false,
            },
            () = cut.cancelled() => break false,
            Ok(_) = ended.wait_for(Option::is_some) => break true,
            Some(_) = channels.join_next() => {}
        }
    };
    if over {
        // The control channel passes the last words on; streams move only while the connection is driven.
        let farewell = async {
            while !channels.is_empty() {
                tokio::select! {
                    inbound = connection.accept() => match inbound {
                        Some(Ok(_)) => {}
                        _ => return,
                    },
                    Some(_) = channels.join_next() => {}
                }
            }
            let _ = connection.close().await;
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }
    info!(epoch, "the client is gone");
}

/// Which of the channels that exist once are open.
#[derive(Default)]
struct Open {
    display: AtomicBool,
    control: AtomicBool,
}

async fn channel(
    mut stream: Stream,
    epoch: u64,
    session: Session,
    ended: watch::Receiver<Option<Ended>>,
    open: Arc<Open>,
) {
    let header = match stream::read_header(&mut stream).await {
        Ok(header) => header,
        Err(error) => return warn!(epoch, "a client's channel is not served: {error}"),
    };
    let flag = match header.name() {
        name::DISPLAY => &open.display,
        name::CONTROL => &open.control,
        other => {
            warn!(epoch, channel = other, "the client asked for a channel that is not known here");
            return stream::refuse(&mut stream, Refusal::UnknownChannel, "this desktop has no such channel")
                .await;
        }
    };
    if flag.swap(true, Ordering::Relaxed) {
        return stream::refuse(&mut stream, Refusal::Busy, "the channel is open already").await;
    }
    if header.name() == name::DISPLAY {
        match session.display(epoch).await {
            Ok(nxagent) => display(stream, nxagent).await,
            Err((code, text)) => stream::refuse(&mut stream, code, text).await,
        }
    } else {
        match control(stream, &session, ended).await {
            Ok(()) => {}
            Err(LineError::Io(error)) => debug!(epoch, "control channel: {error}"),
            Err(error) => warn!(epoch, "control channel: {error}"),
        }
    }
    flag.store(false, Ordering::Relaxed);
}

/// Moves bytes until either side ends; the end of one direction is the end of an NX link (NX part 1 §7).
async fn display(mut stream: Stream, mut nxagent: UnixStream) {
    if stream::accept(&mut stream).await.is_err() {
        return;
    }
    let (client_reader, mut client_writer) = tokio::io::split(stream);
    let (nxagent_reader, mut nxagent_writer) = nxagent.split();
    let mut client_reader = BufReader::with_capacity(COPY, client_reader);
    let mut nxagent_reader = BufReader::with_capacity(COPY, nxagent_reader);
    let ended = tokio::select! {
        ended = tokio::io::copy_buf(&mut client_reader, &mut nxagent_writer) => ended,
        ended = tokio::io::copy_buf(&mut nxagent_reader, &mut client_writer) => ended,
    };
    if let Err(error) = ended {
        debug!("display channel: {error}");
    }
    let _ = client_writer.shutdown().await;
}

/// The `control` channel.
async fn control(
    mut stream: Stream,
    session: &Session,
    mut ended: watch::Receiver<Option<Ended>>,
) -> Result<(), LineError> {
    stream::accept(&mut stream).await?;
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        let message = tokio::select! {
            Ok(ended) = ended.wait_for(Option::is_some) => {
                let Ended { code, message } =
                    ended.clone().unwrap_or(Ended { code: ErrorCode::SessionEnded, message: String::new() });
                AgentControl::Ended { code, message }
            }
            message = stream::read_json(&mut reader, &mut line, MAX_LINE) => {
                let Some(message) = message? else { return Ok(()) };
                match serde_json::from_value(message).map_err(|_| LineError::NotJson)? {
                    ClientControl::Ping { id } => AgentControl::Pong { id },
                    ClientControl::EndSession => {
                        session.ask_end();
                        continue;
                    }
                }
            }
        };
        stream::write_json(&mut writer, &message).await?;
        if matches!(message, AgentControl::Ended { .. }) {
            writer.shutdown().await?;
            return Ok(());
        }
    }
}
