//! Keymaps out of the database that X installations share (`/usr/share/X11/xkb` and where the environment says).

use kbvm::xkb::Context;
use kbvm::xkb::diagnostic::Diagnostic;
use kbvm::xkb::keymap::Action;
use kbvm::xkb::rmlvo::Group;
use xserver::{Key, Keymap, KeymapNames};

/// Compiles what the names stand for.
pub(crate) fn compile(names: &KeymapNames) -> Option<Keymap> {
    let context = Context::builder().build();
    // What a database has to say about itself helps nobody here.
    let mut remarks: Vec<Diagnostic> = Vec::new();
    let compiled = match names {
        KeymapNames::Rules(names) => {
            let groups: Vec<Group<'_>> =
                Group::from_layouts_and_variants(&names.layout, &names.variant).collect();
            let options: Vec<&str> = names.options.split(',').filter(|option| !option.is_empty()).collect();
            let (rules, model) = (Some(names.rules.as_str()), Some(names.model.as_str()));
            context.keymap_from_names(&mut remarks, rules, model, Some(&groups), Some(&options))
        }
        KeymapNames::Components { keycodes, types, compatibility, symbols } => {
            let parts = [
                ("xkb_keycodes", keycodes),
                ("xkb_types", types),
                ("xkb_compat", compatibility),
                ("xkb_symbols", symbols),
            ];
            // A name stands between quotation marks.
            if parts.iter().any(|(_, name)| name.contains(['"', '\\', '\n'])) {
                return None;
            }
            let sections = parts.map(|(section, name)| format!("{section} {{ include \"{name}\" }};"));
            let source = format!("xkb_keymap {{ {} }};", sections.concat());
            context.keymap_from_bytes(&mut remarks, None, source).ok()?
        }
    };
    let keys: Vec<Key> = compiled
        .keys()
        .filter_map(|key| {
            let mut groups: Vec<Vec<u32>> = Vec::new();
            let mut reached = Vec::new();
            let mut modifiers = 0;
            for (index, group) in key.groups().enumerate() {
                let levels = || group.into_iter().flat_map(|group| group.levels());
                groups.push(levels().map(|level| level.symbols().first().map_or(0, |sym| sym.0)).collect());
                let mappings = group.into_iter().flat_map(|group| group.ty().mappings());
                let known = mappings.map(|mapping| (mapping.mask().0 as u8, mapping.level() as u8));
                reached.push(known.collect());
                // What stands for a modifier in groups does so on its second level.
                let acting = levels().find(|level| !level.actions().is_empty()).filter(|_| index == 0);
                for action in acting.iter().flat_map(|level| level.actions()) {
                    modifiers |= match action {
                        Action::ModsSet(action) => action.mask().0,
                        Action::ModsLock(action) => action.mask().0,
                        _ => 0,
                    };
                }
            }
            Some(Key {
                code: u8::try_from(key.keycode().to_x11()).ok()?,
                groups,
                levels: reached,
                modifiers: modifiers as u8,
                repeats: key.repeats(),
            })
        })
        .collect();
    // A database that is not there gives an empty map.
    keys.iter().any(|key| !key.groups.is_empty()).then_some(Keymap { keys })
}
