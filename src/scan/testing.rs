//! One file read in memory and shown in a line: for the tables of the kinds.

use super::assemble;
use super::input::Given;
use super::kind::{Candidate, of};

/// The references of a file: `line:column reference`, a question mark before what has variables
/// without a value, `~` before what is not certain, joined by `|`.
pub(in crate::scan) fn rows(path: &str, text: &str) -> String {
    let kind = of(&Candidate::new(path, text)).unwrap_or_else(|| panic!("{path}: no kind"));
    let given = Given::default();
    let file = assemble::read(kind, path, path, text, &given, false, &[]);
    let mut uses = file.uses;
    uses.sort_by_key(|one| (one.line, one.column));
    let shown = uses.iter().map(|one| {
        let name = one.reference.as_ref().unwrap_or(&one.written);
        let doubt = if one.certain { "" } else { "~" };
        let open = if one.unresolved.is_empty() { "" } else { "?" };
        format!("{}:{} {doubt}{open}{name}", one.line, one.column)
    });
    shown.collect::<Vec<_>>().join("|")
}
