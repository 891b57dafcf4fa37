//! Whether the user agrees to what cannot be taken back: pulls that count, an image removed, an account
//! at Amazon changed. Who cannot be asked has not agreed.

use std::io::BufRead;

use crate::context::aside;
use crate::quota::Reading;
use crate::{Context, Failure};

/// Asks on a terminal; without one, `--yes` must have been said.
pub(super) async fn ask(context: &Context, reading: &Reading) -> Result<bool, Failure> {
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
    yes(context, "These pulls count: whoever shares this identity is refused until the window has passed. Go ahead? [y/N]").await
}

/// The same for the removal of an image; `what` says of which.
pub(super) async fn to_remove(context: &Context, what: &str) -> Result<bool, Failure> {
    if !context.terminal.stdin || !context.terminal.stderr {
        return Err(Failure::usage(what).advise("say --yes to remove it and go on"));
    }
    yes(context, &format!("{what}. Remove it and go on? [y/N]")).await
}

/// Whether the answer to a question is yes; an interruption is no.
pub(super) async fn yes(context: &Context, question: &str) -> Result<bool, Failure> {
    context.complain(question);
    let answer = aside(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        answer = answer => Ok(matches!(answer, Ok(Ok(line)) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))),
        () = context.shutdown.cancelled() => Ok(false),
    }
}
