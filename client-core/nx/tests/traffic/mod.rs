//! Traffic of X clients and an X server, and both ends of our codec to carry it.

use std::time::Instant;

use nx::{Application, ApplicationConfig, ByteOrder, ChannelId, Config, Display, Event, Options};
use proptest::prelude::*;

/// RENDER and SHAPE have these opcodes here.
pub(crate) const RENDER: u8 = 150;
pub(crate) const SHAPE: u8 = 140;

/// Both ends of a link and the bytes between them.
pub(crate) struct Link {
    pub(crate) application: Application,
    pub(crate) display: Display,
    pub(crate) now: Instant,
    pub(crate) to_server: Vec<(ChannelId, Vec<u8>)>,
    pub(crate) to_client: Vec<(ChannelId, Vec<u8>)>,
    pub(crate) chunk: usize,
}

impl Link {
    pub(crate) fn new(options: Options, display_level: Option<u8>, chunk: usize) -> Self {
        let now = Instant::now();
        let config = ApplicationConfig { options, ..ApplicationConfig::default() };
        let mut link = Self {
            application: Application::new(config, now),
            display: Display::new(Config { stream: display_level, ..Config::default() }, now),
            now,
            to_server: Vec::new(),
            to_client: Vec::new(),
            chunk,
        };
        link.settle();
        link
    }

    /// Moves bytes until nothing moves.
    pub(crate) fn settle(&mut self) {
        loop {
            self.display.handle_timeout(self.now);
            let down = self.application.transmit(self.now);
            let up = self.display.transmit(self.now);
            let idle = down.is_empty() && up.is_empty();
            for piece in down.chunks(self.chunk) {
                self.display.receive(piece, self.now).expect("the display side understands");
                while let Some(event) = self.display.poll_event(self.now) {
                    match event {
                        Event::X11 { channel, bytes } => self.to_server.push((channel, bytes)),
                        Event::Closed(end) => panic!("the display side ended: {end:?}"),
                        _ => {}
                    }
                }
            }
            for piece in up.chunks(self.chunk) {
                self.application.receive(piece, self.now).expect("the application side understands");
                while let Some(event) = self.application.poll_event(self.now) {
                    match event {
                        Event::X11 { channel, bytes } => self.to_client.push((channel, bytes)),
                        Event::Closed(end) => panic!("the application side ended: {end:?}"),
                        _ => {}
                    }
                }
            }
            if idle {
                return;
            }
        }
    }

    pub(crate) fn client(&mut self, channel: ChannelId, bytes: &[u8]) -> Vec<u8> {
        self.application.x11_from_client(channel, bytes);
        self.settle();
        collect(&mut self.to_server, channel)
    }

    pub(crate) fn server(&mut self, channel: ChannelId, bytes: &[u8]) -> Vec<u8> {
        self.display.x11_from_server(channel, bytes, self.now);
        self.settle();
        collect(&mut self.to_client, channel)
    }
}

pub(crate) fn collect(events: &mut Vec<(ChannelId, Vec<u8>)>, on: ChannelId) -> Vec<u8> {
    events
        .drain(..)
        .flat_map(|(channel, bytes)| {
            assert_eq!(channel, on, "bytes on a channel that did not ask for them");
            bytes
        })
        .collect()
}

/// X11 connections over a link, and what went over them.
pub(crate) struct Session {
    pub(crate) link: Link,
    pub(crate) channels: Vec<Connection>,
}

pub(crate) struct Connection {
    pub(crate) id: ChannelId,
    pub(crate) order: ByteOrder,
    pub(crate) sequence: u16,
    pub(crate) sent: Vec<Vec<u8>>,
}

pub(crate) fn set16(order: ByteOrder, m: &mut [u8], at: usize, v: u16) {
    m[at..at + 2].copy_from_slice(&match order {
        ByteOrder::Lsb => v.to_le_bytes(),
        ByteOrder::Msb => v.to_be_bytes(),
    });
}

pub(crate) fn set32(order: ByteOrder, m: &mut [u8], at: usize, v: u32) {
    m[at..at + 4].copy_from_slice(&match order {
        ByteOrder::Lsb => v.to_le_bytes(),
        ByteOrder::Msb => v.to_be_bytes(),
    });
}

