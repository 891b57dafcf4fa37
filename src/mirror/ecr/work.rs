//! Making, looking at and taking away a rule with all that belongs to it. Each thing is looked at
//! before it is made, so that a second run changes nothing; what cannot be changed in place (prefix
//! and host) is replaced only where that was asked for. The order is the one that works: the secret
//! before the rule that reads it, the template before the first image that makes a repository.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::aws::{Aws, AwsError};
use super::call::{Call, Calls, RECOVERY_DAYS, STDIN};
use super::policy;
use super::report::{EcrReport, State, Step, Told};
use super::request::{Request, Secret};
use crate::Exit;
use crate::credentials::Credential;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Make what is missing, change what differs.
    Apply {
        /// Whether a rule for another host may be replaced.
        replace: bool,
    },
    /// Look, and change nothing.
    Check,
}

/// The work on one request.
#[derive(Debug)]
pub struct Work<'a> {
    request: &'a Request,
    aws: &'a Aws<'a>,
    aim: Aim,
    /// The login to the upstream, where one was found, and whether the user named it.
    login: Option<(Credential, bool)>,
    steps: Vec<Step>,
    failed: Option<&'static str>,
}

/// What a look at the rule found.
struct Rule {
    url: String,
    secret: Option<String>,
    role: Option<String>,
    upstream_prefix: Option<String>,
}

impl<'a> Work<'a> {
    /// `login` is the upstream's, and whether the user named it on this run.
    pub fn new(
        request: &'a Request,
        aws: &'a Aws<'a>,
        aim: Aim,
        login: Option<(Credential, bool)>,
    ) -> Self {
        Self { request, aws, aim, login, steps: Vec::new(), failed: None }
    }

