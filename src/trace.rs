//! `-v`: what is asked and answered, as lines of talk. Only dhlimit's own events are shown: libraries
//! below it may trace what must not be seen.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

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
        .with_writer(Talk(context.clone()));
    // A second call in one process (a test) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(OwnEvents(subscriber.finish()));
}

/// A subscriber that sees only events of this crate.
struct OwnEvents<S>(S);

impl<S: tracing::Subscriber> tracing::Subscriber for OwnEvents<S> {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("dhlimit") && self.0.enabled(metadata)
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.0.new_span(span)
    }
    fn record(&self, span: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        self.0.record(span, values);
    }
    fn record_follows_from(&self, span: &tracing::span::Id, follows: &tracing::span::Id) {
        self.0.record_follows_from(span, follows);
    }
    fn event(&self, event: &tracing::Event<'_>) {
        self.0.event(event);
    }
    fn enter(&self, span: &tracing::span::Id) {
        self.0.enter(span);
    }
    fn exit(&self, span: &tracing::span::Id) {
        self.0.exit(span);
    }
}

struct Talk(Context);

impl<'a> MakeWriter<'a> for Talk {
    type Writer = Line<'a>;
    fn make_writer(&'a self) -> Line<'a> {
        Line { context: &self.0, text: Vec::new() }
    }
}

/// One event on its way out, shown as a whole when it is complete.
struct Line<'a> {
    context: &'a Context,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let line = text::redact(&text::one_line(&String::from_utf8_lossy(&self.text), LINE_MAX));
        if !line.trim().is_empty() {
            self.context.say(&format!("· {}", line.trim()));
        }
    }
}
