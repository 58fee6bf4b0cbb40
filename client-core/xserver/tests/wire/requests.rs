//! Requests in all the ways in which they can be wrong: each field with ids that do not exist or are of another kind,
//! each number out of its range, a word too few and a word too many.

use crate::bench::{ROOT, Wire};

/// The ids that [`furnish`] gives a client.
pub(crate) const WINDOW: u32 = 1;
pub(crate) const CHILD: u32 = 2;
pub(crate) const INPUT_ONLY: u32 = 3;
pub(crate) const PIXMAP: u32 = 4;
pub(crate) const BITMAP: u32 = 5;
pub(crate) const GC: u32 = 6;
pub(crate) const FONT: u32 = 7;
pub(crate) const CURSOR: u32 = 8;
pub(crate) const COLORMAP: u32 = 9;
/// A GC of depth 1.
pub(crate) const BIT_GC: u32 = 10;
/// An id that is not used.
pub(crate) const FREE: u32 = 50;

/// Makes one resource of each kind.
pub(crate) fn furnish(w: &mut Wire<'_>, c: usize) {
    let id = |w: &Wire<'_>, n| i64::from(w.id(c, n));
    let root = ROOT;
    let window = id(w, WINDOW);
    w.send(c, 1, 0, "4422222244", &[window, root, 10, 20, 100, 90, 2, 1, 0, 0]);
    let child = id(w, CHILD);
    w.send(c, 1, 0, "4422222244", &[child, window, 5, 6, 30, 31, 1, 1, 0, 0]);
    let input_only = id(w, INPUT_ONLY);
    w.send(c, 1, 0, "4422222244", &[input_only, window, 50, 50, 10, 10, 0, 2, 0, 0]);
    let (pixmap, bitmap) = (id(w, PIXMAP), id(w, BITMAP));
    w.send(c, 53, 24, "4422", &[pixmap, root, 16, 16]);
    w.send(c, 53, 1, "4422", &[bitmap, root, 16, 16]);
    w.send(c, 55, 0, "444", &[id(w, GC), root, 0]);
    w.send(c, 55, 0, "444", &[id(w, BIT_GC), bitmap, 0]);
    let font = id(w, FONT);
    let mut body = w.lay("422", &[font, 6, 0]);
    body.extend(b"cursor");
    w.send_body(c, 45, 0, &body);
    w.send(c, 93, 0, "44442222222", &[id(w, CURSOR), bitmap, 0, 0, 0, 0, 65535, 65535, 65535, 1, 1]);
    w.send(c, 78, 0, "444", &[id(w, COLORMAP), root, 0x21]);
    w.send(c, 8, 0, "4", &[window]);
    w.send(c, 8, 0, "4", &[child]);
}

/// A field of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    /// The client's id of this number.
    Id(u32),
    /// This very value.
    Is(i64),
    /// This value, and others to be tried in its place.
    Of(i64, &'static [i64]),
    /// An id for something new.
    New,
}

/// A request as it should be.
pub(crate) struct Good {
    pub(crate) major: u8,
    /// The second byte, and others to be tried.
    pub(crate) data: (u8, &'static [u8]),
    pub(crate) layout: &'static str,
    pub(crate) fields: &'static [Field],
    pub(crate) tail: &'static [u8],
}

fn values(w: &Wire<'_>, c: usize, fields: &[Field]) -> Vec<i64> {
    fields
        .iter()
        .map(|field| match field {
            Id(n) => i64::from(w.id(c, *n)),
            Is(value) | Of(value, _) => *value,
            New => i64::from(w.id(c, FREE)),
        })
        .collect()
}

/// Tries a request in all its wrong forms, then in its right one.
pub(crate) fn try_all(w: &mut Wire<'_>, extension: Option<&'static str>, good: &Good) {
    let c = w.connect();
    furnish(w, c);
    if let Some(extension) = extension {
        crate::extensions::furnish(w, c, extension);
    }
    let right = values(w, c, good.fields);
    let body = |w: &Wire<'_>, values: &[i64]| {
        let mut body = w.lay(good.layout, values);
        body.extend(good.tail);
        body
    };
    let send = |w: &mut Wire<'_>, data: u8, body: &[u8], words: u16| match extension {
        None => w.send_sized(c, good.major, data, body, words),
        Some(extension) => w.send_sized_to(c, extension, data, body, words),
    };
    let data = if extension.is_some() { good.major } else { good.data.0 };
    let whole = body(w, &right);
    let words = (1 + whole.len().div_ceil(4)) as u16;
    if words > 1 {
        send(w, data, &whole, words - 1);
        send(w, data, &whole, 1);
    }
    let mut longer = whole.clone();
    longer.resize(whole.len().next_multiple_of(4) + 4, 0);
    send(w, data, &longer, words + 1);
    for (at, field) in good.fields.iter().enumerate() {
        let mut others: Vec<i64> = Vec::new();
        match field {
            Id(_) | New => {
                others.extend([0, 1, 0x77, 0x7fff_ffff, ROOT, 0x1fff_ffff]);
                others.push(i64::from(w.id(c, FREE + 1)));
                for kind in [WINDOW, INPUT_ONLY, PIXMAP, BITMAP, GC, FONT, CURSOR, COLORMAP] {
                    others.push(i64::from(w.id(c, kind)));
                }
                others.retain(|other| Some(other) != right.get(at));
                if matches!(field, New) {
                    let free = i64::from(w.id(c, FREE + 1));
                    others.retain(|other| *other != free);
                }
            }
            Of(_, bad) => others.extend(*bad),
            Is(_) => {}
        }
        for other in others {
            let mut wrong = right.clone();
            wrong[at] = other;
            let wrong = body(w, &wrong);
            send(w, data, &wrong, words);
        }
    }
    if extension.is_none() {
        for other in good.data.1 {
            send(w, *other, &whole, words);
        }
    }
    send(w, data, &whole, words);
    w.close(c);
}

