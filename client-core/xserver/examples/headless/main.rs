//! Serves an X display on a Unix socket, without a window: any X program can be pointed at it.
//!
//! `headless :7 1280x800 [--screenshot FILE] [--managed] [--no-reset] [--dpi N] [--layout NAME]
//! [--monitor WIDTHxHEIGHT+X+Y]... [--font-path DIRECTORY,...]` listens on `/tmp/.X11-unix/X7`. On SIGUSR1 the screen is
//! written to FILE as PNG, on SIGTERM or SIGINT it ends. XTEST clients (xdotool) give it input. With `--no-reset` it does
//! not start over when the last client has gone. Fonts are those of the path, by default where Debian has them, and the
//! built-in ones.

mod keymap;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{setsockopt, sockopt};
use xserver::{ClientId, Config, FontFiles, FontNames, Monitor, Server, ServerEvent};

/// Where fonts are on Debian and its kin.
const FONT_PATH: [&str; 3] =
    ["/usr/share/fonts/X11/misc", "/usr/share/fonts/X11/100dpi", "/usr/share/fonts/X11/75dpi"];

struct Options {
    display: u32,
    config: Config,
    monitors: Vec<Monitor>,
    screenshot: Option<PathBuf>,
}

fn options() -> anyhow::Result<Options> {
    let fonts = FontFiles { list: list_fonts, read: read_font };
    let config = Config {
        font_files: Some(fonts),
        font_path: FONT_PATH.map(str::to_owned).into(),
        keymaps: Some(keymap::FILES),
        ..Config::default()
    };
    let mut options = Options { display: 7, config, monitors: Vec::new(), screenshot: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--screenshot" => options.screenshot = Some(value()?.into()),
            "--dpi" => options.config.dpi = value()?.parse().context("--dpi needs a number")?,
            "--layout" => options.config.keyboard.layout = value()?,
            "--monitor" => options.monitors.push(monitor(&value()?)?),
            "--no-reset" => options.config.starts_over = false,
            "--font-path" => {
                options.config.font_path = value()?.split(',').map(str::to_owned).collect();
            }
            "--managed" => options.config.manage_top_levels = true,
            display if display.starts_with(':') => {
                options.display = display[1..].parse().context("the display is a colon and a number")?;
            }
            size => {
                let (width, height) =
                    size.split_once('x').with_context(|| format!("unknown argument {size}"))?;
                options.config.width = width.parse().context("the size is WIDTHxHEIGHT")?;
                options.config.height = height.parse().context("the size is WIDTHxHEIGHT")?;
            }
        }
    }
    Ok(options)
}

/// A monitor as X programs write it: WIDTHxHEIGHT+X+Y.
fn monitor(place: &str) -> anyhow::Result<Monitor> {
    let numbers: Vec<i16> = place
        .split(['x', '+'])
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("a monitor is WIDTHxHEIGHT+X+Y, not {place}"))?;
    let [width, height, x, y] = numbers[..] else { bail!("a monitor is WIDTHxHEIGHT+X+Y, not {place}") };
    Ok(Monitor { x, y, width: width.unsigned_abs(), height: height.unsigned_abs(), dpi: 96 })
}

/// The fonts of a directory, as `mkfontdir` has listed them in `fonts.dir`, and their aliases.
fn list_fonts(directory: &str) -> Option<FontNames> {
    let directory = Path::new(directory);
    if !directory.is_absolute() {
        return None;
    }
    let listed = std::fs::read_to_string(directory.join("fonts.dir")).ok()?;
    // The first line is a count; then a file and a name in each.
    let mut fonts: FontNames = listed
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(char::is_whitespace))
        .filter(|(file, _)| file.contains(".pcf"))
        .map(|(file, name)| (name.trim().to_lowercase(), file.to_owned()))
        .collect();
    let aliases = std::fs::read_to_string(directory.join("fonts.alias")).unwrap_or_default();
    for line in aliases.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('!')) {
        let Some((alias, name)) = line.split_once(char::is_whitespace) else { continue };
        let plain = |text: &str| text.trim().trim_matches('"').to_lowercase();
        if let Some(file) =
            fonts.iter().find(|(known, _)| *known == plain(name)).map(|(_, file)| file.clone())
        {
            fonts.push((plain(alias), file));
        }
    }
    Some(fonts)
}

fn read_font(directory: &str, file: &str) -> Option<Vec<u8>> {
    const LARGEST: u64 = 32 << 20;
    let path = Path::new(directory).join(Path::new(file).file_name()?);
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let directory = Path::new("/tmp/.X11-unix");
    std::fs::create_dir_all(directory).context("making the directory of X sockets")?;
    let path = directory.join(format!("X{}", options.display));
    if UnixStream::connect(&path).is_ok() {
        bail!("display :{} is in use", options.display);
    }
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("listening on {}", path.display()))?;
    listener.set_nonblocking(true)?;

    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1] {
        signals.add(signal);
    }
    signals.thread_block()?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;

    // For who waits until programs can be started.
    println!("listening on :{}", options.display);
    let outcome = serve(&options, &listener, &signals);
    let _ = std::fs::remove_file(&path);
    outcome
}

/// Bytes that may wait in the system for a client to read them, as far as it allows so many.
const SEND_BUFFER: usize = 1 << 21;

