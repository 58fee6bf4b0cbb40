//! What a frame of 1920x1080 costs, beside what it could cost: images and pictures beside a plain copy of the same bytes
//! and beside Xvfb (which composites with pixman), in the library and over a Unix socket; and handing damage over.
//!
//! All that is compared is measured in turns, round by round, and the least time of each counts: so the ratios hold on
//! a machine that has other things to do. What is not there to compare with is left out.
#![expect(clippy::unwrap_used, reason = "a benchmark has nobody to tell")]

#[path = "../tests/fixture/own.rs"]
mod own;
#[path = "../tests/fixture/xvfb.rs"]
mod xvfb;

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use x11rb::connection::Connection;
use x11rb::protocol::render::{self, ConnectionExt as _, PictOp};
use x11rb::protocol::xproto::{ConnectionExt as _, CreateGCAux, ImageFormat as WireFormat};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use xserver::raster::{Canvas, Gc, Image, ImageFormat, Pixmap};
use xserver::region::{Rect, Region};
use xserver::render::{Format, Geometry, Op, Source, Target, composite, whole};
use xserver::{ClientId, Config, Server};
use xvfb::Xvfb;

const WIDTH: u16 = 1920;
const HEIGHT: u16 = 1080;
const BYTES: usize = WIDTH as usize * HEIGHT as usize * 4;
const ROUNDS: usize = 15;

/// Something measured: its name, and what takes the time.
type Case<'a> = (&'a str, Box<dyn FnMut() + 'a>);

/// Runs the cases in turns, and prints the least time of each and what it is of the first one's.
fn compare(title: &str, mut cases: Vec<Case<'_>>) {
    const TIMES: u32 = 4;
    let mut least = vec![f64::INFINITY; cases.len()];
    for _ in 0..ROUNDS {
        for ((_, run), least) in cases.iter_mut().zip(&mut least) {
            let start = Instant::now();
            for _ in 0..TIMES {
                run();
            }
            *least = least.min(start.elapsed().as_secs_f64() * 1000.0 / f64::from(TIMES));
        }
    }
    println!("{title}");
    for ((name, _), time) in cases.iter().zip(&least) {
        println!("  {name:<44} {time:8.3} ms  {:6.2}", time / least[0]);
    }
}

/// Pixels of every alpha, premultiplied.
fn translucent() -> Vec<u32> {
    (0..BYTES as u32 / 4)
        .map(|i| {
            let a = (i * 7) & 0xff;
            a << 24 | (a / 2) << 16 | (a / 3) << 8 | a
        })
        .collect()
}

fn bytes_of(pixels: &[u32]) -> Vec<u8> {
    pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect()
}

fn in_the_library(pixels: &[u32], data: &[u8]) {
    let (width, height) = (u32::from(WIDTH), u32::from(HEIGHT));
    let mut screen = Pixmap::new(width, height, 24).unwrap();
    let mut other = Pixmap::new(width, height, 24).unwrap();
    let mut picture = Pixmap::new(width, height, 32).unwrap();
    picture.words_mut().unwrap().copy_from_slice(pixels);
    let clip = Region::from_rect(screen.bounds());
    let gc = Gc::default();
    let mut copy = vec![0_u8; BYTES];
    let image =
        Image { format: ImageFormat::ZPixmap, width: WIDTH, height: HEIGHT, depth: 24, left_pad: 0, data };
    let source = Source::bits(whole(&picture, Format::a8r8g8b8()));
    let geometry = Geometry { size: (WIDTH.into(), HEIGHT.into()), ..Geometry::default() };
    compare(
        "in the library, beside a copy of the same bytes",
        vec![
            ("memcpy", Box::new(|| black_box(&mut copy).copy_from_slice(black_box(data)))),
            (
                "PutImage ZPixmap",
                Box::new(|| {
                    Canvas::new(&mut screen, (0, 0), &clip).put_image(&gc, 0, 0, black_box(&image));
                }),
            ),
            (
                "Composite Over, a8r8g8b8 on x8r8g8b8",
                Box::new(|| {
                    let format = Format::x8r8g8b8();
                    let mut target = Target { pixmap: &mut other, format, clip: &clip, alpha_map: None };
                    composite(Op::Over, black_box(&source), None, &mut target, geometry);
                }),
            ),
        ],
    );
}

/// An X server at the other end of a connection, with a pixmap to draw on and pictures of two.
struct Peer {
    connection: RustConnection,
    pixmap: u32,
    gc: u32,
    source: u32,
    target: u32,
}

impl Peer {
    fn new(c: RustConnection, data: &[u8]) -> Self {
        let root = c.setup().roots[0].root;
        let formats = c.render_query_pict_formats().unwrap().reply().unwrap().formats;
        let format = |depth: u8, alpha: u16| {
            let fits = |f: &&render::Pictforminfo| {
                f.depth == depth && f.direct.alpha_mask == alpha && f.direct.red_shift == 16
            };
            formats.iter().find(fits).unwrap().id
        };
        let pixmap = |depth: u8| {
            let id = c.generate_id().unwrap();
            c.create_pixmap(depth, id, root, WIDTH, HEIGHT).unwrap();
            let gc = c.generate_id().unwrap();
            c.create_gc(gc, id, &CreateGCAux::new()).unwrap();
            (id, gc)
        };
        let ((deep, deep_gc), (pixmap, gc)) = (pixmap(32), pixmap(24));
        c.put_image(WireFormat::Z_PIXMAP, deep, deep_gc, WIDTH, HEIGHT, 0, 0, 0, 32, data).unwrap();
        let picture = |drawable: u32, format: u32| {
            let id = c.generate_id().unwrap();
            c.render_create_picture(id, drawable, format, &render::CreatePictureAux::new()).unwrap();
            id
        };
        let (source, target) = (picture(deep, format(32, 0xff)), picture(pixmap, format(24, 0)));
        c.sync().unwrap();
        Self { connection: c, pixmap, gc, source, target }
    }

