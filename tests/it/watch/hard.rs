//! What must never end a watch: a network that goes away ten times, a server that is another one when
//! it comes back, a token service that refuses, an account whose password is no longer right.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::line::Cable;
use super::{documents, events};
use crate::harness::{Home, Running, Sandbox, dhlimit, http, tools};

fn watch(url: &str, more: &[&str]) -> Running {
    let fast = [
        "watch",
        "-o",
        "jsonl",
        "-q",
        "--interval",
        "100ms",
        "--timeout",
        "2s",
        "--registry-url",
        url,
        "--auth-url",
        url,
    ];
    dhlimit(fast.iter().chain(more)).limit(Duration::from_secs(180)).start()
}

fn count(running: &Running, kind: &str) -> usize {
    events(&documents(&running.stdout())).iter().filter(|found| *found == kind).count()
}

/// Waits until an event has happened so many times.
#[track_caller]
fn wait_for_event(running: &mut Running, kind: &str, times: usize) {
    running.wait_until(Duration::from_secs(25), |running| {
        (count(running, kind) >= times).then_some(())
    });
}

#[test]
fn a_network_cut_ten_times_ends_nothing_and_makes_no_hot_loop() {
    let sandbox = Sandbox::start(&[]);
    let cable = Cable::to(sandbox.authority());
    let mut running = watch(&cable.url(), &[]);
    running.wait_until(Duration::from_secs(20), |running| {
        documents(&running.stdout()).get(2).map(drop)
    });
    for turn in 1..=10 {
        cable.cut();
        let (before, started) = (cable.refused(), Instant::now());
        wait_for_event(&mut running, "network_lost", turn);
        sleep(Duration::from_millis(600));
        // The first wait is an eighth of a second at the least, then twice that and so on; a reading
        // tries its token and its manifest, and a broken connection once more.
        let (tried, most) = (cable.refused() - before, 4 + started.elapsed().as_millis() / 125 * 3);
        assert!(u128::from(tried) <= most.min(24), "{tried} tries in {:?}", started.elapsed());
        cable.mend();
        wait_for_event(&mut running, "network_back", turn);
    }
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    let kinds: Vec<String> = events(&documents(&outcome.stdout))
        .into_iter()
        .filter(|kind| kind.starts_with("network"))
        .collect();
    let wanted: Vec<&str> = ["network_lost", "network_back"].repeat(10);
    assert_eq!(kinds, wanted);
}

#[test]
fn a_restarted_server_is_asked_with_a_new_token() {
    let first = Sandbox::start(&[]);
    let authority = first.authority().to_owned();
    let mut running = watch(&format!("http://{authority}"), &[]);
    running.wait_until(Duration::from_secs(20), |running| {
        documents(&running.stdout()).get(2).map(drop)
    });
    drop(first);
    wait_for_event(&mut running, "network_lost", 1);
    sleep(Duration::from_secs(1));
    // It has forgotten its keys: no token of the first is good with the second.
    let second = dhlimit(["sandbox", "--listen", &authority]).start();
    wait_for_event(&mut running, "network_back", 1);
    wait_for_event(&mut running, "token_renewed", 1);
    running.wait_until(Duration::from_secs(20), |running| {
        documents(&running.stdout())
            .last()
            .filter(|document| document["state"] == "limited")
            .map(drop)
    });
    drop(second);
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    let kinds: Vec<String> = events(&documents(&outcome.stdout)).into_iter().take(3).collect();
    assert_eq!(kinds, ["network_lost", "token_renewed", "network_back"]);
}

