//! The requests of extensions in all the ways in which they can be wrong, and in their right one: see [`requests`].
//!
//! [`requests`]: crate::requests

use crate::bench::{A8, CRTC, MODE, OUTPUT, RGB24, ROOT, Wire};
use crate::requests::Field::{self, Id, Is, New, Of};
use crate::requests::{BITMAP, CHILD, CURSOR, GC, Good, PIXMAP, WINDOW, good};

/// The ids that [`furnish`] gives a client beside the core's.
pub(crate) const REGION: u32 = 20;
pub(crate) const OTHER_REGION: u32 = 21;
pub(crate) const DAMAGE: u32 = 22;
pub(crate) const COUNTER: u32 = 23;
pub(crate) const ALARM: u32 = 24;
pub(crate) const PICTURE: u32 = 26;
pub(crate) const SOURCE: u32 = 27;
pub(crate) const GLYPHS: u32 = 28;
pub(crate) const MASK: u32 = 29;

/// Makes one resource of each kind that an extension has.
pub(crate) fn furnish(w: &mut Wire<'_>, c: usize, extension: &str) {
    let id = |w: &Wire<'_>, n: u32| i64::from(w.id(c, n));
    let (window, pixmap) = (id(w, WINDOW), id(w, PIXMAP));
    let regions = |w: &mut Wire<'_>| {
        w.send_to(c, "XFIXES", 0, "44", &[5, 0]);
        let (region, other) = (id(w, REGION), id(w, OTHER_REGION));
        w.send_to(c, "XFIXES", 5, "4*2", &[region, 3, 4, 10, 10, 20, 4, 5, 9]);
        w.send_to(c, "XFIXES", 5, "4*2", &[other, 8, 8, 20, 20]);
    };
    let picture = |w: &mut Wire<'_>| {
        w.send_to(c, "RENDER", 0, "44", &[0, 11]);
        w.find_formats(c);
        let picture = id(w, PICTURE);
        w.send_to(c, "RENDER", 4, "4444", &[picture, window, RGB24, 0]);
    };
    match extension {
        "XFIXES" => {
            regions(w);
            picture(w);
        }
        "DAMAGE" => {
            regions(w);
            w.send_to(c, "DAMAGE", 0, "44", &[1, 1]);
            let damage = id(w, DAMAGE);
            w.send_to(c, "DAMAGE", 1, "441111", &[damage, window, 3, 0, 0, 0]);
        }
        "XKEYBOARD" => {
            w.send_to(c, "XKEYBOARD", 0, "22", &[1, 0]);
            w.extension(c, "XInputExtension");
        }
        "RANDR" => {
            w.send_to(c, "RANDR", 0, "44", &[1, 5]);
            w.find_outputs(c);
            // Xvfb begins without a first output.
            w.send_to(c, "RANDR", 30, "44", &[ROOT, OUTPUT]);
        }
        "SYNC" => {
            w.send_to(c, "SYNC", 0, "112", &[3, 1, 0]);
            let (counter, alarm) = (id(w, COUNTER), id(w, ALARM));
            w.send_to(c, "SYNC", 2, "444", &[counter, 0, 10]);
            w.send_to(c, "SYNC", 8, "44*4", &[alarm, 0x3f, counter, 0, 0, 20, 2, 0, 1, 1]);
        }
        "RENDER" => {
            picture(w);
            let (source, glyphs, mask) = (id(w, SOURCE), id(w, GLYPHS), id(w, MASK));
            w.send_to(c, "RENDER", 4, "4444", &[source, pixmap, RGB24, 0]);
            w.send_to(c, "RENDER", 17, "44", &[glyphs, A8]);
            w.send_to(c, "RENDER", 33, "42222", &[mask, 0, 0, 0, 0x8000]);
            let values = [glyphs, 1, 65, 4, 2, 0, 0, 5, 0, 0x0102_0304, 0x0506_0708];
            w.send_to(c, "RENDER", 20, "44422222244", &values);
        }
        _ => {}
    }
}

