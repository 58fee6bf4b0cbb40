//! A session is over, or could not be had: why, and what next.

use eframe::egui;
use egui::{Key, Ui};
use qvd_client_core::protocol::VmId;

use crate::theme;
use crate::words::Words;

/// The last page of a session.
pub(crate) struct EndedScreen {
    pub(crate) desktop: VmId,
    /// Of the desktop.
    pub(crate) name: String,
    pub(crate) words: Words,
    /// It was not what the person wanted.
    pub(crate) bad: bool,
    /// The keyboard has not been sent to the button yet.
    pub(crate) fresh: bool,
}

/// What the person wants.
pub(crate) enum EndedAction {
    Again,
    List,
}

impl EndedScreen {
    pub(crate) fn ui(&mut self, ui: &mut Ui) -> Option<EndedAction> {
        theme::lone_card(ui, "ended", |ui| {
            theme::weak(ui, self.name.as_str());
            if self.bad {
                theme::alarm(ui, &self.words.title, &self.words.text);
            } else {
                theme::heading(ui, &self.words.title);
                ui.label(&self.words.text);
            }
            ui.add_space(theme::GAP);
            let mut action = None;
            theme::actions(ui, |ui| {
                let again = theme::primary(ui, "Connect again");
                if std::mem::take(&mut self.fresh) {
                    again.request_focus();
                }
                if again.clicked() {
                    action = Some(EndedAction::Again);
                }
                if theme::secondary(ui, "Back to the list").clicked()
                    || ui.input(|input| input.key_pressed(Key::Escape))
                {
                    action = Some(EndedAction::List);
                }
            });
            action
        })
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;

    use super::*;

    fn press(key: Key) -> Option<EndedAction> {
        let screen = EndedScreen {
            desktop: VmId::random(),
            name: "desk".into(),
            words: Words::new("Taken over", "By somebody."),
            bad: false,
            fresh: true,
        };
        let ui = |ui: &mut Ui, (screen, action): &mut (EndedScreen, Option<EndedAction>)| {
            if let Some(wanted) = screen.ui(ui) {
                *action = Some(wanted);
            }
        };
        let mut harness = Harness::new_ui_state(ui, (screen, None));
        harness.run_ok();
        harness.key_press(key);
        harness.run_ok();
        harness.state_mut().1.take()
    }

    #[test]
    fn enter_connects_again_and_escape_goes_to_the_list() {
        assert!(matches!(press(Key::Enter), Some(EndedAction::Again)));
        assert!(matches!(press(Key::Escape), Some(EndedAction::List)));
    }
}
