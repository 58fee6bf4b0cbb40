//! Our application side against our display side: arbitrary X11 traffic must come out as it went in.
//!
//! The coding drops what X11 leaves unspecified (padding, unused bytes, the top bits of ids). So the first trip may
//! change such bytes, but the second may change nothing; and every request must arrive as exactly one of the same
//! opcode and, unless it was malformed, of the same length.

#![expect(
    clippy::expect_used,
    clippy::match_same_arms,
    reason = "a test says what it relies on; one arm per opcode"
)]

mod traffic;

use nx::{ByteOrder, LinkType, Options};
use proptest::prelude::*;
use traffic::{Session, build, build_reply, step};

fn options() -> impl Strategy<Value = (Options, Option<u8>, usize)> {
    let cache = prop_oneof![Just(4 << 10), Just(64 << 10), Just(8 << 20)];
    let chunk = prop_oneof![Just(1_usize), Just(7), Just(100_000)];
    (any::<bool>(), 0..=9_u8, proptest::option::of(0..=9_u8), cache, chunk).prop_map(
        |(delta, stream, level, cache, chunk)| {
            let options = Options { link: LinkType::Lan, delta, stream, cache, ..Options::default() };
            (options, level, chunk)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_x_clients_and_servers_say_arrives(
        (options, level, chunk) in options(),
        steps in proptest::collection::vec((0..3_usize, step()), 1..60),
    ) {
        let delta = options.delta;
        let orders = [ByteOrder::Lsb, ByteOrder::Msb, ByteOrder::Lsb];
        let mut first = Session::new(options.clone(), level, chunk, &orders);
        let mut second = Session::new(options, level, chunk, &orders);
        for (on, step) in &steps {
            let on = *on;
            let order = orders[on];
            let mut request = build(step, order);
            if let Some((which, at, byte)) = step.again
                && let Some(earlier) = first.channels[on].sent.get(which)
            {
                request.clone_from(earlier);
                // Not a length: the first words after the header that hold ids or coordinates.
                if at < request.len() && (4..12).contains(&at) && !matches!(request[0], 12 | 16 | 45 | 49 | 55 | 56 | 58 | 85 | 92 | 98) {
                    request[at] = byte;
                }
            }
            first.channels[on].sent.push(request.clone());
            let once = first.request(on, &request);
            prop_assert!(once.len() >= 4, "one request is one request");
            if once[0] == request[0] {
                prop_assert_eq!(once.len(), if request[0] == 127 && delta { 4 } else { request.len() }, "{:02x?}", request);
            } else {
                prop_assert_eq!(&once[..1], [127], "{:02x?}", &request);
            }
            if !delta && !matches!(request[0], 98 | 99) {
                prop_assert_eq!(&once, &request);
            }
            let twice = second.request(on, &once);
            prop_assert_eq!(&twice, &once, "from {:02x?}", request);
            if let Some(mut reply) = build_reply(&once, step, order) {
                let got = first.reply(on, &mut reply);
                prop_assert_eq!(got.len(), reply.len(), "to {:02x?}", request);
                prop_assert_eq!(&got[..1], &reply[..1]);
                prop_assert_eq!(&got[2..8], &reply[2..8], "to {:02x?}", request);
                let mut again = got.clone();
                prop_assert_eq!(&second.reply(on, &mut again), &got, "to {:02x?}", request);
            }
            if let Some(code) = step.event {
                let mut event: Vec<u8> = [code].into_iter().chain(step.fill.iter().copied().take(31)).collect();
                let got = first.reply(on, &mut event);
                prop_assert_eq!(got.len(), 32);
                prop_assert_eq!(got[0], code);
                let mut again = got.clone();
                let twice = second.reply(on, &mut again);
                prop_assert_eq!(&twice, &got);
            }
        }
    }
}
