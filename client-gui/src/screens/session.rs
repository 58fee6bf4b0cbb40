//! The desktop itself, pixel for pixel, and the small bar that hides at its top edge.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui;
use egui::{
    Align, Color32, CursorIcon, CustomCursorImage, Key, Label, Layout, Pos2, Rect, RichText, Ui, Vec2, vec2,
};
use qvd_client_core::protocol::VmId;
use qvd_client_core::protocol::session::Geometry;
use qvd_client_core::session::{Cursor, End, Session, SessionEvent};

use crate::input::Input;
use crate::texture::ViewTexture;
use crate::theme;

/// A window that is being dragged larger sends its size when it has been still for so long.
const SETTLE: Duration = Duration::from_millis(150);
/// The bar comes when the pointer has rested at the edge for so long, and goes when it has been away for so long.
const DWELL: Duration = Duration::from_millis(200);
const LINGER: Duration = Duration::from_millis(500);
/// It is shown at the beginning, so that everybody has seen it.
const GREETING: Duration = Duration::from_secs(4);
/// The strip at the top edge that calls it, in points.
const STRIP: Vec2 = vec2(420.0, 3.0);

/// A session being looked at.
pub(crate) struct SessionScreen {
    pub(crate) session: Session,
    pub(crate) desktop: VmId,
    /// Of the desktop.
    pub(crate) name: String,
    input: Attached,
    cursor: Shape,
    /// The size the session was last told.
    geometry: Geometry,
    /// The size the view has had since then.
    unsettled: Option<(Geometry, Instant)>,
    focused: bool,
    bar: Bar,
    #[cfg(target_os = "linux")]
    grab: Option<crate::grab::Grab>,
}

/// Sends input to the session until it is dropped.
struct Attached(Input);

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.detach();
    }
}

/// What to show at the pointer.
enum Shape {
    Default,
    Hidden,
    Image(CustomCursorImage),
}

/// What the person wants.
pub(crate) enum SessionAction {
    Disconnect,
    LogOut,
    FullScreen(bool),
}

impl SessionScreen {
    pub(crate) fn new(
        session: Session,
        desktop: VmId,
        name: String,
        geometry: Geometry,
        input: Input,
        ctx: &egui::Context,
    ) -> Self {
        input.attach(session.input().clone(), ctx.clone());
        let input = Attached(input);
        Self {
            session,
            desktop,
            name,
            input,
            cursor: Shape::Default,
            geometry,
            unsettled: None,
            focused: false,
            bar: Bar { shown_until: Instant::now() + GREETING, hovered_since: None, asking: false },
            #[cfg(target_os = "linux")]
            grab: None,
        }
    }

