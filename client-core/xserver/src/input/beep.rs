//! Beeps about keys that are operated otherwise (XKB protocol, 4.7): what happened rings the bell, where it is wanted.
//!
//! The protocol leaves the sounds open; these are Xvfb's, so far as clients hear of them: of those with several tones
//! the first one.

use crate::extension::xkb;
use crate::keymap::control;
use crate::server::{Server, ServerEvent};

/// What there is a beep for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beep {
    SlowPress,
    SlowAccept,
    SlowReject,
    SlowRelease,
    BounceReject,
    /// A key has switched something on.
    FeatureOn,
    FeatureOff,
    /// Slow keys are going to be switched.
    SlowWarning,
    IndicatorOn,
    IndicatorOff,
    StickyLatch,
    StickyLock,
    StickyUnlock,
}

/// Tones in hertz.
const CLICK: u16 = 1500;
const DEEP: u16 = 250;
const LOW: u16 = 500;
const MIDDLE: u16 = 1000;
const HIGH: u16 = 2000;

impl Beep {
    /// The bit of the options that wants it, the name of the bell, hertz and milliseconds.
    fn sound(self) -> (u16, &'static str, u16, u16) {
        match self {
            Self::SlowPress => (1 << 0, "AX_SlowKeyPress", CLICK, 1),
            Self::SlowAccept => (1 << 1, "AX_SlowKeyAccept", CLICK, 1),
            Self::FeatureOn => (1 << 2, "AX_FeatureOn", LOW, 100),
            Self::FeatureOff => (1 << 2, "AX_FeatureOff", MIDDLE, 100),
            Self::SlowWarning => (1 << 3, "AX_SlowKeysWarning", HIGH, 50),
            Self::IndicatorOn => (1 << 4, "AX_IndicatorOn", HIGH, 50),
            Self::IndicatorOff => (1 << 4, "AX_IndicatorOff", LOW, 50),
            Self::StickyLatch => (1 << 5, "AX_StickyLatch", LOW, 50),
            Self::StickyLock => (1 << 5, "AX_StickyLock", HIGH, 50),
            Self::StickyUnlock => (1 << 5, "AX_StickyUnlock", LOW, 50),
            Self::SlowRelease => (1 << 8, "AX_SlowKeyRelease", CLICK, 1),
            Self::SlowReject => (1 << 9, "AX_SlowKeyReject", DEEP, 50),
            Self::BounceReject => (1 << 10, "AX_BounceKeyReject", DEEP, 50),
        }
    }
}

impl Server {
    /// Rings the bell for what happened, if that is wanted.
    pub(crate) fn beep(&mut self, beep: Beep) {
        let controls = &self.input.keyboard.description.controls;
        let (option, name, pitch, duration) = beep.sound();
        if !controls.is_on(control::ACCESSX_FEEDBACK) || controls.options & option == 0 {
            return;
        }
        let percent = self.input.keyboard.bell.0;
        if controls.is_on(control::AUDIBLE_BELL) {
            self.events.push_back(ServerEvent::Bell { percent, pitch, duration });
        }
        let name = self.atoms.intern(name.as_bytes());
        xkb::bell_rang(self, (percent, pitch, duration), name, 0, false);
    }
}
