//! `requests.json`: X requests and the payloads they become (format: NX part 3 §15.1).

use nx::{Config, Cookie, LinkType, Options};
use serde_json::Value;

use crate::peer::{Driven, Fed};
use crate::{Report, hex, list, load};

#[test]
fn captured_payloads_become_the_requests_the_x_server_got() {
    let file = load("requests.json");
    let mut report = Report::default();
    for sequence in list(&file["sequences"]).iter().chain(list(&file["decode_only"])) {
        let name = sequence["name"].as_str().unwrap();
        report.check(name, decode(sequence));
    }
    report.finish("request sequences decoded");
}

fn decode(sequence: &Value) -> Result<(), String> {
    let options = sequence["options"].as_str().unwrap_or_default();
    let option = |name: &str| {
        options.split(',').find_map(|o| o.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let cookie: Option<Cookie> = option("cookie").map(|c| c.parse().unwrap());
    let delta = sequence["delta"].as_u64().unwrap_or(1);
    let cache = option("cache").unwrap_or_else(|| "8m".to_owned());
    let words =
        format!("link=adsl,pack=none,cache={cache},type=agent,images=0,delta={delta},stream=0,data=0");
    let masked = cookie.is_some();
    let mut fed = Fed::new(Config { cookie, ..Config::default() }, &words);
    let big = sequence["byte_order"] == "big";
    let mut opened = Vec::new();
    let mut requests = 0_u16;
    for (i, step) in list(&sequence["steps"]).iter().enumerate() {
        let channel = step["channel"].as_u64().unwrap_or(1) as u8;
        if !opened.contains(&channel) {
            fed.open(channel);
            opened.push(channel);
            if step["kind"] == "requests" {
                // A sequence that begins behind the setup frame: 12 bytes, no authorization.
                fed.payload(channel, &[0x30, 0x36, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
            }
        }
        let got = fed.payload(channel, &hex(&step["payload"])).map_err(|e| format!("step {i}: {e}"))?;
        let expected: Vec<u8> = list(&step["x11_out"]).iter().flat_map(hex).collect();
        let mut mask: Vec<u8> = list(&step["mask"]).iter().flat_map(hex).collect();
        if masked && i == 0 {
            // The real cookie is the owner's.
            mask.truncate(mask.len() - 16);
        }
        mask.resize(expected.len(), 0);
        if got.len() != expected.len() {
            return Err(format!("step {i}: {} bytes, expected {}", got.len(), expected.len()));
        }
        if let Some(at) = (0..got.len()).find(|at| (got[*at] ^ expected[*at]) & mask[*at] != 0) {
            return Err(format!("step {i}: byte {at} is {:02x}, expected {:02x}", got[at], expected[at]));
        }
        let setups = usize::from(step["kind"] != "requests");
        if setups > 0 {
            let mut reply = vec![1, 0, 11, 0, 0, 0, 0, 0];
            if big {
                reply.swap(2, 3);
            }
            fed.x11(channel, &reply);
        }
        requests += (list(&step["x11_out"]).len() - setups) as u16;
        let note = step["note"].as_str().unwrap_or_default();
        for (extension, key) in [("RENDER", "render_opcode"), ("SHAPE", "shape_opcode")] {
            if note == format!("QueryExtension {extension}") {
                let mut reply = vec![0; 32];
                reply[0] = 1;
                let number = if big { requests.to_be_bytes() } else { requests.to_le_bytes() };
                reply[2..4].copy_from_slice(&number);
                reply[8] = 1;
                reply[9] = sequence[key].as_u64().unwrap() as u8;
                fed.x11(channel, &reply);
            }
        }
    }
    Ok(())
}

/// Not for our application side: the cookie is replaced by the display side.
const COOKIE: &str = "cookie";

/// What to feed for a step. The reference erases parts of text requests and the parameters of picture filters before
/// it codes them; we do not, so these are fed as the reference left them.
fn x11_in(sequence: &Value, step: &Value) -> Vec<u8> {
    let render = sequence["render_opcode"].as_u64().unwrap_or(0) as u8;
    let erased =
        |request: &[u8]| matches!(request, [74 | 75, ..]) || matches!(request, [op, 30, ..] if *op == render);
    let pairs = list(&step["x11_in"]).iter().zip(list(&step["x11_out"]));
    let chosen = pairs.map(|(sent, seen)| if erased(&hex(sent)) { hex(seen) } else { hex(sent) });
    chosen.flatten().collect()
}

#[test]
fn x_requests_become_the_captured_payloads() {
    let file = load("requests.json");
    let mut report = Report::default();
    for sequence in list(&file["sequences"]) {
        let name = sequence["name"].as_str().unwrap();
        if name != COOKIE {
            report.check(name, encode(sequence));
        }
    }
    report.finish("request sequences encoded");
}

fn encode(sequence: &Value) -> Result<(), String> {
    let text = sequence["options"].as_str().unwrap_or_default();
    let option = |name: &str| text.split(',').find_map(|o| o.strip_prefix(name)?.strip_prefix('='));
    let cache = match option("cache") {
        Some("16k") => 16 << 10,
        _ => 8 << 20,
    };
    let cache = sequence["store_limit_bytes"].as_u64().unwrap_or(cache);
    let delta = sequence["delta"] == 1;
    let session = option("type").unwrap_or("default").to_owned();
    let taint = option("taint") == Some("1");
    let options = Options { link: LinkType::Adsl, cache, delta, session, taint, ..Options::default() };
    let mut driven = Driven::new(options);
    // The display side that answers the questions for extensions.
    let words =
        format!("link=adsl,pack=none,cache=8m,type=agent,images=0,delta={},stream=0,data=0", u8::from(delta));
    let mut fed = Fed::new(Config::default(), &words);
    let big = sequence["byte_order"] == "big";
    let mut opened = Vec::new();
    let mut requests = 0_u16;
    for (i, step) in list(&sequence["steps"]).iter().enumerate() {
        let channel = step["channel"].as_u64().unwrap_or(1) as u8;
        if !opened.contains(&channel) {
            while driven.open() != channel {}
            fed.open(channel);
            opened.push(channel);
        }
        let x11 = x11_in(sequence, step);
        let expected = hex(&step["payload"]);
        let (frames, local) = driven.client(channel, &x11);
        if sequence["name"] == "taint" {
            // A round trip is answered here, but for every ninth.
            let answer = &local[..local.len().min(12)];
            let expected = step["note"].as_str().is_some_and(|n| n.contains("tainted"));
            let reply = if expected { hex(&step["reply_to_client"])[..12].to_vec() } else { Vec::new() };
            if answer != reply {
                return Err(format!("step {i}: answered {answer:02x?}, expected {reply:02x?}"));
            }
        }
        let got = frames.concat();
        if got != expected {
            return Err(format!("step {i}: coded {got:02x?}, expected {expected:02x?}"));
        }
        fed.payload(channel, &expected)?;
        let setups = usize::from(step["kind"] != "requests");
        let mut answers = Vec::new();
        if setups > 0 {
            let mut reply = vec![1, 0, 11, 0, 0, 0, 0, 0];
            if big {
                reply.swap(2, 3);
            }
            answers.extend(fed.x11(channel, &reply));
        }
        if sequence["name"] == "taint" && frames.concat() == [0x3a, 0x80] {
            answers.extend(fed.x11(channel, &hex(&step["reply_to_client"])));
        }
        requests += (list(&step["x11_in"]).len() - setups) as u16;
        let note = step["note"].as_str().unwrap_or_default();
        for (extension, key) in [("RENDER", "render_opcode"), ("SHAPE", "shape_opcode")] {
            if note == format!("QueryExtension {extension}") {
                let mut reply = vec![0; 32];
                reply[0] = 1;
                let number = if big { requests.to_be_bytes() } else { requests.to_le_bytes() };
                reply[2..4].copy_from_slice(&number);
                reply[8] = 1;
                reply[9] = sequence[key].as_u64().unwrap() as u8;
                answers.extend(fed.x11(channel, &reply));
            }
        }
        for answer in answers {
            driven.payload(channel, &answer)?;
        }
    }
    Ok(())
}
