//! A command with its words: which images does it pull. What only builds, pushes, tags, looks or talks
//! names none.

use std::ops::Range;

use super::Reader;
use super::lex::{self, Piece, Word};
use super::options::{self, Options, TALK, WRAPPERS};
use super::plausible::plausible;
use crate::image::hub;
use crate::scan::sink::Found;
use crate::scan::text::Text;
use crate::scan::value::{Puller, Purpose};

/// What a word says about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// The command pulls it.
    Yes,
    /// It may.
    No,
}

impl Reader<'_, '_, '_, '_> {
    /// A command with its words.
    pub(super) fn call(&mut self, words: &[Word], heredocs: &[(Range<usize>, bool)]) {
        let words = self.unwrapped(words);
        let Some(first) = words.first() else { return };
        let name = self.program(first);
        let rest = words.get(1..).unwrap_or_default();
        match name.as_str() {
            "docker" | "podman" | "nerdctl" | "finch" | "docker-ce" | "nerdctl.lima" => {
                self.engine(rest);
            }
            "ctr" => self.ctr(rest),
            "crictl" => self.crictl(rest),
            "skopeo" => self.skopeo(rest),
            "crane" | "gcrane" => self.crane(rest),
            "regctl" => self.regctl(rest),
            "buildah" => self.buildah(rest),
            "img" => self.img(rest),
            "kubectl" | "oc" | "kubecolor" => self.kubectl(rest),
            "bash" | "sh" | "dash" | "zsh" | "ash" | "ksh" | "su" | "busybox" => {
                self.shell_c(rest, heredocs);
            }
            "eval" | "ssh" | "trap" => self.remote(&name, rest, heredocs),
            _ => {}
        }
    }

    /// The program that a word names, without its folder; `docker` for a variable that is one.
    fn program(&self, word: &Word) -> String {
        let expanded = self.expand(word).into_iter().next().unwrap_or_default();
        if let [name] = expanded.unresolved.as_slice() {
            let name = name.trim_matches(['{', '}', '(', ')', '$']).to_ascii_uppercase();
            let engines =
                ["DOCKER", "PODMAN", "NERDCTL", "CONTAINER_", "ENGINE", "OCI_", "CTR_", "CRI_CMD"];
            let is_engine = engines.iter().any(|engine| name.contains(engine))
                && !["IMAGE", "FILE", "OPT", "ARG", "TAG", "DIR", "NAME"]
                    .iter()
                    .any(|other| name.contains(other));
            return if is_engine { "docker".to_owned() } else { String::new() };
        }
        let text = expanded.text;
        let first = text.split_whitespace().next().unwrap_or_default();
        let second = text.split_whitespace().nth(1);
        let first = second.filter(|_| matches!(first, "sudo" | "lima")).unwrap_or(first);
        let base = first.rsplit(['/', '\\']).next().unwrap_or_default();
        base.strip_suffix(".exe").unwrap_or(base).to_owned()
    }

