//! Is this the right server? Asked once for each.

use eframe::egui;
use egui::{Key, RichText, TextStyle, Ui};
use qvd_client_core::ServerAddress;
use qvd_client_core::trust::Fingerprint;

use crate::theme;

/// A certificate that nobody has vouched for yet.
pub(crate) struct CertificateScreen {
    pub(crate) address: ServerAddress,
    pub(crate) fingerprint: Fingerprint,
}

/// What the person says.
pub(crate) enum CertificateAction {
    Trust,
    Refuse,
}

impl CertificateScreen {
    pub(crate) fn ui(&self, ui: &mut Ui) -> Option<CertificateAction> {
        theme::lone_card(ui, "certificate", |ui| {
            theme::heading(ui, "Is this the right server?");
            ui.label(format!("This computer meets {} for the first time.", self.address));
            theme::weak(
                ui,
                "Compare the fingerprint with the one that your administrator gave you. If they are the same, \
                 nobody is listening in.",
            );
            ui.add_space(theme::TIGHT);
            let shown = self.fingerprint.to_string();
            let palette = theme::palette(ui);
            egui::Frame::NONE
                .fill(palette.field)
                .stroke(egui::Stroke::new(1.0, palette.border))
                .corner_radius(8)
                .inner_margin(egui::Margin::symmetric(14, 12))
                .show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.spacing_mut().item_spacing.y = theme::TIGHT;
                    theme::weak(ui, "SHA-256 fingerprint");
                    for line in lines(&shown) {
                        let text = RichText::new(line).text_style(TextStyle::Monospace);
                        ui.add(egui::Label::new(text).selectable(true));
                    }
                });
            ui.add_space(theme::TIGHT);
            let mut action = None;
            theme::actions(ui, |ui| {
                if theme::primary(ui, "Trust this server").clicked() {
                    action = Some(CertificateAction::Trust);
                }
                if theme::secondary(ui, "Cancel").clicked()
                    || ui.input(|input| input.key_pressed(Key::Escape))
                {
                    action = Some(CertificateAction::Refuse);
                }
            });
            action
        })
    }
}

/// Four pairs to a group and two groups to a line, without colons: easier to compare aloud.
fn lines(fingerprint: &str) -> Vec<String> {
    let pairs: Vec<&str> = fingerprint.split(':').collect();
    pairs
        .chunks(8)
        .map(|line| line.chunks(4).map(|group| group.join(" ")).collect::<Vec<_>>().join("   "))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_shown_in_groups_of_four_pairs() {
        assert_eq!(lines("00:11:22:33:44:55:66:77:88:99"), ["00 11 22 33   44 55 66 77", "88 99"]);
    }

    #[test]
    fn escape_does_not_trust() {
        use egui_kittest::Harness;
        let screen = CertificateScreen {
            address: "desk".parse().unwrap(),
            fingerprint: "ab".repeat(32).parse().unwrap(),
        };
        let ui = |ui: &mut Ui, (screen, action): &mut (CertificateScreen, Option<CertificateAction>)| {
            if let Some(wanted) = screen.ui(ui) {
                *action = Some(wanted);
            }
        };
        let mut harness = Harness::new_ui_state(ui, (screen, None));
        harness.run_ok();
        harness.key_press(Key::Escape);
        harness.run_ok();
        assert!(matches!(harness.state().1, Some(CertificateAction::Refuse)));
    }
}
