//! `doctor`: looks at everything that decides whom a pull is counted on, and says what is wrong with
//! it. One file a topic; each gives findings. Nothing is changed on the machine, no pull is spent, and
//! no secret is shown. All of it is done at once and within the time given.

mod bucket;
mod clock;
mod configured;
mod kubernetes;
mod logins;
mod pages;
mod runtimes;
mod target;
mod way;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::asker::{self, Asker};
use crate::cli::{Doctor, Family as FamilyChoice, Format};
use crate::context::Environment;
use crate::credentials::{Account, Choice, Tool};
use crate::quota::{Family, Identity};
use crate::registry::Principal;
use crate::render::Look;
use crate::render::doctor::{DoctorReport, Finding, Severity, plain, table};
use crate::{Context, Exit, Failure};

use configured::Machine;
use kubernetes::Secret;
use target::Target;

/// What is kept of the time for putting the answer together.
const RESERVE: Duration = Duration::from_millis(150);

/// Runs `doctor`.
pub(super) async fn run(context: &Context, args: Doctor, accounts: Vec<Account>) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        return pages::show(context, id);
    }
    if args.asking.password_stdin && args.kubernetes.as_deref() == Some(std::path::Path::new("-")) {
        return Err(Failure::usage("--password-stdin and --kubernetes - both want standard input")
            .advise("give one of them a file")
            .into());
    }
    let targets = Target::all(&args.registries)?;
    let asker = Asker::new(context, &args.asking, accounts.clone(), Choice::All).await?;
    // A helper that hangs leaves half of the time for everything that comes after it.
    let asker = Arc::new(asker.with_helpers_within(args.asking.timeout / 2));
    let work = async {
        let secrets = match args.kubernetes.clone() {
            Some(file) => kubernetes::read(context, file).await?,
            None => Vec::new(),
        };
        let end = Instant::now() + args.asking.timeout.saturating_sub(RESERVE);
        examine(context, &args, &asker, &targets, &secrets, &accounts, end).await
    };
    let findings = tokio::select! {
        findings = work => findings?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let report = DoctorReport::new(findings);
    let look = Look { columns: context.terminal.columns, colour: context.colour, now: context.clock.now() };
    let text = match args.output.unwrap_or(if context.terminal.stdout { Format::Table } else { Format::Plain }) {
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
        Format::Table => table(&report, look),
        _ => plain(&report),
    };
    context.answer(&text)?;
    Ok(if args.strict && report.worst() == Some(Severity::Error) { Exit::Limit } else { Exit::Ok })
}

/// Everything at once.
async fn examine(
    context: &Context,
    args: &Doctor,
    asker: &Arc<Asker>,
    targets: &[Target],
    secrets: &[Secret],
    accounts: &[Account],
    end: Instant,
) -> Result<Vec<Finding>, Failure> {
    let registries = async {
        let mut findings = Vec::new();
        let each = targets.iter().map(|target| of_registry(args, asker, target, secrets, accounts, &context.environment, end));
        for found in futures_util::future::join_all(each).await {
            findings.extend(found?);
        }
        Ok::<_, Failure>(findings)
    };
    let ways = async {
        let machine = Machine { root: PathBuf::from("/"), environment: context.environment.clone() };
        let (sights, runtimes) =
            tokio::join!(way::sights(machine, targets, end), runtimes::ask(&context.environment, end - args.asking.timeout / 4));
        let sights = way::with_daemon(sights, targets, runtimes.docker_mirrors.as_deref());
        let answers = way::probe(asker, &sights, end).await;
        way::judge(&sights, &answers).into_iter().chain(runtimes.findings).collect::<Vec<_>>()
    };
    let (found, places, ways) = tokio::join!(registries, logins::places(asker.keychain(), secrets), ways);
    let mut findings = found?;
    findings.extend(places);
    findings.extend(ways);
    findings.extend(logins::podman_s_trap(&context.environment, &installed(&context.environment)));
    findings.extend(way::trust(&context.environment));
    let clients = targets.iter().filter_map(|target| asker.client(&target.image, None).ok());
    findings.extend(clients.filter_map(|client| way::proxy_of_variables(&context.environment, &client.endpoint().base)));
    Ok(findings)
}

/// One registry: its logins, then a HEAD as everybody who was found.
async fn of_registry(
    args: &Doctor,
    asker: &Arc<Asker>,
    target: &Target,
    secrets: &[Secret],
    accounts: &[Account],
    environment: &Environment,
    end: Instant,
) -> Result<Vec<Finding>, Failure> {
    let installed = installed(environment);
    let (mut findings, found) = tokio::join!(logins::of(asker.keychain(), target, accounts, &installed), asker.found(&target.image));
    let mut principals: Vec<Principal> = found?.identities.into_iter().map(asker::principal).collect();
    for secret in secrets {
        findings.extend(logins::of_secret(secret, target));
        // Nobody's real password is for a sandbox to see, and who asks as nobody sends none.
        if !asker.is_private() && !args.asking.anonymous {
            for login in logins::usable(secret, target) {
                if !principals.iter().any(|known| known.credential.same_account(&login.credential)) {
                    let identity = Identity::Account {
                        user: login.credential.user().map(|user| crate::text::one_line(user, 128)),
                        credentials_from: Some(login.origin.to_string()),
                    };
                    principals.push(Principal { identity, credential: login.credential, effective: false });
                }
            }
        }
    }
    let answers = bucket::ask(asker, target, &principals, &families(args, asker, target, environment), end).await;
    findings.extend(bucket::judge(target, &answers));
    findings.extend(clock::judge(&answers));
    Ok(findings)
}

/// The families to ask over: both, unless the user named one, the registry is at an address, or a proxy
/// decides it.
fn families(args: &Doctor, asker: &Asker, target: &Target, environment: &Environment) -> Vec<Option<Family>> {
    let is_settled = asker.client(&target.image, None).is_ok_and(|client| {
        let base = &client.endpoint().base;
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        host.parse::<std::net::IpAddr>().is_ok() || way::proxy_of_variables(environment, base).is_some()
    });
    match args.asking.family {
        FamilyChoice::Auto if !is_settled => vec![Some(Family::Ipv4), Some(Family::Ipv6)],
        _ => asker.families().to_vec(),
    }
}

/// Which of the tools that look for logins are here.
fn installed(environment: &Environment) -> Vec<Tool> {
    let folders: Vec<_> = std::env::split_paths(environment.var("PATH").unwrap_or_default()).collect();
    Tool::ALL.into_iter().filter(|tool| folders.iter().any(|folder| folder.join(tool.name()).is_file())).collect()
}
