//! One colour into pixel memory: lines, dots, bitmaps, rectangles and shapes that are known to lie within it.
//!
//! A pixel becomes `dst & and ^ xor`; where nothing of it stays it is only written, which spares waiting for it. Nothing
//! here clips: what is outside of the memory all the same is left out.

use super::bresenham::Line;
use super::pixmap::Pixel;
use super::rop::fill_row;
use crate::region::Rect;

/// A shape that can draw itself into pixel memory, no pixel of it outside.
pub(super) trait PlainShape {
    /// Combines each of its pixels; `stride` is the memory's width, `origin` what to add to the shape's coordinates.
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, origin: (i32, i32), combine: impl Fn(&mut P));
}

pub(super) fn draw_shape<P: Pixel>(
    data: &mut [P],
    width: usize,
    origin: (i32, i32),
    (and, xor): (u32, u32),
    shape: &impl PlainShape,
) {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        shape.draw(data, width, origin, move |pixel| *pixel = xor);
    } else {
        shape.draw(data, width, origin, move |pixel| *pixel = *pixel & and ^ xor);
    }
}

/// The rectangle around two pixels.
pub(super) fn around(a: (i32, i32), b: (i32, i32)) -> Rect {
    Rect { x1: a.0.min(b.0), y1: a.1.min(b.1), x2: a.0.max(b.0) + 1, y2: a.1.max(b.1) + 1 }
}

/// Steps through pixel memory along a line.
pub(super) struct Walk {
    width: isize,
    /// Where the next pixel is, and what a step adds: along the major axis, and along the minor one besides.
    at: isize,
    major: isize,
    minor: isize,
    /// Grows by `up` with each step; reaching 0 takes it `down` and along the minor axis.
    error: i64,
    up: i64,
    down: i64,
}

impl Walk {
    /// At a line's first point.
    #[inline]
    pub(super) fn new(line: &Line, width: usize) -> Self {
        let width = width as isize;
        let offset = |(x, y): (i32, i32)| y as isize * width + x as isize;
        let (error, up, down) = line.first_error();
        Self {
            width,
            at: offset(line.ends().0),
            major: offset(line.major),
            minor: offset(line.minor),
            error,
            up,
            down,
        }
    }

    /// Goes to a later step, whose point is known.
    pub(super) fn enter(&mut self, line: &Line, step: i64, (x, y): (i32, i32)) {
        self.at = y as isize * self.width + x as isize;
        (self.error, self.up, self.down) = line.error_at(step);
    }

    #[inline]
    fn advance(&mut self) {
        self.at += self.major;
        self.error += self.up;
        if self.error >= 0 {
            self.error -= self.down;
            self.at += self.minor;
        }
    }

    /// Passes over so many steps.
    pub(super) fn skip(&mut self, count: i64) {
        for _ in 0..count {
            self.advance();
        }
    }

    /// Draws so many steps as `dst & and ^ xor`.
    #[inline]
    pub(super) fn draw<P: Pixel>(&mut self, data: &mut [P], count: i64, (and, xor): (u32, u32)) {
        let (and, xor) = (P::from_value(and), P::from_value(xor));
        if and == P::from_value(0) {
            self.each(data, count, |pixel| *pixel = xor);
        } else {
            self.each(data, count, |pixel| *pixel = *pixel & and ^ xor);
        }
    }

    /// Draws steps by a pattern that tells for each whether it is odd, from a position in it on.
    pub(super) fn draw_pattern<P: Pixel>(
        &mut self,
        data: &mut [P],
        count: i64,
        pattern: (&[bool], u64),
        even: (u32, u32),
        odd: Option<(u32, u32)>,
    ) {
        let colour = |(and, xor): (u32, u32)| (P::from_value(and), P::from_value(xor));
        if odd.is_none() && P::from_value(even.0) == P::from_value(0) {
            // What is left out is not even read: it may be a cache miss of its own.
            let xor = P::from_value(even.1);
            self.each_of(data, count, pattern, |pixel, odd| {
                if odd == 0 {
                    *pixel = xor;
                }
            });
            return;
        }
        // What is left out is drawn as it is: the pattern costs no branch.
        let [even, odd] = [even, odd.unwrap_or((u32::MAX, 0))].map(colour);
        let (ands, xors) = ([even.0, odd.0], [even.1, odd.1]);
        if ands == [P::from_value(0); 2] {
            self.each_of(data, count, pattern, |pixel, odd| *pixel = xors[odd]);
        } else {
            self.each_of(data, count, pattern, |pixel, odd| *pixel = *pixel & ands[odd] ^ xors[odd]);
        }
    }

