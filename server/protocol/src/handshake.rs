//! How node and agent prove to each other that they know the machine's secret, sans-I/O.
//!
//! ```text
//! node  → agent   QVD-NODE 1 <n>\n            n, a: 16 random bytes each, as lower-case hex
//! agent → node    QVD-AGENT 1 <a> <m>\n       m = HMAC-SHA-256(secret, "agent" n a), as lower-case hex
//! node  → agent   QVD-OPEN 1 <k>\n            k = HMAC-SHA-256(secret, "node" n a)
//! ```
//!
//! n and a enter the MAC as their hex text. A virtio-serial port keeps no borders between connections: what an
//! earlier owner of the port left unread may stand in front of a line. Each side therefore skips whatever comes before
//! the line it waits for, up to [`MAX_SKIPPED`] bytes. The fresh numbers make an old line worthless, and an agent
//! that reads a new `QVD-NODE` in the middle begins again with it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::Secret;

/// Most bytes that may stand in front of an expected line.
pub const MAX_SKIPPED: usize = 4 * 1024 * 1024;

const NODE: &[u8] = b"QVD-NODE 1 ";
const AGENT: &[u8] = b"QVD-AGENT 1 ";
const OPEN: &[u8] = b"QVD-OPEN 1 ";
const NONCE: usize = 32;
const MAC: usize = 64;

/// 16 bytes that were never used before, from the operating system's random source.
pub type Nonce = [u8; 16];

/// What to do after bytes were taken in.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes (there may be none) and wait for more.
    Continue(Vec<u8>),
    /// Send `send`; the peer is proved; `rest` came behind the handshake and belongs to what follows it.
    Done {
        /// To send first.
        send: Vec<u8>,
        /// Already received of the next protocol.
        rest: Vec<u8>,
    },
}

/// The peer is not proved.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HandshakeError {
    /// The line came, but its proof is not that of the machine's secret.
    #[error("the peer does not know the machine's secret")]
    WrongSecret,
    /// Nothing like the expected line came.
    #[error("no handshake within {MAX_SKIPPED} bytes")]
    Garbage,
}

/// The node's side.
#[derive(Debug)]
pub struct NodeHandshake {
    secret: Secret,
    nonce: String,
    buffer: Vec<u8>,
    skipped: usize,
}

impl NodeHandshake {
    /// Begins; the bytes are the first to send.
    pub fn start(secret: Secret, nonce: Nonce) -> (Self, Vec<u8>) {
        let nonce = hex(&nonce);
        let hello = [NODE, nonce.as_bytes(), b"\n"].concat();
        (Self { secret, nonce, buffer: Vec::new(), skipped: 0 }, hello)
    }

    /// Takes bytes of the agent in.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Step, HandshakeError> {
        self.buffer.extend_from_slice(bytes);
        while let Some(line) = take_line(&mut self.buffer, &mut self.skipped, AGENT, NONCE + 1 + MAC)? {
            let (nonce, mac) = (&line[..NONCE], &line[NONCE + 1..]);
            if !prove(&self.secret, b"agent", self.nonce.as_bytes(), nonce).matches(mac) {
                // An answer to an earlier node's number is not an attack: the right one may follow.
                if self.buffer.is_empty() {
                    return Err(HandshakeError::WrongSecret);
                }
                continue;
            }
            let proof = prove(&self.secret, b"node", self.nonce.as_bytes(), nonce).hex();
            let send = [OPEN, proof.as_bytes(), b"\n"].concat();
            return Ok(Step::Done { send, rest: std::mem::take(&mut self.buffer) });
        }
        Ok(Step::Continue(Vec::new()))
    }
}

/// The agent's side.
#[derive(Debug)]
pub struct AgentHandshake {
    secret: Secret,
    nonce: String,
    /// The node's number, once it came.
    node: Option<Vec<u8>>,
    buffer: Vec<u8>,
    skipped: usize,
}

impl AgentHandshake {
    /// Waits for the node to begin.
    pub fn new(secret: Secret, nonce: Nonce) -> Self {
        Self { secret, nonce: hex(&nonce), node: None, buffer: Vec::new(), skipped: 0 }
    }

    /// Takes bytes of the node in.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Step, HandshakeError> {
        self.buffer.extend_from_slice(bytes);
        let mut send = Vec::new();
        loop {
            let hello = find(&self.buffer, NODE);
            let open = self.node.as_ref().and_then(|_| find(&self.buffer, OPEN));
            if let (Some(at), Some(node)) = (open, &self.node)
                && hello.is_none_or(|hello| at < hello)
            {
                let Some(mac) = take_line(&mut self.buffer, &mut self.skipped, OPEN, MAC)? else { break };
                if !prove(&self.secret, b"node", node, self.nonce.as_bytes()).matches(&mac) {
                    return Err(HandshakeError::WrongSecret);
                }
                return Ok(Step::Done { send, rest: std::mem::take(&mut self.buffer) });
            }
            let Some(node) = take_line(&mut self.buffer, &mut self.skipped, NODE, NONCE)? else { break };
            let proof = prove(&self.secret, b"agent", &node, self.nonce.as_bytes()).hex();
            send = [AGENT, self.nonce.as_bytes(), b" ", proof.as_bytes(), b"\n"].concat();
            self.node = Some(node);
        }
        Ok(Step::Continue(send))
    }
}

