//! `explain`: a stream in, findings out. The stream is read by a thread of its own, so that an
//! interrupt need not wait for a pipe that says nothing; of the input, no more than a few chunks are
//! in memory at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc;

use crate::cli::{Explain, Format};
use crate::diagnosis::{Explainer, Finding, Hub};
use crate::render::Look;
use crate::render::explain::{Failures, NOTHING, plain, table};
use crate::render::template::Template;
use crate::{Context, Exit, Failure as Stop, text};

/// Bytes of one chunk.
const CHUNK: usize = 256 * 1024;
/// Chunks that may wait to be judged.
const AHEAD: usize = 2;
/// How long a stream says nothing before what is held back is shown: a failure's own lines come
/// faster, its next attempt comes later.
const PAUSE: Duration = Duration::from_secs(2);
/// How a gzip stream begins.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// How files begin that hold compressed text of other kinds: what they are, and the command that
/// prints what they hold.
const PACKED: [(&[u8], &str, &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive", "unzip -p"),
    (b"BZh", "compressed by bzip2", "bzip2 -dc"),
    (b"\xfd7zXZ\0", "compressed by xz", "xz -dc"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "zstd -dc"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "lz4 -dc"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "7z x -so"),
];
/// How many bytes tell these apart.
const HEAD: u64 = 6;

/// Input that is no text.
#[derive(Debug, thiserror::Error)]
#[error("it is {what}")]
struct Packed {
    what: &'static str,
    /// The command that prints what it holds.
    unpack: &'static str,
}

/// Runs `explain`.
pub(super) async fn run(context: &Context, args: Explain) -> anyhow::Result<Exit> {
    let template = args
        .format
        .as_deref()
        .map(str::parse::<Template>)
        .transpose()
        .map_err(|error| Stop::new(Exit::Usage, error))?;
    let format =
        args.output.unwrap_or(if context.terminal.stdout { Format::Table } else { Format::Plain });
    let mut answer = Answer::new(context, format, template, args.fail_on);
    let mut chunks = chunks(context, args.file.clone());
    let mut explainer = Explainer::new(Hub::default()).at(context.clock.now());
    // A document and a table come at the end: there is nobody to wait.
    let is_stream = answer.is_shown_at_once() && !is_regular(args.file.as_deref());
    // Whether anything has come since the last pause.
    let mut is_fresh = false;
    let interrupted = loop {
        let chunk = tokio::select! {
            chunk = chunks.recv() => chunk,
            () = context.shutdown.cancelled() => break true,
            () = tokio::time::sleep(PAUSE), if is_stream && is_fresh => {
                explainer.pause(&mut |finding| answer.take(finding));
                answer.flush()?;
                is_fresh = false;
                continue;
            }
        };
        is_fresh = true;
        let Some(chunk) = chunk else { break false };
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                // What was found in a log that ends early is shown, and the document is whole.
                if answer.has_begun() {
                    explainer.finish(&mut |finding| answer.take(finding));
                    answer.end()?;
                }
                return Err(unreadable(args.file.as_deref(), &error).into());
            }
        };
        explainer.feed(&chunk, &mut |finding| answer.take(finding));
        answer.flush()?;
    };
    explainer.finish(&mut |finding| answer.take(finding));
    answer.end()?;
    Ok(match interrupted {
        true => Exit::Interrupted,
        false if answer.fails => Exit::Limit,
        false => Exit::Ok,
    })
}

/// Whether the input is a file on disk, whose end is near however slowly it is read.
fn is_regular(file: Option<&Path>) -> bool {
    match file.filter(|file| *file != Path::new("-")) {
        Some(path) => std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()),
        None => rustix::fs::fstat(io::stdin())
            .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()),
    }
}

/// The input in chunks, decompressed where it is gzip. Opening it may wait, too, as for a named pipe.
fn chunks(context: &Context, file: Option<PathBuf>) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let file = file.filter(|file| file != Path::new("-"));
    if file.is_none() && context.terminal.stdin {
        context.say("reading the log to explain from standard input; end it with Ctrl-D");
    }
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        let mut input = match open(file) {
            Ok(input) => input,
            // A receiver that is gone needs no answer; so below.
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        loop {
            let mut chunk = vec![0; CHUNK];
            let read = input.read(&mut chunk).map(|count| {
                chunk.truncate(count);
                chunk
            });
            let is_last = match &read {
                Ok(chunk) => chunk.is_empty(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => true,
            };
            if sender.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

fn open(file: Option<PathBuf>) -> io::Result<Box<dyn Read>> {
    let mut input: Box<dyn Read> = match file {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    };
    let mut head = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut head)?;
    if let Some((_, what, unpack)) = PACKED.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, Packed { what, unpack }));
    }
    let is_gzip = head.starts_with(GZIP);
    let whole = io::Cursor::new(head).chain(input);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

fn unreadable(file: Option<&Path>, error: &io::Error) -> Stop {
    let name = file.map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
    let message = anyhow::Error::msg(error.to_string()).context(format!("cannot read {name}"));
    let packed = error.get_ref().and_then(|inner| inner.downcast_ref::<Packed>());
    let advice = match packed {
        Some(Packed { unpack, .. }) => {
            let file = file.map_or_else(|| "FILE".to_owned(), |file| file.display().to_string());
            format!("unpack it: {unpack} {} | dhlimit explain", text::one_line(&file, 500))
        }
        None => "name a log file, or pipe what the tool printed into it: docker pull nginx 2>&1 | dhlimit explain".to_owned(),
    };
    Stop::new(Exit::Usage, message).advise(advice)
}

