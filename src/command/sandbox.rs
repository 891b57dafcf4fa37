//! `dhlimit sandbox`: starts one, says where it is, and waits for its end or its command's.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::ExposeSecret;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::companion::code_of;
use crate::cli::{CountRule, LawName, ProfileName, Sandbox, SetupFor};
use crate::quota::Law;
use crate::sandbox::{Account, Counting, Profile, Running, SandboxError, Settings, TrafficError, setup, start};
use crate::{Context, Exit, Failure};

/// How long a command may take to end by itself after an interrupt, and again after being told to.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs the command.
pub(super) async fn run(context: &Context, args: Sandbox) -> anyhow::Result<Exit> {
    let listen = args.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let running = start(settings(context, &args)?, listen).await.map_err(failure)?;
    let ca = match (running.certificate(), &args.tls) {
        (Some(certificate), Some(path)) => Some(CaFile::write(certificate, path.as_deref(), running.address())?),
        _ => None,
    };
    let result = match args.command.split_first() {
        None => serve(context, &args, &running, ca.as_ref()).await,
        Some((program, rest)) => accompany(context, &running, ca.as_ref(), program, rest).await,
    };
    running.stop().await;
    result
}

fn settings(context: &Context, args: &Sandbox) -> Result<Settings, Failure> {
    let accounts = args.account.iter().map(|account| account.expose_secret().parse::<Account>());
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
        accounts: accounts.collect::<Result<_, _>>().map_err(|error| Failure::new(Exit::Usage, error))?,
        token_life: args.token_life,
        latency: args.latency,
        tls: args.tls.is_some(),
        trust_proxy: args.trust_proxy,
        log: args.log.clone(),
        traffic: args.traffic.as_deref().map(str::parse).transpose().map_err(|error: TrafficError| Failure::new(Exit::Usage, error))?,
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
        SandboxError::Listen { .. } => Failure::new(Exit::Usage, error).advise("leave --listen away for a free port"),
        SandboxError::Settings(_) | SandboxError::Log(_) => Failure::new(Exit::Usage, error),
        _ => Failure::new(Exit::Unreachable, error),
    }
}

/// Says where it is, on standard output, and waits for the end.
async fn serve(context: &Context, args: &Sandbox, running: &Running, ca: Option<&CaFile>) -> anyhow::Result<Exit> {
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
    context.say(&format!("Docker Hub as of profile {}; what it counts: {url}/_sandbox/state; Ctrl-C ends it", running.sandbox().profile()));
    context.shutdown.cancelled().await;
    Ok(Exit::Interrupted)
}

/// Runs a command beside the sandbox. Standard output is the command's own.
async fn accompany(
    context: &Context,
    running: &Running,
    ca: Option<&CaFile>,
    program: &OsString,
    rest: &[OsString],
) -> anyhow::Result<Exit> {
    let url = running.url();
    let mut command = Command::new(program);
    command.args(rest).env("DHLIMIT_REGISTRY_URL", &url).env("DHLIMIT_AUTH_URL", &url).kill_on_drop(true);
    if let Some(ca) = ca {
        command.env("DHLIMIT_CA_CERT", &ca.path);
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))
        .map_err(|error| Failure::new(Exit::Usage, error).advise("what stands behind -- is a program and its arguments"))?;
    let status = tokio::select! {
        status = child.wait() => status,
        () = context.shutdown.cancelled() => end(&mut child).await,
    };
    let status = status.with_context(|| format!("cannot wait for {}", program.display()))?;
    Ok(Exit::Child(code_of(status)))
}

/// Ends a command: by itself (a terminal's Ctrl-C reached it, too), then by SIGTERM, then by force.
async fn end(child: &mut Child) -> std::io::Result<ExitStatus> {
    if let Ok(status) = timeout(PATIENCE, child.wait()).await {
        return status;
    }
    #[cfg(unix)]
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
        // It may have ended between the two calls.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if let Ok(status) = timeout(PATIENCE, child.wait()).await {
        return status;
    }
    child.kill().await?;
    child.wait().await
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
            None => std::env::temp_dir().join(format!("dhlimit-sandbox-{}-{}.pem", std::process::id(), address.port())),
        };
        let mut options = OpenOptions::new();
        options.write(true);
        // In a folder that everybody may write to, never through what somebody else put there.
        if temporary {
            options.create_new(true)
        } else {
            options.create(true).truncate(true)
        };
        let written = options.open(&path).and_then(|mut file| file.write_all(certificate.as_bytes()));
        written
            .with_context(|| format!("cannot write the CA's certificate to {}", path.display()))
            .map_err(|error| Failure::new(Exit::Usage, error).advise("name another file with --tls=FILE"))?;
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
        let typed: Vec<String> =
            ProfileName::value_variants().iter().map(|name| name.to_possible_value().unwrap().get_name().to_owned()).collect();
        assert_eq!(typed, Profile::ALL.map(Profile::name));
        for name in ProfileName::value_variants() {
            assert_eq!(profile(*name).name(), name.to_possible_value().unwrap().get_name());
        }
    }
}
