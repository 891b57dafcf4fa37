//! A long run: one connection, one request a poll, flat memory, little work. Two thousand polls
//! usually; `DHLIMIT_SOAK=100000` for the real thing, best with `--release`.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use super::line::Cable;
use crate::harness::{Sandbox, dhlimit, wait_for};

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
    let ticks = |place: usize| fields.get(place).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    (ticks(11) + ticks(12)) * 10
}

#[test]
fn many_polls_take_one_connection_one_request_each_and_flat_memory() {
    let polls = std::env::var("DHLIMIT_SOAK").ok().and_then(|polls| polls.parse().ok()).unwrap_or(2_000_u64);
    let sandbox = Sandbox::start(&[]);
    let cable = Cable::to(sandbox.authority());
    let url = cable.url();
    let args = ["watch", "--interval", "0s", "-q", "--registry-url", &url, "--auth-url", &url];
    let running = dhlimit(args).limit(Duration::from_secs(1_800)).start();
    let requests = |kind: &str| sandbox.state()["identities"][0]["requests"][kind].as_u64().unwrap_or(0);
    let reach = |count: u64| {
        let reached = wait_for(Duration::from_secs(1_700), || (requests("head") >= count).then_some(()));
        assert!(reached.is_some(), "only {} polls", requests("head"));
    };
    reach(1_000.min(polls / 2));
    let early = resident(running.id());
    reach(polls);
    let (late, work, head) = (resident(running.id()), worked(running.id()), requests("head"));
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    let lines = u64::try_from(outcome.stdout.lines().count()).expect("a count");
    let (heads, tokens, all) = (requests("head"), requests("token"), sandbox.state()["identities"][0]["requests"].clone());
    println!(
        "{heads} polls, {tokens} tokens, {} connections, {early} KiB then {late} KiB, {} µs a poll",
        cable.connections(),
        work * 1_000 / head
    );
    // One to the registry, and one a token: the sandbox closes what has been idle for a minute. On a
    // machine so busy that a task waits a millisecond, the pool may open another; seen once in 100,000.
    let most = 1 + tokens + heads / 50_000;
    assert!(cable.connections() <= most, "{} connections for {tokens} tokens", cable.connections());
    assert_eq!(tokens, 1 + heads_per_token(&outcome.elapsed), "{all}");
    assert!(heads - lines <= 1, "{heads} requests for {lines} readings");
    assert_eq!((requests("get"), requests("other")), (0, 0), "{all}");
    assert!(late * 100 <= early * 105 + 25_600, "memory grew from {early} to {late} KiB");
}

/// Tokens live for five minutes and are renewed a little earlier.
fn heads_per_token(elapsed: &Duration) -> u64 {
    elapsed.as_secs() / 285
}
