//! `dhlimit sandbox`: starts one, says where it is, and waits for its end or its command's.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use futures_util::future::Either;
use secrecy::ExposeSecret;

use crate::cli::{CountRule, LawName, ProfileName, Sandbox, SetupFor};
use crate::process::foreground::{self, Scope};
use crate::quota::Law;
use crate::sandbox::{
    Account, Counting, Profile, Running, SandboxError, Settings, TrafficError, setup, start,
};
use crate::session::IN_SANDBOX;
use crate::{Context, Exit, Failure};

/// Runs the command.
pub(super) async fn run(context: &Context, args: Sandbox) -> anyhow::Result<Exit> {
    let listen = args.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let running = start(settings(context, &args)?, listen).await.map_err(failure)?;
    let ca = match (running.certificate(), &args.tls) {
        (Some(certificate), Some(path)) => {
            Some(CaFile::write(certificate, path.as_deref(), running.address())?)
        }
        _ => None,
    };
    let work = async {
        if args.command.is_empty() {
            serve(context, &args, &running, ca.as_ref()).await
        } else {
            accompany(&running, ca.as_ref(), &args.command).await
        }
    };
    let result = beside(work, complain_of_log(context, &args, &running)).await;
    running.stop().await;
    result
}

/// The result of `work`, with `other` going on beside it.
async fn beside<T>(work: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    let work = std::pin::pin!(work);
    let other = std::pin::pin!(other);
    match futures_util::future::select(work, other).await {
        Either::Left((result, _)) => result,
        Either::Right(((), work)) => work.await,
    }
}

/// Says so once when the request log cannot be written any more.
async fn complain_of_log(context: &Context, args: &Sandbox, running: &Running) {
    let error = running.sandbox().log_failure().await;
    let path = args.log.as_deref().unwrap_or(Path::new("-"));
    context.complain(&format!(
        "warning: cannot write the request log {}: {error}; requests from here on are not in it",
        path.display()
    ));
}

fn settings(context: &Context, args: &Sandbox) -> Result<Settings, Failure> {
    let accounts: Vec<Account> = args
        .account
        .iter()
        .map(|account| account.expose_secret().parse())
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    for account in accounts.iter().filter(|account| account.may_lack_its_limit()) {
        context.complain(&format!(
            "warning: the password of {} has a colon, and no limit stands behind it: a limit is a number or unlimited, such as --account {}:PASSWORD:200",
            account.user, account.user
        ));
    }
    Ok(Settings {
        profile: profile(args.profile),
        limit: args.limit,
        window: args.window,
        law: match args.law {
            LawName::Sliding => Law::Sliding,
            LawName::Fixed => Law::Fixed,
            LawName::Bucket => Law::Bucket,
        },
        counting: match args.count {
            CountRule::Pull => Counting::Pull,
            CountRule::Get => Counting::Get,
            CountRule::Arch => Counting::Arch,
        },
        accounts,
        token_life: args.token_life,
        latency: args.latency,
        tls: args.tls.is_some(),
        trust_proxy: args.trust_proxy,
        log: args.log.clone(),
        traffic: args
            .traffic
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error: TrafficError| Failure::new(Exit::Usage, error))?,
        clock: context.clock.clone(),
    })
}

fn profile(name: ProfileName) -> Profile {
    match name {
        ProfileName::Of2020 => Profile::Of2020,
        ProfileName::Of2023 => Profile::Of2023,
        ProfileName::Of2026 => Profile::Of2026,
        ProfileName::Paid => Profile::Paid,
        ProfileName::Exempt => Profile::Exempt,
        ProfileName::Abuse => Profile::Abuse,
        ProfileName::Lockout => Profile::Lockout,
        ProfileName::Blocked => Profile::Blocked,
        ProfileName::Flaky => Profile::Flaky,
        ProfileName::Odd => Profile::Odd,
    }
}

