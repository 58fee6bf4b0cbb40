//! QEMU: a machine is a virtual machine with a kernel of its own.
//!
//! ```text
//! DIRECTORY/link/         node.sock, agent.json
//!           home.img      the user's home, ext4: second disk; stays
//!           system.qcow2  what the machine wrote over its image: first disk; thrown away at its end
//!           qmp.sock      control: we listen, QEMU dials
//!           qemu          mark of the QEMU process
//!           qemu.log      what QEMU itself complains of
//! ```
//!
//! QEMU is our child, in a process group of its own; it lives on when we end, and dials again when we are back.

mod command;
mod kvm;
mod qmp;

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::Signal;
use serde_json::json;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use self::command::Accelerator;
use self::qmp::{Event, Qmp};
use super::image::{Image, existing};
use super::process::{Process, Status};
use super::watch::Watch;
use super::{End, Hypervisor, Machine, MachineSpec, StartError, console, home, replace};

/// How long QEMU may take to dial its control socket.
const PATIENCE: Duration = Duration::from_secs(20);
/// Least memory of a machine, in MiB: with 96 Debian's kernel gives up while it boots, with 64 it does not even say so.
const LEAST_MEMORY: u32 = 128;
/// How a guest that could not boot says so on its console: see the image's first program.
const CANNOT_BOOT: &str = "the machine cannot boot";

/// Runs machines in QEMU.
#[derive(Debug)]
pub struct Qemu {
    accelerator: Accelerator,
}

impl Qemu {
    /// Finds out what can execute guests; takes less than a second. Where it is not the processor, the log says why.
    pub async fn probe() -> Self {
        let accelerator = match tokio::task::spawn_blocking(kvm::probe).await {
            Ok(Ok(())) => Accelerator::Kvm,
            Ok(Err(why)) => {
                info!("QEMU would have to translate every instruction of a machine: {why}");
                Accelerator::Tcg
            }
            Err(_) => Accelerator::Tcg,
        };
        Self { accelerator }
    }

    /// Whether the processor itself executes guests.
    pub fn is_fast(&self) -> bool {
        self.accelerator == Accelerator::Kvm
    }
}

#[async_trait]
impl Hypervisor for Qemu {
    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, StartError> {
        let place = Place::of(spec);
        if let Some(process) = Process::find(&place.mark()) {
            // An earlier start that nobody adopted: its disks must not be used twice.
            process
                .signal(Signal::KILL)
                .map_err(|error| StartError::from_io("ending an earlier run", &error))?;
            let _ = process.ended().await;
        }
        let accelerator = self.accelerator;
        let listener = place.listen().map_err(|error| StartError::from_io("listening for qemu", &error))?;
        let launched = {
            let (spec, place) = (spec.clone(), place.clone());
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || launch(&spec, &place, accelerator, &runtime))
        };
        let launched = launched.await.map_err(|error| StartError::Failed(error.to_string()));
        let process = match launched.and_then(|launched| launched) {
            Ok(process) => process,
            Err(error) => {
                clean_after_failure(&place);
                return Err(error);
            }
        };
        let qmp = tokio::select! {
            qmp = control(&listener) => qmp,
            _ = process.ended() => {
                let error = refusal(&console::last_words(&place.log()));
                clean_after_failure(&place);
                return Err(error);
            }
        };
        match qmp {
            Ok(qmp) => {
                info!(vm = %place.id, pid = process.pid(), accelerator = ?self.accelerator, "qemu started");
                Ok(Box::new(RunningQemu::watch(process, qmp, listener, place)))
            }
            Err(error) => {
                let _ = process.signal(Signal::KILL);
                let _ = process.ended().await;
                // It may have complained and ended just then.
                let words = console::last_words(&place.log());
                clean_after_failure(&place);
                Err(match words.as_str() {
                    "" => StartError::Failed(format!("qemu does not answer: {error}")),
                    words => refusal(words),
                })
            }
        }
    }

    async fn adopt(&self, spec: &MachineSpec) -> io::Result<Option<Box<dyn Machine>>> {
        let place = Place::of(spec);
        let Some(process) = Process::find(&place.mark()) else {
            place.clean()?;
            return Ok(None);
        };
        let listener = place.listen()?;
        match control(&listener).await {
            Ok(qmp) => {
                info!(vm = %place.id, pid = process.pid(), "qemu adopted");
                Ok(Some(Box::new(RunningQemu::watch(process, qmp, listener, place))))
            }
            Err(error) => {
                warn!(vm = %place.id, "a qemu that does not answer is ended: {error}");
                process.signal(Signal::KILL)?;
                process.ended().await?;
                place.clean()?;
                Ok(None)
            }
        }
    }
}

