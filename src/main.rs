//! The binary: hand the world to the library, and leave with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(dhlimit::run(std::env::args_os(), &dhlimit::Context::from_process()).code())
}
