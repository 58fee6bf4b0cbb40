//! Two servers that are told the same bytes: a private Xvfb and the one tested, and what each says to that.
//!
//! A scenario is a function over a [`Wire`]; it is run four times, in both byte orders on both servers, and what was
//! said after each of its steps is compared. Answers are compared as bytes; what may differ (times, the ids of the
//! root and of extensions) is written in the same way for both before.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use xserver::{ClientId, Config, Server};

use crate::describe::hex;
use crate::xvfb;

/// Size of both screens in pixels.
pub(crate) const WIDTH: u16 = 640;
pub(crate) const HEIGHT: u16 = 480;

/// The keycodes of the eight modifiers that both servers begin with, four each.
pub(crate) const MODIFIERS: [i64; 32] = [
    50, 62, 0, 0, 66, 0, 0, 0, 37, 105, 0, 0, 64, 108, 205, 0, 77, 0, 0, 0, 0, 0, 0, 0, 133, 134, 206, 207,
    92, 203, 0, 0,
];

/// How the root is written in a scenario: no 32 bits are the same.
pub(crate) const ROOT: i64 = 1 << 40;
/// How picture formats are written.
pub(crate) const RGB24: i64 = 1 << 41;
pub(crate) const A8: i64 = 1 << 43;
/// How the visual of depth 32 is written.
pub(crate) const ARGB: i64 = 1 << 44;
/// How the first CRTC, the first output and the first mode are written.
pub(crate) const CRTC: i64 = 1 << 45;
pub(crate) const OUTPUT: i64 = 1 << 46;
pub(crate) const MODE: i64 = 1 << 47;
/// How modes that clients make are written.
pub(crate) const MADE_MODES: [i64; 2] = [1 << 48, 1 << 49];
/// The root of the server tested.
pub(crate) const OUR_ROOT: u32 = 0x100;

/// A private Xvfb that is watched.
pub(crate) struct Xvfb {
    process: xvfb::Xvfb,
    /// Sees when Xvfb has noticed that a client is gone.
    observer: RefCell<UnixStream>,
}

impl Xvfb {
    pub(crate) fn start() -> Self {
        let process = xvfb::Xvfb::start(WIDTH, HEIGHT);
        let mut observer = UnixStream::connect(process.socket()).unwrap();
        observer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        observer.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        let mut answer = [0; 8];
        observer.read_exact(&mut answer).unwrap();
        let mut rest = vec![0; usize::from(u16::from_le_bytes([answer[6], answer[7]])) * 4];
        observer.read_exact(&mut rest).unwrap();
        Self { process, observer: RefCell::new(observer) }
    }

