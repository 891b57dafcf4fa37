//! One file read by one kind: what its reader found becomes references with lines, registries and pins.

use super::input::{Given, Input};
use super::kind::{FileKind, Kind};
use super::kinds::dockerfile::{self, Caller};
use super::sink::{Build, Findings, Found, Rename, Sink};
use super::suppression::{self, Suppression};
use super::text::Text;
use super::value::{ImageUse, Pinned};
use super::via;
use crate::image::{Reference, hub};

/// What came of a file.
#[derive(Debug, Default)]
pub(super) struct FileResult {
    /// The folder or file that was asked for and that it was found in.
    pub root: String,
    /// What it was read as; `None` where it was not read.
    pub kind: Option<FileKind>,
    pub uses: Vec<ImageUse>,
    pub includes: Vec<(String, FileKind)>,
    pub builds: Vec<Build>,
    pub renames: Vec<Rename>,
    pub warnings: Vec<String>,
    pub suppressions: Vec<Suppression>,
}

/// Reads a text as a file of a kind.
pub(super) fn read(
    kind: &Kind,
    path: &str,
    root: &str,
    text: &str,
    given: &Given,
    on_disk: bool,
    callers: &[Caller],
) -> FileResult {
    let mut input = Input::new(path, root, text, given);
    input.on_disk = on_disk;
    let mut sink = Sink::new(&input);
    if callers.is_empty() {
        (kind.read)(&input, &mut sink);
    }
    let mut found = sink.finish();
    for caller in callers {
        let mut sink = Sink::new(&input);
        dockerfile::read_text(&input, &Text::at(text, 0), &mut sink, caller);
        join(&mut found, sink.finish());
    }
    let uses = found.uses.into_iter().map(|found| placed(found, kind.name, &input)).collect();
    FileResult {
        root: root.to_owned(),
        kind: Some(kind.name),
        uses,
        includes: found.includes,
        builds: found.builds,
        renames: found.renames,
        warnings: found.warnings,
        suppressions: suppression::of(text),
    }
}

/// The same file read once more with other arguments: what is new, and what is pulled by either.
fn join(all: &mut Findings, more: Findings) {
    for found in more.uses {
        let same =
            |known: &&mut Found| known.span == found.span && known.reference == found.reference;
        match all.uses.iter_mut().find(same) {
            Some(known) => known.pulls = known.pulls.max(found.pulls),
            None => all.uses.push(found),
        }
    }
}

fn placed(found: Found, kind: FileKind, input: &Input<'_>) -> ImageUse {
    let (line, column) = input.place(found.span.start);
    let slice = input.text.get(found.span.clone()).unwrap_or_default();
    let written =
        if slice.is_empty() || slice.contains('\n') { found.written } else { slice.to_owned() };
    let is_whole = found.unresolved.is_empty();
    let parsed: Option<Reference> = if is_whole { found.reference.parse().ok() } else { None };
    let registry = match &parsed {
        Some(reference) => Some(reference.canonical_registry().to_owned()),
        None if is_whole => None,
        None => partial_registry(&found.reference),
    };
    let docker_hub = registry.as_deref() == Some(hub::NAME);
    ImageUse {
        path: input.path.to_owned(),
        line,
        column,
        kind: found.kind.unwrap_or(kind),
        written,
        image: parsed.as_ref().map(canonical),
        pinned: parsed.as_ref().map(pinned),
        known: found.reference.clone(),
        beside: found.beside,
        reference: is_whole.then_some(found.reference),
        registry,
        docker_hub,
        purpose: found.purpose,
        identity: found.puller,
        via: parsed.as_ref().and_then(via::via),
        pulls: found.pulls,
        certain: found.certain && (parsed.is_some() || !is_whole),
        unresolved: found.unresolved,
        defined_at: found.defined_at,
        profiles: found.profiles,
        pods: found.pods,
        service: found.service,
        job: found.job,
        machines: Vec::new(),
        span: found.span,
    }
}

