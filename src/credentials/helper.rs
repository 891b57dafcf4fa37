//! Asking a credential helper: `docker-credential-NAME get`, the server on its standard input, JSON
//! on its standard output. Apart because a helper is a stranger's program: it gets a time limit, a
//! bound on its output, and a process group of its own that is killed at the end. What it prints is
//! parsed or dropped, never shown. Follows docker-credential-helpers v0.9 (2025).

use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use super::{Credential, HelperError};
use crate::context::Environment;
use crate::process;

/// The most bytes of output a helper may write.
const MOST_OUTPUT: u64 = 64 * 1024;
/// What a helper prints, and fails, when it has nothing for the server.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// The user name that says the secret is an identity token.
const TOKEN_USER: &str = "<token>";

/// A helper's answer; `None` where it has nothing for the server.
type Asked = Result<Option<Credential>, HelperError>;

/// Answers by the helper's name and the server.
type Answers = HashMap<(String, String), Arc<OnceCell<Asked>>>;

/// The helpers asked so far. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Helpers(Arc<Mutex<Answers>>);

impl Helpers {
    /// What the helper `name` has for `server`: asked at the first call, and once for all who wait.
    pub(super) async fn ask(
        &self,
        name: &str,
        server: &str,
        environment: &Environment,
        limit: Duration,
    ) -> Asked {
        let key = (name.to_owned(), server.to_owned());
        let cell =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        cell.get_or_init(|| ask(name, server, environment, limit)).await.clone()
    }
}

async fn ask(name: &str, server: &str, environment: &Environment, limit: Duration) -> Asked {
    if !is_name(name) {
        return Err(HelperError::Name);
    }
    let program = process::find(&format!("docker-credential-{name}"), environment)
        .ok_or_else(|| HelperError::Missing(name.to_owned()))?;
    let mut child = Command::new(program)
        .arg("get")
        .env_clear()
        .envs(environment.iter())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| HelperError::Start {
            name: name.to_owned(),
            why: error.kind().to_string(),
        })?;
    // Declared after the child, so dropped before it: a leader still running is not yet reaped when its group is killed.
    let _group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let answer = tokio::time::timeout(limit, converse(&mut child, server));
    let (output, status) =
        answer.await.map_err(|_| HelperError::Hangs { name: name.to_owned(), limit })?.map_err(
            |error| HelperError::Start { name: name.to_owned(), why: error.kind().to_string() },
        )?;
    let Some(status) = status else {
        return Err(HelperError::Floods { name: name.to_owned(), most: MOST_OUTPUT });
    };
    if status.success() {
        return parse(&output)
            .map_err(|NotAnAnswer| HelperError::Nonsense { name: name.to_owned() });
    }
    if output.trim_ascii() == NOT_FOUND.as_bytes() {
        return Ok(None);
    }
    Err(HelperError::Failed { name: name.to_owned(), status: status.to_string() })
}

/// Whether a name may become part of a program's: no path, nothing a shell or terminal minds.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Writes the server, reads the answer, waits for the end; no status where the output never ended.
async fn converse(
    child: &mut Child,
    server: &str,
) -> std::io::Result<(Vec<u8>, Option<ExitStatus>)> {
    let mut stdin = child.stdin.take();
    let write = async {
        if let Some(stdin) = &mut stdin {
            // A helper that does not read its input is judged by its answer.
            let _ = stdin.write_all(format!("{server}\n").as_bytes()).await;
        }
        drop(stdin);
    };
    let stdout = child.stdout.take();
    let read = async {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MOST_OUTPUT + 1).read_to_end(&mut output).await?;
        }
        Ok::<_, std::io::Error>(output)
    };
    let ((), output) = tokio::join!(write, read);
    let output = output?;
    if output.len() as u64 > MOST_OUTPUT {
        return Ok((Vec::new(), None));
    }
    Ok((output, Some(child.wait().await?)))
}

/// What helpers answer; `ServerURL` is ignored as docker ignores it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default, alias = "username")]
    username: String,
    #[serde(alias = "secret")]
    secret: SecretText,
}

/// Straight into a type without `Debug` of its content.
#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(SecretString);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// The output is not what helpers print. Carries nothing: serde's errors may quote.
struct NotAnAnswer;

/// The credential in a helper's answer; `None` where it says that it has no secret.
fn parse(output: &[u8]) -> Result<Option<Credential>, NotAnAnswer> {
    let Answer { username, secret: SecretText(secret) } =
        serde_json::from_slice(output).map_err(|_| NotAnAnswer)?;
    match (username.as_str(), secret.expose_secret().is_empty()) {
        (_, true) => Ok(None),
        (TOKEN_USER, false) => Ok(Some(Credential::IdentityToken { user: None, token: secret })),
        ("", false) => Err(NotAnAnswer),
        (_, false) => Ok(Some(Credential::Password { user: username, secret })),
    }
}

/// Kills the process group when dropped, whatever way the asking ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
