//! YAML and JSON as one tree of nodes with their places. An alias leads to its anchor, so that a reference is
//! reported where its text stands; `<<` is looked through by [`Node::get`]. Keys may stand twice: what is
//! written is what people will ask about.

use std::ops::Range;
use std::sync::Arc;

use super::text::Text;

/// How deep merges and aliases are followed.
const MOST_DEPTH: usize = 16;

/// A node.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its bytes in the file; of a block scalar, from its first content on.
    pub span: Range<usize>,
    /// Its tag as it is written, such as `!reset`.
    pub tag: Option<String>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A scalar, decoded.
    Scalar(String, Style),
    /// A list.
    Sequence(Vec<Arc<Node>>),
    /// Keys and values, in the order of the file.
    Mapping(Vec<(Arc<Node>, Arc<Node>)>),
    /// An alias and what it stands for.
    Alias(Arc<Node>),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes.
    Plain,
    /// Between `'`.
    Single,
    /// Between `"`.
    Double,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

impl Node {
    /// What an alias stands for; any other node itself.
    pub(crate) fn target(&self) -> &Self {
        let mut node = self;
        for _ in 0..MOST_DEPTH {
            match &node.value {
                Value::Alias(target) => node = target,
                _ => break,
            }
        }
        node
    }

    /// The value of a key, through aliases and merges.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.find(key, 0).map(Self::target)
    }

    /// The value below several keys.
    pub(crate) fn path(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self.target(), |node, key| node.get(key))
    }

    /// The value of a key as the mapping itself says it, without merges.
    pub(crate) fn own(&self, key: &str) -> Option<&Self> {
        self.pairs()
            .iter()
            .rev()
            .find(|(name, _)| name.str() == Some(key))
            .map(|(_, value)| value.target())
    }

    fn find(&self, key: &str, depth: usize) -> Option<&Self> {
        let pairs = self.target().pairs();
        let own = pairs.iter().rev().find(|(name, _)| name.str() == Some(key));
        if let Some((_, value)) = own {
            return Some(value);
        }
        if depth > MOST_DEPTH || key == "<<" {
            return None;
        }
        let merged = pairs.iter().filter(|(name, _)| name.str() == Some("<<"));
        merged.map(|(_, value)| value.target()).find_map(|base| match &base.value {
            Value::Sequence(bases) => bases.iter().find_map(|base| base.find(key, depth + 1)),
            _ => base.find(key, depth + 1),
        })
    }

    /// The text of a scalar, through aliases.
    pub(crate) fn str(&self) -> Option<&str> {
        match &self.target().value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing: `null`, `~` or empty, without quotes.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.target().value, Value::Scalar(text, Style::Plain) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The items of a list, through an alias; none where it is no list.
    pub(crate) fn items(&self) -> &[Arc<Self>] {
        match &self.target().value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The keys and values of a mapping as it is written, through an alias; none where it is no mapping.
    pub(crate) fn pairs(&self) -> &[(Arc<Self>, Arc<Self>)] {
        match &self.target().value {
            Value::Mapping(pairs) => pairs,
            _ => &[],
        }
    }

    /// The keys and values of a mapping, `<<` left out.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.pairs()
            .iter()
            .filter_map(|(key, value)| Some((key.str()?, value.target())))
            .filter(|(key, _)| *key != "<<")
    }

    /// Whether it is a mapping.
    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.target().value, Value::Mapping(_))
    }

    /// Whether it is a list.
    pub(crate) fn is_sequence(&self) -> bool {
        matches!(self.target().value, Value::Sequence(_))
    }

    /// A scalar's text with its places in the file.
    pub(crate) fn text<'a>(&self, file: &Text<'a>) -> Option<Text<'a>> {
        let node = self.target();
        let Value::Scalar(value, style) = &node.value else { return None };
        Some(super::yaml::scalar(file, node.span.clone(), value, *style))
    }
}
