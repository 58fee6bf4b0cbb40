//! Two servers under the same programs: a private Xvfb, and this server behind one end of a socket pair.

use x11rb::protocol::render::Pictforminfo;
use x11rb::rust_connection::RustConnection;

use crate::dice::Dice;
use crate::own;
use crate::xvfb::Xvfb;

/// What a program drew: pixels, the channels in them, and what it did.
pub(crate) struct Drawn {
    depth: u8,
    /// Lowest bit and mask of each channel.
    channels: Vec<(u16, u32)>,
    pixels: Vec<u8>,
    what: String,
}

impl Drawn {
    pub(crate) fn new(format: &Pictforminfo, pixels: Vec<u8>, what: String) -> Self {
        let d = &format.direct;
        let channels = [
            (d.alpha_shift, d.alpha_mask),
            (d.red_shift, d.red_mask),
            (d.green_shift, d.green_mask),
            (d.blue_shift, d.blue_mask),
        ];
        let channels =
            channels.into_iter().filter(|(_, mask)| *mask != 0).map(|(s, m)| (s, u32::from(m))).collect();
        Self { depth: format.depth, channels, pixels, what }
    }

    /// Something that is the same on both servers in words.
    pub(crate) fn text(text: String) -> Self {
        Self { depth: 8, channels: vec![(0, 0xff)], pixels: text.clone().into_bytes(), what: text }
    }

    /// The pixel at a place; at depth 1 eight of them.
    fn pixel(&self, place: usize) -> u32 {
        let size = self.pixel_size();
        self.pixels[place * size..][..size].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
    }

    fn pixel_size(&self) -> usize {
        usize::from(self.depth.div_ceil(8).next_power_of_two())
    }

    /// Where it differs from another by more than `tolerance` steps of eight bits in a channel.
    fn differs_from(&self, other: &Self, tolerance: u32) -> Option<usize> {
        if self.pixels.len() != other.pixels.len() {
            return Some(0);
        }
        (0..self.pixels.len() / self.pixel_size()).find(|place| {
            let (a, b) = (self.pixel(*place), other.pixel(*place));
            if self.depth == 1 {
                return a != b;
            }
            self.channels.iter().any(|(shift, mask)| {
                let steps = (a >> shift & mask).abs_diff(b >> shift & mask);
                // A step of a narrow channel can follow from one step of eight bits.
                steps > tolerance * ((mask + 1) >> 8).max(1)
            })
        })
    }
}

/// Random programs on both servers.
pub(crate) struct Programs;

impl Programs {
    /// Runs `cases` programs; their channels may differ by `tolerance` steps of eight bits.
    pub(crate) fn run(
        cases: u64,
        tolerance: u32,
        mut on_theirs: impl FnMut(&mut Dice, &RustConnection) -> Drawn,
        mut on_ours: impl FnMut(&mut Dice, &RustConnection) -> Drawn,
    ) {
        let xvfb = Xvfb::start(640, 480);
        let (theirs, ours) = (xvfb.connect(), own::connect(640, 480));
        let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
        let first = number("RENDER_SEED").unwrap_or(0);
        let cases = number("RENDER_CASES").unwrap_or(cases);
        let mut failures = Vec::new();
        for seed in first..first + cases {
            let expected = on_theirs(&mut Dice::new(seed), &theirs);
            let found = on_ours(&mut Dice::new(seed), &ours);
            if let Some(place) = found.differs_from(&expected, tolerance) {
                let (a, b) = (found.pixel(place), expected.pixel(place));
                failures.push(format!("seed {seed}: pixel {place} is {a:08x} for {b:08x}: {}", found.what));
            }
        }
        let shown = &failures[..failures.len().min(12)];
        assert!(
            failures.is_empty(),
            "{} of {cases} programs differ:\n{}",
            failures.len(),
            shown.join("\n\n")
        );
    }
}
