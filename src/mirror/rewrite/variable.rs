//! `--as-variable`: a variable before the name instead of the mirror, empty or Docker Hub's name until it is
//! set, as people write it by hand: `ARG HUB=` and `FROM ${HUB}library/nginx`, `${HUB:-}library/nginx`.

use super::name::Name;
use super::piece::{Change, Piece, Way, place};
use super::source::Sources;
use crate::image::hub;
use crate::scan::{FileKind, ImageUse, Purpose};

/// A variable's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable(String);

impl Variable {
    /// A name of letters, digits and `_`; `None` where it is another.
    pub fn new(name: &str) -> Option<Self> {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let begins = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
        (is_word && begins).then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Where a text uses the variable: the bytes of the use, if it stands at the beginning of a name.
    fn used(&self, text: &str) -> Option<(usize, usize)> {
        let braced = format!("${{{}", self.0);
        if let Some(start) = text.find(&braced) {
            let after = text.get(start + braced.len()..)?;
            let is_use = after.starts_with(['}', ':', '-']);
            return is_use.then(|| Some((start, start + braced.len() + after.find('}')? + 1)))?;
        }
        let bare = format!("${}", self.0);
        let start = text.find(&bare)?;
        let next = text.get(start + bare.len()..)?.chars().next();
        let ends = next.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '_'));
        ends.then_some((start, start + bare.len()))
    }

    /// Whether a reference stands behind the variable already.
    pub fn is_before(&self, one: &ImageUse, sources: &Sources) -> bool {
        let own = sources.slice(&one.path, one.span.clone());
        let defined = one.defined_at.iter().map(|at| sources.line_from(&at.path, at.at));
        std::iter::once(own).chain(defined).flatten().any(|text| self.used(text).is_some())
    }
}

/// The pieces of a reference with the variable before it, or without it any more.
pub(super) fn pieces(
    one: &ImageUse,
    name: Name<'_>,
    variable: &Variable,
    change: &Change,
    sources: &Sources,
) -> Result<Vec<Piece>, String> {
    match change.way {
        Way::Mirror => put(one, name, variable, change, sources),
        Way::Back => taken(one, name, variable, sources),
    }
}

/// Where a variable may stand in a kind of file.
fn allowed(one: &ImageUse) -> Result<(), String> {
    match (one.kind, one.purpose) {
        (FileKind::Dockerfile, Purpose::Base)
        | (FileKind::Compose, Purpose::Service | Purpose::Volume) => Ok(()),
        (FileKind::Dockerfile, Purpose::Frontend) => {
            Err("the syntax directive takes no variable".to_owned())
        }
        (FileKind::Dockerfile, _) => {
            Err("BuildKit takes no variable in --from: name the image in a stage of its own"
                .to_owned())
        }
        _ => {
            Err("a variable can be put into FROM and into a Compose service's image only"
                .to_owned())
        }
    }
}

fn put(
    one: &ImageUse,
    name: Name<'_>,
    variable: &Variable,
    change: &Change,
    sources: &Sources,
) -> Result<Vec<Piece>, String> {
    allowed(one)?;
    let path = change.target.path_of(&name)?;
    let own = sources.slice(&one.path, one.span.clone()).ok_or("it cannot be read any more")?;
    let found = place(own, &name, true).map(|found| (one.path.clone(), one.span.start, own, found));
    let defined = || {
        one.defined_at.iter().find_map(|at| {
            let line = sources.line_from(&at.path, at.at)?;
            Some((at.path.clone(), at.at, line, place(line, &name, false)?))
        })
    };
    let (file, offset, text, (start, length)) =
        found.or_else(defined).ok_or("a variable makes its name")?;
    if file != one.path {
        return Err(format!("its name stands in {file}, which may know no variables"));
    }
    let rest = name.whole.get(length..).unwrap_or_default();
    let kept = path.strip_suffix(rest).ok_or("a variable makes its name")?;
    let explicit = name.registry.is_some();
    let default = if explicit { format!("{}/", hub::NAME) } else { String::new() };
    let is = match one.kind {
        FileKind::Compose => format!("${{{}:-{default}}}{kept}", variable.name()),
        _ => format!("${{{}}}{kept}", variable.name()),
    };
    Ok(vec![Piece {
        path: file,
        span: offset + start..offset + start + length,
        was: text.get(start..start + length).unwrap_or_default().to_owned(),
        is,
        means: format!("{default}{kept}"),
        covers: 0..length,
    }])
}

