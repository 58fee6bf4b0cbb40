//! The compositing operators (RENDER protocol, "Compositing", and the blend modes of RENDER 0.11).
//!
//! Every operator is written once, as a function of the source already multiplied by the mask, of the source alpha *per
//! channel*, and of the destination. Without component alpha the alphas of a pixel are all the same; with it they are
//! the mask's channels times the source alpha. The Porter-Duff operators and the simple blend modes work in eight bits,
//! those that divide in floating point, as do all where a format has more than eight bits to a channel.

use super::px::{Px, times};

/// A compositing operator; the values are the protocol's.
#[expect(missing_docs, reason = "the names are the protocol's, and say all there is")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Op {
    Clear = 0,
    Src = 1,
    Dst = 2,
    Over = 3,
    OverReverse = 4,
    In = 5,
    InReverse = 6,
    Out = 7,
    OutReverse = 8,
    Atop = 9,
    AtopReverse = 10,
    Xor = 11,
    Add = 12,
    Saturate = 13,
    DisjointClear = 0x10,
    DisjointSrc = 0x11,
    DisjointDst = 0x12,
    DisjointOver = 0x13,
    DisjointOverReverse = 0x14,
    DisjointIn = 0x15,
    DisjointInReverse = 0x16,
    DisjointOut = 0x17,
    DisjointOutReverse = 0x18,
    DisjointAtop = 0x19,
    DisjointAtopReverse = 0x1a,
    DisjointXor = 0x1b,
    ConjointClear = 0x20,
    ConjointSrc = 0x21,
    ConjointDst = 0x22,
    ConjointOver = 0x23,
    ConjointOverReverse = 0x24,
    ConjointIn = 0x25,
    ConjointInReverse = 0x26,
    ConjointOut = 0x27,
    ConjointOutReverse = 0x28,
    ConjointAtop = 0x29,
    ConjointAtopReverse = 0x2a,
    ConjointXor = 0x2b,
    Multiply = 0x30,
    Screen = 0x31,
    Overlay = 0x32,
    Darken = 0x33,
    Lighten = 0x34,
    ColorDodge = 0x35,
    ColorBurn = 0x36,
    HardLight = 0x37,
    SoftLight = 0x38,
    Difference = 0x39,
    Exclusion = 0x3a,
    HslHue = 0x3b,
    HslSaturation = 0x3c,
    HslColor = 0x3d,
    HslLuminosity = 0x3e,
}

impl Op {
    /// All operators, in the order of their numbers.
    pub const ALL: [Self; 53] = [
        Self::Clear,
        Self::Src,
        Self::Dst,
        Self::Over,
        Self::OverReverse,
        Self::In,
        Self::InReverse,
        Self::Out,
        Self::OutReverse,
        Self::Atop,
        Self::AtopReverse,
        Self::Xor,
        Self::Add,
        Self::Saturate,
        Self::DisjointClear,
        Self::DisjointSrc,
        Self::DisjointDst,
        Self::DisjointOver,
        Self::DisjointOverReverse,
        Self::DisjointIn,
        Self::DisjointInReverse,
        Self::DisjointOut,
        Self::DisjointOutReverse,
        Self::DisjointAtop,
        Self::DisjointAtopReverse,
        Self::DisjointXor,
        Self::ConjointClear,
        Self::ConjointSrc,
        Self::ConjointDst,
        Self::ConjointOver,
        Self::ConjointOverReverse,
        Self::ConjointIn,
        Self::ConjointInReverse,
        Self::ConjointOut,
        Self::ConjointOutReverse,
        Self::ConjointAtop,
        Self::ConjointAtopReverse,
        Self::ConjointXor,
        Self::Multiply,
        Self::Screen,
        Self::Overlay,
        Self::Darken,
        Self::Lighten,
        Self::ColorDodge,
        Self::ColorBurn,
        Self::HardLight,
        Self::SoftLight,
        Self::Difference,
        Self::Exclusion,
        Self::HslHue,
        Self::HslSaturation,
        Self::HslColor,
        Self::HslLuminosity,
    ];

