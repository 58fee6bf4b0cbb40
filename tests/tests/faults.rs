//! What goes wrong while a person works, or before: each gives a sentence at the client and a line in the server's log,
//! and whatever did not itself break goes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use qvd_tests::desktop::{Desktop, processes_in_container};
use qvd_tests::process::Program;
use qvd_tests::screen::Screen;
use qvd_tests::world::{PASSWORD, SOON, World, image};
use tempfile::TempDir;

const CONTAINER: Duration = Duration::from_mins(1);

#[test]
fn a_wrong_password_and_an_unknown_user_are_refused_alike() -> Result<()> {
    let screen = Screen::start(1000, 800)?;
    let world = World::start("container")?;
    let mut answers = Vec::new();
    for (user, password) in [("demo", "let me in"), ("nobody", PASSWORD)] {
        let mut command = world.client_command(&screen)?;
        command.args(["--user", user, "--once", "--accept-fingerprint", world.fingerprint()]);
        let mut client = Program::start_with_input(&mut command, password)?;
        let line = client.wait_for_line("login failed", SOON)?;
        answers.push(line.split_once("title=").context("no title")?.1.to_owned());
        ensure!(client.wait(SOON)?.code() == Some(3), "the exit code is not 3");
        let logged = world.daemon()?.wait_for_line("user or password is wrong", SOON)?;
        ensure!(logged.contains(user) && !logged.contains(password), "the log says {logged:?}");
    }
    ensure!(answers[0] == answers[1], "the answers differ: {answers:?}");
    ensure!(answers[0].contains("User or password is wrong"), "{answers:?}");
    Ok(())
}

#[test]
fn an_expired_token_is_refused_with_its_own_code() -> Result<()> {
    let world = World::configured("container", "[login]\ntoken_lifetime_s = 1\n")?;
    let api = world.api("demo", PASSWORD)?;
    let refused = world.runtime().block_on(async {
        api.desktops().await?;
        // The token's life is counted in whole seconds; this is about time, not about luck.
        tokio::time::sleep(Duration::from_millis(2100)).await;
        anyhow::Ok(api.desktops().await)
    })?;
    let error = refused.err().context("an expired token was taken")?;
    ensure!(format!("{error}").contains("NotLoggedIn"), "{error}");
    world.daemon()?.wait_for_line("the token is unknown or has expired", SOON)?;
    Ok(())
}

/// Connects to a machine that cannot start; gives what the client printed about it.
fn failed_connect(world: &World, machine: &str, patience: Duration) -> Result<String> {
    let screen = Screen::start(1000, 800)?;
    let mut client = world.client(&screen, machine, &["--once"])?;
    let line = client.wait_for_line("connect failed", patience)?;
    ensure!(client.wait(SOON)?.code() == Some(4), "the exit code is not 4");
    Ok(line)
}

/// Connects to a machine whose image has other bytes for its agent; gives what the client printed about it.
fn failed_boot(world: &mut World, agent: &[u8], options: &[&str]) -> Result<String> {
    let image = image_with(world, agent)?;
    world.add_image("broken", image.path())?;
    world.add_machine("desk", "broken", options)?;
    failed_connect(world, "desk", SOON)
}

#[test]
fn an_image_that_is_missing_is_named() -> Result<()> {
    let mut world = World::start("container")?;
    let gone = TempDir::new_in(world.data())?;
    std::fs::copy(image()?.join("image.toml"), gone.path().join("image.toml"))?;
    world.add_image("gone", gone.path())?;
    std::fs::remove_dir_all(gone.path())?;
    world.add_machine("desk", "gone", &[])?;
    let line = failed_connect(&world, "desk", SOON)?;
    ensure!(line.contains("ImageMissing"), "{line}");
    world.daemon()?.wait_for_line("the image is missing", SOON)?;
    Ok(())
}

#[test]
fn an_image_whose_agent_is_no_program_fails_to_boot() -> Result<()> {
    let mut world = World::start("container")?;
    let line = failed_boot(&mut world, b"this is no program", &[])?;
    ensure!(line.contains("BootFailed") || line.contains("ImageBroken"), "{line}");
    Ok(())
}

