//! Events of Docker and Podman, a JSON object a line. Both tell of a pull in the same words whether it fetched
//! anything or found the image there, so that neither is certain to have cost something.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Memory, Pull, Seen};

/// Docker names the image twice, by the newer `Action` and the older `status`.
#[derive(Deserialize)]
struct DockerEvent {
    #[serde(rename = "Type")]
    kind: Option<String>,
    status: Option<String>,
    #[serde(rename = "Action")]
    action: Option<String>,
    id: Option<String>,
    #[serde(rename = "Actor")]
    actor: Option<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "ID")]
    id: Option<String>,
}

#[derive(Deserialize)]
struct PodmanEvent {
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "Status")]
    status: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
}

/// What a line of `docker events` tells.
pub(super) fn docker(_: &mut Memory, line: &str, _: DateTime<Utc>) -> Option<Seen> {
    let event: DockerEvent = serde_json::from_str(line).ok()?;
    let is_image = event.kind.as_deref().unwrap_or("image") == "image";
    let is_pull = event.action.or(event.status).as_deref() == Some("pull");
    let image = event.id.or_else(|| event.actor?.id)?;
    (is_image && is_pull).then_some(Seen::Pulled(Pull { image, certain: false }))
}

/// What a line of `podman events` tells.
pub(super) fn podman(_: &mut Memory, line: &str, _: DateTime<Utc>) -> Option<Seen> {
    let event: PodmanEvent = serde_json::from_str(line).ok()?;
    let is_pull = (event.kind.as_deref(), event.status.as_deref()) == (Some("image"), Some("pull"));
    let image = event.name.filter(|_| is_pull)?;
    Some(Seen::Pulled(Pull { image, certain: false }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    type Read = fn(&mut Memory, &str, DateTime<Utc>) -> Option<Seen>;

    #[rstest]
    #[case(docker, r#"{"status":"pull","id":"nginx:latest","Type":"image","Action":"pull","Actor":{"ID":"nginx:latest","Attributes":{"name":"nginx"}},"scope":"local","time":1}"#, Some("nginx:latest"))]
    #[case(docker, r#"{"Type":"image","Action":"pull","Actor":{"ID":"a/b:1"}}"#, Some("a/b:1"))]
    #[case(docker, r#"{"Type":"image","Action":"untag","Actor":{"ID":"a/b:1"}}"#, None)]
    #[case(docker, r#"{"Type":"plugin","Action":"pull","Actor":{"ID":"a/b:1"}}"#, None)]
    #[case(docker, "error during connect", None)]
    #[case(podman, r#"{"Name":"nginx:latest","Status":"pull","Time":"2026-11-26T00:00:00Z","Type":"image","Attributes":null}"#, Some("nginx:latest"))]
    #[case(podman, r#"{"Name":"x","Status":"create","Type":"container"}"#, None)]
    #[case(podman, r#"{"Status":"pull","Type":"image"}"#, None)]
    fn a_pull_may_have_been_free(
        #[case] read: Read,
        #[case] line: &str,
        #[case] image: Option<&str>,
    ) {
        let seen = read(&mut Memory::default(), line, DateTime::UNIX_EPOCH);
        let expected =
            image.map(|image| Seen::Pulled(Pull { image: image.to_owned(), certain: false }));
        assert_eq!(seen, expected, "{line}");
    }
}
