//! `explain`: a log in, findings out.

use std::time::Duration;

use crate::cli::{Explain, Format};
use crate::diagnosis::{Explainer, Finding, Hub};
use crate::explain::Log;
use crate::render::Look;
use crate::render::explain::{Form, NOTHING, Stream, StreamError};
use crate::{Context, Exit, Failure};

/// How long a stream says nothing before what is held back is shown: a failure's own lines come
/// faster, its next attempt comes later.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs `explain`.
pub(super) async fn run(context: &Context, args: Explain) -> anyhow::Result<Exit> {
    let mut stream = Stream::new(form(context, &args)?);
    let fail_on = args.fail_on;
    let mut fails = false;
    let mut log = Log::open(args.file.as_deref());
    if context.terminal.stdin && args.file.as_deref().is_none_or(|file| file.as_os_str() == "-") {
        context.say("reading the log to explain from standard input; end it with Ctrl-D");
    }
    let mut explainer = Explainer::new(Hub::default()).at(context.clock.now());
    let mut take = |stream: &mut Stream, finding: Finding| {
        let class = finding.class.name();
        fails |= fail_on.iter().any(|wanted| wanted == class || wanted == "any");
        stream.take(finding);
    };
    // A document and a table come at the end: there is nobody to wait.
    let is_live = stream.is_shown_at_once() && !log.is_regular;
    // Whether anything has come since the last pause.
    let mut is_fresh = false;
    let end = loop {
        let chunk = tokio::select! {
            chunk = log.next() => chunk,
            () = context.shutdown.cancelled() => break Ok(Some(Exit::Interrupted)),
            () = tokio::time::sleep(PAUSE), if is_live && is_fresh => {
                explainer.pause(&mut |finding| take(&mut stream, finding));
                context.answer(&stream.text().map_err(unshown)?)?;
                is_fresh = false;
                continue;
            }
        };
        is_fresh = true;
        match chunk {
            Ok(Some(chunk)) => explainer.feed(&chunk, &mut |finding| take(&mut stream, finding)),
            Ok(None) => break Ok(None),
            // What was found in a log that ends early is shown, and the document is whole.
            Err(error) if stream.has_begun() => break Err(error),
            Err(error) => return Err(Failure::from(error).into()),
        }
        context.answer(&stream.text().map_err(unshown)?)?;
    };
    explainer.finish(&mut |finding| take(&mut stream, finding));
    context.answer(&stream.end(Look::of(context)).map_err(unshown)?)?;
    let end = end.map_err(Failure::from)?;
    if stream.is_silent() {
        context.say(NOTHING);
    }
    Ok(end.unwrap_or(if fails { Exit::Limit } else { Exit::Ok }))
}

fn form(context: &Context, args: &Explain) -> Result<Form, Failure> {
    if let Some(template) = &args.format {
        let template = template.parse().map_err(|error| {
            Failure::new(
                Exit::Usage,
                anyhow::Error::new::<crate::render::template::TemplateError>(error),
            )
        });
        return template.map(Form::Template);
    }
    let usual = if context.terminal.stdout { Format::Table } else { Format::Plain };
    Ok(match args.output.unwrap_or(usual) {
        Format::Json => Form::Json,
        Format::Jsonl => Form::Jsonl,
        Format::Table => Form::Table,
        _ => Form::Plain,
    })
}

fn unshown(error: StreamError) -> Failure {
    Failure::new(Exit::Usage, error)
}
