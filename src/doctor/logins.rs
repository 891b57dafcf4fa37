//! Who asks: every place where a login could be, what is there, and which one each tool would use.

use std::path::Path;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{Finding, Severity, Topic};
use crate::Failure;
use crate::context::Environment;
use crate::credentials::{
    Account, AuthFile, Content, Credential, EntryError, Holding, Keychain, Login, Note, Origin,
    Reader, Tool, docker_key, is_docker_hub, kubelet_keys, misses_docker_hub, shown_key,
    shown_path,
};
use crate::process;
use crate::runtime::version_line;

use super::kubernetes::Secret;
use super::target::Target;

fn finding(severity: Severity, id: &'static str, subject: &str, evidence: &str) -> Finding {
    Finding::new(Topic::Logins, severity, id, subject, evidence)
}

/// The tools that look for logins by themselves.
#[derive(Debug)]
pub(crate) struct Tools {
    docker: Tool,
    nerdctl: Tool,
    podman: Tool,
    /// Those of them that are here.
    installed: Vec<Tool>,
}

impl Tools {
    /// Looks which are in `PATH`. nerdctl's versions differ in what they take, so that one is asked.
    pub(crate) async fn find(environment: &Environment, end: Instant) -> Self {
        let line =
            tokio::time::timeout_at(end, version_line("nerdctl", environment)).await.ok().flatten();
        let nerdctl = line.as_deref().map_or(Tool::Nerdctl, nerdctl_of);
        let mut tools =
            Self { docker: Tool::Docker, nerdctl, podman: Tool::Podman, installed: Vec::new() };
        let is_here = |tool: &Tool| process::find(tool.name(), environment).is_some();
        tools.installed = tools.all().into_iter().filter(is_here).collect();
        tools
    }

    fn all(&self) -> [Tool; 3] {
        [self.docker, self.nerdctl, self.podman]
    }
}

/// Which nerdctl it is that prints `nerdctl version 2.1.2` or `nerdctl version v1.7.6`.
fn nerdctl_of(line: &str) -> Tool {
    Tool::nerdctl(line.split_whitespace().last().unwrap_or_default())
}

/// What each place holds; those that are not there are one finding.
pub(crate) async fn places(keychain: &Keychain, secrets: &[Secret]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut absent = Vec::new();
    for Holding { store, content } in keychain.holdings().await {
        match content {
            Content::Absent => absent.push(store.to_string()),
            Content::Unusable => findings.push(finding(
                Severity::Info,
                "credentials-place",
                &store.to_string(),
                "there, but of no use",
            )),
            Content::File(file) => findings.push(finding(
                Severity::Ok,
                "credentials-place",
                &store.to_string(),
                &held(&file),
            )),
        }
    }
    for Secret { store, file, .. } in secrets {
        findings.extend(file.as_ref().ok().map(|file| {
            finding(Severity::Ok, "credentials-place", &store.to_string(), &held(file))
        }));
    }
    if !absent.is_empty() {
        findings.push(finding(Severity::Ok, "credentials-place", "not there", &absent.join(", ")));
    }
    findings
}

fn held(file: &AuthFile) -> String {
    let entry = |(key, entry): (&String, &Result<Credential, EntryError>)| match entry {
        Ok(Credential::Anonymous) => {
            format!("{} (empty: a helper holds it, or nobody is logged in)", shown_key(key))
        }
        Ok(credential) => format!("{} ({})", shown_key(key), who(credential)),
        Err(error) => format!("{} ({error})", shown_key(key)),
    };
    let mut parts: Vec<String> = file.auths.iter().map(entry).collect();
    parts.extend(
        file.helpers
            .iter()
            .map(|(key, name)| format!("credHelpers for {}: {name}", shown_key(key))),
    );
    parts.extend(file.store.iter().map(|name| format!("credsStore {name}")));
    if parts.is_empty() { "no login".to_owned() } else { parts.join(", ") }
}

