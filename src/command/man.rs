//! `man`: the manual page.

use crate::{Context, Exit, cli};

/// Runs `man`.
pub(super) fn run(context: &Context) -> anyhow::Result<Exit> {
    let exits = Exit::ALL.iter().map(|exit| (exit.code(), exit.meaning()));
    context.answer(&cli::manual(exits)?)?;
    Ok(Exit::Ok)
}
