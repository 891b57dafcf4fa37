//! The example for Alertmanager, judged by amtool and by a real Alertmanager: who hears of what, together with
//! what, and what is kept quiet.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, http, tools};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/prometheus").join(name);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn amtool_takes_it_and_each_alert_of_the_rules_goes_where_it_should() {
    let Some(amtool) = tools::require("amtool") else { return };
    let home = Home::new();
    let file = home.write("alertmanager.yml", &example("alertmanager.yml")).display().to_string();
    let checked = home.program(&amtool, ["check-config", &file]).run();
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let rules = example("dhlimit.rules.yml");
    let mut alerts = 0;
    for rule in rules.split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap();
        let severity = rule.split("severity: ").nth(1).unwrap().lines().next().unwrap();
        let receiver = if severity == "critical" { "pager" } else { "chat" };
        let labels = [format!("alertname={name}"), format!("severity={severity}")];
        let route = ["config", "routes", "test", "--config.file", &file];
        let tested =
            home.program(&amtool, route.into_iter().chain(labels.iter().map(String::as_str))).run();
        assert_eq!(tested.stdout.trim(), receiver, "{name}: {tested:?}");
        alerts += 1;
    }
    assert_eq!(alerts, 7);
}

/// What a webhook is sent, one document a request.
fn webhook() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut text, mut bytes) = (String::new(), [0; 8_192]);
            let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
            while let Ok(size) = stream.read(&mut bytes) {
                text.push_str(&String::from_utf8_lossy(&bytes[..size]));
                if size == 0 || text.trim_end().ends_with('}') {
                    break;
                }
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
            if let Some(document) = body.and_then(|body| serde_json::from_str(&body).ok())
                && sender.send(document).is_err()
            {
                return;
            }
        }
    });
    (address, receiver)
}

#[test]
fn a_real_alertmanager_groups_by_registry_and_keeps_quiet_what_follows_from_another() {
    let Some(program) = tools::require("prometheus-alertmanager") else { return };
    let (home, (pager, urgent), (chat, talk)) = (Home::new(), webhook(), webhook());
    let config = example("alertmanager.yml")
        .replace("pager.example", &pager)
        .replace("chat.example", &chat)
        .replace("group_wait: 30s", "group_wait: 2s");
    let config = home.write("alertmanager.yml", &config);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap().port();
    let mut running = home
        .program(
            &program,
            [
                format!("--config.file={}", config.display()),
                format!("--storage.path={}", home.path().join("data").display()),
                format!("--web.listen-address=127.0.0.1:{port}"),
                "--cluster.listen-address=".to_owned(),
            ],
        )
        .limit(Duration::from_secs(60))
        .start();
    let url = format!("http://127.0.0.1:{port}");
    running.wait_until(Duration::from_secs(20), |_| {
        let ready = http::request("GET", &format!("{url}/-/ready"), &[], "").ok()?;
        (ready.status == 200).then_some(())
    });
    let alert = |name: &str, severity: &str, instance: &str| {
        serde_json::json!({"labels": {
            "alertname": name, "severity": severity, "registry": "docker.io", "instance": instance,
        }})
    };
    let alerts = Value::from(vec![
        alert("DockerHubPullsExhausted", "critical", "n1"),
        alert("DockerHubPullsExhausted", "critical", "n2"),
        alert("DockerHubOverallLimit", "critical", "n3"),
        alert("DockerHubBlind", "warning", "n3"),
        alert("DockerHubBlind", "warning", "n4"),
    ]);
    let json = [("content-type", "application/json")];
    let posted =
        http::request("POST", &format!("{url}/api/v2/alerts"), &json, &alerts.to_string()).unwrap();
    assert_eq!(posted.status, 200, "{posted:?}");
    let heard = |of: &Receiver<Value>, messages: usize| {
        let end = Instant::now() + Duration::from_secs(20);
        let mut told: Vec<(String, Vec<String>)> = Vec::new();
        while told.len() < messages && Instant::now() < end {
            let Ok(message) = of.recv_timeout(Duration::from_secs(1)) else { continue };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let alerts = message["alerts"].as_array().unwrap().iter();
            let mut nodes: Vec<String> =
                alerts.map(|alert| text(&alert["labels"]["instance"])).collect();
            nodes.sort();
            told.push((text(&message["groupLabels"]["alertname"]), nodes));
        }
        told.sort();
        told
    };
    let nodes = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        heard(&urgent, 2),
        [
            ("DockerHubOverallLimit".to_owned(), nodes(&["n3"])),
            ("DockerHubPullsExhausted".to_owned(), nodes(&["n1", "n2"])),
        ]
    );
    assert_eq!(heard(&talk, 1), [("DockerHubBlind".to_owned(), nodes(&["n4"]))]);
    running.signal(Signal::TERM);
    running.outcome();
}
