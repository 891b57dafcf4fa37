//! Comments that suppress a finding: `# dhlimit: ignore[RULE] reason`, on the line or above it. `//` and
//! `--` open a comment, too; several rules stand with commas between them.

/// A suppression: the line it stands on, and the rules that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suppression {
    /// The line, from 1.
    pub line: usize,
    /// The rules.
    pub rules: Vec<String>,
    /// Whether nothing but the comment stands on the line: then it is for the line below.
    pub alone: bool,
    /// What stands behind it.
    pub reason: String,
}

/// The words that open a suppression.
const MARK: &str = "dhlimit: ignore[";

/// The suppressions of a text.
pub(super) fn of(text: &str) -> Vec<Suppression> {
    if !text.contains(MARK) {
        return Vec::new();
    }
    let of_line = |(at, line): (usize, &str)| {
        let (before, after) = line.split_once(MARK)?;
        let (rules, reason) = after.split_once(']')?;
        let before = before.trim_end();
        let opener = ["#", "//", "--", "/*", "<!--", ";"]
            .iter()
            .find(|opener| before.ends_with(**opener))?;
        let alone = before.strip_suffix(opener).is_some_and(|rest| rest.trim().is_empty());
        let rules = rules.split(',').map(|rule| rule.trim().to_owned()).collect();
        let reason = reason.trim();
        let reason =
            ["*/", "-->"].iter().find_map(|end| reason.strip_suffix(end)).unwrap_or(reason);
        Some(Suppression { line: at + 1, rules, alone, reason: reason.trim().to_owned() })
    };
    text.lines().enumerate().filter_map(of_line).collect()
}

/// What suppresses a rule on a line.
pub(super) fn covering<'s>(
    suppressions: &'s [Suppression],
    rule: &str,
    line: usize,
) -> Option<&'s Suppression> {
    let alone_at = |at: usize| suppressions.iter().any(|one| one.line == at && one.alone);
    // Comments may stand above each other.
    let mut above = line;
    while above > 1 && alone_at(above - 1) {
        above -= 1;
    }
    let names = |one: &&Suppression| one.rules.iter().any(|known| known == rule);
    suppressions.iter().filter(names).find(|one| {
        (one.line == line && !one.alone) || (one.alone && (above..line).contains(&one.line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_covers_its_line_or_the_one_below() {
        let text = "image: a # dhlimit: ignore[x, y] known\n# dhlimit: ignore[z] why\n# dhlimit: ignore[x]\nimage: b\nimage: c\n\"dhlimit: ignore[x]\"\n";
        let all = of(text);
        assert_eq!(all.first().map(|one| one.reason.as_str()), Some("known"));
        for (rule, line, covered) in [
            ("x", 1, true),
            ("y", 1, true),
            ("z", 1, false),
            ("z", 4, true),
            ("x", 4, true),
            ("x", 5, false),
            ("x", 6, false),
        ] {
            assert_eq!(covering(&all, rule, line).is_some(), covered, "{rule} {line}");
        }
    }
}
