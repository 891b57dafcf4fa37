//! `serve`: what it answers, to whom, what it costs, and what an outage looks like from outside.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Home, Outcome, Running, Sandbox, http, tools};

/// How long something may take to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server and its URL, without the last slash.
struct Served {
    running: Running,
    url: String,
}

impl Served {
    fn start(home: &Home, sandbox: &Sandbox, args: &[&str]) -> Self {
        let fixed = ["serve", "--listen", "127.0.0.1:0"];
        let mut running = home
            .dhlimit(fixed.iter().chain(args))
            .envs(sandbox.as_docker_hub())
            .limit(Duration::from_secs(60))
            .start();
        let url = running
            .wait_until(PATIENCE, |running| running.stdout().lines().next().map(str::to_owned));
        Self { running, url: url.trim_end_matches('/').to_owned() }
    }

    fn get(&self, path: &str) -> http::Answer {
        http::get(&format!("{}{path}", self.url))
    }

    /// The metrics once they have something.
    fn metrics(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let url = format!("{}/metrics", self.url);
        self.running
            .wait_until(PATIENCE, |_| Some(http::get(&url).body).filter(|metrics| wanted(metrics)))
    }

    fn end(self) -> Outcome {
        self.running.signal(Signal::TERM);
        self.running.outcome().expect_code(130)
    }
}

/// The value of the first sample whose line begins so.
fn value(metrics: &str, begin: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.starts_with(begin))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[test]
fn scrapes_and_pages_cost_the_registry_nothing() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&["--limit", "77"]));
    let mut served = Served::start(&home, &sandbox, &["nginx", "redis:7", "--interval", "1h"]);
    served.metrics(|metrics| metrics.matches("dhlimit_pulls_remaining{").count() == 2);
    assert_eq!(served.get("/readyz").status, 200);
    let before = sandbox.log().len();
    for _ in 0..20 {
        let page = served.get("/");
        assert!(page.body.contains("77 of 77 pulls left"), "{page:?}");
        assert!(
            page.header("content-security-policy")
                .is_some_and(|policy| policy.contains("default-src 'none'"))
        );
        let metrics = served.get("/metrics");
        assert_eq!(value(&metrics.body, "dhlimit_pulls_limit{"), Some(77.0), "{metrics:?}");
        assert_eq!(served.get("/healthz").body, "ok\n");
        let readings = served.get("/api/v1/readings").json();
        assert_eq!(readings["schema"], "dhlimit/check/1");
        assert_eq!(readings["readings"].as_array().map(Vec::len), Some(2), "{readings}");
        let history = served.get("/api/v1/history?identity=anonymous").json();
        assert_eq!(history["series"][1]["points"][0]["remaining"], 77, "{history}");
        let nobody = served.get("/api/v1/history?identity=nobody").json();
        assert_eq!(nobody["series"].as_array().map(Vec::len), Some(0));
        assert_eq!(served.get("/api/v1/history?from=yesterday").status, 400);
    }
    assert_eq!(sandbox.log().len(), before, "requests because of scrapes");
    assert_eq!(served.end().stdout.lines().count(), 1);
}

#[test]
fn promtool_has_no_remark_and_open_metrics_ends_as_it_should() {
    let Some(promtool) = tools::require("promtool") else { return };
    for options in [
        &["--limit", "7"][..],
        &["--profile", "paid"],
        &["--profile", "abuse"],
        &["--profile", "odd"],
    ] {
        let (home, sandbox) = (Home::new(), Sandbox::start(options));
        let mut served = Served::start(&home, &sandbox, &["nginx", "--interval", "200ms"]);
        let metrics = served.metrics(|metrics| value(metrics, "dhlimit_checks_total{").is_some());
        let verdict = home.program(&promtool, ["check", "metrics"]).stdin(metrics.clone()).run();
        assert_eq!((verdict.code, verdict.everything().trim()), (Some(0), ""), "{metrics}");
        let accept = [("accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")];
        let open = http::request("GET", &format!("{}/metrics", served.url), &accept, "").unwrap();
        assert!(
            open.header("content-type")
                .is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
        );
        assert!(
            open.body.ends_with("# EOF\n") && open.body.contains("# TYPE dhlimit_checks counter\n")
        );
        assert!(open.body.contains("dhlimit_check_duration_seconds_bucket{le=\"+Inf\"}"));
        if options.contains(&"paid") {
            assert!(
                metrics.contains("state=\"unlimited\"} 1\n")
                    && !metrics.contains("dhlimit_pulls_limit{")
            );
        }
        if options.contains(&"abuse") {
            assert!(
                metrics.contains("dhlimit_refusals_total{registry=\"docker.io\",kind=\"overall\"}")
            );
        }
    }
}