/// Whose a credential is, and what kind of proof: `bob, password`.
fn who(credential: &Credential) -> String {
    credential.user().map_or_else(
        || credential.kind().to_owned(),
        |user| format!("{user}, {}", credential.kind()),
    )
}

/// What is broken or odd in the places, and which login each tool would use.
pub(crate) async fn of(
    keychain: &Keychain,
    target: &Target,
    accounts: &[Account],
    tools: &Tools,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let (registry, repository) = (target.registry(), target.image.repository());
    let named: Vec<&Account> = accounts.iter().collect();
    let (survey, docker, nerdctl, podman) = tokio::join!(
        keychain.survey(registry, repository, &named),
        keychain.used_by(tools.docker, registry, repository),
        keychain.used_by(tools.nerdctl, registry, repository),
        keychain.used_by(tools.podman, registry, repository),
    );
    let used: Vec<(Tool, Option<Login>)> =
        tools.all().into_iter().zip([docker, nerdctl, podman]).collect();
    let docker_has_one = used.iter().any(|(tool, login)| *tool == Tool::Docker && login.is_some());
    let mut findings: Vec<Finding> =
        survey.notes.iter().map(|note| of_note(note, registry, docker_has_one)).collect();
    findings.extend(
        survey.logins.iter().flat_map(|login| {
            expired(registry, login, now).into_iter().chain(blank(registry, login))
        }),
    );
    findings.push(which(registry, &used, &tools.installed, &survey.looked));
    findings
}

/// That a sandbox stands for the registry, so that its answers are nobody's.
pub(crate) fn practice(registry: &str) -> Finding {
    let evidence =
        "a sandbox stands for it, which is shown no login: what it answers is for nobody";
    finding(Severity::Info, "sandbox-in-use", registry, evidence)
}

/// That the one whom the user named has no login here.
pub(crate) fn not_found(registry: &str, failure: &Failure) -> Finding {
    let found = finding(Severity::Error, "login-none", registry, &failure.to_string());
    match &failure.advice {
        Some(advice) => found.advise(advice),
        None => found,
    }
}

fn of_note(note: &Note, registry: &str, docker_has_one: bool) -> Finding {
    let severity = match note {
        Note::Overridden { .. } => Severity::Info,
        Note::UnusedKey { .. } if docker_has_one => Severity::Warning,
        Note::HelperInVariable => Severity::Warning,
        _ => Severity::Error,
    };
    finding(severity, note.id(), registry, &note.to_string()).advise(note.advice())
}

/// A token that has ended by its own word.
fn expired(
    registry: &str,
    Login { credential, origin, .. }: &Login,
    now: DateTime<Utc>,
) -> Option<Finding> {
    let end = DateTime::from_timestamp(credential.expires()?, 0).filter(|end| *end <= now)?;
    let evidence = format!(
        "the {} from {origin} ended on {}",
        credential.kind(),
        end.format("%Y-%m-%d at %H:%M:%S UTC")
    );
    Some(
        finding(Severity::Error, "token-expired", registry, &evidence)
            .advise(log_in_again(registry)),
    )
}

/// A password that ends in white space, as `echo USER:TOKEN | base64` makes it: it is sent as it stands.
fn blank(registry: &str, Login { credential, origin, .. }: &Login) -> Option<Finding> {
    credential.ends_in_white_space().then(|| {
        let evidence = format!(
            "the password from {origin} ends in a line end or a blank, which is sent with it"
        );
        finding(Severity::Error, "login-broken", registry, &evidence).advise(
            "make auth without one: printf '%s' USER:TOKEN | base64, where echo adds a line end",
        )
    })
}

