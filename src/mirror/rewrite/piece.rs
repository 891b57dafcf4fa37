//! The bytes that make a reference's name: where it stands itself, in a default beside it, at the definition
//! that it resolves through, or split over two keys. Each becomes a piece with what is put in its place.

use std::ops::Range;

use super::name::Name;
use super::source::Sources;
use super::target::Target;
use super::variable::{self, Variable};
use crate::image::hub;
use crate::scan::ImageUse;

/// Bytes of a file, and what is put in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub path: String,
    /// Its bytes there.
    pub span: Range<usize>,
    /// What stands there.
    pub was: String,
    /// What is put there.
    pub is: String,
    /// What that comes to: the same but for a variable.
    pub means: String,
    /// The bytes of the resolved reference that it makes; none for what only follows it.
    pub covers: Range<usize>,
}

/// Which way references are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Behind the mirror.
    Mirror,
    /// Back to where they came from.
    Back,
}

/// What is done to every reference.
#[derive(Debug, Clone)]
pub struct Change {
    /// The mirror.
    pub target: Target,
    /// Which way.
    pub way: Way,
    /// The variable that is put before names instead of the mirror.
    pub variable: Option<Variable>,
}

/// A name and the one that is put in its place.
struct Moved<'a> {
    one: &'a ImageUse,
    name: Name<'a>,
    new: String,
    change: &'a Change,
}

impl Change {
    /// Whether a reference stands where references are moved away from.
    pub fn concerns(&self, one: &ImageUse) -> bool {
        let takes =
            |one: &ImageUse| one.registry.as_deref().is_some_and(|from| self.target.takes(from));
        match (self.way, &self.variable) {
            (Way::Mirror, _) | (Way::Back, Some(_)) => takes(one),
            (Way::Back, None) => self.target.has(Name::of(&one.known).whole),
        }
    }

    /// The pieces of a reference's name.
    ///
    /// # Errors
    /// Why they cannot be told or replaced.
    pub fn pieces(&self, one: &ImageUse, sources: &Sources) -> Result<Vec<Piece>, String> {
        let name = Name::of(&one.known);
        if let Some(variable) = &self.variable {
            return variable::pieces(one, name, variable, self, sources);
        }
        let new = match self.way {
            Way::Mirror => format!("{}/{}", self.target.base(), self.target.path_of(&name)?),
            Way::Back => self.target.original(name.whole).ok_or("more than one --from is given")?,
        };
        if new.len() > 255 {
            return Err("its name behind the mirror is longer than 255 characters".to_owned());
        }
        let moved = Moved { one, name, new, change: self };
        if let Some(registry) = &one.beside.registry
            && let Some(pieces) = moved.split(registry, sources)?
        {
            return Ok(pieces);
        }
        moved.found(sources)
    }
}

