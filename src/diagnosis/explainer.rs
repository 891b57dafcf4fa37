//! From a stream of bytes to findings: each line is judged, and what is found is weighed
//! (`weighing`).

use chrono::{DateTime, Utc};

use super::class::Class;
use super::event::Spans;
use super::finding::{Finding, decisive};
use super::judge::Case;
use super::line::{self, Level, Line, Source};
use super::lines::Lines;
use super::log_context::LogContext;
use super::object::Object;
use super::occurrence;
use super::passage::Passage;
use super::phrases::{Mark, Marks, triggers};
use super::subject::{self, Hub, Owner, Subject};
use super::weighing::Weighing;
use super::{advice, event, false_positives, literals, tool, wrapping};

/// Reads a stream piece by piece and hands out what it finds.
#[derive(Debug, Default)]
pub struct Explainer {
    lines: Lines,
    judging: Judging,
    object: Object,
}

impl Explainer {
    /// An explainer to which `hub` says what counts as Docker Hub.
    pub fn new(hub: Hub) -> Self {
        Self { judging: Judging { hub, ..Judging::default() }, ..Self::default() }
    }

    /// An explainer that knows when it reads: a stamp that leaves out its year is of the latest year
    /// that fits.
    #[must_use]
    pub fn at(mut self, now: DateTime<Utc>) -> Self {
        self.judging.context.places.now = Some(now.naive_utc());
        self
    }

    /// Takes the next bytes; findings go to `found` in the order in which they become certain.
    pub fn feed(&mut self, bytes: &[u8], found: &mut dyn FnMut(Finding)) {
        let (judging, object) = (&mut self.judging, &mut self.object);
        self.lines.feed(bytes, &mut |number, line| object.take(judging, number, line, found));
    }

    /// The stream says nothing for a while: what was held back goes out as it is known by now. What
    /// comes later of the same failure is told only where it says more.
    pub fn pause(&mut self, found: &mut dyn FnMut(Finding)) {
        self.object.let_go(found);
        self.judging.pause(found);
    }

    /// The end of the stream: what was held back goes out.
    pub fn finish(mut self, found: &mut dyn FnMut(Finding)) {
        let (judging, object) = (&mut self.judging, &mut self.object);
        self.lines.finish(&mut |number, line| object.take(judging, number, line, found));
        object.end(judging, found);
        self.judging.close_passage(found);
        self.judging.weighing.release(u64::MAX, found);
    }
}

/// Where lines are judged and weighed.
#[derive(Debug, Default)]
pub(super) struct Judging {
    hub: Hub,
    context: LogContext,
    passage: Option<Passage>,
    pub(super) weighing: Weighing,
}

impl Judging {
    pub(super) fn take(&mut self, number: u64, raw: &[u8], found: &mut dyn FnMut(Finding)) {
        if !self.weighing.is_idle() {
            self.weighing.release(number, found);
        }
        let listed = wrapping::listed_bytes(raw);
        let carrier = listed.as_ref().map(|_| String::from_utf8_lossy(raw));
        let raw = listed.as_deref().unwrap_or(raw);
        let places = occurrence::places(raw);
        if self.passage.is_none() && !self.context.is_attentive() && !triggers(raw) && !places {
            return;
        }
        let raw = String::from_utf8_lossy(raw);
        if places {
            self.context.places.note(&raw);
        }
        for piece in raw.split(['\r', '\n']) {
            if !piece.is_empty() || raw.len() <= 1 {
                let whole = carrier.as_deref().unwrap_or(piece);
                self.read(Source { number, whole }, piece, found);
            }
        }
    }

    fn read(&mut self, source: Source<'_>, raw: &str, found: &mut dyn FnMut(Finding)) {
        if let Some(said) = wrapping::enveloped(raw) {
            let said = said.trim_end_matches(['\n', '\r']);
            // An envelope is shorter by its wrapping than what it came in: this ends.
            for line in said.split(['\n', '\r']) {
                self.read(source, line, found);
            }
        } else if raw.contains("\\ntime=") {
            // A whole log inside one string of another.
            for piece in raw.split("\\n").filter(|piece| !piece.is_empty()) {
                self.read_one(source, &line::unescape_once(piece), found);
            }
        } else {
            self.read_one(source, raw, found);
        }
    }

