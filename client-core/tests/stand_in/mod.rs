//! A router and an agent in one, as small as the contract allows: what a client can meet at the other end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use qvd_client_core::protocol::api::{
    Desktop, DesktopList, Holder, LoginRequest, LoginResponse, UserState, VmState,
};
use qvd_client_core::protocol::channel::{Header, Verdict};
use qvd_client_core::protocol::connect::{ClientMessage, DisplayParameters, ServerMessage, Stage};
use qvd_client_core::protocol::control::AgentControl;
use qvd_client_core::protocol::{ErrorBody, ErrorCode, Secret, VmId};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::{Message, protocol::Role};
use tokio_util::compat::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};

pub(crate) const USER: &str = "demo";
pub(crate) const PASSWORD: &str = "right";
const TOKEN: &str = "token";
pub(crate) const COOKIE: &str = "00112233445566778899aabbccddeeff";

/// What happens when a client connects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plot {
    /// The machine does not boot.
    BootFails,
    /// Nothing is said any more.
    Silence,
    /// Somebody else connects.
    TakenOver,
    /// The person logs out of the desktop: the display closes first, the reason follows.
    LogsOut,
    /// The cable is pulled.
    Breaks,
}

/// The server. It ends with the test.
pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    /// Of the certificate.
    pub(crate) fingerprint: String,
    pub(crate) desktop: VmId,
    /// First words on the display channel, and what was asked for, in order.
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    /// Lives as long as the server.
    runtime: Runtime,
}

struct Desk {
    plot: Plot,
    desktop: Mutex<Desktop>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    fn hear(&self, what: impl Into<String>) {
        self.heard.lock().unwrap().push(what.into());
    }
}

impl StandIn {
    pub(crate) fn start(plot: Plot) -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = key.cert.der().to_vec();
        let fingerprint =
            Sha256::digest(&certificate).iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate)],
                PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap(),
            )
            .unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let desktop = Desktop {
            id: VmId::random(),
            name: "desk".into(),
            image: "debian".into(),
            state: VmState::Stopped,
            user_state: UserState::Disconnected,
            holder: None,
            fault: None,
        };
        let heard = Arc::new(Mutex::new(Vec::new()));
        let this = Self {
            address: listener.local_addr().unwrap(),
            fingerprint,
            desktop: desktop.id,
            heard: heard.clone(),
            runtime,
        };
        let desk = Arc::new(Desk { plot, desktop: Mutex::new(desktop), heard });
        this.runtime.spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), tcp, desk.clone()));
            }
        });
        this
    }
}

async fn serve(acceptor: TlsAcceptor, tcp: TcpStream, desk: Arc<Desk>) {
    let Ok(tls) = acceptor.accept(tcp).await else { return };
    let service = service_fn(move |request| answer(request, desk.clone()));
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(tls), service)
        .with_upgrades()
        .await;
}

async fn answer(request: Request<Incoming>, desk: Arc<Desk>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let allowed = request.headers().get("authorization").is_some_and(|v| v == &format!("Bearer {TOKEN}"));
    if path == "/api/v1/login" {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let login: LoginRequest = serde_json::from_slice(&body).unwrap();
        return Ok(if login.user == USER && login.password.reveal() == PASSWORD {
            json(
                StatusCode::OK,
                &LoginResponse {
                    token: Secret::new(TOKEN),
                    expires_in_s: 60,
                    user: "Demo".into(),
                    release: "test".into(),
                },
            )
        } else {
            refuse(StatusCode::UNAUTHORIZED, ErrorCode::WrongCredentials)
        });
    }
    if !allowed {
        return Ok(refuse(StatusCode::UNAUTHORIZED, ErrorCode::NotLoggedIn));
    }
    let desktop = desk.desktop.lock().unwrap().clone();
    Ok(match (request.method(), path.rsplit('/').next().unwrap()) {
        (&Method::GET, "desktops") => json(StatusCode::OK, &DesktopList { desktops: vec![desktop] }),
        (&Method::POST, "start") => {
            desk.desktop.lock().unwrap().state = VmState::Starting;
            json(StatusCode::ACCEPTED, &*desk.desktop.lock().unwrap())
        }
        (&Method::POST, "logout") => Response::builder().status(204).body(Full::default()).unwrap(),
        (&Method::GET, "connect") => upgrade(request, desk),
        _ => refuse(StatusCode::NOT_FOUND, ErrorCode::NotFound),
    })
}

fn json(status: StatusCode, body: &impl serde::Serialize) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(serde_json::to_vec(body).unwrap().into())).unwrap()
}

fn refuse(status: StatusCode, code: ErrorCode) -> Response<Full<Bytes>> {
    json(status, &ErrorBody { code, message: "No.".into(), retry_after_s: None })
}

