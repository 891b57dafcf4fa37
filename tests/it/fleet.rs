//! `fleet`: what a real Prometheus has of real servers, and servers that are none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, Outcome, Running, Sandbox, http, tools};

const PATIENCE: Duration = Duration::from_secs(40);

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(home: &Home, sandbox: &Sandbox) -> (Running, String) {
    let args = ["serve", "nginx", "--interval", "1s", "--listen", "127.0.0.1:0"];
    let mut running =
        home.dhlimit(args).envs(sandbox.as_docker_hub()).limit(Duration::from_secs(120)).start();
    let url =
        running.wait_until(PATIENCE, |running| running.stdout().lines().next().map(str::to_owned));
    (running, url.trim_start_matches("http://").trim_end_matches('/').to_owned())
}

fn fleet(home: &Home, url: &str, args: &[&str]) -> Outcome {
    home.dhlimit(["fleet", "--prometheus", url].iter().chain(args)).run()
}

#[test]
fn a_real_prometheus_tells_groups_and_blind_nodes() {
    let Some(prometheus) = tools::require("prometheus") else { return };
    let home = Home::new();
    let (shared, broken) = (Sandbox::start(&["--limit", "42"]), Sandbox::start(&[]));
    // Nine nodes behind one address, and a tenth that sees nothing.
    let mut servers: Vec<_> = (0..9).map(|_| serve(&home, &shared)).collect();
    servers.push(serve(&home, &broken));
    let addresses: Vec<&str> = servers.iter().map(|(_, address)| address.as_str()).collect();
    let (one, blind) = (addresses[0], addresses[9]);
    drop(broken);
    let config = home.write(
        "prometheus.yml",
        &format!(
            "scrape_configs:\n- job_name: dhlimit\n  scrape_interval: 1s\n  static_configs:\n  - targets: {addresses:?}\n"
        ),
    );
    let (port, data) = (free_port(), home.path().join("data"));
    let running = home
        .program(
            &prometheus,
            [
                format!("--config.file={}", config.display()),
                format!("--storage.tsdb.path={}", data.display()),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ],
        )
        .limit(Duration::from_secs(120))
        .start();
    let url = format!("http://127.0.0.1:{port}");
    let mut last = None;
    let told = crate::harness::wait_for(PATIENCE, || {
        std::thread::sleep(Duration::from_millis(300));
        let outcome = fleet(&home, &url, &["-o", "json"]);
        let document: Option<Value> = serde_json::from_str(&outcome.stdout).ok();
        last = Some(outcome);
        document.filter(|fleet| {
            fleet["groups"][0]["nodes"].as_array().is_some_and(|nodes| nodes.len() == 9)
                && fleet["blind"].as_array().is_some_and(|blind| blind.len() == 1)
        })
    });
    let told = told.unwrap_or_else(|| panic!("{last:?}"));
    assert_eq!(told["schema"], "dhlimit/fleet/1");
    assert_eq!(told["groups"].as_array().map(Vec::len), Some(1), "{told}");
    let group = &told["groups"][0];
    assert_eq!(
        (&group["source"], &group["remaining"]),
        (&"127.0.0.1".into(), &42.into()),
        "{told}"
    );
    assert_eq!(told["blind"][0]["node"], blind, "{told}");
    // One lacks pulls, else a blind node decides.
    fleet(&home, &url, &["--need", "43"]).expect_code(1);
    let table = fleet(&home, &url, &["--need", "42"]).expect_code(5);
    assert!(
        table.stdout.contains("127.0.0.1") && table.stdout.contains("its readings fail"),
        "{table:?}"
    );
    let matched = format!("{{instance=\"{one}\"}}");
    fleet(&home, &url, &["--match", &matched]).expect_code(0);
    let nagios = fleet(&home, &url, &["--need", "43", "-o", "nagios"]).expect_code(2);
    assert!(
        nagios.stdout.starts_with("DHLIMIT CRITICAL - ")
            && nagios.stdout.contains("| least=42;;43: "),
        "{nagios:?}"
    );
    let metrics = fleet(&home, &url, &["-o", "prometheus"]).stdout;
    assert!(
        metrics.contains(
            "dhlimit_fleet_nodes{registry=\"docker.io\",source=\"127.0.0.1\",account=\"\"} 9"
        ),
        "{metrics}"
    );
    // PromQL that is none is told in the server's words.
    let wrong = fleet(&home, &url, &["--match", "cluster=eu"]).expect_code(2);
    assert!(wrong.stderr.contains("does not take the query"), "{wrong:?}");
    // Nobody has these labels.
    let nobody = fleet(&home, &url, &["--match", "cluster=\"none\""]).expect_code(5);
    assert!(nobody.stderr.contains("no series of dhlimit"), "{nobody:?}");
    every_panel_of_the_dashboard_has_data(&url);
    running.signal(Signal::TERM);
    running.outcome();
    for (server, _) in servers {
        server.signal(Signal::TERM);
        server.outcome().expect_code(130);
    }
}

