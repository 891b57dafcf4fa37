//! `mirror setup`: a runtime that asks a mirror before Docker Hub, with no image renamed.

use clap::{Args, ValueEnum};

use super::super::{Format, only};

/// The formats `mirror setup` writes.
const FORMATS: &[Format] = &[Format::Plain, Format::Json];

/// The files that make a runtime ask a mirror before Docker Hub, each with its path, and what is to be restarted.
/// Nothing is written.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
dhlimit mirror setup containerd --to https://cache.example:5000
dhlimit mirror setup k3s --to https://harbor.example/hub --no-fallback
dhlimit mirror setup docker --to https://cache.example -o json | jq -r '.files[0].content'

What a runtime cannot do (a path or a login at dockerd's mirror, ECR before containerd) is refused with the reason.
Exit codes: 0; 1 where the runtime cannot use such a mirror; 2 usage.")]
pub struct Setup {
    /// Who is to ask the mirror
    #[arg(value_enum, value_name = "RUNTIME")]
    pub runtime: SetupRuntime,
    /// The mirror: https://HOST/PREFIX, with a port where it has one
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Never ask Docker Hub where the mirror fails: the pull fails, too
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
