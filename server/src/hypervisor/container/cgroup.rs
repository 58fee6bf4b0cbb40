//! The cgroup of a container, in both generations of the kernel's interface: `runc` makes it and sets its limits;
//! here it is asked afterwards whether memory ran out, and removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const ROOT: &str = "/sys/fs/cgroup";

/// Whether the kernel killed a process of this cgroup because its memory limit was reached.
pub(super) fn killed_for_memory(cgroup: &str) -> bool {
    // Version 2, then version 1; on a host of either kind the other file does not exist.
    let unified = Path::new(ROOT).join(relative(cgroup)).join("memory.events");
    let legacy = Path::new(ROOT).join("memory").join(relative(cgroup)).join("memory.oom_control");
    [unified, legacy].iter().filter_map(|file| fs::read_to_string(file).ok()).any(|text| oom_kills(&text) > 0)
}

/// Removes the cgroup from every hierarchy it is in. Nothing may run in it any more.
pub(super) fn remove(cgroup: &str) -> io::Result<()> {
    for directory in hierarchies()? {
        let directory = directory.join(relative(cgroup));
        match fs::remove_dir(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io::Error::new(
                    error.kind(),
                    format!("{} cannot be removed: {error}", directory.display()),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where hierarchies are mounted: the root itself (version 2) and what is directly below it (version 1).
fn hierarchies() -> io::Result<Vec<PathBuf>> {
    let root = Path::new(ROOT);
    if root.join("cgroup.controllers").exists() {
        return Ok(vec![root.to_owned()]);
    }
    match fs::read_dir(root) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn relative(cgroup: &str) -> &str {
    cgroup.trim_start_matches('/')
}

/// The counter `oom_kill` of `memory.events` or `memory.oom_control`.
fn oom_kills(text: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_count_kills_the_same_way() {
        assert_eq!(oom_kills("low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n"), 1);
        assert_eq!(oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), 3);
        assert_eq!(oom_kills("oom_kill_disable 0\nunder_oom 1\n"), 0);
    }
}
