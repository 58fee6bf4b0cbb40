//! Who are you, and where to?

use eframe::egui;
use egui::{Key, Ui};
use qvd_client_core::protocol::Secret;
use qvd_client_core::settings::ThemeChoice;

use crate::icon;
use crate::theme;
use crate::words::Words;

/// Height in points from which the page has room for more than the card.
const LEAST_HEIGHT: f32 = 600.0;

/// The first page.
pub(crate) struct LoginScreen {
    /// As typed.
    pub(crate) server: String,
    /// As typed.
    pub(crate) user: String,
    password: String,
    /// Why the last attempt failed.
    pub(crate) alarm: Option<Words>,
    /// A login is under way.
    pub(crate) busy: bool,
    /// The keyboard has not been sent to a field yet.
    fresh: bool,
}

/// What the person wants.
pub(crate) enum LoginAction {
    /// Try it.
    LogIn {
        server: String,
        user: String,
        password: Secret,
    },
    /// Stop trying.
    Cancel,
    Theme(ThemeChoice),
}

impl LoginScreen {
    pub(crate) fn new(server: String, user: String) -> Self {
        Self { server, user, password: String::new(), alarm: None, busy: false, fresh: true }
    }

    /// Back to the page after a failure; the keyboard goes where the mistake is likeliest.
    pub(crate) fn fail(&mut self, words: Option<Words>) {
        self.busy = false;
        self.alarm = words;
        self.password.clear();
        self.fresh = true;
    }

    pub(crate) fn ui(&mut self, ui: &mut Ui, theme: ThemeChoice) -> Option<LoginAction> {
        let corner = ui.max_rect().shrink(theme::GROUP);
        let action = theme::lone_card(ui, "login", |ui| self.card(ui));
        if corner.height() < LEAST_HEIGHT {
            // The card needs the corner.
            return action;
        }
        let mut ui = ui.new_child(
            egui::UiBuilder::new().max_rect(corner).layout(egui::Layout::bottom_up(egui::Align::Max)),
        );
        theme::switch(&mut ui, theme).map(LoginAction::Theme).or(action)
    }

    fn card(&mut self, ui: &mut Ui) -> Option<LoginAction> {
        let mut action = None;
        ui.horizontal(|ui| {
            icon::show(ui, 44.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                theme::heading(ui, "QVD");
                theme::weak(ui, "Your Linux desktop, from anywhere");
            });
        });
        ui.add_space(theme::GAP);
        if let Some(words) = &self.alarm {
            theme::alarm(ui, &words.title, &words.text);
            ui.add_space(theme::TIGHT);
        }
        let fields = ui.add_enabled_ui(!self.busy, |ui| {
            [
                theme::field(ui, "Server", &mut self.server, "desk.example.org", false),
                theme::field(ui, "User", &mut self.user, "", false),
                theme::field(ui, "Password", &mut self.password, "", true),
            ]
        });
        let fields = fields.inner;
        if self.fresh && !self.busy {
            self.fresh = false;
            let texts = [&self.server, &self.user, &self.password];
            let empty = texts.iter().position(|text| text.trim().is_empty()).unwrap_or(2);
            fields[empty].request_focus();
        }
        ui.add_space(theme::TIGHT);

        if self.busy {
            ui.horizontal(|ui| {
                ui.spinner();
                theme::weak(ui, "Logging in…");
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let escape = ui.input(|input| input.key_pressed(Key::Escape));
                    if theme::secondary(ui, "Cancel").clicked() || escape {
                        action = Some(LoginAction::Cancel);
                    }
                });
            });
            return action;
        }
        let entered =
            fields.iter().any(egui::Response::lost_focus) && ui.input(|input| input.key_pressed(Key::Enter));
        if theme::primary_wide(ui, "Log in").clicked() || entered {
            action = self.submit();
        }
        action
    }

    fn submit(&mut self) -> Option<LoginAction> {
        let missing = [
            (self.server.trim(), "Which server?", "Type its name, such as desk.example.org."),
            (self.user.trim(), "Who are you?", "Type the name of your account."),
            (self.password.as_str(), "The password is missing", "Type the password of your account."),
        ];
        for (text, title, advice) in missing {
            if text.is_empty() {
                self.alarm = Some(Words::new(title, advice));
                self.fresh = true;
                return None;
            }
        }
        Some(LoginAction::LogIn {
            server: self.server.trim().into(),
            user: self.user.trim().into(),
            password: Secret::new(self.password.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable;

    use super::*;

    struct World {
        screen: LoginScreen,
        action: Option<LoginAction>,
    }

    fn show(screen: LoginScreen) -> Harness<'static, World> {
        let ui = |ui: &mut Ui, world: &mut World| {
            if let Some(action) = world.screen.ui(ui, ThemeChoice::System) {
                world.action = Some(action);
            }
        };
        let mut harness = Harness::new_ui_state(ui, World { screen, action: None });
        harness.run_ok();
        harness
    }

    #[test]
    fn the_keyboard_is_in_the_password_when_the_rest_is_remembered() {
        let mut harness = show(LoginScreen::new("desk".into(), "demo".into()));
        assert!(harness.get_by_label("Password").is_focused());
        harness.get_by_label("Password").type_text("secret");
        harness.run_ok();
        harness.key_press(Key::Enter);
        harness.run_ok();
        let Some(LoginAction::LogIn { server, user, password }) = &harness.state().action else { panic!() };
        assert_eq!((server.as_str(), user.as_str(), password.reveal()), ("desk", "demo", "secret"));
    }

    #[test]
    fn a_missing_name_is_asked_for_and_nothing_is_sent() {
        let mut harness = show(LoginScreen::new("desk".into(), String::new()));
        harness.get_by_label("Log in").click();
        harness.run_ok();
        assert!(harness.state().action.is_none());
        assert!(harness.query_by_label("Who are you?").is_some());
        assert!(harness.get_by_label("User").is_focused());
    }

    #[test]
    fn escape_stops_a_login_that_takes_too_long() {
        let mut screen = LoginScreen::new("desk".into(), "demo".into());
        screen.busy = true;
        let mut harness = show(screen);
        harness.key_press(Key::Escape);
        harness.step();
        assert!(matches!(harness.state().action, Some(LoginAction::Cancel)));
    }
}
