//! QEMU's control protocol (QMP): one JSON object a line; commands one way, answers and events the other.
//!
//! QEMU dials us, so that its readiness is an event and a restarted daemon needs only to listen again.

use std::io;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Longest line that is taken from QEMU, in bytes.
const MAX_LINE: u64 = 1 << 20;
/// How long QEMU may take to answer a command.
const PATIENCE: Duration = Duration::from_secs(20);

/// A control connection, past the negotiation of capabilities.
#[derive(Debug)]
pub(super) struct Qmp {
    reader: Reader,
    writer: OwnedWriteHalf,
    /// Events that came in front of an answer.
    waiting: std::collections::VecDeque<Event>,
}

/// What happened in QEMU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The guest powered itself off, was reset, or panicked: the reason as QEMU names it.
    Shutdown(String),
    /// The guest opened or closed a virtio port.
    Port {
        /// The device's id.
        id: String,
        /// Whether it is open now.
        open: bool,
    },
    /// A disk could not be written or read; `no_space` if that is why. QEMU has stopped the guest.
    DiskError {
        /// The host's file system is full.
        no_space: bool,
    },
    /// The virtual processors were stopped.
    Stopped,
    /// One that nothing here depends on.
    Other,
}

/// One line of QEMU.
#[derive(Debug, PartialEq)]
enum Message {
    Greeting,
    Event(Event),
    Return(Value),
    Error(String),
}

impl Qmp {
    /// Takes the greeting and negotiates.
    pub(super) async fn negotiate(stream: UnixStream) -> io::Result<Self> {
        let (reader, writer) = stream.into_split();
        let mut qmp = Self {
            reader: Reader { inner: BufReader::new(reader), line: Vec::new() },
            writer,
            waiting: [].into(),
        };
        let greeting = tokio::time::timeout(PATIENCE, qmp.reader.message()).await??;
        if greeting != Message::Greeting {
            return Err(io::Error::other(format!("expected qemu's greeting, found {greeting:?}")));
        }
        qmp.execute("qmp_capabilities", json!({})).await?;
        Ok(qmp)
    }

    /// Executes a command; gives what it returns.
    pub(super) async fn execute(&mut self, command: &str, arguments: Value) -> io::Result<Value> {
        let mut line = json!({"execute": command, "arguments": arguments}).to_string();
        line.push('\n');
        self.writer.write_all(line.as_bytes()).await?;
        let answer = async {
            loop {
                match self.reader.message().await? {
                    Message::Event(event) => self.waiting.push_back(event),
                    Message::Return(value) => return Ok(value),
                    Message::Error(why) => {
                        return Err(io::Error::other(format!("qemu refused {command}: {why}")));
                    }
                    Message::Greeting => return Err(io::Error::other("qemu greeted twice")),
                }
            }
        };
        tokio::time::timeout(PATIENCE, answer).await?
    }

    /// The next event. Cancel safe.
    pub(super) async fn event(&mut self) -> io::Result<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Ok(event);
        }
        loop {
            if let Message::Event(event) = self.reader.message().await? {
                return Ok(event);
            }
        }
    }
}

#[derive(Debug)]
struct Reader {
    inner: BufReader<OwnedReadHalf>,
    /// The part of a line that has come.
    line: Vec<u8>,
}

impl Reader {
    /// The next line. Cancel safe: what has come of it stays.
    async fn message(&mut self) -> io::Result<Message> {
        let room = MAX_LINE.saturating_sub(self.line.len() as u64);
        (&mut self.inner).take(room).read_until(b'\n', &mut self.line).await?;
        if self.line.last() != Some(&b'\n') {
            let full = self.line.len() as u64 >= MAX_LINE;
            let what = if full { "a line of qemu is too long" } else { "qemu closed its control connection" };
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        let message = parse(&self.line);
        self.line.clear();
        message
    }
}

fn parse(line: &[u8]) -> io::Result<Message> {
    let mut object: Map<String, Value> = serde_json::from_slice(line)?;
    if object.contains_key("QMP") {
        return Ok(Message::Greeting);
    }
    if let Some(value) = object.remove("return") {
        return Ok(Message::Return(value));
    }
    if let Some(error) = object.get("error") {
        return Ok(Message::Error(text(error, "desc")));
    }
    let Some(Value::String(name)) = object.get("event") else {
        return Err(io::Error::other("a line of qemu is neither greeting, answer nor event"));
    };
    let data = object.get("data").unwrap_or(&Value::Null);
    let flag = |key: &str| data.get(key).and_then(Value::as_bool).unwrap_or(false);
    Ok(Message::Event(match name.as_str() {
        "SHUTDOWN" => Event::Shutdown(text(data, "reason")),
        "VSERPORT_CHANGE" => Event::Port { id: text(data, "id"), open: flag("open") },
        "BLOCK_IO_ERROR" if text(data, "action") == "stop" => Event::DiskError { no_space: flag("nospace") },
        "STOP" => Event::Stopped,
        _ => Event::Other,
    }))
}

fn text(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &[u8] = b"{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

    #[test]
    fn lines_of_qemu_are_understood() {
        let event = |line: &str| match parse(line.as_bytes()) {
            Ok(Message::Event(event)) => event,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            event(
                r#"{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}, "timestamp": {}}"#
            ),
            Event::Shutdown("guest-reset".into())
        );
        assert_eq!(
            event(r#"{"event": "VSERPORT_CHANGE", "data": {"open": true, "id": "link"}}"#),
            Event::Port { id: "link".into(), open: true }
        );
        assert_eq!(
            event(r#"{"event": "BLOCK_IO_ERROR", "data": {"action": "stop", "nospace": true}}"#),
            Event::DiskError { no_space: true }
        );
        assert_eq!(event(r#"{"event": "RTC_CHANGE"}"#), Event::Other);
        assert!(parse(b"[]").is_err() && parse(b"{}").is_err() && parse(b"{\"event\": 3}").is_err());
    }

    #[tokio::test]
    async fn an_event_in_front_of_an_answer_is_kept() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(GREETING).await.unwrap();
        theirs
            .write_all(b"{\"return\": {}}\n{\"event\": \"STOP\"}\n{\"return\": {\"status\": \"running\"}}\n")
            .await
            .unwrap();
        let mut qmp = Qmp::negotiate(ours).await.unwrap();
        let status = qmp.execute("query-status", json!({})).await.unwrap();
        assert_eq!(status["status"], "running");
        assert_eq!(qmp.event().await.unwrap(), Event::Stopped);
    }

    #[tokio::test]
    async fn a_line_that_came_in_part_survives_a_cancelled_wait() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(GREETING).await.unwrap();
        theirs.write_all(b"{\"return\": {}}\n{\"event\": \"ST").await.unwrap();
        let mut qmp = Qmp::negotiate(ours).await.unwrap();
        tokio::select! {
            biased;
            _ = qmp.event() => panic!("half a line is no event"),
            () = std::future::ready(()) => {}
        }
        theirs.write_all(b"OP\"}\n").await.unwrap();
        assert_eq!(qmp.event().await.unwrap(), Event::Stopped);
    }

    #[tokio::test]
    async fn an_endless_line_is_refused() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let writer = tokio::spawn(async move { while theirs.write_all(&[0x20; 4096]).await.is_ok() {} });
        let error = Qmp::negotiate(ours).await.unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
        writer.await.unwrap();
    }
}
