//! From a stream of bytes to findings: each line is judged, and lines are weighed against each
//! other. Warnings, debug lines and a bare 429 are held back for a while: they count only where no
//! error near them says more. Memory is bounded whatever the input.

use std::collections::VecDeque;

use serde::Serialize;

use super::class::Class;
use super::judge::Case;
use super::line::{self, Level, Line};
use super::lines::Lines;
use super::phrases::{Mark, Marks, triggers};
use super::subject::{self, Hub, Owner, Subject};
use super::{advice, literals, talk, tool};
use crate::image::Reference;
use crate::text;

/// How many lines later an image or a failure still belongs to what stands before it.
const NEAR: u64 = 200;
/// The most findings held back at a time.
const HELD_MAX: usize = 64;
/// The most characters of a finding's text.
const TEXT_MAX: usize = 600;

/// One failure, as `explain -o json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line it stands in, from 1.
    pub line: u64,
    /// What kind of failure it is.
    pub class: Class,
    /// The image, normalised; `None` where none is named.
    pub image: Option<String>,
    /// The tool that printed it; `None` where its manner is unknown.
    pub tool: Option<&'static str>,
    /// The decisive part, without secrets and control characters.
    pub text: String,
    /// What to do next.
    pub advice: &'static str,
}

/// What was read in earlier lines.
#[derive(Debug, Default)]
struct Scene {
    image: Option<(u64, Reference, Owner)>,
    tool: Option<&'static str>,
    code: Option<(u64, String)>,
    /// Inside GitHub's listing of a script before it runs.
    script: bool,
    /// Inside a diff.
    diff: bool,
    /// Inside the messages of `git log`.
    commits: bool,
    /// The last error: its line and image.
    error: Option<(u64, Class, Option<String>)>,
}

/// Reads a stream piece by piece and hands out what it finds.
#[derive(Debug, Default)]
pub struct Explainer {
    lines: Lines,
    bench: Bench,
}

impl Explainer {
    /// An explainer to which `hub` says what counts as Docker Hub.
    pub fn new(hub: Hub) -> Self {
        Self { lines: Lines::default(), bench: Bench { hub, ..Bench::default() } }
    }

    /// Takes the next bytes; findings go to `found` in the order in which they become certain.
    pub fn feed(&mut self, bytes: &[u8], found: &mut dyn FnMut(Finding)) {
        let bench = &mut self.bench;
        self.lines.feed(bytes, &mut |number, line| bench.take(number, line, found));
    }

    /// The end of the stream: what was held back goes out.
    pub fn finish(mut self, found: &mut dyn FnMut(Finding)) {
        let bench = &mut self.bench;
        self.lines.finish(&mut |number, line| bench.take(number, line, found));
        self.bench.release(u64::MAX, found);
    }
}

/// Where lines are judged and weighed.
#[derive(Debug, Default)]
struct Bench {
    hub: Hub,
    scene: Scene,
    held: VecDeque<Finding>,
}

impl Bench {
    fn take(&mut self, number: u64, raw: &[u8], found: &mut dyn FnMut(Finding)) {
        if !self.held.is_empty() {
            self.release(number, found);
        }
        if !triggers(raw) && !self.scene.diff {
            return;
        }
        let raw = String::from_utf8_lossy(raw);
        for piece in raw.split('\r').filter(|piece| !piece.is_empty()) {
            self.read(number, piece, found);
        }
    }

    fn read(&mut self, number: u64, raw: &str, found: &mut dyn FnMut(Finding)) {
        let line = line::peel(raw);
        if self.is_listing(raw, &line) {
            return;
        }
        if let Some(tool) = tool::guess(raw) {
            self.scene.tool = Some(tool);
        }
        if literals::is_json(&line.bare) || line.bare.contains("=> {\"") {
            self.read_json(number, &line, found);
        } else {
            self.weigh(number, raw, &line, found);
        }
    }

    /// Follows listings of scripts, diffs and commits; whether this line is part of one.
    fn is_listing(&mut self, raw: &str, line: &Line) -> bool {
        let scene = &mut self.scene;
        if raw.contains("##[group]") {
            scene.script = raw.contains("##[group]Run ");
        } else if raw.contains("##[endgroup]") {
            scene.script = false;
        }
        if line.text.starts_with("diff --git") {
            scene.diff = true;
        } else if scene.diff
            && !raw.starts_with(['+', '-', ' ', '@'])
            && !["index ", "new file", "deleted file", "similarity ", "rename ", "old mode", "new mode", "\\ No"]
                .iter()
                .any(|head| raw.starts_with(head))
        {
            scene.diff = false;
        }
        if raw.starts_with("Author: ") {
            scene.commits = true;
        } else if scene.commits && !raw.starts_with("    ") {
            scene.commits =
                raw.starts_with("Author: ") || raw.starts_with("commit ") || raw.starts_with("Date: ") || raw.starts_with("Merge: ");
        }
        scene.script || scene.diff || scene.commits
    }

