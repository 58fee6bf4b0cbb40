//! Geometry: how a keyboard looks. Lengths are in millimetres by ten, as on the wire.

use super::syntax::{Expr, Item, Merge, What};
use super::{Body, Context, Fault};
use crate::atom::{Atom, Atoms};
use crate::keymap::Geometry;

/// A section of geometry.
#[derive(Default)]
pub(super) struct Looks {
    description: Vec<u8>,
    size: [i64; 2],
    /// Of the keyboard and its labels.
    colors: [Option<Vec<u8>>; 2],
    font: Font,
    /// The font of labels, where it is named as a whole.
    label_font: Option<Vec<u8>>,
    shapes: Vec<Shape>,
    sections: Vec<Section>,
    doodads: Vec<Doodad>,
    aliases: Vec<([u8; 4], [u8; 4])>,
    defaults: Defaults,
    priority: u8,
}

/// What is said of all things of a kind that follow.
#[derive(Clone, Default)]
struct Defaults {
    corner: i64,
    section: Place,
    row: Place,
    key: KeyLook,
    /// Kinds of doodads, fields and values.
    doodads: Vec<(Kind, String, Expr)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    top: i64,
    left: i64,
    width: i64,
    height: i64,
    angle: i64,
    priority: Option<u8>,
    vertical: bool,
}

#[derive(Debug, Clone, Default)]
struct KeyLook {
    shape: Vec<u8>,
    color: Option<Vec<u8>>,
    gap: i64,
}

struct Shape {
    name: Vec<u8>,
    outlines: Vec<Outline>,
    primary: Option<u8>,
    approximate: Option<u8>,
}

#[derive(Default)]
struct Outline {
    corner: i64,
    points: Vec<[i64; 2]>,
}

struct Section {
    name: Vec<u8>,
    place: Place,
    rows: Vec<Row>,
    doodads: Vec<Doodad>,
    overlays: Vec<Overlay>,
}

struct Overlay {
    name: Vec<u8>,
    /// Keys, and those they are over.
    keys: Vec<([u8; 4], [u8; 4])>,
}

struct Row {
    place: Place,
    keys: Vec<([u8; 4], KeyLook)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Outline = 1,
    Solid = 2,
    Text = 3,
    Indicator = 4,
    Logo = 5,
}

struct Doodad {
    kind: Kind,
    name: Vec<u8>,
    place: Place,
    shape: Vec<u8>,
    color: Option<Vec<u8>>,
    /// Of an indicator that is lit and that is not
    lamp: [Option<Vec<u8>>; 2],
    /// Of texts and logos
    text: Vec<u8>,
    font: Font,
}

/// The parts of a font's name, and its size in points by ten.
#[derive(Clone)]
struct Font {
    family: String,
    weight: String,
    slant: String,
    set_width: String,
    encoding: String,
    size: i64,
}

impl Default for Font {
    fn default() -> Self {
        Self {
            family: "helvetica".to_owned(),
            weight: "medium".to_owned(),
            slant: "r".to_owned(),
            set_width: "normal".to_owned(),
            encoding: "iso8859-1".to_owned(),
            size: 120,
        }
    }
}

impl Font {
    fn name(&self) -> Vec<u8> {
        let Self { family, weight, slant, set_width, encoding, size } = self;
        format!("-*-{family}-{weight}-{slant}-{set_width}--*-{size}-*-*-*-*-{encoding}").into_bytes()
    }

    fn take(&mut self, field: &str, value: &Expr) -> Option<()> {
        let text = || Some(String::from_utf8_lossy(value.text()?).into_owned());
        match field {
            "font" | "family" => self.family = text()?,
            "weight" | "fontweight" => self.weight = text()?,
            "slant" | "fontslant" => self.slant = text()?,
            "setwidth" | "fontwidth" | "fontsetwidth" => self.set_width = text()?,
            "encoding" | "fontencoding" => self.encoding = text()?,
            "size" | "fontsize" => self.size = tenths(value)?,
            _ => return None,
        }
        Some(())
    }
}

/// A length.
fn tenths(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Number(tenths) => Some(*tenths),
        Expr::Plus(value) => tenths(value),
        Expr::Minus(value) => tenths(value).map(|value| -value),
        _ => None,
    }
}

impl Place {
    /// Takes a field; none if it is not one.
    fn take(&mut self, field: &str, value: &Expr) -> Option<()> {
        match field {
            "top" => self.top = tenths(value)?,
            "left" => self.left = tenths(value)?,
            "width" => self.width = tenths(value)?,
            "height" => self.height = tenths(value)?,
            "angle" => self.angle = tenths(value)?,
            "priority" => self.priority = Some(u8::try_from(value.number()?).ok()?),
            "vertical" => self.vertical = value.flag()?,
            _ => return None,
        }
        Some(())
    }
}

