//! `gate`: from arguments to an answer, the command behind it, and what pipelines read of it. The
//! gate's rules are in [`crate::gate`].

use super::report_file::ReportFile;
use super::{asking, github};
use crate::cli::{Family, Format, Gate, Threshold};
use crate::credentials::Account;
use crate::gate::{
    Answer, Dotenv, End, GateReport, Policy, Question, Running, Section, Used, after, ask,
};
use crate::image::{Reference, is_loopback};
use crate::polling::waiting::Waiting;
use crate::process::foreground::{self, Scope};
use crate::render::gate::{Countdown, annotation, plain, sentence, summary, table};
use crate::sandbox::setup;
use crate::scan::{of_path, say_skipped};
use crate::session::{Session, Who, image_or_usual};
use crate::{Context, Exit, Failure};

/// Runs `gate`.
pub(super) async fn run(
    context: &Context,
    args: Gate,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    refuse(&args)?;
    let needed = needed(context, &args).await?;
    let dotenv = args.dotenv.as_deref().map(Dotenv::create).transpose()?;
    let report_file = args.report.as_deref().map(ReportFile::create).transpose()?;
    let image = image_or_usual(args.image.as_deref())?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let Some(question) = question(context, &args, needed, &session, image).await? else {
        return Ok(Exit::Interrupted);
    };
    let Some(answer) = answer(context, &question).await else { return Ok(Exit::Interrupted) };
    let mut report = report(&question, &answer, args.max_use);
    let mut exit = answer.decision.exit;
    if report.passes && !args.command.is_empty() {
        exit = run_command(context, &args, &question, &answer, &mut report).await?;
    }
    // Before anything is shown, whose reader may be gone.
    let handed_over = hand_over(context, &args, &report, dotenv, report_file);
    show(context, &args, &report)?;
    match handed_over {
        // The command has run: its exit code is what counts.
        Err(failure) if report.command.is_some() => {
            context.complain(&format!("dhlimit: {failure:#}"));
        }
        other => other?,
    }
    Ok(exit)
}

/// A gate is one identity's, and a duration is no image.
fn refuse(args: &Gate) -> Result<(), Failure> {
    if args.asking.all_identities || args.asking.family == Family::Both {
        return Err(Failure::usage("a gate asks as one identity over one address family")
            .advise("leave --all-identities and --family both to check; name one with --user NAME or --anonymous"));
    }
    if let (Some(_), Some(image)) = (args.wait, args.image.as_deref())
        && crate::cli::duration(image).is_ok()
    {
        return Err(Failure::usage(format!("{image} is taken for the image"))
            .advise(format!("to wait that long write --wait={image}; an image of that name is docker.io/library/{image}")));
    }
    Ok(())
}

/// The pulls that are needed: those asked for, or those that a scan finds where these are more.
async fn needed(context: &Context, args: &Gate) -> anyhow::Result<Threshold> {
    let Some(path) = &args.need_for else { return Ok(args.need) };
    let scan = of_path(context, path).await?;
    say_skipped(context, &scan);
    let pulls = scan.totals.pulls.cold;
    context.say(&format!("· {} needs {pulls} pulls of Docker Hub", path.display()));
    Ok(match args.need {
        Threshold::Pulls(least) => Threshold::Pulls(least.max(pulls)),
        share @ Threshold::Percent(_) => share,
    })
}

/// Whom to ask and what counts as open; `None` where shutdown came first.
async fn question<'a>(
    context: &Context,
    args: &Gate,
    need: Threshold,
    session: &'a Session,
    image: Reference,
) -> anyhow::Result<Option<Question<'a>>> {
    let client = session.client(&image, session.families().first().copied().flatten())?;
    let who = tokio::select! {
        who = asking::effective(context, session, &image) => who?,
        () = context.shutdown.cancelled() => return Ok(None),
    };
    let loopback = client.endpoint().base.host_str().is_some_and(is_loopback);
    Ok(Some(Question {
        session,
        client,
        image,
        who,
        policy: Policy {
            need,
            percent: args.need_percent,
            on_unknown: args.on_unknown,
            on_unlimited: args.on_unlimited,
        },
        pace: Waiting::new(loopback),
        wait: args.wait,
    }))
}

