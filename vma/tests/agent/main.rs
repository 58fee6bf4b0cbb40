//! The real agent with the real nxagent, seen from the node and from a client.
//!
//! Each test has a world of its own: an account, a node that listens on a socket, and a display (Xvfb with `nxproxy -S` in
//! front). They run as root, as the agent does.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod display;
mod node;

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use display::Display;
use node::{Node, World};
use qvd_protocol::ErrorCode;
use qvd_protocol::agent::{AgentEvent, Method, SessionState};
use qvd_protocol::channel::{Header, Refusal, Verdict, name};
use qvd_protocol::control::{AgentControl, ClientControl};
use qvd_protocol::session::{LinkSpeed, SessionParameters};

/// Starts a session for `epoch` and opens its display on `display`.
async fn connect(node: &mut Node, epoch: u64, display: &Display) -> (node::Client, display::Proxy) {
    let cookie = node.begin(epoch).await.expect("the session begins");
    let mut client = node.attach(epoch).await.expect("the stream is accepted");
    let stream = client.open(&Header::new(name::DISPLAY)).await.expect("the display is accepted");
    (client, display.proxy(&cookie, stream).await)
}

#[tokio::test]
async fn a_session_starts_suspends_and_comes_back_with_its_programs() {
    let world = World::new(1);
    let display = Display::start(181).await;
    let mut node = world.node().await;
    assert!(matches!(node.hello, AgentEvent::Hello { session: SessionState::None, .. }));

    let asked = Instant::now();
    let cookie = node.begin(1).await.unwrap();
    let listening = asked.elapsed();
    let mut client = node.attach(1).await.unwrap();
    let stream = client.open(&Header::new(name::DISPLAY)).await.unwrap();
    let proxy = display.proxy(&cookie, stream).await;
    node.state(SessionState::Connected).await;
    let started = asked.elapsed();
    let xterm = world.program("xterm").await;

    drop((client, proxy));
    let gone = Instant::now();
    node.state(SessionState::Suspended).await;
    let suspended = gone.elapsed();

    let asked = Instant::now();
    let cookie_2 = node.begin(2).await.unwrap();
    let listening_again = asked.elapsed();
    assert_ne!(cookie, cookie_2);
    let mut client = node.attach(2).await.unwrap();
    let stream = client.open(&Header::new(name::DISPLAY)).await.unwrap();
    let _proxy = display.proxy(&cookie_2, stream).await;
    node.state(SessionState::Connected).await;
    let resumed = asked.elapsed();
    assert_eq!(world.program("xterm").await, xterm, "the program is another");
    assert!(node.seen(&AgentEvent::Resuming));
    println!(
        "start: waits for its client after {listening:?}, up after {started:?}; suspended after {suspended:?}; \
         resume: waits after {listening_again:?}, up after {resumed:?}"
    );

    node.ask(Method::EndSession).await.unwrap();
    node.state(SessionState::Ended).await;
    assert!(world.programs().is_empty(), "{:?} outlived the session", world.programs());
}

#[tokio::test]
async fn what_is_kept_of_a_client_s_display_is_in_the_account_s_home_under_the_client_s_name() {
    let world = World::new(12);
    let display = Display::start(192).await;
    let mut node = world.node().await;
    let id = uuid::Uuid::new_v4();
    let asked = SessionParameters { link: LinkSpeed::Adsl, cache: Some(id), ..node::parameters() };
    let cookie = node.begin_with(1, asked).await.unwrap();
    let mut client = node.attach(1).await.unwrap();
    let stream = client.open(&Header::new(name::DISPLAY)).await.unwrap();
    let _proxy = display.proxy(&cookie, stream).await;
    node.state(SessionState::Connected).await;
    let account = nix::unistd::User::from_name("qvdtest12").unwrap().unwrap();
    let folder = account.dir.join(".cache/qvd/displays").join(id.simple().to_string());
    let found = std::fs::metadata(&folder).unwrap();
    assert_eq!((found.uid(), found.mode() & 0o777), (account.uid.as_raw(), 0o700));
    assert!(std::fs::read_dir(&folder).unwrap().count() > 0, "nxagent keeps nothing there");
    node.ask(Method::EndSession).await.unwrap();
    node.state(SessionState::Ended).await;
}

