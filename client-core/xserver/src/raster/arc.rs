//! Arcs, one pixel wide.
//!
//! An ellipse is stepped through pixel by pixel in one quadrant, from the top to the side, and mirrored. Each step goes
//! straight or diagonally, whichever pixel is nearer: the sign of the ellipse's equation half way between them tells
//! (Pitteway, "Algorithm for drawing ellipses or hyperbolae with a digital plotter", 1967). All four quarters are drawn
//! at once; where an arc begins or ends within a quarter, that quarter is switched on or off on the way.
//!
//! The protocol leaves the pixels of thin arcs to the server. Where an angle falls between pixels, and how dashes are
//! counted, is as in other X servers, since programs and tests expect their pixels.

use std::ops::Range;

use x11rb_protocol::protocol::xproto::Arc;

use super::dash::Dashes;
use super::fill::Painter;
use super::fill_arc::FULL;
use super::pixmap::Pixel;
use super::plain::PlainShape;
use super::{Canvas, CapStyle, Gc, LineStyle};
use crate::region::Rect;

const QUARTER: i32 = FULL / 4;
const EIGHTH: i32 = FULL / 8;

/// Ellipses larger than this in either direction are drawn as wide arcs of one pixel, solid ones without caps; circles of
/// any size are not.
const LARGEST: u16 = 800;

impl Canvas<'_> {
    /// X11 §9 `PolyArc`.
    pub fn poly_arc(&mut self, gc: &Gc, arcs: &[Arc]) -> Rect {
        let is_thin = |arc: &Arc| arc.width == arc.height || arc.width.max(arc.height) <= LARGEST;
        if gc.line_width > 0 {
            let mut painter = self.painter(gc);
            painter.wide_arcs(gc, arcs);
            return painter.finish();
        }
        let mut large = Rect::EMPTY;
        if !arcs.iter().all(is_thin) {
            let cap_style = if gc.line_style == LineStyle::Solid { CapStyle::Butt } else { gc.cap_style };
            let wide = Gc { line_width: 1, cap_style, ..gc.clone() };
            let mut painter = self.painter(&wide);
            for arc in arcs.iter().filter(|arc| !is_thin(arc)) {
                painter.wide_arcs(&wide, std::slice::from_ref(arc));
            }
            large = painter.finish();
        }
        let mut painter = self.painter(gc);
        let arcs = arcs.iter().filter(|arc| is_thin(arc));
        if gc.line_style == LineStyle::Solid {
            let mut steps = Steps::default();
            arcs.filter(|arc| !is_nothing(arc)).for_each(|arc| painter.thin_arc(arc, &mut steps));
        } else {
            painter.thin_dashed_arcs(gc, arcs);
        }
        painter.finish().bound(&large)
    }
}

/// X11 §9 draws nothing for an arc without width and height.
fn is_nothing(arc: &Arc) -> bool {
    arc.width == 0 && arc.height == 0
}

impl<'a> Painter<'a> {
    fn thin_arc(&mut self, arc: &Arc, steps: &mut Steps) {
        let frame = Frame::new(arc);
        let turn = Turn::new(arc);
        if turn.start == turn.end && arc.angle2 != 0 && arc.width > 0 && arc.height > 0 {
            if !self.plain_ellipse(&frame, steps) {
                let mut points = Vec::new();
                frame.whole(|x, y| points.push((x, y)));
                self.dots(points.into_iter());
            }
            return;
        }
        steps.take(&frame);
        let part = Part::new(&frame, Switches::new(arc, turn), &steps.steps);
        if !self.plain_shape(frame.bounds(), &part) {
            self.dots((0..4).flat_map(|quarter| part.pixels(quarter)));
        }
    }

    /// Draws a whole ellipse straight into pixel memory, where it lies within the clip; tells whether it was so.
    fn plain_ellipse(&mut self, frame: &Frame, steps: &mut Steps) -> bool {
        steps.take(frame);
        self.plain_shape(frame.bounds(), &EllipsePixels(frame, &steps.steps))
    }

