//! `cargo bench -p qvd-tests --bench session`: what a person waits for, and what a session weighs.
//!
//! Real client, server, agent and nxagent, release builds, client on a 1920x1080 Xvfb. Prints, for a container and for a
//! QEMU machine (emulated where there is no KVM): from the click to the first picture with the machine stopped, and with
//! the machine running and the session suspended; from a key pressed at the client's window to a changed pixel in it;
//! memory of client and server. Wants the image that `tests/run` makes. `-- container` or `-- qemu` does one of them.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use qvd_tests::desktop::{Desktop, TERMINAL, shows};
use qvd_tests::screen::Screen;
use qvd_tests::world::World;

const PATIENCE: Duration = Duration::from_mins(5);
/// Connects that are measured, with the machine running.
const CONNECTS: usize = 5;
/// Keys that are measured.
const KEYS: usize = 100;
/// Sessions beside the first one, for what one more of them weighs.
const MORE: usize = 4;
const X_KEYCODE: u8 = 53;
const COLOUR: u32 = 0x0012_4536;

fn main() -> Result<()> {
    let programs = ["qvd-server", "qvd-vma", "qvd-client-gui"].map(|name| ["--package", name]).concat();
    let built = Command::new(env!("CARGO")).args(["build", "--release"]).args(programs).status()?;
    ensure!(built.success(), "the programs do not build");
    let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for hypervisor in ["container", "qemu"] {
        if named.is_empty() || named.iter().any(|name| name == hypervisor) {
            measure(hypervisor)?;
        }
    }
    Ok(())
}

fn measure(hypervisor: &'static str) -> Result<()> {
    println!("{hypervisor}");
    let screen = Screen::start(1920, 1080)?;
    let mut world = World::start(hypervisor)?;
    world.add_machine("desk", "debian", &[])?;
    let (_, server_idle) = world.daemon()?.memory()?;

    let desktop = connect(&world, &screen, "connect, machine stopped", TERMINAL)?;
    desktop.terminal(PATIENCE)?;
    desktop.paints_if("true", COLOUR)?;
    let latency = key_to_pixel(&screen)?;
    println!("  key to pixel: median {:.1} ms, 95 % below {:.1} ms ({KEYS} keys)", latency.0, latency.1);
    let (client, _) = desktop.client().memory()?;
    let (_, server) = world.daemon()?.memory()?;
    println!("  qvd-client, 1920x1080: {:.1} MB resident", megabytes(client));
    println!(
        "  qvd-server: {:.1} MB alone, {:.1} MB with the session",
        megabytes(server_idle),
        megabytes(server)
    );
    if hypervisor == "container" {
        let mut others = Vec::new();
        for number in 0..MORE {
            let name = format!("desk-{number}");
            world.add_machine(&name, "debian", &[])?;
            let other = Desktop::connect(&world, &screen, &name, &[], PATIENCE)?;
            other.terminal(PATIENCE)?;
            others.push(other);
        }
        let (_, all) = world.daemon()?.memory()?;
        println!(
            "  qvd-server: {:.2} MB for each of {MORE} more idle sessions",
            megabytes(all.saturating_sub(server)) / MORE as f64
        );
        others.into_iter().try_for_each(Desktop::close)?;
        for _ in 0..MORE {
            world.daemon()?.wait_for_line("disconnected", PATIENCE)?;
        }
    }
    desktop.close()?;

    for _ in 0..CONNECTS {
        world.daemon()?.wait_for_line("disconnected", PATIENCE)?;
        connect(&world, &screen, "connect, session suspended", COLOUR)?.close()?;
    }
    Ok(())
}

/// Connects, and prints how long it took from the click until the client was told so, and until the desktop's terminal
/// was seen in its colour.
fn connect<'s>(world: &World, screen: &'s Screen, what: &str, colour: u32) -> Result<Desktop<'s>> {
    let client = world.client(screen, "desk", &["--fullscreen"])?;
    client.wait_for_line("connecting", PATIENCE)?;
    let click = Instant::now();
    client.wait_for_line("connected", PATIENCE)?;
    let ready = click.elapsed();
    screen.wait_for("the desktop", PATIENCE, |picture| shows(picture, colour).then_some(()))?;
    println!(
        "  {what}: ready {:.2} s, first picture {:.2} s",
        ready.as_secs_f64(),
        click.elapsed().as_secs_f64()
    );
    Ok(Desktop::of(screen, client))
}

/// Milliseconds from a key to the letter it draws: median, and the value that 95 of 100 are below.
fn key_to_pixel(screen: &Screen) -> Result<(f64, f64)> {
    let (x, y, width, _) = screen.picture()?.extent(COLOUR).context("the terminal is gone")?;
    // The upper lines of the terminal: what is typed appears there.
    let part = (x as i16, y as i16, width as u16, 200);
    let mut times = Vec::with_capacity(KEYS);
    for _ in 0..KEYS {
        let took = screen.until_changed(part, PATIENCE, || screen.key(X_KEYCODE, true))?;
        screen.key(X_KEYCODE, false)?;
        times.push(took.as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[KEYS / 2], times[KEYS * 95 / 100]))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