use Field::{Id, Is, New, Of};

pub(crate) const fn good(
    major: u8,
    data: (u8, &'static [u8]),
    layout: &'static str,
    fields: &'static [Field],
    tail: &'static [u8],
) -> Good {
    Good { major, data, layout, fields, tail }
}

const ROOT_FIELD: Field = Is(ROOT);
const COORDINATE: Field = Is(3);
const ATOMS: Field = Of(39, &[0, 0x7fff_ffff, 5000]);
const TIME: Field = Of(0, &[]);
const BOOL: &[u8] = &[2, 255];

/// The core requests, by number.
#[rustfmt::skip]
pub(crate) const CORE: &[Good] = &[
    good(1, (0, &[24, 1, 8, 32, 77]), "4422222244", &[New, Id(WINDOW), COORDINATE, COORDINATE, Of(10, &[0]), Of(10, &[0]), Of(0, &[5]), Of(1, &[0, 2, 3, 77]), Of(0, &[0x21, 0x22, 0x20, 9999]), Is(0)], &[]),
    // With each of the attributes
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 0), Id(PIXMAP)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 1), Is(5)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 2), Id(PIXMAP)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 3), Is(5)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 4), Of(1, &[11, 255, -1])], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 5), Of(1, &[11, 255, -1])], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 6), Of(1, &[3, 255, -1])], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 7), Is(1)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 8), Is(1)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 9), Of(1, &[2, 255, -1, 256])], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 10), Of(1, &[2, 255, -1, 256])], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 11), Of(1, &[1 << 25, -1])], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 12), Of(1, &[1 << 4, 1 << 14, 1 << 25, -1])], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 13), Id(COLORMAP)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 14), Id(CURSOR)], &[]),
    good(1, (0, &[]), "44222222444", &[New, Id(WINDOW), COORDINATE, COORDINATE, Is(10), Is(10), Is(0), Of(1, &[2]), Is(0), Is(1 << 15), Is(5)], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 0), Id(PIXMAP)], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 2), Id(PIXMAP)], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 4), Of(1, &[11, 255, -1])], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 5), Of(1, &[11, 255, -1])], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 6), Of(1, &[3, 255, -1])], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 9), Of(1, &[2, 255, -1, 256])], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 10), Of(1, &[2, 255, -1, 256])], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 11), Of(1, &[1 << 25, -1])], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 12), Of(1, &[1 << 4, 1 << 14, 1 << 25, -1])], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 13), Id(COLORMAP)], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1 << 14), Id(CURSOR)], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Of(1 << 15, &[1 << 16, 0]), Is(5)], &[]),
    good(2, (0, &[]), "444", &[Id(INPUT_ONLY), Of(1 << 5, &[1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13]), Is(0)], &[]),
    good(3, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(3, (0, &[]), "4", &[Id(INPUT_ONLY)], &[]),
    good(4, (0, &[]), "4", &[Id(CHILD)], &[]),
    good(4, (0, &[]), "4", &[ROOT_FIELD], &[]),
    good(5, (0, &[]), "4", &[Id(CHILD)], &[]),
    good(6, (0, BOOL), "4", &[Id(WINDOW)], &[]),
    good(7, (0, &[]), "4422", &[Id(CHILD), Id(WINDOW), COORDINATE, COORDINATE], &[]),
    good(7, (0, &[]), "4422", &[Id(WINDOW), Id(CHILD), COORDINATE, COORDINATE], &[]),
    good(7, (0, &[]), "4422", &[Id(CHILD), Id(INPUT_ONLY), COORDINATE, COORDINATE], &[]),
    good(7, (0, &[]), "4422", &[ROOT_FIELD, Id(CHILD), COORDINATE, COORDINATE], &[]),
    good(8, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(9, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(10, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(10, (0, &[]), "4", &[ROOT_FIELD], &[]),
    good(11, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(12, (0, &[]), "4224", &[Id(WINDOW), Of(1, &[1 << 7, 1 << 8, -1, 0, 3]), Is(0), Is(7)], &[]),
    good(12, (0, &[]), "4224", &[Id(WINDOW), Is(1 << 2), Is(0), Of(7, &[0, 65535])], &[]),
    good(12, (0, &[]), "4224", &[Id(WINDOW), Is(1 << 3), Is(0), Of(7, &[0, 65535])], &[]),
    good(12, (0, &[]), "4224", &[Id(WINDOW), Is(1 << 4), Is(0), Of(7, &[0])], &[]),
    good(12, (0, &[]), "4224", &[Id(INPUT_ONLY), Is(1 << 4), Is(0), Of(0, &[7])], &[]),
    good(12, (0, &[]), "4224", &[Id(CHILD), Is(1 << 6), Is(0), Of(0, &[5, 255, -1])], &[]),
    good(12, (0, &[]), "42244", &[Id(CHILD), Of(3 << 5, &[1 << 5]), Is(0), Id(INPUT_ONLY), Of(0, &[5, 255])], &[]),
    good(12, (0, &[]), "4224", &[ROOT_FIELD, Is(1 << 2), Is(0), Of(7, &[0])], &[]),
    good(13, (0, BOOL), "4", &[Id(WINDOW)], &[]),
    good(14, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(14, (0, &[]), "4", &[Id(PIXMAP)], &[]),
    good(15, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(16, (0, BOOL), "22", &[Of(8, &[0, 3, 9, 12, 13, 65535]), Is(0)], b"WM_CLASS"),
    good(16, (1, &[]), "22", &[Is(8), Is(0)], b"NOT_MADE"),
    good(17, (0, &[]), "4", &[ATOMS], &[]),
    good(18, (0, &[3, 255]), "44414", &[Id(WINDOW), ATOMS, Of(31, &[0, 0x7fff_ffff]), Is(8), Is(5)], b"abcde"),
    good(18, (1, &[]), "444111144", &[Id(WINDOW), Is(39), Is(31), Of(32, &[0, 1, 7, 9, 16, 64, 255]), Is(0), Is(0), Is(0), Of(1, &[0, 2, -1]), Is(77)], &[]),
    good(19, (0, &[]), "44", &[Id(WINDOW), ATOMS], &[]),
    good(20, (0, BOOL), "44444", &[Id(WINDOW), ATOMS, Of(0, &[31, 0x7fff_ffff]), Of(0, &[1, -1]), Is(10)], &[]),
    good(21, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(22, (0, &[]), "444", &[Id(WINDOW), Of(1, &[0, 0x7fff_ffff]), Of(0, &[0x7fff_ffff])], &[]),
    good(23, (0, &[]), "4", &[Of(1, &[0, 0x7fff_ffff])], &[]),
    good(24, (0, &[]), "44444", &[Id(WINDOW), Of(1, &[0, 0x7fff_ffff]), Of(31, &[0, 0x7fff_ffff]), Of(39, &[0, 0x7fff_ffff]), TIME], &[]),
    good(25, (0, BOOL), "4411244444444", &[Id(WINDOW), Of(0, &[1 << 25, -1]), Of(33, &[0, 1, 2, 36, 63, 64, 127, 128]), Is(8), Is(0), Is(5), Is(31), Is(0), Is(0), Is(0), Is(0), Is(0)], &[]),
    good(26, (0, BOOL), "4211444", &[Id(WINDOW), Of(4, &[1 << 0, 1 << 15, -1]), Of(1, &[2, 255]), Of(1, &[2, 255]), Of(0, &[0x77, 1]), Of(0, &[0x77]), TIME], &[]),
    good(26, (0, &[]), "4211444", &[Id(WINDOW), Is(4), Is(1), Is(1), Id(WINDOW), Id(CURSOR), TIME], &[]),
    good(27, (0, &[]), "4", &[TIME], &[]),
    good(28, (0, BOOL), "421144112", &[Id(WINDOW), Of(4, &[1 << 0, 1 << 15, -1]), Of(1, &[2, 255]), Of(1, &[2, 255]), Of(0, &[0x77, 1]), Of(0, &[0x77]), Of(1, &[0, 255]), Is(0), Of(0, &[0x8000, 0x8001, 0x100, 0xffff])], &[]),
    good(29, (1, &[0, 255]), "422", &[Id(WINDOW), Of(0, &[0x8000, 0x8001, 0x100, 0xffff]), Is(0)], &[]),
    good(30, (0, &[]), "4422", &[Of(0, &[0x77, 1]), TIME, Of(4, &[1 << 0, 1 << 15, -1]), Is(0)], &[]),
    good(31, (0, BOOL), "44112", &[Id(WINDOW), TIME, Of(1, &[2, 255]), Of(1, &[2, 255]), Is(0)], &[]),
    good(32, (0, &[]), "4", &[TIME], &[]),
    good(33, (0, BOOL), "421111", &[Id(WINDOW), Of(0, &[0x8000, 0x8001, 0x100, 0xffff]), Of(38, &[0, 7, 8, 255]), Of(1, &[3, 255]), Of(1, &[3, 255])], &[0, 0, 0]),
    good(34, (38, &[0, 7, 8, 255]), "422", &[Id(WINDOW), Of(0, &[0x8000, 0x8001, 0x100, 0xffff]), Is(0)], &[]),
    good(35, (0, &[1, 2, 3, 4, 5, 6, 7, 8, 255]), "4", &[TIME], &[]),
    good(36, (0, &[]), "", &[], &[]),
    good(37, (0, &[]), "", &[], &[]),
    good(38, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(39, (0, &[]), "444", &[Id(WINDOW), Of(1, &[0x7fff_ffff]), Is(1)], &[]),
    good(40, (0, &[]), "4422", &[Id(WINDOW), Id(CHILD), COORDINATE, COORDINATE], &[]),
    good(41, (0, &[]), "44222222", &[Of(0, &[0x77]), Of(0, &[0x77]), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0)], &[]),
    good(41, (0, &[]), "44222222", &[Id(WINDOW), Id(CHILD), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0)], &[]),
    good(42, (0, &[1, 2, 3, 255]), "44", &[Of(1, &[0, 2, 0x77]), TIME], &[]),
    good(42, (0, &[]), "44", &[Id(WINDOW), TIME], &[]),
    good(43, (0, &[]), "", &[], &[]),
    good(44, (0, &[]), "", &[], &[]),
    good(45, (0, &[]), "422", &[New, Of(5, &[0, 1, 9, 65535]), Is(0)], b"fixed"),
    good(45, (0, &[]), "422", &[New, Is(5), Is(0)], b"nofon"),
    good(46, (0, &[]), "4", &[Id(FONT)], &[]),
    good(47, (0, &[]), "4", &[Id(FONT)], &[]),
    good(47, (0, &[]), "4", &[Id(GC)], &[]),
    good(48, (0, &[1, 2]), "4", &[Id(FONT)], &[0, 60, 0, 61]),
    good(48, (0, &[]), "4", &[Id(GC)], &[0, 60, 0, 61]),
    good(49, (0, &[]), "22", &[Is(1), Of(5, &[0, 1, 9, 65535])], b"fixed"),
    good(50, (0, &[]), "22", &[Is(1), Of(6, &[0, 1, 9, 65535])], b"nosuch"),
    good(51, (0, &[]), "22", &[Of(0, &[1, 2]), Is(0)], &[]),
    good(52, (0, &[]), "", &[], &[]),
    good(53, (24, &[0, 2, 3, 5, 12, 31, 33, 255, 1, 8, 32]), "4422", &[New, Id(WINDOW), Of(5, &[0]), Of(5, &[0])], &[]),
    good(53, (24, &[]), "4422", &[New, Id(PIXMAP), Is(32767), Is(1)], &[]),
    good(53, (24, &[]), "4422", &[New, Id(PIXMAP), Of(1, &[40000]), Of(1, &[40000])], &[]),
    good(54, (0, &[]), "4", &[Id(PIXMAP)], &[]),
    good(55, (0, &[]), "4444", &[New, Id(WINDOW), Of(1, &[1 << 23, -1, 0]), Of(3, &[16, 255, -1])], &[]),
    good(55, (0, &[]), "4444", &[New, Id(WINDOW), Is(1 << 10), Id(PIXMAP)], &[]),
    good(55, (0, &[]), "4444", &[New, Id(WINDOW), Is(1 << 11), Id(BITMAP)], &[]),
    good(55, (0, &[]), "4444", &[New, Id(WINDOW), Is(1 << 14), Id(FONT)], &[]),
    good(55, (0, &[]), "4444", &[New, Id(WINDOW), Is(1 << 19), Id(BITMAP)], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Of(1, &[1 << 23, -1, 0]), Of(3, &[16, 255, -1])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 1), Is(77)], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 4), Of(1, &[65535, 65536, -1])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 5), Of(1, &[3, 255, -1, 256])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 6), Of(1, &[4, 255, -1, 256])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 7), Of(1, &[3, 255, -1, 256])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 8), Of(1, &[4, 255, -1, 256])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 9), Of(1, &[2, 255, -1, 256])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 10), Id(PIXMAP)], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 11), Id(BITMAP)], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 12), Of(1, &[65536, -1])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 14), Id(FONT)], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 15), Of(1, &[2, 255, -1, 256])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 16), Of(1, &[2, 255, -1, 256])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 17), Of(1, &[65536, -1])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 19), Id(BITMAP)], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 20), Of(1, &[65536, -1])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 21), Of(1, &[0, 256, 255, 65536])], &[]),
    good(56, (0, &[]), "444", &[Id(GC), Is(1 << 22), Of(1, &[2, 255, -1, 256])], &[]),
    good(56, (0, &[]), "44444", &[Id(GC), Is(1 | 1 << 2 | 1 << 5), Is(3), Is(9), Of(1, &[77])], &[]),
    good(57, (0, &[]), "444", &[Id(GC), Id(GC), Of(1, &[0, 1 << 23, -1])], &[]),
    good(57, (0, &[]), "444", &[Id(GC), Id(BIT_GC), Is(1)], &[]),
    good(58, (0, &[]), "422", &[Id(GC), Is(0), Of(4, &[0, 1, 9])], &[1, 2, 3, 4]),
    good(58, (0, &[]), "422", &[Id(GC), Is(0), Of(4, &[])], &[1, 0, 3, 4]),
    good(59, (0, &[4, 255]), "4222222", &[Id(GC), Is(0), Is(0), Is(1), Is(2), Is(3), Is(4)], &[]),
    good(59, (3, &[1, 2]), "42222222222", &[Id(GC), Is(0), Is(0), Is(1), Is(2), Is(3), Is(4), Is(0), Is(0), Is(5), Is(5)], &[]),
    good(60, (0, &[]), "4", &[Id(GC)], &[]),
    good(61, (0, BOOL), "42222", &[Id(WINDOW), Is(0), Is(0), Is(5), Is(5)], &[]),
    good(62, (0, &[]), "444222222", &[Id(WINDOW), Id(WINDOW), Id(GC), Is(0), Is(0), Is(1), Is(1), Is(5), Is(5)], &[]),
    good(62, (0, &[]), "444222222", &[Id(PIXMAP), Id(PIXMAP), Id(GC), Is(0), Is(0), Is(1), Is(1), Is(5), Is(5)], &[]),
    good(63, (0, &[]), "4442222224", &[Id(WINDOW), Id(WINDOW), Id(GC), Is(0), Is(0), Is(1), Is(1), Is(5), Is(5), Of(1, &[0, 3, 1 << 24, 1 << 31, -1])], &[]),
    good(63, (0, &[]), "4442222224", &[Id(BITMAP), Id(WINDOW), Id(GC), Is(0), Is(0), Is(1), Is(1), Is(5), Is(5), Of(1, &[0, 2])], &[]),
    good(64, (0, BOOL), "4422", &[Id(WINDOW), Id(GC), Is(0), Is(0)], &[]),
    good(65, (0, BOOL), "442222", &[Id(WINDOW), Id(GC), Is(0), Is(0), Is(5), Is(5)], &[]),
    good(66, (0, &[]), "442222", &[Id(WINDOW), Id(GC), Is(0), Is(0), Is(5), Is(5)], &[]),
    good(67, (0, &[]), "442222", &[Id(WINDOW), Id(GC), Is(0), Is(0), Is(5), Is(5)], &[]),
    good(68, (0, &[]), "44222222", &[Id(WINDOW), Id(GC), Is(0), Is(0), Is(5), Is(5), Is(0), Is(640)], &[]),
    good(69, (0, &[]), "44112222222", &[Id(WINDOW), Id(GC), Of(0, &[3, 255]), Of(0, &[2, 255]), Is(0), Is(0), Is(0), Is(5), Is(5), Is(5), Is(0)], &[]),
    good(70, (0, &[]), "442222", &[Id(WINDOW), Id(GC), Is(0), Is(0), Is(5), Is(5)], &[]),
    good(71, (0, &[]), "44222222", &[Id(WINDOW), Id(GC), Is(0), Is(0), Is(5), Is(5), Is(0), Is(640)], &[]),
    good(72, (2, &[3, 255, 0, 1]), "4422221124", &[Id(WINDOW), Id(GC), Of(1, &[2]), Of(1, &[2]), Is(0), Is(0), Of(0, &[1, 31, 32]), Of(24, &[1, 8, 0, 32]), Is(0), Is(0xff)], &[]),
    good(72, (0, &[]), "4422221124", &[Id(WINDOW), Id(GC), Of(1, &[33]), Is(1), Is(0), Is(0), Of(0, &[1, 31, 32]), Of(1, &[24]), Is(0), Is(0xff)], &[]),
    good(73, (2, &[0, 3, 255, 1]), "422224", &[Id(WINDOW), Of(0, &[-2, -3, 101, 102]), Is(0), Of(5, &[0, 101, 103]), Of(5, &[0]), Is(-1)], &[]),
    good(73, (2, &[0, 3, 255, 1]), "422224", &[Id(PIXMAP), Of(0, &[-1]), Is(0), Of(16, &[17, 0]), Of(16, &[0]), Of(-1, &[1, 0])], &[]),
    good(74, (0, &[]), "4422", &[Id(WINDOW), Id(GC), Is(0), Is(10)], &[1, 0, 50, 0]),
    good(75, (0, &[]), "4422", &[Id(WINDOW), Id(GC), Is(0), Is(10)], &[1, 0, 0, 50]),
    good(74, (0, &[]), "4422", &[Id(WINDOW), Id(GC), Is(0), Is(10)], &[255, 0, 0, 0, 77, 0, 0, 0]),
    good(74, (0, &[]), "4422", &[Id(WINDOW), Id(GC), Is(0), Is(10)], &[9, 0, 0, 0]),
    good(76, (4, &[5, 0, 255]), "4422", &[Id(WINDOW), Id(GC), Is(0), Is(10)], &[1, 0, 50, 0]),
    good(77, (2, &[1, 0, 255]), "4422", &[Id(WINDOW), Id(GC), Is(0), Is(10)], &[0, 1, 0, 50]),
    good(78, (0, &[1, 2, 255]), "444", &[New, Id(WINDOW), Of(0x21, &[0, 1, 9999, 0x22])], &[]),
    good(79, (0, &[]), "4", &[Id(COLORMAP)], &[]),
    good(79, (0, &[]), "4", &[Is(0x20)], &[]),
    good(80, (0, &[]), "44", &[New, Id(COLORMAP)], &[]),
    good(81, (0, &[]), "4", &[Id(COLORMAP)], &[]),
    good(82, (0, &[]), "4", &[Id(COLORMAP)], &[]),
    good(83, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(84, (0, &[]), "42222", &[Id(COLORMAP), Is(65535), Is(0x1234), Is(0x8080), Is(0)], &[]),
    good(85, (0, &[]), "422", &[Id(COLORMAP), Of(3, &[0, 2, 7]), Is(0)], b"red"),
    good(86, (0, BOOL), "422", &[Id(COLORMAP), Of(1, &[0, 300]), Of(0, &[1, 30])], &[]),
    good(87, (0, BOOL), "42222", &[Id(COLORMAP), Of(1, &[0, 300]), Of(0, &[1, 9]), Is(0), Is(0)], &[]),
    good(88, (0, &[]), "444", &[Id(COLORMAP), Of(0, &[1, -1]), Of(5, &[-1, 0x0100_0000])], &[]),
    good(89, (0, &[]), "4422211", &[Id(COLORMAP), Of(5, &[-1]), Is(0), Is(0), Is(0), Of(7, &[8]), Is(0)], &[]),
    good(90, (7, &[0, 8]), "4422", &[Id(COLORMAP), Of(5, &[-1]), Of(3, &[0, 2, 7]), Is(0)], b"red"),
    good(90, (7, &[0, 8]), "4422", &[Id(COLORMAP), Is(5), Is(6), Is(0)], b"nosuch"),
    good(91, (0, &[]), "44", &[Id(COLORMAP), Of(0x0012_3456, &[-1, 0x0100_0000])], &[]),
    good(92, (0, &[]), "422", &[Id(COLORMAP), Of(3, &[0, 2, 7]), Is(0)], b"red"),
    good(92, (0, &[]), "422", &[Id(COLORMAP), Is(10), Is(0)], b"Dark Olive"),
    good(92, (0, &[]), "422", &[Id(COLORMAP), Is(11), Is(0)], b"LIGHT Steel"),
    good(93, (0, &[]), "44422222222", &[New, Id(BITMAP), Of(0, &[0x77]), Is(0), Is(0), Is(0), Is(1), Is(1), Is(1), Of(1, &[16, 17]), Of(1, &[16, 17])], &[]),
    good(93, (0, &[]), "44422222222", &[New, Id(BITMAP), Id(BITMAP), Is(0), Is(0), Is(0), Is(1), Is(1), Is(1), Is(1), Is(1)], &[]),
    good(94, (0, &[]), "44422222222", &[New, Id(FONT), Of(0, &[0x77]), Of(68, &[60000, 1]), Of(0, &[60000]), Is(1), Is(1), Is(1), Is(1), Is(1), Is(1)], &[]),
    good(94, (0, &[]), "44422222222", &[New, Id(FONT), Id(FONT), Of(68, &[60000]), Of(69, &[60000, 500]), Is(1), Is(1), Is(1), Is(1), Is(1), Is(1)], &[]),
    good(95, (0, &[]), "4", &[Id(CURSOR)], &[]),
    good(96, (0, &[]), "4222222", &[Id(CURSOR), Is(1), Is(1), Is(1), Is(1), Is(1), Is(1)], &[]),
    good(97, (0, &[1, 2, 3, 255]), "422", &[Id(WINDOW), Of(20, &[0, 300, 1000]), Of(20, &[0, 1000])], &[]),
    good(97, (1, &[0, 2]), "422", &[Id(PIXMAP), Of(20, &[0, 5, 33]), Of(20, &[0])], &[]),
    good(97, (2, &[0, 1]), "422", &[Id(INPUT_ONLY), Of(20, &[0, 5, 33]), Of(20, &[0])], &[]),
    good(98, (0, &[]), "22", &[Of(7, &[0, 1, 9]), Is(0)], b"NOTHERE"),
    good(100, (1, &[0, 2]), "1124", &[Of(200, &[7, 0, 255]), Of(1, &[0, 2]), Is(0), Is(0x61)], &[]),
    good(101, (0, &[]), "112", &[Of(38, &[7, 0, 255]), Of(1, &[0, 10, 219, 255]), Is(0)], &[]),
    good(102, (0, &[]), "44", &[Of(1, &[1 << 8, 0, -1]), Of(50, &[101, -1, -2, 255])], &[]),
    good(102, (0, &[]), "44", &[Is(1 << 1), Of(50, &[101, -1, -2, 255])], &[]),
    good(102, (0, &[]), "44", &[Is(1 << 2), Of(400, &[-1, -2, 32768])], &[]),
    good(102, (0, &[]), "44", &[Is(1 << 3), Of(100, &[-1, -2, 32768])], &[]),
    good(102, (0, &[]), "444", &[Is(1 << 4 | 1 << 5), Of(1, &[0, 33, -1]), Of(1, &[2, 255])], &[]),
    good(102, (0, &[]), "44", &[Is(1 << 4), Of(1, &[0, 33, -1])], &[]),
    good(102, (0, &[]), "44", &[Is(1 << 5), Of(0, &[2, 255])], &[]),
    good(102, (0, &[]), "444", &[Is(1 << 6 | 1 << 7), Of(38, &[7, 256, -1]), Of(2, &[3, 255])], &[]),
    good(102, (0, &[]), "44", &[Is(1 << 6), Of(38, &[7, 256, -1])], &[]),
    good(102, (0, &[]), "44", &[Is(1 << 7), Of(1, &[3, 255])], &[]),
    good(103, (0, &[]), "", &[], &[]),
    good(104, (0, &[100, 101, 156, 155, 255]), "", &[], &[]),
    good(105, (0, &[]), "22211", &[Of(2, &[-2, -1]), Of(1, &[0, -2, -1]), Of(4, &[-2, -1]), Of(1, &[2, 255]), Of(1, &[2, 255])], &[]),
    good(106, (0, &[]), "", &[], &[]),
    good(107, (0, &[]), "22112", &[Of(600, &[-2]), Of(600, &[-2]), Of(1, &[3, 255]), Of(1, &[3, 255]), Is(0)], &[]),
    good(107, (0, &[]), "22112", &[Is(-1), Is(-1), Is(2), Is(2), Is(0)], &[]),
    good(108, (0, &[]), "", &[], &[]),
    good(109, (0, BOOL), "112", &[Of(0, &[2, 3, 99]), Is(0), Of(4, &[0, 3, 5])], &[10, 1, 2, 3]),
    good(109, (1, &[]), "112", &[Of(0, &[2, 3, 99]), Is(0), Of(4, &[0, 3, 5])], &[10, 1, 2, 3]),
    good(110, (0, &[]), "", &[], &[]),
    good(111, (1, &[2, 255]), "", &[], &[]),
    good(112, (0, &[3, 255]), "", &[], &[]),
    good(113, (0, &[]), "4", &[Of(0, &[0x77, 0x7fff_ffff])], &[]),
    good(114, (0, &[]), "4224", &[Id(WINDOW), Of(1, &[0, 2]), Of(1, &[0, -1]), Of(39, &[0, 0x7fff_ffff, 40])], &[]),
    good(115, (0, BOOL), "", &[], &[]),
    good(116, (10, &[9, 0, 5]), "", &[], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0]),
    good(116, (10, &[]), "", &[], &[1, 1, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0]),
    good(117, (0, &[]), "", &[], &[]),
    good(118, (1, &[0, 2]), "", &[], &[50, 66, 37, 64, 77, 0, 133, 0]),
    good(118, (2, &[]), "", &[], &[50, 50, 66, 0, 37, 0, 64, 0, 77, 0, 0, 0, 133, 0, 0, 0]),
    good(118, (1, &[]), "", &[], &[7, 66, 37, 64, 77, 0, 133, 0]),
    good(119, (0, &[]), "", &[], &[]),
    good(120, (0, &[]), "", &[], &[]),
    good(126, (0, &[]), "", &[], &[]),
    good(127, (0, &[]), "", &[], &[1, 2, 3, 4, 5, 6, 7, 8]),
];

