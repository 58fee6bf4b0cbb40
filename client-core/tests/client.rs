//! The client against a stand-in for the server: whom it trusts, what it makes of each answer, how a session ends.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on is a failed test")]

mod slow_link;
mod stand_in;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use qvd_client_core::protocol::api::{DesktopAction, VmState};
use qvd_client_core::protocol::session::{Geometry, ImageQuality, Keyboard, LinkSpeed, SessionParameters};
use qvd_client_core::protocol::{ErrorCode, Secret};
use qvd_client_core::session::{End, Session, SessionEvent, Tuning};
use qvd_client_core::{Client, Error, Event, ServerAddress};
use slow_link::SlowLink;
use stand_in::{COOKIE, PASSWORD, Plot, StandIn, USER};

struct World {
    server: StandIn,
    client: Client,
    woken: Receiver<()>,
    /// What is between them, if not this computer alone.
    link: Option<SlowLink>,
    _folder: tempfile::TempDir,
}

impl World {
    /// A client that has never met the server.
    fn strangers(plot: Plot) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sender, woken) = mpsc::channel();
        let wake = Arc::new(move || {
            let _ = sender.send(());
        });
        let client = Client::new(folder.path(), wake).unwrap();
        Self { server: StandIn::start(plot), client, woken, link: None, _folder: folder }
    }

    /// A client that knows the server and is logged in.
    fn logged_in(plot: Plot) -> Self {
        Self::strangers(plot).log_on()
    }

    fn log_on(self) -> Self {
        let mut world = self;
        let fingerprint = world.server.fingerprint.parse().unwrap();
        world.client.trust(&world.address(), fingerprint).unwrap();
        assert!(matches!(world.log_in(PASSWORD), Event::LoggedIn { user } if user == "Demo"));
        world
    }

    fn connected(plot: Plot) -> (Self, Session) {
        let mut world = Self::logged_in(plot);
        world.connect();
        match world.next() {
            Event::Connected(session) => (world, session),
            Event::ConnectFailed(error) => panic!("{error}"),
            _ => panic!("not connected"),
        }
    }

    fn address(&self) -> ServerAddress {
        let address = self.link.as_ref().map_or(self.server.address, |link| link.address);
        address.to_string().parse().unwrap()
    }

    fn log_in(&mut self, password: &str) -> Event {
        self.client.log_in(self.address(), USER.into(), Secret::new(password));
        self.next()
    }

    /// Connects; the first step has been told when it returns.
    fn connect(&mut self) {
        let parameters = SessionParameters {
            geometry: Geometry { width: 800, height: 600 },
            dpi: 96,
            keyboard: Keyboard::default(),
            locale: "es_ES".into(),
            timezone: "Europe/Madrid".into(),
            link: LinkSpeed::default(),
            images: ImageQuality::default(),
            cache: None,
        };
        self.client.connect(self.server.desktop, parameters, Tuning::default());
        assert!(matches!(self.next(), Event::Progress { message, .. } if message == "It boots."));
    }

    fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.client.poll() {
                return event;
            }
            self.wait();
        }
    }

    fn end(&self, session: &mut Session) -> End {
        loop {
            if let Some(SessionEvent::Ended(end)) = session.poll() {
                return end;
            }
            self.wait();
        }
    }

    fn wait(&self) {
        self.woken.recv_timeout(Duration::from_secs(20)).expect("nothing happens");
    }

    fn wait_until_heard(&self, what: &str) {
        for _ in 0..2000 {
            if self.server.heard.lock().unwrap().iter().any(|heard| heard == what) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what:?} is not in {:?}", self.server.heard.lock().unwrap());
    }
}

#[test]
fn an_unknown_server_is_told_by_its_fingerprint() {
    let mut world = World::strangers(Plot::Silence);
    let Event::LoginFailed(Error::UnknownCertificate(shown)) = world.log_in(PASSWORD) else { panic!() };
    assert_eq!(shown.to_string(), world.server.fingerprint);
    world.client.trust(&world.address(), shown).unwrap();
    assert!(matches!(world.log_in(PASSWORD), Event::LoggedIn { .. }));
}

#[test]
fn another_certificate_than_the_trusted_one_is_refused() {
    let mut world = World::strangers(Plot::Silence);
    world.client.trust(&world.address(), "ab".repeat(32).parse().unwrap()).unwrap();
    let Event::LoginFailed(Error::CertificateChanged { found, .. }) = world.log_in(PASSWORD) else {
        panic!()
    };
    assert_eq!(found.to_string(), world.server.fingerprint);
}

#[test]
fn a_wrong_password_is_the_servers_refusal() {
    let mut world = World::logged_in(Plot::Silence);
    let Event::LoginFailed(Error::Refused(body)) = world.log_in("wrong") else { panic!() };
    assert_eq!(body.code, ErrorCode::WrongCredentials);
}

