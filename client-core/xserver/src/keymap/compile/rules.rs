//! Rules: which components names of a model, layouts, variants and options stand for.
//!
//! A file of rules is a row of tables. The head of a table says what is looked at and which component is found
//! (`! model layout[1] = symbols`); in each table the first line that fits counts, in those of options each. What begins
//! with `+` or `|` is added to what was found before, anything else only where nothing was.

use super::{Components, Fault};
use crate::config::{KeyboardNames, KeymapFiles};
use crate::keymap::GROUPS;

/// Finds the components that the names stand for.
pub(crate) fn components(files: KeymapFiles, names: &KeyboardNames) -> Result<Components, Fault> {
    let path = format!("rules/{}", names.rules);
    if names.rules.is_empty() || names.rules.contains(['/', '.']) {
        return Err(Fault::NoFile(path));
    }
    let bytes = (files.read)(&path).ok_or(Fault::NoFile(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let names = Names::new(names);
    let mut rules = Rules::default();
    // A backslash joins lines.
    let text = text.replace("\\\n", " ");
    for line in text.lines() {
        let line = line.split_once("//").map_or(line, |(line, _)| line).trim();
        if let Some(head) = line.strip_prefix('!') {
            rules.head(head.trim());
        } else if !line.is_empty() {
            rules.line(line, &names);
        }
    }
    let found = rules.found;
    let missing = [
        (&found.keycodes, "keycodes"),
        (&found.types, "types"),
        (&found.compatibility, "compatibility"),
        (&found.symbols, "symbols"),
    ];
    if let Some((_, what)) = missing.into_iter().find(|(component, _)| component.is_empty()) {
        return Err(Fault::NoRule(what));
    }
    Ok(found)
}

/// The names that are looked at.
struct Names<'a> {
    model: &'a str,
    /// With their variants
    layouts: Vec<(&'a str, &'a str)>,
    options: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn new(names: &'a KeyboardNames) -> Self {
        let mut variants = names.variant.split(',');
        let layouts = names.layout.split(',').map(|layout| (layout, variants.next().unwrap_or("")));
        Self {
            model: &names.model,
            layouts: layouts.take(GROUPS).collect(),
            options: names.options.split(',').filter(|option| !option.is_empty()).collect(),
        }
    }

    /// A layout and its variant: one without a number is there where there is only one.
    fn layout(&self, number: Option<usize>) -> Option<(&'a str, &'a str)> {
        match number {
            None if self.layouts.len() == 1 => self.layouts.first().copied(),
            Some(number) if self.layouts.len() > 1 => self.layouts.get(number.checked_sub(1)?).copied(),
            _ => None,
        }
    }

    /// Writes the names where a percent sign stands for them: `%l`, `%(v[2])`.
    fn write(&self, text: &str) -> String {
        let mut written = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            written.push_str(before);
            let (mark, after) = match after.chars().next() {
                Some(mark @ ('(' | '+' | '|' | '-' | '_')) => {
                    (Some(mark), after.get(1..).unwrap_or_default())
                }
                _ => (None, after),
            };
            let what = after.chars().next();
            let after = after.get(what.map_or(0, char::len_utf8)..).unwrap_or_default();
            let (number, mut after) = numbered(after);
            let layout =
                || self.layout(number).or_else(|| self.layouts.first().copied().filter(|_| number.is_none()));
            let value = match what {
                Some('m') => self.model,
                Some('l') => layout().map_or("", |(layout, _)| layout),
                Some('v') => layout().map_or("", |(_, variant)| variant),
                _ => "",
            };
            if mark == Some('(') {
                after = after.strip_prefix(')').unwrap_or(after);
            }
            if !value.is_empty() {
                written.extend(mark);
                written.push_str(value);
                if mark == Some('(') {
                    written.push(')');
                }
            }
            rest = after;
        }
        written.push_str(rest);
        written
    }
}

/// The number between brackets that a text begins with, and what follows it.
fn numbered(text: &str) -> (Option<usize>, &str) {
    let inner = text.strip_prefix('[').and_then(|text| text.split_once(']'));
    inner.map_or((None, text), |(number, after)| (number.parse().ok(), after))
}

/// What a column of a table is about.
#[derive(Debug, Clone, Copy)]
enum Column {
    Model,
    Layout(Option<usize>),
    Variant(Option<usize>),
    Option,
    Unknown,
}

#[derive(Default)]
struct Rules {
    found: Components,
    /// Names for several names.
    lists: Vec<(String, Vec<String>)>,
    columns: Vec<Column>,
    component: String,
    /// A line of the table has been found to fit.
    is_done: bool,
}

impl Rules {
    /// The head of a table, or a list of names.
    fn head(&mut self, head: &str) {
        let Some((left, right)) = head.split_once('=') else { return };
        if let Some(name) = left.trim().strip_prefix('$') {
            let members = right.split_whitespace().map(str::to_owned).collect();
            self.lists.push((name.to_owned(), members));
            return;
        }
        let column = |word: &str| {
            let (name, number) = word.split_at(word.find('[').unwrap_or(word.len()));
            let number = numbered(number).0;
            match name {
                "model" => Column::Model,
                "layout" => Column::Layout(number),
                "variant" => Column::Variant(number),
                "option" => Column::Option,
                _ => Column::Unknown,
            }
        };
        self.columns = left.split_whitespace().map(column).collect();
        right.trim().clone_into(&mut self.component);
        self.is_done = false;
    }

    fn line(&mut self, line: &str, names: &Names<'_>) {
        let Some((left, right)) = line.split_once('=') else { return };
        let of_options = self.columns.iter().any(|column| matches!(column, Column::Option));
        if self.columns.is_empty() || (self.is_done && !of_options) {
            return;
        }
        let values: Vec<&str> = left.split_whitespace().collect();
        let fits = values.len() == self.columns.len()
            && self.columns.iter().zip(&values).all(|(column, value)| self.fits(*column, value, names));
        if !fits {
            return;
        }
        self.is_done = true;
        let slot = match self.component.as_str() {
            "keycodes" => &mut self.found.keycodes,
            "types" => &mut self.found.types,
            "compat" => &mut self.found.compatibility,
            "symbols" => &mut self.found.symbols,
            "geometry" => &mut self.found.geometry,
            _ => return,
        };
        let text = names.write(right.trim());
        if slot.is_empty() || text.starts_with(['+', '|']) {
            slot.push_str(&text);
        }
    }

    fn fits(&self, column: Column, value: &str, names: &Names<'_>) -> bool {
        let is = |name: &str| match value.strip_prefix('$') {
            Some(list) => {
                let known = self.lists.iter().find(|(known, _)| known == list);
                known.is_some_and(|(_, members)| members.iter().any(|member| member == name))
            }
            None => value == "*" || value == name,
        };
        match column {
            Column::Model => is(names.model),
            Column::Layout(number) => names.layout(number).is_some_and(|(layout, _)| is(layout)),
            Column::Variant(number) => {
                names.layout(number).is_some_and(|(_, variant)| !variant.is_empty() && is(variant))
            }
            Column::Option => names.options.iter().any(|option| is(option)),
            Column::Unknown => false,
        }
    }
}
