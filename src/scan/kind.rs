//! The kinds of files that name images. A kind is one file in `kinds/`, with a function that says whether
//! a file is of it and one that reads it, and one line in [`KINDS`]. The first kind that recognises a
//! file reads it.
//!
//! To add one: a variant of [`FileKind`] with its name in JSON, a file in `kinds/` with a
//! `pub(super) const KIND: Kind`, and its line in [`KINDS`], before those that would take its files.
//! `recognise` sees the path and the first bytes; `read` gets the whole text as an [`Input`] and hands
//! what it finds to a [`Sink`]: positions are byte ranges in the file (a [`Text`](super::text::Text) knows them).

use serde::Serialize;

use super::input::Input;
use super::kinds;
use super::sink::Sink;

/// A kind of file, by its name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileKind {
    Dockerfile,
    Compose,
    Kubernetes,
    Kustomize,
    Helm,
    GithubActions,
    GitlabCi,
    Circleci,
    Bitbucket,
    AzurePipelines,
    Jenkins,
    Devcontainer,
    Terraform,
    Packer,
    Shell,
    Cluster,
    Host,
    DockerBake,
    Quadlet,
    Helmfile,
    Skaffold,
    Buildkite,
    Drone,
    Woodpecker,
    Travis,
    CloudBuild,
    Ansible,
    Nomad,
    Testcontainers,
    PreCommit,
}

impl FileKind {
    /// The name, as in JSON.
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// A file of which only the path and the first bytes are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// The path below the folder that is scanned, `/` between the parts.
    pub path: &'a str,
    /// The file's name.
    pub name: &'a str,
    /// The file's first bytes (at most 4 KiB).
    pub head: &'a str,
}

impl<'a> Candidate<'a> {
    /// A file by its path.
    pub(crate) fn new(path: &'a str, head: &'a str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        Self { path, name, head: head.trim_start_matches('\u{feff}') }
    }

    /// The name's ending after the last dot, in lower case.
    pub(crate) fn extension(&self) -> String {
        self.name.rsplit_once('.').map_or_else(String::new, |(_, end)| end.to_ascii_lowercase())
    }

    /// Whether the ending says YAML.
    pub(crate) fn is_yaml(&self) -> bool {
        matches!(self.extension().as_str(), "yaml" | "yml")
    }

    /// Whether a folder of this name is above the file.
    pub(crate) fn is_below(&self, folder: &str) -> bool {
        let mut parts = self.path.split('/').rev();
        parts.next();
        parts.any(|part| part == folder)
    }
}

/// A kind of file: how it is known and how it is read.
pub(crate) struct Kind {
    /// Its name.
    pub name: FileKind,
    /// Whether a file is of this kind.
    pub recognise: fn(&Candidate<'_>) -> bool,
    /// Reads a file of this kind.
    pub read: fn(&Input<'_>, &mut Sink<'_>),
}

/// All kinds, in the order in which they are asked.
pub(crate) static KINDS: &[&Kind] = &[
    &kinds::dockerfile::KIND,
    &kinds::bake::KIND,
    &kinds::packer::KIND,
    &kinds::nomad::KIND,
    &kinds::terraform::KIND,
    &kinds::devcontainer::KIND,
    &kinds::jenkins::KIND,
    &kinds::makefile::KIND,
    &kinds::quadlet::KIND,
    &kinds::github::KIND,
    &kinds::steps::DRONE,
    &kinds::steps::WOODPECKER,
    &kinds::steps::CLOUD_BUILD,
    &kinds::steps::BUILDKITE,
    &kinds::steps::TRAVIS,
    &kinds::steps::PRE_COMMIT,
    &kinds::gitlab::KIND,
    &kinds::circleci::KIND,
    &kinds::bitbucket::KIND,
    &kinds::azure::KIND,
    &kinds::skaffold::KIND,
    &kinds::helmfile::KIND,
    &kinds::kustomize::KIND,
    &kinds::kubernetes::KIND,
    &kinds::helm::KIND,
    &kinds::compose::KIND,
    &kinds::shell::KIND,
    &kinds::ansible::KIND,
    &kinds::testcontainers::KIND,
];

/// The kind of a file.
pub(crate) fn of(candidate: &Candidate<'_>) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| (kind.recognise)(candidate)).copied()
}

/// The kind of a name, as `--as` takes it.
pub(crate) fn named(name: FileKind) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}

/// The kind of a name in JSON, where files of it are read.
pub fn kind_of(name: &str) -> Option<FileKind> {
    KINDS.iter().map(|kind| kind.name).find(|kind| kind.name() == name)
}

/// The names that `--as` takes.
pub fn kind_names() -> Vec<String> {
    let mut names: Vec<String> = KINDS.iter().map(|kind| kind.name.name()).collect();
    names.dedup();
    names
}
