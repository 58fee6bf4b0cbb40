//! The requests of version 2 (XI2 protocol, "Requests"): devices, selections, the pointer and the focus by device.

use x11rb_protocol::protocol::xproto::WarpPointerRequest;
use x11rb_protocol::x11_utils::RequestHeader;

use super::{
    Device, MASTER_POINTER, Message, Selection, TOUCHSCREEN, bad_device, device, devices, grabs, number,
    properties, touch,
};
use crate::client::ClientId;
use crate::error::{Outcome, XError};
use crate::resource::Resource;
use crate::server::{ROOT, Server};
use crate::value_list::{half, tail, word};

/// The newest minor version of 2 that is spoken.
const MINOR: u16 = 4;
/// Bytes of a mask with a bit for each kind of event, of which the last is in the low bit of the last byte. Kinds from
/// 27 on are gestures, which no device here makes.
const MASK_BYTES: usize = 5;
const HIERARCHY_CHANGED: u32 = 11;
/// Raw kinds: keys, buttons, motion, touches.
const RAW_EVENTS: u64 = 0b1_1111 << 13 | 0b111 << 22;

const ALL_DEVICES: u16 = 0;
const ALL_MASTERS: u16 = 1;

/// Labels of buttons and valuators.
const BUTTON_LABELS: [&str; 7] = [
    "Button Left",
    "Button Middle",
    "Button Right",
    "Button Wheel Up",
    "Button Wheel Down",
    "Button Horiz Wheel Left",
    "Button Horiz Wheel Right",
];
const VALUATOR_LABELS: [&str; 4] = ["Rel X", "Rel Y", "Rel Vert Scroll", "Rel Horiz Scroll"];

pub(super) fn dispatch(server: &mut Server, client: ClientId, header: RequestHeader, body: &[u8]) -> Outcome {
    let words = header.remaining_length as usize;
    let exactly = |wanted: usize| if words == wanted { Ok(()) } else { Err(XError::LENGTH) };
    let at_least = |wanted: usize| if words >= wanted { Ok(()) } else { Err(XError::LENGTH) };
    match header.minor_opcode {
        40 => {
            exactly(2)?;
            query_pointer(server, client, body)
        }
        41 => {
            exactly(8)?;
            warp_pointer(server, body)
        }
        42 => {
            exactly(3)?;
            change_cursor(server, body)
        }
        43 => {
            at_least(1)?;
            // Masters are neither made nor removed, and slaves stay with theirs.
            if body[0] == 0 { Ok(()) } else { Err(XError { code: 17, value: 0 }) }
        }
        44 => {
            exactly(2)?;
            if word(body, 0)? != 0 {
                server.window(word(body, 0)?)?;
            }
            master_pointer(server, half(body, 4)?)
        }
        45 => {
            exactly(1)?;
            if word(body, 0)? != 0 {
                server.window(word(body, 0)?)?;
            }
            let message = Message::reply(45).byte(1).byte(0).short(u16::from(MASTER_POINTER)).filled(32);
            server.xi_reply(client, &message);
            Ok(())
        }
        46 => {
            at_least(2)?;
            select_events(server, client, body)
        }
        47 => {
            exactly(1)?;
            let (major, minor) = (half(body, 0)?, half(body, 2)?);
            if major < 2 {
                return Err(XError::value(u32::from(major)));
            }
            let minor = if major > 2 { MINOR } else { minor.min(MINOR) };
            server.xi_reply(client, &Message::reply(47).short(2).short(minor).filled(32));
            Ok(())
        }
        48 => {
            exactly(1)?;
            query_device(server, client, half(body, 0)?)
        }
        49 => {
            exactly(3)?;
            let (window, time, id) = (word(body, 0)?, word(body, 4)?, half(body, 8)?);
            keyboard(server, id)?;
            // RevertToParent
            server.set_input_focus(2, window, time)
        }
        50 => {
            exactly(1)?;
            keyboard(server, half(body, 0)?)?;
            let focus = server.input.focus.window;
            server.xi_reply(client, &Message::reply(50).long(focus).filled(32));
            Ok(())
        }
        51 => {
            at_least(5)?;
            grabs::grab_device(server, client, body)
        }
        52 => {
            exactly(2)?;
            grabs::ungrab_device(server, client, body)
        }
        53 => {
            // With a touch and its window from version 2.2 on
            if words != 2 && words != 4 {
                return Err(XError::LENGTH);
            }
            grabs::allow_events(server, client, body)
        }
        54 => {
            at_least(7)?;
            grabs::passive_grab(server, client, body)
        }
        55 => {
            at_least(4)?;
            grabs::passive_ungrab(server, client, body)
        }
        56 => {
            exactly(1)?;
            properties::list(server, client, 56, half(body, 0)?)
        }
        57 => {
            at_least(4)?;
            properties::change_two(server, body)
        }
        58 => {
            exactly(2)?;
            properties::delete(server, half(body, 0)?, word(body, 4)?)
        }
        59 => {
            exactly(5)?;
            properties::get_two(server, client, body)
        }
        60 => {
            exactly(1)?;
            selected_events(server, client, word(body, 0)?)
        }
        61 => {
            at_least(1)?;
            release_barriers(server, client, body)
        }
        _ => Err(XError::REQUEST),
    }
}

