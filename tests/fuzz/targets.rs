//! The targets: what each parser is fed and what it must hold.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use chrono::DateTime;

use super::fuzz;
use crate::credentials::{AuthFile, kubelet_keys, misses_docker_hub};
use crate::diagnosis::{Class, Explainer, Hub};
use crate::hostconfig::{Machine, look};
use crate::image::{Images, Reference};
use crate::quota::{Answer, Arrival, LimitStatus, Source, assess, read_limits};
use crate::recording::Reader;
use crate::registry::parse_challenge;
use crate::render::template::Template;
use crate::text;

/// A secret that a target plants, and that no message may show.
const SECRET: &str = "fuzz3d-S3cret-value";

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_reference_that_is_read_is_written_and_read_as_the_same() {
    fuzz("reference", |bytes| {
        let written = lossy(bytes);
        for line in written.lines().take(20) {
            let Ok(reference) = line.parse::<Reference>() else { continue };
            let full = reference.to_string();
            assert_eq!(full.parse::<Reference>().as_ref(), Ok(&reference), "{full}");
            let familiar = reference.familiar();
            assert_eq!(
                familiar.parse::<Reference>().map(|again| again.to_string()),
                Ok(full),
                "{familiar}"
            );
            assert!(!familiar.contains(char::is_whitespace) && familiar.is_ascii());
        }
    });
}

#[test]
fn limit_headers_are_never_read_as_no_limit() {
    fuzz("headers", |bytes| {
        let text = lossy(bytes);
        let fields: Vec<(&str, &str)> =
            text.lines().filter_map(|line| line.split_once(": ")).take(50).collect();
        let answer = Answer {
            status: 200,
            fields: &fields,
            body: "",
            retry_after: None,
            at: DateTime::UNIX_EPOCH,
        };
        let assessment = assess(answer);
        let limited = read_limits(&fields).is_some();
        assert!(!limited || assessment.status != Some(LimitStatus::Unlimited), "{assessment:?}");
        assert!(!assessment.warnings.iter().any(|warning| warning.contains(text::is_control)));
    });
}

#[test]
fn a_challenge_leads_to_a_web_address_or_nowhere() {
    fuzz("challenge", |bytes| {
        let text = lossy(bytes);
        if let Some(crate::registry::Challenge::Bearer { realm, .. }) =
            parse_challenge(text.lines())
        {
            assert!(matches!(realm.scheme(), "http" | "https") && realm.has_host());
        }
    });
}

#[test]
fn sources_and_arrivals_end() {
    fuzz("words", |bytes| {
        for line in lossy(bytes).lines().take(20) {
            let _ = Source::parse(line);
            if let Ok(arrival) = line.parse::<Arrival>() {
                assert_eq!(arrival.to_string().parse::<Arrival>(), Ok(arrival));
            }
        }
    });
}

#[test]
fn explain_finds_the_same_in_whatever_pieces_it_is_fed() {
    fuzz("explain", |bytes| {
        let found = |size: usize| {
            let mut findings = Vec::new();
            let mut explainer = Explainer::new(Hub::default());
            for piece in bytes.chunks(size.max(1)) {
                explainer.feed(piece, &mut |finding| findings.push(finding));
            }
            explainer.finish(&mut |finding| findings.push(finding));
            findings
        };
        let whole = found(bytes.len());
        assert_eq!(whole, found(7));
        for finding in &whole {
            assert!(finding.line >= 1 && !finding.text.contains(text::is_control), "{finding:?}");
            assert!(!finding.advice.is_empty());
        }
    });
}

#[test]
fn a_planted_token_shows_behind_no_text() {
    fuzz("redact", |bytes| {
        let line = text::one_line(&lossy(bytes), 4_000);
        assert!(!line.contains(text::is_control));
        // A word of its own behind any text: no text before it opens a way out.
        let token = format!("ghp_{}", "a1B2c3D4e5".repeat(4).get(..36).unwrap());
        let planted = text::redact(&format!("{line} {token}"));
        assert!(!planted.contains(&token), "{planted}");
    });
}

#[test]
fn a_credentials_file_is_read_or_refused_without_a_word_of_what_it_holds() {
    fuzz("docker-config", |bytes| {
        let text = lossy(bytes).replace("SECRET", SECRET);
        match AuthFile::parse(text.as_bytes()) {
            Ok(file) => {
                let shown = format!("{file:?}");
                assert!(!shown.contains(SECRET) || !text_is_secret_only(&text), "{shown}");
            }
            Err(error) => assert!(!error.to_string().contains(SECRET), "{error}"),
        }
    });
}

