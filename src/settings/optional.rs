//! Options whose value may be left out take it behind `=`. One that stands behind a blank and reads
//! as such a value is joined to its option, so that it is never taken for an image.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum as _;

use crate::cli::{ProfileName, Wait};

/// The command line with such values joined to their options; what follows `--` is left alone.
pub(super) fn joined(args: &[OsString]) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(args.len());
    let mut rest = args.iter().peekable();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            joined.push(arg.clone());
            joined.extend(rest.cloned());
            break;
        }
        let mut whole = arg.clone();
        if let Some(value) = rest.next_if(|value| takes(arg, value)) {
            whole.push("=");
            whole.push(value);
        }
        joined.push(whole);
    }
    joined
}

/// Whether the word behind an option reads as its value.
fn takes(option: &OsStr, word: &OsStr) -> bool {
    let Some(word) = word.to_str() else { return false };
    match option.to_str() {
        Some("--wait") => word.parse::<Wait>().is_ok(),
        Some("--sandbox") => ProfileName::from_str(word, false).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_behind_a_blank_belongs_to_its_option() {
        for (line, wanted) in [
            ("gate --wait 30 --sandbox", "gate --wait=30 --sandbox"),
            ("gate --wait 10m nginx", "gate --wait=10m nginx"),
            ("gate --wait 1h30m", "gate --wait=1h30m"),
            ("gate --wait window", "gate --wait=window"),
            ("check --sandbox abuse", "check --sandbox=abuse"),
            ("check --sandbox 2020 nginx", "check --sandbox=2020 nginx"),
            ("watch --sandbox paid --wait 5s", "watch --sandbox=paid --wait=5s"),
            ("check --sandbox nginx", "check --sandbox nginx"),
            ("check --sandbox=abuse paid", "check --sandbox=abuse paid"),
            ("gate --wait nginx:1.27", "gate --wait nginx:1.27"),
            ("gate --sandbox -- tool --wait 30", "gate --sandbox -- tool --wait 30"),
            ("check paid --sandbox", "check paid --sandbox"),
            ("check --user abuse", "check --user abuse"),
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let text: Vec<_> =
                joined(&args).iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
            assert_eq!(text.join(" "), wanted);
        }
    }
}
