//! Whether the user agrees to what cannot be taken back: pulls that count, an image removed. Who cannot be
//! asked has not agreed.

use crate::context::Context;
use crate::exit::Failure;
use crate::quota::Reading;

/// Asks on a terminal; without one, `--yes` must have been said.
pub(crate) async fn ask(context: &Context, reading: &Reading) -> Result<bool, Failure> {
    let refuse = || {
        Failure::usage(format!(
            "{} is a real registry and these pulls count",
            reading.image.registry()
        ))
        .advise("say --yes to go ahead, or try --sandbox first")
    };
    if !context.terminal.stdin || !context.terminal.stderr {
        return Err(refuse());
    }
    Ok(context.confirms("These pulls count: whoever shares this identity is refused until the window has passed. Go ahead? [y/N]").await)
}

/// The same for the removal of an image; `what` says of which.
pub(crate) async fn to_remove(context: &Context, what: &str) -> Result<bool, Failure> {
    if !context.terminal.stdin || !context.terminal.stderr {
        return Err(Failure::usage(what).advise("say --yes to remove it and go on"));
    }
    Ok(context.confirms(&format!("{what}. Remove it and go on? [y/N]")).await)
}
