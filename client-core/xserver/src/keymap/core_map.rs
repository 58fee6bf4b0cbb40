//! The core protocol's map of keysyms, derived from the description and brought back into it (XKB protocol, 12).

use super::case::cases;
use super::{
    ALPHABETIC, Changes, Description, GROUPS, KEYPAD, Key, MAX_KEYCODE, MIN_KEYCODE, ONE_LEVEL, Range,
    TWO_LEVEL, explicit, part,
};

impl Description {
    /// How many keysyms each key has in the core map.
    pub(crate) fn core_width(&self) -> u8 {
        let groups = usize::from(self.controls.groups);
        let width = |key: &Key| {
            let levels =
                |group| if group < key.groups() { usize::from(self.levels_of(key, group)) } else { 0 };
            if key.groups() == 0 {
                return 0;
            }
            // Two of each of the first two groups, then what is left of them, then the other groups.
            let mut width = if levels(0) <= 2 { 2 } else { levels(0) + 2 };
            if key.groups() > 1 {
                width += if width <= 2 { levels(1).max(2) } else { levels(1).saturating_sub(2) };
            }
            // One group stands for all of them.
            let again = if key.groups() == 1 && groups > 1 { levels(0) * groups } else { 0 };
            (width + levels(2) + levels(3)).max(again)
        };
        self.keys().map(|(_, key)| width(key)).max().unwrap_or(0).min(usize::from(u8::MAX)) as u8
    }

    /// The keysyms of a key in the core map, `width` of them.
    pub(crate) fn core_syms(&self, code: u8, width: u8) -> Vec<u32> {
        let key = self.key(code);
        let width = usize::from(width);
        let mut columns = vec![0; width];
        let mut put = |at: usize, sym: u32| {
            if let Some(column) = columns.get_mut(at) {
                *column = sym;
            }
        };
        let group = |index: u8| -> &[u32] {
            if index >= key.groups() {
                return &[];
            }
            let start = usize::from(index) * usize::from(key.width);
            let levels = usize::from(self.levels_of(key, index)).min(usize::from(key.width));
            key.syms.get(start..start + levels).unwrap_or(&[])
        };
        let (first, second) = (group(0), group(1));
        for (level, sym) in first.iter().enumerate() {
            put(if level < 2 { level } else { level + 2 }, *sym);
        }
        let mut next = first.len().max(2) + 2;
        if key.groups() == 1 {
            // A single group stands for all of them: ABCDE is ABABCDECDE, and ABCDE again for each group more.
            for (level, sym) in first.iter().enumerate() {
                put(if level < 2 { level + 2 } else { level + first.len() }, *sym);
            }
            next = (2 * first.len()).max(4);
            for sym in (2..self.controls.groups).flat_map(|_| first) {
                put(next, *sym);
                next += 1;
            }
        } else if key.groups() > 1 {
            for (level, sym) in second.iter().enumerate() {
                put(if level < 2 { level + 2 } else { next + level - 2 }, *sym);
            }
            next += second.len().saturating_sub(2);
            for sym in group(2).iter().chain(group(3)) {
                put(next, *sym);
                next += 1;
            }
        }
        // What would be out of reach for those who know two groups of two levels is put there.
        if let [_, _, third @ 0, fourth @ 0, fifth, sixth, ..] = columns.as_mut_slice() {
            (*third, *fourth) = (*fifth, *sixth);
        }
        columns
    }

    /// Takes keysyms of the core map, `width` for each key from the first one on.
    pub(crate) fn take_core_syms(
        &mut self,
        first: u8,
        width: usize,
        syms: &[u32],
        changes: &mut Changes,
    ) -> Range {
        let mut taken = Range::new(first, 0);
        for (code, columns) in (first..=MAX_KEYCODE).zip(syms.chunks_exact(width.max(1))) {
            if code < MIN_KEYCODE {
                continue;
            }
            self.take_columns(code, columns);
            taken.add(code);
        }
        self.controls.groups = self.controls.groups.max(self.count_groups());
        changes.parts |= part::SYMS;
        changes.syms.join(taken);
        taken
    }