#[rustfmt::skip]
pub(crate) const XFIXES: &[Good] = &[
    good(1, (0, &[]), "11114", &[Of(0, &[2, 255]), Of(0, &[2, 255]), Of(0, &[2, 255]), Is(0), Is(ROOT)], &[]),
    good(2, (0, &[]), "444", &[Id(WINDOW), Is(1), Of(7, &[8, -1])], &[]),
    good(3, (0, &[]), "44", &[Id(WINDOW), Of(1, &[2, -1])], &[]),
    good(5, (0, &[]), "42222", &[New, Is(1), Is(2), Is(3), Is(4)], &[]),
    good(6, (0, &[]), "44", &[New, Id(BITMAP)], &[]),
    good(7, (0, &[]), "441111", &[New, Id(WINDOW), Of(0, &[3, 255]), Is(0), Is(0), Is(0)], &[]),
    good(8, (0, &[]), "44", &[New, Id(GC)], &[]),
    good(9, (0, &[]), "44", &[New, Id(PICTURE)], &[]),
    good(10, (0, &[]), "4", &[Id(REGION)], &[]),
    good(11, (0, &[]), "42222", &[Id(REGION), Is(1), Is(2), Is(3), Is(4)], &[]),
    good(12, (0, &[]), "44", &[Id(REGION), Id(OTHER_REGION)], &[]),
    good(13, (0, &[]), "444", &[Id(REGION), Id(OTHER_REGION), Id(REGION)], &[]),
    good(14, (0, &[]), "444", &[Id(REGION), Id(OTHER_REGION), Id(REGION)], &[]),
    good(15, (0, &[]), "444", &[Id(REGION), Id(OTHER_REGION), Id(REGION)], &[]),
    good(16, (0, &[]), "422224", &[Id(REGION), Is(0), Is(0), Is(30), Is(30), Id(OTHER_REGION)], &[]),
    good(17, (0, &[]), "422", &[Id(REGION), Of(5, &[-32768]), Of(-3, &[32767])], &[]),
    good(18, (0, &[]), "44", &[Id(REGION), Id(OTHER_REGION)], &[]),
    good(19, (0, &[]), "4", &[Id(REGION)], &[]),
    good(20, (0, &[]), "4422", &[Id(GC), Id(REGION), Is(1), Is(2)], &[]),
    // SetWindowShapeRegion is in a scenario: one of the root ends Xvfb.
    good(22, (0, &[]), "4422", &[Id(PICTURE), Id(REGION), Is(1), Is(2)], &[]),
    good(23, (0, &[]), "422", &[Id(CURSOR), Of(4, &[0, 5, 8]), Is(0)], b"name"),
    good(24, (0, &[]), "4", &[Id(CURSOR)], &[]),
    good(26, (0, &[]), "44", &[Id(CURSOR), Id(CURSOR)], &[]),
    good(27, (0, &[]), "422", &[Id(CURSOR), Of(4, &[0, 5, 8]), Is(0)], b"name"),
    good(28, (0, &[]), "442222", &[Id(REGION), Id(OTHER_REGION), Is(1), Is(2), Is(3), Is(4)], &[]),
    good(29, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(30, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(31, (0, &[]), "4422224222", &[New, Id(WINDOW), Is(5), Of(0, &[9]), Of(5, &[6]), Is(9), Is(0), Is(0), Of(1, &[0, 2, 9]), Of(2, &[3, 4, 99])], &[0, 0]),
    good(32, (0, &[]), "4", &[Id(WINDOW)], &[]),
];

#[rustfmt::skip]
pub(crate) const DAMAGES: &[Good] = &[
    good(1, (0, &[]), "441111", &[New, Id(WINDOW), Of(0, &[1, 2, 3, 4, 255]), Is(0), Is(0), Is(0)], &[]),
    good(1, (0, &[]), "441111", &[New, Id(PIXMAP), Is(3), Is(0), Is(0), Is(0)], &[]),
    good(2, (0, &[]), "4", &[Id(DAMAGE)], &[]),
    good(3, (0, &[]), "444", &[Id(DAMAGE), Of(0, &[0x77]), Of(0, &[0x77])], &[]),
    good(3, (0, &[]), "444", &[Id(DAMAGE), Id(REGION), Id(OTHER_REGION)], &[]),
    // DamageAdd is left out: Xvfb takes none in the other byte order.
];

/// Without fences, which Xvfb makes in one byte order only, and without `Await`, which waits.
#[rustfmt::skip]
pub(crate) const SYNCS: &[Good] = &[
    good(0, (0, &[]), "112", &[Of(3, &[2, 4]), Is(1), Is(0)], &[]),
    good(2, (0, &[]), "444", &[New, Is(0), Is(5)], &[]),
    good(3, (0, &[]), "444", &[Id(COUNTER), Is(0), Is(50)], &[]),
    good(4, (0, &[]), "444", &[Id(COUNTER), Is(0), Is(5)], &[]),
    good(5, (0, &[]), "4", &[Id(COUNTER)], &[]),
    good(6, (0, &[]), "4", &[Id(COUNTER)], &[]),
    good(8, (0, &[]), "444", &[New, Of(1, &[0]), Id(COUNTER)], &[]),
    good(8, (0, &[]), "44444", &[New, Is(0b1011), Id(COUNTER), Of(0, &[2, 255]), Of(2, &[4, 255])], &[]),
    good(8, (0, &[]), "4444", &[New, Is(0x21), Id(COUNTER), Of(1, &[2, 255])], &[]),
    good(9, (0, &[]), "444", &[Id(ALARM), Of(1, &[0]), Id(COUNTER)], &[]),
    good(9, (0, &[]), "444", &[Id(ALARM), Is(1 << 3), Of(2, &[0, 1, 3, 4, 255])], &[]),
    good(9, (0, &[]), "444", &[Id(ALARM), Is(1 << 5), Of(1, &[2, 255])], &[]),
    good(10, (0, &[]), "4", &[Id(ALARM)], &[]),
    good(11, (0, &[]), "4", &[Id(ALARM)], &[]),
];

#[rustfmt::skip]
pub(crate) const RENDERS: &[Good] = &[
    good(4, (0, &[]), "4444", &[New, Id(WINDOW), Of(RGB24, &[0, 0x7777, A8]), Of(0, &[1 << 13, -1])], &[]),
    good(4, (0, &[]), "44444", &[New, Id(PIXMAP), Is(RGB24), Is(1 << 0), Of(1, &[4, 255])], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Of(1 << 0, &[1 << 13, 0]), Of(0, &[4, 255])], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 1), Id(SOURCE)], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 4), Of(0, &[2, 255])], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 6), Id(BITMAP)], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 8), Of(0, &[2, 255])], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 9), Of(0, &[2, 255])], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 10), Of(0, &[2, 255])], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 11), Of(0, &[0x7fff_ffff])], &[]),
    good(5, (0, &[]), "444", &[Id(PICTURE), Is(1 << 12), Of(0, &[2, 255])], &[]),
    good(6, (0, &[]), "4222222", &[Id(PICTURE), Is(0), Is(0), Is(1), Is(2), Is(3), Is(4)], &[]),
    good(7, (0, &[]), "4", &[Id(PICTURE)], &[]),
    good(8, (0, &[]), "111144422222222", &[Is(3), Is(0), Is(0), Is(0), Id(SOURCE), Id(MASK), Id(PICTURE), Is(0), Is(0), Is(0), Is(0), Is(1), Is(1), Is(9), Is(9)], &[]),
    good(10, (0, &[]), "111144422", &[Is(3), Is(0), Is(0), Is(0), Id(SOURCE), Id(PICTURE), Of(A8, &[0x7777]), Is(0), Is(0)], &[0; 40]),
    good(11, (0, &[]), "111144422", &[Is(3), Is(0), Is(0), Is(0), Id(SOURCE), Id(PICTURE), Of(A8, &[0x7777]), Is(0), Is(0)], &[0; 24]),
    good(12, (0, &[]), "111144422", &[Is(3), Is(0), Is(0), Is(0), Id(SOURCE), Id(PICTURE), Of(A8, &[0x7777]), Is(0), Is(0)], &[0; 24]),
    good(13, (0, &[]), "111144422", &[Is(3), Is(0), Is(0), Is(0), Id(SOURCE), Id(PICTURE), Of(A8, &[0x7777]), Is(0), Is(0)], &[0; 24]),
    good(17, (0, &[]), "44", &[New, Of(A8, &[0x7777])], &[]),
    good(18, (0, &[]), "44", &[New, Id(GLYPHS)], &[]),
    good(19, (0, &[]), "4", &[Id(GLYPHS)], &[]),
    good(20, (0, &[]), "44422222244", &[Id(GLYPHS), Of(1, &[0, 2, 9]), Is(66), Is(4), Is(2), Is(0), Is(0), Is(5), Is(0), Is(1), Is(2)], &[]),
    good(22, (0, &[]), "44", &[Id(GLYPHS), Of(65, &[99])], &[]),
    good(23, (0, &[]), "1111444422111122", &[Is(3), Is(0), Is(0), Is(0), Id(SOURCE), Id(PICTURE), Of(0, &[0x7777]), Id(GLYPHS), Is(0), Is(0), Of(1, &[0, 4, 9]), Is(0), Is(0), Is(0), Is(3), Is(4)], &[65, 0, 0, 0]),
    good(24, (0, &[]), "11114444221111222", &[Is(3), Is(0), Is(0), Is(0), Id(SOURCE), Id(PICTURE), Of(0, &[0x7777]), Id(GLYPHS), Is(0), Is(0), Of(1, &[2, 9]), Is(0), Is(0), Is(0), Is(3), Is(4), Of(65, &[999])], &[0, 0]),
    good(26, (0, &[]), "1111422222222", &[Is(1), Is(0), Is(0), Is(0), Id(PICTURE), Is(1), Is(2), Is(3), Is(4), Is(0), Is(0), Is(5), Is(5)], &[]),
    good(27, (0, &[]), "4422", &[New, Id(SOURCE), Of(0, &[17]), Of(0, &[17])], &[]),
    good(28, (0, &[]), "4444444444", &[Id(PICTURE), Of(0x1_0000, &[0]), Is(0), Is(0), Is(0), Of(0x1_0000, &[0]), Is(0), Is(0), Is(0), Of(0x1_0000, &[0, 0x2_0000])], &[]),
    good(30, (0, &[]), "422", &[Id(PICTURE), Of(4, &[0, 3, 8]), Is(0)], b"fast"),
    good(30, (0, &[]), "422", &[Id(PICTURE), Is(8), Is(0)], b"bilinear"),
    good(30, (0, &[]), "422", &[Id(PICTURE), Is(6), Is(0)], b"nosuch"),
    good(31, (0, &[]), "444", &[New, Id(CURSOR), Is(100)], &[]),
    good(32, (0, &[]), "422", &[Id(PICTURE), Is(0), Is(0)], &[0; 24]),
    good(33, (0, &[]), "42222", &[New, Is(1), Is(2), Is(3), Is(4)], &[]),
    good(34, (0, &[]), "4444444422222222", &[New, Is(0), Is(0), Is(0x10_0000), Is(0), Is(2), Is(0), Is(0x1_0000), Is(1), Is(2), Is(3), Is(4), Is(5), Is(6), Is(7), Is(8)], &[]),
    good(36, (0, &[]), "444444422222222", &[New, Is(0), Is(0), Is(0), Is(2), Is(0), Is(0x1_0000), Is(1), Is(2), Is(3), Is(4), Is(5), Is(6), Is(7), Is(8)], &[]),
];

