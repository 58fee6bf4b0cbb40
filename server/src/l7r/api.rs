//! The calls of [`qvd_protocol::api`].

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::JsonRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use qvd_protocol::api::{
    self, Desktop, DesktopAction, DesktopList, LoginRequest, LoginResponse, MAX_CREDENTIAL,
};
use qvd_protocol::{ErrorCode, VmId, connect as wire};
use tracing::{info, warn};

use super::caller::Caller;
use super::refusal::Refusal;
use super::{Peer, Shared, connect};

/// Longest body of a request, in bytes.
const BODY: usize = 16 * 1024;
/// Bytes that wait in a WebSocket's own buffer before a write waits.
const WRITE_BUFFER: usize = 64 * 1024;

/// The calls, for one connection.
pub(super) fn router(shared: Arc<Shared>, peer: Arc<Peer>) -> Router {
    let calls = Router::new()
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/desktops", get(desktops))
        .route("/desktops/{id}/{action}", post(act))
        .route("/desktops/{id}/connect", get(connect));
    Router::new()
        .nest(api::PREFIX, calls)
        .fallback(|| async { Refusal::new(ErrorCode::NotFound, "There is nothing at this address.") })
        .method_not_allowed_fallback(|| async {
            let text = "This address does not take this method.";
            (StatusCode::METHOD_NOT_ALLOWED, Refusal::new(ErrorCode::InvalidRequest, text).0.message)
        })
        .layer(from_fn_with_state(shared.clone(), in_time))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(Extension(peer))
        .with_state(shared)
}

/// A request that is not through in time is ended: its body may trickle in for ever.
async fn in_time(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(shared.config.limits.request() * 2, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

async fn login(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Arc<Peer>>,
    body: Result<Json<LoginRequest>, JsonRejection>,
) -> Result<Json<LoginResponse>, Refusal> {
    let Json(request) = body.map_err(|error| {
        Refusal::new(ErrorCode::InvalidRequest, format!("The login could not be read: {}", error.body_text()))
    })?;
    if request.version != api::VERSION {
        let text = format!(
            "This server speaks version {} of the protocol and the client {}: update the older one.",
            api::VERSION,
            request.version
        );
        return Err(Refusal::new(ErrorCode::VersionUnsupported, text));
    }
    let too_long = request.user.len() > MAX_CREDENTIAL
        || request.password.reveal().len() > MAX_CREDENTIAL
        || [&request.client.host, &request.client.os, &request.client.release]
            .into_iter()
            .any(|text| text.len() > 255);
    if too_long {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "A name or the password is too long."));
    }
    let (address, shown) = (peer.address, request.user.escape_debug().to_string());
    if let Err(wait) = shared.attempts.begin(&request.user, address, Instant::now()) {
        warn!(user = shown, %address, "login refused: too many failed attempts");
        let mut refusal = Refusal::new(
            ErrorCode::TooManyAttempts,
            format!("Too many failed logins; try again in {} seconds.", wait.as_secs() + 1),
        );
        refusal.0.retry_after_s = Some(wait.as_secs() + 1);
        return Err(refusal);
    }
    let user = shared.store.user(&request.user).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = shared.passwords.verify(request.password, hash).await;
    let Some(user) = user.filter(|_| right) else {
        warn!(user = shown, %address, "login refused: user or password is wrong");
        return Err(Refusal::new(ErrorCode::WrongCredentials, "User or password is wrong."));
    };
    shared.attempts.succeeded(&request.user, address);
    let lifetime = shared.config.login.token_lifetime_s;
    let duration = std::time::Duration::from_secs(lifetime);
    let token = shared.store.issue_token(user.id, &request.client.host, duration).await?;
    info!(user = shown, %address, client = request.client.release.escape_debug().to_string(), "login");
    Ok(Json(LoginResponse {
        token,
        expires_in_s: lifetime,
        user: user.name,
        release: env!("CARGO_PKG_VERSION").into(),
    }))
}

async fn logout(State(shared): State<Arc<Shared>>, caller: Caller) -> Result<StatusCode, Refusal> {
    shared.store.withdraw_token(&caller.token).await?;
    info!(user = caller.name, "logout");
    Ok(StatusCode::NO_CONTENT)
}

async fn desktops(State(shared): State<Arc<Shared>>, caller: Caller) -> Result<Json<DesktopList>, Refusal> {
    let rows = shared.store.desktops(Some(caller.user)).await?;
    Ok(Json(DesktopList { desktops: rows.into_iter().map(|row| row.desktop).collect() }))
}

async fn act(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Desktop>), Refusal> {
    let actions = [DesktopAction::Start, DesktopAction::Stop, DesktopAction::Restart];
    let Some(action) = actions.into_iter().find(|known| known.as_str() == action) else {
        return Err(Refusal::new(
            ErrorCode::NotFound,
            "A desktop can be started, stopped and restarted only.",
        ));
    };
    let desktop = own_desktop(&shared, &caller, &id).await?;
    info!(user = caller.name, desktop = desktop.name, action = action.as_str(), "asked");
    shared.hkd.act(desktop.id, action).await?;
    Ok((StatusCode::ACCEPTED, Json(own_desktop(&shared, &caller, &id).await?)))
}

async fn connect(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Arc<Peer>>,
    caller: Caller,
    Path(id): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let desktop = own_desktop(&shared, &caller, &id).await?;
    let upgrade = upgrade.map_err(|error| {
        Refusal::new(ErrorCode::InvalidRequest, format!("A connect is a WebSocket upgrade: {error}"))
    })?;
    Ok(upgrade
        .max_frame_size(wire::MAX_BINARY)
        .max_message_size(wire::MAX_BINARY)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER + wire::MAX_BINARY)
        .on_upgrade(move |socket| connect::serve(socket, shared, peer, caller, desktop)))
}

/// The desktop with that id, if it is the caller's. That of another user does not exist for the caller.
async fn own_desktop(shared: &Shared, caller: &Caller, id: &str) -> Result<Desktop, Refusal> {
    let id: VmId = id.parse().map_err(|_| Refusal::no_desktop())?;
    let rows = shared.store.desktops(Some(caller.user)).await?;
    let own = rows.into_iter().map(|row| row.desktop).find(|desktop| desktop.id == id);
    own.ok_or_else(|| {
        warn!(user = caller.name, %id, "refused: not a desktop of this user");
        Refusal::no_desktop()
    })
}