    /// XKB protocol, 12.2: which groups and types the columns of a key stand for.
    fn take_columns(&mut self, code: u8, columns: &[u32]) {
        let key = self.key(code);
        let own = key.explicit & explicit::TYPES;
        let is_own = |group: usize| own >> group & 1 == 1;
        let mut types = [TWO_LEVEL; GROUPS];
        let mut levels = [2_usize; GROUPS];
        for group in (0..GROUPS).filter(|group| is_own(*group)) {
            if let Some(kind) = self.types.get(usize::from(key.types[group])) {
                types[group] = key.types[group];
                levels[group] = usize::from(kind.levels);
            }
        }
        for levels in levels.iter_mut().take(2) {
            *levels = (*levels).max(2);
        }
        let column = |at: usize| columns.get(at).copied().unwrap_or(0);
        // 1 and 2: columns of the first two groups alternate, the others follow.
        let mut groups: Vec<Vec<u32>> = Vec::new();
        groups.push((0..levels[0]).map(|level| column(if level < 2 { level } else { level + 2 })).collect());
        let replicated = own & !1 == 0 && is_replicated(columns, levels[0]);
        if !replicated {
            let rest = levels[0];
            let place = |level: usize| if level < 2 { level + 2 } else { rest + level };
            groups.push((0..levels[1]).map(|level| column(place(level))).collect());
            let mut next = levels[0] + levels[1];
            if next < columns.len() || is_own(2) || is_own(3) {
                groups.push((next..next + levels[2]).map(column).collect());
                next += levels[2];
                if next < columns.len() || is_own(3) {
                    groups.push((next..next + levels[3]).map(column).collect());
                }
            }
        }
        // 3 and 4: a letter alone stands for both of its cases; types that nobody has chosen.
        let mut empty = [false; GROUPS];
        for (index, group) in groups.iter_mut().enumerate() {
            if let [sym, second @ 0, ..] = group.as_mut_slice()
                && *sym != 0
            {
                let (lower, upper) = cases(*sym);
                if lower != upper {
                    (*sym, *second) = (lower, upper);
                    if !is_own(index) {
                        types[index] = ALPHABETIC;
                    }
                } else if !is_own(index) {
                    types[index] = ONE_LEVEL;
                }
            }
            if let [base, shifted, ..] = *group.as_slice()
                && !is_own(index)
                && types[index] == TWO_LEVEL
            {
                if is_keypad(base) || is_keypad(shifted) {
                    types[index] = KEYPAD;
                } else if cases(base) == (base, shifted) {
                    types[index] = ALPHABETIC;
                }
            }
            empty[index] = group.iter().all(|sym| *sym == 0);
        }
        // 5: empty groups at the end are none.
        while groups.len().checked_sub(1).is_some_and(|last| empty[last] && !is_own(last)) {
            groups.pop();
        }
        // 6: an empty second group among others is the first one again.
        if groups.len() > 1 && empty[1] && !empty[0] && !is_own(0) && !is_own(1) {
            let first = groups[0].clone();
            groups[1] = first;
            types[1] = types[0];
        }
        // 7: groups that are all the same are one.
        let chosen = types.iter().take(groups.len());
        let same_type = chosen.clone().all(|kind| *kind == types[0]);
        let canonical = chosen.clone().skip(1).all(|kind| *kind < super::REQUIRED_TYPES);
        if groups.len() > 1
            && (same_type || canonical)
            && own & !1 == 0
            && groups.iter().all(|group| *group == groups[0])
        {
            groups.truncate(1);
        }
        self.give(code, &types, &groups);
    }

    /// Gives a key types and keysyms.
    pub(super) fn give(&mut self, code: u8, types: &[u8; GROUPS], groups: &[Vec<u32>]) {
        let levels = |kind: u8| self.types.get(usize::from(kind)).map_or(1, |kind| usize::from(kind.levels));
        let width = types.iter().take(groups.len()).map(|kind| levels(*kind)).max().unwrap_or(0);
        let laid =
            groups.iter().flat_map(|group| (0..width).map(|level| group.get(level).copied().unwrap_or(0)));
        let syms: Vec<u32> = laid.collect();
        let key = self.key_mut(code);
        let info = key.group_info & 0xf0 | groups.len() as u8;
        if groups.is_empty() {
            key.types = [ONE_LEVEL; GROUPS];
            key.set_syms(info, 0, syms);
        } else {
            for (slot, kind) in key.types.iter_mut().zip(types).take(groups.len()) {
                *slot = *kind;
            }
            key.set_syms(info, width as u8, syms);
        }
    }

    /// Types have other numbers of levels: keys that have them are as wide as they need to be.
    pub(crate) fn widen_keys(&mut self) {
        for code in MIN_KEYCODE..=MAX_KEYCODE {
            let key = self.key(code);
            let (groups, old) = (key.groups(), usize::from(key.width));
            let levels = |group: u8| usize::from(self.levels_of(key, group));
            let width = (0..groups).map(levels).max().unwrap_or(0);
            if groups == 0 || width == old {
                continue;
            }
            let rows = |list: &[u32]| -> Vec<u32> {
                let row = |group: usize, level: usize| {
                    if level < old { list.get(group * old + level).copied() } else { None }
                };
                (0..usize::from(groups))
                    .flat_map(|group| (0..width).map(move |level| row(group, level).unwrap_or(0)))
                    .collect()
            };
            let (info, syms) = (key.group_info, rows(&key.syms));
            let key = self.key_mut(code);
            key.set_syms(info, width as u8, syms);
        }
    }

    /// The keys mapped to each of the eight modifiers.
    pub(crate) fn modifier_keys(&self) -> [Vec<u8>; 8] {
        let mut map: [Vec<u8>; 8] = Default::default();
        for (code, key) in self.keys() {
            for (_, keys) in map.iter_mut().enumerate().filter(|(bit, _)| key.modifiers >> bit & 1 == 1) {
                keys.push(code);
            }
        }
        map
    }
}

/// XKB protocol, 12.4: whether the columns are one group as often as there is room.
fn is_replicated(columns: &[u32], levels: usize) -> bool {
    let column = |at: usize| columns.get(at).copied().unwrap_or(0);
    let of_first = |level: usize| column(if level < 2 { level } else { level + 2 });
    (0..levels.min(2)).all(|level| column(level) == column(level + 2))
        && (2..levels).all(|level| column(level + 2) == column(level + levels))
        && (2..GROUPS)
            .filter(|group| columns.len() >= levels * (group + 1))
            .all(|group| (0..levels).all(|level| of_first(level) == column(level + levels * group)))
}

pub(super) fn is_keypad(sym: u32) -> bool {
    matches!(sym, 0xff80..=0xffbd | 0x1100_0000..=0x1100_ffff)
}
