//! The text of keymap files: words, expressions and statements, the same in all kinds of sections ("The XKB Configuration
//! Guide" and the files of the keymap database themselves).

use std::rc::Rc;

use super::Fault;

/// The thing that something is a field of, the field, and which one of several.
pub(super) type Target<'a> = (String, String, Option<&'a Expr>);
/// What is assigned to, and what.
pub(super) type Assignment<'a> = (Target<'a>, Expr);

/// A section of a file: `xkb_symbols "basic" { … };`.
#[derive(Debug)]
pub(super) struct Section {
    /// The word it begins with, without `xkb_`.
    pub(super) keyword: String,
    pub(super) name: String,
    /// Included where the file is named and no section.
    pub(super) is_default: bool,
    pub(super) items: Vec<Item>,
}

/// How a statement goes together with what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Merge {
    #[default]
    Default,
    Augment,
    Override,
    Replace,
}

/// A statement, or a part of one between braces.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) merge: Merge,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// `include "pc+us"`
    Include(String),
    /// `virtual_modifiers Alt, Meta=Mod1`
    VirtualModifiers(Vec<Item>),
    /// `key <AE01> { … }`: a word, what it is about, and what is said of that.
    Block { keyword: String, head: Option<Expr>, body: Vec<Item> },
    /// `indicator 1 = "Caps Lock"`: a word, what it is about, and what that is.
    Define { keyword: String, head: Expr, value: Expr },
    /// `minimum = 8`
    Assign(Expr, Expr),
    /// `!allowExplicit`, `<AE01>`, `[ a, A ]`
    Value(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Name(String),
    /// `<AE01>`
    Key([u8; 4]),
    Text(Vec<u8>),
    /// In tenths.
    Number(i64),
    /// `group.multiplier`
    Field(String, String),
    /// `name[Group1]`, `key.type[Group1]`
    Of(Box<Expr>, Box<Expr>),
    Call(String, Vec<Expr>),
    List(Vec<Expr>),
    /// Several keysyms of one level.
    Together(Vec<Expr>),
    Add(Box<Expr>, Box<Expr>),
    Subtract(Box<Expr>, Box<Expr>),
    /// With a sign before it
    Plus(Box<Expr>),
    Minus(Box<Expr>),
    Not(Box<Expr>),
    Assign(Box<Expr>, Box<Expr>),
}

impl Expr {
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(tenths) => Some(tenths / 10),
            Self::Plus(value) => value.number(),
            Self::Minus(value) => value.number().map(|value| -value),
            _ => None,
        }
    }

    /// A word in small letters: most of them mean the same in any letters.
    pub(super) fn word(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.word()?.as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    /// What is assigned to.
    pub(super) fn target(&self) -> Option<Target<'_>> {
        match self {
            Self::Name(field) => Some((String::new(), field.to_ascii_lowercase(), None)),
            Self::Field(of, field) => Some((of.to_ascii_lowercase(), field.to_ascii_lowercase(), None)),
            Self::Of(target, index) => {
                let (of, field, _) = target.target()?;
                Some((of, field, Some(index.as_ref())))
            }
            _ => None,
        }
    }
}

impl Item {
    /// What is assigned and what to; a word alone is true, one with an exclamation mark false.
    pub(super) fn assignment(&self) -> Option<Assignment<'_>> {
        match &self.what {
            What::Assign(target, value) => Some((target.target()?, value.clone())),
            What::Value(flag) => flag.switched(),
            _ => None,
        }
    }
}

impl Expr {
    /// As [`Item::assignment`].
    pub(super) fn assignment(&self) -> Option<Assignment<'_>> {
        match self {
            Self::Assign(target, value) => Some((target.target()?, value.as_ref().clone())),
            flag => flag.switched(),
        }
    }

    /// A word alone is true, one with an exclamation mark false.
    fn switched(&self) -> Option<Assignment<'_>> {
        let word = |word: &str| Self::Name(word.to_owned());
        match self {
            Self::Not(target) => Some((target.target()?, word("false"))),
            target => Some((target.target()?, word("true"))),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Key([u8; 4]),
    Text(Vec<u8>),
    Number(i64),
    Sign(u8),
}