    /// The words of the command that others run.
    fn unwrapped<'w>(&self, words: &'w [Word]) -> &'w [Word] {
        let mut words = words;
        for _ in 0..8 {
            let Some(first) = words.first() else { break };
            let name = self.program(first);
            let known = WRAPPERS.contains(&name.as_str()) || name.contains("retry");
            let rest = words.get(1..).unwrap_or_default();
            if known {
                words = self.after_options(&name, rest);
            } else if self.is_prefix(first, &name, rest) {
                words = rest;
            } else {
                break;
            }
        }
        words
    }

    /// Whether a word that is not known runs the command after it: a variable such as `$SUDO`, or a function.
    fn is_prefix(&self, word: &Word, name: &str, rest: &[Word]) -> bool {
        let Some(next) = rest.first() else { return false };
        let next = self.program(next);
        let pulls = ["docker", "podman", "nerdctl", "ctr", "crictl", "skopeo", "crane"]
            .contains(&next.as_str());
        if !pulls || TALK.contains(&name) {
            return false;
        }
        let verb = rest.get(1).map(|word| self.raw(word)).unwrap_or_default();
        let is_variable = self.raw(word).starts_with('$');
        is_variable || matches!(verb, "run" | "pull" | "create" | "image" | "container" | "images")
    }

    /// What follows a wrapper's options, numbers and assignments.
    fn after_options<'w>(&self, name: &str, words: &'w [Word]) -> &'w [Word] {
        let mut words = words;
        while let Some(word) = words.first() {
            let raw = self.raw(word);
            let is_number = raw.trim_end_matches(['s', 'm', 'h']).parse::<f64>().is_ok();
            let skip = if raw.starts_with('-') && raw.len() > 1 {
                if raw == "--" {
                    1
                } else if name.contains("retry") {
                    // Their options are not known: a number after one is its value.
                    1
                } else {
                    options::SUDO.words(raw)
                }
            } else if is_number
                || (name != "xargs" && self.is_assignment(word))
                || matches!(
                    (name, raw),
                    ("minikube", "ssh")
                        | ("lima", "sudo")
                        | ("limactl", "shell")
                        | ("microk8s", "--")
                )
            {
                1
            } else {
                break;
            };
            words = words.get(skip.min(words.len())..).unwrap_or_default();
        }
        words
    }

    /// docker, podman and nerdctl.
    fn engine(&mut self, words: &[Word]) {
        let words = self.skip(words, &options::GLOBAL);
        let mut verbs = words.iter().map(|word| self.raw(word).to_owned());
        let verb = verbs.next().unwrap_or_default();
        let second = verbs.next().unwrap_or_default();
        drop(verbs);
        let rest = words.get(1..).unwrap_or_default();
        let after = words.get(2..).unwrap_or_default();
        match (verb.as_str(), second.as_str()) {
            ("run" | "create", _) => self.run_image(rest),
            ("container" | "service", "run" | "create") => self.run_image(after),
            ("pull", _) => self.pulled(rest, &options::PULL),
            ("image", "pull") => self.pulled(after, &options::PULL),
            ("service", "update") => self.option_image(after, "--image", Sure::Yes),
            ("build", _) => self.build(rest),
            ("image" | "buildx" | "builder", "build" | "b") => self.build(after),
            ("buildx" | "builder", "create") => self.driver(after),
            ("login", _) => self.login(rest),
            _ => {}
        }
    }

    /// The words after options.
    fn skip<'w>(&self, words: &'w [Word], options: &Options) -> &'w [Word] {
        let mut words = words;
        while let Some(word) = words.first() {
            let raw = self.raw(word);
            if !raw.starts_with('-') || raw == "-" {
                break;
            }
            let skip = if raw == "--" { 1 } else { options.words(raw) };
            words = words.get(skip.min(words.len())..).unwrap_or_default();
            if raw == "--" {
                break;
            }
        }
        words
    }

    /// The image of `run` and `create`: the first word that is no option.
    fn run_image(&mut self, words: &[Word]) {
        let mut words = words;
        loop {
            words = self.skip(words, &options::RUN);
            let Some(word) = words.first() else { return };
            if self.is_options(word, words.get(1..).unwrap_or_default()) {
                words = words.get(1..).unwrap_or_default();
                continue;
            }
            let word = word.clone();
            self.image(word.inner(), &word, Sure::Yes);
            return;
        }
    }

    /// Whether a word before the image stands for options.
    fn is_options(&self, word: &Word, after: &[Word]) -> bool {
        let raw = self.str(word.range.clone());
        let is_list = raw.contains("[@]")
            || raw.contains("[*]")
            || matches!(raw.trim_matches('"'), "$@" | "$*");
        if !raw.contains('$') && !raw.contains('`') {
            return false;
        }
        let bare = raw.trim_start_matches('"').starts_with(['$', '`']);
        if !bare {
            return false;
        }
        let values = self.expand(word);
        let first = values.first().cloned().unwrap_or_default();
        if first.is_whole() {
            let quoted = raw.starts_with('"');
            return first.text.starts_with('-')
                || (first.text.is_empty() && !quoted)
                || (is_list && !after.is_empty());
        }
        if after.is_empty() {
            return is_list;
        }
        if is_list {
            return true;
        }
        let name = first.unresolved.first().cloned().unwrap_or_default().to_ascii_uppercase();
        let is_command = raw.trim_start_matches('"').starts_with("$(") || raw.starts_with('`');
        if is_command {
            let next = after.first().map(|word| self.raw(word)).unwrap_or_default();
            return next.starts_with('-') || next.contains([':', '/', '$']);
        }
        let first_char = first.text.trim_start_matches(raw.trim_matches('"')).chars().next();
        if ["IMAGE", "IMG", "TAG", "REPO"].iter().any(|word| name.contains(word))
            || first_char.is_some()
        {
            return false;
        }
        let likely = [
            "OPT",
            "ARG",
            "FLAG",
            "PARAM",
            "MOUNT",
            "VOL",
            "ENV",
            "NET",
            "TTY",
            "GPU",
            "USER",
            "PLATFORM",
            "INTERACTIVE",
            "CAP",
            "PORT",
            "DNS",
            "LABEL",
            "PROXY",
            "DETACH",
            "RUNTIME",
            "EXTRA",
            "LINK",
            "HOST",
            "LIMIT",
            "MEM",
            "CPU",
        ];
        likely.iter().any(|word| name.contains(word)) || name == "IT"
    }

    /// All words that are no options.
    fn pulled(&mut self, words: &[Word], options: &Options) {
        let mut words = words;
        loop {
            words = self.skip(words, options);
            let Some(word) = words.first().cloned() else { return };
            words = words.get(1..).unwrap_or_default();
            if !self.is_options(&word, words) {
                self.image(word.inner(), &word, Sure::Yes);
            }
        }
    }

    /// The first word that is no option.
    fn first(&mut self, words: &[Word], options: &Options) {
        if let Some(word) = self.skip(words, options).first().cloned() {
            self.image(word.inner(), &word, Sure::Yes);
        }
    }

    /// `build`: contexts that are images.
    fn build(&mut self, words: &[Word]) {
        for (at, word) in words.iter().enumerate() {
            let raw = self.raw(word).to_owned();
            let value = match raw.strip_prefix("--build-context") {
                Some("") => words.get(at + 1).map(Word::inner),
                Some(rest) if rest.starts_with('=') => {
                    let inner = word.inner();
                    Some(inner.end - rest.len() + 1..inner.end)
                }
                _ => None,
            };
            let Some(value) = value else { continue };
            let text = self.str(value.clone());
            if let Some((_, image)) = text.split_once("=docker-image://") {
                let range = value.end - image.len()..value.end;
                let word = lex::word(self.text.as_str(), range.clone());
                self.found(range, &word, Purpose::Copy, Sure::Yes);
            }
        }
    }

    /// `buildx create --driver-opt image=…`.
    fn driver(&mut self, words: &[Word]) {
        for word in words {
            let inner = word.inner();
            let text = self.str(inner.clone()).to_owned();
            let options = text.strip_prefix("--driver-opt=").unwrap_or(&text);
            let mut start = inner.end - options.len();
            for option in options.split(',') {
                if let Some(image) = option.strip_prefix("image=") {
                    let range = start + option.len() - image.len()..start + option.len();
                    let word = lex::word(self.text.as_str(), range.clone());
                    self.found(range, &word, Purpose::Command, Sure::No);
                }
                start += option.len() + 1;
            }
        }
    }

    /// `login`: Docker Hub's is the one without a server, or with the one that its key names.
    fn login(&mut self, words: &[Word]) {
        const LOGIN: Options = Options {
            switches: &["password-stdin", "help", "get-login", "tls-verify", "verbose"],
            letters: "hv",
        };
        let server = self.skip(words, &LOGIN);
        // Options may stand behind the server, too.
        let server = server.first().map(|word| self.raw(word).to_owned());
        let is_hub = match server.as_deref() {
            None => true,
            Some(server) => {
                let host = server.split_once("://").map_or(server, |(_, rest)| rest);
                host.split('/').next() == Some(hub::INDEX)
            }
        };
        if is_hub {
            self.shell.puller = Puller::Login;
        }
    }

    fn ctr(&mut self, words: &[Word]) {
        let words = self.skip(words, &options::CTR);
        if let [group, verb, rest @ ..] = words
            && matches!(self.raw(group), "image" | "images" | "i" | "content" | "c")
            && matches!(self.raw(verb), "pull" | "fetch")
        {
            self.first(rest, &options::CTR);
        }
    }

    fn crictl(&mut self, words: &[Word]) {
        if let [verb, rest @ ..] = self.skip(words, &options::CRICTL)
            && self.raw(verb) == "pull"
        {
            self.first(rest, &options::CRICTL);
        }
    }

    fn skopeo(&mut self, words: &[Word]) {
        let [verb, rest @ ..] = self.skip(words, &options::SKOPEO) else { return };
        let verb = self.raw(verb).to_owned();
        let source = self.skip(rest, &options::SKOPEO);
        let Some(word) = source.first().cloned() else { return };
        let inner = word.inner();
        let text = self.str(inner.clone());
        match verb.as_str() {
            "copy" if text.starts_with("docker://") => {
                let range = inner.start + "docker://".len()..inner.end;
                self.part(range, Sure::Yes);
            }
            "sync" => {
                let from_registry = rest.windows(2).any(|pair| {
                    matches!(pair, [option, value] if matches!(self.raw(option), "--src" | "-s") && self.raw(value) == "docker")
                }) || rest.iter().any(|word| matches!(self.raw(word), "--src=docker" | "-s=docker"));
                if from_registry {
                    self.image(inner, &word, Sure::Yes);
                }
            }
            _ => {}
        }
    }

    fn crane(&mut self, words: &[Word]) {
        if let [verb, rest @ ..] = self.skip(words, &options::CRANE)
            && matches!(self.raw(verb), "copy" | "cp" | "pull" | "export")
        {
            self.first(rest, &options::CRANE);
        }
    }

    fn regctl(&mut self, words: &[Word]) {
        if let [group, verb, rest @ ..] = self.skip(words, &options::CRANE)
            && self.raw(group) == "image"
            && matches!(self.raw(verb), "copy" | "cp" | "export")
        {
            self.first(rest, &options::CRANE);
        }
    }

    fn buildah(&mut self, words: &[Word]) {
        if let [verb, rest @ ..] = self.skip(words, &options::GLOBAL)
            && matches!(self.raw(verb), "from" | "pull")
        {
            self.first(rest, &options::BUILDAH);
        }
    }

    fn img(&mut self, words: &[Word]) {
        if let [verb, rest @ ..] = words
            && self.raw(verb) == "pull"
        {
            self.first(rest, &options::PULL);
        }
    }

    fn kubectl(&mut self, words: &[Word]) {
        let verbs: Vec<String> = words.iter().map(|word| self.raw(word).to_owned()).collect();
        let has = |verb: &str| verbs.iter().take(6).any(|word| word == verb);
        if has("run") || has("create") || has("debug") {
            self.option_image(words, "--image", Sure::Yes);
        } else if has("set") && has("image") {
            for word in words {
                let inner = word.inner();
                let text = self.str(inner.clone());
                if let Some((name, image)) =
                    text.split_once('=').filter(|(name, _)| !name.starts_with('-'))
                    && !name.is_empty()
                {
                    let range = inner.end - image.len()..inner.end;
                    self.part(range, Sure::No);
                }
            }
        }
    }

    /// The value of an option that names an image.
    fn option_image(&mut self, words: &[Word], option: &str, sure: Sure) {
        for (at, word) in words.iter().enumerate() {
            let raw = self.str(word.range.clone());
            if raw == "--" {
                return;
            }
            let range = match raw.strip_prefix(option) {
                Some("") => words.get(at + 1).map(|word| word.range.clone()),
                Some(value) if value.starts_with('=') => {
                    Some(word.range.start + option.len() + 1..word.range.end)
                }
                _ => None,
            };
            if let Some(range) = range {
                self.part(range, sure);
            }
        }
    }

    /// `sh -c SCRIPT`, and scripts on standard input.
    fn shell_c(&mut self, words: &[Word], heredocs: &[(Range<usize>, bool)]) {
        let at = words.iter().position(|word| {
            let raw = self.raw(word);
            raw.starts_with('-') && !raw.starts_with("--") && raw.ends_with('c')
        });
        if let Some(script) = at.and_then(|at| words.get(at + 1)).cloned() {
            self.script(&script);
        }
        self.bodies(heredocs);
    }

    /// `eval SCRIPT`, `ssh HOST SCRIPT`.
    fn remote(&mut self, name: &str, words: &[Word], heredocs: &[(Range<usize>, bool)]) {
        let from = usize::from(name == "ssh");
        for word in words.iter().skip(from) {
            if self.raw(word).contains(char::is_whitespace) {
                let word = word.clone();
                self.script(&word);
            }
        }
        if name == "ssh" {
            let plain = words.iter().position(|word| {
                matches!(self.program(word).as_str(), "docker" | "podman" | "nerdctl")
            });
            if let Some(at) = plain {
                self.call(words.get(at..).unwrap_or_default(), &[]);
            }
            self.bodies(heredocs);
        }
    }

    fn bodies(&mut self, heredocs: &[(Range<usize>, bool)]) {
        for (body, _) in heredocs {
            let inner = self.text.part(body.clone());
            self.nested(&inner);
        }
    }

    /// A script that is a word.
    fn script(&mut self, word: &Word) {
        let mut inner = Text::new();
        for piece in &word.pieces {
            let range = piece.range();
            let text = self.text.part(range.clone());
            if !matches!(piece, Piece::Double(_)) {
                inner.append(&text);
                continue;
            }
            // Between double quotes `\"`, `\$` and `\\` lose their backslash.
            let whole = text.as_str();
            let mut from = 0;
            for (at, _) in whole.match_indices('\\') {
                let next = whole.get(at + 1..).and_then(|rest| rest.chars().next());
                if at >= from && matches!(next, Some('"' | '$' | '\\' | '`')) {
                    inner.append(&text.part(from..at));
                    let kept = text.part(at + 1..at + 2);
                    inner.append(&kept);
                    from = at + 2;
                }
            }
            inner.append(&text.part(from..whole.len()));
        }
        self.nested(&inner);
    }

    /// A part of a word, which may have quotes of its own.
    fn part(&mut self, range: Range<usize>, sure: Sure) {
        let word = lex::word(self.text.as_str(), range);
        self.image(word.inner(), &word, sure);
    }

    fn image(&mut self, range: Range<usize>, word: &Word, sure: Sure) {
        self.found(range, word, Purpose::Command, sure);
    }

    /// An image that a word names, in each of its values.
    fn found(&mut self, range: Range<usize>, word: &Word, purpose: Purpose, sure: Sure) {
        let text = self.text.part(range);
        let values = self.expand(word);
        let puller = self.shell.puller;
        for value in values {
            let Some((value, text)) = plausible(value, &text) else { continue };
            let mut found = Found::expanded(&text, value, purpose);
            found.certain = sure == Sure::Yes;
            found.puller = puller;
            self.sink.add(found);
        }
    }
}