/// Removes everything up to and with the next line `prefix` + `length` bytes + line feed; gives those bytes.
fn take_line(
    buffer: &mut Vec<u8>,
    skipped: &mut usize,
    prefix: &[u8],
    length: usize,
) -> Result<Option<Vec<u8>>, HandshakeError> {
    loop {
        let Some(at) = find(buffer, prefix) else {
            // The prefix may be cut by the end of what has arrived.
            let drop = buffer.len().saturating_sub(NODE.len().max(AGENT.len()));
            buffer.drain(..drop);
            *skipped += drop;
            return if *skipped > MAX_SKIPPED { Err(HandshakeError::Garbage) } else { Ok(None) };
        };
        let end = at + prefix.len() + length;
        let Some(&last) = buffer.get(end) else { return Ok(None) };
        let line = buffer[at + prefix.len()..end].to_vec();
        let whole = last == b'\n' && line.iter().all(|c| c.is_ascii_hexdigit() || *c == b' ');
        *skipped += at;
        buffer.drain(..if whole { end + 1 } else { at + 1 });
        if whole {
            return Ok(Some(line));
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

struct Proof(Hmac<Sha256>);

fn prove(secret: &Secret, role: &[u8], node: &[u8], agent: &[u8]) -> Proof {
    #[expect(clippy::expect_used, reason = "RFC 2104: a key of any length is a key")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("hmac takes any key");
    mac.update(role);
    mac.update(node);
    mac.update(agent);
    Proof(mac)
}

impl Proof {
    fn hex(self) -> String {
        hex(&self.0.finalize().into_bytes())
    }

    /// Compares in constant time.
    fn matches(self, text: &[u8]) -> bool {
        unhex(text).is_some_and(|bytes| self.0.verify_slice(&bytes).is_ok())
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> Secret {
        Secret::new("a machine's secret")
    }

    /// Runs both sides with `chunk`-byte pieces; gives what each made of it.
    fn run(
        node_secret: Secret,
        agent_secret: Secret,
        garbage: &[u8],
        chunk: usize,
    ) -> (Result<Step, HandshakeError>, Result<Step, HandshakeError>) {
        let (mut node, hello) = NodeHandshake::start(node_secret, [1; 16]);
        let mut agent = AgentHandshake::new(agent_secret, [2; 16]);
        let mut to_node = garbage.to_vec();
        for piece in [garbage, &hello].concat().chunks(chunk) {
            match agent.receive(piece) {
                Ok(Step::Continue(bytes)) => to_node.extend(bytes),
                other => return (Ok(Step::Continue(vec![])), other),
            }
        }
        for piece in to_node.chunks(chunk) {
            match node.receive(piece) {
                Ok(Step::Continue(_)) => {}
                Ok(Step::Done { send, rest }) => {
                    let mut last = Ok(Step::Continue(vec![]));
                    for piece in [&send[..], b"yamux"].concat().chunks(send.len()) {
                        if let Ok(Step::Continue(_)) = last {
                            last = agent.receive(piece);
                        }
                    }
                    return (Ok(Step::Done { send, rest }), last);
                }
                error => return (error, Ok(Step::Continue(vec![]))),
            }
        }
        (Ok(Step::Continue(vec![])), Ok(Step::Continue(vec![])))
    }

    #[test]
    fn both_sides_open_with_the_same_secret() {
        let (node, agent) = run(secret(), secret(), b"", 1000);
        assert!(matches!(node, Ok(Step::Done { .. })), "{node:?}");
        assert!(matches!(agent, Ok(Step::Done { .. })), "{agent:?}");
    }

    #[test]
    fn an_agent_with_another_secret_is_refused() {
        let (node, _) = run(secret(), Secret::new("guess"), b"", 1000);
        assert_eq!(node, Err(HandshakeError::WrongSecret));
    }

    #[test]
    fn a_node_with_another_secret_is_refused_by_the_agent() {
        let mut agent = AgentHandshake::new(secret(), [2; 16]);
        let (_, hello) = NodeHandshake::start(secret(), [1; 16]);
        assert!(matches!(agent.receive(&hello), Ok(Step::Continue(_))));
        let forged = [OPEN, "00".repeat(32).as_bytes(), b"\n"].concat();
        assert_eq!(agent.receive(&forged), Err(HandshakeError::WrongSecret));
    }

    #[test]
    fn a_node_that_begins_again_is_answered_again() {
        let mut agent = AgentHandshake::new(secret(), [2; 16]);
        let (_, first) = NodeHandshake::start(secret(), [1; 16]);
        let (mut node, second) = NodeHandshake::start(secret(), [3; 16]);
        agent.receive(&first).unwrap();
        let Ok(Step::Continue(answer)) = agent.receive(&second) else { panic!("not answered") };
        assert!(matches!(node.receive(&answer), Ok(Step::Done { .. })));
    }

    #[test]
    fn endless_garbage_is_given_up() {
        let mut agent = AgentHandshake::new(secret(), [2; 16]);
        let block = vec![0_u8; 1 << 20];
        let outcome = (0..6).map(|_| agent.receive(&block)).find(Result::is_err);
        assert_eq!(outcome, Some(Err(HandshakeError::Garbage)));
    }

    proptest! {
        #[test]
        fn leftovers_of_an_earlier_connection_are_skipped(
            garbage in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..50,
        ) {
            let (node, agent) = run(secret(), secret(), &garbage, chunk);
            prop_assert!(matches!(node, Ok(Step::Done { .. })), "{:?}", node);
            prop_assert!(matches!(agent, Ok(Step::Done { .. })), "{:?}", agent);
        }
    }
}