fn failure(error: SandboxError) -> Failure {
    match error {
        SandboxError::Listen { .. } => {
            Failure::new(Exit::Usage, error).advise("leave --listen away for a free port")
        }
        SandboxError::Settings(_) | SandboxError::Log(_) => Failure::new(Exit::Usage, error),
        _ => Failure::new(Exit::Unreachable, error),
    }
}

/// Says where it is, on standard output, and waits for the end.
async fn serve(
    context: &Context,
    args: &Sandbox,
    running: &Running,
    ca: Option<&CaFile>,
) -> anyhow::Result<Exit> {
    let url = running.url();
    let ca = ca.map(|file| file.path.as_path());
    let mut answer = format!("{url}\n");
    if let Some(ca) = ca {
        answer.push_str(&format!("{}\n", ca.display()));
    }
    if let Some(runtime) = args.print_setup {
        answer.push_str(&match runtime {
            SetupFor::Nerdctl => setup::for_nerdctl(&url, ca),
            SetupFor::Docker => setup::for_docker(&url, ca),
            SetupFor::Podman => setup::for_podman(&url, ca),
            SetupFor::Containerd => setup::for_containerd(&url, ca),
        });
    }
    context.answer(&answer)?;
    context.say(&format!(
        "Docker Hub as of profile {}; what it counts: {url}/_sandbox/state; Ctrl-C ends it",
        running.sandbox().profile()
    ));
    context.shutdown.cancelled().await;
    Ok(Exit::Interrupted)
}

/// Runs a command beside the sandbox. Standard output is the command's own.
async fn accompany(
    running: &Running,
    ca: Option<&CaFile>,
    command: &[OsString],
) -> anyhow::Result<Exit> {
    let ca = ca.map(|ca| ("DHLIMIT_CA_CERT", ca.path.display().to_string()));
    let variables: Vec<_> = variables(&running.url()).into_iter().chain(ca).collect();
    let code = foreground::run(command, &variables, Scope::Tree).await.map_err(super::not_run)?;
    Ok(Exit::Child(code))
}

/// What makes dhlimit ask the sandbox at `url` for docker.io, and as nobody whom it does not know.
pub(super) fn variables(url: &str) -> [(&'static str, String); 3] {
    [
        ("DHLIMIT_REGISTRY_URL", url.to_owned()),
        ("DHLIMIT_AUTH_URL", url.to_owned()),
        (IN_SANDBOX, "1".to_owned()),
    ]
}

/// The CA's certificate on disk; a temporary one goes with the sandbox.
struct CaFile {
    path: PathBuf,
    temporary: bool,
}

impl CaFile {
    fn write(certificate: &str, path: Option<&Path>, address: SocketAddr) -> anyhow::Result<Self> {
        let temporary = path.is_none();
        let path = match path {
            Some(path) => std::path::absolute(path)?,
            None => std::env::temp_dir().join(format!(
                "dhlimit-sandbox-{}-{}.pem",
                std::process::id(),
                address.port()
            )),
        };
        let mut options = OpenOptions::new();
        options.write(true);
        // In a folder that everybody may write to, never through what somebody else put there.
        if temporary {
            options.create_new(true)
        } else {
            options.create(true).truncate(true)
        };
        let written =
            options.open(&path).and_then(|mut file| file.write_all(certificate.as_bytes()));
        written
            .with_context(|| format!("cannot write the CA's certificate to {}", path.display()))
            .map_err(|error| {
                Failure::new(Exit::Usage, error).advise("name another file with --tls=FILE")
            })?;
        Ok(Self { path, temporary })
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        if self.temporary {
            // A file that is gone already is what was wanted.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn the_command_line_and_the_room_name_the_same_profiles() {
        let typed: Vec<String> = ProfileName::value_variants()
            .iter()
            .map(|name| name.to_possible_value().unwrap().get_name().to_owned())
            .collect();
        assert_eq!(typed, Profile::ALL.map(Profile::name));
        for name in ProfileName::value_variants() {
            assert_eq!(profile(*name).name(), name.to_possible_value().unwrap().get_name());
        }
    }
}
