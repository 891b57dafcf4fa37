//! What the readers of CI files share: expressions `${{ … }}` with several values, matrices, and scripts
//! that go on from step to step.

use std::collections::BTreeMap;

use crate::scan::input::Input;
use crate::scan::lines;
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::Expanded;

/// The most combinations of a matrix that are looked at.
const MOST: usize = 256;

/// One combination of a matrix: its keys (`db.image` for one within another) with their values.
pub(super) type Combination = BTreeMap<String, Expanded>;

/// What a path in an expression stands for in a combination.
pub(super) type Known<'k> = dyn Fn(&str, &Combination) -> Option<Expanded> + 'k;

/// Adds a reference once for each value that its expressions may have.
pub(super) fn add(
    text: &Text<'_>,
    purpose: Purpose,
    combinations: &[Combination],
    known: &Known<'_>,
    sink: &mut Sink<'_>,
) {
    for found in found(text, purpose, combinations, known) {
        sink.add(found);
    }
}

/// A reference once for each value that its expressions may have, with how many combinations have it.
pub(super) fn found(
    text: &Text<'_>,
    purpose: Purpose,
    combinations: &[Combination],
    known: &Known<'_>,
) -> Vec<Found> {
    let text = text.trimmed();
    let mut values: Vec<(Expanded, u64)> = Vec::new();
    for combination in combinations {
        for value in evaluated(text.as_str(), &|path| known(path, combination)) {
            match values.iter_mut().find(|(other, _)| other.text == value.text) {
                Some((_, times)) => *times += 1,
                None => values.push((value, 1)),
            }
        }
    }
    let found = |(value, times)| {
        let mut found = Found::expanded(&text, value, purpose);
        found.pulls = times;
        found
    };
    values.into_iter().map(found).collect()
}

/// The texts that a text with expressions may come to.
fn evaluated(text: &str, known: &dyn Fn(&str) -> Option<Expanded>) -> Vec<Expanded> {
    let mut all = vec![Expanded::default()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((expression, after)) = after.split_once("}}") else { break };
        let mut values = values_of(expression.trim(), known);
        if values.is_empty() {
            let name = expression.trim();
            values.push(Expanded::unknown(&format!("${{{{{expression}}}}}"), name));
        }
        all = all
            .into_iter()
            .flat_map(|one| {
                values.iter().map(move |value| {
                    let mut one = one.clone();
                    one.append(&Expanded::literal(before));
                    one.append(value);
                    one
                })
            })
            .take(MOST)
            .collect();
        rest = after;
    }
    let end = lines::literal(rest);
    for one in &mut all {
        one.append(&end);
    }
    all
}

/// The values of an expression: of a path, of a text, of `a || b` and `c && a || b`; none where it is
/// not known.
fn values_of(expression: &str, known: &dyn Fn(&str) -> Option<Expanded>) -> Vec<Expanded> {
    let alternatives: Vec<&str> = expression.split("||").collect();
    let mut values = Vec::new();
    for alternative in &alternatives {
        // Of `condition && value` the value counts.
        let (condition, operand) = match alternative.rsplit_once("&&") {
            Some((_, operand)) => (true, operand.trim()),
            None => (false, alternative.trim()),
        };
        let value = match operand.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            Some("") => continue,
            Some(text) if !text.contains('\'') => Some(Expanded::literal(text)),
            _ => known(operand),
        };
        match value {
            Some(value) => {
                values.push(value);
                if !condition {
                    break;
                }
            }
            // What is not known may be empty, so that the next one holds.
            None if alternatives.len() > 1 => {}
            None => return Vec::new(),
        }
    }
    values
}