#[tokio::test]
async fn a_newer_client_takes_over_and_an_older_one_stays_out() {
    let world = World::new(2);
    let display = Display::start(182).await;
    let mut node = world.node().await;
    let (mut first, _proxy) = connect(&mut node, 5, &display).await;
    node.state(SessionState::Connected).await;
    let asked = Instant::now();
    let (_second, _proxy) = connect(&mut node, 6, &display).await;
    node.state(SessionState::Connected).await;
    println!("takeover: {:?}", asked.elapsed());
    first.ended().await;
    let failed = node.begin(5).await.unwrap_err();
    assert_eq!(failed.0, ErrorCode::TakenOver);
    assert_eq!(node.attach(5).await.err(), Some(Refusal::NotAllowed));
    assert_eq!(node.attach(6).await.err(), Some(Refusal::Busy));
}

#[tokio::test]
async fn a_client_that_vanishes_in_its_handshake_costs_neither_time_nor_programs() {
    let world = World::new(11);
    let display = Display::start(191).await;
    let mut node = world.node().await;
    let (client, proxy) = connect(&mut node, 1, &display).await;
    node.state(SessionState::Connected).await;
    let xterm = world.program("xterm").await;
    drop((client, proxy));
    // Two clients that take the display and never speak NX; each is followed at once.
    for epoch in [2, 3] {
        node.begin(epoch).await.unwrap();
        let mut client = node.attach(epoch).await.unwrap();
        drop(client.open(&Header::new(name::DISPLAY)).await.unwrap());
    }
    let asked = Instant::now();
    let (_client, _proxy) = connect(&mut node, 4, &display).await;
    node.state(SessionState::Connected).await;
    println!("after two silent clients: up after {:?}", asked.elapsed());
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    assert_eq!(world.program("xterm").await, xterm, "the program is another");
}

#[tokio::test]
async fn nxagent_killed_in_mid_session_is_reported_and_replaced() {
    let world = World::new(3);
    let display = Display::start(183).await;
    let mut node = world.node().await;
    let (mut client, _proxy) = connect(&mut node, 1, &display).await;
    let mut control = client.control().await;
    node.state(SessionState::Connected).await;
    let xterm = world.program("xterm").await;

    node::kill(world.program("nxagent").await);
    let AgentControl::Ended { code, message } = control.receive().await.unwrap() else { panic!("not ended") };
    assert_eq!(code, ErrorCode::SessionCrashed, "{message}");
    node.state(SessionState::Crashed).await;
    assert!(world.programs().is_empty(), "{:?} outlived the session", world.programs());

    let (_client, _proxy) = connect(&mut node, 2, &display).await;
    node.state(SessionState::Connected).await;
    assert_ne!(world.program("xterm").await, xterm);
}

#[tokio::test]
async fn a_client_that_logs_out_ends_the_session() {
    let world = World::new(4);
    let display = Display::start(184).await;
    let mut node = world.node().await;
    let (mut client, _proxy) = connect(&mut node, 1, &display).await;
    let mut control = client.control().await;
    node.state(SessionState::Connected).await;
    world.program("xterm").await;
    control.send(&ClientControl::Ping { id: 77 }).await;
    assert_eq!(control.receive().await, Some(AgentControl::Pong { id: 77 }));
    control.send(&ClientControl::EndSession).await;
    let Some(AgentControl::Ended { code, .. }) = control.receive().await else { panic!("not ended") };
    assert_eq!(code, ErrorCode::SessionEnded);
    node.state(SessionState::Ended).await;
    assert!(world.programs().is_empty());
}

#[tokio::test]
async fn the_end_of_the_desktop_s_own_program_is_a_log_out() {
    let world = World::new(5);
    let display = Display::start(185).await;
    let mut node = world.node().await;
    let (mut client, _proxy) = connect(&mut node, 1, &display).await;
    let mut control = client.control().await;
    node.state(SessionState::Connected).await;
    world.program("xterm").await;
    node::kill(world.program("openbox").await);
    let Some(AgentControl::Ended { code, .. }) = control.receive().await else { panic!("not ended") };
    assert_eq!(code, ErrorCode::SessionEnded);
    node.state(SessionState::Ended).await;
}

