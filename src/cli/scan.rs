//! `scan`: every image that files name.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Format, only};

/// The formats `scan` writes.
const FORMATS: &[Format] =
    &[Format::Table, Format::Plain, Format::Json, Format::Jsonl, Format::Sarif, Format::Github];

/// Find every image named in Dockerfiles, Compose, Kubernetes and CI files and scripts: what of it Docker Hub counts, as whom, how many pulls. Asks no registry.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
dhlimit scan
dhlimit scan -o plain deploy/ | dhlimit plan --nodes 12 --from -
helm template chart/ | dhlimit scan -
dhlimit scan --rule hub-reference=error --fail-on error
dhlimit scan --by registry

A comment `# dhlimit: ignore[RULE] reason` on the line or above it suppresses a finding.
Exit codes: 0; 1 if a finding reaches --fail-on; 2 usage, or a path that is not there; 6 if kubectl or every tool of this machine \
is missing or fails; 130 interrupted.")]
pub struct Scan {
    /// Files and folders; - is standard input [default: ., but with --cluster and --host none]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What runs in the cluster that kubectl knows: each image once on each node
    #[arg(long)]
    pub cluster: bool,
    /// The context of kubectl, instead of the current one
    #[arg(long, value_name = "NAME", requires = "cluster")]
    pub context: Option<String>,
    /// One namespace of the cluster, instead of all
    #[arg(short, long, value_name = "NAME", requires = "cluster")]
    pub namespace: Option<String>,
    /// The containers of this machine, by docker, nerdctl, podman and crictl
    #[arg(long)]
    pub host: bool,
    /// Read all files as this kind, such as dockerfile, compose or kubernetes
    #[arg(long = "as", value_name = "KIND")]
    pub kind: Option<String>,
    /// Set a variable; overrides the value in files; repeatable
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = pair)]
    pub args: Vec<(String, String)>,
    /// Variables for Compose files instead of .env; repeatable
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,
    /// Count services behind this Compose profile and no other; repeatable [default: all]
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// A platform that is pulled; repeatable
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Vec<String>,
    /// How many CI runners keep what they pulled [default: each job starts on a new machine]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub runners: Option<u32>,
    /// How many machines or nodes pull what CI jobs do not
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub nodes: u32,
    /// Leave out files that match; repeatable
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Read what .gitignore names, too
    #[arg(long)]
    pub no_ignore: bool,
    /// How bad a rule's findings are: off, info, warning or error; repeatable
    #[arg(long, value_name = "ID=LEVEL")]
    pub rule: Vec<String>,
    /// An image that all rules ignore, and why; docker.io/acme/* for all with that prefix; repeatable
    #[arg(long, value_name = "IMAGE=REASON")]
    pub allow: Vec<String>,
    /// Show what a rule means and what to do, and nothing else
    #[arg(long, value_name = "RULE")]
    pub explain: Option<String>,
    /// Show totals by registry or identity, not each reference
    #[arg(long, value_name = "WHAT", value_enum)]
    pub by: Option<By>,
    /// End with exit code 1 if a finding is as bad as this, or worse
    #[arg(long, value_name = "LEVEL", value_parser = ["info", "warning", "error"])]
    pub fail_on: Option<String>,
    /// How to show the answer [default: table on a terminal, plain elsewhere]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
}

/// What totals are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The registry that an image comes from
    Registry,
    /// Whom Docker Hub counts a pull on
    Identity,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be NAME=VALUE".to_owned()),
    }
}
