//! The server loop: latency, families, and an end that waits for nobody.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use dhlimit::sandbox::{Settings, start};
use rstest::rstest;

use super::{Hub, limited};
use crate::harness::http::request;

#[test]
fn a_distant_sandbox_costs_a_round_trip_to_connect_and_one_to_ask() {
    let latency = Duration::from_millis(100);
    let hub = Hub::start(Settings { latency, ..limited(5) });
    let started = Instant::now();
    assert_eq!(hub.ask("GET", "/v2/", &[]).status, 401);
    assert!(started.elapsed() >= 2 * latency, "{:?}", started.elapsed());
}

/// Clients that would keep a server waiting: what they have sent when it ends.
#[rstest]
#[case::nothing("", false)]
#[case::half_a_request("GET /v2/ HT", false)]
#[case::a_request_and_then_nothing("GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n", false)]
#[case::half_a_form("POST /token HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\ngrant", false)]
#[case::nothing_where_tls_is_spoken("", true)]
#[case::half_a_tls_hello("\u{16}\u{3}\u{1}", true)]
fn nobody_keeps_it_from_ending(#[case] sent: &str, #[case] tls: bool) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = runtime
        .block_on(start(Settings { tls, ..limited(5) }, "127.0.0.1:0".parse().unwrap()))
        .unwrap();
    let mut client = TcpStream::connect(running.address()).unwrap();
    client.write_all(sent.as_bytes()).unwrap();
    if sent.ends_with("\r\n\r\n") && !tls {
        client.read_exact(&mut [0; 12]).unwrap();
    }
    let ended = runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(20), running.stop()).await });
    assert!(ended.is_ok(), "it waits for a client");
}

#[test]
fn dropping_it_ends_it() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = runtime.block_on(start(limited(5), "127.0.0.1:0".parse().unwrap())).unwrap();
    let address = running.address();
    drop(running);
    let gone = crate::harness::wait_for(Duration::from_secs(10), || {
        TcpStream::connect(address).is_err().then_some(())
    });
    assert!(gone.is_some(), "somebody still listens on {address}");
}

#[test]
fn over_ipv6_the_prefix_is_counted_and_the_url_has_brackets() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let Ok(running) = runtime.block_on(start(limited(5), "[::1]:0".parse().unwrap())) else {
        crate::harness::tools::leave_out("the sandbox over IPv6 (this machine has none)");
        return;
    };
    assert!(running.url().starts_with("http://[::1]:"));
    let answer = request("GET", &format!("{}/v2/", running.url()), &[], "").unwrap();
    assert_eq!(answer.header("docker-ratelimit-source"), Some("::"));
    assert!(
        answer
            .header("www-authenticate")
            .unwrap()
            .contains(&format!("realm=\"{}/token\"", running.url())),
        "{}",
        answer.head
    );
}