#[rustfmt::skip]
pub(crate) const XINERAMA: &[Good] = &[
    good(0, (0, &[]), "112", &[Is(1), Is(1), Is(0)], &[]),
    good(1, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(2, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(3, (0, &[]), "44", &[Id(CHILD), Of(0, &[1, 255])], &[]),
    good(4, (0, &[]), "", &[], &[]),
    good(5, (0, &[]), "", &[], &[]),
    good(6, (0, &[]), "", &[], &[]),
];

/// The core keyboard, and in its place what is none.
const KEYBOARD: Field = Of(0x100, &[0, 2, 3, 5, 9, 0x77, 0x200, 0x300, 0x400, 0xffff]);

/// Without `GetKbdByName`, for which Xvfb has a compiler and this server an embedder, and without those that have lists,
/// which scenarios send.
#[rustfmt::skip]
pub(crate) const XKBS: &[Good] = &[
    good(0, (0, &[]), "22", &[Of(1, &[0, 2]), Of(0, &[1, 65])], &[]),
    good(4, (0, &[]), "22", &[KEYBOARD, Is(0)], &[]),
    good(1, (0, &[]), "222222", &[KEYBOARD, Of(0, &[2, 0xffff]), Is(0), Is(0), Of(0, &[0xff]), Of(0, &[0xff])], &[]),
    good(1, (0, &[]), "22222222", &[Is(0x100), Is(4), Of(0, &[4]), Of(0, &[4]), Is(0), Is(0), Of(8, &[0xffff]), Of(8, &[0xc, 0])], &[]),
    good(1, (0, &[]), "2222224444", &[Is(0x100), Is(0x18), Is(0), Is(0), Is(0), Is(0), Of(1, &[-1]), Of(1, &[2]), Is(7), Is(3)], &[]),
    good(3, (0, &[]), "222111122244", &[KEYBOARD, Of(0x300, &[0, 5, 9]), Of(0x400, &[0, 1, 7]), Of(10, &[200, 101]), Of(0, &[1]), Of(0, &[1]), Is(0), Of(0, &[-1, -2]), Of(0, &[-1, -2]), Is(0), Of(0, &[39, 0x7777_7777]), Is(0)], &[]),
    good(5, (0, &[]), "2111111112", &[KEYBOARD, Of(2, &[0]), Of(0, &[3]), Of(1, &[0]), Of(0, &[3]), Of(1, &[0]), Of(0, &[3]), Is(0), Of(0, &[1]), Of(0, &[1])], &[]),
    good(4, (0, &[]), "22", &[Is(0x100), Is(0)], &[]),
    good(6, (0, &[]), "22", &[KEYBOARD, Is(0)], &[]),
    good(8, (0, &[]), "2221111111121111112", &[KEYBOARD, Of(0, &[1, 0x100]), Of(3, &[2, 0x100]), Of(0, &[4, 27, 28]), Of(4, &[255]), Of(24, &[7, 255]), Of(3, &[255]), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0)], &[]),
    good(8, (0, &[]), "2221111111121111112", &[Is(0x100), Is(0xff), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0), Is(0)], &[]),
    good(8, (0, &[]), "2221111111121111112", &[Is(0x100), Is(0), Of(0xfc, &[4, 8, 16, 32, 64, 128]), Is(0), Is(0), Is(0), Is(0), Of(37, &[7]), Of(30, &[255]), Of(37, &[7]), Of(3, &[0]), Is(0x401), Of(24, &[7]), Of(30, &[0]), Of(37, &[7]), Is(40), Of(60, &[7]), Is(50), Is(0)], &[]),
    good(10, (0, &[]), "211222", &[KEYBOARD, Of(0xf, &[0, 0xff]), Of(1, &[0]), Of(0, &[120, 200]), Of(0, &[4, 500]), Is(0)], &[]),
    good(12, (0, &[]), "22", &[KEYBOARD, Is(0)], &[]),
    good(13, (0, &[]), "224", &[KEYBOARD, Is(0), Of(-1, &[0, 5])], &[]),
    good(15, (0, &[]), "22224", &[KEYBOARD, Is(0x300), Is(0x400), Is(0), Of(39, &[0, 0x7777_7777])], &[]),
    good(17, (0, &[]), "224", &[KEYBOARD, Is(0), Of(0x3fff, &[0, 0x200, 0x4000, -1])], &[]),
    good(19, (0, &[]), "224", &[KEYBOARD, Is(0), Of(39, &[0x7777_7777])], &[]),
    good(21, (0, &[]), "2244444", &[KEYBOARD, Is(0), Of(1, &[0, 0x20, 4]), Of(1, &[0, 3]), Of(0, &[0x2000]), Is(0), Is(0)], &[]),
    good(21, (0, &[]), "2244444", &[Is(0x100), Is(0), Is(4), Is(4), Of(1, &[0x2000]), Of(1, &[3]), Of(1, &[3, 0])], &[]),
    good(21, (0, &[]), "2244444", &[Is(0x100), Is(0), Is(0x1f), Is(0), Is(0), Is(0), Is(0)], &[]),
    good(22, (0, &[]), "22", &[KEYBOARD, Is(10)], &[0; 8]),
    good(24, (0, &[]), "22111122", &[Of(0x100, &[0, 2, 3, 9, 0x77, 0x200, 0xffff]), Of(0x1e, &[0x20, 2, 4, 0]), Of(1, &[0]), Of(0, &[200]), Of(0, &[5]), Is(0), Is(0x300), Is(0x400)], &[]),
    good(101, (0, &[]), "224444", &[Is(0), Is(0), Is(0), Is(0), Is(0), Is(0)], &[]),
    good(7, (0, &[]), "2", &[KEYBOARD], &[0; 94]),
    good(99, (0, &[]), "22", &[Is(0x100), Is(0)], &[]),
    good(2, (0, &[]), "22", &[Is(0x100), Is(0)], &[]),
];

