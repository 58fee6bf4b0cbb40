//! The daemon from outside, over TLS, with machines that are tasks of the test.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may")]

mod world;

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use hyper::{Method, StatusCode};
use qvd_protocol::ErrorCode;
use qvd_protocol::api::{Desktop, UserState, VmState};
use qvd_protocol::connect::{ServerMessage, Stage};
use qvd_server::hypervisor::End;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use world::{Answer, Behaviour, Order, World, login_body, tls};

async fn login(world: &World, user: &str, password: &str) -> Answer {
    world::call(world, "http/1.1", Method::POST, "/api/v1/login", None, &login_body(user, password)).await
}

fn failed(message: &ServerMessage) -> ErrorCode {
    match message {
        ServerMessage::Failed { code, .. } | ServerMessage::Closing { code, .. } => *code,
        other => panic!("expected an end, got {other:?}"),
    }
}

#[tokio::test]
async fn a_user_logs_in_lists_connects_and_works() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    let desktops = ann.desktops(&world).await;
    assert_eq!(desktops.len(), 1);
    assert_eq!((desktops[0].state, desktops[0].user_state), (VmState::Stopped, UserState::Disconnected));

    let mut session = ann.connect(&world, world.anns, "pc").await;
    let mut stages = Vec::new();
    loop {
        match session.hear().await {
            ServerMessage::Progress { stage, .. } => stages.push(stage),
            ServerMessage::Ready { epoch, .. } => {
                assert_eq!(epoch, 1);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stages.first(), Some(&Stage::Reserving));
    assert_eq!(stages.last(), Some(&Stage::StartingSession));
    assert!(stages.is_sorted(), "{stages:?}");
    let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    assert_eq!(session.echo(&bytes).await, bytes);
    let desktop = &ann.desktops(&world).await[0];
    assert_eq!((desktop.state, desktop.user_state), (VmState::Running, UserState::Connected));
    assert_eq!(desktop.holder.as_ref().unwrap().host, "pc");

    session.ws.close(None).await.unwrap();
    while session.ws.next().await.is_some() {}
    let mut again = ann.connect(&world, world.anns, "pc").await;
    let first = again.hear().await;
    assert!(matches!(first, ServerMessage::Progress { stage: Stage::Reserving, .. }), "{first:?}");
    assert_eq!(again.ready().await, 2);
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let world = World::new().await;
    let wrong = login(&world, "ann", "guess").await;
    let unknown = login(&world, "nobody", "guess").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.refusal(), unknown.refusal());
    assert_eq!(wrong.refusal().code, ErrorCode::WrongCredentials);
}

