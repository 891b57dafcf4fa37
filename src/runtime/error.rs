//! Why a runtime could not be used or could not do what was asked, and what to do about it. Apart
//! from the drivers because the same few things go wrong with all of them.

use std::io;
use std::time::Duration;

use crate::text::one_line;

/// What went wrong with a runtime, other than the outcome of a pull.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The program is in no folder of `PATH`.
    #[error("{program} is not installed: no such program in PATH")]
    NotInstalled {
        /// The program's name, or the path that was given.
        program: String,
    },
    /// The program was found but could not be started.
    #[error("cannot start {program}")]
    Start {
        /// The program's path.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The program did not answer in time and was ended.
    #[error("{program} {verb} did not answer within {} s", limit.as_secs())]
    Silent {
        /// The program's name.
        program: String,
        /// What was asked of it.
        verb: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The program refused, or its daemon does not answer.
    #[error("{program} {verb} failed ({status}): {}", one_line(text, 400))]
    Refused {
        /// The program's name.
        program: String,
        /// What was asked of it.
        verb: String,
        /// Its exit code or signal, in words.
        status: String,
        /// What it printed, bounded.
        text: String,
    },
    /// The program's daemon cannot be reached.
    #[error("the daemon behind {program} is not running: {}", one_line(text, 400))]
    NoDaemon {
        /// The program's name.
        program: String,
        /// What it printed, bounded.
        text: String,
    },
    /// The program's answer was not what this driver understands.
    #[error("{program} {verb} printed something unexpected: {reason}")]
    Nonsense {
        /// The program's name.
        program: String,
        /// What was asked of it.
        verb: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The virtual machine in which the runtime lives is not running.
    #[error("{program} instance {instance:?} is {status}")]
    Machine {
        /// The program that keeps the machine.
        program: String,
        /// The machine's name.
        instance: String,
        /// Its status, as the program words it.
        status: String,
    },
    /// Removing the image would remove other names of it, which are not ours.
    #[error("{image} was not removed: {program} would remove {} with it", others.join(", "))]
    Shared {
        /// The program's name.
        program: String,
        /// The image we pulled.
        image: String,
        /// The other names of the same image.
        others: Vec<String>,
    },
    /// The image is still there after it was removed.
    #[error("{image} is still there after {program} removed it")]
    StillThere {
        /// The program's name.
        program: String,
        /// The image we pulled.
        image: String,
    },
    /// A folder for the copy could not be made or removed.
    #[error("cannot {action} the folder for pulled files")]
    Folder {
        /// `make` or `remove`.
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl RuntimeError {
    /// One sentence on what to do next; `None` where the error says it all.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NotInstalled { program } => {
                format!(
                    "install {program}, name another runtime with --runtime, or try --runtime builtin, which needs none"
                )
            }
            Self::NoDaemon { program, .. } | Self::Silent { program, .. } => no_daemon(program),
            Self::Machine { program, instance, .. } => {
                format!("start it with `{program} start {instance}`")
            }
            Self::Shared { image, others, .. } => {
                format!(
                    "{image} was pulled by this run and shares its ID with {}: remove its name by hand, or run with an image you do not use",
                    others.join(", ")
                )
            }
            Self::StillThere { image, .. } => format!("remove {image} by hand"),
            Self::Start { .. }
            | Self::Refused { .. }
            | Self::Nonsense { .. }
            | Self::Folder { .. } => return None,
        })
    }
}

/// How the daemon behind a tool is started, and how another one is named.
fn no_daemon(program: &str) -> String {
    let commands = match program {
        "nerdctl" => {
            "start it (sudo systemctl start containerd; rootless: containerd-rootless-setuptool.sh install), run as root, or name its socket with --address or CONTAINERD_ADDRESS"
        }
        "ctr" => {
            "start it (sudo systemctl start containerd), run as root, or name its socket with --address or CONTAINERD_ADDRESS"
        }
        "docker" => {
            "start it (sudo systemctl start docker; Docker Desktop: open it), join the group docker, or name its socket with --address or DOCKER_HOST"
        }
        "podman" => {
            "start it (systemctl --user start podman.socket), or name its socket with --address or CONTAINER_HOST"
        }
        "crictl" => {
            "start the CRI runtime (sudo systemctl start containerd, or crio), run as root, or name its socket with --address or CONTAINER_RUNTIME_ENDPOINT"
        }
        "colima" => "start it with `colima start`",
        "limactl" => "start it with `limactl start`",
        "finch" => "start it with `finch vm start`",
        _ => {
            return format!(
                "check that the daemon behind {program} runs and that you may use its socket (as root, or in its group)"
            );
        }
    };
    commands.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_does_not_run_is_advised_with_the_command_that_starts_it() {
        let rows = [
            ("nerdctl", "systemctl start containerd"),
            ("nerdctl", "containerd-rootless-setuptool.sh install"),
            ("nerdctl", "CONTAINERD_ADDRESS"),
            ("docker", "systemctl start docker"),
            ("podman", "podman.socket"),
            ("crictl", "CONTAINER_RUNTIME_ENDPOINT"),
            ("limactl", "limactl start"),
            ("other", "the daemon behind other"),
        ];
        for (program, words) in rows {
            let error = RuntimeError::NoDaemon { program: program.to_owned(), text: String::new() };
            assert!(error.advice().unwrap().contains(words), "{program}: {:?}", error.advice());
        }
    }
}
