//! From the arguments of `mirror ecr` to its [`Request`], and from its errors to how the command ends.

use super::{AwsError, Form, Request, Wanted};
use crate::cli::{Ecr, PrintAs};
use crate::exit::{Exit, Failure};

impl Request {
    /// What the arguments say.
    ///
    /// # Errors
    /// What is no account, region, prefix or upstream.
    pub(crate) fn of_arguments(args: &Ecr) -> Result<Self, Failure> {
        let wanted = Wanted {
            account: args.account.clone(),
            region: args.region.clone(),
            prefix: args.prefix.clone(),
            upstream: args.upstream.clone(),
            upstream_url: args.upstream_url.clone(),
            upstream_prefix: args.upstream_prefix.clone(),
            secret: args.secret.clone(),
            role: args.role_arn.clone(),
            pullers: args.puller.clone(),
        };
        Self::parse(wanted).map_err(|error| {
            let advice = error.advice();
            Failure::new(Exit::Usage, error).advise_if_known(advice)
        })
    }

    /// What the user is asked before it is done or undone.
    pub(crate) fn question(&self, remove: bool) -> String {
        if remove {
            format!(
                "Remove the rule {} of {} in {}, its template and its secret?",
                self.prefix, self.account, self.region
            )
        } else {
            format!(
                "Put {} behind {}/{} (account {}, {})?",
                self.upstream_url,
                self.host(),
                self.path(),
                self.account,
                self.region
            )
        }
    }
}

impl From<PrintAs> for Form {
    fn from(form: PrintAs) -> Self {
        match form {
            PrintAs::Shell => Self::Shell,
            PrintAs::Terraform => Self::Terraform,
            PrintAs::Cloudformation => Self::CloudFormation,
        }
    }
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let advice = error.advice();
        Self::new(error.exit(), error).advise_if_known(advice)
    }
}