#[test]
fn an_outage_is_a_state_and_its_counts_vanish_while_its_times_stay() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let args = ["nginx", "--interval", "500ms", "--compat", "jadolg"];
    let mut served = Served::start(&home, &sandbox, &args);
    served.metrics(|metrics| value(metrics, "dhlimit_pulls_remaining{") == Some(100.0));
    drop(sandbox);
    let metrics = served.metrics(|metrics| {
        metrics.contains("state=\"failed\"} 1\n") && !metrics.contains("dhlimit_pulls_remaining{")
    });
    let success = value(&metrics, "dhlimit_last_success_timestamp_seconds{").expect("a time");
    assert!(success > 1_700_000_000.0, "{metrics}");
    let attempt = value(&metrics, "dhlimit_last_attempt_timestamp_seconds{").expect("a time");
    assert!(attempt >= success && metrics.contains("source=\"127.0.0.1\""), "{metrics}");
    assert!(
        value(&metrics, "dhlimit_checks_total{registry=\"docker.io\",outcome=\"failed\"}")
            >= Some(1.0)
    );
    // Where the exporter of this name goes on with its last count.
    assert!(!metrics.contains("dockerhub_pull_remaining_total{"), "{metrics}");
    assert!(value(&metrics, "dockerhub_pull_errors_total{account=\"anon\"}") >= Some(1.0));
    let page = served.get("/").body;
    assert!(page.contains("(stale)"), "{page}");
    served.end();
}

/// The status of a request with these header lines.
fn status(url: &str, first: &str, lines: &str) -> String {
    let authority = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("{first} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
    // Who is refused before the end of the request may meet a closed door: the answer tells.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn strangers_are_refused() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let served = Served::start(&home, &sandbox, &["nginx"]);
    let many = "X-A: 1\r\n".repeat(200);
    let long = format!("Host: localhost\r\nX-A: {}\r\n", "a".repeat(40_000));
    for (first, lines, code) in [
        ("GET /metrics", "Host: localhost\r\n", "200"),
        ("GET /metrics", "Host: 127.0.0.1:9\r\n", "200"),
        ("GET /metrics", "Host: evil.example\r\n", "421"),
        ("GET /metrics", "Host: 127.0.0.1.evil.example:80\r\n", "421"),
        ("POST /metrics", "Host: localhost\r\n", "405"),
        ("GET /nothing", "Host: localhost\r\n", "404"),
        (
            "GET /api/v1/readings",
            "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n",
            "403",
        ),
        (
            "GET /",
            "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
            "200",
        ),
        ("GET /metrics", &many, "431"),
        ("GET /metrics", &long, "431"),
    ] {
        assert_eq!(
            status(&served.url, first, lines),
            code,
            "{first} {}",
            &lines[..lines.len().min(80)]
        );
    }
    // Whoever opens connections and says nothing keeps nobody else out.
    let authority = served.url.trim_start_matches("http://").to_owned();
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(&authority).unwrap()).collect();
    assert_eq!(served.get("/healthz").status, 200);
    drop(idle);
    served.end();
}