    /// Dashes count the pixels along the arc from where it starts, in the direction it is drawn; an arc that starts where
    /// the one before it ended goes on with its dash, and leaves out the pixel they share.
    fn thin_dashed_arcs<'r>(&mut self, gc: &'a Gc, arcs: impl Iterator<Item = &'r Arc>) {
        let mut dashes = Dashes::new(gc);
        let mut paths = Paths::default();
        let mut first_start = None;
        let mut last_end = None;
        let mut arcs = arcs.enumerate().peekable();
        while let Some((index, arc)) = arcs.next() {
            let turn = Turn::new(arc);
            let mut path = if is_nothing(arc) { &[] } else { paths.take(arc, turn) };
            let corner = (i32::from(arc.x), i32::from(arc.y));
            let on_canvas = |at: &(i32, i32)| (at.0 + corner.0, at.1 + corner.1);
            let (Some(first), Some(last)) = (path.first().map(on_canvas), path.last().map(on_canvas)) else {
                continue;
            };
            let mut skip = 0;
            if last_end == Some(first) {
                skip = 1;
            } else {
                dashes.position = gc.dash_offset.into();
            }
            let whole = turn.start == turn.end;
            if index == 0 && !whole {
                first_start = Some(first);
            } else if arcs.peek().is_none() && first_start == Some(last) && path.len() > skip + 1 {
                path = &path[..path.len() - 1];
            }
            if !whole {
                last_end = Some(last);
            }
            let path = path.get(skip..).unwrap_or(&[]);
            let bounds = Frame::new(arc).bounds();
            let dashed = |odd| Dashed { corner, path, dashes: &dashes, odd };
            self.dashed(bounds, &dashed(false));
            if gc.line_style == LineStyle::DoubleDash {
                self.with_gap_source(gc, |painter| painter.dashed(bounds, &dashed(true)));
            }
            dashes.position += path.len() as u64;
        }
    }

    /// Draws pixels, all of which lie within `bounds`.
    fn dashed(&mut self, bounds: Rect, dashed: &Dashed<'_>) {
        if !self.plain_shape(bounds, dashed) {
            let (x, y) = dashed.corner;
            self.dots(dashed.pieces().flatten().map(|at| (at.0 + x, at.1 + y)));
        }
    }
}

/// The pixels of an arc one after the other, in the direction it is drawn, from the corner of its box; kept for the next
/// arc, as many are of one size and angles.
#[derive(Default)]
struct Paths {
    steps: Steps,
    of: Option<(u16, u16, i16, i16)>,
    path: Vec<(i32, i32)>,
    /// The quarter that the arc starts in, while the path is laid out.
    first: Vec<(i32, i32)>,
}

impl Paths {
    fn take(&mut self, arc: &Arc, turn: Turn) -> &[(i32, i32)] {
        let key = Some((arc.width, arc.height, arc.angle1, arc.angle2));
        if self.of != key {
            self.of = key;
            self.lay_out(&Arc { x: 0, y: 0, ..*arc }, turn);
        }
        &self.path
    }

    fn lay_out(&mut self, arc: &Arc, turn: Turn) {
        let Self { steps, path, first, .. } = self;
        path.clear();
        first.clear();
        let frame = Frame::new(arc);
        steps.take(&frame);
        let switches = Switches::new(arc, turn);
        let start_quarter = (turn.start / QUARTER) as usize;
        let start_at = switches.first;
        let part = Part::new(&frame, switches, &steps.steps);
        // How many pixels of its quarter come before the start, on the way from the top to the side.
        let start = steps.steps.iter().rposition(|at| start_at.reached(*at));
        let before = part.add_pixels(start_quarter, start.unwrap_or(0), first);
        let before = if start.is_none() { 0 } else { before };
        // Against the clock: odd quarters run from the top to the side, even ones back. The quarter of the start comes
        // first, from there on, and last, up to there.
        let (behind, ahead) = first.split_at(before.min(first.len()));
        let forwards = start_quarter % 2 == 1;
        if forwards {
            path.extend_from_slice(ahead);
        } else {
            path.extend(ahead.first());
            path.extend(behind.iter().rev());
        }
        for turned in 1..4 {
            let quarter = (start_quarter + turned) % 4;
            let from = path.len();
            part.add_pixels(quarter, 0, path);
            if quarter.is_multiple_of(2) {
                path[from..].reverse();
            }
        }
        if forwards {
            path.extend(behind.split_last().map_or(&[][..], |(_, rest)| rest));
        } else if let Some((_, after)) = ahead.split_first() {
            path.extend(after.iter().rev());
        }
        if arc.angle2 < 0 {
            path.reverse();
        }
    }
}

