//! `gate`: looks at the limit, waits if that was asked for, runs a command if the gate is open, and
//! ends with the exit code that a pipeline decides by. The truth table is in `verdict`.

mod countdown;
mod pipeline;
mod schedule;
mod spent;
mod verdict;
mod wait;

use self::pipeline::{Dotenv, Section};
use self::schedule::Schedule;
use self::spent::{Spent, Used};
use self::verdict::{Decision, Policy};
use self::wait::{Looks, Outcome, look};
use super::asking;
use crate::cli::{Family, Format, Gate, Pass};
use crate::credentials::Account;
use crate::image::is_loopback;
use crate::process::foreground::{self, Scope};
use crate::quota::{Reading, Record};
use crate::registry::Principal;
use crate::render::check::sentence;
use crate::render::gate::{CommandRun, GateReport};
use crate::session::{Session, Who};
use crate::{Context, Exit, Failure};

/// What the arguments ask of the count.
fn policy(args: &Gate) -> Policy {
    Policy {
        need: args.need,
        percent: args.need_percent,
        on_unknown: args.on_unknown,
        on_unlimited: args.on_unlimited,
    }
}

/// Runs `gate`.
pub(super) async fn run(
    context: &Context,
    args: Gate,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    if args.asking.all_identities || args.asking.family == Family::Both {
        return Err(Failure::usage("a gate asks as one identity over one address family")
            .advise("leave --all-identities and --family both to check; name one with --user NAME or --anonymous")
            .into());
    }
    if let (Some(_), Some(image)) = (args.wait, args.image.as_deref())
        && humantime::parse_duration(image).is_ok()
    {
        return Err(Failure::usage(format!("{image} is taken for the image"))
            .advise(format!("to wait so long write --wait={image}; an image of that name is docker.io/library/{image}"))
            .into());
    }
    let dotenv = args.dotenv.as_deref().map(Dotenv::create).transpose()?;
    let image = asking::image_or_usual(args.image.as_deref())?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let client = session.client(&image, session.families().first().copied().flatten())?;
    let found = tokio::select! {
        found = asking::principals(context, &session, &image) => found?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let who =
        found.into_iter().find(|who| who.effective).unwrap_or_else(|| Principal::anonymous(true));
    let loopback = client.endpoint().base.host_str().is_some_and(is_loopback);
    let policy = policy(&args);
    let section = Section::open(context);
    let schedule = Schedule::new(loopback);
    let looks = Looks {
        context,
        session: &session,
        client: client.clone(),
        image: image.clone(),
        who: who.clone(),
        policy,
        schedule,
        wait: args.wait,
    };
    let Some(Outcome { reading, decision, waited }) = look(looks).await else {
        return Ok(Exit::Interrupted);
    };
    section.note(&words(&reading, decision, policy));
    drop(section);
    let mut report = GateReport {
        schema: "dhlimit/gate/1".to_owned(),
        verdict: decision.verdict,
        passes: decision.exit == Exit::Ok,
        need: policy.need(reading.count().map(|count| count.limit)),
        have: reading.remaining(),
        waited_seconds: waited.as_secs(),
        max_use: args.max_use,
        reading: Record::from(&reading),
        command: None,
    };
    let mut exit = decision.exit;
    if report.passes && !args.command.is_empty() {
        context.say(&report.sentence());
        let variables = variables(&session, &args);
        let mut spent = Spent::since(&reading, schedule.least());
        let exit_code = {
            let looks = async {
                loop {
                    tokio::time::sleep(spent.span()).await;
                    spent.look(session.read(&client, &image, &who).await);
                }
            };
            tokio::select! {
                exit_code = foreground::run(&args.command, &variables, Scope::Command) => exit_code.map_err(super::not_run)?,
                never = looks => never,
            }
        };
        // Whoever interrupts wants it over, not one more request.
        let used = if context.shutdown.is_cancelled() {
            Used::Unknown
        } else {
            spent.end(&session.read(&client, &image, &who).await)
        };
        let (used_at_least, pulls) = (matches!(used, Used::AtLeast(_)), used.pulls());
        report.command = Some(CommandRun { exit_code, used: pulls, used_at_least });
        exit = after(exit_code, used, args.max_use, args.on_unknown);
    }
    // Before anything is shown, whose reader may be gone.
    let handed_over = hand_over(context, &args, &report, dotenv);
    show(context, &args, &report)?;
    match handed_over {
        // The command has run: its exit code is what counts.
        Err(failure) if report.command.is_some() => {
            context.complain(&format!("dhlimit: {failure}"));
        }
        other => other?,
    }
    Ok(exit)
}

/// A look in words: verdict, what is left, what is needed.
fn words(reading: &Reading, decision: Decision, policy: Policy) -> String {
    let needed = reading
        .count()
        .map(|count| format!(", {} needed", policy.need(Some(count.limit))))
        .unwrap_or_default();
    let sentence = crate::text::one_line(&sentence(&Record::from(reading)), 300);
    format!("{}: {sentence}{needed}", decision.verdict.as_str())
}

/// The command is to ask the sandbox where the gate asked it.
fn variables(session: &Session, args: &Gate) -> Vec<(&'static str, String)> {
    match (&args.asking.sandbox, session.registry_url()) {
        (Some(_), Some(url)) => super::sandbox::variables(url.as_str()).into(),
        _ => Vec::new(),
    }
}

/// The exit code once the command has run: its own failure goes before what it used.
fn after(exit_code: u8, used: Used, max_use: Option<u64>, on_unknown: Pass) -> Exit {
    match (exit_code, max_use, used) {
        (1.., _, _) | (_, None, _) => Exit::Child(exit_code),
        (0, Some(most), used) if used.pulls().is_some_and(|used| used > most) => Exit::Limit,
        (0, Some(_), Used::Unknown) if on_unknown == Pass::Fail => Exit::Unknown,
        (0, Some(_), _) => Exit::Child(0),
    }
}

/// Shows the report: on standard output, or beside the command on standard error.
fn show(context: &Context, args: &Gate, report: &GateReport) -> anyhow::Result<()> {
    let github = pipeline::in_github(context);
    let usual = match context.terminal.stdout {
        true if args.command.is_empty() => Format::Table,
        _ if github => Format::Github,
        _ => Format::Plain,
    };
    let format = args.output.unwrap_or(usual);
    let text = match format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        Format::Github => report.annotation(),
        Format::Table => report.table(context.colour),
        _ => report.plain(),
    };
    if args.command.is_empty() {
        context.tell(&text)?;
    } else if args.output.is_some() || report.overspent().is_some() {
        context.complain(text.trim_end());
    } else {
        context.say(text.trim_end());
    }
    if github || format == Format::Github {
        // Another format was asked for on standard output: the annotation is a word beside it.
        if format != Format::Github {
            context.complain(report.annotation().trim_end());
        }
    }
    Ok(())
}