impl Session {
    pub(crate) fn new(options: Options, level: Option<u8>, chunk: usize, orders: &[ByteOrder]) -> Self {
        let mut session = Self { link: Link::new(options, level, chunk), channels: Vec::new() };
        for order in orders {
            let id = session.link.application.open().expect("a channel");
            session.link.settle();
            let mut setup =
                vec![if *order == ByteOrder::Lsb { b'l' } else { b'B' }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            set16(*order, &mut setup, 2, 11);
            assert_eq!(session.link.client(id, &setup), setup);
            let mut reply = vec![1, 0, 0, 0, 0, 0, 0, 0];
            set16(*order, &mut reply, 2, 11);
            set16(*order, &mut reply, 6, 8);
            reply.extend((0..32).map(|i| i * 5));
            assert_eq!(session.link.server(id, &reply), reply);
            session.channels.push(Connection { id, order: *order, sequence: 0, sent: Vec::new() });
        }
        for (name, major) in [("RENDER", RENDER), ("SHAPE", SHAPE)] {
            let order = orders[0];
            let mut query = vec![98, 0, 0, 0, 0, 0, 0, 0];
            let padded = name.len().next_multiple_of(4);
            set16(order, &mut query, 2, (8 + padded) as u16 / 4);
            set16(order, &mut query, 4, name.len() as u16);
            query.extend_from_slice(name.as_bytes());
            query.resize(8 + padded, 0);
            assert_eq!(session.request(0, &query), query);
            let mut reply = vec![0; 32];
            reply[0] = 1;
            reply[8] = 1;
            reply[9] = major;
            session.reply(0, &mut reply);
        }
        session
    }

    /// Sends a request; what the X server gets for it.
    pub(crate) fn request(&mut self, on: usize, request: &[u8]) -> Vec<u8> {
        let channel = &mut self.channels[on];
        channel.sequence = channel.sequence.wrapping_add(1);
        self.link.client(channel.id, request)
    }

    /// Answers the last request; what the X client gets.
    pub(crate) fn reply(&mut self, on: usize, reply: &mut [u8]) -> Vec<u8> {
        let channel = &self.channels[on];
        set16(channel.order, reply, 2, channel.sequence);
        let (id, reply) = (channel.id, reply.to_vec());
        self.link.server(id, &reply)
    }
}

/// One step of traffic, from which a well-formed request and what follows it are built.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) opcode: u8,
    /// Take an earlier request of the channel again, with a few bytes changed.
    pub(crate) again: Option<(usize, usize, u8)>,
    pub(crate) items: usize,
    pub(crate) fill: Vec<u8>,
    pub(crate) event: Option<u8>,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let opcode = prop_oneof![6 => 1..=127_u8, 3 => Just(RENDER), 1 => Just(SHAPE), 1 => 128..=139_u8];
    let again = proptest::option::of((0..20_usize, 4..40_usize, any::<u8>()));
    // Few different values, so that caches and stores are hit.
    let byte = prop_oneof![4 => 0..4_u8, 1 => any::<u8>()];
    let fill = proptest::collection::vec(byte, 40..120);
    let event = proptest::option::of(prop_oneof![4 => 2..=34_u8, 1 => 64..=100_u8, 1 => Just(0)]);
    (opcode, again, 0..6_usize, fill, event).prop_map(|(opcode, again, items, fill, event)| Step {
        opcode,
        again,
        items,
        fill,
        event,
    })
}

