//! `replies.json`: what an X server writes and the payloads it becomes (format: NX part 4 §12).

use std::time::Duration;

use nx::{Config, Cookie};
use serde_json::Value;

use crate::peer::Fed;
use crate::{Report, hex, list, load};

/// Steps in which we differ from the reference on purpose, and why (NX part 4 §11). They leave no trace in the
/// caches of later steps.
const CORRECTED: [(&str, &str); 4] = [
    ("AllocColor approximated", "the reference sends the requested colour instead of the allocated one"),
    ("motion with sequence 2 (wrapped)", "the reference raises a sequence number that wrapped"),
    ("event at sequence 2", "the same, one message later"),
    ("GetFontParameters with font channels on both sides", "we offer no font server"),
];

#[test]
fn what_the_x_server_wrote_becomes_the_captured_payloads() {
    let file = load("replies.json");
    let mut report = Report::default();
    for sequence in list(&file["sequences"]) {
        let name = sequence["name"].as_str().unwrap();
        report.check(name, encode(name, sequence));
    }
    report.finish("reply sequences encoded");
}

fn encode(name: &str, sequence: &Value) -> Result<(), String> {
    let options = &sequence["options"];
    let cookie: Option<Cookie> = options["cookie"].as_str().map(|c| c.parse().unwrap());
    let text = |key: &str| options[key].as_str().unwrap_or_default().to_owned();
    let words = format!(
        "link={},pack=none,cache={},type={},images=0,delta={},stream=0,data=0",
        text("link"),
        text("cache"),
        text("type"),
        options["delta"]
    );
    let mut fed = Fed::new(Config { cookie, ..Config::default() }, &words);
    let mut open = Vec::new();
    for (i, step) in list(&sequence["steps"]).iter().enumerate() {
        let step_name = step["name"].as_str().unwrap_or_default();
        let at = |what: String| format!("step {i} ({step_name}): {what}");
        let channel = step["channel"].as_u64().unwrap_or(1) as u8;
        if name == "setup" || name == "cookie" {
            // Every step is a new channel.
            if open.contains(&channel) {
                fed.drop(channel);
            }
            fed.open(channel);
        } else if !open.contains(&channel) {
            fed.open(channel);
        }
        open.push(channel);
        let mut x11 = Vec::new();
        for frame in list(&step["nx_cs"]) {
            let frame = hex(frame);
            x11.extend(fed.payload(channel, &frame[..frame.len() - 1]).map_err(&at)?);
        }
        let expected = hex(&step["server_rx_x11"]);
        // A server that refuses at once is not seen reading.
        if !expected.is_empty() && x11.len() != expected.len() {
            return Err(at(format!("{} bytes for the X server, expected {}", x11.len(), expected.len())));
        }
        if step["checked"] != "encoder and decoder" {
            return Ok(());
        }
        let mut frames = fed.x11(channel, &hex(&step["server_x11"]));
        fed.now += Duration::from_millis(100);
        fed.display.handle_timeout(fed.now);
        frames.extend(fed.frames());
        if CORRECTED.iter().any(|(start, _)| step_name.starts_with(start)) {
            continue;
        }
        let expected: Vec<Vec<u8>> =
            list(&step["nx_sc"]).iter().map(hex).map(|f| f[..f.len() - 1].to_vec()).collect();
        if frames != expected {
            let show =
                |frames: &[Vec<u8>]| frames.iter().map(|f| format!("{f:02x?}")).collect::<Vec<_>>().join(" ");
            return Err(at(format!("coded {}, expected {}", show(&frames), show(&expected))));
        }
    }
    Ok(())
}
