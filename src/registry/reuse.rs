//! Waits for the connection that is on its way back. The pool gets a connection of HTTP/1.1 back
//! from a task of its own, some time after the answer is complete; whoever asks again at once comes
//! before it, finds the pool empty and opens another connection, and so on all day. So a layer
//! around the connector holds such an attempt up for a moment: what comes back meanwhile ends it.
//!
//! Over TLS the server may choose HTTP/2, where all requests share one connection. So where many ask at
//! once, the first attempt opens a connection and the others are held up until the pool had time to
//! share it: a request that got it leaves its attempt behind, and nothing more is opened.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use reqwest::Version;
use reqwest::header::{CONNECTION, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::connector::{Around, BoxError};

/// How long a connection may take from the end of its answer into the pool: a task's turn, on a
/// busy machine.
const PATIENCE: Duration = Duration::from_millis(100);
/// A connection that is not back after this long does not come back.
const RECENT: Duration = Duration::from_secs(1);
/// How long others wait for the first connection to open.
const OPENING: Duration = Duration::from_secs(1);

/// Why an attempt has no connection to show: another one came back first.
#[derive(Debug, thiserror::Error)]
#[error("a connection came back meanwhile")]
struct CameBack;

/// What is known of a client's connections.
#[derive(Clone)]
pub(super) struct Reuse {
    known: Arc<Mutex<Known>>,
    /// Held while the first connection opens, and for as long as the pool needs to share it.
    first: Arc<Semaphore>,
}

#[derive(Default)]
struct Known {
    /// Connections that were opened and of which no end was seen.
    open: u32,
    /// Requests that have no complete answer yet.
    under_way: u32,
    /// When a connection was last left whole.
    left: Option<Instant>,
    protocol: Protocol,
}

/// What the server speaks, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Protocol {
    /// To be seen: TLS lets the server choose.
    #[default]
    Open,
    /// A connection for each request under way.
    Http1,
    /// One connection for all.
    Http2,
}

impl Reuse {
    /// For a server behind TLS, which may choose its protocol, or for one in the clear, which has none to
    /// choose.
    pub(super) fn new(tls: bool) -> Self {
        let protocol = if tls { Protocol::Open } else { Protocol::Http1 };
        let known = Known { protocol, ..Known::default() };
        Self { known: Arc::new(Mutex::new(known)), first: Arc::new(Semaphore::new(1)) }
    }

    /// A request is about to be sent.
    pub(super) fn begin(&self) -> Exchange {
        self.known().under_way += 1;
        Exchange { reuse: self.clone(), whole: false }
    }

    /// Whether there is a connection, as far as can be told.
    pub(super) fn has_open(&self) -> bool {
        self.known().open > 0
    }

    /// Whether there are enough connections, and the one that is missed was in use just now.
    fn is_coming_back(&self) -> bool {
        let known = self.known();
        known.protocol == Protocol::Http1
            && known.under_way <= known.open
            && known.left.is_some_and(|left| left.elapsed() < RECENT)
    }

    /// Waits until the protocol is known, or until it is this attempt's turn to find out.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        if self.known().protocol != Protocol::Open {
            return None;
        }
        timeout(OPENING, self.first.clone().acquire_owned()).await.ok()?.ok()
    }

    /// Whether each request needs a connection of its own. So it is where there is one, the pool had its
    /// time to share it, and somebody still asks for another.
    fn is_unshared(&self) -> bool {
        let mut known = self.known();
        if known.protocol == Protocol::Open && known.open > 0 {
            known.protocol = Protocol::Http1;
        }
        known.protocol == Protocol::Http1
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request and its answer, until the last byte of it is read. Dropped before that, it takes its
/// connection with it.
pub(super) struct Exchange {
    reuse: Reuse,
    /// The connection lives on.
    whole: bool,
}

impl Exchange {
    /// The head of the answer is there.
    pub(super) fn answered(&self, version: Version) {
        let mut known = self.reuse.known();
        known.protocol = if version == Version::HTTP_2 { Protocol::Http2 } else { Protocol::Http1 };
    }

    /// The answer is complete; `keeps` tells whether its connection is [`kept`].
    pub(super) fn end(mut self, keeps: bool) {
        self.whole = keeps;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut known = self.reuse.known();
        known.under_way = known.under_way.saturating_sub(1);
        if self.whole {
            known.left = Some(Instant::now());
        } else if known.protocol != Protocol::Http2 {
            // What all share outlives a request that is given up.
            known.open = known.open.saturating_sub(1);
        }
    }
}

/// Whether the server keeps the connection for further requests.
pub(super) fn kept(response: &reqwest::Response) -> bool {
    let closes = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"close");
    response.version() > Version::HTTP_10
        && !response.headers().get_all(CONNECTION).iter().any(closes)
}

