//! The codes of control items (NX part 1 §3.4).

/// A control item's code, after its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Open a channel of this kind (0 to 4, 26, 29, 30).
    New(ChannelKind),
    Switch,
    Drop,
    Finish,
    BeginCongestion,
    EndCongestion,
    Alert,
    LoadRequest,
    SaveRequest,
    Shutdown,
    TokenRequest(TokenClass),
    TokenReply(TokenClass),
    StatisticsRequest,
    StatisticsReply,
    SyncRequest,
    SyncReply,
    FinishListeners,
    /// Codes that no conforming peer sends and that end the link: 11 to 13, 15, 17, 19, 22, 23.
    Forbidden(u8),
    /// 36 and up: ignored.
    Unknown(u8),
}

/// What a channel carries (NX part 1 §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// An X11 connection.
    X11,
    /// Printing (CUPS) tunnel.
    Cups,
    /// Obsolete keyboard channel.
    Aux,
    /// SMB tunnel.
    Smb,
    /// Media (sound) tunnel.
    Media,
    /// HTTP tunnel.
    Http,
    /// Font server tunnel; the only kind that the display side alone opens.
    Font,
    /// Tunnel to a helper process; either side opens it.
    Slave,
}

/// The three token counters (NX part 1 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenClass {
    Control,
    Split,
    Data,
}

impl TokenClass {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Split => "split",
            Self::Data => "data",
        }
    }
}

impl ChannelKind {
    const CODES: [(u8, Self); 8] = [
        (0, Self::X11),
        (1, Self::Cups),
        (2, Self::Aux),
        (3, Self::Smb),
        (4, Self::Media),
        (26, Self::Http),
        (29, Self::Font),
        (30, Self::Slave),
    ];
}

impl From<u8> for Control {
    fn from(code: u8) -> Self {
        if let Some((_, kind)) = ChannelKind::CODES.iter().find(|(c, _)| *c == code) {
            return Self::New(*kind);
        }
        match code {
            5 => Self::Switch,
            6 => Self::Drop,
            7 => Self::Finish,
            8 => Self::BeginCongestion,
            9 => Self::EndCongestion,
            10 => Self::Alert,
            14 => Self::LoadRequest,
            16 => Self::SaveRequest,
            18 => Self::Shutdown,
            20 => Self::TokenRequest(TokenClass::Control),
            21 => Self::TokenReply(TokenClass::Control),
            24 => Self::StatisticsRequest,
            25 => Self::StatisticsReply,
            27 => Self::SyncRequest,
            28 => Self::SyncReply,
            31 => Self::FinishListeners,
            32 => Self::TokenRequest(TokenClass::Split),
            33 => Self::TokenReply(TokenClass::Split),
            34 => Self::TokenRequest(TokenClass::Data),
            35 => Self::TokenReply(TokenClass::Data),
            11..=13 | 15 | 17 | 19 | 22 | 23 => Self::Forbidden(code),
            _ => Self::Unknown(code),
        }
    }
}

impl Control {
    /// The code on the wire.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::New(kind) => {
                ChannelKind::CODES.iter().find(|(_, k)| *k == kind).map_or(0, |(code, _)| *code)
            }
            Self::Switch => 5,
            Self::Drop => 6,
            Self::Finish => 7,
            Self::BeginCongestion => 8,
            Self::EndCongestion => 9,
            Self::Alert => 10,
            Self::LoadRequest => 14,
            Self::SaveRequest => 16,
            Self::Shutdown => 18,
            Self::TokenRequest(TokenClass::Control) => 20,
            Self::TokenReply(TokenClass::Control) => 21,
            Self::StatisticsRequest => 24,
            Self::StatisticsReply => 25,
            Self::SyncRequest => 27,
            Self::SyncReply => 28,
            Self::FinishListeners => 31,
            Self::TokenRequest(TokenClass::Split) => 32,
            Self::TokenReply(TokenClass::Split) => 33,
            Self::TokenRequest(TokenClass::Data) => 34,
            Self::TokenReply(TokenClass::Data) => 35,
            Self::Forbidden(code) | Self::Unknown(code) => code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_enum() {
        for code in 0..=255 {
            assert_eq!(Control::from(code).code(), code);
        }
    }
}
