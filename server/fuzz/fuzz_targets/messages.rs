//! Any bytes as each JSON message that the server reads. What is accepted can be written and read again.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use qvd_protocol::agent::{AgentMessage, NodeRequest};
use qvd_protocol::api::LoginRequest;
use qvd_protocol::connect::{ClientMessage, ServerMessage};
use serde_json::{from_slice, to_vec};

fn round<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let message: T = from_slice(data).ok()?;
    let again: T =
        from_slice(&to_vec(&message).expect("what was read can be written")).expect("and read again");
    assert_eq!(message, again);
    Some(message)
}

fuzz_target!(|data: &[u8]| {
    round::<AgentMessage>(data);
    round::<NodeRequest>(data);
    round::<ServerMessage>(data);
    let _ = from_slice::<LoginRequest>(data);
    if let Some(ClientMessage::Open { session, .. }) = round(data)
        && session.check().is_ok()
    {
        let keyboard = &session.keyboard;
        for text in [&keyboard.layout, &keyboard.options, &session.locale, &session.timezone] {
            assert!(!text.contains(['\n', '\0', '=', ' ', '"', '\'', '%']), "{text:?} passed the check");
        }
    }
});
