//! `stress`: pull, read, delete, again, until the 429 or a stated bound.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Asking, Format, only};

/// The formats `stress` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Json];
/// What can pull, as `--runtime` names it.
const RUNTIMES: [&str; 11] = [
    "builtin", "nerdctl", "lima", "docker", "podman", "ctr", "crictl", "finch", "colima", "skopeo",
    "crane",
];

/// Pull, read and delete an image again and again, until the 429 comes or a bound is reached.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "On a registry that is not on loopback it asks first, unless you say --yes. An image that is there already is \
never touched.\n\nExit codes: 0 the 429 or the bound asked for was reached, 3 not reached, 4 credentials or access refused, \
6 the runtime is missing or failing, 7 another limit refused, 130 interrupted."
)]
pub struct Stress {
    /// The image to pull [default: ratelimitpreview/test:latest]
    #[arg(value_name = "IMAGE")]
    pub image: Option<String>,
    /// What pulls: a container runtime, or builtin, which needs none
    #[arg(short, long, value_name = "RUNTIME", default_value = "builtin", value_parser = PossibleValuesParser::new(RUNTIMES))]
    pub runtime: String,
    /// Stop after this many pulls
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// Stop when only this many pulls are left
    #[arg(long, value_name = "N")]
    pub floor: Option<u64>,
    /// Stop after this long
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Time between the starts of two rounds [default: 2s, on loopback 0s; the least elsewhere is 1s]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub interval: Option<Duration>,
    /// From a removal to the next pull [default: what the runtime needs]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub pause: Option<Duration>,
    /// Number of parallel pulls (builtin only)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub parallel: u8,
    /// Also fetch the layers (builtin only)
    #[arg(long)]
    pub blobs: bool,
    /// After the 429, read the limit (HEAD only) until the count is full again, and say how it came back
    #[arg(long)]
    pub until_recovered: bool,
    /// Show a bar or lines instead of the live view
    #[arg(long)]
    pub no_live: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
    /// Also write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How to show the answer [default: table on a terminal, plain elsewhere]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
    /// How the runtime is reached.
    #[command(flatten)]
    pub reach: Reach,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
}

/// How a container runtime is reached.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The runtime")]
pub struct Reach {
    /// containerd's namespace (nerdctl, ctr, lima, finch, colima)
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// The daemon's socket or URL
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// The virtual machine: Lima's instance, colima's profile
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
    /// The platform to pull, such as linux/arm64
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// A folder of containerd hosts.toml files (nerdctl, ctr)
    #[arg(long, value_name = "DIR")]
    pub hosts_dir: Option<PathBuf>,
}
