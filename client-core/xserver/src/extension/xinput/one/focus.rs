//! The focus of keyboards that have one of their own.

use super::super::{Device, bad_device};
use super::opened;
use crate::error::{Outcome, XError};
use crate::input::Focus;
use crate::selection::is_before;
use crate::server::Server;
use crate::value_list::word;

/// Version 1: the focus follows the core keyboard's.
const FOLLOW_KEYBOARD: u32 = 3;

pub(super) fn set_focus(server: &mut Server, body: &[u8]) -> Outcome {
    let (window, time, revert_to, id) = (word(body, 0)?, word(body, 4)?, body[8], body[9]);
    let found = opened(server, id)?;
    if found.is_pointer() {
        return Err(bad_device(u16::from(id)));
    }
    if found.is_master() {
        return server.set_input_focus(revert_to, window, time);
    }
    if revert_to > 3 {
        return Err(XError::value(u32::from(revert_to)));
    }
    if window > 1 && window != FOLLOW_KEYBOARD && !server.window(window)?.viewable {
        return Err(XError::MATCH);
    }
    let now = server.time;
    let time = if time == 0 { now } else { time };
    if is_before(time, server.device_focus(found).time) || is_before(now, time) {
        return Ok(());
    }
    server.xinput.focus.insert(found.id, Focus { window, revert_to, time });
    server.xinput.used = true;
    Ok(())
}

impl Server {
    pub(super) fn device_focus(&self, found: Device) -> Focus {
        if found.is_master() {
            return self.input.focus;
        }
        let own = self.xinput.focus.get(&found.id).copied();
        own.unwrap_or(Focus { window: FOLLOW_KEYBOARD, revert_to: 3, time: 0 })
    }
}
