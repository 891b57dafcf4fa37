//! Events of containerd, a line each, as `ctr events` prints them. A pull of a name that is not there makes it
//! (`/images/create`); of one that is there it makes none, and `/images/update` says nothing of what it cost.
//! containerd 2 also tells of what was fetched (`/content/create`, not seen with 1.6): an update after such a
//! fetch is a tag that has moved, and cost a pull. The CRI makes three names for a pull: the tag, the
//! configuration, and the digest, which is folded into the tag's. Follows containerd 1.6.20 and 2.2.9 as they
//! print (November 2026); neither tells a pull from an image that was loaded, built or tagged by hand.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{Memory, Pull, Seen};

/// The digest's name follows the tag's within this time.
const TOGETHER: TimeDelta = TimeDelta::seconds(2);
/// An update belongs to what was fetched so shortly before.
const FETCHED: TimeDelta = TimeDelta::seconds(60);

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// What a line tells.
pub(super) fn read(memory: &mut Memory, line: &str, now: DateTime<Utc>) -> Option<Seen> {
    let (_, event) = line.split_once(" /")?;
    let (topic, json) = event.split_once(' ')?;
    if topic == "content/create" {
        memory.fetched_at = Some(now);
        return None;
    }
    if !matches!(topic, "images/create" | "images/update") {
        return None;
    }
    let Named { name } = serde_json::from_str(json).ok()?;
    if name.starts_with("sha256:") {
        return None;
    }
    let pull = |name: String| Some(Seen::Pulled(Pull { image: name, certain: true }));
    let repository = repository(&name).to_owned();
    let was = memory.named.take().filter(|(_, at)| now - *at <= TOGETHER);
    let is_known = was.as_ref().is_some_and(|(known, _)| *known == repository);
    match topic {
        "images/create" if name.contains('@') && is_known => None,
        "images/create" => {
            memory.fetched_at = None;
            memory.named = Some((repository, now));
            pull(name)
        }
        // The tag that was made a moment ago.
        _ if is_known => {
            memory.named = was;
            None
        }
        _ => {
            let fetched = memory.fetched_at.take()?;
            (now - fetched <= FETCHED).then(|| pull(name)).flatten()
        }
    }
}

/// A name without its tag and digest.
fn repository(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Lines of events, those of `content` and `wait` in short; the images that were pulled.
    fn pulled(events: &[(&str, &str)]) -> Vec<String> {
        let (mut memory, mut now) = (Memory::default(), DateTime::UNIX_EPOCH);
        let mut pulled = Vec::new();
        for (topic, name) in events {
            if *topic == "wait" {
                now += TimeDelta::seconds(name.parse().unwrap());
                continue;
            }
            let line = format!(
                "2026-11-26 00:10:31.830661248 +0000 UTC k8s.io /{topic} {{\"name\":\"{name}\",\"labels\":{{}}}}"
            );
            if let Some(Seen::Pulled(pull)) = read(&mut memory, &line, now) {
                assert!(pull.certain);
                pulled.push(pull.image);
            }
        }
        pulled
    }

    const TAG: &str = "docker.io/library/nginx:1";
    const DIGEST: &str = "docker.io/library/nginx@sha256:aa";

    #[rstest]
    #[case::a_pull(&[("images/create", TAG)], &[TAG])]
    #[case::of_the_cri(&[("images/create", TAG), ("images/create", "sha256:cc"), ("images/create", DIGEST), ("images/update", TAG)], &[TAG])]
    #[case::of_the_cri_by_digest(&[("images/create", DIGEST), ("images/create", "sha256:cc"), ("images/update", DIGEST)], &[DIGEST])]
    #[case::of_one_that_is_there(&[("images/update", TAG), ("wait", "3"), ("images/update", TAG)], &[])]
    #[case::of_a_tag_that_moved(&[("content/create", ""), ("content/create", ""), ("images/update", TAG)], &[TAG])]
    #[case::fetched_long_ago(&[("content/create", ""), ("wait", "61"), ("images/update", TAG)], &[])]
    #[case::on_containerd_2(&[("content/create", ""), ("images/create", TAG), ("images/update", TAG), ("wait", "9"), ("images/update", TAG)], &[TAG])]
    #[case::two(&[("images/create", TAG), ("images/create", "quay.io/a/b:1")], &[TAG, "quay.io/a/b:1"])]
    #[case::a_digest_later(&[("images/create", TAG), ("wait", "9"), ("images/create", DIGEST)], &[TAG, DIGEST])]
    #[case::other_topics(&[("images/delete", TAG), ("tasks/start", "x"), ("snapshot/prepare", "y")], &[])]
    fn what_costs_a_pull_is_counted_once(
        #[case] events: &[(&str, &str)],
        #[case] expected: &[&str],
    ) {
        assert_eq!(pulled(events), expected);
    }

    #[rstest]
    #[case("")]
    #[case("no event")]
    #[case("x /images/create")]
    #[case("x /images/create {")]
    #[case("x /images/create {\"nome\":1}")]
    fn what_is_no_event_is_passed_over(#[case] line: &str) {
        assert!(read(&mut Memory::default(), line, DateTime::UNIX_EPOCH).is_none(), "{line}");
    }
}
