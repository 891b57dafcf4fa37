//! `gate`: from arguments to an answer, the command behind it, and what pipelines read of it. The
//! gate's rules are in [`crate::gate`].

use super::asking;
use crate::cli::{Format, Gate};
use crate::credentials::Account;
use crate::gate::{
    Answer, Dotenv, End, GateReport, Policy, Question, Running, Section, Used, after, ask, refuse,
    scanned,
};
use crate::image::{Reference, is_loopback};
use crate::polling::waiting::Waiting;
use crate::process::foreground::{self, Scope};
use crate::recording::ReportFile;
use crate::render::gate::{Countdown, annotation, plain, sentence, summary, table};
use crate::sandbox::setup;
use crate::session::{Session, Who, image_or_usual};
use crate::{Context, Exit, Failure};

/// Runs `gate`.
pub(super) async fn run(
    context: &Context,
    args: Gate,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    refuse(&args)?;
    let scanned = scanned(context, &args).await?;
    let dotenv = args.dotenv.as_deref().map(Dotenv::create).transpose()?;
    let report_file = args.report.as_deref().map(ReportFile::create).transpose()?;
    let image = image_or_usual(args.image.as_deref())?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let Some(question) = question(context, &args, scanned, &session, image).await? else {
        return Ok(Exit::Interrupted);
    };
    let Some(answer) = answer(context, &question).await else { return Ok(Exit::Interrupted) };
    let mut report = question.report(&answer, args.max_use);
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

/// Whom to ask and what counts as open; `None` where shutdown came first.
async fn question<'a>(
    context: &Context,
    args: &Gate,
    scanned: u64,
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
        policy: Policy::of_arguments(args, scanned),
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
            section.note(&sentence(&question.report(&answer, None)));
            Some(*answer)
        }
        End::Interrupted(answer) => {
            if let Some(answer) = answer {
                let state = sentence(&question.report(&answer, None));
                context.say(&format!("interrupted: still {state}"));
            }
            None
        }
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
        context.append_to("GITHUB_STEP_SUMMARY", &summary(report, context.clock.now()));
        context.append_to("GITHUB_OUTPUT", &outputs);
    }
    dotenv.map_or(Ok(()), |dotenv| dotenv.write(report))?;
    file.map_or(Ok(()), |file| file.write(report))
}
