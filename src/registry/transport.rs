//! HTTP as the registry client needs it: one client a host, roots of trust, address family, no
//! redirect followed unseen, and every header list and body bounded.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use url::Url;

use super::connector::With;
use super::error::Cause;
use super::preconnect::Preconnect;
use super::proxy::{Proxy, ProxyError, proxy_for};
use super::reuse::{Exchange, Reuse};
use crate::context::{Environment, read_bounded};
use crate::quota::Family;

/// The most header fields an answer may have.
const HEADERS_MAX: usize = 128;
/// The most bytes of a body that are read: a token service's answer is a few thousand.
pub(super) const BODY_MAX: usize = 256 * 1024;

/// Why the trust store cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read.
    #[error("cannot read the certificates in {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What looks like a certificate in the file is none.
    #[error("a certificate in {} is broken", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// Nothing in the file is a certificate.
    #[error("no certificate in {}", .0.display())]
    Empty(PathBuf),
    /// The TLS library refuses the settings.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// Roots of trust and protocol settings for TLS, and from where connections are made; made once, shared by
/// all clients.
#[derive(Clone)]
pub struct Trust {
    tls: rustls::ClientConfig,
    roots: Arc<RootCertStore>,
    /// The address of this machine to ask from; `None`: whichever the system takes.
    from: Option<IpAddr>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust")
    }
}

impl Trust {
    /// The system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured), Mozilla's where the
    /// system has none, and the certificates of `extra`, a PEM file.
    pub fn load(extra: Option<&Path>) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let (added, _) =
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            roots.add_parsable_certificates(
                webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned(),
            );
        }
        if let Some(path) = extra {
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?;
        let roots = Arc::new(roots);
        let mut config = config.with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
        // With HTTP/2 many images are asked for on one connection.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { tls: config, roots, from: None })
    }
}

impl Trust {
    /// The same, where a server that asks for one is shown this certificate.
    ///
    /// # Errors
    /// The files cannot be read, or do not fit together.
    pub(crate) fn with_identity(&self, certificate: &Path, key: &Path) -> Result<Self, TrustError> {
        let chain = certificates(certificate)?;
        let own = PrivateKeyDer::from_pem_slice(&file(key)?)
            .map_err(|source| TrustError::Pem { path: key.to_owned(), source })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots.clone())
            .with_client_auth_cert(chain, own)?;
        tls.alpn_protocols.clone_from(&self.tls.alpn_protocols);
        Ok(Self { tls, ..self.clone() })
    }

    /// The same, where connections are made from this address of this machine.
    pub(crate) fn at_address(&self, address: IpAddr) -> Self {
        Self { from: Some(address), ..self.clone() }
    }
}

/// The certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let certificates = CertificateDer::pem_slice_iter(&file(path)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TrustError::Pem { path: path.to_owned(), source })?;
    if certificates.is_empty() { Err(TrustError::Empty(path.to_owned())) } else { Ok(certificates) }
}

fn file(path: &Path) -> Result<Vec<u8>, TrustError> {
    std::fs::File::open(path)
        .and_then(read_bounded)
        .map_err(|source| TrustError::Read { path: path.to_owned(), source })
}

