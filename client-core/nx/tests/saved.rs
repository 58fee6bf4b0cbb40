//! Persistent caches: what a session remembered serves the next one of the same two ends, and no other.
#![expect(clippy::expect_used, reason = "a test says what it relies on")]

use std::time::{Duration, Instant};

use nx::{Application, ApplicationConfig, ChannelId, Config, Display, Event, Options, SavedStores};

/// Both ends of a link, and what they told.
struct Ends {
    application: Application,
    display: Display,
    now: Instant,
    /// Bytes on the link towards the display side.
    carried: usize,
    /// X11 that came out at the display side.
    x11: Vec<u8>,
    told: [Vec<Event>; 2],
}

impl Ends {
    fn new(theirs: Option<SavedStores>, ours: Option<SavedStores>, delta: bool) -> Self {
        let now = Instant::now();
        let options = Options { delta, cache: 8 << 20, ..Options::default() };
        let config = ApplicationConfig { options, saved: theirs, save: true, ..ApplicationConfig::default() };
        let application = Application::new(config, now);
        let display = Display::new(Config { saved: ours, save: true, ..Config::default() }, now);
        let mut ends =
            Self { application, display, now, carried: 0, x11: Vec::new(), told: [Vec::new(), Vec::new()] };
        ends.settle();
        ends
    }

    fn settle(&mut self) {
        loop {
            self.application.handle_timeout(self.now);
            self.display.handle_timeout(self.now);
            let down = self.application.transmit(self.now);
            let up = self.display.transmit(self.now);
            self.carried += down.len();
            // A closed end takes nothing any more.
            let _ = self.display.receive(&down, self.now);
            let _ = self.application.receive(&up, self.now);
            while let Some(event) = self.display.poll_event(self.now) {
                match event {
                    Event::X11 { bytes, .. } => self.x11.extend(bytes),
                    event => self.told[1].push(event),
                }
            }
            self.told[0].extend(std::iter::from_fn(|| self.application.poll_event(self.now)));
            if down.is_empty() && up.is_empty() {
                return;
            }
        }
    }

    /// An X client that draws 40 different images; bytes on the link for them.
    fn draw(&mut self, seed: u32) -> usize {
        let on = self.application.open().expect("a channel");
        self.settle();
        self.application.x11_from_client(on, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        self.settle();
        let before = self.carried;
        for image in 0..40 {
            self.application.x11_from_client(on, &put_image(seed + image));
            self.settle();
        }
        self.carried - before
    }

    /// What one end saved.
    fn saved(&self, end: usize) -> Option<SavedStores> {
        self.told[end].iter().find_map(|event| match event {
            Event::Saved(stores) => Some(stores.clone()),
            _ => None,
        })
    }
}

/// 32 by 32 pixels that no compression makes small.
fn put_image(seed: u32) -> Vec<u8> {
    let mut request = vec![72, 2, 6, 4, 3, 0, 32, 0, 4, 0, 32, 0, 32, 0, 32, 0, 0, 0, 0, 0, 0, 24, 0, 0];
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    request.extend((0..4096).map(|_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    }));
    request
}

/// What both ends saved of a session with the images from `seed` on, closed by the end `closer`.
fn first_session(seed: u32, closer: usize) -> [SavedStores; 2] {
    let mut ends = Ends::new(None, None, true);
    assert!(ends.draw(seed) > 40 * 4096);
    match closer {
        0 => ends.application.close(ends.now),
        _ => ends.display.close(ends.now),
    }
    ends.settle();
    [0, 1].map(|end| ends.saved(end).expect("both ends saved"))
}

#[test]
fn a_second_session_begins_with_what_the_first_remembered_whoever_closed_it() {
    for closer in [0, 1] {
        let [theirs, ours] = first_session(0, closer);
        assert_eq!(theirs.name(), ours.name());
        let [theirs, ours] = [theirs, ours].map(|s| SavedStores::open(&s.to_bytes()).expect("our own file"));
        let mut cold = Ends::new(None, None, true);
        cold.draw(0);
        let mut warm = Ends::new(Some(theirs), Some(ours), true);
        let carried = warm.draw(0);
        assert!(carried < 40 * 16, "{carried} bytes for images that both ends have");
        assert_eq!(warm.x11, cold.x11);
        // What came before is still there after the second session.
        warm.draw(1000);
        warm.application.close(warm.now);
        warm.settle();
        let [theirs, ours] = [0, 1].map(|end| warm.saved(end));
        let mut third = Ends::new(theirs, ours, true);
        assert!(third.draw(1000) < 40 * 16);
    }
}

