//! `check`: every identity, image and family at once, then one report in the form asked for.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::asking;
use crate::check::{Asked, CheckReport};
use crate::cli::{Check, Format, Threshold};
use crate::credentials::Account;
use crate::image::Reference;
use crate::quota::{FaultKind, Reading, Record};
use crate::render::Look;
use crate::render::check::{annotations, hints, nagios, plain, prometheus, summary, table};
use crate::render::template::Template;
use crate::session::{Session, Who, exit_of};
use crate::{Context, Exit, Failure};

/// The most readings under way at once.
const AT_ONCE: usize = 32;

/// Runs `check`.
pub(super) async fn run(
    context: &Context,
    check: Check,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let template = check
        .format
        .as_deref()
        .map(str::parse::<Template>)
        .transpose()
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    let images = asking::images(&check.images)?;
    let session = asking::open(context, &check.asking, accounts, Who::All).await?;
    let Some(session) = session.map(Arc::new) else { return Ok(Exit::Interrupted) };
    let readings = tokio::select! {
        readings = readings(context, &session, images.clone()) => readings?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let report = CheckReport::new(
        context.clock.now(),
        asked(&session, &images),
        readings.iter().map(Record::from).collect(),
    );
    let limits = Limits { warning: check.warning, critical: check.critical };
    let format =
        check.output.unwrap_or(if context.terminal.stdout { Format::Table } else { Format::Plain });
    if let Some(code) = show(context, template.as_ref(), &report, format, limits)? {
        return Ok(Exit::Plugin(code));
    }
    for (reading, record) in
        readings.iter().zip(&report.readings).filter(|(reading, _)| reading.effective)
    {
        // The worse of the two is said.
        if let Some(threshold) = below(limits.critical, record) {
            context.say(&format!(
                "✗ {}: fewer than {threshold} pulls remain for {}, as --critical wants",
                record.image, reading.identity
            ));
        } else if let Some(threshold) = below(limits.warning, record) {
            context.say(&format!(
                "! {}: fewer than {threshold} pulls remain for {}",
                record.image, reading.identity
            ));
        }
    }
    Ok(exit(&readings, &report, limits))
}

/// Writes the report; the value is a plugin's exit code where one was asked for.
fn show(
    context: &Context,
    template: Option<&Template>,
    report: &CheckReport,
    format: Format,
    limits: Limits,
) -> anyhow::Result<Option<u8>> {
    if let Some(template) = template {
        let mut lines = String::new();
        for reading in &report.readings {
            let line = template
                .render(&serde_json::to_value(reading)?)
                .map_err(|error| Failure::new(Exit::Usage, error))?;
            lines.push_str(&format!("{line}\n"));
        }
        context.tell(&lines)?;
        say_hints(context, report);
        return Ok(None);
    }
    let warning = |record: &Record| pulls(limits.warning, record);
    let critical = |record: &Record| pulls(limits.critical, record);
    match format {
        Format::Json => context.tell(&format!("{}\n", serde_json::to_string_pretty(report)?))?,
        Format::Jsonl => {
            for reading in &report.readings {
                context.tell(&format!("{}\n", serde_json::to_string(reading)?))?;
            }
        }
        Format::Prometheus => context.tell(&prometheus(report)?)?,
        Format::Nagios => {
            let (text, code) = nagios(report, warning, critical);
            context.tell(&text)?;
            return Ok(Some(code));
        }
        Format::Github => {
            context.tell(&annotations(report, warning, critical))?;
            super::github::append(context, "GITHUB_STEP_SUMMARY", &summary(report));
        }
        Format::Table => {
            let columns = context.terminal.columns;
            context.tell(&table(
                report,
                Look { columns, colour: context.colour, now: context.clock.now() },
            ))?;
        }
        _ => {
            context.tell(&plain(report))?;
            say_hints(context, report);
        }
    }
    Ok(None)
}

/// What a line has no room for, on standard error: each thing once, however many images say it.
fn say_hints(context: &Context, report: &CheckReport) {
    let mut said: Vec<String> = Vec::new();
    for hint in report.readings.iter().flat_map(hints) {
        if !said.contains(&hint) {
            context.say(&hint);
            said.push(hint);
        }
    }
}

/// Where docker.io is asked, as far as any of the images is on it.
fn asked(session: &Session, images: &[Reference]) -> Asked {
    let hub = || images.iter().filter(|image| image.is_docker_hub());
    Asked {
        endpoint: hub().next().and(session.registry_url()).map(crate::registry::shown_origin),
        sandbox: hub().any(|image| session.is_practice(image)),
    }
}

/// All readings at once, in the order of images, identities and families.
async fn readings(
    context: &Context,
    session: &Arc<Session>,
    images: Vec<Reference>,
) -> Result<Vec<Reading>, Failure> {
    let deadline = session.deadline();
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut order = 0_usize;
    for image in images {
        for who in asking::principals(context, session, &image).await? {
            for family in session.families() {
                let client = session.client(&image, *family)?;
                let (session, image, who, gate) =
                    (session.clone(), image.clone(), who.clone(), gate.clone());
                let at = order;
                order += 1;
                tasks.spawn(async move {
                    let _turn = gate.acquire_owned().await;
                    (at, session.read_by(deadline, &client, &image, &who).await)
                });
            }
        }
    }
    let mut readings = tasks.join_all().await;
    readings.sort_by_key(|(at, _)| *at);
    let mut readings: Vec<Reading> = readings.into_iter().map(|(_, reading)| reading).collect();
    if session.families().len() > 1 {
        spare_missing_families(&mut readings);
    }
    Ok(readings)
}

/// Where one family gave a reading and the other is not there, the missing one decides nothing.
fn spare_missing_families(readings: &mut [Reading]) {
    let answered: Vec<bool> =
        readings.iter().map(|reading| reading.http_status.is_some()).collect();
    let spared: Vec<usize> = (0..readings.len())
        .filter(|at| {
            let pair = at ^ 1;
            let unreached = readings
                .get(*at)
                .and_then(Reading::fault)
                .is_some_and(|fault| matches!(fault.kind, FaultKind::Network | FaultKind::Timeout));
            unreached && answered.get(pair).copied().unwrap_or(false)
        })
        .collect();
    for at in spared {
        if let Some(reading) = readings.get_mut(at).filter(|reading| reading.effective) {
            reading.effective = false;
            reading.warnings.push(
                "not reached over this address family, so no pull is counted there".to_owned(),
            );
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    warning: Option<Threshold>,
    critical: Option<Threshold>,
}

/// A threshold in pulls; `None` where there is none, or where it depends on a limit that is not known.
fn pulls(threshold: Option<Threshold>, record: &Record) -> Option<u64> {
    threshold.and_then(|threshold| threshold.pulls(record.limit))
}

/// The threshold, where a reading is below it.
fn below(threshold: Option<Threshold>, record: &Record) -> Option<u64> {
    pulls(threshold, record)
        .filter(|threshold| record.remaining.is_some_and(|left| left < *threshold))
}

/// The worst of the effective readings, by how little it lets one do.
fn exit(readings: &[Reading], report: &CheckReport, limits: Limits) -> Exit {
    let one = |reading: &Reading, record: &Record| match exit_of(reading) {
        Exit::Ok if below(limits.critical, record).is_some() => Exit::Limit,
        exit => exit,
    };
    let all = readings
        .iter()
        .zip(&report.readings)
        .filter(|(reading, _)| reading.effective)
        .map(|(reading, record)| one(reading, record));
    all.max().unwrap_or(Exit::Ok)
}