fn master_pointer(server: &Server, id: u16) -> Outcome {
    let found = device(server, id)?;
    if found.id == MASTER_POINTER { Ok(()) } else { Err(bad_device(id)) }
}

fn keyboard(server: &Server, id: u16) -> Outcome {
    let found = device(server, id)?;
    if found.is_pointer() { Err(bad_device(id)) } else { Ok(()) }
}

fn query_pointer(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let id = word(body, 0)?;
    master_pointer(server, half(body, 4)?)?;
    let origin = server.window(id)?.origin;
    let (x, y) = (server.input.pointer.x, server.input.pointer.y);
    let inside = server.input.pointer.window;
    let child = if server.is_inferior(inside, id) { server.child_towards(id, inside) } else { 0 };
    let message = Message::reply(40)
        .long(ROOT)
        .long(child)
        .fixed16(x)
        .fixed16(y)
        .fixed16(x - origin.0)
        .fixed16(y - origin.1)
        .byte(1)
        .byte(0)
        .short(1);
    let message = server.xi_state(message, None).raw(&server.xi_buttons(None));
    server.xi_reply(client, &message);
    Ok(())
}

fn warp_pointer(server: &mut Server, body: &[u8]) -> Outcome {
    master_pointer(server, half(body, 28)?)?;
    // 16.16 fixed point
    let whole = |at: usize| word(body, at).map(|fixed| ((fixed as i32) >> 16) as i16);
    server.warp_pointer_request(&WarpPointerRequest {
        src_window: word(body, 0)?,
        dst_window: word(body, 4)?,
        src_x: whole(8)?,
        src_y: whole(12)?,
        src_width: half(body, 16)?,
        src_height: half(body, 18)?,
        dst_x: whole(20)?,
        dst_y: whole(24)?,
    })
}

fn change_cursor(server: &mut Server, body: &[u8]) -> Outcome {
    let (window, cursor) = (word(body, 0)?, word(body, 4)?);
    master_pointer(server, half(body, 8)?)?;
    server.window(window)?;
    let cursor = if cursor == 0 { None } else { Some(server.cursor_resource(cursor)?.clone()) };
    server.window_mut(window)?.cursor = cursor;
    server.update_cursor();
    Ok(())
}

fn select_events(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let (window, count) = (word(body, 0)?, half(body, 4)?);
    server.window(window)?;
    if count == 0 {
        return Err(XError::value(0));
    }
    let mut wanted = Vec::new();
    let mut rest = tail(body, 8)?;
    for _ in 0..count {
        let (id, length) = (half(rest, 0)?, usize::from(half(rest, 2)?) * 4);
        let mask = tail(rest, 4)?.get(..length).ok_or(XError::LENGTH)?;
        rest = tail(rest, 4 + length)?;
        if id > ALL_MASTERS {
            device(server, id)?;
        }
        let events = mask
            .iter()
            .take(MASK_BYTES)
            .enumerate()
            .fold(0, |all, (at, byte)| all | u64::from(*byte) << (8 * at));
        let beyond = mask.iter().skip(MASK_BYTES).any(|byte| *byte != 0)
            || mask.get(MASK_BYTES - 1).is_some_and(|last| *last > 1);
        let misplaced = (events & (1 << HIERARCHY_CHANGED) != 0 && id != ALL_DEVICES)
            || (events & RAW_EVENTS != 0 && window != ROOT);
        if beyond || misplaced || !touch::is_whole(events) {
            return Err(XError::value(events as u32));
        }
        let exclusive = events & touch::EXCLUSIVE;
        let taken = server.xinput.selections.get(&window).is_some_and(|selections| {
            selections.iter().any(|it| it.client != client && it.device == id && it.events & exclusive != 0)
        });
        if taken {
            return Err(XError::ACCESS);
        }
        wanted.push(Selection { client, device: id, events });
    }
    if !rest.is_empty() {
        return Err(XError::LENGTH);
    }
    let selections = server.xinput.selections.entry(window).or_default();
    for selection in wanted {
        selections.retain(|it| it.client != client || it.device != selection.device);
        if selection.events != 0 {
            selections.push(selection);
        }
    }
    if selections.is_empty() {
        server.xinput.selections.remove(&window);
    }
    server.xinput.used = true;
    Ok(())
}

fn selected_events(server: &mut Server, client: ClientId, window: u32) -> Outcome {
    server.window(window)?;
    let selections = server.xinput.selections.get(&window).map_or(&[][..], |selections| selections);
    let mut mine: Vec<_> = selections.iter().filter(|it| it.client == client).copied().collect();
    mine.sort_unstable_by_key(|it| it.device);
    let mut message = Message::reply(60).short(mine.len() as u16).filled(32);
    for selection in mine {
        let bytes = selection.events.to_le_bytes();
        let words = if selection.events > u64::from(u32::MAX) { 2 } else { 1 };
        message = message.short(selection.device).short(words).raw(&bytes[..4 * usize::from(words)]);
    }
    server.xi_reply(client, &message);
    Ok(())
}