/// A folder of `DOCKER_CONFIG` without its file: nothing to docker, the end to podman 4.
pub(crate) fn podman_s_trap(environment: &Environment, tools: &Tools) -> Option<Finding> {
    let folder = environment
        .var("DOCKER_CONFIG")
        .filter(|_| environment.var("REGISTRY_AUTH_FILE").is_none())?;
    let file = Path::new(folder).join("config.json");
    let is_met = tools.installed.contains(&Tool::Podman) && !file.exists();
    is_met.then(|| {
        let file = shown_path(&file, environment.home().as_deref());
        let evidence =
            format!("DOCKER_CONFIG is set, and there is no {file}: podman 4 then refuses to pull");
        finding(Severity::Warning, "credentials-missing", "podman", &evidence)
            .advise(format!("echo '{{}}' > {file}, or unset DOCKER_CONFIG"))
    })
}

/// Which login each tool would use, as one finding.
fn which(
    registry: &str,
    used: &[(Tool, Option<Login>)],
    installed: &[Tool],
    looked: &[String],
) -> Finding {
    // What is not here pulls nothing: it is told of, but it decides nothing.
    let counts = |tool: &Tool| installed.is_empty() || installed.contains(tool);
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (tool, login) in used {
        let words = login.as_ref().map_or_else(
            || "nobody".to_owned(),
            |login| format!("{} from {}", who(&login.credential), login.origin),
        );
        let name = if counts(tool) {
            tool.name().to_owned()
        } else {
            format!("{} (not installed)", tool.name())
        };
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(name),
            None => groups.push((words, vec![name])),
        }
    }
    let told = groups
        .iter()
        .map(|(words, names)| format!("{}: {words}", names.join(", ")))
        .collect::<Vec<_>>()
        .join("; ");
    let deciding: Vec<&Option<Login>> =
        used.iter().filter(|(tool, _)| counts(tool)).map(|(_, login)| login).collect();
    let same = deciding.windows(2).all(|pair| match pair {
        [Some(one), Some(other)] => one.credential.same_account(&other.credential),
        [one, other] => one.is_none() && other.is_none(),
        _ => true,
    });
    if !same {
        return finding(Severity::Warning, "login-differs", registry, &told)
            .advise("log in with each tool, or with docker login alone: podman and nerdctl read docker's file too");
    }
    if deciding.iter().any(|login| login.is_some()) {
        return finding(Severity::Ok, "login-used", registry, &told);
    }
    let evidence = format!(
        "{told}; looked in {}",
        if looked.is_empty() { "no place".to_owned() } else { looked.join(", ") }
    );
    let none = finding(Severity::Info, "login-none", registry, &evidence);
    if is_docker_hub(registry) {
        none.advise("docker login: an account has a count of its own, apart from the address and twice as large")
    } else {
        none
    }
}

