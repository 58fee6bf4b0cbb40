//! The agent's side of the contract, without a desktop behind it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::poll_fn;
use qvd_protocol::Secret;
use qvd_protocol::agent::{
    self, AgentConfig, AgentEvent, AgentMessage, Answer, Method, NodeRequest, Outcome, SessionState,
};
use qvd_protocol::channel::{Header, Verdict, name};
use qvd_protocol::connect::DisplayParameters;
use qvd_protocol::handshake::{AgentHandshake, Step};
use qvd_server::hypervisor::End;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::compat::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};

use super::{Behaviour, Order};

/// What all links of one agent share: the desktop session outlives them.
struct Desktop {
    state: watch::Sender<SessionState>,
    orders: broadcast::Sender<Order>,
    power: watch::Sender<Option<End>>,
    behaviour: Behaviour,
}

pub(super) async fn run(
    socket: PathBuf,
    config: AgentConfig,
    behaviour: Behaviour,
    mut orders: mpsc::UnboundedReceiver<Order>,
    power: watch::Sender<Option<End>>,
) {
    if behaviour == Behaviour::Waits {
        while orders.recv().await != Some(Order::Boot) {}
    }
    let (state, _) = watch::channel(SessionState::None);
    let (told, _) = broadcast::channel(8);
    let desktop = Arc::new(Desktop { state, orders: told.clone(), power, behaviour });
    let mut tell = tokio::spawn(async move {
        while let Some(order) = orders.recv().await {
            let _ = told.send(order);
        }
    });
    loop {
        tokio::select! {
            _ = link(&socket, &config, &desktop) => {}
            _ = &mut tell => return,
        }
        // A node that was restarted listens again in a moment.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn link(socket: &PathBuf, config: &AgentConfig, desktop: &Arc<Desktop>) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    let secret = match desktop.behaviour {
        Behaviour::WrongSecret => Secret::new("guess"),
        _ => config.secret.clone(),
    };
    let mut handshake = AgentHandshake::new(secret, rand_nonce());
    let mut buffer = [0; 1024];
    let rest = loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        match handshake.receive(&buffer[..length]).map_err(std::io::Error::other)? {
            Step::Continue(send) => stream.write_all(&send).await?,
            Step::Done { send, rest } => {
                stream.write_all(&send).await?;
                break rest;
            }
        }
    };
    let (read, write) = stream.into_split();
    let io = tokio::io::join(std::io::Cursor::new(rest).chain(read), write);
    let mut mux = yamux::Connection::new(io.compat(), yamux::Config::default(), yamux::Mode::Server);
    let mut orders = desktop.orders.subscribe();
    let mut streams = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            stream = poll_fn(|cx| mux.poll_next_inbound(cx)) => match stream {
                Some(Ok(stream)) => {
                    streams.spawn(serve(stream, desktop.clone()));
                }
                _ => return Ok(()),
            },
            order = orders.recv() => if order == Ok(Order::BreakLink) { return Ok(()) },
        }
    }
}

async fn serve(stream: yamux::Stream, desktop: Arc<Desktop>) -> std::io::Result<()> {
    let mut stream = stream.compat();
    let mut bytes = Vec::new();
    let header = loop {
        bytes.push(stream.read_u8().await?);
        if let Some((header, _)) = Header::decode(&bytes).map_err(std::io::Error::other)? {
            break header;
        }
    };
    stream.write_all(&Verdict::Accepted.encode()).await?;
    match header.name() {
        name::AGENT => converse(stream, &desktop).await,
        name::SESSION => {
            // A session echoes what it gets, until the desktop is gone.
            desktop.state.send_replace(SessionState::Connected);
            let mut state = desktop.state.subscribe();
            let (mut read, mut write) = tokio::io::split(stream);
            tokio::select! {
                done = tokio::io::copy(&mut read, &mut write) => {
                    desktop.state.send_replace(SessionState::Suspended);
                    done.map(drop)
                }
                _ = state.wait_for(|state| matches!(state, SessionState::Crashed | SessionState::Ended)) => Ok(()),
            }
        }
        other => panic!("channel {other}"),
    }
}

async fn converse(
    stream: tokio_util::compat::Compat<yamux::Stream>,
    desktop: &Desktop,
) -> std::io::Result<()> {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read).lines();
    let (mut state, mut orders) = (desktop.state.subscribe(), desktop.orders.subscribe());
    let version = agent::VERSION + u32::from(desktop.behaviour == Behaviour::OtherVersion);
    let session = *state.borrow_and_update();
    let hello = AgentEvent::Hello { version, release: "fake".into(), session };
    say(&mut write, &AgentMessage::Event { event: hello }).await?;
    let mut silent = false;
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                if silent {
                    continue;
                }
                let NodeRequest { id, method } = serde_json::from_str(&line).unwrap();
                let outcome = match method {
                    Method::StartSession { .. } if desktop.behaviour == Behaviour::NoSession => continue,
                    Method::StartSession { .. } => {
                        silent = desktop.behaviour == Behaviour::FallsSilent;
                        desktop.state.send_replace(SessionState::Starting);
                        let cookie = Secret::new("0123456789abcdef0123456789abcdef");
                        Outcome::Ok(Answer::Session { display: DisplayParameters { cookie } })
                    }
                    Method::Shutdown if matches!(desktop.behaviour, Behaviour::Stubborn | Behaviour::Immortal) => {
                        continue;
                    }
                    Method::Shutdown => {
                        desktop.power.send_replace(Some(End::PoweredOff));
                        Outcome::Ok(Answer::Done)
                    }
                    Method::EndSession | Method::Ping => Outcome::Ok(Answer::Done),
                };
                say(&mut write, &AgentMessage::Response { id, outcome }).await?;
            }
            _ = state.changed() => {
                let state = *state.borrow_and_update();
                say(&mut write, &AgentMessage::Event { event: AgentEvent::Session { state } }).await?;
            }
            order = orders.recv() => match order {
                Ok(Order::CrashSession) => drop(desktop.state.send_replace(SessionState::Crashed)),
                Ok(Order::EndSession) => drop(desktop.state.send_replace(SessionState::Ended)),
                _ => {}
            },
        }
    }
}

async fn say(write: &mut (impl AsyncWriteExt + Unpin), message: &AgentMessage) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    write.flush().await
}

fn rand_nonce() -> [u8; 16] {
    *uuid::Uuid::new_v4().as_bytes()
}
