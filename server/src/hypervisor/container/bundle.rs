//! The container as the OCI runtime is told of it: `config.json` (OCI Runtime Specification 1.0.2).
//!
//! What a session's programs could reach of the host is closed here: devices by the device list, the network by a
//! namespace with loopback only, `/proc` and `/sys` by masks, the kernel's rarely needed doors by a seccomp list,
//! memory and processes by limits, set-user-id programs by `noNewPrivileges`.

use std::path::Path;

use qvd_protocol::agent::CONTAINER_CONFIG;
use serde_json::{Value, json};

use super::super::MachineSpec;

/// Where the agent's program is in the container.
const AGENT: &str = "/usr/sbin/qvd-vma";
/// Most processes and threads of a container.
const MOST_PROCESSES: u32 = 4096;
/// What the agent may do as root of the container: make an account and run programs as it.
const CAPABILITIES: [&str; 9] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];
/// System calls that no desktop program needs and that have been ways out of containers.
const REFUSED: [&str; 28] = [
    "acct",
    "add_key",
    "bpf",
    "delete_module",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "move_mount",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "personality",
    "quotactl",
    "reboot",
    "request_key",
    "swapoff",
    "swapon",
    "syslog",
    "userfaultfd",
];

/// The files of the host that a container is made of.
pub(super) struct Parts<'a> {
    /// Mounted root file system.
    pub(super) root: &'a Path,
    /// Mounted home file system.
    pub(super) home: &'a Path,
    /// Directory with agent configuration and node socket.
    pub(super) link: &'a Path,
    /// The agent's program.
    pub(super) agent: &'a Path,
}

/// The cgroup of a machine, below the root of each hierarchy.
pub(super) fn cgroup(spec: &MachineSpec) -> String {
    format!("/qvd/{}", spec.id)
}

/// The content of `config.json`.
pub(super) fn config(spec: &MachineSpec, parts: &Parts) -> Value {
    let memory = u64::from(spec.memory_mib) << 20;
    let bind = |source: &Path, target: &str, options: &[&str]| {
        let all: Vec<&str> = [&["bind"], options].concat();
        json!({"destination": target, "type": "bind", "source": source, "options": all})
    };
    let tmpfs = |target: &str, mode: &str, size: u64, options: &[&str]| {
        let mut all: Vec<String> =
            ["nosuid"].iter().chain(options).map(|&option| option.to_owned()).collect();
        all.extend([format!("mode={mode}"), format!("size={size}")]);
        json!({"destination": target, "type": "tmpfs", "source": "tmpfs", "options": all})
    };
    let link = Path::new(CONTAINER_CONFIG).parent().unwrap_or(Path::new("/run/qvd"));
    json!({
        "ociVersion": "1.0.2",
        "hostname": spec.host_name(),
        "root": {"path": parts.root, "readonly": false},
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": [AGENT],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root"],
            "cwd": "/",
            "noNewPrivileges": true,
            "capabilities": {
                "bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES,
            },
            "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
            tmpfs("/dev", "755", 65536, &["noexec", "strictatime"]),
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
            tmpfs("/dev/shm", "1777", memory / 4, &["nodev", "noexec"]),
            tmpfs("/run", "755", memory / 8, &["nodev"]),
            tmpfs("/run/user", "755", memory / 8, &["nodev"]),
            tmpfs("/tmp", "1777", memory / 4, &["nodev"]),
            bind(parts.home, "/home", &["rw", "nosuid", "nodev"]),
            bind(parts.link, &link.to_string_lossy(), &["ro", "nosuid", "nodev", "noexec"]),
            bind(parts.agent, AGENT, &["ro", "nosuid", "nodev"]),
        ],
        "linux": {
            "namespaces": [
                {"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"},
                {"type": "cgroup"},
            ],
            "cgroupsPath": cgroup(spec),
            "resources": {
                "devices": [{"allow": false, "access": "rwm"}],
                "memory": {"limit": memory},
                "pids": {"limit": MOST_PROCESSES},
                "cpu": {"period": 100_000, "quota": i64::from(spec.cpus.max(1)) * 100_000},
            },
            "seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                "syscalls": [{"names": REFUSED, "action": "SCMP_ACT_ERRNO"}],
            },
            "maskedPaths": [
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
                "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware", "/sys/kernel/debug",
            ],
            "readonlyPaths": [
                "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
            ],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::spec;
    use super::*;

    fn built() -> Value {
        let spec = spec(Path::new("/machines/1"));
        let at = Path::new;
        config(&spec, &Parts { root: at("/r"), home: at("/h"), link: at("/l"), agent: at("/a") })
    }

    #[test]
    fn limits_are_those_of_the_machine() {
        let config = built();
        assert_eq!(config["linux"]["resources"]["memory"]["limit"], 512 << 20);
        assert_eq!(config["linux"]["resources"]["cpu"]["quota"], 100_000);
        assert_eq!(config["hostname"], "demo-desktop");
    }

    #[test]
    fn the_agent_cannot_change_what_the_node_bound_into_it() {
        let config = built();
        let mounts = config["mounts"].as_array().unwrap();
        for target in ["/run/qvd", "/usr/sbin/qvd-vma"] {
            let mount = mounts.iter().find(|mount| mount["destination"] == target).unwrap();
            assert!(mount["options"].as_array().unwrap().contains(&json!("ro")), "{mount}");
        }
    }

    #[test]
    fn no_capability_reaches_the_host() {
        let config = built();
        let text = config["process"]["capabilities"].to_string();
        for dangerous in ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_MODULE", "MKNOD", "DAC_READ_SEARCH"] {
            assert!(!text.contains(dangerous), "{dangerous}");
        }
        assert_eq!(config["process"]["noNewPrivileges"], true);
    }
}
