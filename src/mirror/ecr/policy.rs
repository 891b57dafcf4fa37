//! Who may do what: policies of IAM for those who keep the rule and for those who pull through it, and
//! the registry's own policy for accounts and roles named by the user. Source: AWS's pages on IAM
//! permissions and private registry policies for pull through caches (read November 2026).

use serde_json::{Value, json};

use super::request::{ROOT, Request, Secret};

/// The role of AWS itself by which ECR reads the secret.
const SERVICE: &str = "pullthroughcache.ecr.amazonaws.com";
/// The version of the language of policies.
const VERSION: &str = "2012-10-17";

/// What the caches' repositories are called in an ARN.
pub(super) fn repositories(request: &Request) -> String {
    format!(
        "arn:{}:ecr:{}:{}:repository/{}*",
        request.partition.name,
        request.region,
        request.account,
        request.path()
    )
}

/// For those who make, look at, change and remove the rule.
pub(super) fn administrator(request: &Request) -> Value {
    let partition = request.partition.name;
    let mut statements = vec![
        json!({
            "Sid": "Rule",
            "Effect": "Allow",
            "Action": [
                "ecr:CreatePullThroughCacheRule", "ecr:DescribePullThroughCacheRules",
                "ecr:ValidatePullThroughCacheRule", "ecr:UpdatePullThroughCacheRule",
                "ecr:DeletePullThroughCacheRule", "ecr:CreateRepositoryCreationTemplate",
                "ecr:DescribeRepositoryCreationTemplates", "ecr:DeleteRepositoryCreationTemplate",
                "ecr:GetRegistryPolicy", "ecr:PutRegistryPolicy", "ecr:DeleteRegistryPolicy",
                "ecr:GetAuthorizationToken"
            ],
            "Resource": "*"
        }),
        json!({
            "Sid": "ServiceLinkedRole",
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": format!(
                "arn:{partition}:iam::{}:role/aws-service-role/{SERVICE}/AWSServiceRoleForECRPullThroughCache",
                request.account
            ),
            "Condition": {"StringEquals": {"iam:AWSServiceName": SERVICE}}
        }),
    ];
    if let Some(secret) = &request.secret {
        let resource = match secret {
            Secret::Arn(arn) => arn.clone(),
            // Secrets Manager adds a hyphen and six characters of its own.
            Secret::Named(name) => format!(
                "arn:{partition}:secretsmanager:{}:{}:secret:{name}-??????",
                request.region, request.account
            ),
        };
        statements.push(json!({
            "Sid": "Secret",
            "Effect": "Allow",
            "Action": [
                "secretsmanager:CreateSecret", "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
                "secretsmanager:RestoreSecret", "secretsmanager:DeleteSecret"
            ],
            "Resource": resource
        }));
    }
    if let Some(role) = &request.role {
        statements.push(json!({
            "Sid": "Role", "Effect": "Allow", "Action": "iam:PassRole", "Resource": role
        }));
    }
    json!({"Version": VERSION, "Statement": statements})
}

/// For those who pull: the two rights that AWS's managed policies for reading do not give are
/// `ecr:BatchImportUpstreamImage` and `ecr:CreateRepository`.
pub(super) fn puller(request: &Request) -> Value {
    json!({
        "Version": VERSION,
        "Statement": [
            {"Sid": "Login", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {
                "Sid": "Pull",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer", "ecr:BatchImportUpstreamImage",
                    "ecr:CreateRepository"
                ],
                "Resource": repositories(request)
            }
        ]
    })
}

/// The registry's statement for the pullers that were named; `None` where none was.
pub(super) fn statement(request: &Request) -> Option<Value> {
    (!request.pullers.is_empty()).then(|| {
        json!({
            "Sid": sid(request),
            "Effect": "Allow",
            "Principal": {"AWS": request.pullers},
            "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
            "Resource": repositories(request)
        })
    })
}