/// Whether the planted secret stands only where a secret may stand (a mutation may have made a host
/// or a user name of it, which are shown).
fn text_is_secret_only(text: &str) -> bool {
    text.matches(SECRET).count() == text.matches(&format!("\"password\": \"{SECRET}\"")).count()
}

#[test]
fn the_kubelets_keys_are_those_it_was_given() {
    fuzz("kubelet-keys", |bytes| {
        let text = lossy(bytes);
        let auths: BTreeMap<String, usize> =
            text.lines().take(50).map(|line| (line.to_owned(), line.len())).collect();
        for (registry, repository) in [("docker.io", "library/nginx"), ("a.example:5000", "b/c")] {
            let keys = kubelet_keys(&auths, registry, repository);
            assert!(keys.iter().all(|key| auths.contains_key(*key)));
        }
        for key in auths.keys() {
            let _ = misses_docker_hub(key);
        }
    });
}

/// Lays the input as `path` on an empty machine and looks at all of its configuration.
fn laid(path: &str, bytes: &[u8]) {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, lossy(bytes).replace("SECRET", SECRET)).unwrap();
    let home = root.path().join("home").display().to_string();
    let machine = Machine {
        root: root.path().to_owned(),
        environment: [("HOME".to_owned(), home)].into_iter().collect(),
        is_root: true,
    };
    let registries = [("docker.io", "library/nginx"), ("quay.io", "team/app")]
        .map(|(one, other)| (one.to_owned(), other.to_owned()));
    for sight in look(&machine, &registries) {
        let shown = format!("{sight:?}");
        assert!(!shown.is_empty());
    }
}

#[test]
fn a_daemon_json_is_read_or_told_of() {
    fuzz("daemon-json", |bytes| laid("etc/docker/daemon.json", bytes));
}

#[test]
fn a_hosts_toml_is_read_or_told_of() {
    fuzz("hosts-toml", |bytes| laid("etc/containerd/certs.d/docker.io/hosts.toml", bytes));
}

#[test]
fn containerds_configuration_is_read_or_told_of() {
    fuzz("containerd-config", |bytes| laid("etc/containerd/config.toml", bytes));
}

#[test]
fn a_registries_conf_is_read_or_told_of() {
    fuzz("registries-conf", |bytes| laid("etc/containers/registries.conf", bytes));
}

#[test]
fn buildkits_configuration_is_read_or_told_of() {
    fuzz("buildkitd-toml", |bytes| laid("etc/buildkit/buildkitd.toml", bytes));
}

#[test]
fn a_recording_is_read_to_its_end() {
    fuzz("recording", |bytes| {
        let reader = Reader::new(Path::new("fuzz"), Cursor::new(bytes.to_vec()));
        let lines = reader.count();
        assert!(lines <= bytes.split(|byte| *byte == b'\n').count() + 1, "{lines} lines");
    });
}

#[test]
fn a_template_gives_one_bounded_text() {
    let value: serde_json::Value = serde_json::json!({
        "remaining": 7, "limit": null, "identity": {"user": "a\u{1b}[31mb", "kind": "account"},
        "headers": {"ratelimit-limit": "100;w=3600"}, "warnings": ["x"],
    });
    fuzz("template", |bytes| {
        let Ok(template) = lossy(bytes).parse::<Template>() else { return };
        if let Ok(text) = template.render(&value) {
            assert!(!text.contains('\u{1b}') || bytes.contains(&0x1b), "{text:?}");
        }
    });
}

#[test]
fn a_list_of_images_is_read_or_refused_in_its_line() {
    fuzz("images", |bytes| {
        if let Ok(images) = Images::parse(&lossy(bytes)) {
            assert!(images.counted() + images.others() <= bytes.len());
        }
    });
}

#[test]
fn every_class_of_the_corpus_is_known() {
    // The corpus of `explain` is of use only while its seeds are failures that are found.
    let corpus = include_str!("corpus/explain.txt");
    let classes: std::collections::BTreeSet<Class> = corpus
        .split("%%\n")
        .filter_map(|seed| crate::diagnosis::classify(seed, &Hub::default()))
        .map(|finding| finding.class)
        .collect();
    assert!(classes.len() >= 10, "{classes:?}");
}