/// The input extension's requests, without those whose answer depends on what devices there are, and without
/// `XISetClientPointer` and `XIChangeCursor`, some of whose wrong forms end Xvfb.
#[rustfmt::skip]
pub(crate) const XINPUT: &[Good] = &[
    good(1, (0, &[]), "22", &[Of(4, &[0, 9]), Is(0)], b"name"),
    good(3, (0, &[]), "1111", &[Of(2, &[0, 1, 2, 3, 99, 255]), Is(0), Is(0), Is(0)], &[]),
    good(4, (0, &[]), "1111", &[Of(6, &[0, 1, 99, 255]), Is(0), Is(0), Is(0)], &[]),
    good(6, (0, &[]), "4224", &[Id(WINDOW), Of(0, &[1, 2]), Is(0), Is(0)], &[]),
    good(7, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(8, (0, &[]), "4211", &[Id(WINDOW), Of(0, &[1]), Of(0, &[2, 255]), Is(0)], &[]),
    good(9, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(13, (0, &[]), "442111122", &[Id(WINDOW), Is(0), Of(0, &[1]), Of(1, &[2, 255]), Of(1, &[2, 255]), Of(0, &[2]), Of(7, &[0, 1, 99]), Is(0)], &[]),
    good(14, (0, &[]), "41111", &[Is(0), Of(7, &[0, 1, 99]), Is(0), Is(0), Is(0)], &[]),
    good(15, (0, &[]), "4221111111111", &[Id(WINDOW), Of(0, &[1]), Of(0, &[0x8000, 0x8001, 0x100]), Of(7, &[0, 6, 255, 99]), Of(7, &[6, 99]), Of(38, &[0, 7, 255]), Of(1, &[3, 255]), Of(1, &[3, 255]), Of(0, &[2]), Is(0), Is(0)], &[]),
    good(16, (0, &[]), "421111", &[Id(WINDOW), Of(0, &[0x8000, 0x100]), Of(7, &[0, 6, 255, 99]), Of(38, &[0, 7]), Of(7, &[6, 99]), Is(0)], &[]),
    good(17, (0, &[]), "41122111111", &[Id(WINDOW), Of(6, &[99]), Of(7, &[0, 6, 255, 99]), Of(0, &[1]), Of(0, &[0x8000, 0x100]), Of(1, &[3, 255]), Of(1, &[3, 255]), Of(1, &[0, 255]), Of(0, &[2]), Is(0), Is(0)], &[]),
    good(18, (0, &[]), "421111", &[Id(WINDOW), Of(0, &[0x8000, 0x100]), Of(7, &[0, 6, 255, 99]), Of(1, &[0]), Of(6, &[7, 99]), Is(0)], &[]),
    good(19, (0, &[]), "41111", &[Is(0), Of(0, &[6, 255]), Of(7, &[99]), Is(0), Is(0)], &[]),
    good(21, (0, &[]), "44112", &[Id(WINDOW), Is(0), Of(1, &[4, 255]), Of(7, &[6, 99]), Is(0)], &[]),
    good(24, (0, &[]), "1111", &[Of(7, &[6, 99]), Of(38, &[7, 0]), Of(1, &[0, 255]), Is(0)], &[]),
    good(34, (0, &[]), "211", &[Of(0, &[9]), Of(6, &[99]), Is(0)], &[]),
    good(35, (0, &[]), "211221124", &[Of(1, &[9]), Of(6, &[2, 3, 4, 5, 7, 99]), Is(0), Is(1), Is(12), Is(0), Is(1), Is(0), Is(100)], &[]),
    good(39, (0, &[]), "44441111", &[Of(39, &[0, 0x7fff_ffff]), Of(0, &[31, 0x7fff_ffff]), Is(0), Is(10), Of(3, &[99]), Of(0, &[2]), Is(0), Is(0)], &[]),
    good(46, (0, &[]), "4222211", &[Id(WINDOW), Of(1, &[0, 2]), Is(0), Of(2, &[1, 0, 99]), Is(1), Is(0x74), Is(0)], &[0, 0]),
    good(51, (0, &[]), "444211112", &[Id(WINDOW), Is(0), Of(0, &[0x77]), Of(2, &[0, 1, 99]), Of(1, &[3, 255]), Of(1, &[3, 255]), Of(0, &[2]), Is(0), Is(1)], &[0x70, 0, 0, 0]),
    good(52, (0, &[]), "422", &[Is(0), Of(2, &[0, 99]), Is(0)], &[]),
    good(54, (0, &[]), "444422211112", &[Is(0), Id(WINDOW), Of(0, &[0x77]), Is(1), Of(2, &[0, 99]), Is(0), Is(1), Of(0, &[9]), Of(1, &[3]), Of(1, &[3]), Of(0, &[2]), Is(0)], &[0x70, 0, 0, 0]),
    good(55, (0, &[]), "442211", &[Id(WINDOW), Is(1), Of(2, &[0, 99]), Is(0), Of(0, &[9]), Is(0)], &[0, 0]),
    good(57, (0, &[]), "211444", &[Of(6, &[99]), Of(0, &[3]), Of(8, &[7, 9]), Of(39, &[0, 0x7fff_ffff]), Of(31, &[0, 0x7fff_ffff]), Is(4)], b"abcd"),
    good(59, (0, &[]), "2114444", &[Of(3, &[99]), Of(0, &[2]), Is(0), Of(39, &[0, 0x7fff_ffff]), Of(0, &[31, 0x7fff_ffff]), Is(0), Is(10)], &[]),
    good(58, (0, &[]), "224", &[Of(6, &[99]), Is(0), Of(39, &[0, 0x7fff_ffff])], &[]),
    good(60, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(62, (0, &[]), "4", &[Is(0)], &[]),
];

/// The requests of the shape extension.
#[rustfmt::skip]
pub(crate) const SHAPE: &[Good] = &[
    good(0, (0, &[]), "", &[], &[]),
    good(1, (0, &[]), "11114222222", &[Of(0, &[5, 255]), Of(0, &[3, 255]), Of(0, &[4, 255]), Is(0), Id(WINDOW), Is(1), Is(2), Is(3), Is(4), Is(50), Is(50)], &[]),
    good(2, (0, &[]), "11224224", &[Of(0, &[5, 255]), Of(0, &[3, 255]), Is(0), Is(0), Id(WINDOW), Is(1), Is(2), Id(BITMAP)], &[]),
    good(3, (0, &[]), "11114224", &[Of(0, &[5, 255]), Of(0, &[3, 255]), Of(0, &[3, 255]), Is(0), Id(WINDOW), Is(1), Is(2), Id(CHILD)], &[]),
    good(4, (0, &[]), "1111422", &[Of(0, &[3, 255]), Is(0), Is(0), Is(0), Id(WINDOW), Is(1), Is(2)], &[]),
    good(5, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(6, (0, &[]), "41111", &[Id(WINDOW), Of(1, &[2, 255]), Is(0), Is(0), Is(0)], &[]),
    good(7, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(8, (0, &[]), "41111", &[Id(WINDOW), Of(1, &[3, 255]), Is(0), Is(0), Is(0)], &[]),
    good(9, (0, &[]), "4", &[Is(0)], &[]),
];

/// XTEST.
#[rustfmt::skip]
pub(crate) const XTEST: &[Good] = &[
    good(0, (0, &[]), "112", &[Is(2), Is(0), Is(2)], &[]),
    good(1, (0, &[]), "44", &[Id(WINDOW), Of(0, &[1, 0x77])], &[]),
    good(2, (0, &[]), "112444422422", &[Of(6, &[0, 1, 7]), Of(0, &[2, 255]), Is(0), Is(0), Of(0, &[0x77]), Is(0), Is(0), Is(30), Is(30), Is(0), Is(0), Is(0)], &[]),
    good(2, (0, &[]), "112444422422", &[Is(4), Of(1, &[0, 250]), Is(0), Is(0), Is(0), Is(0), Is(0), Is(30), Is(30), Is(0), Is(0), Is(0)], &[]),
    good(2, (0, &[]), "112444422422", &[Is(5), Of(1, &[0, 250]), Is(0), Is(0), Is(0), Is(0), Is(0), Is(30), Is(30), Is(0), Is(0), Is(0)], &[]),
    good(2, (0, &[]), "112444422422", &[Is(3), Of(38, &[0, 7]), Is(0), Is(0), Is(0), Is(0), Is(0), Is(30), Is(30), Is(0), Is(0), Is(0)], &[]),
    good(3, (0, &[]), "1111", &[Of(1, &[2]), Is(0), Is(0), Is(0)], &[]),
    good(4, (0, &[]), "4", &[Is(0)], &[]),
];

/// The screen saver's. Each run leaves its client's attributes with it.
#[rustfmt::skip]
pub(crate) const SCREEN_SAVER: &[Good] = &[
    good(2, (0, &[]), "44", &[Id(WINDOW), Is(1)], &[]),
    good(3, (0, &[]), "422222114444", &[Id(WINDOW), Is(0), Is(0), Of(10, &[0]), Of(10, &[0]), Is(0), Of(0, &[3, 255]), Is(0), Is(0), Is(1 << 1), Is(5)], &[]),
    good(4, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(5, (0, &[]), "4", &[Is(0)], &[]),
    good(6, (0, &[]), "4", &[Is(0)], &[]),
];
