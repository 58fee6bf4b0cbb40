//! The message stores of the request direction (NX part 2 §C.10, part 3 §3.1).

use crate::coding::policy::{Head, Identity, Shape};

/// A store, by the class of messages it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreId {
    ConfigureWindow,
    InternAtom,
    ChangeProperty,
    GetProperty,
    SendEvent,
    TranslateCoords,
    CreatePixmap,
    CreateGc,
    ChangeGc,
    SetClipRectangles,
    ClearArea,
    CopyArea,
    PolyPoint,
    PolyLine,
    PolySegment,
    PolyArc,
    FillPoly,
    PolyFillRectangle,
    PolyFillArc,
    PutImage,
    GetImage,
    PolyText8,
    PolyText16,
    ImageText8,
    ImageText16,
    Shape,
    Render,
    SetUnpackGeometry,
    SetUnpackColormap,
    PutPackedImage,
    SetUnpackAlpha,
    Generic,
}

impl StoreId {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 32] = [
        Self::ConfigureWindow,
        Self::InternAtom,
        Self::ChangeProperty,
        Self::GetProperty,
        Self::SendEvent,
        Self::TranslateCoords,
        Self::CreatePixmap,
        Self::CreateGc,
        Self::ChangeGc,
        Self::SetClipRectangles,
        Self::ClearArea,
        Self::CopyArea,
        Self::PolyPoint,
        Self::PolyLine,
        Self::PolySegment,
        Self::PolyArc,
        Self::FillPoly,
        Self::PolyFillRectangle,
        Self::PolyFillArc,
        Self::PutImage,
        Self::GetImage,
        Self::PolyText8,
        Self::PolyText16,
        Self::ImageText8,
        Self::ImageText16,
        Self::Shape,
        Self::Render,
        Self::SetUnpackGeometry,
        Self::SetUnpackColormap,
        Self::PutPackedImage,
        Self::SetUnpackAlpha,
        Self::Generic,
    ];

    /// The store's number: the opcode of its requests, or one that stands for it (NX part 2 §C.10).
    pub(crate) fn number(self) -> u8 {
        const NUMBERS: [u8; 32] = [
            12, 16, 18, 20, 25, 40, 53, 55, 56, 59, 61, 62, 64, 65, 66, 68, 69, 70, 71, 72, 73, 74, 75, 76,
            77, 128, 129, 241, 242, 243, 246, 255,
        ];
        NUMBERS[self as usize]
    }

    /// What the name of a persistent cache says of a request in the store (NX part 2 §C.13).
    pub(crate) fn head(self, message: &[u8]) -> Head {
        let (size, kept): (usize, &'static [(usize, usize)]) = match self {
            Self::ConfigureWindow => (12, &[(4, 6)]),
            Self::InternAtom => (8, &[(1, 1), (4, 2)]),
            Self::ChangeProperty => (24, &[(1, 1), (4, 13), (20, 4)]),
            Self::GetProperty => (24, &[(1, 1), (4, 20)]),
            Self::SendEvent | Self::GetImage | Self::Shape | Self::Generic => (20, &[(1, 1), (4, 16)]),
            Self::TranslateCoords | Self::CreateGc | Self::PolyText8 | Self::PolyText16 => (16, &[(4, 12)]),
            Self::CreatePixmap | Self::ClearArea | Self::ImageText8 | Self::ImageText16 => {
                (16, &[(1, 1), (4, 12)])
            }
            Self::SetClipRectangles | Self::PolyPoint | Self::PolyLine => (12, &[(1, 1), (4, 8)]),
            Self::ChangeGc
            | Self::PolySegment
            | Self::PolyArc
            | Self::PolyFillRectangle
            | Self::PolyFillArc => (12, &[(4, 8)]),
            Self::CopyArea => (28, &[(4, 24)]),
            Self::FillPoly => (20, &[(4, 10), (16, 4)]),
            Self::PutImage => (24, &[(1, 1), (4, 18)]),
            Self::SetUnpackGeometry => (24, &[(1, 1), (4, 6), (12, 12)]),
            Self::SetUnpackColormap | Self::SetUnpackAlpha => (16, &[(1, 1), (4, 1), (8, 8)]),
            Self::PutPackedImage => (40, &[(1, 1), (4, 36)]),
            Self::Render => match message.get(1) {
                Some(4) => (36, &[(1, 1), (4, 16)]),
                Some(5 | 7 | 19 | 28) => (36, &[(1, 1), (4, 4)]),
                Some(6 | 17 | 20) => (36, &[(1, 1), (4, 8)]),
                Some(8) => (36, &[(1, 1), (4, 1), (8, 28)]),
                Some(10 | 11) => (36, &[(1, 1), (4, 1), (8, 16)]),
                Some(23..=25) => (36, &[(1, 1), (4, 1), (8, 21), (32, 4)]),
                Some(26) => (36, &[(1, 1), (4, 1), (8, 4)]),
                Some(30) => (36, &[(1, 1), (4, 6)]),
                _ => (36, &[(1, 1), (4, 32)]),
            },
        };
        Head { size, kept }
    }

    /// Size and thresholds (NX part 2 §C.10). `packing` is true for an agent session with packed images, where
    /// plain images get less room.
    #[expect(clippy::match_same_arms, reason = "in the order of the page's table")]
    pub(crate) fn shape(self, packing: bool) -> Shape {
        let (slots, upper, lower, overhead) = match self {
            Self::ConfigureWindow => (3000, 5, 1, 72),
            Self::InternAtom => (2000, 2, 1, 72),
            Self::ChangeProperty | Self::SendEvent => (2000, 2, 1, 88),
            Self::GetProperty => (2000, 2, 1, 112),
            Self::TranslateCoords | Self::SetClipRectangles | Self::PolyPoint | Self::PolyLine => {
                (3000, 3, 1, 80)
            }
            Self::CreatePixmap => (1000, 2, 1, 80),
            Self::CreateGc => (2000, 2, 1, 80),
            Self::ChangeGc => (3000, 3, 1, 72),
            Self::ClearArea | Self::PolyText8 | Self::ImageText8 | Self::ImageText16 => (3000, 5, 1, 80),
            Self::CopyArea => (3000, 5, 1, 88),
            Self::PolySegment => (3000, 5, 1, 72),
            Self::PolyArc | Self::PolyFillArc => (2000, 2, 1, 72),
            Self::FillPoly => (2000, 3, 1, 80),
            Self::PolyFillRectangle => (4000, 5, 1, 72),
            Self::PutImage if packing => (6000, 10, 5, 88),
            Self::PutImage => (6000, 70, 50, 88),
            Self::GetImage => (200, 1, 0, 88),
            Self::PolyText16 => (3000, 4, 1, 80),
            Self::Shape => (3000, 10, 5, 88),
            Self::Render => (8000, 20, 10, 152),
            Self::SetUnpackGeometry => (20, 1, 0, 88),
            Self::SetUnpackColormap => (2000, 5, 0, 80),
            Self::PutPackedImage => (6000, 70, 50, 104),
            Self::SetUnpackAlpha => (2000, 10, 5, 80),
            Self::Generic => (400, 5, 1, 88),
        };
        Shape { slots, upper, lower, overhead }
    }

    /// What makes two messages of the store equal.
    pub(crate) fn identity(self, message: &[u8]) -> Identity {
        let (ranges, data): (&'static [(usize, usize)], usize) = match self {
            Self::ConfigureWindow => (&[(4, 4), (8, 2)], 12),
            Self::InternAtom => (&[(1, 1), (4, 2)], 8),
            Self::ChangeProperty => (&[(1, 1), (16, 1), (8, 4), (12, 4), (20, 4)], 24),
            Self::GetProperty => (&[(1, 1), (4, 20)], 24),
            Self::SendEvent => (&[], 20),
            Self::TranslateCoords => (&[(4, 12)], 16),
            Self::CreatePixmap => (&[(1, 1), (8, 8)], 16),
            Self::CreateGc => (&[(8, 8)], 16),
            Self::ChangeGc => (&[(8, 4)], 12),
            Self::SetClipRectangles => (&[(1, 1), (8, 4)], 12),
            Self::ClearArea => (&[(1, 1), (4, 12)], 16),
            Self::CopyArea => (&[(16, 12)], 28),
            Self::PolyPoint | Self::PolyLine => (&[(1, 1)], 12),
            Self::PolySegment | Self::PolyArc | Self::PolyFillRectangle | Self::PolyFillArc => (&[], 12),
            Self::FillPoly => (&[(12, 2)], 20),
            Self::PutImage => (&[(1, 1), (12, 4), (20, 2)], 24),
            Self::GetImage => (&[(1, 1), (8, 12)], 20),
            Self::PolyText8 | Self::PolyText16 => (&[], 16),
            Self::ImageText8 | Self::ImageText16 => (&[(1, 1)], 16),
            Self::Shape => (&[(1, 3)], 20),
            Self::SetUnpackGeometry => (&[(4, 6), (12, 12)], 24),
            Self::SetUnpackColormap | Self::SetUnpackAlpha => (&[(4, 1), (8, 8)], 16),
            Self::PutPackedImage => (&[(12, 20)], 40),
            Self::Generic => (&[(2, 2)], 20),
            Self::Render => match message.get(1) {
                Some(4) => (&[(1, 3), (12, 8)], 20),
                Some(5 | 7 | 19 | 28) => (&[(1, 3)], 8),
                Some(6) => (&[(1, 3)], 12),
                Some(8) => (&[(1, 4), (20, 8), (32, 4)], 36),
                Some(10 | 11) => (&[(1, 4), (16, 4)], 24),
                Some(17 | 20) => (&[(1, 3), (8, 4)], 12),
                Some(23..=25) if message.len() >= 36 => (&[(1, 4), (16, 4), (28, 1)], 36),
                Some(23..=25) => (&[(1, 4), (16, 4)], 36),
                Some(26) => (&[(1, 4)], 12),
                Some(30) => (&[(1, 3), (8, 2)], 12),
                _ => (&[(1, 3)], 36),
            },
        };
        Identity { ranges, data }
    }
}