#[tokio::test]
async fn too_many_failed_logins_have_to_wait_even_with_the_right_password() {
    let world = World::with(|config| config.login.attempts_per_user = 3).await;
    for _ in 0..3 {
        assert_eq!(login(&world, "ann", "guess").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = login(&world, "ann", "secret").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let wait = refused.refusal().retry_after_s.unwrap();
    assert!((1..=300).contains(&wait));
    assert_eq!(refused.retry_after, Some(wait.to_string()));
    assert_eq!(login(&world, "bob", "secret").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_expired_or_withdrawn_or_invented_token_is_refused() {
    let world = World::new().await;
    let mut ann = world.client("ann").await;
    assert_eq!(ann.call(&world, Method::POST, "/api/v1/logout").await.status, StatusCode::NO_CONTENT);
    let withdrawn = ann.call(&world, Method::GET, "/api/v1/desktops").await;
    assert_eq!(withdrawn.status, StatusCode::UNAUTHORIZED);
    assert_eq!(withdrawn.refusal().code, ErrorCode::NotLoggedIn);
    let user = world.store.user("ann").await.unwrap().unwrap().id;
    ann.token = world.store.issue_token(user, "pc", Duration::ZERO).await.unwrap();
    let expired = ann.upgrade(&world, world.anns).await;
    assert!(matches!(expired, Err(tungstenite::Error::Http(answer)) if answer.status() == 401));
    let none = world::call(&world, "h2", Method::GET, "/api/v1/desktops", None, "").await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_desktop_of_another_user_does_not_exist() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    let refused = ann.upgrade(&world, world.bobs).await;
    assert!(matches!(refused, Err(tungstenite::Error::Http(answer)) if answer.status() == 404));
    for id in [world.bobs.to_string(), "no-uuid".into(), qvd_protocol::VmId::random().to_string()] {
        let answer = ann.call(&world, Method::POST, &format!("/api/v1/desktops/{id}/start")).await;
        assert_eq!((answer.status, answer.refusal().code), (StatusCode::NOT_FOUND, ErrorCode::NotFound));
    }
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_body_that_is_not_a_login_is_refused_with_a_sentence() {
    let world = World::new().await;
    for body in ["", "{", "[]", r#"{"version":1}"#, &"x".repeat(1 << 20)] {
        let answer = world::call(&world, "http/1.1", Method::POST, "/api/v1/login", None, body).await;
        assert_eq!(answer.refusal().code, ErrorCode::InvalidRequest, "{answer:?}");
    }
    let old = login_body("ann", "secret").replace("\"version\":1", "\"version\":7");
    let answer = world::call(&world, "h2", Method::POST, "/api/v1/login", None, &old).await;
    assert_eq!(answer.refusal().code, ErrorCode::VersionUnsupported);
}

#[tokio::test]
async fn a_second_client_takes_the_session_over_within_a_second_and_the_first_hears_by_whom() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    let mut first = ann.connect(&world, world.anns, "office").await;
    first.ready().await;
    first.echo(b"work").await;
    let began = Instant::now();
    let mut second = ann.connect(&world, world.anns, "home").await;
    let ServerMessage::Closing { code, message, by } = first.outcome().await else { panic!("not closed") };
    assert_eq!(code, ErrorCode::TakenOver);
    let by = by.unwrap();
    assert_eq!((by.user.as_str(), by.host.as_str(), by.address.as_str()), ("ann", "home", "127.0.0.1"));
    assert!(message.contains("home"), "{message}");
    assert!(second.ready().await > 1);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(second.echo(b"go on").await, b"go on");
    assert_eq!(ann.desktops(&world).await[0].holder.as_ref().unwrap().host, "home");
}

#[tokio::test]
async fn garbage_on_the_port_harms_nobody() {
    let world = World::with(|config| config.limits.request_s = 1).await;
    let mut open = Vec::new();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 4096], b"\x16\x03\x01\xff\xff", b""] {
        let mut socket = TcpStream::connect(world.address()).await.unwrap();
        socket.write_all(garbage).await.unwrap();
        open.push(socket);
    }
    // TLS well done, then a head that trickles and never ends.
    let mut slow = tls(&world, "http/1.1").await;
    slow.write_all(b"GET /api/v1/desktops HTTP/1.1\r\nx: ").await.unwrap();
    // A head of a megabyte.
    let mut long = tls(&world, "http/1.1").await;
    let _ = long.write_all(&vec![b'a'; 1 << 20]).await;
    let mut rest = Vec::new();
    let _ = long.read_to_end(&mut rest).await;
    world.client("ann").await;
    // All of them are cut, none waits for ever.
    let ends = async {
        for socket in &mut open {
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
        let _ = slow.read_to_end(&mut Vec::new()).await;
    };
    tokio::time::timeout(Duration::from_secs(10), ends).await.expect("a connection was left open");
}

#[tokio::test]
async fn one_address_cannot_have_all_connections() {
    let world = World::with(|config| config.limits.connections_per_address = 3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(tls(&world, "http/1.1").await);
    }
    let mut refused = TcpStream::connect(world.address()).await.unwrap();
    assert_eq!(refused.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_frame_of_four_gigabytes_is_refused_and_the_session_stays() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    session.ready().await;
    // RFC 6455 §5.2: final binary frame, masked, 64-bit length.
    let mut frame = vec![0x82, 0x80 | 127];
    frame.extend((1_u64 << 32).to_be_bytes());
    frame.extend([1, 2, 3, 4, 0, 0]);
    session.ws.get_mut().write_all(&frame).await.unwrap();
    session.ws.get_mut().flush().await.unwrap();
    assert_eq!(failed(&session.outcome().await), ErrorCode::InvalidRequest);
    let mut again = ann.connect(&world, world.anns, "pc").await;
    again.ready().await;
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn an_opening_that_makes_no_sense_is_refused_with_a_sentence() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    for text in [
        "{}",
        "not json",
        r#"{"type":"open","version":9,"host":"h","session":{"geometry":{"width":800,"height":600},"dpi":96,"keyboard":{"rules":"","model":"","layout":"","variant":"","options":""},"locale":"","timezone":""}}"#,
    ] {
        let mut session = ann.upgrade(&world, world.anns).await.unwrap();
        session.say(text).await;
        let outcome = session.outcome().await;
        assert!(matches!(failed(&outcome), ErrorCode::InvalidRequest | ErrorCode::VersionUnsupported));
    }
    let mut session = ann.upgrade(&world, world.anns).await.unwrap();
    session.ws.send(Message::binary(vec![0; 10])).await.unwrap();
    assert_eq!(failed(&session.outcome().await), ErrorCode::InvalidRequest);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_client_that_falls_silent_is_noticed_and_its_lease_given_back() {
    let world = World::with(|config| config.timeouts.silence_s = 1).await;
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    session.ready().await;
    // The cable is pulled: the socket stays open and nothing reads it or answers.
    let world = &world;
    let released = async {
        loop {
            if ann.desktops(world).await[0].user_state == UserState::Disconnected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), released).await.expect("never noticed");
    drop(session);
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_for_as_long_as_it_likes() {
    let world = World::with(|config| config.timeouts.silence_s = 1).await;
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    session.ready().await;
    // Reading answers the pings; nothing else comes.
    let heard = tokio::time::timeout(Duration::from_secs(3), session.outcome()).await;
    assert!(heard.is_err(), "{heard:?}");
    assert_eq!(session.echo(b"still here").await, b"still here");
}

#[tokio::test]
async fn a_restarted_server_adopts_its_machines_and_their_sessions_go_on() {
    let mut world = World::new().await;
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    session.ready().await;
    world.stop().await;
    assert_eq!(failed(&session.outcome().await), ErrorCode::ServerStopping);
    world.start().await;
    assert_eq!(ann.desktops(&world).await[0].user_state, UserState::Disconnected);
    let mut session = ann.connect(&world, world.anns, "pc").await;
    assert_eq!(session.ready().await, 2);
    assert_eq!(session.echo(b"as it was").await, b"as it was");
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn a_restarted_server_finds_out_that_a_machine_is_gone() {
    let mut world = World::new().await;
    let ann = world.client("ann").await;
    ann.connect(&world, world.anns, "pc").await.ready().await;
    world.stop().await;
    world.machine(world.anns).end(End::PoweredOff);
    world.start().await;
    ann.connect(&world, world.anns, "pc").await.ready().await;
    assert_eq!(world.starts(), 2);
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let world = World::new().await;
    let data = qvd_server::DataDirectory::open(world.home.path()).unwrap();
    let second =
        qvd_server::Daemon::start(&data, world.config.clone(), std::sync::Arc::new(world.hypervisor.clone()));
    assert!(second.await.unwrap_err().to_string().starts_with("another daemon uses"));
}

#[tokio::test]
async fn a_missing_image_is_told_to_the_client_and_kept_in_the_list() {
    let world = World::new().await;
    world.behave(Behaviour::NoImage);
    let ann = world.client("ann").await;
    let outcome = ann.connect(&world, world.anns, "pc").await.outcome().await;
    let ServerMessage::Failed { code, message } = outcome else { panic!("{outcome:?}") };
    assert_eq!(code, ErrorCode::ImageMissing);
    assert!(message.contains("/nowhere"), "{message}");
    let desktop = &ann.desktops(&world).await[0];
    assert_eq!((desktop.state, desktop.fault.as_deref()), (VmState::Stopped, Some(message.as_str())));
    // The next start forgets it.
    world.behave(Behaviour::Good);
    ann.connect(&world, world.anns, "pc").await.ready().await;
    assert_eq!(ann.desktops(&world).await[0].fault, None);
}

#[tokio::test]
async fn a_machine_whose_agent_never_reports_is_ended_and_said_so() {
    let world = World::with(|config| config.timeouts.boot_s = 1).await;
    world.behave(Behaviour::Waits);
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    assert_eq!(failed(&session.outcome().await), ErrorCode::AgentTimeout);
}

#[tokio::test]
async fn an_agent_without_the_secret_speaks_for_nobody() {
    let world = World::with(|config| config.timeouts.boot_s = 1).await;
    world.behave(Behaviour::WrongSecret);
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    assert_eq!(failed(&session.outcome().await), ErrorCode::AgentTimeout);
}

#[tokio::test]
async fn an_agent_of_another_version_is_refused_with_a_sentence() {
    let world = World::new().await;
    world.behave(Behaviour::OtherVersion);
    let ann = world.client("ann").await;
    let outcome = ann.connect(&world, world.anns, "pc").await.outcome().await;
    let ServerMessage::Failed { code: ErrorCode::BootFailed, message } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(message.contains("version 2"), "{message}");
}

#[tokio::test]
async fn a_machine_that_dies_while_it_boots_says_its_last_words() {
    let world = World::new().await;
    world.behave(Behaviour::Waits);
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    while !matches!(session.hear().await, ServerMessage::Progress { stage: Stage::Booting, .. }) {}
    world.machine(world.anns).end(End::Failed("kernel panic".into()));
    let outcome = session.outcome().await;
    let ServerMessage::Failed { code: ErrorCode::BootFailed, message } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(message.contains("kernel panic"), "{message}");
}

#[tokio::test]
async fn a_client_that_gives_up_while_it_boots_leaves_the_machine_booting() {
    let world = World::new().await;
    world.behave(Behaviour::Waits);
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    while !matches!(session.hear().await, ServerMessage::Progress { stage: Stage::Booting, .. }) {}
    session.ws.close(None).await.unwrap();
    while session.ws.next().await.is_some() {}
    assert_eq!(ann.desktops(&world).await[0].state, VmState::Starting);
    world.order(world.anns, Order::Boot);
    let mut again = ann.connect(&world, world.anns, "pc").await;
    again.ready().await;
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn a_client_displaced_while_the_machine_boots_hears_of_it() {
    let world = World::new().await;
    world.behave(Behaviour::Waits);
    let ann = world.client("ann").await;
    let mut first = ann.connect(&world, world.anns, "office").await;
    while !matches!(first.hear().await, ServerMessage::Progress { stage: Stage::Booting, .. }) {}
    let mut second = ann.connect(&world, world.anns, "home").await;
    assert_eq!(failed(&first.outcome().await), ErrorCode::TakenOver);
    world.order(world.anns, Order::Boot);
    second.ready().await;
}

#[tokio::test]
async fn stopping_the_desktop_ends_its_session_with_the_reason() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    session.ready().await;
    let path = format!("/api/v1/desktops/{}/stop", world.anns);
    let answer = ann.call(&world, Method::POST, &path).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert!(matches!(answer.json::<Desktop>().state, VmState::Stopping | VmState::Stopped));
    assert_eq!(failed(&session.outcome().await), ErrorCode::DesktopStopped);
}

#[tokio::test]
async fn stopping_the_desktop_while_a_session_is_made_says_so_too() {
    let world = World::new().await;
    world.behave(Behaviour::NoSession);
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    while !matches!(session.hear().await, ServerMessage::Progress { stage: Stage::StartingSession, .. }) {}
    ann.call(&world, Method::POST, &format!("/api/v1/desktops/{}/stop", world.anns)).await;
    assert_eq!(failed(&session.outcome().await), ErrorCode::DesktopStopped);
}

#[tokio::test]
async fn a_desktop_that_ignores_every_request_to_stop_is_killed() {
    let world = World::with(|config| config.timeouts.stop_s = 1).await;
    world.behave(Behaviour::Stubborn);
    let ann = world.client("ann").await;
    ann.connect(&world, world.anns, "pc").await.ready().await;
    ann.call(&world, Method::POST, &format!("/api/v1/desktops/{}/stop", world.anns)).await;
    // A connect waits for the end and starts it anew.
    let mut session = ann.connect(&world, world.anns, "pc").await;
    let mut stages = Vec::new();
    loop {
        match session.hear().await {
            ServerMessage::Progress { stage, .. } => stages.push(stage),
            ServerMessage::Ready { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(stages.contains(&Stage::Stopping), "{stages:?}");
    assert_eq!(world.starts(), 2);
}

#[tokio::test]
async fn a_machine_that_cannot_be_removed_is_a_zombie_until_it_can() {
    let world = World::with(|config| config.timeouts.stop_s = 1).await;
    world.behave(Behaviour::Immortal);
    let ann = world.client("ann").await;
    ann.connect(&world, world.anns, "pc").await.ready().await;
    ann.call(&world, Method::POST, &format!("/api/v1/desktops/{}/stop", world.anns)).await;
    let zombie = async {
        loop {
            let desktop = ann.desktops(&world).await[0].clone();
            if desktop.state == VmState::Zombie {
                return desktop;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let desktop = tokio::time::timeout(Duration::from_secs(20), zombie).await.unwrap();
    assert!(desktop.fault.unwrap().contains("mount is busy"));
    // Its mount is not busy any more: the next connect cleans up and starts.
    world.machine(world.anns).end(End::PoweredOff);
    world.behave(Behaviour::Good);
    ann.connect(&world, world.anns, "pc").await.ready().await;
    assert_eq!(world.starts(), 2);
}

#[tokio::test]
async fn a_crashed_session_is_told_apart_from_a_logout_and_a_broken_link() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    for (order, code) in [
        (Order::CrashSession, ErrorCode::SessionCrashed),
        (Order::EndSession, ErrorCode::SessionEnded),
        (Order::BreakLink, ErrorCode::AgentLost),
    ] {
        let mut session = ann.connect(&world, world.anns, "pc").await;
        session.ready().await;
        session.echo(b"work").await;
        world.order(world.anns, order);
        assert_eq!(failed(&session.outcome().await), code, "{order:?}");
    }
    // Whatever broke, the machine did not.
    ann.connect(&world, world.anns, "pc").await.ready().await;
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn a_machine_that_runs_out_of_memory_says_so() {
    let world = World::new().await;
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    session.ready().await;
    world.machine(world.anns).end(End::OutOfMemory);
    assert_eq!(failed(&session.outcome().await), ErrorCode::OutOfMemory);
}

#[tokio::test]
async fn an_agent_that_falls_silent_has_lost_its_link() {
    let world = World::with(|config| config.timeouts.silence_s = 1).await;
    world.behave(Behaviour::FallsSilent);
    let ann = world.client("ann").await;
    let mut session = ann.connect(&world, world.anns, "pc").await;
    session.ready().await;
    assert_eq!(failed(&session.outcome().await), ErrorCode::AgentLost);
}
