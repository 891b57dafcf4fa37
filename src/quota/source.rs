//! Whom the registry says it counted: the `docker-ratelimit-source` header. An IPv4 address, an
//! IPv6 /64 prefix ending in `::`, an account's UUID (2021–24) or its user name (2026). Foreign
//! text: control characters are taken out on the way in.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::text;

/// The most characters of a source that are kept.
const SOURCE_MAX: usize = 128;

/// What kind of thing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// One IPv4 address.
    Ipv4,
    /// An IPv6 network, a /64.
    Ipv6Prefix,
    /// An account, by UUID or user name.
    Account,
}

impl SourceKind {
    /// Whether an address was counted rather than an account.
    pub fn is_address(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6Prefix)
    }
}

/// Whom the registry counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    text: String,
    kind: SourceKind,
}

impl Source {
    /// The source of a header value; `None` where nothing is left of it.
    pub fn parse(value: &str) -> Option<Self> {
        let text = text::one_line(value.trim(), SOURCE_MAX);
        if text.is_empty() {
            return None;
        }
        // A list has one source counted; the first says of which kind.
        let first = text.split(',').next().unwrap_or_default();
        let kind = match address_of(first.trim()) {
            Some(IpAddr::V4(_)) => SourceKind::Ipv4,
            Some(IpAddr::V6(_)) => SourceKind::Ipv6Prefix,
            None => SourceKind::Account,
        };
        Some(Self { text, kind })
    }

    /// As the registry wrote it, without control characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of thing was counted.
    pub fn kind(&self) -> SourceKind {
        self.kind
    }
}

/// The address in a text: alone, with the length of its network, in brackets, or with a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let alone = text.split_once('/').map_or(text, |(address, _)| address);
    let alone = alone.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(alone);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    alone.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("192.0.2.10", SourceKind::Ipv4)]
    #[case("2001:db8:1:2::", SourceKind::Ipv6Prefix)]
    #[case("2001:db8:1:2::/64", SourceKind::Ipv6Prefix)]
    #[case("[2001:db8:1:2::]", SourceKind::Ipv6Prefix)]
    #[case("[2001:db8:1:2::]/64", SourceKind::Ipv6Prefix)]
    #[case("[2001:db8:1:2::]:443", SourceKind::Ipv6Prefix)]
    #[case("192.0.2.9:443", SourceKind::Ipv4)]
    #[case("192.0.2.9/32", SourceKind::Ipv4)]
    #[case("::ffff:192.0.2.9", SourceKind::Ipv4)]
    #[case("[::ffff:192.0.2.9]:443", SourceKind::Ipv4)]
    #[case("192.0.2.9, 198.51.100.4", SourceKind::Ipv4)]
    #[case("2001:db8::, 192.0.2.9", SourceKind::Ipv6Prefix)]
    #[case("192.0.2.9:", SourceKind::Account)]
    #[case("192.0.2.900", SourceKind::Account)]
    #[case("a, b", SourceKind::Account)]
    #[case("0e26c1a2-8a3f-4a70-a5d9-6b7a54c5b0c4", SourceKind::Account)]
    #[case("tidewater-ci", SourceKind::Account)]
    #[case("1234", SourceKind::Account)]
    fn kinds_are_told_apart(#[case] value: &str, #[case] kind: SourceKind) {
        assert_eq!(Source::parse(value).unwrap().kind(), kind);
    }

    #[test]
    fn a_source_cannot_steer_a_terminal() {
        assert_eq!(Source::parse("a\u{1b}]0;x\u{7}b").unwrap().as_str(), "a ]0;x b");
        assert_eq!(Source::parse(" \u{1b} "), None);
    }
}
