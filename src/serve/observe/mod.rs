//! `serve --observe`: what this machine's own runtimes tell of their pulls, beside what the count says. Events
//! of containerd, Docker and Podman, and refusals from the journal, each by the runtime's own program for as long
//! as the server lives. A source more is a row of [`SOURCES`]. Bounded: so many images, a line of so many bytes;
//! a program that ends is started again, later each time.

mod containerd;
mod engines;
mod journal;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Hub;
use crate::context::{Clock, Environment};
use crate::image::Reference;
use crate::process::find;
use crate::process::follow::follow;

/// The most images that are told apart; pulls of others count together.
const MOST_IMAGES: usize = 500;
/// The name of those others.
const OTHERS: &str = "others";
/// How long until a program that ended is started again, at first and at the most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(120));

/// A pull as a runtime tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pull {
    /// The image as the runtime names it.
    image: String,
    /// Whether it is certain that something was pulled: Docker and Podman tell of a look that found the image
    /// there in the same words.
    certain: bool,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Pulled(Pull),
    /// A registry refused a pull, by the class of its failure.
    Refused(&'static str),
}

/// What earlier lines of a source told that later ones belong to.
#[derive(Debug, Default)]
struct Memory {
    /// The repository that was named last, and when.
    named: Option<(String, DateTime<Utc>)>,
    /// When something was fetched that no name was made of yet.
    fetched_at: Option<DateTime<Utc>>,
    /// When a refusal was seen last.
    refused_at: Option<DateTime<Utc>>,
}

/// Whoever tells.
struct Source {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    read: fn(&mut Memory, &str, DateTime<Utc>) -> Option<Seen>,
}

const SOURCES: [Source; 4] = [
    Source { name: "containerd", program: "ctr", arguments: &["events"], read: containerd::read },
    Source {
        name: "docker",
        program: "docker",
        arguments: &[
            "events",
            "--filter",
            "type=image",
            "--filter",
            "event=pull",
            "--format",
            "{{json .}}",
        ],
        read: engines::docker,
    },
    Source {
        name: "podman",
        program: "podman",
        arguments: &[
            "events",
            "--filter",
            "type=image",
            "--filter",
            "event=pull",
            "--format",
            "json",
        ],
        read: engines::podman,
    },
    Source {
        name: "journal",
        program: "journalctl",
        arguments: &[
            "--follow",
            "--lines=0",
            "--output=cat",
            "-u",
            "containerd",
            "-u",
            "docker",
            "-u",
            "crio",
            "-u",
            "kubelet",
            "-u",
            "k3s",
            "-u",
            "k3s-agent",
            "-u",
            "rke2-server",
            "-u",
            "rke2-agent",
        ],
        read: journal::read,
    },
];

/// What pulls are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PullKey {
    /// The runtime that told of them.
    pub runtime: &'static str,
    /// The registry, Docker Hub by one name.
    pub registry: String,
    /// The image in full form, or `others`.
    pub image: String,
    /// Whether each certainly cost a pull.
    pub certain: bool,
}

/// What was observed since the server began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observations {
    /// Whether each source is listened to now; empty where nobody asked for it.
    pub sources: BTreeMap<&'static str, bool>,
    /// Pulls: how many, and when the last was.
    pub pulls: BTreeMap<PullKey, (u64, DateTime<Utc>)>,
    /// Refused pulls by the class of the failure.
    pub refusals: BTreeMap<&'static str, u64>,
}

impl Observations {
    fn pulled(&mut self, runtime: &'static str, pull: &Pull, at: DateTime<Utc>) {
        let reference = pull.image.parse::<Reference>().ok();
        let registry = reference.as_ref().map_or("", Reference::canonical_registry).to_owned();
        let image = reference.map_or_else(|| OTHERS.to_owned(), |image| image.to_string());
        let mut key = PullKey { runtime, registry, image, certain: pull.certain };
        if self.pulls.len() >= MOST_IMAGES && !self.pulls.contains_key(&key) {
            OTHERS.clone_into(&mut key.image);
        }
        let known = self.pulls.entry(key).or_insert((0, at));
        *known = (known.0 + 1, at);
    }
}

/// Listens to every source that this machine has until `shutdown`; none where it has none.
pub(crate) fn observe(
    hub: &Arc<Hub>,
    clock: &Arc<dyn Clock>,
    environment: &Environment,
    shutdown: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let found =
        SOURCES.iter().filter_map(|source| Some((source, find(source.program, environment)?)));
    let listen = |(source, program): (&'static Source, PathBuf)| {
        let (hub, clock) = (Arc::clone(hub), Arc::clone(clock));
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = listen(source, program, &hub, clock.as_ref()) => {}
                () = shutdown.cancelled() => {}
            }
        })
    };
    found.map(listen).collect()
}

/// Listens to a source for ever.
async fn listen(source: &Source, program: PathBuf, hub: &Hub, clock: &dyn Clock) {
    let mut pause = AGAIN.0;
    loop {
        let (began, mut memory) = (Instant::now(), Memory::default());
        hub.listens(source.name, true);
        let mut command = Command::new(&program);
        command.args(source.arguments);
        let ended = follow(command, |line| {
            let now = clock.now();
            match (source.read)(&mut memory, line, now) {
                Some(Seen::Pulled(pull)) => {
                    hub.observe(|observed| observed.pulled(source.name, &pull, now));
                    let image = crate::text::one_line(&pull.image, 300);
                    hub.announce(now, "pull_observed", &format!("{} pulled {image}", source.name));
                }
                Some(Seen::Refused(class)) => {
                    hub.observe(|observed| *observed.refusals.entry(class).or_default() += 1);
                    hub.announce(now, "refusal_observed", class);
                }
                None => {}
            }
        });
        let ended = ended.await;
        tracing::debug!(source = source.name, ?ended, "listened");
        hub.listens(source.name, false);
        // One that was listened to for a while ended for a reason of its own.
        pause = if began.elapsed() > AGAIN.1 { AGAIN.0 } else { (pause * 2).min(AGAIN.1) };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulls_are_counted_by_image_in_full_form_and_the_most_images_are_bounded() {
        let mut observed = Observations::default();
        let pull = |image: &str| Pull { image: image.to_owned(), certain: false };
        for image in ["nginx:latest", "docker.io/library/nginx:latest", "quay.io/a/b:1"] {
            observed.pulled("docker", &pull(image), DateTime::UNIX_EPOCH);
        }
        let rows: Vec<_> = observed
            .pulls
            .iter()
            .map(|(key, (count, _))| (key.registry.as_str(), key.image.as_str(), *count))
            .collect();
        assert_eq!(
            rows,
            [("docker.io", "docker.io/library/nginx:latest", 2), ("quay.io", "quay.io/a/b:1", 1)]
        );
        for number in 0..2_000 {
            observed.pulled("docker", &pull(&format!("a/b:{number}")), DateTime::UNIX_EPOCH);
        }
        observed.pulled("docker", &pull("No Image"), DateTime::UNIX_EPOCH);
        assert!(observed.pulls.len() <= MOST_IMAGES + 2, "{}", observed.pulls.len());
        assert_eq!(observed.pulls.values().map(|(count, _)| count).sum::<u64>(), 2_004);
    }
}