    fn read_json(&mut self, number: u64, line: &Line, found: &mut dyn FnMut(Finding)) {
        const SILENT: &[&str] = &["cmd", "command", "script", "run", "name", "kind", "args"];
        let members = literals::members(&line.bare);
        let level = members
            .iter()
            .find(|(name, _)| matches!(name.as_str(), "level" | "severity" | "lvl"))
            .and_then(|(_, level)| Level::named(level));
        for (name, value) in &members {
            match name.as_str() {
                "code" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => {
                    self.scene.code = Some((number, value.clone()));
                }
                "image" => self.note_image(number, subject::named(&format!("image \"{value}\""))),
                name if SILENT.contains(&name) => {}
                _ if !triggers(value.as_bytes()) && self.scene.code.is_none() => {}
                name => {
                    let code = self.scene.code.take().filter(|(at, _)| name == "message" && number - at <= 2);
                    for piece in value.lines() {
                        let mut inner = line::peel(piece);
                        if let Some((_, code)) = &code {
                            inner.text = format!("{code}: {}", inner.text);
                        }
                        if line.text.contains("Type\":\"repository") {
                            inner.text.push_str(" Type:repository");
                        }
                        inner.level = level.unwrap_or(inner.level);
                        self.weigh(number, piece, &inner, found);
                    }
                }
            }
        }
    }

    fn note_image(&mut self, number: u64, image: Option<Reference>) {
        if let Some(image) = image {
            let owner = Subject::of(&format!("image \"{image}\""), None, &self.hub).owner;
            self.scene.image = Some((number, image, owner));
        }
    }

    /// Judges a peeled line, and hands the finding out or holds it back.
    fn weigh(&mut self, number: u64, raw: &str, line: &Line, found: &mut dyn FnMut(Finding)) {
        let subject = Subject::of(&line.text, line.image.as_deref(), &self.hub);
        let near = self.scene.image.as_ref().filter(|(at, ..)| number - at <= NEAR);
        let owner = match subject.owner {
            Owner::Unsaid => near.map_or(Owner::Unsaid, |(.., owner)| *owner),
            owner => owner,
        };
        let marks = Marks::of(&line.text);
        let verdict = Case { text: &line.text, marks, owner, names_image: subject.image.is_some() }.judge();
        let image = subject.image.clone().or_else(|| near.map(|(_, image, _)| image.clone()));
        if subject.image.is_some() && !line.text.starts_with("Successfully") {
            self.scene.image = subject.image.map(|image| (number, image, subject.owner));
        }
        let Some(verdict) = verdict else { return };
        if talk::only_talks(line, raw, verdict.at) || (line.level == Level::Debug && !verdict.class.is_limit()) {
            return;
        }
        let finding = Finding {
            line: number,
            class: verdict.class,
            image: image.map(|image| image.to_string()),
            tool: tool::guess(raw).or(self.scene.tool),
            text: decisive(&line.text, verdict.at),
            advice: advice(verdict.class),
        };
        let is_weak = line.level <= Level::Warning
            || finding.class == Class::LimitUnspecified
            || (finding.class == Class::NotFound && marks.has(Mark::NotHere));
        if is_weak { self.hold(finding, found) } else { self.settle(finding, found) }
    }

    /// An error: it speaks for the weaker lines before it that may tell of the same failure.
    fn settle(&mut self, finding: Finding, found: &mut dyn FnMut(Finding)) {
        self.held.retain(|held| !is_same_failure(held.image.as_deref(), finding.image.as_deref()));
        self.scene.error = Some((finding.line, finding.class, finding.image.clone()));
        found(finding);
    }

    /// Something weaker: kept until it is clear that no error speaks for it.
    fn hold(&mut self, finding: Finding, found: &mut dyn FnMut(Finding)) {
        let is_said = self.scene.error.as_ref().is_some_and(|(line, class, image)| {
            finding.line - line <= NEAR
                && (class.is_limit() || *class == finding.class)
                && is_same_failure(image.as_deref(), finding.image.as_deref())
        });
        if is_said {
            return;
        }
        if finding.class == Class::LimitUnspecified
            && self.held.iter().any(|held| held.class.is_limit() && held.class != Class::LimitUnspecified)
        {
            return;
        }
        if self.held.len() >= HELD_MAX
            && let Some(first) = self.held.pop_front()
        {
            found(first);
        }
        self.held.push_back(finding);
    }

    /// Hands out what has been held back for long enough.
    fn release(&mut self, number: u64, found: &mut dyn FnMut(Finding)) {
        while self.held.front().is_some_and(|held| number == u64::MAX || number - held.line > NEAR) {
            if let Some(finding) = self.held.pop_front() {
                found(finding);
            }
        }
    }
}

/// Two failures may be one where they name the same image, or one of them names none.
fn is_same_failure(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// The part of a text that decides, fit to show: the whole of it where it is short, else what stands
/// around the decisive words.
fn decisive(whole: &str, at: usize) -> String {
    let from = whole.get(..at).map_or(0, |before| {
        let column = before.rfind("   ").map_or(0, |place| place + 3);
        if before.len() - column <= TEXT_MAX / 2 { column } else { before.rfind(": ").map_or(at, |place| place + 2) }
    });
    text::one_line(text::redact(whole.get(from..).unwrap_or(whole)).trim(), TEXT_MAX)
}
