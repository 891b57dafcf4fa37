//! The name in a reference, which may still hold variables: its registry, its path, and where its tag or
//! digest begins. Pure. The rules are those of `image::Reference`, for texts that are none yet.

/// The name of an image, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// The name without tag and digest.
    pub whole: &'a str,
    /// The registry, where it is written.
    pub registry: Option<&'a str>,
    /// What follows the registry.
    pub path: &'a str,
}

/// What begins a variable or a template's expression.
const VARIABLE: [char; 4] = ['$', '{', '<', '%'];

impl<'a> Name<'a> {
    /// The name in a reference.
    pub fn of(reference: &'a str) -> Self {
        let whole = reference.get(..end(reference)).unwrap_or(reference);
        match whole.split_once('/') {
            Some((first, path)) if is_host(first) => Self { whole, registry: Some(first), path },
            _ => Self { whole, registry: None, path: whole },
        }
    }

    /// Whether a variable may bring a further part of the path.
    pub fn variable_decides(&self) -> bool {
        !self.path.contains('/') && self.path.contains(VARIABLE)
    }

    /// Where the path begins in the name.
    pub fn path_at(&self) -> usize {
        self.whole.len() - self.path.len()
    }
}

/// Whether the first part of a name is a registry's.
fn is_host(first: &str) -> bool {
    !first.contains(VARIABLE)
        && (first == "localhost"
            || first.contains(['.', ':', '['])
            || first.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// Where the name in a reference ends. A colon before a slash is a port's; what stands in braces is
/// a variable's.
fn end(reference: &str) -> usize {
    let mut depth = 0_usize;
    let mut colon = None;
    for (at, c) in reference.char_indices() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '@' => return colon.unwrap_or(at),
            ':' if colon.is_none() => colon = Some(at),
            '/' => colon = None,
            _ => {}
        }
    }
    colon.unwrap_or(reference.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("nginx", "nginx", None, "nginx")]
    #[case("nginx:1.27", "nginx", None, "nginx")]
    #[case("h.example:5000/a/b:1@sha256:x", "h.example:5000/a/b", Some("h.example:5000"), "a/b")]
    #[case("a/b@sha256:x", "a/b", None, "a/b")]
    #[case("a/$B:${T:-1}", "a/$B", None, "a/$B")]
    #[case("a:${{ x/y }}", "a", None, "a")]
    #[case("$R/a:1", "$R/a", None, "$R/a")]
    #[case("localhost/a", "localhost/a", Some("localhost"), "a")]
    fn names_end_before_tags(
        #[case] reference: &str,
        #[case] whole: &str,
        #[case] registry: Option<&str>,
        #[case] path: &str,
    ) {
        assert_eq!(Name::of(reference), Name { whole, registry, path });
    }
}
