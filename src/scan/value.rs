//! What a scan finds, as its JSON shows it (schema `dhlimit/scan/1`): references, totals, findings of
//! the rules, files that were skipped. Keys are added, never renamed.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use super::FileKind;

/// All that a scan found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scan {
    /// `dhlimit/scan/1`.
    pub schema: &'static str,
    /// The references, by path and place.
    pub references: Vec<ImageUse>,
    /// What they add up to.
    pub totals: Totals,
    /// What the rules say, by path and place.
    pub findings: Vec<Violation>,
    /// What they would say, but that a comment or the allow-list answers.
    pub suppressed: Vec<Waived>,
    /// What was not read as it should be, and why.
    pub skipped: Vec<Skipped>,
}

impl Scan {
    /// The name of this JSON document's schema.
    pub const SCHEMA: &'static str = "dhlimit/scan/1";
}

/// A reference to an image: where it stands, what it means, as whom and how often it is pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageUse {
    /// The file as it was given, `/` between the parts.
    pub path: String,
    /// The line of the reference's first character, from 1.
    pub line: usize,
    /// Its column, in characters from 1.
    pub column: usize,
    /// What kind of file names it.
    pub kind: FileKind,
    /// As it stands in the file.
    pub written: String,
    /// As a runtime would be given it; `None` where a variable has no value.
    pub reference: Option<String>,
    /// In full form, such as `docker.io/library/nginx:1.27`; `None` where it is no reference.
    pub image: Option<String>,
    /// The registry, where it can be told; Docker Hub by one name.
    pub registry: Option<String>,
    /// Whether Docker Hub serves and counts it.
    pub docker_hub: bool,
    /// What it is pinned to; `None` where that cannot be told.
    pub pinned: Option<Pinned>,
    /// What the image is for.
    pub purpose: Purpose,
    /// As whom it is pulled at that point.
    pub identity: Puller,
    /// The mirror it is pulled through, where the files tell.
    pub via: Option<String>,
    /// How often it is pulled from its registry, where nothing is there yet.
    pub pulls: u64,
    /// Whether it is certain that this is an image that is pulled.
    pub certain: bool,
    /// The variables that have no value.
    pub unresolved: Vec<String>,
    /// Where the values it was resolved by are defined.
    pub defined_at: Vec<Definition>,
    /// The Compose profiles that its service is behind.
    pub profiles: Vec<String>,
    /// The workloads whose pods pull it, where the files tell; empty: any machine may.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<Workload>,
    /// The Compose service.
    #[serde(skip)]
    pub service: Option<String>,
    /// The job or group within which an image is pulled once.
    #[serde(skip)]
    pub job: Option<String>,
    /// The machines that run it, where they are known: it is pulled once on each.
    #[serde(skip)]
    pub machines: Vec<String>,
    /// The bytes of the file that name it.
    #[serde(skip)]
    pub span: Range<usize>,
    /// As far as it is known: the reference, or what stands there with its variables.
    #[serde(skip)]
    pub known: String,
    /// What else of the reference stands beside it.
    #[serde(skip)]
    pub beside: Beside,
}

/// A workload of Kubernetes, as far as it says how many nodes pull its images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// `Deployment/web`, or `prod/Deployment/web` where it names its namespace.
    pub workload: String,
    /// How many pods it has; `None`: one on each node.
    pub replicas: Option<u64>,
}

/// The parts of a reference that stand elsewhere than at its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The bytes of the registry, where a key of its own says it (Helm).
    pub registry: Option<Range<usize>>,
    /// The bytes of the name that is replaced (kustomize).
    pub name: Option<Range<usize>>,
    /// The kustomizations that replace it: their paths and the bytes of the name there.
    pub renamed_by: Vec<(String, Range<usize>)>,
    /// Whether another file puts its own image in this one's place.
    pub overridden: bool,
}

/// A place where a value is defined.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Definition {
    /// The file, as references name theirs.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The byte where the definition or its value begins.
    #[serde(skip)]
    pub at: usize,
}

/// What a reference is pinned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pinned {
    /// To its bytes.
    Digest,
    /// To a version by its tag.
    Version,
    /// To nothing: no tag, `latest` or a word that moves.
    Floating,
}

/// What an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A build starts from it.
    Base,
    /// A build copies from it.
    Copy,
    /// A build mounts it.
    Mount,
    /// It understands the build file.
    Frontend,
    /// It runs beside a job or as a part of a project.
    Service,
    /// A job runs in it.
    Job,
    /// A step runs in it.
    Step,
    /// A container of a pod or task.
    Container,
    /// A container that runs first.
    Init,
    /// Its files are mounted.
    Volume,
    /// A command names it.
    Command,
    /// It is made here: no pull.
    Product,
}

/// As whom a registry counts a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Puller {
    /// By the address.
    Anonymous,
    /// By an account that was logged in before.
    Login,
    /// The files do not tell.
    #[default]
    Unknown,
}

/// What the references add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Files that were read.
    pub files: u64,
    /// References.
    pub references: u64,
    /// Distinct images.
    pub images: u64,
    /// Distinct images of Docker Hub.
    pub docker_hub_images: u64,
    /// Docker Hub's pulls.
    pub pulls: Pulls,
    /// References and distinct images of each registry.
    pub by_registry: BTreeMap<String, Registry>,
}

/// How many pulls Docker Hub counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pulls {
    /// Where nothing is there yet.
    pub cold: u64,
    /// Where every machine that lasts has pulled before.
    pub warm: u64,
    /// The cold ones, by whom they are counted on.
    pub by_identity: BTreeMap<Puller, u64>,
}

/// What comes from one registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Registry {
    /// References.
    pub references: u64,
    /// Distinct images.
    pub images: u64,
    /// Pulls where nothing is there yet.
    pub pulls: u64,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Info,
    /// It will hurt one day.
    Warning,
    /// It is wrong.
    Error,
}

/// What a rule says about a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule's id.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Level,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: String,
}

/// A finding that is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// The finding.
    #[serde(flatten)]
    pub finding: Violation,
    /// By what.
    pub by: Waiver,
    /// The reason that stands there; empty where none does.
    pub reason: String,
}

/// What answers a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiver {
    /// A comment in the file.
    Comment,
    /// An allowed image.
    AllowList,
}

/// A file that was not read, or not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}
