//! A user's home: a file with an ext4 file system, sparse and of limited size. Both hypervisors use the same file, so
//! that a machine keeps its home when it changes from one to the other.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::MachineSpec;

/// Makes the home of a machine if there is none; returns its file.
///
/// A home that is there is left as it is, whatever [`MachineSpec::home_mib`] says now.
pub(super) fn prepare(spec: &MachineSpec) -> io::Result<PathBuf> {
    let home = spec.directory.join("home.img");
    if home.exists() {
        return Ok(home);
    }
    // Under another name until it is whole: a half-made home must not be taken for a home.
    let partial = spec.directory.join("home.img.new");
    let _ = std::fs::remove_file(&partial);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.set_len(u64::from(spec.home_mib) << 20)?;
    run(Command::new("mke2fs").args(["-q", "-t", "ext4", "-m", "0", "-J", "size=8"]).arg(&partial))?;
    File::open(&partial)?.sync_all()?;
    std::fs::rename(&partial, &home)?;
    Ok(home)
}

/// Mounts a home at `target` of this host.
pub(super) fn mount(home: &Path, target: &Path) -> io::Result<()> {
    run(Command::new("mount").args(["-t", "ext4", "-o", "loop,nosuid,nodev,noatime"]).arg(home).arg(target))
}

/// Runs a tool to its end; its complaint becomes the error.
pub(super) fn run(command: &mut Command) -> io::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(error.kind(), format!("{program} is not installed")),
        _ => error,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.trim();
    let kind = match words {
        words if words.contains("No space left on device") => io::ErrorKind::StorageFull,
        _ => io::ErrorKind::Other,
    };
    Err(io::Error::new(kind, format!("{program} failed ({}): {words}", output.status)))
}
