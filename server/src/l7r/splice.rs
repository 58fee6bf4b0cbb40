//! Moves a session's bytes between a client's WebSocket and its agent's stream, and looks at none of them.
//!
//! Each direction holds one frame or one chunk and waits for the other side to take it: a slow reader slows its writer
//! down, and nothing piles up. Between chunks the client is pinged, so that one whose cable was pulled is noticed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use axum::extract::ws::Message;
use bytes::BytesMut;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::client::{Client, Pulse};
use crate::hkd::LinkStream;

/// Most bytes of the agent in one frame: small enough that a ping does not wait long behind it.
const CHUNK: usize = 32 * 1024;

/// Why the moving ended.
#[derive(Debug)]
pub(super) enum SpliceEnd {
    /// The client closed, or is gone.
    Client(String),
    /// The client broke the protocol.
    Broke(String),
    /// The agent closed its stream, or its link broke.
    Agent,
}

/// Moves bytes until one side ends. Cancelling it leaves the client's WebSocket usable for last words.
pub(super) async fn run(client: &mut Client, stream: LinkStream) -> SpliceEnd {
    let mut pulse = Pulse::new(client.silence);
    let (tx, rx) = (&mut client.tx, &mut client.rx);
    let (mut from_agent, mut to_agent) = tokio::io::split(stream);
    // Both directions run in one task: the atomics say nothing but that the task may move between threads.
    let began = Instant::now();
    let heard = AtomicU64::new(0);
    let now = || began.elapsed().as_millis() as u64;
    // While the agent does not take the client's bytes, nothing of the client is read and it cannot be heard.
    let writing = AtomicBool::new(false);

    let up = async {
        loop {
            let message = match rx.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return broke(&error),
                None => return SpliceEnd::Client("its connection broke".into()),
            };
            heard.store(now(), Relaxed);
            match message {
                Message::Binary(bytes) => {
                    writing.store(true, Relaxed);
                    if to_agent.write_all(&bytes).await.is_err() || to_agent.flush().await.is_err() {
                        return SpliceEnd::Agent;
                    }
                    writing.store(false, Relaxed);
                    heard.store(now(), Relaxed);
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Text(_) => {
                    return SpliceEnd::Broke("The client sent text where the session's bytes belong.".into());
                }
                Message::Close(_) => return SpliceEnd::Client("it closed".into()),
            }
        }
    };
    let down = async {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(CHUNK);
            let frame = tokio::select! {
                read = from_agent.read_buf(&mut buffer) => match read {
                    Ok(0) | Err(_) => return SpliceEnd::Agent,
                    Ok(_) => Message::Binary(buffer.split().freeze()),
                },
                () = pulse.tick() => {
                    if !writing.load(Relaxed)
                        && u128::from(now() - heard.load(Relaxed)) > pulse.silence().as_millis()
                     {
                        return SpliceEnd::Client("nothing was heard of it".into());
                    }
                    Message::Ping(bytes::Bytes::new())
                }
            };
            if tx.send(frame).await.is_err() {
                return SpliceEnd::Client("its connection broke".into());
            }
        }
    };
    tokio::select! {
        end = up => end,
        end = down => end,
    }
}

/// A WebSocket error: of the network, or of what the client sent.
fn broke(error: &axum::Error) -> SpliceEnd {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return SpliceEnd::Client("its connection broke".into());
        }
        cause = error.source();
    }
    SpliceEnd::Broke(format!("The client broke the protocol: {error}."))
}