#[test]
fn a_port_that_speaks_no_tls_is_no_server() {
    let mut world = World::strangers(Plot::Silence);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        use std::io::Write;
        listener.accept().unwrap().0.write_all(b"220 mail.example.org ESMTP\r\n").unwrap();
    });
    world.client.log_in(address.parse().unwrap(), USER.into(), Secret::new(PASSWORD));
    assert!(matches!(world.next(), Event::LoginFailed(Error::Tls { .. })));
}

#[test]
fn a_closed_port_is_unreachable() {
    let mut world = World::strangers(Plot::Silence);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    world.client.log_in(address.parse().unwrap(), USER.into(), Secret::new(PASSWORD));
    assert!(matches!(world.next(), Event::LoginFailed(Error::Unreachable { .. })));
}

#[test]
fn desktops_are_listed_and_started() {
    let mut world = World::logged_in(Plot::Silence);
    world.client.refresh();
    let Event::Desktops(desktops) = world.next() else { panic!() };
    assert_eq!(desktops[0].name, "desk");
    world.client.act(world.server.desktop, DesktopAction::Start);
    let Event::Desktop(desktop) = world.next() else { panic!() };
    assert_eq!(desktop.state, VmState::Starting);
    world.client.act(world.server.desktop, DesktopAction::Stop);
    let Event::ActionFailed { error: Error::Refused(body), .. } = world.next() else { panic!() };
    assert_eq!(body.code, ErrorCode::NotFound);
}

#[test]
fn a_desktop_that_does_not_boot_says_why() {
    let mut world = World::logged_in(Plot::BootFails);
    world.connect();
    let Event::ConnectFailed(Error::Refused(body)) = world.next() else { panic!() };
    assert_eq!((body.code, body.message.as_str()), (ErrorCode::BootFailed, "No kernel."));
}

#[test]
fn a_cancelled_connect_ends_at_the_server_and_is_not_heard_of_again() {
    let mut world = World::logged_in(Plot::Silence);
    world.connect();
    world.client.cancel();
    world.wait_until_heard("end");
    assert!(world.client.poll().is_none());
}

#[test]
fn the_display_channel_begins_with_the_cookie() {
    let (world, session) = World::connected(Plot::TakenOver);
    world.wait_until_heard("open 800x600");
    world.wait_until_heard(&format!("NXPROXY-3.5.0-3.5.99 cookie={COOKIE}"));
    drop(session);
}

#[test]
fn who_takes_a_session_over_is_named() {
    let (world, mut session) = World::connected(Plot::TakenOver);
    let End::Closed { code: ErrorCode::TakenOver, by: Some(by), .. } = world.end(&mut session) else {
        panic!()
    };
    assert_eq!((by.user.as_str(), by.host.as_str()), ("demo", "laptop"));
}

#[test]
fn the_agents_last_word_counts_although_the_display_closed_before() {
    let (world, mut session) = World::connected(Plot::LogsOut);
    let End::Closed { code, message, .. } = world.end(&mut session) else { panic!() };
    assert_eq!((code, message.as_str()), (ErrorCode::SessionEnded, "You logged out."));
}

#[test]
fn a_pulled_cable_is_a_lost_connection() {
    let (world, mut session) = World::connected(Plot::Breaks);
    assert!(matches!(world.end(&mut session), End::Broken(Error::Lost(_))));
}

#[test]
fn leaving_a_session_is_no_failure() {
    let (world, mut session) = World::connected(Plot::TakenOver);
    session.disconnect();
    assert!(matches!(world.end(&mut session), End::Disconnected | End::Closed { .. }));
}

/// What the client asks for over a link of so many bits and milliseconds.
fn asked_over(rate: f64, milliseconds: u64) -> String {
    let mut world = World::strangers(Plot::BootFails);
    world.link = Some(SlowLink::start(world.server.address, rate, Duration::from_millis(milliseconds)));
    let mut world = world.log_on();
    world.connect();
    let heard = world.server.heard.lock().unwrap();
    heard.iter().find(|heard| heard.ends_with("images")).unwrap().clone()
}

#[test]
fn a_modem_is_taken_for_one() {
    assert_eq!(asked_over(56e3, 200), "Modem link, Low images");
}

#[test]
fn a_subscriber_line_is_taken_for_one() {
    assert_eq!(asked_over(512e3, 60), "Adsl link, Medium images");
}

#[test]
fn a_fast_link_to_another_continent_is_taken_for_one() {
    // A computer that is busy makes it look slower, now and then.
    let asked: Vec<String> =
        (0..5).map(|_| asked_over(10e6, 100)).take_while(|a| !a.starts_with("Wan")).collect();
    assert!(asked.len() < 5, "{asked:?}");
}
