//! The keyboard of the desktop stays with the window that had it.
//!
//! nxagent makes its keyboard anew when it resumes, and a new keyboard belongs to whatever is below the pointer: who
//! comes back to a desktop would type into nothing. No option prevents it, and window managers do not notice. So a small
//! program of the account watches the display: every new keyboard is announced to all clients (`MappingNotify`), and is
//! given to the window that is active by the window manager's own account (`_NET_ACTIVE_WINDOW`, EWMH). That program is
//! this one, called as `qvd-vma keep-focus`: nothing of the display's answers is read as root.

use std::process::Stdio;

use anyhow::Context;
use tokio::process::Child;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt, InputFocus, Window};
use x11rb::rust_connection::RustConnection;

use super::account::Account;
use super::nxagent::Files;

/// Starts the program for `display`; it ends with it.
pub(super) fn start(account: &Account, files: &Files, display: u16) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("the agent's own program")?;
    account
        .command(&program)
        .arg("keep-focus")
        .env("DISPLAY", format!(":{display}"))
        .env("XAUTHORITY", &files.authority)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| program.display().to_string())
}

/// Watches the display of the environment until it goes.
pub(crate) fn keep() -> anyhow::Result<()> {
    let (connection, screen) = x11rb::connect(None).context("cannot connect to the display")?;
    let root = connection.setup().roots.get(screen).context("the display has no screen")?.root;
    let active = connection.intern_atom(false, b"_NET_ACTIVE_WINDOW")?.reply()?.atom;
    loop {
        if let Event::MappingNotify(_) = connection.wait_for_event()? {
            // The window may go at any time; then it needs no keyboard.
            let _ = restore(&connection, root, active);
        }
    }
}

/// Gives the keyboard to the active window, if nobody has it.
fn restore(connection: &RustConnection, root: Window, active: Atom) -> anyhow::Result<()> {
    if connection.get_input_focus()?.reply()?.focus > u32::from(InputFocus::POINTER_ROOT) {
        return Ok(());
    }
    let property = connection.get_property(false, root, active, AtomEnum::WINDOW, 0, 1)?.reply()?;
    if let Some(window) = property.value32().and_then(|mut windows| windows.next())
        && window != x11rb::NONE
    {
        connection.set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME)?.check()?;
    }
    Ok(())
}
