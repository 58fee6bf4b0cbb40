//! Containers for real: root, `runc`, loop devices and a static busybox are needed. The image is a busybox, the agent
//! a shell script, and what the script writes to its console is what the tests look at.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a fixture that cannot be built fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use qvd_protocol::agent::{AgentConfig, SessionUser};
use qvd_protocol::{Secret, VmId};
use qvd_server::hypervisor::container::Container;
use qvd_server::hypervisor::{End, Hypervisor, Machine, MachineSpec, StartError};
use tempfile::TempDir;

/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_mins(1);

/// A machine's directory, and an image with `script` as the agent.
struct Fixture {
    directory: TempDir,
    spec: MachineSpec,
    containers: Container,
}

impl Fixture {
    fn new(script: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("qvd-container-").tempdir().unwrap();
        let image = directory.path().join("image");
        let binaries = image.join("rootfs/bin");
        for part in ["rootfs/bin", "rootfs/usr/bin", "rootfs/usr/sbin", "rootfs/home", "rootfs/etc"] {
            fs::create_dir_all(image.join(part)).unwrap();
        }
        fs::copy("/bin/busybox", binaries.join("busybox")).expect("busybox-static is installed");
        for applet in ["sh", "cat", "sleep", "tail", "mount", "ls", "touch", "hostname", "kill", "grep"] {
            std::os::unix::fs::symlink("busybox", binaries.join(applet)).unwrap();
        }
        let demo = "format = 1\nagent = 'agent'\n[container]\nrootfs = 'rootfs'\n";
        fs::write(image.join("image.toml"), demo).unwrap();
        let id = VmId::random();
        let machine = directory.path().join("machine");
        fs::create_dir(&machine).unwrap();
        let spec = MachineSpec {
            id,
            name: "Test".into(),
            image,
            directory: machine,
            memory_mib: 64,
            cpus: 1,
            home_mib: 32,
            agent: AgentConfig {
                vm: id,
                secret: Secret::new("a secret"),
                user: SessionUser { name: "demo".into(), uid: 1000 },
            },
        };
        let fixture = Self { directory, spec, containers: Container::new().unwrap() };
        fixture.agent(script);
        fixture
    }

    /// Replaces the agent.
    fn agent(&self, script: &str) {
        let path = self.spec.image.join("agent");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    async fn start(&self) -> Box<dyn Machine> {
        self.containers.start(&self.spec).await.unwrap()
    }

    /// Runs the machine to its end.
    async fn run(&self) -> End {
        ended(&*self.start().await).await
    }

    fn console(&self) -> String {
        fs::read_to_string(self.spec.directory.join("console.log")).unwrap()
    }

    /// Checks that neither mount nor cgroup is left.
    fn assert_clean(&self) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let directory = self.directory.path().to_str().unwrap();
        assert!(!mounts.contains(directory), "{mounts}");
        for group in ["", "memory", "pids", "unified"] {
            let path = Path::new("/sys/fs/cgroup").join(group).join("qvd").join(self.spec.id.to_string());
            assert!(!path.exists(), "{}", path.display());
        }
        assert!(!self.spec.directory.join("system").exists());
    }
}

async fn ended(machine: &dyn Machine) -> End {
    tokio::time::timeout(PATIENCE, machine.ended()).await.expect("the machine ends in time")
}

#[tokio::test]
async fn an_agent_is_the_first_process_and_finds_its_configuration_and_name() {
    let fixture = Fixture::new("echo $$; hostname; cat /run/qvd/agent.json; ls -l /run/qvd /home");
    let _listener = fixture.spec.listen().unwrap();
    assert_eq!(fixture.run().await, End::PoweredOff);
    let console = fixture.console();
    assert!(console.starts_with("1\ntest\n"), "{console}");
    assert!(console.contains("a secret") && console.contains("node.sock"), "{console}");
    fixture.assert_clean();
}

#[tokio::test]
async fn an_agent_that_fails_leaves_its_last_words() {
    let fixture = Fixture::new("echo cannot go on; exit 3");
    assert_eq!(fixture.run().await, End::Failed("the agent ended with status 3: cannot go on".into()));
    fixture.assert_clean();
}

#[tokio::test]
async fn an_agent_that_uses_more_memory_than_its_limit_is_recognised() {
    let fixture = Fixture::new("exec tail /dev/zero");
    assert_eq!(fixture.run().await, End::OutOfMemory);
    fixture.assert_clean();
}

