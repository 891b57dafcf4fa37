//! The profiles, row by row: the protocol notes' "The sandbox's profiles".

use std::time::Instant;

use dhlimit::sandbox::{Profile, Settings};
use rstest::rstest;

use super::{Hub, NGINX, basic, limited};
use crate::harness::dhlimit;
use crate::harness::http::{Answer, request};

const FIELDS: [&str; 5] = [
    "ratelimit-limit",
    "ratelimit-remaining",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "docker-ratelimit-source",
];

fn fields(answer: &Answer) -> String {
    FIELDS.map(|name| answer.header(name).unwrap_or("-")).join(" ")
}

/// Status and headers of a HEAD with something left, of a HEAD at zero, of a GET at zero.
#[rstest]
#[case(
    Profile::Of2020,
    "200 1;w=21600 1;w=21600 - - -",
    "200 1;w=21600 0;w=21600 - - -",
    "429 1;w=21600 0;w=21600 - - -",
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"
)]
#[case(
    Profile::Of2023,
    "200 1;w=21600 1;w=21600 - - 127.0.0.1",
    "200 1;w=21600 0;w=21600 - - 127.0.0.1",
    "429 1;w=21600 0;w=21600 - - 127.0.0.1",
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"
)]
#[case(
    Profile::Of2026,
    "200 1;w=3600 1;w=3600 1;w=3600 1;w=3600 127.0.0.1",
    "429 - - 1;w=3600 0;w=3600 127.0.0.1",
    "429 - - 1;w=3600 0;w=3600 127.0.0.1",
    "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
)]
fn a_years_docker_hub(
    #[case] profile: Profile,
    #[case] before: &str,
    #[case] head: &str,
    #[case] get: &str,
    #[case] message: &str,
) {
    let hub = Hub::start(Settings { profile, ..limited(1) });
    let puller = hub.nobody();
    let row = |answer: &Answer| format!("{} {}", answer.status, fields(answer));
    assert_eq!(row(&puller.manifest("HEAD", "latest")), before);
    hub.sandbox().set_remaining("127.0.0.1", 0).unwrap();
    let answer = puller.manifest("HEAD", "latest");
    assert_eq!(
        (row(&answer).as_str(), answer.body.as_str(), answer.header("retry-after")),
        (head, "", None)
    );
    let answer = puller.manifest("GET", "latest");
    assert_eq!((row(&answer).as_str(), answer.header("retry-after")), (get, None));
    assert_eq!(
        answer.json(),
        serde_json::json!({"errors": [{"code": "TOOMANYREQUESTS", "message": message}]})
    );
}

#[test]
fn in_2020_header_names_have_capitals() {
    let answer = Hub::of(Profile::Of2020).nobody().manifest("HEAD", "latest");
    assert!(answer.head.contains("\r\nRatelimit-Limit: 100;w=21600"), "{}", answer.head);
    let answer = Hub::of(Profile::Of2023).nobody().manifest("HEAD", "latest");
    assert!(answer.head.contains("\r\nratelimit-limit: 100;w=21600"), "{}", answer.head);
}

#[test]
fn an_account_is_named_as_its_year_names_it() {
    let of = |profile| {
        let hub = Hub::start(Settings {
            profile,
            accounts: vec!["alice:pw:0".parse().unwrap()],
            ..Settings::default()
        });
        let puller = hub.puller(&[("authorization", &basic("alice", "pw"))]);
        let answer = puller.manifest("GET", "latest");
        assert_eq!(answer.status, 429);
        (
            answer.header("docker-ratelimit-source").map(str::to_owned),
            answer.json()["errors"][0]["message"].as_str().unwrap().to_owned(),
        )
    };
    let (source, _) = of(Profile::Of2023);
    assert_eq!(source.unwrap().split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    let (source, message) = of(Profile::Of2026);
    assert_eq!(source.as_deref(), Some("alice"));
    assert!(
        message.starts_with("You have reached your pull rate limit as 'alice': dckr_jti_"),
        "{message}"
    );
    assert!(
        message.contains(
            "=. You may increase the limit by upgrading. https://www.docker.com/increase-rate-limit"
        ),
        "{message}"
    );
}

#[rstest]
#[case(Profile::Paid, "- - - - 127.0.0.1")]
#[case(Profile::Exempt, "- - - - -")]
fn whoever_has_no_limit_pulls_on(#[case] profile: Profile, #[case] sent: &str) {
    let hub = Hub::start(Settings { profile, ..limited(1) });
    let puller = hub.nobody();
    for _ in 0..5 {
        let answer = puller.manifest("GET", "latest");
        assert_eq!((answer.status, fields(&answer).as_str()), (200, sent));
        hub.advance(10);
    }
}

#[test]
fn the_overall_limit_is_plain_text_and_for_everything_but_tokens() {
    let hub = Hub::of(Profile::Abuse);
    let puller = hub.nobody();
    for path in ["/v2/", "/v2/library/nginx/manifests/latest", "/v2/library/nginx/tags/list"] {
        let answer = puller.ask("GET", path);
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("60")));
        assert_eq!(
            (answer.body.as_str(), fields(&answer).as_str()),
            ("Too Many Requests (HAP429).\n", "- - - - -")
        );
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    }
}