    /// Hears what the session has to say; its end, when it has come.
    pub(crate) fn poll(&mut self) -> Option<End> {
        while let Some(event) = self.session.poll() {
            match event {
                SessionEvent::Cursor(cursor) => self.cursor = shape(cursor),
                SessionEvent::Bell => tracing::debug!("bell"),
                SessionEvent::Ended(end) => return Some(end),
            }
        }
        None
    }

    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        texture: Option<&mut ViewTexture>,
        window: Option<u32>,
    ) -> Option<SessionAction> {
        let view = ui.max_rect();
        self.follow_size(ui, view);
        let picture = texture.map(|texture| {
            self.session.paint(|buffer| texture.upload(buffer));
            let [width, height] = texture.size();
            let size = vec2(width.into(), height.into()) / ui.pixels_per_point();
            (texture.id(), Rect::from_min_size(view.min, size))
        });
        // Where no card helps, every pixel that is painted twice is felt.
        if !picture.is_some_and(|(_, picture)| picture.contains_rect(view)) {
            ui.painter().rect_filled(view, 0, Color32::BLACK);
        }
        if let Some((texture, picture)) = picture {
            let whole = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
            ui.painter().image(texture, picture, whole, Color32::WHITE);
        }

        let full_screen = ui.input(|input| input.viewport().fullscreen.unwrap_or(false));
        let (mut action, over_bar) = self.bar.ui(ui, view, &self.name, full_screen);
        if self.input.0.take_full_screen() {
            action = Some(SessionAction::FullScreen(!full_screen));
        }
        self.follow_focus(ui, full_screen, window);
        let edge = if self.bar.is_out() { f32::INFINITY } else { STRIP.y * ui.pixels_per_point() };
        self.input.0.set_view(self.focused && !self.bar.asking, !over_bar, edge.into());
        if !over_bar {
            match &self.cursor {
                Shape::Default => {}
                Shape::Hidden => ui.ctx().set_cursor_icon(CursorIcon::None),
                Shape::Image(image) => ui.ctx().set_cursor_image(Some(image.clone())),
            }
        }
        action
    }

    /// The session alone, to be left.
    pub(crate) fn into_session(self) -> Session {
        self.session
    }

    fn follow_size(&mut self, ui: &Ui, view: Rect) {
        let geometry = geometry(view.size(), ui.pixels_per_point());
        if geometry == self.geometry {
            self.unsettled = None;
            return;
        }
        let now = Instant::now();
        let since = match self.unsettled {
            Some((size, since)) if size == geometry => since,
            _ => now,
        };
        self.unsettled = Some((geometry, since));
        let rested = now.duration_since(since);
        if rested >= SETTLE {
            self.geometry = geometry;
            self.unsettled = None;
            self.session.resize(geometry);
        } else {
            ui.ctx().request_repaint_after(SETTLE.saturating_sub(rested));
        }
    }

    fn follow_focus(&mut self, ui: &Ui, full_screen: bool, window: Option<u32>) {
        let reported = ui.input(|input| input.viewport().focused.unwrap_or(input.focused));
        let focused = reported || self.input.0.is_grabbed();
        if focused != self.focused {
            self.focused = focused;
            self.session.focus(focused);
        }
        #[cfg(target_os = "linux")]
        self.follow_grab(ui, window.filter(|_| full_screen && focused && !self.bar.asking));
        #[cfg(not(target_os = "linux"))]
        let _ = (full_screen, window);
    }

    /// On the whole screen, every key is the session's.
    #[cfg(target_os = "linux")]
    fn follow_grab(&mut self, ui: &Ui, window: Option<u32>) {
        let Some(window) = window else {
            self.grab = None;
            return;
        };
        if self.grab.is_none() {
            self.grab = crate::grab::Grab::start(window, self.input.0.clone());
            if self.grab.is_none() {
                // A window manager that has just answered a key may hold it for a moment.
                ui.ctx().request_repaint_after(Duration::from_millis(500));
            }
        }
    }
}

/// A view's size in pixels, within what a session can have.
pub(crate) fn geometry(points: Vec2, pixels_per_point: f32) -> Geometry {
    let pixels = |points: f32| (points * pixels_per_point).round().clamp(64.0, 16384.0) as u16;
    Geometry { width: pixels(points.x), height: pixels(points.y) }
}

fn shape(cursor: Cursor) -> Shape {
    match cursor {
        Cursor::Default => Shape::Default,
        Cursor::Hidden => Shape::Hidden,
        Cursor::Image { size, hotspot, mut rgba } => {
            // X11 and Wayland take a cursor as a session has it, Windows wants its colours by themselves.
            if cfg!(windows) {
                rgba.as_chunks_mut().0.iter_mut().for_each(unmultiply);
            }
            Shape::Image(CustomCursorImage { rgba: Arc::from(rgba), size, hotspot })
        }
    }
}

/// Takes the alpha out of the colours.
fn unmultiply([r, g, b, a]: &mut [u8; 4]) {
    let part = |c: u8| (u16::from(c) * 255).checked_div(u16::from(*a)).unwrap_or(0).min(255) as u8;
    (*r, *g, *b) = (part(*r), part(*g), part(*b));
}

