//! How many round trips a cold check takes. Two proxies with the delay of a far-away network stand
//! before a sandbox with TLS, one as the registry, one as the token service. A token and a HEAD one
//! after the other take six round trips (TCP, TLS, request, twice); the registry's connection opened
//! meanwhile leaves four. Many images share one connection over HTTP/2 and take no longer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Home, Sandbox, tools::require};

/// One round trip over the delayed network.
const ROUND_TRIP: Duration = Duration::from_millis(200);

/// Forwards one port to another as if it were far away. A connection is one round trip old before
/// its first byte passes, as with a real handshake; each byte takes half a round trip.
fn far_away(to: SocketAddr) -> u16 {
    far_away_counted(to, Arc::default())
}

/// The same, with a count of the connections.
fn far_away_counted(to: SocketAddr, connections: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            connections.fetch_add(1, Ordering::SeqCst);
            let Ok(far) = TcpStream::connect(to) else { continue };
            let opened = Instant::now() + ROUND_TRIP;
            carry(near.try_clone().unwrap(), far.try_clone().unwrap(), opened);
            carry(far, near, opened);
        }
    });
    port
}

/// Carries bytes one way, each half a round trip after it came, none before `opened`.
fn carry(mut from: TcpStream, mut to: TcpStream, opened: Instant) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let due = Instant::now().max(opened) + ROUND_TRIP / 2;
            if sender.send((due, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

/// Round trips that fit into a time.
fn round_trips(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() / ROUND_TRIP.as_secs_f64()
}

#[test]
fn a_cold_check_over_tls_on_two_hosts_takes_four_round_trips() {
    let home = Home::new();
    let ca = home.path().join("ca.pem").display().to_string();
    let sandbox = Sandbox::start_in(home, &[&format!("--tls={ca}")]);
    let at: SocketAddr = sandbox.authority().parse().unwrap();
    let (registry, auth) = (far_away(at), far_away(at));
    let (registry_url, auth_url) =
        (format!("https://localhost:{registry}"), format!("https://127.0.0.1:{auth}"));
    let check = || {
        let outcome = Home::new()
            .dhlimit(["check", "nginx", "-o", "json", "--anonymous", "--ca-cert", &ca])
            .env("DHLIMIT_REGISTRY_URL", &registry_url)
            .env("DHLIMIT_AUTH_URL", &auth_url)
            .run()
            .expect_code(0);
        let report = outcome.json();
        assert_eq!(report["readings"][0]["state"], "limited", "{outcome:?}");
        round_trips(outcome.elapsed)
    };
    // The machine may be busy once; it is not busy three times in a row for a fifth of a second.
    let trips = (0..3).map(|_| check()).fold(f64::MAX, f64::min);
    assert!((4.0..5.0).contains(&trips), "a cold check took {trips:.2} round trips");

    // curl, one after the other, on the same network.
    if require("curl").is_none() {
        return;
    }
    let script = format!(
        "token=$(curl -fsS --cacert '{ca}' '{auth_url}/token?service=registry.docker.io&scope=repository:library/nginx:pull' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/') && \
         curl -fsSI --cacert '{ca}' -H \"Authorization: Bearer $token\" '{registry_url}/v2/library/nginx/manifests/latest'"
    );
    let curl = Home::new().program("sh", ["-c", &script]).run().expect_code(0);
    assert!(curl.stdout.to_ascii_lowercase().contains("ratelimit-remaining"), "{curl:?}");
    let theirs = round_trips(curl.elapsed);
    eprintln!(
        "a cold check: {trips:.2} round trips, curl for the token and curl for the HEAD: {theirs:.2}"
    );
    assert!(theirs >= 6.0, "the delayed network let curl do it in {theirs:.2} round trips");
}

/// The fewest round trips that a cold check of so many images took, and the connections it opened to
/// the registry and to the token service; a sandbox of this profile is far away.
fn many(images: usize, profile: &str) -> (f64, usize, usize) {
    let home = Home::new();
    let ca = home.path().join("ca.pem").display().to_string();
    let sandbox = Sandbox::start_in(home, &[&format!("--tls={ca}"), "--profile", profile]);
    let at: SocketAddr = sandbox.authority().parse().unwrap();
    let counts: [Arc<AtomicUsize>; 2] = Default::default();
    let [registry, auth] = counts.clone().map(|count| far_away_counted(at, count));
    let names: Vec<String> = (0..images).map(|number| format!("library/image-{number}")).collect();
    let mut fewest = (f64::MAX, usize::MAX, usize::MAX);
    // The machine may be busy once; it is not busy three times in a row.
    for _ in 0..3 {
        for count in &counts {
            count.store(0, Ordering::SeqCst);
        }
        let fixed = ["check", "-o", "json", "--anonymous", "--ca-cert", &ca];
        let outcome = Home::new()
            .dhlimit(fixed.into_iter().chain(names.iter().map(String::as_str)))
            .env("DHLIMIT_REGISTRY_URL", format!("https://localhost:{registry}"))
            .env("DHLIMIT_AUTH_URL", format!("https://127.0.0.1:{auth}"))
            .run()
            .expect_code(0);
        let report = outcome.json();
        let readings = report["readings"].as_array().unwrap();
        assert_eq!(readings.len(), images, "{outcome:?}");
        assert!(readings.iter().all(|reading| reading["state"] == "limited"), "{outcome:?}");
        let [registry, auth] = counts.each_ref().map(|count| count.load(Ordering::SeqCst));
        let trips = round_trips(outcome.elapsed);
        eprintln!(
            "{images} images, {profile}: {trips:.2} round trips, {registry} + {auth} connections, {} KiB",
            outcome.peak_memory / 1024
        );
        fewest = (trips.min(fewest.0), registry.min(fewest.1), auth.min(fewest.2));
    }
    fewest
}

#[test]
fn many_images_share_one_connection_over_http_2_and_take_no_more_round_trips() {
    let (trips, registry, auth) = many(20, "2026");
    assert!((4.0..5.5).contains(&trips), "20 images took {trips:.2} round trips");
    assert_eq!((registry, auth), (1, 1), "connections");
}

#[test]
fn many_images_of_a_server_without_http_2_are_all_read() {
    let (trips, registry, auth) = many(20, "2020");
    assert!(trips < 12.0, "20 images took {trips:.2} round trips");
    assert!((2..=20).contains(&registry) && (2..=20).contains(&auth), "{registry} and {auth}");
}
