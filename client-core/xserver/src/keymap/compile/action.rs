//! Actions as keymap files write them (`SetMods(modifiers=Shift,clearLocks)`), and their defaults.

use super::Context;
use super::masks::{controls, groups, nth};
use super::syntax::Expr;
use crate::keymap::compatibility::action;
use crate::keymap::{Action, GROUPS};

/// What is said of all actions of a kind that follow: `setMods.clearLocks = True`.
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    said: Vec<(u8, String, Expr)>,
}

/// Flags by their places in actions (XKB protocol, 16.1).
mod flag {
    pub(super) const CLEAR_LOCKS: u8 = 1 << 0;
    pub(super) const LATCH_TO_LOCK: u8 = 1 << 1;
    pub(super) const GROUP_ABSOLUTE: u8 = 1 << 2;
    pub(super) const NO_LOCK: u8 = 1 << 0;
    pub(super) const NO_UNLOCK: u8 = 1 << 1;
    pub(super) const NO_ACCELERATION: u8 = 1 << 0;
    pub(super) const ABSOLUTE_X: u8 = 1 << 1;
    pub(super) const ABSOLUTE_Y: u8 = 1 << 2;
    pub(super) const BUTTON_ABSOLUTE: u8 = 1 << 2;
    pub(super) const SWITCH_APPLICATION: u8 = 1 << 0;
    pub(super) const SCREEN_ABSOLUTE: u8 = 1 << 2;
    pub(super) const ON_PRESS: u8 = 1 << 0;
    pub(super) const ON_RELEASE: u8 = 1 << 1;
    pub(super) const KEY_EVENT_TOO: u8 = 1 << 2;
    pub(super) const ISO_DEFAULT_IS_GROUP: u8 = 1 << 7;
}

/// `SA_AffectDfltBtn`
const DEFAULT_BUTTON: u8 = 1;

impl Defaults {
    /// Takes a default, if the thing it is a field of is a kind of action.
    pub(super) fn take(&mut self, of: &str, field: &str, value: &Expr) {
        if let Some(kind) = kind(of) {
            self.said.retain(|(known, name, _)| (*known, name.as_str()) != (kind, field));
            self.said.push((kind, field.to_owned(), value.clone()));
        }
    }

    /// The action that an expression stands for.
    pub(super) fn action(&self, context: &Context, expr: &Expr) -> Option<Action> {
        let nothing = Vec::new();
        let (name, arguments) = match expr {
            Expr::Call(name, arguments) => (name, arguments),
            Expr::Name(name) => (name, &nothing),
            _ => return None,
        };
        let kind = kind(&name.to_ascii_lowercase())?;
        let mut action: Action = [kind, 0, 0, 0, 0, 0, 0, 0];
        if kind == action::PRIVATE {
            action[0] = 0;
        }
        for (_, field, value) in self.said.iter().filter(|(known, ..)| *known == kind) {
            set(context, &mut action, kind, field, None, value);
        }
        for argument in arguments {
            if let Some(((_, field, index), value)) = argument.assignment() {
                set(context, &mut action, kind, &field, index, &value);
            }
        }
        Some(action)
    }
}

/// The type of an action by its name in small letters.
fn kind(name: &str) -> Option<u8> {
    Some(match name {
        "noaction" => action::NONE,
        "setmods" => action::SET_MODS,
        "latchmods" => action::LATCH_MODS,
        "lockmods" => action::LOCK_MODS,
        "setgroup" => action::SET_GROUP,
        "latchgroup" => action::LATCH_GROUP,
        "lockgroup" => action::LOCK_GROUP,
        "moveptr" | "movepointer" => action::MOVE_PTR,
        "ptrbtn" | "ptrbutton" | "pointerbtn" | "pointerbutton" => action::PTR_BTN,
        "lockptrbtn" | "lockptrbutton" | "lockpointerbtn" | "lockpointerbutton" => action::LOCK_PTR_BTN,
        "setptrdflt" | "setpointerdefault" | "setptrdefault" => action::SET_PTR_DFLT,
        "isolock" => action::ISO_LOCK,
        "terminate" | "terminateserver" => action::TERMINATE,
        "switchscreen" => action::SWITCH_SCREEN,
        "setcontrols" => action::SET_CONTROLS,
        "lockcontrols" => action::LOCK_CONTROLS,
        "actionmessage" | "message" | "messageaction" => action::ACTION_MESSAGE,
        "redirect" | "redirectkey" => action::REDIRECT_KEY,
        "devbtn" | "devicebtn" | "devbutton" | "devicebutton" => action::DEVICE_BTN,
        "lockdevbtn" | "lockdevicebtn" | "lockdevbutton" | "lockdevicebutton" => action::LOCK_DEVICE_BTN,
        "private" => action::PRIVATE,
        _ => return None,
    })
}