fn serve(options: &Options, listener: &UnixListener, signals: &SignalFd) -> anyhow::Result<()> {
    let mut server = Server::new(options.config.clone());
    if !options.monitors.is_empty() {
        server.set_monitors(&options.monitors);
    }
    let mut streams: HashMap<ClientId, UnixStream> = HashMap::new();
    let start = Instant::now();
    loop {
        let mut order: Vec<ClientId> = streams.keys().copied().collect();
        order.sort_unstable();
        let ready: Vec<PollFlags> = {
            let mut fds = vec![
                PollFd::new(listener.as_fd(), PollFlags::POLLIN),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            for id in &order {
                let waiting = server.output(*id).is_some_and(|output| !output.is_empty());
                let flags = if waiting { PollFlags::POLLIN | PollFlags::POLLOUT } else { PollFlags::POLLIN };
                fds.push(PollFd::new(streams[id].as_fd(), flags));
            }
            let timeout = server.next_timer().map_or(PollTimeout::NONE, |ms| {
                PollTimeout::try_from(ms.min(60_000)).unwrap_or(PollTimeout::MAX)
            });
            match poll(&mut fds, timeout) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error).context("waiting for clients"),
            }
            fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::all())).collect()
        };
        server.set_time(start.elapsed().as_millis() as u32);

        if !ready[1].is_empty() {
            while let Some(signal) = signals.read_signal()? {
                match Signal::try_from(signal.ssi_signo as i32)? {
                    Signal::SIGUSR1 => screenshot(&server, options.screenshot.as_deref())?,
                    _ => return Ok(()),
                }
            }
        }
        if !ready[0].is_empty() {
            while let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(true)?;
                // Pictures go out in one piece, not in turns with a client that reads them.
                let _ = setsockopt(&stream, sockopt::SndBuf, &SEND_BUFFER);
                if let Some(id) = server.connect() {
                    streams.insert(id, stream);
                }
            }
        }
        let mut closed = Vec::new();
        for (id, _) in order.iter().zip(&ready[2..]).filter(|(_, ready)| !ready.is_empty()) {
            if !read(&mut server, *id, &mut streams) {
                closed.push(*id);
            }
        }
        while let Some(event) = server.poll_event() {
            match event {
                ServerEvent::ClientFault { client, fault } => {
                    eprintln!("client {client:?}: {fault}");
                    closed.push(client);
                }
                other => eprintln!("{other:?}"),
            }
        }
        let _ = server.cursor();
        let _ = server.take_damage();
        let writable: Vec<ClientId> = server.clients_with_output().collect();
        for id in writable {
            if !write(&mut server, id, &mut streams) {
                closed.push(id);
            }
        }
        for id in closed {
            if streams.remove(&id).is_some() {
                server.disconnect(id);
            }
        }
    }
}

/// Reads what is there, a portion at a time so that all clients get their turn; whether the connection goes on.
fn read(server: &mut Server, id: ClientId, streams: &mut HashMap<ClientId, UnixStream>) -> bool {
    let (Some(stream), Some(room)) = (streams.get_mut(&id), server.room(id)) else { return false };
    match stream.read(room) {
        Ok(0) => false,
        Ok(length) => {
            // What was sent after others had gone is to find them gone.
            release_gone(server, id, streams);
            match server.received(id, length) {
                Ok(()) => true,
                Err(fault) => {
                    eprintln!("client {id:?}: {fault}");
                    write(server, id, streams);
                    false
                }
            }
        }
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
    }
}

/// Lets go of all clients but one that have closed their connection, after what they still had to say.
fn release_gone(server: &mut Server, but: ClientId, streams: &mut HashMap<ClientId, UnixStream>) {
    let mut others: Vec<ClientId> = streams.keys().copied().filter(|id| *id != but).collect();
    others.sort_unstable();
    let mut fds: Vec<PollFd<'_>> =
        others.iter().map(|id| PollFd::new(streams[id].as_fd(), PollFlags::empty())).collect();
    if fds.is_empty() || !poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
        return;
    }
    let gone: Vec<bool> =
        fds.iter().map(|fd| fd.revents().is_some_and(|now| now.contains(PollFlags::POLLHUP))).collect();
    for (id, _) in others.into_iter().zip(gone).filter(|(_, gone)| *gone) {
        let Some(mut stream) = streams.remove(&id) else { continue };
        while let Some(length @ 1..) = server.room(id).and_then(|room| stream.read(room).ok()) {
            if server.received(id, length).is_err() {
                break;
            }
        }
        server.disconnect(id);
    }
}

fn write(server: &mut Server, id: ClientId, streams: &mut HashMap<ClientId, UnixStream>) -> bool {
    let (Some(output), Some(stream)) = (server.output(id), streams.get_mut(&id)) else { return true };
    let mut sent = 0;
    let alive = loop {
        if sent == output.len() {
            break true;
        }
        match stream.write(&output[sent..]) {
            Ok(length) => sent += length,
            Err(error) => break matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    };
    output.drain(..sent);
    alive
}

fn screenshot(server: &Server, path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let (width, height) = server.size();
    // Written beside and renamed, so that whoever waits for the file finds it whole.
    let partial = path.with_extension("partial");
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(&partial)?), width.into(), height.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let rgb: Vec<u8> = server
        .screen()
        .iter()
        .flat_map(|pixel| [(pixel >> 16) as u8, (pixel >> 8) as u8, *pixel as u8])
        .collect();
    encoder.write_header()?.write_image_data(&rgb)?;
    std::fs::rename(&partial, path).context("putting the screenshot in its place")
}