/// The angles between which an arc lies, against the clock, each within the first turn.
#[derive(Clone, Copy)]
struct Turn {
    start: i32,
    end: i32,
}

impl Turn {
    fn new(arc: &Arc) -> Self {
        let (from, extent) = (i32::from(arc.angle1), i32::from(arc.angle2).clamp(-FULL, FULL));
        let (start, end) = if extent < 0 { (from + extent, from) } else { (from, from + extent) };
        Self { start: start.rem_euclid(FULL), end: end.rem_euclid(FULL) }
    }
}

/// The box of an arc, and how its quadrant's steps are mirrored.
struct Frame {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
}

impl Frame {
    fn new(arc: &Arc) -> Self {
        Self { left: arc.x.into(), top: arc.y.into(), width: arc.width.into(), height: arc.height.into() }
    }

    /// The pixel of a step in a quarter.
    #[inline]
    fn pixel(&self, quarter: usize, (x, y): (i32, i32)) -> (i32, i32) {
        let middle = self.left + (self.width >> 1);
        (
            if quarter == 0 || quarter == 3 { middle + x } else { middle + (self.width & 1) - x },
            if quarter < 2 { self.top + y } else { self.top + self.height - y },
        )
    }

    /// The quarters that the last step has pixels of its own in: on the axis two are mirror images of the others.
    fn last_quarters(&self) -> u8 {
        if self.height & 1 == 1 { 0b1111 } else { 0b0101 }
    }

    /// The pixels of the whole ellipse.
    fn whole(&self, mut put: impl FnMut(i32, i32)) {
        if self.width & 1 == 0 {
            for quarter in [1, 3] {
                let (x, y) = self.pixel(quarter, (0, 0));
                put(x, y);
            }
        }
        quadrant(self.width, self.height, |at, last| {
            let drawn = if last { self.last_quarters() } else { 0b1111 };
            for quarter in (0..4).filter(|quarter| drawn >> quarter & 1 == 1) {
                let (x, y) = self.pixel(quarter, at);
                put(x, y);
            }
        });
    }

    /// Around all pixels.
    fn bounds(&self) -> Rect {
        Rect::from_size(self.left, self.top, self.width as u32 + 1, self.height as u32 + 1)
    }
}

/// A part of an ellipse: stretches of its quadrant's steps, over each of which the same quarters are drawn.
struct Part<'s> {
    frame: &'s Frame,
    steps: &'s [(i32, i32)],
    /// The quarters drawn at the very top, which is not a step.
    top: u8,
    /// Where each ends, and its quarters. Each of four switches may end one.
    stretches: [(usize, u8); 5],
}

impl<'s> Part<'s> {
    #[inline]
    fn new(frame: &'s Frame, mut switches: Switches, steps: &'s [(i32, i32)]) -> Self {
        let top = if frame.width & 1 == 0 { switches.quarters & 0b1010 } else { 0 };
        switches.leave_top();
        let Switches { mut quarters, on, off, .. } = switches;
        let mut on = Upcoming::new(on, 0, steps);
        let mut off = Upcoming::new(off, 1, steps);
        let mut stretches = [(steps.len(), 0); 5];
        for stretch in &mut stretches {
            let next = if off.at <= on.at { &mut off } else { &mut on };
            *stretch = (next.at.min(steps.len()), quarters);
            let Some(switch) = next.take(steps) else { break };
            quarters = switch.quarters;
        }
        Self { frame, steps, top, stretches }
    }

    /// Ranges of steps, and the quarters that are drawn there.
    fn stretches(&self) -> impl Iterator<Item = (Range<usize>, u8)> {
        let mut begin = 0;
        self.stretches
            .iter()
            .map(move |(end, quarters)| (std::mem::replace(&mut begin, *end)..*end, *quarters))
    }

