//! What podman and skopeo have in common: the library that sleeps on a 429 (2, 4, 8, then 16 s, a
//! `Retry-After` up to 60 s each) without a word. At debug level it says so before it sleeps: so
//! they are run at that level, ended when it comes, and their debug lines are dropped again. Seen in
//! podman 4.3.1, skopeo 1.9.3 and in the source of later releases.

use super::program::Program;
use super::{Outcome, Pull};
use crate::context::Environment;

/// What the library says when it was answered 429 and begins to sleep.
pub(super) const SLEEPING: &str = "Too many requests to ";

/// Whether `DOCKER_CONFIG` names a folder without `config.json`: podman 4.3 fails on it, so that podman
/// and skopeo are run without the variable.
pub fn loses_docker_config(environment: &Environment) -> bool {
    environment
        .var("DOCKER_CONFIG")
        .is_some_and(|folder| !std::path::Path::new(folder).join("config.json").exists())
}

/// The tool without a `DOCKER_CONFIG` that is no use.
pub(super) fn spared(program: Program, environment: &Environment) -> Program {
    if loses_docker_config(environment) { program.without("DOCKER_CONFIG") } else { program }
}

/// The same pull without the lines that only debug level prints.
pub(super) fn quietened(pull: Pull) -> Pull {
    let outcome = match pull.outcome {
        Outcome::Failed { exit, text } => Outcome::Failed { exit, text: without_debug(&text) },
        Outcome::Waiting { text } => Outcome::Waiting { text: without_debug(&text) },
        Outcome::TimedOut { text } => Outcome::TimedOut { text: without_debug(&text) },
        other @ (Outcome::Pulled | Outcome::Refused(_) | Outcome::Interrupted) => other,
    };
    Pull { outcome, ..pull }
}

fn without_debug(text: &str) -> String {
    let is_debug = |line: &str| {
        line.contains("level=debug") || line.contains("level=info") || line.contains("level=trace")
    };
    let mut kept = String::new();
    for line in text.lines().filter(|line| !is_debug(line) || line.contains(SLEEPING)) {
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_lines_go_and_the_sleeping_one_and_errors_stay() {
        let text = "time=\"x\" level=debug msg=\"GET https://h/v2/\"\n\
                    time=\"x\" level=debug msg=\"Too many requests to https://h/v2/a/manifests/b: sleeping for 2.000000 seconds before next attempt\"\n\
                    Error: reading manifest\n";
        let kept = without_debug(text);
        assert!(
            kept.contains(SLEEPING)
                && kept.contains("Error: reading manifest")
                && !kept.contains("GET"),
            "{kept}"
        );
    }
}
