//! How everything looks: colours, spacing, type, and the few compound widgets made of them.
//!
//! Nothing else in the window names a colour or a size. Two palettes, light and dark, share one structure; one
//! accent colour marks what a person most likely wants to do next, and nothing else.

use eframe::egui;
use egui::{
    Align, Button, Color32, CornerRadius, FontFamily, FontId, Frame, Label, Layout, Margin, Response,
    RichText, Sense, Shadow, Stroke, TextStyle, Theme, ThemePreference, Ui, Vec2, Visuals, WidgetInfo, vec2,
};
use qvd_client_core::settings::ThemeChoice;

/// Distances in points: between a label and its field, between widgets, between groups, around a page.
pub(crate) const TIGHT: f32 = 4.0;
pub(crate) const GAP: f32 = 10.0;
pub(crate) const GROUP: f32 = 20.0;
pub(crate) const PAGE: f32 = 28.0;
/// Width of a card that stands alone on a page.
pub(crate) const CARD: f32 = 420.0;
/// Height of a button or field.
const CONTROL: f32 = 36.0;
const CORNER: CornerRadius = CornerRadius::same(8);
const CARD_CORNER: CornerRadius = CornerRadius::same(14);

/// The colours of one theme.
#[derive(Clone, Copy)]
pub(crate) struct Palette {
    pub(crate) page: Color32,
    pub(crate) card: Color32,
    pub(crate) field: Color32,
    pub(crate) border: Color32,
    pub(crate) text: Color32,
    pub(crate) weak: Color32,
    pub(crate) accent: Color32,
    pub(crate) accent_hover: Color32,
    pub(crate) on_accent: Color32,
    pub(crate) good: Color32,
    pub(crate) busy: Color32,
    pub(crate) bad: Color32,
    pub(crate) bad_fill: Color32,
    hover: Color32,
    pressed: Color32,
    shadow: Color32,
}

const LIGHT: Palette = Palette {
    page: Color32::from_rgb(0xf3, 0xf4, 0xf7),
    card: Color32::from_rgb(0xff, 0xff, 0xff),
    field: Color32::from_rgb(0xff, 0xff, 0xff),
    border: Color32::from_rgb(0xd5, 0xd9, 0xe2),
    text: Color32::from_rgb(0x1a, 0x1f, 0x2b),
    weak: Color32::from_rgb(0x5c, 0x66, 0x78),
    accent: Color32::from_rgb(0x1f, 0x6f, 0xd6),
    accent_hover: Color32::from_rgb(0x18, 0x5d, 0xb8),
    on_accent: Color32::WHITE,
    good: Color32::from_rgb(0x1d, 0x8a, 0x4e),
    busy: Color32::from_rgb(0xb7, 0x79, 0x0a),
    bad: Color32::from_rgb(0xb4, 0x2a, 0x2a),
    bad_fill: Color32::from_rgb(0xfd, 0xee, 0xee),
    hover: Color32::from_rgb(0xea, 0xed, 0xf2),
    pressed: Color32::from_rgb(0xdc, 0xe1, 0xe9),
    shadow: Color32::from_black_alpha(18),
};

const DARK: Palette = Palette {
    page: Color32::from_rgb(0x13, 0x16, 0x1c),
    card: Color32::from_rgb(0x1d, 0x21, 0x2a),
    field: Color32::from_rgb(0x15, 0x18, 0x1f),
    border: Color32::from_rgb(0x35, 0x3c, 0x49),
    text: Color32::from_rgb(0xe8, 0xeb, 0xf1),
    weak: Color32::from_rgb(0x9a, 0xa4, 0xb5),
    accent: Color32::from_rgb(0x5b, 0x9d, 0xf5),
    accent_hover: Color32::from_rgb(0x7c, 0xb2, 0xf9),
    on_accent: Color32::from_rgb(0x0b, 0x14, 0x22),
    good: Color32::from_rgb(0x4c, 0xc3, 0x82),
    busy: Color32::from_rgb(0xe5, 0xb2, 0x4d),
    bad: Color32::from_rgb(0xf0, 0x81, 0x81),
    bad_fill: Color32::from_rgb(0x36, 0x20, 0x24),
    hover: Color32::from_rgb(0x2a, 0x30, 0x3c),
    pressed: Color32::from_rgb(0x35, 0x3c, 0x4a),
    shadow: Color32::from_black_alpha(70),
};