/// A client for one host, with its connection opened ahead on request.
#[derive(Clone)]
pub(super) struct Transport {
    client: reqwest::Client,
    preconnect: Preconnect,
    reuse: Reuse,
    /// What it was made for: scheme, host and port count.
    pub(super) origin: Url,
    /// What stands between: the peer's address says nothing about the registry's then.
    pub(super) proxy: Option<Proxy>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// No proxy is named where one must be.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// reqwest refuses the settings.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

/// A client for the host of `url`, with its trust and its proxy.
fn builder(
    url: &Url,
    trust: &Trust,
    environment: &Environment,
) -> Result<(reqwest::ClientBuilder, Option<Proxy>), TransportError> {
    let proxy = proxy_for(url, environment)?;
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(trust.tls.clone())
        .user_agent(concat!("dhlimit/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .http1_max_headers(HEADERS_MAX)
        .pool_idle_timeout(Duration::from_secs(600))
        .tcp_keepalive(Duration::from_secs(30));
    // Either way reqwest does not look at the variables itself.
    let builder = match &proxy {
        Some(proxy) => builder.proxy(proxy.for_reqwest()?),
        None => builder.no_proxy(),
    };
    Ok((builder, proxy))
}

/// A client for a server that is no registry, by the same rules: its trust, its proxy, bounded headers, no
/// redirect followed.
///
/// # Errors
/// The proxy's variable cannot be used, or the TLS library refuses the settings.
pub(crate) fn plain_client(
    url: &Url,
    trust: &Trust,
    environment: &Environment,
) -> Result<reqwest::Client, TransportError> {
    let (builder, _) = builder(url, trust, environment)?;
    Ok(builder.build()?)
}

impl Transport {
    /// A client for `url`'s host over one address family or any.
    pub(super) fn new(
        url: &Url,
        family: Option<Family>,
        trust: &Trust,
        environment: &Environment,
    ) -> Result<Self, TransportError> {
        let (preconnect, reuse) = (Preconnect::default(), Reuse::new(url.scheme() == "https"));
        let (builder, proxy) = builder(url, trust, environment)?;
        let builder =
            builder.connector_layer(With(preconnect.clone())).connector_layer(With(reuse.clone()));
        let builder = match family {
            _ if trust.from.is_some() => builder.local_address(trust.from),
            Some(Family::Ipv4) => builder.local_address(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            Some(Family::Ipv6) => builder.local_address(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            None => builder,
        };
        Ok(Self { client: builder.build()?, preconnect, reuse, origin: url.clone(), proxy })
    }

    /// Starts opening a connection for the next request where there is none; failures show at that
    /// request.
    pub(super) async fn preconnect(&self, url: Url) {
        if self.reuse.has_open() {
            // The attempt would find it and be sent.
            return;
        }
        self.preconnect.arm();
        let mut attempt = Box::pin(self.client.head(url).send());
        let started = poll_fn(|context| Poll::Ready(attempt.as_mut().poll(context))).await;
        // Polled here and not only in a task of its own, which may start late: by then the request
        // to come would be taken for the attempt, and fail.
        if !self.preconnect.disarm() && started.is_pending() {
            tokio::spawn(async move { attempt.await.map(drop) });
        }
    }

    /// A request on this client.
    pub(super) fn request(&self, method: reqwest::Method, url: Url) -> reqwest::RequestBuilder {
        self.client.request(method, url)
    }

    /// A request is about to be sent; ended when its answer is complete.
    pub(super) fn begin(&self) -> Exchange {
        self.reuse.begin()
    }

    /// Whether there is a connection, as far as can be told.
    pub(super) fn is_connected(&self) -> bool {
        self.reuse.has_open()
    }

    /// Over which family an answer came, where that can be told.
    pub(super) fn family_of(&self, response: &reqwest::Response) -> Option<Family> {
        if self.proxy.is_some() {
            return None;
        }
        response.remote_addr().map(|peer| match peer.ip() {
            IpAddr::V6(address) if address.to_ipv4_mapped().is_none() => Family::Ipv6,
            _ => Family::Ipv4,
        })
    }
}

/// Reads a body, at most [`BODY_MAX`] bytes of it; the rest is left on the wire and the connection
/// with it.
pub(super) async fn bounded_body(
    mut response: reqwest::Response,
) -> Result<(String, bool), reqwest::Error> {
    let mut body = Vec::new();
    let mut cut = false;
    while let Some(chunk) = response.chunk().await? {
        let room = BODY_MAX.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if chunk.len() > room {
            cut = true;
            break;
        }
    }
    Ok((String::from_utf8_lossy(&body).into_owned(), cut))
}

/// Reads a body to its end and keeps nothing of it.
pub(super) async fn drained(mut response: reqwest::Response) -> Result<String, reqwest::Error> {
    while response.chunk().await?.is_some() {}
    Ok(String::new())
}

/// Whether an I/O error is TLS's: its own `source()` skips the error it carries, and the connector
/// puts one I/O error into another.
fn carries_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| {
        inner.is::<rustls::Error>() || inner.downcast_ref::<io::Error>().is_some_and(carries_tls)
    })
}

/// Whether HTTP/2 gave up the connection or the request: the server closes what was idle by saying so.
fn is_http2s(error: &hyper::Error) -> bool {
    error.to_string() == "http2 error"
}

/// What kind of trouble a transport error is, and its innermost words.
pub(crate) fn cause_of(error: &reqwest::Error) -> (Cause, String) {
    let mut kind = if error.is_timeout() { Cause::Timeout } else { Cause::Network };
    let mut words = String::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.downcast_ref::<rustls::Error>().is_some() {
            kind = Cause::Tls;
        } else if let Some(error) = cause.downcast_ref::<io::Error>() {
            if carries_tls(error) {
                kind = Cause::Tls;
            }
        } else if let Some(error) = cause.downcast_ref::<hyper::Error>() {
            if error.is_parse() || error.is_parse_too_large() {
                kind = Cause::Protocol;
            } else if error.is_incomplete_message() || error.is_canceled() || is_http2s(error) {
                kind = Cause::HungUp;
            }
        }
        words = cause.to_string();
        // The connector's own error where the name has no address of the family asked for.
        if let Some(error) = cause.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::NotConnected
            && error.raw_os_error().is_none()
        {
            "it has no address of the family asked for".clone_into(&mut words);
        }
        next = cause.source();
    }
    (kind, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_connection_opened_ahead_carries_the_next_request_and_nothing_before_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/x", listener.local_addr().unwrap()).parse().unwrap();
        let trust = Trust::load(None).unwrap();
        let transport = Transport::new(&url, None, &trust, &Environment::default()).unwrap();
        transport.preconnect(url.clone()).await;
        // The request is polled before any task that the attempt may have.
        let request = transport.request(reqwest::Method::GET, url).send();
        let registry = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = socket.read(&mut asked).await.unwrap();
            assert!(
                asked[..length].starts_with(b"GET /x HTTP/1.1\r\n"),
                "{}",
                String::from_utf8_lossy(&asked[..length])
            );
            socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            socket
        };
        let both = async { tokio::join!(request, registry) };
        let (answer, _socket) = tokio::time::timeout(Duration::from_secs(10), both).await.unwrap();
        assert_eq!(answer.unwrap().status(), 204);
        let second = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(second.is_err(), "one connection is enough");
    }
}
