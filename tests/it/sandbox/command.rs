//! `dhlimit sandbox` as a process: its first line, its companion command, its end, and TLS.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use rstest::rstest;
use rustix::process::Signal;

use crate::harness::http::{get, request};
use crate::harness::{Home, Sandbox, dhlimit, tools};

/// What a client's TLS hello begins with.
const HELLO: [u8; 11] = [22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3];

fn first_line(stream: &mut TcpStream, sent: &[u8]) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(sent).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[rstest]
#[case("exit 7", 7)]
#[case("exit 0", 0)]
#[case("kill -9 $$", 137)]
fn a_commands_exit_code_is_passed_on(#[case] script: &str, #[case] code: i32) {
    let outcome = dhlimit(["sandbox", "--", "sh", "-c", script]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(code), ""));
}

#[test]
fn a_command_finds_the_sandbox_by_its_variables_and_owns_standard_output() {
    let Some(_) = tools::require("curl") else { return };
    let script = r#"test "$DHLIMIT_REGISTRY_URL" = "$DHLIMIT_AUTH_URL" && curl -s "$DHLIMIT_REGISTRY_URL/_sandbox/state""#;
    let outcome =
        dhlimit(["sandbox", "--profile", "2023", "--", "sh", "-c", script]).run().expect_code(0);
    assert_eq!(outcome.json()["profile"], "2023");
}

#[test]
fn a_log_that_cannot_be_written_is_told_once_and_ends_with_a_whole_line() {
    let Some(_) = tools::require("curl") else { return };
    let home = Home::new();
    let log = home.path().join("requests.jsonl");
    // No file of this process may grow past eight kilobytes, which is as good as a full disk.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" sandbox --log \"$1\" -- sh -c 'for n in $(seq 120); do curl -s -o /dev/null \"$DHLIMIT_REGISTRY_URL/v2/\"; done; echo done'";
    let outcome = home
        .program("sh", ["-c", script, env!("CARGO_BIN_EXE_dhlimit"), log.to_str().unwrap()])
        .run()
        .expect_code(0);
    assert_eq!(outcome.stdout, "done\n");
    assert_eq!(outcome.stderr.matches("cannot write the request log").count(), 1, "{outcome:?}");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.len() > 4_000 && text.ends_with("}\n"), "{} bytes", text.len());
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn a_limit_that_is_no_number_is_not_passed_over_in_silence() {
    let outcome =
        dhlimit(["sandbox", "--account", "ann:x:many", "--", "true"]).run().expect_code(0);
    assert!(outcome.stderr.contains("--account ann:PASSWORD:200"), "{outcome:?}");
    assert!(!outcome.stderr.contains("many"), "it may be a password: {outcome:?}");
}

#[test]
fn a_commands_options_are_its_own() {
    let outcome = dhlimit(["sandbox", "--limit", "5", "--", "echo", "--limit", "6", "-v"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "--limit 6 -v\n"));
}

#[test]
fn an_interrupted_sandbox_ends_its_command_and_leaves_nothing_behind() {
    let script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut running = dhlimit(["sandbox", "--", "sh", "-c", script]).start();
    running.wait_until(Duration::from_secs(20), |running| {
        running.stdout().contains("ready").then_some(())
    });
    running.signal(Signal::TERM);
    let outcome = running.outcome();
    assert_eq!(outcome.code, Some(9), "{outcome:?}");
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}

#[rstest]
#[case("sleep 333; true")]
#[case("trap '' INT; sleep 333 & sleep 333")]
#[case("(trap '' TERM INT; sleep 333; sleep 333) & exec sleep 333")]
fn a_signal_is_sent_on_at_once_and_ends_the_whole_tree(#[case] script: &str) {
    let script = format!("echo ready; {script}");
    let mut running = dhlimit(["sandbox", "--", "sh", "-c", &script]).start();
    running.wait_until(Duration::from_secs(20), |running| {
        running.stdout().contains("ready").then_some(())
    });
    // What is run in the background is under way, too.
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::TERM);
    let outcome = running.outcome();
    assert_eq!(outcome.code, Some(143), "{outcome:?}");
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}

#[test]
fn without_a_command_it_serves_until_it_is_interrupted() {
    let mut sandbox = Sandbox::start(&["--limit", "5"]);
    assert_eq!(sandbox.state()["profile"], "2026");
    let url = sandbox.url().to_owned();
    sandbox.running().signal(Signal::INT);
    let ended = crate::harness::wait_for(Duration::from_secs(10), || {
        sandbox.running().has_ended().then_some(())
    });
    assert!(ended.is_some(), "it did not end");
    assert!(request("GET", &url, &[], "").is_err());
}

#[test]
fn an_interrupt_is_130() {
    let mut running = dhlimit(["sandbox"]).start();
    let url = running.wait_until(Duration::from_secs(20), |running| {
        running.stdout().lines().next().map(str::to_owned)
    });
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    running.signal(Signal::INT);
    assert_eq!(running.outcome().code, Some(130));
}