/// The colours in use.
pub(crate) fn palette(ui: &Ui) -> Palette {
    if ui.visuals().dark_mode { DARK } else { LIGHT }
}

/// Dresses a context, once.
pub(crate) fn install(ctx: &egui::Context) {
    for (theme, palette) in [(Theme::Light, LIGHT), (Theme::Dark, DARK)] {
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(&palette, theme == Theme::Dark);
            style.text_styles = [
                (TextStyle::Heading, FontId::new(24.0, FontFamily::Proportional)),
                (TextStyle::Body, FontId::new(15.0, FontFamily::Proportional)),
                (TextStyle::Button, FontId::new(15.0, FontFamily::Proportional)),
                (TextStyle::Small, FontId::new(13.0, FontFamily::Proportional)),
                (TextStyle::Monospace, FontId::new(13.5, FontFamily::Monospace)),
            ]
            .into();
            style.spacing.item_spacing = vec2(GAP, GAP);
            style.spacing.button_padding = vec2(16.0, 8.0);
            style.spacing.interact_size.y = CONTROL;
            style.spacing.menu_margin = Margin::same(6);
            style.interaction.selectable_labels = false;
            style.animation_time = 0.1;
        });
    }
}

/// Wears the chosen theme.
pub(crate) fn choose(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => ThemePreference::System,
        ThemeChoice::Light => ThemePreference::Light,
        ThemeChoice::Dark => ThemePreference::Dark,
    });
}

fn visuals(palette: &Palette, dark: bool) -> Visuals {
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    visuals.panel_fill = palette.page;
    visuals.window_fill = palette.card;
    visuals.window_stroke = Stroke::new(1.0, palette.border);
    visuals.window_corner_radius = CARD_CORNER;
    visuals.menu_corner_radius = CORNER;
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.faint_bg_color = palette.hover;
    visuals.weak_text_color = Some(palette.weak);
    visuals.hyperlink_color = palette.accent;
    visuals.error_fg_color = palette.bad;
    visuals.warn_fg_color = palette.busy;
    visuals.selection.bg_fill = palette.accent.gamma_multiply(if dark { 0.45 } else { 0.25 });
    visuals.selection.stroke = Stroke::new(1.5, palette.accent);
    visuals.disabled_alpha = 0.5;
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: palette.shadow };
    let widgets = &mut visuals.widgets;
    for (state, fill, border) in [
        (&mut widgets.noninteractive, palette.card, palette.border),
        (&mut widgets.inactive, palette.card, palette.border),
        (&mut widgets.hovered, palette.hover, palette.weak),
        (&mut widgets.active, palette.pressed, palette.accent),
        (&mut widgets.open, palette.pressed, palette.border),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, border);
        state.fg_stroke = Stroke::new(1.0, palette.text);
        state.corner_radius = CORNER;
        state.expansion = 0.0;
    }
    visuals
}

/// A raised surface around one thing.
pub(crate) fn card(ui: &Ui) -> Frame {
    let palette = palette(ui);
    Frame::NONE
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.border))
        .corner_radius(CARD_CORNER)
        .shadow(Shadow { offset: [0, 3], blur: 18, spread: 0, color: palette.shadow })
        .inner_margin(Margin::same(GROUP as i8))
}

/// The surface of a bar that hangs from the top edge.
pub(crate) fn bar(ui: &Ui) -> Frame {
    let palette = palette(ui);
    Frame::NONE
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.border))
        .corner_radius(CornerRadius { nw: 0, ne: 0, sw: 12, se: 12 })
        .shadow(Shadow { offset: [0, 3], blur: 14, spread: 0, color: palette.shadow })
        .inner_margin(Margin::symmetric(14, 6))
}

