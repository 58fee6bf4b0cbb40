//! A geometry as it is kept and told (XKB protocol, 16.3.12).

use super::{Doodad, Kind, Looks, Overlay, Place, Row, Section, Shape};
use crate::atom::{Atom, Atoms};
use crate::keymap::Geometry;
use crate::keymap::compile::Context;

impl Looks {
    /// As it is kept and told; none if there is nothing to see of it.
    pub(in crate::keymap::compile) fn into_geometry(
        self,
        atoms: &mut Atoms,
        context: &Context,
        name: Atom,
    ) -> Option<Geometry> {
        if self.shapes.is_empty() {
            return None;
        }
        let mut writer =
            Writer { colors: Vec::new(), base: 0, shapes: &self.shapes, atoms, context, list: Vec::new() };
        let base = self.colors[0].clone().unwrap_or_else(|| b"white".to_vec());
        let label = self.colors[1].clone().unwrap_or_else(|| b"black".to_vec());
        let label = writer.color(Some(&label));
        writer.base = writer.color(Some(&base));
        let colors = [writer.base, label];
        for shape in self.shapes.iter().take(255) {
            writer.shape(shape);
        }
        for section in self.sections.iter().take(255) {
            writer.section(section);
        }
        for doodad in &self.doodads {
            writer.doodad(doodad);
        }
        let aliases = writer.aliases(&self.aliases);
        let (body, named_colors) = (writer.list, writer.colors);
        let mut head = Vec::new();
        text(&mut head, &self.label_font.unwrap_or_else(|| self.font.name()));
        let mut properties = 0;
        if !self.description.is_empty() {
            text(&mut head, b"description");
            text(&mut head, &self.description);
            properties = 1;
        }
        for color in &named_colors {
            text(&mut head, color);
        }
        head.extend(body);
        let count = |number: usize| number.min(usize::from(u16::MAX)) as u16;
        Some(Geometry {
            name,
            size: self.size.map(|length| length.clamp(0, i64::from(u16::MAX)) as u16),
            counts: [
                properties,
                count(named_colors.len()),
                count(self.shapes.len().min(255)),
                count(self.sections.len().min(255)),
                count(self.doodads.len()),
                aliases,
            ],
            colors,
            list: head,
        })
    }
}

/// Writes the lists of a geometry.
struct Writer<'a> {
    colors: Vec<Vec<u8>>,
    /// The color of what has none of its own.
    base: u8,
    shapes: &'a [Shape],
    atoms: &'a mut Atoms,
    context: &'a Context,
    list: Vec<u8>,
}

fn text(list: &mut Vec<u8>, text: &[u8]) {
    let text = text.get(..text.len().min(0xfff0)).unwrap_or_default();
    list.extend((text.len() as u16).to_ne_bytes());
    list.extend(text);
    list.resize(list.len().next_multiple_of(4), 0);
}

/// A rectangle from 0,0 that has everything in it.
#[derive(Clone, Copy, Default)]
struct Extent {
    right: i64,
    bottom: i64,
}

impl Extent {
    fn add(&mut self, right: i64, bottom: i64) {
        self.right = self.right.max(right);
        self.bottom = self.bottom.max(bottom);
    }
}

impl Shape {
    fn extent(&self) -> Extent {
        let mut extent = Extent::default();
        for [x, y] in self.outlines.iter().flat_map(|outline| &outline.points) {
            extent.add(*x, *y);
        }
        extent
    }
}

/// How wide and high a text is: where that was not said, as keymap compilers guess it.
fn text_size(doodad: &Doodad) -> (i64, i64) {
    let Place { mut width, mut height, .. } = doodad.place;
    let (mut lines, mut longest, mut length) = (1, 0, 0);
    for byte in &doodad.text {
        if *byte == b'\n' {
            // The last of several lines counts for nothing, and each but the first for one letter more.
            longest = longest.max(length);
            length = 1;
            lines += 1;
        } else {
            length += 1;
        }
    }
    if lines == 1 {
        longest = length;
    }
    if height == 0 {
        let line = (doodad.font.size.clamp(0, 10_000) * 12 / 10) * 254 / 720;
        height = lines * line;
    }
    if width == 0 {
        width = longest * (height * 2 / 3);
    }
    (width, height)
}