impl KeyLook {
    fn take(&mut self, field: &str, value: &Expr) -> Option<()> {
        match field {
            "gap" => self.gap = tenths(value)?,
            "shape" => self.shape = value.text()?.to_vec(),
            "color" => self.color = Some(value.text()?.to_vec()),
            _ => return None,
        }
        Some(())
    }
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "outline" => Self::Outline,
            "solid" => Self::Solid,
            "text" => Self::Text,
            "indicator" => Self::Indicator,
            "logo" => Self::Logo,
            _ => return None,
        })
    }
}

impl Defaults {
    fn take(&mut self, of: &str, field: &str, value: &Expr) {
        match of {
            "shape" if matches!(field, "corner" | "cornerradius") => {
                self.corner = tenths(value).unwrap_or(self.corner);
            }
            "section" => drop(self.section.take(field, value)),
            "row" => drop(self.row.take(field, value)),
            "key" => drop(self.key.take(field, value)),
            _ => {
                if let Some(kind) = Kind::of(of) {
                    self.doodads.retain(|(known, name, _)| (*known, name.as_str()) != (kind, field));
                    self.doodads.push((kind, field.to_owned(), value.clone()));
                }
            }
        }
    }

    fn doodad(&self, kind: Kind, name: &[u8], font: &Font, body: &[Item], next: &mut u8) -> Doodad {
        let mut doodad = Doodad {
            kind,
            name: name.to_vec(),
            place: Place::default(),
            shape: Vec::new(),
            color: None,
            lamp: [None, None],
            text: Vec::new(),
            font: font.clone(),
        };
        for (_, field, value) in self.doodads.iter().filter(|(known, ..)| *known == kind) {
            doodad.take(field, value);
        }
        for item in body {
            if let Some(((_, field, _), value)) = item.assignment() {
                doodad.take(&field, &value);
            }
        }
        doodad.place.priority.get_or_insert(*next);
        *next = next.saturating_add(1);
        doodad
    }
}