/// The bar at the top edge.
struct Bar {
    shown_until: Instant,
    /// The pointer is at the edge.
    hovered_since: Option<Instant>,
    /// "Log out" was chosen and wants to be confirmed.
    asking: bool,
}

impl Bar {
    fn is_out(&self) -> bool {
        Instant::now() < self.shown_until || self.asking
    }

    /// Draws the bar if it is out; what was chosen, and whether the pointer is on it.
    fn ui(&mut self, ui: &Ui, view: Rect, name: &str, full_screen: bool) -> (Option<SessionAction>, bool) {
        let now = Instant::now();
        let pointer = ui.input(|input| input.pointer.latest_pos());
        let dragging = ui.input(|input| input.pointer.any_down());
        let strip = Rect::from_center_size(view.center_top() + vec2(0.0, STRIP.y / 2.0), STRIP);
        if pointer.is_some_and(|at| strip.contains(at)) && !dragging {
            let since = *self.hovered_since.get_or_insert(now);
            if now.duration_since(since) >= DWELL {
                self.shown_until = now + LINGER;
            } else {
                ui.ctx().request_repaint_after(DWELL);
            }
        } else {
            self.hovered_since = None;
        }
        if !self.is_out() {
            return (None, false);
        }
        ui.ctx().request_repaint_after(self.shown_until.saturating_duration_since(now));

        let mut action = None;
        let area = egui::Area::new(egui::Id::unique("session bar"))
            .order(egui::Order::Foreground)
            .pivot(egui::Align2::CENTER_TOP)
            .fixed_pos(view.center_top())
            .show(ui.ctx(), |ui| {
                theme::bar(ui).show(ui, |ui| {
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        action =
                            if self.asking { self.question(ui) } else { self.choices(ui, name, full_screen) };
                    });
                });
            });
        let over = pointer.is_some_and(|at| area.response.rect.contains(at));
        if over {
            self.shown_until = self.shown_until.max(now + LINGER);
        }
        (action, over)
    }

    fn choices(&mut self, ui: &mut Ui, name: &str, full_screen: bool) -> Option<SessionAction> {
        let mut action = None;
        ui.add(Label::new(RichText::new(name).strong()).truncate());
        ui.separator();
        let word = if full_screen { "Leave full screen" } else { "Full screen" };
        if theme::quiet(ui, word).on_hover_text("Ctrl+Alt+F").clicked() {
            action = Some(SessionAction::FullScreen(!full_screen));
        }
        if theme::quiet(ui, "Disconnect").on_hover_text("Programs go on running").clicked() {
            action = Some(SessionAction::Disconnect);
        }
        if theme::quiet(ui, "Log out…").clicked() {
            self.asking = true;
        }
        action
    }

    fn question(&mut self, ui: &mut Ui) -> Option<SessionAction> {
        let mut action = None;
        ui.label("End all programs on this desktop?");
        if theme::quiet(ui, "Log out").clicked() {
            self.asking = false;
            action = Some(SessionAction::LogOut);
        }
        if theme::quiet(ui, "Cancel").clicked() || ui.input(|input| input.key_pressed(Key::Escape)) {
            self.asking = false;
        }
        action
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_loses_its_premultiplication() {
        let mut pixels = [[0x11, 0x22, 0x33, 0xff], [0x40, 0, 0, 0x80], [0; 4]];
        pixels.iter_mut().for_each(unmultiply);
        assert_eq!(pixels, [[0x11, 0x22, 0x33, 0xff], [0x7f, 0, 0, 0x80], [0; 4]]);
    }

    #[test]
    fn a_view_of_points_is_a_session_of_pixels() {
        assert_eq!(geometry(vec2(640.0, 400.5), 2.0), Geometry { width: 1280, height: 801 });
        assert_eq!(geometry(vec2(3.0, 1e6), 1.0), Geometry { width: 64, height: 16384 });
    }
}
