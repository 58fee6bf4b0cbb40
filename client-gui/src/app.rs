//! The program behind the screens: holds the client, shows one screen, does what it asks for.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use eframe::egui;
use egui::{CentralPanel, Frame, Ui, ViewportCommand};
use qvd_client_core::protocol::session::{Geometry, ImageQuality, LinkSpeed, SessionParameters};
use qvd_client_core::protocol::{ErrorCode, Secret, VmId};
use qvd_client_core::session::{End, Session, Tuning};
use qvd_client_core::settings::{Settings, ThemeChoice};
use qvd_client_core::trust::Fingerprint;
use qvd_client_core::{Client, Error, Event, ServerAddress, keyboard, locale};

use crate::input::Input;
use crate::screens::certificate::{CertificateAction, CertificateScreen};
use crate::screens::desktops::{DesktopsAction, DesktopsScreen};
use crate::screens::ended::{EndedAction, EndedScreen};
use crate::screens::login::{LoginAction, LoginScreen};
use crate::screens::progress::{Cancel, ProgressScreen};
use crate::screens::session::{self, SessionAction, SessionScreen};
use crate::texture::ViewTexture;
use crate::theme;
use crate::words::{self, Words};

/// How often the list is asked for while something on it is on its way, and while nothing is.
const SOON: Duration = Duration::from_millis(1500);
const LATER: Duration = Duration::from_secs(6);

/// Exit codes of `--once`.
const EXIT_LOGIN: u8 = 3;
const EXIT_CONNECT: u8 = 4;
const EXIT_BROKEN: u8 = 5;

/// What the command line and the settings say.
pub(crate) struct Setup {
    /// Where settings are kept.
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    /// Log in at once.
    pub(crate) password: Option<Secret>,
    /// Connect at once to the desktop of this name.
    pub(crate) connect: Option<String>,
    /// Trust a new server with this certificate.
    pub(crate) accept: Option<Fingerprint>,
    pub(crate) full_screen: bool,
    /// Close when the session ends.
    pub(crate) once: bool,
    /// Where the exit code goes.
    pub(crate) exit: Rc<Cell<u8>>,
}

/// The window's program.
pub(crate) struct App {
    setup: Setup,
    client: Client,
    input: Input,
    texture: Option<ViewTexture>,
    login: LoginScreen,
    /// The server of the login that is tried or done.
    address: Option<ServerAddress>,
    /// What to try again when the certificate has been accepted.
    attempt: Option<Attempt>,
    desktops: DesktopsScreen,
    listed: Instant,
    screen: Screen,
}

struct Attempt {
    user: String,
    password: Secret,
}

/// What the window shows. The login and the list keep their content while something else is shown.
enum Screen {
    Login,
    Certificate(CertificateScreen),
    Desktops,
    Progress { desktop: VmId, geometry: Geometry, screen: ProgressScreen },
    Session(Box<SessionScreen>),
    Ended(EndedScreen),
}

impl App {
    pub(crate) fn new(
        context: &eframe::CreationContext<'_>,
        mut setup: Setup,
        input: Input,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let ctx = context.egui_ctx.clone();
        theme::install(&ctx);
        theme::choose(&ctx, setup.settings.theme);
        // A session's pixels are the screen's; egui's own zoom would come between.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        let wake_ctx = ctx.clone();
        let client = Client::new(&setup.folder, std::sync::Arc::new(move || wake_ctx.request_repaint()))?;
        #[cfg(unix)]
        client.on_terminate({
            let ctx = ctx.clone();
            move || ctx.send_viewport_cmd(ViewportCommand::Close)
        })?;
        let password = setup.password.take();
        let mut app = Self {
            client,
            input,
            texture: None,
            login: LoginScreen::new(setup.settings.server.clone(), setup.settings.user.clone()),
            address: None,
            attempt: None,
            desktops: DesktopsScreen::new(String::new()),
            listed: Instant::now(),
            screen: Screen::Login,
            setup,
        };
        if let Some(password) = password {
            let (server, user) = (app.login.server.clone(), app.login.user.clone());
            app.log_in(&ctx, &server, user, password);
        }
        Ok(app)
    }

    fn log_in(&mut self, ctx: &egui::Context, server: &str, user: String, password: Secret) {
        match server.parse::<ServerAddress>() {
            Ok(address) => {
                self.attempt = Some(Attempt { user, password });
                self.address = Some(address);
                self.try_login();
            }
            Err(error) => {
                let advice =
                    format!("Type a name such as desk.example.org or desk.example.org:8443 ({error}).");
                self.login_failed(ctx, Some(Words::new("That is not the name of a server", advice)));
            }
        }
    }

