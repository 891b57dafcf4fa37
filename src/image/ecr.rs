//! Amazon's registries by their hosts: which partition a region is in, and every form that a host of
//! ECR has. Pure. Sources: the partitions of botocore 1.44.8 and the host lists of the kubelet's
//! ECR credential provider and Bottlerocket (read November 2026).

/// A part of Amazon's cloud with accounts, names and hosts of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name in an ARN.
    pub name: &'static str,
    /// What its regions begin with.
    regions: &'static [&'static str],
    /// How the names of its hosts end.
    suffix: &'static str,
    /// How those end that answer over IPv6, too.
    dual_stack: Option<&'static str>,
    /// Whether there is no way from it to the internet.
    pub isolated: bool,
}

/// Those known.
static PARTITIONS: [Partition; 8] = [
    Partition {
        name: "aws",
        regions: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
        suffix: "amazonaws.com",
        dual_stack: Some("on.aws"),
        isolated: false,
    },
    Partition {
        name: "aws-cn",
        regions: &["cn"],
        suffix: "amazonaws.com.cn",
        dual_stack: Some("on.amazonwebservices.com.cn"),
        isolated: false,
    },
    Partition {
        name: "aws-us-gov",
        regions: &["us-gov"],
        suffix: "amazonaws.com",
        dual_stack: Some("on.aws"),
        isolated: false,
    },
    Partition {
        name: "aws-eusc",
        regions: &["eusc-de"],
        suffix: "amazonaws.eu",
        dual_stack: None,
        isolated: false,
    },
    isolated("aws-iso", &["us-iso"], "c2s.ic.gov"),
    isolated("aws-iso-b", &["us-isob"], "sc2s.sgov.gov"),
    isolated("aws-iso-e", &["eu-isoe"], "cloud.adc-e.uk"),
    isolated("aws-iso-f", &["us-isof"], "csp.hci.ic.gov"),
];

const fn isolated(
    name: &'static str,
    regions: &'static [&'static str],
    suffix: &'static str,
) -> Partition {
    Partition { name, regions, suffix, dual_stack: None, isolated: true }
}

impl Partition {
    /// The partition of a region; `None` for what is written like no region of any.
    ///
    /// ```
    /// use dhlimit::image::ecr::Partition;
    /// assert_eq!(Partition::of("eu-central-1").unwrap().name, "aws");
    /// assert_eq!(Partition::of("us-gov-west-1").unwrap().name, "aws-us-gov");
    /// assert!(Partition::of("eu-central").is_none());
    /// ```
    pub fn of(region: &str) -> Option<&'static Self> {
        PARTITIONS.iter().find(|partition| {
            partition.regions.iter().any(|begin| {
                let rest = region.strip_prefix(begin).and_then(|rest| rest.strip_prefix('-'));
                rest.and_then(|rest| rest.split_once('-')).is_some_and(|(place, number)| {
                    is_word(place) && !number.is_empty() && is_digits(number)
                })
            })
        })
    }

    /// The host of an account's registry in one of its regions.
    pub fn host(&self, account: &str, region: &str) -> String {
        format!("{account}.dkr.ecr.{region}.{}", self.suffix)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is an account: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && is_digits(text)
}

/// A registry of Amazon's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EcrHost {
    /// An account's own, in a region.
    Private(PrivateRegistry),
    /// ECR Public.
    Public,
}

/// An account's registry in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateRegistry {
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-central-1`.
    pub region: String,
    /// Whether it is the host with validated cryptography, which cannot import an image.
    pub fips: bool,
    /// Whether it answers over IPv6, too.
    pub dual_stack: bool,
    /// The partition's name.
    pub partition: &'static str,
}

impl EcrHost {
    /// Reads the host of a reference, whatever its case; a port makes it another registry.
    ///
    /// ```
    /// use dhlimit::image::ecr::EcrHost;
    /// assert_eq!(EcrHost::of("public.ecr.aws"), Some(EcrHost::Public));
    /// assert_eq!(EcrHost::of("123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example"), None);
    /// ```
    pub fn of(registry: &str) -> Option<Self> {
        let host = registry.to_ascii_lowercase();
        if matches!(host.as_str(), "public.ecr.aws" | "ecr-public.aws.com") {
            return Some(Self::Public);
        }
        let (account, rest) = host.split_once('.')?;
        let (rest, fips, dual_stack) = [
            ("dkr.ecr.", false, false),
            ("dkr.ecr-fips.", true, false),
            ("dkr-ecr.", false, true),
            ("dkr-ecr-fips.", true, true),
        ]
        .into_iter()
        .find_map(|(label, fips, dual)| Some((rest.strip_prefix(label)?, fips, dual)))?;
        let (region, suffix) = rest.split_once('.')?;
        let partition = Partition::of(region)?;
        let ends_so = if dual_stack {
            partition.dual_stack == Some(suffix)
        } else {
            partition.suffix == suffix
        };
        (ends_so && is_account(account)).then(|| {
            Self::Private(PrivateRegistry {
                account: account.to_owned(),
                region: region.to_owned(),
                fips,
                dual_stack,
                partition: partition.name,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_host_is_known_and_no_other() {
        let rows = [
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", Some(("aws", false, false))),
            ("123456789012.DKR.ECR.EU-Central-1.AmazonAWS.com", Some(("aws", false, false))),
            ("123456789012.dkr-ecr.us-east-1.on.aws", Some(("aws", false, true))),
            ("123456789012.dkr.ecr-fips.us-east-2.amazonaws.com", Some(("aws", true, false))),
            ("123456789012.dkr-ecr-fips.us-east-2.on.aws", Some(("aws", true, true))),
            (
                "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com",
                Some(("aws-us-gov", false, false)),
            ),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Some(("aws-cn", false, false))),
            (
                "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
                Some(("aws-cn", false, true)),
            ),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", Some(("aws-eusc", false, false))),
            ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", Some(("aws-iso", false, false))),
            (
                "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
                Some(("aws-iso-b", false, false)),
            ),
            (
                "123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
                Some(("aws-iso-e", false, false)),
            ),
            (
                "123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
                Some(("aws-iso-f", false, false)),
            ),
            ("12345678901.dkr.ecr.eu-central-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com.cn", None),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com", None),
            ("123456789012.dkr-ecr.eu-central-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.eu-central-1.on.aws", None),
            ("123456789012.dkr.ecr.mars-north-1.amazonaws.com", None),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com:443", None),
            ("api.ecr.eu-central-1.amazonaws.com", None),
        ];
        for (host, wanted) in rows {
            let found = match EcrHost::of(host) {
                Some(EcrHost::Private(found)) => {
                    assert_eq!(found.account, "123456789012");
                    Some((found.partition, found.fips, found.dual_stack))
                }
                _ => None,
            };
            assert_eq!(found, wanted, "{host}");
        }
        assert_eq!(EcrHost::of("ECR-Public.aws.com"), Some(EcrHost::Public));
    }

    #[test]
    fn a_regions_own_host_is_read_as_itself() {
        for region in ["eu-central-1", "cn-northwest-1", "us-gov-east-1", "eusc-de-east-1"] {
            let partition = Partition::of(region).unwrap();
            let Some(EcrHost::Private(read)) = EcrHost::of(&partition.host("123456789012", region))
            else {
                panic!("{region}");
            };
            assert_eq!((read.region.as_str(), read.partition), (region, partition.name));
        }
        for none in
            ["", "eu", "eu-central", "eu-central-", "eu-central-1a", "EU-central-1", "eu--1"]
        {
            assert!(Partition::of(none).is_none(), "{none}");
        }
    }
}