#[test]
fn an_agent_that_never_reports_is_given_up_after_the_boot_time() -> Result<()> {
    let mut world = World::configured("container", "[timeouts]\nboot_s = 3\nstop_s = 2\n")?;
    let line = failed_boot(&mut world, b"#!/bin/sh\nexec sleep 1000000\n", &[])?;
    ensure!(line.contains("AgentTimeout"), "{line}");
    world.daemon()?.wait_for_line("did not report in time", SOON)?;
    Ok(())
}

#[test]
fn a_machine_that_runs_out_of_memory_while_it_boots_says_so() -> Result<()> {
    let mut world = World::start("container")?;
    let line = failed_boot(&mut world, b"#!/bin/sh\nexec tail /dev/zero\n", &["--memory", "64"])?;
    ensure!(line.contains("OutOfMemory"), "{line}");
    Ok(())
}

#[test]
fn a_machine_that_needs_more_memory_than_there_is_says_so() -> Result<()> {
    let mut world = World::start("container")?;
    world.add_machine("desk", "debian", &["--memory", "1048576"])?;
    let line = failed_connect(&world, "desk", SOON)?;
    ensure!(line.contains("OutOfMemory"), "{line}");
    world.daemon()?.wait_for_line("not enough memory", SOON)?;
    Ok(())
}

#[test]
fn a_virtual_machine_with_too_little_memory_to_boot_says_so() -> Result<()> {
    let mut world = World::start("qemu")?;
    world.add_machine("desk", "debian", &["--memory", "64"])?;
    let line = failed_connect(&world, "desk", SOON)?;
    ensure!(line.contains("OutOfMemory"), "{line}");
    world.daemon()?.wait_for_line("at least 128 MiB", SOON)?;
    Ok(())
}

#[test]
fn a_full_disk_is_named_and_its_machine_starts_when_there_is_room() -> Result<()> {
    let screen = Screen::start(1000, 800)?;
    let mut world = World::start("container")?;
    let machine = world.add_machine("desk", "debian", &[])?;
    let disk = SmallDisk::mount(&world.data().join("vms").join(machine.to_string()))?;
    let line = failed_connect(&world, "desk", SOON)?;
    ensure!(line.contains("NoSpace"), "{line}");
    world.daemon()?.wait_for_line("disk is full", SOON)?;
    drop(disk);
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    desktop.terminal(CONTAINER)?;
    desktop.close()
}

#[test]
fn a_session_whose_nxagent_dies_is_reported_and_the_next_connect_starts_anew() -> Result<()> {
    let screen = Screen::start(1200, 900)?;
    let mut world = World::start("container")?;
    let machine = world.add_machine("desk", "debian", &[])?.to_string();
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    desktop.terminal(CONTAINER)?;
    for pid in processes_in_container(&machine, "nxagent")? {
        kill(Pid::from_raw(pid), Signal::SIGKILL)?;
    }
    let told = desktop.client().wait_for_line("session ended", SOON)?;
    ensure!(told.contains("SessionCrashed"), "the client was told {told:?}");
    desktop.close()?;

    let again = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    again.terminal(CONTAINER)?;
    again.close()
}

#[test]
fn a_client_that_falls_silent_is_noticed_and_its_session_stays() -> Result<()> {
    let screen = Screen::start(1200, 900)?;
    let mut world = World::configured("container", "[timeouts]\nsilence_s = 10\n")?;
    world.add_machine("desk", "debian", &[])?;
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    desktop.terminal(CONTAINER)?;
    desktop.paints_if("true", 0x0077_0033)?;
    // A stopped process keeps its connection open and says nothing, like a computer whose cable was pulled.
    desktop.client().signal(Signal::SIGSTOP)?;
    world.daemon()?.wait_for_line("disconnected", SOON)?;
    desktop.client().signal(Signal::SIGKILL)?;
    drop(desktop);

    let again = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    again.sees(0x0077_0033)?;
    again.close()
}

#[test]
fn a_server_that_is_restarted_finds_its_machines_and_sessions_again() -> Result<()> {
    let screen = Screen::start(1200, 900)?;
    let mut world = World::start("container")?;
    world.add_machine("desk", "debian", &[])?;
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    desktop.terminal(CONTAINER)?;
    desktop.paints_if("true", 0x0009_7755)?;
    for end in [Signal::SIGTERM, Signal::SIGKILL] {
        world.end_daemon(end)?;
        world.run()?;
        let again = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
        again.sees(0x0009_7755)?;
        again.close()?;
    }
    desktop.close()
}

