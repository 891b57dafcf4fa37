//! The least HTTP that can ask a server on loopback, so that a test's own questions do not go
//! through the client under test.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A server's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Status line and headers, as they came.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

/// GET of a URL `http://HOST:PORT/PATH`.
#[track_caller]
pub(crate) fn get(url: &str) -> Answer {
    request("GET", url, &[], "").unwrap_or_else(|error| panic!("GET {url}: {error}"))
}

/// POST of a JSON text.
#[track_caller]
pub(crate) fn post(url: &str, json: &serde_json::Value) -> Answer {
    let headers = [("content-type", "application/json")];
    request("POST", url, &headers, &json.to_string())
        .unwrap_or_else(|error| panic!("POST {url}: {error}"))
}

/// One request, one answer; HTTP/1.0, so that no answer comes in chunks.
pub(crate) fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("not a plain URL: {url}"));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut text = format!("{method} /{path} HTTP/1.0\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "host") {
        text = text + "host: " + authority + "\r\n";
    }
    for (name, value) in headers {
        text = text + name + ": " + value + "\r\n";
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(16 << 20).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