#[test]
fn events_are_told_as_they_happen() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&["--limit", "50"]));
    let served = Served::start(&home, &sandbox, &["nginx", "--interval", "200ms"]);
    let mut stream = TcpStream::connect(served.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut read = String::new();
    let mut until = |words: &[&str]| {
        let (end, mut buffer) = (Instant::now() + PATIENCE, [0; 4096]);
        while !words.iter().all(|word| read.contains(word)) {
            let got = stream.read(&mut buffer).expect("more events");
            assert!(got > 0 && Instant::now() < end, "{words:?}: {read}");
            read.push_str(&String::from_utf8_lossy(&buffer[..got]));
        }
    };
    until(&["\"remaining\":50"]);
    http::post(
        &format!("{}/_sandbox/set", sandbox.url()),
        &serde_json::json!({"identity": "127.0.0.1", "remaining": 3}),
    );
    until(&["\"kind\":\"drop\"", "\"remaining\":3"]);
    assert!(read.contains("text/event-stream") && read.contains("data: {\"at\":\""), "{read}");
    // The listener that stays does not hold up the end.
    let outcome = served.end();
    assert!(outcome.elapsed < PATIENCE, "{outcome:?}");
}

#[test]
fn a_recording_is_gone_on_with_and_a_taken_port_is_told() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let record = home.path().join("pulls.jsonl").display().to_string();
    let args = ["nginx", "--interval", "200ms", "--record", &record];
    let mut first = Served::start(&home, &sandbox, &args);
    first.metrics(|metrics| value(metrics, "dhlimit_checks_total{") >= Some(3.0));
    first.end();
    let lines = fs::read_to_string(&record).unwrap().lines().count();
    assert!(lines >= 3, "{lines}");
    let slow = ["nginx", "--interval", "1h", "--record", &record];
    let mut again = Served::start(&home, &sandbox, &slow);
    again.metrics(|metrics| value(metrics, "dhlimit_checks_total{") >= Some(1.0));
    let history = again.get("/api/v1/history").json();
    let points = history["series"][0]["points"].as_array().map_or(0, Vec::len);
    assert_eq!(points, lines + 1, "{history}");
    again.end();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let outcome = home
        .dhlimit(["serve", "--listen", &address])
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(2);
    assert!(outcome.stderr.contains(&format!("cannot listen on {address}")), "{outcome:?}");
    assert!(outcome.stdout.is_empty(), "{outcome:?}");
}

#[test]
fn a_login_and_a_certificate_stand_before_it() {
    if tools::require("curl").is_none() {
        return;
    }
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let logins = home.write("logins", "# Prometheus\nprometheus:s3cr3t:word\n\n");
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = home.write("key.pem", &made.signing_key.serialize_pem()).display().to_string();
    let cert = home.write("cert.pem", &made.cert.pem()).display().to_string();
    let logins = logins.display().to_string();
    let args = ["nginx", "--auth-file", &logins, "--tls-cert", &cert, "--tls-key", &key, "-vv"];
    let served = Served::start(&home, &sandbox, &args);
    assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
    let asked = |path: &str, more: &[&str]| {
        let url = format!("{}{path}", served.url);
        let fixed = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", &cert, &url];
        home.program("curl", fixed.iter().chain(more)).run().stdout
    };
    assert_eq!(asked("/metrics", &[]), "401");
    assert_eq!(asked("/metrics", &["-u", "prometheus:wrong"]), "401");
    assert_eq!(asked("/metrics", &["-u", "prometheus:s3cr3t:word"]), "200");
    assert_eq!(asked("/metrics", &["-H", "Authorization: Basic !!!"]), "401");
    assert_eq!(asked("/", &[]), "401");
    assert_eq!(asked("/healthz", &[]), "200");
    let outcome = served.end();
    assert!(!outcome.everything().contains("s3cr3t"), "{outcome:?}");
    let wrong = home.write("wrong", "prometheus\n").display().to_string();
    for (args, words) in [
        (&["--auth-file", &wrong][..], "line 1"),
        (&["--auth-file", "/nowhere"], "/nowhere"),
        (&["--tls-cert", &cert, "--tls-key", &cert], "holds no private key"),
        (&["--tls-cert", &logins, "--tls-key", &key], "holds no certificate"),
        (&["--tls-cert", &cert], "--tls-key"),
    ] {
        let fixed = ["serve", "--listen", "127.0.0.1:0"];
        let outcome = home
            .dhlimit(fixed.iter().chain(args))
            .envs(sandbox.as_docker_hub())
            .run()
            .expect_code(2);
        assert!(outcome.stderr.contains(words), "{outcome:?}");
    }
}