    fn read_one(&mut self, source: Source<'_>, raw: &str, found: &mut dyn FnMut(Finding)) {
        let line = line::peel(raw);
        if self.passage.as_mut().is_some_and(|passage| passage.take(&line)) {
            return;
        }
        self.close_passage(found);
        if self.context.lists(&line) {
            return;
        }
        if self.read_header(source, raw, &line, found) {
            return;
        }
        if literals::is_json(&line.bare) || line.bare.contains("=> {\"") {
            self.read_json(source, raw, &line, found);
            // `{"auth":"…"} Error response from daemon: …`: a message of its own stands behind it.
            if literals::is_followed(&line.bare) {
                self.weigh(source, raw, &line, found);
            }
        } else if let Some(passage) = Passage::open(source, raw, &line) {
            self.passage = Some(passage);
        } else {
            self.weigh(source, raw, &line, found);
        }
    }

    /// Reads a line of an answer's head; whether it tells what a 429 was.
    fn read_header(
        &mut self,
        source: Source<'_>,
        raw: &str,
        line: &Line,
        found: &mut dyn FnMut(Finding),
    ) -> bool {
        let Some((number, class)) = self.context.header(source.number, &line.text, &self.hub)
        else {
            return false;
        };
        let source = Source { number, ..source };
        let finding = self.finding(source, class, None, raw, decisive(&line.text, 0));
        self.weighing.hold(finding, found);
        true
    }

    fn pause(&mut self, found: &mut dyn FnMut(Finding)) {
        // The passage stays open, and is judged again when it has ended.
        if let Some(passage) = self.passage.clone() {
            self.weigh(passage.source(), &passage.raw, &passage.line, found);
        }
        self.weighing.pause(found);
    }

    fn close_passage(&mut self, found: &mut dyn FnMut(Finding)) {
        if let Some(passage) = self.passage.take() {
            self.weigh(passage.source(), &passage.raw, &passage.line, found);
        }
    }

    fn read_json(
        &mut self,
        source: Source<'_>,
        raw: &str,
        line: &Line,
        found: &mut dyn FnMut(Finding),
    ) {
        // Once for the whole piece of text: it may be long, and have thousands of messages.
        let tool = tool::guess(raw);
        let number = source.number;
        let messages = self.context.said_in_json(number, &line.bare);
        let spans = if messages.is_empty() { Spans::default() } else { Spans::of(&line.bare) };
        let is_alone = messages.len() == 1;
        for said in messages {
            let around = spans.around(&line.bare, said.at);
            let whole = if is_alone {
                around.filter(|object| event::of_object(object).is_some())
            } else {
                around
            };
            let whole = whole.unwrap_or(if is_alone { source.whole } else { "" });
            let source = Source { number, whole };
            let image = said.image.and_then(|image| subject::named(&format!("image \"{image}\"")));
            if let Some(image) = image {
                self.context.note(number, image, false, &self.hub);
            }
            for piece in said.text.lines() {
                let mut inner = line::peel(piece);
                inner.text.insert_str(0, &said.before);
                inner.text.push_str(said.after);
                inner.level = said.level.unwrap_or(inner.level);
                self.context.speaks(tool);
                if literals::is_json(&inner.bare) && inner.bare.len() < line.bare.len() {
                    // A message that is JSON itself, or begins with it.
                    self.read_json(source, piece, &inner, found);
                    if literals::is_followed(&inner.bare) {
                        self.weigh(source, piece, &inner, found);
                    }
                } else if !self.read_header(source, piece, &inner, found) {
                    self.weigh(source, piece, &inner, found);
                }
            }
        }
    }

    fn finding(
        &mut self,
        source: Source<'_>,
        class: Class,
        image: Option<String>,
        raw: &str,
        text: String,
    ) -> Finding {
        // The image's host says who was asked where the words do not.
        let asked = format!("{} {text}", image.as_deref().unwrap_or_default());
        let advice = advice(class, &asked);
        Finding {
            line: source.number,
            occurrence: self.context.places.occurrence(source.whole),
            class,
            image,
            tool: self.context.tool(raw),
            advice,
            text,
        }
    }