impl Around for Reuse {
    async fn connect<C: Send + 'static>(
        self,
        open: impl Future<Output = Result<C, BoxError>> + Send,
    ) -> Result<C, BoxError> {
        let asked_in = tokio::task::try_id();
        let turn = self.turn().await;
        if tokio::task::try_id() != asked_in {
            // Its request goes on with another connection, and left this attempt to a task of its own.
            return Err(CameBack.into());
        }
        let turn = turn.filter(|_| !self.is_unshared());
        if self.is_coming_back() {
            if came_back().await {
                return Err(CameBack.into());
            }
            // It was closed: what is opened now takes its place.
            let mut known = self.known();
            known.open = known.open.saturating_sub(1);
        }
        let opened = open.await?;
        self.known().open += 1;
        if let Some(turn) = turn {
            tokio::spawn(async move {
                sleep(PATIENCE).await;
                drop(turn);
            });
        }
        Ok(opened)
    }
}

/// Waits whether a connection comes back. The request that has got one goes on with it and leaves
/// the attempt to a task of its own: by that it is known.
async fn came_back() -> bool {
    let asked_in = tokio::task::try_id();
    let mut patience = pin!(sleep(PATIENCE));
    poll_fn(|context| {
        if tokio::task::try_id() != asked_in {
            return Poll::Ready(true);
        }
        patience.as_mut().poll(context).map(|()| false)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::super::transport::{Transport, Trust, bounded_body};
    use super::*;
    use crate::context::Environment;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use url::Url;

    /// A server on loopback that counts connections and the requests it was sent.
    #[derive(Default)]
    struct Seen {
        connections: AtomicUsize,
        requests: AtomicUsize,
    }

    async fn serve(answer: &'static str) -> (Transport, Url, Arc<Seen>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/x", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::<Seen>::default();
        let counted = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                let counted = counted.clone();
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    while socket.read(&mut request).await.is_ok_and(|read| read > 0) {
                        counted.requests.fetch_add(1, Ordering::SeqCst);
                        socket.write_all(answer.as_bytes()).await.unwrap();
                        if answer.contains("close") {
                            return;
                        }
                    }
                });
            }
        });
        let transport =
            Transport::new(&url, None, &Trust::load(None).unwrap(), &Environment::default())
                .unwrap();
        (transport, url, seen)
    }

    async fn ask(transport: &Transport, url: &Url) {
        let exchange = transport.begin();
        let response = transport.request(reqwest::Method::GET, url.clone()).send().await.unwrap();
        exchange.answered(response.version());
        let keeps = kept(&response);
        assert_eq!(bounded_body(response).await.unwrap().0, "body");
        exchange.end(keeps);
    }

    const KEPT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
    const CLOSED: &str = "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 4\r\n\r\nbody";

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn requests_that_follow_at_once_share_one_connection() {
        let (transport, url, seen) = serve(KEPT).await;
        for _ in 0..2_000 {
            ask(&transport, &url).await;
        }
        assert_eq!(
            (seen.connections.load(Ordering::SeqCst), seen.requests.load(Ordering::SeqCst)),
            (1, 2_000)
        );
    }

    #[tokio::test]
    async fn nothing_is_waited_for_where_the_server_closes_or_two_ask_at_once() {
        let started = Instant::now();
        let (transport, url, seen) = serve(CLOSED).await;
        for _ in 0..20 {
            ask(&transport, &url).await;
        }
        assert_eq!(seen.connections.load(Ordering::SeqCst), 20);
        let (transport, url, seen) = serve(KEPT).await;
        for _ in 0..20 {
            tokio::join!(ask(&transport, &url), ask(&transport, &url));
        }
        assert!(seen.connections.load(Ordering::SeqCst) <= 2);
        assert!(started.elapsed() < 5 * PATIENCE, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_connection_is_not_opened_ahead_where_there_is_one() {
        let (transport, url, seen) = serve(KEPT).await;
        ask(&transport, &url).await;
        transport.preconnect(url.clone()).await;
        ask(&transport, &url).await;
        assert_eq!(
            (seen.connections.load(Ordering::SeqCst), seen.requests.load(Ordering::SeqCst)),
            (1, 2)
        );
    }
}
