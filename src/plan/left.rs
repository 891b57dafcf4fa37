//! What is left now, as a registry says, for a plan that starts from there.

use chrono::{DateTime, Utc};

use super::Left;
use super::background::is_on_account;
use crate::exit::{Exit, Failure};
use crate::quota::{Reading, Record, State, Window};
use crate::session::exit_of;

/// What readings say is left, of an address and of an account: of several of a kind the one that is
/// asked first, whom a pull from here counts on. `silent` takes each of which nothing was read.
///
/// # Errors
/// Where nothing was read at all, with the exit code of the last that failed.
pub(crate) fn left(
    readings: &[Reading],
    now: DateTime<Utc>,
    mut silent: impl FnMut(&Reading),
) -> Result<Vec<Left>, Failure> {
    let (mut found, mut failed) = (Vec::<Left>::new(), None);
    for reading in readings {
        match of_record(now, &Record::from(reading)) {
            Some(left) if found.iter().all(|other| other.is_account != left.is_account) => {
                found.push(left);
            }
            Some(_) => {}
            None => {
                silent(reading);
                failed = Some(reading);
            }
        }
    }
    if found.is_empty() { Err(unread(failed)) } else { Ok(found) }
}

/// What a reading says is left; `None` where it says nothing of it.
fn of_record(now: DateTime<Utc>, record: &Record) -> Option<Left> {
    let whole = |number: Option<u64>| u32::try_from(number?).ok();
    let count = match record.state {
        State::Unlimited => None,
        _ => Some((
            whole(record.limit)?,
            whole(record.remaining)?,
            record.window_seconds.and_then(Window::from_seconds)?,
        )),
    };
    let now = crate::quota::timestamp(now);
    let counted = record.counted().map(|source| format!(", counted as {source}"));
    let source = format!(
        "a HEAD to {} as {}{} at {now}",
        record.registry,
        crate::text::one_line(record.identity.label(), 60),
        counted.unwrap_or_default()
    );
    Some(Left { is_account: is_on_account(record), count, source })
}

/// Nothing was read of which a plan could start.
fn unread(reading: Option<&Reading>) -> Failure {
    let exit = reading.map(exit_of).filter(|exit| *exit != Exit::Ok).unwrap_or(Exit::Unknown);
    let why = reading.and_then(Reading::fault).map(|fault| fault.message.clone());
    let why = why.unwrap_or_else(|| "the answer has no count, or no window".to_owned());
    Failure::new(exit, anyhow::anyhow!("--from-reading: {why}"))
        .advise("see why by `dhlimit check`, or plan without --from-reading")
}
