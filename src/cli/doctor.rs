//! `doctor`: what is configured on this machine that decides whom a pull is counted on.

use std::path::PathBuf;

use clap::Args;

use super::{Asking, Format, only};

/// The formats `doctor` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Json];

/// Look at logins, mirrors, proxies, the clock, trust and runtimes, and say what is misconfigured and how to repair it.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
dhlimit doctor
dhlimit doctor ghcr.io registry.example:5000/team/app
kubectl get secret regcred -o yaml | dhlimit doctor --kubernetes -
dhlimit doctor --explain login-key-unused

Costs nothing: HEAD requests only. Nothing is changed, and no secret is shown.
Exit codes: 0 whatever is found; with --strict 1 if something is an error; 2 usage; 130 interrupted.")]
pub struct Doctor {
    /// Registries or images to look at, such as ghcr.io or nginx:1.27; a host without a dot needs a slash: myhost:5000/ [default: docker.io]
    #[arg(value_name = "REGISTRY|IMAGE")]
    pub registries: Vec<String>,
    /// Say which login the kubelet would use from this: a .dockerconfigjson, a Secret as YAML or JSON, or a list of them; - is standard input
    #[arg(long, value_name = "FILE")]
    pub kubernetes: Option<PathBuf>,
    /// End with exit code 1 if something is an error
    #[arg(long)]
    pub strict: bool,
    /// Explain a finding: what it is, how to see it, how to repair it
    #[arg(long, value_name = "ID")]
    pub explain: Option<String>,
    /// How to show the answer [default: table on a terminal, plain elsewhere]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
}