    /// Judges a peeled line, and hands the finding out or holds it back.
    fn weigh(
        &mut self,
        source: Source<'_>,
        raw: &str,
        line: &Line,
        found: &mut dyn FnMut(Finding),
    ) {
        let number = source.number;
        let subject = Subject::of(&line.text, line.image.as_deref(), &self.hub);
        let is_pulling = self.context.is_pulling(number, &line.text);
        let near = self.context.image(number);
        let before = near.map_or(Owner::Unsaid, |(_, owner)| owner);
        let marks = Marks::of(&line.text);
        let verdict = Case {
            text: &line.text,
            marks,
            owner: subject.owner,
            before,
            is_pulling,
            names_image: subject.image.is_some(),
        }
        .judge();
        let inherits = verdict
            .is_some_and(|verdict| !matches!(verdict.class, Class::RuntimeDown | Class::DiskFull))
            && (subject.owner == Owner::Unsaid || subject.owner == before);
        let image = match (&subject.image, near.map(|(image, _)| image).filter(|_| inherits)) {
            // The name it was asked for by says more than the digest in an address.
            (Some(image), Some(near))
                if image.tag().is_none()
                    && (image.registry(), image.repository())
                        == (near.registry(), near.repository()) =>
            {
                Some(near.to_string())
            }
            (Some(image), _) | (None, Some(image)) => Some(image.to_string()),
            (None, None) => None,
        };
        if let Some(image) = subject.image.filter(|image| image.tag().is_some()) {
            self.context.note(number, image, verdict.is_some(), &self.hub);
        } else if line.text.starts_with("Status: ") {
            self.context.pulled();
        }
        let Some(verdict) =
            verdict.filter(|verdict| !false_positives::is_false_positive(line, verdict.at))
        else {
            self.context.tool(raw);
            return;
        };
        if line.level == Level::Debug && !verdict.class.is_limit() {
            return;
        }
        let finding =
            self.finding(source, verdict.class, image, raw, decisive(&line.text, verdict.at));
        let is_local = finding.class == Class::NotFound && marks.has(Mark::NotHere);
        if line.level <= Level::Warning || finding.class == Class::LimitUnspecified || is_local {
            self.weighing.hold(finding, found);
        } else {
            self.weighing.settle(finding, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::classify;
    use crate::diagnosis::finding::TEXT_MAX;
    use crate::diagnosis::weighing::PENDING_MAX;
    use crate::text;
    use proptest::prelude::*;

    const OWN: &str = include_str!("../../tests/it/fixtures/explain-own.jsonl");

    fn texts() -> Vec<String> {
        let text = |row: &str| {
            serde_json::from_str::<serde_json::Value>(row).ok()?["text"].as_str().map(str::to_owned)
        };
        OWN.lines().filter_map(text).collect()
    }

    fn explain(chunks: &[&[u8]]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut explainer = Explainer::new(Hub::default());
        for chunk in chunks {
            explainer.feed(chunk, &mut |finding| findings.push(finding));
        }
        explainer.finish(&mut |finding| findings.push(finding));
        findings
    }

    #[test]
    fn an_error_speaks_for_the_warnings_before_it() {
        let warning = "WARN[0001] Failed, retrying in 1s ... (1/3). Error: reading manifest 7 in docker.io/library/redis: received unexpected HTTP status: 503 Service Unavailable\n";
        let error = "Error: reading manifest 7 in docker.io/library/redis: toomanyrequests: You have reached your pull rate limit.\n";
        let classes = |text: &str| {
            explain(&[text.as_bytes()]).iter().map(|finding| finding.class).collect::<Vec<_>>()
        };
        assert_eq!(classes(&format!("{warning}{error}")), [Class::PullLimit]);
        assert_eq!(classes(&warning.repeat(3)), [Class::Server; 3]);
        let elsewhere = warning.replace("redis", "nginx");
        assert_eq!(
            classes(&format!("{elsewhere}{error}")),
            [Class::PullLimit, Class::Server],
            "a warning of another image stays"
        );
        assert_eq!(
            classes(&format!("{warning}{}{error}", "x\n".repeat(500))),
            [Class::Server, Class::PullLimit],
            "far away"
        );
    }

    #[test]
    fn a_pause_lets_out_what_is_held_and_nothing_is_told_twice() {
        let steps = |steps: &[&str]| {
            let mut explainer = Explainer::new(Hub::default());
            let mut seen = Vec::new();
            for step in steps {
                let mut now = Vec::new();
                explainer
                    .feed(step.as_bytes(), &mut |finding| now.push((finding.line, finding.class)));
                explainer.pause(&mut |finding| now.push((finding.line, finding.class)));
                seen.push(now);
            }
            let mut last = Vec::new();
            explainer.finish(&mut |finding| last.push((finding.line, finding.class)));
            seen.push(last);
            seen
        };
        let bare = "Failed to pull image \"golang:1.22\": unexpected status from HEAD request to https://registry-1.docker.io/v2/library/golang/manifests/1.22: 429 Too Many Requests\n";
        let (unspecified, limit) = (Class::LimitUnspecified, Class::PullLimit);
        assert_eq!(steps(&[bare, "", "x\n"]), [vec![(1, unspecified)], vec![], vec![], vec![]]);
        assert_eq!(
            steps(&[bare, bare]),
            [vec![(1, unspecified)], vec![(2, unspecified)], vec![]],
            "two failures are two"
        );
        let body = "toomanyrequests: You have reached your pull rate limit.\n";
        assert_eq!(
            steps(&[bare, body]),
            [vec![(1, unspecified)], vec![(1, limit)], vec![]],
            "the body says more"
        );
        let warning = "WARN[0001] Failed, retrying in 1s ... (1/3). Error: reading manifest 7 in docker.io/library/redis: toomanyrequests: You have reached your pull rate limit.\n";
        let error = "Error: reading manifest 7 in docker.io/library/redis: toomanyrequests: You have reached your pull rate limit.\n";
        let timeout = "Error: initializing source docker://redis:7: pinging container registry registry-1.docker.io: Get \"https://registry-1.docker.io/v2/\": dial tcp: i/o timeout\n";
        assert_eq!(
            steps(&[warning, error]),
            [vec![(1, limit)], vec![], vec![]],
            "the error tells of what the warning told"
        );
        assert_eq!(
            steps(&[warning, error, error]),
            [vec![(1, limit)], vec![], vec![(3, limit)], vec![]],
            "once"
        );
        assert_eq!(steps(&[warning, timeout]), [vec![(1, limit)], vec![], vec![]]);
        let far = "x\n".repeat(300);
        assert_eq!(
            steps(&[warning, &far, error]),
            [vec![(1, limit)], vec![], vec![(302, limit)], vec![]],
            "far away is another"
        );
        let open = "Error: 2 errors occurred while pulling:\n";
        let item = " * initializing source docker://quay.io/a/b:1: reading manifest 1 in quay.io/a/b: manifest unknown\n";
        assert_eq!(
            steps(&[open, item, "x\n"]).concat(),
            [(1, Class::NotFound)],
            "a list that grows is told once"
        );
    }

    #[test]
    fn warnings_without_end_are_not_all_kept() {
        let mut explainer = Explainer::new(Hub::default());
        let mut found = 0_usize;
        for n in 0..10_000 {
            let line = format!(
                "WARN[0001] reading manifest {n} in docker.io/library/redis: manifest unknown\n"
            );
            explainer.feed(line.as_bytes(), &mut |_| found += 1);
            assert!(explainer.judging.weighing.pending().count() <= PENDING_MAX);
        }
        explainer.finish(&mut |_| found += 1);
        assert_eq!(found, 10_000);
    }

    #[test]
    fn a_stand_in_for_docker_hub_makes_a_bare_429_its_own() {
        let text = "ctr: failed to resolve reference \"127.0.0.1:5000/library/nginx:latest\": unexpected status from HEAD request to http://127.0.0.1:5000/v2/library/nginx/manifests/latest: 429 Too Many Requests\n";
        assert_eq!(
            classify(text, &Hub::default()).map(|finding| finding.class),
            Some(Class::OtherRegistryLimit)
        );
        assert_eq!(
            classify(text, &Hub::default().and("127.0.0.1:5000")).map(|finding| finding.class),
            Some(Class::LimitUnspecified)
        );
    }

    #[test]
    fn the_decisive_part_of_a_long_line_is_kept() {
        let text = format!(
            "Error: {}: toomanyrequests: You have reached your pull rate limit.",
            "failed to copy: ".repeat(80)
        );
        let finding = classify(&text, &Hub::default()).unwrap();
        assert!(finding.text.starts_with("toomanyrequests: You have reached"), "{}", finding.text);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = explain(&[&bytes]);
        }

        #[test]
        fn pieces_of_real_outputs_in_any_order_and_chunks_give_the_same_findings(
            picks in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..400, 0_usize..800), 0..12),
            at in 1_usize..3_000,
        ) {
            let texts = texts();
            let mut log = Vec::new();
            for (index, from, length) in picks {
                let text = index.get(&texts).as_bytes();
                let from = from.min(text.len());
                log.extend_from_slice(&text[from..text.len().min(from + length)]);
                log.push(b'\n');
            }
            let whole = explain(&[&log]);
            let chunks: Vec<&[u8]> = log.chunks(at).collect();
            prop_assert_eq!(&explain(&chunks), &whole);
            for finding in &whole {
                prop_assert!(finding.line >= 1 && !finding.text.is_empty() && finding.text.chars().count() <= TEXT_MAX);
                prop_assert!(!finding.text.chars().any(text::is_control) && !finding.text.contains("dckr_jti_"));
            }
        }
    }
}
