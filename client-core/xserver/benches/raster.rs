//! The core drawing that programs do most, on a 1080p screen.
#![expect(clippy::unwrap_used, reason = "a benchmark has nobody to tell")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use x11rb_protocol::protocol::xproto::{Arc, Point, Rectangle, Segment};
use xserver::font::Catalogue;
use xserver::raster::{Canvas, CopyBox, CopySource, Gc, Image, ImageFormat, Pixmap};
use xserver::region::Region;

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;

/// Places on the screen for things of a size, in no order that a cache could like.
fn places(size: u16) -> Vec<(i16, i16)> {
    (0..100u32)
        .map(|i| {
            let x = i * 7919 % (WIDTH - u32::from(size));
            let y = i * 104_729 % (HEIGHT - u32::from(size));
            (x as i16, y as i16)
        })
        .collect()
}

fn shapes(c: &mut Criterion) {
    let mut screen = Pixmap::new(WIDTH, HEIGHT, 24).unwrap();
    let clip = Region::from_rect(screen.bounds());
    let gc = Gc { foreground: 0x0012_3456, ..Gc::default() };
    let wide = Gc { line_width: 10, ..gc.clone() };
    let mut group = c.benchmark_group("hundred");
    group.throughput(Throughput::Elements(100));
    for size in [1u16, 10, 100, 500] {
        let at = places(size);
        let half = size as i16;
        let rectangles: Vec<_> =
            at.iter().map(|(x, y)| Rectangle { x: *x, y: *y, width: size, height: size }).collect();
        let segments: Vec<_> =
            at.iter().map(|(x, y)| Segment { x1: *x, y1: *y, x2: x + half, y2: y + half / 3 }).collect();
        let arcs: Vec<_> = at
            .iter()
            .map(|(x, y)| Arc { x: *x, y: *y, width: size, height: size, angle1: 0, angle2: 360 * 64 })
            .collect();
        let mut canvas = Canvas::new(&mut screen, (0, 0), &clip);
        group.bench_function(format!("rectangles {size}"), |b| {
            b.iter(|| black_box(canvas.poly_fill_rectangle(&gc, &rectangles)));
        });
        group.bench_function(format!("segments {size}"), |b| b.iter(|| canvas.poly_segment(&gc, &segments)));
        group.bench_function(format!("wide segments {size}"), |b| {
            b.iter(|| canvas.poly_segment(&wide, &segments));
        });
        group.bench_function(format!("circles {size}"), |b| b.iter(|| canvas.poly_arc(&gc, &arcs)));
        group.bench_function(format!("discs {size}"), |b| b.iter(|| canvas.poly_fill_arc(&gc, &arcs)));
        group.bench_function(format!("triangles {size}"), |b| {
            b.iter(|| {
                for (x, y) in &at {
                    let corners = [(0, 0), (half, half / 2), (0, half)];
                    let points = corners.map(|(dx, dy)| Point { x: x + dx, y: y + dy });
                    canvas.fill_poly(&gc, false, &points);
                }
            });
        });
    }
    let font = Catalogue::default().open("6x13").unwrap();
    let text: Vec<u16> = (0..100).map(|i| 33 + i % 90).collect();
    let mut canvas = Canvas::new(&mut screen, (0, 0), &clip);
    group.bench_function("characters", |b| b.iter(|| canvas.poly_text(&gc, &font, 20, 40, &text)));
    group.bench_function("image characters", |b| b.iter(|| canvas.image_text(&gc, &font, 20, 40, &text)));
    group.finish();
}

fn pictures(c: &mut Criterion) {
    let mut screen = Pixmap::new(WIDTH, HEIGHT, 24).unwrap();
    let clip = Region::from_rect(screen.bounds());
    let gc = Gc::default();
    let bytes = u64::from(WIDTH * HEIGHT * 4);
    let data: Vec<u8> = (0..bytes as u32).map(|i| (i.wrapping_mul(31) >> 3) as u8).collect();
    let mut group = c.benchmark_group("1080p core");
    group.throughput(Throughput::Bytes(bytes));
    let mut copy = vec![0u8; data.len()];
    group.bench_function("memcpy", |b| b.iter(|| black_box(&mut copy).copy_from_slice(black_box(&data))));
    group.bench_function("PutImage ZPixmap", |b| {
        let image = Image {
            format: ImageFormat::ZPixmap,
            width: WIDTH as u16,
            height: HEIGHT as u16,
            depth: 24,
            left_pad: 0,
            data: &data,
        };
        let mut canvas = Canvas::new(&mut screen, (0, 0), &clip);
        b.iter(|| canvas.put_image(&gc, 0, 0, black_box(&image)));
    });
    group.bench_function("GetImage ZPixmap", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            screen.get_image(screen.bounds(), ImageFormat::ZPixmap, u32::MAX, black_box(&mut out));
        });
    });
    group.bench_function("CopyArea, a scroll by ten rows", |b| {
        let source = CopySource { pixmap: None, origin: (0, 0), valid: &clip };
        let area = CopyBox {
            from: Point { x: 0, y: 10 },
            to: Point { x: 0, y: 0 },
            width: WIDTH as u16,
            height: HEIGHT as u16 - 10,
        };
        let mut canvas = Canvas::new(&mut screen, (0, 0), &clip);
        b.iter(|| canvas.copy_area(&gc, &source, area));
    });
    group.finish();
}

criterion_group!(benches, shapes, pictures);
criterion_main!(benches);