    /// The steps of a stretch that has a pixel in a quarter. At the last step that is not so of all quarters.
    fn steps_of(&self, quarter: usize, (range, quarters): (Range<usize>, u8)) -> &'s [(i32, i32)] {
        let drawn = quarters >> quarter & 1 == 1;
        let without_last = self.steps.len() - usize::from(self.frame.last_quarters() >> quarter & 1 == 0);
        self.steps.get(range.start..range.end.min(without_last)).filter(|_| drawn).unwrap_or(&[])
    }

    /// The pixels of a quarter in the order of the steps.
    fn pixels(&self, quarter: usize) -> impl Iterator<Item = (i32, i32)> {
        let top = (self.top >> quarter & 1 == 1).then_some((0, 0));
        let steps = self.stretches().flat_map(move |stretch| self.steps_of(quarter, stretch));
        top.into_iter().chain(steps.copied()).map(move |at| self.frame.pixel(quarter, at))
    }

    /// Adds the pixels of a quarter in the order of the steps. Tells how many of them come before a step.
    fn add_pixels(&self, quarter: usize, before: usize, path: &mut Vec<(i32, i32)>) -> usize {
        let (left, up) = self.frame.pixel(quarter, (0, 0));
        let right = if quarter == 0 || quarter == 3 { 1 } else { -1 };
        let down = if quarter < 2 { 1 } else { -1 };
        let mut count = 0;
        if self.top >> quarter & 1 == 1 {
            path.push((left, up));
            count = 1;
        }
        for stretch in self.stretches() {
            let begin = stretch.0.start;
            let steps = self.steps_of(quarter, stretch);
            count += steps.len().min(before.saturating_sub(begin));
            path.extend(steps.iter().map(|(x, y)| (left + x * right, up + y * down)));
        }
        count
    }
}

impl PlainShape for Part<'_> {
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, (dx, dy): (i32, i32), combine: impl Fn(&mut P)) {
        let stride = stride as isize;
        let corner = |quarter| {
            let (x, y) = self.frame.pixel(quarter, (0, 0));
            (y + dy) as isize * stride + (x + dx) as isize
        };
        let corners = [corner(0), corner(1), corner(2), corner(3)];
        let mut put = |drawn: u8, (x, y): (i32, i32)| {
            let (right, down) = (x as isize, y as isize * stride);
            for (quarter, step) in
                [right + down, down - right, -right - down, right - down].into_iter().enumerate()
            {
                if drawn >> quarter & 1 == 1
                    && let Some(pixel) = data.get_mut((corners[quarter] + step) as usize)
                {
                    combine(pixel);
                }
            }
        };
        put(self.top, (0, 0));
        let last = self.steps.len().saturating_sub(1);
        for (range, drawn) in self.stretches() {
            for at in self.steps.get(range.start..range.end.min(last)).unwrap_or(&[]) {
                put(drawn, *at);
            }
            if range.contains(&last) {
                put(drawn & self.frame.last_quarters(), self.steps[last]);
            }
        }
    }
}

/// The switches of one kind that are still to come.
struct Upcoming {
    switches: [Option<Switch>; 2],
    /// How many steps after that at its place a switch works.
    after: usize,
    /// The step from which on the next one works, if there is one.
    at: usize,
}

impl Upcoming {
    const NEVER: usize = usize::MAX;

    fn new(switches: [Option<Switch>; 2], after: usize, steps: &[(i32, i32)]) -> Self {
        let mut upcoming = Self { switches, after, at: Self::NEVER };
        upcoming.find(0, steps);
        upcoming
    }

    #[inline]
    fn find(&mut self, from: usize, steps: &[(i32, i32)]) {
        let found = self.switches[0].and_then(|switch| switch.place.step(from, steps));
        self.at = found.map_or(Self::NEVER, |step| step + self.after);
    }

    /// The next one, which works no longer then.
    #[inline]
    fn take(&mut self, steps: &[(i32, i32)]) -> Option<Switch> {
        let [first, next] = self.switches;
        if self.at == Self::NEVER {
            return None;
        }
        self.switches = [next, None];
        self.find(self.at + 1 - self.after, steps);
        first
    }
}