/// Sets a field of an action. What is no field of it is left out.
fn set(
    context: &Context,
    to: &mut Action,
    kind: u8,
    field: &str,
    index: Option<&Expr>,
    value: &Expr,
) -> Option<()> {
    let mut flag = |bit: u8, on: bool| to[1] = if on { to[1] | bit } else { to[1] & !bit };
    let number = || u8::try_from(value.number()?).ok();
    match (kind, field) {
        (action::SET_MODS | action::LATCH_MODS | action::SET_GROUP | action::LATCH_GROUP, "clearlocks") => {
            flag(flag::CLEAR_LOCKS, value.flag()?);
        }
        (action::LATCH_MODS | action::LATCH_GROUP, "latchtolock") => {
            flag(flag::LATCH_TO_LOCK, value.flag()?);
        }
        (
            action::SET_MODS | action::LATCH_MODS | action::LOCK_MODS | action::ISO_LOCK,
            "modifiers" | "mods",
        ) => {
            if value.word().is_some_and(|word| matches!(word.as_str(), "usemodmapmods" | "modmapmods")) {
                flag(action::USE_MODIFIER_MAP, true);
                return Some(());
            }
            flag(action::USE_MODIFIER_MAP, false);
            let (real, virtuals) = context.modifiers(value)?;
            (to[2], to[3]) = (real, real);
            let at = if kind == action::ISO_LOCK { 6 } else { 4 };
            to.get_mut(at..at + 2)?.copy_from_slice(&virtuals.to_be_bytes());
        }
        (action::LOCK_MODS | action::LOCK_PTR_BTN | action::LOCK_DEVICE_BTN, "affect") => {
            let (no_lock, no_unlock) = match value.word()?.as_str() {
                "lock" => (false, true),
                "unlock" => (true, false),
                "neither" => (true, true),
                _ => (false, false),
            };
            flag(flag::NO_LOCK, no_lock);
            flag(flag::NO_UNLOCK, no_unlock);
        }
        (action::SET_GROUP | action::LATCH_GROUP | action::LOCK_GROUP, "group") => {
            let is_relative = matches!(value, Expr::Plus(_) | Expr::Minus(_));
            flag(flag::GROUP_ABSOLUTE, !is_relative);
            to[2] = if is_relative {
                i8::try_from(value.number()?).ok()? as u8
            } else {
                nth(value, "group", GROUPS as u8)?
            };
        }
        (action::MOVE_PTR, "x" | "y") => {
            let (bit, at) = if field == "x" { (flag::ABSOLUTE_X, 2) } else { (flag::ABSOLUTE_Y, 4) };
            flag(bit, matches!(value, Expr::Number(_)));
            let far = i16::try_from(value.number()?).ok()?;
            to.get_mut(at..at + 2)?.copy_from_slice(&far.to_be_bytes());
        }
        (action::MOVE_PTR, "accel" | "accelerate" | "repeat") => {
            flag(flag::NO_ACCELERATION, !value.flag()?);
        }
        (action::PTR_BTN | action::LOCK_PTR_BTN, "button") => {
            let is_default = value.word().is_some_and(|word| word == "default");
            to[3] = if is_default { 0 } else { number()? };
        }
        (action::PTR_BTN | action::LOCK_PTR_BTN, "clicks" | "count") => to[2] = number()?,
        (action::SET_PTR_DFLT, "affect") => to[2] = DEFAULT_BUTTON,
        (action::SET_PTR_DFLT, "button" | "value") => {
            flag(flag::BUTTON_ABSOLUTE, matches!(value, Expr::Number(_)));
            to[2] = DEFAULT_BUTTON;
            to[3] = i8::try_from(value.number()?).ok()? as u8;
        }
        (action::ISO_LOCK, "group") => {
            flag(flag::ISO_DEFAULT_IS_GROUP, true);
            let is_relative = matches!(value, Expr::Plus(_) | Expr::Minus(_));
            flag(flag::GROUP_ABSOLUTE, !is_relative);
            to[4] = if is_relative { value.number()? as u8 } else { nth(value, "group", GROUPS as u8)? };
        }
        (action::ISO_LOCK, "affect") => to[5] = groups(value).unwrap_or(0),
        (action::SWITCH_SCREEN, "screen") => {
            flag(flag::SCREEN_ABSOLUTE, matches!(value, Expr::Number(_)));
            to[2] = i8::try_from(value.number()?).ok()? as u8;
        }
        (action::SWITCH_SCREEN, "same" | "sameserver") => flag(flag::SWITCH_APPLICATION, !value.flag()?),
        (action::SET_CONTROLS | action::LOCK_CONTROLS, "controls" | "ctrls") => {
            to.get_mut(2..6)?.copy_from_slice(&controls(value)?.to_be_bytes());
        }
        (action::ACTION_MESSAGE, "report") => {
            let (press, release) = match value.word()?.as_str() {
                "keypress" => (true, false),
                "keyrelease" => (false, true),
                "none" => (false, false),
                _ => (true, true),
            };
            flag(flag::ON_PRESS, press);
            flag(flag::ON_RELEASE, release);
        }
        (action::ACTION_MESSAGE, "genkeyevent") => flag(flag::KEY_EVENT_TOO, value.flag()?),
        (action::ACTION_MESSAGE, "data") => write_data(to, 2, index, value)?,
        (action::REDIRECT_KEY, "key" | "keycode" | "code") => {
            let Expr::Key(name) = value else { return None };
            to[1] = context.code(*name)?;
        }
        (action::REDIRECT_KEY, "modifiers" | "mods" | "clearmodifiers" | "clearmods") => {
            let (real, virtuals) = context.modifiers(value)?;
            let virtuals = virtuals.to_be_bytes();
            let sets = !field.starts_with("clear");
            to[2] |= real;
            to[3] = if sets { to[3] | real } else { to[3] & !real };
            for (at, bits) in virtuals.into_iter().enumerate() {
                to[4 + at] |= bits;
                to[6 + at] = if sets { to[6 + at] | bits } else { to[6 + at] & !bits };
            }
        }
        (action::PRIVATE, "type") => to[0] = number()?,
        (action::PRIVATE, "data") => write_data(to, 1, index, value)?,
        _ => return None,
    }
    Some(())
}

/// Bytes of an action's own, from one on: a text, or one of them.
fn write_data(to: &mut Action, from: usize, index: Option<&Expr>, value: &Expr) -> Option<()> {
    let place = to.get_mut(from..)?;
    if let Some(index) = index {
        *place.get_mut(usize::try_from(index.number()?).ok()?)? = value.number()? as u8;
        return Some(());
    }
    place.fill(0);
    place.iter_mut().zip(value.text()?).for_each(|(to, from)| *to = *from);
    Some(())
}
