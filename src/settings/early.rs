//! What the command line asks for where it cannot be parsed.

use std::ffi::OsString;

use crate::context::Environment;

/// Whether arguments that clap refuses, or the environment, ask for a Monitoring Plugin: whoever runs one
/// takes any other exit code than 3 for an answer, so that a usage error must end with 3, too.
pub fn asks_for_plugin(args: &[OsString], environment: &Environment) -> bool {
    let args: Vec<&str> =
        args.iter().take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str()).collect();
    let named = args.windows(2).any(|pair| matches!(pair, ["-o" | "--output", "nagios"]))
        || args.iter().any(|arg| matches!(*arg, "-onagios" | "-o=nagios" | "--output=nagios"));
    named
        || (environment.var("DHLIMIT_OUTPUT") == Some("nagios")
            && !args.iter().any(|arg| arg.starts_with("-o") || arg.starts_with("--output")))
}
