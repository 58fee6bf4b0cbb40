//! Half planes whose edges have whole-numbered directions, of which wide lines are made: where they cut rows, how their
//! edges go down from row to row, and the wedges that cut round caps and joins.

/// Up to four edges on one side of a convex piece.
#[derive(Default)]
pub(super) struct Walls {
    walls: [Wall; 4],
    count: usize,
}

impl Walls {
    pub(super) fn add(&mut self, wall: Wall) {
        if let Some(place) = self.walls.get_mut(self.count) {
            *place = wall;
            self.count += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Wall> {
        self.walls.iter().take(self.count)
    }

    pub(super) fn down(&mut self) {
        self.walls.iter_mut().take(self.count).for_each(Wall::down);
    }
}

/// An edge on the way down: the first whole column at or right of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Wall {
    pub(super) x: i64,
    /// In `height`ths, from `1 - height` to 0.
    fraction: i64,
    step: i64,
    fraction_step: i64,
    height: i64,
}

impl Wall {
    /// Stands at `right / height` on a row, and goes on by `run / height` with each.
    pub(super) fn new(right: i64, run: i64, height: i64) -> Self {
        let x = -(-right).div_euclid(height);
        Self {
            x,
            fraction: right - x * height,
            step: run.div_euclid(height),
            fraction_step: run.rem_euclid(height),
            height,
        }
    }

    /// Stands at a column.
    pub(super) fn upright(x: i64) -> Self {
        Self { x, height: 1, ..Self::default() }
    }

    #[inline]
    pub(super) fn down(&mut self) {
        self.x += self.step;
        self.fraction += self.fraction_step;
        if self.fraction > 0 {
            self.fraction -= self.height;
            self.x += 1;
        }
    }
}

/// Edges on one side of a piece, one below the other: each counts from the row on which it begins.
#[derive(Default)]
pub(super) struct Chain {
    /// With the rows on which they begin and end, in that order.
    edges: [Option<((i32, i32), HalfPlane)>; 4],
    count: usize,
    /// How many have begun, and where the last of them is.
    begun: usize,
    wall: Wall,
}

impl Chain {
    pub(super) fn add(&mut self, rows: (i32, i32), plane: HalfPlane) {
        let before = |edge: &Option<((i32, i32), HalfPlane)>| edge.is_some_and(|(known, _)| known <= rows);
        let at = self.edges.iter().take_while(|edge| before(edge)).count();
        if self.count < self.edges.len() {
            self.count += 1;
            self.edges[at..self.count].rotate_right(1);
            self.edges[at] = Some((rows, plane));
        }
    }

    /// The first whole column at or right of the edge of a row; rows are asked for in order. None if none has begun.
    pub(super) fn on(&mut self, y: i32) -> Option<i64> {
        let begun = self.begun;
        while let Some(Some(((first, _), _))) = self.edges.get(self.begun)
            && *first <= y
        {
            self.begun += 1;
        }
        let (_, plane) = self.edges.get(self.begun.checked_sub(1)?).copied().flatten()?;
        if self.begun == begun {
            self.wall.down();
        } else {
            self.wall = plane.wall(y);
        }
        Some(self.wall.x)
    }
}

/// Where a line ends, seen from there into the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    pub(super) x: i32,
    pub(super) y: i32,
    /// To the line's other end.
    pub(super) dx: i64,
    pub(super) dy: i64,
    /// From the end point to the line's edge on the left, with y down and looking along (dx, dy).
    pub(super) across: (f64, f64),
    /// The edge's `x dy - y dx`, with the end point as origin.
    pub(super) edge: f64,
}

impl Face {
    /// The half plane on the line's side of the end point, or (`beyond`) on the other.
    pub(super) fn plane(&self, beyond: bool) -> HalfPlane {
        HalfPlane::new(-self.dy, self.dx, 0.0, !beyond).moved(self.x, self.y)
    }

    pub(super) fn turned(self) -> Self {
        let (dx, dy, (ax, ay)) = (-self.dx, -self.dy, self.across);
        Self { dx, dy, across: (-ax, -ay), ..self }
    }
}

/// What cuts a disc: up to two lines through its middle, each from some row down, and limits of rows.
pub(super) struct Wedge {
    top: i32,
    pub(super) bottom: i32,
    edges: [Option<(i32, HalfPlane)>; 2],
    /// Whether `top` is one yet.
    has_top: bool,
}