#[rstest]
#[case(&["--limit", "2000000"], "more than 1000000")]
#[case(&["--limit", "-1"], "-1")]
#[case(&["--window", "0s"], "at least 1s")]
#[case(&["--window", "1500ms"], "whole seconds")]
#[case(&["--window", "40d"], "longer than 31 days")]
#[case(&["--profile", "2021"], "[possible values: 2020, 2023, 2026")]
#[case(&["--law", "gravity"], "[possible values: sliding, fixed, bucket]")]
#[case(&["--account", "alice"], "USER:PASSWORD")]
#[case(&["--account", "a:b", "--account", "a:c"], "there twice")]
#[case(&["--token-life", "0s"], "token life")]
#[case(&["--traffic", "heavy"], "no traffic pattern")]
#[case(&["--log", "/nonexistent/folder/log"], "request log")]
#[case(&["--tls=/nonexistent/folder/ca.pem"], "/nonexistent/folder/ca.pem")]
#[case(&["--listen", "127.0.0.1"], "127.0.0.1")]
#[case(&["--print-setup", "docker", "--", "true"], "cannot be used with")]
#[case(&["--", "/nonexistent/program"], "cannot run /nonexistent/program")]
fn what_makes_no_sense_is_refused_by_name(#[case] options: &[&str], #[case] said: &str) {
    let outcome = dhlimit(["sandbox"].iter().chain(options)).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
}

#[test]
fn a_port_that_is_taken_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let outcome = dhlimit(["sandbox", "--listen", &address]).run();
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains(&format!("cannot listen on {address}")), "{}", outcome.stderr);
}

#[test]
fn a_tls_hello_on_the_plain_port_is_answered_in_plain_http() {
    let sandbox = Sandbox::start(&[]);
    let mut stream = TcpStream::connect(sandbox.authority()).unwrap();
    assert_eq!(first_line(&mut stream, &HELLO), "HTTP/1.1 400 Bad Request");
    assert_eq!(get(&format!("{}/v2/", sandbox.url())).status, 401, "and it goes on serving");
}

#[test]
fn tls_is_spoken_with_a_ca_that_lies_where_it_was_told() {
    let Some(curl) = tools::require("curl") else { return };
    let home = Home::new();
    let ca = home.path().join("ca.pem");
    let mut sandbox = Sandbox::start_in(home, &[&format!("--tls={}", ca.display())]);
    assert!(sandbox.url().starts_with("https://127.0.0.1:"));
    assert_eq!(sandbox.running().stdout().lines().nth(1), Some(ca.to_str().unwrap()));
    let state = format!("{}/_sandbox/state", sandbox.url());
    let home = Home::new();
    let trusting =
        home.program(&curl, ["-s", "--cacert", ca.to_str().unwrap(), &state]).run().expect_code(0);
    assert_eq!(trusting.json()["schema"], "dhlimit/sandbox/1");
    let version = |url: &str| {
        home.program(
            &curl,
            [
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_version}",
                "--cacert",
                ca.to_str().unwrap(),
                url,
            ],
        )
        .run()
        .stdout
    };
    assert_eq!(version(&state), "2", "as Docker Hub does");
    let strange = home.program(&curl, ["-s", &state]).run();
    assert_eq!(strange.code, Some(60), "nobody trusts it by itself");
    let challenge = home
        .program(
            &curl,
            ["-si", "--cacert", ca.to_str().unwrap(), &format!("{}/v2/", sandbox.url())],
        )
        .run();
    assert!(
        challenge.stdout.contains(&format!("realm=\"{}/token\"", sandbox.url())),
        "{}",
        challenge.stdout
    );
    let mut stream = TcpStream::connect(sandbox.authority()).unwrap();
    assert_eq!(
        first_line(&mut stream, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
        "HTTP/1.1 400 Bad Request"
    );
}

#[test]
fn in_2020_tls_had_no_http_2() {
    let Some(curl) = tools::require("curl") else { return };
    let home = Home::new();
    let sandbox = Sandbox::start(&["--tls", "--profile", "2020"]);
    let answer = home.program(curl, ["-sik", &format!("{}/v2/", sandbox.url())]).run().stdout;
    assert!(
        answer.starts_with("HTTP/1.1 401") && answer.contains("Www-Authenticate: Bearer"),
        "{answer}"
    );
}

#[test]
fn a_temporary_ca_goes_with_the_sandbox() {
    let home = Home::new();
    let temporary = home.path().join("tmp");
    let outcome = home
        .dhlimit([
            "sandbox",
            "--tls",
            "--",
            "sh",
            "-c",
            "cat \"$DHLIMIT_CA_CERT\"; echo \"$DHLIMIT_REGISTRY_URL\"",
        ])
        .run();
    assert!(outcome.stdout.starts_with("-----BEGIN CERTIFICATE-----"), "{outcome:?}");
    assert!(outcome.stdout.lines().last().unwrap().starts_with("https://127.0.0.1:"));
    assert_eq!(std::fs::read_dir(temporary).unwrap().count(), 0);
}

#[test]
fn the_log_file_has_a_json_line_for_each_request() {
    let home = Home::new();
    let path = home.path().join("requests.jsonl");
    let sandbox = Sandbox::start_in(home, &["--log", path.to_str().unwrap()]);
    get(&format!("{}/token", sandbox.url()));
    get(&format!("{}/v2/", sandbox.url()));
    let text = std::fs::read_to_string(&path).unwrap();
    let paths: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["path"].to_string())
        .collect();
    assert_eq!(paths, ["\"/token\"", "\"/v2/\""]);
}

#[rstest]
#[case("nerdctl", "--hosts-dir")]
#[case("containerd", "ctr images pull")]
#[case("podman", "CONTAINERS_REGISTRIES_CONF")]
#[case("docker", "registry-mirrors")]
fn the_setup_names_the_address_that_was_given(#[case] runtime: &str, #[case] said: &str) {
    let mut sandbox = Sandbox::start(&["--print-setup", runtime]);
    let authority = sandbox.authority().to_owned();
    let text = sandbox.running().stdout();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert!(
        lines.iter().any(|line| line.contains(said))
            && lines.iter().any(|line| line.contains(&authority)),
        "{text}"
    );
}