    fn put(&self, data: &[u8]) {
        let c = &self.connection;
        c.put_image(WireFormat::Z_PIXMAP, self.pixmap, self.gc, WIDTH, HEIGHT, 0, 0, 0, 24, data).unwrap();
        c.sync().unwrap();
    }

    fn over(&self) {
        let c = &self.connection;
        c.render_composite(PictOp::OVER, self.source, 0_u32, self.target, 0, 0, 0, 0, 0, 0, WIDTH, HEIGHT)
            .unwrap();
        c.sync().unwrap();
    }
}

fn over_a_socket(data: &[u8]) {
    let own = Peer::new(own::connect(WIDTH, HEIGHT), data);
    let xvfb = Xvfb::start(WIDTH, HEIGHT);
    let xvfb = Peer::new(xvfb.connect(), data);
    // What the socket alone costs: somebody at its other end who only reads, and says when all is there.
    let (mut near, mut far) = UnixStream::pair().unwrap();
    std::thread::spawn(move || {
        let mut buffer = vec![0; BYTES];
        while far.read_exact(&mut buffer).is_ok() && far.write_all(&[1]).is_ok() {}
    });
    compare(
        "PutImage of 1920x1080 over a socket, beside the socket alone",
        vec![
            (
                "written to a socket, and read",
                Box::new(move || {
                    near.write_all(data).unwrap();
                    near.read_exact(&mut [0]).unwrap();
                }),
            ),
            ("Xvfb", Box::new(|| xvfb.put(data))),
            ("this server", Box::new(|| own.put(data))),
        ],
    );
    compare(
        "Composite Over of 1920x1080, asked for over a socket, beside pixman in Xvfb",
        vec![("Xvfb", Box::new(|| xvfb.over())), ("this server", Box::new(|| own.over()))],
    );
}

/// A server with a client that draws by bytes, and the id of its GC.
fn drawn_on() -> (Server, ClientId, u32) {
    let mut server = Server::new(Config { width: WIDTH, height: HEIGHT, ..Config::default() });
    let client = server.connect().unwrap();
    let setup: [u8; 12] = [b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    server.receive(client, &setup).unwrap();
    let reply = server.output(client).unwrap();
    let base = u32::from_le_bytes(reply[12..16].try_into().unwrap());
    reply.clear();
    // CreateGC on the root.
    let root: u32 = 0x100;
    let words = [0x0004_0037, base, root, 0];
    let request: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    server.receive(client, &request).unwrap();
    let _ = server.take_damage();
    (server, client, base)
}

/// The first word of a `PolyFillRectangle` of one rectangle.
const FILL: u32 = 0x0005_0046;

fn damage() {
    let (mut server, client, base) = drawn_on();
    let mut copy = vec![0_u32; BYTES / 4];
    // What a window does with damage: it uploads the rows that changed.
    let mut upload = |server: &mut Server| {
        let damage = server.take_damage();
        for part in damage.rects() {
            let columns = part.x1 as usize..part.x2 as usize;
            for y in part.y1 as usize..part.y2 as usize {
                let row = y * usize::from(WIDTH);
                let row = row + columns.start..row + columns.end;
                copy[row.clone()].copy_from_slice(&server.screen()[row]);
            }
        }
        damage.extents()
    };
    let time = |name: &str, times: u32, run: &mut dyn FnMut()| {
        let mut least = f64::INFINITY;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..times {
                run();
            }
            least = least.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(times));
        }
        println!("  {name:<44} {least:8.3} us");
    };
    println!("handing damage of 1920x1080 over");
    time("when nothing changed", 100_000, &mut || {
        assert!(upload(&mut server).is_empty());
    });
    // PolyFillRectangle of one row.
    let request: Vec<u8> = [FILL, 0x100, base, 500 << 16, 1 << 16 | u32::from(WIDTH)]
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    time("when a row changed, with its drawing", 2_000, &mut || {
        server.receive(client, &request).unwrap();
        assert_eq!(upload(&mut server), Rect::new(0, 500, WIDTH.into(), 501));
    });
    // PolyFillRectangle of all.
    let request: Vec<u8> = [FILL, 0x100, base, 0, u32::from(HEIGHT) << 16 | u32::from(WIDTH)]
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect();
    time("when all changed, with its drawing", 5, &mut || {
        server.receive(client, &request).unwrap();
        assert_eq!(upload(&mut server), Rect::new(0, 0, WIDTH.into(), HEIGHT.into()));
    });
}

fn main() {
    // `cargo test` runs benchmarks too, only to see that they do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let pixels = translucent();
    let data = bytes_of(&pixels);
    in_the_library(&pixels, &data);
    over_a_socket(&data);
    damage();
}
