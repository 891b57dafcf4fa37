//! `--explain`: a page for each id that a finding can have, as text in the binary. A test compares the
//! ids in the code with the pages, both ways.

use crate::Failure;

/// All pages; each begins with a line `== id`.
const PAGES: &str = include_str!("pages.txt");

/// The widest that sentences are set.
const MOST_COLUMNS: u16 = 100;

/// The pages with their ids, in order.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = PAGES.split("\n== ").map(|section| section.trim_start_matches("== "));
    sections
        .filter_map(|section| section.split_once('\n'))
        .map(|(id, page)| (id.trim(), page.trim()))
}

/// A page whose sentences fill the terminal, 100 columns at the most; what is to be typed stays as it is.
fn flowed(page: &str, columns: Option<u16>) -> String {
    let columns = columns.unwrap_or(MOST_COLUMNS).min(MOST_COLUMNS);
    let mut lines: Vec<String> = Vec::new();
    let mut sentence = String::new();
    // An empty line at the end lets the last sentence flow, too.
    for line in page.lines().chain([""]) {
        let is_prose = !line.is_empty()
            && !line.starts_with(' ')
            && !["See it:", "Repair it:"].iter().any(|word| line.starts_with(word));
        if is_prose {
            sentence =
                if sentence.is_empty() { line.to_owned() } else { format!("{sentence} {line}") };
            continue;
        }
        if !sentence.is_empty() {
            lines.push(crate::text::wrap(&std::mem::take(&mut sentence), Some(columns)));
        }
        lines.push(line.to_owned());
    }
    lines.join("\n")
}

/// The page of an id, as wide as that.
pub(crate) fn of(id: &str, columns: Option<u16>) -> Result<String, Failure> {
    let Some((id, page)) = all().find(|(known, _)| *known == id) else {
        let ids: Vec<&str> = all().map(|(id, _)| id).collect();
        return Err(Failure::usage(format!("no finding has the id {id:?}"))
            .advise(format!("one of {}", ids.join(", "))));
    };
    Ok(format!("{id}\n\n{}", flowed(page, columns)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Every `"id"` that stands behind a severity in the topics' files, and every id of a note.
    fn ids_in_code() -> BTreeSet<String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let topics =
            fs::read_dir(source.join("doctor")).unwrap().flatten().map(|entry| entry.path());
        let texts = topics.filter(|path| {
            path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("pages.rs")
        });
        let texts: Vec<String> = texts
            .map(|path| fs::read_to_string(path).unwrap())
            .map(|text| text.split("mod tests {").next().unwrap().to_owned())
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let mut ids = BTreeSet::new();
        for text in &texts {
            for (at, _) in text
                .match_indices("Severity::")
                .chain(text.match_indices("severity, \""))
                .chain(text.match_indices("decides, \""))
            {
                // The id is the next literal, right behind the severity and a comma.
                let rest = &text[at..];
                let literal = rest.split_once(", \"").filter(|(before, _)| {
                    before.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':')
                });
                ids.extend(
                    literal.and_then(|(_, rest)| rest.split_once('"')).map(|(id, _)| id.to_owned()),
                );
            }
        }
        let notes = fs::read_to_string(source.join("credentials/note.rs")).unwrap();
        let arms = notes
            .match_indices("=> \"")
            .filter_map(|(at, arrow)| notes[at + arrow.len()..].split_once('"'));
        ids.extend(arms.filter(|(_, rest)| rest.starts_with(',')).map(|(id, _)| id.to_owned()));
        ids
    }

    #[test]
    fn every_id_has_a_page_and_every_page_an_id() {
        let pages: BTreeSet<String> = all().map(|(id, _)| id.to_owned()).collect();
        let code = ids_in_code();
        assert_eq!(code.difference(&pages).collect::<Vec<_>>(), [""; 0], "no page");
        assert_eq!(pages.difference(&code).collect::<Vec<_>>(), [""; 0], "a page of nothing");
        assert_eq!(pages.len(), all().count(), "two pages of one id");
    }

    #[test]
    fn a_page_says_how_to_see_or_repair_it_and_fits_the_terminal() {
        for (id, page) in all() {
            let flowed = flowed(page, Some(80));
            let is_to_do = ["See it:", "Repair it:", "The places:", "dhlimit"]
                .iter()
                .any(|word| page.contains(word));
            assert!(is_to_do, "{id}");
            for line in flowed.lines() {
                assert!(line.chars().count() <= 80, "{id}: {line}");
            }
            assert!(flowed.ends_with('\n') && !flowed.contains("\n\n\n"), "{id}: {flowed}");
        }
    }
}