impl Doodad {
    fn take(&mut self, field: &str, value: &Expr) -> Option<()> {
        match field {
            "shape" => self.shape = value.text()?.to_vec(),
            "color" => self.color = Some(value.text()?.to_vec()),
            "oncolor" => self.lamp[0] = Some(value.text()?.to_vec()),
            "offcolor" => self.lamp[1] = Some(value.text()?.to_vec()),
            "text" | "logoname" | "name" => self.text = value.text()?.to_vec(),
            _ => {
                return self.place.take(field, value).or_else(|| self.font.take(field, value));
            }
        }
        Some(())
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

impl Body for Looks {
    const FOLDER: &'static str = "geometry";
    const KEYWORDS: &'static [&'static str] = &["geometry"];

    fn take(&mut self, _: &mut Context, item: &Item) -> Result<(), Fault> {
        match &item.what {
            What::Block { keyword, head: Some(Expr::Text(name)), body } if keyword == "shape" => {
                self.shapes.push(shape(name, self.defaults.corner, body));
            }
            What::Block { keyword, head: Some(Expr::Text(name)), body } if keyword == "section" => {
                let mut section = section(name, &self.defaults, &self.font, body);
                section.place.priority.get_or_insert(self.priority);
                self.priority = self.priority.saturating_add(1);
                self.sections.push(section);
            }
            What::Block { keyword, head: Some(Expr::Text(name)), body } => {
                if let Some(kind) = Kind::of(keyword) {
                    let doodad = self.defaults.doodad(kind, name, &self.font, body, &mut self.priority);
                    self.doodads.push(doodad);
                }
            }
            What::Define { keyword, head: Expr::Key(alias), value: Expr::Key(real) }
                if keyword == "alias" =>
            {
                self.aliases.push((*real, *alias));
            }
            _ => {
                if let Some(((of, field, _), value)) = item.assignment() {
                    if of.is_empty() {
                        self.set(&field, &value);
                    } else {
                        self.defaults.take(&of, &field, &value);
                    }
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Self, _: Merge) {
        // One keyboard looks one way: what is included is all, or adds to it.
        if self.shapes.is_empty() && self.sections.is_empty() {
            *self = other;
            return;
        }
        self.shapes.extend(other.shapes);
        self.sections.extend(other.sections);
        self.doodads.extend(other.doodads);
        self.aliases.extend(other.aliases);
    }
}

impl Looks {
    fn set(&mut self, field: &str, value: &Expr) -> Option<()> {
        match field {
            "description" => self.description = value.text()?.to_vec(),
            "width" => self.size[0] = tenths(value)?,
            "height" => self.size[1] = tenths(value)?,
            "basecolor" => self.colors[0] = Some(value.text()?.to_vec()),
            "labelcolor" => self.colors[1] = Some(value.text()?.to_vec()),
            "xfont" => self.label_font = Some(value.text()?.to_vec()),
            _ => return self.font.take(field, value),
        }
        Some(())
    }

    /// As it is kept and told; none if there is nothing to see of it.
    pub(super) fn into_geometry(self, atoms: &mut Atoms, context: &Context, name: Atom) -> Option<Geometry> {
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

fn shape(name: &[u8], corner: i64, body: &[Item]) -> Shape {
    let mut shape = Shape { name: name.to_vec(), outlines: Vec::new(), primary: None, approximate: None };
    let mut corner = corner;
    for item in body {
        if let What::Block { keyword, body, .. } = &item.what {
            let mut outline = Outline { corner, points: Vec::new() };
            for point in body {
                match &point.what {
                    What::Value(Expr::List(point)) => {
                        if let [x, y] = point.as_slice() {
                            outline.points.extend(tenths(x).zip(tenths(y)).map(|(x, y)| [x, y]));
                        }
                    }
                    _ => {
                        if let Some(((_, field, _), value)) = point.assignment()
                            && matches!(field.as_str(), "corner" | "cornerradius")
                        {
                            outline.corner = tenths(&value).unwrap_or(corner);
                        }
                    }
                }
            }
            let index = shape.outlines.len().min(254) as u8;
            match keyword.as_str() {
                "primary" => shape.primary = Some(index),
                "approx" | "approximation" => shape.approximate = Some(index),
                _ => {}
            }
            shape.outlines.push(outline);
        } else if let Some(((_, field, _), value)) = item.assignment()
            && matches!(field.as_str(), "corner" | "cornerradius")
        {
            corner = tenths(&value).unwrap_or(corner);
        }
    }
    shape.outlines.truncate(254);
    shape
}

fn section(name: &[u8], outer: &Defaults, font: &Font, body: &[Item]) -> Section {
    let mut defaults = outer.clone();
    let mut section = Section {
        name: name.to_vec(),
        place: defaults.section,
        rows: Vec::new(),
        doodads: Vec::new(),
        overlays: Vec::new(),
    };
    let mut priority = 0;
    for item in body {
        match &item.what {
            What::Block { keyword, body, .. } if keyword == "row" => section.rows.push(row(&defaults, body)),
            What::Block { keyword, head: Some(Expr::Text(name)), body } if keyword == "overlay" => {
                let pair = |item: &Item| match item.what {
                    What::Assign(Expr::Key(under), Expr::Key(over)) => Some((over, under)),
                    _ => None,
                };
                let keys = body.iter().filter_map(pair).collect();
                section.overlays.push(Overlay { name: name.clone(), keys });
            }
            What::Block { keyword, head: Some(Expr::Text(name)), body } => {
                if let Some(kind) = Kind::of(keyword) {
                    section.doodads.push(defaults.doodad(kind, name, font, body, &mut priority));
                }
            }
            _ => {
                if let Some(((of, field, _), value)) = item.assignment() {
                    if of.is_empty() {
                        section.place.take(&field, &value);
                    } else {
                        defaults.take(&of, &field, &value);
                    }
                }
            }
        }
    }
    section
}

fn row(outer: &Defaults, body: &[Item]) -> Row {
    let mut defaults = outer.clone();
    let mut row = Row { place: defaults.row, keys: Vec::new() };
    for item in body {
        match &item.what {
            What::Block { keyword, body, .. } if keyword == "keys" => {
                row.keys.extend(body.iter().filter_map(|item| key(&defaults.key, item)));
            }
            _ => {
                if let Some(((of, field, _), value)) = item.assignment() {
                    if of.is_empty() {
                        row.place.take(&field, &value);
                    } else {
                        defaults.take(&of, &field, &value);
                    }
                }
            }
        }
    }
    row
}

/// A key of a row: its name, or between braces with a shape, a gap before it, and fields.
fn key(defaults: &KeyLook, item: &Item) -> Option<([u8; 4], KeyLook)> {
    let mut look = defaults.clone();
    match &item.what {
        What::Value(Expr::Key(name)) => Some((*name, look)),
        What::Block { body, .. } => {
            let mut found = None;
            for part in body {
                match &part.what {
                    What::Value(Expr::Key(name)) => found = Some(*name),
                    What::Value(Expr::Text(shape)) => look.shape.clone_from(shape),
                    What::Value(gap) if tenths(gap).is_some() => look.gap = tenths(gap)?,
                    _ => {
                        if let Some(((_, field, _), value)) = part.assignment() {
                            look.take(&field, &value);
                        }
                    }
                }
            }
            Some((found?, look))
        }
        _ => None,
    }
}

/// Writes a geometry as it is told (XKB protocol, 16.3.12).
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