/// Gives a use another reference, where something else says what is pulled.
pub(super) fn refer(one: &mut ImageUse, reference: String) {
    let Ok(parsed) = reference.parse::<Reference>() else { return };
    one.registry = Some(parsed.canonical_registry().to_owned());
    one.docker_hub = one.registry.as_deref() == Some(hub::NAME);
    one.image = Some(canonical(&parsed));
    one.via = via::via(&parsed);
    one.pinned = Some(pinned(&parsed));
    one.known.clone_from(&reference);
    one.reference = Some(reference);
}

/// The full form, Docker Hub by one name whichever of its hosts is written.
pub(super) fn canonical(reference: &Reference) -> String {
    let full = reference.to_string();
    match full.strip_prefix(reference.registry()) {
        Some(rest) if reference.is_docker_hub() => {
            let rest = rest.trim_start_matches('/');
            let path = rest.split([':', '@']).next().unwrap_or(rest);
            let library = if path.contains('/') { "" } else { "library/" };
            format!("{}/{library}{rest}", hub::NAME)
        }
        _ => full,
    }
}

/// The registry of a reference in which variables have no value, where they cannot change it.
fn partial_registry(text: &str) -> Option<String> {
    let known = text.split(['$', '{', '<', '%', '@']).next().unwrap_or_default();
    let known_name = known.split(':').next().unwrap_or_default();
    if let Some((first, _)) = known.split_once('/') {
        let probe = format!("{first}/x");
        return probe
            .parse::<Reference>()
            .ok()
            .map(|reference| reference.canonical_registry().to_owned());
    }
    // Of `nginx:$TAG` no more than the tag is open, of `nginx$X` anything.
    let is_closed = known.contains(':') && !known_name.is_empty();
    let rest = text.split_once(':').map(|(_, rest)| rest).unwrap_or_default();
    (is_closed && !rest.contains('/')).then(|| hub::NAME.to_owned())
}

/// Tags that move, in part: words of releases, not numbers.
const MOVING: &[&str] = &[
    "latest",
    "stable",
    "edge",
    "nightly",
    "main",
    "master",
    "dev",
    "develop",
    "rolling",
    "mainline",
    "current",
    "lts",
    "beta",
    "alpha",
    "next",
    "canary",
    "unstable",
    "testing",
    "rc",
    "snapshot",
    "head",
    "trunk",
    "production",
    "prod",
];

/// What a reference is pinned to.
fn pinned(reference: &Reference) -> Pinned {
    if reference.digest().is_some() {
        return Pinned::Digest;
    }
    match reference.tag() {
        Some(tag) if tag.bytes().any(|byte| byte.is_ascii_digit()) => Pinned::Version,
        Some(tag) => {
            let first = tag.split(['-', '_', '.']).next().unwrap_or(tag).to_ascii_lowercase();
            if MOVING.contains(&first.as_str()) || !tag.contains(['-', '.']) {
                Pinned::Floating
            } else {
                Pinned::Version
            }
        }
        None => Pinned::Floating,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("nginx:$T", Some("docker.io"))]
    #[case("nginx$T", None)]
    #[case("a/b:${T}", Some("docker.io"))]
    #[case("ghcr.io/a/$B", Some("ghcr.io"))]
    #[case("$R/a", None)]
    #[case("x:$P/a", None)]
    fn the_registry_is_known_where_variables_cannot_change_it(
        #[case] text: &str,
        #[case] registry: Option<&str>,
    ) {
        assert_eq!(partial_registry(text).as_deref(), registry, "{text}");
    }

    #[rstest]
    #[case("nginx", Pinned::Floating)]
    #[case("nginx:stable-alpine", Pinned::Floating)]
    #[case("nginx:1.27", Pinned::Version)]
    #[case("debian:bookworm", Pinned::Floating)]
    #[case("debian:bookworm-slim", Pinned::Version)]
    fn pins_are_told(#[case] text: &str, #[case] is: Pinned) {
        assert_eq!(pinned(&text.parse().unwrap()), is, "{text}");
    }

    #[test]
    fn docker_hub_has_one_name() {
        for (text, image) in [
            ("registry-1.docker.io/library/a:1", "docker.io/library/a:1"),
            ("registry.hub.docker.com/a", "docker.io/library/a:latest"),
            ("a/b", "docker.io/a/b:latest"),
            (
                "ghcr.io/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "ghcr.io/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            ),
        ] {
            assert_eq!(canonical(&text.parse().unwrap()), image);
        }
    }
}
