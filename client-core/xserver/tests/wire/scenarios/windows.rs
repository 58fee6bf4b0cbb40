//! Windows: mapped, stacked, configured, redirected, and what is left of them when clients go.

use super::{
    CROSSING, EXPOSURE, FOCUS, MOTION, REDIRECT, STRUCTURE, SUBSTRUCTURE, VISIBILITY, attributes, configure,
    map, query_tree, select, unmap, window,
};
use crate::bench::{ARGB, ROOT, Wire};

/// Structure, exposure and visibility of a small tree.
pub(crate) fn mapping_and_configuring(w: &mut Wire<'_>) {
    let c = w.connect();
    let told = STRUCTURE | SUBSTRUCTURE | EXPOSURE | VISIBILITY;
    let a = window(w, c, 1, ROOT, [10, 10, 200, 150, 3], told);
    let b = window(w, c, 2, a, [10, 20, 80, 60, 2], told);
    let d = window(w, c, 3, a, [50, 40, 80, 60, 1], told);
    let e = window(w, c, 4, b, [5, 5, 30, 30, 0], told);
    w.send(c, 9, 0, "4", &[a]);
    attributes(w, c, b);
    map(w, c, e);
    map(w, c, a);
    attributes(w, c, b);
    query_tree(w, c, a);
    for mode in 0..5 {
        configure(w, c, b, 1 << 6, &[mode]);
        query_tree(w, c, a);
        configure(w, c, b, 3 << 5, &[d, mode]);
        query_tree(w, c, a);
    }
    for direction in [0, 1, 0, 0, 1, 1] {
        w.send(c, 13, direction, "4", &[a]);
        query_tree(w, c, a);
    }
    // The same place again, a move, a resize, a border, all of them
    configure(w, c, b, 3, &[10, 20]);
    configure(w, c, b, 3, &[12, 25]);
    configure(w, c, b, 3 << 2, &[90, 70]);
    configure(w, c, b, 3 << 2, &[40, 30]);
    configure(w, c, b, 1 << 4, &[5]);
    configure(w, c, b, 0x1f, &[-3, -4, 60, 60, 1]);
    configure(w, c, a, 3 << 2, &[100, 100]);
    configure(w, c, a, 3, &[0, 0]);
    unmap(w, c, b);
    unmap(w, c, b);
    configure(w, c, b, 3, &[30, 30]);
    map(w, c, b);
    w.send(c, 11, 0, "4", &[a]);
    w.send(c, 9, 0, "4", &[a]);
    w.send(c, 61, 1, "42222", &[a, 5, 5, 0, 0]);
    w.send(c, 61, 1, "42222", &[a, 5, 5, 20, 10]);
    w.send(c, 5, 0, "4", &[a]);
    w.send(c, 4, 0, "4", &[a]);
    w.close(c);
}

/// Children move with the corners of their parent.
pub(crate) fn gravity(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE);
    for gravity in 0..11_u32 {
        let child = window(w, c, 10 + gravity, a, [8 * i64::from(gravity), 40, 8, 20, 0], STRUCTURE);
        w.send(c, 2, 0, "444", &[child, 1 << 5, i64::from(gravity)]);
    }
    w.send(c, 9, 0, "4", &[a]);
    map(w, c, a);
    for bit_gravity in [0, 1, 5, 9, 10] {
        w.send(c, 2, 0, "444", &[a, 1 << 4, bit_gravity]);
        configure(w, c, a, 3 << 2, &[121, 133]);
        configure(w, c, a, 0xf, &[20, 30, 90, 80]);
        configure(w, c, a, 3 << 2, &[100, 100]);
        w.send(c, 9, 0, "4", &[a]);
    }
    for gravity in 0..11 {
        let child = i64::from(w.id(c, 10 + gravity));
        attributes(w, c, child);
    }
    w.close(c);
}