const IN_PLACE_OF_CRTC: Field = Of(CRTC, &[0, 1, 0x77, OUTPUT, MODE, ROOT]);
const IN_PLACE_OF_OUTPUT: Field = Of(OUTPUT, &[0, 1, 0x77, CRTC, MODE, ROOT]);

/// What changes the screen is left out: it would be another one for those that come after. So are unknown events among
/// known ones, atoms that are none of properties to be configured, and values of `pending` beside two: Xvfb takes all
/// of them.
#[rustfmt::skip]
pub(crate) const RANDRS: &[Good] = &[
    good(1, (0, &[]), "4", &[Is(ROOT)], &[]),
    good(3, (0, &[]), "4", &[Is(ROOT)], &[]),
    good(4, (0, &[]), "422", &[Id(WINDOW), Of(1, &[0x100]), Is(0)], &[]),
    good(5, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(6, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(8, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(9, (0, &[]), "44", &[IN_PLACE_OF_OUTPUT, Is(0)], &[]),
    good(10, (0, &[]), "4", &[IN_PLACE_OF_OUTPUT], &[]),
    good(11, (0, &[]), "44", &[IN_PLACE_OF_OUTPUT, Of(39, &[0, 0x7777_7777])], &[]),
    good(12, (0, &[]), "4411244", &[IN_PLACE_OF_OUTPUT, Is(39), Of(0, &[1]), Of(0, &[1]), Is(0), Is(1), Is(5)], &[]),
    good(13, (0, &[]), "444111144", &[IN_PLACE_OF_OUTPUT, Of(39, &[0, 0x7777_7777]), Of(19, &[0x7777_7777]), Of(32, &[0, 9]), Of(0, &[3]), Is(0), Is(0), Of(1, &[0, 2]), Is(3)], &[]),
    good(14, (0, &[]), "44", &[IN_PLACE_OF_OUTPUT, Of(40, &[0, 0x7777_7777])], &[]),
    good(15, (0, &[]), "444441111", &[IN_PLACE_OF_OUTPUT, Of(41, &[0, 0x7777_7777]), Is(0), Of(0, &[5]), Is(10), Of(0, &[2]), Is(0), Is(0), Is(0)], &[]),
    good(17, (0, &[]), "4", &[Of(0x77, &[0, CRTC, OUTPUT, ROOT])], &[]),
    good(18, (0, &[]), "44", &[IN_PLACE_OF_OUTPUT, Of(0x77, &[0, CRTC])], &[]),
    good(19, (0, &[]), "44", &[IN_PLACE_OF_OUTPUT, Of(0x77, &[0, CRTC])], &[]),
    good(20, (0, &[]), "44", &[IN_PLACE_OF_CRTC, Is(0)], &[]),
    good(22, (0, &[]), "4", &[IN_PLACE_OF_CRTC], &[]),
    good(23, (0, &[]), "4", &[IN_PLACE_OF_CRTC], &[]),
    good(25, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(27, (0, &[]), "4", &[IN_PLACE_OF_CRTC], &[]),
    good(28, (0, &[]), "4", &[IN_PLACE_OF_CRTC], &[]),
    good(31, (0, &[]), "4", &[Id(WINDOW)], &[]),
    good(42, (0, &[]), "41111", &[Id(WINDOW), Of(1, &[0]), Is(0), Is(0), Is(0)], &[]),
    good(44, (0, &[]), "44", &[Id(WINDOW), Of(39, &[0, 0x7777_7777])], &[]),
    good(99, (0, &[]), "4", &[Id(WINDOW)], &[]),
];