impl Moved<'_> {
    /// A registry and a repository under keys of their own; `None` where the repository says all.
    fn split(
        &self,
        registry: &Range<usize>,
        sources: &Sources,
    ) -> Result<Option<Vec<Piece>>, String> {
        let at = |span: &Range<usize>| sources.slice(&self.one.path, span.clone());
        let (Some(host), Some(repository)) = (at(registry), at(&self.one.span)) else {
            return Err("it cannot be read any more".to_owned());
        };
        let target = &self.change.target;
        let piece = |span: &Range<usize>, was: &str, is: String, covers| Piece {
            path: self.one.path.clone(),
            span: span.clone(),
            was: was.to_owned(),
            means: is.clone(),
            is,
            covers,
        };
        if repository == self.name.whole {
            // The repository says the registry, too: both are moved.
            let whole = piece(&self.one.span, repository, self.new.clone(), 0..repository.len());
            let (from, to) = match self.change.way {
                Way::Mirror => (self.name.registry.unwrap_or_default(), target.host()),
                Way::Back => (target.host(), target.registry().unwrap_or_default()),
            };
            let follows = host == from || hub::is_registry(host);
            let beside = follows.then(|| piece(registry, host, to.to_owned(), 0..0));
            return Ok(Some(beside.into_iter().chain([whole]).collect()));
        }
        if format!("{}/{repository}", host.trim_end_matches('/')) != self.name.whole {
            return Err("its registry and repository are not written as they are read".to_owned());
        }
        let cut = self.name.whole.len() - repository.len();
        let (to, path) = match self.change.way {
            Way::Mirror => {
                let path = self.new.strip_prefix(target.host()).unwrap_or(&self.new);
                (target.host(), path.trim_start_matches('/').to_owned())
            }
            // The key keeps a registry, so that the repository stays a path.
            Way::Back => {
                let path = self.name.whole.strip_prefix(target.base()).unwrap_or_default();
                let registry = target.registry().ok_or("more than one --from is given")?;
                (registry, path.trim_start_matches('/').to_owned())
            }
        };
        // A slash at the registry's end stays.
        let bare = host.trim_end_matches('/');
        let registry = registry.start..registry.start + bare.len();
        Ok(Some(vec![
            piece(&registry, bare, to.to_owned(), 0..cut - 1),
            piece(&self.one.span, repository, path, cut..self.name.whole.len()),
        ]))
    }

    /// The name in one place, or in those that it resolves through.
    fn found(&self, sources: &Sources) -> Result<Vec<Piece>, String> {
        let one = self.one;
        let own = sources.slice(&one.path, one.span.clone()).ok_or("it cannot be read any more")?;
        let mut pieces = Vec::new();
        // A name that kustomize replaces under the same name.
        let renamed = one.beside.name.as_ref().filter(|_| place(own, &self.name, true).is_none());
        if let Some(span) = renamed {
            let text = sources.slice(&one.path, span.clone()).unwrap_or_default();
            if text == self.name.whole {
                pieces.extend(self.made(&one.path, span.start, text, (0, text.len()), own)?);
            }
        } else if let Some(found) = place(own, &self.name, true) {
            pieces.extend(self.made(&one.path, one.span.start, own, found, own)?);
            if found.0 == 0 {
                return Ok(pieces);
            }
        }
        for definition in &one.defined_at {
            let Some(line) = sources.line_from(&definition.path, definition.at) else { continue };
            if let Some(found) = place(line, &self.name, false) {
                pieces.extend(self.made(&definition.path, definition.at, line, found, own)?);
            }
        }
        if pieces.is_empty() {
            return Err(self.why_not(own));
        }
        Ok(pieces)
    }

    fn why_not(&self, own: &str) -> String {
        let one = self.one;
        if !one.unresolved.is_empty() {
            return format!("{} has no value here", one.unresolved.join(", "));
        }
        match one.defined_at.first() {
            Some(at) => format!("it is put together from what {}:{} says", at.path, at.line),
            None if own.contains('\\') => "it is written with escapes".to_owned(),
            None if own.contains(['$', '{']) => "a variable stands before the name".to_owned(),
            None => "its name does not stand here in one piece".to_owned(),
        }
    }

    /// The piece of a text that begins the name, and the rest of the name where that changes, too.
    fn made(
        &self,
        path: &str,
        offset: usize,
        text: &str,
        (start, length): (usize, usize),
        own: &str,
    ) -> Result<Vec<Piece>, String> {
        let whole = self.name.whole;
        let rest = whole.get(length..).unwrap_or_default();
        let piece = |start: usize, was: &str, is: &str, covers: Range<usize>| Piece {
            path: path.to_owned(),
            span: offset + start..offset + start + was.len(),
            was: was.to_owned(),
            is: is.to_owned(),
            means: is.to_owned(),
            covers,
        };
        let was = text.get(start..start + length).unwrap_or_default();
        let first = |is: &str| piece(start, was, is, 0..length);
        let target = &self.change.target;
        let (registry, to) = match self.change.way {
            Way::Mirror => (self.name.registry, Some(target.base())),
            Way::Back => (Some(target.base()), target.registry()),
        };
        // A registry by itself: the path stands elsewhere and may want `library/`.
        if let (true, Some(to), Some(path)) = (registry == Some(was), to, rest.strip_prefix('/')) {
            let new = match self.change.way {
                Way::Mirror => target.path_of(&self.name)?,
                Way::Back => path.to_owned(),
            };
            let found = own.find(&format!("/{path}")).map(|at| at + 1);
            if new == path && found.is_none() {
                return Ok(vec![first(to)]);
            }
            if let Some(at) = found {
                let span = self.one.span.start + at..self.one.span.start + at + path.len();
                let second = Piece {
                    path: self.one.path.clone(),
                    span,
                    ..piece(0, path, &new, length + 1..whole.len())
                };
                return Ok(vec![first(to), second]);
            }
        }
        let full = target.registry().zip(whole.strip_prefix(target.base()));
        let full =
            full.filter(|_| self.change.way == Way::Back).map(|(to, path)| format!("{to}{path}"));
        let is = self.new.strip_suffix(rest).or_else(|| full.as_deref()?.strip_suffix(rest));
        match is {
            Some(is) => Ok(vec![first(is)]),
            None => {
                Err("its name is put together in a way that the mirror's name cannot be".to_owned())
            }
        }
    }
}