/// The same in a window that shows nothing: the pointer and coordinates find its children where they have moved to.
pub(crate) fn gravity_in_input_only(w: &mut Wire<'_>) {
    let c = w.connect();
    let ids = [1, 2, 3].map(|n| i64::from(w.id(c, n)));
    for (n, parent) in [(0, ROOT), (1, ids[0]), (2, ids[1])] {
        let place = [10, 10, 100 - 20 * n, 100 - 20 * n, 0];
        let mut values = vec![ids[n as usize], parent];
        values.extend(place);
        // South-east, and whatever the pointer does
        values.extend([2, 0, 1 << 5 | 1 << 11, 9, MOTION | CROSSING]);
        w.send(c, 1, 0, "4422222244*4", &values);
    }
    for id in ids {
        map(w, c, id);
    }
    for size in [[180, 150], [60, 70], [100, 100]] {
        configure(w, c, ids[0], 3 << 2, &size);
        for (x, y) in [(25, 25), (60, 60), (100, 90), (150, 130), (300, 300)] {
            w.motion(c, x, y);
            w.send(c, 40, 0, "4422", &[ids[2], ids[0], 0, 0]);
        }
    }
    w.close(c);
}

/// The bits of a window that is resized stay where its bit gravity says.
pub(crate) fn bit_gravity(w: &mut Wire<'_>) {
    let c = w.connect();
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE | EXPOSURE);
    map(w, c, a);
    for gravity in 0..11 {
        w.send(c, 2, 0, "444", &[a, 1 << 4, gravity]);
        configure(w, c, a, 3 << 2, &[121, 133]);
        configure(w, c, a, 0xf, &[20, 30, 90, 80]);
        configure(w, c, a, 0xf, &[10, 10, 90, 90]);
        configure(w, c, a, 1 << 4, &[5]);
        configure(w, c, a, 0x1f, &[30, 10, 100, 100, 3]);
    }
    w.close(c);
}

/// A window manager hears what others want.
pub(crate) fn redirection(w: &mut Wire<'_>) {
    let (manager, c) = (w.connect(), w.connect());
    select(w, manager, ROOT, REDIRECT | SUBSTRUCTURE);
    select(w, c, ROOT, REDIRECT);
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE);
    let b = window(w, c, 2, ROOT, [60, 60, 100, 100, 3], STRUCTURE);
    map(w, c, a);
    configure(w, c, a, 1, &[50]);
    configure(w, c, a, 3 << 5, &[b, 1]);
    configure(w, c, a, 0, &[]);
    map(w, manager, a);
    map(w, manager, b);
    configure(w, manager, a, 1, &[50]);
    w.send(c, 13, 0, "4", &[ROOT]);
    w.send(c, 13, 1, "4", &[ROOT]);
    w.send(manager, 13, 0, "4", &[ROOT]);
    w.send(c, 9, 0, "4", &[ROOT]);
    // Who is override-redirect is not asked about.
    w.send(c, 2, 0, "444", &[a, 1 << 9, 1]);
    unmap(w, c, a);
    map(w, c, a);
    configure(w, c, a, 1, &[70]);
    // Resizing is somebody's business too.
    select(w, manager, b, 1 << 18);
    select(w, c, b, 1 << 18);
    configure(w, manager, b, 0xf, &[20, 20, 77, 66]);
    attributes(w, c, b);
    w.send(c, 7, 0, "4422", &[b, a, 5, 5]);
    w.send(c, 7, 0, "4422", &[b, ROOT, 5, 5]);
    w.close(manager);
    map(w, c, b);
    w.close(c);
}

/// A frame that a window manager puts around a window, and what is left when it dies.
pub(crate) fn save_sets(w: &mut Wire<'_>) {
    let (c, manager) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 100, 100, 3], STRUCTURE | EXPOSURE | FOCUS);
    let b = window(w, c, 2, ROOT, [200, 10, 100, 100, 1], STRUCTURE | EXPOSURE);
    map(w, c, a);
    select(w, c, ROOT, SUBSTRUCTURE);
    let frame = window(w, manager, 1, ROOT, [30, 40, 120, 130, 2], STRUCTURE | SUBSTRUCTURE);
    let inner = window(w, manager, 2, frame, [3, 4, 110, 110, 2], STRUCTURE | SUBSTRUCTURE);
    w.send(manager, 6, 0, "4", &[a]);
    w.send(manager, 6, 0, "4", &[b]);
    w.send(manager, 6, 0, "4", &[inner]);
    w.send(manager, 7, 0, "4422", &[a, inner, 5, 6]);
    w.send(manager, 7, 0, "4422", &[b, inner, 50, 60]);
    w.send(manager, 9, 0, "4", &[frame]);
    map(w, manager, frame);
    w.send(manager, 40, 0, "4422", &[a, ROOT, 0, 0]);
    w.send(manager, 40, 0, "4422", &[ROOT, frame, 50, 60]);
    w.send(manager, 6, 1, "4", &[b]);
    w.send(manager, 6, 0, "4", &[b]);
    w.close(manager);
    attributes(w, c, a);
    attributes(w, c, b);
    query_tree(w, c, ROOT);
    w.close(c);
}

