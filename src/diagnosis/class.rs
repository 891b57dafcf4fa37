//! The names of failures, in the order of judgement: where a text fits several, the first holds.

use std::fmt;

use serde::Serialize;

/// What kind of failure a text tells of. The order of the variants is the order of judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Docker Hub's token service refuses logins or tokens: too many of them.
    LoginLimit,
    /// Docker Hub's quota on pulls is used up.
    PullLimit,
    /// Docker Hub's limit on all requests from an address: the abuse limit.
    OverallLimit,
    /// The limiter of a registry, mirror or cache that is not Docker Hub.
    OtherRegistryLimit,
    /// A 429 of Docker Hub that does not say which limit.
    LimitUnspecified,
    /// No space left where images are stored.
    DiskFull,
    /// The container runtime is missing, stopped or out of reach.
    RuntimeDown,
    /// The registry refuses the address itself, as for export control.
    Blocked,
    /// Credentials were refused, or needed and not given.
    Credentials,
    /// No access to the image, or it does not exist: the registry does not say which.
    Denied,
    /// No such repository, tag, digest or platform.
    NotFound,
    /// The registry was not reached: names, connections, TLS, time-outs.
    Network,
    /// The registry answered with a fault of its own.
    Server,
}

impl Class {
    /// Every class, in the order of judgement.
    pub const ALL: [Self; 13] = [
        Self::LoginLimit,
        Self::PullLimit,
        Self::OverallLimit,
        Self::OtherRegistryLimit,
        Self::LimitUnspecified,
        Self::DiskFull,
        Self::RuntimeDown,
        Self::Blocked,
        Self::Credentials,
        Self::Denied,
        Self::NotFound,
        Self::Network,
        Self::Server,
    ];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoginLimit => "login_limit",
            Self::PullLimit => "pull_limit",
            Self::OverallLimit => "overall_limit",
            Self::OtherRegistryLimit => "other_registry_limit",
            Self::LimitUnspecified => "limit_unspecified",
            Self::DiskFull => "disk_full",
            Self::RuntimeDown => "runtime_down",
            Self::Blocked => "blocked",
            Self::Credentials => "credentials",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Network => "network",
            Self::Server => "server",
        }
    }

    /// The name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::LoginLimit => "Docker Hub's login limit",
            Self::PullLimit => "Docker Hub's pull limit",
            Self::OverallLimit => "Docker Hub's overall limit",
            Self::OtherRegistryLimit => "Another registry's limit",
            Self::LimitUnspecified => "A limit, not said which",
            Self::DiskFull => "Disk full",
            Self::RuntimeDown => "Container runtime not reachable",
            Self::Blocked => "Address blocked",
            Self::Credentials => "Credentials refused or missing",
            Self::Denied => "No access to the image",
            Self::NotFound => "Image not found",
            Self::Network => "network",
            Self::Server => "The registry's own fault",
        }
    }

    /// Whether this is a 429 of any kind.
    pub const fn is_limit(self) -> bool {
        matches!(
            self,
            Self::LoginLimit
                | Self::PullLimit
                | Self::OverallLimit
                | Self::OtherRegistryLimit
                | Self::LimitUnspecified
        )
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_all_is_the_order_of_judgement_and_names_are_what_json_shows() {
        assert!(Class::ALL.is_sorted_by(|a, b| a < b));
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }
}
