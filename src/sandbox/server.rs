//! The server loop: our own over hyper, because three things must be in our hands that a ready-made
//! one keeps: the first byte of a connection (a TLS hello on the plain port is answered with
//! `HTTP/1.1 400`, or dockerd does not fall back to HTTP), the spelling of header names, and cutting
//! a connection instead of answering.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tower::Service;

use super::answer::Cut;
use super::caller::Peer;
use super::line::Line;
use super::tls::Authority;
use super::{Profile, Sandbox, Settings, SettingsError, Snapshot};

/// Connections at once.
const CONNECTIONS: usize = 1024;
/// Requests at once on a connection of HTTP/2.
const STREAMS: u32 = 64;
/// How long a client may take over a handshake or a request's head, and a connection may idle.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long answers under way may take when the sandbox ends.
const GRACE: Duration = Duration::from_secs(2);
const HTTP_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";
/// Bytes of a wrong protocol that are read.
const UNREAD_MAX: u64 = 64 * 1024;
/// The first byte of a TLS record that holds a handshake.
const TLS_HANDSHAKE: u8 = 22;

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The settings make no sense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The log file cannot be made.
    #[error("cannot write the request log")]
    Log(#[source] io::Error),
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Randomness,
    /// No certificate could be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The certificate is not taken.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// A sandbox that is being served. Dropping it ends it without waiting.
#[derive(Debug)]
pub struct Running {
    sandbox: Sandbox,
    address: SocketAddr,
    certificate: Option<String>,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
    _end: DropGuard,
}

impl Running {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a path, such as `http://127.0.0.1:41234`: both `DHLIMIT_REGISTRY_URL` and
    /// `DHLIMIT_AUTH_URL` of a client on this machine.
    pub fn url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// The CA's certificate that clients must trust, PEM, where it speaks TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// The sandbox that is served, to turn its dials.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// What it has counted so far.
    pub fn snapshot(&self) -> Snapshot {
        self.sandbox.snapshot()
    }

    /// Ends it: no further connection, answers under way may end within two seconds.
    pub async fn stop(self) {
        self.shutdown.cancel();
        // A panic in the server has been reported by the runtime already.
        let _ = self.server.await;
    }
}

/// Serves a new sandbox on an address; port 0 is a free one.
///
/// It ends when [`Running`] is stopped or dropped.
pub async fn start(settings: Settings, listen: SocketAddr) -> Result<Running, SandboxError> {
    let sandbox = Sandbox::new(settings)?;
    let listening = async {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        io::Result::Ok((listener, address))
    };
    let (listener, address) =
        listening.await.map_err(|source| SandboxError::Listen { address: listen, source })?;
    // What has capitals is HTTP/1.1.
    let protocols: &[&[u8]] =
        if sandbox.profile() == Profile::Of2020 { &[HTTP_1] } else { &[HTTP_2, HTTP_1] };
    let authority =
        if sandbox.settings().tls { Some(Authority::make(address.ip(), protocols)?) } else { None };
    let certificate = authority.as_ref().map(|authority| authority.certificate.clone());
    let shutdown = CancellationToken::new();
    let door = Arc::new(Door {
        router: sandbox.router(),
        sandbox: sandbox.clone(),
        acceptor: authority.map(|authority| authority.acceptor),
        shutdown: shutdown.clone(),
    });
    let server = tokio::spawn(accept(listener, door));
    Ok(Running {
        sandbox,
        address,
        certificate,
        shutdown: shutdown.clone(),
        server,
        _end: shutdown.drop_guard(),
    })
}

struct Door {
    router: Router,
    sandbox: Sandbox,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    shutdown: CancellationToken,
}

async fn accept(listener: TcpListener, door: Arc<Door>) {
    let (places, tasks) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
    let shutdown = door.shutdown.clone();
    let accepting = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    tasks.spawn(serve(stream, peer, Arc::clone(&door), place));
                }
                // The process has no file left to open: wait for one to close.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    shutdown.run_until_cancelled(accepting).await;
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn serve(stream: TcpStream, peer: SocketAddr, door: Arc<Door>, _place: OwnedSemaphorePermit) {
    // Small answers must not wait for each other; where the option is refused they do.
    let _ = stream.set_nodelay(true);
    let opening = async {
        let latency = door.sandbox.settings().latency;
        if !latency.is_zero() {
            // One round trip for TCP, one for TLS: what a distant server would cost.
            sleep(if door.acceptor.is_some() { latency * 2 } else { latency }).await;
        }
        let mut first = [0];
        stream
            .peek(&mut first)
            .await
            .is_ok_and(|read| read == 1)
            .then_some(first == [TLS_HANDSHAKE])
    };
    let Some(Ok(Some(is_tls))) =
        door.shutdown.run_until_cancelled(timeout(PATIENCE, opening)).await
    else {
        return;
    };
    let peer = Peer { address: peer.ip(), secure: is_tls };
    let cut = Arc::new(AtomicBool::new(false));
    let line = Line::new(stream, Arc::clone(&cut));
    match (&door.acceptor, is_tls) {
        (None, false) => converse(line, false, peer, &door, cut).await,
        (None, true) => refuse(line, "Client sent a TLS hello to a plain HTTP port.\n").await,
        (Some(_), false) => refuse(line, "Client sent an HTTP request to an HTTPS port.\n").await,
        (Some(acceptor), true) => {
            let handshake =
                door.shutdown.run_until_cancelled(timeout(PATIENCE, acceptor.accept(line)));
            if let Some(Ok(Ok(stream))) = handshake.await {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
                converse(stream, is_http2, peer, &door, cut).await;
            }
        }
    }
}

/// Answers whoever speaks the wrong protocol, in words that Go's and curl's clients know.
async fn refuse(mut line: Line, why: &str) {
    let length = why.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{why}"
    );
    // Whoever has gone away already misses nothing. What was sent is read first: closing on unread
    // bytes is a reset, which may overtake the answer.
    let _ = timeout(GRACE, async {
        line.write_all(answer.as_bytes()).await?;
        line.shutdown().await?;
        tokio::io::copy(&mut line.take(UNREAD_MAX), &mut tokio::io::sink()).await
    })
    .await;
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    is_http2: bool,
    peer: Peer,
    door: &Door,
    cut: Arc<AtomicBool>,
) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        let answering = door.router.clone().call(request);
        let cut = Arc::clone(&cut);
        async move {
            let response = answering.await.unwrap_or_else(|never: Infallible| match never {});
            if response.extensions().get::<Cut>().is_some() {
                cut.store(true, Ordering::Relaxed);
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            }
            Ok(response)
        }
    });
    let capitals = door.sandbox.profile() == Profile::Of2020;
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .title_case_headers(capitals)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(200);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PATIENCE)
        .max_concurrent_streams(STREAMS);
    let server = if is_http2 { server.http2_only() } else { server.http1_only() };
    let connection = server.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a connection ends is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = door.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(GRACE, connection).await;
        }
    }
}
