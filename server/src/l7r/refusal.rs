//! Answers that are not a success.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use qvd_protocol::{ErrorBody, ErrorCode};
use tracing::error;

use crate::store::StoreError;

/// A request that is refused: status, code, sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) ErrorBody);

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(ErrorBody { code, message: message.into(), retry_after_s: None })
    }

    pub(crate) fn not_logged_in() -> Self {
        Self::new(ErrorCode::NotLoggedIn, "Log in again: the login has expired or was ended.")
    }

    pub(crate) fn no_desktop() -> Self {
        Self::new(ErrorCode::NotFound, "There is no such desktop; refresh the list.")
    }

    fn status(&self) -> StatusCode {
        match self.0.code {
            ErrorCode::InvalidRequest | ErrorCode::VersionUnsupported => StatusCode::BAD_REQUEST,
            ErrorCode::WrongCredentials | ErrorCode::NotLoggedIn => StatusCode::UNAUTHORIZED,
            ErrorCode::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::NotAllowed => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::Busy => StatusCode::CONFLICT,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(cause: StoreError) -> Self {
        error!("{cause}");
        Self::new(ErrorCode::Internal, "The server has a fault; try again, or tell its administrator.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, wait) = (self.status(), self.0.retry_after_s);
        let mut response = (status, Json(self.0)).into_response();
        // RFC 6750 §3 and RFC 9110 §10.2.3.
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.into());
        }
        response
    }
}