    /// The operator of a protocol number; none for the numbers in the gaps and past the end.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| *op as u8 == code)
    }

    /// Whether the operator divides, and so is computed in floating point.
    pub(super) fn divides(self) -> bool {
        self == Self::Saturate
            || (0x10..0x30).contains(&(self as u8))
            || matches!(
                self,
                Self::ColorDodge
                    | Self::ColorBurn
                    | Self::SoftLight
                    | Self::HslHue
                    | Self::HslSaturation
                    | Self::HslColor
                    | Self::HslLuminosity
            )
    }

    /// Whether a transparent source leaves the destination as it was.
    pub fn ignores_transparent_source(self) -> bool {
        let (_, from_destination) = factors(self, 0.0, 0.5);
        let blends = self as u8 >= Self::Multiply as u8;
        blends || from_destination >= 1.0
    }

    /// The plainest operator with the same result.
    pub(super) fn plainest(self) -> Self {
        match self {
            Self::DisjointClear | Self::ConjointClear => Self::Clear,
            Self::DisjointSrc | Self::ConjointSrc => Self::Src,
            Self::DisjointDst | Self::ConjointDst => Self::Dst,
            other => other,
        }
    }

    /// The plainest operator with the same result, where the source (after the mask) is opaque.
    pub(super) fn with_opaque_source(self) -> Self {
        match self {
            Self::Over | Self::ConjointOver => Self::Src,
            Self::InReverse => Self::Dst,
            Self::OutReverse => Self::Clear,
            Self::Atop => Self::In,
            Self::AtopReverse | Self::Saturate => Self::OverReverse,
            Self::Xor => Self::Out,
            other => other,
        }
    }

    /// Whether the colours of the result depend on the destination's alpha.
    pub(super) fn reads_destination_alpha(self) -> bool {
        !matches!(
            self,
            Self::Clear | Self::Src | Self::Dst | Self::Over | Self::InReverse | Self::OutReverse | Self::Add
        )
    }
}

