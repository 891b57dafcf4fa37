//! `mirror setup`: a runtime that asks a mirror before Docker Hub, with no image renamed.

use clap::{Args, ValueEnum};

use super::super::{Format, only};

/// The formats `mirror setup` writes.
const FORMATS: &[Format] = &[Format::Plain, Format::Json];

/// The files that make a runtime ask a mirror before Docker Hub, each with its path, and what is to be restarted.
/// Nothing is written.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "\
Examples:
  dhlimit mirror setup containerd --to https://cache.example:5000
  dhlimit mirror setup k3s --to https://harbor.example/hub --no-fallback
  dhlimit mirror setup docker --to https://cache.example -o json | jq -r '.files[0].content'

More options: --help.",
    after_long_help = "\
If a runtime cannot use such a mirror (a path or a login at dockerd's mirror, ECR before containerd), it says why.
Exit codes: 0; 1 if the runtime cannot use such a mirror; 2 usage.

Examples:
  dhlimit mirror setup containerd --to https://cache.example:5000
  dhlimit mirror setup k3s --to https://harbor.example/hub --no-fallback
  dhlimit mirror setup docker --to https://cache.example -o json | jq -r '.files[0].content'"
)]
pub struct Setup {
    /// The runtime that is to ask the mirror
    #[arg(value_enum, value_name = "RUNTIME")]
    pub runtime: SetupRuntime,
    /// The mirror: https://HOST/PREFIX, with a port if it has one
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Never ask Docker Hub if the mirror fails: the pull fails, too
    #[arg(long)]
    pub no_fallback: bool,
    /// The mirror needs a login: show where to put it
    #[arg(long)]
    pub login: bool,
    /// How to show it
    #[arg(short, long, value_parser = only(FORMATS), default_value = "plain")]
    pub output: Format,
}

/// Runtimes that can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SetupRuntime {
    /// The kubelet's containerd, and nerdctl
    Containerd,
    /// dockerd
    Docker,
    /// podman, skopeo and buildah
    Podman,
    /// CRI-O
    Crio,
    /// A BuildKit of its own, and builders of docker buildx
    Buildkit,
    /// k3s
    K3s,
    /// RKE2
    Rke2,
    /// Talos Linux, 1.12 and later
    Talos,
    /// kind
    Kind,
    /// minikube with docker as its runtime
    Minikube,
}
