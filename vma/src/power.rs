//! Powering the machine off, from inside.

use std::path::Path;

use tokio::process::Command;

/// Asks systemd to power off where systemd runs. In a container the agent's own end is the end of the machine, and there
/// is nothing to do.
pub(crate) async fn off() -> std::io::Result<()> {
    if !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    let status = Command::new("systemctl").args(["--no-block", "poweroff"]).status().await?;
    if status.success() {
        Ok(())
    } else {
        Err(std::io::Error::other(format!("systemctl poweroff: {status}")))
    }
}
