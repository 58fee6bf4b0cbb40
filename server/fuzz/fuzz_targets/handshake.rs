//! Any bytes to either side of the node link's handshake, in pieces whose size the first byte says. Nobody is proved
//! by them: the secret is not in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qvd_protocol::Secret;
use qvd_protocol::handshake::{AgentHandshake, NodeHandshake, Step};

fuzz_target!(|data: &[u8]| {
    let [size, data @ ..] = data else { return };
    let secret = Secret::new("a secret that the fuzzer does not know");
    let (mut node, _) = NodeHandshake::start(secret.clone(), [1; 16]);
    let mut agent = AgentHandshake::new(secret, [2; 16]);
    for piece in data.chunks(usize::from(*size).max(1)) {
        match node.receive(piece) {
            Ok(Step::Continue(_)) => {}
            Ok(Step::Done { .. }) => panic!("a stranger was taken for the agent"),
            Err(_) => break,
        }
    }
    for piece in data.chunks(usize::from(*size).max(1)) {
        match agent.receive(piece) {
            Ok(Step::Continue(_)) => {}
            Ok(Step::Done { .. }) => panic!("a stranger was taken for the node"),
            Err(_) => break,
        }
    }
});
