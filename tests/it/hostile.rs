//! Answers that no registry should give, and some that only Docker Hub does: a table. Each row says
//! what the token service and the registry do, and what `check` must make of it. Every row is asked
//! with a planted password and at `-vvv`; none may show it, outlast its deadline or eat memory.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;

use crate::harness::Home;

const USER: &str = "planted-user";
const PASSWORD: &str = "hunter2-planted-password";
const TOKEN: &str = "planted.bearer.token";
/// The deadline of rows that must reach it.
const SHORT: Duration = Duration::from_secs(2);
/// The deadline of rows that must not, on a busy machine neither.
const LONG: Duration = Duration::from_secs(10);
/// What starting, a debug build and the other tests may add to it.
const SLACK: Duration = Duration::from_secs(8);
/// What a check may use at the most.
const MEMORY_MAX: u64 = 40 * 1024 * 1024;

/// What a server does with one request.
#[derive(Clone)]
enum Reply {
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// Nothing: the connection is closed.
    Close,
    /// Nothing at all, for as long as the other side waits.
    Silence,
    /// One byte a second.
    Drip(Vec<u8>),
    /// These bytes, then the filler again and again, 8 GiB at the most.
    Flood(Vec<u8>, &'static [u8]),
    /// One reply after the other, the last again.
    InTurn(Vec<Reply>),
}

fn http(status: &str, headers: &[&str], body: &str) -> Reply {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    Reply::Bytes(
        format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    )
}

/// Docker Hub's answer to a HEAD with these headers besides.
fn manifest(status: &str, headers: &[&str]) -> Reply {
    let mut all = vec![
        "Content-Type: application/vnd.oci.image.index.v1+json",
        "Docker-Content-Digest: sha256:aa",
    ];
    all.extend(headers);
    http(status, &all, "")
}

fn token() -> Reply {
    http(
        "200 OK",
        &["Content-Type: application/json"],
        &format!(r#"{{"token":"{TOKEN}","expires_in":300}}"#),
    )
}

/// A server on a free port: `/token…` is answered by one reply, everything else by another.
struct Puppet {
    port: u16,
    stop: Arc<AtomicBool>,
    heads: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Puppet {
    fn start(token: Reply, registry: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let heads = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (stopped, seen) = (stop.clone(), heads.clone());
        let turns = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (token, registry, turns, seen, stopped) =
                    (token.clone(), registry.clone(), turns.clone(), seen.clone(), stopped.clone());
                thread::spawn(move || serve(stream, &token, &registry, &turns, &seen, &stopped));
            }
        });
        Self { port, stop, heads }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The heads of all requests so far.
    fn heads(&self) -> String {
        self.heads.lock().unwrap().join("\n")
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(
    mut stream: TcpStream,
    token: &Reply,
    registry: &Reply,
    turns: &(AtomicUsize, AtomicUsize),
    seen: &std::sync::Mutex<Vec<String>>,
    stopped: &AtomicBool,
) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) if head.len() < 16_384 => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let is_token = head.split(' ').nth(1).is_some_and(|path| path.starts_with("/token"));
    seen.lock().unwrap().push(head);
    let (reply, turn) = if is_token {
        (token, turns.0.fetch_add(1, Ordering::SeqCst))
    } else {
        (registry, turns.1.fetch_add(1, Ordering::SeqCst))
    };
    let reply = match reply {
        Reply::InTurn(replies) => &replies[turn.min(replies.len() - 1)],
        other => other,
    };
    let end = Instant::now() + Duration::from_secs(20);
    match reply {
        Reply::Bytes(bytes) => drop(stream.write_all(bytes)),
        Reply::Close | Reply::InTurn(_) => {}
        Reply::Silence => {
            while Instant::now() < end && !stopped.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(20));
            }
        }
        Reply::Drip(bytes) => {
            for byte in bytes {
                if stream.write_all(&[*byte]).is_err() || stopped.load(Ordering::SeqCst) {
                    return;
                }
                thread::sleep(Duration::from_secs(1));
            }
        }
        Reply::Flood(start, filler) => {
            let block = filler.repeat(65_536 / filler.len() + 1);
            let _ = stream.write_all(start);
            for _ in 0..(8 << 30) / block.len() {
                if stopped.load(Ordering::SeqCst)
                    || Instant::now() > end
                    || stream.write_all(&block).is_err()
                {
                    return;
                }
            }
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    thread::sleep(Duration::from_millis(5));
}

/// A row: what it is called, what the two servers do, and what must come of it.
struct Row(&'static str, Reply, Reply, &'static str, Option<&'static str>, i32);

const PULL_LIMIT: &str = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}]}"#;
const ACCOUNT: &str = "Docker-RateLimit-Source: planted-user";

