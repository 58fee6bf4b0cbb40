//! The life of a session: greeting, channels, pings, closing, and what a bad peer gets.

use std::time::{Duration, Instant};

use nx::{
    Alert, Application, ApplicationConfig, ChannelId, ChannelKind, Config, Cookie, Display, End, Error,
    Event, MAX_FRAME, Options, TunnelEvent,
};

const WORDS: &str = "NXPROXY-3.5.0-3.5.99 link=lan,pack=none,cache=0,type=agent,images=0,delta=0,stream=0,data=0 cachelist=none ";
/// Setup of an X client without authorization, as the first payload of channel 1 has it.
const SETUP: [u8; 18] = [0, 5, 1, 14, 0x30, 0x36, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn start() -> (Display, Instant) {
    let now = Instant::now();
    let mut display = Display::new(Config::default(), now);
    assert_eq!(display.receive(WORDS.as_bytes(), now), Ok(()));
    assert!(matches!(display.poll_event(now), Some(Event::Connected(_))));
    assert!(display.transmit(now).ends_with(b"stream=default,data=0 cachefile=none "));
    (display, now)
}

/// A session with channel 1 open and its setup passed on.
fn with_channel() -> (Display, Instant) {
    let (mut display, now) = start();
    assert_eq!(display.receive(&[0, 0, 1], now), Ok(()));
    assert_eq!(display.poll_event(now), Some(Event::ChannelOpened(ChannelId(1))));
    assert_eq!(display.receive(&SETUP, now), Ok(()));
    let setup = vec![b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(display.poll_event(now), Some(Event::X11 { channel: ChannelId(1), bytes: setup }));
    (display, now)
}

#[test]
fn the_display_side_speaks_first_and_shows_its_cookie() {
    let now = Instant::now();
    let cookie: Option<Cookie> = "0123456789abcdef0123456789abcdef".parse().ok();
    let mut display = Display::new(Config { cookie, stream: Some(3), ..Config::default() }, now);
    let words = b"NXPROXY-3.5.0-3.5.99 cookie=0123456789abcdef0123456789abcdef,stream=3,data=0 ";
    assert_eq!(display.transmit(now), words);
}

#[test]
fn words_may_come_in_any_pieces_with_the_binary_stream_behind_them() {
    let now = Instant::now();
    let mut display = Display::new(Config::default(), now);
    for byte in WORDS.bytes().chain([0, 0, 1]) {
        assert_eq!(display.receive(&[byte], now), Ok(()));
    }
    assert!(matches!(display.poll_event(now), Some(Event::Connected(_))));
    assert_eq!(display.poll_event(now), Some(Event::ChannelOpened(ChannelId(1))));
}

#[test]
fn tokens_statistics_and_sync_requests_are_answered_at_once() {
    let (mut display, now) = start();
    assert_eq!(display.receive(&[0, 20, 7, 0, 34, 2, 0, 32, 1, 0, 24, 1, 0, 27, 9], now), Ok(()));
    assert_eq!(display.transmit(now), [0, 21, 7, 0, 35, 2, 0, 33, 1, 0, 25, 3, 2, 0xc0, 0, 0, 28, 9]);
}

#[test]
fn channels_of_a_wrong_kind_or_number_are_dropped() {
    let (mut display, now) = with_channel();
    assert_eq!(display.receive(&[0, 1, 2, 0, 0, 8, 0, 0, 1], now), Ok(()));
    assert_eq!(display.transmit(now), [0, 6, 2, 0, 6, 8, 0, 6, 1]);
    assert_eq!(display.poll_event(now), None);
}

#[test]
fn a_finished_channel_is_closed_and_dropped() {
    let (mut display, now) = with_channel();
    assert_eq!(display.receive(&[0, 7, 1], now), Ok(()));
    assert_eq!(display.poll_event(now), Some(Event::ChannelClosed(ChannelId(1))));
    assert_eq!(display.transmit(now), [0, 6, 1]);
}

#[test]
fn a_setup_without_the_session_cookie_never_reaches_the_x_server() {
    let now = Instant::now();
    let cookie: Option<Cookie> = "0123456789abcdef0123456789abcdef".parse().ok();
    let mut display = Display::new(Config { cookie, ..Config::default() }, now);
    assert_eq!(display.receive(WORDS.as_bytes(), now), Ok(()));
    assert_eq!(display.receive(&[0, 0, 1], now), Ok(()));
    assert_eq!(display.receive(&SETUP, now), Ok(()));
    display.poll_event(now);
    assert_eq!(display.poll_event(now), Some(Event::ChannelOpened(ChannelId(1))));
    assert_eq!(display.poll_event(now), Some(Event::ChannelClosed(ChannelId(1))));
    assert_eq!(display.poll_event(now), None);
    assert!(display.transmit(now).ends_with(&[0, 7, 1]));
}

#[test]
fn closing_finishes_the_channels_and_says_goodbye() {
    let (mut display, now) = with_channel();
    display.close(now);
    assert_eq!(display.poll_event(now), Some(Event::ChannelClosed(ChannelId(1))));
    assert_eq!(display.transmit(now), [0, 7, 1, 0, 31, 0]);
    assert_eq!(display.receive(&[0, 6, 1], now), Ok(()));
    assert_eq!(display.transmit(now), [0, 18, 0]);
    display.end_of_stream(now);
    assert_eq!(display.poll_event(now), Some(Event::Closed(End::Clean)));
}

#[test]
fn closing_does_not_wait_for_ever() {
    let (mut display, now) = with_channel();
    display.close(now);
    display.transmit(now);
    let late = now + Duration::from_secs(3);
    assert_eq!(display.poll_timeout(), Some(late));
    display.handle_timeout(late);
    assert_eq!(display.transmit(late), [0, 18, 0]);
    let later = late + Duration::from_secs(10);
    assert_eq!(display.poll_timeout(), Some(later));
    display.handle_timeout(later);
    assert!(display.is_closed());
}

#[test]
fn a_goodbye_of_the_peer_is_a_clean_end_and_a_lost_link_is_not() {
    let (mut display, now) = start();
    assert_eq!(display.receive(&[0, 18, 0], now), Ok(()));
    assert_eq!(display.poll_event(now), Some(Event::Closed(End::Clean)));
    let (mut display, now) = start();
    display.end_of_stream(now);
    assert_eq!(display.poll_event(now), Some(Event::Closed(End::Broken(Error::LinkLost))));
}

#[test]
fn a_silent_peer_is_pinged_and_then_given_up() {
    let (mut display, now) = start();
    let ping = now + Duration::from_secs(20);
    assert_eq!(display.poll_timeout(), Some(ping));
    display.handle_timeout(ping);
    assert_eq!(display.transmit(ping), [0, 20, 1]);
    display.handle_timeout(now + Duration::from_mins(2));
    let end = End::Broken(Error::Silence { seconds: 120 });
    assert_eq!(display.poll_event(now), Some(Event::Closed(end)));
}

#[test]
fn a_handshake_that_never_ends_is_given_up() {
    let now = Instant::now();
    let mut display = Display::new(Config::default(), now);
    let end = now + Duration::from_mins(1);
    assert_eq!(display.poll_timeout(), Some(end));
    display.handle_timeout(end);
    assert!(matches!(
        display.poll_event(end),
        Some(Event::Closed(End::Broken(Error::HandshakeTimeout { .. })))
    ));
}

#[test]
fn a_frame_of_four_gigabytes_ends_the_session_before_it_arrives() {
    let (mut display, now) = with_channel();
    let result = display.receive(&[0x90, 0x80, 0x80, 0x80, 0x00], now);
    assert!(matches!(result, Err(Error::FrameTooLong { limit: MAX_FRAME, .. })), "{result:?}");
    assert_eq!(display.poll_event(now), Some(Event::ChannelClosed(ChannelId(1))));
    assert!(matches!(display.poll_event(now), Some(Event::Closed(End::Broken(_)))));
    assert_eq!(display.transmit(now), []);
}

#[test]
fn an_endless_word_is_refused() {
    let now = Instant::now();
    let mut display = Display::new(Config::default(), now);
    assert_eq!(display.receive(&[b'x'; 600], now), Err(Error::WordTooLong { limit: 511 }));
}

#[test]
fn data_of_a_channel_that_is_not_open_is_ignored() {
    let (mut display, now) = start();
    assert_eq!(display.receive(&[0, 5, 3, 4, 0xff, 0xff, 0xff, 0], now), Ok(()));
    assert_eq!(display.poll_event(now), None);
}

#[test]
fn alerts_are_passed_on() {
    let (mut display, now) = start();
    assert_eq!(display.receive(&[0, 10, 16, 0, 10, 14], now), Ok(()));
    assert_eq!(display.poll_event(now), Some(Event::Alert(Alert(16))));
    assert_eq!(Alert(16).meaning(), Some("the session is being resumed"));
    assert_eq!(display.poll_event(now), Some(Event::Alert(Alert(14))));
    assert!(Alert(14).withdraws());
}

#[test]
fn a_full_event_queue_stops_the_decoding_until_it_is_emptied() {
    let (mut display, now) = with_channel();
    // Raw requests of 200 000 bytes each.
    let mut request = vec![127, 0, 0x50, 0xc3];
    request.resize(200_000, 0);
    let mut frame = vec![0x8c, 0x9a, 0x43];
    // The opcode in full, then aligned raw bytes.
    frame.extend_from_slice(&[0x3f, 0xc0]);
    frame.extend_from_slice(&request);
    frame.push(0);
    let mut delivered = 0;
    for i in 0..10 {
        if i > 0 {
            // The second opcode is coded in the table of the first; a third is there already.
            frame[3..5].copy_from_slice(if i == 1 { &[0x3f, 0xc0] } else { &[0x80, 0] });
        }
        let frame = if i > 1 {
            // One bit, then the alignment: one byte less.
            let mut short = vec![0x8c, 0x9a, 0x42, 0x80];
            short.extend_from_slice(&frame[5..]);
            short
        } else {
            frame.clone()
        };
        assert_eq!(display.receive(&frame, now), Ok(()));
    }
    assert!(!display.wants_input());
    while let Some(event) = display.poll_event(now) {
        if let Event::X11 { bytes, .. } = event {
            delivered += bytes.len();
        }
    }
    assert_eq!(delivered, 10 * 200_000);
    assert!(display.wants_input());
}

#[test]
fn the_application_side_refuses_a_peer_without_its_cookie() {
    let now = Instant::now();
    let cookie: Option<Cookie> = "0123456789abcdef0123456789abcdef".parse().ok();
    let mut application = Application::new(ApplicationConfig { cookie, ..ApplicationConfig::default() }, now);
    let result = application.receive(b"NXPROXY-3.5.0-3.5.99 stream=0,data=0 ", now);
    assert_eq!(result, Err(Error::WrongCookie));
    assert_eq!(application.transmit(now), []);
}

#[test]
fn the_application_side_asks_its_owner_to_wait_when_its_tokens_are_used_up() {
    let now = Instant::now();
    let mut application = Application::new(ApplicationConfig::default(), now);
    assert_eq!(application.receive(b"NXPROXY-3.5.0-3.5.99 stream=0,data=0 cachefile=none ", now), Ok(()));
    let Some(channel) = application.open() else { panic!("a channel") };
    application.x11_from_client(channel, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut request = vec![127, 0, 0, 0x30];
    request.resize(4 * 0x3000, 0);
    application.x11_from_client(channel, &request);
    application.transmit(now);
    assert!(!application.wants_x11());
    assert_eq!(application.receive(&[0, 21, 24], now), Ok(()));
    assert!(application.wants_x11());
    assert!(matches!(application.receive(&[0, 21, 24], now), Err(Error::TokenOverflow { .. })));
}

#[test]
fn an_idle_link_is_pinged_by_the_application_side() {
    let now = Instant::now();
    let options = Options::default();
    let mut application =
        Application::new(ApplicationConfig { options, ..ApplicationConfig::default() }, now);
    assert_eq!(application.receive(b"NXPROXY-3.5.0-3.5.99 stream=0,data=0 cachefile=none ", now), Ok(()));
    application.transmit(now);
    let idle = now + Duration::from_secs(5);
    assert_eq!(application.poll_timeout(), Some(idle));
    application.handle_timeout(idle);
    assert_eq!(application.transmit(idle), [0, 20, 1]);
}

/// Both ends of a link, connected; there is a printer next to the display side.
fn beside_a_printer(now: Instant) -> (Display, Application) {
    let tunnels = vec![ChannelKind::Cups];
    let mut display = Display::new(Config { stream: Some(0), tunnels, ..Config::default() }, now);
    let mut application = Application::new(ApplicationConfig::default(), now);
    settle(&mut display, &mut application, now);
    (display, application)
}

/// Carries what both ends have to say, and what they answer.
fn settle(display: &mut Display, application: &mut Application, now: Instant) {
    for _ in 0..4 {
        assert_eq!(application.receive(&display.transmit(now), now), Ok(()));
        assert_eq!(display.receive(&application.transmit(now), now), Ok(()));
    }
}

#[test]
fn a_tunnel_carries_a_service_both_ways_until_one_end_closes() {
    let now = Instant::now();
    let (mut display, mut application) = beside_a_printer(now);
    assert_eq!(application.open_tunnel(ChannelKind::Font), None, "fonts are the display side's to ask for");
    let Some(printer) = application.open_tunnel(ChannelKind::Cups) else { panic!("a tunnel") };
    let Some(refused) = application.open_tunnel(ChannelKind::Smb) else { panic!("a tunnel") };
    application.tunnel_write(printer, b"hello");
    settle(&mut display, &mut application, now);
    assert_eq!(application.poll_tunnel(), Some(TunnelEvent::Closed(refused)));
    let opened = TunnelEvent::Opened { channel: printer, kind: ChannelKind::Cups };
    assert_eq!(display.poll_tunnel(), Some(opened));
    let data = TunnelEvent::Data { channel: printer, bytes: b"hello".to_vec() };
    assert_eq!(display.poll_tunnel(), Some(data));
    let long = vec![b'x'; 300_000];
    display.tunnel_write(printer, &long);
    display.tunnel_closed(printer);
    settle(&mut display, &mut application, now);
    assert_eq!(application.poll_tunnel(), Some(TunnelEvent::Data { channel: printer, bytes: long }));
    assert_eq!(application.poll_tunnel(), Some(TunnelEvent::Closed(printer)));
    assert_eq!(display.poll_tunnel(), None);
}

#[test]
fn a_tunnel_spends_data_tokens_and_waits_for_them() {
    let now = Instant::now();
    let (mut display, mut application) = beside_a_printer(now);
    let Some(printer) = application.open_tunnel(ChannelKind::Cups) else { panic!("a tunnel") };
    settle(&mut display, &mut application, now);
    // A token of a LAN is 1536 bytes, and there are six.
    application.tunnel_write(printer, &[7; 1600]);
    assert_eq!(application.transmit(now)[..3], [0, 34, 1]);
    assert!(application.wants_tunnel_bytes());
    application.tunnel_write(printer, &[7; 8000]);
    assert!(!application.wants_tunnel_bytes());
    assert_eq!(display.receive(&[0, 34, 6], now), Ok(()));
    assert_eq!(display.transmit(now), [0, 35, 6]);
    assert_eq!(application.receive(&[0, 35, 6], now), Ok(()));
    assert!(application.wants_tunnel_bytes());
    let overflow = Error::TokenOverflow { class: "data", returned: 1, limit: 6 };
    assert_eq!(application.receive(&[0, 35, 1], now), Err(overflow));
    assert_eq!(
        display.receive(&[0, 35, 1], now),
        Err(Error::TokenOverflow { class: "data", returned: 1, limit: 6 })
    );
}