/// What clients leave behind, and who takes it away.
pub(crate) fn close_down_modes(w: &mut Wire<'_>) {
    let (watcher, permanent, temporary, plain) = (w.connect(), w.connect(), w.connect(), w.connect());
    let a = window(w, permanent, 1, ROOT, [0, 0, 10, 10, 0], 0);
    let b = window(w, temporary, 1, ROOT, [20, 0, 10, 10, 0], 0);
    let d = window(w, plain, 1, ROOT, [40, 0, 10, 10, 0], 0);
    for window in [a, b, d] {
        select(w, watcher, window, STRUCTURE);
        map(w, watcher, window);
    }
    w.send(permanent, 112, 1, "", &[]);
    w.send(temporary, 112, 2, "", &[]);
    select(w, temporary, ROOT, SUBSTRUCTURE);
    w.close(permanent);
    w.close(temporary);
    w.close(plain);
    for window in [a, b, d] {
        attributes(w, watcher, window);
    }
    w.send(watcher, 113, 0, "4", &[0]);
    w.send(watcher, 113, 0, "4", &[a + 1]);
    w.send(watcher, 113, 0, "4", &[a]);
    w.send(watcher, 113, 0, "4", &[a]);
    w.close(watcher);
}

/// Images of windows that are deeper than the screen, by planes and by pixels, put and got.
pub(crate) fn deep_images(w: &mut Wire<'_>) {
    let c = w.connect();
    let [map, window, gc, pixmap] = [1, 2, 3, 4].map(|n| i64::from(w.id(c, n)));
    w.send(c, 78, 0, "444", &[map, ROOT, ARGB]);
    // With a background, a border and the colormap
    let values = [window, ROOT, 20, 20, 40, 30, 1, 1, ARGB, 1 << 1 | 1 << 3 | 1 << 13, 0x8123_4567, 7, map];
    w.send(c, 1, 32, "44222222444444", &values);
    w.send(c, 8, 0, "4", &[window]);
    w.send(c, 53, 32, "4422", &[pixmap, ROOT, 40, 30]);
    w.send(c, 55, 0, "444444", &[gc, window, 1 << 2 | 1 << 3, 0xa5a5_5a5a, 0x5a5a_a5a5]);
    let words = |planes: i64| (0..planes * 2).map(|word| (word + 1) * 0x1234_5678 % 0xffff_ffff);
    for drawable in [window, pixmap] {
        for (format, depth, planes) in [(1_u8, 32, 32), (0, 1, 1), (2, 32, 20)] {
            let width = if format == 2 { 20 } else { 30 };
            let mut values = vec![drawable, gc, width, 2, 3, i64::from(format) * 5, 0, depth, 0];
            values.extend(words(planes));
            w.send(c, 72, format, "442222112*4", &values);
        }
        for mask in [0xffff_ffff_i64, 0x00ff_ffff, 0xff00_0000, 0x8000_0001, 0] {
            for format in [1, 2] {
                w.send(c, 73, format, "422224", &[drawable, 1, 0, 33, 14, mask]);
            }
        }
    }
    w.send(c, 62, 0, "4442222222", &[window, pixmap, gc, 0, 0, 5, 12, 20, 18]);
    w.send(c, 73, 1, "422224", &[pixmap, 0, 0, 40, 30, 0xffff_ffff]);
    w.close(c);
}