    fn try_login(&mut self) {
        let (Some(address), Some(Attempt { user, password })) = (&self.address, &self.attempt) else {
            return;
        };
        self.login.busy = true;
        self.login.alarm = None;
        self.client.log_in(address.clone(), user.clone(), password.clone());
        self.screen = Screen::Login;
    }

    fn login_failed(&mut self, ctx: &egui::Context, words: Option<Words>) {
        if let Some(words) = &words {
            tracing::info!(title = words.title, text = words.text, "login failed");
        }
        self.attempt = None;
        self.login.fail(words);
        self.screen = Screen::Login;
        self.give_up(ctx, EXIT_LOGIN);
    }

    /// With `--once`, closes the window.
    fn give_up(&self, ctx: &egui::Context, code: u8) {
        if self.setup.once {
            self.setup.exit.set(code);
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    fn words(&self, error: &Error) -> Words {
        match &self.address {
            Some(address) => words::failure(error, address, self.client.known_servers()),
            None => Words::new("Something went wrong", error.to_string()),
        }
    }

    fn handle(&mut self, ctx: &egui::Context, event: Event) {
        match event {
            Event::LoggedIn { user } => self.logged_in(user),
            Event::LoginFailed(Error::UnknownCertificate(shown)) => self.meet(ctx, shown),
            Event::LoginFailed(error) => {
                let words = self.words(&error);
                self.login_failed(ctx, Some(words));
            }
            Event::Desktops(desktops) => {
                self.desktops.desktops = Some(desktops);
                self.connect_by_name(ctx);
            }
            Event::ListFailed(error) => self.lost_rights(ctx, &error),
            Event::Desktop(desktop) => {
                self.desktops.update(desktop);
                self.listed = Instant::now();
            }
            Event::ActionFailed { desktop, error } => {
                tracing::info!(%desktop, %error, "action failed");
                self.lost_rights(ctx, &error);
            }
            Event::Progress { stage, message } => {
                if let Screen::Progress { screen, .. } = &mut self.screen {
                    screen.step(stage, message);
                }
            }
            Event::Connected(session) => self.connected(ctx, session),
            Event::ConnectFailed(error) => self.connect_failed(ctx, &error),
        }
    }

    fn logged_in(&mut self, user: String) {
        let Some(address) = &self.address else { return };
        tracing::info!(%address, user, "logged in");
        self.desktops = DesktopsScreen::new(format!("{user} at {address}"));
        self.attempt = None;
        self.login.fail(None);
        self.setup.settings.server = address.to_string();
        self.setup.settings.user = user;
        self.save();
        self.screen = Screen::Desktops;
        self.refresh();
    }

    fn save(&self) {
        if let Err(error) = self.setup.settings.save(&self.setup.folder) {
            tracing::warn!(%error, "cannot save the settings");
        }
    }

    /// A server that this computer has not met: known from the command line, or a person has to say.
    fn meet(&mut self, ctx: &egui::Context, shown: Fingerprint) {
        let Some(address) = self.address.clone() else { return };
        match self.setup.accept {
            Some(expected) if expected == shown => self.trust(ctx, &address, shown),
            Some(expected) => {
                let words = Words::new(
                    format!("{address} is not the server you expected"),
                    format!("Its certificate is {shown}, not {expected}. Nothing was sent."),
                );
                self.login_failed(ctx, Some(words));
            }
            None if self.setup.once && self.setup.connect.is_some() => {
                let words = Words::new(
                    format!("{address} is new to this computer"),
                    format!("Start with --accept-fingerprint {shown} if that is its certificate."),
                );
                self.login_failed(ctx, Some(words));
            }
            None => {
                self.login.busy = false;
                self.screen = Screen::Certificate(CertificateScreen { address, fingerprint: shown });
            }
        }
    }

    fn trust(&mut self, ctx: &egui::Context, address: &ServerAddress, fingerprint: Fingerprint) {
        match self.client.trust(address, fingerprint) {
            Ok(()) => self.try_login(),
            Err(error) => {
                let words = self.words(&error);
                self.login_failed(ctx, Some(words));
            }
        }
    }

    fn refresh(&mut self) {
        self.listed = Instant::now();
        self.client.refresh();
    }

    fn connect_by_name(&mut self, ctx: &egui::Context) {
        let Some(name) = self.setup.connect.take() else { return };
        let found = self.desktops.desktops.iter().flatten().find(|desktop| desktop.name == name);
        if let Some(id) = found.map(|desktop| desktop.id) {
            self.connect(ctx, id);
        } else {
            let title = format!("There is no desktop called {name}");
            self.desktops.alarm = Some(Words::new(title, "These are the ones that you can use."));
            self.give_up(ctx, EXIT_CONNECT);
        }
    }

    fn connect(&mut self, ctx: &egui::Context, desktop: VmId) {
        let name = self.desktops.find(desktop).map_or_else(String::new, |desktop| desktop.name.clone());
        let scale = ctx.pixels_per_point();
        let mut size = ctx.content_rect().size();
        if std::mem::take(&mut self.setup.full_screen) {
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(true));
            // The window will have the screen's size; a session that is resized while it resumes may not tell all of
            // its programs.
            size = ctx.input(|input| input.viewport().monitor_size).unwrap_or(size);
        }
        let geometry = session::geometry(size, scale);
        let parameters = SessionParameters {
            geometry,
            dpi: (96.0 * scale).round().clamp(48.0, 480.0) as u16,
            keyboard: keyboard::detect(),
            locale: locale::locale(),
            timezone: locale::timezone(),
            link: LinkSpeed::default(),
            images: ImageQuality::default(),
            cache: None,
        };
        let Settings { link, images, forget, .. } = self.setup.settings;
        let tuning = Tuning { link, images, forget };
        tracing::info!(%desktop, ?geometry, "connecting");
        self.client.connect(desktop, parameters, tuning);
        self.screen = Screen::Progress { desktop, geometry, screen: ProgressScreen::new(name) };
    }

    fn connected(&mut self, ctx: &egui::Context, session: Session) {
        let Screen::Progress { desktop, geometry, screen } = &self.screen else { return };
        tracing::info!(%desktop, "connected");
        let screen =
            SessionScreen::new(session, *desktop, screen.name.clone(), *geometry, self.input.clone(), ctx);
        ctx.send_viewport_cmd(ViewportCommand::Title(format!("{} - QVD", screen.name)));
        self.screen = Screen::Session(Box::new(screen));
    }

    fn connect_failed(&mut self, ctx: &egui::Context, error: &Error) {
        tracing::info!(%error, "connect failed");
        if is_logged_out(error) {
            return self.lost_rights(ctx, error);
        }
        let words = self.words(error);
        if let Screen::Progress { desktop, screen, .. } = &self.screen {
            let (desktop, name) = (*desktop, screen.name.clone());
            self.screen = Screen::Ended(EndedScreen { desktop, name, words, bad: true, fresh: true });
        }
        self.refresh();
        self.give_up(ctx, EXIT_CONNECT);
    }

    /// A call failed: back to the login if the token is not taken any more, otherwise a word on the list.
    fn lost_rights(&mut self, ctx: &egui::Context, error: &Error) {
        let words = self.words(error);
        if is_logged_out(error) {
            self.client.log_out();
            if !matches!(self.screen, Screen::Session(_)) {
                self.login_failed(ctx, Some(words));
            }
        } else {
            self.desktops.alarm = Some(words);
        }
    }

    fn ended(&mut self, ctx: &egui::Context, end: End) {
        let Screen::Session(screen) = &self.screen else { return };
        tracing::info!(?end, "session ended");
        let (desktop, name) = (screen.desktop, screen.name.clone());
        let (code, shown) = match end {
            End::Disconnected => (0, None),
            End::Closed { code: ErrorCode::SessionEnded, message, .. } => {
                (0, Some((Words::new(words::code(ErrorCode::SessionEnded), message), false)))
            }
            End::Closed { code: ErrorCode::TakenOver, message, by } => {
                let title = by.map_or_else(
                    || words::code(ErrorCode::TakenOver).into(),
                    |holder| format!("Taken over by {} from {}", holder.user, words::place(&holder)),
                );
                (EXIT_BROKEN, Some((Words::new(title, message), false)))
            }
            End::Closed { code, message, .. } => {
                (EXIT_BROKEN, Some((Words::new(words::code(code), message), true)))
            }
            End::Broken(error) => (EXIT_BROKEN, Some((self.words(&error), true))),
        };
        self.screen = match shown {
            None => Screen::Desktops,
            Some((words, bad)) => Screen::Ended(EndedScreen { desktop, name, words, bad, fresh: true }),
        };
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(false));
        ctx.send_viewport_cmd(ViewportCommand::Title("QVD".into()));
        self.refresh();
        self.give_up(ctx, code);
    }

