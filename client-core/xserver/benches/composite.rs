//! Compositing of a 1080p picture, beside a plain copy of the same bytes.
#![expect(clippy::unwrap_used, reason = "a benchmark has nobody to tell")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use xserver::raster::Pixmap;
use xserver::region::Region;
use xserver::render::{Format, Geometry, Op, Source, Target, composite, whole};

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;

/// Pixels of every alpha, premultiplied.
fn translucent() -> Pixmap {
    let mut pixmap = Pixmap::new(WIDTH, HEIGHT, 32).unwrap();
    for (i, word) in pixmap.words_mut().unwrap().iter_mut().enumerate() {
        let a = (i as u32 * 7) & 0xff;
        *word = a << 24 | (a / 2) << 16 | (a / 3) << 8 | a;
    }
    pixmap
}

fn coverage() -> Pixmap {
    let mut pixmap = Pixmap::new(WIDTH, HEIGHT, 8).unwrap();
    for (i, byte) in pixmap.byte_pixels_mut().unwrap().iter_mut().enumerate() {
        *byte = (i * 5) as u8;
    }
    pixmap
}

fn run(c: &mut Criterion) {
    let mut group = c.benchmark_group("1080p");
    group.throughput(Throughput::Bytes(u64::from(WIDTH * HEIGHT * 4)));
    let source = translucent();
    let mask = coverage();
    let mut screen = Pixmap::new(WIDTH, HEIGHT, 24).unwrap();
    let clip = Region::from_rect(screen.bounds());
    let geometry = Geometry { size: (WIDTH as i32, HEIGHT as i32), ..Geometry::default() };
    group.bench_function("memcpy", |b| {
        b.iter(|| screen.words_mut().unwrap().copy_from_slice(black_box(source.words().unwrap())));
    });
    let bits = Source::bits(whole(&source, Format::a8r8g8b8()));
    let cover = Source::bits(whole(&mask, Format::a8()));
    let solid = Source::solid(0x8040_2010);
    let cases: [(&str, Op, &Source<'_>, Option<&Source<'_>>); 6] = [
        ("src", Op::Src, &bits, None),
        ("over", Op::Over, &bits, None),
        ("over, solid through a8", Op::Over, &solid, Some(&cover)),
        ("over, through a8", Op::Over, &bits, Some(&cover)),
        ("add", Op::Add, &bits, None),
        ("in", Op::In, &bits, None),
    ];
    for (name, op, source, mask) in cases {
        group.bench_function(name, |b| {
            b.iter(|| {
                let format = Format::x8r8g8b8();
                let mut target = Target { pixmap: &mut screen, format, clip: &clip, alpha_map: None };
                composite(op, black_box(source), black_box(mask), &mut target, geometry);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, run);
criterion_main!(benches);
