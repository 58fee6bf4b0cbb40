//! Keys, buttons and the wheel on their way to the session, past egui.
//!
//! egui knows characters; a session needs physical keys with press and release. So the event loop shows every event
//! to [`Input`] first, and while the session's view has the keyboard, keys end here. Whatever was pressed in the
//! session is remembered, so that nothing stays down when the window loses the keyboard or a bar opens.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eframe::egui;
use qvd_client_core::keyboard::ScancodeSet;
use qvd_client_core::session::{Input as SessionInput, InputSender};
use winit::event::{ElementState, MouseButton, MouseScrollDelta, WindowEvent};
use winit::platform::scancode::PhysicalKeyExtScancode;

/// X keycodes of the keys that the window keeps for itself: Ctrl+Alt+F.
const CONTROL: [u8; 2] = [37, 105];
const ALT: u8 = 64;
const F: u8 = 41;
/// Keys of a grab that wait for the window, at most.
const MOST_WAITING: usize = 256;
/// A touch pad's pixels to one click of a wheel.
const PIXELS_PER_CLICK: f64 = 40.0;

/// The way from the window to the session. Clones share it; any thread may use it.
#[derive(Clone, Default)]
pub(crate) struct Input(Arc<Mutex<State>>);

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the window")]
struct State {
    session: Option<InputSender>,
    /// The view has the keyboard.
    keyboard: bool,
    grab: GrabState,
    /// The pointer is over the view, not over something of the window's own.
    pointer: bool,
    /// The pixel row from which on motion is nothing to the window.
    edge: f64,
    /// The window knows that the pointer is beyond that row.
    beyond: bool,
    keys: BTreeSet<u8>,
    buttons: BTreeSet<u8>,
    /// Fractions of wheel clicks, right and down.
    wheel: [f64; 2],
    /// The key that the window kept for itself, while it is down.
    kept: Option<u8>,
    full_screen: bool,
    ctx: Option<egui::Context>,
}

/// Whether a grab speaks for the keyboard. While it does, all keys come from it, and the window has the focus whatever
/// its own events say.
#[derive(Default)]
enum GrabState {
    #[default]
    None,
    /// It begins, and the window has not come to the event that says so: keys pressed before may still be on their way
    /// to it. Those of the grab, X keycode and whether it was pressed, wait here for their turn.
    Begins(Vec<(u8, bool)>),
    Speaks,
}

impl Input {
    /// Sends input to a session from now on.
    pub(crate) fn attach(&self, session: InputSender, ctx: egui::Context) {
        let mut state = self.state();
        *state = State { session: Some(session), ctx: Some(ctx), ..State::default() };
    }

    /// Sends nothing any more.
    pub(crate) fn detach(&self) {
        *self.state() = State::default();
    }

    /// Says what the view has of the keyboard and the pointer. Motion in the view from pixel row `edge` on is the
    /// session's alone: the window would paint itself for it and look the same.
    pub(crate) fn set_view(&self, keyboard: bool, pointer: bool, edge: f64) {
        let mut state = self.state();
        if state.keyboard && !keyboard {
            state.release_keys();
        }
        state.keyboard = keyboard;
        state.pointer = pointer;
        state.edge = edge;
    }

    /// Whether the person pressed the key for full screen since the last call.
    pub(crate) fn take_full_screen(&self) -> bool {
        std::mem::take(&mut self.state().full_screen)
    }

    /// Says whether a grab speaks for the keyboard.
    #[cfg(target_os = "linux")]
    pub(crate) fn set_grabbed(&self, grabbed: bool) {
        let mut state = self.state();
        if grabbed {
            state.grab = GrabState::Begins(Vec::new());
        } else if !matches!(std::mem::take(&mut state.grab), GrabState::None) {
            state.release_keys();
            if let Some(ctx) = &state.ctx {
                ctx.request_repaint();
            }
        }
    }

    /// Whether a grab speaks for the keyboard.
    pub(crate) fn is_grabbed(&self) -> bool {
        !matches!(self.state().grab, GrabState::None)
    }