#[test]
fn stores_that_only_one_end_has_or_that_differ_are_not_used() {
    let [theirs, ours] = first_session(0, 0);
    let [other, _] = {
        // One image more, so that they have another name.
        let mut ends = Ends::new(None, None, true);
        ends.draw(0);
        ends.draw(500);
        ends.application.close(ends.now);
        ends.settle();
        [0, 1].map(|end| ends.saved(end).expect("both ends saved"))
    };
    for (theirs, ours) in
        [(Some(theirs.clone()), None), (None, Some(ours.clone())), (Some(other), Some(ours))]
    {
        let mut cold = Ends::new(theirs, ours, true);
        assert!(cold.draw(0) > 40 * 4096);
    }
    // Nor without differential coding.
    let mut raw = Ends::new(Some(theirs.clone()), Some(theirs), false);
    assert!(raw.draw(0) > 40 * 4096);
}

#[test]
fn what_was_kept_is_outdated_before_the_peer_can_have_saved() {
    let mut ends = Ends::new(None, None, true);
    ends.draw(0);
    assert!(!ends.told[1].contains(&Event::StoresOutdated));
    ends.application.close(ends.now);
    // The display side hears of the end, its answer is lost.
    let bytes = ends.application.transmit(ends.now);
    ends.display.receive(&bytes, ends.now).expect("our own bytes");
    let told: Vec<Event> = std::iter::from_fn(|| ends.display.poll_event(ends.now)).collect();
    assert!(told.contains(&Event::StoresOutdated), "{told:?}");
    assert_eq!(ends.saved(0), None);
}

#[test]
fn a_session_with_little_to_remember_is_not_saved_and_closes_all_the_same() {
    let mut ends = Ends::new(None, None, true);
    let on = ends.application.open().expect("a channel");
    ends.application.x11_from_client(on, &[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    ends.settle();
    ends.display.close(ends.now);
    ends.settle();
    assert_eq!([ends.saved(0), ends.saved(1)], [None, None]);
    ends.now += Duration::from_secs(3);
    ends.settle();
    assert!(ends.display.is_closed() || ends.application.is_closed());
}

#[test]
fn loading_is_nothing_without_an_agreement_and_an_error_with_a_channel_open() {
    let words =
        "NXPROXY-3.5.0-3.5.99 link=adsl,pack=none,cache=8m,type=agent,images=0,delta=1,stream=0,data=0 ";
    let [_, ours] = first_session(0, 0);
    let start = |list: String| {
        let now = Instant::now();
        let mut display = Display::new(Config { saved: Some(ours.clone()), ..Config::default() }, now);
        let result = display.receive(format!("{words}cachelist={list} ").as_bytes(), now);
        assert_eq!(result, Ok(()));
        let answer = String::from_utf8(display.transmit(now)).expect("words");
        (display, answer, now)
    };
    let other = "0123456789ABCDEF0123456789ABCDEF";
    let (mut display, answer, now) = start(format!("C-{other}"));
    assert!(answer.ends_with("cachefile=none "), "{answer}");
    assert_eq!(display.receive(&[0, 14, 0, 0, 0, 1], now), Ok(()));
    let name = ours.name();
    let (mut display, answer, now) = start(format!("C-{other},C-{name}"));
    assert!(answer.ends_with(&format!("cachefile=C-{name} ")), "{answer}");
    assert_eq!(display.receive(&[0, 0, 1], now), Ok(()));
    assert_eq!(display.poll_event(now).map(|e| matches!(e, Event::Connected(_))), Some(true));
    assert_eq!(display.poll_event(now), Some(Event::ChannelOpened(ChannelId(1))));
    assert!(display.receive(&[0, 14, 0], now).is_err());
}
