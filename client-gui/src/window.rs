//! The event loop: eframe's, with [`Input`] looking at every event first.

use anyhow::Context;
use eframe::{EframeWinitApplication, UserEvent, egui};
use winit::application::ApplicationHandler;
use winit::event::{DeviceEvent, DeviceId, StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::window::WindowId;

use crate::app::{App, Setup};
use crate::icon;
use crate::input::Input;

/// Opens the window and runs until it is closed; gives the exit code.
pub(crate) fn run(setup: Setup) -> anyhow::Result<u8> {
    let event_loop = EventLoop::<UserEvent>::with_user_event().build().context(
        "no display: start the client from a graphical session, or set DISPLAY or WAYLAND_DISPLAY",
    )?;
    event_loop.set_control_flow(ControlFlow::Wait);
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("QVD")
            .with_app_id("qvd-client")
            .with_inner_size([1024.0, 720.0])
            .with_min_inner_size([400.0, 360.0])
            .with_icon(icon::window()),
        // The session's pixels are to arrive as they are.
        dithering: false,
        ..Default::default()
    };
    let input = Input::default();
    let exit = setup.exit.clone();
    let creator_input = input.clone();
    let creator: eframe::AppCreator<'_> =
        Box::new(move |context| Ok(Box::new(App::new(context, setup, creator_input)?)));
    let mut hook = Hook { inner: eframe::create_native("QVD", options, creator, &event_loop), input };
    event_loop.run_app(&mut hook).context("the window broke")?;
    Ok(exit.get())
}

/// Passes everything on to eframe but what ends at the session.
struct Hook<'app> {
    inner: EframeWinitApplication<'app>,
    input: Input,
}

impl ApplicationHandler<UserEvent> for Hook<'_> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.inner.resumed(event_loop);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        if !self.input.window_event(&event) {
            self.inner.window_event(event_loop, id, event);
        }
    }

    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        self.inner.new_events(event_loop, cause);
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        self.inner.user_event(event_loop, event);
    }

    fn device_event(&mut self, event_loop: &ActiveEventLoop, id: DeviceId, event: DeviceEvent) {
        self.inner.device_event(event_loop, id, event);
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.inner.about_to_wait(event_loop);
    }

    fn suspended(&mut self, event_loop: &ActiveEventLoop) {
        self.inner.suspended(event_loop);
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        self.inner.exiting(event_loop);
    }

    fn memory_warning(&mut self, event_loop: &ActiveEventLoop) {
        self.inner.memory_warning(event_loop);
    }
}