/// A registry has one policy: what it says for others stays, what it says for this prefix is replaced.
/// `None` where it says the same already.
pub(super) fn merged(policy: Option<Value>, request: &Request) -> Option<Value> {
    let statement = statement(request)?;
    let mut statements = statements(policy.as_ref());
    if statements.contains(&statement) {
        return None;
    }
    statements.retain(|kept| !is_ours(kept, request));
    statements.push(statement);
    Some(with(policy, statements))
}

/// What is left of a registry's policy without the statement for this prefix.
#[derive(Debug, PartialEq)]
pub(super) enum Left {
    /// It had none.
    Same,
    /// Nothing: the policy itself can go.
    Nothing,
    /// This.
    Policy(Value),
}

/// Takes this prefix's statement out of a policy.
pub(super) fn without(policy: Option<Value>, request: &Request) -> Left {
    let before = statements(policy.as_ref());
    let after: Vec<Value> = before.iter().filter(|kept| !is_ours(kept, request)).cloned().collect();
    match after.len() {
        same if same == before.len() => Left::Same,
        0 => Left::Nothing,
        _ => Left::Policy(with(policy, after)),
    }
}

fn with(policy: Option<Value>, statements: Vec<Value>) -> Value {
    let mut policy = policy.unwrap_or_else(|| json!({"Version": VERSION}));
    if let Some(policy) = policy.as_object_mut() {
        policy.insert("Statement".to_owned(), statements.into());
    }
    policy
}

/// The statements of a policy, of which one may stand without a list around it.
fn statements(policy: Option<&Value>) -> Vec<Value> {
    match policy.and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

fn is_ours(statement: &Value, request: &Request) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(sid(request).as_str())
}

/// The statement's name: letters and digits of the prefix, and what they leave out as its bytes.
fn sid(request: &Request) -> String {
    let prefix = request.prefix.trim_end_matches('/');
    let mut name = String::from("DhlimitPullThrough");
    for c in if prefix == ROOT { "" } else { prefix }.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else {
            name.push_str(&format!("X{:02X}", u32::from(c)));
        }
    }
    name
}

/// A policy as text.
pub(super) fn pretty(policy: &Value) -> String {
    format!("{policy:#}")
}

#[cfg(test)]
mod tests {
    use super::super::request::Wanted;
    use super::*;

    fn request(prefix: &str, pullers: &[&str]) -> Request {
        Request::parse(Wanted {
            account: "123456789012".into(),
            region: "eu-central-1".into(),
            prefix: prefix.into(),
            upstream: "docker-hub".into(),
            pullers: pullers.iter().map(ToString::to_string).collect(),
            ..Wanted::default()
        })
        .unwrap()
    }

    #[test]
    fn others_statements_stay_and_ours_is_there_once() {
        let theirs = json!({"Version": VERSION, "Statement": {"Sid": "Theirs", "Effect": "Deny"}});
        let first = request("docker-hub", &["210987654321"]);
        let policy = merged(Some(theirs), &first).unwrap();
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 2);
        assert_eq!(merged(Some(policy.clone()), &first), None);
        let other = merged(Some(policy), &request("docker-hub", &["345678901234"])).unwrap();
        assert_eq!(other["Statement"].as_array().unwrap().len(), 2);
        assert_eq!(other["Statement"][0]["Sid"], "Theirs");
        let Left::Policy(left) = without(Some(other), &first) else { panic!("theirs is gone") };
        assert_eq!(left["Statement"], json!([{"Sid": "Theirs", "Effect": "Deny"}]));
        assert_eq!(without(Some(left), &first), Left::Same);
        assert_eq!(without(merged(None, &first), &first), Left::Nothing);
    }

    #[test]
    fn prefixes_that_differ_have_names_that_differ() {
        let names = ["a-b", "a/b", "a.b", "a_b", "ab"].map(|prefix| sid(&request(prefix, &[])));
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric())));
    }

    #[test]
    fn pullers_get_the_two_rights_that_managed_policies_lack() {
        let text = puller(&request("ROOT", &[])).to_string();
        assert!(
            text.contains("ecr:BatchImportUpstreamImage") && text.contains("ecr:CreateRepository")
        );
        assert!(text.contains(":repository/*\""), "{text}");
    }
}
