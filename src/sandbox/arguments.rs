//! From the arguments of `sandbox` to its [`Settings`], and how the command ends where it does not start.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::{Account, Counting, Profile, SandboxError, Settings, TrafficError};
use crate::cli::{CountRule, LawName, ProfileName, Sandbox};
use crate::context::Clock;
use crate::exit::{Exit, Failure};
use crate::quota::Law;

impl Settings {
    /// What the arguments say.
    ///
    /// # Errors
    /// Accounts and traffic that are none.
    pub(crate) fn of_arguments(args: &Sandbox, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let accounts = args.account.iter().map(|account| account.expose_secret().parse());
        let accounts = accounts.collect::<Result<Vec<Account>, _>>();
        let traffic = args.traffic.as_deref().map(str::parse).transpose();
        Ok(Self {
            profile: args.profile.into(),
            limit: args.limit,
            window: args.window,
            law: match args.law {
                LawName::Sliding => Law::Sliding,
                LawName::Fixed => Law::Fixed,
                LawName::Bucket => Law::Bucket,
            },
            counting: match args.count {
                CountRule::Pull => Counting::Pull,
                CountRule::Get => Counting::Get,
                CountRule::Arch => Counting::Arch,
            },
            accounts: accounts.map_err(|error| Failure::new(Exit::Usage, error))?,
            token_life: args.token_life,
            latency: args.latency,
            tls: args.tls.is_some(),
            trust_proxy: args.trust_proxy,
            log: args.log.clone(),
            traffic: traffic.map_err(|error: TrafficError| Failure::new(Exit::Usage, error))?,
            clock,
        })
    }

    /// What may be meant otherwise than it is taken, a line each.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        self.accounts.iter().filter(|account| account.may_lack_its_limit()).map(|account| {
            format!(
                "the password of {} has a colon, and no limit stands behind it: a limit is a number or unlimited, such as --account {}:PASSWORD:200",
                account.user, account.user
            )
        })
    }
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Of2020 => Self::Of2020,
            ProfileName::Of2023 => Self::Of2023,
            ProfileName::Of2026 => Self::Of2026,
            ProfileName::Paid => Self::Paid,
            ProfileName::Exempt => Self::Exempt,
            ProfileName::Abuse => Self::Abuse,
            ProfileName::Lockout => Self::Lockout,
            ProfileName::Blocked => Self::Blocked,
            ProfileName::Flaky => Self::Flaky,
            ProfileName::Odd => Self::Odd,
        }
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Listen { .. } => {
                Self::new(Exit::Usage, error).advise("leave --listen away for a free port")
            }
            SandboxError::Settings(_) | SandboxError::Log(_) => Self::new(Exit::Usage, error),
            _ => Self::new(Exit::Unreachable, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn the_command_line_and_the_room_name_the_same_profiles() {
        let typed: Vec<String> = ProfileName::value_variants()
            .iter()
            .map(|name| name.to_possible_value().unwrap().get_name().to_owned())
            .collect();
        assert_eq!(typed, Profile::ALL.map(Profile::name));
        for name in ProfileName::value_variants() {
            let profile = Profile::from(*name);
            assert_eq!(profile.name(), name.to_possible_value().unwrap().get_name());
        }
    }
}