/// The answer in the making: what is found is shown at once where the format allows it.
struct Answer<'a> {
    context: &'a Context,
    form: Form,
    pending: String,
    found: u64,
    failures: Failures,
    /// The JSON document's latest findings, by line and number: those that one of an earlier line may
    /// still come before.
    held: BTreeMap<(u64, u64), String>,
    /// Findings that the JSON document has.
    written: u64,
    failed: Option<anyhow::Error>,
    /// What plain output has advised: each advice is given once.
    advised: BTreeSet<&'static str>,
    /// The classes of failures that the caller wants to fail on, and whether one was found.
    fail_on: Vec<String>,
    fails: bool,
}

/// How findings are shown.
enum Form {
    Known(Format),
    Template(Template),
}

/// The most findings that are held for one of an earlier line: far more than a failure has lines.
const HELD: usize = 1_024;

/// How the JSON document begins; its findings follow, one a line, in the order of their lines: a
/// failure is found where its last line is, and is told by its first.
const DOCUMENT_HEAD: &str = "{\n  \"schema\": \"dhlimit/explain/1\",\n  \"findings\": [";

impl<'a> Answer<'a> {
    fn new(
        context: &'a Context,
        format: Format,
        template: Option<Template>,
        fail_on: Vec<String>,
    ) -> Self {
        let form = template.map_or(Form::Known(format), Form::Template);
        let pending = if matches!(form, Form::Known(Format::Json)) {
            DOCUMENT_HEAD.to_owned()
        } else {
            String::new()
        };
        Self {
            context,
            form,
            pending,
            found: 0,
            failures: Failures::default(),
            held: BTreeMap::new(),
            written: 0,
            failed: None,
            advised: BTreeSet::new(),
            fail_on,
            fails: false,
        }
    }

    /// Whether findings are shown as they come.
    fn is_shown_at_once(&self) -> bool {
        matches!(self.form, Form::Template(_) | Form::Known(Format::Plain | Format::Jsonl))
    }

    /// Whether anything was found or shown.
    fn has_begun(&self) -> bool {
        self.found > 0 || self.pending.is_empty() && matches!(self.form, Form::Known(Format::Json))
    }

    /// Takes one finding; what goes wrong is told by the next [`Self::flush`].
    fn take(&mut self, finding: Finding) {
        if self.failed.is_none()
            && let Err(error) = self.form_of(finding)
        {
            self.failed = Some(error);
        }
    }

    fn form_of(&mut self, finding: Finding) -> anyhow::Result<()> {
        self.found += 1;
        let class = finding.class.name();
        self.fails |= self.fail_on.iter().any(|wanted| wanted == class || wanted == "any");
        match &self.form {
            Form::Template(template) => {
                let line = template
                    .render(&serde_json::to_value(&finding)?)
                    .map_err(|error| Stop::new(Exit::Usage, error))?;
                self.pending.extend([line.as_str(), "\n"]);
            }
            Form::Known(Format::Json) => {
                self.held.insert((finding.line, self.found), serde_json::to_string(&finding)?);
                self.write_held(HELD);
            }
            Form::Known(Format::Jsonl) => {
                self.pending.extend([&serde_json::to_string(&finding)?, "\n"]);
            }
            Form::Known(Format::Table) => self.failures.add(finding),
            Form::Known(_) => {
                self.pending.extend([plain(&finding).as_str(), "\n"]);
                if self.advised.insert(finding.advice) {
                    self.pending.extend(["  → ", finding.advice, "\n"]);
                }
            }
        }
        Ok(())
    }

    /// Shows what has been found since the last time.
    fn flush(&mut self) -> anyhow::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if !self.pending.is_empty() {
            self.context.answer(&std::mem::take(&mut self.pending))?;
        }
        Ok(())
    }

    /// Writes the first of the findings held, until so many are left.
    fn write_held(&mut self, left: usize) {
        while self.held.len() > left
            && let Some((_, finding)) = self.held.pop_first()
        {
            self.pending.extend([if self.written == 0 { "\n    " } else { ",\n    " }, &finding]);
            self.written += 1;
        }
    }

    /// The end of the input: the rest of the answer.
    fn end(&mut self) -> anyhow::Result<()> {
        match self.form {
            Form::Known(Format::Json) => {
                self.write_held(0);
                self.pending.push_str(if self.found == 0 { "]\n}\n" } else { "\n  ]\n}\n" });
            }
            Form::Known(Format::Table) => {
                let look = Look::of(self.context);
                self.pending.push_str(&table(&self.failures, look));
            }
            _ if self.found == 0 => self.context.say(NOTHING),
            _ => {}
        }
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::FAILURE_CLASSES;
    use crate::diagnosis::Class;

    #[test]
    fn every_class_and_any_can_be_failed_on() {
        let mut names: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
        names.push("any");
        names.sort_unstable();
        let mut offered = FAILURE_CLASSES.to_vec();
        offered.sort_unstable();
        assert_eq!(offered, names);
    }
}
