//! The user's own tools, asked what runs: `kubectl` for a cluster; docker, nerdctl, podman and crictl for this
//! machine. Bounded in time and output; what a tool says goes on as one line.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use super::Live;
use crate::cli::Scan;
use crate::process::child::{self, Bounds, Ending};
use crate::process::find;
use crate::text::one_line;
use crate::{Context, Exit, Failure};

/// How long a tool may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of its answer is read: a cluster of tens of thousands of pods.
const ROOM: usize = 256 << 20;
/// The tools of this machine, and what lists their containers.
const TOOLS: [(&str, &[&str]); 4] = [
    ("docker", &["ps", "--all", "--no-trunc", "--format", "{{.Names}}\t{{.Image}}"]),
    ("nerdctl", &["ps", "--all", "--no-trunc", "--format", "{{.Names}}\t{{.Image}}"]),
    ("podman", &["ps", "--all", "--no-trunc", "--format", "{{.Names}}\t{{.Image}}"]),
    ("crictl", &["ps", "--all", "-o", "json"]),
];

/// Why nothing can be told of what runs.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// No tool is there.
    #[error("{0} is not on the PATH")]
    Missing(&'static str),
    /// It does not do what it was asked.
    #[error("{tool}: {words}")]
    Failed {
        /// The tool.
        tool: String,
        /// What it said.
        words: String,
    },
    /// Shutdown was asked for.
    #[error("interrupted")]
    Interrupted,
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        let (exit, advice) = match &error {
            ToolError::Interrupted => return Self::new(Exit::Interrupted, error),
            ToolError::Missing(_) => (Exit::Runtime, "install it, or name it on the PATH"),
            ToolError::Failed { tool, .. } if tool == "kubectl" => (
                Exit::Runtime,
                "see what `kubectl get pods --all-namespaces` says: the context, and the right to list pods",
            ),
            ToolError::Failed { .. } => {
                (Exit::Runtime, "see whether its daemon runs, and whether you may talk to it")
            }
        };
        Self::new(exit, error).advise(advice)
    }
}

/// What runs, where that was asked for.
///
/// # Errors
/// A tool is missing, or does not answer.
pub(crate) async fn running(context: &Context, args: &Scan) -> Result<Live, Failure> {
    let mut live = Live::default();
    if args.cluster {
        let (name, namespace) = (args.context.as_deref(), args.namespace.as_deref());
        live = cluster(context, name, namespace).await?;
    }
    if args.host {
        live.join(host(context).await?);
    }
    Ok(live)
}

/// What runs in a cluster, in all namespaces or in one.
///
/// # Errors
/// kubectl is not there, fails, or does not answer in time.
async fn cluster(
    context: &Context,
    name: Option<&str>,
    namespace: Option<&str>,
) -> Result<Live, ToolError> {
    let program = find("kubectl", &context.environment).ok_or(ToolError::Missing("kubectl"))?;
    let mut words: Vec<&str> = vec!["get", "pods", "-o", "json"];
    words.extend(name.iter().flat_map(|name| ["--context", name]));
    words.extend(namespace.map_or(vec!["--all-namespaces"], |name| vec!["--namespace", name]));
    let text = ask(context, "kubectl", &program, &words).await?;
    let mut live = Live::default();
    live.pods(&text).map_err(|error| failed("kubectl", &error.to_string()))?;
    Ok(live)
}

/// What runs on this machine, by every tool that is there.
///
/// # Errors
/// None is there, or all that are fail.
async fn host(context: &Context) -> Result<Live, ToolError> {
    let mut live = Live::default();
    let (mut answered, mut last) = (false, None);
    for (tool, words) in TOOLS {
        let Some(program) = find(tool, &context.environment) else { continue };
        let asked = ask(context, tool, &program, words).await;
        let read = asked.and_then(|text| {
            if tool == "crictl" {
                live.cri_containers(&text).map_err(|error| failed(tool, &error.to_string()))
            } else {
                live.containers(tool, &text);
                Ok(())
            }
        });
        match read {
            Ok(()) => answered = true,
            Err(ToolError::Interrupted) => return Err(ToolError::Interrupted),
            Err(error) => {
                live.skip(tool, error.to_string());
                last = Some(error);
            }
        }
    }
    if answered {
        return Ok(live);
    }
    Err(last.unwrap_or(ToolError::Missing("none of docker, nerdctl, podman and crictl")))
}

async fn ask(
    context: &Context,
    tool: &str,
    program: &PathBuf,
    words: &[&str],
) -> Result<String, ToolError> {
    let mut command = Command::new(program);
    command.env_clear().envs(context.environment.iter()).args(words);
    let bounds = Bounds::new(PATIENCE, ROOM).until(&context.shutdown);
    let finished = child::run(command, bounds)
        .await
        .map_err(|error| failed(tool, &format!("it cannot be started: {error}")))?;
    match finished.ending {
        Ending::Exited(0) if finished.stdout.left_out() > 0 => {
            Err(failed(tool, "its answer is larger than 256 MiB: name a namespace"))
        }
        Ending::Exited(0) => Ok(finished.stdout.text()),
        Ending::Interrupted => Err(ToolError::Interrupted),
        Ending::TimedOut => {
            Err(failed(tool, &format!("no answer within {} s", PATIENCE.as_secs())))
        }
        _ => Err(failed(tool, &format!("{} ({})", finished.complaint(), finished.status()))),
    }
}

fn failed(tool: &str, words: &str) -> ToolError {
    let words = crate::text::redact(words);
    ToolError::Failed { tool: tool.to_owned(), words: one_line(&words, 400) }
}