/// The even dashes of a path, or its odd ones. It is counted from a corner.
struct Dashed<'p> {
    corner: (i32, i32),
    path: &'p [(i32, i32)],
    /// Where the path begins in its dashes.
    dashes: &'p Dashes,
    odd: bool,
}

impl<'p> Dashed<'p> {
    fn pieces(&self) -> impl Iterator<Item = &'p [(i32, i32)]> {
        let (mut rest, odd) = (self.path, self.odd);
        let dashes = self.dashes.runs(self.dashes.position).map_while(move |(is_odd, length)| {
            let (dash, after) = rest.split_at(rest.len().min(length as usize));
            rest = after;
            (!dash.is_empty()).then_some((is_odd, dash))
        });
        dashes.filter(move |(is_odd, _)| *is_odd == odd).map(|(_, dash)| dash)
    }
}

impl PlainShape for Dashed<'_> {
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, (dx, dy): (i32, i32), combine: impl Fn(&mut P)) {
        let stride = stride as isize;
        let corner = (self.corner.1 + dy) as isize * stride + (self.corner.0 + dx) as isize;
        for piece in self.pieces() {
            for (x, y) in piece {
                if let Some(pixel) = data.get_mut((corner + *y as isize * stride + *x as isize) as usize) {
                    combine(pixel);
                }
            }
        }
    }
}

/// Where an arc's end lies on the way from the top to the side: a column where the ellipse is flat, a row where it is
/// steep.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Column(i32),
    Row(i32),
}

impl Place {
    fn new(angle: i32, arc: &Arc) -> Self {
        let flat = (angle / EIGHTH + 1) & 2 != 0;
        if arc.height == 0 || (flat && arc.width > 0) {
            Self::Column((cosine(angle) * f64::midpoint(f64::from(arc.width), 1.0)) as i32).map_abs()
        } else {
            Self::Row(row_of(sine(angle), arc))
        }
    }

    fn map_abs(self) -> Self {
        match self {
            Self::Column(x) => Self::Column(x.abs()),
            row @ Self::Row(_) => row,
        }
    }

    fn reached(self, (x, y): (i32, i32)) -> bool {
        match self {
            Self::Column(column) => x == column,
            Self::Row(row) => y == row,
        }
    }

    /// The first step at the place, of those from `from` on.
    fn step(self, from: usize, steps: &[(i32, i32)]) -> Option<usize> {
        let rest = steps.get(from..)?;
        let before = match self {
            Self::Column(column) => rest.partition_point(|(x, _)| *x < column),
            Self::Row(row) => rest.partition_point(|(_, y)| *y < row),
        };
        rest.get(before).is_some_and(|at| self.reached(*at)).then_some(from + before)
    }

    fn at_top(self) -> bool {
        matches!(self, Self::Column(0) | Self::Row(0))
    }

    /// Columns come before rows: the ellipse is flat at the top.
    fn before(self, other: Self) -> bool {
        match (self, other) {
            (Self::Column(a), Self::Column(b)) | (Self::Row(a), Self::Row(b)) => a < b,
            (Self::Column(_), Self::Row(_)) => true,
            (Self::Row(_), Self::Column(_)) => false,
        }
    }
}

/// The row, from the top, of the point at an angle.
fn row_of(sin: f64, arc: &Arc) -> i32 {
    i32::from(arc.height >> 1) - ((sin * (f64::from(arc.height) / 2.0)) as i32).abs()
}

/// Of an angle within the first turn; quarters are exact.
fn cosine(angle: i32) -> f64 {
    if angle % QUARTER == 0 {
        [1.0, 0.0, -1.0, 0.0][(angle / QUARTER) as usize & 3]
    } else {
        radians(angle).cos()
    }
}

fn sine(angle: i32) -> f64 {
    if angle % QUARTER == 0 {
        [0.0, 1.0, 0.0, -1.0][(angle / QUARTER) as usize & 3]
    } else {
        radians(angle).sin()
    }
}

fn radians(angle: i32) -> f64 {
    f64::from(angle) * (std::f64::consts::PI / 11520.0)
}

/// A place on the way, and which quarters are drawn from there on.
#[derive(Clone, Copy)]
struct Switch {
    place: Place,
    quarters: u8,
}