    /// Keeps the list fresh while it is to be seen.
    fn follow_list(&mut self, ctx: &egui::Context) {
        if !matches!(self.screen, Screen::Desktops) {
            return;
        }
        let pause = if self.desktops.is_moving() { SOON } else { LATER };
        let age = self.listed.elapsed();
        if age >= pause {
            self.refresh();
        }
        ctx.request_repaint_after(pause.saturating_sub(age).max(Duration::from_millis(50)));
    }

    fn choose_theme(&mut self, ctx: &egui::Context, choice: ThemeChoice) {
        theme::choose(ctx, choice);
        self.setup.settings.theme = choice;
        self.save();
    }

    fn show_desktops(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        match self.desktops.ui(ui, &self.setup.settings) {
            Some(DesktopsAction::Connect(id)) => {
                self.desktops.alarm = None;
                self.connect(&ctx, id);
            }
            Some(DesktopsAction::Act(id, action)) => {
                self.desktops.alarm = None;
                self.client.act(id, action);
            }
            Some(DesktopsAction::LogOut) => {
                self.client.log_out();
                self.login.fail(None);
                self.screen = Screen::Login;
            }
            Some(DesktopsAction::Theme(choice)) => self.choose_theme(&ctx, choice),
            Some(DesktopsAction::Link(choice)) => {
                self.setup.settings.link = choice;
                self.save();
            }
            Some(DesktopsAction::Images(choice)) => {
                self.setup.settings.images = choice;
                self.save();
            }
            Some(DesktopsAction::Forget(choice)) => {
                self.setup.settings.forget = choice;
                self.save();
                if choice {
                    self.client.forget_displays();
                }
            }
            None => {}
        }
    }

