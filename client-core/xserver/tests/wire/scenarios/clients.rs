//! What clients have with one another and with the server: selections, properties, events, colormaps, grabs of the server.

use super::{ALL, BUTTONS, FOCUS, STRUCTURE, attributes, map, query_tree, select, window};
use crate::bench::{ARGB, Order, ROOT, Wire};
use crate::requests::{CHILD, CURSOR, WINDOW, furnish};

/// Selections change hands; requests for them are handed on.
pub(crate) fn selections(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], 0);
    let a2 = window(w, c, 2, ROOT, [10, 10, 20, 20, 2], 0);
    let b = window(w, other, 1, ROOT, [10, 10, 20, 20, 2], 1 << 22);
    // Each run its own, since Xvfb remembers when a selection last changed hands.
    let selection = if w.order == Order::Little { 1 } else { 2 };
    let own =
        |w: &mut Wire<'_>, client, window, time| w.send(client, 22, 0, "444", &[window, selection, time]);
    w.send(c, 23, 0, "4", &[selection]);
    own(w, c, a, 1);
    w.send(c, 23, 0, "4", &[selection]);
    w.send(other, 24, 0, "44444", &[b, selection, 31, 39, 0]);
    own(w, c, a2, 1);
    own(w, other, b, 1);
    w.send(other, 23, 0, "4", &[selection]);
    own(w, c, a, 0x7fff_ffff);
    own(w, c, 0, 0);
    w.send(other, 24, 0, "44444", &[b, selection, 31, 39, 0]);
    w.send(other, 24, 0, "44444", &[b, selection, 31, 0, 7]);
    own(w, other, b, 0);
    own(w, other, b, 1);
    w.send(other, 4, 0, "4", &[b]);
    w.send(c, 23, 0, "4", &[selection]);
    own(w, c, a, 0);
    w.close(c);
    w.send(other, 23, 0, "4", &[selection]);
    w.close(other);
}

/// Properties in all formats and modes, and who is told.
pub(crate) fn properties(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], 1 << 22);
    let put = |w: &mut Wire<'_>, mode: u8, property: i64, kind: i64, format: i64, items: &[i64]| {
        let layout = match format {
            8 => "44411114*1",
            16 => "44411114*2",
            _ => "44411114*4",
        };
        let mut values = vec![a, property, kind, format, 0, 0, 0, items.len() as i64];
        values.extend(items);
        w.send(other, 18, mode, layout, &values);
    };
    put(w, 0, 40, 31, 8, &[1, 2, 3, 4, 5]);
    put(w, 2, 40, 31, 8, &[6, 7]);
    put(w, 1, 40, 31, 8, &[0]);
    put(w, 1, 40, 31, 16, &[0]);
    put(w, 1, 40, 19, 8, &[0]);
    put(w, 0, 41, 19, 16, &[0x0102, 0x0304, 0x0506]);
    put(w, 2, 41, 19, 16, &[0x0708]);
    put(w, 0, 42, 6, 32, &[0x0102_0304, 5]);
    put(w, 0, 43, 6, 32, &[]);
    put(w, 1, 44, 6, 32, &[9]);
    let get = |w: &mut Wire<'_>, delete, property, kind, offset, length| {
        w.send(c, 20, delete, "44444", &[a, property, kind, offset, length]);
    };
    for property in 40..46 {
        get(w, 0, property, 0, 0, 100);
        get(w, 0, property, if property == 40 { 19 } else { 0 }, 0, 100);
        get(w, 0, property, 0, 0, 1);
        get(w, 0, property, 0, 1, 1);
        get(w, 0, property, 0, 2, 1);
        get(w, 0, property, 0, 3, 1);
        get(w, 0, property, 0, 0, 0x3fff_ffff);
    }
    w.send(c, 21, 0, "4", &[a]);
    w.send(c, 114, 0, "422*4", &[a, 3, 1, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, -4, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, 0, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, 3, 40, 41, 42]);
    w.send(c, 114, 0, "422*4", &[a, 3, 1, 40, 41, 40]);
    w.send(c, 114, 0, "422*4", &[a, 3, 1, 40, 41, 45]);
    get(w, 1, 40, 31, 0, 1);
    get(w, 1, 40, 19, 0, 100);
    for property in 40..46 {
        get(w, 1, property, 0, 0, 100);
    }
    w.send(c, 21, 0, "4", &[a]);
    w.send(c, 19, 0, "44", &[a, 44]);
    w.close(c);
    w.close(other);
}

