//! The calls of the aws command that make, look at and take away what the cache is of: the one place
//! that spells them, for what is printed and for what is run. No call carries a secret in its words.

use super::request::Request;

/// Where a printed script keeps the secret's ARN, which Secrets Manager ends with characters of its own.
pub(super) const ARN_VARIABLE: &str = "$secret_arn";
/// What the aws command reads a value from that is given on its standard input.
pub(super) const STDIN: &str = "file:///dev/stdin";
/// What the secret is described as.
const DESCRIPTION: &str = "Login of Amazon ECR at its upstream registry, made by dhlimit";
/// For how long a deleted secret can be restored; the shortest that Secrets Manager knows.
pub(super) const RECOVERY_DAYS: u8 = 7;

/// The words of a call behind `aws`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call(Vec<String>);

impl Call {
    fn new(words: &[&str], region: &str) -> Self {
        let mut call = Self(words.iter().map(ToString::to_string).collect());
        call.0.extend(["--region".to_owned(), region.to_owned()]);
        call
    }

    /// A password for the registries of a region, good for twelve hours.
    pub(super) fn password(region: &str) -> Self {
        Self::new(&["ecr", "get-login-password"], region)
    }

    fn with(mut self, option: &str, value: &str) -> Self {
        self.0.extend([option.to_owned(), value.to_owned()]);
        self
    }

    fn with_some(self, option: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(option, value),
            None => self,
        }
    }

    /// The words behind `aws`.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// What the call does: `ecr create-pull-through-cache-rule`.
    pub(super) fn name(&self) -> String {
        self.0.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// As it is typed in a shell.
    pub(super) fn line(&self) -> String {
        let quoted = |word: &str| match word {
            ARN_VARIABLE => format!("\"{ARN_VARIABLE}\""),
            // No word holds a NUL, which alone cannot be quoted.
            _ => shlex::try_quote(word)
                .map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned),
        };
        std::iter::once("aws".to_owned())
            .chain(self.words().map(quoted))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The calls of one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls<'a>(pub(super) &'a Request);

impl Calls<'_> {
    fn secrets(self, operation: &str) -> Call {
        Call::new(&["secretsmanager", operation], &self.0.region)
    }

    fn ecr(self, operation: &str) -> Call {
        Call::new(&["ecr", operation], &self.0.region)
    }

    fn rule(self, operation: &str) -> Call {
        self.ecr(operation)
            .with("--registry-id", &self.0.account)
            .with("--ecr-repository-prefix", &self.0.prefix)
    }

    /// Whether a secret is there.
    pub(super) fn describe_secret(self, id: &str) -> Call {
        self.secrets("describe-secret").with("--secret-id", id)
    }

    /// Its value.
    pub(super) fn secret_value(self, id: &str) -> Call {
        self.secrets("get-secret-value").with("--secret-id", id)
    }

    /// A new one; its value is in `value`, a `file://` address.
    pub(super) fn create_secret(self, name: &str, value: &str) -> Call {
        self.secrets("create-secret")
            .with("--name", name)
            .with("--description", DESCRIPTION)
            .with("--secret-string", value)
    }

    /// Another value for it.
    pub(super) fn put_secret(self, id: &str, value: &str) -> Call {
        self.secrets("put-secret-value").with("--secret-id", id).with("--secret-string", value)
    }

    /// Takes its deletion back.
    pub(super) fn restore_secret(self, id: &str) -> Call {
        self.secrets("restore-secret").with("--secret-id", id)
    }

    /// Has it deleted after some days.
    pub(super) fn delete_secret(self, id: &str) -> Call {
        self.secrets("delete-secret")
            .with("--secret-id", id)
            .with("--recovery-window-in-days", &RECOVERY_DAYS.to_string())
    }

    /// Whether there is a template for the repositories.
    pub(super) fn describe_template(self) -> Call {
        self.ecr("describe-repository-creation-templates").with("--prefixes", &self.0.prefix)
    }

    /// A template for the repositories that the rule will make.
    pub(super) fn create_template(self) -> Call {
        self.ecr("create-repository-creation-template")
            .with("--prefix", &self.0.prefix)
            .with("--description", &format!("Cache of {}", self.0.upstream_url))
            .with("--image-tag-mutability", "MUTABLE")
            .with("--applied-for", "PULL_THROUGH_CACHE")
    }

    /// Takes the template away.
    pub(super) fn delete_template(self) -> Call {
        self.ecr("delete-repository-creation-template").with("--prefix", &self.0.prefix)
    }

    /// Whether there is a rule for the prefix.
    pub(super) fn describe_rule(self) -> Call {
        self.ecr("describe-pull-through-cache-rules")
            .with("--registry-id", &self.0.account)
            .with("--ecr-repository-prefixes", &self.0.prefix)
    }

    /// The rule.
    pub(super) fn create_rule(self, secret: Option<&str>) -> Call {
        self.rule("create-pull-through-cache-rule")
            .with("--upstream-registry-url", &self.0.upstream_url)
            .with("--upstream-registry", self.0.upstream.name)
            .with_some("--credential-arn", secret)
            .with_some("--custom-role-arn", self.0.role.as_deref())
            .with_some("--upstream-repository-prefix", self.0.upstream_prefix.as_deref())
    }

    /// What alone can be changed of a rule: its secret and its role.
    pub(super) fn update_rule(self, secret: Option<&str>) -> Call {
        self.rule("update-pull-through-cache-rule")
            .with_some("--credential-arn", secret)
            .with_some("--custom-role-arn", self.0.role.as_deref())
    }

    /// Takes the rule away; cached repositories stay.
    pub(super) fn delete_rule(self) -> Call {
        self.rule("delete-pull-through-cache-rule")
    }

    /// Whether the rule works: the answer's `isValid` tells, the exit code does not.
    pub(super) fn validate_rule(self) -> Call {
        self.rule("validate-pull-through-cache-rule")
    }

    /// The registry's policy.
    pub(super) fn registry_policy(self) -> Call {
        self.ecr("get-registry-policy")
    }

    /// Another policy for the registry, from a `file://` address.
    pub(super) fn put_registry_policy(self, policy: &str) -> Call {
        self.ecr("put-registry-policy").with("--policy-text", policy)
    }

    /// Takes the registry's policy away.
    pub(super) fn delete_registry_policy(self) -> Call {
        self.ecr("delete-registry-policy")
    }

    /// A password for the registry, good for twelve hours.
    pub(super) fn password(self) -> Call {
        Call::password(&self.0.region)
    }
}
