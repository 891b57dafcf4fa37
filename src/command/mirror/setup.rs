//! `mirror setup`: the files of a runtime, written by the room that knows them.

use crate::cli::{self, Format, SetupRuntime};
use crate::mirror::setup::{Runtime, Wanted, setup};
use crate::render::mirror as shown;
use crate::{Context, Exit, Failure};

/// Runs `mirror setup`.
pub(super) fn run(context: &Context, args: &cli::Setup) -> anyhow::Result<Exit> {
    let wanted = Wanted {
        runtime: runtime(args.runtime),
        to: args.to.clone(),
        falls_back: !args.no_fallback,
        login: args.login,
    };
    let setup = setup(&wanted).map_err(|error| {
        let advice = error.advice().to_owned();
        Failure::new(error.exit(), error).advise(advice)
    })?;
    context.tell(&match args.output {
        Format::Json => serde_json::to_string_pretty(&setup)? + "\n",
        _ => shown::setup_plain(&setup),
    })?;
    Ok(Exit::Ok)
}

const fn runtime(named: SetupRuntime) -> Runtime {
    match named {
        SetupRuntime::Containerd => Runtime::Containerd,
        SetupRuntime::Docker => Runtime::Docker,
        SetupRuntime::Podman => Runtime::Podman,
        SetupRuntime::Crio => Runtime::Crio,
        SetupRuntime::Buildkit => Runtime::Buildkit,
        SetupRuntime::K3s => Runtime::K3s,
        SetupRuntime::Rke2 => Runtime::Rke2,
        SetupRuntime::Talos => Runtime::Talos,
        SetupRuntime::Kind => Runtime::Kind,
        SetupRuntime::Minikube => Runtime::Minikube,
    }
}
