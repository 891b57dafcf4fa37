//! The ways to spread the pulls of many nodes over identities, by the names that a user types.

use std::fmt;
use std::str::FromStr;

/// Whom the pulls of the nodes are counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Each node on an address of its own, without an account.
    AddressPerNode,
    /// All nodes behind one address, without an account.
    OneAddress,
    /// Node i behind address i mod K, without an account, as where each zone has its own way out; K is
    /// at least 1. Beyond the exact model, as are those that follow `Cache`.
    Addresses(u32),
    /// All nodes on one account.
    Account,
    /// Node i on account i mod K; K is at least 1.
    Accounts(u32),
    /// All nodes on a paid account, which nothing is counted on.
    Unlimited,
    /// All nodes through one pull-through cache, which pulls each image once on an account.
    Cache,
    /// The same cache where it has all images already.
    CacheWarm,
    /// The nodes give images to each other, so that each is pulled once, behind one address.
    Peers,
    /// All images are on the nodes' disks before they start.
    Preloaded,
}

/// The names of the strategies.
pub const STRATEGIES: &str = "address-per-node, one-address, addresses:K (such as addresses:3), account, accounts:K, unlimited, cache, cache-warm, p2p or preloaded";

/// Why a text names no strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// None has this name.
    #[error("no such strategy")]
    Unknown,
    /// No account or address to count on.
    #[error("it needs at least 1 {0}")]
    Nobody(&'static str),
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressPerNode => f.write_str("address-per-node"),
            Self::OneAddress => f.write_str("one-address"),
            Self::Addresses(count) => write!(f, "addresses:{count}"),
            Self::Account => f.write_str("account"),
            Self::Accounts(count) => write!(f, "accounts:{count}"),
            Self::Unlimited => f.write_str("unlimited"),
            Self::Cache => f.write_str("cache"),
            Self::CacheWarm => f.write_str("cache-warm"),
            Self::Peers => f.write_str("p2p"),
            Self::Preloaded => f.write_str("preloaded"),
        }
    }
}

impl FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(text: &str) -> Result<Self, StrategyError> {
        match text {
            "address-per-node" => Ok(Self::AddressPerNode),
            "one-address" => Ok(Self::OneAddress),
            "account" => Ok(Self::Account),
            "unlimited" => Ok(Self::Unlimited),
            "cache" => Ok(Self::Cache),
            "cache-warm" => Ok(Self::CacheWarm),
            "p2p" => Ok(Self::Peers),
            "preloaded" => Ok(Self::Preloaded),
            _ => match text.split_once(':').map(|(kind, count)| (kind, count.parse::<u32>())) {
                Some(("accounts", Ok(0))) => Err(StrategyError::Nobody("account")),
                Some(("addresses", Ok(0))) => Err(StrategyError::Nobody("address")),
                Some(("accounts", Ok(count))) => Ok(Self::Accounts(count)),
                Some(("addresses", Ok(count))) => Ok(Self::Addresses(count)),
                _ => Err(StrategyError::Unknown),
            },
        }
    }
}

impl Strategy {
    /// In words, after "fits" or "does not fit".
    pub fn words(self) -> String {
        match self {
            Self::AddressPerNode => "with an address for each node".to_owned(),
            Self::OneAddress => "behind one address".to_owned(),
            Self::Addresses(1) => "behind 1 address".to_owned(),
            Self::Addresses(count) => format!("behind {count} addresses"),
            Self::Account => "on one account".to_owned(),
            Self::Accounts(1) => "on 1 account".to_owned(),
            Self::Accounts(count) => format!("on {count} accounts"),
            Self::Unlimited => "on a paid account".to_owned(),
            Self::Cache => "with a pull-through cache".to_owned(),
            Self::CacheWarm => "with a pull-through cache that has the images".to_owned(),
            Self::Peers => "with nodes that give images to each other".to_owned(),
            Self::Preloaded => "with the images on the nodes' disks".to_owned(),
        }
    }

    /// Whether its pulls are counted on accounts, and not on addresses; `None` where nothing is counted.
    pub(super) const fn is_on_account(self) -> Option<bool> {
        match self {
            Self::AddressPerNode | Self::OneAddress | Self::Addresses(_) | Self::Peers => {
                Some(false)
            }
            Self::Account | Self::Accounts(_) | Self::Cache => Some(true),
            Self::Unlimited | Self::CacheWarm | Self::Preloaded => None,
        }
    }

    /// What it asks for to be set up: less comes first.
    pub(super) const fn effort(self) -> u32 {
        match self {
            Self::OneAddress => 0,
            Self::AddressPerNode => 1,
            Self::Account | Self::Accounts(1) => 2,
            Self::Addresses(_) => 3,
            Self::Cache => 4,
            Self::CacheWarm => 5,
            Self::Peers => 6,
            Self::Preloaded => 7,
            Self::Accounts(_) => 8,
            Self::Unlimited => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("address-per-node")]
    #[case("one-address")]
    #[case("account")]
    #[case("accounts:1")]
    #[case("accounts:17")]
    #[case("unlimited")]
    #[case("cache")]
    #[case("addresses:3")]
    #[case("cache-warm")]
    #[case("p2p")]
    #[case("preloaded")]
    fn a_name_is_read_and_written(#[case] name: &str) {
        assert_eq!(name.parse::<Strategy>().unwrap().to_string(), name);
    }

    #[rstest]
    #[case("")]
    #[case("Account")]
    #[case("accounts")]
    #[case("accounts:")]
    #[case("accounts:0")]
    #[case("accounts:-2")]
    #[case("accounts:two")]
    #[case("addresses")]
    #[case("addresses:0")]
    #[case("zones:2")]
    #[case("P2P")]
    fn nonsense_is_refused(#[case] name: &str) {
        assert!(name.parse::<Strategy>().is_err(), "{name}");
    }
}