fn good() -> Reply {
    manifest("200 OK", &["RateLimit-Limit: 100;w=3600", "RateLimit-Remaining: 76;w=3600", ACCOUNT])
}

fn challenge(error: &str, realm: &str) -> Reply {
    manifest(
        "401 Unauthorized",
        &[&format!(
            "WWW-Authenticate: Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:library/nginx:pull\"{error}"
        )],
    )
}

fn rows() -> Vec<Row> {
    let limited = |headers: &[&str]| manifest("200 OK", headers);
    let raw = |text: &str| Reply::Bytes(text.as_bytes().to_vec());
    let page = |status: &str| {
        http(
            status,
            &["Content-Type: text/html"],
            "<html><title>Hotel WiFi</title>\u{1b}[31mPlease log in</html>",
        )
    };
    vec![
        // What Docker Hub really does.
        Row("the good answer", token(), good(), "limited", None, 0),
        Row("no window", token(), limited(&["RateLimit-Limit: 100", "RateLimit-Remaining: 7"]), "limited", None, 0),
        Row("only the x- pair", token(), limited(&["X-RateLimit-Limit: 200;w=3600", "X-RateLimit-Remaining: 3;w=3600"]), "limited", None, 0),
        Row("both pairs, disagreeing", token(), limited(&["ratelimit-limit: 100", "ratelimit-remaining: 9", "x-ratelimit-limit: 100", "x-ratelimit-remaining: 0"]), "exhausted", None, 1),
        Row("zero left", token(), limited(&["ratelimit-limit: 100;w=21600", "ratelimit-remaining: 0;w=21600"]), "exhausted", None, 1),
        Row("less than zero left", token(), limited(&["ratelimit-limit: 100;w=21600", "ratelimit-remaining: -1;w=21600"]), "exhausted", None, 1),
        Row("empty numbers", token(), limited(&["ratelimit-limit: ;w=21600", "ratelimit-remaining: ;w=21600"]), "unknown", None, 5),
        Row("numbers beyond all bounds", token(), limited(&["ratelimit-limit: 99999999999999999999", "ratelimit-remaining: 5"]), "unknown", None, 5),
        Row("a limit without what remains", token(), limited(&["ratelimit-limit: 100;w=60"]), "unknown", None, 5),
        Row("an IETF draft's form", token(), limited(&["RateLimit: limit=100, remaining=50, reset=5"]), "limited", None, 0),
        Row("a paid account", token(), limited(&[ACCOUNT]), "unlimited", None, 0),
        Row("nothing about limits", token(), limited(&[]), "unlimited", None, 0),
        Row("an unknown tag with the count", token(), http("404 Not Found", &["ratelimit-limit: 100;w=60", "ratelimit-remaining: 50;w=60"], ""), "limited", None, 0),
        Row("an unknown tag without it", token(), http("404 Not Found", &["Docker-Distribution-Api-Version: registry/2.0"], ""), "failed", Some("not_found"), 4),
        Row("an unknown tag in JSON", token(), http("404 Not Found", &["Content-Type: application/json; charset=utf-8"], r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#), "failed", Some("not_found"), 4),
        Row("a 404 of nobody in particular", token(), http("404 Not Found", &[], ""), "failed", Some("protocol"), 3),
        Row("a 404 of a web server", token(), page("404 Not Found"), "failed", Some("protocol"), 3),
        Row("a 404 in plain text", token(), http("404 Not Found", &["Content-Type: text/plain", "Server: x"], "404 page not found"), "failed", Some("protocol"), 3),
        Row("a bare 429", token(), http("429 Too Many Requests", &[], ""), "exhausted", None, 1),
        Row("a 429 to be asked again at no time", token(), http("429 Too Many Requests", &["Retry-After: -5"], ""), "throttled", Some("overall_limit"), 7),
        Row("a 429 to be asked again in words", token(), http("429 Too Many Requests", &["Retry-After: soon"], ""), "throttled", Some("overall_limit"), 7),
        Row("a 429 to be asked again in a blank", token(), http("429 Too Many Requests", &["Retry-After: "], ""), "throttled", Some("overall_limit"), 7),
        Row("a 429 to be asked again after the end of time", token(), http("429 Too Many Requests", &["Retry-After: 10000000000000000000000"], ""), "throttled", Some("overall_limit"), 7),
        Row("a 429 with the x- pair", token(), http("429 Too Many Requests", &["x-ratelimit-limit: 100;w=3600", "x-ratelimit-remaining: 0;w=3600"], ""), "exhausted", None, 1),
        Row("a 429 with words for a HEAD", token(), http("429 Too Many Requests", &["Content-Type: application/json"], PULL_LIMIT), "exhausted", None, 1),
        Row("the overall limit", token(), http("429 Too Many Requests", &["Content-Type: text/plain", "Retry-After: 60"], "Too Many Requests"), "throttled", Some("overall_limit"), 7),
        Row("the overall limit of 2020, bare line feeds", token(), raw("HTTP/1.0 429 Too Many Requests\nRetry-After: 60\nContent-Type: text/plain\nContent-Length: 28\n\nToo Many Requests (HAP429).\n"), "throttled", Some("overall_limit"), 7),
        Row("a 429 though pulls remain", token(), http("429 Too Many Requests", &["ratelimit-limit: 100;w=60", "ratelimit-remaining: 50;w=60"], ""), "throttled", Some("overall_limit"), 7),
        Row("the lock-out of the token service", http("429 Too Many Requests", &["Retry-After: 600"], r#"{"details":"too many failed login attempts for username or IP address"}"#), good(), "throttled", Some("login_limit"), 7),
        Row("a wrong password", http("401 Unauthorized", &[], r#"{"details":"incorrect username or password"}"#), good(), "failed", Some("credentials"), 4),
        Row("export control at the token service", page("403 Forbidden"), good(), "failed", Some("blocked"), 4),
        Row("export control at the registry", token(), page("403 Forbidden"), "failed", Some("blocked"), 4),
        Row("no access", token(), challenge(",error=\"insufficient_scope\"", "http://127.0.0.1:1/token"), "failed", Some("denied"), 4),
        Row("a token that is never good enough", token(), challenge(",error=\"invalid_token\"", "http://127.0.0.1:1/token"), "failed", Some("credentials"), 4),
        Row("our own token, repeated", token(), limited(&["RateLimit-Limit: 100;w=60", "RateLimit-Remaining: 5;w=60", &format!("X-Echo: Bearer {TOKEN}"), &format!("X-RateLimit-Note: {TOKEN}"), &format!("Docker-RateLimit-Source: {TOKEN}")]), "limited", None, 0),
        Row("our own token as the kind of what came", token(), http("200 OK", &[&format!("Content-Type: text/{TOKEN}")], ""), "failed", Some("protocol"), 3),
        // Servers in trouble.
        Row("500 at the token service", http("500 Internal Server Error", &[], ""), good(), "failed", Some("server"), 3),
        Row("503 at the registry", token(), http("503 Service Unavailable", &["Retry-After: 5"], ""), "failed", Some("server"), 3),
        Row("the token service hangs up", Reply::Close, good(), "failed", Some("network"), 3),
        Row("the registry hangs up", token(), Reply::Close, "failed", Some("network"), 3),
        Row("a head cut in two", token(), raw("HTTP/1.1 200 OK\r\nRateLimit-Limit: 10"), "failed", Some("network"), 3),
        Row("a token cut in two", raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"token\":\"plan"), good(), "failed", Some("network"), 3),
        Row("a silent token service", Reply::Silence, good(), "failed", Some("timeout"), 3),
        Row("a silent registry", token(), Reply::Silence, "failed", Some("timeout"), 3),
        Row("a registry of one byte a second", token(), Reply::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()), "failed", Some("timeout"), 3),
        Row("a token of one byte a second", Reply::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"token\":\"aaaaaaaaaaaaaa\"}".to_vec()), good(), "failed", Some("timeout"), 3),
        Row("1xx for ever", token(), Reply::Flood(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n"), "failed", None, 3),
        // Too much.
        Row("endless headers", token(), Reply::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"), "failed", Some("protocol"), 3),
        Row("one endless header", token(), Reply::Flood(b"HTTP/1.1 200 OK\r\nX-Filler: ".to_vec(), b"a"), "failed", Some("protocol"), 3),
        Row("an 8 GiB token", Reply::Flood(b"HTTP/1.1 200 OK\r\nContent-Length: 8589934592\r\n\r\n{\"token\":\"".to_vec(), b"a"), good(), "failed", Some("protocol"), 3),
        Row("an 8 GiB refusal at the token service", Reply::Flood(b"HTTP/1.1 500 Oops\r\nContent-Length: 8589934592\r\n\r\n".to_vec(), b"a"), good(), "failed", Some("server"), 3),
        Row("an 8 GiB body behind a HEAD", token(), Reply::Flood(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\nRateLimit-Limit: 100;w=60\r\nRateLimit-Remaining: 5;w=60\r\nContent-Length: 8589934592\r\n\r\n".to_vec(), b"a"), "limited", None, 0),
        // Not a registry at all.
        Row("a captive portal at the token service", page("200 OK"), good(), "failed", Some("protocol"), 3),
        Row("a captive portal at the registry", token(), page("200 OK"), "failed", Some("protocol"), 3),
        Row("an SSH server", raw("SSH-2.0-OpenSSH_9.2\r\n"), good(), "failed", Some("protocol"), 3),
        Row("a TLS alert in the clear", token(), Reply::Bytes(vec![0x15, 3, 1, 0, 2, 2, 0x50]), "failed", Some("protocol"), 3),
        Row("a token that is none", http("200 OK", &[], r#"{"token":""}"#), good(), "failed", Some("protocol"), 3),
        Row("a token with a line end in it", http("200 OK", &[], r#"{"token":"a\r\nX-Evil: 1"}"#), good(), "failed", Some("protocol"), 3),
        Row("JSON of another kind", http("200 OK", &[], "[[[[[[]]]]]]"), good(), "failed", Some("protocol"), 3),
        Row("a status that is none", token(), raw("HTTP/1.1 999 Hm\r\nContent-Length: 0\r\n\r\n"), "failed", Some("protocol"), 3),
        Row("a challenge without a realm", token(), manifest("401 Unauthorized", &["WWW-Authenticate: Bearer service=\"x\""]), "failed", Some("protocol"), 3),
        // Redirects.
        Row("a redirect in a circle", token(), http("307 Temporary Redirect", &["Location: /v2/library/nginx/manifests/latest"], ""), "failed", Some("protocol"), 3),
        Row("a redirect to nowhere", token(), http("307 Temporary Redirect", &[], ""), "failed", Some("protocol"), 3),
        Row("a redirect to a file", token(), http("302 Found", &["Location: file:///etc/passwd"], ""), "failed", Some("protocol"), 3),
        Row("a redirect at the token service", http("302 Found", &["Location: http://localhost:1/token"], ""), good(), "failed", Some("protocol"), 3),
        // Text that would steer a terminal.
        Row("escape sequences in the source", token(), limited(&["RateLimit-Limit: 100;w=60", "RateLimit-Remaining: 5", "Docker-RateLimit-Source: \u{1b}]0;owned\u{7}\u{1b}[2Jx"]), "failed", Some("protocol"), 3),
        Row("control characters of ISO 8859 in the source", token(), limited(&["RateLimit-Limit: 100;w=60", "RateLimit-Remaining: 5", "Docker-RateLimit-Source: x\u{9b}31mred"]), "limited", None, 0),
        Row("escape sequences in a refusal", http("401 Unauthorized", &[], "{\"details\":\"\\u001b[31mincorrect\\u001b]0;owned\\u0007\"}"), good(), "failed", Some("credentials"), 4),
    ]
}

fn home() -> Home {
    let home = Home::new();
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    home.docker_config(
        &serde_json::json!({"auths": {"https://index.docker.io/v1/": {"auth": auth}}}),
    );
    home
}

/// The planted password in any of the forms in which it could leak.
fn leaks() -> [String; 4] {
    let engine = base64::engine::general_purpose::STANDARD;
    [
        PASSWORD.to_owned(),
        engine.encode(format!("{USER}:{PASSWORD}")),
        engine.encode(PASSWORD),
        TOKEN.to_owned(),
    ]
}

/// Whether all identities, or `user` alone, get of a row what it says.
fn try_row(row: &Row, user: Option<&str>) -> Result<(), String> {
    let Row(name, token, registry, state, kind, code) = row;
    let waits = *code == 3 && matches!(kind, None | Some("timeout"));
    let deadline = if waits { SHORT } else { LONG };
    let timeout = format!("{}s", deadline.as_secs());
    let args = ["check", "nginx", "-o", "json", "-vvv", "--timeout", &timeout]
        .into_iter()
        .chain(user.iter().flat_map(|user| ["--user", user]));
    let puppet = Puppet::start(token.clone(), registry.clone());
    let home = home();
    let started = Instant::now();
    let outcome = home
        .dhlimit(args)
        .env("DHLIMIT_REGISTRY_URL", puppet.url())
        .env("DHLIMIT_AUTH_URL", puppet.url())
        .limit(Duration::from_secs(30))
        .run();
    let elapsed = started.elapsed();
    let wrong = |what: String| {
        Err(format!("{name}: {what}\nstdout: {}\nstderr: {}", outcome.stdout, outcome.stderr))
    };
    let Ok(report) = serde_json::from_str::<serde_json::Value>(&outcome.stdout) else {
        return wrong("no JSON".to_owned());
    };
    let Some(reading) = report["readings"]
        .as_array()
        .and_then(|readings| readings.iter().find(|reading| reading["effective"] == true))
    else {
        return wrong("no effective reading".to_owned());
    };
    if reading["state"] != *state || kind.is_some_and(|kind| reading["error"]["kind"] != kind) {
        return wrong(format!(
            "state {} with error {}, not {state} with {kind:?}",
            reading["state"], reading["error"]["kind"]
        ));
    }
    if outcome.code != Some(*code) {
        return wrong(format!("exit code {:?}, not {code}", outcome.code));
    }
    if elapsed > deadline + SLACK {
        return wrong(format!("took {elapsed:?}"));
    }
    if outcome.peak_memory > MEMORY_MAX {
        return wrong(format!("used {} KiB", outcome.peak_memory / 1024));
    }
    let said = outcome.everything();
    if let Some(leak) = leaks().iter().find(|leak| said.contains(*leak)) {
        return wrong(format!("shows {leak}"));
    }
    if said.contains(|character: char| character != '\n' && character.is_control()) {
        return wrong("passes control characters on".to_owned());
    }
    Ok(())
}

#[test]
fn every_hostile_answer_has_its_state_kind_and_exit_code_within_the_deadline() {
    let rows = rows();
    assert!(rows.len() >= 40);
    let next = AtomicUsize::new(0);
    let wrong = std::sync::Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(words) = try_row(row, None) {
                        wrong.lock().unwrap().push(words);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn a_token_that_is_not_good_enough_once_is_replaced() {
    let refused = challenge(",error=\"invalid_token\"", "http://127.0.0.1:1/token");
    let row = Row(
        "not good enough once",
        token(),
        Reply::InTurn(vec![refused, good()]),
        "limited",
        None,
        0,
    );
    try_row(&row, Some(USER)).unwrap();
}

#[test]
fn credentials_never_reach_a_foreign_realm() {
    let stranger = Puppet::start(token(), http("404 Not Found", &[], ""));
    for realm in [
        format!("http://localhost:{}/token", stranger.port),
        format!("http://127.0.0.1.nip.example:{}/token", stranger.port),
        format!("http://127.0.0.2:{}/token", stranger.port),
        format!("http://127.0.0.1:{}/token", stranger.port),
    ] {
        let challenge = http(
            "401 Unauthorized",
            &[&format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"s\"")],
            "",
        );
        let registry = Puppet::start(token(), challenge);
        let outcome = home()
            .dhlimit(["check", "nginx", "-o", "json", "--timeout", "2s"])
            .env("DHLIMIT_REGISTRY_URL", registry.url())
            .run();
        let report = outcome.json();
        let reading = report["readings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|reading| reading["effective"] == true)
            .unwrap();
        assert_eq!(reading["error"]["kind"], "credentials", "{realm}: {reading}");
        assert_eq!(outcome.code, Some(4), "{realm}");
    }
    let heads = stranger.heads();
    assert!(
        !heads.to_ascii_lowercase().contains("authorization")
            && !leaks().iter().any(|leak| heads.contains(leak)),
        "{heads}"
    );
}

#[test]
fn whoever_did_not_log_in_is_not_told_to_check_a_password() {
    let lockout = http("429 Too Many Requests", &["Retry-After: 60"], "Too Many Requests");
    let puppet = Puppet::start(lockout, good());
    for (option, password) in [("--anonymous", false), ("--all-identities", true)] {
        let outcome = home()
            .dhlimit(["check", "nginx", option, "-o", "json", "--timeout", "5s"])
            .env("DHLIMIT_REGISTRY_URL", puppet.url())
            .env("DHLIMIT_AUTH_URL", puppet.url())
            .run()
            .expect_code(7);
        let report = outcome.json();
        for reading in report["readings"].as_array().unwrap() {
            let account = reading["identity"]["kind"] == "account";
            let advice = reading["error"]["advice"].as_str().unwrap();
            assert_eq!(reading["error"]["kind"], "login_limit", "{reading}");
            assert_eq!(advice.contains("check the password"), account, "{reading}");
            assert!(password || !account, "{reading}");
        }
    }
}

#[test]
fn a_redirect_takes_no_authorization_to_another_host() {
    let elsewhere = Puppet::start(
        token(),
        manifest("200 OK", &["RateLimit-Limit: 100;w=60", "RateLimit-Remaining: 5;w=60"]),
    );
    let registry = Puppet::start(
        token(),
        http(
            "307 Temporary Redirect",
            &[&format!("Location: http://localhost:{}/elsewhere", elsewhere.port)],
            "",
        ),
    );
    let outcome = home()
        .dhlimit(["check", "nginx", "-o", "json", "--timeout", "2s"])
        .env("DHLIMIT_REGISTRY_URL", registry.url())
        .env("DHLIMIT_AUTH_URL", registry.url())
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.everything());
    let (there, here) = (elsewhere.heads(), registry.heads());
    assert!(
        there.contains("/elsewhere") && !there.to_ascii_lowercase().contains("authorization"),
        "{there}"
    );
    assert!(here.to_ascii_lowercase().contains("authorization: bearer"), "{here}");
}

#[test]
fn a_password_that_the_token_service_repeats_is_not_shown() {
    let refusal =
        http("401 Unauthorized", &[], &format!(r#"{{"details":"no such password: {PASSWORD}"}}"#));
    let puppet = Puppet::start(refusal, manifest("200 OK", &[]));
    let outcome = home()
        .dhlimit(["check", "nginx", "--user", USER, "-o", "json", "-vvv", "--timeout", "2s"])
        .env("DHLIMIT_REGISTRY_URL", puppet.url())
        .env("DHLIMIT_AUTH_URL", puppet.url())
        .run();
    let said = outcome.everything();
    assert!(said.contains("no such password: <redacted>") && !said.contains(PASSWORD), "{said}");
}

#[test]
fn a_refused_reading_has_the_status_source_and_headers_of_the_manifest_answer_alone() {
    let fields = [
        "Docker-RateLimit-Source: 192.0.2.9",
        "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:1/token\",error=\"insufficient_scope\"",
    ];
    let lockout = http("429 Too Many Requests", &["Retry-After: 600"], "{}");
    for (token, status, source) in [
        (token(), serde_json::json!(401), serde_json::json!("192.0.2.9")),
        (lockout, serde_json::Value::Null, serde_json::Value::Null),
    ] {
        let puppet = Puppet::start(token, http("401 Unauthorized", &fields, ""));
        let outcome = home()
            .dhlimit(["check", "nginx", "--user", USER, "-o", "json", "--timeout", "2s"])
            .env("DHLIMIT_REGISTRY_URL", puppet.url())
            .env("DHLIMIT_AUTH_URL", puppet.url())
            .run();
        let reading = &outcome.json()["readings"][0];
        let seen = (
            &reading["http_status"],
            &reading["source"],
            &reading["headers"]["docker-ratelimit-source"],
        );
        assert_eq!(seen, (&status, &source, &source), "{reading}");
        assert_eq!(reading["warnings"], serde_json::json!([]), "{reading}");
    }
}
