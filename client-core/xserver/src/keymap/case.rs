//! Small letters and capitals among keysyms (X11 appendix A).

/// Rows of capitals, and how far their small letters are from them.
const CAPITALS: [(u32, u32, i32); 22] = [
    // Latin 1
    (0x41, 0x5a, 0x20),
    (0xc0, 0xd6, 0x20),
    (0xd8, 0xde, 0x20),
    // Latin 2
    (0x1a1, 0x1a1, 0x10),
    (0x1a3, 0x1a6, 0x10),
    (0x1a9, 0x1ac, 0x10),
    (0x1ae, 0x1af, 0x10),
    (0x1c0, 0x1de, 0x20),
    // Latin 3
    (0x2a1, 0x2a6, 0x10),
    (0x2ab, 0x2ac, 0x10),
    (0x2c5, 0x2de, 0x20),
    // Latin 4
    (0x3a3, 0x3ac, 0x10),
    (0x3bd, 0x3bd, 2),
    (0x3c0, 0x3de, 0x20),
    // Cyrillic
    (0x6b1, 0x6bf, -0x10),
    (0x6e0, 0x6ff, -0x20),
    // Greek, without the letters that have no capital
    (0x7a1, 0x7a5, 0x10),
    (0x7a7, 0x7a9, 0x10),
    (0x7ab, 0x7ab, 0x10),
    (0x7c1, 0x7d1, 0x20),
    (0x7d2, 0x7d2, 0x20),
    (0x7d4, 0x7d9, 0x20),
];

/// The small letter and the capital of a keysym's letter: twice the keysym itself if it has none.
pub(super) fn cases(sym: u32) -> (u32, u32) {
    for (first, last, distance) in CAPITALS {
        if (first..=last).contains(&sym) {
            return (sym.wrapping_add_signed(distance), sym);
        }
        let capital = sym.wrapping_add_signed(-distance);
        if (first..=last).contains(&capital) {
            return (sym, capital);
        }
    }
    let Some(letter) = unicode(sym) else { return (sym, sym) };
    let keysym = |letter: char| u32::from(letter) + 0x0100_0000;
    (single(letter.to_lowercase()).map_or(sym, keysym), single(letter.to_uppercase()).map_or(sym, keysym))
}

/// The letter of a keysym that stands for one of Unicode beyond Latin 1.
fn unicode(sym: u32) -> Option<char> {
    match sym {
        0x0100_0100..=0x0110_ffff => char::from_u32(sym - 0x0100_0000),
        _ => None,
    }
}

fn single(mut letters: impl Iterator<Item = char>) -> Option<char> {
    let first = letters.next()?;
    letters.next().is_none().then_some(first)
}