/// The expressions of the dashboard, with what Grafana puts for its variables.
fn expressions() -> Vec<(String, String)> {
    let dashboard: Value =
        serde_json::from_str(include_str!("../../examples/grafana/dhlimit.json")).expect("JSON");
    let mut found = Vec::new();
    let panels = dashboard["panels"].as_array().expect("panels");
    let annotations = dashboard["annotations"]["list"].as_array().expect("annotations");
    for panel in panels.iter().chain(annotations) {
        let title = panel["title"].as_str().or(panel["name"].as_str()).expect("a title");
        let targets = panel["targets"].as_array().cloned().unwrap_or_else(|| vec![panel.clone()]);
        for target in &targets {
            let expression = target["expr"].as_str().expect("an expression");
            let expression = ["$registry", "$source", "$account"]
                .iter()
                .fold(expression.to_owned(), |text, variable| text.replace(variable, ".*"))
                .replace("$__rate_interval", "10s");
            assert!(!expression.contains('$'), "{title}: {expression}");
            found.push((title.to_owned(), expression));
        }
    }
    found
}

fn every_panel_of_the_dashboard_has_data(prometheus: &str) {
    let expressions = expressions();
    assert!(expressions.len() >= 12, "{expressions:?}");
    for (title, expression) in expressions {
        let told = crate::harness::wait_for(PATIENCE, || {
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let body: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("query", &expression)
                .finish();
            let url = format!("{prometheus}/api/v1/query");
            let answer = http::request("POST", &url, &form, &body).expect("an answer").json();
            assert_eq!(answer["status"], "success", "{title}: {expression}: {answer}");
            let rows = answer["data"]["result"].as_array().map_or(0, Vec::len);
            // Nobody pulls here, and nobody was refused.
            (rows > 0 || matches!(title.as_str(), "refused" | "Empty at")).then_some(rows)
        });
        assert!(told.is_some(), "{title} shows nothing: {expression}");
    }
}

/// A server that gives one answer to every request.
fn answers(answer: &'static str) -> String {
    heard(answer).0
}

/// The same, and what was asked.
fn heard(answer: &'static str) -> (String, Arc<Mutex<String>>) {
    let asked: Arc<Mutex<String>> = Arc::default();
    let heard = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&request[..read]));
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (format!("http://{address}"), asked)
}