    fn show_session(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        if self.texture.is_none() {
            self.texture = ViewTexture::new(frame);
        }
        let Screen::Session(screen) = &mut self.screen else { return };
        #[cfg(target_os = "linux")]
        let window = crate::grab::window_id(frame);
        #[cfg(not(target_os = "linux"))]
        let window = None;
        match screen.ui(ui, self.texture.as_mut(), window) {
            Some(SessionAction::Disconnect) => screen.session.disconnect(),
            Some(SessionAction::LogOut) => screen.session.log_out(),
            Some(SessionAction::FullScreen(full)) => {
                ui.ctx().send_viewport_cmd(ViewportCommand::Fullscreen(full));
            }
            None => {}
        }
    }
}

/// Whether the server does not take the token any more.
fn is_logged_out(error: &Error) -> bool {
    matches!(error, Error::Refused(body) if body.code == ErrorCode::NotLoggedIn)
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        while let Some(event) = self.client.poll() {
            self.handle(ctx, event);
        }
        if let Screen::Session(screen) = &mut self.screen
            && let Some(end) = screen.poll()
        {
            self.ended(ctx, end);
        }
        self.follow_list(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        if matches!(self.screen, Screen::Session(_)) {
            CentralPanel::no_frame().show(ui, |ui| self.show_session(ui, frame));
            return;
        }
        let page = Frame::NONE.fill(theme::palette(ui).page);
        CentralPanel::default().frame(page).show(ui, |ui| match &mut self.screen {
            Screen::Login => match self.login.ui(ui, self.setup.settings.theme) {
                Some(LoginAction::LogIn { server, user, password }) => {
                    self.log_in(&ctx, &server, user, password);
                }
                Some(LoginAction::Cancel) => {
                    self.client.cancel();
                    self.login.fail(None);
                }
                Some(LoginAction::Theme(choice)) => self.choose_theme(&ctx, choice),
                None => {}
            },
            Screen::Certificate(screen) => match screen.ui(ui) {
                Some(CertificateAction::Trust) => {
                    let (address, fingerprint) = (screen.address.clone(), screen.fingerprint);
                    self.trust(&ctx, &address, fingerprint);
                }
                Some(CertificateAction::Refuse) => self.login_failed(&ctx, None),
                None => {}
            },
            Screen::Desktops => self.show_desktops(ui),
            Screen::Progress { screen, .. } => {
                if let Some(Cancel) = screen.ui(ui) {
                    self.client.cancel();
                    self.screen = Screen::Desktops;
                    self.refresh();
                }
            }
            Screen::Ended(screen) => match screen.ui(ui) {
                Some(EndedAction::Again) => {
                    let desktop = screen.desktop;
                    self.connect(&ctx, desktop);
                }
                Some(EndedAction::List) => {
                    self.screen = Screen::Desktops;
                    self.refresh();
                }
                None => {}
            },
            Screen::Session(_) => {}
        });
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        if let Screen::Session(screen) = std::mem::replace(&mut self.screen, Screen::Login) {
            self.client.leave(screen.into_session());
        }
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}
