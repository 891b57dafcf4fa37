//! Other uses of a variable whose definition is rewritten: `docker tag $IMAGE x` goes on with the new name,
//! `$IMAGE.tar` and `[ "$IMAGE" = nginx ]` do not.

use std::collections::BTreeMap;
use std::ops::Range;

use super::piece::Piece;
use super::source::Sources;
use crate::scan::ImageUse;

/// Why the definitions of a reference cannot be rewritten: the first use that would break.
pub(super) fn broken(
    one: &ImageUse,
    pieces: &[Piece],
    references: &BTreeMap<&str, Vec<Range<usize>>>,
    sources: &Sources,
) -> Option<String> {
    let own = &one.span;
    let elsewhere = |piece: &&Piece| {
        piece.path != one.path || piece.span.start < own.start || piece.span.end > own.end
    };
    let is_definition = |piece: &&Piece| {
        let line = sources.place(&piece.path, piece.span.start).0;
        one.defined_at.iter().any(|at| at.path == piece.path && at.line == line)
    };
    for piece in pieces.iter().filter(elsewhere).filter(is_definition) {
        let name = name_before(sources, piece)?;
        let mut files = vec![piece.path.as_str()];
        if piece.path != one.path {
            files.push(&one.path);
        }
        for path in files {
            let text = sources.get(path).map(|source| source.text.as_str()).unwrap_or_default();
            let spans = references.get(path).map(Vec::as_slice).unwrap_or_default();
            let is_registry = !piece.is.contains(&piece.was) && !piece.was.contains('/');
            let known = |at: usize| {
                let line = sources.place(path, at).0;
                spans.iter().any(|span| span.contains(&at))
                    || one.defined_at.iter().any(|known| known.path == path && known.line == line)
            };
            let wrong = text.match_indices(name).map(|(at, _)| at).find(|at| {
                use_of(text, *at, name)
                    .is_some_and(|span| !known(span.start) && (is_registry || breaks(text, &span)))
            });
            if let Some(at) = wrong {
                let line = sources.place(path, at).0;
                return Some(format!("{name} is used for something else, too ({path}:{line})"));
            }
        }
    }
    None
}

/// The name that a definition gives its value: what stands before the piece on its line.
fn name_before<'a>(sources: &'a Sources, piece: &Piece) -> Option<&'a str> {
    let text = sources.get(&piece.path)?.text.get(..piece.span.start)?;
    let line = text.rsplit('\n').next()?;
    let line = line.trim_end_matches(['"', '\'', ' ', '\t', '[']);
    let line = line.strip_suffix(['=', ':'])?.trim_end_matches(['?', ':', '+', ' ', '"', '\'']);
    let start = line.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    let name = line.get(start.map_or(0, |at| at + 1)..)?;
    (!name.is_empty()).then_some(name)
}

/// The bytes of a use of a variable whose name stands at a byte; `None` where that is no use of it.
fn use_of(text: &str, at: usize, name: &str) -> Option<Range<usize>> {
    let before = text.get(..at)?;
    let after = text.get(at + name.len()..)?;
    let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.trim_start().starts_with(['#', ';']) || line.trim_start().starts_with("//") {
        return None;
    }
    if let Some(open) = before.strip_suffix("${") {
        let end = at + name.len() + after.find('}')? + 1;
        return (ends || after.starts_with('-')).then_some(open.len()..end);
    }
    if before.ends_with('$') {
        let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        return ends.then_some(at - 1..at + name.len());
    }
    // `${{ matrix.NAME }}`
    let open = line.rfind("${{")?;
    if !ends || line.get(open..)?.contains("}}") || !before.ends_with('.') {
        return None;
    }
    let start = before.len() - line.len() + open;
    Some(start..at + name.len() + after.find("}}")? + 2)
}

/// Whether a longer name in a variable's place breaks what it is used for.
fn breaks(text: &str, span: &Range<usize>) -> bool {
    let used = text.get(span.clone()).unwrap_or_default();
    let edits = used.starts_with("${") && !used.starts_with("${{") && {
        let word = used.trim_start_matches("${").trim_end_matches('}');
        let operator = word.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        !(operator.is_empty()
            || operator.starts_with([':', '-', '+', '?', '='])
            || operator == "##*/")
    };
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '$');
    let before = text.get(..span.start).and_then(|text| text.chars().next_back());
    let mut rest = text.get(span.end..).unwrap_or_default().chars();
    let (next, further) = (rest.next(), rest.next());
    let ends_sentence = next == Some('.') && further.is_none_or(|c| c.is_whitespace() || c == '"');
    let start = text.get(..span.start).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let compares = ["==", "!=", "=~", " = ", "case "].iter().any(|sign| line.contains(sign));
    edits
        || compares
        || before.is_some_and(is_part)
        || (next.is_some_and(is_part) && !ends_sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("docker tag $IMG x", Some(false))]
    #[case("docker tag ${IMG}:1 x", Some(false))]
    #[case("echo \"$IMG\"", Some(false))]
    #[case("save > $IMG.tar", Some(true))]
    #[case("cp x/${IMG}/y", Some(true))]
    #[case("[ \"$IMG\" = nginx ]", Some(true))]
    #[case("case $IMG in", Some(true))]
    #[case("echo ${IMG%%/*}", Some(true))]
    #[case("echo ${IMG##*/}", Some(false))]
    #[case("name: build-${{ matrix.IMG }}", Some(true))]
    #[case("name: ${{ matrix.IMG }}", Some(false))]
    #[case("# $IMG.tar", None)]
    #[case("IMG=x", None)]
    #[case("$IMGS", None)]
    fn uses_go_on_or_break(#[case] text: &str, #[case] breaks_it: Option<bool>) {
        let at = text.find("IMG").unwrap();
        assert_eq!(use_of(text, at, "IMG").map(|span| breaks(text, &span)), breaks_it, "{text}");
    }
}
