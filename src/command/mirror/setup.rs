//! `mirror setup`: the files of a runtime, written by the room that knows them.

use crate::cli::{self, Format};
use crate::mirror::setup::{Wanted, setup};
use crate::render::mirror as shown;
use crate::{Context, Exit, Failure};

/// Runs `mirror setup`.
pub(super) fn run(context: &Context, args: &cli::Setup) -> anyhow::Result<Exit> {
    let wanted = Wanted {
        runtime: args.runtime.into(),
        to: args.to.clone(),
        falls_back: !args.no_fallback,
        login: args.login,
    };
    let setup = setup(&wanted).map_err(Failure::from)?;
    context.tell(&match args.output {
        Format::Json => serde_json::to_string_pretty(&setup)? + "\n",
        _ => shown::setup_plain(&setup),
    })?;
    Ok(Exit::Ok)
}
