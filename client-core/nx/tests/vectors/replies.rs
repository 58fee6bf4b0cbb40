//! `replies.json`: what an X server writes and the payloads it becomes (format: NX part 4 §12).

use std::time::Duration;

use nx::{Config, Cookie, LinkType, Options};
use serde_json::Value;

use crate::peer::{Driven, Fed};
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

/// Sequences for an application side that answers round trips in the X server's name, which ours does not.
const TAINTED: [&str; 3] = ["taint", "taint-delta0", "wrap-raw"];

#[test]
fn captured_payloads_become_what_the_x_client_got() {
    let file = load("replies.json");
    let mut report = Report::default();
    for sequence in list(&file["sequences"]) {
        let name = sequence["name"].as_str().unwrap();
        if !TAINTED.contains(&name) {
            report.check(name, decode(name, sequence));
        }
    }
    report.finish("reply sequences decoded");
}

fn decode(name: &str, sequence: &Value) -> Result<(), String> {
    let options = &sequence["options"];
    let cache = if options["cache"] == "1M" { 1 << 20 } else { 8 << 20 };
    let link = if options["link"] == "modem" { LinkType::Modem } else { LinkType::Lan };
    let options = Options { link, cache, delta: options["delta"] == 1, ..Options::default() };
    let mut driven = Driven::new(options);
    let mut open: Vec<u8> = Vec::new();
    for (i, step) in list(&sequence["steps"]).iter().enumerate() {
        let step_name = step["name"].as_str().unwrap_or_default();
        let at = |what: String| format!("step {i} ({step_name}): {what}");
        if step["checked"] == "captured only" {
            return Ok(());
        }
        let channel = step["channel"].as_u64().unwrap_or(1) as u8;
        if (name == "setup" || name == "cookie") && open.contains(&channel) {
            driven.drop(channel);
            open.retain(|n| *n != channel);
        }
        if !open.contains(&channel) {
            while driven.open() != channel {}
            open.push(channel);
        }
        let (frames, mut x11) = driven.client(channel, &hex(&step["client_x11"]));
        let coded: Vec<u8> =
            list(&step["nx_cs"]).iter().map(hex).flat_map(|f| f[..f.len() - 1].to_vec()).collect();
        if frames.concat() != coded && step["checked"] == "encoder and decoder" {
            return Err(at(format!("coded {:02x?}, expected {coded:02x?}", frames.concat())));
        }
        for frame in list(&step["nx_sc"]) {
            let frame = hex(frame);
            x11.extend(driven.payload(channel, &frame[..frame.len() - 1]).map_err(&at)?);
        }
        let expected = hex(&step["client_rx_x11"]);
        let mut defined = vec![true; expected.len()];
        for range in list(&step["undefined_offsets"]) {
            let range = range.as_str().unwrap();
            let (start, end) = range.split_once('-').unwrap_or((range, range));
            let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
            defined[start..=end.min(expected.len() - 1)].fill(false);
        }
        if x11.len() != expected.len() {
            return Err(at(format!("{} bytes for the X client, expected {}", x11.len(), expected.len())));
        }
        // The reference overwrites the tail of such an error with its major opcode; we keep what was coded.
        if step_name.starts_with("error code 18+") {
            continue;
        }
        if let Some(o) = (0..x11.len()).find(|o| defined[*o] && x11[*o] != expected[*o]) {
            return Err(at(format!("byte {o} is {:02x}, expected {:02x}", x11[o], expected[o])));
        }
    }
    Ok(())
}

#[test]
fn the_references_answer_to_list_extensions_leaves_the_link_in_step() {
    let file = load("replies.json");
    for sequence in list(&file["sequences"]).iter().filter(|s| s["name"] == "listext") {
        let mut driven = Driven::new(Options { cache: 8 << 20, delta: true, ..Options::default() });
        let channel = driven.open();
        for step in list(&sequence["steps"]) {
            driven.client(channel, &hex(&step["client_x11"]));
            for frame in list(&step["nx_sc"]) {
                let frame = hex(frame);
                let x11 = driven.payload(channel, &frame[..frame.len() - 1]).unwrap();
                if step["client_x11"] == "63000100" {
                    let mut none = vec![0; 32];
                    none[..3].copy_from_slice(&[1, 0, 1]);
                    assert_eq!(x11, none);
                }
            }
        }
    }
}