#[test]
fn a_lock_out_is_at_the_token_host_alone() {
    let hub = Hub::of(Profile::Of2026);
    let puller = hub.nobody();
    hub.sandbox().set_profile(Profile::Lockout);
    let answer = hub.ask("GET", "/token", &[]);
    assert_eq!(
        (answer.status, &answer.json()["details"]),
        (429, &"too many failed login attempts for username or IP address".into())
    );
    assert_eq!(puller.manifest("GET", "latest").status, 200);
}

#[test]
fn who_is_blocked_sees_a_page() {
    let hub = Hub::of(Profile::Blocked);
    for path in ["/token", "/v2/"] {
        let answer = hub.ask("GET", path, &[]);
        assert_eq!((answer.status, answer.header("content-type")), (403, Some("text/html")));
        assert!(answer.body.contains("export control"), "{}", answer.body);
    }
}

#[test]
fn the_flaky_one_takes_its_turns() {
    let hub = Hub::of(Profile::Flaky);
    let mut seen = Vec::new();
    for _ in 0..8 {
        let started = Instant::now();
        let status = match request("GET", &hub.url("/v2/"), &[], "") {
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.kind().to_string(),
        };
        seen.push(if started.elapsed().as_secs() >= 3 { format!("slow {status}") } else { status });
    }
    assert_eq!(seen, ["401", "500", "401", "502", "slow 401", "connection reset", "401", "503"]);
}

#[test]
fn some_checks_of_the_flaky_one_succeed_and_some_fail() {
    let hub = Hub::of(Profile::Flaky);
    let codes: Vec<Option<i32>> = (0..6)
        .map(|_| {
            let check = dhlimit(["check", "nginx", "--anonymous"]);
            check
                .env("DHLIMIT_REGISTRY_URL", hub.url(""))
                .env("DHLIMIT_AUTH_URL", hub.url(""))
                .run()
                .code
        })
        .collect();
    for code in [0, 3] {
        assert!(codes.iter().filter(|seen| **seen == Some(code)).count() >= 2, "{codes:?}");
    }
}

#[test]
fn the_odd_one_says_what_nobody_should() {
    let hub = Hub::start(Settings { profile: Profile::Odd, ..limited(100) });
    let puller = hub.nobody();
    hub.sandbox().set_remaining("127.0.0.1", 40).unwrap();
    let seen: Vec<String> = (0..6)
        .map(|_| fields(&puller.manifest("HEAD", "latest")).replace(" 127.0.0.1", ""))
        .collect();
    assert_eq!(
        seen,
        [
            "100;w=3600 -1;w=3600 100;w=3600 -1;w=3600",
            ";w=3600 ;w=3600 ;w=3600 ;w=3600",
            "100;w=3600 40;w=3600 100;w=3600 20;w=3600",
            "100 40 100 40",
            "100;w=3600;burst=5, 10;w=60 40;w=3600 100;w=3600;burst=5, 10;w=60 40;w=3600",
            "100;w=3600 100;w=3600 100;w=3600 100;w=3600",
        ]
    );
}

#[test]
fn a_change_that_is_refused_changes_nothing() {
    let hub = Hub::start(limited(9));
    let before = hub.ask("GET", "/_sandbox/state", &[]).body;
    for change in [
        r#"{"identity":"nobody","remaining":5,"profile":"abuse"}"#,
        r#"{"identity":"127.0.0.1","profile":"abuse"}"#,
        r#"{"identity":"127.0.0.1","remaining":5,"profile":"none such"}"#,
        r#"{"remaining":5,"profile":"none such"}"#,
        "{}",
    ] {
        assert_eq!(hub.set(change).status, 400, "{change}");
        assert_eq!(hub.ask("GET", "/_sandbox/state", &[]).body, before, "{change}");
    }
    let both = hub.set(r#"{"identity":"127.0.0.1","remaining":5,"profile":"abuse"}"#).json();
    assert_eq!(
        (&both["profile"], &both["identities"][0]["remaining"]),
        (&"abuse".into(), &5.into()),
        "{both}"
    );
}

#[test]
fn the_state_stays_open_in_any_weather() {
    for profile in Profile::ALL {
        let answer = Hub::of(profile).ask("GET", "/_sandbox/state", &[]);
        assert_eq!((answer.status, answer.json()["profile"].as_str()), (200, Some(profile.name())));
    }
}

#[test]
fn the_log_knows_the_answers_and_no_secret() {
    let hub =
        Hub::start(Settings { accounts: vec!["alice:hunter2".parse().unwrap()], ..limited(1) });
    let puller = hub.puller(&[("authorization", &basic("alice", "hunter2"))]);
    puller.manifest("GET", "latest");
    hub.advance(10);
    puller.manifest("GET", "latest");
    let log = hub.ask("GET", "/_sandbox/log", &[]).body;
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<String> = lines
        .iter()
        .map(|line| {
            format!(
                "{} {} {} {}",
                line["identity"], line["status"], line["remaining"], line["counted"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [r#""alice" 200 null false"#, r#""alice" 200 0 true"#, r#""alice" 429 0 false"#]
    );
    assert_eq!(
        (&lines[1]["method"], &lines[1]["path"]),
        (&"GET".into(), &format!("/v2/{NGINX}/manifests/latest").into())
    );
    assert!(!log.contains("hunter2") && !log.contains("eyJ"), "{log}");
}