#[tokio::test]
async fn a_program_that_uses_more_memory_than_the_limit_ends_without_the_machine() {
    let fixture = Fixture::new("tail /dev/zero; echo it ended with $?");
    assert_eq!(fixture.run().await, End::PoweredOff);
    assert!(fixture.console().contains("it ended with 137"), "{}", fixture.console());
}

#[tokio::test]
async fn the_home_stays_and_the_rest_is_thrown_away() {
    let fixture = Fixture::new("touch /home/kept /etc/thrown");
    assert_eq!(fixture.run().await, End::PoweredOff);
    assert!(!fixture.spec.image.join("rootfs/etc/thrown").exists());
    fixture.agent("ls /home /etc");
    assert_eq!(fixture.run().await, End::PoweredOff);
    assert!(
        fixture.console().contains("kept") && !fixture.console().contains("thrown"),
        "{}",
        fixture.console()
    );
}

#[tokio::test]
async fn a_home_does_not_grow_beyond_its_limit() {
    let fixture = Fixture::new("cat /dev/zero >/home/full || echo it is full");
    assert_eq!(fixture.run().await, End::PoweredOff);
    assert!(fixture.console().contains("it is full"), "{}", fixture.console());
}

#[tokio::test]
async fn a_killed_machine_leaves_nothing() {
    let fixture = Fixture::new("sleep 1000");
    let machine = fixture.start().await;
    machine.kill().await.unwrap();
    assert_eq!(ended(&*machine).await, End::PoweredOff);
    fixture.assert_clean();
}

#[tokio::test]
async fn a_power_off_is_a_signal_to_the_agent() {
    let fixture = Fixture::new("trap 'exit 0' TERM; echo up; while :; do sleep 1 & wait; done");
    let machine = fixture.start().await;
    while !fixture.console().contains("up") {
        tokio::task::yield_now().await;
    }
    machine.power_off().await.unwrap();
    assert_eq!(ended(&*machine).await, End::PoweredOff);
    fixture.assert_clean();
}

#[tokio::test]
async fn a_restarted_daemon_finds_its_machine_again() {
    let fixture = Fixture::new("sleep 1000");
    drop(fixture.start().await);
    let machine = fixture.containers.adopt(&fixture.spec).await.unwrap().expect("it runs");
    machine.kill().await.unwrap();
    assert!(fixture.containers.adopt(&fixture.spec).await.unwrap().is_none());
    fixture.assert_clean();
}

#[tokio::test]
async fn what_a_machine_left_that_ended_unseen_is_removed() {
    let fixture = Fixture::new("exit 0");
    drop(fixture.start().await);
    while fixture.containers.adopt(&fixture.spec).await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    fixture.assert_clean();
}

#[tokio::test]
async fn a_start_that_fails_half_way_leaves_nothing() {
    let fixture = Fixture::new("");
    fs::set_permissions(fixture.spec.image.join("agent"), fs::Permissions::from_mode(0o644)).unwrap();
    let Err(error) = fixture.containers.start(&fixture.spec).await else { panic!("it started") };
    assert!(matches!(error, StartError::Failed(_)), "{error}");
    fixture.assert_clean();
}

#[tokio::test]
async fn an_image_that_is_missing_or_lacks_a_part_is_named() {
    let mut fixture = Fixture::new("");
    fs::remove_dir_all(fixture.spec.image.join("rootfs")).unwrap();
    let Err(error) = fixture.containers.start(&fixture.spec).await else { panic!("it started") };
    assert!(matches!(&error, StartError::ImageMissing(why) if why.contains("rootfs")), "{error}");
    fixture.spec.image = "/nowhere".into();
    let Err(error) = fixture.containers.start(&fixture.spec).await else { panic!("it started") };
    assert!(matches!(&error, StartError::ImageMissing(why) if why.contains("/nowhere")), "{error}");
    fixture.assert_clean();
}

#[tokio::test]
async fn a_machine_reaches_nothing_of_the_host() {
    let fixture = Fixture::new(
        "echo x >/proc/sys/kernel/hostname; echo b >/proc/sysrq-trigger; mount -t tmpfs x /etc; \
         ls /sys/class/net; cat /dev/kmsg; echo done",
    );
    assert_eq!(fixture.run().await, End::PoweredOff);
    let console = fixture.console();
    assert!(console.contains("\nlo\n") && !console.contains("eth"), "{console}");
    for refusal in [
        "create /proc/sys/kernel/hostname: Read-only file system",
        "create /proc/sysrq-trigger:",
        "mount: permission denied",
        "open '/dev/kmsg'",
        "done",
    ] {
        assert!(console.contains(refusal), "{refusal} in {console}");
    }
}
