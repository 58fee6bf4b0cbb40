//! The calls of `qvd_protocol::api` to one server, by one user.
//!
//! Calls share one kept-alive HTTP/1.1 connection, opened anew when it has gone; the connect WebSocket has its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use qvd_protocol::api::{Desktop, DesktopAction, DesktopList, LoginRequest, LoginResponse, PREFIX, VERSION};
use qvd_protocol::{ErrorBody, ErrorCode, Secret, VmId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::trust::KnownServers;
use crate::{Error, ServerAddress, locale, tls};

/// Longest body of an answer, in bytes.
const MAX_BODY: usize = 4 << 20;
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The connect WebSocket.
pub(crate) type WebSocket = WebSocketStream<TlsStream<TcpStream>>;

/// A server and the right to ask it something. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: ServerAddress,
    known: KnownServers,
    token: Secret,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Api {
    /// Logs in; gives the right to ask and the account's name as the server writes it.
    pub async fn log_in(
        address: ServerAddress,
        known: KnownServers,
        user: String,
        password: Secret,
    ) -> Result<(Self, String), Error> {
        let mut connection = None;
        let request = LoginRequest { version: VERSION, user, password, client: locale::client_info() };
        let answer: LoginResponse = decode(
            &send(&address, &known, &mut connection, Method::POST, "/login", None, Some(&request)).await?,
        )?;
        let shared = Shared { address, known, token: answer.token, connection: Mutex::new(connection) };
        Ok((Self { shared: Arc::new(shared) }, answer.user))
    }

    /// Gives the token back.
    pub async fn log_out(&self) -> Result<(), Error> {
        self.call(Method::POST, "/logout").await.map(drop)
    }

    /// The user's desktops, by name.
    pub async fn desktops(&self) -> Result<Vec<Desktop>, Error> {
        let list: DesktopList = decode(&self.call(Method::GET, "/desktops").await?)?;
        Ok(list.desktops)
    }

    /// Starts, stops or restarts a desktop; gives it as it is then.
    pub async fn act(&self, desktop: VmId, action: DesktopAction) -> Result<Desktop, Error> {
        let path = format!("/desktops/{desktop}/{}", action.as_str());
        decode(&self.call(Method::POST, &path).await?)
    }

    /// Who is asked.
    pub(crate) fn address(&self) -> &ServerAddress {
        &self.shared.address
    }

    /// Opens the connect WebSocket of a desktop.
    pub(crate) async fn web_socket(&self, desktop: VmId) -> Result<WebSocket, Error> {
        let Shared { address, known, token, .. } = &*self.shared;
        let stream = tls::dial(address, known.get(address)?).await?;
        let uri = format!("wss://{}{PREFIX}/desktops/{desktop}/connect", address.authority());
        let mut request = uri.into_client_request().map_err(|error| Error::Protocol(error.to_string()))?;
        request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
        // The server keeps to 256 KiB a frame; four times that is still no danger.
        let limit = Some(4 * qvd_protocol::connect::MAX_BINARY);
        let config = WebSocketConfig::default().max_message_size(limit).max_frame_size(limit);
        let handshake = client_async_with_config(request, stream, Some(config));
        let answer = tokio::time::timeout(PATIENCE, handshake).await.map_err(|_| timed_out(address))?;
        answer.map(|(socket, _)| socket).map_err(|error| match error {
            tungstenite::Error::Http(response) => {
                let status = response.status();
                refusal(status, response.body().as_deref().unwrap_or_default())
            }
            error => web_socket_error(error),
        })
    }

    async fn call(&self, method: Method, path: &str) -> Result<Bytes, Error> {
        let Shared { address, known, token, connection } = &*self.shared;
        let mut connection = connection.lock().await;
        send(address, known, &mut connection, method, path, Some(token), None::<&()>).await
    }
}

/// What an error of the WebSocket layer means.
pub(crate) fn web_socket_error(error: tungstenite::Error) -> Error {
    match error {
        tungstenite::Error::Io(error) => Error::Lost(error),
        tungstenite::Error::ConnectionClosed
        | tungstenite::Error::AlreadyClosed
        | tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            Error::Lost(io::ErrorKind::ConnectionReset.into())
        }
        error => Error::Protocol(error.to_string()),
    }
}

/// One message as JSON text.
pub(crate) fn text_message(message: &impl Serialize) -> Result<Message, Error> {
    serde_json::to_string(message).map(Message::text).map_err(|error| Error::Protocol(error.to_string()))
}

async fn send(
    address: &ServerAddress,
    known: &KnownServers,
    connection: &mut Option<SendRequest<Full<Bytes>>>,
    method: Method,
    path: &str,
    token: Option<&Secret>,
    body: Option<&impl Serialize>,
) -> Result<Bytes, Error> {
    let protocol = |error: &dyn std::fmt::Display| Error::Protocol(error.to_string());
    let mut request =
        Request::builder().method(method).uri(format!("{PREFIX}{path}")).header(HOST, address.authority());
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, bearer(token)?);
    }
    let content = match body {
        Some(body) => {
            request = request.header(CONTENT_TYPE, "application/json");
            serde_json::to_vec(body).map_err(|error| protocol(&error))?
        }
        None => Vec::new(),
    };
    let request = request.body(Full::new(content.into())).map_err(|error| protocol(&error))?;

    let exchange = async {
        // Not the one of before if the server has closed it meanwhile.
        let kept = match connection.take() {
            Some(mut sender) => sender.ready().await.is_ok().then_some(sender),
            None => None,
        };
        let sender = match kept {
            Some(sender) => connection.insert(sender),
            None => connection.insert(open(address, known).await?),
        };
        let response = sender.send_request(request).await.map_err(|error| http_error(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_BODY)
            .collect()
            .await
            .map_err(|error| Error::Protocol(error.to_string()))?
            .to_bytes();
        if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(timed_out(address)))
}

async fn open(address: &ServerAddress, known: &KnownServers) -> Result<SendRequest<Full<Bytes>>, Error> {
    let stream = tls::dial(address, known.get(address)?).await?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| http_error(&error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "http connection ended");
        }
    });
    Ok(sender)
}

fn timed_out(address: &ServerAddress) -> Error {
    Error::TimedOut { address: address.authority(), seconds: PATIENCE.as_secs() }
}

fn bearer(token: &Secret) -> Result<hyper::header::HeaderValue, Error> {
    let mut value: hyper::header::HeaderValue = format!("Bearer {}", token.reveal())
        .try_into()
        .map_err(|_| Error::Protocol("the token has characters that no header can carry".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn http_error(error: &hyper::Error) -> Error {
    if error.is_parse() {
        Error::Protocol(error.to_string())
    } else {
        Error::Lost(io::Error::new(io::ErrorKind::ConnectionReset, error.to_string()))
    }
}

fn refusal(status: StatusCode, body: &[u8]) -> Error {
    serde_json::from_slice::<ErrorBody>(body).map_or_else(
        |_| Error::Protocol(format!("http status {status} without an explanation")),
        |mut body| {
            if status == StatusCode::UNAUTHORIZED && body.code == ErrorCode::Unknown {
                body.code = ErrorCode::NotLoggedIn;
            }
            Error::Refused(body)
        },
    )
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Protocol(error.to_string()))
}
