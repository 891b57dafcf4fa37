//! A stand-in for Docker Hub that says what a test wants it to: on IPv4 and, where the machine has it,
//! on IPv6 at the same port.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Header lines of the answer to a HEAD, by who asks and whether over IPv6.
type Answer = dyn Fn(&str, bool) -> Vec<String> + Send + Sync;

/// A running stand-in. Ended when dropped.
pub(super) struct StandIn {
    port: u16,
    stop: Arc<AtomicBool>,
    /// Whether it listens on IPv6, too.
    pub(super) has_ipv6: bool,
}

impl StandIn {
    /// Starts one; every request has the `Authorization` it came with shown to `answer`.
    pub(super) fn start(
        answer: impl Fn(&str, bool) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        let four = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = four.local_addr().expect("an address").port();
        let six = TcpListener::bind(("::1", port)).ok();
        let has_ipv6 = six.is_some();
        let stop = Arc::new(AtomicBool::new(false));
        let answer: Arc<Answer> = Arc::new(answer);
        for listener in std::iter::once(four).chain(six) {
            let (stopped, answer) = (stop.clone(), answer.clone());
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let answer = answer.clone();
                    thread::spawn(move || serve(stream, &*answer));
                }
            });
        }
        Self { port, stop, has_ipv6 }
    }

    /// The variables that make it docker.io.
    pub(super) fn as_docker_hub(&self) -> [(&'static str, std::ffi::OsString); 2] {
        let url = format!("http://localhost:{}", self.port);
        [("DHLIMIT_REGISTRY_URL", url.clone().into()), ("DHLIMIT_AUTH_URL", url.into())]
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for host in ["127.0.0.1", "::1"] {
            let _ = TcpStream::connect((host, self.port));
        }
    }
}

fn serve(mut stream: TcpStream, answer: &Answer) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let is_ipv6 = stream.peer_addr().is_ok_and(|peer| matches!(peer.ip(), IpAddr::V6(_)));
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16 << 10 {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let authorization =
        head.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("").to_owned();
    let text = if head.starts_with("GET /token") {
        let body = r#"{"token":"of-the-stand-in","expires_in":300}"#;
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    } else {
        let lines: String =
            answer(&authorization, is_ipv6).iter().map(|line| format!("{line}\r\n")).collect();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.oci.image.index.v1+json\r\ndocker-content-digest: sha256:aa\r\n{lines}content-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let _ = stream.write_all(text.as_bytes());
}