/// Docker's file with the login of a user, whose password is their name.
fn docker_login(home: &Home, name: &str, user: &str) -> std::path::PathBuf {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{user}"));
    let auths = serde_json::json!({"auths": {"https://index.docker.io/v1/": {"auth": auth}}});
    home.write(name, &auths.to_string())
}

#[test]
fn a_rotated_login_is_read_again_and_a_broken_configuration_is_refused_whole() {
    let home = Home::new();
    let sandbox = Sandbox::start(&["--account", "ann:ann:41", "--account", "bob:bob:42"]);
    let (first, second) = (docker_login(&home, "one", "ann"), docker_login(&home, "two", "bob"));
    // As Kubernetes mounts a Secret: a link, which is swapped.
    let (link, next) = (home.path().join("docker/config.json"), home.path().join("docker/next"));
    std::os::unix::fs::symlink(&first, &link).expect("a link");
    let config = home.write("config.toml", "interval = \"1h\"\n");
    let config_path = config.display().to_string();
    let mut served = Served::start(&home, &sandbox, &["nginx", "--config", &config_path]);
    let account = |name: &str| format!("identity=\"{name}\"");
    let remaining = |metrics: &str, name: &str| {
        let ours = |line: &&str| {
            line.starts_with("dhlimit_pulls_remaining{") && line.contains(&account(name))
        };
        metrics.lines().find(ours).map(str::to_owned)
    };
    let before = served.metrics(|metrics| remaining(metrics, "ann").is_some());
    assert!(remaining(&before, "bob").is_none(), "{before}");
    assert_eq!(value(&before, "dhlimit_config_last_reload_success "), Some(1.0), "{before}");
    std::os::unix::fs::symlink(&second, &next).expect("a link");
    fs::rename(&next, &link).expect("a swapped link");
    let after = served.metrics(|metrics| remaining(metrics, "bob").is_some());
    assert!(remaining(&after, "ann").is_none(), "{after}");
    // Who stays keeps what was read: the address was not asked anew before it was shown.
    assert!(remaining(&after, "anonymous").is_some(), "{after}");
    // What is broken is refused, and the server goes on as it was.
    fs::write(&config, "interval = \"never\"\n").expect("the configuration");
    let broken = served
        .metrics(|metrics| value(metrics, "dhlimit_config_last_reload_success ") == Some(0.0));
    assert!(remaining(&broken, "bob").is_some(), "{broken}");
    // Mended, and told by the signal.
    fs::write(&config, "interval = \"2h\"\n").expect("the configuration");
    served.running.signal(Signal::HUP);
    served.metrics(|metrics| value(metrics, "dhlimit_config_last_reload_success ") == Some(1.0));
    let outcome = served.end();
    assert!(outcome.stderr.contains("the changed configuration is refused"), "{outcome:?}");
    assert!(
        outcome.stderr.contains("configuration and logins read again: 2 to ask"),
        "{outcome:?}"
    );
}

/// A series that began anew would say nothing of the end for some readings.
#[test]
fn forecasts_go_on_over_a_reload() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&["--traffic", "steady:2/s"]));
    let config = home.write("config.toml", "# one\n");
    let path = config.display().to_string();
    let args = ["nginx", "--interval", "300ms", "--config", &path];
    let mut served = Served::start(&home, &sandbox, &args);
    let empty = |metrics: &str| value(metrics, "dhlimit_empty_timestamp_seconds{");
    let checks = |metrics: &str| value(metrics, "dhlimit_checks_total{").unwrap_or_default();
    served.metrics(|metrics| empty(metrics).is_some());
    fs::write(&config, "# two\n").expect("the configuration");
    served.running.signal(Signal::HUP);
    served.running.wait_until(PATIENCE, |running| {
        running.stderr().contains("configuration and logins read again").then_some(())
    });
    let before = checks(&served.get("/metrics").body);
    let after = served.metrics(|metrics| checks(metrics) > before);
    assert!(empty(&after).is_some() && checks(&after) < before + 3.0, "{after}");
    served.end();
}

