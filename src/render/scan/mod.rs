//! A scan for people and for pipes: what counts on Docker Hub first, then the references by file, then
//! what the rules say.

mod by;
mod github;
mod sarif;
mod table;

use std::collections::BTreeSet;

use crate::scan::{Purpose, Scan};

pub use by::{by_identity, by_registry};
pub use github::github;
pub use sarif::sarif;
pub use table::table;

/// One distinct image a line, in full form; what is made here, and what has no value, is left out.
pub fn plain(scan: &Scan) -> String {
    let pulled =
        scan.references.iter().filter(|one| one.pulls > 0 && one.purpose != Purpose::Product);
    let images: BTreeSet<&str> = pulled.filter_map(|one| one.image.as_deref()).collect();
    images.into_iter().map(|image| format!("{image}\n")).collect()
}

/// A reference a line, then a finding a line, and the totals last.
pub fn jsonl(scan: &Scan) -> serde_json::Result<String> {
    let mut text = String::new();
    for one in &scan.references {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    for one in &scan.findings {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    for one in &scan.suppressed {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    for one in &scan.skipped {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    text.push_str(&(serde_json::to_string(&serde_json::json!({ "totals": scan.totals }))? + "\n"));
    Ok(text)
}
