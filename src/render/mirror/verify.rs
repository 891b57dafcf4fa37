//! What `mirror verify` found out.

use super::super::Look;
use super::super::style::{Palette, Role};
use crate::mirror::verify::{Checked, Verdict, VerifyReport};
use crate::text::{one_line, wrap};

/// The most characters of a detail.
const MOST: usize = 600;

fn number(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

/// One line an image: verdict, image, mirror, what the first and the second pull cost, and why.
pub fn verify_plain(report: &VerifyReport) -> String {
    let line = |image: &Checked| {
        format!(
            "{}  {}  {}  cold={} warm={}  {}\n",
            image.verdict.as_str(),
            image.image,
            image.mirror,
            number(image.cold_pulls),
            number(image.warm_pulls),
            one_line(&image.detail, MOST)
        )
    };
    report.images.iter().map(line).collect()
}

/// The same for people.
pub fn verify_table(report: &VerifyReport, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let block = |image: &Checked| {
        let (sign, role) = match image.verdict {
            Verdict::Served => ('✓', Role::Good),
            Verdict::Spends => ('!', Role::Caution),
            Verdict::Differs | Verdict::Failed => ('✗', Role::Bad),
        };
        let line = |text: &str| wrap(&format!("    {}", one_line(text, MOST)), look.columns) + "\n";
        let mut block = format!(
            "{} {}: {} through {}\n",
            palette.paint(role, sign),
            image.verdict.as_str(),
            image.image,
            image.mirror
        );
        block.push_str(&line(&image.detail));
        if let (Some(before), Some(after)) = (image.pulls_before, image.pulls_after) {
            let counted = &image.counted.whom;
            block.push_str(&line(&format!(
                "pulls used, counted on {counted}: {before} before, {after} after"
            )));
        }
        if let Some(digest) = &image.digest_mirror {
            let same = match image.same {
                Some(true) => "the same on both sides",
                Some(false) => "another than at the registry behind it",
                None => "not compared: the registry behind it did not tell",
            };
            let platforms = match image.platforms.as_slice() {
                [] => String::new(),
                names => format!(", {}", names.join(", ")),
            };
            block.push_str(&line(&format!("{digest}: {same}{platforms}")));
        }
        if let Some(by) = &image.answered_by {
            block.push_str(&line(&format!("answered by {by}")));
        }
        block
    };
    report.images.iter().map(block).collect()
}
