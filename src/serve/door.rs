//! The server: bounded in connections, heads and time; nobody's body is read. Metrics are made once for all
//! who scrape at the same time, and kept compressed as well.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::{Hub, Lock, Status};
use crate::context::{Clock, Context};
use crate::image::is_loopback;

/// Connections at once.
const CONNECTIONS: usize = 512;
/// How long a client may take over a request's head, and a connection may idle.
const PATIENCE: Duration = Duration::from_secs(30);
/// A connection is closed after this long, so that none is kept for ever by somebody who reads nothing.
const LIFE: Duration = Duration::from_secs(600);
/// How long answers under way may take at the end.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes of a request's head.
const HEAD: usize = 16 * 1024;
/// Header lines of a request.
const HEADERS: usize = 100;
/// A stream of events says at least this often that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const JSON: &str = "application/json";

/// Which counts over time are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Since<'a> {
    /// Those of the identity with this name.
    pub identity: Option<&'a str>,
    /// Those from this time on.
    pub from: Option<DateTime<Utc>>,
}

/// How a status looks: made elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Views {
    /// As OpenMetrics, or in Prometheus' older text format.
    pub(crate) metrics: fn(&Status, DateTime<Utc>, bool) -> Result<String, std::fmt::Error>,
    /// As a page.
    pub(crate) page: fn(&Status, DateTime<Utc>) -> String,
    /// What the page may load, as its Content-Security-Policy has it.
    pub(crate) page_policy: fn() -> String,
    /// The last readings as JSON.
    pub(crate) readings: fn(&Status, DateTime<Utc>) -> serde_json::Result<String>,
    /// The counts over time of an identity, or all, from a time on, as JSON.
    pub(crate) history: fn(&Status, Since<'_>) -> serde_json::Result<String>,
}

/// What the answers are made of.
pub(super) struct Door {
    /// The readings.
    hub: Arc<Hub>,
    /// How they look.
    views: Views,
    /// The time of day.
    clock: Arc<dyn Clock>,
    /// Whether it is reached on loopback alone.
    near: bool,
    /// What stands before it.
    lock: Arc<Lock>,
    /// Ends it.
    shutdown: CancellationToken,
    /// The last metrics that were made, by format: OpenMetrics, text.
    made: [Mutex<Option<Made>>; 2],
}

/// Metrics that were made.
struct Made {
    version: u64,
    second: i64,
    plain: axum::body::Bytes,
    packed: axum::body::Bytes,
}

impl Door {
    /// The door of a port, which is `near` where it is reached on loopback alone.
    pub(crate) fn new(
        hub: &Arc<Hub>,
        views: Views,
        lock: &Arc<Lock>,
        near: bool,
        context: &Context,
    ) -> Arc<Self> {
        Arc::new(Self {
            hub: Arc::clone(hub),
            views,
            clock: context.clock.clone(),
            near,
            lock: Arc::clone(lock),
            shutdown: context.shutdown.clone(),
            made: Default::default(),
        })
    }
}

/// Listens on an address until the door is shut; the address that it listens on.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn open(
    address: SocketAddr,
    door: Arc<Door>,
) -> std::io::Result<(SocketAddr, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(accept(listener, door))))
}