/// Waits for QEMU to dial, and negotiates.
async fn control(listener: &UnixListener) -> io::Result<Qmp> {
    let (stream, _) = tokio::time::timeout(PATIENCE, listener.accept()).await??;
    Qmp::negotiate(stream).await
}

/// What QEMU's complaint means.
fn refusal(words: &str) -> StartError {
    let lower = words.to_lowercase();
    let any = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if any(&["cannot allocate memory", "cannot set up guest memory"]) {
        StartError::OutOfMemory(words.to_owned())
    } else if any(&["no space left on device"]) {
        StartError::NoSpace(words.to_owned())
    } else if any(&["kernel", "initrd", "image is not in", "backing file", "invalid elf", "qcow2"]) {
        StartError::ImageBroken(words.to_owned())
    } else if words.is_empty() {
        StartError::Failed("qemu ended at once and said nothing".into())
    } else {
        StartError::Failed(words.to_owned())
    }
}

fn clean_after_failure(place: &Place) {
    if let Err(error) = place.clean() {
        warn!(vm = %place.id, "what a failed start left cannot be removed: {error}");
    }
}

/// Makes the parts of the machine and starts QEMU.
fn launch(
    spec: &MachineSpec,
    place: &Place,
    accelerator: Accelerator,
    runtime: &tokio::runtime::Handle,
) -> Result<Process, StartError> {
    let image = Image::read(&spec.image)?;
    let Some(parts) = &image.qemu else {
        return Err(StartError::ImageBroken(format!("{} is not made for qemu", spec.image.display())));
    };
    for part in [&parts.disk, &parts.kernel, &parts.initrd] {
        existing(part)?;
    }
    check_memory(spec.memory_mib)?;
    spec.check_room()?;

    let failed = |what: &'static str| move |error: io::Error| StartError::from_io(what, &error);
    let home = home::prepare(spec).map_err(failed("making the home"))?;
    spec.write_agent_config().map_err(failed("writing the agent's configuration"))?;
    ignore_missing(fs::remove_file(place.overlay())).map_err(failed("removing an old overlay"))?;
    let mut make_overlay = Command::new("qemu-img");
    make_overlay
        .args(["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b"])
        .arg(&parts.disk)
        .arg(place.overlay());
    home::run(&mut make_overlay).map_err(|error| match error.kind() {
        io::ErrorKind::Other => StartError::ImageBroken(error.to_string()),
        _ => StartError::from_io("making the system disk", &error),
    })?;

    replace(&place.log(), b"").map_err(failed("making qemu's log"))?;
    let log = || fs::OpenOptions::new().append(true).open(place.log()).map_err(failed("opening qemu's log"));
    let child = Command::new("qemu-system-x86_64")
        .args(command::arguments(spec, parts, accelerator, &place.overlay(), &home))
        .current_dir(&place.directory)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log()?)
        .stderr(log()?)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StartError::Failed("qemu-system-x86_64 is not installed".into()),
            _ => StartError::from_io("running qemu", &error),
        })?;
    let _entered = runtime.enter();
    let process = Process::open(child.id() as i32).map_err(failed("taking hold of qemu"))?;
    process.leave_mark(&place.mark()).map_err(failed("marking qemu"))?;
    Ok(process)
}

/// Refuses a machine that cannot boot: it would be waited for until its boot is overdue.
fn check_memory(mib: u32) -> Result<(), StartError> {
    if mib >= LEAST_MEMORY {
        return Ok(());
    }
    Err(StartError::OutOfMemory(format!(
        "a virtual machine needs at least {LEAST_MEMORY} MiB of memory, this one has {mib}"
    )))
}

/// A virtual machine that runs.
struct RunningQemu {
    process: Arc<Process>,
    orders: mpsc::Sender<Order>,
    watch: Watch,
}

/// What a machine's task is asked to do.
enum Order {
    PowerOff(oneshot::Sender<io::Result<()>>),
    /// The end is wanted: whatever comes is no failure.
    Expect,
}

impl RunningQemu {
    fn watch(process: Process, qmp: Qmp, listener: UnixListener, place: Place) -> Self {
        let process = Arc::new(process);
        let (orders, ordered) = mpsc::channel(4);
        let id = place.id.clone();
        let watcher =
            Watcher { process: Arc::clone(&process), listener, place, ordered, expected: false, end: None };
        let watch = Watch::new(id, watcher.run(qmp));
        Self { process, orders, watch }
    }
}