/// What the kubelet would use of a Secret.
pub(crate) fn of_secret(secret: &Secret, target: &Target, now: DateTime<Utc>) -> Vec<Finding> {
    let registry = target.registry();
    if let Some((is, wanted)) = &secret.mistyped {
        let evidence = format!(
            "kubelet: nobody; {} is of type {is}, and the kubelet reads none but {wanted}",
            secret.store
        );
        return vec![
            finding(Severity::Error, "secret-type", registry, &evidence).advise(create(registry)),
        ];
    }
    let file = match &secret.file {
        Ok(file) => file,
        Err(error) => {
            let evidence = format!("{} is no credentials file: {error}", secret.store);
            return vec![
                finding(Severity::Error, "credentials-malformed", registry, &evidence)
                    .advise(create(registry)),
            ];
        }
    };
    let usable = usable(secret, target);
    let mut findings = Vec::new();
    let own = kubelet_keys(&file.auths, registry, target.image.repository());
    for (key, error) in spoiling(file).filter(|(key, _)| !own.contains(key)) {
        let place = Origin::Entry { store: secret.store.clone(), key: key.to_owned() };
        let evidence = format!(
            "{place} {error}; for this one entry the kubelet takes nothing of the whole Secret"
        );
        findings.push(
            finding(Severity::Error, "login-broken", registry, &evidence).advise(create(registry)),
        );
    }
    for key in kubelet_keys(&file.auths, registry, target.image.repository()) {
        let place = Origin::Entry { store: secret.store.clone(), key: key.to_owned() };
        let broken = match file.auths.get(key) {
            Some(Err(error)) => Some(error.to_string()),
            Some(Ok(
                credential @ (Credential::IdentityToken { .. } | Credential::RegistryToken(_)),
            )) => Some(format!("holds {}, which the kubelet does not take", credential.kind())),
            Some(Ok(Credential::Anonymous)) => Some("holds neither user nor password".to_owned()),
            _ => None,
        };
        if let Some(broken) = broken {
            findings.push(
                finding(Severity::Error, "login-broken", registry, &format!("{place} {broken}"))
                    .advise(create(registry)),
            );
        }
    }
    if is_docker_hub(registry) {
        for key in file.auths.keys().filter(|key| misses_docker_hub(key)) {
            let severity = if usable.is_empty() { Severity::Error } else { Severity::Warning };
            let place = Origin::Entry { store: secret.store.clone(), key: key.clone() };
            let evidence = format!(
                "{place} is never used by the kubelet for Docker Hub's images: their host is docker.io"
            );
            findings.push(
                finding(severity, "login-key-unused", registry, &evidence).advise(create(registry)),
            );
        }
    }
    if file.store.is_some() || !file.helpers.is_empty() {
        let severity = if usable.is_empty() { Severity::Error } else { Severity::Warning };
        let evidence =
            format!("{} names credential helpers, which the kubelet does not run", secret.store);
        findings.push(
            finding(severity, "helper-in-secret", registry, &evidence).advise(create(registry)),
        );
    }
    findings.extend(
        usable.iter().flat_map(|login| {
            expired(registry, login, now).into_iter().chain(blank(registry, login))
        }),
    );
    findings.push(if let Some((first, rest)) = usable.split_first() {
        let then: String = rest
            .iter()
            .map(|login| format!(", then {} from {}", who(&login.credential), login.origin))
            .collect();
        let evidence = format!("kubelet: {} from {}{then}", who(&first.credential), first.origin);
        finding(Severity::Ok, "login-used", registry, &evidence)
    } else {
        let evidence = format!("kubelet: nobody; nothing in {} is for {registry}", secret.store);
        finding(Severity::Warning, "login-none", registry, &evidence).advise(create(registry))
    });
    findings
}

/// The entries for which the kubelet refuses a whole Secret.
fn spoiling(file: &AuthFile) -> impl Iterator<Item = (&str, EntryError)> {
    file.auths.iter().filter_map(|(key, entry)| {
        let error = *entry.as_ref().err().filter(|error| error.spoils_secret())?;
        Some((key.as_str(), error))
    })
}

/// The logins of a Secret that the kubelet tries, in its order.
pub(crate) fn usable(secret: &Secret, target: &Target) -> Vec<Login> {
    let (Ok(file), None) = (&secret.file, &secret.mistyped) else { return Vec::new() };
    if spoiling(file).next().is_some() {
        return Vec::new();
    }
    let keys = kubelet_keys(&file.auths, target.registry(), target.image.repository());
    let login = |key: &str| match file.auths.get(key) {
        Some(Ok(credential @ Credential::Password { .. })) => {
            let origin = Origin::Entry { store: secret.store.clone(), key: key.to_owned() };
            Some(Login { credential: credential.clone(), origin, reader: Reader::Kubelet })
        }
        _ => None,
    };
    keys.into_iter().filter_map(login).collect()
}

/// How to have a new token in the place of an old one.
pub(crate) fn log_in_again(registry: &str) -> String {
    let server = if is_docker_hub(registry) { String::new() } else { format!(" {registry}") };
    format!("log in again: docker logout{server}; docker login{server}")
}