#[tokio::test]
async fn a_broken_link_is_opened_again_and_the_session_lives_on() {
    let world = World::new(6);
    let display = Display::start(186).await;
    let mut node = world.node().await;
    let (client, proxy) = connect(&mut node, 1, &display).await;
    node.state(SessionState::Connected).await;
    let xterm = world.program("xterm").await;
    // What a killed server does: everything of it closes.
    drop((node, client, proxy));

    let mut node = world.node().await;
    let AgentEvent::Hello { session, .. } = node.hello.clone() else { panic!("no hello") };
    if session != SessionState::Suspended {
        node.state(SessionState::Suspended).await;
    }
    let (_client, _proxy) = connect(&mut node, 2, &display).await;
    node.state(SessionState::Connected).await;
    assert_eq!(world.program("xterm").await, xterm);
}

#[tokio::test]
async fn what_the_contract_does_not_know_is_refused_and_harms_nothing() {
    let world = World::new(7);
    // Garbage instead of a handshake, then a node that does not know the secret: neither gets a word of the session.
    let mut garbage = world.accept().await;
    tokio::io::AsyncWriteExt::write_all(&mut garbage, &vec![0xff; 100_000]).await.unwrap();
    drop(garbage);
    assert!(world.handshake("not the secret").await.is_err());

    let mut node = world.node().await;
    assert_eq!(node.open(&Header::new("telnet")).await.err(), Some(Refusal::UnknownChannel));
    assert_eq!(node.attach(1).await.err(), Some(Refusal::NotAllowed), "there is no session");
    let mut parameters = node::parameters();
    parameters.keyboard.layout = "us,root=/".into();
    let failed = node.begin_with(1, parameters).await.unwrap_err();
    assert_eq!(failed.0, ErrorCode::InvalidRequest);

    let cookie = node.begin(2).await.unwrap();
    assert_eq!(cookie.reveal().len(), 32);
    let mut client = node.attach(2).await.unwrap();
    assert_eq!(client.open(&Header::new("audio")).await.err(), Some(Refusal::UnknownChannel));
    let verdict = client.raw(b"\x01\x07display\xff\xff").await;
    assert!(matches!(verdict, Verdict::Refused { code: Refusal::Malformed, .. }), "{verdict:?}");
    let _control = client.control().await;
    assert_eq!(client.open(&Header::new(name::CONTROL)).await.err(), Some(Refusal::Busy));

    // A frame of 4 GiB announced on the link itself ends the link, and only that.
    node.break_framing().await;
    let mut node = world.node().await;
    node.ask(Method::EndSession).await.unwrap();
}

#[tokio::test]
async fn a_client_that_vanishes_before_it_opens_its_display_leaves_the_way_free() {
    let world = World::new(8);
    let display = Display::start(188).await;
    let mut node = world.node().await;
    node.begin(1).await.unwrap();
    drop(node.attach(1).await.unwrap());
    let (_client, _proxy) = connect(&mut node, 2, &display).await;
    node.state(SessionState::Connected).await;
}

#[tokio::test]
async fn a_shutdown_ends_the_session_and_the_agent() {
    let mut world = World::new(9);
    let mut node = world.node().await;
    node.begin(1).await.unwrap();
    node.ask(Method::Shutdown).await.unwrap();
    let status = tokio::time::timeout(Duration::from_secs(10), world.agent.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
    assert!(world.programs().is_empty());
}

#[tokio::test]
async fn as_the_first_process_it_reaps_orphans_and_its_end_is_the_container_s() {
    let mut world = World::container(10);
    let display = Display::start(190).await;
    let mut node = world.node().await;
    let (_client, _proxy) = connect(&mut node, 1, &display).await;
    node.state(SessionState::Connected).await;
    // xterm is started by openbox's shell, and an orphan when openbox is gone.
    world.program("xterm").await;
    node::kill(world.program("openbox").await);
    node.state(SessionState::Ended).await;
    assert!(world.programs().is_empty(), "{:?} outlived the session", world.programs());
    node.ask(Method::Ping).await.unwrap();
    assert!(world.zombies().is_empty(), "{:?} were not reaped", world.zombies());
    node.ask(Method::Shutdown).await.unwrap();
    let status = tokio::time::timeout(Duration::from_secs(10), world.agent.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}