    fn calls(&self) -> Calls<'a> {
        Calls(self.request)
    }

    fn told(&mut self, id: &'static str, told: Told) {
        if told.is_failed() && self.failed.is_none() && self.aim != Aim::Check {
            self.failed = Some(id);
        }
        self.steps.push(told.step(id));
    }

    /// Does it, or looks. Once a step has failed, those after it are not tried.
    pub async fn run(mut self) -> EcrReport {
        // Before anything is made: it shows whether the login to AWS works, and what cannot be changed.
        let found = self.rule().await;
        if let Some(told) = self.obstacle(&found) {
            self.told("rule", told);
            return EcrReport::new(self.steps);
        }
        let found = found.ok().flatten();
        let secret = self.secret().await;
        let arn = self.take("secret", secret);
        let template = match self.failed {
            None => self.template().await,
            Some(failed) => not_tried(failed),
        };
        self.told("template", template);
        let rule = match self.failed {
            None => self.make_rule(found, arn.as_deref()).await,
            Some(failed) => not_tried(failed),
        };
        self.told("rule", rule);
        let valid = match self.failed {
            None => self.validate().await,
            Some(failed) => not_tried(failed),
        };
        self.told("validation", valid);
        let policy = match self.failed {
            None => self.registry_policy().await,
            Some(failed) => not_tried(failed),
        };
        self.told("registry-policy", policy);
        let login = match self.failed {
            None => self.password().await,
            Some(failed) => not_tried(failed),
        };
        self.told("login", login);
        self.told("iam", Told::skipped(
            "the policies of administrators and of pullers are written by --print; attach them where roles are kept",
        ));
        EcrReport::new(self.steps)
    }

    /// The value of a step, which is told.
    fn take<T>(&mut self, id: &'static str, outcome: (Told, Option<T>)) -> Option<T> {
        let (told, value) = outcome;
        self.told(id, told);
        value
    }

    async fn rule(&self) -> Result<Option<Rule>, AwsError> {
        let call = self.calls().describe_rule();
        let answer = match self.aws.ask(&call).await {
            Err(error) if error.is("PullThroughCacheRuleNotFoundException") => return Ok(None),
            other => other?,
        };
        let rules = answer.get("pullThroughCacheRules").and_then(Value::as_array);
        let rule = rules.and_then(|rules| {
            rules
                .iter()
                .find(|rule| text(rule, "ecrRepositoryPrefix") == Some(&self.request.prefix))
        });
        Ok(rule.map(|rule| Rule {
            url: text(rule, "upstreamRegistryUrl").unwrap_or_default().to_owned(),
            secret: text(rule, "credentialArn").map(str::to_owned),
            role: text(rule, "customRoleArn").map(str::to_owned),
            upstream_prefix: text(rule, "upstreamRepositoryPrefix").map(str::to_owned),
        }))
    }

    /// Why nothing at all can be done.
    fn obstacle(&self, found: &Result<Option<Rule>, AwsError>) -> Option<Told> {
        let call = self.calls().describe_rule();
        match found {
            Err(error) => Some(Told::error(call, error)),
            Ok(Some(rule)) if self.aim == (Aim::Apply { replace: false }) => {
                self.other(rule).map(|other| {
                    Told::failed(call, Exit::Usage, format!(
                        "the prefix {} is in front of {other}, which ECR cannot change; --replace removes that rule and makes this one, its cached repositories stay",
                        self.request.prefix
                    ))
                })
            }
            Ok(_) => None,
        }
    }

    /// What a rule is in front of, where that is not what is wanted.
    fn other(&self, rule: &Rule) -> Option<String> {
        let part = |part: &Option<String>| {
            part.as_deref().filter(|part| *part != "ROOT").unwrap_or_default().to_owned()
        };
        let differs = rule.url != self.request.upstream_url
            || part(&rule.upstream_prefix) != part(&self.request.upstream_prefix);
        differs.then(|| {
            format!("{}/{}", rule.url, part(&rule.upstream_prefix)).trim_end_matches('/').to_owned()
        })
    }

    /// The secret's ARN.
    async fn secret(&self) -> (Told, Option<String>) {
        let id = match &self.request.secret {
            None => {
                return (
                    Told::skipped(format!("{} needs no login", self.request.upstream_url)),
                    None,
                );
            }
            Some(Secret::Arn(id) | Secret::Named(id)) => id,
        };
        let call = self.calls().describe_secret(id);
        match self.aws.ask(&call).await {
            Err(error) if error.is("ResourceNotFoundException") => self.new_secret(call, id).await,
            Err(error) => (Told::error(call, &error), None),
            Ok(answer) => match text(&answer, "ARN") {
                None => (nonsense(call, "no ARN"), None),
                Some(arn) => {
                    let deleted = answer.get("DeletedDate").is_some_and(|date| !date.is_null());
                    let told = self.held_secret(call, arn, deleted).await;
                    let arn = (!told.is_failed()).then(|| arn.to_owned());
                    (told, arn)
                }
            },
        }
    }

    async fn new_secret(&self, looked: Call, id: &str) -> (Told, Option<String>) {
        if self.aim == Aim::Check {
            return (Told::failed(looked, Exit::Limit, "there is no such secret"), None);
        }
        if matches!(self.request.secret, Some(Secret::Arn(_))) {
            return (Told::failed(looked, Exit::Usage, "there is no secret of this ARN"), None);
        }
        let Some(value) = self.value() else {
            return (Told::failed(looked, Exit::Credentials, self.no_login()), None);
        };
        let call = self.calls().create_secret(id, STDIN);
        match self.aws.ask_with(&call, Some(&value)).await {
            Err(error) => (Told::error(call, &error), None),
            Ok(answer) => match text(&answer, "ARN") {
                Some(arn) if !arn.contains(&format!(":{}:", self.request.account)) => {
                    let words = format!("the login to AWS is of another account: it made {arn}");
                    (Told::failed(call, Exit::Usage, words), None)
                }
                Some(arn) => (Told::new(State::Created, call, arn), Some(arn.to_owned())),
                None => (nonsense(call, "no ARN"), None),
            },
        }
    }

    /// A secret that is there: given back where it was to be deleted, and with the login that was named.
    async fn held_secret(&self, looked: Call, arn: &str, deleted: bool) -> Told {
        if deleted {
            if self.aim == Aim::Check {
                return Told::failed(looked, Exit::Limit, "the secret is to be deleted");
            }
            let call = self.calls().restore_secret(arn);
            if let Err(error) = self.aws.ask(&call).await {
                return Told::error(call, &error);
            }
        }
        let restored = if deleted { State::Updated } else { State::Present };
        // What the user keeps there stands, unless another login was named on this run.
        let named = self.login.as_ref().is_some_and(|(_, named)| *named);
        let (Some(value), true, Aim::Apply { .. }) = (self.value(), named, self.aim) else {
            return Told::new(restored, looked, arn);
        };
        let held = self.aws.ask(&self.calls().secret_value(arn)).await;
        let same = |held: &Value| {
            let (Some(held), Ok(wanted)) =
                (text(held, "SecretString"), serde_json::from_str::<Value>(value.expose_secret()))
            else {
                return false;
            };
            serde_json::from_str::<Value>(held).is_ok_and(|held| held == wanted)
        };
        if held.as_ref().is_ok_and(same) {
            return Told::new(restored, looked, arn);
        }
        let call = self.calls().put_secret(arn, STDIN);
        match self.aws.ask_with(&call, Some(&value)).await {
            Err(error) => Told::error(call, &error),
            Ok(_) if held.is_ok() => Told::new(State::Updated, call, "another login than it held"),
            Ok(_) => Told::new(
                State::Updated,
                call,
                "written without a comparison: its value may not be read",
            ),
        }
    }

    /// The secret's value: the two keys that ECR reads.
    fn value(&self) -> Option<SecretString> {
        match &self.login {
            Some((Credential::Password { user, secret }, _)) => {
                let value = json!({"username": user, "accessToken": secret.expose_secret()});
                Some(SecretString::from(value.to_string()))
            }
            _ => None,
        }
    }

    fn no_login(&self) -> String {
        match &self.login {
            Some((other, _)) => format!(
                "there is no such secret, and the login found here is an {}, which ECR cannot use: give an access token with --user NAME --password-stdin",
                other.kind()
            ),
            None => "there is no such secret, and no login to put into it: give an access token with --user NAME --password-stdin".to_owned(),
        }
    }

    async fn template(&self) -> Told {
        let looked = self.calls().describe_template();
        let answer = match self.aws.ask(&looked).await {
            Err(error) if error.is("TemplateNotFoundException") => Value::Null,
            Err(error) => return Told::error(looked, &error),
            Ok(answer) => answer,
        };
        let templates = answer.get("repositoryCreationTemplates").and_then(Value::as_array);
        let template = templates.and_then(|templates| {
            templates.iter().find(|template| text(template, "prefix") == Some(&self.request.prefix))
        });
        match template {
            None if self.aim == Aim::Check => {
                Told::failed(looked, Exit::Limit, "there is no template for this prefix")
            }
            None => {
                let call = self.calls().create_template();
                match self.aws.ask(&call).await {
                    Err(error) if error.is("TemplateAlreadyExistsException") => {
                        Told::new(State::Present, looked, "made by somebody else meanwhile")
                    }
                    Err(error) => Told::error(call, &error),
                    Ok(_) => {
                        Told::new(State::Created, call, "repositories that pulls make follow it")
                    }
                }
            }
            Some(template) => template_told(looked, template),
        }
    }

    async fn make_rule(&self, found: Option<Rule>, secret: Option<&str>) -> Told {
        let calls = self.calls();
        let Some(rule) = found else {
            if self.aim == Aim::Check {
                return Told::failed(
                    calls.describe_rule(),
                    Exit::Limit,
                    "there is no rule for this prefix",
                );
            }
            return self.created_rule(State::Created, secret).await;
        };
        if let Some(other) = self.other(&rule) {
            if self.aim == Aim::Check {
                let words = format!("the rule is in front of {other}");
                return Told::failed(calls.describe_rule(), Exit::Limit, words);
            }
            let call = calls.delete_rule();
            return match self.aws.ask(&call).await {
                Err(error) => Told::error(call, &error),
                Ok(_) => self.created_rule(State::Updated, secret).await,
            };
        }
        let differs = rule.secret.as_deref().filter(|arn| !arn.is_empty()) != secret
            || (self.request.role.is_some() && rule.role != self.request.role);
        match (differs, self.aim) {
            (false, _) => Told::new(State::Present, calls.describe_rule(), self.request.example()),
            (true, Aim::Check) => Told::failed(
                calls.describe_rule(),
                Exit::Limit,
                "the rule has another secret or role",
            ),
            (true, Aim::Apply { .. }) => {
                let call = calls.update_rule(secret);
                match self.aws.ask(&call).await {
                    Err(error) => Told::error(call, &error),
                    Ok(_) => Told::new(State::Updated, call, "another secret or role"),
                }
            }
        }
    }

    async fn created_rule(&self, state: State, secret: Option<&str>) -> Told {
        let call = self.calls().create_rule(secret);
        match self.aws.ask(&call).await {
            Err(error) => Told::error(call, &error),
            Ok(_) => Told::new(state, call, self.request.example()),
        }
    }

    /// The answer of a validation is a 200 whatever comes of it.
    async fn validate(&self) -> Told {
        let call = self.calls().validate_rule();
        let failed = if self.aim == Aim::Check { Exit::Limit } else { Exit::Credentials };
        match self.aws.ask(&call).await {
            Err(error)
                if self.aim == Aim::Check && error.is("PullThroughCacheRuleNotFoundException") =>
            {
                Told::failed(call, failed, "there is no rule for this prefix")
            }
            Err(error) => Told::error(call, &error),
            Ok(answer) => match answer.get("isValid").and_then(Value::as_bool) {
                Some(true) => Told::new(State::Present, call, "ECR can ask the upstream registry"),
                Some(false) => {
                    let why = text(&answer, "failure").unwrap_or("it does not say why");
                    let why = crate::text::one_line(&crate::text::redact(why), 300);
                    Told::failed(
                        call,
                        failed,
                        format!("ECR cannot ask the upstream registry: {why}"),
                    )
                }
                None => nonsense(call, "no isValid"),
            },
        }
    }

    async fn registry_policy(&self) -> Told {
        if policy::statement(self.request).is_none() {
            return Told::skipped(
                "nobody was named by --puller: those who pull need the rights in their own policies",
            );
        }
        let looked = self.calls().registry_policy();
        let held = match self.held_policy().await {
            Err(error) => return Told::error(looked, &error),
            Ok(held) => held,
        };
        let state = if held.is_some() { State::Updated } else { State::Created };
        match policy::merged(held, self.request) {
            None => Told::new(State::Present, looked, "those named may import images"),
            Some(_) if self.aim == Aim::Check => {
                Told::failed(looked, Exit::Limit, "those named may not import images")
            }
            Some(policy) => {
                let call = self.calls().put_registry_policy(STDIN);
                let text = SecretString::from(policy.to_string());
                match self.aws.ask_with(&call, Some(&text)).await {
                    Err(error) => Told::error(call, &error),
                    Ok(_) => Told::new(
                        state,
                        call,
                        "those named may import images; what it says of others stays",
                    ),
                }
            }
        }
    }

    /// Whether a password for the registry is to be had; nobody is logged in.
    async fn password(&self) -> Told {
        let call = self.calls().password();
        if let Err(error) = self.aws.secret(&call).await {
            return Told::error(call, &error);
        }
        let words = format!("docker login --username AWS --password-stdin {}", self.request.host());
        let words = format!("pipe it to: {words} (nerdctl, podman, skopeo and crane alike)");
        Told::new(State::Present, call, words)
    }

    async fn held_policy(&self) -> Result<Option<Value>, AwsError> {
        held_policy(self.aws, self.request).await
    }
}

