//! What the command on changes gets: the sample, and what happened in variables.

use crate::history::{Event, Observed};
use crate::process::hook::Change;
use crate::text::one_line;

/// The sample for the command, and what happened in variables: of a prefix that no option has.
pub(crate) fn change(shown: &Observed, json: &str) -> Change {
    let (record, events) = (&shown.record, &shown.events);
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
    let words: Vec<String> = events.iter().map(Event::words).collect();
    let variables = vec![
        ("DHLIMIT_EVENT", kinds.join(",")),
        ("DHLIMIT_EVENT_TEXT", words.join("; ")),
        ("DHLIMIT_EVENT_IMAGE", record.image.clone()),
        ("DHLIMIT_EVENT_IDENTITY", record.identity.label().to_owned()),
        ("DHLIMIT_EVENT_STATE", record.state.as_str().to_owned()),
        ("DHLIMIT_EVENT_REMAINING", number(record.remaining)),
        ("DHLIMIT_EVENT_LIMIT", number(record.limit)),
        ("DHLIMIT_EVENT_SOURCE", record.source.clone().unwrap_or_default()),
    ];
    // A variable cannot hold a zero byte, and need not hold what steers terminals.
    let variables =
        variables.into_iter().map(|(name, value)| (name, one_line(&value, 2_000))).collect();
    Change { json: format!("{json}\n"), variables }
}
