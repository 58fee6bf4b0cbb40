//! `GetGeometry` and `SetGeometry`: how the keyboard looks, kept for those who draw keyboards.
//!
//! What a client sends is checked and kept as it is on the wire, in the machine's byte order; a client that asks is sent
//! the same in its own.

use super::keyboard;
use super::notify::{NEW_GEOMETRY, NameChanges, names_changed, new_keyboard};
use super::wire::{Message, Reader, bad_match, bad_value, fault, fault_of_two};
use crate::atom::Atoms;
use crate::error::{Outcome, XError};
use crate::keymap::Geometry;
use crate::server::Server;

/// No index of an outline.
const NONE: u8 = 0xff;
/// The name of the geometry among the names of components.
const NAME: u16 = 1 << 1;

pub(super) fn get(server: &Server, spec: u16, request: &mut Reader<'_>, swapped: bool) -> Outcome<Message> {
    request.skip(2)?;
    let name = request.word()?;
    let device = keyboard(spec)?;
    if name != 0 {
        server.atoms.check(name)?;
    }
    let known = server.input.keyboard.description.geometry.as_ref();
    let Some(geometry) = known.filter(|geometry| name == 0 || geometry.name == name) else {
        return Ok(Message::reply(device, swapped).long(name).filled(32));
    };
    Ok(reply(server, geometry, device, swapped))
}

/// The reply with a geometry.
pub(super) fn reply(server: &Server, geometry: &Geometry, device: u8, swapped: bool) -> Message {
    let Geometry { name, size, counts, colors, list } = geometry;
    let found = Message::reply(device, swapped).long(*name).bytes(&[1, 0]);
    let reply = size.iter().chain(counts).fold(found, |reply, value| reply.short(*value)).bytes(colors);
    let mut copy = Copy {
        from: Reader::new(list, false),
        to: Message::part(swapped),
        atoms: &server.atoms,
        counts: *counts,
    };
    // It was checked when it came; what is wrong with it would be a fault of ours.
    match copy.all() {
        Ok(()) => reply.bytes(&copy.to.into_bytes()),
        Err(_) => Message::reply(device, swapped).long(*name).filled(32),
    }
}

pub(super) fn set(server: &mut Server, spec: u16, request: &mut Reader<'_>) -> Outcome {
    let [shapes, sections] = request.array()?;
    let name = request.word()?;
    let size = [request.half()?, request.half()?];
    let [properties, colors, doodads, aliases] =
        [request.half()?, request.half()?, request.half()?, request.half()?];
    let [base, label] = request.array()?;
    request.skip(2)?;
    keyboard(spec)?;
    if name != 0 {
        server.atoms.check(name)?;
    }
    let counts = [properties, colors, shapes.into(), sections.into(), doodads, aliases];
    let mut copy = Copy { from: request.clone(), to: Message::part(false), atoms: &server.atoms, counts };
    copy.strings(1 + 2 * usize::from(properties))?;
    if colors < 2 {
        return Err(bad_value(fault_of_two(1, 2, colors.into())));
    }
    for index in [base, label] {
        if u16::from(index) > colors {
            return Err(bad_match(fault_of_two(3, colors.into(), index.into())));
        }
    }
    if base == label {
        return Err(bad_match(fault_of_two(4, base.into(), label.into())));
    }
    copy.strings(colors.into())?;
    copy.shapes()?;
    copy.sections()?;
    copy.doodads(doodads)?;
    copy.names(2 * usize::from(aliases))?;
    let list = copy.to.into_bytes();
    let names = &mut server.input.keyboard.description.names;
    let renamed = names.geometry != name;
    names.geometry = name;
    server.input.keyboard.description.geometry =
        Some(Geometry { name, size, counts, colors: [base, label], list });
    if renamed {
        names_changed(server, &NameChanges { which: NAME, ..NameChanges::default() });
    }
    new_keyboard(server, NEW_GEOMETRY, 20);
    Ok(())
}

/// Goes through a geometry, checks it, and writes it in a byte order.
struct Copy<'a> {
    from: Reader<'a>,
    to: Message,
    atoms: &'a Atoms,
    /// Of properties, colours, shapes, sections, doodads, aliases.
    counts: [u16; 6],
}