/// The registry's policy as it is.
async fn held_policy(aws: &Aws<'_>, request: &Request) -> Result<Option<Value>, AwsError> {
    let call = Calls(request).registry_policy();
    let answer = match aws.ask(&call).await {
        Err(error) if error.is("RegistryPolicyNotFoundException") => return Ok(None),
        other => other?,
    };
    let Some(policy) = text(&answer, "policyText") else { return Ok(None) };
    serde_json::from_str(policy)
        .map(Some)
        .map_err(|why| AwsError::Nonsense { call: call.name(), why: why.to_string() })
}

/// Takes away what belongs to a request: first what uses, then what is used. Cached images stay.
pub async fn remove(request: &Request, aws: &Aws<'_>) -> EcrReport {
    let calls = Calls(request);
    let mut steps = vec![remove_policy(request, aws).await.step("registry-policy")];
    let gone = |absent| (absent, "cached repositories stay, and are not refreshed any more");
    let things = [
        ("rule", calls.delete_rule(), gone("PullThroughCacheRuleNotFoundException")),
        ("template", calls.delete_template(), ("TemplateNotFoundException", "")),
    ];
    for (id, call, (absent, detail)) in things {
        let told = match aws.ask(&call).await {
            Ok(_) => Told::new(State::Removed, call, detail),
            Err(error) if error.is(absent) => Told::skipped("there is none"),
            Err(error) => Told::error(call, &error),
        };
        steps.push(told.step(id));
    }
    // The rule reads the secret: where it stays, the secret does.
    let rule_stays = steps.iter().any(|step| step.id == "rule" && step.state == State::Failed);
    let secret = match &request.secret {
        Some(Secret::Named(name)) if !rule_stays => {
            remove_secret(calls.delete_secret(name), aws).await
        }
        Some(Secret::Named(_)) => Told::skipped("the rule still reads it"),
        Some(Secret::Arn(_)) => {
            Told::skipped("it was given by its ARN and is kept by somebody else")
        }
        None => Told::skipped("there is none"),
    };
    steps.push(secret.step("secret"));
    EcrReport::new(steps)
}

