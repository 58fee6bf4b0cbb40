//! `requests.json`: X requests and the payloads they become (format: NX part 3 §15.1).

use std::collections::HashMap;

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

/// Answers of the X server that a sequence relies on, and what they need to know of each channel.
struct Answers<'a> {
    sequence: &'a Value,
    /// Requests so far, and whether the X client's byte order is the big one.
    channels: HashMap<u8, (u16, bool)>,
}

impl<'a> Answers<'a> {
    fn new(sequence: &'a Value) -> Self {
        Self { sequence, channels: HashMap::new() }
    }

    /// True if the X client of a channel writes numbers with the most significant byte first.
    fn is_big(&self, channel: u8) -> bool {
        self.channels.get(&channel).map_or(self.sequence["byte_order"] == "big", |(_, big)| *big)
    }

    /// What the X server answers to a step, whose messages are the setup, if it is one, and requests.
    fn to(&mut self, channel: u8, step: &Value, messages: &[Value]) -> Vec<Vec<u8>> {
        let big = self.sequence["byte_order"] == "big";
        let (requests, big) = self.channels.entry(channel).or_insert((0, big));
        let mut answers = Vec::new();
        for (i, message) in messages.iter().map(hex).enumerate() {
            if i == 0 && step["kind"] != "requests" {
                *big = message.first() == Some(&b'B');
                answers.push(vec![1, 0, 11, 0, 0, 0, 0, 0]);
                if *big {
                    answers[0].swap(2, 3);
                }
                continue;
            }
            *requests = requests.wrapping_add(1);
            for (extension, key) in [("RENDER", "render_opcode"), ("SHAPE", "shape_opcode")] {
                let asked = message.first() == Some(&98)
                    && message.get(8..).is_some_and(|name| name.starts_with(extension.as_bytes()));
                let Some(major) = self.sequence[key]
                    .as_u64()
                    .filter(|_| asked && Self::learned(self.sequence, step, extension))
                else {
                    continue;
                };
                let mut reply = vec![0; 32];
                reply[0] = 1;
                let number = if *big { requests.to_be_bytes() } else { requests.to_le_bytes() };
                reply[2..4].copy_from_slice(&number);
                reply[8] = 1;
                reply[9] = major as u8;
                answers.push(reply);
            }
        }
        answers
    }

    /// True if the extension's opcode is learned at this step: the note says so, or no step's note does.
    fn learned(sequence: &Value, step: &Value, extension: &str) -> bool {
        let says = |step: &Value| {
            step["note"].as_str().is_some_and(|n| n.contains("QueryExtension") && n.contains(extension))
        };
        says(step) || !list(&sequence["steps"]).iter().any(says)
    }
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
    let mut answers = Answers::new(sequence);
    let mut opened = Vec::new();
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
        let mut rest = &got[..];
        for (m, expected) in list(&step["x11_out"]).iter().map(hex).enumerate() {
            let mut mask = hex(&step["mask"][m]);
            if masked && i == 0 && m == 0 {
                // The real cookie is the owner's.
                mask.truncate(mask.len() - 16);
            }
            let setup = m == 0 && step["kind"] != "requests";
            let size = match *rest {
                _ if setup => expected.len(),
                [_, _, a, b, ..] => {
                    let words = if answers.is_big(channel) { [a, b] } else { [b, a] };
                    4 * usize::from(u16::from_be_bytes(words).max(1))
                }
                _ => 0,
            };
            let told = |e: String| format!("step {i}, message {m}: {e}");
            if size == 0 || size > rest.len() {
                return Err(told(format!("{} bytes are left", rest.len())));
            }
            let message;
            (message, rest) = rest.split_at(size);
            // Of some substitutes only the head is told.
            let head = mask.iter().skip(4).all(|b| *b == 0);
            if size != expected.len() && !head {
                return Err(told(format!("{size} bytes, expected {}", expected.len())));
            }
            let wrong = |at: &usize| (message[*at] ^ expected[*at]) & mask.get(*at).unwrap_or(&0) != 0;
            if let Some(at) = (0..size.min(expected.len())).find(wrong) {
                return Err(told(format!("byte {at} is {:02x}, expected {:02x}", message[at], expected[at])));
            }
        }
        if !rest.is_empty() {
            return Err(format!("step {i}: {} bytes too many", rest.len()));
        }
        for answer in answers.to(channel, step, list(&step["x11_out"])) {
            fed.x11(channel, &answer);
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
    let mut answers = Answers::new(sequence);
    let mut opened = Vec::new();
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
        let mut coded = Vec::new();
        for answer in answers.to(channel, step, list(&step["x11_in"])) {
            coded.extend(fed.x11(channel, &answer));
        }
        if sequence["name"] == "taint" && frames.concat() == [0x3a, 0x80] {
            coded.extend(fed.x11(channel, &hex(&step["reply_to_client"])));
        }
        for answer in coded {
            driven.payload(channel, &answer)?;
        }
    }
    Ok(())
}