fn query_device(server: &mut Server, client: ClientId, id: u16) -> Outcome {
    let chosen: Vec<Device> = match id {
        ALL_DEVICES => devices(server).to_vec(),
        ALL_MASTERS => devices(server).iter().copied().filter(|device| device.is_master()).collect(),
        id => vec![device(server, id)?],
    };
    let mut message = Message::reply(48).short(chosen.len() as u16).filled(32);
    for device in chosen {
        let classes = classes(server, device);
        let usage = match (device.is_master(), device.is_pointer()) {
            (true, true) => 1,
            (true, false) => 2,
            (false, true) => 3,
            (false, false) => 4,
        };
        message = message
            .short(u16::from(device.id))
            .short(usage)
            .short(u16::from(device.attached))
            .short(classes.len() as u16)
            .short(device.name.len() as u16)
            .byte(1)
            .byte(0)
            .raw(device.name.as_bytes())
            .padded();
        for class in &classes {
            message = message.with(class);
        }
    }
    server.xi_reply(client, &message);
    Ok(())
}

/// XI 2, `XIBarrierReleasePointer`: the pointer may go through barriers that it has hit.
fn release_barriers(server: &mut Server, client: ClientId, body: &[u8]) -> Outcome {
    let list = tail(body, 4)?;
    if list.len() as u64 != u64::from(word(body, 0)?) * 12 {
        return Err(XError::LENGTH);
    }
    let mut released = Vec::new();
    for item in list.chunks_exact(12) {
        let (id, barrier, event) = (half(item, 0)?, word(item, 4)?, word(item, 8)?);
        master_pointer(server, id)?;
        if !matches!(server.resources.get(&barrier), Some(Resource::Barrier)) {
            return Err(XError { code: number::XFIXES_ERROR + 1, value: barrier });
        }
        if server.owner(barrier) != client {
            return Err(XError::ACCESS);
        }
        released.push((barrier, event));
    }
    for (barrier, event) in released {
        server.release_barrier(barrier, event);
    }
    Ok(())
}

/// What a device is made of. A master is made of what the slave is that was used last.
pub(super) fn classes(server: &mut Server, device: Device) -> Vec<Message> {
    let shaped_by = server.xinput.shaped_by[usize::from(!device.is_pointer())];
    let shape = if device.is_master() && shaped_by != 0 { shaped_by } else { device.id };
    let source = u16::from(shape);
    if !device.is_pointer() {
        let keyboard = &server.input.keyboard;
        let (first, last) = (keyboard.min_keycode(), keyboard.max_keycode());
        let count = u16::from(last) - u16::from(first) + 1;
        let mut keys = Message::part().short(0).short(2 + count).short(source).short(count);
        for code in first..=last {
            keys = keys.long(u32::from(code));
        }
        return vec![keys];
    }
    let count = server.input.pointer.map.len();
    let mut buttons = Message::part()
        .short(1)
        .short(2 + 1 + count as u16)
        .short(source)
        .short(count as u16)
        .raw(&server.xi_buttons(None));
    for number in 0..count {
        let label = BUTTON_LABELS.get(number).map_or(0, |label| server.atoms.intern(label.as_bytes()));
        buttons = buttons.long(label);
    }
    let mut classes = vec![buttons];
    if shape == TOUCHSCREEN {
        touch::classes(server, source, &mut classes);
        return classes;
    }
    let positions = [
        server.input.pointer.x,
        server.input.pointer.y,
        server.xinput.scrolled[0],
        server.xinput.scrolled[1],
    ];
    for (number, (label, value)) in VALUATOR_LABELS.iter().zip(positions).enumerate() {
        classes.push(valuator(server, source, (number, label), [-1, -1], value, false));
    }
    // Vertical is 1, horizontal is 2; a notch is one unit.
    for (number, kind) in [(2, 1), (3, 2)] {
        classes.push(
            Message::part()
                .short(3)
                .short(6)
                .short(source)
                .short(number)
                .short(kind)
                .short(0)
                .long(0)
                .fixed32(1),
        );
    }
    classes
}

/// `XIValuatorClass` (XI 2, XIQueryDevice): an axis by number and label, its range, where it is, and whether it tells
/// places or ways. It says nothing of its resolution.
pub(super) fn valuator(
    server: &mut Server,
    source: u16,
    (number, label): (usize, &str),
    [least, most]: [i32; 2],
    value: i32,
    absolute: bool,
) -> Message {
    let label = server.atoms.intern(label.as_bytes());
    Message::part()
        .short(2)
        .short(11)
        .short(source)
        .short(number as u16)
        .long(label)
        .fixed32(least)
        .fixed32(most)
        .fixed32(value)
        .long(0)
        .byte(u8::from(absolute))
        .raw(&[0; 3])
}
