//! `-v`: what is asked and answered, one line each on standard error. Only dhlimit's own events are shown: libraries
//! below it may trace what must not be seen.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::Context;
use crate::text;

/// The most characters of a line.
const LINE_MAX: usize = 2_000;

/// Shows events from now on: with 1 requests and answers, with 2 and more everything.
pub(crate) fn start(context: &Context, verbose: u8) {
    let level = if verbose > 1 { LevelFilter::TRACE } else { LevelFilter::DEBUG };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        .with_level(false)
        .with_writer(Stderr(context.clone()));
    let own_events = Targets::new().with_target("dhlimit", level);
    // A second call in one process (a test) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber.finish().with(own_events));
}

struct Stderr(Context);

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = EventLine<'a>;
    fn make_writer(&'a self) -> EventLine<'a> {
        EventLine { context: &self.0, text: Vec::new() }
    }
}

/// One event on its way out, shown as a whole when it is complete.
struct EventLine<'a> {
    context: &'a Context,
    text: Vec<u8>,
}

impl Write for EventLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for EventLine<'_> {
    fn drop(&mut self) {
        let line = text::redact(&text::one_line(&String::from_utf8_lossy(&self.text), LINE_MAX));
        if !line.trim().is_empty() {
            self.context.say(&format!("· {}", line.trim()));
        }
    }
}