/// When quarters are switched on (before the pixel at a place) and off (after it).
struct Switches {
    /// The quarters drawn now.
    quarters: u8,
    on: [Option<Switch>; 2],
    off: [Option<Switch>; 2],
    /// Where the start angle lies.
    first: Place,
}

/// Nearer to a multiple of 45 degrees than this, two ends may fall on one pixel by their column and their row.
const NEAR_EIGHTH: i32 = 64;

impl Switches {
    fn new(arc: &Arc, Turn { start, end }: Turn) -> Self {
        let wraps = arc.angle2 != 0 && end <= start;
        let (first, last) = (Place::new(start, arc), Place::new(end, arc));
        let mut touched = 0;
        for quarter in 0..4 {
            let (ends_after, starts_before) = (quarter * QUARTER <= end, (quarter + 1) * QUARTER > start);
            if if wraps { ends_after || starts_before } else { ends_after && starts_before } {
                touched |= 1 << quarter;
            }
        }
        let (start_bit, end_bit) = (1 << (start / QUARTER), 1 << (end / QUARTER));
        // In odd quarters the way from the top runs with the arc: its start switches on, its end off.
        let (start_is_on, end_is_on) = (start / QUARTER % 2 == 1, end / QUARTER % 2 == 0);
        let twice = wraps && start_bit == end_bit;
        let (mut quarters, mut at_start, mut at_end) = (touched, touched, touched);
        if first != last || !twice {
            for (is_on, bit) in [(start_is_on, start_bit), (end_is_on, end_bit)] {
                if is_on && !twice {
                    quarters &= !bit;
                }
            }
            // What holds at either end: its own switch, and the other's by whether that is still to come.
            let after = |other_is_on: bool, other: Place, own_is_on: bool, own: Place| {
                if other_is_on {
                    own.before(other)
                } else {
                    (other.before(own) || (other == own && !own_is_on)) && !twice
                }
            };
            if !start_is_on {
                at_start &= !start_bit;
            }
            if after(start_is_on, first, end_is_on, last) {
                at_end &= !start_bit;
            }
            if !end_is_on {
                at_end &= !end_bit;
            }
            if after(end_is_on, last, start_is_on, first) {
                at_start &= !end_bit;
            }
        }
        let near = |angle: i32| {
            let past = angle % EIGHTH;
            !(NEAR_EIGHTH..=EIGHTH - NEAR_EIGHTH).contains(&past)
        };
        if start != 0 && near(start) && near(end) {
            match (first, last) {
                (Place::Column(_), Place::Row(row)) if row_of(sine(start), arc) == row => {
                    at_start = at_end;
                }
                (Place::Row(row), Place::Column(_)) if row_of(sine(end), arc) == row => {
                    at_end = at_start;
                }
                _ => {}
            }
        }
        let (at_start, at_end) =
            (Switch { place: first, quarters: at_start }, Switch { place: last, quarters: at_end });
        let pair = |start_belongs: bool, end_belongs: bool| match (start_belongs, end_belongs) {
            (true, true) if last.before(first) => [Some(at_end), Some(at_start)],
            (true, true) => [Some(at_start), Some(at_end)],
            (true, false) => [Some(at_start), None],
            (false, true) => [Some(at_end), None],
            (false, false) => [None, None],
        };
        let mut switches =
            Self { quarters, on: pair(start_is_on, end_is_on), off: pair(!start_is_on, !end_is_on), first };
        if let [Some(switch), next] = switches.on
            && switch.place.at_top()
        {
            switches.quarters = switch.quarters;
            switches.on = [next, None];
        }
        if arc.width == 0 && arc.height == 1 {
            // Two pixels, each of which is in two quarters.
            switches.quarters |= switches.off[0].map_or(0, |switch| switch.quarters);
            switches.quarters |= switches.quarters << 1;
            switches.off[0] = Some(Switch { place: Place::Column(0), quarters: 0 });
        }
        switches
    }

    /// Leaves the pixel at the very top.
    fn leave_top(&mut self) {
        if let [Some(switch), next] = self.off
            && switch.place.at_top()
        {
            self.quarters = switch.quarters;
            self.off = [next, None];
        }
    }
}