/// Properties of windows that are destroyed: whose window it was is told of them, others are not.
pub(crate) fn properties_of_the_destroyed(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let parent = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], 1 << 22);
    for mask in [0, 1 << 22] {
        let child = window(w, other, 2, parent, [1, 1, 5, 5, 0], mask);
        select(w, c, child, STRUCTURE | 1 << 22);
        for property in [40, 41] {
            w.send(c, 18, 0, "444111144", &[child, property, 31, 8, 0, 0, 0, 4, 77]);
        }
        w.send(c, 5, 0, "4", &[parent]);
    }
    w.close(c);
    w.close(other);
}

/// The owner of a selection is destroyed: who listens at another window is told, who listens at that one is not.
pub(crate) fn selections_of_the_destroyed(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    for client in [c, other] {
        w.send_to(client, "XFIXES", 0, "44", &[5, 0]);
    }
    let stays = window(w, other, 1, ROOT, [10, 10, 20, 20, 2], 0);
    let goes = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], 0);
    for (client, window) in [(c, goes), (other, goes), (other, stays)] {
        w.send_to(client, "XFIXES", 2, "444", &[window, 1, 7]);
    }
    w.send(c, 22, 0, "444", &[goes, 1, 0]);
    w.send(other, 4, 0, "4", &[goes]);
    w.close(c);
    w.close(other);
}

/// Events that clients send.
pub(crate) fn sent_events(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    let a = window(w, c, 1, ROOT, [10, 10, 200, 200, 2], BUTTONS | STRUCTURE);
    let b = window(w, c, 2, a, [10, 10, 100, 100, 1], 1 << 3);
    map(w, c, b);
    map(w, c, a);
    select(w, other, a, STRUCTURE | FOCUS);
    w.motion(c, 40, 40);
    let send = |w: &mut Wire<'_>, propagate: u8, to: i64, mask: i64, code: i64| {
        let values = [to, mask, code, 8, 0x0102, 0x0304_0506, 7, 8, 9, 10, 11, 12];
        w.send(other, 25, propagate, "44112*4", &values);
    };
    for to in [a, b, 0, 1, ROOT] {
        for mask in [0, 1 << 2, 1 << 3, STRUCTURE, ALL] {
            for propagate in [0, 1] {
                send(w, propagate, to, mask, 33);
            }
        }
    }
    for code in 2..35 {
        send(w, 0, a, 0, code);
    }
    w.send(c, 42, 0, "44", &[a, 0]);
    send(w, 1, 1, BUTTONS, 4);
    w.motion(c, 400, 400);
    send(w, 1, 1, BUTTONS, 4);
    send(w, 1, 0, BUTTONS, 4);
    w.send(c, 42, 0, "44", &[0, 0]);
    send(w, 1, 1, BUTTONS, 4);
    w.close(c);
    w.close(other);
}

