//! Connects a real `nxagent` (or `nxproxy -C`) to a real X server: the smallest complete display side.
//!
//! `cargo run -p nx --example bridge -- LINK DISPLAY [COOKIE]`, where LINK is `HOST:PORT` or the path of a Unix
//! socket, DISPLAY the number of a local X server, and COOKIE the session cookie (32 hexadecimal digits). A line on
//! standard input ends the session in good order.
//!
//! The codec does no I/O, so this program is only sockets: a thread reads each of them, the main thread owns the
//! session.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use nx::{ChannelId, Config, Display, Event};

enum Input {
    Link(Vec<u8>),
    LinkClosed,
    X11(ChannelId, Vec<u8>),
    X11Closed(ChannelId),
    Quit,
}

fn read(mut from: impl Read, to: &Sender<Input>, wrap: impl Fn(Vec<u8>) -> Input, end: Input) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if to.send(wrap(buffer[..n].to_vec())).is_err() {
            return;
        }
    }
    let _ = to.send(end);
}

trait Duplex: Write + Send {
    fn reader(&self) -> std::io::Result<Box<dyn Read + Send>>;
}

impl Duplex for TcpStream {
    fn reader(&self) -> std::io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.try_clone()?))
    }
}

impl Duplex for UnixStream {
    fn reader(&self) -> std::io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.try_clone()?))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(link), Some(display)) = (args.next(), args.next()) else {
        return Err("usage: bridge HOST:PORT|/PATH DISPLAY [COOKIE]".into());
    };
    let cookie = args.next().map(|c| c.parse()).transpose()?;
    let mut link: Box<dyn Duplex> = if link.starts_with('/') {
        Box::new(UnixStream::connect(link)?)
    } else {
        let stream = TcpStream::connect(link)?;
        stream.set_nodelay(true)?;
        Box::new(stream)
    };
    let (sender, inputs) = channel();
    let reader = link.reader()?;
    std::thread::spawn({
        let sender = sender.clone();
        move || read(reader, &sender, Input::Link, Input::LinkClosed)
    });
    std::thread::spawn({
        let sender = sender.clone();
        move || {
            // The end of standard input is no wish to quit: the program may run in the background.
            if std::io::stdin().read_line(&mut String::new()).is_ok_and(|n| n > 0) {
                let _ = sender.send(Input::Quit);
            }
        }
    });

    let mut session = Display::new(Config { cookie, ..Config::default() }, Instant::now());
    let mut connections: HashMap<ChannelId, UnixStream> = HashMap::new();
    let (mut received, mut sent, mut x11) = (0, 0, 0);
    loop {
        let now = Instant::now();
        while let Some(event) = session.poll_event(now) {
            match event {
                Event::Connected(options) => println!("connected: {options:?}"),
                Event::ChannelOpened(channel) => {
                    if let Ok(stream) = UnixStream::connect(format!("/tmp/.X11-unix/X{display}")) {
                        let reader = stream.try_clone()?;
                        let sender = sender.clone();
                        std::thread::spawn(move || {
                            read(reader, &sender, |b| Input::X11(channel, b), Input::X11Closed(channel));
                        });
                        connections.insert(channel, stream);
                        println!("channel {} opened", channel.0);
                    } else {
                        println!("no X server at :{display}");
                        session.refuse(channel);
                    }
                }
                Event::X11 { channel, bytes } => {
                    x11 += bytes.len();
                    if let Some(stream) = connections.get_mut(&channel)
                        && stream.write_all(&bytes).is_err()
                    {
                        session.x11_closed(channel);
                    }
                }
                Event::ChannelClosed(channel) => {
                    println!("channel {} closed", channel.0);
                    if let Some(stream) = connections.remove(&channel) {
                        stream.shutdown(std::net::Shutdown::Both)?;
                    }
                }
                Event::Alert(alert) => {
                    println!("alert {}: {}", alert.0, alert.meaning().unwrap_or("unknown"));
                }
                Event::Closed(end) => {
                    println!("closed: {end:?}");
                    println!("link: {received} bytes in, {sent} out; X11: {x11} bytes to the server");
                    return Ok(());
                }
                // What the X server writes is little; it may wait in the codec.
                Event::Congestion { .. } => {}
            }
        }
        let bytes = session.transmit(now);
        sent += bytes.len();
        if link.write_all(&bytes).is_err() {
            session.end_of_stream(now);
            continue;
        }
        let wait =
            session.poll_timeout().map_or(Duration::from_secs(1), |at| at.saturating_duration_since(now));
        match inputs.recv_timeout(wait) {
            Ok(Input::Link(bytes)) => {
                received += bytes.len();
                if let Err(error) = session.receive(&bytes, Instant::now()) {
                    println!("error: {error}");
                }
            }
            Ok(Input::LinkClosed) => session.end_of_stream(Instant::now()),
            Ok(Input::X11(channel, bytes)) => session.x11_from_server(channel, &bytes, Instant::now()),
            Ok(Input::X11Closed(channel)) => session.x11_closed(channel),
            Ok(Input::Quit) => session.close(Instant::now()),
            Err(RecvTimeoutError::Timeout) => session.handle_timeout(Instant::now()),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}