/// What a mask does to a row of source pixels.
#[derive(Clone, Copy)]
pub(super) enum MaskRow<'a, P> {
    /// Nothing.
    None,
    /// Its alpha scales all channels.
    Alpha(&'a [P]),
    /// Each channel of it scales that channel (component alpha).
    Component(&'a [P]),
}

/// Composites a row of eight-bit pixels. The shortest row decides how many.
pub(super) fn combine(op: Op, source: &[u32], mask: MaskRow<'_, u32>, destination: &mut [u32]) {
    // d: destination, s: source, sa: source alpha per channel.
    match op {
        Op::Clear => destination.fill(0),
        Op::Dst => {}
        Op::Src => match mask {
            MaskRow::None => {
                let n = source.len().min(destination.len());
                if let (Some(d), Some(s)) = (destination.get_mut(..n), source.get(..n)) {
                    d.copy_from_slice(s);
                }
            }
            _ => vector(source, mask, destination, |s, _, _| s),
        },
        Op::Over => match mask {
            MaskRow::None => over(source, destination),
            _ => vector(source, mask, destination, |s, sa, d| d.times(sa.inverse()).plus(s)),
        },
        Op::OverReverse => vector(source, mask, destination, |s, _, d| s.times(d.alpha().inverse()).plus(d)),
        Op::In => vector(source, mask, destination, |s, _, d| s.times(d.alpha())),
        Op::InReverse => vector(source, mask, destination, |_, sa, d| d.times(sa)),
        Op::Out => vector(source, mask, destination, |s, _, d| s.times(d.alpha().inverse())),
        Op::OutReverse => vector(source, mask, destination, |_, sa, d| d.times(sa.inverse())),
        Op::Atop => {
            vector(source, mask, destination, |s, sa, d| s.times(d.alpha()).plus(d.times(sa.inverse())));
        }
        Op::AtopReverse => {
            vector(source, mask, destination, |s, sa, d| s.times(d.alpha().inverse()).plus(d.times(sa)));
        }
        Op::Xor => {
            vector(source, mask, destination, |s, sa, d| {
                s.times(d.alpha().inverse()).plus(d.times(sa.inverse()))
            });
        }
        Op::Add => vector(source, mask, destination, |s, _, d| s.plus(d)),
        Op::Multiply => {
            vector(source, mask, destination, |s, sa, d| {
                s.times(d.alpha().inverse()).plus(d.times(sa.inverse())).plus(d.times(s))
            });
        }
        Op::Screen => blend(source, mask, destination, |s, sa, d, da| s * da + d * sa - s * d),
        Op::Overlay => {
            blend(source, mask, destination, |s, sa, d, da| {
                if 2 * d < da { 2 * s * d } else { sa * da - 2 * (da - d) * (sa - s) }
            });
        }
        Op::Darken => blend(source, mask, destination, |s, sa, d, da| (s * da).min(d * sa)),
        Op::Lighten => blend(source, mask, destination, |s, sa, d, da| (s * da).max(d * sa)),
        Op::HardLight => {
            blend(source, mask, destination, |s, sa, d, da| {
                if 2 * s < sa { 2 * s * d } else { sa * da - 2 * (da - d) * (sa - s) }
            });
        }
        Op::Difference => blend(source, mask, destination, |s, sa, d, da| (d * sa - s * da).abs()),
        Op::Exclusion => blend(source, mask, destination, |s, sa, d, da| s * da + d * sa - 2 * d * s),
        _ => in_floats(op, source, mask, destination),
    }
}

/// The most common operator by itself: opaque and transparent stretches need no arithmetic.
fn over(source: &[u32], destination: &mut [u32]) {
    let n = source.len().min(destination.len());
    let (Some(source), Some(destination)) = (source.get(..n), destination.get_mut(..n)) else { return };
    let (s4, s_rest) = source.as_chunks::<4>();
    let (d4, d_rest) = destination.as_chunks_mut::<4>();
    let mix = |s: Px, d: Px| d.times(s.alpha().inverse()).plus(s);
    for (s, d) in s4.iter().zip(d4) {
        let [a, b, c, e] = *s;
        if a & b & c & e >= 0xff00_0000 {
            *d = *s;
        } else if a | b | c | e != 0 {
            *d = mix(Px::new(*s), Px::new(*d)).to_array();
        }
    }
    for (s, d) in s_rest.iter().zip(d_rest) {
        let [mixed, ..] = mix(Px::splat(*s), Px::splat(*d)).to_array();
        *d = mixed;
    }
}

/// One colour over pixels, through eight-bit coverage: most of a glyph or a shape's mask is empty or full, and costs
/// nothing or a store. Of the result the bits in `keep` are stored.
pub(super) fn over_through(colour: u32, coverage: &[u8], destination: &mut [u32], keep: u32) {
    let n = coverage.len().min(destination.len());
    let (Some(coverage), Some(destination)) = (coverage.get(..n), destination.get_mut(..n)) else { return };
    let (c4, c_rest) = coverage.as_chunks::<4>();
    let (d4, d_rest) = destination.as_chunks_mut::<4>();
    let source = Px::splat(colour);
    let opaque = colour >> 24 == 0xff;
    let kept = Px::splat(keep);
    let mix = |m: Px, d: Px| {
        let s = source.times(m);
        d.times(s.alpha().inverse()).plus(s).masked(kept)
    };
    let four = |c: &[u8; 4], d: &mut [u32; 4]| match u32::from_ne_bytes(*c) {
        0 => {}
        u32::MAX if opaque => *d = [colour & keep; 4],
        _ => {
            let m = Px::new(c.map(|c| u32::from(c) * 0x0101_0101));
            *d = mix(m, Px::new(*d)).to_array();
        }
    };
    for (c, d) in c4.chunks(4).zip(d4.chunks_mut(4)) {
        // Shapes that are few and far between leave most of a mask empty.
        if c.as_flattened().first_chunk::<16>().is_none_or(|c| u128::from_ne_bytes(*c) != 0) {
            c.iter().zip(d).for_each(|(c, d)| four(c, d));
        }
    }
    for (c, d) in c_rest.iter().zip(d_rest) {
        if *c != 0 {
            let [mixed, ..] = mix(Px::splat(u32::from(*c) * 0x0101_0101), Px::splat(*d)).to_array();
            *d = mixed;
        }
    }
}

/// As [`over_through`], with coverage for each channel by itself.
pub(super) fn over_through_channels(colour: u32, coverage: &[u32], destination: &mut [u32], keep: u32) {
    let n = coverage.len().min(destination.len());
    let (Some(coverage), Some(destination)) = (coverage.get(..n), destination.get_mut(..n)) else { return };
    let (c4, c_rest) = coverage.as_chunks::<4>();
    let (d4, d_rest) = destination.as_chunks_mut::<4>();
    let source = Px::splat(colour);
    let kept = Px::splat(keep);
    let mix = |m: Px, d: Px| d.times(m.times(source.alpha()).inverse()).plus(source.times(m)).masked(kept);
    for (c, d) in c4.iter().zip(d4) {
        let [a, b, e, f] = *c;
        if a | b | e | f != 0 {
            *d = mix(Px::new(*c), Px::new(*d)).to_array();
        }
    }
    for (c, d) in c_rest.iter().zip(d_rest) {
        let [mixed, ..] = mix(Px::splat(*c), Px::splat(*d)).to_array();
        *d = mixed;
    }
}

/// Adds rows of eight-bit channels, each at most 255.
pub(super) fn add_rows(source: &[u32], destination: &mut [u32]) {
    unmasked(source, destination, Px::plus);
}

#[inline]
fn vector(source: &[u32], mask: MaskRow<'_, u32>, destination: &mut [u32], f: impl Fn(Px, Px, Px) -> Px) {
    match mask {
        MaskRow::None => unmasked(source, destination, |s, d| f(s, s.alpha(), d)),
        MaskRow::Alpha(mask) => masked(source, mask, destination, |s, m, d| {
            let s = s.times(m.alpha());
            f(s, s.alpha(), d)
        }),
        MaskRow::Component(mask) => {
            masked(source, mask, destination, |s, m, d| f(s.times(m), m.times(s.alpha()), d));
        }
    }
}

#[inline]
fn unmasked(source: &[u32], destination: &mut [u32], f: impl Fn(Px, Px) -> Px) {
    let n = source.len().min(destination.len());
    let (Some(source), Some(destination)) = (source.get(..n), destination.get_mut(..n)) else { return };
    let (s4, s_rest) = source.as_chunks::<4>();
    let (d4, d_rest) = destination.as_chunks_mut::<4>();
    for (s, d) in s4.iter().zip(d4) {
        *d = f(Px::new(*s), Px::new(*d)).to_array();
    }
    for (s, d) in s_rest.iter().zip(d_rest) {
        let [mixed, ..] = f(Px::splat(*s), Px::splat(*d)).to_array();
        *d = mixed;
    }
}

#[inline]
fn masked(source: &[u32], mask: &[u32], destination: &mut [u32], f: impl Fn(Px, Px, Px) -> Px) {
    let n = source.len().min(destination.len()).min(mask.len());
    let (Some(source), Some(mask), Some(destination)) =
        (source.get(..n), mask.get(..n), destination.get_mut(..n))
    else {
        return;
    };
    let (s4, s_rest) = source.as_chunks::<4>();
    let (m4, m_rest) = mask.as_chunks::<4>();
    let (d4, d_rest) = destination.as_chunks_mut::<4>();
    for ((s, m), d) in s4.iter().zip(m4).zip(d4) {
        *d = f(Px::new(*s), Px::new(*m), Px::new(*d)).to_array();
    }
    for ((s, m), d) in s_rest.iter().zip(m_rest).zip(d_rest) {
        let [mixed, ..] = f(Px::splat(*s), Px::splat(*m), Px::splat(*d)).to_array();
        *d = mixed;
    }
}

/// A separable blend mode: `f(s, sa, d, da)` is the term of the overlap, scaled by 255 * 255.
#[inline]
fn blend(
    source: &[u32],
    mask: MaskRow<'_, u32>,
    destination: &mut [u32],
    f: impl Fn(i32, i32, i32, i32) -> i32,
) {
    scalar(source, mask, destination, |s, sa, d| {
        let da = (d >> 24) as i32;
        let channel = |shift: u32| {
            let (s, sa, d) =
                ((s >> shift & 0xff) as i32, (sa >> shift & 0xff) as i32, (d >> shift & 0xff) as i32);
            quotient((255 - sa) * d + (255 - da) * s + f(s, sa, d, da)) << shift
        };
        let alpha = (sa >> 24) as i32;
        quotient((da + alpha) * 255 - da * alpha) << 24 | channel(16) | channel(8) | channel(0)
    });
}

/// A value scaled by 255 * 255 as a channel.
#[inline]
fn quotient(value: i32) -> u32 {
    let t = value.clamp(0, 255 * 255) as u32 + 0x80;
    (t + (t >> 8)) >> 8
}

/// Pixel by pixel: `f(s, sa, d)` with the source after the mask.
#[inline]
fn scalar(source: &[u32], mask: MaskRow<'_, u32>, destination: &mut [u32], f: impl Fn(u32, u32, u32) -> u32) {
    let each = |x: u32, y: u32| {
        times(x >> 24, y >> 24) << 24
            | times(x >> 16 & 0xff, y >> 16 & 0xff) << 16
            | times(x >> 8 & 0xff, y >> 8 & 0xff) << 8
            | times(x & 0xff, y & 0xff)
    };
    let alphas = |p: u32| (p >> 24) * 0x0101_0101;
    match mask {
        MaskRow::None => {
            for (s, d) in source.iter().zip(destination) {
                *d = f(*s, alphas(*s), *d);
            }
        }
        MaskRow::Alpha(mask) => {
            for ((s, m), d) in source.iter().zip(mask).zip(destination) {
                let s = each(*s, alphas(*m));
                *d = f(s, alphas(s), *d);
            }
        }
        MaskRow::Component(mask) => {
            for ((s, m), d) in source.iter().zip(mask).zip(destination) {
                *d = f(each(*s, *m), each(*m, alphas(*s)), *d);
            }
        }
    }
}

/// A pixel in floating point: alpha, red, green, blue; premultiplied, 0 to 1.
pub(super) type Float = [f32; 4];

/// An eight-bit pixel in floating point.
#[inline]
pub(super) fn to_float(pixel: u32) -> Float {
    pixel.to_be_bytes().map(|c| f32::from(c) * (1.0 / 255.0))
}

/// A channel in `bits` bits, in the rounding that gives every code an equal share.
#[inline]
pub(super) fn from_unit(value: f32, bits: u32) -> u32 {
    let scaled = (value.clamp(0.0, 1.0) * (1_u32 << bits) as f32) as u32;
    scaled - (scaled >> bits)
}

/// A floating point pixel in eight bits.
#[inline]
pub(super) fn from_float([a, r, g, b]: Float) -> u32 {
    from_unit(a, 8) << 24 | from_unit(r, 8) << 16 | from_unit(g, 8) << 8 | from_unit(b, 8)
}

fn in_floats(op: Op, source: &[u32], mask: MaskRow<'_, u32>, destination: &mut [u32]) {
    let one = |s: u32, m: Option<(u32, bool)>, d: &mut u32| {
        let mut out = [to_float(*d)];
        let s = [to_float(s)];
        match m {
            None => combine_float(op, &s, MaskRow::None, &mut out),
            Some((m, false)) => combine_float(op, &s, MaskRow::Alpha(&[to_float(m)]), &mut out),
            Some((m, true)) => combine_float(op, &s, MaskRow::Component(&[to_float(m)]), &mut out),
        }
        let [out] = out;
        *d = from_float(out);
    };
    match mask {
        MaskRow::None => {
            for (s, d) in source.iter().zip(destination) {
                one(*s, None, d);
            }
        }
        MaskRow::Alpha(mask) => {
            for ((s, m), d) in source.iter().zip(mask).zip(destination) {
                one(*s, Some((*m, false)), d);
            }
        }
        MaskRow::Component(mask) => {
            for ((s, m), d) in source.iter().zip(mask).zip(destination) {
                one(*s, Some((*m, true)), d);
            }
        }
    }
}

/// Composites a row of floating point pixels.
pub(super) fn combine_float(op: Op, source: &[Float], mask: MaskRow<'_, Float>, destination: &mut [Float]) {
    let f = move |s: Float, sa: Float, d: Float| float_pixel(op, s, sa, d);
    let alphas = |[a, ..]: Float| [a; 4];
    let each = |[a, b, c, d]: Float, [e, f, g, h]: Float| [a * e, b * f, c * g, d * h];
    match mask {
        MaskRow::None => {
            for (s, d) in source.iter().zip(destination) {
                *d = f(*s, alphas(*s), *d);
            }
        }
        MaskRow::Alpha(mask) => {
            for ((s, m), d) in source.iter().zip(mask).zip(destination) {
                let s = each(*s, alphas(*m));
                *d = f(s, alphas(s), *d);
            }
        }
        MaskRow::Component(mask) => {
            if matches!(op, Op::HslHue | Op::HslSaturation | Op::HslColor | Op::HslLuminosity) {
                // A blend of whole colours has no meaning for channels that cover differently: nothing is drawn.
                return;
            }
            for ((s, m), d) in source.iter().zip(mask).zip(destination) {
                *d = f(each(*s, *m), each(*m, alphas(*s)), *d);
            }
        }
    }
}

/// A quotient that is `at_zero` where its divisor vanishes, held to 0..=1.
fn part(numerator: f32, denominator: f32, at_zero: f32) -> f32 {
    if is_zero(denominator) { at_zero } else { (numerator / denominator).clamp(0.0, 1.0) }
}

fn is_zero(value: f32) -> bool {
    value.abs() < f32::MIN_POSITIVE
}

/// The blending factors of source and destination (RENDER protocol, tables of the operators).
fn factors(op: Op, sa: f32, da: f32) -> (f32, f32) {
    // RENDER, disjoint: min(1, (1 - x) / y) is the share of y outside x when both overlap as little as they can;
    // conjoint: max(0, 1 - x / y) when they overlap as much as they can.
    let outside_disjoint = |x: f32, y: f32| part(1.0 - x, y, 1.0);
    let inside_disjoint =
        |x: f32, y: f32| if is_zero(y) { 0.0 } else { (1.0 - (1.0 - x) / y).clamp(0.0, 1.0) };
    let outside_conjoint = |x: f32, y: f32| if is_zero(y) { 0.0 } else { (1.0 - x / y).clamp(0.0, 1.0) };
    let inside_conjoint = |x: f32, y: f32| part(x, y, 1.0);
    match op {
        Op::Clear | Op::DisjointClear | Op::ConjointClear => (0.0, 0.0),
        Op::Src | Op::DisjointSrc | Op::ConjointSrc => (1.0, 0.0),
        Op::Dst | Op::DisjointDst | Op::ConjointDst => (0.0, 1.0),
        Op::Over => (1.0, 1.0 - sa),
        Op::OverReverse => (1.0 - da, 1.0),
        Op::In => (da, 0.0),
        Op::InReverse => (0.0, sa),
        Op::Out => (1.0 - da, 0.0),
        Op::OutReverse => (0.0, 1.0 - sa),
        Op::Atop => (da, 1.0 - sa),
        Op::AtopReverse => (1.0 - da, sa),
        Op::Xor => (1.0 - da, 1.0 - sa),
        Op::Saturate | Op::DisjointOverReverse => (outside_disjoint(da, sa), 1.0),
        Op::DisjointOver => (1.0, outside_disjoint(sa, da)),
        Op::DisjointIn => (inside_disjoint(da, sa), 0.0),
        Op::DisjointInReverse => (0.0, inside_disjoint(sa, da)),
        Op::DisjointOut => (outside_disjoint(da, sa), 0.0),
        Op::DisjointOutReverse => (0.0, outside_disjoint(sa, da)),
        Op::DisjointAtop => (inside_disjoint(da, sa), outside_disjoint(sa, da)),
        Op::DisjointAtopReverse => (outside_disjoint(da, sa), inside_disjoint(sa, da)),
        Op::DisjointXor => (outside_disjoint(da, sa), outside_disjoint(sa, da)),
        Op::ConjointOver => (1.0, outside_conjoint(sa, da)),
        Op::ConjointOverReverse => (outside_conjoint(da, sa), 1.0),
        Op::ConjointIn => (inside_conjoint(da, sa), 0.0),
        Op::ConjointInReverse => (0.0, inside_conjoint(sa, da)),
        Op::ConjointOut => (outside_conjoint(da, sa), 0.0),
        Op::ConjointOutReverse => (0.0, outside_conjoint(sa, da)),
        Op::ConjointAtop => (inside_conjoint(da, sa), outside_conjoint(sa, da)),
        Op::ConjointAtopReverse => (outside_conjoint(da, sa), inside_conjoint(sa, da)),
        Op::ConjointXor => (outside_conjoint(da, sa), outside_conjoint(sa, da)),
        // Add, and what the blend modes are not computed from.
        _ => (1.0, 1.0),
    }
}

fn float_pixel(op: Op, s: Float, sa: Float, d: Float) -> Float {
    let [da, dr, dg, db] = d;
    let [s0, sr, sg, sb] = s;
    let [a0, ar, ag, ab] = sa;
    if op as u8 >= Op::Multiply as u8 {
        let alpha = a0 + da - a0 * da;
        if let Some(rgb) = blend_colours(op, [sr, sg, sb], a0, [dr, dg, db], da) {
            let mix = |s: f32, d: f32, both: f32| (1.0 - a0) * d + (1.0 - da) * s + both;
            let [r, g, b] = rgb;
            return [alpha, mix(sr, dr, r), mix(sg, dg, g), mix(sb, db, b)];
        }
        let channel =
            |s: f32, sa: f32, d: f32| (1.0 - sa) * d + (1.0 - da) * s + blend_channel(op, s, sa, d, da);
        return [alpha, channel(sr, ar, dr), channel(sg, ag, dg), channel(sb, ab, db)];
    }
    let channel = |s: f32, sa: f32, d: f32| {
        let (fs, fd) = factors(op, sa, da);
        (s * fs + d * fd).min(1.0)
    };
    [channel(s0, a0, da), channel(sr, ar, dr), channel(sg, ag, dg), channel(sb, ab, db)]
}

/// PDF 32000-1 §11.3.5.2, separable blend modes, on premultiplied channels, times both alphas.
fn blend_channel(op: Op, s: f32, sa: f32, d: f32, da: f32) -> f32 {
    match op {
        Op::Multiply => s * d,
        Op::Screen => d * sa + s * da - s * d,
        Op::Overlay => {
            if 2.0 * d < da {
                2.0 * s * d
            } else {
                sa * da - 2.0 * (da - d) * (sa - s)
            }
        }
        Op::Darken => (s * da).min(d * sa),
        Op::Lighten => (s * da).max(d * sa),
        Op::ColorDodge => {
            if is_zero(d) {
                0.0
            } else if d * sa >= sa * da - s * da || is_zero(sa - s) {
                sa * da
            } else {
                sa * sa * d / (sa - s)
            }
        }
        Op::ColorBurn => {
            if d >= da {
                sa * da
            } else if sa * (da - d) >= s * da || is_zero(s) {
                0.0
            } else {
                sa * (da - sa * (da - d) / s)
            }
        }
        Op::HardLight => {
            if 2.0 * s < sa {
                2.0 * s * d
            } else {
                sa * da - 2.0 * (da - d) * (sa - s)
            }
        }
        Op::SoftLight => {
            if is_zero(da) {
                d * sa
            } else if 2.0 * s <= sa {
                d * sa - d * (da - d) * (sa - 2.0 * s) / da
            } else if 4.0 * d <= da {
                d * sa + (2.0 * s - sa) * d * ((16.0 * d / da - 12.0) * d / da + 3.0)
            } else {
                d * sa + ((d * da).sqrt() - d) * (2.0 * s - sa)
            }
        }
        Op::Difference => (s * da - d * sa).abs(),
        // Exclusion; no other operator comes here.
        _ => s * da + d * sa - 2.0 * d * s,
    }
}

/// PDF 32000-1 §11.3.5.3, non-separable blend modes, on premultiplied colours, times both alphas.
fn blend_colours(op: Op, s: [f32; 3], sa: f32, d: [f32; 3], da: f32) -> Option<[f32; 3]> {
    let scaled = |c: [f32; 3], by: f32| c.map(|v| v * by);
    Some(match op {
        Op::HslHue => {
            let c = with_saturation(scaled(s, da), saturation(d) * sa);
            with_luminosity(c, sa * da, luminosity(d) * sa)
        }
        Op::HslSaturation => {
            let c = with_saturation(scaled(d, sa), saturation(s) * da);
            with_luminosity(c, sa * da, luminosity(d) * sa)
        }
        Op::HslColor => with_luminosity(scaled(s, da), sa * da, luminosity(d) * sa),
        Op::HslLuminosity => with_luminosity(scaled(d, sa), sa * da, luminosity(s) * da),
        _ => return None,
    })
}

fn luminosity([r, g, b]: [f32; 3]) -> f32 {
    r * 0.3 + g * 0.59 + b * 0.11
}

fn saturation([r, g, b]: [f32; 3]) -> f32 {
    r.max(g).max(b) - r.min(g).min(b)
}

fn with_saturation(c: [f32; 3], saturation: f32) -> [f32; 3] {
    let [r, g, b] = c;
    let (low, high) = (r.min(g).min(b), r.max(g).max(b));
    let range = high - low;
    if is_zero(range) {
        return [0.0; 3];
    }
    // The highest channel is the saturation itself, not what rounding makes of it: near grey, all hangs on that.
    c.map(|v| if v < high { (v - low) * saturation / range } else { saturation })
}

fn with_luminosity(c: [f32; 3], alpha: f32, luminosity_wanted: f32) -> [f32; 3] {
    let shift = luminosity_wanted - luminosity(c);
    let c = c.map(|v| v + shift);
    let l = luminosity(c);
    let [r, g, b] = c;
    let (low, high) = (r.min(g).min(b), r.max(g).max(b));
    let mut out = c;
    if low < 0.0 {
        let range = l - low;
        out = if is_zero(range) { [0.0; 3] } else { out.map(|v| l + (v - l) * l / range) };
    }
    if high > alpha {
        let range = high - l;
        out = if is_zero(range) { [alpha; 3] } else { out.map(|v| l + (v - l) * (alpha - l) / range) };
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn premultiplied() -> impl Strategy<Value = u32> {
        (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(a, r, g, b)| {
            let scale = |c: u8| times(u32::from(c), u32::from(a));
            u32::from(a) << 24 | scale(r) << 16 | scale(g) << 8 | scale(b)
        })
    }

    fn differ(a: u32, b: u32) -> u32 {
        a.to_be_bytes().iter().zip(b.to_be_bytes()).map(|(x, y)| u32::from(x.abs_diff(y))).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn eight_bit_operators_are_within_their_rounding_of_the_float_ones(
            s in premultiplied(), m in any::<u32>(), d in premultiplied(), component in any::<bool>(), masked in any::<bool>()
        ) {
            for op in Op::ALL.into_iter().filter(|op| !op.divides()) {
                let (mut narrow, mut wide) = ([d; 5], [to_float(d); 5]);
                let (ms, mf) = ([m; 5], [to_float(m); 5]);
                let (mask, float_mask) = match (masked, component) {
                    (false, _) => (MaskRow::None, MaskRow::None),
                    (true, false) => (MaskRow::Alpha(&ms[..]), MaskRow::Alpha(&mf[..])),
                    (true, true) => (MaskRow::Component(&ms[..]), MaskRow::Component(&mf[..])),
                };
                combine(op, &[s; 5], mask, &mut narrow);
                combine_float(op, &[to_float(s); 5], float_mask, &mut wide);
                // Each of at most three products rounds by half a step; the mask adds one to each term.
                prop_assert!(narrow.iter().all(|p| *p == narrow[0]));
                prop_assert!(differ(narrow[0], from_float(wide[0])) <= 3, "{op:?} {s:08x} {m:08x} {d:08x}: {:08x} {:08x}", narrow[0], from_float(wide[0]));
            }
        }

        #[test]
        fn no_operator_leaves_the_range_of_a_channel(s in any::<u32>(), m in any::<u32>(), d in any::<u32>()) {
            for op in Op::ALL {
                let mut out = [d; 7];
                combine(op, &[s; 7], MaskRow::Component(&[m; 7]), &mut out);
                combine(op, &[s; 7], MaskRow::None, &mut out);
            }
        }
    }

    #[test]
    fn every_protocol_number_names_its_operator_and_the_gaps_name_none() {
        assert_eq!((0..=255).filter_map(Op::from_code).count(), Op::ALL.len());
        assert_eq!(Op::from_code(3), Some(Op::Over));
        assert_eq!(Op::from_code(14), None);
        assert_eq!(Op::from_code(0x2c), None);
        assert_eq!(Op::from_code(0x3f), None);
    }

    #[test]
    fn an_opaque_source_over_anything_replaces_it() {
        let mut d = [0x8040_2010; 6];
        combine(Op::Over, &[0xff11_2233; 6], MaskRow::None, &mut d);
        assert_eq!(d, [0xff11_2233; 6]);
    }

    #[test]
    fn half_white_over_black_is_grey() {
        let mut d = [0xff00_0000; 3];
        combine(Op::Over, &[0x8080_8080; 3], MaskRow::None, &mut d);
        assert_eq!(d, [0xff80_8080; 3]);
    }

    #[test]
    fn disjoint_over_adds_coverages_that_fit_beside_each_other() {
        let mut d = [0x4040_0000];
        combine(Op::DisjointOver, &[0x8000_0080], MaskRow::None, &mut d);
        assert_eq!(d, [0xc040_0080]);
    }
}