/// Colormaps are made, installed, put on windows and freed; cells of all kinds are allocated.
pub(crate) fn colormaps(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    furnish(w, c);
    let a = i64::from(w.id(c, WINDOW));
    let child = i64::from(w.id(c, CHILD));
    select(w, c, a, 1 << 23);
    let new = |w: &mut Wire<'_>, n: u32, visual: i64, all: u8| {
        let id = i64::from(w.id(c, n));
        w.send(c, 78, all, "444", &[id, ROOT, visual]);
        id
    };
    let plain = new(w, 40, 0x21, 0);
    w.send(c, 2, 0, "444", &[a, 1 << 13, plain]);
    w.send(c, 2, 0, "444", &[child, 1 << 13, 0]);
    w.send(c, 81, 0, "4", &[plain]);
    attributes(w, c, a);
    w.send(c, 82, 0, "4", &[plain]);
    w.send(c, 81, 0, "4", &[plain]);
    w.send(c, 79, 0, "4", &[plain]);
    attributes(w, c, a);
    new(w, 41, 0x21, 1);
    let direct = new(w, 42, 0x22, 0);
    w.send(c, 2, 0, "444", &[a, 1 << 13, direct]);
    let all = new(w, 43, 0x22, 1);
    let argb = new(w, 46, ARGB, 0);
    new(w, 47, ARGB, 1);
    for visual in [0, 1, 0x20, 0x999] {
        new(w, 48, visual, 0);
        new(w, 48, visual, 2);
    }
    for map in [0x20, direct, all, argb] {
        for client in [c, other] {
            w.send(client, 84, 0, "422222", &[map, 0x1234, 0x5678, 0x9abc, 0, 0]);
            w.send(client, 84, 0, "422222", &[map, 0x1234, 0xffff, 0x9abc, 0, 0]);
        }
        w.send(c, 85, 0, "422111111", &[map, 3, 0, 0x72, 0x65, 0x64, 0, 0, 0]);
        w.send(c, 86, 0, "422", &[map, 2, 0]);
        w.send(c, 86, 1, "422", &[map, 3, 2]);
        w.send(c, 86, 0, "422", &[map, 1, 7]);
        w.send(c, 86, 0, "422", &[map, 1, 8]);
        w.send(c, 87, 0, "42222", &[map, 2, 1, 2, 3]);
        w.send(c, 87, 1, "42222", &[map, 1, 0, 0, 1]);
        w.send(c, 87, 1, "42222", &[map, 300, 0, 0, 1]);
        w.send(c, 89, 0, "4422211", &[map, 0x0002_0202, 1000, 2000, 3000, 7, 0]);
        w.send(c, 89, 0, "4422211", &[map, 0x0002_0202, 0xffff, 0x8000, 3000, 5, 0]);
        w.send(other, 89, 0, "4422211", &[map, 0x0003_0303, 0xffff, 0x8000, 3000, 7, 0]);
        w.send(c, 90, 7, "4422111111", &[map, 0x0004_0404, 3, 0, 0x72, 0x65, 0x64, 0]);
        w.send(c, 91, 0, "4*4", &[map, 0x0001_0101, 0x0002_0202, 0x0003_0303, 0x0004_0404]);
        w.send(other, 88, 0, "44*4", &[map, 0, 0x0002_0202]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0002_0202]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0002_0202, 0x0003_0303]);
        w.send(c, 88, 0, "44*4", &[map, 0x0004_0404, 0x0008_0808]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0012_569a]);
        w.send(c, 88, 0, "44*4", &[map, 0, 0x0012_569a]);
        w.send(c, 86, 0, "422", &[map, 2, 0]);
    }
    let copy = i64::from(w.id(c, 44));
    w.send(c, 80, 0, "44", &[copy, direct]);
    w.send(c, 91, 0, "4*4", &[copy, 0x0001_0101, 0x0002_0202, 0x0003_0303, 0x0004_0404]);
    w.send(c, 86, 0, "422", &[copy, 2, 0]);
    w.send(c, 86, 0, "422", &[direct, 2, 0]);
    let copied = i64::from(w.id(c, 45));
    w.send(c, 80, 0, "44", &[copied, all]);
    w.send(c, 86, 0, "422", &[copied, 2, 0]);
    w.send(c, 86, 0, "422", &[all, 2, 0]);
    w.close(other);
    w.close(c);
}

/// One client has the server to itself.
pub(crate) fn server_grabs(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    w.waits(other, true);
    w.send(c, 36, 0, "", &[]);
    let a = window(w, c, 1, ROOT, [10, 10, 20, 20, 2], STRUCTURE);
    map(w, c, a);
    w.waits(other, false);
    w.send(c, 37, 0, "", &[]);
    w.send(other, 14, 0, "4", &[a]);
    w.send(other, 37, 0, "", &[]);
    // XTEST's exception
    w.send_to(other, "XTEST", 3, "1111", &[1, 0, 0, 0]);
    w.send(c, 36, 0, "", &[]);
    w.send(other, 14, 0, "4", &[a]);
    w.send(c, 37, 0, "", &[]);
    w.close(c);
    w.close(other);
}

