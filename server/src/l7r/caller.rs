//! Who sends a request, by its bearer token (RFC 6750).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use qvd_protocol::UserId;
use tracing::warn;

use super::refusal::Refusal;
use super::{Peer, Shared};

/// Who is asking: the owner of the bearer token.
pub(super) struct Caller {
    pub(super) user: UserId,
    pub(super) name: String,
    pub(super) token: String,
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        // RFC 9110 §11.1: the scheme's case does not matter.
        let token = value
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let Some(token) = token else { return Err(Refusal::not_logged_in()) };
        let lifetime = Duration::from_secs(shared.config.login.token_lifetime_s);
        if let Some((user, name)) = shared.store.token_owner(token, lifetime).await? {
            return Ok(Self { user, name, token: token.into() });
        }
        let address = parts.extensions.get::<Arc<Peer>>().map(|peer| peer.address.to_string());
        warn!(address, path = parts.uri.path(), "refused: the token is unknown or has expired");
        Err(Refusal::not_logged_in())
    }
}
