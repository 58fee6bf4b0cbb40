//! How the display's link is tuned: as the person chose, or as the link proves to be.
//!
//! The link is measured on the connect WebSocket, before the session is asked for: single pings give the round trip, a
//! train of them the throughput of the slower direction. That costs a few round trips and 2 KiB.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use qvd_protocol::session::{ImageQuality, LinkSpeed};
use tokio_tungstenite::tungstenite::Message;

use super::link::server_message;
use crate::Error;
use crate::api::{WebSocket, web_socket_error};
use crate::settings::{ImageChoice, LinkChoice};

/// What a person can choose about the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Its kind.
    pub link: LinkChoice,
    /// How images travel on it.
    pub images: ImageChoice,
    /// Nothing of the picture is kept on this computer when the session is left.
    pub forget: bool,
}

/// Single pings; the best of them counts.
const PINGS: u8 = 3;
/// Pings of a train.
const TRAIN: u8 = 16;
/// Payload of each, in bytes: the most a control frame can have.
const PAYLOAD: usize = 125;
/// What a ping takes on the line, in bits: payload, WebSocket and TLS framing.
const BITS: f64 = 8.0 * (PAYLOAD as f64 + 8.0 + 29.0);
/// A link that needs longer than this to be measured is the slowest kind.
const LIMIT: Duration = Duration::from_secs(5);

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measure {
    /// Shortest round trip.
    round_trip: Duration,
    /// Bits per second in the slower direction, as far as a short train can tell.
    rate: f64,
}

impl Measure {
    fn speed(self) -> LinkSpeed {
        const NEAR: Duration = Duration::from_millis(10);
        match self {
            Self { rate, .. } if rate < 128e3 => LinkSpeed::Modem,
            Self { rate, .. } if rate < 1e6 => LinkSpeed::Adsl,
            Self { round_trip, .. } if round_trip > NEAR => LinkSpeed::Wan,
            _ => LinkSpeed::Lan,
        }
    }
}

impl Tuning {
    /// What to ask the server for.
    pub(super) async fn settle(self, socket: &mut WebSocket) -> Result<(LinkSpeed, ImageQuality), Error> {
        let link = match self.link {
            LinkChoice::Automatic => match tokio::time::timeout(LIMIT, measure(socket)).await {
                Ok(measure) => {
                    let measure = measure?;
                    tracing::info!(?measure, "the link is measured");
                    measure.speed()
                }
                Err(_) => LinkSpeed::Modem,
            },
            LinkChoice::Modem => LinkSpeed::Modem,
            LinkChoice::Adsl => LinkSpeed::Adsl,
            LinkChoice::Wan => LinkSpeed::Wan,
            LinkChoice::Lan => LinkSpeed::Lan,
        };
        Ok((link, images(self.images, link)))
    }
}

fn images(choice: ImageChoice, link: LinkSpeed) -> ImageQuality {
    match (choice, link) {
        (ImageChoice::Low, _) | (ImageChoice::Automatic, LinkSpeed::Modem) => ImageQuality::Low,
        (ImageChoice::Medium, _) | (ImageChoice::Automatic, LinkSpeed::Adsl) => ImageQuality::Medium,
        (ImageChoice::High, _) | (ImageChoice::Automatic, LinkSpeed::Wan) => ImageQuality::High,
        (ImageChoice::Lossless, _) | (ImageChoice::Automatic, LinkSpeed::Lan) => ImageQuality::Lossless,
    }
}

async fn measure(socket: &mut WebSocket) -> Result<Measure, Error> {
    let mut round_trip = Duration::MAX;
    for number in 0..PINGS {
        round_trip = round_trip.min(train(socket, number, 1).await?);
    }
    let all = train(socket, PINGS, TRAIN).await?;
    // The first of the train is back after one round trip; the others take their time on the line.
    let line = all.saturating_sub(round_trip).max(Duration::from_micros(1));
    Ok(Measure { round_trip, rate: BITS * f64::from(TRAIN - 1) / line.as_secs_f64() })
}

/// The time from the first ping of a train to the answer to its last.
async fn train(socket: &mut WebSocket, number: u8, length: u8) -> Result<Duration, Error> {
    // Contents that no compression on the way can shorten much.
    let payload = |i: u8| -> Bytes {
        let seed = u32::from(number) << 8 | u32::from(i);
        let noise = (0..PAYLOAD as u32).map(|n| ((seed ^ n).wrapping_mul(2_654_435_761) >> 13) as u8);
        noise.collect::<Vec<u8>>().into()
    };
    let start = Instant::now();
    for i in 0..length {
        socket.feed(Message::Ping(payload(i))).await.map_err(web_socket_error)?;
    }
    socket.flush().await.map_err(web_socket_error)?;
    let last = payload(length - 1);
    loop {
        match socket.next().await {
            Some(Ok(Message::Pong(answer))) => {
                if answer == last {
                    return Ok(start.elapsed());
                }
            }
            // What the server says before it is asked can only be that it does not want to be.
            other => {
                server_message(other)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(milliseconds: u64, rate: f64) -> LinkSpeed {
        Measure { round_trip: Duration::from_millis(milliseconds), rate }.speed()
    }

    #[test]
    fn a_link_is_what_it_proves_to_be() {
        assert_eq!(speed(150, 40e3), LinkSpeed::Modem);
        assert_eq!(speed(40, 640e3), LinkSpeed::Adsl);
        assert_eq!(speed(80, 20e6), LinkSpeed::Wan);
        assert_eq!(speed(1, 30e6), LinkSpeed::Lan);
    }

    #[test]
    fn a_choice_of_images_goes_before_what_the_link_can_bear() {
        assert_eq!(images(ImageChoice::Lossless, LinkSpeed::Modem), ImageQuality::Lossless);
        assert_eq!(images(ImageChoice::Automatic, LinkSpeed::Modem), ImageQuality::Low);
        assert_eq!(images(ImageChoice::Automatic, LinkSpeed::Lan), ImageQuality::Lossless);
    }
}