#[async_trait]
impl Machine for RunningQemu {
    async fn power_off(&self) -> io::Result<()> {
        let (answer, answered) = oneshot::channel();
        // A machine whose task is gone has ended, which is what was asked for.
        if self.orders.send(Order::PowerOff(answer)).await.is_err() {
            return Ok(());
        }
        answered.await.unwrap_or(Ok(()))
    }

    async fn kill(&self) -> io::Result<()> {
        let _ = self.orders.send(Order::Expect).await;
        self.process.signal(Signal::KILL)?;
        self.watch.gone().await
    }

    async fn ended(&self) -> End {
        self.watch.ended().await
    }
}

/// What comes next from QEMU.
enum Next {
    Event(io::Result<Event>),
    Dialled(io::Result<Qmp>),
}

/// Follows one QEMU to its end.
struct Watcher {
    process: Arc<Process>,
    listener: UnixListener,
    place: Place,
    ordered: mpsc::Receiver<Order>,
    /// Whether the end was asked for.
    expected: bool,
    /// How it ended, once the guest has told.
    end: Option<End>,
}

impl Watcher {
    async fn run(mut self, qmp: Qmp) -> End {
        let mut qmp = Some(qmp);
        if let Some(qmp) = &mut qmp {
            self.look(qmp).await;
        }
        let process = Arc::clone(&self.process);
        let ended = process.ended();
        tokio::pin!(ended);
        let status = loop {
            let listener = &self.listener;
            // QEMU dials again when its connection is lost.
            let next = async {
                match &mut qmp {
                    Some(qmp) => Next::Event(qmp.event().await),
                    None => Next::Dialled(control(listener).await),
                }
            };
            tokio::select! {
                biased;
                status = &mut ended => break status.unwrap_or(Status::Unknown),
                Some(order) = self.ordered.recv() => match order {
                    Order::Expect => self.expected = true,
                    Order::PowerOff(answer) => {
                        self.expected = true;
                        let outcome = match &mut qmp {
                            Some(qmp) => qmp.execute("system_powerdown", json!({})).await.map(drop),
                            None => Err(io::Error::other("qemu's control connection is lost")),
                        };
                        let _ = answer.send(outcome);
                    }
                },
                next = next => match (next, &mut qmp) {
                    (Next::Event(Ok(event)), Some(qmp)) => self.take(event, qmp).await,
                    (Next::Event(_), _) => qmp = None,
                    (Next::Dialled(dialled), _) => qmp = dialled.ok(),
                },
            }
        };
        let words = console::last_words(&self.place.log());
        if let Err(error) = self.place.clean() {
            return End::Zombie(error.to_string());
        }
        match (self.end.take(), status) {
            _ if self.expected => End::PoweredOff,
            (Some(end), _) => end,
            (None, Status::Exited(0) | Status::Unknown) => End::PoweredOff,
            (None, Status::Signalled(9)) => End::Failed(with_words("qemu was killed", &words)),
            (None, Status::Signalled(signal)) => {
                End::Failed(with_words(&format!("signal {signal} ended qemu"), &words))
            }
            (None, Status::Exited(code)) => {
                End::Failed(with_words(&format!("qemu ended with status {code}"), &words))
            }
        }
    }

    /// Takes up what happened while nobody listened.
    async fn look(&mut self, qmp: &mut Qmp) {
        let Ok(answer) = qmp.execute("query-status", json!({})).await else { return };
        match answer.get("status").and_then(serde_json::Value::as_str) {
            Some("shutdown") => self.take(Event::Shutdown("guest-shutdown".into()), qmp).await,
            Some("guest-panicked") => self.take(Event::Shutdown("guest-panic".into()), qmp).await,
            Some("internal-error") => {
                self.give_up(qmp, End::Failed("the processor cannot run this guest".into())).await;
            }
            Some("io-error") => self.take(Event::DiskError { no_space: false }, qmp).await,
            _ => {}
        }
    }

    async fn take(&mut self, event: Event, qmp: &mut Qmp) {
        match event {
            Event::Shutdown(reason) => {
                let end = judge(&reason, &guest_console(qmp).await);
                self.give_up(qmp, end).await;
            }
            Event::Port { id, open: false } if id == command::LINK => {
                // The agent has gone: what is left in the old connection is nothing to its successor.
                let backend = json!({"type": "socket", "data": {
                    "addr": {"type": "unix", "data": {"path": command::NODE}}, "server": false, "reconnect": 1,
                }});
                if let Err(error) =
                    qmp.execute("chardev-change", json!({"id": command::LINK, "backend": backend})).await
                {
                    warn!(vm = %self.place.id, "the agent's link cannot be cut: {error}");
                }
            }
            Event::DiskError { no_space } => {
                let why =
                    if no_space { "the node's disk is full" } else { "a disk of the machine cannot be used" };
                self.give_up(qmp, End::Failed(why.into())).await;
            }
            Event::Stopped => self.look_for_internal_error(qmp).await,
            Event::Port { .. } | Event::Other => {}
        }
    }

