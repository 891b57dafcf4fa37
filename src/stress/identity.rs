//! As whom the limit is read: as whoever the runtime pulls as, since the count of anybody else stands
//! still. A tool looks for its login by itself and cannot be told another, so that a user's choice of
//! another is refused before anything is pulled.

use crate::cli::Stress;
use crate::context::Environment;
use crate::credentials::{
    Content, Credential, Holding, Identity as Found, Keychain, Origin, Store, Tool,
};
use crate::image::{Reference, hub};
use crate::registry::Principal;
use crate::runtime::{Login, Runtime, loses_docker_config};
use crate::session::Session;
use crate::{Context, Failure};

/// The one whom the runtime pulls as, or why the user's choice (`chosen`) cannot be had.
pub(crate) async fn who(
    context: &Context,
    args: &Stress,
    session: &Session,
    image: &Reference,
    chosen: Principal,
    runtime: Option<&dyn Runtime>,
) -> Result<Principal, Failure> {
    let Some(runtime) = runtime else { return Ok(chosen) };
    let named = args.asking.anonymous || args.asking.user.is_some();
    let tool = match runtime.login() {
        Login::Anonymous => {
            if chosen.identity.is_account() && named {
                let advice = "leave --user out to pull without credentials, or pull as an account with --runtime builtin";
                return Err(Failure::usage(format!(
                    "{} pulls without credentials, not as {}",
                    args.runtime, chosen.identity
                ))
                .advise(advice));
            }
            if chosen.identity.is_account() {
                context.say(&format!(
                    "! {} pulls without credentials, so the limit is read without them, too",
                    args.runtime
                ));
            }
            return Ok(Principal::anonymous(true));
        }
        Login::Elsewhere => {
            context.say(&format!(
                "! which account {} pulls as cannot be determined from here: the limit is read as {}; its count stands still if that is another",
                args.runtime, chosen.identity
            ));
            return Ok(chosen);
        }
        // Nobody is logged in to a registry that was started a moment ago, and nobody's real password is for it to see.
        Login::DockerConfig | Login::ContainersAuth if session.is_private() => return Ok(chosen),
        Login::DockerConfig => docker_reader(runtime),
        Login::ContainersAuth => Tool::Podman,
    };
    let own = own_login(context, args, session, image, tool).await;
    let is_same = chosen.credential.is_anonymous() == own.credential.is_anonymous()
        && chosen.credential.same_account(&own.credential);
    if !named || is_same {
        // A user's own credential for the same account is the one that was meant.
        return Ok(if named { chosen } else { own.principal() });
    }
    let from = own.origin.as_ref().map_or_else(
        || format!("it has no login for {}", image.registry()),
        |origin| format!("from {origin}"),
    );
    let who = own
        .credential
        .user()
        .map_or_else(|| own.credential.kind().to_owned(), |user| crate::text::one_line(user, 128));
    let message =
        format!("{} would pull as {who} ({from}), not as {}", args.runtime, chosen.identity);
    let option = if args.asking.anonymous { "--anonymous" } else { "--user" };
    Err(Failure::usage(message).advise(format!(
        "{}, or leave {option} out, or pull with {}",
        own.change(args, image),
        instead(args.asking.anonymous)
    )))
}

/// Runtimes that pull as they are told.
fn instead(anonymous: bool) -> &'static str {
    if anonymous { "--runtime builtin or --runtime ctr" } else { "--runtime builtin" }
}

/// Whose way of reading Docker's file it is: nerdctl's own, by its version, or docker's.
fn docker_reader(runtime: &dyn Runtime) -> Tool {
    if runtime.name() == "nerdctl" { Tool::nerdctl(runtime.version()) } else { Tool::Docker }
}

/// The login that a tool finds by itself; anonymous where it finds none.
async fn own_login(
    context: &Context,
    args: &Stress,
    session: &Session,
    image: &Reference,
    tool: Tool,
) -> Own {
    let elsewhere = |told: Option<(String, String)>| {
        let others =
            context.environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment: Environment =
            others.filter(|(name, _)| *name != "DOCKER_CONFIG").chain(told).collect();
        Keychain::new(environment, Vec::new()).within(args.asking.timeout / 2)
    };
    let keychain = if tool == Tool::Podman && loses_docker_config(&context.environment) {
        &elsewhere(None)
    } else {
        session.keychain()
    };
    let mut login = keychain.used_by(tool, image.registry(), image.repository()).await;
    if login.is_none() && args.runtime == "crane" && lacks_docker_file(keychain).await {
        // Then, and only then, crane takes what podman has (seen with 0.21.9).
        let file = context.environment.var("REGISTRY_AUTH_FILE").map(str::to_owned);
        let file = file.or_else(|| {
            Some(format!("{}/containers/auth.json", context.environment.var("XDG_RUNTIME_DIR")?))
        });
        if let Some(file) = file {
            let podman = elsewhere(Some(("REGISTRY_AUTH_FILE".to_owned(), file)));
            login = podman.used_by(Tool::Podman, image.registry(), image.repository()).await;
        }
    }
    login.map_or_else(
        || Own(Found { credential: Credential::Anonymous, origin: None, effective: true }),
        |login| {
            Own(Found { credential: login.credential, origin: Some(login.origin), effective: true })
        },
    )
}

async fn lacks_docker_file(keychain: &Keychain) -> bool {
    let is_there = |holding: &Holding| {
        matches!(holding.store, Store::Docker(_)) && !matches!(holding.content, Content::Absent)
    };
    !keychain.holdings().await.iter().any(is_there)
}

/// What a tool is logged in as.
struct Own(Found);

impl std::ops::Deref for Own {
    type Target = Found;

    fn deref(&self) -> &Found {
        &self.0
    }
}

impl Own {
    fn principal(self) -> Principal {
        self.0.into()
    }

    /// What makes the tool pull as the user wants.
    fn change(&self, args: &Stress, image: &Reference) -> String {
        let registry = image.canonical_registry();
        match &self.origin {
            Some(Origin::Entry { store: Store::DockerAuthConfig, .. }) => {
                "unset DOCKER_AUTH_CONFIG".to_owned()
            }
            Some(_) if args.asking.anonymous => {
                format!("log out ({})", command(&args.runtime, "logout", registry))
            }
            _ => format!("log in as that account ({})", command(&args.runtime, "login", registry)),
        }
    }
}

/// How a tool logs in or out: docker and nerdctl know Docker Hub by no name.
fn command(runtime: &str, what: &str, registry: &str) -> String {
    match runtime {
        "crane" => format!("crane auth {what} {registry}"),
        "podman" | "skopeo" => format!("{runtime} {what} {registry}"),
        "nerdctl" if registry != hub::NAME => format!("nerdctl {what} {registry}"),
        "nerdctl" => format!("nerdctl {what}"),
        _ if registry != hub::NAME => format!("docker {what} {registry}"),
        _ => format!("docker {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_logged_out_in_its_own_words() {
        let rows = [
            ("docker", "docker.io", "docker logout"),
            ("colima", "docker.io", "docker logout"),
            ("nerdctl", "docker.io", "nerdctl logout"),
            ("nerdctl", "ghcr.io", "nerdctl logout ghcr.io"),
            ("podman", "docker.io", "podman logout docker.io"),
            ("skopeo", "docker.io", "skopeo logout docker.io"),
            ("crane", "ghcr.io", "crane auth logout ghcr.io"),
        ];
        for (runtime, registry, wanted) in rows {
            assert_eq!(command(runtime, "logout", registry), wanted);
        }
    }
}