#[test]
fn docker_hubs_login_is_not_shown_to_prometheus() {
    let home = Home::new();
    let secret = home.write("hub", "s3cr3t\n").display().to_string();
    let config =
        home.write("config.toml", &format!("user = \"ann\"\npassword-file = \"{secret}\"\n"));
    let (url, asked) = heard("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    let told = || asked.lock().unwrap().to_ascii_lowercase();
    let args = ["fleet", "--prometheus", &url, "--config", &config.display().to_string()];
    home.dhlimit(args).run().expect_code(4);
    let args = ["fleet", "--prometheus", &url];
    let by_variables = |user: &str, file: &str| {
        home.dhlimit(args).env(user, "ann").env(file, &secret).run().expect_code(4);
    };
    by_variables("DHLIMIT_USER", "DHLIMIT_PASSWORD_FILE");
    assert!(
        told().contains("post /api/v1/query") && !told().contains("authorization"),
        "{}",
        told()
    );
    by_variables("DHLIMIT_FLEET_USER", "DHLIMIT_FLEET_PASSWORD_FILE");
    assert!(told().contains("authorization: basic"), "{}", told());
    let own =
        home.write("own.toml", &format!("[fleet]\nuser = \"bob\"\npassword-file = \"{secret}\"\n"));
    asked.lock().unwrap().clear();
    home.dhlimit(args).arg("--config").arg(&own).run().expect_code(4);
    assert!(told().contains("authorization: basic"), "{}", told());
}

#[test]
fn a_server_that_is_no_prometheus_is_told() {
    let home = Home::new();
    for (answer, code, words) in [
        (
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
            4,
            "refuses the login (HTTP 401)",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html>\x1b[2J</h",
            3,
            "does not answer as Prometheus does",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]", 3, "does not answer as Prometheus does"),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            3,
            "HTTP 302",
        ),
        ("", 3, "was not reached"),
    ] {
        let outcome = fleet(&home, &answers(answer), &[]).expect_code(code);
        assert!(outcome.stderr.contains(words), "{outcome:?}");
        assert!(!outcome.everything().contains('\u{1b}'), "{outcome:?}");
    }
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let outcome = fleet(&home, &nobody, &[]).expect_code(3);
    assert!(outcome.stderr.contains(&nobody), "{outcome:?}");
    let token = home.write("token", "s3cr3t-token\n").display().to_string();
    let refused = answers("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    let outcome = fleet(&home, &refused, &["--bearer-file", &token, "-vvv"]).expect_code(4);
    assert!(!outcome.everything().contains("s3cr3t"), "{outcome:?}");
    fleet(&home, &refused, &["--bearer-file", "/nowhere"]).expect_code(4);
    fleet(&home, &refused, &["--user", "ann"]).expect_code(2);
}

/// A server that wants a client's certificate, answers one request with no series, and says whether it was shown one.
fn wants_a_certificate(
    home: &Home,
    own: &rcgen::CertifiedKey<rcgen::KeyPair>,
) -> (u16, impl FnOnce() -> bool + use<>) {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate: CertificateDer<'static> = own.cert.der().clone();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        provider.clone(),
    );
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate], key)
        .unwrap();
    home.write("cert.pem", &own.cert.pem());
    home.write("key.pem", &own.signing_key.serialize_pem());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    let ended = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&ended);
    let serving = std::thread::spawn(move || {
        let mut shown = false;
        // Several questions a look; each on a connection of its own.
        for stream in listener.incoming().flatten() {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = stream;
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let mut request = [0; 4096];
            if tls.read(&mut request).is_err() {
                continue;
            }
            let body =
                "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}";
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = tls.write_all((head + body).as_bytes());
            let _ = tls.flush();
            shown |= connection.peer_certificates().is_some();
        }
        shown
    });
    let end = move || {
        ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", port));
        serving.join().unwrap()
    };
    (port, end)
}

#[test]
fn a_server_that_wants_a_certificate_is_shown_the_one_that_was_named() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let home = Home::new();
    let (port, was_shown) = wants_a_certificate(&home, &made);
    let path = |name: &str| home.path().join(name).display().to_string();
    let (cert, key, url) = (path("cert.pem"), path("key.pem"), format!("https://localhost:{port}"));
    // It answers that no node is there.
    fleet(&home, &url, &["--ca-cert", &cert, "--cert", &cert, "--key", &key]).expect_code(5);
    assert!(was_shown());
    let (port, was_shown) = wants_a_certificate(&home, &made);
    let url = format!("https://localhost:{port}");
    fleet(&home, &url, &["--ca-cert", &cert]).expect_code(3);
    assert!(!was_shown());
    let outcome = fleet(&home, &url, &["--cert", &key, "--key", &key]).expect_code(2);
    assert!(outcome.stderr.contains("no certificate"), "{outcome:?}");
}