impl Copy<'_> {
    fn all(&mut self) -> Outcome {
        let [properties, colors, _, _, doodads, aliases] = self.counts;
        self.strings(1 + 2 * usize::from(properties) + usize::from(colors))?;
        self.shapes()?;
        self.sections()?;
        self.doodads(doodads)?;
        self.names(2 * usize::from(aliases))
    }

    fn write(&mut self, write: impl FnOnce(Message) -> Message) {
        let empty = Message::part(self.to.is_swapped());
        self.to = write(std::mem::replace(&mut self.to, empty));
    }

    fn bytes<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let bytes = self.from.array()?;
        self.write(|to| to.bytes(&bytes));
        Ok(bytes)
    }

    fn half(&mut self) -> Outcome<u16> {
        let half = self.from.half()?;
        self.write(|to| to.short(half));
        Ok(half)
    }

    fn halves(&mut self, count: usize) -> Outcome {
        (0..count).try_for_each(|_| self.half().map(|_| ()))
    }

    fn atom(&mut self) -> Outcome {
        let atom = self.from.word()?;
        self.atoms.check(atom)?;
        self.write(|to| to.long(atom));
        Ok(())
    }

    fn strings(&mut self, count: usize) -> Outcome {
        for _ in 0..count {
            // One that is too long is a value that is wrong, says Xvfb.
            let short = |_| bad_value(0);
            let length = self.half().map_err(short)?;
            let rest = (usize::from(length) + 2).next_multiple_of(4) - 2;
            let text = self.from.bytes(rest).map_err(short)?;
            self.write(|to| to.bytes(text));
        }
        Ok(())
    }

    /// Names of keys: four bytes each.
    fn names(&mut self, count: usize) -> Outcome {
        let names = self.from.bytes(4 * count)?;
        self.write(|to| to.bytes(names));
        Ok(())
    }

    fn shapes(&mut self) -> Outcome {
        let count = self.counts[2];
        if count < 1 {
            return Err(bad_value(fault(6, count.into())));
        }
        for _ in 0..count {
            self.atom()?;
            let [outlines, primary, approximate, _] = self.bytes()?;
            for index in [primary, approximate] {
                if index != NONE && index >= outlines {
                    return Err(XError::MATCH);
                }
            }
            for _ in 0..outlines {
                let [points, ..] = self.bytes::<4>()?;
                self.halves(2 * usize::from(points))?;
            }
        }
        Ok(())
    }

    fn sections(&mut self) -> Outcome {
        for _ in 0..self.counts[3] {
            self.atom()?;
            self.halves(5)?;
            let [_priority, rows, doodads, overlays, _, _] = self.bytes()?;
            for _ in 0..rows {
                self.halves(2)?;
                let [keys, ..] = self.bytes::<4>()?;
                for _ in 0..keys {
                    self.names(1)?;
                    self.half()?;
                    let [shape, color] = self.bytes()?;
                    self.check_shape(0x10, shape)?;
                    self.check_color(0x11, color)?;
                }
            }
            self.doodads(doodads.into())?;
            for _ in 0..overlays {
                self.overlay(rows)?;
            }
        }
        Ok(())
    }

    fn overlay(&mut self, rows_under: u8) -> Outcome {
        self.atom()?;
        let [rows, ..] = self.bytes::<4>()?;
        for row in 0..rows {
            let [under, keys, ..] = self.bytes::<4>()?;
            if under > rows_under {
                let what = u32::from(rows_under) << 8 | u32::from(under);
                return Err(bad_match(fault_of_two(0x20, row.into(), what)));
            }
            self.names(2 * usize::from(keys))?;
        }
        Ok(())
    }

    fn doodads(&mut self, count: u16) -> Outcome {
        const OUTLINE: u8 = 1;
        const SOLID: u8 = 2;
        const TEXT: u8 = 3;
        const INDICATOR: u8 = 4;
        const LOGO: u8 = 5;
        for _ in 0..count {
            self.atom()?;
            let [kind, _priority] = self.bytes()?;
            self.halves(3)?;
            match kind {
                OUTLINE | SOLID => {
                    let [color, shape, ..] = self.bytes::<8>()?;
                    self.check_color(0x40, color)?;
                    self.check_shape(0x41, shape)?;
                }
                TEXT => {
                    self.halves(2)?;
                    let [color, ..] = self.bytes::<4>()?;
                    self.check_color(0x42, color)?;
                    self.strings(2)?;
                }
                INDICATOR => {
                    let [shape, on, off, ..] = self.bytes::<8>()?;
                    self.check_color(0x43, on)?;
                    self.check_color(0x44, off)?;
                    self.check_shape(0x45, shape)?;
                }
                LOGO => {
                    let [color, shape, ..] = self.bytes::<8>()?;
                    self.check_color(0x46, color)?;
                    self.check_shape(0x47, shape)?;
                    self.strings(1)?;
                }
                other => return Err(bad_value(fault(0x4f, other.into()))),
            }
        }
        Ok(())
    }

    fn check_shape(&self, place: u8, shape: u8) -> Outcome {
        let count = self.counts[2];
        if u16::from(shape) < count {
            Ok(())
        } else {
            Err(bad_match(fault_of_two(place, count.into(), shape.into())))
        }
    }

    fn check_color(&self, place: u8, color: u8) -> Outcome {
        let count = self.counts[1];
        if u16::from(color) < count {
            Ok(())
        } else {
            Err(bad_match(fault_of_two(place, count.into(), color.into())))
        }
    }
}
