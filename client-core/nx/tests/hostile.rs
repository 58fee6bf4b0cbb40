//! Good streams with a few bytes changed: no end of the codec may panic or stop for long, whatever it is told.
//!
//! The fuzz targets beside the crate look further, with a compiler that helps them; this runs with any, for a moment, or
//! for `NX_FUZZ_SECONDS` in each test.
#![expect(clippy::unwrap_used, reason = "vectors that are not as described fail the test")]

use std::path::Path;
use std::time::{Duration, Instant};

use nx::{
    Application, ApplicationConfig, ChannelId, Config, Display, Event, LinkType, Options, Pack, Unproxied,
};
use serde_json::Value;

/// Most time that one stream may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// A generator of numbers (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }

    /// Changes some bytes of some of the pieces.
    fn disturb(&mut self, bytes: &mut Vec<u8>) {
        if self.next(8) != 0 || bytes.is_empty() {
            return;
        }
        for _ in 0..=self.next(3) {
            let at = self.next(bytes.len());
            match self.next(5) {
                0 => bytes[at] = self.next(256) as u8,
                1 => bytes[at] ^= 1 << self.next(8),
                2 => bytes[at] = [0, 0xff, 0x80, 0x7f][self.next(4)],
                3 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, self.next(256) as u8),
            }
        }
    }
}

fn seconds() -> Duration {
    let wanted = std::env::var("NX_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    Duration::from_secs(wanted.unwrap_or(2))
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let length = payload.len() + 1;
    let mut out = Vec::new();
    for shift in [28, 21, 14, 7] {
        if length >> shift != 0 {
            out.push((length >> shift) as u8 | 0x80);
        }
    }
    out.push(length as u8 & 0x7f);
    out.extend_from_slice(payload);
    out.push(0);
    out
}

/// Runs `once` with streams chosen anew until the time is over; each ends in time.
fn run(streams: &[Vec<Vec<u8>>], mut once: impl FnMut(&mut Noise, &[Vec<u8>])) {
    let end = Instant::now() + seconds();
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let mut count = 0;
    while Instant::now() < end {
        let stream = &streams[noise.next(streams.len())];
        let begin = noise.next(2);
        let start = Instant::now();
        once(&mut noise, &stream[begin.min(stream.len())..]);
        assert!(start.elapsed() < PATIENCE, "stream {count} took {:?}", start.elapsed());
        count += 1;
    }
    println!("{count} streams");
}

#[test]
fn a_display_side_survives_disturbed_requests() {
    let file: Value = serde_json::from_slice(&data("requests.json")).unwrap();
    let streams: Vec<Vec<Vec<u8>>> = list(&file["sequences"])
        .iter()
        .map(|s| list(&s["steps"]).iter().map(|step| hex(&step["payload"])).collect())
        .collect();
    run(&streams, |noise, stream| {
        let now = Instant::now();
        let mut display = Display::new(Config::default(), now);
        let delta = u8::from(noise.next(8) != 0);
        let words = format!(
            "NXPROXY-3.5.0-3.5.99 link=adsl,pack=none,cache=1m,type=agent,images=0,delta={delta},stream=0,data=0 cachelist=none "
        );
        let _ = display.receive(words.as_bytes(), now);
        let _ = display.receive(&[0, 0, 1, 0, 5, 1], now);
        for (i, payload) in stream.iter().enumerate() {
            let mut payload = payload.clone();
            if i > 0 {
                noise.disturb(&mut payload);
            }
            let mut bytes = frame(&payload);
            if noise.next(50) == 0 {
                noise.disturb(&mut bytes);
            }
            let ended = display.receive(&bytes, now).is_err();
            while let Some(event) = display.poll_event(now) {
                if matches!(event, Event::X11 { .. }) && noise.next(4) == 0 {
                    let kind = [0, 1, 12, 28, 35][noise.next(5)];
                    let mut message: Vec<u8> = (0..32).map(|_| noise.next(256) as u8).collect();
                    message[0] = kind;
                    message[4..8].copy_from_slice(&(noise.next(3) as u32).to_le_bytes());
                    message.resize(44, 7);
                    display.x11_from_server(ChannelId(1), &message, now);
                }
            }
            display.transmit(now);
            if ended {
                return;
            }
        }
    });
}

#[test]
fn an_application_side_survives_disturbed_replies() {
    let file: Value = serde_json::from_slice(&data("replies.json")).unwrap();
    // What the X client writes and what the display side sends, by turns.
    let streams: Vec<Vec<Vec<u8>>> = list(&file["sequences"])
        .iter()
        .map(|s| {
            let turns = list(&s["steps"]).iter().flat_map(|step| {
                let frames = list(&step["nx_sc"]).iter().map(hex).flat_map(|f| frame(&f[..f.len() - 1]));
                [hex(&step["client_x11"]), frames.collect()]
            });
            turns.collect()
        })
        .collect();
    run(&streams, |noise, stream| {
        let now = Instant::now();
        let options = Options { delta: noise.next(8) != 0, cache: 1 << 20, ..Options::default() };
        let mut application =
            Application::new(ApplicationConfig { options, ..ApplicationConfig::default() }, now);
        let _ = application.receive(b"NXPROXY-3.5.0-3.5.99 stream=0,data=0 cachefile=none ", now);
        let Some(channel) = application.open() else { return };
        let _ = application.receive(&[0, 5, 1], now);
        for turn in stream.chunks(2) {
            let mut turn = turn.to_vec();
            for bytes in &mut turn {
                noise.disturb(bytes);
            }
            application.x11_from_client(channel, &turn[0]);
            let ended = turn.get(1).is_some_and(|bytes| application.receive(bytes, now).is_err());
            while application.poll_event(now).is_some() {}
            application.transmit(now);
            if ended {
                return;
            }
        }
    });
}

#[test]
fn disturbed_images_draw_something_or_nothing() {
    let index: Value = serde_json::from_slice(&data("images/index.json")).unwrap();
    let streams: Vec<Vec<Vec<u8>>> = list(&index["vectors"])
        .iter()
        .map(|v| data(&format!("images/{}", v["requests"].as_str().unwrap())))
        .map(|requests| vec![Vec::new(), requests])
        .collect();
    run(&streams, |noise, stream| {
        let mut agent = Unproxied::new(LinkType::Lan, Pack { method: 35, quality: 9 });
        agent.agent_wrote(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for requests in stream {
            let mut requests = requests.clone();
            for _ in 0..8 {
                noise.disturb(&mut requests);
            }
            agent.agent_wrote(&requests);
        }
        while agent.poll_server().is_some() {}
    });
}
