//! What is being done to get the desktop, step by step.

use std::time::{Duration, Instant};

use eframe::egui;
use egui::{Key, Label, RichText, Sense, Stroke, Ui, Vec2};
use qvd_client_core::protocol::connect::Stage;

use crate::theme;

/// A connect under way.
pub(crate) struct ProgressScreen {
    /// Of the desktop.
    pub(crate) name: String,
    /// Sentences of the server; all but the last are done.
    steps: Vec<(Stage, String)>,
    since: Instant,
}

/// The person has had enough.
pub(crate) struct Cancel;

impl ProgressScreen {
    pub(crate) fn new(name: String) -> Self {
        Self { name, steps: Vec::new(), since: Instant::now() }
    }

    /// A step has begun; the same stage again replaces its sentence.
    pub(crate) fn step(&mut self, stage: Stage, message: String) {
        match self.steps.last_mut() {
            Some(last) if last.0 == stage => last.1 = message,
            _ => self.steps.push((stage, message)),
        }
    }

    pub(crate) fn ui(&self, ui: &mut Ui) -> Option<Cancel> {
        // The clock in the corner ticks even if nothing else happens.
        ui.ctx().request_repaint_after(Duration::from_secs(1));
        theme::lone_card(ui, "progress", |ui| {
            theme::heading(ui, &format!("Connecting to {}", self.name));
            ui.add_space(theme::TIGHT);
            if self.steps.is_empty() {
                step(ui, "Calling the server…", true);
            }
            for (i, (_, message)) in self.steps.iter().enumerate() {
                step(ui, message, i + 1 == self.steps.len());
            }
            ui.add_space(theme::GAP);
            let mut cancel = None;
            theme::actions(ui, |ui| {
                if theme::secondary(ui, "Cancel").clicked()
                    || ui.input(|input| input.key_pressed(Key::Escape))
                {
                    cancel = Some(Cancel);
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    let seconds = self.since.elapsed().as_secs();
                    if seconds >= 3 {
                        theme::weak(ui, crate::words::duration(seconds));
                    }
                });
            });
            cancel
        })
    }
}

/// One line: a tick when done, a spinner while not.
fn step(ui: &mut Ui, message: &str, busy: bool) {
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 22.0;
        if busy {
            ui.add(egui::Spinner::new().size(16.0).color(palette.accent));
            ui.add(Label::new(message).wrap());
        } else {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(16.0), Sense::hover());
            let at = |x: f32, y: f32| rect.min + Vec2::new(x, y);
            let stroke = Stroke::new(2.0, palette.good);
            ui.painter().line_segment([at(3.0, 8.5), at(6.5, 12.0)], stroke);
            ui.painter().line_segment([at(6.5, 12.0), at(13.0, 4.5)], stroke);
            ui.add(Label::new(RichText::new(message).color(palette.weak)).wrap());
        }
    });
}