/// One card in the middle of the page, as high as its content. `id` remembers its height from frame to frame.
pub(crate) fn lone_card<R>(ui: &mut Ui, id: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let page = ui.max_rect();
    let id = ui.scope_id().with(id);
    let height = ui.data(|data| data.get_temp::<f32>(id));
    let result = egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        // A little above the middle looks like the middle.
        let above = height.map_or(page.height() / 4.0, |height| ((page.height() - height) * 0.42).max(PAGE));
        ui.add_space(above);
        let width = CARD.min(page.width() - 2.0 * PAGE);
        let inner = ui.vertical_centered(|ui| {
            ui.set_max_width(width);
            card(ui).inner_margin(Margin::same(PAGE as i8)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.with_layout(Layout::top_down(Align::Min), content).inner
            })
        });
        let rect = inner.inner.response.rect;
        if height != Some(rect.height()) {
            ui.data_mut(|data| data.insert_temp(id, rect.height()));
            ui.ctx().request_repaint();
        }
        ui.add_space(PAGE);
        inner.inner.inner
    });
    result.inner
}

/// A row of buttons at a card's right edge, the likeliest first.
pub(crate) fn actions<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| ui.with_layout(Layout::right_to_left(Align::Center), content).inner).inner
}

/// The heading of a card.
pub(crate) fn heading(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).text_style(TextStyle::Heading)).wrap());
}

/// Text that matters less.
pub(crate) fn weak(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = palette(ui).weak;
    ui.add(Label::new(RichText::new(text.into()).color(color)).wrap())
}

/// Something went wrong: a sentence or two in a tinted box.
pub(crate) fn alarm(ui: &mut Ui, title: &str, text: &str) {
    let palette = palette(ui);
    Frame::NONE
        .fill(palette.bad_fill)
        .stroke(Stroke::new(1.0, palette.bad.gamma_multiply(0.4)))
        .corner_radius(CORNER)
        .inner_margin(Margin::symmetric(14, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = TIGHT;
            ui.add(Label::new(RichText::new(title).color(palette.bad).strong()).wrap());
            if !text.is_empty() {
                ui.add(Label::new(RichText::new(text).color(palette.text)).wrap());
            }
        });
}

/// The thing to do next. At most one on a page.
pub(crate) fn primary(ui: &mut Ui, text: &str) -> Response {
    let palette = palette(ui);
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for (state, fill) in [
            (&mut widgets.inactive, palette.accent),
            (&mut widgets.hovered, palette.accent_hover),
            (&mut widgets.active, palette.accent_hover),
        ] {
            state.weak_bg_fill = fill;
            state.bg_stroke = Stroke::new(1.0, fill);
            state.fg_stroke.color = palette.on_accent;
        }
        let response = ui.add(Button::new(RichText::new(text).color(palette.on_accent)));
        focus_ring(ui, &response, &palette);
        response
    })
    .inner
}

/// The thing to do next, as wide as its card.
pub(crate) fn primary_wide(ui: &mut Ui, text: &str) -> Response {
    let width = ui.available_width();
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = CONTROL + 4.0;
        ui.allocate_ui_with_layout(
            vec2(width, CONTROL + 4.0),
            Layout::top_down_justified(Align::Center),
            |ui| primary(ui, text),
        )
        .inner
    })
    .inner
}

/// Any other thing to do.
pub(crate) fn secondary(ui: &mut Ui, text: &str) -> Response {
    let palette = palette(ui);
    let response = ui.add(Button::new(text));
    focus_ring(ui, &response, &palette);
    response
}

/// A thing to do that is written small, such as in a bar.
pub(crate) fn quiet(ui: &mut Ui, text: &str) -> Response {
    let palette = palette(ui);
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        widgets.inactive.weak_bg_fill = Color32::TRANSPARENT;
        widgets.inactive.bg_stroke = Stroke::NONE;
        widgets.hovered.bg_stroke = Stroke::NONE;
        widgets.active.bg_stroke = Stroke::NONE;
        ui.spacing_mut().button_padding = vec2(10.0, 5.0);
        ui.spacing_mut().interact_size.y = 28.0;
        let response = ui.add(Button::new(text));
        focus_ring(ui, &response, &palette);
        response
    })
    .inner
}