async fn accept(listener: TcpListener, door: Arc<Door>) {
    let (places, tasks) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
    let router = router(Arc::clone(&door));
    let accepting = async {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tasks.spawn(greet(stream, Arc::clone(&door), router.clone(), place));
                }
                // The process has no file left to open: wait for one to close.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    door.shutdown.run_until_cancelled(accepting).await;
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn greet(stream: TcpStream, door: Arc<Door>, router: Router, _place: OwnedSemaphorePermit) {
    // Small answers must not wait for each other; where the option is refused they do.
    let _ = stream.set_nodelay(true);
    let shutdown = door.shutdown.clone();
    let Some(acceptor) = door.lock.tls() else { return converse(stream, router, shutdown).await };
    let handshake = timeout(PATIENCE, acceptor.accept(stream));
    if let Some(Ok(Ok(stream))) = shutdown.run_until_cancelled(handshake).await {
        converse(stream, router, shutdown.clone()).await;
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    shutdown: CancellationToken,
) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let answering = router.clone().call(request.map(Body::new));
        async move { Ok::<_, Infallible>(answering.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a connection ends is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = shutdown.cancelled() => {}
        () = sleep(LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(GRACE, connection).await;
}

fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/api/v1/readings", get(readings))
        .route("/api/v1/history", get(history))
        .route("/api/v1/events", get(events))
        .layer(from_fn_with_state(Arc::clone(&door), guard))
        .with_state(door)
}

async fn guard(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let probed = matches!(request.uri().path(), "/healthz" | "/readyz");
    let stranger = !door.lock.lets_in(request.headers());
    let refused = refused(door.near, request.method(), request.headers()).or_else(|| {
        (stranger && !probed).then_some((StatusCode::UNAUTHORIZED, "a login is asked for\n"))
    });
    let mut response = match refused {
        Some((code, words)) => (code, words).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    if refused.is_some_and(|(code, _)| code == StatusCode::METHOD_NOT_ALLOWED) {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    if refused.is_some_and(|(code, _)| code == StatusCode::UNAUTHORIZED) {
        let basic = HeaderValue::from_static("Basic realm=\"dhlimit\", charset=\"UTF-8\"");
        headers.insert(header::WWW_AUTHENTICATE, basic);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses what no scraper and no reader of the page sends: another method, a name that is not this
/// machine's on a port that is reached on loopback alone, and what another site's page asks for.
fn refused(near: bool, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Some((StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD only\n"));
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if near && !is_loopback(without_port(text("host").unwrap_or_default())) {
        let words = "this port answers to the names of its own machine alone\n";
        return Some((StatusCode::MISDIRECTED_REQUEST, words));
    }
    let foreign = text("sec-fetch-site") == Some("cross-site");
    (foreign && text("sec-fetch-mode") != Some("navigate"))
        .then_some((StatusCode::FORBIDDEN, "not for the pages of other sites\n"))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

async fn page(State(door): State<Arc<Door>>) -> Response {
    let now = door.clock.now();
    let html = (door.views.page)(&door.hub.status().1, now);
    let policy = format!("{}; frame-ancestors 'none'", (door.views.page_policy)());
    let head = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (head, html).into_response()
}

async fn ready(State(door): State<Arc<Door>>) -> Response {
    let (read, targets) = {
        let guard = door.hub.status();
        (guard.1.standings.len(), guard.1.targets)
    };
    let code = if read == targets { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, format!("{read} of {targets} identities were asked\n")).into_response()
}

async fn metrics(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    let accepts = |name: header::HeaderName, what: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|text| {
            text.split(',').any(|one| {
                let mut parts = one.split(';').map(str::trim);
                parts.next() == Some(what) && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
            })
        })
    };
    let open = accepts(header::ACCEPT, "application/openmetrics-text");
    let packed = accepts(header::ACCEPT_ENCODING, "gzip");
    let Ok(body) = door.metrics(open, packed) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n")
            .into_response();
    };
    let mut response = body.into_response();
    let head = response.headers_mut();
    let kind = if open { OPEN_METRICS } else { TEXT_METRICS };
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    head.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if packed {
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

impl Door {
    /// The metrics, made anew where something was read since, or a second went by.
    fn metrics(&self, open: bool, packed: bool) -> anyhow::Result<axum::body::Bytes> {
        let [of_open, of_text] = &self.made;
        let made = if open { of_open } else { of_text };
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let version = self.hub.status().0;
        let is_fresh = |made: &&Made| made.version == version && made.second == now.timestamp();
        if let Some(made) = made.as_ref().filter(is_fresh) {
            return Ok(if packed { made.packed.clone() } else { made.plain.clone() });
        }
        // A copy: readings do not wait for the writing.
        let status = self.hub.status().1.without_traces();
        let plain = (self.views.metrics)(&status, now, open)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain.as_bytes())?;
        let fresh = Made {
            version,
            second: now.timestamp(),
            plain: plain.into(),
            packed: encoder.finish()?.into(),
        };
        let body = if packed { fresh.packed.clone() } else { fresh.plain.clone() };
        *made = Some(fresh);
        Ok(body)
    }
}

async fn readings(State(door): State<Arc<Door>>) -> Response {
    let now = door.clock.now();
    json((door.views.readings)(&door.hub.status().1, now))
}

#[derive(Debug, Deserialize)]
struct Wanted {
    identity: Option<String>,
    from: Option<String>,
}

async fn history(State(door): State<Arc<Door>>, Query(wanted): Query<Wanted>) -> Response {
    let Ok(from) = wanted.from.as_deref().map(str::parse).transpose() else {
        let words = "from is a time such as 2026-11-22T09:15:21Z\n";
        return (StatusCode::BAD_REQUEST, words).into_response();
    };
    let since = Since { identity: wanted.identity.as_deref(), from };
    json((door.views.history)(&door.hub.status().1, since))
}

fn json(text: serde_json::Result<String>) -> Response {
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, JSON)], text).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "this cannot be written\n").into_response(),
    }
}

/// Events as they happen, until the listener or the server leaves.
async fn events(State(door): State<Arc<Door>>) -> Response {
    let listener = (door.hub.listen(), door.shutdown.clone());
    let lines = stream::unfold(listener, |(mut events, shutdown)| async move {
        let next = tokio::select! {
            next = timeout(HEARTBEAT, events.recv()) => next,
            () = shutdown.cancelled() => return None,
        };
        let line = match next {
            Ok(Ok(line)) => format!("data: {line}\n\n"),
            Ok(Err(RecvError::Lagged(missed))) => format!(": {missed} left out\n\n"),
            Ok(Err(RecvError::Closed)) => return None,
            Err(_) => ": still here\n\n".to_owned(),
        };
        Some((Ok::<_, Infallible>(line), (events, shutdown)))
    });
    let head = [(header::CONTENT_TYPE, "text/event-stream")];
    (head, Body::from_stream(lines)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_from_its_port() {
        for (host, name) in [
            ("127.0.0.1:9767", "127.0.0.1"),
            ("localhost", "localhost"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("evil.example:80", "evil.example"),
            ("", ""),
        ] {
            assert_eq!(without_port(host), name, "{host}");
        }
    }
}
