//! The message stores of the request direction (NX part 2 §C.10, part 3 §3.1).

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

    /// How many messages the store holds. Both ends must agree.
    pub(crate) fn slots(self) -> u16 {
        match self {
            Self::SetUnpackGeometry => 20,
            Self::GetImage => 200,
            Self::Generic => 400,
            Self::CreatePixmap => 1000,
            Self::InternAtom
            | Self::ChangeProperty
            | Self::GetProperty
            | Self::SendEvent
            | Self::CreateGc
            | Self::PolyArc
            | Self::FillPoly
            | Self::PolyFillArc
            | Self::SetUnpackColormap
            | Self::SetUnpackAlpha => 2000,
            Self::PolyFillRectangle => 4000,
            Self::PutImage | Self::PutPackedImage => 6000,
            Self::Render => 8000,
            _ => 3000,
        }
    }
}
