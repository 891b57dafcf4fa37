//! `scan --explain`: a page for each rule, as text in the binary. A test compares rules and pages.

use super::Rules;
use crate::exit::Failure;

/// All pages; each begins with a line `== id`.
const PAGES: &str = include_str!("pages.txt");

/// The page of a rule, ending in a line end; `None` where there is no such rule.
pub fn page(id: &str) -> Option<String> {
    let sections = PAGES.split("\n== ").map(|section| section.trim_start_matches("== "));
    let mut pages = sections.filter_map(|section| section.split_once('\n'));
    pages.find(|(known, _)| *known == id).map(|(_, text)| format!("{}\n", text.trim()))
}

/// What `--explain` shows of a rule.
///
/// # Errors
/// There is none of the id.
pub(crate) fn explained(id: &str) -> Result<String, Failure> {
    let known = || Rules::all().iter().map(|rule| rule.id).collect::<Vec<_>>().join(", ");
    let page = page(id).ok_or_else(|| {
        Failure::usage(format!("no rule has the id {id:?}")).advise(format!("one of {}", known()))
    })?;
    Ok(format!("{id}\n\n{page}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page_that_fits_and_says_what_to_do() {
        for rule in Rules::all() {
            let page = page(rule.id).unwrap_or_else(|| panic!("{} has no page", rule.id));
            assert!(page.contains("See it:") && page.contains("Repair it:"), "{}", rule.id);
            assert!(page.lines().all(|line| line.chars().count() <= 80), "{}", rule.id);
        }
        assert_eq!(
            PAGES.lines().filter(|line| line.starts_with("== ")).count(),
            Rules::all().len()
        );
        assert_eq!(page("nonsense"), None);
    }
}
