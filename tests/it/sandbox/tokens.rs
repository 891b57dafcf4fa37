//! The token service: the protocol notes' "Token service".

use std::time::Duration;

use dhlimit::sandbox::Settings;
use rstest::rstest;
use serde_json::Value;

use super::{Hub, NGINX, basic, limited};

fn hub() -> Hub {
    Hub::start(Settings { accounts: vec!["alice:s3:cret".parse().unwrap()], ..limited(50) })
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap(),
    )
    .unwrap()
}

#[test]
fn nobody_gets_a_token_as_docker_hub_gives_it() {
    let hub = hub();
    let answer = hub.ask(
        "GET",
        &format!("/token?service=registry.docker.io&scope=repository:{NGINX}:pull,push"),
        &[],
    );
    let body = answer.json();
    assert_eq!(
        (&body["expires_in"], &body["issued_at"]),
        (&300.into(), &"2026-11-22T09:15:21Z".into())
    );
    assert_eq!(body["token"], body["access_token"]);
    let claims = claims(body["token"].as_str().unwrap());
    assert_eq!(claims["access"][0]["actions"], serde_json::json!(["pull"]));
    assert_eq!(
        claims["access"][0]["parameters"],
        serde_json::json!({"pull_limit": "100", "pull_limit_interval": "21600"})
    );
    assert_eq!(answer.header("x-ratelimit-limit"), Some("3000, 3000;w=60"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("2999"));
    assert_eq!(answer.header("x-ratelimit-reset"), Some("39"));
    assert!(answer.header("ratelimit-remaining").is_none(), "that is the registry's");
}

#[test]
fn the_token_hosts_own_limiter_counts_and_refuses() {
    let hub = hub();
    for _ in 0..3000 {
        hub.sandbox_token();
    }
    let answer = hub.ask("GET", "/token", &[]);
    assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (429, Some("0")));
    hub.advance(60);
    assert_eq!(hub.ask("GET", "/token", &[]).header("x-ratelimit-remaining"), Some("2999"));
}

impl Hub {
    fn sandbox_token(&self) {
        assert_eq!(self.ask("GET", "/token", &[]).status, 200);
    }
}

#[test]
fn the_challenge_leads_back_to_where_it_was_asked() {
    let hub = hub();
    let answer = hub.ask("GET", &format!("/v2/{NGINX}/manifests/latest"), &[]);
    assert_eq!(answer.status, 401);
    let expected = format!(
        "Bearer realm=\"{}\",service=\"registry.docker.io\",scope=\"repository:{NGINX}:pull\"",
        hub.url("/token")
    );
    assert_eq!(answer.header("www-authenticate"), Some(expected.as_str()));
    assert_eq!(answer.json()["errors"][0]["code"], "UNAUTHORIZED");
    assert_eq!(answer.header("docker-ratelimit-source"), Some("127.0.0.1"));
    assert!(
        !answer.head.contains("ratelimit-remaining"),
        "a 401 has the source only: {}",
        answer.head
    );
    let base = hub.ask("GET", "/v2/", &[]);
    assert_eq!(
        (base.status, base.header("docker-distribution-api-version")),
        (401, Some("registry/2.0"))
    );
    assert!(!base.header("www-authenticate").unwrap().contains("scope"));
}

#[rstest]
#[case::expired("library/nginx", 300, "invalid_token")]
#[case::for_another_repository("library/redis", 0, "insufficient_scope")]
fn a_token_is_good_for_its_life_and_repository(
    #[case] repository: &str,
    #[case] after: i64,
    #[case] error: &str,
) {
    let hub = hub();
    let bearer = format!("Bearer {}", hub.token_with(repository, &[]));
    hub.advance(after);
    let answer =
        hub.ask("GET", &format!("/v2/{NGINX}/manifests/latest"), &[("authorization", &bearer)]);
    assert_eq!(answer.status, 401);
    assert!(
        answer.header("www-authenticate").unwrap().ends_with(&format!(",error=\"{error}\"")),
        "{}",
        answer.head
    );
}

#[rstest]
#[case("Bearer x")]
#[case("Bearer eyJhbGciOiJub25lIn0.e30.")]
fn a_token_of_somebody_elses_is_refused(#[case] authorization: &str) {
    let answer = hub().ask("GET", "/v2/", &[("authorization", authorization)]);
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
}