/// A text in which the expressions that have one value are replaced by it.
pub(super) fn filled<'a>(text: &Text<'a>, known: &dyn Fn(&str) -> Option<Expanded>) -> Text<'a> {
    let whole = text.as_str();
    let mut filled = Text::new();
    let mut at = 0;
    while let Some(open) = whole.get(at..).and_then(|rest| rest.find("${{")).map(|found| at + found)
    {
        let Some(close) = whole.get(open..).and_then(|rest| rest.find("}}")) else { break };
        let end = open + close + 2;
        let expression = whole.get(open + 3..end - 2).unwrap_or_default().trim();
        filled.append(&text.part(at..open));
        match values_of(expression, known).as_slice() {
            [one] if one.is_whole() => filled.push_made(&one.text, text.origin(open..end)),
            _ => filled.append(&text.part(open..end)),
        }
        at = end;
    }
    filled.append(&text.part(at..whole.len()));
    filled
}

/// The combinations of a matrix; one without keys where there is no matrix or it is made at run time.
pub(super) fn matrix(node: Option<&Node>, text: &Text<'_>, input: &Input<'_>) -> Vec<Combination> {
    let mut all = vec![Combination::new()];
    let Some(node) = node.filter(|node| node.is_mapping()) else { return all };
    for (key, values) in node.entries().filter(|(key, _)| !matches!(*key, "include" | "exclude")) {
        let values: Vec<Combination> =
            values.items().iter().map(|value| flat(key, value, text, input)).collect();
        if values.is_empty() {
            continue;
        }
        all = all
            .iter()
            .flat_map(|one| {
                values.iter().map(move |value| {
                    let mut one = one.clone();
                    one.extend(value.clone());
                    one
                })
            })
            .take(MOST)
            .collect();
    }
    let listed = |key: &str| -> Vec<Combination> {
        let items = node.get(key).map(Node::items).unwrap_or_default();
        items.iter().map(|item| flat("", item, text, input)).collect()
    };
    let excluded = listed("exclude");
    let fits = |one: &Combination, other: &Combination| {
        other.iter().all(|(key, value)| one.get(key).is_none_or(|own| own.text == value.text))
    };
    all.retain(|one| !excluded.iter().any(|other| !other.is_empty() && fits(one, other)));
    include(&mut all, listed("include"), &fits);
    all
}

/// What `include` lists is added to the combinations that it does not change, else it is one more.
fn include(
    all: &mut Vec<Combination>,
    listed: Vec<Combination>,
    fits: &dyn Fn(&Combination, &Combination) -> bool,
) {
    let original: Vec<Combination> = all.clone();
    let is_empty = original.len() == 1 && original.iter().all(Combination::is_empty);
    if is_empty && !listed.is_empty() {
        *all = listed;
        return;
    }
    for extra in listed {
        let mut added = false;
        for (one, before) in all.iter_mut().zip(&original) {
            if fits(before, &extra) && extra.keys().any(|key| before.contains_key(key))
                || (fits(before, &extra) && extra.keys().all(|key| !before.contains_key(key)))
            {
                one.extend(extra.clone());
                added = true;
            }
        }
        if !added {
            all.push(extra);
        }
    }
}

/// The scalars of a value by their paths.
fn flat(key: &str, node: &Node, text: &Text<'_>, input: &Input<'_>) -> Combination {
    let mut all = Combination::new();
    if node.is_mapping() {
        for (name, value) in node.entries() {
            let name = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
            all.extend(flat(&name, value, text, input));
        }
    } else if let Some(value) = node.text(text)
        && !value.as_str().contains("${{")
    {
        let at = input.definition(value.origin(0..0).start);
        all.insert(key.to_owned(), Expanded::defined(value.as_str(), at));
    }
    all
}

/// Of the combinations, one for each way in which they differ in what the steps of a job use.
pub(super) fn distinct(
    combinations: &[Combination],
    job: &Node,
    text: &Text<'_>,
) -> Vec<Combination> {
    let steps = job.get("steps").map(|steps| steps.span.clone()).unwrap_or_default();
    // Spans are ranges of the text that was parsed, which is the whole file here.
    let steps = text.as_str().get(steps).unwrap_or_default();
    let used = |key: &str| steps.contains(&format!("matrix.{key}"));
    let mut all: Vec<Combination> = Vec::new();
    for combination in combinations {
        let kept: Combination = combination
            .iter()
            .filter(|(key, _)| used(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !all.contains(&kept) {
            all.push(kept);
        }
    }
    all
}