    #[inline]
    fn each_of<P: Pixel>(
        &mut self,
        data: &mut [P],
        count: i64,
        (pattern, position): (&[bool], u64),
        combine: impl Fn(&mut P, usize),
    ) {
        let mut turn = pattern.get((position % pattern.len().max(1) as u64) as usize..).unwrap_or(&[]);
        let mut left = count.max(0) as usize;
        while left > 0 && !turn.is_empty() {
            let now = turn.get(..left).unwrap_or(turn);
            for is_odd in now {
                if let Some(pixel) = data.get_mut(self.at as usize) {
                    combine(pixel, usize::from(*is_odd));
                }
                self.advance();
            }
            left -= now.len();
            turn = pattern;
        }
    }

    #[inline]
    fn each<P: Pixel>(&mut self, data: &mut [P], count: i64, combine: impl Fn(&mut P)) {
        for _ in 0..count {
            if let Some(pixel) = data.get_mut(self.at as usize) {
                combine(pixel);
            }
            self.advance();
        }
    }
}

/// Combines the pixels of a line's first steps.
#[inline]
pub(super) fn walk<P: Pixel>(
    line: &Line,
    width: usize,
    data: &mut [P],
    count: i64,
    combine: impl Fn(&mut P),
) {
    Walk::new(line, width).each(data, count, combine);
}

/// Draws lines that lie within the pixels, and tells the rectangle around them.
pub(super) fn draw_lines<P: Pixel>(
    data: &mut [P],
    width: usize,
    lines: impl Iterator<Item = ((i32, i32), (i32, i32))>,
    with_last: bool,
    colour: (u32, u32),
) -> Rect {
    let mut touched = Rect::new(i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    let (and, xor) = (P::from_value(colour.0), P::from_value(colour.1));
    for (a, b) in lines {
        let part = around(a, b);
        touched = Rect {
            x1: touched.x1.min(part.x1),
            y1: touched.y1.min(part.y1),
            x2: touched.x2.max(part.x2),
            y2: touched.y2.max(part.y2),
        };
        if (b.0 - a.0).abs() <= 1 && (b.1 - a.1).abs() <= 1 {
            // So short that it has no more than its ends.
            let ends = if with_last && a != b { 2 } else { usize::from(with_last || a != b) };
            for (x, y) in [a, b].into_iter().take(ends) {
                if let Some(pixel) = data.get_mut(y as usize * width + x as usize) {
                    *pixel = *pixel & and ^ xor;
                }
            }
            continue;
        }
        if a.1 == b.1 {
            // Level: a row, whose last pixel is at its left or right end.
            let row = a.1 as usize * width;
            let (from, to) = if a.0 <= b.0 {
                (a.0, b.0 + i32::from(with_last))
            } else {
                (b.0 + i32::from(!with_last), a.0 + 1)
            };
            if let Some(row) = data.get_mut(row + from as usize..row + to as usize) {
                fill_row(row, and, xor);
            }
            continue;
        }
        let line = Line::new(a, b);
        Walk::new(&line, width).draw(data, line.count + i64::from(with_last), colour);
    }
    if touched.is_empty() { Rect::EMPTY } else { touched }
}

/// Combines single pixels, and tells the rectangle around them.
pub(super) fn draw_dots<P: Pixel>(
    data: &mut [P],
    width: usize,
    points: impl Iterator<Item = (i32, i32)>,
    (and, xor): (u32, u32),
) -> Rect {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    // Pixels that are only written need not be waited for: on a large screen each is a cache miss of its own.
    if and == P::from_value(0) {
        each_dot(data, width, points, |pixel| *pixel = xor)
    } else {
        each_dot(data, width, points, |pixel| *pixel = *pixel & and ^ xor)
    }
}

fn each_dot<P: Pixel>(
    data: &mut [P],
    width: usize,
    points: impl Iterator<Item = (i32, i32)>,
    combine: impl Fn(&mut P),
) -> Rect {
    let mut around = Rect::new(i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    for (x, y) in points {
        if let Some(pixel) = data.get_mut(y as usize * width + x as usize) {
            combine(pixel);
        }
        around = Rect {
            x1: around.x1.min(x),
            y1: around.y1.min(y),
            x2: around.x2.max(x + 1),
            y2: around.y2.max(y + 1),
        };
    }
    if around.is_empty() { Rect::EMPTY } else { around }
}

/// Combines the pixels at a bitmap's set bits; `start` is where its corner lies in memory.
pub(super) fn draw_bits<'b, P: Pixel>(
    data: &mut [P],
    width: usize,
    start: usize,
    rows: impl Iterator<Item = &'b [u32]>,
    (and, xor): (u32, u32),
) {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        each_bit(data, width, start, rows, |pixel| *pixel = xor);
    } else {
        each_bit(data, width, start, rows, |pixel| *pixel = *pixel & and ^ xor);
    }
}