/// Steps through the upper right quadrant from beside the top to the right, in pixels from the middle and from the top;
/// `visit` is also told which step is the last. The pixel at the very top is not a step.
#[inline]
fn quadrant(width: i32, height: i32, mut visit: impl FnMut((i32, i32), bool)) {
    let (w, h) = ((width + 1) >> 1, height >> 1);
    let (mut x, mut y) = if width > 0 { (1, 0) } else { (0, 1) };
    let (width, height) = (i64::from(width), i64::from(height));
    // Circles need no fourth powers, whatever their size.
    let (w2, h2, constant) = if width == height {
        (1, 1, width * width)
    } else {
        let (w2, h2) = (width * width, height * height);
        (w2, h2, w2 * h2)
    };
    // In half pixels from the centre, y down; `outside` is the ellipse's equation.
    let outside = |u: i64, v: i64| h2 * u * u + w2 * v * v - constant;
    let (mut u, mut v) = (2 * i64::from(x) - (width & 1), 2 * i64::from(y) - height);
    // Half way between the two pixels that may come next: where the ellipse is flat ...
    let mut beside = outside(u + 2, v + 1);
    // ... until this is positive ...
    let mut slope = h2 * (u + 1) + w2 * v;
    // (A very flat ellipse of odd height steps over the middle at its end: its last pixel is in the other half then.)
    while height > 0 && (y < h || x < w) && slope <= 0 {
        visit((x, y), false);
        if beside >= 0 {
            beside += w2 * (4 * v + 8);
            slope += 2 * w2;
            v += 2;
            y += 1;
        }
        beside += h2 * (4 * u + 12);
        slope += 2 * h2;
        u += 2;
        x += 1;
    }
    // ... and where it is steep.
    let mut below = outside(u + 1, v + 2);
    while y < h {
        visit((x, y), false);
        if below <= 0 {
            below += h2 * (4 * u + 8);
            u += 2;
            x += 1;
        }
        below += w2 * (4 * v + 12);
        v += 2;
        y += 1;
    }
    while x < w {
        visit((x, y), false);
        x += 1;
    }
    visit((x, y), true);
}

/// The steps of a quadrant, kept for the next ellipse: many are of one size.
#[derive(Default)]
struct Steps {
    size: (i32, i32),
    steps: Vec<(i32, i32)>,
}

impl Steps {
    fn take(&mut self, frame: &Frame) {
        let size = (frame.width, frame.height);
        if self.size != size || self.steps.is_empty() {
            self.size = size;
            self.steps.clear();
            quadrant(frame.width, frame.height, |at, _| self.steps.push(at));
        }
    }
}

/// A whole ellipse, as pixels in memory, by the steps of its quadrant.
struct EllipsePixels<'f>(&'f Frame, &'f [(i32, i32)]);

impl PlainShape for EllipsePixels<'_> {
    fn draw<P: Pixel>(&self, data: &mut [P], stride: usize, (dx, dy): (i32, i32), combine: impl Fn(&mut P)) {
        let frame = self.0;
        let stride = stride as isize;
        let middle = (frame.left + (frame.width >> 1) + dx) as isize;
        let other = middle + (frame.width & 1) as isize;
        let top = (frame.top + dy) as isize * stride;
        let bottom = (frame.top + frame.height + dy) as isize * stride;
        let put = |data: &mut [P], at: isize| {
            if let Some(pixel) = data.get_mut(at as usize) {
                combine(pixel);
            }
        };
        if frame.width & 1 == 0 {
            put(data, top + middle);
            put(data, bottom + middle);
        }
        let odd = frame.height & 1 == 1;
        let Some((last, steps)) = self.1.split_last() else { return };
        for (x, y) in steps {
            let (x, down) = (*x as isize, *y as isize * stride);
            put(data, top + down + middle + x);
            put(data, top + down + other - x);
            put(data, bottom - down + other - x);
            put(data, bottom - down + middle + x);
        }
        let (x, down) = (last.0 as isize, last.1 as isize * stride);
        put(data, top + down + middle + x);
        put(data, bottom - down + other - x);
        if odd {
            put(data, top + down + other - x);
            put(data, bottom - down + middle + x);
        }
    }
}