impl Default for Wedge {
    fn default() -> Self {
        Self { top: i32::MIN, bottom: 1 << 16, edges: [None, None], has_top: false }
    }
}

impl Wedge {
    /// Keeps what is beyond a line's end. `from` is the height, from the end point, at which the cut begins; `corner` the
    /// height of the line's corner, which counts for lines that go straight up or down; `level` where the cut is, in the
    /// direction of `(dx, dy)` or against it, whichever goes right.
    pub(super) fn cut(&mut self, face: &Face, from: f64, corner: f64, level: f64) {
        if face.dx == 0 && face.dy != 0 {
            let row = face.y.saturating_add(corner.ceil() as i32);
            if face.dy < 0 {
                self.begin(row);
            } else {
                self.bottom = row;
            }
            return;
        }
        // The end of a line to the right is cut on its right.
        let greater = face.dx < 0;
        let (dx, dy) = if greater { (face.dy, -face.dx) } else { (-face.dy, face.dx) };
        let level = if greater { -level } else { level };
        let row = face.y.saturating_add(from.ceil() as i32);
        let plane = HalfPlane::new(dx, dy, level, greater).moved(face.x, face.y);
        if let Some(free) = self.edges.iter_mut().find(|edge| edge.is_none()) {
            *free = Some((row, plane));
        }
        if (dx < 0) == greater {
            self.begin(row);
        }
    }

    /// Nothing is kept above a row; of several the highest counts.
    fn begin(&mut self, row: i32) {
        self.top = if self.has_top { self.top.min(row) } else { row };
        self.has_top = true;
    }

    /// Cuts a row; whether anything may be left.
    pub(super) fn admits(&self, row: i32, x1: &mut i64, x2: &mut i64) -> bool {
        if row < self.top {
            return false;
        }
        for (from, plane) in self.edges.iter().flatten() {
            if row >= *from {
                plane.cut(row, x1, x2);
            }
        }
        x1 < x2
    }
}

/// One side of the line `x dy - y dx = constant`, `dy` not negative; where `dy` is 0, of the line `-y dx = constant`.
#[derive(Clone, Copy, Debug)]
pub(super) struct HalfPlane {
    dx: i64,
    pub(super) dy: i64,
    /// The least whole number not below the constant.
    constant: i64,
    /// Whether pixels with a greater `x dy - y dx` are kept; those on the line belong to this side.
    pub(super) greater: bool,
}

impl HalfPlane {
    pub(super) fn new(dx: i64, dy: i64, constant: f64, greater: bool) -> Self {
        if dy < 0 || (dy == 0 && dx > 0) {
            Self { dx: -dx, dy: -dy, constant: (-constant).ceil() as i64, greater: !greater }
        } else {
            Self { dx, dy, constant: constant.ceil() as i64, greater }
        }
    }

    /// The same around another origin, which is whole, so that no bit of the constant is lost to it.
    pub(super) fn moved(self, x: i32, y: i32) -> Self {
        let by = i64::from(x) * self.dy - i64::from(y) * self.dx;
        Self { constant: self.constant.saturating_add(by), ..self }
    }

    /// What a level edge leaves of the rows.
    pub(super) fn limit_rows(&self, top: &mut i32, bottom: &mut i32) {
        if self.dy != 0 {
            return;
        }
        // Below the edge or on it, where y (-dx) >= constant.
        let first = -(-self.constant).div_euclid((-self.dx).max(1));
        let first = first.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        if self.greater {
            *top = (*top).max(first);
        } else {
            *bottom = (*bottom).min(first);
        }
    }

    /// Where it is on a row, and how it goes on; not for level edges.
    pub(super) fn wall(&self, y: i32) -> Wall {
        let right = self.constant.saturating_add(i64::from(y) * self.dx);
        Wall::new(right, self.dx, self.dy.max(1))
    }

    /// Cuts the span of row `y` to this side: from the edge on, or up to it.
    pub(super) fn cut(&self, y: i32, x1: &mut i64, x2: &mut i64) {
        let right = self.constant.saturating_add(i64::from(y) * self.dx);
        let edge = -(-right).div_euclid(self.dy.max(1));
        if self.greater {
            *x1 = (*x1).max(edge);
        } else {
            *x2 = (*x2).min(edge);
        }
    }
}
