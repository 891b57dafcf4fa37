//! Whose fault it is that nothing came: the proxy's or the registry's. A proxy that is down or
//! refuses is named, with its status; the registry behind it was never asked. Apart because reqwest
//! knows of this no more than "tunnel error: unsuccessful".

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::endpoint::host;
use super::error::{Cause, RegistryError};
use super::proxy::Proxy;
use super::transport::{Transport, cause_of};

/// How hyper-util's words of a tunnel that did not come about begin.
const TUNNEL: &str = "tunnel error: ";
/// The most that is read of a proxy's answer to find its status.
const STATUS_LINE_MAX: u64 = 1024;
/// The most time that finding it may take.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// What `work` gives by the deadline, or whose fault it is that it gives nothing.
pub(super) async fn within<T>(
    deadline: Instant,
    host: &str,
    transport: &Transport,
    work: impl Future<Output = Result<T, reqwest::Error>>,
) -> Result<T, RegistryError> {
    match timeout_at(deadline, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(fault(transport, host, &error, deadline).await),
        Err(_) => Err(late(transport, host)),
    }
}

/// The refusal of a proxy that wants a password, to a request that it would pass on.
pub(super) fn refusal_of_proxy(transport: &Transport, status: u16) -> Result<(), RegistryError> {
    match &transport.proxy {
        Some(proxy) if status == 407 => Err(of(proxy, Cause::Network, refused(status))),
        _ => Ok(()),
    }
}

fn of(proxy: &Proxy, cause: Cause, words: impl Into<String>) -> RegistryError {
    RegistryError::Proxy { proxy: proxy.to_string(), cause, words: words.into() }
}

fn refused(status: u16) -> String {
    match status {
        407 => "answered 407: it wants a user name and a password, or others".to_owned(),
        _ => format!("answered {status}"),
    }
}

fn late(transport: &Transport, at: &str) -> RegistryError {
    match &transport.proxy {
        Some(proxy) if !transport.is_connected() => {
            of(proxy, Cause::Timeout, format!("gave no connection to {at} in the time given"))
        }
        proxy => RegistryError::Transport {
            host: behind(at, proxy.as_ref()),
            cause: Cause::Timeout,
            words: "no answer in the time given".to_owned(),
        },
    }
}

/// A host as it is named where a proxy stands before it.
fn behind(at: &str, proxy: Option<&Proxy>) -> String {
    proxy.map_or_else(|| at.to_owned(), |proxy| format!("{at}, asked through {proxy},"))
}

async fn fault(
    transport: &Transport,
    at: &str,
    error: &reqwest::Error,
    deadline: Instant,
) -> RegistryError {
    let (cause, words) = cause_of(error);
    let tunnel = chain(error).find_map(|words| words.strip_prefix(TUNNEL).map(str::to_owned));
    match (&transport.proxy, tunnel) {
        (Some(proxy), Some(tunnel)) => {
            tunnel_fault(transport, proxy, &tunnel, (cause, words), deadline).await
        }
        // A certificate that is not believed is the registry's, or that of whoever looks inside.
        (Some(proxy), None) if error.is_connect() && cause != Cause::Tls => {
            of(proxy, cause, format!("gave no connection to {at}: {words}"))
        }
        (proxy, _) => RegistryError::Transport { host: behind(at, proxy.as_ref()), cause, words },
    }
}

/// What a proxy did with a CONNECT.
async fn tunnel_fault(
    transport: &Transport,
    proxy: &Proxy,
    tunnel: &str,
    (cause, words): (Cause, String),
    deadline: Instant,
) -> RegistryError {
    let to = host(&transport.origin);
    match tunnel {
        "proxy authorization required" => of(proxy, Cause::Network, refused(407)),
        "unsuccessful" => {
            let until = deadline.min(Instant::now() + SECOND_LOOK);
            let status = timeout_at(until, status_of(proxy, &transport.origin)).await;
            match status.ok().flatten() {
                Some(status) => of(
                    proxy,
                    Cause::Network,
                    format!("{}, asked for a connection to {to}", refused(status)),
                ),
                None => of(proxy, Cause::Network, format!("refused a connection to {to}")),
            }
        }
        "unexpected end of file" => {
            of(proxy, Cause::Network, format!("hung up, asked for a connection to {to}"))
        }
        "failed to create underlying connection" => {
            of(proxy, cause, format!("was not reached: {words}"))
        }
        _ => of(proxy, cause, format!("gave no connection to {to}: {words}")),
    }
}

/// Asks a proxy for a connection once more, for the status that was not told.
async fn status_of(proxy: &Proxy, to: &Url) -> Option<u16> {
    if !proxy.is_plain() {
        return None;
    }
    let to = format!("{}:{}", to.host_str()?, to.port_or_known_default()?);
    let mut asked = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
    if let Some(login) = proxy.login() {
        asked.push_str(&format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(login)));
    }
    asked.push_str("\r\n");
    let mut stream = TcpStream::connect(proxy.address()).await.ok()?;
    stream.write_all(asked.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let mut head = stream.take(STATUS_LINE_MAX);
    while !answer.contains(&b'\n') && head.read_buf(&mut answer).await.ok()? > 0 {}
    let line = String::from_utf8_lossy(&answer);
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim().parse().ok()
}

/// The words of an error and of all that caused it.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = String> {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source()).map(ToString::to_string)
}
