//! The HTTP API of the L7R for clients: JSON over HTTP/1.1 or HTTP/2, TLS only, one port.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `POST /api/v1/login` | [`LoginRequest`] | [`LoginResponse`] |
//! | `POST /api/v1/logout` | – | 204 |
//! | `GET /api/v1/desktops` | – | [`DesktopList`] |
//! | `POST /api/v1/desktops/{id}/{action}` | – | 202 and [`Desktop`] |
//! | `GET /api/v1/desktops/{id}/connect` | WebSocket | see [`connect`](crate::connect) |
//!
//! Every call but the first carries `Authorization: Bearer <token>`. An answer that is not a success has an
//! [`ErrorBody`](crate::ErrorBody).

use serde::{Deserialize, Serialize};

use crate::{Secret, VmId};

/// Version of this contract. A server refuses another with
/// [`VersionUnsupported`](crate::ErrorCode::VersionUnsupported).
pub const VERSION: u32 = 1;
/// Path below which all calls live.
pub const PREFIX: &str = "/api/v1";
/// The port that client and server use unless told otherwise.
pub const DEFAULT_PORT: u16 = 8443;
/// Longest user name and password accepted, in bytes.
pub const MAX_CREDENTIAL: usize = 256;

/// Body of `POST /login`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginRequest {
    /// The contract version the client speaks: [`VERSION`].
    pub version: u32,
    /// Account name, at most [`MAX_CREDENTIAL`] bytes.
    pub user: String,
    /// At most [`MAX_CREDENTIAL`] bytes.
    pub password: Secret,
    /// Who is asking; shown to the user when a session is taken over.
    pub client: ClientInfo,
}

/// What a client says of the computer it runs on. Informative; nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// Name of the computer, at most 255 bytes.
    pub host: String,
    /// Operating system, such as `linux` or `windows`.
    pub os: String,
    /// The client's own release.
    pub release: String,
}

/// Answer to `POST /login`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginResponse {
    /// Bearer token of the following calls.
    pub token: Secret,
    /// Seconds until the token expires. Each use of it within that time renews it.
    pub expires_in_s: u64,
    /// The account's name as the server writes it.
    pub user: String,
    /// The server's own release.
    pub release: String,
}

/// Answer to `GET /desktops`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesktopList {
    /// The user's desktops, by name.
    pub desktops: Vec<Desktop>,
}

/// One desktop as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desktop {
    /// Identifier, as in the paths of the other calls.
    pub id: VmId,
    /// Name that the administrator gave it.
    pub name: String,
    /// Name of the image it runs.
    pub image: String,
    /// What the machine is doing.
    pub state: VmState,
    /// Whether somebody is connected.
    pub user_state: UserState,
    /// From where, while `user_state` is not disconnected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// Why the last start failed, in a sentence, until the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Life cycle of a machine: stopped → starting → running → stopping → stopped; zombie when cleaning up failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VmState {
    /// Nothing of it runs.
    Stopped,
    /// The hypervisor was told to start it; its agent has not reported yet.
    Starting,
    /// Its agent is connected, or was and is expected again.
    Running,
    /// It was told to stop.
    Stopping,
    /// It should be gone, but something of it could not be removed.
    Zombie,
}

impl VmState {
    /// All states, for tables and checks.
    pub const ALL: [Self; 5] = [Self::Stopped, Self::Starting, Self::Running, Self::Stopping, Self::Zombie];

    /// The word used on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Zombie => "zombie",
        }
    }
}

/// Whether a client is connected to a desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// No client.
    Disconnected,
    /// A client holds the lease and waits for the desktop.
    Connecting,
    /// A client is at work.
    Connected,
}

impl UserState {
    /// The word used on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
        }
    }
}

/// The client that holds a session's lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user's name.
    pub user: String,
    /// The name its computer gave itself.
    pub host: String,
    /// The address the server saw, without port.
    pub address: String,
}

/// What a user can do to a desktop, the last part of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesktopAction {
    /// Start it; nothing when it runs.
    Start,
    /// Shut it down in order.
    Stop,
    /// Stop, then start.
    Restart,
}

impl DesktopAction {
    /// The word in the path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}
