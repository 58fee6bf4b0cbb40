//! A slow, long link, emulated: a relay with a token bucket and a delay for each direction. It does what `tc netem`
//! would do, in a process and without rights; packets are not lost and not reordered.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of a packet that are the application's, and what its headers add.
const PACKET: usize = 1460;
const HEADERS: usize = 40;
/// Packets under way in one direction; a sender that is faster waits.
const QUEUE: usize = 64;

/// Listens, and passes what comes on to another address.
pub(crate) struct SlowLink {
    pub(crate) address: SocketAddr,
}

impl SlowLink {
    /// A link to `target` of so many bits per second in each direction. It ends with the process.
    pub(crate) fn start(target: SocketAddr, rate: f64, round_trip: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(target) else { return };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
                    carry(from, to, rate, round_trip / 2);
                }
            }
        });
        Self { address }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, rate: f64, delay: Duration) {
    let _ = to.set_nodelay(true);
    let (sender, packets) = sync_channel::<(Instant, Vec<u8>)>(QUEUE);
    thread::spawn(move || {
        let mut buffer = [0; PACKET];
        // When the last packet so far has left the line.
        let mut free = Instant::now();
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let time = Duration::from_secs_f64(((n + HEADERS) * 8) as f64 / rate);
            free = free.max(Instant::now()) + time;
            if sender.send((free + delay, buffer[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        while let Ok((at, bytes)) = packets.recv() {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