async fn remove_secret(call: Call, aws: &Aws<'_>) -> Told {
    match aws.ask(&call).await {
        Ok(_) => {
            let words = format!("deleted in {RECOVERY_DAYS} days; --apply restores it until then");
            Told::new(State::Removed, call, words)
        }
        Err(error) if error.is("ResourceNotFoundException") => Told::skipped("there is none"),
        Err(error) => Told::error(call, &error),
    }
}

async fn remove_policy(request: &Request, aws: &Aws<'_>) -> Told {
    let calls = Calls(request);
    let held = match held_policy(aws, request).await {
        Err(error) => return Told::error(calls.registry_policy(), &error),
        Ok(held) => held,
    };
    let (call, input) = match policy::without(held, request) {
        policy::Left::Same => return Told::skipped("it says nothing of this prefix"),
        policy::Left::Nothing => (calls.delete_registry_policy(), None),
        policy::Left::Policy(policy) => {
            (calls.put_registry_policy(STDIN), Some(SecretString::from(policy.to_string())))
        }
    };
    match aws.ask_with(&call, input.as_ref()).await {
        Ok(_) => Told::new(State::Removed, call, "what it says of others stays"),
        Err(error) => Told::error(call, &error),
    }
}

/// A template that is there: it must be for pulls, and its tags must be free to move.
fn template_told(looked: Call, template: &Value) -> Told {
    let applies = template.get("appliedFor").and_then(Value::as_array);
    if !applies.is_some_and(|list| list.iter().any(|kind| kind == "PULL_THROUGH_CACHE")) {
        return Told::failed(
            looked,
            Exit::Usage,
            "the template of this prefix is not for pull through caches: add PULL_THROUGH_CACHE to what it applies to",
        );
    }
    let fixed =
        text(template, "imageTagMutability").is_some_and(|kind| kind.starts_with("IMMUTABLE"));
    let detail = if fixed {
        "its tags are immutable: a tag that was cached is never refreshed"
    } else {
        "repositories that pulls make follow it"
    };
    Told::new(State::Present, looked, detail)
}

fn not_tried(failed: &str) -> Told {
    Told::skipped(format!("not tried: {failed} failed"))
}

fn nonsense(call: Call, why: &str) -> Told {
    let error = AwsError::Nonsense { call: call.name(), why: why.to_owned() };
    Told::error(call, &error)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}
