//! What is drawn into windows, where it hangs on what kind of window it is.

use crate::bench::{ARGB, ROOT, Wire};

/// Tiles of depth 32: for fills, as the background and as the border of a window of that depth.
pub(crate) fn deep_tiles(w: &mut Wire<'_>) {
    let c = w.connect();
    let [map, window, pixmap, gc] = [1, 2, 3, 4].map(|n| i64::from(w.id(c, n)));
    w.send(c, 78, 0, "444", &[map, ROOT, ARGB]);
    w.send(c, 53, 32, "4422", &[pixmap, ROOT, 3, 2]);
    w.send(c, 55, 0, "444", &[gc, pixmap, 0]);
    let mut image = vec![pixmap, gc, 3, 2, 0, 0, 0, 32, 0];
    image.extend([0x8000_0003_i64, 0x1234_5678, 2, 0x7fff_ffff, 0xff00_0000, 0x00ff_00ff]);
    w.send(c, 72, 2, "442222112*4", &image);
    // With a background, a border and the colormap
    let values = [window, ROOT, 20, 20, 12, 10, 4, 1, ARGB, 1 << 1 | 1 << 3 | 1 << 13, 0x8123_4567, 7, map];
    w.send(c, 1, 32, "44222222444444", &values);
    w.send(c, 8, 0, "4", &[window]);
    // The tile and its origin, and to fill with it
    w.send(c, 56, 0, "444444", &[gc, 1 << 8 | 1 << 10 | 1 << 12 | 1 << 13, 1, pixmap, 1, 1]);
    w.send(c, 70, 0, "442222", &[window, gc, 2, 1, 7, 6]);
    w.send(c, 73, 2, "422224", &[window, 0, 0, 12, 10, 0xffff_ffff]);
    // XOR, in some planes
    w.send(c, 56, 0, "4444", &[gc, 1 << 0 | 1 << 1, 6, 0xff00_00ff]);
    w.send(c, 70, 0, "442222", &[window, gc, 0, 0, 12, 10]);
    w.send(c, 73, 2, "422224", &[window, 0, 0, 12, 10, 0xffff_ffff]);
    w.send(c, 2, 0, "4444", &[window, 1 << 0 | 1 << 2, pixmap, pixmap]);
    w.send(c, 61, 0, "42222", &[window, 0, 0, 0, 0]);
    w.send(c, 73, 2, "422224", &[window, 0, 0, 12, 10, 0xffff_ffff]);
    w.send(c, 73, 2, "422224", &[window, -4_i64 & 0xffff, 0, 20, 1, 0xffff_ffff]);
    w.close(c);
}
