//! The programs of the desktop: one session program in the account, with the environment that programs expect.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use qvd_protocol::session::SessionParameters;
use tokio::process::Child;
use tracing::{info, warn};

use super::account::Account;
use super::nxagent::Files;

/// The image's session program: runs until the user logs out.
pub(crate) const SCRIPT: &str = "/usr/lib/qvd/desktop-session";

/// Starts the desktop on `display`.
pub(super) async fn launch(
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
        .env("LANG", language(&parameters.locale, &installed_locales(account).await))
        // What programs say belongs to the account; its place is not the machine's log.
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(zone) = zone(&parameters.timezone, Path::new("/usr/share/zoneinfo")) {
        command.env("TZ", zone);
    }
    command.spawn().with_context(|| (*program).to_owned())
}

/// The names of the installed locales, as `locale -a` lists them.
async fn installed_locales(account: &Account) -> String {
    match account.command("locale").arg("-a").output().await {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            warn!("cannot ask for the installed locales: {error}");
            String::new()
        }
    }
}

/// `$LANG` for a locale without encoding: UTF-8 of that locale if it is installed, else of the C locale.
fn language(locale: &str, installed: &str) -> String {
    let (name, modifier) = locale.split_once('@').unwrap_or((locale, ""));
    let at = if modifier.is_empty() { "" } else { "@" };
    let wanted = format!("{name}.utf8{at}{modifier}");
    if !name.is_empty() && installed.lines().any(|known| known == wanted) {
        return format!("{name}.UTF-8{at}{modifier}");
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
        let installed = "C\nC.utf8\nca_ES.utf8@valencia\nes_ES.utf8\nPOSIX\n";
        assert_eq!(language("es_ES", installed), "es_ES.UTF-8");
        assert_eq!(language("ca_ES@valencia", installed), "ca_ES.UTF-8@valencia");
        assert_eq!(language("fr_FR", installed), "C.UTF-8");
        assert_eq!(language("", installed), "C.UTF-8");
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
