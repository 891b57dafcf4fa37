//! The pull side of the OCI distribution specification.

use rstest::rstest;
use sha2::{Digest as _, Sha256};

use super::{Hub, NGINX, Puller};
use crate::harness::http::Answer;

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn blob(puller: &Puller<'_>, digest: &str, range: Option<&str>) -> Answer {
    let fields: Vec<(&str, &str)> = range.iter().map(|range| ("range", *range)).collect();
    puller.ask_with("GET", &format!("/v2/{NGINX}/blobs/{digest}"), &fields)
}

#[test]
fn an_image_is_pulled_part_by_part_and_every_digest_is_true() {
    let hub = Hub::with_limit(50);
    let puller = hub.nobody();
    let head = puller.manifest("HEAD", "latest");
    let index = puller.manifest("GET", "latest");
    for name in ["content-type", "content-length", "docker-content-digest"] {
        assert_eq!(head.header(name), index.header(name), "{name}");
    }
    assert_eq!(
        (head.body.as_str(), head.header("content-type")),
        ("", Some("application/vnd.oci.image.index.v1+json"))
    );
    assert_eq!(index.header("docker-content-digest"), Some(sha256(index.body.as_bytes()).as_str()));
    for place in 0..2 {
        let digest = index.json()["manifests"][place]["digest"].as_str().unwrap().to_owned();
        let manifest = puller.manifest("GET", &digest);
        assert_eq!(
            manifest.header("content-type"),
            Some("application/vnd.oci.image.manifest.v1+json")
        );
        assert_eq!(sha256(manifest.body.as_bytes()), digest);
        let config = manifest.json()["config"]["digest"].as_str().unwrap().to_owned();
        assert_eq!(sha256(blob(&puller, &config, None).body.as_bytes()), config);
        let layer = &manifest.json()["layers"][0];
        let answer = blob(&puller, layer["digest"].as_str().unwrap(), None);
        assert_eq!(
            (answer.status, answer.header("content-length").unwrap()),
            (200, layer["size"].to_string().as_str())
        );
        assert!(!answer.head.contains("ratelimit"), "a blob's answer says nothing of the limit");
    }
}

#[test]
fn a_single_manifest_is_given_to_who_takes_nothing_else() {
    let hub = Hub::with_limit(50);
    let accept = [("accept", "application/vnd.oci.image.manifest.v1+json")];
    let answer = hub.nobody().ask_with("GET", &format!("/v2/{NGINX}/manifests/latest"), &accept);
    assert_eq!(answer.json()["layers"].as_array().map(Vec::len), Some(1), "{}", answer.body);
}

#[rstest]
#[case("bytes=0-9", 206, Some("bytes 0-9/"), 10)]
#[case("bytes=-5", 206, None, 5)]
#[case("bytes=100000-", 416, Some("bytes */"), 0)]
#[case("bytes=5-1", 200, None, 0)]
fn a_blob_is_had_in_parts(
    #[case] range: &str,
    #[case] status: u16,
    #[case] content_range: Option<&str>,
    #[case] length: usize,
) {
    let hub = Hub::with_limit(50);
    let puller = hub.nobody();
    let index = puller.manifest("GET", "latest").json();
    let manifest = puller.manifest("GET", index["manifests"][0]["digest"].as_str().unwrap()).json();
    let config = manifest["config"]["digest"].as_str().unwrap();
    let whole = blob(&puller, config, None);
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let part = blob(&puller, config, Some(range));
    assert_eq!(part.status, status);
    if let Some(start) = content_range {
        assert!(part.header("content-range").unwrap().starts_with(start), "{}", part.head);
    }
    if status == 206 {
        assert_eq!(part.body.len(), length);
        assert!(whole.body.contains(&part.body));
    }
}

#[rstest]
#[case("HEAD", "manifests/missing-tag", 404, true)]
#[case("GET", "manifests/missing-tag", 404, true)]
#[case(
    "GET",
    "manifests/sha256:0000000000000000000000000000000000000000000000000000000000000000",
    404,
    true
)]
#[case("GET", "manifests/.INVALID", 404, true)]
#[case("GET", "manifests/sha256:short", 404, true)]
#[case(
    "GET",
    "blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000",
    404,
    false
)]
#[case("GET", "blobs/latest", 404, false)]
#[case("GET", "nothing/here", 404, false)]
#[case("PUT", "manifests/latest", 405, false)]
#[case("DELETE", "manifests/latest", 405, false)]
#[case("POST", "blobs/uploads/", 405, false)]
fn what_is_not_there_is_said_as_the_specification_says_it(
    #[case] method: &str,
    #[case] path: &str,
    #[case] status: u16,
    #[case] limit: bool,
) {
    let hub = Hub::with_limit(50);
    let puller = hub.nobody();
    let answer = puller.ask(method, &format!("/v2/{NGINX}/{path}"));
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        answer.header("ratelimit-remaining"),
        limit.then_some("50;w=3600"),
        "and it is not counted"
    );
    if method != "HEAD" {
        assert!(answer.json()["errors"][0]["code"].is_string());
    }
}

#[test]
fn a_missing_repository_is_a_404_without_a_limit() {
    let hub = Hub::with_limit(50);
    for name in ["missing", "library/missing-1", "missing/nginx"] {
        let bearer = format!("Bearer {}", hub.token_with(name, &[]));
        let answer =
            hub.ask("GET", &format!("/v2/{name}/manifests/latest"), &[("authorization", &bearer)]);
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (404, &"NAME_UNKNOWN".into())
        );
        assert!(answer.header("ratelimit-limit").is_none());
    }
}

#[test]
fn tags_are_listed_page_by_page() {
    let hub = Hub::with_limit(50);
    let puller = hub.nobody();
    let all = puller.ask("GET", &format!("/v2/{NGINX}/tags/list"));
    assert!(all.header("link").is_none());
    let (mut path, mut found) = (format!("/v2/{NGINX}/tags/list?n=2"), Vec::new());
    for _ in 0..10 {
        let page = puller.ask("GET", &path);
        found.extend(page.json()["tags"].as_array().unwrap().clone());
        let Some(link) = page.header("link") else { break };
        path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
    }
    assert_eq!(all.json(), serde_json::json!({"name": NGINX, "tags": found}));
    assert!(found.contains(&"latest".into()));
    assert_eq!(
        puller.ask("GET", &format!("/v2/{NGINX}/tags/list?n=0")).json()["tags"],
        serde_json::json!([])
    );
}

#[test]
fn a_digest_learnt_from_one_sandbox_is_good_in_another() {
    let (one, other) = (Hub::with_limit(50), Hub::with_limit(50));
    let index = one.nobody().manifest("GET", "latest").json();
    let digest = index["manifests"][1]["digest"].as_str().unwrap();
    assert_eq!(other.nobody().manifest("GET", digest).status, 200);
}

#[test]
fn referrers_are_an_empty_index() {
    let hub = Hub::with_limit(50);
    let answer = hub.nobody().ask("GET", &format!("/v2/{NGINX}/referrers/sha256:00"));
    assert_eq!((answer.status, &answer.json()["manifests"]), (200, &serde_json::json!([])));
}
