//! How a device is heard and seen by its user: bell, click, acceleration. The core requests say the same of the core
//! devices, which these are.

use super::super::Message;
use super::opened;
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::server::Server;
use crate::value_list::{half, tail, word};

pub(super) fn feedback(server: &mut Server, client: ClientId, id: u8) -> Outcome {
    let found = opened(server, id)?;
    let (acceleration, threshold) = (server.input.pointer.acceleration, server.input.pointer.threshold);
    let message = if found.is_pointer() {
        // PtrFeedbackClass
        Message::reply(22)
            .short(1)
            .filled(32)
            .byte(1)
            .byte(0)
            .short(12)
            .short(0)
            .short(acceleration.0)
            .short(acceleration.1)
            .short(threshold)
    } else {
        // KbdFeedbackClass
        let (click, bell, repeat, repeats) = server.input.keyboard.feedback();
        Message::reply(22)
            .short(1)
            .filled(32)
            .byte(0)
            .byte(0)
            .short(52)
            .short(bell.1)
            .short(bell.2)
            .long(0)
            .long(0)
            .byte(u8::from(repeat))
            .byte(click)
            .byte(bell.0)
            .byte(0)
            .raw(&repeats)
    };
    server.xi_reply(client, &message);
    Ok(())
}

pub(super) fn change_feedback(server: &mut Server, body: &[u8]) -> Outcome {
    let (mask, id, class) = (word(body, 0)?, body[4], body[8]);
    let found = opened(server, id)?;
    let length = usize::from(half(body, 10)?);
    if tail(body, 8)?.len() != length.next_multiple_of(4) {
        return Err(XError::LENGTH);
    }
    match (class, found.is_pointer()) {
        (0, false) if length == 20 => {
            let values = tail(body, 12)?;
            // key, auto-repeat, click, percent, pitch, duration, led mask, led values
            let (key, repeat, click, percent) = (values[0], values[1], values[2], values[3]);
            let (pitch, duration) = (half(values, 4)?, half(values, 6)?);
            let mut list = Vec::new();
            let core = [
                (0, u32::from(click)),
                (1, u32::from(percent)),
                (2, u32::from(pitch)),
                (3, u32::from(duration)),
            ];
            let mut core_mask = 0_u32;
            for (bit, value) in core {
                if mask & (1 << bit) != 0 {
                    core_mask |= 1 << bit;
                    list.extend(value.to_ne_bytes());
                }
            }
            for (bit, value) in [(6, u32::from(key)), (7, u32::from(repeat))] {
                if mask & (1 << bit) != 0 {
                    core_mask |= 1 << bit;
                    list.extend(value.to_ne_bytes());
                }
            }
            let mut request = core_mask.to_ne_bytes().to_vec();
            request.extend(list);
            server.change_keyboard_control(&request)
        }
        (1, true) if length == 12 => {
            let values = tail(body, 14)?;
            let mut request = values.get(..6).ok_or(XError::LENGTH)?.to_vec();
            request.extend([u8::from(mask & 0b11 != 0), u8::from(mask & 0b100 != 0)]);
            server.change_pointer_control(&request)
        }
        (0 | 1, _) if length != if class == 0 { 20 } else { 12 } => Err(XError::LENGTH),
        (0..=5, _) => Err(XError::MATCH),
        _ => Err(XError::value(u32::from(class))),
    }
}
