//! The user's desktops: what each is doing, and what can be done about it.

use eframe::egui;
use egui::{Align, Label, Layout, RichText, Ui};
use qvd_client_core::protocol::VmId;
use qvd_client_core::protocol::api::{Desktop, DesktopAction, VmState};
use qvd_client_core::settings::{ImageChoice, LinkChoice, Settings, ThemeChoice};

use crate::icon;
use crate::theme;
use crate::words::{self, Words};

/// Least width of a card, in points.
const LEAST_WIDTH: f32 = 300.0;

/// The list.
pub(crate) struct DesktopsScreen {
    /// `demo at desk.example.org`.
    pub(crate) who: String,
    /// None until the first answer.
    pub(crate) desktops: Option<Vec<Desktop>>,
    /// Something could not be done.
    pub(crate) alarm: Option<Words>,
}

/// What the person wants.
pub(crate) enum DesktopsAction {
    Connect(VmId),
    Act(VmId, DesktopAction),
    LogOut,
    Theme(ThemeChoice),
    Link(LinkChoice),
    Images(ImageChoice),
    /// Keep nothing of the picture, or do.
    Forget(bool),
}

impl DesktopsScreen {
    pub(crate) fn new(who: String) -> Self {
        Self { who, desktops: None, alarm: None }
    }

    /// Replaces one desktop by its newer self.
    pub(crate) fn update(&mut self, desktop: Desktop) {
        let desktops = self.desktops.get_or_insert_default();
        match desktops.iter_mut().find(|known| known.id == desktop.id) {
            Some(known) => *known = desktop,
            None => desktops.push(desktop),
        }
    }

    /// Whether some desktop is between two states, so that a new list is worth asking for soon.
    pub(crate) fn is_moving(&self) -> bool {
        let moving = |desktop: &Desktop| matches!(desktop.state, VmState::Starting | VmState::Stopping);
        self.desktops.as_ref().is_none_or(|desktops| desktops.iter().any(moving))
    }

    pub(crate) fn find(&self, id: VmId) -> Option<&Desktop> {
        self.desktops.iter().flatten().find(|desktop| desktop.id == id)
    }

    pub(crate) fn ui(&mut self, ui: &mut Ui, settings: &Settings) -> Option<DesktopsAction> {
        let mut action = None;
        egui::Frame::NONE.inner_margin(egui::Margin::symmetric(theme::PAGE as i8, theme::GROUP as i8)).show(
            ui,
            |ui| {
                ui.horizontal(|ui| {
                    icon::show(ui, 32.0);
                    ui.add(Label::new(RichText::new(&self.who).strong()).truncate());
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        if theme::quiet(ui, "Log out").clicked() {
                            action = Some(DesktopsAction::LogOut);
                        }
                        if let Some(choice) = theme::switch(ui, settings.theme) {
                            action = Some(DesktopsAction::Theme(choice));
                        }
                    });
                });
                ui.add_space(theme::GROUP);
                theme::heading(ui, "Your desktops");
                if let Some(choice) = connection(ui, settings) {
                    action = Some(choice);
                }
                if let Some(words) = &self.alarm {
                    theme::alarm(ui, &words.title, &words.text);
                }
                ui.add_space(theme::GAP);
                match self.desktops.as_deref() {
                    None => {
                        ui.horizontal(|ui| {
                            ui.spinner();
                            theme::weak(ui, "Asking the server…");
                        });
                    }
                    Some([]) => {
                        theme::weak(
                            ui,
                            "You have no desktop yet. The administrator of this server can make one for you; \
                             it will appear here by itself.",
                        );
                    }
                    Some(desktops) => {
                        if let Some(wanted) = grid(ui, desktops) {
                            action = Some(wanted);
                        }
                    }
                }
            },
        );
        action
    }
}

/// How desktops are reached: a small row of choices.
fn connection(ui: &mut Ui, settings: &Settings) -> Option<DesktopsAction> {
    let links = [
        (LinkChoice::Automatic, "Auto"),
        (LinkChoice::Modem, "Modem"),
        (LinkChoice::Adsl, "ADSL"),
        (LinkChoice::Wan, "WAN"),
        (LinkChoice::Lan, "LAN"),
    ];
    let images = [
        (ImageChoice::Automatic, "Auto"),
        (ImageChoice::Low, "Small"),
        (ImageChoice::Medium, "Good"),
        (ImageChoice::High, "Best"),
        (ImageChoice::Lossless, "Exact"),
    ];
    let mut action = None;
    ui.horizontal_wrapped(|ui| {
        ui.set_row_height(theme::choice_height(ui));
        theme::weak(ui, "Link");
        action = theme::choice(ui, "link", settings.link, &links).map(DesktopsAction::Link);
        ui.add_space(theme::GAP);
        theme::weak(ui, "Images");
        let image = theme::choice(ui, "images", settings.images, &images).map(DesktopsAction::Images);
        action = image.or(action.take());
        ui.add_space(theme::GAP);
        theme::weak(ui, "Keep pictures").on_hover_text(
            "Parts of what you see are kept in a private file on this computer, so that the next session starts faster.",
        );
        let forget = theme::choice(ui, "keep pictures", settings.forget, &[(false, "Yes"), (true, "No")]);
        action = forget.map(DesktopsAction::Forget).or(action.take());
    });
    action
}

