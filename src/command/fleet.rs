//! `fleet`: from arguments to queries of a Prometheus server, and what its series say together.

use std::path::Path;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::cli::{Fleet as Args, Format, Grouping};
use crate::context::read_bounded;
use crate::fleet::{Api, ApiError, Ask, By, Fleet, Login, UsageRow, usage};
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
    let api =
        Api::new(&args.prometheus, &trust, &context.environment, login(&args)?).map_err(failure)?;
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
    let by = match args.grouping {
        Grouping::Source => By::Source,
        Grouping::Account => By::Account,
        Grouping::Node => By::Node,
    };
    let ask = Ask { selector: args.selector.as_deref(), by, spenders };
    let deadline = Instant::now() + args.timeout;
    Ok(ask.look(api, context.clock.now(), deadline).await.map_err(failure)?)
}

/// What Docker Hub itself says was used, where a file of it is named.
async fn rows(args: &Args) -> anyhow::Result<Vec<UsageRow>> {
    let Some(path) = args.hub_csv.clone() else { return Ok(Vec::new()) };
    crate::context::aside(move || hub_csv(&path)).await?
}

fn hub_csv(path: &Path) -> anyhow::Result<Vec<UsageRow>> {
    let name = || format!("--hub-csv {}", path.display());
    let advice =
        "give the CSV of Docker Hub's page of usage: columns datehour, repository, ..., pulls";
    let wrong =
        |error: anyhow::Error| Failure::new(Exit::Usage, error.context(name())).advise(advice);
    let file = std::fs::File::open(path).map_err(|error| wrong(error.into()))?;
    Ok(usage(std::io::BufReader::new(file)).map_err(|error| wrong(error.into()))?)
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

fn login(args: &Args) -> Result<Option<Login>, Failure> {
    let secret = |path: &Path| -> Result<SecretString, Failure> {
        let bytes = std::fs::File::open(path).and_then(read_bounded);
        let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let line =
            text.as_deref().map(str::trim).filter(|line| !line.is_empty() && !line.contains('\n'));
        line.map(SecretString::from).ok_or_else(|| {
            Failure::new(
                Exit::Credentials,
                anyhow::anyhow!("{} holds no secret of one line", path.display()),
            )
            .advise("name a file that can be read and holds the token or password alone")
        })
    };
    Ok(match (&args.bearer_file, &args.user, &args.password_file) {
        (Some(path), ..) => Some(Login::Bearer(secret(path)?)),
        (None, Some(user), Some(path)) => Some(Login::Basic(user.clone(), secret(path)?)),
        _ => None,
    })
}

fn failure(error: ApiError) -> Failure {
    let (exit, advice) = (error.exit(), error.advice());
    Failure::new(exit, error).advise(advice)
}