/// Where the beginning of a name stands in a text, and how much of it: all, or up to a variable or the end
/// of the value. In the text of a reference it may follow a variable's operator, too.
pub(super) fn place(text: &str, name: &Name<'_>, own: bool) -> Option<(usize, usize)> {
    let first = name.whole.chars().next()?;
    text.match_indices(first).find_map(|(start, _)| {
        let before = text.get(..start)?.chars().next_back();
        let opens = match before {
            None | Some('-' | '=' | '+' | '"' | '\'' | '?') => true,
            Some(c) => !own && (c.is_whitespace() || matches!(c, ':' | '[' | ',' | '(')),
        };
        let length = opens.then(|| shared(text.get(start..)?, name, own)).flatten()?;
        Some((start, length))
    })
}

/// How much of a name a text begins with; `None` where that is no piece of it.
fn shared(text: &str, name: &Name<'_>, own: bool) -> Option<usize> {
    let same = text.bytes().zip(name.whole.bytes()).take_while(|(one, other)| one == other).count();
    let same = (0..=same)
        .rev()
        .find(|at| text.is_char_boundary(*at) && name.whole.is_char_boundary(*at))?;
    let least = name.registry.map_or(1, str::len);
    let next = text.get(same..)?.chars().next();
    let is_end = match next {
        None | Some('$' | '{' | '}' | '<' | '%') => true,
        Some(c) if same == name.whole.len() => {
            !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '\\' | '+'))
        }
        Some(c) => !own && (c.is_whitespace() || matches!(c, '"' | '\'' | ']' | ',' | ')')),
    };
    (is_end && same >= least).then_some(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("nginx:1", "nginx:1", true, Some((0, 5)))]
    #[case("${IMG:-nginx:1}", "nginx:1", true, Some((7, 5)))]
    #[case("${A:-x}nginx", "xnginx", true, Some((5, 1)))]
    #[case("nginx-extras:1", "nginx:1", true, None)]
    #[case("ng\\x69nx", "nginx", true, None)]
    #[case("docker.io\\/library\\/nginx", "docker.io/library/nginx", true, None)]
    #[case("IMG=nginx:1 # nginx", "nginx:1", false, Some((4, 5)))]
    #[case("IMG=\"nginx\"", "nginx:1", false, Some((5, 5)))]
    #[case("ORG=bitnami", "bitnami/redis:7", false, Some((4, 7)))]
    #[case("REG=docker.io", "docker.io/nginx", false, Some((4, 9)))]
    #[case("TAG=7", "nginx:7", false, None)]
    #[case("user/$APP:1", "user/$APP:1", true, Some((0, 9)))]
    #[case("user/$APP:1", "user/real:1", true, Some((0, 5)))]
    fn names_are_found(
        #[case] text: &str,
        #[case] reference: &str,
        #[case] own: bool,
        #[case] at: Option<(usize, usize)>,
    ) {
        assert_eq!(place(text, &Name::of(reference), own), at, "{text}");
    }
}
