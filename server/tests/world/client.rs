//! A client that speaks the real protocol over real TLS.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use qvd_protocol::api::{self, DesktopList, LoginResponse};
use qvd_protocol::connect::{ClientMessage, ServerMessage};
use qvd_protocol::session::{Geometry, ImageQuality, Keyboard, LinkSpeed, SessionParameters};
use qvd_protocol::{ErrorBody, Secret, VmId};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

use super::World;

/// A TLS connection that trusts the daemon's own certificate only.
pub(crate) async fn tls(world: &World, alpn: &str) -> TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(world.home.path().join("server.crt")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let socket = TcpStream::connect(world.address()).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), socket).await.unwrap()
}

/// The answer to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn refusal(&self) -> ErrorBody {
        self.json()
    }
}

pub(crate) fn login_body(user: &str, password: &str) -> String {
    serde_json::json!({
        "version": api::VERSION, "user": user, "password": password,
        "client": {"host": "pc", "os": "linux", "release": "test"},
    })
    .to_string()
}

pub(crate) fn parameters() -> SessionParameters {
    SessionParameters {
        geometry: Geometry { width: 800, height: 600 },
        dpi: 96,
        keyboard: Keyboard::default(),
        locale: String::new(),
        timezone: String::new(),
        link: LinkSpeed::default(),
        images: ImageQuality::default(),
        cache: None,
    }
}

/// A client of one user.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) token: Secret,
}

impl Client {
    /// Logs in, over HTTP/2.
    pub(crate) async fn login(world: &World, user: &str, password: &str) -> Self {
        let answer =
            call(world, "h2", Method::POST, "/api/v1/login", None, &login_body(user, password)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let response: LoginResponse = answer.json();
        Self { token: response.token }
    }

    pub(crate) async fn call(&self, world: &World, method: Method, path: &str) -> Answer {
        call(world, "http/1.1", method, path, Some(self.token.reveal()), "").await
    }

    pub(crate) async fn desktops(&self, world: &World) -> Vec<api::Desktop> {
        let answer = self.call(world, Method::GET, "/api/v1/desktops").await;
        answer.json::<DesktopList>().desktops
    }

    /// Opens the WebSocket and says what it wants.
    pub(crate) async fn connect(&self, world: &World, vm: VmId, host: &str) -> Session {
        let mut session = self.upgrade(world, vm).await.unwrap();
        let open = ClientMessage::Open { version: api::VERSION, host: host.into(), session: parameters() };
        session.say(&serde_json::to_string(&open).unwrap()).await;
        session
    }

    pub(crate) async fn upgrade(&self, world: &World, vm: VmId) -> Result<Session, tungstenite::Error> {
        use tungstenite::client::IntoClientRequest;
        let mut request =
            format!("wss://localhost/api/v1/desktops/{vm}/connect").into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.token.reveal());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        let stream = tls(world, "http/1.1").await;
        let (ws, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Session { ws })
    }
}

pub(crate) async fn call(
    world: &World,
    alpn: &str,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> Answer {
    let io = TokioIo::new(tls(world, alpn).await);
    let uri = format!("https://localhost{path}");
    let mut request = Request::builder().method(method).uri(if alpn == "h2" { &uri } else { path });
    request = request.header("host", "localhost").header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    let response = if alpn == "h2" {
        let (mut send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        send.send_request(request).await.unwrap()
    } else {
        let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        send.send_request(request).await.unwrap()
    };
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    Answer { status, retry_after, body: response.into_body().collect().await.unwrap().to_bytes() }
}

/// One connect.
pub(crate) struct Session {
    pub(crate) ws: WebSocketStream<TlsStream<TcpStream>>,
}

impl Session {
    pub(crate) async fn say(&mut self, text: &str) {
        self.ws.send(Message::text(text)).await.unwrap();
    }

    /// The next text message; panics at the end or after 20 s.
    pub(crate) async fn hear(&mut self) -> ServerMessage {
        let next = async {
            loop {
                match self.ws.next().await {
                    Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("expected a message, got {other:?}"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("no message in time")
    }

    /// The first message that is no progress.
    pub(crate) async fn outcome(&mut self) -> ServerMessage {
        loop {
            match self.hear().await {
                ServerMessage::Progress { .. } => {}
                other => return other,
            }
        }
    }

    pub(crate) async fn ready(&mut self) -> u64 {
        match self.outcome().await {
            ServerMessage::Ready { epoch, .. } => epoch,
            other => panic!("expected to be ready, got {other:?}"),
        }
    }

    /// Sends bytes and waits until as many came back; gives them.
    pub(crate) async fn echo(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.ws.send(Message::binary(bytes.to_vec())).await.unwrap();
        let mut back = Vec::new();
        while back.len() < bytes.len() {
            match self.ws.next().await {
                Some(Ok(Message::Binary(more))) => back.extend_from_slice(&more),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected bytes, got {other:?}"),
            }
        }
        back
    }
}