/// The answer, with what is said on the way to it; `None` where shutdown came first.
async fn answer(context: &Context, question: &Question<'_>) -> Option<Answer> {
    let section = Section::open(context);
    let mut countdown = Countdown::new(context);
    let end = ask(question, &context.shutdown, &mut |step| {
        countdown.step(&step);
    })
    .await;
    countdown.finish();
    match end {
        End::Answered(answer) => {
            section.note(&sentence(&report(question, &answer, None)));
            Some(*answer)
        }
        End::Interrupted(answer) => {
            if let Some(answer) = answer {
                let state = sentence(&report(question, &answer, None));
                context.say(&format!("interrupted: still {state}"));
            }
            None
        }
    }
}

fn report(question: &Question<'_>, answer: &Answer, max_use: Option<u64>) -> GateReport {
    GateReport {
        max_use,
        endpoint: question.client.endpoint().base.to_string(),
        sandbox: question.session.is_practice(&question.image),
        ..GateReport::of(answer, question.policy)
    }
}

/// Runs the command and notes what it took off the count.
async fn run_command(
    context: &Context,
    args: &Gate,
    question: &Question<'_>,
    answer: &Answer,
    report: &mut GateReport,
) -> Result<Exit, Failure> {
    context.say(&sentence(report));
    let variables = variables(question.session, args);
    let mut running = Running::since(&answer.reading, question);
    let exit_code = tokio::select! {
        exit_code = foreground::run(&args.command, &variables, Scope::Command) => exit_code.map_err(Failure::from)?,
        never = running.watch() => match never {},
    };
    // Whoever interrupts wants it over, not one more request.
    let (used, left) =
        if context.shutdown.is_cancelled() { (Used::Unknown, None) } else { running.end().await };
    report.after(exit_code, used, left);
    Ok(after(exit_code, used, args.max_use, args.on_unknown))
}

/// The command is to ask the sandbox where the gate asked it.
fn variables(session: &Session, args: &Gate) -> Vec<(&'static str, String)> {
    match (&args.asking.sandbox, session.registry_url()) {
        (Some(_), Some(url)) => setup::variables(url.as_str()).into(),
        _ => Vec::new(),
    }
}

/// Shows the report: on standard output, or beside the command on standard error.
fn show(context: &Context, args: &Gate, report: &GateReport) -> anyhow::Result<()> {
    let now = context.clock.now();
    let github = in_github(context);
    let usual = match context.terminal.stdout {
        true if args.command.is_empty() => Format::Table,
        _ if github => Format::Github,
        _ => Format::Plain,
    };
    let format = args.output.unwrap_or(usual);
    let text = match format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        Format::Github => annotation(report, now),
        Format::Table => table(report, context.colour, now),
        _ => plain(report, now),
    };
    if args.command.is_empty() {
        context.tell(&text)?;
    } else if args.output.is_some() || report.overspent().is_some() {
        context.complain(text.trim_end());
    } else {
        context.say(text.trim_end());
    }
    // Another format was asked for on standard output: the annotation is a word beside it.
    if github && format != Format::Github {
        context.complain(annotation(report, now).trim_end());
    }
    Ok(())
}

/// Whether this runs in GitHub Actions.
fn in_github(context: &Context) -> bool {
    context.environment.var("GITHUB_ACTIONS") == Some("true")
}

/// Writes what pipelines read.
fn hand_over(
    context: &Context,
    args: &Gate,
    report: &GateReport,
    dotenv: Option<Dotenv>,
    file: Option<ReportFile>,
) -> anyhow::Result<()> {
    if in_github(context) || args.output == Some(Format::Github) {
        let outputs: String =
            report.outputs().iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        github::append(context, "GITHUB_STEP_SUMMARY", &summary(report, context.clock.now()));
        github::append(context, "GITHUB_OUTPUT", &outputs);
    }
    dotenv.map_or(Ok(()), |dotenv| dotenv.write(report))?;
    file.map_or(Ok(()), |file| file.write(report))
}
