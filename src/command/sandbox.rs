//! `dhlimit sandbox`: starts one, says where it is, and waits for its end or its command's.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::cli::Sandbox;
use crate::process::foreground::{self, Scope};
use crate::sandbox::{CaFile, Running, Settings, setup, start};
use crate::{Context, Exit, Failure};

/// Runs the command.
pub(super) async fn run(context: &Context, args: Sandbox) -> anyhow::Result<Exit> {
    let listen = args.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let settings = Settings::of_arguments(&args, context.clock.clone())?;
    for warning in settings.warnings() {
        context.complain(&format!("warning: {warning}"));
    }
    let running = start(settings, listen).await.map_err(Failure::from)?;
    let ca = match (running.certificate(), &args.tls) {
        (Some(certificate), Some(path)) => {
            Some(CaFile::write(certificate, path.as_deref(), running.address())?)
        }
        _ => None,
    };
    let result = {
        let work = work(context, &args, &running, ca.as_ref().map(CaFile::path));
        tokio::pin!(work);
        tokio::select! {
            result = &mut work => result,
            () = complain_of_log(context, &args, &running) => work.await,
        }
    };
    running.stop().await;
    result
}

/// What goes on beside the sandbox.
async fn work(
    context: &Context,
    args: &Sandbox,
    running: &Running,
    ca: Option<&Path>,
) -> anyhow::Result<Exit> {
    if args.command.is_empty() {
        serve(context, args, running, ca).await
    } else {
        accompany(running, ca, &args.command).await
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

/// Says where it is, on standard output, and waits for the end.
async fn serve(
    context: &Context,
    args: &Sandbox,
    running: &Running,
    ca: Option<&Path>,
) -> anyhow::Result<Exit> {
    let url = running.url();
    let ca_line = ca.map(|ca| format!("{}\n", ca.display())).unwrap_or_default();
    let lines = args.print_setup.map(|runtime| setup::lines(runtime, &url, ca));
    context.answer(&format!("{url}\n{ca_line}{}", lines.unwrap_or_default()))?;
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
    ca: Option<&Path>,
    command: &[OsString],
) -> anyhow::Result<Exit> {
    let ca = ca.map(|ca| ("DHLIMIT_CA_CERT", ca.display().to_string()));
    let variables: Vec<_> = setup::variables(&running.url()).into_iter().chain(ca).collect();
    let code = foreground::run(command, &variables, Scope::Tree).await.map_err(Failure::from)?;
    Ok(Exit::Child(code))
}
