//! `mirror rewrite`: references moved behind a mirror, and back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::{Format, only};

/// The formats `mirror rewrite` writes.
const FORMATS: &[Format] = &[Format::Plain, Format::Json];

/// Move the image references in files behind a mirror, byte by byte, and back. Without --write it shows a diff and changes nothing.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "\
Examples:
  dhlimit mirror rewrite --to cache.example/hub --check
  dhlimit mirror rewrite --to cache.example/hub --write deploy/

More options: --help.",
    after_long_help = "\
What is not certain (a variable without a value, a list built by code) stays as it is and is listed on standard error.
Exit codes: 0; 1 if --check finds something to change; 2 usage, or a file that cannot be written; 130 interrupted.

Examples:
  dhlimit mirror rewrite --to 123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub
  dhlimit mirror rewrite --to cache.example/hub --write deploy/
  dhlimit mirror rewrite --to cache.example/hub --check || echo 'something still comes from Docker Hub'
  dhlimit mirror rewrite --to cache.example/hub --reverse --write deploy/
  dhlimit mirror rewrite --to cache.example/hub --as-variable HUB"
)]
pub struct Rewrite {
    /// Files and folders
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The mirror: its host, and the path that its images are below
    #[arg(long, value_name = "HOST[/PREFIX]")]
    pub to: String,
    /// The form of the cache's names [default: what the host tells, else generic]
    #[arg(long, value_enum, value_name = "FORM")]
    pub form: Option<RewriteForm>,
    /// The registry whose references are moved; repeatable [default: docker.io]
    #[arg(long, value_name = "REGISTRY")]
    pub from: Vec<String>,
    /// Show a diff and change nothing; what is done without --check and --write
    #[arg(long, conflicts_with_all = ["check", "write"])]
    pub diff: bool,
    /// Say which files would change; end with exit code 1 if any would
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Write the files, each whole or not at all
    #[arg(long)]
    pub write: bool,
    /// Bring the references back from the mirror
    #[arg(long)]
    pub reverse: bool,
    /// Put a variable before the names, empty until you set it: ARG NAME= and ${NAME}library/nginx
    #[arg(long, value_name = "NAME")]
    pub as_variable: Option<String>,
    /// File that records longer spellings of names, for --reverse [default: .dhlimit-rewrite.json in PATH]
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Read all files as this kind, such as dockerfile, compose or kubernetes
    #[arg(long = "as", value_name = "KIND")]
    pub kind: Option<String>,
    /// Leave out files that match; repeatable
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Read what .gitignore names, too
    #[arg(long)]
    pub no_ignore: bool,
    /// How to show it
    #[arg(short, long, value_parser = only(FORMATS), default_value = "plain")]
    pub output: Format,
}

/// Forms of caches' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RewriteForm {
    /// HOST/PREFIX/library/nginx
    Ecr,
    /// HOST/PROJECT/REPOSITORY/library/nginx
    ArtifactRegistry,
    /// HOST/TARGET/library/nginx
    Acr,
    /// HOST/PROJECT/library/nginx
    Harbor,
    /// HOST/library/nginx
    Distribution,
    /// HOST/GROUP/dependency_proxy/containers/nginx
    Gitlab,
    /// HOST/PREFIX/library/nginx
    Generic,
}
