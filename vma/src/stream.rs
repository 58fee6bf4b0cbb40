//! Streams of a yamux connection: their headers, their lines, and the connection's own limits.
//!
//! Whatever a peer sends is bounded: the number of streams, the bytes that wait in them, the time a header may take, the
//! length of a line.

use std::future::poll_fn;
use std::time::Duration;

use qvd_protocol::channel::{Header, HeaderError, MAX_NAME, MAX_PARAMETERS, Refusal, Verdict};
use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};

/// Most streams of one connection at a time.
const MAX_STREAMS: usize = 16;
/// Most bytes that may wait unread in all streams of one connection; yamux wants 256 KiB for each stream.
const MAX_WINDOW: usize = 16 * 1024 * 1024;
/// How long a peer may take to send a header.
const HEADER_TIME: Duration = Duration::from_secs(10);

/// One stream, with tokio's traits.
pub(crate) type Stream = Compat<yamux::Stream>;

/// The serving side of a yamux connection.
pub(crate) struct Connection<T>(yamux::Connection<Compat<T>>);

impl<T: AsyncRead + AsyncWrite + Unpin> Connection<T> {
    /// Serves `io`.
    pub(crate) fn new(io: T) -> Self {
        let mut limits = yamux::Config::default();
        limits.set_max_num_streams(MAX_STREAMS).set_max_connection_receive_window(Some(MAX_WINDOW));
        Self(yamux::Connection::new(io.compat(), limits, yamux::Mode::Server))
    }

    /// The next stream that the peer opens; `None` at the end of the connection. All streams move only while this, or
    /// [`close`](Self::close), is being awaited. Cancellation loses nothing.
    pub(crate) async fn accept(&mut self) -> Option<Result<Stream, yamux::ConnectionError>> {
        poll_fn(|context| self.0.poll_next_inbound(context))
            .await
            .map(|stream| stream.map(FuturesAsyncReadCompatExt::compat))
    }

    /// Sends what waits, then closes in order.
    pub(crate) async fn close(&mut self) -> Result<(), yamux::ConnectionError> {
        poll_fn(|context| self.0.poll_close(context)).await
    }
}

/// Why a stream gave no header.
#[derive(Debug, Error)]
pub(crate) enum NoHeader {
    /// It ended or broke before.
    #[error("the stream ended before its header: {0}")]
    Io(#[from] std::io::Error),
    /// It took longer than [`HEADER_TIME`].
    #[error("no channel header within {HEADER_TIME:?}")]
    Late,
    /// It is none.
    #[error(transparent)]
    Malformed(#[from] HeaderError),
}

/// Reads the header and not one byte more; answers a malformed one with a refusal.
pub(crate) async fn read_header(stream: &mut Stream) -> Result<Header, NoHeader> {
    let header =
        tokio::time::timeout(HEADER_TIME, read_exact_header(stream)).await.unwrap_or(Err(NoHeader::Late));
    if let Err(NoHeader::Malformed(error)) = &header {
        refuse(stream, Refusal::Malformed, error.to_string()).await;
    }
    header
}

async fn read_exact_header(stream: &mut Stream) -> Result<Header, NoHeader> {
    let mut bytes = Vec::with_capacity(64);
    // The decoder tells nothing of what is missing; a header is short, so it is asked after each byte.
    while bytes.len() < 1 + 1 + MAX_NAME + 2 + MAX_PARAMETERS {
        bytes.push(stream.read_u8().await?);
        if let Some((header, _)) = Header::decode(&bytes)? {
            return Ok(header);
        }
    }
    Err(NoHeader::Malformed(HeaderError::Parameters))
}

/// Accepts the channel.
pub(crate) async fn accept(stream: &mut Stream) -> std::io::Result<()> {
    stream.write_all(&Verdict::Accepted.encode()).await?;
    stream.flush().await
}

/// Refuses the channel and closes the stream. The peer may be gone, which is then as good.
pub(crate) async fn refuse(stream: &mut Stream, code: Refusal, text: impl Into<String>) {
    let verdict = Verdict::Refused { code, text: text.into() };
    if stream.write_all(&verdict.encode()).await.is_ok() {
        let _ = stream.shutdown().await;
    }
}

/// Why a line could not be read.
#[derive(Debug, Error)]
pub(crate) enum LineError {
    /// The stream broke.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It goes on beyond the limit.
    #[error("a line of more than {0} bytes")]
    TooLong(usize),
    /// It is not JSON.
    #[error("a line that is not json")]
    NotJson,
}

/// Reads one line of JSON of at most `max` bytes with its line feed; `None` at the end. `line` keeps what was read so far,
/// so a cancelled call goes on where it was.
pub(crate) async fn read_json(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    max: usize,
) -> Result<Option<Value>, LineError> {
    let left = max.saturating_sub(line.len()) as u64;
    let read = reader.take(left).read_until(b'\n', line).await?;
    if line.last() != Some(&b'\n') {
        if line.len() >= max {
            return Err(LineError::TooLong(max));
        }
        return if read == 0 && line.is_empty() { Ok(None) } else { Err(LineError::NotJson) };
    }
    let value = serde_json::from_slice(line).map_err(|_| LineError::NotJson);
    line.clear();
    value.map(Some)
}

/// Writes one message as a line of JSON.
pub(crate) async fn write_json<T: serde::Serialize>(
    writer: &mut (impl AsyncWrite + Unpin),
    message: &T,
) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    writer.flush().await
}
