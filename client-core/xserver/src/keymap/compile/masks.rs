//! Words for bits: modifiers, groups, controls and states.

use super::Context;
use super::syntax::Expr;
use crate::keymap::{control, indicator};

/// Sums and differences of words that stand for bits.
fn bits(expr: &Expr, word: &dyn Fn(&str) -> Option<u32>) -> Option<u32> {
    match expr {
        Expr::Name(name) => word(name),
        Expr::Number(tenths) => u32::try_from(tenths / 10).ok(),
        Expr::Add(left, right) => Some(bits(left, word)? | bits(right, word)?),
        Expr::Subtract(left, right) => Some(bits(left, word)? & !bits(right, word)?),
        Expr::Not(value) => Some(!bits(value, word)?),
        _ => None,
    }
}

/// The real modifier of a name, from 0.
pub(super) fn real_modifier(name: &str) -> Option<u8> {
    let names = ["shift", "lock", "control", "mod1", "mod2", "mod3", "mod4", "mod5"];
    let name = name.to_ascii_lowercase();
    names.iter().position(|known| *known == name).map(|bit| bit as u8)
}

impl Context {
    /// The virtual modifier of a name, from 0.
    pub(super) fn virtual_modifier(&self, name: &str) -> Option<u8> {
        self.virtuals.iter().position(|known| known.eq_ignore_ascii_case(name)).map(|bit| bit as u8)
    }

    /// Modifiers: real and virtual ones.
    pub(super) fn modifiers(&self, expr: &Expr) -> Option<(u8, u16)> {
        let found = bits(expr, &|name| match name.to_ascii_lowercase().as_str() {
            "none" => Some(0),
            "all" => Some(0xff),
            _ => real_modifier(name)
                .map(|bit| 1 << bit)
                .or_else(|| self.virtual_modifier(name).map(|bit| 1 << (8 + bit))),
        })?;
        Some((found as u8, (found >> 8) as u16))
    }
}

/// Groups: a bit each.
pub(super) fn groups(expr: &Expr) -> Option<u8> {
    let found = bits(expr, &|name| match name.to_ascii_lowercase().as_str() {
        "none" => Some(0),
        "all" => Some(0xff),
        name => Some(1 << (numbered(name, "group")?.checked_sub(1)?).min(7)),
    });
    found.map(|groups| groups as u8)
}

/// The number of `Level3` or `Group2`, from 1.
fn numbered(name: &str, word: &str) -> Option<u8> {
    name.strip_prefix(word)?.parse().ok()
}

/// A level or group, from 0.
pub(super) fn nth(expr: &Expr, word: &str, most: u8) -> Option<u8> {
    let number = match expr {
        Expr::Name(name) => numbered(&name.to_ascii_lowercase(), word)?,
        _ => u8::try_from(expr.number()?).ok()?,
    };
    (1..=most).contains(&number).then(|| number - 1)
}

pub(super) fn controls(expr: &Expr) -> Option<u32> {
    bits(expr, &|name| {
        Some(match name.to_ascii_lowercase().as_str() {
            "none" => 0,
            "all" => control::BOOLEAN,
            "repeatkeys" | "repeat" | "autorepeat" => control::REPEAT_KEYS,
            "slowkeys" => control::SLOW_KEYS,
            "bouncekeys" => control::BOUNCE_KEYS,
            "stickykeys" => control::STICKY_KEYS,
            "mousekeys" => control::MOUSE_KEYS,
            "mousekeysaccel" => control::MOUSE_KEYS_ACCEL,
            "accessxkeys" => control::ACCESSX_KEYS,
            "accessxtimeout" => control::ACCESSX_TIMEOUT,
            "accessxfeedback" => control::ACCESSX_FEEDBACK,
            "audiblebell" => control::AUDIBLE_BELL,
            "overlay1" => control::OVERLAY_1,
            "overlay2" => control::OVERLAY_2,
            "ignoregrouplock" => control::IGNORE_GROUP_LOCK,
            _ => return None,
        })
    })
}

/// Which states of modifiers or groups light an indicator.
pub(super) fn states(expr: &Expr) -> Option<u8> {
    let found = bits(expr, &|name| {
        Some(u32::from(match name.to_ascii_lowercase().as_str() {
            "none" => 0,
            "base" => indicator::USE_BASE,
            "latched" => indicator::USE_LATCHED,
            "locked" => indicator::USE_LOCKED,
            "effective" => indicator::USE_EFFECTIVE,
            "compat" => indicator::USE_COMPATIBLE,
            "any" => 0x0f,
            _ => return None,
        }))
    });
    found.map(|states| states as u8)
}