fn grid(ui: &mut Ui, desktops: &[Desktop]) -> Option<DesktopsAction> {
    let mut action = None;
    egui::ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing = egui::Vec2::splat(theme::GROUP);
        let width = ui.available_width();
        let columns = (((width + theme::GROUP) / (LEAST_WIDTH + theme::GROUP)) as usize).clamp(1, 4);
        let each = (width - theme::GROUP * (columns - 1) as f32) / columns as f32;
        for row in desktops.chunks(columns) {
            ui.horizontal_top(|ui| {
                for desktop in row {
                    ui.push_id(desktop.id, |ui| {
                        ui.allocate_ui_with_layout(
                            egui::vec2(each, 0.0),
                            Layout::top_down(Align::Min),
                            |ui| {
                                if let Some(wanted) = card(ui, desktop, each) {
                                    action = Some(wanted);
                                }
                            },
                        );
                    });
                }
            });
        }
        ui.add_space(theme::TIGHT);
    });
    action
}

fn card(ui: &mut Ui, desktop: &Desktop, width: f32) -> Option<DesktopsAction> {
    let mut action = None;
    let id = desktop.id;
    theme::card(ui).show(ui, |ui| {
        ui.spacing_mut().item_spacing = egui::Vec2::splat(theme::GAP);
        ui.set_width(width - 2.0 * theme::GROUP - 2.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add(Label::new(RichText::new(&desktop.name).size(18.0).strong()).truncate());
            theme::weak(ui, desktop.image.as_str());
        });
        let (mood, word) = words::desktop(desktop);
        theme::state(ui, mood, &word);
        if let Some(fault) = &desktop.fault {
            theme::weak(ui, fault.as_str());
        }
        ui.add_space(theme::TIGHT);
        ui.horizontal(|ui| {
            let name = &desktop.name;
            let usable = !matches!(desktop.state, VmState::Stopping | VmState::Zombie);
            ui.add_enabled_ui(usable, |ui| {
                let connect = theme::primary(ui, "Connect");
                label(&connect, &format!("Connect to {name}"));
                if connect.clicked() {
                    action = Some(DesktopsAction::Connect(id));
                }
            });
            let mut offer = |ui: &mut Ui, word: &str, what| {
                let button = theme::secondary(ui, word);
                label(&button, &format!("{word} {name}"));
                if button.clicked() {
                    action = Some(DesktopsAction::Act(id, what));
                }
            };
            match desktop.state {
                VmState::Stopped => offer(ui, "Start", DesktopAction::Start),
                VmState::Starting | VmState::Zombie => offer(ui, "Stop", DesktopAction::Stop),
                VmState::Running => {
                    offer(ui, "Restart", DesktopAction::Restart);
                    offer(ui, "Stop", DesktopAction::Stop);
                }
                VmState::Stopping => {}
            }
        });
    });
    action
}

/// Says to a screen reader which desktop a button belongs to.
fn label(response: &egui::Response, text: &str) {
    let text = text.to_owned();
    response.widget_info(move || egui::WidgetInfo::labeled(egui::Role::Button, true, &text));
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable;
    use qvd_client_core::protocol::api::UserState;

    use super::*;

    fn desktop(name: &str, state: VmState) -> Desktop {
        Desktop {
            id: VmId::random(),
            name: name.into(),
            image: "debian".into(),
            state,
            user_state: UserState::Disconnected,
            holder: None,
            fault: None,
        }
    }

    struct World {
        screen: DesktopsScreen,
        action: Option<DesktopsAction>,
    }

    fn show(desktops: Vec<Desktop>) -> Harness<'static, World> {
        let mut screen = DesktopsScreen::new("demo at desk".into());
        screen.desktops = Some(desktops);
        let ui = |ui: &mut Ui, world: &mut World| {
            if let Some(action) = world.screen.ui(ui, &Settings::default()) {
                world.action = Some(action);
            }
        };
        let mut harness = Harness::builder()
            .with_size(egui::vec2(1000.0, 700.0))
            .build_ui_state(ui, World { screen, action: None });
        harness.run_ok();
        harness
    }

    #[test]
    fn each_desktop_has_its_own_button() {
        let (one, two) = (desktop("one", VmState::Running), desktop("two", VmState::Stopped));
        let wanted = two.id;
        let mut harness = show(vec![one, two]);
        harness.get_by_label("Connect to two").click();
        harness.run_ok();
        assert!(matches!(harness.state().action, Some(DesktopsAction::Connect(id)) if id == wanted));
    }

    #[test]
    fn only_what_makes_sense_is_offered() {
        let harness = show(vec![desktop("one", VmState::Running), desktop("two", VmState::Stopped)]);
        assert!(harness.query_by_label("Restart one").is_some());
        assert!(harness.query_by_label("Start one").is_none());
        assert!(harness.query_by_label("Start two").is_some());
        assert!(harness.query_by_label("Stop two").is_none());
    }

    #[test]
    fn somebody_without_a_desktop_is_told_whom_to_ask() {
        let harness = show(Vec::new());
        assert!(harness.query_by_label_contains("administrator").is_some());
    }
}
