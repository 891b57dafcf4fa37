//! Whether a word in an image's place may be an image in a registry.

use crate::scan::kinds::dockerfile::templated;
use crate::scan::text::Text;
use crate::scan::vars::Expanded;

/// A value that may be an image in a registry, without a transport's prefix.
pub(super) fn plausible<'t>(
    mut value: Expanded,
    text: &'t Text<'_>,
) -> Option<(Expanded, Text<'t>)> {
    let whole = text.as_str();
    let mut skip = 0;
    if let Some(rest) = value.text.strip_prefix("docker://").map(str::to_owned) {
        value.text = rest;
        skip = if whole.starts_with("docker://") { "docker://".len() } else { 0 };
    }
    let transports = [
        "docker-archive:",
        "docker-daemon:",
        "oci:",
        "oci-archive:",
        "dir:",
        "containers-storage:",
        "http://",
        "https://",
    ];
    let first = value.text.chars().next();
    let is_none = transports.iter().any(|prefix| value.text.starts_with(prefix))
        || matches!(first, None | Some('-' | '.' | '/' | '<' | '{' | '[' | '!' | '*' | '(' | '|'))
            && !value.text.starts_with("{{")
            && !(first == Some('[') && value.text.contains("]:"))
        || (!value.is_whole() && value.text.contains(" build "))
        || value.text.contains("...")
        || value.text == "scratch";
    // A value with blanks is no reference, unless a command or template is in it.
    let has_blank =
        value.text.contains(char::is_whitespace) && !value.text.contains(['$', '{', '`']);
    (!is_none && !has_blank).then(|| {
        let text = text.part(skip..whole.len());
        let value = if value.text.contains("{{") { templated(value) } else { value };
        (value, text)
    })
}