    /// A processor that could not go on stops without a word of its own.
    async fn look_for_internal_error(&mut self, qmp: &mut Qmp) {
        if let Ok(answer) = qmp.execute("query-status", json!({})).await
            && answer.get("status").is_some_and(|status| status == "internal-error")
        {
            self.give_up(qmp, End::Failed("the processor cannot run this guest".into())).await;
        }
    }

    /// Ends QEMU; the first reason is the one that counts.
    async fn give_up(&mut self, qmp: &mut Qmp, end: End) {
        self.end.get_or_insert(end);
        if qmp.execute("quit", json!({})).await.is_err() {
            let _ = self.process.signal(Signal::KILL);
        }
    }
}

/// The end of the guest's console.
async fn guest_console(qmp: &mut Qmp) -> String {
    let arguments = json!({"device": command::CONSOLE, "size": command::CONSOLE_SIZE});
    let text = qmp.execute("ringbuf-read", arguments).await.ok();
    text.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// What the guest's end means, by QEMU's reason and the guest's console. A reboot is an end like any other: the next
/// start is a boot.
fn judge(reason: &str, text: &str) -> End {
    let telling =
        [CANNOT_BOOT, "Kernel panic"].iter().find_map(|sign| text.lines().find(|line| line.contains(sign)));
    match telling {
        Some(line) => End::Failed(with_words("the guest could not go on", &console::last_lines(line))),
        None if reason == "guest-panic" => {
            End::Failed(with_words("the guest could not go on", &console::last_lines(text)))
        }
        None => End::PoweredOff,
    }
}

fn with_words(what: &str, words: &str) -> String {
    if words.is_empty() { what.to_owned() } else { format!("{what}: {words}") }
}

/// The files of a machine that QEMU runs.
#[derive(Clone, Debug)]
struct Place {
    id: String,
    directory: PathBuf,
}

impl Place {
    fn of(spec: &MachineSpec) -> Self {
        Self { id: spec.id.to_string(), directory: spec.directory.clone() }
    }

    fn mark(&self) -> PathBuf {
        self.directory.join("qemu")
    }

    fn overlay(&self) -> PathBuf {
        self.directory.join("system.qcow2")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("qemu.log")
    }

    /// Listens for QEMU's control connection.
    fn listen(&self) -> io::Result<UnixListener> {
        ignore_missing(fs::remove_file(self.directory.join(command::CONTROL)))?;
        // A socket's path is at most 107 bytes long, a directory's is not.
        let directory = fs::File::open(&self.directory)?;
        UnixListener::bind(
            Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(command::CONTROL),
        )
    }

    /// Removes everything of a machine that has ended but its home and log.
    fn clean(&self) -> io::Result<()> {
        for file in [self.overlay(), self.directory.join(command::CONTROL), self.mark()] {
            ignore_missing(fs::remove_file(file))?;
        }
        Ok(())
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qemus_complaints_are_told_apart() {
        let memory = "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory";
        assert!(matches!(refusal(memory), StartError::OutOfMemory(_)));
        assert!(matches!(refusal("could not load kernel 'x'"), StartError::ImageBroken(_)));
        assert!(matches!(refusal("Could not open 'a': No space left on device"), StartError::NoSpace(_)));
        assert!(matches!(refusal("-device foo: unknown"), StartError::Failed(_)));
    }

    #[test]
    fn a_machine_with_too_little_memory_is_refused() {
        assert!(matches!(check_memory(64), Err(StartError::OutOfMemory(_))));
        assert!(check_memory(128).is_ok());
    }

    #[test]
    fn a_guest_that_could_not_boot_is_told_from_one_that_powered_off() {
        assert_eq!(judge("guest-shutdown", "reboot: Power down"), End::PoweredOff);
        assert_eq!(judge("guest-reset", ""), End::PoweredOff);
        assert!(matches!(judge("guest-reset", "qvd: the machine cannot boot: no init"), End::Failed(_)));
        let panic = "[ 1.0] Kernel panic - not syncing: VFS\nCall Trace:\n a\n b\n c\n d\n e\n f\n";
        let end = End::Failed("the guest could not go on: [ 1.0] Kernel panic - not syncing: VFS".into());
        assert_eq!(judge("guest-reset", panic), end);
    }
}
