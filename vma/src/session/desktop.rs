//! The programs of the desktop: one session program in the account, with the environment that programs expect.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use qvd_protocol::session::SessionParameters;
use tokio::process::Child;
use tracing::info;

use super::account::Account;
use super::nxagent::Files;

/// The image's session program: runs until the user logs out.
pub(crate) const SCRIPT: &str = "/usr/lib/qvd/desktop-session";

/// Starts the desktop on `display`.
pub(super) fn launch(
    account: &Account,
    files: &Files,
    display: u16,
    parameters: &SessionParameters,
) -> anyhow::Result<Child> {
    let mut arguments: Vec<&str> = Vec::new();
    if find("dbus-run-session").is_some() {
        arguments.extend(["dbus-run-session", "--"]);
    }
    if Path::new(SCRIPT).exists() {
        arguments.push(SCRIPT);
    } else if find("openbox").is_some() {
        arguments.extend(["openbox", "--startup", "xterm"]);
    } else if find("xterm").is_some() {
        arguments.push("xterm");
    } else {
        bail!("the image has neither {SCRIPT} nor openbox nor xterm");
    }
    let (program, rest) = arguments.split_first().context("no session program")?;
    info!(program = arguments.join(" "), "starting the desktop");
    let mut command = account.command(program);
    command
        .args(rest)
        .env("DISPLAY", format!(":{display}"))
        .env("XAUTHORITY", &files.authority)
        .env("XDG_SESSION_TYPE", "x11")
        .env("LANG", language(&parameters.locale, Path::new("/usr/lib/locale")))
        // What programs say belongs to the account; its place is not the machine's log.
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(zone) = zone(&parameters.timezone, Path::new("/usr/share/zoneinfo")) {
        command.env("TZ", zone);
    }
    command.spawn().with_context(|| (*program).to_owned())
}

/// `$LANG` for a locale without encoding: UTF-8 of that locale if it is installed, else of the C locale.
fn language(locale: &str, installed: &Path) -> String {
    let (name, modifier) = locale.split_once('@').map_or((locale, ""), |(name, modifier)| (name, modifier));
    if !name.is_empty() {
        let modifier = if modifier.is_empty() { String::new() } else { format!("@{modifier}") };
        let directory = installed.join(format!("{name}.utf8{modifier}"));
        let archive = std::fs::read(installed.join("locale-archive")).unwrap_or_default();
        let wanted = format!("{name}.utf8{modifier}\0");
        if directory.exists() || archive.windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
            return format!("{name}.UTF-8{modifier}");
        }
    }
    "C.UTF-8".into()
}

/// `$TZ` for a time zone that the image knows.
fn zone<'a>(zone: &'a str, installed: &Path) -> Option<&'a str> {
    (!zone.is_empty() && !zone.starts_with('/') && installed.join(zone).is_file()).then_some(zone)
}

fn find(program: &str) -> Option<PathBuf> {
    ["/usr/local/bin", "/usr/bin", "/bin"]
        .iter()
        .map(|path| Path::new(path).join(program))
        .find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_installed_locale_is_used() {
        let installed = tempfile::tempdir().unwrap();
        std::fs::create_dir(installed.path().join("es_ES.utf8")).unwrap();
        std::fs::write(installed.path().join("locale-archive"), b"..de_DE.utf8\0..").unwrap();
        assert_eq!(language("es_ES", installed.path()), "es_ES.UTF-8");
        assert_eq!(language("de_DE", installed.path()), "de_DE.UTF-8");
        assert_eq!(language("fr_FR", installed.path()), "C.UTF-8");
        assert_eq!(language("", installed.path()), "C.UTF-8");
    }

    #[test]
    fn a_time_zone_is_a_name_below_the_image_s_own() {
        let installed = tempfile::tempdir().unwrap();
        std::fs::create_dir(installed.path().join("Europe")).unwrap();
        std::fs::write(installed.path().join("Europe/Madrid"), b"TZif").unwrap();
        assert_eq!(zone("Europe/Madrid", installed.path()), Some("Europe/Madrid"));
        assert_eq!(zone("Europe", installed.path()), None);
        assert_eq!(zone("/etc/passwd", installed.path()), None);
    }
}