#[test]
fn garbage_and_absurd_lengths_at_the_front_door_end_their_connection_only() -> Result<()> {
    let world = World::start("container")?;
    let tls_record_of_64_k = [22, 3, 1, 0xff, 0xff, 1, 0xff, 0xff, 0xff];
    for garbage in [&b"GET / HTTP/1.0\r\n\r\n"[..], &[0; 4096], &[0xff; 4096], &tls_record_of_64_k] {
        let mut connection = TcpStream::connect(world.address())?;
        connection.set_read_timeout(Some(SOON))?;
        // The server may be gone from this connection before it has read everything.
        let _ = connection.write_all(garbage);
        let _ = connection.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        ensure!(answer.len() < 100, "{} bytes in answer to garbage", answer.len());
        world.daemon()?.wait_for_line("no TLS handshake", SOON)?;
    }
    world.api("demo", PASSWORD)?;
    Ok(())
}

#[test]
fn a_desktop_that_breaks_the_protocol_loses_its_session_and_the_client_says_so() -> Result<()> {
    let mut world = World::start("container")?;
    for attack in ["noise", "frame-of-noise", "frame-of-four-gigabytes"] {
        let hostile = hostile_image(&world, attack)?;
        world.add_image(attack, hostile.path())?;
        world.add_machine(attack, attack, &[])?;
        let screen = Screen::start(1000, 800)?;
        let mut client = world.client(&screen, attack, &["--once"])?;
        let told =
            client.wait_for_line("session ended", CONTAINER).with_context(|| format!("after {attack}"))?;
        ensure!(told.contains("Desktop("), "after {attack} the client said {told:?}");
        ensure!(client.wait(SOON)?.code() == Some(5), "the exit code is not 5");
    }
    Ok(())
}

#[test]
fn a_client_answers_malformed_requests_of_the_desktop_and_goes_on() -> Result<()> {
    let screen = Screen::start(1000, 800)?;
    let mut world = World::start("container")?;
    let hostile = hostile_image(&world, "malformed-requests")?;
    world.add_image("hostile", hostile.path())?;
    world.add_machine("desk", "hostile", &[])?;
    let desktop = Desktop::connect(&world, &screen, "desk", &["--fullscreen"], CONTAINER)?;
    desktop.sees(0x0036_5a27)?;
    desktop.close()
}

/// A file system of 512 KiB.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some("size=512k,mode=700"))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = umount2(&self.0, MntFlags::MNT_DETACH) {
            eprintln!("{} stays mounted: {error}", self.0.display());
        }
    }
}

/// The demo image with a program in nxagent's place that attacks the client.
fn hostile_image(world: &World, attack: &str) -> Result<TempDir> {
    let agent = std::fs::read(image()?.join("qvd-vma"))?;
    let hostile = std::fs::read(env!("CARGO_BIN_EXE_hostile-nxagent"))?;
    // The file is the script that unpacks what follows it.
    let unpack = |script: usize| {
        let (first, second) = (script + 1, script + agent.len() + 1);
        format!(
            "#!/bin/sh\n\
             tail -c +{first} $0 | head -c {} >/run/agent\n\
             tail -c +{second} $0 >/usr/local/bin/hostile\n\
             printf '#!/bin/sh\\nexec hostile {attack} \"$@\"\\n' >/usr/local/bin/nxagent\n\
             chmod 755 /run/agent /usr/local/bin/hostile /usr/local/bin/nxagent\n\
             exec /run/agent\n",
            agent.len()
        )
    };
    // Padded, because its length is in it.
    let script = unpack(1024);
    let script = format!("{script}{}", "#".repeat(1024 - script.len()));
    image_with(world, &[script.as_bytes(), &agent, &hostile].concat())
}

/// The demo image with other bytes for its agent.
fn image_with(world: &World, agent: &[u8]) -> Result<TempDir> {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let other = TempDir::new_in(world.data())?;
    for entry in image()?.read_dir()? {
        let entry = entry?;
        if entry.file_name() != "qvd-vma" {
            symlink(entry.path(), other.path().join(entry.file_name()))?;
        }
    }
    let path = other.path().join("qvd-vma");
    std::fs::write(&path, agent)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(other)
}
