//! `explain`: which failure each line of a log is.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Format, only};

/// The formats `explain` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Json, Format::Jsonl];

/// The classes of failures that `--fail-on` takes, and `any` of them.
pub const FAILURE_CLASSES: [&str; 14] = [
    "any",
    "pull_limit",
    "overall_limit",
    "login_limit",
    "other_registry_limit",
    "limit_unspecified",
    "credentials",
    "denied",
    "not_found",
    "network",
    "server",
    "disk_full",
    "runtime_down",
    "blocked",
];

/// Read what a tool printed, kubelet events or a CI log, and say which failure each line is and what to do.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
docker pull nginx 2>&1 | dhlimit explain
kubectl get events -A -o json | dhlimit explain
journalctl -u kubelet -f | dhlimit explain -o plain
dhlimit explain job.log.gz
dhlimit explain --fail-on pull_limit,overall_limit job.log
dhlimit explain -o json job.log | jq -e 'any(.findings[]; .class == \"pull_limit\")'
dhlimit explain -o json job.log | jq -r '.findings[] | [.first_at, .node, .pod, .class] | @tsv'

Exit codes: 0 the input was read; 1 a failure of a class in --fail-on was found; 2 the input cannot be read; 130 interrupted.")]
pub struct Explain {
    /// The file to read, plain or compressed by gzip [default: -, standard input]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How to show the answer; plain and jsonl show each failure when it is found [default: table on a terminal, plain elsewhere]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
    /// Show each failure through a template such as '{line}: {class}'; the names are the JSON keys
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "output")]
    pub format: Option<String>,
    /// End with exit code 1 if a failure of one of these classes is found
    #[arg(long, value_name = "CLASS", value_delimiter = ',', value_parser = PossibleValuesParser::new(FAILURE_CLASSES))]
    pub fail_on: Vec<String>,
}
