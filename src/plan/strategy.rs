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
    /// All nodes on one account.
    Account,
    /// Node i on account i mod K; K is at least 1.
    Accounts(u32),
    /// All nodes on a paid account, which nothing is counted on.
    Unlimited,
    /// All nodes through one pull-through cache, which pulls each image once on an account.
    Cache,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressPerNode => f.write_str("address-per-node"),
            Self::OneAddress => f.write_str("one-address"),
            Self::Account => f.write_str("account"),
            Self::Accounts(count) => write!(f, "accounts:{count}"),
            Self::Unlimited => f.write_str("unlimited"),
            Self::Cache => f.write_str("cache"),
        }
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "address-per-node" => Ok(Self::AddressPerNode),
            "one-address" => Ok(Self::OneAddress),
            "account" => Ok(Self::Account),
            "unlimited" => Ok(Self::Unlimited),
            "cache" => Ok(Self::Cache),
            _ => match text.strip_prefix("accounts:").map(str::parse) {
                Some(Ok(0)) => Err("accounts:K needs at least 1 account".to_owned()),
                Some(Ok(count)) => Ok(Self::Accounts(count)),
                _ => Err("address-per-node, one-address, account, accounts:K (such as accounts:3), unlimited or cache".to_owned()),
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
            Self::Account => "on one account".to_owned(),
            Self::Accounts(1) => "on 1 account".to_owned(),
            Self::Accounts(count) => format!("on {count} accounts"),
            Self::Unlimited => "on a paid account".to_owned(),
            Self::Cache => "with a pull-through cache".to_owned(),
        }
    }

    /// What it asks for to be set up: less comes first.
    pub(super) const fn effort(self) -> u32 {
        match self {
            Self::OneAddress => 0,
            Self::AddressPerNode => 1,
            Self::Account | Self::Accounts(1) => 2,
            Self::Cache => 3,
            Self::Accounts(_) => 4,
            Self::Unlimited => 5,
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
    #[case("p2p")]
    fn nonsense_is_refused(#[case] name: &str) {
        assert!(name.parse::<Strategy>().is_err(), "{name}");
    }
}
