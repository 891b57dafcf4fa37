//! The ports that are opened, and what is said of them.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::door::{Door, Views, open};
use super::{Hub, Lock, observe};
use crate::cli::Serve;
use crate::{Context, Exit, Failure};

/// Begins to listen; says where.
///
/// # Errors
/// An address cannot be listened on.
pub(crate) async fn listen(
    context: &Context,
    args: &Serve,
    hub: &Arc<Hub>,
    lock: &Arc<Lock>,
    views: Views,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let mut servers = Vec::new();
    let scheme = if args.tls_cert.is_some() { "https" } else { "http" };
    for address in &args.listen {
        let near = address.ip().is_loopback();
        let door = Door::new(hub, views, lock, near, context);
        let (address, server) = open(*address, door).await.map_err(|error| {
            Failure::new(Exit::Usage, anyhow::Error::new(error).context(format!("cannot listen on {address}")))
                .advise("another process may hold the port: name another by --listen ADDR:PORT; port 0 is a free one")
        })?;
        if servers.is_empty() {
            context.answer(&format!("{scheme}://{address}/\n"))?;
        }
        if !near && !lock.asks() {
            context.say(&format!(
                "! {address} is reached from other machines: whoever reaches it reads the counts and the names of the accounts"
            ));
        }
        servers.push(server);
    }
    Ok(servers)
}

/// Begins to observe what this machine pulls, where that was asked for.
pub(crate) fn observers(context: &Context, wanted: bool, hub: &Arc<Hub>) -> Vec<JoinHandle<()>> {
    if !wanted {
        return Vec::new();
    }
    let observers = observe(hub, &context.clock, &context.environment, &context.shutdown);
    if observers.is_empty() {
        context.say("! --observe: ctr, docker, podman and journalctl are all missing, so nothing is observed");
    }
    observers
}