impl Writer<'_> {
    fn halves(&mut self, values: &[i64]) {
        for value in values {
            let value = (*value).clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
            self.list.extend(value.to_ne_bytes());
        }
    }

    fn atom(&mut self, name: &[u8]) {
        let atom = self.atoms.intern(name);
        self.list.extend(atom.to_ne_bytes());
    }

    /// The number of a color, the keyboard's own if none is said.
    fn color(&mut self, name: Option<&Vec<u8>>) -> u8 {
        let Some(name) = name else { return self.base };
        let known = self.colors.iter().position(|color| color == name);
        let index = known.unwrap_or_else(|| {
            self.colors.push(name.clone());
            self.colors.len() - 1
        });
        index.min(255) as u8
    }

    fn shape_named(&self, name: &[u8]) -> u8 {
        self.shapes.iter().take(255).position(|shape| shape.name == name).unwrap_or(0) as u8
    }

    fn shape(&mut self, shape: &Shape) {
        const NONE: u8 = 0xff;
        self.atom(&shape.name);
        let [primary, approximate] = [shape.primary, shape.approximate].map(|index| index.unwrap_or(NONE));
        self.list.extend([shape.outlines.len() as u8, primary, approximate, 0]);
        for outline in &shape.outlines {
            let points = outline.points.get(..outline.points.len().min(255)).unwrap_or_default();
            self.list.extend([points.len() as u8, outline.corner.clamp(0, 255) as u8, 0, 0]);
            for point in points {
                self.halves(point);
            }
        }
    }

    fn section(&mut self, section: &Section) {
        let Place { top, left, mut width, mut height, angle, priority, .. } = section.place;
        let all = self.extent(section);
        if width == 0 {
            width = all.right;
        }
        if height == 0 {
            height = all.bottom;
        }
        let rows = section.rows.get(..section.rows.len().min(255)).unwrap_or_default();
        let doodads = section.doodads.get(..section.doodads.len().min(255)).unwrap_or_default();
        let overlays = section.overlays.get(..section.overlays.len().min(255)).unwrap_or_default();
        self.atom(&section.name);
        self.halves(&[top, left, width, height, angle]);
        let counts = [rows.len() as u8, doodads.len() as u8, overlays.len() as u8];
        self.list.push(priority.unwrap_or(0));
        self.list.extend(counts);
        self.list.extend([0, 0]);
        for row in rows {
            self.halves(&[row.place.top, row.place.left]);
            let keys = row.keys.get(..row.keys.len().min(255)).unwrap_or_default();
            self.list.extend([keys.len() as u8, u8::from(row.place.vertical), 0, 0]);
            for (name, look) in keys {
                self.list.extend(name);
                self.halves(&[look.gap]);
                let (shape, color) = (self.shape_named(&look.shape), self.color(look.color.as_ref()));
                self.list.extend([shape, color]);
            }
        }
        for doodad in doodads {
            self.doodad(doodad);
        }
        for overlay in overlays {
            self.overlay(overlay, rows);
        }
    }

    /// Keys over others, by the rows of these.
    fn overlay(&mut self, overlay: &Overlay, rows: &[Row]) {
        let names = &self.context.keycodes;
        let in_row = |row: &Row, under: [u8; 4]| {
            row.keys.iter().any(|(name, _)| names.real_name(*name) == names.real_name(under))
        };
        let mut written: Vec<(u8, Vec<[u8; 8]>)> = Vec::new();
        for (number, row) in (0..255).zip(rows) {
            let of_row: Vec<[u8; 8]> = overlay
                .keys
                .iter()
                .filter(|(_, under)| in_row(row, *under))
                .map(|(over, under)| {
                    let ([a, b, c, d], [e, f, g, h]) = (names.real_name(*over), names.real_name(*under));
                    [a, b, c, d, e, f, g, h]
                })
                .take(255)
                .collect();
            if !of_row.is_empty() {
                written.push((number, of_row));
            }
        }
        self.atom(&overlay.name);
        self.list.extend([written.len() as u8, 0, 0, 0]);
        for (row, keys) in written {
            self.list.extend([row, keys.len() as u8, 0, 0]);
            self.list.extend(keys.concat());
        }
    }

    fn extent(&self, section: &Section) -> Extent {
        let mut all = Extent::default();
        let of = |shape: &[u8]| self.shapes.iter().find(|known| known.name == shape).map(Shape::extent);
        for Row { place, keys } in &section.rows {
            let mut along = 0;
            for (_, look) in keys {
                let Extent { right, bottom } = of(&look.shape).unwrap_or_default();
                along += look.gap;
                if place.vertical {
                    all.add(place.left + right, place.top + along + bottom);
                    along += bottom;
                } else {
                    all.add(place.left + along + right, place.top + bottom);
                    along += right;
                }
            }
        }
        for doodad in &section.doodads {
            let Extent { mut right, mut bottom } = of(&doodad.shape).unwrap_or_default();
            if doodad.kind == Kind::Text {
                (right, bottom) = text_size(doodad);
            }
            all.add(doodad.place.left + right, doodad.place.top + bottom);
        }
        all
    }

    fn doodad(&mut self, doodad: &Doodad) {
        let place = doodad.place;
        self.atom(&doodad.name);
        self.list.extend([doodad.kind as u8, place.priority.unwrap_or(0)]);
        self.halves(&[place.top, place.left, place.angle]);
        match doodad.kind {
            Kind::Outline | Kind::Solid => {
                let (color, shape) = (self.color(doodad.color.as_ref()), self.shape_named(&doodad.shape));
                self.list.extend([color, shape, 0, 0, 0, 0, 0, 0]);
            }
            Kind::Text => {
                let (width, height) = text_size(doodad);
                self.halves(&[width, height]);
                let color = self.color(doodad.color.as_ref());
                self.list.extend([color, 0, 0, 0]);
                text(&mut self.list, &doodad.text);
                text(&mut self.list, &doodad.font.name());
            }
            Kind::Indicator => {
                let shape = self.shape_named(&doodad.shape);
                let [on, off] = [&doodad.lamp[0], &doodad.lamp[1]].map(|color| self.color(color.as_ref()));
                self.list.extend([shape, on, off, 0, 0, 0, 0, 0]);
            }
            Kind::Logo => {
                let (color, shape) = (self.color(doodad.color.as_ref()), self.shape_named(&doodad.shape));
                self.list.extend([color, shape, 0, 0, 0, 0, 0, 0]);
                text(&mut self.list, &doodad.text);
            }
        }
    }

    /// Other names of keys that there are; how many.
    fn aliases(&mut self, aliases: &[([u8; 4], [u8; 4])]) -> u16 {
        let mut count = 0;
        for (real, alias) in aliases.iter().take(usize::from(u16::MAX)) {
            self.list.extend(real);
            self.list.extend(alias);
            count += 1;
        }
        count
    }
}