/// Shows where the keyboard is: without it nobody can go by Tab.
fn focus_ring(ui: &Ui, response: &Response, palette: &Palette) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            response.rect.expand(2.0),
            CornerRadius::same(10),
            Stroke::new(2.0, palette.accent),
            egui::StrokeKind::Outside,
        );
    }
}

/// A named one-line field, as wide as its card.
pub(crate) fn field(ui: &mut Ui, label: &str, text: &mut String, hint: &str, secret: bool) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = TIGHT;
        let color = palette(ui).weak;
        let name = ui.label(RichText::new(label).text_style(TextStyle::Small).color(color));
        let color = color.gamma_multiply(0.7);
        let edit = egui::TextEdit::singleline(text)
            .hint_text(RichText::new(hint).color(color))
            .password(secret)
            .margin(Margin::symmetric(12, 9))
            .desired_width(f32::INFINITY);
        ui.add(edit).labelled_by(name.id)
    })
    .inner
}

/// What the dot in front of a state says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It rests.
    Idle,
    /// It is on its way.
    Busy,
    /// It runs.
    Good,
    /// It needs somebody.
    Bad,
}

/// A state: a coloured dot and a word, so that nobody has to tell colours apart.
pub(crate) fn state(ui: &mut Ui, mood: Mood, word: &str) {
    let palette = palette(ui);
    let color = match mood {
        Mood::Idle => palette.weak,
        Mood::Busy => palette.busy,
        Mood::Good => palette.good,
        Mood::Bad => palette.bad,
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.spacing_mut().item_spacing.x = 8.0;
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
        if mood == Mood::Idle {
            ui.painter().circle_stroke(rect.center(), 4.0, Stroke::new(1.5, color));
        } else {
            ui.painter().circle_filled(rect.center(), 4.5, color);
        }
        ui.add(Label::new(RichText::new(word).color(palette.text)).wrap());
    });
}

/// Light, dark or as the system. Gives what was chosen.
pub(crate) fn switch(ui: &mut Ui, now: ThemeChoice) -> Option<ThemeChoice> {
    let choices = [(ThemeChoice::System, "Auto"), (ThemeChoice::Light, "Light"), (ThemeChoice::Dark, "Dark")];
    choice(ui, "theme", now, &choices)
}

/// Around the words of a [`choice`].
const CHOICE_MARGIN: i8 = 3;

/// Height of a row that has a [`choice`] in it, for the words beside it.
pub(crate) fn choice_height(ui: &Ui) -> f32 {
    ui.spacing().interact_size.y + 2.0 * f32::from(CHOICE_MARGIN)
}

/// One of a few: small buttons in one. Gives what was chosen; `what` completes their words for those who cannot see.
pub(crate) fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    what: &str,
    now: T,
    choices: &[(T, &str)],
) -> Option<T> {
    let palette = palette(ui);
    let mut chosen = None;
    let margin = Margin::same(CHOICE_MARGIN);
    Frame::NONE.fill(palette.hover).corner_radius(CORNER).inner_margin(margin).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            ui.spacing_mut().button_padding = vec2(10.0, 3.0);
            ui.spacing_mut().interact_size.y = 24.0;
            let mut choices = choices.to_vec();
            if ui.layout().prefer_right_to_left() {
                // In a row that fills from the right, the same order to the eye.
                choices.reverse();
            }
            for (choice, word) in choices {
                let selected = choice == now;
                let text = RichText::new(word).text_style(TextStyle::Small).color(if selected {
                    palette.text
                } else {
                    palette.weak
                });
                let fill = if selected { palette.card } else { Color32::TRANSPARENT };
                let button = Button::new(text).fill(fill).stroke(Stroke::NONE).corner_radius(6);
                let response = ui.add(button);
                response.widget_info(|| {
                    WidgetInfo::selected(egui::Role::RadioButton, true, selected, format!("{word} {what}"))
                });
                focus_ring(ui, &response, &palette);
                if response.clicked() && !selected {
                    chosen = Some(choice);
                }
            }
        });
    });
    chosen
}