/// Cursors and shapes of windows that appear and go.
pub(crate) fn killing(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    furnish(w, other);
    let a = i64::from(w.id(other, WINDOW));
    select(w, c, a, STRUCTURE);
    let cursor = i64::from(w.id(other, CURSOR));
    w.send(other, 2, 0, "444", &[a, 1 << 14, cursor]);
    w.send(other, 95, 0, "4", &[cursor]);
    w.waits(other, true);
    w.send(c, 113, 0, "4", &[a]);
    w.close(other);
    attributes(w, c, a);
    w.close(c);
}

/// The screen saver is forced on, and goes with the next input.
pub(crate) fn screen_saver(w: &mut Wire<'_>) {
    let (c, other) = (w.connect(), w.connect());
    w.send_to(c, "MIT-SCREEN-SAVER", 2, "44", &[ROOT, 3]);
    w.send(c, 115, 1, "", &[]);
    w.send(c, 115, 1, "", &[]);
    w.send(c, 115, 0, "", &[]);
    w.send(c, 107, 0, "22112", &[1, 1, 1, 1, 0]);
    w.send(c, 108, 0, "", &[]);
    w.send_to(c, "MIT-SCREEN-SAVER", 3, "4222221144", &[ROOT, 5, 6, 100, 90, 0, 1, 0, 0, 0]);
    w.send_to(other, "MIT-SCREEN-SAVER", 3, "4222221144", &[ROOT, 5, 6, 100, 90, 0, 1, 0, 0, 0]);
    w.send(other, 115, 1, "", &[]);
    w.close(c);
    query_tree(w, other, ROOT);
    w.send(other, 115, 0, "", &[]);
    w.close(other);
}

/// Hosts of each family, well-formed or not.
pub(crate) fn hosts(w: &mut Wire<'_>) {
    let c = w.connect();
    let addresses: [&[u8]; 15] = [
        b"",
        b"ab",
        b"abc",
        b"abcd",
        &[0xfe; 15],
        &[0xfe; 16],
        b"hostname\0example.org",
        b"hostname\0",
        b"ipv6\0::1",
        b"ipv6\0::g",
        b"ipv6\0",
        b"localuser\0",
        b"localgroup\0",
        b"nobody\0knows",
        b"\0localuser",
    ];
    // Adding, then deleting, so that the next one finds none
    for mode in [0, 1, 2] {
        for family in (0..8).chain([252, 253, 254, 255]) {
            for address in addresses {
                let mut body = vec![family, 0];
                body.extend(if w.order == Order::Big {
                    (address.len() as u16).to_be_bytes()
                } else {
                    (address.len() as u16).to_le_bytes()
                });
                body.extend(address);
                w.send_body(c, 109, mode, &body);
            }
        }
    }
    // Nobody could connect any more if the control stayed.
    for mode in [1, 2, 0] {
        w.send(c, 111, mode, "", &[]);
    }
    w.close(c);
}

/// Colours by name: the greys, which are computed, and others in any case and in words.
pub(crate) fn color_names(w: &mut Wire<'_>) {
    let c = w.connect();
    let mut names: Vec<String> = (0..=101).map(|percent| format!("Gray{percent}")).collect();
    let others = [
        "grey7",
        "GREY70",
        "gray",
        "Grey",
        "gray007",
        "gray+7",
        "gray-1",
        "Dark Slate Gray",
        "darkslategray4",
        "LightGoldenrodYellow",
        "light goldenrod yellow",
        "medium spring green",
        "nosuch",
        "",
    ];
    names.extend(others.map(str::to_owned));
    for name in names {
        let mut values = vec![0x20, name.len() as i64, 0];
        values.extend(name.bytes().map(i64::from));
        w.send(c, 92, 0, "422*1", &values);
        w.send(c, 85, 0, "422*1", &values);
    }
    w.close(c);
}