/// Writes what pipelines read.
fn hand_over(
    context: &Context,
    args: &Gate,
    report: &GateReport,
    dotenv: Option<Dotenv>,
) -> Result<(), Failure> {
    if pipeline::in_github(context) || args.output == Some(Format::Github) {
        pipeline::github(context, report);
    }
    dotenv.map_or(Ok(()), |dotenv| dotenv.write(report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, Used::Pulls(3), None, Pass::Fail, 0)]
    #[case(0, Used::Unknown, None, Pass::Fail, 0)]
    #[case(9, Used::Pulls(3), None, Pass::Fail, 9)]
    #[case(0, Used::Pulls(3), Some(3), Pass::Fail, 0)]
    #[case(0, Used::Pulls(4), Some(3), Pass::Fail, 1)]
    #[case(0, Used::Pulls(4), Some(3), Pass::Pass, 1)]
    #[case(9, Used::Pulls(4), Some(3), Pass::Fail, 9)]
    #[case(0, Used::AtLeast(4), Some(3), Pass::Fail, 1)]
    #[case(0, Used::AtLeast(3), Some(3), Pass::Fail, 0)]
    #[case(0, Used::Unknown, Some(3), Pass::Fail, 5)]
    #[case(0, Used::Unknown, Some(3), Pass::Pass, 0)]
    #[case(0, Used::Uncounted, Some(3), Pass::Fail, 0)]
    #[case(143, Used::Unknown, Some(3), Pass::Fail, 143)]
    fn a_command_s_own_failure_goes_before_what_it_used(
        #[case] exit_code: u8,
        #[case] used: Used,
        #[case] max_use: Option<u64>,
        #[case] on_unknown: Pass,
        #[case] code: u8,
    ) {
        assert_eq!(after(exit_code, used, max_use, on_unknown).code(), code);
    }
}
