//! Geometry: how a keyboard looks. Lengths are in millimetres by ten, as on the wire.

use super::syntax::{Expr, Item, Merge, What};
use super::{Body, Context, Fault};

mod written;

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