fn each_bit<'b, P: Pixel>(
    data: &mut [P],
    width: usize,
    start: usize,
    rows: impl Iterator<Item = &'b [u32]>,
    combine: impl Fn(&mut P),
) {
    for (words, start) in rows.zip((start..).step_by(width)) {
        for (word, start) in words.iter().zip((start..).step_by(32)) {
            let end = data.len().min(start + 32);
            let Some(row) = data.get_mut(start..end) else { return };
            let mut bits = *word;
            while bits != 0 {
                if let Some(pixel) = row.get_mut(bits.trailing_zeros() as usize) {
                    combine(pixel);
                }
                bits &= bits - 1;
            }
        }
    }
}

pub(super) fn fill_solid<P: Pixel>(data: &mut [P], width: usize, rect: Rect, and: u32, xor: u32) {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        each_row(data, width, rect, |row| row.fill(xor));
    } else {
        each_row(data, width, rect, |row| row.iter_mut().for_each(|d| *d = *d & and ^ xor));
    }
}

/// Fills rectangles that lie within the pixels, and tells the rectangle around them.
pub(super) fn fill_rects<P: Pixel>(
    data: &mut [P],
    width: usize,
    rects: impl Iterator<Item = Rect>,
    (and, xor): (u32, u32),
) -> Rect {
    let (and, xor) = (P::from_value(and), P::from_value(xor));
    if and == P::from_value(0) {
        each_rect(data, width, rects, |row| {
            // A call of the library's fill costs more than a few pixels do.
            if row.len() < 8 {
                for pixel in row {
                    *pixel = xor;
                }
            } else {
                row.fill(xor);
            }
        })
    } else {
        each_rect(data, width, rects, |row| row.iter_mut().for_each(|d| *d = *d & and ^ xor))
    }
}

fn each_rect<P: Pixel>(
    data: &mut [P],
    width: usize,
    rects: impl Iterator<Item = Rect>,
    fill: impl Fn(&mut [P]),
) -> Rect {
    let mut touched = Rect::new(i32::MAX, i32::MAX, i32::MIN, i32::MIN);
    for rect in rects {
        touched = Rect {
            x1: touched.x1.min(rect.x1),
            y1: touched.y1.min(rect.y1),
            x2: touched.x2.max(rect.x2),
            y2: touched.y2.max(rect.y2),
        };
        each_row(data, width, rect, &fill);
    }
    if touched.is_empty() { Rect::EMPTY } else { touched }
}

#[inline]
fn each_row<P: Pixel>(data: &mut [P], width: usize, rect: Rect, fill: impl Fn(&mut [P])) {
    let (x1, length) = (rect.x1.max(0) as usize, rect.width() as usize);
    let mut start = rect.y1.max(0) as usize * width + x1;
    for _ in rect.y1..rect.y2 {
        if let Some(row) = data.get_mut(start..start + length) {
            fill(row);
        }
        start += width;
    }
}
