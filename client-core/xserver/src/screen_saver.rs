//! The screen saver: its settings, when it comes on, and the window a client wants to see then (MIT-SCREEN-SAVER).
//!
//! It comes on when there was no input for the timeout, or when a client forces it, and goes with the next input. What
//! blanks a screen is the embedder's; here clients are told, and the window of the one that gave attributes is shown.

use x11rb_protocol::protocol::xproto::{GetScreenSaverReply, SetScreenSaverRequest};

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::resource::Xid;
use crate::server::Server;

#[derive(Debug)]
pub(crate) struct ScreenSaver {
    /// In seconds; 0 is never.
    pub(crate) timeout: u16,
    interval: u16,
    prefer_blanking: u8,
    allow_exposures: u8,
    pub(crate) active: bool,
    /// Who wants to know, and what: 1 on and off, 2 cycles.
    pub(crate) selections: Vec<(ClientId, u32)>,
    /// The window to show: by whom, the body of `CreateWindow` but for the id, and the depth.
    pub(crate) attributes: Option<(ClientId, Vec<u8>, u8)>,
    /// The window shown.
    pub(crate) window: Xid,
    /// Clients that want it to stay off, each as often as it said so.
    pub(crate) suspended: Vec<ClientId>,
}

/// In seconds.
const DEFAULT_TIMEOUT: u16 = 600;

impl Default for ScreenSaver {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            interval: DEFAULT_TIMEOUT,
            prefer_blanking: 1,
            allow_exposures: 1,
            active: false,
            selections: Vec::new(),
            attributes: None,
            window: 0,
            suspended: Vec::new(),
        }
    }
}

impl ScreenSaver {
    /// Milliseconds of idleness after which it comes on, if it does.
    fn limit(&self) -> Option<u32> {
        (self.timeout != 0 && !self.active && self.suspended.is_empty())
            .then(|| u32::from(self.timeout) * 1000)
    }
}

impl Server {
    pub(crate) fn set_screen_saver(&mut self, request: &SetScreenSaverRequest) -> Outcome {
        let (blanking, exposures) = (u8::from(request.prefer_blanking), u8::from(request.allow_exposures));
        for time in [request.timeout, request.interval] {
            if time < -1 {
                return Err(XError::value(time as u32));
            }
        }
        for choice in [blanking, exposures] {
            if choice > 2 {
                return Err(XError::value(u32::from(choice)));
            }
        }
        // -1 and 2 restore the default.
        let saver = &mut self.screen_saver;
        saver.timeout = u16::try_from(request.timeout).unwrap_or(DEFAULT_TIMEOUT);
        saver.interval = u16::try_from(request.interval).unwrap_or(DEFAULT_TIMEOUT);
        saver.prefer_blanking = if blanking == 2 { 1 } else { blanking };
        saver.allow_exposures = if exposures == 2 { 1 } else { exposures };
        Ok(())
    }

    pub(crate) fn get_screen_saver(&mut self, client: ClientId) -> Outcome {
        let saver = &self.screen_saver;
        let reply = GetScreenSaverReply {
            sequence: 0,
            length: 0,
            timeout: saver.timeout,
            interval: saver.interval,
            prefer_blanking: saver.prefer_blanking.into(),
            allow_exposures: saver.allow_exposures.into(),
        };
        self.reply(client, &reply);
        Ok(())
    }

    pub(crate) fn force_screen_saver(&mut self, mode: u8) -> Outcome {
        match mode {
            // Reset
            0 => {
                self.screen_saver_off(true);
                self.sync.last_input = self.time;
            }
            1 => self.screen_saver_on(true),
            other => return Err(XError::value(u32::from(other))),
        }
        Ok(())
    }

    /// Milliseconds since the last input.
    pub(crate) fn idle(&self) -> u32 {
        self.time.wrapping_sub(self.sync.last_input)
    }

    /// Time has passed: perhaps for long enough.
    pub(crate) fn run_screen_saver(&mut self) {
        if self.screen_saver.limit().is_some_and(|limit| self.idle() >= limit) {
            self.screen_saver_on(false);
        }
    }

    /// In how many milliseconds [`Self::run_screen_saver`] has something to do.
    pub(crate) fn screen_saver_timer(&self) -> Option<u32> {
        let limit = self.screen_saver.limit()?;
        Some(limit.saturating_sub(self.idle()).max(1))
    }

    fn screen_saver_on(&mut self, forced: bool) {
        // Forced on when it is on, it is told again.
        if !std::mem::replace(&mut self.screen_saver.active, true) {
            self.show_screen_saver();
        }
        crate::extension::screen_saver::tell(self, true, forced);
    }

    pub(crate) fn screen_saver_off(&mut self, forced: bool) {
        if !std::mem::replace(&mut self.screen_saver.active, false) {
            return;
        }
        let window = std::mem::take(&mut self.screen_saver.window);
        if window != 0 {
            self.destroy_window_tree(window);
        }
        crate::extension::screen_saver::tell(self, false, forced);
    }

    /// Shows the window of the client that gave attributes; one that cannot be made leaves the saver without.
    fn show_screen_saver(&mut self) {
        let Some((client, attributes, depth)) = self.screen_saver.attributes.clone() else { return };
        let highest = ((client.0 + 1) << self.id_shift) - 1;
        let Some(id) = (0..1024).map(|n| highest - n).find(|id| !self.resources.contains_key(id)) else {
            return;
        };
        let mut body = id.to_ne_bytes().to_vec();
        body.extend(attributes);
        if self.create_window(client, depth, &body).is_err() {
            return;
        }
        if let Ok(window) = self.window_mut(id) {
            window.override_redirect = true;
        }
        self.screen_saver.window = id;
        let _ = self.map_window(client, id);
    }

    /// A client goes: it neither listens nor suspends nor shows anything.
    pub(crate) fn forget_screen_saver(&mut self, client: ClientId) {
        let saver = &mut self.screen_saver;
        saver.selections.retain(|(id, _)| *id != client);
        saver.suspended.retain(|id| *id != client);
        if saver.attributes.as_ref().is_some_and(|(id, ..)| *id == client) {
            saver.attributes = None;
            let window = std::mem::take(&mut saver.window);
            self.destroy_window_tree(window);
        }
    }
}
