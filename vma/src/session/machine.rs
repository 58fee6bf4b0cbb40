//! What a machine must have before an X server and its programs can run in it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Makes the socket directory of X, and the machine's own name known in `/etc/hosts`.
pub(super) fn prepare() -> std::io::Result<()> {
    let sockets = Path::new("/tmp/.X11-unix");
    std::fs::create_dir_all(sockets)?;
    std::fs::set_permissions(sockets, Permissions::from_mode(0o1777))?;
    let name = nix::unistd::gethostname()?.to_string_lossy().into_owned();
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    if let Some(hosts) = with_name(&hosts, &name) {
        super::write_file(Path::new("/etc/hosts"), hosts.as_bytes(), 0o644, 0, 0)?;
    }
    Ok(())
}

/// The text of a hosts file with `name` added, unless it is there.
fn with_name(hosts: &str, name: &str) -> Option<String> {
    let known = hosts.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default();
        line.split_whitespace().skip(1).any(|known| known == name)
    });
    let plain = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'.');
    if known || !plain {
        return None;
    }
    let feed = if hosts.is_empty() || hosts.ends_with('\n') { "" } else { "\n" };
    let local = if hosts.is_empty() { "127.0.0.1 localhost\n" } else { "" };
    Some(format!("{hosts}{feed}{local}127.0.1.1 {name}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_name_is_added_to_hosts_once() {
        let hosts = with_name("127.0.0.1 localhost # desk", "desk").unwrap();
        assert_eq!(hosts, "127.0.0.1 localhost # desk\n127.0.1.1 desk\n");
        assert_eq!(with_name(&hosts, "desk"), None);
    }
}
