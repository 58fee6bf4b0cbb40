//! The focus of keyboards that have one of their own.

use super::super::{Device, KEYBOARD, TEST_KEYBOARD, bad_device};
use super::opened;
use crate::error::{Outcome, XError};
use crate::input::{Focus, MODE_WHILE_GRABBED};
use crate::resource::Xid;
use crate::selection::is_before;
use crate::server::{ROOT, Server};
use crate::value_list::word;

/// The focus follows the core keyboard's.
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
    server.xinput.used = true;
    server.xi_change_focus(found.id, Focus { window, revert_to, time });
    Ok(())
}

impl Server {
    pub(super) fn device_focus(&self, found: Device) -> Focus {
        if found.is_master() {
            return self.input.focus;
        }
        let own = self.xinput.focus.get(&found.id).copied();
        // Where the pointer is, as in Xvfb
        own.unwrap_or(Focus { window: 1, revert_to: 0, time: 0 })
    }

    /// Where the focus of a keyboard is: a window, 0 (None) or 1 (`PointerRoot`).
    pub(in crate::extension::xinput) fn device_focus_window(&self, id: u8) -> Xid {
        match self.xinput.focus.get(&id).map_or(1, |focus| focus.window) {
            FOLLOW_KEYBOARD => self.input.focus.window,
            window => window,
        }
    }

    /// Moves the focus of a keyboard, and tells so.
    fn xi_change_focus(&mut self, id: u8, focus: Focus) {
        let grabbed = self.xinput.slave(id).is_some_and(|slave| slave.grab.is_some());
        let mode = if grabbed { MODE_WHILE_GRABBED } else { 0 };
        let from = self.device_focus_window(id);
        let to = if focus.window == FOLLOW_KEYBOARD { self.input.focus.window } else { focus.window };
        // It is there only when all has been told.
        self.xi_focus_moved(id, from, to, mode);
        self.xinput.focus.insert(id, focus);
    }

    /// A grab takes the focus of a keyboard, or gives it back.
    pub(in crate::extension::xinput) fn xi_focus_of_grab(&mut self, id: u8, from: Xid, to: Xid, mode: u8) {
        if !id.is_multiple_of(2) {
            self.xi_focus_moved(id, from, to, mode);
        }
    }

    /// A window can be seen no more: keyboards whose focus it or a window in it is have theirs elsewhere.
    pub(crate) fn xi_revert_focus(&mut self, gone: Xid) {
        for id in [TEST_KEYBOARD, KEYBOARD] {
            let Some(old) = self.xinput.focus.get(&id).copied() else { continue };
            let lost = old.window > 1 && old.window != FOLLOW_KEYBOARD && self.is_inferior(old.window, gone);
            if !lost {
                continue;
            }
            let focus = match old.revert_to {
                0 => Focus { window: 0, ..old },
                1 => Focus { window: 1, ..old },
                3 if self.input.focus.window == 0 => Focus { window: 0, ..old },
                3 => Focus { window: FOLLOW_KEYBOARD, ..old },
                _ => {
                    let mut parent = self.window(old.window).map_or(ROOT, |window| window.parent);
                    while self.window(parent).is_ok_and(|window| !window.viewable) {
                        parent = self.window(parent).map_or(ROOT, |window| window.parent);
                    }
                    Focus { window: parent, revert_to: 0, ..old }
                }
            };
            self.xi_change_focus(id, focus);
        }
    }
}
