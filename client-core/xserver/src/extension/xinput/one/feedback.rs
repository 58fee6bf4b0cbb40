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
            .long(server.xinput.slave(id).map_or(0, |slave| slave.leds))
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
    let (mask, id, class, feedback) = (word(body, 0)?, body[4], body[5], body[9]);
    let found = opened(server, id)?;
    let length = usize::from(half(body, 10)?);
    if tail(body, 8)?.len() != length.next_multiple_of(4) {
        return Err(XError::LENGTH);
    }
    match (class, found.is_pointer()) {
        (0, false) | (1, true) if feedback != 0 => Err(XError::MATCH),
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
            let (leds, on) = (word(values, 8)?, word(values, 12)?);
            if mask & (1 << 4) != 0
                && let Some(slave) = server.xinput.slave_mut(id)
            {
                slave.leds = slave.leds & !leds | leds & on;
            }
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
            let pointer = &server.input.pointer;
            let now = [pointer.acceleration.0, pointer.acceleration.1, pointer.threshold];
            let mut request = Vec::with_capacity(8);
            for (index, now) in now.into_iter().enumerate() {
                let value = if mask & (1 << index) == 0 { now } else { half(body, 14 + 2 * index)? };
                request.extend(value.to_ne_bytes());
            }
            request.extend([u8::from(mask & 0b11 != 0), u8::from(mask & 0b100 != 0)]);
            server.change_pointer_control(&request)
        }
        (0 | 1, _) if length != if class == 0 { 20 } else { 12 } => Err(XError::LENGTH),
        _ => Err(XError::MATCH),
    }
}