fn taken(
    one: &ImageUse,
    name: Name<'_>,
    variable: &Variable,
    sources: &Sources,
) -> Result<Vec<Piece>, String> {
    let own =
        sources.slice(&one.path, one.span.clone()).map(|text| (&one.path, one.span.start, text));
    let defined = one
        .defined_at
        .iter()
        .filter_map(|at| Some((&at.path, at.at, sources.line_from(&at.path, at.at)?)));
    for (path, offset, text) in own.into_iter().chain(defined) {
        let Some((start, end)) = variable.used(text) else { continue };
        let after = text.get(end..).unwrap_or_default();
        let same =
            after.bytes().zip(name.path.bytes()).take_while(|(one, other)| one == other).count();
        let rest = name.path.get(same..).ok_or("its name is written with escapes")?;
        let original = match name.registry {
            Some(registry) => format!("{registry}/{}", name.path),
            None => hub::familiar(&format!("{}/{}", hub::NAME, name.path)).to_owned(),
        };
        let is = original.strip_suffix(rest).ok_or("a variable makes its name")?.to_owned();
        return Ok(vec![Piece {
            path: path.clone(),
            span: offset + start..offset + end + same,
            was: text.get(start..end + same).unwrap_or_default().to_owned(),
            means: is.clone(),
            is,
            covers: 0..name.path_at() + same,
        }]);
    }
    Err(String::new())
}

/// The line of a Dockerfile that defines the variable, to be put before its first instruction; `None` where
/// it stands there already.
///
/// # Errors
/// Where the Dockerfile uses the name for something else.
pub(super) fn argument(
    path: &str,
    text: &str,
    variable: &Variable,
    default: &str,
) -> Result<Option<Piece>, String> {
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut first = None;
    for line in text.get(at..).unwrap_or_default().split_inclusive('\n') {
        let code = line.trim();
        let words: Vec<&str> = code.split_whitespace().collect();
        let is = |word: &str| words.first().is_some_and(|first| first.eq_ignore_ascii_case(word));
        if first.is_none() && !code.is_empty() && !code.starts_with('#') {
            first = Some(at);
        }
        if is("FROM") {
            break;
        }
        let said = words.get(1).filter(|_| is("ARG")).and_then(|word| {
            word.strip_prefix(variable.name())
                .filter(|rest| rest.is_empty() || rest.starts_with('='))
        });
        if let Some(said) = said {
            let value = said.trim_start_matches('=');
            return if said.starts_with('=') && value == default {
                Ok(None)
            } else {
                Err(format!("ARG {} stands there with another value", variable.name()))
            };
        }
        at += line.len();
    }
    let at = first.ok_or("it has no instruction")?;
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let is = format!("ARG {}={default}{end}", variable.name());
    Ok(Some(Piece {
        path: path.to_owned(),
        span: at..at,
        was: String::new(),
        means: is.clone(),
        is,
        covers: 0..0,
    }))
}

/// The line that defines the variable, to be taken out.
pub(super) fn argument_taken(path: &str, text: &str, variable: &Variable) -> Option<Piece> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start_matches('\u{feff}');
        let start = at + line.len() - code.len();
        at += line.len();
        let said = code
            .trim_end()
            .strip_prefix("ARG ")
            .and_then(|rest| rest.strip_prefix(variable.name()));
        let hub = format!("={}/", hub::NAME);
        if said.is_some_and(|said| said == "=" || said == hub) {
            return Some(Piece {
                path: path.to_owned(),
                span: start..at,
                was: code.to_owned(),
                is: String::new(),
                means: String::new(),
                covers: 0..0,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stands_before_the_first_instruction_and_is_found_again() {
        let hub = Variable::new("HUB").unwrap();
        for (text, made) in [
            ("FROM a\n", "ARG HUB=\nFROM a\n"),
            (
                "# syntax=x\r\n\r\nARG V=1\r\nFROM a\r\n",
                "# syntax=x\r\n\r\nARG HUB=\r\nARG V=1\r\nFROM a\r\n",
            ),
            ("\u{feff}FROM a\n", "\u{feff}ARG HUB=\nFROM a\n"),
        ] {
            let piece = argument("D", text, &hub, "").unwrap().unwrap();
            let (before, after) = text.split_at(piece.span.start);
            let now = format!("{before}{}{after}", piece.is);
            assert_eq!(now, made);
            assert_eq!(argument("D", &now, &hub, ""), Ok(None));
            let taken = argument_taken("D", &now, &hub).unwrap();
            assert_eq!(format!("{}{}", &now[..taken.span.start], &now[taken.span.end..]), text);
        }
        assert!(argument("D", "ARG HUB=x/\nFROM a\n", &hub, "").is_err());
        assert!(Variable::new("1A").is_none() && Variable::new("A-B").is_none());
    }

    #[test]
    fn uses_are_told_from_longer_names() {
        let hub = Variable::new("HUB").unwrap();
        for (text, at) in [
            ("${HUB}a", Some((0, 6))),
            ("${HUB:-}a", Some((0, 8))),
            ("$HUB/a", Some((0, 4))),
            ("$HUBBLE/a", None),
            ("${HUBBLE}a", None),
        ] {
            assert_eq!(hub.used(text), at, "{text}");
        }
    }
}