    /// Looks at an event; true if it ends here.
    pub(crate) fn window_event(&self, event: &WindowEvent) -> bool {
        let mut state = self.state();
        match event {
            WindowEvent::KeyboardInput { event, is_synthetic, .. } => {
                if !state.keyboard {
                    return false;
                }
                // Synthetic presses are keys that were down when the focus came: not meant for the session.
                if !is_synthetic && let Some(code) = event.physical_key.to_scancode() {
                    state.scancode(code, event.state.is_pressed());
                }
                true
            }
            WindowEvent::Focused(false) => {
                state.focus_lost();
                false
            }
            WindowEvent::CursorMoved { position, .. } => {
                if state.pointer || !state.buttons.is_empty() {
                    let pixel = |value: f64| value.clamp(0.0, f64::from(i16::MAX)) as i16;
                    state.send(SessionInput::Motion { x: pixel(position.x), y: pixel(position.y) });
                }
                let beyond = state.pointer && position.y >= state.edge;
                std::mem::replace(&mut state.beyond, beyond) && beyond
            }
            WindowEvent::CursorLeft { .. } => {
                state.beyond = false;
                false
            }
            WindowEvent::MouseInput { state: direction, button, .. } => {
                state.button(*button, *direction);
                false
            }
            WindowEvent::MouseWheel { delta, .. } => {
                state.wheel(*delta);
                false
            }
            _ => false,
        }
    }

    /// A key by X keycode, from a keyboard grab.
    pub(crate) fn grabbed_key(&self, code: u8, pressed: bool) {
        let mut state = self.state();
        if let GrabState::Begins(waiting) = &mut state.grab
            && waiting.len() < MOST_WAITING
        {
            waiting.push((code, pressed));
        } else if state.keyboard {
            state.key(code, pressed);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn send(&self, input: SessionInput) {
        if let Some(session) = &self.session {
            session.send(input);
        }
    }

    /// The window's own events say that it lost the focus. With a grab that is its beginning.
    fn focus_lost(&mut self) {
        match std::mem::replace(&mut self.grab, GrabState::Speaks) {
            GrabState::Speaks => {}
            GrabState::Begins(waiting) => {
                for (code, pressed) in waiting {
                    if self.keyboard {
                        self.key(code, pressed);
                    }
                }
            }
            GrabState::None => {
                self.grab = GrabState::None;
                self.release_keys();
                self.release_buttons();
            }
        }
    }

    fn scancode(&mut self, scancode: u32, pressed: bool) {
        if let Some(code) = ScancodeSet::NATIVE.x_keycode(scancode) {
            self.key(code, pressed);
        }
    }

    fn key(&mut self, code: u8, pressed: bool) {
        if !pressed && self.kept == Some(code) {
            self.kept = None;
            return;
        }
        let control = CONTROL.iter().any(|key| self.keys.contains(key));
        if pressed && (self.kept == Some(code) || code == F && control && self.keys.contains(&ALT)) {
            // Its repetitions are kept as well.
            if self.kept.replace(code).is_none() {
                self.full_screen = true;
                if let Some(ctx) = &self.ctx {
                    ctx.request_repaint();
                }
            }
            return;
        }
        if pressed {
            // One that is down already is being repeated.
            self.keys.insert(code);
        } else if !self.keys.remove(&code) {
            // It was not pressed here, so its release is somebody else's too.
            return;
        }
        self.send(SessionInput::Key { code, pressed });
    }

    fn button(&mut self, button: MouseButton, direction: ElementState) {
        let number = match button {
            MouseButton::Left => 1,
            MouseButton::Middle => 2,
            MouseButton::Right => 3,
            MouseButton::Back => 8,
            MouseButton::Forward => 9,
            MouseButton::Other(_) => return,
        };
        let pressed = direction.is_pressed();
        let send =
            if pressed { self.pointer && self.buttons.insert(number) } else { self.buttons.remove(&number) };
        if send {
            self.send(SessionInput::Button { number, pressed });
        }
    }

    fn wheel(&mut self, delta: MouseScrollDelta) {
        if !self.pointer {
            return;
        }
        let [right, down] = match delta {
            MouseScrollDelta::LineDelta(x, y) => [-f64::from(x), -f64::from(y)],
            MouseScrollDelta::PixelDelta(by) => [-by.x / PIXELS_PER_CLICK, -by.y / PIXELS_PER_CLICK],
        };
        self.wheel[0] += right;
        self.wheel[1] += down;
        for (axis, back, forth) in [(1, 4, 5), (0, 6, 7)] {
            let clicks = self.wheel[axis].trunc();
            self.wheel[axis] -= clicks;
            let number = if clicks < 0.0 { back } else { forth };
            // A thrown wheel is not worth more than this at once.
            for _ in 0..clicks.abs().min(20.0) as u8 {
                self.send(SessionInput::Button { number, pressed: true });
                self.send(SessionInput::Button { number, pressed: false });
            }
        }
    }

    fn release_keys(&mut self) {
        for code in std::mem::take(&mut self.keys) {
            self.send(SessionInput::Key { code, pressed: false });
        }
    }

    fn release_buttons(&mut self) {
        for number in std::mem::take(&mut self.buttons) {
            self.send(SessionInput::Button { number, pressed: false });
        }
    }
}
