//! `fleet`: from arguments to queries of a Prometheus server, and what its series say together.

use std::path::Path;

use futures_util::future::try_join_all;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::cli::{Fleet as Args, Format, Grouping};
use crate::context::read_bounded;
use crate::fleet::{
    Api, ApiError, By, Fleet, Login, NODES, PODS, STARTED, UsageRow, counted, fleet, started, usage,
};
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
    let deadline = Instant::now() + args.timeout;
    let selector = args.selector.as_deref().unwrap_or_default().trim();
    let selector =
        selector.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(selector);
    let labels = if selector.is_empty() {
        "effective=\"true\"".to_owned()
    } else {
        format!("effective=\"true\",{}", selector.trim_end_matches(','))
    };
    let now = format!(
        "{{__name__=~\"dhlimit_(state|pulls_limit|pulls_remaining|window_seconds|pulls_used_per_hour|empty_timestamp_seconds|last_success_timestamp_seconds)\",{labels}}}"
    );
    let before = format!("last_over_time(dhlimit_last_attempt_timestamp_seconds{{{labels}}}[1d])");
    let (now, before) = tokio::try_join!(api.query(&now, deadline), api.query(&before, deadline))
        .map_err(failure)?;
    let by = match args.grouping {
        Grouping::Source => By::Source,
        Grouping::Account => By::Account,
        Grouping::Node => By::Node,
    };
    let mut fleet = fleet(context.clock.now(), &now, &before, by);
    if args.spenders {
        spenders(api, args, &mut fleet, deadline).await?;
    }
    Ok(fleet)
}

/// Who spends the pulls, as each witness has it.
async fn spenders(
    api: &Api,
    args: &Args,
    fleet: &mut Fleet,
    deadline: Instant,
) -> anyhow::Result<()> {
    let (containers, pods) = tokio::try_join!(
        api.query(STARTED.expression, deadline),
        api.query(PODS.expression, deadline)
    )
    .map_err(failure)?;
    fleet.spent_on_nodes(started(&containers, &pods));
    let queries = NODES.map(|witness| api.query(witness.expression, deadline));
    let answers = try_join_all(queries).await.map_err(failure)?;
    for (witness, samples) in NODES.into_iter().zip(answers) {
        fleet.spent_on_nodes(counted(witness, &samples));
    }
    if let Some(path) = args.hub_csv.clone() {
        let read = crate::context::aside(move || hub_csv(&path)).await??;
        fleet.spent_on_accounts(read);
    }
    fleet.settle_spenders();
    Ok(())
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
    let (exit, advice) = match &error {
        ApiError::Client(..) => (Exit::Usage, "a proxy variable or the URL cannot be used"),
        ApiError::Unreached(..) | ApiError::Late(_) => (
            Exit::Unreachable,
            "see whether the server runs and --prometheus names it, such as http://prometheus:9090",
        ),
        ApiError::Refused(..) => (
            Exit::Credentials,
            "give the server's login: --bearer-file FILE, or --user NAME --password-file FILE",
        ),
        ApiError::Query(..) => {
            (Exit::Usage, "--match takes labels as PromQL has them: 'cluster=\"eu\"'")
        }
        ApiError::Nonsense(..) => (
            Exit::Unreachable,
            "--prometheus names what stands before /api/v1, such as http://thanos:9090",
        ),
    };
    Failure::new(exit, error).advise(advice)
}
