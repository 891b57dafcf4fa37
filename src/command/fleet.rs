//! `fleet`: from arguments to queries of a Prometheus server, and what its series say together.

use tokio::time::Instant;

use crate::cli::{Fleet as Args, Format};
use crate::fleet::{Api, Ask, Fleet, Login, UsageRow, usage_file};
use crate::registry::Trust;
use crate::render::Look;
use crate::render::fleet::{nagios, prometheus, table};
use crate::{Context, Exit, Failure};

/// Runs `fleet`.
pub(super) async fn run(context: &Context, args: Args) -> anyhow::Result<Exit> {
    let usage_error = |error| Failure::new(Exit::Usage, error);
    let mut trust = Trust::load(args.ca_cert.as_deref()).map_err(usage_error)?;
    if let (Some(certificate), Some(key)) = (&args.cert, &args.key) {
        trust = trust.with_identity(certificate, key).map_err(usage_error)?;
    }
    let api = Api::new(&args.prometheus, &trust, &context.environment, Login::of_arguments(&args)?)
        .map_err(Failure::from)?;
    loop {
        let looked = tokio::select! {
            looked = look(context, &api, &args) => looked,
            () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
        };
        let Some(interval) = args.watch else {
            return looked.and_then(|fleet| show(context, &args, &fleet));
        };
        match looked {
            Ok(fleet) => {
                show(context, &args, &fleet)?;
            }
            // What fails once may be there again at the next look.
            Err(error) => context.complain(&format!("! {error:#}")),
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
        }
    }
}

/// One look at the server.
async fn look(context: &Context, api: &Api, args: &Args) -> anyhow::Result<Fleet> {
    let spenders = if args.spenders { Some(rows(args).await?) } else { None };
    let ask = Ask { selector: args.selector.as_deref(), by: args.grouping.into(), spenders };
    let deadline = Instant::now() + args.timeout;
    Ok(ask.look(api, context.clock.now(), deadline).await.map_err(Failure::from)?)
}

/// What Docker Hub itself says was used, where a file of it is named.
async fn rows(args: &Args) -> anyhow::Result<Vec<UsageRow>> {
    let Some(path) = args.hub_csv.clone() else { return Ok(Vec::new()) };
    crate::context::aside(move || usage_file(&path)).await?
}

fn show(context: &Context, args: &Args, fleet: &Fleet) -> anyhow::Result<Exit> {
    let text = match args.output.unwrap_or(Format::Table) {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(fleet)?),
        Format::Jsonl => format!("{}\n", serde_json::to_string(fleet)?),
        Format::Prometheus => prometheus(fleet)?,
        Format::Nagios => {
            let (line, code) = nagios(fleet, args.need);
            context.tell(&line)?;
            return Ok(Exit::Plugin(code));
        }
        _ => table(fleet, args.need, Look::of(context)),
    };
    context.tell(&text)?;
    if fleet.groups.is_empty() && fleet.blind.is_empty() {
        context.say("! the server has no series of dhlimit: let it scrape `dhlimit serve` on the nodes, and see whether --match names too much");
    }
    Ok(fleet.exit(args.need))
}
