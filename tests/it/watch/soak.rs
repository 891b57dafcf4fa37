//! A long run: one connection, one request a poll and one a token, flat memory, little work. Five
//! thousand polls usually; `DHLIMIT_SOAK=100000` for the real thing, best with `--release`.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use super::line::Cable;
use crate::harness::{Home, Running, Sandbox, dhlimit};

/// Resident memory in KiB.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Processor time in milliseconds: of a hundredth of a second each.
fn worked(id: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks =
        |place: usize| fields.get(place).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    (ticks(11) + ticks(12)) * 10
}

/// A watch without pause through a cable to a sandbox; `more` are options to trust it.
fn start(sandbox: &Sandbox, more: &[&str]) -> (Cable, Running) {
    let cable = Cable::to(sandbox.authority());
    let scheme = sandbox.url().split(':').next().expect("a scheme");
    let url = cable.url().replacen("http", scheme, 1);
    let args = ["watch", "--interval", "0s", "-q", "--registry-url", &url, "--auth-url", &url];
    let running = dhlimit(args.iter().chain(more)).limit(Duration::from_secs(1_800)).start();
    (cable, running)
}

/// Waits until so many readings are shown, without taking the machine's time for it.
fn reach(running: &mut Running, readings: usize) {
    running.wait_until(Duration::from_secs(1_700), |running| {
        sleep(Duration::from_millis(50));
        (running.stdout().lines().count() >= readings).then_some(())
    });
}

#[test]
fn many_polls_take_one_connection_one_request_each_and_flat_memory() {
    let polls = std::env::var("DHLIMIT_SOAK")
        .ok()
        .and_then(|polls| polls.parse().ok())
        .unwrap_or(5_000_usize);
    let sandbox = Sandbox::start(&["--token-life", "12s"]);
    let (cable, mut running) = start(&sandbox, &[]);
    reach(&mut running, 1_000.min(polls / 2));
    let early = resident(running.id());
    reach(&mut running, polls);
    let (late, work, heads) =
        (resident(running.id()), worked(running.id()), running.stdout().lines().count());
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    let requests = sandbox.state()["identities"][0]["requests"].clone();
    let of = |kind: &str| requests[kind].as_u64().unwrap_or(0);
    let (tokens, work) = (of("token"), work * 1_000 / u64::try_from(heads).expect("a count"));
    println!(
        "{requests} in {:?}, {} connections, {early} KiB then {late} KiB, {work} µs a poll",
        outcome.elapsed,
        cable.connections()
    );
    // The token service is the same server: everything goes over one connection.
    assert_eq!(cable.connections(), 1, "{requests}");
    let lines = u64::try_from(outcome.stdout.lines().count()).expect("a count");
    assert!(of("head") - lines <= 1, "{requests} for {lines} readings");
    // Renewed after nine tenths of their life.
    let due = 1 + u64::try_from(outcome.elapsed.as_millis() / 10_800).expect("a count");
    assert!(tokens == due || tokens + 1 == due, "{tokens} tokens where {due} were due");
    assert_eq!((of("get"), of("other")), (0, 0), "{requests}");
    assert!(late * 100 <= early * 105, "memory grew from {early} to {late} KiB");
    assert!(work < 1_000, "{work} µs of work a poll");
}

#[test]
fn over_tls_it_is_one_connection_too() {
    let home = Home::new();
    let ca = home.path().join("ca.pem").display().to_string();
    let sandbox = Sandbox::start_in(home, &["--token-life", "1s", &format!("--tls={ca}")]);
    let (cable, mut running) = start(&sandbox, &["--ca-cert", &ca, "-o", "jsonl"]);
    running.wait_until(Duration::from_secs(60), |running| {
        let renewed = running.stdout().matches("\"token_renewed\"").count();
        (renewed >= 2 && running.stdout().lines().count() >= 500).then_some(())
    });
    running.signal(Signal::INT);
    running.outcome().expect_code(130);
    assert_eq!(cable.connections(), 1);
}
