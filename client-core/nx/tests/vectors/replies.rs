//! `replies.json`: what an X server writes and the payloads it becomes (format: NX part 4 §12).

use std::time::Duration;

use nx::{Config, Cookie, LinkType, Options};
use serde_json::Value;

use crate::peer::{Driven, Fed};
use crate::{Report, hex, list, load};

/// Steps in which we differ from the reference on purpose, and why (NX part 4 §11). They leave no trace in the
/// caches of later steps.
const CORRECTED: [(&str, &str); 5] = [
    ("GetUnpackParameters", "the reference offers one method (11) that it cannot unpack"),
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
        // We use no shared memory, so there is nothing to attach, and images travel as they are.
        let attaches = step_name.starts_with("GetShmemParameters stage 1");
        if step_name == "PutImage becomes ShmPutImage at the server" {
            return Ok(());
        }
        // A server that refuses at once is not seen reading.
        if !expected.is_empty() && !attaches && x11.len() != expected.len() {
            return Err(at(format!("{} bytes for the X server, expected {}", x11.len(), expected.len())));
        }
        if step["checked"] != "encoder and decoder" {
            // Nothing of the X server's is in a round trip that the far side answers itself.
            if step["server_x11"] == "" && list(&step["nx_sc"]).is_empty() {
                continue;
            }
            return Ok(());
        }
        let mut frames = fed.x11(channel, &hex(&step["server_x11"]));
        fed.now += Duration::from_millis(100);
        fed.display.handle_timeout(fed.now);
        frames.extend(fed.frames());
        let shared = name == "nx-ok" && step_name == "GetShmemParameters stage 2";
        if shared || CORRECTED.iter().any(|(start, _)| step_name.starts_with(start)) {
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

/// In a session of plain X clients the reference's sequence numbers stick when they wrap; ours do not.
const WRAPPED: &str = "wrap-raw";

#[test]
fn captured_payloads_become_what_the_x_client_got() {
    let file = load("replies.json");
    let mut report = Report::default();
    for sequence in list(&file["sequences"]) {
        let name = sequence["name"].as_str().unwrap();
        if name != WRAPPED {
            report.check(name, decode(name, sequence));
        }
    }
    report.finish("reply sequences decoded");
}

fn decode(name: &str, sequence: &Value) -> Result<(), String> {
    let options = &sequence["options"];
    let cache = if options["cache"] == "1M" { 1 << 20 } else { 8 << 20 };
    let link = if options["link"] == "modem" { LinkType::Modem } else { LinkType::Lan };
    let session = options["type"].as_str().unwrap_or("default").to_owned();
    let taint = ["proxy", "application", "raw"].contains(&session.as_str());
    let options = Options { link, cache, delta: options["delta"] == 1, session, taint, ..Options::default() };
    let mut driven = Driven::new(options);
    let mut open: Vec<u8> = Vec::new();
    for (i, step) in list(&sequence["steps"]).iter().enumerate() {
        let step_name = step["name"].as_str().unwrap_or_default();
        let at = |what: String| format!("step {i} ({step_name}): {what}");
        let answered_here = step_name.starts_with("GetInputFocus local")
            || step_name.starts_with("GetInputFocus 1: answered by -C");
        // What is in this answer depends on the options of the link.
        let parameters = step_name.starts_with("GetControlParameters");
        if step["checked"] == "captured only" && !answered_here && !parameters {
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
        if frames.concat() != coded && (step["checked"] == "encoder and decoder" || answered_here) {
            return Err(at(format!("coded {:02x?}, expected {coded:02x?}", frames.concat())));
        }
        if parameters {
            if x11.len() != 32 || x11[..1] != [1] {
                return Err(at(format!("answered {x11:02x?}")));
            }
            continue;
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
        if name == "nx-ok" && step_name == "GetShmemParameters stage 2" {
            // The size of a segment that we do not have.
            defined[16..20].fill(false);
        }
        if answered_here {
            // Of the answer to a round trip only these bytes have a meaning.
            defined[12..].fill(false);
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

/// A request that is remembered as the trace says: sequence, opcode, and three words.
fn remembered(push: &[Value]) -> Vec<u8> {
    let word = |i: usize| push[i].as_u64().unwrap() as u16;
    let (opcode, kind) = (word(1) as u8, word(2));
    let mut m = match (opcode, kind) {
        (98 | 43, 245) => {
            let stage = word(3) as u8;
            vec![245, stage, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        (43, 233) => vec![233, 0, 0, 0, 128, 0, 0, 0],
        (43, 251) => vec![251, 0, 0, 0],
        (98, _) => {
            let name = match (word(3), word(4)) {
                (1, _) => "MIT-SHM ",
                (_, 128) => "SHAPE   ",
                (_, 129) => "RENDER  ",
                _ => "ANYTHING",
            };
            let mut m = vec![98, 0, 0, 0, 8, 0, 0, 0];
            m.extend_from_slice(name.as_bytes());
            m
        }
        (84, _) => {
            let mut m = vec![84, 0, 0, 0, 1, 0, 0, 0];
            m.extend([2, 3, 4].into_iter().flat_map(|i| word(i).to_le_bytes()));
            m.extend_from_slice(&[0, 0]);
            m
        }
        (16 | 49 | 3 | 14 | 15 | 17 | 23 | 38 | 47 | 91 | 101, _) => vec![opcode, 0, 0, 0, 0, 0, 0, 0],
        (97, _) => vec![opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        (40 | 31, _) => vec![opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        (20 | 26 | 73 | 85 | 92, _) => {
            let mut m = vec![opcode];
            m.resize(if opcode == 73 { 20 } else { 24 }, 0);
            m
        }
        _ => vec![opcode, 0, 0, 0],
    };
    let words = (m.len() / 4) as u8;
    m[2] = words;
    m
}

#[test]
fn whole_sessions_of_an_agent_are_coded_as_captured() {
    let file = load("replies.json");
    let mut report = Report::default();
    for trace in list(&file["traces"]) {
        report.check(trace["name"].as_str().unwrap(), session(trace));
    }
    report.finish("agent sessions coded");
}

fn session(trace: &Value) -> Result<(), String> {
    let delta = trace["delta"] == 1;
    let words =
        format!("link=lan,pack=none,cache=8m,type=agent,images=0,delta={},stream=0,data=0", u8::from(delta));
    let mut fed = Fed::new(Config::default(), &words);
    let mut driven = Driven::new(Options { cache: 8 << 20, delta, ..Options::default() });
    let channel = driven.open();
    fed.open(channel);
    // All requests first: their replies are told by sequence numbers.
    let unpack = |push: &&Value| push[1] == 43 && push[2] == 233;
    let unpack: Vec<u16> =
        list(&trace["pushes"]).iter().filter(unpack).map(|p| p[0].as_u64().unwrap() as u16).collect();
    let mut x11 = vec![b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut sequence = 0;
    for push in list(&trace["pushes"]) {
        let push = list(push);
        while sequence + 1 < push[0].as_u64().unwrap() {
            x11.extend_from_slice(&[127, 0, 1, 0]);
            sequence += 1;
        }
        x11.extend(remembered(push));
        sequence += 1;
    }
    for frame in driven.client(channel, &x11).0 {
        fed.payload(channel, &frame)?;
    }
    for (i, frame) in list(&trace["frames"]).iter().enumerate() {
        let mut x11 = &hex(&frame["x11"])[..];
        let mut offers = false;
        let mut approximated = false;
        while !x11.is_empty() {
            // One message at a time, because a motion waits for the next one.
            let words = if i == 0 {
                x11.len() / 4 - 8
            } else if x11[0] == 1 {
                u32::from_le_bytes([x11[4], x11[5], x11[6], x11[7]]) as usize
            } else {
                0
            };
            let (message, rest) = x11.split_at(32 + 4 * words);
            if i > 0 && x11[0] == 1 {
                let word = |at: usize| u16::from_le_bytes([x11[at], x11[at + 1]]);
                offers |= unpack.contains(&word(2));
                // The reference sends such a colour as if it were the one asked for (NX part 4 §4.2).
                approximated |= list(&trace["pushes"]).iter().any(|push| {
                    push[1] == 84 && push[0] == word(2) && (0..3).any(|c| push[2 + c] != word(8 + 2 * c))
                });
            }
            fed.display.x11_from_server(nx::ChannelId(channel), message, fed.now);
            fed.now += Duration::from_millis(1);
            fed.display.handle_timeout(fed.now);
            x11 = rest;
        }
        let coded = fed.frames().concat();
        let expected = hex(&frame["nx"]);
        let expected = &expected[..expected.len() - 1];
        // The reference offers to unpack one method (11) that it cannot unpack; we do not.
        let offers = offers && coded.len() == expected.len();
        let bits: u32 = coded.iter().zip(expected).map(|(a, b)| (a ^ b).count_ones()).sum();
        if coded != expected && !(offers && bits == 1) && !approximated {
            return Err(format!("frame {i}: coded {coded:02x?}, expected {expected:02x?}"));
        }
    }
    Ok(())
}
