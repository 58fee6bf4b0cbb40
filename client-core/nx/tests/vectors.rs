//! Test vectors captured from the reference programs: `tests/data`, or another directory with the same files in
//! the environment variable `NX_VECTORS`.

#![expect(clippy::unwrap_used, reason = "a vector that is not as described fails its test")]

#[path = "../src/coding/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "compiled in for its own vectors, which do not use all of it")]
mod coding;
#[path = "../src/error.rs"]
#[allow(dead_code, unreachable_pub, reason = "as above")]
mod error;
#[path = "vectors/images.rs"]
mod images;
#[path = "vectors/peer.rs"]
mod peer;
#[path = "vectors/primitives.rs"]
mod primitives;
#[path = "vectors/replies.rs"]
mod replies;
#[path = "../src/reply/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "as above")]
mod reply;
#[path = "../src/request/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "as above")]
mod request;
#[path = "vectors/requests.rs"]
mod requests;
#[path = "vectors/stores.rs"]
mod stores;
#[path = "../src/x11/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "as above")]
mod x11;

use std::path::PathBuf;

use serde_json::Value;

/// Reads a file of the vectors.
fn bytes(name: &str) -> Vec<u8> {
    let directory = std::env::var_os("NX_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data"), PathBuf::from);
    let path = directory.join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Reads a vector file.
fn load(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

/// The bytes of a hexadecimal string.
fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no string: {value}"));
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// The elements of an array; none if it is missing.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Collects failures, so that one run tells all of them.
#[derive(Default)]
struct Report {
    passed: usize,
    failed: Vec<String>,
}

impl Report {
    fn check(&mut self, name: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(why) => self.failed.push(format!("{name}: {why}")),
        }
    }

    fn finish(self, what: &str) {
        println!("{what}: {} passed, {} failed", self.passed, self.failed.len());
        assert!(self.failed.is_empty(), "{what}\n{}", self.failed.join("\n"));
    }
}
