//! Whom the sandbox counts: an IPv4 address, an IPv6 /64 or an account, in 16 bytes, because there
//! may be a million of them. Follows the protocol notes of November 2026, fact 4 and "Policy".

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whom a pull is counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// The upper 64 bits of an IPv6 address.
    V6(u64),
    /// The account at this place in the settings.
    Account(u32),
}

impl Identity {
    /// The identity of whoever comes from an address without credentials.
    pub(super) fn of_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                Self::V6(u64::try_from(address.to_bits() >> 64).unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for Identity {
    /// An address as `docker-ratelimit-source` shows it. An account's name is in the settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6(prefix) => Ipv6Addr::from_bits(u128::from(*prefix) << 64).fmt(f),
            Self::Account(place) => write!(f, "account {place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("192.0.2.10", "192.0.2.10")]
    #[case("::ffff:192.0.2.10", "192.0.2.10")]
    #[case("2001:db8:1:2:a:b:c:d", "2001:db8:1:2::")]
    #[case("2001:db8:1:2::1", "2001:db8:1:2::")]
    #[case("2001:0:0:2:ffff:ffff:ffff:ffff", "2001:0:0:2::")]
    #[case("::1", "::")]
    fn an_address_is_counted_as_docker_hub_shows_it(#[case] address: &str, #[case] source: &str) {
        assert_eq!(Identity::of_address(address.parse().unwrap()).to_string(), source);
    }

    #[test]
    fn neighbours_in_a_64_are_one_and_beyond_it_two() {
        let of = |text: &str| Identity::of_address(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
