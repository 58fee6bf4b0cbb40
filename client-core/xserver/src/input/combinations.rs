//! What activates a passive grab: a button or key with modifiers, any of them, and any but those that were taken away
//! again (X11 §9, `GrabButton`, `UngrabButton`, `GrabKey`, `UngrabKey`).
//!
//! A request of any button and any modifiers stands for all combinations at once, and one that ungrabs a specific one
//! leaves the others. What was taken away is therefore kept beside what was asked for: a grab stays one grab, however
//! often some of it is taken away.

use std::collections::BTreeMap;

/// Any modifiers.
pub(crate) const ANY_MODIFIER: u16 = 0x8000;

/// A bit per set of the eight modifiers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sets([u64; 4]);

impl Sets {
    const ALL: Self = Self([u64::MAX; 4]);

    fn of(modifiers: u16) -> Self {
        if modifiers == ANY_MODIFIER {
            return Self::ALL;
        }
        let mut sets = Self::default();
        if let Some(word) = sets.0.get_mut(usize::from(modifiers >> 6)) {
            *word = 1 << (modifiers & 63);
        }
        sets
    }

    fn map(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        let mut sets = self;
        for (word, other) in sets.0.iter_mut().zip(other.0) {
            *word = f(*word, other);
        }
        sets
    }

    fn without(self, other: Self) -> Self {
        self.map(other, |one, other| one & !other)
    }

    fn meets(self, other: Self) -> bool {
        self.map(other, |one, other| one & other) != Self::default()
    }
}

/// What was taken away.
#[derive(Debug, Clone, Default)]
struct Gone {
    of_all: Sets,
    of: BTreeMap<u8, Sets>,
}

/// Buttons or keys with modifiers.
#[derive(Debug, Clone)]
pub(crate) struct Combinations {
    /// Button or keycode; 0 is any, and what other kinds of grab have.
    detail: u8,
    modifiers: u16,
    gone: Option<Box<Gone>>,
}

impl Combinations {
    /// A detail (0 for any) with modifiers (at most `0xff`, or [`ANY_MODIFIER`]).
    pub(crate) fn new(detail: u8, modifiers: u16) -> Self {
        Self { detail, modifiers, gone: None }
    }

    /// Whether the same was asked for.
    pub(crate) fn same(&self, other: &Self) -> bool {
        (self.detail, self.modifiers) == (other.detail, other.modifiers)
    }

    pub(crate) fn hold(&self, detail: u8, modifiers: u16) -> bool {
        self.sets(detail).meets(Sets::of(modifiers))
    }

    /// The modifiers that are left with a detail.
    fn sets(&self, detail: u8) -> Sets {
        if self.detail != 0 && self.detail != detail {
            return Sets::default();
        }
        let sets = Sets::of(self.modifiers);
        let Some(gone) = &self.gone else { return sets };
        sets.without(gone.of_all).without(gone.of.get(&detail).copied().unwrap_or_default())
    }

    /// Whether some combination is in both.
    pub(crate) fn meet(&self, other: &Self) -> bool {
        let meet_at = |detail| self.sets(detail).meets(other.sets(detail));
        match (self.detail, other.detail) {
            (0, 0) if self.differ_by_detail() || other.differ_by_detail() => (1..=255).any(meet_at),
            (0, detail) | (detail, _) => meet_at(detail),
        }
    }

    fn differ_by_detail(&self) -> bool {
        self.gone.as_ref().is_some_and(|gone| !gone.of.is_empty())
    }

    /// Takes a detail (0 for any) with modifiers away; whether anything is left.
    pub(crate) fn take_away(&mut self, detail: u8, modifiers: u16) -> bool {
        let taken = Sets::of(modifiers);
        if detail == 0 || self.detail == 0 || self.detail == detail {
            let gone = self.gone.get_or_insert_default();
            let sets = if detail == 0 { &mut gone.of_all } else { gone.of.entry(detail).or_default() };
            *sets = sets.map(taken, |one, other| one | other);
        }
        let all = Self::new(0, ANY_MODIFIER);
        self.meet(&all)
    }
}

#[cfg(test)]
mod tests {
    use super::{ANY_MODIFIER, Combinations};

    #[test]
    fn what_is_taken_away_of_any_leaves_the_others() {
        let mut any = Combinations::new(0, ANY_MODIFIER);
        assert!(any.take_away(2, 0));
        assert!(any.take_away(0, 1));
        for (detail, modifiers, left) in
            [(2, 0, false), (2, 2, true), (2, 1, false), (9, 1, false), (9, 0, true), (9, 255, true)]
        {
            assert_eq!(any.hold(detail, modifiers), left, "{detail} with {modifiers}");
        }
        assert!(!any.meet(&Combinations::new(2, 0)));
        assert!(!any.meet(&Combinations::new(0, 1)));
        assert!(any.meet(&Combinations::new(2, ANY_MODIFIER)));
        assert!(any.meet(&Combinations::new(0, 0)));
    }

    #[test]
    fn nothing_is_left_when_every_part_was_taken_away() {
        let mut of_one = Combinations::new(5, ANY_MODIFIER);
        assert!(of_one.take_away(6, ANY_MODIFIER));
        assert!((0..255).all(|modifiers| of_one.take_away(0, modifiers)));
        assert!(!of_one.take_away(5, 255));
        let mut any = Combinations::new(0, 3);
        assert!((1..255).all(|detail| any.take_away(detail, ANY_MODIFIER)));
        assert!(!any.take_away(255, 3));
        assert!(!Combinations::new(7, 1).take_away(0, ANY_MODIFIER));
    }
}
