//! The channels of a session: yamux streams that open with a header and a verdict.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use futures::{AsyncRead, AsyncWrite, AsyncWriteExt};
use qvd_protocol::channel::{Header, HeaderError, Refusal, Verdict};
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};
use yamux::{Connection, ConnectionError, Stream};

use crate::Error;

/// The bytes of one channel.
pub(super) type ChannelStream = Compat<Stream>;

type Order = oneshot::Sender<Result<Stream, ConnectionError>>;

/// Opens channels on a connection that [`drive`] keeps moving.
#[derive(Clone)]
pub(super) struct Channels {
    orders: mpsc::Sender<Order>,
}

/// What [`drive`] reads.
pub(super) struct Orders(mpsc::Receiver<Order>);

pub(super) fn channels() -> (Channels, Orders) {
    let (orders, receiver) = mpsc::channel(8);
    (Channels { orders }, Orders(receiver))
}

impl Channels {
    /// Opens a channel and waits for the other side's verdict.
    pub(super) async fn open(&self, header: Header) -> Result<ChannelStream, Error> {
        let (order, stream) = oneshot::channel();
        let gone = || Error::Lost(io::ErrorKind::ConnectionReset.into());
        self.orders.send(order).await.map_err(|_| gone())?;
        let mut stream = stream.await.map_err(|_| gone())?.map_err(|error| mux_error(&error))?;
        stream.write_all(&header.encode()).await.map_err(Error::Lost)?;
        stream.flush().await.map_err(Error::Lost)?;
        let mut stream = stream.compat();
        match verdict(&mut stream).await? {
            Verdict::Accepted => Ok(stream),
            Verdict::Refused { code, text } => {
                Err(Error::Desktop(format!("channel {} refused ({code:?}): {text}", header.name())))
            }
        }
    }
}

async fn verdict(stream: &mut ChannelStream) -> Result<Verdict, Error> {
    let malformed = |error: HeaderError| Error::Desktop(error.to_string());
    let mut bytes = Vec::new();
    loop {
        if let Some((verdict, _)) = Verdict::decode(&bytes).map_err(malformed)? {
            return Ok(verdict);
        }
        // Byte by byte, once a channel: whatever follows the verdict belongs to the channel.
        bytes.push(stream.read_u8().await.map_err(Error::Lost)?);
    }
}

/// Keeps a connection moving until it ends, opening what is ordered and refusing what the other side opens.
pub(super) async fn drive<T>(mut connection: Connection<T>, Orders(mut orders): Orders) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut waiting: Option<Order> = None;
    poll_fn(|context| {
        loop {
            if waiting.is_none()
                && let Poll::Ready(Some(order)) = orders.poll_recv(context)
            {
                waiting = Some(order);
            }
            if waiting.is_some()
                && let Poll::Ready(stream) = connection.poll_new_outbound(context)
                && let Some(order) = waiting.take()
            {
                let _ = order.send(stream);
                continue;
            }
            match connection.poll_next_inbound(context) {
                Poll::Ready(Some(Ok(stream))) => refuse(stream),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(mux_error(&error))),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

/// The agent opens no channels at a client of this release.
fn refuse(mut stream: Stream) {
    tokio::spawn(async move {
        let text = "this client takes no channels".into();
        let verdict = Verdict::Refused { code: Refusal::UnknownChannel, text };
        let _ = stream.write_all(&verdict.encode()).await;
        let _ = stream.close().await;
    });
}

fn mux_error(error: &ConnectionError) -> Error {
    match error {
        ConnectionError::Io(error) => Error::Lost(io::Error::new(error.kind(), error.to_string())),
        ConnectionError::Closed => Error::Lost(io::ErrorKind::ConnectionReset.into()),
        error => Error::Desktop(error.to_string()),
    }
}