/// Reads a file.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Rc<Section>>, Fault> {
    let tokens = tokens(bytes)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let mut sections = Vec::new();
    while parser.at < tokens.len() {
        sections.push(Rc::new(parser.section()?));
    }
    Ok(sections)
}

fn tokens(bytes: &[u8]) -> Result<Vec<(Token, u32)>, Fault> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let rest = bytes.get(at..).unwrap_or_default();
        let span = |from: &[u8], wanted: fn(&u8) -> bool| {
            from.iter().position(|byte| !wanted(byte)).unwrap_or(from.len())
        };
        let fault = || Fault::Syntax { line };
        let token = match byte {
            b'\n' => {
                line += 1;
                at += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' | 0x0c => {
                at += 1;
                continue;
            }
            b'#' => {
                at += span(rest, |byte| *byte != b'\n');
                continue;
            }
            b'/' if rest.get(1) == Some(&b'/') => {
                at += span(rest, |byte| *byte != b'\n');
                continue;
            }
            b'"' => {
                let (text, length) = quoted(rest.get(1..).unwrap_or_default()).ok_or_else(fault)?;
                at += length + 1;
                Token::Text(text)
            }
            b'<' => {
                let length = rest.iter().position(|byte| *byte == b'>').ok_or_else(fault)?;
                let name = rest.get(1..length).unwrap_or_default();
                if name.contains(&b'\n') {
                    return Err(fault());
                }
                let mut key = [0; 4];
                key.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
                at += length + 1;
                Token::Key(key)
            }
            b'0' if matches!(rest.get(1), Some(b'x' | b'X')) => {
                let length = 2 + span(rest.get(2..).unwrap_or_default(), u8::is_ascii_hexdigit);
                let digits = std::str::from_utf8(rest.get(2..length).unwrap_or_default()).unwrap_or_default();
                at += length;
                Token::Number(i64::from(u32::from_str_radix(digits, 16).map_err(|_| fault())?) * 10)
            }
            b'0'..=b'9' => {
                let length = span(rest, |byte| byte.is_ascii_digit() || *byte == b'.');
                let digits = std::str::from_utf8(rest.get(..length).unwrap_or_default()).unwrap_or_default();
                at += length;
                let (whole, tenths) = digits.split_once('.').unwrap_or((digits, ""));
                let whole: u32 = whole.parse().map_err(|_| fault())?;
                let tenth = tenths.bytes().next().filter(u8::is_ascii_digit).map_or(0, |digit| digit - b'0');
                Token::Number(i64::from(whole) * 10 + i64::from(tenth))
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                let length = span(rest, |byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                at += length;
                Token::Word(String::from_utf8_lossy(rest.get(..length).unwrap_or_default()).into_owned())
            }
            b'{' | b'}' | b'[' | b']' | b'(' | b')' | b'=' | b';' | b',' | b'.' | b'+' | b'-' | b'!'
            | b'~' | b'*' | b'/' => {
                at += 1;
                Token::Sign(byte)
            }
            _ => return Err(fault()),
        };
        tokens.push((token, line));
    }
    Ok(tokens)
}

/// A text up to its closing mark, and how long it is with that.
fn quoted(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((text, at)),
            b'\n' => return None,
            b'\\' => {
                let escaped = *bytes.get(at)?;
                at += 1;
                text.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'v' => 11,
                    b'f' => 12,
                    b'e' => 27,
                    b'0' => {
                        let mut value = 0_u8;
                        while let Some(digit @ b'0'..=b'7') = bytes.get(at) {
                            value = value.wrapping_mul(8).wrapping_add(digit - b'0');
                            at += 1;
                        }
                        value
                    }
                    other => other,
                });
            }
            other => text.push(other),
        }
    }
}

struct Parser<'a> {
    tokens: &'a [(Token, u32)],
    at: usize,
    depth: u32,
}

