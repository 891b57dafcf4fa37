//! `scan --explain`: a page for each rule, as text in the binary. A test compares rules and pages.

/// All pages; each begins with a line `== id`.
const PAGES: &str = include_str!("pages.txt");

/// The page of a rule, ending in a line end; `None` where there is no such rule.
pub fn page(id: &str) -> Option<String> {
    let sections = PAGES.split("\n== ").map(|section| section.trim_start_matches("== "));
    let mut pages = sections.filter_map(|section| section.split_once('\n'));
    pages.find(|(known, _)| *known == id).map(|(_, text)| format!("{}\n", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Rules;

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