    /// Waits until a resource is gone, but no longer than it takes if it stays.
    fn wait_for_end_of(&self, id: u32) {
        let mut observer = self.observer.borrow_mut();
        let mut request = vec![14, 0, 2, 0];
        request.extend(id.to_le_bytes());
        for _ in 0..40 {
            observer.write_all(&request).unwrap();
            let mut answer = [0; 32];
            // What is told to everybody may come before it.
            loop {
                observer.read_exact(&mut answer).unwrap();
                if answer[0] <= 1 {
                    break;
                }
            }
            if answer[0] == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

enum End<'a> {
    /// With the time in milliseconds.
    Ours(Box<Server>, u32),
    Theirs(&'a Xvfb),
}

enum Link {
    Ours(ClientId),
    Theirs(UnixStream),
}

struct Peer {
    link: Link,
    base: u32,
    sequence: u16,
    unread: Vec<u8>,
    /// Its requests are not executed for now (somebody has grabbed the server).
    waits: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extension {
    pub(crate) major: u8,
    pub(crate) event: u8,
    pub(crate) error: u8,
}

/// What was done in a step and what was said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    label: String,
    said: Vec<String>,
    /// What is exposed is left out: Xvfb tells it for each window that goes, ours for all together.
    loose: bool,
    /// Ours may keep more bits than Xvfb does, and expose less.
    keeps_more: bool,
}

impl Step {
    fn agrees(&self, theirs: &Self, order: Order) -> bool {
        self.said == theirs.said || (self.keeps_more && exposes_less(&self.said, &theirs.said, order))
    }
}

/// Whether all that is exposed is exposed by Xvfb too, and all else is the same.
fn exposes_less(ours: &[String], theirs: &[String], order: Order) -> bool {
    let split = |said: &[String]| {
        let (mut others, mut exposed) = (Vec::new(), HashSet::new());
        for message in said {
            let Some((client, event)) = message.split_once(" Expose ") else {
                others.push(message.clone());
                continue;
            };
            // The unused byte, the sequence number, the window, x, y, width, height
            let digits = event.replace(' ', "");
            let window = &digits[6..14];
            let [x, y, width, height] = [14, 18, 22, 26].map(|at| {
                let value = u16::from_str_radix(&digits[at..at + 4], 16).unwrap();
                if order == Order::Big { value } else { value.swap_bytes() }
            });
            for y in y..y + height {
                exposed.extend((x..x + width).map(|x| (client.to_owned(), window.to_owned(), x, y)));
            }
        }
        (others, exposed)
    };
    let (ours, theirs) = (split(ours), split(theirs));
    ours.0 == theirs.0 && ours.1.is_subset(&theirs.1)
}

/// One run of a scenario on one server.
pub(crate) struct Wire<'a> {
    end: End<'a>,
    pub(crate) order: Order,
    peers: Vec<Option<Peer>>,
    pub(crate) root: u32,
    pub(crate) extensions: HashMap<&'static str, Extension>,
    steps: Vec<Step>,
    pub(crate) last_major: u8,
    pub(crate) last_minor: u8,
    /// Ids of picture formats and of the visual, as they are written here.
    formats: HashMap<i64, u32>,
    /// The step may have taken an event from another keyboard.
    last_xtest: bool,
    /// In the next step.
    keeps_more: bool,
}

impl<'a> Wire<'a> {
    fn new(end: End<'a>, order: Order) -> Self {
        let mut end = end;
        if let End::Ours(server, _) = &mut end {
            server.connect().unwrap();
        }
        Self {
            end,
            order,
            peers: Vec::new(),
            root: 0,
            extensions: HashMap::new(),
            steps: Vec::new(),
            last_major: 0,
            last_minor: 0,
            formats: HashMap::new(),
            last_xtest: false,
            keeps_more: false,
        }
    }

    fn put16(&self, value: u16) -> [u8; 2] {
        if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn put32(&self, value: u32) -> [u8; 4] {
        if self.order == Order::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn get16(&self, bytes: &[u8]) -> u16 {
        let pair = [bytes[0], bytes[1]];
        if self.order == Order::Big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    }

    pub(crate) fn get32(&self, bytes: &[u8]) -> u32 {
        let word = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if self.order == Order::Big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
    }

    /// A new client; they are numbered from 0.
    pub(crate) fn connect(&mut self) -> usize {
        let number = self.peers.len();
        // The first is the observer's.
        let expected = (number as u32 + 2) << 21;
        let mut setup = vec![if self.order == Order::Big { b'B' } else { b'l' }, 0];
        setup.extend(self.put16(11));
        setup.resize(12, 0);
        // Where a client before this one has just gone, Xvfb may not have noticed yet: then the id is another.
        for _ in 0..500 {
            let (link, answer) = match &mut self.end {
                End::Ours(server, _) => {
                    let id = server.connect().unwrap();
                    server.receive(id, &setup).unwrap();
                    (Link::Ours(id), std::mem::take(server.output(id).unwrap()))
                }
                End::Theirs(xvfb) => {
                    let mut stream = UnixStream::connect(xvfb.process.socket()).unwrap();
                    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                    stream.write_all(&setup).unwrap();
                    let mut answer = vec![0; 8];
                    stream.read_exact(&mut answer).unwrap();
                    let length = usize::from(self.get16(&answer[6..])) * 4;
                    answer.resize(8 + length, 0);
                    stream.read_exact(&mut answer[8..]).unwrap();
                    (Link::Theirs(stream), answer)
                }
            };
            let base = self.get32(&answer[12..]);
            if base != expected {
                drop(link);
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            let vendor = usize::from(self.get16(&answer[24..])).next_multiple_of(4);
            let screen = 40 + vendor + 8 * usize::from(answer[29]);
            self.root = self.get32(&answer[screen..]);
            let mut depth = screen + 40;
            for _ in 0..answer[screen + 39] {
                let visuals = usize::from(self.get16(&answer[depth + 2..]));
                if answer[depth] == 32 && visuals > 0 {
                    self.formats.insert(ARGB, self.get32(&answer[depth + 8..]));
                }
                depth += 8 + 24 * visuals;
            }
            self.peers.push(Some(Peer { link, base, sequence: 0, unread: Vec::new(), waits: false }));
            if number == 0 {
                self.tidy_up();
            }
            return number;
        }
        panic!("the client number {number} never got the id base {expected:#x}");
    }

    /// What a scenario before this one left changed in a server that goes on is made as it was.
    fn tidy_up(&mut self) {
        let root = ROOT;
        let mut send = |major: u8, data: u8, layout: &str, values: &[i64]| {
            let body = self.lay(layout, values);
            let mut bytes = vec![major, data];
            bytes.extend(self.put16(1 + body.len().div_ceil(4) as u16));
            bytes.extend(body);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            self.write(0, &bytes, 1);
        };
        // The root's background, gravities, backing store, masks, colormap and cursor
        let mask = 1 << 1
            | 1 << 4
            | 1 << 5
            | 1 << 6
            | 1 << 7
            | 1 << 8
            | 1 << 9
            | 1 << 10
            | 1 << 12
            | 1 << 13
            | 1 << 14;
        send(2, 0, "44*4", &[root, mask, 0, 0, 1, 0, 0xffff_ffff, 0, 0, 0, 0, 0x20, 0]);
        send(61, 0, "42222", &[root, 0, 0, 0, 0]);
        send(81, 0, "4", &[0x20]);
        send(42, 0, "44", &[1, 0]);
        send(41, 0, "44222222", &[0, root, 0, 0, 0, 0, 300, 200]);
        send(102, 0, "4*4", &[0xf, 0, 50, 400, 100]);
        send(118, 4, "*1", &MODIFIERS);
        // No key repeats: when it would depends on how quick the machine is.
        send(102, 0, "44", &[1 << 7, 0]);
        send(105, 0, "22211", &[-1, -1, -1, 1, 1]);
        for key in [200, 255] {
            send(100, 1, "1124", &[key, 1, 0, 0]);
        }
        send(107, 0, "22112", &[-1, -1, 2, 2, 0]);
        send(109, 1, "112*1", &[0, 0, 4, 10, 1, 2, 3]);
        send(111, 0, "", &[]);
        self.read_all(0);
    }

    /// The `n`th id of a client.
    pub(crate) fn id(&self, client: usize, n: u32) -> u32 {
        self.peers[client].as_ref().unwrap().base + n
    }

    /// In the next step, ours may keep more bits of windows than Xvfb does.
    pub(crate) fn may_keep_more_bits(&mut self) {
        self.keeps_more = true;
    }

    /// Says that the client's requests wait, or that they are executed again.
    pub(crate) fn waits(&mut self, client: usize, waits: bool) {
        self.peers[client].as_mut().unwrap().waits = waits;
    }

    /// Writes values by a layout: `1`, `2` and `4` are fields of so many bytes, `*` repeats what follows it.
    pub(crate) fn lay(&self, layout: &str, values: &[i64]) -> Vec<u8> {
        let (once, again) = layout.split_once('*').unwrap_or((layout, ""));
        let fields = once.bytes().chain(again.bytes().cycle());
        let mut bytes = Vec::new();
        for (field, value) in fields.zip(values) {
            match field {
                b'1' => bytes.push(*value as u8),
                b'2' => bytes.extend(self.put16(*value as u16)),
                _ if *value == ROOT => bytes.extend(self.put32(self.root)),
                _ if self.formats.contains_key(value) => bytes.extend(self.put32(self.formats[value])),
                _ => bytes.extend(self.put32(*value as u32)),
            }
        }
        bytes
    }

    /// Sends a request (with the right length) and waits for what is said to it by and to everybody.
    pub(crate) fn send(&mut self, client: usize, major: u8, data: u8, layout: &str, values: &[i64]) {
        let body = self.lay(layout, values);
        self.send_body(client, major, data, &body);
    }

    pub(crate) fn send_body(&mut self, client: usize, major: u8, data: u8, body: &[u8]) {
        let words = 1 + body.len().div_ceil(4);
        self.send_sized(client, major, data, body, words as u16);
    }

    /// Sends a request that says it is so many words long; the body is cut or filled up to that.
    pub(crate) fn send_sized(&mut self, client: usize, major: u8, data: u8, body: &[u8], words: u16) {
        let mut bytes = vec![major, data];
        bytes.extend(self.put16(words));
        bytes.extend(body);
        bytes.resize(usize::from(words.max(1)) * 4, 0);
        let label = format!("{client}: {major}/{data} {}", hex(&bytes[4..]));
        self.last_major = major;
        self.last_xtest = matches!(major, 26 | 27 | 31 | 32 | 35);
        self.write(client, &bytes, 1);
        self.settle(client, label);
    }

    /// Sends a request of an extension.
    pub(crate) fn send_to(
        &mut self,
        client: usize,
        extension: &'static str,
        minor: u8,
        layout: &str,
        values: &[i64],
    ) {
        let body = self.lay(layout, values);
        self.send_body_to(client, extension, minor, &body);
    }

    pub(crate) fn send_body_to(&mut self, client: usize, extension: &'static str, minor: u8, body: &[u8]) {
        let words = 1 + body.len().div_ceil(4);
        self.send_sized_to(client, extension, minor, body, words as u16);
    }

    pub(crate) fn send_sized_to(
        &mut self,
        client: usize,
        extension: &'static str,
        minor: u8,
        body: &[u8],
        words: u16,
    ) {
        let major = self.extension(client, extension).major;
        let mut bytes = vec![major, minor];
        bytes.extend(self.put16(words));
        bytes.extend(body);
        bytes.resize(usize::from(words.max(1)) * 4, 0);
        self.last_major = major;
        self.last_minor = minor;
        self.last_xtest = matches!(extension, "XTEST" | "XInputExtension");
        self.write(client, &bytes, 1);
        self.settle(client, format!("{client}: {extension} {minor} {}", hex(&bytes[4..])));
    }

    pub(crate) fn extension(&mut self, client: usize, name: &'static str) -> Extension {
        if let Some(known) = self.extensions.get(name) {
            return *known;
        }
        let mut bytes = vec![98, 0];
        bytes.extend(self.put16(2 + name.len().div_ceil(4) as u16));
        bytes.extend(self.put16(name.len() as u16));
        bytes.extend([0, 0]);
        bytes.extend(name.bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        self.write(client, &bytes, 1);
        let reply = self.read(client).unwrap();
        assert_eq!((reply[0], reply[8]), (1, 1), "{name} is offered");
        let extension = Extension { major: reply[9], event: reply[10], error: reply[11] };
        self.extensions.insert(name, extension);
        extension
    }

    /// Asks which picture formats there are.
    pub(crate) fn find_formats(&mut self, client: usize) {
        let major = self.extension(client, "RENDER").major;
        let mut bytes = vec![major, 1];
        bytes.extend(self.put16(1));
        self.write(client, &bytes, 1);
        let reply = self.read(client).unwrap();
        let count = self.get32(&reply[8..]) as usize;
        for format in reply[32..].chunks_exact(28).take(count) {
            let (depth, alpha) = (format[5], self.get16(&format[22..]));
            // Of the direct ones: red, green and blue in this order
            let (red, blue) = (self.get16(&format[8..]), self.get16(&format[16..]));
            let written = match (depth, alpha, red, blue) {
                (24, 0, 16, 0) => RGB24,
                (8, 255, 0, 0) => A8,
                _ => continue,
            };
            self.formats.insert(written, self.get32(format));
        }
    }

    /// Asks which CRTCs, outputs and modes there are.
    pub(crate) fn find_outputs(&mut self, client: usize) {
        let major = self.extension(client, "RANDR").major;
        let mut bytes = vec![major, 8];
        bytes.extend(self.put16(2));
        bytes.extend(self.put32(self.root));
        self.write(client, &bytes, 1);
        let reply = self.read(client).unwrap();
        let (crtcs, outputs) = (usize::from(self.get16(&reply[16..])), usize::from(self.get16(&reply[18..])));
        for (written, at) in [(CRTC, 0), (OUTPUT, crtcs), (MODE, crtcs + outputs)] {
            self.formats.insert(written, self.get32(&reply[32 + 4 * at..]));
        }
    }

    /// Makes the modes that clients make.
    pub(crate) fn make_modes(&mut self, client: usize) {
        let major = self.extension(client, "RANDR").major;
        for (number, written) in MADE_MODES.into_iter().enumerate() {
            let (width, height) = (200 + 100 * number as i64, 150);
            let info = [ROOT, 0, width, height, 1_000_000, 0, 0, 0, 0, 0, 0, 0, 4, 0];
            let mut bytes = vec![major, 16];
            bytes.extend(self.put16(11));
            bytes.extend(self.lay("44224222222224", &info));
            bytes.extend(format!("own{number}").bytes());
            self.write(client, &bytes, 1);
            let reply = self.read(client).unwrap();
            assert_eq!(reply[0], 1, "a mode is made");
            self.formats.insert(written, self.get32(&reply[8..]));
        }
    }

    /// What the id of a CRTC, an output or a mode is written as.
    pub(crate) fn written_id(&self, id: u32) -> Option<u32> {
        let all = [CRTC, OUTPUT, MODE, MADE_MODES[0], MADE_MODES[1]];
        let found = all.into_iter().find(|written| self.formats.get(written) == Some(&id));
        found.map(|written| (written >> 20) as u32)
    }

    /// A class of event of version 1 of the input extension: its number from the first on, of a device.
    pub(crate) fn xi_class(&mut self, client: usize, device: i64, kind: i64) -> i64 {
        device << 8 | (i64::from(self.extension(client, "XInputExtension").event) + kind)
    }

    /// Makes the pointer or a key do something as a device would (XTEST).
    pub(crate) fn fake(&mut self, client: usize, kind: u8, detail: u8, x: i16, y: i16) {
        let values = [i64::from(kind), i64::from(detail), 0, 0, ROOT, 0, 0, i64::from(x), i64::from(y), 0, 0];
        self.send_to(client, "XTEST", 2, "11244442244", &values);
    }

    pub(crate) fn motion(&mut self, client: usize, x: i16, y: i16) {
        self.fake(client, 6, 0, x, y);
    }

    pub(crate) fn button(&mut self, client: usize, number: u8, pressed: bool) {
        self.fake(client, if pressed { 4 } else { 5 }, number, 0, 0);
    }

    pub(crate) fn key(&mut self, client: usize, code: u8, pressed: bool) {
        self.fake(client, if pressed { 2 } else { 3 }, code, 0, 0);
    }

    /// A client goes; what the others hear of it is a step.
    pub(crate) fn close(&mut self, client: usize) {
        let marker = self.id(client, 0x1f_fff0);
        let body = self.lay("4422", &[i64::from(marker), ROOT, 1, 1]);
        let mut bytes = vec![53, 1];
        bytes.extend(self.put16(4));
        bytes.extend(body);
        self.write(client, &bytes, 1);
        let peer = self.peers[client].take().unwrap();
        match (peer.link, &mut self.end) {
            (Link::Ours(id), End::Ours(server, _)) => server.disconnect(id),
            (Link::Theirs(stream), End::Theirs(xvfb)) => {
                drop(stream);
                xvfb.wait_for_end_of(marker);
            }
            _ => unreachable!("links are of their end"),
        }
        self.settle(client, format!("{client} goes"));
    }

    /// A client goes and nobody is asked about it: the end of a scenario.
    pub(crate) fn close_unheard(&mut self, client: usize) {
        let peer = self.peers[client].take().unwrap();
        if let (Link::Ours(id), End::Ours(server, _)) = (peer.link, &mut self.end) {
            server.disconnect(id);
        }
    }

    fn write(&mut self, client: usize, bytes: &[u8], requests: u16) {
        let peer = self.peers[client].as_mut().unwrap();
        peer.sequence = peer.sequence.wrapping_add(requests);
        match (&mut peer.link, &mut self.end) {
            (Link::Ours(id), End::Ours(server, start)) => {
                // A millisecond passes with each request, as if it were always the next one.
                *start = start.wrapping_add(1);
                server.set_time(*start);
                let _ = server.receive(*id, bytes);
            }
            // That the other end is closed is found when its answer is read.
            (Link::Theirs(stream), _) => drop(stream.write_all(bytes)),
            _ => unreachable!("links are of their end"),
        }
    }

    /// The next message to the client; none if the connection is at its end (or has nothing more to say, for ours).
    fn read(&mut self, client: usize) -> Option<Vec<u8>> {
        let big = self.order == Order::Big;
        let peer = self.peers[client].as_mut().unwrap();
        match (&mut peer.link, &mut self.end) {
            (Link::Ours(id), End::Ours(server, _)) => {
                peer.unread.append(server.output(*id)?);
            }
            (Link::Theirs(stream), _) => loop {
                if let Some(length) = message_length(&peer.unread, big)
                    && peer.unread.len() >= length
                {
                    break;
                }
                let mut buffer = [0; 4096];
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => return None,
                    Ok(length) => peer.unread.extend(&buffer[..length]),
                }
            },
            _ => unreachable!("links are of their end"),
        }
        let length = message_length(&peer.unread, big)?;
        (peer.unread.len() >= length).then(|| peer.unread.drain(..length).collect())
    }

    /// What a client has been sent up to now.
    fn read_all(&mut self, client: usize) -> Vec<Vec<u8>> {
        let mut request = vec![43, 0];
        request.extend(self.put16(1));
        self.write(client, &request, 1);
        let expected = self.peers[client].as_ref().unwrap().sequence;
        let mut messages = Vec::new();
        while let Some(message) = self.read(client) {
            if message[0] == 1 && self.get16(&message[2..]) == expected {
                return messages;
            }
            messages.push(message);
        }
        messages.push(b"closed".to_vec());
        messages
    }

    /// Hears everybody out and ends the step; the one who asked first, so that all that follows from it has been sent.
    fn settle(&mut self, asked: usize, label: String) {
        let mut said = Vec::new();
        for client in std::iter::once(asked).chain((0..self.peers.len()).filter(|client| *client != asked)) {
            if self.peers[client].as_ref().is_none_or(|peer| peer.waits) {
                continue;
            }
            for message in self.read_all(client) {
                // The core keyboard of Xvfb takes the map of the device that gave the event: XTEST's is another.
                if message[0] == 34 && self.last_xtest {
                    continue;
                }
                // Of those who know XKB, Xvfb sends MappingNotify to others than the protocol says.
                if message[0] == 34 && self.extensions.contains_key("XKEYBOARD") {
                    continue;
                }
                // In the words of XKB: NewKeyboardNotify and MapNotify
                let is_xkb = self.extensions.get("XKEYBOARD").is_some_and(|it| it.event == message[0]);
                // Of keyboards that are told of one by one, the first is enough: the others come between other events.
                if is_xkb && message[1] <= 1 && message[8] != 3 {
                    continue;
                }
                // … and MapNotify of explicit components and modifier maps, which Xvfb does not send
                if is_xkb && message[1] == 1 && self.get16(&message[10..]) & !0x8c == 0 {
                    continue;
                }
                // … and StateNotify of a button, which Xvfb tells for the slave and for its master
                let of_button = message[1] == 2 && matches!(message[29], 4 | 5);
                if is_xkb && self.last_xtest && (of_button || matches!(message[1], 0 | 1)) {
                    continue;
                }
                said.push(format!("{client} {}", self.describe(&message)));
            }
        }
        let loose = label.ends_with("goes");
        let keeps_more = std::mem::take(&mut self.keeps_more);
        self.steps.push(Step { label, said, loose, keeps_more });
    }
}

fn message_length(bytes: &[u8], big: bool) -> Option<usize> {
    let head = bytes.get(..8)?;
    let mut length = 32;
    if head[0] == 1 || head[0] & 0x7f == 35 {
        let words = [head[4], head[5], head[6], head[7]];
        length += 4 * if big { u32::from_be_bytes(words) } else { u32::from_le_bytes(words) } as usize;
    }
    Some(length)
}

/// Runs a scenario in both byte orders on both servers and says where they differ.
pub(crate) fn differences(xvfb: &Xvfb, name: &str, scenario: impl Fn(&mut Wire<'_>)) -> Vec<String> {
    let mut found = Vec::new();
    for order in [Order::Little, Order::Big] {
        // One order is enough to see what is wrong.
        if found.is_empty() {
            found = differences_in(xvfb, name, order, &scenario);
        }
    }
    found
}

/// Runs a scenario in one byte order on both servers and says where they differ.
pub(crate) fn differences_in(
    xvfb: &Xvfb,
    name: &str,
    order: Order,
    scenario: impl Fn(&mut Wire<'_>),
) -> Vec<String> {
    let mut found = Vec::new();
    let config = Config { width: WIDTH, height: HEIGHT, ..Config::default() };
    let mut ours = Wire::new(End::Ours(Box::new(Server::new(config)), 1000), order);
    scenario(&mut ours);
    let mut theirs = Wire::new(End::Theirs(xvfb), order);
    scenario(&mut theirs);
    assert_eq!(ours.steps.len(), theirs.steps.len(), "{name}: a scenario does the same everywhere");
    for (ours, theirs) in ours.steps.iter_mut().zip(&mut theirs.steps) {
        if ours.loose {
            for said in [&mut ours.said, &mut theirs.said] {
                said.retain(|message| !message.contains("Expose") && !message.contains("Visibility"));
                // Its grabs end before it loses its selections (X11 §10, Connection Close), in Xvfb after.
                said.sort_by_key(|message| message.contains("XFIXES"));
            }
        }
        if std::env::var_os("WIRE_STEPS").is_some() {
            eprintln!("{}\n      {}", ours.label, theirs.said.join("\n      "));
        }
        if !ours.agrees(theirs, order) {
            let (ours_said, theirs_said) = (ours.said.join("\n      "), theirs.said.join("\n      "));
            found.push(format!(
                "{name} ({order:?}) {}\n    ours: {ours_said}\n    Xvfb: {theirs_said}",
                ours.label
            ));
        }
    }
    found
}

/// Fails with all differences there are.
pub(crate) fn none(found: &[String]) {
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}