#[test]
fn logins_and_certificates_are_changed_while_it_is_open_and_tokens_are_logins_too() {
    if tools::require("curl").is_none() {
        return;
    }
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let logins = home.write("logins", "Bearer t0ken-one\nann:secret\n");
    let logins_path = logins.display().to_string();
    let args = ["nginx", "--interval", "1h", "--auth-file", &logins_path];
    let mut served = Served::start(&home, &sandbox, &args);
    let url = format!("{}/metrics", served.url);
    let asked = |header: &str| {
        let fixed = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", header, &url];
        home.program("curl", fixed).run().stdout
    };
    assert_eq!(asked("Authorization: Bearer t0ken-one"), "200");
    assert_eq!(asked("Authorization: Bearer ann:secret"), "401");
    assert_eq!(asked("Authorization: Basic YW5uOnNlY3JldA=="), "200");
    fs::write(&logins, "Bearer t0ken-two\n").expect("other logins");
    served.running.wait_until(PATIENCE, |_| {
        (asked("Authorization: Bearer t0ken-two") == "200").then_some(())
    });
    assert_eq!(asked("Authorization: Bearer t0ken-one"), "401");
    // A file without a login locks nobody out and lets nobody in: the one before holds.
    fs::write(&logins, "# nobody\n").expect("no logins");
    served.running.wait_until(PATIENCE, |running| {
        running.stderr().contains("the one before stays").then_some(())
    });
    assert_eq!(asked("Authorization: Bearer t0ken-two"), "200");
    let outcome = served.end();
    assert!(!outcome.everything().contains("t0ken"), "{outcome:?}");
}

#[test]
fn counts_over_time_go_back_as_far_as_is_asked_for() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&["--traffic", "steady:600/m"]));
    let args = ["nginx", "--interval", "200ms", "--history", "1s"];
    let mut served = Served::start(&home, &sandbox, &args);
    let url = format!("{}/api/v1/history", served.url);
    let points =
        |history: &serde_json::Value| history["series"][0]["points"].as_array().map_or(0, Vec::len);
    served.running.wait_until(PATIENCE, |_| (points(&http::get(&url).json()) >= 4).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    let history = http::get(&url).json();
    assert!((1..=8).contains(&points(&history)), "{history}");
    served.end();
}

#[test]
fn other_exporters_names_are_served_beside_our_own() {
    for (name, samples) in [
        (
            "jadolg",
            &[
                "dockerhub_pull_limit_total{account=\"anon\"} 77",
                "dockerhub_pull_remaining_total{account=\"ann\"} 41",
                "dockerhub_pull_limit_window_seconds{account=\"anon\"} 3600",
                "dockerhub_pull_errors_total{account=\"anon\"} 0",
            ][..],
        ),
        (
            "drl",
            &[
                "dockerhub_limit_remaining_requests_total{reqsource=\"127.0.0.1\"} 77",
                "dockerhub_limit_max_requests_time{reqsource=\"127.0.0.1\"} 3600",
            ],
        ),
        (
            "gitlab",
            &["dockerhub_limit_remaining_requests_total{limit=\"remaining_requests_total\"} 41"],
        ),
        ("grafzahl", &["docker_hub_rate_limit_remaining{} 41", "docker_hub_rate_limit{} 41"]),
    ] {
        let home = Home::new();
        let sandbox = Sandbox::start(&["--limit", "77", "--account", "ann:ann:41"]);
        let file = docker_login(&home, "docker/config.json", "ann");
        assert!(file.is_file());
        let args = ["nginx", "--interval", "1h", "--compat", name, "--all-identities"];
        let mut served = Served::start(&home, &sandbox, &args);
        let metrics = served.metrics(|text| text.matches("dhlimit_pulls_remaining{").count() == 2);
        for sample in samples {
            assert!(metrics.lines().any(|line| line == *sample), "{name}: {sample}\n{metrics}");
        }
        let accept = [("accept", "application/openmetrics-text")];
        let open = http::request("GET", &format!("{}/metrics", served.url), &accept, "").unwrap();
        assert!(open.body.ends_with("# EOF\n") && open.body.matches("# EOF").count() == 1);
        served.end();
    }
}