#[test]
fn an_account_whose_password_changes_is_asked_rarely_and_comes_back() {
    let home = Home::new();
    let first = Sandbox::start(&["--account", "tidewater-ci:one:200", "--token-life", "1s"]);
    let authority = first.authority().to_owned();
    let password = home.write("password", "one");
    let mut running = watch(
        first.url(),
        &["--user", "tidewater-ci", "--password-file", password.to_str().expect("UTF-8")],
    );
    running.wait_until(Duration::from_secs(20), |running| {
        documents(&running.stdout()).get(2).map(drop)
    });
    let restarted = |mut before: Option<Sandbox>, account: &str| {
        drop(before.take());
        let args = ["sandbox", "--listen", &authority, "--token-life", "1s", "--account", account];
        let mut sandbox = dhlimit(args).start();
        sandbox.wait_until(Duration::from_secs(20), |sandbox| {
            sandbox.stdout().contains("http://").then_some(())
        });
        sandbox
    };
    let changed = restarted(Some(first), "tidewater-ci:two:200");
    wait_for_event(&mut running, "fault_began", 1);
    let log = || http::get(&format!("http://{authority}/_sandbox/log")).body.lines().count();
    let (asked, started) = (log(), Instant::now());
    sleep(Duration::from_secs(3));
    let tried = log() - asked;
    assert!(
        (1..=8).contains(&tried),
        "{tried} requests in {:?} of a wrong password",
        started.elapsed()
    );
    drop(changed);
    let back = restarted(None, "tidewater-ci:one:200");
    wait_for_event(&mut running, "fault_ended", 1);
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    drop(back);
    let documents = documents(&outcome.stdout);
    let fault = documents
        .iter()
        .find(|document| document["error"]["kind"] == "credentials")
        .expect("the reading that was refused");
    assert!(fault["state"] == "failed" && fault["identity"]["user"] == "tidewater-ci", "{fault}");
    assert_eq!(documents.last().expect("readings")["limit"], 200);
}

#[test]
fn after_a_sleep_of_the_machine_no_dead_connection_is_waited_for() {
    let Some(_) = tools::require("faketime") else { return };
    let sandbox = Sandbox::start(&[]);
    let cable = Cable::to(sandbox.authority());
    let home = Home::new();
    let clock = home.write("clock", "+0");
    let args = [
        "watch",
        "-o",
        "jsonl",
        "-q",
        "--interval",
        "500ms",
        "--timeout",
        "60s",
        "--registry-url",
        &cable.url(),
    ];
    let mut running = home
        .dhlimit(args.into_iter().chain(["--auth-url", &cable.url()]))
        // The loader's own word for the folder of libraries. What waits is left alone, as in a sleep.
        .env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1")
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .limit(Duration::from_secs(90))
        .start();
    running.wait_until(Duration::from_secs(20), |running| {
        documents(&running.stdout()).get(2).map(drop)
    });
    assert_eq!(cable.connections(), 1);
    cable.swallow();
    std::fs::write(&clock, "+7200").expect("a clock to set");
    running.wait_until(Duration::from_secs(30), |running| {
        (count(running, "clock_jumped") == 1).then_some(())
    });
    running.signal(Signal::INT);
    let documents = documents(&running.outcome().expect_code(130).stdout);
    assert!(documents.iter().all(|document| document["state"] == "limited"), "{documents:?}");
    assert_eq!(cable.connections(), 2);
}

#[test]
fn a_token_service_that_refuses_is_left_alone_and_asked_again() {
    let sandbox = Sandbox::start(&["--token-life", "1s"]);
    let mut running = watch(sandbox.url(), &[]);
    let profile = |name: &str| sandbox.set(&serde_json::json!({ "profile": name }));
    running.wait_until(Duration::from_secs(20), |running| {
        documents(&running.stdout()).get(2).map(drop)
    });
    profile("lockout");
    wait_for_event(&mut running, "throttle_began", 1);
    let (asked, started) = (sandbox.log().len(), Instant::now());
    sleep(Duration::from_secs(3));
    let tried = sandbox.log().len() - asked;
    assert!(tried <= 6, "{tried} requests in {:?} of a lock-out", started.elapsed());
    profile("blocked");
    wait_for_event(&mut running, "fault_began", 1);
    profile("2026");
    wait_for_event(&mut running, "fault_ended", 1);
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    assert!(events(&documents(&outcome.stdout)).contains(&"token_renewed".to_owned()));
}

#[test]
fn a_registry_that_never_answers_holds_up_no_other() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = format!("{}/team/app:1", mute.local_addr().expect("its address"));
    let outcome = dhlimit([
        "watch",
        "nginx",
        &silent,
        "--sandbox",
        "--interval",
        "200ms",
        "--for",
        "4s",
        "-o",
        "jsonl",
    ])
    .run();
    let read = outcome.stdout.lines().filter(|line| line.contains("library/nginx")).count();
    assert!((10..=21).contains(&read), "{read} readings in 4 s at 200 ms each: {outcome:?}");
}