/// A request whose lengths and counts agree.
pub(crate) fn build(step: &Step, order: ByteOrder) -> Vec<u8> {
    let n = step.items;
    let mut bytes = step.fill.iter().copied().cycle();
    let mut m = vec![step.opcode, bytes.next().unwrap_or(0), 0, 0];
    let mut more = |m: &mut Vec<u8>, n: usize| m.extend(bytes.by_ref().take(n));
    let bits = |v: u32, width: u32| (v & ((1 << width) - 1)).count_ones() as usize * 4;
    let random = u32::from_le_bytes([step.fill[0], step.fill[1], step.fill[2], step.fill[3]]);
    match step.opcode {
        1 => {
            more(&mut m, 28 + bits(random, 15));
            set32(order, &mut m, 28, random & 0x7fff);
        }
        2 => {
            more(&mut m, 8 + bits(random, 15));
            set32(order, &mut m, 8, random & 0x7fff);
        }
        12 => {
            more(&mut m, 8 + bits(random, 7));
            set16(order, &mut m, 8, (random & 0x7f) as u16);
        }
        55 => {
            more(&mut m, 12 + bits(random, 23));
            set32(order, &mut m, 12, random & 0x7f_ffff);
        }
        56 => {
            more(&mut m, 8 + bits(random, 23));
            set32(order, &mut m, 8, random & 0x7f_ffff);
        }
        16 | 98 => {
            more(&mut m, 4 + n.next_multiple_of(4));
            set16(order, &mut m, 4, n as u16);
        }
        18 => {
            let unit = [1, 2, 4][n % 3];
            more(&mut m, 20 + (unit * n).next_multiple_of(4));
            m[16] = unit as u8 * 8;
            set32(order, &mut m, 20, n as u32);
        }
        45 | 85 | 92 => {
            more(&mut m, 8 + n.next_multiple_of(4));
            set16(order, &mut m, 8, n as u16);
        }
        49 => {
            more(&mut m, 4 + n.next_multiple_of(4));
            set16(order, &mut m, 6, n as u16);
        }
        58 => {
            more(&mut m, 8 + n.next_multiple_of(4));
            set16(order, &mut m, 10, n as u16);
        }
        76 | 77 => {
            let width = usize::from(step.opcode - 75);
            more(&mut m, 12 + (width * n).next_multiple_of(4));
            m[1] = n as u8;
        }
        74 | 75 => {
            let width = usize::from(step.opcode - 73);
            more(&mut m, 12);
            for i in 0..n {
                if (random >> i) & 3 == 3 {
                    m.extend_from_slice(&[255, 0, 0, 1, i as u8]);
                } else {
                    m.extend_from_slice(&[i as u8 + 1, step.fill[i]]);
                    more(&mut m, width * (i + 1));
                }
            }
            m.resize(m.len().next_multiple_of(4), 0);
        }
        3..=5 | 8..=10 | 14 | 15 | 17 | 23 | 38 | 46 | 47 | 54 | 60 | 95 | 101 => more(&mut m, 4),
        19 | 97 => more(&mut m, 8),
        7 | 22 | 31 | 40 | 53 | 57 | 61 | 84 => more(&mut m, 12),
        73 => more(&mut m, 16),
        20 | 24 | 26 | 28 => more(&mut m, 20),
        62 => more(&mut m, 24),
        63 => more(&mut m, 28),
        25 => more(&mut m, 40),
        36 | 37 | 43 | 99 | 103 | 117 | 119 | 127 => {}
        59 => more(&mut m, 8 + 8 * n),
        64 | 65 | 88 => more(&mut m, 8 + 4 * n),
        66 | 67 => more(&mut m, 8 + 8 * n),
        68 | 71 => more(&mut m, 8 + 12 * (n + 1)),
        70 => more(&mut m, 8 + 8 * (n + 1)),
        69 => {
            more(&mut m, 12 + 4 * n);
            // Points are absolute or relative; there is no third way.
            m[13] &= 1;
        }
        72 => more(&mut m, 20 + 4 * n),
        91 => more(&mut m, 4 + 4 * n),
        RENDER => {
            m[1] = step.fill[4] % 37;
            let size = match m[1] {
                7 | 19 => 4,
                17 => 8,
                8 => 32,
                28 => 40,
                4 => 16 + 4 * n,
                5 => 4 + 4 * n,
                10 | 11 => 20 + 4 * n,
                23..=25 => 24 + 4 * n,
                _ => 8 + 4 * n,
            };
            more(&mut m, size);
            if m[1] == 30 {
                let name = (n * 4).saturating_sub(2);
                set16(order, &mut m, 8, name as u16);
            }
        }
        _ => more(&mut m, 4 * n),
    }
    let words = m.len() / 4;
    set16(order, &mut m, 2, words as u16);
    m
}

/// A reply that fits the request.
pub(crate) fn build_reply(request: &[u8], step: &Step, order: ByteOrder) -> Option<Vec<u8>> {
    let n = step.items;
    let mut bytes = step.fill.iter().rev().copied().cycle();
    let mut m: Vec<u8> = [1].into_iter().chain(bytes.by_ref().take(31)).collect();
    let mut more = |m: &mut Vec<u8>, n: usize| m.extend(bytes.by_ref().take(n));
    match request[0] {
        3 => more(&mut m, 12),
        15 => {
            more(&mut m, 4 * n);
            set16(order, &mut m, 16, n as u16);
        }
        17 => {
            more(&mut m, n.next_multiple_of(4));
            set16(order, &mut m, 8, n as u16);
        }
        20 => {
            let unit = [1, 2, 4][n % 3];
            more(&mut m, (unit * n).next_multiple_of(4));
            m[1] = unit as u8 * 8;
            set32(order, &mut m, 16, n as u32);
        }
        47 => {
            more(&mut m, 28 + 8 * n + 12 * (n / 2));
            set16(order, &mut m, 46, n as u16);
            set32(order, &mut m, 56, n as u32 / 2);
        }
        49 | 99 => {
            m[if request[0] == 49 { 8 } else { 1 }] = 0;
            for i in 0..n {
                m.push(i as u8);
                more(&mut m, i);
            }
            m.resize(m.len().next_multiple_of(4), 0);
            if request[0] == 49 {
                set16(order, &mut m, 8, n as u16);
            } else {
                m[1] = n as u8;
            }
        }
        73 | 103 | 117 => more(&mut m, 4 * n),
        91 => {
            more(&mut m, 8 * n);
            set16(order, &mut m, 8, n as u16);
        }
        101 => {
            m[1] = 2;
            more(&mut m, 8 * n);
        }
        119 => {
            m[1] = n as u8;
            more(&mut m, 8 * n);
        }
        14 | 16 | 23 | 26 | 31 | 38 | 40 | 43 | 84 | 85 | 92 | 97 | 98 => {}
        // Requests without a coded reply: some get a generic one.
        44 | 48 | 52 | 83 => more(&mut m, 4 * n),
        _ => return None,
    }
    let words = (m.len() - 32) / 4;
    set32(order, &mut m, 4, words as u32);
    Some(m)
}