fn upgrade(mut request: Request<Incoming>, desk: Arc<Desk>) -> Response<Full<Bytes>> {
    let accept = derive_accept_key(request.headers()["sec-websocket-key"].as_bytes());
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(&mut request).await.unwrap();
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        play(socket, &desk).await;
        desk.hear("end");
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-accept", accept)
        .body(Full::default())
        .unwrap()
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

fn text(message: &ServerMessage) -> Message {
    Message::text(serde_json::to_string(message).unwrap())
}

async fn play(mut socket: Socket, desk: &Desk) {
    let open = loop {
        match socket.next().await {
            Some(Ok(Message::Text(open))) => break open,
            // The link is measured before.
            Some(Ok(Message::Ping(_))) => {}
            _ => return,
        }
    };
    let ClientMessage::Open { session, .. } = serde_json::from_str(&open).unwrap();
    session.check().unwrap();
    desk.hear(format!("open {}x{}", session.geometry.width, session.geometry.height));
    desk.hear(format!("{:?} link, {:?} images", session.link, session.images));
    let progress = ServerMessage::Progress { stage: Stage::Booting, message: "It boots.".into() };
    socket.send(text(&progress)).await.unwrap();
    match desk.plot {
        Plot::BootFails => {
            let failed = ServerMessage::Failed { code: ErrorCode::BootFailed, message: "No kernel.".into() };
            socket.send(text(&failed)).await.unwrap();
            return;
        }
        Plot::Silence => {
            // Until the client goes.
            while let Some(Ok(message)) = socket.next().await {
                if message.is_close() {
                    break;
                }
            }
            return;
        }
        _ => {}
    }
    let display = DisplayParameters { cookie: Secret::new(COOKIE) };
    socket.send(text(&ServerMessage::Ready { epoch: 1, display })).await.unwrap();
    session_bytes(socket, desk).await;
}

/// Plays the agent behind the router.
async fn session_bytes(socket: Socket, desk: &Desk) {
    let (near, far) = tokio::io::duplex(65536);
    let (mut sink, mut frames) = socket.split();
    let (mut reader, mut writer) = tokio::io::split(far);
    let inbound = async move {
        while let Some(Ok(message)) = frames.next().await {
            if let Message::Binary(bytes) = message {
                writer.write_all(&bytes).await.unwrap();
            }
        }
    };
    let inbound = tokio::spawn(inbound);
    let (words, mut closing) = tokio::sync::mpsc::channel::<Message>(1);
    let outbound = tokio::spawn(async move {
        let mut buffer = vec![0; 4096];
        loop {
            let message = tokio::select! {
                message = closing.recv() => match message {
                    Some(message) => message,
                    None => return,
                },
                read = reader.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => return,
                    Ok(n) => Message::Binary(Bytes::copy_from_slice(&buffer[..n])),
                },
            };
            if sink.send(message).await.is_err() {
                return;
            }
        }
    });

    let mut mux = yamux::Connection::new(near.compat(), yamux::Config::default(), yamux::Mode::Server);
    let (streams, mut opened) = tokio::sync::mpsc::unbounded_channel();
    let driver = tokio::spawn(async move {
        while let Some(Ok(stream)) = std::future::poll_fn(|cx| mux.poll_next_inbound(cx)).await {
            streams.send(stream).unwrap();
        }
    });
    let (mut display, mut control) = (None, None);
    while display.is_none() || control.is_none() {
        let mut stream = opened.recv().await.unwrap().compat();
        let mut bytes = Vec::new();
        let header = loop {
            bytes.push(stream.read_u8().await.unwrap());
            if let Some((header, _)) = Header::decode(&bytes).unwrap() {
                break header;
            }
        };
        stream.write_all(&Verdict::Accepted.encode()).await.unwrap();
        match header.name() {
            "display" => display = Some(stream),
            "control" => control = Some(stream),
            other => panic!("channel {other}"),
        }
    }
    let (mut display, mut control) = (display.unwrap(), control.unwrap());
    let mut greeting = vec![0; "NXPROXY-3.5.0-3.5.99 cookie=".len() + COOKIE.len()];
    display.read_exact(&mut greeting).await.unwrap();
    desk.hear(String::from_utf8(greeting).unwrap());

    match desk.plot {
        Plot::TakenOver => {
            let by = Holder { user: "demo".into(), host: "laptop".into(), address: "10.0.0.9".into() };
            let message = "Somebody else connected.".into();
            let closing = ServerMessage::Closing { code: ErrorCode::TakenOver, message, by: Some(by) };
            words.send(text(&closing)).await.unwrap();
        }
        Plot::LogsOut => {
            display.shutdown().await.unwrap();
            let ended =
                AgentControl::Ended { code: ErrorCode::SessionEnded, message: "You logged out.".into() };
            let mut line = serde_json::to_vec(&ended).unwrap();
            line.push(b'\n');
            control.write_all(&line).await.unwrap();
        }
        _ => {
            driver.abort();
            inbound.abort();
            outbound.abort();
            return;
        }
    }
    let _ = driver.await;
}
