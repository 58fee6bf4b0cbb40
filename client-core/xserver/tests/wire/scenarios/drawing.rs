//! What is drawn into windows, where it hangs on what kind of window it is.

use crate::bench::{A8, ARGB, RGB24, ROOT, Wire};

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

/// Everything that RENDER draws with, where nothing is rounded: who talks in the other byte order gets the same pixels.
pub(crate) fn rendering(w: &mut Wire<'_>) {
    const RENDER: &str = "RENDER";
    const ONE: i64 = 0x1_0000;
    let c = w.connect();
    w.send_to(c, RENDER, 0, "44", &[0, 11]);
    w.find_formats(c);
    let ids: Vec<i64> = (1..20).map(|n| i64::from(w.id(c, n))).collect();
    let [pixmap, target, masks, mask, solid, gc, glyphs] = ids[..7] else { unreachable!("there are more") };
    w.send(c, 53, 24, "4422", &[pixmap, ROOT, 12, 10]);
    w.send(c, 53, 8, "4422", &[masks, ROOT, 12, 10]);
    w.send(c, 55, 0, "444", &[gc, masks, 0]);
    w.send(c, 70, 0, "442222", &[masks, gc, 0, 0, 12, 10]);
    // With clips of its own, repeating
    w.send_to(c, RENDER, 4, "44444", &[target, pixmap, RGB24, 1, 1]);
    w.send_to(c, RENDER, 4, "4444", &[mask, masks, A8, 0]);
    w.send_to(c, RENDER, 33, "42222", &[solid, 0x1122, 0x3344, 0x5566, 0xffff]);
    let look = |w: &mut Wire<'_>| {
        w.send(c, 73, 2, "422224", &[pixmap, 0, 0, 12, 10, 0xff_ffff]);
        w.send(c, 73, 2, "422224", &[masks, 0, 0, 12, 10, 0xff]);
        let clear = [1, 0, 0, 0, target, 0xffff, 0x8080, 0, 0xffff, 0, 0, 12, 10];
        w.send_to(c, RENDER, 26, "1111422222222", &clear);
    };
    look(w);
    w.send_to(c, RENDER, 6, "422*2", &[target, 1, 2, 0, 0, 5, 4, 6, 1, 3, 7]);
    let whole = [0, 0, 0, 0, 0, 0, 12, 10];
    let composite = |w: &mut Wire<'_>, op: i64, source: i64, mask: i64, to: i64, places: [i64; 8]| {
        let mut values = vec![op, 0, 0, 0, source, mask, to];
        values.extend(places);
        w.send_to(c, RENDER, 8, "111144422222222", &values);
    };
    composite(w, 3, solid, 0, target, whole);
    look(w);
    w.send_to(c, RENDER, 5, "444", &[target, 1 << 6, 0]);
    look(w);
    // Traps into the mask, a rectangle each, and through it
    let sides = [2 * ONE, 3 * ONE, 9 * ONE, 8 * ONE];
    let [left, top, right, bottom] = sides;
    w.send_to(c, RENDER, 32, "422*4", &[mask, 1, -1, left, right, top, left, right, bottom]);
    composite(w, 3, solid, mask, target, [0, 0, 1, 0, 0, 0, 10, 9]);
    look(w);
    let trapezoid = [top, bottom, left, top, left, bottom, right, top, right, bottom];
    let mut values = vec![3, 0, 0, 0, solid, target, A8, 0, 0];
    values.extend(trapezoid);
    w.send_to(c, RENDER, 10, "111144422*4", &values);
    look(w);
    // Halves of a rectangle, as triangles, a strip and a fan, as all or nothing
    w.send_to(c, RENDER, 5, "444", &[target, 1 << 10, 1]);
    let corners = [[left, top], [right, top], [left, bottom], [right, bottom]];
    for (minor, order) in [(11, &[0, 1, 2, 1, 2, 3][..]), (12, &[0, 1, 2, 3]), (13, &[0, 1, 3, 2])] {
        let mut values = vec![3, 0, 0, 0, solid, target, A8, 0, 0];
        values.extend(order.iter().flat_map(|at: &usize| corners[*at]));
        w.send_to(c, RENDER, minor, "111144422*4", &values);
        look(w);
    }
    // Glyphs with a place beside their origin, some of two glyph sets
    let other = ids[8];
    for (set, id) in [(glyphs, 65), (other, 0x0001_0203)] {
        w.send_to(c, RENDER, 17, "44", &[set, A8]);
        let values = [set, 1, id, 4, 2, -1, 1, 5, 1, 0xff00_00ff, 0x00ff_ff00];
        let image = values[9..].iter().flat_map(|row| (*row as u32).to_le_bytes());
        let mut body = w.lay("444222222", &values[..9]);
        body.extend(image);
        w.send_body_to(c, RENDER, 20, &body);
    }
    let head = [3, 0, 0, 0, solid, target, 0, glyphs, 0, 0];
    for (minor, rest, fields) in [
        (23, "1111221111", &[2, 0, 0, 0, 1, 2, 65, 65, 0, 0][..]),
        (24, "11112222", &[2, 0, 0, 0, 1, 2, 65, 65]),
        (25, "111122444", &[2, 0, 0, 0, 1, 2, 65, 65]),
        (
            25,
            "111122411112241111224",
            &[1, 0, 0, 0, 1, 2, 65, 255, 0, 0, 0, 0, 0, other, 1, 0, 0, 0, -4, 3, 0x0001_0203],
        ),
    ] {
        let mut values = head.to_vec();
        values.extend(fields);
        w.send_to(c, RENDER, minor, &format!("1111444422{rest}"), &values);
        look(w);
    }
    // Gradients of one colour, and a picture that is made smaller by its transformation
    let stops = [0, ONE, 0x1000, 0x2000, 0x3000, 0xffff, 0x1000, 0x2000, 0x3000, 0xffff];
    for (minor, layout, points) in [
        (34, "444444", &[ONE, 2 * ONE, 9 * ONE, 2 * ONE][..]),
        (35, "44444444", &[5 * ONE, 5 * ONE, 5 * ONE, 5 * ONE, 0, 9 * ONE]),
        (36, "44444", &[5 * ONE, 5 * ONE, 90 * ONE]),
    ] {
        let gradient = ids[9];
        let mut values = vec![gradient];
        values.extend(points);
        values.push(2);
        values.extend(stops);
        w.send_to(c, RENDER, minor, &format!("{layout}4422222222"), &values);
        // Padded
        w.send_to(c, RENDER, 5, "444", &[gradient, 1, 2]);
        composite(w, 1, gradient, 0, target, [0, 0, 0, 0, 2, 3, 6, 5]);
        look(w);
        w.send_to(c, RENDER, 7, "4", &[gradient]);
    }
    let source = ids[10];
    w.send_to(c, RENDER, 4, "44444", &[source, pixmap, RGB24, 1, 1]);
    composite(w, 1, solid, 0, target, [0, 0, 0, 0, 4, 4, 4, 4]);
    w.send_to(c, RENDER, 28, "4444444444", &[source, 2 * ONE, 0, ONE, 0, 2 * ONE, 0, 0, 0, ONE]);
    let mut body = w.lay("422", &[source, 7, 0]);
    body.extend(b"nearest\0");
    w.send_body_to(c, RENDER, 30, &body);
    composite(w, 1, source, 0, target, [0, 0, 0, 0, 0, 0, 3, 3]);
    look(w);
    w.close(c);
}