#[test]
fn a_token_opens_the_registry() {
    let hub = hub();
    let answer = hub.nobody().ask("GET", "/v2/");
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
}

#[test]
fn an_account_logs_in_by_get_and_by_post() {
    let hub = hub();
    let login = basic("alice", "s3:cret");
    let got = hub.token_with(NGINX, &[("authorization", &login)]);
    assert_eq!(claims(&got)["sub"], "alice");
    let posted = hub.form(&format!(
        "grant_type=password&client_id=test&service=registry.docker.io&scope=repository%3A{NGINX}%3Apull&username=alice&password=s3%3Acret"
    ));
    let body = posted.json();
    assert!(body.get("token").is_none() && body.get("refresh_token").is_none(), "{body}");
    assert_eq!(claims(body["access_token"].as_str().unwrap())["sub"], "alice");
}

#[test]
fn a_refresh_token_stands_for_its_account() {
    let hub = hub();
    let first =
        hub.form("grant_type=password&access_type=offline&username=alice&password=s3:cret").json();
    let refresh = first["refresh_token"].as_str().unwrap();
    hub.advance(3600);
    let second = hub
        .form(&format!(
            "grant_type=refresh_token&refresh_token={refresh}&scope=repository:{NGINX}:pull"
        ))
        .json();
    let bearer = format!("Bearer {}", second["access_token"].as_str().unwrap());
    let answer =
        hub.ask("HEAD", &format!("/v2/{NGINX}/manifests/latest"), &[("authorization", &bearer)]);
    assert_eq!((answer.status, answer.header("docker-ratelimit-source")), (200, Some("alice")));
    let as_access = hub.ask("GET", "/v2/", &[("authorization", &format!("Bearer {refresh}"))]);
    assert_eq!(as_access.status, 401, "a refresh token opens nothing by itself");
}

#[rstest]
#[case("grant_type=password&username=alice&password=wrong", 401, "incorrect username or password")]
#[case(
    "grant_type=password&username=mallory&password=s3:cret",
    401,
    "incorrect username or password"
)]
#[case("grant_type=refresh_token&refresh_token=x.y.z", 401, "incorrect username or password")]
#[case("grant_type=password&username=alice", 400, "needs username and password")]
#[case("grant_type=device", 400, "grant_type is")]
#[case("", 400, "grant_type is")]
fn a_bad_grant_is_refused(#[case] form: &str, #[case] status: u16, #[case] details: &str) {
    let answer = hub().form(form);
    assert_eq!(answer.status, status);
    assert!(answer.json()["details"].as_str().unwrap().contains(details), "{}", answer.body);
}

#[test]
fn ten_wrong_passwords_lock_the_name_out_for_ten_minutes() {
    let hub = hub();
    let (wrong, right) = (basic("alice", "wrong"), basic("alice", "s3:cret"));
    let login = |value: &str| hub.ask("GET", "/token?account=alice", &[("authorization", value)]);
    for _ in 0..10 {
        let answer = login(&wrong);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (401, r#"{"details":"incorrect username or password"}"#)
        );
    }
    let answer = login(&right);
    assert_eq!(
        (answer.status, &answer.json()["details"]),
        (429, &"too many failed login attempts for username or IP address".into())
    );
    assert_eq!(hub.ask("GET", "/token", &[]).status, 200, "who does not log in is not locked out");
    hub.advance(600);
    assert_eq!(login(&right).status, 200);
}

#[rstest]
#[case("Basic !!!")]
#[case("Basic YWxpY2U=")]
#[case("Digest alice")]
fn what_is_no_login_is_a_wrong_one(#[case] authorization: &str) {
    assert_eq!(hub().ask("GET", "/token", &[("authorization", authorization)]).status, 401);
}

#[test]
fn a_token_that_is_given_late_in_a_second_lives_as_long_as_it_is_told_to() {
    let hub = Hub::start(Settings { token_life: Duration::from_secs(2), ..limited(5) });
    hub.advance_millis(900);
    let puller = hub.nobody();
    hub.advance_millis(1_950);
    assert_eq!(puller.manifest("HEAD", "latest").status, 200);
    hub.advance_millis(1_100);
    assert_eq!(puller.manifest("HEAD", "latest").status, 401);
}
