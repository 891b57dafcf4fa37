//! What counts as a pull, on whom, and how it comes back: the protocol notes' "What counts".

use std::time::Duration;

use dhlimit::quota::Law;
use dhlimit::sandbox::{Counting, Profile, Settings};
use rstest::rstest;

use super::{Hub, Puller, basic, limited, window};
use crate::harness::http::request;

/// Does a client's requests, a letter each: `h` HEAD of the tag, `i` GET of the tag, `d` GET of the
/// index by digest, `a` and `r` GET of the manifest for amd64 and arm64, `o` GET of another tag,
/// `b` GET of its amd64 manifest, `+` six seconds of nothing.
fn play(hub: &Hub, puller: &Puller<'_>, requests: &str) {
    let learn = Hub::with_limit(1000);
    let teacher = learn.nobody();
    let digest = |tag: &str, place: usize| {
        teacher.manifest("GET", tag).json()["manifests"][place]["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let index =
        teacher.manifest("HEAD", "latest").header("docker-content-digest").unwrap().to_owned();
    for letter in requests.chars() {
        let (method, reference) = match letter {
            'h' => ("HEAD", "latest".to_owned()),
            'i' => ("GET", "latest".to_owned()),
            'd' => ("GET", index.clone()),
            'a' => ("GET", digest("latest", 0)),
            'r' => ("GET", digest("latest", 1)),
            'o' => ("GET", "stable".to_owned()),
            'b' => ("GET", digest("stable", 0)),
            '+' => {
                hub.advance(6);
                continue;
            }
            other => panic!("{other}?"),
        };
        let answer = puller.manifest(method, &reference);
        assert_eq!(answer.status, 200, "{letter} of {requests}: {answer:?}");
    }
}

#[rstest]
#[case::containerd(Counting::Pull, "hda", 1)]
#[case::docker_again(Counting::Pull, "hdahda", 2)]
#[case::podman(Counting::Pull, "ia", 1)]
#[case::podman_again_and_again(Counting::Pull, "iaiaia", 3)]
#[case::ctr_2_fetches_both_platforms(Counting::Pull, "hdar", 2)]
#[case::crane_manifest_twice(Counting::Pull, "ii", 1)]
#[case::twice_but_later(Counting::Pull, "i+i", 2)]
#[case::a_pull_that_takes_long(Counting::Pull, "i+a", 2)]
#[case::two_images_at_once(Counting::Pull, "ioab", 2)]
#[case::heads_only(Counting::Pull, "hhhh", 0)]
#[case::containerd(Counting::Get, "hda", 2)]
#[case::crane_manifest(Counting::Get, "i", 1)]
#[case::containerd(Counting::Arch, "hda", 1)]
#[case::both_platforms(Counting::Arch, "hdar", 2)]
#[case::the_index_alone(Counting::Arch, "iii", 0)]
fn a_pull_costs_what_the_rule_says(
    #[case] counting: Counting,
    #[case] requests: &str,
    #[case] cost: u32,
) {
    let hub = Hub::start(Settings { counting, ..limited(50) });
    let puller = hub.nobody();
    play(&hub, &puller, requests);
    assert_eq!(puller.remaining(), Some(50 - cost));
}

#[test]
fn the_last_pull_may_be_finished_and_the_next_is_refused() {
    let hub = Hub::with_limit(1);
    let puller = hub.nobody();
    let index = puller.manifest("GET", "latest");
    let amd64 = index.json()["manifests"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!((index.status, index.header("ratelimit-remaining")), (200, Some("0;w=3600")));
    assert_eq!(puller.manifest("HEAD", &amd64).status, 200, "a HEAD in the middle of a pull");
    assert_eq!(puller.manifest("GET", &amd64).status, 200, "the second half of a pull");
    assert_eq!(puller.manifest("HEAD", &amd64).status, 429, "the pull is over");
    assert_eq!(puller.manifest("GET", "latest").status, 429);
}

#[test]
fn a_refused_request_does_not_count() {
    let hub = Hub::start(Settings { window: window(60), counting: Counting::Get, ..limited(1) });
    let puller = hub.nobody();
    assert_eq!(puller.manifest("GET", "latest").status, 200);
    hub.advance(50);
    for _ in 0..5 {
        assert_eq!(puller.manifest("GET", "latest").status, 429);
    }
    hub.advance(10);
    assert_eq!(puller.manifest("GET", "latest").status, 200);
    let state = hub.sandbox().snapshot();
    assert_eq!(state.identities[0].requests.refused, 5);
}

/// Two pulls of two, a minute's window, 30 seconds between them; what is left at 30, 60 and 90 seconds.
#[rstest]
#[case(Law::Sliding, [0, 1, 2])]
#[case(Law::Fixed, [0, 2, 2])]
#[case(Law::Bucket, [1, 2, 2])]
fn the_count_comes_back_by_its_law(#[case] law: Law, #[case] left: [u32; 3]) {
    let hub = Hub::start(Settings { law, window: window(60), ..limited(2) });
    let puller = hub.nobody();
    puller.manifest("GET", "latest");
    hub.advance(30);
    puller.manifest("GET", "latest");
    for left in left {
        assert_eq!(puller.remaining(), Some(left));
        hub.advance(30);
    }
}

#[test]
fn everybody_is_counted_alone() {
    let accounts = vec![
        "alice:pw".parse().unwrap(),
        "bob:pw:3".parse().unwrap(),
        "carol:pw:unlimited".parse().unwrap(),
    ];
    let hub = Hub::start(Settings { accounts, ..Settings::default() });
    let login = |user: &str| basic(user, "pw");
    let pullers = [
        hub.nobody(),
        hub.puller(&[("authorization", &login("alice"))]),
        hub.puller(&[("authorization", &login("bob"))]),
        hub.puller(&[("authorization", &login("carol"))]),
    ];
    assert_eq!(pullers.each_ref().map(Puller::remaining), [Some(100), Some(200), Some(3), None]);
    for puller in &pullers {
        assert_eq!(puller.manifest("GET", "latest").status, 200);
    }
    assert_eq!(pullers.each_ref().map(Puller::remaining), [Some(99), Some(199), Some(2), None]);
    let sources = pullers.each_ref().map(|puller| {
        puller.manifest("HEAD", "latest").header("docker-ratelimit-source").map(str::to_owned)
    });
    assert_eq!(sources.map(Option::unwrap), ["127.0.0.1", "alice", "bob", "carol"]);
}

#[test]
fn a_limit_for_everybody_holds_for_accounts_without_their_own() {
    let accounts = vec!["alice:pw".parse().unwrap(), "bob:pw:9".parse().unwrap()];
    let hub = Hub::start(Settings { accounts, ..limited(5) });
    let left = |user: &str| hub.puller(&[("authorization", &basic(user, "pw"))]).remaining();
    assert_eq!((hub.nobody().remaining(), left("alice"), left("bob")), (Some(5), Some(5), Some(9)));
}

#[test]
fn a_trusted_proxy_tells_addresses_apart_and_others_do_not() {
    for (trust_proxy, left) in [
        (true, [Some(4), Some(4), Some(3), Some(4)]),
        (false, [Some(4), Some(3), Some(2), Some(1)]),
    ] {
        let hub = Hub::start(Settings { trust_proxy, ..limited(5) });
        let mut seen = Vec::new();
        for address in ["192.0.2.1", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"] {
            let puller = hub.puller(&[("x-forwarded-for", address)]);
            puller.manifest("GET", "latest");
            hub.advance(6);
            seen.push(puller.remaining());
        }
        assert_eq!(seen, left, "trust_proxy {trust_proxy}");
    }
}

#[test]
fn an_ipv6_address_is_counted_and_named_by_its_64() {
    let hub = Hub::start(Settings { trust_proxy: true, ..limited(5) });
    let answer =
        hub.puller(&[("x-forwarded-for", "2001:db8:1:2:3:4:5:6")]).manifest("HEAD", "latest");
    assert_eq!(answer.header("docker-ratelimit-source"), Some("2001:db8:1:2::"));
}

#[test]
fn neighbours_make_the_count_fall_by_itself() {
    let hub = Hub::start(Settings {
        traffic: Some("steady:60/h".parse().unwrap()),
        token_life: Duration::from_secs(86_400),
        ..limited(100)
    });
    let puller = hub.nobody();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(puller.remaining().unwrap());
        hub.advance(600);
    }
    assert_eq!(seen, [100, 90, 80, 70]);
    hub.advance(36_000);
    assert_eq!(puller.remaining(), Some(40), "as much comes back as they pull");
}

#[test]
fn the_state_says_what_was_counted_and_what_was_asked() {
    let hub = Hub::with_limit(5);
    let puller = hub.nobody();
    play(&hub, &puller, "hia");
    let state = hub.ask("GET", "/_sandbox/state", &[]).json();
    assert_eq!(state["schema"], "dhlimit/sandbox/1");
    assert_eq!(
        (&state["profile"], &state["law"], &state["count"]),
        (&"2026".into(), &"sliding".into(), &"pull".into())
    );
    let line = &state["identities"][0];
    assert_eq!(line["identity"], "127.0.0.1");
    assert_eq!(
        (&line["limit"], &line["remaining"], &line["used"]),
        (&5.into(), &4.into(), &1.into())
    );
    assert_eq!(line["window_seconds"], 3600);
    assert_eq!(line["full_by"], "2026-11-22T10:15:21Z");
    assert_eq!(
        line["requests"],
        serde_json::json!({"head": 1, "get": 2, "blob": 0, "token": 1, "other": 0, "refused": 0})
    );
}

#[test]
fn counts_and_profiles_can_be_set() {
    let hub = Hub::start(Settings { accounts: vec!["alice:pw:50".parse().unwrap()], ..limited(5) });
    let puller = hub.nobody();
    assert_eq!(hub.set(r#"{"identity":"127.0.0.1","remaining":1}"#).status, 200);
    assert_eq!(puller.remaining(), Some(1));
    assert_eq!(hub.set(r#"{"remaining":3}"#).status, 200);
    assert_eq!(puller.remaining(), Some(3));
    let state = hub.set(r#"{"identity":"alice","remaining":7,"profile":"2023"}"#).json();
    assert_eq!(state["profile"], "2023");
    assert!(
        state["identities"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["identity"] == "alice" && line["remaining"] == 7)
    );
    assert_eq!(hub.sandbox().profile(), Profile::Of2023);
    assert_eq!(puller.remaining(), Some(3), "what has been counted stays");
}

#[rstest]
#[case("", "not understood")]
#[case("{}", "give remaining")]
#[case(r#"{"identity":"nobody","remaining":1}"#, "neither an address nor an account")]
#[case(r#"{"identity":"127.0.0.1"}"#, "needs remaining")]
#[case(r#"{"profile":"2019"}"#, "no profile")]
#[case(r#"{"remaining":-1}"#, "not understood")]
#[case(r#"{"remainder":1}"#, "unknown field")]
fn what_cannot_be_set_is_refused_with_the_reason(#[case] body: &str, #[case] why: &str) {
    let answer = Hub::with_limit(5).set(body);
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains(why), "{}", answer.body);
}

#[rstest]
#[case::a_page(&[("origin", "https://evil.example"), ("content-type", "text/plain")])]
#[case::a_name_that_was_let_point_here(&[("host", "evil.example")])]
#[case::a_picture_in_a_page(&[("sec-fetch-site", "cross-site")])]
fn no_page_of_another_site_turns_or_reads_the_sandbox(#[case] fields: &[(&str, &str)]) {
    let hub = Hub::with_limit(5);
    hub.nobody().manifest("GET", "latest");
    let before = hub.ask("GET", "/_sandbox/state", &[]).body;
    for (method, path) in
        [("POST", "/_sandbox/set"), ("GET", "/_sandbox/state"), ("GET", "/_sandbox/log")]
    {
        let answer = request(method, &hub.url(path), fields, r#"{"remaining":0}"#).unwrap();
        assert_eq!(answer.status, 403, "{method} {path}");
        assert!(answer.body.contains("other sites"), "{}", answer.body);
    }
    assert_eq!(hub.ask("GET", "/_sandbox/state", &[]).body, before);
}

#[test]
fn only_callers_on_this_machine_may_set_anything() {
    let hub = Hub::start(Settings { trust_proxy: true, ..limited(5) });
    assert_eq!(hub.ask("POST", "/_sandbox/set", &[("x-forwarded-for", "192.0.2.1")]).status, 403);
}