/// How to make a Secret that the kubelet takes.
fn create(registry: &str) -> String {
    let server = docker_key(registry);
    format!(
        "kubectl create secret docker-registry NAME --docker-server={server} --docker-username=USER --docker-password=TOKEN"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str) -> Login {
        let origin = Origin::Account(user.to_owned());
        Login { credential: Credential::password(user, "hunter2"), origin, reader: Reader::Docker }
    }

    #[test]
    fn tools_that_are_not_here_decide_nothing() {
        let used = |docker, nerdctl, podman| {
            [(Tool::Docker, docker), (Tool::Nerdctl, nerdctl), (Tool::Podman, podman)]
        };
        let all: &[Tool] = &[Tool::Docker, Tool::Nerdctl, Tool::Podman];
        let rows: [(_, &[Tool], &str); 7] = [
            (used(Some(login("bob")), Some(login("bob")), Some(login("bob"))), all, "login-used"),
            (used(None, None, None), all, "login-none"),
            (used(None, None, Some(login("amy"))), all, "login-differs"),
            (used(None, None, Some(login("amy"))), &[], "login-differs"),
            (used(None, None, Some(login("amy"))), &[Tool::Podman], "login-used"),
            (used(None, None, Some(login("amy"))), &[Tool::Docker, Tool::Nerdctl], "login-none"),
            (
                used(Some(login("bob")), Some(login("bob")), Some(login("amy"))),
                all,
                "login-differs",
            ),
        ];
        for (used, installed, id) in rows {
            let found = which("docker.io", &used, installed, &[]);
            assert_eq!(found.id, id, "{found:?}");
            assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        }
        let told = which(
            "docker.io",
            &used(Some(login("bob")), Some(login("bob")), None),
            &[Tool::Docker],
            &[],
        )
        .evidence;
        assert_eq!(
            told,
            "docker, nerdctl (not installed): bob, password from account bob; podman (not installed): nobody"
        );
    }

    #[test]
    fn nerdctl_s_versions_are_told_apart() {
        let rows = [
            ("nerdctl version 1.7.6\n", false),
            ("nerdctl version v2.1.2", true),
            ("nerdctl version 10.0.0-rc.1", true),
            ("", false),
        ];
        for (line, is_second) in rows {
            assert_eq!(nerdctl_of(line) == Tool::Nerdctl2, is_second, "{line}");
        }
    }

    #[test]
    fn the_kubelet_s_faults_are_named() {
        let target = &super::super::target::tests::all(&[])[0];
        let entry = r#"{"auth":"Ym9iOmh1bnRlcjI="}"#;
        let rows = [
            (format!(r#"{{"auths":{{"https://index.docker.io/v1/":{entry}}}}}"#), "login-used"),
            (format!(r#"{{"auths":{{"docker.io":{entry}}}}}"#), "login-used"),
            (format!(r#"{{"auths":{{"*.docker.io":{entry}}}}}"#), "login-key-unused login-none"),
            (
                format!(r#"{{"auths":{{"registry-1.docker.io":{entry},"docker.io":{entry}}}}}"#),
                "login-key-unused login-used",
            ),
            (
                r#"{"credsStore":"desktop","auths":{"https://index.docker.io/v1/":{}}}"#.to_owned(),
                "login-broken helper-in-secret login-none",
            ),
            (r#"{"auths":{"docker.io":{"auth":"%%"}}}"#.to_owned(), "login-broken login-none"),
            (
                r#"{"auths":{"docker.io":{"auth":"Ym9iOng=","identitytoken":"hunter2"}}}"#
                    .to_owned(),
                "login-broken login-none",
            ),
            (
                r#"{"auths":{"docker.io":{"auth":"Ym9iOmh1bnRlcjIK"}}}"#.to_owned(),
                "login-broken login-used",
            ),
            ("{".to_owned(), "credentials-malformed"),
        ];
        for (text, ids) in rows {
            let secret = Secret::of("secret default/regcred", text.as_bytes());
            let found = of_secret(&secret, target, DateTime::UNIX_EPOCH);
            assert_eq!(
                found.iter().map(|finding| finding.id).collect::<Vec<_>>().join(" "),
                ids,
                "{text}"
            );
            assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        }
    }
}
