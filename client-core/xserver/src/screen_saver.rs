//! The screen saver's settings. What blanks a screen is the embedder's; clients can set and ask.

use x11rb_protocol::protocol::xproto::{GetScreenSaverReply, SetScreenSaverRequest};

use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;

#[derive(Debug)]
pub(crate) struct ScreenSaver {
    timeout: u16,
    interval: u16,
    prefer_blanking: u8,
    allow_exposures: u8,
}

/// In seconds.
const DEFAULT_TIMEOUT: u16 = 600;

impl Default for ScreenSaver {
    fn default() -> Self {
        Self { timeout: DEFAULT_TIMEOUT, interval: DEFAULT_TIMEOUT, prefer_blanking: 1, allow_exposures: 1 }
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

    pub(crate) fn force_screen_saver(mode: u8) -> Outcome {
        if mode > 1 { Err(XError::value(u32::from(mode))) } else { Ok(()) }
    }
}