/// How deep braces, brackets and signs may be in each other.
const DEEPEST: u32 = 40;
/// Terms of a sum.
const MOST_TERMS: u32 = 100;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn after(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|(token, _)| token)
    }

    fn fault(&self) -> Fault {
        let known = self.tokens.get(self.at).or(self.tokens.last());
        Fault::Syntax { line: known.map_or(0, |(_, line)| *line) }
    }

    fn is_sign(&self, sign: u8) -> bool {
        self.peek() == Some(&Token::Sign(sign))
    }

    /// Goes over a sign, if it is there.
    fn takes(&mut self, sign: u8) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn wants(&mut self, sign: u8) -> Result<(), Fault> {
        if self.takes(sign) { Ok(()) } else { Err(self.fault()) }
    }

    fn section(&mut self) -> Result<Section, Fault> {
        let mut is_default = false;
        loop {
            let Some(Token::Word(word)) = self.peek() else { return Err(self.fault()) };
            let word = word.to_ascii_lowercase();
            self.at += 1;
            let Some(keyword) = word.strip_prefix("xkb_") else {
                is_default |= word == "default";
                continue;
            };
            let mut name = String::new();
            if let Some(Token::Text(text)) = self.peek() {
                name = String::from_utf8_lossy(text).into_owned();
                self.at += 1;
            }
            self.wants(b'{')?;
            let items = if keyword == "keymap" {
                // A whole keymap in a file is nothing that others include.
                self.skip_block()?;
                Vec::new()
            } else {
                self.items()?
            };
            self.takes(b';');
            return Ok(Section { keyword: keyword.to_owned(), name, is_default, items });
        }
    }

    /// Goes behind the closing brace.
    fn skip_block(&mut self) -> Result<(), Fault> {
        let mut open = 1;
        while open > 0 {
            match self.peek().ok_or_else(|| self.fault())? {
                Token::Sign(b'{') => open += 1,
                Token::Sign(b'}') => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Statements up to a closing brace, and over that.
    fn items(&mut self) -> Result<Vec<Item>, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault());
        }
        let mut items = Vec::new();
        while !self.takes(b'}') {
            if self.takes(b';') || self.takes(b',') {
                continue;
            }
            items.push(self.item()?);
            if !(self.takes(b';') || self.takes(b',') || self.is_sign(b'}') || ends_itself(items.last())) {
                return Err(self.fault());
            }
        }
        self.depth -= 1;
        Ok(items)
    }

    fn item(&mut self) -> Result<Item, Fault> {
        let mut merge = Merge::Default;
        while let Some(Token::Word(word)) = self.peek() {
            let how = match word.to_ascii_lowercase().as_str() {
                "include" => Merge::Default,
                // What others call alternate is augmented.
                "augment" | "alternate" => Merge::Augment,
                "override" => Merge::Override,
                "replace" => Merge::Replace,
                _ => break,
            };
            match self.after() {
                Some(Token::Text(spec)) => {
                    let spec = String::from_utf8_lossy(spec).into_owned();
                    self.at += 2;
                    return Ok(Item { merge: how, what: What::Include(spec) });
                }
                Some(Token::Word(_) | Token::Key(_) | Token::Sign(b'!')) => {
                    merge = how;
                    self.at += 1;
                }
                _ => break,
            }
        }
        Ok(Item { merge, what: self.what()? })
    }

    fn what(&mut self) -> Result<What, Fault> {
        if self.takes(b'{') {
            return Ok(What::Block { keyword: String::new(), head: None, body: self.items()? });
        }
        if let Some(Token::Word(word)) = self.peek() {
            let mut keyword = word.to_ascii_lowercase();
            if matches!(keyword.as_str(), "virtual_modifiers" | "virtual_modifier" | "virtual_mods") {
                self.at += 1;
                let mut items = Vec::new();
                while !self.is_sign(b';') {
                    items.push(self.item()?);
                    if !self.takes(b',') && !self.is_sign(b';') {
                        return Err(self.fault());
                    }
                }
                return Ok(What::VirtualModifiers(items));
            }
            let operand = |token: Option<&Token>| {
                matches!(token, Some(Token::Word(_) | Token::Key(_) | Token::Text(_) | Token::Number(_)))
            };
            if keyword == "virtual" && operand(self.after()) {
                self.at += 1;
                if let Some(Token::Word(word)) = self.peek() {
                    keyword = format!("virtual_{}", word.to_ascii_lowercase());
                }
            }
            if operand(self.after()) {
                self.at += 1;
                let head = self.sum()?;
                if self.takes(b'{') {
                    return Ok(What::Block { keyword, head: Some(head), body: self.items()? });
                }
                self.wants(b'=')?;
                return Ok(What::Define { keyword, head, value: self.sum()? });
            }
            if self.after() == Some(&Token::Sign(b'{')) {
                self.at += 2;
                return Ok(What::Block { keyword, head: None, body: self.items()? });
            }
        }
        let first = self.sum()?;
        if !self.takes(b'=') {
            return Ok(What::Value(first));
        }
        if self.is_sign(b'{') {
            // An outline that is given a role: `approx = { [0, 0] }`.
            let keyword = first.word().ok_or_else(|| self.fault())?;
            self.at += 1;
            return Ok(What::Block { keyword, head: None, body: self.items()? });
        }
        Ok(What::Assign(first, self.sum()?))
    }

    fn sum(&mut self) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault());
        }
        let mut left = self.term()?;
        let mut terms = 0;
        loop {
            // Each is one deeper in what is before it.
            terms += 1;
            if terms > MOST_TERMS {
                return Err(self.fault());
            }
            if self.takes(b'+') {
                left = Expr::Add(Box::new(left), Box::new(self.term()?));
            } else if self.takes(b'-') {
                left = Expr::Subtract(Box::new(left), Box::new(self.term()?));
            } else {
                self.depth -= 1;
                return Ok(left);
            }
        }
    }

    fn term(&mut self) -> Result<Expr, Fault> {
        let token = self.peek().cloned().ok_or_else(|| self.fault())?;
        self.at += 1;
        let first = match token {
            Token::Key(key) => Expr::Key(key),
            Token::Text(text) => Expr::Text(text),
            Token::Number(tenths) => Expr::Number(tenths),
            Token::Word(name) => {
                if self.takes(b'(') {
                    return Ok(Expr::Call(name, self.list(b')')?));
                }
                if self.takes(b'.') {
                    let Some(Token::Word(field)) = self.peek().cloned() else { return Err(self.fault()) };
                    self.at += 1;
                    Expr::Field(name, field)
                } else {
                    Expr::Name(name)
                }
            }
            Token::Sign(b'[') => return Ok(Expr::List(self.list(b']')?)),
            Token::Sign(b'{') => return Ok(Expr::Together(self.list(b'}')?)),
            Token::Sign(b'(') => {
                let inner = self.sum()?;
                self.wants(b')')?;
                inner
            }
            Token::Sign(sign @ (b'+' | b'-' | b'!' | b'~')) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(self.fault());
                }
                let inner = Box::new(self.term()?);
                self.depth -= 1;
                return Ok(match sign {
                    b'+' => Expr::Plus(inner),
                    b'-' => Expr::Minus(inner),
                    _ => Expr::Not(inner),
                });
            }
            Token::Sign(_) => {
                self.at -= 1;
                return Err(self.fault());
            }
        };
        if self.takes(b'[') {
            let index = self.sum()?;
            self.wants(b']')?;
            return Ok(Expr::Of(Box::new(first), Box::new(index)));
        }
        Ok(first)
    }

    /// Expressions with commas between them up to a closing sign.
    fn list(&mut self, end: u8) -> Result<Vec<Expr>, Fault> {
        let mut list = Vec::new();
        while !self.takes(end) {
            let first = self.sum()?;
            list.push(if self.takes(b'=') {
                Expr::Assign(Box::new(first), Box::new(self.sum()?))
            } else {
                first
            });
            if !self.takes(b',') && !self.is_sign(end) {
                return Err(self.fault());
            }
        }
        Ok(list)
    }
}

/// Nothing has to stand between an `include` and what follows it.
fn ends_itself(item: Option<&Item>) -> bool {
    matches!(item, Some(Item { what: What::Include(_), .. }))
}
