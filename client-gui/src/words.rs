//! The sentences: what happened, why, and what to do. English only so far, all of it here.

use qvd_client_core::protocol::api::{Desktop, Holder, UserState, VmState};
use qvd_client_core::protocol::{ErrorBody, ErrorCode};
use qvd_client_core::trust::KnownServers;
use qvd_client_core::{Error, ServerAddress};

use crate::theme::Mood;

/// A short title, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Words {
    pub(crate) fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into() }
    }
}

/// What to tell a person about a failure.
pub(crate) fn failure(error: &Error, address: &ServerAddress, known: &KnownServers) -> Words {
    match error {
        Error::Resolve { host, .. } => Words::new(
            format!("There is no server called {host}"),
            "Check the spelling, and that this computer is connected to the network.",
        ),
        Error::Unreachable { address, source } => Words::new(
            format!("Nothing answers at {address}"),
            format!(
                "Check the name and the port, and that the server is running ({}).",
                plain(&source.to_string())
            ),
        ),
        Error::TimedOut { address, seconds } => Words::new(
            format!("{address} does not answer"),
            format!("Nothing came within {seconds} seconds. Check the network and try again."),
        ),
        Error::Tls { address, .. } => Words::new(
            format!("{address} is no QVD server"),
            "Something answers there, but not over a secure connection. Check the port.",
        ),
        Error::UnknownCertificate(_) => Words::new(
            "This server is new to this computer",
            "Its certificate has to be accepted before logging in.",
        ),
        Error::CertificateChanged { expected, found } => Words::new(
            format!("{address} is not the server it was"),
            format!(
                "Its certificate has changed, so somebody may be listening in. Nothing was sent.\n\nTrusted:  \
                 {expected}\n\nNow:  {found}\n\nAsk the administrator. If the new certificate is right, delete \
                 the line of {} from {} and log in again.",
                address.authority(),
                known.path().display()
            ),
        ),
        Error::Refused(body) => refusal(body),
        Error::Protocol(_) => Words::new(
            format!("{address} answers in a way this client does not understand"),
            "It may not be a QVD server, or be of another release. Check the address.",
        ),
        Error::Desktop(_) => Words::new(
            "The desktop sent what this client cannot use",
            "The session was cut to keep this computer safe. Connect again; if that does not help, tell your \
             administrator.",
        ),
        Error::Lost(_) => Words::new(
            "The connection was lost",
            "Check the network and try again. Whatever runs on the desktop goes on running.",
        ),
        Error::File { path, source } => Words::new(
            format!("Cannot use {}", path.display()),
            format!(
                "{}. Check who owns it and that the disk is not full.",
                capital(&plain(&source.to_string()))
            ),
        ),
    }
}

/// The server's own sentence under a title of ours.
fn refusal(body: &ErrorBody) -> Words {
    let mut words = Words::new(code(body.code), body.message.clone());
    if let Some(seconds) = body.retry_after_s {
        words.text = format!("{} Try again in {}.", words.text, duration(seconds)).trim().into();
    }
    words
}

/// A title for what a server or agent says with a code.
pub(crate) fn code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::WrongCredentials => "The login was refused",
        ErrorCode::TooManyAttempts => "Too many failed attempts",
        ErrorCode::NotLoggedIn => "You have been logged out",
        ErrorCode::NotAllowed => "You may not do that",
        ErrorCode::NotFound => "There is no such desktop",
        ErrorCode::Busy => "The desktop is busy",
        ErrorCode::ImageMissing => "The desktop's image is missing",
        ErrorCode::BootFailed | ErrorCode::AgentTimeout => "The desktop did not start",
        ErrorCode::OutOfMemory => "The server has not enough memory",
        ErrorCode::NoSpace => "The server's disk is full",
        ErrorCode::AgentLost => "The desktop stopped answering",
        ErrorCode::SessionFailed => "The session did not start",
        ErrorCode::SessionCrashed => "The session ended unexpectedly",
        ErrorCode::SessionEnded => "You logged out of the desktop",
        ErrorCode::TakenOver => "The session continues elsewhere",
        ErrorCode::DesktopStopped => "The desktop was stopped",
        ErrorCode::ServerStopping => "The server is shutting down",
        ErrorCode::VersionUnsupported => "This client does not fit the server",
        ErrorCode::InvalidRequest => "The server did not understand",
        _ => "The server reports a problem",
    }
}

/// The desktop's state: a dot and words.
pub(crate) fn desktop(desktop: &Desktop) -> (Mood, String) {
    match (desktop.state, desktop.user_state) {
        (VmState::Stopped, _) if desktop.fault.is_some() => (Mood::Bad, "Did not start".into()),
        (VmState::Stopped, _) => (Mood::Idle, "Stopped".into()),
        (VmState::Starting, _) => (Mood::Busy, "Starting…".into()),
        (VmState::Stopping, _) => (Mood::Busy, "Stopping…".into()),
        (VmState::Zombie, _) => (Mood::Bad, "Could not be stopped - ask the administrator".into()),
        (VmState::Running, UserState::Disconnected) => (Mood::Good, "Running".into()),
        (VmState::Running, UserState::Connecting) => (Mood::Good, "Running, somebody is connecting".into()),
        (VmState::Running, UserState::Connected) => match &desktop.holder {
            Some(holder) => (Mood::Good, format!("In use from {}", place(holder))),
            None => (Mood::Good, "In use".into()),
        },
    }
}

/// Where somebody sits.
pub(crate) fn place(holder: &Holder) -> String {
    match (holder.host.as_str(), holder.address.as_str()) {
        ("", address) => address.into(),
        (host, "") => host.into(),
        (host, address) => format!("{host} ({address})"),
    }
}

/// Seconds in words.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        1 => "1 second".into(),
        0..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// The system's own words without the number it adds.
fn plain(text: &str) -> String {
    let text = text.split(" (os error").next().unwrap_or(text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_may_pass_says_when() {
        let body = ErrorBody {
            code: ErrorCode::TooManyAttempts,
            message: "Too many attempts from here.".into(),
            retry_after_s: Some(300),
        };
        assert_eq!(
            refusal(&body),
            Words::new("Too many failed attempts", "Too many attempts from here. Try again in 5 minutes.")
        );
    }

    #[test]
    fn the_systems_words_lose_their_number() {
        assert_eq!(plain("Connection refused (os error 111)"), "connection refused");
    }
}
