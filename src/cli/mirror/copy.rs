//! `mirror copy`: copies in a registry of one's own.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::{Asking, Format, only};

/// The formats `mirror copy` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Json];

/// Copy images into a registry of your own by the tools you have, at the pace that the limit allows: what is there already
/// costs nothing, the run waits for the count to come back, and goes on where it was after an interruption.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "\
Examples:
  dhlimit mirror copy nginx:1.27 redis:7 registry.example/team
  dhlimit mirror copy nginx:1.27 registry.example/team/web:1
  dhlimit scan -o plain | dhlimit mirror copy --from - registry.example/team --floor 20 --state copies.json

More options: --help.",
    after_long_help = "\
An image keeps its repository below the destination: nginx becomes registry.example/team/library/nginx.
Exit codes: 0 all are there; 2 usage; 3 a registry could not be reached; 4 no access or no such image; 6 no tool, or it failed; 7 throttled; 130 interrupted.

Examples:
  dhlimit mirror copy nginx:1.27 redis:7 registry.example/team
  dhlimit mirror copy nginx:1.27 registry.example/team/web:1
  dhlimit scan -o plain | dhlimit mirror copy --from - registry.example/team --floor 20 --state copies.json"
)]
pub struct Copy {
    /// The images, and behind them the destination: a host with a path, or the full name of one image
    #[arg(value_name = "IMAGE... DESTINATION", required = true)]
    pub images: Vec<String>,
    /// Take the images from this file: one per line, or what `dhlimit scan -o json` wrote; - is standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Which tool copies [default: the first that is installed]
    #[arg(long, value_enum, value_name = "TOOL")]
    pub tool: Option<CopyTool>,
    /// Copy this platform alone, such as linux/arm64; all for every one
    #[arg(long, value_name = "P", default_value = "all")]
    pub platform: String,
    /// How many pulls to leave for others
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub floor: u64,
    /// Record what was copied in this file; the next run continues from it
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Log in at the destination with `aws ecr get-login-password` for this region [default: the host's, if it is ECR's and no login is found]
    #[arg(long, value_name = "REGION")]
    pub ecr_login: Option<String>,
    /// How to show what was done
    #[arg(short, long, default_value = "table", value_parser = only(FORMATS))]
    pub output: Format,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
}

/// A tool that copies images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CopyTool {
    /// crane: every platform, from registry to registry
    Crane,
    /// skopeo: every platform, from registry to registry
    Skopeo,
    /// nerdctl: every platform, through containerd's store
    Nerdctl,
    /// docker: one platform, through its store
    Docker,
    /// podman: one platform, through its store
    Podman,
}
