//! `check`: who is asked as found, everybody asked, one report in the form asked for.

use std::sync::Arc;

use super::asking;
use crate::check::{Asked, CheckReport, Limits, readings};
use crate::cli::{Check, Format};
use crate::credentials::Account;
use crate::image::Reference;
use crate::quota::{Reading, Record};
use crate::render::Look;
use crate::render::check::{
    all_hints, annotations, missed, nagios, plain, prometheus, summary, table,
};
use crate::render::template::Template;
use crate::session::{Session, Who, images};
use crate::{Context, Exit, Failure};

/// Runs `check`.
pub(super) async fn run(
    context: &Context,
    check: Check,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let template = check.format.as_deref().map(str::parse::<Template>).transpose();
    let template = template.map_err(|error| Failure::new(Exit::Usage, error))?;
    let images = images(&check.images)?;
    let session = asking::open(context, &check.asking, accounts, Who::All).await?;
    let Some(session) = session.map(Arc::new) else { return Ok(Exit::Interrupted) };
    let asked = Asked::of(&session, &images);
    let readings = tokio::select! {
        readings = ask(context, &session, images) => readings?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let report =
        CheckReport::new(context.clock.now(), asked, readings.iter().map(Record::from).collect());
    let limits = Limits { warning: check.warning, critical: check.critical };
    let usual = if context.terminal.stdout { Format::Table } else { Format::Plain };
    match (&template, check.output.unwrap_or(usual)) {
        (Some(template), _) => show_by(context, template, &report)?,
        (None, Format::Nagios) => {
            let (text, code) =
                nagios(&report, |one| limits.warning(one), |one| limits.critical(one));
            context.tell(&text)?;
            return Ok(Exit::Plugin(code));
        }
        (None, format) => show(context, &report, format, limits)?,
    }
    say_all(context, &missed(&report, |one| limits.missed(one)));
    Ok(limits.exit(readings.iter().zip(&report.readings)))
}

/// Everybody who is found, asked for every image.
async fn ask(
    context: &Context,
    session: &Arc<Session>,
    images: Vec<Reference>,
) -> Result<Vec<Reading>, Failure> {
    let deadline = session.deadline();
    let mut asked = Vec::new();
    for image in images {
        let principals = asking::principals(context, session, &image).await?;
        asked.push((image, principals));
    }
    Ok(readings(session, deadline, &asked).await?)
}

/// A line each by a template.
fn show_by(context: &Context, template: &Template, report: &CheckReport) -> anyhow::Result<()> {
    let mut lines = String::new();
    for reading in &report.readings {
        let line = template
            .render(&serde_json::to_value(reading)?)
            .map_err(|error| Failure::new(Exit::Usage, error))?;
        lines.push_str(&format!("{line}\n"));
    }
    context.tell(&lines)?;
    say_all(context, &all_hints(report));
    Ok(())
}

/// Writes the report.
fn show(
    context: &Context,
    report: &CheckReport,
    format: Format,
    limits: Limits,
) -> anyhow::Result<()> {
    match format {
        Format::Json => context.tell(&format!("{}\n", serde_json::to_string_pretty(report)?))?,
        Format::Jsonl => {
            for reading in &report.readings {
                context.tell(&format!("{}\n", serde_json::to_string(reading)?))?;
            }
        }
        Format::Prometheus => context.tell(&prometheus(report)?)?,
        Format::Github => {
            context.tell(&annotations(
                report,
                |one| limits.warning(one),
                |one| limits.critical(one),
            ))?;
            context.append_to("GITHUB_STEP_SUMMARY", &summary(report));
        }
        Format::Table => context.tell(&table(report, Look::of(context)))?,
        _ => {
            context.tell(&plain(report))?;
            say_all(context, &all_hints(report));
        }
    }
    Ok(())
}

fn say_all(context: &Context, lines: &[String]) {
    for line in lines {
        context.say(line);
    }
}
